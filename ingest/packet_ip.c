/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791), IPv6 and its extension headers (RFC 8200, AH: RFC 4302, jumbograms: RFC 2675),
 * and of what they carry the ports and flags.
 *
 *      IPv4   0 version, words | 2 length | 4 id | 6 flags, offset | 9 protocol | 12 src | 16 dst
 *      IPv6   0 version        | 4 length of the payload | 6 next header | 8 src | 24 dst
 *
 * A header that was not captured to its end, or that contradicts itself, makes the packet
 * malformed: its addresses cannot be trusted. What was not captured behind the IP header is only
 * unknown. */
#include "ingest/packet_ip.h"

#define IPV4_HEADER_SIZE 20u
#define IPV6_HEADER_SIZE 40u

enum ip_protocol {
    IP_HOP_BY_HOP = 0,
    IP_ICMP = 1,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_DCCP = 33,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_AH = 51,
    IP_ICMPV6 = 58,
    IP_NO_NEXT = 59,
    IP_DESTINATION = 60,
    IP_SCTP = 132,
    IP_MOBILITY = 135,
    IP_UDP_LITE = 136,
    IP_HIP = 139,
    IP_SHIM6 = 140,
};

static void ports_decode(const struct packet_rest *rest, struct packet *out) {
    switch (out->protocol) {
    case IP_TCP:
        if (rest->size >= 14) {
            out->tcp_flags = rest->at[13];
            out->has_flags = true;
        } /* fall through */
    case IP_UDP:
    case IP_UDP_LITE:
    case IP_SCTP:
    case IP_DCCP:
        if (rest->size >= 4) {
            out->src_port = packet_u16(rest->at);
            out->dst_port = packet_u16(rest->at + 2);
        }
        break;
    case IP_ICMP:
    case IP_ICMPV6:
        if (rest->size >= 2) {
            out->dst_port = packet_u16(rest->at); /* type, code */
        }
        break;
    default: break;
    }
}

static enum packet_kind ipv4_decode(struct packet_rest *rest, struct packet *out) {
    if (rest->size < IPV4_HEADER_SIZE) {
        return PACKET_MALFORMED;
    }
    const uint8_t *ip = rest->at;
    size_t header_size = (size_t)(ip[0] & 15) * 4;
    size_t size = packet_u16(ip + 2);
    /* 0: the capture stands in front of the device that cuts the datagram into pieces. */
    size = size == 0 ? rest->wire_size : size;
    if (ip[0] >> 4 != 4 || header_size < IPV4_HEADER_SIZE || header_size > rest->size ||
        header_size > size) {
        return PACKET_MALFORMED;
    }
    unsigned fragment = packet_u16(ip + 6); /* reserved, do not, more; offset of 13 bits */
    *out = (struct packet){
        .src = address_from_ipv4(packet_u32(ip + 12)),
        .dst = address_from_ipv4(packet_u32(ip + 16)),
        .bytes = (uint32_t)size,
        .protocol = ip[9],
        .is_fragment = (fragment & 0x3FFF) != 0,
        .is_fragment_tail = (fragment & 0x1FFF) != 0,
        .fragment_protocol = ip[9],
        .fragment_id = packet_u16(ip + 4),
    };
    packet_rest_skip(rest, header_size);
    packet_rest_limit(rest, out->is_fragment_tail ? 0 : size - header_size);
    ports_decode(rest, out);
    return PACKET_DECODED;
}

/* The jumbo payload option (RFC 2675) of a hop-by-hop header, or 0. */
static size_t jumbo_size(const struct packet_rest *rest) {
    if (rest->size < 2) {
        return 0;
    }
    size_t end = ((size_t)rest->at[1] + 1) * 8;
    end = end < rest->size ? end : rest->size;
    for (size_t at = 2; at < end;) {
        uint8_t type = rest->at[at];
        if (type == 0) { /* one octet of padding, the only option without a length */
            at++;
            continue;
        }
        if (end - at < 2) {
            return 0;
        }
        size_t size = rest->at[at + 1];
        if (type == 0xC2) {
            return size == 4 && end - at >= 6 ? packet_u32(rest->at + at + 2) : 0;
        }
        at += 2 + size;
    }
    return 0;
}

/* The length of the payload; `rest` stands behind the fixed header. */
static size_t ipv6_payload_size(const struct packet_rest *rest, size_t said, uint8_t next) {
    if (said != 0 || next == IP_NO_NEXT) {
        return said;
    }
    size_t jumbo = next == IP_HOP_BY_HOP ? jumbo_size(rest) : 0;
    /* An option that says less than 64 KiB is against the RFC, and one that says more than the wire
     * carried would add gigabytes to a flow by eight octets. */
    return jumbo > 0xFFFF && jumbo < rest->wire_size ? jumbo : rest->wire_size;
}

static bool is_extension(uint8_t next) {
    switch (next) {
    case IP_HOP_BY_HOP:
    case IP_ROUTING:
    case IP_FRAGMENT:
    case IP_AH:
    case IP_DESTINATION:
    case IP_MOBILITY:
    case IP_HIP:
    case IP_SHIM6: return true;
    default: return false;
    }
}

static size_t extension_size(uint8_t next, const uint8_t *at) {
    switch (next) {
    case IP_FRAGMENT: return 8;
    case IP_AH: return ((size_t)at[1] + 2) * 4;
    default: return ((size_t)at[1] + 1) * 8;
    }
}

/* Walks the headers between the fixed one and what the packet carries. Where they are not captured
 * to the end, or are more than PACKET_EXTENSIONS_MAX, the protocol is the last that was named.
 * False when a header ends behind the datagram. */
static bool extensions_decode(struct packet_rest *rest, size_t left, struct packet *out) {
    unsigned count = 0;
    while (is_extension(out->protocol) && !out->is_fragment_tail) {
        if (rest->size < 2 || count++ == PACKET_EXTENSIONS_MAX) {
            packet_rest_limit(rest, 0);
            return true;
        }
        size_t size = extension_size(out->protocol, rest->at);
        if (size > left) {
            return false;
        }
        bool is_captured = size <= rest->size;
        if (out->protocol == IP_FRAGMENT && is_captured) {
            unsigned fragment = packet_u16(rest->at + 2); /* offset of 13 bits, two of 0, more */
            out->is_fragment = (fragment & 0xFFF9) != 0;
            out->is_fragment_tail = (fragment & 0xFFF8) != 0;
            out->fragment_protocol = rest->at[0];
            out->fragment_id = packet_u32(rest->at + 4);
        }
        out->protocol = rest->at[0];
        packet_rest_skip(rest, is_captured ? size : rest->size);
        left -= size;
    }
    packet_rest_limit(rest, out->is_fragment_tail ? 0 : left);
    return true;
}

static enum packet_kind ipv6_decode(struct packet_rest *rest, struct packet *out) {
    if (rest->size < IPV6_HEADER_SIZE || rest->at[0] >> 4 != 6) {
        return PACKET_MALFORMED;
    }
    const uint8_t *ip = rest->at;
    packet_rest_skip(rest, IPV6_HEADER_SIZE);
    size_t size = ipv6_payload_size(rest, packet_u16(ip + 4), ip[6]);
    *out = (struct packet){
        .src = address_from_octets(ip + 8),
        .dst = address_from_octets(ip + 24),
        .bytes = (uint32_t)(IPV6_HEADER_SIZE + size),
        .protocol = ip[6],
    };
    packet_rest_limit(rest, size);
    if (!extensions_decode(rest, size, out)) {
        return PACKET_MALFORMED;
    }
    ports_decode(rest, out);
    return PACKET_DECODED;
}

enum packet_kind packet_ip_decode(struct packet_rest *rest, enum packet_network network,
                                  struct packet *out) {
    if (network == PACKET_NETWORK_IP) {
        bool is_ipv6 = rest->size > 0 && rest->at[0] >> 4 == 6;
        network = is_ipv6 ? PACKET_NETWORK_IPV6 : PACKET_NETWORK_IPV4;
    }
    return network == PACKET_NETWORK_IPV4 ? ipv4_decode(rest, out) : ipv6_decode(rest, out);
}
