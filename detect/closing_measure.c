/* SPDX-License-Identifier: Apache-2.0 */
/* The fold gives the window's strands point by point, in the order in which the points stand in
 * `seen`: so those of a node come together, and when the first one of another node comes, the nodes
 * before it are complete. */
#include "detect/closing_parts.h"

#include "detect/baseline.h"
#include "detect/evidence_build.h"

#include <stdlib.h>
#include <xxhash.h>

static bool rank_points(struct run *run, struct error *err) {
    struct closing *closing = run->closing;
    uint32_t count = run->target->points->point_count;
    if (count > closing->rank_capacity) {
        uint32_t *grown = realloc(closing->ranks, 2 * (size_t)count * sizeof *grown);
        if (grown == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory to close a window");
        }
        closing->ranks = grown;
        closing->rank_capacity = 2 * count;
    }
    for (uint32_t i = 0; i < run->seen_count; i++) {
        closing->ranks[run->seen[i].cell->point] = i;
    }
    return true;
}

/* An identity that another one of its name has followed in this window is not measured. */
static bool is_measured(const struct run *run, uint32_t node) {
    return node != ROSTER_NONE && !run->target->roster->nodes[node].is_retired;
}

/* What the ledger says of a node, as features. */
static void read_ledger(struct run *run, uint32_t node, const struct ledger_reading *reading) {
    struct closing *closing = run->closing;
    const struct ledger_entry *entry =
        ledger_entry(&run->target->past->ledger, node, reading->bytes_index);
    const struct {
        enum feature feature;
        double value;
    } values[] = {
        { FEATURE_LED_OUT, reading->bytes_out },
        { FEATURE_LED_IN, reading->bytes_in },
        { FEATURE_LED_OUT_LIMIT, reading->limits[LEDGER_BYTES].threshold },
        { FEATURE_LED_RATE, reading->rate },
        { FEATURE_LED_RATE_LIMIT, reading->limits[LEDGER_RATE].threshold },
        { FEATURE_LED_LONG, reading->long_out },
        { FEATURE_LED_LONG_LIMIT, reading->limits[LEDGER_LONG].threshold },
        { FEATURE_LED_MINUTES, reading->minutes },
        { FEATURE_LED_MINUTES_LIMIT, reading->limits[LEDGER_MINUTES].threshold },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        closing->values[values[i].feature][node] = (float)values[i].value;
    }
    closing->led_hours[node] =
        entry == NULL ? 0 : (float)(run->end_ms - ledger_entry_first_ms(entry)) / 3600000.0f;
    closing->readings[node] = *reading;
}

/* Joins what was taken of a node, and measures it. */
static bool measure_node(struct run *run, uint32_t node, struct error *err) {
    struct past *past = run->target->past;
    struct closing *closing = run->closing;
    const struct bytes name = run->target->roster->nodes[node].name;
    struct exchange_row *rows;
    uint32_t row_count;
    struct feature_values values;
    const struct feature_view view = {
        .node = node,
        .name_hash = XXH3_64bits(name.data, name.size),
        .quality = closing->quality[node],
        .start_ms = run->start_ms,
        .end_ms = run->end_ms,
    };
    if (!exchange_node(&past->exchange, node, &rows, &row_count, err) ||
        !features_measure(&past->features, &view, &past->exchange, rows, row_count, &values, err)) {
        return false;
    }
    struct ledger_reading reading;
    double rare_bytes = 0; /* of whole numbers: exact in any order */
    for (uint32_t i = 0; i < past->features.contact_count; i++) {
        rare_bytes += (double)past->features.contacts[i].bytes_out;
    }
    double minutes = (double)(run->end_ms - run->start_ms) / 60000.0;
    closing->values[FEATURE_LED_NOW][node] = (float)(rare_bytes / minutes);
    if (!ledger_take(&past->ledger, node, past->features.contacts, past->features.contact_count,
                     &reading, err)) {
        return false;
    }
    read_ledger(run, node, &reading);
    for (uint32_t f = 0; f < FEATURE_IN_BYTES; f++) {
        closing->values[f][node] = (float)values.values[f];
    }
    closing->absent[node] = values.absent;
    return true;
}

/* Measures the nodes whose points lie in front of `end` and have not been. */
static bool measure_before(struct run *run, uint32_t end, struct error *err) {
    while (run->next < end) {
        uint32_t node = run->seen[run->next].node;
        uint32_t next = run->next + 1;
        while (node != ROSTER_NONE && next < run->seen_count && run->seen[next].node == node) {
            next++;
        }
        if (next > end) {
            return true; /* more of this node is to come */
        }
        if (is_measured(run, node) && !measure_node(run, node, err)) {
            return false;
        }
        run->next = next;
    }
    return true;
}

/* Takes the strands of a point. */
static bool take_point(void *context, const struct strand_items *items, uint32_t first,
                       uint32_t end, struct error *err) {
    struct run *run = context;
    uint32_t rank = run->closing->ranks[strand_items_point(items, first)];
    const struct seen *seen = &run->seen[rank];
    if (!seen->is_counted || !is_measured(run, seen->node)) {
        return true;
    }
    return measure_before(run, rank, err) &&
           exchange_take_items(&run->target->past->exchange, items, first, end, err);
}

/* A node of which conversations were left out is marked. */
static void mark_cuts(struct run *run, const struct conversation_fold *fold) {
    for (uint32_t i = 0; i < fold->cut_count; i++) {
        const struct seen *seen = &run->seen[run->closing->ranks[fold->cuts[i].point]];
        if (seen->is_counted && seen->node != ROSTER_NONE) {
            run->closing->quality[seen->node] |= METRIC_CUT;
        }
    }
}

bool closing_measure(struct run *run, struct error *err) {
    const struct closing_target *target = run->target;
    const struct exchange_window window = {
        .start_ms = run->start_ms,
        .end_ms = run->end_ms,
        .time_shift = strand_time_shift(target->config->window_ms),
    };
    roster_sort(target->roster);
    if (!rank_points(run, err) || !settle_window(target->windows, run->window, run->later, err)) {
        return false;
    }
    fleet_enter(&target->past->fleet, baseline_hour_of(run->start_ms));
    exchange_begin(&target->past->exchange, &window);
    ledger_begin(&target->past->ledger, run->start_ms, run->end_ms);
    struct conversation_fold fold = { .log = &run->window->conversations,
                                      .points = target->points,
                                      .ranks = run->closing->ranks,
                                      .visit_items = take_point,
                                      .context = run,
                                      .items = &run->closing->items };
    bool ok = conversation_fold(&fold, err);
    run->counts->cells_cut += fold.dropped;
    if (ok) {
        mark_cuts(run, &fold);
    }
    free(fold.cuts);
    return ok && measure_before(run, run->seen_count, err) &&
           exchange_end(&target->past->exchange, target->roster, err);
}

static bool compact(struct run *run, struct error *err) {
    uint64_t dropped = 0; /* counted by the fold */
    run->is_compact =
        run->is_compact ||
        conversation_log_compact(&run->window->conversations, &run->target->windows->pool,
                                 run->target->points, &dropped, err);
    return run->is_compact;
}

/* The rare peer to which most was sent, else what came to the ledger's other readings. */
static void tell_rare(const struct run *run, uint32_t node, struct evidence_rare *out) {
    const struct ledger *ledger = &run->target->past->ledger;
    const struct ledger_reading *reading = &run->closing->readings[node];
    const struct ledger_entry *entry = ledger_entry(ledger, node, reading->bytes_index);
    entry = entry != NULL ? entry : ledger_entry(ledger, node, reading->rate_index);
    entry = entry != NULL ? entry : ledger_entry(ledger, node, reading->minutes_index);
    if (entry == NULL) {
        return;
    }
    *out = (struct evidence_rare){
        .group = entry->group,
        .peer = entry->peer,
        .port = entry->port,
        .bytes_out = entry->bytes_out,
        .bytes_in = entry->bytes_in,
        .first_ms = ledger_entry_first_ms(entry),
        .minutes = entry->minutes,
        .gap_s = entry->gap_mean_s,
        .is_beacon = ledger_entry_is_beacon(entry),
    };
}

/* What the node and the fleet remember of the peers. */
static void tell_peers(const struct run *run, uint32_t node, struct evidence *out) {
    const struct past *past = run->target->past;
    const struct bytes name = run->target->roster->nodes[node].name;
    const uint64_t name_hash = XXH3_64bits(name.data, name.size);
    for (uint32_t i = 0; i < out->peer_rows; i++) {
        struct evidence_peer *row = &out->peers[i];
        const struct peer_group peer = peer_group_of(&past->grouping, row->address);
        row->has_first =
            features_first_met(&past->features, node, &peer, run->start_ms, &row->first_ms);
        row->has_fleet = !peer.is_internal && fleet_is_grown(&past->fleet);
        row->is_rare = row->has_fleet && fleet_is_rare(&past->fleet, peer.host, name_hash);
    }
}

bool closing_evidence(void *context, uint32_t node, uint8_t direction, struct evidence *out,
                      struct error *err) {
    struct run *run = context;
    const struct closing *closing = run->closing;
    const struct conversation_log *log = &run->window->conversations;
    struct gathering gathering = { .out = out, .direction = direction };
    *out = (struct evidence){ 0 };
    bool ok = compact(run, err);
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
        tell_peers(run, node, out);
        if (direction == DIRECTION_OUT) {
            tell_rare(run, node, &out->rare);
        }
    }
    free(gathering.rows);
    return ok;
}
