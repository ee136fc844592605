/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope core over one series, for bench/nab.py: what the scorer does with one feature, with
 * no rule but a generic one, upwards and downwards (two lanes, as if two nodes).
 *
 * usage: nab_core WINDOW_MS <lines "start_ms up down" >lines "z over_hour over_record", both lanes
 * Values are in units of their scale. */
#include "detect/baseline.h"
#include "detect/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LANES 2u
#define METRIC 0u
#define WARM_UP_MS (24 * INT64_C(3600000))

/* A window is not learned from when it is so far over the record: the margins of rule exfil. */
static const struct score_condition condition = {
    .floor = -INFINITY, .margin = 2.0f, .z_min = 5.0f, .record_min = 1.0f
};

struct core {
    const struct score_kernel *kernel;
    struct baseline baseline;
    struct baseline_gates gates;
    struct baseline_rates rates;
    float prior[LANES];
    float most[LANES];
    float peak[LANES]; /* of the episode that runs; 0: none */
    float values[LANES];
    float bits[LANES], expected[LANES], z[LANES], over_hour[LANES], over_record[LANES];
};

static void core_score(struct core *core, uint32_t hour, int64_t window_ms) {
    const struct baseline *b = &core->baseline;
    const uint32_t before = (hour + BASELINE_HOURS - 1) % BASELINE_HOURS;
    const uint32_t after = (hour + 1) % BASELINE_HOURS;
    const struct score_inputs in = {
        .values = core->values,
        .level = baseline_column(b, BASELINE_LEVEL, METRIC),
        .deviation = baseline_column(b, BASELINE_DEVIATION, METRIC),
        .season = baseline_column(b, BASELINE_SEASON + hour, METRIC),
        .hour_counts = baseline_hour_counts(b, hour),
        .envelope_before = baseline_column(b, BASELINE_ENVELOPE + before, METRIC),
        .envelope = baseline_column(b, BASELINE_ENVELOPE + hour, METRIC),
        .envelope_after = baseline_column(b, BASELINE_ENVELOPE + after, METRIC),
        .record = baseline_column(b, BASELINE_RECORD, METRIC),
        .prior = core->prior,
        .inverse_scale = 1.0f,
        .season_gain = (float)window_ms / (120 * 60000.0f),
    };
    const struct score_outputs out = { core->bits, core->expected, core->z, core->over_hour,
                                       core->over_record };
    core->kernel->score(&out, &in, LANES);
}

static void core_learn(struct core *core, uint32_t hour, int64_t start_ms, int64_t window_ms) {
    struct baseline *b = &core->baseline;
    uint64_t hits;
    const struct score_columns scored = { core->values, core->z, core->over_hour,
                                          core->over_record };
    core->kernel->hit(&hits, &scored, &condition, LANES);
    for (uint32_t i = 0; i < LANES; i++) {
        bool is_warm = start_ms - b->born_ms[i] >= WARM_UP_MS;
        bool is_hit = is_warm && (hits >> i & 1) != 0;
        core->gates.learns[i] = 1;
        core->gates.warm[i] = (float)is_warm;
        core->gates.active[i] = (float)is_hit;
        if (is_hit) {
            core->peak[i] = core->bits[i] > core->peak[i] ? core->bits[i] : core->peak[i];
        } else if (core->peak[i] > 0) {
            baseline_learn_episode(b, i, METRIC, hour, core->peak[i]);
            core->peak[i] = 0;
        }
    }
    baseline_count(b, 0, LANES, hour, window_ms, &core->gates, &core->rates);
    const struct score_rates rates = {
        .level = core->rates.level,
        .deviation = core->rates.deviation,
        .season = core->rates.season,
        .width = core->rates.width,
        .rise = core->rates.rise,
        .most = core->most,
        .rise_scale = 1.0f,
    };
    const struct score_baseline learned = {
        .level = baseline_column(b, BASELINE_LEVEL, METRIC),
        .deviation = baseline_column(b, BASELINE_DEVIATION, METRIC),
        .season = baseline_column(b, BASELINE_SEASON + hour, METRIC),
        .envelope = baseline_column(b, BASELINE_ENVELOPE + hour, METRIC),
        .record = baseline_column(b, BASELINE_RECORD, METRIC),
    };
    core->kernel->learn(&learned, &rates, core->bits, core->expected, LANES);
}

static void core_window(struct core *core, int64_t start_ms, int64_t window_ms) {
    const int64_t hour = baseline_hour_of(start_ms);
    for (uint32_t i = 0; i < LANES; i++) {
        if (core->baseline.hour[i] != hour || core->baseline.born_ms[i] == INT64_MIN) {
            baseline_enter(&core->baseline, i, start_ms);
        }
    }
    core_score(core, baseline_slot_of(hour), window_ms);
    core_learn(core, baseline_slot_of(hour), start_ms, window_ms);
}

int main(int argc, char **argv) {
    static struct core core = { .most = { SCORE_UNBOUNDED, SCORE_UNBOUNDED } };
    struct error err;
    const long long window_ms = argc == 2 ? atoll(argv[1]) : 0;
    if (window_ms <= 0) {
        fprintf(stderr, "usage: nab_core WINDOW_MS\n");
        return 2;
    }
    core.kernel = score_kernel();
    baseline_init(&core.baseline);
    if (!baseline_grow(&core.baseline, LANES, &err)) {
        fprintf(stderr, "nab_core: %s\n", err.message);
        return 1;
    }
    long long start_ms;
    while (scanf("%lld %f %f", &start_ms, &core.values[0], &core.values[1]) == 3) {
        core_window(&core, start_ms, window_ms);
        printf("%.9g %.9g %.9g %.9g %.9g %.9g\n", (double)core.z[0], (double)core.over_hour[0],
               (double)core.over_record[0], (double)core.z[1], (double)core.over_hour[1],
               (double)core.over_record[1]);
    }
    baseline_done(&core.baseline);
    return 0;
}
