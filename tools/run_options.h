/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_RUN_OPTIONS_H
#define WEIR_TOOLS_RUN_OPTIONS_H

#include "base/option.h"
#include "ingest/flowtable.h"
#include "tools/pipeline.h"

/* The options that `weir replay` and `weir ingest` have in common: what is read, how, and where it
 * is kept. Rows for an option table of a struct that begins with struct run_options. */

struct run_options {
    const char *store;
    bool is_append;
    bool is_force;
    int format;
    const char *aws_format;
    int64_t aws_interval_ms; /* 0: the default */
    int64_t lateness_ms;     /* -1: the format's own */
    const char *inventory;
    struct option_list locals;
    int tunnels;
    uint64_t flows_max; /* 0: the default */
    uint64_t threads;
    bool is_strict;
    int summary;
    int progress;
    struct prefix local_prefixes[OPTION_LIST_MAX]; /* of `locals`, once applied */
};

/* Defaults. */
void run_options_init(struct run_options *options);

#define RUN_OPTION(field) offsetof(struct run_options, field)

extern const char *const run_formats[];    /* auto, aws, pcap */
extern const char *const run_tunnels[];    /* outer, inner */
extern const char *const run_summaries[];  /* text, json, none */
extern const char *const run_progresses[]; /* auto, never */

/* clang-format off */
#define RUN_OPTION_ROWS \
    { .name = "store", .kind = OPTION_TEXT, .offset = RUN_OPTION(store), .argument = "DIR", \
      .help = "keep flows, alerts and state in DIR, which must be empty or new" }, \
    { .name = "append", .kind = OPTION_FLAG, .offset = RUN_OPTION(is_append), \
      .help = "go on with the store in DIR; inputs that it has read are refused" }, \
    { .name = "force", .kind = OPTION_FLAG, .offset = RUN_OPTION(is_force), \
      .help = "remove the store in DIR and start anew" }, \
    { .name = "format", .kind = OPTION_CHOICE, .offset = RUN_OPTION(format), .argument = "FORMAT", \
      .choices = run_formats, .help = "format of the inputs: auto (by content, the default), aws or pcap" }, \
    { .name = "aws-format", .kind = OPTION_TEXT, .offset = RUN_OPTION(aws_format), \
      .argument = "FIELDS", \
      .help = "field names of AWS lines without a header, in quotes, or tgw for a Transit Gateway's " \
              "(default: the 14 default fields)" }, \
    { .name = "aws-interval", .kind = OPTION_DURATION, .offset = RUN_OPTION(aws_interval_ms), \
      .argument = "TIME", .help = "aggregation interval of the flow logs: 60s or 600s (default 600s)" }, \
    { .name = "lateness", .kind = OPTION_DURATION, .offset = RUN_OPTION(lateness_ms), \
      .argument = "TIME", .help = "how late a record may come and still count (AWS default: 10m)" }, \
    { .name = "inventory", .kind = OPTION_TEXT, .offset = RUN_OPTION(inventory), \
      .argument = "FILE", .help = "whose interface or address is it: CSV with columns node,match, or the JSON of " \
              "kubectl get nodes,pods -A -o json" }, \
    { .name = "local", .kind = OPTION_LIST, .offset = RUN_OPTION(locals), .argument = "CIDR", \
      .help = "captures: addresses in CIDR are nodes, and no others (default: private ones); " \
              "may be repeated" }, \
    { .name = "tunnels", .kind = OPTION_CHOICE, .offset = RUN_OPTION(tunnels), \
      .argument = "WHICH", .choices = run_tunnels, \
      .help = "captures: count the outer packet of a tunnel (default), or the inner one" }, \
    { .name = "flows-max", .kind = OPTION_INTEGER, .offset = RUN_OPTION(flows_max), \
      .argument = "N", .minimum = 1, .maximum = FLOWTABLE_FLOWS_MAX - 1, .is_advanced = true, \
      .help = "captures: open flows of a file at most; at the bound all are cut " \
              "(default 1048576, some 100 MB)" }, \
    { .name = "threads", .kind = OPTION_INTEGER, .offset = RUN_OPTION(threads), .argument = "N", \
      .minimum = 1, .maximum = 64, .help = "threads that read (default 1); results do not depend on it" }, \
    { .name = "strict", .kind = OPTION_FLAG, .offset = RUN_OPTION(is_strict), \
      .help = "stop at the first line or file that cannot be taken" }, \
    { .name = "summary", .kind = OPTION_CHOICE, .offset = RUN_OPTION(summary), .argument = "FORM", \
      .choices = run_summaries, .help = "summary on stderr: text (default), json (one line) or none" }, \
    { .name = "progress", .kind = OPTION_CHOICE, .offset = RUN_OPTION(progress), \
      .argument = "WHEN", .choices = run_progresses, \
      .help = "progress on a terminal: auto (default) or never" }
/* clang-format on */

/* Without any PATH OPTION_RUN becomes OPTION_ERROR (err set). */
enum option_result run_options_check_paths(enum option_result parsed, int path_count,
                                           struct error *err);

/* Turns the options into the pipeline's, opening the inventory (freed by the caller: it is
 * options->feeds.source.inventory). `options` must outlive the run. Errors: ERROR_ARGUMENT; those
 * of inventory_open. */
bool run_options_apply(struct run_options *options, struct pipeline_options *out,
                       struct inventory **inventory, struct error *err);

/* Says what was read: in words, or as one JSON object on one line. `detector` is what judged it;
 * NULL: nothing did. */
void run_summary(const struct run_options *options, const struct pipeline_counts *counts,
                 const struct detector_config *detector);

/* The exit status of a run; says the error where there is one. */
int run_status(const char *program, enum pipeline_result result, const struct error *err);

#endif
