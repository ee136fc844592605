/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a window are sorted by what their points say (node, interface, log): then the logs
 * of an interface are neighbours, and so are the interfaces of a node. Of an interface's logs the
 * one with the smallest name that observed it counts; the others are set aside, their flows counted
 * as duplicate. A log that only said SKIPDATA has observed nothing. */
#include "detect/closing_parts.h"

#include <stdlib.h>

#define CAPACITY_STEP 64u

static const char no_memory[] = "no memory for %u nodes";

void closing_done(struct closing *closing) {
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        free(closing->values[f]);
    }
    free(closing->led_hours);
    free(closing->readings);
    free(closing->absent);
    free(closing->quality);
    free(closing->first);
    free(closing->count);
    free(closing->ranks);
    strand_items_done(&closing->items);
    *closing = (struct closing){ 0 };
}

/* `*array` becomes one of `size` bytes, without its contents. */
static bool renew(void *array, size_t size) {
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (grown == NULL) {
        return false;
    }
    free(old);
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* Room for the roster's indices and `more`, rounded up to vectors of 64. Contents are not kept. */
static bool reserve(struct closing *closing, uint32_t count, struct error *err) {
    if (count <= closing->capacity && closing->capacity > 0) {
        return true;
    }
    uint32_t capacity = (count + count / 2 + CAPACITY_STEP) / CAPACITY_STEP * CAPACITY_STEP;
    closing->capacity = 0;
    bool ok = renew(&closing->led_hours, capacity * sizeof *closing->led_hours) &&
              renew(&closing->readings, capacity * sizeof *closing->readings) &&
              renew(&closing->absent, capacity * sizeof *closing->absent) &&
              renew(&closing->quality, capacity) &&
              renew(&closing->first, capacity * sizeof *closing->first) &&
              renew(&closing->count, capacity * sizeof *closing->count);
    for (uint32_t f = 0; f < FEATURE_COUNT && ok; f++) {
        ok = f == FEATURE_DRIFT || renew(&closing->values[f], capacity * sizeof(float));
    }
    if (!ok) {
        return error_set(err, ERROR_LIMIT, no_memory, count);
    }
    closing->capacity = capacity;
    return true;
}

static int compare_seen(const void *a, const void *b) {
    return point_compare(((const struct seen *)a)->point, ((const struct seen *)b)->point);
}

static bool list_seen(struct run *run, struct error *err) {
    const struct cell_table *cells = &run->window->cells;
    run->seen = malloc((cells->count + 1) * sizeof *run->seen);
    if (run->seen == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to close a window");
    }
    for (uint32_t i = 0; i < cells->count; i++) {
        run->seen[i] = (struct seen){ .point = &run->target->points->points[cells->cells[i].point],
                                      .cell = &cells->cells[i],
                                      .marks = cells->marks[i] };
    }
    run->seen_count = cells->count;
    qsort(run->seen, run->seen_count, sizeof *run->seen, compare_seen);
    return true;
}

/* Takes the smallest log that observed the interface [first, end); all, when none did. */
static void take_log(struct run *run, uint32_t first, uint32_t end) {
    uint32_t taken = first;
    while (taken < end && (run->seen[taken].marks & METRIC_OBSERVED) == 0) {
        taken++;
    }
    for (uint32_t i = first; i < end; i++) {
        struct seen *seen = &run->seen[i];
        seen->is_counted =
            taken == end || bytes_equal(run->seen[taken].point->flow_log, seen->point->flow_log);
        run->counts->duplicate += seen->is_counted ? 0 : cell_flows(seen->cell);
    }
}

static void resolve_logs(struct run *run) {
    for (uint32_t first = 0; first < run->seen_count;) {
        uint32_t end = first + 1;
        while (end < run->seen_count &&
               point_compare_interface(run->seen[first].point, run->seen[end].point) == 0) {
            end++;
        }
        take_log(run, first, end);
        first = end;
    }
}

static bool forget_idle(struct run *run, struct error *err) {
    struct roster *roster = run->target->roster;
    roster_sort(roster);
    for (uint32_t i = 0; i < roster->order_count; i++) {
        uint32_t index = roster->order[i];
        if (roster->nodes[index].last_ms + CLOSING_FORGET_MS > run->start_ms) {
            continue;
        }
        if (!judge_forget(run->target->judge, roster, index, run->start_ms, err)) {
            return false;
        }
        past_forget(run->target->past, index);
        roster_remove(roster, index);
    }
    return true;
}

/* A node that is new under its name: retires the present holder. `*index` is ROSTER_NONE when there
 * is no room, or when a retired identity is not back yet. */
static bool admit(struct run *run, const struct point *point, uint32_t *index, struct error *err) {
    struct roster *roster = run->target->roster;
    uint32_t known = roster_find(roster, point->name, point->identity);
    uint32_t holder = roster_holder(roster, point->name);
    *index = known;
    if (known != ROSTER_NONE && !roster->nodes[known].is_retired) {
        return true;
    }
    *index = ROSTER_NONE;
    bool is_held =
        holder != ROSTER_NONE && roster->nodes[holder].last_ms + CLOSING_RETURN_MS > run->start_ms;
    if ((known != ROSTER_NONE && is_held) ||
        (known == ROSTER_NONE && roster->used >= roster->nodes_max)) {
        return true;
    }
    if (holder != ROSTER_NONE) {
        if (!judge_forget(run->target->judge, roster, holder, run->start_ms, err)) {
            return false;
        }
        past_forget(run->target->past, holder);
        roster->nodes[holder].is_retired = true;
    }
    if (known != ROSTER_NONE) {
        roster->nodes[known].is_retired = false;
    } else if (!roster_add(roster, point->name, point->identity, &known, err)) {
        return false;
    }
    roster->nodes[known].first_ms = run->start_ms;
    *index = known;
    return true;
}

static bool is_same_node(const struct point *a, const struct point *b) {
    return bytes_equal(a->name, b->name) && bytes_equal(a->identity, b->identity);
}

/* What the points of one node say of it; the smallest role, so that one is chosen. */
static bool describe(struct run *run, uint32_t index, uint32_t first, uint32_t end,
                     struct error *err) {
    struct bytes role = { 0 };
    for (uint32_t i = first; i < end; i++) {
        struct bytes other = run->seen[i].point->role;
        if (other.size > 0 && (role.size == 0 || bytes_compare(other, role) < 0)) {
            role = other;
        }
    }
    for (uint32_t i = first; i < end; i++) {
        const struct point *point = run->seen[i].point;
        struct roster_note note = { .role = role, .interface = point->interface };
        if (!roster_describe(run->target->roster, index, &note, err)) {
            return false;
        }
    }
    run->target->roster->nodes[index].last_ms = run->end_ms;
    return true;
}

/* Sums the counted points of a node into its row. */
static void sum_points(struct run *run, uint32_t index, uint32_t first, uint32_t end) {
    struct closing *closing = run->closing;
    struct metric_sums sums = { 0 };
    uint8_t quality = 0;
    for (uint32_t i = first; i < end; i++) {
        const struct seen *seen = &run->seen[i];
        if (!seen->is_counted) {
            continue;
        }
        for (uint32_t way = 0; way < 2; way++) {
            sums.bytes[way] += seen->cell->way[way].bytes;
            sums.packets[way] += seen->cell->way[way].packets;
            sums.flows[way] += seen->cell->way[way].flows;
            sums.rejected[way] += seen->cell->rejected[way];
        }
        quality |= seen->marks;
    }
    double minutes = (double)run->target->config->window_ms / 60000.0;
    const double values[][2] = {
        { FEATURE_IN_BYTES, (double)sums.bytes[0] },
        { FEATURE_OUT_BYTES, (double)sums.bytes[1] },
        { FEATURE_IN_PACKETS, (double)sums.packets[0] },
        { FEATURE_OUT_PACKETS, (double)sums.packets[1] },
        { FEATURE_IN_RECORDS, (double)(sums.flows[0] + sums.rejected[0]) },
        { FEATURE_OUT_RECORDS, (double)(sums.flows[1] + sums.rejected[1]) },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        closing->values[(int)values[i][0]][index] = (float)(values[i][1] / minutes);
    }
    closing->quality[index] = quality;
    closing->first[index] = first;
    closing->count[index] = end - first;
}

static bool was_observed(const struct run *run, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++) {
        if ((run->seen[i].marks & METRIC_OBSERVED) != 0) {
            return true;
        }
    }
    return false;
}

/* `*node` is the node that is to be measured; ROSTER_NONE: nobody saw it, or there is no room. */
static bool add_node(struct run *run, uint32_t first, uint32_t end, uint32_t *node,
                     struct error *err) {
    const struct point *point = run->seen[first].point;
    struct roster *roster = run->target->roster;
    uint32_t index;
    *node = ROSTER_NONE;
    if (was_observed(run, first, end)) {
        if (!admit(run, point, &index, err)) {
            return false;
        }
        if (index == ROSTER_NONE) {
            for (uint32_t i = first; i < end; i++) {
                run->counts->nodes_refused +=
                    run->seen[i].is_counted ? cell_flows(run->seen[i].cell) : 0;
            }
            return true;
        }
        if (!describe(run, index, first, end, err)) {
            return false;
        }
        run->observed_count++;
        sum_points(run, index, first, end);
        *node = index;
        return true;
    }
    index = roster_find(roster, point->name, point->identity);
    if (index != ROSTER_NONE && !roster->nodes[index].is_retired) {
        sum_points(run, index, first, end);
    }
    return true;
}

static bool add_nodes(struct run *run, struct error *err) {
    struct closing *closing = run->closing;
    uint32_t node_count = 0;
    for (uint32_t i = 0; i < run->seen_count; i++) {
        node_count += i == 0 || !is_same_node(run->seen[i - 1].point, run->seen[i].point);
    }
    if (!reserve(closing, run->target->roster->count + node_count, err)) {
        return false;
    }
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        if (f != FEATURE_DRIFT) {
            memset(closing->values[f], 0, closing->capacity * sizeof *closing->values[f]);
        }
    }
    memset(closing->led_hours, 0, closing->capacity * sizeof *closing->led_hours);
    memset(closing->absent, 0, closing->capacity * sizeof *closing->absent);
    memset(closing->quality, 0, closing->capacity);
    memset(closing->count, 0, closing->capacity * sizeof *closing->count);
    for (uint32_t first = 0; first < run->seen_count;) {
        uint32_t end = first + 1;
        while (end < run->seen_count &&
               is_same_node(run->seen[first].point, run->seen[end].point)) {
            end++;
        }
        uint32_t index = ROSTER_NONE;
        if (!add_node(run, first, end, &index, err)) {
            return false;
        }
        for (uint32_t i = first; i < end; i++) {
            run->seen[i].node = index;
        }
        first = end;
    }
    /* One that was measured and then retired by a later identity of its name is not judged. */
    for (uint32_t i = 0; i < run->target->roster->count; i++) {
        const struct roster_node *node = &run->target->roster->nodes[i];
        if (!node->is_used || node->is_retired) {
            closing->quality[i] = 0;
        }
    }
    return true;
}

static bool judge_run(struct run *run, struct error *err) {
    struct judge_window view = { .start_ms = run->start_ms,
                                 .end_ms = run->end_ms,
                                 .roster = run->target->roster,
                                 .absent = run->closing->absent,
                                 .led_hours = run->closing->led_hours,
                                 .quality = run->closing->quality,
                                 .prior = &run->target->past->prior,
                                 .ledger = &run->target->past->ledger };
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        view.values[f] = run->closing->values[f];
    }
    run->counts->windows++;
    if (run->target->features != NULL) {
        roster_sort(run->target->roster);
        if (!feature_sink_window(run->target->features, &view, err)) {
            return false;
        }
    }
    return judge_window(run->target->judge, &view, closing_evidence, run, err) &&
           fleet_stage_pass(run->target->stage, run->end_ms, err);
}

bool closing_run(struct closing *closing, const struct closing_target *target,
                 struct window *window, struct settle_due later, struct closing_counts *counts,
                 struct error *err) {
    struct run run = { .closing = closing,
                       .target = target,
                       .window = window,
                       .later = later,
                       .counts = counts,
                       .start_ms = window->number * target->config->window_ms };
    run.end_ms = run.start_ms + target->config->window_ms;
    bool ok = list_seen(&run, err);
    if (ok) {
        resolve_logs(&run);
        bool is_any = was_observed(&run, 0, run.seen_count);
        /* What ended before this window is said before anything of it. */
        ok = !is_any ||
             (judge_pass(target->judge, target->roster, run.start_ms, err) &&
              fleet_stage_pass(target->stage, run.start_ms, err) && forget_idle(&run, err) &&
              add_nodes(&run, err) &&
              (run.observed_count == 0 || (closing_measure(&run, err) && judge_run(&run, err))));
    }
    free(run.seen);
    return ok;
}
