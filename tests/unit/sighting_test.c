/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/sighting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct fixture {
    struct sightings sightings;
    struct batch batch;
    struct sighting_count counts[4]; /* by feed */
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error err;
    assert_non_null(fixture);
    assert_true(sightings_init(&fixture->sightings, &err));
    assert_true(batch_init(&fixture->batch, &err));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    sightings_done(&fixture->sightings);
    batch_done(&fixture->batch);
    free(fixture);
    return 0;
}

/* A record of a node's interface over [start, end] ms in a log, in the batch in hand. */
static void record_in(struct fixture *fixture, const char *log, const char *node,
                      const char *interface, int64_t start_ms, int64_t end_ms) {
    struct batch *batch = &fixture->batch;
    struct batch_node row = { .name = bytes_text(node),
                              .identity = bytes_text(node),
                              .interface = bytes_text(interface) };
    struct error err;
    uint16_t id;
    uint8_t log_id;
    assert_true(batch_add_node(batch, &row, &id, &err));
    assert_true(batch_add_flow_log(batch, bytes_text(log), &log_id, &err));
    batch->flow_log[batch->count] = log_id;
    batch->node[batch->count] = id;
    batch->start_ms[batch->count] = start_ms;
    batch->end_ms[batch->count] = end_ms;
    batch->count++;
}

static void record(struct fixture *fixture, const char *node, const char *interface,
                   int64_t start_ms, int64_t end_ms) {
    record_in(fixture, "log", node, interface, start_ms, end_ms);
}

/* Feeds in ascending order. */
static void give(struct fixture *fixture, uint32_t feed, const uint8_t *is_left_out) {
    struct error err;
    assert_true(sightings_add(&fixture->sightings, feed, &fixture->batch, is_left_out,
                              &fixture->counts[feed], &err));
    batch_reset(&fixture->batch);
}

static const char *text_of(struct bytes bytes) {
    static char text[64];
    snprintf(text, sizeof text, "%.*s", (int)bytes.size, (const char *)bytes.data);
    return text;
}

static void nodes_and_interfaces_are_counted_once_a_feed(void **state) {
    struct fixture *fixture = *state;
    record(fixture, "web", "eni-1", 0, 10);
    record(fixture, "web", "eni-2", 0, 10);
    record(fixture, "db", "", 0, 10);
    give(fixture, 0, NULL);
    record(fixture, "web", "eni-1", 20, 30);
    give(fixture, 0, NULL);
    record(fixture, "web", "eni-1", 100, 110);
    give(fixture, 1, NULL);
    assert_int_equal(fixture->counts[0].nodes, 2);
    assert_int_equal(fixture->counts[0].interfaces, 2);
    assert_int_equal(fixture->counts[1].nodes, 1);
    assert_int_equal(fixture->counts[1].interfaces, 1);
}

static void an_interface_in_two_feeds_at_once_is_an_overlap(void **state) {
    struct fixture *fixture = *state;
    record(fixture, "web", "eni-1", 0, 100);
    record(fixture, "db", "eni-2", 0, 100);
    give(fixture, 1, NULL);
    record(fixture, "web", "eni-1", 99, 200);
    give(fixture, 2, NULL);
    struct sighting_overlap overlap = sightings_overlap(&fixture->sightings);
    assert_int_equal(overlap.points, 1);
    assert_string_equal(text_of(overlap.name), "eni-1");
    assert_int_equal(overlap.feeds[0], 1);
    assert_int_equal(overlap.feeds[1], 2);
}

static void an_interface_in_two_feeds_one_after_the_other_is_none(void **state) {
    struct fixture *fixture = *state;
    record(fixture, "web", "eni-1", 0, 100);
    give(fixture, 0, NULL);
    record(fixture, "web", "eni-1", 100, 200);
    give(fixture, 1, NULL);
    assert_int_equal(sightings_overlap(&fixture->sightings).points, 0);
}

/* The first feed goes on while the second comes and goes; the third meets only the first. */
static void three_feeds_overlap_by_the_one_that_lasts_longest(void **state) {
    struct fixture *fixture = *state;
    record(fixture, "web", "", 0, 1000);
    record(fixture, "web", "eni-1", 0, 1000);
    give(fixture, 0, NULL);
    record(fixture, "web", "eni-1", 10, 20);
    give(fixture, 1, NULL);
    record(fixture, "web", "eni-1", 500, 600);
    give(fixture, 2, NULL);
    struct sighting_overlap overlap = sightings_overlap(&fixture->sightings);
    assert_int_equal(overlap.points, 1);
    assert_int_equal(overlap.feeds[1], 1);
}

/* As of a capture: each of its interfaces is a log. */
static void two_logs_of_one_feed_overlap_too(void **state) {
    struct fixture *fixture = *state;
    record_in(fixture, "a/eth0", "10.0.0.1", "10.0.0.1", 0, 100);
    record_in(fixture, "a/eth1", "10.0.0.1", "10.0.0.1", 50, 150);
    record_in(fixture, "a/eth1", "10.0.0.2", "10.0.0.2", 50, 150);
    give(fixture, 0, NULL);
    struct sighting_overlap overlap = sightings_overlap(&fixture->sightings);
    assert_int_equal(overlap.points, 1);
    assert_int_equal(overlap.feeds[1], 0);
    assert_string_equal(text_of(overlap.logs[0]), "a/eth0");
    assert_string_equal(text_of(overlap.logs[1]), "a/eth1");
    assert_int_equal(fixture->counts[0].nodes, 2);
}

static void the_same_interface_of_another_node_is_another_point(void **state) {
    struct fixture *fixture = *state;
    record(fixture, "web", "eth0", 0, 100);
    give(fixture, 0, NULL);
    record(fixture, "db", "eth0", 0, 100);
    give(fixture, 1, NULL);
    assert_int_equal(sightings_overlap(&fixture->sightings).points, 0);
}

static void coverage_is_a_sighting_too(void **state) {
    struct fixture *fixture = *state;
    struct batch_node row = { .name = bytes_text("web"), .interface = bytes_text("eni-1") };
    struct error err;
    for (uint32_t feed = 0; feed < 2; feed++) {
        struct batch_coverage quiet = { .kind = COVERAGE_NODATA, .start_ms = 0, .end_ms = 60000 };
        uint8_t log;
        assert_true(batch_add_node(&fixture->batch, &row, &quiet.node, &err));
        assert_true(batch_add_flow_log(&fixture->batch, bytes_text("log"), &log, &err));
        assert_true(batch_add_coverage(&fixture->batch, &quiet));
        give(fixture, feed, NULL);
    }
    assert_int_equal(sightings_overlap(&fixture->sightings).points, 1);
}

static void rows_that_are_left_out_are_not_seen(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t IS_LEFT_OUT[] = { 1, 0, 1 };
    record(fixture, "web", "eni-1", 5000, 6000);
    record(fixture, "web", "eni-1", 0, 10);
    record(fixture, "db", "eni-2", 0, 10);
    give(fixture, 0, IS_LEFT_OUT);
    assert_int_equal(fixture->counts[0].nodes, 1);
    record(fixture, "web", "eni-1", 5000, 6000);
    give(fixture, 1, NULL);
    assert_int_equal(sightings_overlap(&fixture->sightings).points, 0);
}

/* The table grows several times; each point is in two feeds at once. */
static void many_points_are_all_found_again(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 20000 };
    for (uint32_t feed = 0; feed < 2; feed++) {
        for (int i = 0; i < COUNT; i++) {
            char name[32];
            snprintf(name, sizeof name, "eni-%05d", i);
            record(fixture, name, name, 0, 10);
        }
        give(fixture, feed, NULL);
        assert_int_equal(fixture->counts[feed].nodes, COUNT);
    }
    struct sighting_overlap overlap = sightings_overlap(&fixture->sightings);
    assert_int_equal(overlap.points, COUNT);
    assert_string_equal(text_of(overlap.name), "eni-00000");
    assert_false(fixture->sightings.is_cut);
}

static void beyond_the_bound_nothing_is_known_and_that_is_said(void **state) {
    struct fixture *fixture = *state;
    enum { NODES = 60000 }; /* two rows each: a point and a name */
    for (uint32_t feed = 0; feed < 3; feed++) {
        uint8_t log;
        struct error failed;
        assert_true(batch_add_flow_log(&fixture->batch, bytes_text("log"), &log, &failed));
        for (int i = 0; i < NODES; i++) {
            char name[32];
            snprintf(name, sizeof name, "%d", i);
            struct batch_node row = { .name = bytes_text(name), .interface = bytes_text(name) };
            struct batch_coverage quiet = { .kind = COVERAGE_NODATA, .end_ms = 1 };
            struct error err;
            assert_true(batch_add_node(&fixture->batch, &row, &quiet.node, &err));
            assert_true(batch_add_coverage(&fixture->batch, &quiet));
        }
        give(fixture, feed, NULL);
    }
    assert_int_equal(fixture->sightings.count, SIGHTINGS_MAX);
    assert_true(fixture->sightings.is_cut);
    assert_int_equal(fixture->counts[0].nodes, NODES);
    assert_true(fixture->counts[2].nodes < NODES);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nodes_and_interfaces_are_counted_once_a_feed),
        TEST(an_interface_in_two_feeds_at_once_is_an_overlap),
        TEST(an_interface_in_two_feeds_one_after_the_other_is_none),
        TEST(three_feeds_overlap_by_the_one_that_lasts_longest),
        TEST(two_logs_of_one_feed_overlap_too),
        TEST(the_same_interface_of_another_node_is_another_point),
        TEST(coverage_is_a_sighting_too),
        TEST(rows_that_are_left_out_are_not_seen),
        TEST(many_points_are_all_found_again),
        TEST(beyond_the_bound_nothing_is_known_and_that_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
