/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/quantile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct quantile *quantile_new(void) {
    struct quantile *quantile = calloc(1, sizeof *quantile);
    assert_non_null(quantile);
    return quantile;
}

static void nothing_has_quantiles_of_zero(void **state) {
    (void)state;
    struct quantile *quantile = quantile_new();
    assert_int_equal(quantile_get(quantile, 500), 0);
    assert_int_equal(quantile_get(quantile, 1000), 0);
    free(quantile);
}

static void small_numbers_are_exact_at_every_rank(void **state) {
    (void)state;
    struct quantile *quantile = quantile_new();
    for (uint64_t i = 1000; i > 0; i--) {
        quantile_add(quantile, i);
    }
    for (unsigned permille = 1; permille <= 1000; permille++) {
        assert_int_equal(quantile_get(quantile, permille), permille);
    }
    free(quantile);
}

static void a_rank_between_two_numbers_is_the_larger_one(void **state) {
    (void)state;
    struct quantile *quantile = quantile_new();
    quantile_add(quantile, 7);
    quantile_add(quantile, 9);
    quantile_add(quantile, 8);
    assert_int_equal(quantile_get(quantile, 1), 7);
    assert_int_equal(quantile_get(quantile, 333), 7);
    assert_int_equal(quantile_get(quantile, 334), 8);
    assert_int_equal(quantile_get(quantile, 990), 9);
    free(quantile);
}

/* Each number alone beside a larger one, so that its bucket's edge shows. */
static void large_numbers_are_rounded_down_by_less_than_a_two_thousandth(void **state) {
    (void)state;
    static const uint64_t VALUES[] = { 4095,       4096,
                                       4097,       8191,
                                       8192,       60000,
                                       1000003,    987654321,
                                       1ull << 40, (1ull << 40) - 1,
                                       1ull << 47, (1ull << 48) - 1 };
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        struct quantile *quantile = quantile_new();
        quantile_add(quantile, VALUES[i]);
        quantile_add(quantile, QUANTILE_MAX);
        uint64_t got = quantile_get(quantile, 500);
        assert_true(got <= VALUES[i]);
        assert_true((VALUES[i] - got) * 2048 <= VALUES[i]);
        free(quantile);
    }
}

static void the_maximum_is_exact_and_bounded(void **state) {
    (void)state;
    struct quantile *quantile = quantile_new();
    quantile_add(quantile, 1234567);
    assert_int_equal(quantile_get(quantile, 1000), 1234567);
    quantile_add(quantile, UINT64_MAX);
    assert_int_equal(quantile_get(quantile, 1000), QUANTILE_MAX);
    free(quantile);
}

static void a_reset_forgets_every_number(void **state) {
    (void)state;
    struct quantile *quantile = quantile_new();
    quantile_add(quantile, 5);
    quantile_add(quantile, UINT64_MAX);
    quantile_reset(quantile);
    assert_int_equal(quantile->count, 0);
    quantile_add(quantile, 3);
    assert_int_equal(quantile_get(quantile, 500), 3);
    assert_int_equal(quantile_get(quantile, 1000), 3);
    for (uint32_t i = 0; i < QUANTILE_BUCKETS; i++) {
        assert_int_equal(quantile->buckets[i], i == 3);
    }
    free(quantile);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_quantiles_of_zero),
        cmocka_unit_test(small_numbers_are_exact_at_every_rank),
        cmocka_unit_test(a_rank_between_two_numbers_is_the_larger_one),
        cmocka_unit_test(large_numbers_are_rounded_down_by_less_than_a_two_thousandth),
        cmocka_unit_test(the_maximum_is_exact_and_bounded),
        cmocka_unit_test(a_reset_forgets_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
