/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_SCAN_H
#define WEIR_QUERY_SCAN_H

#include "query/query.h"

/* Walks a store's frames in the order of segment names and shows the records that a question asks
 * for: those in the range that match its filter. */

struct scan_sink {
    void *context;
    /* `bits` has one bit a record (as filter_match), `count` of them are 1, at least one. */
    bool (*batch)(void *context, const struct batch *batch, const uint64_t *bits, uint32_t count,
                  struct error *err);
};

/* Adds to a sum that stops at UINT64_MAX: hostile counts must not wrap to something small. */
static inline void sum_add(uint64_t *sum, uint64_t amount) {
    *sum = amount > UINT64_MAX - *sum ? UINT64_MAX : *sum + amount;
}

/* `columns` (bits 1 << FRAME_...) are decoded beside those that range and filter need. Errors: as
 * query_run. */
bool scan_run(const char *directory, const struct query *query, uint32_t columns,
              const struct scan_sink *sink, struct query_stats *stats, struct error *err);

#endif
