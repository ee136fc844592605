/* SPDX-License-Identifier: Apache-2.0 */
/* The column loops with NEON. As with AVX2, bits are moved in groups: the raw bits of two tokens
 * are joined before they meet the bit stream, and four packed values are a word of 64 bits.
 * Decoding tokens is the scalar loop: its cost is loads at any bit position, and NEON cannot
 * gather. What is less than a group goes through the scalar loops. */
#include "flow/column.h"

#include <arm_neon.h>

#define GROUP 8u

/* A bit stream that is being written: `fill` bits, less than 8, wait in `word`. */
struct bit_writer {
    uint8_t *at;
    uint64_t word;
    unsigned fill;
};

/* `count` <= 56, so that fill stays below 64 and one shift empties the word. */
static inline void put_bits(struct bit_writer *writer, uint64_t bits, unsigned count) {
    writer->word |= bits << writer->fill;
    writer->fill += count;
    put_u64(writer->at, writer->word);
    writer->at += writer->fill >> 3;
    writer->word >>= writer->fill & 0x38;
    writer->fill &= 7;
}

/* The raw bits of four values, joined by pairs, and how many each pair has. */
struct raw_pairs {
    uint64x2_t bits;
    uint64x2_t counts;
};

/* Four values below 2^30, so that a pair has at most 54 raw bits. A value of 16 or more, shifted
 * down by its raw bits, is 4 to 7: the highest bit, which the token's 4e stands for, and two more.
 */
static inline uint32x4_t encode_four(struct raw_pairs *pairs, uint32x4_t values) {
    uint32x4_t is_large = vcgtq_u32(values, vdupq_n_u32(15));
    uint32x4_t highest = vsubq_u32(vdupq_n_u32(31), vclzq_u32(values));
    uint32x4_t raw = vandq_u32(vsubq_u32(highest, vdupq_n_u32(2)), is_large);
    int32x4_t shift = vreinterpretq_s32_u32(raw);
    uint32x4_t top = vshlq_u32(values, vnegq_s32(shift));
    uint32x4_t exponent = vsubq_u32(vshlq_n_u32(highest, 2), vdupq_n_u32(4));
    uint32x4_t token = vaddq_u32(top, vandq_u32(exponent, is_large));
    uint32x4_t part = vbicq_u32(values, vshlq_u32(vdupq_n_u32(UINT32_MAX), shift));

    const uint64x2_t first = vdupq_n_u64(UINT32_MAX);
    uint64x2_t parts = vreinterpretq_u64_u32(part);
    uint64x2_t counts = vreinterpretq_u64_u32(raw);
    uint64x2_t first_counts = vandq_u64(counts, first);
    pairs->bits = vorrq_u64(vandq_u64(parts, first),
                            vshlq_u64(vshrq_n_u64(parts, 32), vreinterpretq_s64_u64(first_counts)));
    pairs->counts = vaddq_u64(first_counts, vshrq_n_u64(counts, 32));
    return token;
}

static inline void put_pairs(struct bit_writer *writer, const struct raw_pairs *pairs) {
    put_bits(writer, vgetq_lane_u64(pairs->bits, 0), (unsigned)vgetq_lane_u64(pairs->counts, 0));
    put_bits(writer, vgetq_lane_u64(pairs->bits, 1), (unsigned)vgetq_lane_u64(pairs->counts, 1));
}

/* `count` values of any size, fewer than a group or of a group with a large one: the scalar loop's
 * bits are moved behind those that stand already. */
static void put_scalar(uint8_t *tokens, struct bit_writer *writer, const uint64_t *values,
                       size_t count) {
    uint8_t bits[GROUP * 8 + COLUMN_SLACK];
    column_kernels_scalar.tokens_encode(tokens, bits, values, count);
    uint64_t bit_count = column_kernels_scalar.tokens_bit_count(tokens, count);
    for (size_t k = 0; k < bit_count; k += 32) {
        uint64_t left = bit_count - k;
        put_bits(writer, get_u32(bits + k / 8) & (left < 32 ? (1u << left) - 1 : UINT32_MAX),
                 left < 32 ? (unsigned)left : 32);
    }
}

static size_t tokens_encode(uint8_t *restrict tokens, uint8_t *restrict bits,
                            const uint64_t *restrict values, size_t count) {
    struct bit_writer writer = { .at = bits };
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        uint64x2_t a = vld1q_u64(values + i);
        uint64x2_t b = vld1q_u64(values + i + 2);
        uint64x2_t c = vld1q_u64(values + i + 4);
        uint64x2_t d = vld1q_u64(values + i + 6);
        uint64x2_t any = vshrq_n_u64(vorrq_u64(vorrq_u64(a, b), vorrq_u64(c, d)), 30);
        if (__builtin_expect(vmaxvq_u32(vreinterpretq_u32_u64(any)) != 0, 0)) {
            put_scalar(tokens + i, &writer, values + i, GROUP);
            continue;
        }
        struct raw_pairs pairs;
        uint16x4_t low = vmovn_u32(encode_four(&pairs, vcombine_u32(vmovn_u64(a), vmovn_u64(b))));
        put_pairs(&writer, &pairs);
        uint16x4_t high = vmovn_u32(encode_four(&pairs, vcombine_u32(vmovn_u64(c), vmovn_u64(d))));
        put_pairs(&writer, &pairs);
        vst1_u8(tokens + i, vmovn_u16(vcombine_u16(low, high)));
    }
    put_scalar(tokens + i, &writer, values + i, count - i);
    return (size_t)(writer.at - bits) + (writer.fill > 0);
}

static uint64_t tokens_bit_count(const uint8_t *tokens, size_t count) {
    uint64x2_t sum = vdupq_n_u64(0);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        /* A token below 16 has a quarter below 4 and no raw bits. */
        uint8x16_t quarter = vshrq_n_u8(vld1q_u8(tokens + i), 2);
        uint8x16_t raw =
            vandq_u8(vsubq_u8(quarter, vdupq_n_u8(2)), vcgtq_u8(quarter, vdupq_n_u8(3)));
        sum = vpadalq_u32(sum, vpaddlq_u16(vpaddlq_u8(raw)));
    }
    return vaddvq_u64(sum) + column_kernels_scalar.tokens_bit_count(tokens + i, count - i);
}

static struct column_range range(const uint64_t *values, size_t count) {
    uint64x2_t low = vdupq_n_u64(UINT64_MAX);
    uint64x2_t high = vdupq_n_u64(0);
    uint64x2_t sum = high;
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        uint64x2_t two = vld1q_u64(values + i);
        sum = vaddq_u64(sum, two);
        low = vbslq_u64(vcltq_u64(two, low), two, low);
        high = vbslq_u64(vcgtq_u64(two, high), two, high);
    }
    struct column_range all = column_kernels_scalar.range(values + i, count - i);
    uint64_t lows[2] = { vgetq_lane_u64(low, 0), vgetq_lane_u64(low, 1) };
    uint64_t highs[2] = { vgetq_lane_u64(high, 0), vgetq_lane_u64(high, 1) };
    for (unsigned k = 0; k < 2; k++) {
        all.low = lows[k] < all.low ? lows[k] : all.low;
        all.high = highs[k] > all.high ? highs[k] : all.high;
    }
    all.sum += vaddvq_u64(sum);
    return all;
}

static void pack(uint8_t *restrict out, const uint16_t *restrict values, size_t count,
                 uint16_t base, unsigned width) {
    const unsigned half = 4 * width; /* bits of four values: whole bytes, or four bits more */
    const uint16x8_t bases = vdupq_n_u16(base);
    const int32x4_t once = vdupq_n_s32((int)width);
    const int64x2_t twice = vdupq_n_s64(2 * (int)width);
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP, out += width) {
        uint32x4_t two = vreinterpretq_u32_u16(vsubq_u16(vld1q_u16(values + i), bases));
        two = vorrq_u32(vandq_u32(two, vdupq_n_u32(UINT16_MAX)),
                        vshlq_u32(vshrq_n_u32(two, 16), once));
        uint64x2_t four = vreinterpretq_u64_u32(two);
        four = vorrq_u64(vandq_u64(four, vdupq_n_u64(UINT32_MAX)),
                         vshlq_u64(vshrq_n_u64(four, 32), twice));
        uint64_t low = vgetq_lane_u64(four, 0);
        uint64_t high = vgetq_lane_u64(four, 1);
        put_u64(out, low);
        if (half % 8 != 0) {
            high = high << 4 | low >> (half - 4);
        }
        put_u64(out + half / 8, high);
    }
    column_kernels_scalar.pack(out, values + i, count - i, base, width);
}

/* Four values of `width` bits, in 32-bit lanes with what stands above them. */
static inline uint32x4_t spread(uint64_t word, int64x2_t first, int64x2_t second) {
    uint64x2_t both = vdupq_n_u64(word);
    return vcombine_u32(vmovn_u64(vshlq_u64(both, first)), vmovn_u64(vshlq_u64(both, second)));
}

static void unpack(uint16_t *restrict values, const uint8_t *restrict bytes, size_t count,
                   uint16_t base, unsigned width) {
    const unsigned half = 4 * width;
    const int64_t step = -(int64_t)width; /* a negative shift is one to the right */
    const int64x2_t first = vcombine_s64(vdup_n_s64(0), vdup_n_s64(step));
    const int64x2_t second = vcombine_s64(vdup_n_s64(2 * step), vdup_n_s64(3 * step));
    const uint16x8_t mask = vdupq_n_u16((uint16_t)((1u << width) - 1));
    const uint16x8_t bases = vdupq_n_u16(base);
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP, bytes += width) {
        uint32x4_t low = spread(get_u64(bytes), first, second);
        uint32x4_t high = spread(get_u64(bytes + half / 8) >> half % 8, first, second);
        uint16x8_t eight = vcombine_u16(vmovn_u32(low), vmovn_u32(high));
        vst1q_u16(values + i, vaddq_u16(vandq_u16(eight, mask), bases));
    }
    column_kernels_scalar.unpack(values + i, bytes, count - i, base, width);
}

static void tokens_decode(uint64_t *restrict values, const uint8_t *restrict tokens,
                          const uint8_t *restrict bits, size_t count) {
    column_kernels_scalar.tokens_decode(values, tokens, bits, count);
}

const struct column_kernels column_kernels_neon = {
    .name = "neon",
    .tokens_encode = tokens_encode,
    .tokens_bit_count = tokens_bit_count,
    .tokens_decode = tokens_decode,
    .range = range,
    .pack = pack,
    .unpack = unpack,
};
