/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_LINK_H
#define WEIR_INGEST_PACKET_LINK_H

#include "ingest/packet_rest.h"

/* The link types that are known (tcpdump.org/linktypes.html), and the numbers that Linux and the
 * BSDs wrote in files for raw IP before it had one for all. */
enum link_type {
    LINK_TYPE_NULL = 0, /* BSD loopback: address family in the byte order of the host */
    LINK_TYPE_ETHERNET = 1,
    LINK_TYPE_PPP = 9,
    LINK_TYPE_RAW_12 = 12,
    LINK_TYPE_RAW_14 = 14,
    LINK_TYPE_PPP_HDLC = 50,
    LINK_TYPE_PPP_ETHER = 51, /* PPPoE without its Ethernet header */
    LINK_TYPE_RAW = 101,
    LINK_TYPE_C_HDLC = 104,
    LINK_TYPE_FRELAY = 107,
    LINK_TYPE_LOOP = 108, /* as NULL, in network order */
    LINK_TYPE_LINUX_SLL = 113,
    LINK_TYPE_PPP_WITH_DIR = 204, /* a direction octet, then PPP */
    LINK_TYPE_IPV4 = 228,
    LINK_TYPE_IPV6 = 229,
    LINK_TYPE_NFLOG = 239,
    LINK_TYPE_LINUX_SLL2 = 276,
};

/* Whether frames of this link type can be anything but PACKET_NOT_IP. */
bool packet_link_is_known(uint32_t link_type);

/* Takes the headers in front of the IP header off. Behind PACKET_NETWORK_NONE `rest` is of no use.
 * A pure function; any thread. */
enum packet_network packet_link_strip(struct packet_rest *rest, uint32_t link_type);

#endif
