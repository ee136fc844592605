/* SPDX-License-Identifier: Apache-2.0 */
/* What the next window would be held against is asked of the scorer's own parts, so that what is
 * shown is what is judged by. */
#include "detect/detector_view.h"

#include "detect/bits.h"
#include "detect/detector_state.h"
#include "detect/scorer_parts.h"

uint32_t detector_view_count(struct detector *detector) {
    roster_sort(&detector->roster);
    return detector->roster.order_count;
}

struct viewing {
    const struct detector *detector;
    const struct scorer *scorer;
    struct judge_window window; /* the next one, of which only the time is known */
    uint32_t hour;
    uint32_t node;
    struct detector_view_node *out;
};

/* A value of zero is as far below a record as the record is high. */
static void view_feature(const struct viewing *viewing, enum feature feature) {
    struct detector_view_node *out = viewing->out;
    struct detector_view_feature *into = &out->features[feature];
    const double scale = (double)feature_rows[feature].scale;
    const struct prior *fleet = &viewing->detector->past.prior;
    const float value = 0;
    float prior = 0;
    float most;
    struct {
        float bits, expected, z, over_hour, over_record;
    } one;
    const struct score_outputs scores = { &one.bits, &one.expected, &one.z, &one.over_hour,
                                          &one.over_record };
    struct score_inputs in =
        scorer_inputs(viewing->scorer, &viewing->window, viewing->hour, feature, viewing->node);
    if (out->is_cold) {
        prior = scorer_prior(viewing->scorer, fleet, viewing->node, out->role, feature, &most);
    }
    in.values = &value;
    in.prior = &prior;
    score_kernel_scalar.score(&scores, &in, 1);
    into->is_absent = (out->absent & feature_bit(feature)) != 0;
    into->is_open = prior >= SCORE_UNBOUNDED;
    into->expected = bits_to_value((double)one.expected, scale);
    into->record_hour = bits_to_value(-(double)one.over_hour, scale);
    into->record = bits_to_value(-(double)one.over_record, scale);
}

/* A rule that asks for bits over a record cannot fire where nothing is over it. */
static bool is_off(const struct detector_view_node *node, enum rule rule) {
    const struct rule_row *row = &rule_rows[rule];
    bool is_open = row->feature < FEATURE_SCORED_COUNT && row->margin != RULE_PARAM_COUNT &&
                   node->features[row->feature].is_open;
    return is_open || (node->absent & rule_needs(rule)) != 0;
}

static void view_ledger(const struct viewing *viewing) {
    const struct ledger *ledger = &viewing->detector->past.ledger;
    struct detector_view_node *out = viewing->out;
    int64_t born_ms = ledger->budget.born_ms;
    bool is_started = born_ms >= 0 && viewing->window.start_ms - born_ms >= LEDGER_START_MS &&
                      viewing->node < ledger->node_capacity;
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        out->limits[m] = is_started ? ledger->nodes[viewing->node].limits[m].threshold : -1;
    }
    for (uint32_t i = 0; i < LEDGER_ENTRIES_MAX; i++) {
        const struct ledger_entry *entry = ledger_entry(ledger, viewing->node, (uint8_t)i);
        if (entry != NULL) {
            out->rare[out->rare_count++] = entry;
        }
    }
}

void detector_view_node(const struct detector *detector, uint32_t rank,
                        struct detector_view_node *out) {
    const uint32_t node = detector->roster.order[rank];
    const struct roster_node *known = &detector->roster.nodes[node];
    const struct scorer *scorer = judge_scorer(detector->judge);
    const struct baseline *baseline = &scorer->baseline;
    const struct features *features = &detector->past.features;
    const int64_t now_ms = detector_open_ms(detector);
    struct viewing viewing = {
        .detector = detector,
        .scorer = scorer,
        .window = { .start_ms = now_ms, .end_ms = now_ms + detector->config.window_ms },
        .hour = baseline_slot_of(baseline_hour_of(now_ms)),
        .node = node,
        .out = out,
    };
    *out = (struct detector_view_node){
        .name = known->name,
        .identity = known->identity,
        .role = known->role,
        .interface = known->interface,
        .last_ms = known->last_ms,
        .is_retired = known->is_retired,
        .is_cold = true,
        .bytes = detector_node_bytes(detector, node),
    };
    if (node < features->node_capacity) {
        out->absent = feature_absent(features->nodes[node].missing);
    }
    if (node < baseline->capacity && baseline->born_ms[node] != INT64_MIN) {
        out->age_ms = now_ms > baseline->born_ms[node] ? now_ms - baseline->born_ms[node] : 0;
        out->windows = (uint32_t)baseline->window_counts[node];
        out->is_cold = !scorer_is_warm(scorer, &viewing.window, node);
        for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
            viewing.window.values[f] = baseline->window_counts; /* any column: the value is set */
            view_feature(&viewing, (enum feature)f);
        }
    }
    out->rules_off = rule_sets_find(&scorer->sets, known)->rules_off;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        out->rules_off |= is_off(out, (enum rule)r) ? 1u << r : 0;
    }
    view_ledger(&viewing);
}

bool detector_view_window_ms(struct bytes state, int64_t *window_ms, struct error *err) {
    struct cursor cursor = cursor_of(state);
    uint64_t magic = cursor_u64(&cursor);
    uint32_t version = cursor_u32(&cursor);
    uint64_t length_ms = cursor_u64(&cursor);
    if (cursor.failed || magic != STATE_MAGIC) {
        return error_set(err, ERROR_FORMAT, "not a detector state (%zu bytes)", state.size);
    }
    if (version != STATE_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "detector state of version %u; this reads %u",
                         version, STATE_VERSION);
    }
    if (length_ms > INT64_MAX) {
        return error_set(err, ERROR_FORMAT, "detector state: windows of %llu ms",
                         (unsigned long long)length_ms);
    }
    *window_ms = (int64_t)length_ms;
    return true;
}
