/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_H
#define WEIR_INGEST_INVENTORY_H

#include "flow/batch.h"

/* Who an interface, an instance or an address is: node, role and identity, as of a time. Read once,
 * then immutable and shared by all threads. Memory is bounded by INVENTORY_ROWS_MAX.
 *
 * CSV (RFC 4180) with a header line; columns by name in any order, unknown ones are an error:
 *   node      required: the node's name
 *   match     required: an address, a CIDR, an interface id or an instance id (told by its shape:
 * what parses as an address or prefix is one, anything else is an id) role, identity, from, to
 * optional; `from` and `to` (a date, RFC 3339 or @epoch: nothing relative) bound the row's
 * validity, half-open; empty is unbounded Where several rows match an address, the longest prefix
 * that is valid at the time wins; of equals the first in the file. */

#define INVENTORY_ROWS_MAX 1000000u

struct inventory;

struct inventory_entry {
    struct bytes node;
    struct bytes identity; /* empty: not given */
    struct bytes role;
    int64_t from_ms; /* INT64_MIN: unbounded */
    int64_t to_ms;   /* INT64_MAX: unbounded */
};

/* Errors: ERROR_IO, ERROR_FORMAT ("inventory.csv: line 7: ..."), ERROR_LIMIT. */
bool inventory_open(struct inventory **out, const char *path, struct error *err);
/* The same over bytes; `name` stands in messages. */
bool inventory_open_bytes(struct inventory **out, const char *name, struct bytes bytes,
                          struct error *err);
void inventory_free(struct inventory *inventory);

/* The entry of an interface or instance id, or of an address, at a time; NULL when there is none.
 * `*is_timed` (may be NULL) is set when the answer could differ at another time. The entry lives as
 * long as the inventory. */
const struct inventory_entry *inventory_find_id(const struct inventory *inventory, struct bytes id,
                                                int64_t at_ms, bool *is_timed);
const struct inventory_entry *inventory_find_address(const struct inventory *inventory,
                                                     struct address address, int64_t at_ms,
                                                     bool *is_timed);

/* The single addresses of a node's rows that are valid at a time (no CIDRs), in file order, at most
 * `capacity`; returns how many. */
size_t inventory_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                           struct address *out, size_t capacity);

#endif
