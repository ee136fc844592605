/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_PRIOR_H
#define WEIR_DETECT_PRIOR_H

#include "detect/prior_hour.h"

/* What is expected of a node that has no past of its own: what nine of ten grown nodes of its role,
 * else of the fleet, never exceeded. Grown is who is older than PRIOR_GROWN_MS by its own data.
 *
 * Within hour H the newest snapshot of an hour up to H - 2 is asked, and no later one: so the
 * answer is the same for every window of the hour, whatever the order of nodes, and there is time
 * for the snapshots of other workers to arrive (docs/ARCHITECTURE.md, "Time"). An hour without any
 * observed node leaves no snapshot. At most three hours of 28 KB for the fleet and for each role
 * that has grown nodes. One thread. */

#define PRIOR_LAG_HOURS 2
#define PRIOR_GROWN_MS (INT64_C(24) * 3600 * 1000)

struct prior {
    struct prior_hour running;   /* takes in the present hour; -1: none has begun */
    struct prior_hour waiting;   /* the hour before it, too young to be asked; -1: there was none */
    struct prior_hour asked;     /* the newest one that is old enough; -1: none */
    float fleet[PRIOR_FEATURES]; /* what the rows of `asked` say; -1: nothing */
    float roles[PRIOR_ROLES_MAX][PRIOR_FEATURES]; /* by row; the fleet's where it says nothing */
};

/* `done` accepts a zeroed one. */
void prior_init(struct prior *prior);
void prior_done(struct prior *prior);

/* An hour (since 1970) begins, later than all before it, and the running one is closed; the same
 * again, or an earlier one, does nothing. */
void prior_enter(struct prior *prior, int64_t hour);

/* A node of the role, of any age, was observed in the running hour; once or often is the same. */
void prior_see(struct prior *prior, struct bytes role);

/* A grown node was observed in the running hour: once a node and hour, in any order; the node is
 * seen by it, too. A record that is negative or no number is none: the node's sources do not tell
 * the feature. Errors: ERROR_LIMIT (memory); nothing is counted then. */
bool prior_add(struct prior *prior, struct bytes role, const float records[PRIOR_FEATURES],
               struct error *err);

/* The 90th percentile of the records of a scored feature, in bits: of the role where at least
 * PRIOR_NODES_MIN grown nodes tell it, else of the fleet likewise, else -1: there is none. */
float prior_value(const struct prior *prior, struct bytes role, uint32_t feature);

/* How many hours ago the first node of the role was seen, as far as the snapshot says; -1: unknown
 * (no role, younger than the lag, or beyond the bound). At least so many whole hours have passed,
 * less one. */
int64_t prior_role_hours(const struct prior *prior, struct bytes role);

/* Whether the role is older than so many hours, certainly. */
static inline bool prior_role_is_old(const struct prior *prior, struct bytes role, int64_t hours) {
    return prior_role_hours(prior, role) > hours;
}

/* As bytes (the running hour, the waiting and the asked one) and back; reading is total, into one
 * that is new. */
void prior_save(const struct prior *prior, struct buffer *out);
void prior_load(struct prior *prior, struct cursor *cursor);

#endif
