/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_file.h"

#include "base/file.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void put(struct state *state, const char *name, const char *value) {
    struct error err;
    struct buffer bytes;
    buffer_init(&bytes, 1 << 10);
    buffer_put(&bytes, value, strlen(value));
    assert_true(state->ops->put(state, name, &bytes, &err));
    assert_int_equal(bytes.size, 0); /* taken */
    assert_null(bytes.data);
}

static void expect(struct state *state, const char *name, const char *want) {
    struct error err;
    struct bytes value;
    assert_true(state->ops->get(state, name, &value, &err));
    assert_true(bytes_equal(value, bytes_text(want)));
}

static void values_are_there_after_a_commit_and_a_reopen(void **context) {
    (void)context;
    struct error err;
    struct state *state;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "state");
    assert_true(state_file_open(&state, path, &err));
    put(state, "b", "two");
    put(state, "a", "one");
    expect(state, "a", ""); /* not before the commit */
    assert_true(state->ops->commit(state, &err));
    expect(state, "a", "one");
    put(state, "a", "uncommitted");
    state->ops->close(state);
    assert_true(state_file_open(&state, path, &err));
    expect(state, "a", "one");
    expect(state, "b", "two");
    expect(state, "none", "");
    state->ops->close(state);
    scratch_free(folder);
}

static void the_order_of_puts_does_not_show(void **context) {
    (void)context;
    static const char *const orders[2][3] = { { "a", "b", "c" }, { "c", "a", "b" } };
    struct error err;
    struct buffer files[2];
    char *folder = scratch_new();
    for (size_t i = 0; i < 2; i++) {
        struct state *state;
        const char *path = scratch_path(folder, i == 0 ? "first" : "second");
        assert_true(state_file_open(&state, path, &err));
        for (size_t k = 0; k < 3; k++) {
            put(state, orders[i][k], orders[i][k]);
        }
        assert_true(state->ops->commit(state, &err));
        state->ops->close(state);
        buffer_init(&files[i], 1 << 16);
        assert_true(file_read(path, &files[i], &err));
    }
    assert_true(bytes_equal(buffer_bytes(&files[0]), buffer_bytes(&files[1])));
    buffer_done(&files[0]);
    buffer_done(&files[1]);
    scratch_free(folder);
}

static void any_damaged_byte_is_an_error(void **context) {
    (void)context;
    struct error err;
    struct state *state;
    struct buffer file;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "state");
    assert_true(state_file_open(&state, path, &err));
    put(state, "name", "some value");
    assert_true(state->ops->commit(state, &err));
    state->ops->close(state);
    buffer_init(&file, 1 << 16);
    assert_true(file_read(path, &file, &err));
    for (size_t at = 0; at < file.size; at++) {
        file.data[at] ^= 1;
        assert_true(file_replace(path, buffer_bytes(&file), &err));
        assert_false(state_file_open(&state, path, &err));
        file.data[at] ^= 1;
        assert_true(file_replace(path, bytes_of(file.data, at), &err));
        assert_false(state_file_open(&state, path, &err));
    }
    buffer_done(&file);
    scratch_free(folder);
}

static void a_commit_that_fails_leaves_the_values_and_can_be_tried_again(void **context) {
    (void)context;
    struct error err;
    struct state *state;
    char *folder = scratch_new();
    const char *path = scratch_path(folder, "state");
    char *obstacle = strdup(scratch_path(folder, "state.tmp"));
    assert_true(state_file_open(&state, path, &err));
    put(state, "a", "one");
    assert_true(state->ops->commit(state, &err));
    put(state, "a", "two");
    put(state, "b", "");                        /* an empty value is one too */
    assert_int_equal(mkdir(obstacle, 0777), 0); /* where the new file is written */
    assert_false(state->ops->commit(state, &err));
    assert_int_equal(err.code, ERROR_IO);
    expect(state, "a", "one");
    assert_int_equal(rmdir(obstacle), 0);
    assert_true(state->ops->commit(state, &err));
    expect(state, "a", "two");
    state->ops->close(state);
    assert_true(state_file_open(&state, path, &err));
    expect(state, "a", "two");
    expect(state, "b", "");
    state->ops->close(state);
    free(obstacle);
    scratch_free(folder);
}

static void a_value_that_outgrew_its_buffer_is_refused_and_taken(void **context) {
    (void)context;
    struct error err;
    struct state *state;
    struct buffer bytes;
    char *folder = scratch_new();
    assert_true(state_file_open(&state, scratch_path(folder, "state"), &err));
    buffer_init(&bytes, 4);
    buffer_put(&bytes, "abcd", 4);
    buffer_put(&bytes, "e", 1); /* latches */
    assert_false(state->ops->put(state, "name", &bytes, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_null(bytes.data);
    expect(state, "name", "");
    state->ops->close(state);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_there_after_a_commit_and_a_reopen),
        cmocka_unit_test(the_order_of_puts_does_not_show),
        cmocka_unit_test(any_damaged_byte_is_an_error),
        cmocka_unit_test(a_commit_that_fails_leaves_the_values_and_can_be_tried_again),
        cmocka_unit_test(a_value_that_outgrew_its_buffer_is_refused_and_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
