/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_SHAPE_H
#define WEIR_TESTS_GEN_SHAPE_H

#include "tests/gen/gen_conversation.h"

/* One direction of a conversation as packets: when each is sent, how large it is, which TCP flags
 * it has. All are functions of the packet's number (from 0) alone, so that a flow log, which sums
 * over an interval, and a capture, which writes each packet, agree to the byte. Immutable once
 * made. */

enum { GEN_FIN = 1, GEN_SYN = 2, GEN_RST = 4, GEN_PSH = 8, GEN_ACK = 16 };

struct gen_shape {
    uint64_t packets;
    uint64_t first_us;    /* of packet 0, behind the conversation's start_s */
    uint64_t wait_us;     /* by which all others come later: the handshake's round trip */
    uint64_t span_us;     /* from packet 0 to the last, the wait left out */
    uint64_t payload;     /* in all */
    uint64_t data;        /* packets that carry a segment; 0: the payload is spread evenly */
    uint64_t segment;     /* bytes of a full one */
    uint32_t header_size; /* IP and transport header of each packet */
    uint32_t edges;       /* packets without payload at either end: SYN and FIN */
    uint8_t flags_first;
    uint8_t flags_middle;
    uint8_t flags_last;
};

/* The direction that the client or the server sends. */
void gen_shape_init(struct gen_shape *shape, const struct gen_conversation *conversation,
                    bool is_from_client);

/* How many packets are sent before `at_us` (behind the conversation's start_s). */
uint64_t gen_shape_packets_before(const struct gen_shape *shape, uint64_t at_us);
/* When packet `i` is sent. Never falls with `i`; packets_before(time(i)) <= i. */
uint64_t gen_shape_time_us(const struct gen_shape *shape, uint64_t i);
/* Bytes of the first `count` packets together, IP headers included. */
uint64_t gen_shape_bytes(const struct gen_shape *shape, uint64_t count);

static inline uint8_t gen_shape_flags(const struct gen_shape *shape, uint64_t i) {
    uint8_t flags = i == 0 ? shape->flags_first : shape->flags_middle;
    return i + 1 == shape->packets ? flags | shape->flags_last : flags;
}

#endif
