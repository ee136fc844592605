/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen nodes at a time, operation by operation as score_scalar.c. What is left of a column is
 * loaded and stored under a mask, so that the tail takes the same path: lanes behind `count` are
 * neither read nor written. */
#include "detect/score.h"

#include "detect/bits.h"

#include <immintrin.h>

#define LANES 16u

/* The lanes of [i, count) that a step takes: all, but for the last one. */
static inline __mmask16 lanes_of(size_t i, size_t count) {
    return count - i >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << (count - i)) - 1);
}

static inline __m512 load(const float *column, size_t i, __mmask16 lanes) {
    return _mm512_maskz_loadu_ps(lanes, column + i);
}

static inline void store(float *column, size_t i, __mmask16 lanes, __m512 value) {
    _mm512_mask_storeu_ps(column + i, lanes, value);
}

static inline __m512 negative(__m512 value) {
    return _mm512_xor_ps(value, _mm512_set1_ps(-0.0f));
}

static inline __m512 cut(__m512 value, __m512 limit) {
    return _mm512_min_ps(_mm512_max_ps(value, negative(limit)), limit);
}

static inline __m512 log2_of(__m512 x, __m512 inverse_scale) {
    static const float polynomial[BITS_LOG2_TERMS] = BITS_LOG2_POLYNOMIAL;
    const __m512 one = _mm512_set1_ps(1.0f);
    __m512 v = _mm512_mul_ps(x, inverse_scale);
    v = _mm512_max_ps(v, _mm512_setzero_ps());
    v = _mm512_min_ps(v, _mm512_set1_ps(BITS_VALUE_MAX));
    __m512i pattern = _mm512_castps_si512(_mm512_add_ps(one, v));
    __m512i e = _mm512_srai_epi32(_mm512_sub_epi32(pattern, _mm512_set1_epi32(BITS_SQRT_HALF)), 23);
    __m512 m = _mm512_castsi512_ps(_mm512_sub_epi32(pattern, _mm512_slli_epi32(e, 23)));
    __m512 f = _mm512_sub_ps(m, one);
    __m512 sum = _mm512_set1_ps(polynomial[BITS_LOG2_TERMS - 1]);
    for (int i = BITS_LOG2_TERMS - 2; i >= 0; i--) {
        sum = _mm512_add_ps(_mm512_mul_ps(sum, f), _mm512_set1_ps(polynomial[i]));
    }
    return _mm512_add_ps(_mm512_cvtepi32_ps(e), _mm512_mul_ps(f, sum));
}

static void score(const struct score_outputs *out, const struct score_inputs *in, size_t count) {
    const struct score_inputs c = *in;
    const struct score_outputs o = *out;
    const __m512 inverse_scale = _mm512_set1_ps(c.inverse_scale);
    const __m512 season_gain = _mm512_set1_ps(c.season_gain);
    const __m512 one = _mm512_set1_ps(1.0f);
    const __m512 two = _mm512_set1_ps(2.0f);
    const __m512 deviation_min = _mm512_set1_ps(SCORE_DEVIATION_MIN);
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask16 lanes = lanes_of(i, count);
        __m512 y = log2_of(load(c.values, i, lanes), inverse_scale);
        __m512 weight =
            _mm512_min_ps(_mm512_mul_ps(load(c.hour_counts, i, lanes), season_gain), one);
        __m512 mu =
            _mm512_add_ps(load(c.level, i, lanes), _mm512_mul_ps(load(c.season, i, lanes), weight));
        __m512 d = _mm512_max_ps(load(c.deviation, i, lanes), deviation_min);
        __m512 hour = _mm512_max_ps(load(c.envelope_before, i, lanes), load(c.envelope, i, lanes));
        hour = _mm512_max_ps(hour, load(c.envelope_after, i, lanes));
        hour = _mm512_max_ps(hour, _mm512_add_ps(mu, _mm512_mul_ps(two, d)));
        __m512 record = _mm512_max_ps(load(c.record, i, lanes), mu);
        __m512 prior = load(c.prior, i, lanes);
        hour = _mm512_max_ps(hour, prior);
        record = _mm512_max_ps(record, prior);
        store(o.bits, i, lanes, y);
        store(o.expected, i, lanes, mu);
        store(o.z, i, lanes, _mm512_div_ps(_mm512_sub_ps(y, mu), d));
        store(o.over_hour, i, lanes, _mm512_sub_ps(y, hour));
        store(o.over_record, i, lanes, _mm512_sub_ps(y, record));
    }
}

static void hit(uint64_t *words, const struct score_columns *in,
                const struct score_condition *condition, size_t count) {
    const struct score_columns c = *in;
    const __m512 floor = _mm512_set1_ps(condition->floor);
    const __m512 margin = _mm512_set1_ps(condition->margin);
    const __m512 z_min = _mm512_set1_ps(condition->z_min);
    const __m512 record_min = _mm512_set1_ps(condition->record_min);
    for (size_t first = 0; first < count; first += 64) {
        uint64_t word = 0;
        for (size_t i = first; i < first + 64 && i < count; i += LANES) {
            const __mmask16 lanes = lanes_of(i, count);
            __mmask16 is_hit =
                _mm512_mask_cmp_ps_mask(lanes, load(c.values, i, lanes), floor, _CMP_GT_OQ);
            is_hit =
                _mm512_mask_cmp_ps_mask(is_hit, load(c.over_hour, i, lanes), margin, _CMP_GT_OQ);
            __mmask16 z = _mm512_cmp_ps_mask(load(c.z, i, lanes), z_min, _CMP_GT_OQ);
            __mmask16 record =
                _mm512_cmp_ps_mask(load(c.over_record, i, lanes), record_min, _CMP_GT_OQ);
            word |= (uint64_t)(is_hit & (z | record)) << (i - first);
        }
        words[first / 64] = word;
    }
}

static void learn(const struct score_baseline *baseline, const struct score_rates *rates,
                  const float *bits, const float *expected, size_t count) {
    const struct score_baseline b = *baseline;
    const struct score_rates r = *rates;
    const __m512 rise_scale = _mm512_set1_ps(r.rise_scale);
    for (size_t i = 0; i < count; i += LANES) {
        const __mmask16 lanes = lanes_of(i, count);
        __m512 y = load(bits, i, lanes);
        __m512 level = load(b.level, i, lanes);
        __m512 deviation = load(b.deviation, i, lanes);
        __m512 season = load(b.season, i, lanes);
        __m512 envelope = load(b.envelope, i, lanes);
        __m512 d = _mm512_max_ps(deviation, _mm512_set1_ps(SCORE_DEVIATION_MIN));
        __m512 dev = cut(_mm512_sub_ps(y, load(expected, i, lanes)),
                         _mm512_mul_ps(load(r.width, i, lanes), d));
        __m512 size = _mm512_max_ps(dev, negative(dev));

        level = _mm512_add_ps(level, _mm512_mul_ps(load(r.level, i, lanes), dev));
        __m512 wider = _mm512_sub_ps(_mm512_mul_ps(_mm512_set1_ps(1.25f), size), deviation);
        deviation = _mm512_add_ps(deviation, _mm512_mul_ps(load(r.deviation, i, lanes), wider));
        __m512 rest = _mm512_sub_ps(_mm512_sub_ps(y, level), season);
        rest = cut(rest, _mm512_mul_ps(_mm512_set1_ps(3.0f), d));
        season = _mm512_add_ps(season, _mm512_mul_ps(load(r.season, i, lanes), rest));
        __m512 most = _mm512_min_ps(y, load(r.most, i, lanes));
        __m512 rise = _mm512_max_ps(_mm512_sub_ps(most, envelope), _mm512_setzero_ps());
        __m512 rise_max = _mm512_mul_ps(load(r.rise, i, lanes), rise_scale);
        envelope = _mm512_add_ps(envelope, _mm512_min_ps(rise, rise_max));

        store(b.level, i, lanes, level);
        store(b.deviation, i, lanes, deviation);
        store(b.season, i, lanes, season);
        store(b.envelope, i, lanes, envelope);
        store(b.record, i, lanes, _mm512_max_ps(load(b.record, i, lanes), envelope));
    }
}

const struct score_kernel score_kernel_avx512 = {
    .name = "avx512",
    .score = score,
    .hit = hit,
    .learn = learn,
};
