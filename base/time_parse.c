/* SPDX-License-Identifier: Apache-2.0 */
/* The one syntax of times for every option and filter. A text is told by how it begins: '@', a
 * sign, a letter, or digits (a date when a dash follows four of them, else a clock). Each reader
 * moves the scanner, and the whole text must be used up. */
#include "base/time.h"

#include "base/units.h"

#define SHOWN_MAX 48
/* From here on "@" counts milliseconds: as seconds it would be the year 5138, as ms it is 1973. */
#define EPOCH_MS_FROM INT64_C(100000000000)
#define EPOCH_DIGITS_MAX 15

struct scanner {
    const uint8_t *at;
    const uint8_t *end;
    const char *reason; /* what is wrong, where we know better than "not a time" */
};

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static size_t left(const struct scanner *scanner) {
    return (size_t)(scanner->end - scanner->at);
}

static bool fail(struct scanner *scanner, const char *reason) {
    scanner->reason = reason;
    return false;
}

static bool take_char(struct scanner *scanner, char c) {
    if (scanner->at == scanner->end || *scanner->at != (uint8_t)c) {
        return false;
    }
    scanner->at++;
    return true;
}

static bool take_word(struct scanner *scanner, const char *word) {
    size_t size = strlen(word);
    if (left(scanner) < size || memcmp(scanner->at, word, size) != 0) {
        return false;
    }
    scanner->at += size;
    return true;
}

/* Exactly `count` digits. */
static bool take_digits(struct scanner *scanner, unsigned count, unsigned *out) {
    if (left(scanner) < count) {
        return false;
    }
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(scanner->at[i])) {
            return false;
        }
        value = 10 * value + (unsigned)(scanner->at[i] - '0');
    }
    scanner->at += count;
    *out = value;
    return true;
}

static int64_t floor_to(int64_t value, int64_t step) {
    int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

/* The instant as a local clock would count it, in ms. */
static int64_t to_local(const struct zone *zone, int64_t unix_ms) {
    int64_t unix_s = floor_to(unix_ms, TIME_SECOND_MS) / TIME_SECOND_MS;
    return unix_ms + zone_offset_s(zone, unix_s) * TIME_SECOND_MS;
}

static int64_t from_local(const struct zone *zone, int64_t local_ms) {
    int64_t whole_ms = floor_to(local_ms, TIME_SECOND_MS);
    return zone_to_unix_s(zone, whole_ms / TIME_SECOND_MS) * TIME_SECOND_MS + local_ms - whole_ms;
}

/* HH:MM[:SS[.fraction]] as ms from midnight. */
static bool take_clock(struct scanner *scanner, int64_t *out_ms) {
    unsigned hour;
    unsigned minute;
    unsigned second = 0;
    int64_t ms = 0;
    if (!take_digits(scanner, 2, &hour) || !take_char(scanner, ':') ||
        !take_digits(scanner, 2, &minute)) {
        return false;
    }
    if (take_char(scanner, ':')) {
        if (!take_digits(scanner, 2, &second)) {
            return false;
        }
        if (take_char(scanner, '.')) {
            int64_t place = 100;
            if (scanner->at == scanner->end || !is_digit(*scanner->at)) {
                return false;
            }
            for (; scanner->at < scanner->end && is_digit(*scanner->at); scanner->at++) {
                ms += place * (*scanner->at - '0');
                place /= 10;
            }
        }
    }
    if (hour > 23 || minute > 59 || second > 60) {
        return fail(scanner, "there is no such time of day");
    }
    *out_ms = hour * TIME_HOUR_MS + minute * TIME_MINUTE_MS + second * TIME_SECOND_MS + ms;
    return true;
}

static bool take_date(struct scanner *scanner, int64_t *out_days) {
    unsigned year;
    unsigned month;
    unsigned day;
    if (!take_digits(scanner, 4, &year) || !take_char(scanner, '-') ||
        !take_digits(scanner, 2, &month) || !take_char(scanner, '-') ||
        !take_digits(scanner, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > time_days_of_month(year, month)) {
        return fail(scanner, "there is no such day");
    }
    *out_days = time_days_from_date(year, month, day);
    return true;
}

/* "Z", "+05:30": sets `*has_offset` when one stands there. */
static bool take_offset(struct scanner *scanner, bool *has_offset, int64_t *out_ms) {
    *has_offset = true;
    *out_ms = 0;
    if (take_char(scanner, 'Z') || take_char(scanner, 'z')) {
        return true;
    }
    bool is_west = take_char(scanner, '-');
    if (!is_west && !take_char(scanner, '+')) {
        *has_offset = false;
        return true;
    }
    unsigned hours;
    unsigned minutes;
    if (!take_digits(scanner, 2, &hours) || !take_char(scanner, ':') ||
        !take_digits(scanner, 2, &minutes)) {
        return false;
    }
    if (hours > 23 || minutes > 59) {
        return fail(scanner, "there is no such offset from UTC");
    }
    int64_t ms = hours * TIME_HOUR_MS + minutes * TIME_MINUTE_MS;
    *out_ms = is_west ? -ms : ms;
    return true;
}

/* A date, a clock, or both; an offset only behind a clock. */
static bool read_absolute(struct scanner *scanner, const struct time_context *context,
                          int64_t *out) {
    bool is_date = left(scanner) > 4 && scanner->at[4] == '-';
    int64_t local_ms;
    if (is_date) {
        int64_t days;
        if (!take_date(scanner, &days)) {
            return false;
        }
        local_ms = days * TIME_DAY_MS;
    } else {
        local_ms = floor_to(to_local(context->zone, context->now_ms), TIME_DAY_MS);
    }
    bool has_clock =
        !is_date || take_char(scanner, 'T') || take_char(scanner, 't') || take_char(scanner, ' ');
    bool has_offset = false;
    if (has_clock) {
        int64_t clock_ms;
        int64_t offset_ms;
        if (!take_clock(scanner, &clock_ms) || !take_offset(scanner, &has_offset, &offset_ms)) {
            return false;
        }
        if (has_offset && !is_date) {
            return fail(scanner, "an offset needs a date in front");
        }
        local_ms += clock_ms;
        *out = local_ms - offset_ms;
    }
    if (!has_offset) {
        *out = from_local(context->zone, local_ms);
    }
    return true;
}

static bool read_epoch(struct scanner *scanner, int64_t *out) {
    int64_t value = 0;
    int digits = 0;
    scanner->at++;
    for (; scanner->at < scanner->end && is_digit(*scanner->at); scanner->at++) {
        if (++digits > EPOCH_DIGITS_MAX) {
            return fail(scanner, "it lies outside the years 0 to 9999");
        }
        value = 10 * value + (*scanner->at - '0');
    }
    *out = value < EPOCH_MS_FROM ? value * TIME_SECOND_MS : value;
    return digits > 0;
}

/* "/d": down to the start of the unit, as clocks in the zone show it. */
static bool round_down(struct scanner *scanner, const struct zone *zone, int64_t *time) {
    int64_t local = to_local(zone, *time);
    if (take_char(scanner, 'm')) {
        *time -= local - floor_to(local, TIME_MINUTE_MS);
    } else if (take_char(scanner, 'h')) {
        /* On the instant: an hour that occurs twice is not left for its first. */
        *time -= local - floor_to(local, TIME_HOUR_MS);
    } else if (take_char(scanner, 'd')) {
        *time = from_local(zone, floor_to(local, TIME_DAY_MS));
    } else if (take_char(scanner, 'w')) {
        /* 1970-01-01 was a Thursday: three days behind a Monday. */
        int64_t shift = 3 * TIME_DAY_MS;
        *time = from_local(zone, floor_to(local + shift, 7 * TIME_DAY_MS) - shift);
    } else {
        return fail(scanner, "behind '/' stands m, h, d or w");
    }
    return true;
}

static bool add_duration(struct scanner *scanner, bool is_minus, int64_t *time) {
    const uint8_t *start = scanner->at;
    while (scanner->at < scanner->end && strchr("+-/", *scanner->at) == NULL) {
        scanner->at++;
    }
    int64_t ms;
    if (!units_parse_duration(bytes_of(start, (size_t)(scanner->at - start)), &ms, NULL)) {
        return fail(scanner, "behind a sign stands a duration (e.g. 90s, 1h30m)");
    }
    if (ms > TIME_MAX_MS - TIME_MIN_MS) {
        return fail(scanner, "it lies outside the years 0 to 9999");
    }
    *time += is_minus ? -ms : ms;
    return true;
}

static bool in_range(struct scanner *scanner, int64_t time) {
    return (time >= TIME_MIN_MS && time <= TIME_MAX_MS) ||
           fail(scanner, "it lies outside the years 0 to 9999");
}

/* A word or nothing (now), then steps. Each step ends in range, so that the next cannot overflow.
 */
static bool read_relative(struct scanner *scanner, const struct time_context *context,
                          int64_t *out) {
    const struct zone *zone = context->zone;
    int64_t time = context->now_ms;
    bool is_yesterday = take_word(scanner, "yesterday");
    if (is_yesterday || take_word(scanner, "today")) {
        int64_t midnight = floor_to(to_local(zone, time), TIME_DAY_MS);
        time = from_local(zone, midnight - (is_yesterday ? TIME_DAY_MS : 0));
    } else if (take_word(scanner, "end")) {
        if (context->end_ms == TIME_UNKNOWN) {
            return fail(scanner, "there is no data yet, so it has no end");
        }
        time = context->end_ms;
    } else if (!take_word(scanner, "now") && *scanner->at != '-' && *scanner->at != '+') {
        return false;
    }
    while (scanner->at < scanner->end) {
        bool is_minus = *scanner->at == '-';
        bool ok = false;
        if (take_char(scanner, '/')) {
            ok = round_down(scanner, zone, &time);
        } else if (take_char(scanner, '-') || take_char(scanner, '+')) {
            ok = add_duration(scanner, is_minus, &time);
        }
        if (!ok || !in_range(scanner, time)) {
            return false;
        }
    }
    *out = time;
    return true;
}

bool time_parse(struct bytes text, const struct time_context *context, int64_t *out_ms,
                struct error *err) {
    const char *words = text.size == 0 ? "" : (const char *)text.data;
    struct scanner scanner = { .at = (const uint8_t *)words };
    int64_t time = 0;
    bool ok = false;
    scanner.end = scanner.at + text.size;
    if (text.size > 0 && *words == '@') {
        ok = read_epoch(&scanner, &time);
    } else if (text.size > 0 && is_digit(*scanner.at)) {
        ok = read_absolute(&scanner, context, &time);
    } else if (text.size > 0) {
        ok = read_relative(&scanner, context, &time);
    }
    if (ok && scanner.at == scanner.end && in_range(&scanner, time)) {
        *out_ms = time;
        return true;
    }
    int shown = text.size < SHOWN_MAX ? (int)text.size : SHOWN_MAX;
    if (scanner.reason != NULL) {
        return error_set(err, ERROR_ARGUMENT, "'%.*s': %s", shown, words, scanner.reason);
    }
    return error_set(err, ERROR_ARGUMENT,
                     "'%.*s' is not a time (e.g. 2026-11-24T10:30:00Z, 2026-11-24 10:30, 10:30, "
                     "-2h, now-1d/d, yesterday, end-1h, @1730000000)",
                     shown, words);
}
