/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of small files, read through the fake source of tests/unit/feed_source.h (its lines say
 * START END NODE BYTES, in seconds) or as AWS text. */
#include "ingest/exam.h"

#include "ingest/capture.h"
#include "tests/unit/feed_source.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

struct fixture {
    char *folder;
    struct exam exam;
    struct exam_options options;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->folder = scratch_new();
    fixture->options = (struct exam_options){
        .feeds = { .format = &fake_source, .lateness_ms = -1, .threads = 1 },
        .read_size_max = UINT64_MAX,
    };
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    exam_done(&fixture->exam);
    scratch_free(fixture->folder);
    free(fixture);
    return 0;
}

static void put(struct fixture *fixture, const char *name, const char *text, size_t size) {
    FILE *file = fopen(scratch_path(fixture->folder, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_text(struct fixture *fixture, const char *name, const char *text) {
    put(fixture, name, text, strlen(text));
}

static const struct exam_feed *make(struct fixture *fixture) {
    struct error err;
    const char *paths[] = { fixture->folder };
    if (!exam_make(&fixture->exam, paths, 1, &fixture->options, &err)) {
        fail_msg("%s", err.message);
    }
    return &fixture->exam.feeds[0];
}

static void objects_are_read_in_their_order_and_summed(void **state) {
    struct fixture *fixture = *state;
    put_text(fixture, "b", "1000 1010 x 5\n");
    put_text(fixture, "a", "2000 2010 y 7\nnodata 2000 2060 z\n");
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->counts.records, 2);
    assert_int_equal(feed->counts.bytes, 12);
    assert_int_equal(feed->counts.nodata, 1);
    assert_int_equal(feed->objects_whole, 2);
    assert_int_equal(feed->start_min_ms, 1000000);
    assert_int_equal(feed->end_max_ms, 2060000);
    assert_int_equal(feed->seen.nodes, 3);
    assert_int_equal(feed->late, 0); /* b holds the older record, and is read first */
}

/* The promise behind 2010 is 2010 + 1 - 120 (lateness) - 60 (reach) = 1831. */
static void what_comes_behind_the_promise_is_late(void **state) {
    struct fixture *fixture = *state;
    put_text(fixture, "a", "1999 2010 x 5\n");
    put_text(fixture, "b", "2000 2011 x 5\n1830 1880 x 5\n");
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->late, 1);
    assert_int_equal(feed->need_ms, 121000);
    assert_int_equal(feed->lateness_ms, 120000);
}

static void the_first_line_of_a_reason_is_kept(void **state) {
    struct fixture *fixture = *state;
    put_text(fixture, "a", "1000 1010 x 5\nbad\n");
    put_text(fixture, "b", "2000 2010 x 5\nworse\nworst\n");
    const struct exam_feed *feed = make(fixture);
    const struct exam_reject *reject = &feed->rejects[REJECT_NUMBER];
    assert_int_equal(reject->count, 3);
    assert_string_equal(reject->path, scratch_path(fixture->folder, "a"));
    assert_int_equal(reject->first.line, 2);
    assert_int_equal(feed->rejects[REJECT_TIME].count, 0);
}

static void copies_are_told_by_content_and_empty_files_are_none(void **state) {
    struct fixture *fixture = *state;
    put_text(fixture, "a", "1000 1010 x 5\n");
    put_text(fixture, "b", "1000 1010 x 6\n"); /* of the same size */
    put_text(fixture, "c", "1000 1010 x 5\n");
    put_text(fixture, "d", "");
    put_text(fixture, "e", "");
    make(fixture);
    assert_int_equal(fixture->exam.copies.count, 1);
    assert_string_equal(fixture->exam.copies.paths[0], scratch_path(fixture->folder, "a"));
    assert_string_equal(fixture->exam.copies.paths[1], scratch_path(fixture->folder, "c"));
    assert_true(fixture->exam.copies.is_whole_compared);
    assert_int_equal(fixture->exam.trouble_counts[EXAM_EMPTY], 2);
}

static void a_format_that_nobody_reads_is_named_and_costs_only_itself(void **state) {
    struct fixture *fixture = *state;
    fixture->options.feeds.format = NULL;
    put_text(fixture, "a", "PAR1....");
    put_text(fixture, "b", "2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1000 1010 ACCEPT OK\n");
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->counts.records, 1);
    assert_int_equal(fixture->exam.trouble_count, 1);
    assert_int_equal(fixture->exam.troubles[0].kind, EXAM_FOREIGN);
    assert_string_equal(fixture->exam.troubles[0].what, "Apache Parquet");
    assert_string_equal(fixture->exam.troubles[0].path, scratch_path(fixture->folder, "a"));
}

static void a_text_that_no_source_knows_is_assumed_and_not_described(void **state) {
    struct fixture *fixture = *state;
    fixture->options.feeds.format = NULL;
    put_text(fixture, "a", "hello\n");
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->objects_assumed, 1);
    assert_false(feed->has_format);
    assert_int_equal(feed->layout_count, 0);
    assert_int_equal(feed->fact_count, 0);
    assert_int_equal(feed->counts.malformed, 1);
}

/* Whoever makes captures says how many frames were dropped; two of them could say that it was none.
 */
static void counts_of_facts_that_are_too_many_do_not_wrap(void **state) {
    struct fixture *fixture = *state;
    static const char CAPTURE[] = /* section, interface, a frame, statistics: 2^63 dropped */
        "\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0"
        "\0"
        "\1\0\0\0\x14\0\0\0\1\0\0\0\0\0\0\0\x14\0\0\0"
        "\6\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\x20\0\0\0"
        "\5\0\0\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\5\0\x08\0\0\0\0\0\0\0\0\x80\x24\0\0\0";
    fixture->options.feeds.format = &capture_source;
    put(fixture, "a", CAPTURE, sizeof CAPTURE - 1);
    put(fixture, "b", CAPTURE, sizeof CAPTURE - 1);
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->objects_described, 2);
    for (uint32_t i = 0; i < feed->fact_count; i++) {
        if (strcmp(feed->facts[i].fact.id, "dropped") == 0) {
            assert_int_equal(feed->facts[i].fact.count, UINT64_MAX);
            assert_int_equal(feed->facts[i].fact.of, UINT64_MAX);
            return;
        }
    }
    fail_msg("nothing was said of what was dropped");
}

static void facts_and_layouts_of_objects_are_counted(void **state) {
    struct fixture *fixture = *state;
    fixture->options.feeds.format = NULL;
    put_text(fixture, "a", "2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1000 1010 ACCEPT OK\n");
    put_text(fixture, "b", "2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 41 1000 1010 ACCEPT OK\n");
    put_text(fixture, "c",
             "interface-id srcaddr dstaddr start end bytes flow-direction\n"
             "eni-1 10.0.0.1 10.0.0.2 1000 1010 5 egress\n");
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->layout_count, 2);
    assert_int_equal(feed->layouts[0].objects, 2);
    assert_int_equal(feed->layouts[1].objects, 1);
    assert_int_equal(feed->objects_described, 3);
    for (uint32_t i = 0; i < feed->fact_count; i++) {
        if (strcmp(feed->facts[i].fact.id, "no_flow_direction") == 0) {
            assert_int_equal(feed->facts[i].objects, 2);
            return;
        }
    }
    fail_msg("flow-direction is not missed");
}

/* One object of 1 MB: with a budget of nothing a piece and a batch are read, not all. */
static void a_large_object_is_read_in_part(void **state) {
    struct fixture *fixture = *state;
    enum { LINES = 80000 };
    char *text = malloc((size_t)LINES * 16 + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LINES; i++) {
        snprintf(text + i * 16, 17, "1000 1010 x %03zu\n", i % 1000);
    }
    put(fixture, "a", text, (size_t)LINES * 16);
    free(text);
    fixture->options.read_size_max = 0;
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->objects_read, 1);
    assert_int_equal(feed->objects_whole, 0);
    assert_in_range(feed->counts.records, 1, LINES - 1);
    assert_int_equal(fixture->exam.size, LINES * 16);
    assert_in_range(fixture->exam.read_size, 1, LINES * 16 - 1);
}

static void a_part_is_chosen_from_both_ends(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 40; i++) {
        char name[16];
        char text[32];
        snprintf(name, sizeof name, "%02d", i);
        snprintf(text, sizeof text, "%d %d x 5\n", 1000 + 10 * i, 1005 + 10 * i);
        put_text(fixture, name, text);
    }
    fixture->options.read_size_max = fixture->exam.size + 14 * 10;
    const struct exam_feed *feed = make(fixture);
    assert_int_equal(feed->objects_read, 8);
    assert_int_equal(feed->start_min_ms, 1000000);
    assert_int_equal(feed->end_max_ms, 1395000);
    assert_int_equal(feed->ordered, 6); /* the first of each run is late to nothing */
}

static void what_cannot_be_opened_is_a_trouble(void **state) {
    struct fixture *fixture = *state;
    struct error err;
    put_text(fixture, "a", "1000 1010 x 5\n");
    const char *paths[] = { fixture->folder, scratch_path(fixture->folder, "none") };
    assert_true(exam_make(&fixture->exam, paths, 2, &fixture->options, &err));
    assert_int_equal(fixture->exam.trouble_counts[EXAM_UNREADABLE], 1);
    assert_string_equal(fixture->exam.troubles[0].path, paths[1]);
    assert_null(strstr(fixture->exam.troubles[0].what, paths[1])); /* the path is said once */
}

static void options_that_a_source_refuses_end_it(void **state) {
    struct fixture *fixture = *state;
    struct error err;
    const char *paths[] = { fixture->folder };
    fixture->options.feeds.format = NULL;
    fixture->options.feeds.source.aws_format = "start start";
    put_text(fixture, "a", "x\n");
    assert_false(exam_make(&fixture->exam, paths, 1, &fixture->options, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
}

static void no_input_is_an_error(void **state) {
    struct fixture *fixture = *state;
    struct error err;
    const char *paths[] = { fixture->folder };
    assert_false(exam_make(&fixture->exam, paths, 1, &fixture->options, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(objects_are_read_in_their_order_and_summed),
        TEST(what_comes_behind_the_promise_is_late),
        TEST(the_first_line_of_a_reason_is_kept),
        TEST(copies_are_told_by_content_and_empty_files_are_none),
        TEST(a_format_that_nobody_reads_is_named_and_costs_only_itself),
        TEST(a_text_that_no_source_knows_is_assumed_and_not_described),
        TEST(counts_of_facts_that_are_too_many_do_not_wrap),
        TEST(facts_and_layouts_of_objects_are_counted),
        TEST(a_large_object_is_read_in_part),
        TEST(a_part_is_chosen_from_both_ends),
        TEST(what_cannot_be_opened_is_a_trouble),
        TEST(options_that_a_source_refuses_end_it),
        TEST(no_input_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
