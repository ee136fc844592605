/* SPDX-License-Identifier: Apache-2.0 */
/* A tick of 10^-k seconds is 10^(9-k) ns, one of 2^-k seconds is 10^9 / 2^k. The product with 64
 * bits of ticks has at most 94, and the offset 94, so that 128 bits always hold the sum. */
#include "ingest/capture_clock.h"

#define NS_PER_S UINT64_C(1000000000)
#define POWER_OF_2 0x80u

static uint64_t power_of_10(unsigned exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

struct capture_clock capture_clock_of(uint8_t resolution, int64_t offset_s) {
    struct capture_clock clock = { .multiplier = 1, .divisor = 1, .offset_s = offset_s };
    unsigned exponent = resolution & (POWER_OF_2 - 1);
    if (resolution & POWER_OF_2) {
        clock.multiplier = NS_PER_S;
        clock.shift = exponent;
    } else if (exponent <= 9) {
        clock.multiplier = power_of_10(9 - exponent);
    } else if (exponent <= 9 + 19) {
        clock.divisor = power_of_10(exponent - 9);
    } else {
        clock.multiplier = 0; /* all of 64 bits lasts less than a nanosecond */
    }
    return clock;
}

int64_t capture_clock_ns(const struct capture_clock *clock, uint64_t ticks) {
    unsigned __int128 ns = (unsigned __int128)ticks * clock->multiplier >> clock->shift;
    if (clock->divisor != 1) {
        ns /= clock->divisor; /* not for the usual units: it costs more than all the rest */
    }
    __int128 time = (__int128)ns + (__int128)clock->offset_s * (__int128)NS_PER_S;
    if (time > INT64_MAX) {
        return INT64_MAX;
    }
    return time < INT64_MIN ? INT64_MIN : (int64_t)time;
}
