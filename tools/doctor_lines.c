/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what was and was not taken of the files. */
#include "tools/doctor_rules.h"

typedef unsigned long long number;

static const struct exam_reject *largest_reject(const struct exam *exam, int *reason) {
    const struct exam_reject *largest = NULL;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_reject *rejects = exam->feeds[i].rejects;
        for (int k = 0; k < REJECT_REASON_COUNT && rejects != NULL; k++) {
            if (rejects[k].path != NULL && (largest == NULL || rejects[k].count > largest->count)) {
                largest = &rejects[k];
                *reason = k;
            }
        }
    }
    return largest;
}

/* Lines of a text, frames of a capture; in a folder that has both, both. */
static uint64_t units_of(const struct source_counts *counts) {
    return counts->lines + exam_frames(counts);
}

static const char *unit_name(const struct exam *exam) {
    uint64_t lines = 0;
    uint64_t frames = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        lines += exam->feeds[i].counts.lines;
        frames += exam_frames(&exam->feeds[i].counts);
    }
    return frames == 0 ? "lines" : lines == 0 ? "frames" : "lines and frames";
}

/* From a tenth on the layout or the file is wrong, not a line. */
#define MALFORMED_PROBLEM_SHARE 10u

void doctor_rule_malformed(struct findings *findings, const struct exam *exam,
                           const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_WARNING,
        .id = "malformed",
        .why = "they are in no total",
    };
    bool is_assumed = false;
    uint64_t all = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        uint64_t units = units_of(&feed->counts);
        all += units;
        if (feed->counts.malformed == 0) {
            continue;
        }
        finding_of_feed(&row, feed->plan->name, feed->counts.malformed, units);
        is_assumed |= feed->objects_assumed > 0;
        if (feed->counts.malformed >=
            (units + MALFORMED_PROBLEM_SHARE - 1) / MALFORMED_PROBLEM_SHARE) {
            row.severity = FINDING_PROBLEM;
        }
    }
    if (row.feed_count == 0) {
        if (all > 0) {
            row = (struct finding){ .severity = FINDING_OK, .id = "malformed", .of = all };
            row.what =
                findings_text(findings, "all %llu %s were taken", (number)all, unit_name(exam));
            findings_add(findings, &row);
        }
        return;
    }
    int reason = 0;
    char share[FINDING_SHARE_SIZE];
    const struct exam_reject *reject = largest_reject(exam, &reason);
    row.what =
        findings_text(findings, "%llu of %llu %s (%s) were not taken%s", (number)row.count,
                      (number)row.of, unit_name(exam), finding_share(row.count, row.of, share),
                      findings_where(findings, exam, &row));
    if (reject != NULL) {
        row.what = findings_text(findings, "%s, mostly by their %s: %s %s %llu: %s", row.what,
                                 reject_reason_name((enum reject_reason)reason), reject->path,
                                 reason == REJECT_FRAME ? "frame" : "line",
                                 (number)reject->first.line, reject->first.excerpt);
    }
    row.advice = is_assumed ? "leave the files out if they are no flow logs; else name the fields "
                              "of lines without a header (--aws-format)"
                 : reason == REJECT_FRAME ? NULL
                                          : "compare the line with the layout below";
    findings_add(findings, &row);
}

void doctor_rule_no_records(struct findings *findings, const struct exam *exam,
                            const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_PROBLEM,
        .id = "no_records",
        .why = "there is nothing to measure in it",
        .advice = "see the other findings for the reason",
    };
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        const struct source_counts *counts = &feed->counts;
        if (units_of(counts) > 0 && counts->records + counts->nodata + counts->skipdata == 0) {
            finding_of_feed(&row, feed->plan->name, 0, 0);
        }
    }
    if (row.feed_count > 0) {
        row.what = findings_text(findings, "not one record was found%s",
                                 findings_where(findings, exam, &row));
        findings_add(findings, &row);
    }
}

void doctor_rule_skipdata(struct findings *findings, const struct exam *exam,
                          const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_WARNING,
        .id = "skipdata",
        .why = "the source lost data there, and each line may stand for many flows: such windows "
               "are no zero traffic, and their alerts say so",
        .advice = "ask the provider when the share is high",
    };
    uint64_t lines = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct source_counts *counts = &exam->feeds[i].counts;
        lines +=
            exam_feed_has_shape(&exam->feeds[i]) && exam_frames(counts) == 0 ? counts->lines : 0;
        if (counts->skipdata > 0) {
            finding_of_feed(&row, exam->feeds[i].plan->name, counts->skipdata, counts->lines);
        }
    }
    char share[FINDING_SHARE_SIZE];
    if (row.count > 0) {
        row.what = findings_text(
            findings, "%llu of %llu lines (%s) are SKIPDATA%s", (number)row.count, (number)row.of,
            finding_share(row.count, row.of, share), findings_where(findings, exam, &row));
        findings_add(findings, &row);
    } else if (lines > 0) {
        findings_add(findings, &(struct finding){ .severity = FINDING_OK,
                                                  .id = "skipdata",
                                                  .what = "no line is SKIPDATA",
                                                  .of = lines });
    }
}
