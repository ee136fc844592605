/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/capture_block.h"

#include <inttypes.h>

bool capture_block_bad(const struct capture_block *block, const char *what, struct error *err) {
    return error_set(err, ERROR_FORMAT,
                     "pcapng block at offset %" PRIu64 " (type 0x%" PRIX32 ", %" PRIu32
                     " bytes): %s",
                     block->offset, block->type, block->size, what);
}

bool capture_block_cut(const struct capture_stream *stream, uint64_t offset, struct error *err) {
    if (capture_stream_is_damaged(stream, err)) {
        return false;
    }
    return error_set(err, ERROR_FORMAT, "pcapng block at offset %" PRIu64 ": the file ends in it",
                     offset);
}

bool capture_block_peek(struct capture_stream *stream, bool *is_big, struct capture_block *block,
                        struct error *err) {
    *block = (struct capture_block){ .at = stream->view.data, .offset = stream->offset };
    bool is_ordered = true;
    if (get_u32(block->at) == BLOCK_SECTION) { /* which is the same in both orders */
        uint32_t order = get_u32(block->at + 8);
        *is_big = order == __builtin_bswap32(BYTE_ORDER_MAGIC);
        is_ordered = *is_big || order == BYTE_ORDER_MAGIC;
    }
    block->is_big = *is_big;
    block->type = block_u32(block, 0);
    block->size = block_u32(block, 4);
    if (!is_ordered) {
        return capture_block_bad(block, "no byte order of a section header", err);
    }
    if (block->size < BLOCK_SIZE_MIN || block->size % 4 != 0) {
        return capture_block_bad(block, "no size of a block", err);
    }
    return true;
}

bool capture_block_read(struct capture_stream *stream, struct capture_block *block,
                        uint32_t size_min, struct error *err) {
    if (block->size < size_min) {
        return capture_block_bad(block, "too short for its type", err);
    }
    if (block->size > CAPTURE_STREAM_MAX) {
        return capture_block_bad(block, "longer than 1 MiB", err);
    }
    if (!capture_stream_has(stream, block->size)) {
        return capture_block_cut(stream, block->offset, err);
    }
    block->at = stream->view.data;
    if (block_u32(block, block->size - 4) != block->size) {
        return capture_block_bad(block, "its second size differs", err);
    }
    return true;
}

bool capture_block_skip(struct capture_stream *stream, const struct capture_block *block,
                        struct error *err) {
    if (!capture_stream_skip(stream, block->size - 4) || !capture_stream_has(stream, 4)) {
        return capture_block_cut(stream, block->offset, err);
    }
    uint32_t size = get_u32(stream->view.data);
    if ((block->is_big ? __builtin_bswap32(size) : size) != block->size) {
        return capture_block_bad(block, "its second size differs", err);
    }
    capture_stream_use(stream, 4);
    return true;
}

bool capture_option_next(const struct capture_block *block, size_t *offset,
                         struct capture_option *out, struct error *err) {
    *out = (struct capture_option){ .code = 0 };
    size_t end = block->size - 4; /* a multiple of 4, as are all offsets of options */
    if (*offset == end) {
        return true;
    }
    size_t size = block_u16(block, *offset + 2);
    size_t padded = (size + 3) & ~(size_t)3;
    if (padded > end - *offset - 4) {
        return capture_block_bad(block, "an option is longer than the block", err);
    }
    *out = (struct capture_option){
        .code = block_u16(block, *offset),
        .offset = *offset + 4,
        .size = size,
    };
    *offset += 4 + padded;
    return true;
}
