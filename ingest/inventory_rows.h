/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_ROWS_H
#define WEIR_INGEST_INVENTORY_ROWS_H

#include "ingest/inventory.h"

/* The rows of an inventory, checked, in file order. Texts point into the file's bytes or the arena.
 */

#define INVENTORY_NONE UINT32_MAX

struct inventory_row {
    struct inventory_entry entry;
    bool is_id; /* matches by `id`, else by `prefix` */
    struct prefix prefix;
    struct bytes id;
    uint32_t next;         /* the next row of the same match, or INVENTORY_NONE */
    uint32_t next_of_node; /* the next row of the same node */
};

struct inventory_rows {
    struct inventory_row *rows; /* [count] */
    uint32_t count;
    uint32_t capacity;
    bool is_cluster; /* from a cluster's objects, not from CSV */
    bool has_pods;   /* a row has a pod, a namespace or a workload */
    struct arena arena;
};

void inventory_rows_init(struct inventory_rows *rows);

/* Adds a copy of a row; its texts must live as long as the rows. Errors: ERROR_LIMIT. */
bool inventory_rows_add(struct inventory_rows *rows, const struct inventory_row *row,
                        struct error *err);

/* Reads CSV. Errors: ERROR_FORMAT ("line 7: ..."), ERROR_LIMIT. */
bool inventory_rows_parse(struct inventory_rows *rows, struct bytes text, struct error *err);
/* Accepts a zeroed or half built one. */
void inventory_rows_done(struct inventory_rows *rows);

#endif
