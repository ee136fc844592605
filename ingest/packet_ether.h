/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_ETHER_H
#define WEIR_INGEST_PACKET_ETHER_H

#include "ingest/packet_rest.h"

/* From Ethernet to the IP header: all that an Ethernet type can lead to. Each function takes the
 * headers off `rest` and says what stands behind them; when that is PACKET_NETWORK_NONE, `rest` is
 * of no use. Pure functions; any thread. */

/* The types of packet_network_of_type that other files name. */
#define ETHER_TYPE_IPV4 0x0800u
#define ETHER_TYPE_IPV6 0x86DDu

/* An Ethernet frame: IEEE 802.3, "DIX" types and 802.2 lengths. */
enum packet_network packet_ether_strip(struct packet_rest *rest);

/* What stands behind an Ethernet type (or an 802.2 length, below 1536): tags, labels and sessions
 * are taken off, at most PACKET_TAGS_MAX of them. */
enum packet_network packet_type_strip(struct packet_rest *rest, unsigned type);

/* The header of 802.2 (LLC, and SNAP behind it), then as packet_type_strip. */
enum packet_network packet_llc_strip(struct packet_rest *rest);

/* PPP from its address and control octets, where it has them, or its protocol (RFC 1661, 1662). */
enum packet_network packet_ppp_strip(struct packet_rest *rest);

#endif
