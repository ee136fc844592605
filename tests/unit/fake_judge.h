/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_FAKE_JUDGE_H
#define WEIR_TESTS_FAKE_JUDGE_H

/* A judge that judges nothing: it writes down what it is shown, so that a test can compare all that
 * the windower makes of its input. A program that includes this file is linked with it instead of
 * the library's judge. Per node it keeps one number, so that states have something of its to carry.
 */

#include "detect/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct judge {
    int64_t passed_ms; /* the last time that judge_pass was told */
    struct buffer trace;
    double *learned;
    uint32_t capacity;
    uint64_t windows;
    bool is_showing_own;      /* writes down own addresses, too */
    bool is_showing_features; /* and every value, to the bit, and all that is told of peers */
    bool is_asking;           /* asks for the evidence of every node and direction */
};

static struct judge *fake_judge; /* the one made last */

static void fake_text(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fake_text(struct buffer *out, const char *format, ...) {
    char line[512];
    __builtin_va_list arguments;
    __builtin_va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    __builtin_va_end(arguments);
    buffer_put(out, line, (size_t)size);
}

bool judge_new(struct judge **out, const struct detector_config *config,
               const struct alert_sink *sink, struct error *err) {
    (void)config;
    (void)sink;
    (void)err;
    *out = calloc(1, sizeof **out);
    buffer_init(&(*out)->trace, (size_t)1 << 28);
    (*out)->is_asking = true;
    fake_judge = *out;
    return true;
}

uint64_t judge_node_bytes(void) {
    return 8;
}

void judge_free(struct judge *judge) {
    if (judge != NULL) {
        buffer_done(&judge->trace);
        free(judge->learned);
        free(judge);
    }
}

static void fake_reserve(struct judge *judge, uint32_t count) {
    if (count > judge->capacity) {
        uint32_t capacity = 2 * count;
        judge->learned = realloc(judge->learned, capacity * sizeof *judge->learned);
        for (uint32_t i = judge->capacity; i < capacity; i++) {
            judge->learned[i] = 0;
        }
        judge->capacity = capacity;
    }
}

static uint32_t fake_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void fake_peer(struct buffer *out, const struct evidence_peer *peer) {
    fake_text(out, "(");
    if (peer->has_port) {
        fake_text(out, "%u/%u", peer->port, peer->protocol);
    }
    if (peer->has_first) {
        fake_text(out, " since %" PRId64, peer->first_ms);
    }
    fake_text(out, "%s)", !peer->has_fleet ? "" : peer->is_rare ? " rare" : " known");
}

static void fake_evidence(struct judge *judge, const struct evidence *evidence) {
    struct buffer *out = &judge->trace;
    char text[ADDRESS_TEXT_SIZE];
    fake_text(out, " [%" PRIu64 "/%" PRIu64 "/%" PRIu64 " peers %" PRIu64 "%s",
              evidence->total.bytes, evidence->total.packets, evidence->total.flows,
              evidence->peer_count, evidence->is_cut ? " cut" : "");
    for (uint32_t i = 0; i < evidence->peer_rows; i++) {
        address_format(evidence->peers[i].address, text);
        fake_text(out, " %s=%" PRIu64, text, evidence->peers[i].sum.bytes);
        if (judge->is_showing_features) {
            fake_peer(out, &evidence->peers[i]);
        }
    }
    for (uint32_t i = 0; i < evidence->port_rows; i++) {
        fake_text(out, " %u/%u=%" PRIu64, evidence->ports[i].port, evidence->ports[i].protocol,
                  evidence->ports[i].sum.bytes);
    }
    for (uint32_t i = 0; i < evidence->protocol_rows; i++) {
        fake_text(out, " p%u=%" PRIu64, evidence->protocols[i].protocol,
                  evidence->protocols[i].sum.packets);
    }
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        address_format(evidence->keys[i].local, text);
        fake_text(out, " %s:%u", text, evidence->keys[i].local_port);
        address_format(evidence->keys[i].peer, text);
        fake_text(out, ">%s:%u=%" PRIu64 "/%" PRIu64, text, evidence->keys[i].peer_port,
                  evidence->keys[i].sum.bytes, evidence->keys[i].sum.flows);
    }
    for (uint32_t i = 0; i < evidence->own_count && judge->is_showing_own; i++) {
        address_format(evidence->own[i], text);
        fake_text(out, " own %s", text);
    }
    if (judge->is_showing_features && evidence->rare.group != 0) {
        address_format(evidence->rare.peer, text);
        fake_text(out, " rare %s:%u %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu32 " %08" PRIx32,
                  text, evidence->rare.port, evidence->rare.bytes_out, evidence->rare.bytes_in,
                  evidence->rare.first_ms, evidence->rare.minutes, fake_bits(evidence->rare.gap_s));
    }
    fake_text(out, "]");
}

/* Values by name, those that are 0 left out. */
static void fake_features(struct judge *judge, const struct judge_window *window, uint32_t index) {
    struct buffer *out = &judge->trace;
    fake_text(out, " absent %" PRIx64 " hours %08" PRIx32, window->absent[index],
              fake_bits(window->led_hours[index]));
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        const float *values = window->values[f];
        if (values != NULL && fake_bits(values[index]) != 0) {
            fake_text(out, " %s %08" PRIx32, feature_rows[f].name, fake_bits(values[index]));
        }
    }
}

bool judge_window(struct judge *judge, const struct judge_window *window, judge_evidence evidence,
                  void *context, struct error *err) {
    struct buffer *out = &judge->trace;
    const struct roster *roster = window->roster;
    judge->windows++;
    fake_reserve(judge, roster->count);
    fake_text(out, "window %" PRId64 "\n", window->start_ms);
    for (uint32_t i = 0; i < roster->order_count; i++) {
        uint32_t index = roster->order[i];
        const struct roster_node *node = &roster->nodes[index];
        if (window->quality[index] == 0) {
            continue;
        }
        judge->learned[index] += (double)window->values[FEATURE_OUT_BYTES][index];
        fake_text(out, "%.*s/%.*s", (int)node->name.size, (const char *)node->name.data,
                  (int)node->identity.size, (const char *)node->identity.data);
        fake_text(out, " out %.0f in %.0f quality %u",
                  (double)window->values[FEATURE_OUT_BYTES][index],
                  (double)window->values[FEATURE_IN_BYTES][index], window->quality[index]);
        if (judge->is_showing_features) {
            fake_features(judge, window, index);
        }
        for (uint8_t direction = 1; direction <= 2 && judge->is_asking; direction++) {
            struct evidence found;
            if (!evidence(context, index, direction, &found, err)) {
                return false;
            }
            fake_evidence(judge, &found);
        }
        fake_text(out, "\n");
    }
    return true;
}

bool judge_pass(struct judge *judge, const struct roster *roster, int64_t until_ms,
                struct error *err) {
    (void)roster;
    (void)err;
    judge->passed_ms = until_ms;
    return true;
}

bool judge_forget(struct judge *judge, const struct roster *roster, uint32_t node, int64_t at_ms,
                  struct error *err) {
    (void)err;
    fake_reserve(judge, node + 1);
    judge->learned[node] = 0;
    const struct roster_node *gone = &roster->nodes[node];
    fake_text(&judge->trace, "forget %.*s/%.*s %" PRId64 "\n", (int)gone->name.size,
              (const char *)gone->name.data, (int)gone->identity.size,
              (const char *)gone->identity.data, at_ms);
    return true;
}

uint64_t judge_alert_count(const struct judge *judge) {
    (void)judge;
    return 0;
}

uint64_t judge_episode_count(const struct judge *judge) {
    (void)judge;
    return 0;
}

void judge_state_save(const struct judge *judge, struct buffer *out) {
    buffer_varint(out, judge->windows);
}

bool judge_state_load(struct judge *judge, struct cursor *cursor, struct error *err) {
    judge->windows = cursor_varint(cursor);
    return !cursor->failed || error_set(err, ERROR_FORMAT, "the judge's part is short");
}

void judge_node_save(const struct judge *judge, uint32_t node, struct buffer *out) {
    uint64_t bits = 0;
    if (node < judge->capacity) {
        memcpy(&bits, &judge->learned[node], sizeof bits);
    }
    buffer_u64(out, bits);
}

bool judge_node_load(struct judge *judge, uint32_t node, struct cursor *cursor, struct error *err) {
    fake_reserve(judge, node + 1);
    uint64_t bits = cursor_u64(cursor);
    memcpy(&judge->learned[node], &bits, sizeof bits);
    return !cursor->failed || error_set(err, ERROR_FORMAT, "a node's part is short");
}

#endif
