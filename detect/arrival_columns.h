/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ARRIVAL_COLUMNS_H
#define WEIR_DETECT_ARRIVAL_COLUMNS_H

#include "detect/metric.h"
#include "flow/batch.h"

/* What the fast path of arrival computes of a block of rows before it adds them: all that needs no
 * lookup, in loops of which the compiler makes vectors. The loops stand once, in
 * arrival_columns.inc.h, and are compiled for each width; all widths give the same bits (integers,
 * and doubles whose results are exact). Any thread.
 *
 * A block is small enough for the first-level cache to hold its columns, and no multiple of 1,024:
 * columns at a distance of 4 KiB would fall on each other there. */

#define ARRIVAL_BLOCK 368u

struct arrival_columns {
    /* Given. */
    uint32_t places[ARRIVAL_BLOCK];
    uint32_t points[ARRIVAL_BLOCK];
    uint32_t peers[ARRIVAL_BLOCK];   /* IPv4 */
    uint32_t is_rare[ARRIVAL_BLOCK]; /* for the plain path; completed */
    uint8_t is_wide[ARRIVAL_BLOCK];  /* the peer is IPv6, and the row in a list of its own */
    /* Computed. */
    uint64_t front[ARRIVAL_BLOCK];  /* the first two words of an entry, without flows */
    uint64_t middle[ARRIVAL_BLOCK]; /* the next two, without packets */
    int32_t from_ms[ARRIVAL_BLOCK]; /* since the start of lane 0 */
    int32_t to_ms[ARRIVAL_BLOCK];
    int32_t bytes[ARRIVAL_BLOCK];
    int32_t packets[ARRIVAL_BLOCK];
    int32_t bytes_before[ARRIVAL_BLOCK]; /* of them before the last window, if it is one of two */
    int32_t packets_before[ARRIVAL_BLOCK];
    uint32_t times[ARRIVAL_BLOCK];   /* as in an entry, of a row that touches one window */
    uint32_t ends_ms[ARRIVAL_BLOCK]; /* since the start of the last window */
    uint32_t lasts[ARRIVAL_BLOCK];   /* lane of the last window */
    uint32_t splits[ARRIVAL_BLOCK];  /* 1: touches the window before it, too; 2: more than that */
    uint8_t marks[ARRIVAL_BLOCK];
    /* Lists of rows (arrival_fast.c). */
    uint16_t one[ARRIVAL_BLOCK]; /* rows that touch one window */
    uint16_t two[ARRIVAL_BLOCK];
    uint16_t many[ARRIVAL_BLOCK];
    uint16_t wide[ARRIVAL_BLOCK]; /* of any number of windows */
};

/* The constants of a batch. */
struct arrival_clock {
    int64_t unit_ms;
    int64_t reach_ms;  /* at most 2^21 */
    int64_t base_ms;   /* start of lane 0; no row ends 2^31 ms after it */
    int64_t floor_ms;  /* since then, >= 0: what begins before it is for the plain path */
    int32_t window_ms; /* at most 2^25 */
    uint32_t shift;    /* of moments within a window */
};

/* Of rows [first, first + count) of the batch; those with `is_rare` set afterwards have computed
 * columns that mean nothing. */
typedef void (*arrival_columns_fill)(struct arrival_columns *columns, const struct batch *batch,
                                     uint32_t first, uint32_t count,
                                     const struct arrival_clock *clock);

/* The widest that this CPU has; WEIR_SIMD=scalar in the environment: the compiler's least. */
arrival_columns_fill arrival_columns_choose(void);

#if defined(__x86_64__)
void arrival_columns_fill_avx2(struct arrival_columns *columns, const struct batch *batch,
                               uint32_t first, uint32_t count, const struct arrival_clock *clock);
#endif

static inline uint8_t arrival_marks(uint16_t quality) {
    return (uint8_t)(METRIC_OBSERVED | ((quality & QUALITY_SKIPPED) != 0 ? METRIC_SKIPPED : 0) |
                     ((quality & QUALITY_SAMPLED) != 0 ? METRIC_SAMPLED : 0));
}

#endif
