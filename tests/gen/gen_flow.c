/* SPDX-License-Identifier: Apache-2.0 */
/* A direction's packets lie evenly over the conversation. What was sent up to second t is
 * floor(total * t / length), and an interval gets the difference, so that the pieces add up to the
 * whole on both ends whatever their intervals are. An interval without a packet records nothing;
 * its bytes go to the next. */
#include "tests/gen/gen_flow.h"

#include <stdlib.h>

#define PROTOCOL_TCP 6
#define FIN 1
#define SYN 2
#define RST 4
#define SYN_ACK 18

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

/* The flags that a piece shows: the handshake in its first, the farewell in its last. */
static uint8_t piece_flags(const struct gen_conversation *conversation, bool is_from_client,
                           bool is_first, bool is_last) {
    if (conversation->protocol != PROTOCOL_TCP || conversation->is_ongoing) {
        return 0;
    }
    uint8_t flags = is_first ? (is_from_client ? SYN : SYN_ACK) : 0;
    if (is_last && !conversation->is_rejected) {
        flags |= conversation->is_reset && is_from_client ? RST : FIN;
    }
    return flags;
}

static uint64_t until(uint64_t total, uint64_t part_s, uint64_t whole_s) {
    return part_s >= whole_s ? total : total * part_s / whole_s;
}

/* One direction as one end records it: `own` is the recording end, `sender` one of the two. */
static void add_direction(struct gen_ring *ring, const struct gen_conversation *conversation,
                          const struct gen_end *own, const struct gen_end *peer,
                          const struct gen_end *sender) {
    const struct gen_node *node = &ring->fleet->nodes[own->node];
    bool is_egress = sender == own;
    bool is_from_client = sender == &conversation->client;
    uint64_t length_s = (uint64_t)conversation->duration_s + 1;
    uint64_t stop_s = conversation->start_s + length_s;
    uint64_t sent_packets = 0;
    uint64_t sent_bytes = 0;
    bool is_first = true;
    for (uint64_t from_s = conversation->start_s; from_s < stop_s && from_s < ring->end_s;) {
        uint64_t interval_end_s = gen_interval_end(node, from_s);
        uint64_t to_s = interval_end_s < stop_s ? interval_end_s : stop_s;
        uint64_t packets = until(sender->packets, to_s - conversation->start_s, length_s);
        if (packets > sent_packets) {
            uint64_t bytes = until(sender->bytes, to_s - conversation->start_s, length_s);
            struct gen_record record = {
                .peer = peer->address,
                .bytes = bytes - sent_bytes,
                .packets = packets - sent_packets,
                .start_s = (uint32_t)from_s,
                .end_s = (uint32_t)(to_s - 1),
                .node = own->node,
                .own_port = own->port,
                .peer_port = peer->port,
                .event = conversation->event,
                .pod = (uint8_t)own->pod,
                .protocol = conversation->protocol,
                .tcp_flags = piece_flags(conversation, is_from_client, is_first, to_s == stop_s),
                .is_egress = is_egress,
                .is_rejected = conversation->is_rejected && !is_egress,
            };
            struct gen_records *minute = gen_ring_minute(ring, interval_end_s / 60);
            ring->is_full |= !gen_records_append(minute, &record, ring->rows_max);
            sent_packets = packets;
            sent_bytes = bytes;
            is_first = false;
        }
        from_s = to_s;
    }
}

static void add_end(struct gen_ring *ring, const struct gen_conversation *conversation,
                    const struct gen_end *own, const struct gen_end *peer) {
    if (own->node == GEN_OUTSIDE) {
        return;
    }
    add_direction(ring, conversation, own, peer, &conversation->client);
    if (!conversation->is_rejected) {
        add_direction(ring, conversation, own, peer, &conversation->server);
    }
}

void gen_ring_add(struct gen_ring *ring, const struct gen_conversation *conversation) {
    add_end(ring, conversation, &conversation->client, &conversation->server);
    add_end(ring, conversation, &conversation->server, &conversation->client);
}
