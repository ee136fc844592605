/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/alert_link.h"

#include "tests/unit/alert_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static char *made(const char *url, const struct alert *alert) {
    struct alert_link link;
    struct error err;
    struct buffer out;
    if (!alert_link_parse(&link, bytes_text(url), &err)) {
        fail_msg("%s", err.message);
    }
    buffer_init(&out, 4096);
    alert_link_put(&link, alert, &out);
    buffer_u8(&out, 0);
    assert_false(out.failed);
    return (char *)out.data;
}

static void names_in_braces_are_filled_in(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    memcpy(alert.id, "11", 3);
    memcpy(alert.episode, "22", 3);
    char *got = made("http://g/d?a={node}&b={cluster}&c={class}&d={id}&e={episode}&f={from}&g={to}",
                     &alert);
    assert_string_equal(got, "http://g/d?a=web-1&b=default&c=exfil.volume&d=11&e=22"
                             "&f=1795516200000&g=1795516260000");
    free(got);
}

static void names_of_nodes_cannot_leave_their_place(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    alert.node = bytes_text("a/b?c&d#e{id} \"\n\xff");
    char *got = made("https://g/{node}/x", &alert);
    assert_string_equal(got, "https://g/a%2Fb%3Fc%26d%23e%7Bid%7D%20%22%0A%FF/x");
    free(got);
}

static void a_url_without_names_stays_as_it_is(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    char *got = made("https://g.example:3000/d/weir?var=%20x#top", &alert);
    assert_string_equal(got, "https://g.example:3000/d/weir?var=%20x#top");
    free(got);
}

static void what_is_no_url_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {
        "",
        "g/d",
        "ftp://g/",
        "http://",
        "https:///x",
        "https://{node}",
        "http://g/ x",
        "http://g/\"",
        "http://g/%zz",
        "http://g/%2",
        "http://g/\n",
        "http://g/\xc3\xa9",
        "http://g/{nodes}",
        "http://g/{node",
        "http://g/}",
        "http://g/#a#b",
        "http://[::1]/",
        "javascript:x",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct alert_link link = { .url = bytes_text("untouched") };
        struct error err;
        if (alert_link_parse(&link, bytes_text(refused[i]), &err)) {
            fail_msg("'%s' was taken", refused[i]);
        }
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_int_equal(link.url.size, 9);
    }
}

static void an_unknown_name_is_told_what_there_is(void **state) {
    (void)state;
    struct alert_link link;
    struct error err;
    assert_false(alert_link_parse(&link, bytes_text("http://g/{peer}"), &err));
    assert_string_equal(err.message, "in braces may stand node, cluster, class, id, episode, from "
                                     "and to, not '{peer}'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_braces_are_filled_in),
        cmocka_unit_test(names_of_nodes_cannot_leave_their_place),
        cmocka_unit_test(a_url_without_names_stays_as_it_is),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(an_unknown_name_is_told_what_there_is),
    };
    return cmocka_run_group_tests_name("alert_link", tests, NULL, NULL);
}
