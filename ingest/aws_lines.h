/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_LINES_H
#define WEIR_INGEST_AWS_LINES_H

#include "ingest/aws_fast.h"

/* What the files of a width and the loop that they share (aws_lines.inc.h) both need. Each of them
 * defines, before it includes the loop:
 *
 *   uint32_t lowest_bit(uint64_t mask)                      any number for 0
 *   struct line_masks line_masks(const uint8_t *at)         of the 64 octets there
 *   bool read_ipv4(struct word word, uint32_t *out)         in host order
 *   struct key_text                                         32 octets in registers
 *   struct key_text padded(struct word word)                at most 32, zeros behind them
 *   void key_text_store(struct aws_key *key, struct key_text text)
 *   bool is_key(const struct aws_key *key, struct key_text text)
 *
 * Octets up to 32 behind a word may be read. */

#define INLINE static inline __attribute__((always_inline))

struct word {
    const uint8_t *at;
    uint32_t size;
};

/* Bit i tells of octet i. */
struct line_masks {
    uint64_t separators; /* blanks and all below them */
    uint64_t feeds;      /* LF */
};

/* 32 octets from here on, less the size of a word, keep the word's octets alone. */
static const uint8_t aws_padding[64] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

INLINE uint64_t load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
