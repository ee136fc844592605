/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_ROWS_H
#define WEIR_INGEST_CAPTURE_ROWS_H

#include "ingest/flowtable.h"
#include "ingest/source.h"

/* Flows of a capture -> records of a batch: one a way, twice where both ends are nodes of ours (the
 * sender has it as outbound, the receiver as inbound and flagged QUALITY_TWIN).
 *
 * Whose an address is: with an inventory, what it says as of the flow's end; with --local, what
 * lies in its prefixes is a node by the name of its address; with neither, each private address is.
 * Loopback, link-local, multicast and broadcast addresses are never nodes. A record between two
 * addresses that are no nodes has the feed's name as node, and no direction. One thread at a time.
 */

/* The most records that one flow gives. */
#define CAPTURE_ROWS_FLOW_MAX 4u

struct capture_rows {
    const struct inventory *inventory; /* or NULL */
    const struct prefix *locals;       /* [local_count], borrowed */
    size_t local_count;
    struct bytes unknown;     /* node of records that belong to none; borrowed */
    const struct bytes *logs; /* [FLOWTABLE_LOGS_MAX] names by flow's log; borrowed */
    struct source_counts *counts;
    struct batch *batch;
    uint32_t *nodes; /* by address code: what it is in this batch, up to `known` */
    uint32_t known;  /* codes come in order, so a code at `known` is a new one */
    uint16_t log_ids[FLOWTABLE_LOGS_MAX]; /* + 1; 0: not in this batch yet */
    uint32_t unknown_node;
};

/* Fields that are borrowed are set by the caller behind it. Errors: ERROR_LIMIT. */
bool capture_rows_init(struct capture_rows *rows, struct error *err);
/* Accepts a zeroed one. */
void capture_rows_done(struct capture_rows *rows);

/* Starts filling `batch`, which is empty, and adding to `counts`. */
void capture_rows_begin(struct capture_rows *rows, struct batch *batch,
                        struct source_counts *counts);
/* Whether the batch can take one more flow. */
bool capture_rows_has_room(const struct capture_rows *rows);
/* There must be room. Errors: ERROR_LIMIT. */
bool capture_rows_add(struct capture_rows *rows, const struct flow *flow, struct error *err);

#endif
