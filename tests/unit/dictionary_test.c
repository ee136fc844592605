/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/dictionary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <time.h>

/* The i-th address of a kind: IPv4 neighbours, IPv6 neighbours, or both in turn. */
enum kind { IPV4, IPV6, BOTH, KINDS };

static struct address nth(enum kind kind, uint32_t i) {
    if (kind == IPV4 || (kind == BOTH && i % 2 == 0)) {
        return address_from_ipv4(UINT32_C(0x0A000000) + i);
    }
    return (struct address){ .high = UINT64_C(0x20010DB800000000) + (i >> 10), .low = i & 1023 };
}

static struct dictionary dictionary;

static int begin(void **state) {
    (void)state;
    return dictionary_init(&dictionary, NULL) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    dictionary_done(&dictionary);
    return 0;
}

static void codes_follow_the_order_of_arrival(void **state) {
    (void)state;
    assert_int_equal(dictionary_code(&dictionary, nth(IPV6, 9)), 0);
    assert_int_equal(dictionary_code(&dictionary, nth(IPV4, 9)), 1);
    assert_int_equal(dictionary_code(&dictionary, nth(IPV6, 9)), 0);
    assert_int_equal(dictionary_code(&dictionary, nth(IPV4, 8)), 2);
    assert_int_equal(dictionary.count, 3);
    assert_int_equal(dictionary.octets, 16 + 4 + 4);
}

/* Every size at which a table doubles is passed, up to the last code. */
static void all_codes_of_a_full_dictionary_are_found(void **state) {
    (void)state;
    for (enum kind kind = IPV4; kind < KINDS; kind++) {
        dictionary_reset(&dictionary);
        for (uint32_t i = 0; i < DICTIONARY_CODES_MAX; i++) {
            assert_int_equal(dictionary_code(&dictionary, nth(kind, i)), i);
        }
        for (uint32_t i = 0; i < DICTIONARY_CODES_MAX; i++) {
            uint16_t code;
            assert_int_equal(dictionary_code(&dictionary, nth(kind, i)), i);
            assert_true(dictionary_find(&dictionary, nth(kind, i), &code));
            assert_int_equal(code, i);
            assert_true(address_equal(dictionary.values[i], nth(kind, i)));
        }
        uint16_t code = 77;
        assert_false(dictionary_find(&dictionary, nth(kind, DICTIONARY_CODES_MAX), &code));
        assert_false(dictionary_find(&dictionary, nth(kind, DICTIONARY_CODES_MAX + 1), &code));
        assert_int_equal(code, 77);
        assert_int_equal(dictionary.count, DICTIONARY_CODES_MAX);
    }
}

static void a_burst_gives_the_codes_of_single_calls(void **state) {
    (void)state;
    static uint32_t addresses[10000];
    static uint16_t codes[10000];
    uint64_t random = 7;
    for (size_t i = 0; i < 10000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        addresses[i] = (uint32_t)(random >> 33) % 3000;
    }
    dictionary_code_ipv4_burst(&dictionary, codes, addresses, 0);
    assert_int_equal(dictionary.count, 0);
    dictionary_code_ipv4_burst(&dictionary, codes, addresses, 10000);
    for (size_t i = 0; i < 10000; i++) {
        assert_int_equal(codes[i], dictionary_code(&dictionary, address_from_ipv4(addresses[i])));
    }
}

/* Bursts end in, at and behind a block; the table grows within them. */
static void a_burst_gives_codes_in_the_order_of_arrival(void **state) {
    (void)state;
    static const size_t COUNTS[] = { 1, 2, 255, 256, 257, 511, 512, 513, 6000 };
    static uint32_t addresses[6000];
    static uint16_t codes[6000];
    struct error err;
    struct dictionary single;
    uint64_t random = 9;
    assert_true(dictionary_init(&single, &err));
    for (size_t c = 0; c < sizeof COUNTS / sizeof COUNTS[0]; c++) {
        for (size_t i = 0; i < COUNTS[c]; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            addresses[i] = (uint32_t)(random >> 33) % 5000 * 65537;
        }
        dictionary_code_ipv4_burst(&dictionary, codes, addresses, COUNTS[c]);
        for (size_t i = 0; i < COUNTS[c]; i++) {
            assert_int_equal(codes[i], dictionary_code(&single, address_from_ipv4(addresses[i])));
        }
        assert_int_equal(dictionary.count, single.count);
    }
    dictionary_done(&single);
}

/* 16 bits of generation: more resets than that, so that the tables are cleared once. */
static void nothing_of_before_a_reset_is_found(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 70000; round++) {
        uint16_t code;
        dictionary_reset(&dictionary);
        assert_int_equal(dictionary.count + dictionary.octets, 0);
        assert_false(dictionary_find(&dictionary, nth(IPV4, round % 3), &code));
        assert_false(dictionary_find(&dictionary, nth(IPV6, round % 3), &code));
        assert_int_equal(dictionary_code(&dictionary, nth(IPV6, round % 3)), 0);
        assert_int_equal(dictionary_code(&dictionary, nth(IPV4, round % 3)), 1);
    }
}

static void adopted_addresses_are_found_before_and_after_more_come(void **state) {
    (void)state;
    static const uint32_t counts[][2] = { { 0, 0 },    { 1, 0 },     { 0, 1 },    { 5000, 3 },
                                          { 3, 5000 }, { 65535, 0 }, { 0, 65535 } };
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        uint32_t count4 = counts[k][0];
        uint32_t count = count4 + counts[k][1];
        dictionary_reset(&dictionary);
        for (uint32_t i = 0; i < count; i++) {
            dictionary.values[i] = i < count4 ? nth(IPV4, 2 * i) : nth(IPV6, 2 * (i - count4));
        }
        dictionary_adopt_sorted(&dictionary, count4, counts[k][1]);
        for (int pass = 0; pass < 2; pass++) {
            uint16_t code;
            for (uint32_t i = 0; i < count; i++) {
                assert_true(dictionary_find(&dictionary, dictionary.values[i], &code));
                assert_int_equal(code, i);
            }
            assert_int_equal(dictionary_find(&dictionary, nth(IPV4, 7), &code), pass == 1);
            assert_false(dictionary_find(&dictionary, nth(IPV6, 7), &code));
            if (pass == 0) {
                assert_int_equal(dictionary_code(&dictionary, nth(IPV4, 7)), count);
            }
        }
    }
}

static double cpu_ms(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* With the golden ratio as its only multiplier, these took 770 ms: all shared a slot. */
static void chosen_addresses_cannot_slow_the_table_down(void **state) {
    (void)state;
    uint32_t inverse = 1; /* of 0x9E3779B1, modulo 2^32 */
    for (int i = 0; i < 5; i++) {
        inverse *= 2 - UINT32_C(0x9E3779B1) * inverse;
    }
    double start = cpu_ms();
    for (uint32_t i = 0; i < 32768; i++) {
        assert_int_equal(dictionary_code(&dictionary, address_from_ipv4(i * inverse)), i);
    }
    assert_true(cpu_ms() - start < 200); /* about 1 ms; 100 under sanitizers */
}

static void a_dictionary_filled_by_lent_tables_goes_on_with_its_own(void **state) {
    (void)state;
    static const uint32_t COUNTS[] = { 0, 1, 5000, DICTIONARY_CODES_MAX - 1 };
    struct dictionary_tables tables;
    struct error err;
    uint16_t code;
    assert_true(dictionary_tables_init(&tables, &err));
    for (size_t c = 0; c < sizeof COUNTS / sizeof COUNTS[0]; c++) {
        for (int round = 0; round < 3; round++) { /* the same tables again, the dictionary, too */
            uint32_t count = COUNTS[c];
            dictionary_reset(&dictionary);
            dictionary_lend(&dictionary, &tables);
            for (uint32_t i = 0; i < count; i++) {
                assert_int_equal(dictionary_code(&dictionary, nth(i % 2, i)), i);
            }
            dictionary_take_back(&dictionary, &tables);
            uint32_t stride = 1 + count / 100; /* a bare dictionary is searched from its front */
            for (uint32_t i = 0; i < count; i += stride) {
                assert_true(dictionary_find(&dictionary, nth(i % 2, i), &code));
                assert_int_equal(code, i);
            }
            assert_false(dictionary_find(&dictionary, nth(0, UINT32_C(1) << 20), &code));
            for (uint32_t i = 0; i <= count && round != 1; i++) {
                assert_int_equal(dictionary_code(&dictionary, nth(i % 2, i)), i);
            }
        }
    }
    dictionary_tables_done(&tables);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes_follow_the_order_of_arrival, begin, end),
        cmocka_unit_test_setup_teardown(all_codes_of_a_full_dictionary_are_found, begin, end),
        cmocka_unit_test_setup_teardown(a_burst_gives_the_codes_of_single_calls, begin, end),
        cmocka_unit_test_setup_teardown(a_burst_gives_codes_in_the_order_of_arrival, begin, end),
        cmocka_unit_test_setup_teardown(nothing_of_before_a_reset_is_found, begin, end),
        cmocka_unit_test_setup_teardown(adopted_addresses_are_found_before_and_after_more_come,
                                        begin, end),
        cmocka_unit_test_setup_teardown(chosen_addresses_cannot_slow_the_table_down, begin, end),
        cmocka_unit_test_setup_teardown(a_dictionary_filled_by_lent_tables_goes_on_with_its_own,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
