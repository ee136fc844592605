/* SPDX-License-Identifier: Apache-2.0 */
/* A member's address is a hash of the seed, the pool and its number within one of the pool's
 * prefixes. The prefixes are real allocations of such networks, so that tables of service prefixes
 * and classes of addresses find in them what they find in life. */
#include "tests/gen/gen_pool.h"

#define PREFIXES_MAX 6

struct pool_row {
    double log2_members;
    double arrivals;       /* share of draws that are first meetings */
    double drift_a_day;    /* members by which the popular ones move on */
    uint64_t ipv6_high;    /* 0: the pool has no IPv6 */
    uint32_t ipv6_percent; /* of the members */
    uint32_t host_bits;    /* of every prefix */
    uint32_t prefix_count;
    uint32_t prefixes[PREFIXES_MAX];
};

#define P(a, b) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16)

static const struct pool_row pool_rows[GEN_POOL_COUNT] = {
    [GEN_CLIENTS] = { 15.0,
                      0.04,
                      40,
                      UINT64_C(0x2003000000000000),
                      20,
                      18,
                      6,
                      { P(79, 192), P(84, 128), P(87, 176), P(93, 200), P(2, 200), P(176, 0) } },
    [GEN_OBJECT_STORE] = { 8.0, 0, 0, 0, 0, 13, 2, { P(52, 219), P(3, 5) } },
    [GEN_SAAS] = { 5.0,
                   0,
                   0,
                   UINT64_C(0x2606470000000000),
                   10,
                   12,
                   3,
                   { P(104, 16), P(34, 120), P(151, 101) } },
    [GEN_MIRRORS] = { 3.2, 0, 0, 0, 0, 8, 2, { P(91, 189), P(199, 232) } },
    [GEN_MAILERS] = { 11.5,
                      0.05,
                      5,
                      0,
                      0,
                      18,
                      6,
                      { P(40, 92), P(64, 233), P(74, 125), P(142, 250), P(212, 224), P(62, 24) } },
    [GEN_NAMESERVERS] = { 10.0,
                          0.01,
                          2,
                          UINT64_C(0x2001050000000000),
                          10,
                          18,
                          4,
                          { P(192, 32), P(205, 248), P(156, 152), P(193, 0) } },
    [GEN_SITES] = { 14.0,
                    0.02,
                    30,
                    0,
                    0,
                    19,
                    5,
                    { P(13, 224), P(23, 32), P(95, 100), P(104, 64), P(144, 76) } },
    [GEN_CLOCKS] = { 2.4, 0, 0, 0, 0, 6, 2, { P(162, 159), P(129, 70) } },
    [GEN_SCANNERS] = { 9.0,
                       0.10,
                       20,
                       0,
                       0,
                       13,
                       4,
                       { P(45, 148), P(89, 248), P(141, 98), P(167, 94) } },
    [GEN_STRANGERS] = { 1.0,
                        1.0,
                        0,
                        0,
                        0,
                        21,
                        6,
                        { P(51, 64), P(65, 0), P(81, 0), P(109, 0), P(150, 0), P(163, 160) } },
    [GEN_EXFIL_HOSTS] = { 8.0,
                          0,
                          0,
                          UINT64_C(0x2a0d560000000000),
                          25,
                          12,
                          3,
                          { P(5, 188), P(146, 70), P(194, 26) } },
    [GEN_BOTS] = { 12.0,
                   0,
                   0,
                   0,
                   0,
                   20,
                   6,
                   { P(14, 160), P(36, 64), P(103, 16), P(177, 32), P(186, 16), P(200, 80) } },
    [GEN_SCAN_TARGETS] = { 12.0,
                           0,
                           0,
                           0,
                           0,
                           20,
                           6,
                           { P(31, 0), P(58, 48), P(82, 64), P(118, 96), P(188, 32), P(201, 0) } },
    [GEN_OTHER_REGION] = { 5.0, 0, 0, 0, 0, 12, 2, { P(18, 144), P(35, 72) } },
};

struct address gen_pool_address(enum gen_pool pool, uint64_t seed, uint64_t member,
                                bool may_be_ipv6) {
    const struct pool_row *row = &pool_rows[pool];
    uint64_t hash = gen_hash(seed, 0x9001 + (uint64_t)pool, member);
    if (may_be_ipv6 && (hash >> 48) % 100 < row->ipv6_percent) {
        /* A subnet of its own for each, as providers give their customers. */
        return (struct address){ .high = row->ipv6_high | (hash & 0xffffffffu),
                                 .low = gen_mix(hash) };
    }
    uint32_t prefix = row->prefixes[(hash >> 40 & 255) % row->prefix_count];
    uint32_t host = (uint32_t)hash & ((UINT32_C(1) << row->host_bits) - 1);
    return address_from_ipv4(prefix + host);
}

bool gen_pool_contains(enum gen_pool pool, struct address address) {
    const struct pool_row *row = &pool_rows[pool];
    for (uint32_t i = 0; i < row->prefix_count && address_is_ipv4(address); i++) {
        if ((address_ipv4(address) ^ row->prefixes[i]) >> row->host_bits == 0) {
            return true;
        }
    }
    return false;
}

uint64_t gen_pool_draw(enum gen_pool pool, struct gen_rng *rng, uint32_t day) {
    const struct pool_row *row = &pool_rows[pool];
    if (row->arrivals > 0 && gen_rng_chance(rng, row->arrivals)) {
        return UINT64_C(1) << 32 | gen_rng_next(rng) >> 32;
    }
    uint64_t first = (uint64_t)(row->drift_a_day * day);
    return first + gen_rng_log_uniform(rng, row->log2_members);
}
