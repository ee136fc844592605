/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_ADDRESS_SET_H
#define WEIR_FLOW_ADDRESS_SET_H

#include "base/arena.h"
#include "flow/address.h"

/* A set of address ranges: built once, then read by any thread. A million entries cost 8 bytes each
 * (IPv4) or 32 (IPv6) and a look-up some ten nanoseconds: IPv4 through an index over the leading
 * bits, IPv6 by binary search.
 *
 * The two families never meet: an IPv6 range, `::/0` included, holds no IPv4 address, although
 * IPv4-mapped addresses lie within it by number. */

/* From `first` to `last`, both included and of one family. */
struct address_range {
    struct address first;
    struct address last;
};

struct ipv4_range {
    uint32_t first;
    uint32_t last;
};

struct address_set {
    const struct ipv4_range *ipv4; /* [ipv4_count], ascending, disjoint */
    const uint32_t
        *index; /* [i]: how many ranges begin below i << shift; one past the last bucket */
    uint32_t ipv4_count;
    uint32_t shift;                   /* 16 to 32 */
    const struct address_range *ipv6; /* [ipv6_count], ascending, disjoint */
    uint32_t ipv6_count;
};

/* All addresses of a prefix. */
struct address_range address_range_of(struct prefix prefix);

/* The prefix that holds exactly the range; false when there is none. */
bool address_range_prefix(struct address_range range, struct prefix *out);

/* Sorts (IPv4 first) and joins ranges that overlap; returns how many are left. */
size_t address_ranges_normalise(struct address_range *ranges, size_t count);

/* Builds a set of ranges that are normalised. Its memory lies in `arena`. Errors: ERROR_LIMIT (the
 * arena is full; more than UINT32_MAX ranges). */
bool address_set_build(struct address_set *set, struct arena *arena,
                       const struct address_range *ranges, size_t count, struct error *err);

bool address_set_has(const struct address_set *set, struct address address);

#endif
