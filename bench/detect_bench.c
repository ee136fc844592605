/* SPDX-License-Identifier: Apache-2.0 */
/* What does the detector cost a record, and what memory does it hold? Random batches: nearly every
 * record a conversation of its own, 2,000 records a second of event time, flows of up to 60 s, 20
 * minutes of windows open. No peer: the figure is a part of what replay_bench compares. */
#include "detect/detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define NODES 400u
#define RECORDS_PER_S 2000u
#define OPEN_MS INT64_C(1200000)
#define START_MS INT64_C(1730000000000)

static uint64_t state = UINT64_C(88172645463325252);

static uint64_t random_bits(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint32_t below(uint32_t count) {
    return (uint32_t)((random_bits() >> 32) * count >> 32);
}

/* Log-uniform in [0, count). */
static uint32_t skewed(uint32_t count) {
    return (uint32_t)(pow(count, (double)(random_bits() >> 11) / 9007199254740992.0) - 1);
}

static bool add_nodes(struct batch *batch, struct error *err) {
    for (uint32_t n = 0; n < NODES; n++) {
        char text[32];
        int size = snprintf(text, sizeof text, "eni-%08x%09x", n * 2654435761u, n);
        struct address own = address_from_ipv4(10u << 24 | n / 250 << 8 | (n % 250 + 1));
        struct batch_node node = { .name = bytes_of(text, (size_t)size),
                                   .identity = bytes_of(text, (size_t)size),
                                   .interface = bytes_of(text, (size_t)size),
                                   .own = &own,
                                   .own_count = 1 };
        uint16_t id;
        if (!batch_add_node(batch, &node, &id, err)) {
            return false;
        }
    }
    uint8_t flow_log;
    return batch_add_flow_log(batch, bytes_text("fl-1"), &flow_log, err);
}

static const uint16_t ports[] = { 443, 80,  22,   53,   5432, 6379,  9092, 8080,
                                  25,  123, 3306, 9200, 2379, 10250, 6443, 8443 };

static void fill_row(struct batch *batch, int64_t end_ms) {
    uint32_t i = batch->count++;
    uint32_t node = skewed(NODES);
    uint32_t own = 10u << 24 | node / 250 << 8 | (node % 250 + 1);
    uint32_t peer = below(3) != 0 ? (52 + skewed(100)) << 24 | skewed(65000) * 37
                                  : 10u << 24 | skewed(NODES) / 250 << 8 | (skewed(250) + 1);
    bool is_out = below(2) == 0;
    uint16_t own_code = dictionary_code(&batch->addresses, address_from_ipv4(own));
    uint16_t peer_code = dictionary_code(&batch->addresses, address_from_ipv4(peer));
    uint16_t service = ports[skewed(16)];
    uint16_t ephemeral = (uint16_t)(32768 + below(28000));
    bool is_served = below(2) == 0;
    batch->start_ms[i] = end_ms - 1000 * (int64_t)below(60);
    batch->end_ms[i] = end_ms;
    batch->packets[i] = 1 + skewed(5000);
    batch->bytes[i] = batch->packets[i] * (40 + below(1400));
    batch->src[i] = is_out ? own_code : peer_code;
    batch->dst[i] = is_out ? peer_code : own_code;
    batch->src_port[i] = is_served ? service : ephemeral;
    batch->dst_port[i] = is_served ? ephemeral : service;
    batch->node[i] = (uint16_t)node;
    batch->quality[i] = QUALITY_NO_FLAGS;
    batch->protocol[i] = below(10) != 0 ? 6 : 17;
    batch->tcp_flags[i] = 0;
    batch->direction[i] = is_out ? DIRECTION_OUT : DIRECTION_IN;
    batch->initiator[i] = INITIATOR_UNKNOWN;
    batch->action[i] = below(20) != 0 ? ACTION_ACCEPT : ACTION_REJECT;
    batch->flow_log[i] = 0;
}

static bool take_alert(void *context, const struct alert *alert, struct error *err) {
    (void)context;
    (void)alert;
    (void)err;
    return true;
}

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* cannot fail for a valid clock */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One batch, again and again: in a replay too the parser has just written what the detector reads.
 */
#define RING 1u

int main(int argc, char **argv) {
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    int64_t reach_ms = argc > 2 ? atoll(argv[2]) : 600000;
    int64_t step_ms = 1000 * (int64_t)(BATCH_RECORDS_MAX / RECORDS_PER_S);
    struct error err = { 0 };
    struct detector_config config;
    detector_config_init(&config);
    struct alert_sink sink = { .emit = take_alert };
    struct detector *detector;
    static struct batch ring[RING];
    bool ok = detector_new(&detector, &config, &sink, &err);
    for (uint32_t r = 0; r < RING && ok; r++) {
        ok = batch_init(&ring[r], &err);
        if (ok) {
            batch_reset(&ring[r]);
            ok = add_nodes(&ring[r], &err);
        }
        for (uint32_t i = 0; i < BATCH_RECORDS_MAX && ok; i++) {
            fill_row(&ring[r], START_MS + step_ms * r + 1000 * (int64_t)(i / RECORDS_PER_S));
        }
    }
    /* The batches are made once and moved on in time, so that only the detector is timed. */
    double add_s = 0;
    double advance_s = 0;
    uint64_t added = 0;
    uint64_t memory_most = 0;
    int64_t now_ms = START_MS;
    for (uint64_t n = 0; added < records && ok; n++) {
        struct batch *batch = &ring[n % RING];
        batch->stamp = (struct batch_stamp){ .unit_ms = 1000, .reach_ms = reach_ms };
        double begin = seconds();
        ok = detector_add(detector, batch, &err);
        double middle = seconds();
        now_ms += step_ms;
        ok = ok && detector_advance(detector, now_ms - OPEN_MS, &err);
        advance_s += seconds() - middle;
        add_s += middle - begin;
        added += batch->count;
        uint64_t memory = detector_counts(detector).memory_bytes;
        memory_most = memory > memory_most ? memory : memory_most;
        int64_t shift_ms = step_ms * RING;
        for (uint32_t i = 0; i < batch->count; i++) {
            batch->start_ms[i] += shift_ms;
            batch->end_ms[i] += shift_ms;
        }
    }
    if (!ok) {
        (void)fprintf(stderr, "detect_bench: %s\n", err.message);
        return 1;
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for RUSAGE_SELF */
    struct detector_counts counts = detector_counts(detector);
    printf(
        "detect: %llu records, %llu windows, add %.1f ns a record, close %.1f ns a record, cells "
        "%.1f MiB at most, RSS %.1f MiB, cut %llu\n",
        (unsigned long long)added, (unsigned long long)counts.windows, add_s * 1e9 / (double)added,
        advance_s * 1e9 / (double)added, (double)memory_most / (1 << 20),
        (double)usage.ru_maxrss / 1024, (unsigned long long)counts.cells_cut);
    detector_free(detector);
    for (uint32_t r = 0; r < RING; r++) {
        batch_done(&ring[r]);
    }
    return 0;
}
