/* SPDX-License-Identifier: Apache-2.0 */
/* From Ethernet to the IP header: 802.2 and SNAP (RFC 1042), VLAN tags (802.1Q, 802.1ad and the
 * older numbers), MPLS labels (RFC 3032), PPPoE sessions (RFC 2516) and PPP (RFC 1661).
 *
 * All of these end in an Ethernet type or in something that has one, so that one loop walks them:
 * each step takes a header off and leaves the type of what stands behind it. */
#include "ingest/packet_ether.h"

#include "ingest/packet.h"

#define ETHER_HEADER_SIZE 14u
#define ETHER_TYPE_MIN 1536u /* below: the length of an 802.2 frame */

enum ether_type {
    TYPE_NONE = 0, /* no IP can stand behind */
    TYPE_PPP = 0x880B,
    TYPE_VLAN = 0x8100,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_UPSTREAM = 0x8848,
    TYPE_PPPOE_SESSION = 0x8864,
    TYPE_VLAN_SERVICE = 0x88A8,
    TYPE_METADATA = 0x8909,  /* Cisco's security group tag */
    TYPE_VLAN_9100 = 0x9100, /* QinQ before 802.1ad had a number */
    TYPE_VLAN_9200 = 0x9200,
};

/* 802.2: IP by its own number (RFC 948), or SNAP with an Ethernet type. */
static unsigned llc_step(struct packet_rest *rest) {
    if (rest->size < 3) {
        return TYPE_NONE;
    }
    const uint8_t *at = rest->at;
    if (at[0] == 0x06 && at[1] == 0x06 && at[2] == 0x03) {
        packet_rest_skip(rest, 3);
        return ETHER_TYPE_IPV4;
    }
    if (rest->size < 8 || at[0] != 0xAA || at[1] != 0xAA || at[2] != 0x03) {
        return TYPE_NONE;
    }
    /* Organisation 0 (RFC 1042) and 0x0000F8 (802.1H) number by Ethernet type. */
    uint32_t organisation = packet_u32(at + 2) & 0xFFFFFF;
    unsigned type = packet_u16(at + 6);
    packet_rest_skip(rest, 8);
    return organisation == 0 || organisation == 0xF8 ? type : TYPE_NONE;
}

static unsigned vlan_step(struct packet_rest *rest) {
    if (rest->size < 4) {
        return TYPE_NONE;
    }
    unsigned type = packet_u16(rest->at + 2);
    packet_rest_skip(rest, 4);
    return type < ETHER_TYPE_MIN ? llc_step(rest) : type;
}

/* Version 1, one option: its size and kind, the tag; then the type, which in GRE comes first. */
static unsigned metadata_step(struct packet_rest *rest) {
    if (rest->size < 8) {
        return TYPE_NONE;
    }
    bool is_first = packet_u16(rest->at + 2) == 0x0101;
    if (!is_first && packet_u16(rest->at) != 0x0101) {
        return TYPE_NONE;
    }
    unsigned type = packet_u16(is_first ? rest->at : rest->at + 6);
    packet_rest_skip(rest, 8);
    return type < ETHER_TYPE_MIN ? llc_step(rest) : type;
}

/* One label. What stands below the last one is not said: IP has its version in the first nibble,
 * which is why no other payload may begin with 4 or 6 (RFC 4928). A zero there is the control word
 * of a pseudowire (RFC 4385), whose common payload is an Ethernet frame. */
static unsigned mpls_step(struct packet_rest *rest) {
    if (rest->size < 5) {
        return TYPE_NONE;
    }
    bool is_last = rest->at[2] & 1;
    packet_rest_skip(rest, 4);
    if (!is_last) {
        return TYPE_MPLS;
    }
    switch (rest->at[0] >> 4) {
    case 4: return ETHER_TYPE_IPV4;
    case 6: return ETHER_TYPE_IPV6;
    case 0: break;
    default: return TYPE_NONE;
    }
    if (rest->size < 4 + ETHER_HEADER_SIZE) {
        return TYPE_NONE;
    }
    unsigned type = packet_u16(rest->at + 4 + 12);
    packet_rest_skip(rest, 4 + ETHER_HEADER_SIZE);
    return type < ETHER_TYPE_MIN ? llc_step(rest) : type;
}

/* The protocol is one octet where its low bit is set there (RFC 1661, 2). */
static unsigned ppp_step(struct packet_rest *rest) {
    if (rest->size >= 2 && rest->at[0] == 0xFF && rest->at[1] == 0x03) {
        packet_rest_skip(rest, 2);
    }
    if (rest->size < 2) {
        return TYPE_NONE;
    }
    bool is_short = rest->at[0] & 1;
    unsigned protocol = is_short ? rest->at[0] : packet_u16(rest->at);
    packet_rest_skip(rest, is_short ? 1 : 2);
    switch (protocol) {
    case 0x0021: return ETHER_TYPE_IPV4;
    case 0x0057: return ETHER_TYPE_IPV6;
    case 0x0281: return TYPE_MPLS;
    default: return TYPE_NONE;
    }
}

/* Version 1, type 1, code 0 (session data), session, length; then PPP. */
static unsigned pppoe_step(struct packet_rest *rest) {
    if (rest->size < 6 || packet_u16(rest->at) != 0x1100) {
        return TYPE_NONE;
    }
    packet_rest_skip(rest, 6);
    return ppp_step(rest);
}

enum packet_network packet_type_strip(struct packet_rest *rest, unsigned type) {
    if (type < ETHER_TYPE_MIN) {
        type = llc_step(rest);
    }
    for (unsigned tags = 0; tags <= PACKET_TAGS_MAX; tags++) {
        switch (type) {
        case ETHER_TYPE_IPV4: return PACKET_NETWORK_IPV4;
        case ETHER_TYPE_IPV6: return PACKET_NETWORK_IPV6;
        case TYPE_VLAN:
        case TYPE_VLAN_SERVICE:
        case TYPE_VLAN_9100:
        case TYPE_VLAN_9200: type = vlan_step(rest); break;
        case TYPE_METADATA: type = metadata_step(rest); break;
        case TYPE_MPLS:
        case TYPE_MPLS_UPSTREAM: type = mpls_step(rest); break;
        case TYPE_PPPOE_SESSION: type = pppoe_step(rest); break;
        case TYPE_PPP: type = ppp_step(rest); break;
        default: return PACKET_NETWORK_NONE;
        }
    }
    return PACKET_NETWORK_NONE;
}

enum packet_network packet_ether_strip(struct packet_rest *rest) {
    if (rest->size < ETHER_HEADER_SIZE) {
        return PACKET_NETWORK_NONE;
    }
    unsigned type = packet_u16(rest->at + 12);
    packet_rest_skip(rest, ETHER_HEADER_SIZE);
    return packet_type_strip(rest, type);
}

enum packet_network packet_llc_strip(struct packet_rest *rest) {
    return packet_type_strip(rest, 0);
}

enum packet_network packet_ppp_strip(struct packet_rest *rest) {
    return packet_type_strip(rest, TYPE_PPP);
}
