/* SPDX-License-Identifier: Apache-2.0 */
/* `weir replay`: captured flow logs or packets in, alerts out, on one machine with nothing else
 * installed. */
#include "base/time.h"
#include "detect/alert_form.h"
#include "tools/alert_view.h"
#include "tools/config_file.h"
#include "tools/console.h"
#include "tools/feature_view.h"
#include "tools/run_options.h"
#include "tools/weir.h"

#include <unistd.h>

struct replay_options {
    struct run_options run;
    const char *config;
    int64_t window_ms; /* -1: the configuration's */
    int64_t warm_up_ms;
    int output;
    int alert_form; /* enum alert_form */
    const char *alert_url;
    const char *features;
};

enum { OUTPUT_AUTO, OUTPUT_NDJSON, OUTPUT_TABLE };
static const char *const outputs[] = { "auto", "ndjson", "table", NULL };
/* In the order of enum alert_form. */
static const char *const alert_forms[] = { "native", "alertmanager", "ocsf",
                                           "ecs",    "cloudevents",  NULL };

static const struct option_row rows[] = {
    RUN_OPTION_ROWS,
    { .name = "config",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct replay_options, config),
      .argument = "FILE",
      .help = "thresholds, overrides, silences and announced work: weir.yaml(5)" },
    { .name = "window",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct replay_options, window_ms),
      .argument = "TIME",
      .help = "length of a window (default 60s)" },
    { .name = "warm-up",
      .kind = OPTION_DURATION,
      .offset = offsetof(struct replay_options, warm_up_ms),
      .argument = "TIME",
      .help = "a node younger than this is held against what the fleet is used to, if anything "
              "(default 24h)" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct replay_options, output),
      .argument = "FORM",
      .choices = outputs,
      .help = "alerts on stdout: ndjson, or table (the default on a terminal)" },
    { .name = "alert-format",
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct replay_options, alert_form),
      .argument = "FORM",
      .choices = alert_forms,
      .help = "alerts on stdout as native (the default), alertmanager, ocsf, ecs or cloudevents" },
    { .name = "alert-url",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct replay_options, alert_url),
      .argument = "URL",
      .is_advanced = true,
      .help = "link of an alert in alertmanager, ocsf and ecs; {node}, {cluster}, {class}, {id}, "
              "{episode}, {from} and {to} (Unix ms) are filled in" },
    { .name = "features",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct replay_options, features),
      .argument = "FILE",
      .is_advanced = true,
      .help = "write what was measured of each node and window to FILE, as CSV" },
};

static const struct option_table table = {
    .program = "weir replay",
    .summary = "find floods and leaks in captured flow logs or packet captures",
    .usage = "[--store DIR] [OPTION...] PATH...",
    .description =
        "Reads AWS VPC flow logs and packet captures (pcap, pcapng; files, directories, or - for "
        "standard input; plain, gzip or zstd), learns what is normal for every node, and writes an "
        "alert, with its evidence, for "
        "every node whose traffic leaves it. The same input gives the same output, whatever "
        "--threads is.\n\n"
        "Exit status: 0 done; 2 usage; 3 some input could not be read (the rest was); 4 the store "
        "could not be written.",
    .examples = "  weir replay AWSLogs/\n"
                "  weir replay --store store --threads 2 AWSLogs/\n"
                "  weir replay --window 10s --warm-up 0 trace.pcap\n"
                "  weir replay --config weir.yaml --store store --append more/AWSLogs/\n"
                "  weir replay -o ndjson --inventory nodes.csv AWSLogs/ | jq .node\n"
                "  weir replay --alert-format alertmanager AWSLogs/ | curl --json @- \\\n"
                "      http://localhost:9093/api/v2/alerts",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

struct replay {
    bool is_table;
    bool has_colour;
    bool has_store; /* which is written to its end, whether or not anybody reads the alerts */
    bool is_gone;   /* the reader of stdout */
    struct alert_form_writer forms;
    struct buffer line;
    struct feature_file features;
};

static bool flush(struct replay *replay, struct error *err) {
    return replay->has_store ? console_flush_or_go_on(&replay->is_gone, err) : console_flush(err);
}

/* What was put into replay->line goes to stdout. */
static bool write_line(struct replay *replay, struct error *err) {
    if (!buffer_check(&replay->line, "alert", err)) {
        return false;
    }
    (void)fwrite(replay->line.data, 1, replay->line.size, stdout); /* flush looks */
    buffer_reset(&replay->line);
    return flush(replay, err);
}

static bool on_alert(void *context, const struct alert *alert, struct error *err) {
    struct replay *replay = context;
    if (replay->is_gone) {
        return true;
    }
    if (replay->is_table) {
        alert_view_print(alert, replay->has_colour, stdout);
        return flush(replay, err);
    }
    alert_form_put(&replay->forms, alert, &replay->line);
    return write_line(replay, err);
}

/* Behind the last alert. */
static bool end_alerts(struct replay *replay, struct error *err) {
    if (replay->is_table || replay->is_gone) {
        return true;
    }
    alert_form_end(&replay->forms, &replay->line);
    return write_line(replay, err);
}

static bool on_features(void *context, const struct feature_sample *sample, struct error *err) {
    struct replay *replay = context;
    return feature_file_add(&replay->features, sample, err);
}

static void on_notice(void *context, const char *text) {
    (void)context;
    console_say(table.program, "%s", text);
}

/* Whoever names a form wants it, on a terminal too. */
static bool is_table(const struct replay_options *options) {
    return options->output == OUTPUT_TABLE ||
           (options->output == OUTPUT_AUTO && options->alert_form == ALERT_FORM_NATIVE &&
            console_is_terminal(STDOUT_FILENO));
}

static bool check_form(const struct replay_options *options, struct alert_link *link,
                       struct error *err) {
    if (options->alert_form != ALERT_FORM_NATIVE && options->output == OUTPUT_TABLE) {
        return error_set(err, ERROR_ARGUMENT,
                         "--alert-format and --output table exclude each other");
    }
    if (options->alert_url == NULL) {
        return true;
    }
    if (options->alert_form == ALERT_FORM_NATIVE || options->alert_form == ALERT_FORM_CLOUDEVENTS) {
        return error_set(err, ERROR_ARGUMENT,
                         "--alert-url is for --alert-format alertmanager, ocsf and ecs");
    }
    return alert_link_parse(link, bytes_text(options->alert_url), err) ||
           error_context(err, "--alert-url");
}

/* The file, what the store holds of the operator, and options, which win. */
static bool configure(const struct replay_options *options, struct config *config,
                      struct error *err) {
    struct detector_config *detector = &config->detector;
    config_init(config);
    if (!config_load(config, options->config, options->run.store, err)) {
        return false;
    }
    detector->window_ms = options->window_ms < 0 ? detector->window_ms : options->window_ms;
    detector->warm_up_ms = options->warm_up_ms < 0 ? detector->warm_up_ms : options->warm_up_ms;
    return detector_config_check(detector, err);
}

static int replay_paths(struct replay_options *options, const char *const *paths, size_t count) {
    struct config config;
    struct pipeline_options pipeline = { .detector = &config.detector };
    struct pipeline_counts counts;
    struct inventory *inventory = NULL;
    struct error err = { 0 };
    struct alert_link link;
    struct replay replay = {
        .is_table = is_table(options),
        .has_colour = console_has_colour(),
        .has_store = options->run.store != NULL,
        .forms = { .form = (enum alert_form)options->alert_form },
    };
    struct pipeline_events events = { .context = &replay,
                                      .alert = on_alert,
                                      .features = options->features == NULL ? NULL : on_features,
                                      .notice = on_notice };
    if (!configure(options, &config, &err) || !check_form(options, &link, &err) ||
        !run_options_apply(&options->run, &pipeline, &inventory, &err)) {
        config_done(&config);
        return console_fail(table.program, &err, EXIT_USAGE);
    }
    pipeline.feeds.source.tick_ms = config.detector.window_ms; /* no flow crosses its window */
    replay.forms.link = options->alert_url == NULL ? NULL : &link;
    buffer_init(&replay.line, (size_t)1 << 20);
    enum pipeline_result result = PIPELINE_WRITE;
    if (options->features == NULL || feature_file_open(&replay.features, options->features, &err)) {
        result = pipeline_run(paths, count, &pipeline, &events, &counts, &err);
    }
    if (!feature_file_close(&replay.features, result != PIPELINE_WRITE, &err)) {
        result = PIPELINE_WRITE;
    }
    bool is_whole = result == PIPELINE_DONE || result == PIPELINE_PARTIAL;
    if (is_whole && !end_alerts(&replay, &err)) {
        result = PIPELINE_WRITE;
    }
    int status = run_status(table.program, result, &err);
    if (status == EXIT_DONE || status == EXIT_PARTIAL) {
        run_summary(&options->run, &counts, &config.detector);
    }
    buffer_done(&replay.line);
    inventory_free(inventory);
    config_done(&config);
    return status;
}

static int run(int argc, char **argv) {
    struct replay_options options = { .window_ms = -1, .warm_up_ms = -1 };
    struct error err = { 0 };
    int first;
    int status;
    run_options_init(&options.run);
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    parsed = run_options_check_paths(parsed, argc - first, &err);
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    return replay_paths(&options, (const char *const *)argv + first, (size_t)(argc - first));
}

const struct weir_command weir_replay = { .name = "replay", .options = &table, .run = run };
