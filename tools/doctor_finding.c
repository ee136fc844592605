/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_finding.h"

#include "tools/doctor_rules.h"

#include <stdarg.h>
#include <stdio.h>

#define ARENA_MAXIMUM ((size_t)4 << 20)

const char *finding_severity_name(enum finding_severity severity) {
    static const char *const NAMES[] = { "problem", "warning", "note", "ok" };
    return NAMES[severity];
}

void findings_init(struct findings *findings) {
    findings->count = 0;
    findings->failed = false;
    arena_init(&findings->arena, ARENA_MAXIMUM);
}

void findings_done(struct findings *findings) {
    arena_done(&findings->arena);
}

void findings_add(struct findings *findings, const struct finding *finding) {
    if (findings->count == FINDINGS_MAX) {
        findings->failed = true;
        return;
    }
    findings->rows[findings->count++] = *finding;
}

const char *findings_text(struct findings *findings, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : arena_take(&findings->arena, (size_t)size + 1);
    if (text == NULL) {
        findings->failed = true;
        return "";
    }
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments); /* it fits */
    va_end(arguments);
    return text;
}

void finding_of_feed(struct finding *finding, const char *feed, uint64_t count, uint64_t of) {
    exam_fact_add(&finding->count, count);
    exam_fact_add(&finding->of, of);
    if (finding->feed_count < FINDING_FEEDS_MAX) {
        finding->feeds[finding->feed_count] = feed;
    }
    finding->feed_count++;
}

const char *findings_where(struct findings *findings, const struct exam *exam,
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

const char *finding_share(uint64_t count, uint64_t of, char out[FINDING_SHARE_SIZE]) {
    /* In tenths of a percent, rounded down, so that only all of them are 100 %. */
    uint64_t tenths = of == 0 ? 0 : (uint64_t)((unsigned __int128)count * 1000 / of);
    if (count > 0 && tenths == 0) {
        (void)snprintf(out, FINDING_SHARE_SIZE, "under 0.1 %%");
    } else {
        (void)snprintf(out, FINDING_SHARE_SIZE, "%llu.%llu %%", (unsigned long long)tenths / 10,
                       (unsigned long long)tenths % 10);
    }
    return out;
}

/* By severity; rules stand in the order of what matters. */
static void sort(struct findings *findings) {
    struct finding sorted[FINDINGS_MAX];
    size_t count = 0;
    for (int severity = FINDING_PROBLEM; severity <= FINDING_OK; severity++) {
        for (size_t i = 0; i < findings->count; i++) {
            if (findings->rows[i].severity == (enum finding_severity)severity) {
                sorted[count++] = findings->rows[i];
            }
        }
    }
    memcpy(findings->rows, sorted, count * sizeof *sorted);
}

bool findings_make(struct findings *findings, const struct exam *exam,
                   const struct findings_context *context, struct error *err) {
    doctor_rules_apply(findings, exam, context);
    if (findings->failed) {
        return error_set(err, ERROR_LIMIT, "no memory for findings");
    }
    sort(findings);
    return true;
}
