/* SPDX-License-Identifier: Apache-2.0 */
/* Dense work runs in the kernels over whole columns; what is rare (a condition that holds, a latch
 * with a charge, the first window of an hour) is done a node at a time, from bit masks. */
#include "detect/scorer.h"

#include "detect/bits.h"

#include <stdlib.h>

#define BLOCK_WORDS (BASELINE_BLOCK / 64)

struct scorer_block {
    uint32_t first;
    uint32_t count;
    uint64_t observed[BLOCK_WORDS];
    uint64_t whole[BLOCK_WORDS]; /* observed, and nothing skipped */
    uint64_t warm[BLOCK_WORDS];
    uint64_t hits[RULE_COUNT][BLOCK_WORDS];
    float bits[METRIC_COUNT][BASELINE_BLOCK];
    float expected[METRIC_COUNT][BASELINE_BLOCK];
    float z[METRIC_COUNT][BASELINE_BLOCK];
    float over_hour[METRIC_COUNT][BASELINE_BLOCK];
    float over_record[METRIC_COUNT][BASELINE_BLOCK];
    float prior[BASELINE_BLOCK];
    float most[BASELINE_BLOCK];
    struct baseline_gates gates;
    struct baseline_rates rates;
};

/* Before so many windows nothing is known, whatever the warm-up is set to. */
#define WARM_WINDOWS_MIN 30.0f

bool scorer_init(struct scorer *scorer, const struct detector_config *config, struct error *err) {
    *scorer = (struct scorer){ .kernel = score_kernel(), .config = *config };
    baseline_init(&scorer->baseline);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        scorer->limits[r] = rule_limits((enum rule)r, config);
    }
    scorer->block = calloc(1, sizeof *scorer->block);
    if (scorer->block == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for scoring");
    }
    for (uint32_t i = 0; i < BASELINE_BLOCK; i++) {
        scorer->block->most[i] = SCORE_UNBOUNDED;
    }
    return true;
}

void scorer_done(struct scorer *scorer) {
    baseline_done(&scorer->baseline);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        rule_latch_done(&scorer->latches[r]);
    }
    free(scorer->findings);
    free(scorer->block);
    *scorer = (struct scorer){ 0 };
}

bool scorer_grow(struct scorer *scorer, uint32_t count, struct error *err) {
    if (!baseline_grow(&scorer->baseline, count, err)) {
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
        for (uint32_t r = 0; r < RULE_COUNT; r++) {
            rule_latch_forget(&scorer->latches[r], node);
        }
    }
}

/* Who was observed, who learns, who is warm; enters the hour for those who were observed. */
static void block_begin(struct scorer *scorer, const struct judge_window *window) {
    struct scorer_block *block = scorer->block;
    struct baseline *baseline = &scorer->baseline;
    const int64_t hour = baseline_hour_of(window->start_ms);
    const int64_t warm_up_ms = scorer->config.warm_up_ms;
    memset(block->observed, 0, sizeof block->observed);
    memset(block->whole, 0, sizeof block->whole);
    memset(block->warm, 0, sizeof block->warm);
    for (uint32_t i = 0; i < block->count; i++) {
        uint32_t node = block->first + i;
        uint8_t quality = window->quality[node];
        uint64_t is_observed = (quality & METRIC_OBSERVED) != 0;
        uint64_t is_whole = is_observed & ((quality & METRIC_SKIPPED) == 0);
        if (is_observed && (baseline->hour[node] != hour || baseline->born_ms[node] == INT64_MIN)) {
            baseline_enter(baseline, node, window->start_ms);
        }
        uint64_t is_warm = is_observed &&
                           window->start_ms - baseline->born_ms[node] >= warm_up_ms &&
                           baseline->window_counts[node] >= WARM_WINDOWS_MIN;
        block->observed[i / 64] |= is_observed << (i % 64);
        block->whole[i / 64] |= is_whole << (i % 64);
        block->warm[i / 64] |= is_warm << (i % 64);
        block->gates.learns[i] = (float)is_whole;
        block->gates.warm[i] = (float)is_warm;
        block->gates.active[i] = 0;
    }
}

/* Pass 1. */
static void block_score(struct scorer *scorer, const struct judge_window *window, uint32_t hour) {
    struct scorer_block *block = scorer->block;
    const struct baseline *baseline = &scorer->baseline;
    const uint32_t first = block->first;
    const uint32_t before = BASELINE_ENVELOPE + (hour + BASELINE_HOURS - 1) % BASELINE_HOURS;
    const uint32_t after = BASELINE_ENVELOPE + (hour + 1) % BASELINE_HOURS;
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        const struct score_inputs in = {
            .values = window->values[m] + first,
            .level = baseline_column(baseline, BASELINE_LEVEL, m) + first,
            .deviation = baseline_column(baseline, BASELINE_DEVIATION, m) + first,
            .season = baseline_column(baseline, BASELINE_SEASON + hour, m) + first,
            .hour_counts = baseline_hour_counts(baseline, hour) + first,
            .envelope_before = baseline_column(baseline, before, m) + first,
            .envelope = baseline_column(baseline, BASELINE_ENVELOPE + hour, m) + first,
            .envelope_after = baseline_column(baseline, after, m) + first,
            .record = baseline_column(baseline, BASELINE_RECORD, m) + first,
            .prior = block->prior,
            .inverse_scale = 1.0f / metric_rows[m].scale,
            .season_gain = (float)scorer->config.window_ms / (120 * 60000.0f),
        };
        const struct score_outputs out = {
            .bits = block->bits[m],
            .expected = block->expected[m],
            .z = block->z[m],
            .over_hour = block->over_hour[m],
            .over_record = block->over_record[m],
        };
        scorer->kernel->score(&out, &in, block->count);
    }
}

static struct finding_measure block_measure(const struct scorer *scorer,
                                            const struct judge_window *window, enum metric metric,
                                            uint32_t lane) {
    const struct scorer_block *block = scorer->block;
    uint32_t node = block->first + lane;
    float deviation = baseline_column(&scorer->baseline, BASELINE_DEVIATION, metric)[node];
    return (struct finding_measure){
        .value = window->values[metric][node],
        .expected = block->expected[metric][lane],
        .deviation = deviation > SCORE_DEVIATION_MIN ? deviation : SCORE_DEVIATION_MIN,
        .over_hour = block->over_hour[metric][lane],
        .over_record = block->over_record[metric][lane],
    };
}

static double expected_value(enum metric metric, float bits) {
    double scale = (double)metric_rows[metric].scale;
    double value = bits_to_value((double)bits, scale);
    return value > scale ? value : scale;
}

/* Takes away the lanes of `hits` that are below the smallest fold. */
static uint64_t keep_folds(const struct scorer *scorer, const struct judge_window *window,
                           enum metric metric, uint32_t word, uint64_t hits) {
    for (uint64_t rest = hits; rest != 0; rest &= rest - 1) {
        uint32_t lane = word * 64 + (uint32_t)__builtin_ctzll(rest);
        double expected = expected_value(metric, scorer->block->expected[metric][lane]);
        double observed = (double)window->values[metric][scorer->block->first + lane];
        if (!(observed >= scorer->config.fold_min * expected)) {
            hits &= ~(UINT64_C(1) << (lane % 64));
        }
    }
    return hits;
}

/* Pass 2: conditions to masks, masks to latches. */
static void block_rules(struct scorer *scorer, const struct judge_window *window) {
    struct scorer_block *block = scorer->block;
    const uint32_t words = (block->count + 63) / 64;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        enum metric metric = rule_rows[r].metric;
        struct rule_latch *latch = &scorer->latches[r];
        const struct score_columns columns = {
            .values = window->values[metric] + block->first,
            .z = block->z[metric],
            .over_hour = block->over_hour[metric],
            .over_record = block->over_record[metric],
        };
        uint64_t *hits = block->hits[r];
        scorer->kernel->hit(hits, &columns, &scorer->limits[r].condition, block->count);
        for (uint32_t w = 0; w < words; w++) {
            uint32_t word = block->first / 64 + w;
            hits[w] = keep_folds(scorer, window, metric, w, hits[w] & block->warm[w]);
            rule_latch_step(latch, &scorer->limits[r], word, hits[w], block->whole[w]);
            uint64_t active = (hits[w] | latch->latched[word]) & block->observed[w];
            for (; active != 0; active &= active - 1) {
                block->gates.active[w * 64 + (uint32_t)__builtin_ctzll(active)] = 1;
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

/* The findings of one node: every rule whose condition holds while it is latched. */
static bool node_findings(struct scorer *scorer, const struct judge_window *window, uint32_t lane,
                          struct error *err) {
    struct scorer_block *block = scorer->block;
    uint32_t node = block->first + lane;
    uint32_t begin = scorer->finding_count;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        uint64_t fires = block->hits[r][lane / 64] & scorer->latches[r].latched[node / 64];
        if ((fires >> (lane % 64) & 1) == 0) {
            continue;
        }
        struct finding finding = {
            .node = node,
            .rule = (enum rule)r,
            .quality = window->quality[node],
            .samples = (uint32_t)scorer->baseline.window_counts[node],
            .measure = block_measure(scorer, window, rule_rows[r].metric, lane),
        };
        for (uint32_t m = 0; m < METRIC_COUNT; m++) {
            finding.bits[m] = block->bits[m][lane];
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

static bool block_findings(struct scorer *scorer, const struct judge_window *window,
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

/* Pass 3. */
static void block_learn(struct scorer *scorer, uint32_t hour) {
    struct scorer_block *block = scorer->block;
    struct baseline *baseline = &scorer->baseline;
    const uint32_t first = block->first;
    baseline_count(baseline, first, block->count, hour, scorer->config.window_ms, &block->gates,
                   &block->rates);
    const struct score_rates rates = {
        .level = block->rates.level,
        .deviation = block->rates.deviation,
        .season = block->rates.season,
        .width = block->rates.width,
        .rise = block->rates.rise,
        .most = block->most,
        .rise_scale = 1.0f,
    };
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        const struct score_baseline columns = {
            .level = baseline_column(baseline, BASELINE_LEVEL, m) + first,
            .deviation = baseline_column(baseline, BASELINE_DEVIATION, m) + first,
            .season = baseline_column(baseline, BASELINE_SEASON + hour, m) + first,
            .envelope = baseline_column(baseline, BASELINE_ENVELOPE + hour, m) + first,
            .record = baseline_column(baseline, BASELINE_RECORD, m) + first,
        };
        scorer->kernel->learn(&columns, &rates, block->bits[m], block->expected[m], block->count);
    }
}

bool scorer_window(struct scorer *scorer, const struct judge_window *window, struct error *err) {
    const uint32_t count = window->roster->count;
    const uint32_t hour = baseline_slot_of(baseline_hour_of(window->start_ms));
    scorer->finding_count = 0;
    if (!scorer_grow(scorer, count, err)) {
        return false;
    }
    for (uint32_t first = 0; first < count; first += BASELINE_BLOCK) {
        scorer->block->first = first;
        scorer->block->count = count - first < BASELINE_BLOCK ? count - first : BASELINE_BLOCK;
        block_begin(scorer, window);
        block_score(scorer, window, hour);
        block_rules(scorer, window);
        if (!block_findings(scorer, window, err)) {
            return false;
        }
        block_learn(scorer, hour);
    }
    return true;
}

struct finding_values finding_values(const struct scorer *scorer, enum rule rule,
                                     const struct finding_measure *measure) {
    const struct rule_row *row = &rule_rows[rule];
    const double scale = (double)metric_rows[row->metric].scale;
    const double y = (double)bits_of_value(measure->value, 1.0f / metric_rows[row->metric].scale);
    const double mu = (double)measure->expected;
    const double d = (double)measure->deviation;
    const double hour = y - (double)measure->over_hour;
    struct finding_values values = {
        .observed = (double)measure->value,
        .expected = expected_value(row->metric, measure->expected),
        .low = bits_to_value(mu - 2 * d, scale),
        .high = bits_to_value(hour, scale),
        .threshold = scorer->config.floor_bytes_per_min,
    };
    double demands[] = {
        scorer->config.fold_min * values.expected,
        bits_to_value(hour + (double)row->margin, scale),
        0,
    };
    /* Of z and the all-time record, the lower bar is enough. */
    double by_z = mu + (double)row->z_min * d;
    double by_record = y - (double)measure->over_record + (double)row->record_min;
    demands[2] = bits_to_value(by_z < by_record ? by_z : by_record, scale);
    for (size_t i = 0; i < sizeof demands / sizeof demands[0]; i++) {
        values.threshold = demands[i] > values.threshold ? demands[i] : values.threshold;
    }
    return values;
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
