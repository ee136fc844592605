/* SPDX-License-Identifier: Apache-2.0 */
/* Filters are about flows, so the conversations of the evidence are laid out as a batch of flows
 * and the definition of the filter (filter_match_record) is asked about each: an alert is rare, and
 * has five of them. */
#include "detect/hearing.h"

#include <stdlib.h>

struct hearing {
    const struct say *say;
    bool has_filters;
    struct batch batch;
};

bool hearing_new(struct hearing **out, const struct say *say, struct error *err) {
    *out = NULL;
    struct hearing *hearing = calloc(1, sizeof *hearing);
    if (hearing == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for silences");
    }
    hearing->say = say;
    for (size_t i = 0; i < say->silence_count; i++) {
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
    *answer = (struct hearing_answer){ .plan = say_plan_of(say, alert) };
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
