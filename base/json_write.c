/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_write.h"

#include "base/utf8.h"

#include <assert.h>
#include <math.h>

#define DECIMAL_MAX 1e15

void json_init(struct json_writer *writer, struct buffer *out) {
    *writer = (struct json_writer){ .out = out };
}

/* In front of a value or key: a comma where one is due. */
static void separate(struct json_writer *writer) {
    uint32_t bit = UINT32_C(1) << (writer->depth % JSON_DEPTH_MAX);
    if (writer->has_element & bit) {
        buffer_u8(writer->out, ',');
    }
    writer->has_element |= bit;
}

static void begin(struct json_writer *writer, uint8_t bracket) {
    separate(writer);
    buffer_u8(writer->out, bracket);
    writer->depth++;
    assert(writer->depth < JSON_DEPTH_MAX);
    writer->has_element &= ~(UINT32_C(1) << writer->depth);
}

static void end(struct json_writer *writer, uint8_t bracket) {
    assert(writer->depth > 0);
    writer->depth--;
    buffer_u8(writer->out, bracket);
}

void json_begin_object(struct json_writer *writer) {
    begin(writer, '{');
}

void json_end_object(struct json_writer *writer) {
    end(writer, '}');
}

void json_begin_array(struct json_writer *writer) {
    begin(writer, '[');
}

void json_end_array(struct json_writer *writer) {
    end(writer, ']');
}

static void put_escape(struct buffer *out, uint8_t octet) {
    static const char hex[] = "0123456789abcdef";
    const char *named = "\"\\\b\f\n\r\t";
    const char *letter = memchr(named, octet, 7);
    if (letter != NULL) {
        const uint8_t text[2] = { '\\', (uint8_t) "\"\\bfnrt"[letter - named] };
        buffer_put(out, text, sizeof text);
        return;
    }
    const uint8_t text[6] = {
        '\\', 'u', '0', '0', (uint8_t)hex[octet >> 4], (uint8_t)hex[octet & 15]
    };
    buffer_put(out, text, sizeof text);
}

static void put_quoted(struct buffer *out, struct bytes text) {
    buffer_u8(out, '"');
    size_t plain = 0; /* start of what can be copied as it is */
    size_t at = 0;
    while (at < text.size) {
        uint8_t octet = text.data[at];
        size_t size = utf8_size(text.data + at, text.size - at);
        bool is_control = utf8_is_control(text.data + at, size);
        if (size > 0 && !is_control && octet != '"' && octet != '\\') {
            at += size;
            continue;
        }
        buffer_put(out, text.data + plain, at - plain);
        if (size == 0) {
            buffer_put(out, "\xef\xbf\xbd", 3); /* U+FFFD */
            size = 1;
        } else {
            put_escape(out, text.data[at + size - 1]); /* U+0080 to U+009F: their last octet */
        }
        at += size;
        plain = at;
    }
    if (plain < at) {
        buffer_put(out, text.data + plain, at - plain);
    }
    buffer_u8(out, '"');
}

void json_key(struct json_writer *writer, const char *key) {
    separate(writer);
    put_quoted(writer->out, bytes_text(key));
    buffer_u8(writer->out, ':');
    /* The value behind a key takes no comma. */
    writer->has_element &= ~(UINT32_C(1) << writer->depth);
}

void json_text(struct json_writer *writer, struct bytes text) {
    separate(writer);
    put_quoted(writer->out, text);
}

void json_string(struct json_writer *writer, const char *text) {
    if (text == NULL) {
        json_null(writer);
    } else {
        json_text(writer, bytes_text(text));
    }
}

static void put_number(struct buffer *out, uint64_t value) {
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_put(out, digits + at, sizeof digits - at);
}

void json_u64(struct json_writer *writer, uint64_t value) {
    separate(writer);
    put_number(writer->out, value);
}

void json_i64(struct json_writer *writer, int64_t value) {
    separate(writer);
    if (value < 0) {
        buffer_u8(writer->out, '-');
    }
    put_number(writer->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_bool(struct json_writer *writer, bool value) {
    separate(writer);
    buffer_put(writer->out, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_writer *writer) {
    separate(writer);
    buffer_put(writer->out, "null", 4);
}

void json_decimal(struct json_writer *writer, double value, unsigned decimals) {
    if (!isfinite(value)) {
        json_null(writer);
        return;
    }
    separate(writer);
    bool is_negative = value < 0;
    double magnitude = is_negative ? -value : value;
    magnitude = magnitude > DECIMAL_MAX ? DECIMAL_MAX : magnitude;
    uint64_t power = 1;
    for (unsigned i = 0; i < decimals && i < 9; i++) {
        power *= 10;
    }
    /* Whole and fraction apart, so that the fraction keeps all the digits that a double has. */
    uint64_t whole = (uint64_t)magnitude;
    uint64_t fraction = (uint64_t)((magnitude - (double)whole) * (double)power + 0.5);
    if (fraction == power) {
        whole++;
        fraction = 0;
    }
    if (is_negative && (whole | fraction) != 0) {
        buffer_u8(writer->out, '-');
    }
    put_number(writer->out, whole);
    if (fraction != 0) {
        uint8_t digits[10] = { '.' };
        size_t size = 1;
        for (uint64_t rest = fraction; rest != 0 && power > 1; rest %= power) {
            power /= 10;
            digits[size++] = (uint8_t)('0' + rest / power);
        }
        buffer_put(writer->out, digits, size);
    }
}
