/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/distinct.h"

#include <math.h>
#include <string.h>

static void counts_are_exact_up_to_sixty_four(void **state) {
    (void)state;
    struct distinct distinct;
    distinct_reset(&distinct);
    assert_int_equal(distinct_count(&distinct), 0);
    for (uint32_t i = 0; i < DISTINCT_EXACT_MAX; i++) {
        for (uint32_t again = 0; again <= i; again++) {
            distinct_add(&distinct, again);
        }
        assert_int_equal(distinct_count(&distinct), i + 1);
    }
    assert_false(distinct.is_estimate);
    distinct_add(&distinct, 1000);
    assert_true(distinct.is_estimate);
    assert_true(distinct_count(&distinct) > DISTINCT_EXACT_MAX);
}

static void zero_and_large_numbers_are_numbers(void **state) {
    (void)state;
    struct distinct distinct;
    distinct_reset(&distinct);
    distinct_add(&distinct, 0);
    distinct_add(&distinct, UINT64_MAX - 1);
    distinct_add(&distinct, UINT64_C(1) << 63);
    distinct_add(&distinct, 0);
    assert_int_equal(distinct_count(&distinct), 3);
}

/* Over 200 sets the mean error is that of the method: none to speak of, and 6.5 % a set. */
static void estimates_err_by_as_much_as_the_method_says(void **state) {
    (void)state;
    static const uint32_t counts[] = { 65, 200, 640, 1000, 10000, 60000 };
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double sum = 0;
        double squares = 0;
        for (uint32_t set = 0; set < 200; set++) {
            struct distinct distinct;
            distinct_reset(&distinct);
            for (uint32_t i = 0; i < counts[c]; i++) {
                distinct_add(&distinct, (uint64_t)set << 32 | i);
            }
            double error = (double)distinct_count(&distinct) / counts[c] - 1;
            sum += error;
            squares += error * error;
        }
        double mean = sum / 200;
        double deviation = sqrt(squares / 200 - mean * mean);
        if (fabs(mean) > 0.03 || deviation > 0.08) {
            fail_msg("%u numbers: mean error %.3f, deviation %.3f", counts[c], mean, deviation);
        }
    }
}

static void order_and_repetition_do_not_show(void **state) {
    (void)state;
    for (uint32_t count = 1; count < 400; count += 7) {
        struct distinct up;
        struct distinct down;
        distinct_reset(&up);
        distinct_reset(&down);
        for (uint32_t i = 0; i < count; i++) {
            distinct_add(&up, i);
            distinct_add(&down, count - 1 - i);
            distinct_add(&down, count - 1 - i / 2);
        }
        assert_int_equal(distinct_count(&up), distinct_count(&down));
        if (up.is_estimate) {
            assert_memory_equal(up.registers, down.registers, sizeof up.registers);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_exact_up_to_sixty_four),
        cmocka_unit_test(zero_and_large_numbers_are_numbers),
        cmocka_unit_test(estimates_err_by_as_much_as_the_method_says),
        cmocka_unit_test(order_and_repetition_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
