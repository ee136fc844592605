/* SPDX-License-Identifier: Apache-2.0 */
/* A row of gen_role.h belongs to a node of its role, as the caller or as the called; the number of
 * its conversations in a minute is Poisson around rate * curve * the node's load * a factor of that
 * node and minute, which makes the kinds of one node rise and fall together. Kept connections
 * (pools of a database, say) stand for hours under one port and record a piece each minute. */
#include "tests/gen/gen_traffic.h"

#include "tests/gen/gen_role.h"

#include <stdlib.h>

#define ICMP 1
#define TCP 6
#define UDP 17
#define TCP_HEADER_BYTES 32u /* with time stamps */
#define UDP_HEADER_BYTES 8u  /* ICMP's is as long */
#define SEGMENT_BYTES 1448u

static const uint16_t scanned_ports[16] = { 23,   22,   445,  3389, 8080, 2323,  6379, 5900,
                                            8443, 1433, 3306, 5060, 81,   27017, 9200, 60023 };

/* Per mille of the peak in each hour (UTC), for people in Europe. */
static const uint16_t day_curve[24] = {
    260, 210, 180, 170,  180, 230, 350, 540, 740, 880, 950, 970,
    930, 950, 980, 1000, 990, 960, 920, 870, 780, 640, 490, 350
};

/* How busy a curve is at a moment, about 0 to 1. */
static double curve_at(enum gen_curve curve, uint64_t at_s, uint32_t node_index) {
    uint32_t hour = (uint32_t)(at_s / 3600 % 24);
    double part = (double)(at_s % 3600) / 3600;
    switch (curve) {
    case GEN_FLAT: return 1;
    case GEN_DAY: {
        double from = day_curve[hour];
        double to = day_curve[(hour + 1) % 24];
        /* 1970-01-01 was a Thursday. */
        bool is_weekend = (at_s / 86400 + 4) % 7 == 6 || (at_s / 86400 + 4) % 7 == 0;
        return (from + (to - from) * part) / 1000 * (is_weekend ? 0.7 : 1);
    }
    case GEN_NIGHT: return hour >= 1 && hour < 5 ? 1 : 0.02;
    case GEN_HOURLY: return at_s / 60 % 60 == (7 * node_index + 5) % 60 ? 1 : 0;
    }
    return 0;
}

static uint32_t ip_header(const struct gen_conversation *conversation) {
    return address_is_ipv4(conversation->client.address) ? 20 : 40;
}

void gen_conversation_fill(struct gen_conversation *conversation, uint64_t request,
                           uint64_t reply) {
    bool is_tcp = conversation->protocol == TCP;
    uint64_t there = request / SEGMENT_BYTES + 1;
    uint64_t back = reply / SEGMENT_BYTES + 1;
    uint32_t extra = is_tcp && !conversation->is_ongoing ? 3 : 0;
    conversation->client.packets = there + (is_tcp ? back / 2 + extra : 0);
    conversation->server.packets = back + (is_tcp ? there / 2 + extra : 0);
    uint32_t header = (is_tcp ? TCP_HEADER_BYTES : UDP_HEADER_BYTES) + ip_header(conversation);
    conversation->client.bytes = request + conversation->client.packets * header;
    conversation->server.bytes = reply + conversation->server.packets * header;
}

static void set_node(struct gen_traffic *traffic, struct gen_end *end, uint32_t node_index,
                     uint64_t pod_hash, bool is_ipv6) {
    const struct gen_node *node = &traffic->fleet->nodes[node_index];
    end->node = node_index;
    end->address = is_ipv6 ? node->ipv6 : node->ipv4;
    if (node->pod_count > 0 && !is_ipv6 && pod_hash % 4 != 0) {
        uint32_t pod = (uint32_t)(pod_hash / 4 % node->pod_count);
        end->pod = pod + 1;
        end->address = gen_fleet_pod(node_index, pod);
    }
}

/* A node of the row's peer role other than `self`, by rank; false when there is none. */
static bool choose_node(const struct gen_fleet *fleet, uint32_t peer, uint32_t self, uint64_t rank,
                        uint32_t *out) {
    uint32_t first = 0;
    uint32_t last = fleet->node_count;
    if (peer != GEN_PEER_ANY_NODE) {
        first = fleet->role_first[peer - GEN_POOL_COUNT];
        last = fleet->role_first[peer - GEN_POOL_COUNT + 1];
    }
    if (first == last) {
        return false;
    }
    uint32_t count = last - first;
    for (uint32_t i = 0; i < count; i++) {
        *out = fleet->by_role[first + (rank + i) % count];
        if (*out != self && fleet->nodes[*out].is_up) {
            return true;
        }
    }
    return false;
}

/* Fills in the other end; false when the fleet has no such node. `rank` chooses among our nodes. */
static bool set_peer(struct gen_traffic *traffic, struct gen_end *own, struct gen_end *other,
                     const struct gen_habit *kind, uint32_t self, uint64_t rank, uint64_t at_s) {
    if (kind->peer >= GEN_POOL_COUNT) {
        uint32_t peer;
        if (!choose_node(traffic->fleet, kind->peer, self, rank, &peer)) {
            return false;
        }
        set_node(traffic, own, self, rank >> 16, false);
        set_node(traffic, other, peer, rank >> 24, false);
        return true;
    }
    enum gen_pool pool = (enum gen_pool)kind->peer;
    uint32_t day = (uint32_t)((at_s - traffic->start_s) / 86400);
    uint64_t member = gen_pool_draw(pool, &traffic->rng, day);
    other->node = GEN_OUTSIDE;
    other->address = gen_pool_address(pool, traffic->fleet->seed, member, true);
    set_node(traffic, own, self, rank >> 16, !address_is_ipv4(other->address));
    return true;
}

static void set_ports(struct gen_traffic *traffic, struct gen_conversation *conversation,
                      const struct gen_habit *kind) {
    if (kind->protocol == ICMP) {
        return; /* AWS gives 0 for both */
    }
    uint64_t draw = gen_rng_next(&traffic->rng);
    conversation->client.port = (uint16_t)(32768 + (draw >> 32) % 28232);
    bool is_scan = kind->side == GEN_REFUSES && kind->port == 0;
    conversation->server.port =
        is_scan ? scanned_ports[(draw & 15) & (draw >> 4 & 15)] : kind->port;
}

static void count_usual(struct gen_traffic *traffic, const struct gen_end *from,
                        const struct gen_end *to) {
    if (from->node != GEN_OUTSIDE) {
        traffic->sent_bytes[from->node] += from->bytes;
    }
    if (to->node != GEN_OUTSIDE) {
        traffic->received_bytes[to->node] += from->bytes;
    }
}

static void add(struct gen_traffic *traffic, const struct gen_conversation *conversation) {
    count_usual(traffic, &conversation->client, &conversation->server);
    if (!conversation->is_rejected) {
        count_usual(traffic, &conversation->server, &conversation->client);
    }
    traffic->sink.take(traffic->sink.context, conversation);
}

/* One conversation that begins within the minute. */
static void converse(struct gen_traffic *traffic, const struct gen_habit *kind, uint32_t self,
                     uint64_t minute_s) {
    struct gen_rng *rng = &traffic->rng;
    uint64_t draw = gen_rng_next(rng);
    uint64_t start_us = (draw >> 8 & 0xffff) * 60000000 / 0x10000;
    struct gen_conversation conversation = {
        .protocol = kind->protocol,
        .is_rejected = kind->side == GEN_REFUSES,
        .is_reset = (draw & 31) == 0,
        .start_s = minute_s + start_us / 1000000,
        .offset_us = (uint32_t)(start_us % 1000000 * GEN_OFFSET_US_MAX / 1000000),
        .duration_s = gen_rng_log_uniform(rng, kind->duration),
    };
    bool is_caller = kind->side == GEN_CALLS_OUT;
    struct gen_end *own = is_caller ? &conversation.client : &conversation.server;
    struct gen_end *other = is_caller ? &conversation.server : &conversation.client;
    if (!set_peer(traffic, own, other, kind, self, draw >> 24, minute_s)) {
        return;
    }
    set_ports(traffic, &conversation, kind);
    if (conversation.is_rejected) {
        conversation.client.packets = 1 + (draw >> 5 & 1);
        uint64_t payload = kind->request > 0 ? (uint64_t)gen_exp2(kind->request) : 0;
        conversation.client.bytes =
            conversation.client.packets * (20 + ip_header(&conversation) + payload);
    } else {
        uint64_t request = gen_rng_size(rng, kind->request, kind->deviation);
        gen_conversation_fill(&conversation, request,
                              gen_rng_size(rng, kind->reply, kind->deviation));
    }
    add(traffic, &conversation);
}

/* A minute's traffic of one kept connection. Its partner, port and pods last for six hours. */
static void keep(struct gen_traffic *traffic, const struct gen_habit *kind, uint32_t self,
                 uint32_t slot, double busy, uint64_t minute_s) {
    struct gen_rng *rng = &traffic->rng;
    struct gen_conversation conversation = { .protocol = kind->protocol, .is_ongoing = true };
    uint64_t connection = (uint64_t)self << 16 | (uint64_t)(kind - gen_habits) << 8 | slot;
    uint64_t epoch = (minute_s + connection % 360 * 60) / 21600;
    uint64_t hash = gen_hash(traffic->fleet->seed, connection, epoch);
    if (!set_peer(traffic, &conversation.client, &conversation.server, kind, self, hash,
                  minute_s)) {
        return;
    }
    conversation.client.port = (uint16_t)(32768 + (hash >> 40) % 28232);
    conversation.server.port = kind->port;
    conversation.start_s = minute_s + gen_rng_below(rng, 5);
    conversation.offset_us = (uint32_t)(hash >> 8) % (GEN_OFFSET_US_MAX + 1);
    conversation.duration_s = 40 + gen_rng_below(rng, 15);
    double shift = gen_log2(busy + 0.05);
    uint64_t request = gen_rng_size(rng, kind->request + shift, kind->deviation);
    gen_conversation_fill(&conversation, request,
                          gen_rng_size(rng, kind->reply + shift, kind->deviation));
    add(traffic, &conversation);
}

static void run_kind(struct gen_traffic *traffic, const struct gen_habit *kind, uint32_t self,
                     double factor, uint64_t minute_s) {
    double busy = curve_at(kind->curve, minute_s, self) * factor;
    if (kind->side == GEN_KEEPS) {
        for (uint32_t slot = 0; slot < (uint32_t)kind->rate; slot++) {
            /* A quiet connection says nothing in some minutes. */
            if (gen_rng_chance(&traffic->rng, 0.3 + 0.7 * busy)) {
                keep(traffic, kind, self, slot, busy, minute_s);
            }
        }
        return;
    }
    uint32_t count = gen_rng_poisson(&traffic->rng, kind->rate * busy);
    for (uint32_t i = 0; i < count; i++) {
        converse(traffic, kind, self, minute_s);
    }
}

bool gen_traffic_init(struct gen_traffic *traffic, const struct gen_fleet *fleet,
                      struct gen_sink sink, uint64_t start_s, struct error *err) {
    *traffic = (struct gen_traffic){ .fleet = fleet, .sink = sink, .start_s = start_s };
    gen_rng_init(&traffic->rng, gen_mix(fleet->seed ^ 0x7aff1c));
    traffic->sent_bytes = calloc(fleet->node_count, sizeof *traffic->sent_bytes);
    traffic->received_bytes = calloc(fleet->node_count, sizeof *traffic->received_bytes);
    traffic->boosts = calloc(fleet->node_count, sizeof *traffic->boosts);
    if (traffic->sent_bytes == NULL || traffic->received_bytes == NULL || traffic->boosts == NULL) {
        gen_traffic_done(traffic);
        return error_set(err, ERROR_LIMIT, "no memory for the counts of %u nodes",
                         fleet->node_count);
    }
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        traffic->boosts[i] = 1;
    }
    return true;
}

void gen_traffic_done(struct gen_traffic *traffic) {
    free(traffic->sent_bytes);
    free(traffic->received_bytes);
    free(traffic->boosts);
    *traffic = (struct gen_traffic){ 0 };
}

void gen_traffic_minute(struct gen_traffic *traffic, uint64_t minute_s) {
    const struct gen_fleet *fleet = traffic->fleet;
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        const struct gen_node *node = &fleet->nodes[i];
        if (!node->is_up) {
            continue;
        }
        double factor =
            node->load * traffic->boosts[i] * gen_exp2(0.25 * gen_rng_normal(&traffic->rng));
        for (size_t k = 0; k < gen_habit_count; k++) {
            if (gen_habits[k].role == (uint32_t)node->role || gen_habits[k].role == GEN_ANY_ROLE) {
                run_kind(traffic, &gen_habits[k], i, factor, minute_s);
            }
        }
    }
}
