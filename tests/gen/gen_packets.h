/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_PACKETS_H
#define WEIR_TESTS_GEN_PACKETS_H

#include "tests/gen/gen_event.h"
#include "tests/gen/gen_frame.h"
#include "tests/gen/gen_pcap.h"
#include "tests/gen/gen_shape.h"

/* From conversations to the packets that a mirror of the whole fleet's network would capture: each
 * packet once, in the order of time, headers only. Memory goes with the conversations that are
 * under way, a minute's more at most; the packets themselves are never held. One thread at a time.
 */

struct gen_stream; /* a conversation under way */

struct gen_packets_turn {
    uint64_t time_us; /* Unix */
    uint64_t stream;
};

struct gen_packets {
    const struct gen_fleet *fleet;
    struct gen_events *events; /* counted packet by packet */
    struct gen_pcap *pcap;
    uint64_t end_us;                /* no packet at or after it is written */
    struct gen_packets_turn *turns; /* a heap by time, then stream */
    struct gen_stream *streams;
    uint32_t *spare; /* streams that are over */
    uint32_t turn_count;
    uint32_t spare_count;
    uint32_t stream_count;
    uint32_t capacity;
    bool is_full; /* latched: a conversation found no room, or no memory */
};

/* Keeps the pointers. */
void gen_packets_init(struct gen_packets *packets, const struct gen_fleet *fleet,
                      struct gen_events *events, struct gen_pcap *pcap, uint64_t end_s);
/* Accepts a zeroed one. */
void gen_packets_done(struct gen_packets *packets);

/* Conversations that begin before a time that was written already come too late: a caller gives a
 * minute's conversations, then has that minute written. */
struct gen_sink gen_packets_sink(struct gen_packets *packets);

/* Writes all packets before `until_s`. Errors: ERROR_LIMIT (a conversation was lost). */
bool gen_packets_write(struct gen_packets *packets, uint64_t until_s, struct error *err);

#endif
