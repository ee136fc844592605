/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_FLOW_H
#define WEIR_TESTS_GEN_FLOW_H

#include "tests/gen/gen_conversation.h"

/* From conversations to what interfaces record of them: each of our two ends records both
 * directions by itself, cut at the bounds of its own aggregation intervals. */

#define GEN_INTERVAL_S 60u
#define GEN_RING_MINUTES 64u

/* What an interface records of one direction in one interval. */
struct gen_record {
    struct address peer;
    uint64_t bytes;
    uint64_t packets;
    uint32_t start_s; /* Unix time; good until 2106 */
    uint32_t end_s;
    uint32_t node;
    uint16_t own_port;
    uint16_t peer_port;
    uint16_t event;
    uint8_t pod;
    uint8_t protocol;
    uint8_t tcp_flags; /* as AWS reports them: FIN 1, SYN 2, RST 4, SYN-ACK 18 */
    bool is_egress;
    bool is_rejected;
};

struct gen_records {
    struct gen_record *rows;
    uint32_t count;
    uint32_t capacity;
};

/* Records by the minute in which their interval ends. Memory is bounded by `rows_max` a minute. */
struct gen_ring {
    const struct gen_fleet *fleet;
    uint64_t end_s; /* nothing is recorded of this second and later */
    uint32_t rows_max;
    bool is_full; /* latched: a record did not fit, or there was no memory */
    struct gen_records minutes[GEN_RING_MINUTES];
};

void gen_ring_init(struct gen_ring *ring, const struct gen_fleet *fleet, uint64_t end_s);
/* Accepts a zeroed ring. */
void gen_ring_done(struct gen_ring *ring);

/* Adds what both ends record. A conversation that outlasts the ring's end loses what comes after;
 * its counts are then those up to the end. */
void gen_ring_add(struct gen_ring *ring, const struct gen_conversation *conversation);
struct gen_sink gen_ring_sink(struct gen_ring *ring);

/* The records whose intervals end in minute `minute` (Unix minutes). To be emptied by the caller
 * (count = 0) before the ring comes round. */
struct gen_records *gen_ring_minute(struct gen_ring *ring, uint64_t minute);

/* Appends one record; false (and nothing) at `rows_max` or without memory. */
bool gen_records_append(struct gen_records *records, const struct gen_record *record,
                        uint32_t rows_max);

/* The end (exclusive) of the interval of a node that holds second `at_s`. */
uint64_t gen_interval_end(const struct gen_node *node, uint64_t at_s);

#endif
