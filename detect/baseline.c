/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, time and rates of the baselines; their arithmetic lies in the kernels.
 *
 * A column of a power of two would put the same node of all columns into one set of the first-level
 * cache: 14 streams in 8 ways. So columns lie one cache line further apart (`stride`). */
#include "detect/baseline.h"

#include "flow/spread.h"

#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define COLUMN_GAP 16u /* floats: one cache line */

#define DEVIATION_START 0.7f
/* The first windows place the level: each counts whole, however far it lies. */
#define EARLY_WINDOWS 30.0f
#define EARLY_DEVIATION_RATE 0.05f
#define EARLY_WIDTH 1e6f
#define WIDTH 3.0f
#define ACTIVE_GAIN 0.1f
#define COLD_RISE 8.0f
/* 0.1 bit a minute would let six bits an hour of unnoticed attack be learnt. */
#define WARM_RISE_PER_MINUTE (1.0f / 60.0f)

#define ANCHOR_DAYS 14
#define ANCHOR_START_DAYS 2 /* before, the anchor is the level */
/* Fewer records than this share of the usual, where these are more than a few, are not all. Nothing
 * is usual in a node's first windows: it may have begun with a flood. */
#define USUAL_SHARE 0.25f
#define USUAL_LEAST 8.0f
#define USUAL_MAX 1e15f

/* No value of a state that was learned lies beyond: y is at most 100, times are far below. */
#define BITS_MAX 256.0f
#define TIME_MAX_MS (INT64_C(1) << 53)

int64_t baseline_hour_of(int64_t time_ms) {
    return spread_window(time_ms, HOUR_MS);
}

uint32_t baseline_slot_of(int64_t hour) {
    int64_t slot = hour % BASELINE_HOURS;
    return (uint32_t)(slot < 0 ? slot + BASELINE_HOURS : slot);
}

void baseline_init(struct baseline *baseline) {
    *baseline = (struct baseline){ 0 };
}

void baseline_done(struct baseline *baseline) {
    free(baseline->lanes);
    free(baseline->window_counts);
    free(baseline->anchor);
    free(baseline->usual);
    free(baseline->hour_counts);
    free(baseline->born_ms);
    free(baseline->hour);
    baseline_init(baseline);
}

/* `columns` columns of `stride` floats, the first `from_stride` of each copied from `from`. */
static float *columns_grow(const float *from, size_t from_stride, size_t stride, size_t columns) {
    float *to = aligned_alloc(64, columns * stride * sizeof *to);
    if (to == NULL) {
        return NULL;
    }
    memset(to, 0, columns * stride * sizeof *to);
    for (size_t i = 0; from != NULL && i < columns; i++) {
        memcpy(to + i * stride, from + i * from_stride, from_stride * sizeof *to);
    }
    return to;
}

static int64_t *times_grow(const int64_t *from, size_t from_stride, size_t stride, int64_t fill) {
    int64_t *to = malloc(stride * sizeof *to);
    for (size_t i = 0; to != NULL && i < stride; i++) {
        to[i] = i < from_stride ? from[i] : fill;
    }
    return to;
}

bool baseline_grow(struct baseline *baseline, uint32_t count, struct error *err) {
    if (count <= baseline->capacity) {
        return true;
    }
    uint32_t capacity = baseline->capacity == 0 ? 64 : baseline->capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    uint32_t old = baseline->stride;
    uint32_t stride = capacity + COLUMN_GAP;
    struct baseline grown = {
        .lanes =
            columns_grow(baseline->lanes, old, stride, BASELINE_SLOT_COUNT * FEATURE_SCORED_COUNT),
        .window_counts = columns_grow(baseline->window_counts, old, stride, 1),
        .anchor = columns_grow(baseline->anchor, old, stride, 1),
        .usual = columns_grow(baseline->usual, old, stride, 1),
        .hour_counts = columns_grow(baseline->hour_counts, old, stride, BASELINE_HOURS),
        .born_ms = times_grow(baseline->born_ms, old, stride, INT64_MIN),
        .hour = times_grow(baseline->hour, old, stride, 0),
        .capacity = capacity,
        .stride = stride,
    };
    if (grown.lanes == NULL || grown.window_counts == NULL || grown.anchor == NULL ||
        grown.usual == NULL || grown.hour_counts == NULL || grown.born_ms == NULL ||
        grown.hour == NULL) {
        baseline_done(&grown);
        return error_set(err, ERROR_LIMIT, "no memory for the baselines of %u nodes",
                         (unsigned)capacity);
    }
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        float *deviation = baseline_column(&grown, BASELINE_DEVIATION, m);
        for (uint32_t i = baseline->capacity; i < stride; i++) {
            deviation[i] = DEVIATION_START;
        }
    }
    baseline_done(baseline);
    *baseline = grown;
    return true;
}

void baseline_forget(struct baseline *baseline, uint32_t node) {
    for (uint32_t s = 0; s < BASELINE_SLOT_COUNT; s++) {
        for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
            baseline_column(baseline, s, m)[node] = s == BASELINE_DEVIATION ? DEVIATION_START : 0;
        }
    }
    for (uint32_t h = 0; h < BASELINE_HOURS; h++) {
        baseline_hour_counts(baseline, h)[node] = 0;
    }
    baseline->window_counts[node] = 0;
    baseline->anchor[node] = 0;
    baseline->usual[node] = 0;
    baseline->born_ms[node] = INT64_MIN;
    baseline->hour[node] = 0;
}

static void record_compute(struct baseline *baseline, uint32_t node, uint32_t feature) {
    float record = 0;
    for (uint32_t h = 0; h < BASELINE_HOURS; h++) {
        float envelope = baseline_column(baseline, BASELINE_ENVELOPE + h, feature)[node];
        record = envelope > record ? envelope : record;
    }
    baseline_column(baseline, BASELINE_RECORD, feature)[node] = record;
}

/* Subtracts `times` times: a product would round otherwise than the same hours one by one. Ends at
 * zero, so it takes no more steps than what had been learned. */
static float decay(float envelope, int64_t times) {
    for (; times > 0 && envelope > 0; times--) {
        envelope -= BASELINE_DECAY;
    }
    return envelope > 0 ? envelope : 0;
}

void baseline_enter(struct baseline *baseline, uint32_t node, int64_t start_ms) {
    int64_t hour = baseline_hour_of(start_ms);
    int64_t last = baseline->hour[node];
    if (baseline->born_ms[node] == INT64_MIN) {
        baseline->born_ms[node] = start_ms;
        last = hour;
    }
    baseline->hour[node] = hour;
    if (hour <= last) {
        return;
    }
    int64_t slots = hour - last < BASELINE_HOURS ? hour - last : BASELINE_HOURS;
    for (int64_t back = 0; back < slots; back++) {
        int64_t times = (hour - back - last - 1) / BASELINE_HOURS + 1;
        uint32_t slot = BASELINE_ENVELOPE + baseline_slot_of(hour - back);
        for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
            float *envelope = baseline_column(baseline, slot, m) + node;
            *envelope = decay(*envelope, times);
        }
    }
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        record_compute(baseline, node, m);
    }
}

void baseline_count(struct baseline *baseline, uint32_t first, uint32_t count, uint32_t hour,
                    int64_t window_ms, const struct baseline_gates *gates,
                    struct baseline_rates *rates) {
    float *restrict window_counts = baseline->window_counts + first;
    float *restrict hour_counts = baseline_hour_counts(baseline, hour) + first;
    const float day_rate = (float)window_ms / (float)DAY_MS;
    const float season_rate = (float)window_ms / (float)(4 * HOUR_MS);
    const float warm_rise = WARM_RISE_PER_MINUTE * ((float)window_ms / 60000.0f);
    for (uint32_t i = 0; i < count; i++) {
        float learns = gates->learns[i];
        bool is_active = gates->active[i] > 0;
        float gain = is_active ? ACTIVE_GAIN * learns : learns;
        float n = window_counts[i] + learns;
        float c = hour_counts[i] + learns;
        window_counts[i] = n;
        hour_counts[i] = c;

        /* Before anything was learned both counts are 0, and so is the gain. */
        float level = 1.0f / (n > 1.0f ? n : 1.0f);
        float season = 1.0f / (c > 1.0f ? c : 1.0f);
        level = level > day_rate ? level : day_rate;
        season = season > season_rate ? season : season_rate;
        bool is_early = n < EARLY_WINDOWS;
        /* The first window is all level: its distance from 0 says nothing of the deviation. */
        float deviation = n > 1.0f ? EARLY_DEVIATION_RATE : 0.0f;
        deviation = is_early ? deviation : level;
        float rise = gates->warm[i] > 0 ? warm_rise : COLD_RISE;

        rates->level[i] = level * gain;
        rates->deviation[i] = deviation * gain;
        rates->season[i] = season * gain;
        rates->width[i] = is_early ? EARLY_WIDTH : WIDTH;
        rates->rise[i] = is_active ? 0.0f : rise * learns;
    }
}

void baseline_anchor(struct baseline *baseline, uint32_t first, uint32_t count, int64_t window_ms,
                     const struct baseline_gates *gates) {
    float *restrict anchor = baseline->anchor + first;
    const float *restrict counts = baseline->window_counts + first;
    const float *restrict level =
        baseline_column(baseline, BASELINE_LEVEL, FEATURE_OUT_INIT) + first;
    const float rate = (float)window_ms / (float)(ANCHOR_DAYS * DAY_MS);
    const float young = (float)(ANCHOR_START_DAYS * DAY_MS) / (float)window_ms;
    for (uint32_t i = 0; i < count; i++) {
        float moved = anchor[i] + (level[i] - anchor[i]) * rate * gates->learns[i];
        anchor[i] = counts[i] < young ? level[i] : moved;
    }
}

bool baseline_usual(struct baseline *baseline, uint32_t node, float records, int64_t window_ms) {
    float usual = baseline->usual[node];
    float day_rate = (float)window_ms / (float)DAY_MS;
    float rate = 1.0f / (baseline->window_counts[node] + 1.0f);
    baseline->usual[node] = usual + (rate > day_rate ? rate : day_rate) * (records - usual);
    return baseline->window_counts[node] < EARLY_WINDOWS || records <= 0 || usual <= USUAL_LEAST ||
           records >= USUAL_SHARE * usual;
}

float baseline_hour_record(const struct baseline *baseline, uint32_t node, uint32_t feature,
                           uint32_t slot) {
    float record = 0;
    for (uint32_t side = 0; side < 3; side++) {
        uint32_t hour = (slot + BASELINE_HOURS + side - 1) % BASELINE_HOURS;
        float envelope = baseline_column(baseline, BASELINE_ENVELOPE + hour, feature)[node];
        record = envelope > record ? envelope : record;
    }
    return record;
}

void baseline_learn_episode(struct baseline *baseline, uint32_t node, uint32_t feature,
                            uint32_t hour, float peak) {
    float *record = baseline_column(baseline, BASELINE_RECORD, feature) + node;
    const float most = *record + BASELINE_EPISODE_RISE;
    const float risen = peak < most ? peak : most;
    for (uint32_t back = 0; back < 2; back++) {
        uint32_t slot = (hour + BASELINE_HOURS - back) % BASELINE_HOURS;
        float *envelope = baseline_column(baseline, BASELINE_ENVELOPE + slot, feature) + node;
        *envelope = risen > *envelope ? risen : *envelope;
        *record = *envelope > *record ? *envelope : *record;
    }
}

static void put_float(struct buffer *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u32(out, bits);
}

/* A float within [minimum, maximum]; NaN is not. */
static float get_float(struct cursor *cursor, float minimum, float maximum) {
    uint32_t bits = cursor_u32(cursor);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (!(value >= minimum && value <= maximum) || (value == 0 && bits != 0)) {
        cursor->failed = true;
        return 0;
    }
    return value;
}

/* A count as it is kept: a whole number that a float holds exactly. */
static float get_count(struct cursor *cursor) {
    uint32_t count = cursor_u32(cursor);
    if (count > 1u << 24) {
        cursor->failed = true;
    }
    return cursor->failed ? 0 : (float)count;
}

void baseline_node_save(const struct baseline *baseline, uint32_t node, struct buffer *out) {
    buffer_u64(out, (uint64_t)baseline->born_ms[node]);
    buffer_u64(out, (uint64_t)baseline->hour[node]);
    buffer_u32(out, (uint32_t)baseline->window_counts[node]);
    put_float(out, baseline->anchor[node]);
    put_float(out, baseline->usual[node]);
    for (uint32_t h = 0; h < BASELINE_HOURS; h++) {
        buffer_u32(out, (uint32_t)baseline_hour_counts(baseline, h)[node]);
    }
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        for (uint32_t s = 0; s < BASELINE_SLOT_COUNT; s++) {
            if (s != BASELINE_RECORD) { /* follows from the envelopes */
                put_float(out, baseline_column(baseline, s, m)[node]);
            }
        }
    }
}

void baseline_node_load(struct baseline *baseline, uint32_t node, struct cursor *cursor) {
    int64_t born_ms = (int64_t)cursor_u64(cursor);
    int64_t hour = (int64_t)cursor_u64(cursor);
    bool is_born = born_ms >= -TIME_MAX_MS && born_ms <= TIME_MAX_MS &&
                   hour >= -TIME_MAX_MS / HOUR_MS && hour <= TIME_MAX_MS / HOUR_MS;
    if (!is_born && !(born_ms == INT64_MIN && hour == 0)) {
        cursor->failed = true;
    }
    baseline->born_ms[node] = born_ms;
    baseline->hour[node] = hour;
    baseline->window_counts[node] = get_count(cursor);
    baseline->anchor[node] = get_float(cursor, -BITS_MAX, BITS_MAX);
    baseline->usual[node] = get_float(cursor, 0, USUAL_MAX);
    for (uint32_t h = 0; h < BASELINE_HOURS; h++) {
        baseline_hour_counts(baseline, h)[node] = get_count(cursor);
    }
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        for (uint32_t s = 0; s < BASELINE_SLOT_COUNT; s++) {
            if (s != BASELINE_RECORD) {
                bool is_signed =
                    s == BASELINE_LEVEL || (s >= BASELINE_SEASON && s < BASELINE_ENVELOPE);
                baseline_column(baseline, s, m)[node] =
                    get_float(cursor, is_signed ? -BITS_MAX : 0.0f, BITS_MAX);
            }
        }
        record_compute(baseline, node, m);
    }
    if (cursor->failed) {
        baseline_forget(baseline, node);
    }
}
