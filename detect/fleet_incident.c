/* SPDX-License-Identifier: Apache-2.0 */
/* Members lie by name; what is said of all of them is summed in that order, whenever an alert is
 * made, so that it does not depend on who came first. */
#include "detect/fleet_incident.h"

#include "flow/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

int fleet_key_compare(const struct fleet_key *a, const struct fleet_key *b) {
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->direction != b->direction) {
        return a->direction < b->direction ? -1 : 1;
    }
    int order = strcmp(a->class_, b->class_);
    return order != 0 ? order : (a->group > b->group) - (a->group < b->group);
}

struct fleet_incident *fleet_incident_new(const struct fleet_key *key) {
    struct fleet_incident *incident = calloc(1, sizeof *incident);
    if (incident != NULL) {
        incident->key = *key;
    }
    return incident;
}

static void member_done(struct fleet_member *member) {
    free((void *)member->name.data); /* the role lies behind it */
}

void fleet_incident_free(struct fleet_incident *incident) {
    if (incident != NULL) {
        for (uint32_t i = 0; i < incident->count; i++) {
            member_done(&incident->members[i]);
        }
        free(incident->members);
        free(incident);
    }
}

/* The first member whose name is not below `name`. */
static uint32_t member_place(const struct fleet_incident *incident, struct bytes name) {
    uint32_t low = 0;
    uint32_t high = incident->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bytes_compare(incident->members[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct fleet_member *fleet_incident_find(const struct fleet_incident *incident, struct bytes name) {
    uint32_t at = member_place(incident, name);
    bool is_there = at < incident->count && bytes_equal(incident->members[at].name, name);
    return is_there ? &incident->members[at] : NULL;
}

uint64_t fleet_episode_of(const struct alert *alert) {
    uint64_t hash = XXH3_64bits(alert->episode, strlen(alert->episode));
    return hash == 0 ? 1 : hash;
}

static double finite(double value) {
    return value - value == 0 ? value : 0;
}

static void take_text(char *out, size_t size, const char *text) {
    (void)snprintf(out, size, "%s", text == NULL ? "" : text); /* names of ours, all shorter */
}

static void take_told(struct fleet_told *told, const struct alert *alert) {
    enum alert_severity severity =
        told->severity > alert->severity ? told->severity : alert->severity;
    const struct evidence *evidence = &alert->evidence;
    *told = (struct fleet_told){
        .feature = (uint32_t)alert->feature,
        .severity = severity,
        .values = { finite(alert->observed), finite(alert->expected), finite(alert->low),
                    finite(alert->high), finite(alert->threshold) },
        .score = finite(alert->score),
        .confidence = finite(alert->confidence),
        .baseline_age_ms = alert->baseline_age_ms < 0 ? 0 : alert->baseline_age_ms,
        .baseline_samples = alert->baseline_samples,
        .quality = alert->quality,
        .is_warm = alert->is_warm,
        .total = evidence->total,
        .peer_count = evidence->peer_count,
        .has_peer = evidence->peer_rows > 0,
        .has_port = evidence->port_rows > 0,
        .rare = evidence->rare,
    };
    told->rare.first_ms = told->rare.first_ms < 0 ? 0 : told->rare.first_ms;
    told->rare.gap_s = (float)finite((double)told->rare.gap_s);
    take_text(told->class_, sizeof told->class_, alert->class_);
    take_text(told->attack[0], sizeof told->attack[0], alert->attack[0]);
    take_text(told->attack[1], sizeof told->attack[1],
              alert->attack[0] == NULL ? NULL : alert->attack[1]);
    if (told->has_peer) {
        told->peer = (struct evidence_peer){ .address = evidence->peers[0].address,
                                             .sum = evidence->peers[0].sum };
    }
    if (told->has_port) {
        told->port = evidence->ports[0];
    }
}

static bool make_room(struct fleet_incident *incident) {
    if (incident->count < incident->capacity) {
        return true;
    }
    uint32_t capacity = incident->capacity == 0 ? 2 : 2 * incident->capacity;
    struct fleet_member *grown = realloc(incident->members, capacity * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    incident->members = grown;
    incident->capacity = capacity;
    return true;
}

struct fleet_member *fleet_incident_add(struct fleet_incident *incident, struct bytes name,
                                        struct bytes role) {
    uint8_t *text = malloc(name.size + role.size + 1);
    if (text == NULL || !make_room(incident)) {
        free(text);
        return NULL;
    }
    if (name.size > 0) {
        memcpy(text, name.data, name.size);
    }
    if (role.size > 0) {
        memcpy(text + name.size, role.data, role.size);
    }
    uint32_t at = member_place(incident, name);
    struct fleet_member *member = &incident->members[at];
    memmove(member + 1, member, (incident->count - at) * sizeof *member);
    incident->count++;
    *member = (struct fleet_member){ .name = bytes_of(text, name.size),
                                     .role = bytes_of(text + name.size, role.size) };
    return member;
}

/* Forgets the member whose episode ended longest ago, of these the first by name. */
static bool forget_ended(struct fleet_incident *incident) {
    struct fleet_member *oldest = NULL;
    for (uint32_t i = 0; i < incident->count; i++) {
        struct fleet_member *member = &incident->members[i];
        if (member->episode == 0 && (oldest == NULL || member->told_ms < oldest->told_ms)) {
            oldest = member;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    member_done(oldest);
    incident->count--;
    memmove(oldest, oldest + 1,
            (size_t)(&incident->members[incident->count] - oldest) * sizeof *oldest);
    return true;
}

bool fleet_incident_join(struct fleet_incident *incident, const struct alert *alert, int64_t end_ms,
                         struct error *err) {
    struct fleet_member *member = fleet_incident_find(incident, alert->node);
    if (member == NULL) {
        if (incident->count == FLEET_MEMBERS_MAX && !forget_ended(incident)) {
            incident->is_wide = true;
            incident->heard_ms = end_ms;
            incident->ended_ms = 0;
            return true;
        }
        member = fleet_incident_add(incident, alert->node, alert->role);
        if (member == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the nodes of a fleet incident");
        }
    }
    member->episode = fleet_episode_of(alert);
    member->start_ms = alert->episode_start_ms < 0 ? 0 : alert->episode_start_ms;
    member->told_ms = end_ms;
    take_told(&member->told, alert);
    incident->heard_ms = end_ms;
    incident->ended_ms = 0;
    return true;
}

void fleet_incident_forget(struct fleet_incident *incident, int64_t since_ms) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < incident->count; i++) {
        if (incident->members[i].told_ms < since_ms) {
            member_done(&incident->members[i]);
        } else {
            incident->members[kept++] = incident->members[i];
        }
    }
    incident->count = kept;
}

void fleet_incident_open(struct fleet_incident *incident, int64_t end_ms) {
    const struct fleet_member *gravest = &incident->members[0];
    incident->start_ms = gravest->start_ms;
    for (uint32_t i = 1; i < incident->count; i++) {
        const struct fleet_member *member = &incident->members[i];
        gravest = member->told.severity > gravest->told.severity ? member : gravest;
        if (member->start_ms < incident->start_ms) {
            incident->start_ms = member->start_ms;
        }
    }
    incident->lead = gravest->told;
    incident->is_open = true;
    incident->heard_ms = end_ms;
}

void fleet_incident_end(struct fleet_incident *incident, const struct alert *alert,
                        int64_t end_ms) {
    struct fleet_member *member = fleet_incident_find(incident, alert->node);
    if (member == NULL || member->episode != fleet_episode_of(alert)) {
        return;
    }
    member->episode = 0;
    member->told_ms = end_ms;
    for (uint32_t i = 0; i < incident->count; i++) {
        if (incident->members[i].episode != 0) {
            return;
        }
    }
    incident->ended_ms = end_ms;
}

bool fleet_incident_holds(const struct fleet_incident *incident, struct bytes name) {
    const struct fleet_member *member = fleet_incident_find(incident, name);
    return incident->is_wide || (member != NULL && member->episode != 0);
}

enum alert_severity fleet_incident_severity(const struct fleet_incident *incident) {
    enum alert_severity severity = incident->said_severity; /* it never falls */
    for (uint32_t i = 0; i < incident->count; i++) {
        enum alert_severity other = incident->members[i].told.severity;
        severity = other > severity ? other : severity;
    }
    return severity;
}

/* --- what is said of all --------------------------------------------------------------------- */

static uint64_t sum_of(uint64_t a, uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void sum_add(struct evidence_sum *sum, const struct evidence_sum *other) {
    sum->bytes = sum_of(sum->bytes, other->bytes);
    sum->packets = sum_of(sum->packets, other->packets);
    sum->flows = sum_of(sum->flows, other->flows);
}

/* One kind of row of the evidence, of which a member tells its largest. */
struct row_kind {
    bool (*is_told)(const struct fleet_told *told);
    struct evidence_sum (*sum)(const struct fleet_told *told);
    int (*compare)(const struct fleet_told *a, const struct fleet_told *b); /* what it is of */
};

static bool peer_is_told(const struct fleet_told *told) {
    return told->has_peer;
}

static struct evidence_sum peer_sum(const struct fleet_told *told) {
    return told->peer.sum;
}

static int peer_compare(const struct fleet_told *a, const struct fleet_told *b) {
    struct address one = a->peer.address;
    struct address other = b->peer.address;
    if (one.high != other.high) {
        return one.high < other.high ? -1 : 1;
    }
    return (one.low > other.low) - (one.low < other.low);
}

static bool port_is_told(const struct fleet_told *told) {
    return told->has_port;
}

static struct evidence_sum port_sum(const struct fleet_told *told) {
    return told->port.sum;
}

static int port_compare(const struct fleet_told *a, const struct fleet_told *b) {
    int order = (a->port.port > b->port.port) - (a->port.port < b->port.port);
    return order != 0 ? order : (int)a->port.protocol - (int)b->port.protocol;
}

static const struct row_kind peer_kind = { peer_is_told, peer_sum, peer_compare };
static const struct row_kind port_kind = { port_is_told, port_sum, port_compare };

struct row {
    const struct fleet_told *told;
    struct evidence_sum sum;
};

/* Puts a row where it belongs among the largest, ties by what they are of. */
static uint32_t rank_row(struct row rows[EVIDENCE_TOP], uint32_t count, struct row row,
                         const struct row_kind *kind) {
    uint32_t at = count;
    while (at > 0 && (rows[at - 1].sum.bytes < row.sum.bytes ||
                      (rows[at - 1].sum.bytes == row.sum.bytes &&
                       kind->compare(rows[at - 1].told, row.told) > 0))) {
        at--;
    }
    if (at == EVIDENCE_TOP) {
        return count;
    }
    uint32_t kept = count < EVIDENCE_TOP ? count : EVIDENCE_TOP - 1;
    memmove(&rows[at + 1], &rows[at], (kept - at) * sizeof *rows);
    rows[at] = row;
    return kept + 1;
}

/* The largest rows over all members, each once with the sum of those who tell it. Quadratic in the
 * members, which takes a few milliseconds at their bound, a few times an incident. */
static uint32_t rank_rows(const struct fleet_incident *incident, const struct row_kind *kind,
                          struct row rows[EVIDENCE_TOP]) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < incident->count; i++) {
        struct row row = { .told = &incident->members[i].told };
        bool is_first = kind->is_told(row.told);
        for (uint32_t k = 0; k < incident->count && is_first; k++) {
            const struct fleet_told *other = &incident->members[k].told;
            if (kind->is_told(other) && kind->compare(row.told, other) == 0) {
                is_first = k >= i;
                struct evidence_sum sum = kind->sum(other);
                sum_add(&row.sum, &sum);
            }
        }
        count = is_first ? rank_row(rows, count, row, kind) : count;
    }
    return count;
}

/* Whether the peer of one is more to show than that of the other. */
static bool is_rarer(const struct evidence_rare *a, const struct evidence_rare *b) {
    if (a->bytes_out != b->bytes_out) {
        return a->bytes_out > b->bytes_out;
    }
    return a->peer.high != b->peer.high ? a->peer.high < b->peer.high : a->peer.low < b->peer.low;
}

/* The peer of the group to which one node sent most, and what all of them exchanged with the group
 * since the first one met it. */
static void fill_rare(const struct fleet_incident *incident, struct evidence_rare *out) {
    uint64_t bytes_out = 0;
    uint64_t bytes_in = 0;
    int64_t first_ms = INT64_MAX;
    for (uint32_t i = 0; i < incident->count; i++) {
        const struct evidence_rare *rare = &incident->members[i].told.rare;
        if (rare->group == 0 || rare->group != incident->key.group) {
            continue;
        }
        if (out->group == 0 || is_rarer(rare, out)) {
            *out = *rare;
        }
        bytes_out = sum_of(bytes_out, rare->bytes_out);
        bytes_in = sum_of(bytes_in, rare->bytes_in);
        first_ms = rare->first_ms < first_ms ? rare->first_ms : first_ms;
    }
    if (out->group != 0) {
        out->bytes_out = bytes_out;
        out->bytes_in = bytes_in;
        out->first_ms = first_ms;
    }
}

static void fill_evidence(const struct fleet_incident *incident, struct evidence *evidence) {
    struct row rows[EVIDENCE_TOP];
    for (uint32_t i = 0; i < incident->count; i++) {
        const struct fleet_told *told = &incident->members[i].told;
        sum_add(&evidence->total, &told->total);
        if (told->peer_count > evidence->peer_count) {
            evidence->peer_count = told->peer_count;
        }
    }
    evidence->peer_rows = rank_rows(incident, &peer_kind, rows);
    for (uint32_t i = 0; i < evidence->peer_rows; i++) {
        evidence->peers[i] =
            (struct evidence_peer){ .address = rows[i].told->peer.address, .sum = rows[i].sum };
    }
    evidence->port_rows = rank_rows(incident, &port_kind, rows);
    for (uint32_t i = 0; i < evidence->port_rows; i++) {
        const struct evidence_port *port = &rows[i].told->port;
        evidence->ports[i] = (struct evidence_port){ port->port, port->protocol, rows[i].sum };
    }
    fill_rare(incident, &evidence->rare);
    evidence->is_cut = true; /* of each node the largest alone */
}

/* Values of members that speak of another feature than the incident cannot be added to its own. */
static void fill_figures(const struct fleet_incident *incident, struct alert *alert) {
    double values[5] = { 0 };
    alert->score = incident->members[0].told.score;
    alert->baseline_age_ms = INT64_MAX;
    alert->baseline_samples = UINT64_MAX;
    alert->is_warm = true;
    for (uint32_t i = 0; i < incident->count; i++) {
        const struct fleet_told *told = &incident->members[i].told;
        for (uint32_t k = 0; k < 5 && told->feature == incident->lead.feature; k++) {
            values[k] += told->values[k];
        }
        alert->score = told->score > alert->score ? told->score : alert->score;
        alert->confidence =
            told->confidence > alert->confidence ? told->confidence : alert->confidence;
        if (told->baseline_age_ms < alert->baseline_age_ms) {
            alert->baseline_age_ms = told->baseline_age_ms;
        }
        if (told->baseline_samples < alert->baseline_samples) {
            alert->baseline_samples = told->baseline_samples;
        }
        alert->quality |= told->quality;
        alert->is_warm = alert->is_warm && told->is_warm;
    }
    alert->observed = values[0];
    alert->expected = values[1];
    alert->low = values[2];
    alert->high = values[3];
    alert->threshold = values[4];
}

static void fill_names(const struct fleet_incident *incident, struct bytes names[ALERT_NODES_MAX],
                       char identity[FLEET_IDENTITY_SIZE], struct alert *alert) {
    const struct fleet_key *key = &incident->key;
    alert->role = incident->members[0].role;
    for (uint32_t i = 0; i < incident->count; i++) {
        if (!bytes_equal(incident->members[i].role, alert->role)) {
            alert->role = bytes_text("");
        }
        if (i < ALERT_NODES_MAX) {
            names[i] = incident->members[i].name;
        }
    }
    alert->nodes = names;
    alert->node_rows = incident->count < ALERT_NODES_MAX ? incident->count : ALERT_NODES_MAX;
    alert->node_count = incident->count;
    if (key->kind == FLEET_INBOUND) {
        (void)snprintf(identity, FLEET_IDENTITY_SIZE, "fleet:inbound:%s", key->class_);
    } else {
        char group[ALERT_HASH_SIZE];
        alert_hash_text(key->group, group);
        (void)snprintf(identity, FLEET_IDENTITY_SIZE, "fleet:peer:%s:%s",
                       key->direction == DIRECTION_IN ? "in" : "out", group);
    }
    alert->identity = bytes_text(identity);
}

void fleet_incident_alert(const struct fleet_incident *incident, bool has_evidence,
                          struct bytes names[ALERT_NODES_MAX], char identity[FLEET_IDENTITY_SIZE],
                          struct alert *alert) {
    const struct fleet_told *lead = &incident->lead;
    *alert = (struct alert){
        .severity = fleet_incident_severity(incident),
        .advice = ADVICE_NOTIFY,
        .class_ = lead->class_,
        .rule = incident->key.kind == FLEET_INBOUND ? "fleet_inbound" : "fleet_peer",
        .direction = incident->key.direction,
        .feature = (enum feature)lead->feature,
        .episode_start_ms = incident->start_ms,
        .rare_group = incident->key.group,
    };
    for (size_t i = 0; i < 2; i++) {
        alert->attack[i] = lead->attack[i][0] == '\0' ? NULL : lead->attack[i];
    }
    fill_names(incident, names, identity, alert);
    fill_figures(incident, alert);
    if (has_evidence) {
        fill_evidence(incident, &alert->evidence);
    }
}
