/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_CONDITIONS_H
#define WEIR_DETECT_RULE_CONDITIONS_H

#include "detect/rule.h"

/* What the rows of the table (rule.h) ask of a node beside the numbers that the kernel compares: a
 * function each, named after the rule. Pure: the scores and their parameters decide. */

bool condition_serve(const struct rule_scores *scores);
bool condition_flood_in(const struct rule_scores *scores);
bool condition_flood_out(const struct rule_scores *scores);
bool condition_exfil(const struct rule_scores *scores);
bool condition_led_exfil(const struct rule_scores *scores);
bool condition_crit_exfil(const struct rule_scores *scores);
bool condition_led_rate(const struct rule_scores *scores);
bool condition_led_long(const struct rule_scores *scores);
bool condition_led_persist(const struct rule_scores *scores);
bool condition_dns_slow(const struct rule_scores *scores);
bool condition_crit_dns(const struct rule_scores *scores);
bool condition_syn_flood(const struct rule_scores *scores);
bool condition_req_flood(const struct rule_scores *scores);
bool condition_scan(const struct rule_scores *scores);
bool condition_scan_slow(const struct rule_scores *scores);
bool condition_port_scan(const struct rule_scores *scores);
bool condition_crit_scan(const struct rule_scores *scores);
bool condition_spam(const struct rule_scores *scores);
bool condition_crit_spam(const struct rule_scores *scores);
bool condition_ramp(const struct rule_scores *scores);
bool condition_limit_in(const struct rule_scores *scores);
bool condition_limit_out(const struct rule_scores *scores);

/* How many windows a strong one counts for. */
double condition_scan_weight(const struct rule_scores *scores);
double condition_port_scan_weight(const struct rule_scores *scores);

/* As which class the rule speaks. */
enum attack_class condition_led_exfil_class(const struct rule_scores *scores);
enum attack_class condition_flood_in_class(const struct rule_scores *scores);

/* Of which feature it speaks. */
enum feature condition_spam_about(const struct rule_scores *scores);
enum feature condition_limit_in_about(const struct rule_scores *scores);
enum feature condition_limit_out_about(const struct rule_scores *scores);

/* Whether it is set at all. */
bool condition_limit_in_is_on(const struct rule_params *params);
bool condition_limit_out_is_on(const struct rule_params *params);

#endif
