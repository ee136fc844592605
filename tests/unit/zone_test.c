/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets are held against libc's localtime_r, zone by zone. */
#include "base/zone.h"

#include "base/file.h"
#include "base/time.h"
#include "base/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* With rules north and south, half hours, negative saving time, a rule of its own a year, none. */
static const char *const names[] = {
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
    "Europe/Dublin", "Asia/Kolkata",     "Africa/Casablanca",   "America/Nuuk",
    "Pacific/Apia",  "Asia/Tehran",      "Antarctica/Troll",    "Pacific/Kiritimati",
    "Asia/Gaza",     "Africa/Monrovia",  "Etc/GMT+12",          "Africa/Cairo",
};

static void offsets_are_those_of_libc_in_every_zone(void **state) {
    (void)state;
    uint64_t random = UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *zone;
        struct error err = { 0 };
        if (!zone_open(names[i], &zone, &err)) {
            fail_msg("%s", err.message);
        }
        assert_string_equal(zone_name(zone), names[i]);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int round = 0; round < 20000; round++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            /* 1800 to 2500: in front of all transitions, among them, and under the rule */
            time_t at = (time_t)(random >> 20) % INT64_C(22000000000) - INT64_C(5300000000);
            struct tm tm;
            localtime_r(&at, &tm);
            if (zone_offset_s(zone, at) != tm.tm_gmtoff) {
                fail_msg("%s, %ld: %d, wanted %ld", names[i], at, zone_offset_s(zone, at),
                         tm.tm_gmtoff);
            }
        }
        zone_close(zone);
    }
    (void)unsetenv("TZ");
}

/* Hours around the two changes of a year under the rule. */
static void local_times_go_back_to_their_instants(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *zone;
        assert_true(zone_open(names[i], &zone, NULL));
        for (int64_t at = INT64_C(1767225600); at < INT64_C(1798761600); at += 900) {
            int64_t back = zone_to_unix_s(zone, at + zone_offset_s(zone, at));
            int64_t earlier =
                zone_to_unix_s(zone, at + zone_offset_s(zone, at)) + zone_offset_s(zone, back);
            /* The same local time, and of two instants the first. */
            assert_true(earlier == at + zone_offset_s(zone, at));
            assert_true(back <= at && at - back <= 7200);
        }
        zone_close(zone);
    }
}

static void utc_is_no_zone_and_has_no_offset(void **state) {
    (void)state;
    struct zone *zone = (struct zone *)8;
    assert_true(zone_open("UTC", &zone, NULL));
    assert_null(zone);
    assert_int_equal(zone_offset_s(NULL, INT64_MIN), 0);
    assert_true(zone_to_unix_s(NULL, 12345) == 12345);
    assert_string_equal(zone_name(NULL), "UTC");
    zone_close(NULL);
}

static const struct {
    const char *name;
    int32_t offset_s;
} fixed[] = {
    { "+05:30", 19800 }, { "-0800", -28800 },  { "+01", 3600 },
    { "+00:00", 0 },     { "-23:59", -86340 }, { "+2359", 86340 },
};

static void fixed_offsets_are_zones(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(fixed); i++) {
        struct zone *zone;
        assert_true(zone_open(fixed[i].name, &zone, NULL));
        assert_int_equal(zone_offset_s(zone, 0), fixed[i].offset_s);
        assert_string_equal(zone_name(zone), fixed[i].name);
        zone_close(zone);
    }
}

static const char *const no_zones[] = {
    "",
    "+",
    "+1",
    "+5:30",
    "+05:",
    "+05:3",
    "+24:00",
    "+05:60",
    "+053",
    "+05300",
    "+0:530",
    "Europe/Nowhere",
    "Europe",
    "../../../etc/passwd",
    "/etc/localtime",
    "Europe/../Europe/Berlin",
    ".",
    "..",
    "./Europe/Berlin",
    "Europe/Berlin\n",
    "utc2",
    "leapseconds.",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void names_that_are_no_zone_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(no_zones); i++) {
        struct zone *zone;
        struct error err = { 0 };
        if (zone_open(no_zones[i], &zone, &err)) {
            fail_msg("'%s' was taken", no_zones[i]);
        }
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, "is not a time zone (UTC, local, +05:30, or one of"));
        assert_null(zone);
    }
}

static void local_is_what_tz_says(void **state) {
    (void)state;
    static const struct {
        const char *variable;
        int32_t winter_s;
        int32_t summer_s;
    } cases[] = {
        { "Europe/Berlin", 3600, 7200 },
        { ":America/New_York", -18000, -14400 },
        { "CET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200 },
        { "<-03>3", -10800, -10800 },
        { "UTC", 0, 0 },
        { "", 0, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct zone *zone;
        (void)setenv("TZ", cases[i].variable, 1);
        assert_true(zone_open("local", &zone, NULL));
        assert_int_equal(zone_offset_s(zone, INT64_C(1768000000)), cases[i].winter_s);
        assert_int_equal(zone_offset_s(zone, INT64_C(1783000000)), cases[i].summer_s);
        zone_close(zone);
    }
    struct zone *zone;
    struct error err;
    (void)setenv("TZ", "../../etc/passwd", 1);
    assert_false(zone_open("local", &zone, &err));
    (void)unsetenv("TZ");
}

static void rules_are_read_strictly(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "CE-1",
        "CET",
        "CET-25",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,J0,J365",
        "CET-1CEST,J366,J365",
        "CET-1CEST,366,1",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "<CET-1",
        "<+>-1",
        "CET-1:60",
        "CET-1:00:60",
        "CET-99999999999999999999",
        "CET-1CEST,M3.5.0,M10.5.0,",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct zone_rule rule;
        struct error err = { 0 };
        if (zone_rule_parse(bytes_text(wrong[i]), &rule, &err)) {
            fail_msg("'%s' was taken", wrong[i]);
        }
        assert_int_equal(err.code, ERROR_FORMAT);
    }
}

static const struct {
    const char *rule;
    const char *change; /* the first instant of the new offset */
    int32_t before_s;
    int32_t after_s;
} changes[] = {
    { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 3600, 7200 },
    { "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 7200, 3600 },
    { "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -18000, -14400 },
    { "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-04-05T03:00:00Z", -10800, -14400 },
    { "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2026-09-06T04:00:00Z", -14400, -10800 },
    { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-10-03T15:30:00Z", 37800, 39600 },
    { "IST-2IDT,M3.4.4/26,M10.5.0", "2026-03-27T00:00:00Z", 7200, 10800 },
    { "AAA0BBB,J60,J300", "2024-03-01T02:00:00Z", 0, 3600 }, /* J60 is 1 March, leap year or not */
    { "AAA0BBB,J60,J300", "2026-03-01T02:00:00Z", 0, 3600 },
    { "AAA0BBB,59,300", "2024-02-29T02:00:00Z", 0, 3600 },
    { "AAA0BBB-0:20,59,300", "2026-03-01T02:00:00Z", 0, 1200 },
};

static void rules_change_at_their_second(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct zone_rule rule;
        struct time_context context = { 0 };
        int64_t ms;
        assert_true(zone_rule_parse(bytes_text(changes[i].rule), &rule, NULL));
        assert_true(time_parse(bytes_text(changes[i].change), &context, &ms, NULL));
        if (zone_rule_offset_s(&rule, ms / 1000 - 1) != changes[i].before_s ||
            zone_rule_offset_s(&rule, ms / 1000) != changes[i].after_s) {
            fail_msg("%s at %s", changes[i].rule, changes[i].change);
        }
    }
}

/* Every prefix of a true file, and every byte of one changed: an error or a zone, never a fault. */
static void damaged_files_are_refused_or_harmless(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 65536);
    assert_true(file_read("/usr/share/zoneinfo/Europe/Dublin", &buffer, NULL));
    for (size_t size = 0; size < buffer.size; size++) {
        struct zone *zone;
        struct error err = { 0 };
        uint8_t *copy = malloc(size + 1); /* so that a read behind the end is seen */
        assert_non_null(copy);
        memcpy(copy, buffer.data, size);
        assert_false(zone_decode(bytes_of(copy, size), "x", &zone, &err));
        assert_true(err.code == ERROR_FORMAT || err.code == ERROR_UNSUPPORTED);
        free(copy);
    }
    for (size_t i = 0; i < buffer.size; i++) {
        uint8_t kept = buffer.data[i];
        for (unsigned mask = 1; mask < 256; mask = 2 * mask + 1) {
            struct zone *zone = NULL;
            buffer.data[i] = (uint8_t)(kept ^ mask);
            if (zone_decode(buffer_bytes(&buffer), "x", &zone, NULL)) {
                (void)zone_to_unix_s(zone, zone_offset_s(zone, INT64_C(4102444800)));
            }
            zone_close(zone);
        }
        buffer.data[i] = kept;
    }
    buffer_done(&buffer);
}

static void a_zone_of_leap_seconds_is_not_supported(void **state) {
    (void)state;
    struct zone *zone;
    struct error err = { 0 };
    if (zone_open("right/UTC", &zone, &err)) {
        fail_msg("it counts leap seconds, and was taken");
    }
    /* Debian keeps these zones in a package of their own. */
    assert_true(err.code == ERROR_UNSUPPORTED || err.code == ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_libc_in_every_zone),
        cmocka_unit_test(local_times_go_back_to_their_instants),
        cmocka_unit_test(utc_is_no_zone_and_has_no_offset),
        cmocka_unit_test(fixed_offsets_are_zones),
        cmocka_unit_test(names_that_are_no_zone_are_refused),
        cmocka_unit_test(local_is_what_tz_says),
        cmocka_unit_test(rules_are_read_strictly),
        cmocka_unit_test(rules_change_at_their_second),
        cmocka_unit_test(damaged_files_are_refused_or_harmless),
        cmocka_unit_test(a_zone_of_leap_seconds_is_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
