/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct alert an_alert(void) {
    return (struct alert){ .node = bytes_text("web-1"),
                           .identity = bytes_text("i-0a"),
                           .role = bytes_text("web"),
                           .class_ = "exfil.volume",
                           .rule = "exfil",
                           .window_start_ms = 1000,
                           .window_end_ms = 2000 };
}

static struct bytes one[1];
static struct say_list list_of(const char *glob) {
    one[0] = bytes_text(glob);
    return (struct say_list){ .globs = one, .count = 1 };
}

static void a_scope_needs_a_match_in_each_list(void **state) {
    (void)state;
    const struct alert alert = an_alert();
    static const struct {
        const char *name;
        size_t list;
        const char *glob;
        bool want;
    } cases[] = {
        { "the node", 0, "web-1", true },      { "its identity", 0, "i-0a", true },
        { "a pattern", 0, "web-*", true },     { "another node", 0, "web-2", false },
        { "the role", 1, "w?b", true },        { "another role", 1, "db", false },
        { "the class", 2, "exfil.*", true },   { "another class", 2, "dos.*", false },
        { "the rule", 3, "exfil", true },      { "another rule", 3, "serve", false },
        { "part of a name", 0, "web", false }, { "all", 0, "*", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct say_scope scope = { 0 };
        struct say_list *lists[] = { &scope.nodes, &scope.roles, &scope.classes, &scope.rules };
        assert_true(say_scope_has(&scope, &alert));
        *lists[cases[i].list] = list_of(cases[i].glob);
        if (say_scope_has(&scope, &alert) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void a_span_has_what_it_overlaps(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct say_span span;
        int64_t start_ms;
        int64_t end_ms;
        bool want;
    } cases[] = {
        { "inside", { 0, 100, 0 }, 10, 20, true },
        { "ends where it begins", { 20, 100, 0 }, 10, 20, false },
        { "reaches in", { 19, 100, 0 }, 10, 20, true },
        { "begins where it ends", { 0, 10, 0 }, 10, 20, false },
        { "reaches out", { 0, 11, 0 }, 10, 20, true },
        { "since ever", { INT64_MIN, 11, 0 }, 10, 20, true },
        { "since ever, over", { INT64_MIN, 10, 0 }, 10, 20, false },
        { "before the first", { 1000, 1100, 500 }, 900, 1000, false },
        { "the first", { 1000, 1100, 500 }, 1090, 1200, true },
        { "between", { 1000, 1100, 500 }, 1100, 1500, false },
        { "the third", { 1000, 1100, 500 }, 2050, 2060, true },
        { "behind the third", { 1000, 1100, 500 }, 2100, 2110, false },
        { "longer than the pause", { 1000, 1100, 500 }, 1150, 1501, true },
        { "over two of them", { 1000, 1100, 500 }, 1050, 1550, true },
        { "without a pause", { 1000, 1500, 500 }, 1499, 1501, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (say_span_has(&cases[i].span, cases[i].start_ms, cases[i].end_ms) != cases[i].want) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void the_first_set_that_matches_counts(void **state) {
    (void)state;
    struct say say;
    struct error err;
    say_init(&say);
    static const struct bytes names[] = { { (const uint8_t *)"db-1", 4 },
                                          { (const uint8_t *)"db-*", 4 },
                                          { (const uint8_t *)"web", 3 } };
    struct say_set sets[] = {
        { .scope.nodes = { &names[0], 1 } },
        { .scope.nodes = { &names[1], 1 } },
        { .scope.nodes = { &names[1], 1 }, .scope.roles = { &names[2], 1 } },
        { .scope.roles = { &names[2], 1 } },
    };
    for (size_t i = 0; i < 4; i++) {
        assert_true(say_add_set(&say, &sets[i], &err));
    }
    struct bytes none = bytes_text("");
    assert_int_equal(say_set_of(&say, bytes_text("db-1"), none, none), 1);
    assert_int_equal(say_set_of(&say, bytes_text("db-2"), none, bytes_text("web")), 2);
    assert_int_equal(say_set_of(&say, bytes_text("x"), bytes_text("db-1"), none), 1);
    assert_int_equal(say_set_of(&say, bytes_text("x"), none, bytes_text("web")), 4);
    assert_int_equal(say_set_of(&say, bytes_text("x"), none, none), 0);
    say_done(&say);
}

static void acknowledgements_are_found_by_episode(void **state) {
    (void)state;
    struct say say;
    struct error err;
    say_init(&say);
    for (unsigned i = 0; i < 100; i++) {
        struct say_ack ack = { .verdict = i % 2 == 0 ? SAY_BENIGN : SAY_MALICIOUS };
        snprintf(ack.episode, sizeof ack.episode, "%032x", i * 7919 % 100);
        assert_true(say_add_ack(&say, &ack, &err));
    }
    assert_true(say_finish(&say, &err));
    char episode[33];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(episode, sizeof episode, "%032x", i * 7919 % 100);
        assert_int_equal(say_ack_of(&say, episode), i % 2 == 0 ? SAY_BENIGN : SAY_MALICIOUS);
    }
    assert_int_equal(say_ack_of(&say, "ffffffffffffffffffffffffffffffff"), SAY_NOTHING);
    assert_int_equal(say_ack_of(&say, ""), SAY_NOTHING);
    assert_int_equal(say_ack_of(&say, "fffffffffffffffffffffffffffffffff"), SAY_NOTHING);
    struct say_ack again = { .verdict = SAY_BENIGN };
    memcpy(again.episode, episode, sizeof episode);
    assert_true(say_add_ack(&say, &again, &err));
    assert_false(say_finish(&say, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, episode));
    say_done(&say);
}

static void a_silence_has_the_same_id_again_and_stands_once(void **state) {
    (void)state;
    struct say say;
    struct error err;
    say_init(&say);
    struct say_silence silence = { .span = { INT64_MIN, 5000, 0 },
                                   .filter_text = bytes_text("port 443") };
    assert_true(filter_compile(&silence.filter, silence.filter_text, &err));
    assert_true(say_add_silence(&say, &silence, &err));
    assert_int_equal(strlen(say.silences[0].id), 8);
    silence.comment = bytes_text("the comment is not part of it");
    assert_true(filter_compile(&silence.filter, silence.filter_text, &err));
    assert_false(say_add_silence(&say, &silence, &err));
    assert_non_null(strstr(err.message, say.silences[0].id));
    silence.span.until_ms++;
    silence.filter = NULL;
    assert_true(say_add_silence(&say, &silence, &err));
    assert_string_not_equal(say.silences[0].id, say.silences[1].id);
    say_done(&say);
}

static void the_hash_sees_what_can_change_an_alert(void **state) {
    (void)state;
    struct error err;
    uint64_t hashes[8];
    for (size_t i = 0; i < 8; i++) {
        struct say say;
        say_init(&say);
        const struct say_set set = { 0 };
        const struct say_silence silence = { .span = { 0, 1, 0 } };
        const struct say_plan plan = { .name = bytes_text("a"), .span = { 0, 1, 0 } };
        const struct say_exempt exempt = { .name = bytes_text("a") };
        const struct say_ack ack = { .episode = "00112233445566778899aabbccddeeff",
                                     .verdict = SAY_BENIGN };
        bool ok = true;
        switch (i) {
        case 1: say.has_prefixes = true; break;
        case 2: ok = say_add_set(&say, &set, &err); break;
        case 3: ok = say_add_silence(&say, &silence, &err); break;
        case 4: ok = say_add_plan(&say, &plan, &err); break;
        case 5: ok = say_add_exempt(&say, &exempt, &err); break;
        case 6: ok = say_add_ack(&say, &ack, &err); break;
        case 7: say.has_calendar = true; break;
        default: break;
        }
        assert_true(ok);
        hashes[i] = say_hash(&say);
        assert_true(say_hash(&say) == hashes[i]);
        for (size_t k = 0; k < i; k++) {
            assert_true(hashes[k] != hashes[i]);
        }
        say_done(&say);
    }
}

static void each_list_ends_at_its_bound(void **state) {
    (void)state;
    struct say say;
    struct error err;
    say_init(&say);
    const struct say_plan plan = { 0 };
    for (size_t i = 0; i < SAY_PLANS_MAX; i++) {
        assert_true(say_add_plan(&say, &plan, &err));
    }
    assert_false(say_add_plan(&say, &plan, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(say.plan_count, SAY_PLANS_MAX);
    say_done(&say);
    say_done(&say);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_needs_a_match_in_each_list),
        cmocka_unit_test(a_span_has_what_it_overlaps),
        cmocka_unit_test(the_first_set_that_matches_counts),
        cmocka_unit_test(acknowledgements_are_found_by_episode),
        cmocka_unit_test(a_silence_has_the_same_id_again_and_stands_once),
        cmocka_unit_test(the_hash_sees_what_can_change_an_alert),
        cmocka_unit_test(each_list_ends_at_its_bound),
    };
    return cmocka_run_group_tests_name("say", tests, NULL, NULL);
}
