/* SPDX-License-Identifier: Apache-2.0 */
/* Dense work runs in the kernels over whole columns; what is rare (a condition that holds, a latch
 * with a charge, the first window of an hour, a feature that a node's source cannot tell) is done a
 * node at a time, from bit masks. */
#include "detect/scorer_parts.h"

#include <stdlib.h>

/* Before so many windows nothing is known, whatever the warm-up is set to. */
#define WARM_WINDOWS_MIN 30.0f
/* A cold node's records rise to no more than this many bits over the fleet's, or over the level. */
#define COLD_OVER_PRIOR 2.0f

bool scorer_init(struct scorer *scorer, const struct detector_config *config, struct error *err) {
    *scorer = (struct scorer){ .kernel = score_kernel(), .config = *config };
    baseline_init(&scorer->baseline);
    if (!rule_sets_init(&scorer->sets, &scorer->config, err)) {
        return false;
    }
    scorer->block = calloc(1, sizeof *scorer->block);
    if (scorer->block == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for scoring");
    }
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        for (uint32_t i = 0; i < BASELINE_BLOCK; i++) {
            scorer->block->most[f][i] = SCORE_UNBOUNDED;
        }
    }
    return true;
}

void scorer_done(struct scorer *scorer) {
    baseline_done(&scorer->baseline);
    rule_sets_done(&scorer->sets);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        rule_latch_done(&scorer->latches[r]);
    }
    free(scorer->findings);
    free(scorer->block);
    free(scorer->surges);
    *scorer = (struct scorer){ 0 };
}

bool scorer_grow(struct scorer *scorer, uint32_t count, struct error *err) {
    if (!baseline_grow(&scorer->baseline, count, err) ||
        !rule_sets_grow(&scorer->sets, scorer->baseline.capacity, err)) {
        return false;
    }
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        if (!rule_latch_grow(&scorer->latches[r], scorer->baseline.capacity, err)) {
            return false;
        }
    }
    return true;
}

void scorer_forget(struct scorer *scorer, uint32_t node) {
    if (node < scorer->baseline.capacity) {
        baseline_forget(&scorer->baseline, node);
        rule_sets_forget(&scorer->sets, node);
        for (uint32_t r = 0; r < RULE_COUNT; r++) {
            rule_latch_forget(&scorer->latches[r], node);
        }
    }
}

/* --- who is there --------------------------------------------------------------------------- */

bool scorer_is_warm(const struct scorer *scorer, const struct judge_window *window, uint32_t node) {
    const struct baseline *baseline = &scorer->baseline;
    return window->start_ms - baseline->born_ms[node] >= scorer->config.warm_up_ms &&
           baseline->window_counts[node] >= WARM_WINDOWS_MIN;
}

/* The node is seen for the first time in this hour: tells the fleet what it is used to. */
static bool enter_hour(struct scorer *scorer, const struct judge_window *window, uint32_t node,
                       struct error *err) {
    struct baseline *baseline = &scorer->baseline;
    baseline_enter(baseline, node, window->start_ms);
    if (window->prior == NULL) {
        return true;
    }
    struct bytes role = window->roster->nodes[node].role;
    if (!scorer_is_warm(scorer, window, node)) {
        prior_see(window->prior, role);
        return true;
    }
    float records[FEATURE_SCORED_COUNT];
    const uint32_t asked = baseline_slot_of(baseline_hour_of(window->start_ms) + PRIOR_LAG_HOURS);
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        bool is_told = (window->absent[node] & feature_bit((enum feature)f)) == 0;
        float record = feature_has_hours((enum feature)f)
                           ? baseline_hour_record(baseline, node, f, asked)
                           : baseline_column(baseline, BASELINE_RECORD, f)[node];
        records[f] = is_told ? record : -1;
    }
    return prior_add(window->prior, role, records, err);
}

/* What the fleet, or the node's role, never exceeds, or what the node did itself at any hour. Where
 * there is no such, nothing is over it; but where a warm-up is not wanted, normal is nothing. */
float scorer_prior(const struct scorer *scorer, const struct prior *prior, uint32_t node,
                   struct bytes role, uint32_t feature, float *most) {
    bool may_be_zero = feature_rows[feature].cold == FEATURE_COLD_MAY_BE_ZERO;
    float known = prior != NULL ? prior_value(prior, role, feature) : -1;
    float none = may_be_zero && scorer->config.warm_up_ms == 0 ? 0 : SCORE_UNBOUNDED;
    float others = known > 0 || (known >= 0 && may_be_zero) ? known : none;
    float own = baseline_column(&scorer->baseline, BASELINE_RECORD, feature)[node];
    *most = known > 0 ? known : SCORE_UNBOUNDED;
    return others > own ? others : own;
}

static void set_prior(struct scorer *scorer, const struct judge_window *window, uint32_t lane) {
    struct scorer_block *block = scorer->block;
    const uint32_t node = block->first + lane;
    const struct bytes role = window->roster->nodes[node].role;
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        block->prior[f][lane] =
            scorer_prior(scorer, window->prior, node, role, f, &block->most[f][lane]);
    }
}

static void clear_prior(struct scorer_block *block, uint32_t lane) {
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        block->prior[f][lane] = 0;
        block->most[f][lane] = SCORE_UNBOUNDED;
    }
}

/* Who was observed, who learns, who is cold; enters the hour for those who were observed. */
static bool block_begin(struct scorer *scorer, const struct judge_window *window,
                        struct error *err) {
    struct scorer_block *block = scorer->block;
    struct baseline *baseline = &scorer->baseline;
    const int64_t hour = baseline_hour_of(window->start_ms);
    memset(block->observed, 0, sizeof block->observed);
    memset(block->whole, 0, sizeof block->whole);
    memset(block->cold, 0, sizeof block->cold);
    memset(block->special, 0, sizeof block->special);
    block->any_absent = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        const uint32_t node = block->first + i;
        const uint8_t quality = window->quality[node];
        const uint64_t bit = UINT64_C(1) << (i % 64);
        block->absent[i] = 0;
        block->gates.learns[i] = 0;
        block->gates.warm[i] = 0;
        block->gates.active[i] = 0;
        if ((quality & METRIC_OBSERVED) == 0) {
            continue;
        }
        block->set[i] = rule_sets_of(&scorer->sets, window->roster, node);
        block->special[i / 64] |= block->set[i] != 0 ? bit : 0;
        if ((baseline->hour[node] != hour || baseline->born_ms[node] == INT64_MIN) &&
            !enter_hour(scorer, window, node, err)) {
            return false;
        }
        float records =
            window->values[FEATURE_IN_RECORDS][node] + window->values[FEATURE_OUT_RECORDS][node];
        bool is_whole = baseline_usual(baseline, node, records, scorer->config.window_ms) &&
                        (quality & METRIC_SKIPPED) == 0;
        bool is_cold = !scorer_is_warm(scorer, window, node);
        /* Where records are missing, so may be the replies. */
        block->absent[i] =
            window->absent[node] | (is_whole ? 0 : feature_absent(FEATURE_NEEDS_REPLIES));
        block->any_absent |= block->absent[i];
        block->observed[i / 64] |= bit;
        block->whole[i / 64] |= is_whole ? bit : 0;
        block->cold[i / 64] |= is_cold ? bit : 0;
        block->gates.learns[i] = is_whole ? 1 : 0;
        block->gates.warm[i] = is_cold ? 0 : 1;
        if (is_cold) {
            set_prior(scorer, window, i);
            block->has_prior[i / 64] |= bit;
        } else if ((block->has_prior[i / 64] & bit) != 0) {
            clear_prior(block, i);
            block->has_prior[i / 64] &= ~bit;
        }
    }
    return true;
}

/* --- pass 1 --------------------------------------------------------------------------------- */

struct score_inputs scorer_inputs(const struct scorer *scorer, const struct judge_window *window,
                                  uint32_t hour, uint32_t feature, uint32_t first) {
    const struct baseline *baseline = &scorer->baseline;
    const uint32_t before = BASELINE_ENVELOPE + (hour + BASELINE_HOURS - 1) % BASELINE_HOURS;
    const uint32_t after = BASELINE_ENVELOPE + (hour + 1) % BASELINE_HOURS;
    return (struct score_inputs){
        .values = window->values[feature] + first,
        .level = baseline_column(baseline, BASELINE_LEVEL, feature) + first,
        .deviation = baseline_column(baseline, BASELINE_DEVIATION, feature) + first,
        .season = baseline_column(baseline, BASELINE_SEASON + hour, feature) + first,
        .hour_counts = baseline_hour_counts(baseline, hour) + first,
        .envelope_before = baseline_column(baseline, before, feature) + first,
        .envelope = baseline_column(baseline, BASELINE_ENVELOPE + hour, feature) + first,
        .envelope_after = baseline_column(baseline, after, feature) + first,
        .record = baseline_column(baseline, BASELINE_RECORD, feature) + first,
        .prior = scorer->block->prior[feature],
        .inverse_scale = 1.0f / feature_rows[feature].scale,
        .season_gain = (float)scorer->config.window_ms / (120 * 60000.0f),
    };
}

static void block_score(struct scorer *scorer, const struct judge_window *window, uint32_t hour) {
    struct scorer_block *block = scorer->block;
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        const struct score_inputs in = scorer_inputs(scorer, window, hour, f, block->first);
        const struct score_outputs out = {
            .bits = block->bits[f],
            .expected = block->expected[f],
            .z = block->z[f],
            .over_hour = block->over_hour[f],
            .over_record = block->over_record[f],
        };
        scorer->kernel->score(&out, &in, block->count);
    }
    const float *level =
        baseline_column(&scorer->baseline, BASELINE_LEVEL, FEATURE_OUT_INIT) + block->first;
    const float *anchor = scorer->baseline.anchor + block->first;
    for (uint32_t i = 0; i < block->count; i++) {
        block->drift[i] = level[i] - anchor[i];
    }
}

/* --- pass 3 --------------------------------------------------------------------------------- */

/* A cold node's records may rise a little over what is known of the fleet, or over its own level.
 */
static void bound_cold(struct scorer_block *block) {
    for (uint32_t w = 0; w < BLOCK_WORDS; w++) {
        for (uint64_t cold = block->cold[w]; cold != 0; cold &= cold - 1) {
            uint32_t lane = w * 64 + (uint32_t)__builtin_ctzll(cold);
            for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
                float known = block->most[f][lane];
                float level = block->expected[f][lane];
                float base = known > level ? known : level;
                block->most[f][lane] =
                    known < SCORE_UNBOUNDED ? base + COLD_OVER_PRIOR : SCORE_UNBOUNDED;
            }
        }
    }
}

/* Nothing is learned of a feature where it is absent. */
static const struct baseline_rates *rates_of(struct scorer_block *block, uint32_t feature) {
    if ((block->any_absent >> feature & 1) == 0) {
        return &block->rates;
    }
    block->kept = block->rates;
    for (uint32_t i = 0; i < block->count; i++) {
        if ((block->absent[i] >> feature & 1) != 0) {
            block->kept.level[i] = 0;
            block->kept.deviation[i] = 0;
            block->kept.season[i] = 0;
            block->kept.rise[i] = 0;
        }
    }
    return &block->kept;
}

static void block_learn(struct scorer *scorer, uint32_t hour) {
    struct scorer_block *block = scorer->block;
    struct baseline *baseline = &scorer->baseline;
    const uint32_t first = block->first;
    baseline_count(baseline, first, block->count, hour, scorer->config.window_ms, &block->gates,
                   &block->rates);
    bound_cold(block);
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        const struct baseline_rates *kept = rates_of(block, f);
        const struct score_rates rates = {
            .level = kept->level,
            .deviation = kept->deviation,
            .season = kept->season,
            .width = kept->width,
            .rise = kept->rise,
            .most = block->most[f],
            .rise_scale = feature_rise_scale((enum feature)f),
        };
        const struct score_baseline columns = {
            .level = baseline_column(baseline, BASELINE_LEVEL, f) + first,
            .deviation = baseline_column(baseline, BASELINE_DEVIATION, f) + first,
            .season = baseline_column(baseline, BASELINE_SEASON + hour, f) + first,
            .envelope = baseline_column(baseline, BASELINE_ENVELOPE + hour, f) + first,
            .record = baseline_column(baseline, BASELINE_RECORD, f) + first,
        };
        scorer->kernel->learn(&columns, &rates, block->bits[f], block->expected[f], block->count);
    }
    baseline_anchor(baseline, first, block->count, scorer->config.window_ms, &block->gates);
}

/* --- the window ------------------------------------------------------------------------------ */

bool scorer_window(struct scorer *scorer, const struct judge_window *window, struct error *err) {
    const uint32_t count = window->roster->count;
    const int64_t hour_number = baseline_hour_of(window->start_ms);
    const uint32_t hour = baseline_slot_of(hour_number);
    scorer->finding_count = 0;
    if (window->prior != NULL) {
        prior_enter(window->prior, hour_number);
    }
    if (!scorer_grow(scorer, count, err) || !scorer_crowds(scorer, window, hour, err)) {
        return false;
    }
    for (uint32_t first = 0; first < count; first += BASELINE_BLOCK) {
        struct scorer_block *block = scorer->block;
        block->first = first;
        block->count = count - first < BASELINE_BLOCK ? count - first : BASELINE_BLOCK;
        if (!block_begin(scorer, window, err)) {
            return false;
        }
        block_score(scorer, window, hour);
        scorer_block_rules(scorer, window);
        if (!scorer_block_findings(scorer, window, err)) {
            return false;
        }
        block_learn(scorer, hour);
    }
    return true;
}

void scorer_node_save(const struct scorer *scorer, uint32_t node, struct buffer *out) {
    baseline_node_save(&scorer->baseline, node, out);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        rule_latch_save(&scorer->latches[r], node, out);
    }
}

void scorer_node_load(struct scorer *scorer, uint32_t node, struct cursor *cursor) {
    baseline_node_load(&scorer->baseline, node, cursor);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        rule_latch_load(&scorer->latches[r], node, cursor);
    }
}
