/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_SPREAD_H
#define WEIR_FLOW_SPREAD_H

#include <stdint.h>

/* How a flow's bytes and packets are shared out over the windows that it touches.
 *
 * A flow lasts over [start, end + unit), clipped to its last `reach` milliseconds. The share that
 * has passed up to time t is floor(x * (t - from) / (to - from)) in 128 bits, and a window gets the
 * difference between its two ends: so what is spread adds up to what came, whatever the windows.
 * The flow itself (count 1) goes to the window of its last moment, `to - 1`. Windows, the
 * per-minute totals of a frame, and `flowq --by minute` all use these functions
 * (docs/ARCHITECTURE.md, "Time").
 */
struct spread {
    int64_t from_ms;
    int64_t to_ms; /* > from_ms */
};

/* `end_ms >= start_ms`; `unit_ms >= 1`, `reach_ms >= unit_ms`. */
static inline struct spread spread_of(int64_t start_ms, int64_t end_ms, int64_t unit_ms,
                                      int64_t reach_ms) {
    int64_t to = end_ms + unit_ms;
    int64_t from = start_ms > to - reach_ms ? start_ms : to - reach_ms;
    return (struct spread){ .from_ms = from, .to_ms = to };
}

/* The part of `amount` that passed before `t_ms`. */
static inline uint64_t spread_until(struct spread spread, uint64_t amount, int64_t t_ms) {
    if (t_ms <= spread.from_ms) {
        return 0;
    }
    if (t_ms >= spread.to_ms) {
        return amount;
    }
    uint64_t part = (uint64_t)(t_ms - spread.from_ms);
    uint64_t whole = (uint64_t)(spread.to_ms - spread.from_ms);
    uint64_t product;
    if (!__builtin_mul_overflow(amount, part, &product)) {
        return product / whole; /* 64 bits suffice: a 128-bit division costs three times as much */
    }
    return (uint64_t)((unsigned __int128)amount * part / whole);
}

/* Floor division, right for times before 1970 too. */
static inline int64_t spread_window(int64_t t_ms, int64_t window_ms) {
    int64_t quotient = t_ms / window_ms;
    return quotient - (t_ms % window_ms < 0);
}

#endif
