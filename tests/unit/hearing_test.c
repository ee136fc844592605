/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/hearing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* What came out: ids of the alerts, told one by one. */
struct told {
    char text[256];
    struct alert last;
};

static bool take(void *context, const struct alert *alert, struct error *err) {
    struct told *told = context;
    (void)err;
    strncat(told->text, alert->id, sizeof told->text - strlen(told->text) - 1);
    strncat(told->text, " ", sizeof told->text - strlen(told->text) - 1);
    told->last = *alert;
    return true;
}

static struct hearing_answer ask(const struct say *say, const struct alert *alert) {
    struct hearing *hearing;
    struct hearing_answer answer;
    struct error err;
    const struct alert_sink sink = { .emit = take };
    assert_true(hearing_new(&hearing, say, &sink, &err));
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

static void emit(struct hearing *hearing, const char *id, const char *episode,
                 enum alert_state state, int64_t window_ms) {
    struct error err;
    struct alert alert = an_alert(DIRECTION_OUT);
    const struct alert_sink sink = hearing_sink(hearing);
    snprintf(alert.id, sizeof alert.id, "%.32s", id);
    snprintf(alert.episode, sizeof alert.episode, "%.32s", episode);
    alert.state = state;
    alert.window_start_ms = window_ms;
    alert.window_end_ms = window_ms + 60000;
    if (state == ALERT_CLOSED) {
        alert.evidence.key_rows = 0;
    }
    assert_true(sink.emit(sink.context, &alert, &err));
}

static void who_was_told_of_an_episode_is_told_of_its_end(void **state) {
    (void)state;
    struct error err;
    struct say say;
    struct hearing *hearing;
    struct told told = { 0 };
    const struct alert_sink sink = { .context = &told, .emit = take };
    say_init(&say);
    silence(&say, "port in {443, 8443}", 600000, false);
    assert_true(hearing_new(&hearing, &say, &sink, &err));
    /* a: silenced to its end. b: goes on behind the silence. c: begins behind it. */
    emit(hearing, "a", "a", ALERT_OPEN, 0);
    emit(hearing, "b", "b", ALERT_OPEN, 0);
    emit(hearing, "a2", "a", ALERT_ONGOING, 540000);
    emit(hearing, "a3", "a", ALERT_CLOSED, 600000);
    emit(hearing, "b2", "b", ALERT_ONGOING, 600000);
    emit(hearing, "c", "c", ALERT_OPEN, 600000);
    emit(hearing, "b3", "b", ALERT_CLOSED, 660000);
    emit(hearing, "c2", "c", ALERT_CLOSED, 660000);
    assert_string_equal(told.text, "b2 c b3 c2 ");
    assert_int_equal(hearing_silenced(hearing), 4);
    assert_int_equal(hearing_allowed(hearing), 0);
    hearing_free(hearing);
    say_done(&say);
}

static void a_later_silence_does_not_hide_an_end(void **state) {
    (void)state;
    struct error err;
    struct say say;
    struct hearing *hearing;
    struct told told = { 0 };
    const struct alert_sink sink = { .context = &told, .emit = take };
    struct say_silence row = { .span = { 60000, 600000, 0 } };
    say_init(&say);
    assert_true(say_add_silence(&say, &row, &err));
    assert_true(hearing_new(&hearing, &say, &sink, &err));
    emit(hearing, "a", "a", ALERT_OPEN, 0);
    emit(hearing, "a2", "a", ALERT_ONGOING, 60000);
    emit(hearing, "a3", "a", ALERT_CLOSED, 120000);
    assert_string_equal(told.text, "a a3 ");
    hearing_free(hearing);
    say_done(&say);
}

static void what_is_told_of_announced_work_carries_its_name(void **state) {
    (void)state;
    struct error err;
    struct say say;
    struct hearing *hearing;
    struct told told = { 0 };
    const struct alert_sink sink = { .context = &told, .emit = take };
    const struct say_plan plan = { .name = bytes_text("the move"), .span = { 0, 60000, 0 } };
    say_init(&say);
    assert_true(say_add_plan(&say, &plan, &err));
    assert_true(hearing_new(&hearing, &say, &sink, &err));
    emit(hearing, "a", "a", ALERT_OPEN, 0);
    assert_true(bytes_equal(told.last.announced, bytes_text("the move")));
    assert_int_equal(told.last.advice, ADVICE_NONE);
    emit(hearing, "a2", "a", ALERT_ONGOING, 60000);
    assert_int_equal(told.last.announced.size, 0);
    assert_int_equal(told.last.advice, ADVICE_RECYCLE);
    hearing_free(hearing);
    say_done(&say);
}

static void nothing_said_changes_nothing(void **state) {
    (void)state;
    struct error err;
    struct hearing *hearing;
    struct told told = { 0 };
    const struct alert_sink sink = { .context = &told, .emit = take };
    assert_true(hearing_new(&hearing, NULL, &sink, &err));
    emit(hearing, "a", "a", ALERT_OPEN, 0);
    emit(hearing, "a2", "a", ALERT_CLOSED, 0);
    assert_string_equal(told.text, "a a2 ");
    hearing_free(hearing);
    hearing_free(NULL);
}

#define ID(digit) digit "0000000000000000000000000000000"

static void the_episodes_not_told_of_outlive_a_state(void **state) {
    (void)state;
    struct error err;
    struct say say;
    struct hearing *hearing;
    struct hearing *other;
    struct told told = { 0 };
    struct buffer saved;
    struct buffer again;
    const struct alert_sink sink = { .context = &told, .emit = take };
    say_init(&say);
    silence(&say, "", 600000, true);
    assert_true(hearing_new(&hearing, &say, &sink, &err));
    emit(hearing, ID("b"), ID("b"), ALERT_OPEN, 0);
    emit(hearing, ID("a"), ID("a"), ALERT_OPEN, 0);
    emit(hearing, ID("c"), ID("c"), ALERT_OPEN, 0);
    buffer_init(&saved, 4096);
    buffer_init(&again, 4096);
    hearing_save(hearing, &saved);
    assert_true(hearing_new(&other, NULL, &sink, &err));
    struct cursor cursor = cursor_of(buffer_bytes(&saved));
    assert_true(hearing_load(other, &cursor, &err));
    assert_true(!cursor.failed && cursor_left(&cursor) == 0);
    hearing_save(other, &again);
    assert_true(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    emit(other, ID("1"), ID("a"), ALERT_CLOSED, 0);
    assert_string_equal(told.text, "");
    assert_int_equal(hearing_allowed(other), 3);
    assert_int_equal(hearing_silenced(other), 1);
    /* Any other byte in front, a digit that is none, an order that is none, a cut: refused. */
    for (size_t i = 0; i < saved.size; i++) {
        struct cursor cut = cursor_of(bytes_of(saved.data, i));
        assert_true(hearing_load(other, &cut, &err));
        assert_true(cut.failed);
    }
    const size_t first = saved.size - 96;
    const uint8_t bad[] = { 'A', 'g', ' ', 'c', 'f' };
    for (size_t i = 0; i < sizeof bad; i++) {
        uint8_t kept = saved.data[first];
        saved.data[first] = bad[i];
        struct cursor damaged = cursor_of(buffer_bytes(&saved));
        assert_true(hearing_load(other, &damaged, &err));
        assert_true(damaged.failed);
        saved.data[first] = kept;
    }
    saved.data[8] = 2; /* three episodes, and two alerts that were not told */
    struct cursor few = cursor_of(buffer_bytes(&saved));
    assert_true(hearing_load(other, &few, &err));
    assert_true(few.failed);
    buffer_done(&saved);
    buffer_done(&again);
    hearing_free(hearing);
    hearing_free(other);
    say_done(&say);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_holds_when_it_holds_for_every_conversation),
        cmocka_unit_test(an_alert_without_conversations_matches_no_filter),
        cmocka_unit_test(a_silence_ends_with_event_time),
        cmocka_unit_test(what_is_allowed_is_said_before_what_is_silenced),
        cmocka_unit_test(announced_work_is_named_and_advises_nothing),
        cmocka_unit_test(who_scans_by_trade_is_not_recycled),
        cmocka_unit_test(who_was_told_of_an_episode_is_told_of_its_end),
        cmocka_unit_test(a_later_silence_does_not_hide_an_end),
        cmocka_unit_test(what_is_told_of_announced_work_carries_its_name),
        cmocka_unit_test(nothing_said_changes_nothing),
        cmocka_unit_test(the_episodes_not_told_of_outlive_a_state),
    };
    return cmocka_run_group_tests_name("hearing", tests, NULL, NULL);
}
