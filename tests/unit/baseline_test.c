/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/baseline.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define START INT64_C(1795478400000) /* 2026-11-24T00:00:00Z, slot 0 */

static struct baseline *baseline_make(uint32_t count) {
    struct baseline *baseline = calloc(1, sizeof *baseline);
    struct error err;
    assert_non_null(baseline);
    baseline_init(baseline);
    assert_true(baseline_grow(baseline, count, &err));
    return baseline;
}

static void baseline_free(struct baseline *baseline) {
    baseline_done(baseline);
    free(baseline);
}

static float *envelope(struct baseline *baseline, uint32_t hour) {
    return baseline_column(baseline, BASELINE_ENVELOPE + hour, FEATURE_OUT_INIT);
}

static float *record(struct baseline *baseline) {
    return baseline_column(baseline, BASELINE_RECORD, FEATURE_OUT_INIT);
}

static void slots_are_hours_of_the_day_in_utc_also_before_1970(void **state) {
    (void)state;
    static const struct {
        int64_t time_ms;
        int64_t hour;
        uint32_t slot;
    } cases[] = {
        { 0, 0, 0 },      { HOUR - 1, 0, 0 },   { HOUR, 1, 1 },    { 23 * HOUR, 23, 23 },
        { DAY, 24, 0 },   { -1, -1, 23 },       { -HOUR, -1, 23 }, { -HOUR - 1, -2, 22 },
        { -DAY, -24, 0 }, { START, 498744, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(baseline_hour_of(cases[i].time_ms), cases[i].hour);
        assert_int_equal(baseline_slot_of(cases[i].hour), cases[i].slot);
    }
}

static void entering_an_hour_lowers_its_record_once(void **state) {
    (void)state;
    struct baseline *baseline = baseline_make(2);
    baseline_enter(baseline, 0, START);
    for (uint32_t h = 0; h < 24; h++) {
        envelope(baseline, h)[0] = 10.0f;
    }
    baseline_enter(baseline, 0, START + HOUR - 1);
    baseline_enter(baseline, 0, START + HOUR);
    baseline_enter(baseline, 0, START + HOUR + 60000);
    for (uint32_t h = 0; h < 24; h++) {
        assert_true(envelope(baseline, h)[0] == (h == 1 ? 10.0f - 0.15f : 10.0f));
        assert_true(envelope(baseline, h)[1] == 0);
    }
    assert_true(record(baseline)[0] == 10.0f);
    baseline_free(baseline);
}

/* Hours that were skipped are the same bits as hours that were entered one by one. */
static void a_gap_costs_a_record_what_its_hours_would_have(void **state) {
    (void)state;
    for (int64_t gap = 1; gap < 2200; gap += gap < 60 ? 1 : 37) {
        struct baseline *one_by_one = baseline_make(1);
        struct baseline *at_once = baseline_make(1);
        baseline_enter(one_by_one, 0, START);
        baseline_enter(at_once, 0, START);
        for (uint32_t h = 0; h < 24; h++) {
            envelope(one_by_one, h)[0] = envelope(at_once, h)[0] = 1.37f * (float)h;
        }
        for (int64_t h = 1; h <= gap; h++) {
            baseline_enter(one_by_one, 0, START + h * HOUR);
        }
        baseline_enter(at_once, 0, START + gap * HOUR);
        float most = 0;
        for (uint32_t h = 0; h < 24; h++) {
            assert_true(envelope(one_by_one, h)[0] == envelope(at_once, h)[0]);
            most = fmaxf(most, envelope(at_once, h)[0]);
        }
        assert_true(record(at_once)[0] == most);
        baseline_free(one_by_one);
        baseline_free(at_once);
    }
}

static void a_gap_of_centuries_forgets_and_returns(void **state) {
    (void)state;
    struct baseline *baseline = baseline_make(1);
    baseline_enter(baseline, 0, START);
    envelope(baseline, 3)[0] = 100.0f;
    baseline_enter(baseline, 0, START + 365 * 7000 * DAY);
    assert_true(envelope(baseline, 3)[0] == 0);
    assert_true(record(baseline)[0] == 0);
    baseline_free(baseline);
}

static void what_only_moved_to_another_hour_is_learned_at_once(void **state) {
    (void)state;
    struct baseline *baseline = baseline_make(1);
    envelope(baseline, 5)[0] = 10.0f;
    record(baseline)[0] = 10.0f;
    baseline_learn_episode(baseline, 0, FEATURE_OUT_INIT, 15, 9.5f);
    assert_true(envelope(baseline, 15)[0] == 9.5f);
    assert_true(envelope(baseline, 14)[0] == 9.5f);
    assert_true(record(baseline)[0] == 10.0f);
    baseline_free(baseline);
}

static void
an_episode_raises_its_hour_and_the_one_before_to_two_bits_over_any_record(void **state) {
    (void)state;
    static const struct {
        float peak;
        float want;
    } cases[] = { { 20, 12 }, { 11, 11 }, { 12, 12 }, { 9, 10 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct baseline *baseline = baseline_make(1);
        for (uint32_t h = 0; h < 24; h++) {
            envelope(baseline, h)[0] = 10.0f;
        }
        record(baseline)[0] = 10.0f;
        baseline_learn_episode(baseline, 0, FEATURE_OUT_INIT, 0, cases[i].peak);
        assert_true(envelope(baseline, 0)[0] == cases[i].want);
        assert_true(envelope(baseline, 23)[0] == cases[i].want);
        assert_true(envelope(baseline, 1)[0] == 10.0f);
        assert_true(envelope(baseline, 22)[0] == 10.0f);
        baseline_free(baseline);
    }
}

/* rate, deviation, season, width, rise after `windows` windows of `window_ms`. */
static void rates_follow_age_and_gates(void **state) {
    (void)state;
    static const struct {
        const char *name;
        float windows, hours, learns, warm, active;
        int64_t window_ms;
        float level, deviation, season, width, rise;
    } cases[] = {
        { "first", 0, 0, 1, 0, 0, 60000, 1, 0, 1, 1e6f, 8 },
        { "second", 1, 1, 1, 0, 0, 60000, 0.5f, 0.05f, 0.5f, 1e6f, 8 },
        { "settled", 99, 59, 1, 0, 0, 60000, 0.01f, 0.01f, 1.0f / 60, 3, 8 },
        { "grown", 5000, 1000, 1, 1, 0, 60000, 1.0f / 1440, 1.0f / 1440, 1.0f / 240, 3, 1.0f / 60 },
        { "active", 5000, 1000, 1, 1, 1, 60000, 0.1f / 1440, 0.1f / 1440, 0.1f / 240, 3, 0 },
        { "unseen", 5000, 1000, 0, 1, 0, 60000, 0, 0, 0, 3, 0 },
        { "never seen", 0, 0, 0, 0, 0, 60000, 0, 0, 0, 1e6f, 0 },
        { "ten minutes", 5000, 1000, 1, 1, 0, 600000, 1.0f / 144, 1.0f / 144, 1.0f / 24, 3,
          10.0f / 60 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct baseline *baseline = baseline_make(1);
        static struct baseline_gates gates;
        static struct baseline_rates rates;
        baseline->window_counts[0] = cases[i].windows;
        baseline_hour_counts(baseline, 5)[0] = cases[i].hours;
        gates.learns[0] = cases[i].learns;
        gates.warm[0] = cases[i].warm;
        gates.active[0] = cases[i].active;
        baseline_count(baseline, 0, 1, 5, cases[i].window_ms, &gates, &rates);
        const float got[] = { rates.level[0], rates.deviation[0], rates.season[0], rates.width[0],
                              rates.rise[0] };
        const float want[] = { cases[i].level, cases[i].deviation, cases[i].season, cases[i].width,
                               cases[i].rise };
        for (size_t k = 0; k < 5; k++) {
            if (!(fabsf(got[k] - want[k]) <= 1e-6f * want[k])) {
                fail_msg("%s, rate %zu: %g, want %g", cases[i].name, k, (double)got[k],
                         (double)want[k]);
            }
        }
        assert_true(baseline->window_counts[0] == cases[i].windows + cases[i].learns);
        assert_true(baseline_hour_counts(baseline, 5)[0] == cases[i].hours + cases[i].learns);
        baseline_free(baseline);
    }
}

static void few_records_are_missed_once_a_usual_is_known(void **state) {
    (void)state;
    struct baseline *baseline = baseline_make(2);
    assert_true(baseline_usual(baseline, 0, 36867, 10000));
    baseline->window_counts[0] = 1;
    assert_true(baseline_usual(baseline, 0, 399, 10000)); /* what is left of a flood */
    for (uint32_t w = 0; w < 100; w++) {
        baseline->window_counts[1] = (float)w;
        assert_true(baseline_usual(baseline, 1, 100, 60000));
    }
    assert_true(baseline_usual(baseline, 1, 26, 60000));
    assert_false(baseline_usual(baseline, 1, 24, 60000));
    assert_true(baseline_usual(baseline, 1, 0, 60000)); /* then the interface was silent */
    baseline_free(baseline);
}

static void growing_keeps_what_was_learned(void **state) {
    (void)state;
    struct baseline *baseline = baseline_make(64);
    struct error err;
    struct buffer before, after;
    buffer_init(&before, 4096);
    buffer_init(&after, 4096);
    baseline_enter(baseline, 63, START);
    for (uint32_t h = 0; h < 24; h++) {
        envelope(baseline, h)[63] = (float)h;
        baseline_hour_counts(baseline, h)[63] = (float)(h + 7);
    }
    baseline_node_save(baseline, 63, &before);
    assert_true(baseline_grow(baseline, 5000, &err));
    baseline_node_save(baseline, 63, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    /* A new node, and one that was forgotten, know the same: nothing. */
    buffer_reset(&before);
    buffer_reset(&after);
    baseline_forget(baseline, 63);
    baseline_node_save(baseline, 63, &before);
    baseline_node_save(baseline, 4999, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_done(&before);
    buffer_done(&after);
    baseline_free(baseline);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_hours_of_the_day_in_utc_also_before_1970),
        cmocka_unit_test(entering_an_hour_lowers_its_record_once),
        cmocka_unit_test(a_gap_costs_a_record_what_its_hours_would_have),
        cmocka_unit_test(a_gap_of_centuries_forgets_and_returns),
        cmocka_unit_test(what_only_moved_to_another_hour_is_learned_at_once),
        cmocka_unit_test(an_episode_raises_its_hour_and_the_one_before_to_two_bits_over_any_record),
        cmocka_unit_test(rates_follow_age_and_gates),
        cmocka_unit_test(few_records_are_missed_once_a_usual_is_known),
        cmocka_unit_test(growing_keeps_what_was_learned),
    };
    return cmocka_run_group_tests_name("baseline", tests, NULL, NULL);
}
