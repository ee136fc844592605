/* SPDX-License-Identifier: Apache-2.0 */
/* Packets lie evenly over the direction's time; packet i of n comes i / (n - 1) of the span after
 * packet 0. So that a capture shows a handshake in its order, the server's packets come a round
 * trip after the client's, and all but the first wait for the handshake.
 *
 * Of TCP, the first and the last packet (SYN, FIN) are bare; of those between, as many carry a full
 * segment as the payload needs, evenly among bare acknowledgements. Other protocols spread their
 * payload evenly: the first (payload mod n) packets have one byte more. */
#include "tests/gen/gen_shape.h"

#define TCP 6
#define UDP_HEADER_SIZE 8u
#define TCP_HEADER_SIZE 20u
#define TCP_HEADER_SIZE_MAX 60u
#define TIMESTAMPS_SIZE 12u /* the option that every segment has, padded */
#define SEGMENT_SIZE 1448u

#define TAIL_US 200000u /* of the last second */
#define NEAR_US 500u    /* a round trip within the fleet */
#define FAR_US 20000u   /* and to the rest of the world */

static uint32_t header_size(const struct gen_conversation *conversation, const struct gen_end *own,
                            bool is_bare) {
    uint32_t ip = address_is_ipv4(own->address) ? 20 : 40;
    if (conversation->protocol != TCP) {
        return ip + UDP_HEADER_SIZE;
    }
    /* Where packets are too small for the option they have none; a bare SYN is all header. */
    uint64_t room = own->packets == 0 ? 0 : (own->bytes / own->packets) & ~UINT64_C(3);
    uint32_t most = ip + (is_bare ? TCP_HEADER_SIZE_MAX : TCP_HEADER_SIZE + TIMESTAMPS_SIZE);
    uint32_t least = ip + TCP_HEADER_SIZE;
    return room > most ? most : room < least ? least : (uint32_t)room;
}

static void set_payload(struct gen_shape *shape, const struct gen_end *own, bool is_stream) {
    uint64_t headers = shape->packets * shape->header_size;
    shape->payload = own->bytes > headers ? own->bytes - headers : 0;
    uint64_t middle = shape->packets - shape->edges;
    if (!is_stream || shape->packets <= shape->edges || shape->payload == 0) {
        return;
    }
    uint64_t needed = (shape->payload + SEGMENT_SIZE - 1) / SEGMENT_SIZE;
    shape->data = needed < middle ? needed : middle;
    shape->segment = (shape->payload + shape->data - 1) / shape->data;
}

static void set_flags(struct gen_shape *shape, const struct gen_conversation *conversation,
                      bool is_from_client, bool is_bare) {
    if (conversation->protocol != TCP) {
        return;
    }
    if (conversation->is_refused) {
        shape->flags_first = shape->flags_middle = is_from_client ? GEN_SYN : GEN_RST | GEN_ACK;
        return;
    }
    shape->flags_first = shape->flags_middle = is_bare ? GEN_SYN : GEN_ACK;
    if (!is_bare && !conversation->is_ongoing) {
        shape->flags_first = is_from_client ? GEN_SYN : GEN_SYN | GEN_ACK;
        shape->flags_last = conversation->is_reset && is_from_client ? GEN_RST : GEN_FIN | GEN_ACK;
    }
}

void gen_shape_init(struct gen_shape *shape, const struct gen_conversation *conversation,
                    bool is_from_client) {
    const struct gen_end *own = is_from_client ? &conversation->client : &conversation->server;
    const struct gen_end *other = is_from_client ? &conversation->server : &conversation->client;
    /* A call that nobody answers is a SYN, again and again. */
    bool is_bare = conversation->is_rejected || conversation->is_refused || other->packets == 0;
    bool has_handshake =
        conversation->protocol == TCP && !is_bare && !conversation->is_ongoing && own->packets > 2;
    bool is_far = own->node == GEN_OUTSIDE || other->node == GEN_OUTSIDE;
    uint32_t trip_us = is_far ? FAR_US : NEAR_US;
    *shape = (struct gen_shape){
        .packets = conversation->is_rejected && !is_from_client ? 0 : own->packets,
        .first_us = conversation->offset_us + (is_from_client ? 0 : trip_us),
        .wait_us = !has_handshake   ? 0
                   : is_from_client ? trip_us + trip_us / 2
                                    : trip_us,
        .span_us = (uint64_t)conversation->duration_s * 1000000 + TAIL_US,
        .header_size = header_size(conversation, own, is_bare),
        .edges = has_handshake ? 2 : 0,
    };
    set_payload(shape, own, conversation->protocol == TCP && !is_bare);
    set_flags(shape, conversation, is_from_client, is_bare);
}

uint64_t gen_shape_packets_before(const struct gen_shape *shape, uint64_t at_us) {
    if (at_us <= shape->first_us || shape->packets == 0) {
        return 0;
    }
    uint64_t passed_us = at_us - shape->first_us;
    if (passed_us <= shape->wait_us || shape->packets == 1) {
        return 1;
    }
    passed_us -= shape->wait_us;
    if (passed_us > shape->span_us) {
        return shape->packets;
    }
    /* Those with i * span / (packets - 1) < passed. */
    return (passed_us * (shape->packets - 1) + shape->span_us - 1) / shape->span_us;
}

uint64_t gen_shape_time_us(const struct gen_shape *shape, uint64_t i) {
    if (i == 0) {
        return shape->first_us;
    }
    return shape->first_us + shape->wait_us + i * shape->span_us / (shape->packets - 1);
}

uint64_t gen_shape_bytes(const struct gen_shape *shape, uint64_t count) {
    uint64_t headers = count * shape->header_size;
    if (count == 0 || shape->payload == 0) {
        return headers;
    }
    if (shape->data == 0) {
        uint64_t more = shape->payload % shape->packets;
        return headers + shape->payload / shape->packets * count + (count < more ? count : more);
    }
    uint64_t middle = shape->packets - shape->edges;
    uint64_t passed = count - shape->edges / 2;
    passed = passed < middle ? passed : middle;
    uint64_t sent = (passed * shape->data + middle - 1) / middle * shape->segment;
    return headers + (sent < shape->payload ? sent : shape->payload);
}
