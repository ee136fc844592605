/* SPDX-License-Identifier: Apache-2.0 */
/* The column loops with AVX2 and BMI2. Bits are moved in groups: eight packed values fill whole
 * bytes whatever their width, so pext and pdep turn four of them at once; the raw bits of two
 * tokens are joined before they meet the bit stream, whose or-shift-store chain is what limits the
 * scalar loop (four would mostly fit, but that branch is not foreseen where values differ much).
 * What is less than a group goes through the scalar loops. */
#include "flow/column.h"

#include <immintrin.h>

#define GROUP 8u
#define FLOAT_BIAS 127
/* The largest token whose raw bits fit one load. */
#define NARROW_TOKEN_MAX 239

/* One value as its token, with its raw bits taken off. */
static inline uint64_t split_value(uint64_t value, uint8_t *token, unsigned *raw) {
    unsigned highest = 63 - (unsigned)__builtin_clzll(value | 1);
    uint32_t is_large = value >= 16;
    unsigned count = (highest - 2) & (0u - is_large);
    uint32_t large_token = 4 * highest + (uint32_t)(value >> count & 3);
    *token = (uint8_t)(is_large ? large_token : value);
    *raw = count;
    return _bzhi_u64(value, count);
}

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

/* Eight values below 2^31 in 32-bit lanes. The float of such a value holds its token: the exponent,
 * then the two bits below the highest one. Taking away each bit that has a 1 eight places above it
 * leaves those alone and keeps the conversion from rounding up to another exponent. The raw bits
 * are joined by pairs: a pair has at most 56. */
static inline void encode_eight(uint8_t *tokens, struct bit_writer *writer, __m256i values) {
    __m256i is_large = _mm256_cmpgt_epi32(values, _mm256_set1_epi32(15));
    __m256i cut = _mm256_andnot_si256(_mm256_srli_epi32(values, 8), values);
    __m256i number = _mm256_castps_si256(_mm256_cvtepi32_ps(cut));
    __m256i large =
        _mm256_sub_epi32(_mm256_srli_epi32(number, 21), _mm256_set1_epi32(4 * FLOAT_BIAS));
    __m256i token = _mm256_blendv_epi8(values, large, is_large);
    __m256i raw = _mm256_and_si256(
        _mm256_sub_epi32(_mm256_srli_epi32(large, 2), _mm256_set1_epi32(2)), is_large);
    __m256i part = _mm256_andnot_si256(_mm256_sllv_epi32(_mm256_set1_epi32(-1), raw), values);

    __m256i first = _mm256_set1_epi64x(UINT32_MAX);
    __m256i pair = _mm256_or_si256(
        _mm256_and_si256(part, first),
        _mm256_sllv_epi64(_mm256_srli_epi64(part, 32), _mm256_and_si256(raw, first)));
    __m256i pair_raw = _mm256_add_epi32(raw, _mm256_srli_epi64(raw, 32));
    uint64_t bits[4];
    uint64_t counts[4];
    _mm256_storeu_si256((__m256i *)(void *)bits, pair);
    _mm256_storeu_si256((__m256i *)(void *)counts, pair_raw);
    for (unsigned k = 0; k < 4; k++) {
        put_bits(writer, bits[k], (uint32_t)counts[k]);
    }

    __m256i bytes = _mm256_shuffle_epi8(token, _mm256_set1_epi32(0x0c080400));
    put_u32(tokens, (uint32_t)_mm256_extract_epi32(bytes, 0));
    put_u32(tokens + 4, (uint32_t)_mm256_extract_epi32(bytes, 4));
}

/* Eight of any size: a value's bits go in pieces of 32. */
static void encode_eight_wide(uint8_t *tokens, struct bit_writer *writer, const uint64_t *values) {
    for (unsigned k = 0; k < GROUP; k++) {
        unsigned raw;
        uint64_t part = split_value(values[k], tokens + k, &raw);
        unsigned low = raw < 32 ? raw : 32;
        put_bits(writer, (uint32_t)part, low);
        put_bits(writer, part >> 32, raw - low);
    }
}

static size_t tokens_encode(uint8_t *restrict tokens, uint8_t *restrict bits,
                            const uint64_t *restrict values, size_t count) {
    struct bit_writer writer = { .at = bits };
    __m256i too_high = _mm256_set1_epi64x(-(INT64_C(1) << 31));
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(values + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(values + i + 4));
        if (__builtin_expect(_mm256_testz_si256(_mm256_or_si256(low, high), too_high), 1)) {
            __m256 halves =
                _mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), 0x88);
            encode_eight(tokens + i, &writer,
                         _mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xd8));
        } else {
            encode_eight_wide(tokens + i, &writer, values + i);
        }
    }
    /* The rest begins inside a byte: the scalar loop's bits are moved behind those here. */
    uint8_t rest[GROUP * 8 + COLUMN_SLACK];
    size_t left = count - i;
    column_kernels_scalar.tokens_encode(tokens + i, rest, values + i, left);
    uint64_t rest_bits = column_kernels_scalar.tokens_bit_count(tokens + i, left);
    for (size_t k = 0; k < rest_bits; k += 8) {
        put_bits(&writer, rest[k / 8], rest_bits - k < 8 ? (unsigned)(rest_bits - k) : 8);
    }
    return (size_t)(writer.at - bits) + (writer.fill > 0);
}

static uint64_t tokens_bit_count(const uint8_t *tokens, size_t count) {
    __m256i sum = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i token = _mm256_loadu_si256((const __m256i *)(const void *)(tokens + i));
        __m256i quarter = _mm256_and_si256(_mm256_srli_epi16(token, 2), _mm256_set1_epi8(0x3f));
        /* A token below 16 has a quarter below 4 and no raw bits. */
        __m256i is_large = _mm256_cmpgt_epi8(quarter, _mm256_set1_epi8(3));
        __m256i raw = _mm256_and_si256(_mm256_sub_epi8(quarter, _mm256_set1_epi8(2)), is_large);
        sum = _mm256_add_epi64(sum, _mm256_sad_epu8(raw, _mm256_setzero_si256()));
    }
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sum);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] +
           column_kernels_scalar.tokens_bit_count(tokens + i, count - i);
}

/* Four values from the tokens in the low bytes of `token`, their raw counts and bit positions (both
 * in 32-bit lanes), relative to `bits`. */
static inline __m256i decode_four(__m128i token, __m128i raw, __m128i position,
                                  const uint8_t *bits) {
    __m256i word = _mm256_i32gather_epi64((const long long *)(const void *)bits,
                                          _mm_srli_epi32(position, 3), 1);
    __m256i raw64 = _mm256_cvtepu32_epi64(raw);
    word =
        _mm256_srlv_epi64(word, _mm256_cvtepu32_epi64(_mm_and_si128(position, _mm_set1_epi32(7))));
    __m256i ones = _mm256_set1_epi64x(-1);
    __m256i mantissa = _mm256_andnot_si256(_mm256_sllv_epi64(ones, raw64), word);
    /* Below 16 the token is the value: no shift, all its bits; else 1xx shifted. */
    __m128i is_large = _mm_cmpgt_epi32(token, _mm_set1_epi32(15));
    __m128i top = _mm_or_si128(_mm_and_si128(token, _mm_set1_epi32(3)), _mm_set1_epi32(4));
    __m128i head = _mm_blendv_epi8(token, top, is_large);
    return _mm256_or_si256(_mm256_sllv_epi64(_mm256_cvtepu32_epi64(head), raw64), mantissa);
}

static void tokens_decode(uint64_t *restrict values, const uint8_t *restrict tokens,
                          const uint8_t *restrict bits, size_t count) {
    size_t position = 0;
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        __m256i token =
            _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(tokens + i)));
        __m256i is_large = _mm256_cmpgt_epi32(token, _mm256_set1_epi32(15));
        __m256i raw = _mm256_and_si256(
            _mm256_sub_epi32(_mm256_srli_epi32(token, 2), _mm256_set1_epi32(2)), is_large);
        if (__builtin_expect(
                !_mm256_testz_si256(_mm256_cmpgt_epi32(token, _mm256_set1_epi32(NARROW_TOKEN_MAX)),
                                    _mm256_set1_epi32(-1)),
                0)) {
            break; /* the scalar loop takes all that is left: such columns are rare */
        }
        /* Sums up to each lane within both halves, then the lower half's total added to the upper.
         */
        __m256i sum = _mm256_add_epi32(raw, _mm256_slli_si256(raw, 4));
        sum = _mm256_add_epi32(sum, _mm256_slli_si256(sum, 8));
        __m128i low_sum = _mm256_castsi256_si128(sum);
        __m128i low_total = _mm_shuffle_epi32(low_sum, 0xff);
        __m128i high_sum = _mm_add_epi32(_mm256_extracti128_si256(sum, 1), low_total);
        __m128i low_raw = _mm256_castsi256_si128(raw);
        __m128i high_raw = _mm256_extracti128_si256(raw, 1);
        __m128i offset = _mm_set1_epi32((int)(position & 7));
        const uint8_t *base = bits + (position >> 3);
        __m128i low_position = _mm_add_epi32(_mm_sub_epi32(low_sum, low_raw), offset);
        __m128i high_position = _mm_add_epi32(_mm_sub_epi32(high_sum, high_raw), offset);
        _mm256_storeu_si256(
            (__m256i *)(void *)(values + i),
            decode_four(_mm256_castsi256_si128(token), low_raw, low_position, base));
        _mm256_storeu_si256(
            (__m256i *)(void *)(values + i + 4),
            decode_four(_mm256_extracti128_si256(token, 1), high_raw, high_position, base));
        position += (uint32_t)_mm_extract_epi32(high_sum, 3);
    }
    for (; i < count; i++) {
        unsigned token = tokens[i];
        unsigned raw = column_token_bits(token);
        uint64_t value = token < 16 ? token : (uint64_t)(4 | (token & 3)) << raw;
        for (unsigned done = 0; done < raw; done += 32) {
            unsigned step = raw - done < 32 ? raw - done : 32;
            uint64_t word = get_u64(bits + (position >> 3)) >> (position & 7);
            value |= _bzhi_u64(word, step) << done;
            position += step;
        }
        values[i] = value;
    }
}

/* Comparisons are signed: with its highest bit flipped, a number has the same order as signed. */
static struct column_range range(const uint64_t *values, size_t count) {
    __m256i flip = _mm256_set1_epi64x(INT64_MIN);
    __m256i low = _mm256_set1_epi64x(INT64_MAX);
    __m256i high = flip;
    __m256i sum = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        __m256i four = _mm256_loadu_si256((const __m256i *)(const void *)(values + i));
        sum = _mm256_add_epi64(sum, four);
        four = _mm256_xor_si256(four, flip);
        low = _mm256_blendv_epi8(low, four, _mm256_cmpgt_epi64(low, four));
        high = _mm256_blendv_epi8(high, four, _mm256_cmpgt_epi64(four, high));
    }
    uint64_t lows[4];
    uint64_t highs[4];
    uint64_t sums[4];
    _mm256_storeu_si256((__m256i *)(void *)lows, _mm256_xor_si256(low, flip));
    _mm256_storeu_si256((__m256i *)(void *)highs, _mm256_xor_si256(high, flip));
    _mm256_storeu_si256((__m256i *)(void *)sums, sum);
    struct column_range all = column_kernels_scalar.range(values + i, count - i);
    for (unsigned k = 0; k < 4; k++) {
        all.low = lows[k] < all.low ? lows[k] : all.low;
        all.high = highs[k] > all.high ? highs[k] : all.high;
        all.sum += sums[k];
    }
    return all;
}

/* `width` ones in each of four 16-bit lanes. */
static uint64_t lane_mask(unsigned width) {
    return ((UINT64_C(1) << width) - 1) * UINT64_C(0x0001000100010001);
}

static void pack(uint8_t *restrict out, const uint16_t *restrict values, size_t count,
                 uint16_t base, unsigned width) {
    uint64_t mask = lane_mask(width);
    unsigned half = 4 * width; /* bits of four values: whole bytes, or four bits more */
    __m128i bases = _mm_set1_epi16((short)base);
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP, out += width) {
        __m128i eight =
            _mm_sub_epi16(_mm_loadu_si128((const __m128i *)(const void *)(values + i)), bases);
        uint64_t low = _pext_u64((uint64_t)_mm_cvtsi128_si64(eight), mask);
        uint64_t high = _pext_u64((uint64_t)_mm_extract_epi64(eight, 1), mask);
        put_u64(out, low);
        if (half % 8 != 0) {
            high = high << 4 | low >> (half - 4);
        }
        put_u64(out + half / 8, high);
    }
    column_kernels_scalar.pack(out, values + i, count - i, base, width);
}

static void unpack(uint16_t *restrict values, const uint8_t *restrict bytes, size_t count,
                   uint16_t base, unsigned width) {
    uint64_t mask = lane_mask(width);
    unsigned half = 4 * width;
    __m128i bases = _mm_set1_epi16((short)base);
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP, bytes += width) {
        uint64_t low = _pdep_u64(get_u64(bytes), mask);
        uint64_t high = _pdep_u64(get_u64(bytes + half / 8) >> half % 8, mask);
        __m128i eight = _mm_set_epi64x((long long)high, (long long)low);
        _mm_storeu_si128((__m128i *)(void *)(values + i), _mm_add_epi16(eight, bases));
    }
    column_kernels_scalar.unpack(values + i, bytes, count - i, base, width);
}

const struct column_kernels column_kernels_avx2 = {
    .name = "avx2",
    .tokens_encode = tokens_encode,
    .tokens_bit_count = tokens_bit_count,
    .tokens_decode = tokens_decode,
    .range = range,
    .pack = pack,
    .unpack = unpack,
};
