/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ROSTER_H
#define WEIR_DETECT_ROSTER_H

#include "detect/evidence.h"

/* The nodes that the detector knows. A node is (name, identity): a new identity under a name is a
 * new node, which starts cold; the old one is retired (its episodes are closed) when the new one is
 * first seen. Indices are small, stable while a node is known, and given again after it is forgotten:
 * per-node arrays are indexed by them. Order of indices never reaches a result: what is put out goes
 * by name, then identity. Bounded by `nodes_max`. One thread. */

struct roster_node {
    struct bytes name; /* the roster's memory */
    struct bytes identity;
    struct bytes role;
    struct bytes interface; /* the smallest of those seen; empty: unknown */
    struct address own[EVIDENCE_OWN_MAX]; /* the smallest ones seen, ascending */
    uint32_t own_count;
    int64_t first_ms; /* start of the first window with data */
    int64_t last_ms;  /* end of the last one */
    bool is_used;     /* false: a free index */
    bool is_retired;  /* another identity has taken the name */
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
    bool is_order_stale;
};

#endif
