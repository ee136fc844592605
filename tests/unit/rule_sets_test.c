/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_sets.h"

#include "detect/judge.h"
#include "detect/say.h"
#include "flow/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NODES 130u /* two words and a bit */
#define PADDED 192u
#define WINDOWS_CALM 120u
#define WINDOWS 360u
#define START INT64_C(1795478400000)

/* --- which set -------------------------------------------------------------------------------- */

static const struct bytes db = { (const uint8_t *)"db", 2 };
static const struct bytes odd = { (const uint8_t *)"*[13579]", 8 };

static void a_role_that_changes_changes_the_set(void **state) {
    (void)state;
    struct say say;
    struct detector_config config;
    struct rule_sets sets;
    struct roster roster;
    struct error err;
    uint32_t index;
    say_init(&say);
    detector_config_init(&config);
    config.say = &say;
    const struct say_set set = { .scope.roles = { &db, 1 }, .params = config.rules };
    assert_true(say_add_set(&say, &set, &err));
    assert_true(rule_sets_init(&sets, &config, &err));
    assert_true(rule_sets_grow(&sets, 64, &err));
    roster_init(&roster, 10);
    assert_true(roster_add(&roster, bytes_text("a"), bytes_text("i-1"), &index, &err));
    assert_int_equal(rule_sets_of(&sets, &roster, index), 0);
    assert_true(roster_describe(&roster, index, &(struct roster_note){ .role = db }, &err));
    assert_int_equal(rule_sets_of(&sets, &roster, index), 1);
    assert_int_equal(rule_sets_of(&sets, &roster, index), 1);
    assert_ptr_equal(rule_sets_find(&sets, &roster.nodes[index]), &say.sets[0].params);
    const struct roster_note web = { .role = bytes_text("web") };
    assert_true(roster_describe(&roster, index, &web, &err));
    assert_int_equal(rule_sets_of(&sets, &roster, index), 0);
    assert_ptr_equal(rule_sets_find(&sets, &roster.nodes[index]), &config.rules);
    rule_sets_forget(&sets, index);
    assert_true(rule_sets_grow(&sets, 128, &err));
    assert_int_equal(rule_sets_of(&sets, &roster, index), 0);
    rule_sets_done(&sets);
    rule_sets_done(&sets);
    roster_done(&roster);
    say_done(&say);
}

/* --- what it does ----------------------------------------------------------------------------- */

/* What one judge told, a line a node. */
struct run {
    struct buffer lines[NODES];
    uint32_t count;
};

static bool take(void *context, const struct alert *alert, struct error *err) {
    struct run *run = context;
    struct alert told = *alert;
    (void)err;
    memset(told.lineage, '0', sizeof told.lineage - 1); /* it tells the configurations apart */
    alert_write_json(&told, &run->lines[atoi((const char *)alert->node.data)]);
    run->count++;
    return true;
}

static bool give_evidence(void *context, uint32_t node, uint8_t direction, struct evidence *out,
                          struct error *err) {
    (void)context, (void)node, (void)direction, (void)out, (void)err;
    return true;
}

struct world {
    struct roster_node nodes[PADDED];
    char names[PADDED][8];
    float values[FEATURE_COUNT][PADDED];
    float led_hours[PADDED];
    uint64_t absent[PADDED];
    uint8_t quality[PADDED];
    uint64_t seed;
};

static uint32_t next_random(struct world *world, uint32_t bound) {
    world->seed = world->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((world->seed >> 33) % bound);
}

/* A steady noise, some minutes that are missing, and, once that is known, bursts of many sizes and
 * lengths. */
static void world_step(struct world *world, uint32_t *bursts, bool has_bursts) {
    static const enum feature features[] = { FEATURE_OUT_INIT,  FEATURE_UNSOL,    FEATURE_HALF,
                                             FEATURE_OUT_BYTES, FEATURE_IN_FLOWS, FEATURE_PORTS };
    for (uint32_t i = 0; i < NODES; i++) {
        if (has_bursts && bursts[i] == 0 && next_random(world, 60) == 0) {
            bursts[i] = 1 + next_random(world, 8);
        }
        float factor = bursts[i] > 0 ? (float)(4 << next_random(world, 8)) : 1;
        bursts[i] -= bursts[i] > 0;
        world->quality[i] = next_random(world, 20) == 0 ? 0 : METRIC_OBSERVED;
        for (size_t k = 0; k < sizeof features / sizeof *features; k++) {
            float scale = features[k] == FEATURE_HALF || features[k] == FEATURE_PORTS ? 10 : 1e5f;
            world->values[features[k]][i] = scale * factor * (float)(1 + next_random(world, 3));
        }
        world->values[FEATURE_OUT_EXTERNAL][i] = world->values[FEATURE_OUT_INIT][i];
    }
}

static void run_judge(struct run *run, const struct detector_config *config) {
    static struct world world;
    static uint32_t bursts[NODES];
    struct judge *judge;
    struct error err;
    const struct alert_sink sink = { .context = run, .emit = take };
    memset(&world, 0, sizeof world);
    memset(bursts, 0, sizeof bursts);
    *run = (struct run){ 0 };
    world.seed = 20261128;
    for (uint32_t i = 0; i < NODES; i++) {
        buffer_init(&run->lines[i], (size_t)1 << 20);
        snprintf(world.names[i], sizeof world.names[i], "%03u", i);
        world.nodes[i].name = world.nodes[i].identity = bytes_text(world.names[i]);
        world.nodes[i].role = i % 5 == 0 ? db : (struct bytes){ 0 };
        world.nodes[i].is_used = true;
    }
    struct roster roster = { .nodes = world.nodes, .count = NODES, .capacity = PADDED };
    assert_true(judge_new(&judge, config, &sink, &err));
    for (uint32_t w = 0; w < WINDOWS; w++) {
        world_step(&world, bursts, w >= WINDOWS_CALM);
        struct judge_window window = { .start_ms = START + w * config->window_ms,
                                       .end_ms = START + (w + 1) * config->window_ms,
                                       .roster = &roster,
                                       .absent = world.absent,
                                       .led_hours = world.led_hours,
                                       .quality = world.quality };
        for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
            window.values[f] = f == FEATURE_DRIFT ? NULL : world.values[f];
        }
        assert_true(judge_window(judge, &window, give_evidence, NULL, &err));
    }
    judge_free(judge);
}

static void run_done(struct run *run) {
    for (uint32_t i = 0; i < NODES; i++) {
        buffer_done(&run->lines[i]);
    }
}

/* Rules that compare nodes with the fleet aside, no node sees what numbers count for others. */
static void a_node_with_numbers_of_its_own_is_judged_as_if_all_had_them(void **state) {
    (void)state;
    static struct run mixed;
    static struct run alone[3];
    struct say say;
    struct detector_config config;
    struct error err;
    say_init(&say);
    detector_config_init(&config);
    config.warm_up_ms = 0;
    config.rules.rules_off = UINT32_C(1) << RULE_REQ_FLOOD | UINT32_C(1) << RULE_FLOOD_IN;
    struct rule_params numbers[3] = { config.rules, config.rules, config.rules };
    numbers[1].rules_off = UINT32_C(1) << RULE_REQ_FLOOD | UINT32_C(1) << RULE_EXFIL;
    numbers[1].values[RULE_PARAM_FLOOD_IN_FLOOR] = 1e6;
    numbers[1].values[RULE_PARAM_LIMIT_OUT_BYTES_PER_S] = 50000;
    numbers[2].values[RULE_PARAM_EXFIL_MARGIN] = 0.5;
    numbers[2].values[RULE_PARAM_EXFIL_PERSISTENCE] = 1;
    numbers[2].values[RULE_PARAM_EXFIL_FLOOR] = 1e5;
    numbers[2].values[RULE_PARAM_VOLUME_FOLD] = 1;
    const struct say_set sets[] = {
        { .scope.roles = { &db, 1 }, .params = numbers[1] },
        { .scope.nodes = { &odd, 1 }, .params = numbers[2] },
    };
    assert_true(say_add_set(&say, &sets[0], &err) && say_add_set(&say, &sets[1], &err));
    for (size_t i = 0; i < 3; i++) {
        struct detector_config one = config;
        one.rules = numbers[i];
        run_judge(&alone[i], &one);
        assert_true(alone[i].count > 20);
    }
    config.say = &say;
    run_judge(&mixed, &config);
    for (uint32_t i = 0; i < NODES; i++) {
        size_t set = i % 5 == 0 ? 1 : i % 2 == 1 ? 2 : 0;
        if (!bytes_equal(buffer_bytes(&mixed.lines[i]), buffer_bytes(&alone[set].lines[i]))) {
            fail_msg("node %u of set %zu: %.*s\nbut alone: %.*s", i, set, (int)mixed.lines[i].size,
                     mixed.lines[i].data, (int)alone[set].lines[i].size, alone[set].lines[i].data);
        }
    }
    run_done(&mixed);
    for (size_t i = 0; i < 3; i++) {
        run_done(&alone[i]);
    }
    say_done(&say);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_that_changes_changes_the_set),
        cmocka_unit_test(a_node_with_numbers_of_its_own_is_judged_as_if_all_had_them),
    };
    return cmocka_run_group_tests_name("rule_sets", tests, NULL, NULL);
}
