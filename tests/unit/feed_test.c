/* SPDX-License-Identifier: Apache-2.0 */
/* Times are seconds after T. With the fake source low = end - 179 s (unit 1, D 60, lateness 120).
 */
#include "ingest/feed.h"

#include "tests/unit/feed_source.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define T 1000000
#define NEVER INT64_MIN
#define YEAR_2099 4070908800

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void write_file(const char *folder, const char *name, const char *text) {
    FILE *file = fopen(scratch_path(folder, name), "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *folder, const char *name) {
    assert_int_equal(mkdir(scratch_path(folder, name), 0700), 0);
}

/* One batch as it was given. */
struct given {
    char feed[32]; /* the last folder of its name */
    uint64_t num;
    uint32_t flags;
    uint32_t count;
    uint32_t coverage;
    int64_t low_s;       /* after T, or NEVER */
    int64_t watermark_s; /* the same, or INT64_MAX */
    uint64_t bytes;      /* of its records */
};

struct run {
    struct given given[64];
    size_t count;  /* may pass 64: the rest is only in `hash` */
    uint64_t hash; /* of everything that was given */
    struct feed_counts counts;
    struct feed_position position; /* of the first feed */
    size_t rejects;
    size_t damages;
    char damage[ERROR_MESSAGE_SIZE];
    struct error err;
    bool ok;
};

static void on_reject(void *context, const char *path, const struct source_reject *reject) {
    (void)path;
    (void)reject;
    ((struct run *)context)->rejects++;
}

static void on_damage(void *context, const char *path, const struct error *why) {
    (void)path;
    struct run *run = context;
    run->damages++;
    snprintf(run->damage, sizeof run->damage, "%s", why->message);
}

static int64_t after_t(int64_t time_ms) {
    return time_ms == INT64_MIN || time_ms == INT64_MAX ? time_ms : time_ms / 1000 - T;
}

static void mix(struct run *run, const void *data, size_t size) {
    run->hash = XXH3_64bits_withSeed(data, size, run->hash);
}

static void note(struct run *run, const struct batch *batch, int64_t watermark_ms) {
    struct error err;
    if (!batch_check(batch, &err)) {
        fail_msg("%s", err.message);
    }
    struct given given = {
        .num = batch->stamp.num,
        .flags = batch->stamp.flags,
        .count = batch->count,
        .coverage = batch->coverage_count,
        .low_s = after_t(batch->stamp.low_ms),
        .watermark_s = after_t(watermark_ms),
    };
    mix(run, batch->stamp.feed.data, batch->stamp.feed.size);
    mix(run, &given.num, sizeof given.num);
    mix(run, &given.flags, sizeof given.flags);
    mix(run, &given.low_s, sizeof given.low_s);
    mix(run, &given.watermark_s, sizeof given.watermark_s);
    mix(run, batch->start_ms, batch->count * sizeof *batch->start_ms);
    mix(run, batch->end_ms, batch->count * sizeof *batch->end_ms);
    mix(run, batch->bytes, batch->count * sizeof *batch->bytes);
    mix(run, batch->src, batch->count * sizeof *batch->src);
    mix(run, batch->node, batch->count * sizeof *batch->node);
    for (uint32_t i = 0; i < batch->node_count; i++) {
        mix(run, batch->nodes[i].name.data, batch->nodes[i].name.size);
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        mix(run, &batch->coverage[i].start_ms, sizeof(int64_t));
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        given.bytes += batch->bytes[i];
    }
    snprintf(given.feed, sizeof given.feed, "%.*s", (int)batch->stamp.feed.size,
             (const char *)batch->stamp.feed.data);
    const char *slash = memrchr(batch->stamp.feed.data, '/', batch->stamp.feed.size);
    if (slash != NULL) {
        snprintf(given.feed, sizeof given.feed, "%.*s",
                 (int)(batch->stamp.feed.size -
                       (size_t)(slash + 1 - (const char *)batch->stamp.feed.data)),
                 slash + 1);
    }
    if (run->count < COUNT(run->given)) {
        run->given[run->count] = given;
    }
    run->count++;
}

static struct feed_options fake_options(void) {
    return (struct feed_options){ .format = &fake_source, .lateness_ms = -1, .threads = 1 };
}

static struct run run_paths(const char *const *paths, size_t count,
                            const struct feed_options *options,
                            const struct feed_position *positions, size_t position_count) {
    struct run run = { 0 };
    struct feed_events events = { .context = &run, .reject = on_reject, .damage = on_damage };
    struct feeds *feeds = NULL;
    run.ok = feeds_open(&feeds, paths, count, options, &events, &run.err);
    if (!run.ok) {
        assert_null(feeds);
        return run;
    }
    assert_true(feeds_resume(feeds, positions, position_count, &run.err));
    int64_t before_ms = INT64_MIN;
    for (;;) {
        const struct batch *batch;
        int64_t watermark_ms;
        run.ok = feeds_next(feeds, &batch, &watermark_ms, &run.err);
        if (!run.ok || batch == NULL) {
            assert_true(!run.ok || watermark_ms == INT64_MAX);
            break;
        }
        assert_true(watermark_ms >= before_ms);
        before_ms = watermark_ms;
        note(&run, batch, watermark_ms);
    }
    run.counts = *feeds_counts(feeds);
    run.position = feeds_position(feeds, 0);
    run.position.feed = NULL;
    feeds_close(feeds);
    return run;
}

static struct run run_folder(const char *folder) {
    struct feed_options options = fake_options();
    return run_paths(&folder, 1, &options, NULL, 0);
}

static void assert_given(const struct run *run, const struct given *want, size_t count) {
    if (!run->ok) {
        fail_msg("%s", run->err.message);
    }
    assert_int_equal(run->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct given *got = &run->given[i];
        if (strcmp(got->feed, want[i].feed) != 0 || got->num != want[i].num ||
            got->flags != want[i].flags || got->count != want[i].count ||
            got->coverage != want[i].coverage || got->low_s != want[i].low_s ||
            got->watermark_s != want[i].watermark_s || got->bytes != want[i].bytes) {
            fail_msg(
                "batch %zu: feed %s num %lu flags %u count %u coverage %u low %ld watermark %ld "
                "bytes %lu",
                i, got->feed, got->num, got->flags, got->count, got->coverage, got->low_s,
                got->watermark_s, got->bytes);
        }
    }
}

/* "T+5 T+9 n 7": times after T, so that they can be read. */
static void write_records(const char *folder, const char *name, const int64_t (*rows)[3],
                          size_t count) {
    FILE *file = fopen(scratch_path(folder, name), "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%ld %ld n%zu %ld\n", T + rows[i][0], T + rows[i][1], i % 3, rows[i][2]);
    }
    assert_int_equal(fclose(file), 0);
}

static void two_feeds_interleave_by_low(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    make_folder(folder, "b");
    /* More than an hour apart: each object is a batch of its own. */
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    write_records(folder, "a/2", (int64_t[][3]){ { 4000, 4000, 2 } }, 1);
    write_records(folder, "b/1", (int64_t[][3]){ { 2000, 2000, 4 } }, 1);
    write_records(folder, "b/2", (int64_t[][3]){ { 6000, 6000, 8 } }, 1);
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){
                     { "a", 1, 0, 1, 0, -179, NEVER, 1 },
                     { "b", 1, 0, 1, 0, 1821, -179, 4 },
                     { "a", 2, BATCH_END, 1, 0, 3821, 1821, 2 },
                     { "b", 2, BATCH_END, 1, 0, 5821, INT64_MAX, 8 },
                 },
                 4);
    scratch_free(folder);
}

static struct source_promise promise_10_and_5(const struct source_options *options) {
    (void)options;
    return (struct source_promise){ .reach_ms = 10000, .lateness_ms = 5000 };
}

/* low = end + 1 - lateness - D. */
static void what_a_source_promises_can_be_widened_but_not_undercut(void **state) {
    (void)state;
    static const struct {
        int64_t lateness_ms;
        int64_t want_low_s;
    } CASES[] = { { -1, -14 }, { 0, -14 }, { 7000, -16 } };
    struct source_ops promising = fake_source;
    promising.promise = promise_10_and_5;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    const char *paths[] = { folder };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct feed_options options = { .format = &promising,
                                        .lateness_ms = CASES[i].lateness_ms,
                                        .reach_ms = 600000, /* not this source's to take */
                                        .threads = 1 };
        struct run run = run_paths(paths, 1, &options, NULL, 0);
        assert_given(&run,
                     (struct given[]){
                         { "a", 1, BATCH_END, 1, 0, CASES[i].want_low_s, INT64_MAX, 1 },
                     },
                     1);
    }
    scratch_free(folder);
}

static void what_is_older_than_the_said_low_is_late(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1); /* says -179 */
    write_records(folder, "a/2",
                  (int64_t[][3]){
                      { 4000, 4001, 2 },
                      { -500, -480, 4 },   /* touches -500: late */
                      { -179, -179, 8 },   /* just on time */
                      { -180, -125, 32 },  /* one second late */
                      { -1000, -120, 64 }, /* counts in its last 60 s only: from -179 on */
                      { 4000, 4002, 16 },
                      { 4003, 4003, 128 },
                      { 4003, 4003, 256 },
                      /* The old ones must be few, or 4001 would be the future to them. */
                      { 4003, 4003, 0 },
                      { 4003, 4003, 0 },
                      { 4003, 4003, 0 },
                      { 4003, 4003, 0 },
                  },
                  12);
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){
                     { "a", 1, 0, 1, 0, -179, -179, 1 },
                     { "a", 2, 0, 10, 0, 3824, 3824, 2 + 8 + 16 + 64 + 128 + 256 },
                     { "a", 3, BATCH_LATE | BATCH_END, 2, 0, 3824, INT64_MAX, 4 + 32 },
                 },
                 3);
    assert_int_equal(run.counts.late, 2);
    assert_int_equal(run.counts.future, 0);
    assert_int_equal(run.counts.source.records, 13);
    assert_int_equal(run.counts.first_ms, (T - 1000) * INT64_C(1000));
    scratch_free(folder);
}

static void with_a_stamp_an_hour_behind_it_is_the_future(void **state) {
    (void)state;
    char *folder = scratch_new();
    /* 1970-01-12T13:46Z is 999,960 s: T - 40. */
    const char *name = "123456789012_vpcflowlogs_eu-west-1_fl-0a_19700112T1346Z_ab.log";
    write_records(folder, name,
                  (int64_t[][3]){ { 0, 0, 1 }, { 0, 3600 - 40, 2 }, { 0, 3601 - 40, 4 } }, 3);
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){
                     { "fl-0a", 1, 0, 2, 0, 3560 - 179, 3560 - 179, 3 },
                     { "fl-0a", 2, BATCH_FUTURE | BATCH_END, 1, 0, 3560 - 179, INT64_MAX, 4 },
                 },
                 2);
    assert_int_equal(run.counts.future, 1);
    scratch_free(folder);
}

static void a_record_of_2099_in_the_middle_moves_nothing(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    int64_t rows[100][3];
    for (size_t odd = 0; odd < COUNT(rows); odd += 33) { /* first, in the middle, last */
        for (size_t i = 0; i < COUNT(rows); i++) {
            rows[i][0] = rows[i][1] = (int64_t)i * 2700; /* three days: a quiet log, in order */
            rows[i][2] = 1;
        }
        rows[odd][0] = rows[odd][1] = YEAR_2099 - T;
        rows[odd][2] = 1000;
        write_records(folder, "a/1", (const int64_t(*)[3])rows, COUNT(rows));
        struct run run = run_folder(folder);
        int64_t low = (odd == 99 ? 98 : 99) * 2700 - 179;
        assert_given(&run,
                     (struct given[]){
                         { "a", 1, 0, 99, 0, low, low, 99 },
                         { "a", 2, BATCH_FUTURE | BATCH_END, 1, 0, low, INT64_MAX, 1000 },
                     },
                     2);
        assert_int_equal(run.counts.last_ms, YEAR_2099 * INT64_C(1000));
    }
    scratch_free(folder);
}

static void late_and_future_follow_their_batch_with_numbers_of_their_own(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    write_records(folder, "a/2",
                  (int64_t[][3]){ { 4000, 4000, 2 },
                                  { YEAR_2099, YEAR_2099, 4 },
                                  { 4000, 4000, 8 },
                                  { -900, -900, 16 },
                                  { 4000, 4000, 32 } },
                  5);
    write_records(folder, "a/3", (int64_t[][3]){ { 9000, 9000, 64 } }, 1);
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){
                     { "a", 1, 0, 1, 0, -179, -179, 1 },
                     { "a", 2, 0, 3, 0, 3821, 3821, 2 + 8 + 32 },
                     { "a", 3, BATCH_LATE, 1, 0, 3821, 3821, 16 },
                     { "a", 4, BATCH_FUTURE, 1, 0, 3821, 3821, 4 },
                     { "a", 5, BATCH_END, 1, 0, 8821, INT64_MAX, 64 },
                 },
                 5);
    assert_int_equal(run.position.num, 5);
    scratch_free(folder);
}

static void a_group_of_late_records_only_gives_no_empty_batch(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    char name[512];
    snprintf(name, sizeof name, "%s/a", folder);
    struct feed_position said = { name, 1, 7, (T + 100) * INT64_C(1000) };
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, &said, 1);
    assert_given(
        &run, (struct given[]){ { "a", 8, BATCH_LATE | BATCH_END, 1, 0, 100, INT64_MAX, 1 } }, 1);
    scratch_free(folder);
}

static void small_objects_are_joined_and_large_ones_passed_on(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    make_folder(folder, "b");
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "a/%03d", i);
        write_records(folder, name, (int64_t[][3]){ { i, i, 1 }, { i, i, 10 }, { i, i + 1, 100 } },
                      3);
    }
    FILE *file = fopen(scratch_path(folder, "b/1"), "wb");
    for (int i = 0; i < 40000; i++) {
        fprintf(file, "%d %d n%d 1\n", T + i / 100, T + i / 100, i % 5);
    }
    fclose(file);
    struct run run = run_folder(folder);
    assert_int_equal(run.count, 3);
    assert_int_equal(run.given[0].count, 300);
    assert_int_equal(run.given[0].bytes, 11100);
    assert_int_equal(run.given[0].flags, BATCH_END);
    assert_int_equal(run.given[1].count, BATCH_RECORDS_MAX);
    assert_int_equal(run.given[2].count, 40000 - BATCH_RECORDS_MAX);
    assert_int_equal(run.counts.files, 101);
    assert_int_equal(run.counts.input_bytes, run.counts.input_bytes_total);
    scratch_free(folder);
}

static void objects_without_a_stamp_come_by_their_first_record(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 9000, 9000, 4 } }, 1);
    write_records(folder, "a/2", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    write_records(folder, "a/3", (int64_t[][3]){ { 4500, 4500, 2 } }, 1);
    struct run run = run_folder(folder);
    assert_int_equal(run.count, 3);
    assert_int_equal(run.given[0].bytes, 1);
    assert_int_equal(run.given[1].bytes, 2);
    assert_int_equal(run.given[2].bytes, 4);
    assert_int_equal(run.counts.late, 0);
    scratch_free(folder);
}

static void coverage_travels_with_the_batches(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    make_folder(folder, "b");
    write_file(folder, "a/1", "nodata 1000000 1000060 n1\n1000000 1000001 n2 5\n");
    write_file(folder, "a/2", "nodata 1000060 1000120 n1\n");
    write_file(folder, "b/1", "nodata 1000060 1000120 n1\n");
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){
                     { "a", 1, BATCH_END, 1, 2, -178, NEVER, 5 },
                     { "b", 1, BATCH_END, 0, 1, NEVER, INT64_MAX, 0 },
                 },
                 2);
    assert_int_equal(run.counts.source.nodata, 3);
    scratch_free(folder);
}

static void empty_objects_end_their_feed_with_an_empty_batch(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_file(folder, "a/1", "");
    write_file(folder, "a/2", "");
    struct run run = run_folder(folder);
    assert_given(&run,
                 (struct given[]){ { "a", 1, BATCH_EMPTY | BATCH_END, 0, 0, NEVER, INT64_MAX, 0 } },
                 1);
    assert_int_equal(run.counts.files, 2);
    assert_int_equal(run.counts.damaged_files, 0);
    scratch_free(folder);
}

static void a_run_goes_on_behind_what_was_said(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    char name[512];
    snprintf(name, sizeof name, "%s/a", folder);
    struct feed_position said[] = { { "elsewhere", 1, 5, 0 },
                                    { name, 3, 41, (T - 500) * INT64_C(1000) } };
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, said, 2);
    assert_given(&run, (struct given[]){ { "a", 42, BATCH_END, 1, 0, -179, INT64_MAX, 1 } }, 1);
    assert_int_equal(run.position.inc, 3);
    said[1].num = UINT64_MAX;
    struct feeds *feeds;
    struct error err;
    assert_true(feeds_open(&feeds, &path, 1, &options, NULL, &err));
    assert_false(feeds_resume(feeds, said, 2, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    feeds_close(feeds);
    scratch_free(folder);
}

static void a_path_that_is_not_there_costs_only_itself(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, NULL, 0); /* an empty folder */
    assert_int_equal(run.err.code, ERROR_ARGUMENT);
    write_records(folder, "1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    const char *both[] = { "/nowhere/at/all", folder };
    run = run_paths(both, 2, &options, NULL, 0);
    assert_int_equal(run.counts.damaged_files, 1);
    assert_int_equal(run.counts.source.records, 1);
    options.is_strict = true;
    run = run_paths(both, 2, &options, NULL, 0);
    assert_int_equal(run.err.code, ERROR_IO);
    assert_non_null(strstr(run.err.message, "/nowhere/at/all"));
    scratch_free(folder);
}

static void a_tree_is_read_without_what_is_hidden_or_linked(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    make_folder(folder, "a/.hidden");
    make_folder(folder, "b");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    write_records(folder, "a/.2", (int64_t[][3]){ { 0, 0, 2 } }, 1);
    write_records(folder, "a/.hidden/3", (int64_t[][3]){ { 0, 0, 4 } }, 1);
    write_records(folder, "b/4", (int64_t[][3]){ { 0, 0, 8 } }, 1);
    assert_int_equal(symlink("../b", scratch_path(folder, "a/to_folder")), 0);
    assert_int_equal(symlink("nowhere", scratch_path(folder, "a/to_nothing")), 0);
    assert_int_equal(symlink("../b/4", scratch_path(folder, "a/to_file")), 0);
    assert_int_equal(mkfifo(scratch_path(folder, "a/pipe"), 0600), 0);
    struct feed_options options = fake_options();
    /* Twice the same tree, once by a link: every file is read once, b/4 as a/to_file. */
    const char *paths[] = { folder, scratch_path(folder, "a/to_folder"),
                            scratch_path(folder, "a") };
    struct run run = run_paths(paths, COUNT(paths), &options, NULL, 0);
    assert_given(&run, (struct given[]){ { "a", 1, BATCH_END, 2, 0, -179, INT64_MAX, 9 } }, 1);
    assert_int_equal(run.counts.files, 2);
    /* What is named outright is read, hidden or not. */
    const char *hidden = scratch_path(folder, "a/.2");
    run = run_paths(&hidden, 1, &options, NULL, 0);
    assert_int_equal(run.counts.files, 1);
    scratch_free(folder);
}

static void the_same_file_is_read_once(void **state) {
    (void)state;
    char *folder = scratch_new();
    write_records(folder, "1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    assert_int_equal(link(scratch_path(folder, "1"), scratch_path(folder, "2")), 0);
    struct feed_options options = fake_options();
    const char *paths[] = { scratch_path(folder, "1"), scratch_path(folder, "1"),
                            scratch_path(folder, "2") };
    struct run run = run_paths(paths, COUNT(paths), &options, NULL, 0);
    assert_int_equal(run.counts.files, 1);
    assert_int_equal(run.counts.source.records, 1);
    scratch_free(folder);
}

static void thousands_of_files_need_few_descriptors(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    for (int i = 0; i < 3000; i++) {
        char name[16];
        snprintf(name, sizeof name, "a/%d", i);
        write_records(folder, name, (int64_t[][3]){ { i, i, 1 } }, 1);
    }
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit few = { 32, before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        struct feed_options options = fake_options();
        options.threads = threads;
        const char *path = folder;
        struct run run = run_paths(&path, 1, &options, NULL, 0);
        assert_true(run.ok);
        assert_int_equal(run.counts.source.records, 3000);
        assert_int_equal(run.counts.damaged_files, 0);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    scratch_free(folder);
}

static void damage_is_told_once_and_the_rest_is_read(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    gzFile file = gzopen(scratch_path(folder, "a/1"), "wb");
    for (int i = 0; i < 50000; i++) {
        gzprintf(file, "%d %d n%d %d\n", T + i / 1000, T + i / 1000, i % 7, 1 + i * 7919 % 1009);
    }
    gzclose(file);
    struct stat about;
    assert_int_equal(stat(scratch_path(folder, "a/1"), &about), 0);
    assert_int_equal(truncate(scratch_path(folder, "a/1"), about.st_size / 2), 0);
    write_records(folder, "a/2", (int64_t[][3]){ { 60, 60, 1 } }, 1);
    write_records(folder, "a/3", (int64_t[][3]){ { 70, 70, 1 } }, 1);
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, NULL, 0);
    assert_true(run.ok);
    assert_int_equal(run.damages, 1);
    assert_int_equal(run.counts.damaged_files, 1);
    assert_int_equal(run.counts.files, 3);
    assert_non_null(strstr(run.damage, "truncated"));
    assert_in_range(run.counts.source.records, 20000, 49999);
    options.is_strict = true;
    run = run_paths(&path, 1, &options, NULL, 0);
    assert_false(run.ok);
    assert_non_null(strstr(run.err.message, "a/1: "));
    scratch_free(folder);
}

static void a_file_that_is_gone_when_its_turn_comes_is_damage(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_records(folder, "a/1", (int64_t[][3]){ { 0, 0, 1 } }, 1);
    write_records(folder, "a/2", (int64_t[][3]){ { 1, 1, 1 } }, 1);
    struct run run = { 0 };
    struct feed_events events = { .context = &run, .damage = on_damage };
    struct feed_options options = fake_options();
    struct feeds *feeds;
    struct error err;
    const char *path = folder;
    assert_true(feeds_open(&feeds, &path, 1, &options, &events, &err));
    unlink(scratch_path(folder, "a/1"));
    const struct batch *batch;
    int64_t watermark_ms;
    assert_true(feeds_next(feeds, &batch, &watermark_ms, &err));
    assert_int_equal(batch->count, 1);
    assert_int_equal(run.damages, 1);
    assert_int_equal(feeds_counts(feeds)->files, 2);
    feeds_close(feeds);
    scratch_free(folder);
}

static void malformed_lines_are_told_and_strict_stops_at_the_first(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    write_file(folder, "a/1", "1000000 1000000 n 1\nrubbish\n1000000 1000000 n 1\nmore\n");
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, NULL, 0);
    assert_true(run.ok);
    assert_int_equal(run.rejects, 2);
    assert_int_equal(run.counts.source.malformed, 2);
    assert_int_equal(run.counts.source.records, 2);
    options.is_strict = true;
    run = run_paths(&path, 1, &options, NULL, 0);
    assert_false(run.ok);
    assert_int_equal(run.err.code, ERROR_FORMAT);
    assert_non_null(strstr(run.err.message, "a/1: line 2: number: rubbish"));
    scratch_free(folder);
}

static void results_do_not_depend_on_threads(void **state) {
    (void)state;
    const char *text = getenv("SEED");
    uint64_t seed = text == NULL ? 20261124 : strtoull(text, NULL, 10);
    char *folder = scratch_new();
    for (int feed = 0; feed < 4; feed++) {
        char name[32];
        snprintf(name, sizeof name, "f%d", feed);
        make_folder(folder, name);
        int64_t now = 0;
        for (int object = 0; object < 12; object++) {
            snprintf(name, sizeof name, "f%d/%02d", feed, object);
            FILE *file = fopen(scratch_path(folder, name), "wb");
            uint64_t lines = next_random(&seed) % (object % 4 == 0 ? 60000 : 300);
            for (uint64_t i = 0; i < lines; i++) {
                uint64_t random = next_random(&seed);
                int64_t end = T + now + (int64_t)(random % 20);
                end = random >> 20 == 0 ? YEAR_2099 : random % 501 == 0 ? end - 5000 : end;
                fprintf(file, "%ld %ld n%lu %lu\n", end - (int64_t)(random >> 8 & 63), end,
                        random >> 16 & 15, random >> 32 & 0xfff);
                now += random % 7 == 0;
            }
            if (object % 5 == 2) {
                fprintf(file, "nodata %ld %ld n1\nrubbish\n", T + now, T + now + 60);
            }
            now += (int64_t)(next_random(&seed) % 1500);
            fclose(file);
        }
    }
    struct feed_options options = fake_options();
    const char *path = folder;
    struct run want = run_paths(&path, 1, &options, NULL, 0);
    assert_true(want.ok);
    assert_true(want.counts.late > 0);
    static const uint32_t threads[] = { 1, 2, 3, 8, 8, 2 };
    for (size_t i = 0; i < COUNT(threads); i++) {
        options.threads = threads[i];
        struct run run = run_paths(&path, 1, &options, NULL, 0);
        assert_true(run.ok);
        assert_int_equal(run.count, want.count);
        if (run.hash != want.hash) {
            fail_msg("%u threads give something else (SEED=%lu)", threads[i], seed);
        }
        assert_memory_equal(&run.counts, &want.counts, sizeof run.counts);
    }
    scratch_free(folder);
}

static void closing_in_the_middle_stops_the_workers(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    FILE *file = fopen(scratch_path(folder, "a/1"), "wb");
    for (int i = 0; i < 200000; i++) {
        fprintf(file, "%d %d n 1\n", T + i / 100, T + i / 100);
    }
    fclose(file);
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct feed_options options = fake_options();
        options.threads = threads;
        struct feeds *feeds;
        struct error err;
        const char *path = folder;
        assert_true(feeds_open(&feeds, &path, 1, &options, NULL, &err));
        for (uint32_t i = 1; i < threads; i++) {
            const struct batch *batch;
            int64_t watermark_ms;
            assert_true(feeds_next(feeds, &batch, &watermark_ms, &err));
            assert_non_null(batch);
        }
        feeds_close(feeds);
    }
    feeds_close(NULL);
    scratch_free(folder);
}

#define KEPT 6u

static void a_batch_that_is_kept_stays_as_it_was_until_it_is_given_back(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    FILE *file = fopen(scratch_path(folder, "a/1"), "wb");
    for (int i = 0; i < 300000; i++) {
        fprintf(file, "%d %d n%d %d\n", T + i / 100, T + i / 100, i % 7, i);
    }
    fclose(file);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        struct feed_options options = fake_options();
        struct feeds *feeds;
        struct error err;
        const char *path = folder;
        const struct batch *kept[KEPT];
        uint64_t hashes[KEPT];
        int64_t watermark_ms;
        assert_true(crew_new(&options.crew, threads, &err));
        assert_true(feeds_open(&feeds, &path, 1, &options, NULL, &err));
        for (uint32_t i = 0; i < KEPT; i++) {
            assert_true(feeds_next(feeds, &kept[i], &watermark_ms, &err));
            assert_non_null(kept[i]);
            feeds_keep(feeds, kept[i]);
            hashes[i] = XXH3_64bits(kept[i]->bytes, kept[i]->count * sizeof *kept[i]->bytes);
        }
        for (uint32_t i = 0; i < KEPT; i++) {
            assert_true(kept[i]->count > 0);
            assert_int_equal(kept[i]->stamp.num, i + 1);
            assert_true(hashes[i] ==
                        XXH3_64bits(kept[i]->bytes, kept[i]->count * sizeof *kept[i]->bytes));
            feeds_give_back(feeds, kept[i]);
        }
        feeds_close(feeds);
        crew_free(options.crew);
    }
    scratch_free(folder);
}

static void real_objects_make_feeds_of_account_region_and_log(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "x");
    static const char *const names[] = {
        "111111111111_vpcflowlogs_eu-west-1_fl-0b_20231114T2215Z_01.log.gz",
        "x/111111111111_vpcflowlogs_eu-west-1_fl-0b_20231114T2220Z_02.log.gz",
        "222222222222_vpcflowlogs_eu-west-1_fl-0b_20231114T2215Z_03.log.gz",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        gzFile file = gzopen(scratch_path(folder, names[i]), "wb");
        gzprintf(file, "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
                       "packets bytes start end action log-status\n");
        gzprintf(file,
                 "2 111111111111 eni-0%zu 10.0.0.1 10.0.0.2 443 50000 6 10 %zu "
                 "1700000000 1700000060 ACCEPT OK\n",
                 i, (size_t)1 << i);
        gzclose(file);
    }
    struct feed_options options = { .lateness_ms = -1, .threads = 2 };
    struct feeds *feeds;
    struct error err;
    const char *path = folder;
    assert_true(feeds_open(&feeds, &path, 1, &options, NULL, &err));
    assert_int_equal(feeds_count(feeds), 2);
    assert_int_equal(feeds_input_count(feeds), 3);
    assert_string_equal(feeds_input(feeds, 0)->feed, "111111111111/eu-west-1/fl-0b");
    assert_string_equal(feeds_input(feeds, 1)->name, names[1] + 2);
    assert_true(feeds_input(feeds, 0)->head_hash != feeds_input(feeds, 1)->head_hash);
    assert_string_equal(feeds_position(feeds, 1).feed, "222222222222/eu-west-1/fl-0b");
    static const uint64_t bytes[] = { 3, 4 };
    for (size_t i = 0; i < 2; i++) {
        const struct batch *batch;
        int64_t watermark_ms;
        assert_true(feeds_next(feeds, &batch, &watermark_ms, &err));
        uint64_t sum = 0;
        for (uint32_t k = 0; k < batch->count; k++) {
            sum += batch->bytes[k];
        }
        assert_int_equal(sum, bytes[i]);
        assert_int_equal(batch->stamp.origin, ORIGIN_AWS);
        assert_int_equal(batch->stamp.unit_ms, 1000);
        assert_int_equal(batch->stamp.reach_ms, 600000);
        assert_int_equal(batch->stamp.tick_ms, 10000);
        assert_int_equal(batch->stamp.parts, 1);
        /* 1700000060 + 1 - 600 - 600 */
        assert_int_equal(batch->stamp.low_ms, INT64_C(1699998861000));
        assert_true(bytes_equal(batch->flow_logs[0], bytes_text("fl-0b")));
    }
    feeds_close(feeds);
    scratch_free(folder);
}

static void what_is_no_text_is_damage_and_other_text_counts_line_by_line(void **state) {
    (void)state;
    char *folder = scratch_new();
    make_folder(folder, "a");
    make_folder(folder, "b");
    FILE *file = fopen(scratch_path(folder, "a/1"), "wb");
    fwrite("\xd4\xc3\xb2\xa1\0\0\0\0", 1, 8, file);
    fclose(file);
    write_file(folder, "b/1", "no\nflow\nlog\n");
    struct feed_options options = { .lateness_ms = -1, .threads = 1 };
    const char *path = folder;
    struct run run = run_paths(&path, 1, &options, NULL, 0);
    assert_true(run.ok);
    assert_int_equal(run.counts.damaged_files, 1);
    assert_int_equal(run.counts.source.lines, 3);
    assert_int_equal(run.counts.source.malformed, 3);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_feeds_interleave_by_low),
        cmocka_unit_test(what_a_source_promises_can_be_widened_but_not_undercut),
        cmocka_unit_test(what_is_older_than_the_said_low_is_late),
        cmocka_unit_test(with_a_stamp_an_hour_behind_it_is_the_future),
        cmocka_unit_test(a_record_of_2099_in_the_middle_moves_nothing),
        cmocka_unit_test(late_and_future_follow_their_batch_with_numbers_of_their_own),
        cmocka_unit_test(a_group_of_late_records_only_gives_no_empty_batch),
        cmocka_unit_test(small_objects_are_joined_and_large_ones_passed_on),
        cmocka_unit_test(objects_without_a_stamp_come_by_their_first_record),
        cmocka_unit_test(coverage_travels_with_the_batches),
        cmocka_unit_test(empty_objects_end_their_feed_with_an_empty_batch),
        cmocka_unit_test(a_run_goes_on_behind_what_was_said),
        cmocka_unit_test(a_path_that_is_not_there_costs_only_itself),
        cmocka_unit_test(a_tree_is_read_without_what_is_hidden_or_linked),
        cmocka_unit_test(the_same_file_is_read_once),
        cmocka_unit_test(thousands_of_files_need_few_descriptors),
        cmocka_unit_test(damage_is_told_once_and_the_rest_is_read),
        cmocka_unit_test(a_file_that_is_gone_when_its_turn_comes_is_damage),
        cmocka_unit_test(malformed_lines_are_told_and_strict_stops_at_the_first),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(closing_in_the_middle_stops_the_workers),
        cmocka_unit_test(a_batch_that_is_kept_stays_as_it_was_until_it_is_given_back),
        cmocka_unit_test(real_objects_make_feeds_of_account_region_and_log),
        cmocka_unit_test(what_is_no_text_is_damage_and_other_text_counts_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
