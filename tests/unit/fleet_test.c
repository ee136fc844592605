/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/fleet.h"

static struct error err;

static void begin(struct fleet *fleet, uint32_t groups_max) {
    assert_true(fleet_init(fleet, groups_max, &err));
    fleet_enter(fleet, 100);
}

static void nothing_is_rare_in_a_young_fleet(void **state) {
    (void)state;
    struct fleet fleet;
    begin(&fleet, 10);
    assert_false(fleet_is_rare(&fleet, 7, 1));
    fleet_enter(&fleet, 99 + FLEET_YOUNG_HOURS);
    assert_false(fleet_is_rare(&fleet, 7, 1));
    fleet_enter(&fleet, 100 + FLEET_YOUNG_HOURS);
    assert_true(fleet_is_rare(&fleet, 7, 1));
    fleet_done(&fleet);
}

static void what_another_node_contacted_two_hours_ago_is_not_rare(void **state) {
    (void)state;
    struct fleet fleet;
    begin(&fleet, 10);
    fleet_enter(&fleet, 200);
    fleet_contact(&fleet, 7, 1);
    assert_true(fleet_is_rare(&fleet, 7, 2)); /* this hour is not asked for */
    fleet_enter(&fleet, 201);
    assert_true(fleet_is_rare(&fleet, 7, 2));
    fleet_enter(&fleet, 202);
    assert_false(fleet_is_rare(&fleet, 7, 2));
    assert_true(fleet_is_rare(&fleet, 7, 1)); /* one's own contact is no other's */
    fleet_contact(&fleet, 7, 2);
    fleet_enter(&fleet, 204);
    assert_false(fleet_is_rare(&fleet, 7, 1));
    fleet_enter(&fleet, 202 + FLEET_HOURS);
    assert_false(fleet_is_rare(&fleet, 7, 3));
    fleet_enter(&fleet, 203 + FLEET_HOURS);
    assert_true(fleet_is_rare(&fleet, 7, 3));
    fleet_done(&fleet);
}

static void the_order_of_nodes_does_not_show(void **state) {
    (void)state;
    struct buffer saved[2];
    for (int turn = 0; turn < 2; turn++) {
        struct fleet fleet;
        begin(&fleet, 50);
        for (int64_t hour = 101; hour < 140; hour++) {
            fleet_enter(&fleet, hour);
            for (uint32_t i = 0; i < 40; i++) {
                uint32_t k = turn == 0 ? i : 39 - i;
                uint64_t group = (UINT64_C(1) + (k * 7 + (uint32_t)hour) % 90) << 40;
                fleet_contact(&fleet, group, (k * 31 + (uint32_t)hour * 3) % 11);
            }
        }
        assert_true(fleet.dropped > 0);
        buffer_init(&saved[turn], 1 << 16);
        fleet_save(&fleet, &saved[turn]);
        struct fleet loaded;
        struct buffer again;
        assert_true(fleet_init(&loaded, 50, &err));
        struct cursor cursor = cursor_of(buffer_bytes(&saved[turn]));
        fleet_load(&loaded, &cursor);
        assert_false(cursor.failed);
        assert_int_equal(cursor_left(&cursor), 0);
        buffer_init(&again, 1 << 16);
        fleet_save(&loaded, &again);
        assert_true(bytes_equal(buffer_bytes(&saved[turn]), buffer_bytes(&again)));
        buffer_done(&again);
        fleet_done(&loaded);
        fleet_done(&fleet);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    for (size_t i = 0; i < saved[0].size * 8; i++) {
        struct fleet fleet;
        assert_true(fleet_init(&fleet, 50, &err));
        saved[0].data[i / 8] ^= (uint8_t)(1u << i % 8);
        struct cursor cursor = cursor_of(buffer_bytes(&saved[0]));
        fleet_load(&fleet, &cursor);
        fleet_enter(&fleet, fleet.hour + 1);
        fleet_contact(&fleet, 9, 9);
        assert_true(fleet.count <= 100);
        saved[0].data[i / 8] ^= (uint8_t)(1u << i % 8);
        fleet_done(&fleet);
    }
    buffer_done(&saved[0]);
    buffer_done(&saved[1]);
}

static void more_groups_than_fit_are_dropped_and_counted(void **state) {
    (void)state;
    struct fleet fleet;
    begin(&fleet, 1);
    for (uint64_t group = 0; group < 100; group++) {
        fleet_contact(&fleet, group << 50, 1);
    }
    fleet_enter(&fleet, 101);
    assert_int_equal(fleet.count, 1);
    assert_true(fleet.dropped == 99);
    fleet_done(&fleet);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_rare_in_a_young_fleet),
        cmocka_unit_test(what_another_node_contacted_two_hours_ago_is_not_rare),
        cmocka_unit_test(the_order_of_nodes_does_not_show),
        cmocka_unit_test(more_groups_than_fit_are_dropped_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
