/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SCORER_PARTS_H
#define WEIR_DETECT_SCORER_PARTS_H

#include "detect/prior.h"
#include "detect/scorer.h"

/* What the files of the scorer share: the block of nodes that is being judged, and its passes. */

#define BLOCK_WORDS (BASELINE_BLOCK / 64)

struct scorer_block {
    uint32_t first;
    uint32_t count;
    uint64_t any_absent; /* features that are absent in some lane */
    uint64_t observed[BLOCK_WORDS];
    uint64_t whole[BLOCK_WORDS]; /* observed, and nothing missing: this window can be learned */
    uint64_t cold[BLOCK_WORDS];
    uint64_t
        has_prior[BLOCK_WORDS];    /* lanes whose prior was set, by this block or an earlier one */
    uint64_t special[BLOCK_WORDS]; /* observed lanes with numbers of their own */
    uint32_t set[BASELINE_BLOCK];  /* of observed lanes: whose numbers count (rule_sets.h) */
    uint64_t hits[RULE_COUNT][BLOCK_WORDS];
    uint64_t absent[BASELINE_BLOCK]; /* by lane: features that cannot be told */
    float bits[FEATURE_SCORED_COUNT][BASELINE_BLOCK];
    float expected[FEATURE_SCORED_COUNT][BASELINE_BLOCK];
    float z[FEATURE_SCORED_COUNT][BASELINE_BLOCK];
    float over_hour[FEATURE_SCORED_COUNT][BASELINE_BLOCK];
    float over_record[FEATURE_SCORED_COUNT][BASELINE_BLOCK];
    float prior[FEATURE_SCORED_COUNT][BASELINE_BLOCK]; /* 0 but for cold nodes */
    float most[FEATURE_SCORED_COUNT][BASELINE_BLOCK];  /* SCORE_UNBOUNDED but for cold nodes */
    float drift[BASELINE_BLOCK];
    struct baseline_gates gates;
    struct baseline_rates rates;
    struct baseline_rates kept; /* `rates`, without the lanes in which a feature is absent */
};

/* Whether the node is old enough to be held against its own past. */
bool scorer_is_warm(const struct scorer *scorer, const struct judge_window *window, uint32_t node);

/* What a cold node is held against in a feature, in bits: SCORE_UNBOUNDED where nothing is known of
 * others, so that nothing is over it. `*most`: a bound of what it learns, likewise. */
float scorer_prior(const struct scorer *scorer, const struct prior *prior, uint32_t node,
                   struct bytes role, uint32_t feature, float *most);

/* The columns that a score of nodes from `first` on is made of. */
struct score_inputs scorer_inputs(const struct scorer *scorer, const struct judge_window *window,
                                  uint32_t hour, uint32_t feature, uint32_t first);

/* How far requests are up all over a role: scorer->surges. Before any block. Errors: ERROR_LIMIT.
 */
bool scorer_crowds(struct scorer *scorer, const struct judge_window *window, uint32_t hour,
                   struct error *err);

/* Pass 2: conditions to masks, masks to latches; then the findings. Errors: ERROR_LIMIT. */
void scorer_block_rules(struct scorer *scorer, const struct judge_window *window);
bool scorer_block_findings(struct scorer *scorer, const struct judge_window *window,
                           struct error *err);

#endif
