/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_DOCTOR_RULES_H
#define WEIR_TOOLS_DOCTOR_RULES_H

#include "tools/doctor_finding.h"

/* A rule looks at one matter in all feeds and adds one finding, or, where it is worth a word that
 * all is well, one that says so. Of formats rules know only what their sources tell (struct
 * source_profile, struct source_fact). */

/* Applies all of them, in the order of what matters most. */
void doctor_rules_apply(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context);

/* ---- the rules, by file ---- */

/* doctor_inputs.c */
void doctor_rule_inputs(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context);
void doctor_rule_reading(struct findings *findings, const struct exam *exam,
                         const struct findings_context *context);
/* doctor_lines.c */
void doctor_rule_no_records(struct findings *findings, const struct exam *exam,
                            const struct findings_context *context);
void doctor_rule_malformed(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context);
void doctor_rule_skipdata(struct findings *findings, const struct exam *exam,
                          const struct findings_context *context);
/* doctor_facts.c */
void doctor_rule_facts(struct findings *findings, const struct exam *exam,
                       const struct findings_context *context);
void doctor_rule_unseen(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context);
/* doctor_times.c */
void doctor_rule_late(struct findings *findings, const struct exam *exam,
                      const struct findings_context *context);
void doctor_rule_future(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context);
void doctor_rule_gaps(struct findings *findings, const struct exam *exam,
                      const struct findings_context *context);
void doctor_rule_interval(struct findings *findings, const struct exam *exam,
                          const struct findings_context *context);
/* doctor_nodes.c */
void doctor_rule_direction(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context);
void doctor_rule_overlap(struct findings *findings, const struct exam *exam,
                         const struct findings_context *context);
void doctor_rule_inventory(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context);
void doctor_rule_names(struct findings *findings, const struct exam *exam,
                       const struct findings_context *context);

#endif
