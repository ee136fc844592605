/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_FRAME_H
#define WEIR_TESTS_GEN_FRAME_H

#include "flow/address.h"

/* The front of an Ethernet frame: headers as they stand on the wire, without payload. Made once a
 * direction, then changed from packet to packet. */

#define GEN_ETHERNET_SIZE 14u
#define GEN_TAG_SIZE 4u
/* Ethernet, a tag, IPv6 and a TCP header with all its options. */
#define GEN_FRAME_SIZE_MAX 118u

struct gen_frame {
    uint8_t bytes[GEN_FRAME_SIZE_MAX];
    uint8_t size;
    uint8_t ip_offset;
    uint8_t transport_offset;
    uint8_t protocol;
    bool is_ipv6;
    uint32_t ip_sum;        /* of the IPv4 header's words without length and identification */
    uint32_t transport_sum; /* of pseudo-header and header without what changes */
};

struct gen_frame_ends {
    struct address src;
    struct address dst;    /* of the same family */
    uint32_t src_hardware; /* the low octets of a local MAC address */
    uint32_t dst_hardware;
    uint16_t src_port;
    uint16_t dst_port; /* ICMP: type * 256 + code, and `src_port` is the echo's identifier */
    uint16_t vlan;     /* 0: no tag */
    uint8_t protocol;  /* 6, 17 or 1 */
};

/* `header_size` is that of IP and transport together; TCP options fill what is beyond 20 octets. */
void gen_frame_init(struct gen_frame *frame, const struct gen_frame_ends *ends,
                    uint32_t header_size);

/* The next packet: its IP length, a number that counts up (IPv4 identification, ICMP sequence), and
 * of TCP its flags and numbers. Checksums of IPv4 are right; those of transports, which cover
 * payload that is not there, are 0. */
void gen_frame_set(struct gen_frame *frame, uint32_t ip_size, uint16_t number, uint8_t flags,
                   uint32_t sequence, uint32_t acknowledged);

#endif
