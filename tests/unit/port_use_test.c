/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/port_use.h"

#define HALF_DAY_MS (INT64_C(12) * 3600 * 1000)

static void add(struct port_use *use, uint16_t port, uint32_t count) {
    struct port_use_count counts[PORT_USE_ROWS_MAX + 1] = { { port, count } };
    port_use_add(use, 1, counts, 1);
}

static void uses_are_counted_for_a_day_and_then_forgotten(void **state) {
    (void)state;
    struct port_use use = { 0 };
    port_use_enter(&use, 10 * HALF_DAY_MS);
    add(&use, 8500, 3);
    add(&use, 8500, 4);
    assert_int_equal(port_use_of(&use, 1, 8500), 7);
    assert_int_equal(port_use_of(&use, 0, 8500), 0);
    assert_int_equal(port_use_of(&use, 1, 8501), 0);
    port_use_enter(&use, 12 * HALF_DAY_MS + 1);
    add(&use, 8500, 1);
    assert_int_equal(port_use_of(&use, 1, 8500), 8);
    port_use_enter(&use, 13 * HALF_DAY_MS);
    assert_int_equal(port_use_of(&use, 1, 8500), 1);
    port_use_enter(&use, INT64_MAX);
    assert_int_equal(port_use_of(&use, 1, 8500), 0);
    assert_int_equal(use.row_count[1], 0);
}

static void counts_stay_at_their_maximum(void **state) {
    (void)state;
    struct port_use use = { 0 };
    add(&use, 1, UINT32_MAX);
    add(&use, 1, UINT32_MAX);
    assert_int_equal(port_use_of(&use, 1, 1), UINT16_MAX);
}

/* 32 ports with two uses each, then a window of 40 other ports: one with three uses and 39 with
 * one. The three come in; of the old rows the one with the highest port makes room. */
static void beyond_the_bound_the_least_used_go(void **state) {
    (void)state;
    struct port_use use = { 0 };
    struct port_use_count counts[40 + PORT_USE_ROWS_MAX];
    for (uint16_t i = 0; i < 32; i++) {
        counts[i] = (struct port_use_count){ (uint16_t)(2000 + i), 2 };
    }
    port_use_add(&use, 1, counts, 32);
    for (uint16_t i = 0; i < 40; i++) {
        counts[i] = (struct port_use_count){ (uint16_t)(1000 + i), i == 17 ? 3 : 1 };
    }
    port_use_add(&use, 1, counts, 40);
    assert_int_equal(use.row_count[1], PORT_USE_ROWS_MAX);
    assert_int_equal(port_use_of(&use, 1, 1017), 3);
    assert_int_equal(port_use_of(&use, 1, 1016), 0);
    assert_int_equal(port_use_of(&use, 1, 2030), 2);
    assert_int_equal(port_use_of(&use, 1, 2031), 0);
    /* Of equally used ports those of the window stay: 2031 comes in again, 2030 goes. */
    counts[0] = (struct port_use_count){ 2031, 2 };
    port_use_add(&use, 1, counts, 1);
    assert_int_equal(port_use_of(&use, 1, 2031), 2);
    assert_int_equal(port_use_of(&use, 1, 2030), 0);
}

static void the_order_of_a_windows_ports_does_not_show(void **state) {
    (void)state;
    struct port_use_count counts[200 + PORT_USE_ROWS_MAX];
    struct port_use forth = { 0 };
    struct port_use back = { 0 };
    for (uint32_t window = 0; window < 20; window++) {
        for (uint32_t turn = 0; turn < 2; turn++) {
            for (uint32_t i = 0; i < 200; i++) {
                uint32_t k = turn == 0 ? i : 199 - i;
                counts[i] =
                    (struct port_use_count){ (uint16_t)(1024 + k * 97 + window), 1 + k * 7 % 5 };
            }
            port_use_add(turn == 0 ? &forth : &back, 0, counts, 200);
        }
        assert_memory_equal(&forth, &back, sizeof forth);
    }
}

static void what_is_saved_is_loaded_and_nothing_else(void **state) {
    (void)state;
    struct port_use use = { 0 };
    port_use_enter(&use, 40000 * HALF_DAY_MS);
    add(&use, 9999, 12);
    add(&use, 8500, 300);
    struct buffer out;
    struct buffer again;
    buffer_init(&out, 4096);
    buffer_init(&again, 4096);
    port_use_save(&use, &out);
    struct port_use loaded;
    struct cursor cursor = cursor_of(buffer_bytes(&out));
    port_use_load(&loaded, &cursor);
    assert_false(cursor.failed);
    assert_int_equal(cursor_left(&cursor), 0);
    port_use_save(&loaded, &again);
    assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&again)));
    for (size_t size = 0; size < out.size; size++) {
        struct cursor cut = cursor_of(bytes_of(out.data, size));
        port_use_load(&loaded, &cut);
        assert_true(cut.failed);
    }
    for (size_t i = 0; i < out.size * 8; i++) {
        out.data[i / 8] ^= (uint8_t)(1u << i % 8);
        struct cursor bad = cursor_of(buffer_bytes(&out));
        port_use_load(&loaded, &bad);
        assert_true(loaded.row_count[0] <= PORT_USE_ROWS_MAX);
        assert_true(loaded.row_count[1] <= PORT_USE_ROWS_MAX);
        out.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    buffer_done(&out);
    buffer_done(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_are_counted_for_a_day_and_then_forgotten),
        cmocka_unit_test(counts_stay_at_their_maximum),
        cmocka_unit_test(beyond_the_bound_the_least_used_go),
        cmocka_unit_test(the_order_of_a_windows_ports_does_not_show),
        cmocka_unit_test(what_is_saved_is_loaded_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
