/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_PACKET_FRAMES_H
#define WEIR_TESTS_UNIT_PACKET_FRAMES_H

#include "ingest/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Frames written by hand, in hexadecimal with blanks, and what is in them. */

#define FRAME_SIZE_MAX 512u

struct frame {
    uint8_t octets[FRAME_SIZE_MAX];
    size_t size;
};

static inline unsigned frame_digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void frame_add(struct frame *frame, const char *hex) {
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ') {
            continue;
        }
        assert_true(hex[1] != '\0' && frame->size < FRAME_SIZE_MAX);
        frame->octets[frame->size++] = (uint8_t)(frame_digit(hex[0]) << 4 | frame_digit(hex[1]));
        hex++;
    }
}

/* Decodes a copy that ends with its allocation, so that a sanitizer sees a read behind it. */
static inline enum packet_kind frame_decode_exact(const uint8_t *octets, size_t size,
                                                  uint32_t wire_size, uint32_t link_type,
                                                  enum packet_tunnels tunnels, struct packet *out) {
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, octets, size);
    enum packet_kind kind = packet_decode(bytes_of(copy, size), wire_size, link_type, tunnels, out);
    free(copy);
    return kind;
}

/* From 10.0.0.1 port 4660 to 10.0.0.2 port 53, 28 octets. */
#define ETHER "020000000001 020000000002 "
#define IPV4_UDP "4500001c 00010000 40110000 0a000001 0a000002 1234003500080000 "
/* From 2001:db8::1 port 32768 to 2001:db8::2 port 443, SYN and ACK, 60 octets. */
#define IPV6_ENDS "20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define TCP "800001bb 00000001 00000002 5012ffff 00000000 "
#define IPV6_TCP "60000000 00140640 " IPV6_ENDS TCP

/* One frame and what the decoder has to say of it. */
struct packet_case {
    const char *name;
    const char *hex;
    enum packet_kind kind;
    const char *src, *dst; /* NULL: not compared */
    uint32_t bytes;
    uint8_t protocol;
    uint16_t src_port, dst_port;
    uint8_t flags; /* of TCP; 0: not captured */
    uint32_t wire_size;
    bool is_fragment, is_fragment_tail;
    uint32_t fragment_id;
};

/* The fields of a case that decodes, behind its name and octets. */
#define DECODED(SRC, DST, BYTES, PROTOCOL, SRC_PORT, DST_PORT)                                     \
    .kind = PACKET_DECODED, .src = SRC, .dst = DST, .bytes = BYTES, .protocol = PROTOCOL,          \
    .src_port = SRC_PORT, .dst_port = DST_PORT

static inline void assert_address_text(const char *name, struct address got, const char *want) {
    char text[ADDRESS_TEXT_SIZE];
    address_format(got, text);
    if (want != NULL && strcmp(text, want) != 0) {
        fail_msg("%s: address %s, %s expected", name, text, want);
    }
}

static inline void assert_number(const char *name, const char *field, uint64_t got, uint64_t want) {
    if (got != want) {
        fail_msg("%s: %s is %llu, %llu expected", name, field, (unsigned long long)got,
                 (unsigned long long)want);
    }
}

static inline void assert_packet(const struct packet_case *want, uint32_t link_type,
                                 enum packet_tunnels tunnels) {
    struct frame frame = { .size = 0 };
    frame_add(&frame, want->hex);
    uint32_t wire_size = want->wire_size == 0 ? (uint32_t)frame.size : want->wire_size;
    struct packet got;
    assert_number(want->name, "kind",
                  frame_decode_exact(frame.octets, frame.size, wire_size, link_type, tunnels, &got),
                  want->kind);
    if (want->kind != PACKET_DECODED) {
        return;
    }
    assert_address_text(want->name, got.src, want->src);
    assert_address_text(want->name, got.dst, want->dst);
    assert_number(want->name, "bytes", got.bytes, want->bytes);
    assert_number(want->name, "protocol", got.protocol, want->protocol);
    assert_number(want->name, "src_port", got.src_port, want->src_port);
    assert_number(want->name, "dst_port", got.dst_port, want->dst_port);
    assert_number(want->name, "tcp_flags", got.tcp_flags, want->flags);
    assert_number(want->name, "has_flags", got.has_flags, want->flags != 0);
    assert_number(want->name, "is_fragment", got.is_fragment, want->is_fragment);
    assert_number(want->name, "is_fragment_tail", got.is_fragment_tail, want->is_fragment_tail);
    if (want->is_fragment) {
        assert_number(want->name, "fragment_id", got.fragment_id, want->fragment_id);
    }
}

/* Any number of octets of a frame that decodes give a sane answer: as more are captured it goes
 * from not IP to malformed to decoded and never back, and what is said is what the whole frame
 * says, or that it is not known. */
static inline void assert_every_cut_is_sane(const struct packet_case *whole, uint32_t link_type,
                                            enum packet_tunnels tunnels) {
    struct frame frame = { .size = 0 };
    frame_add(&frame, whole->hex);
    uint32_t wire_size = whole->wire_size == 0 ? (uint32_t)frame.size : whole->wire_size;
    int rank_before = 0;
    for (size_t size = 0; size <= frame.size; size++) {
        struct packet got;
        enum packet_kind kind =
            frame_decode_exact(frame.octets, size, wire_size, link_type, tunnels, &got);
        int rank = kind == PACKET_NOT_IP ? 0 : kind == PACKET_MALFORMED ? 1 : 2;
        if (rank < rank_before) {
            fail_msg("%s: kind %d with %zu octets", whole->name, (int)kind, size);
        }
        rank_before = rank;
        if (kind != PACKET_DECODED || tunnels == PACKET_TUNNELS_INNER) {
            continue;
        }
        assert_address_text(whole->name, got.src, whole->src);
        assert_address_text(whole->name, got.dst, whole->dst);
        assert_true(got.src_port == whole->src_port || got.src_port == 0);
        assert_true(got.dst_port == whole->dst_port || got.dst_port == 0);
        assert_true(got.tcp_flags == (got.has_flags ? whole->flags : 0));
    }
}

#endif
