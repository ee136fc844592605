/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FLEET_H
#define WEIR_DETECT_FLEET_H

#include "base/bytes.h"

/* Which external peers the nodes of the fleet have contacted, and when first: services, else single
 * addresses (peer_group.h, `host`), since a /24 has other tenants; here both are called a group.
 * One is rare for a node in hour H when no other node contacted it in an hour up to H - 2: what
 * happens within the last two hours is not asked for, so that in whatever order nodes are looked
 * at, and however they are spread over workers, the answer is the same.
 *
 * What is kept commutes: of each group the first hour and its node (the smallest hash of those of
 * that hour), the first hour of any other node, and the last hour of all. Bound: `groups_max` of 32
 * bytes, in twice as many slots; groups of which nothing was heard for FLEET_HOURS are dropped when
 * an hour begins, then, beyond the bound, those longest not heard of, of these by hash; dropped
 * ones are rare again. Within an hour the table takes up to as many more; where that is not enough
 * either, it is cut at once, and the order of nodes shows, which is by name. One thread. */

#define FLEET_LAG_HOURS 2
#define FLEET_YOUNG_HOURS 24 /* before that nothing is rare, since all is */
#define FLEET_HOURS (32 * 24)

struct fleet_entry {
    uint64_t group; /* hash; 0 is taken for 1 */
    uint64_t first_node;
    uint32_t first_hour; /* hours since 1970 */
    uint32_t other_hour; /* UINT32_MAX: no other node */
    uint32_t last_hour;
    uint32_t unused;
};

struct fleet {
    struct fleet_entry *entries; /* [count] */
    uint32_t *slots;             /* [1 << slot_bits]: index + 1 */
    uint32_t count;
    uint32_t groups_max;
    uint32_t slot_bits;
    int64_t hour;      /* the present one; -1: none yet */
    int64_t born_hour; /* the first one; -1: none yet */
    uint64_t dropped;  /* at the bound */
};

/* Errors: ERROR_ARGUMENT (groups_max 1 to 2^24), ERROR_LIMIT. `done` accepts a zeroed one. */
bool fleet_init(struct fleet *fleet, uint32_t groups_max, struct error *err);
void fleet_done(struct fleet *fleet);

/* An hour begins, later than all before it; the same again does nothing. */
void fleet_enter(struct fleet *fleet, int64_t hour);

/* A node (by the hash of its name) contacted the group in the present hour. */
void fleet_contact(struct fleet *fleet, uint64_t group, uint64_t node);

/* The same for groups that one node contacted, in bursts, so that misses of the cache overlap. */
void fleet_contact_burst(struct fleet *fleet, const uint64_t *groups, size_t count, uint64_t node);

/* Whether the fleet is old enough to call anything rare. */
bool fleet_is_grown(const struct fleet *fleet);

/* Whether the group is rare for the node in the present hour; false while the fleet is young. */
bool fleet_is_rare(const struct fleet *fleet, uint64_t group, uint64_t node);

/* As bytes and back, by hash; reading is total, into one that is new. */
void fleet_save(const struct fleet *fleet, struct buffer *out);
void fleet_load(struct fleet *fleet, struct cursor *cursor);

#endif
