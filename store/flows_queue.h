/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_FLOWS_QUEUE_H
#define WEIR_STORE_FLOWS_QUEUE_H

#include "base/crew.h"
#include "store/flows.h"

/* The flow store's writer with a queue in front: the threads of a crew encode frames beside each
 * other, and add them one at a time in the order in which their batches came. So the store's bytes
 * are those of flows_add, whatever the number of threads.
 *
 * A batch that was put is the queue's until it gives it back, and others may read it meanwhile. At
 * most FLOWS_QUEUE_MAX(threads) are the queue's; where that many are, the caller helps. Without
 * workers a batch is written at once.
 *
 * The first batch that fails, in their order, is the error that everything says from then on; none
 * behind it is added. One thread calls: the crew's owner. */
struct flows_queue;

#define FLOWS_QUEUE_MAX(threads) (2u + 2u * (threads))

/* Gives a batch back, in any thread, not locked. */
typedef void (*flows_give_back)(void *context, const struct batch *batch);

/* `writer` and `crew` are borrowed; the writer is the queue's alone until it is closed. Errors:
 * ERROR_LIMIT. */
bool flows_queue_open(struct flows_queue **out, struct flows_writer *writer, struct crew *crew,
                      flows_give_back give_back, void *context, struct error *err);

/* Takes a batch, also on failure. Errors: those of flows_add for this batch or one before it. */
bool flows_queue_put(struct flows_queue *queue, const struct batch *batch, struct error *err);

/* All that was put is added. Errors: as flows_queue_put. */
bool flows_queue_finish(struct flows_queue *queue, struct error *err);

/* What was not added is given back without. Accepts NULL. */
void flows_queue_close(struct flows_queue *queue);

#endif
