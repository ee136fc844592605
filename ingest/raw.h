/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_RAW_H
#define WEIR_INGEST_RAW_H

#include "base/bytes.h"

/* An object's bytes as they lie in the file, chunk by chunk: what plain text and the decoders of
 * compressed data read from. A chunk is what one read() gives, at most RAW_CHUNK_SIZE. One thread
 * at a time. */

#define RAW_CHUNK_SIZE (64u * 1024)

struct raw {
    int fd;              /* -1: bytes in memory */
    bool is_owner;       /* of `fd`: stdin is not ours to close */
    struct bytes memory; /* what is left behind the chunk, when fd is -1 */
    size_t chunk_size;   /* the most that a chunk of `memory` has */
    uint8_t *buffer;     /* RAW_CHUNK_SIZE, when fd is not -1 */
    struct bytes chunk;  /* read, not yet used */
    uint64_t offset;     /* in the file, of the end of `chunk` */
    bool is_end;         /* nothing comes behind `chunk` */
};

/* Opens a path, "-" is stdin, and reads the first chunk: at least `RAW_FRONT_SIZE` bytes of it,
 * unless the file is shorter. Errors: ERROR_IO, ERROR_DENIED, ERROR_LIMIT (too many open files, no
 * memory). */
#define RAW_FRONT_SIZE 4u
bool raw_open(struct raw *raw, const char *path, struct error *err);
/* Over borrowed bytes, `chunk_size` (at least 1) at a time. */
void raw_open_bytes(struct raw *raw, struct bytes bytes, size_t chunk_size);
/* Accepts a zeroed one. */
void raw_close(struct raw *raw);

/* Makes `chunk` non-empty, or sets `is_end`. Errors: ERROR_IO; `chunk` is empty then. */
bool raw_fill(struct raw *raw, struct error *err);

/* Copies up to `capacity` bytes to `out`, past the chunk buffer where it can; 0 at the end. Errors:
 * ERROR_IO. */
bool raw_read(struct raw *raw, uint8_t *out, size_t capacity, size_t *size, struct error *err);

/* Drops the first `size` bytes of the chunk. */
void raw_use(struct raw *raw, size_t size);

/* The offset in the file of the first byte that is not used yet. */
static inline uint64_t raw_tell(const struct raw *raw) {
    return raw->offset - raw->chunk.size;
}

/* What may stand behind the last member of a gzip file or the last frame of a zstd one: nothing, or
 * zeros to its end (blocks of tapes and of some object stores are padded so). Call when the next
 * byte is a zero: reads to the end. Errors: ERROR_FORMAT for another byte, ERROR_IO. */
bool raw_skip_padding(struct raw *raw, struct error *err);

#endif
