/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_CLOCK_H
#define WEIR_INGEST_CAPTURE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The clock of a pcapng interface (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset): how its
 * ticks become Unix nanoseconds. Values; any thread. */
struct capture_clock {
    uint64_t multiplier; /* ns = ((ticks * multiplier) >> shift) / divisor + offset_s * 10^9 */
    uint64_t divisor;
    unsigned shift;
    int64_t offset_s;
};

/* `resolution` as if_tsresol: the negative power of 10, or with its high bit set of 2, that a tick
 * lasts; 6 where the option is absent. Any octet and any offset give a clock. */
struct capture_clock capture_clock_of(uint8_t resolution, int64_t offset_s);

/* Fractions of a nanosecond are cut; beyond what 64 bits hold (the years 1677 to 2262) the time is
 * the nearest that they do. */
int64_t capture_clock_ns(const struct capture_clock *clock, uint64_t ticks);

#endif
