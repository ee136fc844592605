/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_PEER_GROUP_H
#define WEIR_DETECT_PEER_GROUP_H

#include "flow/address_set.h"

/* Which peers are one acquaintance. A peer inside the fleet is known by its address; outside, by
 * the service that its address belongs to where the table says so (an object store answers from
 * hundreds of addresses; each of them is no news), else by its /24, or /48 of IPv6. Any thread
 * reads. */

#define PEER_PREFIXES_MAX 65536u

/* Addresses of one service. */
struct peer_prefix {
    struct prefix prefix;
    const char *service;
};

/* The built-in table: object stores whose pools are widest. */
extern const struct peer_prefix peer_prefixes[];
extern const size_t peer_prefix_count;

struct peer_range {
    struct address_range range;
    uint64_t service; /* hash of its name */
};

struct peer_grouping {
    const struct address_set *internal; /* borrowed; NULL: those of ADDRESS_PRIVATE */
    struct peer_range *ranges;          /* [count], ascending, disjoint */
    size_t count;
};

/* Errors: ERROR_ARGUMENT (two prefixes that overlap: the message names them by service),
 * ERROR_LIMIT. `done` accepts a zeroed one. */
bool peer_grouping_init(struct peer_grouping *grouping, const struct address_set *internal,
                        const struct peer_prefix *prefixes, size_t count, struct error *err);
void peer_grouping_done(struct peer_grouping *grouping);

struct peer_group {
    uint64_t group;   /* hash of what the peer is known by */
    uint64_t address; /* hash of its address; equal to `group` inside the fleet */
    uint64_t host;    /* what the fleet knows it by: its service, else its address (/64 of IPv6) */
    bool is_internal;
};

bool peer_is_internal(const struct peer_grouping *grouping, struct address peer);
struct peer_group peer_group_of(const struct peer_grouping *grouping, struct address peer);

#endif
