/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_read.h"

#include "tests/unit/json_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Reads the text in pieces of every small size, and whole; all must agree. */
static bool is_taken(struct bytes text, struct error *err) {
    struct buffer want;
    buffer_init(&want, 1 << 24);
    bool is_right = reference_read(text, &want);
    for (size_t piece_size = 0; piece_size < 10; piece_size++) {
        struct buffer got;
        buffer_init(&got, 1 << 24);
        size_t size = piece_size == 0 ? SIZE_MAX : piece_size;
        assert_int_equal(pieces_read(text, size, &got, err), is_right);
        assert_int_equal(pieces_skip(text, size, NULL), is_right);
        if (is_right) {
            assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
        }
        buffer_done(&got);
    }
    buffer_done(&want);
    return is_right;
}

/* RFC 8259, what is and what is not. */
static void right_texts_are_taken_and_wrong_ones_are_not(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_right;
    } CASES[] = {
        { "", true },
        { " \t\r\n", true },
        { "{}", true },
        { "[]", true },
        { "[[],{}]", true },
        { "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", true },
        { "{\"\":\"\"}", true },
        { "{\"a\":1,\"a\":2}", true },
        { "1 2 3", true },
        { "{}{}\n[]", true },
        { "\xef\xbb\xbf{}", true },
        { "\xef\xbb{}", false },
        { "{}\xef\xbb\xbf", false },
        { "[1,]", false },
        { "[,1]", false },
        { "[1 2]", false },
        { "{\"a\":1,}", false },
        { "{,}", false },
        { "{\"a\"}", false },
        { "{\"a\":}", false },
        { "{\"a\" 1}", false },
        { "{a:1}", false },
        { "{'a':1}", false },
        { "{1:1}", false },
        { "[", false },
        { "{\"a\":[1,2}", false },
        { "[1}", false },
        { "{\"a\":1]", false },
        { "]", false },
        { "/* */ 1", false },
        { "[1,\v2]", false },
        /* numbers */
        { "[0,-0,1,-1,10,1.5,-0.25,1e5,1E+5,1e-5,0e0,0.0]", true },
        { "01", false },
        { "-", false },
        { "+1", false },
        { ".5", false },
        { "1.", false },
        { "1.e5", false },
        { "1e", false },
        { "1e+", false },
        { "0x10", false },
        { "1-2", false },
        { "1.2.3", false },
        { "--1", false },
        { "NaN", false },
        { "Infinity", false },
        /* words */
        { "[true,false,null]", true },
        { "tru", false },
        { "True", false },
        { "[truE]", false },
        { "nul", false },
        /* texts */
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", true },
        { "\"\\u0041\\u00e9\\u20ac\\u0000\"", true },
        { "\"\\ud83d\\ude00\\uD83D\\uDE00\"", true },
        { "\"\\ud83d\"", false },
        { "\"\\ud83dx\"", false },
        { "\"\\ud83d\\n\"", false },
        { "\"\\ud83d\\ud83d\"", false },
        { "\"\\ude00\"", false },
        { "\"\\u12g4\"", false },
        { "\"\\u12\"", false },
        { "\"\\x41\"", false },
        { "\"\\", false },
        { "\"\\u", false },
        { "\"\\ud83d\\u", false },
        { "\"abc", false },
        { "\"a\nb\"", false },
        { "\"a\tb\"", false },
        { "\"\x7f\"", true },
        { "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf\"", true },
        { "\"\xc3\"", false },
        { "\"\xc3", false },
        { "\"\xe2\x82\"", false },
        { "\"\xa9\"", false },
        { "\"\xc0\x80\"", false },         /* overlong */
        { "\"\xed\xa0\x80\"", false },     /* a surrogate */
        { "\"\xf4\x90\x80\x80\"", false }, /* beyond U+10FFFF */
        { "\"12345678\xc3\xa9 and so on\"", true },
        { "\xc3\xa9", false },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct error err = { 0 };
        print_message("%s\n", CASES[i].text);
        assert_int_equal(is_taken(bytes_text(CASES[i].text), &err), CASES[i].is_right);
    }
}

static void a_string_may_not_hold_a_zero_octet(void **state) {
    (void)state;
    struct error err;
    assert_false(is_taken(bytes_of("\"a\0b\"", 5), &err));
    assert_false(is_taken(bytes_of("[\0]", 3), &err));
}

static void escapes_are_decoded(void **state) {
    (void)state;
    struct json_reader reader;
    json_reader_init(&reader, bytes_text("[\"a\\u00e9\\n\\ud83d\\ude00\\u0000z\", \"plain\"]"),
                     NULL, NULL);
    struct json_token token;
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_ARRAY);
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_TEXT);
    assert_int_equal(token.text.size, 10);
    assert_memory_equal(token.text.data, "a\xc3\xa9\n\xf0\x9f\x98\x80\0z", 10);
    assert_true(json_next(&reader, &token, NULL));
    assert_true(bytes_equal(token.text, bytes_text("plain")));
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_ARRAY_END);
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_END);
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_END);
    json_reader_done(&reader);
}

static void nesting_ends_at_its_bound(void **state) {
    (void)state;
    char text[2 * JSON_READ_DEPTH_MAX + 3];
    for (uint32_t depth = JSON_READ_DEPTH_MAX; depth <= JSON_READ_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct error err;
        assert_int_equal(is_taken(bytes_of(text, 2 * (size_t)depth), &err),
                         depth == JSON_READ_DEPTH_MAX);
        if (depth > JSON_READ_DEPTH_MAX) {
            assert_int_equal(err.code, ERROR_LIMIT);
            assert_string_equal(err.message, "line 1, column 65 (octet 64): more than 64 levels");
        }
    }
}

/* {"KEY": "TEXT"} with so many octets each. */
static char *long_text(size_t key_size, size_t text_size, size_t *size) {
    char *text = malloc(key_size + text_size + 16);
    size_t at = 0;
    text[at++] = '{';
    text[at++] = '"';
    memset(text + at, 'k', key_size);
    at += key_size;
    memcpy(text + at, "\": \"", 4);
    at += 4;
    memset(text + at, 't', text_size);
    at += text_size;
    memcpy(text + at, "\"}", 2);
    *size = at + 2;
    return text;
}

static void a_long_text_is_cut_and_a_long_key_is_an_error(void **state) {
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        for (size_t piece_size = 1000; piece_size < 2000000; piece_size *= 1000) {
            size_t size;
            char *text = long_text(3, JSON_TEXT_MAX + over, &size);
            struct buffer events;
            struct buffer want;
            struct error err;
            buffer_init(&events, 1 << 24);
            buffer_init(&want, 1 << 24);
            assert_true(reference_read(bytes_of(text, size), &want));
            assert_true(pieces_read(bytes_of(text, size), piece_size, &events, &err));
            assert_true(bytes_equal(buffer_bytes(&events), buffer_bytes(&want)));
            assert_true(pieces_skip(bytes_of(text, size), piece_size, &err));
            free(text);
            text = long_text(JSON_TEXT_MAX + over, 3, &size);
            assert_int_equal(pieces_read(bytes_of(text, size), piece_size, &events, &err),
                             over == 0);
            assert_int_equal(pieces_skip(bytes_of(text, size), piece_size, &err), over == 0);
            assert_true(over == 0 || err.code == ERROR_LIMIT);
            free(text);
            buffer_done(&events);
            buffer_done(&want);
        }
    }
}

static void a_number_of_more_than_its_bound_is_an_error(void **state) {
    (void)state;
    char text[JSON_NUMBER_MAX + 1];
    memset(text, '7', sizeof text);
    struct error err;
    assert_true(is_taken(bytes_of(text, JSON_NUMBER_MAX), &err));
    assert_false(is_taken(bytes_of(text, JSON_NUMBER_MAX + 1), &err));
    assert_int_equal(err.code, ERROR_LIMIT);
}

static void an_error_says_where_it_is_and_is_said_again(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        { "{\n  \"a\": 1,\n  \"b\": tru\n}",
          "line 3, column 11 (octet 22): true, false or null is due, not octet 0x0a" },
        { "[1 2]", "line 1, column 4 (octet 3): a comma or ] is due, not '2'" },
        { "{\"a\"\n\n", "line 3, column 1 (octet 6): the text ends where a colon is due" },
        { "[\"abc", "line 1, column 6 (octet 5): the text ends inside a string" },
        { "[\n\"\x01\"]", "line 2, column 2 (octet 3): a control character inside a string" },
        { "[\"\xff\"]", "line 1, column 3 (octet 2): not UTF-8" },
        { "[\"\xf2\x80x\"]", "line 1, column 5 (octet 4): not UTF-8" },
        { "[01]", "line 1, column 4 (octet 3): not a number" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        for (size_t piece_size = 1; piece_size < 30; piece_size++) {
            struct pieces pieces = { .left = bytes_text(CASES[i].text), .size = piece_size };
            struct json_reader reader;
            json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
            struct json_token token;
            struct error err;
            while (json_next(&reader, &token, &err)) {
            }
            assert_string_equal(err.message, CASES[i].want);
            error_clear(&err);
            assert_false(json_next(&reader, &token, &err));
            assert_string_equal(err.message, CASES[i].want);
            assert_false(json_more(&reader) || json_skip(&reader));
            json_reader_done(&reader);
            free(pieces.copy);
        }
    }
}

static bool refill_fails(void *context, struct bytes *piece, struct error *err) {
    int *calls = context;
    *piece = bytes_text("[1,");
    return ++*calls < 3 || error_set(err, ERROR_IO, "the disk is gone");
}

static void what_the_input_says_is_passed_on(void **state) {
    (void)state;
    int calls = 0;
    struct json_reader reader;
    json_reader_init(&reader, (struct bytes){ 0 }, refill_fails, &calls);
    struct json_token token;
    struct error err = { 0 };
    int count = 0;
    while (json_next(&reader, &token, &err)) {
        count++;
    }
    assert_int_equal(count, 4); /* [ 1 [ 1 */
    assert_int_equal(err.code, ERROR_IO);
    assert_string_equal(err.message, "the disk is gone");
    assert_int_equal(calls, 3);
    json_reader_done(&reader);
}

static void a_reader_of_one_shape_passes_over_what_it_does_not_want(void **state) {
    (void)state;
    const char *text = "{\"skip\":{\"a\":[1,{\"b\":2}]},\"list\":[\"x\",{\"name\":\"no\"},[\"y\"],"
                       "\"z\"],\"name\":\"yes\",\"flag\":true,\"name2\":[1,2],\"other\":7}";
    for (size_t piece_size = 1; piece_size < 40; piece_size++) {
        struct pieces pieces = { .left = bytes_text(text), .size = piece_size };
        struct json_reader reader;
        json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
        char seen[64] = "";
        struct bytes key;
        assert_true(json_more(&reader) && json_enter(&reader, JSON_TOKEN_OBJECT));
        while (json_take_key(&reader, &key)) {
            struct bytes value;
            bool flag;
            if (bytes_equal(key, bytes_text("list")) && json_enter(&reader, JSON_TOKEN_ARRAY)) {
                while (json_more(&reader) && json_take_text(&reader, &value)) {
                    strncat(seen, value.size == 0 ? "-" : (const char *)value.data,
                            value.size == 0 ? 1 : value.size);
                }
            } else if (bytes_equal(key, bytes_text("name"))) {
                assert_true(json_take_text(&reader, &value));
                assert_true(bytes_equal(value, bytes_text("yes")));
            } else if (bytes_equal(key, bytes_text("name2"))) {
                assert_false(json_enter(&reader, JSON_TOKEN_OBJECT));
            } else if (bytes_equal(key, bytes_text("flag"))) {
                assert_true(json_take_bool(&reader, &flag) && flag);
            } else {
                assert_true(json_skip(&reader));
            }
        }
        assert_true(json_check(&reader, NULL));
        assert_false(json_more(&reader));
        assert_string_equal(seen, "x--z");
        assert_int_equal(json_offset(&reader), strlen(text));
        json_reader_done(&reader);
        free(pieces.copy);
    }
}

static void leaving_ends_behind_what_is_open(void **state) {
    (void)state;
    struct json_reader reader;
    json_reader_init(&reader, bytes_text("[[1,[2],{\"a\":[3]}],4]"), NULL, NULL);
    struct json_token token;
    assert_true(json_next(&reader, &token, NULL) && json_next(&reader, &token, NULL));
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_NUMBER);
    assert_true(json_leave(&reader));
    assert_true(json_next(&reader, &token, NULL) && token.kind == JSON_TOKEN_NUMBER);
    assert_true(bytes_equal(token.text, bytes_text("4")));
    assert_true(json_leave(&reader));
    assert_false(json_more(&reader));
    assert_true(json_check(&reader, NULL));
    json_reader_done(&reader);
}

static void a_reader_goes_on_where_its_owner_says(void **state) {
    (void)state;
    const char *text = "{\"a\":\n{\"b\":1}\n{\"c\":x}";
    struct json_reader reader;
    json_reader_init(&reader, bytes_of(text, 6), NULL, NULL);
    assert_true(json_more(&reader) && !json_skip(&reader));
    json_reader_resume(&reader, bytes_text(text + 6), 6, 2);
    assert_true(json_more(&reader) && json_skip(&reader));
    assert_int_equal(json_offset(&reader), 13);
    struct error err;
    assert_true(json_more(&reader) && !json_skip(&reader));
    assert_false(json_check(&reader, &err));
    assert_string_equal(err.message, "line 3, column 6 (octet 19): a value is due, not 'x'");
    json_reader_done(&reader);
}

static void whole_numbers_are_those_that_fit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } CASES[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "12", true, 12 },
        { "-3", true, -3 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { "-", false, 0 },
        { "", false, 0 },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int64_t value = 0;
        print_message("%s\n", CASES[i].text);
        assert_int_equal(json_number_i64(bytes_text(CASES[i].text), &value), CASES[i].ok);
        assert_true(value == CASES[i].value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_texts_are_taken_and_wrong_ones_are_not),
        cmocka_unit_test(a_string_may_not_hold_a_zero_octet),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(nesting_ends_at_its_bound),
        cmocka_unit_test(a_long_text_is_cut_and_a_long_key_is_an_error),
        cmocka_unit_test(a_number_of_more_than_its_bound_is_an_error),
        cmocka_unit_test(an_error_says_where_it_is_and_is_said_again),
        cmocka_unit_test(what_the_input_says_is_passed_on),
        cmocka_unit_test(a_reader_of_one_shape_passes_over_what_it_does_not_want),
        cmocka_unit_test(leaving_ends_behind_what_is_open),
        cmocka_unit_test(a_reader_goes_on_where_its_owner_says),
        cmocka_unit_test(whole_numbers_are_those_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
