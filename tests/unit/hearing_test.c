/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/hearing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct address address_of(const char *text) {
    struct address address = { 0 };
    assert_true(address_parse(bytes_text(text), &address));
    return address;
}

/* Two conversations of web-1 with a network: one by 443, one by 8443. */
static struct alert an_alert(uint8_t direction) {
    struct alert alert = { .node = bytes_text("web-1"),
                           .identity = bytes_text("i-0a"),
                           .role = bytes_text("web"),
                           .interface = bytes_text("eni-1"),
                           .class_ = "exfil.volume",
                           .rule = "exfil",
                           .direction = direction,
                           .advice = ADVICE_RECYCLE,
                           .window_start_ms = 60000,
                           .window_end_ms = 120000 };
    alert.evidence.keys[0] = (struct evidence_key){ .local = address_of("10.0.0.1"),
                                                    .peer = address_of("203.0.113.7"),
                                                    .local_port = 40000,
                                                    .peer_port = 443,
                                                    .protocol = 6,
                                                    .sum = { 5000000, 4000, 1 } };
    alert.evidence.keys[1] = alert.evidence.keys[0];
    alert.evidence.keys[1].peer = address_of("203.0.113.9");
    alert.evidence.keys[1].peer_port = 8443;
    alert.evidence.key_rows = 2;
    return alert;
}

static void silence(struct say *say, const char *filter, int64_t until_ms, bool is_allowed) {
    struct error err;
    struct say_silence row = { .span = { INT64_MIN, until_ms, 0 },
                               .filter_text = bytes_text(filter),
                               .is_allowed = is_allowed };
    assert_true(*filter == '\0' || filter_compile(&row.filter, row.filter_text, &err));
    assert_true(say_add_silence(say, &row, &err));
}

static struct hearing_answer ask(const struct say *say, const struct alert *alert) {
    struct hearing *hearing;
    struct hearing_answer answer;
    struct error err;
    assert_true(hearing_new(&hearing, say, &err));
    for (int i = 0; i < 2; i++) { /* the second one finds it used */
        assert_true(hearing_ask(hearing, alert, &answer, &err));
    }
    hearing_free(hearing);
    return answer;
}

static void a_filter_holds_when_it_holds_for_every_conversation(void **state) {
    (void)state;
    static const struct {
        const char *filter;
        uint8_t direction;
        bool want;
    } cases[] = {
        { "", DIRECTION_OUT, true },
        { "peer 203.0.113.0/24", DIRECTION_OUT, true },
        { "peer 203.0.113.7", DIRECTION_OUT, false },
        { "port 443", DIRECTION_OUT, false },
        { "port in {443, 8443}", DIRECTION_OUT, true },
        { "out and dst net 203.0.113.0/24", DIRECTION_OUT, true },
        { "out and dst net 203.0.113.0/24", DIRECTION_IN, false },
        { "in and src net 203.0.113.0/24 and src port >= 443", DIRECTION_IN, true },
        { "node web-1", DIRECTION_OUT, true },
        { "node i-0a", DIRECTION_OUT, true },
        { "node web-2", DIRECTION_OUT, false },
        { "tcp and bytes > 1MB", DIRECTION_OUT, true },
        { "udp", DIRECTION_OUT, false },
        { "bytes > 10MB", DIRECTION_OUT, false },
        { "action accept", DIRECTION_OUT, false },
        { "syn", DIRECTION_OUT, false },
        { "not port 22", DIRECTION_OUT, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct say say;
        say_init(&say);
        silence(&say, cases[i].filter, 1000000, false);
        const struct alert alert = an_alert(cases[i].direction);
        const struct hearing_answer answer = ask(&say, &alert);
        if ((answer.verdict == HEARING_SILENCED) != cases[i].want) {
            fail_msg("'%s' of direction %u", cases[i].filter, cases[i].direction);
        }
        assert_true((answer.silence != NULL) == cases[i].want);
        say_done(&say);
    }
}

static void an_alert_without_conversations_matches_no_filter(void **state) {
    (void)state;
    struct say say;
    say_init(&say);
    silence(&say, "not port 22", 1000000, false);
    struct alert alert = an_alert(DIRECTION_OUT);
    alert.evidence.key_rows = 0;
    assert_int_equal(ask(&say, &alert).verdict, HEARING_TELL);
    silence(&say, "", 1000000, false);
    assert_int_equal(ask(&say, &alert).verdict, HEARING_SILENCED);
    say_done(&say);
}

static void a_silence_ends_with_event_time(void **state) {
    (void)state;
    const struct alert alert = an_alert(DIRECTION_OUT);
    for (int64_t until_ms = 60000; until_ms <= 60001; until_ms++) {
        struct say say;
        say_init(&say);
        silence(&say, "", until_ms, false);
        assert_int_equal(ask(&say, &alert).verdict,
                         until_ms == 60000 ? HEARING_TELL : HEARING_SILENCED);
        say_done(&say);
    }
}

static void what_is_allowed_is_said_before_what_is_silenced(void **state) {
    (void)state;
    const struct alert alert = an_alert(DIRECTION_OUT);
    struct say say;
    say_init(&say);
    silence(&say, "tcp", 1000000, false);
    silence(&say, "port > 400", 1000000, true);
    silence(&say, "out", 1000000, true);
    const struct hearing_answer answer = ask(&say, &alert);
    assert_int_equal(answer.verdict, HEARING_ALLOWED);
    assert_ptr_equal(answer.silence, &say.silences[1]);
    say_done(&say);
}

static void announced_work_is_named_and_advises_nothing(void **state) {
    (void)state;
    struct error err;
    const struct alert alert = an_alert(DIRECTION_OUT);
    static const struct bytes other = { (const uint8_t *)"db", 2 };
    const struct say_plan plans[] = {
        { .name = bytes_text("of others"),
          .scope.roles = { &other, 1 },
          .span = { 0, 1000000, 0 } },
        { .name = bytes_text("over"), .span = { 0, 60000, 0 } },
        { .name = bytes_text("the move"), .span = { 0, 60001, 0 }, .is_change = true },
        { .name = bytes_text("later in the list"), .span = { 0, 1000000, 0 } },
    };
    struct say say;
    say_init(&say);
    assert_int_equal(ask(&say, &alert).advice_most, ADVICE_RECYCLE);
    for (size_t i = 0; i < 4; i++) {
        assert_true(say_add_plan(&say, &plans[i], &err));
    }
    const struct hearing_answer answer = ask(&say, &alert);
    assert_ptr_equal(answer.plan, &say.plans[2]);
    assert_int_equal(answer.verdict, HEARING_TELL);
    assert_int_equal(answer.advice_most, ADVICE_NONE);
    say_done(&say);
}

static void who_scans_by_trade_is_not_recycled(void **state) {
    (void)state;
    struct error err;
    static const uint16_t both[] = { 443, 8443 };
    static const struct bytes roles[] = { { (const uint8_t *)"web", 3 },
                                          { (const uint8_t *)"db", 2 } };
    const struct {
        struct say_exempt exempt;
        enum alert_advice want;
    } cases[] = {
        { { .scope.roles = { &roles[0], 1 } }, ADVICE_NOTIFY },
        { { .scope.roles = { &roles[1], 1 } }, ADVICE_RECYCLE },
        { { .ports = both, .port_count = 1 }, ADVICE_RECYCLE },
        { { .ports = both, .port_count = 2 }, ADVICE_NOTIFY },
        { { .scope.roles = { &roles[1], 1 }, .ports = both, .port_count = 2 }, ADVICE_RECYCLE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct say say;
        struct alert alert = an_alert(DIRECTION_OUT);
        say_init(&say);
        assert_true(say_add_exempt(&say, &cases[i].exempt, &err));
        assert_int_equal(ask(&say, &alert).advice_most, cases[i].want);
        alert.evidence.key_rows = 0; /* ports of nothing are none of them */
        enum alert_advice without = cases[i].exempt.port_count > 0 ? ADVICE_RECYCLE : cases[i].want;
        assert_int_equal(ask(&say, &alert).advice_most, without);
        say_done(&say);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_holds_when_it_holds_for_every_conversation),
        cmocka_unit_test(an_alert_without_conversations_matches_no_filter),
        cmocka_unit_test(a_silence_ends_with_event_time),
        cmocka_unit_test(what_is_allowed_is_said_before_what_is_silenced),
        cmocka_unit_test(announced_work_is_named_and_advises_nothing),
        cmocka_unit_test(who_scans_by_trade_is_not_recycled),
    };
    return cmocka_run_group_tests_name("hearing", tests, NULL, NULL);
}
