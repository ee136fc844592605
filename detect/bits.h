/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_BITS_H
#define WEIR_DETECT_BITS_H

/* Between values in units a minute and the log domain in which they are scored,
 * y = log2(1 + x / scale), so that one is a doubling. libm's logarithms differ between versions and
 * widths; these are made of additions and multiplications in one fixed order, so they give the same
 * bits everywhere (with -ffp-contract=off). Any thread. */

/* Values beyond 2^100 scales count as that, so that every score is finite: y is in [0, 100]. */
#define BITS_VALUE_MAX 0x1p100f

/* log2(1 + x * inverse_scale): the definition that every kernel is held to. NaN and what is below
 * zero count as zero. The error is below 3e-7 and one unit in the last place of the result. */
float bits_of_value(float x, float inverse_scale);

/* scale * (2^bits - 1), at least 0; `bits` is cut to [-1000, 1000]. Relative error of 2^bits below
 * 1e-15. NaN gives 0. */
double bits_to_value(double bits, double scale);

/* 2^bits by the same means. */
double bits_exp2(double bits);

/* The polynomial of log2(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1], lowest power first, through
 * the Chebyshev nodes: error of log2 below 1e-7. Eight terms, since rounding alone costs as much.
 */
#define BITS_LOG2_TERMS 8
#define BITS_LOG2_POLYNOMIAL                                                                       \
    {                                                                                              \
        1.4426949948930463f, -0.721352931362974f, 0.4809167080002337f, -0.36022518246100094f,      \
            0.2872888823736223f, -0.2492718220745027f, 0.23265257882371873f, -0.14275973436425718f \
    }
/* The float below which the mantissa belongs to the next lower exponent: sqrt(1/2). */
#define BITS_SQRT_HALF INT32_C(0x3f3504f3)

#endif
