/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of exams that are made up here, and how they are printed. What the whole command says of
 * real files stands in tests/cli/doctor.sh. */
#include "tools/doctor_finding.h"
#include "tools/doctor_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FEEDS_MAX 64

static const struct source_profile profile = {
    .title = "Fake logs",
    .interval_option = "--fake-interval",
    .interval_advice = "ask for less",
    .intervals_ms = { 60000, 600000 },
    .unseen = "what is fake",
    .names_advice = "keep names",
    .direction_advice = "say whose it is",
};
static const struct source_ops ops = { .name = "fake", .profile = &profile };

struct fixture {
    struct exam exam;
    struct plan_feed plans[FEEDS_MAX];
    struct exam_feed feeds[FEEDS_MAX];
    struct exam_trouble troubles[8];
    struct exam_fact facts[FEEDS_MAX];
    struct findings findings;
    struct findings_context context;
};

static struct fixture *fixture;

/* Feeds "a", "b", ... of one object, of which the first is used, each with a hundred lines that are
 * all records. */
static int set_up(void **state) {
    (void)state;
    static const char *const NAMES[] = { "a", "b", "c", "d", "e" };
    fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    for (size_t i = 0; i < FEEDS_MAX; i++) {
        fixture->plans[i].name = i < 5 ? NAMES[i] : "z";
        fixture->plans[i].count = 1;
        fixture->feeds[i] = (struct exam_feed){
            .plan = &fixture->plans[i],
            .ops = &ops,
            .has_format = true,
            .objects_read = 1,
            .objects_whole = 1,
            .counts = { .lines = 100, .records = 100, .headers = 0 },
            .timed = 100,
            .ordered = 100,
            .lateness_ms = 600000,
            .reach_ms = 600000,
            .start_min_ms = 1772000000000,
            .end_max_ms = 1772000060000,
            .seen = { .nodes = 2, .interfaces = 2 },
        };
    }
    fixture->exam.feeds = fixture->feeds;
    fixture->exam.troubles = fixture->troubles;
    fixture->exam.plan.feed_count = 1;
    fixture->exam.plan.object_count = 1;
    fixture->exam.objects_chosen = fixture->exam.objects_read = fixture->exam.objects_whole = 1;
    fixture->context.has_inventory = true;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    findings_done(&fixture->findings);
    free(fixture);
    return 0;
}

static void use_feeds(size_t count) {
    fixture->exam.plan.feed_count = count;
    fixture->exam.plan.object_count = count;
    fixture->exam.objects_chosen = count;
    fixture->exam.objects_read = fixture->exam.objects_whole = count;
}

static void look(void) {
    struct error err;
    findings_done(&fixture->findings);
    findings_init(&fixture->findings);
    assert_true(findings_make(&fixture->findings, &fixture->exam, &fixture->context, &err));
}

/* The finding of that id, or NULL. */
static const struct finding *found(const char *id) {
    for (size_t i = 0; i < fixture->findings.count; i++) {
        if (strcmp(fixture->findings.rows[i].id, id) == 0) {
            return &fixture->findings.rows[i];
        }
    }
    return NULL;
}

/* "warning: what", "" when there is none. */
static const char *said(const char *id) {
    static char text[512];
    const struct finding *finding = found(id);
    snprintf(text, sizeof text, "%s%s%s",
             finding == NULL ? "" : finding_severity_name(finding->severity),
             finding == NULL ? "" : ": ", finding == NULL ? "" : finding->what);
    return text;
}

static void a_good_exam_has_only_good_findings_and_what_is_never_seen(void **state) {
    (void)state;
    look();
    for (size_t i = 0; i < fixture->findings.count; i++) {
        const struct finding *finding = &fixture->findings.rows[i];
        bool is_unseen = strcmp(finding->id, "unseen") == 0;
        assert_int_equal(finding->severity, is_unseen ? FINDING_NOTE : FINDING_OK);
    }
    assert_string_equal(said("malformed"), "ok: all 100 lines were taken");
    assert_string_equal(said("skipdata"), "ok: no line is SKIPDATA");
    assert_string_equal(said("late"), "ok: all records come within --lateness 10m (0s would do)");
    assert_string_equal(said("unseen"), "note: Fake logs never hold: what is fake");
}

static void shares_are_rounded_down_and_never_to_nothing(void **state) {
    (void)state;
    char text[FINDING_SHARE_SIZE];
    static const struct {
        uint64_t count, of;
        const char *want;
    } CASES[] = {
        { 0, 0, "0.0 %" },       { 0, 10, "0.0 %" },
        { 1, 1000, "0.1 %" },    { 1, 1001, "under 0.1 %" },
        { 999, 1000, "99.9 %" }, { 1999, 2000, "99.9 %" },
        { 7, 7, "100.0 %" },     { UINT64_MAX, UINT64_MAX, "100.0 %" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_string_equal(finding_share(CASES[i].count, CASES[i].of, text), CASES[i].want);
    }
}

static void one_matter_is_one_finding_however_many_feeds_it_is_in(void **state) {
    (void)state;
    use_feeds(5);
    fixture->feeds[1].counts.skipdata = 1;
    look();
    assert_string_equal(said("skipdata"), "warning: 1 of 100 lines (1.0 %) are SKIPDATA in b");
    fixture->feeds[3].counts.skipdata = 2;
    look();
    assert_string_equal(said("skipdata"),
                        "warning: 3 of 200 lines (1.5 %) are SKIPDATA in 2 feeds (b, d)");
    fixture->feeds[0].counts.skipdata = fixture->feeds[2].counts.skipdata = 1;
    look();
    assert_string_equal(said("skipdata"),
                        "warning: 5 of 400 lines (1.2 %) are SKIPDATA in 4 feeds (a, b, c, ...)");
    fixture->feeds[4].counts.skipdata = 1;
    look();
    assert_string_equal(said("skipdata"),
                        "warning: 6 of 500 lines (1.2 %) are SKIPDATA in all 5 feeds");
}

static void findings_come_by_severity_then_by_what_matters(void **state) {
    (void)state;
    fixture->context.has_inventory = false;
    fixture->feeds[0].counts.malformed = 50;
    fixture->feeds[0].counts.skipdata = 1;
    fixture->feeds[0].future = 1;
    look();
    static const char *const WANT[] = { "malformed",    "future", "skipdata",
                                        "no_inventory", "unseen", "direction_unknown",
                                        "late" };
    assert_int_equal(fixture->findings.count, sizeof WANT / sizeof *WANT);
    for (size_t i = 0; i < fixture->findings.count; i++) {
        assert_string_equal(fixture->findings.rows[i].id, WANT[i]);
    }
}

static void a_tenth_of_malformed_lines_is_a_problem_and_less_a_warning(void **state) {
    (void)state;
    static const struct {
        uint64_t malformed, lines;
        enum finding_severity want;
    } CASES[] = {
        { 0, 100, FINDING_OK },       { 1, 100, FINDING_WARNING }, { 9, 100, FINDING_WARNING },
        { 10, 100, FINDING_PROBLEM }, { 1, 1, FINDING_PROBLEM },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        fixture->feeds[0].counts.malformed = CASES[i].malformed;
        fixture->feeds[0].counts.lines = CASES[i].lines;
        look();
        assert_int_equal(found("malformed")->severity, CASES[i].want);
    }
}

static void unknown_directions_are_a_warning_from_a_hundredth_on(void **state) {
    (void)state;
    fixture->feeds[0].counts.records = 1000;
    fixture->feeds[0].counts.direction_unknown = 9;
    look();
    assert_string_equal(said("direction_unknown"),
                        "note: 9 of 1000 records (0.9 %) have no known direction");
    fixture->feeds[0].counts.direction_unknown = 10;
    look();
    assert_int_equal(found("direction_unknown")->severity, FINDING_WARNING);
    assert_non_null(strstr(found("direction_unknown")->advice, "to the inventory"));
    fixture->context.has_inventory = false;
    look();
    assert_non_null(strstr(found("direction_unknown")->advice, "say whose it is"));
}

static void late_records_ask_for_the_lateness_that_holds_them(void **state) {
    (void)state;
    use_feeds(2);
    fixture->feeds[1].late = 7;
    fixture->feeds[1].need_ms = 1140001; /* 19 minutes and a millisecond */
    look();
    assert_string_equal(said("late"), "warning: up to 7 of 100 records (7.0 %) come later than "
                                      "--lateness 10m allows in b");
    assert_string_equal(found("late")->advice, "--lateness 20m holds all that was read");
}

static void what_is_days_late_is_not_held_by_any_lateness(void **state) {
    (void)state;
    fixture->feeds[0].late = 1;
    fixture->feeds[0].need_ms = 86400000;
    look();
    assert_string_equal(found("late")->advice, "--lateness 1d holds all that was read");
    fixture->feeds[0].need_ms = 86400001;
    look();
    assert_non_null(strstr(found("late")->advice, "apart"));
}

static void nothing_is_said_of_lateness_where_nothing_could_be_late(void **state) {
    (void)state;
    fixture->feeds[0].ordered = 0;
    look();
    assert_null(found("late"));
}

static void the_interval_is_compared_with_the_one_that_is_set(void **state) {
    (void)state;
    static const struct {
        int64_t interval_ms, reach_ms;
        const char *want;
        const char *advice;
    } CASES[] = {
        { 0, 600000, "", NULL },
        { 60000, 60000, "ok", NULL },
        { 60000, 600000, "note", "say --fake-interval 60s" },
        { 600000, 600000, "note", "ask for less" },
        { 600000, 60000, "warning", "say --fake-interval 600s" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        fixture->feeds[0].interval_ms = CASES[i].interval_ms;
        fixture->feeds[0].reach_ms = CASES[i].reach_ms;
        look();
        const struct finding *finding = found("interval");
        assert_string_equal(finding == NULL ? "" : finding_severity_name(finding->severity),
                            CASES[i].want);
        if (CASES[i].advice != NULL) {
            assert_string_equal(finding->advice, CASES[i].advice);
        }
    }
}

static void gaps_are_told_by_the_longest(void **state) {
    (void)state;
    use_feeds(2);
    look();
    assert_null(found("gaps"));
    fixture->feeds[0].gaps = 2;
    fixture->feeds[0].gap_max_ms = 7200000;
    fixture->feeds[1].gaps = 1;
    fixture->feeds[1].gap_max_ms = 9000000;
    fixture->feeds[1].gap_from_ms = 1772000000000;
    look();
    assert_string_equal(said("gaps"), "note: 3 gaps of more than an hour in all 2 feeds, the "
                                      "longest of 2h30m from 2026-02-25T06:13:20Z");
}

static void names_matter_where_a_folder_has_several_objects(void **state) {
    (void)state;
    fixture->feeds[0].objects_unnamed = 1;
    look();
    assert_null(found("names"));
    fixture->plans[0].count = 3;
    fixture->feeds[0].objects_unnamed = 2;
    look();
    assert_string_equal(said("names"),
                        "note: names of 2 of 3 objects tell no flow log and no time");
    assert_string_equal(found("names")->advice, "keep names");
}

static void give_fact(size_t feed, const char *unit, uint64_t count, uint64_t of, size_t objects) {
    fixture->facts[feed] = (struct exam_fact){
        .fact = { .id = "tunnels",
                  .weight = SOURCE_WARNING,
                  .what = "are in tunnels",
                  .why = "why",
                  .advice = "do",
                  .unit = unit,
                  .count = count,
                  .of = of },
        .objects = objects,
    };
    fixture->feeds[feed].facts = &fixture->facts[feed];
    fixture->feeds[feed].fact_count = 1;
    fixture->feeds[feed].objects_described = 2;
}

static void facts_of_sources_are_joined_by_their_id(void **state) {
    (void)state;
    use_feeds(3);
    give_fact(0, "frames", 10, 100, 1);
    give_fact(2, "frames", 5, 200, 1);
    look();
    assert_string_equal(said("tunnels"),
                        "warning: 15 of 300 frames (5.0 %) are in tunnels in 2 feeds (a, c)");
    give_fact(0, "frames", 0, 100, 1);
    give_fact(2, "frames", 0, 200, 1);
    look();
    assert_string_equal(said("tunnels"), "");
    give_fact(0, NULL, 0, 0, 1);
    give_fact(2, NULL, 0, 0, 2);
    look();
    assert_string_equal(said("tunnels"),
                        "warning: in 3 of 4 objects are in tunnels in 2 feeds (a, c)");
}

static void troubles_are_counted_and_the_first_is_named(void **state) {
    (void)state;
    fixture->troubles[0] =
        (struct exam_trouble){ EXAM_FOREIGN, "x.orc", "Apache ORC", "convert it" };
    fixture->troubles[1] = (struct exam_trouble){ EXAM_UNREADABLE, "y", "no such file", NULL };
    fixture->troubles[2] = (struct exam_trouble){ EXAM_FOREIGN, "z.orc", "Apache ORC", NULL };
    fixture->troubles[3] = (struct exam_trouble){ EXAM_EMPTY, "e", "empty", NULL };
    fixture->exam.trouble_count = 4;
    fixture->exam.trouble_counts[EXAM_FOREIGN] = 2;
    fixture->exam.trouble_counts[EXAM_UNREADABLE] = 101;
    fixture->exam.trouble_counts[EXAM_EMPTY] = 1;
    fixture->exam.plan.object_count = 200;
    look();
    assert_string_equal(said("foreign"), "problem: 2 of 200 files: Apache ORC (x.orc, ...)");
    assert_string_equal(said("unreadable"),
                        "problem: 101 of 200 files not readable: y (no such file), ...");
    assert_string_equal(said("empty"), "note: 1 of 200 files empty: e");
    assert_int_equal(found("unreadable")->count, 101);
}

static void a_part_is_said_to_be_one(void **state) {
    (void)state;
    look();
    assert_null(found("sampled"));
    fixture->exam.objects_whole = 0;
    look();
    assert_int_equal(found("sampled")->severity, FINDING_NOTE);
    fixture->exam.objects_whole = 1;
    fixture->exam.plan.object_count = 2;
    look();
    assert_int_equal(found("sampled")->severity, FINDING_NOTE);
}

static void nothing_is_praised_where_nothing_was_found(void **state) {
    (void)state;
    fixture->feeds[0].counts = (struct source_counts){ .lines = 3, .malformed = 3 };
    fixture->feeds[0].ordered = fixture->feeds[0].timed = 0;
    look();
    assert_non_null(found("no_records"));
    assert_null(found("skipdata"));
    assert_null(found("unseen"));
    assert_null(found("direction_unknown"));
    assert_null(found("late"));
}

/* What text the view prints. */
static char *view_in(bool is_json, bool has_colour, int width) {
    char *text = NULL;
    size_t size;
    struct error err;
    FILE *out = open_memstream(&text, &size);
    struct doctor_view how = { out, has_colour, width };
    assert_non_null(out);
    assert_true(is_json ? doctor_view_json(&fixture->findings, &fixture->exam, out, &err)
                        : doctor_view_text(&fixture->findings, &fixture->exam, &how, &err));
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *view(bool is_json, bool has_colour) {
    return view_in(is_json, has_colour, INT32_MAX);
}

/* At any width the same words come in the same order, and only what has no blank is wider. */
static void lines_are_broken_between_words(void **state) {
    (void)state;
    fixture->feeds[0].counts.skipdata = 1;
    fixture->plans[0].name = "a-name-of-a-feed-that-is-wider-than-some-of-the-widths-are";
    look();
    char *whole = view(false, false);
    for (int width = 0; width < 300; width += 7) {
        char *broken = view_in(false, width % 2 == 0, width);
        const char *words = whole;
        for (char *at = broken; *at != '\0'; at++) {
            size_t line = strcspn(at, "\n");
            bool has_blank = line > 12 && memchr(at + 12, ' ', line - 12) != NULL;
            bool has_colour = memchr(at, '\033', line) != NULL;
            assert_true(line <= (size_t)width || !has_blank || has_colour);
            at += line;
        }
        for (const char *at = broken; *at != '\0'; at++) {
            if (*at == '\033') {
                at += strcspn(at, "m");
            } else if (*at != ' ' && *at != '\n') {
                words += strspn(words, " \n");
                assert_int_equal(*at, *words);
                words++;
            }
        }
        assert_int_equal(words[strspn(words, " \n")], 0);
        free(broken);
    }
    free(whole);
}

static void names_from_paths_are_made_printable(void **state) {
    (void)state;
    fixture->plans[0].name = "a\033[31m\n";
    look();
    char *text = view(false, false);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "feed a\\x1b[31m\\x0a\n"));
    free(text);
    text = view(true, false);
    assert_null(strchr(text, '\033'));
    free(text);
}

static void colour_changes_nothing_but_colour(void **state) {
    (void)state;
    fixture->feeds[0].counts.skipdata = 1;
    look();
    char *plain = view(false, false);
    char *coloured = view(false, true);
    char *out = coloured;
    for (const char *at = coloured; *at != '\0';) {
        if (*at == '\033') {
            at += strcspn(at, "m") + 1;
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
    assert_string_equal(coloured, plain);
    free(plain);
    free(coloured);
}

static void text_shows_some_feeds_and_json_all(void **state) {
    (void)state;
    use_feeds(FEEDS_MAX);
    look();
    char *text = view(false, false);
    assert_non_null(strstr(text, "and 44 more feeds (-o json shows all)\n"));
    free(text);
    text = view(true, false);
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, "{\"feed\":")) != NULL; at++) {
        count++;
    }
    assert_int_equal(count, FEEDS_MAX);
    free(text);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_good_exam_has_only_good_findings_and_what_is_never_seen),
        TEST(shares_are_rounded_down_and_never_to_nothing),
        TEST(one_matter_is_one_finding_however_many_feeds_it_is_in),
        TEST(findings_come_by_severity_then_by_what_matters),
        TEST(a_tenth_of_malformed_lines_is_a_problem_and_less_a_warning),
        TEST(unknown_directions_are_a_warning_from_a_hundredth_on),
        TEST(late_records_ask_for_the_lateness_that_holds_them),
        TEST(what_is_days_late_is_not_held_by_any_lateness),
        TEST(nothing_is_said_of_lateness_where_nothing_could_be_late),
        TEST(the_interval_is_compared_with_the_one_that_is_set),
        TEST(gaps_are_told_by_the_longest),
        TEST(names_matter_where_a_folder_has_several_objects),
        TEST(facts_of_sources_are_joined_by_their_id),
        TEST(troubles_are_counted_and_the_first_is_named),
        TEST(a_part_is_said_to_be_one),
        TEST(nothing_is_praised_where_nothing_was_found),
        TEST(lines_are_broken_between_words),
        TEST(names_from_paths_are_made_printable),
        TEST(colour_changes_nothing_but_colour),
        TEST(text_shows_some_feeds_and_json_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
