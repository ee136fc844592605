/* SPDX-License-Identifier: Apache-2.0 */
#include "base/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct match {
    const char *pattern;
    const char *text;
    bool want;
};

static const struct match matches[] = {
    { "", "", true },
    { "", "a", false },
    { "*", "", true },
    { "*", "abc", true },
    { "?", "", false },
    { "?", "a", true },
    { "web-*", "web-1", true },
    { "web-*", "web", false },
    { "*-1", "web-1-1", true },
    { "a*b*c", "aXbXbXc", true },
    { "a*b*c", "aXcXb", false },
    { "**a", "a", true },
    { "[a-c]x", "bx", true },
    { "[a-c]x", "dx", false },
    { "[!a-c]x", "dx", true },
    { "[^a-c]x", "ax", false },
    { "[]a]", "]", true },
    { "[!]a]", "]", false },
    { "[a-]", "-", true },
    { "[-a]", "-", true },
    { "\\*", "*", true },
    { "\\*", "a", false },
    { "a\\", "a\\", true },
    { "[*]", "*", true },
    { "[*]", "a", false },
    { "*[0-9]", "web7", true },
    { "*[0-9]", "web", false },
    { "[a", "[a", true },
    { "WEB", "web", false },
};

static void patterns_match_whole_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
        const struct match *m = &matches[i];
        if (glob_match(bytes_text(m->pattern), bytes_text(m->text)) != m->want) {
            fail_msg("'%s' on '%s': expected %d", m->pattern, m->text, m->want);
        }
    }
}

static void open_brackets_are_found(void **state) {
    (void)state;
    assert_true(glob_check(bytes_text("")));
    assert_true(glob_check(bytes_text("a[b]c[]]")));
    assert_true(glob_check(bytes_text("a\\[b")));
    assert_false(glob_check(bytes_text("a[b")));
    assert_false(glob_check(bytes_text("a[]")));
    assert_false(glob_check(bytes_text("[!")));
    assert_false(glob_check(bytes_text("[")));
}

/* With backtracking over all stars this would outlast the machine. */
static void many_stars_on_a_hostile_text_stay_cheap(void **state) {
    (void)state;
    char pattern[512];
    char text[4096];
    for (size_t i = 0; i < sizeof pattern; i += 2) {
        pattern[i] = '*';
        pattern[i + 1] = 'a';
    }
    pattern[sizeof pattern - 1] = 'b';
    memset(text, 'a', sizeof text);
    assert_false(glob_match(bytes_of(pattern, sizeof pattern), bytes_of(text, sizeof text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_whole_texts),
        cmocka_unit_test(open_brackets_are_found),
        cmocka_unit_test(many_stars_on_a_hostile_text_stay_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
