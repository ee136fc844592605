/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "base/file.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static struct store *open_store(const char *folder, enum store_mode mode) {
    struct error err;
    struct store *store = NULL;
    if (!store_open(&store, folder, mode, &err)) {
        fail_msg("%s", err.message);
    }
    return store;
}

/* One batch with `count` records that end at `end_ms`. */
static void add_records(struct store *store, int64_t end_ms, uint32_t count, uint32_t flags) {
    struct error err;
    struct batch batch;
    assert_true(batch_init(&batch, &err));
    struct batch_node node = { .name = bytes_text("n"), .identity = bytes_text("n") };
    uint16_t id;
    uint8_t log;
    assert_true(batch_add_node(&batch, &node, &id, &err));
    assert_true(batch_add_flow_log(&batch, bytes_text("fl"), &log, &err));
    batch.stamp = (struct batch_stamp){
        .feed = bytes_text("feed"),
        .inc = 1,
        .parts = 1,
        .num = 1,
        .flags = flags,
        .origin = ORIGIN_AWS,
        .reach_ms = 600000,
        .unit_ms = 1000,
        .tick_ms = 10000,
    };
    for (uint32_t i = 0; i < count; i++) {
        batch.start_ms[i] = batch.end_ms[i] = end_ms;
        batch.bytes[i] = 100;
        batch.packets[i] = 1;
        batch.src[i] = dictionary_code(&batch.addresses, address_from_ipv4(1));
        batch.dst[i] = dictionary_code(&batch.addresses, address_from_ipv4(2));
        batch.src_port[i] = batch.dst_port[i] = 80;
        batch.node[i] = id;
        batch.quality[i] = 0;
        batch.protocol[i] = 6;
        batch.tcp_flags[i] = batch.initiator[i] = batch.action[i] = 0;
        batch.direction[i] = DIRECTION_OUT;
        batch.flow_log[i] = log;
    }
    batch.count = count;
    assert_true(flows_add(store_flows(store), &batch, &err));
    batch_done(&batch);
}

static void commit(struct store *store, const char *state) {
    struct error err;
    struct buffer bytes;
    buffer_init(&bytes, 1 << 10);
    buffer_put(&bytes, state, strlen(state));
    if (!store_commit(store, &bytes, &err)) {
        fail_msg("%s", err.message);
    }
    buffer_done(&bytes);
}

static void expect_state(const char *folder, const char *want, const char *alerts) {
    struct error err;
    struct bytes value;
    struct buffer file;
    struct store *store = open_store(folder, STORE_APPEND);
    assert_true(store_detector(store, &value, &err));
    assert_true(bytes_equal(value, bytes_text(want)));
    commit(store, "");
    store_close(store);
    buffer_init(&file, 1 << 20);
    assert_true(file_read(scratch_path(folder, "alerts.ndjson"), &file, &err));
    assert_true(bytes_equal(buffer_bytes(&file), bytes_text(alerts)));
    buffer_done(&file);
}

static void alert(struct store *store, const char *line) {
    struct error err;
    assert_true(store_alert(store, bytes_text(line), &err));
}

static void expect_file(const char *folder, const char *name, const char *want) {
    struct error err;
    struct buffer file;
    buffer_init(&file, 1 << 20);
    assert_true(file_read(scratch_path(folder, name), &file, &err));
    assert_true(bytes_equal(buffer_bytes(&file), bytes_text(want)));
    buffer_done(&file);
}

static void records_go_to_the_segment_of_their_hour(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    int64_t day_ms = 20000 * DAY_MS; /* 2024-10-04 */
    add_records(store, day_ms + 10 * HOUR_MS, 3, 0);
    add_records(store, day_ms + 11 * HOUR_MS - 1, 4, 0);
    add_records(store, day_ms + 11 * HOUR_MS, 5, 0);
    add_records(store, day_ms + 11 * HOUR_MS, 1, BATCH_FUTURE);
    commit(store, "");
    const struct manifest *manifest = store_manifest(store);
    assert_int_equal(manifest_segment_count(manifest), 3);
    assert_string_equal(manifest_segment(manifest, 0)->path, "flows/2024/10/04/10-0000.seg");
    assert_int_equal(manifest_segment(manifest, 0)->records, 7);
    assert_int_equal(manifest_segment(manifest, 0)->max_ms, day_ms + 11 * HOUR_MS - 1);
    assert_string_equal(manifest_segment(manifest, 1)->path, "flows/2024/10/04/11-0000.seg");
    assert_false(manifest_segment(manifest, 1)->is_future);
    assert_string_equal(manifest_segment(manifest, 2)->path, "flows/2024/10/04/11-0001.seg");
    assert_true(manifest_segment(manifest, 2)->is_future);
    store_close(store);
    scratch_free(folder);
}

static void more_hours_than_open_segments_lose_nothing(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    for (int round = 0; round < 2; round++) {
        for (int64_t hour = 0; hour < 3 * FLOWS_OPEN_MAX; hour++) {
            add_records(store, hour * HOUR_MS, 1, 0);
        }
    }
    commit(store, "");
    uint64_t records = 0;
    for (size_t i = 0; i < manifest_segment_count(store_manifest(store)); i++) {
        records += manifest_segment(store_manifest(store), i)->records;
    }
    assert_int_equal(records, 2 * 3 * FLOWS_OPEN_MAX);
    store_close(store);
    scratch_free(folder);
}

static void a_folder_that_is_not_a_store_is_never_touched(void **state) {
    (void)state;
    struct error err;
    struct store *store;
    char *folder = scratch_new();
    assert_true(file_replace(scratch_path(folder, "thesis.txt"), bytes_text("x"), &err));
    for (enum store_mode mode = STORE_NEW; mode <= STORE_FORCE; mode++) {
        assert_false(store_open(&store, folder, mode, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
    }
    assert_int_equal(access(scratch_path(folder, "thesis.txt"), F_OK), 0);
    assert_int_not_equal(access(scratch_path(folder, "lock"), F_OK), 0);
    scratch_free(folder);
}

static void force_removes_the_store_and_nothing_else(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    add_records(store, HOUR_MS, 1, 0);
    commit(store, "old");
    store_close(store);
    assert_true(file_replace(scratch_path(folder, "notes.txt"), bytes_text("x"), &err));
    store = open_store(folder, STORE_FORCE);
    struct bytes value;
    assert_true(store_detector(store, &value, &err));
    assert_int_equal(value.size, 0);
    assert_int_equal(manifest_segment_count(store_manifest(store)), 0);
    store_close(store);
    assert_int_equal(access(scratch_path(folder, "notes.txt"), F_OK), 0);
    assert_int_not_equal(access(scratch_path(folder, "flows"), F_OK), 0);
    scratch_free(folder);
}

static void a_second_writer_is_refused(void **state) {
    (void)state;
    struct error err;
    struct store *second;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    assert_false(store_open(&second, folder, STORE_APPEND, &err));
    assert_non_null(strstr(err.message, "another program"));
    store_close(store);
    scratch_free(folder);
}

static void what_was_not_committed_is_taken_back(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    alert(store, "first\n");
    store_mark_final(store);
    alert(store, "shown, not final\n");
    commit(store, "one");
    store_close(store);
    store = open_store(folder, STORE_APPEND);
    alert(store, "lost\n");
    add_records(store, HOUR_MS, 1, 0);
    store_close(store);
    expect_state(folder, "one", "first\n");
    scratch_free(folder);
}

static void without_a_commit_the_logs_stay_as_they_were(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    alert(store, "final\n");
    store_mark_final(store);
    alert(store, "shown, not final\n");
    commit(store, "one");
    store_close(store);
    store = open_store(folder, STORE_APPEND);
    store_close(store);
    expect_file(folder, "alerts.ndjson", "final\nshown, not final\n");
    store = open_store(folder, STORE_APPEND);
    alert(store, "of a run that failed\n");
    store_close(store);
    expect_file(folder, "alerts.ndjson", "final\nshown, not final\n");
    assert_int_not_equal(access(scratch_path(folder, "alerts.ndjson.tmp"), F_OK), 0);
    scratch_free(folder);
}

static void a_second_commit_takes_back_what_the_first_showed(void **state) {
    (void)state;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    alert(store, "one\n");
    store_mark_final(store);
    alert(store, "shown\n");
    commit(store, "1");
    alert(store, "two\n");
    commit(store, "2");
    store_close(store);
    expect_file(folder, "alerts.ndjson", "one\ntwo\n");
    scratch_free(folder);
}

static void a_store_that_never_came_to_a_commit_may_be_begun_again(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    add_records(store, HOUR_MS, 1, 0);
    assert_true(flows_commit(store_flows(store), &err));
    store_close(store);
    store = open_store(folder, STORE_NEW);
    assert_int_not_equal(access(scratch_path(folder, "flows"), F_OK), 0);
    commit(store, "one");
    store_close(store);
    assert_false(store_open(&store, folder, STORE_NEW, &err));
    assert_non_null(strstr(err.message, "holds a store already"));
    scratch_free(folder);
}

static void a_folder_with_only_a_lock_counts_as_empty(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    assert_true(file_replace(scratch_path(folder, "lock"), bytes_text(""), &err));
    assert_true(file_replace(scratch_path(folder, "manifest.tmp"), bytes_text("WE"), &err));
    store_close(open_store(folder, STORE_NEW));
    scratch_free(folder);
}

/* --force, ended between its empty manifest and the removal of the old files. */
static void a_crash_of_force_leaves_an_empty_store(void **state) {
    (void)state;
    struct error err;
    struct buffer empty;
    char *folder = scratch_new();
    buffer_init(&empty, 1 << 20);
    struct store *store = open_store(folder, STORE_NEW);
    assert_true(file_read(scratch_path(folder, "manifest"), &empty, &err));
    alert(store, "old\n");
    commit(store, "old");
    store_close(store);
    assert_true(file_replace(scratch_path(folder, "manifest"), buffer_bytes(&empty), &err));
    store_close(open_store(folder, STORE_NEW));
    assert_int_not_equal(access(scratch_path(folder, "state"), F_OK), 0);
    assert_int_not_equal(access(scratch_path(folder, "alerts.ndjson"), F_OK), 0);
    buffer_done(&empty);
    scratch_free(folder);
}

static void a_failed_commit_done_again_keeps_the_way_back(void **state) {
    (void)state;
    struct error err;
    struct buffer bytes;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    commit(store, "one");
    /* A folder in the manifest's place of passage: its step fails. */
    assert_int_equal(mkdir(scratch_path(folder, "manifest.tmp"), 0777), 0);
    for (int i = 0; i < 2; i++) {
        buffer_init(&bytes, 1 << 10);
        buffer_put(&bytes, "two", 3);
        assert_false(store_commit(store, &bytes, &err));
        buffer_done(&bytes);
    }
    store_close(store);
    assert_int_equal(rmdir(scratch_path(folder, "manifest.tmp")), 0);
    expect_state(folder, "one", "");
    scratch_free(folder);
}

static void rejects_are_bounded_over_all_runs(void **state) {
    (void)state;
    struct error err;
    bool is_kept = true;
    char *folder = scratch_new();
    for (uint32_t run = 0; run < 2; run++) {
        struct store *store = open_store(folder, run == 0 ? STORE_NEW : STORE_APPEND);
        for (uint32_t i = 0; i < STORE_REJECTS_MAX / 2 + 1; i++) {
            assert_true(store_reject(store, bytes_text("{}\n"), &is_kept, &err));
        }
        assert_true(is_kept == (run == 0));
        commit(store, "");
        store_close(store);
    }
    scratch_free(folder);
}

/* Steps 3 and 4 of the commit (store/store.c): the state is replaced, then the manifest. */
static void a_crash_between_state_and_manifest_goes_back(void **state) {
    (void)state;
    struct error err;
    struct buffer old_state;
    struct buffer old_manifest;
    char *folder = scratch_new();
    buffer_init(&old_state, 1 << 20);
    buffer_init(&old_manifest, 1 << 20);
    struct store *store = open_store(folder, STORE_NEW);
    alert(store, "first\n");
    commit(store, "one");
    assert_true(file_read(scratch_path(folder, "state"), &old_state, &err));
    assert_true(file_read(scratch_path(folder, "manifest"), &old_manifest, &err));
    alert(store, "second\n");
    commit(store, "two");
    store_close(store);
    assert_true(file_replace(scratch_path(folder, "state.before"), buffer_bytes(&old_state), &err));
    assert_true(file_replace(scratch_path(folder, "manifest"), buffer_bytes(&old_manifest), &err));
    expect_state(folder, "one", "first\n");
    buffer_done(&old_state);
    buffer_done(&old_manifest);
    scratch_free(folder);
}

static void a_crash_in_the_first_commit_leaves_an_empty_store(void **state) {
    (void)state;
    struct error err;
    struct buffer manifest;
    char *folder = scratch_new();
    buffer_init(&manifest, 1 << 20);
    struct store *store = open_store(folder, STORE_NEW);
    assert_true(file_read(scratch_path(folder, "manifest"), &manifest, &err));
    alert(store, "first\n");
    commit(store, "one");
    store_close(store);
    assert_true(file_replace(scratch_path(folder, "manifest"), buffer_bytes(&manifest), &err));
    expect_state(folder, "", "");
    buffer_done(&manifest);
    scratch_free(folder);
}

static void a_state_that_nobody_committed_is_an_error(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    commit(store, "one");
    store_close(store);
    assert_true(file_replace(scratch_path(folder, "state"), bytes_text("other"), &err));
    assert_false(store_open(&store, folder, STORE_APPEND, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    scratch_free(folder);
}

/* What a reader finds, without the lock. */
static void expect_read(const char *folder, const char *want) {
    struct error err;
    struct state *state;
    struct bytes value;
    if (!store_read_detector(folder, &state, &value, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(bytes_equal(value, bytes_text(want)));
    state->ops->close(state);
}

static void a_reader_gets_the_state_that_the_manifest_means(void **state) {
    (void)state;
    struct error err;
    struct buffer old_state;
    struct buffer old_manifest;
    char *folder = scratch_new();
    buffer_init(&old_state, 1 << 20);
    buffer_init(&old_manifest, 1 << 20);
    struct store *store = open_store(folder, STORE_NEW);
    expect_read(folder, "");
    commit(store, "one");
    expect_read(folder, "one");
    assert_true(file_read(scratch_path(folder, "state"), &old_state, &err));
    assert_true(file_read(scratch_path(folder, "manifest"), &old_manifest, &err));
    commit(store, "two");
    expect_read(folder, "two");
    /* As between the steps 3 and 4 of the second commit. */
    assert_true(file_replace(scratch_path(folder, "state.before"), buffer_bytes(&old_state), &err));
    assert_true(file_replace(scratch_path(folder, "manifest"), buffer_bytes(&old_manifest), &err));
    expect_read(folder, "one");
    assert_int_equal(unlink(scratch_path(folder, "state.before")), 0);
    struct state *none = NULL;
    struct bytes value;
    assert_false(store_read_detector(folder, &none, &value, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_null(none);
    store_close(store);
    buffer_done(&old_state);
    buffer_done(&old_manifest);
    scratch_free(folder);
}

static void rejects_are_bounded(void **state) {
    (void)state;
    struct error err;
    bool is_kept = true;
    char *folder = scratch_new();
    struct store *store = open_store(folder, STORE_NEW);
    for (uint32_t i = 0; i < STORE_REJECTS_MAX; i++) {
        assert_true(store_reject(store, bytes_text("{}\n"), &is_kept, &err) && is_kept);
    }
    assert_true(store_reject(store, bytes_text("{}\n"), &is_kept, &err));
    assert_false(is_kept);
    commit(store, "");
    assert_int_equal(manifest_files(store_manifest(store))->rejects_size, 3 * STORE_REJECTS_MAX);
    store_close(store);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_go_to_the_segment_of_their_hour),
        cmocka_unit_test(more_hours_than_open_segments_lose_nothing),
        cmocka_unit_test(a_folder_that_is_not_a_store_is_never_touched),
        cmocka_unit_test(force_removes_the_store_and_nothing_else),
        cmocka_unit_test(a_second_writer_is_refused),
        cmocka_unit_test(what_was_not_committed_is_taken_back),
        cmocka_unit_test(a_crash_between_state_and_manifest_goes_back),
        cmocka_unit_test(a_crash_in_the_first_commit_leaves_an_empty_store),
        cmocka_unit_test(a_state_that_nobody_committed_is_an_error),
        cmocka_unit_test(without_a_commit_the_logs_stay_as_they_were),
        cmocka_unit_test(a_second_commit_takes_back_what_the_first_showed),
        cmocka_unit_test(a_store_that_never_came_to_a_commit_may_be_begun_again),
        cmocka_unit_test(a_folder_with_only_a_lock_counts_as_empty),
        cmocka_unit_test(a_crash_of_force_leaves_an_empty_store),
        cmocka_unit_test(a_failed_commit_done_again_keeps_the_way_back),
        cmocka_unit_test(a_reader_gets_the_state_that_the_manifest_means),
        cmocka_unit_test(rejects_are_bounded),
        cmocka_unit_test(rejects_are_bounded_over_all_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
