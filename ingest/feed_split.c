/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_split.h"

static int64_t touch_of(int64_t start_ms, int64_t end_ms, int64_t unit_ms, int64_t reach_ms) {
    int64_t from = end_ms + unit_ms - reach_ms;
    return start_ms > from ? start_ms : from;
}

struct split_extent split_extent_of(const struct batch *batch, int64_t unit_ms, int64_t reach_ms) {
    const int64_t *restrict start = batch->start_ms;
    const int64_t *restrict end = batch->end_ms;
    struct split_extent extent = { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN };
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t touch = touch_of(start[i], end[i], unit_ms, reach_ms);
        extent.touch_min_ms = touch < extent.touch_min_ms ? touch : extent.touch_min_ms;
        extent.start_min_ms = start[i] < extent.start_min_ms ? start[i] : extent.start_min_ms;
        extent.end_min_ms = end[i] < extent.end_min_ms ? end[i] : extent.end_min_ms;
        extent.end_max_ms = end[i] > extent.end_max_ms ? end[i] : extent.end_max_ms;
    }
    return extent;
}

static uint32_t mark_after_stamp(uint8_t *is_future, const struct batch *batch, int64_t stamp_ms) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        is_future[i] = batch->end_ms[i] > stamp_ms + SPLIT_FUTURE_MS;
        count += is_future[i];
    }
    return count;
}

/* How many of `count` records end before `end_ms`. */
static uint32_t count_before(const int64_t *ends, uint32_t count, int64_t end_ms) {
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        before += ends[i] < end_ms;
    }
    return before;
}

/* A record that nothing behind it precedes by an hour cannot be marked: a walk from the back with
 * the smallest end so far finds the few that have to be held against their neighbours. */
static uint32_t mark_by_neighbours(uint8_t *is_future, const struct batch *batch) {
    const int64_t *ends = batch->end_ms;
    uint32_t total = batch->count;
    uint32_t neighbours = total - 1 < SPLIT_NEIGHBOURS ? total - 1 : SPLIT_NEIGHBOURS;
    uint32_t tail = total - neighbours; /* from here on too few records are behind one */
    int64_t smallest = INT64_MAX;
    uint32_t count = 0;
    for (uint32_t i = total; i-- > 0;) {
        bool is_tail = i >= tail;
        int64_t ahead = is_tail ? SPLIT_FUTURE_TAIL_MS : SPLIT_FUTURE_MS;
        const int64_t *others = is_tail ? ends + total - 1 - neighbours : ends + i + 1;
        uint32_t others_count = is_tail ? neighbours + 1 : neighbours;
        is_future[i] = (is_tail || smallest < ends[i] - ahead) &&
                       2 * count_before(others, others_count, ends[i] - ahead) > neighbours;
        count += is_future[i];
        smallest = ends[i] < smallest ? ends[i] : smallest;
    }
    return count;
}

static void split_each(struct split *split, const struct batch *batch,
                       const struct split_rule *rule) {
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t touch =
            touch_of(batch->start_ms[i], batch->end_ms[i], rule->unit_ms, rule->reach_ms);
        if (split->is_future[i]) {
            split->future[split->future_count++] = (uint16_t)i;
        } else if (touch < rule->low_ms) {
            split->late[split->late_count++] = (uint16_t)i;
        } else {
            split->normal[split->normal_count++] = (uint16_t)i;
            if (batch->end_ms[i] > split->end_max_ms) {
                split->end_max_ms = batch->end_ms[i];
            }
        }
    }
}

void split_rows(struct split *split, const struct batch *batch, const struct split_extent *extent,
                const struct split_rule *rule) {
    split->normal_count = batch->count;
    split->late_count = 0;
    split->future_count = 0;
    split->end_max_ms = extent->end_max_ms;
    if (batch->count == 0) {
        return;
    }
    bool has_stamp = rule->stamp_ms != INT64_MIN;
    int64_t reference = has_stamp ? rule->stamp_ms : extent->end_min_ms;
    uint32_t future_count = 0;
    bool may_be_future = extent->end_max_ms > reference + SPLIT_FUTURE_MS;
    if (may_be_future) {
        future_count = has_stamp ? mark_after_stamp(split->is_future, batch, rule->stamp_ms)
                                 : mark_by_neighbours(split->is_future, batch);
    }
    if (future_count == 0 && extent->touch_min_ms >= rule->low_ms) {
        return;
    }
    if (!may_be_future) {
        memset(split->is_future, 0, batch->count);
    }
    split->normal_count = 0;
    split->end_max_ms = INT64_MIN;
    split_each(split, batch, rule);
}
