/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_TEXTS_H
#define WEIR_QUERY_TEXTS_H

#include "base/arena.h"

/* Distinct texts with numbers in the order in which they came, so that rows and groups from many
 * frames can hold a name in four bytes. One thread. Bounded by the arena's maximum. */
struct texts {
    struct arena arena;
    struct bytes *values; /* [count] */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* [1 << bits]: number + 1 */
    uint32_t bits;
};

/* Errors: ERROR_LIMIT. */
bool texts_init(struct texts *texts, size_t memory_bytes_max, struct error *err);
/* Accepts a zeroed one. */
void texts_done(struct texts *texts);

/* The number of a text, added (and copied) when it is new. Errors: ERROR_LIMIT. */
bool texts_add(struct texts *texts, struct bytes text, uint32_t *number, struct error *err);

#endif
