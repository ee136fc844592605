/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_conditions.h"

#include "detect/bits.h"
#include "detect/ledger.h"

static float larger(float a, float b) {
    return a > b ? a : b;
}

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

bool condition_serve(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_OUT_SERV);
}

bool condition_flood_in(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_UNSOL);
}

/* The node floods others: what it sends then is no leak. */
static bool is_flooding(const struct rule_scores *scores) {
    return OVER_HOUR(UNREP) > PARAM(FLOOD_OUT_MARGIN) && VALUE(UNREP) > PARAM(FLOOD_OUT_FLOOR) &&
           VALUE(PPF) > PARAM(FLOOD_OUT_PPF_LEAST);
}

bool condition_flood_out(const struct rule_scores *scores) {
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
bool condition_exfil(const struct rule_scores *scores) {
    return has_fold(scores, FEATURE_OUT_INIT) && VALUE(SMTP) <= PARAM(EXFIL_SMTP_MOST) &&
           !is_flooding(scores) && VALUE(OUT_PENDING) <= 0.5f * VALUE(OUT_INIT) &&
           is_over_without_rare(scores);
}

bool condition_led_exfil(const struct rule_scores *scores) {
    return VALUE(LED_OUT) > VALUE(LED_OUT_LIMIT) &&
           VALUE(LED_OUT) > PARAM(LED_EXFIL_RATIO) * VALUE(LED_IN) && !is_flooding(scores);
}

enum attack_class condition_led_exfil_class(const struct rule_scores *scores) {
    return scores->led_hours > PARAM(LED_EXFIL_SLOW_HOURS) ? CLASS_EXFIL_SLOW : CLASS_EXFIL_VOLUME;
}

bool condition_crit_exfil(const struct rule_scores *scores) {
    float factor = (float)bits_exp2(scores->params->values[RULE_PARAM_CRIT_EXFIL_BITS]);
    return condition_led_exfil(scores) && VALUE(LED_OUT) > factor * VALUE(LED_OUT_LIMIT) &&
           scores->age_days > PARAM(CRIT_EXFIL_AGE_DAYS);
}

bool condition_led_rate(const struct rule_scores *scores) {
    return VALUE(LED_RATE) > VALUE(LED_RATE_LIMIT) && !is_flooding(scores) &&
           VALUE(OUT_PENDING) <= 0.5f * VALUE(OUT_INIT);
}

bool condition_led_long(const struct rule_scores *scores) {
    return VALUE(LED_LONG) > VALUE(LED_LONG_LIMIT) && !is_flooding(scores);
}

bool condition_led_persist(const struct rule_scores *scores) {
    return VALUE(LED_MINUTES) > VALUE(LED_MINUTES_LIMIT);
}

bool condition_dns_slow(const struct rule_scores *scores) {
    return VALUE(DNS_LONG) > 0; /* not on the echo of what was */
}

bool condition_crit_dns(const struct rule_scores *scores) {
    return OVER_RECORD(DNS_LONG) > PARAM(CRIT_DNS_OVER_RECORD) &&
           scores->age_days > PARAM(CRIT_DNS_AGE_DAYS);
}

bool condition_syn_flood(const struct rule_scores *scores) {
    return VALUE(HALF) > PARAM(SYN_FLOOD_SHARE) * VALUE(IN_FLOWS);
}

enum attack_class condition_flood_in_class(const struct rule_scores *scores) {
    return VALUE(AMP) > PARAM(FLOOD_IN_AMP_SHARE) * VALUE(UNSOL) ? CLASS_DOS_AMPLIFICATION
                                                                 : CLASS_DOS_VOLUME;
}

bool condition_req_flood(const struct rule_scores *scores) {
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

bool condition_scan(const struct rule_scores *scores) {
    return VALUE(NEWPEERS) > PARAM(SCAN_NEWPEERS) &&
           VALUE(NEWFAIL) > PARAM(SCAN_FAIL_SHARE) * VALUE(NEWPEERS) &&
           is_scan_like(scores, PARAM(SCAN_PPF_MOST));
}

double condition_scan_weight(const struct rule_scores *scores) {
    bool is_strong =
        VALUE(NEWFAIL) > PARAM(SCAN_STRONG_NEWFAIL) && OVER_HOUR(NEWFAIL) > PARAM(SCAN_STRONG_BITS);
    return is_strong ? (double)PARAM(SCAN_STRONG_WEIGHT) : 1;
}

bool condition_scan_slow(const struct rule_scores *scores) {
    return VALUE(NEWFAIL) > 0 && is_scan_like(scores, PARAM(SCAN_SLOW_PPF_MOST));
}

bool condition_port_scan(const struct rule_scores *scores) {
    float failed = VALUE(OUT_FAIL) + VALUE(REFUSED);
    return failed > PARAM(PORT_SCAN_FAIL_SHARE) * larger(VALUE(OUT_FLOWS), 1) &&
           VALUE(PPF) < PARAM(PORT_SCAN_PPF_MOST);
}

double condition_port_scan_weight(const struct rule_scores *scores) {
    bool is_strong = VALUE(PORTS) > PARAM(PORT_SCAN_STRONG_PORTS);
    return is_strong ? (double)PARAM(PORT_SCAN_STRONG_WEIGHT) : 1;
}

bool condition_crit_scan(const struct rule_scores *scores) {
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

bool condition_spam(const struct rule_scores *scores) {
    return is_spam_by_peers(scores) || is_mailing(scores, FEATURE_SMTP_NEW, PARAM(SPAM_SMTP_NEW));
}

enum feature condition_spam_about(const struct rule_scores *scores) {
    return is_spam_by_peers(scores) ? FEATURE_SMTP : FEATURE_SMTP_NEW;
}

/* A node is no candidate for recycling by mail that is taken, nor where its role hands out mail. */
bool condition_crit_spam(const struct rule_scores *scores) {
    float used = larger(scores->record[FEATURE_SMTP], scores->prior[FEATURE_SMTP]);
    float failed = VALUE(NEWFAIL) + VALUE(REFUSED);
    return used < PARAM(CRIT_SPAM_RECORD_MOST) &&
           OVER_RECORD(SMTP) > PARAM(CRIT_SPAM_OVER_RECORD) &&
           failed > PARAM(CRIT_SPAM_FAIL_SHARE) * VALUE(SMTP);
}

bool condition_ramp(const struct rule_scores *scores) {
    return !scores->is_cold && scores->age_days > PARAM(RAMP_AGE_DAYS);
}

/* --- absolute limits ------------------------------------------------------------------------ */

static bool is_over(float per_minute, float per_second) {
    return per_second > 0 && per_minute > 60 * per_second;
}

enum feature condition_limit_in_about(const struct rule_scores *scores) {
    return is_over(VALUE(IN_BYTES), PARAM(LIMIT_IN_BYTES_PER_S))       ? FEATURE_IN_BYTES
           : is_over(VALUE(IN_PACKETS), PARAM(LIMIT_IN_PACKETS_PER_S)) ? FEATURE_IN_PACKETS
           : is_over(VALUE(IN_RECORDS), PARAM(LIMIT_IN_FLOWS_PER_S))   ? FEATURE_IN_RECORDS
                                                                       : FEATURE_COUNT;
}

enum feature condition_limit_out_about(const struct rule_scores *scores) {
    return is_over(VALUE(OUT_BYTES), PARAM(LIMIT_OUT_BYTES_PER_S))       ? FEATURE_OUT_BYTES
           : is_over(VALUE(OUT_PACKETS), PARAM(LIMIT_OUT_PACKETS_PER_S)) ? FEATURE_OUT_PACKETS
           : is_over(VALUE(OUT_RECORDS), PARAM(LIMIT_OUT_FLOWS_PER_S))   ? FEATURE_OUT_RECORDS
                                                                         : FEATURE_COUNT;
}

bool condition_limit_in(const struct rule_scores *scores) {
    return condition_limit_in_about(scores) != FEATURE_COUNT;
}

bool condition_limit_out(const struct rule_scores *scores) {
    return condition_limit_out_about(scores) != FEATURE_COUNT;
}

bool condition_limit_in_is_on(const struct rule_params *params) {
    return params->values[RULE_PARAM_LIMIT_IN_BYTES_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_IN_PACKETS_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_IN_FLOWS_PER_S] > 0;
}

bool condition_limit_out_is_on(const struct rule_params *params) {
    return params->values[RULE_PARAM_LIMIT_OUT_BYTES_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_OUT_PACKETS_PER_S] > 0 ||
           params->values[RULE_PARAM_LIMIT_OUT_FLOWS_PER_S] > 0;
}
