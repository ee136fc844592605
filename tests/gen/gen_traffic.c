/* SPDX-License-Identifier: Apache-2.0 */
/* A row of `kinds` belongs to a node of its role, as the caller or as the called; the number of its
 * conversations in a minute is Poisson around rate * curve * the node's load * a factor of that
 * node and minute, which makes the kinds of one node rise and fall together. Kept connections
 * (pools of a database, say) stand for hours under one port and record a piece each minute. */
#include "tests/gen/gen_traffic.h"

#include "tests/gen/gen_pool.h"

#include <stdlib.h>

#define ICMP 1
#define TCP 6
#define UDP 17
#define TCP_HEADER_BYTES 32u /* with time stamps */
#define UDP_HEADER_BYTES 8u  /* ICMP's is as long */
#define SEGMENT_BYTES 1448u

/* Rows of gen_pool stand for themselves; roles come behind them. */
#define PEER_ROLE(role) (GEN_POOL_COUNT + (role))
#define PEER_ANY_NODE (GEN_POOL_COUNT + GEN_ROLE_COUNT)
#define ANY_ROLE GEN_ROLE_COUNT

enum curve { FLAT, DAY, NIGHT, HOURLY };
enum side { CALLS, SERVES, KEEPS /* calls over connections that are kept open */, REFUSES };

struct kind {
    uint32_t role;
    enum side side;
    uint32_t peer;
    uint8_t protocol;
    uint16_t port;
    enum curve curve;
    double rate;      /* conversations a minute; of KEEPS: connections open */
    double request;   /* log2 of the median payload bytes from the caller */
    double reply;     /* and back; 0: none */
    double deviation; /* of both, in bits */
    double duration;  /* log2 of the largest usual duration in s, drawn log-uniformly */
};

static const struct kind kinds[] = {
    { GEN_WEB, SERVES, GEN_CLIENTS, TCP, 443, DAY, 5, 11.5, 17, 1.6, 6 },
    { GEN_WEB, SERVES, GEN_CLIENTS, TCP, 80, DAY, 0.5, 9, 9.5, 0.6, 2 },
    { GEN_WEB, CALLS, PEER_ROLE(GEN_API), TCP, 8080, DAY, 4, 12, 15, 1.2, 3 },
    { GEN_WEB, KEEPS, PEER_ROLE(GEN_CACHE), TCP, 6379, DAY, 2, 15, 18, 0.8, 0 },
    { GEN_WEB, CALLS, GEN_OBJECT_STORE, TCP, 443, DAY, 0.3, 10.5, 18, 1.5, 4 },
    { GEN_API, KEEPS, PEER_ROLE(GEN_DB), TCP, 5432, DAY, 3, 16, 18.5, 0.8, 0 },
    { GEN_API, KEEPS, PEER_ROLE(GEN_CACHE), TCP, 6379, DAY, 2, 15, 16.5, 0.8, 0 },
    { GEN_API, CALLS, GEN_SAAS, TCP, 443, DAY, 0.8, 12.5, 13, 1.0, 4 },
    { GEN_DB, KEEPS, PEER_ROLE(GEN_DB), TCP, 5432, FLAT, 1, 20, 14, 0.6, 0 },
    { GEN_DB, CALLS, GEN_OBJECT_STORE, TCP, 443, FLAT, 0.3, 20.5, 10, 0.6, 4 },
    { GEN_WORKER, KEEPS, PEER_ROLE(GEN_DB), TCP, 5432, DAY, 2, 14, 17, 1.0, 0 },
    { GEN_WORKER, CALLS, GEN_SITES, TCP, 443, DAY, 2, 11, 17, 1.6, 5 },
    { GEN_WORKER, CALLS, GEN_OBJECT_STORE, TCP, 443, HOURLY, 6, 19, 10.5, 1.2, 5 },
    { GEN_MAIL, SERVES, GEN_MAILERS, TCP, 25, DAY, 1.5, 14, 9, 1.6, 4 },
    { GEN_MAIL, CALLS, GEN_MAILERS, TCP, 25, DAY, 1, 14, 9, 1.6, 4 },
    { GEN_MAIL, SERVES, GEN_CLIENTS, TCP, 993, DAY, 1, 10, 14, 1.8, 8 },
    { GEN_DNS, CALLS, GEN_NAMESERVERS, UDP, 53, DAY, 4, 6, 7.5, 0.4, 0 },
    { GEN_BATCH, KEEPS, PEER_ROLE(GEN_DB), TCP, 5432, NIGHT, 3, 15, 20, 1.2, 0 },
    { GEN_BATCH, CALLS, GEN_OBJECT_STORE, TCP, 443, NIGHT, 1, 20, 11, 1.2, 5 },
    { GEN_BATCH, CALLS, PEER_ANY_NODE, TCP, 9100, FLAT, 3, 9, 15, 0.4, 0 },
    { GEN_BATCH, CALLS, PEER_ANY_NODE, ICMP, 0, FLAT, 2, 6, 6, 0.1, 0 },
    { ANY_ROLE, CALLS, PEER_ROLE(GEN_DNS), UDP, 53, DAY, 1.5, 5.5, 7, 0.4, 0 },
    { ANY_ROLE, CALLS, GEN_SAAS, TCP, 443, FLAT, 0.3, 13, 10, 0.8, 3 },
    { ANY_ROLE, CALLS, GEN_CLOCKS, UDP, 123, FLAT, 0.06, 5.6, 5.6, 0, 0 },
    { ANY_ROLE, CALLS, GEN_MIRRORS, TCP, 443, HOURLY, 0.05, 10, 21, 1.6, 5 },
    { ANY_ROLE, CALLS, GEN_STRANGERS, TCP, 443, FLAT, 0.002, 11, 14, 1.5, 4 },
    { GEN_WEB, REFUSES, GEN_SCANNERS, TCP, 0, FLAT, 1.5, 0, 0, 0, 0 },
    { GEN_MAIL, REFUSES, GEN_SCANNERS, TCP, 0, FLAT, 1.0, 0, 0, 0, 0 },
    { GEN_DNS, REFUSES, GEN_SCANNERS, UDP, 0, FLAT, 0.6, 4, 0, 0.5, 0 },
    { GEN_DB, REFUSES, PEER_ANY_NODE, TCP, 22, FLAT, 0.01, 0, 0, 0, 0 },
};

static const uint16_t scanned_ports[16] = { 23,   22,   445,  3389, 8080, 2323,  6379, 5900,
                                            8443, 1433, 3306, 5060, 81,   27017, 9200, 60023 };

/* Per mille of the peak in each hour (UTC), for people in Europe. */
static const uint16_t day_curve[24] = {
    260, 210, 180, 170,  180, 230, 350, 540, 740, 880, 950, 970,
    930, 950, 980, 1000, 990, 960, 920, 870, 780, 640, 490, 350
};

/* How busy a curve is at a moment, about 0 to 1. */
static double curve_at(enum curve curve, uint64_t at_s, uint32_t node_index) {
    uint32_t hour = (uint32_t)(at_s / 3600 % 24);
    double part = (double)(at_s % 3600) / 3600;
    switch (curve) {
    case FLAT: return 1;
    case DAY: {
        double from = day_curve[hour];
        double to = day_curve[(hour + 1) % 24];
        /* 1970-01-01 was a Thursday. */
        bool is_weekend = (at_s / 86400 + 4) % 7 == 6 || (at_s / 86400 + 4) % 7 == 0;
        return (from + (to - from) * part) / 1000 * (is_weekend ? 0.7 : 1);
    }
    case NIGHT: return hour >= 1 && hour < 5 ? 1 : 0.02;
    case HOURLY: return at_s / 60 % 60 == (7 * node_index + 5) % 60 ? 1 : 0;
    }
    return 0;
}

static uint32_t ip_header(const struct gen_conversation *conversation) {
    return address_is_ipv4(conversation->client.address) ? 20 : 40;
}

/* Packets of a payload: its segments, an acknowledgement for two of the other side's, and the
 * handshake's. */
static void fill_counts(struct gen_conversation *conversation, uint64_t request, uint64_t reply) {
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
    if (peer != PEER_ANY_NODE) {
        first = fleet->role_first[peer - GEN_POOL_COUNT];
        last = fleet->role_first[peer - GEN_POOL_COUNT + 1];
    }
    if (first == last) {
        return false;
    }
    uint32_t count = last - first;
    *out = fleet->by_role[first + rank % count];
    if (*out == self) {
        *out = fleet->by_role[first + (rank + 1) % count];
    }
    return *out != self;
}

/* Fills in the other end; false when the fleet has no such node. `rank` chooses among our nodes. */
static bool set_peer(struct gen_traffic *traffic, struct gen_end *own, struct gen_end *other,
                     const struct kind *kind, uint32_t self, uint64_t rank, uint64_t at_s) {
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
                      const struct kind *kind) {
    if (kind->protocol == ICMP) {
        return; /* AWS gives 0 for both */
    }
    uint64_t draw = gen_rng_next(&traffic->rng);
    conversation->client.port = (uint16_t)(32768 + (draw >> 32) % 28232);
    bool is_scan = kind->side == REFUSES && kind->port == 0;
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
static void converse(struct gen_traffic *traffic, const struct kind *kind, uint32_t self,
                     uint64_t minute_s) {
    struct gen_rng *rng = &traffic->rng;
    uint64_t draw = gen_rng_next(rng);
    uint64_t start_us = (draw >> 8 & 0xffff) * 60000000 / 0x10000;
    struct gen_conversation conversation = {
        .protocol = kind->protocol,
        .is_rejected = kind->side == REFUSES,
        .is_reset = (draw & 31) == 0,
        .start_s = minute_s + start_us / 1000000,
        .offset_us = (uint32_t)(start_us % 1000000 * GEN_OFFSET_US_MAX / 1000000),
        .duration_s = gen_rng_log_uniform(rng, kind->duration),
    };
    bool is_caller = kind->side == CALLS;
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
        fill_counts(&conversation, request, gen_rng_size(rng, kind->reply, kind->deviation));
    }
    add(traffic, &conversation);
}

/* A minute's traffic of one kept connection. Its partner, port and pods last for six hours. */
static void keep(struct gen_traffic *traffic, const struct kind *kind, uint32_t self, uint32_t slot,
                 double busy, uint64_t minute_s) {
    struct gen_rng *rng = &traffic->rng;
    struct gen_conversation conversation = { .protocol = kind->protocol, .is_ongoing = true };
    uint64_t connection = (uint64_t)self << 16 | (uint64_t)(kind - kinds) << 8 | slot;
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
    fill_counts(&conversation, request, gen_rng_size(rng, kind->reply + shift, kind->deviation));
    add(traffic, &conversation);
}

static void run_kind(struct gen_traffic *traffic, const struct kind *kind, uint32_t self,
                     double factor, uint64_t minute_s) {
    double busy = curve_at(kind->curve, minute_s, self) * factor;
    if (kind->side == KEEPS) {
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
    if (traffic->sent_bytes == NULL || traffic->received_bytes == NULL) {
        gen_traffic_done(traffic);
        return error_set(err, ERROR_LIMIT, "no memory for the counts of %u nodes",
                         fleet->node_count);
    }
    return true;
}

void gen_traffic_done(struct gen_traffic *traffic) {
    free(traffic->sent_bytes);
    free(traffic->received_bytes);
    *traffic = (struct gen_traffic){ 0 };
}

void gen_traffic_minute(struct gen_traffic *traffic, uint64_t minute_s) {
    const struct gen_fleet *fleet = traffic->fleet;
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        const struct gen_node *node = &fleet->nodes[i];
        double factor = node->load * gen_exp2(0.25 * gen_rng_normal(&traffic->rng));
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            if (kinds[k].role == (uint32_t)node->role || kinds[k].role == ANY_ROLE) {
                run_kind(traffic, &kinds[k], i, factor, minute_s);
            }
        }
    }
}
