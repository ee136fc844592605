/* SPDX-License-Identifier: Apache-2.0 */
/* Four nodes at a time, operation by operation as score_scalar.c, which takes the last count % 4
 * lanes itself. The larger of two is a comparison and a choice: NEON's own maximum decides zeros of
 * both signs and NaN otherwise. No estimates of reciprocals; divisions are IEEE 754's. */
#include "detect/score.h"

#include "detect/bits.h"

#include <arm_neon.h>

#define LANES 4u

static inline float32x4_t larger(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline float32x4_t smaller(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

static inline float32x4_t log2_of(float32x4_t x, float32x4_t inverse_scale) {
    static const float polynomial[BITS_LOG2_TERMS] = BITS_LOG2_POLYNOMIAL;
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t v = vmulq_f32(x, inverse_scale);
    v = larger(v, vdupq_n_f32(0.0f));
    v = smaller(v, vdupq_n_f32(BITS_VALUE_MAX));
    int32x4_t pattern = vreinterpretq_s32_f32(vaddq_f32(one, v));
    int32x4_t e = vshrq_n_s32(vsubq_s32(pattern, vdupq_n_s32(BITS_SQRT_HALF)), 23);
    float32x4_t m = vreinterpretq_f32_s32(vsubq_s32(pattern, vshlq_n_s32(e, 23)));
    float32x4_t f = vsubq_f32(m, one);
    float32x4_t sum = vdupq_n_f32(polynomial[BITS_LOG2_TERMS - 1]);
    for (int i = BITS_LOG2_TERMS - 2; i >= 0; i--) {
        sum = vaddq_f32(vmulq_f32(sum, f), vdupq_n_f32(polynomial[i]));
    }
    return vaddq_f32(vcvtq_f32_s32(e), vmulq_f32(f, sum));
}

static inline float32x4_t cut(float32x4_t value, float32x4_t limit) {
    return smaller(larger(value, vnegq_f32(limit)), limit);
}

static void score(const struct score_outputs *out, const struct score_inputs *in, size_t count) {
    const struct score_inputs c = *in;
    const struct score_outputs o = *out;
    const float32x4_t inverse_scale = vdupq_n_f32(c.inverse_scale);
    const float32x4_t season_gain = vdupq_n_f32(c.season_gain);
    const float32x4_t one = vdupq_n_f32(1.0f);
    const float32x4_t two = vdupq_n_f32(2.0f);
    const float32x4_t deviation_min = vdupq_n_f32(SCORE_DEVIATION_MIN);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        float32x4_t y = log2_of(vld1q_f32(c.values + i), inverse_scale);
        float32x4_t weight = smaller(vmulq_f32(vld1q_f32(c.hour_counts + i), season_gain), one);
        float32x4_t mu =
            vaddq_f32(vld1q_f32(c.level + i), vmulq_f32(vld1q_f32(c.season + i), weight));
        float32x4_t d = larger(vld1q_f32(c.deviation + i), deviation_min);
        float32x4_t hour = larger(vld1q_f32(c.envelope_before + i), vld1q_f32(c.envelope + i));
        hour = larger(hour, vld1q_f32(c.envelope_after + i));
        hour = larger(hour, vaddq_f32(mu, vmulq_f32(two, d)));
        float32x4_t record = larger(vld1q_f32(c.record + i), mu);
        float32x4_t prior = vld1q_f32(c.prior + i);
        hour = larger(hour, prior);
        record = larger(record, prior);
        vst1q_f32(o.bits + i, y);
        vst1q_f32(o.expected + i, mu);
        vst1q_f32(o.z + i, vdivq_f32(vsubq_f32(y, mu), d));
        vst1q_f32(o.over_hour + i, vsubq_f32(y, hour));
        vst1q_f32(o.over_record + i, vsubq_f32(y, record));
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

/* Sixteen lanes of all ones or zeros, a bit each. */
static inline uint64_t gather(const uint32x4_t is_hit[4]) {
    static const uint8_t places[16] = { 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128 };
    uint16x8_t low = vcombine_u16(vmovn_u32(is_hit[0]), vmovn_u32(is_hit[1]));
    uint16x8_t high = vcombine_u16(vmovn_u32(is_hit[2]), vmovn_u32(is_hit[3]));
    uint8x16_t bits = vandq_u8(vcombine_u8(vmovn_u16(low), vmovn_u16(high)), vld1q_u8(places));
    return (uint64_t)vaddv_u8(vget_low_u8(bits)) | (uint64_t)vaddv_u8(vget_high_u8(bits)) << 8;
}

static inline uint32x4_t hit_lanes(const struct score_columns *in, size_t i,
                                   const struct score_condition *condition) {
    uint32x4_t is_hit = vcgtq_f32(vld1q_f32(in->values + i), vdupq_n_f32(condition->floor));
    uint32x4_t over = vcgtq_f32(vld1q_f32(in->over_hour + i), vdupq_n_f32(condition->margin));
    uint32x4_t z = vcgtq_f32(vld1q_f32(in->z + i), vdupq_n_f32(condition->z_min));
    uint32x4_t record =
        vcgtq_f32(vld1q_f32(in->over_record + i), vdupq_n_f32(condition->record_min));
    return vandq_u32(vandq_u32(is_hit, over), vorrq_u32(z, record));
}

static void hit(uint64_t *words, const struct score_columns *in,
                const struct score_condition *condition, size_t count) {
    const struct score_columns c = *in;
    const struct score_condition limits = *condition;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        uint64_t word = 0;
        for (size_t j = 0; j < 64; j += 16) {
            uint32x4_t is_hit[4];
            for (size_t k = 0; k < 4; k++) {
                is_hit[k] = hit_lanes(&c, i + j + LANES * k, &limits);
            }
            word |= gather(is_hit) << j;
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
                               float32x4_t y, float32x4_t expected, size_t i) {
    float32x4_t level = vld1q_f32(b->level + i);
    float32x4_t deviation = vld1q_f32(b->deviation + i);
    float32x4_t season = vld1q_f32(b->season + i);
    float32x4_t envelope = vld1q_f32(b->envelope + i);
    float32x4_t d = larger(deviation, vdupq_n_f32(SCORE_DEVIATION_MIN));
    float32x4_t dev = cut(vsubq_f32(y, expected), vmulq_f32(vld1q_f32(r->width + i), d));
    float32x4_t size = larger(dev, vnegq_f32(dev));

    level = vaddq_f32(level, vmulq_f32(vld1q_f32(r->level + i), dev));
    float32x4_t wider = vsubq_f32(vmulq_f32(vdupq_n_f32(1.25f), size), deviation);
    deviation = vaddq_f32(deviation, vmulq_f32(vld1q_f32(r->deviation + i), wider));
    float32x4_t rest = vsubq_f32(vsubq_f32(y, level), season);
    rest = cut(rest, vmulq_f32(vdupq_n_f32(3.0f), d));
    season = vaddq_f32(season, vmulq_f32(vld1q_f32(r->season + i), rest));
    float32x4_t most = smaller(y, vld1q_f32(r->most + i));
    float32x4_t rise = larger(vsubq_f32(most, envelope), vdupq_n_f32(0.0f));
    float32x4_t rise_max = vmulq_f32(vld1q_f32(r->rise + i), vdupq_n_f32(r->rise_scale));
    envelope = vaddq_f32(envelope, smaller(rise, rise_max));

    vst1q_f32(b->level + i, level);
    vst1q_f32(b->deviation + i, deviation);
    vst1q_f32(b->season + i, season);
    vst1q_f32(b->envelope + i, envelope);
    vst1q_f32(b->record + i, larger(vld1q_f32(b->record + i), envelope));
}

static void learn(const struct score_baseline *baseline, const struct score_rates *rates,
                  const float *bits, const float *expected, size_t count) {
    const struct score_baseline b = *baseline;
    const struct score_rates r = *rates;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        learn_lanes(&b, &r, vld1q_f32(bits + i), vld1q_f32(expected + i), i);
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

const struct score_kernel score_kernel_neon = {
    .name = "neon",
    .score = score,
    .hit = hit,
    .learn = learn,
};
