/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_MINUTES_H
#define WEIR_FLOW_FRAME_MINUTES_H

#include "flow/frame_layout.h"

/* The per-minute totals of a frame: flows at their end, packets and bytes spread by flow/spread.h
 * with the stamp's unit and reach. Sums are modulo 2^64. */

/* Where they are summed: one more than there can be. */
#define FRAME_MINUTES_ROOM (FRAME_MINUTES_MAX + 1u)

/* `start_low_ms` and `end_high_ms` are the smallest start and the largest end of the records.
 * Computes them into `minutes` (FRAME_MINUTES_ROOM, ascending, only minutes with something in them)
 * and returns how many. 0: there are none, or they are left out: the records span more
 * than FRAME_MINUTES_MAX minutes, touch more than 2^20 in all, or the stamp's unit and reach are no
 * use. */
uint32_t frame_minutes_sum(struct frame_minute *minutes, const struct batch *batch,
                           int64_t start_low_ms, int64_t end_high_ms);

void frame_minutes_write(const struct frame_minute *minutes, uint32_t count, struct buffer *out);

#endif
