/* SPDX-License-Identifier: Apache-2.0 */
/* A million IPv4 ranges are 8 MB: a plain binary search over them misses the cache some fifteen
 * times. The index has about one bucket a range (at most 65,536), so the search that is left runs
 * over a few neighbours; where all ranges crowd into one bucket it is a binary search again. */
#include "flow/address_set.h"

#include <stdlib.h>

#define INDEX_BITS_MAX 16u

struct address_range address_range_of(struct prefix prefix) {
    struct address_range range = { .first = prefix.address, .last = prefix.address };
    if (prefix.length < 64) {
        range.last.high |= UINT64_MAX >> prefix.length;
        range.last.low = UINT64_MAX;
    } else if (prefix.length < 128) {
        range.last.low |= UINT64_MAX >> (prefix.length - 64);
    }
    return range;
}

bool address_range_prefix(struct address_range range, struct prefix *out) {
    uint64_t high = range.first.high ^ range.last.high;
    uint64_t low = range.first.low ^ range.last.low;
    uint8_t length = 128;
    if (high != 0) {
        length = (uint8_t)__builtin_clzll(high);
    } else if (low != 0) {
        length = (uint8_t)(64 + __builtin_clzll(low));
    }
    struct address zero = { 0 };
    struct address host = address_range_of((struct prefix){ zero, length }).last;
    if ((range.first.high & host.high) != 0 || (range.first.low & host.low) != 0 ||
        (range.first.high | host.high) != range.last.high ||
        (range.first.low | host.low) != range.last.low) {
        return false;
    }
    *out = (struct prefix){ .address = range.first, .length = length };
    return true;
}

static int compare_ranges(const void *left, const void *right) {
    const struct address_range *a = left;
    const struct address_range *b = right;
    bool a_is_ipv4 = address_is_ipv4(a->first);
    bool b_is_ipv4 = address_is_ipv4(b->first);
    if (a_is_ipv4 != b_is_ipv4) {
        return a_is_ipv4 ? -1 : 1;
    }
    int order = address_compare(a->first, b->first);
    return order != 0 ? order : address_compare(a->last, b->last);
}

size_t address_ranges_normalise(struct address_range *ranges, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(ranges, count, sizeof *ranges, compare_ranges);
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        struct address_range *last = &ranges[kept];
        bool is_one_family = address_is_ipv4(last->first) == address_is_ipv4(ranges[i].first);
        if (!is_one_family || address_compare(ranges[i].first, last->last) > 0) {
            ranges[++kept] = ranges[i];
        } else if (address_compare(ranges[i].last, last->last) > 0) {
            last->last = ranges[i].last;
        }
    }
    return kept + 1;
}

static uint32_t bits_for(uint32_t count) {
    uint32_t bits = 0;
    while (bits < INDEX_BITS_MAX && (UINT32_C(1) << bits) < count) {
        bits++;
    }
    return bits;
}

static bool build_ipv4(struct address_set *set, struct arena *arena,
                       const struct address_range *ranges, uint32_t count) {
    uint32_t bits = bits_for(count);
    size_t buckets = (size_t)1 << bits;
    struct ipv4_range *ipv4 = arena_take(arena, count * sizeof *ipv4);
    uint32_t *index = arena_take(arena, (buckets + 1) * sizeof *index);
    if (ipv4 == NULL || index == NULL) {
        return false;
    }
    set->shift = 32 - bits;
    size_t bucket = 0;
    for (uint32_t i = 0; i < count; i++) {
        ipv4[i] =
            (struct ipv4_range){ address_ipv4(ranges[i].first), address_ipv4(ranges[i].last) };
        while (bucket <= (uint64_t)ipv4[i].first >> set->shift) {
            index[bucket++] = i;
        }
    }
    while (bucket <= buckets) {
        index[bucket++] = count;
    }
    set->ipv4 = ipv4;
    set->index = index;
    set->ipv4_count = count;
    return true;
}

static bool build_ipv6(struct address_set *set, struct arena *arena,
                       const struct address_range *ranges, uint32_t count) {
    struct address_range *ipv6 = arena_take(arena, count * sizeof *ipv6);
    if (ipv6 == NULL) {
        return false;
    }
    memcpy(ipv6, ranges, count * sizeof *ipv6);
    set->ipv6 = ipv6;
    set->ipv6_count = count;
    return true;
}

bool address_set_build(struct address_set *set, struct arena *arena,
                       const struct address_range *ranges, size_t count, struct error *err) {
    *set = (struct address_set){ .shift = 32 };
    if (count > UINT32_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u address ranges", UINT32_MAX);
    }
    uint32_t ipv4_count = 0;
    while (ipv4_count < count && address_is_ipv4(ranges[ipv4_count].first)) {
        ipv4_count++;
    }
    uint32_t ipv6_count = (uint32_t)count - ipv4_count;
    if ((ipv4_count > 0 && !build_ipv4(set, arena, ranges, ipv4_count)) ||
        (ipv6_count > 0 && !build_ipv6(set, arena, ranges + ipv4_count, ipv6_count))) {
        return error_set(err, ERROR_LIMIT, "no memory for %zu address ranges", count);
    }
    return true;
}

static bool has_ipv4(const struct address_set *set, uint32_t ipv4) {
    if (set->ipv4_count == 0) {
        return false;
    }
    uint32_t bucket = (uint32_t)((uint64_t)ipv4 >> set->shift);
    uint32_t low = set->index[bucket];
    uint32_t high = set->index[bucket + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->ipv4[middle].first <= ipv4) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* The last range that begins at or before the address; it may begin in an earlier bucket. */
    return low > 0 && set->ipv4[low - 1].last >= ipv4;
}

static bool has_ipv6(const struct address_set *set, struct address address) {
    uint32_t low = 0;
    uint32_t high = set->ipv6_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (address_compare(set->ipv6[middle].first, address) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && address_compare(set->ipv6[low - 1].last, address) >= 0;
}

bool address_set_has(const struct address_set *set, struct address address) {
    return address_is_ipv4(address) ? has_ipv4(set, address_ipv4(address)) : has_ipv6(set, address);
}
