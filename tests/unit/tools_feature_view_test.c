/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tools/feature_view.h"

#include <stdio.h>
#include <stdlib.h>

static struct buffer out;

/* A row as text, without its newline; the caller's until the next one. */
static const char *row(const struct feature_sample *sample) {
    buffer_reset(&out);
    feature_view_row(sample, &out);
    assert_int_equal(out.data[out.size - 1], '\n');
    out.data[out.size - 1] = '\0';
    return (const char *)out.data;
}

static uint32_t commas(const char *text) {
    uint32_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == ',';
    }
    return count;
}

static struct feature_sample sample_of(void) {
    return (struct feature_sample){ .start_ms = INT64_C(1772409600000),
                                    .end_ms = INT64_C(1772409660000),
                                    .node = bytes_text("web-1"),
                                    .identity = bytes_text("i-1"),
                                    .role = bytes_text("web"),
                                    .age_ms = 119999,
                                    .quality = 3 };
}

static void a_row_has_the_fields_of_the_header(void **state) {
    (void)state;
    struct feature_sample sample = sample_of();
    buffer_reset(&out);
    feature_view_header(&out);
    buffer_u8(&out, '\0');
    uint32_t columns = commas((const char *)out.data);
    assert_int_equal(columns, 5 + FEATURE_COUNT);
    assert_true(strncmp((const char *)out.data,
                        "window_start,node,identity,role,age_minutes,quality,out_init,", 61) == 0);
    assert_int_equal(commas(row(&sample)), columns);
    sample.absent = UINT64_MAX;
    assert_int_equal(commas(row(&sample)), columns);
}

static void an_absent_value_is_empty_and_zero_is_not(void **state) {
    (void)state;
    struct feature_sample sample = sample_of();
    sample.absent = ~(feature_bit(FEATURE_OUT_SERV) | feature_bit(FEATURE_UNSOL));
    sample.values[FEATURE_UNSOL] = 7;
    const char *text = row(&sample);
    const char *want = "2026-03-02T00:00:00.000Z,web-1,i-1,web,1,3,,0,7,,";
    assert_true(strncmp(text, want, strlen(want)) == 0);
}

static void every_value_reads_back_as_it_was(void **state) {
    (void)state;
    static const float values[] = { 1,          0.5f,       1.0f / 3, 16777216,  123456792,
                                    9.9e14f,    1e15f,      3.4e38f,  1e-30f,    23.4650955f,
                                    4294967296, 1234567.5f, 0.1f,     999999.9f, 8388607.5f };
    struct feature_sample sample = sample_of();
    sample.absent = ~feature_bit(FEATURE_OUT_INIT);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        sample.values[FEATURE_OUT_INIT] = values[i];
        const char *text = row(&sample);
        for (int field = 0; field < 6; field++) {
            text = strchr(text, ',') + 1;
        }
        assert_true(strtof(text, NULL) == values[i]);
    }
}

static void names_with_marks_of_csv_are_quoted(void **state) {
    (void)state;
    struct feature_sample sample = sample_of();
    sample.node = bytes_text("a,b");
    sample.identity = bytes_text("say \"i\"");
    sample.role = bytes_text("two\nlines");
    const char *want = "2026-03-02T00:00:00.000Z,\"a,b\",\"say \"\"i\"\"\",\"two\nlines\",1,3,";
    assert_true(strncmp(row(&sample), want, strlen(want)) == 0);
}

static int set_up(void **state) {
    (void)state;
    buffer_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buffer_done(&out);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_the_fields_of_the_header),
        cmocka_unit_test(an_absent_value_is_empty_and_zero_is_not),
        cmocka_unit_test(every_value_reads_back_as_it_was),
        cmocka_unit_test(names_with_marks_of_csv_are_quoted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
