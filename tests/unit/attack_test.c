/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/attack.h"

#include "detect/rule.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_technique_of_a_rule_is_known(void **state) {
    (void)state;
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        for (size_t i = 0; i < 2 && rule_rows[rule].attack[i] != NULL; i++) {
            if (attack_find(rule_rows[rule].attack[i]) == NULL) {
                fail_msg("%s: %s", rule_rows[rule].name, rule_rows[rule].attack[i]);
            }
        }
    }
}

static void every_subtechnique_has_its_technique_with_the_same_tactic(void **state) {
    (void)state;
    const struct attack_row *row;
    for (size_t i = 0; (row = attack_at(i)) != NULL; i++) {
        char id[ATTACK_ID_SIZE];
        attack_technique(row->id, id);
        const struct attack_row *technique = attack_find(id);
        assert_non_null(technique);
        assert_string_equal(technique->tactic_id, row->tactic_id);
        assert_string_equal(technique->tactic, row->tactic);
    }
}

static void rows_ascend(void **state) {
    (void)state;
    for (size_t i = 1; attack_at(i) != NULL; i++) {
        assert_true(strcmp(attack_at(i - 1)->id, attack_at(i)->id) < 0);
    }
}

static void a_technique_is_what_stands_in_front_of_the_point(void **state) {
    (void)state;
    char id[ATTACK_ID_SIZE];
    attack_technique("T1498.001", id);
    assert_string_equal(id, "T1498");
    attack_technique("T1041", id);
    assert_string_equal(id, "T1041");
    attack_technique("a name that is far too long", id);
    assert_int_equal(strlen(id), ATTACK_ID_SIZE - 1);
    attack_technique("", id);
    assert_string_equal(id, "");
}

static void what_the_table_lacks_is_not_found(void **state) {
    (void)state;
    assert_null(attack_find("T0000"));
    assert_null(attack_find(""));
    assert_string_equal(attack_find("T1071.004")->name, "DNS");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_technique_of_a_rule_is_known),
        cmocka_unit_test(every_subtechnique_has_its_technique_with_the_same_tactic),
        cmocka_unit_test(rows_ascend),
        cmocka_unit_test(a_technique_is_what_stands_in_front_of_the_point),
        cmocka_unit_test(what_the_table_lacks_is_not_found),
    };
    return cmocka_run_group_tests_name("attack", tests, NULL, NULL);
}
