/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes are of 24 bytes: a kind, so that a /24 is never an address, and the number. 64 bits are
 * enough for millions of groups; who finds two that collide has made one acquaintance of two. */
#include "detect/peer_group.h"

#include <stdlib.h>
#define XXH_INLINE_ALL /* one length: the compiler leaves two multiplications of it */
#include <xxhash.h>

/* A few wide ranges of object stores, so that a pool of addresses is one acquaintance without any
 * configuration; not a full list, which the clouds publish and change (AWS: ip-ranges.json). */
#define IPV4(a, b, length)                                                                         \
    { { 0, UINT64_C(0xffff00000000) | (uint64_t)(a) << 24 | (uint64_t)(b) << 16 }, 96 + (length) }
const struct peer_prefix peer_prefixes[] = {
    { IPV4(3, 5, 16), "s3" },
    { IPV4(52, 216, 15), "s3" },
    { IPV4(52, 218, 17), "s3" },
    { IPV4(54, 231, 16), "s3" },
};
const size_t peer_prefix_count = sizeof peer_prefixes / sizeof *peer_prefixes;

enum kind { KIND_ADDRESS = 1, KIND_NETWORK, KIND_SERVICE };

static uint64_t hash_of(enum kind kind, struct address number) {
    uint64_t words[3] = { (uint64_t)kind, number.high, number.low };
    return XXH3_64bits(words, sizeof words);
}

static int compare_ranges(const void *a, const void *b) {
    return address_compare(((const struct peer_range *)a)->range.first,
                           ((const struct peer_range *)b)->range.first);
}

bool peer_grouping_init(struct peer_grouping *grouping, const struct address_set *internal,
                        const struct peer_prefix *prefixes, size_t count, struct error *err) {
    *grouping = (struct peer_grouping){ .internal = internal };
    if (count > PEER_PREFIXES_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u service prefixes", PEER_PREFIXES_MAX);
    }
    grouping->ranges = malloc((count + 1) * sizeof *grouping->ranges);
    if (grouping->ranges == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %zu service prefixes", count);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t name = XXH3_64bits(prefixes[i].service, strlen(prefixes[i].service));
        grouping->ranges[i] =
            (struct peer_range){ address_range_of(prefixes[i].prefix),
                                 hash_of(KIND_SERVICE, (struct address){ 0, name }) };
    }
    qsort(grouping->ranges, count, sizeof *grouping->ranges, compare_ranges);
    for (size_t i = 1; i < count; i++) {
        struct address first = grouping->ranges[i].range.first;
        if (address_compare(first, grouping->ranges[i - 1].range.last) <= 0) {
            char text[ADDRESS_TEXT_SIZE];
            address_format(first, text);
            return error_set(err, ERROR_ARGUMENT, "two service prefixes hold %s", text);
        }
    }
    grouping->count = count;
    return true;
}

void peer_grouping_done(struct peer_grouping *grouping) {
    free(grouping->ranges);
    *grouping = (struct peer_grouping){ 0 };
}

/* The range that holds the peer, or NULL. */
static const struct peer_range *find_range(const struct peer_grouping *grouping,
                                           struct address peer) {
    size_t low = 0;
    size_t high = grouping->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (address_compare(grouping->ranges[middle].range.last, peer) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_in =
        low < grouping->count && address_compare(grouping->ranges[low].range.first, peer) <= 0;
    return is_in ? &grouping->ranges[low] : NULL;
}

bool peer_is_internal(const struct peer_grouping *grouping, struct address peer) {
    return grouping->internal != NULL ? address_set_has(grouping->internal, peer)
                                      : address_classify(peer) == ADDRESS_PRIVATE;
}

struct peer_group peer_group_of(const struct peer_grouping *grouping, struct address peer) {
    struct peer_group group = { .address = hash_of(KIND_ADDRESS, peer),
                                .is_internal = peer_is_internal(grouping, peer) };
    if (group.is_internal) {
        group.group = group.address;
        group.host = group.address;
        return group;
    }
    const struct peer_range *range = find_range(grouping, peer);
    if (range != NULL) {
        group.group = range->service;
        group.host = range->service;
        return group;
    }
    struct address network = { peer.high & ~UINT64_C(0xffff), 0 };
    if (address_is_ipv4(peer)) {
        network = (struct address){ 0, peer.low & ~UINT64_C(0xff) };
    }
    group.group = hash_of(KIND_NETWORK, network);
    group.host = address_is_ipv4(peer)
                     ? group.address
                     : hash_of(KIND_NETWORK, (struct address){ peer.high, UINT64_C(1) });
    return group;
}
