/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_PRIOR_HOUR_H
#define WEIR_DETECT_PRIOR_HOUR_H

#include "base/bytes.h"
#include "detect/feature.h"

/* What the grown nodes of a fleet are used to, in one hour: how their records (the G of a feature,
 * in bits) are distributed, over all of them and by role; and since when each role has been there.
 *
 * Everything commutes: counts are added, hours are joined by minimum and maximum. So the order of
 * nodes does not show, and the hours of several workers, each with nodes of its own, merge into the
 * hour of all. Bound: of the roles in use, the PRIOR_ROLES_MAX with the smallest names are kept
 * apart; nodes of the others, of none, and of one with a longer name count for the fleet alone.
 * A role of which nothing was seen for PRIOR_HOURS is dropped when an hour begins.
 *
 * Records lie in steps of 1/8 bit: step k holds what is above (k - 1)/8 and up to k/8, and counts
 * as k/8. Step 0 is exactly zero, which means something (most nodes send no mail, ever). One
 * thread. */

#define PRIOR_FEATURES ((uint32_t)FEATURE_SCORED_COUNT)
#define PRIOR_STEPS_PER_BIT 8u
#define PRIOR_BITS_MAX 64u /* what is above counts as that */
#define PRIOR_STEPS (PRIOR_BITS_MAX * PRIOR_STEPS_PER_BIT + 1)
#define PRIOR_ROLES_MAX 64u
#define PRIOR_ROLE_SIZE_MAX 128u
#define PRIOR_HOURS (32 * 24)
/* Fewer nodes than this say nothing of others. */
#define PRIOR_NODES_MIN 3u

/* 28 KB, taken with the first grown node. Counts stop at the largest number. */
struct prior_steps {
    uint32_t counts[PRIOR_FEATURES][PRIOR_STEPS];
};

struct prior_row {
    uint8_t role[PRIOR_ROLE_SIZE_MAX];
    uint32_t role_size;
    uint32_t nodes;     /* grown ones of this hour */
    int64_t first_hour; /* in which any node of the role was seen, since 1970 */
    int64_t last_hour;
    struct prior_steps *steps; /* NULL: no grown node in this hour */
};

struct prior_hour {
    int64_t hour;                            /* since 1970; -1: none */
    struct prior_row fleet;                  /* of it `nodes` and `steps` */
    struct prior_row roles[PRIOR_ROLES_MAX]; /* [role_count], by name */
    uint32_t role_count;
};

/* None. `done` accepts a zeroed one and leaves none. */
void prior_hour_init(struct prior_hour *prior);
void prior_hour_done(struct prior_hour *prior);

/* Makes of `prior` the empty hour `hour`, in which the roles of `before` (another one, or none) are
 * known. */
void prior_hour_begin(struct prior_hour *prior, const struct prior_hour *before, int64_t hour);

/* A node of the role, of any age, was seen in this hour; once or often is the same. */
void prior_hour_see(struct prior_hour *prior, struct bytes role);

/* A grown node: once a node and hour. A record that is negative or no number is none: the node's
 * sources do not tell the feature. Errors: ERROR_LIMIT (memory); nothing is counted then. */
bool prior_hour_add(struct prior_hour *prior, struct bytes role,
                    const float records[PRIOR_FEATURES], struct error *err);

/* Takes in the same hour of other nodes. Errors: ERROR_LIMIT (memory; what was taken in stays). */
bool prior_hour_merge(struct prior_hour *into, const struct prior_hour *from, struct error *err);

/* The row of a role, or NULL. */
const struct prior_row *prior_hour_find(const struct prior_hour *prior, struct bytes role);

/* The 90th percentile of a feature: the smallest step that nine tenths of the nodes do not exceed,
 * in bits; -1 where fewer than PRIOR_NODES_MIN tell the feature. Of three to nine nodes it is the
 * largest record. */
float prior_row_percentile(const struct prior_row *row, uint32_t feature);

/* As bytes (prior_hour.c says which) and back: equal hours are equal bytes. Reading is total, into
 * one that is none; what no run can have counted latches a failure, and leaves none. So does a lack
 * of memory. */
void prior_hour_save(const struct prior_hour *prior, struct buffer *out);
void prior_hour_load(struct prior_hour *prior, struct cursor *cursor);

#endif
