/* SPDX-License-Identifier: Apache-2.0 */
/* exp2 by a Taylor polynomial on [-0.5, 0.5], log2 by the atanh series on [0.75, 1.5): both to
 * about 1e-11. Their order of operations is part of the definition, and contraction is off for the
 * whole tree, so every compiler and machine gives the same bits. */
#include "tests/gen/gen_rng.h"

#include <string.h>

#define LN2 0.69314718055994530942
#define LOG2_E 1.44269504088896340736

double gen_exp2(double x) {
    x = x < -1000 ? -1000 : x > 1000 ? 1000 : x;
    int32_t whole = (int32_t)(x + (x < 0 ? -0.5 : 0.5));
    double f = (x - whole) * LN2;
    double sum = 1 + f / 9;
    for (int i = 8; i >= 1; i--) {
        sum = 1 + sum * f * (1.0 / i);
    }
    uint64_t bits = (uint64_t)(1023 + whole) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

double gen_log2(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa >= 1.5) {
        mantissa *= 0.5;
        exponent++;
    }
    double s = (mantissa - 1) / (mantissa + 1);
    double square = s * s;
    double sum = 0;
    for (int i = 13; i >= 1; i -= 2) {
        sum = sum * square + 1.0 / i;
    }
    return exponent + 2 * s * sum * LOG2_E;
}

double gen_rng_normal(struct gen_rng *rng) {
    uint64_t sum = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t bits = gen_rng_next(rng);
        sum += (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    }
    /* Eight uniforms have mean 4 and variance 2/3. */
    return ((double)sum * 0x1p-16 - 4) * 1.2247448713915890491;
}

uint32_t gen_rng_poisson(struct gen_rng *rng, double mean) {
    if (mean <= 0) {
        return 0;
    }
    if (mean >= 12) {
        double count = mean + sqrt(mean) * gen_rng_normal(rng) + 0.5;
        return count < 0 ? 0 : count > 1e6 ? 1000000 : (uint32_t)count;
    }
    double limit = gen_exp2(-mean * LOG2_E);
    double product = gen_rng_unit(rng);
    uint32_t count = 0;
    while (product > limit) {
        product *= gen_rng_unit(rng);
        count++;
    }
    return count;
}

uint64_t gen_rng_size(struct gen_rng *rng, double log2_median, double log2_deviation) {
    double bits = log2_median + log2_deviation * gen_rng_normal(rng);
    uint64_t draw = gen_rng_next(rng);
    if ((draw & 63) == 0) {
        /* u^(-1/alpha) in bits; u is never 0, and the factor is bounded. */
        double u = (double)((draw >> 11) + 1) * 0x1p-53;
        double stretch = -gen_log2(u) / 1.2;
        bits += stretch > 7 ? 7 : stretch;
    }
    return (uint64_t)gen_exp2(bits > 40 ? 40 : bits);
}
