/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_READER_H
#define WEIR_FLOW_FRAME_READER_H

#include "flow/column.h"
#include "flow/frame_layout.h"

#include <zstd.h>

/* Reading one section of a frame whatever its encoding: a table as plain bytes, a column as
 * numbers. All input is untrusted; what comes out has the right length and may have any value. */

struct frame_reader {
    const struct frame_view *view;
    ZSTD_DCtx *zstd;
    const struct column_kernels *kernels;
    uint8_t plane[2 * FRAME_BLOCK_RECORDS + COLUMN_SLACK];
    uint8_t table[FRAME_TABLE_SIZE_MAX];
};

/* The rows of a table section and their bytes, decompressed into `reader->table` where needed
 * (valid until the next call). Absent: 0 rows. Errors: ERROR_FORMAT. */
bool frame_reader_table(struct frame_reader *reader, unsigned number, uint32_t *rows,
                        struct bytes *bytes, struct error *err);

/* A column of numbers up to `high_max`, each checked, into `out` (room for the frame's rows and
 * BATCH_PADDING). Errors: ERROR_FORMAT. */
bool frame_reader_small(struct frame_reader *reader, unsigned number, uint16_t *out,
                        uint16_t high_max, struct error *err);

/* A column of 64-bit numbers, or of the differences that stand for them, into `out` (the same
 * room). A constant one gives is_constant and that value in every row. Errors: ERROR_FORMAT. */
bool frame_reader_large(struct frame_reader *reader, unsigned number, uint64_t *out,
                        bool *is_constant, struct error *err);

#endif
