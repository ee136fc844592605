/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule.h"

#include "detect/rule_conditions.h"

#include <math.h>
#include <xxhash.h>

const char *attack_class_name(enum attack_class class_) {
    static const char *const names[CLASS_COUNT] = {
        [CLASS_DOS_VOLUME] = "dos.volume",
        [CLASS_DOS_SYN_FLOOD] = "dos.syn_flood",
        [CLASS_DOS_AMPLIFICATION] = "dos.amplification",
        [CLASS_DOS_SOURCE] = "dos.source",
        [CLASS_EXFIL_VOLUME] = "exfil.volume",
        [CLASS_EXFIL_SLOW] = "exfil.slow",
        [CLASS_EXFIL_DNS] = "exfil.dns",
        [CLASS_SPAM] = "spam",
        [CLASS_SCAN] = "scan",
        [CLASS_BEACON] = "beacon",
        [CLASS_DRIFT] = "drift",
    };
    return (unsigned)class_ < CLASS_COUNT ? names[class_] : "unknown";
}

/* --- the table ------------------------------------------------------------------------------ */

#define BIT(name) (UINT64_C(1) << FEATURE_##name)
/* What a rule is about, and asks first. */
#define ABOUT(name_, feature_)                                                                     \
    .name = (name_), .feature = FEATURE_##feature_, .screen = FEATURE_##feature_
#define ASKED(floor_, margin_, z_, record_)                                                        \
    .floor = RULE_PARAM_##floor_, .margin = RULE_PARAM_##margin_, .z = RULE_PARAM_##z_,            \
    .record = RULE_PARAM_##record_
#define RULE_PARAM_NONE_ RULE_PARAM_COUNT
#define ASKS(what) RULE_PARAM_##what

/* Inbound rules never advise more than a notice: wiping a node does not stop what others send. */
/* clang-format off */
const struct rule_row rule_rows[RULE_COUNT] = {
    [RULE_FLOOD_OUT] = {
        ABOUT("flood_out", UNREP),
        .class_ = CLASS_DOS_SOURCE, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1498", "T1499" }, .is_fast = true,
        ASKED(FLOOD_OUT_FLOOR, FLOOD_OUT_MARGIN, NONE_, NONE_),
        .persistence = ASKS(FLOOD_OUT_PERSISTENCE),
        .holds = condition_flood_out, .needs = BIT(PPF),
        .help = "the node sends floods of packets that nobody answers" },
    [RULE_CRIT_SPAM] = {
        ABOUT("crit_spam", SMTP),
        .class_ = CLASS_SPAM, .severity = SEVERITY_CRITICAL, .advice = ADVICE_RECYCLE,
        .attack = { "T1071.003", "T1586" }, .never_learned = true,
        ASKED(CRIT_SPAM_SMTP, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_SPAM_PERSISTENCE),
        .holds = condition_crit_spam,
        .help = "a node that hardly sent mail hands it to many peers" },
    [RULE_SPAM] = {
        ABOUT("spam", SMTP),
        .class_ = CLASS_SPAM, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1071.003", "T1586" },
        /* New peers of mail are peers of mail: no fewer of these can be seen. */
        ASKED(SPAM_SMTP, NONE_, NONE_, NONE_),
        .has_other_floor = true, .other_floor = ASKS(SPAM_SMTP_NEW),
        .persistence = ASKS(SPAM_PERSISTENCE), .holds = condition_spam, .about = condition_spam_about,
        .help = "the node hands mail to far more peers than it ever did" },
    [RULE_CRIT_SCAN] = {
        .name = "crit_scan", .feature = FEATURE_NEWFAIL, .screen = FEATURE_NEWPEERS,
        .class_ = CLASS_SCAN, .severity = SEVERITY_CRITICAL, .advice = ADVICE_RECYCLE,
        .attack = { "T1046", "T1595" }, .never_learned = true,
        ASKED(CRIT_SCAN_NEWPEERS, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_SCAN_PERSISTENCE),
        .holds = condition_crit_scan, .needs = BIT(PPF),
        .help = "the node calls very many strangers, most of them in vain" },
    [RULE_SCAN] = {
        ABOUT("scan", NEWFAIL),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1046", "T1595" }, .is_fast = true,
        ASKED(SCAN_FLOOR, SCAN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(SCAN_PERSISTENCE), .holds = condition_scan, .weight = condition_scan_weight,
        .needs = BIT(NEWPEERS) | BIT(PPF),
        .help = "the node calls strangers, many of them in vain" },
    [RULE_PORT_SCAN] = {
        ABOUT("port_scan", PORTS),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1046", "T1595" }, .is_fast = true,
        ASKED(PORT_SCAN_FLOOR, PORT_SCAN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(PORT_SCAN_PERSISTENCE), .holds = condition_port_scan,
        .weight = condition_port_scan_weight, .needs = BIT(OUT_FAIL) | BIT(REFUSED) | BIT(PPF),
        .help = "the node calls many different ports, most of them in vain" },
    [RULE_BRUTE] = {
        ABOUT("brute", ADM),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1110", "T1021" },
        ASKED(BRUTE_FLOOR, BRUTE_MARGIN, NONE_, NONE_),
        .persistence = ASKS(BRUTE_PERSISTENCE),
        .help = "the node opens one remote administration session after the other" },
    [RULE_SCAN_SLOW] = {
        ABOUT("scan_slow", NEWFAIL_H),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1046", "T1595" },
        ASKED(SCAN_SLOW_FLOOR, SCAN_SLOW_MARGIN, NONE_, NONE_),
        .persistence = ASKS(SCAN_SLOW_PERSISTENCE), .holds = condition_scan_slow, .needs = BIT(PPF),
        .help = "over an hour the node called many strangers in vain" },
    [RULE_CRIT_DNS] = {
        ABOUT("crit_dns", DNS_LONG),
        .class_ = CLASS_EXFIL_DNS, .severity = SEVERITY_CRITICAL, .advice = ADVICE_QUARANTINE,
        .needs_second = true, .attack = { "T1048.003", "T1071.004" }, .never_learned = true,
        ASKED(CRIT_DNS_FLOOR, DNS_TUNNEL_MARGIN, DNS_TUNNEL_Z, NONE_),
        .persistence = ASKS(CRIT_DNS_PERSISTENCE),
        .holds = condition_crit_dns,
        .help = "the node sends far more in long DNS packets than it ever did" },
    [RULE_DNS_TUNNEL] = {
        ABOUT("dns_tunnel", DNS_LONG),
        .class_ = CLASS_EXFIL_DNS, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1048.003", "T1071.004" },
        ASKED(DNS_TUNNEL_FLOOR, DNS_TUNNEL_MARGIN, DNS_TUNNEL_Z, NONE_),
        .persistence = ASKS(DNS_TUNNEL_PERSISTENCE),
        .help = "the node sends DNS packets longer than names are" },
    [RULE_DNS_SLOW] = {
        ABOUT("dns_slow", DNS_LONG_H),
        .class_ = CLASS_EXFIL_DNS, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1048.003", "T1071.004" },
        ASKED(DNS_SLOW_FLOOR, DNS_SLOW_MARGIN, NONE_, NONE_),
        .persistence = ASKS(DNS_SLOW_PERSISTENCE), .holds = condition_dns_slow,
        .help = "over an hour the node sent much in long DNS packets" },
    [RULE_SYN_FLOOD] = {
        ABOUT("syn_flood", HALF),
        .class_ = CLASS_DOS_SYN_FLOOD, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1499.001", "T1498.001" }, .is_fast = true,
        ASKED(SYN_FLOOD_FLOOR, SYN_FLOOD_MARGIN, NONE_, NONE_),
        .persistence = ASKS(SYN_FLOOD_PERSISTENCE), .holds = condition_syn_flood,
        .help = "the node is called over and over without a conversation coming of it" },
    [RULE_FLOOD_IN] = {
        ABOUT("flood_in", UNSOL),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1498", "T1498.002" }, .is_fast = true,
        ASKED(FLOOD_IN_FLOOR, FLOOD_IN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(FLOOD_IN_PERSISTENCE), .holds = condition_flood_in,
        .classify = condition_flood_in_class,
        .help = "the node receives a flood that it did not ask for" },
    [RULE_REQ_FLOOD] = {
        ABOUT("req_flood", REQ),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1499.002", "T1499.003" },
        ASKED(REQ_FLOOD_FLOOR, REQ_FLOOD_MARGIN, REQ_FLOOD_Z, NONE_),
        .persistence = ASKS(REQ_FLOOD_PERSISTENCE),
        .holds = condition_req_flood,
        .help = "the node is asked far more often than ever, and the fleet is not" },
    [RULE_CRIT_EXFIL] = {
        ABOUT("crit_exfil", LED_OUT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_CRITICAL,
        .advice = ADVICE_QUARANTINE, .needs_second = true, .calendar_is_second = true,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(CRIT_EXFIL_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_EXFIL_PERSISTENCE),
        .holds = condition_crit_exfil, .classify = condition_led_exfil_class,
        .help = "the node sent very much to one peer that nobody else knows" },
    [RULE_LED_EXFIL] = {
        ABOUT("led_exfil", LED_OUT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(LEDGER_BYTES_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_EXFIL_PERSISTENCE),
        .holds = condition_led_exfil, .classify = condition_led_exfil_class,
        .help = "the node sent much to one peer that nobody else knows" },
    [RULE_LED_RATE] = {
        ABOUT("led_rate", LED_RATE),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(LEDGER_RATE_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_RATE_PERSISTENCE),
        .holds = condition_led_rate, .classify = condition_led_exfil_class,
        .help = "the node sends much at once to one peer that nobody else knows" },
    [RULE_LED_LONG] = {
        ABOUT("led_long", LED_LONG),
        .class_ = CLASS_EXFIL_SLOW, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1030" }, .never_learned = true,
        ASKED(LEDGER_LONG_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_LONG_PERSISTENCE),
        .holds = condition_led_long, .classify = condition_led_exfil_class,
        .help = "little by little the node sent much to one peer that nobody else knows" },
    /* An outbound excess may be a job that nobody announced: told, not acted upon. */
    [RULE_EXFIL] = {
        ABOUT("exfil", OUT_INIT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_MEDIUM, .high_min = 2.0f,
        .advice = ADVICE_NOTIFY, .attack = { "T1041", "T1048" },
        ASKED(EXFIL_FLOOR, EXFIL_MARGIN, EXFIL_Z, EXFIL_RECORD),
        .persistence = ASKS(EXFIL_PERSISTENCE),
        .holds = condition_exfil,
        .help = "the node sends far more than it ever did around this hour" },
    [RULE_SERVE] = {
        ABOUT("serve", OUT_SERV),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1567" },
        ASKED(SERVE_FLOOR, SERVE_MARGIN, SERVE_Z, NONE_),
        .persistence = ASKS(SERVE_PERSISTENCE), .holds = condition_serve,
        .help = "far more is fetched from the node than ever around this hour" },
    [RULE_RAMP] = {
        .name = "ramp", .feature = FEATURE_OUT_INIT, .screen = FEATURE_DRIFT,
        .class_ = CLASS_DRIFT, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1029", "T1030" },
        ASKED(RAMP_MARGIN, NONE_, NONE_, NONE_),
        .persistence = ASKS(RAMP_PERSISTENCE), .holds = condition_ramp,
        .help = "what the node sends has grown far over the level of the last fortnight" },
    [RULE_LED_PERSIST] = {
        ABOUT("led_persist", LED_MINUTES),
        .class_ = CLASS_BEACON, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1071", "T1571" }, .never_learned = true,
        ASKED(LEDGER_MINUTES_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_PERSIST_PERSISTENCE),
        .holds = condition_led_persist,
        .help = "the node keeps calling one peer that nobody else knows" },
    [RULE_LIMIT_IN] = {
        ABOUT("limit_in", IN_BYTES),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1498", NULL }, .is_fast = true,
        ASKED(NONE_, NONE_, NONE_, NONE_),
        .persistence = ASKS(LIMIT_IN_PERSISTENCE),
        .holds = condition_limit_in, .about = condition_limit_in_about, .is_on = condition_limit_in_is_on,
        .help = "the node receives more than the limit that was set for it" },
    [RULE_LIMIT_OUT] = {
        ABOUT("limit_out", OUT_BYTES),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", NULL }, .is_fast = true,
        ASKED(NONE_, NONE_, NONE_, NONE_),
        .persistence = ASKS(LIMIT_OUT_PERSISTENCE),
        .holds = condition_limit_out, .about = condition_limit_out_about, .is_on = condition_limit_out_is_on,
        .help = "the node sends more than the limit that was set for it" },
};
/* clang-format on */

enum rule rule_find(struct bytes name) {
    for (size_t r = 0; r < RULE_COUNT; r++) {
        if (bytes_equal(name, bytes_text(rule_rows[r].name))) {
            return (enum rule)r;
        }
    }
    return RULE_COUNT;
}

/* A chain over the rows, each with its fields at fixed places and its texts by their hashes. What a
 * condition computes is not in it: the version of the program is. */
uint64_t rule_table_hash(void) {
    uint64_t hash = RULE_COUNT;
    for (uint32_t r = 0; r < RULE_COUNT; r++) {
        const struct rule_row *row = &rule_rows[r];
        const uint32_t numbers[] = {
            row->feature, row->screen,       row->class_,       row->severity,
            row->advice,  row->floor,        row->margin,       row->z,
            row->record,  row->persistence,  row->needs_second, row->calendar_is_second,
            row->is_fast, row->never_learned
        };
        enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
        uint8_t fields[4 * NUMBERS + 24];
        for (size_t i = 0; i < NUMBERS; i++) {
            put_u32(fields + 4 * i, numbers[i]);
        }
        put_u64(fields + 4 * NUMBERS, XXH3_64bits(row->name, strlen(row->name)));
        put_u64(fields + 4 * NUMBERS + 8, row->needs);
        put_u64(fields + 4 * NUMBERS + 16, hash);
        hash = XXH3_64bits(fields, sizeof fields);
    }
    return hash;
}

static float param_or(const struct rule_params *params, enum rule_param param, float other) {
    return param == RULE_PARAM_COUNT ? other : (float)params->values[param];
}

struct rule_limits rule_limits(enum rule rule, const struct rule_params *params,
                               int64_t window_ms) {
    const struct rule_row *row = &rule_rows[rule];
    /* Persistence in windows, rounded, at least one. */
    int64_t unit_ms = row->is_fast && window_ms < 60000 ? window_ms : 60000;
    int64_t persistence_ms = (int64_t)(params->values[row->persistence] * (double)unit_ms);
    int64_t windows = (persistence_ms + (window_ms - 1) / 2) / window_ms;
    windows = windows < 1 ? 1 : windows;
    double keep = 1.0 - 1.0 / (windows == 1 ? 1.3 : (double)windows);
    /* `windows` hits in a row give 1 + keep + keep^2 + ...; a little less is enough. */
    double sum = 0;
    for (int64_t i = 0; i < windows; i++) {
        sum = sum * keep + 1.0;
    }
    /* Of z and the record one is enough; one that is not asked then never decides. */
    float unasked =
        row->z == RULE_PARAM_COUNT && row->record == RULE_PARAM_COUNT ? -INFINITY : INFINITY;
    float floor = param_or(params, row->floor, -INFINITY);
    float other = row->has_other_floor ? (float)params->values[row->other_floor] : floor;
    bool is_off = (params->rules_off >> rule & 1) != 0;
    return (struct rule_limits){
        .is_on = !is_off && (row->is_on == NULL || row->is_on(params)),
        .condition = { .floor = floor < other ? floor : other,
                       .margin = param_or(params, row->margin, -INFINITY),
                       .z_min = param_or(params, row->z, unasked),
                       .record_min = param_or(params, row->record, unasked) },
        .keep = (float)keep,
        .need = (float)(0.93 * sum),
    };
}
