/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about times: lateness, the future, the aggregation interval. */
#include "tools/doctor_rules.h"

#include "base/time.h"
#include "base/units.h"

typedef unsigned long long number;

/* "10m"; whole minutes, rounded up, so that what is advised holds. */
static const char *minutes_up(struct findings *findings, int64_t ms) {
    char text[UNITS_TEXT_SIZE];
    int64_t minutes = (ms + TIME_MINUTE_MS - 1) / TIME_MINUTE_MS;
    (void)units_format_duration(minutes * TIME_MINUTE_MS, text);
    return findings_text(findings, "%s", text);
}

static const char *duration(struct findings *findings, int64_t ms) {
    char text[UNITS_TEXT_SIZE];
    (void)units_format_duration(ms, text);
    return findings_text(findings, "%s", text);
}

/* No delivery is later; what is, is something else. */
#define LATENESS_ADVISED_MAX_MS TIME_DAY_MS

void doctor_rule_late(struct findings *findings, const struct exam *exam,
                      const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_WARNING,
        .id = "late",
        .why = "late records are stored, and are in no window",
    };
    uint64_t ordered = 0;
    int64_t need_ms = 0;
    int64_t lateness_ms = 0;
    bool is_loose = false; /* windows stay open longer than they need: that hides lateness */
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        ordered += feed->ordered;
        is_loose |= feed->interval_ms > 0 && feed->interval_ms < feed->reach_ms;
        need_ms = feed->need_ms > need_ms ? feed->need_ms : need_ms;
        lateness_ms = feed->lateness_ms > lateness_ms ? feed->lateness_ms : lateness_ms;
        if (feed->late > 0) {
            finding_of_feed(&row, feed->plan->name, feed->late, feed->ordered);
        }
    }
    if (ordered == 0) {
        return; /* one object, or one batch: nothing came behind anything */
    }
    char share[FINDING_SHARE_SIZE];
    if (row.count > 0) {
        row.what = findings_text(
            findings, "up to %llu of %llu records (%s) come later than --lateness %s allows%s",
            (number)row.count, (number)row.of, finding_share(row.count, row.of, share),
            duration(findings, lateness_ms), findings_where(findings, exam, &row));
        row.advice = need_ms > LATENESS_ADVISED_MAX_MS
                         ? "read what is so old apart: it lies more than a day behind"
                         : findings_text(findings, "--lateness %s holds all that was read",
                                         minutes_up(findings, need_ms));
    } else {
        row = (struct finding){ .severity = FINDING_OK, .id = "late", .of = ordered };
        const char *within = findings_text(findings, "all records come within --lateness %s",
                                           duration(findings, lateness_ms));
        row.what = is_loose ? within
                            : findings_text(findings, "%s (%s would do)", within,
                                            minutes_up(findings, need_ms));
    }
    findings_add(findings, &row);
}

void doctor_rule_future(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_WARNING,
        .id = "future",
        .why = "they end more than an hour ahead of what they come with; they are stored, and are "
               "in no window",
        .advice = "look at the clock of what wrote them",
    };
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        if (feed->future > 0) {
            finding_of_feed(&row, feed->plan->name, feed->future, feed->timed + feed->future);
        }
    }
    char share[FINDING_SHARE_SIZE];
    if (row.count > 0) {
        row.what = findings_text(findings, "%llu of %llu records (%s) are from the future%s",
                                 (number)row.count, (number)row.of,
                                 finding_share(row.count, row.of, share),
                                 findings_where(findings, exam, &row));
        findings_add(findings, &row);
    }
}

void doctor_rule_gaps(struct findings *findings, const struct exam *exam,
                      const struct findings_context *context) {
    (void)context;
    struct finding row = {
        .severity = FINDING_NOTE,
        .id = "gaps",
        .why = "nothing was observed there, so nothing is learned and no alert comes",
        .advice = "fetch what is missing, if traffic went on",
    };
    const struct exam_feed *longest = NULL;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        if (feed->gaps > 0) {
            finding_of_feed(&row, feed->plan->name, feed->gaps, 0);
            longest = longest == NULL || feed->gap_max_ms > longest->gap_max_ms ? feed : longest;
        }
    }
    if (longest != NULL) {
        char from[TIME_TEXT_SIZE];
        char text[UNITS_TEXT_SIZE];
        (void)time_format_seconds(longest->gap_from_ms, NULL, from);
        (void)units_format_duration_short(longest->gap_max_ms, text);
        row.what =
            findings_text(findings, "%llu gap%s of more than an hour%s, the longest of %s from %s",
                          (number)row.count, row.count == 1 ? "" : "s",
                          findings_where(findings, exam, &row), text, from);
        findings_add(findings, &row);
    }
}

/* Feeds of the profile whose records show that interval; the others are not counted. */
static struct finding interval_row(const struct exam *exam, const struct source_profile *profile,
                                   int64_t interval_ms, int64_t *reach_ms) {
    struct finding row = { .id = "interval" };
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        if (feed->ops != NULL && feed->ops->profile == profile &&
            feed->interval_ms == interval_ms) {
            finding_of_feed(&row, feed->plan->name, 0, 0);
            *reach_ms = feed->reach_ms;
        }
    }
    return row;
}

static void add_interval(struct findings *findings, const struct exam *exam,
                         const struct source_profile *profile, size_t at) {
    int64_t interval_ms = profile->intervals_ms[at];
    int64_t reach_ms = 0;
    struct finding row = interval_row(exam, profile, interval_ms, &reach_ms);
    if (row.feed_count == 0) {
        return;
    }
    const char *place = findings_where(findings, exam, &row);
    const char *seconds = findings_text(findings, "%llus", (number)interval_ms / 1000);
    row.what = findings_text(findings, "records last up to %s%s: that is the aggregation interval",
                             seconds, place);
    if (interval_ms > reach_ms) {
        row.severity = FINDING_WARNING;
        row.why = findings_text(findings, "under %s %llus a longer record counts in its last part",
                                profile->interval_option, (number)reach_ms / 1000);
        row.advice = findings_text(findings, "say %s %s", profile->interval_option, seconds);
    } else if (interval_ms < reach_ms) {
        row.severity = FINDING_NOTE;
        row.why = findings_text(findings, "windows stay open for %s, which is not needed",
                                duration(findings, reach_ms));
        row.advice = findings_text(findings, "say %s %s", profile->interval_option, seconds);
    } else if (at > 0) {
        row.severity = FINDING_NOTE;
        row.why = "windows close, and alerts come, by that much later";
        row.advice = profile->interval_advice;
    } else {
        row.severity = FINDING_OK;
    }
    findings_add(findings, &row);
}

void doctor_rule_interval(struct findings *findings, const struct exam *exam,
                          const struct findings_context *context) {
    (void)context;
    const struct source_profile *told = NULL;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct source_ops *ops = exam->feeds[i].ops;
        const struct source_profile *profile = ops == NULL ? NULL : ops->profile;
        if (profile == NULL || profile == told || profile->interval_option == NULL) {
            continue;
        }
        told = profile;
        for (size_t at = 0; at < SOURCE_INTERVALS_MAX && profile->intervals_ms[at] != 0; at++) {
            add_interval(findings, exam, profile, at);
        }
    }
}
