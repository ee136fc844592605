/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of plain octets are passed eight at a time. A string that lies in one piece and has no
 * escape is a view into it; any other is put together in the reader's buffer. */
#include "base/json_text.h"

#include "base/json_piece.h"
#include "base/utf8.h"

#define EACH UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)

/* The next octet, used. */
static int take_octet(struct json_reader *reader) {
    if (reader->at == reader->end && !json_read_on(reader)) {
        return JSON_NO_OCTET;
    }
    return *reader->at++;
}

/* ---- strings ---- */

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
    return !json_has_failed(reader) &&
           json_fail(reader, ERROR_FORMAT, "the text ends inside a string");
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
            return octet == JSON_NO_OCTET
                       ? fail_open_string(reader)
                       : json_fail(reader, ERROR_FORMAT, "\\u without four digits");
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
        return !json_has_failed(reader) &&
               json_fail(reader, ERROR_FORMAT, "a surrogate without its other half");
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
    if (octet == JSON_NO_OCTET) {
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
        return json_fail(reader, ERROR_FORMAT, "an escape that JSON does not have");
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
    while (count > 0 && count < want && (reader->at < reader->end || json_read_on(reader)) &&
           (*reader->at & 0xc0) == 0x80) {
        utf8[count++] = *reader->at++;
    }
    string->from = reader->at;
    if (count == want && utf8_size(utf8, count) == count) {
        save(reader, string, utf8, count);
        return true;
    }
    bool is_at_end = count > 0 && count < want && reader->at == reader->end;
    return is_at_end ? fail_open_string(reader) : json_fail(reader, ERROR_FORMAT, "not UTF-8");
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
            if (!json_read_on(reader)) {
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
            return json_fail(reader, ERROR_FORMAT, "a control character inside a string");
        } else if (!take_utf8(reader, string)) {
            return false;
        }
    }
}

bool json_read_string(struct json_reader *reader, bool is_kept, struct json_token *token) {
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
        return json_fail(reader, ERROR_LIMIT, "a key of more than %u octets", JSON_TEXT_MAX);
    }
    reader->at++;
    return !reader->text.failed || json_fail(reader, ERROR_LIMIT, "no memory for a string");
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

bool json_read_number(struct json_reader *reader, struct json_token *token) {
    const uint8_t *from = reader->at;
    bool is_split = false;
    buffer_reset(&reader->text);
    for (;;) {
        while (reader->at < reader->end && is_of_number(*reader->at)) {
            reader->at++;
        }
        size_t size = (size_t)(reader->at - from);
        if (reader->text.size + size > JSON_NUMBER_MAX) {
            return json_fail(reader, ERROR_LIMIT, "a number of more than %u octets",
                             JSON_NUMBER_MAX);
        }
        is_split |= reader->at == reader->end;
        if (!is_split) {
            token->text = bytes_of(from, size);
            break;
        }
        bool is_last = reader->at < reader->end;
        buffer_put(&reader->text, from, size);
        if (is_last || !json_read_on(reader)) {
            token->text = buffer_bytes(&reader->text);
            break;
        }
        from = reader->at;
    }
    if (json_has_failed(reader)) {
        return false;
    }
    if (reader->text.failed) {
        return json_fail(reader, ERROR_LIMIT, "no memory for a number");
    }
    return is_number(token->text) || json_fail(reader, ERROR_FORMAT, "not a number");
}

bool json_read_word(struct json_reader *reader, const char *word) {
    for (const char *letter = word; *letter != '\0'; letter++) {
        if (reader->at == reader->end && !json_read_on(reader)) {
            return json_fail_expected(reader, JSON_NO_OCTET, "the rest of a word");
        }
        if (*reader->at != (uint8_t)*letter) {
            return json_fail_expected(reader, *reader->at, "true, false or null");
        }
        reader->at++;
    }
    return true;
}
