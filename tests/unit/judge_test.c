/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/judge.h"

#include "detect/ledger.h"
#include "detect/prior.h"
#include "detect/rule.h"
#include "detect/say.h"
#include "flow/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START (INT64_C(1795478400000)) /* 2026-11-24T00:00:00Z */

#define NODES_MAX 512u
#define TOLD_MAX 4096u

/* What a sink was told, in few words. */
struct told {
    enum alert_state state;
    uint8_t direction;
    enum alert_severity severity;
    enum alert_advice advice;
    uint32_t quality;
    char node[16];
    char id[33];
    char episode[33];
    char lineage[17];
    int64_t start_ms;
    int64_t end_ms;
    int64_t episode_start_ms;
    double observed;
    double expected;
    double threshold;
    double confidence;
    double score;
    double high;
    double peak; /* -1: none */
    double record;
    double over_record;
    double deviations;
    uint32_t windows_over;
    uint64_t parameters;
    uint64_t evidence_bytes;
};

/* A judge with a roster made by hand: node i is called names[i]. */
struct bench {
    struct judge *judge;
    struct detector_config config;
    struct roster roster;
    struct roster_node nodes[NODES_MAX];
    char names[NODES_MAX][16];
    float values[FEATURE_COUNT][NODES_MAX];
    uint64_t absent[NODES_MAX];
    float led_hours[NODES_MAX];
    struct prior *prior; /* NULL: none */
    uint8_t quality[NODES_MAX];
    struct ledger *ledger;
    struct told told[TOLD_MAX];
    uint32_t told_count;
    uint32_t fail_after; /* emissions until the sink fails; 0: never */
};

static bool remember(void *context, const struct alert *alert, struct error *err) {
    struct bench *bench = context;
    if (bench->fail_after > 0 && --bench->fail_after == 0) {
        return error_set(err, ERROR_IO, "the sink is full");
    }
    assert_true(bench->told_count < TOLD_MAX);
    struct told *told = &bench->told[bench->told_count++];
    *told = (struct told){
        .state = alert->state,
        .direction = alert->direction,
        .severity = alert->severity,
        .advice = alert->advice,
        .quality = alert->quality,
        .start_ms = alert->window_start_ms,
        .end_ms = alert->window_end_ms,
        .episode_start_ms = alert->episode_start_ms,
        .observed = alert->observed,
        .expected = alert->expected,
        .threshold = alert->threshold,
        .confidence = alert->confidence,
        .score = alert->score,
        .high = alert->high,
        .peak = alert->has_peak ? alert->peak : -1,
        .record = alert->is_scored ? alert->record : -1,
        .over_record = alert->over_record,
        .deviations = alert->deviations,
        .windows_over = alert->windows_over,
        .parameters = alert->parameters,
        .evidence_bytes = alert->evidence.total.bytes,
    };
    memcpy(told->node, alert->node.data, alert->node.size);
    memcpy(told->id, alert->id, sizeof told->id);
    memcpy(told->episode, alert->episode, sizeof told->episode);
    memcpy(told->lineage, alert->lineage, sizeof told->lineage);
    return true;
}

static bool give_evidence(void *context, uint32_t node, uint8_t direction, struct evidence *out,
                          struct error *err) {
    (void)context;
    (void)direction;
    (void)err;
    out->total.bytes = 1000 + node;
    return true;
}

static struct judge *judge_make(struct bench *bench) {
    struct judge *judge;
    struct error err;
    const struct alert_sink sink = { .context = bench, .emit = remember };
    assert_true(judge_new(&judge, &bench->config, &sink, &err));
    return judge;
}

static struct bench *bench_make(uint32_t nodes) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    detector_config_init(&bench->config);
    bench->roster.nodes = bench->nodes;
    bench->roster.count = nodes;
    for (uint32_t i = 0; i < nodes; i++) {
        snprintf(bench->names[i], sizeof bench->names[i], "node-%03u", (unsigned)i);
        bench->nodes[i].name = bytes_text(bench->names[i]);
        bench->nodes[i].identity = bench->nodes[i].name;
        bench->nodes[i].is_used = true;
        bench->quality[i] = METRIC_OBSERVED;
    }
    bench->judge = judge_make(bench);
    return bench;
}

static void bench_free(struct bench *bench) {
    judge_free(bench->judge);
    free(bench);
}

static bool bench_step(struct bench *bench, int64_t start_ms, struct error *err) {
    struct judge_window window = {
        .start_ms = start_ms,
        .end_ms = start_ms + bench->config.window_ms,
        .roster = &bench->roster,
        .absent = bench->absent,
        .led_hours = bench->led_hours,
        .prior = bench->prior,
        .quality = bench->quality,
        .ledger = bench->ledger,
    };
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        window.values[f] = f == FEATURE_DRIFT ? NULL : bench->values[f];
    }
    window.values[FEATURE_OUT_EXTERNAL] = bench->values[FEATURE_OUT_INIT];
    return judge_window(bench->judge, &window, give_evidence, NULL, err);
}

static void set_all(struct bench *bench, float out_bytes, float in_bytes) {
    for (uint32_t i = 0; i < bench->roster.count; i++) {
        bench->values[FEATURE_OUT_INIT][i] = out_bytes;
        bench->values[FEATURE_UNSOL][i] = in_bytes;
    }
}

/* `windows` windows of what stands in the values; returns the time behind them. */
static int64_t bench_run(struct bench *bench, int64_t start_ms, uint32_t windows) {
    struct error err;
    for (uint32_t i = 0; i < windows; i++, start_ms += bench->config.window_ms) {
        assert_true(bench_step(bench, start_ms, &err));
    }
    return start_ms;
}

/* Two days of 1 MB a minute each way. */
static int64_t bench_settle(struct bench *bench) {
    set_all(bench, 1e6f, 1e6f);
    int64_t now = bench_run(bench, START, 2 * 1440);
    assert_int_equal(bench->told_count, 0);
    return now;
}

static uint64_t seed_state = 88172645463325252u;

static double next_uniform(void) {
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (double)(seed_state >> 11) / 9007199254740992.0;
}

/* --- rules at their thresholds ------------------------------------------------------------- */

static void a_hundredfold_leak_opens_after_three_windows(void **state) {
    (void)state;
    struct bench *bench = bench_make(3);
    int64_t now = bench_settle(bench);
    bench->values[FEATURE_OUT_INIT][1] = 1e8f;
    now = bench_run(bench, now, 2);
    assert_int_equal(bench->told_count, 0);
    bench_run(bench, now, 1);
    assert_int_equal(bench->told_count, 1);
    const struct told *told = &bench->told[0];
    assert_string_equal(told->node, "node-001");
    assert_int_equal(told->state, ALERT_OPEN);
    assert_int_equal(told->direction, DIRECTION_OUT);
    assert_int_equal(told->severity, SEVERITY_HIGH);
    assert_int_equal(told->advice, ADVICE_NOTIFY);
    assert_int_equal(told->start_ms, now);
    assert_int_equal(told->episode_start_ms, now);
    assert_string_equal(told->id, told->episode);
    assert_int_equal(told->evidence_bytes, 1001);
    assert_true(fabs(told->observed / told->expected - 100) < 3);
    assert_true(told->threshold <= told->observed);
    assert_true(told->confidence > 0.98 && told->confidence < 1);
    bench_free(bench);
}

static void a_flood_opens_after_two_windows_and_never_asks_for_more_than_notify(void **state) {
    (void)state;
    struct bench *bench = bench_make(3);
    int64_t now = bench_settle(bench);
    bench->values[FEATURE_UNSOL][2] = 1e8f;
    now = bench_run(bench, now, 1);
    assert_int_equal(bench->told_count, 0);
    bench_run(bench, now, 1);
    assert_int_equal(bench->told_count, 1);
    assert_int_equal(bench->told[0].direction, DIRECTION_IN);
    assert_int_equal(bench->told[0].severity, SEVERITY_HIGH);
    assert_int_equal(bench->told[0].advice, ADVICE_NOTIFY);
    bench_free(bench);
}

static void no_inbound_rule_recommends_more_than_notify(void **state) {
    (void)state;
    for (int r = 0; r < RULE_COUNT; r++) {
        if (rule_direction((enum rule)r) == DIRECTION_IN) {
            assert_true(rule_rows[r].advice <= ADVICE_NOTIFY);
        }
    }
}

/* The threshold that the alert names is the line: just above fires, just below does not. */
static void a_volume_rule_fires_just_above_its_threshold_and_not_below(void **state) {
    (void)state;
    static const enum rule rules[] = { RULE_EXFIL, RULE_FLOOD_IN };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const enum rule r = rules[i];
        /* A base of 1 MB, where the margin decides, and of 100 kB, where the floor does. */
        static const float bases[] = { 1e6f, 1e5f };
        for (size_t b = 0; b < 2; b++) {
            double threshold = 0;
            for (int round = 0; round < 3; round++) {
                struct bench *bench = bench_make(1);
                set_all(bench, bases[b], bases[b]);
                int64_t now = bench_run(bench, START, 2 * 1440);
                double value = round == 0   ? 1e9
                               : round == 1 ? threshold * 1.001
                                            : threshold * 0.999;
                bench->values[rule_rows[r].feature][0] = (float)value;
                /* The threshold is that of the first window; later ones drift by what is learned.
                 */
                double windows = bench->config.rules.values[rule_rows[r].persistence];
                bench_run(bench, now, (uint32_t)windows);
                assert_int_equal(bench->told_count, round < 2 ? 1 : 0);
                threshold = round == 0 ? bench->told[0].threshold : threshold;
                bench_free(bench);
            }
            double floor = 5e6;
            assert_true(threshold >= floor && (b == 0 || threshold == floor));
        }
    }
}

static void a_young_node_learns_and_opens_nothing(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    set_all(bench, 1e6f, 1e6f);
    int64_t now = bench_run(bench, START, 1000);
    set_all(bench, 1e8f, 1e8f);
    now = bench_run(bench, now, 440);
    assert_int_equal(bench->told_count, 0);
    set_all(bench, 1e6f, 1e6f);
    bench_run(bench, now, 1440);
    assert_int_equal(bench->told_count, 0);
    bench_free(bench);
}

static void without_a_warm_up_volume_still_needs_thirty_windows(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    judge_free(bench->judge);
    bench->config.warm_up_ms = 0;
    bench->judge = judge_make(bench);
    set_all(bench, 1e8f, 0);
    bench_run(bench, START, 29);
    assert_int_equal(bench->told_count, 0);
    bench_free(bench);
}

static void without_a_warm_up_what_should_be_nothing_is_told_at_once(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    judge_free(bench->judge);
    bench->config.warm_up_ms = 0;
    bench->judge = judge_make(bench);
    set_all(bench, 0, 1e8f);
    bench_run(bench, START, 2);
    assert_int_equal(bench->told_count, 1);
    assert_int_equal(bench->told[0].direction, DIRECTION_IN);
    bench_free(bench);
}

static void an_observed_silence_is_learned_as_zero(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_run(bench, START, 1500);
    set_all(bench, 1e8f, 0);
    bench_run(bench, now, 3);
    assert_int_equal(bench->told_count, 1);
    assert_true(bench->told[0].expected == 1e4); /* the feature's scale */
    bench_free(bench);
}

/* --- data of lesser quality ---------------------------------------------------------------- */

static void windows_that_were_not_observed_change_nothing_of_a_node(void **state) {
    (void)state;
    struct bench *bench = bench_make(2);
    int64_t now = bench_settle(bench);
    struct buffer before, after;
    buffer_init(&before, 1 << 20);
    buffer_init(&after, 1 << 20);
    judge_node_save(bench->judge, 0, &before);
    bench->quality[0] = 0;
    bench->values[FEATURE_OUT_INIT][0] = 1e9f;
    bench_run(bench, now, 3000);
    judge_node_save(bench->judge, 0, &after);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_done(&before);
    buffer_done(&after);
    bench_free(bench);
}

static void skipped_data_can_raise_an_alarm_but_lowers_the_trust_in_it(void **state) {
    (void)state;
    struct bench *bench = bench_make(2);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    bench->quality[1] |= METRIC_SKIPPED;
    bench_run(bench, now, 3);
    assert_int_equal(bench->told_count, 2);
    assert_int_equal(bench->told[0].quality, 0);
    assert_int_equal(bench->told[1].quality, METRIC_SKIPPED);
    assert_true(bench->told[1].confidence < 0.51 * bench->told[0].confidence);
    assert_true(bench->told[1].advice <= ADVICE_NOTIFY);
    bench_free(bench);
}

static void values_that_are_no_numbers_neither_fire_nor_poison_the_baseline(void **state) {
    (void)state;
    static const float hostile[] = { NAN, -INFINITY, -1e30f, 1e-45f };
    struct bench *bench = bench_make(4);
    int64_t now = bench_settle(bench);
    for (uint32_t i = 0; i < 4; i++) {
        bench->values[FEATURE_OUT_INIT][i] = hostile[i];
        bench->values[FEATURE_UNSOL][i] = hostile[i];
    }
    now = bench_run(bench, now, 60);
    assert_int_equal(bench->told_count, 0);
    set_all(bench, 1e6f, 1e6f);
    now = bench_run(bench, now, 600);
    bench->values[FEATURE_OUT_INIT][0] = INFINITY;
    bench_run(bench, now, 3);
    assert_int_equal(bench->told_count, 1);
    bench_free(bench);
}

/* --- episodes ------------------------------------------------------------------------------ */

static void an_episode_opens_goes_on_and_closes(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t leak = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    int64_t end = bench_run(bench, leak, 50);
    set_all(bench, 1e6f, 1e6f);
    bench_run(bench, end, 60);
    const struct {
        enum alert_state state;
        int64_t end_ms;
    } want[] = {
        { ALERT_OPEN, leak + 3 * MINUTE },
        { ALERT_ONGOING, leak + 33 * MINUTE },
        { ALERT_CLOSED, end + 30 * MINUTE },
    };
    assert_int_equal(bench->told_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(bench->told[i].state, want[i].state);
        assert_int_equal(bench->told[i].end_ms, want[i].end_ms);
        assert_string_equal(bench->told[i].episode, bench->told[0].id);
        assert_int_equal(bench->told[i].episode_start_ms, leak + 2 * MINUTE);
        assert_true(i == 0 || strcmp(bench->told[i].id, bench->told[i - 1].id) != 0);
    }
    assert_true(bench->told[2].observed == 1e8);
    assert_int_equal(bench->told[2].evidence_bytes, 0);
    assert_int_equal(judge_alert_count(bench->judge), 3);
    assert_int_equal(judge_episode_count(bench->judge), 1);
    bench_free(bench);
}

static void alerts_tell_the_peak_so_far_and_in_how_many_windows_a_rule_fired(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    now = bench_run(bench, now, 3);
    set_all(bench, 1e6f, 1e6f);
    now = bench_run(bench, now, 5); /* a pause */
    set_all(bench, 3e8f, 1e6f);
    now = bench_run(bench, now, 5);
    set_all(bench, 2e8f, 1e6f);
    now = bench_run(bench, now, 25);
    set_all(bench, 1e6f, 1e6f);
    bench_run(bench, now, 60);
    assert_int_equal(bench->told_count, 3);
    const struct told *open = &bench->told[0];
    const struct told *ongoing = &bench->told[1];
    const struct told *closed = &bench->told[2];
    assert_true(open->peak == open->observed && open->peak == 1e8);
    assert_true(ongoing->observed == 2e8 && ongoing->peak == (double)3e8f);
    assert_true(closed->observed == (double)3e8f && closed->peak == closed->observed);
    assert_int_equal(open->windows_over, 1); /* the third one, with which the rule fired */
    assert_int_equal(ongoing->state, ALERT_ONGOING);
    int64_t minutes = (ongoing->end_ms - ongoing->episode_start_ms) / MINUTE;
    assert_in_range(ongoing->windows_over, minutes - 7, minutes - 5); /* but the pause */
    assert_in_range(closed->windows_over, ongoing->windows_over + 1, 31);
    bench_free(bench);
}

static void alerts_tell_the_record_and_how_far_it_is_passed(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    bench_run(bench, now, 5);
    const struct told *told = &bench->told[0];
    assert_true(told->record >= 1e6 * 0.99 && told->record < 2e6);
    assert_true(told->high >= told->record * 0.99); /* of the hour: at least two deviations up */
    double scale = (double)feature_rows[FEATURE_OUT_INIT].scale;
    double passed = log2((told->observed + scale) / (told->record + scale));
    assert_true(fabs(passed - told->over_record) < 1e-5);
    assert_true(told->score <= told->over_record + 1e-6);
    assert_true(fabs(told->deviations * 0.25 - passed) < 0.1); /* the least deviation there is */
    assert_true(told->parameters == rule_params_hash(&bench->config.rules));
    bench_free(bench);
}

static void a_cold_node_that_nothing_is_known_of_has_no_scores(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    bench->values[FEATURE_NEWPEERS][0] = 200;
    bench->values[FEATURE_NEWFAIL][0] = 180.5f;
    bench->values[FEATURE_PPF][0] = 2;
    bench_run(bench, START, 10);
    assert_int_equal(bench->told_count, 1);
    const struct told *told = &bench->told[0];
    assert_true(told->observed == 180.5 && told->record == -1);
    assert_true(told->score == 0 && told->high == 0 && told->over_record == 0);
    bench_free(bench);
}

static void a_pause_shorter_than_the_quiet_time_does_not_end_an_episode(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    now = bench_run(bench, now, 10);
    set_all(bench, 1e6f, 1e6f);
    now = bench_run(bench, now, 20);
    set_all(bench, 1e8f, 1e6f);
    now = bench_run(bench, now, 10);
    set_all(bench, 1e6f, 1e6f);
    bench_run(bench, now, 60);
    assert_int_equal(judge_episode_count(bench->judge), 1);
    assert_int_equal(bench->told[bench->told_count - 1].state, ALERT_CLOSED);
    assert_int_equal(bench->told[bench->told_count - 1].end_ms, now + 30 * MINUTE);
    bench_free(bench);
}

static void the_directions_of_a_node_are_episodes_of_their_own(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e8f);
    bench_run(bench, now, 3);
    assert_int_equal(bench->told_count, 2);
    assert_int_equal(bench->told[0].direction, DIRECTION_IN); /* a window earlier */
    assert_int_equal(bench->told[1].direction, DIRECTION_OUT);
    assert_string_not_equal(bench->told[0].episode, bench->told[1].episode);
    bench_free(bench);
}

static void amplification_that_ebbs_is_no_second_flood(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e6f, 1e8f);
    bench->values[FEATURE_AMP][0] = 9e7f;
    now = bench_run(bench, now, 5);
    bench->values[FEATURE_AMP][0] = 0;
    bench_run(bench, now, 5);
    assert_int_equal(bench->told_count, 1);
    assert_int_equal(bench->told[0].state, ALERT_OPEN);
    bench_free(bench);
}

static void a_leak_that_has_become_a_slow_one_is_the_same_leak(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    bench->values[FEATURE_LED_OUT][0] = 2e8f;
    bench->values[FEATURE_LED_OUT_LIMIT][0] = 1e8f;
    bench->led_hours[0] = 1;
    now = bench_run(bench, now, 2);
    assert_int_equal(bench->told_count, 1);
    bench->values[FEATURE_LED_OUT][0] = 0;
    bench->values[FEATURE_LED_LONG][0] = 2e8f;
    bench->values[FEATURE_LED_LONG_LIMIT][0] = 1e8f;
    bench->led_hours[0] = 3; /* by this rule, exfil.slow */
    bench_run(bench, now, 2);
    assert_int_equal(bench->told_count, 1);
    bench_free(bench);
}

static void a_surge_of_a_whole_role_is_a_crowd_and_of_one_node_a_flood(void **state) {
    (void)state;
    struct bench *bench = bench_make(12);
    for (uint32_t i = 0; i < 12; i++) {
        bench->nodes[i].role = bytes_text(i < 8 ? "web" : "api");
        bench->values[FEATURE_REQ][i] = 100;
    }
    int64_t now = bench_run(bench, START, 2 * 1440);
    for (uint32_t i = 0; i < 9; i++) { /* all of web, and one of api */
        bench->values[FEATURE_REQ][i] = 2000;
    }
    bench_run(bench, now, 6);
    assert_int_equal(bench->told_count, 1);
    assert_string_equal(bench->told[0].node, "node-008");
    bench_free(bench);
}

static bool is_backup(int64_t start_ms, int64_t shift_ms) {
    int64_t of_day = (start_ms - shift_ms) % DAY;
    return of_day >= 2 * HOUR + 10 * MINUTE && of_day < 2 * HOUR + 50 * MINUTE;
}

/* Four nodes back up at two in the morning; a fifth is born at noon. */
static void what_a_young_node_sends_is_held_against_the_hour_of_its_role(void **state) {
    (void)state;
    struct bench *bench = bench_make(5);
    bench->prior = calloc(1, sizeof *bench->prior);
    assert_non_null(bench->prior);
    prior_init(bench->prior);
    bench->quality[4] = 0;
    int64_t now = START;
    for (; now < START + 3 * DAY + 12 * HOUR; now += MINUTE) {
        set_all(bench, is_backup(now, 0) ? 1e8f : 1e6f, 1e6f);
        bench_run(bench, now, 1);
    }
    uint32_t before = bench->told_count;
    bench->quality[4] = METRIC_OBSERVED;
    bench->values[FEATURE_OUT_INIT][4] = 5e7f;
    bench_run(bench, now, 6);
    assert_true(bench->told_count > before);
    assert_string_equal(bench->told[bench->told_count - 1].node, "node-004");
    prior_done(bench->prior);
    free(bench->prior);
    bench_free(bench);
}

static void alerts_of_a_window_come_by_node_name_whatever_the_index(void **state) {
    (void)state;
    struct bench *bench = bench_make(200);
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(bench->names[i], sizeof bench->names[i], "n%03u", (unsigned)(i * 73 % 200));
        bench->nodes[i].name = bytes_text(bench->names[i]);
    }
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    now = bench_run(bench, now, 3);
    assert_int_equal(bench->told_count, 200);
    struct error err;
    assert_true(judge_pass(bench->judge, &bench->roster, now + 31 * MINUTE, &err));
    assert_int_equal(bench->told_count, 400);
    for (uint32_t i = 1; i < 200; i++) {
        assert_true(strcmp(bench->told[i - 1].node, bench->told[i].node) < 0);
        assert_true(strcmp(bench->told[199 + i].node, bench->told[200 + i].node) < 0);
    }
    bench_free(bench);
}

/* Event time closes, whichever windows are shown and whoever asks first. */
static void a_node_that_vanishes_is_closed_as_of_the_same_window_however_time_passes(void **state) {
    (void)state;
    struct told closed[3];
    for (int way = 0; way < 3; way++) {
        struct bench *bench = bench_make(2);
        int64_t now = bench_settle(bench);
        bench->values[FEATURE_OUT_INIT][0] = 1e8f;
        now = bench_run(bench, now, 5);
        bench->quality[0] = 0;
        bench->values[FEATURE_OUT_INIT][0] = 0;
        struct error err;
        if (way == 0) {
            bench_run(bench, now, 60); /* the other node goes on */
        } else if (way == 1) {
            bench_run(bench, now + 5 * DAY, 1); /* a gap for all */
        } else {
            assert_true(judge_pass(bench->judge, &bench->roster, now + 29 * MINUTE, &err));
            assert_int_equal(bench->told_count, 1);
            assert_true(judge_pass(bench->judge, &bench->roster, now + 30 * MINUTE, &err));
        }
        assert_int_equal(bench->told_count, 2);
        closed[way] = bench->told[1];
        assert_int_equal(closed[way].state, ALERT_CLOSED);
        assert_int_equal(closed[way].end_ms, now + 30 * MINUTE);
        assert_memory_equal(&closed[way], &closed[0], sizeof closed[0]);
        bench_free(bench);
    }
}

static void a_forgotten_node_is_closed_then_and_starts_cold(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e8f);
    now = bench_run(bench, now, 5);
    assert_int_equal(bench->told_count, 2);
    struct error err;
    assert_true(judge_forget(bench->judge, &bench->roster, 0, now, &err));
    assert_int_equal(bench->told_count, 4);
    assert_int_equal(bench->told[2].direction, DIRECTION_IN);
    assert_int_equal(bench->told[3].direction, DIRECTION_OUT);
    assert_int_equal(bench->told[3].end_ms, now);
    bench_run(bench, now, 1000);
    assert_int_equal(bench->told_count, 4);
    bench_free(bench);
}

static void what_was_due_before_a_node_is_forgotten_is_told_before(void **state) {
    (void)state;
    struct bench *bench = bench_make(2);
    int64_t now = bench_settle(bench);
    bench->values[FEATURE_OUT_INIT][0] = 1e8f;
    now = bench_run(bench, now, 5);
    set_all(bench, 1e8f, 1e6f);
    int64_t later = bench_run(bench, now, 5);
    struct error err;
    assert_true(judge_forget(bench->judge, &bench->roster, 0, later + 33 * MINUTE, &err));
    assert_int_equal(bench->told_count, 4);
    for (uint32_t i = 2; i < 4; i++) {
        assert_int_equal(bench->told[i].state, ALERT_CLOSED);
        assert_int_equal(bench->told[i].end_ms, later + 30 * MINUTE);
        assert_string_equal(bench->told[i].node, bench->names[i - 2]);
    }
    bench_free(bench);
}

static void the_error_of_a_sink_is_the_judges(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    set_all(bench, 1e8f, 1e6f);
    now = bench_run(bench, now, 2);
    bench->fail_after = 1;
    struct error err;
    assert_false(bench_step(bench, now, &err));
    assert_int_equal(err.code, ERROR_IO);
    bench_free(bench);
}

/* --- hours --------------------------------------------------------------------------------- */

/* A day of 1 MB a minute with a backup of twenty times that; returns the time behind it. */
static int64_t bench_day(struct bench *bench, int64_t now, int64_t shift_ms) {
    for (int64_t end = now + DAY; now < end; now += MINUTE) {
        set_all(bench, is_backup(now, shift_ms) ? 2e7f : 1e6f, 1e6f);
        bench_run(bench, now, 1);
    }
    return now;
}

static void a_nightly_backup_is_quiet_from_the_second_night_on_also_an_hour_off(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = START;
    static const int64_t shifts[] = { 0, 0, 0, 50 * MINUTE, -50 * MINUTE, 0 };
    for (size_t day = 0; day < sizeof shifts / sizeof shifts[0]; day++) {
        now = bench_day(bench, now, shifts[day]);
        assert_int_equal(bench->told_count, 0);
    }
    bench_free(bench);
}

static void a_hundredfold_leak_opens_in_three_to_five_windows_at_every_hour(void **state) {
    (void)state;
    for (int64_t hour = 0; hour < 24; hour++) {
        struct bench *bench = bench_make(1);
        int64_t now = bench_day(bench, bench_day(bench, START, 0), 0);
        for (int64_t end = now + hour * HOUR; now < end; now += MINUTE) {
            set_all(bench, is_backup(now, 0) ? 2e7f : 1e6f, 1e6f);
            bench_run(bench, now, 1);
        }
        set_all(bench, 1e8f, 1e6f);
        bench_run(bench, now, 5);
        assert_int_equal(bench->told_count, 1);
        assert_true(bench->told[0].end_ms >= now + 3 * MINUTE);
        bench_free(bench);
    }
}

static void a_new_job_that_stays_alerts_three_nights_at_most(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    int64_t now = bench_settle(bench);
    for (int night = 0; night < 8; night++) {
        for (int64_t end = now + DAY; now < end; now += MINUTE) {
            set_all(bench, is_backup(now, 0) ? 1e8f : 1e6f, 1e6f);
            bench_run(bench, now, 1);
        }
    }
    assert_true(judge_episode_count(bench->judge) >= 2);
    assert_true(judge_episode_count(bench->judge) <= 4);
    assert_true(bench->told[bench->told_count - 1].end_ms < now - 3 * DAY);
    bench_free(bench);
}

/* --- noise --------------------------------------------------------------------------------- */

/* A day curve of factor 4, noise of 0.4 bits (sigma), and bursts with a Pareto tail (exponent 1.3)
 * in one of fifty minutes, cut at thirty times the level. */
static float noisy_value(double base, int64_t now_ms, double phase) {
    double of_day = (double)(now_ms % DAY) / (double)DAY;
    double bits = 1.0 * cos(6.283185307179586 * (of_day - phase));
    double normal = 0;
    for (int i = 0; i < 4; i++) {
        normal += next_uniform() - 0.5;
    }
    bits += 0.4 * normal * 1.732;
    double value = base * exp2(bits);
    if (next_uniform() < 0.02) {
        double burst = pow(next_uniform() + 1e-9, -1 / 1.3);
        value *= burst < 30 ? burst : 30;
    }
    return (float)value;
}

static void three_days_of_heavy_tailed_traffic_open_next_to_nothing(void **state) {
    (void)state;
    const uint32_t nodes = 300;
    struct bench *bench = bench_make(nodes);
    struct error err;
    seed_state = 20261124;
    for (int64_t now = START; now < START + 4 * DAY; now += MINUTE) {
        for (uint32_t i = 0; i < nodes; i++) {
            double base = 2e5 * exp2((double)(i % 10));
            double phase = 0.1 * (i % 5);
            bench->values[FEATURE_OUT_INIT][i] = noisy_value(base, now, phase);
            bench->values[FEATURE_UNSOL][i] = noisy_value(base / 4, now, phase);
        }
        assert_true(bench_step(bench, now, &err));
    }
    uint64_t false_episodes = judge_episode_count(bench->judge);
    print_message("%u nodes, 3 days after the warm-up, seed 20261124: %llu false episodes\n",
                  (unsigned)nodes, (unsigned long long)false_episodes);
    assert_true(false_episodes <= 2);
    bench_free(bench);
}

/* --- state --------------------------------------------------------------------------------- */

static void save_all(const struct bench *bench, struct buffer *out) {
    judge_state_save(bench->judge, out);
    for (uint32_t i = 0; i < bench->roster.count; i++) {
        judge_node_save(bench->judge, i, out);
    }
}

static void noisy_windows(struct bench *bench, int64_t now, uint32_t windows) {
    for (uint32_t w = 0; w < windows; w++, now += MINUTE) {
        seed_state = (uint64_t)now * 0x9e3779b97f4a7c15u + 1;
        for (uint32_t i = 0; i < bench->roster.count; i++) {
            bool is_leak = i == 7 && w % 900 > 600 && w > 2000;
            bench->values[FEATURE_OUT_INIT][i] = noisy_value(is_leak ? 2e8 : 1e6, now, 0);
            bench->values[FEATURE_UNSOL][i] = noisy_value(1e6, now, 0);
            bench->quality[i] = next_uniform() < 0.1 ? 0 : METRIC_OBSERVED;
        }
        bench_run(bench, now, 1);
    }
}

static void a_judge_that_was_saved_and_loaded_goes_on_as_if_nothing_had_been(void **state) {
    (void)state;
    static const uint32_t cuts[] = { 1, 1500, 2603, 2610, 2660, 3500 };
    struct bench *whole = bench_make(70);
    noisy_windows(whole, START, 4000);
    struct buffer want, saved, got;
    buffer_init(&want, 4 << 20);
    buffer_init(&saved, 4 << 20);
    buffer_init(&got, 4 << 20);
    save_all(whole, &want);
    assert_true(whole->told_count > 2);
    for (size_t c = 0; c < sizeof cuts / sizeof cuts[0]; c++) {
        struct bench *bench = bench_make(70);
        noisy_windows(bench, START, cuts[c]);
        buffer_reset(&saved);
        save_all(bench, &saved);
        judge_free(bench->judge);
        bench->judge = judge_make(bench);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        struct error err;
        assert_true(judge_state_load(bench->judge, &cursor, &err));
        for (uint32_t i = 0; i < 70; i++) {
            assert_true(judge_node_load(bench->judge, i, &cursor, &err));
        }
        assert_int_equal(cursor_left(&cursor), 0);
        buffer_reset(&got);
        save_all(bench, &got);
        assert_true(bytes_equal(buffer_bytes(&saved), buffer_bytes(&got)));

        /* Continue with the windows behind the cut; w counts from the start as in the whole run. */
        for (uint32_t w = cuts[c]; w < 4000; w++) {
            int64_t now = START + (int64_t)w * MINUTE;
            seed_state = (uint64_t)now * 0x9e3779b97f4a7c15u + 1;
            for (uint32_t i = 0; i < 70; i++) {
                bool is_leak = i == 7 && w % 900 > 600 && w > 2000;
                bench->values[FEATURE_OUT_INIT][i] = noisy_value(is_leak ? 2e8 : 1e6, now, 0);
                bench->values[FEATURE_UNSOL][i] = noisy_value(1e6, now, 0);
                bench->quality[i] = next_uniform() < 0.1 ? 0 : METRIC_OBSERVED;
            }
            bench_run(bench, now, 1);
        }
        buffer_reset(&got);
        save_all(bench, &got);
        assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&got)));
        assert_int_equal(bench->told_count, whole->told_count);
        assert_memory_equal(bench->told, whole->told, sizeof whole->told);
        bench_free(bench);
    }
    buffer_done(&want);
    buffer_done(&saved);
    buffer_done(&got);
    bench_free(whole);
}

static void bytes_that_are_no_state_are_refused_or_harmless(void **state) {
    (void)state;
    struct bench *bench = bench_make(8);
    noisy_windows(bench, START, 2700);
    struct buffer saved;
    buffer_init(&saved, 1 << 20);
    judge_node_save(bench->judge, 7, &saved);
    for (size_t at = 0; at < saved.size; at++) {
        static const uint8_t flips[] = { 0x01, 0x80, 0x7f, 0xff };
        for (size_t f = 0; f < 4; f++) {
            saved.data[at] ^= flips[f];
            struct judge *judge = judge_make(bench);
            struct cursor cursor = cursor_of(buffer_bytes(&saved));
            struct error err;
            if (judge_node_load(judge, 7, &cursor, &err)) {
                struct judge *kept = bench->judge;
                bench->judge = judge;
                bench->fail_after = 0;
                bench->told_count = 0;
                noisy_windows(bench, START + 2700 * MINUTE, 3);
                bench->judge = kept;
            } else {
                assert_int_equal(err.code, ERROR_FORMAT);
            }
            judge_free(judge);
            saved.data[at] ^= flips[f];
        }
    }
    for (size_t size = 0; size < saved.size; size += 7) {
        struct judge *judge = judge_make(bench);
        struct cursor cursor = cursor_of(bytes_of(saved.data, size));
        struct error err;
        assert_false(judge_node_load(judge, 7, &cursor, &err));
        judge_free(judge);
    }
    buffer_done(&saved);
    bench_free(bench);
}

static void a_new_configuration_is_a_new_link_in_the_lineage(void **state) {
    (void)state;
    struct bench *bench = bench_make(1);
    bench_run(bench, START, 1);
    struct buffer same, other;
    buffer_init(&same, 1024);
    buffer_init(&other, 1024);
    judge_state_save(bench->judge, &same);
    bench->config.rules.values[RULE_PARAM_VOLUME_FOLD] = 5;
    struct judge *judge = judge_make(bench);
    struct cursor cursor = cursor_of(buffer_bytes(&same));
    struct error err;
    assert_true(judge_state_load(judge, &cursor, &err));
    judge_state_save(judge, &other);
    assert_memory_not_equal(same.data, other.data, 8);
    judge_free(judge);
    buffer_done(&same);
    buffer_done(&other);
    bench_free(bench);
}

/* Which other nodes there are, and which windows they make the judge see, is nothing to a node. */
static void a_nodes_state_depends_on_its_own_windows_alone(void **state) {
    (void)state;
    struct buffer saved[2];
    for (int way = 0; way < 2; way++) {
        struct bench *bench = bench_make(way == 0 ? 1 : 200);
        buffer_init(&saved[way], 1 << 20);
        for (int64_t now = START; now < START + 6 * DAY; now += MINUTE) {
            bool is_seen = now % (5 * HOUR) < 3 * HOUR;
            set_all(bench, now % DAY < HOUR ? 3e7f : 1e6f, 1e6f);
            bench->quality[0] = is_seen ? METRIC_OBSERVED : 0;
            if (way == 1 || is_seen) {
                bench_run(bench, now, 1);
            }
        }
        judge_node_save(bench->judge, 0, &saved[way]);
        bench_free(bench);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    buffer_done(&saved[0]);
    buffer_done(&saved[1]);
}

/* --- what a person found out ------------------------------------------------------------------ */

/* The same leak twice, an hour apart: what the rule demanded of the second one. */
static double second_threshold(enum say_verdict verdict, const char *episode, char out[33]) {
    struct error err;
    struct say say;
    struct bench *bench = bench_make(2);
    say_init(&say);
    if (verdict != SAY_NOTHING) {
        struct say_ack ack = { .verdict = verdict };
        memcpy(ack.episode, episode, sizeof ack.episode);
        assert_true(say_add_ack(&say, &ack, &err) && say_finish(&say, &err));
    }
    judge_free(bench->judge);
    bench->config.say = &say;
    bench->judge = judge_make(bench);
    int64_t now = bench_settle(bench);
    for (int i = 0; i < 2; i++) {
        bench->values[FEATURE_OUT_INIT][1] = 1e8f;
        now = bench_run(bench, now, 5);
        bench->values[FEATURE_OUT_INIT][1] = 1e6f;
        now = bench_run(bench, now, 55);
    }
    assert_int_equal(bench->told_count, 4); /* each opens and closes */
    memcpy(out, bench->told[0].episode, 33);
    double threshold = bench->told[2].threshold;
    bench_free(bench);
    say_done(&say);
    return threshold;
}

/* 500 MB to a rare peer, minute after minute: the most that is advised. */
static enum alert_advice advice_of_a_leak(const struct say *say) {
    struct bench *bench = bench_make(2);
    judge_free(bench->judge);
    bench->config.say = say;
    bench->config.rules.values[RULE_PARAM_CRIT_EXFIL_AGE_DAYS] = 1;
    bench->judge = judge_make(bench);
    int64_t now = bench_settle(bench);
    bench->values[FEATURE_LED_OUT][1] = 5e8f;
    bench->values[FEATURE_LED_OUT_LIMIT][1] = 1e7f;
    bench_run(bench, now, 5);
    enum alert_advice most = ADVICE_NONE;
    bool is_critical = false;
    for (uint32_t i = 0; i < bench->told_count; i++) {
        most = bench->told[i].advice > most ? bench->told[i].advice : most;
        is_critical |= bench->told[i].severity == SEVERITY_CRITICAL;
    }
    assert_true(is_critical);
    bench_free(bench);
    return most;
}

static void a_leak_that_nobody_announced_may_be_quarantined_where_changes_are(void **state) {
    (void)state;
    struct error err;
    struct say say;
    const struct say_plan plan = { .name = bytes_text("the move"),
                                   .span = { START, START + 10 * DAY, 0 },
                                   .is_change = true };
    say_init(&say);
    assert_int_equal(advice_of_a_leak(NULL), ADVICE_NOTIFY);
    assert_int_equal(advice_of_a_leak(&say), ADVICE_NOTIFY);
    say.has_calendar = true;
    assert_int_equal(advice_of_a_leak(&say), ADVICE_QUARANTINE);
    assert_true(say_add_plan(&say, &plan, &err));
    assert_int_equal(advice_of_a_leak(&say), ADVICE_NOTIFY);
    say_done(&say);
}

/* A node sends 500 MB to a rare peer. Whether its day is held back. */
static bool is_held_back(enum say_verdict verdict, char episode[33]) {
    struct error err;
    struct say say;
    struct ledger ledger;
    struct ledger_params params;
    struct ledger_reading reading;
    struct ledger_contact contact = { .group = 7, .bytes_out = 500000000, .is_rare = true };
    struct bench *bench = bench_make(2);
    say_init(&say);
    if (verdict != SAY_NOTHING) {
        struct say_ack ack = { .verdict = verdict };
        memcpy(ack.episode, episode, sizeof ack.episode);
        assert_true(say_add_ack(&say, &ack, &err) && say_finish(&say, &err));
    }
    ledger_params_init(&params);
    assert_true(ledger_init(&ledger, &params, &err));
    judge_free(bench->judge);
    bench->config.say = &say;
    bench->judge = judge_make(bench);
    int64_t now = bench_settle(bench);
    ledger_begin(&ledger, now, now + MINUTE);
    assert_true(ledger_take(&ledger, 1, &contact, 1, &reading, &err));
    bench->ledger = &ledger;
    bench->values[FEATURE_LED_OUT][1] = 5e8f;
    bench->values[FEATURE_LED_OUT_LIMIT][1] = 1e7f;
    bench_run(bench, now, 1);
    assert_int_equal(bench->told_count, 1);
    memcpy(episode, bench->told[0].episode, 33);
    bool is_held = ledger.nodes[1].fired != 0;
    ledger_done(&ledger);
    bench_free(bench);
    say_done(&say);
    return is_held;
}

static void a_benign_episode_holds_no_day_of_the_ledger_back(void **state) {
    (void)state;
    char episode[33] = "";
    assert_true(is_held_back(SAY_NOTHING, episode));
    assert_false(is_held_back(SAY_BENIGN, episode));
    assert_true(is_held_back(SAY_MALICIOUS, episode));
}

static void a_malicious_episode_is_never_learned_and_a_benign_one_is(void **state) {
    (void)state;
    char episode[33];
    char other[33];
    double unsaid = second_threshold(SAY_NOTHING, NULL, episode);
    double benign = second_threshold(SAY_BENIGN, episode, other);
    double malicious = second_threshold(SAY_MALICIOUS, episode, other);
    assert_true(benign == unsaid);
    assert_true(malicious * 2 < unsaid);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundredfold_leak_opens_after_three_windows),
        cmocka_unit_test(a_flood_opens_after_two_windows_and_never_asks_for_more_than_notify),
        cmocka_unit_test(no_inbound_rule_recommends_more_than_notify),
        cmocka_unit_test(a_volume_rule_fires_just_above_its_threshold_and_not_below),
        cmocka_unit_test(a_young_node_learns_and_opens_nothing),
        cmocka_unit_test(without_a_warm_up_volume_still_needs_thirty_windows),
        cmocka_unit_test(without_a_warm_up_what_should_be_nothing_is_told_at_once),
        cmocka_unit_test(an_observed_silence_is_learned_as_zero),
        cmocka_unit_test(windows_that_were_not_observed_change_nothing_of_a_node),
        cmocka_unit_test(skipped_data_can_raise_an_alarm_but_lowers_the_trust_in_it),
        cmocka_unit_test(values_that_are_no_numbers_neither_fire_nor_poison_the_baseline),
        cmocka_unit_test(an_episode_opens_goes_on_and_closes),
        cmocka_unit_test(alerts_tell_the_peak_so_far_and_in_how_many_windows_a_rule_fired),
        cmocka_unit_test(alerts_tell_the_record_and_how_far_it_is_passed),
        cmocka_unit_test(a_cold_node_that_nothing_is_known_of_has_no_scores),
        cmocka_unit_test(a_pause_shorter_than_the_quiet_time_does_not_end_an_episode),
        cmocka_unit_test(the_directions_of_a_node_are_episodes_of_their_own),
        cmocka_unit_test(amplification_that_ebbs_is_no_second_flood),
        cmocka_unit_test(a_leak_that_has_become_a_slow_one_is_the_same_leak),
        cmocka_unit_test(a_surge_of_a_whole_role_is_a_crowd_and_of_one_node_a_flood),
        cmocka_unit_test(what_a_young_node_sends_is_held_against_the_hour_of_its_role),
        cmocka_unit_test(alerts_of_a_window_come_by_node_name_whatever_the_index),
        cmocka_unit_test(a_node_that_vanishes_is_closed_as_of_the_same_window_however_time_passes),
        cmocka_unit_test(a_forgotten_node_is_closed_then_and_starts_cold),
        cmocka_unit_test(what_was_due_before_a_node_is_forgotten_is_told_before),
        cmocka_unit_test(the_error_of_a_sink_is_the_judges),
        cmocka_unit_test(a_nightly_backup_is_quiet_from_the_second_night_on_also_an_hour_off),
        cmocka_unit_test(a_hundredfold_leak_opens_in_three_to_five_windows_at_every_hour),
        cmocka_unit_test(a_new_job_that_stays_alerts_three_nights_at_most),
        cmocka_unit_test(three_days_of_heavy_tailed_traffic_open_next_to_nothing),
        cmocka_unit_test(a_judge_that_was_saved_and_loaded_goes_on_as_if_nothing_had_been),
        cmocka_unit_test(bytes_that_are_no_state_are_refused_or_harmless),
        cmocka_unit_test(a_new_configuration_is_a_new_link_in_the_lineage),
        cmocka_unit_test(a_nodes_state_depends_on_its_own_windows_alone),
        cmocka_unit_test(a_leak_that_nobody_announced_may_be_quarantined_where_changes_are),
        cmocka_unit_test(a_benign_episode_holds_no_day_of_the_ledger_back),
        cmocka_unit_test(a_malicious_episode_is_never_learned_and_a_benign_one_is),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
