/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ARRIVAL_H
#define WEIR_DETECT_ARRIVAL_H

#include "detect/window.h"

/* Takes the records of a batch into the cells and conversations of open windows. Adds only what
 * commutes, so that neither the order of records nor that of batches can show. One thread. */

/* A record touches at most this many windows and one more; a batch that reaches further is an
 * error. */
#define ARRIVAL_REACH_WINDOWS_MAX 64

struct arrival;

/* What a batch goes into. */
struct arrival_target {
    struct point_set *points;
    struct window_set *windows;
    int64_t window_ms;
    int64_t first_open; /* windows below it are closed */
    uint64_t memory_bytes_max;
};

struct arrival_counts {
    uint64_t late;              /* records all of whose windows are closed */
    uint64_t refused;           /* records of points beyond the bound */
    uint64_t direction_unknown; /* records */
    uint64_t cells_cut;         /* strands dropped to make room */
};

/* Scratch memory, about 1 MB. WEIR_SIMD=scalar in the environment forces the least width. NULL and
 * err (ERROR_LIMIT) without memory; `free` accepts NULL. */
struct arrival *arrival_new(struct error *err);
void arrival_free(struct arrival *arrival);

/* Adds records and coverage; adds to `counts`. Errors: ERROR_ARGUMENT (unit or reach of the stamp;
 * nothing is added), ERROR_LIMIT (memory; part of the batch may be added). */
bool arrival_add(struct arrival *arrival, const struct arrival_target *target,
                 const struct batch *batch, struct arrival_counts *counts, struct error *err);

/* The same by the plain path alone, which is the definition: tests hold the other against it. */
bool arrival_add_plainly(struct arrival *arrival, const struct arrival_target *target,
                         const struct batch *batch, struct arrival_counts *counts,
                         struct error *err);

#endif
