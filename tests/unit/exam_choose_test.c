/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/exam_choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* "##..##" : chosen objects; "|" stands in front of a first one behind a gap. */
static const char *draw(const struct exam_choice *choice) {
    static char text[256];
    char *at = text;
    for (size_t i = 0; i < choice->count; i++) {
        bool is_first;
        bool is_chosen = exam_is_chosen(choice, i, &is_first);
        if (is_first) {
            *at++ = '|';
        }
        *at++ = is_chosen ? '#' : '.';
    }
    *at = '\0';
    return text;
}

static void runs_are_spread_from_the_first_object_to_the_last(void **state) {
    (void)state;
    static const struct {
        size_t count;
        uint64_t size;
        uint64_t budget;
        const char *want;
    } CASES[] = {
        { 1, 100, 0, "#" },
        { 1, 100, 1000, "#" },
        { 4, 400, 1, "####" },
        { 5, 500, 500, "#####" },
        { 5, 500, 499, "####." },
        { 9, 900, 0, "####....." },
        { 9, 900, 899, "####.|####" },
        { 8, 800, 799, "####...." }, /* an average rounded up affords one run */
        { 16, 1600, 1300, "####..|####..|####" },
        { 20, 2000, 850, "####............|####" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct exam_choice choice = exam_choose(CASES[i].count, CASES[i].size, CASES[i].budget);
        assert_string_equal(draw(&choice), CASES[i].want);
    }
}

/* For all small counts and budgets, and some large ones. */
static void what_is_chosen_is_as_many_as_it_says(void **state) {
    (void)state;
    for (size_t count = 1; count < 120; count++) {
        for (uint64_t budget = 0; budget < 10 * count; budget += 7) {
            struct exam_choice choice = exam_choose(count, 10 * count, budget);
            size_t chosen = 0;
            for (size_t i = 0; i < count; i++) {
                bool is_first;
                chosen += exam_is_chosen(&choice, i, &is_first);
            }
            assert_int_equal(chosen, exam_chosen_count(&choice));
        }
    }
    struct exam_choice choice = exam_choose(1000000, UINT64_C(1) << 50, UINT64_C(1) << 45);
    size_t chosen = 0;
    for (size_t i = 0; i < choice.count; i++) {
        bool is_first;
        chosen += exam_is_chosen(&choice, i, &is_first);
    }
    assert_int_equal(chosen, exam_chosen_count(&choice));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_spread_from_the_first_object_to_the_last),
        cmocka_unit_test(what_is_chosen_is_as_many_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
