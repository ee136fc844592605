/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_LABELS_H
#define WEIR_INGEST_LABELS_H

#include "flow/batch.h"
#include "ingest/inventory.h"

/* Labels all addresses of a batch's records with the pods that the inventory says have them:
 * batch_set_label with pod, namespace and workload (the group is left as it is). An address has one
 * label a batch: as of the end of the first record at whose end the inventory knows a pod of it.
 * Each address is asked for once, unless who has it changes during the batch.
 *
 * Any source calls it once its batch has all its records. `inventory` may be NULL or without pods:
 * nothing is done. Errors: ERROR_LIMIT. */
bool labels_fill(struct batch *batch, const struct inventory *inventory, struct error *err);

#endif
