/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in a scratch folder; faults by what is always there: a device that is full, and a
 * path that leads through a file. */
#include "base/file.h"

#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#define READ_MAX ((size_t)1 << 20)

static struct bytes text(const char *word) {
    return bytes_text(word);
}

/* The file's contents as text on the heap; NULL where it cannot be read. */
static char *contents(const char *path) {
    struct buffer buffer;
    struct error err = { 0 };
    buffer_init(&buffer, READ_MAX);
    char *copy = NULL;
    if (file_read(path, &buffer, &err)) {
        struct bytes bytes = buffer_bytes(&buffer);
        copy = strndup(bytes.size == 0 ? "" : (const char *)bytes.data, bytes.size);
    }
    buffer_done(&buffer);
    return copy;
}

static void assert_contents(const char *path, const char *want) {
    char *got = contents(path);
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static void what_is_replaced_is_read_back_and_leaves_no_other_file(void **state) {
    char *folder = *state;
    const char *path = scratch_path(folder, "a");
    struct error err = { 0 };
    assert_true(file_replace(path, text("first"), &err));
    assert_contents(path, "first");
    assert_true(file_replace(path, text(""), &err));
    assert_contents(path, "");
    assert_true(file_replace(path, text("second, and longer"), &err));
    assert_contents(path, "second, and longer");
    assert_false(is_there(scratch_path(folder, "a.tmp")));
}

static void parts_are_written_one_behind_the_other(void **state) {
    char *folder = *state;
    const char *path = scratch_path(folder, "parts");
    struct bytes parts[] = { text("one "), text(""), text("two") };
    struct error err = { 0 };
    assert_true(file_replace_parts(path, parts, 3, &err));
    assert_contents(path, "one two");
    assert_true(file_replace_parts(path, parts, 0, &err));
    assert_contents(path, "");
}

static void a_file_is_appended_to_what_the_buffer_holds(void **state) {
    char *folder = *state;
    const char *path = scratch_path(folder, "a");
    struct error err = { 0 };
    struct buffer buffer;
    buffer_init(&buffer, READ_MAX);
    assert_true(file_replace(path, text("bc"), &err));
    buffer_put(&buffer, "a", 1);
    assert_true(file_read(path, &buffer, &err));
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.data, "abc", 3);
    buffer_done(&buffer);
}

/* Around the size in which files are read, and around the buffer's maximum. */
static void a_file_of_the_buffers_maximum_is_read_and_one_byte_more_is_refused(void **state) {
    char *folder = *state;
    const char *path = scratch_path(folder, "large");
    static const size_t sizes[] = { 65535, 65536, 65537, 131072 };
    uint8_t *bytes = calloc(1, 131072);
    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct error err = { 0 };
        assert_true(file_replace(path, (struct bytes){ bytes, sizes[i] }, &err));
        for (size_t less = 0; less < 2; less++) {
            struct buffer buffer;
            buffer_init(&buffer, sizes[i] - less);
            assert_int_equal(file_read(path, &buffer, &err), less == 0);
            assert_int_equal(err.code, less == 0 ? ERROR_NONE : ERROR_LIMIT);
            assert_int_equal(less == 0 ? buffer.size : sizes[i], sizes[i]);
            buffer_done(&buffer);
        }
        assert_non_null(strstr(err.message, path));
    }
    free(bytes);
}

struct fault {
    const char
        *name; /* below the scratch folder, which holds the file "file" and the folder "dir" */
    const char *message;
};

static void what_cannot_be_read_is_named(void **state) {
    char *folder = *state;
    static const struct fault faults[] = {
        { "none", "No such file" },
        { "file/inner", "Not a directory" },
        { "dir", "Is a directory" },
    };
    struct error err = { 0 };
    assert_true(file_replace(scratch_path(folder, "file"), text("kept"), &err));
    assert_int_equal(mkdir(scratch_path(folder, "dir"), 0777), 0);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *path = scratch_path(folder, faults[i].name);
        struct buffer buffer;
        buffer_init(&buffer, READ_MAX);
        assert_false(file_read(path, &buffer, &err));
        assert_int_equal(err.code, ERROR_IO);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, faults[i].message));
        assert_int_equal(buffer.size, 0);
        buffer_done(&buffer);
    }
}

static void what_cannot_be_replaced_is_named_and_stays_as_it_was(void **state) {
    char *folder = *state;
    static const struct fault faults[] = {
        { "none/inner", "No such file" },
        { "file/inner", "Not a directory" },
        { "dir", "Is a directory" },
    };
    struct error err = { 0 };
    assert_true(file_replace(scratch_path(folder, "file"), text("kept"), &err));
    assert_int_equal(mkdir(scratch_path(folder, "dir"), 0777), 0);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const char *path = scratch_path(folder, faults[i].name);
        assert_false(file_replace(path, text("new"), &err));
        assert_int_equal(err.code, ERROR_IO);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, faults[i].message));
    }
    assert_contents(scratch_path(folder, "file"), "kept");
    assert_false(is_there(scratch_path(folder, "dir.tmp")));
}

/* The temporary name leads to a device without room: the write fails, after the file was opened. */
static void a_write_that_fails_leaves_the_old_file_and_no_temporary_one(void **state) {
    char *folder = *state;
    const char *path = scratch_path(folder, "a");
    const char *temporary = scratch_path(folder, "a.tmp");
    struct error err = { 0 };
    assert_true(file_replace(path, text("old"), &err));
    assert_int_equal(symlink("/dev/full", temporary), 0);
    assert_false(file_replace(path, text("new"), &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, "No space left"));
    assert_contents(path, "old");
    assert_false(is_there(temporary)); /* the name was removed, not the device behind it */
    assert_true(is_there("/dev/full"));
    assert_true(file_replace(path, text("new"), &err));
    assert_contents(path, "new");
}

static void a_full_device_is_an_error_that_names_what_was_written(void **state) {
    (void)state;
    struct error err = { 0 };
    int file = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_true(file_write(file, "nothing", text(""), &err));
    assert_false(file_write(file, "segment 7", text("x"), &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_string_equal(err.message, "segment 7: No space left on device");
    assert_int_equal(close(file), 0);
    assert_false(file_write(file, "closed", text("x"), &err));
}

static void folders_are_made_up_to_the_last_slash(void **state) {
    char *folder = *state;
    struct error err = { 0 };
    assert_true(file_make_folders(scratch_path(folder, "a/b/c"), &err));
    assert_true(is_there(scratch_path(folder, "a/b")));
    assert_false(is_there(scratch_path(folder, "a/b/c")));
    assert_true(file_make_folders(scratch_path(folder, "a/b/c/"), &err));
    assert_true(is_there(scratch_path(folder, "a/b/c")));
    assert_true(file_make_folders(scratch_path(folder, "a/b/c/"), &err));
    assert_true(file_make_folders("nothing_to_make", &err));
    assert_true(file_make_folders("", &err));
}

static void a_folder_below_a_file_is_refused(void **state) {
    char *folder = *state;
    struct error err = { 0 };
    assert_true(file_replace(scratch_path(folder, "file"), text("kept"), &err));
    assert_false(file_make_folders(scratch_path(folder, "file/a/b"), &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, "Not a directory"));
    assert_contents(scratch_path(folder, "file"), "kept");
}

static void a_folder_is_synced_by_the_path_of_what_lies_in_it(void **state) {
    char *folder = *state;
    struct error err = { 0 };
    assert_true(file_sync_folder(scratch_path(folder, "whatever"), &err));
    assert_true(file_sync_folder("without_a_slash", &err));
    assert_true(file_sync_folder("/at_the_root", &err));
    assert_false(file_sync_folder(scratch_path(folder, "none/whatever"), &err));
    assert_non_null(strstr(err.message, "No such file"));
}

static void joined_names_have_one_slash_between_them(void **state) {
    (void)state;
    char *path = file_join("store/flows", "2026");
    assert_string_equal(path, "store/flows/2026");
    free(path);
}

static int open_folder(void **state) {
    *state = scratch_new();
    return 0;
}

static int close_folder(void **state) {
    scratch_free(*state);
    return 0;
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(what_is_replaced_is_read_back_and_leaves_no_other_file),
        IN_A_FOLDER(parts_are_written_one_behind_the_other),
        IN_A_FOLDER(a_file_is_appended_to_what_the_buffer_holds),
        IN_A_FOLDER(a_file_of_the_buffers_maximum_is_read_and_one_byte_more_is_refused),
        IN_A_FOLDER(what_cannot_be_read_is_named),
        IN_A_FOLDER(what_cannot_be_replaced_is_named_and_stays_as_it_was),
        IN_A_FOLDER(a_write_that_fails_leaves_the_old_file_and_no_temporary_one),
        cmocka_unit_test(a_full_device_is_an_error_that_names_what_was_written),
        IN_A_FOLDER(folders_are_made_up_to_the_last_slash),
        IN_A_FOLDER(a_folder_below_a_file_is_refused),
        IN_A_FOLDER(a_folder_is_synced_by_the_path_of_what_lies_in_it),
        cmocka_unit_test(joined_names_have_one_slash_between_them),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
