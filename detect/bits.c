/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/bits.h"

#include <stdint.h>
#include <string.h>

float bits_of_value(float x, float inverse_scale) {
    static const float polynomial[BITS_LOG2_TERMS] = BITS_LOG2_POLYNOMIAL;
    float v = x * inverse_scale;
    /* These two are exactly maxps and minps: a NaN fails the comparison and becomes 0. */
    v = v > 0.0f ? v : 0.0f;
    v = v < BITS_VALUE_MAX ? v : BITS_VALUE_MAX;
    float t = 1.0f + v;

    /* t = m * 2^e with m in [sqrt(1/2), sqrt(2)), so that f = m - 1 is small on both sides. */
    int32_t pattern;
    memcpy(&pattern, &t, sizeof pattern);
    int32_t e = (pattern - BITS_SQRT_HALF) >> 23;
    int32_t mantissa = pattern - (int32_t)((uint32_t)e << 23);
    float m;
    memcpy(&m, &mantissa, sizeof m);
    float f = m - 1.0f;

    float sum = polynomial[BITS_LOG2_TERMS - 1];
    for (int i = BITS_LOG2_TERMS - 2; i >= 0; i--) {
        sum = sum * f + polynomial[i];
    }
    return (float)e + f * sum;
}

double bits_exp2(double bits) {
    if (!(bits > -1000.0)) {
        bits = bits <= -1000.0 ? -1000.0 : 0.0;
    }
    bits = bits < 1000.0 ? bits : 1000.0;
    int64_t whole = (int64_t)(bits + 1000.5) - 1000; /* the nearest integer, also below zero */
    double r = (bits - (double)whole) * 0.693147180559945309417;

    /* e^r for |r| <= ln(2)/2 by its series: the first term left out is below 2e-16. */
    double sum = 1.0;
    for (int i = 13; i >= 1; i--) {
        sum = sum * (r / i) + 1.0;
    }
    uint64_t pattern = (uint64_t)(whole + 1023) << 52;
    double power;
    memcpy(&power, &pattern, sizeof power);
    return sum * power;
}

double bits_to_value(double bits, double scale) {
    double value = scale * (bits_exp2(bits) - 1.0);
    return value > 0.0 ? value : 0.0;
}
