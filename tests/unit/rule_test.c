/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_latch.h"

#include "flow/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* `hits` is a pattern of windows: 'x' the condition holds, '.' it does not, ' ' not observed;
 * `want` has 'L' where the rule is latched afterwards. */
static void a_latch_closes_by_persistence_and_opens_with_hysteresis(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum rule rule;
        int64_t window_ms;
        const char *hits;
        const char *want;
    } cases[] = {
        { "three in a row", RULE_EXFIL, 60000, "xxx", "..L" },
        { "a single one", RULE_EXFIL, 60000, "x.....", "......" },
        { "two and a gap", RULE_EXFIL, 60000, "xx.xx", "....L" },
        { "every other", RULE_EXFIL, 60000, "x.x.x.x.x.x.x.x.", "................" },
        { "lets go late", RULE_EXFIL, 60000, "xxx......", "..LLLLL.." },
        { "missing windows change nothing", RULE_EXFIL, 60000, "xx    x", "......L" },
        { "stays latched while missing", RULE_EXFIL, 60000, "xxx          .", "..LLLLLLLLLLLL" },
        { "flood, two in a row", RULE_FLOOD_IN, 60000, "xx", ".L" },
        { "flood, with gaps", RULE_FLOOD_IN, 60000, "x.x.x.", "......" },
        { "windows of ten minutes need one", RULE_EXFIL, 600000, "x..", "L.." },
        { "windows of ten seconds need sixteen", RULE_EXFIL, 10000, "xxxxxxxxxxxxxxxxxx",
          "...............LLL" },
        { "a flood in windows of ten seconds needs two", RULE_FLOOD_IN, 10000, "xx", ".L" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct detector_config config;
        struct rule_latch latch = { 0 };
        struct error err;
        detector_config_init(&config);
        const struct rule_limits limits =
            rule_limits(cases[i].rule, &config.rules, cases[i].window_ms);
        assert_true(rule_latch_grow(&latch, 128, &err));
        for (size_t w = 0; cases[i].hits[w] != '\0'; w++) {
            uint64_t hit = (uint64_t)(cases[i].hits[w] == 'x') << 63;
            uint64_t pass = (uint64_t)(cases[i].hits[w] != ' ') << 63;
            rule_latch_step(&latch, &limits, 1, hit, pass, NULL);
            bool is_latched = latch.latched[1] >> 63 == 1;
            if (is_latched != (cases[i].want[w] == 'L')) {
                fail_msg("%s: window %zu is %slatched", cases[i].name, w, is_latched ? "" : "not ");
            }
            assert_int_equal(latch.latched[0], 0);
            assert_int_equal(latch.charged[0], 0);
        }
        rule_latch_done(&latch);
    }
}

static void a_latch_that_is_left_alone_costs_nothing_in_the_end(void **state) {
    (void)state;
    struct detector_config config;
    struct rule_latch latch = { 0 };
    struct error err;
    detector_config_init(&config);
    const struct rule_limits limits = rule_limits(RULE_EXFIL, &config.rules, config.window_ms);
    assert_true(rule_latch_grow(&latch, 64, &err));
    for (int i = 0; i < 1000; i++) {
        rule_latch_step(&latch, &limits, 0, UINT64_MAX, UINT64_MAX, NULL);
        assert_true(latch.charge[5] <= 1.5f * limits.need);
    }
    for (int i = 0; i < 30; i++) {
        rule_latch_step(&latch, &limits, 0, 0, UINT64_MAX, NULL);
    }
    assert_int_equal(latch.charged[0], 0);
    assert_int_equal(latch.latched[0], 0);
    assert_true(latch.charge[5] == 0);
    rule_latch_done(&latch);
}

static void every_row_is_whole(void **state) {
    (void)state;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        const struct rule_row *row = &rule_rows[r];
        assert_non_null(row->name);
        assert_string_not_equal(attack_class_name(row->class_), "unknown");
        assert_non_null(row->help);
        assert_non_null(row->attack[0]);
        assert_true(row->feature < FEATURE_COUNT && row->screen < FEATURE_COUNT);
        assert_true(row->persistence < RULE_PARAM_COUNT);
        /* Something cheap is asked of every node, or the rule is off unless it is set. */
        assert_true(row->floor < RULE_PARAM_COUNT || row->margin < RULE_PARAM_COUNT ||
                    row->is_on != NULL);
        assert_true(row->margin == RULE_PARAM_COUNT || row->feature < FEATURE_SCORED_COUNT);
        /* Wiping a node does not stop what others send to it. */
        if (rule_direction((enum rule)r) == DIRECTION_IN) {
            assert_true(row->advice <= ADVICE_NOTIFY);
        }
        assert_int_equal(rule_find(bytes_text(row->name)), r);
        for (uint32_t other = 0; other < r; other++) {
            assert_string_not_equal(row->name, rule_rows[other].name);
        }
    }
}

static void every_bound_of_the_configuration_is_checked(void **state) {
    (void)state;
    struct error err;
    struct detector_config good;
    detector_config_init(&good);
    assert_true(detector_config_check(&good, &err));
    struct detector_config bad[12];
    for (size_t i = 0; i < 12; i++) {
        bad[i] = good;
    }
    bad[0].window_ms = 999;
    bad[1].window_ms = 3600001;
    bad[2].warm_up_ms = -1;
    bad[3].quiet_ms = 0;
    bad[4].ongoing_ms = INT64_MAX;
    bad[5].rules.values[RULE_PARAM_EXFIL_FLOOR] = (double)NAN;
    bad[6].rules.values[RULE_PARAM_EXFIL_FLOOR] = -1;
    bad[7].conversations_max = 0;
    bad[8].groups_max = UINT32_MAX;
    bad[9].cluster = bytes_text("");
    bad[10].memory_bytes_max = 0;
    bad[11].nodes_max = 0;
    for (size_t i = 0; i < 12; i++) {
        assert_false(detector_config_check(&bad[i], &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_true(detector_config_hash(&bad[i]) != detector_config_hash(&good));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_latch_closes_by_persistence_and_opens_with_hysteresis),
        cmocka_unit_test(a_latch_that_is_left_alone_costs_nothing_in_the_end),
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(every_bound_of_the_configuration_is_checked),
    };
    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
