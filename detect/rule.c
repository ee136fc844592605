/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule.h"

#include "detect/bits.h"
#include "detect/ledger.h"

#include <math.h>
#include <xxhash.h>

static float larger(float a, float b) {
    return a > b ? a : b;
}

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

/* --- conditions ---------------------------------------------------------------------------- */

#define PARAM(name) ((float)scores->params->values[RULE_PARAM_##name])
#define VALUE(name) (scores->value[FEATURE_##name])
#define OVER_HOUR(name) (scores->over_hour[FEATURE_##name])
#define OVER_RECORD(name) (scores->over_record[FEATURE_##name])

/* What is merely a deviation of a very even node is no leak. */
static bool has_fold(const struct rule_scores *scores, enum feature feature) {
    const double scale = (double)feature_rows[feature].scale;
    double expected = bits_to_value((double)scores->expected[feature], scale);
    expected = expected > scale ? expected : scale;
    return (double)scores->value[feature] >=
           scores->params->values[RULE_PARAM_VOLUME_FOLD] * expected;
}

static bool serve_holds(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_OUT_SERV);
}

static bool flood_in_holds(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_UNSOL);
}

/* The node floods others: what it sends then is no leak. */
static bool is_flooding(const struct rule_scores *scores) {
    return OVER_HOUR(UNREP) > PARAM(FLOOD_OUT_MARGIN) && VALUE(UNREP) > PARAM(FLOOD_OUT_FLOOR) &&
           VALUE(PPF) > PARAM(FLOOD_OUT_PPF_LEAST);
}

static bool flood_out_holds(const struct rule_scores *scores) {
    return VALUE(PPF) > PARAM(FLOOD_OUT_PPF_LEAST);
}

/* What stays within the fleet is no leak. What rare peers get is the ledger's to judge, by what
 * such peers usually get: uploads to strangers are everyday. The rest must be as much over the
 * record as all of it. */
static bool is_over_without_rare(const struct rule_scores *scores) {
    const float inverse_scale = 1.0f / feature_rows[FEATURE_OUT_INIT].scale;
    bool is_judged = VALUE(LED_OUT_LIMIT) < (float)LEDGER_NEVER;
    float rest = VALUE(OUT_EXTERNAL) - (is_judged ? VALUE(LED_NOW) : 0);
    float fewer =
        bits_of_value(VALUE(OUT_INIT), inverse_scale) - bits_of_value(rest, inverse_scale);
    return rest > PARAM(EXFIL_FLOOR) && OVER_HOUR(OUT_INIT) - fewer > PARAM(EXFIL_MARGIN);
}

/* Where most of what is sent goes to peers that may still answer, a flood cannot be told from a
 * leak yet: the reply time is waited for. */
static bool exfil_holds(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_OUT_INIT) && VALUE(SMTP) <= PARAM(EXFIL_SMTP_MOST) &&
           !is_flooding(scores) && VALUE(OUT_PENDING) <= 0.5f * VALUE(OUT_INIT) &&
           is_over_without_rare(scores);
}

static bool led_exfil_holds(const struct rule_scores *scores) {
    return VALUE(LED_OUT) > VALUE(LED_OUT_LIMIT) &&
           VALUE(LED_OUT) > PARAM(LED_EXFIL_RATIO) * VALUE(LED_IN) && !is_flooding(scores);
}

static enum attack_class led_exfil_class(const struct rule_scores *scores) {
    return scores->led_hours > PARAM(LED_EXFIL_SLOW_HOURS) ? CLASS_EXFIL_SLOW : CLASS_EXFIL_VOLUME;
}

static bool crit_exfil_holds(const struct rule_scores *scores) {
    float factor = (float)bits_exp2(scores->params->values[RULE_PARAM_CRIT_EXFIL_BITS]);
    return led_exfil_holds(scores) && VALUE(LED_OUT) > factor * VALUE(LED_OUT_LIMIT) &&
           scores->age_days > PARAM(CRIT_EXFIL_AGE_DAYS);
}

static bool led_rate_holds(const struct rule_scores *scores) {
    return VALUE(LED_RATE) > VALUE(LED_RATE_LIMIT) && !is_flooding(scores) &&
           VALUE(OUT_PENDING) <= 0.5f * VALUE(OUT_INIT);
}

static bool led_long_holds(const struct rule_scores *scores) {
    return VALUE(LED_LONG) > VALUE(LED_LONG_LIMIT) && !is_flooding(scores);
}

static bool led_persist_holds(const struct rule_scores *scores) {
    return VALUE(LED_MINUTES) > VALUE(LED_MINUTES_LIMIT);
}

static bool dns_slow_holds(const struct rule_scores *scores) {
    return VALUE(DNS_LONG) > 0; /* not on the echo of what was */
}

static bool crit_dns_holds(const struct rule_scores *scores) {
    return OVER_RECORD(DNS_LONG) > PARAM(CRIT_DNS_OVER_RECORD) &&
           scores->age_days > PARAM(CRIT_DNS_AGE_DAYS);
}

static bool syn_flood_holds(const struct rule_scores *scores) {
    return VALUE(HALF) > PARAM(SYN_FLOOD_SHARE) * VALUE(IN_FLOWS);
}

static enum attack_class flood_in_class(const struct rule_scores *scores) {
    return VALUE(AMP) > PARAM(FLOOD_IN_AMP_SHARE) * VALUE(UNSOL) ? CLASS_DOS_AMPLIFICATION
                                                                 : CLASS_DOS_VOLUME;
}

static bool req_flood_holds(const struct rule_scores *scores) {
    bool is_known = !scores->is_cold || scores->prior[FEATURE_REQ] > 0;
    /* What is half open or was not asked for is a flood of another kind. */
    bool is_other = VALUE(HALF) > 0.5f * VALUE(REQ) || VALUE(UNSOL) > PARAM(FLOOD_IN_FLOOR);
    return is_known && !is_other && OVER_HOUR(REQ) - scores->crowd > PARAM(REQ_FLOOD_MARGIN);
}

/* Many packets a conversation are a flood, not a scan. Mail that cannot be handed over is no scan
 * either. */
static bool is_scan_like(const struct rule_scores *scores, float ppf_most) {
    return VALUE(PPF) < ppf_most && VALUE(NEWFAIL) > VALUE(SMTP_NEW);
}

static bool scan_holds(const struct rule_scores *scores) {
    return VALUE(NEWPEERS) > PARAM(SCAN_NEWPEERS) &&
           VALUE(NEWFAIL) > PARAM(SCAN_FAIL_SHARE) * VALUE(NEWPEERS) &&
           is_scan_like(scores, PARAM(SCAN_PPF_MOST));
}

static double scan_weight(const struct rule_scores *scores) {
    bool is_strong =
        VALUE(NEWFAIL) > PARAM(SCAN_STRONG_NEWFAIL) && OVER_HOUR(NEWFAIL) > PARAM(SCAN_STRONG_BITS);
    return is_strong ? (double)PARAM(SCAN_STRONG_WEIGHT) : 1;
}

static bool scan_slow_holds(const struct rule_scores *scores) {
    return VALUE(NEWFAIL) > 0 && is_scan_like(scores, PARAM(SCAN_SLOW_PPF_MOST));
}

static bool port_scan_holds(const struct rule_scores *scores) {
    float failed = VALUE(OUT_FAIL) + VALUE(REFUSED);
    return failed > PARAM(PORT_SCAN_FAIL_SHARE) * larger(VALUE(OUT_FLOWS), 1) &&
           VALUE(PPF) < PARAM(PORT_SCAN_PPF_MOST);
}

static double port_scan_weight(const struct rule_scores *scores) {
    bool is_strong = VALUE(PORTS) > PARAM(PORT_SCAN_STRONG_PORTS);
    return is_strong ? (double)PARAM(PORT_SCAN_STRONG_WEIGHT) : 1;
}

static bool crit_scan_holds(const struct rule_scores *scores) {
    return VALUE(NEWFAIL) > PARAM(CRIT_SCAN_FAIL_SHARE) * VALUE(NEWPEERS) &&
           (scores->is_cold || OVER_RECORD(NEWFAIL) > PARAM(CRIT_SCAN_RECORD)) &&
           is_scan_like(scores, PARAM(CRIT_SCAN_PPF_MOST));
}

/* Newsletters come at any hour, and mailers send them in turn: so what the node did in another hour
 * is asked, and what its role is used to. Of who hands mail to several peers anyway, that many do
 * not take it is asked, too, or far more of them: its readers' exchangers do answer. */
static bool is_mailing(const struct rule_scores *scores, enum feature feature, float floor) {
    float bits = bits_of_value(scores->value[feature], 1.0f / feature_rows[feature].scale);
    float own = bits - scores->over_record[feature];
    float used = larger(scores->record[FEATURE_SMTP], scores->prior[FEATURE_SMTP]);
    float failed = VALUE(NEWFAIL) + VALUE(REFUSED);
    bool is_trusted = used >= PARAM(SPAM_MAILER) && failed <= PARAM(SPAM_FAIL_SHARE) * VALUE(SMTP);
    float margin = is_trusted ? PARAM(SPAM_MAILER_RECORD) : PARAM(SPAM_RECORD);
    return scores->value[feature] > floor && scores->over_hour[feature] > PARAM(SPAM_MARGIN) &&
           bits - larger(own, scores->prior[feature]) > margin;
}

static bool is_spam_by_peers(const struct rule_scores *scores) {
    return is_mailing(scores, FEATURE_SMTP, PARAM(SPAM_SMTP));
}

static bool spam_holds(const struct rule_scores *scores) {
    return is_spam_by_peers(scores) || is_mailing(scores, FEATURE_SMTP_NEW, PARAM(SPAM_SMTP_NEW));
}

static enum feature spam_about(const struct rule_scores *scores) {
    return is_spam_by_peers(scores) ? FEATURE_SMTP : FEATURE_SMTP_NEW;
}

/* A node is no candidate for recycling by mail that is taken, nor where its role hands out mail. */
static bool crit_spam_holds(const struct rule_scores *scores) {
    float used = larger(scores->record[FEATURE_SMTP], scores->prior[FEATURE_SMTP]);
    float failed = VALUE(NEWFAIL) + VALUE(REFUSED);
    return used < PARAM(CRIT_SPAM_RECORD_MOST) &&
           OVER_RECORD(SMTP) > PARAM(CRIT_SPAM_OVER_RECORD) &&
           failed > PARAM(CRIT_SPAM_FAIL_SHARE) * VALUE(SMTP);
}

static bool ramp_holds(const struct rule_scores *scores) {
    return !scores->is_cold && scores->age_days > PARAM(RAMP_AGE_DAYS);
}

/* --- absolute limits ------------------------------------------------------------------------ */

static bool is_over(float per_minute, float per_second) {
    return per_second > 0 && per_minute > 60 * per_second;
}

static enum feature limit_in_about(const struct rule_scores *scores) {
    return is_over(VALUE(IN_BYTES), PARAM(LIMIT_IN_BYTES_PER_S))       ? FEATURE_IN_BYTES
           : is_over(VALUE(IN_PACKETS), PARAM(LIMIT_IN_PACKETS_PER_S)) ? FEATURE_IN_PACKETS
           : is_over(VALUE(IN_RECORDS), PARAM(LIMIT_IN_FLOWS_PER_S))   ? FEATURE_IN_RECORDS
                                                                       : FEATURE_COUNT;
}

static enum feature limit_out_about(const struct rule_scores *scores) {
    return is_over(VALUE(OUT_BYTES), PARAM(LIMIT_OUT_BYTES_PER_S))       ? FEATURE_OUT_BYTES
           : is_over(VALUE(OUT_PACKETS), PARAM(LIMIT_OUT_PACKETS_PER_S)) ? FEATURE_OUT_PACKETS
           : is_over(VALUE(OUT_RECORDS), PARAM(LIMIT_OUT_FLOWS_PER_S))   ? FEATURE_OUT_RECORDS
                                                                         : FEATURE_COUNT;
}

static bool limit_in_holds(const struct rule_scores *scores) {
    return limit_in_about(scores) != FEATURE_COUNT;
}

static bool limit_out_holds(const struct rule_scores *scores) {
    return limit_out_about(scores) != FEATURE_COUNT;
}

static bool limit_in_is_on(const struct rule_params *params) {
    return params->values[RULE_PARAM_LIMIT_IN_BYTES_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_IN_PACKETS_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_IN_FLOWS_PER_S] > 0;
}

static bool limit_out_is_on(const struct rule_params *params) {
    return params->values[RULE_PARAM_LIMIT_OUT_BYTES_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_OUT_PACKETS_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_OUT_FLOWS_PER_S] > 0;
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
        .holds = flood_out_holds, .needs = BIT(PPF),
        .help = "the node sends floods of packets that nobody answers" },
    [RULE_CRIT_SPAM] = {
        ABOUT("crit_spam", SMTP),
        .class_ = CLASS_SPAM, .severity = SEVERITY_CRITICAL, .advice = ADVICE_RECYCLE,
        .attack = { "T1071.003", "T1586" }, .never_learned = true,
        ASKED(CRIT_SPAM_SMTP, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_SPAM_PERSISTENCE),
        .holds = crit_spam_holds,
        .help = "a node that hardly sent mail hands it to many peers" },
    [RULE_SPAM] = {
        ABOUT("spam", SMTP),
        .class_ = CLASS_SPAM, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1071.003", "T1586" },
        /* New peers of mail are peers of mail: no fewer of these can be seen. */
        ASKED(SPAM_SMTP, NONE_, NONE_, NONE_),
        .has_other_floor = true, .other_floor = ASKS(SPAM_SMTP_NEW),
        .persistence = ASKS(SPAM_PERSISTENCE), .holds = spam_holds, .about = spam_about,
        .help = "the node hands mail to far more peers than it ever did" },
    [RULE_CRIT_SCAN] = {
        .name = "crit_scan", .feature = FEATURE_NEWFAIL, .screen = FEATURE_NEWPEERS,
        .class_ = CLASS_SCAN, .severity = SEVERITY_CRITICAL, .advice = ADVICE_RECYCLE,
        .attack = { "T1046", "T1595" }, .never_learned = true,
        ASKED(CRIT_SCAN_NEWPEERS, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_SCAN_PERSISTENCE),
        .holds = crit_scan_holds, .needs = BIT(PPF),
        .help = "the node calls very many strangers, most of them in vain" },
    [RULE_SCAN] = {
        ABOUT("scan", NEWFAIL),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1046", "T1595" }, .is_fast = true,
        ASKED(SCAN_FLOOR, SCAN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(SCAN_PERSISTENCE), .holds = scan_holds, .weight = scan_weight,
        .needs = BIT(NEWPEERS) | BIT(PPF),
        .help = "the node calls strangers, many of them in vain" },
    [RULE_PORT_SCAN] = {
        ABOUT("port_scan", PORTS),
        .class_ = CLASS_SCAN, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1046", "T1595" }, .is_fast = true,
        ASKED(PORT_SCAN_FLOOR, PORT_SCAN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(PORT_SCAN_PERSISTENCE), .holds = port_scan_holds,
        .weight = port_scan_weight, .needs = BIT(OUT_FAIL) | BIT(REFUSED) | BIT(PPF),
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
        .persistence = ASKS(SCAN_SLOW_PERSISTENCE), .holds = scan_slow_holds, .needs = BIT(PPF),
        .help = "over an hour the node called many strangers in vain" },
    [RULE_CRIT_DNS] = {
        ABOUT("crit_dns", DNS_LONG),
        .class_ = CLASS_EXFIL_DNS, .severity = SEVERITY_CRITICAL, .advice = ADVICE_QUARANTINE,
        .needs_second = true, .attack = { "T1048.003", "T1071.004" }, .never_learned = true,
        ASKED(CRIT_DNS_FLOOR, DNS_TUNNEL_MARGIN, DNS_TUNNEL_Z, NONE_),
        .persistence = ASKS(CRIT_DNS_PERSISTENCE),
        .holds = crit_dns_holds,
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
        .persistence = ASKS(DNS_SLOW_PERSISTENCE), .holds = dns_slow_holds,
        .help = "over an hour the node sent much in long DNS packets" },
    [RULE_SYN_FLOOD] = {
        ABOUT("syn_flood", HALF),
        .class_ = CLASS_DOS_SYN_FLOOD, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1499.001", "T1498.001" }, .is_fast = true,
        ASKED(SYN_FLOOD_FLOOR, SYN_FLOOD_MARGIN, NONE_, NONE_),
        .persistence = ASKS(SYN_FLOOD_PERSISTENCE), .holds = syn_flood_holds,
        .help = "the node is called over and over without a conversation coming of it" },
    [RULE_FLOOD_IN] = {
        ABOUT("flood_in", UNSOL),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1498", "T1498.002" }, .is_fast = true,
        ASKED(FLOOD_IN_FLOOR, FLOOD_IN_MARGIN, NONE_, NONE_),
        .persistence = ASKS(FLOOD_IN_PERSISTENCE), .holds = flood_in_holds,
        .classify = flood_in_class,
        .help = "the node receives a flood that it did not ask for" },
    [RULE_REQ_FLOOD] = {
        ABOUT("req_flood", REQ),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1499.002", "T1499.003" },
        ASKED(REQ_FLOOD_FLOOR, REQ_FLOOD_MARGIN, REQ_FLOOD_Z, NONE_),
        .persistence = ASKS(REQ_FLOOD_PERSISTENCE),
        .holds = req_flood_holds,
        .help = "the node is asked far more often than ever, and the fleet is not" },
    [RULE_CRIT_EXFIL] = {
        ABOUT("crit_exfil", LED_OUT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_CRITICAL,
        .advice = ADVICE_QUARANTINE, .needs_second = true, .calendar_is_second = true,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(CRIT_EXFIL_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(CRIT_EXFIL_PERSISTENCE),
        .holds = crit_exfil_holds, .classify = led_exfil_class,
        .help = "the node sent very much to one peer that nobody else knows" },
    [RULE_LED_EXFIL] = {
        ABOUT("led_exfil", LED_OUT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(LEDGER_BYTES_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_EXFIL_PERSISTENCE),
        .holds = led_exfil_holds, .classify = led_exfil_class,
        .help = "the node sent much to one peer that nobody else knows" },
    [RULE_LED_RATE] = {
        ABOUT("led_rate", LED_RATE),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1048" }, .never_learned = true,
        ASKED(LEDGER_RATE_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_RATE_PERSISTENCE),
        .holds = led_rate_holds, .classify = led_exfil_class,
        .help = "the node sends much at once to one peer that nobody else knows" },
    [RULE_LED_LONG] = {
        ABOUT("led_long", LED_LONG),
        .class_ = CLASS_EXFIL_SLOW, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1030" }, .never_learned = true,
        ASKED(LEDGER_LONG_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_LONG_PERSISTENCE),
        .holds = led_long_holds, .classify = led_exfil_class,
        .help = "little by little the node sent much to one peer that nobody else knows" },
    /* An outbound excess may be a job that nobody announced: told, not acted upon. */
    [RULE_EXFIL] = {
        ABOUT("exfil", OUT_INIT),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_MEDIUM, .high_min = 2.0f,
        .advice = ADVICE_NOTIFY, .attack = { "T1041", "T1048" },
        ASKED(EXFIL_FLOOR, EXFIL_MARGIN, EXFIL_Z, EXFIL_RECORD),
        .persistence = ASKS(EXFIL_PERSISTENCE),
        .holds = exfil_holds,
        .help = "the node sends far more than it ever did around this hour" },
    [RULE_SERVE] = {
        ABOUT("serve", OUT_SERV),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", "T1567" },
        ASKED(SERVE_FLOOR, SERVE_MARGIN, SERVE_Z, NONE_),
        .persistence = ASKS(SERVE_PERSISTENCE), .holds = serve_holds,
        .help = "far more is fetched from the node than ever around this hour" },
    [RULE_RAMP] = {
        .name = "ramp", .feature = FEATURE_OUT_INIT, .screen = FEATURE_DRIFT,
        .class_ = CLASS_DRIFT, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1029", "T1030" },
        ASKED(RAMP_MARGIN, NONE_, NONE_, NONE_),
        .persistence = ASKS(RAMP_PERSISTENCE), .holds = ramp_holds,
        .help = "what the node sends has grown far over the level of the last fortnight" },
    [RULE_LED_PERSIST] = {
        ABOUT("led_persist", LED_MINUTES),
        .class_ = CLASS_BEACON, .severity = SEVERITY_LOW, .advice = ADVICE_NOTIFY,
        .attack = { "T1071", "T1571" }, .never_learned = true,
        ASKED(LEDGER_MINUTES_FLOOR, NONE_, NONE_, NONE_),
        .persistence = ASKS(LED_PERSIST_PERSISTENCE),
        .holds = led_persist_holds,
        .help = "the node keeps calling one peer that nobody else knows" },
    [RULE_LIMIT_IN] = {
        ABOUT("limit_in", IN_BYTES),
        .class_ = CLASS_DOS_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1498", NULL }, .is_fast = true,
        ASKED(NONE_, NONE_, NONE_, NONE_),
        .persistence = ASKS(LIMIT_IN_PERSISTENCE),
        .holds = limit_in_holds, .about = limit_in_about, .is_on = limit_in_is_on,
        .help = "the node receives more than the limit that was set for it" },
    [RULE_LIMIT_OUT] = {
        ABOUT("limit_out", OUT_BYTES),
        .class_ = CLASS_EXFIL_VOLUME, .severity = SEVERITY_HIGH, .advice = ADVICE_NOTIFY,
        .attack = { "T1041", NULL }, .is_fast = true,
        ASKED(NONE_, NONE_, NONE_, NONE_),
        .persistence = ASKS(LIMIT_OUT_PERSISTENCE),
        .holds = limit_out_holds, .about = limit_out_about, .is_on = limit_out_is_on,
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
