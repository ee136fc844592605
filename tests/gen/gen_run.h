/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_RUN_H
#define WEIR_TESTS_GEN_RUN_H

#include "tests/gen/gen_plan.h"
#include "tests/gen/gen_report.h"

/* A whole run: the fleet, minute by minute, into objects, one descriptor or a capture, and its
 * truth. */

struct gen_run_options {
    uint64_t seed;
    uint32_t node_count;
    uint32_t account_count;
    uint64_t start_s; /* a whole minute */
    uint64_t duration_s;
    const char *folder; /* of objects, truth and inventory; NULL: only lines are written */
    bool is_stream; /* plain lines to `descriptor` instead of objects; late only by GEN_PART_LATE */
    int descriptor;
    bool is_plan_only; /* truth, inventory and changes alone, without a line */
    bool is_gzip;
    uint32_t lines_max;  /* of an object; 0: as S3 */
    const char *fields;  /* gen_aws_layout_init */
    const char *attacks; /* gen_events_plan, or kinds for gen_plan_attacks */
    struct gen_plan_options plan;
    const char *backups; /* the node that is backed up each night; "none" */
    struct gen_report_options report;
    bool is_capture; /* packets instead of lines: to FOLDER/fleet.pcap, or as a stream */
};

struct gen_run_counts {
    uint64_t records;
    uint64_t nodata;
    uint64_t skipdata;
    uint64_t late_records;
    uint64_t lost_records;
    uint64_t files;
    uint64_t text_bytes;
    uint64_t packets;     /* of a capture: frames */
    uint64_t frame_bytes; /* their lengths on the wire */
};

/* Writes FOLDER/AWSLogs/... or FOLDER/fleet.pcap (or the stream), FOLDER/truth.json,
 * FOLDER/inventory.csv and, of a fleet with any benign part, FOLDER/changes.csv. What lay there
 * under other names stays. Errors: ERROR_ARGUMENT, ERROR_LIMIT, ERROR_IO, ERROR_DENIED. */
bool gen_run(const struct gen_run_options *options, struct gen_run_counts *counts,
             struct error *err);

#endif
