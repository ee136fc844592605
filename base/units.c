/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. A number is read as digits and a power of ten (1.5 is 15 and 1), multiplied
 * by its factor in 128 bits, and must divide without rest: so 1.5k is 1500, 0.3 bytes is an error,
 * and no double rounds between. */
#include "base/units.h"

#include <stdio.h>

/* Enough for every 64-bit value; more digits are an error, so nothing below can overflow. */
#define DIGITS_MAX 20
#define SHOWN_MAX 40

__extension__ typedef unsigned __int128 wide;

struct number {
    wide digits;
    wide scale; /* the value is digits / scale */
};

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Digits with at most one point between digits. Moves *at behind them. */
static bool read_number(const uint8_t **at, const uint8_t *end, struct number *out) {
    const uint8_t *p = *at;
    *out = (struct number){ .digits = 0, .scale = 1 };
    unsigned count = 0;
    bool is_fraction = false;
    if (p == end || !is_digit(*p)) {
        return false;
    }
    for (; p < end; p++) {
        if (*p == '.' && !is_fraction && end - p > 1 && is_digit(p[1])) {
            is_fraction = true;
            continue;
        }
        if (!is_digit(*p)) {
            break;
        }
        if (++count > DIGITS_MAX) {
            return false;
        }
        out->digits = 10 * out->digits + (uint8_t)(*p - '0');
        out->scale *= is_fraction ? 10 : 1;
    }
    *at = p;
    return true;
}

/* number * factor as a whole number of 64 bits. 20 digits and 40 bits of factor stay below 2^107.
 */
static bool scale_number(struct number number, uint64_t factor, uint64_t *out) {
    wide value = number.digits * factor;
    if (value % number.scale != 0 || value / number.scale > UINT64_MAX) {
        return false;
    }
    *out = (uint64_t)(value / number.scale);
    return true;
}

/* The factor at *at, moved behind it; 1 when there is none. */
static uint64_t read_factor(const uint8_t **at, const uint8_t *end) {
    static const char letters[] = "kmgt";
    const char *letter = *at < end && **at != '\0' ? strchr(letters, **at | 32) : NULL;
    if (letter == NULL || *letter == '\0') {
        return 1;
    }
    (*at)++;
    bool is_binary = *at < end && **at == 'i';
    *at += is_binary;
    uint64_t factor = 1;
    for (const char *p = letters; p <= letter; p++) {
        factor *= is_binary ? 1024 : 1000;
    }
    return factor;
}

static bool refuse(struct bytes text, const char *what, struct error *err) {
    int shown = text.size < SHOWN_MAX ? (int)text.size : SHOWN_MAX;
    return error_set(err, ERROR_ARGUMENT, "'%.*s' is not %s", shown,
                     text.size == 0 ? "" : (const char *)text.data, what);
}

static bool parse_scaled(struct bytes text, bool is_size, uint64_t *out) {
    if (text.size == 0) {
        return false;
    }
    const uint8_t *at = text.data;
    const uint8_t *end = at + text.size;
    struct number number;
    if (!read_number(&at, end, &number)) {
        return false;
    }
    uint64_t factor = read_factor(&at, end);
    if (is_size && at < end && *at == 'B') {
        at++;
    }
    return at == end && scale_number(number, factor, out);
}

bool units_parse_count(struct bytes text, uint64_t *out, struct error *err) {
    return parse_scaled(text, false, out) ||
           refuse(text, "a count below 2^64 (e.g. 1500, 10k, 2M)", err);
}

bool units_parse_size(struct bytes text, uint64_t *out_bytes, struct error *err) {
    return parse_scaled(text, true, out_bytes) ||
           refuse(text, "a size below 2^64 bytes (e.g. 4096, 64M, 1GiB)", err);
}

/* Large to small; "ms" is told from "m" by its second letter. */
static const struct {
    const char *name;
    uint64_t ms;
} durations[] = {
    { "w", 604800000 }, { "d", 86400000 }, { "h", 3600000 },
    { "m", 60000 },     { "s", 1000 },     { "ms", 1 },
};

#define DURATIONS (sizeof durations / sizeof *durations)
#define DURATION_DAYS 1u
#define DURATION_SECONDS 4u

/* The index of the unit at *at, moved behind it; DURATIONS when there is none. */
static size_t read_duration_unit(const uint8_t **at, const uint8_t *end) {
    bool is_ms = end - *at >= 2 && (*at)[0] == 'm' && (*at)[1] == 's';
    for (size_t i = 0; i < DURATIONS; i++) {
        size_t size = strlen(durations[i].name);
        if (size == (is_ms ? 2u : 1u) && *at < end && **at == (uint8_t)*durations[i].name) {
            *at += size;
            return i;
        }
    }
    return DURATIONS;
}

static bool parse_duration(struct bytes text, uint64_t *out_ms) {
    if (text.size == 0) {
        return false;
    }
    const uint8_t *at = text.data;
    const uint8_t *end = at + text.size;
    uint64_t total = 0;
    size_t next = 0; /* the largest unit that may still come */
    while (at < end) {
        struct number number;
        uint64_t ms;
        if (!read_number(&at, end, &number)) {
            return false;
        }
        size_t unit = at == end && next == 0 ? DURATION_SECONDS : read_duration_unit(&at, end);
        if (unit == DURATIONS || unit < next || !scale_number(number, durations[unit].ms, &ms) ||
            __builtin_add_overflow(total, ms, &total)) {
            return false;
        }
        next = unit + 1;
    }
    *out_ms = total;
    return total <= INT64_MAX;
}

bool units_parse_duration(struct bytes text, int64_t *out_ms, struct error *err) {
    uint64_t ms;
    if (!parse_duration(text, &ms)) {
        return refuse(text, "a duration (e.g. 90s, 1h30m)", err);
    }
    *out_ms = (int64_t)ms;
    return true;
}

size_t units_format(uint64_t value, const char *unit, enum units_style style,
                    char out[UNITS_TEXT_SIZE]) {
    static const char letters[] = "kMGTPE";
    unsigned step = style == UNITS_IEC ? 1024 : 1000;
    if (style == UNITS_PLAIN) {
        return (size_t)snprintf(out, UNITS_TEXT_SIZE, "%lu", value);
    }
    if (value < step) {
        return (size_t)snprintf(out, UNITS_TEXT_SIZE, "%lu%s%.16s", value, *unit ? " " : "", unit);
    }
    unsigned power = 0;
    uint64_t divisor = step;
    /* Half a unit below the next power already rounds up to it. */
    while (power < 5 && value / divisor >= step - (value % divisor >= divisor - divisor / 2)) {
        divisor *= step;
        power++;
    }
    uint64_t tenths = (uint64_t)(((wide)value * 10 + divisor / 2) / divisor);
    char prefix[3] = { letters[power], style == UNITS_IEC ? 'i' : '\0', '\0' };
    if (style == UNITS_IEC && power == 0) {
        prefix[0] = 'K';
    }
    if (tenths < 100) {
        return (size_t)snprintf(out, UNITS_TEXT_SIZE, "%lu.%lu %s%.16s", tenths / 10, tenths % 10,
                                prefix, unit);
    }
    uint64_t whole = value / divisor + (value % divisor >= divisor - divisor / 2);
    return (size_t)snprintf(out, UNITS_TEXT_SIZE, "%lu %s%.16s", whole, prefix, unit);
}

static size_t format_duration(int64_t ms, int parts_max, char out[UNITS_TEXT_SIZE]) {
    uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    if (left == 0) {
        return (size_t)snprintf(out, UNITS_TEXT_SIZE, "0s");
    }
    char *at = out;
    char *end = out + UNITS_TEXT_SIZE;
    if (ms < 0) {
        *at++ = '-';
    }
    int parts = 0;
    for (size_t i = DURATION_DAYS; i < DURATIONS && parts < parts_max; i++) {
        uint64_t count = left / durations[i].ms;
        left %= durations[i].ms;
        if (count > 0) {
            at += snprintf(at, (size_t)(end - at), "%lu%s", count, durations[i].name);
        }
        /* The second unit is the next smaller one, also when it is zero: 1d0h5m is cut to 1d. */
        parts += count > 0 || parts > 0;
    }
    return (size_t)(at - out);
}

size_t units_format_duration(int64_t ms, char out[UNITS_TEXT_SIZE]) {
    return format_duration(ms, DURATIONS, out);
}

size_t units_format_duration_short(int64_t ms, char out[UNITS_TEXT_SIZE]) {
    return format_duration(ms, 2, out);
}
