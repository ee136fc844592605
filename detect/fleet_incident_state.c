/* SPDX-License-Identifier: Apache-2.0 */
/* An incident as bytes. Floats are the bits of doubles.
 *
 *   key           kind, direction u8, class string, group u64
 *   marks         u8: 1 open, 2 wide
 *   members       varint count, then each by name: name, role strings, episode u64, start, last
 *                 varint, told
 *   if open       lead (told), start, heard, ended, said varint, said count varint, said severity
 *                 u8, id string
 *
 *   told          class, two techniques (strings), feature varint, severity u8, 5 values, score,
 *                 confidence u64, age, samples, quality varint, marks u8 (1 warm, and what
 *                 follows: 2 peer, 4 port, 8 rare), total, peers varint
 *   peer          address 2 x u64, sum
 *   port          port u16, protocol u8, sum
 *   rare          group, its peer's address 2 x u64, bytes out, in, first, minutes varint,
 *                 gap f32, port u16, beacon u8
 *   sum           bytes, packets, flows varint */
#include "detect/fleet_incident.h"

#include "flow/batch.h"

#define MARK_OPEN 1u
#define MARK_WIDE 2u
#define MARK_WARM 1u
#define MARK_PEER 2u
#define MARK_PORT 4u
#define MARK_RARE 8u
#define MARKS_TOLD (MARK_WARM | MARK_PEER | MARK_PORT | MARK_RARE)

static void put_double(struct buffer *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u64(out, bits);
}

static double get_double(struct cursor *cursor) {
    uint64_t bits = cursor_u64(cursor);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!(value - value == 0)) {
        cursor->failed = true;
        return 0;
    }
    return value;
}

static void put_sum(struct buffer *out, const struct evidence_sum *sum) {
    buffer_varint(out, sum->bytes);
    buffer_varint(out, sum->packets);
    buffer_varint(out, sum->flows);
}

static struct evidence_sum get_sum(struct cursor *cursor) {
    struct evidence_sum sum;
    sum.bytes = cursor_varint(cursor);
    sum.packets = cursor_varint(cursor);
    sum.flows = cursor_varint(cursor);
    return sum;
}

/* A text that has its end within `size`. */
static void get_text(struct cursor *cursor, char *out, size_t size) {
    struct bytes text = cursor_string(cursor);
    if (text.size >= size || (text.size > 0 && memchr(text.data, 0, text.size) != NULL)) {
        cursor->failed = true;
    }
    if (!cursor->failed && text.size > 0) {
        memcpy(out, text.data, text.size);
    }
}

static int64_t get_time(struct cursor *cursor, int64_t most_ms) {
    uint64_t time_ms = cursor_varint(cursor);
    if (time_ms > (uint64_t)most_ms) {
        cursor->failed = true;
        return 0;
    }
    return (int64_t)time_ms;
}

static void put_rare(struct buffer *out, const struct evidence_rare *rare) {
    uint32_t gap;
    memcpy(&gap, &rare->gap_s, sizeof gap);
    buffer_u64(out, rare->group);
    buffer_u64(out, rare->peer.high);
    buffer_u64(out, rare->peer.low);
    buffer_varint(out, rare->bytes_out);
    buffer_varint(out, rare->bytes_in);
    buffer_varint(out, (uint64_t)rare->first_ms);
    buffer_varint(out, rare->minutes);
    buffer_u32(out, gap);
    buffer_u16(out, rare->port);
    buffer_u8(out, rare->is_beacon);
}

static void get_rare(struct cursor *cursor, struct evidence_rare *rare) {
    rare->group = cursor_u64(cursor);
    rare->peer.high = cursor_u64(cursor);
    rare->peer.low = cursor_u64(cursor);
    rare->bytes_out = cursor_varint(cursor);
    rare->bytes_in = cursor_varint(cursor);
    rare->first_ms = get_time(cursor, INT64_MAX);
    uint64_t minutes = cursor_varint(cursor);
    uint32_t gap = cursor_u32(cursor);
    rare->port = cursor_u16(cursor);
    uint8_t is_beacon = cursor_u8(cursor);
    memcpy(&rare->gap_s, &gap, sizeof gap);
    rare->minutes = (uint32_t)minutes;
    rare->is_beacon = is_beacon != 0;
    cursor->failed |= rare->group == 0 || minutes > UINT32_MAX || is_beacon > 1 ||
                      !(rare->gap_s - rare->gap_s == 0);
}

static void put_told(struct buffer *out, const struct fleet_told *told) {
    buffer_string(out, bytes_text(told->class_));
    buffer_string(out, bytes_text(told->attack[0]));
    buffer_string(out, bytes_text(told->attack[1]));
    buffer_varint(out, told->feature);
    buffer_u8(out, (uint8_t)told->severity);
    for (size_t i = 0; i < 5; i++) {
        put_double(out, told->values[i]);
    }
    put_double(out, told->score);
    put_double(out, told->confidence);
    buffer_varint(out, (uint64_t)told->baseline_age_ms);
    buffer_varint(out, told->baseline_samples);
    buffer_varint(out, told->quality);
    uint32_t marks = (told->is_warm ? MARK_WARM : 0) | (told->has_peer ? MARK_PEER : 0) |
                     (told->has_port ? MARK_PORT : 0) | (told->rare.group != 0 ? MARK_RARE : 0);
    buffer_u8(out, (uint8_t)marks);
    put_sum(out, &told->total);
    buffer_varint(out, told->peer_count);
    if (told->has_peer) {
        buffer_u64(out, told->peer.address.high);
        buffer_u64(out, told->peer.address.low);
        put_sum(out, &told->peer.sum);
    }
    if (told->has_port) {
        buffer_u16(out, told->port.port);
        buffer_u8(out, told->port.protocol);
        put_sum(out, &told->port.sum);
    }
    if (told->rare.group != 0) {
        put_rare(out, &told->rare);
    }
}

static void get_rows(struct cursor *cursor, struct fleet_told *told) {
    uint8_t marks = cursor_u8(cursor);
    told->is_warm = (marks & MARK_WARM) != 0;
    told->has_peer = (marks & MARK_PEER) != 0;
    told->has_port = (marks & MARK_PORT) != 0;
    cursor->failed |= marks > MARKS_TOLD;
    told->total = get_sum(cursor);
    told->peer_count = cursor_varint(cursor);
    if (told->has_peer) {
        told->peer.address.high = cursor_u64(cursor);
        told->peer.address.low = cursor_u64(cursor);
        told->peer.sum = get_sum(cursor);
    }
    if (told->has_port) {
        told->port.port = cursor_u16(cursor);
        told->port.protocol = cursor_u8(cursor);
        told->port.sum = get_sum(cursor);
    }
    if ((marks & MARK_RARE) != 0) {
        get_rare(cursor, &told->rare);
    }
}

static void get_told(struct cursor *cursor, struct fleet_told *told) {
    *told = (struct fleet_told){ 0 };
    get_text(cursor, told->class_, sizeof told->class_);
    get_text(cursor, told->attack[0], sizeof told->attack[0]);
    get_text(cursor, told->attack[1], sizeof told->attack[1]);
    uint64_t feature = cursor_varint(cursor);
    uint8_t severity = cursor_u8(cursor);
    for (size_t i = 0; i < 5; i++) {
        told->values[i] = get_double(cursor);
    }
    told->score = get_double(cursor);
    told->confidence = get_double(cursor);
    told->baseline_age_ms = get_time(cursor, INT64_MAX);
    told->baseline_samples = cursor_varint(cursor);
    uint64_t quality = cursor_varint(cursor);
    get_rows(cursor, told);
    cursor->failed |= feature >= FEATURE_COUNT || severity > SEVERITY_CRITICAL ||
                      quality > UINT32_MAX || told->class_[0] == '\0' ||
                      (told->attack[0][0] == '\0' && told->attack[1][0] != '\0');
    told->feature = (uint32_t)feature;
    told->severity = (enum alert_severity)severity;
    told->quality = (uint32_t)quality;
}

void fleet_incident_save(const struct fleet_incident *incident, struct buffer *out) {
    const struct fleet_key *key = &incident->key;
    buffer_u8(out, (uint8_t)key->kind);
    buffer_u8(out, key->direction);
    buffer_string(out, bytes_text(key->class_));
    buffer_u64(out, key->group);
    buffer_u8(out,
              (uint8_t)((incident->is_open ? MARK_OPEN : 0) | (incident->is_wide ? MARK_WIDE : 0)));
    buffer_varint(out, incident->count);
    for (uint32_t i = 0; i < incident->count; i++) {
        const struct fleet_member *member = &incident->members[i];
        buffer_string(out, member->name);
        buffer_string(out, member->role);
        buffer_u64(out, member->episode);
        buffer_varint(out, (uint64_t)member->start_ms);
        buffer_varint(out, (uint64_t)member->told_ms);
        put_told(out, &member->told);
    }
    if (incident->is_open) {
        put_told(out, &incident->lead);
        buffer_varint(out, (uint64_t)incident->start_ms);
        buffer_varint(out, (uint64_t)incident->heard_ms);
        buffer_varint(out, (uint64_t)incident->ended_ms);
        buffer_varint(out, (uint64_t)incident->said_ms);
        buffer_varint(out, incident->said_count);
        buffer_u8(out, (uint8_t)incident->said_severity);
        buffer_string(out, bytes_text(incident->id));
    }
}

static void get_key(struct cursor *cursor, struct fleet_key *key) {
    uint8_t kind = cursor_u8(cursor);
    key->kind = (enum fleet_kind)kind;
    key->direction = cursor_u8(cursor);
    get_text(cursor, key->class_, sizeof key->class_);
    key->group = cursor_u64(cursor);
    bool has_class = key->class_[0] != '\0';
    bool is_directed = key->direction == DIRECTION_IN || key->direction == DIRECTION_OUT;
    cursor->failed |= kind > FLEET_PEER || !is_directed ||
                      (kind == FLEET_INBOUND &&
                       (!has_class || key->group != 0 || key->direction != DIRECTION_IN)) ||
                      (kind == FLEET_PEER && (has_class || key->group == 0));
}

static void get_members(struct cursor *cursor, struct fleet_incident *incident, int64_t now_ms) {
    uint64_t count = cursor_varint(cursor);
    uint64_t least = incident->is_open ? FLEET_NODES_MIN : 1;
    uint64_t most = incident->is_open ? FLEET_MEMBERS_MAX : FLEET_NODES_MIN - 1;
    cursor->failed |= count < least || count > most;
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct bytes name = cursor_string(cursor);
        struct bytes role = cursor_string(cursor);
        if (cursor->failed || (i > 0 && bytes_compare(incident->members[i - 1].name, name) >= 0)) {
            cursor->failed = true;
            return;
        }
        struct fleet_member *member = fleet_incident_add(incident, name, role);
        if (member == NULL) {
            cursor->failed = true;
            return;
        }
        member->episode = cursor_u64(cursor);
        member->start_ms = get_time(cursor, now_ms);
        member->told_ms = get_time(cursor, now_ms);
        get_told(cursor, &member->told);
        cursor->failed |= member->told_ms <= member->start_ms ||
                          (!incident->is_open && member->told_ms < now_ms - FLEET_SPAN_MS);
    }
}

static void get_id(struct cursor *cursor, char id[33]) {
    get_text(cursor, id, 33);
    size_t size = strlen(id);
    cursor->failed |= size != 0 && (size != 32 || strspn(id, "0123456789abcdef") != 32);
}

static void get_open(struct cursor *cursor, struct fleet_incident *incident, int64_t now_ms) {
    get_told(cursor, &incident->lead);
    incident->start_ms = get_time(cursor, now_ms);
    incident->heard_ms = get_time(cursor, now_ms);
    incident->ended_ms = get_time(cursor, now_ms);
    incident->said_ms = get_time(cursor, now_ms);
    uint64_t said_count = cursor_varint(cursor);
    uint8_t severity = cursor_u8(cursor);
    get_id(cursor, incident->id);
    bool is_said = incident->id[0] != '\0';
    cursor->failed |= incident->heard_ms <= incident->start_ms || said_count > incident->count ||
                      severity > SEVERITY_CRITICAL || is_said != (incident->said_ms > 0) ||
                      is_said != (said_count >= FLEET_NODES_MIN) ||
                      (incident->is_wide && incident->count < FLEET_MEMBERS_MAX);
    incident->said_count = (uint32_t)said_count;
    incident->said_severity = (enum alert_severity)severity;
}

struct fleet_incident *fleet_incident_load(struct cursor *cursor, int64_t now_ms) {
    struct fleet_key key = { 0 };
    get_key(cursor, &key);
    uint8_t marks = cursor_u8(cursor);
    cursor->failed |= marks > (MARK_OPEN | MARK_WIDE) || marks == MARK_WIDE;
    struct fleet_incident *incident = cursor->failed ? NULL : fleet_incident_new(&key);
    if (incident == NULL) {
        cursor->failed = true;
        return NULL;
    }
    incident->is_open = (marks & MARK_OPEN) != 0;
    incident->is_wide = (marks & MARK_WIDE) != 0;
    get_members(cursor, incident, now_ms);
    if (incident->is_open) {
        get_open(cursor, incident, now_ms);
    }
    if (cursor->failed) {
        fleet_incident_free(incident);
        return NULL;
    }
    return incident;
}
