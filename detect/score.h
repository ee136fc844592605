/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SCORE_H
#define WEIR_DETECT_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernels of the detector: one metric of many nodes at a time, over plain columns in which lane
 * i is node i. The scalar kernel is the definition; every other width gives the same bits, because
 * lanes never meet. No fused multiply-add, no approximate reciprocal, no libm.
 *
 * Columns hold `count` lanes; nothing is read or written behind them. No column of the outputs
 * overlaps another column. Any thread.
 *
 * Estimate for one node and metric: score reads 10 floats and writes 5, learn reads 13 and writes
 * 5; 132 B, of which 44 B are scratch that stays in the cache. Measured (bench/score_bench.c), 14
 * features and 17 screens: 28 ns a node with AVX2, 23 with AVX-512; copying the same arrays: 17. */

/* The baseline of one metric as it was before the window: `envelope` of the hours h-1, h, h+1. */
struct score_inputs {
    const float *values; /* x, in units a minute */
    const float *level;
    const float *deviation;
    const float *season;      /* of this hour */
    const float *hour_counts; /* windows learned in this hour slot */
    const float *envelope_before;
    const float *envelope;
    const float *envelope_after;
    const float *record; /* the largest envelope of any hour */
    const float *prior;  /* what a node that knows little is measured against besides; else 0 */
    float inverse_scale; /* 1 / the metric's scale */
    float season_gain;   /* window length / 120 minutes */
};

/* y = log2(1 + x / scale); mu = level + season * min(hour_counts * season_gain, 1);
 * d = max(deviation, SCORE_DEVIATION_MIN); z = (y - mu) / d;
 * over_hour = y - max(max(envelopes, mu + 2d), prior);
 * over_record = y - max(max(record, mu), prior). */
struct score_outputs {
    float *bits;     /* y */
    float *expected; /* mu */
    float *z;
    float *over_hour;   /* bits above the record of this hour */
    float *over_record; /* bits above any record */
};

#define SCORE_DEVIATION_MIN 0.25f

/* What a rule demands of a lane: value > floor, over_hour > margin, and (z > z_min or over_record >
 * record_min). A condition that is not demanded is -INFINITY. */
struct score_condition {
    float floor;
    float margin;
    float z_min;
    float record_min;
};

struct score_columns {
    const float *values;
    const float *z;
    const float *over_hour;
    const float *over_record;
};

/* What learning changes, of one metric. */
struct score_baseline {
    float *level;
    float *deviation;
    float *season;   /* of this hour */
    float *envelope; /* of this hour */
    float *record;
};

/* How fast each node learns in this window: for all metrics alike but for `most` and `rise_scale`.
 * 0 everywhere: nothing changes. */
struct score_rates {
    const float *level;
    const float *deviation;
    const float *season;
    const float *width; /* a deviation counts up to this many d */
    const float *rise;  /* most bits by which the envelope may rise */
    const float *most;  /* bits above which it does not rise */
    float rise_scale;   /* of `rise`: 1; less for a metric that adds up over many windows */
};

/* Above every y: a `most` that bounds nothing, a `prior` that nothing is over. */
#define SCORE_UNBOUNDED 128.0f

/* With dev = y - mu cut to +-width * d:
 * level += rate * dev; deviation += rate * (1.25 |dev| - deviation);
 * season += rate * (y - level - season, cut to +-3d);
 * envelope += min(max(min(y, most) - envelope, 0), rise * rise_scale);
 * record = max(record, envelope). */
struct score_kernel {
    const char *name;
    void (*score)(const struct score_outputs *out, const struct score_inputs *in, size_t count);
    /* Sets bit i % 64 of words[i / 64] where lane i meets the condition; all (count + 63) / 64
     * words are written, bits behind `count` are 0. */
    void (*hit)(uint64_t *words, const struct score_columns *in,
                const struct score_condition *condition, size_t count);
    void (*learn)(const struct score_baseline *baseline, const struct score_rates *rates,
                  const float *bits, const float *expected, size_t count);
};

/* The widest kernel that this machine runs and WEIR_SIMD allows (base/cpu.h). */
const struct score_kernel *score_kernel(void);

/* The table that tests and benches walk: kernel i, scalar first, or NULL behind the last. A width
 * that this CPU lacks has `*is_available` false and must not be called. */
const struct score_kernel *score_kernel_at(size_t i, bool *is_available);

extern const struct score_kernel score_kernel_scalar;
#if defined(__x86_64__)
extern const struct score_kernel score_kernel_avx2;
extern const struct score_kernel score_kernel_avx512;
#elif defined(__aarch64__)
extern const struct score_kernel score_kernel_neon;
#endif

#endif
