/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any octets behind any link type are a packet, not IP, or malformed. Fewer of them never
 * say more: a frame that is not IP has no front that is, and where both decode they have the same
 * ends. What is decoded keeps its own rules.
 *
 * The first octet chooses the link type, the second tunnels and how much more was on the wire, the
 * next two how many octets the front has; then the frame. */
#include "ingest/packet.h"

#include <stdlib.h>

static const uint32_t link_types[] = { 0,   1,   9,   12,  14,  50,  51,  101, 104,
                                       107, 108, 113, 204, 228, 229, 239, 276, 147 };

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static void check_packet(const struct packet *packet, uint32_t wire_size) {
    require(packet->bytes <= 65575 || packet->bytes <= wire_size);
    require(packet->bytes >= 20);
    require(!packet->is_fragment_tail || packet->is_fragment);
    require(!packet->is_fragment_tail || (packet->src_port == 0 && packet->dst_port == 0));
    require(!packet->has_flags || packet->protocol == 6);
    require(packet->has_flags || packet->tcp_flags == 0);
}

/* Decodes a copy that ends with its allocation. */
static enum packet_kind decode(struct bytes frame, uint32_t wire_size, uint32_t link_type,
                               enum packet_tunnels tunnels, struct packet *out) {
    uint8_t *copy = malloc(frame.size == 0 ? 1 : frame.size);
    require(copy != NULL);
    memcpy(copy, frame.data, frame.size);
    enum packet_kind kind =
        packet_decode(bytes_of(copy, frame.size), wire_size, link_type, tunnels, out);
    free(copy);
    require(kind == PACKET_DECODED || kind == PACKET_NOT_IP || kind == PACKET_MALFORMED);
    if (kind == PACKET_DECODED) {
        check_packet(out, wire_size);
    }
    return kind;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4) {
        return 0;
    }
    uint32_t link_type = link_types[data[0] % (sizeof link_types / sizeof *link_types)];
    enum packet_tunnels tunnels = data[1] & 1 ? PACKET_TUNNELS_INNER : PACKET_TUNNELS_OUTER;
    struct bytes frame = bytes_of(data + 4, size - 4);
    uint32_t wire_size = (uint32_t)frame.size + (data[1] >> 1) * 1024u;
    struct bytes front = bytes_of(frame.data, frame.size == 0 ? 0 : get_u16(data + 2) % frame.size);
    struct packet whole = { 0 };
    struct packet part = { 0 };
    enum packet_kind whole_kind = decode(frame, wire_size, link_type, tunnels, &whole);
    enum packet_kind part_kind = decode(front, wire_size, link_type, tunnels, &part);
    require(whole_kind != PACKET_NOT_IP || part_kind == PACKET_NOT_IP);
    if (whole_kind == PACKET_DECODED && part_kind == PACKET_DECODED &&
        tunnels == PACKET_TUNNELS_OUTER) {
        require(address_equal(whole.src, part.src) && address_equal(whole.dst, part.dst));
    }
    return 0;
}
