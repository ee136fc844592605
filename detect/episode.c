/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/episode.h"

#include "flow/batch.h"
#include "flow/spread.h"

#include <assert.h>
#include <stdlib.h>

#define TIME_MAX_MS (INT64_C(1) << 53)

void episode_set_done(struct episode_set *set) {
    free(set->items);
    for (int d = 0; d < EPISODE_DIRECTIONS; d++) {
        free(set->index[d]);
    }
    *set = (struct episode_set){ 0 };
}

bool episode_set_grow(struct episode_set *set, uint32_t count, struct error *err) {
    if (count <= set->node_capacity) {
        return true;
    }
    uint32_t capacity = set->node_capacity == 0 ? 64 : set->node_capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    for (int d = 0; d < EPISODE_DIRECTIONS; d++) {
        uint32_t *grown = realloc(set->index[d], capacity * sizeof *grown);
        if (grown == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the episodes of %u nodes",
                             (unsigned)capacity);
        }
        memset(grown + set->node_capacity, 0, (capacity - set->node_capacity) * sizeof *grown);
        set->index[d] = grown;
    }
    set->node_capacity = capacity;
    return true;
}

static uint32_t *index_of(struct episode_set *set, uint32_t node, uint8_t direction) {
    assert(direction == DIRECTION_IN || direction == DIRECTION_OUT);
    return set->index[direction - DIRECTION_IN] + node;
}

struct episode *episode_find(struct episode_set *set, uint32_t node, uint8_t direction) {
    if (node >= set->node_capacity) {
        return NULL;
    }
    uint32_t index = *index_of(set, node, direction);
    return index == 0 ? NULL : &set->items[index - 1];
}

struct episode *episode_open(struct episode_set *set, uint32_t node, uint8_t direction,
                             struct error *err) {
    if (!episode_set_grow(set, node + 1, err)) {
        return NULL;
    }
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity == 0 ? 16 : 2 * set->capacity;
        struct episode *grown = realloc(set->items, capacity * sizeof *grown);
        if (grown == NULL) {
            (void)error_set(err, ERROR_LIMIT, "no memory for %u episodes", (unsigned)capacity);
            return NULL;
        }
        set->items = grown;
        set->capacity = capacity;
    }
    assert(*index_of(set, node, direction) == 0);
    struct episode *episode = &set->items[set->count++];
    *episode = (struct episode){ .node = node, .direction = direction };
    *index_of(set, node, direction) = set->count;
    return episode;
}

void episode_remove(struct episode_set *set, const struct episode *episode) {
    uint32_t place = (uint32_t)(episode - set->items);
    *index_of(set, episode->node, episode->direction) = 0;
    set->count--;
    if (place != set->count) {
        set->items[place] = set->items[set->count];
        *index_of(set, set->items[place].node, set->items[place].direction) = place + 1;
    }
}

void episode_hold(struct episode *episode, int64_t end_ms) {
    bool is_next = episode->rules == 0 || end_ms > episode->fired_end_ms;
    episode->windows_over += is_next && episode->windows_over < UINT32_MAX;
    episode->fired_end_ms = end_ms;
}

void episode_fire(struct episode *episode, const struct finding *finding, int64_t start_ms,
                  int64_t end_ms) {
    episode_hold(episode, end_ms);
    if (episode->rules == 0) {
        episode->start_ms = start_ms;
        episode->rule = finding->rule;
        episode->class_ = finding->class_;
        episode->feature = finding->feature;
        episode->is_cold = finding->is_cold;
    }
    bool is_first = episode->rules == 0;
    if (finding->rule == episode->rule && finding->feature == episode->feature &&
        (is_first || finding->measure.value > episode->peak.value)) {
        episode->peak = finding->measure;
        episode->peak_corroborating = finding->corroborating;
    }
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        if (feature_rows[m].direction == episode->direction &&
            finding->bits[m] > episode->peak_bits[m]) {
            episode->peak_bits[m] = finding->bits[m];
        }
    }
    episode->rules |= 1u << finding->rule;
    episode->classes |= 1u << finding->class_;
    episode->quality |= finding->quality & (uint8_t)~METRIC_OBSERVED;
}

int64_t episode_close_ms(const struct episode *episode, const struct detector_config *config) {
    int64_t due_ms = episode->fired_end_ms + config->quiet_ms;
    return (spread_window(due_ms - 1, config->window_ms) + 1) * config->window_ms;
}

static void put_float(struct buffer *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u32(out, bits);
}

/* Any finite float. */
static float get_float(struct cursor *cursor) {
    uint32_t bits = cursor_u32(cursor);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (!(value - value == 0)) {
        cursor->failed = true;
        return 0;
    }
    return value;
}

static int64_t get_time(struct cursor *cursor) {
    int64_t time_ms = (int64_t)cursor_u64(cursor);
    if (time_ms < -TIME_MAX_MS || time_ms > TIME_MAX_MS) {
        cursor->failed = true;
        return 0;
    }
    return time_ms;
}

void episode_save(const struct episode *episode, struct buffer *out) {
    buffer_u8(out, (uint8_t)episode->rule);
    buffer_u8(out, (uint8_t)episode->class_);
    buffer_u8(out, (uint8_t)episode->feature);
    buffer_u32(out, episode->rules);
    buffer_u32(out, episode->classes);
    buffer_u8(out, episode->quality);
    buffer_u8(out, episode->severity);
    buffer_u8(out, episode->advice);
    buffer_u8(out, episode->is_cold);
    buffer_u64(out, (uint64_t)episode->start_ms);
    buffer_u64(out, (uint64_t)episode->fired_end_ms);
    buffer_u64(out, (uint64_t)episode->said_end_ms);
    buffer_u32(out, episode->windows_over);
    buffer_put(out, episode->id, sizeof episode->id - 1);
    put_float(out, episode->peak.value);
    put_float(out, episode->peak.limit);
    put_float(out, episode->peak.expected);
    put_float(out, episode->peak.deviation);
    put_float(out, episode->peak.over_hour);
    put_float(out, episode->peak.over_record);
    buffer_u8(out, episode->peak_corroborating);
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        put_float(out, episode->peak_bits[m]);
    }
}

/* Whether the rule can fire in the direction. */
static bool is_of_direction(uint32_t rule, uint8_t direction) {
    return rule_direction((enum rule)rule) == direction;
}

/* Rules, classes and the feature are of the tables, and of the episode's direction. */
static bool rules_check(const struct episode *episode) {
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        if ((episode->rules >> r & 1) != 0 && !is_of_direction(r, episode->direction)) {
            return false;
        }
    }
    bool is_known = episode->rule < RULE_COUNT && episode->rules >> RULE_COUNT == 0 &&
                    episode->class_ < CLASS_COUNT && episode->classes >> CLASS_COUNT == 0 &&
                    episode->feature < FEATURE_COUNT && episode->severity <= SEVERITY_CRITICAL &&
                    episode->advice <= ADVICE_RECYCLE;
    return is_known && (episode->rules >> episode->rule & 1) != 0 &&
           (episode->classes >> episode->class_ & 1) != 0 &&
           feature_rows[episode->feature].direction == episode->direction;
}

void episode_load(struct episode *episode, struct cursor *cursor) {
    episode->rule = (enum rule)cursor_u8(cursor);
    episode->class_ = (enum attack_class)cursor_u8(cursor);
    episode->feature = (enum feature)cursor_u8(cursor);
    episode->rules = cursor_u32(cursor);
    episode->classes = cursor_u32(cursor);
    episode->quality = cursor_u8(cursor);
    episode->severity = cursor_u8(cursor);
    episode->advice = cursor_u8(cursor);
    uint8_t is_cold = cursor_u8(cursor);
    cursor->failed = cursor->failed || is_cold > 1;
    episode->is_cold = is_cold == 1;
    episode->start_ms = get_time(cursor);
    episode->fired_end_ms = get_time(cursor);
    episode->said_end_ms = get_time(cursor);
    episode->windows_over = cursor_u32(cursor);
    struct bytes id = cursor_take(cursor, sizeof episode->id - 1);
    for (size_t i = 0; i < id.size; i++) {
        bool is_hex =
            (id.data[i] >= '0' && id.data[i] <= '9') || (id.data[i] >= 'a' && id.data[i] <= 'f');
        cursor->failed = cursor->failed || !is_hex;
        episode->id[i] = (char)id.data[i];
    }
    episode->peak.value = get_float(cursor);
    episode->peak.limit = get_float(cursor);
    episode->peak.expected = get_float(cursor);
    episode->peak.deviation = get_float(cursor);
    episode->peak.over_hour = get_float(cursor);
    episode->peak.over_record = get_float(cursor);
    episode->peak_corroborating = cursor_u8(cursor);
    for (uint32_t m = 0; m < FEATURE_SCORED_COUNT; m++) {
        float bits = get_float(cursor);
        episode->peak_bits[m] = bits;
        if (!(bits >= 0 && bits <= 100)) {
            cursor->failed = true;
        }
    }
    if (!rules_check(episode) || episode->fired_end_ms <= episode->start_ms ||
        episode->windows_over == 0 || /* windows do not overlap */
        episode->windows_over > episode->fired_end_ms - episode->start_ms ||
        (episode->quality & METRIC_OBSERVED) != 0 || episode->peak_corroborating >= RULE_COUNT) {
        cursor->failed = true;
    }
}
