/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_FLOWS_H
#define WEIR_STORE_FLOWS_H

#include "store/manifest.h"
#include "store/segment.h"

/* The flow store: a folder of segments, DIR/flows/YYYY/MM/DD/HH-NNNN.seg by hour (UTC) of event
 * time, NNNN counting from 0000. What belongs to it is what DIR/manifest names (store/manifest.h).
 */

struct flows_writer;

/* Hours that are written at once; the one that was used longest ago is finished first. */
#define FLOWS_OPEN_MAX 8
/* A segment is finished at this size. */
#define FLOWS_SEGMENT_SIZE (256u * 1024 * 1024)

/* `directory` is the store's. Segments that `manifest` (borrowed) names are never touched; numbers
 * go on behind them, over what an interrupted run may have left. Errors: ERROR_LIMIT. */
bool flows_writer_open(struct flows_writer **out, const char *directory,
                       const struct manifest *manifest, struct error *err);

/* Encodes a batch and adds it to the segment of its hour: that of its largest end (of its coverage
 * where it has no records). A batch with neither is not kept. Errors: ERROR_IO (disk full: the
 * message says so). */
bool flows_add(struct flows_writer *writer, const struct batch *batch, struct error *err);

/* Whether flows_add would keep anything of a batch. */
bool flows_keeps(const struct batch *batch);

/* The two halves of flows_add, so that threads may encode (store/flows_queue.h): the first makes
 * the frame of a batch that is kept in `frame` (replacing what it held) and its index entry, the
 * second adds it. */
bool flows_encode(struct frame_encoder *encoder, const struct batch *batch, struct buffer *frame,
                  struct segment_entry *entry, struct error *err);
bool flows_add_frame(struct flows_writer *writer, struct bytes frame,
                     const struct segment_entry *entry, struct error *err);

/* Finishes all open segments, in the order of their names. */
bool flows_commit(struct flows_writer *writer, struct error *err);

/* The segments finished since the start, in the order in which they were finished. */
size_t flows_finished_count(const struct flows_writer *writer);
const struct manifest_segment *flows_finished(const struct flows_writer *writer, size_t index);

/* Open segments are aborted, finished ones stay on disk (unnamed by a manifest they are no part of
 * the store). Accepts NULL. */
void flows_writer_close(struct flows_writer *writer);

#endif
