/* SPDX-License-Identifier: Apache-2.0 */
/* IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784, 2890, 1701; PPTP's: RFC 2637; ERSPAN:
 * draft-foschiano-erspan), VXLAN (RFC 7348), GENEVE (RFC 8926).
 *
 *      GRE      0 C R K S s recursion A version | 2 type | checksum+offset, key, sequence: 4 each
 *      VXLAN    0 flags (8: has an identifier)  | 4 identifier | 8 Ethernet
 *      GENEVE   0 version, option words | 2 type | 4 identifier | 8 options | frame */
#include "ingest/packet_tunnel.h"

#include "ingest/packet_ether.h"

#define GRE_CHECKSUM 0x8000u
#define GRE_ROUTING 0x4000u
#define GRE_KEY 0x2000u
#define GRE_SEQUENCE 0x1000u
#define GRE_ACKNOWLEDGE 0x0080u /* version 1 */
#define GRE_VERSION 0x0007u

#define TYPE_ETHERNET 0x6558u
#define TYPE_WCCP 0x883Eu
#define TYPE_ERSPAN 0x88BEu
#define TYPE_ERSPAN_3 0x22EBu

#define PORT_VXLAN 4789u
#define PORT_VXLAN_LINUX 8472u /* Linux's own before there was a number: Flannel, Cilium */
#define PORT_GENEVE 6081u

static bool skip(struct packet_rest *rest, size_t size) {
    if (size > rest->size) {
        return false;
    }
    packet_rest_skip(rest, size);
    return true;
}

/* Source routes of RFC 1701: family, offset, length, then that many octets; length 0 is the last.
 */
static bool routes_skip(struct packet_rest *rest) {
    while (rest->size >= 4) {
        size_t size = rest->at[3];
        if (!skip(rest, 4 + size)) {
            return false;
        }
        if (size == 0) {
            return true;
        }
    }
    return false;
}

/* Type I has no header of its own, which GRE says by having no sequence number. */
static enum packet_network erspan_strip(struct packet_rest *rest, unsigned type, unsigned flags) {
    if (type == TYPE_ERSPAN) {
        size_t size = flags & GRE_SEQUENCE ? 8 : 0;
        return skip(rest, size) ? packet_ether_strip(rest) : PACKET_NETWORK_NONE;
    }
    if (rest->size < 12) {
        return PACKET_NETWORK_NONE;
    }
    size_t size = rest->at[11] & 1 ? 20 : 12; /* O: a platform's header follows */
    return skip(rest, size) ? packet_ether_strip(rest) : PACKET_NETWORK_NONE;
}

/* Version 2 of WCCP puts four octets in front of the packet; their first is never 0x4_. */
static enum packet_network wccp_strip(struct packet_rest *rest) {
    if (rest->size > 0 && rest->at[0] >> 4 != 4 && !skip(rest, 4)) {
        return PACKET_NETWORK_NONE;
    }
    return PACKET_NETWORK_IPV4;
}

static enum packet_network gre_strip(struct packet_rest *rest) {
    if (rest->size < 4) {
        return PACKET_NETWORK_NONE;
    }
    unsigned flags = packet_u16(rest->at);
    unsigned type = packet_u16(rest->at + 2);
    unsigned version = flags & GRE_VERSION;
    size_t size = 4;
    size += version == 0 && flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0;
    size += flags & GRE_KEY ? 4 : 0;
    size += flags & GRE_SEQUENCE ? 4 : 0;
    size += version == 1 && flags & GRE_ACKNOWLEDGE ? 4 : 0;
    if (version > 1 || !skip(rest, size) || (flags & GRE_ROUTING && !routes_skip(rest))) {
        return PACKET_NETWORK_NONE;
    }
    switch (type) {
    case TYPE_ETHERNET: return packet_ether_strip(rest);
    case TYPE_ERSPAN:
    case TYPE_ERSPAN_3: return erspan_strip(rest, type, flags);
    case TYPE_WCCP: return wccp_strip(rest);
    default: return packet_type_strip(rest, type < 1536 ? 0xFFFF : type);
    }
}

/* What a sender leaves reserved is not looked at (RFC 7348, 5): group policies stand there. */
static enum packet_network vxlan_strip(struct packet_rest *rest) {
    if (rest->size < 8 || !(rest->at[0] & 0x08)) {
        return PACKET_NETWORK_NONE;
    }
    packet_rest_skip(rest, 8);
    return packet_ether_strip(rest);
}

static enum packet_network geneve_strip(struct packet_rest *rest) {
    if (rest->size < 8 || rest->at[0] >> 6 != 0) {
        return PACKET_NETWORK_NONE;
    }
    unsigned type = packet_u16(rest->at + 2);
    if (!skip(rest, 8 + (size_t)(rest->at[0] & 0x3F) * 4)) {
        return PACKET_NETWORK_NONE;
    }
    return type == TYPE_ETHERNET ? packet_ether_strip(rest)
                                 : packet_type_strip(rest, type < 1536 ? 0xFFFF : type);
}

enum packet_network packet_tunnel_strip(struct packet_rest *rest, const struct packet *outer) {
    switch (outer->protocol) {
    case 4: return PACKET_NETWORK_IPV4;
    case 41: return PACKET_NETWORK_IPV6;
    case 47: return gre_strip(rest);
    case 17: break;
    default: return PACKET_NETWORK_NONE;
    }
    if (!skip(rest, 8)) { /* the UDP header */
        return PACKET_NETWORK_NONE;
    }
    switch (outer->dst_port) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX: return vxlan_strip(rest);
    case PORT_GENEVE: return geneve_strip(rest);
    default: return PACKET_NETWORK_NONE;
    }
}
