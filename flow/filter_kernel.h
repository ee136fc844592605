/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_KERNEL_H
#define WEIR_FLOW_FILTER_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* The column loops of a filter: each asks one thing of a column and writes a bit a record.
 *
 * A loop does `words` whole words of 64 records, so columns may be read up to 63 records past the
 * last one (BATCH_PADDING); the bits there are unspecified. Ranges hold both ends; `low <= high`.
 * The scalar functions are the definition; a wider family gives the same bits. */
struct filter_kernel {
    const char *name;
    /* low <= column[i] <= high */
    void (*range_u8)(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                     uint8_t low, uint8_t high);
    void (*range_u16)(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                      uint16_t low, uint16_t high);
    void (*range_u64)(uint64_t *restrict bits, const uint64_t *restrict column, size_t words,
                      uint64_t low, uint64_t high);
    /* low <= end[i] - start[i] <= high, as unsigned numbers */
    void (*range_difference)(uint64_t *restrict bits, const int64_t *restrict end,
                             const int64_t *restrict start, size_t words, uint64_t low,
                             uint64_t high);
    /* (column[i] & mask) == value */
    void (*masked_u8)(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      uint8_t mask, uint8_t value);
    /* (column[i] & mask) != 0 */
    void (*any_u16)(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                    uint16_t mask);
    /* table[column[i]], which is 0 or 1; the table has 65,536 (256) entries */
    void (*lookup_u16)(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                       const uint8_t *restrict table);
    void (*lookup_u8)(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      const uint8_t *restrict table);
};

extern const struct filter_kernel filter_kernel_scalar;
/* The lookups of both are the scalar ones: a gather of eight is no faster than eight loads, and
 * NEON has none. */
#if defined(__x86_64__)
extern const struct filter_kernel filter_kernel_avx2;
#elif defined(__aarch64__)
extern const struct filter_kernel filter_kernel_neon;
#endif

/* The widest that this machine runs and WEIR_SIMD allows (base/cpu.h). */
const struct filter_kernel *filter_kernel_best(void);

void filter_lookup_u16(uint64_t *restrict bits, const uint16_t *restrict column, size_t words,
                       const uint8_t *restrict table);
void filter_lookup_u8(uint64_t *restrict bits, const uint8_t *restrict column, size_t words,
                      const uint8_t *restrict table);

#endif
