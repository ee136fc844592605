/* SPDX-License-Identifier: Apache-2.0 */
/* The view lies in the input's piece, or, where what is asked for crosses pieces, in the copy:
 *
 *      input's pieces   ......[ view ]        view of the first piece, no copy
 *      copy             [ view ]              its end and the front of the next piece,
 *      input's pieces   ......[ behind ]      whose rest is the next view
 *
 * A piece has 256 KiB and a frame some hundred octets, so one in a thousand is copied. */
#include "ingest/capture_stream.h"

#include <assert.h>
#include <stdlib.h>

void capture_stream_init(struct capture_stream *stream, struct input *input) {
    *stream = (struct capture_stream){ .input = input };
}

void capture_stream_done(struct capture_stream *stream) {
    input_close(stream->input);
    free(stream->copy);
    *stream = (struct capture_stream){ 0 };
}

/* The next piece of the input into `behind`, which is empty. */
static bool next_piece(struct capture_stream *stream) {
    while (!stream->is_end && stream->behind.size == 0) {
        if (!input_read(stream->input, 0, &stream->behind, &stream->is_end, &stream->damage)) {
            stream->is_end = true;
            stream->behind = bytes_of(NULL, 0);
        }
    }
    return stream->behind.size > 0;
}

/* Makes room for a view of `size` bytes in the copy, and moves what there is of it there. */
static bool copy_begin(struct capture_stream *stream, size_t size) {
    uint8_t *copy = stream->copy;
    if (size > stream->copy_capacity) {
        size_t capacity = stream->copy_capacity == 0 ? 4096 : stream->copy_capacity;
        while (capacity < size) {
            capacity *= 2;
        }
        copy = malloc(capacity);
        if (copy == NULL) {
            stream->is_end = true;
            return error_set(&stream->damage, ERROR_LIMIT, "no memory to read a capture");
        }
        stream->copy_capacity = capacity;
    }
    if (stream->view.size > 0) {
        memmove(copy, stream->view.data, stream->view.size); /* the view may lie in the old copy */
    }
    if (copy != stream->copy) {
        free(stream->copy);
        stream->copy = copy;
    }
    stream->view.data = copy;
    return true;
}

bool capture_stream_fill(struct capture_stream *stream, size_t size) {
    assert(size <= CAPTURE_STREAM_MAX);
    if (stream->view.size == 0) {
        (void)next_piece(stream); /* when there is none, the view stays empty */
        stream->view = stream->behind;
        stream->behind = bytes_of(NULL, 0);
    }
    if (stream->view.size >= size) {
        return true;
    }
    if (!copy_begin(stream, size)) {
        return false;
    }
    while (stream->view.size < size && next_piece(stream)) {
        size_t wanted = size - stream->view.size;
        size_t taken = wanted < stream->behind.size ? wanted : stream->behind.size;
        memcpy(stream->copy + stream->view.size, stream->behind.data, taken);
        stream->view.size += taken;
        stream->behind.data += taken;
        stream->behind.size -= taken;
    }
    return stream->view.size >= size;
}

bool capture_stream_is_damaged(const struct capture_stream *stream, struct error *err) {
    if (stream->damage.code == ERROR_NONE) {
        return false;
    }
    if (err != NULL) {
        *err = stream->damage;
    }
    return true;
}

bool capture_stream_skip(struct capture_stream *stream, uint64_t size) {
    while (size > 0) {
        if (!capture_stream_has(stream, 1)) {
            return false;
        }
        size_t taken = size < stream->view.size ? (size_t)size : stream->view.size;
        capture_stream_use(stream, taken);
        size -= taken;
    }
    return true;
}
