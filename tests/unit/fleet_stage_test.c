/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/fleet_stage.h"

#include "flow/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define START (INT64_C(1795478400000)) /* 2026-11-24T00:00:00Z */
#define GROUP UINT64_C(0xfeedface00000001)

static struct error err;

/* A stage, and what came out of it: lines of JSON, and some of it apart. */
struct bench {
    struct detector_config config;
    struct fleet_stage stage;
    struct buffer lines;
    uint32_t count;     /* of alerts that came out */
    uint32_t incidents; /* of them about several nodes */
    struct alert last;  /* its texts are no longer lent */
    struct alert last_incident;
    char nodes[512]; /* of that, with blanks between */
    char identity[64];
    bool is_full;
};

static bool take_alert(void *context, const struct alert *alert, struct error *out) {
    struct bench *bench = context;
    if (bench->is_full) {
        return error_set(out, ERROR_IO, "the sink is full");
    }
    alert_write_json(alert, &bench->lines);
    assert_false(bench->lines.failed);
    bench->count++;
    bench->last = *alert;
    if (alert->node_count > 0) {
        bench->incidents++;
        bench->last_incident = *alert;
        bench->nodes[0] = '\0';
        for (uint32_t i = 0; i < alert->node_rows; i++) {
            size_t size = strlen(bench->nodes);
            snprintf(bench->nodes + size, sizeof bench->nodes - size, "%s%.*s", i > 0 ? " " : "",
                     (int)alert->nodes[i].size, (const char *)alert->nodes[i].data);
        }
        snprintf(bench->identity, sizeof bench->identity, "%.*s", (int)alert->identity.size,
                 (const char *)alert->identity.data);
    }
    return true;
}

static void stage_begin(struct bench *bench) {
    const struct alert_sink sink = { .context = bench, .emit = take_alert };
    assert_true(fleet_stage_init(&bench->stage, &bench->config, &sink, &err));
}

static struct bench *bench_make(void) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    detector_config_init(&bench->config);
    buffer_init(&bench->lines, 64 << 20);
    stage_begin(bench);
    return bench;
}

static void bench_free(struct bench *bench) {
    fleet_stage_done(&bench->stage);
    buffer_done(&bench->lines);
    free(bench);
}

/* What a judge tells of a node in the window that begins at `minute`. */
struct told {
    const char *node;
    int minute;
    enum alert_state state;
    uint8_t direction;
    const char *class_;
    uint64_t group;
    enum alert_severity severity;
    enum alert_advice advice;
    int begun; /* minute in which the episode began */
};

static struct alert alert_of(const struct told *told) {
    struct alert alert = {
        .lineage = "0123456789abcdef",
        .state = told->state,
        .severity = told->severity,
        .advice = told->advice,
        .class_ = told->class_ != NULL ? told->class_ : "exfil.volume",
        .rule = "a rule",
        .attack = { "T1041" },
        .direction = told->direction,
        .window_start_ms = START + told->minute * MINUTE,
        .window_end_ms = START + (told->minute + 1) * MINUTE,
        .episode_start_ms = START + told->begun * MINUTE,
        .cluster = bytes_text("default"),
        .node = bytes_text(told->node),
        .identity = bytes_text(told->node),
        .role = bytes_text(told->node[0] == 'd' ? "db" : "web"),
        .rare_group = told->group,
        .observed = 1e8,
        .expected = 1e6,
        .threshold = 5e6,
        .score = 4.5,
        .confidence = 0.9,
        .baseline_age_ms = 86400000,
        .baseline_samples = 1440,
        .is_warm = true,
    };
    alert.evidence.total = (struct evidence_sum){ 1000, 10, 1 };
    alert.evidence.peer_count = 2;
    alert.evidence.peer_rows = 1;
    alert.evidence.peers[0] =
        (struct evidence_peer){ .address = address_from_ipv4(0xc6336407), .sum = { 900, 9, 1 } };
    alert.evidence.port_rows = 1;
    alert.evidence.ports[0] = (struct evidence_port){ 443, 6, { 900, 9, 1 } };
    if (told->group != 0) {
        alert.evidence.rare = (struct evidence_rare){
            .group = told->group,
            .peer = address_from_ipv4(0xc6336407 + (uint32_t)told->minute),
            .bytes_out = 1000 * (uint64_t)(told->minute + 1),
            .bytes_in = 5,
            .first_ms = alert.window_start_ms,
            .minutes = 1,
            .gap_s = 60,
            .port = 443,
        };
    }
    snprintf(alert.episode, sizeof alert.episode, "%.20s/%u/%d", told->node, told->direction,
             told->begun);
    alert_identify(&alert);
    return alert;
}

static void put(struct bench *bench, struct told told) {
    struct alert alert = alert_of(&told);
    struct alert_sink sink = fleet_stage_sink(&bench->stage);
    assert_true(sink.emit(sink.context, &alert, &err));
}

/* An alert opens by which a node sends to the group. */
static void leak(struct bench *bench, const char *node, int minute) {
    put(bench, (struct told){ .node = node,
                              .minute = minute,
                              .begun = minute,
                              .direction = DIRECTION_OUT,
                              .group = GROUP,
                              .severity = SEVERITY_HIGH,
                              .advice = ADVICE_NOTIFY });
}

/* An alert opens by which a node is flooded. */
static void flood(struct bench *bench, const char *node, int minute, const char *class_) {
    put(bench, (struct told){ .node = node,
                              .minute = minute,
                              .begun = minute,
                              .direction = DIRECTION_IN,
                              .class_ = class_,
                              .severity = SEVERITY_HIGH,
                              .advice = ADVICE_NOTIFY });
}

/* The window that begins at `minute` is over. */
static void pass(struct bench *bench, int minute) {
    assert_true(fleet_stage_pass(&bench->stage, START + (minute + 1) * MINUTE, &err));
}

/* --- what an incident is --------------------------------------------------------------------- */

static void three_nodes_that_send_to_one_rare_group_are_an_incident(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "web-2", 0);
    leak(bench, "web-1", 3);
    pass(bench, 3);
    assert_int_equal(bench->incidents, 0);
    leak(bench, "db-1", 5);
    assert_int_equal(bench->incidents, 0); /* the window may hold more of it */
    pass(bench, 5);
    assert_int_equal(bench->incidents, 1);
    assert_int_equal(bench->count, 4);
    const struct alert *incident = &bench->last_incident;
    assert_string_equal(bench->nodes, "db-1 web-1 web-2");
    assert_string_equal(bench->identity, "fleet:peer:out:feedface00000001");
    assert_string_equal(incident->rule, "fleet_peer");
    assert_string_equal(incident->id, incident->episode);
    assert_string_equal(incident->lineage, "0123456789abcdef");
    assert_int_equal(incident->state, ALERT_OPEN);
    assert_int_equal(incident->node.size, 0);
    assert_int_equal(incident->node_count, 3);
    assert_int_equal(incident->direction, DIRECTION_OUT);
    assert_true(incident->rare_group == GROUP);
    assert_true(incident->window_start_ms == START + 5 * MINUTE);
    assert_true(incident->window_end_ms == START + 6 * MINUTE);
    assert_true(incident->episode_start_ms == START);
    bench_free(bench);
}

static void three_nodes_flooded_in_one_class_are_an_incident_of_that_class(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    flood(bench, "a", 0, "dos.syn_flood");
    flood(bench, "b", 0, "dos.volume");
    flood(bench, "c", 0, "dos.amplification");
    pass(bench, 0);
    assert_int_equal(bench->incidents, 0);
    flood(bench, "c", 1, "dos.syn_flood");
    flood(bench, "d", 1, "dos.syn_flood");
    pass(bench, 1);
    assert_int_equal(bench->incidents, 1);
    assert_string_equal(bench->nodes, "a c d");
    assert_string_equal(bench->last_incident.rule, "fleet_inbound");
    assert_string_equal(bench->identity, "fleet:inbound:dos.syn_flood");
    bench_free(bench);
}

static void nodes_that_share_nothing_rare_and_nothing_inbound_are_none(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    static const char *const names[] = { "a", "b", "c", "d" };
    for (size_t i = 0; i < 4; i++) {
        put(bench, (struct told){ .node = names[i], .direction = DIRECTION_OUT });
    }
    for (size_t i = 0; i < 4; i++) { /* each a group of its own */
        put(bench, (struct told){ .node = names[i], .direction = DIRECTION_OUT, .group = i + 1 });
    }
    pass(bench, 0);
    assert_int_equal(bench->incidents, 0);
    bench_free(bench);
}

static void openings_count_together_up_to_ten_minutes(void **state) {
    (void)state;
    static const struct {
        int minutes[3];
        uint32_t incidents;
    } cases[] = {
        { { 0, 0, 0 }, 1 },
        { { 0, 5, 10 }, 1 },
        { { 0, 5, 11 }, 0 },
        { { 0, 1, 12 }, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *bench = bench_make();
        leak(bench, "a", cases[i].minutes[0]);
        leak(bench, "b", cases[i].minutes[1]);
        leak(bench, "c", cases[i].minutes[2]);
        pass(bench, 20);
        if (bench->incidents != cases[i].incidents) {
            fail_msg("case %zu gives %u incidents", i, bench->incidents);
        }
        bench_free(bench);
    }
}

static void a_node_that_opens_again_counts_once_and_anew(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "a", 1);
    leak(bench, "b", 2);
    leak(bench, "a", 8);
    pass(bench, 8);
    assert_int_equal(bench->incidents, 0);
    leak(bench, "c", 12); /* ten minutes from b on, and a was last heard of at 8 */
    pass(bench, 12);
    assert_int_equal(bench->incidents, 1);
    bench_free(bench);
}

static void what_only_goes_on_opens_no_incident(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    static const char *const names[] = { "a", "b", "c", "d" };
    for (size_t i = 0; i < 4; i++) {
        put(bench, (struct told){ .node = names[i],
                                  .minute = 40,
                                  .state = i < 2 ? ALERT_ONGOING : ALERT_CLOSED,
                                  .direction = DIRECTION_IN,
                                  .group = GROUP });
    }
    pass(bench, 40);
    assert_int_equal(bench->incidents, 0);
    bench_free(bench);
}

/* --- what is said of it ---------------------------------------------------------------------- */

static void alerts_pass_as_they_came_and_an_incident_follows_its_window(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    struct buffer want;
    buffer_init(&want, 1 << 20);
    static const char *const names[] = { "a", "b", "c", "d" };
    for (int i = 0; i < 4; i++) {
        struct told told = { .node = names[i],
                             .minute = i / 4,
                             .direction = DIRECTION_OUT,
                             .group = GROUP,
                             .advice = ADVICE_NOTIFY };
        struct alert alert = alert_of(&told);
        alert_write_json(&alert, &want);
        put(bench, told);
    }
    assert_true(bytes_equal(buffer_bytes(&want), buffer_bytes(&bench->lines)));
    flood(bench, "a", 1, "dos.volume"); /* tells that the window is over */
    assert_int_equal(bench->incidents, 1);
    assert_string_equal(bench->nodes, "a b c d");
    assert_int_equal(bench->last.node_count, 0);
    buffer_done(&want);
    bench_free(bench);
}

static void figures_are_those_of_all_nodes_together(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    struct told told = { .node = "c", .direction = DIRECTION_OUT, .group = GROUP };
    struct alert alert = alert_of(&told);
    alert.observed = 3e8;
    alert.score = 7;
    alert.quality = METRIC_SAMPLED;
    alert.baseline_samples = 99;
    alert.evidence.peer_count = 40;
    alert.evidence.peers[0] =
        (struct evidence_peer){ .address = address_from_ipv4(0xc6336408), .sum = { 1800, 9, 1 } };
    struct alert_sink sink = fleet_stage_sink(&bench->stage);
    assert_true(sink.emit(sink.context, &alert, &err));
    pass(bench, 0);
    const struct alert *incident = &bench->last_incident;
    assert_true(incident->observed == 5e8);
    assert_true(incident->expected == 3e6);
    assert_true(incident->threshold == 1.5e7);
    assert_true(incident->score == 7);
    assert_int_equal(incident->quality, METRIC_SAMPLED);
    assert_int_equal(incident->baseline_samples, 99);
    const struct evidence *evidence = &incident->evidence;
    assert_int_equal(evidence->total.bytes, 3000);
    assert_int_equal(evidence->peer_count, 40);
    assert_int_equal(evidence->peer_rows, 2);
    /* Both of 1,800 bytes: by address. */
    assert_int_equal(address_ipv4(evidence->peers[0].address), 0xc6336407);
    assert_int_equal(evidence->peers[0].sum.bytes, 1800);
    assert_int_equal(address_ipv4(evidence->peers[1].address), 0xc6336408);
    assert_int_equal(evidence->port_rows, 1);
    assert_int_equal(evidence->ports[0].sum.bytes, 2700);
    assert_true(evidence->is_cut);
    bench_free(bench);
}

static void the_rare_peer_is_the_one_that_got_most_with_the_sums_of_all(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 3);
    leak(bench, "b", 5);
    leak(bench, "c", 5);
    pass(bench, 5);
    const struct evidence_rare *rare = &bench->last_incident.evidence.rare;
    assert_true(rare->group == GROUP);
    assert_int_equal(address_ipv4(rare->peer), 0xc6336407 + 5);
    assert_int_equal(rare->bytes_out, 4000 + 6000 + 6000);
    assert_int_equal(rare->bytes_in, 15);
    assert_true(rare->first_ms == START + 3 * MINUTE);
    flood(bench, "a", 6, "dos.volume");
    flood(bench, "b", 6, "dos.volume");
    flood(bench, "c", 6, "dos.volume");
    pass(bench, 6);
    assert_int_equal(bench->incidents, 2);
    assert_true(bench->last_incident.evidence.rare.group == 0);
    bench_free(bench);
}

static void an_incident_takes_the_class_and_severity_of_its_gravest_member(void **state) {
    (void)state;
    static const struct {
        const char *node;
        const char *class_;
        enum alert_severity severity;
        enum alert_advice advice;
    } rows[] = { { "a", "beacon", SEVERITY_LOW, ADVICE_NONE },
                 { "b", "exfil.slow", SEVERITY_CRITICAL, ADVICE_RECYCLE },
                 { "c", "exfil.volume", SEVERITY_HIGH, ADVICE_QUARANTINE } };
    struct bench *bench = bench_make();
    for (size_t i = 0; i < 3; i++) {
        put(bench, (struct told){ .node = rows[i].node,
                                  .class_ = rows[i].class_,
                                  .direction = DIRECTION_OUT,
                                  .group = GROUP,
                                  .severity = rows[i].severity,
                                  .advice = rows[i].advice });
    }
    pass(bench, 0);
    assert_int_equal(bench->incidents, 1);
    assert_string_equal(bench->last_incident.class_, "exfil.slow");
    assert_int_equal(bench->last_incident.severity, SEVERITY_CRITICAL);
    assert_int_equal(bench->last_incident.advice, ADVICE_NOTIFY);
    bench_free(bench);
}

static void incidents_of_a_window_come_by_kind_direction_class_and_group(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    static const char *const names[] = { "a", "b", "c" };
    for (size_t i = 0; i < 3; i++) {
        flood(bench, names[i], 0, "dos.volume");
        flood(bench, names[i], 0, "dos.syn_flood");
        put(bench,
            (struct told){ .node = names[i], .direction = DIRECTION_OUT, .group = GROUP + 1 });
        leak(bench, names[i], 0);
    }
    pass(bench, 0);
    assert_int_equal(bench->incidents, 4);
    buffer_u8(&bench->lines, 0);
    const char *at = (const char *)bench->lines.data;
    static const char *const order[] = { "fleet:inbound:dos.syn_flood", "fleet:inbound:dos.volume",
                                         "fleet:peer:out:feedface00000001",
                                         "fleet:peer:out:feedface00000002" };
    for (size_t i = 0; i < 4; i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
    bench_free(bench);
}

static void an_incident_goes_on_when_it_has_doubled_or_became_graver(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    char name[8];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "n%d", i);
        leak(bench, name, 0);
    }
    pass(bench, 0);
    assert_int_equal(bench->incidents, 1);
    leak(bench, "n3", 1);
    leak(bench, "n4", 15); /* long after the ten minutes: it is open */
    pass(bench, 15);
    assert_int_equal(bench->incidents, 1);
    leak(bench, "n5", 16);
    pass(bench, 16);
    assert_int_equal(bench->incidents, 2);
    assert_int_equal(bench->last_incident.state, ALERT_ONGOING);
    assert_int_equal(bench->last_incident.node_count, 6);
    put(bench, (struct told){ .node = "n6",
                              .minute = 17,
                              .direction = DIRECTION_OUT,
                              .group = GROUP,
                              .severity = SEVERITY_CRITICAL });
    pass(bench, 17);
    assert_int_equal(bench->incidents, 3);
    assert_int_equal(bench->last_incident.severity, SEVERITY_CRITICAL);
    assert_int_equal(bench->last_incident.node_count, 7);
    bench_free(bench);
}

static void goes_on(struct bench *bench, const char *node, int minute) {
    put(bench,
        (struct told){
            .node = node, .minute = minute, .state = ALERT_ONGOING, .direction = DIRECTION_OUT });
}

static void ends(struct bench *bench, const char *node, int minute) {
    put(bench,
        (struct told){
            .node = node, .minute = minute, .state = ALERT_CLOSED, .direction = DIRECTION_OUT });
}

static void an_incident_says_again_after_half_an_hour_that_it_goes_on(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    leak(bench, "c", 0);
    goes_on(bench, "a", 29);
    pass(bench, 29);
    assert_int_equal(bench->incidents, 1);
    goes_on(bench, "b", 30); /* its episode, whatever the alert is about */
    pass(bench, 30);
    assert_int_equal(bench->incidents, 2);
    assert_int_equal(bench->last_incident.state, ALERT_ONGOING);
    char episode[33];
    memcpy(episode, bench->last_incident.episode, sizeof episode);
    assert_string_not_equal(bench->last_incident.id, episode);
    bench_free(bench);
}

static void an_incident_closes_with_the_last_episode_of_its_nodes(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    leak(bench, "c", 0);
    ends(bench, "b", 30);
    ends(bench, "c", 31);
    put(bench, (struct told){ .node = "a", /* another episode of the node */
                              .minute = 32,
                              .begun = 7,
                              .state = ALERT_CLOSED,
                              .direction = DIRECTION_IN });
    pass(bench, 32);
    assert_int_equal(bench->incidents, 1);
    ends(bench, "a", 33);
    pass(bench, 33);
    assert_int_equal(bench->incidents, 2);
    assert_int_equal(bench->last_incident.state, ALERT_CLOSED);
    assert_true(bench->last_incident.window_end_ms == START + 34 * MINUTE);
    assert_string_equal(bench->nodes, "a b c");
    assert_int_equal(bench->last_incident.evidence.total.bytes, 0);
    assert_int_equal(bench->stage.count, 0);
    leak(bench, "a", 34); /* and may come again */
    leak(bench, "b", 34);
    leak(bench, "c", 34);
    pass(bench, 34);
    assert_int_equal(bench->incidents, 3);
    assert_int_equal(bench->last_incident.state, ALERT_OPEN);
    bench_free(bench);
}

static void a_node_that_is_forgotten_ends_its_part_as_of_the_window_before(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    leak(bench, "c", 0);
    ends(bench, "a", 30);
    ends(bench, "b", 30);
    pass(bench, 35);
    ends(bench, "c", 35); /* its window is over */
    pass(bench, 35);
    assert_int_equal(bench->incidents, 2);
    assert_int_equal(bench->last_incident.state, ALERT_CLOSED);
    assert_true(bench->last_incident.window_end_ms == START + 36 * MINUTE);
    bench_free(bench);
}

static void an_incident_of_which_nothing_is_heard_for_an_hour_is_closed_as_of_then(void **state) {
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct bench *bench = bench_make();
        leak(bench, "a", 0);
        leak(bench, "b", 0);
        leak(bench, "c", 0);
        goes_on(bench, "a", 20);
        for (int minute = 21; minute <= 79 && way == 0; minute++) {
            pass(bench, minute);
            assert_int_equal(bench->incidents, 1);
        }
        pass(bench, way == 0 ? 80 : 500);
        assert_int_equal(bench->incidents, 2);
        assert_int_equal(bench->last_incident.state, ALERT_CLOSED);
        assert_true(bench->last_incident.window_end_ms == START + 81 * MINUTE);
        bench_free(bench);
    }
}

/* --- what it means for others ---------------------------------------------------------------- */

static enum alert_advice advice_of(struct bench *bench, const char *node, int minute) {
    put(bench, (struct told){ .node = node,
                              .minute = minute,
                              .class_ = "scan",
                              .direction = DIRECTION_OUT,
                              .advice = ADVICE_RECYCLE });
    return bench->last.advice;
}

static void nodes_of_an_open_incident_are_not_to_be_recycled(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    flood(bench, "a", 0, "dos.volume");
    flood(bench, "b", 0, "dos.volume");
    assert_int_equal(advice_of(bench, "a", 0), ADVICE_RECYCLE); /* it is none yet */
    put(bench, (struct told){ .node = "c", /* makes it one, in the same window */
                              .class_ = "dos.volume",
                              .direction = DIRECTION_IN,
                              .advice = ADVICE_QUARANTINE });
    assert_int_equal(bench->last.advice, ADVICE_NOTIFY);
    assert_int_equal(advice_of(bench, "a", 1), ADVICE_NOTIFY);
    assert_int_equal(advice_of(bench, "other", 1), ADVICE_RECYCLE);
    put(bench, (struct told){
                   .node = "b", .minute = 30, .state = ALERT_CLOSED, .direction = DIRECTION_IN });
    assert_int_equal(advice_of(bench, "b", 31), ADVICE_RECYCLE); /* its part has ended */
    assert_int_equal(advice_of(bench, "a", 31), ADVICE_NOTIFY);
    pass(bench, 500);
    assert_int_equal(advice_of(bench, "a", 501), ADVICE_RECYCLE);
    bench_free(bench);
}

static void alerts_of_incidents_pass_unread(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    struct told told = { .node = "", .direction = DIRECTION_IN, .class_ = "dos.volume" };
    struct alert alert = alert_of(&told);
    alert.node_count = 3;
    struct alert_sink sink = fleet_stage_sink(&bench->stage);
    assert_true(sink.emit(sink.context, &alert, &err));
    assert_int_equal(bench->count, 1);
    assert_int_equal(bench->stage.count, 0);
    bench_free(bench);
}

static void the_error_of_a_sink_is_the_stages(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    leak(bench, "c", 0);
    bench->is_full = true;
    assert_false(fleet_stage_pass(&bench->stage, START + MINUTE, &err));
    assert_int_equal(err.code, ERROR_IO);
    bench_free(bench);
}

/* --- bounds ---------------------------------------------------------------------------------- */

static void beyond_the_bound_the_group_that_was_silent_longest_is_forgotten(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    flood(bench, "a", 0, "dos.volume"); /* classes are few, and stay */
    flood(bench, "b", 0, "dos.volume");
    for (uint64_t i = 0; i < FLEET_GATHERING_MAX; i++) {
        put(bench, (struct told){ .node = "x",
                                  .minute = i < 3 ? 1 : 2,
                                  .direction = DIRECTION_OUT,
                                  .group = i < 3 ? 1000 - i : 1000 + i });
    }
    assert_int_equal(bench->stage.dropped, 1); /* group 998, the smallest of minute 1 */
    assert_int_equal(bench->stage.count, FLEET_GATHERING_MAX);
    static const char *const names[] = { "c", "d" };
    for (size_t i = 0; i < 2; i++) {
        put(bench, (struct told){
                       .node = names[i], .minute = 3, .direction = DIRECTION_OUT, .group = 1000 });
    }
    flood(bench, "c", 3, "dos.volume");
    pass(bench, 3);
    assert_int_equal(bench->incidents, 2);
    bench_free(bench);
}

static void beyond_the_bound_no_incident_opens(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    static const char *const names[] = { "a", "b", "c" };
    for (uint64_t group = 1; group <= FLEET_INCIDENTS_MAX + 2; group++) {
        for (size_t i = 0; i < 3; i++) {
            put(bench,
                (struct told){ .node = names[i], .direction = DIRECTION_OUT, .group = group });
        }
    }
    pass(bench, 0);
    assert_int_equal(bench->incidents, FLEET_INCIDENTS_MAX);
    assert_int_equal(bench->stage.dropped, 2);
    for (size_t i = 0; i < 3; i++) { /* floods do not ask how many groups there are */
        flood(bench, names[i], 1, "dos.volume");
    }
    pass(bench, 1);
    assert_int_equal(bench->incidents, FLEET_INCIDENTS_MAX + 1);
    pass(bench, 500);
    assert_int_equal(bench->stage.count, 0);
    assert_int_equal(bench->stage.open_count, 0);
    bench_free(bench);
}

static void a_wide_incident_counts_to_its_bound_and_may_hold_anyone(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    char name[16];
    for (uint32_t i = 0; i < FLEET_MEMBERS_MAX; i++) {
        snprintf(name, sizeof name, "n%05u", (unsigned)i);
        flood(bench, name, 0, "dos.volume");
    }
    assert_int_equal(advice_of(bench, "other", 0), ADVICE_RECYCLE);
    flood(bench, "one more", 0, "dos.volume");
    assert_int_equal(advice_of(bench, "other", 0), ADVICE_NOTIFY);
    pass(bench, 0);
    assert_int_equal(bench->last_incident.node_count, FLEET_MEMBERS_MAX);
    assert_int_equal(bench->last_incident.node_rows, ALERT_NODES_MAX);
    assert_int_equal(memcmp(bench->nodes, "n00000 n00001 n00002 ", 21), 0);
    for (uint32_t i = 0; i < FLEET_MEMBERS_MAX; i++) {
        snprintf(name, sizeof name, "n%05u", (unsigned)i);
        put(bench,
            (struct told){
                .node = name, .minute = 30, .state = ALERT_CLOSED, .direction = DIRECTION_IN });
    }
    pass(bench, 30); /* of those that are not remembered nobody knows */
    assert_int_equal(bench->incidents, 1);
    pass(bench, 60);
    assert_int_equal(bench->incidents, 2);
    assert_int_equal(bench->stage.count, 0);
    bench_free(bench);
}

static void nodes_whose_part_has_ended_make_room_for_others(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    char name[16];
    for (uint32_t i = 0; i < FLEET_MEMBERS_MAX; i++) {
        snprintf(name, sizeof name, "n%05u", (unsigned)i);
        flood(bench, name, 0, "dos.volume");
    }
    put(bench,
        (struct told){
            .node = "n00001", .minute = 30, .state = ALERT_CLOSED, .direction = DIRECTION_IN });
    flood(bench, "n00000a", 31, "dos.volume");
    assert_int_equal(advice_of(bench, "n00000a", 31), ADVICE_NOTIFY);
    assert_int_equal(advice_of(bench, "other", 31), ADVICE_RECYCLE);
    put(bench, (struct told){ .node = "n00009",
                              .minute = 32,
                              .state = ALERT_ONGOING,
                              .direction = DIRECTION_IN,
                              .class_ = "dos.volume",
                              .severity = SEVERITY_CRITICAL });
    pass(bench, 32);
    assert_int_equal(bench->last_incident.node_count, FLEET_MEMBERS_MAX);
    assert_int_equal(memcmp(bench->nodes, "n00000 n00000a n00002 ", 22), 0);
    bench_free(bench);
}

/* --- the same in, the same out -----------------------------------------------------------------
 */

#define NODES 30u
#define MINUTES 800

/* Of a node, by direction. */
struct life {
    int begun[2]; /* minute in which the episode began; -1: none */
    int until[2]; /* the last one in which it fires */
    int said[2];
};

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* What a judge would tell of a node, if anything. */
static bool is_told(struct life *life, int d, int minute, uint32_t dice, struct told *told) {
    bool is_storm = minute % 250 < 15;
    if (life->begun[d] < 0) {
        if (dice % (is_storm ? 20 : 2000) != 0) {
            return false;
        }
        life->begun[d] = life->said[d] = minute;
        life->until[d] = minute + (int)(dice / 2000 % 70);
    } else if (minute <= life->until[d]) {
        if (minute - life->said[d] < 30) {
            return false;
        }
        life->said[d] = minute;
        told->state = ALERT_ONGOING;
    } else if (minute - life->until[d] == 30) {
        told->state = ALERT_CLOSED;
    } else {
        return false;
    }
    told->begun = life->begun[d];
    life->begun[d] = told->state == ALERT_CLOSED ? -1 : life->begun[d];
    return true;
}

/* One window of nodes whose episodes open, go on and close; in storms many open. */
static void live(struct bench *bench, struct life lives[NODES], int minute, uint64_t *seed) {
    static const char *const classes[] = { "dos.volume", "dos.syn_flood" };
    char name[8];
    for (uint32_t n = 0; n < NODES; n++) {
        snprintf(name, sizeof name, "n%02u", (unsigned)n);
        for (int d = 0; d < 2; d++) {
            uint32_t dice = next_random(seed);
            uint32_t more = next_random(seed);
            bool is_in = d == 0;
            struct told told = { .node = name,
                                 .minute = minute,
                                 .direction = is_in ? DIRECTION_IN : DIRECTION_OUT,
                                 .class_ = is_in ? classes[more % 3 == 0] : "exfil.volume",
                                 .group = is_in ? 0 : GROUP + more % 2,
                                 .severity = more % 7 == 0 ? SEVERITY_CRITICAL : SEVERITY_HIGH,
                                 .advice = is_in ? ADVICE_NOTIFY : ADVICE_RECYCLE };
            if (is_told(&lives[n], d, minute, dice, &told)) {
                put(bench, told);
            }
        }
    }
}

/* Passes every `step` minutes; saves and loads at `cut` (-1: never). */
static struct bench *run(int step, int cut) {
    struct bench *bench = bench_make();
    struct life lives[NODES];
    uint64_t seed = 20261128;
    for (uint32_t n = 0; n < NODES; n++) {
        lives[n] = (struct life){ .begun = { -1, -1 } };
    }
    for (int minute = 0; minute < MINUTES; minute++) {
        live(bench, lives, minute, &seed);
        if (minute % step == 0) {
            pass(bench, minute);
        }
        if (minute == cut) {
            struct buffer saved;
            buffer_init(&saved, 1 << 24);
            fleet_stage_save(&bench->stage, &saved);
            fleet_stage_done(&bench->stage);
            stage_begin(bench);
            struct cursor cursor = cursor_of(buffer_bytes(&saved));
            fleet_stage_load(&bench->stage, &cursor);
            assert_false(cursor.failed);
            assert_int_equal(cursor_left(&cursor), 0);
            buffer_done(&saved);
        }
    }
    pass(bench, MINUTES);
    return bench;
}

static void passes_more_or_less_change_nothing_of_what_comes_out(void **state) {
    (void)state;
    struct bench *every = run(1, -1);
    assert_true(every->incidents > 20);
    static const int steps[] = { 7, 1000 };
    for (size_t i = 0; i < 2; i++) {
        struct bench *seldom = run(steps[i], -1);
        struct buffer one, other;
        buffer_init(&one, 1 << 22);
        buffer_init(&other, 1 << 22);
        fleet_stage_save(&every->stage, &one);
        fleet_stage_save(&seldom->stage, &other);
        assert_true(bytes_equal(buffer_bytes(&every->lines), buffer_bytes(&seldom->lines)));
        assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)));
        buffer_done(&one);
        buffer_done(&other);
        bench_free(seldom);
    }
    bench_free(every);
}

static void a_stage_that_was_saved_and_loaded_goes_on_as_if_nothing_had_been(void **state) {
    (void)state;
    for (int step = 1; step < 20; step += 18) { /* also amid a window */
        struct bench *whole = run(step, -1);
        for (int cut = 3; cut < MINUTES; cut += 37) {
            struct bench *bench = run(step, cut);
            assert_true(bytes_equal(buffer_bytes(&whole->lines), buffer_bytes(&bench->lines)));
            bench_free(bench);
        }
        bench_free(whole);
    }
}

static void bytes_that_are_no_state_are_refused_or_harmless(void **state) {
    (void)state;
    struct bench *bench = bench_make();
    leak(bench, "a", 0);
    leak(bench, "b", 0);
    leak(bench, "c", 0);
    pass(bench, 0);
    leak(bench, "d", 1);
    flood(bench, "e", 1, "dos.volume");
    struct buffer saved;
    buffer_init(&saved, 1 << 20);
    fleet_stage_save(&bench->stage, &saved);
    for (size_t i = 0; i < saved.size * 8; i++) {
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
        fleet_stage_done(&bench->stage);
        stage_begin(bench);
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        fleet_stage_load(&bench->stage, &cursor);
        assert_true(!cursor.failed || (bench->stage.count == 0 && bench->stage.now_ms == 0));
        leak(bench, "x", 3);
        flood(bench, "y", 3, "dos.volume");
        assert_true(fleet_stage_pass(&bench->stage, bench->stage.now_ms + 500 * MINUTE, &err));
        saved.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < saved.size; size++) {
        fleet_stage_done(&bench->stage);
        stage_begin(bench);
        struct cursor cursor = cursor_of(bytes_of(saved.data, size));
        fleet_stage_load(&bench->stage, &cursor);
        assert_true(cursor.failed);
    }
    buffer_done(&saved);
    bench_free(bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_that_send_to_one_rare_group_are_an_incident),
        cmocka_unit_test(three_nodes_flooded_in_one_class_are_an_incident_of_that_class),
        cmocka_unit_test(nodes_that_share_nothing_rare_and_nothing_inbound_are_none),
        cmocka_unit_test(openings_count_together_up_to_ten_minutes),
        cmocka_unit_test(a_node_that_opens_again_counts_once_and_anew),
        cmocka_unit_test(what_only_goes_on_opens_no_incident),
        cmocka_unit_test(alerts_pass_as_they_came_and_an_incident_follows_its_window),
        cmocka_unit_test(figures_are_those_of_all_nodes_together),
        cmocka_unit_test(the_rare_peer_is_the_one_that_got_most_with_the_sums_of_all),
        cmocka_unit_test(an_incident_takes_the_class_and_severity_of_its_gravest_member),
        cmocka_unit_test(incidents_of_a_window_come_by_kind_direction_class_and_group),
        cmocka_unit_test(an_incident_goes_on_when_it_has_doubled_or_became_graver),
        cmocka_unit_test(an_incident_says_again_after_half_an_hour_that_it_goes_on),
        cmocka_unit_test(an_incident_closes_with_the_last_episode_of_its_nodes),
        cmocka_unit_test(a_node_that_is_forgotten_ends_its_part_as_of_the_window_before),
        cmocka_unit_test(an_incident_of_which_nothing_is_heard_for_an_hour_is_closed_as_of_then),
        cmocka_unit_test(nodes_of_an_open_incident_are_not_to_be_recycled),
        cmocka_unit_test(alerts_of_incidents_pass_unread),
        cmocka_unit_test(the_error_of_a_sink_is_the_stages),
        cmocka_unit_test(beyond_the_bound_the_group_that_was_silent_longest_is_forgotten),
        cmocka_unit_test(beyond_the_bound_no_incident_opens),
        cmocka_unit_test(a_wide_incident_counts_to_its_bound_and_may_hold_anyone),
        cmocka_unit_test(nodes_whose_part_has_ended_make_room_for_others),
        cmocka_unit_test(passes_more_or_less_change_nothing_of_what_comes_out),
        cmocka_unit_test(a_stage_that_was_saved_and_loaded_goes_on_as_if_nothing_had_been),
        cmocka_unit_test(bytes_that_are_no_state_are_refused_or_harmless),
    };
    return cmocka_run_group_tests_name("fleet_stage", tests, NULL, NULL);
}
