/* SPDX-License-Identifier: Apache-2.0 */
/* A batch's way into the windows: what all of it needs to know first, then the fast path, then the
 * plain one for what is left. */
#include "detect/arrival_parts.h"

#include "detect/room.h"
#include "flow/spread.h"

#include <stdlib.h>

struct arrival *arrival_new(struct error *err) {
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (arrival == NULL) {
        error_set(err, ERROR_LIMIT, "no memory for arriving batches");
        return NULL;
    }
    arrival->fill = arrival_columns_choose();
    return arrival;
}

void arrival_free(struct arrival *arrival) {
    free(arrival);
}

uint32_t arrival_point(struct arrival *arrival, uint32_t node, uint32_t flow_log) {
    uint32_t key = (node << 8 | flow_log) + 1;
    uint32_t slot = (key * UINT32_C(0x9E3779B1)) >> (32 - ARRIVAL_POINT_CACHE_BITS);
    struct point_entry *entry = &arrival->point_cache[slot];
    if (entry->key != key) {
        const struct batch *batch = arrival->batch;
        uint32_t point;
        if (!point_set_add(arrival->target.points, &batch->nodes[node], batch->flow_logs[flow_log],
                           arrival->last_number, &point, NULL)) {
            point = POINT_NONE;
        }
        *entry = (struct point_entry){ .key = key, .point = point };
    }
    return entry->point;
}

struct place_entry arrival_find_place(struct arrival *arrival, uint32_t node, uint32_t flow_log,
                                      uint32_t local) {
    struct place_entry entry = {
        .key = (flow_log << 16 | local) + 1,
        .place = PLACE_REFUSED,
        .point = arrival_point(arrival, node, flow_log),
    };
    if (entry.point != POINT_NONE) {
        entry.place =
            point_set_place(arrival->target.points, entry.point,
                            arrival->batch->addresses.values[local], arrival->last_number);
    }
    return entry;
}

/* The last windows that anything of the batch could touch, and how many its records do at most. */
static void find_last(struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    int64_t end_max = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        end_max = batch->end_ms[i] > end_max ? batch->end_ms[i] : end_max;
    }
    int64_t to_max = end_max + batch->stamp.unit_ms;
    arrival->last_record_number = spread_window(to_max - 1, arrival->target.window_ms);
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        int64_t end_ms = batch->coverage[i].end_ms;
        to_max = end_ms > to_max && end_ms <= BATCH_TIME_MAX_MS ? end_ms : to_max;
    }
    arrival->last_number = spread_window(to_max - 1, arrival->target.window_ms);
}

static bool check_stamp(const struct batch_stamp *stamp, int64_t window_ms, struct error *err) {
    if (stamp->unit_ms < 1 || stamp->reach_ms < stamp->unit_ms ||
        stamp->reach_ms / window_ms >= ARRIVAL_REACH_WINDOWS_MAX) {
        return error_set(err, ERROR_ARGUMENT,
                         "a batch reaches back %lld ms in units of %u ms: not within 1 unit and "
                         "%d windows of %lld ms",
                         (long long)stamp->reach_ms, stamp->unit_ms, ARRIVAL_REACH_WINDOWS_MAX,
                         (long long)window_ms);
    }
    return true;
}

static bool begin(struct arrival *arrival, const struct arrival_target *target,
                  const struct batch *batch, struct arrival_counts *counts, struct error *err) {
    if (!check_stamp(&batch->stamp, target->window_ms, err)) {
        return false;
    }
    arrival->target = *target;
    arrival->batch = batch;
    arrival->counts = counts;
    arrival->time_shift = strand_time_shift(target->window_ms);
    arrival->plain_count = 0;
    memset(arrival->point_cache, 0, sizeof arrival->point_cache);
    memset(arrival->place_cache, 0, batch->node_count * sizeof *arrival->place_cache);
    find_last(arrival);
    return true;
}

static bool make_room(struct arrival *arrival, uint64_t need, struct error *err) {
    return room_make(arrival->target.windows, arrival->target.points, need,
                     arrival->target.memory_bytes_max, &arrival->counts->cells_cut, err);
}

/* Leaves all rows to the plain path. */
static void list_all(struct arrival *arrival) {
    arrival->plain_count = arrival->batch->count;
    for (uint32_t i = 0; i < arrival->batch->count; i++) {
        arrival->plain[i] = (uint16_t)i;
    }
}

static bool finish(struct arrival *arrival, struct error *err) {
    return (arrival->plain_count == 0 || make_room(arrival, arrival_plain_need(arrival), err)) &&
           arrival_plain_finish(arrival, err);
}

bool arrival_add(struct arrival *arrival, const struct arrival_target *target,
                 const struct batch *batch, struct arrival_counts *counts, struct error *err) {
    if (batch->count == 0 && batch->coverage_count == 0) {
        return true;
    }
    if (!begin(arrival, target, batch, counts, err)) {
        return false;
    }
    if (!arrival_fast_fits(arrival)) {
        list_all(arrival);
        return finish(arrival, err);
    }
    return make_room(arrival, arrival_fast_need(arrival), err) && arrival_fast_add(arrival, err) &&
           finish(arrival, err);
}

bool arrival_add_plainly(struct arrival *arrival, const struct arrival_target *target,
                         const struct batch *batch, struct arrival_counts *counts,
                         struct error *err) {
    if (batch->count == 0 && batch->coverage_count == 0) {
        return true;
    }
    if (!begin(arrival, target, batch, counts, err)) {
        return false;
    }
    list_all(arrival);
    return finish(arrival, err);
}
