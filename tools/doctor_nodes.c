/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about whose traffic it is: directions, nodes, and what is logged twice. */
#include "tools/doctor_rules.h"

typedef unsigned long long number;

/* Below a hundredth of the records it does not move a baseline. */
#define DIRECTION_WARNING_SHARE 100u

static const char *direction_advice(const struct exam_feed *feed,
                                    const struct findings_context *context) {
    const struct source_profile *profile = feed->ops == NULL ? NULL : feed->ops->profile;
    return context->has_inventory ? "add the missing addresses to the inventory"
           : profile == NULL      ? NULL
                                  : profile->direction_advice;
}

void doctor_rule_direction(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context) {
    struct finding row = {
        .severity = FINDING_NOTE,
        .id = "direction_unknown",
        .why = "they count neither as inbound nor as outbound of their node",
    };
    uint64_t records = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct source_counts *counts = &exam->feeds[i].counts;
        records += counts->records;
        if (counts->direction_unknown > 0) {
            row.advice =
                row.advice != NULL ? row.advice : direction_advice(&exam->feeds[i], context);
            finding_of_feed(&row, exam->feeds[i].plan->name, counts->direction_unknown,
                            counts->records);
        }
    }
    char share[FINDING_SHARE_SIZE];
    if (row.count > 0) {
        row.severity =
            row.count >= row.of / DIRECTION_WARNING_SHARE ? FINDING_WARNING : FINDING_NOTE;
        row.what = findings_text(findings, "%llu of %llu records (%s) have no known direction%s",
                                 (number)row.count, (number)row.of,
                                 finding_share(row.count, row.of, share),
                                 findings_where(findings, exam, &row));
        findings_add(findings, &row);
    } else if (records > 0) {
        findings_add(findings, &(struct finding){ .severity = FINDING_OK,
                                                  .id = "direction_unknown",
                                                  .what = "the direction of every record is known",
                                                  .of = records });
    }
}

void doctor_rule_overlap(struct findings *findings, const struct exam *exam,
                         const struct findings_context *context) {
    (void)context;
    const struct sighting_overlap *overlap = &exam->overlap;
    if (overlap->points > 0) {
        struct finding row = {
            .severity = FINDING_NOTE,
            .id = "double_counting",
            .why = "the flows of all are stored, but a window counts those of one log only: the "
                   "one with the smallest name",
            .advice = "leave one of the logs out to save room",
        };
        for (int i = 0; i < 2; i++) {
            if (i == 0 || overlap->feeds[1] != overlap->feeds[0]) {
                finding_of_feed(&row, exam->feeds[overlap->feeds[i]].plan->name, 0, 0);
            }
        }
        row.count = overlap->points;
        row.what = findings_text(
            findings, "%llu interface%s more than one log at once: %.*s in %.*s and %.*s%s",
            (number)overlap->points, overlap->points == 1 ? " is in" : "s are in",
            (int)overlap->name.size, (const char *)overlap->name.data, (int)overlap->logs[0].size,
            (const char *)overlap->logs[0].data, (int)overlap->logs[1].size,
            (const char *)overlap->logs[1].data, overlap->points > 1 ? ", ..." : "");
        findings_add(findings, &row);
    }
}

void doctor_rule_inventory(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context) {
    uint64_t nodes = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        nodes += exam->feeds[i].seen.nodes;
    }
    if (!context->has_inventory && nodes > 0) {
        findings_add(findings, &(struct finding){
                                   .severity = FINDING_NOTE,
                                   .id = "no_inventory",
                                   .what = "no inventory was given",
                                   .why = "each interface or address is a node of its own, and "
                                          "alerts name it by its id",
                                   .advice = "give --inventory nodes.csv (columns node,match)",
                               });
    }
}

/* One object has no order to keep, and is no mixture. */
void doctor_rule_names(struct findings *findings, const struct exam *exam,
                       const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_NOTE,
        .id = "names",
        .why = "all of a folder is one flow log then, so two logs of one interface count twice",
    };
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        const struct source_profile *profile = feed->ops == NULL ? NULL : feed->ops->profile;
        if (feed->has_format && profile != NULL && profile->names_advice != NULL &&
            feed->objects_unnamed > 1) {
            row.advice = profile->names_advice;
            finding_of_feed(&row, feed->plan->name, feed->objects_unnamed, feed->plan->count);
        }
    }
    if (row.feed_count > 0) {
        row.what =
            findings_text(findings, "names of %llu of %llu objects tell no flow log and no time%s",
                          (number)row.count, (number)row.of, findings_where(findings, exam, &row));
        findings_add(findings, &row);
    }
}
