/* SPDX-License-Identifier: Apache-2.0 */
/* The layers in their order: link (packet_link.c, packet_ether.c), network and transport
 * (packet_ip.c), and, where it is asked for, the same again inside one tunnel (packet_tunnel.c). */
#include "ingest/packet.h"

#include "ingest/packet_ip.h"
#include "ingest/packet_link.h"
#include "ingest/packet_tunnel.h"

/* Replaces `packet` by the one that it carries, if there is one that decodes. */
static void inner_decode(struct packet_rest *rest, struct packet *packet) {
    enum packet_network network = packet_tunnel_strip(rest, packet);
    struct packet inner;
    if (network != PACKET_NETWORK_NONE &&
        packet_ip_decode(rest, network, &inner) == PACKET_DECODED) {
        *packet = inner;
    }
}

enum packet_kind packet_decode(struct bytes frame, uint32_t wire_size, uint32_t link_type,
                               enum packet_tunnels tunnels, struct packet *out) {
    struct packet_rest rest = {
        .at = frame.data,
        .size = frame.size,
        .wire_size = wire_size > frame.size ? wire_size : frame.size,
    };
    enum packet_network network = packet_link_strip(&rest, link_type);
    if (network == PACKET_NETWORK_NONE) {
        return PACKET_NOT_IP;
    }
    struct packet packet;
    if (packet_ip_decode(&rest, network, &packet) != PACKET_DECODED) {
        return PACKET_MALFORMED;
    }
    if (tunnels == PACKET_TUNNELS_INNER) {
        inner_decode(&rest, &packet);
    }
    *out = packet;
    return PACKET_DECODED;
}
