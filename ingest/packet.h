/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_H
#define WEIR_INGEST_PACKET_H

#include "flow/address.h"

/* One captured frame -> the packet that counts in a flow. Total: any bytes give one of three
 * answers, nothing is read behind what was captured, and the cost is bounded by the bounds below. A
 * pure function; any thread. */

enum packet_kind {
    PACKET_DECODED,   /* an IP packet, also one whose ports were not captured */
    PACKET_NOT_IP,    /* ARP, STP, LLDP, a link type that is not known, ... */
    PACKET_MALFORMED, /* says that it is IP and contradicts itself, or ends inside its IP header */
};

/* Tags and labels in front of the network header (VLAN, MPLS, PPPoE), IPv6 extension headers. */
#define PACKET_TAGS_MAX 8u
#define PACKET_EXTENSIONS_MAX 16u

struct packet {
    struct address src;
    struct address dst;
    uint32_t bytes;    /* IP length: header and payload as the header says it, also where the frame
                          was captured short or padded; where it says 0 (segmentation offload;
                          jumbograms    whose option of RFC 2675 is absent or says more than the frame
                          had), what    the wire length leaves for it */
    uint16_t src_port; /* 0 where the protocol has none or they were not captured */
    uint16_t dst_port; /* ICMP and ICMPv6: type * 256 + code */
    uint8_t protocol;  /* behind extension headers, IANA; where these are more than
                          PACKET_EXTENSIONS_MAX or were not captured, the last that was named */
    uint8_t tcp_flags; /* low octet of the header's flags */
    bool has_flags;    /* the TCP flags were captured */
    bool is_fragment;  /* of a datagram in more than one piece */
    bool is_fragment_tail;     /* not the first piece: it has no ports of its own */
    uint8_t fragment_protocol; /* what the pieces carry; in IPv6 this may be an extension header,
                                  behind which only the first piece shows `protocol` */
    uint32_t fragment_id;      /* with src, dst, fragment_protocol: which datagram */
};

enum packet_tunnels {
    PACKET_TUNNELS_OUTER, /* the outermost IP packet counts (the default) */
    PACKET_TUNNELS_INNER, /* the one inside one level of GRE, VXLAN (UDP 4789, 8472), GENEVE (UDP
                             6081) or IP in IP, where there is one that decodes; else the outer one
                           */
};

/* `link_type` is a LINKTYPE_ value (tcpdump.org/linktypes.html); `wire_size` is the frame's length
 * on the wire, of which `frame` was captured. `*out` is set only when PACKET_DECODED. */
enum packet_kind packet_decode(struct bytes frame, uint32_t wire_size, uint32_t link_type,
                               enum packet_tunnels tunnels, struct packet *out);

#endif
