/* SPDX-License-Identifier: Apache-2.0 */
/* One step reads one token; skipping is the same step that keeps no text. */
#include "base/json_read.h"

#include "base/json_piece.h"
#include "base/json_text.h"

#include <assert.h>

#define BLANKS UINT64_C(0x2020202020202020)

static bool is_blank(uint8_t octet) {
    return octet == ' ' || octet == '\n' || octet == '\r' || octet == '\t';
}

/* The next octet that is no white space, not used. */
static int peek(struct json_reader *reader) {
    do { /* indentation is most of what kubectl prints */
        const uint8_t *at = reader->at;
        const uint8_t *end = reader->end;
        while (at < end && is_blank(*at)) {
            at++;
            while (end - at >= 8 && get_u64(at) == BLANKS) {
                at += 8;
            }
        }
        reader->at = at;
        if (at < end) {
            return *at;
        }
    } while (json_read_on(reader));
    return JSON_NO_OCTET;
}

/* ---- steps ---- */

static bool is_in_object(const struct json_reader *reader) {
    return (reader->is_object >> (reader->depth - 1) & 1) != 0;
}

static void end_value(struct json_reader *reader) {
    reader->state = reader->depth == 0 ? JSON_STATE_TOP : JSON_STATE_BEHIND;
}

static bool open_level(struct json_reader *reader, bool is_object, struct json_token *token) {
    if (reader->depth == JSON_READ_DEPTH_MAX) {
        return json_fail(reader, ERROR_LIMIT, "more than %u levels", JSON_READ_DEPTH_MAX);
    }
    uint64_t bit = UINT64_C(1) << reader->depth++;
    reader->is_object = is_object ? reader->is_object | bit : reader->is_object & ~bit;
    reader->state = is_object ? JSON_STATE_FIRST_KEY : JSON_STATE_FIRST_VALUE;
    token->kind = is_object ? JSON_TOKEN_OBJECT : JSON_TOKEN_ARRAY;
    reader->at++;
    return true;
}

/* At what should be the end of what is open. */
static bool close_level(struct json_reader *reader, int octet, struct json_token *token) {
    bool is_object = is_in_object(reader);
    if (octet != (is_object ? '}' : ']')) {
        return json_fail_expected(reader, octet, is_object ? "a comma or }" : "a comma or ]");
    }
    token->kind = is_object ? JSON_TOKEN_OBJECT_END : JSON_TOKEN_ARRAY_END;
    reader->at++;
    reader->depth--;
    end_value(reader);
    return true;
}

static bool take_value(struct json_reader *reader, int octet, bool is_kept,
                       struct json_token *token) {
    bool ok;
    switch (octet) {
    case '{': return open_level(reader, true, token);
    case '[': return open_level(reader, false, token);
    case '"':
        token->kind = JSON_TOKEN_TEXT;
        ok = json_read_string(reader, is_kept, token);
        break;
    case 't':
        token->kind = JSON_TOKEN_TRUE;
        ok = json_read_word(reader, "true");
        break;
    case 'f':
        token->kind = JSON_TOKEN_FALSE;
        ok = json_read_word(reader, "false");
        break;
    case 'n':
        token->kind = JSON_TOKEN_NULL;
        ok = json_read_word(reader, "null");
        break;
    default:
        if (octet == JSON_NO_OCTET || (octet != '-' && (octet < '0' || octet > '9'))) {
            return json_fail_expected(reader, octet, "a value");
        }
        token->kind = JSON_TOKEN_NUMBER;
        ok = json_read_number(reader, token);
    }
    end_value(reader);
    return ok;
}

/* Uses the comma or the colon in front of the next value or key, if one is due; gives the octet
 * behind it. */
static int take_separator(struct json_reader *reader) {
    int octet = peek(reader);
    if (reader->state == JSON_STATE_COLON && octet == ':') {
        reader->state = JSON_STATE_VALUE;
    } else if (reader->state == JSON_STATE_BEHIND && octet == ',') {
        reader->state = is_in_object(reader) ? JSON_STATE_NEXT_KEY : JSON_STATE_VALUE;
    } else {
        return octet;
    }
    reader->at++;
    return peek(reader);
}

static void pass_mark(struct json_reader *reader) {
    reader->is_first = false;
    for (int i = 0; i < 3; i++) {
        bool is_there = reader->at < reader->end || json_read_on(reader);
        if (!is_there || *reader->at != (uint8_t) "\xef\xbb\xbf"[i]) {
            if (i > 0) {
                (void)json_fail_expected(reader, is_there ? *reader->at : JSON_NO_OCTET,
                                         "the rest of a byte order mark"); /* kept by the reader */
            }
            return;
        }
        reader->at++;
    }
}

static bool step(struct json_reader *reader, bool is_kept, struct json_token *token) {
    if (reader->is_first) {
        pass_mark(reader);
    }
    if (json_has_failed(reader)) {
        return false;
    }
    int octet = take_separator(reader);
    switch (reader->state) {
    case JSON_STATE_TOP:
        if (octet == JSON_NO_OCTET) {
            token->kind = JSON_TOKEN_END;
            return !json_has_failed(reader);
        }
        return take_value(reader, octet, is_kept, token);
    case JSON_STATE_FIRST_VALUE:
        if (octet == ']') {
            return close_level(reader, octet, token);
        }
        return take_value(reader, octet, is_kept, token);
    case JSON_STATE_VALUE: return take_value(reader, octet, is_kept, token);
    case JSON_STATE_FIRST_KEY:
        if (octet == '}') {
            return close_level(reader, octet, token);
        }
        /* fall through */
    case JSON_STATE_NEXT_KEY:
        if (octet != '"') {
            return json_fail_expected(reader, octet, "a key");
        }
        token->kind = JSON_TOKEN_KEY;
        reader->state = JSON_STATE_COLON;
        return json_read_string(reader, is_kept, token);
    case JSON_STATE_COLON: return json_fail_expected(reader, octet, "a colon");
    case JSON_STATE_BEHIND: return close_level(reader, octet, token);
    }
    return false;
}

/* ---- the header's functions ---- */

void json_reader_init(struct json_reader *reader, struct bytes piece, json_refill refill,
                      void *context) {
    *reader = (struct json_reader){ .refill = refill, .context = context, .is_first = true };
    buffer_init(&reader->text, JSON_TEXT_MAX);
    json_set_piece(reader, piece);
}

void json_reader_done(struct json_reader *reader) {
    buffer_done(&reader->text);
    *reader = (struct json_reader){ 0 };
}

void json_reader_resume(struct json_reader *reader, struct bytes piece, uint64_t offset,
                        uint64_t line) {
    json_set_piece(reader, piece);
    reader->offset = reader->line_offset = offset;
    reader->lines = line - 1;
    reader->state = JSON_STATE_TOP;
    reader->depth = 0;
    reader->is_first = false;
    reader->is_end = false;
    error_clear(&reader->failure);
}

bool json_next(struct json_reader *reader, struct json_token *token, struct error *err) {
    *token = (struct json_token){ 0 };
    return step(reader, true, token) || json_check(reader, err);
}

bool json_more(struct json_reader *reader) {
    if (reader->is_first) {
        pass_mark(reader);
    }
    if (json_has_failed(reader)) {
        return false;
    }
    int octet = take_separator(reader);
    struct json_token token;
    switch (reader->state) {
    case JSON_STATE_TOP: return octet != JSON_NO_OCTET;
    case JSON_STATE_FIRST_VALUE:
    case JSON_STATE_FIRST_KEY:
        if (octet != (is_in_object(reader) ? '}' : ']')) {
            return true; /* what it is, the next step finds */
        }
        /* fall through */
    case JSON_STATE_BEHIND: (void)close_level(reader, octet, &token); return false;
    case JSON_STATE_VALUE:
    case JSON_STATE_NEXT_KEY:
    case JSON_STATE_COLON: break;
    }
    return true;
}

/* Steps until no more than `depth` levels are open. */
static bool step_out(struct json_reader *reader, uint32_t depth) {
    struct json_token token;
    while (reader->depth > depth) {
        token = (struct json_token){ 0 };
        if (!step(reader, false, &token)) {
            return false;
        }
    }
    return true;
}

bool json_skip(struct json_reader *reader) {
    uint32_t depth = reader->depth;
    struct json_token token = { 0 };
    return step(reader, false, &token) && step_out(reader, depth);
}

bool json_leave(struct json_reader *reader) {
    assert(reader->depth > 0);
    return step_out(reader, reader->depth - 1);
}

/* Passes over the rest of the value that `token` began. */
static bool pass(struct json_reader *reader, const struct json_token *token) {
    bool is_level = token->kind == JSON_TOKEN_OBJECT || token->kind == JSON_TOKEN_ARRAY;
    return !is_level || json_leave(reader);
}

bool json_enter(struct json_reader *reader, enum json_kind kind) {
    struct json_token token = { 0 };
    if (!step(reader, false, &token)) {
        return false;
    }
    if (token.kind == kind) {
        return true;
    }
    (void)pass(reader, &token); /* the reader keeps the error */
    return false;
}

bool json_take_text(struct json_reader *reader, struct bytes *text) {
    *text = (struct bytes){ 0 };
    struct json_token token = { 0 };
    if (!step(reader, true, &token)) {
        return false;
    }
    if (token.kind == JSON_TOKEN_TEXT && !token.is_cut) {
        *text = token.text;
        return true;
    }
    return pass(reader, &token);
}

bool json_take_bool(struct json_reader *reader, bool *value) {
    *value = false;
    struct json_token token = { 0 };
    if (!step(reader, false, &token)) {
        return false;
    }
    *value = token.kind == JSON_TOKEN_TRUE;
    return pass(reader, &token);
}

bool json_take_key(struct json_reader *reader, struct bytes *key) {
    struct json_token token = { 0 };
    if (!json_more(reader) || !step(reader, true, &token)) {
        return false;
    }
    assert(token.kind == JSON_TOKEN_KEY);
    *key = token.text;
    return true;
}

bool json_check(const struct json_reader *reader, struct error *err) {
    if (json_has_failed(reader) && err != NULL) {
        *err = reader->failure;
    }
    return !json_has_failed(reader);
}

uint64_t json_offset(const struct json_reader *reader) {
    return reader->offset + (uint64_t)(reader->at - reader->begin);
}

uint64_t json_line(const struct json_reader *reader) {
    return reader->lines + 1 + json_count_lines(reader);
}

bool json_number_i64(struct bytes text, int64_t *out) {
    bool is_negative = text.size > 0 && text.data[0] == '-';
    size_t first = is_negative ? 1 : 0;
    if (text.size == first || text.size - first > 19) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = first; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = 10 * value + (uint64_t)(text.data[i] - '0'); /* 19 digits fit 64 bits */
    }
    if (value > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
        return false;
    }
    *out = (int64_t)(is_negative ? -value : value);
    return true;
}
