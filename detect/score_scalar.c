/* SPDX-License-Identifier: Apache-2.0 */
/* The definition of the kernels: score.h says the formulas, this file their order. Comparisons are
 * written as the vector instructions decide them, `a > b ? a : b`, so that zeros of both signs and
 * NaN come out alike. */
#include "detect/score.h"

#include "detect/bits.h"

static inline float larger(float a, float b) {
    return a > b ? a : b;
}

static inline float smaller(float a, float b) {
    return a < b ? a : b;
}

static inline float cut(float value, float limit) {
    return smaller(larger(value, -limit), limit);
}

static void score(const struct score_outputs *out, const struct score_inputs *in, size_t count) {
    float *restrict bits = out->bits;
    float *restrict expected = out->expected;
    float *restrict z = out->z;
    float *restrict over_hour = out->over_hour;
    float *restrict over_record = out->over_record;
    for (size_t i = 0; i < count; i++) {
        float y = bits_of_value(in->values[i], in->inverse_scale);
        float weight = smaller(in->hour_counts[i] * in->season_gain, 1.0f);
        float mu = in->level[i] + in->season[i] * weight;
        float d = larger(in->deviation[i], SCORE_DEVIATION_MIN);
        float hour = larger(in->envelope_before[i], in->envelope[i]);
        hour = larger(hour, in->envelope_after[i]);
        hour = larger(hour, mu + 2.0f * d);
        hour = larger(hour, in->prior[i]);
        float record = larger(in->record[i], mu);
        record = larger(record, in->prior[i]);
        bits[i] = y;
        expected[i] = mu;
        z[i] = (y - mu) / d;
        over_hour[i] = y - hour;
        over_record[i] = y - record;
    }
}

static void hit(uint64_t *words, const struct score_columns *in,
                const struct score_condition *condition, size_t count) {
    struct score_condition c = *condition;
    for (size_t first = 0; first < count; first += 64) {
        size_t end = count - first < 64 ? count - first : 64;
        uint64_t word = 0;
        for (size_t j = 0; j < end; j++) {
            size_t i = first + j;
            int is_hit = (in->values[i] > c.floor) & (in->over_hour[i] > c.margin) &
                         ((in->z[i] > c.z_min) | (in->over_record[i] > c.record_min));
            word |= (uint64_t)is_hit << j;
        }
        words[first / 64] = word;
    }
}

static void learn(const struct score_baseline *baseline, const struct score_rates *rates,
                  const float *bits, const float *expected, size_t count) {
    float *restrict level = baseline->level;
    float *restrict deviation = baseline->deviation;
    float *restrict season = baseline->season;
    float *restrict envelope = baseline->envelope;
    float *restrict record = baseline->record;
    for (size_t i = 0; i < count; i++) {
        float y = bits[i];
        float d = larger(deviation[i], SCORE_DEVIATION_MIN);
        float dev = cut(y - expected[i], rates->width[i] * d);
        float size = larger(dev, -dev);
        level[i] += rates->level[i] * dev;
        deviation[i] += rates->deviation[i] * (1.25f * size - deviation[i]);
        float rest = cut(y - level[i] - season[i], 3.0f * d);
        season[i] += rates->season[i] * rest;
        float rise = larger(smaller(y, rates->most[i]) - envelope[i], 0.0f);
        envelope[i] += smaller(rise, rates->rise[i] * rates->rise_scale);
        record[i] = larger(record[i], envelope[i]);
    }
}

const struct score_kernel score_kernel_scalar = {
    .name = "scalar",
    .score = score,
    .hit = hit,
    .learn = learn,
};
