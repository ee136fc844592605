/* SPDX-License-Identifier: Apache-2.0 */
/* Column by column: places of all rows, then a plan that sorts rows into three lists (one window, two
 * windows, anything else), then one tight loop a list. The last list takes the plain path, which
 * is the definition; the loops are it with everything constant taken out: direction known, IPv4 peer, 32
 * bits of bytes, 24 of packets, a known place, open windows, the share of the first window by one
 * division of doubles.
 *
 * Estimate a record of random data (half touch two windows): 50 bytes of columns read, 36 bytes of
 * strands written to two or three streams, 1.5 cells (a cache line each, in L2), 1.5 divisions: 10 ns.
 * bench/detect_bench.c prints what it is. */
#include "detect/arrival.h"

#include "flow/spread.h"

#include <stdlib.h>

#define SPAN_MAX 4096u
#define POINT_CACHE_BITS 12
#define POINT_NONE UINT32_MAX
#define PLACE_REFUSED (UINT32_MAX - 1)
/* Products of a share's numerator up to here are exact as doubles: 32 bits of bytes times these ms. */
#define EXACT_REACH_MS (INT64_C(1) << 21)

struct point_entry {
    uint32_t key; /* node << 8 | flow log, + 1 */
    uint32_t point;
};

struct place_entry {
    uint32_t key; /* flow log << 16 | local code, + 1 */
    uint32_t place;
};

struct arrival {
    /* By address code. */
    uint32_t ipv4[DICTIONARY_CODES_MAX];
    uint8_t is_ipv6[DICTIONARY_CODES_MAX];
    /* By row. */
    uint32_t places[BATCH_RECORDS_MAX];
    uint16_t last[BATCH_RECORDS_MAX]; /* index of the last window that the row touches */
    /* Rows by what they need. */
    uint16_t one[BATCH_RECORDS_MAX];
    uint16_t two[BATCH_RECORDS_MAX];
    uint16_t plain[BATCH_RECORDS_MAX];
    /* By window index: the number less `first_number`. */
    struct window *windows[SPAN_MAX];
    uint8_t is_touched[SPAN_MAX + 1]; /* the last one stands for windows of the plain path */

    struct point_entry point_cache[1u << POINT_CACHE_BITS];
    struct place_entry place_cache[BATCH_NODES_MAX + 1]; /* the last place of each node */

    /* Of the batch at hand. */
    struct arrival_target target;
    struct arrival_counts *counts;
    const struct batch *batch;
    int64_t first_number;
    int64_t last_number;
    uint32_t time_shift;
    uint32_t one_count;
    uint32_t two_count;
    uint32_t plain_count;
};

struct arrival *arrival_new(struct error *err) {
    struct arrival *arrival = calloc(1, sizeof *arrival);
    if (arrival == NULL) {
        error_set(err, ERROR_LIMIT, "no memory for arriving batches");
    }
    return arrival;
}

void arrival_free(struct arrival *arrival) {
    free(arrival);
}

static uint32_t find_point(struct arrival *arrival, uint32_t node, uint32_t flow_log) {
    uint32_t key = (node << 8 | flow_log) + 1;
    struct point_entry *entry =
        &arrival->point_cache[(key * UINT32_C(0x9E3779B1)) >> (32 - POINT_CACHE_BITS)];
    if (entry->key != key) {
        const struct batch *batch = arrival->batch;
        uint32_t point;
        if (!point_set_add(arrival->target.points, &batch->nodes[node],
                           batch->flow_logs[flow_log], arrival->last_number, &point, NULL)) {
            point = POINT_NONE;
        }
        *entry = (struct point_entry){ .key = key, .point = point };
    }
    return entry->point;
}

static uint32_t find_place(struct arrival *arrival, uint32_t node, uint32_t flow_log,
                           uint32_t local) {
    uint32_t point = find_point(arrival, node, flow_log);
    return point == POINT_NONE ? PLACE_REFUSED
                               : point_set_place(arrival->target.points, point,
                                                 arrival->batch->addresses.values[local],
                                                 arrival->last_number);
}

/* Without a branch: which side is the local one is as good as random. */
static inline uint32_t either(bool is_first, uint32_t first, uint32_t second) {
    return second ^ ((first ^ second) & (0u - (uint32_t)is_first));
}

static void find_places(struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint32_t local = either(batch->direction[i] == DIRECTION_IN, batch->dst[i], batch->src[i]);
        uint32_t key = ((uint32_t)batch->flow_log[i] << 16 | local) + 1;
        struct place_entry *entry = &arrival->place_cache[batch->node[i]];
        if (__builtin_expect(entry->key != key, 0)) {
            entry->key = key;
            entry->place = find_place(arrival, batch->node[i], batch->flow_log[i], local);
        }
        arrival->places[i] = entry->place;
    }
}

/* The addresses as the short form wants them. */
static void convert_addresses(struct arrival *arrival) {
    const struct dictionary *addresses = &arrival->batch->addresses;
    for (uint32_t code = 0; code < addresses->count; code++) {
        arrival->ipv4[code] = (uint32_t)addresses->values[code].low;
        arrival->is_ipv6[code] = !address_is_ipv4(addresses->values[code]);
    }
}

/* A coverage row that says something, within the times that are ours. */
static bool is_meant(const struct batch_coverage *row) {
    return row->start_ms >= 0 && row->start_ms < row->end_ms && row->end_ms <= BATCH_TIME_MAX_MS;
}

/* The first and last window that anything of the batch could touch. */
static void find_range(struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    int64_t unit_ms = batch->stamp.unit_ms;
    int64_t reach_ms = batch->stamp.reach_ms;
    int64_t from_min = INT64_MAX;
    int64_t to_max = INT64_MIN;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct spread spread =
            spread_of(batch->start_ms[i], batch->end_ms[i], unit_ms, reach_ms);
        from_min = spread.from_ms < from_min ? spread.from_ms : from_min;
        to_max = spread.to_ms > to_max ? spread.to_ms : to_max;
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        if (is_meant(row)) {
            struct spread spread = spread_of(row->start_ms, row->end_ms - 1, 1, reach_ms);
            from_min = spread.from_ms < from_min ? spread.from_ms : from_min;
            to_max = spread.to_ms > to_max ? spread.to_ms : to_max;
        }
    }
    from_min = from_min > to_max ? 0 : from_min; /* nothing but empty rows */
    to_max = to_max < from_min ? from_min + 1 : to_max;
    arrival->first_number = spread_window(from_min, arrival->target.window_ms);
    arrival->last_number = spread_window(to_max - 1, arrival->target.window_ms);
}

/* The cell of a point, added when it is new; CELL_NONE without memory. */
static inline uint32_t cell_of(struct window *window, uint32_t point, struct error *err) {
    uint32_t index = cell_table_find(&window->cells, point);
    if (__builtin_expect(index == CELL_NONE, 0)) {
        if (!cell_table_add(&window->cells, point, &index, err)) {
            return CELL_NONE;
        }
    }
    return index;
}

static uint8_t marks_of(uint16_t quality) {
    return (uint8_t)(METRIC_OBSERVED | ((quality & QUALITY_SKIPPED) != 0 ? METRIC_SKIPPED : 0) |
                     ((quality & QUALITY_SAMPLED) != 0 ? METRIC_SAMPLED : 0));
}

/* What a record gives to one window, as a strand. */
static struct strand strand_of(const struct arrival *arrival, uint32_t i, struct spread spread,
                               int64_t number, uint32_t point) {
    const struct batch *batch = arrival->batch;
    int64_t start_ms = number * arrival->target.window_ms;
    int64_t end_ms = start_ms + arrival->target.window_ms;
    int64_t first_ms = spread.from_ms > start_ms ? spread.from_ms : start_ms;
    int64_t last_ms = (spread.to_ms < end_ms ? spread.to_ms : end_ms) - 1;
    bool is_in = batch->direction[i] == DIRECTION_IN;
    return (struct strand){
        .local = batch->addresses.values[batch_local(batch, i)],
        .peer = batch->addresses.values[batch_peer(batch, i)],
        .bytes = spread_until(spread, batch->bytes[i], end_ms) -
                 spread_until(spread, batch->bytes[i], start_ms),
        .packets = spread_until(spread, batch->packets[i], end_ms) -
                   spread_until(spread, batch->packets[i], start_ms),
        .flows = spread.to_ms <= end_ms,
        .point = point,
        .first = (uint32_t)((first_ms - start_ms) >> arrival->time_shift),
        .last = (uint32_t)((last_ms - start_ms) >> arrival->time_shift),
        .local_port = is_in ? batch->dst_port[i] : batch->src_port[i],
        .peer_port = is_in ? batch->src_port[i] : batch->dst_port[i],
        .protocol = batch->protocol[i],
        .direction = batch->direction[i],
        .tcp_flags = batch->tcp_flags[i],
        .is_rejected = batch->action[i] == ACTION_REJECT,
    };
}

static void add_to_cell(struct cell *cell, const struct strand *strand) {
    if (strand->direction == DIRECTION_UNKNOWN) {
        for (uint64_t k = 0; k < strand->flows; k++) {
            cell_count(&cell->unknown);
        }
        return;
    }
    uint32_t way = strand->direction - DIRECTION_IN;
    if (strand->is_rejected) {
        for (uint64_t k = 0; k < strand->flows; k++) {
            cell_count(&cell->rejected[way]);
        }
        return;
    }
    cell->way[way].bytes += strand->bytes;
    cell->way[way].packets += strand->packets;
    cell->way[way].flows += strand->flows;
}

/* The plain path: one record, whatever it is. */
static bool add_plainly(struct arrival *arrival, uint32_t i, struct error *err) {
    const struct batch *batch = arrival->batch;
    const struct arrival_target *target = &arrival->target;
    if (arrival->places[i] == PLACE_REFUSED) {
        arrival->counts->refused++;
        return true;
    }
    struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i], batch->stamp.unit_ms,
                                     batch->stamp.reach_ms);
    int64_t first = spread_window(spread.from_ms, target->window_ms);
    int64_t last = spread_window(spread.to_ms - 1, target->window_ms);
    if (last < target->first_open) {
        arrival->counts->late++;
        return true;
    }
    arrival->counts->direction_unknown += batch->direction[i] == DIRECTION_UNKNOWN;
    uint32_t point = find_point(arrival, batch->node[i], batch->flow_log[i]);
    for (int64_t n = first > target->first_open ? first : target->first_open; n <= last; n++) {
        struct window *window = window_set_open(target->windows, n, err);
        uint32_t index = window == NULL ? CELL_NONE : cell_of(window, point, err);
        if (index == CELL_NONE) {
            return false;
        }
        struct strand strand = strand_of(arrival, i, spread, n, point);
        add_to_cell(&window->cells.cells[index], &strand);
        window->cells.marks[index] |= marks_of(batch->quality[i]);
        if (!conversation_log_add(&window->conversations, &target->windows->pool, &strand,
                                  arrival->places[i], err)) {
            return false;
        }
    }
    return true;
}

/* Sorts the rows into lists. No branches: what a row needs is as good as random. */
static void plan_rows(struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    uint64_t window_ms = (uint64_t)arrival->target.window_ms;
    int64_t base_ms = arrival->first_number * arrival->target.window_ms;
    int64_t unit_ms = batch->stamp.unit_ms;
    int64_t reach_ms = batch->stamp.reach_ms;
    int64_t closed = arrival->target.first_open - arrival->first_number;
    uint64_t open_index = closed < 0 ? 0 : (uint64_t)closed;
    /* floor(n / window_ms) = high half of n * magic while n * window_ms < 2^64 (has_table). */
    uint64_t magic = UINT64_MAX / window_ms + 1;
    uint32_t one_count = 0;
    uint32_t two_count = 0;
    uint32_t plain_count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct spread spread =
            spread_of(batch->start_ms[i], batch->end_ms[i], unit_ms, reach_ms);
        uint64_t to = (uint64_t)(spread.to_ms - 1 - base_ms);
        uint64_t last = (uint64_t)((unsigned __int128)to * magic >> 64);
        int64_t border_ms = base_ms + (int64_t)(last * window_ms);
        uint32_t is_before = spread.from_ms < border_ms;
        uint64_t first = last - is_before; /* where it is not further back */
        uint32_t is_plain =
            (batch->direction[i] == DIRECTION_UNKNOWN) | (batch->bytes[i] >> 32 != 0) |
            (batch->packets[i] >= STRAND_SHORT_PACKETS) |
            arrival->is_ipv6[either(batch->direction[i] == DIRECTION_IN, batch->src[i],
                                    batch->dst[i])] |
            (arrival->places[i] >= PLACES_MAX) |
            (spread.from_ms < border_ms - (int64_t)window_ms) | (first < open_index);
        arrival->last[i] = (uint16_t)last;
        /* Stores only: neighbours touch the same windows, and would wait for each other's OR. */
        arrival->is_touched[either(is_plain, SPAN_MAX, (uint32_t)first)] = 1;
        arrival->is_touched[either(is_plain, SPAN_MAX, (uint32_t)last)] = 1;
        arrival->one[one_count] = (uint16_t)i;
        arrival->two[two_count] = (uint16_t)i;
        arrival->plain[plain_count] = (uint16_t)i;
        one_count += (is_plain | is_before) ^ 1;
        two_count += is_before & (is_plain ^ 1);
        plain_count += is_plain;
    }
    arrival->one_count = one_count;
    arrival->two_count = two_count;
    arrival->plain_count = plain_count;
}

/* All rows on the plain path. */
static void plan_plainly(struct arrival *arrival) {
    arrival->one_count = 0;
    arrival->two_count = 0;
    arrival->plain_count = arrival->batch->count;
    for (uint32_t i = 0; i < arrival->batch->count; i++) {
        arrival->plain[i] = (uint16_t)i;
    }
}

/* Whether the windows of the batch fit the table by index, and the reciprocal is exact. */
static bool has_table(const struct arrival *arrival) {
    return arrival->last_number - arrival->first_number < SPAN_MAX &&
           arrival->target.window_ms <= INT64_C(1) << 25;
}

/* Opens the windows that the lists touch, and folds those that have grown by their bound. */
static bool open_windows(struct arrival *arrival, struct error *err) {
    struct window_set *set = arrival->target.windows;
    uint32_t count = (uint32_t)(arrival->last_number - arrival->first_number) + 1;
    for (uint32_t index = 0; index < count; index++) {
        if (!arrival->is_touched[index]) {
            continue;
        }
        struct window *window = window_set_open(set, arrival->first_number + index, err);
        if (window == NULL) {
            return false;
        }
        struct conversation_log *log = &window->conversations;
        if (conversation_log_count(log) - log->folded_count > log->cost_max &&
            !conversation_log_compact(log, &set->pool, arrival->target.points,
                                      &arrival->counts->cells_cut, err)) {
            return false;
        }
        arrival->windows[index] = window;
    }
    return true;
}

/* One record in the short form, but for what differs between its windows. */
struct draft {
    uint32_t place_bits;
    uint32_t peer;
    uint32_t ports;
    uint32_t flags; /* TCP flags << 24 */
    uint32_t point;
    uint32_t way;
    bool is_rejected;
    uint8_t marks;
};

static inline struct draft draft_of(const struct arrival *arrival, const struct batch *batch,
                                    uint32_t i) {
    bool is_in = batch->direction[i] == DIRECTION_IN;
    bool is_rejected = batch->action[i] == ACTION_REJECT;
    uint32_t local_port = either(is_in, batch->dst_port[i], batch->src_port[i]);
    uint32_t peer_port = either(is_in, batch->src_port[i], batch->dst_port[i]);
    uint32_t place = arrival->places[i];
    return (struct draft){
        .place_bits = place | (uint32_t)batch->direction[i] << STRAND_DIRECTION_SHIFT |
                      (uint32_t)is_rejected << STRAND_REJECTED_SHIFT |
                      (uint32_t)batch->protocol[i] << STRAND_PROTOCOL_SHIFT,
        .peer = arrival->ipv4[either(is_in, batch->src[i], batch->dst[i])],
        .ports = local_port | peer_port << 16,
        .flags = (uint32_t)batch->tcp_flags[i] << 24,
        .point = arrival->target.points->place_points[place],
        .way = batch->direction[i] - 1u,
        .is_rejected = is_rejected,
        .marks = marks_of(batch->quality[i]),
    };
}

/* What one window gets of a drafted record. */
struct share {
    uint64_t bytes;
    uint64_t packets;
    uint32_t first_ms; /* within the window */
    uint32_t last_ms;
    uint32_t flows; /* 1 in the window of the end */
};

static inline bool add_share(struct arrival *arrival, struct window *window,
                             const struct draft *draft, struct share share,
                             struct error *err) {
    uint32_t index = cell_of(window, draft->point, err);
    struct strand_list *list = &window->conversations.shorts;
    if (__builtin_expect(index == CELL_NONE, 0) ||
        (__builtin_expect(list->at == list->end, 0) &&
         !strand_list_grow(list, sizeof(struct strand_short), &arrival->target.windows->pool,
                           err))) {
        return false;
    }
    struct cell *cell = &window->cells.cells[index];
    window->cells.marks[index] |= draft->marks;
    if (draft->is_rejected) {
        cell->rejected[draft->way] += share.flows & (cell->rejected[draft->way] != UINT32_MAX);
    } else {
        cell->way[draft->way].bytes += share.bytes;
        cell->way[draft->way].packets += share.packets;
        cell->way[draft->way].flows += share.flows;
    }
    /* Field by field: a struct built on the stack would be read back in other widths than it was
     * written, which stalls for as long as all the rest takes. */
    struct strand_short *entry = (struct strand_short *)(void *)list->at;
    entry->place_bits = draft->place_bits | share.flows << STRAND_FLOWS_SHIFT;
    entry->peer = draft->peer;
    entry->ports = draft->ports;
    entry->packets_flags = (uint32_t)share.packets | draft->flags;
    entry->bytes = (uint32_t)share.bytes;
    entry->times = share.first_ms >> arrival->time_shift |
                   share.last_ms >> arrival->time_shift << 16;
    list->at += sizeof *entry;
    return true;
}

static bool add_one_window(struct arrival *arrival, struct error *err) {
    const struct batch *batch = arrival->batch;
    int64_t unit_ms = batch->stamp.unit_ms;
    int64_t reach_ms = batch->stamp.reach_ms;
    int64_t window_ms = arrival->target.window_ms;
    int64_t base_ms = arrival->first_number * window_ms;
    for (uint32_t k = 0; k < arrival->one_count; k++) {
        uint32_t i = arrival->one[k];
        struct draft draft = draft_of(arrival, batch, i);
        struct spread spread =
            spread_of(batch->start_ms[i], batch->end_ms[i], unit_ms, reach_ms);
        int64_t start_ms = base_ms + arrival->last[i] * window_ms;
        struct share share = {
            .bytes = batch->bytes[i],
            .packets = batch->packets[i],
            .first_ms = (uint32_t)(spread.from_ms - start_ms),
            .last_ms = (uint32_t)(spread.to_ms - 1 - start_ms),
            .flows = 1,
        };
        if (!add_share(arrival, arrival->windows[arrival->last[i]], &draft, share, err)) {
            return false;
        }
    }
    return true;
}

/* floor(amount * part / whole) by doubles: the product is below 2^53, so it is exact; a quotient that
 * is no integer lies at least 1 / whole below the next one, and rounding moves it by less. */
static inline uint64_t share_of(uint64_t amount, int64_t part_ms, int64_t whole_ms) {
    return (uint64_t)(int64_t)((double)(int64_t)amount * (double)part_ms / (double)whole_ms);
}

static bool add_two_windows(struct arrival *arrival, struct error *err) {
    const struct batch *batch = arrival->batch;
    int64_t unit_ms = batch->stamp.unit_ms;
    int64_t reach_ms = batch->stamp.reach_ms;
    int64_t window_ms = arrival->target.window_ms;
    int64_t base_ms = arrival->first_number * window_ms;
    bool is_exact = reach_ms <= EXACT_REACH_MS;
    for (uint32_t k = 0; k < arrival->two_count; k++) {
        uint32_t i = arrival->two[k];
        uint64_t bytes = batch->bytes[i];
        uint64_t packets = batch->packets[i];
        struct draft draft = draft_of(arrival, batch, i);
        struct spread spread =
            spread_of(batch->start_ms[i], batch->end_ms[i], unit_ms, reach_ms);
        int64_t border_ms = base_ms + arrival->last[i] * window_ms;
        int64_t part_ms = border_ms - spread.from_ms;
        int64_t whole_ms = spread.to_ms - spread.from_ms;
        struct share before = {
            .bytes = is_exact ? share_of(bytes, part_ms, whole_ms)
                              : spread_until(spread, bytes, border_ms),
            .packets = is_exact ? share_of(packets, part_ms, whole_ms)
                                : spread_until(spread, packets, border_ms),
            .first_ms = (uint32_t)(window_ms - part_ms),
            .last_ms = (uint32_t)(window_ms - 1),
        };
        struct share after = {
            .bytes = bytes - before.bytes,
            .packets = packets - before.packets,
            .last_ms = (uint32_t)(spread.to_ms - 1 - border_ms),
            .flows = 1,
        };
        struct window **windows = &arrival->windows[arrival->last[i]];
        if (!add_share(arrival, windows[-1], &draft, before, err) ||
            !add_share(arrival, windows[0], &draft, after, err)) {
            return false;
        }
    }
    return true;
}

/* Marks the windows of a coverage row, clipped to its last reach as records are. */
static bool add_coverage(struct arrival *arrival, const struct batch_coverage *row,
                         struct error *err) {
    const struct arrival_target *target = &arrival->target;
    if (!is_meant(row)) {
        return true;
    }
    uint32_t point = find_point(arrival, row->node, row->flow_log);
    struct spread spread =
        spread_of(row->start_ms, row->end_ms - 1, 1, arrival->batch->stamp.reach_ms);
    int64_t first = spread_window(spread.from_ms, target->window_ms);
    int64_t last = spread_window(spread.to_ms - 1, target->window_ms);
    bool is_observed = row->kind == COVERAGE_OBSERVED || row->kind == COVERAGE_NODATA;
    first = first > target->first_open ? first : target->first_open;
    for (int64_t n = first; n <= last && point != POINT_NONE; n++) {
        struct window *window = window_set_open(target->windows, n, err);
        uint32_t index = window == NULL ? CELL_NONE : cell_of(window, point, err);
        if (index == CELL_NONE) {
            return false;
        }
        window->cells.marks[index] |= is_observed ? METRIC_OBSERVED : METRIC_SKIPPED;
    }
    return true;
}

static bool check_stamp(const struct batch_stamp *stamp, int64_t window_ms, struct error *err) {
    if (stamp->unit_ms < 1 || stamp->reach_ms < stamp->unit_ms ||
        stamp->reach_ms / window_ms >= ARRIVAL_REACH_WINDOWS_MAX) {
        return error_set(err, ERROR_ARGUMENT,
                         "a batch reaches back %lld ms in units of %u ms: not within 1 unit and "
                         "%d windows of %lld ms",
                         (long long)stamp->reach_ms, stamp->unit_ms, ARRIVAL_REACH_WINDOWS_MAX,
                         (long long)window_ms);
    }
    return true;
}

static bool begin(struct arrival *arrival, const struct arrival_target *target,
                  const struct batch *batch, struct arrival_counts *counts, struct error *err) {
    if (!check_stamp(&batch->stamp, target->window_ms, err)) {
        return false;
    }
    arrival->target = *target;
    arrival->batch = batch;
    arrival->counts = counts;
    arrival->time_shift = strand_time_shift(target->window_ms);
    memset(arrival->point_cache, 0, sizeof arrival->point_cache);
    memset(arrival->place_cache, 0, batch->node_count * sizeof *arrival->place_cache);
    find_range(arrival);
    find_places(arrival);
    return true;
}

static bool finish(struct arrival *arrival, struct error *err) {
    const struct batch *batch = arrival->batch;
    for (uint32_t k = 0; k < arrival->plain_count; k++) {
        if (!add_plainly(arrival, arrival->plain[k], err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        if (!add_coverage(arrival, &batch->coverage[i], err)) {
            return false;
        }
    }
    return true;
}

/* How many windows the rows on the plain path touch, at most. */
static uint64_t plain_touches(const struct arrival *arrival) {
    const struct batch *batch = arrival->batch;
    uint64_t touches = 0;
    for (uint32_t k = 0; k < arrival->plain_count; k++) {
        uint32_t i = arrival->plain[k];
        struct spread spread = spread_of(batch->start_ms[i], batch->end_ms[i],
                                         batch->stamp.unit_ms, batch->stamp.reach_ms);
        touches += (uint64_t)((spread.to_ms - spread.from_ms) / arrival->target.window_ms) + 2;
    }
    return touches;
}

static bool make_room(struct arrival *arrival, struct error *err) {
    uint64_t short_count = arrival->one_count + 2 * (uint64_t)arrival->two_count;
    uint64_t need = short_count * sizeof(struct strand_short) +
                    plain_touches(arrival) * sizeof(struct strand);
    return window_set_make_room(arrival->target.windows, arrival->target.points, need,
                                arrival->target.memory_bytes_max, &arrival->counts->cells_cut,
                                err);
}

bool arrival_add(struct arrival *arrival, const struct arrival_target *target,
                 const struct batch *batch, struct arrival_counts *counts, struct error *err) {
    if (batch->count == 0 && batch->coverage_count == 0) {
        return true;
    }
    if (!begin(arrival, target, batch, counts, err)) {
        return false;
    }
    if (!has_table(arrival)) {
        plan_plainly(arrival);
        return make_room(arrival, err) && finish(arrival, err);
    }
    memset(arrival->is_touched, 0,
           (size_t)(arrival->last_number - arrival->first_number) + 1);
    convert_addresses(arrival);
    plan_rows(arrival);
    return make_room(arrival, err) && open_windows(arrival, err) &&
           add_one_window(arrival, err) && add_two_windows(arrival, err) && finish(arrival, err);
}

bool arrival_add_plainly(struct arrival *arrival, const struct arrival_target *target,
                         const struct batch *batch, struct arrival_counts *counts,
                         struct error *err) {
    if (batch->count == 0 && batch->coverage_count == 0) {
        return true;
    }
    if (!begin(arrival, target, batch, counts, err)) {
        return false;
    }
    plan_plainly(arrival);
    return make_room(arrival, err) && finish(arrival, err);
}
