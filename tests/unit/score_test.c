/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/score.h"

#include "detect/bits.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LANES_MAX 1027u /* past the largest count, so that guards fit behind it */
#define COUNT_MAX 1024u
#define COLUMN_COUNT 24
#define GUARD 0x7fc0dead

static uint64_t seed_state;

static uint64_t next_random(void) {
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return seed_state;
}

static float next_between(float low, float high) {
    return low + (high - low) * ((float)(next_random() >> 40) / 16777216.0f);
}

/* A float that no honest log gives. */
static float next_hostile(void) {
    static const float values[] = { 0.0f, -0.0f, 1e-45f, 1e-38f, -1.0f, 1.0f, 3.4e38f, -3.4e38f };
    switch (next_random() % 12) {
    case 0: return NAN;
    case 1: return INFINITY;
    case 2: return -INFINITY;
    case 3: {
        uint32_t pattern = (uint32_t)next_random();
        float value;
        memcpy(&value, &pattern, sizeof value);
        return value;
    }
    default: return values[next_random() % 8];
    }
}

/* All columns of all kernels, off alignment by one float. */
struct columns {
    float memory[COLUMN_COUNT][LANES_MAX + 1];
    uint64_t words[COUNT_MAX / 64 + 2];
};

static float *column(struct columns *columns, int i) {
    return columns->memory[i] + 1;
}

static void columns_fill(struct columns *columns, bool is_hostile_value, bool is_hostile_baseline) {
    for (size_t i = 0; i <= LANES_MAX; i++) {
        for (int k = 0; k < COLUMN_COUNT; k++) {
            columns->memory[k][i] =
                is_hostile_baseline && k != 0 ? next_hostile() : next_between(0.0f, 20.0f);
        }
        if (is_hostile_value) {
            columns->memory[0][i] = next_hostile();
        } else {
            columns->memory[0][i] = (float)bits_exp2((double)next_between(0.0f, 40.0f));
        }
    }
    memset(columns->words, 0xa5, sizeof columns->words);
}

/* Runs all three functions of a kernel over `count` lanes; outputs start as guards. */
static void columns_run(const struct score_kernel *kernel, struct columns *c, size_t count) {
    for (int k = 9; k < 14; k++) {
        for (size_t i = 0; i <= LANES_MAX; i++) {
            uint32_t guard = GUARD;
            memcpy(&c->memory[k][i], &guard, sizeof guard);
        }
    }
    const struct score_inputs in = {
        .values = column(c, 0),
        .level = column(c, 1),
        .deviation = column(c, 2),
        .season = column(c, 3),
        .hour_counts = column(c, 4),
        .envelope_before = column(c, 5),
        .envelope = column(c, 6),
        .envelope_after = column(c, 7),
        .record = column(c, 8),
        .prior = column(c, 19),
        .inverse_scale = 1e-4f,
        .season_gain = 1.0f / 12.0f,
    };
    const struct score_outputs out = { .bits = column(c, 9),
                                       .expected = column(c, 10),
                                       .z = column(c, 11),
                                       .over_hour = column(c, 12),
                                       .over_record = column(c, 13) };
    kernel->score(&out, &in, count);
    const struct score_columns scored = { .values = column(c, 0),
                                          .z = column(c, 11),
                                          .over_hour = column(c, 12),
                                          .over_record = column(c, 13) };
    const struct score_condition condition = {
        .floor = 5e6f, .margin = 2.0f, .z_min = 5.0f, .record_min = 1.0f
    };
    kernel->hit(c->words, &scored, &condition, count);
    const struct score_baseline baseline = { .level = column(c, 1),
                                             .deviation = column(c, 2),
                                             .season = column(c, 3),
                                             .envelope = column(c, 6),
                                             .record = column(c, 8) };
    const struct score_rates rates = { .level = column(c, 14),
                                       .deviation = column(c, 15),
                                       .season = column(c, 16),
                                       .width = column(c, 17),
                                       .rise = column(c, 18),
                                       .most = column(c, 20),
                                       .rise_scale = 1.0f / 60.0f };
    kernel->learn(&baseline, &rates, column(c, 9), column(c, 10), count);
}

/* Equal bits; any NaN equals any other, since which operand's payload survives is not defined by
 * IEEE 754 and a loaded baseline never holds one. */
static bool lanes_equal(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void check_equal(const struct score_kernel *kernel, const struct columns *want,
                        const struct columns *got, size_t count, uint64_t seed) {
    for (int k = 0; k < COLUMN_COUNT; k++) {
        for (size_t i = 0; i <= LANES_MAX; i++) {
            if (!lanes_equal(want->memory[k][i], got->memory[k][i])) {
                fail_msg("%s, seed %llu, count %zu, column %d, lane %zu: %a, want %a", kernel->name,
                         (unsigned long long)seed, count, k, i, (double)got->memory[k][i],
                         (double)want->memory[k][i]);
            }
        }
    }
    assert_memory_equal(want->words, got->words, sizeof want->words);
}

static void every_width_gives_the_bits_of_the_scalar_kernel(void **state) {
    (void)state;
    static const size_t counts[] = { 0, 1, 7, 8, 9, 15, 63, 64, 65, 127, COUNT_MAX };
    static struct columns start, want, got;
    bool is_available;
    const struct score_kernel *kernel;
    for (size_t k = 1; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        if (!is_available) {
            print_message("skipped: this CPU lacks %s\n", kernel->name);
            continue;
        }
        for (uint64_t seed = 1; seed <= 120; seed++) {
            seed_state = seed * 0x9e3779b97f4a7c15u;
            columns_fill(&start, seed % 3 != 0, seed % 4 == 1);
            for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
                want = start;
                got = start;
                columns_run(&score_kernel_scalar, &want, counts[n]);
                columns_run(kernel, &got, counts[n]);
                check_equal(kernel, &want, &got, counts[n], seed);
            }
        }
    }
}

static void no_kernel_writes_behind_its_count(void **state) {
    (void)state;
    static struct columns start, got;
    bool is_available;
    const struct score_kernel *kernel;
    for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        if (!is_available) {
            continue;
        }
        for (size_t count = 0; count <= 130; count++) {
            seed_state = 77 + count;
            columns_fill(&start, false, false);
            got = start;
            columns_run(kernel, &got, count);
            for (size_t i = count; i < LANES_MAX; i++) {
                for (int c = 0; c < COLUMN_COUNT; c++) {
                    uint32_t pattern;
                    memcpy(&pattern, column(&got, c) + i, sizeof pattern);
                    bool is_output = c >= 9 && c < 14;
                    assert_true(is_output ? pattern == GUARD
                                          : lanes_equal(column(&got, c)[i], column(&start, c)[i]));
                }
            }
            for (size_t w = (count + 63) / 64; w < COUNT_MAX / 64 + 2; w++) {
                assert_int_equal(got.words[w], start.words[w]);
            }
        }
    }
}

/* The formulas in double precision, written from DETECT's text and not from the kernel. */
static void scores_and_updates_agree_with_the_formulas_in_double(void **state) {
    (void)state;
    static struct columns before, after;
    seed_state = 20261124;
    for (int round = 0; round < 50; round++) {
        columns_fill(&before, false, false);
        for (size_t i = 1; i <= LANES_MAX; i++) {
            for (int k = 14; k < 17; k++) {
                before.memory[k][i] = next_between(0.0f, 1.0f);
            }
            before.memory[3][i] = next_between(-4.0f, 4.0f);
        }
        after = before;
        columns_run(&score_kernel_scalar, &after, COUNT_MAX);
        for (size_t i = 0; i < COUNT_MAX; i++) {
            double v[COLUMN_COUNT];
            for (int k = 0; k < COLUMN_COUNT; k++) {
                v[k] = (double)column(&before, k)[i];
            }
            double y = log2(1 + v[0] / 1e4);
            double mu = v[1] + v[3] * fmin(v[4] / 12, 1);
            double d = fmax(v[2], 0.25);
            double ec = fmax(fmax(fmax(v[5], fmax(v[6], v[7])), mu + 2 * d), v[19]);
            double dev = fmax(fmin(y - mu, v[17] * d), -v[17] * d);
            double level = v[1] + v[14] * dev;
            double deviation = v[2] + v[15] * (1.25 * fabs(dev) - v[2]);
            double rest = fmax(fmin(y - level - v[3], 3 * d), -3 * d);
            double envelope = v[6] + fmin(fmax(fmin(y, v[20]) - v[6], 0), v[18] / 60);
            const struct {
                int column;
                double want;
                double error;
            } rows[] = {
                { 9, y, 4e-6 },
                { 10, mu, 1e-5 },
                { 11, (y - mu) / d, 2e-4 },
                { 12, y - ec, 2e-5 },
                { 13, y - fmax(fmax(v[8], mu), v[19]), 1e-5 },
                { 1, level, 5e-5 },
                { 2, deviation, 5e-4 },
                { 3, v[3] + v[16] * rest, 1e-4 },
                { 6, envelope, 1e-5 },
                { 8, fmax(v[8], envelope), 1e-5 },
            };
            for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
                double got = (double)column(&after, rows[r].column)[i];
                if (!(fabs(got - rows[r].want) <= rows[r].error)) {
                    fail_msg("round %d, lane %zu, column %d: %.9g, want %.9g", round, i,
                             rows[r].column, got, rows[r].want);
                }
            }
        }
    }
}

static void the_logarithm_is_within_its_bound_over_all_floats(void **state) {
    (void)state;
    double worst = 0;
    for (uint32_t pattern = 0; pattern < 0x7f800000u; pattern += 251) {
        float x;
        memcpy(&x, &pattern, sizeof x);
        double want = log2(1.0 + fmin((double)x, 0x1p100));
        float got = bits_of_value(x, 1.0f);
        double step = (double)(nextafterf((float)want, INFINITY) - (float)want);
        double excess = fabs((double)got - want) - step;
        worst = excess > worst ? excess : worst;
    }
    assert_true(worst < 3e-7);
}

static void what_is_not_a_number_of_bytes_scores_as_nothing_or_as_the_most(void **state) {
    (void)state;
    assert_true(bits_of_value(NAN, 1e-4f) == 0.0f);
    assert_true(bits_of_value(-INFINITY, 1e-4f) == 0.0f);
    assert_true(bits_of_value(-1e30f, 1e-4f) == 0.0f);
    assert_true(bits_of_value(0.0f, 1e-4f) == 0.0f);
    assert_true(bits_of_value(INFINITY, 1e-4f) == 100.0f);
    assert_true(bits_of_value(3e38f, 1.0f) == 100.0f);
    assert_true(bits_of_value(1e4f, 1e-4f) == 1.0f);
}

static void bits_go_back_to_the_value_that_they_came_from(void **state) {
    (void)state;
    for (int i = -10000; i <= 10000; i++) {
        double bits = i / 10.0;
        double want = exp2(bits);
        assert_true(fabs(bits_exp2(bits) - want) <= 1e-15 * want);
    }
    assert_true(bits_exp2(3) == 8.0);
    assert_true(bits_to_value(0, 1e4) == 0.0);
    assert_true(bits_to_value(1, 1e4) == 1e4);
    assert_true(bits_to_value(-5, 1e4) == 0.0);
    assert_true(bits_to_value((double)NAN, 1e4) == 0.0);
    assert_true(bits_to_value((double)INFINITY, 1e4) == bits_to_value(1000, 1e4));
}

static void a_condition_is_met_only_above_each_of_its_bounds(void **state) {
    (void)state;
    const struct score_condition both = {
        .floor = 5e6f, .margin = 2.0f, .z_min = 5.0f, .record_min = 1.0f
    };
    const struct score_condition no_side = {
        .floor = 5e6f, .margin = 2.5f, .z_min = -INFINITY, .record_min = -INFINITY
    };
    const struct {
        const char *name;
        const struct score_condition *condition;
        float value, z, over_hour, over_record;
        uint64_t want;
    } cases[] = {
        { "all above", &both, 6e6f, 6.0f, 2.1f, 1.1f, 1 },
        { "value at the floor", &both, 5e6f, 6.0f, 2.1f, 1.1f, 0 },
        { "margin just met", &both, 6e6f, 6.0f, 2.0f, 1.1f, 0 },
        { "z alone", &both, 6e6f, 5.1f, 2.1f, 0.5f, 1 },
        { "record alone", &both, 6e6f, 4.0f, 2.1f, 1.1f, 1 },
        { "neither z nor record", &both, 6e6f, 5.0f, 2.1f, 1.0f, 0 },
        { "nothing asked of z", &no_side, 6e6f, -3.0f, 2.6f, -9.0f, 1 },
        { "nothing asked of z, below margin", &no_side, 6e6f, 9.0f, 2.5f, 9.0f, 0 },
        { "a score that is not a number", &both, 6e6f, NAN, NAN, NAN, 0 },
    };
    bool is_available;
    const struct score_kernel *kernel;
    for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        for (size_t i = 0; is_available && i < sizeof cases / sizeof cases[0]; i++) {
            float value[64], z[64], over_hour[64], over_record[64];
            for (size_t lane = 0; lane < 64; lane++) {
                value[lane] = cases[i].value;
                z[lane] = cases[i].z;
                over_hour[lane] = cases[i].over_hour;
                over_record[lane] = cases[i].over_record;
            }
            const struct score_columns columns = { value, z, over_hour, over_record };
            uint64_t word;
            kernel->hit(&word, &columns, cases[i].condition, 64);
            if (word != (cases[i].want ? UINT64_MAX : 0)) {
                fail_msg("%s: %s: %016llx", kernel->name, cases[i].name, (unsigned long long)word);
            }
        }
    }
}

static void a_prior_and_a_cap_count_only_where_they_bind(void **state) {
    (void)state;
    /* A level of 4 bits and records of 6 and 7, in a window of 10 bits; d = 0.25. */
    const struct {
        const char *name;
        float prior, rise, most, rise_scale;
        float over_hour, over_record, envelope;
    } cases[] = {
        { "neither", 0, 8, SCORE_UNBOUNDED, 1, 4, 3, 10 },
        { "a prior below the records", 5, 8, SCORE_UNBOUNDED, 1, 4, 3, 10 },
        { "a prior between them", 6.5f, 8, SCORE_UNBOUNDED, 1, 3.5f, 3, 10 },
        { "a prior above both", 9, 8, SCORE_UNBOUNDED, 1, 1, 1, 10 },
        { "a prior that is off", SCORE_UNBOUNDED, 8, SCORE_UNBOUNDED, 1, -118, -118, 10 },
        { "a cap below the value", 0, 8, 9, 1, 4, 3, 9 },
        { "a cap above the value", 0, 8, 11, 1, 4, 3, 10 },
        { "a cap below the envelope takes nothing away", 0, 8, 2, 1, 4, 3, 6 },
        { "a rise below the cap", 0, 2, 9, 1, 4, 3, 8 },
        { "a rise that is scaled", 0, 2, SCORE_UNBOUNDED, 0.25f, 4, 3, 6.5f },
    };
    bool is_available;
    const struct score_kernel *kernel;
    for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        for (size_t i = 0; is_available && i < sizeof cases / sizeof cases[0]; i++) {
            enum { VALUE, LEVEL, ZERO, RISE, ENVELOPE, RECORD, PRIOR, MOST, OUT, COUNT = OUT + 5 };
            const float fill[COUNT] = {
                [VALUE] = 1023,        [LEVEL] = 4,  [RISE] = cases[i].rise,
                [ENVELOPE] = 6,        [RECORD] = 7, [PRIOR] = cases[i].prior,
                [MOST] = cases[i].most
            };
            float c[COUNT][17], learned[3][17] = { 0 };
            for (size_t j = 0; j < COUNT * 17; j++) {
                c[j / 17][j % 17] = fill[j / 17];
            }
            const struct score_inputs in = {
                .values = c[VALUE],
                .level = c[LEVEL],
                .deviation = c[ZERO],
                .season = c[ZERO],
                .hour_counts = c[ZERO],
                .envelope_before = c[ZERO],
                .envelope = c[ENVELOPE],
                .envelope_after = c[ZERO],
                .record = c[RECORD],
                .prior = c[PRIOR],
                .inverse_scale = 1,
            };
            const struct score_outputs out = { c[OUT], c[OUT + 1], c[OUT + 2], c[OUT + 3],
                                               c[OUT + 4] };
            kernel->score(&out, &in, 17);
            const struct score_baseline baseline = { learned[0], learned[1], learned[2],
                                                     c[ENVELOPE], c[RECORD] };
            const struct score_rates rates = { .level = c[ZERO],
                                               .deviation = c[ZERO],
                                               .season = c[ZERO],
                                               .width = c[ZERO],
                                               .rise = c[RISE],
                                               .most = c[MOST],
                                               .rise_scale = cases[i].rise_scale };
            kernel->learn(&baseline, &rates, out.bits, out.expected, 17);
            for (size_t lane = 0; lane < 17; lane++) {
                float record = cases[i].envelope > 7 ? cases[i].envelope : 7;
                if (out.over_hour[lane] != cases[i].over_hour ||
                    out.over_record[lane] != cases[i].over_record ||
                    c[ENVELOPE][lane] != cases[i].envelope || c[RECORD][lane] != record ||
                    learned[0][lane] != 0) {
                    fail_msg("%s: %s: lane %zu", kernel->name, cases[i].name, lane);
                }
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_gives_the_bits_of_the_scalar_kernel),
        cmocka_unit_test(no_kernel_writes_behind_its_count),
        cmocka_unit_test(scores_and_updates_agree_with_the_formulas_in_double),
        cmocka_unit_test(the_logarithm_is_within_its_bound_over_all_floats),
        cmocka_unit_test(what_is_not_a_number_of_bytes_scores_as_nothing_or_as_the_most),
        cmocka_unit_test(bits_go_back_to_the_value_that_they_came_from),
        cmocka_unit_test(a_condition_is_met_only_above_each_of_its_bounds),
        cmocka_unit_test(a_prior_and_a_cap_count_only_where_they_bind),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
