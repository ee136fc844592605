/* SPDX-License-Identifier: Apache-2.0 */
/* A detector learns the even traffic of a few nodes; what is shown of them is what went in. */
#include "detect/detector_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define T0 INT64_C(1730000040000) /* a full minute */
#define MINUTE_MS INT64_C(60000)
#define BYTES 5000000u

static struct batch batch;
static struct error err;

static bool take_alert(void *context, const struct alert *alert, struct error *out) {
    (void)context;
    (void)alert;
    (void)out;
    return true;
}

static struct detector *new_detector(int64_t warm_up_ms, int64_t window_ms) {
    struct detector_config config;
    struct detector *detector = NULL;
    const struct alert_sink sink = { .emit = take_alert };
    detector_config_init(&config);
    config.warm_up_ms = warm_up_ms;
    config.window_ms = window_ms;
    assert_true(detector_new(&detector, &config, &sink, &err));
    return detector;
}

/* The node sends BYTES a minute to a peer that it called. */
static void add_minute(const char *name, int64_t minute, uint16_t quality) {
    uint32_t i = batch.count++;
    struct batch_node node = { .name = bytes_text(name),
                               .identity = bytes_text(name),
                               .role = bytes_text("web"),
                               .interface = bytes_text("eni-1") };
    uint16_t id = 0;
    uint8_t log = 0;
    assert_true(batch_add_node(&batch, &node, &id, &err));
    assert_true(batch_add_flow_log(&batch, bytes_text("fl-1"), &log, &err));
    batch.start_ms[i] = T0 + minute * MINUTE_MS;
    batch.end_ms[i] = batch.start_ms[i] + MINUTE_MS - 1000;
    batch.bytes[i] = BYTES;
    batch.packets[i] = 4000;
    batch.src[i] = dictionary_code(&batch.addresses, address_from_ipv4(0x0a000001));
    batch.dst[i] = dictionary_code(&batch.addresses, address_from_ipv4(0xc6336407));
    batch.src_port[i] = 40000;
    batch.dst_port[i] = 443;
    batch.node[i] = id;
    batch.quality[i] = quality;
    batch.protocol[i] = 6;
    batch.tcp_flags[i] = 0;
    batch.initiator[i] = INITIATOR_UNKNOWN;
    batch.direction[i] = DIRECTION_OUT;
    batch.action[i] = ACTION_ACCEPT;
    batch.flow_log[i] = log;
}

static struct detector *learned(int64_t warm_up_ms, int64_t minutes) {
    struct detector *detector = new_detector(warm_up_ms, MINUTE_MS);
    batch_reset(&batch);
    batch.stamp = (struct batch_stamp){ .unit_ms = 1000, .reach_ms = 600000 };
    for (int64_t minute = 0; minute < minutes; minute++) {
        add_minute("b", minute, 0);
        add_minute("a", minute, QUALITY_SAMPLED);
    }
    assert_true(batch_check(&batch, &err));
    assert_true(detector_add(detector, &batch, &err));
    assert_true(detector_advance(detector, T0 + minutes * MINUTE_MS, &err));
    return detector;
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

static void what_is_expected_is_what_came(void **state) {
    (void)state;
    struct detector *detector = learned(INT64_C(1200) * 1000, 100);
    struct detector_view_node node;
    assert_int_equal(detector_view_count(detector), 2);
    detector_view_node(detector, 1, &node);
    assert_true(bytes_equal(node.name, bytes_text("b")));
    assert_true(bytes_equal(node.role, bytes_text("web")));
    assert_int_equal(node.age_ms, 100 * MINUTE_MS);
    assert_int_equal(node.last_ms, T0 + 100 * MINUTE_MS);
    assert_int_equal(node.windows, 100);
    assert_false(node.is_cold);
    const struct detector_view_feature *sent = &node.features[FEATURE_OUT_INIT];
    assert_false(sent->is_absent);
    assert_false(sent->is_open);
    assert_true(sent->expected > 0.9 * BYTES && sent->expected < 1.1 * BYTES);
    assert_true(sent->record > 0.9 * BYTES && sent->record < 1.1 * BYTES);
    assert_true(sent->record_hour >= sent->record);
    assert_true(node.features[FEATURE_OUT_SERV].expected < 1);
    assert_true(node.limits[LEDGER_BYTES] < 0); /* the fleet is young */
    assert_true(node.bytes > 3000 && node.bytes < 10000);
    assert_int_equal(detector_counts(detector).node_bytes_max, node.bytes);
    detector_free(detector);
}

static void what_sources_cannot_tell_turns_rules_off(void **state) {
    (void)state;
    struct detector *detector = learned(INT64_C(1200) * 1000, 100);
    struct detector_view_node node;
    assert_int_equal(detector_view_count(detector), 2);
    detector_view_node(detector, 0, &node);
    assert_true(bytes_equal(node.name, bytes_text("a")));
    assert_int_equal(node.absent, feature_absent(FEATURE_NEEDS_REPLIES));
    assert_true(node.features[FEATURE_UNSOL].is_absent);
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        bool is_off = (rule_needs((enum rule)r) & node.absent) != 0;
        assert_int_equal(node.rules_off >> r & 1, is_off);
    }
    assert_true((node.rules_off >> RULE_FLOOD_IN & 1) != 0);
    assert_true((node.rules_off >> RULE_EXFIL & 1) == 0);
    detector_view_node(detector, 1, &node);
    assert_int_equal(node.rules_off, 0);
    detector_free(detector);
}

static void a_cold_node_without_a_fleet_is_held_against_nobody(void **state) {
    (void)state;
    struct detector *detector = learned(INT64_C(86400) * 1000, 100);
    struct detector_view_node node;
    assert_int_equal(detector_view_count(detector), 2);
    detector_view_node(detector, 1, &node);
    assert_true(node.is_cold);
    assert_true(node.features[FEATURE_OUT_INIT].is_open);
    assert_true(node.features[FEATURE_OUT_INIT].expected > 0);
    assert_int_equal(node.absent, feature_absent(FEATURE_NEEDS_NOVELTY));
    assert_true((node.rules_off >> RULE_EXFIL & 1) != 0);
    assert_true((node.rules_off >> RULE_LED_EXFIL & 1) != 0);
    detector_free(detector);
}

/* Two views of one node tell the same; texts and entries of both are their detectors'. */
static void expect_same(const struct detector_view_node *a, const struct detector_view_node *b) {
    assert_true(bytes_equal(a->name, b->name));
    assert_int_equal(a->age_ms, b->age_ms);
    assert_int_equal(a->windows, b->windows);
    assert_int_equal(a->absent, b->absent);
    assert_int_equal(a->rules_off, b->rules_off);
    assert_memory_equal(a->limits, b->limits, sizeof a->limits);
    for (uint32_t f = 0; f < FEATURE_SCORED_COUNT; f++) {
        assert_true(a->features[f].expected == b->features[f].expected);
        assert_true(a->features[f].record_hour == b->features[f].record_hour);
        assert_true(a->features[f].record == b->features[f].record);
        assert_int_equal(a->features[f].is_absent, b->features[f].is_absent);
    }
}

static void a_loaded_state_shows_the_same(void **state) {
    (void)state;
    struct detector *detector = learned(INT64_C(1200) * 1000, 100);
    struct buffer saved;
    int64_t window_ms = 0;
    buffer_init(&saved, (size_t)1 << 24);
    assert_true(detector_state_save_closed(detector, &saved, &err));
    assert_true(detector_view_window_ms(buffer_bytes(&saved), &window_ms, &err));
    assert_int_equal(window_ms, MINUTE_MS);
    struct detector *other = new_detector(INT64_C(1200) * 1000, window_ms);
    assert_true(detector_state_load(other, buffer_bytes(&saved), &err));
    assert_int_equal(detector_view_count(detector), detector_view_count(other));
    for (uint32_t rank = 0; rank < 2; rank++) {
        struct detector_view_node one;
        struct detector_view_node again;
        detector_view_node(detector, rank, &one);
        detector_view_node(other, rank, &again);
        expect_same(&one, &again);
    }
    for (size_t size = 0; size < 20; size++) {
        assert_false(detector_view_window_ms(bytes_of(saved.data, size), &window_ms, &err));
    }
    saved.data[8]++; /* the version */
    assert_false(detector_view_window_ms(buffer_bytes(&saved), &window_ms, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    detector_free(detector);
    detector_free(other);
    buffer_done(&saved);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_expected_is_what_came),
        cmocka_unit_test(what_sources_cannot_tell_turns_rules_off),
        cmocka_unit_test(a_cold_node_without_a_fleet_is_held_against_nobody),
        cmocka_unit_test(a_loaded_state_shows_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
