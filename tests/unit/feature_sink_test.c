/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "detect/feature_sink.h"
#include "detect/metric.h"

#include <stdio.h>

#define NODES 64u
#define MINUTE_MS INT64_C(60000)

static struct error err;

/* Four nodes, one of two identities, that were not added in the order of their names. */
struct fleet {
    struct roster roster;
    float values[FEATURE_COUNT][NODES];
    uint64_t absent[NODES];
    uint8_t quality[NODES];
    struct judge_window window;
};

struct heard {
    char text[512]; /* node/identity=out_init, a blank behind each */
    struct feature_sample last;
    uint32_t stop_at; /* refuses the one of this number */
    uint32_t count;
};

static bool take(void *context, const struct feature_sample *sample, struct error *error) {
    struct heard *heard = context;
    size_t at = strlen(heard->text);
    snprintf(heard->text + at, sizeof heard->text - at, "%.*s/%.*s=%g ", (int)sample->node.size,
             (const char *)sample->node.data, (int)sample->identity.size,
             (const char *)sample->identity.data, (double)sample->values[FEATURE_OUT_INIT]);
    heard->last = *sample;
    return ++heard->count != heard->stop_at || error_set(error, ERROR_IO, "full");
}

static void fleet_init(struct fleet *fleet) {
    static const char *const names[][2] = {
        { "web", "i-2" }, { "api", "i-1" }, { "web", "i-1" }, { "db", "i-1" }
    };
    *fleet = (struct fleet){ 0 };
    roster_init(&fleet->roster, NODES);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t index;
        assert_true(roster_add(&fleet->roster, bytes_text(names[i][0]), bytes_text(names[i][1]),
                               &index, &err));
        assert_true(roster_describe(&fleet->roster, index,
                                    &(struct roster_note){ .role = bytes_text("role") }, &err));
        fleet->roster.nodes[index].first_ms = 2 * MINUTE_MS;
        fleet->values[FEATURE_OUT_INIT][index] = (float)(10 * (index + 1));
        fleet->quality[index] = METRIC_OBSERVED;
    }
    roster_sort(&fleet->roster);
    fleet->window = (struct judge_window){ .start_ms = 5 * MINUTE_MS,
                                           .end_ms = 6 * MINUTE_MS,
                                           .roster = &fleet->roster,
                                           .absent = fleet->absent,
                                           .quality = fleet->quality };
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        fleet->window.values[f] = fleet->values[f];
    }
}

static void nodes_come_by_name_and_identity(void **state) {
    (void)state;
    struct fleet fleet;
    struct heard heard = { 0 };
    fleet_init(&fleet);
    assert_true(feature_sink_window(&(struct feature_sink){ &heard, take }, &fleet.window, &err));
    assert_string_equal(heard.text, "api/i-1=20 db/i-1=40 web/i-1=30 web/i-2=10 ");
    assert_int_equal(heard.last.start_ms, 5 * MINUTE_MS);
    assert_int_equal(heard.last.end_ms, 6 * MINUTE_MS);
    assert_int_equal(heard.last.age_ms, 3 * MINUTE_MS);
    assert_true(bytes_equal(heard.last.role, bytes_text("role")));
    roster_done(&fleet.roster);
}

static void a_node_that_was_not_observed_is_left_out(void **state) {
    (void)state;
    struct fleet fleet;
    struct heard heard = { 0 };
    fleet_init(&fleet);
    fleet.quality[1] = 0;
    fleet.quality[3] = METRIC_SKIPPED;
    fleet.quality[0] = METRIC_OBSERVED | METRIC_SKIPPED;
    assert_true(feature_sink_window(&(struct feature_sink){ &heard, take }, &fleet.window, &err));
    assert_string_equal(heard.text, "web/i-1=30 web/i-2=10 ");
    assert_int_equal(heard.last.quality, METRIC_OBSERVED | METRIC_SKIPPED);
    roster_done(&fleet.roster);
}

static void what_cannot_be_told_is_absent_and_zero(void **state) {
    (void)state;
    struct fleet fleet;
    struct heard heard = { 0 };
    fleet_init(&fleet);
    fleet.absent[0] = feature_bit(FEATURE_OUT_INIT);
    fleet.window.values[FEATURE_DRIFT] = NULL; /* the judge's own */
    assert_true(feature_sink_window(&(struct feature_sink){ &heard, take }, &fleet.window, &err));
    assert_true(heard.last.absent == (feature_bit(FEATURE_OUT_INIT) | feature_bit(FEATURE_DRIFT)));
    assert_true(heard.last.values[FEATURE_OUT_INIT] == 0 && heard.last.values[FEATURE_DRIFT] == 0);
    roster_done(&fleet.roster);
}

static void a_sink_that_fails_hears_no_more(void **state) {
    (void)state;
    struct fleet fleet;
    struct heard heard = { .stop_at = 2 };
    fleet_init(&fleet);
    assert_false(feature_sink_window(&(struct feature_sink){ &heard, take }, &fleet.window, &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(heard.count, 2);
    roster_done(&fleet.roster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_by_name_and_identity),
        cmocka_unit_test(a_node_that_was_not_observed_is_left_out),
        cmocka_unit_test(what_cannot_be_told_is_absent_and_zero),
        cmocka_unit_test(a_sink_that_fails_hears_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
