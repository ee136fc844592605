/* SPDX-License-Identifier: Apache-2.0 */
/* A bulk transfer is a few long conversations side by side, renewed every ten minutes; a flood is a
 * short one from each source in each minute; a drip is a short one now and then. All come from the
 * same row of numbers. */
#include "tests/gen/gen_transfer.h"

/* Taken for the usual traffic of a node that has done next to nothing yet. */
#define USUAL_BYTES_A_MINUTE_MIN UINT64_C(200000)

static bool is_inbound(const struct gen_event_row *row) {
    return row->direction == GEN_FETCHES || row->direction == GEN_SUFFERS;
}

/* Decides how much an event moves, from what its first node did up to now. */
static void begin(struct gen_event *event, const struct gen_traffic *traffic) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint64_t minutes = (event->start_s - traffic->start_s) / 60;
    uint64_t usual =
        is_inbound(row) ? traffic->received_bytes[event->node] : traffic->sent_bytes[event->node];
    usual = minutes == 0 ? 0 : usual / minutes;
    usual = usual < USUAL_BYTES_A_MINUTE_MIN ? USUAL_BYTES_A_MINUTE_MIN : usual;
    event->bytes_a_minute = (uint64_t)((row->is_absolute ? 1e6 : (double)usual) * event->fold);
}

/* The part of a ramp's final rate that has been reached. */
static double ramp_at(const struct gen_event *event, uint64_t at_s) {
    double left = 1 - (double)(at_s - event->start_s) / event->duration_s;
    return gen_exp2(-left * gen_log2(event->fold));
}

/* The other end; false when the fleet has none. */
static bool set_peer(struct gen_end *theirs, const struct gen_event *event,
                     const struct gen_traffic *traffic, uint64_t hash, uint32_t stream) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    const struct gen_fleet *fleet = traffic->fleet;
    theirs->node = GEN_OUTSIDE;
    if (row->peers == GEN_PEERS_ROLE) {
        /* One partner for the whole event. */
        uint64_t rank = gen_hash(event->start_s, event->node, 0xfa11);
        theirs->node = gen_fleet_choose(fleet, row->peer_role, event->node, rank);
        if (theirs->node == GEN_OUTSIDE) {
            return false;
        }
        theirs->address = fleet->nodes[theirs->node].ipv4;
    } else if (row->peers == GEN_PEERS_DRAWN) {
        struct gen_rng rng;
        gen_rng_init(&rng, hash);
        uint32_t day = (uint32_t)((event->start_s - traffic->start_s) / 86400);
        uint64_t member = gen_pool_draw(row->pool, &rng, day);
        theirs->address = gen_pool_address(row->pool, fleet->seed, member, row->may_be_ipv6);
    } else {
        theirs->address = gen_event_peer(event, fleet->seed, stream % row->peer_count);
    }
    return true;
}

static void add_stream(const struct gen_event *event, const struct gen_traffic *traffic,
                       uint32_t number, uint32_t which, uint32_t stream, uint64_t start_s,
                       uint32_t minutes) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    const struct gen_fleet *fleet = traffic->fleet;
    uint64_t hash =
        gen_hash(fleet->seed ^ start_s, (uint64_t)which << 32 | (number & 0xffff), stream);
    /* Up to a fifth more or less from stream to stream. */
    double share = (0.8 + (double)(hash & 0xffff) / 0xffff * 0.4) / row->streams;
    share *= row->is_ramp ? ramp_at(event, start_s) : 1;
    uint64_t bytes = (uint64_t)((double)(event->bytes_a_minute * minutes) * share);
    struct gen_end theirs = { 0 };
    if (!set_peer(&theirs, event, traffic, hash, stream)) {
        return;
    }
    const struct gen_node *node = &fleet->nodes[gen_event_node(event, which)];
    struct gen_end ours = {
        .node = gen_event_node(event, which),
        .address = address_is_ipv4(theirs.address) ? node->ipv4 : node->ipv6,
    };
    bool is_called = row->direction == GEN_SERVES || row->direction == GEN_SUFFERS;
    struct gen_conversation conversation = {
        .client = is_called ? theirs : ours,
        .server = is_called ? ours : theirs,
        .protocol = row->protocol,
        .event = (uint16_t)(number + 1),
        .start_s = start_s + (hash >> 48) % 4,
        .offset_us = (uint32_t)(hash >> 24) % (GEN_OFFSET_US_MAX + 1),
        .duration_s = minutes * 60 - 5,
    };
    conversation.client.port = (uint16_t)(32768 + (hash >> 16 & 0xffff) % 28232);
    conversation.server.port = gen_event_port(event);
    bool is_from_server = row->direction == GEN_FETCHES || row->direction == GEN_SERVES;
    struct gen_end *from = is_from_server ? &conversation.server : &conversation.client;
    struct gen_end *to = is_from_server ? &conversation.client : &conversation.server;
    from->packets = bytes / row->packet_bytes + 1;
    from->bytes = from->packets * row->packet_bytes;
    if (row->reply_share > 0) {
        to->packets = from->packets / 2 + 1;
        to->bytes = (uint64_t)((double)from->bytes * row->reply_share) + to->packets * 40;
    }
    traffic->sink.take(traffic->sink.context, &conversation);
}

void gen_transfer_minute(struct gen_event *event, uint32_t number, uint32_t which,
                         struct gen_traffic *traffic, uint64_t minute_s) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint64_t passed_s = minute_s - event->start_s;
    if (passed_s == 0 && which == 0) {
        begin(event, traffic);
    }
    uint32_t period = row->period_minutes > 0 ? row->period_minutes : row->minutes;
    if (passed_s % (period * UINT64_C(60)) != 0) {
        return;
    }
    uint32_t left = (uint32_t)((event->duration_s - passed_s) / 60);
    for (uint32_t stream = 0; stream < row->streams; stream++) {
        add_stream(event, traffic, number, which, stream, minute_s,
                   left < row->minutes ? left : row->minutes);
    }
}
