/* SPDX-License-Identifier: Apache-2.0 */
/* `weir doctor`: what inputs are, and what can and cannot be seen in them, before they are read. */
#include "tools/console.h"
#include "tools/doctor_view.h"
#include "tools/run_options.h"
#include "tools/weir.h"

#include <stdlib.h>

#define READ_SIZE_DEFAULT (UINT64_C(64) << 20)

struct doctor_options {
    struct run_options run; /* how inputs are read: the same as those of a run */
    bool is_all;
    uint64_t read_size;
    int output;
};

enum { OUTPUT_TEXT, OUTPUT_JSON };
static const char *const outputs[] = { "text", "json", NULL };

static const struct option_row rows[] = {
    { .name = "all",
      .kind = OPTION_FLAG,
      .offset = offsetof(struct doctor_options, is_all),
      .help = "read everything (default: a part of each feed, see --read)" },
    { .name = "read",
      .kind = OPTION_SIZE,
      .offset = offsetof(struct doctor_options, read_size),
      .argument = "SIZE",
      .help = "read about so many bytes of files, spread over all feeds (default 64MiB)" },
    { .name = "format",
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct doctor_options, run.format),
      .argument = "FORMAT",
      .choices = run_formats,
      .help = "format of the inputs, as for weir replay (default auto: by content)" },
    { .name = "aws-format",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct doctor_options, run.aws_format),
      .argument = "FIELDS",
      .help = "field names of AWS lines without a header, in quotes (default: the 14 default "
              "fields)" },
    { .name = "aws-interval",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct doctor_options, run.aws_interval_ms),
      .argument = "TIME",
      .help = "aggregation interval to compare with: 60s or 600s (default 600s)" },
    { .name = "lateness",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct doctor_options, run.lateness_ms),
      .argument = "TIME",
      .help = "lateness to compare with (AWS default: 10m)" },
    { .name = "inventory",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct doctor_options, run.inventory),
      .argument = "FILE",
      .help = "CSV with columns node,match: whose interface or address is it" },
    { .name = "local",
      .kind = OPTION_LIST,
      .offset = offsetof(struct doctor_options, run.locals),
      .argument = "CIDR",
      .help =
          "captures: addresses in CIDR are nodes, and no others (default: private ones); may be "
          "repeated" },
    { .name = "tunnels",
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct doctor_options, run.tunnels),
      .argument = "WHICH",
      .choices = run_tunnels,
      .help = "captures: count the outer packet of a tunnel (default), or the inner one" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct doctor_options, output),
      .argument = "FORM",
      .choices = outputs,
      .help = "text (default), or json: one object" },
};

static const struct option_table table = {
    .program = "weir doctor",
    .summary = "say what inputs are and what can be seen in them",
    .usage = "[OPTION...] PATH...",
    .description =
        "Reads a part of the inputs (files, directories, or - for standard input) and writes what "
        "it finds, most important first: formats that are not read, lines that are not taken, "
        "missing fields and why one wants them, lateness, lost data, double counting; then what "
        "each feed is like. Nothing is kept. The same input gives the same output.\n\n"
        "Exit status: 0 it looked, whatever it found; 2 usage; 3 some input could not be read "
        "(the rest was).",
    .examples = "  weir doctor AWSLogs/\n"
                "  weir doctor --all --inventory nodes.csv AWSLogs/\n"
                "  weir doctor -o json AWSLogs/ | jq '.findings[] | select(.severity != \"ok\")'",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static bool view(const struct doctor_options *options, const struct exam *exam, struct error *err) {
    struct findings *findings = calloc(1, sizeof *findings);
    if (findings == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for findings");
    }
    struct findings_context context = { .has_inventory = options->run.inventory != NULL };
    struct doctor_view view_options = { stdout, console_has_colour(), console_width() };
    findings_init(findings);
    bool ok =
        findings_make(findings, exam, &context, err) &&
        (options->output == OUTPUT_JSON ? doctor_view_json(findings, exam, stdout, err)
                                        : doctor_view_text(findings, exam, &view_options, err));
    findings_done(findings);
    free(findings);
    return ok;
}

static int examine(const struct doctor_options *options, const struct exam_options *exam_options,
                   const char *const *paths, size_t count) {
    struct exam exam;
    struct error err = { 0 };
    int status = EXIT_DONE;
    if (!exam_make(&exam, paths, count, exam_options, &err) || !view(options, &exam, &err)) {
        status = console_fail(table.program, &err, EXIT_PARTIAL);
    } else if (!console_flush(&err)) {
        status = console_fail(table.program, &err, EXIT_WRITE);
    } else if (exam.trouble_counts[EXAM_UNREADABLE] + exam.trouble_counts[EXAM_FOREIGN] +
                   exam.trouble_counts[EXAM_DAMAGED] >
               0) {
        status = EXIT_PARTIAL;
    }
    exam_done(&exam);
    return status;
}

static int run(int argc, char **argv) {
    struct doctor_options options = { .read_size = READ_SIZE_DEFAULT };
    struct pipeline_options pipeline = { 0 };
    struct detector_config detector;
    struct inventory *inventory = NULL;
    struct error err = { 0 };
    int first;
    int status;
    run_options_init(&options.run);
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    parsed = run_options_check_paths(parsed, argc - first, &err);
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    if (!run_options_apply(&options.run, &pipeline, &inventory, &err)) {
        return console_fail(table.program, &err, EXIT_USAGE);
    }
    detector_config_init(&detector);
    pipeline.feeds.source.tick_ms = detector.window_ms; /* as weir replay cuts flows */
    struct exam_options exam_options = {
        .feeds = pipeline.feeds,
        .read_size_max = options.is_all ? UINT64_MAX : options.read_size,
    };
    status =
        examine(&options, &exam_options, (const char *const *)argv + first, (size_t)(argc - first));
    inventory_free(inventory);
    return status;
}

const struct weir_command weir_doctor = { .name = "doctor", .options = &table, .run = run };
