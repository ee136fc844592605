/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/ledger_budget.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct error err;
static struct ledger_params params;

static int setup(void **state) {
    (void)state;
    ledger_params_init(&params);
    return 0;
}

static void assert_near(double value, double want) {
    if (value < want * (1 - 1e-5) || value > want * (1 + 1e-5)) {
        fail_msg("%.10g, not %.10g", value, want);
    }
}

static struct ledger_tally tally_of(double days, double exceeded, double logs) {
    return (struct ledger_tally){ (uint64_t)(days * (double)LEDGER_UNIT),
                                  (uint64_t)(exceeded * (double)LEDGER_UNIT),
                                  (uint64_t)(logs * (double)LEDGER_UNIT) };
}

static void without_any_day_half_of_all_days_may_exceed(void **state) {
    (void)state;
    struct ledger_tally none = { 0 };
    /* rate = 1/2, so 1 MB (50)^(1/0.8), and 30 min (166.7)^(1/1.2) */
    struct ledger_limit bytes = ledger_limit_of(&params, LEDGER_BYTES, &none, &none);
    struct ledger_limit minutes = ledger_limit_of(&params, LEDGER_MINUTES, &none, &none);
    assert_near(bytes.rate, 0.5);
    assert_near(bytes.threshold, 132957397.42);
    assert_near(minutes.threshold, 2131.3848742);
}

static void a_limit_is_worked_out_by_hand(void **state) {
    (void)state;
    /* fleet: 3.5 / 100; node: (1 + 5 * 0.035) / 15 = 0.078333; a: 13 / 14.5 = 0.896552;
     * 1 MB (7.8333)^1.115385 = 9.933 MB */
    struct ledger_tally node = tally_of(10, 1, 0);
    struct ledger_tally fleet = tally_of(99, 3, 2);
    struct ledger_limit limit = ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet);
    assert_near(limit.rate, 0.0783333333);
    assert_near(limit.threshold, 9933316.949);
}

static void a_quiet_fleet_comes_down_to_the_floor(void **state) {
    (void)state;
    struct ledger_tally node = tally_of(30, 0, 0);
    struct ledger_tally fleet = tally_of(30000, 2, 3);
    assert_true(ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet).threshold == 5e6);
    assert_true(ledger_limit_of(&params, LEDGER_MINUTES, &node, &fleet).threshold == 60);
}

static void a_node_with_exceeding_days_has_a_higher_threshold(void **state) {
    (void)state;
    struct ledger_tally fleet = tally_of(1000, 20, 30);
    double before = 0;
    for (int exceeded = 0; exceeded <= 30; exceeded++) {
        struct ledger_tally node = tally_of(30, exceeded, 0);
        double t = ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet).threshold;
        assert_true(t >= before);
        before = t;
    }
    assert_true(before > 100e6);
}

static void no_tally_gives_more_than_can_be_compared(void **state) {
    (void)state;
    struct ledger_tally most = { LEDGER_TALLY_MAX, LEDGER_TALLY_MAX, LEDGER_TALLY_MAX };
    struct ledger_tally exceeded = { 0, LEDGER_TALLY_MAX, 0 };
    struct ledger_tally logs = { 0, 0, LEDGER_TALLY_MAX };
    const struct ledger_tally *all[] = { &most, &exceeded, &logs };
    for (int i = 0; i < 9; i++) {
        struct ledger_limit limit = ledger_limit_of(&params, LEDGER_BYTES, all[i / 3], all[i % 3]);
        assert_true(limit.threshold >= 5e6 && limit.threshold <= 1e18);
        assert_true(limit.rate >= 0 && limit.rate < 1e30);
    }
    ledger_tally_add(&most, &most);
    assert_int_equal(most.days, LEDGER_TALLY_MAX);
}

static void a_day_counts_by_the_share_that_was_seen(void **state) {
    (void)state;
    const struct ledger_limit_params *limit = &params.limits[LEDGER_BYTES];
    struct ledger_tally day = ledger_tally_of_day(limit, (uint32_t)DAY_MS / 4, 1000000);
    assert_int_equal(day.days, LEDGER_UNIT / 4);
    assert_int_equal(day.exceeded, 0); /* b0 itself does not exceed */
    assert_int_equal(day.logs, 0);
    day = ledger_tally_of_day(limit, (uint32_t)DAY_MS, 20000000);
    assert_int_equal(day.days, LEDGER_UNIT);
    assert_int_equal(day.exceeded, LEDGER_UNIT);
    assert_near((double)day.logs / (double)LEDGER_UNIT, 2.995732274); /* ln 20 */
}

static void a_tally_fades_by_a_32nd_a_day_and_to_nothing(void **state) {
    (void)state;
    struct ledger_tally tally = tally_of(1, 1, 2);
    ledger_tally_fade(&tally, 1, 32);
    assert_int_equal(tally.days, LEDGER_UNIT / 32 * 31);
    struct ledger_tally full = { 0 };
    for (int day = 0; day < 2000; day++) {
        ledger_tally_fade(&full, 1, 32);
        struct ledger_tally one = tally_of(1, 0, 0);
        ledger_tally_add(&full, &one);
    }
    assert_near((double)full.days / (double)LEDGER_UNIT, 32);
    ledger_tally_fade(&full, INT64_MAX, 32); /* also in time */
    assert_int_equal(full.days, 0);
}

static void params_out_of_bounds_are_refused_by_name(void **state) {
    (void)state;
    assert_true(ledger_params_check(&params, &err));
    params.limits[LEDGER_MINUTES].alpha = 0;
    assert_false(ledger_params_check(&params, &err));
    assert_non_null(strstr(err.message, "alpha"));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    ledger_params_init(&params);
    params.memory_days = 1;
    assert_false(ledger_params_check(&params, &err));
}

static void a_budget_with_days_out_of_order_is_refused(void **state) {
    (void)state;
    static const struct {
        int64_t born_ms, today, ended, used;
        bool is_sound;
    } cases[] = {
        { -1, -1, -1, -1, true },          { 9 * DAY_MS, 9, -1, -1, true },
        { 9 * DAY_MS, 12, 11, 10, true },  { 9 * DAY_MS, 12, -1, 11, true },
        { 9 * DAY_MS, 12, 12, 10, false }, { 9 * DAY_MS, 12, 10, 11, false },
        { 9 * DAY_MS, 8, -1, -1, false },  { -1, 3, -1, -1, false },
        { 9 * DAY_MS, 12, -1, 8, false },  { 9 * DAY_MS, 12, -1, 12, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ledger_budget budget = { .born_ms = cases[i].born_ms,
                                        .today = { .day = cases[i].today },
                                        .ended = { .day = cases[i].ended },
                                        .used = { .day = cases[i].used } };
        struct ledger_budget loaded;
        struct buffer saved;
        buffer_init(&saved, 1000);
        ledger_budget_save(&budget, &saved);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        ledger_budget_load(&loaded, &cursor);
        if (cursor.failed == cases[i].is_sound ||
            loaded.today.day != (cases[i].is_sound ? cases[i].today : -1)) {
            fail_msg("case %zu", i);
        }
        buffer_done(&saved);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_any_day_half_of_all_days_may_exceed, setup),
        cmocka_unit_test_setup(a_limit_is_worked_out_by_hand, setup),
        cmocka_unit_test_setup(a_quiet_fleet_comes_down_to_the_floor, setup),
        cmocka_unit_test_setup(a_node_with_exceeding_days_has_a_higher_threshold, setup),
        cmocka_unit_test_setup(no_tally_gives_more_than_can_be_compared, setup),
        cmocka_unit_test_setup(a_day_counts_by_the_share_that_was_seen, setup),
        cmocka_unit_test_setup(a_tally_fades_by_a_32nd_a_day_and_to_nothing, setup),
        cmocka_unit_test_setup(params_out_of_bounds_are_refused_by_name, setup),
        cmocka_unit_test_setup(a_budget_with_days_out_of_order_is_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
