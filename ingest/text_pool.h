/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_TEXT_POOL_H
#define WEIR_INGEST_TEXT_POOL_H

#include "base/arena.h"

/* Texts of which many are equal, each kept once, in an arena of the owner's: a hundred thousand
 * pods name a few thousand nodes. One thread at a time. */
struct text_pool {
    struct arena *arena;
    struct bytes *slots; /* [mask + 1], empty: free */
    uint32_t mask;
    uint32_t count;
};

/* Errors: ERROR_LIMIT. */
bool text_pool_init(struct text_pool *pool, struct arena *arena, struct error *err);
/* Accepts a zeroed one. The texts stay: they are the arena's. */
void text_pool_done(struct text_pool *pool);

/* The pool's copy of `text`, which may be empty. Errors: ERROR_LIMIT (no memory). */
bool text_pool_keep(struct text_pool *pool, struct bytes text, struct bytes *kept,
                    struct error *err);

#endif
