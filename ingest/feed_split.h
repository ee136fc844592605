/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_SPLIT_H
#define WEIR_INGEST_FEED_SPLIT_H

#include "flow/batch.h"

/* Which records of a batch keep the feed's promise: late ones, ones from the future, and the rest.
 *
 * A record touches windows from `touch` = max(start, end + unit - D) on (flow/spread.h). It is late
 * when that is before the `low` that its feed has said.
 *
 * It is from the future when it ends more than an hour after its object's stamp. An object without
 * a stamp has only its own order to tell by: there a record is from the future when more than half
 * of the SPLIT_NEIGHBOURS records behind it end over an hour before it does. (The median of the
 * whole batch will not do as a reference: a quiet log has days in one batch, in good order.) The
 * last ones of a batch have too few behind them: they are held against the last SPLIT_NEIGHBOURS,
 * and may be 30 days ahead of those, since a log may pause. */
#define SPLIT_FUTURE_MS INT64_C(3600000)
#define SPLIT_FUTURE_TAIL_MS (30 * INT64_C(86400000))
#define SPLIT_NEIGHBOURS 32u

/* What can be said of a whole batch in one pass, so that the common batch is not looked at again.
 */
struct split_extent {
    int64_t touch_min_ms; /* INT64_MAX without records */
    int64_t start_min_ms; /* the same */
    int64_t end_min_ms;   /* the same */
    int64_t end_max_ms;   /* INT64_MIN without records */
};

/* `reach_ms >= unit_ms`. */
struct split_extent split_extent_of(const struct batch *batch, int64_t unit_ms, int64_t reach_ms);

struct split_rule {
    int64_t unit_ms;
    int64_t reach_ms;
    int64_t low_ms;   /* said before; INT64_MIN: nothing */
    int64_t stamp_ms; /* the object's; INT64_MIN: it has none */
};

/* Rows of a batch, ascending, each in one of the three lists. One thread at a time. */
struct split {
    uint32_t normal_count;
    uint32_t late_count;
    uint32_t future_count;
    int64_t end_max_ms; /* of the normal ones; INT64_MIN when there is none */
    uint16_t normal[BATCH_RECORDS_MAX];
    uint16_t late[BATCH_RECORDS_MAX];
    uint16_t future[BATCH_RECORDS_MAX];
    uint8_t is_future[BATCH_RECORDS_MAX];
};

/* Fills `split`; when all records are normal (by `extent` alone, as a rule) the lists are not
 * written: only counts and `end_max_ms`. */
void split_rows(struct split *split, const struct batch *batch, const struct split_extent *extent,
                const struct split_rule *rule);

#endif
