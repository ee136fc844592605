/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_BLOCK_H
#define WEIR_INGEST_CAPTURE_BLOCK_H

#include "ingest/capture_stream.h"

/* The frame of pcapng's blocks (draft-ietf-opsawg-pcapng, 3): type, size, body, size again, and in
 * the body perhaps options. All in the order of octets of the section, which the header of each
 * section tells.
 *
 * The steps are: peek (type and size), then read (the whole block is in view) or skip. Each goes on
 * only when the one before said true. Errors: ERROR_FORMAT with the offset of the block, and what
 * the stream's damage is. */

#define BLOCK_SECTION 0x0A0D0D0Au
#define BLOCK_SIZE_MIN 12u
#define BYTE_ORDER_MAGIC 0x1A2B3C4Du

struct capture_block {
    const uint8_t *at; /* valid as the stream's view */
    uint32_t type;
    uint32_t size;
    uint64_t offset;
    bool is_big;
};

/* Fields of a block by their offset in it; the caller has asked for a block of that size. */
static inline uint16_t block_u16(const struct capture_block *block, size_t offset) {
    uint16_t value = get_u16(block->at + offset);
    return block->is_big ? __builtin_bswap16(value) : value;
}

static inline uint32_t block_u32(const struct capture_block *block, size_t offset) {
    uint32_t value = get_u32(block->at + offset);
    return block->is_big ? __builtin_bswap32(value) : value;
}

static inline uint64_t block_u64(const struct capture_block *block, size_t offset) {
    uint64_t value = get_u64(block->at + offset);
    return block->is_big ? __builtin_bswap64(value) : value;
}

/* Looks at the block that the stream stands at, which has shown BLOCK_SIZE_MIN bytes. `*is_big` is
 * the order of the section; the header of a section sets it. */
bool capture_block_peek(struct capture_stream *stream, bool *is_big, struct capture_block *block,
                        struct error *err);

/* Brings the whole block into view: at least `size_min` and at most CAPTURE_STREAM_MAX bytes. The
 * stream stays at its start. */
bool capture_block_read(struct capture_stream *stream, struct capture_block *block,
                        uint32_t size_min, struct error *err);

/* Goes on behind a block that is not looked into, of any size. */
bool capture_block_skip(struct capture_stream *stream, const struct capture_block *block,
                        struct error *err);

/* Sets `err`: the block, and `what` is wrong with it. Returns false. */
bool capture_block_bad(const struct capture_block *block, const char *what, struct error *err);
/* Sets `err`: the file ends in the block at `offset`. Returns false. */
bool capture_block_cut(const struct capture_stream *stream, uint64_t offset, struct error *err);

struct capture_option {
    unsigned code; /* 0: there are no more */
    size_t offset; /* of the value, in the block */
    size_t size;
};

/* The next option behind `*offset` (at first that of the first one), which it moves. False (with
 * `err` set): the option is longer than what is left of the block. */
bool capture_option_next(const struct capture_block *block, size_t *offset,
                         struct capture_option *out, struct error *err);

#endif
