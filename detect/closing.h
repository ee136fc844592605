/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_CLOSING_H
#define WEIR_DETECT_CLOSING_H

#include "detect/detector.h"
#include "detect/feature_sink.h"
#include "detect/fleet_stage.h"
#include "detect/judge.h"
#include "detect/past.h"
#include "detect/settle.h"
#include "detect/strand_items.h"

/* What becomes of a window when the watermark has passed it: overlapping logs are resolved, points
 * are summed to nodes, the roster moves on, conversations are joined and measured, and the judge
 * sees the window. One thread. */

/* A node that was not observed for this long of event time is forgotten: longer than the longest
 * periodic job (a month). */
#define CLOSING_FORGET_MS (INT64_C(32) * 24 * 3600 * 1000)
/* An identity that was retired comes back (cold) when the present holder of its name has been
 * silent for this long; until then its stragglers are not taken for a return. */
#define CLOSING_RETURN_MS (INT64_C(3600) * 1000)

struct closing_counts {
    uint64_t windows;       /* in which any node was observed */
    uint64_t duplicate;     /* flows of logs set aside */
    uint64_t nodes_refused; /* flows of nodes beyond nodes_max */
    uint64_t cells_cut;
};

/* Arrays by roster index that a window is judged from; they grow with the roster. */
struct closing {
    float *values[FEATURE_COUNT]; /* FEATURE_DRIFT: none */
    float *led_hours;
    struct ledger_reading *readings;
    uint64_t *absent;
    uint8_t *quality;
    uint32_t *first; /* the node's points in the window's table of what was seen */
    uint32_t *count;
    uint32_t capacity;
    uint32_t *ranks; /* by point: its place in that table */
    uint32_t rank_capacity;
    struct strand_items items; /* of the last fold: its memory */
};

void closing_done(struct closing *closing);

struct closing_target {
    const struct detector_config *config;
    const struct point_set *points;
    struct window_set *windows; /* those that stay open */
    struct roster *roster;
    struct past *past;
    struct judge *judge;
    const struct feature_sink *features; /* NULL: nobody asks */
    struct fleet_stage *stage;           /* reads what the judge says */
};

/* Closes one window, the next one of those that are due; `later` are the others. It stays the
 * caller's, its conversations may have been folded. Errors: ERROR_LIMIT, those of the judge. */
bool closing_run(struct closing *closing, const struct closing_target *target,
                 struct window *window, struct settle_due later, struct closing_counts *counts,
                 struct error *err);

#endif
