/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_DISTINCT_H
#define WEIR_DETECT_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

/* How many different numbers were added: exact up to DISTINCT_EXACT_MAX, an estimate beyond it by
 * HyperLogLog with 256 registers (Flajolet and others, 2007; standard deviation 6.5 %), with linear
 * counting where registers are left empty. A function of the set of numbers: neither their order
 * nor repetitions show, in the estimate either, since what it is made of are whole numbers, and the
 * logarithm that of detect/bits.h. 1 KB. One thread. */

#define DISTINCT_EXACT_MAX 64u
#define DISTINCT_SLOTS 128u
#define DISTINCT_REGISTERS 256u

struct distinct {
    uint32_t count; /* while exact */
    bool is_estimate;
    union {
        uint64_t slots[DISTINCT_SLOTS]; /* hash; 0: free */
        struct {
            uint64_t sum; /* of 2^(56 - rank) over the registers that are not empty */
            uint32_t empty_count;
            uint8_t registers[DISTINCT_REGISTERS];
        };
    };
};

/* Empty; to be called before anything else, unless it is zeroed. */
void distinct_reset(struct distinct *distinct);

void distinct_add(struct distinct *distinct, uint64_t number);

/* An estimate is never below DISTINCT_EXACT_MAX + 1, which it is known to be. */
uint32_t distinct_count(const struct distinct *distinct);

#endif
