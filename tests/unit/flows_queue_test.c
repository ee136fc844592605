/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flows_queue.h"

#include "base/file.h"
#include "tests/unit/frame_batches.h"
#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define BATCHES 24u
#define HOUR_MS INT64_C(3600000)

/* Batches of different sizes, three hours of them one after another, and what became of each. */
struct fixture {
    struct batch batches[BATCHES];
    uint32_t given_back[BATCHES];
    struct manifest *manifest;
};

static void shift_times(struct batch *batch, int64_t by_ms) {
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->start_ms[i] += by_ms;
        batch->end_ms[i] += by_ms;
    }
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = { 0 };
    assert_true(manifest_new(&f->manifest, &err));
    for (uint32_t i = 0; i < BATCHES; i++) {
        struct batch_recipe recipe = { .count = i % 5 == 4 ? 0 : 37 * i + 1,
                                       .nodes = 20,
                                       .locals = 2,
                                       .peers = 300,
                                       .span_ms = 60000,
                                       .duration_ms = 60000,
                                       .unit_ms = 1000,
                                       .value_bits = 20 };
        require(batch_init(&f->batches[i], &err), &err);
        fill_random(&f->batches[i], &recipe, 4711 + i);
        f->batches[i].stamp.num = i + 1;
        f->batches[i].stamp.flags = 0;
        shift_times(&f->batches[i], i * 3 / BATCHES * HOUR_MS);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i < BATCHES; i++) {
        batch_done(&f->batches[i]);
    }
    manifest_free(f->manifest);
    free(f);
    return 0;
}

static void give_back(void *context, const struct batch *batch) {
    struct fixture *f = context;
    f->given_back[batch - f->batches]++;
}

struct outcome {
    struct error err;
    bool is_put[BATCHES]; /* that put said so */
    bool is_finished;
};

/* Puts everything through a queue. */
static struct outcome run(struct fixture *f, const char *folder, uint32_t threads) {
    struct outcome outcome = { 0 };
    struct error err = { 0 };
    struct crew *crew;
    struct flows_writer *writer;
    struct flows_queue *queue;
    memset(f->given_back, 0, sizeof f->given_back);
    assert_true(crew_new(&crew, threads, &err));
    assert_true(flows_writer_open(&writer, folder, f->manifest, &err));
    assert_true(flows_queue_open(&queue, writer, crew, give_back, f, &err));
    for (uint32_t i = 0; i < BATCHES; i++) {
        outcome.is_put[i] = flows_queue_put(queue, &f->batches[i], &outcome.err);
    }
    outcome.is_finished = flows_queue_finish(queue, &outcome.err);
    flows_queue_close(queue);
    assert_true(!outcome.is_finished || flows_commit(writer, &err));
    flows_writer_close(writer);
    crew_free(crew);
    for (uint32_t i = 0; i < BATCHES; i++) {
        assert_int_equal(f->given_back[i], 1);
    }
    return outcome;
}

static void read_segment(const char *folder, const char *name, struct buffer *out) {
    struct error err = { 0 };
    buffer_init(out, (size_t)16 << 20);
    require(file_read(scratch_path(folder, name), out, &err), &err);
}

static void the_bytes_do_not_depend_on_the_threads(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    char *plain = scratch_new();
    struct flows_writer *writer;
    assert_true(flows_writer_open(&writer, plain, f->manifest, &err));
    for (uint32_t i = 0; i < BATCHES; i++) {
        require(flows_add(writer, &f->batches[i], &err), &err);
    }
    require(flows_commit(writer, &err), &err);
    assert_int_equal(flows_finished_count(writer), 3);
    for (uint32_t threads = 1; threads <= 5; threads++) {
        char *queued = scratch_new();
        struct outcome outcome = run(f, queued, threads);
        assert_true(outcome.is_finished);
        for (size_t i = 0; i < 3; i++) {
            struct buffer want;
            struct buffer got;
            read_segment(plain, flows_finished(writer, i)->path, &want);
            read_segment(queued, flows_finished(writer, i)->path, &got);
            assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
            buffer_done(&want);
            buffer_done(&got);
        }
        scratch_free(queued);
    }
    flows_writer_close(writer);
    scratch_free(plain);
}

/* A folder stands where the second hour's segment is to be. */
static void the_first_batch_that_fails_is_the_error_and_the_last(void **state) {
    struct fixture *f = *state;
    for (uint32_t threads = 1; threads <= 4; threads++) {
        struct error err = { 0 };
        char *folder = scratch_new();
        assert_true(
            file_make_folders(scratch_path(folder, "flows/2024/10/27/04-0000.seg.tmp/x"), &err));
        struct outcome outcome = run(f, folder, threads);
        assert_false(outcome.is_finished);
        assert_int_equal(outcome.err.code, ERROR_IO);
        assert_non_null(strstr(outcome.err.message, "04-0000.seg"));
        for (uint32_t i = 0; i < BATCHES / 3; i++) {
            assert_true(outcome.is_put[i]);
        }
        assert_false(outcome.is_put[BATCHES - 1]);
        assert_int_not_equal(access(scratch_path(folder, "flows/2024/10/27/05-0000.seg.tmp"), F_OK),
                             0);
        scratch_free(folder);
    }
}

static void closing_gives_back_what_was_not_added(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    for (uint32_t threads = 1; threads <= 4; threads++) {
        char *folder = scratch_new();
        struct crew *crew;
        struct flows_writer *writer;
        struct flows_queue *queue;
        memset(f->given_back, 0, sizeof f->given_back);
        assert_true(crew_new(&crew, threads, &err));
        assert_true(flows_writer_open(&writer, folder, f->manifest, &err));
        assert_true(flows_queue_open(&queue, writer, crew, give_back, f, &err));
        for (uint32_t i = 0; i < BATCHES / 2; i++) {
            assert_true(flows_queue_put(queue, &f->batches[i], &err));
        }
        flows_queue_close(queue);
        for (uint32_t i = 0; i < BATCHES; i++) {
            assert_int_equal(f->given_back[i], i < BATCHES / 2);
        }
        flows_writer_close(writer);
        crew_free(crew);
        scratch_free(folder);
    }
    flows_queue_close(NULL);
}

/* Random columns of 64 bits are more than a frame holds. */
static void a_batch_that_does_not_fit_goes_in_as_two(void **state) {
    struct fixture *f = *state;
    struct error err = { 0 };
    char *folder = scratch_new();
    struct crew *crew;
    struct flows_writer *writer;
    struct flows_queue *queue;
    struct batch_recipe recipe = { .count = 30000,
                                   .nodes = 100,
                                   .locals = 100,
                                   .peers = 20000,
                                   .span_ms = 600000,
                                   .duration_ms = 60000,
                                   .unit_ms = 1,
                                   .value_bits = 64,
                                   .is_wild = true };
    fill_random(&f->batches[0], &recipe, 1);
    f->batches[0].stamp.flags = 0;
    memset(f->given_back, 0, sizeof f->given_back);
    assert_true(crew_new(&crew, 3, &err));
    assert_true(flows_writer_open(&writer, folder, f->manifest, &err));
    assert_true(flows_queue_open(&queue, writer, crew, give_back, f, &err));
    require(flows_queue_put(queue, &f->batches[0], &err), &err);
    require(flows_queue_finish(queue, &err), &err);
    flows_queue_close(queue);
    require(flows_commit(writer, &err), &err);
    struct segment *segment;
    assert_true(
        segment_open(&segment, scratch_path(folder, flows_finished(writer, 0)->path), &err));
    assert_int_equal(segment_count(segment), 2);
    assert_int_equal(segment_entry(segment, 0)->count + segment_entry(segment, 1)->count, 30000);
    segment_close(segment);
    flows_writer_close(writer);
    crew_free(crew);
    assert_int_equal(f->given_back[0], 1);
    scratch_free(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_bytes_do_not_depend_on_the_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_batch_that_fails_is_the_error_and_the_last,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_gives_back_what_was_not_added, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_batch_that_does_not_fit_goes_in_as_two, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
