/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_CELL_H
#define WEIR_DETECT_CELL_H

#include "base/error.h"
#include "detect/metric.h"

#include <stddef.h>

/* What arrival adds to for one point of observation in one window: sums only, so that the order of
 * arrival cannot show. One cache line a cell; a window's cells lie in one block that doubles. Sums
 * are never cut: a window has at most as many cells as points were seen in it. One thread. */

struct cell_way {
    uint64_t bytes;
    uint64_t packets;
    uint64_t flows; /* that ended in the window */
};

struct cell {
    struct cell_way way[2]; /* in, out */
    uint32_t rejected[2];   /* these three stay at their maximum once there */
    uint32_t unknown;       /* flows of unknown direction that ended in the window */
    uint32_t point;
};
_Static_assert(sizeof(struct cell) == 64, "a cell is one cache line");

struct cell_table {
    struct cell *cells; /* [count]; one block with what follows */
    uint8_t *marks;     /* [count], enum metric_quality bits */
    uint32_t *slots;    /* [2 * capacity]: index + 1 */
    uint32_t count;
    uint32_t capacity; /* a power of two */
};

/* Takes a block for one cell. Errors: ERROR_LIMIT. */
bool cell_table_init(struct cell_table *table, struct error *err);
/* Accepts a zeroed one. */
void cell_table_done(struct cell_table *table);
size_t cell_table_size(const struct cell_table *table);

/* Adds a cell for a point that has none. Errors: ERROR_LIMIT (memory). */
bool cell_table_add(struct cell_table *table, uint32_t point, uint32_t *index, struct error *err);

#define CELL_NONE UINT32_MAX

/* The index of a point's cell, or CELL_NONE. Ids are dense, so their low bits are as good as a
 * hash that never collides. */
static inline uint32_t cell_table_find(const struct cell_table *table, uint32_t point) {
    uint32_t mask = 2 * table->capacity - 1;
    uint32_t at = point & mask;
    while (table->slots[at] != 0) {
        uint32_t index = table->slots[at] - 1;
        if (table->cells[index].point == point) {
            return index;
        }
        at = (at + 1) & mask;
    }
    return CELL_NONE;
}

/* Counts one in a counter that stays at its maximum. */
static inline void cell_count(uint32_t *counter) {
    *counter += *counter != UINT32_MAX;
}

/* All flows that ended in the window. */
static inline uint64_t cell_flows(const struct cell *cell) {
    return cell->way[0].flows + cell->way[1].flows + cell->rejected[0] + cell->rejected[1] +
           cell->unknown;
}

#endif
