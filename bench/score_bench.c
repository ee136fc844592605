/* SPDX-License-Identifier: Apache-2.0 */
/* How long do the kernels take for 16,384 nodes and 14 features, all rules asked, in each width,
 * against the scalar one and against copying the same arrays? Data: random values around random
 * baselines.
 *
 * As the scorer does, a block of 512 nodes at a time: every feature is scored, then every rule's
 * screen runs, then every feature learns. The arrays (8 floats a node and feature: the value, the
 * baseline and its 3 envelopes) are larger than the second-level cache and each is copied once to
 * compare; the scratch of a block is not. Median of RUNS alternating runs. */
#include "detect/baseline.h"
#include "detect/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES 16384u
#define FEATURES 14u
#define RUNS 61
#define KERNELS_MAX 8
/* One cache line more than a power of two, as the baselines lie (detect/baseline.c). */
#define STRIDE (NODES + 16)

enum array {
    VALUE,
    LEVEL,
    DEVIATION,
    SEASON,
    ENVELOPE_BEFORE,
    ENVELOPE,
    ENVELOPE_AFTER,
    RECORD,
    ARRAY_COUNT,
};

/* The feature that each rule's screen reads. */
static const uint8_t screens[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 11, 12, 13, 9 };
#define SCREEN_COUNT (sizeof screens / sizeof screens[0])

struct bench {
    float *arrays; /* [array][feature][STRIDE] */
    float *copy;
    float hour_counts[NODES];
    struct baseline_rates rates;
    float prior[BASELINE_BLOCK];
    float most[BASELINE_BLOCK];
    float scratch[5][FEATURES][BASELINE_BLOCK];
    uint64_t words[SCREEN_COUNT][BASELINE_BLOCK / 64];
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

static float *column(const struct bench *bench, enum array array, uint32_t feature) {
    return bench->arrays + ((size_t)array * FEATURES + feature) * STRIDE;
}

static void bench_fill(struct bench *bench) {
    for (uint32_t f = 0; f < FEATURES; f++) {
        for (uint32_t i = 0; i < NODES; i++) {
            column(bench, VALUE, f)[i] = random_between(1e4f, 1e7f);
            for (enum array a = LEVEL; a < ARRAY_COUNT; a++) {
                column(bench, a, f)[i] = random_between(0.3f, 12.0f);
            }
        }
    }
    for (uint32_t i = 0; i < NODES; i++) {
        bench->hour_counts[i] = random_between(0.0f, 600.0f);
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

static void block_score(struct bench *bench, const struct score_kernel *kernel, uint32_t first) {
    for (uint32_t f = 0; f < FEATURES; f++) {
        const struct score_inputs in = {
            .values = column(bench, VALUE, f) + first,
            .level = column(bench, LEVEL, f) + first,
            .deviation = column(bench, DEVIATION, f) + first,
            .season = column(bench, SEASON, f) + first,
            .hour_counts = bench->hour_counts + first,
            .envelope_before = column(bench, ENVELOPE_BEFORE, f) + first,
            .envelope = column(bench, ENVELOPE, f) + first,
            .envelope_after = column(bench, ENVELOPE_AFTER, f) + first,
            .record = column(bench, RECORD, f) + first,
            .prior = bench->prior,
            .inverse_scale = 1e-4f,
            .season_gain = 1.0f / 120,
        };
        const struct score_outputs out = {
            .bits = bench->scratch[0][f],
            .expected = bench->scratch[1][f],
            .z = bench->scratch[2][f],
            .over_hour = bench->scratch[3][f],
            .over_record = bench->scratch[4][f],
        };
        kernel->score(&out, &in, BASELINE_BLOCK);
    }
}

static void block_screen(struct bench *bench, const struct score_kernel *kernel, uint32_t first) {
    const struct score_condition condition = {
        .floor = 5e6f, .margin = 2.0f, .z_min = 5.0f, .record_min = 1.0f
    };
    for (size_t r = 0; r < SCREEN_COUNT; r++) {
        uint8_t f = screens[r];
        const struct score_columns scored = {
            .values = column(bench, VALUE, f) + first,
            .z = bench->scratch[2][f],
            .over_hour = bench->scratch[3][f],
            .over_record = bench->scratch[4][f],
        };
        kernel->hit(bench->words[r], &scored, &condition, BASELINE_BLOCK);
        bench->hits += bench->words[r][0];
    }
}

static void block_learn(struct bench *bench, const struct score_kernel *kernel, uint32_t first) {
    const struct score_rates rates = {
        .level = bench->rates.level,
        .deviation = bench->rates.deviation,
        .season = bench->rates.season,
        .width = bench->rates.width,
        .rise = bench->rates.rise,
        .most = bench->most,
        .rise_scale = 1.0f,
    };
    for (uint32_t f = 0; f < FEATURES; f++) {
        const struct score_baseline learned = {
            .level = column(bench, LEVEL, f) + first,
            .deviation = column(bench, DEVIATION, f) + first,
            .season = column(bench, SEASON, f) + first,
            .envelope = column(bench, ENVELOPE, f) + first,
            .record = column(bench, RECORD, f) + first,
        };
        kernel->learn(&learned, &rates, bench->scratch[0][f], bench->scratch[1][f], BASELINE_BLOCK);
    }
}

/* Nanoseconds a node, as run_copy. */
static double run_kernel(struct bench *bench, const struct score_kernel *kernel) {
    double begin = now_ns();
    for (uint32_t first = 0; first < NODES; first += BASELINE_BLOCK) {
        block_score(bench, kernel, first);
        block_screen(bench, kernel, first);
        block_learn(bench, kernel, first);
    }
    return (now_ns() - begin) / NODES;
}

static double run_copy(struct bench *bench) {
    double begin = now_ns();
    for (size_t i = 0; i < (size_t)ARRAY_COUNT * FEATURES; i++) {
        memcpy(bench->copy + i * STRIDE, bench->arrays + i * STRIDE, NODES * sizeof(float));
    }
    __asm__ volatile("" ::"r"(bench->copy) : "memory");
    return (now_ns() - begin) / NODES;
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
    const size_t size = sizeof(float) * ARRAY_COUNT * FEATURES * STRIDE;
    bench.arrays = aligned_alloc(64, size);
    bench.copy = aligned_alloc(64, size);
    if (bench.arrays == NULL || bench.copy == NULL) {
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
    printf("score, %zu screens and learn, %u nodes, %u features, median of %d runs\n", SCREEN_COUNT,
           NODES, FEATURES, RUNS);
    for (size_t k = 0; (kernel = score_kernel_at(k, &is_available)) != NULL; k++) {
        if (!is_available) {
            printf("%-7s skipped: this CPU lacks it\n", kernel->name);
            continue;
        }
        double time = median(times[k]);
        printf("%-7s %6.1f ns a node (%.1f to %.1f)  %.2f of scalar  %.2f of a copy\n",
               kernel->name, time, times[k][0], times[k][RUNS - 1], time / scalar, time / copy);
    }
    printf("copy    %6.1f ns a node (%.1f to %.1f)\n", copy, times[KERNELS_MAX][0],
           times[KERNELS_MAX][RUNS - 1]);
    fprintf(stderr, "%s", bench.hits == 1 ? " " : ""); /* so that no pass is left out */
    free(bench.arrays);
    free(bench.copy);
    return 0;
}
