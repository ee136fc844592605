/* SPDX-License-Identifier: Apache-2.0 */
/* A table's rows wait as texts until there are enough to measure: each cell as a length and its
 * characters, made printable. Widths count characters, not bytes. */
#include "tools/sheet.h"

#include "base/json_write.h"
#include "base/time.h"
#include "base/units.h"
#include "tools/printable.h"

#define LINE_SIZE_MAX ((size_t)1 << 20)
#define WAITING_SIZE_MAX ((size_t)64 << 20)
#define CELL_SIZE 64u

void sheet_begin(struct sheet *sheet, enum sheet_form form, const struct sheet_column *columns,
                 uint32_t count, FILE *out) {
    *sheet = (struct sheet){ .form = form, .columns = columns, .count = count, .out = out };
    buffer_init(&sheet->line, LINE_SIZE_MAX);
    buffer_init(&sheet->waiting, WAITING_SIZE_MAX);
    buffer_init(&sheet->printable, 4 * LINE_SIZE_MAX);
}

static bool is_unsigned(enum sheet_kind kind) {
    return kind == SHEET_BYTES || kind == SHEET_COUNT;
}

static void put_line(struct sheet *sheet) {
    (void)fwrite(sheet->line.data, 1, sheet->line.size, sheet->out); /* console_flush looks */
    buffer_reset(&sheet->line);
}

/* A text as it is, or printable where it goes to a terminal or stands in a table. */
static struct bytes shown_text(struct sheet *sheet, struct bytes text) {
    if (sheet->form != SHEET_TABLE && !sheet->is_human) {
        return text;
    }
    buffer_reset(&sheet->printable);
    printable_put(&sheet->printable, text);
    return buffer_bytes(&sheet->printable);
}

/* Without the zeros at its end. */
static size_t format_decimal(const struct sheet *sheet, int64_t thousandths,
                             char scratch[CELL_SIZE]) {
    uint64_t much = (uint64_t)(thousandths < 0 ? -thousandths : thousandths);
    if (sheet->is_human && thousandths >= 100000) {
        return units_format_count(much / 1000, scratch);
    }
    size_t size =
        (size_t)snprintf(scratch, CELL_SIZE, "%s%llu.%03llu", thousandths < 0 ? "-" : "",
                         (unsigned long long)(much / 1000), (unsigned long long)(much % 1000));
    while (scratch[size - 1] == '0') {
        size--;
    }
    return scratch[size - 1] == '.' ? size - 1 : size;
}

/* A cell's text, valid until the next. `scratch` holds it when it is made here. */
static struct bytes cell_text(struct sheet *sheet, enum sheet_kind kind,
                              const struct sheet_cell *cell, char scratch[CELL_SIZE]) {
    uint64_t number = (uint64_t)cell->number;
    size_t size = 0;
    if (cell->is_none) {
        return bytes_text(sheet->form == SHEET_TABLE ? "-" : "");
    }
    switch (kind) {
    case SHEET_TEXT: return shown_text(sheet, cell->text);
    case SHEET_TIME:
        size = time_format(cell->number, sheet->zone, scratch);
        return bytes_of(scratch, size);
    case SHEET_BYTES:
        if (sheet->is_human) {
            return bytes_of(scratch, units_format_bytes(number, UNITS_SI, scratch));
        }
        break;
    case SHEET_COUNT:
        if (sheet->is_human) {
            return bytes_of(scratch, units_format_count(number, scratch));
        }
        break;
    case SHEET_DURATION:
        if (sheet->is_human) {
            return bytes_of(scratch, units_format_duration_short(cell->number, scratch));
        }
        break;
    case SHEET_SHARE:
        size = (size_t)snprintf(scratch, CELL_SIZE, "%lld.%02lld", (long long)cell->number / 100,
                                (long long)cell->number % 100);
        if (sheet->is_human) {
            size =
                (size_t)snprintf(scratch, CELL_SIZE, "%lld.%lld %%", (long long)cell->number / 100,
                                 (long long)cell->number / 10 % 10);
        }
        return bytes_of(scratch, size);
    case SHEET_DECIMAL: return bytes_of(scratch, format_decimal(sheet, cell->number, scratch));
    case SHEET_NUMBER: break;
    }
    size = is_unsigned(kind)
               ? (size_t)snprintf(scratch, CELL_SIZE, "%llu", (unsigned long long)number)
               : (size_t)snprintf(scratch, CELL_SIZE, "%lld", (long long)cell->number);
    return bytes_of(scratch, size);
}

static void csv_text(struct buffer *out, struct bytes text) {
    bool is_quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        is_quoted |= text.data[i] == ',' || text.data[i] == '"' || text.data[i] == '\n' ||
                     text.data[i] == '\r';
    }
    if (!is_quoted) {
        buffer_put(out, text.data, text.size);
        return;
    }
    buffer_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') {
            buffer_u8(out, '"');
        }
        buffer_u8(out, text.data[i]);
    }
    buffer_u8(out, '"');
}

static void csv_header(struct sheet *sheet) {
    for (uint32_t i = 0; i < sheet->count; i++) {
        buffer_put(&sheet->line, ",", i > 0);
        csv_text(&sheet->line, bytes_text(sheet->columns[i].name));
    }
    buffer_put(&sheet->line, "\r\n", 2);
    put_line(sheet);
}

static void csv_row(struct sheet *sheet, const struct sheet_cell *cells) {
    char scratch[CELL_SIZE];
    for (uint32_t i = 0; i < sheet->count; i++) {
        buffer_put(&sheet->line, ",", i > 0);
        csv_text(&sheet->line, cell_text(sheet, sheet->columns[i].kind, &cells[i], scratch));
    }
    buffer_put(&sheet->line, "\r\n", 2);
}

/* A bar inside of a cell would end it. */
static void markdown_cell(struct buffer *out, struct bytes text) {
    buffer_put(out, " ", 1);
    for (size_t i = 0; i < text.size; i++) {
        buffer_put(out, "\\", text.data[i] == '|');
        buffer_u8(out, text.data[i]);
    }
    buffer_put(out, " |", 2);
}

static void markdown_row(struct sheet *sheet, const struct sheet_cell *cells) {
    char scratch[CELL_SIZE];
    buffer_u8(&sheet->line, '|');
    for (uint32_t i = 0; i < sheet->count; i++) {
        markdown_cell(&sheet->line, cell_text(sheet, sheet->columns[i].kind, &cells[i], scratch));
    }
    buffer_u8(&sheet->line, '\n');
}

static void markdown_header(struct sheet *sheet) {
    buffer_u8(&sheet->line, '|');
    for (uint32_t i = 0; i < sheet->count; i++) {
        markdown_cell(&sheet->line, bytes_text(sheet->columns[i].name));
    }
    buffer_put(&sheet->line, "\n|", 2);
    for (uint32_t i = 0; i < sheet->count; i++) {
        buffer_put(&sheet->line, "---|", 4);
    }
    buffer_u8(&sheet->line, '\n');
    put_line(sheet);
}

static void json_row(struct sheet *sheet, const struct sheet_cell *cells) {
    char scratch[CELL_SIZE];
    struct json_writer json;
    json_init(&json, &sheet->line);
    json_begin_object(&json);
    for (uint32_t i = 0; i < sheet->count; i++) {
        enum sheet_kind kind = sheet->columns[i].kind;
        json_key(&json, sheet->columns[i].name);
        if (cells[i].is_none) {
            json_null(&json);
        } else if (kind == SHEET_TEXT || kind == SHEET_TIME) {
            json_text(&json, kind == SHEET_TEXT ? cells[i].text
                                                : cell_text(sheet, kind, &cells[i], scratch));
        } else if (kind == SHEET_SHARE) {
            json_decimal(&json, (double)cells[i].number / 100, 2);
        } else if (kind == SHEET_DECIMAL) {
            json_decimal(&json, (double)cells[i].number / 1000, 3);
        } else if (is_unsigned(kind)) {
            json_u64(&json, (uint64_t)cells[i].number);
        } else {
            json_i64(&json, cells[i].number);
        }
    }
    json_end_object(&json);
}

static void table_cell(struct sheet *sheet, uint32_t column, struct bytes text, bool is_last) {
    bool is_left =
        sheet->columns[column].kind == SHEET_TEXT || sheet->columns[column].kind == SHEET_TIME;
    uint32_t width = printable_width(text);
    uint32_t padding = width < sheet->widths[column] ? sheet->widths[column] - width : 0;
    for (uint32_t i = 0; i < padding && !is_left; i++) {
        buffer_u8(&sheet->line, ' ');
    }
    buffer_put(&sheet->line, text.data, text.size);
    for (uint32_t i = 0; i < padding && is_left && !is_last; i++) {
        buffer_u8(&sheet->line, ' ');
    }
}

/* Prints the rows that waited, under their header. */
static bool table_release(struct sheet *sheet, struct error *err) {
    struct cursor cursor = cursor_of(buffer_bytes(&sheet->waiting));
    sheet->is_measured = true;
    if (sheet->has_colour) {
        buffer_put(&sheet->line, "\033[1m", 4);
    }
    for (uint32_t i = 0; i < sheet->count; i++) {
        buffer_put(&sheet->line, "  ", i > 0 ? 2 : 0);
        table_cell(sheet, i, bytes_text(sheet->columns[i].name), i + 1 == sheet->count);
    }
    if (sheet->has_colour) {
        buffer_put(&sheet->line, "\033[0m", 4);
    }
    buffer_u8(&sheet->line, '\n');
    put_line(sheet);
    while (cursor_left(&cursor) > 0) {
        for (uint32_t i = 0; i < sheet->count; i++) {
            buffer_put(&sheet->line, "  ", i > 0 ? 2 : 0);
            table_cell(sheet, i, cursor_string(&cursor), i + 1 == sheet->count);
        }
        buffer_u8(&sheet->line, '\n');
        put_line(sheet);
    }
    bool ok = buffer_check(&sheet->waiting, "a table", err);
    buffer_reset(&sheet->waiting);
    return ok;
}

static bool table_row(struct sheet *sheet, const struct sheet_cell *cells, struct error *err) {
    char scratch[CELL_SIZE];
    if (sheet->rows == 1) {
        for (uint32_t i = 0; i < sheet->count; i++) {
            sheet->widths[i] = printable_width(bytes_text(sheet->columns[i].name));
        }
    }
    for (uint32_t i = 0; i < sheet->count; i++) {
        struct bytes text = cell_text(sheet, sheet->columns[i].kind, &cells[i], scratch);
        if (sheet->is_measured) {
            buffer_put(&sheet->line, "  ", i > 0 ? 2 : 0);
            table_cell(sheet, i, text, i + 1 == sheet->count);
        } else {
            uint32_t width = printable_width(text);
            sheet->widths[i] = width > sheet->widths[i] ? width : sheet->widths[i];
            buffer_string(&sheet->waiting, text);
        }
    }
    if (sheet->is_measured) {
        buffer_u8(&sheet->line, '\n');
    } else if (sheet->rows == SHEET_MEASURED_ROWS) {
        return table_release(sheet, err);
    }
    return true;
}

bool sheet_row(struct sheet *sheet, const struct sheet_cell *cells, struct error *err) {
    sheet->rows++;
    switch (sheet->form) {
    case SHEET_TABLE:
        if (!table_row(sheet, cells, err)) {
            return false;
        }
        break;
    case SHEET_CSV:
        if (sheet->rows == 1) {
            csv_header(sheet);
        }
        csv_row(sheet, cells);
        break;
    case SHEET_NDJSON:
        json_row(sheet, cells);
        buffer_u8(&sheet->line, '\n');
        break;
    case SHEET_JSON:
        buffer_put(&sheet->line, sheet->rows == 1 ? "[\n" : ",\n", 2);
        json_row(sheet, cells);
        break;
    case SHEET_MARKDOWN:
        if (sheet->rows == 1) {
            markdown_header(sheet);
        }
        markdown_row(sheet, cells);
        break;
    }
    bool ok = buffer_check(&sheet->line, "a row", err);
    put_line(sheet);
    return ok;
}

bool sheet_end(struct sheet *sheet, struct error *err) {
    bool ok = true;
    if (sheet->form == SHEET_JSON) {
        fputs(sheet->rows == 0 ? "[]\n" : "\n]\n", sheet->out);
    } else if (sheet->form == SHEET_CSV && sheet->rows == 0) {
        csv_header(sheet); /* no rows: the names all the same */
    } else if (sheet->form == SHEET_MARKDOWN && sheet->rows == 0) {
        markdown_header(sheet);
    } else if (sheet->form == SHEET_TABLE && !sheet->is_measured && sheet->rows > 0) {
        ok = table_release(sheet, err);
    }
    buffer_done(&sheet->line);
    buffer_done(&sheet->waiting);
    buffer_done(&sheet->printable);
    return ok;
}
