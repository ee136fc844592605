/* SPDX-License-Identifier: Apache-2.0 */
/* A late report of delay d arrives in the minute of (interval's end + d). Lines before it in its
 * feed end at most at that minute's last second, and its own records end at most 60 s before the
 * interval's end: hence the lateness of d + 120 s at most, and the delay that is drawn. */
#include "tests/gen/gen_report.h"

#include <stdlib.h>

#define MINUTE_S 60u

bool gen_reports_init(struct gen_reports *reports, const struct gen_fleet *fleet,
                      struct gen_ring *ring, struct gen_events *events, struct gen_objects *objects,
                      uint64_t start_s, uint64_t end_s, struct error *err) {
    *reports = (struct gen_reports){ .fleet = fleet,
                                     .ring = ring,
                                     .events = events,
                                     .objects = objects,
                                     .start_s = start_s,
                                     .end_s = end_s };
    gen_ring_init(&reports->late, fleet, end_s);
    reports->first = calloc((size_t)fleet->node_count + 1, sizeof *reports->first);
    return reports->first != NULL ||
           error_set(err, ERROR_LIMIT, "no memory for the reports of %u nodes", fleet->node_count);
}

void gen_reports_done(struct gen_reports *reports) {
    gen_ring_done(&reports->late);
    free(reports->sorted);
    free(reports->first);
    *reports = (struct gen_reports){ 0 };
}

uint32_t gen_reports_tail_minutes(const struct gen_reports *reports) {
    return 2 + reports->options.lateness_s / MINUTE_S + 1 + GEN_OBJECT_PERIOD_S / MINUTE_S;
}

/* Puts a minute's records interface by interface, otherwise in their order: a counting sort. */
static bool sort_by_node(struct gen_reports *reports, const struct gen_records *records,
                         struct error *err) {
    if (records->count > reports->sorted_capacity) {
        struct gen_record *sorted =
            realloc(reports->sorted, records->capacity * sizeof *reports->sorted);
        if (sorted == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for %u records of a minute",
                             records->count);
        }
        reports->sorted = sorted;
        reports->sorted_capacity = records->capacity;
    }
    uint32_t *first = reports->first;
    uint32_t node_count = reports->fleet->node_count;
    memset(first, 0, (node_count + 1) * sizeof *first);
    for (uint32_t i = 0; i < records->count; i++) {
        first[records->rows[i].node + 1]++;
    }
    for (uint32_t i = 0; i < node_count; i++) {
        first[i + 1] += first[i];
    }
    for (uint32_t i = 0; i < records->count; i++) {
        reports->sorted[first[records->rows[i].node]++] = records->rows[i];
    }
    /* Each start has become its node's end, which is the next node's start. */
    memmove(first + 1, first, node_count * sizeof *first);
    first[0] = 0;
    return true;
}

static bool write_record(struct gen_reports *reports, const struct gen_record *record,
                         uint64_t stamp_at_s, struct error *err) {
    uint32_t account = reports->fleet->nodes[record->node].account;
    char *at = gen_objects_line(reports->objects, account, stamp_at_s, err);
    if (at == NULL) {
        return false;
    }
    at = gen_aws_record(at, reports->objects->layout, reports->fleet, record);
    gen_objects_put(reports->objects, account, stamp_at_s, at);
    gen_events_count(reports->events, record);
    reports->records++;
    return true;
}

/* The line that stands for a whole interval [end - 60, end). */
static bool write_status(struct gen_reports *reports, uint32_t node, enum gen_aws_status status,
                         uint64_t interval_end_s, struct error *err) {
    uint32_t account = reports->fleet->nodes[node].account;
    char *at = gen_objects_line(reports->objects, account, interval_end_s - 1, err);
    if (at == NULL) {
        return false;
    }
    at = gen_aws_status(at, reports->objects->layout, reports->fleet, node, status,
                        interval_end_s - GEN_INTERVAL_S, interval_end_s - 1);
    gen_objects_put(reports->objects, account, interval_end_s - 1, at);
    *(status == GEN_AWS_NODATA ? &reports->nodata : &reports->skipdata) += 1;
    return true;
}

/* How late this report is, in seconds; 0: it is not. */
static uint32_t report_delay(const struct gen_reports *reports, uint64_t hash) {
    uint32_t lateness_s = reports->options.lateness_s;
    bool is_late = (double)(hash & 0xfffff) * 0x1p-20 < reports->options.late_share;
    if (!is_late || lateness_s <= GEN_LATENESS_S_MIN) {
        return 0;
    }
    return 1 + (uint32_t)((hash >> 20 & 0xfffff) % (lateness_s - GEN_LATENESS_S_MIN));
}

/* How many of the records of one who is gone are of its life: its conversations end with it. */
static uint32_t count_of_life(const struct gen_node *node, struct gen_record *rows,
                              uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (node->is_up || rows[i].start_s < node->death_s) {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

static bool report_interface(struct gen_reports *reports, uint32_t node, uint64_t minute_s,
                             struct error *err) {
    struct gen_record *rows = reports->sorted + reports->first[node];
    uint32_t count = reports->first[node + 1] - reports->first[node];
    if (reports->fleet->nodes[node].is_scaled) {
        count = count_of_life(&reports->fleet->nodes[node], rows, count);
    }
    uint64_t interval_end_s = minute_s + reports->fleet->nodes[node].phase_s;
    bool is_whole =
        interval_end_s >= reports->start_s + GEN_INTERVAL_S && interval_end_s <= reports->end_s;
    uint8_t gap = reports->events->gaps[node];
    if (gap == GEN_GAP_WHOLE || (count == 0 && !reports->fleet->nodes[node].is_up)) {
        reports->lost_records += count;
        return true;
    }
    if (count == 0) {
        return !is_whole || write_status(reports, node, GEN_AWS_NODATA, interval_end_s, err);
    }
    uint64_t hash = gen_hash(reports->fleet->seed, minute_s, UINT64_C(0x4e9) << 32 | node);
    uint32_t delay_s = report_delay(reports, hash);
    bool is_skipped =
        gap == GEN_GAP_HALF || (double)(hash >> 40) * 0x1p-24 < reports->options.skipdata_share;
    if (is_skipped && !write_status(reports, node, GEN_AWS_SKIPDATA, interval_end_s, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_skipped && i % 2 == 1) {
            reports->lost_records++;
        } else if (delay_s > 0) {
            struct gen_records *late =
                gen_ring_minute(&reports->late, (interval_end_s + delay_s) / MINUTE_S);
            if (!gen_records_append(late, &rows[i], reports->late.rows_max)) {
                return error_set(err, ERROR_LIMIT, "too many late records in a minute");
            }
        } else if (!write_record(reports, &rows[i], rows[i].end_s, err)) {
            return false;
        }
    }
    return true;
}

/* The late records that come in this minute; the object is the one that is open now. */
static bool report_late(struct gen_reports *reports, uint64_t minute_s, struct error *err) {
    struct gen_records *late = gen_ring_minute(&reports->late, minute_s / MINUTE_S);
    for (uint32_t i = 0; i < late->count; i++) {
        if (!write_record(reports, &late->rows[i], minute_s, err)) {
            return false;
        }
    }
    reports->late_records += late->count;
    late->count = 0;
    return true;
}

bool gen_reports_minute(struct gen_reports *reports, uint64_t minute_s, struct error *err) {
    if (reports->ring->is_full) {
        return error_set(err, ERROR_LIMIT, "more than %u records in a minute, or no memory",
                         reports->ring->rows_max);
    }
    struct gen_records *records = gen_ring_minute(reports->ring, minute_s / MINUTE_S);
    if (!sort_by_node(reports, records, err)) {
        return false;
    }
    records->count = 0;
    for (uint32_t node = 0; node < reports->fleet->node_count; node++) {
        if (!report_interface(reports, node, minute_s, err)) {
            return false;
        }
    }
    /* Behind the interfaces, since a report that is a second late comes in the same minute. */
    if (!report_late(reports, minute_s, err)) {
        return false;
    }
    /* An interval that ends in the next minute may begin in this one, not earlier. */
    uint64_t reachable_s = minute_s + MINUTE_S - GEN_INTERVAL_S;
    uint64_t stamp_s = reachable_s / GEN_OBJECT_PERIOD_S * GEN_OBJECT_PERIOD_S;
    return gen_objects_close_until(reports->objects, stamp_s - 1, err);
}
