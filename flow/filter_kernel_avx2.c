/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2: compare, then a movemask; no bytes in between. Unsigned "x - low <= span" is
 * min(x - low, span) == x - low, and for 64 bits a signed comparison of both with the top bit
 * flipped. */
#include "flow/filter_kernel.h"

#include <immintrin.h>

static inline __m256i load(const void *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

static inline uint64_t mask_u8(__m256i is_match) {
    return (uint32_t)_mm256_movemask_epi8(is_match);
}

/* 32 lanes of 16 bits to 32 bits: packing works within 128-bit halves, hence the permutation. */
static inline uint64_t mask_u16(__m256i first, __m256i second) {
    __m256i packed = _mm256_packs_epi16(first, second);
    return mask_u8(_mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)));
}

static void range_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                     uint8_t low, uint8_t high) {
    __m256i from = _mm256_set1_epi8((char)low);
    __m256i span = _mm256_set1_epi8((char)(high - low));
    for (size_t word = 0; word < words; word++) {
        __m256i a = _mm256_sub_epi8(load(column + 64 * word), from);
        __m256i b = _mm256_sub_epi8(load(column + 64 * word + 32), from);
        bits[word] = mask_u8(_mm256_cmpeq_epi8(_mm256_min_epu8(a, span), a)) |
                     mask_u8(_mm256_cmpeq_epi8(_mm256_min_epu8(b, span), b)) << 32;
    }
}

static inline __m256i in_range_u16(const uint16_t *at, __m256i from, __m256i span) {
    __m256i x = _mm256_sub_epi16(load(at), from);
    return _mm256_cmpeq_epi16(_mm256_min_epu16(x, span), x);
}

static void range_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                      uint16_t low, uint16_t high) {
    __m256i from = _mm256_set1_epi16((short)low);
    __m256i span = _mm256_set1_epi16((short)(high - low));
    for (size_t word = 0; word < words; word++) {
        const uint16_t *at = column + 64 * word;
        uint64_t first = mask_u16(in_range_u16(at, from, span), in_range_u16(at + 16, from, span));
        uint64_t second =
            mask_u16(in_range_u16(at + 32, from, span), in_range_u16(at + 48, from, span));
        bits[word] = first | second << 32;
    }
}

/* The bits of four lanes with `x - low > span`; `span` has its top bit flipped. */
static inline uint64_t above_u64(__m256i x, __m256i from, __m256i span) {
    __m256i top = _mm256_set1_epi64x(INT64_MIN);
    __m256i shifted = _mm256_xor_si256(_mm256_sub_epi64(x, from), top);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(shifted, span)));
}

static void range_u64(uint64_t *restrict bits, const uint64_t *restrict column, size_t words,
                      uint64_t low, uint64_t high) {
    __m256i from = _mm256_set1_epi64x((long long)low);
    __m256i span = _mm256_set1_epi64x((long long)((high - low) ^ (UINT64_C(1) << 63)));
    for (size_t word = 0; word < words; word++) {
        uint64_t above = 0;
        for (unsigned j = 0; j < 64; j += 4) {
            above |= above_u64(load(column + 64 * word + j), from, span) << j;
        }
        bits[word] = ~above;
    }
}

static void range_difference(uint64_t *restrict bits, const int64_t *restrict end,
                             const int64_t *restrict start, size_t words, uint64_t low,
                             uint64_t high) {
    __m256i from = _mm256_set1_epi64x((long long)low);
    __m256i span = _mm256_set1_epi64x((long long)((high - low) ^ (UINT64_C(1) << 63)));
    for (size_t word = 0; word < words; word++) {
        uint64_t above = 0;
        for (unsigned j = 0; j < 64; j += 4) {
            __m256i x = _mm256_sub_epi64(load(end + 64 * word + j), load(start + 64 * word + j));
            above |= above_u64(x, from, span) << j;
        }
        bits[word] = ~above;
    }
}

static void masked_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      uint8_t mask, uint8_t value) {
    __m256i masks = _mm256_set1_epi8((char)mask);
    __m256i values = _mm256_set1_epi8((char)value);
    for (size_t word = 0; word < words; word++) {
        __m256i a = _mm256_and_si256(load(column + 64 * word), masks);
        __m256i b = _mm256_and_si256(load(column + 64 * word + 32), masks);
        bits[word] = mask_u8(_mm256_cmpeq_epi8(a, values)) | mask_u8(_mm256_cmpeq_epi8(b, values))
                                                                 << 32;
    }
}

static inline __m256i none_u16(const uint16_t *at, __m256i masks) {
    return _mm256_cmpeq_epi16(_mm256_and_si256(load(at), masks), _mm256_setzero_si256());
}

static void any_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                    uint16_t mask) {
    __m256i masks = _mm256_set1_epi16((short)mask);
    for (size_t word = 0; word < words; word++) {
        const uint16_t *at = column + 64 * word;
        uint64_t first = mask_u16(none_u16(at, masks), none_u16(at + 16, masks));
        uint64_t second = mask_u16(none_u16(at + 32, masks), none_u16(at + 48, masks));
        bits[word] = ~(first | second << 32);
    }
}

const struct filter_kernel filter_kernel_avx2 = {
    .name = "avx2",
    .range_u8 = range_u8,
    .range_u16 = range_u16,
    .range_u64 = range_u64,
    .range_difference = range_difference,
    .masked_u8 = masked_u8,
    .any_u16 = any_u16,
    .lookup_u16 = filter_lookup_u16,
    .lookup_u8 = filter_lookup_u8,
};
