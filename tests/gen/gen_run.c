/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_run.h"

#include "tests/gen/gen_output.h"
#include "tests/gen/gen_truth.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define TRUTH_SIZE_MAX ((size_t)1 << 30)

/* All parts of a run; on the heap, since the table of events is large. */
struct run {
    struct gen_fleet fleet;
    struct gen_aws_layout layout;
    struct gen_ring ring;
    struct gen_traffic traffic;
    struct gen_events events;
    struct gen_objects objects;
    struct gen_reports reports;
    uint64_t end_s;
};

static bool plan(struct run *run, const struct gen_run_options *options, struct error *err) {
    const struct gen_fleet *fleet = &run->fleet;
    if (!gen_events_plan(&run->events, options->attacks, fleet, options->start_s, run->end_s,
                         err)) {
        return false;
    }
    if (strcmp(options->backups, "none") == 0) {
        return true;
    }
    uint32_t node = gen_fleet_find(fleet, options->backups);
    if (node == GEN_OUTSIDE) {
        return error_set(err, ERROR_ARGUMENT, "backups: the fleet has no node \"%s\"",
                         options->backups);
    }
    return gen_events_plan_backups(&run->events, fleet, node, options->start_s, run->end_s, err);
}

static bool prepare(struct run *run, const struct gen_run_options *options, struct error *err) {
    run->end_s = options->start_s + options->duration_s;
    if (!gen_fleet_init(&run->fleet, options->seed, options->node_count, options->account_count,
                        err) ||
        !gen_aws_layout_init(&run->layout, options->fields, err) || !plan(run, options, err)) {
        return false;
    }
    gen_ring_init(&run->ring, &run->fleet, run->end_s);
    gen_objects_init(&run->objects, &run->fleet, &run->layout,
                     options->is_stream ? NULL : options->folder, options->descriptor);
    run->objects.is_gzip = options->is_gzip;
    if (options->lines_max > 0) {
        run->objects.lines_max = options->lines_max;
    }
    if (!gen_traffic_init(&run->traffic, &run->fleet, &run->ring, options->start_s, err) ||
        !gen_reports_init(&run->reports, &run->fleet, &run->ring, &run->events, &run->objects,
                          options->start_s, run->end_s, err)) {
        return false;
    }
    run->reports.options = options->report;
    if (options->is_stream) {
        run->reports.options.late_share = 0;
    }
    return true;
}

static bool run_minutes(struct run *run, uint64_t start_s, struct error *err) {
    uint64_t tail_s = (uint64_t)gen_reports_tail_minutes(&run->reports) * 60;
    for (uint64_t minute_s = start_s; minute_s < run->end_s + tail_s; minute_s += 60) {
        if (minute_s < run->end_s) {
            gen_events_minute(&run->events, &run->traffic, minute_s);
            gen_traffic_minute(&run->traffic, minute_s);
        }
        if (!gen_reports_minute(&run->reports, minute_s, err)) {
            return false;
        }
    }
    return gen_objects_close_until(&run->objects, UINT64_MAX, err);
}

static bool write_beside(const char *folder, const char *name, const struct buffer *buffer,
                         struct error *err) {
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof path) {
        return error_set(err, ERROR_LIMIT, "%s: the path is too long", folder);
    }
    return buffer_check(buffer, name, err) && gen_output_file(path, buffer_bytes(buffer), err);
}

static bool write_truth(const struct run *run, const struct gen_run_options *options,
                        struct error *err) {
    struct buffer buffer;
    buffer_init(&buffer, TRUTH_SIZE_MAX);
    gen_truth_write(&run->events, &run->fleet, options->start_s, run->end_s, &buffer);
    bool is_written = write_beside(options->folder, "truth.json", &buffer, err);
    buffer_reset(&buffer);
    gen_fleet_inventory(&run->fleet, &buffer);
    is_written = is_written && write_beside(options->folder, "inventory.csv", &buffer, err);
    buffer_done(&buffer);
    return is_written;
}

static void fill_counts(struct gen_run_counts *counts, const struct run *run) {
    *counts = (struct gen_run_counts){
        .records = run->reports.records,
        .nodata = run->reports.nodata,
        .skipdata = run->reports.skipdata,
        .late_records = run->reports.late_records,
        .lost_records = run->reports.lost_records,
        .files = run->objects.files,
        .text_bytes = run->objects.text_bytes,
    };
}

bool gen_run(const struct gen_run_options *options, struct gen_run_counts *counts,
             struct error *err) {
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a run");
    }
    bool is_done = prepare(run, options, err) && run_minutes(run, options->start_s, err) &&
                   (options->folder == NULL || write_truth(run, options, err));
    fill_counts(counts, run);
    gen_reports_done(&run->reports);
    gen_objects_done(&run->objects);
    gen_traffic_done(&run->traffic);
    gen_ring_done(&run->ring);
    gen_fleet_done(&run->fleet);
    free(run);
    return is_done;
}
