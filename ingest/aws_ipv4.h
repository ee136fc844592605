/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_IPV4_H
#define WEIR_INGEST_AWS_IPV4_H

#include <stdint.h>

/* Reading a dotted IPv4 address with one byte shuffle. There are 81 ways in which four octets of
 * one to three digits lie in the text; each is known by the positions where an octet ends:
 *
 *   "10.0.22.7 "   ends at 2, 4, 7, 9: mask 1 << 2 | 1 << 4 | 1 << 7 | 1 << 9
 *
 * A mask's row says which characters belong to which octet, right-aligned in four bytes, and the
 * least value of each octet that has no leading zero. */

struct aws_ipv4_row {
    _Alignas(64) uint8_t shuffle[16]; /* a row is one cache line */
    int32_t minimum[4];               /* 0, 10 or 100, by the number of digits */
    uint32_t mask; /* of the row; another mask means that the text is no address */
};

/* A multiplier, found by trial, that gives each of the 81 masks a row of its own among 256. */
#define AWS_IPV4_SLOT(mask) ((uint32_t)((mask)*UINT32_C(0xC811D053)) >> 24)

extern const struct aws_ipv4_row AWS_IPV4[256];

#endif
