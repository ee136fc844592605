/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/alert.h"

#include "flow/batch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WINDOW_START INT64_C(1795516200000) /* 2026-11-24T10:30:00Z */

static struct alert leak(void) {
    struct alert alert = {
        .lineage = "0123456789abcdef",
        .episode = "00112233445566778899aabbccddeeff",
        .state = ALERT_OPEN,
        .severity = SEVERITY_HIGH,
        .advice = ADVICE_NOTIFY,
        .class_ = "exfil.volume",
        .rule = "exfil",
        .attack = { "T1041", "T1048" },
        .direction = DIRECTION_OUT,
        .feature = FEATURE_OUT_BYTES,
        .window_start_ms = WINDOW_START,
        .window_end_ms = WINDOW_START + 60000,
        .episode_start_ms = WINDOW_START,
        .cluster = bytes_text("default"),
        .node = bytes_text("web-1"),
        .identity = bytes_text("i-0abc"),
        .role = bytes_text("web"),
        .interface = bytes_text("eni-1"),
        .observed = 1e8,
        .peak = 1.5e8,
        .has_peak = true,
        .expected = 1e6,
        .low = 7e5 + 0.4,
        .high = 2e6 + 0.5,
        .is_scored = true,
        .record = 2500000.4,
        .over_record = 5.32193,
        .deviations = 26.5754,
        .threshold = 8e6,
        .score = 5.64385,
        .confidence = 0.9868,
        .baseline_age_ms = 172800000,
        .baseline_samples = 2880,
        .windows_over = 4,
        .parameters = UINT64_C(0x0fedcba987654321),
        .is_warm = true,
    };
    alert.evidence.total = (struct evidence_sum){ 100000000, 70000, 3 };
    alert.evidence.peer_count = 1;
    alert.evidence.peer_rows = 1;
    alert.evidence.peers[0] = (struct evidence_peer){ .address = address_from_ipv4(0xc6336407),
                                                      .sum = { 100000000, 70000, 3 },
                                                      .first_ms = WINDOW_START - 30 * 60000,
                                                      .port = 443,
                                                      .protocol = 6,
                                                      .has_port = true,
                                                      .has_first = true,
                                                      .has_fleet = true };
    alert.evidence.port_rows = 1;
    alert.evidence.ports[0] = (struct evidence_port){ 443, 6, { 100000000, 70000, 3 } };
    alert.evidence.protocol_rows = 1;
    alert.evidence.protocols[0] = (struct evidence_protocol){ 6, { 100000000, 70000, 3 } };
    alert.evidence.own_count = 1;
    alert.evidence.own[0] = address_from_ipv4(0x0a000001);
    alert.evidence.key_rows = 1;
    alert.evidence.keys[0] = (struct evidence_key){ .local = address_from_ipv4(0x0a000001),
                                                    .peer = address_from_ipv4(0xc6336407),
                                                    .local_port = 50000,
                                                    .peer_port = 443,
                                                    .protocol = 6,
                                                    .sum = { 100000000, 70000, 3 } };
    alert_identify(&alert);
    return alert;
}

static const char golden[] =
    "{\"v\":1,\"id\":\"@ID\",\"lineage\":\"0123456789abcdef\",\"cluster\":\"default\","
    "\"time\":\"2026-11-24T10:31:00.000Z\",\"window_start\":\"2026-11-24T10:30:00.000Z\","
    "\"window_end\":\"2026-11-24T10:31:00.000Z\",\"node\":\"web-1\","
    "\"node_ref\":{\"name\":\"web-1\",\"identity\":\"i-0abc\",\"instance\":\"i-0abc\","
    "\"addresses\":[\"10.0.0.1\"],\"interface\":\"eni-1\"},\"nodes\":[],\"node_count\":1,"
    "\"role\":\"web\","
    "\"class\":\"exfil.volume\",\"direction\":\"out\",\"metric\":\"out_bytes\","
    "\"unit\":\"bytes/min\",\"observed\":100000000,\"peak\":150000000,"
    "\"expected\":1000000,\"fold\":100,\"score\":5.644,"
    "\"scores\":{\"over_hour\":5.644,\"over_record\":5.322,\"deviations\":26.575},\"severity\":"
    "\"high\",\"confidence\":0.987,\"state\":\"open\","
    "\"episode\":\"00112233445566778899aabbccddeeff\","
    "\"episode_start\":\"2026-11-24T10:30:00.000Z\",\"windows_over\":4,"
    "\"evidence\":{\"bytes\":100000000,\"packets\":70000,\"flows\":3,\"peer_count\":1,"
    "\"peers\":[{\"address\":\"198.51.100.7\",\"port\":443,\"protocol\":6,"
    "\"bytes\":100000000,\"packets\":70000,\"flows\":3,"
    "\"first_seen\":\"2026-11-24T10:00:00.000Z\",\"is_rare\":false}],"
    "\"ports\":[{\"port\":443,\"protocol\":6,\"bytes\":100000000,\"packets\":70000,"
    "\"flows\":3}],"
    "\"protocols\":[{\"protocol\":6,\"bytes\":100000000,\"packets\":70000,\"flows\":3}],"
    "\"keys\":[{\"local\":\"10.0.0.1\",\"local_port\":50000,\"peer\":\"198.51.100.7\","
    "\"peer_port\":443,\"protocol\":6,\"bytes\":100000000,\"packets\":70000,\"flows\":3}],"
    "\"rare_group\":\"\",\"is_cut\":false,\"flowq\":\"flowq --from 2026-11-24T10:30:00Z --to "
    "2026-11-24T10:31:00Z "
    "'node \\\"web-1\\\" and out'\"},"
    "\"rule\":\"exfil\",\"parameters\":\"0fedcba987654321\",\"threshold\":8000000,"
    "\"baseline\":{\"expected\":1000000,\"low\":700000,\"high\":2000001,\"record\":2500000,\"age\":"
    "172800,"
    "\"samples\":2880},\"quality\":[],\"state_age\":\"warm\",\"attack\":[\"T1041\",\"T1048\"],"
    "\"community_ids\":[\"@COMMUNITY\"],\"recommended_action\":\"notify\",\"announced\":\"\"}\n";

/* Computed apart (Python's xxhash and hashlib) from the fields above. */
#define GOLDEN_ID "cf7b12e7b2a4960cc7d4fa2b144cfacb"
#define GOLDEN_COMMUNITY "1:WHxtZjhcqIkSnLjobjtIVvosjuA="

static char *written(const struct alert *alert) {
    struct buffer out;
    buffer_init(&out, 1 << 16);
    alert_write_json(alert, &out);
    buffer_u8(&out, 0);
    assert_false(out.failed);
    return (char *)out.data;
}

/* `text` with the first "@NAME" replaced. */
static void fill(char *text, size_t size, const char *name, const char *value) {
    char *at = strstr(text, name);
    assert_non_null(at);
    char rest[4096];
    snprintf(rest, sizeof rest, "%s", at + strlen(name));
    snprintf(at, size - (size_t)(at - text), "%s%s", value, rest);
}

static void an_alert_is_one_line_of_known_bytes(void **state) {
    (void)state;
    struct alert alert = leak();
    char want[4096];
    snprintf(want, sizeof want, "%s", golden);
    fill(want, sizeof want, "@ID", GOLDEN_ID);
    fill(want, sizeof want, "@COMMUNITY", GOLDEN_COMMUNITY);
    char *got = written(&alert);
    assert_string_equal(got, want);
    free(got);
}

static void the_id_changes_with_each_field_that_it_names_and_with_no_other(void **state) {
    (void)state;
    struct alert base = leak();
    struct alert others[] = { base, base, base, base, base, base, base };
    others[0].cluster = bytes_text("other");
    others[1].identity = bytes_text("i-0abd");
    others[2].class_ = "exfil.slow";
    others[3].rule = "led_exfil";
    others[4].episode_start_ms += 60000;
    others[5].window_start_ms += 60000;
    others[6].state = ALERT_CLOSED;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        alert_identify(&others[i]);
        assert_string_not_equal(others[i].id, base.id);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(others[i].id, others[j].id);
        }
    }
    struct alert same = base;
    same.node = bytes_text("renamed");
    same.observed = 3;
    same.severity = SEVERITY_LOW;
    alert_identify(&same);
    assert_string_equal(same.id, base.id);
}

static void a_closed_alert_without_evidence_has_empty_lists(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.state = ALERT_CLOSED;
    alert.evidence = (struct evidence){ 0 };
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"addresses\":[]"));
    assert_non_null(strstr(got, "\"peers\":[],\"ports\":[],\"protocols\":[],\"keys\":[]"));
    assert_non_null(strstr(got, "\"community_ids\":[]"));
    free(got);
}

static void icmp_and_unknown_local_addresses_have_no_community_id(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.evidence.key_rows = 3;
    alert.evidence.keys[1] = alert.evidence.keys[0];
    alert.evidence.keys[2] = alert.evidence.keys[0];
    alert.evidence.keys[0].protocol = 1;
    alert.evidence.keys[1].local = (struct address){ 0 };
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"community_ids\":[\"" GOLDEN_COMMUNITY "\"]"));
    assert_non_null(strstr(got, "{\"local\":\"\",\"local_port\":50000"));
    free(got);
}

static void every_quality_is_named(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.quality = METRIC_SKIPPED | METRIC_SAMPLED | METRIC_SPARSE | METRIC_CUT;
    alert.is_warm = false;
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"quality\":[\"skipped\",\"sampled\",\"sparse\",\"cut\"],"
                                "\"state_age\":\"cold\""));
    free(got);
}

static void a_hostile_node_name_stays_within_its_quotes(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.node = bytes_text("a'b\"c\\d\n\xff");
    char *got = written(&alert);
    /* In JSON each backslash and each double quote of the command has one more backslash. */
    assert_non_null(
        strstr(got, "'node \\\"a'\\\\''b\\\\\\\"c\\\\\\\\d\\n\xef\xbf\xbd\\\" and out'"));
    assert_int_equal(strlen(got), (size_t)(strchr(got, '\n') - got) + 1);
    free(got);
}

static void an_alert_of_several_nodes_names_them_and_asks_for_their_flows(void **state) {
    (void)state;
    struct alert alert = leak();
    const struct bytes names[] = { bytes_text("a'b"), bytes_text("web-1"), bytes_text("web 2") };
    alert.node = bytes_text("");
    alert.nodes = names;
    alert.node_rows = 3;
    alert.node_count = 70;
    alert.rare_group = UINT64_C(0x1234567890abcdef);
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"node\":\"\","));
    assert_non_null(strstr(got, "},\"nodes\":[\"a'b\",\"web-1\",\"web 2\"],\"node_count\":70,"));
    assert_non_null(strstr(got, "\"rare_group\":\"1234567890abcdef\""));
    assert_non_null(
        strstr(got, "'node in {\\\"a'\\\\''b\\\", \\\"web-1\\\", \\\"web 2\\\"} and out'"));
    free(got);
}

static void values_that_are_not_bytes_have_digits_behind_the_point(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.feature = FEATURE_HALF;
    alert.observed = 37.25;
    alert.peak = 40;
    alert.expected = 20.0004;
    alert.threshold = 1500.5;
    alert.record = 21.12345;
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"unit\":\"conversations/min\",\"observed\":37.25,"
                                "\"peak\":40,\"expected\":20,"));
    assert_non_null(strstr(got, "\"threshold\":1500.5,"));
    assert_non_null(strstr(got, "\"record\":21.123,"));
    free(got);
    for (unsigned f = 0; f < FEATURE_COUNT; f++) {
        alert.feature = (enum feature)f;
        bool is_bytes = strstr(feature_rows[f].unit, "bytes") != NULL;
        assert_int_equal(alert_value_decimals(&alert), is_bytes ? 0 : 3);
    }
}

static void what_is_not_known_of_an_alert_is_left_out(void **state) {
    (void)state;
    static const char *const absent[] = { "peak",       "over_hour",    "over_record",
                                          "deviations", "windows_over", "record",
                                          "first_seen", "is_rare",      "rare_peer" };
    struct alert alert = leak();
    alert.has_peak = alert.is_scored = false;
    alert.windows_over = 0;
    alert.parameters = 0;
    alert.evidence.peers[0].has_port = false;
    alert.evidence.peers[0].has_first = false;
    alert.evidence.peers[0].has_fleet = false;
    char *got = written(&alert);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        char key[32];
        snprintf(key, sizeof key, "\"%s\":", absent[i]);
        if (strstr(got, key) != NULL) {
            fail_msg("%s is there", absent[i]);
        }
    }
    assert_non_null(strstr(got, "\"scores\":{},"));
    assert_non_null(strstr(got, "\"parameters\":\"\","));
    assert_non_null(strstr(got, "\"peers\":[{\"address\":\"198.51.100.7\",\"bytes\":"));
    free(got);
}

static void numbers_that_are_not_finite_are_null(void **state) {
    (void)state;
    struct alert alert = leak();
    alert.score = (double)NAN;
    alert.threshold = (double)INFINITY;
    char *got = written(&alert);
    assert_non_null(strstr(got, "\"score\":null"));
    assert_non_null(strstr(got, "\"threshold\":null"));
    free(got);
}

static void a_buffer_that_is_too_small_latches(void **state) {
    (void)state;
    struct alert alert = leak();
    char *whole = written(&alert);
    size_t size = strlen(whole);
    free(whole);
    for (size_t maximum = 0; maximum < size; maximum++) {
        struct buffer out;
        buffer_init(&out, maximum);
        alert_write_json(&alert, &out);
        assert_true(out.failed);
        buffer_done(&out);
    }
}

static void names_of_states_severities_and_advice_are_the_contracts_words(void **state) {
    (void)state;
    assert_string_equal(alert_state_name(ALERT_OPEN), "open");
    assert_string_equal(alert_state_name(ALERT_ONGOING), "ongoing");
    assert_string_equal(alert_state_name(ALERT_CLOSED), "closed");
    assert_string_equal(alert_severity_name(SEVERITY_LOW), "low");
    assert_string_equal(alert_severity_name(SEVERITY_CRITICAL), "critical");
    assert_string_equal(alert_advice_name(ADVICE_NONE), "none");
    assert_string_equal(alert_advice_name(ADVICE_RECYCLE), "recycle");
    assert_string_equal(alert_state_name((enum alert_state)9), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_one_line_of_known_bytes),
        cmocka_unit_test(the_id_changes_with_each_field_that_it_names_and_with_no_other),
        cmocka_unit_test(a_closed_alert_without_evidence_has_empty_lists),
        cmocka_unit_test(icmp_and_unknown_local_addresses_have_no_community_id),
        cmocka_unit_test(every_quality_is_named),
        cmocka_unit_test(a_hostile_node_name_stays_within_its_quotes),
        cmocka_unit_test(an_alert_of_several_nodes_names_them_and_asks_for_their_flows),
        cmocka_unit_test(values_that_are_not_bytes_have_digits_behind_the_point),
        cmocka_unit_test(what_is_not_known_of_an_alert_is_left_out),
        cmocka_unit_test(numbers_that_are_not_finite_are_null),
        cmocka_unit_test(a_buffer_that_is_too_small_latches),
        cmocka_unit_test(names_of_states_severities_and_advice_are_the_contracts_words),
    };
    return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
