/* SPDX-License-Identifier: Apache-2.0 */
/* Two hash tables by open addressing, at most half full: one for what rows match, one for nodes. */
#include "ingest/inventory_index.h"

#include <stdlib.h>
#include <xxhash.h>

/* A node has some five rows a list; whoever joins the lists of more days than this allows gets its
 * identity from these. */
#define NODE_ROWS_MAX 256u

/* The tag is the key's hash beside the bits that place it: a row, which lies elsewhere in memory,
 * is only looked at when it is the right one (a lookup among a million rows: some 170 ns, without
 * tags 270). */
struct inventory_slot {
    uint32_t first; /* row of a chain, or INVENTORY_NONE */
    uint32_t tag;
};

/* ---- hashing ---- */

static uint64_t hash_id(struct bytes id) {
    return XXH3_64bits(id.data, id.size);
}

static uint64_t hash_prefix(struct prefix prefix) {
    uint64_t mixed = prefix.address.high * UINT64_C(0x9E3779B97F4A7C15) ^ prefix.address.low;
    mixed = (mixed ^ prefix.length) * UINT64_C(0xD6E8FEB86659FD93);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return mixed ^ mixed >> 32;
}

static uint64_t hash_match(const struct inventory_row *row) {
    return row->is_id ? hash_id(row->id) : hash_prefix(row->prefix);
}

static bool has_match(const struct inventory_row *row, const struct inventory_row *key) {
    if (row->is_id != key->is_id) {
        return false;
    }
    return row->is_id ? bytes_equal(row->id, key->id)
                      : row->prefix.length == key->prefix.length &&
                            address_equal(row->prefix.address, key->prefix.address);
}

static bool has_node(const struct inventory_row *row, const struct inventory_row *key) {
    return bytes_equal(row->entry.node, key->entry.node);
}

/* The slot of a key's chain, or the empty one where it would be. */
static struct inventory_slot *
find_slot(const struct inventory_index *index, const struct inventory_table *table, uint64_t hash,
          const struct inventory_row *key,
          bool (*is_equal)(const struct inventory_row *, const struct inventory_row *)) {
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & table->mask;; at = (at + 1) & table->mask) {
        struct inventory_slot *slot = &table->slots[at];
        if (slot->first == INVENTORY_NONE ||
            (slot->tag == tag && is_equal(&index->rows->rows[slot->first], key))) {
            return slot;
        }
    }
}

static struct inventory_slot *match_slot(const struct inventory_index *index,
                                         const struct inventory_row *key) {
    return find_slot(index, &index->matches, hash_match(key), key, has_match);
}

static struct inventory_slot *node_slot(const struct inventory_index *index,
                                        const struct inventory_row *key) {
    return find_slot(index, &index->nodes, hash_id(key->entry.node), key, has_node);
}

/* ---- building ---- */

/* At most half full. */
static bool table_init(struct inventory_table *table, uint32_t count) {
    uint32_t capacity = 16;
    while (capacity < 2 * count) {
        capacity *= 2;
    }
    table->slots = malloc(capacity * sizeof *table->slots);
    if (table->slots == NULL) {
        return false;
    }
    memset(table->slots, 0xff, capacity * sizeof *table->slots);
    table->mask = capacity - 1;
    return true;
}

/* Puts a row in front of the chain of its match. Of a cluster, a claim that the row repeats gives
 * way to it: the same pod or node has the same address from the same time on. */
static void add_match(struct inventory_index *index, uint32_t at) {
    struct inventory_row *row = &index->rows->rows[at];
    struct inventory_slot *slot = match_slot(index, row);
    row->next = slot->first;
    if (index->rows->is_cluster && slot->first != INVENTORY_NONE) {
        struct inventory_row *older = &index->rows->rows[slot->first];
        if (older->entry.from_ms == row->entry.from_ms && has_node(older, row) &&
            bytes_equal(older->entry.pod, row->entry.pod) &&
            bytes_equal(older->entry.namespace_, row->entry.namespace_)) {
            row->next = older->next;
            older->entry.to_ms = older->entry.from_ms; /* never valid */
        }
    }
    *slot = (struct inventory_slot){ at, (uint32_t)(hash_match(row) >> 32) };
}

static void add_to_node(struct inventory_index *index, uint32_t at) {
    struct inventory_row *row = &index->rows->rows[at];
    struct inventory_slot *slot = node_slot(index, row);
    row->next_of_node = slot->first;
    *slot = (struct inventory_slot){ at, (uint32_t)(hash_id(row->entry.node) >> 32) };
}

struct start {
    int64_t from_ms;
    uint32_t row;
};

static int compare_starts(const void *a, const void *b) {
    const struct start *x = a;
    const struct start *y = b;
    if (x->from_ms != y->from_ms) {
        return x->from_ms < y->from_ms ? -1 : 1;
    }
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Chains of a cluster: what began last comes first. */
static bool chain_by_start(struct inventory_index *index, struct error *err) {
    const struct inventory_rows *rows = index->rows;
    struct start *starts = malloc(((size_t)rows->count + 1) * sizeof *starts);
    if (starts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        starts[i] = (struct start){ rows->rows[i].entry.from_ms, i };
    }
    qsort(starts, rows->count, sizeof *starts, compare_starts);
    for (uint32_t i = 0; i < rows->count; i++) {
        add_match(index, starts[i].row);
    }
    free(starts);
    return true;
}

/* Back to front, so that chains are in file order; rows of pods first, so that they are behind
 * those of their node. */
static void chain_nodes(struct inventory_index *index) {
    const struct inventory_rows *rows = index->rows;
    for (int is_pod = rows->is_cluster; is_pod >= 0; is_pod--) {
        for (uint32_t i = rows->count; i-- > 0;) {
            bool has_pod = rows->is_cluster && rows->rows[i].entry.pod.size > 0;
            if (has_pod == (is_pod == 1)) {
                add_to_node(index, i);
            }
        }
    }
}

/* Gives a pod's row the identity and the role of its node: of several of one name, of the one that
 * began last before the pod did, else of the first. */
static void name_node(struct inventory_index *index, struct inventory_row *pod) {
    const struct inventory_row *best = NULL;
    uint32_t at = node_slot(index, pod)->first;
    for (uint32_t i = 0; i < NODE_ROWS_MAX && at != INVENTORY_NONE; i++) {
        const struct inventory_row *row = &index->rows->rows[at];
        if (row->entry.pod.size > 0) {
            break;
        }
        bool is_before = row->entry.from_ms <= pod->entry.from_ms;
        if (best == NULL || (is_before && (best->entry.from_ms > pod->entry.from_ms ||
                                           row->entry.from_ms > best->entry.from_ms))) {
            best = row;
        }
        at = row->next_of_node;
    }
    if (best != NULL) {
        pod->entry.identity = best->entry.identity;
        pod->entry.role = best->entry.role;
    }
}

static void list_lengths(struct inventory_index *index) {
    bool has_length[129] = { false };
    for (uint32_t i = 0; i < index->rows->count; i++) {
        const struct inventory_row *row = &index->rows->rows[i];
        has_length[row->prefix.length] |= !row->is_id;
    }
    for (size_t length = 129; length-- > 0;) {
        if (has_length[length]) {
            index->lengths[index->length_count++] = (uint8_t)length;
        }
    }
}

bool inventory_index_build(struct inventory_index *index, struct inventory_rows *rows,
                           struct error *err) {
    *index = (struct inventory_index){ .rows = rows };
    if (!table_init(&index->matches, rows->count) || !table_init(&index->nodes, rows->count)) {
        return error_set(err, ERROR_LIMIT, "no memory for an inventory");
    }
    list_lengths(index);
    chain_nodes(index);
    if (!rows->is_cluster) {
        for (uint32_t i = rows->count; i-- > 0;) { /* back to front: so chains are in file order */
            add_match(index, i);
        }
        return true;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].entry.pod.size > 0) {
            name_node(index, &rows->rows[i]);
        }
    }
    return chain_by_start(index, err);
}

void inventory_index_done(struct inventory_index *index) {
    free(index->matches.slots);
    free(index->nodes.slots);
}

uint32_t inventory_index_match(const struct inventory_index *index,
                               const struct inventory_row *key) {
    return match_slot(index, key)->first;
}

uint32_t inventory_index_node(const struct inventory_index *index, struct bytes node) {
    struct inventory_row key = { .entry = { .node = node } };
    return node_slot(index, &key)->first;
}
