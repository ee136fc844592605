/* SPDX-License-Identifier: Apache-2.0 */
/* A heap holds each conversation by the time of its next packet. Writing one takes the top, which
 * then falls to its next time: some hundred nanoseconds a packet with a hundred thousand
 * conversations under way. */
#include "tests/gen/gen_packets.h"

#include "tests/gen/gen_rng.h"

#include <stdlib.h>

#define ICMP 1
#define ECHO_REQUEST 8u
#define NEVER UINT64_MAX
/* About 2 GiB of streams. */
#define STREAMS_MAX (UINT32_C(1) << 22)
/* Hardware addresses: nodes count from 1; whatever is outside stands behind the router. */
#define ROUTER UINT32_C(0xfffffffe)

struct side {
    struct gen_shape shape;
    struct gen_frame frame;
    uint64_t next;    /* number of the next packet */
    uint64_t next_us; /* Unix; NEVER: there is none */
    uint64_t bytes;   /* of those before it */
    uint32_t sequence;
};

struct gen_stream {
    struct side sides[2]; /* client, server */
    uint64_t start_us;
    uint16_t event;
};

void gen_packets_init(struct gen_packets *packets, const struct gen_fleet *fleet,
                      struct gen_events *events, struct gen_pcap *pcap, uint64_t end_s) {
    *packets = (struct gen_packets){
        .fleet = fleet, .events = events, .pcap = pcap, .end_us = end_s * 1000000
    };
}

void gen_packets_done(struct gen_packets *packets) {
    free(packets->turns);
    free(packets->streams);
    free(packets->spare);
    *packets = (struct gen_packets){ 0 };
}

/* ---- the heap ---- */

static bool is_before(const struct gen_packets_turn *a, const struct gen_packets_turn *b) {
    return a->time_us != b->time_us ? a->time_us < b->time_us : a->stream < b->stream;
}

static void rise(struct gen_packets *packets, uint32_t at, struct gen_packets_turn turn) {
    struct gen_packets_turn *turns = packets->turns;
    while (at > 0 && is_before(&turn, &turns[(at - 1) / 4])) {
        turns[at] = turns[(at - 1) / 4];
        at = (at - 1) / 4;
    }
    turns[at] = turn;
}

/* Four children a place: half the depth of two, and the four lie in one cache line or two. */
static void fall(struct gen_packets *packets, struct gen_packets_turn turn) {
    struct gen_packets_turn *turns = packets->turns;
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 4 * at + 1;
        if (child >= packets->turn_count) {
            break;
        }
        uint32_t last = child + 4 < packets->turn_count ? child + 4 : packets->turn_count;
        for (uint32_t other = child + 1; other < last; other++) {
            child = is_before(&turns[other], &turns[child]) ? other : child;
        }
        if (!is_before(&turns[child], &turn)) {
            break;
        }
        turns[at] = turns[child];
        at = child;
    }
    turns[at] = turn;
}

/* ---- conversations ---- */

static bool grow(struct gen_packets *packets) {
    uint32_t capacity = packets->capacity == 0 ? 1024 : 2 * packets->capacity;
    if (capacity > STREAMS_MAX) {
        return false;
    }
    void *turns = realloc(packets->turns, capacity * sizeof *packets->turns);
    packets->turns = turns != NULL ? turns : packets->turns;
    void *streams = realloc(packets->streams, capacity * sizeof *packets->streams);
    packets->streams = streams != NULL ? streams : packets->streams;
    void *spare = realloc(packets->spare, capacity * sizeof *packets->spare);
    packets->spare = spare != NULL ? spare : packets->spare;
    if (turns == NULL || streams == NULL || spare == NULL) {
        return false;
    }
    packets->capacity = capacity;
    return true;
}

static void set_next(struct side *side, uint64_t start_us) {
    side->next_us = side->next < side->shape.packets
                        ? start_us + gen_shape_time_us(&side->shape, side->next)
                        : NEVER;
}

static uint32_t hardware(const struct gen_end *end) {
    return end->node == GEN_OUTSIDE ? ROUTER : end->node + 1;
}

static void set_side(struct side *side, const struct gen_conversation *conversation,
                     bool is_from_client, uint64_t hash) {
    const struct gen_end *own = is_from_client ? &conversation->client : &conversation->server;
    const struct gen_end *other = is_from_client ? &conversation->server : &conversation->client;
    bool is_icmp = conversation->protocol == ICMP;
    const struct gen_frame_ends ends = {
        .src = own->address,
        .dst = other->address,
        .src_hardware = hardware(own),
        .dst_hardware = hardware(other),
        .src_port = is_icmp ? (uint16_t)hash : own->port,
        .dst_port = !is_icmp         ? other->port
                    : is_from_client ? ECHO_REQUEST << 8
                                     : 0,
        .protocol = conversation->protocol,
    };
    *side = (struct side){ .sequence = (uint32_t)(is_from_client ? hash : hash >> 32) };
    gen_shape_init(&side->shape, conversation, is_from_client);
    gen_frame_init(&side->frame, &ends, side->shape.header_size);
    set_next(side, conversation->start_s * 1000000);
}

static uint64_t next_us(const struct gen_stream *stream) {
    uint64_t client_us = stream->sides[0].next_us;
    uint64_t server_us = stream->sides[1].next_us;
    return client_us < server_us ? client_us : server_us;
}

static void take(void *context, const struct gen_conversation *conversation) {
    struct gen_packets *packets = context;
    if (packets->spare_count == 0 && packets->stream_count == packets->capacity && !grow(packets)) {
        packets->is_full = true;
        return;
    }
    uint32_t number =
        packets->spare_count > 0 ? packets->spare[--packets->spare_count] : packets->stream_count++;
    struct gen_stream *stream = &packets->streams[number];
    uint64_t hash = gen_hash(conversation->client.address.low ^ conversation->server.address.low,
                             (uint64_t)conversation->client.port << 16 | conversation->server.port,
                             conversation->start_s);
    stream->start_us = conversation->start_s * 1000000;
    stream->event = conversation->event;
    set_side(&stream->sides[0], conversation, true, hash);
    set_side(&stream->sides[1], conversation, false, hash);
    if (next_us(stream) >= packets->end_us) {
        packets->spare[packets->spare_count++] = number;
        return;
    }
    rise(packets, packets->turn_count++,
         (struct gen_packets_turn){ .time_us = next_us(stream), .stream = number });
}

struct gen_sink gen_packets_sink(struct gen_packets *packets) {
    return (struct gen_sink){ .take = take, .context = packets };
}

/* ---- packets ---- */

static void count_event(struct gen_packets *packets, uint16_t event, uint64_t time_us,
                        uint32_t bytes) {
    const struct gen_record record = {
        .bytes = bytes,
        .packets = 1,
        .start_s = (uint32_t)(time_us / 1000000),
        .end_s = (uint32_t)(time_us / 1000000),
        .event = event,
    };
    gen_events_count(packets->events, &record);
}

/* The next packet of a side whose peer has said all up to its own `sequence`. */
static uint32_t put_packet(struct gen_packets *packets, struct side *side,
                           const struct side *peer) {
    uint64_t bytes = gen_shape_bytes(&side->shape, side->next + 1);
    uint32_t ip_size = (uint32_t)(bytes - side->bytes);
    uint8_t flags = gen_shape_flags(&side->shape, side->next);
    uint32_t payload = ip_size - side->shape.header_size;
    flags |= payload > 0 && (flags & GEN_ACK) ? GEN_PSH : 0;
    gen_frame_set(&side->frame, ip_size, (uint16_t)side->next, flags, side->sequence,
                  flags & GEN_ACK ? peer->sequence : 0);
    gen_pcap_put(packets->pcap, side->next_us, bytes_of(side->frame.bytes, side->frame.size),
                 ip_size + side->frame.ip_offset);
    side->sequence += payload + (flags & (GEN_SYN | GEN_FIN) ? 1 : 0);
    side->bytes = bytes;
    side->next++;
    return ip_size;
}

static void write_top(struct gen_packets *packets) {
    struct gen_packets_turn turn = packets->turns[0];
    struct gen_stream *stream = &packets->streams[turn.stream];
    uint32_t from = stream->sides[0].next_us <= stream->sides[1].next_us ? 0 : 1;
    struct side *side = &stream->sides[from];
    uint32_t bytes = put_packet(packets, side, &stream->sides[1 - from]);
    if (stream->event != 0) {
        count_event(packets, stream->event, turn.time_us, bytes);
    }
    set_next(side, stream->start_us);
    uint64_t next = next_us(stream);
    if (next < packets->end_us) {
        fall(packets, (struct gen_packets_turn){ .time_us = next, .stream = turn.stream });
        return;
    }
    packets->spare[packets->spare_count++] = (uint32_t)turn.stream;
    packets->turn_count--;
    if (packets->turn_count > 0) {
        fall(packets, packets->turns[packets->turn_count]);
    }
}

bool gen_packets_write(struct gen_packets *packets, uint64_t until_s, struct error *err) {
    if (packets->is_full) {
        return error_set(err, ERROR_LIMIT, "more than %u conversations at a time, or no memory",
                         STREAMS_MAX);
    }
    while (packets->turn_count > 0 && packets->turns[0].time_us < until_s * 1000000) {
        write_top(packets);
    }
    return true;
}
