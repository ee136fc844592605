/* SPDX-License-Identifier: Apache-2.0 */
/* One record at a time, whatever it is: the definition that the fast path is held to, and where
 * rows go that are rare (direction unknown, IPv6 peers, huge counts, times far from the batch's
 * last). */
#include "detect/arrival_parts.h"

#include "flow/spread.h"

/* The cell of a point, added when it is new; CELL_NONE without memory. */
static uint32_t cell_of(struct window *window, uint32_t point, struct error *err) {
    uint32_t index = cell_table_find(&window->cells, point);
    if (index == CELL_NONE && !cell_table_add(&window->cells, point, &index, err)) {
        return CELL_NONE;
    }
    return index;
}

/* What a record gives to one window, as a strand. */
static struct strand strand_of(const struct arrival *arrival, uint32_t i, struct spread spread,
                               int64_t number, uint32_t point) {
    const struct batch *batch = arrival->batch;
    int64_t start_ms = number * arrival->target.window_ms;
    int64_t end_ms = start_ms + arrival->target.window_ms;
    int64_t first_ms = spread.from_ms > start_ms ? spread.from_ms : start_ms;
    int64_t last_ms = (spread.to_ms < end_ms ? spread.to_ms : end_ms) - 1;
    bool is_in = batch->direction[i] == DIRECTION_IN;
    return (struct strand){
        .local = batch->addresses.values[batch_local(batch, i)],
        .peer = batch->addresses.values[batch_peer(batch, i)],
        .bytes = spread_until(spread, batch->bytes[i], end_ms) -
                 spread_until(spread, batch->bytes[i], start_ms),
        .packets = spread_until(spread, batch->packets[i], end_ms) -
                   spread_until(spread, batch->packets[i], start_ms),
        .flows = spread.to_ms <= end_ms,
        .point = point,
        .first = (uint32_t)((first_ms - start_ms) >> arrival->time_shift),
        .last = (uint32_t)((last_ms - start_ms) >> arrival->time_shift),
        .local_port = is_in ? batch->dst_port[i] : batch->src_port[i],
        .peer_port = is_in ? batch->src_port[i] : batch->dst_port[i],
        .protocol = batch->protocol[i],
        .direction = batch->direction[i],
        .tcp_flags = batch->tcp_flags[i],
        .is_rejected = batch->action[i] == ACTION_REJECT,
    };
}

static void add_to_cell(struct cell *cell, const struct strand *strand) {
    if (strand->direction == DIRECTION_UNKNOWN) {
        for (uint64_t k = 0; k < strand->flows; k++) {
            cell_count(&cell->unknown);
        }
        return;
    }
    uint32_t way = strand->direction - DIRECTION_IN;
    if (strand->is_rejected) {
        for (uint64_t k = 0; k < strand->flows; k++) {
            cell_count(&cell->rejected[way]);
        }
        return;
    }
    cell->way[way].bytes += strand->bytes;
    cell->way[way].packets += strand->packets;
    cell->way[way].flows += strand->flows;
}

static bool add_record(struct arrival *arrival, uint32_t i, struct error *err) {
    const struct batch *batch = arrival->batch;
    const struct arrival_target *target = &arrival->target;
    struct place_entry seen =
        *arrival_place(arrival, batch->node[i], batch->flow_log[i], batch_local(batch, i));
    if (seen.place == PLACE_REFUSED) {
        arrival->counts->refused++;
        return true;
    }
    struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i], batch->stamp.unit_ms,
                                     batch->stamp.reach_ms);
    int64_t first = spread_window(spread.from_ms, target->window_ms);
    int64_t last = spread_window(spread.to_ms - 1, target->window_ms);
    if (last < target->first_open) {
        arrival->counts->late++;
        return true;
    }
    arrival->counts->direction_unknown += batch->direction[i] == DIRECTION_UNKNOWN;
    for (int64_t n = first > target->first_open ? first : target->first_open; n <= last; n++) {
        struct window *window = window_set_open(target->windows, n, err);
        uint32_t index = window == NULL ? CELL_NONE : cell_of(window, seen.point, err);
        if (index == CELL_NONE) {
            return false;
        }
        struct strand strand = strand_of(arrival, i, spread, n, seen.point);
        add_to_cell(&window->cells.cells[index], &strand);
        window->cells.marks[index] |= arrival_marks(batch->quality[i]);
        if (!conversation_log_add(&window->conversations, &target->windows->pool, &strand,
                                  seen.place, err)) {
            return false;
        }
    }
    return true;
}

/* Marks the windows of a coverage row, clipped to its last reach as records are. A row that is
 * empty or beyond our times says nothing. */
static bool add_coverage(struct arrival *arrival, const struct batch_coverage *row,
                         struct error *err) {
    const struct arrival_target *target = &arrival->target;
    if (row->start_ms < 0 || row->start_ms >= row->end_ms || row->end_ms > BATCH_TIME_MAX_MS) {
        return true;
    }
    uint32_t point = arrival_point(arrival, row->node, row->flow_log);
    struct spread spread =
        spread_of(row->start_ms, row->end_ms - 1, 1, arrival->batch->stamp.reach_ms);
    int64_t first = spread_window(spread.from_ms, target->window_ms);
    int64_t last = spread_window(spread.to_ms - 1, target->window_ms);
    bool is_observed = row->kind == COVERAGE_OBSERVED || row->kind == COVERAGE_NODATA;
    first = first > target->first_open ? first : target->first_open;
    for (int64_t n = first; n <= last && point != POINT_NONE; n++) {
        struct window *window = window_set_open(target->windows, n, err);
        uint32_t index = window == NULL ? CELL_NONE : cell_of(window, point, err);
        if (index == CELL_NONE) {
            return false;
        }
        window->cells.marks[index] |= is_observed ? METRIC_OBSERVED : METRIC_SKIPPED;
    }
    return true;
}

uint64_t arrival_plain_need(const struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    uint64_t touches = 0;
    for (uint32_t k = 0; k < arrival->plain_count; k++) {
        uint32_t i = arrival->plain[k];
        struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i], batch->stamp.unit_ms,
                                         batch->stamp.reach_ms);
        touches += (uint64_t)((spread.to_ms - spread.from_ms) / arrival->target.window_ms) + 2;
    }
    return touches * sizeof(struct strand);
}

bool arrival_plain_finish(struct arrival *arrival, struct error *err) {
    const struct batch *batch = arrival->batch;
    for (uint32_t k = 0; k < arrival->plain_count; k++) {
        if (!add_record(arrival, arrival->plain[k], err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        if (!add_coverage(arrival, &batch->coverage[i], err)) {
            return false;
        }
    }
    return true;
}
