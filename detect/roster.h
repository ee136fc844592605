/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ROSTER_H
#define WEIR_DETECT_ROSTER_H

#include "base/bytes.h"

/* The nodes that the detector knows. A node is (name, identity): a new identity under a name is a
 * new node, which starts cold; the old one is retired (its episodes are closed) when the new one is
 * first seen. Indices are small, stable while a node is known, and given again after it is
 * forgotten: per-node arrays are indexed by them. Order of indices never reaches a result: what is
 * put out goes by name, then identity. Bounded by `nodes_max`. One thread. */

struct roster_node {
    struct bytes name; /* the roster's memory */
    struct bytes identity;
    struct bytes role;
    struct bytes interface; /* the smallest of those seen; empty: unknown */
    int64_t first_ms;       /* start of the first window with data */
    int64_t last_ms;        /* end of the last one */
    bool is_used;           /* false: a free index */
    bool is_retired;        /* another identity has taken the name */
};

struct roster {
    struct roster_node *nodes; /* [capacity], by index */
    uint32_t count;            /* indices in use lie below it (some may be free) */
    uint32_t capacity;
    uint32_t used;
    uint32_t nodes_max;
    uint32_t *order; /* [order_count] indices in use, by (name, identity) */
    uint32_t order_count;
    /* the rest is roster.c's */
    uint32_t *slots;
    uint32_t slot_bits;
    uint32_t free_from; /* no free index lies below it */
    bool is_order_stale;
};

#define ROSTER_NONE UINT32_MAX

/* Empty; takes no memory yet. */
void roster_init(struct roster *roster, uint32_t nodes_max);
/* Accepts a zeroed one. */
void roster_done(struct roster *roster);

/* The index of a node (a retired one too), or ROSTER_NONE. */
uint32_t roster_find(const struct roster *roster, struct bytes name, struct bytes identity);

/* The index of the node that holds the name now: the one that is not retired; or ROSTER_NONE. */
uint32_t roster_holder(const struct roster *roster, struct bytes name);

/* Adds a node that is not there; its texts are copied, its times are 0. Errors: ERROR_LIMIT at
 * `nodes_max` or without memory. Pointers to nodes end with the call. */
bool roster_add(struct roster *roster, struct bytes name, struct bytes identity, uint32_t *index,
                struct error *err);

/* Forgets a node; its index is free. */
void roster_remove(struct roster *roster, uint32_t index);

/* Takes over what a closed window says of a node: the role replaces the old one, the interface is
 * joined by minimum. Empty texts say nothing. Errors: ERROR_LIMIT (memory); the node is then
 * unchanged. */
struct roster_note {
    struct bytes role;
    struct bytes interface;
};
bool roster_describe(struct roster *roster, uint32_t index, const struct roster_note *note,
                     struct error *err);

/* Brings `order` up to date; to be called after additions and removals, before it is read. */
void roster_sort(struct roster *roster);

#endif
