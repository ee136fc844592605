/* SPDX-License-Identifier: Apache-2.0 */
/* The header that a link type puts in front of a packet (tcpdump.org/linktypes.html). Most lead to
 * an Ethernet type, from which packet_ether.c goes on. */
#include "ingest/packet_link.h"

#include "ingest/packet_ether.h"

/* Linux's ARPHRD_ numbers where the protocol of a cooked frame is not an Ethernet type. */
#define ARPHRD_PPP 512u
#define ARPHRD_NETLINK 824u

static enum packet_network network_of_family(uint32_t family) {
    switch (family) {
    case 2: return PACKET_NETWORK_IPV4;  /* everywhere */
    case 10:                             /* Linux */
    case 24:                             /* NetBSD, OpenBSD */
    case 28:                             /* FreeBSD */
    case 30: return PACKET_NETWORK_IPV6; /* Darwin */
    default: return PACKET_NETWORK_NONE;
    }
}

/* Address, control, Ethernet type (RFC 1547 names the first two; Cisco's numbers). */
static enum packet_network hdlc_strip(struct packet_rest *rest) {
    if (rest->size < 4) {
        return PACKET_NETWORK_NONE;
    }
    unsigned type = packet_u16(rest->at + 2);
    packet_rest_skip(rest, 4);
    return packet_type_strip(rest, type);
}

/* PPP in HDLC's frame, or Cisco's HDLC, which has its own address octets. */
static enum packet_network ppp_hdlc_strip(struct packet_rest *rest) {
    if (rest->size >= 2 && (rest->at[0] == 0x0F || rest->at[0] == 0x8F) && rest->at[1] == 0) {
        return hdlc_strip(rest);
    }
    return packet_ppp_strip(rest);
}

/* The order of the octets is that of the machine that captured, so it is told by the value: a
 * family is small. What is large in both orders is the header of HDLC, which some interfaces that
 * capture as loopback put there. */
static enum packet_network null_strip(struct packet_rest *rest) {
    if (rest->size < 4) {
        return PACKET_NETWORK_NONE;
    }
    uint32_t family = get_u32(rest->at);
    family = family > 0xFFFF ? __builtin_bswap32(family) : family;
    if (family > 0xFFFF) {
        return ppp_hdlc_strip(rest);
    }
    packet_rest_skip(rest, 4);
    return network_of_family(family);
}

/* Q.922: 2 to 4 address octets, the last with its low bit set; then RFC 2427 (control 3, perhaps
 * padding, a network layer identifier), or an Ethernet type, which is Cisco's form. */
static enum packet_network frame_relay_strip(struct packet_rest *rest) {
    size_t address_size = 1;
    while (address_size <= 4 && address_size <= rest->size && !(rest->at[address_size - 1] & 1)) {
        address_size++;
    }
    if (address_size < 2 || address_size > 4 || rest->size < address_size + 2) {
        return PACKET_NETWORK_NONE;
    }
    packet_rest_skip(rest, address_size);
    if (rest->at[0] != 0x03) {
        unsigned type = packet_u16(rest->at);
        packet_rest_skip(rest, 2);
        return packet_type_strip(rest, type < 1536 ? 0xFFFF : type);
    }
    packet_rest_skip(rest, 1);
    if (rest->at[0] == 0 && rest->size >= 2) {
        packet_rest_skip(rest, 1);
    }
    uint8_t identifier = rest->at[0];
    packet_rest_skip(rest, 1);
    switch (identifier) {
    case 0xCC: return PACKET_NETWORK_IPV4;
    case 0x8E: return PACKET_NETWORK_IPV6;
    case 0x80: break; /* SNAP: organisation, Ethernet type */
    default: return PACKET_NETWORK_NONE;
    }
    if (rest->size < 5 || (packet_u32(rest->at) >> 8) != 0) {
        return PACKET_NETWORK_NONE;
    }
    unsigned type = packet_u16(rest->at + 3);
    packet_rest_skip(rest, 5);
    return packet_type_strip(rest, type);
}

/* Linux's "cooked" frames: 16 octets with the protocol last, or 20 with it first. The protocol
 * means what the kind of interface makes of it. */
static enum packet_network cooked_strip(struct packet_rest *rest, size_t header_size,
                                        size_t protocol_offset, size_t hardware_offset) {
    if (rest->size < header_size) {
        return PACKET_NETWORK_NONE;
    }
    unsigned protocol = packet_u16(rest->at + protocol_offset);
    unsigned hardware = packet_u16(rest->at + hardware_offset);
    packet_rest_skip(rest, header_size);
    if (hardware == ARPHRD_NETLINK) {
        return PACKET_NETWORK_NONE;
    }
    if (protocol == 4) {
        return packet_llc_strip(rest); /* 802.2 without its length */
    }
    if (hardware == ARPHRD_PPP && protocol == 0) {
        return packet_ppp_strip(rest);
    }
    return packet_type_strip(rest, protocol < 1536 ? 0xFFFF : protocol);
}

/* Netfilter's log: family, version, resource, then (length, type, value) padded to 4 octets; the
 * packet is the value of type 9. Lengths and types are in the order of the machine that captured,
 * told by the first type: all of them are small. */
static enum packet_network nflog_strip(struct packet_rest *rest) {
    if (rest->size < 8 || rest->at[1] != 0) {
        return PACKET_NETWORK_NONE;
    }
    uint8_t family = rest->at[0];
    packet_rest_skip(rest, 4);
    bool is_big = get_u16(rest->at + 2) > 0xFF;
    while (rest->size >= 4) {
        size_t size = is_big ? packet_u16(rest->at) : get_u16(rest->at);
        unsigned type = is_big ? packet_u16(rest->at + 2) : get_u16(rest->at + 2);
        if (size < 4) {
            return PACKET_NETWORK_NONE;
        }
        if (type == 9) {
            packet_rest_skip(rest, 4);
            packet_rest_limit(rest, size - 4);
            return network_of_family(family);
        }
        size_t padded = (size + 3) & ~(size_t)3;
        if (padded > rest->size) {
            return PACKET_NETWORK_NONE;
        }
        packet_rest_skip(rest, padded);
    }
    return PACKET_NETWORK_NONE;
}

bool packet_link_is_known(uint32_t link_type) {
    switch (link_type) {
    case LINK_TYPE_NULL:
    case LINK_TYPE_ETHERNET:
    case LINK_TYPE_PPP:
    case LINK_TYPE_RAW_12:
    case LINK_TYPE_RAW_14:
    case LINK_TYPE_PPP_HDLC:
    case LINK_TYPE_PPP_ETHER:
    case LINK_TYPE_RAW:
    case LINK_TYPE_C_HDLC:
    case LINK_TYPE_FRELAY:
    case LINK_TYPE_LOOP:
    case LINK_TYPE_LINUX_SLL:
    case LINK_TYPE_PPP_WITH_DIR:
    case LINK_TYPE_IPV4:
    case LINK_TYPE_IPV6:
    case LINK_TYPE_NFLOG:
    case LINK_TYPE_LINUX_SLL2: return true;
    default: return false;
    }
}

enum packet_network packet_link_strip(struct packet_rest *rest, uint32_t link_type) {
    switch (link_type) {
    case LINK_TYPE_ETHERNET: return packet_ether_strip(rest);
    case LINK_TYPE_NULL:
    case LINK_TYPE_LOOP: return null_strip(rest);
    case LINK_TYPE_PPP: return packet_ppp_strip(rest);
    case LINK_TYPE_PPP_HDLC: return ppp_hdlc_strip(rest);
    case LINK_TYPE_PPP_WITH_DIR:
        if (rest->size < 1) {
            return PACKET_NETWORK_NONE;
        }
        packet_rest_skip(rest, 1);
        return packet_ppp_strip(rest);
    case LINK_TYPE_PPP_ETHER: return packet_type_strip(rest, 0x8864);
    case LINK_TYPE_C_HDLC: return hdlc_strip(rest);
    case LINK_TYPE_FRELAY: return frame_relay_strip(rest);
    case LINK_TYPE_LINUX_SLL: return cooked_strip(rest, 16, 14, 2);
    case LINK_TYPE_LINUX_SLL2: return cooked_strip(rest, 20, 0, 8);
    case LINK_TYPE_NFLOG: return nflog_strip(rest);
    case LINK_TYPE_RAW_12:
    case LINK_TYPE_RAW_14:
    case LINK_TYPE_RAW: return PACKET_NETWORK_IP;
    case LINK_TYPE_IPV4: return PACKET_NETWORK_IPV4;
    case LINK_TYPE_IPV6: return PACKET_NETWORK_IPV6;
    default: return PACKET_NETWORK_NONE;
    }
}
