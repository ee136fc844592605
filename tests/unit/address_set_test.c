/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/address_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define RANGES_MAX 300u

static uint64_t random_u64(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct address_range range(const char *first, const char *last) {
    struct address_range out;
    assert_true(address_parse(bytes_text(first), &out.first));
    assert_true(address_parse(bytes_text(last), &out.last));
    return out;
}

static struct prefix prefix(const char *text) {
    struct prefix out;
    struct error err;
    assert_true(prefix_parse(bytes_text(text), &out, &err));
    return out;
}

static void a_prefix_and_its_range_tell_the_same(void **state) {
    (void)state;
    const char *const texts[] = {
        "0.0.0.0/0",     "10.0.0.0/8",    "10.1.2.3/32", "::/0",     "2000::/3",
        "2001:db8::/64", "2001:db8::/65", "::1/128",     "8000::/1", "2001:db8::8000:0:0:0/65"
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct prefix want = prefix(texts[i]);
        struct address_range whole = address_range_of(want);
        struct prefix again;
        assert_true(address_range_prefix(whole, &again));
        assert_true(address_equal(again.address, want.address));
        assert_int_equal(again.length, want.length);
        assert_true(prefix_contains(want, whole.first) && prefix_contains(want, whole.last));
    }
}

static void a_range_that_is_no_prefix_has_none(void **state) {
    (void)state;
    struct prefix out;
    assert_false(address_range_prefix(range("10.0.0.1", "10.0.0.2"), &out));
    assert_false(address_range_prefix(range("10.0.0.0", "10.0.0.2"), &out));
    assert_false(address_range_prefix(range("10.0.0.4", "10.0.0.11"), &out));
    assert_false(address_range_prefix(range("::1", "1::"), &out));
    /* Begins within its /29, with no bit of it in common with where the two ends differ. */
    assert_false(address_range_prefix(range("10.0.0.1", "10.0.0.7"), &out));
}

static void overlapping_ranges_are_joined_and_neighbours_kept(void **state) {
    (void)state;
    struct address_range ranges[] = {
        range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        range("10.0.0.5", "10.0.0.9"),
        range("10.0.0.1", "10.0.0.5"),
        range("10.0.0.10", "10.0.0.10"),
        range("10.0.0.2", "10.0.0.3"),
        range("1::", "2::"),
    };
    assert_int_equal(address_ranges_normalise(ranges, 6), 3);
    assert_int_equal(address_ipv4(ranges[0].first) & 255, 1);
    assert_int_equal(address_ipv4(ranges[0].last) & 255, 9);
    assert_int_equal(address_ipv4(ranges[1].first) & 255, 10);
    assert_false(address_is_ipv4(ranges[2].first));
    assert_int_equal(address_ranges_normalise(ranges, 0), 0);
}

/* Addresses that crowd: a few high bits, a few low ones. */
static struct address random_address(uint64_t *state) {
    uint64_t r = random_u64(state);
    if (r & 1) {
        uint32_t high = r & 2 ? 0 : (uint32_t)(r >> 32) & 0xff000000;
        return address_from_ipv4(high | ((uint32_t)(r >> 8) & 0x3ff) | (r & 4 ? 0 : 0xfffffc00));
    }
    return (struct address){ .high = r & 2 ? 0 : r & 0xff00, .low = r >> 40 & 0x3ff };
}

static bool naive_has(const struct address_range *ranges, size_t count, struct address address) {
    for (size_t i = 0; i < count; i++) {
        if (address_is_ipv4(ranges[i].first) == address_is_ipv4(address) &&
            address_compare(ranges[i].first, address) <= 0 &&
            address_compare(ranges[i].last, address) >= 0) {
            return true;
        }
    }
    return false;
}

static void random_sets_hold_what_their_ranges_hold(void **state) {
    (void)state;
    uint64_t random = 20261124;
    struct arena arena;
    arena_init(&arena, (size_t)16 << 20);
    for (uint32_t round = 0; round < 500; round++) {
        struct address_range ranges[RANGES_MAX];
        struct address_range sorted[RANGES_MAX];
        size_t count = 0;
        size_t wanted = random_u64(&random) % (RANGES_MAX + 1);
        while (count < wanted) {
            struct address a = random_address(&random);
            struct address b = random_u64(&random) % 4 == 0 ? random_address(&random) : a;
            if (address_is_ipv4(a) == address_is_ipv4(b) && address_compare(a, b) <= 0) {
                ranges[count++] = (struct address_range){ a, b };
            }
        }
        memcpy(sorted, ranges, count * sizeof *ranges);
        struct address_set set;
        struct error err;
        assert_true(
            address_set_build(&set, &arena, sorted, address_ranges_normalise(sorted, count), &err));
        for (uint32_t i = 0; i < 500; i++) {
            struct address address = random_address(&random);
            if (address_set_has(&set, address) != naive_has(ranges, count, address)) {
                char text[ADDRESS_TEXT_SIZE];
                (void)address_format(address, text);
                fail_msg("round %u: %s", round, text);
            }
        }
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void a_set_that_does_not_fit_is_refused(void **state) {
    (void)state;
    struct arena arena;
    struct address_set set;
    struct error err;
    struct address_range one = range("10.0.0.1", "10.0.0.1");
    arena_init(&arena, 0);
    assert_false(address_set_build(&set, &arena, &one, 1, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_false(address_set_has(&set, one.first));
    arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_and_its_range_tell_the_same),
        cmocka_unit_test(a_range_that_is_no_prefix_has_none),
        cmocka_unit_test(overlapping_ranges_are_joined_and_neighbours_kept),
        cmocka_unit_test(random_sets_hold_what_their_ranges_hold),
        cmocka_unit_test(a_set_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
