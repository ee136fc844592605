/* SPDX-License-Identifier: Apache-2.0 */
/* `weir ingest`: flow logs and packet captures into a store, without looking for anything in them.
 */
#include "ingest/capture.h"
#include "tools/console.h"
#include "tools/run_options.h"
#include "tools/weir.h"

struct ingest_options {
    struct run_options run;
    int64_t active_timeout_ms;
    int64_t idle_timeout_ms;
};

static const struct option_row rows[] = {
    RUN_OPTION_ROWS,
    { .name = "active-timeout",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct ingest_options, active_timeout_ms),
      .argument = "TIME",
      .help = "captures: a flow that lasts so long is cut (default 60s; 0: never)" },
    { .name = "idle-timeout",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct ingest_options, idle_timeout_ms),
      .argument = "TIME",
      .help = "captures: a flow ends when nothing came for so long (default 15s; 0: never)" },
};

static const struct option_table table = {
    .program = "weir ingest",
    .summary = "keep flow logs and packet captures in a store that flowq can ask",
    .usage = "--store DIR [OPTION...] PATH...",
    .description = "Reads AWS VPC flow logs and packet captures (pcap, pcapng; files, directories, "
                   "or - for standard input; plain, gzip or zstd) and keeps their flows in DIR.\n\n"
                   "Exit status: 0 done; 2 usage; 3 some input could not be read (the rest was); "
                   "4 the store could not be written.",
    .examples = "  weir ingest --store flows AWSLogs/\n"
                "  weir ingest --store flows --append more/AWSLogs/\n"
                "  weir ingest --store flows --local 192.0.2.0/24 trace.pcap\n"
                "  flowq --store flows --by src --top 10",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static bool no_alert(void *context, const struct alert *alert, struct error *err) {
    (void)context;
    (void)alert;
    (void)err;
    return true;
}

static void on_notice(void *context, const char *text) {
    (void)context;
    console_say("weir ingest", "%s", text);
}

static int run(int argc, char **argv) {
    struct ingest_options options = { .active_timeout_ms = CAPTURE_ACTIVE_TIMEOUT_MS,
                                      .idle_timeout_ms = CAPTURE_IDLE_TIMEOUT_MS };
    struct pipeline_options pipeline = { 0 };
    struct pipeline_events events = { .alert = no_alert, .notice = on_notice };
    struct pipeline_counts counts;
    struct inventory *inventory = NULL;
    struct error err = { 0 };
    int first;
    int status;
    run_options_init(&options.run);
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    if (parsed == OPTION_RUN && options.run.store == NULL) {
        error_set(&err, ERROR_ARGUMENT, "--store DIR is missing: where shall the flows be kept?");
        parsed = OPTION_ERROR;
    }
    parsed = run_options_check_paths(parsed, argc - first, &err);
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    if (!run_options_apply(&options.run, &pipeline, &inventory, &err)) {
        return console_fail(table.program, &err, EXIT_USAGE);
    }
    pipeline.feeds.source.active_timeout_ms = options.active_timeout_ms;
    pipeline.feeds.source.idle_timeout_ms = options.idle_timeout_ms;
    enum pipeline_result result =
        pipeline_run((const char *const *)argv + first, (size_t)(argc - first), &pipeline, &events,
                     &counts, &err);
    status = run_status(table.program, result, &err);
    if (status == EXIT_DONE || status == EXIT_PARTIAL) {
        run_summary(&options.run, &counts, NULL);
    }
    inventory_free(inventory);
    return status;
}

const struct weir_command weir_ingest = { .name = "ingest", .options = &table, .run = run };
