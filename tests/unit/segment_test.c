/* SPDX-License-Identifier: Apache-2.0 */
#include "store/segment.h"

#include "base/file.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* A segment does not look into its frames: any bytes serve. */
static void write_segment(const char *path, uint32_t frames) {
    struct error err;
    struct segment_writer *writer;
    assert_true(segment_begin(&writer, path, &err));
    for (uint32_t i = 0; i < frames; i++) {
        uint8_t bytes[100];
        memset(bytes, (int)i, sizeof bytes);
        struct segment_entry entry = {
            .count = i, .min_ms = -(int64_t)i, .max_ms = i, .num = i + 1
        };
        assert_true(segment_add(writer, bytes_of(bytes, 50 + i), &entry, &err));
    }
    assert_true(segment_commit(writer, &err));
}

static void frames_come_back_as_they_were_added(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "a.seg");
    write_segment(path, 3);
    struct segment *segment;
    assert_true(segment_open(&segment, path, &err));
    assert_int_equal(segment_count(segment), 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct bytes frame = segment_frame(segment, i);
        assert_int_equal(frame.size, 50 + i);
        assert_int_equal(frame.data[0], i);
        assert_int_equal(segment_entry(segment, i)->num, i + 1);
        assert_int_equal(segment_entry(segment, i)->min_ms, -(int64_t)i);
    }
    segment_close(segment);
    scratch_free(folder);
}

static void a_segment_without_frames_is_a_segment(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "a.seg");
    write_segment(path, 0);
    struct segment *segment;
    assert_true(segment_open(&segment, path, &err));
    assert_int_equal(segment_count(segment), 0);
    segment_close(segment);
    scratch_free(folder);
}

static void an_aborted_segment_leaves_nothing(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    struct segment_writer *writer;
    assert_true(segment_begin(&writer, scratch_path(folder, "a.seg"), &err));
    assert_int_equal(access(scratch_path(folder, "a.seg.tmp"), F_OK), 0);
    assert_int_not_equal(access(scratch_path(folder, "a.seg"), F_OK), 0);
    segment_abort(writer);
    assert_int_not_equal(access(scratch_path(folder, "a.seg.tmp"), F_OK), 0);
    scratch_free(folder);
}

/* Header, index and trailer are covered by magic words and checksums; frames are not looked at
 * here, and four bytes of the header are not used. */
static void damage_outside_the_frames_is_seen(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "a.seg");
    write_segment(path, 2);
    struct buffer file;
    buffer_init(&file, 1 << 20);
    assert_true(file_read(path, &file, &err));
    size_t frames_end = 16 + 50 + 51;
    for (size_t at = 0; at < file.size; at++) {
        if (at >= 12 && at < frames_end) {
            continue;
        }
        struct segment *segment;
        file.data[at] ^= 0x40;
        assert_true(file_replace(path, buffer_bytes(&file), &err));
        assert_false(segment_open(&segment, path, &err));
        assert_non_null(strstr(err.message, "a.seg"));
        file.data[at] ^= 0x40;
    }
    for (size_t cut = 0; cut < file.size; cut++) {
        struct segment *segment;
        assert_true(file_replace(path, bytes_of(file.data, cut), &err));
        assert_false(segment_open(&segment, path, &err));
    }
    buffer_done(&file);
    scratch_free(folder);
}

static void a_newer_version_is_refused_as_such(void **state) {
    (void)state;
    struct error err;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "a.seg");
    write_segment(path, 1);
    struct buffer file;
    buffer_init(&file, 1 << 20);
    assert_true(file_read(path, &file, &err));
    file.data[8] = 2;
    assert_true(file_replace(path, buffer_bytes(&file), &err));
    struct segment *segment;
    assert_false(segment_open(&segment, path, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    buffer_done(&file);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_as_they_were_added),
        cmocka_unit_test(a_segment_without_frames_is_a_segment),
        cmocka_unit_test(an_aborted_segment_leaves_nothing),
        cmocka_unit_test(damage_outside_the_frames_is_seen),
        cmocka_unit_test(a_newer_version_is_refused_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
