/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about files: what cannot be read, what is not read, and how much was. */
#include "tools/doctor_rules.h"

#include <string.h>

typedef unsigned long long number;

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

static const struct exam_trouble *first_trouble(const struct exam *exam,
                                                enum exam_trouble_kind kind) {
    for (size_t i = 0; i < exam->trouble_count; i++) {
        if (exam->troubles[i].kind == kind) {
            return &exam->troubles[i];
        }
    }
    return NULL;
}

static void add_trouble(struct findings *findings, const struct exam *exam,
                        enum exam_trouble_kind kind, const struct finding *finding,
                        const char *verb) {
    const struct exam_trouble *first = first_trouble(exam, kind);
    uint64_t count = exam->trouble_counts[kind];
    if (first == NULL) {
        return;
    }
    struct finding row = *finding;
    row.count = count;
    row.of = exam->plan.object_count;
    bool says_more = strcmp(first->what, verb) != 0;
    row.what =
        findings_text(findings, "%llu of %llu file%s %s: %s%s%s%s%s", (number)count, (number)row.of,
                      plural(row.of), verb, first->path, says_more ? " (" : "",
                      says_more ? first->what : "", says_more ? ")" : "", count > 1 ? ", ..." : "");
    findings_add(findings, &row);
}

/* Foreign formats are named one by one. Only those among the first troubles: the rest is like
 * them. */
static void add_foreign(struct findings *findings, const struct exam *exam) {
    for (size_t i = 0; i < exam->trouble_count; i++) {
        const struct exam_trouble *trouble = &exam->troubles[i];
        uint64_t count = 0;
        bool is_first = trouble->kind == EXAM_FOREIGN;
        for (size_t k = 0; k < exam->trouble_count && is_first; k++) {
            bool is_same = exam->troubles[k].kind == EXAM_FOREIGN &&
                           strcmp(exam->troubles[k].what, trouble->what) == 0;
            is_first = !(is_same && k < i);
            count += is_same;
        }
        if (!is_first || findings->count >= FINDINGS_MAX / 2) {
            continue;
        }
        struct finding row = {
            .severity = FINDING_PROBLEM,
            .id = "foreign",
            .why = "what is in it is not read",
            .advice = trouble->advice != NULL ? trouble->advice
                                              : "leave it out, or name its format by --format",
            .count = count,
            .of = exam->plan.object_count,
        };
        row.what =
            findings_text(findings, "%llu of %llu file%s: %s (%s%s)", (number)count, (number)row.of,
                          plural(row.of), trouble->what, trouble->path, count > 1 ? ", ..." : "");
        findings_add(findings, &row);
    }
}

void doctor_rule_inputs(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context) {
    (void)context;
    static const struct finding UNREADABLE = {
        .severity = FINDING_PROBLEM,
        .id = "unreadable",
        .why = "what is in it is missing from every total",
        .advice = "mend paths and permissions",
    };
    static const struct finding DAMAGED = {
        .severity = FINDING_PROBLEM,
        .id = "damaged",
        .why = "what stands in front of the damage is read, what comes behind it is lost",
        .advice = "fetch the file again",
    };
    static const struct finding EMPTY = {
        .severity = FINDING_NOTE,
        .id = "empty",
        .advice = "fetch the file again if it should not be",
    };
    add_trouble(findings, exam, EXAM_UNREADABLE, &UNREADABLE, "not readable");
    add_foreign(findings, exam);
    add_trouble(findings, exam, EXAM_DAMAGED, &DAMAGED, "damaged");
    const struct exam_copies *copies = &exam->copies;
    if (copies->count > 0) {
        struct finding row = {
            .severity = FINDING_PROBLEM,
            .id = "copies",
            .why = "one replay reads both and counts their traffic twice",
            .advice = "remove one of them",
            .count = copies->count,
            .of = exam->plan.object_count,
        };
        row.what = findings_text(
            findings, "%llu file%s cop%s of others%s: %s and %s%s", (number)copies->count,
            copies->count == 1 ? " is a" : "s are", copies->count == 1 ? "y" : "ies",
            copies->is_whole_compared ? "" : " (by size and the first 64 KiB)", copies->paths[0],
            copies->paths[1], copies->count > 1 ? ", ..." : "");
        findings_add(findings, &row);
    }
    add_trouble(findings, exam, EXAM_EMPTY, &EMPTY, "empty");
}

void doctor_rule_reading(struct findings *findings, const struct exam *exam,
                         const struct findings_context *context) {
    (void)context;
    bool is_part =
        exam->objects_read > exam->objects_whole || exam->objects_chosen < exam->plan.object_count;
    if (is_part) {
        findings_add(findings,
                     &(struct finding){ .severity = FINDING_NOTE,
                                        .id = "sampled",
                                        .what = "only a part was read, spread over each feed",
                                        .why = "what is rare may be missing above, as may be what "
                                               "is late",
                                        .advice = "--all reads everything, --read SIZE more" });
    }
}
