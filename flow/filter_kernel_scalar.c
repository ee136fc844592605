/* SPDX-License-Identifier: Apache-2.0 */
/* Each loop first writes 64 bytes of 0 or 1, which the compiler turns into vector code of whatever
 * width it may use, and then packs them, eight at a time, by one multiplication. */
#include "flow/filter_kernel.h"

#include "base/bytes.h"

/* Eight bytes b0..b7 of 0 or 1, read as a little-endian number: the multiplication brings b_i to
 * bit 56 + i, and no two partial products meet. */
static inline uint64_t pack(const uint8_t flags[64]) {
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t eight = get_u64(flags + (size_t)8 * i);
        word |= (eight * UINT64_C(0x0102040810204080)) >> 56 << (8 * i);
    }
    return word;
}

/* A loop over `words` words in which `condition` tells record j of the 64 at `base`. */
#define FOR_EACH_RECORD(condition)                                                                 \
    for (size_t word = 0; word < words; word++) {                                                  \
        size_t base = 64 * word;                                                                   \
        uint8_t flags[64];                                                                         \
        for (size_t j = 0; j < 64; j++) {                                                          \
            flags[j] = (condition);                                                                \
        }                                                                                          \
        bits[word] = pack(flags);                                                                  \
    }

static void range_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                     uint8_t low, uint8_t high) {
    FOR_EACH_RECORD((uint8_t)(column[base + j] - low) <= (uint8_t)(high - low))
}

static void range_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                      uint16_t low, uint16_t high) {
    FOR_EACH_RECORD((uint16_t)(column[base + j] - low) <= (uint16_t)(high - low))
}

static void range_u64(uint64_t *restrict bits, const uint64_t *restrict column, size_t words,
                      uint64_t low, uint64_t high) {
    FOR_EACH_RECORD(column[base + j] - low <= high - low)
}

static void range_difference(uint64_t *restrict bits, const int64_t *restrict end,
                             const int64_t *restrict start, size_t words, uint64_t low,
                             uint64_t high) {
    FOR_EACH_RECORD((uint64_t)end[base + j] - (uint64_t)start[base + j] - low <= high - low)
}

static void masked_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      uint8_t mask, uint8_t value) {
    FOR_EACH_RECORD((column[base + j] & mask) == value)
}

static void any_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                    uint16_t mask) {
    FOR_EACH_RECORD((column[base + j] & mask) != 0)
}

void filter_lookup_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                       const uint8_t *restrict table) {
    FOR_EACH_RECORD(table[column[base + j]])
}

void filter_lookup_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      const uint8_t *restrict table) {
    FOR_EACH_RECORD(table[column[base + j]])
}

const struct filter_kernel filter_kernel_scalar = {
    .name = "scalar",
    .range_u8 = range_u8,
    .range_u16 = range_u16,
    .range_u64 = range_u64,
    .range_difference = range_difference,
    .masked_u8 = masked_u8,
    .any_u16 = any_u16,
    .lookup_u16 = filter_lookup_u16,
    .lookup_u8 = filter_lookup_u8,
};
