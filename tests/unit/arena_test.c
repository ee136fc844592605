/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

static void pieces_are_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 24);
    uint8_t *pieces[400];
    for (size_t i = 0; i < COUNT(pieces); i++) {
        pieces[i] = arena_take(&arena, i * 7);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i & 255), i * 7);
    }
    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t k = 0; k < i * 7; k++) {
            assert_int_equal(pieces[i][k], i & 255);
        }
    }
    arena_done(&arena);
}

static void the_maximum_is_kept_and_what_fits_still_fits(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    assert_non_null(arena_take(&arena, 4096));
    assert_null(arena_take(&arena, 8000));
    assert_non_null(arena_take(&arena, 5000)); /* no room to double, but for the piece itself */
    assert_null(arena_take(&arena, 1000));
    assert_true(arena.total <= 10000);
    assert_non_null(arena_take(&arena, 800)); /* 10000 - 4096 - 5008 = 896 are left */
    arena_done(&arena);
    assert_int_equal(arena.total, 0);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX - 16)); /* rounded, it would wrap with the header */
    assert_null(arena_take_zeroed(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_take_zeroed(&arena, (size_t)1 << 32, (size_t)1 << 32));
    arena_done(&arena);
}

static void zeroed_memory_is_zero_also_when_used_again(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    for (int round = 0; round < 3; round++) {
        uint8_t *piece = arena_take_zeroed(&arena, 100, 9);
        for (size_t i = 0; i < 900; i++) {
            assert_int_equal(piece[i], 0);
        }
        memset(piece, 0xff, 900);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void a_rewind_takes_back_what_came_after_the_mark(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 24);
    struct arena_mark empty = arena_mark(&arena);
    uint8_t *kept = arena_take(&arena, 100);
    memset(kept, 7, 100);
    struct arena_mark mark = arena_mark(&arena);
    size_t total = arena.total;
    uint8_t *next = arena_take(&arena, 64);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(arena_take(&arena, 5000)); /* many blocks */
    }
    arena_rewind(&arena, mark);
    assert_int_equal(arena.total, total);
    assert_ptr_equal(arena_take(&arena, 64), next);
    assert_int_equal(kept[99], 7);
    arena_rewind(&arena, empty);
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_take(&arena, 1));
    arena_done(&arena);
}

static void a_reset_keeps_one_block_and_no_more(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 24);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(arena_take(&arena, 5000));
    }
    size_t before = arena.total;
    arena_reset(&arena);
    assert_true(arena.total > 0 && arena.total < before);
    size_t kept = arena.total;
    assert_non_null(arena_take(&arena, kept)); /* all of it can be used again */
    assert_int_equal(arena.total, kept);
    arena_reset(&arena);
    arena_reset(&arena);
    arena_done(&arena);
    arena_done(&arena);
    struct arena zeroed = { 0 };
    arena_reset(&zeroed);
    arena_done(&zeroed);
}

static void copies_are_equal_and_empty_ones_take_nothing(void **state) {
    (void)state;
    struct arena arena;
    bool failed = false;
    arena_init(&arena, 4096);
    struct bytes copy = arena_copy(&arena, bytes_text("text"), &failed);
    assert_true(bytes_equal(copy, bytes_text("text")));
    assert_int_equal(arena_copy(&arena, bytes_of(NULL, 0), &failed).size, 0);
    assert_false(failed);
    static const uint8_t large[5000];
    assert_null(arena_copy(&arena, bytes_of(large, sizeof large), &failed).data);
    assert_true(failed);
    arena_done(&arena);
}

#ifdef HAS_ASAN
static void memory_taken_back_is_poisoned(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    uint8_t *kept = arena_take(&arena, 10);
    struct arena_mark mark = arena_mark(&arena);
    uint8_t *gone = arena_take(&arena, 100);
    assert_true(__asan_address_is_poisoned(kept + 10)); /* behind the piece */
    assert_false(__asan_address_is_poisoned(gone + 99));
    arena_rewind(&arena, mark);
    assert_true(__asan_address_is_poisoned(gone));
    assert_false(__asan_address_is_poisoned(kept + 9));
    arena_reset(&arena);
    assert_true(__asan_address_is_poisoned(kept));
    arena_done(&arena);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(the_maximum_is_kept_and_what_fits_still_fits),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(zeroed_memory_is_zero_also_when_used_again),
        cmocka_unit_test(a_rewind_takes_back_what_came_after_the_mark),
        cmocka_unit_test(a_reset_keeps_one_block_and_no_more),
        cmocka_unit_test(copies_are_equal_and_empty_ones_take_nothing),
#ifdef HAS_ASAN
        cmocka_unit_test(memory_taken_back_is_poisoned),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
