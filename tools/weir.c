/* SPDX-License-Identifier: Apache-2.0 */
/* `weir`: finds the subcommand and lets it run. */
#include "tools/weir.h"

#include "base/cpu.h"
#include "tools/console.h"
#include "tools/version.h"

#include <signal.h>

static const struct weir_command *const commands[] = {
    &weir_replay, &weir_ingest, &weir_doctor, &weir_rules, &weir_config, &weir_silence, &weir_ack,
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

bool weir_should_run(const struct option_table *table, enum option_result result,
                     const struct error *err, int *status) {
    *status = EXIT_DONE;
    switch (result) {
    case OPTION_RUN: return true;
    case OPTION_HELP: option_print_help(table, stdout, false); break;
    case OPTION_HELP_LONG: option_print_help(table, stdout, true); break;
    case OPTION_VERSION: version_print("weir", stdout); break;
    case OPTION_ERROR:
        console_say(table->program, "%s", err->message);
        *status = EXIT_USAGE;
        break;
    }
    return false;
}

static void print_help(FILE *out) {
    fputs("weir measures the traffic of every node, learns what is normal, and says with evidence\n"
          "when a node is flooded or leaks.\n\nusage: weir COMMAND [OPTION...] ...\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->options->summary);
    }
    fputs("\n`weir COMMAND --help` tells more; `flowq` asks the stored flows.\n", out);
}

static void print_man(FILE *out) {
    const struct option_table *tables[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        tables[i] = commands[i]->options;
    }
    option_print_man_commands(
        "weir", "find floods and leaks in the flows of a fleet",
        "Measures the traffic of every node, learns what is normal, and says with evidence when a "
        "node is flooded or leaks. The commands are told apart by the first word; flowq(1) asks "
        "the stored flows, and weir-filter(7) is its language.",
        tables, COMMAND_COUNT, out);
}

static int unknown(const char *word) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i]->name;
    }
    const char *nearest = option_nearest(word, names, COMMAND_COUNT);
    console_say("weir", "unknown command '%s'%s%s%s", word, nearest ? ": did you mean '" : "",
                nearest ? nearest : "", nearest ? "'?" : " (see weir --help)");
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    struct error err = { 0 };
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is seen as EPIPE (console_flush) */
    if (!cpu_check(&err)) {
        console_say("weir", "%s", err.message);
        return EXIT_USAGE;
    }
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        version_print("weir", stdout);
        return EXIT_DONE;
    }
    if (strcmp(word, "--man") == 0) {
        print_man(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    return unknown(word);
}
