/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_INDEX_H
#define WEIR_INGEST_INVENTORY_INDEX_H

#include "ingest/inventory_rows.h"

/* Finds an inventory's rows by what they match (an id, or a prefix by address and length) and by
 * their node. Rows of one key form a chain, `next` or `next_of_node`, in the order in which they
 * count (ingest/inventory.h). Immutable once built. */

struct inventory_slot;

struct inventory_table {
    struct inventory_slot *slots; /* [mask + 1] */
    uint32_t mask;
};

struct inventory_index {
    struct inventory_rows *rows; /* the owner's */
    struct inventory_table matches;
    struct inventory_table nodes;
    uint8_t lengths[129]; /* of prefixes, those that occur, longest first */
    size_t length_count;
};

/* Links all rows into chains; of a cluster, also gives each pod's row its node's identity and role,
 * and makes claims that a later list repeats void. `rows` must outlive the index. Errors:
 * ERROR_LIMIT. */
bool inventory_index_build(struct inventory_index *index, struct inventory_rows *rows,
                           struct error *err);
/* Accepts a zeroed or half built one. */
void inventory_index_done(struct inventory_index *index);

/* The first row of the chain that matches as `key` does, or that is of its node; INVENTORY_NONE. */
uint32_t inventory_index_match(const struct inventory_index *index,
                               const struct inventory_row *key);
uint32_t inventory_index_node(const struct inventory_index *index, struct bytes node);

#endif
