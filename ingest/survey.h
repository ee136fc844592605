/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_SURVEY_H
#define WEIR_INGEST_SURVEY_H

#include "ingest/feed_split.h"
#include "ingest/quantile.h"
#include "ingest/source.h"

/* What can be measured of a feed's batches as they come: how late they are, how long their records
 * last, when they are. A pure accumulation: it opens nothing, and any batches do. One thread at a
 * time. About 3 MB; reset by survey_begin, so that one does for many feeds. */

/* Longer than any deliverer's pause, shorter than a night. */
#define SURVEY_GAP_MS INT64_C(3600000)

struct survey_rule {
    uint32_t unit_ms; /* as in source_ops */
    int64_t reach_ms;
    int64_t lateness_ms;
    int64_t intervals_ms[SOURCE_INTERVALS_MAX]; /* as in source_profile */
};

struct survey {
    struct survey_rule rule;
    uint64_t twins;   /* QUALITY_TWIN */
    uint64_t timed;   /* records whose times count below: those that are not from the future */
    uint64_t future;  /* ingest/feed_split.h */
    uint64_t ordered; /* records that came behind others, so that they could be late */
    uint64_t late;    /* of those: beyond the lateness of the rule, if each batch were a group */
    int64_t start_min_ms; /* INT64_MAX: nothing was seen */
    int64_t end_max_ms;
    uint64_t gaps; /* records that start more than SURVEY_GAP_MS after all that ended before them */
    int64_t gap_max_ms;
    int64_t gap_from_ms; /* where the longest begins */
    int64_t seen_ms;     /* largest end of the records so far; INT64_MIN: as newest_ms */
    int64_t newest_ms;   /* largest end of the batches so far; INT64_MIN: nothing to be late to */
    int64_t need_ms;     /* the lateness under which none of them is late */

    /* In units of the rule. */
    struct quantile behind_newest; /* how far a record's end lies behind `newest_ms`, 0 if ahead */
    struct quantile behind_stamp;  /* and behind its object's stamp */
    struct quantile duration;      /* end - start of records */
    uint64_t within[SOURCE_INTERVALS_MAX]; /* records that last no longer than each interval */
    struct split split;                    /* scratch */
};

/* How long a feed's records last, in ms. */
struct survey_spread {
    uint64_t count;
    int64_t p50_ms;
    int64_t p99_ms;
    int64_t max_ms;
};

/* NULL without memory; freed by free(). */
struct survey *survey_new(void);

/* Starts anew. */
void survey_begin(struct survey *survey, const struct survey_rule *rule);

/* What follows does not come right behind what came before (objects were passed over): nothing can
 * be late to what is not known. */
void survey_skip(struct survey *survey);

/* Takes a batch as a source filled it, of an object with that stamp (INT64_MIN: it has none). */
void survey_add(struct survey *survey, const struct batch *batch, int64_t stamp_ms);

struct survey_spread survey_spread_of(const struct survey *survey, const struct quantile *quantile);

/* Fewer records say nothing of an interval. */
#define SURVEY_INTERVAL_RECORDS_MIN 100u

/* The smallest of the intervals that all records but one in a thousand last no longer than; 0 when
 * there is none, or too few records. */
int64_t survey_interval_ms(const struct survey *survey);

#endif
