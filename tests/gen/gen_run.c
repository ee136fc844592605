/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_run.h"

#include "tests/gen/gen_churn.h"
#include "tests/gen/gen_life.h"
#include "tests/gen/gen_output.h"
#include "tests/gen/gen_packets.h"
#include "tests/gen/gen_truth.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    struct gen_pcap pcap;
    struct gen_packets packets;
    char capture_path[PATH_MAX];
    uint64_t end_s;
};

static bool plan(struct run *run, const struct gen_run_options *options, struct error *err) {
    const struct gen_fleet *fleet = &run->fleet;
    const struct gen_plan plan = { .events = &run->events,
                                   .fleet = fleet,
                                   .options = options->plan,
                                   .start_s = options->start_s,
                                   .end_s = run->end_s };
    bool is_random = gen_plan_is_kinds(options->attacks);
    if (!is_random && !gen_events_plan(&run->events, options->attacks, fleet, options->start_s,
                                       run->end_s, err)) {
        return false;
    }
    if (strcmp(options->backups, "none") != 0) {
        uint32_t node = gen_fleet_find(fleet, options->backups);
        if (node == GEN_OUTSIDE) {
            return error_set(err, ERROR_ARGUMENT, "backups: the fleet has no node \"%s\"",
                             options->backups);
        }
        if (!gen_events_plan_backups(&run->events, fleet, node, options->start_s, run->end_s,
                                     err)) {
            return false;
        }
    }
    return gen_plan_benign(&plan, err) &&
           (!is_random || gen_plan_attacks(&plan, options->attacks, err));
}

static bool make_fleet(struct gen_fleet *fleet, const struct gen_run_options *options,
                       struct error *err) {
    uint32_t parts = options->plan.parts;
    bool has_roles = parts & GEN_PART_BIT(GEN_PART_ROLES);
    bool is_made = has_roles ? gen_fleet_init_roles(fleet, options->seed, options->node_count,
                                                    options->account_count, err)
                             : gen_fleet_init(fleet, options->seed, options->node_count,
                                              options->account_count, err);
    if (is_made && (parts & GEN_PART_BIT(GEN_PART_SCALING))) {
        gen_fleet_scale(fleet);
    }
    return is_made;
}

static void prepare_lines(struct run *run, const struct gen_run_options *options) {
    gen_objects_init(&run->objects, &run->fleet, &run->layout,
                     options->is_stream ? NULL : options->folder, options->descriptor);
    run->objects.is_gzip = options->is_gzip;
    if (options->lines_max > 0) {
        run->objects.lines_max = options->lines_max;
    }
}

static bool prepare(struct run *run, const struct gen_run_options *options, struct error *err) {
    run->end_s = options->start_s + options->duration_s;
    if (!make_fleet(&run->fleet, options, err) ||
        !gen_aws_layout_init(&run->layout, options->fields, err) || !plan(run, options, err)) {
        return false;
    }
    gen_ring_init(&run->ring, &run->fleet, run->end_s);
    gen_packets_init(&run->packets, &run->fleet, &run->events, &run->pcap, run->end_s);
    prepare_lines(run, options);
    struct gen_sink sink =
        options->is_capture ? gen_packets_sink(&run->packets) : gen_ring_sink(&run->ring);
    if (!gen_traffic_init(&run->traffic, &run->fleet, sink, options->start_s, err) ||
        !gen_reports_init(&run->reports, &run->fleet, &run->ring, &run->events, &run->objects,
                          options->start_s, run->end_s, err)) {
        return false;
    }
    run->reports.options = options->report;
    if (options->is_stream && !(options->plan.parts & GEN_PART_BIT(GEN_PART_LATE))) {
        run->reports.options.late_share = 0;
    }
    return true;
}

static void make_minute(struct run *run, const struct gen_run_options *options, uint64_t minute_s) {
    gen_life_minute(&run->fleet, minute_s);
    gen_events_minute(&run->events, &run->traffic, minute_s);
    gen_traffic_minute(&run->traffic, minute_s);
    if (options->plan.parts & GEN_PART_BIT(GEN_PART_CHURN)) {
        gen_churn_minute(&run->traffic, options->plan.churn_a_day, minute_s);
    }
}

static bool write_lines(struct run *run, const struct gen_run_options *options, struct error *err) {
    uint64_t start_s = options->start_s;
    uint64_t tail_s = (uint64_t)gen_reports_tail_minutes(&run->reports) * 60;
    for (uint64_t minute_s = start_s; minute_s < run->end_s + tail_s; minute_s += 60) {
        if (minute_s < run->end_s) {
            make_minute(run, options, minute_s);
        }
        if (!gen_reports_minute(&run->reports, minute_s, err)) {
            return false;
        }
    }
    return gen_objects_close_until(&run->objects, UINT64_MAX, err);
}

static bool write_packets(struct run *run, int descriptor, const struct gen_run_options *options,
                          struct error *err) {
    uint64_t start_s = options->start_s;
    if (!gen_pcap_init(&run->pcap, descriptor, run->capture_path, GEN_FRAME_SIZE_MAX, err)) {
        return false;
    }
    for (uint64_t minute_s = start_s; minute_s < run->end_s && !run->pcap.is_failed;
         minute_s += 60) {
        make_minute(run, options, minute_s);
        if (!gen_packets_write(&run->packets, minute_s + 60, err)) {
            return false;
        }
    }
    return gen_pcap_finish(&run->pcap, err);
}

static bool write_capture(struct run *run, const struct gen_run_options *options,
                          struct error *err) {
    if (options->is_stream) {
        (void)snprintf(run->capture_path, sizeof run->capture_path, "standard output");
        return write_packets(run, options->descriptor, options, err);
    }
    int size =
        snprintf(run->capture_path, sizeof run->capture_path, "%s/fleet.pcap", options->folder);
    if (size < 0 || (size_t)size >= sizeof run->capture_path) {
        return error_set(err, ERROR_LIMIT, "%s: the path is too long", options->folder);
    }
    int descriptor;
    if (!gen_output_open(run->capture_path, &descriptor, err)) {
        return false;
    }
    bool is_written = write_packets(run, descriptor, options, err);
    if (close(descriptor) != 0 && is_written) {
        return error_system(err, errno, "%s", run->capture_path);
    }
    return is_written;
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
    if (options->plan.parts & GEN_PART_BIT(GEN_PART_SCALING)) {
        gen_life_inventory(&run->fleet, options->start_s, run->end_s, &buffer);
    } else {
        gen_fleet_inventory(&run->fleet, &buffer);
    }
    is_written = is_written && write_beside(options->folder, "inventory.csv", &buffer, err);
    if (options->plan.parts != 0) {
        buffer_reset(&buffer);
        gen_truth_changes(&run->events, &run->fleet, &buffer);
        is_written = is_written && write_beside(options->folder, "changes.csv", &buffer, err);
    }
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
        .packets = run->pcap.packets,
        .frame_bytes = run->pcap.frame_bytes,
    };
}

static bool write_traffic(struct run *run, const struct gen_run_options *options,
                          struct error *err) {
    if (options->is_plan_only) {
        return true;
    }
    return options->is_capture ? write_capture(run, options, err) : write_lines(run, options, err);
}

bool gen_run(const struct gen_run_options *options, struct gen_run_counts *counts,
             struct error *err) {
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a run");
    }
    bool is_done = prepare(run, options, err) && write_traffic(run, options, err) &&
                   (options->folder == NULL || write_truth(run, options, err));
    fill_counts(counts, run);
    gen_packets_done(&run->packets);
    gen_pcap_done(&run->pcap);
    gen_reports_done(&run->reports);
    gen_objects_done(&run->objects);
    gen_traffic_done(&run->traffic);
    gen_ring_done(&run->ring);
    gen_fleet_done(&run->fleet);
    free(run);
    return is_done;
}
