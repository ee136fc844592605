/* SPDX-License-Identifier: Apache-2.0 */
/* One table, three readers: getopt_long here, help and the man page in option_print.c. getopt's own
 * messages are off; ours name the option as it was written and suggest the nearest. */
#include "base/option.h"

#include "base/units.h"

#include <assert.h>
#include <getopt.h>

#define ROWS_MAX 96
/* What getopt_long returns for the long name of row i, and for the two that every table has: above
 * every letter. */
#define VALUE_ROW 0x100
#define VALUE_HELP 0x80
#define VALUE_VERSION 0x81

#define WORD_MAX 64

static const struct option_row *rows_end(const struct option_table *table) {
    return table->rows + table->count;
}

/* Distance of insertions, deletions, changes and swaps of neighbours ("optimal string alignment"),
 * by three rows of the usual table. Words of WORD_MAX characters or more are far from everything.
 */
static size_t edit_distance(const char *a, const char *b) {
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size >= WORD_MAX || b_size >= WORD_MAX) {
        return SIZE_MAX;
    }
    size_t rows[3][WORD_MAX];
    size_t *above2 = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    for (size_t k = 0; k <= b_size; k++) {
        row[k] = above2[k] = above[k] = k;
    }
    for (size_t i = 1; i <= a_size; i++) {
        row[0] = i;
        for (size_t k = 1; k <= b_size; k++) {
            size_t best = above[k - 1] + (a[i - 1] != b[k - 1]);
            best = above[k] + 1 < best ? above[k] + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                above2[k - 2] + 1 < best) {
                best = above2[k - 2] + 1;
            }
            row[k] = best;
        }
        size_t *free_row = above2;
        above2 = above;
        above = row;
        row = free_row;
    }
    return above[b_size];
}

const char *option_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(word, candidates[i]);
        if (distance < least) {
            least = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

/* "; did you mean '--top'?" when there is a suggestion, else nothing. */
struct hint {
    char text[WORD_MAX + 32];
};

static struct hint suggest(const char *before, const char *nearest) {
    struct hint hint = { "" };
    if (nearest != NULL) {
        (void)snprintf(hint.text, sizeof hint.text, "; did you mean '%s%s'?", before, nearest);
    }
    return hint;
}

static bool unknown_option(const struct option_table *table, const char *word, int letter,
                           struct error *err) {
    if (letter != 0) {
        return error_set(err, ERROR_ARGUMENT, "unknown option '-%c'; --help lists the options",
                         letter);
    }
    char name[WORD_MAX] = "";
    size_t size = strcspn(word + 2, "=");
    (void)snprintf(name, sizeof name, "%.*s", (int)(size < WORD_MAX ? size : WORD_MAX), word + 2);
    const char *names[ROWS_MAX + 2];
    size_t count = 0;
    for (const struct option_row *row = table->rows; row < rows_end(table); row++) {
        names[count++] = row->name;
    }
    names[count++] = "help";
    names[count++] = "version";
    const char *nearest = option_nearest(name, names, count);
    return error_set(err, ERROR_ARGUMENT, "unknown option '--%s'%s", name,
                     nearest == NULL ? "; --help lists the options" : suggest("--", nearest).text);
}

static bool set_integer(const struct option_row *row, const char *text, uint64_t *out,
                        struct error *err) {
    uint64_t value;
    if (!units_parse_count(bytes_text(text), &value, err)) {
        return false;
    }
    if (row->maximum == 0 && value < row->minimum) {
        return error_set(err, ERROR_ARGUMENT, "%s is out of range (at least %lu)", text,
                         row->minimum);
    }
    if (row->maximum != 0 && (value < row->minimum || value > row->maximum)) {
        return error_set(err, ERROR_ARGUMENT, "%s is out of range (%lu to %lu)", text, row->minimum,
                         row->maximum);
    }
    *out = value;
    return true;
}

static bool set_choice(const struct option_row *row, const char *text, int *out,
                       struct error *err) {
    size_t count = 0;
    char names[128] = "";
    size_t used = 0;
    for (; row->choices[count] != NULL; count++) {
        if (strcmp(row->choices[count], text) == 0) {
            *out = (int)count;
            return true;
        }
        if (used < sizeof names) {
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     count == 0 ? "" : ", ", row->choices[count]);
        }
    }
    const char *nearest = option_nearest(text, row->choices, count);
    return error_set(err, ERROR_ARGUMENT, "'%.40s' is not one of %s%s", text, names,
                     suggest("", nearest).text);
}

static bool set_list(struct option_list *list, const char *text, struct error *err) {
    if (list->count == OPTION_LIST_MAX) {
        return error_set(err, ERROR_ARGUMENT, "given more than %d times", OPTION_LIST_MAX);
    }
    list->values[list->count++] = text;
    return true;
}

static bool set_value(const struct option_row *row, const char *text, void *values,
                      struct error *err) {
    void *out = (char *)values + row->offset;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)out = true; return true;
    case OPTION_TEXT: *(const char **)out = text; return true;
    case OPTION_INTEGER: return set_integer(row, text, out, err);
    case OPTION_DURATION: return units_parse_duration(bytes_text(text), out, err);
    case OPTION_SIZE: return units_parse_size(bytes_text(text), out, err);
    case OPTION_CHOICE: return set_choice(row, text, out, err);
    case OPTION_LIST: return set_list(out, text, err);
    }
    return error_set(err, ERROR_ARGUMENT, "an option of an unknown kind");
}

/* The two forms in which getopt_long takes a table. */
struct forms {
    struct option long_options[ROWS_MAX + 3];
    char letters[2 * ROWS_MAX + 4];
};

static void make_forms(const struct option_table *table, struct forms *forms) {
    assert(table->count <= ROWS_MAX);
    *forms = (struct forms){ .letters = ":h" }; /* ':' first: no messages, and ':' when an argument
                                                   is missing */
    size_t used = 2;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        int needs = row->kind == OPTION_FLAG ? no_argument : required_argument;
        forms->long_options[i] =
            (struct option){ .name = row->name, .has_arg = needs, .val = VALUE_ROW + (int)i };
        if (row->letter != 0) {
            forms->letters[used++] = row->letter;
            if (needs == required_argument) {
                forms->letters[used++] = ':';
            }
        }
    }
    forms->long_options[table->count] = (struct option){ .name = "help", .val = VALUE_HELP };
    forms->long_options[table->count + 1] =
        (struct option){ .name = "version", .val = VALUE_VERSION };
}

/* The row of what getopt_long returned (or left in optopt), or NULL. */
static const struct option_row *find_row(const struct option_table *table, int value) {
    if (value >= VALUE_ROW && value < VALUE_ROW + (int)table->count) {
        return &table->rows[value - VALUE_ROW];
    }
    for (const struct option_row *row = table->rows; row < rows_end(table); row++) {
        if (value != 0 && row->letter == value) {
            return row;
        }
    }
    return NULL;
}

/* getopt_long said '?': an option that is unknown, ambiguous, or a flag with "=value". */
static bool refuse(const struct option_table *table, char **argv, struct error *err) {
    const char *word = argv[optind - 1];
    if (optopt >= VALUE_HELP) {
        const struct option_row *row = find_row(table, optopt);
        const char *name = row != NULL ? row->name : optopt == VALUE_HELP ? "help" : "version";
        return error_set(err, ERROR_ARGUMENT, "--%s takes no argument", name);
    }
    return unknown_option(table, word, optopt, err);
}

enum option_result option_parse(const struct option_table *table, int argc, char **argv,
                                void *values, int *first, struct error *err) {
    struct forms forms;
    make_forms(table, &forms);
    optind = 0; /* glibc: start anew, for another argv */
    opterr = 0;
    for (;;) {
        int value = getopt_long(argc, argv, forms.letters, forms.long_options, NULL);
        switch (value) {
        case -1: *first = optind; return OPTION_RUN;
        case 'h': return OPTION_HELP;
        case VALUE_HELP: return OPTION_HELP_LONG;
        case VALUE_VERSION: return OPTION_VERSION;
        case '?': (void)refuse(table, argv, err); return OPTION_ERROR;
        default: break;
        }
        const struct option_row *row = find_row(table, value == ':' ? optopt : value);
        assert(row != NULL);
        if (value == ':') {
            (void)error_set(err, ERROR_ARGUMENT, "--%s needs an argument: %s", row->name,
                            row->argument == NULL ? "a value" : row->argument);
            return OPTION_ERROR;
        }
        if (!set_value(row, optarg, values, err)) {
            (void)error_context(err, "--%s", row->name);
            return OPTION_ERROR;
        }
    }
}
