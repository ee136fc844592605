/* SPDX-License-Identifier: Apache-2.0 */
/* Eight nodes at a time, operation by operation as score_scalar.c, which takes the last count % 8
 * lanes itself. The tail is a call across files on purpose: a shared inline function might be kept
 * by the linker in the copy that needs AVX2. */
#include "detect/score.h"

#include "detect/bits.h"

#include <immintrin.h>

#define LANES 8u

static inline __m256 log2_of(__m256 x, __m256 inverse_scale) {
    static const float polynomial[BITS_LOG2_TERMS] = BITS_LOG2_POLYNOMIAL;
    const __m256 one = _mm256_set1_ps(1.0f);
    __m256 v = _mm256_mul_ps(x, inverse_scale);
    v = _mm256_max_ps(v, _mm256_setzero_ps());
    v = _mm256_min_ps(v, _mm256_set1_ps(BITS_VALUE_MAX));
    __m256i pattern = _mm256_castps_si256(_mm256_add_ps(one, v));
    __m256i e = _mm256_srai_epi32(_mm256_sub_epi32(pattern, _mm256_set1_epi32(BITS_SQRT_HALF)), 23);
    __m256 m = _mm256_castsi256_ps(_mm256_sub_epi32(pattern, _mm256_slli_epi32(e, 23)));
    __m256 f = _mm256_sub_ps(m, one);
    __m256 sum = _mm256_set1_ps(polynomial[BITS_LOG2_TERMS - 1]);
    for (int i = BITS_LOG2_TERMS - 2; i >= 0; i--) {
        sum = _mm256_add_ps(_mm256_mul_ps(sum, f), _mm256_set1_ps(polynomial[i]));
    }
    return _mm256_add_ps(_mm256_cvtepi32_ps(e), _mm256_mul_ps(f, sum));
}

static inline __m256 cut(__m256 value, __m256 limit) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return _mm256_min_ps(_mm256_max_ps(value, _mm256_xor_ps(limit, sign)), limit);
}

static void score(const struct score_outputs *out, const struct score_inputs *in, size_t count) {
    const struct score_inputs c = *in;
    const struct score_outputs o = *out;
    const __m256 inverse_scale = _mm256_set1_ps(c.inverse_scale);
    const __m256 season_gain = _mm256_set1_ps(c.season_gain);
    const __m256 one = _mm256_set1_ps(1.0f);
    const __m256 two = _mm256_set1_ps(2.0f);
    const __m256 deviation_min = _mm256_set1_ps(SCORE_DEVIATION_MIN);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        __m256 y = log2_of(_mm256_loadu_ps(c.values + i), inverse_scale);
        __m256 weight = _mm256_mul_ps(_mm256_loadu_ps(c.hour_counts + i), season_gain);
        weight = _mm256_min_ps(weight, one);
        __m256 mu = _mm256_add_ps(_mm256_loadu_ps(c.level + i),
                                  _mm256_mul_ps(_mm256_loadu_ps(c.season + i), weight));
        __m256 d = _mm256_max_ps(_mm256_loadu_ps(c.deviation + i), deviation_min);
        __m256 hour =
            _mm256_max_ps(_mm256_loadu_ps(c.envelope_before + i), _mm256_loadu_ps(c.envelope + i));
        hour = _mm256_max_ps(hour, _mm256_loadu_ps(c.envelope_after + i));
        hour = _mm256_max_ps(hour, _mm256_add_ps(mu, _mm256_mul_ps(two, d)));
        __m256 record = _mm256_max_ps(_mm256_loadu_ps(c.record + i), mu);
        __m256 prior = _mm256_loadu_ps(c.prior + i);
        hour = _mm256_max_ps(hour, prior);
        record = _mm256_max_ps(record, prior);
        _mm256_storeu_ps(o.bits + i, y);
        _mm256_storeu_ps(o.expected + i, mu);
        _mm256_storeu_ps(o.z + i, _mm256_div_ps(_mm256_sub_ps(y, mu), d));
        _mm256_storeu_ps(o.over_hour + i, _mm256_sub_ps(y, hour));
        _mm256_storeu_ps(o.over_record + i, _mm256_sub_ps(y, record));
    }
    const struct score_inputs rest = {
        .values = c.values + i,
        .level = c.level + i,
        .deviation = c.deviation + i,
        .season = c.season + i,
        .hour_counts = c.hour_counts + i,
        .envelope_before = c.envelope_before + i,
        .envelope = c.envelope + i,
        .envelope_after = c.envelope_after + i,
        .record = c.record + i,
        .prior = c.prior + i,
        .inverse_scale = c.inverse_scale,
        .season_gain = c.season_gain,
    };
    const struct score_outputs rest_out = {
        .bits = o.bits + i,
        .expected = o.expected + i,
        .z = o.z + i,
        .over_hour = o.over_hour + i,
        .over_record = o.over_record + i,
    };
    score_kernel_scalar.score(&rest_out, &rest, count - i);
}

static inline uint32_t hit_lanes(const struct score_columns *in, size_t i, __m256 floor,
                                 __m256 margin, __m256 z_min, __m256 record_min) {
    __m256 is_hit = _mm256_cmp_ps(_mm256_loadu_ps(in->values + i), floor, _CMP_GT_OQ);
    __m256 over = _mm256_cmp_ps(_mm256_loadu_ps(in->over_hour + i), margin, _CMP_GT_OQ);
    __m256 z = _mm256_cmp_ps(_mm256_loadu_ps(in->z + i), z_min, _CMP_GT_OQ);
    __m256 record = _mm256_cmp_ps(_mm256_loadu_ps(in->over_record + i), record_min, _CMP_GT_OQ);
    is_hit = _mm256_and_ps(_mm256_and_ps(is_hit, over), _mm256_or_ps(z, record));
    return (uint32_t)_mm256_movemask_ps(is_hit);
}

static void hit(uint64_t *words, const struct score_columns *in,
                const struct score_condition *condition, size_t count) {
    const struct score_columns c = *in;
    const __m256 floor = _mm256_set1_ps(condition->floor);
    const __m256 margin = _mm256_set1_ps(condition->margin);
    const __m256 z_min = _mm256_set1_ps(condition->z_min);
    const __m256 record_min = _mm256_set1_ps(condition->record_min);
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        uint64_t word = 0;
        for (size_t j = 0; j < 64; j += LANES) {
            word |= (uint64_t)hit_lanes(&c, i + j, floor, margin, z_min, record_min) << j;
        }
        words[i / 64] = word;
    }
    const struct score_columns rest = {
        .values = c.values + i,
        .z = c.z + i,
        .over_hour = c.over_hour + i,
        .over_record = c.over_record + i,
    };
    score_kernel_scalar.hit(words + i / 64, &rest, condition, count - i);
}

static inline void learn_lanes(const struct score_baseline *b, const struct score_rates *r,
                               __m256 y, __m256 expected, size_t i) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 level = _mm256_loadu_ps(b->level + i);
    __m256 deviation = _mm256_loadu_ps(b->deviation + i);
    __m256 season = _mm256_loadu_ps(b->season + i);
    __m256 envelope = _mm256_loadu_ps(b->envelope + i);
    __m256 d = _mm256_max_ps(deviation, _mm256_set1_ps(SCORE_DEVIATION_MIN));
    __m256 dev = cut(_mm256_sub_ps(y, expected), _mm256_mul_ps(_mm256_loadu_ps(r->width + i), d));
    __m256 size = _mm256_max_ps(dev, _mm256_xor_ps(dev, sign));

    level = _mm256_add_ps(level, _mm256_mul_ps(_mm256_loadu_ps(r->level + i), dev));
    __m256 wider = _mm256_sub_ps(_mm256_mul_ps(_mm256_set1_ps(1.25f), size), deviation);
    deviation = _mm256_add_ps(deviation, _mm256_mul_ps(_mm256_loadu_ps(r->deviation + i), wider));
    __m256 rest = _mm256_sub_ps(_mm256_sub_ps(y, level), season);
    rest = cut(rest, _mm256_mul_ps(_mm256_set1_ps(3.0f), d));
    season = _mm256_add_ps(season, _mm256_mul_ps(_mm256_loadu_ps(r->season + i), rest));
    __m256 most = _mm256_min_ps(y, _mm256_loadu_ps(r->most + i));
    __m256 rise = _mm256_max_ps(_mm256_sub_ps(most, envelope), _mm256_setzero_ps());
    __m256 rise_max = _mm256_mul_ps(_mm256_loadu_ps(r->rise + i), _mm256_set1_ps(r->rise_scale));
    rise = _mm256_min_ps(rise, rise_max);
    envelope = _mm256_add_ps(envelope, rise);

    _mm256_storeu_ps(b->level + i, level);
    _mm256_storeu_ps(b->deviation + i, deviation);
    _mm256_storeu_ps(b->season + i, season);
    _mm256_storeu_ps(b->envelope + i, envelope);
    _mm256_storeu_ps(b->record + i, _mm256_max_ps(_mm256_loadu_ps(b->record + i), envelope));
}

static void learn(const struct score_baseline *baseline, const struct score_rates *rates,
                  const float *bits, const float *expected, size_t count) {
    const struct score_baseline b = *baseline;
    const struct score_rates r = *rates;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        learn_lanes(&b, &r, _mm256_loadu_ps(bits + i), _mm256_loadu_ps(expected + i), i);
    }
    const struct score_baseline rest = {
        .level = b.level + i,
        .deviation = b.deviation + i,
        .season = b.season + i,
        .envelope = b.envelope + i,
        .record = b.record + i,
    };
    const struct score_rates rest_rates = {
        .level = r.level + i,
        .deviation = r.deviation + i,
        .season = r.season + i,
        .width = r.width + i,
        .rise = r.rise + i,
        .most = r.most + i,
        .rise_scale = r.rise_scale,
    };
    score_kernel_scalar.learn(&rest, &rest_rates, bits + i, expected + i, count - i);
}

const struct score_kernel score_kernel_avx2 = {
    .name = "avx2",
    .score = score,
    .hit = hit,
    .learn = learn,
};
