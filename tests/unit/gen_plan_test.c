/* SPDX-License-Identifier: Apache-2.0 */
#include "gen_collector.h"
#include "tests/gen/gen_churn.h"
#include "tests/gen/gen_life.h"
#include "tests/gen/gen_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define T0 UINT64_C(1699833600) /* Monday, 2023-11-13, midnight */
#define DAY UINT64_C(86400)
#define DAYS 35u

static struct gen_fleet fleet;
static struct gen_events events;

static int set_up(void **state) {
    (void)state;
    if (!gen_fleet_init_roles(&fleet, 9, 84, 2, NULL)) {
        return -1;
    }
    gen_fleet_scale(&fleet);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gen_fleet_done(&fleet);
    return 0;
}

static struct gen_plan make_plan(void) {
    memset(&events, 0, sizeof events);
    return (struct gen_plan){
        .events = &events,
        .fleet = &fleet,
        .options = { .parts = GEN_PARTS_ALL,
                     .churn_a_day = 3,
                     .attacks_per_kind = 3,
                     .quiet_s = 3 * DAY },
        .start_s = T0,
        .end_s = T0 + DAYS * DAY,
    };
}

static void parts_are_read_by_name(void **state) {
    (void)state;
    uint32_t parts;
    assert_true(gen_plan_parse_parts("all", &parts, NULL));
    assert_int_equal(parts, GEN_PARTS_ALL);
    assert_true(gen_plan_parse_parts("none", &parts, NULL));
    assert_int_equal(parts, 0);
    assert_true(gen_plan_parse_parts("churn,gaps", &parts, NULL));
    assert_int_equal(parts, GEN_PART_BIT(GEN_PART_CHURN) | GEN_PART_BIT(GEN_PART_GAPS));
    static const char *const wrong[] = {
        "", "churn,", ",churn", "churn gaps", "Churn", "all,gaps"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = { 0 };
        assert_false(gen_plan_parse_parts(wrong[i], &parts, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
    }
}

static void kinds_are_told_from_entries(void **state) {
    (void)state;
    assert_true(gen_plan_is_kinds("all"));
    assert_true(gen_plan_is_kinds("exfil"));
    assert_true(gen_plan_is_kinds("exfil,scan_slow,mining"));
    assert_false(gen_plan_is_kinds("exfil api-1 1h 5m"));
    assert_false(gen_plan_is_kinds("exfil,backup"));
    assert_false(gen_plan_is_kinds("none"));
    assert_false(gen_plan_is_kinds("demo"));
    assert_false(gen_plan_is_kinds(""));
}

static void attacks_are_so_many_of_a_kind_apart_and_behind_the_quiet_time(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    assert_true(gen_plan_benign(&plan, NULL));
    uint32_t benign = events.count;
    assert_true(gen_plan_attacks(&plan, "all", NULL));
    assert_int_equal(events.count - benign, 3 * GEN_EVENT_ATTACK_COUNT);
    for (uint32_t i = benign; i < events.count; i++) {
        const struct gen_event *event = &events.rows[i];
        const struct gen_event_row *row = gen_event_row(event->kind);
        assert_true(event->start_s >= T0 + 3 * DAY);
        assert_true(event->start_s + event->duration_s <= plan.end_s);
        assert_true(row->roles & GEN_ROLE_BIT(fleet.nodes[event->node].role));
        assert_true(event->more_count + 1 >= (row->nodes_min > 1 ? 2 : 1));
        assert_true(event->fold >= row->fold_min * 0.999 && event->fold <= row->fold_max * 1.001);
        for (uint32_t k = benign; k < i; k++) {
            const struct gen_event *other = &events.rows[k];
            bool is_far = event->start_s >= other->start_s + other->duration_s + 12 * 3600 ||
                          other->start_s >= event->start_s + event->duration_s + 12 * 3600;
            assert_true(is_far || other->node != event->node);
        }
    }
}

static void an_attack_in_the_backup_hour_is_on_a_node_that_is_backed_up_then(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    assert_true(gen_plan_benign(&plan, NULL));
    uint32_t benign = events.count;
    assert_true(gen_plan_attacks(&plan, "exfil_backup_hour", NULL));
    assert_int_equal(events.count - benign, 3);
    for (uint32_t i = benign; i < events.count; i++) {
        bool is_found = false;
        for (uint32_t k = 0; k < benign; k++) {
            const struct gen_event *backup = &events.rows[k];
            is_found |= backup->kind == GEN_EVENT_BACKUP && backup->node == events.rows[i].node &&
                        events.rows[i].start_s >= backup->start_s &&
                        events.rows[i].start_s < backup->start_s + backup->duration_s;
        }
        assert_true(is_found);
    }
}

static void a_young_node_is_attacked_in_its_first_five_hours(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    assert_true(gen_plan_attacks(&plan, "exfil_young", NULL));
    assert_int_equal(events.count, 3);
    for (uint32_t i = 0; i < events.count; i++) {
        struct gen_life life;
        uint64_t start_s = events.rows[i].start_s;
        assert_true(gen_life_of_day(&fleet, events.rows[i].node, start_s / DAY * DAY, &life));
        assert_true(start_s >= life.birth_s + 3600 && start_s < life.birth_s + 5 * 3600);
    }
}

static void a_rate_gives_so_many_attacks_a_node_week(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    plan.options.attacks_per_kind = 0;
    plan.options.attacks_a_week = 1;
    assert_true(gen_plan_attacks(&plan, "exfil,spam", NULL));
    /* 84 nodes for five weeks; a few find no place. */
    assert_true(events.count <= 84 * 5 && events.count >= 84 * 5 * 9 / 10);
}

static void a_kind_alone_is_planned_as_it_is_among_others(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    assert_true(gen_plan_attacks(&plan, "exfil", NULL));
    struct gen_event alone = events.rows[0];
    plan = make_plan();
    assert_true(gen_plan_attacks(&plan, "exfil,spam,mining", NULL));
    assert_true(alone.start_s == events.rows[0].start_s && alone.node == events.rows[0].node);
}

static void each_part_plans_its_own_kinds_and_no_others(void **state) {
    (void)state;
    for (uint32_t part = 0; part < GEN_PART_COUNT; part++) {
        struct gen_plan plan = make_plan();
        plan.options.parts = GEN_PART_BIT(part);
        assert_true(gen_plan_benign(&plan, NULL));
        assert_true((events.count > 0) == (part >= GEN_PART_CHURN && part != GEN_PART_LATE));
        for (uint32_t i = 0; i < events.count; i++) {
            uint32_t own;
            assert_true(gen_plan_parse_parts(gen_event_row(events.rows[i].kind)->part, &own, NULL));
            assert_int_equal(own, GEN_PART_BIT(part));
        }
    }
}

static void weekly_jobs_keep_their_weekday_and_their_host(void **state) {
    (void)state;
    struct gen_plan plan = make_plan();
    plan.options.parts = GEN_PART_BIT(GEN_PART_WEEKLY);
    assert_true(gen_plan_benign(&plan, NULL));
    for (uint32_t i = 1; i < events.count; i++) {
        const struct gen_event *before = &events.rows[i - 1];
        const struct gen_event *event = &events.rows[i];
        if (event->node == before->node) {
            assert_int_equal(event->start_s / DAY - before->start_s / DAY, 7);
            assert_true(address_equal(gen_event_peer(event, 9, 0), gen_event_peer(before, 9, 0)));
        }
    }
}

static void an_instance_lives_for_a_working_day_and_another_has_its_address_next(void **state) {
    (void)state;
    uint32_t scaled = 0;
    uint32_t lives = 0;
    for (uint32_t i = 0; i < fleet.node_count; i++) {
        scaled += fleet.nodes[i].is_scaled;
        struct gen_node before = { 0 };
        for (uint32_t day = 0; fleet.nodes[i].is_scaled && day < DAYS; day++) {
            struct gen_life life;
            if (!gen_life_of_day(&fleet, i, T0 + day * DAY, &life)) {
                assert_true(day % 7 >= 5);
                continue;
            }
            uint64_t hours = (life.death_s - life.birth_s) / 3600;
            assert_true(hours >= 9 && hours <= 11);
            assert_true(life.death_s < T0 + (day + 1) * DAY);
            struct gen_node node;
            gen_life_node(&fleet, i, life.birth_s, &node);
            assert_string_not_equal(node.interface_id, before.interface_id);
            assert_string_not_equal(node.instance_id, before.instance_id);
            assert_string_not_equal(node.name, before.name);
            assert_true(gen_life_covers(&fleet, i, life.birth_s, life.death_s));
            assert_false(gen_life_covers(&fleet, i, life.birth_s - 60, life.death_s));
            assert_false(gen_life_covers(&fleet, i, life.birth_s, life.death_s + 60));
            before = node;
            lives++;
        }
    }
    assert_true(scaled >= 3 && lives >= scaled * 25);
}

static void churn_gives_a_node_its_new_peers_a_day_and_one_in_ten_ten_times_as_many(void **state) {
    (void)state;
    struct gen_traffic traffic;
    struct collector collector;
    assert_true(gen_traffic_init(&traffic, &fleet, collector_sink(&collector), T0, NULL));
    for (uint32_t minute = 0; minute < 4 * 1440; minute++) {
        gen_churn_minute(&traffic, 3, T0 + minute * UINT64_C(60));
    }
    double expected = 0;
    for (uint32_t i = 0; i < fleet.node_count; i++) {
        double rate = gen_churn_rate(&fleet, i, 3);
        assert_true(rate == 3 || rate == 30);
        expected += 4 * rate;
    }
    uint64_t *peers = calloc(collector.count, sizeof *peers);
    for (uint32_t i = 0; i < collector.count; i++) {
        assert_int_equal(collector.rows[i].server.node, GEN_OUTSIDE);
        peers[i] = collector.rows[i].server.address.low;
    }
    double met = collector_distinct(peers, collector.count);
    assert_true(met > 0.85 * expected && met < 1.15 * expected);
    free(peers);
    free(collector.rows);
    gen_traffic_done(&traffic);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_read_by_name),
        cmocka_unit_test(kinds_are_told_from_entries),
        cmocka_unit_test(attacks_are_so_many_of_a_kind_apart_and_behind_the_quiet_time),
        cmocka_unit_test(an_attack_in_the_backup_hour_is_on_a_node_that_is_backed_up_then),
        cmocka_unit_test(a_young_node_is_attacked_in_its_first_five_hours),
        cmocka_unit_test(a_rate_gives_so_many_attacks_a_node_week),
        cmocka_unit_test(a_kind_alone_is_planned_as_it_is_among_others),
        cmocka_unit_test(each_part_plans_its_own_kinds_and_no_others),
        cmocka_unit_test(weekly_jobs_keep_their_weekday_and_their_host),
        cmocka_unit_test(an_instance_lives_for_a_working_day_and_another_has_its_address_next),
        cmocka_unit_test(churn_gives_a_node_its_new_peers_a_day_and_one_in_ten_ten_times_as_many),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
