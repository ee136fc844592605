/* SPDX-License-Identifier: Apache-2.0 */
/* How long do the kernels take for 16,384 nodes and all metrics, in each width, against the scalar
 * one and against copying the same columns? Data: random values around random baselines.
 *
 * The columns of one pass over all nodes are larger than the second-level cache, as in the
 * detector, whose baselines are; the scratch is a block of 512 nodes. Median of RUNS alternating
 * runs. */
#include "detect/baseline.h"
#include "detect/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 16384u
#define RUNS 41
#define KERNELS_MAX 8
/* Floats that a pass touches of each node and metric outside the scratch: level, deviation, season,
 * 3 envelopes, record and value read; level, deviation, season, envelope and record written. */
#define COLUMNS_READ 8u
#define COLUMNS_WRITTEN 5u

struct bench {
    struct baseline baseline;
    float *values;
    float *copy;
    struct baseline_rates rates;
    float prior[BASELINE_BLOCK];
    float most[BASELINE_BLOCK];
    float scratch[5][BASELINE_BLOCK];
    uint64_t words[BASELINE_BLOCK / 64];
    uint64_t hits;
};

static uint64_t random_state = 88172645463325252u;

static float random_between(float low, float high) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return low + (high - low) * ((float)(random_state >> 40) / 16777216.0f);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void bench_fill(struct bench *bench) {
    for (size_t i = 0; i < (size_t)METRIC_COUNT * NODES; i++) {
        bench->values[i] = random_between(1e4f, 1e7f);
    }
    for (uint32_t m = 0; m < METRIC_COUNT; m++) {
        for (uint32_t s = 0; s < BASELINE_SLOT_COUNT; s++) {
            for (uint32_t i = 0; i < NODES; i++) {
                baseline_column(&bench->baseline, s, m)[i] = random_between(0.3f, 12.0f);
            }
        }
    }
    for (uint32_t i = 0; i < BASELINE_BLOCK; i++) {
        bench->rates.level[i] = 1.0f / 1440;
        bench->rates.deviation[i] = 1.0f / 1440;
        bench->rates.season[i] = 1.0f / 240;
        bench->rates.width[i] = 3;
        bench->rates.rise[i] = 1.0f / 60;
        bench->most[i] = SCORE_UNBOUNDED;
    }
}

static void block_run(struct bench *bench, const struct score_kernel *kernel, uint32_t m,
                      uint32_t first) {
    const struct baseline *b = &bench->baseline;
    const float *values = bench->values + (size_t)m * NODES + first;
    const struct score_inputs in = {
        .values = values,
        .level = baseline_column(b, BASELINE_LEVEL, m) + first,
        .deviation = baseline_column(b, BASELINE_DEVIATION, m) + first,
        .season = baseline_column(b, BASELINE_SEASON + 5, m) + first,
        .hour_counts = baseline_hour_counts(b, 5) + first,
        .envelope_before = baseline_column(b, BASELINE_ENVELOPE + 4, m) + first,
        .envelope = baseline_column(b, BASELINE_ENVELOPE + 5, m) + first,
        .envelope_after = baseline_column(b, BASELINE_ENVELOPE + 6, m) + first,
        .record = baseline_column(b, BASELINE_RECORD, m) + first,
        .prior = bench->prior,
        .inverse_scale = 1e-4f,
        .season_gain = 1.0f / 120,
    };
    const struct score_outputs out = { bench->scratch[0], bench->scratch[1], bench->scratch[2],
                                       bench->scratch[3], bench->scratch[4] };
    kernel->score(&out, &in, BASELINE_BLOCK);
    const struct score_columns scored = { values, out.z, out.over_hour, out.over_record };
    const struct score_condition condition = { 5e6f, 2.0f, 5.0f, 1.0f };
    kernel->hit(bench->words, &scored, &condition, BASELINE_BLOCK);
    bench->hits += bench->words[0];
    const struct score_baseline learned = {
        .level = baseline_column(b, BASELINE_LEVEL, m) + first,
        .deviation = baseline_column(b, BASELINE_DEVIATION, m) + first,
        .season = baseline_column(b, BASELINE_SEASON + 5, m) + first,
        .envelope = baseline_column(b, BASELINE_ENVELOPE + 5, m) + first,
        .record = baseline_column(b, BASELINE_RECORD, m) + first,
    };
    const struct score_rates rates = { bench->rates.level,
                                       bench->rates.deviation,
                                       bench->rates.season,
                                       bench->rates.width,
                                       bench->rates.rise,
                                       bench->most,
                                       1.0f };
    kernel->learn(&learned, &rates, out.bits, out.expected, BASELINE_BLOCK);
}

static double run_kernel(struct bench *bench, const struct score_kernel *kernel) {
    double begin = now_ns();
    for (uint32_t first = 0; first < NODES; first += BASELINE_BLOCK) {
        for (uint32_t m = 0; m < METRIC_COUNT; m++) {
            block_run(bench, kernel, m, first);
        }
    }
    return (now_ns() - begin) / ((double)NODES * METRIC_COUNT);
}

/* Copies as many floats a node and metric as a pass reads and writes (half their sum each way). */
static double run_copy(struct bench *bench) {
    const size_t floats = (size_t)NODES * METRIC_COUNT * (COLUMNS_READ + COLUMNS_WRITTEN) / 2;
    double begin = now_ns();
    memcpy(bench->copy, bench->baseline.lanes, floats * sizeof(float));
    __asm__ volatile("" ::"r"(bench->copy) : "memory");
    return (now_ns() - begin) / ((double)NODES * METRIC_COUNT);
}

static int compare(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

/* Sorts; the median. */
static double median(double *runs) {
    qsort(runs, RUNS, sizeof *runs, compare);
    return runs[RUNS / 2];
}

int main(void) {
    static struct bench bench;
    static double times[KERNELS_MAX + 1][RUNS];
    struct error err;
    baseline_init(&bench.baseline);
    bench.values = malloc((size_t)METRIC_COUNT * NODES * sizeof(float));
    bench.copy = malloc((size_t)BASELINE_SLOT_COUNT * METRIC_COUNT * NODES * sizeof(float));
    if (bench.values == NULL || bench.copy == NULL ||
        !baseline_grow(&bench.baseline, NODES, &err)) {
        fprintf(stderr, "score_bench: no memory\n");
        return 1;
    }
    bench_fill(&bench);
    const struct score_kernel *kernel;
    bool is_available = false;
    for (int run = 0; run < RUNS; run++) {
        for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
            times[k][run] = is_available ? run_kernel(&bench, kernel) : 0;
        }
        times[KERNELS_MAX][run] = run_copy(&bench);
    }
    double copy = median(times[KERNELS_MAX]);
    double scalar = median(times[0]);
    printf("score, hit and learn, %u nodes, %u metrics, median of %d runs\n", NODES,
           (unsigned)METRIC_COUNT, RUNS);
    for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        if (!is_available) {
            printf("%-7s skipped: this CPU lacks it\n", kernel->name);
            continue;
        }
        double time = median(times[k]);
        printf("%-7s %6.2f ns a node a metric (%.2f to %.2f)  %.2f of scalar  %.2f of a copy\n",
               kernel->name, time, times[k][0], times[k][RUNS - 1], time / scalar, time / copy);
    }
    printf("copy    %6.2f ns a node a metric (%.2f to %.2f)\n", copy, times[KERNELS_MAX][0],
           times[KERNELS_MAX][RUNS - 1]);
    fprintf(stderr, "%s", bench.hits == 1 ? " " : ""); /* so that no pass is left out */
    free(bench.values);
    free(bench.copy);
    baseline_done(&bench.baseline);
    return 0;
}
