/* SPDX-License-Identifier: Apache-2.0 */
/* Unit 1 s, reach 600 s, lateness 600 s, intervals 60 s and 600 s, unless a test says otherwise.
 * Times are seconds behind T. */
#include "ingest/survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define T INT64_C(1772000000000)
#define NO_STAMP INT64_MIN

static const struct survey_rule RULE = {
    .unit_ms = 1000,
    .reach_ms = 600000,
    .lateness_ms = 600000,
    .intervals_ms = { 60000, 600000 },
};

struct fixture {
    struct survey *survey;
    struct batch batch;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error err;
    assert_non_null(fixture);
    fixture->survey = survey_new();
    assert_non_null(fixture->survey);
    assert_true(batch_init(&fixture->batch, &err));
    survey_begin(fixture->survey, &RULE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    free(fixture->survey);
    batch_done(&fixture->batch);
    free(fixture);
    return 0;
}

/* One record [start, end] in the batch in hand. */
static void record(struct fixture *fixture, int64_t start_s, int64_t end_s) {
    struct batch *batch = &fixture->batch;
    batch->start_ms[batch->count] = T + start_s * 1000;
    batch->end_ms[batch->count] = T + end_s * 1000;
    batch->quality[batch->count] = 0;
    batch->count++;
}

static void give(struct fixture *fixture, int64_t stamp_ms) {
    survey_add(fixture->survey, &fixture->batch, stamp_ms);
    batch_reset(&fixture->batch);
}

static void nothing_is_measured_of_nothing(void **state) {
    struct fixture *fixture = *state;
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->timed, 0);
    assert_true(fixture->survey->start_min_ms == INT64_MAX);
    assert_true(fixture->survey->end_max_ms == INT64_MIN);
    assert_int_equal(survey_interval_ms(fixture->survey), 0);
}

static void times_and_durations_are_those_of_the_records(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 10, 40);
    record(fixture, 5, 65);
    record(fixture, 30, 30);
    give(fixture, NO_STAMP);
    struct survey_spread spread = survey_spread_of(fixture->survey, &fixture->survey->duration);
    assert_int_equal(fixture->survey->start_min_ms, T + 5000);
    assert_int_equal(fixture->survey->end_max_ms, T + 65000);
    assert_int_equal(spread.count, 3);
    assert_int_equal(spread.p50_ms, 30000);
    assert_int_equal(spread.max_ms, 60000);
}

static void coverage_widens_the_times_and_is_no_record(void **state) {
    struct fixture *fixture = *state;
    struct batch_coverage row = { .kind = COVERAGE_NODATA, .start_ms = T, .end_ms = T + 60000 };
    assert_true(batch_add_coverage(&fixture->batch, &row));
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->start_min_ms, T);
    assert_int_equal(fixture->survey->end_max_ms, T + 60000);
    assert_int_equal(fixture->survey->timed, 0);
}

static void disorder_inside_a_batch_is_not_late(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 2990, 3000);
    record(fixture, 0, 10);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->ordered, 0);
    assert_int_equal(fixture->survey->late, 0);
}

/* The newest end so far is 3000. A record is late when it reaches back to before
 * 3000 + 1 - 600 (lateness) - 600 (reach) = 1801: one of 60 s that ends at 1861 reaches to 1801. */
static void a_record_is_late_when_it_reaches_behind_the_promise(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 2990, 3000);
    give(fixture, NO_STAMP);
    record(fixture, 1801, 1861);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->ordered, 1);
    assert_int_equal(fixture->survey->late, 0);
    assert_int_equal(fixture->survey->need_ms, 600000);
    record(fixture, 1800, 1861);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->late, 1);
    assert_int_equal(fixture->survey->need_ms, 601000);
}

/* Longer than the reach, only its last 600 s count: it reaches to 2101 + 1 - 600. */
static void a_record_longer_than_the_reach_is_late_by_its_end(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 2990, 3000);
    give(fixture, NO_STAMP);
    record(fixture, 0, 2400);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->late, 0);
    assert_int_equal(fixture->survey->need_ms, 600000);
    record(fixture, 0, 2399);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->late, 1);
}

static void ends_are_held_against_the_newest_end_before_their_batch(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 90, 100);
    give(fixture, NO_STAMP);
    record(fixture, 190, 200); /* ahead: 0 behind */
    record(fixture, 60, 70);   /* 30 s behind 100, not 130 s behind 200 */
    give(fixture, NO_STAMP);
    record(fixture, 140, 150); /* 50 s behind 200 */
    give(fixture, NO_STAMP);
    struct survey_spread spread =
        survey_spread_of(fixture->survey, &fixture->survey->behind_newest);
    assert_int_equal(spread.count, 3);
    assert_int_equal(spread.p50_ms, 30000);
    assert_int_equal(spread.max_ms, 50000);
}

static void nothing_is_late_to_what_was_passed_over(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 9990, 10000);
    give(fixture, NO_STAMP);
    survey_skip(fixture->survey);
    record(fixture, 0, 10);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->ordered, 0);
    record(fixture, 0, 5);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->ordered, 1);
    assert_int_equal(fixture->survey->behind_newest.maximum, 5);
}

static void ends_are_held_against_the_stamp_of_their_object(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 90, 100);
    record(fixture, 400, 410);
    give(fixture, T + 400000);
    give(fixture, NO_STAMP);
    struct survey_spread spread = survey_spread_of(fixture->survey, &fixture->survey->behind_stamp);
    assert_int_equal(spread.count, 2);
    assert_int_equal(spread.max_ms, 300000);
    assert_int_equal(spread.p50_ms, 0); /* it ends behind the stamp */
}

static void records_from_the_future_move_nothing(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 0, 10);
    record(fixture, 0, 3601);
    give(fixture, T);
    assert_int_equal(fixture->survey->future, 1);
    assert_int_equal(fixture->survey->timed, 1);
    assert_int_equal(fixture->survey->end_max_ms, T + 10000);
    record(fixture, 0, 20);
    give(fixture, T);
    assert_int_equal(fixture->survey->need_ms, 0);
}

static void the_interval_is_the_shortest_that_all_but_a_thousandth_keep(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        uint32_t count;
        uint32_t longer; /* of the count: last `seconds`, the others 60 s */
        int64_t seconds;
        int64_t want_ms;
    } CASES[] = {
        { "too few", 99, 0, 0, 0 },
        { "enough", 100, 0, 0, 60000 },
        { "one in a thousand is longer", 1000, 1, 61, 60000 },
        { "two in a thousand are longer", 1000, 2, 61, 600000 },
        { "all are longer", 100, 100, 600, 600000 },
        { "longer than any interval", 100, 100, 601, 0 },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        survey_begin(fixture->survey, &RULE);
        for (uint32_t k = 0; k < CASES[i].count; k++) {
            record(fixture, 0, k < CASES[i].longer ? CASES[i].seconds : 60);
        }
        give(fixture, NO_STAMP);
        if (survey_interval_ms(fixture->survey) != CASES[i].want_ms) {
            fail_msg("%s: %lld", CASES[i].name, (long long)survey_interval_ms(fixture->survey));
        }
    }
}

static void the_second_record_of_two_nodes_is_a_twin(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 0, 10);
    record(fixture, 0, 10);
    fixture->batch.quality[1] = QUALITY_TWIN | QUALITY_NO_FLAGS;
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->twins, 1);
}

static void a_gap_is_an_hour_without_a_record(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 0, 100);
    record(fixture, 10, 20);
    record(fixture, 3700, 3710); /* an hour behind 100: none yet */
    record(fixture, 7311, 7320); /* an hour and a second behind 3710 */
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->gaps, 1);
    assert_int_equal(fixture->survey->gap_max_ms, 3601000);
    assert_int_equal(fixture->survey->gap_from_ms, T + 3710000);
    record(fixture, 0, 10); /* late, and ends no gap */
    give(fixture, NO_STAMP);
    record(fixture, 20000, 20010);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->gaps, 2);
    assert_int_equal(fixture->survey->gap_from_ms, T + 7320000);
}

static void what_was_passed_over_is_no_gap_and_neither_is_what_was_watched(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 0, 100);
    give(fixture, NO_STAMP);
    survey_skip(fixture->survey);
    record(fixture, 50000, 50010);
    give(fixture, NO_STAMP);
    struct batch_coverage row = { .kind = COVERAGE_NODATA,
                                  .start_ms = T + 50000000,
                                  .end_ms = T + 90000000 };
    assert_true(batch_add_coverage(&fixture->batch, &row));
    give(fixture, NO_STAMP);
    record(fixture, 90000, 90010);
    give(fixture, NO_STAMP);
    assert_int_equal(fixture->survey->gaps, 0);
}

static void a_format_without_intervals_has_none(void **state) {
    struct fixture *fixture = *state;
    struct survey_rule rule = RULE;
    memset(rule.intervals_ms, 0, sizeof rule.intervals_ms);
    survey_begin(fixture->survey, &rule);
    for (int i = 0; i < 200; i++) {
        record(fixture, 0, 0);
    }
    give(fixture, NO_STAMP);
    assert_int_equal(survey_interval_ms(fixture->survey), 0);
}

static void a_new_beginning_forgets_everything(void **state) {
    struct fixture *fixture = *state;
    record(fixture, 0, 10);
    give(fixture, T);
    record(fixture, 0, 5);
    give(fixture, T);
    survey_begin(fixture->survey, &RULE);
    struct survey *fresh = survey_new();
    assert_non_null(fresh);
    survey_begin(fresh, &RULE);
    memset(&fixture->survey->split, 0, sizeof fixture->survey->split);
    assert_memory_equal(fixture->survey, fresh, sizeof *fresh);
    free(fresh);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_measured_of_nothing),
        TEST(times_and_durations_are_those_of_the_records),
        TEST(coverage_widens_the_times_and_is_no_record),
        TEST(disorder_inside_a_batch_is_not_late),
        TEST(a_record_is_late_when_it_reaches_behind_the_promise),
        TEST(a_record_longer_than_the_reach_is_late_by_its_end),
        TEST(ends_are_held_against_the_newest_end_before_their_batch),
        TEST(nothing_is_late_to_what_was_passed_over),
        TEST(ends_are_held_against_the_stamp_of_their_object),
        TEST(records_from_the_future_move_nothing),
        TEST(the_interval_is_the_shortest_that_all_but_a_thousandth_keep),
        TEST(the_second_record_of_two_nodes_is_a_twin),
        TEST(a_gap_is_an_hour_without_a_record),
        TEST(what_was_passed_over_is_no_gap_and_neither_is_what_was_watched),
        TEST(a_format_without_intervals_has_none),
        TEST(a_new_beginning_forgets_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
