/* SPDX-License-Identifier: Apache-2.0 */
/* weir-gen: makes flow logs for tests, benches and the demo. It knows how fleets behave and how AWS
 * writes it down, and nothing of what a detector looks for. */
#include "base/file.h"
#include "base/option.h"
#include "base/units.h"
#include "tests/gen/gen_random.h"
#include "tests/gen/gen_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_OUTPUT 4
#define PLAN_SIZE_MAX ((size_t)1 << 20)

struct random_values {
    uint64_t lines;
    uint64_t seed;
};

static const struct option_row random_rows[] = {
    { .name = "lines",
      .letter = 'n',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct random_values, lines),
      .argument = "N",
      .help = "How many lines behind the header (default 1000000)",
      .minimum = 1 },
    { .name = "seed",
      .letter = 's',
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct random_values, seed),
      .argument = "S",
      .help = "Another seed, other lines (default 1)" },
};

static const struct option_table random_table = {
    .program = "weir-gen random",
    .summary = "write AWS flow-log lines with nearly independent fields",
    .usage = "[OPTION...] > FILE",
    .description =
        "The hardest input for a parser and a codec: 400 interfaces, 2,000 lines a second "
        "of event time, the 14 default fields, plain text.",
    .examples = "  weir-gen random --lines 10000000 > random.log\n",
    .rows = random_rows,
    .count = sizeof random_rows / sizeof random_rows[0],
};

struct fleet_values {
    uint64_t nodes, days, accounts, seed, lines_per_object, late_permille;
    int64_t duration_ms, lateness_ms;
    const char *start, *out, *fields, *attacks, *backups;
    bool is_gzip, is_stdout;
};

#define AT(field) .offset = offsetof(struct fleet_values, field)

static const struct option_row fleet_rows[] = {
    { .name = "nodes",
      .kind = OPTION_INTEGER,
      AT(nodes),
      .argument = "N",
      .help = "How many nodes (default 14)",
      .minimum = 1,
      .maximum = GEN_NODES_MAX },
    { .name = "days",
      .kind = OPTION_INTEGER,
      AT(days),
      .argument = "D",
      .help = "How many days (default 3)",
      .minimum = 1,
      .maximum = 3650 },
    { .name = "duration",
      .kind = OPTION_DURATION,
      AT(duration_ms),
      .argument = "T",
      .help = "Instead of --days, such as 90m; whole minutes" },
    { .name = "start",
      .kind = OPTION_TEXT,
      AT(start),
      .argument = "TIME",
      .help = "First minute, a date or 2026-03-02T00:00Z (default 2026-03-02)" },
    { .name = "seed",
      .letter = 's',
      .kind = OPTION_INTEGER,
      AT(seed),
      .argument = "S",
      .help = "Another seed, another fleet (default 1)" },
    { .name = "accounts",
      .kind = OPTION_INTEGER,
      AT(accounts),
      .argument = "A",
      .help = "AWS accounts that the nodes lie in (default 2)",
      .minimum = 1,
      .maximum = GEN_ACCOUNTS_MAX },
    { .name = "out",
      .letter = 'o',
      .kind = OPTION_TEXT,
      AT(out),
      .argument = "DIR",
      .help = "Write DIR/AWSLogs/..., DIR/truth.json and DIR/inventory.csv" },
    { .name = "stdout",
      .kind = OPTION_FLAG,
      AT(is_stdout),
      .help = "Write plain lines to standard output instead of objects, in the order of "
              "their reports" },
    { .name = "gzip",
      .letter = 'z',
      .kind = OPTION_FLAG,
      AT(is_gzip),
      .help = "Compress the objects, as S3 holds them" },
    { .name = "lines-per-object",
      .kind = OPTION_INTEGER,
      AT(lines_per_object),
      .argument = "N",
      .help = "Begin another object of the same stamp after N lines (default 600000)",
      .minimum = 1,
      .maximum = UINT32_MAX },
    { .name = "fields",
      .letter = 'f',
      .kind = OPTION_TEXT,
      AT(fields),
      .argument = "FIELDS",
      .help = "v2, v3, v4, v5, or names in any order (default v2)" },
    { .name = "attacks",
      .letter = 'a',
      .kind = OPTION_TEXT,
      AT(attacks),
      .argument = "PLAN",
      .help = "none, demo, @FILE, or entries parted by ';' (default none)" },
    { .name = "backups",
      .kind = OPTION_TEXT,
      AT(backups),
      .argument = "NODE",
      .help = "Back this node up every night, or none (default db-1 when there is one)" },
    { .name = "lateness",
      .kind = OPTION_DURATION,
      AT(lateness_ms),
      .argument = "T",
      .help = "The most by which delivery is late, up to 1h (default 10m)" },
    { .name = "late-permille",
      .kind = OPTION_INTEGER,
      AT(late_permille),
      .argument = "N",
      .help = "How many reports of a thousand are late (default 10)",
      .maximum = 1000 },
};

static const struct option_table fleet_table = {
    .program = "weir-gen fleet",
    .summary = "write the AWS flow logs of a fleet of nodes",
    .usage = "[OPTION...] --out DIR | --stdout [--out DIR]",
    .description =
        "Roles, a day curve, heavy tails, replies, rejects, pods, IPv6, delivery every five "
        "minutes "
        "with some reports late, NODATA and SKIPDATA lines. The same options give the same lines "
        "on every machine.\n\n"
        "An entry of a plan is KIND NODE START DURATION [FOLD]: KIND is exfil, dos, syn_flood or "
        "backup, START counts from the first minute, FOLD is a multiple of the node's usual "
        "traffic.",
    .examples =
        "  weir-gen fleet --gzip --attacks demo --out logs\n"
        "  weir-gen fleet --nodes 200 --days 1 --stdout | weir replay -\n"
        "  weir-gen fleet --attacks 'exfil api-1 2d9h 45m 100; dos web-2 2d15h 20m' -o logs\n",
    .rows = fleet_rows,
    .count = sizeof fleet_rows / sizeof fleet_rows[0],
};

static int fail(const struct error *err) {
    (void)fprintf(stderr, "weir-gen: %s\n", err->message);
    return err->code == ERROR_ARGUMENT ? EXIT_USAGE : EXIT_OUTPUT;
}

/* Parses; true when the command is to run, else `*status` is what to exit with. */
static bool parse(const struct option_table *table, int argc, char **argv, void *values,
                  int *status) {
    struct error err = { 0 };
    int first = argc;
    enum option_result result = option_parse(table, argc, argv, values, &first, &err);
    if (result == OPTION_RUN && first < argc) {
        result = OPTION_ERROR;
        (void)error_set(&err, ERROR_ARGUMENT, "\"%s\": no operand is expected", argv[first]);
    }
    *status = EXIT_SUCCESS;
    switch (result) {
    case OPTION_RUN: return true;
    case OPTION_HELP: option_print_help(table, stdout, false); return false;
    case OPTION_HELP_LONG: option_print_help(table, stdout, true); return false;
    case OPTION_VERSION: puts("weir-gen"); return false;
    case OPTION_ERROR: *status = fail(&err); return false;
    }
    return false;
}

static int run_random(int argc, char **argv) {
    struct random_values values = { .lines = 1000000, .seed = 1 };
    int status;
    if (!parse(&random_table, argc, argv, &values, &status)) {
        return status;
    }
    struct error err = { 0 };
    return gen_random_write(STDOUT_FILENO, values.lines, values.seed, &err) ? EXIT_SUCCESS
                                                                            : fail(&err);
}

static bool parse_start(const char *text, uint64_t *out_s, struct error *err) {
    static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:00Z" };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm utc = { 0 };
        const char *rest = strptime(text, forms[i], &utc);
        time_t at = rest != NULL && *rest == '\0' ? timegm(&utc) : -1;
        /* Times of the logs fit in 32 bits. */
        if (at >= 86400 && at < (time_t)UINT32_MAX / 2) {
            *out_s = (uint64_t)at;
            return true;
        }
    }
    return error_set(err, ERROR_ARGUMENT,
                     "--start \"%s\": expected 2026-03-02 or "
                     "2026-03-02T00:00Z, up to 2038",
                     text);
}

static bool fill_options(const struct fleet_values *values, struct gen_run_options *options,
                         struct error *err) {
    if (values->out == NULL && !values->is_stdout) {
        return error_set(err, ERROR_ARGUMENT, "expected --out DIR, --stdout, or both");
    }
    if (values->lateness_ms < 0 || values->lateness_ms > GEN_LATENESS_S_MAX * 1000) {
        return error_set(err, ERROR_ARGUMENT, "--lateness is at most 1h");
    }
    int64_t duration_ms =
        values->duration_ms > 0 ? values->duration_ms : (int64_t)values->days * 86400000;
    if (duration_ms < 60000 || duration_ms > INT64_C(3650) * 86400000) {
        return error_set(err, ERROR_ARGUMENT, "--duration is between 1m and 3650d");
    }
    *options = (struct gen_run_options){
        .seed = values->seed,
        .node_count = (uint32_t)values->nodes,
        .account_count = (uint32_t)values->accounts,
        .duration_s = (uint64_t)duration_ms / 60000 * 60,
        .folder = values->out,
        .is_stream = values->is_stdout,
        .descriptor = STDOUT_FILENO,
        .is_gzip = values->is_gzip,
        .lines_max = (uint32_t)values->lines_per_object,
        .fields = values->fields,
        .attacks = values->attacks,
        .backups = values->backups != NULL ? values->backups
                   : values->nodes >= 3    ? "db-1"
                                           : "none",
        .report = { .lateness_s = (uint32_t)(values->lateness_ms / 1000),
                    .late_share = (double)values->late_permille / 1000,
                    .skipdata_share = 0.00005 },
    };
    return parse_start(values->start, &options->start_s, err);
}

/* Runs with the plan's file in place of "@FILE". */
static bool run_with_plan(struct gen_run_options *options, struct gen_run_counts *counts,
                          struct error *err) {
    struct buffer plan;
    buffer_init(&plan, PLAN_SIZE_MAX);
    bool is_done = true;
    if (options->attacks[0] == '@') {
        is_done = file_read(options->attacks + 1, &plan, err);
        buffer_u8(&plan, 0);
        is_done = is_done && buffer_check(&plan, "a plan of attacks", err);
        options->attacks = (const char *)plan.data;
    }
    is_done = is_done && gen_run(options, counts, err);
    buffer_done(&plan);
    return is_done;
}

static int run_fleet(int argc, char **argv) {
    struct fleet_values values = {
        .nodes = 14,
        .days = 3,
        .accounts = 2,
        .seed = 1,
        .late_permille = 10,
        .lateness_ms = 600000,
        .start = "2026-03-02",
        .fields = "v2",
        .attacks = "none",
    };
    int status;
    if (!parse(&fleet_table, argc, argv, &values, &status)) {
        return status;
    }
    struct error err = { 0 };
    struct gen_run_options options;
    struct gen_run_counts counts = { 0 };
    if (!fill_options(&values, &options, &err) || !run_with_plan(&options, &counts, &err)) {
        return fail(&err);
    }
    (void)fprintf(stderr,
                  "weir-gen: %llu records (%llu late), %llu NODATA, %llu SKIPDATA (%llu records "
                  "lost), %llu files, %llu bytes of text\n",
                  (unsigned long long)counts.records, (unsigned long long)counts.late_records,
                  (unsigned long long)counts.nodata, (unsigned long long)counts.skipdata,
                  (unsigned long long)counts.lost_records, (unsigned long long)counts.files,
                  (unsigned long long)counts.text_bytes);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "random") == 0) {
        return run_random(argc - 1, argv + 1);
    }
    if (strcmp(command, "fleet") == 0) {
        return run_fleet(argc - 1, argv + 1);
    }
    bool is_help = strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0;
    (void)fputs("usage: weir-gen random|fleet [OPTION...]   (--help after either says more)\n",
                is_help ? stdout : stderr);
    return is_help ? EXIT_SUCCESS : EXIT_USAGE;
}
