/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_READ_H
#define WEIR_BASE_JSON_READ_H

#include "base/bytes.h"

/* Reads JSON (RFC 8259) token by token from bytes that come in pieces: no tree is built, and what
 * is held is one string at most. Strict: UTF-8 is checked, as are escapes (a surrogate without its
 * other half is an error), numbers and nesting. What is skipped is checked as strictly as what is
 * read, so whether a text is taken never depends on what its reader asked for.
 *
 * The text is a sequence of values, with or without white space between them: one document, JSON
 * lines, or documents one behind another. A byte order mark in front of all is passed over. Keys
 * that stand twice are given twice.
 *
 * Bounds, each ERROR_LIMIT: JSON_READ_DEPTH_MAX levels, a key of JSON_TEXT_MAX octets between its
 * quotes, a number of JSON_NUMBER_MAX. A text that is longer is no error as a value: it is given
 * cut. One thread at a time. */

#define JSON_READ_DEPTH_MAX 64u
#define JSON_TEXT_MAX (256u * 1024)
#define JSON_NUMBER_MAX 1024u

enum json_kind {
    JSON_TOKEN_END, /* of the input, between two values; said again at each call */
    JSON_TOKEN_OBJECT,
    JSON_TOKEN_OBJECT_END,
    JSON_TOKEN_ARRAY,
    JSON_TOKEN_ARRAY_END,
    JSON_TOKEN_KEY,
    JSON_TOKEN_TEXT,
    JSON_TOKEN_NUMBER,
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
};

struct json_token {
    enum json_kind kind;
    struct bytes
        text;    /* of a key or a text: decoded; of a number: as it stands. Until the next call
                  */
    bool is_cut; /* only the front of a text that is too long */
};

/* Gives the next piece, valid until the next call; an empty one is the end. Errors end the reading
 * and are passed on as they are. */
typedef bool (*json_refill)(void *context, struct bytes *piece, struct error *err);

enum json_state {
    JSON_STATE_TOP,         /* a value, or the end of the input */
    JSON_STATE_VALUE,       /* a value */
    JSON_STATE_FIRST_VALUE, /* a value or ] */
    JSON_STATE_FIRST_KEY,   /* a key or } */
    JSON_STATE_NEXT_KEY,    /* a key */
    JSON_STATE_COLON,       /* : and then a value */
    JSON_STATE_BEHIND,      /* a comma, or the end of what is open */
};

struct json_reader {
    json_refill refill;
    void *context;
    const uint8_t *begin; /* the piece */
    const uint8_t *at;    /* what is not used yet of it */
    const uint8_t *end;
    uint64_t offset;      /* of `begin` in the text */
    uint64_t lines;       /* line feeds in front of `begin` */
    uint64_t line_offset; /* of the line that `begin` is in */
    enum json_state state;
    uint32_t depth;
    uint64_t is_object; /* a bit a level, the outermost one lowest: an object, else an array */
    bool is_first;      /* nothing was read yet: a byte order mark may come */
    bool is_end;        /* there is no further piece */
    struct buffer text; /* a string that crosses pieces, or has escapes */
    struct error failure;
};

/* Starts at `piece`, the front of the text (may be empty). `refill` may be NULL: the piece is all
 * there is. */
void json_reader_init(struct json_reader *reader, struct bytes piece, json_refill refill,
                      void *context);
/* Accepts a zeroed one. */
void json_reader_done(struct json_reader *reader);

/* Starts anew at `piece`, between two values: after an error, once the owner has found a place to
 * go on. `offset` and `line` (from 1) are those of its first octet. */
void json_reader_resume(struct json_reader *reader, struct bytes piece, uint64_t offset,
                        uint64_t line);

/* The next token. Errors: ERROR_FORMAT and ERROR_LIMIT ("line 3, column 17 (octet 214): ..."), and
 * those of `refill`. After an error each call gives it again. */
bool json_next(struct json_reader *reader, struct json_token *token, struct error *err);

/* Whether another value or key follows where the reader is: in an object, an array, or between
 * values. False takes the end with it (the reader is behind the object or array), or is an error,
 * which the reader keeps: see json_check. Behind a key it is true. */
bool json_more(struct json_reader *reader);

/* Passes over the value that comes next. There must be one: behind a key, or where json_more has
 * said so. Errors: as json_next, kept as well. */
bool json_skip(struct json_reader *reader);

/* Passes over what is left of the innermost object or array that is open, its end included. */
bool json_leave(struct json_reader *reader);

/* For readers of one shape, under the same condition as json_skip. What has another kind than the
 * one asked for is passed over. All return false after an error, so a reader may ask json_check
 * once, at its end. */

/* Enters the next value if it is of `kind`, JSON_TOKEN_OBJECT or JSON_TOKEN_ARRAY. */
bool json_enter(struct json_reader *reader, enum json_kind kind);
/* The next value's text, empty when it is none. A text that is too long is none either. */
bool json_take_text(struct json_reader *reader, struct bytes *text);
/* The next value, true or false; false when it is neither. */
bool json_take_bool(struct json_reader *reader, bool *value);
/* The next key of an object (false at its end, as json_more). */
bool json_take_key(struct json_reader *reader, struct bytes *key);

/* True as long as nothing failed, else the error. */
bool json_check(const struct json_reader *reader, struct error *err);

/* The octets used so far: the place of an error, after one. */
uint64_t json_offset(const struct json_reader *reader);
/* The line, from 1, of that octet; counts line ends from where it was last known. */
uint64_t json_line(const struct json_reader *reader);

/* A whole number of 64 bits from a JSON_TOKEN_NUMBER's text: "12", "-3"; false for anything else,
 * such as "1.0", "1e3" or what does not fit. */
bool json_number_i64(struct bytes text, int64_t *out);

#endif
