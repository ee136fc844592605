/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_CLOSING_PARTS_H
#define WEIR_DETECT_CLOSING_PARTS_H

#include "detect/closing.h"

/* What the files of closing share: one window on its way. */

/* A point that was seen in the window; those of a node are neighbours. */
struct seen {
    const struct point *point;
    const struct cell *cell;
    uint32_t node; /* to be measured; ROSTER_NONE: no */
    uint8_t marks;
    bool is_counted; /* of the log that was taken */
};

struct run {
    struct closing *closing;
    const struct closing_target *target;
    struct window *window;
    struct settle_due later;
    struct closing_counts *counts;
    struct seen *seen; /* sorted: what stands first in it comes first */
    uint32_t seen_count;
    uint32_t observed_count;
    int64_t start_ms;
    int64_t end_ms;
    bool is_compact; /* the window's conversations are */
    uint32_t next;   /* of `seen`: the first point of the next node to measure */
};

/* Joins the conversations of the window and fills the rows of the nodes in `seen`. The roster is
 * sorted. Errors: ERROR_LIMIT. */
bool closing_measure(struct run *run, struct error *err);

/* A judge_evidence with the run as its context. */
bool closing_evidence(void *run, uint32_t node, uint8_t direction, struct evidence *out,
                      struct error *err);

#endif
