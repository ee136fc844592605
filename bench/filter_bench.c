/* SPDX-License-Identifier: Apache-2.0 */
/* How many records a second does a filter judge, batch by batch, against filter_match_record called
 * for each record (the plain definition) over the same batch in the same run? Synthetic batch:
 * 32,768 records, 4,096 addresses, 64 nodes; columns in the cache. Medians of ROUNDS alternating
 * pairs. */
#include "flow/filter_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 7
#define REPEATS 40 /* batches a round for the vectorised side; a tenth of it for the plain one */
#define ADDRESSES 4096u
#define NODES 64u

static const char *const texts[] = {
    "host 10.0.0.77",
    "src 10.0.8.0/24",
    "internet",
    "dst port 443",
    "port in {22, 80, 443, 3306, 5432, 6379, 8000-8100}",
    "bytes > 10k",
    "bps > 1M",
    "node ~ node-1*",
    "out and internet and bytes > 10k",
    "tcp and dst port in {80, 443} and not (src 10.0.8.0/24 or flags R)",
    "community-id 1:LQU9qZlK+B5F3KDmev6m5PMibrg= and host 10.0.0.77",
};
#define TEXTS (sizeof texts / sizeof *texts)

static double now_ns(void) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static uint64_t random_u64(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void fill_record(struct batch *batch, uint32_t i, uint64_t *state) {
    static const uint16_t services[] = { 22, 53, 80, 443, 443, 443, 3306, 8080 };
    uint64_t r = random_u64(state);
    batch->src[i] = (uint16_t)(r % ADDRESSES);
    batch->dst[i] = (uint16_t)((r >> 16) % ADDRESSES);
    batch->src_port[i] = (uint16_t)(32768 + (r >> 50));
    batch->dst_port[i] = services[r >> 32 & 7];
    batch->protocol[i] = r >> 35 & 1 ? 6 : 17;
    batch->tcp_flags[i] = (uint8_t)(r >> 36 & 31);
    batch->quality[i] = 0;
    batch->direction[i] = (uint8_t)(1 + (r >> 41 & 1));
    batch->initiator[i] = INITIATOR_SRC;
    batch->action[i] = ACTION_ACCEPT;
    batch->node[i] = (uint16_t)(r >> 42 & (NODES - 1));
    batch->flow_log[i] = 0;
    batch->bytes[i] = random_u64(state) >> (44 + r % 16);
    batch->packets[i] = 1 + batch->bytes[i] / 800;
    batch->start_ms[i] = 1700000000000 + (int64_t)(r >> 20 & 0xffff);
    batch->end_ms[i] = batch->start_ms[i] + (int64_t)(r >> 8 & 0xffff);
}

static bool make_batch(struct batch *batch, struct error *err) {
    uint64_t state = 20261124;
    if (!batch_init(batch, err)) {
        return false;
    }
    for (uint32_t i = 0; i < ADDRESSES; i++) { /* half private, half public */
        uint32_t ipv4 = i % 2 == 0 ? UINT32_C(0x0a000000) + i : UINT32_C(0x34000000) + i * 7919;
        (void)dictionary_code(&batch->addresses, address_from_ipv4(ipv4));
    }
    for (uint32_t i = 0; i < NODES; i++) {
        char name[16];
        uint16_t id;
        (void)snprintf(name, sizeof name, "node-%u", i);
        struct batch_node node = { .name = bytes_text(name), .identity = bytes_text(name) };
        if (!batch_add_node(batch, &node, &id, err)) {
            return false;
        }
    }
    uint8_t log;
    if (!batch_add_flow_log(batch, bytes_text("fl"), &log, err)) {
        return false;
    }
    batch->stamp.unit_ms = 1000;
    batch->count = BATCH_RECORDS_MAX;
    for (uint32_t i = 0; i < batch->count; i++) {
        fill_record(batch, i, &state);
    }
    return true;
}

/* ns a record */
static double time_batches(const struct filter *filter, struct filter_scratch *scratch,
                           const struct batch *batch, uint32_t *matched) {
    static uint64_t bits[BATCH_RECORDS_MAX / 64];
    double begin = now_ns();
    for (int i = 0; i < REPEATS; i++) {
        *matched = filter_match(filter, scratch, batch, bits);
    }
    return (now_ns() - begin) / ((double)REPEATS * batch->count);
}

static double time_records(const struct filter *filter, const struct batch *batch,
                           uint32_t *matched) {
    double begin = now_ns();
    for (int i = 0; i < REPEATS / 10; i++) {
        *matched = 0;
        for (uint32_t record = 0; record < batch->count; record++) {
            *matched += filter_match_record(filter, batch, record);
        }
    }
    return (now_ns() - begin) / ((double)(REPEATS / 10) * batch->count);
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static bool run(const char *text, struct filter_scratch *scratch, const struct batch *batch,
                struct error *err) {
    struct filter *wide = NULL;
    struct filter *scalar = NULL;
    if (!filter_compile(&wide, bytes_text(text), err) ||
        !filter_compile_with(&scalar, bytes_text(text), &filter_kernel_scalar, err)) {
        filter_free(wide);
        return false;
    }
    double times[3][ROUNDS];
    uint32_t matched[3];
    for (int round = 0; round < ROUNDS; round++) {
        times[0][round] = time_batches(wide, scratch, batch, &matched[0]);
        times[1][round] = time_batches(scalar, scratch, batch, &matched[1]);
        times[2][round] = time_records(wide, batch, &matched[2]);
    }
    filter_free(wide);
    filter_free(scalar);
    for (int i = 0; i < 3; i++) {
        qsort(times[i], ROUNDS, sizeof times[i][0], compare);
    }
    const double *best = times[0];
    printf("%8.1f %8.3f %8.3f %8.2f %6.0fx  %.2f-%.2f  %6.2f%%  %s\n", 1e3 / best[ROUNDS / 2],
           best[ROUNDS / 2], times[1][ROUNDS / 2], times[2][ROUNDS / 2],
           times[2][ROUNDS / 2] / best[ROUNDS / 2], best[0], best[ROUNDS - 1],
           100.0 * matched[0] / batch->count, text);
    if (matched[0] != matched[1] || matched[0] != matched[2]) {
        return error_set(err, ERROR_FORMAT, "the three disagree: %s", text);
    }
    return true;
}

int main(void) {
    struct error err;
    struct batch batch;
    struct filter_scratch *scratch = filter_scratch_new(&err);
    bool is_done = scratch != NULL && make_batch(&batch, &err);
    printf("M records/s, ns a record: %s, scalar, record by record; ratio; spread; matched\n",
           filter_kernel_best()->name);
    for (size_t i = 0; is_done && i < TEXTS; i++) {
        is_done = run(texts[i], scratch, &batch, &err);
    }
    if (!is_done) {
        fprintf(stderr, "filter_bench: %s\n", err.message);
        return 1;
    }
    batch_done(&batch);
    filter_scratch_free(scratch);
    return 0;
}
