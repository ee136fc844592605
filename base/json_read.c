/* SPDX-License-Identifier: Apache-2.0 */
/* One step reads one token; skipping is the same step that keeps no text. Runs of plain octets in
 * strings, and runs of blanks, are passed eight at a time: of what kubectl prints, most octets are
 * one or the other. A string that lies in one piece and has no escape is a view into it; any other
 * is put together in a buffer. Lines are counted a piece at a time, when it is used up: an error's
 * line costs nothing until there is an error. */
#include "base/json_read.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define NO_OCTET (-1) /* the input ends here, or has failed */
#define EACH UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)
#define WHAT_SIZE 120

static const uint8_t NOTHING[1];

/* ---- places and errors ---- */

uint64_t json_offset(const struct json_reader *reader) {
    return reader->offset + (uint64_t)(reader->at - reader->begin);
}

/* Counts the lines of [begin, at) and goes on at `at`. */
static void leave_front(struct json_reader *reader) {
    uint64_t feeds = 0;
    for (const uint8_t *octet = reader->begin; octet < reader->at; octet++) {
        feeds += *octet == '\n';
    }
    size_t size = (size_t)(reader->at - reader->begin);
    if (feeds > 0) {
        const uint8_t *last = memrchr(reader->begin, '\n', size);
        reader->line_offset = reader->offset + (uint64_t)(last - reader->begin) + 1;
    }
    reader->lines += feeds;
    reader->offset += size;
    reader->begin = reader->at;
}

__attribute__((format(printf, 3, 4))) static bool
fail(struct json_reader *reader, enum error_code code, const char *format, ...) {
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

static bool has_failed(const struct json_reader *reader) {
    return reader->failure.code != ERROR_NONE;
}

bool json_check(const struct json_reader *reader, struct error *err) {
    if (has_failed(reader) && err != NULL) {
        *err = reader->failure;
    }
    return !has_failed(reader);
}

/* An octet that stands where it may not, or the end of the input there. */
static bool fail_expected(struct json_reader *reader, int octet, const char *what) {
    if (has_failed(reader)) {
        return false;
    }
    if (octet == NO_OCTET) {
        return fail(reader, ERROR_FORMAT, "the text ends where %s is due", what);
    }
    if (octet > ' ' && octet < 127) {
        return fail(reader, ERROR_FORMAT, "%s is due, not '%c'", what, octet);
    }
    return fail(reader, ERROR_FORMAT, "%s is due, not octet 0x%02x", what, (unsigned)octet);
}

/* ---- pieces ---- */

static void set_piece(struct json_reader *reader, struct bytes piece) {
    reader->begin = reader->at = piece.size == 0 ? NOTHING : piece.data;
    reader->end = reader->at + piece.size;
}

/* The piece is used up: gets the next one. False at the end of the input and on failure. */
static bool read_on(struct json_reader *reader) {
    if (reader->is_end || has_failed(reader)) {
        return false;
    }
    leave_front(reader);
    struct bytes piece = { 0 };
    bool ok = reader->refill == NULL || reader->refill(reader->context, &piece, &reader->failure);
    set_piece(reader, ok ? piece : (struct bytes){ 0 });
    reader->is_end = piece.size == 0 || !ok;
    return !reader->is_end;
}

/* The next octet, used. */
static int take_octet(struct json_reader *reader) {
    if (reader->at == reader->end && !read_on(reader)) {
        return NO_OCTET;
    }
    return *reader->at++;
}

static bool is_blank(uint8_t octet) {
    return octet == ' ' || octet == '\n' || octet == '\r' || octet == '\t';
}

/* The next octet that is no white space, not used. */
static int peek(struct json_reader *reader) {
    do {
        const uint8_t *at = reader->at;
        const uint8_t *end = reader->end;
        while (at < end && is_blank(*at)) {
            at++;
            while (end - at >= 8 && get_u64(at) == ' ' * EACH) {
                at += 8;
            }
        }
        reader->at = at;
        if (at < end) {
            return *at;
        }
    } while (read_on(reader));
    return NO_OCTET;
}

/* ---- texts ---- */

/* The first octet of [at, end) that is not simply part of a string: a quote, a backslash, a control
 * character, or one of a longer UTF-8 sequence. */
static const uint8_t *find_special(const uint8_t *at, const uint8_t *end) {
    for (; end - at >= 8; at += 8) {
        uint64_t word = get_u64(at);
        uint64_t quote = word ^ ('"' * EACH);
        uint64_t slash = word ^ ('\\' * EACH);
        /* The lowest bit that is set is exact; borrows only reach what stands above it. */
        uint64_t found = ((quote - EACH) & ~quote) | ((slash - EACH) & ~slash) |
                         ((word - 0x20 * EACH) & ~word) | word;
        found &= TOPS;
        if (found != 0) {
            return at + __builtin_ctzll(found) / 8;
        }
    }
    while (at < end && *at != '"' && *at != '\\' && *at >= 0x20 && *at < 0x80) {
        at++;
    }
    return at;
}

/* A string that is being read. What has been put into reader->text stands in front of [from, at).
 */
struct string {
    bool is_kept;  /* its text is wanted */
    bool is_split; /* it is no view into the piece */
    const uint8_t *from;
};

static void save(struct json_reader *reader, const struct string *string, const void *octets,
                 size_t size) {
    size_t room = JSON_TEXT_MAX - reader->text.size;
    if (string->is_kept && size > 0) {
        buffer_put(&reader->text, octets, size < room ? size : room);
    }
}

static void save_run(struct json_reader *reader, struct string *string) {
    save(reader, string, string->from, (size_t)(reader->at - string->from));
    string->is_split = true;
}

static bool fail_open_string(struct json_reader *reader) {
    return !has_failed(reader) && fail(reader, ERROR_FORMAT, "the text ends inside a string");
}

static bool take_hexadecimal(struct json_reader *reader, uint32_t *out) {
    *out = 0;
    for (int i = 0; i < 4; i++) {
        int octet = take_octet(reader);
        uint32_t digit;
        if (octet >= '0' && octet <= '9') {
            digit = (uint32_t)octet - '0';
        } else if ((octet | 0x20) >= 'a' && (octet | 0x20) <= 'f') {
            digit = ((uint32_t)octet | 0x20) - 'a' + 10;
        } else {
            return octet == NO_OCTET ? fail_open_string(reader)
                                     : fail(reader, ERROR_FORMAT, "\\u without four digits");
        }
        *out = *out << 4 | digit;
    }
    return true;
}

/* Behind \u. */
static bool take_code_point(struct json_reader *reader, uint32_t *point) {
    if (!take_hexadecimal(reader, point)) {
        return false;
    }
    if (*point < 0xd800 || *point > 0xdfff) {
        return true;
    }
    uint32_t low = 0;
    bool is_pair = *point < 0xdc00 && take_octet(reader) == '\\' && take_octet(reader) == 'u';
    if (is_pair && !take_hexadecimal(reader, &low)) {
        return false;
    }
    if (!is_pair || low < 0xdc00 || low > 0xdfff) {
        return !has_failed(reader) &&
               fail(reader, ERROR_FORMAT, "a surrogate without its other half");
    }
    *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static size_t encode_utf8(uint32_t point, uint8_t out[4]) {
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)(0xf00u >> size | point);
    return size;
}

/* Behind the backslash. */
static bool take_escape(struct json_reader *reader, const struct string *string) {
    static const char NAMES[] = "\"\\/bfnrt";
    static const char VALUES[] = "\"\\/\b\f\n\r\t";
    int octet = take_octet(reader);
    if (octet == NO_OCTET) {
        return fail_open_string(reader);
    }
    uint8_t utf8[4];
    size_t size = 1;
    const char *name = octet == 0 ? NULL : strchr(NAMES, octet);
    if (name != NULL) {
        utf8[0] = (uint8_t)VALUES[name - NAMES];
    } else if (octet == 'u') {
        uint32_t point;
        if (!take_code_point(reader, &point)) {
            return false;
        }
        size = encode_utf8(point, utf8);
    } else {
        return fail(reader, ERROR_FORMAT, "an escape that JSON does not have");
    }
    save(reader, string, utf8, size);
    return true;
}

/* A sequence that crosses into the next piece, or is none: octet by octet, so that an error's place
 * does not depend on where pieces end. */
static bool take_utf8_slowly(struct json_reader *reader, struct string *string) {
    uint8_t first = *reader->at;
    size_t want = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    size_t count = 0;
    uint8_t utf8[4];
    save_run(reader, string);
    if (first >= 0xc2 && first <= 0xf4) {
        utf8[count++] = *reader->at++;
    }
    while (count > 0 && count < want && (reader->at < reader->end || read_on(reader)) &&
           (*reader->at & 0xc0) == 0x80) {
        utf8[count++] = *reader->at++;
    }
    string->from = reader->at;
    if (count == want && utf8_size(utf8, count) == count) {
        save(reader, string, utf8, count);
        return true;
    }
    bool is_at_end = count > 0 && count < want && reader->at == reader->end;
    return is_at_end ? fail_open_string(reader) : fail(reader, ERROR_FORMAT, "not UTF-8");
}

/* A sequence of several octets at `at`. */
static bool take_utf8(struct json_reader *reader, struct string *string) {
    size_t size = utf8_size(reader->at, (size_t)(reader->end - reader->at));
    reader->at += size;
    return size > 0 || take_utf8_slowly(reader, string);
}

/* Up to the closing quote, which is not used. */
static bool take_string_body(struct json_reader *reader, struct string *string) {
    for (;;) {
        reader->at = find_special(reader->at, reader->end);
        if (reader->at == reader->end) {
            save_run(reader, string);
            if (!read_on(reader)) {
                return fail_open_string(reader);
            }
            string->from = reader->at;
        } else if (*reader->at == '"') {
            return true;
        } else if (*reader->at == '\\') {
            save_run(reader, string);
            reader->at++;
            if (!take_escape(reader, string)) {
                return false;
            }
            string->from = reader->at;
        } else if (*reader->at < 0x20) {
            return fail(reader, ERROR_FORMAT, "a control character inside a string");
        } else if (!take_utf8(reader, string)) {
            return false;
        }
    }
}

/* At the opening quote. */
static bool take_string(struct json_reader *reader, bool is_kept, struct json_token *token) {
    reader->at++;
    buffer_reset(&reader->text);
    uint64_t first = json_offset(reader);
    struct string string = { .is_kept = is_kept, .from = reader->at };
    if (!take_string_body(reader, &string)) {
        return false;
    }
    token->is_cut = json_offset(reader) - first > JSON_TEXT_MAX;
    if (string.is_split) {
        save_run(reader, &string);
        token->text = buffer_bytes(&reader->text);
    } else {
        size_t size = (size_t)(reader->at - string.from);
        token->text = bytes_of(string.from, token->is_cut ? JSON_TEXT_MAX : size);
    }
    if (token->kind == JSON_TOKEN_KEY && token->is_cut) {
        return fail(reader, ERROR_LIMIT, "a key of more than %u octets", JSON_TEXT_MAX);
    }
    reader->at++;
    return !reader->text.failed || fail(reader, ERROR_LIMIT, "no memory for a string");
}

/* ---- numbers and words ---- */

static bool is_digit(uint8_t octet) {
    return octet >= '0' && octet <= '9';
}

static bool is_of_number(uint8_t octet) {
    return is_digit(octet) || octet == '-' || octet == '+' || octet == '.' || octet == 'e' ||
           octet == 'E';
}

static size_t count_digits(struct bytes text, size_t at) {
    size_t end = at;
    while (end < text.size && is_digit(text.data[end])) {
        end++;
    }
    return end - at;
}

/* RFC 8259, 6. */
static bool is_number(struct bytes text) {
    size_t at = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    size_t digits = count_digits(text, at);
    if (digits == 0 || (digits > 1 && text.data[at] == '0')) {
        return false;
    }
    at += digits;
    if (at < text.size && text.data[at] == '.') {
        digits = count_digits(text, at + 1);
        at += 1 + digits;
    }
    if (digits > 0 && at < text.size && (text.data[at] | 0x20) == 'e') {
        bool is_signed =
            at + 1 < text.size && (text.data[at + 1] == '+' || text.data[at + 1] == '-');
        at += is_signed ? 2 : 1;
        digits = count_digits(text, at);
        at += digits;
    }
    return digits > 0 && at == text.size;
}

static bool take_number(struct json_reader *reader, struct json_token *token) {
    const uint8_t *from = reader->at;
    bool is_split = false;
    buffer_reset(&reader->text);
    for (;;) {
        while (reader->at < reader->end && is_of_number(*reader->at)) {
            reader->at++;
        }
        size_t size = (size_t)(reader->at - from);
        if (reader->text.size + size > JSON_NUMBER_MAX) {
            return fail(reader, ERROR_LIMIT, "a number of more than %u octets", JSON_NUMBER_MAX);
        }
        is_split |= reader->at == reader->end;
        if (!is_split) {
            token->text = bytes_of(from, size);
            break;
        }
        bool is_last = reader->at < reader->end;
        buffer_put(&reader->text, from, size);
        if (is_last || !read_on(reader)) {
            token->text = buffer_bytes(&reader->text);
            break;
        }
        from = reader->at;
    }
    if (has_failed(reader)) {
        return false;
    }
    if (reader->text.failed) {
        return fail(reader, ERROR_LIMIT, "no memory for a number");
    }
    return is_number(token->text) || fail(reader, ERROR_FORMAT, "not a number");
}

bool json_number_i64(struct bytes text, int64_t *out) {
    bool is_negative = text.size > 0 && text.data[0] == '-';
    size_t first = is_negative ? 1 : 0;
    if (text.size == first || text.size - first > 19) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = first; i < text.size; i++) {
        if (!is_digit(text.data[i])) {
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

static bool take_word(struct json_reader *reader, const char *word) {
    for (const char *letter = word; *letter != '\0'; letter++) {
        if (reader->at == reader->end && !read_on(reader)) {
            return fail_expected(reader, NO_OCTET, "the rest of a word");
        }
        if (*reader->at != (uint8_t)*letter) {
            return fail_expected(reader, *reader->at, "true, false or null");
        }
        reader->at++;
    }
    return true;
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
        return fail(reader, ERROR_LIMIT, "more than %u levels", JSON_READ_DEPTH_MAX);
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
        return fail_expected(reader, octet, is_object ? "a comma or }" : "a comma or ]");
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
        ok = take_string(reader, is_kept, token);
        break;
    case 't':
        token->kind = JSON_TOKEN_TRUE;
        ok = take_word(reader, "true");
        break;
    case 'f':
        token->kind = JSON_TOKEN_FALSE;
        ok = take_word(reader, "false");
        break;
    case 'n':
        token->kind = JSON_TOKEN_NULL;
        ok = take_word(reader, "null");
        break;
    default:
        if (octet == NO_OCTET || (octet != '-' && !is_digit((uint8_t)octet))) {
            return fail_expected(reader, octet, "a value");
        }
        token->kind = JSON_TOKEN_NUMBER;
        ok = take_number(reader, token);
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
        bool is_there = reader->at < reader->end || read_on(reader);
        if (!is_there || *reader->at != (uint8_t) "\xef\xbb\xbf"[i]) {
            if (i > 0) {
                (void)fail_expected(reader, is_there ? *reader->at : NO_OCTET,
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
    if (has_failed(reader)) {
        return false;
    }
    int octet = take_separator(reader);
    switch (reader->state) {
    case JSON_STATE_TOP:
        if (octet == NO_OCTET) {
            token->kind = JSON_TOKEN_END;
            return !has_failed(reader);
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
            return fail_expected(reader, octet, "a key");
        }
        token->kind = JSON_TOKEN_KEY;
        reader->state = JSON_STATE_COLON;
        return take_string(reader, is_kept, token);
    case JSON_STATE_COLON: return fail_expected(reader, octet, "a colon");
    case JSON_STATE_BEHIND: return close_level(reader, octet, token);
    }
    return false;
}

/* ---- the header's functions ---- */

void json_reader_init(struct json_reader *reader, struct bytes piece, json_refill refill,
                      void *context) {
    *reader = (struct json_reader){ .refill = refill, .context = context, .is_first = true };
    buffer_init(&reader->text, JSON_TEXT_MAX);
    set_piece(reader, piece);
}

void json_reader_done(struct json_reader *reader) {
    buffer_done(&reader->text);
    *reader = (struct json_reader){ 0 };
}

void json_reader_resume(struct json_reader *reader, struct bytes piece, uint64_t offset,
                        uint64_t line) {
    set_piece(reader, piece);
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
    if (has_failed(reader)) {
        return false;
    }
    int octet = take_separator(reader);
    struct json_token token;
    switch (reader->state) {
    case JSON_STATE_TOP: return octet != NO_OCTET;
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
