/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files by read(), not by mmap: a file that shrinks under a map kills the program with
 * SIGBUS, and the copy costs some 3 % of what parsing does, since the chunk stays in the cache. */
#include "ingest/raw.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Behind the chunk buffer, for decoders that load words. */
#define RAW_SLACK 64u

/* Linux reads at most 2 GiB at once; more is never asked for here. */
static bool read_some(struct raw *raw, uint8_t *out, size_t capacity, size_t *size,
                      struct error *err) {
    for (;;) {
        ssize_t got = read(raw->fd, out, capacity);
        if (got >= 0) {
            *size = (size_t)got;
            raw->offset += (uint64_t)got;
            raw->is_end = got == 0;
            return true;
        }
        if (errno != EINTR) {
            *size = 0;
            raw->is_end = true;
            return error_system(err, errno, "cannot read at offset %llu",
                                (unsigned long long)raw->offset);
        }
    }
}

/* The first bytes tell the codec, and a pipe may give them one by one. */
static bool read_front(struct raw *raw, struct error *err) {
    size_t filled = 0;
    while (filled < RAW_FRONT_SIZE && !raw->is_end) {
        size_t size;
        if (!read_some(raw, raw->buffer + filled, RAW_CHUNK_SIZE - filled, &size, err)) {
            return false;
        }
        filled += size;
    }
    raw->chunk = bytes_of(raw->buffer, filled);
    return true;
}

bool raw_open(struct raw *raw, const char *path, struct error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    *raw = (struct raw){ .fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
                         .is_owner = !is_stdin };
    if (raw->fd < 0) {
        int number = errno;
        (void)error_system(err, number, "cannot open");
        if (err != NULL && (number == EMFILE || number == ENFILE)) {
            err->code = ERROR_LIMIT; /* the file is sound: to skip it would lose data */
        }
        return false;
    }
    raw->buffer = malloc(RAW_CHUNK_SIZE + RAW_SLACK);
    if (raw->buffer == NULL) {
        raw_close(raw);
        return error_set(err, ERROR_LIMIT, "no memory for an input");
    }
    (void)posix_fadvise(raw->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint: pipes refuse it */
    if (!read_front(raw, err)) {
        raw_close(raw);
        return false;
    }
    return true;
}

void raw_open_bytes(struct raw *raw, struct bytes bytes, size_t chunk_size) {
    assert(chunk_size > 0);
    *raw = (struct raw){ .fd = -1, .memory = bytes, .chunk_size = chunk_size };
    (void)raw_fill(raw, NULL); /* cannot fail in memory */
}

void raw_close(struct raw *raw) {
    if (raw->is_owner && raw->fd >= 0) {
        (void)close(raw->fd); /* it was only read */
    }
    free(raw->buffer);
    *raw = (struct raw){ .fd = -1, .is_end = true };
}

bool raw_fill(struct raw *raw, struct error *err) {
    if (raw->chunk.size > 0 || raw->is_end) {
        return true;
    }
    size_t size = 0;
    if (raw->fd >= 0) {
        if (!read_some(raw, raw->buffer, RAW_CHUNK_SIZE, &size, err)) {
            return false;
        }
        raw->chunk = bytes_of(raw->buffer, size);
        return true;
    }
    size = raw->memory.size < raw->chunk_size ? raw->memory.size : raw->chunk_size;
    raw->chunk = bytes_of(raw->memory.data, size);
    if (size > 0) {
        raw->memory = bytes_of(raw->memory.data + size, raw->memory.size - size);
    }
    raw->offset += size;
    raw->is_end = size == 0;
    return true;
}

bool raw_read(struct raw *raw, uint8_t *out, size_t capacity, size_t *size, struct error *err) {
    if (raw->chunk.size == 0 && raw->fd >= 0) {
        *size = 0;
        return raw->is_end || read_some(raw, out, capacity, size, err);
    }
    if (!raw_fill(raw, err)) {
        *size = 0;
        return false;
    }
    *size = raw->chunk.size < capacity ? raw->chunk.size : capacity;
    if (*size > 0) {
        memcpy(out, raw->chunk.data, *size);
        raw_use(raw, *size);
    }
    return true;
}

void raw_use(struct raw *raw, size_t size) {
    assert(size <= raw->chunk.size);
    raw->chunk.size -= size;
    raw->chunk.data = raw->chunk.size == 0 ? NULL : raw->chunk.data + size;
}

bool raw_skip_padding(struct raw *raw, struct error *err) {
    for (;;) {
        for (size_t i = 0; i < raw->chunk.size; i++) {
            if (raw->chunk.data[i] != 0) {
                return error_set(err, ERROR_FORMAT, "bytes of no known format at offset %llu",
                                 (unsigned long long)(raw_tell(raw) + i));
            }
        }
        raw_use(raw, raw->chunk.size);
        if (raw->is_end) {
            return true;
        }
        if (!raw_fill(raw, err)) {
            return false;
        }
    }
}
