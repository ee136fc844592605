/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar is held against libc's gmtime_r; what is read against tables worked out by hand. */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* 2026-11-24T10:30:15.250Z, a Tuesday. */
#define NOW_MS INT64_C(1795516215250)
#define END_MS INT64_C(1795478400000) /* 2026-11-24T00:00:00Z */

static struct zone *berlin;
static struct zone *india;

static void every_day_of_four_eras_goes_there_and_back(void **state) {
    (void)state;
    int64_t first = time_days_from_date(-400, 1, 1);
    int64_t last = time_days_from_date(1200 + 1970, 1, 1);
    assert_true(time_days_from_date(1970, 1, 1) == 0);
    assert_true(time_days_from_date(2000, 3, 1) == 11017);
    int64_t year = -400;
    unsigned month = 1;
    unsigned day = 1;
    for (int64_t days = first; days <= last; days++) {
        struct time_date date = time_date_from_days(days);
        if (date.year != year || date.month != month || date.day != day ||
            time_days_from_date(year, month, day) != days) {
            fail_msg("day %ld is %ld-%u-%u", days, date.year, date.month, date.day);
        }
        if (++day > time_days_of_month(year, month)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
}

static void instants_print_as_libc_prints_them(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 100000; round++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t ms = TIME_MIN_MS + (int64_t)(random % (uint64_t)(TIME_MAX_MS - TIME_MIN_MS));
        int64_t rest = (ms % 1000 + 1000) % 1000;
        time_t seconds = (ms - rest) / 1000;
        struct tm tm;
        char want[80];
        char got[TIME_TEXT_SIZE];
        gmtime_r(&seconds, &tm);
        (void)snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, rest);
        size_t size = time_format(ms, NULL, got);
        assert_string_equal(got, want);
        assert_int_equal(size, strlen(got));
        struct time_context context = { 0 };
        int64_t back;
        assert_true(time_parse(bytes_text(got), &context, &back, NULL));
        assert_true(back == ms);
    }
}

static void times_print_with_the_offset_of_their_zone(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    time_format(NOW_MS, india, text);
    assert_string_equal(text, "2026-11-24T16:00:15.250+05:30");
    time_format_seconds(NOW_MS, berlin, text);
    assert_string_equal(text, "2026-11-24T11:30:15+01:00");
    time_format(INT64_C(-2500000000000), berlin, text); /* local mean time: +00:53:28 */
    assert_string_equal(text, "1890-10-11T20:26:20.000+00:53");
    int64_t back;
    struct time_context context = { 0 };
    assert_true(time_parse(bytes_text(text), &context, &back, NULL));
    assert_true(back == INT64_C(-2500000000000));
}

static void the_ends_of_64_bits_print(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    time_format(INT64_MAX, NULL, text);
    assert_string_equal(text, "+292278994-08-17T07:12:55.807Z");
    time_format(INT64_MIN, berlin, text);
    assert_string_equal(text, "-292275055-05-16T17:40:04.192+00:53");
    time_format(TIME_MAX_MS, NULL, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    time_format(TIME_MAX_MS + 1, NULL, text);
    assert_string_equal(text, "+10000-01-01T00:00:00.000Z");
    time_format(TIME_MIN_MS - 1, NULL, text);
    assert_string_equal(text, "-0001-12-31T23:59:59.999Z");
}

static const struct {
    const char *text;
    const char *want; /* in UTC */
} in_utc[] = {
    { "2026-11-24T10:30:00Z", "2026-11-24T10:30:00.000Z" },
    { "2026-11-24t10:30:00z", "2026-11-24T10:30:00.000Z" },
    { "2026-11-24T10:30:00.5+05:30", "2026-11-24T05:00:00.500Z" },
    { "2026-11-24T10:30-08:00", "2026-11-24T18:30:00.000Z" },
    { "2026-11-24T10:30:00.123999999Z", "2026-11-24T10:30:00.123Z" },
    { "2026-11-24 10:30", "2026-11-24T10:30:00.000Z" },
    { "2026-11-24 10:30:07", "2026-11-24T10:30:07.000Z" },
    { "2026-11-24", "2026-11-24T00:00:00.000Z" },
    { "2024-02-29", "2024-02-29T00:00:00.000Z" },
    { "10:30", "2026-11-24T10:30:00.000Z" },
    { "23:59:60", "2026-11-25T00:00:00.000Z" },
    { "now", "2026-11-24T10:30:15.250Z" },
    { "-2h", "2026-11-24T08:30:15.250Z" },
    { "+1h30m", "2026-11-24T12:00:15.250Z" },
    { "-90", "2026-11-24T10:28:45.250Z" },
    { "now-2h", "2026-11-24T08:30:15.250Z" },
    { "now/m", "2026-11-24T10:30:00.000Z" },
    { "now/h", "2026-11-24T10:00:00.000Z" },
    { "now/d", "2026-11-24T00:00:00.000Z" },
    { "now/w", "2026-11-23T00:00:00.000Z" },
    { "now-1d/d", "2026-11-23T00:00:00.000Z" },
    { "now-1d/d+6h", "2026-11-23T06:00:00.000Z" },
    { "now/d/w", "2026-11-23T00:00:00.000Z" },
    { "today", "2026-11-24T00:00:00.000Z" },
    { "today+8h", "2026-11-24T08:00:00.000Z" },
    { "yesterday", "2026-11-23T00:00:00.000Z" },
    { "end", "2026-11-24T00:00:00.000Z" },
    { "end-1h", "2026-11-23T23:00:00.000Z" },
    { "@0", "1970-01-01T00:00:00.000Z" },
    { "@1730000000", "2024-10-27T03:33:20.000Z" },
    { "@1730000000123", "2024-10-27T03:33:20.123Z" },
    { "@99999999999", "5138-11-16T09:46:39.000Z" },
    { "@100000000000", "1973-03-03T09:46:40.000Z" },
    { "@253402300799999", "9999-12-31T23:59:59.999Z" },
    { "0000-01-01", "0000-01-01T00:00:00.000Z" },
    { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
};

/* Now is 11:30 in Berlin. The clock went 03:00 to 02:00 on 2026-10-25 and 02:00 to 03:00 on
 * 2026-03-29. */
static const struct {
    const char *text;
    const char *want;
} in_berlin[] = {
    { "2026-11-24 10:30", "2026-11-24T09:30:00.000Z" },
    { "2026-07-01 10:30", "2026-07-01T08:30:00.000Z" },
    { "2026-07-01", "2026-06-30T22:00:00.000Z" },
    { "2026-11-24T10:30:00Z", "2026-11-24T10:30:00.000Z" },
    { "10:30", "2026-11-24T09:30:00.000Z" },
    { "today", "2026-11-23T23:00:00.000Z" },
    { "yesterday", "2026-11-22T23:00:00.000Z" },
    { "now/d", "2026-11-23T23:00:00.000Z" },
    { "now/w", "2026-11-22T23:00:00.000Z" },
    { "2026-10-25 01:59:59", "2026-10-24T23:59:59.000Z" },
    { "2026-10-25 02:30", "2026-10-25T00:30:00.000Z" }, /* twice: the first */
    { "2026-10-25 03:00", "2026-10-25T02:00:00.000Z" },
    { "2026-03-29 01:59:59", "2026-03-29T00:59:59.000Z" },
    { "2026-03-29 02:30", "2026-03-29T01:30:00.000Z" }, /* never: read as 03:30 */
    { "2026-03-29 03:30", "2026-03-29T01:30:00.000Z" },
};

static void assert_reads_as(const char *text, const struct zone *zone, const char *want) {
    struct time_context context = { .now_ms = NOW_MS, .end_ms = END_MS, .zone = zone };
    struct error err = { 0 };
    int64_t ms = 0;
    char got[TIME_TEXT_SIZE];
    if (!time_parse(bytes_text(text), &context, &ms, &err)) {
        fail_msg("%s", err.message);
    }
    time_format(ms, NULL, got);
    if (strcmp(got, want) != 0) {
        fail_msg("'%s': %s, wanted %s", text, got, want);
    }
}

static void each_form_of_a_time_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(in_utc); i++) {
        assert_reads_as(in_utc[i].text, NULL, in_utc[i].want);
    }
}

static void times_without_an_offset_are_in_the_zone(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(in_berlin); i++) {
        assert_reads_as(in_berlin[i].text, berlin, in_berlin[i].want);
    }
}

static void the_hour_that_occurs_twice_is_not_left_by_rounding(void **state) {
    (void)state;
    struct time_context context = { .zone = berlin };
    int64_t ms;
    /* The second 02:30 of that night is 01:30 UTC; its hour began at 01:00 UTC. */
    context.now_ms = (time_days_from_date(2026, 10, 25) * 24 + 1) * TIME_HOUR_MS + 1800000;
    assert_true(time_parse(bytes_text("now/h"), &context, &ms, NULL));
    assert_true(ms == context.now_ms - 1800000);
}

static const struct {
    const char *text;
    const char *reason; /* NULL: "is not a time" */
} refused[] = {
    { "", NULL },
    { "6x", NULL },
    { "tomorrowish", NULL },
    { "nowish", NULL },
    { "now2h", NULL },
    { "2026-11-24 ", NULL },
    { "2026-11-24T", NULL },
    { "2026-11-24Z", NULL },
    { "2026-11", NULL },
    { "2026-1-24", NULL },
    { "2026/11/24", NULL },
    { "20261124", NULL },
    { "2026-11-24 1030", NULL },
    { "2026-11-24 10:30 UTC", NULL },
    { "2026-11-24T10:30:00.Z", NULL },
    { "2026-11-24T10:30:00+0530", NULL },
    { "2026-11-24T10:30:00Zx", NULL },
    { "10", NULL },
    { "1730000000", NULL },
    { "@", NULL },
    { "@-1", NULL },
    { "@1.5", NULL },
    { " now", NULL },
    { "NOW", NULL },
    { "2026-02-29", "there is no such day" },
    { "2026-13-01", "there is no such day" },
    { "2026-00-01", "there is no such day" },
    { "2026-01-00", "there is no such day" },
    { "2026-11-31", "there is no such day" },
    { "24:00", "there is no such time of day" },
    { "10:60", "there is no such time of day" },
    { "10:30:61", "there is no such time of day" },
    { "2026-11-24T10:30:00+24:00", "there is no such offset from UTC" },
    { "10:30Z", "an offset needs a date in front" },
    { "-", "behind a sign stands a duration (e.g. 90s, 1h30m)" },
    { "now-", "behind a sign stands a duration (e.g. 90s, 1h30m)" },
    { "now--1h", "behind a sign stands a duration (e.g. 90s, 1h30m)" },
    { "now-1y", "behind a sign stands a duration (e.g. 90s, 1h30m)" },
    { "now-1d/y", "behind '/' stands m, h, d or w" },
    { "now/", "behind '/' stands m, h, d or w" },
    { "now-9000000000h", "it lies outside the years 0 to 9999" },
    { "now-9223372036854775807ms", "it lies outside the years 0 to 9999" },
    { "+500000w", "it lies outside the years 0 to 9999" },
    { "@253402300800000", "it lies outside the years 0 to 9999" },
    { "@9999999999999999", "it lies outside the years 0 to 9999" },
    { "0000-01-01T00:00:00+01:00", "it lies outside the years 0 to 9999" },
    { "9999-12-31T23:59:60Z", "it lies outside the years 0 to 9999" },
};

static void what_is_not_a_time_is_refused_with_the_reason(void **state) {
    (void)state;
    struct time_context context = { .now_ms = NOW_MS, .end_ms = END_MS };
    for (size_t i = 0; i < COUNT(refused); i++) {
        char want[ERROR_MESSAGE_SIZE];
        struct error err = { 0 };
        int64_t ms = 77;
        if (time_parse(bytes_text(refused[i].text), &context, &ms, &err)) {
            fail_msg("'%s' was taken", refused[i].text);
        }
        if (refused[i].reason == NULL) {
            (void)snprintf(want, sizeof want,
                           "'%s' is not a time (e.g. 2026-11-24T10:30:00Z, 2026-11-24 10:30, "
                           "10:30, -2h, now-1d/d, yesterday, end-1h, @1730000000)",
                           refused[i].text);
        } else {
            (void)snprintf(want, sizeof want, "'%s': %s", refused[i].text, refused[i].reason);
        }
        assert_string_equal(err.message, want);
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_true(ms == 77);
    }
}

static void the_end_of_no_data_is_an_error(void **state) {
    (void)state;
    struct time_context context = { .now_ms = NOW_MS, .end_ms = TIME_UNKNOWN };
    struct error err = { 0 };
    int64_t ms;
    assert_false(time_parse(bytes_text("end-1h"), &context, &ms, &err));
    assert_string_equal(err.message, "'end-1h': there is no data yet, so it has no end");
}

static void no_text_and_a_text_with_a_nul_are_refused(void **state) {
    (void)state;
    struct time_context context = { .now_ms = NOW_MS };
    int64_t ms;
    assert_false(time_parse(bytes_of(NULL, 0), &context, &ms, NULL));
    assert_false(time_parse(bytes_of("now\0", 4), &context, &ms, NULL));
    assert_false(time_parse(bytes_of("now-\0", 5), &context, &ms, NULL));
}

static int open_zones(void **state) {
    (void)state;
    return zone_open("Europe/Berlin", &berlin, NULL) && zone_open("+05:30", &india, NULL) ? 0 : -1;
}

static int close_zones(void **state) {
    (void)state;
    zone_close(berlin);
    zone_close(india);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_four_eras_goes_there_and_back),
        cmocka_unit_test(instants_print_as_libc_prints_them),
        cmocka_unit_test(times_print_with_the_offset_of_their_zone),
        cmocka_unit_test(the_ends_of_64_bits_print),
        cmocka_unit_test(each_form_of_a_time_is_read),
        cmocka_unit_test(times_without_an_offset_are_in_the_zone),
        cmocka_unit_test(the_hour_that_occurs_twice_is_not_left_by_rounding),
        cmocka_unit_test(what_is_not_a_time_is_refused_with_the_reason),
        cmocka_unit_test(the_end_of_no_data_is_an_error),
        cmocka_unit_test(no_text_and_a_text_with_a_nul_are_refused),
    };
    return cmocka_run_group_tests(tests, open_zones, close_zones);
}
