/* SPDX-License-Identifier: Apache-2.0 */
/* Records in, windows out: totals worked out by hand, and the two promises: order does not show,
 * and a run that is saved and loaded goes on as one that was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "detect/detector.h"
#include "fake_judge.h"

#define T0 INT64_C(1730000040000) /* a full minute */
#define REACH_MS INT64_C(600000)

struct row {
    const char *node;
    const char *identity;
    const char *interface;
    const char *role;
    const char *flow_log;
    uint32_t local;
    uint32_t peer;
    uint16_t local_port;
    uint16_t peer_port;
    int64_t start_ms; /* after T0 */
    int64_t end_ms;
    uint64_t bytes;
    uint64_t packets;
    uint8_t protocol;
    uint8_t direction;
    uint8_t action;
    uint8_t tcp_flags;
};

static struct batch batch;
/* What batches list as a node's own: in a replay it depends on what was joined into one batch. */
static struct address listed_own;
static struct error err;

static bool take_alert(void *context, const struct alert *alert, struct error *out) {
    (void)context;
    (void)alert;
    (void)out;
    return true;
}

static struct detector *new_detector(const struct detector_config *custom) {
    struct detector_config config;
    detector_config_init(&config);
    struct alert_sink sink = { .emit = take_alert };
    struct detector *detector = NULL;
    assert_true(detector_new(&detector, custom != NULL ? custom : &config, &sink, &err));
    return detector;
}

static void begin_batch(void) {
    batch_reset(&batch);
    batch.stamp = (struct batch_stamp){ .unit_ms = 1000, .reach_ms = REACH_MS };
}

static uint16_t add_node(const struct row *row) {
    struct batch_node node = { .name = bytes_text(row->node),
                               .identity =
                                   bytes_text(row->identity != NULL ? row->identity : row->node),
                               .role = bytes_text(row->role != NULL ? row->role : "web"),
                               .interface =
                                   bytes_text(row->interface != NULL ? row->interface : "eni-1"),
                               .own = &listed_own,
                               .own_count = 1 };
    uint16_t id = 0;
    assert_true(batch_add_node(&batch, &node, &id, &err));
    return id;
}

static uint8_t add_log(const char *name) {
    uint8_t id = 0;
    assert_true(batch_add_flow_log(&batch, bytes_text(name != NULL ? name : "fl-1"), &id, &err));
    return id;
}

static void add_row(const struct row *row) {
    uint32_t i = batch.count++;
    bool is_in = row->direction == DIRECTION_IN;
    uint32_t local = row->local != 0 ? row->local : UINT32_C(0x0a000001);
    uint16_t local_code = dictionary_code(&batch.addresses, address_from_ipv4(local));
    uint16_t peer_code = dictionary_code(&batch.addresses, address_from_ipv4(row->peer));
    batch.start_ms[i] = T0 + row->start_ms;
    batch.end_ms[i] = T0 + row->end_ms;
    batch.bytes[i] = row->bytes;
    batch.packets[i] = row->packets;
    batch.src[i] = is_in ? peer_code : local_code;
    batch.dst[i] = is_in ? local_code : peer_code;
    batch.src_port[i] = is_in ? row->peer_port : row->local_port;
    batch.dst_port[i] = is_in ? row->local_port : row->peer_port;
    batch.node[i] = add_node(row);
    batch.quality[i] = 0;
    batch.protocol[i] = row->protocol != 0 ? row->protocol : 6;
    batch.tcp_flags[i] = row->tcp_flags;
    batch.direction[i] = row->direction;
    batch.initiator[i] = INITIATOR_UNKNOWN;
    batch.action[i] = row->action != 0 ? row->action : ACTION_ACCEPT;
    batch.flow_log[i] = add_log(row->flow_log);
}

static void add_coverage(const struct row *row, uint8_t kind) {
    struct batch_coverage coverage = { .node = add_node(row),
                                       .kind = kind,
                                       .flow_log = add_log(row->flow_log),
                                       .start_ms = T0 + row->start_ms,
                                       .end_ms = T0 + row->end_ms };
    assert_true(batch_add_coverage(&batch, &coverage));
}

static void take(struct detector *detector) {
    assert_true(batch_check(&batch, &err));
    if (!detector_add(detector, &batch, &err)) {
        fail_msg("%s", err.message);
    }
}

static void close_all(struct detector *detector) {
    assert_true(detector_advance(detector, INT64_MAX, &err));
}

static void expect_trace(const char *want) {
    buffer_u8(&fake_judge->trace, 0);
    assert_string_equal((const char *)fake_judge->trace.data, want);
}

static int set_up(void **state) {
    (void)state;
    return batch_init(&batch, &err) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    batch_done(&batch);
    return 0;
}

static void the_judge_hears_of_time_that_passes_but_not_of_the_end_of_input(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    assert_true(detector_advance(detector, INT64_C(1730000045000), &err));
    assert_int_equal(fake_judge->passed_ms, INT64_C(1730000040000));
    assert_true(detector_advance(detector, INT64_C(1730000040000), &err)); /* never falls */
    close_all(detector);
    assert_int_equal(fake_judge->passed_ms, INT64_C(1730000040000));
    detector_free(detector);
}

static void flow_over_three_windows_adds_up_to_what_came(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    /* [30 s, 150 s): 30 s, 60 s and 30 s of 120 s. */
    add_row(&(struct row){ .node = "a",
                           .peer = UINT32_C(0x08080808),
                           .local_port = 5000,
                           .peer_port = 443,
                           .start_ms = 30000,
                           .end_ms = 149000,
                           .bytes = 1001,
                           .packets = 10,
                           .direction = DIRECTION_OUT });
    take(detector);
    close_all(detector);
    expect_trace("window 1730000040000\n"
                 "a/a out 250 in 0 quality 1 [0/0/0 peers 0]"
                 " [250/2/0 peers 1 8.8.8.8=250 443/6=250 p6=2 10.0.0.1:5000>8.8.8.8:443=250/0]\n"
                 "window 1730000100000\n"
                 "a/a out 500 in 0 quality 1 [0/0/0 peers 0]"
                 " [500/5/0 peers 1 8.8.8.8=500 443/6=500 p6=5 10.0.0.1:5000>8.8.8.8:443=500/0]\n"
                 "window 1730000160000\n"
                 "a/a out 251 in 0 quality 1 [0/0/0 peers 0]"
                 " [251/3/1 peers 1 8.8.8.8=251 443/6=251 p6=3 10.0.0.1:5000>8.8.8.8:443=251/1]\n");
    assert_int_equal(detector_counts(detector).windows, 3);
    detector_free(detector);
}

static void of_two_logs_of_an_interface_the_smallest_name_counts(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    struct row row = { .node = "a",
                       .peer = UINT32_C(0x08080808),
                       .peer_port = 443,
                       .end_ms = 9000,
                       .bytes = 100,
                       .packets = 1,
                       .direction = DIRECTION_OUT,
                       .flow_log = "fl-b" };
    add_row(&row);
    row.flow_log = "fl-a";
    row.bytes = 70;
    add_row(&row);
    row.flow_log = "fl-b"; /* the next minute only fl-b saw */
    row.start_ms = row.end_ms = 60000;
    row.bytes = 5;
    add_row(&row);
    take(detector);
    fake_judge->is_asking = false;
    close_all(detector);
    expect_trace("window 1730000040000\na/a out 70 in 0 quality 1\n"
                 "window 1730000100000\na/a out 5 in 0 quality 1\n");
    assert_int_equal(detector_counts(detector).duplicate, 1);
    detector_free(detector);
}

static void interfaces_of_a_node_add_up(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    struct row row = { .node = "a",
                       .peer = UINT32_C(0x08080808),
                       .end_ms = 9000,
                       .bytes = 100,
                       .packets = 1,
                       .direction = DIRECTION_IN };
    add_row(&row);
    row.interface = "eni-2";
    row.flow_log = "fl-2";
    add_row(&row);
    take(detector);
    fake_judge->is_asking = false;
    close_all(detector);
    expect_trace("window 1730000040000\na/a out 0 in 200 quality 1\n");
    assert_int_equal(detector_counts(detector).duplicate, 0);
    detector_free(detector);
}

static void nodata_is_a_true_zero_and_skipdata_is_none(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    add_coverage(&(struct row){ .node = "quiet", .end_ms = 60000 }, COVERAGE_NODATA);
    add_coverage(&(struct row){ .node = "holed", .end_ms = 60000 }, COVERAGE_SKIPPED);
    add_coverage(&(struct row){ .node = "both", .end_ms = 60000 }, COVERAGE_SKIPPED);
    add_row(&(struct row){ .node = "both",
                           .peer = 1,
                           .end_ms = 9000,
                           .bytes = 8,
                           .packets = 1,
                           .direction = DIRECTION_OUT });
    /* Nobody saw anything in the second minute: it is not judged. */
    add_coverage(&(struct row){ .node = "quiet", .start_ms = 60000, .end_ms = 120000 },
                 COVERAGE_SKIPPED);
    take(detector);
    fake_judge->is_asking = false;
    close_all(detector);
    expect_trace("window 1730000040000\nboth/both out 8 in 0 quality 3\n"
                 "quiet/quiet out 0 in 0 quality 1\n");
    assert_int_equal(detector_counts(detector).windows, 1);
    assert_int_equal(detector_counts(detector).nodes, 2);
    detector_free(detector);
}

static void rejected_and_undirected_flows_count_for_no_volume(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    struct row row = { .node = "a",
                       .peer = UINT32_C(0x08080808),
                       .end_ms = 9000,
                       .bytes = 100,
                       .packets = 1,
                       .direction = DIRECTION_IN,
                       .action = ACTION_REJECT };
    add_row(&row);
    row.action = ACTION_ACCEPT;
    row.direction = DIRECTION_UNKNOWN;
    add_row(&row);
    take(detector);
    close_all(detector);
    expect_trace("window 1730000040000\n"
                 "a/a out 0 in 0 quality 1 [0/0/0 peers 0] [0/0/0 peers 0]\n");
    assert_int_equal(detector_counts(detector).direction_unknown, 1);
    detector_free(detector);
}

static void pods_behind_an_interface_keep_their_addresses(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    struct row row = { .node = "a",
                       .peer = UINT32_C(0x08080808),
                       .local_port = 5000,
                       .peer_port = 443,
                       .end_ms = 9000,
                       .packets = 1,
                       .direction = DIRECTION_OUT };
    for (uint32_t pod = 1; pod <= 3; pod++) {
        row.local = UINT32_C(0x0a000100) + pod;
        row.bytes = 10 * pod;
        add_row(&row);
        add_row(&row);
    }
    take(detector);
    close_all(detector);
    expect_trace("window 1730000040000\na/a out 120 in 0 quality 1 [0/0/0 peers 0]"
                 " [120/6/6 peers 1 8.8.8.8=120 443/6=120 p6=6"
                 " 10.0.1.3:5000>8.8.8.8:443=60/2 10.0.1.2:5000>8.8.8.8:443=40/2"
                 " 10.0.1.1:5000>8.8.8.8:443=20/2]\n");
    detector_free(detector);
}

static void own_addresses_are_the_smallest_of_the_windows_conversations(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_showing_own = true;
    begin_batch();
    struct row row = { .node = "a",
                       .local = UINT32_C(0x0a000109),
                       .peer = 1,
                       .end_ms = 9000,
                       .bytes = 1,
                       .packets = 1,
                       .direction = DIRECTION_IN };
    add_row(&row);
    add_row(&row);
    for (uint32_t pod = 7; pod >= 3; pod--) { /* one too many */
        row.local = UINT32_C(0x0a000100) + pod;
        row.action = pod == 3 ? ACTION_REJECT : ACTION_ACCEPT;
        add_row(&row);
    }
    row.local = UINT32_C(0x0a000101); /* not told whose it is */
    row.direction = DIRECTION_UNKNOWN;
    add_row(&row);
    row.local = UINT32_C(0x0a000102); /* of the log that is set aside */
    row.direction = DIRECTION_OUT;
    row.flow_log = "fl-2";
    add_row(&row);
    row.flow_log = "fl-1"; /* of the next window */
    row.start_ms = row.end_ms = 60000;
    add_row(&row);
    take(detector);
    close_all(detector);
    const char *own = " own 10.0.1.3 own 10.0.1.4 own 10.0.1.5 own 10.0.1.6] ";
    buffer_u8(&fake_judge->trace, 0);
    const char *trace = (const char *)fake_judge->trace.data;
    assert_non_null(strstr(trace, own));
    assert_non_null(strstr(trace, "[0/0/0 peers 0 own 10.0.1.3 own 10.0.1.4")); /* out, too */
    assert_non_null(strstr(trace, " own 10.0.1.2]\n"));
    assert_null(strstr(trace, "own 10.0.1.1"));
    assert_null(strstr(trace, "own 10.0.1.7"));
    detector_free(detector);
}

/* One call out of a node, answered. */
static void add_call_of(const char *node, uint32_t peer, uint16_t port, uint64_t bytes,
                        int64_t at_ms) {
    struct row row = { .node = node,
                       .peer = peer,
                       .local_port = 50000,
                       .peer_port = port,
                       .start_ms = at_ms,
                       .end_ms = at_ms + 9000,
                       .bytes = bytes,
                       .packets = 10,
                       .direction = DIRECTION_OUT,
                       .tcp_flags = 2 };
    add_row(&row);
    row.direction = DIRECTION_IN;
    row.tcp_flags = 18;
    row.bytes = 400;
    add_row(&row);
}

/* T0 is at 03:34 of an hour that begins here. */
#define T0_HOUR INT64_C(1730001600000) /* the first full hour behind T0 */

static void peers_are_told_with_their_port_and_what_is_remembered_of_them(void **state) {
    (void)state;
    const int64_t hour_ms = INT64_C(3600) * 1000;
    const int64_t last_ms = T0_HOUR - T0 + 30 * hour_ms;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_showing_features = true;
    begin_batch();
    /* 8.8.8.8 is everybody's; 9.9.9.0/24 only of a, since the second hour; b is new to it. */
    add_call_of("a", UINT32_C(0x08080808), 443, 500, T0_HOUR - T0);
    add_call_of("b", UINT32_C(0x08080808), 443, 500, T0_HOUR - T0);
    add_call_of("a", UINT32_C(0x09090901), 443, 500, T0_HOUR - T0 + hour_ms);
    add_call_of("a", UINT32_C(0x08080808), 443, 5000, last_ms);
    add_call_of("a", UINT32_C(0x09090902), 443, 2000, last_ms);
    add_call_of("a", UINT32_C(0x09090902), 8443, 1000, last_ms);
    add_call_of("a", UINT32_C(0x09090902), 53, 2000, last_ms); /* a tie: the smaller one */
    add_call_of("a", UINT32_C(0x0a000005), 22, 900, last_ms);  /* inside */
    add_call_of("b", UINT32_C(0x09090901), 443, 700, last_ms);
    take(detector);
    close_all(detector);
    buffer_u8(&fake_judge->trace, 0);
    const char *trace = (const char *)fake_judge->trace.data;
    const char *const wants[] = {
        " 8.8.8.8=5000(443/6 since 1730001600000 known) "
        "9.9.9.2=5000(53/6 since 1730005200000 rare) "
        "10.0.0.5=900(22/6 since 1730109600000) ",
        " 9.9.9.1=700(443/6 since 1730109600000 known) ", /* a knows it, since long ago */
        " 8.8.8.8=500(443/6 since 1730001600000) ",       /* the fleet is young */
    };
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        if (strstr(trace, wants[i]) == NULL) {
            fail_msg("%s is not in %s", wants[i], trace);
        }
    }
    detector_free(detector);
}

static void new_identity_starts_cold_and_retires_the_old_one(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_asking = false;
    begin_batch();
    struct row row = { .node = "a",
                       .identity = "i-1",
                       .peer = 1,
                       .bytes = 7,
                       .packets = 1,
                       .direction = DIRECTION_OUT };
    add_row(&row);
    row.identity = "i-2";
    row.start_ms = row.end_ms = 60000;
    add_row(&row);
    row.identity = "i-1"; /* a straggler of the old one is not its return */
    row.start_ms = row.end_ms = 120000;
    add_row(&row);
    row.identity = "i-2";
    add_row(&row);
    take(detector);
    close_all(detector);
    expect_trace("window 1730000040000\na/i-1 out 7 in 0 quality 1\n"
                 "forget a/i-1 1730000100000\n"
                 "window 1730000100000\na/i-2 out 7 in 0 quality 1\n"
                 "window 1730000160000\na/i-2 out 7 in 0 quality 1\n");
    detector_free(detector);
}

static void windows_close_in_order_and_what_comes_later_is_late(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_asking = false;
    begin_batch();
    struct row row = {
        .node = "a", .peer = 1, .bytes = 7, .packets = 1, .direction = DIRECTION_OUT
    };
    for (int64_t minute = 4; minute >= 0; minute--) {
        row.start_ms = row.end_ms = 60000 * minute;
        add_row(&row);
    }
    take(detector);
    assert_true(detector_advance(detector, T0 + 2 * 60000 + 59999, &err));
    assert_int_equal(detector_counts(detector).windows, 2);
    assert_true(detector_advance(detector, T0, &err)); /* never falls */
    take(detector);
    assert_int_equal(detector_counts(detector).late, 2);
    close_all(detector);
    expect_trace("window 1730000040000\na/a out 7 in 0 quality 1\n"
                 "window 1730000100000\na/a out 7 in 0 quality 1\n"
                 "window 1730000160000\na/a out 14 in 0 quality 1\n"
                 "window 1730000220000\na/a out 14 in 0 quality 1\n"
                 "window 1730000280000\na/a out 14 in 0 quality 1\n");
    detector_free(detector);
}

static void gap_of_fifty_years_costs_nothing_and_forgets(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_asking = false;
    begin_batch();
    struct row row = {
        .node = "a", .peer = 1, .bytes = 7, .packets = 1, .direction = DIRECTION_OUT
    };
    add_row(&row);
    row.node = "b";
    row.start_ms = row.end_ms = INT64_C(50) * 365 * 86400 * 1000;
    add_row(&row);
    take(detector);
    close_all(detector);
    assert_int_equal(detector_counts(detector).windows, 2);
    assert_int_equal(detector_counts(detector).nodes, 1);
    expect_trace("window 1730000040000\na/a out 7 in 0 quality 1\n"
                 "forget a/a 3306800040000\n"
                 "window 3306800040000\nb/b out 7 in 0 quality 1\n");
    detector_free(detector);
}

static void reach_beyond_the_bound_is_refused(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    begin_batch();
    add_row(&(struct row){ .node = "a", .peer = 1, .direction = DIRECTION_OUT });
    batch.stamp.reach_ms = INT64_C(86400000);
    assert_false(detector_add(detector, &batch, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    detector_free(detector);
}

static void nodes_beyond_the_bound_are_counted(void **state) {
    (void)state;
    struct detector_config config;
    detector_config_init(&config);
    config.nodes_max = 2;
    struct detector *detector = new_detector(&config);
    fake_judge->is_asking = false;
    begin_batch();
    static const char *const names[] = { "c", "a", "b" };
    for (size_t i = 0; i < 3; i++) {
        add_row(&(struct row){
            .node = names[i], .peer = 1, .bytes = 7, .packets = 1, .direction = DIRECTION_OUT });
    }
    take(detector);
    close_all(detector);
    expect_trace("window 1730000040000\na/a out 7 in 0 quality 1\nb/b out 7 in 0 quality 1\n");
    assert_int_equal(detector_counts(detector).nodes_refused, 1);
    detector_free(detector);
}

static void sixty_five_thousand_nodes_are_watched(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    fake_judge->is_asking = false;
    for (uint32_t part = 0; part < 2; part++) {
        begin_batch();
        for (uint32_t i = 0; i < BATCH_RECORDS_MAX; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "n%u", part * BATCH_RECORDS_MAX + i);
            add_row(&(struct row){
                .node = name, .peer = 1, .bytes = 7, .packets = 1, .direction = DIRECTION_OUT });
        }
        take(detector);
    }
    close_all(detector);
    assert_int_equal(detector_counts(detector).nodes, 65536);
    assert_int_equal(detector_counts(detector).nodes_refused, 0);
    detector_free(detector);
}

/* Random rows: few nodes, logs and peers, so that keys meet; a share of everything that is rare. */

static uint64_t random_state;

static uint32_t below(uint32_t count) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) * count >> 32);
}

static struct row random_row(uint32_t peers, uint32_t seconds) {
    static const char *const nodes[] = { "a", "b", "c", "d", "e", "f" };
    static const char *const logs[] = { "fl-1", "fl-2" };
    static const char *const interfaces[] = { "eni-1", "eni-2" };
    uint32_t node = below(6);
    int64_t end_ms = 1000 * (int64_t)below(seconds);
    return (struct row){
        .node = nodes[node],
        .interface = interfaces[below(8) == 0],
        .role = end_ms < 100000 + 1000 * node ? "web" : "db", /* the inventory's, of its time */
        .flow_log = logs[below(5) == 0],
        .local = UINT32_C(0x0a000001) + below(2) * below(3),
        .peer = node == 0 ? 1 + below(peers) : 1 + below(40),
        .local_port = (uint16_t)(1 + below(2)),
        .peer_port = 443,
        .start_ms = end_ms - 1000 * (int64_t)(below(10) == 0 ? below(1200) : below(60)),
        .end_ms = end_ms,
        .bytes = below(50) == 0 ? (uint64_t)below(UINT32_MAX) << 8 : below(100000),
        .packets = below(100) == 0 ? (uint64_t)below(UINT32_MAX) : below(1000),
        .protocol = below(4) == 0 ? 17 : 6,
        .direction = below(50) == 0 ? DIRECTION_UNKNOWN : (uint8_t)(1 + below(2)),
        .action = below(20) == 0 ? ACTION_REJECT : ACTION_ACCEPT,
    };
}

#define ROWS 30000u
#define LENGTH_MAX 9000u

static void shuffle(struct row *rows) {
    for (uint32_t i = ROWS - 1; i > 0; i--) {
        uint32_t k = below(i + 1);
        struct row row = rows[i];
        rows[i] = rows[k];
        rows[k] = row;
    }
}

struct outcome {
    struct buffer trace;
    struct buffer states; /* at each halt */
};

struct trial {
    const struct detector_config *config; /* NULL: the default */
    uint32_t seconds;                     /* that the rows span */
    uint32_t length_max;                  /* of a batch */
    bool is_reloaded;                     /* saved and loaded behind each batch and at each halt */
};

#define HALTS 4

static void show_all(void) {
    fake_judge->is_showing_own = true;
    fake_judge->is_showing_features = true;
}

/* The same detector, as it was saved; what the judge wrote down goes to `trace`. */
static struct detector *reload(struct detector *detector, const struct detector_config *config,
                               struct buffer *trace) {
    struct buffer saved;
    buffer_init(&saved, (size_t)1 << 28);
    assert_true(detector_state_save(detector, &saved, &err));
    buffer_put(trace, fake_judge->trace.data, fake_judge->trace.size);
    detector_free(detector);
    detector = new_detector(config);
    show_all();
    if (!detector_state_load(detector, buffer_bytes(&saved), &err)) {
        fail_msg("%s", err.message);
    }
    buffer_done(&saved);
    return detector;
}

/* Takes the rows in their order, in batches of random lengths with random lists of own addresses,
 * then lets time pass, with halts. */
static struct outcome run(const struct row *rows, const struct trial *trial) {
    struct outcome outcome;
    buffer_init(&outcome.trace, (size_t)1 << 30);
    buffer_init(&outcome.states, (size_t)1 << 30);
    struct detector *detector = new_detector(trial->config);
    show_all();
    for (uint32_t i = 0; i < ROWS;) {
        uint32_t length = trial->length_max - below(trial->length_max / 2);
        listed_own = address_from_ipv4(UINT32_C(0x0a000001) + below(9));
        begin_batch();
        for (uint32_t k = 0; k < length && i < ROWS; k++, i++) {
            add_row(&rows[i]);
        }
        take(detector);
        if (trial->is_reloaded) {
            detector = reload(detector, trial->config, &outcome.trace);
        }
    }
    for (int64_t halt = 1; halt < HALTS; halt++) {
        assert_true(detector_advance(detector, T0 + halt * trial->seconds * 1000 / HALTS, &err));
        assert_true(detector_state_save(detector, &outcome.states, &err));
        if (trial->is_reloaded) {
            detector = reload(detector, trial->config, &outcome.trace);
        }
    }
    close_all(detector);
    buffer_put(&outcome.trace, fake_judge->trace.data, fake_judge->trace.size);
    detector_free(detector);
    return outcome;
}

static void outcome_done(struct outcome *outcome) {
    buffer_done(&outcome->trace);
    buffer_done(&outcome->states);
}

/* Frees the second one. */
static void expect_same(const struct outcome *a, struct outcome *b) {
    assert_int_equal(a->trace.size, b->trace.size);
    assert_memory_equal(a->trace.data, b->trace.data, a->trace.size);
    assert_int_equal(a->states.size, b->states.size);
    assert_memory_equal(a->states.data, b->states.data, a->states.size);
    outcome_done(b);
}

static bool has_trace(struct outcome *outcome, const char *text) {
    buffer_u8(&outcome->trace, 0);
    outcome->trace.size--;
    return strstr((const char *)outcome->trace.data, text) != NULL;
}

static void seed_random(void) {
    const char *seed = getenv("SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : 20241101;
    print_message("seed %" PRIu64 "\n", random_state);
}

/* The rows in other orders, the last time with saves and loads. The outcome is the caller's. */
static struct outcome expect_same_in_other_orders(struct row *rows, struct trial trial) {
    struct outcome first = run(rows, &trial);
    for (int round = 0; round < 3; round++) {
        shuffle(rows);
        trial.is_reloaded = round == 2;
        struct outcome other = run(rows, &trial);
        expect_same(&first, &other);
    }
    return first;
}

static void check_orders(uint64_t memory_bytes_max, bool is_cut) {
    static struct row rows[ROWS];
    struct detector_config config;
    detector_config_init(&config);
    config.memory_bytes_max = memory_bytes_max;
    const struct trial trial = { .config = &config,
                                 .seconds = is_cut ? 240 : 900,
                                 .length_max = LENGTH_MAX };
    seed_random();
    for (uint32_t i = 0; i < ROWS; i++) {
        /* At the bound: few windows with many conversations, so that their own bounds are reached
         * and the memory of all is not. */
        rows[i] = random_row(is_cut ? 100000 : 300, trial.seconds);
    }
    struct outcome first = expect_same_in_other_orders(rows, trial);
    assert_int_equal(has_trace(&first, " cut"), is_cut);
    outcome_done(&first);
}

static void order_of_arrival_does_not_show(void **state) {
    (void)state;
    check_orders(UINT64_C(128) << 20, false);
}

static void order_of_arrival_does_not_show_at_the_memory_bound(void **state) {
    (void)state;
    check_orders(UINT64_C(4) << 20, true);
}

/* Over a day and more, with peers outside of which some are rare, services of every kind, calls
 * that nobody answers, and answers that come a window later: so that all that is measured has
 * values. */
static struct row random_call(uint32_t seconds) {
    static const uint16_t services[] = { 443, 443, 443, 25, 53, 22, 3389, 123, 11211, 8080 };
    struct row row = random_row(300, seconds);
    bool is_rare = below(6) == 0;
    row.peer = UINT32_C(0x08080000) + (is_rare ? 256 * below(4000) + below(3) : below(30));
    row.peer = below(5) == 0 ? UINT32_C(0x0a000200) + below(20) : row.peer;
    row.peer_port = services[below(sizeof services / sizeof *services)];
    row.local_port = (uint16_t)(50000 + below(300));
    row.packets = 1 + below(500);
    if (below(4) == 0) { /* a service of the node's */
        row.peer_port = row.local_port;
        row.local_port = 443;
    }
    row.tcp_flags = row.protocol == 6 && below(2) == 0 ? 2 : 0;
    return row;
}

static struct row random_answer(const struct row *call) {
    static const uint8_t flags[] = { 18, 20 };
    struct row row = *call;
    row.direction = call->direction == DIRECTION_IN ? DIRECTION_OUT : DIRECTION_IN;
    row.end_ms += 1000 * (int64_t)below(70);
    row.start_ms = row.end_ms - 1000 * (int64_t)below(20);
    row.packets = 1 + below(3);
    row.bytes = 40 * row.packets + below(3) * below(100000);
    row.tcp_flags = call->tcp_flags != 0 ? flags[below(2)] : 0;
    return row;
}

static void order_of_arrival_does_not_show_in_what_is_remembered(void **state) {
    (void)state;
    static struct row rows[ROWS];
    struct detector_config config;
    detector_config_init(&config);
    config.warm_up_ms = INT64_C(12) * 3600 * 1000;
    const struct trial trial = { .config = &config,
                                 .seconds = 36 * 3600,
                                 .length_max = LENGTH_MAX };
    seed_random();
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] =
            i % 2 == 0 || below(4) == 0 ? random_call(trial.seconds) : random_answer(&rows[i - 1]);
    }
    struct outcome first = expect_same_in_other_orders(rows, trial);
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        char name[64];
        (void)snprintf(name, sizeof name, " %s ", feature_rows[f].name);
        if (f != FEATURE_DRIFT && !has_trace(&first, name)) {
            fail_msg("%s is never told", feature_rows[f].name);
        }
    }
    outcome_done(&first);
}

/* The same records in the same order: what shows must be theirs, not that of the batches that they
 * came in (how long these are, and which addresses of a node they list). */
static void cuts_and_own_lists_of_batches_do_not_show(void **state) {
    (void)state;
    static struct row rows[ROWS];
    random_state = 4711;
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = random_row(300, 900);
    }
    static const uint32_t lengths[] = { 30000, 5000, 100 };
    struct trial trial = { .seconds = 900, .length_max = lengths[0] };
    struct outcome first = run(rows, &trial);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        trial.length_max = lengths[i];
        struct outcome other = run(rows, &trial);
        expect_same(&first, &other);
    }
    outcome_done(&first);
}

static void conversations_stay_within_the_memory_and_sums_are_whole(void **state) {
    (void)state;
    struct detector_config config;
    detector_config_init(&config);
    config.memory_bytes_max = UINT64_C(1) << 20;
    struct detector *detector = new_detector(&config);
    fake_judge->is_asking = false;
    random_state = 3;
    const uint64_t batch_bytes = UINT64_C(8000) * 3 * 80;
    for (int k = 0; k < 20; k++) {
        begin_batch();
        for (uint32_t i = 0; i < 8000; i++) { /* all distinct, over 20 minutes: all windows full */
            add_row(&(struct row){ .node = "a",
                                   .peer = 1 + below(UINT32_MAX - 1),
                                   .start_ms = 60000 * (int64_t)(i % 20),
                                   .end_ms = 60000 * (int64_t)(i % 20),
                                   .bytes = 10,
                                   .packets = 1,
                                   .direction = DIRECTION_OUT });
        }
        take(detector);
        assert_true(detector_counts(detector).memory_bytes <=
                    config.memory_bytes_max + batch_bytes);
    }
    assert_true(detector_counts(detector).cells_cut > 0);
    close_all(detector);
    buffer_u8(&fake_judge->trace, 0);
    /* 8,000 rows of 20 batches over 20 minutes, 10 bytes each; observed and cut. */
    const char *line = "a/a out 80000 in 0 quality 9\n";
    size_t count = 0;
    for (const char *at = (const char *)fake_judge->trace.data; (at = strstr(at, line)) != NULL;
         at++) {
        count++;
    }
    assert_int_equal(count, 20);
    detector_free(detector);
}

static void damaged_state_is_refused_and_leaves_the_detector_new(void **state) {
    (void)state;
    struct detector *detector = new_detector(NULL);
    random_state = 7;
    begin_batch();
    for (uint32_t i = 0; i < 50; i++) {
        struct row row = random_row(50, 900);
        add_row(&row);
    }
    take(detector);
    assert_true(detector_advance(detector, T0 + 300000, &err));
    struct buffer saved;
    struct buffer again;
    buffer_init(&saved, (size_t)1 << 20);
    buffer_init(&again, (size_t)1 << 20);
    assert_true(detector_state_save(detector, &saved, &err));
    struct detector *other = new_detector(NULL);
    for (size_t size = 0; size < saved.size; size++) {
        assert_false(detector_state_load(other, bytes_of(saved.data, size), &err));
        assert_true(err.code == ERROR_FORMAT);
    }
    for (size_t i = 0; i < saved.size; i++) {
        saved.data[i] ^= 1;
        assert_false(detector_state_load(other, buffer_bytes(&saved), &err));
        saved.data[i] ^= 1;
    }
    assert_true(detector_state_load(other, buffer_bytes(&saved), &err));
    assert_true(detector_state_save(other, &again, &err));
    assert_int_equal(saved.size, again.size);
    assert_memory_equal(saved.data, again.data, saved.size);
    struct detector_config config;
    detector_config_init(&config);
    config.window_ms = 10000;
    struct detector *third = new_detector(&config);
    assert_false(detector_state_load(third, buffer_bytes(&saved), &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    detector_free(detector);
    detector_free(other);
    detector_free(third);
    buffer_done(&saved);
    buffer_done(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_judge_hears_of_time_that_passes_but_not_of_the_end_of_input),
        cmocka_unit_test(flow_over_three_windows_adds_up_to_what_came),
        cmocka_unit_test(of_two_logs_of_an_interface_the_smallest_name_counts),
        cmocka_unit_test(interfaces_of_a_node_add_up),
        cmocka_unit_test(nodata_is_a_true_zero_and_skipdata_is_none),
        cmocka_unit_test(rejected_and_undirected_flows_count_for_no_volume),
        cmocka_unit_test(pods_behind_an_interface_keep_their_addresses),
        cmocka_unit_test(own_addresses_are_the_smallest_of_the_windows_conversations),
        cmocka_unit_test(peers_are_told_with_their_port_and_what_is_remembered_of_them),
        cmocka_unit_test(new_identity_starts_cold_and_retires_the_old_one),
        cmocka_unit_test(windows_close_in_order_and_what_comes_later_is_late),
        cmocka_unit_test(gap_of_fifty_years_costs_nothing_and_forgets),
        cmocka_unit_test(reach_beyond_the_bound_is_refused),
        cmocka_unit_test(nodes_beyond_the_bound_are_counted),
        cmocka_unit_test(sixty_five_thousand_nodes_are_watched),
        cmocka_unit_test(order_of_arrival_does_not_show),
        cmocka_unit_test(order_of_arrival_does_not_show_at_the_memory_bound),
        cmocka_unit_test(order_of_arrival_does_not_show_in_what_is_remembered),
        cmocka_unit_test(cuts_and_own_lists_of_batches_do_not_show),
        cmocka_unit_test(conversations_stay_within_the_memory_and_sums_are_whole),
        cmocka_unit_test(damaged_state_is_refused_and_leaves_the_detector_new),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
