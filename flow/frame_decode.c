/* SPDX-License-Identifier: Apache-2.0 */
/* From the untrusted bytes of a frame to a batch that passes batch_check. Tables come first, since
 * columns point into them; every code and id is held against its table before it is stored, and
 * every time against the header's range, which is itself inside 1970 to 9999. */
#include "flow/frame_reader.h"
#include "flow/frame_tables.h"

#include <stdlib.h>

/* One node's rows. */
struct node_run {
    uint32_t end; /* place behind its last row */
    uint16_t node;
    uint16_t local_first; /* index into `locals` */
    uint16_t local_count; /* BATCH_RECORDS_MAX fits */
};

struct frame_decoder {
    struct frame_reader reader;
    struct node_run runs[BATCH_RECORDS_MAX];
    uint32_t run_count;
    uint16_t locals[BATCH_RECORDS_MAX];
    uint32_t services[BATCH_RECORDS_MAX];
    uint64_t large[BATCH_RECORDS_MAX + BATCH_PADDING];
    uint16_t small[BATCH_RECORDS_MAX + BATCH_PADDING];
    uint16_t other[BATCH_RECORDS_MAX + BATCH_PADDING];
};

struct frame_decoder *frame_decoder_new(struct error *err) {
    struct frame_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL || (decoder->reader.zstd = ZSTD_createDCtx()) == NULL) {
        frame_decoder_free(decoder);
        (void)error_set(err, ERROR_LIMIT, "no memory for a frame decoder");
        return NULL;
    }
    decoder->reader.kernels = column_kernels_best();
    return decoder;
}

void frame_decoder_free(struct frame_decoder *decoder) {
    if (decoder != NULL) {
        ZSTD_freeDCtx(decoder->reader.zstd);
        free(decoder);
    }
}

/* One table: its section, and the function that reads its rows. */
static bool read_table(struct frame_reader *reader, struct batch *batch, unsigned number,
                       bool (*read)(struct batch *, struct bytes, uint32_t, struct error *),
                       struct error *err) {
    uint32_t rows;
    struct bytes bytes;
    return frame_reader_table(reader, number, &rows, &bytes, err) && read(batch, bytes, rows, err);
}

static bool read_tables(struct frame_decoder *decoder, struct batch *batch, struct error *err) {
    struct frame_reader *reader = &decoder->reader;
    return frame_addresses_read(reader->view, &batch->addresses, err) &&
           read_table(reader, batch, SECTION_NODES, frame_nodes_read, err) &&
           read_table(reader, batch, SECTION_FLOW_LOGS, frame_flow_logs_read, err) &&
           read_table(reader, batch, SECTION_STRINGS, frame_strings_read, err) &&
           read_table(reader, batch, SECTION_LABELS, frame_labels_read, err) &&
           read_table(reader, batch, SECTION_COVERAGE, frame_coverage_read, err);
}

/* One row of the node runs; `place` and `local` are where it begins. */
static bool read_run(struct cursor *cursor, const struct batch *batch, struct node_run *run,
                     uint16_t *locals, uint32_t *place, uint32_t *local, uint32_t next_node,
                     uint32_t row_count) {
    uint64_t node = next_node + cursor_varint(cursor);
    uint64_t rows_less_1 = cursor_varint(cursor);
    uint64_t locals_less_1 = cursor_varint(cursor);
    if (cursor->failed || node < next_node || node >= batch->node_count ||
        rows_less_1 >= row_count - *place || locals_less_1 > rows_less_1) {
        return false;
    }
    *run = (struct node_run){ .end = *place + (uint32_t)rows_less_1 + 1,
                              .node = (uint16_t)node,
                              .local_first = (uint16_t)*local,
                              .local_count = (uint16_t)(locals_less_1 + 1) };
    for (uint32_t k = 0; k < run->local_count; k++) {
        uint64_t rank = cursor_varint(cursor);
        if (cursor->failed || rank >= batch->addresses.count) {
            return false;
        }
        locals[(*local)++] = (uint16_t)rank;
    }
    *place = run->end;
    return true;
}

static bool read_runs(struct frame_decoder *decoder, const struct batch *batch, struct error *err) {
    uint32_t rows;
    struct bytes bytes;
    uint32_t row_count = decoder->reader.view->prologue.header.count;
    if (!frame_reader_table(&decoder->reader, SECTION_NODE_RUNS, &rows, &bytes, err)) {
        return false;
    }
    if (rows > row_count) {
        return frame_bad(err, SECTION_NODE_RUNS, "%u runs of %u rows", rows, row_count);
    }
    struct cursor cursor = cursor_of(bytes);
    uint32_t place = 0;
    uint32_t local = 0; /* never passes `place`: a run has at most as many as rows */
    uint32_t next_node = 0;
    for (uint32_t r = 0; r < rows; r++) {
        if (!read_run(&cursor, batch, &decoder->runs[r], decoder->locals, &place, &local, next_node,
                      row_count)) {
            return frame_bad(err, SECTION_NODE_RUNS, "run %u is broken", r);
        }
        next_node = decoder->runs[r].node + 1u;
    }
    if (place != row_count || cursor_left(&cursor) > 0) {
        return frame_bad(err, SECTION_NODE_RUNS, "%u of %u rows, %zu bytes too many", place,
                         row_count, cursor_left(&cursor));
    }
    decoder->run_count = rows;
    return true;
}

static void fill_nodes(const struct frame_decoder *decoder, struct batch *batch) {
    uint32_t place = 0;
    for (uint32_t r = 0; r < decoder->run_count; r++) {
        for (; place < decoder->runs[r].end; place++) {
            batch->node[place] = decoder->runs[r].node;
        }
    }
}

/* Replaces the index of each row's local address by its rank. */
static bool resolve_locals(const struct frame_decoder *decoder, uint16_t *local,
                           struct error *err) {
    uint32_t place = 0;
    for (uint32_t r = 0; r < decoder->run_count; r++) {
        const struct node_run *run = &decoder->runs[r];
        const uint16_t *locals = decoder->locals + run->local_first;
        uint16_t high = 0;
        for (uint32_t i = place; i < run->end; i++) {
            high = local[i] > high ? local[i] : high;
        }
        if (high >= run->local_count) {
            return frame_bad(err, SECTION_LOCAL, "index %u of %u", high, run->local_count);
        }
        for (; place < run->end; place++) {
            local[place] = locals[local[place]];
        }
    }
    return true;
}

/* Sums the differences of `large` to peers, anew at each node and at each block. */
static bool resolve_peers(const struct frame_decoder *decoder, uint16_t *peer,
                          uint32_t address_count, struct error *err) {
    uint32_t count = decoder->reader.view->prologue.header.count;
    uint64_t any = 0;
    for (uint32_t i = 0; i < count; i++) {
        any |= decoder->large[i];
    }
    if (any > UINT16_MAX) {
        return frame_bad(err, SECTION_PEER, "a difference beyond 16 bits");
    }
    uint32_t place = 0;
    uint32_t high = 0;
    for (uint32_t r = 0; r < decoder->run_count; r++) {
        while (place < decoder->runs[r].end) {
            uint32_t block_end = (place / FRAME_BLOCK_RECORDS + 1) * FRAME_BLOCK_RECORDS;
            uint32_t end = decoder->runs[r].end < block_end ? decoder->runs[r].end : block_end;
            uint32_t rank = 0; /* at most 4,096 * 65,535 */
            for (; place < end; place++) {
                rank += (uint32_t)decoder->large[place];
                peer[place] = (uint16_t)rank;
            }
            high = rank > high ? rank : high;
        }
    }
    return high < address_count ||
           frame_bad(err, SECTION_PEER, "address %u of %u", high, address_count);
}

static bool read_u8(struct frame_decoder *decoder, unsigned number, uint8_t *out, uint16_t high_max,
                    struct error *err) {
    if (!frame_reader_small(&decoder->reader, number, decoder->small, high_max, err)) {
        return false;
    }
    uint32_t count = decoder->reader.view->prologue.header.count;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (uint8_t)decoder->small[i];
    }
    return true;
}

/* Needs the direction column. */
static bool read_addresses(struct frame_decoder *decoder, struct batch *batch, struct error *err) {
    struct frame_reader *reader = &decoder->reader;
    uint16_t *local = decoder->small;
    uint16_t *peer = decoder->other;
    uint32_t count = reader->view->prologue.header.count;
    bool is_constant;
    if (!frame_reader_small(reader, SECTION_LOCAL, local, UINT16_MAX, err) ||
        !resolve_locals(decoder, local, err) ||
        !frame_reader_large(reader, SECTION_PEER, decoder->large, &is_constant, err)) {
        return false;
    }
    if (is_constant) {
        return frame_bad(err, SECTION_PEER, "differences cannot be constant");
    }
    if (!resolve_peers(decoder, peer, batch->addresses.count, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_in = batch->direction[i] == DIRECTION_IN;
        batch->src[i] = is_in ? peer[i] : local[i];
        batch->dst[i] = is_in ? local[i] : peer[i];
    }
    return true;
}

static bool read_ends(struct frame_decoder *decoder, struct batch *batch, struct error *err) {
    const struct frame_header *header = &decoder->reader.view->prologue.header;
    const struct frame_section *section = &decoder->reader.view->sections[SECTION_END];
    uint64_t unit = decoder->reader.view->prologue.time_unit_ms;
    bool is_constant;
    if (!frame_reader_large(&decoder->reader, SECTION_END, decoder->large, &is_constant, err)) {
        return false;
    }
    int64_t low = (int64_t)section->low;
    if (low < header->min_ms || low > header->max_ms) {
        return frame_bad(err, SECTION_END, "smallest end %lld", (long long)low);
    }
    uint64_t units_max = (uint64_t)(header->max_ms - low) / unit;
    uint64_t high = 0;
    for (uint32_t first = 0; first < header->count; first += FRAME_BLOCK_RECORDS) {
        uint32_t rows = frame_block_rows(header->count, first / FRAME_BLOCK_RECORDS);
        uint64_t units = 0; /* modulo 2^64: below 0 is far above units_max */
        for (uint32_t i = first; i < first + rows; i++) {
            units += is_constant ? 0 : (uint64_t)zigzag_decode(decoder->large[i]);
            high = units > high ? units : high;
            batch->end_ms[i] = (int64_t)((uint64_t)low + units * unit);
        }
    }
    return high <= units_max || frame_bad(err, SECTION_END, "a time past the header's largest");
}

/* Needs the ends. */
static bool read_starts(struct frame_decoder *decoder, struct batch *batch, struct error *err) {
    const struct frame_header *header = &decoder->reader.view->prologue.header;
    uint64_t unit = decoder->reader.view->prologue.time_unit_ms;
    bool is_constant;
    if (!frame_reader_large(&decoder->reader, SECTION_DURATION, decoder->large, &is_constant,
                            err)) {
        return false;
    }
    uint64_t units_max = (uint64_t)(header->max_ms - header->min_ms) / unit;
    uint64_t high = 0;
    int64_t low = header->min_ms;
    for (uint32_t i = 0; i < header->count; i++) {
        high = decoder->large[i] > high ? decoder->large[i] : high;
        int64_t start = (int64_t)((uint64_t)batch->end_ms[i] - decoder->large[i] * unit);
        low = start < low ? start : low;
        batch->start_ms[i] = start;
    }
    return (high <= units_max && low == header->min_ms) ||
           frame_bad(err, SECTION_DURATION, "a flow that starts before the header's smallest time");
}

static bool read_ports(struct frame_decoder *decoder, struct batch *batch, struct error *err) {
    struct frame_reader *reader = &decoder->reader;
    uint32_t rows;
    struct bytes bytes;
    uint32_t count = reader->view->prologue.header.count;
    if (!frame_reader_table(reader, SECTION_SERVICES, &rows, &bytes, err) ||
        !frame_services_read(decoder->services, bytes, rows, err)) {
        return false;
    }
    if (rows == 0) {
        return frame_bad(err, SECTION_SERVICES, "is missing");
    }
    uint16_t *service = decoder->small;
    uint16_t *port = decoder->other;
    if (!frame_reader_small(reader, SECTION_SERVICE, service, (uint16_t)(rows - 1), err) ||
        !frame_reader_small(reader, SECTION_EPHEMERAL, port, UINT16_MAX, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = decoder->services[service[i]];
        batch->src_port[i] = (uint16_t)entry;
        batch->dst_port[i] = port[i];
        batch->protocol[i] = (uint8_t)(entry >> 16);
    }
    uint16_t *order = decoder->small;
    if (!frame_reader_small(reader, SECTION_PORT_ORDER, order, 1, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint16_t lower = batch->src_port[i];
        uint16_t higher = batch->dst_port[i];
        batch->src_port[i] = order[i] == 1 ? lower : higher;
        batch->dst_port[i] = order[i] == 1 ? higher : lower;
    }
    return true;
}

static bool read_columns(struct frame_decoder *decoder, struct batch *batch, uint32_t wanted,
                         struct error *err) {
    struct frame_reader *reader = &decoder->reader;
    bool is_constant;
#define WANTS(columns) ((wanted & (columns)) != 0)
    if (WANTS(1u << FRAME_NODE | 1u << FRAME_ADDRESSES)) {
        if (!read_runs(decoder, batch, err)) {
            return false;
        }
        fill_nodes(decoder, batch);
    }
    uint16_t flow_log_max = (uint16_t)(batch->flow_log_count - 1);
    if (batch->flow_log_count == 0) {
        return frame_bad(err, SECTION_FLOW_LOGS, "records without a flow log");
    }
    return (!WANTS(1u << FRAME_DIRECTION | 1u << FRAME_ADDRESSES) ||
            read_u8(decoder, SECTION_DIRECTION, batch->direction, DIRECTION_OUT, err)) &&
           (!WANTS(1u << FRAME_ADDRESSES) || read_addresses(decoder, batch, err)) &&
           (!WANTS(1u << FRAME_END | 1u << FRAME_START) || read_ends(decoder, batch, err)) &&
           (!WANTS(1u << FRAME_START) || read_starts(decoder, batch, err)) &&
           (!WANTS(1u << FRAME_PORTS) || read_ports(decoder, batch, err)) &&
           (!WANTS(1u << FRAME_PACKETS) ||
            frame_reader_large(reader, SECTION_PACKETS, batch->packets, &is_constant, err)) &&
           (!WANTS(1u << FRAME_BYTES) ||
            frame_reader_large(reader, SECTION_BYTES, batch->bytes, &is_constant, err)) &&
           (!WANTS(1u << FRAME_QUALITY) ||
            frame_reader_small(reader, SECTION_QUALITY, batch->quality, UINT16_MAX, err)) &&
           (!WANTS(1u << FRAME_TCP_FLAGS) ||
            read_u8(decoder, SECTION_TCP_FLAGS, batch->tcp_flags, UINT8_MAX, err)) &&
           (!WANTS(1u << FRAME_INITIATOR) ||
            read_u8(decoder, SECTION_INITIATOR, batch->initiator, INITIATOR_DST, err)) &&
           (!WANTS(1u << FRAME_ACTION) ||
            read_u8(decoder, SECTION_ACTION, batch->action, ACTION_REJECT, err)) &&
           (!WANTS(1u << FRAME_FLOW_LOG) ||
            read_u8(decoder, SECTION_FLOW_LOG, batch->flow_log, flow_log_max, err));
#undef WANTS
}

static bool decode(struct frame_decoder *decoder, struct batch *batch, struct bytes bytes,
                   uint32_t wanted, struct error *err) {
    struct frame_view view;
    if (!frame_view_open(&view, bytes, err)) {
        return false;
    }
    const struct frame_header *header = &view.prologue.header;
    decoder->reader.view = &view;
    bool failed = false;
    batch->stamp = header->stamp;
    batch->stamp.feed = arena_copy(&batch->arena, header->stamp.feed, &failed);
    if (failed) {
        return error_set(err, ERROR_LIMIT, "no memory for a feed's name");
    }
    if (!read_tables(decoder, batch, err)) {
        return false;
    }
    batch->count = header->count;
    return header->count == 0 || read_columns(decoder, batch, wanted, err);
}

bool frame_decode(struct frame_decoder *decoder, struct batch *out, struct bytes bytes,
                  uint32_t wanted, struct error *err) {
    batch_reset(out);
    bool ok = decode(decoder, out, bytes, wanted, err);
    decoder->reader.view = NULL;
    if (!ok) {
        batch_reset(out);
    }
    return ok;
}

bool frame_has_address(struct bytes bytes, struct address address, bool *has, struct error *err) {
    struct frame_view view;
    return frame_view_open(&view, bytes, err) && frame_addresses_find(&view, address, has, err);
}
