/* SPDX-License-Identifier: Apache-2.0 */
/* An interval gets the packets that gen_shape.h puts into it, so that the pieces add up to the
 * whole on both ends whatever their intervals are. An interval without a packet records nothing. */
#include "tests/gen/gen_flow.h"

#include "tests/gen/gen_shape.h"

#include <stdlib.h>

/* About 1 GiB of records in one minute: far over any fleet that GEN_NODES_MAX allows in earnest. */
#define ROWS_MAX (UINT32_C(1) << 24)

void gen_ring_init(struct gen_ring *ring, const struct gen_fleet *fleet, uint64_t end_s) {
    *ring = (struct gen_ring){ .fleet = fleet, .end_s = end_s, .rows_max = ROWS_MAX };
}

void gen_ring_done(struct gen_ring *ring) {
    for (size_t i = 0; i < GEN_RING_MINUTES; i++) {
        free(ring->minutes[i].rows);
    }
    *ring = (struct gen_ring){ 0 };
}

struct gen_records *gen_ring_minute(struct gen_ring *ring, uint64_t minute) {
    return &ring->minutes[minute % GEN_RING_MINUTES];
}

bool gen_records_append(struct gen_records *records, const struct gen_record *record,
                        uint32_t rows_max) {
    if (records->count == records->capacity) {
        uint32_t capacity = records->capacity == 0 ? 256 : 2 * records->capacity;
        if (capacity > rows_max) {
            return false;
        }
        struct gen_record *rows = realloc(records->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        records->rows = rows;
        records->capacity = capacity;
    }
    records->rows[records->count++] = *record;
    return true;
}

uint64_t gen_interval_end(const struct gen_node *node, uint64_t at_s) {
    return (at_s - node->phase_s) / GEN_INTERVAL_S * GEN_INTERVAL_S + GEN_INTERVAL_S +
           node->phase_s;
}

/* What AWS shows of packets [first, end): FIN, SYN and RST, and ACK only beside SYN. */
static uint8_t piece_flags(const struct gen_shape *shape, uint64_t first, uint64_t end) {
    uint8_t flags = gen_shape_flags(shape, first);
    flags = flags & GEN_SYN ? flags : flags & (GEN_FIN | GEN_RST);
    return flags | (gen_shape_flags(shape, end - 1) & (GEN_FIN | GEN_SYN | GEN_RST));
}

static struct gen_record make_record(const struct gen_conversation *conversation,
                                     const struct gen_end *own, const struct gen_end *peer,
                                     bool is_egress) {
    return (struct gen_record){
        .peer = peer->address,
        .node = own->node,
        .own_port = own->port,
        .peer_port = peer->port,
        .event = conversation->event,
        .pod = (uint8_t)own->pod,
        .protocol = conversation->protocol,
        .is_egress = is_egress,
        .is_rejected = conversation->is_rejected && !is_egress,
    };
}

/* One direction as one end records it: `own` is the recording end. */
static void add_direction(struct gen_ring *ring, const struct gen_conversation *conversation,
                          const struct gen_end *own, const struct gen_end *peer,
                          const struct gen_shape *shape, bool is_egress) {
    const struct gen_node *node = &ring->fleet->nodes[own->node];
    struct gen_record record = make_record(conversation, own, peer, is_egress);
    uint64_t stop_s = conversation->start_s + conversation->duration_s + 1;
    stop_s = stop_s < ring->end_s ? stop_s : ring->end_s;
    uint64_t sent_packets = 0;
    uint64_t sent_bytes = 0;
    for (uint64_t from_s = conversation->start_s; from_s < stop_s;) {
        uint64_t interval_end_s = gen_interval_end(node, from_s);
        uint64_t to_s = interval_end_s < stop_s ? interval_end_s : stop_s;
        uint64_t passed_us = (to_s - conversation->start_s) * 1000000;
        uint64_t packets = gen_shape_packets_before(shape, passed_us);
        if (packets > sent_packets) {
            uint64_t bytes = gen_shape_bytes(shape, packets);
            record.bytes = bytes - sent_bytes;
            record.packets = packets - sent_packets;
            record.start_s = (uint32_t)from_s;
            record.end_s = (uint32_t)(to_s - 1);
            record.tcp_flags = piece_flags(shape, sent_packets, packets);
            struct gen_records *minute = gen_ring_minute(ring, interval_end_s / 60);
            ring->is_full |= !gen_records_append(minute, &record, ring->rows_max);
            sent_packets = packets;
            sent_bytes = bytes;
        }
        from_s = to_s;
    }
}

void gen_ring_add(struct gen_ring *ring, const struct gen_conversation *conversation) {
    const struct gen_end *client = &conversation->client;
    const struct gen_end *server = &conversation->server;
    struct gen_shape there;
    struct gen_shape back;
    gen_shape_init(&there, conversation, true);
    gen_shape_init(&back, conversation, false);
    if (client->node != GEN_OUTSIDE) {
        add_direction(ring, conversation, client, server, &there, true);
        add_direction(ring, conversation, client, server, &back, false);
    }
    if (server->node != GEN_OUTSIDE) {
        add_direction(ring, conversation, server, client, &there, false);
        add_direction(ring, conversation, server, client, &back, true);
    }
}

static void take(void *ring, const struct gen_conversation *conversation) {
    gen_ring_add(ring, conversation);
}

struct gen_sink gen_ring_sink(struct gen_ring *ring) {
    return (struct gen_sink){ .take = take, .context = ring };
}
