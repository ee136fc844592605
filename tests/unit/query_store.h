/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_QUERY_STORE_H
#define WEIR_TESTS_UNIT_QUERY_STORE_H

#include "query/query.h"
#include "store/store.h"
#include "tests/unit/scratch.h"

/* A store of random batches, and beside it the same records as a plain list: what a query's answer
 * is held against. */

#define PLAIN_MAX 4096
#define PLAIN_SKIPS_MAX 64
#define STORE_BASE_MS INT64_C(1772000000000) /* 2026-02-25T06:13:20Z */
#define STORE_UNIT_MS 1000
#define STORE_REACH_MS 600000

struct plain {
    struct query_row rows[PLAIN_MAX];
    size_t count;
    int64_t skips[PLAIN_SKIPS_MAX][2]; /* SKIPDATA and drops: [start, end) */
    size_t skip_count;
};

static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline uint64_t random_below(uint64_t *state, uint64_t end) {
    return (random_next(state) >> 11) % end;
}

static inline void require(bool ok, const struct error *err) {
    if (!ok) {
        fprintf(stderr, "%s\n", err->message);
        abort();
    }
}

static inline void commit_flows(struct store *store) {
    struct error err = { 0 };
    struct buffer state;
    buffer_init(&state, 1);
    require(store_commit(store, &state, &err), &err);
    buffer_done(&state);
}

static const char *const plain_nodes[] = { "web-1", "web-2", "db", "", "n\xc3\xb6\"de,\n" };
static const char *const plain_logs[] = { "fl-a", "fl-b" };

static inline struct address plain_address(uint64_t *seed) {
    uint64_t n = random_below(seed, 12);
    return n < 8 ? address_from_ipv4(0x0a000000u + (uint32_t)n)
                 : (struct address){ .high = UINT64_C(0x20010db800000000), .low = n };
}

static inline struct query_row plain_row(uint64_t *seed, bool is_future) {
    struct query_row row = {
        .bytes = random_below(seed, 20) == 0 ? 5000 : random_below(seed, 100000),
        .packets = 1 + random_below(seed, 50),
        .src = plain_address(seed),
        .dst = plain_address(seed),
        .node = bytes_text(plain_nodes[random_below(seed, 5)]),
        .flow_log = bytes_text(plain_logs[random_below(seed, 2)]),
        .src_port = (uint16_t)(40000 + random_below(seed, 6)),
        .dst_port = (uint16_t)(random_below(seed, 2) ? 443 : 53),
        .quality = random_below(seed, 7) == 0 ? QUALITY_TWIN : 0,
        .protocol = random_below(seed, 3) ? 6 : 17,
        .tcp_flags = (uint8_t)random_below(seed, 64),
        .direction = (uint8_t)random_below(seed, 3),
        .initiator = (uint8_t)random_below(seed, 3),
        .action = (uint8_t)random_below(seed, 3),
    };
    int64_t second = (int64_t)random_below(seed, 6 * 3600);
    row.end_ms = STORE_BASE_MS + second * 1000 + (is_future ? INT64_C(3153600000000) : 0);
    row.start_ms = row.end_ms - (int64_t)random_below(seed, 900) * 1000;
    return row;
}

static inline void put_row(struct batch *batch, const struct query_row *row) {
    struct error err = { 0 };
    uint32_t i = batch->count++;
    struct batch_node node = { .name = row->node, .identity = row->node, .interface = row->node };
    require(batch_add_node(batch, &node, &batch->node[i], &err), &err);
    require(batch_add_flow_log(batch, row->flow_log, &batch->flow_log[i], &err), &err);
    batch->start_ms[i] = row->start_ms;
    batch->end_ms[i] = row->end_ms;
    batch->bytes[i] = row->bytes;
    batch->packets[i] = row->packets;
    batch->src[i] = dictionary_code(&batch->addresses, row->src);
    batch->dst[i] = dictionary_code(&batch->addresses, row->dst);
    batch->src_port[i] = row->src_port;
    batch->dst_port[i] = row->dst_port;
    batch->quality[i] = row->quality;
    batch->protocol[i] = row->protocol;
    batch->tcp_flags[i] = row->tcp_flags;
    batch->direction[i] = row->direction;
    batch->initiator[i] = row->initiator;
    batch->action[i] = row->action;
}

static inline void stamp_batch(struct batch *batch, uint64_t num, uint32_t flags) {
    static const char *const feeds[] = { "1/eu/fl-a", "1/eu/fl-b", "folder" };
    batch->stamp = (struct batch_stamp){
        .feed = bytes_text(feeds[num % 3]),
        .inc = 1,
        .parts = 1,
        .num = 1 + num / 3,
        .flags = flags,
        .origin = ORIGIN_AWS,
        .reach_ms = STORE_REACH_MS,
        .unit_ms = STORE_UNIT_MS,
        .tick_ms = 10000,
    };
}

static inline void add_skip(struct batch *batch, struct plain *plain, uint64_t *seed) {
    struct error err = { 0 };
    struct batch_coverage row = { .kind = (uint8_t)(COVERAGE_OBSERVED + random_below(seed, 4)) };
    struct batch_node node = { .name = bytes_text("web-1"),
                               .identity = bytes_text("web-1"),
                               .interface = bytes_text("web-1") };
    require(batch_add_node(batch, &node, &row.node, &err), &err);
    require(batch_add_flow_log(batch, bytes_text("fl-a"), &row.flow_log, &err), &err);
    row.start_ms = STORE_BASE_MS + (int64_t)random_below(seed, 360) * 60000;
    row.end_ms = row.start_ms + 60000;
    if (row.kind >= COVERAGE_SKIPPED) {
        plain->skips[plain->skip_count][0] = row.start_ms;
        plain->skips[plain->skip_count++][1] = row.end_ms;
    }
    if (!batch_add_coverage(batch, &row)) {
        abort();
    }
}

/* A store of `batches` random batches in `folder`, each as its own segment entry; the same records
 * in `plain`. */
static inline void make_store(const char *folder, struct plain *plain, uint64_t batches,
                              uint64_t *seed) {
    struct error err = { 0 };
    struct store *store;
    struct batch batch;
    *plain = (struct plain){ .count = 0 };
    require(batch_init(&batch, &err), &err);
    require(store_open(&store, folder, STORE_NEW, &err), &err);
    for (uint64_t b = 0; b < batches; b++) {
        bool is_future = b % 9 == 8;
        batch_reset(&batch);
        stamp_batch(&batch, b, is_future ? BATCH_FUTURE : b % 5 == 4 ? BATCH_LATE : 0);
        uint64_t count = random_below(seed, 130);
        for (uint64_t i = 0; i < count; i++) {
            plain->rows[plain->count] = plain_row(seed, is_future);
            put_row(&batch, &plain->rows[plain->count++]);
        }
        if (b % 4 == 0 && !is_future) {
            add_skip(&batch, plain, seed);
        }
        require(flows_add(store_flows(store), &batch, &err), &err);
    }
    commit_flows(store);
    store_close(store);
    batch_done(&batch);
}

#endif
