/* SPDX-License-Identifier: Apache-2.0 */
/* From a batch to the bytes of a frame (docs/FORMATS.md, "Frame"): rank addresses, order rows, then
 * one section behind another into `body`; header and directory are put in front at the end, when
 * all sizes are known.
 *
 * A column goes block by block, so that its values, tokens and bits stay in the first-level cache.
 * zstd (level 1) is kept only where it makes a block smaller. Whether a small column is better
 * packed or compressed is tried on its first block and then done for all of them.
 *
 * `unpacked_size` adds up what the frame would take with nothing compressed. It alone decides
 * whether a batch fits FRAME_SIZE_MAX, so where a stream is cut does not hang on the version of
 * libzstd. */
#include "flow/column.h"
#include "flow/frame_minutes.h"
#include "flow/frame_tables.h"

#include <stdlib.h>
#include <zstd.h>

#define ZSTD_LEVEL 1
/* The body before the check of its size: at most twice what passes it. */
#define BODY_SIZE_MAX (4u << 20)
/* Tables below this size gain nothing from zstd. */
#define TABLE_COMPRESS_MIN 64u
/* Columns up to this width are packed: entropy coding would save at most half a bit a row. */
#define SMALL_WIDTH_MAX 2u
#define BLOCK_TABLE_ENTRY 8u

struct encoded_section {
    unsigned number;
    size_t offset; /* in the body */
    struct frame_section section;
};

struct frame_encoder {
    ZSTD_CCtx *zstd;
    const struct column_kernels *kernels;
    struct frame_addresses addresses;
    struct frame_rows rows;
    struct frame_minute minutes[FRAME_MINUTES_MAX];
    struct buffer body;
    struct buffer table;
    struct encoded_section sections[SECTION_NUMBER_END];
    uint32_t section_count;
    size_t unpacked_size;

    uint16_t column[BATCH_RECORDS_MAX + BATCH_PADDING]; /* by place */
    uint16_t slots[DICTIONARY_CODES_MAX]; /* by rank: index of a node's local address + 1; all 0 */
    uint64_t values[FRAME_BLOCK_RECORDS];
    uint8_t plane[2 * FRAME_BLOCK_RECORDS + COLUMN_SLACK];
    uint8_t bits[(FRAME_BLOCK_RECORDS * 61 + 7) / 8 + COLUMN_SLACK];
    uint8_t trial[4 * FRAME_BLOCK_RECORDS];
};

struct frame_encoder *frame_encoder_new(struct error *err) {
    struct frame_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL || (encoder->zstd = ZSTD_createCCtx()) == NULL) {
        frame_encoder_free(encoder);
        (void)error_set(err, ERROR_LIMIT, "no memory for a frame encoder");
        return NULL;
    }
    encoder->kernels = column_kernels_best();
    buffer_init(&encoder->body, BODY_SIZE_MAX);
    buffer_init(&encoder->table, FRAME_TABLE_SIZE_MAX);
    return encoder;
}

void frame_encoder_free(struct frame_encoder *encoder) {
    if (encoder != NULL) {
        ZSTD_freeCCtx(encoder->zstd);
        buffer_done(&encoder->body);
        buffer_done(&encoder->table);
        free(encoder);
    }
}

/* Notes that the body from `offset` on is the section `number`. */
static void add_section(struct frame_encoder *encoder, unsigned number, size_t offset,
                        struct frame_section section) {
    encoder->sections[encoder->section_count++] =
        (struct encoded_section){ .number = number, .offset = offset, .section = section };
}

/* Appends `bytes` to the body, compressed when that is smaller; returns whether it is. */
static bool put_compressed(struct frame_encoder *encoder, const uint8_t *bytes, size_t size) {
    size_t bound = ZSTD_compressBound(size);
    uint8_t *at = buffer_reserve(&encoder->body, bound);
    if (at == NULL) {
        return false;
    }
    size_t compressed = ZSTD_compressCCtx(encoder->zstd, at, bound, bytes, size, ZSTD_LEVEL);
    if (ZSTD_isError(compressed) || compressed >= size) {
        memcpy(at, bytes, size);
        encoder->body.size += size;
        return false;
    }
    encoder->body.size += compressed;
    return true;
}

/* Moves what was written to `table` into the body as a section of `rows` rows; none for 0 rows. */
static void put_table(struct frame_encoder *encoder, unsigned number, uint32_t rows,
                      bool may_compress) {
    struct buffer *table = &encoder->table;
    size_t offset = encoder->body.size;
    if (rows > 0 && !table->failed) {
        bool is_compressed = false;
        if (may_compress && table->size >= TABLE_COMPRESS_MIN) {
            is_compressed = put_compressed(encoder, table->data, table->size);
        } else {
            buffer_put(&encoder->body, table->data, table->size);
        }
        add_section(
            encoder, number, offset,
            (struct frame_section){ .encoding = is_compressed ? ENCODING_ZSTD : ENCODING_PLAIN,
                                    .low = rows,
                                    .high = table->size });
        encoder->unpacked_size += table->size;
    }
    if (!table->failed) {
        buffer_reset(table); /* a failure stays latched until the end */
    }
}

static void put_constant(struct frame_encoder *encoder, unsigned number, uint64_t value) {
    add_section(
        encoder, number, encoder->body.size,
        (struct frame_section){ .encoding = ENCODING_CONSTANT, .low = value, .high = value });
}

/* Room for the table of a section's blocks, which stands in front of them; returns its offset. */
static size_t begin_blocks(struct frame_encoder *encoder) {
    size_t offset = encoder->body.size;
    size_t size = (size_t)BLOCK_TABLE_ENTRY * frame_block_count(encoder->rows.count);
    uint8_t *at = buffer_reserve(&encoder->body, size);
    if (at != NULL) {
        memset(at, 0, size);
        encoder->body.size += size;
    }
    encoder->unpacked_size += size;
    return offset;
}

static void set_block(struct frame_encoder *encoder, size_t table_offset, uint32_t block,
                      size_t plane_size, size_t bits_size) {
    if (!encoder->body.failed) {
        uint8_t *at = encoder->body.data + table_offset + (size_t)BLOCK_TABLE_ENTRY * block;
        put_u32(at, (uint32_t)plane_size);
        put_u32(at + 4, (uint32_t)bits_size);
    }
}

/* Encodes `count` values of `encoder->values` as one block of tokens. */
static void put_token_block(struct frame_encoder *encoder, size_t table_offset, uint32_t block,
                            uint32_t count) {
    size_t bits_size =
        encoder->kernels->tokens_encode(encoder->plane, encoder->bits, encoder->values, count);
    size_t before = encoder->body.size;
    put_compressed(encoder, encoder->plane, count);
    size_t plane_size = encoder->body.size - before;
    buffer_put(&encoder->body, encoder->bits, bits_size);
    set_block(encoder, table_offset, block, plane_size, bits_size);
    encoder->unpacked_size += count + bits_size;
}

/* Fills `encoder->values` with the values of `count` places from `first` on. */
typedef void fill_function(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                           uint32_t count);

static void put_tokens(struct frame_encoder *encoder, const struct batch *batch, unsigned number,
                       fill_function *fill, uint64_t low, uint64_t high) {
    size_t offset = begin_blocks(encoder);
    uint32_t count = encoder->rows.count;
    for (uint32_t block = 0; block < frame_block_count(count); block++) {
        uint32_t rows = frame_block_rows(count, block);
        fill(encoder, batch, block * FRAME_BLOCK_RECORDS, rows);
        put_token_block(encoder, offset, block, rows);
    }
    add_section(encoder, number, offset,
                (struct frame_section){ .encoding = ENCODING_TOKENS, .low = low, .high = high });
}

/* Inside the rows of a node peers ascend, so a difference is never negative; a block begins anew.
 */
static void fill_peer(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                      uint32_t count) {
    (void)batch;
    const uint16_t *peer = encoder->column + first;
    const uint16_t *node = encoder->rows.node + first;
    encoder->values[0] = peer[0];
    for (uint32_t i = 1; i < count; i++) {
        uint32_t last = node[i] == node[i - 1] ? peer[i - 1] : 0;
        encoder->values[i] = peer[i] - last;
    }
}

static void fill_end(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                     uint32_t count) {
    (void)batch;
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = encoder->rows.end[encoder->rows.order[first + i]];
        encoder->values[i] = zigzag_encode((int64_t)(end - last));
        last = end;
    }
}

static void fill_duration(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                          uint32_t count) {
    (void)batch;
    frame_rows_gather_u64(&encoder->rows, encoder->values, encoder->rows.duration, first, count);
}

static void fill_packets(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                         uint32_t count) {
    frame_rows_gather_u64(&encoder->rows, encoder->values, batch->packets, first, count);
}

static void fill_bytes(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                       uint32_t count) {
    frame_rows_gather_u64(&encoder->rows, encoder->values, batch->bytes, first, count);
}

/* What stands in `encoder->column`, as it is. */
static void fill_column(struct frame_encoder *encoder, const struct batch *batch, uint32_t first,
                        uint32_t count) {
    (void)batch;
    for (uint32_t i = 0; i < count; i++) {
        encoder->values[i] = encoder->column[first + i];
    }
}

static void split_planes(uint8_t *restrict plane, const uint16_t *restrict values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        plane[i] = (uint8_t)values[i];
        plane[count + i] = (uint8_t)(values[i] >> 8);
    }
}

static void put_planes(struct frame_encoder *encoder, unsigned number, uint16_t low,
                       uint16_t high) {
    size_t offset = begin_blocks(encoder);
    uint32_t count = encoder->rows.count;
    for (uint32_t block = 0; block < frame_block_count(count); block++) {
        uint32_t rows = frame_block_rows(count, block);
        split_planes(encoder->plane, encoder->column + block * FRAME_BLOCK_RECORDS, rows);
        size_t before = encoder->body.size;
        put_compressed(encoder, encoder->plane, 2 * (size_t)rows);
        set_block(encoder, offset, block, encoder->body.size - before, 0);
    }
    add_section(encoder, number, offset,
                (struct frame_section){ .encoding = ENCODING_PLANES, .low = low, .high = high });
}

static void put_packed(struct frame_encoder *encoder, unsigned number, uint16_t low,
                       uint16_t high) {
    size_t offset = encoder->body.size;
    uint32_t count = encoder->rows.count;
    unsigned width = column_width((uint64_t)high - low);
    size_t size = column_packed_size(count, width);
    uint8_t *at = buffer_reserve(&encoder->body, size + COLUMN_SLACK);
    if (at != NULL) {
        encoder->kernels->pack(at, encoder->column, count, low, width);
        encoder->body.size += size;
    }
    add_section(
        encoder, number, offset,
        (struct frame_section){
            .encoding = ENCODING_PACKED, .parameter = (uint8_t)width, .low = low, .high = high });
}

/* Whether zstd makes the first block of `encoder->column` smaller than packing it by more than a
 * sixteenth: what it saves must be worth its time at both ends. */
static bool zstd_pays(struct frame_encoder *encoder, unsigned width, bool as_planes) {
    uint32_t rows = frame_block_rows(encoder->rows.count, 0);
    size_t size = rows;
    size_t bits_size = 0;
    if (as_planes) {
        split_planes(encoder->plane, encoder->column, rows);
        size = 2 * (size_t)rows;
    } else {
        fill_column(encoder, NULL, 0, rows);
        bits_size =
            encoder->kernels->tokens_encode(encoder->plane, encoder->bits, encoder->values, rows);
    }
    size_t compressed = ZSTD_compressCCtx(encoder->zstd, encoder->trial, sizeof encoder->trial,
                                          encoder->plane, size, ZSTD_LEVEL);
    size_t packed = column_packed_size(rows, width);
    return !ZSTD_isError(compressed) && compressed + bits_size < packed - packed / 16;
}

/* The most that a small column takes uncompressed in any encoding that put_small may choose: which
 * one it chose may hang on libzstd, this does not. */
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

/* `encoder->column`, a column of small numbers, in the way that suits it. Ephemeral ports repeat
 * whole, which zstd finds in planes; the others have few values, which tokens suit. */
static void put_small(struct frame_encoder *encoder, unsigned number) {
    uint32_t count = encoder->rows.count;
    uint16_t low = UINT16_MAX;
    uint16_t high = 0;
    for (uint32_t i = 0; i < count; i++) {
        low = encoder->column[i] < low ? encoder->column[i] : low;
        high = encoder->column[i] > high ? encoder->column[i] : high;
    }
    if (low == high) {
        put_constant(encoder, number, low);
        return;
    }
    unsigned width = column_width((uint64_t)high - low);
    bool as_planes = number == SECTION_EPHEMERAL;
    size_t unpacked_before = encoder->unpacked_size;
    if (width <= SMALL_WIDTH_MAX || !zstd_pays(encoder, width, as_planes)) {
        put_packed(encoder, number, low, high);
    } else if (as_planes) {
        put_planes(encoder, number, low, high);
    } else {
        put_tokens(encoder, NULL, number, fill_column, low, high);
    }
    encoder->unpacked_size = unpacked_before + small_size_max(count, width, high, as_planes);
}

static void put_small_u8(struct frame_encoder *encoder, unsigned number, const uint8_t *column) {
    frame_rows_gather_u8(&encoder->rows, encoder->column, column);
    put_small(encoder, number);
}

static void put_small_u16(struct frame_encoder *encoder, unsigned number, const uint16_t *column) {
    frame_rows_gather_u16(&encoder->rows, encoder->column, column);
    put_small(encoder, number);
}

/* A column of 64 bits by tokens, or as a constant. */
static void put_large(struct frame_encoder *encoder, const struct batch *batch, unsigned number,
                      fill_function *fill, const uint64_t *column) {
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        low = column[i] < low ? column[i] : low;
        high = column[i] > high ? column[i] : high;
    }
    if (low == high) {
        put_constant(encoder, number, low);
    } else {
        put_tokens(encoder, batch, number, fill, low, high);
    }
}

/* Writes one run of a node: its rows, its local addresses as they first come; replaces each row's
 * local rank in `encoder->column` by an index into them. */
static void put_node_run(struct frame_encoder *encoder, uint32_t node_distance, uint32_t first,
                         uint32_t end) {
    struct buffer *table = &encoder->table;
    uint16_t *ranks = encoder->rows.order_scratch; /* free once the rows are in order */
    uint32_t local_count = 0;
    for (uint32_t i = first; i < end; i++) {
        uint16_t rank = encoder->column[i];
        if (encoder->slots[rank] == 0) {
            ranks[local_count++] = rank;
            encoder->slots[rank] = (uint16_t)local_count;
        }
        encoder->column[i] = (uint16_t)(encoder->slots[rank] - 1);
    }
    buffer_varint(table, node_distance);
    buffer_varint(table, end - first - 1);
    buffer_varint(table, local_count - 1);
    for (uint32_t k = 0; k < local_count; k++) {
        buffer_varint(table, ranks[k]);
        encoder->slots[ranks[k]] = 0;
    }
}

static void put_nodes_and_locals(struct frame_encoder *encoder) {
    const struct frame_rows *rows = &encoder->rows;
    frame_rows_gather_u16(rows, encoder->column, rows->local);
    uint32_t run_count = 0;
    uint32_t next_node = 0;
    for (uint32_t first = 0; first < rows->count;) {
        uint32_t end = first + 1;
        while (end < rows->count && rows->node[end] == rows->node[first]) {
            end++;
        }
        put_node_run(encoder, rows->node[first] - next_node, first, end);
        next_node = rows->node[first] + 1u;
        first = end;
        run_count++;
    }
    put_table(encoder, SECTION_NODE_RUNS, run_count, true);
    put_small(encoder, SECTION_LOCAL);
}

static void put_peers(struct frame_encoder *encoder, const struct batch *batch) {
    frame_rows_gather_u16(&encoder->rows, encoder->column, encoder->rows.peer);
    uint16_t low = UINT16_MAX;
    uint16_t high = 0;
    for (uint32_t i = 0; i < encoder->rows.count; i++) {
        low = encoder->column[i] < low ? encoder->column[i] : low;
        high = encoder->column[i] > high ? encoder->column[i] : high;
    }
    put_tokens(encoder, batch, SECTION_PEER, fill_peer, low, high);
}

static void put_times(struct frame_encoder *encoder, const struct batch *batch) {
    struct frame_rows *rows = &encoder->rows;
    if (rows->end_low_ms == rows->end_high_ms) {
        put_constant(encoder, SECTION_END, (uint64_t)rows->end_low_ms);
    } else {
        put_tokens(encoder, batch, SECTION_END, fill_end, (uint64_t)rows->end_low_ms,
                   (uint64_t)rows->end_high_ms);
    }
    if (rows->duration_low == rows->duration_high) {
        put_constant(encoder, SECTION_DURATION, rows->duration_low);
    } else {
        put_tokens(encoder, batch, SECTION_DURATION, fill_duration, rows->duration_low,
                   rows->duration_high);
    }
}

static void put_service(struct frame_encoder *encoder, const struct batch *batch) {
    const struct frame_rows *rows = &encoder->rows;
    if (rows->service_count == 1) {
        put_constant(encoder, SECTION_SERVICE, 0);
        return;
    }
    frame_rows_gather_u16(rows, encoder->column, rows->service);
    put_tokens(encoder, batch, SECTION_SERVICE, fill_column, 0, rows->service_count - 1);
}

static void put_columns(struct frame_encoder *encoder, const struct batch *batch) {
    const struct frame_rows *rows = &encoder->rows;
    put_nodes_and_locals(encoder);
    put_peers(encoder, batch);
    put_times(encoder, batch);
    put_service(encoder, batch);
    put_small_u16(encoder, SECTION_EPHEMERAL, rows->ephemeral);
    put_small_u16(encoder, SECTION_PORT_ORDER, rows->port_order);
    put_large(encoder, batch, SECTION_PACKETS, fill_packets, batch->packets);
    put_large(encoder, batch, SECTION_BYTES, fill_bytes, batch->bytes);
    put_small_u16(encoder, SECTION_QUALITY, batch->quality);
    put_small_u8(encoder, SECTION_TCP_FLAGS, batch->tcp_flags);
    put_small_u8(encoder, SECTION_DIRECTION, batch->direction);
    put_small_u8(encoder, SECTION_INITIATOR, batch->initiator);
    put_small_u8(encoder, SECTION_ACTION, batch->action);
    put_small_u8(encoder, SECTION_FLOW_LOG, batch->flow_log);
}

/* Sections in the order of their numbers. */
static void put_tables(struct frame_encoder *encoder, const struct batch *batch) {
    struct buffer *table = &encoder->table;
    const struct frame_addresses *addresses = &encoder->addresses;
    put_table(encoder, SECTION_NODES, frame_nodes_write(batch, addresses, table), true);
    put_table(encoder, SECTION_FLOW_LOGS, frame_flow_logs_write(batch, table), true);
    put_table(encoder, SECTION_STRINGS, frame_strings_write(batch, table), true);
    put_table(encoder, SECTION_LABELS, frame_labels_write(batch, addresses, table), true);
    put_table(encoder, SECTION_COVERAGE, frame_coverage_write(batch, table), true);
    uint32_t minutes = frame_minutes_sum(encoder->minutes, batch);
    frame_minutes_write(encoder->minutes, minutes, table);
    put_table(encoder, SECTION_MINUTES, minutes, false);
    if (addresses->count4 > 0) {
        frame_addresses_write_ipv4(addresses, table);
        put_table(encoder, SECTION_IPV4, addresses->count4, false);
    }
    if (addresses->count6 > 0) {
        frame_addresses_write_ipv6(addresses, batch, table);
        put_table(encoder, SECTION_IPV6, addresses->count6, false);
    }
    put_table(encoder, SECTION_SERVICES, frame_services_write(&encoder->rows, table), true);
}

static void fill_header(struct frame_header *header, const struct batch *batch,
                        const struct frame_rows *rows) {
    *header = (struct frame_header){ .stamp = batch->stamp,
                                     .version = FRAME_VERSION,
                                     .count = batch->count };
    if (batch->count > 0) {
        header->min_ms = INT64_MAX;
        header->max_ms = rows->end_high_ms;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        header->min_ms = batch->start_ms[i] < header->min_ms ? batch->start_ms[i] : header->min_ms;
        header->bytes += batch->bytes[i];
        header->packets += batch->packets[i];
        header->twin_count += (batch->quality[i] & QUALITY_TWIN) != 0;
    }
}

/* Puts header, directory, body and slack behind each other into `out`. */
static bool assemble(struct frame_encoder *encoder, const struct batch *batch, struct buffer *out,
                     struct error *err) {
    const struct buffer *body = &encoder->body;
    uint32_t header_size = frame_header_size(batch->stamp.feed.size);
    size_t directory_size = (size_t)FRAME_DIRECTORY_ENTRY * encoder->section_count;
    size_t size = header_size + directory_size + body->size + FRAME_SLACK;
    size_t unpacked_size = size - body->size + encoder->unpacked_size;
    if (unpacked_size > FRAME_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "a frame of %zu bytes unpacked (at most %u)",
                         unpacked_size, FRAME_SIZE_MAX);
    }
    uint8_t *at = buffer_reserve(out, size);
    if (at == NULL) {
        (void)buffer_check(out, "frame", err);
        out->failed = false;
        return false;
    }
    uint8_t *entries = at + header_size;
    for (uint32_t i = 0; i < encoder->section_count; i++) {
        struct encoded_section *encoded = &encoder->sections[i];
        size_t end = i + 1 < encoder->section_count ? encoder->sections[i + 1].offset : body->size;
        encoded->section.bytes = bytes_of(body->data + encoded->offset, end - encoded->offset);
        frame_entry_write(entries + (size_t)FRAME_DIRECTORY_ENTRY * i, encoded->number,
                          &encoded->section);
    }
    if (body->size > 0) {
        memcpy(entries + directory_size, body->data, body->size);
    }
    memset(at + size - FRAME_SLACK, 0, FRAME_SLACK);
    struct frame_prologue prologue = { .time_unit_ms = encoder->rows.time_unit_ms,
                                       .section_count = (uint16_t)encoder->section_count };
    fill_header(&prologue.header, batch, &encoder->rows);
    prologue.header.size = (uint32_t)size;
    prologue.header.body_checksum = frame_checksum(bytes_of(entries, directory_size));
    frame_header_write(at, &prologue);
    out->size += size;
    return true;
}

bool frame_encode(struct frame_encoder *encoder, const struct batch *batch, struct buffer *out,
                  struct error *err) {
    if (batch->stamp.feed.size > FRAME_FEED_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "a feed's name of %zu bytes (at most %u)",
                         batch->stamp.feed.size, FRAME_FEED_SIZE_MAX);
    }
    encoder->section_count = 0;
    encoder->unpacked_size = 0;
    buffer_reset(&encoder->body);
    buffer_reset(&encoder->table);
    frame_addresses_rank(&encoder->addresses, batch);
    frame_rows_fill(&encoder->rows, batch, &encoder->addresses);
    put_tables(encoder, batch);
    if (batch->count > 0) {
        put_columns(encoder, batch);
    }
    return buffer_check(&encoder->table, "a frame's table", err) &&
           buffer_check(&encoder->body, "a frame's body", err) &&
           assemble(encoder, batch, out, err);
}
