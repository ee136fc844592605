/* SPDX-License-Identifier: Apache-2.0 */
/* Lateness is measured as feeds judge it (ingest/feed_join.h): a record is late against what was
 * said before its batch, so disorder inside a batch is none. A run joins small batches, and says
 * less often how far it is: so what is late here is the most that can be late there. */
#include "ingest/survey.h"

#include <stdlib.h>

struct survey *survey_new(void) {
    return calloc(1, sizeof(struct survey));
}

void survey_begin(struct survey *survey, const struct survey_rule *rule) {
    survey->rule = *rule;
    survey->twins = survey->timed = survey->future = survey->ordered = survey->late = 0;
    survey->start_min_ms = INT64_MAX;
    survey->end_max_ms = INT64_MIN;
    survey->newest_ms = survey->seen_ms = INT64_MIN;
    survey->need_ms = 0;
    survey->gaps = 0;
    survey->gap_max_ms = 0;
    survey->gap_from_ms = 0;
    memset(survey->within, 0, sizeof survey->within);
    quantile_reset(&survey->behind_newest);
    quantile_reset(&survey->behind_stamp);
    quantile_reset(&survey->duration);
}

void survey_skip(struct survey *survey) {
    survey->newest_ms = survey->seen_ms = INT64_MIN;
}

static uint64_t units_between(const struct survey *survey, int64_t from_ms, int64_t to_ms) {
    return to_ms <= from_ms ? 0 : (uint64_t)(to_ms - from_ms) / survey->rule.unit_ms;
}

/* The record reaches back to `touch`; it is late when that lies before newest - lateness - reach.
 */
static void measure_lateness(struct survey *survey, int64_t start_ms, int64_t end_ms) {
    const struct survey_rule *rule = &survey->rule;
    int64_t reached_ms = end_ms + (int64_t)rule->unit_ms - rule->reach_ms;
    int64_t touch_ms = start_ms > reached_ms ? start_ms : reached_ms;
    int64_t need_ms = survey->newest_ms + (int64_t)rule->unit_ms - rule->reach_ms - touch_ms;
    survey->ordered++;
    survey->late += need_ms > rule->lateness_ms;
    survey->need_ms = need_ms > survey->need_ms ? need_ms : survey->need_ms;
    quantile_add(&survey->behind_newest, units_between(survey, end_ms, survey->newest_ms));
}

static void measure_gap(struct survey *survey, int64_t start_ms, int64_t end_ms) {
    int64_t gap_ms = survey->seen_ms == INT64_MIN ? 0 : start_ms - survey->seen_ms;
    survey->gaps += gap_ms > SURVEY_GAP_MS;
    if (gap_ms > SURVEY_GAP_MS && gap_ms > survey->gap_max_ms) {
        survey->gap_max_ms = gap_ms;
        survey->gap_from_ms = survey->seen_ms;
    }
    survey->seen_ms = end_ms > survey->seen_ms ? end_ms : survey->seen_ms;
}

static void measure(struct survey *survey, int64_t start_ms, int64_t end_ms, int64_t stamp_ms) {
    survey->timed++;
    measure_gap(survey, start_ms, end_ms);
    survey->start_min_ms = start_ms < survey->start_min_ms ? start_ms : survey->start_min_ms;
    survey->end_max_ms = end_ms > survey->end_max_ms ? end_ms : survey->end_max_ms;
    quantile_add(&survey->duration, units_between(survey, start_ms, end_ms));
    for (size_t i = 0; i < SOURCE_INTERVALS_MAX; i++) {
        survey->within[i] += end_ms - start_ms <= survey->rule.intervals_ms[i];
    }
    if (survey->newest_ms != INT64_MIN) {
        measure_lateness(survey, start_ms, end_ms);
    }
    if (stamp_ms != INT64_MIN) {
        quantile_add(&survey->behind_stamp, units_between(survey, end_ms, stamp_ms));
    }
}

static void note_coverage(struct survey *survey, const struct batch *batch) {
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        survey->start_min_ms =
            row->start_ms < survey->start_min_ms ? row->start_ms : survey->start_min_ms;
        survey->end_max_ms = row->end_ms > survey->end_max_ms ? row->end_ms : survey->end_max_ms;
        survey->seen_ms = row->end_ms > survey->seen_ms ? row->end_ms : survey->seen_ms;
    }
}

void survey_add(struct survey *survey, const struct batch *batch, int64_t stamp_ms) {
    const struct survey_rule *rule = &survey->rule;
    struct split *split = &survey->split;
    struct split_extent extent = split_extent_of(batch, rule->unit_ms, rule->reach_ms);
    struct split_rule none_late = {
        .unit_ms = rule->unit_ms,
        .reach_ms = rule->reach_ms,
        .low_ms = INT64_MIN,
        .stamp_ms = stamp_ms,
    };
    split_rows(split, batch, &extent, &none_late);
    survey->future += split->future_count;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (split->future_count == 0 || !split->is_future[i]) {
            measure(survey, batch->start_ms[i], batch->end_ms[i], stamp_ms);
        }
        survey->twins += (batch->quality[i] & QUALITY_TWIN) != 0;
    }
    note_coverage(survey, batch);
    if (split->normal_count > 0 && split->end_max_ms > survey->newest_ms) {
        survey->newest_ms = split->end_max_ms;
    }
}

struct survey_spread survey_spread_of(const struct survey *survey,
                                      const struct quantile *quantile) {
    int64_t unit_ms = survey->rule.unit_ms;
    return (struct survey_spread){
        .count = quantile->count,
        .p50_ms = (int64_t)quantile_get(quantile, 500) * unit_ms,
        .p99_ms = (int64_t)quantile_get(quantile, 990) * unit_ms,
        .max_ms = (int64_t)quantile_get(quantile, 1000) * unit_ms,
    };
}

int64_t survey_interval_ms(const struct survey *survey) {
    if (survey->timed < SURVEY_INTERVAL_RECORDS_MIN) {
        return 0;
    }
    for (size_t i = 0; i < SOURCE_INTERVALS_MAX && survey->rule.intervals_ms[i] != 0; i++) {
        if (survey->timed - survey->within[i] <= survey->timed / 1000) {
            return survey->rule.intervals_ms[i];
        }
    }
    return 0;
}
