/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_OBJECT_H
#define WEIR_INGEST_FEED_OBJECT_H

#include "ingest/feed.h"

/* An object that is being read: an input, and the source that its format asks for. One thread at a
 * time. */
struct feed_object {
    struct input *input;          /* the source's; for input_offset */
    const struct source_ops *ops; /* NULL: an object without bytes has no format */
    struct source *source;
};

/* What a format is told by: the front of an object, of at most this many bytes. */
#define FEED_FRONT_SIZE_MAX 4096u

/* The format that recognises `front`, or NULL: then feed_object_open takes a text for AWS's. */
const struct source_ops *feed_object_recognise(struct bytes front);

/* Tells the format (`options->format`, else by content) and opens the source; takes `input`. What
 * no format recognises is read as AWS text, if it is text: a log whose first lines are damaged
 * still counts line by line. Errors: ERROR_FORMAT (not a text), ERROR_UNSUPPORTED (of another
 * program: Parquet and such, with what to do), ERROR_ARGUMENT, ERROR_LIMIT. */
bool feed_object_open(struct feed_object *object, struct input *input, const char *flow_log,
                      const struct feed_options *options, struct error *err);

/* As source_ops.next, for objects without a source too: they are empty, or damaged. */
bool feed_object_next(struct feed_object *object, struct batch *batch, struct source_result *result,
                      struct error *err);

/* Accepts a zeroed one. */
void feed_object_close(struct feed_object *object);

/* The format of a feed that has not shown one. */
const struct source_ops *feed_object_default(const struct feed_options *options);

#endif
