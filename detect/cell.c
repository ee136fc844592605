/* SPDX-License-Identifier: Apache-2.0 */
/* One block holds cells, then slots, then marks: a window that saw one point costs 80 bytes, and
 * hundreds of thousands of nearly empty windows may be open after a batch of a sparse log. */
#include "detect/cell.h"

#include <stdlib.h>
#include <string.h>

#define CELL_ALIGNMENT ((size_t)64)

static size_t block_size(uint32_t capacity) {
    size_t size = capacity * (sizeof(struct cell) + 2 * sizeof(uint32_t) + sizeof(uint8_t));
    return (size + CELL_ALIGNMENT - 1) & ~(CELL_ALIGNMENT - 1);
}

size_t cell_table_size(const struct cell_table *table) {
    return table->cells == NULL ? 0 : block_size(table->capacity);
}

static void insert_slot(struct cell_table *table, uint32_t index) {
    uint32_t mask = 2 * table->capacity - 1;
    uint32_t at = table->cells[index].point & mask;
    while (table->slots[at] != 0) {
        at = (at + 1) & mask;
    }
    table->slots[at] = index + 1;
}

/* Moves the cells to a block of `capacity`. */
static bool resize(struct cell_table *table, uint32_t capacity, struct error *err) {
    uint8_t *block = aligned_alloc(CELL_ALIGNMENT, block_size(capacity));
    if (block == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u cells of a window", capacity);
    }
    struct cell_table grown = {
        .cells = (struct cell *)(void *)block,
        .slots = (uint32_t *)(void *)(block + capacity * sizeof(struct cell)),
        .marks = block + capacity * (sizeof(struct cell) + 2 * sizeof(uint32_t)),
        .count = table->count,
        .capacity = capacity,
    };
    memset(grown.slots, 0, 2 * capacity * sizeof *grown.slots);
    if (table->count > 0) {
        memcpy(grown.cells, table->cells, table->count * sizeof *grown.cells);
        memcpy(grown.marks, table->marks, table->count);
    }
    free(table->cells);
    *table = grown;
    for (uint32_t i = 0; i < table->count; i++) {
        insert_slot(table, i);
    }
    return true;
}

bool cell_table_init(struct cell_table *table, struct error *err) {
    *table = (struct cell_table){ 0 };
    return resize(table, 1, err);
}

void cell_table_done(struct cell_table *table) {
    free(table->cells);
    *table = (struct cell_table){ 0 };
}

bool cell_table_add(struct cell_table *table, uint32_t point, uint32_t *index, struct error *err) {
    if (table->count == table->capacity && !resize(table, 2 * table->capacity, err)) {
        return false;
    }
    *index = table->count++;
    table->cells[*index] = (struct cell){ .point = point };
    table->marks[*index] = 0;
    insert_slot(table, *index);
    return true;
}
