/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_WINDOW_H
#define WEIR_DETECT_WINDOW_H

#include "detect/cell.h"
#include "detect/conversation.h"

/* The open windows: those that records have touched and the watermark has not passed. Window n is
 * [n * length, (n + 1) * length). A window exists once something touched it, so a gap of years
 * costs nothing; they are found by number through a hash table, in whatever order they come. One
 * thread. */

/* A batch of a sparse log opens some 360,000: one window a record, and ten before it. */
#define WINDOWS_OPEN_MAX (1u << 20)

struct window {
    int64_t number;
    struct cell_table cells;
    struct conversation_log conversations;
};

struct window_set {
    struct window **windows; /* [count], in no order */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* index + 1 */
    uint32_t slot_bits;
    uint64_t cost_max; /* of each window's conversations */
    int64_t window_ms; /* the length of a window */
    struct strand_pool pool;
};

/* Errors: ERROR_LIMIT. */
bool window_set_init(struct window_set *set, uint64_t cost_max, int64_t window_ms,
                     struct error *err);
/* Accepts a zeroed or half built one. */
void window_set_done(struct window_set *set);

struct window *window_set_find(const struct window_set *set, int64_t number);

/* The window of a number, opened when it is not open. It stays where it is until it is removed.
 * Errors: ERROR_LIMIT at WINDOWS_OPEN_MAX or without memory. */
struct window *window_set_open(struct window_set *set, int64_t number, struct error *err);

/* Takes the windows below `end` out of the set, ascending: they are the caller's now, who gives
 * each to window_free and the array to free(). NULL and count 0 when there are none. Errors:
 * ERROR_LIMIT (nothing is taken). */
bool window_set_take(struct window_set *set, int64_t end, struct window ***out, uint32_t *count,
                     struct error *err);

void window_free(struct window *window, struct strand_pool *pool);

/* Bytes of all windows, their cells and conversations. Walks the windows. */
uint64_t window_set_measure(const struct window_set *set);

#endif
