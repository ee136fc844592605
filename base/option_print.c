/* SPDX-License-Identifier: Apache-2.0 */
/* Help for a terminal and mdoc(7) source for the man page, from the table that parses (option.c).
 */
#include "base/option.h"

#include <ctype.h>

#define HELP_COLUMNS 80
#define HELP_INDENT 28
#define MDOC_COLUMNS 78
#define HELP_OF_HELP "-h prints the common options, --help all of them"
#define HELP_OF_VERSION "print the version"

/* " ARGUMENT": its name, or the choices. */
static void argument_text(const struct option_row *row, char *out, size_t size) {
    out[0] = '\0';
    if (row->kind == OPTION_FLAG) {
        return;
    }
    if (row->argument != NULL) {
        (void)snprintf(out, size, " %s", row->argument);
        return;
    }
    size_t used = 0;
    for (size_t i = 0; row->kind == OPTION_CHOICE && row->choices[i] != NULL && used < size; i++) {
        used +=
            (size_t)snprintf(out + used, size - used, "%c%s", i == 0 ? ' ' : '|', row->choices[i]);
    }
}

/* `text` wrapped at HELP_COLUMNS, each line from HELP_INDENT on; the first begins at `column`. */
static void print_wrapped(FILE *out, const char *text, size_t column) {
    if (column + 2 > HELP_INDENT) {
        (void)fputc('\n', out);
        column = 0;
    }
    bool is_first = true;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (!is_first && column + 1 + size > HELP_COLUMNS) {
            (void)fputc('\n', out);
            column = 0;
            is_first = true;
        }
        if (is_first) {
            (void)fprintf(out, "%*s", (int)(HELP_INDENT - column), "");
            column = HELP_INDENT;
        } else {
            (void)fputc(' ', out);
            column++;
        }
        (void)fprintf(out, "%.*s", (int)size, text);
        column += size;
        text += size;
        text += strspn(text, " ");
        is_first = false;
    }
    (void)fputc('\n', out);
}

static void print_row(FILE *out, char letter, const char *name, const char *argument,
                      const char *help) {
    char head[160];
    int size = letter != 0 ? snprintf(head, sizeof head, "  -%c, --%s%s", letter, name, argument)
                           : snprintf(head, sizeof head, "      --%s%s", name, argument);
    (void)fputs(head, out);
    print_wrapped(out, help, size < (int)sizeof head ? (size_t)size : sizeof head);
}

void option_print_help(const struct option_table *table, FILE *out, bool is_long) {
    (void)fprintf(out, "%s: %s\n\nusage: %s %s\n", table->program, table->summary, table->program,
                  table->usage);
    if (is_long && table->description != NULL) {
        (void)fprintf(out, "\n%s\n", table->description);
    }
    if (table->examples != NULL) {
        (void)fprintf(out, "\nexamples:\n%s\n", table->examples);
    }
    (void)fprintf(out, "\noptions:\n");
    for (const struct option_row *row = table->rows; row < table->rows + table->count; row++) {
        if (is_long || !row->is_advanced) {
            char argument[96];
            argument_text(row, argument, sizeof argument);
            print_row(out, row->letter, row->name, argument, row->help);
        }
    }
    print_row(out, 'h', "help", "", HELP_OF_HELP);
    print_row(out, 0, "version", "", HELP_OF_VERSION);
}

/* One character of mdoc text: a backslash is written \e, a dash \-, and a dot or quote may not
 * begin a line. */
static void put_mdoc(FILE *out, char c, bool is_line_start) {
    if (is_line_start && (c == '.' || c == '\'')) {
        (void)fputs("\\&", out);
    }
    switch (c) {
    case '\\': (void)fputs("\\e", out); break;
    case '-': (void)fputs("\\-", out); break;
    default: (void)fputc(c, out); break;
    }
}

/* Text whose lines stand as they are. */
static void print_mdoc_lines(FILE *out, const char *text) {
    bool is_line_start = true;
    for (; *text != '\0'; text++) {
        put_mdoc(out, *text, is_line_start);
        is_line_start = *text == '\n';
    }
    (void)fputc('\n', out);
}

/* Prose, word by word: a sentence begins a line, as mdoc wants it, and no line is long. */
static void print_mdoc_prose(FILE *out, const char *text, size_t size) {
    size_t column = 0;
    for (size_t at = 0; at < size;) {
        size_t word = strcspn(text + at, " \n");
        word = word < size - at ? word : size - at;
        for (size_t i = 0; i < word; i++) {
            put_mdoc(out, text[at + i], column == 0 && i == 0);
        }
        column += word;
        bool ends_sentence = word > 0 && text[at + word - 1] == '.';
        at += word;
        at += strspn(text + at, " \n");
        if (at < size) {
            size_t next = strcspn(text + at, " \n");
            bool breaks = ends_sentence || column + 1 + next > MDOC_COLUMNS;
            (void)fputc(breaks ? '\n' : ' ', out);
            column = breaks ? 0 : column + 1;
        }
    }
    (void)fputc('\n', out);
}

/* Paragraphs are apart by an empty line. */
static void print_mdoc_paragraphs(FILE *out, const char *text) {
    const char *end;
    while ((end = strstr(text, "\n\n")) != NULL) {
        print_mdoc_prose(out, text, (size_t)(end - text));
        (void)fputs(".Pp\n", out);
        text = end + 2;
    }
    print_mdoc_prose(out, text, strlen(text));
}

static void print_mdoc_row(FILE *out, char letter, const char *name, const char *argument,
                           const char *help) {
    (void)fputs(".It ", out);
    if (letter != 0) {
        (void)fprintf(out, "Fl %c , ", letter);
    }
    (void)fprintf(out, "Fl \\-%s", name);
    if (argument[0] != '\0') {
        (void)fprintf(out, " Ar \\&%s", argument + 1);
    }
    (void)fputc('\n', out);
    print_mdoc_prose(out, help, strlen(help));
}

static void print_mdoc_options(const struct option_table *table, FILE *out) {
    (void)fprintf(out, ".Pp\nThe options are:\n.Bl -tag -width Ds\n");
    for (const struct option_row *row = table->rows; row < table->rows + table->count; row++) {
        char argument[96];
        argument_text(row, argument, sizeof argument);
        print_mdoc_row(out, row->letter, row->name, argument, row->help);
    }
    print_mdoc_row(out, 'h', "help", "", HELP_OF_HELP);
    print_mdoc_row(out, 0, "version", "", HELP_OF_VERSION);
    (void)fprintf(out, ".El\n");
}

static void print_mdoc_examples(const char *examples, FILE *out) {
    if (examples != NULL) {
        (void)fprintf(out, ".Bd -literal\n");
        print_mdoc_lines(out, examples);
        (void)fprintf(out, ".Ed\n");
    }
}

static const char *description_of(const struct option_table *table) {
    return table->description == NULL ? table->summary : table->description;
}

static void print_man_head(const char *name, const char *summary, FILE *out) {
    /* Without a date: the page changes with the program, and builds must be reproducible. */
    (void)fprintf(out, ".Dd\n.Dt ");
    for (const char *c = name; *c != '\0'; c++) {
        (void)fputc(*c == ' ' ? '-' : toupper((unsigned char)*c), out);
    }
    (void)fprintf(out, " 1\n.Os\n.Sh NAME\n.Nm \"%s\"\n.Nd %s\n", name, summary);
}

static void print_man_synopsis(const struct option_table *table, FILE *out) {
    (void)fprintf(out, ".Nm \"%s\"\n", table->program);
    print_mdoc_lines(out, table->usage);
}

void option_print_man(const struct option_table *table, FILE *out) {
    print_man_head(table->program, table->summary, out);
    (void)fprintf(out, ".Sh SYNOPSIS\n");
    print_man_synopsis(table, out);
    (void)fprintf(out, ".Sh DESCRIPTION\n");
    print_mdoc_paragraphs(out, description_of(table));
    print_mdoc_options(table, out);
    if (table->examples != NULL) {
        (void)fprintf(out, ".Sh EXAMPLES\n");
        print_mdoc_examples(table->examples, out);
    }
}

void option_print_man_commands(const char *program, const char *summary, const char *description,
                               const struct option_table *const *tables, size_t count, FILE *out) {
    print_man_head(program, summary, out);
    (void)fprintf(out, ".Sh SYNOPSIS\n");
    for (size_t i = 0; i < count; i++) {
        print_man_synopsis(tables[i], out);
    }
    (void)fprintf(out, ".Sh DESCRIPTION\n");
    print_mdoc_paragraphs(out, description);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, ".Ss %s: %s\n", tables[i]->program, tables[i]->summary);
        print_mdoc_paragraphs(out, description_of(tables[i]));
        print_mdoc_options(tables[i], out);
    }
    (void)fprintf(out, ".Sh EXAMPLES\n");
    for (size_t i = 0; i < count; i++) {
        print_mdoc_examples(tables[i]->examples, out);
    }
}
