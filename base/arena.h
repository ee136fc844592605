/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include "base/bytes.h"

/* Memory that is given out piece by piece and taken back all at once. Blocks double from 4 KiB up
 * to 1 MiB; a larger piece gets a block of its own. Pointers stay valid until reset, rewind or
 * done. Under AddressSanitizer, memory that was taken back is poisoned, so a stale read fails.
 * One thread at a time. At `maximum` bytes (or without memory) arena_take returns NULL. */

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* in the newest block */
    size_t total;               /* bytes of all blocks */
    size_t maximum;
};

struct arena_mark {
    struct arena_block *block;
    size_t used;
};

void arena_init(struct arena *arena, size_t maximum);
/* Accepts a zeroed arena. */
void arena_done(struct arena *arena);
/* Takes everything back; keeps the newest block. */
void arena_reset(struct arena *arena);

/* `size` bytes aligned to 16, contents unspecified, or NULL. */
void *arena_take(struct arena *arena, size_t size);
/* The same, zeroed; `count * size` is checked for overflow. */
void *arena_take_zeroed(struct arena *arena, size_t count, size_t size);
/* A copy of `bytes`; an empty view for empty bytes, and for no memory (`failed` set then). */
struct bytes arena_copy(struct arena *arena, struct bytes bytes, bool *failed);

struct arena_mark arena_mark(const struct arena *arena);
/* Takes back all that was taken since `mark`. */
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
