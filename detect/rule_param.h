/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_PARAM_H
#define WEIR_DETECT_RULE_PARAM_H

#include "base/bytes.h"

/* Every number that the rules (rule.h) ask about, as one table: a name, a unit, a default and its
 * bounds. A rule reads it by index out of a set, so that a role or a node may have a set of its
 * own.
 *
 * The ones that many rules have:
 * - `margin`: bits over the record of the hour (ramp: of the level over its anchor)
 * - `persistence`: how long the condition must hold, as a leaky k of n
 * - `floor`: what the rule's own feature must exceed, in the feature's unit
 * - `z`: deviations over what is expected; `record`: bits over any record
 * Conditions are strict: a value at its bound does not hold. */

enum rule_param {
    RULE_PARAM_EXFIL_MARGIN,
    RULE_PARAM_EXFIL_PERSISTENCE,
    RULE_PARAM_EXFIL_FLOOR,
    RULE_PARAM_EXFIL_Z,
    RULE_PARAM_EXFIL_RECORD,
    RULE_PARAM_EXFIL_SMTP_MOST,
    RULE_PARAM_SERVE_MARGIN,
    RULE_PARAM_SERVE_PERSISTENCE,
    RULE_PARAM_SERVE_FLOOR,
    RULE_PARAM_SERVE_Z,
    RULE_PARAM_LED_EXFIL_PERSISTENCE,
    RULE_PARAM_LED_EXFIL_RATIO,
    RULE_PARAM_LED_EXFIL_SLOW_HOURS,
    RULE_PARAM_LED_RATE_PERSISTENCE,
    RULE_PARAM_LED_LONG_PERSISTENCE,
    RULE_PARAM_LED_PERSIST_PERSISTENCE,
    RULE_PARAM_LED_PERSIST_MOST,
    RULE_PARAM_DNS_TUNNEL_MARGIN,
    RULE_PARAM_DNS_TUNNEL_PERSISTENCE,
    RULE_PARAM_DNS_TUNNEL_FLOOR,
    RULE_PARAM_DNS_TUNNEL_Z,
    RULE_PARAM_DNS_SLOW_MARGIN,
    RULE_PARAM_DNS_SLOW_PERSISTENCE,
    RULE_PARAM_DNS_SLOW_FLOOR,
    RULE_PARAM_SYN_FLOOD_MARGIN,
    RULE_PARAM_SYN_FLOOD_PERSISTENCE,
    RULE_PARAM_SYN_FLOOD_FLOOR,
    RULE_PARAM_SYN_FLOOD_SHARE,
    RULE_PARAM_FLOOD_IN_MARGIN,
    RULE_PARAM_FLOOD_IN_PERSISTENCE,
    RULE_PARAM_FLOOD_IN_FLOOR,
    RULE_PARAM_FLOOD_IN_AMP_SHARE,
    RULE_PARAM_REQ_FLOOD_MARGIN,
    RULE_PARAM_REQ_FLOOD_PERSISTENCE,
    RULE_PARAM_REQ_FLOOD_FLOOR,
    RULE_PARAM_REQ_FLOOD_Z,
    RULE_PARAM_REQ_FLOOD_FLEET_Z,
    RULE_PARAM_REQ_FLOOD_FLEET_FLOOR,
    RULE_PARAM_REQ_FLOOD_FLEET_NODES,
    RULE_PARAM_REQ_FLOOD_FLEET_SHARE,
    RULE_PARAM_SCAN_MARGIN,
    RULE_PARAM_SCAN_PERSISTENCE,
    RULE_PARAM_SCAN_FLOOR,
    RULE_PARAM_SCAN_NEWPEERS,
    RULE_PARAM_SCAN_FAIL_SHARE,
    RULE_PARAM_SCAN_PPF_MOST,
    RULE_PARAM_SCAN_STRONG_NEWFAIL,
    RULE_PARAM_SCAN_STRONG_BITS,
    RULE_PARAM_SCAN_STRONG_WEIGHT,
    RULE_PARAM_SCAN_SLOW_MARGIN,
    RULE_PARAM_SCAN_SLOW_PERSISTENCE,
    RULE_PARAM_SCAN_SLOW_FLOOR,
    RULE_PARAM_SCAN_SLOW_PPF_MOST,
    RULE_PARAM_PORT_SCAN_MARGIN,
    RULE_PARAM_PORT_SCAN_PERSISTENCE,
    RULE_PARAM_PORT_SCAN_FLOOR,
    RULE_PARAM_PORT_SCAN_FAIL_SHARE,
    RULE_PARAM_PORT_SCAN_PPF_MOST,
    RULE_PARAM_PORT_SCAN_STRONG_PORTS,
    RULE_PARAM_PORT_SCAN_STRONG_WEIGHT,
    RULE_PARAM_BRUTE_MARGIN,
    RULE_PARAM_BRUTE_PERSISTENCE,
    RULE_PARAM_BRUTE_FLOOR,
    RULE_PARAM_SPAM_MARGIN,
    RULE_PARAM_SPAM_PERSISTENCE,
    RULE_PARAM_SPAM_RECORD,
    RULE_PARAM_SPAM_MAILER,
    RULE_PARAM_SPAM_MAILER_RECORD,
    RULE_PARAM_SPAM_FAIL_SHARE,
    RULE_PARAM_SPAM_SMTP,
    RULE_PARAM_SPAM_SMTP_NEW,
    RULE_PARAM_FLOOD_OUT_MARGIN,
    RULE_PARAM_FLOOD_OUT_PERSISTENCE,
    RULE_PARAM_FLOOD_OUT_FLOOR,
    RULE_PARAM_FLOOD_OUT_PPF_LEAST,
    RULE_PARAM_RAMP_MARGIN,
    RULE_PARAM_RAMP_PERSISTENCE,
    RULE_PARAM_RAMP_AGE_DAYS,
    RULE_PARAM_CRIT_SCAN_PERSISTENCE,
    RULE_PARAM_CRIT_SCAN_NEWPEERS,
    RULE_PARAM_CRIT_SCAN_FAIL_SHARE,
    RULE_PARAM_CRIT_SCAN_RECORD,
    RULE_PARAM_CRIT_SCAN_PPF_MOST,
    RULE_PARAM_CRIT_SPAM_PERSISTENCE,
    RULE_PARAM_CRIT_SPAM_SMTP,
    RULE_PARAM_CRIT_SPAM_RECORD_MOST,
    RULE_PARAM_CRIT_SPAM_OVER_RECORD,
    RULE_PARAM_CRIT_SPAM_FAIL_SHARE,
    RULE_PARAM_CRIT_DNS_PERSISTENCE,
    RULE_PARAM_CRIT_DNS_OVER_RECORD,
    RULE_PARAM_CRIT_DNS_FLOOR,
    RULE_PARAM_CRIT_DNS_AGE_DAYS,
    RULE_PARAM_CRIT_EXFIL_PERSISTENCE,
    RULE_PARAM_CRIT_EXFIL_BITS,
    RULE_PARAM_CRIT_EXFIL_FLOOR,
    RULE_PARAM_CRIT_EXFIL_AGE_DAYS,
    RULE_PARAM_LIMIT_IN_PERSISTENCE,
    RULE_PARAM_LIMIT_IN_BYTES_PER_S,
    RULE_PARAM_LIMIT_IN_PACKETS_PER_S,
    RULE_PARAM_LIMIT_IN_FLOWS_PER_S,
    RULE_PARAM_LIMIT_OUT_PERSISTENCE,
    RULE_PARAM_LIMIT_OUT_BYTES_PER_S,
    RULE_PARAM_LIMIT_OUT_PACKETS_PER_S,
    RULE_PARAM_LIMIT_OUT_FLOWS_PER_S,
    /* What is not of one rule. */
    RULE_PARAM_VOLUME_FOLD,
    RULE_PARAM_SECOND_CLASS_HOURS,
    RULE_PARAM_LEDGER_BYTES_B0,
    RULE_PARAM_LEDGER_BYTES_A0,
    RULE_PARAM_LEDGER_BYTES_ALPHA,
    RULE_PARAM_LEDGER_BYTES_FLOOR,
    RULE_PARAM_LEDGER_RATE_B0,
    RULE_PARAM_LEDGER_RATE_A0,
    RULE_PARAM_LEDGER_RATE_ALPHA,
    RULE_PARAM_LEDGER_RATE_FLOOR,
    RULE_PARAM_LEDGER_LONG_B0,
    RULE_PARAM_LEDGER_LONG_A0,
    RULE_PARAM_LEDGER_LONG_ALPHA,
    RULE_PARAM_LEDGER_LONG_FLOOR,
    RULE_PARAM_LEDGER_LONG_MINUTES,
    RULE_PARAM_LEDGER_MINUTES_B0,
    RULE_PARAM_LEDGER_MINUTES_A0,
    RULE_PARAM_LEDGER_MINUTES_ALPHA,
    RULE_PARAM_LEDGER_MINUTES_FLOOR,
    RULE_PARAM_COUNT, /* also: none */
};

struct rule_param_row {
    const char *name; /* "exfil.floor": the rule's name in front of the dot */
    const char *unit; /* "bytes/min"; never empty */
    double initial;   /* the default */
    double minimum;
    double maximum;
    const char *help; /* what it asks, in a few words */
};

extern const struct rule_param_row rule_param_rows[RULE_PARAM_COUNT];

/* One set of them. */
struct rule_params {
    double values[RULE_PARAM_COUNT];
    uint32_t rules_off; /* bit 1 << enum rule: never fires */
};

/* The defaults, all rules on. */
void rule_params_init(struct rule_params *params);

/* The index of the one with that name, RULE_PARAM_COUNT when there is none. */
enum rule_param rule_param_find(struct bytes name);

/* Whether `value` may stand there. Errors: ERROR_ARGUMENT (name, value, bounds, unit). */
bool rule_param_check(enum rule_param param, double value, struct error *err);

/* The same of all. */
bool rule_params_check(const struct rule_params *params, struct error *err);

/* XXH3-64 over all values and `rules_off` in a fixed form. */
uint64_t rule_params_hash(const struct rule_params *params);

#endif
