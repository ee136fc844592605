/* SPDX-License-Identifier: Apache-2.0 */
#include "query/bin.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* Central European time: an hour on from 2026-03-29T01:00Z, back at 2026-10-25T01:00Z. */
static struct zone *berlin(void) {
    struct zone *zone;
    struct error err;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    if (!zone_open("local", &zone, &err)) {
        fail_msg("%s", err.message);
    }
    return zone;
}

static int64_t ms(const char *text) {
    struct time_context context = { .end_ms = TIME_UNKNOWN };
    struct error err;
    int64_t out;
    if (!time_parse(bytes_text(text), &context, &out, &err)) {
        fail_msg("%s", err.message);
    }
    return out;
}

static void bins_begin_by_the_zones_clock(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t bin_ms;
        const char *t, *begin, *next;
    } cases[] = {
        { "winter day", DAY_MS, "2026-01-10T12:00Z", "2026-01-09T23:00Z", "2026-01-10T23:00Z" },
        { "summer day", DAY_MS, "2026-07-10T22:00Z", "2026-07-10T22:00Z", "2026-07-11T22:00Z" },
        { "day of 23 hours, early", DAY_MS, "2026-03-29T00:30Z", "2026-03-28T23:00Z",
          "2026-03-29T22:00Z" },
        { "day of 23 hours, late", DAY_MS, "2026-03-29T21:59Z", "2026-03-28T23:00Z",
          "2026-03-29T22:00Z" },
        { "day of 25 hours, early", DAY_MS, "2026-10-24T22:00Z", "2026-10-24T22:00Z",
          "2026-10-25T23:00Z" },
        { "day of 25 hours, late", DAY_MS, "2026-10-25T22:59Z", "2026-10-24T22:00Z",
          "2026-10-25T23:00Z" },
        { "first of two equal hours", HOUR_MS, "2026-10-25T00:10Z", "2026-10-25T00:00Z",
          "2026-10-25T01:00Z" },
        { "second of two equal hours", HOUR_MS, "2026-10-25T01:10Z", "2026-10-25T01:00Z",
          "2026-10-25T02:00Z" },
        { "hour in front of the gap", HOUR_MS, "2026-03-29T00:59Z", "2026-03-29T00:00Z",
          "2026-03-29T01:00Z" },
    };
    struct zone *zone = berlin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t begin = bin_begin(zone, cases[i].bin_ms, ms(cases[i].t));
        int64_t next = bin_next(zone, cases[i].bin_ms, begin);
        if (begin != ms(cases[i].begin) || next != ms(cases[i].next)) {
            fail_msg("%s: [%lld, %lld)", cases[i].name, (long long)begin, (long long)next);
        }
    }
    zone_close(zone);
}

static void bins_of_a_year_meet_without_gaps(void **state) {
    (void)state;
    struct zone *zone = berlin();
    int64_t days = 0;
    for (int64_t t = ms("2025-12-31T23:00Z"); t < ms("2026-12-31T23:00Z"); days++) {
        int64_t next = bin_next(zone, DAY_MS, t);
        assert_int_equal(bin_begin(zone, DAY_MS, t), t);
        assert_int_equal(bin_begin(zone, DAY_MS, next - 1), t);
        assert_in_range(next - t, 23 * HOUR_MS, 25 * HOUR_MS);
        t = next;
    }
    assert_int_equal(days, 365);
    zone_close(zone);
}

static void bins_of_utc_are_multiples_also_before_1970(void **state) {
    (void)state;
    assert_int_equal(bin_begin(NULL, HOUR_MS, -1), -HOUR_MS);
    assert_int_equal(bin_begin(NULL, HOUR_MS, 0), 0);
    assert_int_equal(bin_next(NULL, HOUR_MS, -HOUR_MS), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_begin_by_the_zones_clock),
        cmocka_unit_test(bins_of_a_year_meet_without_gaps),
        cmocka_unit_test(bins_of_utc_are_multiples_also_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
