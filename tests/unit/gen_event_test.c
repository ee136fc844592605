/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_event.h"
#include "tests/gen/gen_truth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define T0 UINT64_C(1700006400) /* a midnight */
#define DAY 86400

static struct gen_fleet fleet;
static struct gen_events events;

static int set_up(void **state) {
    (void)state;
    return gen_fleet_init(&fleet, 1, 14, 2, NULL) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    gen_fleet_done(&fleet);
    return 0;
}

static void a_plan_names_kind_node_start_duration_and_fold(void **state) {
    (void)state;
    events.count = 0;
    static const char plan[] = "# two, and a comment; with a semicolon\n"
                               "exfil api-1 2d9h13m 45m\n\n"
                               " dos\tweb-2 90s 2m 250 ; syn_flood db-1 0 1m # behind\n";
    assert_true(gen_events_plan(&events, plan, &fleet, T0, T0 + 3 * DAY, NULL));
    assert_int_equal(events.count, 3);
    const struct gen_event *exfil = &events.rows[0];
    assert_int_equal(exfil->kind, GEN_EVENT_EXFIL);
    assert_string_equal(fleet.nodes[exfil->node].name, "api-1");
    assert_true(exfil->start_s == T0 + 2 * DAY + 9 * 3600 + 13 * 60);
    assert_int_equal(exfil->duration_s, 45 * 60);
    assert_true(exfil->fold == 100);
    /* Events begin and end with a minute. */
    assert_true(events.rows[1].start_s == T0 + 60);
    assert_true(events.rows[1].fold == 250);
    assert_int_equal(events.rows[2].kind, GEN_EVENT_SYN_FLOOD);
}

static void a_wrong_entry_is_refused_with_its_number(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "exfil",
        "exfil api-1 1h",
        "exfil api-1 1h 5m 100 more",
        "leak api-1 1h 5m",
        "exfil api-99 1h 5m",
        "exfil api-1 soon 5m",
        "exfil api-1 1h 59s",
        "exfil api-1 3d 5m",
        "exfil api-1 71h 61m",
        "exfil api-1 1h 5m -3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = { 0 };
        events.count = 0;
        assert_false(gen_events_plan(&events, wrong[i], &fleet, T0, T0 + 3 * DAY, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, "entry 1 "));
    }
}

static void the_demo_attacks_on_the_last_day_at_two_hours(void **state) {
    (void)state;
    events.count = 0;
    assert_true(gen_events_plan(&events, "none", &fleet, T0, T0 + 3 * DAY, NULL));
    assert_int_equal(events.count, 0);
    assert_true(gen_events_plan(&events, "demo", &fleet, T0, T0 + 3 * DAY, NULL));
    assert_int_equal(events.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_true(events.rows[i].start_s >= T0 + 2 * DAY);
        assert_non_null(gen_event_class(events.rows[i].kind));
    }
    assert_true(events.rows[0].node != events.rows[1].node);
    assert_false(gen_events_plan(&events, "demo", &fleet, T0, T0 + 3600, NULL));
}

static void backups_come_every_night_within_minutes_of_each_other(void **state) {
    (void)state;
    events.count = 0;
    assert_true(gen_events_plan_backups(&events, &fleet, 2, T0, T0 + 30 * DAY, NULL));
    assert_int_equal(events.count, 30);
    uint64_t first_of_day = events.rows[0].start_s % DAY;
    for (uint32_t i = 0; i < events.count; i++) {
        uint64_t of_day = events.rows[i].start_s % DAY;
        assert_true(of_day + 480 > first_of_day && of_day < first_of_day + 480);
        assert_true(events.rows[i].fold >= 50 && events.rows[i].fold <= 200);
        assert_null(gen_event_class(events.rows[i].kind));
    }
}

static void the_table_of_events_is_bounded(void **state) {
    (void)state;
    events.count = GEN_EVENTS_MAX - 1;
    assert_true(gen_events_plan(&events, "dos web-1 0 1m", &fleet, T0, T0 + DAY, NULL));
    struct error err = { 0 };
    assert_false(gen_events_plan(&events, "dos web-1 0 1m", &fleet, T0, T0 + DAY, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    events.count = 0;
}

static void an_attack_moves_its_fold_of_the_usual_traffic(void **state) {
    (void)state;
    struct gen_ring ring;
    struct gen_traffic traffic;
    gen_ring_init(&ring, &fleet, T0 + DAY);
    assert_true(gen_traffic_init(&traffic, &fleet, gen_ring_sink(&ring), T0, NULL));
    memset(&events, 0, sizeof events);
    assert_true(gen_events_plan(&events, "exfil api-1 1h 20m 50", &fleet, T0, T0 + DAY, NULL));
    traffic.sent_bytes[1] = UINT64_C(60) * 1000000; /* 1 MB a minute in its first hour */
    for (uint64_t minute = 59; minute < 81; minute++) {
        gen_events_minute(&events, &traffic, T0 + minute * 60);
    }
    for (uint32_t minute = 0; minute < GEN_RING_MINUTES; minute++) {
        const struct gen_records *records = gen_ring_minute(&ring, minute);
        for (uint32_t i = 0; i < records->count; i++) {
            assert_int_equal(records->rows[i].node, 1);
            gen_events_count(&events, &records->rows[i]);
        }
    }
    /* 50 MB a minute for 20 minutes, each stream up to a fifth off, and 2 % of replies. */
    assert_true(events.rows[0].bytes > UINT64_C(800) * 1000000);
    assert_true(events.rows[0].bytes < UINT64_C(1230) * 1000000);
    assert_true(events.rows[0].first_s >= T0 + 3600);
    assert_true(events.rows[0].last_s < T0 + 4800);
    gen_traffic_done(&traffic);
    gen_ring_done(&ring);
}

static void the_truth_parts_attacks_from_benign_jobs(void **state) {
    (void)state;
    memset(&events, 0, sizeof events);
    assert_true(gen_events_plan(&events, "exfil api-1 1h 20m; backup db-1 2h 20m", &fleet, T0,
                                T0 + DAY, NULL));
    struct buffer out;
    buffer_init(&out, 1 << 20);
    gen_truth_write(&events, &fleet, T0, T0 + DAY, &out);
    buffer_u8(&out, 0);
    assert_true(buffer_check(&out, "truth", NULL));
    const char *attacks = strstr((const char *)out.data, "\"attacks\":[");
    const char *benign = strstr((const char *)out.data, "\"benign\":[");
    assert_true(attacks != NULL && benign > attacks);
    const char *exfil = strstr(attacks, "\"kind\":\"exfil\",\"class\":\"exfil.volume\"");
    assert_true(exfil != NULL && exfil < benign);
    assert_non_null(strstr(exfil, "\"start\":\"2023-11-15T01:00:00Z\""));
    assert_non_null(strstr(benign, "\"kind\":\"backup\",\"start\""));
    assert_null(strstr(benign, "class"));
    buffer_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_names_kind_node_start_duration_and_fold),
        cmocka_unit_test(a_wrong_entry_is_refused_with_its_number),
        cmocka_unit_test(the_demo_attacks_on_the_last_day_at_two_hours),
        cmocka_unit_test(backups_come_every_night_within_minutes_of_each_other),
        cmocka_unit_test(the_table_of_events_is_bounded),
        cmocka_unit_test(an_attack_moves_its_fold_of_the_usual_traffic),
        cmocka_unit_test(the_truth_parts_attacks_from_benign_jobs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
