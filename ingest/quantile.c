/* SPDX-License-Identifier: Apache-2.0 */
/* A number's bucket is its leading bit and the QUANTILE_BITS - 1 bits behind it, so the steps
 * double with each power of two:
 *
 *     0 .. 4095 one each | 4096 .. 8191 in steps of 2 | 8192 .. 16383 in steps of 4 | ...
 */
#include "ingest/quantile.h"

#include <assert.h>
#include <string.h>

#define HALF (QUANTILE_EXACT / 2)

static uint32_t bucket_of(uint64_t value) {
    if (value < QUANTILE_EXACT) {
        return (uint32_t)value;
    }
    unsigned shift = 64 - QUANTILE_BITS - (unsigned)__builtin_clzll(value);
    return (uint32_t)(shift * HALF + (value >> shift));
}

/* The smallest number of a bucket. */
static uint64_t value_of(uint32_t bucket) {
    if (bucket < QUANTILE_EXACT) {
        return bucket;
    }
    unsigned shift = (unsigned)(bucket / HALF) - 1;
    return (bucket - shift * HALF) << shift;
}

void quantile_reset(struct quantile *quantile) {
    memset(quantile->buckets, 0, quantile->top * sizeof *quantile->buckets);
    quantile->count = 0;
    quantile->maximum = 0;
    quantile->top = 0;
}

void quantile_add(struct quantile *quantile, uint64_t value) {
    value = value < QUANTILE_MAX ? value : QUANTILE_MAX;
    uint32_t bucket = bucket_of(value);
    quantile->buckets[bucket]++;
    quantile->count++;
    quantile->maximum = value > quantile->maximum ? value : quantile->maximum;
    quantile->top = bucket >= quantile->top ? bucket + 1 : quantile->top;
}

uint64_t quantile_get(const struct quantile *quantile, unsigned permille) {
    assert(permille >= 1 && permille <= 1000);
    if (permille == 1000 || quantile->count == 0) {
        return quantile->maximum;
    }
    /* Without overflow: count / 1000 and the rest apart. */
    uint64_t rank =
        quantile->count / 1000 * permille + (quantile->count % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < quantile->top; i++) {
        seen += quantile->buckets[i];
        if (seen >= rank) {
            return value_of(i);
        }
    }
    return quantile->maximum;
}
