/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *text;
    bool is_count; /* a size always; a count only without B */
    uint64_t want;
} sizes[] = {
    { "0", true, 0 },
    { "1500", true, 1500 },
    { "1.5k", true, 1500 },
    { "1.5K", true, 1500 },
    { "0.001k", true, 1 },
    { "2M", true, 2000000 },
    { "2m", true, 2000000 },
    { "64Mi", true, 64u << 20 },
    { "64MiB", false, 64u << 20 },
    { "64MB", false, 64000000 },
    { "1GiB", false, 1u << 30 },
    { "10kB", false, 10000 },
    { "7B", false, 7 },
    { "0.5Ki", true, 512 },
    { "3T", true, UINT64_C(3000000000000) },
    { "1Ti", true, UINT64_C(1) << 40 },
    { "18446744073709551615", true, UINT64_MAX },
    { "16777215.99999999999Ti", false, 0 },
    { "18446744073709551616", false, 0 },
    { "18446744.073709551615T", true, UINT64_MAX },
    { "18446744.073709551616T", false, 0 },
    { "16777216Ti", false, 0 },
    { "99999999999999999999", false, 0 },
    { "000000000000000000001", false, 0 }, /* more digits than any value has */
    { "0.3", false, 0 },
    { "1.0001k", false, 0 },
    { "", false, 0 },
    { "k", false, 0 },
    { "B", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1 k", false, 0 },
    { "1.", false, 0 },
    { ".5k", false, 0 },
    { "1.5.5k", false, 0 },
    { "1kk", false, 0 },
    { "1i", false, 0 },
    { "1b", false, 0 },
    { "1BB", false, 0 },
    { "1P", false, 0 },
    { "0x10", false, 0 },
    { "1e3", false, 0 },
};

static void sizes_and_counts_are_exact_or_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const char *text = sizes[i].text;
        bool is_size = sizes[i].want > 0 || strcmp(text, "0") == 0;
        uint64_t size = 77;
        uint64_t count = 77;
        struct error err = { 0 };
        if (units_parse_size(bytes_text(text), &size, &err) != is_size ||
            size != (is_size ? sizes[i].want : 77) ||
            units_parse_count(bytes_text(text), &count, &err) != sizes[i].is_count ||
            count != (sizes[i].is_count ? sizes[i].want : 77)) {
            fail_msg("'%s': %lu %lu %s", text, size, count, err.message);
        }
    }
    struct error err = { 0 };
    uint64_t out;
    assert_false(units_parse_size(bytes_of(NULL, 0), &out, &err));
    assert_false(units_parse_size(bytes_of("1\0", 2), &out, &err));
}

static const struct {
    const char *text;
    int64_t want_ms; /* -1: refused */
} durations[] = {
    { "0", 0 },
    { "90", 90000 },
    { "90s", 90000 },
    { "1h30m", 5400000 },
    { "1.5h", 5400000 },
    { "250ms", 250 },
    { "0.25", 250 },
    { "1m250ms", 60250 },
    { "1s1ms", 1001 },
    { "7d", 604800000 },
    { "1w", 604800000 },
    { "1w1d1h1m1s1ms", 694861001 },
    { "9223372036854775807ms", INT64_MAX },
    { "9223372036854775808ms", -1 },
    { "9223372036854775.807", INT64_MAX },
    { "15250284453w", -1 },
    { "18446744073709551615w", -1 },
    { "9223372036854775s1000ms", -1 },
    { "", -1 },
    { "s", -1 },
    { "6x", -1 },
    { "1h30", -1 }, /* of what? */
    { "30m1h", -1 },
    { "1h1h", -1 },
    { "-1h", -1 },
    { "1 h", -1 },
    { "1H", -1 },
    { "1M", -1 },
    { "0.0001s", -1 },
    { "1mss", -1 },
    { "1sm", -1 },
};

static void durations_combine_and_never_wrap(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(durations); i++) {
        int64_t ms = -1;
        struct error err = { 0 };
        bool is_parsed = units_parse_duration(bytes_text(durations[i].text), &ms, &err);
        if (is_parsed != (durations[i].want_ms >= 0) || ms != durations[i].want_ms) {
            fail_msg("'%s': %ld %s", durations[i].text, ms, err.message);
        }
    }
}

static void errors_quote_the_text_and_say_what_is_accepted(void **state) {
    (void)state;
    struct error err = { 0 };
    int64_t ms;
    uint64_t value;
    assert_false(units_parse_duration(bytes_text("6x"), &ms, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    assert_string_equal(err.message, "'6x' is not a duration (e.g. 90s, 1h30m)");
    assert_false(units_parse_size(bytes_text("4Q"), &value, &err));
    assert_string_equal(err.message, "'4Q' is not a size below 2^64 bytes (e.g. 4096, 64M, 1GiB)");
    assert_false(units_parse_count(bytes_text("4B"), &value, &err));
    assert_string_equal(err.message, "'4B' is not a count below 2^64 (e.g. 1500, 10k, 2M)");
}

static const struct {
    uint64_t value;
    const char *si;
    const char *iec;
} formats[] = {
    { 0, "0 B", "0 B" },
    { 999, "999 B", "999 B" },
    { 1000, "1.0 kB", "1000 B" },
    { 1023, "1.0 kB", "1023 B" },
    { 1024, "1.0 kB", "1.0 KiB" },
    { 1049, "1.0 kB", "1.0 KiB" },
    { 1050, "1.1 kB", "1.0 KiB" },
    { 9949, "9.9 kB", "9.7 KiB" },
    { 9950, "10 kB", "9.7 KiB" },
    { 10499, "10 kB", "10 KiB" },
    { 10500, "11 kB", "10 KiB" },
    { 999499, "999 kB", "976 KiB" },
    { 999500, "1.0 MB", "976 KiB" },
    { 1048063, "1.0 MB", "1023 KiB" },
    { 1048064, "1.0 MB", "1.0 MiB" },
    { UINT64_C(1234567890), "1.2 GB", "1.1 GiB" },
    { UINT64_C(118000000000), "118 GB", "110 GiB" },
    { UINT64_C(999999999999999999), "1.0 EB", "888 PiB" },
    { UINT64_MAX, "18 EB", "16 EiB" },
};

static void bytes_read_as_people_write_them(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(formats); i++) {
        char text[UNITS_TEXT_SIZE];
        size_t size = units_format_bytes(formats[i].value, UNITS_SI, text);
        assert_string_equal(text, formats[i].si);
        assert_int_equal(size, strlen(text));
        units_format_bytes(formats[i].value, UNITS_IEC, text);
        assert_string_equal(text, formats[i].iec);
    }
}

static void counts_rates_and_plain_numbers_have_their_own_form(void **state) {
    (void)state;
    char text[UNITS_TEXT_SIZE];
    units_format_count(812, text);
    assert_string_equal(text, "812");
    units_format_count(1234567, text);
    assert_string_equal(text, "1.2 M");
    units_format_rate(3400000, text);
    assert_string_equal(text, "3.4 Mbit/s");
    units_format_rate(12, text);
    assert_string_equal(text, "12 bit/s");
    units_format_bytes(UINT64_MAX, UNITS_PLAIN, text);
    assert_string_equal(text, "18446744073709551615");
}

static const struct {
    int64_t ms;
    const char *exact;
    const char *brief;
} duration_formats[] = {
    { 0, "0s", "0s" },
    { 1, "1ms", "1ms" },
    { 1001, "1s1ms", "1s1ms" },
    { 5400000, "1h30m", "1h30m" },
    { 86400000, "1d", "1d" },
    { 86700000, "1d5m", "1d" },
    { 187199999, "2d3h59m59s999ms", "2d3h" },
    { -90000, "-1m30s", "-1m30s" },
    { INT64_MAX, "106751991167d7h12m55s807ms", "106751991167d7h" },
    { INT64_MIN, "-106751991167d7h12m55s808ms", "-106751991167d7h" },
};

static void durations_print_exactly_or_cut_to_two_units(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(duration_formats); i++) {
        char text[UNITS_TEXT_SIZE];
        size_t size = units_format_duration(duration_formats[i].ms, text);
        assert_string_equal(text, duration_formats[i].exact);
        assert_int_equal(size, strlen(text));
        units_format_duration_short(duration_formats[i].ms, text);
        assert_string_equal(text, duration_formats[i].brief);
    }
}

static void printed_durations_parse_back(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int round = 0; round < 10000; round++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        int64_t ms = (int64_t)(random >> (1 + random % 60));
        char text[UNITS_TEXT_SIZE];
        int64_t back;
        units_format_duration(ms, text);
        assert_true(units_parse_duration(bytes_text(text), &back, NULL));
        assert_true(back == ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_counts_are_exact_or_refused),
        cmocka_unit_test(durations_combine_and_never_wrap),
        cmocka_unit_test(errors_quote_the_text_and_say_what_is_accepted),
        cmocka_unit_test(bytes_read_as_people_write_them),
        cmocka_unit_test(counts_rates_and_plain_numbers_have_their_own_form),
        cmocka_unit_test(durations_print_exactly_or_cut_to_two_units),
        cmocka_unit_test(printed_durations_parse_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
