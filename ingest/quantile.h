/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_QUANTILE_H
#define WEIR_INGEST_QUANTILE_H

#include <stdint.h>

/* How a count of non-negative numbers is spread, in fixed memory: exact below QUANTILE_EXACT, from
 * there on in steps of less than a two-thousandth of the number; what is beyond QUANTILE_MAX counts
 * as that. (Of times in seconds: exact up to 68 minutes.) The order in which numbers come does not
 * matter. One thread at a time. */

#define QUANTILE_BITS 12u
#define QUANTILE_EXACT (UINT64_C(1) << QUANTILE_BITS)
#define QUANTILE_MAX ((UINT64_C(1) << 48) - 1)
#define QUANTILE_BUCKETS (QUANTILE_EXACT + (48u - QUANTILE_BITS) * (QUANTILE_EXACT / 2))

struct quantile {
    uint64_t count;
    uint64_t maximum; /* of the numbers, exact */
    uint32_t top;     /* buckets in use: all behind are zero */
    uint64_t buckets[QUANTILE_BUCKETS];
};

/* Forgets all numbers; of a zeroed one too. Costs what was in use. */
void quantile_reset(struct quantile *quantile);

void quantile_add(struct quantile *quantile, uint64_t value);

/* The smallest number that at least `permille` (1 to 1000) of a thousand do not exceed, rounded
 * down to its step; the maximum is exact. 0 without numbers. */
uint64_t quantile_get(const struct quantile *quantile, unsigned permille);

#endif
