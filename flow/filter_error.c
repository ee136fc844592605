/* SPDX-License-Identifier: Apache-2.0 */
/* The budget: an error holds 255 characters; two lines of at most WINDOW characters and the place
 * in front of the message leave MESSAGE for the rest. Columns count characters, not bytes, so that
 * the caret stands under what the user sees. */
#include "flow/filter_error.h"

#include <stdarg.h>
#include <stdio.h>

#define WINDOW 60u
#define MESSAGE 104u

/* A byte that continues a UTF-8 character has no column of its own. */
static bool is_continuation(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

static char shown(uint8_t byte) {
    if (byte >= 0x80) {
        return '?';
    }
    return byte < 0x20 || byte == 0x7f ? ' ' : (char)byte;
}

struct place {
    size_t line_number; /* from 1 */
    size_t column;      /* from 1 */
    size_t line_offset; /* of the line's first byte */
};

static struct place find_place(struct bytes text, size_t offset) {
    struct place place = { .line_number = 1, .column = 1, .line_offset = 0 };
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.data[i] == '\n') {
            place.line_number++;
            place.column = 1;
            place.line_offset = i + 1;
        } else if (!is_continuation(text.data[i])) {
            place.column++;
        }
    }
    return place;
}

/* Writes the line's characters from `skip` on; returns how many. */
static size_t copy_window(struct bytes text, size_t at, size_t skip, char out[WINDOW + 1]) {
    size_t size = 0;
    for (; at < text.size && text.data[at] != '\n' && size < WINDOW; at++) {
        if (is_continuation(text.data[at])) {
            continue;
        }
        if (skip > 0) {
            skip--;
            continue;
        }
        out[size++] = shown(text.data[at]);
    }
    out[size] = '\0';
    return size;
}

bool filter_error_at(struct error *err, enum error_code code, struct bytes text, size_t offset,
                     const char *format, ...) {
    char message[MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments); /* cut: the window matters more */
    va_end(arguments);

    struct place place = find_place(text, offset);
    /* Two thirds of the window stand before the caret: what was understood explains what was not.
     */
    size_t before = place.column - 1;
    size_t skip = before > WINDOW * 2 / 3 ? before - WINDOW * 2 / 3 : 0;
    char window[WINDOW + 1];
    (void)copy_window(text, place.line_offset, skip, window);

    char line[32] = "";
    if (memchr(text.data == NULL ? (const uint8_t *)"" : text.data, '\n', text.size) != NULL) {
        (void)snprintf(line, sizeof line, "line %zu, ", place.line_number);
    }
    return error_set(err, code, "%scolumn %zu: %s\n%s\n%*s^", line, place.column, message, window,
                     (int)(before - skip), "");
}
