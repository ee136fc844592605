/* SPDX-License-Identifier: Apache-2.0 */
/* The detector to bytes. Nothing in it is changed: windows are folded on the way out. */
#include "detect/detector_state.h"
#include "detect/room.h"

#include <stdlib.h>
#include <xxhash.h>

struct saving {
    const struct detector *detector;
    struct buffer *out;
    uint32_t *ids; /* points that open windows hold, by what they say */
    uint32_t count;
    uint32_t *ranks; /* by id: the index in `ids` */
};

static bool put_roster(const struct detector *detector, struct buffer *out, struct error *err) {
    const struct roster *roster = &detector->roster;
    buffer_varint(out, roster->order_count);
    for (uint32_t i = 0; i < roster->order_count; i++) {
        const struct roster_node *node = &roster->nodes[roster->order[i]];
        buffer_string(out, node->name);
        buffer_string(out, node->identity);
        buffer_string(out, node->role);
        buffer_string(out, node->interface);
        buffer_varint(out, (uint64_t)node->first_ms);
        buffer_varint(out, (uint64_t)node->last_ms);
        buffer_u8(out, node->is_retired);
    }
    hearing_save(detector->hearing, out);
    judge_state_save(detector->judge, out);
    for (uint32_t i = 0; i < roster->order_count; i++) {
        judge_node_save(detector->judge, roster->order[i], out);
    }
    fleet_stage_save(&detector->stage, out);
    return past_save(&detector->past, roster, out, err);
}

static int compare_point_ids(const void *a, const void *b, void *context) {
    const struct point *points = context;
    return point_compare(&points[*(const uint32_t *)a], &points[*(const uint32_t *)b]);
}

static bool rank_points(struct saving *saving, struct error *err) {
    const struct point_set *points = &saving->detector->points;
    const struct window_set *windows = &saving->detector->windows;
    saving->ids = malloc((points->point_count + 1) * sizeof *saving->ids);
    saving->ranks = calloc(points->point_count + 1, sizeof *saving->ranks);
    if (saving->ids == NULL || saving->ranks == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to save points of observation");
    }
    for (uint32_t w = 0; w < windows->count; w++) {
        const struct cell_table *cells = &windows->windows[w]->cells;
        for (uint32_t i = 0; i < cells->count; i++) {
            saving->ranks[cells->cells[i].point] = 1; /* held */
        }
    }
    for (uint32_t id = 0; id < points->point_count; id++) {
        if (saving->ranks[id] != 0) {
            saving->ids[saving->count++] = id;
        }
    }
    if (saving->count > 1) {
        qsort_r(saving->ids, saving->count, sizeof *saving->ids, compare_point_ids, points->points);
    }
    for (uint32_t rank = 0; rank < saving->count; rank++) {
        saving->ranks[saving->ids[rank]] = rank;
    }
    return true;
}

static void put_points(const struct saving *saving) {
    struct buffer *out = saving->out;
    buffer_varint(out, saving->count);
    for (uint32_t rank = 0; rank < saving->count; rank++) {
        const struct point *point = &saving->detector->points.points[saving->ids[rank]];
        buffer_string(out, point->name);
        buffer_string(out, point->identity);
        buffer_string(out, point->role);
        buffer_string(out, point->interface);
        buffer_string(out, point->flow_log);
    }
}

static void put_cells(const struct saving *saving, const struct cell_table *cells) {
    struct buffer *out = saving->out;
    buffer_varint(out, cells->count);
    for (uint32_t rank = 0; rank < saving->count; rank++) {
        uint32_t index = cell_table_find(cells, saving->ids[rank]);
        if (index == CELL_NONE) {
            continue;
        }
        const struct cell *cell = &cells->cells[index];
        buffer_varint(out, rank);
        buffer_u8(out, cells->marks[index]);
        for (uint32_t way = 0; way < 2; way++) {
            buffer_varint(out, cell->way[way].bytes);
            buffer_varint(out, cell->way[way].packets);
            buffer_varint(out, cell->way[way].flows);
            buffer_varint(out, cell->rejected[way]);
        }
        buffer_varint(out, cell->unknown);
    }
}

static void put_address(struct buffer *out, struct address address, bool is_ipv4) {
    if (is_ipv4) {
        buffer_u32(out, address_ipv4(address));
    } else {
        buffer_u64(out, address.high);
        buffer_u64(out, address.low);
    }
}

static bool put_strand(void *context, const struct strand *strand, struct error *err) {
    const struct saving *saving = context;
    struct buffer *out = saving->out;
    (void)err; /* a full buffer latches; the end looks */
    bool is_local_ipv4 = address_is_ipv4(strand->local);
    bool is_peer_ipv4 = address_is_ipv4(strand->peer);
    buffer_u8(
        out,
        (uint8_t)(STRAND_MARK | strand->direction | (strand->is_rejected ? STRAND_REJECTED : 0) |
                  (is_local_ipv4 ? STRAND_LOCAL_IPV4 : 0) | (is_peer_ipv4 ? STRAND_PEER_IPV4 : 0)));
    buffer_varint(out, saving->ranks[strand->point]);
    put_address(out, strand->local, is_local_ipv4);
    put_address(out, strand->peer, is_peer_ipv4);
    buffer_u16(out, strand->local_port);
    buffer_u16(out, strand->peer_port);
    buffer_u8(out, strand->protocol);
    buffer_u8(out, strand->tcp_flags);
    buffer_u16(out, (uint16_t)strand->first);
    buffer_u16(out, (uint16_t)strand->last);
    buffer_varint(out, strand->bytes);
    buffer_varint(out, strand->packets);
    buffer_varint(out, strand->flows);
    return true;
}

struct cut_row {
    uint32_t rank;
    uint64_t threshold;
};

static int compare_cut_rows(const void *a, const void *b) {
    const struct cut_row *one = a;
    const struct cut_row *other = b;
    return (one->rank > other->rank) - (one->rank < other->rank);
}

static bool put_cuts(const struct saving *saving, const struct conversation_fold *fold,
                     struct error *err) {
    struct cut_row *rows = malloc((fold->cut_count + 1) * sizeof *rows);
    if (rows == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to save conversations");
    }
    for (uint32_t i = 0; i < fold->cut_count; i++) {
        rows[i] = (struct cut_row){ .rank = saving->ranks[fold->cuts[i].point],
                                    .threshold = fold->cuts[i].threshold };
    }
    qsort(rows, fold->cut_count, sizeof *rows, compare_cut_rows);
    buffer_varint(saving->out, fold->cut_count);
    for (uint32_t i = 0; i < fold->cut_count; i++) {
        buffer_varint(saving->out, rows[i].rank);
        buffer_u64(saving->out, rows[i].threshold);
    }
    free(rows);
    return true;
}

static bool put_window(struct saving *saving, const struct window *window, struct error *err) {
    struct conversation_fold fold = { .log = &window->conversations,
                                      .points = &saving->detector->points,
                                      .ranks = saving->ranks,
                                      .visit = put_strand,
                                      .context = saving };
    buffer_varint(saving->out, (uint64_t)window->number);
    buffer_varint(saving->out, window->conversations.cost_max);
    put_cells(saving, &window->cells);
    bool ok = conversation_fold(&fold, err);
    if (ok) {
        buffer_u8(saving->out, 0);
        ok = put_cuts(saving, &fold, err);
    }
    free(fold.cuts);
    return ok;
}

static int compare_window_numbers(const void *a, const void *b) {
    const struct window *one = *(const struct window *const *)a;
    const struct window *other = *(const struct window *const *)b;
    return (one->number > other->number) - (one->number < other->number);
}

static bool put_windows(struct saving *saving, struct error *err) {
    const struct window_set *set = &saving->detector->windows;
    const struct window **windows = malloc((set->count + 1) * sizeof(struct window *));
    if (windows == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to save %u windows", set->count);
    }
    for (uint32_t i = 0; i < set->count; i++) {
        windows[i] = set->windows[i];
    }
    qsort(windows, set->count, sizeof(struct window *), compare_window_numbers);
    buffer_varint(saving->out, set->count);
    bool ok = true;
    for (uint32_t i = 0; i < set->count && ok; i++) {
        ok = put_window(saving, windows[i], err);
    }
    free(windows);
    return ok;
}

/* The open part: points and windows, or none of both. */
static bool put_open(const struct detector *detector, bool is_whole, struct buffer *out,
                     struct error *err) {
    if (!is_whole) {
        buffer_varint(out, 0);
        buffer_varint(out, 0);
        return true;
    }
    struct saving saving = { .detector = detector, .out = out };
    bool ok = rank_points(&saving, err);
    if (ok) {
        put_points(&saving);
        ok = put_windows(&saving, err);
    }
    free(saving.ids);
    free(saving.ranks);
    return ok;
}

static bool save(const struct detector *detector, bool is_whole, struct buffer *out,
                 struct error *err) {
    size_t begin = out->size;
    buffer_u64(out, STATE_MAGIC);
    buffer_u32(out, STATE_VERSION);
    buffer_u64(out, (uint64_t)detector->config.window_ms);
    buffer_varint(out, (uint64_t)detector->first_open);
    bool ok = put_roster(detector, out, err) && put_open(detector, is_whole, out, err);
    if (!ok || !buffer_check(out, "detector state", err)) {
        out->size = begin;
        return false;
    }
    buffer_u64(out, XXH3_64bits(out->data + begin, out->size - begin));
    return buffer_check(out, "detector state", err);
}

bool detector_state_save(struct detector *detector, struct buffer *out, struct error *err) {
    return room_settle(&detector->windows, &detector->points, &detector->arrived.cells_cut, err) &&
           save(detector, true, out, err);
}

bool detector_state_save_closed(const struct detector *detector, struct buffer *out,
                                struct error *err) {
    return save(detector, false, out, err);
}
