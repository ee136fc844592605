/* SPDX-License-Identifier: Apache-2.0 */
/* What bounds the cost: a table is at most FRAME_TABLE_SIZE_MAX bytes decompressed, a block of a
 * column at most two bytes a row; zstd is told that size and may write no more, and since it writes
 * in one go it takes no window of its own. */
#include "flow/frame_reader.h"

#define BLOCK_TABLE_ENTRY 8u

/* Decompresses all of `from` into exactly `size` bytes. */
static bool inflate(struct frame_reader *reader, unsigned number, uint8_t *out, size_t size,
                    struct bytes from, struct error *err) {
    unsigned long long claimed = ZSTD_getFrameContentSize(from.data, from.size);
    if (claimed != size) {
        return frame_bad(err, number, "%zu bytes claim to hold %llu, not %zu", from.size, claimed,
                         size);
    }
    size_t got = ZSTD_decompressDCtx(reader->zstd, out, size, from.data, from.size);
    if (got != size) {
        return frame_bad(err, number, "%zu bytes at offset %zu do not decompress (%s)", from.size,
                         (size_t)(from.data - reader->view->bytes.data),
                         ZSTD_isError(got) ? ZSTD_getErrorName(got) : "too short");
    }
    return true;
}

bool frame_reader_table(struct frame_reader *reader, unsigned number, uint32_t *rows,
                        struct bytes *bytes, struct error *err) {
    const struct frame_section *section;
    *rows = 0;
    *bytes = (struct bytes){ 0 };
    if (!frame_view_section(reader->view, number, &section, err)) {
        return false;
    }
    if (section == NULL) {
        return true;
    }
    if (section->low > UINT32_MAX || section->high > FRAME_TABLE_SIZE_MAX) {
        return frame_bad(err, number, "%llu rows of %llu bytes", (unsigned long long)section->low,
                         (unsigned long long)section->high);
    }
    if (section->encoding == ENCODING_ZSTD) {
        if (!inflate(reader, number, reader->table, (size_t)section->high, section->bytes, err)) {
            return false;
        }
        *bytes = bytes_of(reader->table, (size_t)section->high);
    } else if (section->encoding == ENCODING_PLAIN && section->high == section->bytes.size) {
        *bytes = section->bytes;
    } else {
        return frame_bad(err, number, "encoding %u, %zu bytes for %llu", section->encoding,
                         section->bytes.size, (unsigned long long)section->high);
    }
    *rows = (uint32_t)section->low;
    return true;
}

/* Walks the blocks of a section. */
struct block_walk {
    const struct frame_section *section;
    unsigned number;
    uint32_t block;
    uint32_t block_count;
    uint32_t count;   /* rows of the frame */
    struct cursor at; /* behind the blocks read */
};

struct block {
    uint32_t rows;
    struct bytes plane;
    struct bytes bits;
};

static bool walk_begin(struct block_walk *walk, const struct frame_reader *reader,
                       const struct frame_section *section, unsigned number, struct error *err) {
    uint32_t count = reader->view->prologue.header.count;
    *walk = (struct block_walk){ .section = section,
                                 .number = number,
                                 .block_count = frame_block_count(count),
                                 .count = count,
                                 .at = cursor_of(section->bytes) };
    cursor_take(&walk->at, (size_t)BLOCK_TABLE_ENTRY * walk->block_count);
    return !walk->at.failed || frame_bad(err, number, "%zu bytes for a table of %u blocks",
                                         section->bytes.size, walk->block_count);
}

static bool walk_next(struct block_walk *walk, struct block *block, struct error *err) {
    const uint8_t *entry = walk->section->bytes.data + (size_t)BLOCK_TABLE_ENTRY * walk->block;
    block->rows = frame_block_rows(walk->count, walk->block);
    block->plane = cursor_take(&walk->at, get_u32(entry));
    block->bits = cursor_take(&walk->at, get_u32(entry + 4));
    bool is_last = walk->block + 1 == walk->block_count;
    if (walk->at.failed || (is_last && cursor_left(&walk->at) > 0)) {
        return frame_bad(err, walk->number, "block %u: %u + %u bytes do not fit %zu", walk->block,
                         get_u32(entry), get_u32(entry + 4), walk->section->bytes.size);
    }
    walk->block++;
    return true;
}

/* The plane of a block as `size` bytes: decompressed unless it stands there at that size. */
static bool block_plane(struct frame_reader *reader, unsigned number, struct bytes plane,
                        size_t size, const uint8_t **out, struct error *err) {
    if (plane.size == size) {
        *out = plane.data;
        return true;
    }
    *out = reader->plane;
    return inflate(reader, number, reader->plane, size, plane, err);
}

static bool decode_tokens(struct frame_reader *reader, struct block_walk *walk, uint64_t *out,
                          uint32_t *rows, struct error *err) {
    struct block block;
    const uint8_t *tokens;
    if (!walk_next(walk, &block, err) ||
        !block_plane(reader, walk->number, block.plane, block.rows, &tokens, err)) {
        return false;
    }
    uint64_t bit_count = reader->kernels->tokens_bit_count(tokens, block.rows);
    if (block.bits.size != (bit_count + 7) / 8) {
        return frame_bad(err, walk->number, "block %u: %zu bytes for %llu bits", walk->block - 1,
                         block.bits.size, (unsigned long long)bit_count);
    }
    reader->kernels->tokens_decode(out, tokens, block.bits.data, block.rows);
    *rows = block.rows;
    return true;
}

static bool small_from_tokens(struct frame_reader *reader, const struct frame_section *section,
                              unsigned number, uint16_t *out, struct error *err) {
    struct block_walk walk;
    if (!walk_begin(&walk, reader, section, number, err)) {
        return false;
    }
    uint64_t values[FRAME_BLOCK_RECORDS];
    while (walk.block < walk.block_count) {
        uint32_t rows;
        if (!decode_tokens(reader, &walk, values, &rows, err)) {
            return false;
        }
        uint64_t any = 0;
        for (uint32_t i = 0; i < rows; i++) {
            any |= values[i];
            out[i] = (uint16_t)values[i];
        }
        if (any > UINT16_MAX) {
            return frame_bad(err, number, "block %u: a value beyond 16 bits", walk.block - 1);
        }
        out += rows;
    }
    return true;
}

static bool small_from_planes(struct frame_reader *reader, const struct frame_section *section,
                              unsigned number, uint16_t *out, struct error *err) {
    struct block_walk walk;
    if (!walk_begin(&walk, reader, section, number, err)) {
        return false;
    }
    while (walk.block < walk.block_count) {
        struct block block;
        const uint8_t *planes;
        if (!walk_next(&walk, &block, err) ||
            !block_plane(reader, number, block.plane, 2 * (size_t)block.rows, &planes, err)) {
            return false;
        }
        if (block.bits.size > 0) {
            return frame_bad(err, number, "block %u: planes have no bits", walk.block - 1);
        }
        for (uint32_t i = 0; i < block.rows; i++) {
            out[i] = (uint16_t)(planes[i] | planes[block.rows + i] << 8);
        }
        out += block.rows;
    }
    return true;
}

static bool small_from_packed(const struct frame_reader *reader,
                              const struct frame_section *section, unsigned number, uint16_t *out,
                              struct error *err) {
    uint32_t count = reader->view->prologue.header.count;
    unsigned width = section->parameter;
    if (width < 1 || width > COLUMN_WIDTH_MAX || section->low > UINT16_MAX ||
        section->bytes.size != column_packed_size(count, width)) {
        return frame_bad(err, number, "%zu bytes for %u rows of %u bits", section->bytes.size,
                         count, width);
    }
    reader->kernels->unpack(out, section->bytes.data, count, (uint16_t)section->low, width);
    return true;
}

/* The section of a column, which must be there. */
static bool column_section(struct frame_reader *reader, unsigned number,
                           const struct frame_section **section, struct error *err) {
    if (!frame_view_section(reader->view, number, section, err)) {
        return false;
    }
    if (*section == NULL) {
        return frame_bad(err, number, "is missing");
    }
    if ((*section)->encoding == ENCODING_CONSTANT && (*section)->bytes.size > 0) {
        return frame_bad(err, number, "a constant with %zu bytes", (*section)->bytes.size);
    }
    return true;
}

bool frame_reader_small(struct frame_reader *reader, unsigned number, uint16_t *out,
                        uint16_t high_max, struct error *err) {
    const struct frame_section *section;
    uint32_t count = reader->view->prologue.header.count;
    if (!column_section(reader, number, &section, err)) {
        return false;
    }
    bool ok = false;
    switch (section->encoding) {
    case ENCODING_CONSTANT: ok = true; break;
    case ENCODING_PACKED: ok = small_from_packed(reader, section, number, out, err); break;
    case ENCODING_TOKENS: ok = small_from_tokens(reader, section, number, out, err); break;
    case ENCODING_PLANES: ok = small_from_planes(reader, section, number, out, err); break;
    default: return frame_bad(err, number, "encoding %u", section->encoding);
    }
    if (!ok) {
        return false;
    }
    if (section->encoding == ENCODING_CONSTANT) {
        if (section->low > high_max) {
            return frame_bad(err, number, "%llu (at most %u)", (unsigned long long)section->low,
                             high_max);
        }
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (uint16_t)section->low;
        }
        return true;
    }
    uint16_t high = 0;
    for (uint32_t i = 0; i < count; i++) {
        high = out[i] > high ? out[i] : high;
    }
    return high <= high_max || frame_bad(err, number, "%u (at most %u)", high, high_max);
}

bool frame_reader_large(struct frame_reader *reader, unsigned number, uint64_t *out,
                        bool *is_constant, struct error *err) {
    const struct frame_section *section;
    uint32_t count = reader->view->prologue.header.count;
    if (!column_section(reader, number, &section, err)) {
        return false;
    }
    *is_constant = section->encoding == ENCODING_CONSTANT;
    if (*is_constant) {
        for (uint32_t i = 0; i < count; i++) {
            out[i] = section->low;
        }
        return true;
    }
    if (section->encoding != ENCODING_TOKENS) {
        return frame_bad(err, number, "encoding %u", section->encoding);
    }
    struct block_walk walk;
    if (!walk_begin(&walk, reader, section, number, err)) {
        return false;
    }
    while (walk.block < walk.block_count) {
        uint32_t rows;
        if (!decode_tokens(reader, &walk, out, &rows, err)) {
            return false;
        }
        out += rows;
    }
    return true;
}
