/* SPDX-License-Identifier: Apache-2.0 */
/* Pass 2: which conditions hold. The kernel finds the few nodes that meet what a row asks of its
 * own feature; for those the rest is asked in plain C. */
#include "detect/scorer_parts.h"

#include "detect/bits.h"
#include "detect/ledger.h"

#include <stdlib.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define HOUR_DAYS (1.0f / 24.0f)

/* --- a surge of a whole role ------------------------------------------------------------------ */

static int compare_surges(const void *a, const void *b) {
    const struct scorer_surge *one = a;
    const struct scorer_surge *other = b;
    int order = bytes_compare(one->role, other->role);
    return order != 0 ? order : (one->bits > other->bits) - (one->bits < other->bits);
}

/* How far the node's requests are up; false when they are not. */
static bool is_surging(const struct scorer *scorer, const struct judge_window *window,
                       uint32_t hour, uint32_t node, float *bits) {
    const double *params = scorer->config.rules.values;
    struct {
        float bits, expected, z, over_hour, over_record;
    } one;
    const struct score_outputs out = { &one.bits, &one.expected, &one.z, &one.over_hour,
                                       &one.over_record };
    static const float none = 0;
    struct score_inputs in = scorer_inputs(scorer, window, hour, FEATURE_REQ, node);
    in.prior = &none;
    score_kernel_scalar.score(&out, &in, 1);
    *bits = one.bits - one.expected;
    return one.z > (float)params[RULE_PARAM_REQ_FLOOD_FLEET_Z];
}

static bool is_counted(const struct scorer *scorer, const struct judge_window *window,
                       uint32_t node) {
    return (window->quality[node] & METRIC_OBSERVED) != 0 &&
           scorer->baseline.born_ms[node] != INT64_MIN && scorer_is_warm(scorer, window, node);
}

static uint32_t count_role(const struct scorer *scorer, const struct judge_window *window,
                           struct bytes role) {
    uint32_t count = 0;
    for (uint32_t node = 0; node < window->roster->count; node++) {
        count +=
            is_counted(scorer, window, node) && bytes_equal(window->roster->nodes[node].role, role);
    }
    return count;
}

/* Most windows have no node that is worth a score. What is left of the surges is one a role, whose
 * `bits` are the median; roles in which few nodes surge are left out. */
bool scorer_crowds(struct scorer *scorer, const struct judge_window *window, uint32_t hour,
                   struct error *err) {
    const double *params = scorer->config.rules.values;
    const float floor = (float)params[RULE_PARAM_REQ_FLOOD_FLEET_FLOOR];
    const float *values = window->values[FEATURE_REQ];
    const uint32_t count = window->roster->count;
    struct scorer_surge *surges = scorer->surges;
    scorer->surge_count = 0;
    if (count > scorer->surge_capacity) {
        surges = realloc(surges, (size_t)scorer->baseline.capacity * sizeof *surges);
        if (surges == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the surges of %u nodes", count);
        }
        scorer->surges = surges;
        scorer->surge_capacity = scorer->baseline.capacity;
    }
    uint32_t surge_count = 0;
    for (uint32_t node = 0; node < count; node++) {
        struct scorer_surge surge = { .role = window->roster->nodes[node].role };
        if (values[node] > floor && is_counted(scorer, window, node) &&
            is_surging(scorer, window, hour, node, &surge.bits)) {
            surges[surge_count++] = surge;
        }
    }
    if ((double)surge_count < params[RULE_PARAM_REQ_FLOOD_FLEET_NODES]) {
        return true;
    }
    qsort(surges, surge_count, sizeof *surges, compare_surges);
    for (uint32_t first = 0, end; first < surge_count; first = end) {
        for (end = first + 1;
             end < surge_count && bytes_equal(surges[first].role, surges[end].role); end++) {
        }
        double least = params[RULE_PARAM_REQ_FLOOD_FLEET_SHARE] *
                       (double)count_role(scorer, window, surges[first].role);
        if ((double)(end - first) < least ||
            (double)(end - first) < params[RULE_PARAM_REQ_FLOOD_FLEET_NODES]) {
            continue;
        }
        float low = surges[first + (end - first - 1) / 2].bits;
        float high = surges[first + (end - first) / 2].bits;
        surges[scorer->surge_count++] =
            (struct scorer_surge){ surges[first].role, 0.5f * (low + high) };
    }
    return true;
}

static float crowd_of(const struct scorer *scorer, struct bytes role) {
    for (uint32_t i = 0; i < scorer->surge_count; i++) {
        if (bytes_equal(scorer->surges[i].role, role)) {
            return scorer->surges[i].bits;
        }
    }
    return 0;
}

/* --- pass 2 --------------------------------------------------------------------------------- */

static const float *column_of(const struct scorer *scorer, const struct judge_window *window,
                              enum feature feature) {
    const struct scorer_block *block = scorer->block;
    return feature == FEATURE_DRIFT ? block->drift : window->values[feature] + block->first;
}

/* Gathers what conditions may ask of one node. */
static void scores_of(const struct scorer *scorer, const struct judge_window *window, uint32_t lane,
                      struct rule_scores *out) {
    const struct scorer_block *block = scorer->block;
    const uint32_t node = block->first + lane;
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        out->value[f] = column_of(scorer, window, (enum feature)f)[lane];
    }
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        float record = baseline_column(&scorer->baseline, BASELINE_RECORD, f)[node];
        float prior = block->prior[f][lane];
        out->expected[f] = block->expected[f][lane];
        out->z[f] = block->z[f][lane];
        out->over_hour[f] = block->over_hour[f][lane];
        out->over_record[f] = block->over_record[f][lane];
        out->record[f] = record > prior ? record : prior;
    }
    struct bytes role = window->roster->nodes[node].role;
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        out->prior[f] = window->prior != NULL ? prior_value(window->prior, role, f) : -1;
    }
    int64_t role_hours = window->prior != NULL ? prior_role_hours(window->prior, role) : -1;
    float own_days = (float)(window->start_ms - scorer->baseline.born_ms[node]) / (float)DAY_MS;
    float role_days = (float)role_hours * HOUR_DAYS;
    out->crowd = crowd_of(scorer, role);
    out->age_days = own_days > role_days ? own_days : role_days;
    out->led_hours = window->led_hours[node];
    out->is_cold = (block->cold[lane / 64] >> (lane % 64) & 1) != 0;
    out->params = rule_sets_params(&scorer->sets, block->set[lane]);
}

/* Takes away the lanes of a rule's hits in which more is asked, or something cannot be told. */
static uint64_t keep_holding(const struct scorer *scorer, const struct judge_window *window,
                             const struct rule_row *row, uint32_t word, uint64_t hits,
                             float *weights) {
    const uint64_t needs = rule_needs((enum rule)(row - rule_rows));
    for (uint64_t rest = hits; rest != 0; rest &= rest - 1) {
        uint32_t lane = word * 64 + (uint32_t)__builtin_ctzll(rest);
        uint64_t bit = UINT64_C(1) << (lane % 64);
        if ((scorer->block->absent[lane] & needs) != 0) {
            hits &= ~bit;
            continue;
        }
        if (row->holds == NULL && row->weight == NULL) {
            weights[lane % 64] = 1;
            continue;
        }
        struct rule_scores scores;
        scores_of(scorer, window, lane, &scores);
        if (row->holds != NULL && !row->holds(&scores)) {
            hits &= ~bit;
        }
        weights[lane % 64] = row->weight == NULL ? 1 : (float)row->weight(&scores);
    }
    return hits;
}

/* A day on which a rule fired by the ledger raises no threshold of it. */
static void tell_ledger(const struct judge_window *window, const struct rule_row *row,
                        uint32_t node) {
    if (window->ledger == NULL) {
        return;
    }
    switch (row->feature) {
    case FEATURE_LED_OUT: ledger_fired(window->ledger, node, LEDGER_BYTES); break;
    case FEATURE_LED_RATE: ledger_fired(window->ledger, node, LEDGER_RATE); break;
    case FEATURE_LED_LONG: ledger_fired(window->ledger, node, LEDGER_LONG); break;
    case FEATURE_LED_MINUTES: ledger_fired(window->ledger, node, LEDGER_MINUTES); break;
    default: break;
    }
}

/* Moves a rule on for some lanes of a word, which have the same limits. */
static void step_word(struct scorer *scorer, const struct judge_window *window, uint32_t rule,
                      const struct rule_limits *limits, uint32_t w, uint64_t lanes) {
    struct scorer_block *block = scorer->block;
    float weights[64];
    uint64_t *hits = block->hits[rule];
    uint64_t held = keep_holding(scorer, window, &rule_rows[rule], w, hits[w] & lanes, weights);
    hits[w] = (hits[w] & ~lanes) | held;
    rule_latch_step(&scorer->latches[rule], limits, block->first / 64 + w, held,
                    block->whole[w] & lanes, weights);
}

/* Lanes with numbers of their own, a set at a time; the screen is asked again of each, since few
 * have them. Returns those in which the rule is on. */
static uint64_t step_special(struct scorer *scorer, const struct judge_window *window,
                             uint32_t rule, const struct score_columns *columns, uint32_t w) {
    struct scorer_block *block = scorer->block;
    uint64_t on = 0;
    for (uint64_t rest = block->special[w]; rest != 0;) {
        const uint32_t set = block->set[w * 64 + (uint32_t)__builtin_ctzll(rest)];
        const struct rule_limits *limits = &scorer->sets.limits[set][rule];
        uint64_t lanes = 0;
        uint64_t hits = 0;
        for (uint64_t others = rest; others != 0; others &= others - 1) {
            const uint32_t lane = w * 64 + (uint32_t)__builtin_ctzll(others);
            const uint64_t bit = UINT64_C(1) << (lane % 64);
            if (block->set[lane] != set) {
                continue;
            }
            uint64_t hit = 0;
            const struct score_columns one = { columns->values + lane, columns->z + lane,
                                               columns->over_hour + lane,
                                               columns->over_record + lane };
            score_kernel_scalar.hit(&hit, &one, &limits->condition, 1);
            hits |= (hit & 1) != 0 ? bit : 0;
            lanes |= bit;
        }
        rest &= ~lanes;
        block->hits[rule][w] = (block->hits[rule][w] & ~lanes) | (limits->is_on ? hits : 0);
        if (limits->is_on) {
            step_word(scorer, window, rule, limits, w, lanes);
            on |= lanes;
        }
    }
    return on;
}

/* Conditions to masks, masks to latches. */
void scorer_block_rules(struct scorer *scorer, const struct judge_window *window) {
    struct scorer_block *block = scorer->block;
    const uint32_t words = (block->count + 63) / 64;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        const struct rule_row *row = &rule_rows[r];
        const struct rule_limits *limits = &scorer->sets.limits[0][r];
        const uint32_t scored = row->feature < FEATURE_SCORED_COUNT ? row->feature : 0;
        uint64_t *hits = block->hits[r];
        /* Of a raw feature no score is asked: any column of numbers will do. */
        const struct score_columns columns = {
            .values = column_of(scorer, window, row->screen),
            .z = block->z[scored],
            .over_hour = block->over_hour[scored],
            .over_record = block->over_record[scored],
        };
        memset(hits, 0, sizeof block->hits[r]);
        if (limits->is_on) {
            scorer->kernel->hit(hits, &columns, &limits->condition, block->count);
        }
        for (uint32_t w = 0; w < words; w++) {
            uint64_t on = limits->is_on ? block->observed[w] & ~block->special[w] : 0;
            hits[w] &= block->observed[w];
            if (on != 0) {
                step_word(scorer, window, r, limits, w, on);
            }
            if (block->special[w] != 0) {
                on |= step_special(scorer, window, r, &columns, w);
            }
            /* A rule that is off holds nobody. */
            uint64_t latched = scorer->latches[r].latched[block->first / 64 + w];
            uint64_t active = (hits[w] | latched) & on;
            for (; active != 0; active &= active - 1) {
                uint32_t lane = w * 64 + (uint32_t)__builtin_ctzll(active);
                block->gates.active[lane] = 1;
                tell_ledger(window, row, block->first + lane);
            }
        }
    }
}

static bool finding_add(struct scorer *scorer, const struct finding *finding, struct error *err) {
    if (scorer->finding_count == scorer->finding_capacity) {
        uint32_t capacity = scorer->finding_capacity == 0 ? 64 : 2 * scorer->finding_capacity;
        struct finding *grown = realloc(scorer->findings, capacity * sizeof *grown);
        if (grown == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the findings of a window");
        }
        scorer->findings = grown;
        scorer->finding_capacity = capacity;
    }
    scorer->findings[scorer->finding_count++] = *finding;
    return true;
}

/* What a raw feature is held against; 0: nothing in its unit. */
static float limit_of(const struct rule_scores *scores, enum feature feature) {
    const double *params = scores->params->values;
    switch (feature) {
    case FEATURE_LED_OUT: return scores->value[FEATURE_LED_OUT_LIMIT];
    case FEATURE_LED_RATE: return scores->value[FEATURE_LED_RATE_LIMIT];
    case FEATURE_LED_LONG: return scores->value[FEATURE_LED_LONG_LIMIT];
    case FEATURE_LED_MINUTES: return scores->value[FEATURE_LED_MINUTES_LIMIT];
    case FEATURE_IN_BYTES: return (float)(60 * params[RULE_PARAM_LIMIT_IN_BYTES_PER_S]);
    case FEATURE_IN_PACKETS: return (float)(60 * params[RULE_PARAM_LIMIT_IN_PACKETS_PER_S]);
    case FEATURE_IN_RECORDS: return (float)(60 * params[RULE_PARAM_LIMIT_IN_FLOWS_PER_S]);
    case FEATURE_OUT_BYTES: return (float)(60 * params[RULE_PARAM_LIMIT_OUT_BYTES_PER_S]);
    case FEATURE_OUT_PACKETS: return (float)(60 * params[RULE_PARAM_LIMIT_OUT_PACKETS_PER_S]);
    case FEATURE_OUT_RECORDS: return (float)(60 * params[RULE_PARAM_LIMIT_OUT_FLOWS_PER_S]);
    default: return 0;
    }
}

static struct finding_measure measure_of(const struct scorer *scorer, uint32_t node,
                                         const struct rule_scores *scores, enum feature feature) {
    struct finding_measure measure = { .value = scores->value[feature] };
    if (feature >= FEATURE_SCORED_COUNT) {
        measure.limit = limit_of(scores, feature);
        measure.over_hour =
            measure.limit > 0 ? bits_of_value(measure.value / measure.limit - 1.0f, 1.0f) : 0;
        return measure;
    }
    float deviation = baseline_column(&scorer->baseline, BASELINE_DEVIATION, feature)[node];
    measure.expected = scores->expected[feature];
    measure.deviation = deviation > SCORE_DEVIATION_MIN ? deviation : SCORE_DEVIATION_MIN;
    measure.over_hour = scores->over_hour[feature];
    measure.over_record = scores->over_record[feature];
    return measure;
}

/* The findings of one node: every rule whose condition holds while it is latched. */
static bool node_findings(struct scorer *scorer, const struct judge_window *window, uint32_t lane,
                          struct error *err) {
    struct scorer_block *block = scorer->block;
    uint32_t node = block->first + lane;
    uint32_t begin = scorer->finding_count;
    struct rule_scores scores;
    scores_of(scorer, window, lane, &scores);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        const struct rule_row *row = &rule_rows[r];
        uint64_t fires = block->hits[r][lane / 64] & scorer->latches[r].latched[node / 64];
        if ((fires >> (lane % 64) & 1) == 0) {
            continue;
        }
        enum feature feature = row->about == NULL ? row->feature : row->about(&scores);
        struct finding finding = {
            .node = node,
            .rule = (enum rule)r,
            .class_ = row->classify == NULL ? row->class_ : row->classify(&scores),
            .feature = feature,
            .quality = window->quality[node],
            .is_cold = scores.is_cold,
            .samples = (uint32_t)scorer->baseline.window_counts[node],
            .measure = measure_of(scorer, node, &scores, feature),
        };
        bool is_whole = (block->whole[lane / 64] >> (lane % 64) & 1) != 0;
        finding.quality |= is_whole || (finding.quality & METRIC_SKIPPED) != 0 ? 0 : METRIC_SPARSE;
        for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
            finding.bits[f] = block->bits[f][lane];
        }
        if (!finding_add(scorer, &finding, err)) {
            return false;
        }
    }
    for (uint32_t i = begin; i < scorer->finding_count; i++) {
        scorer->findings[i].corroborating = (uint8_t)(scorer->finding_count - begin - 1);
    }
    return true;
}

bool scorer_block_findings(struct scorer *scorer, const struct judge_window *window,
                           struct error *err) {
    const struct scorer_block *block = scorer->block;
    for (uint32_t w = 0; w < (block->count + 63) / 64; w++) {
        uint64_t fires = 0;
        for (uint32_t r = 0; r < RULE_COUNT; r++) {
            fires |= block->hits[r][w] & scorer->latches[r].latched[block->first / 64 + w];
        }
        for (; fires != 0; fires &= fires - 1) {
            uint32_t lane = w * 64 + (uint32_t)__builtin_ctzll(fires);
            if (!node_findings(scorer, window, lane, err)) {
                return false;
            }
        }
    }
    return true;
}
