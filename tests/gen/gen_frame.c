/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_frame.h"

#define ICMP 1
#define TCP 6
#define UDP 17

static void put_be16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_be32(uint8_t *at, uint32_t value) {
    put_be16(at, value >> 16);
    put_be16(at + 2, value & 0xffff);
}

/* Sum of big-endian words; `size` is even. */
static uint32_t sum_of(const uint8_t *at, uint32_t size) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < size; i += 2) {
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    }
    return sum;
}

static uint32_t checksum(uint32_t sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(sum + (sum >> 16)) & 0xffff;
}

static void put_ethernet(struct gen_frame *frame, const struct gen_frame_ends *ends) {
    uint8_t *at = frame->bytes;
    put_be16(at, 0x0200); /* local, unicast */
    put_be32(at + 2, ends->dst_hardware);
    put_be16(at + 6, 0x0200);
    put_be32(at + 8, ends->src_hardware);
    at += 12;
    if (ends->vlan != 0) {
        put_be16(at, 0x8100);
        put_be16(at + 2, ends->vlan);
        at += GEN_TAG_SIZE;
    }
    put_be16(at, frame->is_ipv6 ? 0x86dd : 0x0800);
    frame->ip_offset = (uint8_t)(at + 2 - frame->bytes);
}

static void put_ipv4(struct gen_frame *frame, const struct gen_frame_ends *ends) {
    uint8_t *ip = frame->bytes + frame->ip_offset;
    ip[0] = 0x45;
    put_be16(ip + 6, 0x4000); /* do not fragment */
    ip[8] = 64;
    ip[9] = ends->protocol;
    put_be32(ip + 12, address_ipv4(ends->src));
    put_be32(ip + 16, address_ipv4(ends->dst));
    frame->ip_sum = sum_of(ip, 20);
    frame->transport_sum = sum_of(ip + 12, 8) + ends->protocol;
    frame->transport_offset = (uint8_t)(frame->ip_offset + 20);
}

static void put_ipv6(struct gen_frame *frame, const struct gen_frame_ends *ends) {
    uint8_t *ip = frame->bytes + frame->ip_offset;
    ip[0] = 0x60;
    ip[6] = ends->protocol;
    ip[7] = 64;
    address_to_octets(ends->src, ip + 8);
    address_to_octets(ends->dst, ip + 24);
    frame->transport_sum = sum_of(ip + 8, 32) + ends->protocol;
    frame->transport_offset = (uint8_t)(frame->ip_offset + 40);
}

/* Segment size, selective acknowledgement, time stamps and window scale, as a SYN has them; time
 * stamps alone; or as many no-operations as there is room for. */
static void put_tcp_options(uint8_t *at, uint32_t size) {
    static const uint8_t of_syn[20] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, [16] = 1, 3, 3, 7 };
    static const uint8_t of_segment[12] = { 1, 1, 8, 10 };
    if (size == sizeof of_syn) {
        memcpy(at, of_syn, sizeof of_syn);
    } else if (size == sizeof of_segment) {
        memcpy(at, of_segment, sizeof of_segment);
    } else {
        memset(at, 1, size);
    }
}

static void put_transport(struct gen_frame *frame, const struct gen_frame_ends *ends,
                          uint32_t size) {
    uint8_t *at = frame->bytes + frame->transport_offset;
    if (ends->protocol == ICMP) {
        put_be16(at, ends->dst_port);
        put_be16(at + 4, ends->src_port);
        return;
    }
    put_be16(at, ends->src_port);
    put_be16(at + 2, ends->dst_port);
    if (ends->protocol == TCP) {
        at[12] = (uint8_t)(size / 4 << 4);
        put_be16(at + 14, 64240); /* window */
        put_tcp_options(at + 20, size - 20);
    }
}

void gen_frame_init(struct gen_frame *frame, const struct gen_frame_ends *ends,
                    uint32_t header_size) {
    *frame = (struct gen_frame){
        .protocol = ends->protocol,
        .is_ipv6 = !address_is_ipv4(ends->src),
    };
    put_ethernet(frame, ends);
    if (frame->is_ipv6) {
        put_ipv6(frame, ends);
    } else {
        put_ipv4(frame, ends);
    }
    frame->size = (uint8_t)(frame->ip_offset + header_size);
    uint32_t transport_size = (uint32_t)(frame->size - frame->transport_offset);
    put_transport(frame, ends, transport_size);
    /* ICMP of IPv4 has no pseudo-header. */
    frame->transport_sum = ends->protocol == ICMP ? 0 : frame->transport_sum;
    frame->transport_sum += sum_of(frame->bytes + frame->transport_offset, transport_size);
}

static void set_ip(struct gen_frame *frame, uint32_t ip_size, uint16_t number) {
    uint8_t *ip = frame->bytes + frame->ip_offset;
    if (frame->is_ipv6) {
        put_be16(ip + 4, ip_size - 40);
        return;
    }
    put_be16(ip + 2, ip_size);
    put_be16(ip + 4, number);
    put_be16(ip + 10, checksum(frame->ip_sum + ip_size + number));
}

void gen_frame_set(struct gen_frame *frame, uint32_t ip_size, uint16_t number, uint8_t flags,
                   uint32_t sequence, uint32_t acknowledged) {
    uint8_t *at = frame->bytes + frame->transport_offset;
    uint32_t size = ip_size - (uint32_t)(frame->transport_offset - frame->ip_offset);
    set_ip(frame, ip_size, number);
    if (frame->protocol == TCP) {
        put_be32(at + 4, sequence);
        put_be32(at + 8, acknowledged);
        at[13] = flags;
        uint32_t sum = frame->transport_sum + size + flags + (sequence >> 16) +
                       (sequence & 0xffff) + (acknowledged >> 16) + (acknowledged & 0xffff);
        put_be16(at + 16, checksum(sum));
    } else if (frame->protocol == UDP) {
        put_be16(at + 4, size);
        uint32_t value = checksum(frame->transport_sum + 2 * size);
        put_be16(at + 6, value == 0 ? 0xffff : value); /* 0 would say: none */
    } else {
        put_be16(at + 6, number);
        put_be16(at + 2, checksum(frame->transport_sum + number));
    }
}
