/* SPDX-License-Identifier: Apache-2.0 */
/* weir-gen: makes flow logs and captures for tests, benches and the demo. It knows how fleets
 * behave and how AWS writes it down, and nothing of what a detector looks for. */
#include "base/file.h"
#include "base/units.h"
#include "tests/gen/gen_options.h"
#include "tests/gen/gen_random.h"
#include "tests/gen/gen_random_packets.h"
#include "tests/gen/gen_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_OUTPUT 4
#define PLAN_SIZE_MAX ((size_t)1 << 20)

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
    struct gen_random_values values = { .lines = 1000000, .seed = 1 };
    int status;
    if (!parse(&gen_random_table, argc, argv, &values, &status)) {
        return status;
    }
    struct error err = { 0 };
    return gen_random_write(STDOUT_FILENO, values.lines, values.seed, &err) ? EXIT_SUCCESS
                                                                            : fail(&err);
}

static int run_random_packets(int argc, char **argv) {
    struct gen_random_packets_values values = { .packets = 1000000, .flows = 500000, .seed = 1 };
    int status;
    if (!parse(&gen_random_packets_table, argc, argv, &values, &status)) {
        return status;
    }
    struct error err = { 0 };
    const struct gen_random_packets_options options = { .packets = values.packets,
                                                        .flows = values.flows,
                                                        .seed = values.seed };
    return gen_random_packets_write(STDOUT_FILENO, &options, &err) ? EXIT_SUCCESS : fail(&err);
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

static bool fill_plan(const struct gen_fleet_values *values, uint64_t duration_s,
                      struct gen_plan_options *plan, struct error *err) {
    uint64_t third_s = duration_s / 3 < 7 * 86400 ? duration_s / 3 : 7 * 86400;
    *plan = (struct gen_plan_options){
        .churn_a_day = (double)values->churn,
        .attacks_per_kind = (uint32_t)values->attacks_per_kind,
        .attacks_a_week = (double)values->attack_rate,
        .quiet_s = values->quiet_ms > 0 ? (uint64_t)values->quiet_ms / 1000 : third_s,
    };
    uint32_t without = 0;
    if (values->without != NULL) {
        if (values->with != NULL) {
            return error_set(err, ERROR_ARGUMENT, "--with and --without exclude each other");
        }
        plan->parts = GEN_PARTS_ALL;
    }
    if ((values->with != NULL && !gen_plan_parse_parts(values->with, &plan->parts, err)) ||
        (values->without != NULL && !gen_plan_parse_parts(values->without, &without, err))) {
        return false;
    }
    plan->parts &= ~without;
    return true;
}

static bool fill_options(const struct gen_fleet_values *values, struct gen_run_options *options,
                         struct error *err) {
    if (values->out == NULL && !values->is_stdout) {
        return error_set(err, ERROR_ARGUMENT, "expected --out DIR, --stdout, or both");
    }
    if (values->lateness_ms < 0 || values->lateness_ms > GEN_LATENESS_S_MAX * 1000) {
        return error_set(err, ERROR_ARGUMENT, "--lateness is at most 1h");
    }
    int64_t days = (int64_t)(values->weeks > 0 ? 7 * values->weeks : values->days);
    int64_t duration_ms = values->duration_ms > 0 ? values->duration_ms : days * 86400000;
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
        .is_plan_only = values->is_plan_only,
        .descriptor = STDOUT_FILENO,
        .is_gzip = values->is_gzip,
        .lines_max = (uint32_t)values->lines_per_object,
        .fields = values->fields,
        .attacks = values->attacks,
        .backups = values->backups != NULL ? values->backups : "none",
        .report = { .lateness_s = (uint32_t)(values->lateness_ms / 1000),
                    .late_share = (double)values->late_permille / 1000,
                    .skipdata_share = 0.00005 },
    };
    if (!fill_plan(values, options->duration_s, &options->plan, err)) {
        return false;
    }
    /* Where benign life has a say, it says who is backed up. */
    if (values->backups == NULL && values->nodes >= 3 && options->plan.parts == 0) {
        options->backups = "db-1";
    }
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

/* Parses, runs, and leaves what was done in `counts`; the exit status. */
static int run_table(const struct option_table *table, struct gen_fleet_values *values,
                     bool is_capture, int argc, char **argv, struct gen_run_counts *counts) {
    int status;
    if (!parse(table, argc, argv, values, &status)) {
        return status;
    }
    struct error err = { 0 };
    struct gen_run_options options;
    if (!fill_options(values, &options, &err)) {
        return fail(&err);
    }
    options.is_capture = is_capture;
    return run_with_plan(&options, counts, &err) ? EXIT_SUCCESS : fail(&err);
}

static int run_fleet(int argc, char **argv) {
    struct gen_fleet_values values = {
        .nodes = 14,
        .days = 3,
        .accounts = 2,
        .seed = 1,
        .late_permille = 10,
        .churn = 3,
        .attack_rate = 1,
        .lateness_ms = 600000,
        .start = "2026-03-02",
        .fields = "v2",
        .attacks = "none",
    };
    struct gen_run_counts counts = { 0 };
    int status = run_table(&gen_fleet_table, &values, false, argc, argv, &counts);
    if (status == EXIT_SUCCESS && counts.text_bytes > 0) {
        (void)fprintf(
            stderr,
            "weir-gen: %llu records (%llu late), %llu NODATA, %llu SKIPDATA (%llu records "
            "lost), %llu files, %llu bytes of text\n",
            (unsigned long long)counts.records, (unsigned long long)counts.late_records,
            (unsigned long long)counts.nodata, (unsigned long long)counts.skipdata,
            (unsigned long long)counts.lost_records, (unsigned long long)counts.files,
            (unsigned long long)counts.text_bytes);
    }
    return status;
}

static int run_packets(int argc, char **argv) {
    struct gen_fleet_values values = {
        .nodes = 14,
        .duration_ms = 300000,
        .accounts = 2,
        .seed = 1,
        .start = "2026-03-02",
        .fields = "v2",
        .attacks = "none",
    };
    struct gen_run_counts counts = { 0 };
    int status = run_table(&gen_packets_table, &values, true, argc, argv, &counts);
    if (status == EXIT_SUCCESS && counts.packets > 0) {
        (void)fprintf(stderr, "weir-gen: %llu packets, %llu bytes on the wire\n",
                      (unsigned long long)counts.packets, (unsigned long long)counts.frame_bytes);
    }
    return status;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {
        { "random", run_random },
        { "random-packets", run_random_packets },
        { "fleet", run_fleet },
        { "packets", run_packets },
    };
    const char *command = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(command, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    bool is_help = strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0;
    (void)fputs("usage: weir-gen random|random-packets|fleet|packets [OPTION...]   (--help behind "
                "it says more)\n",
                is_help ? stdout : stderr);
    return is_help ? EXIT_SUCCESS : EXIT_USAGE;
}
