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

static uint64_t units(double value) {
    return (uint64_t)(value * (double)LEDGER_UNIT);
}

static struct ledger_tally tally_of(double days, double exceeded, double logs) {
    return (struct ledger_tally){ units(days), units(exceeded), units(logs) };
}

/* Of days whose values lie by b0: level 0 only. */
static struct ledger_levels levels_of(double days, double exceeded, double logs) {
    return (struct ledger_levels){ .days = units(days),
                                   .exceeded = { units(exceeded) },
                                   .logs = { units(logs) } };
}

static struct ledger_share share_of(double days, double exceeded) {
    return (struct ledger_share){ (uint32_t)units(days), { (uint32_t)units(exceeded) } };
}

static void without_any_day_half_of_all_days_may_exceed(void **state) {
    (void)state;
    struct ledger_share none = { 0 };
    struct ledger_levels nothing = { 0 };
    /* rate = 1/2, so 1 MB (50)^(1/0.8), and 30 min (166.7)^(1/1.2) */
    struct ledger_limit bytes = ledger_limit_of(&params, LEDGER_BYTES, &none, &nothing);
    struct ledger_limit minutes = ledger_limit_of(&params, LEDGER_MINUTES, &none, &nothing);
    assert_near(bytes.rate, 0.5);
    assert_near(bytes.threshold, 132957397.42);
    assert_near(minutes.threshold, 2131.3848742);
}

static void a_limit_is_worked_out_by_hand(void **state) {
    (void)state;
    /* fleet: 3.5 / 100; node: (1 + 5 * 0.035) / 15 = 0.078333; a: 13 / 14.5 = 0.896552;
     * 1 MB (7.8333)^1.115385 = 9.933 MB */
    struct ledger_share node = share_of(10, 1);
    struct ledger_levels fleet = levels_of(99, 3, 2);
    struct ledger_limit limit = ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet);
    assert_near(limit.rate, 0.0783333333);
    assert_near(limit.threshold, 9933316.949);
}

static void a_quiet_fleet_comes_down_to_the_floor(void **state) {
    (void)state;
    struct ledger_share node = share_of(30, 0);
    struct ledger_levels fleet = levels_of(30000, 2, 3);
    assert_true(ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet).threshold == 5e6);
    assert_true(ledger_limit_of(&params, LEDGER_MINUTES, &node, &fleet).threshold == 60);
}

static void a_node_with_exceeding_days_has_a_higher_threshold(void **state) {
    (void)state;
    struct ledger_levels fleet = levels_of(1000, 20, 30);
    double before = 0;
    for (int exceeded = 0; exceeded <= 30; exceeded++) {
        struct ledger_share node = share_of(30, exceeded);
        double t = ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet).threshold;
        assert_true(t >= before);
        before = t;
    }
    assert_true(before > 100e6);
}

static void no_sums_give_more_than_can_be_compared(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 64; i++) {
        struct ledger_levels fleet = { .days = i & 1 ? LEDGER_TALLY_MAX : 0 };
        struct ledger_share node = { .days = i & 2 ? UINT32_MAX : 0 };
        for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
            fleet.exceeded[j] = i & 4 ? LEDGER_TALLY_MAX : 0;
            fleet.logs[j] = i & 8 ? LEDGER_TALLY_MAX : 0;
            node.exceeded[j] = i & 16 ? UINT32_MAX : 0;
        }
        enum ledger_measure measure = i & 32 ? LEDGER_MINUTES : LEDGER_BYTES;
        struct ledger_limit limit = ledger_limit_of(&params, measure, &node, &fleet);
        assert_true(limit.threshold >= params.limits[measure].floor && limit.threshold <= 1e18);
        assert_true(limit.rate >= 0 && limit.rate < 1e30);
    }
    struct ledger_tally most = { LEDGER_TALLY_MAX, LEDGER_TALLY_MAX, LEDGER_TALLY_MAX };
    ledger_tally_add(&most, &most);
    assert_int_equal(most.days, LEDGER_TALLY_MAX);
    struct ledger_levels levels = { 0 };
    struct ledger_share share = { 0 };
    ledger_levels_count(&levels, &most);
    ledger_levels_count(&levels, &most);
    ledger_share_count(&share, &most);
    assert_int_equal(levels.exceeded[0], LEDGER_TALLY_MAX);
    assert_int_equal(share.exceeded[0], UINT32_MAX);
}

static void a_day_counts_on_each_level_below_it(void **state) {
    (void)state;
    const struct ledger_limit_params *limit = &params.limits[LEDGER_BYTES];
    struct ledger_levels levels = { 0 };
    struct ledger_share share = { 0 };
    struct ledger_tally day = ledger_tally_of_day(limit, (uint32_t)DAY_MS, 20000000);
    ledger_levels_count(&levels, &day);
    ledger_share_count(&share, &day);
    static const double logs[] = { 2.995732274, 1.609437912, 0.223143551 }; /* ln 20, 5, 1.25 */
    for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
        assert_int_equal(levels.exceeded[j], j < 3 ? LEDGER_UNIT : 0);
        assert_int_equal(share.exceeded[j], j < 3 ? LEDGER_UNIT : 0);
        if (j < 3) {
            assert_near((double)levels.logs[j] / (double)LEDGER_UNIT, logs[j]);
        }
    }
}

static void a_busy_fleet_is_asked_about_its_larger_values(void **state) {
    (void)state;
    /* Of 400 node-days a half exceed 1 MB; 100 of these reach 10 MB, 10 of these 50 MB. */
    const struct ledger_limit_params *limit = &params.limits[LEDGER_BYTES];
    struct ledger_levels fleet = { 0 };
    struct ledger_share node = { 0 };
    for (int i = 0; i < 400; i++) {
        uint64_t most = i < 10 ? 50000000 : i < 100 ? 10000000 : i < 200 ? 2000000 : 0;
        struct ledger_tally day = ledger_tally_of_day(limit, (uint32_t)DAY_MS, most);
        ledger_levels_count(&fleet, &day);
    }
    /* Level 4 MB: 100.5 / 401 = 0.250623 of a day; a = 110 / (12.5 + 10 ln 12.5 + 90 ln 2.5) =
     * 0.914963; 4 MB (25.0623)^(1 / a) = 135.24 MB. */
    struct ledger_limit is = ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet);
    assert_near(is.threshold, 135240703.61);
    assert_near(is.rate, 200.5 / 401);
    params.level_days = 1000; /* through 1 MB: censored at 16 MB, a = 0.631366 */
    assert_near(ledger_limit_of(&params, LEDGER_BYTES, &node, &fleet).threshold, 490841602.78);
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
        cmocka_unit_test_setup(no_sums_give_more_than_can_be_compared, setup),
        cmocka_unit_test_setup(a_day_counts_on_each_level_below_it, setup),
        cmocka_unit_test_setup(a_busy_fleet_is_asked_about_its_larger_values, setup),
        cmocka_unit_test_setup(a_day_counts_by_the_share_that_was_seen, setup),
        cmocka_unit_test_setup(a_tally_fades_by_a_32nd_a_day_and_to_nothing, setup),
        cmocka_unit_test_setup(params_out_of_bounds_are_refused_by_name, setup),
        cmocka_unit_test_setup(a_budget_with_days_out_of_order_is_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
