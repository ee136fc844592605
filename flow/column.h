/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_COLUMN_H
#define WEIR_FLOW_COLUMN_H

#include "base/bytes.h"

/* The encodings of a frame's columns: plain arrays to bytes and back (docs/FORMATS.md, "Frame").
 *
 * Tokens ("exp-mantissa"): a value below 16 is its own token. A larger one, of which bit e is the
 * highest, has the token 4e plus the two bits below bit e; its other e - 2 bits follow raw in a bit
 * stream. Tokens fill a byte each (the largest is 4 * 63 + 3) and are what an entropy coder gets;
 * the raw bits would only cost it time. Example: 1,000 = 0b1111101000 has e = 9, the two bits 11,
 * token 39, and the 7 raw bits 1101000.
 *
 * Packed: each value less a base, in `width` bits. Both streams are little-endian: bit k of a
 * stream is bit k % 8 of byte k / 8, spare bits of the last byte are 0.
 *
 * Readers load 8 bytes at a time, so they may read COLUMN_SLACK bytes past the end of a stream, and
 * writers may write as many past theirs. */

#define COLUMN_SLACK 8u
#define COLUMN_TOKEN_COUNT 256u
#define COLUMN_WIDTH_MAX 16u

/* The raw bits behind a token. */
static inline unsigned column_token_bits(unsigned token) {
    return token < 16 ? 0 : (token >> 2) - 2;
}

/* The most bytes that `count` values take as raw bits, without slack. */
static inline size_t column_bits_size_max(size_t count) {
    return (count * 61 + 7) / 8;
}

/* The bytes of `count` packed values, without slack. */
static inline size_t column_packed_size(size_t count, unsigned width) {
    return (count * width + 7) / 8;
}

/* The bits that `value` needs: 0 for 0. */
static inline unsigned column_width(uint64_t value) {
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

/* What one pass tells of a column. */
struct column_range {
    uint64_t low; /* UINT64_MAX when there are no values */
    uint64_t high;
    uint64_t sum; /* modulo 2^64 */
};

/* One family of loops for each instruction set. All give the same bytes and the same values; arrays
 * may have any alignment that their type allows. */
struct column_kernels {
    const char *name;

    /* Writes `count` tokens and their raw bits; returns the bytes of the raw bits. `bits` has room
     * for column_bits_size_max(count) + COLUMN_SLACK. */
    size_t (*tokens_encode)(uint8_t *restrict tokens, uint8_t *restrict bits,
                            const uint64_t *restrict values, size_t count);

    /* The raw bits (not bytes) that stand behind `count` tokens: what a reader must check first. */
    uint64_t (*tokens_bit_count)(const uint8_t *tokens, size_t count);

    /* Any bytes give values. Reads the tokens' raw bits and COLUMN_SLACK bytes more. */
    void (*tokens_decode)(uint64_t *restrict values, const uint8_t *restrict tokens,
                          const uint8_t *restrict bits, size_t count);

    struct column_range (*range)(const uint64_t *values, size_t count);

    /* `width` 1 to COLUMN_WIDTH_MAX; each value - base must fit. Writes column_packed_size bytes
     * and up to COLUMN_SLACK more. */
    void (*pack)(uint8_t *restrict out, const uint16_t *restrict values, size_t count,
                 uint16_t base, unsigned width);

    /* Any bytes give values: base + what was packed, modulo 65,536. Reads COLUMN_SLACK bytes past
     * the end. */
    void (*unpack)(uint16_t *restrict values, const uint8_t *restrict bytes, size_t count,
                   uint16_t base, unsigned width);
};

/* The widest family that this machine runs and WEIR_SIMD allows (base/cpu.h). */
const struct column_kernels *column_kernels_best(void);

/* The families by width, the scalar one (which defines the others) first; NULL where this machine
 * or this build lacks one. For tests and benches. */
#define COLUMN_KERNEL_FAMILIES 2u
const struct column_kernels *column_kernels_family(size_t index);

/* The families themselves. */
extern const struct column_kernels column_kernels_scalar;
#if defined(__x86_64__)
extern const struct column_kernels column_kernels_avx2;
#elif defined(__aarch64__)
extern const struct column_kernels column_kernels_neon;
#endif

#endif
