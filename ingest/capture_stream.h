/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_STREAM_H
#define WEIR_INGEST_CAPTURE_STREAM_H

#include "ingest/input.h"

/* An input as one run of bytes, of which a reader sees any next few as one piece, however the input
 * hands them over. Bytes are given where they lie; only what crosses two of the input's pieces is
 * copied. One thread at a time; memory is what the input has, and the most that was asked for of
 * what crosses pieces: at most CAPTURE_STREAM_MAX. */

/* The most that can be seen at once. */
#define CAPTURE_STREAM_MAX ((size_t)1 << 20)

struct capture_stream {
    struct input *input; /* owned */
    struct bytes view;   /* the next bytes, in one piece */
    struct bytes behind; /* what follows the view in the input's piece when the view was copied */
    uint8_t *copy;       /* [copy_capacity], owned */
    size_t copy_capacity;
    uint64_t offset;     /* of the view in the decompressed file */
    bool is_end;         /* the input has no more */
    struct error damage; /* why the input ended before its time, else ERROR_NONE */
};

/* Takes `input`. */
void capture_stream_init(struct capture_stream *stream, struct input *input);
/* Closes the input. Accepts a zeroed one. */
void capture_stream_done(struct capture_stream *stream);

/* Reads on until the view has `size` bytes (at most CAPTURE_STREAM_MAX). False: the input ends
 * before, and the view is all that is left; or there is no memory, which counts as its damage. The
 * view is valid until the next call of any of these but capture_stream_use. */
bool capture_stream_fill(struct capture_stream *stream, size_t size);

static inline bool capture_stream_has(struct capture_stream *stream, size_t size) {
    return stream->view.size >= size || capture_stream_fill(stream, size);
}

/* Goes on behind the first `size` bytes of the view. */
static inline void capture_stream_use(struct capture_stream *stream, size_t size) {
    stream->view.data += size;
    stream->view.size -= size;
    stream->offset += size;
}

/* Whether the input ended before its time; `err` (which may be NULL) then says how. */
bool capture_stream_is_damaged(const struct capture_stream *stream, struct error *err);

/* Goes on behind `size` bytes, of any number. False: the input ends before. */
bool capture_stream_skip(struct capture_stream *stream, uint64_t size);

#endif
