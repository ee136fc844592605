/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FLOWTABLE_H
#define WEIR_INGEST_FLOWTABLE_H

#include "flow/batch.h"
#include "ingest/packet.h"

/* Packets -> flows. An entry is a conversation (both endpoints, protocol, log), and holds each of
 * its two ways. What comes out, and in which order, is a function of the packets alone.
 *
 * The clock is event time: the largest packet time so far. Two rules say when flows end:
 *
 * - With ticks (`tick_ms` > 0; what feeds a detector): at the first packet of a later tick every
 *   flow ends, so that no flow crosses the window that it is counted in.
 * - With time-outs (what is stored): a flow ends when it was idle for `idle_ms`, and when it would
 *   last `active_ms` or longer. Both hold exactly, packet by packet; every `expiry` / 8 of event
 *   time a sweep takes out what is idle, where `expiry` is the smaller of the two.
 *
 * A packet that is older than the clock by less than `back` (the tick, or `idle_ms`) joins what is
 * open; with ticks it counts at the start of the one that is open. An older one ends everything,
 * and the clock goes on from there: a single packet with a wrong time, ahead or behind, costs one
 * cut and nothing for good.
 *
 * So a flow's end is never older than the newest end given before it by flowtable_lateness_ms, and
 * it lasts less than flowtable_reach_ms (flowtable.c has the arithmetic).
 *
 * Memory: 64 bytes a flow of IPv4, 96 of IPv6, and 16 to 32 of slots; at `flows_max` open flows all
 * of them end, which loses no packet. Hashes are keyed by a secret, so nobody can choose flows that
 * collide; the output does not depend on it. One thread at a time. */

#define FLOWTABLE_FLOWS_MAX_DEFAULT (1u << 20)
#define FLOWTABLE_FLOWS_MAX (1u << 26)
/* A flow is kept for less than this in any case: 49.7 days. */
#define FLOWTABLE_NEVER_MS INT64_C(0xffffffff)
/* The logs that flows can be told apart by. */
#define FLOWTABLE_LOGS_MAX 128u

struct flowtable_options {
    int64_t tick_ms;    /* 0: time-outs */
    int64_t active_ms;  /* 0, or more than FLOWTABLE_NEVER_MS: the latter */
    int64_t idle_ms;    /* the same */
    uint32_t flows_max; /* 0: the default */
};

/* D and lateness of flows that come out under these options (docs/ARCHITECTURE.md, "Time"). */
int64_t flowtable_reach_ms(const struct flowtable_options *options);
int64_t flowtable_lateness_ms(const struct flowtable_options *options);

struct flow_packet {
    struct packet packet;
    int64_t time_ms; /* 0 to BATCH_TIME_MAX_MS */
    uint8_t log;     /* below FLOWTABLE_LOGS_MAX */
};

/* Packets of one way of a flow. */
struct flow_way {
    int64_t first_ms;
    int64_t last_ms;
    uint64_t bytes;
    uint64_t packets; /* 0: none, and nothing else is set */
    uint8_t tcp_flags;
    bool has_flags; /* those of one packet at least were captured */
};

struct flow {
    struct address a;
    struct address b;
    uint16_t a_port;
    uint16_t b_port;
    uint8_t protocol;
    uint8_t log;
    bool is_opened_by_b;
    bool is_opener_inferred; /* from the first packet: no SYN was seen */
    struct flow_way way[2];  /* from a to b, from b to a */
};

struct flowtable;

/* Errors: ERROR_LIMIT. */
bool flowtable_new(struct flowtable **out, const struct flowtable_options *options,
                   struct error *err);
/* Accepts NULL. */
void flowtable_free(struct flowtable *table);

/* Adds packets in their order; `*taken` says how many. When that is fewer than `count`, flows have
 * ended: take them all, then add the rest. Errors: ERROR_LIMIT (memory). */
bool flowtable_add(struct flowtable *table, const struct flow_packet *packets, size_t count,
                   size_t *taken, struct error *err);

/* Ends all open flows; for the end of an object. */
void flowtable_cut(struct flowtable *table);

/* The next flow that has ended; false when there is none (now). */
bool flowtable_take(struct flowtable *table, struct flow *out);

/* Open flows, and those that ended and were not taken. */
uint32_t flowtable_count(const struct flowtable *table);
/* How often all flows were ended since there were `flows_max`. */
uint64_t flowtable_overflows(const struct flowtable *table);

#endif
