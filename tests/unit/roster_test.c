/* SPDX-License-Identifier: Apache-2.0 */
/* The roster against a plain list, under random additions and removals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "detect/roster.h"

#include <stdio.h>

#define NAMES 300u
#define NODES_MAX 200u

static struct error err;

static struct bytes name_of(uint32_t n, char text[16]) {
    return bytes_of(text, (size_t)snprintf(text, 16, "node-%u", n));
}

static void nodes_are_found_until_they_are_removed(void **state) {
    (void)state;
    static uint32_t indices[NAMES];
    struct roster roster;
    roster_init(&roster, NODES_MAX);
    uint64_t random = 12345;
    uint32_t used = 0;
    for (uint32_t n = 0; n < NAMES; n++) {
        indices[n] = ROSTER_NONE;
    }
    for (uint32_t step = 0; step < 20000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint32_t n = (uint32_t)(random >> 33) % NAMES;
        char text[16];
        struct bytes name = name_of(n, text);
        assert_int_equal(roster_find(&roster, name, name), indices[n]);
        if (indices[n] != ROSTER_NONE) {
            roster_remove(&roster, indices[n]);
            indices[n] = ROSTER_NONE;
            used--;
        } else if (used < NODES_MAX) {
            assert_true(roster_add(&roster, name, name, &indices[n], &err));
            used++;
        } else {
            uint32_t index;
            assert_false(roster_add(&roster, name, name, &index, &err));
            assert_int_equal(err.code, ERROR_LIMIT);
        }
        assert_int_equal(roster.used, used);
        assert_true(roster.count <= NODES_MAX);
    }
    roster_sort(&roster);
    assert_int_equal(roster.order_count, used);
    for (uint32_t i = 1; i < roster.order_count; i++) {
        assert_true(bytes_compare(roster.nodes[roster.order[i - 1]].name,
                                  roster.nodes[roster.order[i]].name) < 0);
    }
    roster_done(&roster);
}

static void holder_is_the_identity_that_is_not_retired(void **state) {
    (void)state;
    struct roster roster;
    roster_init(&roster, 8);
    uint32_t old;
    uint32_t present;
    assert_int_equal(roster_holder(&roster, bytes_text("web")), ROSTER_NONE);
    assert_true(roster_add(&roster, bytes_text("web"), bytes_text("i-1"), &old, &err));
    roster.nodes[old].is_retired = true;
    assert_int_equal(roster_holder(&roster, bytes_text("web")), ROSTER_NONE);
    assert_true(roster_add(&roster, bytes_text("web"), bytes_text("i-2"), &present, &err));
    assert_int_equal(roster_holder(&roster, bytes_text("web")), present);
    assert_int_equal(roster_find(&roster, bytes_text("web"), bytes_text("i-1")), old);
    roster_done(&roster);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_found_until_they_are_removed),
        cmocka_unit_test(holder_is_the_identity_that_is_not_retired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
