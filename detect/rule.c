/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

/* A charge below this is as good as none; it would else leak for ever and cost each window. */
#define CHARGE_MIN 0.01f
/* No charge lies above: 1.5 * need is less than 1.5 times the windows of the longest persistence,
 * which are 3,600 of one second. */
#define CHARGE_MAX 5400.0f

const struct rule_row rule_rows[RULE_COUNT] = {
    /* An outbound excess may be a job that nobody announced: told, not acted upon. Severity rises
     * to high where the margin holds against every hour of the day, not only against this one. */
    [RULE_EXFIL] = { .name = "exfil",
                     .class_ = "exfil.volume",
                     .metric = METRIC_OUT_BYTES,
                     .margin = 2.0f,
                     .z_min = 5.0f,
                     .record_min = 1.0f,
                     .persistence_min = 3,
                     .severity = SEVERITY_MEDIUM,
                     .high_min = 2.0f,
                     .advice = ADVICE_NOTIFY,
                     .attack = { "T1041", "T1048" },
                     .help = "the node sends far more than it ever did around this hour" },
    /* Never more than notify: wiping a node does not stop a flood. */
    [RULE_FLOOD_IN] = { .name = "flood_in",
                        .class_ = "dos.volume",
                        .metric = METRIC_IN_BYTES,
                        .margin = 2.5f,
                        .z_min = -INFINITY,
                        .record_min = -INFINITY,
                        .persistence_min = 2,
                        .severity = SEVERITY_HIGH,
                        .high_min = 0.0f,
                        .advice = ADVICE_NOTIFY,
                        .attack = { "T1498", NULL },
                        .help = "the node receives far more than it ever did around this hour" },
};

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

/* A chain over the rows, each with its fields at fixed places and its texts by their hashes. */
uint64_t rule_table_hash(void) {
    uint64_t hash = RULE_COUNT;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        const struct rule_row *row = &rule_rows[r];
        const uint32_t numbers[] = { row->metric, row->persistence_min, row->severity,
                                     row->advice };
        const float bits[] = { row->margin, row->z_min, row->record_min, row->high_min };
        uint8_t fields[56];
        for (size_t i = 0; i < 4; i++) {
            uint32_t pattern;
            memcpy(&pattern, &bits[i], sizeof pattern);
            put_u32(fields + 4 * i, numbers[i]);
            put_u32(fields + 16 + 4 * i, pattern);
        }
        put_u64(fields + 32, XXH3_64bits(row->name, strlen(row->name)));
        put_u64(fields + 40, XXH3_64bits(row->class_, strlen(row->class_)));
        put_u64(fields + 48, hash);
        hash = XXH3_64bits(fields, sizeof fields);
    }
    return hash;
}

struct rule_limits rule_limits(enum rule rule, const struct detector_config *config) {
    const struct rule_row *row = &rule_rows[rule];
    /* Persistence in windows, rounded, at least one. */
    int64_t windows =
        ((int64_t)row->persistence_min * 60000 + (config->window_ms - 1) / 2) / config->window_ms;
    windows = windows < 1 ? 1 : windows;
    double keep = 1.0 - 1.0 / (windows == 1 ? 1.3 : (double)windows);
    /* `windows` hits in a row give 1 + keep + keep^2 + ...; a little less is enough. */
    double sum = 0;
    for (int64_t i = 0; i < windows; i++) {
        sum = sum * keep + 1.0;
    }
    return (struct rule_limits){
        .condition = { .floor = (float)config->floor_bytes_per_min,
                       .margin = row->margin,
                       .z_min = row->z_min,
                       .record_min = row->record_min },
        .keep = (float)keep,
        .need = (float)(0.93 * sum),
    };
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
                     uint64_t hits, uint64_t passes) {
    uint64_t rest = hits | (latch->charged[word] & passes);
    for (; rest != 0; rest &= rest - 1) {
        uint32_t lane = (uint32_t)__builtin_ctzll(rest);
        uint64_t bit = UINT64_C(1) << lane;
        uint32_t node = word * 64 + lane;
        float charge = latch->charge[node] * limits->keep;
        charge = hits & bit ? charge + 1.0f : charge;
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
