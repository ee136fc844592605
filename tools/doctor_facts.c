/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what the sources themselves tell of their formats and objects. */
#include "tools/doctor_rules.h"

#include <string.h>

typedef unsigned long long number;

static bool was_told(const struct exam *exam, size_t feed, const char *id) {
    for (size_t i = 0; i < feed; i++) {
        for (uint32_t k = 0; k < exam->feeds[i].fact_count; k++) {
            if (strcmp(exam->feeds[i].facts[k].fact.id, id) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void add_fact(struct findings *findings, const struct exam *exam,
                     const struct source_fact *fact) {
    static const enum finding_severity SEVERITIES[] = {
        [SOURCE_FINE] = FINDING_OK,
        [SOURCE_NOTE] = FINDING_NOTE,
        [SOURCE_WARNING] = FINDING_WARNING,
        [SOURCE_PROBLEM] = FINDING_PROBLEM,
    };
    struct finding row = {
        .severity = SEVERITIES[fact->weight],
        .id = fact->id,
        .why = fact->why,
        .advice = fact->advice,
    };
    size_t objects = 0;
    size_t described = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        for (uint32_t k = 0; k < feed->fact_count; k++) {
            const struct exam_fact *same = &feed->facts[k];
            if (strcmp(same->fact.id, fact->id) == 0 &&
                (fact->unit == NULL || same->fact.count > 0)) {
                finding_of_feed(&row, feed->plan->name, same->fact.count, same->fact.of);
                objects += same->objects;
                described += feed->objects_described;
            }
        }
    }
    if (row.feed_count == 0) {
        return;
    }
    char share[FINDING_SHARE_SIZE];
    row.what = findings_text(findings, "%s%s%s", fact->what, fact->detail[0] == '\0' ? "" : ": ",
                             fact->detail);
    if (fact->unit != NULL) {
        row.what =
            findings_text(findings, "%llu of %llu %s (%s) %s", (number)row.count, (number)row.of,
                          fact->unit, finding_share(row.count, row.of, share), row.what);
    } else if (objects < described) {
        row.what =
            findings_text(findings, "in %zu of %zu objects %s", objects, described, row.what);
    }
    row.what = findings_text(findings, "%s%s", row.what, findings_where(findings, exam, &row));
    findings_add(findings, &row);
}

void doctor_rule_facts(struct findings *findings, const struct exam *exam,
                       const struct findings_context *context) {
    (void)context;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        for (uint32_t k = 0; k < exam->feeds[i].fact_count; k++) {
            const struct source_fact *fact = &exam->feeds[i].facts[k].fact;
            if (!was_told(exam, i, fact->id)) {
                add_fact(findings, exam, fact);
            }
        }
    }
}

void doctor_rule_unseen(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context) {
    (void)context;
    const struct source_profile *told[8]; /* more formats than there are */
    size_t count = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct source_ops *ops = exam->feeds[i].ops;
        const struct source_profile *profile = ops == NULL ? NULL : ops->profile;
        bool is_new =
            profile != NULL && profile->unseen != NULL && exam_feed_has_shape(&exam->feeds[i]);
        for (size_t k = 0; k < count && is_new; k++) {
            is_new = told[k] != profile;
        }
        if (!is_new || count == sizeof told / sizeof *told) {
            continue;
        }
        told[count++] = profile;
        struct finding row = {
            .severity = FINDING_NOTE,
            .id = "unseen",
            .advice = profile->unseen_advice,
        };
        row.what = findings_text(findings, "%s never hold: %s", profile->title, profile->unseen);
        findings_add(findings, &row);
    }
}
