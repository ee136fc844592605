/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_WRITER_H
#define WEIR_FLOW_FRAME_WRITER_H

#include "flow/column.h"
#include "flow/frame_layout.h"

#include <zstd.h>

/* Writing one section of a frame in the encoding that suits it; the counterpart of
 * frame_reader.h. Sections are put behind each other into `body` in the order of their
 * numbers. Failures of the two buffers latch, and are checked once at the end. */

struct frame_written {
    unsigned number;
    size_t offset; /* in the body */
    struct frame_section section;
};

struct frame_writer {
    ZSTD_CCtx *zstd; /* with the parameters of blocks */
    const struct column_kernels *kernels;
    uint32_t row_count;
    struct buffer body;
    struct buffer table; /* where a table is written before frame_writer_table takes it */
    struct frame_written sections[SECTION_NUMBER_END];
    uint32_t section_count;
    /* What the body would take with nothing compressed. It alone decides whether a batch fits
     * FRAME_SIZE_MAX, so that where a stream is cut does not hang on the version of libzstd. */
    size_t unpacked_size;

    uint16_t column[BATCH_RECORDS_MAX + BATCH_PADDING]; /* by place: what the caller fills */
    uint64_t values[FRAME_BLOCK_RECORDS];
    uint8_t plane[2 * FRAME_BLOCK_RECORDS + COLUMN_SLACK];
    uint8_t bits[(FRAME_BLOCK_RECORDS * 61 + 7) / 8 + COLUMN_SLACK];
    uint8_t trial[4 * FRAME_BLOCK_RECORDS];
};

/* `writer` is zeroed. False without memory; frame_writer_done accepts what it left. */
bool frame_writer_init(struct frame_writer *writer);
void frame_writer_done(struct frame_writer *writer);
/* Empty, for a frame of `row_count` records. */
void frame_writer_begin(struct frame_writer *writer, uint32_t row_count);

/* Moves what was written to `table` into the body as a section of `rows` rows; none for 0 rows. */
void frame_writer_table(struct frame_writer *writer, unsigned number, uint32_t rows,
                        bool may_compress);

void frame_writer_constant(struct frame_writer *writer, unsigned number, uint64_t value);

/* Fills `values` with those of `count` places from `first` on. */
typedef void frame_fill(const void *context, uint64_t *values, uint32_t first, uint32_t count);

/* A column of tokens whose values `fill` gives, a block at a time. */
void frame_writer_tokens(struct frame_writer *writer, unsigned number, frame_fill *fill,
                         const void *context, uint64_t low, uint64_t high);

/* `writer->column` as tokens. */
void frame_writer_column(struct frame_writer *writer, unsigned number, uint64_t low, uint64_t high);

/* `writer->column`, a column of small numbers, in the way that suits it. Ephemeral ports repeat
 * whole, which zstd finds in planes; the others have few values, which tokens suit. */
void frame_writer_small(struct frame_writer *writer, unsigned number);

#endif
