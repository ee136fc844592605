/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_KUBE_H
#define WEIR_INGEST_INVENTORY_KUBE_H

#include "base/json_read.h"
#include "ingest/inventory_rows.h"

/* Reads the nodes and pods of a cluster (ingest/inventory.h says which objects, and what becomes of
 * them) into rows: those of a node have no pod; those of a pod have neither identity nor role,
 * which are its node's. Rows of claims that are never valid are left out.
 *
 * Errors: ERROR_FORMAT (the JSON is broken, or has neither nodes nor pods), ERROR_LIMIT. */
bool inventory_kube_parse(struct inventory_rows *rows, struct json_reader *reader,
                          struct error *err);

#endif
