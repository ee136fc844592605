/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_param.h"

#include <xxhash.h>

/* The most that a floor may be: far above any traffic, and exact in a double. */
#define BYTES_MOST 1e15
#define COUNT_MOST 1e12

/* clang-format off */
#define ROW(id, ...) [RULE_PARAM_##id] = { __VA_ARGS__ }
#define MARGIN(id, name, value) \
    ROW(id##_MARGIN, name ".margin", "bits", value, 0, 30, "over the record of the hour")
/* A latch's charge is bounded by the windows of the longest one (rule.c). */
#define PERSISTENCE(id, name, value) \
    ROW(id##_PERSISTENCE, name ".persistence", "min", value, 1, 60, "that the condition must hold")
#define AGE(id, name) \
    ROW(id##_AGE_DAYS, name ".age_days", "days", 3, 0, 366, "that the node's history must span")
#define PPF_MOST(id, name) \
    ROW(id##_PPF_MOST, name ".ppf_most", "packets", 20, 0, COUNT_MOST, \
        "an unanswered conversation; more is a flood")
#define LIMIT(id, name, way) \
    PERSISTENCE(id, name, 1), \
    ROW(id##_BYTES_PER_S, name ".bytes_per_s", "bytes/s", 0, 0, BYTES_MOST, way "; 0: no limit"), \
    ROW(id##_PACKETS_PER_S, name ".packets_per_s", "packets/s", 0, 0, COUNT_MOST, \
        way "; 0: no limit"), \
    ROW(id##_FLOWS_PER_S, name ".flows_per_s", "flows/s", 0, 0, COUNT_MOST, way "; 0: no limit")

const struct rule_param_row rule_param_rows[RULE_PARAM_COUNT] = {
    MARGIN(EXFIL, "exfil", 2),
    PERSISTENCE(EXFIL, "exfil", 3),
    ROW(EXFIL_FLOOR, "exfil.floor", "bytes/min", 5e6, 0, BYTES_MOST,
        "out, where the node began the conversation"),
    ROW(EXFIL_Z, "exfil.z", "deviations", 5, 0, 1e6, "over the expected, or else exfil.record"),
    ROW(EXFIL_RECORD, "exfil.record", "bits", 1, 0, 30, "over any record, or else exfil.z"),
    ROW(EXFIL_SMTP_MOST, "exfil.smtp_most", "peers/min", 4, 0, COUNT_MOST,
        "of mail; more is the rule spam's"),

    MARGIN(SERVE, "serve", 5),
    PERSISTENCE(SERVE, "serve", 20),
    ROW(SERVE_FLOOR, "serve.floor", "bytes/min", 5e6, 0, BYTES_MOST,
        "out, where the peer began the conversation"),
    ROW(SERVE_Z, "serve.z", "deviations", 5, 0, 1e6, "over the expected"),

    PERSISTENCE(LED_EXFIL, "led_exfil", 1),
    ROW(LED_EXFIL_RATIO, "led_exfil.ratio", "times", 2, 0, 1e6,
        "the bytes that came back from the rare peer"),
    ROW(LED_EXFIL_SLOW_HOURS, "led_exfil.slow_hours", "hours", 2, 0, 768,
        "after which the class is exfil.slow"),

    PERSISTENCE(LED_RATE, "led_rate", 2),
    PERSISTENCE(LED_LONG, "led_long", 1),

    PERSISTENCE(LED_PERSIST, "led_persist", 1),
    ROW(LED_PERSIST_MOST, "led_persist.most", "bytes", 20e6, 0, BYTES_MOST,
        "out to the rare peer; more is the rule led_exfil's"),

    MARGIN(DNS_TUNNEL, "dns_tunnel", 1.5),
    PERSISTENCE(DNS_TUNNEL, "dns_tunnel", 6),
    ROW(DNS_TUNNEL_FLOOR, "dns_tunnel.floor", "bytes/min", 2e3, 0, BYTES_MOST,
        "out in long DNS packets"),
    ROW(DNS_TUNNEL_Z, "dns_tunnel.z", "deviations", 5, 0, 1e6, "over the expected"),

    MARGIN(DNS_SLOW, "dns_slow", 1.5),
    PERSISTENCE(DNS_SLOW, "dns_slow", 10),
    ROW(DNS_SLOW_FLOOR, "dns_slow.floor", "bytes", 30e3, 0, BYTES_MOST,
        "out in long DNS packets, summed over the last hour"),

    MARGIN(SYN_FLOOD, "syn_flood", 2.5),
    PERSISTENCE(SYN_FLOOD, "syn_flood", 2),
    ROW(SYN_FLOOD_FLOOR, "syn_flood.floor", "conversations/min", 1500, 0, COUNT_MOST,
        "that a peer began and that stayed half open"),
    ROW(SYN_FLOOD_SHARE, "syn_flood.share", "share", 0.5, 0, 1, "of all that peers began"),

    MARGIN(FLOOD_IN, "flood_in", 2.5),
    PERSISTENCE(FLOOD_IN, "flood_in", 2),
    ROW(FLOOD_IN_FLOOR, "flood_in.floor", "bytes/min", 5e6, 0, BYTES_MOST,
        "in, of conversations that were not answered"),
    ROW(FLOOD_IN_AMP_SHARE, "flood_in.amp_share", "share", 0.5, 0, 1,
        "from amplifiers, above which the class is dos.amplification"),

    MARGIN(REQ_FLOOD, "req_flood", 1.3),
    PERSISTENCE(REQ_FLOOD, "req_flood", 5),
    ROW(REQ_FLOOD_FLOOR, "req_flood.floor", "conversations/min", 60, 0, COUNT_MOST,
        "that external peers began"),
    ROW(REQ_FLOOD_Z, "req_flood.z", "deviations", 5, 0, 1e6, "over the expected"),
    ROW(REQ_FLOOD_FLEET_Z, "req_flood.fleet_z", "deviations", 4, 0, 1e6,
        "from which a node counts as surged with the fleet"),
    ROW(REQ_FLOOD_FLEET_FLOOR, "req_flood.fleet_floor", "conversations/min", 20, 0, COUNT_MOST,
        "from which a node counts as surged with the fleet"),
    ROW(REQ_FLOOD_FLEET_NODES, "req_flood.fleet_nodes", "nodes", 3, 1, COUNT_MOST,
        "surged at least, for a surge of the fleet"),
    ROW(REQ_FLOOD_FLEET_SHARE, "req_flood.fleet_share", "share", 0.1, 0, 1,
        "of the nodes surged at least, for a surge of the fleet"),

    MARGIN(SCAN, "scan", 1.5),
    PERSISTENCE(SCAN, "scan", 3),
    ROW(SCAN_FLOOR, "scan.floor", "peers/min", 0, 0, COUNT_MOST, "new and failed"),
    ROW(SCAN_NEWPEERS, "scan.newpeers", "peers/min", 10, 0, COUNT_MOST, "new"),
    ROW(SCAN_FAIL_SHARE, "scan.fail_share", "share", 0.4, 0, 1, "of new peers that failed"),
    PPF_MOST(SCAN, "scan"),
    ROW(SCAN_STRONG_NEWFAIL, "scan.strong_newfail", "peers/min", 30, 0, COUNT_MOST,
        "new and failed, from which a minute counts scan.strong_weight times"),
    ROW(SCAN_STRONG_BITS, "scan.strong_bits", "bits", 2, 0, 30,
        "over the record of the hour, asked beside scan.strong_newfail"),
    ROW(SCAN_STRONG_WEIGHT, "scan.strong_weight", "times", 3, 1, 60, "that a strong minute counts"),

    MARGIN(SCAN_SLOW, "scan_slow", 1.5),
    PERSISTENCE(SCAN_SLOW, "scan_slow", 10),
    ROW(SCAN_SLOW_FLOOR, "scan_slow.floor", "peers", 60, 0, COUNT_MOST,
        "new and failed, summed over the last hour"),
    PPF_MOST(SCAN_SLOW, "scan_slow"),

    MARGIN(PORT_SCAN, "port_scan", 1.5),
    PERSISTENCE(PORT_SCAN, "port_scan", 2),
    ROW(PORT_SCAN_FLOOR, "port_scan.floor", "ports/min", 30, 0, COUNT_MOST, "that were tried"),
    ROW(PORT_SCAN_FAIL_SHARE, "port_scan.fail_share", "share", 0.6, 0, 1,
        "of the conversations begun that failed or were refused"),
    PPF_MOST(PORT_SCAN, "port_scan"),
    ROW(PORT_SCAN_STRONG_PORTS, "port_scan.strong_ports", "ports/min", 90, 0, COUNT_MOST,
        "from which a minute counts port_scan.strong_weight times"),
    ROW(PORT_SCAN_STRONG_WEIGHT, "port_scan.strong_weight", "times", 2, 1, 60,
        "that a strong minute counts"),

    MARGIN(BRUTE, "brute", 2),
    PERSISTENCE(BRUTE, "brute", 5),
    ROW(BRUTE_FLOOR, "brute.floor", "conversations/min", 15, 0, COUNT_MOST,
        "begun to ports of remote administration"),

    MARGIN(SPAM, "spam", 2),
    PERSISTENCE(SPAM, "spam", 3),
    ROW(SPAM_RECORD, "spam.record", "bits", 1, 0, 30, "over any record"),
    ROW(SPAM_MAILER, "spam.mailer", "bits", 2, 0, 30,
        "of the node's record of mail peers, from which on it is a mailer"),
    ROW(SPAM_MAILER_RECORD, "spam.mailer_record", "bits", 6, 0, 30,
        "over any record, of a mailer whose mail is taken"),
    ROW(SPAM_FAIL_SHARE, "spam.fail_share", "share", 0.3, 0, 1,
        "of its peers that do not take a mailer's mail, above which it is as others"),
    ROW(SPAM_SMTP, "spam.smtp", "peers/min", 4, 0, COUNT_MOST, "of mail, or else spam.smtp_new"),
    ROW(SPAM_SMTP_NEW, "spam.smtp_new", "peers/min", 8, 0, COUNT_MOST,
        "of mail and new, or else spam.smtp"),

    MARGIN(FLOOD_OUT, "flood_out", 2.5),
    PERSISTENCE(FLOOD_OUT, "flood_out", 2),
    ROW(FLOOD_OUT_FLOOR, "flood_out.floor", "packets/min", 6000, 0, COUNT_MOST,
        "out, unanswered, where the node began the conversation"),
    ROW(FLOOD_OUT_PPF_LEAST, "flood_out.ppf_least", "packets", 20, 0, COUNT_MOST,
        "an unanswered conversation; fewer is a scan"),

    ROW(RAMP_MARGIN, "ramp.margin", "bits", 2, 0, 30, "of the level over that of two weeks"),
    PERSISTENCE(RAMP, "ramp", 60),
    AGE(RAMP, "ramp"),

    PERSISTENCE(CRIT_SCAN, "crit_scan", 3),
    ROW(CRIT_SCAN_NEWPEERS, "crit_scan.newpeers", "peers/min", 80, 0, COUNT_MOST, "new"),
    ROW(CRIT_SCAN_FAIL_SHARE, "crit_scan.fail_share", "share", 0.6, 0, 1,
        "of new peers that failed"),
    ROW(CRIT_SCAN_RECORD, "crit_scan.record", "bits", 2, 0, 30,
        "over any record, where the node has one"),
    PPF_MOST(CRIT_SCAN, "crit_scan"),

    PERSISTENCE(CRIT_SPAM, "crit_spam", 5),
    ROW(CRIT_SPAM_SMTP, "crit_spam.smtp", "peers/min", 25, 0, COUNT_MOST, "of mail"),
    ROW(CRIT_SPAM_RECORD_MOST, "crit_spam.record_most", "bits", 1.2, 0, 60,
        "that the record of mail peers of the node and its role may be"),
    ROW(CRIT_SPAM_OVER_RECORD, "crit_spam.over_record", "bits", 3, 0, 30, "over any record"),
    ROW(CRIT_SPAM_FAIL_SHARE, "crit_spam.fail_share", "share", 0.15, 0, 1,
        "of its peers that do not take the mail"),

    PERSISTENCE(CRIT_DNS, "crit_dns", 6),
    ROW(CRIT_DNS_OVER_RECORD, "crit_dns.over_record", "bits", 4, 0, 30, "over any record"),
    ROW(CRIT_DNS_FLOOR, "crit_dns.floor", "bytes/min", 30e3, 0, BYTES_MOST,
        "out in long DNS packets"),
    AGE(CRIT_DNS, "crit_dns"),

    PERSISTENCE(CRIT_EXFIL, "crit_exfil", 3),
    ROW(CRIT_EXFIL_BITS, "crit_exfil.bits", "bits", 2, 0, 30, "over the threshold of led_exfil"),
    ROW(CRIT_EXFIL_FLOOR, "crit_exfil.floor", "bytes", 100e6, 0, BYTES_MOST,
        "out to the rare peer"),
    AGE(CRIT_EXFIL, "crit_exfil"),

    LIMIT(LIMIT_IN, "limit_in", "in"),
    LIMIT(LIMIT_OUT, "limit_out", "out"),

    ROW(VOLUME_FOLD, "volume.fold", "times", 4, 1, 1e6,
        "the expected, at least, for the rules exfil, serve and flood_in"),
    ROW(SECOND_CLASS_HOURS, "second_class.hours", "hours", 24, 0, 768,
        "within which another class of the same node corroborates"),
    ROW(LEDGER_BYTES_B0, "ledger.bytes_b0", "bytes", 1e6, 1, BYTES_MOST,
        "out to one rare peer, above which a day counts"),
    ROW(LEDGER_BYTES_A0, "ledger.bytes_a0", "exponent", 1.2, 0.01, 100,
        "of the tail of those days, before any is known"),
    ROW(LEDGER_BYTES_ALPHA, "ledger.bytes_alpha", "alerts/day", 0.001, 1e-9, 1,
        "that a node may give in vain by led_exfil"),
    ROW(LEDGER_BYTES_FLOOR, "ledger.bytes_floor", "bytes", 5e6, 0, BYTES_MOST,
        "that the threshold of led_exfil never goes below"),
    ROW(LEDGER_RATE_B0, "ledger.rate_b0", "bytes/min", 1e6, 1, BYTES_MOST,
        "out to one rare peer, above which a day counts"),
    ROW(LEDGER_RATE_A0, "ledger.rate_a0", "exponent", 1.8, 0.01, 100,
        "of the tail of those days, before any is known"),
    ROW(LEDGER_RATE_ALPHA, "ledger.rate_alpha", "alerts/day", 0.0005, 1e-9, 1,
        "that a node may give in vain by led_rate"),
    ROW(LEDGER_RATE_FLOOR, "ledger.rate_floor", "bytes/min", 5e6, 0, BYTES_MOST,
        "that the threshold of led_rate never goes below"),
    ROW(LEDGER_LONG_B0, "ledger.long_b0", "bytes", 1e6, 1, BYTES_MOST,
        "out to one rare peer that is met for long, above which a day counts"),
    ROW(LEDGER_LONG_A0, "ledger.long_a0", "exponent", 1.2, 0.01, 100,
        "of the tail of those days, before any is known"),
    ROW(LEDGER_LONG_ALPHA, "ledger.long_alpha", "alerts/day", 0.001, 1e-9, 1,
        "that a node may give in vain by led_long"),
    ROW(LEDGER_LONG_FLOOR, "ledger.long_floor", "bytes", 5e6, 0, BYTES_MOST,
        "that the threshold of led_long never goes below"),
    ROW(LEDGER_LONG_MINUTES, "ledger.long_minutes", "min", 10, 1, 46080,
        "in which a rare peer is met, from which on that is long"),
    ROW(LEDGER_MINUTES_B0, "ledger.minutes_b0", "min", 30, 1, 46080,
        "active with one rare peer, above which a day counts"),
    ROW(LEDGER_MINUTES_A0, "ledger.minutes_a0", "exponent", 1.2, 0.01, 100,
        "of the tail of those days, before any is known"),
    ROW(LEDGER_MINUTES_ALPHA, "ledger.minutes_alpha", "alerts/day", 0.002, 1e-9, 1,
        "that a node may give in vain by led_persist"),
    ROW(LEDGER_MINUTES_FLOOR, "ledger.minutes_floor", "min", 60, 0, 46080,
        "that the threshold of led_persist never goes below"),
};
/* clang-format on */

void rule_params_init(struct rule_params *params) {
    *params = (struct rule_params){ 0 };
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        params->values[i] = rule_param_rows[i].initial;
    }
}

enum rule_param rule_param_find(struct bytes name) {
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        if (bytes_equal(name, bytes_text(rule_param_rows[i].name))) {
            return (enum rule_param)i;
        }
    }
    return RULE_PARAM_COUNT;
}

bool rule_param_check(enum rule_param param, double value, struct error *err) {
    const struct rule_param_row *row = &rule_param_rows[param];
    /* Written so that a NaN fails. */
    if (!(value >= row->minimum && value <= row->maximum)) {
        return error_set(err, ERROR_ARGUMENT, "%s: %.15g, must be %.15g to %.15g %s", row->name,
                         value, row->minimum, row->maximum, row->unit);
    }
    return true;
}

bool rule_params_check(const struct rule_params *params, struct error *err) {
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        if (!rule_param_check((enum rule_param)i, params->values[i], err)) {
            return false;
        }
    }
    return true;
}

uint64_t rule_params_hash(const struct rule_params *params) {
    uint8_t fields[8 * (RULE_PARAM_COUNT + 1)];
    for (size_t i = 0; i < RULE_PARAM_COUNT; i++) {
        uint64_t bits;
        memcpy(&bits, &params->values[i], sizeof bits);
        put_u64(fields + 8 * i, bits);
    }
    put_u64(fields + sizeof fields - 8, params->rules_off);
    return XXH3_64bits(fields, sizeof fields);
}
