/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of arrival_columns.h, for the width that the including file is compiled for. */
#include "detect/arrival_columns.h"

#include "detect/conversation.h"

static void join_front(uint64_t *restrict front, const struct arrival_columns *restrict columns,
                       const uint8_t *restrict directions, const uint8_t *restrict actions,
                       const uint8_t *restrict protocols, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits = columns->places[i] | (uint32_t)directions[i] << STRAND_DIRECTION_SHIFT |
                        (uint32_t)(actions[i] == ACTION_REJECT) << STRAND_REJECTED_SHIFT |
                        (uint32_t)protocols[i] << STRAND_PROTOCOL_SHIFT;
        front[i] = bits | (uint64_t)columns->peers[i] << 32;
    }
}

static void join_middle(uint64_t *restrict middle, const uint16_t *restrict src_ports,
                        const uint16_t *restrict dst_ports, const uint8_t *restrict directions,
                        const uint8_t *restrict tcp_flags, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t out = src_ports[i] | (uint32_t)dst_ports[i] << 16;
        uint32_t in = dst_ports[i] | (uint32_t)src_ports[i] << 16;
        uint32_t ports = directions[i] == DIRECTION_IN ? in : out;
        middle[i] = ports | (uint64_t)((uint32_t)tcp_flags[i] << 24) << 32;
    }
}

static void find_marks(uint8_t *restrict marks, const uint16_t *restrict quality, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        marks[i] = arrival_marks(quality[i]);
    }
}

/* Rows for the plain path get times that are harmless to compute with. */
static void narrow(struct arrival_columns *restrict columns, const int64_t *restrict starts,
                   const int64_t *restrict ends, const struct arrival_clock *restrict clock,
                   uint32_t count) {
    const int64_t unit_ms = clock->unit_ms - clock->base_ms;
    const int64_t base_ms = clock->base_ms;
    const int64_t reach_ms = clock->reach_ms;
    const int64_t floor_ms = clock->floor_ms;
    for (uint32_t i = 0; i < count; i++) {
        int64_t to_ms = ends[i] + unit_ms;
        int64_t from_ms = starts[i] - base_ms;
        from_ms = from_ms > to_ms - reach_ms ? from_ms : to_ms - reach_ms;
        int64_t is_early = -(int64_t)(from_ms < floor_ms);
        columns->is_rare[i] |= (uint32_t)is_early;
        columns->from_ms[i] = (int32_t)(from_ms & ~is_early);
        columns->to_ms[i] = (int32_t)((to_ms & ~is_early) - is_early);
    }
}

static void narrow_amounts(struct arrival_columns *restrict columns, const uint64_t *restrict bytes,
                           const uint64_t *restrict packets, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        columns->bytes[i] = (int32_t)(bytes[i] & INT32_MAX);
        columns->packets[i] = (int32_t)(packets[i] & INT32_MAX);
        columns->is_rare[i] |= (uint32_t)(bytes[i] >> 31) | (uint32_t)(bytes[i] >> 63) |
                               (uint32_t)(packets[i] >> STRAND_PACKETS_BITS) |
                               (uint32_t)(packets[i] >> 56);
    }
}

/* The last window of each row, and what is before it.
 *
 * By doubles, exact in both cases. The last window is floor(n / window) for n = to - 1: n + 1/2
 * lies at least 1/2 from any multiple of the window, and the error of the product is less than a
 * millionth of that. Before it goes floor(amount * part / whole): the product is below 2^52; a
 * quotient that is no integer lies at least 1 / whole below the next one, and rounding moves it by
 * less. */
static void split(struct arrival_columns *restrict columns,
                  const struct arrival_clock *restrict clock, uint32_t count) {
    const int32_t window_ms = clock->window_ms;
    const double inverse = 1.0 / window_ms;
    const uint32_t shift = clock->shift;
    for (uint32_t i = 0; i < count; i++) {
        int32_t from_ms = columns->from_ms[i];
        int32_t to_ms = columns->to_ms[i];
        int32_t last = (int32_t)((to_ms - 0.5) * inverse);
        int32_t border_ms = last * window_ms;
        int32_t over_ms = border_ms - from_ms;
        int32_t part_ms = over_ms > 0 ? over_ms : 0;
        double part = part_ms;
        double whole = to_ms - from_ms;
        columns->splits[i] = (uint32_t)(over_ms > 0) + (uint32_t)(over_ms > window_ms);
        columns->lasts[i] = (uint32_t)last;
        columns->bytes_before[i] = (int32_t)(columns->bytes[i] * part / whole);
        columns->packets_before[i] = (int32_t)(columns->packets[i] * part / whole);
        columns->times[i] =
            (uint32_t)-over_ms >> shift | (uint32_t)(to_ms - 1 - border_ms) >> shift << 16;
        columns->ends_ms[i] = (uint32_t)(to_ms - border_ms);
    }
}

static void fill(struct arrival_columns *columns, const struct batch *batch, uint32_t first,
                 uint32_t count, const struct arrival_clock *clock) {
    join_front(columns->front, columns, batch->direction + first, batch->action + first,
               batch->protocol + first, count);
    join_middle(columns->middle, batch->src_port + first, batch->dst_port + first,
                batch->direction + first, batch->tcp_flags + first, count);
    find_marks(columns->marks, batch->quality + first, count);
    narrow_amounts(columns, batch->bytes + first, batch->packets + first, count);
    narrow(columns, batch->start_ms + first, batch->end_ms + first, clock, count);
    split(columns, clock, count);
}
