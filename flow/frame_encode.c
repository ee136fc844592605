/* SPDX-License-Identifier: Apache-2.0 */
/* From a batch to the bytes of a frame (docs/FORMATS.md, "Frame"): rank addresses, order rows,
 * write one section behind another, and put header and directory in front when all sizes are known.
 */
#include "flow/frame_minutes.h"
#include "flow/frame_tables.h"
#include "flow/frame_writer.h"

#include <stdlib.h>

struct frame_encoder {
    const struct batch *batch; /* while it is encoded */
    struct column_range start;
    struct column_range end;
    struct column_range bytes;
    struct column_range packets;
    struct frame_writer writer;
    struct frame_addresses addresses;
    struct frame_rows rows;
    struct frame_minute minutes[FRAME_MINUTES_ROOM];
    uint16_t slots[DICTIONARY_CODES_MAX]; /* by rank: index of a node's local address + 1; all 0 */
};

struct frame_encoder *frame_encoder_new(struct error *err) {
    struct frame_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL || !frame_writer_init(&encoder->writer)) {
        frame_encoder_free(encoder);
        (void)error_set(err, ERROR_LIMIT, "no memory for a frame encoder");
        return NULL;
    }
    return encoder;
}

void frame_encoder_free(struct frame_encoder *encoder) {
    if (encoder != NULL) {
        frame_writer_done(&encoder->writer);
        free(encoder);
    }
}

/* Inside the rows of a node peers ascend, so a difference is never negative; a block begins anew.
 */
static void fill_peer(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_encoder *encoder = context;
    const uint16_t *peer = encoder->rows.peer_at + first;
    const uint16_t *node = encoder->rows.node + first;
    values[0] = peer[0];
    for (uint32_t i = 1; i < count; i++) {
        uint32_t last = node[i] == node[i - 1] ? peer[i - 1] : 0;
        values[i] = peer[i] - last;
    }
}

static void fill_end(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_rows *rows = &((const struct frame_encoder *)context)->rows;
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = rows->end[rows->order[first + i]];
        values[i] = zigzag_encode((int64_t)(end - last));
        last = end;
    }
}

static void fill_duration(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_rows *rows = &((const struct frame_encoder *)context)->rows;
    frame_rows_gather_u64(rows, values, rows->duration, first, count);
}

static void fill_packets(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_encoder *encoder = context;
    frame_rows_gather_u64(&encoder->rows, values, encoder->batch->packets, first, count);
}

static void fill_bytes(const void *context, uint64_t *values, uint32_t first, uint32_t count) {
    const struct frame_encoder *encoder = context;
    frame_rows_gather_u64(&encoder->rows, values, encoder->batch->bytes, first, count);
}

/* A column of two bits, out of those that share a byte. */
static void put_small_bits(struct frame_encoder *encoder, unsigned number, unsigned shift) {
    for (uint32_t i = 0; i < encoder->rows.count; i++) {
        encoder->writer.column[i] = encoder->rows.small_at[i] >> shift & 3;
    }
    frame_writer_small(&encoder->writer, number);
}

static void put_placed(struct frame_encoder *encoder, unsigned number, const uint16_t *column) {
    memcpy(encoder->writer.column, column, encoder->rows.count * sizeof *column);
    frame_writer_small(&encoder->writer, number);
}

static void put_small_u8(struct frame_encoder *encoder, unsigned number, const uint8_t *column) {
    frame_rows_gather_u8(&encoder->rows, encoder->writer.column, column);
    frame_writer_small(&encoder->writer, number);
}

static void put_small_u16(struct frame_encoder *encoder, unsigned number, const uint16_t *column) {
    frame_rows_gather_u16(&encoder->rows, encoder->writer.column, column);
    frame_writer_small(&encoder->writer, number);
}

/* A column of 64 bits by tokens, or as a constant. */
static void put_large(struct frame_encoder *encoder, unsigned number, frame_fill *fill,
                      const struct column_range *range) {
    if (range->low == range->high) {
        frame_writer_constant(&encoder->writer, number, range->low);
    } else {
        frame_writer_tokens(&encoder->writer, number, fill, encoder, range->low, range->high);
    }
}

/* Writes one run of a node: its rows, its local addresses as they first come; replaces each row's
 * local rank in `writer.column` by an index into them. */
static void put_node_run(struct frame_encoder *encoder, uint32_t node_distance, uint32_t first,
                         uint32_t end) {
    struct buffer *table = &encoder->writer.table;
    uint16_t *ranks = encoder->rows.order_scratch; /* free once the rows are in order */
    uint32_t local_count = 0;
    for (uint32_t i = first; i < end; i++) {
        uint16_t rank = encoder->writer.column[i];
        if (encoder->slots[rank] == 0) {
            ranks[local_count++] = rank;
            encoder->slots[rank] = (uint16_t)local_count;
        }
        encoder->writer.column[i] = (uint16_t)(encoder->slots[rank] - 1);
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
    memcpy(encoder->writer.column, rows->local_at, rows->count * sizeof *rows->local_at);
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
    frame_writer_table(&encoder->writer, SECTION_NODE_RUNS, run_count, true);
    frame_writer_small(&encoder->writer, SECTION_LOCAL);
}

static void put_peers(struct frame_encoder *encoder) {
    const uint16_t *peer = encoder->rows.peer_at;
    uint16_t low = UINT16_MAX;
    uint16_t high = 0;
    for (uint32_t i = 0; i < encoder->rows.count; i++) {
        low = peer[i] < low ? peer[i] : low;
        high = peer[i] > high ? peer[i] : high;
    }
    frame_writer_tokens(&encoder->writer, SECTION_PEER, fill_peer, encoder, low, high);
}

static void put_times(struct frame_encoder *encoder) {
    struct frame_rows *rows = &encoder->rows;
    if (rows->end_low_ms == rows->end_high_ms) {
        frame_writer_constant(&encoder->writer, SECTION_END, (uint64_t)rows->end_low_ms);
    } else {
        frame_writer_tokens(&encoder->writer, SECTION_END, fill_end, encoder,
                            (uint64_t)rows->end_low_ms, (uint64_t)rows->end_high_ms);
    }
    if (rows->duration_low == rows->duration_high) {
        frame_writer_constant(&encoder->writer, SECTION_DURATION, rows->duration_low);
    } else {
        frame_writer_tokens(&encoder->writer, SECTION_DURATION, fill_duration, encoder,
                            rows->duration_low, rows->duration_high);
    }
}

static void put_service(struct frame_encoder *encoder) {
    const struct frame_rows *rows = &encoder->rows;
    if (rows->service_count == 1) {
        frame_writer_constant(&encoder->writer, SECTION_SERVICE, 0);
        return;
    }
    memcpy(encoder->writer.column, rows->service_at, rows->count * sizeof *rows->service_at);
    frame_writer_column(&encoder->writer, SECTION_SERVICE, 0, rows->service_count - 1);
}

static void put_columns(struct frame_encoder *encoder, const struct batch *batch) {
    const struct frame_rows *rows = &encoder->rows;
    put_nodes_and_locals(encoder);
    put_peers(encoder);
    put_times(encoder);
    put_service(encoder);
    put_placed(encoder, SECTION_EPHEMERAL, rows->ephemeral_at);
    put_small_bits(encoder, SECTION_PORT_ORDER, FRAME_SMALL_PORT_ORDER_SHIFT);
    put_large(encoder, SECTION_PACKETS, fill_packets, &encoder->packets);
    put_large(encoder, SECTION_BYTES, fill_bytes, &encoder->bytes);
    put_small_u16(encoder, SECTION_QUALITY, batch->quality);
    put_small_u8(encoder, SECTION_TCP_FLAGS, batch->tcp_flags);
    put_small_bits(encoder, SECTION_DIRECTION, FRAME_SMALL_DIRECTION_SHIFT);
    put_small_bits(encoder, SECTION_INITIATOR, FRAME_SMALL_INITIATOR_SHIFT);
    put_small_bits(encoder, SECTION_ACTION, FRAME_SMALL_ACTION_SHIFT);
    put_small_u8(encoder, SECTION_FLOW_LOG, batch->flow_log);
}

/* Sections in the order of their numbers. */
static void put_tables(struct frame_encoder *encoder, const struct batch *batch) {
    struct buffer *table = &encoder->writer.table;
    const struct frame_addresses *addresses = &encoder->addresses;
    frame_writer_table(&encoder->writer, SECTION_NODES, frame_nodes_write(batch, addresses, table),
                       true);
    frame_writer_table(&encoder->writer, SECTION_FLOW_LOGS, frame_flow_logs_write(batch, table),
                       true);
    frame_writer_table(&encoder->writer, SECTION_STRINGS, frame_strings_write(batch, table), true);
    frame_writer_table(&encoder->writer, SECTION_LABELS,
                       frame_labels_write(batch, addresses, table), true);
    frame_writer_table(&encoder->writer, SECTION_COVERAGE, frame_coverage_write(batch, table),
                       true);
    uint32_t minutes = frame_minutes_sum(encoder->minutes, batch, (int64_t)encoder->start.low,
                                         (int64_t)encoder->end.high);
    frame_minutes_write(encoder->minutes, minutes, table);
    frame_writer_table(&encoder->writer, SECTION_MINUTES, minutes, false);
    if (addresses->count4 > 0) {
        frame_addresses_write_ipv4(addresses, table);
        frame_writer_table(&encoder->writer, SECTION_IPV4, addresses->count4, false);
    }
    if (addresses->count6 > 0) {
        frame_addresses_write_ipv6(addresses, batch, table);
        frame_writer_table(&encoder->writer, SECTION_IPV6, addresses->count6, false);
    }
    frame_writer_table(&encoder->writer, SECTION_SERVICES,
                       frame_services_write(&encoder->rows, table), true);
}

/* Times are not negative, so they are ordered as unsigned numbers are. */
static void find_ranges(struct frame_encoder *encoder, const struct batch *batch) {
    const struct column_kernels *kernels = encoder->writer.kernels;
    encoder->start = kernels->range((const uint64_t *)batch->start_ms, batch->count);
    encoder->end = kernels->range((const uint64_t *)batch->end_ms, batch->count);
    encoder->bytes = kernels->range(batch->bytes, batch->count);
    encoder->packets = kernels->range(batch->packets, batch->count);
}

static uint32_t count_twins(const struct batch *batch) {
    uint32_t twin_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        twin_count += (batch->quality[i] & QUALITY_TWIN) != 0;
    }
    return twin_count;
}

static void fill_header(struct frame_header *header, const struct batch *batch,
                        const struct frame_encoder *encoder) {
    *header = (struct frame_header){ .stamp = batch->stamp,
                                     .version = FRAME_VERSION,
                                     .count = batch->count,
                                     .bytes = encoder->bytes.sum,
                                     .packets = encoder->packets.sum,
                                     .twin_count = count_twins(batch) };
    if (batch->count > 0) {
        header->min_ms = (int64_t)encoder->start.low;
        header->max_ms = (int64_t)encoder->end.high;
    }
}

/* Puts header, directory, body and slack behind each other into `out`. */
static bool assemble(struct frame_encoder *encoder, const struct batch *batch, struct buffer *out,
                     struct error *err) {
    struct frame_writer *writer = &encoder->writer;
    const struct buffer *body = &writer->body;
    uint32_t header_size = frame_header_size(batch->stamp.feed.size);
    size_t directory_size = (size_t)FRAME_DIRECTORY_ENTRY * writer->section_count;
    size_t size = header_size + directory_size + body->size + FRAME_SLACK;
    size_t unpacked_size = size - body->size + writer->unpacked_size;
    if (unpacked_size > FRAME_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "a frame of %zu bytes unpacked (at most %u)",
                         unpacked_size, FRAME_SIZE_MAX);
    }
    bool had_failed = out->failed;
    uint8_t *at = buffer_reserve(out, size);
    if (at == NULL) {
        (void)buffer_check(out, "frame", err);
        out->failed = had_failed; /* this frame's failure is told by the result */
        return false;
    }
    uint8_t *entries = at + header_size;
    for (uint32_t i = 0; i < writer->section_count; i++) {
        struct frame_written *written = &writer->sections[i];
        size_t end = i + 1 < writer->section_count ? writer->sections[i + 1].offset : body->size;
        written->section.bytes = bytes_of(body->data + written->offset, end - written->offset);
        frame_entry_write(entries + (size_t)FRAME_DIRECTORY_ENTRY * i, written->number,
                          &written->section);
    }
    if (body->size > 0) {
        memcpy(entries + directory_size, body->data, body->size);
    }
    memset(at + size - FRAME_SLACK, 0, FRAME_SLACK);
    struct frame_prologue prologue = { .time_unit_ms = encoder->rows.time_unit_ms,
                                       .section_count = (uint16_t)writer->section_count };
    fill_header(&prologue.header, batch, encoder);
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
    encoder->batch = batch;
    frame_writer_begin(&encoder->writer, batch->count);
    find_ranges(encoder, batch);
    frame_addresses_rank(&encoder->addresses, batch);
    frame_rows_fill(&encoder->rows, batch, &encoder->addresses, &encoder->end);
    put_tables(encoder, batch);
    if (batch->count > 0) {
        put_columns(encoder, batch);
    }
    encoder->batch = NULL;
    return buffer_check(&encoder->writer.table, "a frame's table", err) &&
           buffer_check(&encoder->writer.body, "a frame's body", err) &&
           assemble(encoder, batch, out, err);
}
