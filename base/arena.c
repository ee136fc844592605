/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks, newest first; only the newest gives out memory. */
#include "base/arena.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define POISON(at, size) ((void)(at), (void)(size))
#define UNPOISON(at, size) ((void)(at), (void)(size))
#endif

#define BLOCK_SIZE_MIN ((size_t)4096)
#define BLOCK_SIZE_MAX ((size_t)1 << 20)
#define ALIGNMENT ((size_t)16)

struct arena_block {
    struct arena_block *older;
    size_t size; /* of `data` */
    _Alignas(16) uint8_t data[];
};

void arena_init(struct arena *arena, size_t maximum) {
    *arena = (struct arena){ .maximum = maximum };
}

static void drop_newest(struct arena *arena) {
    struct arena_block *block = arena->blocks;
    arena->blocks = block->older;
    arena->total -= block->size;
    UNPOISON(block->data, block->size);
    free(block);
}

void arena_done(struct arena *arena) {
    while (arena->blocks != NULL) {
        drop_newest(arena);
    }
    arena->used = 0;
}

void arena_reset(struct arena *arena) {
    while (arena->blocks != NULL && arena->blocks->older != NULL) {
        struct arena_block *newest = arena->blocks;
        arena->blocks = newest->older;
        newest->older = arena->blocks->older;
        /* `newest` stays as the only one that is kept: swap it behind and drop the other. */
        struct arena_block *other = arena->blocks;
        arena->blocks = newest;
        arena->total -= other->size;
        UNPOISON(other->data, other->size);
        free(other);
    }
    arena->used = 0;
    if (arena->blocks != NULL) {
        POISON(arena->blocks->data, arena->blocks->size);
    }
}

static bool add_block(struct arena *arena, size_t size) {
    size_t want = arena->blocks == NULL ? BLOCK_SIZE_MIN : 2 * arena->blocks->size;
    want = want > BLOCK_SIZE_MAX ? BLOCK_SIZE_MAX : want;
    want = want < size ? size : want;
    if (want > arena->maximum - arena->total) {
        want = size;
    }
    if (want > arena->maximum - arena->total || want > SIZE_MAX - sizeof(struct arena_block)) {
        return false;
    }
    struct arena_block *block = malloc(sizeof *block + want);
    if (block == NULL) {
        return false;
    }
    block->older = arena->blocks;
    block->size = want;
    POISON(block->data, block->size);
    arena->blocks = block;
    arena->total += want;
    arena->used = 0;
    return true;
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (arena->blocks == NULL || rounded > arena->blocks->size - arena->used) {
        if (!add_block(arena, rounded)) {
            return NULL;
        }
    }
    uint8_t *at = arena->blocks->data + arena->used;
    UNPOISON(at, size);
    arena->used += rounded;
    return at;
}

void *arena_take_zeroed(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    void *at = arena_take(arena, total);
    if (at != NULL) {
        memset(at, 0, total);
    }
    return at;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes, bool *failed) {
    if (bytes.size == 0) {
        return (struct bytes){ 0 };
    }
    uint8_t *at = arena_take(arena, bytes.size);
    if (at == NULL) {
        *failed = true;
        return (struct bytes){ 0 };
    }
    memcpy(at, bytes.data, bytes.size);
    return bytes_of(at, bytes.size);
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){ .block = arena->blocks, .used = arena->used };
}

void arena_rewind(struct arena *arena, struct arena_mark mark) {
    while (arena->blocks != mark.block) {
        drop_newest(arena);
    }
    arena->used = mark.used;
    if (arena->blocks != NULL) {
        POISON(arena->blocks->data + mark.used, arena->blocks->size - mark.used);
    }
}
