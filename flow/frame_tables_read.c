/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the tables of a frame from untrusted bytes. Each table must end where its bytes end; a
 * row costs at least a byte, so the section's size bounds the rows before anything is allocated. */
#include "flow/frame_tables.h"

static bool check_count(unsigned number, uint32_t count, uint32_t count_max, struct error *err) {
    return count <= count_max || frame_bad(err, number, "%u rows (at most %u)", count, count_max);
}

static bool check_end(unsigned number, const struct cursor *cursor, struct error *err) {
    if (cursor->failed) {
        return frame_bad(err, number, "a row ends behind its %zu bytes", cursor->size);
    }
    return cursor_left(cursor) == 0 ||
           frame_bad(err, number, "%zu bytes too many", cursor_left(cursor));
}

/* A varint that must be below `end`; else the cursor's failure is latched. */
static uint32_t varint_below(struct cursor *cursor, uint64_t end) {
    uint64_t value = cursor_varint(cursor);
    if (value >= end) {
        cursor->failed = true;
        return 0;
    }
    return (uint32_t)value;
}

static void read_own(struct cursor *cursor, const struct dictionary *dictionary,
                     struct address *own, uint32_t count) {
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        uint32_t mark = varint_below(cursor, FRAME_OWN_RANK + (uint64_t)dictionary->count);
        if (mark == FRAME_OWN_IPV4) {
            struct bytes octets = cursor_take(cursor, 4);
            if (octets.data != NULL) {
                own[i] = address_from_ipv4(__builtin_bswap32(get_u32(octets.data)));
            }
        } else if (mark == FRAME_OWN_IPV6) {
            struct bytes octets = cursor_take(cursor, 16);
            if (octets.data != NULL) {
                own[i] = address_from_octets(octets.data);
            }
        } else {
            own[i] = dictionary->values[mark - FRAME_OWN_RANK];
        }
    }
}

static bool read_node(struct batch *batch, struct cursor *cursor, uint32_t i, struct error *err) {
    unsigned same = cursor_u8(cursor);
    struct batch_node node = { .name = cursor_string(cursor) };
    node.identity = same & FRAME_NODE_IDENTITY_IS_NAME ? node.name : cursor_string(cursor);
    node.interface = same & FRAME_NODE_INTERFACE_IS_NAME ? node.name : cursor_string(cursor);
    node.role = cursor_string(cursor);
    uint32_t own_count = varint_below(cursor, BATCH_OWN_MAX + 1);
    if (cursor->failed || same > (FRAME_NODE_IDENTITY_IS_NAME | FRAME_NODE_INTERFACE_IS_NAME)) {
        return frame_bad(err, SECTION_NODES, "row %u is broken", i);
    }
    uint16_t id;
    if (!batch_add_node(batch, &node, &id, err)) {
        return false;
    }
    if (id != i) {
        return frame_bad(err, SECTION_NODES, "row %u repeats row %u", i, id);
    }
    if (own_count == 0) {
        return true;
    }
    /* Set here, not by batch_add_node, whose search for repeats is quadratic. */
    struct address *own = arena_take(&batch->arena, own_count * sizeof *own);
    if (own == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u own addresses", own_count);
    }
    read_own(cursor, &batch->addresses, own, own_count);
    if (cursor->failed) {
        return frame_bad(err, SECTION_NODES, "own addresses of row %u are broken", i);
    }
    batch->nodes[i].own = own;
    batch->nodes[i].own_count = own_count;
    return true;
}

bool frame_nodes_read(struct batch *batch, struct bytes bytes, uint32_t count, struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    if (!check_count(SECTION_NODES, count, BATCH_NODES_MAX, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_node(batch, &cursor, i, err)) {
            return false;
        }
    }
    return check_end(SECTION_NODES, &cursor, err);
}

bool frame_flow_logs_read(struct batch *batch, struct bytes bytes, uint32_t count,
                          struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    if (!check_count(SECTION_FLOW_LOGS, count, BATCH_FLOW_LOGS_MAX, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct bytes name = cursor_string(&cursor);
        uint8_t id;
        if (cursor.failed) {
            break;
        }
        if (!batch_add_flow_log(batch, name, &id, err)) {
            return false;
        }
        if (id != i) {
            return frame_bad(err, SECTION_FLOW_LOGS, "row %u repeats row %u", i, id);
        }
    }
    return check_end(SECTION_FLOW_LOGS, &cursor, err);
}

bool frame_strings_read(struct batch *batch, struct bytes bytes, uint32_t count,
                        struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    if (!check_count(SECTION_STRINGS, count, BATCH_STRINGS_MAX - 1, err)) {
        return false;
    }
    for (uint32_t i = 0; i < count && !cursor.failed; i++) {
        struct bytes text = cursor_string(&cursor);
        if (!cursor.failed && !batch_push_string(batch, text, err)) {
            return false;
        }
    }
    return check_end(SECTION_STRINGS, &cursor, err);
}

bool frame_labels_read(struct batch *batch, struct bytes bytes, uint32_t count, struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    if (!check_count(SECTION_LABELS, count, batch->addresses.count, err)) {
        return false;
    }
    uint64_t strings = batch->string_count == 0 ? 1 : batch->string_count;
    uint32_t next_rank = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rank = next_rank + varint_below(&cursor, batch->addresses.count - next_rank);
        struct batch_label label;
        label.pod = (uint16_t)varint_below(&cursor, strings);
        label.namespace_ = (uint16_t)varint_below(&cursor, strings);
        label.workload = (uint16_t)varint_below(&cursor, strings);
        label.group = (uint16_t)varint_below(&cursor, strings);
        if (cursor.failed) {
            return frame_bad(err, SECTION_LABELS, "row %u is broken", i);
        }
        if (!batch_set_label(batch, (uint16_t)rank, label, err)) {
            return false;
        }
        next_rank = rank + 1;
    }
    return check_end(SECTION_LABELS, &cursor, err);
}

static bool read_coverage(struct cursor *cursor, const struct batch *batch,
                          struct batch_coverage *row) {
    uint64_t node = row->node + (uint64_t)zigzag_decode(cursor_varint(cursor));
    row->kind = cursor_u8(cursor);
    row->flow_log = cursor_u8(cursor);
    uint64_t start = (uint64_t)row->start_ms + (uint64_t)zigzag_decode(cursor_varint(cursor));
    uint64_t length = cursor_varint(cursor);
    row->dropped = cursor_varint(cursor);
    row->start_ms = (int64_t)start;
    if (cursor->failed || node >= batch->node_count || row->flow_log >= batch->flow_log_count ||
        row->kind < COVERAGE_OBSERVED || row->kind > COVERAGE_DROPPED ||
        start > BATCH_TIME_MAX_MS || length > BATCH_TIME_MAX_MS - start) {
        return false;
    }
    row->node = (uint16_t)node;
    row->end_ms = (int64_t)(start + length);
    return true;
}

bool frame_coverage_read(struct batch *batch, struct bytes bytes, uint32_t count,
                         struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    if (!check_count(SECTION_COVERAGE, count, BATCH_COVERAGE_MAX, err)) {
        return false;
    }
    struct batch_coverage row = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        if (!read_coverage(&cursor, batch, &row)) {
            return frame_bad(err, SECTION_COVERAGE, "row %u is broken", i);
        }
        if (!batch_add_coverage(batch, &row)) {
            return error_set(err, ERROR_LIMIT, "no memory for %u coverage rows", count);
        }
    }
    return check_end(SECTION_COVERAGE, &cursor, err);
}

bool frame_services_read(uint32_t *services, struct bytes bytes, uint32_t count,
                         struct error *err) {
    if (count > BATCH_RECORDS_MAX || bytes.size != 3 * (size_t)count) {
        return frame_bad(err, SECTION_SERVICES, "%zu bytes for %u services", bytes.size, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = bytes.data + 3 * (size_t)i;
        services[i] = (uint32_t)get_u16(at) | (uint32_t)at[2] << 16;
    }
    return true;
}
