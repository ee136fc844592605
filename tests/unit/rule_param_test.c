/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_param.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void every_row_is_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const struct rule_param_row *row = &rule_param_rows[i];
        if (row->name == NULL || row->unit == NULL || row->help == NULL) {
            fail_msg("row %zu lacks a name, a unit or a help", i);
        }
        assert_true(row->unit[0] != '\0' && row->help[0] != '\0');
        /* "rule.what", in lower case: as it stands in a file and in `--help`. */
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_."),
                         strlen(row->name));
        const char *dot = strchr(row->name, '.');
        assert_true(dot != NULL && dot > row->name && dot[1] != '\0');
        assert_null(strchr(dot + 1, '.'));
        assert_true(isfinite(row->minimum) && isfinite(row->maximum));
        assert_true(row->minimum >= 0 && row->minimum < row->maximum);
    }
}

static void names_are_unique_and_found(void **state) {
    (void)state;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        assert_int_equal(rule_param_find(bytes_text(rule_param_rows[i].name)), i);
    }
    assert_int_equal(rule_param_find(bytes_text("exfil.Floor")), RULE_PARAM_COUNT);
    assert_int_equal(rule_param_find(bytes_text("exfil")), RULE_PARAM_COUNT);
    assert_int_equal(rule_param_find(bytes_text("")), RULE_PARAM_COUNT);
    assert_int_equal(rule_param_find(bytes_text("exfil.floor")), RULE_PARAM_EXFIL_FLOOR);
    assert_int_equal(rule_param_find(bytes_text("ledger.minutes_floor")),
                     RULE_PARAM_LEDGER_MINUTES_FLOOR);
}

static void defaults_lie_within_their_bounds(void **state) {
    (void)state;
    struct rule_params params;
    struct error err;
    rule_params_init(&params);
    assert_true(rule_params_check(&params, &err));
    assert_int_equal(params.rules_off, 0);
    assert_true(params.values[RULE_PARAM_EXFIL_FLOOR] == 5e6);
}

static void a_value_out_of_bounds_is_refused_by_name(void **state) {
    (void)state;
    struct error err;
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        const struct rule_param_row *row = &rule_param_rows[i];
        const double good[] = { row->minimum, row->maximum };
        const double bad[] = { nextafter(row->minimum, -1), nextafter(row->maximum, HUGE_VAL),
                               (double)NAN, HUGE_VAL, -HUGE_VAL };
        for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
            assert_true(rule_param_check((enum rule_param)i, good[k], &err));
        }
        for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
            struct rule_params params;
            rule_params_init(&params);
            params.values[i] = bad[k];
            assert_false(rule_params_check(&params, &err));
            assert_int_equal(err.code, ERROR_ARGUMENT);
            assert_non_null(strstr(err.message, row->name));
            assert_non_null(strstr(err.message, row->unit));
        }
    }
}

static void the_hash_sees_each_value(void **state) {
    (void)state;
    struct rule_params base;
    rule_params_init(&base);
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        struct rule_params params = base;
        params.values[i] = nextafter(params.values[i], HUGE_VAL);
        assert_true(rule_params_hash(&params) != rule_params_hash(&base));
    }
    struct rule_params params = base;
    params.rules_off = 1;
    assert_true(rule_params_hash(&params) != rule_params_hash(&base));
    params.rules_off = 0;
    assert_true(rule_params_hash(&params) == rule_params_hash(&base));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(names_are_unique_and_found),
        cmocka_unit_test(defaults_lie_within_their_bounds),
        cmocka_unit_test(a_value_out_of_bounds_is_refused_by_name),
        cmocka_unit_test(the_hash_sees_each_value),
    };
    return cmocka_run_group_tests_name("rule_param", tests, NULL, NULL);
}
