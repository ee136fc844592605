/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX rules ("TZ", XBD 8.3) with the extension of RFC 9636, 3.3.1: times from -167 to 167 hours.
 * Offsets are written as hours west of Greenwich, and kept here as seconds east. */
#include "base/zone_rule.h"

#include "base/time.h"

#define OFFSET_HOURS_MAX 24u
#define TIME_HOURS_MAX 167u
#define SAVING_S 3600
#define CHANGE_S 7200 /* 02:00, where the rule does not say */
#define DAY_S 86400
/* 400 years: the calendar, weekdays included, repeats; so instants are taken modulo it. */
#define PERIOD_S (INT64_C(146097) * DAY_S)

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c) {
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool take_char(struct cursor *cursor, char c) {
    if (cursor_left(cursor) == 0 || cursor->data[cursor->offset] != (uint8_t)c) {
        return false;
    }
    cursor->offset++;
    return true;
}

static void expect_char(struct cursor *cursor, char c) {
    cursor->failed |= !take_char(cursor, c);
}

static uint8_t peek(const struct cursor *cursor) {
    return cursor_left(cursor) == 0 ? 0 : cursor->data[cursor->offset];
}

static unsigned take_number(struct cursor *cursor, unsigned least, unsigned most) {
    unsigned value = 0;
    cursor->failed |= !is_digit(peek(cursor));
    while (is_digit(peek(cursor)) && value <= most) {
        value = 10 * value + (unsigned)(cursor_u8(cursor) - '0');
    }
    cursor->failed |= value < least || value > most;
    return value;
}

/* "CET", "<+0530>": three characters or more, which nobody here needs. */
static void skip_name(struct cursor *cursor) {
    size_t size = 0;
    if (take_char(cursor, '<')) {
        while (is_letter(peek(cursor)) || is_digit(peek(cursor)) || peek(cursor) == '+' ||
               peek(cursor) == '-') {
            cursor->offset++;
            size++;
        }
        expect_char(cursor, '>');
    } else {
        while (is_letter(peek(cursor))) {
            cursor->offset++;
            size++;
        }
    }
    cursor->failed |= size < 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t take_time(struct cursor *cursor, unsigned hours_max) {
    bool is_minus = take_char(cursor, '-');
    if (!is_minus) {
        (void)take_char(cursor, '+'); /* may stand there, and says nothing */
    }
    unsigned seconds = 3600 * take_number(cursor, 0, hours_max);
    if (take_char(cursor, ':')) {
        seconds += 60 * take_number(cursor, 0, 59);
        if (take_char(cursor, ':')) {
            seconds += take_number(cursor, 0, 59);
        }
    }
    return is_minus ? -(int32_t)seconds : (int32_t)seconds;
}

static struct zone_day take_day(struct cursor *cursor) {
    struct zone_day day = { .time_s = CHANGE_S };
    expect_char(cursor, ',');
    if (take_char(cursor, 'M')) {
        day.kind = ZONE_DAY_MONTH;
        day.month = take_number(cursor, 1, 12);
        expect_char(cursor, '.');
        day.week = take_number(cursor, 1, 5);
        expect_char(cursor, '.');
        day.day = take_number(cursor, 0, 6);
    } else if (take_char(cursor, 'J')) {
        day.kind = ZONE_DAY_JULIAN;
        day.day = take_number(cursor, 1, 365);
    } else {
        day.kind = ZONE_DAY_PLAIN;
        day.day = take_number(cursor, 0, 365);
    }
    if (take_char(cursor, '/')) {
        day.time_s = take_time(cursor, TIME_HOURS_MAX);
    }
    return day;
}

bool zone_rule_parse(struct bytes text, struct zone_rule *out, struct error *err) {
    struct cursor cursor = cursor_of(text);
    struct zone_rule rule = { .has_saving = false };
    skip_name(&cursor);
    rule.offset_s = -take_time(&cursor, OFFSET_HOURS_MAX);
    if (cursor_left(&cursor) > 0) {
        rule.has_saving = true;
        skip_name(&cursor);
        bool is_given = peek(&cursor) != ',';
        rule.saving_offset_s =
            is_given ? -take_time(&cursor, OFFSET_HOURS_MAX) : rule.offset_s + SAVING_S;
        rule.start = take_day(&cursor);
        rule.end = take_day(&cursor);
    }
    if (cursor.failed || cursor_left(&cursor) > 0) {
        int shown = text.size < 64 ? (int)text.size : 64;
        return error_set(err, ERROR_FORMAT, "'%.*s' is not a POSIX time zone rule", shown,
                         text.size == 0 ? "" : (const char *)text.data);
    }
    *out = rule;
    return true;
}

/* Days since 1970 on which `day` falls in `year`. */
static int64_t day_in_year(const struct zone_day *day, int64_t year) {
    int64_t first = time_days_from_date(year, 1, 1);
    if (day->kind == ZONE_DAY_PLAIN) {
        return first + day->day;
    }
    if (day->kind == ZONE_DAY_JULIAN) {
        bool is_behind_leap_day = day->day >= 60 && time_days_of_month(year, 2) == 29;
        return first + day->day - 1 + is_behind_leap_day;
    }
    int64_t month = time_days_from_date(year, day->month, 1);
    int64_t weekday = (month % 7 + 7 + 4) % 7; /* 0 is Sunday; 1970-01-01 was a Thursday */
    int64_t in_month = (day->day - weekday + 7) % 7 + 7 * (day->week - 1);
    if (in_month >= time_days_of_month(year, day->month)) {
        in_month -= 7;
    }
    return month + in_month;
}

int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t unix_s) {
    if (!rule->has_saving) {
        return rule->offset_s;
    }
    unix_s %= PERIOD_S;
    int64_t local_s = unix_s + rule->offset_s;
    int64_t year = time_date_from_days(local_s / DAY_S - (local_s % DAY_S < 0)).year;
    int64_t start = day_in_year(&rule->start, year) * DAY_S + rule->start.time_s - rule->offset_s;
    int64_t end = day_in_year(&rule->end, year) * DAY_S + rule->end.time_s - rule->saving_offset_s;
    /* South of the equator summer spans the new year: then the days between are standard time. */
    bool is_saving =
        start < end ? unix_s >= start && unix_s < end : unix_s >= start || unix_s < end;
    return is_saving ? rule->saving_offset_s : rule->offset_s;
}
