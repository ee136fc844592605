/* SPDX-License-Identifier: Apache-2.0 */
/* A column goes block by block, so that its values, tokens and bits stay in the first-level cache.
 * zstd is kept only where it makes a block smaller: tables at level 1, blocks with parameters of
 * their own. A block has few repeats worth finding beside what its entropy coder gives, and those
 * are near: a table of 64 places finds them within 1 % of level 1's bytes, and skips quickly over
 * tokens that are as good as random. Whether a small column is better
 * packed or compressed is tried on its first block and then done for all of them. */
#include "flow/frame_writer.h"

#define ZSTD_LEVEL 1
/* Of blocks: all of one lies in the window (two planes of 4,096 bytes). */
#define BLOCK_WINDOW_LOG 13
#define BLOCK_HASH_LOG 6
#define BLOCK_MATCH_MIN 6
/* The body before its size is checked: far more than what passes. */
#define BODY_SIZE_MAX (4u << 20)
/* Tables below this size gain nothing from zstd. */
#define TABLE_COMPRESS_MIN 64u
/* Columns up to this width are packed: entropy coding would save at most half a bit a row. */
#define SMALL_WIDTH_MAX 2u
#define BLOCK_TABLE_ENTRY 8u

static bool set_block_parameters(ZSTD_CCtx *zstd) {
    static const struct {
        ZSTD_cParameter parameter;
        int value;
    } settings[] = {
        { ZSTD_c_compressionLevel, ZSTD_LEVEL }, { ZSTD_c_strategy, ZSTD_fast },
        { ZSTD_c_windowLog, BLOCK_WINDOW_LOG },  { ZSTD_c_hashLog, BLOCK_HASH_LOG },
        { ZSTD_c_minMatch, BLOCK_MATCH_MIN },
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, settings[i].parameter, settings[i].value))) {
            return false;
        }
    }
    return true;
}

bool frame_writer_init(struct frame_writer *writer) {
    writer->kernels = column_kernels_best();
    buffer_init(&writer->body, BODY_SIZE_MAX);
    buffer_init(&writer->table, FRAME_TABLE_SIZE_MAX);
    writer->zstd = ZSTD_createCCtx();
    return writer->zstd != NULL && set_block_parameters(writer->zstd);
}

void frame_writer_done(struct frame_writer *writer) {
    ZSTD_freeCCtx(writer->zstd);
    buffer_done(&writer->body);
    buffer_done(&writer->table);
}

void frame_writer_begin(struct frame_writer *writer, uint32_t row_count) {
    writer->row_count = row_count;
    writer->section_count = 0;
    writer->unpacked_size = 0;
    buffer_reset(&writer->body);
    buffer_reset(&writer->table);
}

/* Notes that the body from `offset` on is the section `number`. */
static void add_section(struct frame_writer *writer, unsigned number, size_t offset,
                        struct frame_section section) {
    writer->sections[writer->section_count++] =
        (struct frame_written){ .number = number, .offset = offset, .section = section };
}

/* Appends `bytes`, a table or a block, to the body, compressed when that is smaller; returns
 * whether it is. */
static bool put_compressed(struct frame_writer *writer, const uint8_t *bytes, size_t size,
                           bool is_table) {
    size_t bound = ZSTD_compressBound(size);
    uint8_t *at = buffer_reserve(&writer->body, bound);
    if (at == NULL) {
        return false;
    }
    size_t compressed = is_table
                            ? ZSTD_compressCCtx(writer->zstd, at, bound, bytes, size, ZSTD_LEVEL)
                            : ZSTD_compress2(writer->zstd, at, bound, bytes, size);
    if (ZSTD_isError(compressed) || compressed >= size) {
        memcpy(at, bytes, size);
        writer->body.size += size;
        return false;
    }
    writer->body.size += compressed;
    return true;
}

void frame_writer_table(struct frame_writer *writer, unsigned number, uint32_t rows,
                        bool may_compress) {
    struct buffer *table = &writer->table;
    size_t offset = writer->body.size;
    if (rows > 0 && !table->failed) {
        bool is_compressed = false;
        if (may_compress && table->size >= TABLE_COMPRESS_MIN) {
            is_compressed = put_compressed(writer, table->data, table->size, true);
        } else {
            buffer_put(&writer->body, table->data, table->size);
        }
        add_section(
            writer, number, offset,
            (struct frame_section){ .encoding = is_compressed ? ENCODING_ZSTD : ENCODING_PLAIN,
                                    .low = rows,
                                    .high = table->size });
        writer->unpacked_size += table->size;
    }
    if (!table->failed) {
        buffer_reset(table); /* a failure stays latched until the end */
    }
}

void frame_writer_constant(struct frame_writer *writer, unsigned number, uint64_t value) {
    add_section(
        writer, number, writer->body.size,
        (struct frame_section){ .encoding = ENCODING_CONSTANT, .low = value, .high = value });
}

/* Room for the table of a section's blocks, which stands in front of them; returns its offset. */
static size_t begin_blocks(struct frame_writer *writer) {
    size_t offset = writer->body.size;
    size_t size = (size_t)BLOCK_TABLE_ENTRY * frame_block_count(writer->row_count);
    uint8_t *at = buffer_reserve(&writer->body, size);
    if (at != NULL) {
        memset(at, 0, size);
        writer->body.size += size;
    }
    writer->unpacked_size += size;
    return offset;
}

static void set_block(struct frame_writer *writer, size_t table_offset, uint32_t block,
                      size_t plane_size, size_t bits_size) {
    if (!writer->body.failed) {
        uint8_t *at = writer->body.data + table_offset + (size_t)BLOCK_TABLE_ENTRY * block;
        put_u32(at, (uint32_t)plane_size);
        put_u32(at + 4, (uint32_t)bits_size);
    }
}

/* Encodes `count` values of `writer->values` as one block of tokens. */
static void put_token_block(struct frame_writer *writer, size_t table_offset, uint32_t block,
                            uint32_t count) {
    size_t bits_size =
        writer->kernels->tokens_encode(writer->plane, writer->bits, writer->values, count);
    size_t before = writer->body.size;
    put_compressed(writer, writer->plane, count, false);
    size_t plane_size = writer->body.size - before;
    buffer_put(&writer->body, writer->bits, bits_size);
    set_block(writer, table_offset, block, plane_size, bits_size);
    writer->unpacked_size += count + bits_size;
}

void frame_writer_tokens(struct frame_writer *writer, unsigned number, frame_fill *fill,
                         const void *context, uint64_t low, uint64_t high) {
    size_t offset = begin_blocks(writer);
    uint32_t count = writer->row_count;
    for (uint32_t block = 0; block < frame_block_count(count); block++) {
        uint32_t rows = frame_block_rows(count, block);
        fill(context, writer->values, block * FRAME_BLOCK_RECORDS, rows);
        put_token_block(writer, offset, block, rows);
    }
    add_section(writer, number, offset,
                (struct frame_section){ .encoding = ENCODING_TOKENS, .low = low, .high = high });
}

static void fill_column(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_writer *writer = context;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = writer->column[first + i];
    }
}

void frame_writer_column(struct frame_writer *writer, unsigned number, uint64_t low,
                         uint64_t high) {
    frame_writer_tokens(writer, number, fill_column, writer, low, high);
}

static void split_planes(uint8_t *restrict plane, const uint16_t *restrict values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        plane[i] = (uint8_t)values[i];
        plane[count + i] = (uint8_t)(values[i] >> 8);
    }
}

static void put_planes(struct frame_writer *writer, unsigned number, uint16_t low, uint16_t high) {
    size_t offset = begin_blocks(writer);
    uint32_t count = writer->row_count;
    for (uint32_t block = 0; block < frame_block_count(count); block++) {
        uint32_t rows = frame_block_rows(count, block);
        split_planes(writer->plane, writer->column + block * FRAME_BLOCK_RECORDS, rows);
        size_t before = writer->body.size;
        put_compressed(writer, writer->plane, 2 * (size_t)rows, false);
        set_block(writer, offset, block, writer->body.size - before, 0);
    }
    add_section(writer, number, offset,
                (struct frame_section){ .encoding = ENCODING_PLANES, .low = low, .high = high });
}

static void put_packed(struct frame_writer *writer, unsigned number, uint16_t low, uint16_t high) {
    size_t offset = writer->body.size;
    uint32_t count = writer->row_count;
    unsigned width = column_width((uint64_t)high - low);
    size_t size = column_packed_size(count, width);
    uint8_t *at = buffer_reserve(&writer->body, size + COLUMN_SLACK);
    if (at != NULL) {
        writer->kernels->pack(at, writer->column, count, low, width);
        writer->body.size += size;
    }
    add_section(
        writer, number, offset,
        (struct frame_section){
            .encoding = ENCODING_PACKED, .parameter = (uint8_t)width, .low = low, .high = high });
}

/* Whether zstd makes the first block of `writer->column` smaller than packing it by more than a
 * sixteenth: what it saves must be worth its time at both ends. */
static bool zstd_pays(struct frame_writer *writer, unsigned width, bool as_planes) {
    uint32_t rows = frame_block_rows(writer->row_count, 0);
    size_t size = rows;
    size_t bits_size = 0;
    if (as_planes) {
        split_planes(writer->plane, writer->column, rows);
        size = 2 * (size_t)rows;
    } else {
        fill_column(writer, writer->values, 0, rows);
        bits_size =
            writer->kernels->tokens_encode(writer->plane, writer->bits, writer->values, rows);
    }
    size_t compressed =
        ZSTD_compress2(writer->zstd, writer->trial, sizeof writer->trial, writer->plane, size);
    size_t packed = column_packed_size(rows, width);
    return !ZSTD_isError(compressed) && compressed + bits_size < packed - packed / 16;
}

/* The most that a small column takes uncompressed in any encoding that frame_writer_small may
 * choose: which one it chose may hang on libzstd, this does not. */
static size_t small_size_max(uint32_t count, unsigned width, uint16_t high, bool as_planes) {
    size_t packed = column_packed_size(count, width);
    if (width <= SMALL_WIDTH_MAX) {
        return packed;
    }
    size_t raw_bits = high < 16 ? 0 : column_width(high) - 3;
    size_t blocks = frame_block_count(count);
    size_t other = as_planes ? 2 * (size_t)count : count + (raw_bits * count + 7) / 8 + blocks;
    other += BLOCK_TABLE_ENTRY * blocks;
    return other > packed ? other : packed;
}

/* Columns that zstd is given whole, as two planes of bytes. Tokens are for magnitudes: of quality,
 * whose bits are flags and mostly the same ones, they would keep three bits a row as raw mantissa.
 */
static bool is_wide(unsigned number) {
    return number == SECTION_EPHEMERAL || number == SECTION_QUALITY;
}

/* The smallest and the largest, compared as signed with the highest bit flipped: of 16 bits that is
 * the comparison that every x86-64 has as a vector (0.2 ns a column and row instead of 1). */
static void find_range(const uint16_t *values, uint32_t count, uint16_t *low, uint16_t *high) {
    int16_t smallest = INT16_MAX;
    int16_t largest = INT16_MIN;
    for (uint32_t i = 0; i < count; i++) {
        int16_t value = (int16_t)(values[i] ^ 0x8000);
        smallest = value < smallest ? value : smallest;
        largest = value > largest ? value : largest;
    }
    *low = (uint16_t)smallest ^ 0x8000;
    *high = (uint16_t)largest ^ 0x8000;
}

void frame_writer_small(struct frame_writer *writer, unsigned number) {
    uint32_t count = writer->row_count;
    uint16_t low;
    uint16_t high;
    find_range(writer->column, count, &low, &high);
    if (low == high) {
        frame_writer_constant(writer, number, low);
        return;
    }
    unsigned width = column_width((uint64_t)high - low);
    bool as_planes = is_wide(number);
    size_t unpacked_before = writer->unpacked_size;
    if (width <= SMALL_WIDTH_MAX || !zstd_pays(writer, width, as_planes)) {
        put_packed(writer, number, low, high);
    } else if (as_planes) {
        put_planes(writer, number, low, high);
    } else {
        frame_writer_column(writer, number, low, high);
    }
    writer->unpacked_size = unpacked_before + small_size_max(count, width, high, as_planes);
}
