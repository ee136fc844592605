/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_JSON_REFERENCE_H
#define WEIR_TESTS_UNIT_JSON_REFERENCE_H

#include "base/json_read.h"
#include "base/utf8.h"

#include <stdlib.h>

/* The plainest JSON parser that could be written, to hold base/json_read.h against: recursive, over
 * a text in memory, an octet at a time. What it reads is written down as events: one letter a token
 * ("{}[]" and k, t, n, 1, 0, -), behind k, t and n the size and the octets. */

struct reference {
    const uint8_t *text;
    size_t size;
    size_t at;
    struct buffer *events;
};

static inline void reference_event(struct buffer *events, char kind, const void *data,
                                   size_t size) {
    buffer_u8(events, (uint8_t)kind);
    if (kind == 'k' || kind == 't' || kind == 'n') {
        buffer_u32(events, (uint32_t)size);
        buffer_put(events, data, size);
    }
}

static inline int reference_peek(struct reference *reference) {
    return reference->at < reference->size ? reference->text[reference->at] : -1;
}

static inline int reference_peek_behind_blanks(struct reference *reference) {
    while (reference_peek(reference) == ' ' || reference_peek(reference) == '\t' ||
           reference_peek(reference) == '\n' || reference_peek(reference) == '\r') {
        reference->at++;
    }
    return reference_peek(reference);
}

static inline long reference_hexadecimal(struct reference *reference) {
    long value = 0;
    for (int i = 0; i < 4; i++, reference->at++) {
        int octet = reference_peek(reference);
        int digit = octet >= '0' && octet <= '9'   ? octet - '0'
                    : octet >= 'a' && octet <= 'f' ? octet - 'a' + 10
                    : octet >= 'A' && octet <= 'F' ? octet - 'A' + 10
                                                   : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static inline bool reference_escape(struct reference *reference, struct buffer *out) {
    int octet = reference_peek(reference);
    reference->at++;
    switch (octet) {
    case '"':
    case '\\':
    case '/': buffer_u8(out, (uint8_t)octet); return true;
    case 'b': buffer_u8(out, '\b'); return true;
    case 'f': buffer_u8(out, '\f'); return true;
    case 'n': buffer_u8(out, '\n'); return true;
    case 'r': buffer_u8(out, '\r'); return true;
    case 't': buffer_u8(out, '\t'); return true;
    case 'u': break;
    default: return false;
    }
    long point = reference_hexadecimal(reference);
    if (point < 0 || (point >= 0xdc00 && point <= 0xdfff)) {
        return false;
    }
    if (point >= 0xd800 && point <= 0xdbff) {
        if (reference->size - reference->at < 6 || reference->text[reference->at] != '\\' ||
            reference->text[reference->at + 1] != 'u') {
            return false;
        }
        reference->at += 2;
        long low = reference_hexadecimal(reference);
        if (low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        point = 0x10000 + (point - 0xd800) * 0x400 + (low - 0xdc00);
        buffer_u8(out, (uint8_t)(0xf0 | point >> 18));
        buffer_u8(out, (uint8_t)(0x80 | (point >> 12 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
    } else if (point >= 0x800) {
        buffer_u8(out, (uint8_t)(0xe0 | point >> 12));
        buffer_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
        buffer_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
    } else if (point >= 0x80) {
        buffer_u8(out, (uint8_t)(0xc0 | point >> 6));
        buffer_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
    } else {
        buffer_u8(out, (uint8_t)point);
    }
    return true;
}

static inline bool reference_string(struct reference *reference, char kind) {
    struct buffer out;
    buffer_init(&out, 1 << 24);
    size_t first = ++reference->at;
    bool ok = true;
    while (ok && reference_peek(reference) != '"') {
        int octet = reference_peek(reference);
        if (octet < 0x20) {
            ok = false; /* the end, too */
        } else if (octet == '\\') {
            reference->at++;
            ok = reference_escape(reference, &out);
        } else {
            const uint8_t *at = reference->text + reference->at;
            size_t size = utf8_size(at, reference->size - reference->at);
            ok = size > 0;
            buffer_put(&out, at, size);
            reference->at += size;
        }
    }
    if (ok && reference->at - first > JSON_TEXT_MAX) {
        ok = kind == 't';
        out.size = out.size < JSON_TEXT_MAX ? out.size : JSON_TEXT_MAX;
    }
    reference->at++;
    if (ok) {
        reference_event(reference->events, kind, out.data, out.size);
    }
    buffer_done(&out);
    return ok;
}

static inline size_t reference_digits(struct reference *reference) {
    size_t count = 0;
    while (reference_peek(reference) >= '0' && reference_peek(reference) <= '9') {
        reference->at++;
        count++;
    }
    return count;
}

static inline bool reference_number(struct reference *reference) {
    size_t first = reference->at;
    reference->at += reference_peek(reference) == '-';
    bool is_zero = reference_peek(reference) == '0';
    size_t digits = reference_digits(reference);
    bool ok = digits == 1 || (digits > 1 && !is_zero);
    if (ok && reference_peek(reference) == '.') {
        reference->at++;
        ok = reference_digits(reference) > 0;
    }
    if (ok && (reference_peek(reference) == 'e' || reference_peek(reference) == 'E')) {
        reference->at++;
        reference->at += reference_peek(reference) == '+' || reference_peek(reference) == '-';
        ok = reference_digits(reference) > 0;
    }
    int next = reference_peek(reference);
    /* "1-2" could be two values in a row, but is one that is wrong. */
    ok = ok && (next < 0 || strchr("+-.eE", next) == NULL || next == 0) &&
         reference->at - first <= JSON_NUMBER_MAX;
    reference_event(reference->events, 'n', reference->text + first, reference->at - first);
    return ok;
}

static inline bool reference_word(struct reference *reference, const char *word, char kind) {
    size_t size = strlen(word);
    if (reference->size - reference->at < size ||
        memcmp(reference->text + reference->at, word, size) != 0) {
        return false;
    }
    reference->at += size;
    reference_event(reference->events, kind, NULL, 0);
    return true;
}

static inline bool reference_value(struct reference *reference, unsigned depth);

static inline bool reference_level(struct reference *reference, unsigned depth, bool is_object) {
    char end = is_object ? '}' : ']';
    if (depth == JSON_READ_DEPTH_MAX) {
        return false;
    }
    reference->at++;
    reference_event(reference->events, is_object ? '{' : '[', NULL, 0);
    bool is_first = true;
    for (;; is_first = false) {
        int octet = reference_peek_behind_blanks(reference);
        if (octet == end && is_first) {
            break;
        }
        if (is_object && (octet != '"' || !reference_string(reference, 'k') ||
                          reference_peek_behind_blanks(reference) != ':')) {
            return false;
        }
        reference->at += is_object;
        if (!reference_value(reference, depth + 1)) {
            return false;
        }
        octet = reference_peek_behind_blanks(reference);
        if (octet == end) {
            break;
        }
        if (octet != ',') {
            return false;
        }
        reference->at++;
    }
    reference->at++;
    reference_event(reference->events, end, NULL, 0);
    return true;
}

static inline bool reference_value(struct reference *reference, unsigned depth) {
    switch (reference_peek_behind_blanks(reference)) {
    case '{': return reference_level(reference, depth, true);
    case '[': return reference_level(reference, depth, false);
    case '"': return reference_string(reference, 't');
    case 't': return reference_word(reference, "true", '1');
    case 'f': return reference_word(reference, "false", '0');
    case 'n': return reference_word(reference, "null", '-');
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return reference_number(reference);
    default: return false;
    }
}

/* All values of a text; false where it is not a sequence of them. */
static inline bool reference_read(struct bytes text, struct buffer *events) {
    if (text.size > 0 && text.data[0] == 0xef) {
        if (text.size < 3 || text.data[1] != 0xbb || text.data[2] != 0xbf) {
            return false;
        }
        text = bytes_of(text.data + 3, text.size - 3);
    }
    struct reference reference = { .text = text.data, .size = text.size, .events = events };
    while (reference_peek_behind_blanks(&reference) >= 0) {
        if (!reference_value(&reference, 0)) {
            return false;
        }
    }
    return true;
}

/* ---- the reader under test, over pieces of a fixed size ---- */

struct pieces {
    struct bytes left;
    size_t size;
    uint8_t *copy; /* the piece in an allocation of its size: a read past it, or of an old one, is
                      seen */
};

static inline bool pieces_next(void *context, struct bytes *piece, struct error *err) {
    (void)err;
    struct pieces *pieces = context;
    size_t size = pieces->left.size < pieces->size ? pieces->left.size : pieces->size;
    free(pieces->copy);
    pieces->copy = malloc(size + (size == 0));
    if (size > 0) {
        memcpy(pieces->copy, pieces->left.data, size);
        pieces->left = bytes_of(pieces->left.data + size, pieces->left.size - size);
    }
    *piece = bytes_of(pieces->copy, size);
    return true;
}

/* The same events from the reader. */
static inline bool pieces_read(struct bytes text, size_t piece_size, struct buffer *events,
                               struct error *err) {
    static const char LETTERS[] = {
        [JSON_TOKEN_OBJECT] = '{',    [JSON_TOKEN_OBJECT_END] = '}', [JSON_TOKEN_ARRAY] = '[',
        [JSON_TOKEN_ARRAY_END] = ']', [JSON_TOKEN_KEY] = 'k',        [JSON_TOKEN_TEXT] = 't',
        [JSON_TOKEN_NUMBER] = 'n',    [JSON_TOKEN_TRUE] = '1',       [JSON_TOKEN_FALSE] = '0',
        [JSON_TOKEN_NULL] = '-'
    };
    struct pieces pieces = { .left = text, .size = piece_size };
    struct json_reader reader;
    json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
    struct json_token token;
    bool ok = json_next(&reader, &token, err);
    while (ok && token.kind != JSON_TOKEN_END) {
        reference_event(events, LETTERS[token.kind], token.text.data, token.text.size);
        ok = json_next(&reader, &token, err);
    }
    json_reader_done(&reader);
    free(pieces.copy);
    return ok;
}

/* Whether the text is taken when all values are skipped. */
static inline bool pieces_skip(struct bytes text, size_t piece_size, struct error *err) {
    struct pieces pieces = { .left = text, .size = piece_size };
    struct json_reader reader;
    json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
    while (json_more(&reader) && json_skip(&reader)) {
    }
    bool ok = json_check(&reader, err);
    json_reader_done(&reader);
    free(pieces.copy);
    return ok;
}

#endif
