/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_rules.h"

/* In the order of what matters most. */
static void (*const RULES[])(struct findings *, const struct exam *,
                             const struct findings_context *) = {
    doctor_rule_inputs,    doctor_rule_no_records, doctor_rule_malformed, doctor_rule_facts,
    doctor_rule_direction, doctor_rule_late,       doctor_rule_future,    doctor_rule_skipdata,
    doctor_rule_gaps,      doctor_rule_interval,   doctor_rule_overlap,   doctor_rule_names,
    doctor_rule_inventory, doctor_rule_unseen,     doctor_rule_reading,
};

void doctor_rules_apply(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context) {
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        RULES[i](findings, exam, context);
    }
}
