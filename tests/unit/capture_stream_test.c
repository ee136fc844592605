/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is looked at, used and skipped, a stream gives the bytes of its input in their order. */
#include "ingest/capture_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TEXT_SIZE ((size_t)3 * INPUT_PIECE_SIZE + 1000)
#define ROUNDS 40u

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint8_t *make_text(size_t size) {
    uint8_t *text = malloc(size);
    assert_non_null(text);
    uint64_t state = 1;
    for (size_t i = 0; i < size; i++) {
        text[i] = (uint8_t)(next_random(&state) >> 32);
    }
    return text;
}

static void open_text(struct capture_stream *stream, const uint8_t *text, size_t size,
                      size_t chunk_size) {
    struct input *input;
    assert_true(input_open_chunks(&input, bytes_of(text, size), chunk_size, NULL));
    capture_stream_init(stream, input);
}

/* Small sizes mostly, and now and then the most that may be asked for. */
static size_t random_size(uint64_t *state) {
    uint64_t random = next_random(state);
    switch (random % 16) {
    case 0: return CAPTURE_STREAM_MAX;
    case 1: return random / 16 % INPUT_PIECE_SIZE;
    default: return random / 16 % 200;
    }
}

/* One step at `at`: a look at some bytes, of which some are used, or a skip. */
static size_t step(struct capture_stream *stream, const uint8_t *text, size_t at, uint64_t *state) {
    size_t size = random_size(state);
    size_t left = TEXT_SIZE - at;
    assert_int_equal(stream->offset, at);
    if (next_random(state) % 8 == 0) {
        assert_int_equal(capture_stream_skip(stream, size), size <= left);
        return size <= left ? at + size : TEXT_SIZE;
    }
    bool has = capture_stream_has(stream, size);
    assert_int_equal(has, size <= left);
    size_t seen = has ? size : left;
    assert_true(has || stream->view.size == left);
    assert_memory_equal(stream->view.data, text + at, seen);
    size_t used = seen == 0 ? 0 : next_random(state) % (seen + 1);
    capture_stream_use(stream, used);
    return at + used;
}

static void any_steps_give_the_bytes_of_the_input(void **state) {
    (void)state;
    uint8_t *text = make_text(TEXT_SIZE);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t random = round * UINT64_C(0x9E3779B97F4A7C15);
        struct capture_stream stream;
        open_text(&stream, text, TEXT_SIZE, round % 2 == 0 ? 65536 : 1 + round * 100);
        size_t at = 0;
        for (int steps = 0; steps < 2000 && at < TEXT_SIZE; steps++) {
            at = step(&stream, text, at, &random);
        }
        capture_stream_done(&stream);
    }
    free(text);
}

static void an_empty_input_has_nothing_and_no_damage(void **state) {
    (void)state;
    struct capture_stream stream;
    open_text(&stream, (const uint8_t *)"", 0, 1);
    assert_true(capture_stream_has(&stream, 0));
    assert_false(capture_stream_has(&stream, 1));
    assert_true(capture_stream_skip(&stream, 0));
    assert_false(capture_stream_skip(&stream, UINT64_MAX));
    assert_int_equal(stream.view.size, 0);
    struct error err = { 0 };
    assert_false(capture_stream_is_damaged(&stream, &err));
    capture_stream_done(&stream);
    capture_stream_done(&stream); /* of a zeroed one */
}

static void damage_is_told_behind_the_bytes_in_front_of_it(void **state) {
    (void)state;
    static const uint8_t torn[] = { /* one stored block that says 5 octets and has 3 */
                                    0x1f, 0x8b, 8, 0, 0,    0,    0,   0,   0,
                                    3,    1,    5, 0, 0xfa, 0xff, 'a', 'b', 'c'
    };
    struct capture_stream stream;
    open_text(&stream, torn, sizeof torn, 65536);
    assert_false(capture_stream_has(&stream, 4));
    assert_true(stream.view.size <= 3);
    assert_memory_equal("abc", stream.view.data, stream.view.size);
    struct error err = { 0 };
    assert_true(capture_stream_is_damaged(&stream, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_true(capture_stream_is_damaged(&stream, NULL));
    capture_stream_done(&stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_steps_give_the_bytes_of_the_input),
        cmocka_unit_test(an_empty_input_has_nothing_and_no_damage),
        cmocka_unit_test(damage_is_told_behind_the_bytes_in_front_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
