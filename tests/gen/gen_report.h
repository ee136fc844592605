/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_REPORT_H
#define WEIR_TESTS_GEN_REPORT_H

#include "tests/gen/gen_event.h"
#include "tests/gen/gen_object.h"

/* From an interval's records to delivered lines. When an interface's interval ends, its records are
 * reported together: normally into the object of the five minutes that their end lies in; sometimes
 * the whole report is late and goes into the object that is open when it comes; rarely half of it
 * is lost and a SKIPDATA line says so; an interface without records reports NODATA. */

struct gen_report_options {
    /* The most by which a record's end may lie behind the largest end delivered before it. Under
     * GEN_LATENESS_S_MIN no report is late. */
    uint32_t lateness_s;
    double late_share;     /* of reports */
    double skipdata_share; /* of reports */
};

/* What order costs without any delay: an interval, and a minute of reports in any order. */
#define GEN_LATENESS_S_MIN 120u
#define GEN_LATENESS_S_MAX 3600u

struct gen_reports {
    const struct gen_fleet *fleet;
    struct gen_ring *ring;
    struct gen_events *events; /* counted line by line */
    struct gen_objects *objects;
    struct gen_report_options options;
    uint64_t start_s;
    uint64_t end_s;
    struct gen_ring late;      /* only its buckets: by the minute of arrival */
    struct gen_record *sorted; /* one minute's records, interface by interface */
    uint32_t sorted_capacity;
    uint32_t *first; /* where each node's records begin in `sorted` */
    uint64_t records;
    uint64_t nodata;
    uint64_t skipdata;
    uint64_t late_records;
    uint64_t lost_records;
};

/* Keeps the pointers. Errors: ERROR_LIMIT (no memory). */
bool gen_reports_init(struct gen_reports *reports, const struct gen_fleet *fleet,
                      struct gen_ring *ring, struct gen_events *events, struct gen_objects *objects,
                      uint64_t start_s, uint64_t end_s, struct error *err);
/* Accepts a zeroed one. */
void gen_reports_done(struct gen_reports *reports);

/* Reports the intervals that end in the minute at `minute_s`, and closes the objects that nothing
 * can reach any more. Call for every minute in order. */
bool gen_reports_minute(struct gen_reports *reports, uint64_t minute_s, struct error *err);

/* How many minutes after the fleet's end reports still come. */
uint32_t gen_reports_tail_minutes(const struct gen_reports *reports);

#endif
