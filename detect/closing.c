/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a window are sorted by what their points say (node, interface, log): then the logs
 * of an interface are neighbours, and so are the interfaces of a node. Of an interface's logs the
 * one with the smallest name that observed it counts; the others are set aside, their flows counted
 * as duplicate. A log that only said SKIPDATA has observed nothing. */
#include "detect/closing.h"

#include "detect/evidence_build.h"

#include <stdlib.h>

#define CAPACITY_STEP 64u

struct seen {
    const struct point *point;
    const struct cell *cell;
    uint8_t marks;
    bool is_counted; /* of the log that was taken */
};

struct run {
    struct closing *closing;
    const struct closing_target *target;
    struct window *window;
    struct settle_due later;
    struct closing_counts *counts;
    struct seen *seen;
    uint32_t seen_count;
    uint32_t observed_count;
    int64_t start_ms;
    int64_t end_ms;
    bool is_folded;
};

void closing_done(struct closing *closing) {
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        free(closing->values[m]);
    }
    free(closing->quality);
    free(closing->first);
    free(closing->count);
    *closing = (struct closing){ 0 };
}

static void *resized(void *old, size_t size) {
    void *grown = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (grown != NULL) {
        free(old);
    }
    return grown;
}

/* Room for the roster's indices and `more`, rounded up to vectors of 64. Contents are not kept. */
static bool reserve(struct closing *closing, uint32_t count, struct error *err) {
    if (count <= closing->capacity && closing->capacity > 0) {
        return true;
    }
    uint32_t capacity = (count + count / 2 + CAPACITY_STEP) / CAPACITY_STEP * CAPACITY_STEP;
    closing->capacity = 0;
    bool ok = true;
    for (uint32_t m = 0; m < METRIC_COUNT && ok; m++) {
        float *values = resized(closing->values[m], capacity * sizeof *values);
        ok = values != NULL;
        closing->values[m] = ok ? values : closing->values[m];
    }
    uint8_t *quality = ok ? resized(closing->quality, capacity) : NULL;
    closing->quality = quality != NULL ? quality : closing->quality;
    uint32_t *first = ok ? resized(closing->first, capacity * sizeof *first) : NULL;
    closing->first = first != NULL ? first : closing->first;
    uint32_t *counts = ok ? resized(closing->count, capacity * sizeof *counts) : NULL;
    closing->count = counts != NULL ? counts : closing->count;
    if (quality == NULL || first == NULL || counts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u nodes", count);
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

static double metric_of(const struct metric_sums *sums, enum metric metric) {
    switch (metric) {
    case METRIC_OUT_BYTES: return (double)sums->bytes[1];
    case METRIC_IN_BYTES: return (double)sums->bytes[0];
    case METRIC_COUNT: break;
    }
    return 0;
}

/* Sums the counted points of a node into its row. */
static void measure(struct run *run, uint32_t index, uint32_t first, uint32_t end) {
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
        quality |= conversation_log_is_cut(&run->window->conversations, seen->cell->point)
                       ? METRIC_CUT
                       : 0;
    }
    double minutes = (double)run->target->config->window_ms / 60000.0;
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        closing->values[m][index] = (float)(metric_of(&sums, (enum metric)m) / minutes);
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

static bool add_node(struct run *run, uint32_t first, uint32_t end, struct error *err) {
    const struct point *point = run->seen[first].point;
    struct roster *roster = run->target->roster;
    uint32_t index;
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
        measure(run, index, first, end);
        return true;
    }
    index = roster_find(roster, point->name, point->identity);
    if (index != ROSTER_NONE && !roster->nodes[index].is_retired) {
        measure(run, index, first, end);
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
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        memset(closing->values[m], 0, closing->capacity * sizeof *closing->values[m]);
    }
    memset(closing->quality, 0, closing->capacity);
    memset(closing->count, 0, closing->capacity * sizeof *closing->count);
    for (uint32_t first = 0; first < run->seen_count;) {
        uint32_t end = first + 1;
        while (end < run->seen_count &&
               is_same_node(run->seen[first].point, run->seen[end].point)) {
            end++;
        }
        if (!add_node(run, first, end, err)) {
            return false;
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

static bool fold_window(struct run *run, struct error *err) {
    if (run->is_folded) {
        return true;
    }
    run->is_folded = true;
    const struct closing_target *target = run->target;
    return settle_window(target->windows, run->window, run->later, target->points, err) &&
           conversation_log_compact(&run->window->conversations, &target->windows->pool,
                                    target->points, &run->counts->cells_cut, err);
}

static bool give_evidence(void *context, uint32_t node, uint8_t direction, struct evidence *out,
                          struct error *err) {
    struct run *run = context;
    const struct closing *closing = run->closing;
    const struct conversation_log *log = &run->window->conversations;
    struct gathering gathering = { .out = out, .direction = direction };
    *out = (struct evidence){ 0 };
    bool ok = fold_window(run, err);
    for (uint32_t k = 0; k < closing->count[node] && ok; k++) {
        const struct seen *seen = &run->seen[closing->first[node] + k];
        if (!seen->is_counted) {
            continue;
        }
        if (direction != DIRECTION_UNKNOWN) {
            const struct cell_way *way = &seen->cell->way[direction - DIRECTION_IN];
            out->total.bytes += way->bytes;
            out->total.packets += way->packets;
            out->total.flows += way->flows;
        }
        out->is_cut |= conversation_log_is_cut(log, seen->cell->point);
        ok = conversation_log_each(log, run->target->points, seen->cell->point, evidence_gather,
                                   &gathering, err);
    }
    if (ok) {
        evidence_build(&gathering);
    }
    free(gathering.rows);
    return ok;
}

static bool judge_run(struct run *run, struct error *err) {
    struct judge_window view = { .start_ms = run->start_ms,
                                 .end_ms = run->end_ms,
                                 .roster = run->target->roster,
                                 .quality = run->closing->quality };
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        view.values[m] = run->closing->values[m];
    }
    run->counts->windows++;
    roster_sort(run->target->roster);
    return judge_window(run->target->judge, &view, give_evidence, run, err);
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
    /* Whether the bound is passed must not depend on whether anyone asks for evidence. */
    const struct conversation_log *log = &window->conversations;
    bool is_bounded = log->cut_count > 0 || conversation_log_cost(log) > log->cost_max;
    bool ok = list_seen(&run, err) && (!is_bounded || fold_window(&run, err));
    if (ok) {
        resolve_logs(&run);
        bool is_any = was_observed(&run, 0, run.seen_count);
        /* What ended before this window is said before anything of it. */
        ok = !is_any || (judge_pass(target->judge, target->roster, run.start_ms, err) &&
                         forget_idle(&run, err) && add_nodes(&run, err) &&
                         (run.observed_count == 0 || judge_run(&run, err)));
    }
    free(run.seen);
    return ok;
}
