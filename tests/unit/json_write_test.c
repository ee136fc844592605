/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void expect(struct buffer *out, const char *want) {
    assert_true(bytes_equal(buffer_bytes(out), bytes_text(want)));
    buffer_done(out);
}

static void objects_and_arrays_get_their_commas(void **state) {
    (void)state;
    struct buffer out;
    struct json_writer json;
    buffer_init(&out, 4096);
    json_init(&json, &out);
    json_begin_object(&json);
    json_key(&json, "a");
    json_u64(&json, UINT64_MAX);
    json_key(&json, "b");
    json_begin_array(&json);
    json_i64(&json, INT64_MIN);
    json_bool(&json, true);
    json_null(&json);
    json_begin_object(&json);
    json_end_object(&json);
    json_string(&json, NULL);
    json_end_array(&json);
    json_key(&json, "c");
    json_string(&json, "x");
    json_end_object(&json);
    expect(&out, "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,true,null,{},null],"
                 "\"c\":\"x\"}");
}

static void text_is_escaped_and_what_is_not_utf8_replaced(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        { "plain", "\"plain\"" },
        { "", "\"\"" },
        { "\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
        { "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
        { "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
        { "\xf0\x9f\x8c\x8a", "\"\xf0\x9f\x8c\x8a\"" },
        { "a\xff z", "\"a\xef\xbf\xbd z\"" },
        { "\xc3", "\"\xef\xbf\xbd\"" },                                 /* cut short */
        { "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* overlong */
        { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* surrogate */
        { "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        struct json_writer json;
        buffer_init(&out, 4096);
        json_init(&json, &out);
        json_string(&json, cases[i].text);
        expect(&out, cases[i].want);
    }
}

static void decimals_have_one_form(void **state) {
    (void)state;
    static const struct {
        double value;
        unsigned decimals;
        const char *want;
    } cases[] = {
        { 0, 2, "0" },
        { 1, 2, "1" },
        { 1.5, 2, "1.5" },
        { 1.005, 1, "1" },
        { 0.25, 1, "0.3" },
        { 99.999, 2, "100" },
        { -0.001, 2, "0" },
        { -2.25, 1, "-2.3" },
        { 0.05, 3, "0.05" },
        { 1e300, 2, "1000000000000000" },
        { 123456789.125, 3, "123456789.125" },
        { NAN, 2, "null" },
        { INFINITY, 2, "null" },
        { 7.9, 0, "8" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        struct json_writer json;
        buffer_init(&out, 4096);
        json_init(&json, &out);
        json_decimal(&json, cases[i].value, cases[i].decimals);
        expect(&out, cases[i].want);
    }
}

static void a_full_buffer_latches(void **state) {
    (void)state;
    struct buffer out;
    struct json_writer json;
    buffer_init(&out, 4);
    json_init(&json, &out);
    json_string(&json, "longer");
    assert_true(out.failed);
    buffer_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_get_their_commas),
        cmocka_unit_test(text_is_escaped_and_what_is_not_utf8_replaced),
        cmocka_unit_test(decimals_have_one_form),
        cmocka_unit_test(a_full_buffer_latches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
