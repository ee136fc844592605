/* SPDX-License-Identifier: Apache-2.0 */
/* An alert goes on as it came, then its window's alerts are taken for the incidents; what that
 * means is told once the window is over, since only then the list of its nodes is whole. */
#include "detect/fleet_stage.h"

#include "flow/batch.h"
#include "flow/spread.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS (FLEET_GATHERING_MAX + 2 * FLEET_INCIDENTS_MAX)
#define TIME_MAX_MS (INT64_C(1) << 53)

bool fleet_stage_init(struct fleet_stage *stage, const struct detector_config *config,
                      const struct alert_sink *sink, struct error *err) {
    *stage = (struct fleet_stage){ .sink = *sink,
                                   .cluster = config->cluster,
                                   .window_ms = config->window_ms,
                                   .quiet_ms = config->quiet_ms,
                                   .ongoing_ms = config->ongoing_ms };
    stage->incidents = calloc(SLOTS, sizeof *stage->incidents);
    return stage->incidents != NULL || error_set(err, ERROR_LIMIT, "no memory for fleet incidents");
}

void fleet_stage_done(struct fleet_stage *stage) {
    for (uint32_t i = 0; i < stage->count; i++) {
        fleet_incident_free(stage->incidents[i]);
    }
    free(stage->incidents);
    *stage = (struct fleet_stage){ 0 };
}

/* --- the table ----------------------------------------------------------------------------- */

/* The first incident whose key is not below `key`. */
static uint32_t place_of(const struct fleet_stage *stage, const struct fleet_key *key) {
    uint32_t low = 0;
    uint32_t high = stage->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (fleet_key_compare(&stage->incidents[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void remove_at(struct fleet_stage *stage, uint32_t at) {
    stage->open_count -= stage->incidents[at]->is_open;
    fleet_incident_free(stage->incidents[at]);
    stage->count--;
    memmove(&stage->incidents[at], &stage->incidents[at + 1],
            (stage->count - at) * sizeof(struct fleet_incident *));
}

/* Groups, of which an attacker can make many, are bounded apart from classes. */
static bool may_open(const struct fleet_stage *stage, enum fleet_kind kind) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < stage->count; i++) {
        count += stage->incidents[i]->is_open && stage->incidents[i]->key.kind == kind;
    }
    return count < FLEET_INCIDENTS_MAX;
}

/* When it was last heard of one that gathers. */
static int64_t gathered_ms(const struct fleet_incident *incident) {
    int64_t last_ms = 0;
    for (uint32_t i = 0; i < incident->count; i++) {
        int64_t told_ms = incident->members[i].told_ms;
        last_ms = told_ms > last_ms ? told_ms : last_ms;
    }
    return last_ms;
}

/* Forgets the group whose last alert is oldest, of these the first by key. Inbound classes are few,
 * and not pushed out by groups, of which an attacker can make as many as he likes. */
static bool make_room(struct fleet_stage *stage) {
    uint32_t oldest = stage->count;
    for (uint32_t i = 0; i < stage->count; i++) {
        const struct fleet_incident *incident = stage->incidents[i];
        if (!incident->is_open && incident->key.kind == FLEET_PEER &&
            (oldest == stage->count ||
             gathered_ms(incident) < gathered_ms(stage->incidents[oldest]))) {
            oldest = i;
        }
    }
    stage->dropped++;
    if (oldest == stage->count) {
        return false;
    }
    remove_at(stage, oldest);
    return true;
}

/* Takes an incident into the table. */
static void insert(struct fleet_stage *stage, struct fleet_incident *incident) {
    uint32_t at = place_of(stage, &incident->key);
    memmove(&stage->incidents[at + 1], &stage->incidents[at],
            (stage->count - at) * sizeof(struct fleet_incident *));
    stage->incidents[at] = incident;
    stage->count++;
    stage->open_count += incident->is_open;
}

/* Sets `out` to the incident of a key. Where there is none, begins one if `may_begin`; NULL when
 * there is no room for it either. */
static bool find(struct fleet_stage *stage, const struct fleet_key *key, bool may_begin,
                 struct fleet_incident **out, struct error *err) {
    uint32_t at = place_of(stage, key);
    bool is_there = at < stage->count && fleet_key_compare(&stage->incidents[at]->key, key) == 0;
    *out = is_there ? stage->incidents[at] : NULL;
    if (is_there || !may_begin ||
        (stage->count - stage->open_count == FLEET_GATHERING_MAX && !make_room(stage))) {
        return true;
    }
    *out = fleet_incident_new(key);
    if (*out == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a fleet incident");
    }
    insert(stage, *out);
    return true;
}

/* Forgets who opened too long ago. */
static void forget_old(struct fleet_stage *stage) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < stage->count; i++) {
        struct fleet_incident *incident = stage->incidents[i];
        if (!incident->is_open) {
            fleet_incident_forget(incident, stage->now_ms - FLEET_SPAN_MS);
        }
        if (incident->count == 0) {
            fleet_incident_free(incident);
        } else {
            stage->incidents[kept++] = incident;
        }
    }
    stage->count = kept;
}

/* --- telling ------------------------------------------------------------------------------- */

static bool tell(struct fleet_stage *stage, struct fleet_incident *incident, enum alert_state state,
                 int64_t end_ms, struct error *err) {
    struct bytes names[ALERT_NODES_MAX];
    char identity[FLEET_IDENTITY_SIZE];
    struct alert alert;
    fleet_incident_alert(incident, state != ALERT_CLOSED, names, identity, &alert);
    alert.state = state;
    alert.cluster = stage->cluster;
    alert.window_start_ms = end_ms - stage->window_ms;
    alert.window_end_ms = end_ms;
    memcpy(alert.lineage, stage->lineage, sizeof alert.lineage);
    alert_identify(&alert);
    if (incident->id[0] == '\0') {
        memcpy(incident->id, alert.id, sizeof incident->id);
    }
    memcpy(alert.episode, incident->id, sizeof alert.episode);
    incident->said_ms = end_ms;
    incident->said_count = incident->count;
    incident->said_severity = alert.severity;
    stage->alert_count++;
    return stage->sink.emit(stage->sink.context, &alert, err);
}

/* The end of the window in which an incident closes if nothing is heard of it again. */
static int64_t close_ms_of(const struct fleet_stage *stage, const struct fleet_incident *incident) {
    int64_t due_ms = incident->heard_ms + stage->ongoing_ms + stage->quiet_ms;
    return (spread_window(due_ms - 1, stage->window_ms) + 1) * stage->window_ms;
}

static bool is_over(const struct fleet_stage *stage, const struct fleet_incident *incident) {
    bool has_ended = incident->ended_ms == stage->now_ms && !incident->is_wide;
    return has_ended || close_ms_of(stage, incident) <= stage->now_ms;
}

static bool has_news(const struct fleet_stage *stage, const struct fleet_incident *incident) {
    bool is_due = incident->heard_ms == stage->now_ms &&
                  stage->now_ms - incident->said_ms >= stage->ongoing_ms;
    return is_due || incident->count >= 2 * incident->said_count ||
           fleet_incident_severity(incident) > incident->said_severity;
}

/* The present window is over. */
static bool tell_window(struct fleet_stage *stage, struct error *err) {
    stage->is_pending = false;
    for (uint32_t i = 0; i < stage->count;) {
        struct fleet_incident *incident = stage->incidents[i];
        bool ok = true;
        bool is_closed = false;
        if (incident->is_open && incident->id[0] == '\0') {
            ok = tell(stage, incident, ALERT_OPEN, stage->now_ms, err);
        } else if (incident->is_open && is_over(stage, incident)) {
            ok = tell(stage, incident, ALERT_CLOSED, stage->now_ms, err);
            is_closed = true;
        } else if (incident->is_open && has_news(stage, incident)) {
            ok = tell(stage, incident, ALERT_ONGOING, stage->now_ms, err);
        }
        if (!ok) {
            return false;
        }
        if (is_closed) {
            remove_at(stage, i);
        } else {
            i++;
        }
    }
    return true;
}

/* Closes those of which nothing was heard, up to `last_ms`, in the order of windows and keys. */
static bool close_silent(struct fleet_stage *stage, int64_t last_ms, struct error *err) {
    for (;;) {
        uint32_t next = stage->count;
        int64_t next_ms = 0;
        for (uint32_t i = 0; i < stage->count && stage->open_count > 0; i++) {
            if (!stage->incidents[i]->is_open) {
                continue;
            }
            int64_t close_ms = close_ms_of(stage, stage->incidents[i]);
            if (close_ms <= last_ms && (next == stage->count || close_ms < next_ms)) {
                next = i;
                next_ms = close_ms;
            }
        }
        if (next == stage->count) {
            return true;
        }
        if (!tell(stage, stage->incidents[next], ALERT_CLOSED, next_ms, err)) {
            return false;
        }
        remove_at(stage, next);
    }
}

/* The windows up to `last_ms` are over; `now_ms` is the one to come, or the last of them. */
static bool reach(struct fleet_stage *stage, int64_t last_ms, int64_t now_ms, struct error *err) {
    if (stage->is_pending && stage->now_ms <= last_ms && !tell_window(stage, err)) {
        return false;
    }
    if (!close_silent(stage, last_ms, err)) {
        return false;
    }
    if (now_ms > stage->now_ms) {
        stage->now_ms = now_ms;
        forget_old(stage);
    }
    return true;
}

bool fleet_stage_pass(struct fleet_stage *stage, int64_t until_ms, struct error *err) {
    return reach(stage, until_ms, until_ms, err);
}

/* --- alerts -------------------------------------------------------------------------------- */

/* The alert's part in the incident of one key. */
static bool take_key(struct fleet_stage *stage, const struct fleet_key *key,
                     const struct alert *alert, struct error *err) {
    struct fleet_incident *incident;
    if (!find(stage, key, alert->state == ALERT_OPEN, &incident, err)) {
        return false;
    }
    if (incident == NULL || (!incident->is_open && alert->state != ALERT_OPEN)) {
        return true;
    }
    bool is_begun = incident->count == 0;
    if (!fleet_incident_join(incident, alert, stage->now_ms, err)) {
        if (is_begun) {
            remove_at(stage, place_of(stage, key));
        }
        return false;
    }
    if (incident->is_open || incident->count < FLEET_NODES_MIN) {
        return true;
    }
    if (!may_open(stage, key->kind)) {
        stage->dropped++;
        remove_at(stage, place_of(stage, key));
        return true;
    }
    fleet_incident_open(incident, stage->now_ms);
    stage->open_count++;
    return true;
}

/* What an open incident hears of a member whose alert may be about something else. */
static void hear_member(struct fleet_stage *stage, const struct alert *alert) {
    for (uint32_t i = 0; i < stage->count && stage->open_count > 0; i++) {
        struct fleet_incident *incident = stage->incidents[i];
        if (!incident->is_open) {
            continue;
        }
        const struct fleet_member *member = fleet_incident_find(incident, alert->node);
        if (alert->state == ALERT_CLOSED) {
            fleet_incident_end(incident, alert, stage->now_ms);
        } else if (member != NULL && member->episode == fleet_episode_of(alert)) {
            incident->heard_ms = stage->now_ms;
        }
    }
}

static bool take(struct fleet_stage *stage, const struct alert *alert, struct error *err) {
    struct fleet_key inbound = { .kind = FLEET_INBOUND, .direction = DIRECTION_IN };
    struct fleet_key peer = { .kind = FLEET_PEER,
                              .direction = alert->direction,
                              .group = alert->rare_group };
    bool is_directed = alert->direction == DIRECTION_IN || alert->direction == DIRECTION_OUT;
    size_t class_size = strlen(alert->class_);
    assert(class_size > 0 && class_size < sizeof inbound.class_); /* a name of ours */
    memcpy(inbound.class_, alert->class_, class_size);
    stage->is_pending = true;
    hear_member(stage, alert);
    if (alert->state == ALERT_CLOSED || !is_directed) {
        return true;
    }
    return (alert->direction != DIRECTION_IN || take_key(stage, &inbound, alert, err)) &&
           (alert->rare_group == 0 || take_key(stage, &peer, alert, err));
}

static bool is_in_incident(const struct fleet_stage *stage, const struct alert *alert) {
    for (uint32_t i = 0; i < stage->count && stage->open_count > 0; i++) {
        const struct fleet_incident *incident = stage->incidents[i];
        if (incident->is_open && fleet_incident_holds(incident, alert->node)) {
            return true;
        }
    }
    return false;
}

static bool emit(void *context, const struct alert *alert, struct error *err) {
    struct fleet_stage *stage = context;
    if (alert->node_count > 0) {
        return stage->sink.emit(stage->sink.context, alert, err);
    }
    if (!reach(stage, alert->window_end_ms - 1, alert->window_end_ms, err)) {
        return false;
    }
    memcpy(stage->lineage, alert->lineage, sizeof stage->lineage);
    if (!take(stage, alert, err)) {
        return false;
    }
    if (alert->advice <= ADVICE_NOTIFY || !is_in_incident(stage, alert)) {
        return stage->sink.emit(stage->sink.context, alert, err);
    }
    struct alert lowered = *alert;
    lowered.advice = ADVICE_NOTIFY;
    return stage->sink.emit(stage->sink.context, &lowered, err);
}

struct alert_sink fleet_stage_sink(struct fleet_stage *stage) {
    return (struct alert_sink){ .context = stage, .emit = emit };
}

/* --- state --------------------------------------------------------------------------------- */

void fleet_stage_save(const struct fleet_stage *stage, struct buffer *out) {
    buffer_varint(out, (uint64_t)stage->now_ms);
    buffer_u8(out, stage->is_pending);
    buffer_string(out, bytes_text(stage->lineage));
    buffer_varint(out, stage->alert_count);
    buffer_varint(out, stage->dropped);
    buffer_varint(out, stage->count);
    for (uint32_t i = 0; i < stage->count; i++) {
        fleet_incident_save(stage->incidents[i], out);
    }
}

static void get_head(struct fleet_stage *stage, struct cursor *cursor) {
    uint64_t now_ms = cursor_varint(cursor);
    uint8_t is_pending = cursor_u8(cursor);
    struct bytes lineage = cursor_string(cursor);
    stage->alert_count = cursor_varint(cursor);
    stage->dropped = cursor_varint(cursor);
    bool has_lineage = lineage.size == sizeof stage->lineage - 1;
    cursor->failed |=
        now_ms > (uint64_t)TIME_MAX_MS || is_pending > 1 || (lineage.size != 0 && !has_lineage);
    for (size_t i = 0; i < lineage.size && !cursor->failed; i++) {
        uint8_t c = lineage.data[i];
        cursor->failed |= !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        stage->lineage[i] = (char)c;
    }
    stage->now_ms = cursor->failed ? 0 : (int64_t)now_ms;
    stage->is_pending = is_pending != 0;
}

/* Only a window that is not over has an open incident that was not told of. */
static bool may_follow(const struct fleet_stage *stage, const struct fleet_incident *incident) {
    const struct fleet_incident *before =
        stage->count == 0 ? NULL : stage->incidents[stage->count - 1];
    bool is_ordered = before == NULL || fleet_key_compare(&before->key, &incident->key) < 0;
    bool is_told = !incident->is_open || incident->id[0] != '\0' || stage->is_pending;
    bool has_room = incident->is_open ? stage->open_count < FLEET_INCIDENTS_MAX
                                      : stage->count - stage->open_count < FLEET_GATHERING_MAX;
    return is_ordered && is_told && has_room;
}

void fleet_stage_load(struct fleet_stage *stage, struct cursor *cursor) {
    get_head(stage, cursor);
    uint64_t count = cursor_varint(cursor);
    cursor->failed |= count > SLOTS;
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct fleet_incident *incident = fleet_incident_load(cursor, stage->now_ms);
        if (incident != NULL && !may_follow(stage, incident)) {
            fleet_incident_free(incident);
            cursor->failed = true;
        } else if (incident != NULL) {
            insert(stage, incident);
        }
    }
    if (cursor->failed) {
        while (stage->count > 0) {
            remove_at(stage, stage->count - 1);
        }
        memset(stage->lineage, 0, sizeof stage->lineage);
        stage->now_ms = 0;
        stage->is_pending = false;
        stage->alert_count = 0;
        stage->dropped = 0;
    }
}
