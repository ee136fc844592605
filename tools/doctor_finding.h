/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_DOCTOR_FINDING_H
#define WEIR_TOOLS_DOCTOR_FINDING_H

#include "ingest/exam.h"

/* What `weir doctor` has to say: findings made of an exam, most important first. A finding is one
 * matter over all feeds, not one a feed: a thousand feeds that lack a field are one line. */

enum finding_severity { FINDING_PROBLEM, FINDING_WARNING, FINDING_NOTE, FINDING_OK };

const char *finding_severity_name(enum finding_severity severity);

#define FINDING_FEEDS_MAX 3u

struct finding {
    enum finding_severity severity;
    const char *id;     /* one word that does not change: "late" */
    const char *what;   /* texts hold what paths and lines hold: not yet printable */
    const char *why;    /* NULL: nothing follows from it */
    const char *advice; /* NULL: nothing is to be done */
    uint64_t count;     /* of `of` things, where things are counted; else 0 */
    uint64_t of;
    size_t feed_count; /* feeds that it is about; 0: of no feed */
    const char *feeds[FINDING_FEEDS_MAX];
};

/* A run makes at most one finding of most kinds, one a foreign format and one a source's fact. */
#define FINDINGS_MAX 128u

struct findings {
    struct finding rows[FINDINGS_MAX];
    size_t count;
    struct arena arena;
    bool failed; /* no memory: rows or texts are missing */
};

void findings_init(struct findings *findings);
void findings_done(struct findings *findings);

struct findings_context {
    bool has_inventory;
};

/* All findings of an exam, in their order. Errors: ERROR_LIMIT. */
bool findings_make(struct findings *findings, const struct exam *exam,
                   const struct findings_context *context, struct error *err);

/* ---- for the rules (tools/doctor_rules.h) ---- */

/* Adds a row; texts that are not static come from findings_text. Never fails: `failed` latches. */
void findings_add(struct findings *findings, const struct finding *finding);

/* A formatted text that lives as long as `findings`; "" when that failed. */
__attribute__((format(printf, 2, 3))) const char *findings_text(struct findings *findings,
                                                                const char *format, ...);

/* Notes a feed that a finding is about, with what it has of it. */
void finding_of_feed(struct finding *finding, const char *feed, uint64_t count, uint64_t of);

/* " in FEED", " in 3 feeds (A, B, C)", " in all 3 feeds"; nothing where there is only one at all.
 */
const char *findings_where(struct findings *findings, const struct exam *exam,
                           const struct finding *finding);

/* "12.3 %", "0.4 %", "under 0.1 %". */
#define FINDING_SHARE_SIZE 32
const char *finding_share(uint64_t count, uint64_t of, char out[FINDING_SHARE_SIZE]);

#endif
