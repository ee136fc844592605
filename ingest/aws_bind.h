/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_BIND_H
#define WEIR_INGEST_AWS_BIND_H

#include "ingest/aws_rows.h"

/* What a point of observation is in one batch: its node's id, and the codes of the addresses by
 * which a record's direction is told. Made at the point's first record in the batch. */

/* The addresses of a node that are told apart: the interface's, the inventory's, its pods'. */
#define AWS_OWN_MAX 64u
#define AWS_NO_CODE UINT32_MAX

/* The addresses as the interface saw them. */
struct aws_view {
    const struct dictionary *dictionary;
    const uint16_t *src;
    const uint16_t *dst;
};

struct aws_view aws_view_of(const struct aws_rows *rows);

/* What only points with an inventory may need. */
struct aws_binding_list {
    const struct inventory_entry *entry;
    struct inventory_span span; /* the times at which it is `entry` */
    uint32_t count;             /* of the inventory's addresses that the batch has */
    uint32_t codes[AWS_OWN_MAX];
};

struct aws_binding {
    uint32_t serial; /* the batch's; else this is an older batch's */
    uint16_t node;
    bool is_slow;                  /* `list` must be looked at row by row */
    struct aws_binding_list *list; /* in the batch's scratch, or NULL */
    /* By family. `first` is the inventory's address or what flow-direction told; `second` is asked
     * where that says nothing, and lowers the quality when it was inferred. */
    struct {
        uint32_t first;
        uint32_t second;
        uint32_t second_quality;
    } own[2];
};

/* The binding of a point for a record that ends at `at_ms`; NULL on failure. Errors: ERROR_LIMIT.
 */
const struct aws_binding *aws_bind(struct aws_rows *rows, uint32_t point, int64_t at_ms,
                                   struct error *err);

/* Room for the bindings of all points. Errors: ERROR_LIMIT. */
bool aws_bindings_reserve(struct aws_rows *rows, struct error *err);

#endif
