/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_ALERT_SAMPLES_H
#define WEIR_TESTS_ALERT_SAMPLES_H

#include "base/time.h"
#include "detect/alert.h"
#include "flow/batch.h"

#include <math.h>

/* Alerts for tests of their forms: every class, state, severity and advice, and what nobody expects
 * in a name or a number. `unit` tests look at single ones; tests/cli/alert_forms.sh has all of them
 * checked against what other systems publish of their forms. */

#define SAMPLE_START INT64_C(1795516200000) /* 2026-11-24T10:30:00Z */

static const char *const sample_classes[] = {
    "dos.volume", "dos.syn_flood", "dos.amplification",
    "dos.source", "exfil.volume",  "exfil.slow",
    "exfil.dns",  "spam",          "scan",
    "beacon",     "drift",         "new.class_x",
};
#define SAMPLE_CLASSES (sizeof sample_classes / sizeof *sample_classes)

enum sample_oddity {
    SAMPLE_HOSTILE = SAMPLE_CLASSES, /* behind one alert a class */
    SAMPLE_NAMELESS,
    SAMPLE_WITHOUT_EVIDENCE,
    SAMPLE_LARGEST,
    SAMPLE_NOT_FINITE,
    SAMPLE_BEFORE_TIME,
    SAMPLE_AFTER_TIME,
    SAMPLE_ADDRESSES,
    SAMPLE_UNKNOWN_ATTACK,
    SAMPLE_WITHOUT_ATTACK,
    SAMPLE_LIMIT,
    SAMPLE_INCIDENT,
    SAMPLE_INCIDENT_CLOSED,
    SAMPLE_INCIDENT_UNNAMED,
    SAMPLE_LONG,
    SAMPLE_COUNT,
};

static inline struct alert sample_leak(void) {
    struct alert alert = {
        .lineage = "0123456789abcdef",
        .state = ALERT_OPEN,
        .severity = SEVERITY_HIGH,
        .advice = ADVICE_NOTIFY,
        .class_ = "exfil.volume",
        .rule = "exfil",
        .attack = { "T1041", "T1048.003" },
        .direction = DIRECTION_OUT,
        .feature = FEATURE_OUT_BYTES,
        .window_start_ms = SAMPLE_START,
        .window_end_ms = SAMPLE_START + 60000,
        .episode_start_ms = SAMPLE_START,
        .cluster = bytes_text("default"),
        .node = bytes_text("web-1"),
        .identity = bytes_text("i-0abc"),
        .role = bytes_text("web"),
        .interface = bytes_text("eni-1"),
        .observed = 1e8,
        .peak = 2e8,
        .has_peak = true,
        .expected = 1e6,
        .low = 7e5 + 0.4,
        .high = 2e6 + 0.5,
        .is_scored = true,
        .record = 3e6,
        .over_record = 5.0589,
        .deviations = 26.5,
        .threshold = 8e6,
        .score = 5.64385,
        .confidence = 0.9868,
        .baseline_age_ms = 172800000,
        .baseline_samples = 2880,
        .windows_over = 7,
        .parameters = UINT64_C(0x00fedcba98765432),
        .is_warm = true,
    };
    const struct evidence_sum sum = { 100000000, 70000, 3 };
    const struct address own = address_from_ipv4(0x0a000001);
    const struct address peer = address_from_ipv4(0xc6336407);
    alert.evidence.total = sum;
    alert.evidence.peer_count = 1;
    alert.evidence.peer_rows = 1;
    alert.evidence.peers[0] = (struct evidence_peer){ .address = peer,
                                                      .sum = sum,
                                                      .first_ms = SAMPLE_START - 7 * 3600000,
                                                      .port = 443,
                                                      .protocol = 6,
                                                      .has_port = true,
                                                      .has_first = true,
                                                      .has_fleet = true,
                                                      .is_rare = true };
    alert.evidence.port_rows = 1;
    alert.evidence.ports[0] = (struct evidence_port){ 443, 6, sum };
    alert.evidence.protocol_rows = 1;
    alert.evidence.protocols[0] = (struct evidence_protocol){ 6, sum };
    alert.evidence.own_count = 1;
    alert.evidence.own[0] = own;
    alert.evidence.key_rows = 1;
    alert.evidence.keys[0] = (struct evidence_key){ own, peer, 50000, 443, 6, sum };
    alert.evidence.rare = (struct evidence_rare){ .group = 7,
                                                  .peer = address_from_ipv4(0xc0000207),
                                                  .bytes_out = 5000000,
                                                  .bytes_in = 10000,
                                                  .first_ms = SAMPLE_START - 3600000,
                                                  .minutes = 12,
                                                  .gap_s = 300,
                                                  .port = 8443 };
    alert_identify(&alert);
    memcpy(alert.episode, alert.id, sizeof alert.episode);
    return alert;
}

static inline void sample_fill_addresses(struct evidence *evidence) {
    static const uint8_t protocols[] = { 1, 58, 17, 0, 255 };
    const struct address six = { UINT64_C(0x20010db800000000), 1 };
    const struct address mapped = { 0, 1 }; /* ::1 */
    const struct evidence_sum sum = { 1, 1, 1 };
    for (uint32_t i = 0; i < EVIDENCE_KEYS; i++) {
        struct address peer = i % 2 == 0 ? six : mapped;
        struct address local = i == 3 ? (struct address){ 0 } : six;
        evidence->keys[i] = (struct evidence_key){ local, peer, 0, 65535, protocols[i], sum };
        evidence->peers[i] = (struct evidence_peer){ .address = peer, .sum = sum };
        evidence->ports[i] = (struct evidence_port){ 65535, protocols[i], sum };
        evidence->protocols[i] = (struct evidence_protocol){ protocols[i], sum };
    }
    for (uint32_t i = 0; i < EVIDENCE_OWN_MAX; i++) {
        evidence->own[i] = (struct address){ UINT64_C(0xfe80000000000000), i + 1 };
    }
    evidence->key_rows = EVIDENCE_KEYS;
    evidence->peer_rows = EVIDENCE_TOP;
    evidence->port_rows = EVIDENCE_TOP;
    evidence->protocol_rows = EVIDENCE_TOP;
    evidence->own_count = EVIDENCE_OWN_MAX;
    evidence->is_cut = true;
}

static inline void sample_set_largest(struct alert *alert) {
    const struct evidence_sum sum = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
    alert->evidence.total = sum;
    alert->evidence.peer_count = UINT64_MAX;
    alert->evidence.peers[0].sum = sum;
    alert->evidence.peers[0].first_ms = INT64_MIN;
    alert->windows_over = UINT32_MAX;
    alert->evidence.ports[0].sum = sum;
    alert->evidence.protocols[0].sum = sum;
    alert->evidence.keys[0].sum = sum;
    alert->evidence.rare.bytes_out = alert->evidence.rare.bytes_in = UINT64_MAX;
    alert->evidence.rare.minutes = UINT32_MAX;
    alert->evidence.rare.first_ms = INT64_MIN;
    alert->evidence.rare.gap_s = INFINITY;
    alert->baseline_samples = UINT64_MAX;
    alert->baseline_age_ms = INT64_MAX;
    alert->observed = 1e300;
    alert->expected = 1e-300;
    alert->confidence = 1;
    alert->quality = UINT32_MAX;
}

static inline void sample_make_incident(struct alert *alert) {
    static struct bytes nodes[ALERT_NODES_MAX];
    for (uint32_t i = 0; i < ALERT_NODES_MAX; i++) {
        nodes[i] = bytes_text(i == 0 ? "a\"\n\xff" : i == 1 ? "" : "web-1");
    }
    alert->node = alert->role = alert->interface = bytes_text("");
    alert->identity = bytes_text("fleet:peer:exfil.slow:0123456789abcdef");
    alert->nodes = nodes;
    alert->node_rows = ALERT_NODES_MAX;
    alert->node_count = 1024;
    alert->rare_group = UINT64_C(0x0123456789abcdef);
    alert->has_peak = alert->is_scored = false;
    alert->windows_over = 0;
    alert->parameters = 0;
    alert->evidence.own_count = 0;
}

static inline void sample_make_odd(struct alert *alert, unsigned oddity) {
    static uint8_t name[100000];
    const struct bytes hostile =
        bytes_text("a'b\"c\\d\n\x1b[31m</script>{{x}}$(y)\xff\xc2\x85"
                   "\xef\xbf\xbe\xf0\x9f\xbf\xbf\xed\xa0\x80 \xf0\x9f\x92\xa7");
    switch (oddity) {
    case SAMPLE_HOSTILE:
        alert->cluster = alert->node = alert->identity = hostile;
        alert->role = alert->interface = hostile;
        break;
    case SAMPLE_NAMELESS:
        alert->cluster = alert->node = alert->identity = bytes_text("");
        alert->role = alert->interface = (struct bytes){ 0 };
        break;
    case SAMPLE_WITHOUT_EVIDENCE: alert->evidence = (struct evidence){ 0 }; break;
    case SAMPLE_LARGEST: sample_set_largest(alert); break;
    case SAMPLE_NOT_FINITE:
        alert->observed = alert->low = alert->score = alert->peak = (double)NAN;
        alert->record = alert->over_record = alert->deviations = (double)INFINITY;
        alert->expected = alert->high = alert->threshold = (double)INFINITY;
        alert->confidence = (double)NAN;
        break;
    case SAMPLE_BEFORE_TIME:
        alert->episode_start_ms = alert->window_start_ms = TIME_MIN_MS - 60000;
        alert->window_end_ms = TIME_MIN_MS;
        alert->direction = DIRECTION_UNKNOWN;
        break;
    case SAMPLE_AFTER_TIME:
        alert->window_start_ms = TIME_MAX_MS - 59999;
        alert->window_end_ms = TIME_MAX_MS + 1;
        alert->state = ALERT_CLOSED;
        break;
    case SAMPLE_ADDRESSES: sample_fill_addresses(&alert->evidence); break;
    case SAMPLE_UNKNOWN_ATTACK:
        alert->attack[0] = "T9999.999";
        alert->attack[1] = "T0000";
        break;
    case SAMPLE_WITHOUT_ATTACK: alert->attack[0] = alert->attack[1] = NULL; break;
    case SAMPLE_LIMIT: alert->rule = "limit_out"; break;
    case SAMPLE_INCIDENT: sample_make_incident(alert); break;
    case SAMPLE_INCIDENT_CLOSED:
        sample_make_incident(alert);
        alert->state = ALERT_CLOSED;
        alert->window_end_ms += 1800000;
        alert->evidence = (struct evidence){ 0 };
        break;
    case SAMPLE_INCIDENT_UNNAMED:
        sample_make_incident(alert);
        alert->node_rows = 0;
        break;
    case SAMPLE_LONG:
        memset(name, 'n', sizeof name);
        alert->node = bytes_of(name, sizeof name);
        break;
    default: break;
    }
}

/* The sample of that number, below SAMPLE_COUNT. */
static inline struct alert sample_alert(unsigned number) {
    static const char *const attacks[][2] = { { "T1498.001", "T1498.002" },
                                              { "T1041", NULL },
                                              { "T1046", "T1595.001" },
                                              { "T1048", "T1048.003" } };
    struct alert alert = sample_leak();
    if (number < SAMPLE_CLASSES) {
        alert.class_ = sample_classes[number];
        alert.state = (enum alert_state)(number % 3);
        alert.severity = (enum alert_severity)(number % 4);
        alert.advice = (enum alert_advice)(number % 4);
        alert.direction = number % 2 == 0 ? DIRECTION_IN : DIRECTION_OUT;
        alert.feature = (enum feature)(number % FEATURE_COUNT);
        alert.attack[0] = attacks[number % 4][0];
        alert.attack[1] = attacks[number % 4][1];
        alert.is_warm = number % 5 != 0;
        alert.quality = number % 8 * METRIC_SKIPPED;
        alert.confidence = number / 11.0;
        if (alert.state == ALERT_CLOSED) {
            alert.evidence = (struct evidence){ 0 };
            alert.window_end_ms += 1800000;
            alert.window_start_ms += 1800000;
        }
    } else {
        alert.episode_start_ms -= 60000 * (int64_t)number; /* so that no two have the same id */
        sample_make_odd(&alert, number);
    }
    alert_identify(&alert);
    if (alert.state == ALERT_OPEN && number % 6 != 3) {
        memcpy(alert.episode, alert.id, sizeof alert.episode); /* the first of its episode */
    }
    return alert;
}

#endif
