/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct values {
    const char *store;
    bool is_forced;
    uint64_t threads;
    uint64_t top;
    int64_t window_ms;
    uint64_t memory_bytes;
    int output;
    struct option_list allow;
};

static const char *const outputs[] = { "table", "csv", "ndjson", NULL };

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct values, store),
      .argument = "DIR",
      .help = "keep what is found in DIR" },
    { .name = "force",
      .letter = 'f',
      .kind = OPTION_FLAG,
      .offset = offsetof(struct values, is_forced),
      .help = "start anew" },
    { .name = "threads",
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct values, threads),
      .argument = "N",
      .minimum = 1,
      .maximum = 64,
      .help = "decode on N threads; the default is one for each core that this machine has" },
    { .name = "top",
      .kind = OPTION_INTEGER,
      .offset = offsetof(struct values, top),
      .argument = "N",
      .minimum = 1,
      .help = "rows" },
    { .name = "window",
      .letter = 'w',
      .kind = OPTION_DURATION,
      .offset = offsetof(struct values, window_ms),
      .argument = "T",
      .help = "window (default 60s)" },
    { .name = "memory",
      .kind = OPTION_SIZE,
      .offset = offsetof(struct values, memory_bytes),
      .argument = "SIZE",
      .help = "memory \\ bound",
      .is_advanced = true },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct values, output),
      .choices = outputs,
      .help = "form of the rows" },
    { .name = "allow",
      .kind = OPTION_LIST,
      .offset = offsetof(struct values, allow),
      .argument = "FILTER",
      .help = "never alert on FILTER" },
};

static const struct option_table table = {
    .program = "weir replay",
    .summary = "find attacks in flow logs",
    .usage = "[OPTION...] PATH...",
    .description = "Reads logs.\n\n.dots and -dashes survive.",
    .examples = "  weir replay logs/",
    .rows = rows,
    .count = COUNT(rows),
};

/* Parses words apart by spaces. */
static char line[256];
static char *words[80];

static enum option_result parse(const char *text, struct values *values, int *first,
                                struct error *err) {
    int count = 0;
    (void)snprintf(line, sizeof line, "weir %s", text);
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    words[count] = NULL;
    *values = (struct values){ .threads = 2 };
    *err = (struct error){ 0 };
    return option_parse(&table, count, words, values, first, err);
}

static void every_kind_is_stored_where_its_offset_says(void **state) {
    (void)state;
    struct values values;
    struct error err;
    int first;
    assert_int_equal(parse("--store d -f --threads=8 --window 1h30m --memory 64M -o ndjson "
                           "--allow a --allow b --top 5k",
                           &values, &first, &err),
                     OPTION_RUN);
    assert_string_equal(values.store, "d");
    assert_true(values.is_forced);
    assert_int_equal(values.threads, 8);
    assert_int_equal(values.top, 5000);
    assert_int_equal(values.window_ms, 5400000);
    assert_int_equal(values.memory_bytes, 64000000);
    assert_int_equal(values.output, 2);
    assert_int_equal(values.allow.count, 2);
    assert_string_equal(values.allow.values[1], "b");
}

static void defaults_stand_when_nothing_is_given(void **state) {
    (void)state;
    struct values values;
    struct error err;
    int first = -1;
    assert_int_equal(parse("", &values, &first, &err), OPTION_RUN);
    assert_int_equal(first, 1);
    assert_int_equal(values.threads, 2);
    assert_null(values.store);
}

static void options_may_follow_operands_and_two_dashes_end_them(void **state) {
    (void)state;
    struct values values;
    struct error err;
    int first;
    assert_int_equal(parse("a -f b -- -x", &values, &first, &err), OPTION_RUN);
    assert_true(values.is_forced);
    assert_string_equal(words[first], "a");
    assert_string_equal(words[first + 1], "b");
    assert_string_equal(words[first + 2], "-x");
    assert_null(words[first + 3]);
}

static void help_and_version_are_known_to_every_table(void **state) {
    (void)state;
    struct values values;
    struct error err;
    int first;
    assert_int_equal(parse("x -h", &values, &first, &err), OPTION_HELP);
    assert_int_equal(parse("--help", &values, &first, &err), OPTION_HELP_LONG);
    assert_int_equal(parse("--version", &values, &first, &err), OPTION_VERSION);
}

static const struct {
    const char *words;
    const char *message;
} faults[] = {
    { "--window 6x", "--window: '6x' is not a duration (e.g. 90s, 1h30m)" },
    { "-w 6x", "--window: '6x' is not a duration (e.g. 90s, 1h30m)" },
    { "--memory 1Q", "--memory: '1Q' is not a size below 2^64 bytes (e.g. 4096, 64M, 1GiB)" },
    { "--threads 0", "--threads: 0 is out of range (1 to 64)" },
    { "--threads 65", "--threads: 65 is out of range (1 to 64)" },
    { "--threads -1", "--threads: '-1' is not a count below 2^64 (e.g. 1500, 10k, 2M)" },
    { "--top 0", "--top: 0 is out of range (at least 1)" },
    { "-o cvs", "--output: 'cvs' is not one of table, csv, ndjson; did you mean 'csv'?" },
    { "-o xml", "--output: 'xml' is not one of table, csv, ndjson" },
    { "--theads 3", "unknown option '--theads'; did you mean '--threads'?" },
    { "--theads=3", "unknown option '--theads'; did you mean '--threads'?" },
    { "--hlep", "unknown option '--hlep'; did you mean '--help'?" },
    { "--zzz", "unknown option '--zzz'; --help lists the options" },
    { "-x", "unknown option '-x'; --help lists the options" },
    { "-fx", "unknown option '-x'; --help lists the options" },
    { "--t 3", "unknown option '--t'; --help lists the options" }, /* threads or top? */
    { "--force=1", "--force takes no argument" },
    { "--help=1", "--help takes no argument" },
    { "--store", "--store needs an argument: DIR" },
    { "-w", "--window needs an argument: T" },
    { "-o", "--output needs an argument: a value" },
};

static void errors_name_the_option_and_the_nearest_word(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct values values;
        struct error err;
        int first;
        assert_int_equal(parse(faults[i].words, &values, &first, &err), OPTION_ERROR);
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_string_equal(err.message, faults[i].message);
    }
}

static void a_list_holds_its_maximum_and_no_more(void **state) {
    (void)state;
    char *many[OPTION_LIST_MAX + 3] = { (char[]){ "weir" } };
    char option[] = "--allow=x";
    for (int i = 1; i < OPTION_LIST_MAX + 2; i++) {
        many[i] = option;
    }
    struct values values = { 0 };
    struct error err = { 0 };
    int first;
    assert_int_equal(option_parse(&table, OPTION_LIST_MAX + 1, many, &values, &first, &err),
                     OPTION_RUN);
    assert_int_equal(values.allow.count, OPTION_LIST_MAX);
    values = (struct values){ 0 };
    assert_int_equal(option_parse(&table, OPTION_LIST_MAX + 2, many, &values, &first, &err),
                     OPTION_ERROR);
    assert_string_equal(err.message, "--allow: given more than 64 times");
}

static void the_nearest_word_is_near(void **state) {
    (void)state;
    static const char *const names[] = { "src_port", "dst_port", "bytes", "proto" };
    assert_string_equal(option_nearest("srcprt", names, 4), "src_port");
    assert_string_equal(option_nearest("bytse", names, 4), "bytes"); /* a swap is one fault */
    assert_string_equal(option_nearest("bytes", names, 4), "bytes");
    assert_null(option_nearest("packets", names, 4));
    assert_null(option_nearest("b", names, 4));
    assert_null(option_nearest("", names, 4));
    assert_null(option_nearest("bytes", names, 0));
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(option_nearest(longest, names, 4));
    longest[63] = '\0';
    const char *self = longest;
    assert_string_equal(option_nearest(longest, &self, 1), longest);
}

/* What a printer wrote; freed by the caller. */
static char *printed(int which) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (which == 2) {
        option_print_man(&table, out);
    } else {
        option_print_help(&table, out, which == 1);
    }
    (void)fclose(out);
    return text;
}

static void short_help_has_usage_examples_and_common_options(void **state) {
    (void)state;
    char *text = printed(0);
    assert_string_equal(
        text, "weir replay: find attacks in flow logs\n"
              "\n"
              "usage: weir replay [OPTION...] PATH...\n"
              "\n"
              "examples:\n"
              "  weir replay logs/\n"
              "\n"
              "options:\n"
              "      --store DIR           keep what is found in DIR\n"
              "  -f, --force               start anew\n"
              "      --threads N           decode on N threads; the default is one for each\n"
              "                            core that this machine has\n"
              "      --top N               rows\n"
              "  -w, --window T            window (default 60s)\n"
              "  -o, --output table|csv|ndjson\n"
              "                            form of the rows\n"
              "      --allow FILTER        never alert on FILTER\n"
              "  -h, --help                -h prints the common options, --help all of them\n"
              "      --version             print the version\n");
    free(text);
}

static void long_help_and_the_man_page_hold_every_option(void **state) {
    (void)state;
    for (int which = 1; which < 3; which++) {
        char *text = printed(which);
        for (size_t i = 0; i < COUNT(rows); i++) {
            char want[64];
            (void)snprintf(want, sizeof want, which == 1 ? "--%s" : "Fl \\-%s", rows[i].name);
            assert_non_null(strstr(text, want));
        }
        free(text);
    }
}

static void the_man_page_escapes_what_mdoc_would_read(void **state) {
    (void)state;
    char *text = printed(2);
    assert_non_null(strstr(text, ".Pp\n\\&.dots and \\-dashes survive.\n"));
    assert_non_null(strstr(text, "memory \\e bound\n"));
    assert_non_null(strstr(text, ".It Fl o , Fl \\-output Ar \\&table|csv|ndjson\n"));
    assert_non_null(strstr(text, ".Dt WEIR-REPLAY 1\n"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_stored_where_its_offset_says),
        cmocka_unit_test(defaults_stand_when_nothing_is_given),
        cmocka_unit_test(options_may_follow_operands_and_two_dashes_end_them),
        cmocka_unit_test(help_and_version_are_known_to_every_table),
        cmocka_unit_test(errors_name_the_option_and_the_nearest_word),
        cmocka_unit_test(a_list_holds_its_maximum_and_no_more),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(short_help_has_usage_examples_and_common_options),
        cmocka_unit_test(long_help_and_the_man_page_hold_every_option),
        cmocka_unit_test(the_man_page_escapes_what_mdoc_would_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
