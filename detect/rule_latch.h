/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_LATCH_H
#define WEIR_DETECT_RULE_LATCH_H

#include "detect/rule.h"

/* The leaky counter of one rule for many nodes. Each window in which the condition holds adds 1 (or
 * its weight) to a node's charge, which is at most 1.5 times `need`; it leaks by `keep`. At `need`
 * the rule latches, and below RULE_CHARGE_CLEAR it lets go. Only nodes with a charge cost anything.
 */
struct rule_latch {
    float *charge;     /* [capacity] */
    uint64_t *charged; /* bit set: charge > 0 */
    uint64_t *latched;
    uint32_t capacity; /* a multiple of 64 */
};

#define RULE_CHARGE_CLEAR 0.3f

/* `done` accepts a zeroed one. */
void rule_latch_done(struct rule_latch *latch);
/* Errors: ERROR_LIMIT; nothing changed then. */
bool rule_latch_grow(struct rule_latch *latch, uint32_t capacity, struct error *err);
void rule_latch_forget(struct rule_latch *latch, uint32_t node);

/* Moves the 64 nodes of `word` on by one window: `hits` hold the condition, `passes` were observed
 * whole. A node in neither stays as it is: missing data is no sign of calm. `weights` [64] says for
 * how many windows a hit counts; NULL: for one. */
void rule_latch_step(struct rule_latch *latch, const struct rule_limits *limits, uint32_t word,
                     uint64_t hits, uint64_t passes, const float *weights);

/* One node's latch as bytes and back; a charge that no limits give latches a failure. */
void rule_latch_save(const struct rule_latch *latch, uint32_t node, struct buffer *out);
void rule_latch_load(struct rule_latch *latch, uint32_t node, struct cursor *cursor);

#endif
