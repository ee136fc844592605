/* SPDX-License-Identifier: Apache-2.0 */
/* What does it cost to join the conversations of a window with those of earlier ones, and to
 * measure the features of its nodes? Data: NODES nodes whose conversations begin, are answered and
 * end within a window or a few, as in flow logs of a minute. The peer is the least that any join
 * must do: one pass over the same strands that adds up their bytes.
 *
 * Prints ns of the thread's processor time a conversation and a strand, for the table as it is
 * after WARM windows: the mean of RUNS windows, since every third or so of them sweeps as well. */
#include "detect/feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NODES 1000u
#define CONVERSATIONS 300u /* a node and window */
#define KEPT 60u           /* of them, as often from the window before */
#define WARM 6
#define RUNS 21
#define WINDOW_MS INT64_C(60000)

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct spread_of {
    double mean;
    double least;
    double most;
};

static struct spread_of spread_of(const double *runs) {
    struct spread_of spread = { 0, runs[0], runs[0] };
    for (int i = 0; i < RUNS; i++) {
        spread.mean += runs[i] / RUNS;
        spread.least = runs[i] < spread.least ? runs[i] : spread.least;
        spread.most = runs[i] > spread.most ? runs[i] : spread.most;
    }
    return spread;
}

/* Conversation `serial` of a node, as two strands: a client's port, one of 50 peers, HTTPS. */
static void make_strands(struct strand *strands, uint32_t node, uint64_t serial) {
    uint64_t random = (serial + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)node << 40;
    random = (random ^ random >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    strands[0] = (struct strand){ .local = address_from_ipv4(0x0a000000 | node),
                                  .peer = address_from_ipv4((uint32_t)(random >> 40) % 50),
                                  .bytes = 1000,
                                  .packets = 8,
                                  .flows = 1,
                                  .point = node,
                                  .first = (uint32_t)(random & 0x7fff),
                                  .last = 50000,
                                  .local_port = (uint16_t)(32768 + serial % 28000),
                                  .peer_port = 443,
                                  .protocol = 6,
                                  .direction = DIRECTION_OUT };
    strands[1] = strands[0];
    strands[1].direction = DIRECTION_IN;
    strands[1].first++;
}

struct bench {
    struct exchange exchange;
    struct peer_grouping grouping;
    struct fleet fleet;
    struct features features;
    struct roster roster;
    struct strand *strands;
    double feature_ns;
};

static void fill(struct bench *bench, int64_t number) {
    uint64_t first = (uint64_t)number * (CONVERSATIONS - KEPT);
    for (uint32_t node = 0; node < NODES; node++) {
        for (uint32_t i = 0; i < CONVERSATIONS; i++) {
            make_strands(&bench->strands[2 * (node * CONVERSATIONS + i)], node, first + i);
        }
    }
}

static double run_window(struct bench *bench, int64_t number, struct error *err) {
    int64_t start_ms = (28000000 + number) * WINDOW_MS;
    double feature_ns = 0;
    double begin = now_ns();
    fleet_enter(&bench->fleet, start_ms / 3600000);
    exchange_begin(&bench->exchange,
                   &(struct exchange_window){ start_ms, start_ms + WINDOW_MS, 0 });
    for (uint32_t node = 0; node < NODES; node++) {
        struct exchange_row *rows;
        uint32_t count;
        const struct strand *strands = &bench->strands[2 * node * CONVERSATIONS];
        bool ok = true;
        for (uint32_t i = 0; i < 2 * CONVERSATIONS && ok; i++) {
            ok = exchange_take(&bench->exchange, &strands[i], err);
        }
        if (!ok || !exchange_node(&bench->exchange, node, &rows, &count, err)) {
            return -1;
        }
        struct feature_view view = { .node = node,
                                     .name_hash = node,
                                     .quality = METRIC_OBSERVED,
                                     .start_ms = start_ms,
                                     .end_ms = start_ms + WINDOW_MS };
        struct feature_values values;
        double joined = now_ns();
        if (!features_measure(&bench->features, &view, &bench->exchange, rows, count, &values,
                              err)) {
            return -1;
        }
        feature_ns += now_ns() - joined;
    }
    bool is_ended = exchange_end(&bench->exchange, &bench->roster, err);
    bench->feature_ns = feature_ns;
    return is_ended ? now_ns() - begin - feature_ns : -1;
}

static double run_sum(struct bench *bench) {
    uint64_t sum = 0;
    double begin = now_ns();
    for (uint32_t i = 0; i < 2 * NODES * CONVERSATIONS; i++) {
        sum += bench->strands[i].bytes;
    }
    __asm__ volatile("" ::"r"(sum));
    return now_ns() - begin;
}

/* Returns the mean of a window. */
static double print_line(const char *name, const double *runs) {
    double conversations = (double)NODES * CONVERSATIONS;
    struct spread_of spread = spread_of(runs);
    printf("%-8s %6.1f ns a conversation (%.1f to %.1f), %.1f a strand\n", name,
           spread.mean / conversations, spread.least / conversations, spread.most / conversations,
           spread.mean / conversations / 2);
    return spread.mean;
}

int main(void) {
    static struct bench bench;
    double joins[RUNS];
    double features[RUNS];
    double sums[RUNS];
    struct error err;
    struct exchange_settings settings = { 1u << 22, EXCHANGE_REPLY_MS };
    bench.strands = malloc((size_t)2 * NODES * CONVERSATIONS * sizeof *bench.strands);
    roster_init(&bench.roster, NODES);
    bool ok = bench.strands != NULL && exchange_init(&bench.exchange, &settings, &err) &&
              fleet_init(&bench.fleet, 1u << 16, &err) &&
              peer_grouping_init(&bench.grouping, NULL, peer_prefixes, peer_prefix_count, &err);
    features_init(&bench.features, &bench.grouping, &bench.fleet);
    for (int64_t number = 0; number < WARM + RUNS && ok; number++) {
        fill(&bench, number);
        double join = run_window(&bench, number, &err);
        ok = join >= 0;
        if (number >= WARM) {
            joins[number - WARM] = join;
            features[number - WARM] = bench.feature_ns;
            sums[number - WARM] = run_sum(&bench);
        }
    }
    if (!ok) {
        fprintf(stderr, "exchange_bench: no memory\n");
        return 1;
    }
    printf("%u nodes, %u conversations each a window, %.0f %% of them known; mean of %d windows\n",
           NODES, CONVERSATIONS, 100.0 * KEPT / CONVERSATIONS, RUNS);
    double join = print_line("join", joins);
    double measure = print_line("features", features);
    double sum = print_line("sum", sums);
    printf("join and features are %.1f passes over the strands\n", (join + measure) / sum);
    printf("%u open conversations, %.0f bytes each with slots and spare room\n",
           bench.exchange.entry_count,
           (double)exchange_memory_bytes(&bench.exchange) / bench.exchange.entry_count);
    printf("a node: %zu bytes of ports, %zu of peers (at most %zu)\n", sizeof(struct port_use),
           (size_t)features_node_bytes(&bench.features, 0),
           sizeof(struct feature_node) +
               ACQUAINTANCE_SLOTS_MAX * sizeof(struct acquaintance_entry));
    features_done(&bench.features);
    exchange_done(&bench.exchange);
    fleet_done(&bench.fleet);
    peer_grouping_done(&bench.grouping);
    roster_done(&bench.roster);
    free(bench.strands);
    return 0;
}
