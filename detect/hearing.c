/* SPDX-License-Identifier: Apache-2.0 */
/* Filters are about flows, so the conversations of the evidence are laid out as a batch of flows
 * and the definition of the filter (filter_match_record) is asked about each: an alert is rare, and
 * has five of them. */
#include "detect/hearing.h"

#include <stdlib.h>

/* The id of an episode's first alert. */
struct untold {
    char episode[33];
};

struct hearing {
    const struct say *say; /* may be NULL */
    struct alert_sink sink;
    bool has_filters;
    struct batch batch;
    struct untold *untold; /* [untold_count], ascending: open episodes of which nothing was told */
    size_t untold_count;
    size_t untold_capacity;
    uint64_t silenced;
    uint64_t allowed;
};

bool hearing_new(struct hearing **out, const struct say *say, const struct alert_sink *sink,
                 struct error *err) {
    *out = NULL;
    struct hearing *hearing = calloc(1, sizeof *hearing);
    if (hearing == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for silences");
    }
    hearing->say = say;
    hearing->sink = *sink;
    for (size_t i = 0; say != NULL && i < say->silence_count; i++) {
        hearing->has_filters |= say->silences[i].filter != NULL;
    }
    if (hearing->has_filters && !batch_init(&hearing->batch, err)) {
        hearing_free(hearing);
        return false;
    }
    *out = hearing;
    return true;
}

void hearing_free(struct hearing *hearing) {
    if (hearing != NULL) {
        batch_done(&hearing->batch);
        free(hearing->untold);
        free(hearing);
    }
}

static void add_key(struct batch *batch, const struct alert *alert, const struct evidence_key *key,
                    uint16_t node) {
    bool is_in = alert->direction == DIRECTION_IN;
    uint16_t local = dictionary_code(&batch->addresses, key->local);
    uint16_t peer = dictionary_code(&batch->addresses, key->peer);
    uint32_t i = batch->count++;
    batch->start_ms[i] = alert->window_start_ms;
    batch->end_ms[i] = alert->window_end_ms - 1; /* the time of the last packet */
    batch->bytes[i] = key->sum.bytes;
    batch->packets[i] = key->sum.packets;
    batch->src[i] = is_in ? peer : local;
    batch->dst[i] = is_in ? local : peer;
    batch->src_port[i] = is_in ? key->peer_port : key->local_port;
    batch->dst_port[i] = is_in ? key->local_port : key->peer_port;
    batch->node[i] = node;
    batch->quality[i] = QUALITY_NO_FLAGS;
    batch->protocol[i] = key->protocol;
    batch->tcp_flags[i] = 0;
    batch->direction[i] = alert->direction;
    batch->initiator[i] = INITIATOR_UNKNOWN;
    batch->action[i] = ACTION_UNKNOWN;
    batch->flow_log[i] = 0;
}

static bool lay_out(struct batch *batch, const struct alert *alert, struct error *err) {
    const struct batch_node row = { .name = alert->node,
                                    .identity = alert->identity,
                                    .role = alert->role,
                                    .interface = alert->interface };
    uint16_t node;
    uint8_t flow_log;
    batch_reset(batch);
    batch->stamp.unit_ms = 1;
    if (!batch_add_node(batch, &row, &node, err) ||
        !batch_add_flow_log(batch, bytes_text(""), &flow_log, err)) {
        return false;
    }
    for (uint32_t i = 0; i < alert->evidence.key_rows; i++) {
        add_key(batch, alert, &alert->evidence.keys[i], node);
    }
    return true;
}

static bool silence_holds(const struct say_silence *silence, const struct alert *alert,
                          const struct batch *batch) {
    if (!say_span_has(&silence->span, alert->window_start_ms, alert->window_end_ms) ||
        !say_scope_has(&silence->scope, alert)) {
        return false;
    }
    bool holds = silence->filter == NULL || batch->count > 0;
    for (uint32_t i = 0; holds && silence->filter != NULL && i < batch->count; i++) {
        holds = filter_match_record(silence->filter, batch, i);
    }
    return holds;
}

static bool has_port(const struct say_exempt *exempt, uint16_t port) {
    for (size_t i = 0; i < exempt->port_count; i++) {
        if (exempt->ports[i] == port) {
            return true;
        }
    }
    return false;
}

static bool exempt_holds(const struct say_exempt *exempt, const struct alert *alert) {
    const struct evidence *evidence = &alert->evidence;
    if (!say_scope_has(&exempt->scope, alert)) {
        return false;
    }
    if (exempt->port_count == 0) {
        return true;
    }
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        if (!has_port(exempt, evidence->keys[i].peer_port) &&
            !has_port(exempt, evidence->keys[i].local_port)) {
            return false;
        }
    }
    return evidence->key_rows > 0;
}

static enum alert_advice advice_most(const struct hearing *hearing, const struct alert *alert,
                                     const struct say_plan *plan) {
    if (plan != NULL) {
        return ADVICE_NONE;
    }
    for (size_t i = 0; i < hearing->say->exempt_count; i++) {
        if (exempt_holds(&hearing->say->exempts[i], alert)) {
            return ADVICE_NOTIFY;
        }
    }
    return ADVICE_RECYCLE;
}

bool hearing_ask(struct hearing *hearing, const struct alert *alert, struct hearing_answer *answer,
                 struct error *err) {
    const struct say *say = hearing->say;
    *answer = (struct hearing_answer){ .advice_most = ADVICE_RECYCLE };
    if (say == NULL) {
        return true;
    }
    answer->plan = say_plan_of(say, alert);
    answer->advice_most = advice_most(hearing, alert, answer->plan);
    if (hearing->has_filters && !lay_out(&hearing->batch, alert, err)) {
        return false;
    }
    for (size_t i = 0; i < say->silence_count; i++) {
        const struct say_silence *silence = &say->silences[i];
        bool is_better =
            answer->silence == NULL || (silence->is_allowed && answer->verdict != HEARING_ALLOWED);
        if (is_better && silence_holds(silence, alert, &hearing->batch)) {
            answer->silence = silence;
            answer->verdict = silence->is_allowed ? HEARING_ALLOWED : HEARING_SILENCED;
        }
    }
    return true;
}

/* --- the sink -------------------------------------------------------------------------------- */

/* The place of an episode among those of which nothing was told, or where it would stand. */
static size_t untold_place(const struct hearing *hearing, const char *episode) {
    size_t low = 0;
    size_t high = hearing->untold_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(hearing->untold[middle].episode, episode) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool untold_has(const struct hearing *hearing, const char *episode, size_t *place) {
    *place = untold_place(hearing, episode);
    return *place < hearing->untold_count && strcmp(hearing->untold[*place].episode, episode) == 0;
}

static bool untold_grow(struct hearing *hearing, struct error *err) {
    if (hearing->untold_count == hearing->untold_capacity) {
        size_t capacity = hearing->untold_capacity == 0 ? 16 : 2 * hearing->untold_capacity;
        struct untold *grown = realloc(hearing->untold, capacity * sizeof *grown);
        if (grown == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for %zu silenced episodes", capacity);
        }
        hearing->untold = grown;
        hearing->untold_capacity = capacity;
    }
    return true;
}

static bool untold_add(struct hearing *hearing, const char *episode, struct error *err) {
    size_t place;
    if (untold_has(hearing, episode, &place)) {
        return true;
    }
    if (!untold_grow(hearing, err)) {
        return false;
    }
    struct untold *at = &hearing->untold[place];
    memmove(at + 1, at, (hearing->untold_count - place) * sizeof *at);
    memcpy(at->episode, episode, sizeof at->episode);
    hearing->untold_count++;
    return true;
}

/* True when it was there. */
static bool untold_remove(struct hearing *hearing, const char *episode) {
    size_t place;
    if (!untold_has(hearing, episode, &place)) {
        return false;
    }
    struct untold *at = &hearing->untold[place];
    memmove(at, at + 1, (--hearing->untold_count - place) * sizeof *at);
    return true;
}

static bool hand_on(struct hearing *hearing, const struct alert *alert,
                    const struct hearing_answer *answer, struct error *err) {
    if (answer->plan == NULL && alert->advice <= answer->advice_most) {
        return hearing->sink.emit(hearing->sink.context, alert, err);
    }
    struct alert told = *alert;
    told.advice = alert->advice < answer->advice_most ? alert->advice : answer->advice_most;
    told.announced = answer->plan != NULL ? answer->plan->name : (struct bytes){ 0 };
    return hearing->sink.emit(hearing->sink.context, &told, err);
}

static bool emit(void *context, const struct alert *alert, struct error *err) {
    struct hearing *hearing = context;
    struct hearing_answer answer;
    if (!hearing_ask(hearing, alert, &answer, err)) {
        return false;
    }
    if (alert->state == ALERT_CLOSED) {
        /* It has no evidence that a filter could be asked about, and says nothing new: who was
         * told of the episode is told of its end, and nobody else. */
        bool was_untold = untold_remove(hearing, alert->episode);
        hearing->silenced += was_untold;
        return was_untold || hand_on(hearing, alert, &answer, err);
    }
    if (answer.verdict == HEARING_TELL) {
        (void)untold_remove(hearing, alert->episode); /* mostly it is not there */
        return hand_on(hearing, alert, &answer, err);
    }
    hearing->silenced += answer.verdict == HEARING_SILENCED;
    hearing->allowed += answer.verdict == HEARING_ALLOWED;
    bool is_first = strcmp(alert->id, alert->episode) == 0;
    return !is_first || untold_add(hearing, alert->episode, err);
}

struct alert_sink hearing_sink(struct hearing *hearing) {
    return (struct alert_sink){ .context = hearing, .emit = emit };
}

uint64_t hearing_silenced(const struct hearing *hearing) {
    return hearing->silenced;
}

uint64_t hearing_allowed(const struct hearing *hearing) {
    return hearing->allowed;
}

void hearing_save(const struct hearing *hearing, struct buffer *out) {
    buffer_u64(out, hearing->silenced);
    buffer_u64(out, hearing->allowed);
    buffer_varint(out, hearing->untold_count);
    for (size_t i = 0; i < hearing->untold_count; i++) {
        buffer_put(out, hearing->untold[i].episode, 32);
    }
}

static bool is_id(struct bytes text) {
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'))) {
            return false;
        }
    }
    return text.size == 32;
}

bool hearing_load(struct hearing *hearing, struct cursor *cursor, struct error *err) {
    hearing->untold_count = 0;
    hearing->silenced = cursor_u64(cursor);
    hearing->allowed = cursor_u64(cursor);
    uint64_t count = cursor_varint(cursor);
    /* Each was silenced once at least. */
    if (count > hearing->silenced && count - hearing->silenced > hearing->allowed) {
        cursor->failed = true;
    }
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct bytes id = cursor_take(cursor, 32);
        if (cursor->failed || !is_id(id) ||
            (i > 0 && memcmp(hearing->untold[i - 1].episode, id.data, 32) >= 0)) {
            cursor->failed = true;
            break;
        }
        if (!untold_grow(hearing, err)) {
            return false;
        }
        struct untold *at = &hearing->untold[hearing->untold_count++];
        memcpy(at->episode, id.data, 32);
        at->episode[32] = '\0';
    }
    return true;
}
