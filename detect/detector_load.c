/* SPDX-License-Identifier: Apache-2.0 */
/* The detector from bytes, which are untrusted. Every loop ends with the bytes: a count is never
 * trusted for memory or time. What a save can put is what a load accepts. */
#include "detect/detector_state.h"

#include <stdlib.h>
#include <xxhash.h>

struct loading {
    struct detector *detector;
    struct cursor cursor;
    uint32_t *ids; /* of the saved points */
    uint32_t count;
    uint32_t capacity;
};

static bool malformed(const struct loading *loading, const char *what, struct error *err) {
    return error_set(err, ERROR_FORMAT, "detector state: %s at offset %zu is not valid", what,
                     loading->cursor.offset);
}

/* Nodes ascend by (name, identity), and at most one identity of a name is not retired. */
static bool is_in_order(const struct roster *roster, uint32_t index) {
    if (index == 0) {
        return true;
    }
    const struct roster_node *before = &roster->nodes[index - 1];
    const struct roster_node *node = &roster->nodes[index];
    int order = bytes_compare(before->name, node->name);
    return order < 0 || (order == 0 && bytes_compare(before->identity, node->identity) < 0);
}

static bool get_node(struct loading *loading, struct error *err) {
    struct cursor *cursor = &loading->cursor;
    struct roster *roster = &loading->detector->roster;
    struct bytes name = cursor_string(cursor);
    struct bytes identity = cursor_string(cursor);
    struct roster_note note = { .role = cursor_string(cursor) };
    note.interface = cursor_string(cursor);
    uint64_t first_ms = cursor_varint(cursor);
    uint64_t last_ms = cursor_varint(cursor);
    uint8_t is_retired = cursor_u8(cursor);
    uint64_t most_ms = (uint64_t)BATCH_TIME_MAX_MS + (uint64_t)loading->detector->config.window_ms;
    if (cursor->failed || first_ms > last_ms || last_ms > most_ms || is_retired > 1 ||
        (is_retired == 0 && roster_holder(roster, name) != ROSTER_NONE)) {
        return malformed(loading, "a node", err);
    }
    uint32_t index;
    if (!roster_add(roster, name, identity, &index, err) ||
        !roster_describe(roster, index, &note, err)) {
        return false;
    }
    roster->nodes[index].first_ms = (int64_t)first_ms;
    roster->nodes[index].last_ms = (int64_t)last_ms;
    roster->nodes[index].is_retired = is_retired != 0;
    return is_in_order(roster, index) || malformed(loading, "the order of nodes", err);
}

static bool get_roster(struct loading *loading, struct error *err) {
    struct detector *detector = loading->detector;
    uint64_t count = cursor_varint(&loading->cursor);
    for (uint64_t i = 0; i < count; i++) {
        if (!get_node(loading, err)) {
            return false;
        }
    }
    roster_sort(&detector->roster);
    if (!hearing_load(detector->hearing, &loading->cursor, err)) {
        return false;
    }
    if (!judge_state_load(detector->judge, &loading->cursor, err)) {
        return false;
    }
    for (uint32_t i = 0; i < detector->roster.order_count; i++) {
        if (!judge_node_load(detector->judge, i, &loading->cursor, err)) {
            return false;
        }
    }
    if (loading->cursor.failed) {
        return malformed(loading, "the roster", err);
    }
    fleet_stage_load(&detector->stage, &loading->cursor);
    return past_load(&detector->past, &detector->roster, &loading->cursor, err) ||
           error_context(err, "detector state");
}

static bool get_point(struct loading *loading, struct error *err) {
    struct cursor *cursor = &loading->cursor;
    struct batch_node node = { .name = cursor_string(cursor) };
    node.identity = cursor_string(cursor);
    node.role = cursor_string(cursor);
    node.interface = cursor_string(cursor);
    struct bytes flow_log = cursor_string(cursor);
    if (cursor->failed) {
        return malformed(loading, "a point of observation", err);
    }
    if (loading->count == loading->capacity) {
        uint32_t capacity = loading->capacity == 0 ? 64 : 2 * loading->capacity;
        uint32_t *ids = realloc(loading->ids, capacity * sizeof *ids);
        if (ids == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory to load points of observation");
        }
        loading->ids = ids;
        loading->capacity = capacity;
    }
    uint32_t id;
    if (!point_set_add(&loading->detector->points, &node, flow_log, 0, &id, err)) {
        return false;
    }
    if (id != loading->count) { /* ids of a new set ascend: this one was there already */
        return malformed(loading, "a second point of one name", err);
    }
    loading->ids[loading->count++] = id;
    return true;
}

static bool get_rank(struct loading *loading, uint32_t *id) {
    uint64_t rank = cursor_varint(&loading->cursor);
    if (loading->cursor.failed || rank >= loading->count) {
        return false;
    }
    *id = loading->ids[rank];
    return true;
}

static bool get_small(struct cursor *cursor, uint32_t *value) {
    uint64_t wide = cursor_varint(cursor);
    *value = (uint32_t)wide;
    return wide <= UINT32_MAX;
}

static bool get_cell(struct loading *loading, struct window *window, struct error *err) {
    struct cursor *cursor = &loading->cursor;
    uint32_t point;
    uint32_t index;
    if (!get_rank(loading, &point) || cell_table_find(&window->cells, point) != CELL_NONE) {
        return malformed(loading, "the point of a cell", err);
    }
    if (!cell_table_add(&window->cells, point, &index, err)) {
        return false;
    }
    struct point *held = &loading->detector->points.points[point];
    held->last_window = held->last_window > window->number ? held->last_window : window->number;
    struct cell *cell = &window->cells.cells[index];
    window->cells.marks[index] = cursor_u8(cursor);
    bool ok = (window->cells.marks[index] & ~CELL_MARKS) == 0;
    for (uint32_t way = 0; way < 2; way++) {
        cell->way[way].bytes = cursor_varint(cursor);
        cell->way[way].packets = cursor_varint(cursor);
        cell->way[way].flows = cursor_varint(cursor);
        ok = get_small(cursor, &cell->rejected[way]) && ok;
    }
    ok = get_small(cursor, &cell->unknown) && ok;
    return (ok && !cursor->failed) || malformed(loading, "a cell", err);
}

static struct address get_address(struct cursor *cursor, bool is_ipv4) {
    if (is_ipv4) {
        return address_from_ipv4(cursor_u32(cursor));
    }
    struct address address = { .high = cursor_u64(cursor) };
    address.low = cursor_u64(cursor);
    return address;
}

/* A strand behind its first byte. */
static bool get_strand(struct loading *loading, struct window *window, uint8_t head,
                       struct error *err) {
    struct cursor *cursor = &loading->cursor;
    struct detector *detector = loading->detector;
    struct strand strand = { .direction = head & 3, .is_rejected = (head & STRAND_REJECTED) != 0 };
    if (!get_rank(loading, &strand.point) ||
        cell_table_find(&window->cells, strand.point) == CELL_NONE) {
        return malformed(loading, "the point of a conversation", err);
    }
    strand.local = get_address(cursor, (head & STRAND_LOCAL_IPV4) != 0);
    strand.peer = get_address(cursor, (head & STRAND_PEER_IPV4) != 0);
    strand.local_port = cursor_u16(cursor);
    strand.peer_port = cursor_u16(cursor);
    strand.protocol = cursor_u8(cursor);
    strand.tcp_flags = cursor_u8(cursor);
    strand.first = cursor_u16(cursor);
    strand.last = cursor_u16(cursor);
    strand.bytes = cursor_varint(cursor);
    strand.packets = cursor_varint(cursor);
    strand.flows = cursor_varint(cursor);
    if (cursor->failed || (head & ~STRAND_MARKS) != 0 || strand.direction > DIRECTION_OUT ||
        strand.first > strand.last) {
        return malformed(loading, "a conversation", err);
    }
    uint32_t place = point_set_place(&detector->points, strand.point, strand.local, window->number);
    return conversation_log_add(&window->conversations, &detector->windows.pool, &strand, place,
                                err);
}

static bool get_cuts(struct loading *loading, struct window *window, struct error *err) {
    struct conversation_log *log = &window->conversations;
    uint64_t count = cursor_varint(&loading->cursor);
    if (count > cursor_left(&loading->cursor) / 9) { /* a row is at least 9 bytes */
        return malformed(loading, "the number of thresholds", err);
    }
    log->cuts = malloc((count + 1) * sizeof *log->cuts);
    if (log->cuts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to load conversations");
    }
    for (uint64_t i = 0; i < count; i++) {
        struct conversation_cut cut;
        bool ok = get_rank(loading, &cut.point);
        cut.threshold = cursor_u64(&loading->cursor);
        /* Ids ascend with ranks, so the rows are in the order of ids too. */
        ok = ok && (i == 0 || log->cuts[i - 1].point < cut.point);
        if (!ok || loading->cursor.failed) {
            return malformed(loading, "a threshold", err);
        }
        log->cuts[i] = cut;
        log->cut_count = (uint32_t)(i + 1);
    }
    return true;
}

static bool get_window(struct loading *loading, int64_t *after, struct error *err) {
    struct cursor *cursor = &loading->cursor;
    struct detector *detector = loading->detector;
    uint64_t number = cursor_varint(cursor);
    uint64_t cost_max = cursor_varint(cursor);
    uint64_t number_max = (uint64_t)(BATCH_TIME_MAX_MS / detector->config.window_ms) + 1;
    if (cursor->failed || number > number_max || (int64_t)number < *after) {
        return malformed(loading, "the number of a window", err);
    }
    *after = (int64_t)number + 1;
    struct window *window = window_set_open(&detector->windows, (int64_t)number, err);
    if (window == NULL) {
        return false;
    }
    struct conversation_log *log = &window->conversations;
    log->cost_max = cost_max < log->cost_max ? cost_max : log->cost_max;
    uint64_t cell_count = cursor_varint(cursor);
    for (uint64_t i = 0; i < cell_count; i++) {
        if (!get_cell(loading, window, err)) {
            return false;
        }
    }
    for (uint8_t head; (head = cursor_u8(cursor)) != 0;) {
        if (!get_strand(loading, window, head, err)) {
            return false;
        }
    }
    if (!get_cuts(loading, window, err)) {
        return false;
    }
    log->folded_count = conversation_log_count(log);
    return true;
}

static bool get_open_part(struct loading *loading, struct error *err) {
    struct cursor *cursor = &loading->cursor;
    uint64_t point_count = cursor_varint(cursor);
    for (uint64_t i = 0; i < point_count; i++) {
        if (!get_point(loading, err)) {
            return false;
        }
    }
    uint64_t window_count = cursor_varint(cursor);
    int64_t after = loading->detector->first_open;
    for (uint64_t i = 0; i < window_count; i++) {
        if (!get_window(loading, &after, err)) {
            return false;
        }
    }
    return (!cursor->failed && cursor_left(cursor) == 0) || malformed(loading, "the end", err);
}

/* Magic, version, window length, checksum; leaves the cursor at what the checksum covers besides.
 */
static bool get_header(struct loading *loading, struct bytes bytes, struct error *err) {
    struct detector *detector = loading->detector;
    if (bytes.size < 8 + 4 + 8 + CHECKSUM_SIZE || get_u64(bytes.data) != STATE_MAGIC) {
        return error_set(err, ERROR_FORMAT, "not a detector state (%zu bytes)", bytes.size);
    }
    loading->cursor = cursor_of(bytes_of(bytes.data, bytes.size - CHECKSUM_SIZE));
    (void)cursor_u64(&loading->cursor); /* the magic */
    uint32_t version = cursor_u32(&loading->cursor);
    if (version != STATE_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "detector state of version %u; this reads %u",
                         version, STATE_VERSION);
    }
    size_t covered = bytes.size - CHECKSUM_SIZE;
    if (XXH3_64bits(bytes.data, covered) != get_u64(bytes.data + covered)) {
        return error_set(err, ERROR_FORMAT, "detector state: the checksum of %zu bytes is wrong",
                         covered);
    }
    uint64_t window_ms = cursor_u64(&loading->cursor);
    if (window_ms != (uint64_t)detector->config.window_ms) {
        return error_set(err, ERROR_ARGUMENT,
                         "the state was saved with windows of %llu ms, not %lld",
                         (unsigned long long)window_ms, (long long)detector->config.window_ms);
    }
    uint64_t first_open = cursor_varint(&loading->cursor);
    if (first_open > (uint64_t)(BATCH_TIME_MAX_MS / detector->config.window_ms) + 2) {
        return malformed(loading, "the first open window", err);
    }
    detector->first_open = (int64_t)first_open;
    return true;
}

bool detector_state_load(struct detector *detector, struct bytes bytes, struct error *err) {
    struct loading loading = { .detector = detector };
    bool ok = get_header(&loading, bytes, err) && get_roster(&loading, err) &&
              get_open_part(&loading, err);
    free(loading.ids);
    if (!ok) {
        detector_parts_done(detector);
        /* Without memory for a new one the detector stays empty; what comes next says so. */
        (void)detector_parts_init(detector, NULL);
    }
    return ok;
}
