/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/inventory_csv.h"

struct csv csv_of(struct bytes text) {
    bool has_mark = text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0;
    return (struct csv){ .text = text, .offset = has_mark ? 3 : 0, .line = 1, .next_line = 1 };
}

static bool is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

/* How many bytes the end of a line takes at `offset`: 0 when there is none; at the end of the text
 * too. */
static size_t end_size(const struct csv *csv, size_t offset) {
    size_t left = csv->text.size - offset;
    const uint8_t *at = csv->text.data + offset;
    if (left >= 1 && at[0] == '\n') {
        return 1;
    }
    return left >= 2 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

bool csv_begin_row(struct csv *csv) {
    while (csv->offset < csv->text.size) {
        size_t at = csv->offset;
        while (at < csv->text.size && is_blank(csv->text.data[at])) {
            at++;
        }
        size_t size = at < csv->text.size ? end_size(csv, at) : 0;
        if (size == 0 && at < csv->text.size) {
            return true;
        }
        csv->offset = at + size;
        csv->next_line += size > 0;
    }
    return false;
}

/* Behind a field: a comma, the end of the line, or the end of the text. */
static bool finish_field(struct csv *csv, struct error *err) {
    size_t size = csv->offset < csv->text.size ? end_size(csv, csv->offset) : 0;
    csv->is_inside = false;
    if (csv->offset == csv->text.size) {
        return true;
    }
    if (size > 0) {
        csv->offset += size;
        csv->next_line++;
        return true;
    }
    if (csv->text.data[csv->offset] == ',') {
        csv->offset++;
        csv->is_inside = true;
        return true;
    }
    return error_set(err, ERROR_FORMAT, "line %llu: text behind a closing quote",
                     (unsigned long long)csv->next_line);
}

/* `text` with each "" as one ". */
static bool undo_quotes(struct bytes text, struct arena *arena, struct bytes *field,
                        struct error *err) {
    uint8_t *out = arena_take(arena, text.size);
    if (out == NULL) {
        return error_set(err, ERROR_LIMIT, "too much text in quotes");
    }
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        out[size++] = text.data[i];
        i += text.data[i] == '"';
    }
    *field = bytes_of(out, size);
    return true;
}

static bool quoted_field(struct csv *csv, struct arena *arena, struct bytes *field,
                         struct error *err) {
    size_t first = ++csv->offset;
    bool has_quotes = false;
    for (;; csv->offset++) {
        if (csv->offset == csv->text.size) {
            return error_set(err, ERROR_FORMAT, "line %llu: a quote is not closed",
                             (unsigned long long)csv->line);
        }
        uint8_t byte = csv->text.data[csv->offset];
        csv->next_line += byte == '\n';
        if (byte != '"') {
            continue;
        }
        bool is_doubled =
            csv->offset + 1 < csv->text.size && csv->text.data[csv->offset + 1] == '"';
        if (!is_doubled) {
            break;
        }
        has_quotes = true;
        csv->offset++;
    }
    *field = bytes_of(csv->text.data + first, csv->offset - first);
    csv->offset++;
    while (csv->offset < csv->text.size && is_blank(csv->text.data[csv->offset])) {
        csv->offset++;
    }
    return (!has_quotes || undo_quotes(*field, arena, field, err)) && finish_field(csv, err);
}

bool csv_field(struct csv *csv, struct arena *arena, struct bytes *field, struct error *err) {
    const uint8_t *data = csv->text.data;
    csv->line = csv->next_line;
    while (csv->offset < csv->text.size && is_blank(data[csv->offset])) {
        csv->offset++;
    }
    if (csv->offset < csv->text.size && data[csv->offset] == '"') {
        return quoted_field(csv, arena, field, err);
    }
    size_t first = csv->offset;
    while (csv->offset < csv->text.size && data[csv->offset] != ',' &&
           end_size(csv, csv->offset) == 0) {
        if (data[csv->offset] == '"') {
            return error_set(err, ERROR_FORMAT, "line %llu: a quote inside a field without quotes",
                             (unsigned long long)csv->line);
        }
        csv->offset++;
    }
    size_t end = csv->offset;
    while (end > first && is_blank(data[end - 1])) {
        end--;
    }
    *field = bytes_of(data + first, end - first);
    return finish_field(csv, err);
}
