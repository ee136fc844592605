/* SPDX-License-Identifier: Apache-2.0 */
/* The baselines and the scalar kernel, run as the scorer runs them over days of one node, against a
 * table that baseline_golden.py computed in double precision. The table also has what the formulas
 * of the prototype give, which differ from ours in five places (`--differences` measures each):
 * - The season counts in full from 120 minutes of an hour slot on, as min(c / 120, 1): on the third
 *   day. There it counts as c / (c + 120), by half then and by seven eighths after two weeks. This
 *   moves over_hour by 0.17 bits on average, in either direction, and by 0.85 at most.
 * - Seasons are learned from the first window on; there from the 61st on (0.001 bits).
 * - The first window, whose distance is from nothing, does not teach the deviation; there it does
 *   (0.0001 bits).
 * - An episode is learned in the hour that it last fired in and in the one before; there in the
 * hour of the first window behind it and in the one before. This matters to one that ends as its
 * hour does: 2 bits in the hours concerned. In both, the prior of a cold node is the larger of its
 * own record and its role's; the caller of the kernel sees to that.
 * - An episode raises its hours to two bits over any record; there over that of each hour. */
#include "detect/baseline.h"
#include "detect/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define START (INT64_C(1795478400000) + 450 * MINUTE) /* 2026-11-24T07:30:00Z */
#define START_MINUTE 450
#define MINUTES (5 * 1440 + 720)
#define SCALE 1e4f
#define FIRST_EPISODE_END (3 * 1440 + 425)
#define FLEET_RECORD 8.0f
#define FEATURE 0u

enum column {
    BITS,
    EXPECTED,
    Z,
    OVER_HOUR,
    OVER_RECORD,
    LEVEL,
    DEVIATION,
    SEASON,
    ENVELOPE,
    RECORD,
    PROTOTYPE_OVER_HOUR,
    PROTOTYPE_OVER_RECORD,
    COLUMN_COUNT,
};

static const char *const column_names[COLUMN_COUNT] = {
    "bits",
    "expected",
    "z",
    "over_hour",
    "over_record",
    "level",
    "deviation",
    "season",
    "envelope",
    "record",
    "prototype's over_hour",
    "prototype's over_record",
};

static const struct row {
    int minute;
    double values[COLUMN_COUNT];
} rows[] = {
#include "tests/unit/baseline_golden.inc.h"
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static bool is_within(int minute, int first, int end) {
    return minute >= first && minute < end;
}

static bool is_observed(int minute) {
    return !is_within(minute, 3 * 1440 + 90, 3 * 1440 + 290);
}

static bool is_in_episode(int minute) {
    return is_within(minute, 3 * 1440 + 400, 3 * 1440 + 425) ||
           is_within(minute, 4 * 1440 + 415, 4 * 1440 + 450);
}

/* Bytes of the next minute, as the script makes them. */
static int64_t next_value(int64_t *state, int minute) {
    static const int64_t hourly[24] = { 9,  7,  6,  5,  5,  7,  12, 20, 34, 44, 50, 52,
                                        48, 50, 53, 51, 46, 40, 33, 27, 22, 18, 14, 11 };
    *state = (*state * 1103515245 + 12345) % 2147483648;
    int64_t noise = 50 + *state / 65536 % 101;
    int of_day = (START_MINUTE + minute) % 1440;
    int64_t value = hourly[of_day / 60] * 1000 * noise / 100;
    value += is_within(of_day, 130, 150) ? 20000000 / 100 * noise : 0;
    return value + (minute == 20 || is_in_episode(minute) ? 60000000 / 100 * noise : 0);
}

struct node {
    struct baseline baseline;
    float peak;          /* of the episode that runs; 0: none */
    uint32_t fired_hour; /* its last */
};

static float *column_of(struct node *node, uint32_t slot) {
    return baseline_column(&node->baseline, slot, FEATURE);
}

static void node_score(struct node *node, float value, uint32_t hour, float prior,
                       float got[COLUMN_COUNT]) {
    const struct score_inputs in = {
        .values = &value,
        .level = column_of(node, BASELINE_LEVEL),
        .deviation = column_of(node, BASELINE_DEVIATION),
        .season = column_of(node, BASELINE_SEASON + hour),
        .hour_counts = baseline_hour_counts(&node->baseline, hour),
        .envelope_before = column_of(node, BASELINE_ENVELOPE + (hour + 23) % 24),
        .envelope = column_of(node, BASELINE_ENVELOPE + hour),
        .envelope_after = column_of(node, BASELINE_ENVELOPE + (hour + 1) % 24),
        .record = column_of(node, BASELINE_RECORD),
        .prior = &prior,
        .inverse_scale = 1 / SCALE,
        .season_gain = 1.0f / 120,
    };
    const struct score_outputs out = { &got[BITS], &got[EXPECTED], &got[Z], &got[OVER_HOUR],
                                       &got[OVER_RECORD] };
    score_kernel_scalar.score(&out, &in, 1);
}

static void node_learn(struct node *node, uint32_t hour, float most,
                       const struct baseline_gates *gates, const float got[COLUMN_COUNT]) {
    static struct baseline_rates rates;
    baseline_count(&node->baseline, 0, 1, hour, MINUTE, gates, &rates);
    const struct score_rates r = {
        .level = rates.level,
        .deviation = rates.deviation,
        .season = rates.season,
        .width = rates.width,
        .rise = rates.rise,
        .most = &most,
        .rise_scale = 1,
    };
    const struct score_baseline learned = {
        .level = column_of(node, BASELINE_LEVEL),
        .deviation = column_of(node, BASELINE_DEVIATION),
        .season = column_of(node, BASELINE_SEASON + hour),
        .envelope = column_of(node, BASELINE_ENVELOPE + hour),
        .record = column_of(node, BASELINE_RECORD),
    };
    score_kernel_scalar.learn(&learned, &r, &got[BITS], &got[EXPECTED], 1);
}

/* An episode ends with the first window behind it, before that window is learned from. */
static void node_episode(struct node *node, bool is_active, uint32_t hour, float bits) {
    if (is_active) {
        node->peak = bits > node->peak ? bits : node->peak;
        node->fired_hour = hour;
    } else if (node->peak > 0) {
        baseline_learn_episode(&node->baseline, 0, FEATURE, node->fired_hour, node->peak);
        node->peak = 0;
    }
}

/* One window; `got` is what the table has of it. */
static void node_window(struct node *node, int minute, float value, float got[COLUMN_COUNT]) {
    static struct baseline_gates gates;
    const int64_t start_ms = START + minute * MINUTE;
    const uint32_t hour = baseline_slot_of(baseline_hour_of(start_ms));
    if (minute == 0 || node->baseline.hour[0] != baseline_hour_of(start_ms)) {
        baseline_enter(&node->baseline, 0, start_ms);
    }
    bool is_cold = node->baseline.window_counts[0] + 1 < 1440;
    bool is_active = is_in_episode(minute);
    float own = column_of(node, BASELINE_RECORD)[0];
    float prior = own > FLEET_RECORD ? own : FLEET_RECORD;
    node_score(node, value, hour, is_cold ? prior : 0, got);
    node_episode(node, is_active, hour, got[BITS]);
    gates.learns[0] = 1;
    gates.warm[0] = is_cold ? 0 : 1;
    gates.active[0] = is_active ? 1 : 0;
    float most = got[EXPECTED] > FLEET_RECORD ? got[EXPECTED] + 2 : FLEET_RECORD + 2;
    node_learn(node, hour, is_cold ? most : SCORE_UNBOUNDED, &gates, got);
    got[LEVEL] = column_of(node, BASELINE_LEVEL)[0];
    got[DEVIATION] = column_of(node, BASELINE_DEVIATION)[0];
    got[SEASON] = column_of(node, BASELINE_SEASON + hour)[0];
    got[ENVELOPE] = column_of(node, BASELINE_ENVELOPE + hour)[0];
    got[RECORD] = column_of(node, BASELINE_RECORD)[0];
}

/* Floats of five days of updates against doubles, which are shown to five digits. */
static void check_row(const struct row *row, const float got[COLUMN_COUNT]) {
    for (int c = BITS; c <= RECORD; c++) {
        double error = c == Z ? 2e-3 : 2e-4;
        if (!(fabs((double)got[c] - row->values[c]) <= error)) {
            fail_msg("minute %d, %s: %.6f, want %.5f", row->minute, column_names[c], (double)got[c],
                     row->values[c]);
        }
    }
}

static void days_of_a_node_agree_with_the_formulas_in_double(void **state) {
    (void)state;
    struct node node = { 0 };
    struct error err;
    int64_t random = 12345;
    size_t at = 0;
    baseline_init(&node.baseline);
    assert_true(baseline_grow(&node.baseline, 1, &err));
    for (int minute = 0; minute < MINUTES; minute++) {
        float got[COLUMN_COUNT] = { 0 };
        float value = (float)next_value(&random, minute);
        if (!is_observed(minute)) {
            continue;
        }
        node_window(&node, minute, value, got);
        if (at < ROW_COUNT && rows[at].minute == minute) {
            check_row(&rows[at++], got);
        }
    }
    assert_int_equal(at, ROW_COUNT);
    baseline_done(&node.baseline);
}

/* What the differences come to before an episode was learned: an attack is as far over any record
 * as it is there, and over the record of its hour to within a bit. */
static void the_prototype_would_say_the_same_of_an_attack(void **state) {
    (void)state;
    int attacked = 0;
    for (size_t i = 0; i < ROW_COUNT && rows[i].minute < FIRST_EPISODE_END; i++) {
        const double *v = rows[i].values;
        assert_true(fabs(v[OVER_RECORD] - v[PROTOTYPE_OVER_RECORD]) < 0.01);
        if (is_in_episode(rows[i].minute)) {
            assert_true(v[OVER_HOUR] > 7 && v[PROTOTYPE_OVER_HOUR] > 7);
            assert_true(fabs(v[OVER_HOUR] - v[PROTOTYPE_OVER_HOUR]) < 1);
            attacked++;
        }
    }
    assert_true(attacked >= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_of_a_node_agree_with_the_formulas_in_double),
        cmocka_unit_test(the_prototype_would_say_the_same_of_an_attack),
    };
    return cmocka_run_group_tests_name("baseline_golden", tests, NULL, NULL);
}
