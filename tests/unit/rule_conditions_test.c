/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule's condition: scores under which it holds, and for each thing that it asks one change
 * after which it does not. */
#include "detect/rule_conditions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum what { END, VALUE, HOUR, OVER, RECORD, PRIOR, EXPECTED, AGE, CROWD, COLD };

struct setting {
    enum what what;
    float value;
    enum feature feature;
};

#define V(name, number)                                                                            \
    { VALUE, (number), FEATURE_##name }
#define H(name, number)                                                                            \
    { HOUR, (number), FEATURE_##name }
#define O(name, number)                                                                            \
    { OVER, (number), FEATURE_##name }
#define R(name, number)                                                                            \
    { RECORD, (number), FEATURE_##name }
#define P(name, number)                                                                            \
    { PRIOR, (number), FEATURE_##name }

static void set(struct rule_scores *scores, const struct setting *settings) {
    for (; settings->what != END; settings++) {
        switch (settings->what) {
        case VALUE: scores->value[settings->feature] = settings->value; break;
        case HOUR: scores->over_hour[settings->feature] = settings->value; break;
        case OVER: scores->over_record[settings->feature] = settings->value; break;
        case RECORD: scores->record[settings->feature] = settings->value; break;
        case PRIOR: scores->prior[settings->feature] = settings->value; break;
        case EXPECTED: scores->expected[settings->feature] = settings->value; break;
        case AGE: scores->age_days = settings->value; break;
        case CROWD: scores->crowd = settings->value; break;
        case COLD: scores->is_cold = settings->value > 0; break;
        case END: break;
        }
    }
}

#define CHANGES_MAX 6

static const struct row {
    enum rule rule;
    struct setting holds[8];
    struct setting breaks[CHANGES_MAX + 1]; /* each alone */
    struct setting keeps[CHANGES_MAX + 1];  /* each alone changes nothing */
} rows[] = {
    { RULE_FLOOD_OUT, { V(PPF, 21) }, { V(PPF, 20) }, { V(PPF, 1e6f) } },
    { RULE_CRIT_SPAM,
      { R(SMTP, 1), O(SMTP, 3.5f), V(SMTP, 40), V(NEWFAIL, 10) },
      { R(SMTP, 1.2f), P(SMTP, 2), O(SMTP, 3), V(NEWFAIL, 6) },
      { P(SMTP, -1), V(SMTP, 60) } },
    { RULE_SPAM,
      { V(SMTP, 40), H(SMTP, 3), O(SMTP, 2) },
      { V(SMTP, 4), H(SMTP, 2), O(SMTP, 1), P(SMTP, 5), R(SMTP, 3) },
      { P(SMTP, 1), R(SMTP, 1) } },
    { RULE_CRIT_SCAN,
      { V(NEWPEERS, 100), V(NEWFAIL, 70), O(NEWFAIL, 3), V(PPF, 2) },
      { V(NEWFAIL, 60), O(NEWFAIL, 2), V(PPF, 20), V(SMTP_NEW, 80) },
      { V(NEWFAIL, 100), V(SMTP_NEW, 10) } },
    { RULE_SCAN,
      { V(NEWPEERS, 30), V(NEWFAIL, 20), V(PPF, 2) },
      { V(NEWPEERS, 10), V(NEWFAIL, 12), V(PPF, 20), V(SMTP_NEW, 20) },
      { V(SMTP_NEW, 3) } },
    { RULE_PORT_SCAN,
      { V(OUT_FLOWS, 100), V(OUT_FAIL, 40), V(REFUSED, 30), V(PPF, 2) },
      { V(OUT_FAIL, 20), V(REFUSED, 10), V(PPF, 20), V(OUT_FLOWS, 200) },
      { V(OUT_FAIL, 100) } },
    { RULE_SCAN_SLOW,
      { V(NEWFAIL, 1), V(PPF, 2) },
      { V(NEWFAIL, 0), V(PPF, 20), V(SMTP_NEW, 1) },
      { { 0 } } },
    { RULE_CRIT_DNS,
      { O(DNS_LONG, 4.5f), { AGE, 4, 0 } },
      { O(DNS_LONG, 4), { AGE, 3, 0 } },
      { { 0 } } },
    { RULE_DNS_SLOW, { V(DNS_LONG, 1) }, { V(DNS_LONG, 0) }, { { 0 } } },
    { RULE_SYN_FLOOD,
      { V(HALF, 60), V(IN_FLOWS, 100) },
      { V(HALF, 50), V(IN_FLOWS, 200) },
      { { 0 } } },
    { RULE_FLOOD_IN,
      { V(UNSOL, 1e7f) },
      { V(UNSOL, 3e4f), { EXPECTED, 10, FEATURE_UNSOL } },
      { { 0 } } },
    { RULE_REQ_FLOOD,
      { V(REQ, 500), H(REQ, 4) },
      { H(REQ, 1.3f), { CROWD, 3, 0 }, { COLD, 1, 0 }, V(HALF, 300), V(UNSOL, 6e6f) },
      { V(HALF, 200), { CROWD, 2, 0 } } },
    { RULE_CRIT_EXFIL,
      { V(LED_OUT, 5e8f), V(LED_OUT_LIMIT, 1e8f), { AGE, 4, 0 } },
      { V(LED_OUT, 4e8f), V(LED_OUT_LIMIT, 2e8f), V(LED_IN, 3e8f), { AGE, 3, 0 } },
      { V(LED_IN, 2e8f) } },
    { RULE_LED_EXFIL,
      { V(LED_OUT, 2e8f), V(LED_OUT_LIMIT, 1e8f) },
      { V(LED_OUT_LIMIT, 2e8f), V(LED_IN, 1e8f) },
      { V(LED_IN, 9e7f) } },
    { RULE_LED_RATE,
      { V(LED_RATE, 6e7f), V(LED_RATE_LIMIT, 5e7f), V(OUT_INIT, 6e7f) },
      { V(LED_RATE_LIMIT, 6e7f), V(OUT_PENDING, 4e7f) },
      { V(OUT_PENDING, 3e7f) } },
    { RULE_LED_LONG,
      { V(LED_LONG, 2e7f), V(LED_LONG_LIMIT, 1e7f) },
      { V(LED_LONG_LIMIT, 2e7f) },
      { { 0 } } },
    { RULE_LED_PERSIST,
      { V(LED_MINUTES, 90), V(LED_MINUTES_LIMIT, 60) },
      { V(LED_MINUTES_LIMIT, 90) },
      { { 0 } } },
    { RULE_EXFIL,
      { V(OUT_INIT, 1e8f), V(OUT_EXTERNAL, 1e8f), H(OUT_INIT, 5) },
      { V(OUT_EXTERNAL, 5e6f),
        V(LED_NOW, 9.6e7f),
        V(SMTP, 5),
        V(OUT_PENDING, 6e7f),
        H(OUT_INIT, 2),
        { EXPECTED, 12, FEATURE_OUT_INIT } },
      { V(LED_NOW, 5e7f), V(SMTP, 4), V(OUT_PENDING, 5e7f) } },
    { RULE_SERVE,
      { V(OUT_SERV, 1e8f) },
      { V(OUT_SERV, 3e4f), { EXPECTED, 12, FEATURE_OUT_SERV } },
      { { 0 } } },
    { RULE_RAMP, { { AGE, 4, 0 } }, { { AGE, 3, 0 }, { COLD, 1, 0 } }, { { 0 } } },
};

static bool row_holds(const struct row *row, const struct setting *change) {
    struct rule_params params;
    struct rule_scores scores = { .params = &params };
    rule_params_init(&params);
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        scores.prior[f] = -1;
    }
    set(&scores, row->holds);
    if (change != NULL) {
        const struct setting one[2] = { *change };
        set(&scores, one);
    }
    return rule_rows[row->rule].holds(&scores);
}

static void a_condition_asks_for_all_that_it_says_and_no_more(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name = rule_rows[rows[i].rule].name;
        if (!row_holds(&rows[i], NULL)) {
            fail_msg("%s does not hold", name);
        }
        for (const struct setting *change = rows[i].breaks; change->what != END; change++) {
            if (row_holds(&rows[i], change)) {
                fail_msg("%s holds behind change %d", name, (int)(change - rows[i].breaks));
            }
        }
        for (const struct setting *change = rows[i].keeps; change->what != END; change++) {
            if (!row_holds(&rows[i], change)) {
                fail_msg("%s breaks by change %d", name, (int)(change - rows[i].keeps));
            }
        }
    }
}

static void every_condition_has_a_row_or_a_test_of_its_own(void **state) {
    (void)state;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        bool has_row = rule_rows[r].holds == NULL || r == RULE_LIMIT_IN || r == RULE_LIMIT_OUT;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            has_row = has_row || rows[i].rule == r;
        }
        if (!has_row) {
            fail_msg("%s is not tested", rule_rows[r].name);
        }
    }
}

static void a_node_that_floods_others_leaks_nothing(void **state) {
    (void)state;
    static const struct setting flood[] = { V(UNREP, 7000), V(PPF, 30), H(UNREP, 3), { 0 } };
    static const enum rule quiet[] = { RULE_EXFIL, RULE_LED_EXFIL, RULE_LED_RATE, RULE_LED_LONG };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t q = 0; q < sizeof quiet / sizeof quiet[0]; q++) {
            struct row row = rows[i];
            if (row.rule == quiet[q]) {
                struct rule_params params;
                struct rule_scores scores = { .params = &params };
                rule_params_init(&params);
                set(&scores, row.holds);
                assert_true(rule_rows[row.rule].holds(&scores));
                set(&scores, flood);
                assert_false(rule_rows[row.rule].holds(&scores));
            }
        }
    }
}

static void a_limit_is_of_bytes_packets_or_flows_and_off_until_it_is_set(void **state) {
    (void)state;
    static const struct {
        enum rule_param param;
        enum feature feature;
        enum rule rule;
    } limits[] = {
        { RULE_PARAM_LIMIT_IN_BYTES_PER_S, FEATURE_IN_BYTES, RULE_LIMIT_IN },
        { RULE_PARAM_LIMIT_IN_PACKETS_PER_S, FEATURE_IN_PACKETS, RULE_LIMIT_IN },
        { RULE_PARAM_LIMIT_IN_FLOWS_PER_S, FEATURE_IN_RECORDS, RULE_LIMIT_IN },
        { RULE_PARAM_LIMIT_OUT_BYTES_PER_S, FEATURE_OUT_BYTES, RULE_LIMIT_OUT },
        { RULE_PARAM_LIMIT_OUT_PACKETS_PER_S, FEATURE_OUT_PACKETS, RULE_LIMIT_OUT },
        { RULE_PARAM_LIMIT_OUT_FLOWS_PER_S, FEATURE_OUT_RECORDS, RULE_LIMIT_OUT },
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct rule_row *row = &rule_rows[limits[i].rule];
        struct rule_params params;
        struct rule_scores scores = { .params = &params };
        rule_params_init(&params);
        scores.value[limits[i].feature] = 6001;
        assert_false(row->is_on(&params));
        assert_false(row->holds(&scores));
        params.values[limits[i].param] = 100; /* a second */
        assert_true(row->is_on(&params));
        assert_true(row->holds(&scores));
        assert_int_equal(row->about(&scores), limits[i].feature);
        scores.value[limits[i].feature] = 6000;
        assert_false(row->holds(&scores));
    }
}

static void classes_features_and_weights_follow_the_scores(void **state) {
    (void)state;
    struct rule_params params;
    struct rule_scores scores = { .params = &params };
    rule_params_init(&params);
    scores.value[FEATURE_UNSOL] = 100;
    scores.value[FEATURE_AMP] = 50;
    assert_int_equal(condition_flood_in_class(&scores), CLASS_DOS_VOLUME);
    scores.value[FEATURE_AMP] = 51;
    assert_int_equal(condition_flood_in_class(&scores), CLASS_DOS_AMPLIFICATION);
    scores.led_hours = 2;
    assert_int_equal(condition_led_exfil_class(&scores), CLASS_EXFIL_VOLUME);
    scores.led_hours = 2.5f;
    assert_int_equal(condition_led_exfil_class(&scores), CLASS_EXFIL_SLOW);
    scores.value[FEATURE_NEWFAIL] = 31;
    scores.over_hour[FEATURE_NEWFAIL] = 2;
    assert_true(condition_scan_weight(&scores) == 1);
    scores.over_hour[FEATURE_NEWFAIL] = 2.5f;
    assert_true(condition_scan_weight(&scores) == 3);
    scores.value[FEATURE_PORTS] = 91;
    assert_true(condition_port_scan_weight(&scores) == 2);
    scores.value[FEATURE_SMTP_NEW] = 9;
    assert_int_equal(condition_spam_about(&scores), FEATURE_SMTP_NEW);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_asks_for_all_that_it_says_and_no_more),
        cmocka_unit_test(every_condition_has_a_row_or_a_test_of_its_own),
        cmocka_unit_test(a_node_that_floods_others_leaks_nothing),
        cmocka_unit_test(a_limit_is_of_bytes_packets_or_flows_and_off_until_it_is_set),
        cmocka_unit_test(classes_features_and_weights_follow_the_scores),
    };
    return cmocka_run_group_tests_name("rule_conditions", tests, NULL, NULL);
}
