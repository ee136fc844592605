/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting rows: the plain way to append one, and the pass that codes a chunk's addresses. */
#include "ingest/aws_rows.h"

#include <assert.h>
#include <stdlib.h>

/* Bindings, candidates and lists of one batch: under 400 octets for each of 32,768 points. */
#define SCRATCH_MAXIMUM ((size_t)64 << 20)
#define GAPS_CAPACITY_FIRST 64u

bool aws_rows_init(struct aws_rows *rows, const struct inventory *inventory, struct error *err) {
    *rows = (struct aws_rows){ .inventory = inventory };
    arena_init(&rows->scratch, SCRATCH_MAXIMUM);
    rows->point = malloc((BATCH_RECORDS_MAX + BATCH_PADDING) * sizeof *rows->point);
    rows->is_ipv6 = malloc(BATCH_RECORDS_MAX);
    rows->chunk = malloc(sizeof *rows->chunk);
    if (rows->point == NULL || rows->is_ipv6 == NULL || rows->chunk == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a flow log's rows");
    }
    return aws_points_init(&rows->points, err);
}

void aws_rows_done(struct aws_rows *rows) {
    aws_points_done(&rows->points);
    dictionary_tables_done(&rows->tables);
    dictionary_done(&rows->sides);
    arena_done(&rows->scratch);
    free(rows->point);
    free(rows->is_ipv6);
    free(rows->chunk);
    free(rows->interface_src);
    free(rows->interface_dst);
    free(rows->gaps);
    free(rows->bindings);
    *rows = (struct aws_rows){ 0 };
}

static void begin_chunk(struct aws_rows *rows) {
    rows->coded = rows->count;
    uint32_t room = BATCH_RECORDS_MAX - rows->count;
    rows->limit = rows->count + (room < AWS_CHUNK_ROWS ? room : AWS_CHUNK_ROWS);
    rows->chunk->has_wide = false;
}

/* From the object's second batch on: to zero tables for one batch costs more than they save.
 * Without memory for them the batch uses its own. */
static void lend_tables(struct aws_rows *rows) {
    if (rows->serial > 1 && rows->tables.slots == NULL) {
        (void)dictionary_tables_init(&rows->tables, NULL);
    }
    rows->has_lent = rows->tables.slots != NULL;
    if (rows->has_lent) {
        dictionary_lend(&rows->batch->addresses, &rows->tables);
    }
}

void aws_rows_begin(struct aws_rows *rows, struct batch *batch) {
    rows->batch = batch;
    rows->count = 0;
    rows->has_wide = false;
    rows->has_sides = rows->has_directions = false;
    rows->gap_count = 0;
    rows->bytes = rows->packets = 0;
    rows->serial++;
    arena_reset(&rows->scratch);
    lend_tables(rows);
    begin_chunk(rows);
}

void aws_rows_end(struct aws_rows *rows) {
    if (rows->has_lent) {
        dictionary_take_back(&rows->batch->addresses, &rows->tables);
    }
    rows->batch = NULL;
}

bool aws_rows_has_room(const struct aws_rows *rows) {
    return rows->limit > rows->count && batch_has_room(rows->batch, rows->limit - rows->count);
}

bool aws_rows_set_layout(struct aws_rows *rows, const struct aws_layout *layout,
                         struct error *err) {
    if (aws_layout_equal(&rows->layout, layout)) {
        rows->layout = *layout; /* names that nothing is read of may differ */
        return true;
    }
    bool ok = rows->batch == NULL || aws_rows_code(rows, err);
    rows->layout = *layout;
    return ok;
}

/* The interface's own address where flow-direction tells it, or one that the inventory knows while
 * it does not know the other. */
static bool find_own(const struct aws_rows *rows, const struct aws_record *record,
                     struct address *own) {
    if (record->direction != DIRECTION_UNKNOWN) {
        *own = record->direction == DIRECTION_OUT ? record->interface_src : record->interface_dst;
        return true;
    }
    if (rows->inventory == NULL) {
        return false;
    }
    int64_t at_ms = record->end_s * 1000;
    bool is_src =
        inventory_find_address(rows->inventory, record->interface_src, at_ms, NULL) != NULL;
    bool is_dst =
        inventory_find_address(rows->inventory, record->interface_dst, at_ms, NULL) != NULL;
    *own = is_src ? record->interface_src : record->interface_dst;
    return is_src != is_dst;
}

/* A record without any id counts for its own address. */
static uint32_t find_point_by_address(struct aws_rows *rows, const struct aws_record *record) {
    struct address own;
    if (!find_own(rows, record, &own)) {
        return aws_points_find(&rows->points, AWS_POINT_UNKNOWN, bytes_text("-"),
                               (struct bytes){ 0 });
    }
    char text[ADDRESS_TEXT_SIZE];
    size_t size = address_format(own, text);
    uint32_t id = aws_points_find(&rows->points, AWS_POINT_ADDRESS, bytes_of(text, size),
                                  (struct bytes){ 0 });
    if (id != AWS_POINT_NONE) {
        size_t family = address_is_ipv4(own) ? 0 : 1;
        rows->points.rows[id].told[family] = own;
        rows->points.rows[id].has_told[family] = true;
    }
    return id;
}

/* `has_addresses` is false for a NODATA or SKIPDATA line. */
static uint32_t find_point(struct aws_rows *rows, const struct aws_record *record,
                           bool has_addresses) {
    struct aws_points *points = &rows->points;
    struct bytes none = { 0 };
    if (record->is_gateway && record->interface.size > 0) {
        return aws_points_find(points, AWS_POINT_GATEWAY, record->interface, none);
    }
    if (record->is_gateway) {
        bool is_known = record->attachment.size > 0;
        return aws_points_find(points, is_known ? AWS_POINT_ATTACHMENT : AWS_POINT_UNKNOWN,
                               is_known ? record->attachment : bytes_text("-"), none);
    }
    if (record->interface.size > 0) {
        return aws_points_find(points, AWS_POINT_INTERFACE, record->interface, record->instance);
    }
    if (record->resource.size > 0) {
        return aws_points_find(points, AWS_POINT_RESOURCE, record->resource, record->instance);
    }
    if (record->instance.size > 0) {
        return aws_points_find(points, AWS_POINT_INSTANCE, record->instance, none);
    }
    if (has_addresses) {
        return find_point_by_address(rows, record);
    }
    return aws_points_find(points, AWS_POINT_UNKNOWN, bytes_text("-"), none);
}

static void add_addresses(struct aws_rows *rows, const struct aws_record *record) {
    struct aws_chunk *chunk = rows->chunk;
    uint32_t at = rows->count - rows->coded;
    const struct address sides[AWS_SIDE_COUNT] = { record->src, record->dst, record->interface_src,
                                                   record->interface_dst };
    uint8_t wide = 0;
    for (int side = 0; side < AWS_SIDE_COUNT; side++) {
        chunk->ipv4[side][at] = address_ipv4(sides[side]);
        if (!address_is_ipv4(sides[side])) {
            wide = (uint8_t)(wide | 1u << side);
        }
    }
    if (wide != 0 && !chunk->has_wide) {
        memset(chunk->is_wide, 0, sizeof chunk->is_wide);
        chunk->has_wide = true;
    }
    if (chunk->has_wide) {
        chunk->is_wide[at] = wide;
    }
    for (int side = 0; wide != 0 && side < AWS_SIDE_COUNT; side++) {
        chunk->wide[side][at] = sides[side];
    }
}

void aws_rows_put(struct aws_rows *rows, const struct aws_record *record, uint32_t point) {
    add_addresses(rows, record);
    struct batch *batch = rows->batch;
    uint32_t i = rows->count++;
    rows->point[i] = (uint16_t)point;
    batch->start_ms[i] = record->start_s * 1000;
    batch->end_ms[i] = record->end_s * 1000;
    batch->bytes[i] = record->bytes;
    batch->packets[i] = record->packets;
    batch->src_port[i] = record->src_port;
    batch->dst_port[i] = record->dst_port;
    batch->protocol[i] = record->protocol;
    batch->tcp_flags[i] = record->tcp_flags;
    batch->quality[i] =
        (uint16_t)((record->has_tcp_flags ? 0 : QUALITY_NO_FLAGS) |
                   (record->is_direction_inferred ? QUALITY_DIRECTION_INFERRED : 0));
    batch->initiator[i] = aws_initiator(record->tcp_flags);
    batch->action[i] = record->action;
    batch->direction[i] = record->direction;
}

enum aws_added aws_rows_add(struct aws_rows *rows, const struct aws_record *record) {
    assert(rows->count < rows->limit);
    uint32_t point = find_point(rows, record, true);
    if (point == AWS_POINT_NONE) {
        return AWS_FULL;
    }
    aws_rows_put(rows, record, point);
    return AWS_ADDED;
}

enum aws_added aws_rows_add_gap(struct aws_rows *rows, const struct aws_record *record,
                                enum coverage_kind kind, struct error *err) {
    if (rows->gap_count == BATCH_COVERAGE_MAX) {
        return AWS_FULL;
    }
    if (rows->gap_count == rows->gap_capacity) {
        uint32_t capacity = rows->gap_capacity == 0 ? GAPS_CAPACITY_FIRST : 2 * rows->gap_capacity;
        struct aws_gap *gaps = realloc(rows->gaps, capacity * sizeof *gaps);
        if (gaps == NULL) {
            (void)error_set(err, ERROR_LIMIT, "no memory for coverage rows");
            return AWS_FAILED;
        }
        rows->gaps = gaps;
        rows->gap_capacity = capacity;
    }
    uint32_t point = find_point(rows, record, false);
    if (point == AWS_POINT_NONE) {
        return AWS_FULL;
    }
    /* Times are whole seconds: the last one belongs to the interval. */
    rows->gaps[rows->gap_count++] = (struct aws_gap){
        .point = point,
        .kind = kind,
        .start_ms = record->start_s * 1000,
        .end_ms = record->end_s * 1000 + 1000,
    };
    return AWS_ADDED;
}

/* Codes of one side of rows [coded, coded + count): by runs of IPv4 rows, which are long where a
 * few rows are IPv6. */
static void code_side(const struct aws_chunk *chunk, enum aws_side side,
                      struct dictionary *dictionary, uint16_t *codes, uint32_t count) {
    if (!chunk->has_wide) {
        dictionary_code_ipv4_burst(dictionary, codes, chunk->ipv4[side], count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = i;
        while (i < count && (chunk->is_wide[i] >> side & 1) == 0) {
            i++;
        }
        dictionary_code_ipv4_burst(dictionary, codes + first, &chunk->ipv4[side][first], i - first);
        if (i < count) {
            codes[i] = dictionary_code(dictionary, chunk->wide[side][i]);
        }
    }
}

/* Gives rows [first, end) the packet's addresses as the interface's. */
static void copy_sides(struct aws_rows *rows, uint32_t first, uint32_t end) {
    const struct address *values = rows->batch->addresses.values;
    for (uint32_t i = first; i < end; i++) {
        rows->interface_src[i] = dictionary_code(&rows->sides, values[rows->batch->src[i]]);
        rows->interface_dst[i] = dictionary_code(&rows->sides, values[rows->batch->dst[i]]);
    }
}

/* The first chunk of the batch with sides: the rows before it get theirs. */
static bool begin_sides(struct aws_rows *rows, struct error *err) {
    if (rows->interface_src == NULL) {
        rows->interface_src = malloc(BATCH_RECORDS_MAX * sizeof *rows->interface_src);
        rows->interface_dst = malloc(BATCH_RECORDS_MAX * sizeof *rows->interface_dst);
        if (rows->interface_src == NULL || rows->interface_dst == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for a flow log's rows");
        }
    }
    if (rows->sides.values == NULL && !dictionary_init(&rows->sides, err)) {
        return false;
    }
    dictionary_reset(&rows->sides);
    rows->has_sides = true;
    copy_sides(rows, 0, rows->coded);
    return true;
}

static bool code_sides(struct aws_rows *rows, struct error *err) {
    bool is_apart = aws_layout_has(&rows->layout, AWS_PACKET_SRC) ||
                    aws_layout_has(&rows->layout, AWS_PACKET_DST);
    if (is_apart && !rows->has_sides && !begin_sides(rows, err)) {
        return false;
    }
    uint32_t count = rows->count - rows->coded;
    if (is_apart) {
        code_side(rows->chunk, AWS_SIDE_INTERFACE_SRC, &rows->sides,
                  rows->interface_src + rows->coded, count);
        code_side(rows->chunk, AWS_SIDE_INTERFACE_DST, &rows->sides,
                  rows->interface_dst + rows->coded, count);
    } else if (rows->has_sides) {
        copy_sides(rows, rows->coded, rows->count);
    }
    return true;
}

/* Which rows are IPv6: by the interface's source address, which is the packet's where they are one.
 */
static void note_families(struct aws_rows *rows) {
    uint32_t count = rows->count - rows->coded;
    if (!rows->has_wide && !rows->chunk->has_wide) {
        return;
    }
    if (!rows->has_wide) {
        memset(rows->is_ipv6, 0, rows->coded);
        rows->has_wide = true;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_wide =
            rows->chunk->has_wide && (rows->chunk->is_wide[i] >> AWS_SIDE_INTERFACE_SRC & 1) != 0;
        rows->is_ipv6[rows->coded + i] = is_wide;
    }
}

/* Where flow-direction says which side is the interface's, its own address is told. */
static void learn_told(struct aws_rows *rows) {
    if (!aws_layout_has(&rows->layout, AWS_DIRECTION)) {
        return;
    }
    const struct batch *batch = rows->batch;
    const uint16_t *src = rows->has_sides ? rows->interface_src : batch->src;
    const uint16_t *dst = rows->has_sides ? rows->interface_dst : batch->dst;
    const struct address *values = rows->has_sides ? rows->sides.values : batch->addresses.values;
    struct aws_point *points = rows->points.rows;
    for (uint32_t i = rows->coded; i < rows->count; i++) {
        struct aws_point *base = &points[points[rows->point[i]].base];
        size_t family = rows->has_wide ? rows->is_ipv6[i] : 0;
        if (batch->direction[i] == DIRECTION_UNKNOWN || base->has_told[family] ||
            !aws_point_has_own(base->kind)) {
            continue;
        }
        base->told[family] = values[batch->direction[i] == DIRECTION_OUT ? src[i] : dst[i]];
        base->has_told[family] = true;
    }
}

/* What no line of the default format tells; its parsers do not write it row by row. */
static void fill_default(struct aws_rows *rows) {
    struct batch *batch = rows->batch;
    size_t count = rows->count - rows->coded;
    memset(batch->tcp_flags + rows->coded, 0, count);
    memset(batch->initiator + rows->coded, INITIATOR_UNKNOWN, count);
    memset(batch->direction + rows->coded, DIRECTION_UNKNOWN, count);
    for (uint32_t i = rows->coded; i < rows->count; i++) {
        batch->quality[i] = QUALITY_NO_FLAGS;
    }
}

bool aws_rows_code(struct aws_rows *rows, struct error *err) {
    uint32_t count = rows->count - rows->coded;
    struct batch *batch = rows->batch;
    if (count > 0) {
        code_side(rows->chunk, AWS_SIDE_SRC, &batch->addresses, batch->src + rows->coded, count);
        code_side(rows->chunk, AWS_SIDE_DST, &batch->addresses, batch->dst + rows->coded, count);
        if (!code_sides(rows, err)) {
            return false;
        }
        note_families(rows);
        learn_told(rows);
        rows->has_directions |= aws_layout_has(&rows->layout, AWS_DIRECTION);
        if (rows->layout.is_default) {
            fill_default(rows);
        }
        uint64_t bytes = 0;
        uint64_t packets = 0;
        for (uint32_t i = rows->coded; i < rows->count; i++) {
            bytes += batch->bytes[i];
            packets += batch->packets[i];
        }
        rows->bytes += bytes;
        rows->packets += packets;
        batch->count = rows->count;
    }
    begin_chunk(rows);
    return true;
}
