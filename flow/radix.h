/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_RADIX_H
#define WEIR_FLOW_RADIX_H

#include <stddef.h>
#include <stdint.h>

/* Sorts `values` ascending by their bits [first_bit, first_bit + bits), stable, by counting 11 bits
 * a pass, so in time linear in `count` whatever the input. `scratch` has the same length. */
void radix_sort_u64(uint64_t *values, uint64_t *scratch, size_t count, unsigned first_bit,
                    unsigned bits);

/* Reorders `order` (indices of rows) so that keys[order[i]] ascends, stable: one counting pass.
 * Every key is below `key_end`; `counters` has that length; `scratch` has that of `order`. */
void radix_order_u16(uint16_t *order, uint16_t *scratch, size_t count, const uint16_t *keys,
                     uint32_t *counters, uint32_t key_end);

/* The same for 64-bit keys of which only the lowest `bits` differ from 0, by 11 bits a pass. */
void radix_order_u64(uint16_t *order, uint16_t *scratch, size_t count, const uint64_t *keys,
                     unsigned bits);

#endif
