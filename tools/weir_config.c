/* SPDX-License-Identifier: Apache-2.0 */
/* `weir config`: looks a configuration over, or shows all that may stand in one. */
#include "tools/config_file.h"
#include "tools/console.h"
#include "tools/weir.h"

#include <stdio.h>

struct config_options {
    const char *store;
};

static const struct option_row rows[] = {
    { .name = "store",
      .kind = OPTION_TEXT,
      .offset = offsetof(struct config_options, store),
      .argument = "DIR",
      .help = "check what the store in DIR holds of the operator, too" },
};

static const struct option_table table = {
    .program = "weir config",
    .summary = "look a configuration over, or print the defaults as one",
    .usage = "check [FILE] | defaults",
    .description =
        "check reads FILE as `weir replay --config FILE` does and says what is wrong with it, with "
        "its line and column, or what it holds. defaults prints a whole configuration, with a "
        "comment on each number, that changes nothing; what else may stand in one is shown "
        "commented out.\n\n"
        "Exit status: 0 done; 2 usage, or FILE is wrong.",
    .examples = "  weir config defaults > weir.yaml\n"
                "  weir config check weir.yaml",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int print_defaults(void) {
    struct config config;
    struct buffer text;
    struct error err = { 0 };
    config_init(&config);
    buffer_init(&text, (size_t)1 << 20);
    config_print(&config, &text);
    bool ok = buffer_check(&text, "the defaults", &err);
    if (ok) {
        (void)fwrite(text.data, 1, text.size, stdout); /* flush looks */
        ok = console_flush(&err);
    }
    buffer_done(&text);
    config_done(&config);
    return ok ? EXIT_DONE : console_fail(table.program, &err, EXIT_WRITE);
}

static size_t numbers_changed(const struct rule_params *params) {
    size_t count = 0;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        count += params->values[i] != rule_param_rows[i].initial;
    }
    return count;
}

static void print_counts(const char *name, const struct config *config) {
    const struct say *say = &config->say;
    const struct rule_params *rules = &config->detector.rules;
    printf("%s: right: %zu numbers other than the defaults, %d rules off, %zu overrides, "
           "%zu silences and allow-lists, %zu announcements, %zu never recycled, "
           "%zu acknowledgements",
           name, numbers_changed(rules), __builtin_popcount(rules->rules_off), say->set_count,
           say->silence_count, say->plan_count, say->exempt_count, say->ack_count);
    if (say->has_prefixes) {
        printf(", %zu service prefixes", say->prefix_count);
    }
    printf("\n");
}

static int check(const char *path, const char *store) {
    struct config config;
    struct error err = { 0 };
    config_init(&config);
    bool is_right = config_load(&config, path, store, &err);
    bool ok = is_right;
    if (ok) {
        print_counts(path != NULL ? path : store, &config);
        ok = console_flush(&err);
    }
    config_done(&config);
    return ok ? EXIT_DONE : console_fail(table.program, &err, is_right ? EXIT_WRITE : EXIT_USAGE);
}

static int run(int argc, char **argv) {
    struct config_options options = { 0 };
    struct error err = { 0 };
    int first;
    int status;
    enum option_result parsed = option_parse(&table, argc, argv, &options, &first, &err);
    if (!weir_should_run(&table, parsed, &err, &status)) {
        return status;
    }
    int count = argc - first;
    const char *verb = count > 0 ? argv[first] : "";
    if (strcmp(verb, "defaults") == 0 && count == 1) {
        return print_defaults();
    }
    if (strcmp(verb, "check") == 0 && count == (options.store == NULL ? 2 : count) && count <= 2) {
        return check(count == 2 ? argv[first + 1] : NULL, options.store);
    }
    console_say(table.program, "usage: weir config %s", table.usage);
    return EXIT_USAGE;
}

const struct weir_command weir_config = { .name = "config", .options = &table, .run = run };
