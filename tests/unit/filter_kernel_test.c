/* SPDX-License-Identifier: Apache-2.0 */
/* The wider family against the scalar one, which is the definition: every function, columns off
 * alignment, every number of words up to a few, ends of ranges at the ends of the type, and a guard
 * behind the output. */
#include "flow/filter_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define WORDS_MAX 5u
#define RECORDS (64 * WORDS_MAX)
#define GUARD UINT64_C(0xdeadbeefdeadbeef)

struct columns {
    uint64_t a[RECORDS + 1];
    uint64_t b[RECORDS + 1];
    uint16_t u16[RECORDS + 1];
    uint8_t table[65536];
};

/* Both families write here. */
struct bitmaps {
    uint64_t want[WORDS_MAX + 1];
    uint64_t got[WORDS_MAX + 1];
};

static uint64_t random_u64(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Often an end of a type, or near one. */
static uint64_t random_value(uint64_t *state) {
    static const uint64_t ends[] = {
        0, 1, 127, 128, 255, 256, 32767, 32768, 65535, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX
    };
    uint64_t r = random_u64(state);
    return r % 3 == 0 ? random_u64(state) : ends[(r >> 8) % 12];
}

static void fill(struct columns *c, uint64_t *state) {
    for (size_t i = 0; i <= RECORDS; i++) {
        c->a[i] = random_value(state);
        c->b[i] = random_value(state);
        c->u16[i] = (uint16_t)random_value(state);
    }
    for (size_t i = 0; i < sizeof c->table; i++) {
        c->table[i] = random_u64(state) & 1;
    }
}

struct range {
    uint64_t low;
    uint64_t high;
};

static struct range random_range(uint64_t *state, uint64_t maximum) {
    uint64_t a = random_value(state) & maximum;
    uint64_t b = random_value(state) & maximum;
    return a <= b ? (struct range){ a, b } : (struct range){ b, a };
}

/* Function number `which` of a family; false when there are no more. */
static bool call(const struct filter_kernel *k, unsigned which, uint64_t *bits,
                 const struct columns *c, size_t words, uint64_t seed) {
    uint64_t state = seed;
    const uint8_t *u8 = (const uint8_t *)c->a + 1; /* off alignment */
    const uint16_t *u16 = c->u16 + 1;
    struct range r8 = random_range(&state, UINT8_MAX);
    struct range r16 = random_range(&state, UINT16_MAX);
    struct range r64 = random_range(&state, UINT64_MAX);
    switch (which) {
    case 0: k->range_u8(bits, u8, words, (uint8_t)r8.low, (uint8_t)r8.high); return true;
    case 1: k->range_u16(bits, u16, words, (uint16_t)r16.low, (uint16_t)r16.high); return true;
    case 2: k->range_u64(bits, c->a + 1, words, r64.low, r64.high); return true;
    case 3:
        k->range_difference(bits, (const int64_t *)c->a + 1, (const int64_t *)c->b + 1, words,
                            r64.low, r64.high);
        return true;
    case 4:
        k->masked_u8(bits, u8, words, (uint8_t)r8.high, (uint8_t)(r8.high & r8.low));
        return true;
    case 5: k->any_u16(bits, u16, words, (uint16_t)r16.high); return true;
    case 6: k->lookup_u16(bits, u16, words, c->table); return true;
    case 7: k->lookup_u8(bits, u8, words, c->table); return true;
    default: return false;
    }
}

static void check(const struct filter_kernel *kernel, const struct columns *c, size_t words,
                  uint64_t seed) {
    for (unsigned which = 0;; which++) {
        struct bitmaps maps;
        for (size_t i = 0; i <= WORDS_MAX; i++) {
            maps.want[i] = maps.got[i] = GUARD;
        }
        if (!call(&filter_kernel_scalar, which, maps.want, c, words, seed)) {
            return;
        }
        (void)call(kernel, which, maps.got, c, words, seed);
        if (memcmp(maps.want, maps.got, sizeof maps.want) != 0 || maps.got[words] != GUARD) {
            fail_msg("%s, function %u, %zu words, seed %llu", kernel->name, which, words,
                     (unsigned long long)seed);
        }
    }
}

static void wider_families_give_the_bits_of_the_scalar_one(void **state) {
    (void)state;
    const struct filter_kernel *kernel = filter_kernel_best();
    if (kernel == &filter_kernel_scalar) {
        print_message("SKIPPED: this CPU has no wider family\n");
        skip();
    }
    static struct columns columns;
    uint64_t random = 20261124;
    for (unsigned round = 0; round < 200; round++) {
        fill(&columns, &random);
        for (size_t words = 0; words <= WORDS_MAX; words++) {
            check(kernel, &columns, words, random_u64(&random));
        }
    }
}

/* The scalar family against the words of its header, over the whole of a small domain. */
static void a_range_of_bytes_holds_both_of_its_ends(void **state) {
    (void)state;
    uint8_t column[256];
    for (unsigned i = 0; i < 256; i++) {
        column[i] = (uint8_t)i;
    }
    for (unsigned low = 0; low < 256; low++) {
        for (unsigned high = low; high < 256; high++) {
            uint64_t bits[4];
            filter_kernel_scalar.range_u8(bits, column, 4, (uint8_t)low, (uint8_t)high);
            for (unsigned i = 0; i < 256; i++) {
                assert_int_equal(bits[i / 64] >> (i % 64) & 1, i >= low && i <= high);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wider_families_give_the_bits_of_the_scalar_one),
        cmocka_unit_test(a_range_of_bytes_holds_both_of_its_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
