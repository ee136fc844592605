/* SPDX-License-Identifier: Apache-2.0 */
/* Column encodings: worked examples, round trips at every width, and each family of loops against
 * the scalar one, with buffers off alignment and guards behind what may be written. */
#include "flow/column.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT_MAX 4099u
#define GUARD 0xa5

static uint64_t state;

static uint64_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int seed_random(void **unused) {
    (void)unused;
    const char *seed = getenv("SEED");
    state = seed != NULL ? strtoull(seed, NULL, 0) : 88172645463325252u;
    return 0;
}

static void a_value_is_a_token_and_raw_bits(void **unused) {
    (void)unused;
    static const struct {
        uint64_t value;
        uint8_t token;
        unsigned raw;
        uint64_t bits;
    } cases[] = {
        { 0, 0, 0, 0 },   { 15, 15, 0, 0 },      { 16, 16, 2, 0 },
        { 31, 19, 2, 3 }, { 1000, 39, 7, 0x68 }, { UINT64_MAX, 255, 61, (UINT64_C(1) << 61) - 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t token;
        uint8_t bits[8 + COLUMN_SLACK] = { 0 };
        uint64_t back;
        size_t size = column_kernels_scalar.tokens_encode(&token, bits, &cases[i].value, 1);
        assert_int_equal(token, cases[i].token);
        assert_int_equal(size, (cases[i].raw + 7) / 8);
        assert_int_equal(column_token_bits(token), cases[i].raw);
        assert_true(cases[i].raw == 0 || get_u64(bits) == cases[i].bits);
        column_kernels_scalar.tokens_decode(&back, &token, bits, 1);
        assert_true(back == cases[i].value);
    }
}

/* Values whose widths are spread as `kind` says. */
static void fill_values(uint64_t *values, size_t count, unsigned kind) {
    for (size_t i = 0; i < count; i++) {
        switch (kind) {
        case 0: values[i] = next() % 20; break;
        case 1: values[i] = next() >> 40; break;
        case 2: values[i] = next() >> (next() & 63); break;
        case 3: values[i] = UINT64_MAX; break;
        case 4:
            values[i] = next() >> 5;
            break; /* raw bits of 57 and less */
        /* Beside the powers of two, where a float would round up to another exponent. */
        case 5: values[i] = (UINT64_C(1) << (next() & 63)) - next() % 3; break;
        case 6: values[i] = (UINT64_C(1) << next() % 31) - next() % 2; break;
        default: values[i] = i % 97 == 0 ? next() : next() >> 50; break;
        }
    }
}

static const size_t counts[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097
};
#define COUNTS (sizeof counts / sizeof *counts)

static uint8_t tokens[2][COUNT_MAX + 8];
static uint8_t bits[2][COUNT_MAX * 8 + 64];
static uint64_t values[COUNT_MAX + 1];
static uint64_t decoded[COUNT_MAX + 2];

static void check_tokens(const struct column_kernels *family, size_t count, unsigned kind,
                         size_t shift) {
    fill_values(values, count, kind);
    memset(bits, GUARD, sizeof bits);
    memset(tokens, GUARD, sizeof tokens);
    size_t want = column_kernels_scalar.tokens_encode(tokens[0], bits[0], values, count);
    size_t size = family->tokens_encode(tokens[1] + shift, bits[1] + shift, values, count);
    assert_int_equal(size, want);
    assert_true(size <= column_bits_size_max(count));
    assert_memory_equal(tokens[0], tokens[1] + shift, count);
    assert_memory_equal(bits[0], bits[1] + shift, size);
    assert_int_equal(tokens[1][shift + count], GUARD);
    assert_int_equal(bits[1][shift + size + COLUMN_SLACK], GUARD);
    uint64_t bit_count = family->tokens_bit_count(tokens[1] + shift, count);
    assert_int_equal((bit_count + 7) / 8, size);
    decoded[count] = 4711;
    family->tokens_decode(decoded, tokens[1] + shift, bits[1] + shift, count);
    assert_memory_equal(decoded, values, count * sizeof *values);
    assert_int_equal(decoded[count], 4711);
}

static void every_family_codes_tokens_as_the_scalar_one(void **unused) {
    (void)unused;
    for (size_t f = 0; f < COLUMN_KERNEL_FAMILIES; f++) {
        const struct column_kernels *family = column_kernels_family(f);
        if (family == NULL) {
            print_message("family %zu: skipped, this machine lacks it\n", f);
            continue;
        }
        for (unsigned kind = 0; kind < 8; kind++) {
            for (size_t c = 0; c < COUNTS; c++) {
                check_tokens(family, counts[c], kind, c % 7);
            }
        }
    }
}

static void every_family_decodes_any_bytes_as_the_scalar_one(void **unused) {
    (void)unused;
    static uint64_t want[COUNT_MAX];
    for (size_t f = 1; f < COLUMN_KERNEL_FAMILIES; f++) {
        const struct column_kernels *family = column_kernels_family(f);
        if (family == NULL) {
            continue;
        }
        for (unsigned round = 0; round < 100; round++) {
            for (size_t i = 0; i < COUNT_MAX; i++) {
                tokens[0][i] = (uint8_t)(round % 2 ? next() : next() % 240);
            }
            for (size_t i = 0; i < sizeof bits[0]; i++) {
                bits[0][i] = (uint8_t)next();
            }
            size_t count = 4000 + round;
            assert_true(family->tokens_bit_count(tokens[0], count) ==
                        column_kernels_scalar.tokens_bit_count(tokens[0], count));
            column_kernels_scalar.tokens_decode(want, tokens[0], bits[0], count);
            family->tokens_decode(decoded, tokens[0], bits[0], count);
            assert_memory_equal(decoded, want, count * sizeof *want);
        }
    }
}

static void every_family_finds_the_range_of_a_column(void **unused) {
    (void)unused;
    for (size_t f = 0; f < COLUMN_KERNEL_FAMILIES; f++) {
        const struct column_kernels *family = column_kernels_family(f);
        for (unsigned kind = 0; family != NULL && kind < 8; kind++) {
            for (size_t c = 0; c < COUNTS; c++) {
                struct column_range want = { .low = UINT64_MAX };
                fill_values(values, counts[c], kind);
                for (size_t i = 0; i < counts[c]; i++) {
                    want.low = values[i] < want.low ? values[i] : want.low;
                    want.high = values[i] > want.high ? values[i] : want.high;
                    want.sum += values[i];
                }
                struct column_range range = family->range(values, counts[c]);
                assert_true(range.low == want.low && range.high == want.high);
                assert_true(range.sum == want.sum);
            }
        }
    }
}

static uint16_t small[COUNT_MAX + 1];
static uint16_t unpacked[COUNT_MAX + 8];

static void check_packed(const struct column_kernels *family, size_t count, unsigned width) {
    uint16_t base = width == 16 ? 0 : (uint16_t)(next() % (65536u - (1u << width) + 1));
    for (size_t i = 0; i < count; i++) {
        small[i] = (uint16_t)(base + (next() & ((1u << width) - 1)));
    }
    memset(bits, GUARD, sizeof bits);
    column_kernels_scalar.pack(bits[0], small, count, base, width);
    family->pack(bits[1] + 1, small, count, base, width);
    size_t size = column_packed_size(count, width);
    assert_memory_equal(bits[0], bits[1] + 1, size);
    assert_int_equal(bits[1][1 + size + COLUMN_SLACK], GUARD);
    assert_true(count * width % 8 == 0 || bits[0][size - 1] >> (count * width % 8) == 0);
    unpacked[count] = 4711;
    family->unpack(unpacked, bits[1] + 1, count, base, width);
    assert_memory_equal(unpacked, small, count * sizeof *small);
    assert_int_equal(unpacked[count], 4711);
}

static void every_family_packs_every_width(void **unused) {
    (void)unused;
    for (size_t f = 0; f < COLUMN_KERNEL_FAMILIES; f++) {
        const struct column_kernels *family = column_kernels_family(f);
        for (unsigned width = 1; family != NULL && width <= COLUMN_WIDTH_MAX; width++) {
            for (size_t c = 0; c < COUNTS; c++) {
                check_packed(family, counts[c], width);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_value_is_a_token_and_raw_bits, seed_random),
        cmocka_unit_test_setup(every_family_codes_tokens_as_the_scalar_one, seed_random),
        cmocka_unit_test_setup(every_family_decodes_any_bytes_as_the_scalar_one, seed_random),
        cmocka_unit_test_setup(every_family_finds_the_range_of_a_column, seed_random),
        cmocka_unit_test_setup(every_family_packs_every_width, seed_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
