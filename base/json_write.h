/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_WRITE_H
#define WEIR_BASE_JSON_WRITE_H

#include "base/bytes.h"

/* Writes JSON (RFC 8259) onto a buffer, without blanks, in the order of the calls. Commas are put
 * by the writer. Errors latch in the buffer. Text is taken as UTF-8: a byte that is none becomes
 * U+FFFD. One thread. Nesting is bounded by JSON_DEPTH_MAX (deeper is a bug). */

#define JSON_DEPTH_MAX 32

struct json_writer {
    struct buffer *out;
    uint32_t has_element; /* a bit a depth: a comma is due */
    uint32_t depth;
};

void json_init(struct json_writer *writer, struct buffer *out);

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);

/* The key of the next value. `key` is a name of ours: plain ASCII. */
void json_key(struct json_writer *writer, const char *key);

void json_text(struct json_writer *writer, struct bytes text);
void json_string(struct json_writer *writer, const char *text); /* NULL: null */
void json_u64(struct json_writer *writer, uint64_t value);
void json_i64(struct json_writer *writer, int64_t value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);

/* A number with `decimals` (0 to 9) digits behind the point, trailing zeros and point removed. It
 * is rounded to nearest, halves up, by integer arithmetic: the same on every machine. What is not
 * finite is null; what is beyond 1e15 is cut to it. */
void json_decimal(struct json_writer *writer, double value, unsigned decimals);

#endif
