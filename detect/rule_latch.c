/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_latch.h"

#include <math.h>
#include <stdlib.h>

/* A charge below this is as good as none; it would else leak for ever and cost each window. */
#define CHARGE_MIN 0.01f
/* No charge lies above: 1.5 * need is less than 1.5 times the windows of the longest persistence,
 * which are 3,600 of one second. */
#define CHARGE_MAX 5400.0f

static void put_float(struct buffer *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u32(out, bits);
}

static float get_float(struct cursor *cursor) {
    uint32_t bits = cursor_u32(cursor);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void rule_latch_done(struct rule_latch *latch) {
    free(latch->charge);
    free(latch->charged);
    free(latch->latched);
    *latch = (struct rule_latch){ 0 };
}

static void *grow_zeroed(const void *from, size_t from_size, size_t size) {
    void *to = calloc(1, size);
    if (to != NULL && from_size > 0) {
        memcpy(to, from, from_size);
    }
    return to;
}

bool rule_latch_grow(struct rule_latch *latch, uint32_t capacity, struct error *err) {
    if (capacity <= latch->capacity) {
        return true;
    }
    size_t old_words = latch->capacity / 64;
    size_t words = capacity / 64;
    struct rule_latch grown = {
        .charge =
            grow_zeroed(latch->charge, latch->capacity * sizeof(float), capacity * sizeof(float)),
        .charged = grow_zeroed(latch->charged, old_words * 8, words * 8),
        .latched = grow_zeroed(latch->latched, old_words * 8, words * 8),
        .capacity = capacity,
    };
    if (grown.charge == NULL || grown.charged == NULL || grown.latched == NULL) {
        rule_latch_done(&grown);
        return error_set(err, ERROR_LIMIT, "no memory for the rules of %u nodes",
                         (unsigned)capacity);
    }
    rule_latch_done(latch);
    *latch = grown;
    return true;
}

static void latch_set(struct rule_latch *latch, uint32_t node, float charge, bool is_latched) {
    uint64_t bit = UINT64_C(1) << (node % 64);
    latch->charge[node] = charge;
    latch->charged[node / 64] &= ~bit;
    latch->latched[node / 64] &= ~bit;
    latch->charged[node / 64] |= charge > 0 ? bit : 0;
    latch->latched[node / 64] |= is_latched ? bit : 0;
}

void rule_latch_forget(struct rule_latch *latch, uint32_t node) {
    latch_set(latch, node, 0, false);
}

void rule_latch_step(struct rule_latch *latch, const struct rule_limits *limits, uint32_t word,
                     uint64_t hits, uint64_t passes, const float *weights) {
    uint64_t rest = hits | (latch->charged[word] & passes);
    for (; rest != 0; rest &= rest - 1) {
        uint32_t lane = (uint32_t)__builtin_ctzll(rest);
        uint64_t bit = UINT64_C(1) << lane;
        uint32_t node = word * 64 + lane;
        float charge = latch->charge[node] * limits->keep;
        float weight = weights != NULL ? weights[lane] : 1.0f;
        charge = hits & bit ? charge + weight : charge;
        charge = charge < 1.5f * limits->need ? charge : 1.5f * limits->need;
        bool is_latched = (latch->latched[word] & bit) != 0;
        is_latched = is_latched || (charge >= limits->need && (hits & bit));
        is_latched = is_latched && charge >= RULE_CHARGE_CLEAR;
        latch_set(latch, node, charge < CHARGE_MIN ? 0 : charge, is_latched);
    }
}

void rule_latch_save(const struct rule_latch *latch, uint32_t node, struct buffer *out) {
    put_float(out, latch->charge[node]);
    buffer_u8(out, (latch->latched[node / 64] >> (node % 64)) & 1);
}

void rule_latch_load(struct rule_latch *latch, uint32_t node, struct cursor *cursor) {
    float charge = get_float(cursor);
    uint8_t is_latched = cursor_u8(cursor);
    bool is_none = charge == 0 && !signbit(charge) && is_latched == 0;
    bool is_some = charge >= CHARGE_MIN && charge <= CHARGE_MAX && is_latched <= 1 &&
                   (is_latched == 0 || charge >= RULE_CHARGE_CLEAR);
    if (!is_none && !is_some) {
        cursor->failed = true;
    }
    latch_set(latch, node, cursor->failed ? 0 : charge, !cursor->failed && is_latched == 1);
}
