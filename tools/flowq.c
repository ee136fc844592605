/* SPDX-License-Identifier: Apache-2.0 */
/* `flowq`: asks the stored flows. The question is put together here; query/ answers it, a sheet
 * prints the answer, and one line on stderr says what it covers. */
#include "base/cpu.h"
#include "base/option.h"
#include "base/time.h"
#include "base/units.h"
#include "tools/console.h"
#include "tools/flowq_answer.h"
#include "tools/flowq_baseline.h"
#include "tools/flowq_filter.h"
#include "tools/version.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define MEMORY_DEFAULT (UINT64_C(1) << 30)
#define LIMIT_ON_TERMINAL 20u

struct flowq_options {
    const char *store;
    const char *from;
    const char *to;
    int64_t last_ms;
    const char *by;
    uint64_t top;
    int sort;
    bool is_reversed;
    int output;
    const char *timezone;
    uint64_t memory;
    bool has_twins;
    bool is_man;
};

#define OPTION(field) offsetof(struct flowq_options, field)

static const char *const outputs[] = { "table", "csv", "ndjson", "json", NULL };
enum { SORT_AUTO, SORT_BYTES, SORT_PACKETS, SORT_FLOWS, SORT_TIME, SORT_KEY, SORT_NONE };
static const char *const sorts[] = { "auto", "bytes", "packets", "flows",
                                     "time", "key",   "none",    NULL };

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = OPTION(store),
      .argument = "DIR",
      .help = "the store to ask (default: the environment's WEIR_STORE)" },
    { .name = "from",
      .kind = OPTION_TEXT,
      .offset = OPTION(from),
      .argument = "TIME",
      .help = "flows that overlap the time from TIME on, e.g. 2026-11-24T10:00Z, end-2h" },
    { .name = "to",
      .kind = OPTION_TEXT,
      .offset = OPTION(to),
      .argument = "TIME",
      .help = "up to TIME (not included)" },
    { .name = "last",
      .kind = OPTION_DURATION,
      .offset = OPTION(last_ms),
      .argument = "TIME",
      .help = "the last TIME of the stored data, e.g. 2h" },
    { .name = "by",
      .kind = OPTION_TEXT,
      .offset = OPTION(by),
      .argument = "KEY[,KEY...]",
      .help = "group by src, dst, peer, node, src_port, dst_port, port, proto, action, direction, "
              "flow_log, minute, 5m, hour, day" },
    { .name = "top",
      .letter = 'n',
      .kind = OPTION_INTEGER,
      .offset = OPTION(top),
      .argument = "N",
      .minimum = 1,
      .help = "only the first N (default: all; 20 on a terminal)" },
    { .name = "sort",
      .kind = OPTION_CHOICE,
      .offset = OPTION(sort),
      .argument = "KEY",
      .choices = sorts,
      .help =
          "bytes, packets, flows, time, key or none (default: bytes for groups, time for rows)" },
    { .name = "reverse",
      .letter = 'r',
      .kind = OPTION_FLAG,
      .offset = OPTION(is_reversed),
      .help = "the other way round" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = OPTION(output),
      .argument = "FORM",
      .choices = outputs,
      .help = "table (default), csv, ndjson or json" },
    { .name = "tz",
      .kind = OPTION_TEXT,
      .offset = OPTION(timezone),
      .argument = "ZONE",
      .help = "time zone of input and output: UTC (default), local, +05:30, Area/City" },
    { .name = "memory",
      .kind = OPTION_SIZE,
      .offset = OPTION(memory),
      .argument = "SIZE",
      .help = "most memory for rows or groups (default 1GiB)",
      .is_advanced = true },
    { .name = "twins",
      .kind = OPTION_FLAG,
      .offset = OPTION(has_twins),
      .help = "count exchanges that were seen from both sides twice",
      .is_advanced = true },
    { .name = "man",
      .kind = OPTION_FLAG,
      .offset = OPTION(is_man),
      .help = "print the manual page's source",
      .is_advanced = true },
};

static const struct option_table table = {
    .program = "flowq",
    .summary = "ask the stored flows",
    .usage = "[--store DIR] [OPTION...] [FILTER]",
    .description =
        "Prints the flows that match FILTER (all without one), or groups of them with --by. "
        "Filters read like tcpdump's: `src 10.0.0.5 and port 443 and bytes > 1M`; see "
        "weir-filter(7). A flow belongs to a range of time when it overlaps it. `flowq baseline` "
        "shows "
        "what is normal for the nodes instead of what flowed.\n\n"
        "Exit status: 0 done; 2 usage; 3 part of the store is damaged (the rest was "
        "read); 4 the answer could not be written.",
    .examples = "  flowq --store store --by node --top 10\n"
                "  flowq --store store --last 2h 'node web-1 and out and internet'\n"
                "  flowq --store store --by minute,node -o csv 'proto udp' > udp.csv",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* --from, --to and --last, relative to the store's newest record where it matters. */
static bool set_range(const struct flowq_options *options, const struct zone *zone,
                      struct query *query, struct error *err) {
    int64_t min_ms;
    int64_t max_ms;
    if (options->last_ms > 0 && (options->from != NULL || options->to != NULL)) {
        return error_set(err, ERROR_ARGUMENT, "--last excludes --from and --to");
    }
    if (options->last_ms == 0 && options->from == NULL && options->to == NULL) {
        return true;
    }
    if (!query_extent(options->store, &min_ms, &max_ms, err)) {
        return false;
    }
    bool is_empty = min_ms > max_ms;
    if (options->last_ms > 0) {
        /* To the end of the newest second, as times are no finer in most sources. */
        query->to_ms = is_empty ? 0 : max_ms - max_ms % 1000 + 1000;
        query->from_ms = query->to_ms - options->last_ms;
        return true;
    }
    struct time_context context = { .now_ms = console_now_ms(),
                                    .end_ms = is_empty ? TIME_UNKNOWN : max_ms,
                                    .zone = zone };
    if (options->from != NULL &&
        !time_parse(bytes_text(options->from), &context, &query->from_ms, err)) {
        return error_context(err, "--from");
    }
    if (options->to != NULL && !time_parse(bytes_text(options->to), &context, &query->to_ms, err)) {
        return error_context(err, "--to");
    }
    if (query->from_ms >= query->to_ms) {
        return error_set(err, ERROR_ARGUMENT, "--from is not before --to: the range is empty");
    }
    return true;
}

static bool set_sort(const struct flowq_options *options, struct query *query, struct error *err) {
    bool is_grouped = query->key_count > 0;
    switch (options->sort) {
    case SORT_AUTO: {
        bool has_time = is_grouped && query->bin_ms > 0;
        query->sort = is_grouped && !has_time ? QUERY_SORT_BYTES : QUERY_SORT_TIME;
        break;
    }
    case SORT_BYTES: query->sort = QUERY_SORT_BYTES; break;
    case SORT_PACKETS: query->sort = QUERY_SORT_PACKETS; break;
    case SORT_FLOWS: query->sort = QUERY_SORT_FLOWS; break;
    case SORT_TIME:
    case SORT_KEY: query->sort = QUERY_SORT_TIME; break;
    case SORT_NONE: query->sort = QUERY_SORT_NONE; break;
    }
    if (!is_grouped && query->sort == QUERY_SORT_FLOWS) {
        return error_set(err, ERROR_ARGUMENT, "--sort flows needs --by: a row is one flow");
    }
    if (is_grouped && query->sort == QUERY_SORT_NONE) {
        return error_set(err, ERROR_ARGUMENT, "--sort none is for rows, not for groups");
    }
    query->is_reversed = options->is_reversed;
    return true;
}

static bool make_query(const struct flowq_options *options, int count, char **words,
                       const struct zone *zone, struct filter **filter, struct query *query,
                       struct error *err) {
    bool is_terminal = console_is_terminal(STDOUT_FILENO);
    *query = (struct query){
        .from_ms = INT64_MIN,
        .to_ms = INT64_MAX,
        .limit = options->top > 0                                ? options->top
                 : is_terminal && options->output == SHEET_TABLE ? LIMIT_ON_TERMINAL
                                                                 : 0,
        .zone = zone,
        .has_twins = options->has_twins,
        .memory_bytes_max = options->memory,
    };
    if (options->store == NULL) {
        return error_set(err, ERROR_ARGUMENT, "which store? Give --store DIR or set WEIR_STORE");
    }
    if (!flowq_filter_compile(count, words, filter, err) ||
        (options->by != NULL && !answer_parse_keys(options->by, query, err)) ||
        !set_range(options, zone, query, err) || !set_sort(options, query, err)) {
        return false;
    }
    query->filter = *filter;
    return true;
}

static int ask(const struct flowq_options *options, int count, char **words) {
    struct error err = { 0 };
    struct filter *filter = NULL;
    struct zone *zone = NULL;
    struct query query;
    struct query_stats stats;
    const char *zone_text = options->timezone == NULL ? "UTC" : options->timezone;
    if (!zone_open(zone_text, &zone, &err) ||
        !make_query(options, count, words, zone, &filter, &query, &err)) {
        filter_free(filter);
        zone_close(zone);
        return console_fail(table.program, &err, EXIT_PARTIAL);
    }
    bool ok =
        answer_run(options->store, &query, (enum sheet_form)options->output, zone, &stats, &err);
    int status = EXIT_DONE;
    if (!ok) {
        status = console_fail(table.program, &err, ferror(stdout) ? EXIT_WRITE : EXIT_PARTIAL);
    } else {
        answer_print_stats(&query, &stats);
        if (stats.damaged > 0) {
            console_say(table.program, "%llu damaged parts were passed over; the first: %s",
                        (unsigned long long)stats.damaged, stats.damage.message);
            status = EXIT_PARTIAL;
        }
    }
    filter_free(filter);
    zone_close(zone);
    return status;
}

int main(int argc, char **argv) {
    struct flowq_options options = { .store = getenv("WEIR_STORE"), .memory = MEMORY_DEFAULT };
    struct error err = { 0 };
    int first;
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is seen as EPIPE (console_flush) */
    if (!cpu_check(&err)) {
        console_say(table.program, "%s", err.message);
        return EXIT_USAGE;
    }
    /* No filter begins with this word. */
    if (argc > 1 && strcmp(argv[1], "baseline") == 0) {
        return baseline_run(argc - 1, argv + 1);
    }
    switch (option_parse(&table, argc, argv, &options, &first, &err)) {
    case OPTION_RUN: break;
    case OPTION_HELP: option_print_help(&table, stdout, false); return EXIT_DONE;
    case OPTION_HELP_LONG: option_print_help(&table, stdout, true); return EXIT_DONE;
    case OPTION_VERSION: version_print("flowq", stdout); return EXIT_DONE;
    case OPTION_ERROR: return console_fail(table.program, &err, EXIT_USAGE);
    }
    if (options.is_man) {
        const struct option_table *const tables[] = { &table, &baseline_options };
        option_print_man_commands(table.program, table.summary,
                                  "Asks a store that weir(1) wrote: which flows there were, and, "
                                  "behind the word baseline, what is normal for the nodes.",
                                  tables, 2, stdout);
        return EXIT_DONE;
    }
    return ask(&options, argc - first, argv + first);
}
