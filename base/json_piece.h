/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_PIECE_H
#define WEIR_BASE_JSON_PIECE_H

#include "base/json_read.h"

/* Inside the JSON reader: the piece that it is in, and errors with their place. */

#define JSON_NO_OCTET (-1) /* the input ends here, or has failed */

static inline bool json_has_failed(const struct json_reader *reader) {
    return reader->failure.code != ERROR_NONE;
}

/* Keeps an error at the reader's place; returns false. */
__attribute__((format(printf, 3, 4))) bool json_fail(struct json_reader *reader,
                                                     enum error_code code, const char *format, ...);

/* The same for an octet (or JSON_NO_OCTET) that stands where `what` is due. An error that is there
 * already stays: the end that it made is no fault of the text. */
bool json_fail_expected(struct json_reader *reader, int octet, const char *what);

/* Line ends of the piece that are used. */
uint64_t json_count_lines(const struct json_reader *reader);

void json_set_piece(struct json_reader *reader, struct bytes piece);

/* The piece is used up: gets the next one. False at the end of the input and on failure. */
bool json_read_on(struct json_reader *reader);

#endif
