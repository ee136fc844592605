/* SPDX-License-Identifier: Apache-2.0 */
/* A piece is always read to the same place in the buffer; what is kept of the piece before is
 * copied in front of it. So the copy is a line's length, not a piece's.
 *
 *      0 ....... INPUT_LINE_MAX ........ + INPUT_PIECE_SIZE ... + INPUT_PADDING
 *          kept |  piece                                  | zeros
 *
 * 256 KiB and the 64 KiB of compressed bytes stay in a second-level cache, which is why the pieces
 * are not larger. */
#include "ingest/input.h"

#include "ingest/inflate.h"

#include <assert.h>
#include <stdlib.h>

/* The kernel copies a file's pages by `rep movsb`, which takes twice as long to 16 octets past a
 * page's start, where malloc puts a large block of its own, as to the start of a cache line (10.6
 * and 5 GB/s on a Zen 4). */
#define BUFFER_ALIGNMENT 64u
#define BUFFER_SIZE (INPUT_LINE_MAX + INPUT_PIECE_SIZE + INPUT_PADDING)
_Static_assert(BUFFER_SIZE % BUFFER_ALIGNMENT == 0 && INPUT_LINE_MAX % BUFFER_ALIGNMENT == 0,
               "pieces begin at a cache line");

struct input {
    struct raw raw;
    enum input_codec codec;
    const struct inflate_ops *inflate; /* NULL: plain */
    void *inflate_state;
    uint8_t *buffer;
    struct bytes piece; /* given last, in `buffer` */
    bool is_ahead;      /* the first piece was read by input_front, and not yet given */
    bool is_end;
    struct error failure; /* of the read that ended this input; told when what it gave is used */
};

static bool has_prefix(struct bytes bytes, const char *prefix, size_t size) {
    return bytes.size >= size && memcmp(bytes.data, prefix, size) == 0;
}

/* A skippable frame may come first (pzstd writes one): its magic's low nibble is free. */
static bool is_zstd(struct bytes front) {
    return has_prefix(front, "\x28\xb5\x2f\xfd", 4) ||
           (front.size >= 4 && front.data[0] >> 4 == 5 &&
            memcmp(front.data + 1, "\x2a\x4d\x18", 3) == 0);
}

static bool codec_open(struct input *input, struct error *err) {
    struct bytes front = input->raw.chunk;
    if (has_prefix(front, "\x1f\x8b", 2)) {
        input->codec = INPUT_GZIP;
        input->inflate = &inflate_gzip;
    } else if (is_zstd(front)) {
        input->codec = INPUT_ZSTD;
        input->inflate = &inflate_zstd;
    }
    if (input->inflate != NULL) {
        input->inflate_state = input->inflate->open();
        if (input->inflate_state == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory to decompress %s", input->inflate->name);
        }
    }
    return true;
}

/* Takes `raw`. */
static bool open_over(struct input **out, struct raw *raw, struct error *err) {
    struct input *input = calloc(1, sizeof *input);
    if (input == NULL) {
        raw_close(raw);
        return error_set(err, ERROR_LIMIT, "no memory for an input");
    }
    input->raw = *raw;
    input->buffer = aligned_alloc(BUFFER_ALIGNMENT, BUFFER_SIZE);
    if (input->buffer == NULL) {
        input_close(input);
        return error_set(err, ERROR_LIMIT, "no memory for an input");
    }
    if (!codec_open(input, err)) {
        input_close(input);
        return false;
    }
    *out = input;
    return true;
}

bool input_open(struct input **out, const char *path, struct error *err) {
    struct raw raw;
    return raw_open(&raw, path, err) && open_over(out, &raw, err);
}

bool input_open_bytes(struct input **out, struct bytes bytes, struct error *err) {
    return input_open_chunks(out, bytes, RAW_CHUNK_SIZE, err);
}

bool input_open_chunks(struct input **out, struct bytes bytes, size_t chunk_size,
                       struct error *err) {
    /* The front must be whole to tell the codec, as raw_open sees to it for files. */
    struct raw raw;
    raw_open_bytes(&raw, bytes, chunk_size > RAW_FRONT_SIZE ? chunk_size : RAW_FRONT_SIZE);
    raw.chunk_size = chunk_size;
    return open_over(out, &raw, err);
}

void input_close(struct input *input) {
    if (input == NULL) {
        return;
    }
    if (input->inflate_state != NULL) {
        input->inflate->close(input->inflate_state);
    }
    raw_close(&input->raw);
    free(input->buffer);
    free(input);
}

static bool plain_read(struct input *input, uint8_t *out, size_t *size, struct error *err) {
    *size = 0;
    while (*size < INPUT_PIECE_SIZE) {
        size_t got;
        if (!raw_read(&input->raw, out + *size, INPUT_PIECE_SIZE - *size, &got, err)) {
            return false;
        }
        if (got == 0) {
            input->is_end = true;
            return true;
        }
        *size += got;
    }
    return true;
}

/* Reads the next piece behind `keep` bytes of the one before. A failure is noted, not told. */
static void piece_read(struct input *input, size_t keep) {
    uint8_t *at = input->buffer + INPUT_LINE_MAX;
    if (keep > 0) {
        memmove(at - keep, input->piece.data + input->piece.size - keep, keep);
    }
    size_t size = 0;
    if (!input->is_end) {
        bool ok = input->inflate == NULL ? plain_read(input, at, &size, &input->failure)
                                         : input->inflate->read(input->inflate_state, &input->raw,
                                                                at, INPUT_PIECE_SIZE, &size,
                                                                &input->is_end, &input->failure);
        input->is_end |= !ok;
    }
    memset(at + size, 0, INPUT_PADDING);
    input->piece = bytes_of(at - keep, keep + size);
}

bool input_read(struct input *input, size_t keep, struct bytes *piece, bool *is_end,
                struct error *err) {
    assert(keep <= INPUT_LINE_MAX);
    if (input->is_ahead) {
        assert(keep == 0);
        input->is_ahead = false;
    } else {
        assert(keep <= input->piece.size);
        piece_read(input, keep);
    }
    *piece = input->piece;
    if (input->failure.code == ERROR_NONE) {
        *is_end = input->is_end;
        return true;
    }
    /* The piece in front of the damage is given first, the error with the next call. */
    *is_end = piece->size == keep;
    if (*is_end && err != NULL) {
        *err = input->failure;
    }
    return !*is_end;
}

struct bytes input_front(struct input *input) {
    if (!input->is_ahead) {
        assert(input->piece.data == NULL);
        piece_read(input, 0);
        input->is_ahead = true;
    }
    return input->piece;
}

enum input_codec input_codec(const struct input *input) {
    return input->codec;
}

uint64_t input_offset(const struct input *input) {
    return input->raw.offset;
}
