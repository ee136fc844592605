/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_GEN_COLLECTOR_H
#define WEIR_TESTS_UNIT_GEN_COLLECTOR_H

#include "tests/gen/gen_event.h"

#include <stdlib.h>

/* Keeps the conversations that a generator makes up, for tests to look at. */

#define COLLECTED_MAX 400000u

struct collector {
    struct gen_conversation *rows;
    uint32_t count;
};

static inline void collector_take(void *context, const struct gen_conversation *conversation) {
    struct collector *collector = context;
    if (collector->count < COLLECTED_MAX) {
        collector->rows[collector->count++] = *conversation;
    }
}

static inline struct gen_sink collector_sink(struct collector *collector) {
    collector->rows = calloc(COLLECTED_MAX, sizeof *collector->rows);
    collector->count = 0;
    return (struct gen_sink){ .take = collector_take, .context = collector };
}

static inline int collector_compare(const void *a, const void *b) {
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many different values there are; sorts them. */
static inline uint32_t collector_distinct(uint64_t *values, uint32_t count) {
    qsort(values, count, sizeof *values, collector_compare);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) {
        distinct += i == 0 || values[i] != values[i - 1];
    }
    return distinct;
}

#endif
