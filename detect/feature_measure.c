/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and sets over the rows of a node: whatever their order, they come to the same. What the node
 * knows is changed once all rows were looked at, so that a peer is as new to the last conversation
 * of a window as to the first. */
#include "detect/feature_measure.h"

#include "flow/batch.h"

#include <stdlib.h>

#define REPLIES FEATURE_NEEDS_REPLIES
#define NOVELTY FEATURE_NEEDS_NOVELTY
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
#define HOUR_MS (INT64_C(3600) * 1000)
#define MARK_NOVEL 1u

void features_init(struct features *features, const struct peer_grouping *grouping,
                   struct fleet *fleet, int64_t grown_ms) {
    *features = (struct features){ .grouping = grouping, .fleet = fleet, .grown_ms = grown_ms };
}

void features_done(struct features *features) {
    for (uint32_t i = 0; i < features->node_capacity; i++) {
        acquaintance_done(&features->nodes[i].peers);
    }
    free(features->nodes);
    free(features->news);
    free(features->told);
    free(features->contacts);
    *features = (struct features){ 0 };
}

static void forget(struct feature_node *node) {
    acquaintance_done(&node->peers);
    *node = (struct feature_node){ .peers = node->peers, .born_ms = -1 };
}

void features_forget(struct features *features, uint32_t node) {
    if (node < features->node_capacity) {
        forget(&features->nodes[node]);
    }
}

static bool reserve_nodes(struct features *features, uint32_t node, struct error *err) {
    if (node < features->node_capacity) {
        return true;
    }
    uint32_t capacity = node + node / 2 + 64;
    struct feature_node *nodes = realloc(features->nodes, capacity * sizeof *nodes);
    if (nodes == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the peers of %u nodes", capacity);
    }
    features->nodes = nodes;
    for (uint32_t i = features->node_capacity; i < capacity; i++) {
        nodes[i] = (struct feature_node){ 0 };
        forget(&nodes[i]);
    }
    features->node_capacity = capacity;
    return true;
}

/* At most one of each a row. */
static bool reserve_news(struct features *features, uint32_t row_count, struct error *err) {
    features->news_count = features->contact_count = features->told_count = 0;
    if (row_count <= features->news_capacity) {
        return true;
    }
    size_t capacity = 2 * (size_t)row_count;
    struct acquaintance_news *news = realloc(features->news, capacity * sizeof *news);
    features->news = news != NULL ? news : features->news;
    uint64_t *told = realloc(features->told, capacity * sizeof *told);
    features->told = told != NULL ? told : features->told;
    struct ledger_contact *contacts = realloc(features->contacts, capacity * sizeof *contacts);
    features->contacts = contacts != NULL ? contacts : features->contacts;
    if (news == NULL || told == NULL || contacts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the peers of a node");
    }
    features->news_capacity = (uint32_t)capacity;
    return true;
}

struct measuring {
    struct features *features;
    const struct feature_view *view;
    struct exchange *exchange;
    struct feature_node *node;
    int64_t hour;
    bool is_grown; /* the node has a novelty of its own */
    int64_t grown_hours;
    double sums[FEATURE_COUNT];
    uint64_t unreplied_windows;
    struct distinct_sets *sets;
};

struct distinct_sets {
    struct distinct ports;
    struct distinct smtp;
    struct distinct smtp_new;
    struct distinct newpeers;
    struct distinct newfail;
};

static void reset_sets(struct distinct_sets *sets) {
    distinct_reset(&sets->ports);
    distinct_reset(&sets->smtp);
    distinct_reset(&sets->smtp_new);
    distinct_reset(&sets->newpeers);
    distinct_reset(&sets->newfail);
}

static uint8_t protocol_of(const struct exchange_row *row) {
    return (uint8_t)(row->key.node_protocol & 0xff);
}

static void add_news(struct measuring *m, uint64_t hash, bool is_answered, bool is_fresh) {
    struct features *features = m->features;
    features->news[features->news_count++] =
        (struct acquaintance_news){ hash, is_answered, is_fresh };
}

struct meeting {
    bool is_unknown; /* to the node */
    bool is_late;    /* not met in the node's first day */
};

/* What the node knows of a peer that it calls; remembers that it was called. The fleet is told of
 * a service once an hour, of an address with each conversation. */
static struct meeting meet(struct measuring *m, const struct peer_group *peer, bool is_first,
                           bool is_replied) {
    const struct acquaintance *peers = &m->node->peers;
    struct acquaintance_entry *group = acquaintance_find(peers, peer->group, m->hour);
    bool has_answered = group != NULL && (group->mark & 1) != 0;
    bool is_news = group == NULL || acquaintance_touch(peers, group, m->hour);
    bool is_told = peer->host == peer->group ? !is_news : !is_first && group != NULL;
    if (!is_told && !peer->is_internal && m->features->fleet != NULL) {
        m->features->told[m->features->told_count++] = peer->host;
    }
    struct meeting meeting = { .is_late = group == NULL || group->first >= m->grown_hours };
    if (has_answered) {
        return meeting;
    }
    struct acquaintance_entry *address = acquaintance_find(peers, peer->address, m->hour);
    if (address != NULL) {
        (void)acquaintance_touch(peers, address, m->hour); /* the fleet is told by group */
        meeting.is_late = meeting.is_late && address->first >= m->grown_hours;
    }
    if (is_replied) {
        add_news(m, peer->group, true, group == NULL);
    } else if (address == NULL) {
        add_news(m, peer->address, false, true);
    }
    meeting.is_unknown = group == NULL && address == NULL;
    return meeting;
}

/* Whom nobody else knows, and, once the node is grown, it did not know as it was young. */
static void add_contact(struct measuring *m, const struct exchange_row *row,
                        const struct peer_group *peer, const struct meeting *meeting) {
    struct features *features = m->features;
    if (features->fleet == NULL || peer->is_internal || (m->is_grown && !meeting->is_late) ||
        !fleet_is_rare(features->fleet, peer->host, m->view->name_hash)) {
        return;
    }
    features->contacts[features->contact_count++] = (struct ledger_contact){
        .group = peer->group,
        .peer = row->key.peer,
        .bytes_out = row->bytes[SIDE_LOCAL],
        .bytes_in = row->bytes[SIDE_PEER],
        .port = row->key.peer_port,
        .is_rare = true,
    };
}

static bool is_novel(const struct measuring *m, const struct peer_group *peer) {
    if (m->is_grown) {
        return true;
    }
    return m->features->fleet != NULL && !peer->is_internal &&
           fleet_is_rare(m->features->fleet, peer->host, m->view->name_hash);
}

static bool has_traffic(const struct exchange_row *row) {
    return row->first[0] != UINT32_MAX || row->first[1] != UINT32_MAX;
}

/* What the node called: ports, mail, DNS. */
static void add_call(struct measuring *m, const struct exchange_row *row, uint64_t address,
                     bool novel) {
    uint8_t protocol = protocol_of(row);
    uint8_t service = service_flags_of(&m->exchange->services, row->key.peer_port);
    if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) {
        distinct_add(&m->sets->ports, row->key.peer_port);
    }
    if (protocol == PROTOCOL_TCP && (service & SERVICE_MAIL) != 0) {
        distinct_add(&m->sets->smtp, address);
        if (novel) {
            distinct_add(&m->sets->smtp_new, address);
        }
    }
    uint64_t packets = row->packets[SIDE_LOCAL];
    bool is_dns =
        (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && (service & SERVICE_DNS) != 0;
    if (is_dns && packets > 0 && row->bytes[SIDE_LOCAL] / packets >= FEATURE_DNS_BYTES_MAX &&
        row->bytes[SIDE_LOCAL] > packets * FEATURE_DNS_BYTES_MAX) {
        m->sums[FEATURE_DNS_LONG] += (double)row->bytes[SIDE_LOCAL];
    }
    if (row->is_first && protocol == PROTOCOL_TCP && (service & SERVICE_ADMIN) != 0) {
        m->sums[FEATURE_ADM]++;
    }
}

/* A row of a conversation that the node opened. */
static void add_ours(struct measuring *m, const struct exchange_row *row) {
    bool novel = (row->marks & MARK_NOVEL) != 0;
    m->sums[FEATURE_OUT_INIT] += (double)row->bytes[SIDE_LOCAL];
    m->sums[FEATURE_UNREP] += (double)row->unreplied_packets_out;
    m->unreplied_windows += row->unreplied_windows;
    m->sums[FEATURE_OUT_FLOWS] += row->is_first;
    m->sums[FEATURE_OUT_FAIL] += row->is_failed;
    m->sums[FEATURE_REFUSED] += row->is_refused;
    if (row->is_pending) {
        m->sums[FEATURE_OUT_PENDING] += (double)row->bytes[SIDE_LOCAL];
    }
    bool is_met = has_traffic(row);
    bool is_failure = row->is_failed || row->is_refused;
    if (!is_met && !(novel && is_failure)) {
        return;
    }
    struct peer_group peer = peer_group_of(m->features->grouping, row->key.peer);
    if (is_met) {
        m->sums[FEATURE_OUT_EXTERNAL] += peer.is_internal ? 0 : (double)row->bytes[SIDE_LOCAL];
        struct meeting meeting = meet(m, &peer, row->is_first, row->is_replied);
        add_contact(m, row, &peer, &meeting);
        if (meeting.is_unknown && is_novel(m, &peer)) {
            distinct_add(&m->sets->newpeers, peer.address);
            exchange_mark(m->exchange, row, MARK_NOVEL);
            novel = true;
        }
        add_call(m, row, peer.address, novel);
    }
    if (novel && is_failure) {
        distinct_add(&m->sets->newfail, peer.address);
    }
}

/* A row of a conversation that the peer opened. */
static void add_theirs(struct measuring *m, const struct exchange_row *row) {
    m->sums[FEATURE_OUT_SERV] += (double)row->bytes[SIDE_LOCAL];
    m->sums[FEATURE_UNSOL] += (double)row->unreplied_bytes_in;
    m->sums[FEATURE_HALF] += row->is_half;
    if (row->is_first) {
        m->sums[FEATURE_IN_FLOWS]++;
        m->sums[FEATURE_REQ] += !peer_is_internal(m->features->grouping, row->key.peer);
    }
    uint8_t service = service_flags_of(&m->exchange->services, row->key.peer_port);
    if (protocol_of(row) == PROTOCOL_UDP && (service & SERVICE_AMPLIFIER) != 0) {
        m->sums[FEATURE_AMP] += (double)row->bytes[SIDE_PEER] + (double)row->rejected_bytes_in;
    }
}

static void conclude(struct measuring *m, uint8_t missing, struct feature_values *out) {
    double minutes = (double)(m->view->end_ms - m->view->start_ms) / 60000;
    struct feature_node *node = m->node;
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        out->values[f] = m->sums[f] / minutes;
    }
    out->values[FEATURE_PORTS] = distinct_count(&m->sets->ports);
    out->values[FEATURE_SMTP] = distinct_count(&m->sets->smtp);
    out->values[FEATURE_SMTP_NEW] = distinct_count(&m->sets->smtp_new);
    out->values[FEATURE_NEWFAIL] = distinct_count(&m->sets->newfail);
    out->values[FEATURE_NEWPEERS] = distinct_count(&m->sets->newpeers);
    out->values[FEATURE_PPF] =
        m->unreplied_windows == 0 ? 0 : m->sums[FEATURE_UNREP] / (double)m->unreplied_windows;
    out->absent = feature_absent(missing);
    node->missing = missing;
    double kept = minutes >= 60 ? 0 : 1 - minutes / 60;
    node->dns_long_h = node->dns_long_h * kept + m->sums[FEATURE_DNS_LONG];
    node->newfail_h = node->newfail_h * kept;
    if ((out->absent & feature_bit(FEATURE_NEWFAIL)) == 0) {
        node->newfail_h += out->values[FEATURE_NEWFAIL];
    }
    out->values[FEATURE_DNS_LONG_H] = node->dns_long_h;
    out->values[FEATURE_NEWFAIL_H] = node->newfail_h;
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        out->values[f] = (out->absent >> f & 1) != 0 ? 0 : out->values[f];
    }
}

bool features_measure(struct features *features, const struct feature_view *view,
                      struct exchange *exchange, const struct exchange_row *rows, uint32_t count,
                      struct feature_values *out, struct error *err) {
    *out = (struct feature_values){ 0 };
    if (!reserve_nodes(features, view->node, err) || !reserve_news(features, count, err)) {
        return false;
    }
    struct distinct_sets sets;
    reset_sets(&sets);
    struct measuring m = { .features = features,
                           .sets = &sets,
                           .view = view,
                           .exchange = exchange,
                           .node = &features->nodes[view->node],
                           .hour = view->start_ms / HOUR_MS };
    m.node->born_ms = m.node->born_ms < 0 ? view->start_ms : m.node->born_ms;
    m.grown_hours = features->grown_ms / HOUR_MS;
    m.is_grown = view->start_ms >= m.node->born_ms + features->grown_ms;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].side == SIDE_LOCAL && !rows[i].has_sent) {
            /* Answers to what the node never asked: called forth in its name, or the log lost its
             * part. Were they its calls, any stranger could make a scanner of it. */
            m.sums[FEATURE_UNSOL] += (double)rows[i].unreplied_bytes_in;
        } else if (rows[i].side == SIDE_LOCAL) {
            add_ours(&m, &rows[i]);
        } else {
            add_theirs(&m, &rows[i]);
        }
    }
    if (features->told_count > 0) {
        fleet_contact_burst(features->fleet, features->told, features->told_count, view->name_hash);
    }
    bool has_novelty = m.is_grown || (features->fleet != NULL && fleet_is_grown(features->fleet));
    uint8_t missing = (uint8_t)(((view->quality & METRIC_SAMPLED) != 0 ? REPLIES : 0) |
                                (has_novelty ? 0 : NOVELTY));
    conclude(&m, missing, out);
    return acquaintance_admit(&m.node->peers, features->news, features->news_count, m.hour, err);
}

bool features_first_met(const struct features *features, uint32_t node,
                        const struct peer_group *peer, int64_t start_ms, int64_t *first_ms) {
    const uint64_t hashes[] = { peer->group, peer->address };
    int64_t first = -1;
    for (size_t i = 0; i < 2 && node < features->node_capacity; i++) {
        const struct acquaintance *peers = &features->nodes[node].peers;
        const struct acquaintance_entry *entry =
            acquaintance_find(peers, hashes[i], start_ms / HOUR_MS);
        int64_t hour = entry == NULL ? -1 : acquaintance_first_hour(peers, entry);
        first = hour >= 0 && (first < 0 || hour < first) ? hour : first;
    }
    *first_ms = first * HOUR_MS;
    return first >= 0;
}

uint64_t features_node_bytes(const struct features *features, uint32_t node) {
    if (node >= features->node_capacity) {
        return 0;
    }
    const struct acquaintance *peers = &features->nodes[node].peers;
    return sizeof features->nodes[node] + (uint64_t)peers->slot_count * sizeof *peers->slots;
}

/* Doubles as their bits: the same state is the same bytes. */
static void put_double(struct buffer *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u64(out, bits);
}

/* Sums of an hour: finite, and not below zero. */
static double get_sum(struct cursor *cursor) {
    uint64_t bits = cursor_u64(cursor);
    double value;
    memcpy(&value, &bits, sizeof value);
    bool is_sound = value >= 0 && value <= 1e300 && bits >> 63 == 0;
    cursor->failed |= !is_sound;
    return is_sound ? value : 0;
}

bool features_node_save(const struct features *features, uint32_t node, struct buffer *out,
                        struct error *err) {
    static const struct feature_node none = { .peers = { .born_hour = -1 }, .born_ms = -1 };
    const struct feature_node *from =
        node < features->node_capacity ? &features->nodes[node] : &none;
    buffer_varint(out, (uint64_t)(from->born_ms + 1));
    put_double(out, from->dns_long_h);
    put_double(out, from->newfail_h);
    buffer_u8(out, from->missing);
    acquaintance_save(&from->peers, out);
    return buffer_check(out, "the peers of a node", err);
}

bool features_node_load(struct features *features, uint32_t node, struct cursor *cursor,
                        struct error *err) {
    if (!reserve_nodes(features, node, err)) {
        return false;
    }
    struct feature_node *into = &features->nodes[node];
    forget(into);
    uint64_t born = cursor_varint(cursor);
    cursor->failed |= born > (uint64_t)BATCH_TIME_MAX_MS * 2;
    into->born_ms = cursor->failed ? -1 : (int64_t)born - 1;
    into->dns_long_h = get_sum(cursor);
    into->newfail_h = get_sum(cursor);
    into->missing = cursor_u8(cursor);
    cursor->failed |= into->missing > (into->born_ms < 0 ? 0 : REPLIES | NOVELTY);
    bool ok = acquaintance_load(&into->peers, cursor, err);
    if (!ok || cursor->failed) {
        forget(into);
    }
    return ok;
}
