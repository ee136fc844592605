/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_SHEET_H
#define WEIR_TOOLS_SHEET_H

#include "base/bytes.h"

#include <stdio.h>

/* Rows under named columns, printed in one of five forms. CSV (RFC 4180) and JSON have plain
 * numbers and whole texts, and so has a table in Markdown, for documents; a table has human units
 * when it is for a person. No form sends a control
 * character to a terminal: texts of a table, and of CSV for a person, are printable
 * (tools/printable.h). */

enum sheet_form { SHEET_TABLE, SHEET_CSV, SHEET_NDJSON, SHEET_JSON, SHEET_MARKDOWN };

enum sheet_kind {
    SHEET_TEXT,
    SHEET_NUMBER,   /* as it is, no units: ports */
    SHEET_COUNT,    /* 1.2 M */
    SHEET_BYTES,    /* 1.2 GB */
    SHEET_TIME,     /* Unix ms */
    SHEET_DURATION, /* ms */
    SHEET_SHARE,    /* parts of 10,000: a percentage */
    SHEET_DECIMAL,  /* thousandths: 1.25, 1.2 M */
};

struct sheet_column {
    const char *name;
    enum sheet_kind kind;
};

struct sheet_cell {
    struct bytes text; /* SHEET_TEXT, borrowed for the call */
    int64_t number;    /* all others; SHEET_COUNT and SHEET_BYTES: the bits of a uint64_t */
    bool is_none;      /* not known: nothing in a table and CSV, null in JSON */
};

#define SHEET_COLUMNS_MAX 32
/* A table's widths are taken from its first rows. */
#define SHEET_MEASURED_ROWS 1000u

struct zone;

struct sheet {
    enum sheet_form form;
    bool is_human; /* goes to a terminal */
    bool has_colour;
    const struct zone *zone; /* of times; NULL: UTC */
    const struct sheet_column *columns;
    uint32_t count;
    FILE *out;
    uint64_t rows;
    struct buffer line;
    struct buffer printable; /* of the cell in hand */
    /* a table's first rows, waiting for their widths */
    struct buffer waiting;
    bool is_measured;
    uint32_t widths[SHEET_COLUMNS_MAX];
};

/* `columns` is borrowed until sheet_end. */
void sheet_begin(struct sheet *sheet, enum sheet_form form, const struct sheet_column *columns,
                 uint32_t count, FILE *out);
/* `cells` has one cell a column. Errors: ERROR_LIMIT (a row of more than a MiB). Output errors are
 * found by console_flush. */
bool sheet_row(struct sheet *sheet, const struct sheet_cell *cells, struct error *err);
bool sheet_end(struct sheet *sheet, struct error *err);

#endif
