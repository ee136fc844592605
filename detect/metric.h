/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_METRIC_H
#define WEIR_DETECT_METRIC_H

#include <stdint.h>

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
    METRIC_CUT = 1 << 3,    /* conversations beyond the memory bound: evidence is a sample */
    METRIC_SPARSE = 1 << 4, /* under a quarter of the records that the node usually has */
};

#endif
