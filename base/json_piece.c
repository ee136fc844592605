/* SPDX-License-Identifier: Apache-2.0 */
/* Lines are counted a piece at a time, when it is used up: an error's line costs nothing until
 * there is an error. */
#include "base/json_piece.h"

#include <stdarg.h>
#include <stdio.h>

#define WHAT_SIZE 120

static const uint8_t NOTHING[1];

uint64_t json_count_lines(const struct json_reader *reader) {
    uint64_t feeds = 0;
    for (const uint8_t *octet = reader->begin; octet < reader->at; octet++) {
        feeds += *octet == '\n';
    }
    return feeds;
}

/* Goes on at `at`, with lines and offset. */
static void leave_front(struct json_reader *reader) {
    uint64_t feeds = json_count_lines(reader);
    size_t size = (size_t)(reader->at - reader->begin);
    if (feeds > 0) {
        const uint8_t *last = memrchr(reader->begin, '\n', size);
        reader->line_offset = reader->offset + (uint64_t)(last - reader->begin) + 1;
    }
    reader->lines += feeds;
    reader->offset += size;
    reader->begin = reader->at;
}

bool json_fail(struct json_reader *reader, enum error_code code, const char *format, ...) {
    char what[WHAT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments); /* cut is fine */
    va_end(arguments);
    leave_front(reader);
    uint64_t column = reader->offset - reader->line_offset + 1;
    return error_set(&reader->failure, code, "line %llu, column %llu (octet %llu): %s",
                     (unsigned long long)reader->lines + 1, (unsigned long long)column,
                     (unsigned long long)reader->offset, what);
}

bool json_fail_expected(struct json_reader *reader, int octet, const char *what) {
    if (json_has_failed(reader)) {
        return false;
    }
    if (octet == JSON_NO_OCTET) {
        return json_fail(reader, ERROR_FORMAT, "the text ends where %s is due", what);
    }
    if (octet > ' ' && octet < 127) {
        return json_fail(reader, ERROR_FORMAT, "%s is due, not '%c'", what, octet);
    }
    return json_fail(reader, ERROR_FORMAT, "%s is due, not octet 0x%02x", what, (unsigned)octet);
}

void json_set_piece(struct json_reader *reader, struct bytes piece) {
    reader->begin = reader->at = piece.size == 0 ? NOTHING : piece.data;
    reader->end = reader->at + piece.size;
}

bool json_read_on(struct json_reader *reader) {
    if (reader->is_end || json_has_failed(reader)) {
        return false;
    }
    leave_front(reader);
    struct bytes piece = { 0 };
    bool ok = reader->refill == NULL || reader->refill(reader->context, &piece, &reader->failure);
    json_set_piece(reader, ok ? piece : (struct bytes){ 0 });
    reader->is_end = piece.size == 0 || !ok;
    return !reader->is_end;
}
