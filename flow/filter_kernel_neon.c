/* SPDX-License-Identifier: Apache-2.0 */
/* NEON: a comparison gives 64 bytes of 0 or 255; each keeps the bit of its place among eight, and
 * three rounds of adding neighbours gather them to a word. */
#include "flow/filter_kernel.h"

#include <arm_neon.h>

/* The 64 records of a word, a byte each. */
struct flags {
    uint8x16_t of[4];
};

static inline uint64_t gather(struct flags flags) {
    static const uint8_t places[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    const uint8x16_t place = vld1q_u8(places);
    uint8x16_t first = vpaddq_u8(vandq_u8(flags.of[0], place), vandq_u8(flags.of[1], place));
    uint8x16_t second = vpaddq_u8(vandq_u8(flags.of[2], place), vandq_u8(flags.of[3], place));
    uint8x16_t sums = vpaddq_u8(first, second);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

/* The low halves of the lanes of both, in order. */
static inline uint8x16_t join_u16(uint16x8_t low, uint16x8_t high) {
    return vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
}

static inline uint16x8_t join_u64(const uint64x2_t four[4]) {
    uint32x4_t low = vuzp1q_u32(vreinterpretq_u32_u64(four[0]), vreinterpretq_u32_u64(four[1]));
    uint32x4_t high = vuzp1q_u32(vreinterpretq_u32_u64(four[2]), vreinterpretq_u32_u64(four[3]));
    return vuzp1q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high));
}

static void range_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                     uint8_t low, uint8_t high) {
    const uint8x16_t from = vdupq_n_u8(low);
    const uint8x16_t span = vdupq_n_u8((uint8_t)(high - low));
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            flags.of[k] = vcleq_u8(vsubq_u8(vld1q_u8(column + 64 * word + 16 * k), from), span);
        }
        bits[word] = gather(flags);
    }
}

static inline uint16x8_t in_range_u16(const uint16_t *at, uint16x8_t from, uint16x8_t span) {
    return vcleq_u16(vsubq_u16(vld1q_u16(at), from), span);
}

static void range_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                      uint16_t low, uint16_t high) {
    const uint16x8_t from = vdupq_n_u16(low);
    const uint16x8_t span = vdupq_n_u16((uint16_t)(high - low));
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            const uint16_t *at = column + 64 * word + 16 * k;
            flags.of[k] = join_u16(in_range_u16(at, from, span), in_range_u16(at + 8, from, span));
        }
        bits[word] = gather(flags);
    }
}

/* Eight lanes that start at `x`, less what starts at `less`, or less nothing where it is NULL. */
static inline uint16x8_t in_range_u64(const uint64_t *x, const uint64_t *less, uint64x2_t from,
                                      uint64x2_t span) {
    uint64x2_t is_in[4];
    for (unsigned k = 0; k < 4; k++) {
        uint64x2_t value = vld1q_u64(x + 2 * k);
        if (less != NULL) {
            value = vsubq_u64(value, vld1q_u64(less + 2 * k));
        }
        is_in[k] = vcleq_u64(vsubq_u64(value, from), span);
    }
    return join_u64(is_in);
}

static void range_u64(uint64_t *restrict bits, const uint64_t *restrict column, size_t words,
                      uint64_t low, uint64_t high) {
    const uint64x2_t from = vdupq_n_u64(low);
    const uint64x2_t span = vdupq_n_u64(high - low);
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            const uint64_t *at = column + 64 * word + 16 * k;
            flags.of[k] = join_u16(in_range_u64(at, NULL, from, span),
                                   in_range_u64(at + 8, NULL, from, span));
        }
        bits[word] = gather(flags);
    }
}

static void range_difference(uint64_t *restrict bits, const int64_t *restrict end,
                             const int64_t *restrict start, size_t words, uint64_t low,
                             uint64_t high) {
    const uint64x2_t from = vdupq_n_u64(low);
    const uint64x2_t span = vdupq_n_u64(high - low);
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            const uint64_t *x = (const uint64_t *)end + 64 * word + 16 * k;
            const uint64_t *less = (const uint64_t *)start + 64 * word + 16 * k;
            flags.of[k] = join_u16(in_range_u64(x, less, from, span),
                                   in_range_u64(x + 8, less + 8, from, span));
        }
        bits[word] = gather(flags);
    }
}

static void masked_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      uint8_t mask, uint8_t value) {
    const uint8x16_t masks = vdupq_n_u8(mask);
    const uint8x16_t values = vdupq_n_u8(value);
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            flags.of[k] = vceqq_u8(vandq_u8(vld1q_u8(column + 64 * word + 16 * k), masks), values);
        }
        bits[word] = gather(flags);
    }
}

static void any_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                    uint16_t mask) {
    const uint16x8_t masks = vdupq_n_u16(mask);
    for (size_t word = 0; word < words; word++) {
        struct flags flags;
        for (unsigned k = 0; k < 4; k++) {
            const uint16_t *at = column + 64 * word + 16 * k;
            flags.of[k] =
                join_u16(vtstq_u16(vld1q_u16(at), masks), vtstq_u16(vld1q_u16(at + 8), masks));
        }
        bits[word] = gather(flags);
    }
}

const struct filter_kernel filter_kernel_neon = {
    .name = "neon",
    .range_u8 = range_u8,
    .range_u16 = range_u16,
    .range_u64 = range_u64,
    .range_difference = range_difference,
    .masked_u8 = masked_u8,
    .any_u16 = any_u16,
    .lookup_u16 = filter_lookup_u16,
    .lookup_u8 = filter_lookup_u8,
};
