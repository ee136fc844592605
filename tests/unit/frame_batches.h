/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_FRAME_BATCHES_H
#define WEIR_TESTS_UNIT_FRAME_BATCHES_H

#include "flow/batch.h"

#include <stdio.h>
#include <stdlib.h>

/* Batches for tests of the frame: made of random records of one of several characters, and a
 * comparison of what a frame gives back with the records in the order that its layout promises. */

static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline uint64_t random_below(uint64_t *state, uint64_t end) {
    return (random_next(state) >> 11) % end;
}

/* What the random records of a batch are like. */
struct batch_recipe {
    uint32_t count;
    uint32_t nodes;
    uint32_t locals;       /* own addresses of a node that occur */
    uint32_t peers;        /* distinct peers */
    unsigned ipv6_percent; /* of addresses */
    uint64_t span_ms;      /* of ends */
    uint64_t duration_ms;  /* longest */
    uint64_t unit_ms;      /* all times are multiples of it */
    unsigned value_bits;   /* of bytes and packets */
    bool is_wild;          /* every small column random over its whole domain */
    uint32_t coverage;
    uint32_t labels; /* of addresses */
};

static inline struct address random_address(uint64_t *state, unsigned ipv6_percent, uint32_t n,
                                            uint32_t salt) {
    uint64_t mixed = (n * UINT64_C(0x9E3779B97F4A7C15)) ^ salt * UINT64_C(0xD6E8FEB86659FD93);
    (void)state;
    if (mixed % 100 >= ipv6_percent) {
        return address_from_ipv4((uint32_t)(mixed >> 32));
    }
    /* A quarter of them share one /64. */
    return (struct address){ .high = UINT64_C(0x20010db8) << 32 | (mixed % 4 ? mixed >> 40 : 7),
                             .low = mixed * 3 };
}

static inline void require(bool ok, const struct error *err) {
    if (!ok) {
        fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

static inline void fill_random_tables(struct batch *batch, const struct batch_recipe *recipe,
                                      uint64_t *state) {
    struct error err = { 0 };
    for (uint32_t n = 0; n < recipe->nodes; n++) {
        char name[32];
        char interface[32];
        struct address own[3];
        snprintf(name, sizeof name, "node-%u", n / 2);
        snprintf(interface, sizeof interface, "eni-%08x", n * 2654435761u);
        for (uint32_t k = 0; k < 3; k++) {
            own[k] = random_address(state, recipe->ipv6_percent, k, n + 1);
        }
        struct batch_node node = { .name = bytes_text(name),
                                   .identity = bytes_text(n % 3 ? name : "i-0123"),
                                   .role = bytes_text(n % 5 ? "" : "web"),
                                   .interface = bytes_text(interface),
                                   .own = own,
                                   .own_count = n % 4 };
        uint16_t id;
        require(batch_add_node(batch, &node, &id, &err), &err);
    }
    uint8_t log;
    require(batch_add_flow_log(batch, bytes_text("fl-1"), &log, &err), &err);
    require(batch_add_flow_log(batch, bytes_text("fl-2"), &log, &err), &err);
    for (uint32_t i = 0; i < recipe->coverage; i++) {
        struct batch_coverage row = { .node = (uint16_t)random_below(state, recipe->nodes),
                                      .kind = (uint8_t)(1 + random_below(state, 4)),
                                      .flow_log = (uint8_t)random_below(state, 2),
                                      .start_ms = (int64_t)random_below(state, 1u << 30) * 1000,
                                      .dropped = random_next(state) >> random_below(state, 64) };
        row.end_ms = row.start_ms + (int64_t)random_below(state, 600000);
        if (!batch_add_coverage(batch, &row)) {
            abort();
        }
    }
}

static inline void fill_random_row(struct batch *batch, const struct batch_recipe *recipe,
                                   uint32_t i, uint64_t *state) {
    uint32_t node = (uint32_t)random_below(state, recipe->nodes);
    uint32_t local = (uint32_t)random_below(state, recipe->locals);
    uint32_t peer = (uint32_t)random_below(state, recipe->peers);
    uint16_t codes[2] = {
        dictionary_code(&batch->addresses,
                        random_address(state, recipe->ipv6_percent, local, node + 1)),
        dictionary_code(&batch->addresses, random_address(state, recipe->ipv6_percent, peer, 0)),
    };
    uint64_t unit = recipe->unit_ms;
    uint64_t base = 1730000000000;
    uint64_t end = base + random_below(state, recipe->span_ms / unit + 1) * unit;
    uint64_t duration = random_below(state, recipe->duration_ms / unit + 1) * unit;
    bool wild = recipe->is_wild;
    batch->direction[i] = (uint8_t)random_below(state, 3);
    bool is_in = batch->direction[i] == DIRECTION_IN;
    batch->node[i] = (uint16_t)node;
    batch->src[i] = codes[is_in];
    batch->dst[i] = codes[!is_in];
    batch->end_ms[i] = (int64_t)end;
    batch->start_ms[i] = (int64_t)(end - duration);
    batch->bytes[i] = random_next(state) >> (64 - recipe->value_bits);
    batch->packets[i] = random_next(state) >> (64 - recipe->value_bits);
    batch->src_port[i] = (uint16_t)random_next(state);
    batch->dst_port[i] = (uint16_t)(wild ? random_next(state) : 443);
    batch->protocol[i] = (uint8_t)(wild ? random_next(state) : 6);
    batch->quality[i] = (uint16_t)(wild ? random_next(state) : QUALITY_NO_FLAGS);
    batch->tcp_flags[i] = (uint8_t)(wild ? random_next(state) : 0);
    batch->initiator[i] = (uint8_t)(wild ? random_below(state, 3) : INITIATOR_SRC);
    batch->action[i] = (uint8_t)(random_below(state, 20) == 0 ? ACTION_REJECT : ACTION_ACCEPT);
    batch->flow_log[i] = (uint8_t)(wild ? random_below(state, 2) : 0);
}

/* Replaces the batch by random records; its dictionary may have more addresses than they use. */
static inline void fill_random(struct batch *batch, const struct batch_recipe *recipe,
                               uint64_t seed) {
    uint64_t state = seed;
    struct error err = { 0 };
    batch_reset(batch);
    batch->stamp = (struct batch_stamp){ .feed = bytes_text("aws/1234/eu/fl-1"),
                                         .inc = 3,
                                         .partition = 1,
                                         .parts = 2,
                                         .num = 77,
                                         .flags = BATCH_LATE,
                                         .origin = ORIGIN_AWS,
                                         .low_ms = 1729999000000,
                                         .reach_ms = 600000,
                                         .unit_ms = 1000,
                                         .tick_ms = 10000 };
    fill_random_tables(batch, recipe, &state);
    for (uint32_t i = 0; i < recipe->count; i++) {
        fill_random_row(batch, recipe, i, &state);
        batch->count++;
    }
    for (uint32_t i = 0; i < recipe->labels && i < batch->addresses.count; i++) {
        struct batch_label label = { 0 };
        char pod[32];
        snprintf(pod, sizeof pod, "pod-%u", i);
        require(batch_add_string(batch, bytes_text(pod), &label.pod, &err), &err);
        require(batch_add_string(batch, bytes_text("default"), &label.namespace_, &err), &err);
        require(batch_set_label(batch, (uint16_t)(i * 3 % batch->addresses.count), label, &err),
                &err);
    }
    require(batch_check(batch, &err), &err);
}

static const struct batch *order_batch; /* qsort has no context; tests have one thread */

static inline int compare_addresses(struct address a, struct address b) {
    if (address_is_ipv4(a) != address_is_ipv4(b)) {
        return address_is_ipv4(a) ? -1 : 1;
    }
    return address_compare(a, b);
}

static inline int compare_rows(const void *left, const void *right) {
    const struct batch *b = order_batch;
    uint32_t l = *(const uint32_t *)left;
    uint32_t r = *(const uint32_t *)right;
    if (b->node[l] != b->node[r]) {
        return b->node[l] < b->node[r] ? -1 : 1;
    }
    int order = compare_addresses(b->addresses.values[batch_peer(b, l)],
                                  b->addresses.values[batch_peer(b, r)]);
    if (order != 0) {
        return order;
    }
    if (b->end_ms[l] != b->end_ms[r]) {
        return b->end_ms[l] < b->end_ms[r] ? -1 : 1;
    }
    return l < r ? -1 : 1;
}

/* The order of a frame's rows by a plain sort: `order` has room for all of them. */
static inline void frame_order(const struct batch *batch, uint32_t *order) {
    for (uint32_t i = 0; i < batch->count; i++) {
        order[i] = i;
    }
    order_batch = batch;
    qsort(order, batch->count, sizeof *order, compare_rows);
}

#define SAME(what)                                                                                 \
    if (!(what)) {                                                                                 \
        fprintf(stderr, "differs: %s (row %u)\n", #what, i);                                       \
        return false;                                                                              \
    }

static inline bool same_tables(const struct batch *a, const struct batch *b) {
    uint32_t i = 0;
    SAME(a->node_count == b->node_count && a->flow_log_count == b->flow_log_count);
    SAME(a->coverage_count == b->coverage_count);
    SAME(bytes_equal(a->stamp.feed, b->stamp.feed));
    SAME(a->stamp.num == b->stamp.num && a->stamp.low_ms == b->stamp.low_ms);
    SAME(a->stamp.reach_ms == b->stamp.reach_ms && a->stamp.origin == b->stamp.origin);
    for (i = 0; i < a->node_count; i++) {
        const struct batch_node *x = &a->nodes[i];
        const struct batch_node *y = &b->nodes[i];
        SAME(bytes_equal(x->name, y->name) && bytes_equal(x->identity, y->identity));
        SAME(bytes_equal(x->role, y->role) && bytes_equal(x->interface, y->interface));
        SAME(x->own_count == y->own_count);
        SAME(x->own_count == 0 || memcmp(x->own, y->own, x->own_count * sizeof *x->own) == 0);
    }
    for (i = 0; i < a->flow_log_count; i++) {
        SAME(bytes_equal(a->flow_logs[i], b->flow_logs[i]));
    }
    for (i = 0; i < a->coverage_count; i++) {
        const struct batch_coverage *x = &a->coverage[i];
        const struct batch_coverage *y = &b->coverage[i];
        SAME(x->node == y->node && x->kind == y->kind && x->flow_log == y->flow_log);
        SAME(x->start_ms == y->start_ms && x->end_ms == y->end_ms && x->dropped == y->dropped);
    }
    return true;
}

static inline bool same_label(const struct batch *a, uint16_t code_a, const struct batch *b,
                              uint16_t code_b) {
    struct batch_label none = { 0 };
    struct batch_label x = a->labels == NULL ? none : a->labels[code_a];
    struct batch_label y = b->labels == NULL ? none : b->labels[code_b];
    struct bytes empty = { 0 };
    return bytes_equal(x.pod == 0 ? empty : a->strings[x.pod],
                       y.pod == 0 ? empty : b->strings[y.pod]) &&
           bytes_equal(x.namespace_ == 0 ? empty : a->strings[x.namespace_],
                       y.namespace_ == 0 ? empty : b->strings[y.namespace_]);
}

/* Whether `decoded` holds exactly the records of `batch`, in the order of a frame, and its tables.
 */
static inline bool same_records(const struct batch *batch, const struct batch *decoded) {
    uint32_t i = 0;
    SAME(batch->count == decoded->count);
    if (!same_tables(batch, decoded)) {
        return false;
    }
    uint32_t *order = malloc((batch->count + 1) * sizeof *order);
    frame_order(batch, order);
    bool same = true;
    for (i = 0; i < batch->count && same; i++) {
        uint32_t k = order[i];
#define FIELD(column) (batch->column[k] == decoded->column[i])
        same = FIELD(start_ms) && FIELD(end_ms) && FIELD(bytes) && FIELD(packets) &&
               FIELD(src_port) && FIELD(dst_port) && FIELD(node) && FIELD(quality) &&
               FIELD(protocol) && FIELD(tcp_flags) && FIELD(direction) && FIELD(initiator) &&
               FIELD(action) && FIELD(flow_log) &&
               address_equal(batch->addresses.values[batch->src[k]],
                             decoded->addresses.values[decoded->src[i]]) &&
               address_equal(batch->addresses.values[batch->dst[k]],
                             decoded->addresses.values[decoded->dst[i]]) &&
               same_label(batch, batch->src[k], decoded, decoded->src[i]) &&
               same_label(batch, batch->dst[k], decoded, decoded->dst[i]);
#undef FIELD
    }
    free(order);
    if (!same) {
        fprintf(stderr, "place %u differs\n", i - 1);
    }
    return same;
}

#endif
