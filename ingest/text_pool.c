/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing, at most half full. */
#include "ingest/text_pool.h"

#include <stdlib.h>
#include <xxhash.h>

#define CAPACITY_FIRST 1024u

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for texts");
}

bool text_pool_init(struct text_pool *pool, struct arena *arena, struct error *err) {
    *pool = (struct text_pool){ .arena = arena, .mask = CAPACITY_FIRST - 1 };
    pool->slots = calloc(CAPACITY_FIRST, sizeof *pool->slots);
    return pool->slots != NULL || no_memory(err);
}

void text_pool_done(struct text_pool *pool) {
    free(pool->slots);
    *pool = (struct text_pool){ 0 };
}

static struct bytes *find(struct bytes *slots, uint32_t mask, struct bytes text) {
    uint32_t at = (uint32_t)XXH3_64bits(text.data, text.size) & mask;
    while (slots[at].size > 0 && !bytes_equal(slots[at], text)) {
        at = (at + 1) & mask;
    }
    return &slots[at];
}

static bool grow(struct text_pool *pool) {
    uint32_t mask = 2 * pool->mask + 1;
    struct bytes *slots = calloc((size_t)mask + 1, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i <= pool->mask; i++) {
        if (pool->slots[i].size > 0) {
            *find(slots, mask, pool->slots[i]) = pool->slots[i];
        }
    }
    free(pool->slots);
    pool->slots = slots;
    pool->mask = mask;
    return true;
}

bool text_pool_keep(struct text_pool *pool, struct bytes text, struct bytes *kept,
                    struct error *err) {
    *kept = (struct bytes){ 0 };
    if (text.size == 0) {
        return true;
    }
    struct bytes *slot = find(pool->slots, pool->mask, text);
    if (slot->size == 0) {
        bool failed = false;
        struct bytes copy = arena_copy(pool->arena, text, &failed);
        if (failed || (2 * pool->count >= pool->mask && !grow(pool))) {
            return no_memory(err);
        }
        *find(pool->slots, pool->mask, text) = *kept = copy;
        pool->count++;
        return true;
    }
    *kept = *slot;
    return true;
}
