/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void a_setter_returns_false_and_keeps_code_and_text(void **state) {
    (void)state;
    struct error err = { 0 };
    assert_false(error_set(&err, ERROR_LIMIT, "%s: %d of %d", "frame", 3, 2));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.message, "frame: 3 of 2");
}

static void context_goes_in_front_and_keeps_the_code(void **state) {
    (void)state;
    struct error err = { 0 };
    (void)error_set(&err, ERROR_FORMAT, "812 bytes encoded, 640 left");
    (void)error_context(&err, "column %s", "dst_port");
    assert_false(error_context(&err, "%s: block %d", "07.seg", 12));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_string_equal(err.message,
                        "07.seg: block 12: column dst_port: 812 bytes encoded, 640 left");
}

static void an_argument_may_be_the_message_that_is_replaced(void **state) {
    (void)state;
    struct error err = { 0 };
    (void)error_set(&err, ERROR_IO, "old");
    (void)error_set(&err, ERROR_IO, "%s and %s", err.message, err.message);
    assert_string_equal(err.message, "old and old");
}

/* Lengths around the message's size, past twice of it too. */
static void a_long_message_is_cut_with_dots(void **state) {
    (void)state;
    for (int length = 250; length < 530; length++) {
        struct error err = { 0 };
        char text[600];
        memset(text, 'x', sizeof text);
        text[length] = '\0';
        (void)error_set(&err, ERROR_IO, "%s", text);
        if (length < ERROR_MESSAGE_SIZE) {
            assert_string_equal(err.message, text);
            continue;
        }
        assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
        assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 4, "...");
        (void)error_context(&err, "%s", text);
        assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
    }
}

static const struct {
    int number;
    enum error_code code;
    const char *message;
} numbers[] = {
    { ENOENT, ERROR_IO, "a/b: No such file or directory" },
    { ENOSPC, ERROR_IO, "a/b: No space left on device" },
    { EACCES, ERROR_DENIED, "a/b: Permission denied" },
    { EPERM, ERROR_DENIED, "a/b: Operation not permitted" },
    { EAGAIN, ERROR_AGAIN, "a/b: Resource temporarily unavailable" },
    { EINTR, ERROR_AGAIN, "a/b: Interrupted system call" },
    { 99999, ERROR_IO, "a/b: system error 99999" },
};

static void system_errors_are_coded_by_what_can_be_done(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct error err = { 0 };
        assert_false(error_system(&err, numbers[i].number, "%s/%c", "a", 'b'));
        assert_int_equal(err.code, numbers[i].code);
        assert_string_equal(err.message, numbers[i].message);
    }
}

static void a_path_that_fills_the_message_leaves_the_reason(void **state) {
    (void)state;
    struct error err = { 0 };
    char path[400];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    (void)error_system(&err, ENOENT, "%s", path);
    const char *reason = ": No such file or directory";
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 1 - strlen(reason), reason);
}

static void no_error_may_be_wanted(void **state) {
    (void)state;
    assert_false(error_set(NULL, ERROR_IO, "x"));
    assert_false(error_system(NULL, ENOENT, "x"));
    assert_false(error_context(NULL, "x"));
    error_clear(NULL);
}

static void a_cleared_error_is_none(void **state) {
    (void)state;
    struct error err = { 0 };
    (void)error_set(&err, ERROR_IO, "x");
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_string_equal(err.message, "");
    assert_string_equal(error_code_name(ERROR_DENIED), "denied");
    assert_string_equal(error_code_name((enum error_code)99), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setter_returns_false_and_keeps_code_and_text),
        cmocka_unit_test(context_goes_in_front_and_keeps_the_code),
        cmocka_unit_test(an_argument_may_be_the_message_that_is_replaced),
        cmocka_unit_test(a_long_message_is_cut_with_dots),
        cmocka_unit_test(system_errors_are_coded_by_what_can_be_done),
        cmocka_unit_test(a_path_that_fills_the_message_leaves_the_reason),
        cmocka_unit_test(no_error_may_be_wanted),
        cmocka_unit_test(a_cleared_error_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
