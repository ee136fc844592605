/* SPDX-License-Identifier: Apache-2.0 */
#include "query/bin.h"

#include "flow/spread.h"

#define HALF_HOUR_MS INT64_C(1800000)

static int64_t offset_ms(const struct zone *zone, int64_t t_ms) {
    return (int64_t)zone_offset_s(zone, spread_window(t_ms, 1000)) * 1000;
}

int64_t bin_begin(const struct zone *zone, int64_t bin_ms, int64_t t_ms) {
    if (zone == NULL) {
        return spread_window(t_ms, bin_ms) * bin_ms;
    }
    int64_t offset = offset_ms(zone, t_ms);
    int64_t local_ms = spread_window(t_ms + offset, bin_ms) * bin_ms;
    /* With the offset of `t_ms` the second of two equal hours has a beginning of its own; only a
     * bin in which the clock is changed begins by another offset. */
    int64_t begin_ms = local_ms - offset;
    return offset_ms(zone, begin_ms) == offset
               ? begin_ms
               : zone_to_unix_s(zone, spread_window(local_ms, 1000)) * 1000;
}

int64_t bin_next(const struct zone *zone, int64_t bin_ms, int64_t begin_ms) {
    if (zone == NULL) {
        return begin_ms + bin_ms;
    }
    /* In a day of 25 hours 24 hours on is the same bin: clocks change by half hours or more. */
    int64_t t_ms = begin_ms + bin_ms;
    int64_t next_ms;
    while ((next_ms = bin_begin(zone, bin_ms, t_ms)) <= begin_ms) {
        t_ms += HALF_HOUR_MS;
    }
    return next_ms;
}
