/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes give a text and then its end or an error, in time linear in what is read; a sound file
 * gives the same text however its bytes are handed over. The first byte is the size of a chunk. */
#include "ingest/input.h"

#include <stdlib.h>

#define TEXT_MAX (8u << 20)

struct reading {
    uint64_t size;
    uint64_t hash;
    bool is_whole;
};

static struct reading read_text(struct bytes bytes, size_t chunk_size) {
    struct reading reading = { .hash = UINT64_C(0xCBF29CE484222325) };
    struct input *input;
    struct error err = { 0 };
    if (!input_open_chunks(&input, bytes, chunk_size, &err)) {
        abort();
    }
    size_t keep = 0;
    bool is_end = false;
    while (!is_end && reading.size < TEXT_MAX) {
        struct bytes piece;
        reading.is_whole = input_read(input, keep, &piece, &is_end, &err);
        if (piece.size < keep || (!reading.is_whole && (!is_end || err.code == ERROR_NONE))) {
            abort();
        }
        for (size_t i = 0; i < piece.size - keep; i += 1 + i / 64) { /* a sample: for time */
            reading.hash = (reading.hash ^ piece.data[keep + i]) * UINT64_C(0x100000001B3);
        }
        reading.size += piece.size - keep;
        keep = piece.size < chunk_size ? piece.size : chunk_size;
        keep = keep < INPUT_LINE_MAX ? keep : INPUT_LINE_MAX;
    }
    input_close(input);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct bytes bytes = bytes_of(data + 1, size - 1);
    struct reading some = read_text(bytes, (size_t)data[0] + 1);
    struct reading all = read_text(bytes, 65536);
    if (some.is_whole != all.is_whole ||
        (some.is_whole && (some.size != all.size || some.hash != all.hash))) {
        abort();
    }
    return 0;
}
