/* SPDX-License-Identifier: Apache-2.0 */
/* A window's fold begins with its long entries, a chunk at a time: as strands they are more, so the
 * windows that get them may be the next to be folded, before the rest follows. */
#include "detect/room.h"

#include "detect/settle.h"

/* A window is folded for memory when at least this many entries came since the last time. */
#define FOLD_COUNT_MIN 1024u

static uint64_t grown(const struct window *window) {
    const struct conversation_log *log = &window->conversations;
    return conversation_log_count(log) - log->folded_count;
}

/* The window whose log has grown most since its last fold, if that is worth it. */
static struct window *most_grown(const struct window_set *set) {
    struct window *best = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct window *window = set->windows[i];
        uint64_t count = grown(window);
        bool is_better =
            count > most || (count == most && best != NULL && window->number < best->number);
        if (count >= FOLD_COUNT_MIN && is_better) {
            best = window;
            most = count;
        }
    }
    return best;
}

static struct window *largest(const struct window_set *set) {
    struct window *best = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint64_t count = conversation_log_count(&set->windows[i]->conversations);
        if (count > most ||
            (count == most && best != NULL && set->windows[i]->number < best->number)) {
            best = set->windows[i];
            most = count;
        }
    }
    return best;
}

/* One step of a fold. */
static bool fold(struct window_set *set, struct window *window, const struct point_set *points,
                 uint64_t *dropped, struct error *err) {
    struct conversation_log *log = &window->conversations;
    return log->longs.first != NULL
               ? settle_chunk(set, window, err)
               : conversation_log_compact(log, &set->pool, points, dropped, err);
}

/* A window that has grown by its bound, or NULL. */
static struct window *find_full(const struct window_set *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        if (grown(set->windows[i]) > set->windows[i]->conversations.cost_max) {
            return set->windows[i];
        }
    }
    return NULL;
}

static bool fold_full(struct window_set *set, const struct point_set *points, uint64_t *dropped,
                      struct error *err) {
    struct window *window;
    while ((window = find_full(set)) != NULL) {
        if (!fold(set, window, points, dropped, err)) {
            return false;
        }
    }
    return true;
}

/* Halves the bound of a window, and folds it by that. */
static bool halve(struct window_set *set, struct window *window, const struct point_set *points,
                  uint64_t *dropped, struct error *err) {
    struct conversation_log *log = &window->conversations;
    while (log->longs.first != NULL) {
        if (!settle_chunk(set, window, err)) {
            return false;
        }
    }
    uint64_t count = conversation_log_count(log);
    log->cost_max = (count < log->cost_max ? count : log->cost_max) / 2;
    return conversation_log_compact(log, &set->pool, points, dropped, err);
}

bool room_make(struct window_set *set, const struct point_set *points, uint64_t need,
               uint64_t memory_bytes_max, uint64_t *dropped, struct error *err) {
    if (!fold_full(set, points, dropped, err)) {
        return false;
    }
    uint64_t fixed_bytes = window_set_measure(set) - set->pool.used_bytes;
    if (fixed_bytes + set->pool.used_bytes + need <= memory_bytes_max) {
        return true;
    }
    /* An eighth is made free, so that the walk is not needed again for the next batch. */
    uint64_t goal = memory_bytes_max - memory_bytes_max / 8;
    struct window *window;
    while (fixed_bytes + set->pool.used_bytes + need > goal && (window = most_grown(set)) != NULL) {
        if (!fold(set, window, points, dropped, err)) {
            return false;
        }
    }
    while (fixed_bytes + set->pool.used_bytes + need > goal && (window = largest(set)) != NULL) {
        if (conversation_log_count(&window->conversations) <= FOLD_COUNT_MIN) {
            break; /* what is left are sums */
        }
        if (!halve(set, window, points, dropped, err)) {
            return false;
        }
    }
    return true;
}

bool room_settle(struct window_set *set, const struct point_set *points, uint64_t *dropped,
                 struct error *err) {
    for (uint32_t i = 0; i < set->count; i++) {
        while (set->windows[i]->conversations.longs.first != NULL) {
            if (!settle_chunk(set, set->windows[i], err) || !fold_full(set, points, dropped, err)) {
                return false;
            }
        }
    }
    return true;
}
