/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of the alert. What other systems publish of their forms is asked by
 * tests/cli/alert_forms.sh, for which `alert_form_test FORM` prints all samples in that form. */
#include "detect/alert_form.h"

#include "detect/alert_class.h"
#include "detect/rule.h"
#include "tests/unit/alert_samples.h"
#include "tests/unit/json_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT_MAX ((size_t)1 << 22)
#define PAGE "docs/FORMATS.md"

/* One alert in a form, as a text that is one JSON value; to be freed. */
static char *form_of(enum alert_form form, const struct alert *alert) {
    struct alert_form_writer writer = { .form = form };
    struct buffer out;
    buffer_init(&out, TEXT_MAX);
    alert_form_put(&writer, alert, &out);
    assert_false(out.failed);
    buffer_u8(&out, 0);
    char *text = (char *)out.data;
    if (form == ALERT_FORM_ALERTMANAGER) {
        memmove(text, text + 2, out.size - 2); /* the bracket of the list */
    }
    return text;
}

/* The same for a form and a question. */
static void form_text(enum alert_form form, const struct alert *alert, const char *place,
                      const char *want) {
    char *text = form_of(form, alert);
    json_place_text(text, place, want);
    free(text);
}

static void form_none(enum alert_form form, const struct alert *alert, const char *place) {
    char *text = form_of(form, alert);
    json_place_none(text, place);
    free(text);
}

#define AM ALERT_FORM_ALERTMANAGER
#define OCSF ALERT_FORM_OCSF
#define ECS ALERT_FORM_ECS
#define EVENTS ALERT_FORM_CLOUDEVENTS

/* --- the table ----------------------------------------------------------------------------- */

/* Other forms may name a field's parts, or the list of which it is the first. */
static bool has_place(const char *field, enum alert_form form) {
    const struct alert_form_row *row;
    for (size_t i = 0; (row = alert_form_row(i)) != NULL; i++) {
        if (strstr(row->field, field) != NULL && row->places[form] != NULL) {
            return true;
        }
    }
    return false;
}

static void assert_has_places(const char *path, enum json_kind kind) {
    (void)kind;
    const char *point = strchr(path, '.');
    bool is_in_list = point != NULL && strpbrk(point, "0123456789") != NULL;
    bool is_as_one = strncmp(path, "node_ref", 8) == 0 || strncmp(path, "baseline", 8) == 0;
    if (path[0] == '\0' || is_in_list || strchr(path, '.') != strrchr(path, '.')) {
        return;
    }
    if (!has_place(path, ECS) || (!is_as_one && !has_place(path, OCSF))) {
        fail_msg("%s has no place", path);
    }
}

static void every_field_of_the_native_form_has_a_place_in_ocsf_and_ecs(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    char *native = form_of(ALERT_FORM_NATIVE, &alert);
    (void)json_place_of(native, NULL, assert_has_places);
    free(native);
}

static void places_of_a_form_are_apart_and_their_names_are_short(void **state) {
    (void)state;
    const struct alert_form_row *row;
    const struct alert_form_row *other;
    for (unsigned form = ALERT_FORM_ALERTMANAGER; form < ALERT_FORM_COUNT; form++) {
        for (size_t i = 0; (row = alert_form_row(i)) != NULL; i++) {
            const char *place = row->places[form];
            for (const char *name = place; name != NULL; name = strchr(name, '.')) {
                name += *name == '.';
                assert_in_range(strcspn(name, "."), 1, ALERT_FORM_KEY_MAX);
            }
            for (size_t j = 0; place != NULL && (other = alert_form_row(j)) != NULL; j++) {
                const char *there = other->places[form];
                size_t size = strlen(place);
                if (i != j && there != NULL && strncmp(there, place, size) == 0 &&
                    (there[size] == '\0' || there[size] == '.')) {
                    fail_msg("%s: %s lies in %s", alert_form_name(form), there, place);
                }
            }
        }
    }
    assert_null(alert_form_row(1000));
}

static bool has_line(FILE *page, const char *want) {
    char line[512];
    rewind(page);
    while (fgets(line, sizeof line, page) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, want) == 0) {
            return true;
        }
    }
    return false;
}

static void put_cell(char *line, size_t size, const char *place) {
    size_t used = strlen(line);
    snprintf(line + used, size - used, place == NULL ? " |%s" : " `%s` |",
             place == NULL ? "" : place);
}

static void the_page_of_formats_shows_every_row(void **state) {
    (void)state;
    const struct alert_form_row *row;
    FILE *page = fopen(PAGE, "r");
    if (page == NULL) {
        print_message("SKIPPED: %s is not there (tests run from the root of the tree)\n", PAGE);
        skip();
    }
    for (size_t i = 0; (row = alert_form_row(i)) != NULL; i++) {
        char line[512];
        snprintf(line, sizeof line, "| %s |", row->field);
        for (unsigned form = ALERT_FORM_ALERTMANAGER; form < ALERT_FORM_COUNT; form++) {
            put_cell(line, sizeof line, row->places[form]);
        }
        if (!has_line(page, line)) {
            (void)fclose(page);
            fail_msg("%s lacks: %s", PAGE, line);
        }
    }
    (void)fclose(page);
}

static void every_class_has_a_title_of_its_own(void **state) {
    (void)state;
    const char *unknown = alert_class_row("no.such_class")->title;
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        const char *name = attack_class_name((enum attack_class)i);
        if (strcmp(alert_class_row(name)->title, unknown) == 0) {
            fail_msg("%s has no title", name);
        }
    }
}

/* --- single forms -------------------------------------------------------------------------- */

static void alertmanager_tells_an_alert_by_its_labels(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    struct alert_form_writer writer = { .form = ALERT_FORM_ALERTMANAGER };
    struct buffer out;
    buffer_init(&out, TEXT_MAX);
    alert_form_put(&writer, &alert, &out);
    buffer_u8(&out, 0);
    const char want[] = "[\n{\"labels\":{\"alertname\":\"WeirExfilVolume\",\"cluster\":\"default\","
                        "\"node\":\"web-1\",\"class\":\"exfil.volume\",\"direction\":\"out\","
                        "\"severity\":\"high\"},\"annotations\":{\"id\":\"";
    assert_memory_equal(out.data, want, sizeof want - 1);
    assert_non_null(strstr((const char *)out.data, "\"startsAt\":\"2026-11-24T10:30:00.000Z\"}\n"));
    buffer_done(&out);
}

static void assert_text_or_object(const char *path, enum json_kind kind) {
    if (kind != JSON_TOKEN_TEXT && kind != JSON_TOKEN_OBJECT) {
        fail_msg("%s is no text", path);
    }
}

static void alertmanager_gets_texts_and_nothing_else(void **state) {
    (void)state;
    for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
        struct alert alert = sample_alert(i);
        char *form = form_of(AM, &alert);
        (void)json_place_of(form, NULL, assert_text_or_object);
        free(form);
    }
}

static void the_alerts_of_alertmanager_are_one_array(void **state) {
    (void)state;
    struct alert_form_writer writer = { .form = ALERT_FORM_ALERTMANAGER };
    struct alert alert = sample_leak();
    struct buffer out;
    buffer_init(&out, TEXT_MAX);
    alert_form_end(&writer, &out);
    assert_int_equal(out.size, 4);
    assert_memory_equal(out.data, "[\n]\n", 4);
    buffer_reset(&out);
    for (int i = 0; i < 3; i++) {
        alert_form_put(&writer, &alert, &out);
        assert_int_equal(out.data[out.size - 1], '\n');
    }
    alert_form_end(&writer, &out);
    buffer_u8(&out, 0);
    assert_int_equal(json_place_of((const char *)out.data, "", NULL).members, 3);
    buffer_done(&out);
}

static void the_other_forms_are_an_object_a_line(void **state) {
    (void)state;
    for (unsigned form = ALERT_FORM_NATIVE; form < ALERT_FORM_COUNT; form++) {
        struct alert_form_writer writer = { .form = (enum alert_form)form };
        struct buffer out;
        buffer_init(&out, TEXT_MAX);
        for (unsigned i = 0; i < SAMPLE_COUNT && form != ALERT_FORM_ALERTMANAGER; i++) {
            struct alert alert = sample_alert(i);
            buffer_reset(&out);
            alert_form_put(&writer, &alert, &out);
            assert_ptr_equal(memchr(out.data, '\n', out.size), out.data + out.size - 1);
        }
        size_t size = out.size;
        alert_form_end(&writer, &out);
        assert_int_equal(out.size, form == ALERT_FORM_ALERTMANAGER ? 4 : size);
        buffer_done(&out);
    }
}

static void an_end_is_told_in_each_forms_way(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    form_none(AM, &alert, "endsAt");
    char *open = form_of(AM, &alert);
    alert.state = ALERT_CLOSED;
    alert.window_end_ms += 1800000;
    char *closed = form_of(AM, &alert);
    json_place_text(closed, "startsAt", "2026-11-24T10:30:00.000Z");
    json_place_text(closed, "endsAt", "2026-11-24T11:01:00.000Z");
    size_t labels_size = (size_t)(strstr(open, "annotations") - open);
    assert_memory_equal(open, closed, labels_size); /* so it ends the one that was opened */
    free(open);
    free(closed);
    form_text(OCSF, &alert, "activity_name", "Close");
    form_text(OCSF, &alert, "type_uid", "200403");
    form_text(OCSF, &alert, "status_id", "4");
    form_text(ECS, &alert, "event.action", "closed");
}

static void a_class_that_joins_an_episode_updates_the_finding(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    form_text(OCSF, &alert, "activity_id", "1");
    form_text(OCSF, &alert, "finding_info.uid", alert.id);
    alert.class_ = "exfil.dns";
    alert_identify(&alert);
    form_text(OCSF, &alert, "activity_id", "2");
    form_text(OCSF, &alert, "type_uid", "200402");
    form_text(OCSF, &alert, "finding_info.uid", alert.episode);
    form_text(OCSF, &alert, "metadata.uid", alert.id);
}

static void severities_are_each_systems_own(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *ocsf;
        const char *ecs;
    } want[] = { { "low", "2", "21" },
                 { "medium", "3", "47" },
                 { "high", "4", "73" },
                 { "critical", "5", "99" } };
    for (unsigned i = 0; i < 4; i++) {
        struct alert alert = sample_leak();
        alert.severity = (enum alert_severity)i;
        form_text(AM, &alert, "labels.severity", want[i].name);
        form_text(OCSF, &alert, "severity_id", want[i].ocsf);
        form_text(ECS, &alert, "event.severity", want[i].ecs);
    }
}

static void the_source_of_a_flow_is_who_sent_its_bytes(void **state) {
    (void)state;
    static const char *const ends[] = { "10.0.0.1", "198.51.100.7" };
    for (unsigned i = 0; i < 2; i++) {
        struct alert alert = sample_leak();
        alert.direction = i == 0 ? DIRECTION_OUT : DIRECTION_IN;
        form_text(ECS, &alert, "source.ip", ends[i]);
        form_text(ECS, &alert, "destination.ip", ends[1 - i]);
        form_text(ECS, &alert, "source.port", i == 0 ? "50000" : "443");
        form_text(ECS, &alert, "network.direction", i == 0 ? "egress" : "ingress");
        form_text(OCSF, &alert, "evidences.0.src_endpoint.ip", ends[i]);
        form_text(OCSF, &alert, "evidences.0.dst_endpoint.ip", ends[1 - i]);
        form_text(OCSF, &alert, "evidences.0.connection_info.direction_id", i == 0 ? "2" : "1");
    }
}

static void a_local_address_that_is_not_known_is_left_out(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    alert.evidence.keys[0].local = (struct address){ 0 };
    form_none(OCSF, &alert, "evidences.0.src_endpoint.ip");
    form_text(OCSF, &alert, "evidences.0.src_endpoint.name", "web-1");
    form_none(OCSF, &alert, "evidences.0.connection_info.community_uid");
    form_none(ECS, &alert, "source.ip");
    form_none(ECS, &alert, "network.community_id");
    form_none(ECS, &alert, "weir.community_ids");
}

static void a_rare_peer_is_told_and_observed(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    form_text(AM, &alert, "annotations.rare_peer",
              "192.0.2.7 port 8443: 5000000 bytes out, 10000 in, over 12 minutes");
    form_text(OCSF, &alert, "unmapped.evidence.rare_peer.address", "192.0.2.7");
    form_text(OCSF, &alert, "observables.1.value", "192.0.2.7");
    form_text(ECS, &alert, "weir.evidence.rare_peer.first", "2026-11-24T09:30:00.000Z");
    form_text(ECS, &alert, "related.ip.2", "192.0.2.7");
    alert.evidence.rare.group = 0;
    form_none(ECS, &alert, "weir.evidence.rare_peer");
    form_none(OCSF, &alert, "observables.1");
}

static void what_is_remembered_of_a_peer_stands_beside_it(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    form_text(AM, &alert, "annotations.peers", "198.51.100.7 (100000000 bytes, 443/tcp, rare)");
    form_text(OCSF, &alert, "unmapped.evidence.peers.0.port", "443");
    form_text(ECS, &alert, "weir.evidence.peers.0.first_seen", "2026-11-24T03:30:00.000Z");
    char *text = form_of(ECS, &alert);
    assert_non_null(strstr(text, "\"is_rare\":true"));
    free(text);
    alert.evidence.peers[0].has_port = alert.evidence.peers[0].has_first = false;
    alert.evidence.peers[0].has_fleet = false;
    form_text(AM, &alert, "annotations.peers", "198.51.100.7 (100000000 bytes)");
    form_none(ECS, &alert, "weir.evidence.peers.0.port");
    form_none(ECS, &alert, "weir.evidence.peers.0.first_seen");
    form_none(OCSF, &alert, "unmapped.evidence.peers.0.is_rare");
}

static void a_value_has_the_same_digits_in_every_form(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    alert.feature = FEATURE_HALF;
    alert.observed = 37.25;
    alert.record = 21.5;
    form_text(AM, &alert, "annotations.observed", "37.25");
    form_text(ECS, &alert, "weir.observed", "37.25");
    form_text(ECS, &alert, "weir.baseline.record", "21.5");
    form_text(OCSF, &alert, "anomaly_analyses.0.anomalies.0.observations.0.value", "37.25");
    form_text(OCSF, &alert, "anomaly_analyses.0.baselines.3.observations.0.value", "21.5");
    form_text(EVENTS, &alert, "data.observed", "37.25");
    form_text(ECS, &alert, "message",
              "Outbound traffic far above normal on web-1: half 37.25 conversations/min, "
              "1000000 expected");
}

static void what_has_no_baseline_has_a_limit_and_no_scores(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    alert.feature = FEATURE_LED_OUT;
    alert.expected = 0;
    alert.is_scored = false;
    form_text(ECS, &alert, "message",
              "Outbound traffic far above normal on web-1: led_out 100000000 bytes, "
              "limit 8000000");
    form_none(ECS, &alert, "weir.scores");
    form_none(AM, &alert, "annotations.over_record");
    form_none(ECS, &alert, "weir.baseline.record");
    form_none(OCSF, &alert, "anomaly_analyses.0.baselines.3");
    form_text(ECS, &alert, "weir.score", "5.644");
}

static void techniques_have_their_names_and_tactics(void **state) {
    (void)state;
    struct alert alert = sample_leak(); /* T1041, T1048.003 */
    form_text(OCSF, &alert, "finding_info.attacks.0.technique.uid", "T1041");
    form_none(OCSF, &alert, "finding_info.attacks.0.sub_technique");
    form_text(OCSF, &alert, "finding_info.attacks.1.technique.uid", "T1048");
    form_text(OCSF, &alert, "finding_info.attacks.1.sub_technique.uid", "T1048.003");
    form_text(OCSF, &alert, "finding_info.attacks.1.tactic.name", "Exfiltration");
    form_text(ECS, &alert, "threat.technique.id.1", "T1048");
    form_text(ECS, &alert, "threat.technique.subtechnique.id.0", "T1048.003");
    form_text(ECS, &alert, "threat.tactic.id.0", "TA0010");
    form_none(ECS, &alert, "threat.tactic.id.1"); /* once for both */
}

static void a_technique_that_the_table_lacks_keeps_its_id(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_UNKNOWN_ATTACK);
    form_text(OCSF, &alert, "finding_info.attacks.0.technique.uid", "T9999");
    form_text(OCSF, &alert, "finding_info.attacks.0.sub_technique.uid", "T9999.999");
    form_none(OCSF, &alert, "finding_info.attacks.0.tactic");
    form_text(ECS, &alert, "threat.technique.id.1", "T0000");
    form_none(ECS, &alert, "threat.technique.name");
}

static void what_is_not_known_is_left_out(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_NAMELESS);
    form_none(AM, &alert, "labels.node");
    form_none(AM, &alert, "annotations.instance");
    form_none(AM, &alert, "generatorURL");
    form_none(OCSF, &alert, "resources");
    form_none(EVENTS, &alert, "subject");
    form_text(EVENTS, &alert, "source", "/weir//detect");
    alert = sample_alert(SAMPLE_WITHOUT_EVIDENCE);
    form_none(AM, &alert, "annotations.bytes");
    form_none(OCSF, &alert, "evidences");
    form_none(OCSF, &alert, "observables");
    form_none(ECS, &alert, "source");
    form_none(ECS, &alert, "related.ip");
}

static void numbers_that_are_not_finite_are_left_out(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_NOT_FINITE);
    form_none(AM, &alert, "annotations.observed");
    form_none(OCSF, &alert, "confidence_score");
    form_text(OCSF, &alert, "confidence_id", "1");
    form_text(OCSF, &alert, "anomaly_analyses.0.anomalies.0.observations.0.value", "null");
    form_none(ECS, &alert, "weir.threshold");
}

static void counts_fit_a_signed_number_of_64_bits(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_LARGEST);
    const char *largest = "9223372036854775807";
    form_text(ECS, &alert, "weir.evidence.bytes", largest);
    form_text(ECS, &alert, "source.bytes", largest);
    form_text(ECS, &alert, "weir.evidence.keys.0.bytes", largest);
    form_text(OCSF, &alert, "evidences.0.data.bytes", largest);
}

static void times_have_years_from_1_to_9999(void **state) {
    (void)state;
    struct alert early = sample_alert(SAMPLE_BEFORE_TIME);
    form_text(ECS, &early, "@timestamp", "0001-01-01T00:00:00.000Z");
    struct alert alert = sample_alert(SAMPLE_AFTER_TIME);
    form_text(AM, &alert, "endsAt", "9999-12-31T23:59:59.999Z");
    form_text(ECS, &alert, "@timestamp", "9999-12-31T23:59:59.999Z");
}

static void an_event_of_cloudevents_holds_the_native_form(void **state) {
    (void)state;
    for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
        struct alert alert = sample_alert(i);
        char *event = form_of(EVENTS, &alert);
        char *native = form_of(ALERT_FORM_NATIVE, &alert);
        native[strlen(native) - 1] = '\0'; /* the line's end */
        assert_non_null(strstr(event, native));
        free(event);
        free(native);
    }
}

static void names_of_cloudevents_hold_what_its_texts_may(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    alert.node = bytes_text("a\nb\x7f\xc2\x85\xef\xbf\xbe\xef\xb7\x90\xf0\x9f\xbf\xbf\xffz");
    alert.cluster = bytes_text("a/b c%\xff");
    form_text(EVENTS, &alert, "subject",
              "a\xef\xbf\xbd"
              "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
    form_text(EVENTS, &alert, "source", "/weir/a%2Fb%20c%25%FF/detect");
}

static void an_incident_names_its_nodes_and_itself(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_INCIDENT);
    const char *itself = "fleet:peer:exfil.slow:0123456789abcdef";
    form_text(AM, &alert, "labels.incident", itself); /* two of a class are not one alert */
    form_none(AM, &alert, "labels.node");
    form_none(AM, &alert, "annotations.identity");
    form_text(OCSF, &alert, "resources.2.name", "web-1");
    form_text(OCSF, &alert, "anomaly_analyses.0.analysis_targets.63.name", "web-1");
    form_none(OCSF, &alert, "resources.64");
    form_text(OCSF, &alert, "unmapped.node_count", "1024");
    form_none(ECS, &alert, "host");
    form_text(ECS, &alert, "related.hosts.63", "web-1");
    form_text(ECS, &alert, "weir.incident", itself);
    form_text(EVENTS, &alert, "subject", itself);
    form_text(ECS, &alert, "message",
              "Outbound traffic far above normal on 1024 nodes: out_bytes 100000000 bytes/min, "
              "1000000 expected");
    alert = sample_alert(SAMPLE_INCIDENT_UNNAMED);
    form_none(OCSF, &alert, "resources");
    form_text(OCSF, &alert, "anomaly_analyses.0.analysis_targets.0.name", itself);
    form_none(ECS, &alert, "related.hosts");
}

static void a_link_stands_where_each_form_has_one(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    struct alert_link link;
    struct error err;
    assert_true(alert_link_parse(&link, bytes_text("https://example.net/d?n={node}"), &err));
    struct alert_form_writer writer = { .form = ALERT_FORM_ECS, .link = &link };
    struct buffer out;
    buffer_init(&out, TEXT_MAX);
    alert_form_put(&writer, &alert, &out);
    buffer_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "\"url\":\"https://example.net/d?n=web-1\""));
    buffer_done(&out);
}

static void a_fixed_limit_is_no_statistic(void **state) {
    (void)state;
    struct alert alert = sample_alert(SAMPLE_LIMIT);
    form_text(OCSF, &alert, "finding_info.analytic.type_id", "1");
    alert = sample_leak();
    form_text(OCSF, &alert, "finding_info.analytic.type_id", "3");
}

/* --- all of them --------------------------------------------------------------------------- */

static void every_sample_is_json_in_every_form(void **state) {
    (void)state;
    for (unsigned form = ALERT_FORM_NATIVE; form < ALERT_FORM_COUNT; form++) {
        for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
            struct alert alert = sample_alert(i);
            char *text = form_of((enum alert_form)form, &alert);
            (void)json_place_of(text, NULL, NULL);
            free(text);
        }
    }
}

static void a_buffer_that_is_too_small_latches_in_every_form(void **state) {
    (void)state;
    struct alert alert = sample_leak();
    for (unsigned form = ALERT_FORM_NATIVE; form < ALERT_FORM_COUNT; form++) {
        struct buffer out;
        struct alert_form_writer whole = { .form = (enum alert_form)form };
        buffer_init(&out, TEXT_MAX);
        alert_form_put(&whole, &alert, &out);
        size_t size = out.size;
        buffer_done(&out);
        for (size_t maximum = 0; maximum < size; maximum += 7) {
            struct alert_form_writer writer = { .form = (enum alert_form)form };
            buffer_init(&out, maximum);
            alert_form_put(&writer, &alert, &out);
            assert_true(out.failed);
            buffer_done(&out);
        }
    }
}

static void forms_have_names(void **state) {
    (void)state;
    assert_string_equal(alert_form_name(ALERT_FORM_NATIVE), "native");
    assert_string_equal(alert_form_name(ALERT_FORM_CLOUDEVENTS), "cloudevents");
    assert_string_equal(alert_form_name(ALERT_FORM_COUNT), "unknown");
}

static int print_samples(const char *name) {
    struct alert_form_writer writer = { .form = ALERT_FORM_NATIVE };
    struct alert_link link;
    struct error err;
    struct buffer out;
    while (writer.form < ALERT_FORM_COUNT && strcmp(alert_form_name(writer.form), name) != 0) {
        writer.form++;
    }
    if (writer.form == ALERT_FORM_COUNT ||
        !alert_link_parse(&link,
                          bytes_text("https://example.net/d/weir?node={node}&cluster={cluster}"
                                     "&from={from}&to={to}#{class}-{id}-{episode}"),
                          &err)) {
        return 2;
    }
    buffer_init(&out, TEXT_MAX);
    for (unsigned i = 0; i < SAMPLE_COUNT; i++) {
        struct alert alert = sample_alert(i);
        writer.link = i % 2 == 0 ? &link : NULL;
        alert_form_put(&writer, &alert, &out);
    }
    alert_form_end(&writer, &out);
    bool is_written = !out.failed && fwrite(out.data, 1, out.size, stdout) == out.size;
    buffer_done(&out);
    return is_written ? 0 : 1;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_native_form_has_a_place_in_ocsf_and_ecs),
        cmocka_unit_test(places_of_a_form_are_apart_and_their_names_are_short),
        cmocka_unit_test(the_page_of_formats_shows_every_row),
        cmocka_unit_test(every_class_has_a_title_of_its_own),
        cmocka_unit_test(alertmanager_tells_an_alert_by_its_labels),
        cmocka_unit_test(alertmanager_gets_texts_and_nothing_else),
        cmocka_unit_test(the_alerts_of_alertmanager_are_one_array),
        cmocka_unit_test(the_other_forms_are_an_object_a_line),
        cmocka_unit_test(an_end_is_told_in_each_forms_way),
        cmocka_unit_test(a_class_that_joins_an_episode_updates_the_finding),
        cmocka_unit_test(severities_are_each_systems_own),
        cmocka_unit_test(the_source_of_a_flow_is_who_sent_its_bytes),
        cmocka_unit_test(a_local_address_that_is_not_known_is_left_out),
        cmocka_unit_test(a_rare_peer_is_told_and_observed),
        cmocka_unit_test(what_is_remembered_of_a_peer_stands_beside_it),
        cmocka_unit_test(a_value_has_the_same_digits_in_every_form),
        cmocka_unit_test(what_has_no_baseline_has_a_limit_and_no_scores),
        cmocka_unit_test(techniques_have_their_names_and_tactics),
        cmocka_unit_test(a_technique_that_the_table_lacks_keeps_its_id),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(numbers_that_are_not_finite_are_left_out),
        cmocka_unit_test(counts_fit_a_signed_number_of_64_bits),
        cmocka_unit_test(times_have_years_from_1_to_9999),
        cmocka_unit_test(an_event_of_cloudevents_holds_the_native_form),
        cmocka_unit_test(names_of_cloudevents_hold_what_its_texts_may),
        cmocka_unit_test(an_incident_names_its_nodes_and_itself),
        cmocka_unit_test(a_link_stands_where_each_form_has_one),
        cmocka_unit_test(a_fixed_limit_is_no_statistic),
        cmocka_unit_test(every_sample_is_json_in_every_form),
        cmocka_unit_test(a_buffer_that_is_too_small_latches_in_every_form),
        cmocka_unit_test(forms_have_names),
    };
    if (argc > 1) {
        return print_samples(argv[1]);
    }
    return cmocka_run_group_tests_name("alert_form", tests, NULL, NULL);
}
