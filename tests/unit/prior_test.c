/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/prior.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct error err;

static struct bytes role_of(const char *name) {
    return bytes_text(name);
}

/* A grown node whose records are all the same. */
static void add(struct prior *prior, const char *role, float bits) {
    float records[PRIOR_FEATURES];
    for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
        records[f] = bits;
    }
    assert_true(prior_add(prior, role_of(role), records, &err));
}

static float value(const struct prior *prior, const char *role) {
    return prior_value(prior, role_of(role), 0);
}

static void the_snapshot_asked_is_two_hours_old_or_more(void **state) {
    (void)state;
    struct prior prior;
    prior_init(&prior);
    for (int64_t hour = 100; hour < 106; hour++) {
        prior_enter(&prior, hour);
        prior_enter(&prior, hour); /* nothing */
        float want = hour < 102 ? -1 : (float)(hour - 102);
        assert_true(value(&prior, "") == want);
        for (int i = 0; i < 3; i++) {
            add(&prior, "", (float)(hour - 100));
        }
        assert_true(value(&prior, "") == want); /* the hour that runs changes nothing */
    }
    prior_enter(&prior, 120); /* of the hours before, the last one */
    assert_true(value(&prior, "") == 5);
    prior_enter(&prior, 121); /* hour 120 is too young */
    assert_true(value(&prior, "") == 5);
    prior_enter(&prior, 122); /* there was no grown node in it */
    assert_true(value(&prior, "") == -1);
    prior_enter(&prior, 3); /* time does not go back */
    assert_true(prior.running.hour == 122);
    prior_done(&prior);
}

static void a_role_of_fewer_than_three_grown_nodes_takes_the_fleets_value(void **state) {
    (void)state;
    struct prior prior;
    prior_init(&prior);
    prior_enter(&prior, 1);
    add(&prior, "db", 1);
    add(&prior, "db", 2);
    add(&prior, "web", 5);
    prior_enter(&prior, 3);
    assert_true(value(&prior, "db") == 5);
    assert_true(value(&prior, "web") == 5);
    assert_true(value(&prior, "never seen") == 5);
    for (int i = 0; i < 3; i++) {
        add(&prior, "db", 1);
    }
    add(&prior, "web", 5);
    prior_enter(&prior, 5);
    assert_true(value(&prior, "db") == 1);
    assert_true(value(&prior, "web") == 5);
    add(&prior, "web", 1);
    add(&prior, "web", 1);
    prior_enter(&prior, 7);
    assert_true(value(&prior, "web") == -1); /* two nodes are no fleet */
    prior_done(&prior);
}

static void nine_of_ten_nodes_do_not_exceed_the_value(void **state) {
    (void)state;
    static const struct {
        uint32_t low;
        uint32_t high;
        float want;
    } cases[] = { { 0, 3, 8 },  { 2, 1, 8 },  { 8, 1, 8 },     { 9, 1, 0 },
                  { 18, 2, 0 }, { 17, 2, 8 }, { 900, 100, 0 }, { 899, 101, 8 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct prior prior;
        prior_init(&prior);
        prior_enter(&prior, 1);
        for (uint32_t n = 0; n < cases[i].low + cases[i].high; n++) {
            add(&prior, "", n < cases[i].low ? 0.0f : 8.0f);
        }
        prior_enter(&prior, 3);
        if (value(&prior, "") != cases[i].want) {
            fail_msg("%u of 0 and %u of 8 give %g", cases[i].low, cases[i].high,
                     (double)value(&prior, ""));
        }
        prior_done(&prior);
    }
}

static void a_value_is_the_upper_edge_of_its_step_and_zero_stays_zero(void **state) {
    (void)state;
    static const struct {
        float bits;
        float want;
    } cases[] = { { 0, 0 },       { 1e-30f, 0.125f }, { 0.125f, 0.125f }, { 0.1251f, 0.25f },
                  { 7.9f, 8 },    { 8, 8 },           { 63.9f, 64 },      { 64, 64 },
                  { 64.01f, 64 }, { 99, 64 },         { INFINITY, 64 },   { NAN, -1 },
                  { -1, -1 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct prior prior;
        prior_init(&prior);
        prior_enter(&prior, 1);
        for (int n = 0; n < 3; n++) {
            add(&prior, "", cases[i].bits);
        }
        prior_enter(&prior, 3);
        if (value(&prior, "") != cases[i].want) {
            fail_msg("%g gives %g", (double)cases[i].bits, (double)value(&prior, ""));
        }
        prior_done(&prior);
    }
}

static void a_feature_that_a_node_does_not_tell_is_left_out_of_its_percentile(void **state) {
    (void)state;
    struct prior prior;
    prior_init(&prior);
    prior_enter(&prior, 1);
    for (int n = 0; n < 12; n++) {
        float records[PRIOR_FEATURES] = { 1, n < 9 ? -1 : 2, n < 10 ? NAN : 3 };
        assert_true(prior_add(&prior, role_of("web"), records, &err));
    }
    prior_enter(&prior, 3);
    assert_true(prior_value(&prior, role_of("web"), 0) == 1);
    assert_true(prior_value(&prior, role_of("web"), 1) == 2);
    assert_true(prior_value(&prior, role_of("web"), 2) == -1);
    assert_true(prior_value(&prior, role_of("web"), PRIOR_FEATURES - 1) == 0);
    prior_done(&prior);
}

static void a_role_is_as_old_as_its_first_node_and_forgotten_after_a_month(void **state) {
    (void)state;
    struct prior prior;
    prior_init(&prior);
    prior_enter(&prior, 10);
    prior_see(&prior, role_of("batch")); /* young nodes count, too: it has no others */
    prior_enter(&prior, 11);
    assert_true(prior_role_hours(&prior, role_of("batch")) == -1);
    prior_see(&prior, role_of("batch"));
    prior_enter(&prior, 12);
    assert_true(prior_role_hours(&prior, role_of("batch")) == 2);
    assert_true(prior_role_hours(&prior, role_of("")) == -1);
    prior_enter(&prior, 82);
    assert_false(prior_role_is_old(&prior, role_of("batch"), 72));
    prior_enter(&prior, 83);
    assert_true(prior_role_is_old(&prior, role_of("batch"), 72));
    assert_false(prior_role_is_old(&prior, role_of("other"), 72));
    assert_true(value(&prior, "batch") == -1);
    prior_enter(&prior, 11 + PRIOR_HOURS);
    prior_enter(&prior, 13 + PRIOR_HOURS);
    assert_true(prior_role_hours(&prior, role_of("batch")) == 3 + PRIOR_HOURS);
    prior_enter(&prior, 15 + PRIOR_HOURS);
    assert_true(prior_role_hours(&prior, role_of("batch")) == -1);
    prior_done(&prior);
}

static struct buffer saved_of(const struct prior *prior) {
    struct buffer out;
    buffer_init(&out, 1 << 22);
    prior_save(prior, &out);
    assert_false(out.failed);
    return out;
}

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

#define NODES 400u
#define ROLES 100u /* more than are kept */

/* Hours of nodes, those of part `part` of `parts`, in an order of the `turn`. */
static void run_hours(struct prior *prior, uint32_t turn, uint32_t part, uint32_t parts) {
    for (int64_t hour = 50; hour < 58; hour++) {
        prior_enter(prior, hour);
        for (uint32_t i = 0; i < NODES; i++) {
            uint32_t node = turn == 0 ? i : turn == 1 ? NODES - 1 - i : i * 7 % NODES;
            uint64_t seed = node * 1000 + (uint64_t)hour;
            float records[PRIOR_FEATURES];
            char role[16];
            (void)next_random(&seed);
            for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
                records[f] = (float)(next_random(&seed) % 3000) / 100 - 1;
            }
            snprintf(role, sizeof role, "r%u", (unsigned)(next_random(&seed) % ROLES));
            if (node % parts != part) {
                continue;
            }
            if (node % 5 == 0) {
                prior_see(prior, role_of(role));
            } else {
                assert_true(prior_add(prior, role_of(role), records, &err));
            }
        }
    }
}

static void the_order_of_nodes_does_not_show(void **state) {
    (void)state;
    struct buffer saved[3];
    for (uint32_t turn = 0; turn < 3; turn++) {
        struct prior prior;
        prior_init(&prior);
        run_hours(&prior, turn, 0, 1);
        assert_int_equal(prior.running.role_count, PRIOR_ROLES_MAX);
        saved[turn] = saved_of(&prior);
        prior_done(&prior);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[2])));
    for (uint32_t turn = 0; turn < 3; turn++) {
        buffer_done(&saved[turn]);
    }
}

static void the_hours_of_workers_merge_into_the_hour_of_all(void **state) {
    (void)state;
    struct prior whole;
    struct prior parts[3];
    prior_init(&whole);
    run_hours(&whole, 0, 0, 1);
    for (uint32_t part = 0; part < 3; part++) {
        prior_init(&parts[part]);
        run_hours(&parts[part], 0, part, 3);
    }
    static const uint32_t orders[][3] = { { 0, 1, 2 }, { 2, 0, 1 } };
    struct buffer want;
    buffer_init(&want, 1 << 22);
    prior_hour_save(&whole.waiting, &want);
    for (size_t i = 0; i < 2; i++) {
        struct prior_hour merged;
        struct buffer got;
        prior_hour_init(&merged);
        prior_hour_begin(&merged, &merged, 56);
        for (size_t k = 0; k < 3; k++) {
            assert_true(prior_hour_merge(&merged, &parts[orders[i][k]].waiting, &err));
        }
        buffer_init(&got, 1 << 22);
        prior_hour_save(&merged, &got);
        assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
        buffer_done(&got);
        prior_hour_done(&merged);
    }
    buffer_done(&want);
    prior_done(&whole);
    for (uint32_t part = 0; part < 3; part++) {
        prior_done(&parts[part]);
    }
}

static void the_roles_with_the_smallest_names_are_kept_apart(void **state) {
    (void)state;
    struct prior prior;
    prior_init(&prior);
    prior_enter(&prior, 1);
    char name[PRIOR_ROLE_SIZE_MAX + 2];
    for (uint32_t i = 0; i < 3 * PRIOR_ROLES_MAX; i++) {
        snprintf(name, sizeof name, "r%03u", (unsigned)(i / 3));
        add(&prior, name, 1);
    }
    prior_enter(&prior, 3);
    assert_true(value(&prior, "r063") == 1);
    memset(name, 'a', sizeof name); /* a name that is too long has no row */
    name[sizeof name - 1] = '\0';
    for (uint32_t i = 0; i < 3; i++) {
        add(&prior, "r063", 1);
        add(&prior, name, 9);
        add(&prior, "", 9);
    }
    for (uint32_t i = 0; i < 9; i++) {
        add(&prior, "q", 2); /* puts out r063 */
    }
    prior_enter(&prior, 5);
    assert_int_equal(prior.asked.role_count, PRIOR_ROLES_MAX);
    assert_true(value(&prior, "q") == 2);
    assert_true(value(&prior, name) == 9);
    assert_true(value(&prior, "r063") == 9);
    assert_true(prior_role_hours(&prior, role_of("r063")) == -1);
    assert_true(prior_role_hours(&prior, role_of("r062")) == 4);
    prior_done(&prior);
}

static void what_was_saved_goes_on_as_if_nothing_had_been(void **state) {
    (void)state;
    struct prior whole;
    struct prior loaded;
    prior_init(&whole);
    prior_init(&loaded);
    run_hours(&whole, 0, 0, 1);
    struct buffer saved = saved_of(&whole);
    struct cursor cursor = cursor_of(buffer_bytes(&saved));
    prior_load(&loaded, &cursor);
    assert_false(cursor.failed);
    assert_int_equal(cursor_left(&cursor), 0);
    for (int64_t hour = 57; hour < 61; hour++) {
        prior_enter(&whole, hour);
        prior_enter(&loaded, hour);
        for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
            assert_true(prior_value(&whole, role_of("r11"), f) ==
                        prior_value(&loaded, role_of("r11"), f));
        }
        struct buffer one = saved_of(&whole);
        struct buffer other = saved_of(&loaded);
        assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)));
        buffer_done(&one);
        buffer_done(&other);
    }
    buffer_done(&saved);
    prior_done(&whole);
    prior_done(&loaded);
}

static void few_hours(struct prior *prior) {
    prior_init(prior);
    for (int64_t hour = 7; hour < 10; hour++) {
        prior_enter(prior, hour);
        for (int i = 0; i < 5; i++) {
            add(prior, i < 3 ? "web" : "db", (float)(i + hour));
        }
    }
}

static void bytes_that_are_no_state_are_refused_or_harmless(void **state) {
    (void)state;
    struct prior prior;
    few_hours(&prior);
    struct buffer saved = saved_of(&prior);
    prior_done(&prior);
    for (size_t i = 0; i < saved.size * 8; i++) {
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        prior_init(&prior);
        prior_load(&prior, &cursor);
        assert_true(!cursor.failed || (prior.running.hour == -1 && prior.asked.hour == -1));
        prior_enter(&prior, prior.running.hour + 1);
        add(&prior, "web", 3);
        (void)prior_value(&prior, role_of("web"), 3);
        prior_done(&prior);
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < saved.size; size++) {
        struct cursor cursor = cursor_of(bytes_of(saved.data, size));
        prior_init(&prior);
        prior_load(&prior, &cursor);
        assert_true(cursor.failed);
        prior_done(&prior);
    }
    buffer_done(&saved);
}

/* Hours that differ from a good one in the one thing that makes them impossible. */
static void counts_that_no_run_can_have_are_refused(void **state) {
    (void)state;
    enum wrong {
        NOTHING,
        ROLE_BEYOND_FLEET,
        FEATURE_BEYOND_NODES,
        COUNT_BEFORE_SEEN,
        ORDER,
        WAITING
    };
    for (enum wrong wrong = NOTHING; wrong <= WAITING; wrong++) {
        struct prior prior;
        few_hours(&prior);
        struct prior_row *roles = prior.running.roles; /* db, web */
        switch (wrong) {
        case NOTHING: break;
        case ROLE_BEYOND_FLEET: roles[0].nodes = 4; break;
        case FEATURE_BEYOND_NODES: prior.running.fleet.steps->counts[3][9] = 1; break;
        case COUNT_BEFORE_SEEN: roles[0].last_hour = 8; break;
        case ORDER: memcpy(roles[0].role, "xx", 2); break;
        case WAITING: prior.waiting.hour = 7; break;
        }
        struct buffer saved = saved_of(&prior);
        prior_done(&prior);
        prior_init(&prior);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        prior_load(&prior, &cursor);
        assert_int_equal(cursor.failed, wrong != NOTHING);
        prior_done(&prior);
        buffer_done(&saved);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_snapshot_asked_is_two_hours_old_or_more),
        cmocka_unit_test(a_role_of_fewer_than_three_grown_nodes_takes_the_fleets_value),
        cmocka_unit_test(nine_of_ten_nodes_do_not_exceed_the_value),
        cmocka_unit_test(a_value_is_the_upper_edge_of_its_step_and_zero_stays_zero),
        cmocka_unit_test(a_feature_that_a_node_does_not_tell_is_left_out_of_its_percentile),
        cmocka_unit_test(a_role_is_as_old_as_its_first_node_and_forgotten_after_a_month),
        cmocka_unit_test(the_order_of_nodes_does_not_show),
        cmocka_unit_test(the_hours_of_workers_merge_into_the_hour_of_all),
        cmocka_unit_test(the_roles_with_the_smallest_names_are_kept_apart),
        cmocka_unit_test(what_was_saved_goes_on_as_if_nothing_had_been),
        cmocka_unit_test(bytes_that_are_no_state_are_refused_or_harmless),
        cmocka_unit_test(counts_that_no_run_can_have_are_refused),
    };
    return cmocka_run_group_tests_name("prior", tests, NULL, NULL);
}
