/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_METRIC_H
#define WEIR_DETECT_METRIC_H

#include <stdint.h>

/* What is measured of a node in a window: one table that code, docs and output share. A metric is
 * scored as y = log2(1 + x / unit), so that a value far below `unit` is as good as none. */
enum metric {
    METRIC_OUT_BYTES,
    METRIC_IN_BYTES,
    METRIC_COUNT,
};

struct metric_row {
    const char *name;  /* as in alerts: "out_bytes" */
    const char *unit;  /* "bytes/min" */
    float scale;       /* the u of the formula, in units a minute */
    uint8_t direction; /* enum direction */
    const char *help;
};

extern const struct metric_row metric_rows[METRIC_COUNT];

/* What arrival adds to a cell: sums that commute. Index 0 is in, 1 is out. Rejected flows are
 * attempts: they count in `rejected` and in none of the others. */
struct metric_sums {
    uint64_t bytes[2];
    uint64_t packets[2];
    uint64_t flows[2]; /* that ended in the window */
    uint64_t rejected[2];
};

/* What is known of the measurement itself. */
enum metric_quality {
    METRIC_OBSERVED = 1 << 0, /* records, NODATA or an observed interval: silence is zero */
    METRIC_SKIPPED = 1 << 1,  /* SKIPDATA touched the window */
    METRIC_SAMPLED = 1 << 2,
    METRIC_CUT = 1 << 3, /* conversations beyond the memory bound: evidence is a sample */
};

#endif
