/* SPDX-License-Identifier: Apache-2.0 */
/* Slots against a plain list: what was added and not removed is found, and nothing else is. */
#include "ingest/flow_slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool holds(const struct flow_slots *slots, uint32_t hash, uint32_t index) {
    size_t at = flow_slots_home(slots, hash);
    for (; slots->slots[at] != 0; at = (at + 1) & flow_slots_mask(slots)) {
        if (flow_slot_hash(slots->slots[at]) == hash &&
            flow_slot_index(slots->slots[at]) == index) {
            return true;
        }
    }
    return false;
}

static void equal_hashes_are_kept_apart_by_index(void **state) {
    (void)state;
    struct flow_slots slots;
    assert_true(flow_slots_init(&slots, NULL));
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(flow_slots_add(&slots, UINT32_MAX, i, NULL)); /* the run wraps around the end */
    }
    flow_slots_remove(&slots, UINT32_MAX, 1);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(holds(&slots, UINT32_MAX, i), i != 1);
    }
    flow_slots_done(&slots);
}

static void growing_keeps_every_slot(void **state) {
    (void)state;
    struct flow_slots slots;
    assert_true(flow_slots_init(&slots, NULL));
    uint32_t first = slots.bits;
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(flow_slots_add(&slots, i * UINT32_C(2654435761), i, NULL));
    }
    assert_true(slots.bits > first);
    assert_true(2 * (size_t)slots.count <= flow_slots_mask(&slots) + 1);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true(holds(&slots, i * UINT32_C(2654435761), i));
    }
    flow_slots_clear(&slots);
    assert_int_equal(slots.count, 0);
    assert_false(holds(&slots, 0, 0));
    flow_slots_done(&slots);
}

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* Few distinct hashes, near one another and at both ends: long runs that removing must close. */
static void removing_in_any_order_loses_nothing_else(void **state) {
    (void)state;
    enum { COUNT = 400, STEPS = 20000 };
    struct flow_slots slots;
    uint32_t hashes[COUNT] = { 0 };
    bool is_in[COUNT] = { false };
    uint64_t random = 88172645463325252;
    assert_true(flow_slots_init(&slots, NULL));
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)(next_random(&random) % COUNT);
        if (is_in[i]) {
            flow_slots_remove(&slots, hashes[i], i);
        } else {
            uint32_t near = (uint32_t)(next_random(&random) % 64) << 20;
            hashes[i] = next_random(&random) & 1 ? near : UINT32_MAX - near;
            assert_true(flow_slots_add(&slots, hashes[i], i, NULL));
        }
        is_in[i] = !is_in[i];
        if (step % 100 == 0) {
            for (uint32_t k = 0; k < COUNT; k++) {
                assert_int_equal(holds(&slots, hashes[k], k), is_in[k]);
            }
        }
    }
    flow_slots_done(&slots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_hashes_are_kept_apart_by_index),
        cmocka_unit_test(growing_keeps_every_slot),
        cmocka_unit_test(removing_in_any_order_loses_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
