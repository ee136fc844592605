/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_RNG_H
#define WEIR_TESTS_GEN_RNG_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Chance that is the same on every machine: integers, and doubles through +, -, *, / and sqrt only,
 * which IEEE 754 rounds exactly. libm's exp and log differ in their last bit between versions, so
 * the two that are needed are here, good to 1e-10, which is far finer than any use of them. */

/* xoshiro256** 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
 * One thread at a time. */
struct gen_rng {
    uint64_t state[4];
};

/* The finaliser of splitmix64: a hash of 64 bits to 64 bits. */
static inline uint64_t gen_mix(uint64_t value) {
    value += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

/* A hash of three numbers, for what must be the same whenever it is asked. */
static inline uint64_t gen_hash(uint64_t a, uint64_t b, uint64_t c) {
    return gen_mix(gen_mix(gen_mix(a) ^ b) ^ c);
}

static inline void gen_rng_init(struct gen_rng *rng, uint64_t seed) {
    for (uint64_t i = 0; i < 4; i++) {
        rng->state[i] = gen_hash(seed, i, 0);
    }
}

static inline uint64_t gen_rng_next(struct gen_rng *rng) {
    uint64_t *state = rng->state;
    uint64_t product = state[1] * 5;
    uint64_t result = ((product << 7) | (product >> 57)) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = (state[3] << 45) | (state[3] >> 19);
    return result;
}

/* Uniform in [0, bound); `bound` is at least 1. The bias is under bound / 2^32. */
static inline uint32_t gen_rng_below(struct gen_rng *rng, uint32_t bound) {
    return (uint32_t)(((gen_rng_next(rng) >> 32) * bound) >> 32);
}

/* Uniform in [0, 1), 53 bits. */
static inline double gen_rng_unit(struct gen_rng *rng) {
    return (double)(gen_rng_next(rng) >> 11) * 0x1p-53;
}

static inline bool gen_rng_chance(struct gen_rng *rng, double share) {
    return gen_rng_unit(rng) < share;
}

/* 2^x. `x` is cut to [-1000, 1000]. */
double gen_exp2(double x);

/* log2(x) for a normal x > 0. */
double gen_log2(double x);

/* floor(n^u) - 1 for a uniform u: in [0, n - 1), half of the draws below sqrt(n). The caller gives
 * gen_log2(n), so that a constant n costs one exponential. */
static inline uint32_t gen_rng_log_uniform(struct gen_rng *rng, double log2_n) {
    return (uint32_t)gen_exp2(gen_rng_unit(rng) * log2_n) - 1;
}

/* Mean 0, deviation 1, within +-4.9: the sum of eight uniforms. */
double gen_rng_normal(struct gen_rng *rng);

/* A Poisson count; from a mean of 12 on by its normal approximation. Never over 1e6. */
uint32_t gen_rng_poisson(struct gen_rng *rng, double mean);

/* A heavy-tailed size: log-normal with median 2^`log2_median` and deviation `log2_deviation` in
 * bits, one in 64 stretched by a bounded Pareto factor (alpha 1.2, up to 2^7). At most 2^40. */
uint64_t gen_rng_size(struct gen_rng *rng, double log2_median, double log2_deviation);

#endif
