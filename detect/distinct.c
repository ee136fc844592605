/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/distinct.h"

#include "detect/bits.h"

#include <string.h>

/* A permutation of 64-bit numbers (MurmurHash3's finaliser with the constants of variant 13 by
 * Stafford), so that no two numbers share a hash and the exact count is exact. 0 is mapped to
 * itself; it stands for a free slot, so numbers are shifted by one first. */
static uint64_t scramble(uint64_t number) {
    uint64_t x = number + 1;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void distinct_reset(struct distinct *distinct) {
    distinct->count = 0;
    distinct->is_estimate = false;
}

/* 2^-rank in units of 2^-56; an empty register is counted apart, and 2^-57 is as good as none. */
static uint64_t weight_of(uint8_t rank) {
    return rank == 0 ? 0 : UINT64_C(1) << 56 >> rank;
}

/* The highest 8 bits choose the register, which keeps the largest count of zeros, and one, in front
 * of the rest: 1 to 57. */
static void raise_register(struct distinct *distinct, uint64_t hash) {
    uint8_t *at = &distinct->registers[hash >> 56];
    uint8_t rank = (uint8_t)(__builtin_clzll(hash << 8 | 0x80) + 1);
    if (*at < rank) {
        distinct->empty_count -= *at == 0;
        distinct->sum += weight_of(rank) - weight_of(*at);
        *at = rank;
    }
}

static void begin_estimate(struct distinct *distinct) {
    uint64_t hashes[DISTINCT_SLOTS];
    memcpy(hashes, distinct->slots, sizeof hashes);
    memset(distinct->slots, 0, sizeof distinct->slots);
    distinct->empty_count = DISTINCT_REGISTERS;
    distinct->is_estimate = true;
    for (uint32_t i = 0; i < DISTINCT_SLOTS; i++) {
        if (hashes[i] != 0) {
            raise_register(distinct, hashes[i]);
        }
    }
}

void distinct_add(struct distinct *distinct, uint64_t number) {
    uint64_t hash = scramble(number);
    if (!distinct->is_estimate) {
        if (distinct->count == 0) { /* most sets of most nodes stay empty, and are never cleared */
            memset(distinct->slots, 0, sizeof distinct->slots);
        }
        uint32_t at = (uint32_t)hash % DISTINCT_SLOTS;
        while (distinct->slots[at] != 0 && distinct->slots[at] != hash) {
            at = (at + 1) % DISTINCT_SLOTS;
        }
        if (hash == 0 || distinct->slots[at] == hash) {
            /* The one number whose hash is 0, UINT64_MAX, is not told from a free slot. */
            return;
        }
        if (distinct->count < DISTINCT_EXACT_MAX) {
            distinct->slots[at] = hash;
            distinct->count++;
            return;
        }
        begin_estimate(distinct);
    }
    raise_register(distinct, hash);
}

#define M ((double)DISTINCT_REGISTERS)
#define LN_2 0.6931471805599453

uint32_t distinct_count(const struct distinct *distinct) {
    if (!distinct->is_estimate) {
        return distinct->count;
    }
    uint32_t empty_count = distinct->empty_count;
    double sum = (double)distinct->sum * 0x1p-56 + (double)empty_count;
    double estimate = 0.7213 / (1 + 1.079 / M) * M * M / sum;
    if (estimate <= 2.5 * M && empty_count > 0) {
        float over = (float)(DISTINCT_REGISTERS - empty_count) / (float)empty_count;
        estimate = M * LN_2 * (double)bits_of_value(over, 1.0f); /* m ln(m / empty) */
    }
    double least = DISTINCT_EXACT_MAX + 1;
    double most = UINT32_MAX;
    return (uint32_t)(estimate < least ? least : estimate > most ? most : estimate + 0.5);
}
