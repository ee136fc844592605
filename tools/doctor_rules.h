/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_DOCTOR_RULES_H
#define WEIR_TOOLS_DOCTOR_RULES_H

#include "tools/doctor_finding.h"

/* Adds what an exam shows, rule by rule, in the order of what matters most. Of formats it knows
 * only what their sources tell (struct source_profile, struct source_fact). */
void doctor_rules_apply(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context);

#endif
