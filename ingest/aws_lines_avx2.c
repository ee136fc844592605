/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over lines of any layout (aws_lines.inc.h) with AVX2. */
#include "ingest/aws_lines.h"

#include "ingest/aws_ipv4.h"

#include <immintrin.h>

struct key_text {
    __m256i octets;
};

INLINE __m256i load256(const void *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

INLINE uint32_t lowest_bit(uint64_t mask) {
    return (uint32_t)_tzcnt_u64(mask);
}

INLINE uint64_t join(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

INLINE struct line_masks line_masks(const uint8_t *at) {
    const __m256i space = _mm256_set1_epi8(' ');
    const __m256i feed = _mm256_set1_epi8('\n');
    __m256i low = load256(at);
    __m256i high = load256(at + 32);
    return (struct line_masks){
        .separators = join(_mm256_cmpeq_epi8(_mm256_min_epu8(low, space), low),
                           _mm256_cmpeq_epi8(_mm256_min_epu8(high, space), high)),
        .feeds = join(_mm256_cmpeq_epi8(low, feed), _mm256_cmpeq_epi8(high, feed)),
    };
}

INLINE bool read_ipv4(struct word word, uint32_t *out) {
    if (word.size > 15) {
        return false;
    }
    __m128i text = _mm_loadu_si128((const __m128i *)word.at);
    uint32_t dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8('.')));
    uint32_t mask = _bzhi_u32(dots, word.size) | 1u << word.size;
    const struct aws_ipv4_row *row = &AWS_IPV4[AWS_IPV4_SLOT(mask)];
    __m128i shuffle = _mm_load_si128((const __m128i *)row->shuffle);
    __m128i least = _mm_load_si128((const __m128i *)row->minimum);
    __m128i digits = _mm_shuffle_epi8(_mm_xor_si128(text, _mm_set1_epi8('0')), shuffle);
    __m128i octets =
        _mm_madd_epi16(_mm_maddubs_epi16(digits, _mm_set1_epi32(0x010A6400)), _mm_set1_epi16(1));
    __m128i wrong = _mm_or_si128(
        _mm_subs_epu8(digits, _mm_set1_epi8(9)),
        _mm_or_si128(_mm_cmpgt_epi32(octets, _mm_set1_epi32(255)), _mm_cmpgt_epi32(least, octets)));
    octets = _mm_shuffle_epi8(octets, _mm_set1_epi32(0x0004080C));
    *out = (uint32_t)_mm_cvtsi128_si32(octets);
    return row->mask == mask && _mm_testz_si128(wrong, wrong) != 0;
}

INLINE struct key_text padded(struct word word) {
    return (struct key_text){ _mm256_and_si256(load256(word.at),
                                               load256(aws_padding + 32 - word.size)) };
}

INLINE void key_text_store(struct aws_key *key, struct key_text text) {
    _mm256_storeu_si256((__m256i *)key, text.octets);
}

INLINE bool is_key(const struct aws_key *key, struct key_text text) {
    __m256i other = _mm256_xor_si256(load256(key), text.octets);
    return _mm256_testz_si256(other, other) != 0;
}

#include "ingest/aws_lines.inc.h"

const uint8_t *aws_lines_avx2(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                              size_t lines_max) {
    return take_lines(rows, at, end, lines_max);
}
