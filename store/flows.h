/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_FLOWS_H
#define WEIR_STORE_FLOWS_H

#include "store/segment.h"

/* The flow store: a folder of segments, DIR/flows/YYYY/MM/DD/HH-NNNN.seg by hour (UTC) of event time,
 * NNNN counting from 0000. What belongs to it is what DIR/manifest names (store/manifest.h). */

struct flows_writer;

/* Hours that are written at once; the one that was used longest ago is finished first. */
#define FLOWS_OPEN_MAX 8
/* A segment is finished at this size. */
#define FLOWS_SEGMENT_SIZE (256u * 1024 * 1024)

/* `directory` is the store's. Errors: ERROR_IO, ERROR_DENIED. */
bool flows_writer_open(struct flows_writer **out, const char *directory, struct error *err);

/* Encodes a batch and adds it to the segment of its hour: that of its largest end (of its coverage
 * where it has no records). A batch with neither is not kept. Errors: ERROR_IO (disk full: the message says so). */
bool flows_add(struct flows_writer *writer, const struct batch *batch, struct error *err);

/* The same for a frame that is encoded already, with its header. */
bool flows_add_frame(struct flows_writer *writer, struct bytes frame,
                     const struct frame_header *header, const struct segment_entry *entry,
                     struct error *err);

/* Finishes all open segments, in the order of their names. The paths of the segments finished since
 * the start, relative to the store, in the order in which they were finished: flows_finished. */
bool flows_commit(struct flows_writer *writer, struct error *err);
size_t flows_finished_count(const struct flows_writer *writer);
const char *flows_finished(const struct flows_writer *writer, size_t index);

/* Open segments are aborted, finished ones stay on disk (unnamed by a manifest they are no part of the
 * store). Accepts NULL. */
void flows_writer_close(struct flows_writer *writer);

#endif
