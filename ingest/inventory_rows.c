/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/inventory_rows.h"

#include "base/option.h"
#include "base/time.h"
#include "ingest/inventory_csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum column {
    COLUMN_NODE,
    COLUMN_MATCH,
    COLUMN_ROLE,
    COLUMN_IDENTITY,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_POD,
    COLUMN_NAMESPACE,
    COLUMN_WORKLOAD,
    COLUMN_COUNT,
};

static const char *const COLUMN_NAMES[COLUMN_COUNT] = {
    "node", "match", "role", "identity", "from", "to", "pod", "namespace", "workload",
};

#define ARENA_MAXIMUM ((size_t)256 << 20)
#define QUOTE_SIZE 60 /* of a bad value, in messages */

/* Which column the i-th field of a row is. */
struct layout {
    enum column columns[COLUMN_COUNT];
    size_t count;
};

__attribute__((format(printf, 4, 5))) static bool
fault(const struct csv *csv, enum column column, struct error *err, const char *format, ...) {
    char text[ERROR_MESSAGE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments); /* cut is fine */
    va_end(arguments);
    return error_set(err, ERROR_FORMAT, "line %llu: %s: %s", (unsigned long long)csv->line,
                     COLUMN_NAMES[column], text);
}

static int quote_size(struct bytes text) {
    return text.size < QUOTE_SIZE ? (int)text.size : QUOTE_SIZE;
}

/* For messages only: what is not printable ASCII would garble a terminal. */
static const char *quote(struct bytes text, char out[QUOTE_SIZE + 1]) {
    int size = quote_size(text);
    for (int i = 0; i < size; i++) {
        out[i] = (char)(text.data[i] >= ' ' && text.data[i] < 127 ? text.data[i] : '?');
    }
    out[size] = '\0';
    return out;
}

static bool add_column(struct layout *layout, const struct csv *csv, struct bytes name,
                       struct error *err) {
    char quoted[QUOTE_SIZE + 1];
    enum column column = 0;
    while (column < COLUMN_COUNT && !bytes_equal(name, bytes_text(COLUMN_NAMES[column]))) {
        column++;
    }
    if (column == COLUMN_COUNT) {
        const char *near = option_nearest(quote(name, quoted), COLUMN_NAMES, COLUMN_COUNT);
        return error_set(err, ERROR_FORMAT, "line %llu: unknown column '%s'%s%s%s",
                         (unsigned long long)csv->line, quoted,
                         near == NULL ? " (known: node, match, role, identity, from, to, pod, "
                                        "namespace, workload"
                                      : ": did you mean '",
                         near == NULL ? "" : near, near == NULL ? ")" : "'?");
    }
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->columns[i] == column) {
            return fault(csv, column, err, "the column is there twice");
        }
    }
    layout->columns[layout->count++] = column;
    return true;
}

static bool read_header(struct layout *layout, struct csv *csv, struct arena *arena,
                        struct error *err) {
    *layout = (struct layout){ 0 };
    if (!csv_begin_row(csv)) {
        return error_set(err, ERROR_FORMAT, "no header line (node,match,...)");
    }
    do {
        struct bytes name;
        if (!csv_field(csv, arena, &name, err) || !add_column(layout, csv, name, err)) {
            return false;
        }
    } while (csv->is_inside);
    bool has_node = false;
    bool has_match = false;
    for (size_t i = 0; i < layout->count; i++) {
        has_node |= layout->columns[i] == COLUMN_NODE;
        has_match |= layout->columns[i] == COLUMN_MATCH;
    }
    return (has_node && has_match) ||
           error_set(err, ERROR_FORMAT, "line %llu: the header lacks the column '%s'",
                     (unsigned long long)csv->line, has_node ? "match" : "node");
}

/* Only digits and dots, or hexadecimal digits and at least two colons: meant as an address. */
static bool has_address_shape(struct bytes text) {
    size_t dots = 0;
    size_t colons = 0;
    size_t digits = 0;
    size_t letters = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        dots += byte == '.';
        colons += byte == ':';
        digits += byte >= '0' && byte <= '9';
        letters += (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    }
    return (dots > 0 && dots + digits == text.size) ||
           (colons > 1 && dots + colons + digits + letters == text.size);
}

static bool read_match(struct inventory_row *row, const struct csv *csv, struct bytes text,
                       struct error *err) {
    char quoted[QUOTE_SIZE + 1];
    struct error why = { 0 };
    const uint8_t *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    struct bytes front = slash == NULL ? text : bytes_of(text.data, (size_t)(slash - text.data));
    if (text.size == 0) {
        return fault(csv, COLUMN_MATCH, err, "is empty");
    }
    if (!has_address_shape(front)) {
        row->is_id = true;
        row->id = text;
        return true;
    }
    return prefix_parse(text, &row->prefix, &why) ||
           fault(csv, COLUMN_MATCH, err, "'%s': %s", quote(text, quoted), why.message);
}

/* RFC 3339, a date, or @epoch; what is relative to now or to the data would change from run to run.
 */
static bool read_time(int64_t *out_ms, const struct csv *csv, enum column column, struct bytes text,
                      struct error *err) {
    char quoted[QUOTE_SIZE + 1];
    if (text.size == 0) {
        return true;
    }
    uint8_t last = text.data[text.size - 1];
    bool is_absolute = (text.data[0] == '@' || (text.size > 4 && text.data[4] == '-')) &&
                       ((last >= '0' && last <= '9') || last == 'Z' || last == 'z');
    struct time_context context = { .end_ms = TIME_UNKNOWN };
    struct error why = { 0 };
    return (is_absolute && time_parse(text, &context, out_ms, &why)) ||
           fault(csv, column, err,
                 "'%s' is not a time (2026-11-24, 2026-11-24T10:30:00Z, @1790000000)",
                 quote(text, quoted));
}

static bool set_field(struct inventory_row *row, const struct csv *csv, enum column column,
                      struct bytes text, struct error *err) {
    switch (column) {
    case COLUMN_NODE:
        row->entry.node = text;
        return text.size > 0 || fault(csv, column, err, "is empty");
    case COLUMN_MATCH: return read_match(row, csv, text, err);
    case COLUMN_ROLE: row->entry.role = text; return true;
    case COLUMN_IDENTITY: row->entry.identity = text; return true;
    case COLUMN_FROM: return read_time(&row->entry.from_ms, csv, column, text, err);
    case COLUMN_TO: return read_time(&row->entry.to_ms, csv, column, text, err);
    case COLUMN_POD: row->entry.pod = text; return true;
    case COLUMN_NAMESPACE: row->entry.namespace_ = text; return true;
    case COLUMN_WORKLOAD: row->entry.workload = text; return true;
    case COLUMN_COUNT: break;
    }
    return false;
}

static bool read_row(struct inventory_row *row, const struct layout *layout, struct csv *csv,
                     struct arena *arena, struct error *err) {
    *row = (struct inventory_row){
        .entry = { .from_ms = INT64_MIN, .to_ms = INT64_MAX },
        .next = INVENTORY_NONE,
        .next_of_node = INVENTORY_NONE,
    };
    uint64_t line = csv->next_line;
    size_t count = 0;
    do {
        struct bytes text;
        if (!csv_field(csv, arena, &text, err)) {
            return false;
        }
        if (count < layout->count && !set_field(row, csv, layout->columns[count], text, err)) {
            return false;
        }
        count++;
    } while (csv->is_inside);
    if (count != layout->count) {
        return error_set(err, ERROR_FORMAT, "line %llu: %zu fields, the header has %zu",
                         (unsigned long long)line, count, layout->count);
    }
    return row->entry.from_ms < row->entry.to_ms ||
           fault(csv, COLUMN_TO, err, "is not after 'from'");
}

static bool make_room(struct inventory_rows *rows, struct error *err) {
    if (rows->count == INVENTORY_ROWS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u rows", INVENTORY_ROWS_MAX);
    }
    if (rows->count < rows->capacity) {
        return true;
    }
    uint32_t capacity = rows->capacity == 0 ? 256 : 2 * rows->capacity;
    struct inventory_row *grown = realloc(rows->rows, capacity * sizeof *grown);
    if (grown == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    rows->rows = grown;
    rows->capacity = capacity;
    return true;
}

void inventory_rows_init(struct inventory_rows *rows) {
    *rows = (struct inventory_rows){ 0 };
    arena_init(&rows->arena, ARENA_MAXIMUM);
}

bool inventory_rows_add(struct inventory_rows *rows, const struct inventory_row *row,
                        struct error *err) {
    if (!make_room(rows, err)) {
        return false;
    }
    const struct inventory_entry *entry = &row->entry;
    rows->has_pods |= entry->pod.size + entry->namespace_.size + entry->workload.size > 0;
    rows->rows[rows->count++] = *row;
    return true;
}

bool inventory_rows_parse(struct inventory_rows *rows, struct bytes text, struct error *err) {
    inventory_rows_init(rows);
    struct csv csv = csv_of(text);
    struct layout layout;
    if (!read_header(&layout, &csv, &rows->arena, err)) {
        return false;
    }
    while (csv_begin_row(&csv)) {
        struct inventory_row row;
        if (!read_row(&row, &layout, &csv, &rows->arena, err) ||
            !inventory_rows_add(rows, &row, err)) {
            return false;
        }
    }
    return true;
}

void inventory_rows_done(struct inventory_rows *rows) {
    free(rows->rows);
    arena_done(&rows->arena);
    *rows = (struct inventory_rows){ 0 };
}
