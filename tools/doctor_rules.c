/* SPDX-License-Identifier: Apache-2.0 */
/* A rule looks at one matter in all feeds and adds one finding, or, where it is worth a word that
 * all is well, one that says so. */
#include "tools/doctor_rules.h"

#include "base/time.h"
#include "base/units.h"

#include <string.h>

typedef unsigned long long number;

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

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

/* " in FEED", " in 3 feeds (A, B, C)", nothing where there is only one feed at all. */
static const char *where(struct findings *findings, const struct exam *exam,
                         const struct finding *finding) {
    size_t count = finding->feed_count;
    if (exam->plan.feed_count == 1 || count == 0) {
        return "";
    }
    if (count == 1) {
        return findings_text(findings, " in %s", finding->feeds[0]);
    }
    if (count == exam->plan.feed_count) {
        return findings_text(findings, " in all %zu feeds", count);
    }
    const char *text = finding->feeds[0];
    for (size_t i = 1; i < count && i < FINDING_FEEDS_MAX; i++) {
        text = findings_text(findings, "%s, %s", text, finding->feeds[i]);
    }
    return findings_text(findings, " in %zu feeds (%s%s)", count, text,
                         count > FINDING_FEEDS_MAX ? ", ..." : "");
}

/* ---- inputs ---- */

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
static void rule_foreign(struct findings *findings, const struct exam *exam) {
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

static void rule_inputs(struct findings *findings, const struct exam *exam) {
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
    rule_foreign(findings, exam);
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

/* ---- lines ---- */

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

/* Whether anything of the format was found: else nothing is to be said of what is absent. */
static bool has_shape(const struct exam_feed *feed) {
    const struct source_counts *counts = &feed->counts;
    return counts->headers + counts->records + counts->nodata + counts->skipdata + counts->decoded >
           0;
}

static uint64_t frames_of(const struct source_counts *counts) {
    return counts->decoded + counts->not_ip + counts->rejects[REJECT_FRAME];
}

/* Lines of a text, frames of a capture; in a folder that has both, both. */
static uint64_t units_of(const struct source_counts *counts) {
    return counts->lines + frames_of(counts);
}

static const char *unit_name(const struct exam *exam) {
    uint64_t lines = 0;
    uint64_t frames = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        lines += exam->feeds[i].counts.lines;
        frames += frames_of(&exam->feeds[i].counts);
    }
    return frames == 0 ? "lines" : lines == 0 ? "frames" : "lines and frames";
}

/* From a tenth on the layout or the file is wrong, not a line. */
#define MALFORMED_PROBLEM_SHARE 10u

static void rule_malformed(struct findings *findings, const struct exam *exam) {
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
    row.what = findings_text(findings, "%llu of %llu %s (%s) were not taken%s", (number)row.count,
                             (number)row.of, unit_name(exam),
                             finding_share(row.count, row.of, share), where(findings, exam, &row));
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

static void rule_no_records(struct findings *findings, const struct exam *exam) {
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
        row.what =
            findings_text(findings, "not one record was found%s", where(findings, exam, &row));
        findings_add(findings, &row);
    }
}

static void rule_skipdata(struct findings *findings, const struct exam *exam) {
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
        lines += has_shape(&exam->feeds[i]) && frames_of(counts) == 0 ? counts->lines : 0;
        if (counts->skipdata > 0) {
            finding_of_feed(&row, exam->feeds[i].plan->name, counts->skipdata, counts->lines);
        }
    }
    char share[FINDING_SHARE_SIZE];
    if (row.count > 0) {
        row.what = findings_text(
            findings, "%llu of %llu lines (%s) are SKIPDATA%s", (number)row.count, (number)row.of,
            finding_share(row.count, row.of, share), where(findings, exam, &row));
        findings_add(findings, &row);
    } else if (lines > 0) {
        findings_add(findings, &(struct finding){ .severity = FINDING_OK,
                                                  .id = "skipdata",
                                                  .what = "no line is SKIPDATA",
                                                  .of = lines });
    }
}

/* ---- what the sources tell ---- */

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
    row.what = findings_text(findings, "%s%s", row.what, where(findings, exam, &row));
    findings_add(findings, &row);
}

static void rule_facts(struct findings *findings, const struct exam *exam) {
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        for (uint32_t k = 0; k < exam->feeds[i].fact_count; k++) {
            const struct source_fact *fact = &exam->feeds[i].facts[k].fact;
            if (!was_told(exam, i, fact->id)) {
                add_fact(findings, exam, fact);
            }
        }
    }
}

static void rule_unseen(struct findings *findings, const struct exam *exam) {
    const struct source_profile *told[8]; /* more formats than there are */
    size_t count = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct source_ops *ops = exam->feeds[i].ops;
        const struct source_profile *profile = ops == NULL ? NULL : ops->profile;
        bool is_new = profile != NULL && profile->unseen != NULL && has_shape(&exam->feeds[i]);
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

/* ---- times ---- */

/* No delivery is later; what is, is something else. */
#define LATENESS_ADVISED_MAX_MS TIME_DAY_MS

static void rule_late(struct findings *findings, const struct exam *exam) {
    struct finding row = {
        .severity = FINDING_WARNING,
        .id = "late",
        .why = "late records are stored, and are in no window",
    };
    uint64_t ordered = 0;
    int64_t need_ms = 0;
    int64_t lateness_ms = 0;
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        const struct exam_feed *feed = &exam->feeds[i];
        ordered += feed->ordered;
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
            duration(findings, lateness_ms), where(findings, exam, &row));
        row.advice = need_ms > LATENESS_ADVISED_MAX_MS
                         ? "read what is so old apart: it lies more than a day behind"
                         : findings_text(findings, "--lateness %s holds all that was read",
                                         minutes_up(findings, need_ms));
    } else {
        row = (struct finding){ .severity = FINDING_OK, .id = "late", .of = ordered };
        row.what = findings_text(findings, "all records come within --lateness %s (%s would do)",
                                 duration(findings, lateness_ms), minutes_up(findings, need_ms));
    }
    findings_add(findings, &row);
}

static void rule_future(struct findings *findings, const struct exam *exam) {
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
        row.what = findings_text(
            findings, "%llu of %llu records (%s) are from the future%s", (number)row.count,
            (number)row.of, finding_share(row.count, row.of, share), where(findings, exam, &row));
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
    const char *place = where(findings, exam, &row);
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

static void rule_interval(struct findings *findings, const struct exam *exam) {
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

/* ---- whose traffic it is ---- */

/* Below a hundredth of the records it does not move a baseline. */
#define DIRECTION_WARNING_SHARE 100u

static const char *direction_advice(const struct exam_feed *feed,
                                    const struct findings_context *context) {
    const struct source_profile *profile = feed->ops == NULL ? NULL : feed->ops->profile;
    return context->has_inventory ? "add the missing addresses to the inventory"
           : profile == NULL      ? NULL
                                  : profile->direction_advice;
}

static void rule_direction(struct findings *findings, const struct exam *exam,
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
        row.what = findings_text(
            findings, "%llu of %llu records (%s) have no known direction%s", (number)row.count,
            (number)row.of, finding_share(row.count, row.of, share), where(findings, exam, &row));
        findings_add(findings, &row);
    } else if (records > 0) {
        findings_add(findings, &(struct finding){ .severity = FINDING_OK,
                                                  .id = "direction_unknown",
                                                  .what = "the direction of every record is known",
                                                  .of = records });
    }
}

static void rule_overlap(struct findings *findings, const struct exam *exam) {
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

static void rule_inventory(struct findings *findings, const struct exam *exam,
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

static void rule_reading(struct findings *findings, const struct exam *exam) {
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

void doctor_rules_apply(struct findings *findings, const struct exam *exam,
                        const struct findings_context *context) {
    rule_inputs(findings, exam);
    rule_no_records(findings, exam);
    rule_malformed(findings, exam);
    rule_facts(findings, exam);
    rule_direction(findings, exam, context);
    rule_late(findings, exam);
    rule_future(findings, exam);
    rule_skipdata(findings, exam);
    rule_interval(findings, exam);
    rule_overlap(findings, exam);
    rule_inventory(findings, exam, context);
    rule_unseen(findings, exam);
    rule_reading(findings, exam);
}
