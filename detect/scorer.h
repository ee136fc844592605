/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SCORER_H
#define WEIR_DETECT_SCORER_H

#include "detect/baseline.h"
#include "detect/judge.h"
#include "detect/rule_latch.h"
#include "detect/rule_sets.h"

/* From the features of a window to findings: the three passes over all nodes (score, rules, learn),
 * a block at a time. Score strictly before learning. One thread. */

/* What was measured of one node by one rule in one window. */
struct finding_measure {
    float value; /* x, in the feature's unit */
    float limit; /* of a raw feature: what it was held against; else 0 */
    /* Of a scored feature, in bits; of a raw one `over_hour` is over its limit, the others 0. */
    float expected;    /* mu */
    float deviation;   /* d */
    float over_hour;   /* bits above the record of the hour */
    float over_record; /* bits above any record */
};

/* A rule that fires: its condition holds and it is latched. */
struct finding {
    uint32_t node;
    enum rule rule;
    enum attack_class class_;
    enum feature feature;
    uint8_t quality;       /* of the window */
    uint8_t corroborating; /* other rules that fire for the node in this window */
    bool is_cold;
    uint32_t samples; /* windows learned from before this one */
    struct finding_measure measure;
    float bits[FEATURE_SCORED_COUNT]; /* y of every feature */
};

/* The requests to many nodes of a role are up at once, in the median by so much. */
struct scorer_surge {
    struct bytes role; /* the roster's */
    float bits;
};

struct scorer {
    const struct score_kernel *kernel;
    struct detector_config config;
    struct rule_sets sets;
    struct baseline baseline;
    struct rule_latch latches[RULE_COUNT];
    struct finding *findings; /* of the last window, by (node, rule) */
    uint32_t finding_count;
    uint32_t finding_capacity;
    struct scorer_block *block;  /* scratch */
    struct scorer_surge *surges; /* [surge_count], of the last window */
    uint32_t surge_count;
    uint32_t surge_capacity;
};

/* Errors: ERROR_LIMIT. `done` accepts a zeroed one. */
bool scorer_init(struct scorer *scorer, const struct detector_config *config, struct error *err);
void scorer_done(struct scorer *scorer);

/* Room for nodes [0, count). Errors: ERROR_LIMIT. */
bool scorer_grow(struct scorer *scorer, uint32_t count, struct error *err);

/* Scores the window, moves the rules on, learns; the findings are valid until the next call.
 * Errors: ERROR_LIMIT (the window then counts in part: give the scorer up). */
bool scorer_window(struct scorer *scorer, const struct judge_window *window, struct error *err);

void scorer_forget(struct scorer *scorer, uint32_t node);

/* One node's baselines and latches; see judge_node_save. */
void scorer_node_save(const struct scorer *scorer, uint32_t node, struct buffer *out);
void scorer_node_load(struct scorer *scorer, uint32_t node, struct cursor *cursor);

/* What a measure means in the feature's unit. `expected` of a scored feature is at least its scale,
 * below which a value is as good as none, so that observed / expected is finite and means
 * something; of a raw one it is 0. */
struct finding_values {
    double observed;
    double expected;
    double low;       /* 2 deviations below what is expected */
    double high;      /* the record of the hour; of a raw feature the limit; 0: neither is known */
    double threshold; /* what the rule demanded of `observed` */
    double score;     /* bits over `high`; 0 where that is not known */
    bool is_scored;   /* a scored feature, and a node of which something is known; else 0: */
    double record;    /* of any hour */
    double over_record; /* bits above it */
    double deviations;  /* above what is expected */
};

/* `params` are the node's. */
struct finding_values finding_values(const struct rule_params *params, enum rule rule,
                                     enum feature feature, const struct finding_measure *measure);

#endif
