/* SPDX-License-Identifier: Apache-2.0 */
/* Chance is of the event, the node and the minute alone, so that one event does not change with
 * what else is planned. */
#include "tests/gen/gen_calls.h"

#define TCP 6
#define SYN_BYTES 60u
#define RST_BYTES 40u

struct call {
    struct gen_event *event;
    const struct gen_event_row *row;
    struct gen_traffic *traffic;
    struct gen_rng rng;
    uint32_t number;
    uint32_t node;
    uint64_t minute_s;
};

static uint32_t between(struct gen_rng *rng, uint32_t least, uint32_t most) {
    return least + gen_rng_below(rng, most - least + 1);
}

/* A host of the node's own network, often with nobody behind it. */
static void set_internal(struct call *call, struct gen_end *theirs) {
    const struct gen_fleet *fleet = call->traffic->fleet;
    uint32_t host = gen_rng_below(&call->rng, 2 * fleet->node_count + 64);
    const struct gen_node *self = &fleet->nodes[call->node];
    theirs->address = address_from_ipv4((address_ipv4(self->ipv4) & 0xffff0000u) | (256 + host));
    if (host < fleet->node_count && host != call->node && fleet->nodes[host].is_up &&
        fleet->nodes[host].account == self->account) {
        theirs->node = host;
    }
}

static bool set_peer(struct call *call, struct gen_end *theirs) {
    const struct gen_event_row *row = call->row;
    const struct gen_fleet *fleet = call->traffic->fleet;
    const struct gen_event *event = call->event;
    uint64_t member;
    theirs->node = GEN_OUTSIDE;
    switch (row->peers) {
    case GEN_PEERS_INTERNAL: set_internal(call, theirs); return true;
    case GEN_PEERS_ROLE:
        /* All of an event's nodes meet the same one. */
        theirs->node = gen_fleet_choose(fleet, row->peer_role, call->node,
                                        gen_hash(event->start_s, event->node, 0xca11));
        if (theirs->node == GEN_OUTSIDE) {
            return false;
        }
        theirs->address = fleet->nodes[theirs->node].ipv4;
        return true;
    case GEN_PEERS_FRESH:
        member = (gen_hash(event->start_s, event->node, event->kind) >> 16) + event->calls;
        break;
    case GEN_PEERS_DRAWN: {
        uint32_t day = (uint32_t)((call->minute_s - call->traffic->start_s) / 86400);
        member = gen_pool_draw(row->pool, &call->rng, day);
        break;
    }
    default:
        theirs->address =
            gen_event_peer(event, fleet->seed, gen_rng_below(&call->rng, row->peer_count));
        return true;
    }
    theirs->address = gen_pool_address(row->pool, fleet->seed, member, row->may_be_ipv6);
    return true;
}

static void set_ports(struct call *call, struct gen_conversation *conversation) {
    const struct gen_event_row *row = call->row;
    uint64_t draw = gen_rng_next(&call->rng);
    uint16_t high = (uint16_t)(32768 + (draw >> 32) % 28232);
    uint16_t port = gen_event_port(call->event);
    if (row->is_port_sweep) {
        port = (uint16_t)(1 + call->event->calls % 65535);
    } else if (row->is_port_each) {
        port = row->ports[(draw & 0xffff) % GEN_EVENT_PORTS_MAX];
    }
    if (row->is_kept) {
        high = (uint16_t)(32768 + gen_hash(call->event->start_s, call->node, 0x4e97) % 28232);
    }
    conversation->client.port = row->is_own_port ? port : high;
    conversation->server.port = row->is_own_port ? high : port;
}

/* What is said, and whether anybody answers. */
static void set_counts(struct call *call, struct gen_conversation *conversation) {
    const struct gen_event_row *row = call->row;
    struct gen_rng *rng = &call->rng;
    uint32_t draw = gen_rng_below(rng, 1000);
    bool is_answered = draw < row->answered_permille;
    struct gen_end *client = &conversation->client;
    struct gen_end *server = &conversation->server;
    if (row->packets_max > 0) {
        client->packets = between(rng, row->packets_min, row->packets_max);
        client->bytes =
            client->packets * between(rng, row->packet_bytes_min, row->packet_bytes_max);
        server->packets = is_answered ? client->packets : 0;
        server->bytes = server->packets * 110;
    } else if (is_answered) {
        uint64_t request = gen_rng_size(rng, row->request, row->deviation);
        gen_conversation_fill(conversation, request, gen_rng_size(rng, row->reply, row->deviation));
    } else if (conversation->protocol != TCP) {
        client->packets = between(rng, 1, 2);
        client->bytes = client->packets * 80;
    } else {
        conversation->is_refused = draw < row->answered_permille + row->refused_permille;
        client->packets = conversation->is_refused ? 1 : between(rng, 1, 3);
        client->bytes = client->packets * SYN_BYTES;
        server->packets = conversation->is_refused ? 1 : 0;
        server->bytes = server->packets * RST_BYTES;
    }
    /* A node of ours drops what its security group does not allow, and records that it did. */
    conversation->is_rejected = !is_answered && !conversation->is_refused &&
                                server->node != GEN_OUTSIDE && client->node != GEN_OUTSIDE;
}

static void add(struct call *call, uint64_t start_us) {
    const struct gen_event_row *row = call->row;
    struct gen_end theirs = { 0 };
    if (!set_peer(call, &theirs)) {
        return;
    }
    const struct gen_node *node = &call->traffic->fleet->nodes[call->node];
    struct gen_end ours = {
        .node = call->node,
        .address = address_is_ipv4(theirs.address) ? node->ipv4 : node->ipv6,
    };
    bool is_called = row->direction == GEN_SERVES || row->direction == GEN_SUFFERS;
    struct gen_conversation conversation = {
        .client = is_called ? theirs : ours,
        .server = is_called ? ours : theirs,
        .protocol = row->protocol,
        .event = (uint16_t)(call->number + 1),
        .is_ongoing = row->is_kept,
        .start_s = call->minute_s + start_us / 1000000,
        .offset_us = (uint32_t)(start_us % 1000000 * GEN_OFFSET_US_MAX / 1000000),
        .duration_s = row->is_kept ? 45 : gen_rng_log_uniform(&call->rng, row->duration),
    };
    set_ports(call, &conversation);
    set_counts(call, &conversation);
    call->traffic->sink.take(call->traffic->sink.context, &conversation);
    call->event->calls++;
}

/* The calls of a beacon that fall into this minute: every gap, a twentieth early or late. */
static void beat(struct call *call) {
    const struct gen_event *event = call->event;
    uint64_t passed_s = call->minute_s - event->start_s;
    uint64_t gap_s = event->gap_s > 0 ? event->gap_s : call->row->gap_min_s;
    uint64_t first = passed_s < gap_s ? 0 : passed_s / gap_s - 1;
    for (uint64_t beat = first; beat * gap_s < passed_s + 60 + gap_s; beat++) {
        uint64_t hash = gen_hash(event->start_s, event->node, beat);
        uint64_t at_s = beat * gap_s + hash % (gap_s / 10 + 1);
        if (at_s >= passed_s && at_s < passed_s + 60) {
            add(call, (at_s - passed_s) * 1000000 + (hash >> 40) % 1000000);
        }
    }
}

void gen_calls_minute(struct gen_event *event, uint32_t number, uint32_t which, double height,
                      struct gen_traffic *traffic, uint64_t minute_s) {
    struct call call = {
        .event = event,
        .row = gen_event_row(event->kind),
        .traffic = traffic,
        .number = number,
        .node = gen_event_node(event, which),
        .minute_s = minute_s,
    };
    gen_rng_init(&call.rng, gen_hash(traffic->fleet->seed ^ event->start_s,
                                     (uint64_t)event->kind << 32 | call.node, minute_s));
    if (call.row->gap_min_s > 0) {
        beat(&call);
        return;
    }
    uint32_t count = call.row->is_kept ? 1 : gen_rng_poisson(&call.rng, event->fold * height);
    uint64_t range_us = call.row->is_kept ? 8000000 : 60000000;
    for (uint32_t i = 0; i < count; i++) {
        add(&call, (gen_rng_next(&call.rng) >> 32) * range_us >> 32);
    }
}
