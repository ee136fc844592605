/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_OPTION_H
#define WEIR_BASE_OPTION_H

#include "base/bytes.h"

#include <stdio.h>

/* The options of one program or subcommand as a table: it parses, prints help, and writes the man
 * page, so that the three cannot differ. Over getopt_long (libc). */

enum option_kind {
    OPTION_FLAG,     /* bool; no argument */
    OPTION_TEXT,     /* const char *, borrowed from argv */
    OPTION_INTEGER,  /* uint64_t, within [minimum, maximum] */
    OPTION_DURATION, /* int64_t milliseconds: "90s", "1h30m", a bare number is seconds */
    OPTION_SIZE,     /* uint64_t: "64M", "1GiB", "10k" (base/units.h) */
    OPTION_CHOICE,   /* int: index into `choices`, NULL-terminated */
    OPTION_LIST,     /* struct option_list: may be given many times */
};

#define OPTION_LIST_MAX 64

struct option_list {
    const char *values[OPTION_LIST_MAX];
    size_t count;
};

struct option_row {
    const char *name; /* long name, without dashes */
    char letter;      /* short name, or 0 */
    enum option_kind kind;
    size_t offset;        /* offsetof in the caller's struct */
    const char *argument; /* name of the argument in help: "DIR" */
    const char *help;     /* one sentence, no full stop; says the default */
    uint64_t minimum;     /* OPTION_INTEGER */
    uint64_t maximum;     /* 0: no bound */
    const char *const *choices;
    bool is_advanced; /* shown by --help, not by -h */
};

struct option_table {
    const char *program;     /* "weir replay" */
    const char *summary;     /* one line */
    const char *usage;       /* "[OPTION...] PATH..." */
    const char *description; /* paragraphs for --help and the man page */
    const char *examples;    /* lines, each indented by two */
    const struct option_row *rows;
    size_t count;
};

enum option_result {
    OPTION_RUN,       /* parsed; operands are argv[*first..argc) (options may follow operands) */
    OPTION_HELP,      /* -h was given; the caller prints help and exits 0 */
    OPTION_HELP_LONG, /* --help */
    OPTION_VERSION,   /* --version */
    OPTION_ERROR,     /* err: ERROR_ARGUMENT, names the option, suggests the nearest */
};

/* Parses into `values` (the struct that the offsets are about; defaults stand in it beforehand).
 * argv is permuted: operands come last. -h, --help and --version are known to every table. */
enum option_result option_parse(const struct option_table *table, int argc, char **argv,
                                void *values, int *first, struct error *err);

/* Help on `out`; `is_long` adds description and advanced options. */
void option_print_help(const struct option_table *table, FILE *out, bool is_long);

/* The man page's source (mdoc(7)), section 1. */
void option_print_man(const struct option_table *table, FILE *out);

/* The same of a program with `count` subcommands, all on one page; `summary` and `description` are
 * the program's own. */
void option_print_man_commands(const char *program, const char *summary, const char *description,
                               const struct option_table *const *tables, size_t count, FILE *out);

/* The candidate nearest to `word` by edit distance, or NULL when none is near (more than a third of
 * the word wrong). */
const char *option_nearest(const char *word, const char *const *candidates, size_t count);

#endif
