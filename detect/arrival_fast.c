/* SPDX-License-Identifier: Apache-2.0 */
/* The plain path with everything constant taken out: direction known, 31 bits of bytes, 24 of
 * packets, a known place, and open windows. Rows with an IPv6 peer share what is computed by
 * column, and have a loop of their own that appends wide strands.
 *
 * A block of rows at a time, so that what one pass writes is in the first-level cache for the next:
 * places and addresses, then what needs no lookup (detect/arrival_columns.h), then lists of rows by
 * the number of their windows, which is as good as random, then one tight loop a list.
 *
 * Estimate a record of random data (half touch two windows): 50 bytes of columns read, 26 bytes of
 * entries written to two or three streams, 1.5 cells, 2 divisions in vectors: 11 ns. Measured with
 * another load on the core's other thread: 19 ns. By leaving parts out: 6 are addresses and
 * columns, 4 finding the cells (a line each, and 75 KB of them for 400 nodes and three windows, so
 * in the second-level cache), 3 adding to them, 3 writing entries, 2 the points of a new batch.
 * Looking cells up ahead of the loop, fetching lines ahead, and streaming stores gained nothing. A
 * strand in each window instead of one long entry: 10 bytes more a record here, ten times as many
 * in a log of ten minutes' aggregation, and memory that is touched first costs 0.1 ns a byte and
 * more. bench/detect_bench.c prints what it is. */
#include "detect/arrival_parts.h"

/* Shares are exact as doubles up to here (arrival_columns.inc.h). */
#define EXACT_REACH_MS (INT64_C(1) << 21)
#define EXACT_WINDOW_MS (INT64_C(1) << 25)

bool arrival_fast_fits(const struct arrival *arrival) {
    return arrival->batch->stamp.reach_ms <= EXACT_REACH_MS &&
           arrival->target.window_ms <= EXACT_WINDOW_MS;
}

/* --- lanes -------------------------------------------------------------------------------- */

static void read_cells(struct lane *lane) {
    const struct cell_table *cells = &lane->window->cells;
    lane->cells = cells->cells;
    lane->marks = cells->marks;
    lane->slots = cells->slots;
    lane->slot_mask = 2 * cells->capacity - 1;
}

static bool open_lane(struct arrival *arrival, uint32_t index, struct error *err) {
    struct window_set *set = arrival->target.windows;
    struct lane *lane = &arrival->lanes[index];
    struct window *window = window_set_open(set, arrival->first_number + index, err);
    if (window == NULL) {
        return false;
    }
    const struct conversation_log *log = &window->conversations;
    lane->window = window;
    lane->at = log->shorts.at;
    lane->end = log->shorts.end;
    lane->long_at = log->longs.at;
    lane->long_end = log->longs.end;
    read_cells(lane);
    arrival->open[arrival->open_count++] = (uint16_t)index;
    return true;
}

static bool ensure_open(struct arrival *arrival, struct lane *lane, struct error *err) {
    return __builtin_expect(lane->cells != NULL, 1) ||
           open_lane(arrival, (uint32_t)(lane - arrival->lanes), err);
}

/* Makes room for one more entry in a lane that has none. */
static bool refill(struct arrival *arrival, struct lane *lane, struct error *err) {
    if (!ensure_open(arrival, lane, err)) {
        return false;
    }
    if (lane->at != lane->end) {
        return true;
    }
    struct strand_list *list = &lane->window->conversations.shorts;
    list->at = lane->at; // NOLINT(clang-analyzer-core.NullDereference): open_lane set it
    if (!strand_list_grow(list, sizeof(struct strand_short), &arrival->target.windows->pool, err)) {
        return false;
    }
    lane->at = list->at;
    lane->end = list->end;
    return true;
}

/* The same for a long entry. */
static bool refill_long(struct arrival *arrival, struct lane *lane, struct error *err) {
    if (!ensure_open(arrival, lane, err)) {
        return false;
    }
    if (lane->long_at != lane->long_end) {
        return true;
    }
    struct strand_list *list = &lane->window->conversations.longs;
    list->at = lane->long_at;
    if (!strand_list_grow(list, sizeof(struct strand_long), &arrival->target.windows->pool, err)) {
        return false;
    }
    lane->long_at = list->at;
    lane->long_end = list->end;
    return true;
}

static void close_lanes(struct arrival *arrival) {
    for (uint32_t k = 0; k < arrival->open_count; k++) {
        struct lane *lane = &arrival->lanes[arrival->open[k]];
        struct conversation_log *log = &lane->window->conversations;
        log->shorts.at = lane->at;
        log->longs.at = lane->long_at;
        log->carried_count += lane->carried_count;
        *lane = (struct lane){ 0 };
    }
    arrival->open_count = 0;
}

static uint32_t add_cell(struct lane *lane, uint32_t point, struct error *err) {
    uint32_t index;
    if (!cell_table_add(&lane->window->cells, point, &index, err)) {
        return CELL_NONE;
    }
    read_cells(lane);
    return index;
}

/* The index of a point's cell, added when it is new; CELL_NONE without memory. */
static inline uint32_t cell_of(struct lane *lane, uint32_t point, struct error *err) {
    for (uint32_t at = point & lane->slot_mask;; at = (at + 1) & lane->slot_mask) {
        uint32_t index = lane->slots[at] - 1;
        if (__builtin_expect(index == CELL_NONE, 0)) { /* the slot is empty */
            return add_cell(lane, point, err);
        }
        if (__builtin_expect(lane->cells[index].point == point, 1)) {
            return index;
        }
    }
}

/* --- places and addresses ----------------------------------------------------------------- */

/* Which side is the local one is as good as random: chosen without a branch. */
static inline uint32_t either(bool is_first, uint32_t first, uint32_t second) {
    return second ^ ((first ^ second) & (0u - (uint32_t)is_first));
}

static void shorten_addresses(uint32_t *restrict ipv4, uint8_t *restrict is_ipv6,
                              const struct address *restrict addresses, uint32_t count) {
    for (uint32_t code = 0; code < count; code++) {
        ipv4[code] = (uint32_t)addresses[code].low;
        is_ipv6[code] = !address_is_ipv4(addresses[code]);
    }
}

static void find_addresses(struct arrival *arrival, uint32_t first, uint32_t count) {
    const struct batch *batch = arrival->batch;
    const uint16_t *src = batch->src + first;
    const uint16_t *dst = batch->dst + first;
    const uint16_t *nodes = batch->node + first;
    const uint8_t *directions = batch->direction + first;
    const uint8_t *flow_logs = batch->flow_log + first;
    struct arrival_columns *columns = &arrival->columns;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t local = either(directions[i] == DIRECTION_IN, dst[i], src[i]);
        uint32_t peer = local ^ src[i] ^ dst[i];
        const struct place_entry *entry = arrival_place(arrival, nodes[i], flow_logs[i], local);
        columns->places[i] = entry->place;
        columns->points[i] = entry->point;
        columns->peers[i] = arrival->ipv4[peer];
        columns->is_rare[i] = (directions[i] == DIRECTION_UNKNOWN) | (entry->place >= PLACES_MAX);
        columns->is_wide[i] = arrival->is_ipv6[peer];
    }
}

/* --- lists of rows ------------------------------------------------------------------------ */

struct list_counts {
    uint32_t one;
    uint32_t two;
    uint32_t many;
    uint32_t wide;
};

/* Without a branch between one window and two, which is as good as random. */
static struct list_counts list_rows(struct arrival *arrival, uint32_t first, uint32_t count) {
    struct arrival_columns *columns = &arrival->columns;
    struct list_counts counts = { 0 };
    uint32_t plain_count = arrival->plain_count;
    for (uint32_t i = 0; i < count; i++) {
        if (__builtin_expect((columns->is_rare[i] | columns->is_wide[i]) != 0, 0)) {
            if (columns->is_rare[i] != 0) {
                arrival->plain[plain_count++] = (uint16_t)(first + i);
            } else {
                columns->wide[counts.wide++] = (uint16_t)i;
            }
            continue;
        }
        if (__builtin_expect(columns->splits[i] > 1, 0)) {
            columns->many[counts.many++] = (uint16_t)i;
            continue;
        }
        columns->one[counts.one] = (uint16_t)i;
        columns->two[counts.two] = (uint16_t)i;
        counts.one += columns->splits[i] ^ 1;
        counts.two += columns->splits[i];
    }
    arrival->plain_count = plain_count;
    return counts;
}

/* Two neighbouring words of an entry, the first one low. */
static inline void put_words(uint8_t *at, uint64_t words) {
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first word is the low half");
    memcpy(at, &words, sizeof words);
}

/* One record's share of one window. */
struct share {
    uint32_t bytes;
    uint32_t packets;
    uint32_t flows; /* 1 in the last window */
};

/* Adds a share to its point's cell. The lane is open. */
static inline bool add_to_cell(const struct arrival_columns *columns, struct lane *lane, uint32_t i,
                               struct share share, struct error *err) {
    uint32_t index = cell_of(lane, columns->points[i], err);
    if (__builtin_expect(index == CELL_NONE, 0)) {
        return false;
    }
    uint32_t front = (uint32_t)columns->front[i];
    uint32_t direction = (front >> STRAND_DIRECTION_SHIFT & 3) - DIRECTION_IN;
    uint32_t is_rejected = front >> STRAND_REJECTED_SHIFT & 1;
    struct cell *cell = &lane->cells[index];
    uint32_t mask = is_rejected - 1;
    cell->way[direction].bytes += share.bytes & mask;
    cell->way[direction].packets += share.packets & mask;
    cell->way[direction].flows += share.flows & mask;
    uint32_t *rejected = &cell->rejected[direction];
    *rejected += share.flows & is_rejected & (*rejected != UINT32_MAX);
    lane->marks[index] |= columns->marks[i];
    return true;
}

/* The share of a window in front of a record's last one: its strand stands in the long entry. */
static inline bool carry(struct arrival *arrival, struct lane *lane, uint32_t i, struct share share,
                         struct error *err) {
    if (!ensure_open(arrival, lane, err)) {
        return false;
    }
    lane->carried_count++;
    return add_to_cell(&arrival->columns, lane, i, share, err);
}

/* A record's last share, and its long entry. */
static inline bool add_last(struct arrival *arrival, struct lane *lane, uint32_t i,
                            struct share share, struct error *err) {
    const struct arrival_columns *columns = &arrival->columns;
    if (__builtin_expect(lane->long_at == lane->long_end, 0) && !refill_long(arrival, lane, err)) {
        return false;
    }
    /* Two words at a time: a struct built on the stack would be read back in other widths than it
     * was written, which stalls for as long as all the rest takes. */
    uint8_t *at = lane->long_at;
    lane->long_at = at + sizeof(struct strand_long);
    put_words(at, columns->front[i] | UINT64_C(1) << STRAND_FLOWS_SHIFT);
    put_words(at + 8, columns->middle[i] | (uint64_t)(uint32_t)columns->packets[i] << 32);
    put_words(at + 16, (uint32_t)columns->bytes[i] | (uint64_t)columns->ends_ms[i] << 32);
    uint32_t length_ms = (uint32_t)(columns->to_ms[i] - columns->from_ms[i]);
    memcpy(at + 24, &length_ms, sizeof length_ms);
    return add_to_cell(columns, lane, i, share, err);
}

static bool add_one_window(struct arrival *arrival, uint32_t count, struct error *err) {
    const struct arrival_columns *columns = &arrival->columns;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t i = columns->one[k];
        struct lane *lane = &arrival->lanes[columns->lasts[i]];
        struct share share = { .bytes = (uint32_t)columns->bytes[i],
                               .packets = (uint32_t)columns->packets[i],
                               .flows = 1 };
        if (__builtin_expect(lane->at == lane->end, 0) && !refill(arrival, lane, err)) {
            return false;
        }
        uint8_t *at = lane->at;
        lane->at = at + sizeof(struct strand_short);
        put_words(at, columns->front[i] | UINT64_C(1) << STRAND_FLOWS_SHIFT);
        put_words(at + 8, columns->middle[i] | (uint64_t)share.packets << 32);
        put_words(at + 16, share.bytes | (uint64_t)columns->times[i] << 32);
        if (!add_to_cell(columns, lane, i, share, err)) {
            return false;
        }
    }
    return true;
}

static bool add_two_windows(struct arrival *arrival, uint32_t count, struct error *err) {
    const struct arrival_columns *columns = &arrival->columns;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t i = columns->two[k];
        struct lane *lane = &arrival->lanes[columns->lasts[i]];
        struct share before = { .bytes = (uint32_t)columns->bytes_before[i],
                                .packets = (uint32_t)columns->packets_before[i] };
        struct share after = { .bytes = (uint32_t)columns->bytes[i] - before.bytes,
                               .packets = (uint32_t)columns->packets[i] - before.packets,
                               .flows = 1 };
        if (!carry(arrival, lane - 1, i, before, err) || !add_last(arrival, lane, i, after, err)) {
            return false;
        }
    }
    return true;
}

/* Shares as in arrival_columns.inc.h: what has passed by the end of a window, less what had passed
 * before it. */
static bool add_windows(struct arrival *arrival, uint32_t i, int32_t window_ms, struct error *err) {
    const struct arrival_columns *columns = &arrival->columns;
    const int32_t from_ms = columns->from_ms[i];
    const double whole = columns->to_ms[i] - from_ms;
    const uint32_t last = columns->lasts[i];
    uint32_t bytes = 0;
    uint32_t packets = 0;
    for (uint32_t n = (uint32_t)(from_ms / window_ms); n < last; n++) {
        double part = (int32_t)(n + 1) * window_ms - from_ms;
        uint32_t bytes_until = (uint32_t)(int32_t)(columns->bytes[i] * part / whole);
        uint32_t packets_until = (uint32_t)(int32_t)(columns->packets[i] * part / whole);
        struct share share = { .bytes = bytes_until - bytes, .packets = packets_until - packets };
        if (!carry(arrival, &arrival->lanes[n], i, share, err)) {
            return false;
        }
        bytes = bytes_until;
        packets = packets_until;
    }
    struct share rest = { .bytes = (uint32_t)columns->bytes[i] - bytes,
                          .packets = (uint32_t)columns->packets[i] - packets,
                          .flows = 1 };
    return add_last(arrival, &arrival->lanes[last], i, rest, err);
}

static bool add_many_windows(struct arrival *arrival, uint32_t count, struct error *err) {
    for (uint32_t k = 0; k < count; k++) {
        if (!add_windows(arrival, arrival->columns.many[k], (int32_t)arrival->target.window_ms,
                         err)) {
            return false;
        }
    }
    return true;
}

/* The strand of a row with an IPv6 peer, without its share. */
static struct strand wide_strand(const struct arrival *arrival, uint32_t i, uint32_t row) {
    const struct batch *batch = arrival->batch;
    bool is_in = batch->direction[row] == DIRECTION_IN;
    return (struct strand){
        .local = batch->addresses.values[batch_local(batch, row)],
        .peer = batch->addresses.values[batch_peer(batch, row)],
        .point = arrival->columns.points[i],
        .local_port = is_in ? batch->dst_port[row] : batch->src_port[row],
        .peer_port = is_in ? batch->src_port[row] : batch->dst_port[row],
        .protocol = batch->protocol[row],
        .direction = batch->direction[row],
        .tcp_flags = batch->tcp_flags[row],
        .is_rejected = batch->action[row] == ACTION_REJECT,
    };
}

/* Adds row `i` of the block, whose front is `strand`, to all its windows, as add_windows does. */
static bool add_wide(struct arrival *arrival, uint32_t i, struct strand *strand, int32_t window_ms,
                     struct error *err) {
    const struct arrival_columns *columns = &arrival->columns;
    const int32_t from_ms = columns->from_ms[i];
    const int32_t to_ms = columns->to_ms[i];
    const double whole = to_ms - from_ms;
    const uint32_t last = columns->lasts[i];
    uint32_t bytes = 0;
    uint32_t packets = 0;
    for (uint32_t n = (uint32_t)(from_ms / window_ms); n <= last; n++) {
        int32_t begin_ms = (int32_t)n * window_ms;
        int32_t end_ms = begin_ms + window_ms < to_ms ? begin_ms + window_ms : to_ms;
        double part = end_ms - from_ms;
        uint32_t bytes_until = (uint32_t)(int32_t)(columns->bytes[i] * part / whole);
        uint32_t packets_until = (uint32_t)(int32_t)(columns->packets[i] * part / whole);
        strand->bytes = bytes_until - bytes;
        strand->packets = packets_until - packets;
        strand->flows = n == last;
        strand->first =
            (uint32_t)(from_ms > begin_ms ? from_ms - begin_ms : 0) >> arrival->time_shift;
        strand->last = (uint32_t)(end_ms - 1 - begin_ms) >> arrival->time_shift;
        struct share share = { (uint32_t)strand->bytes, (uint32_t)strand->packets,
                               (uint32_t)strand->flows };
        struct lane *lane = &arrival->lanes[n];
        if (!ensure_open(arrival, lane, err) || !add_to_cell(columns, lane, i, share, err) ||
            !conversation_log_add(&lane->window->conversations, &arrival->target.windows->pool,
                                  strand, columns->places[i], err)) {
            return false;
        }
        bytes = bytes_until;
        packets = packets_until;
    }
    return true;
}

static bool add_wides(struct arrival *arrival, uint32_t first, uint32_t count, struct error *err) {
    for (uint32_t k = 0; k < count; k++) {
        uint32_t i = arrival->columns.wide[k];
        struct strand strand = wide_strand(arrival, i, first + i);
        if (!add_wide(arrival, i, &strand, (int32_t)arrival->target.window_ms, err)) {
            return false;
        }
    }
    return true;
}

uint64_t arrival_fast_need(const struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    uint64_t need = batch->count * sizeof(struct strand_long);
    if (batch->addresses.count6 == 0) {
        return need;
    }
    const struct batch_stamp *stamp = &batch->stamp;
    uint64_t touch_count = 2 * (uint64_t)batch->count; /* a border each, and the windows between */
    int64_t lasting_ms = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t length_ms = batch->end_ms[i] - batch->start_ms[i] + stamp->unit_ms;
        lasting_ms += length_ms < stamp->reach_ms ? length_ms : stamp->reach_ms;
    }
    touch_count += (uint64_t)(lasting_ms / arrival->target.window_ms);
    return touch_count * sizeof(struct strand);
}

static bool add_block(struct arrival *arrival, const struct arrival_clock *clock, uint32_t first,
                      uint32_t count, struct error *err) {
    find_addresses(arrival, first, count);
    arrival->fill(&arrival->columns, arrival->batch, first, count, clock);
    struct list_counts counts = list_rows(arrival, first, count);
    return add_one_window(arrival, counts.one, err) && add_two_windows(arrival, counts.two, err) &&
           add_many_windows(arrival, counts.many, err) &&
           add_wides(arrival, first, counts.wide, err);
}

bool arrival_fast_add(struct arrival *arrival, struct error *err) {
    const struct arrival_target *target = &arrival->target;
    const struct batch *batch = arrival->batch;
    int64_t lane_count = INT32_MAX / target->window_ms;
    lane_count = lane_count < ARRIVAL_LANES ? lane_count : ARRIVAL_LANES;
    int64_t first = arrival->last_record_number - (lane_count - 1);
    int64_t open = target->first_open > first ? target->first_open : first;
    arrival->first_number = first;
    struct arrival_clock clock = {
        .unit_ms = batch->stamp.unit_ms,
        .reach_ms = batch->stamp.reach_ms,
        .base_ms = first * target->window_ms,
        .floor_ms = (open - first) * target->window_ms,
        .window_ms = (int32_t)target->window_ms,
        .shift = arrival->time_shift,
    };
    shorten_addresses(arrival->ipv4, arrival->is_ipv6, batch->addresses.values,
                      batch->addresses.count);
    bool ok = true;
    for (uint32_t at = 0; at < batch->count && ok; at += ARRIVAL_BLOCK) {
        uint32_t left = batch->count - at;
        ok = add_block(arrival, &clock, at, left < ARRIVAL_BLOCK ? left : ARRIVAL_BLOCK, err);
    }
    close_lanes(arrival);
    return ok;
}
