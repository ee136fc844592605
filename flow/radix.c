/* SPDX-License-Identifier: Apache-2.0 */
/* Counting sorts from the least significant digit up. A digit of 11 bits keeps its counters (8 KiB)
 * in the first-level cache; a pass in which all values share one digit is skipped, which is common:
 * address prefixes, small counts. */
#include "flow/radix.h"

#include <string.h>

#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)

/* Counters to first places; true when one digit holds everything. */
static int counters_to_places(uint32_t *counters, size_t digits, size_t count) {
    uint32_t place = 0;
    int is_trivial = 0;
    for (size_t d = 0; d < digits; d++) {
        uint32_t here = counters[d];
        is_trivial |= here == count;
        counters[d] = place;
        place += here;
    }
    return is_trivial;
}

void radix_sort_u64(uint64_t *values, uint64_t *scratch, size_t count, unsigned first_bit,
                    unsigned bits) {
    uint64_t *from = values;
    uint64_t *to = scratch;
    for (unsigned done = 0; done < bits; done += DIGIT_BITS) {
        unsigned width = bits - done < DIGIT_BITS ? bits - done : DIGIT_BITS;
        unsigned shift = first_bit + done;
        uint32_t mask = (1u << width) - 1;
        uint32_t counters[DIGITS] = { 0 };
        for (size_t i = 0; i < count; i++) {
            counters[(uint32_t)(from[i] >> shift) & mask]++;
        }
        if (counters_to_places(counters, (size_t)mask + 1, count)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            to[counters[(uint32_t)(from[i] >> shift) & mask]++] = from[i];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != values && count > 0) {
        memcpy(values, from, count * sizeof *values);
    }
}

void radix_order_u16(uint16_t *order, uint16_t *scratch, size_t count, const uint16_t *keys,
                     uint32_t *counters, uint32_t key_end) {
    memset(counters, 0, key_end * sizeof *counters);
    for (size_t i = 0; i < count; i++) {
        counters[keys[i]]++;
    }
    if (counters_to_places(counters, key_end, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        scratch[counters[keys[order[i]]]++] = order[i];
    }
    memcpy(order, scratch, count * sizeof *order);
}

void radix_order_u64(uint16_t *order, uint16_t *scratch, size_t count, const uint64_t *keys,
                     unsigned bits) {
    for (unsigned shift = 0; shift < bits; shift += DIGIT_BITS) {
        uint32_t counters[DIGITS] = { 0 };
        for (size_t i = 0; i < count; i++) {
            counters[keys[i] >> shift & (DIGITS - 1)]++;
        }
        if (counters_to_places(counters, DIGITS, count)) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            scratch[counters[keys[order[i]] >> shift & (DIGITS - 1)]++] = order[i];
        }
        memcpy(order, scratch, count * sizeof *order);
    }
}
