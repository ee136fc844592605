/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_pool.h"
#include "tests/gen/gen_rng.h"
#include "tests/gen/gen_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define DRAWS 200000

static void the_stream_of_a_seed_is_fixed(void **state) {
    (void)state;
    struct gen_rng one;
    struct gen_rng same;
    struct gen_rng other;
    gen_rng_init(&one, 1);
    gen_rng_init(&same, 1);
    gen_rng_init(&other, 2);
    for (int i = 0; i < 100; i++) {
        uint64_t draw = gen_rng_next(&one);
        assert_true(draw == gen_rng_next(&same));
        assert_true(draw != gen_rng_next(&other));
    }
    /* The reference implementation's first three from the state 1, 2, 3, 4. */
    struct gen_rng known = { .state = { 1, 2, 3, 4 } };
    assert_true(gen_rng_next(&known) == 11520);
    assert_true(gen_rng_next(&known) == 0);
    assert_true(gen_rng_next(&known) == 1509978240);
}

static void exp2_and_log2_are_good_to_1e_10(void **state) {
    (void)state;
    for (int i = -20000; i <= 20000; i++) {
        double x = i * 0.00173;
        double want = exp2(x);
        assert_true(fabs(gen_exp2(x) - want) <= want * 1e-10);
        assert_true(fabs(gen_log2(want) - x) <= 1e-9);
    }
    assert_true(gen_exp2(0) == 1);
    assert_true(gen_exp2(10) == 1024);
    assert_true(gen_log2(1) == 0);
    assert_true(gen_log2(0x1p40) == 40);
    assert_true(gen_exp2(1e9) > 0 && gen_exp2(-1e9) > 0);
}

static void uniform_draws_stay_below_their_bound(void **state) {
    (void)state;
    static const uint32_t bounds[] = { 1, 2, 3, 1000, UINT32_MAX };
    struct gen_rng rng;
    gen_rng_init(&rng, 3);
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        double sum = 0;
        for (int i = 0; i < DRAWS; i++) {
            uint32_t draw = gen_rng_below(&rng, bounds[b]);
            assert_true(draw < bounds[b]);
            sum += draw;
        }
        double middle = ((double)bounds[b] - 1) / 2;
        assert_true(fabs(sum / DRAWS - middle) <= 0.01 * bounds[b]);
    }
}

static void half_of_the_log_uniform_draws_lie_below_the_root(void **state) {
    (void)state;
    struct gen_rng rng;
    gen_rng_init(&rng, 4);
    double log2_n = gen_log2(10000);
    int below = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint32_t draw = gen_rng_log_uniform(&rng, log2_n);
        assert_true(draw < 9999);
        below += draw < 99;
    }
    assert_in_range(below, DRAWS * 49 / 100, DRAWS * 51 / 100);
}

static void normal_draws_have_mean_0_and_deviation_1(void **state) {
    (void)state;
    struct gen_rng rng;
    gen_rng_init(&rng, 5);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double draw = gen_rng_normal(&rng);
        assert_true(fabs(draw) < 4.9);
        sum += draw;
        squares += draw * draw;
    }
    assert_true(fabs(sum / DRAWS) < 0.01);
    assert_true(fabs(squares / DRAWS - 1) < 0.02);
}

static void poisson_counts_have_equal_mean_and_variance(void **state) {
    (void)state;
    static const double means[] = { 0.01, 1, 11.9, 12, 500 };
    struct gen_rng rng;
    gen_rng_init(&rng, 6);
    for (size_t m = 0; m < sizeof means / sizeof *means; m++) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < DRAWS; i++) {
            double draw = gen_rng_poisson(&rng, means[m]);
            sum += draw;
            squares += draw * draw;
        }
        double mean = sum / DRAWS;
        assert_true(fabs(mean - means[m]) < 0.05 * means[m]);
        assert_true(fabs(squares / DRAWS - mean * mean - means[m]) < 0.06 * means[m]);
    }
    assert_true(gen_rng_poisson(&rng, 0) == 0);
    assert_true(gen_rng_poisson(&rng, -1) == 0);
    assert_true(gen_rng_poisson(&rng, 1e12) <= 1000000);
}

static void sizes_are_heavy_tailed_and_bounded(void **state) {
    (void)state;
    struct gen_rng rng;
    gen_rng_init(&rng, 7);
    int below = 0;
    int far_above = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t size = gen_rng_size(&rng, 10, 1);
        below += size < 1024;
        far_above += size > 1024 << 6;
    }
    assert_in_range(below, DRAWS * 48 / 100, DRAWS * 51 / 100);
    /* Without the stretched ones a size over six deviations would never be seen. */
    assert_in_range(far_above, 5, DRAWS / 1000);
    assert_true(gen_rng_size(&rng, 60, 1) <= UINT64_C(1) << 40);
}

static void numbers_are_written_in_all_their_lengths(void **state) {
    (void)state;
    static const struct {
        uint64_t value;
        const char *want;
    } cases[] = { { 0, "0" },
                  { 9, "9" },
                  { 10, "10" },
                  { 99, "99" },
                  { 100, "100" },
                  { 65535, "65535" },
                  { 1000000, "1000000" },
                  { UINT64_MAX, "18446744073709551615" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        *gen_put_number(text, cases[i].value) = '\0';
        assert_string_equal(text, cases[i].want);
    }
    char text[32];
    *gen_put_ipv4(text, 0x0a0964ff) = '\0';
    assert_string_equal(text, "10.9.100.255");
    *gen_put_hex(text, 0xabc, 5) = '\0';
    assert_string_equal(text, "00abc");
}

static void members_of_a_pool_keep_their_addresses(void **state) {
    (void)state;
    for (int pool = 0; pool < GEN_POOL_COUNT; pool++) {
        for (uint64_t member = 0; member < 1000; member++) {
            struct address address = gen_pool_address((enum gen_pool)pool, 1, member, true);
            assert_true(
                address_equal(address, gen_pool_address((enum gen_pool)pool, 1, member, true)));
            assert_int_equal(address_classify(address), ADDRESS_INTERNET);
            assert_true(address_is_ipv4(gen_pool_address((enum gen_pool)pool, 1, member, false)));
        }
    }
}

static void no_ordinary_peer_shares_a_network_with_an_attacker(void **state) {
    (void)state;
    bool is_attackers[256] = { false };
    for (uint64_t member = 0; member < 4000; member++) {
        for (int pool = GEN_EXFIL_HOSTS; pool <= GEN_BOTS; pool++) {
            struct address address = gen_pool_address((enum gen_pool)pool, 1, member, false);
            is_attackers[address_ipv4(address) >> 24] = true;
        }
    }
    for (int pool = 0; pool < GEN_EXFIL_HOSTS; pool++) {
        for (uint64_t member = 0; member < 4000; member++) {
            struct address address = gen_pool_address((enum gen_pool)pool, 1, member, false);
            assert_false(is_attackers[address_ipv4(address) >> 24]);
        }
    }
}

static void most_clients_return_and_some_are_new(void **state) {
    (void)state;
    struct gen_rng rng;
    gen_rng_init(&rng, 8);
    int arrivals = 0;
    for (int i = 0; i < DRAWS; i++) {
        arrivals += gen_pool_draw(GEN_CLIENTS, &rng, 2) >> 32 != 0;
        assert_true(gen_pool_draw(GEN_OBJECT_STORE, &rng, 2) < 256);
    }
    assert_in_range(arrivals, DRAWS * 3 / 100, DRAWS * 5 / 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_of_a_seed_is_fixed),
        cmocka_unit_test(exp2_and_log2_are_good_to_1e_10),
        cmocka_unit_test(uniform_draws_stay_below_their_bound),
        cmocka_unit_test(half_of_the_log_uniform_draws_lie_below_the_root),
        cmocka_unit_test(normal_draws_have_mean_0_and_deviation_1),
        cmocka_unit_test(poisson_counts_have_equal_mean_and_variance),
        cmocka_unit_test(sizes_are_heavy_tailed_and_bounded),
        cmocka_unit_test(numbers_are_written_in_all_their_lengths),
        cmocka_unit_test(members_of_a_pool_keep_their_addresses),
        cmocka_unit_test(no_ordinary_peer_shares_a_network_with_an_attacker),
        cmocka_unit_test(most_clients_return_and_some_are_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
