/* SPDX-License-Identifier: Apache-2.0 */
/* The 81 rows, made by the compiler: a, b, c, d are the numbers of digits of the four octets. */
#include "ingest/aws_ipv4.h"

#define ZERO 0x80 /* a shuffle gives zero for it */
#define OCTET(start, digits)                                                                       \
    ZERO, (uint8_t)((digits) > 2 ? (start) : ZERO),                                                \
        (uint8_t)((digits) > 1 ? (start) + (digits)-2 : ZERO), (start) + (digits)-1
#define LEAST(digits) ((digits) == 1 ? 0 : (digits) == 2 ? 10 : 100)
#define MASK(a, b, c, d)                                                                           \
    (1u << (a) | 1u << ((a) + (b) + 1) | 1u << ((a) + (b) + (c) + 2) |                             \
     1u << ((a) + (b) + (c) + (d) + 3))
#define ROW(a, b, c, d)                                                                            \
    [AWS_IPV4_SLOT(MASK(a, b, c, d))] = {                                                          \
        .shuffle = { OCTET(0, a), OCTET((a) + 1, b), OCTET((a) + (b) + 2, c),                      \
                     OCTET((a) + (b) + (c) + 3, d) },                                              \
        .minimum = { LEAST(a), LEAST(b), LEAST(c), LEAST(d) },                                     \
        .mask = MASK(a, b, c, d),                                                                  \
    }
#define ROWS_D(a, b, c) ROW(a, b, c, 1), ROW(a, b, c, 2), ROW(a, b, c, 3)
#define ROWS_C(a, b) ROWS_D(a, b, 1), ROWS_D(a, b, 2), ROWS_D(a, b, 3)
#define ROWS_B(a) ROWS_C(a, 1), ROWS_C(a, 2), ROWS_C(a, 3)

const struct aws_ipv4_row AWS_IPV4[256] = { ROWS_B(1), ROWS_B(2), ROWS_B(3) };
