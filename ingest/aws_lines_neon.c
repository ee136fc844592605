/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over lines of any layout (aws_lines.inc.h) with NEON. */
#include "ingest/aws_lines.h"

#include "ingest/aws_ipv4.h"

#include <arm_neon.h>

struct key_text {
    uint8x16_t low;
    uint8x16_t high;
};

static const uint8_t places[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };

INLINE uint32_t lowest_bit(uint64_t mask) {
    return mask == 0 ? 64 : (uint32_t)__builtin_ctzll(mask);
}

/* 64 octets of 0 or 255, a bit each: every octet keeps the bit of its place among eight, and three
 * rounds of adding neighbours gather them. */
INLINE uint64_t gather(const uint8x16_t flags[4]) {
    const uint8x16_t place = vld1q_u8(places);
    uint8x16_t first = vpaddq_u8(vandq_u8(flags[0], place), vandq_u8(flags[1], place));
    uint8x16_t second = vpaddq_u8(vandq_u8(flags[2], place), vandq_u8(flags[3], place));
    uint8x16_t sums = vpaddq_u8(first, second);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)), 0);
}

INLINE struct line_masks line_masks(const uint8_t *at) {
    uint8x16_t separators[4];
    uint8x16_t feeds[4];
    for (unsigned k = 0; k < 4; k++) {
        uint8x16_t text = vld1q_u8(at + 16 * (size_t)k);
        separators[k] = vcleq_u8(text, vdupq_n_u8(' '));
        feeds[k] = vceqq_u8(text, vdupq_n_u8('\n'));
    }
    return (struct line_masks){ .separators = gather(separators), .feeds = gather(feeds) };
}

/* The bits of 16 octets of 0 or 255. */
INLINE uint32_t gather_16(uint8x16_t flags) {
    uint8x16_t bits = vandq_u8(flags, vld1q_u8(places));
    return vaddv_u8(vget_low_u8(bits)) | (uint32_t)vaddv_u8(vget_high_u8(bits)) << 8;
}

INLINE bool read_ipv4(struct word word, uint32_t *out) {
    static const uint8_t weights[8] = { 0, 100, 10, 1, 0, 100, 10, 1 };
    if (word.size > 15) {
        return false;
    }
    uint8x16_t text = vld1q_u8(word.at);
    uint32_t dots = gather_16(vceqq_u8(text, vdupq_n_u8('.')));
    uint32_t mask = (dots & ((1u << word.size) - 1)) | 1u << word.size;
    const struct aws_ipv4_row *row = &AWS_IPV4[AWS_IPV4_SLOT(mask)];
    uint8x16_t digits = vqtbl1q_u8(veorq_u8(text, vdupq_n_u8('0')), vld1q_u8(row->shuffle));
    const uint8x8_t weight = vld1_u8(weights);
    uint32x4_t low = vpaddlq_u16(vmull_u8(vget_low_u8(digits), weight));
    uint32x4_t high = vpaddlq_u16(vmull_u8(vget_high_u8(digits), weight));
    uint32x4_t octets = vpaddq_u32(low, high);
    uint32x4_t least = vreinterpretq_u32_s32(vld1q_s32(row->minimum));
    uint32x4_t wrong = vorrq_u32(vcgtq_u32(octets, vdupq_n_u32(255)), vcgtq_u32(least, octets));
    wrong = vorrq_u32(wrong, vreinterpretq_u32_u8(vcgtq_u8(digits, vdupq_n_u8(9))));
    uint16x4_t narrow = vmovn_u32(octets);
    uint8x8_t bytes = vmovn_u16(vcombine_u16(narrow, narrow));
    *out = __builtin_bswap32(vget_lane_u32(vreinterpret_u32_u8(bytes), 0));
    return row->mask == mask && vmaxvq_u32(wrong) == 0;
}

INLINE struct key_text padded(struct word word) {
    const uint8_t *padding = aws_padding + 32 - word.size;
    return (struct key_text){ vandq_u8(vld1q_u8(word.at), vld1q_u8(padding)),
                              vandq_u8(vld1q_u8(word.at + 16), vld1q_u8(padding + 16)) };
}

INLINE void key_text_store(struct aws_key *key, struct key_text text) {
    vst1q_u64(key->words, vreinterpretq_u64_u8(text.low));
    vst1q_u64(key->words + 2, vreinterpretq_u64_u8(text.high));
}

INLINE bool is_key(const struct aws_key *key, struct key_text text) {
    uint64x2_t low = veorq_u64(vld1q_u64(key->words), vreinterpretq_u64_u8(text.low));
    uint64x2_t high = veorq_u64(vld1q_u64(key->words + 2), vreinterpretq_u64_u8(text.high));
    return vmaxvq_u32(vreinterpretq_u32_u64(vorrq_u64(low, high))) == 0;
}

#include "ingest/aws_lines.inc.h"

const uint8_t *aws_lines_neon(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                              size_t lines_max) {
    return take_lines(rows, at, end, lines_max);
}
