/* SPDX-License-Identifier: Apache-2.0 */
/* A vector of windows and a hash table of their numbers. Closing sorts what is due: the order in
 * which windows were opened is the order of arrival, which must not show. */
#include "detect/window.h"

#include <stdlib.h>

#define CAPACITY_FIRST 64u
#define SLOT_BITS_FIRST 8u

bool window_set_init(struct window_set *set, uint64_t cost_max, int64_t window_ms,
                     struct error *err) {
    *set = (struct window_set){ .cost_max = cost_max,
                                .window_ms = window_ms,
                                .slot_bits = SLOT_BITS_FIRST };
    set->slots = calloc((size_t)1 << set->slot_bits, sizeof *set->slots);
    set->windows = malloc(CAPACITY_FIRST * sizeof(struct window *));
    set->capacity = CAPACITY_FIRST;
    if (set->slots == NULL || set->windows == NULL) {
        window_set_done(set);
        return error_set(err, ERROR_LIMIT, "no memory for windows");
    }
    return true;
}

void window_free(struct window *window, struct strand_pool *pool) {
    cell_table_done(&window->cells);
    conversation_log_done(&window->conversations, pool);
    free(window);
}

void window_set_done(struct window_set *set) {
    for (uint32_t i = 0; i < set->count; i++) {
        // NOLINTNEXTLINE(clang-analyzer-core.*): `count` is 0 where window_set_init found no memory
        window_free(set->windows[i], &set->pool);
    }
    strand_pool_done(&set->pool);
    free(set->windows);
    free(set->slots);
    *set = (struct window_set){ 0 };
}

static uint32_t slot_of(const struct window_set *set, int64_t number) {
    return (uint32_t)((uint64_t)number * UINT64_C(0x9E3779B97F4A7C15) >> (64 - set->slot_bits));
}

static void insert_slot(struct window_set *set, uint32_t index) {
    uint32_t mask = (1u << set->slot_bits) - 1;
    uint32_t at = slot_of(set, set->windows[index]->number);
    while (set->slots[at] != 0) {
        at = (at + 1) & mask;
    }
    set->slots[at] = index + 1;
}

static void fill_slots(struct window_set *set) {
    memset(set->slots, 0, sizeof *set->slots << set->slot_bits);
    for (uint32_t i = 0; i < set->count; i++) {
        insert_slot(set, i);
    }
}

struct window *window_set_find(const struct window_set *set, int64_t number) {
    uint32_t mask = (1u << set->slot_bits) - 1;
    for (uint32_t at = slot_of(set, number); set->slots[at] != 0; at = (at + 1) & mask) {
        struct window *window = set->windows[set->slots[at] - 1];
        if (window->number == number) {
            return window;
        }
    }
    return NULL;
}

static bool grow(struct window_set *set) {
    if (set->count == set->capacity) {
        struct window **windows =
            realloc(set->windows, 2 * set->capacity * sizeof(struct window *));
        if (windows == NULL) {
            return false;
        }
        set->windows = windows;
        set->capacity *= 2;
    }
    if (set->count >= (1u << set->slot_bits) / 2) {
        uint32_t *slots = calloc((size_t)2 << set->slot_bits, sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        free(set->slots);
        set->slots = slots;
        set->slot_bits++;
        fill_slots(set);
    }
    return true;
}

struct window *window_set_open(struct window_set *set, int64_t number, struct error *err) {
    struct window *window = window_set_find(set, number);
    if (window != NULL) {
        return window;
    }
    if (set->count >= WINDOWS_OPEN_MAX) {
        error_set(err, ERROR_LIMIT, "%u windows are open, the most that may be", set->count);
        return NULL;
    }
    window = calloc(1, sizeof *window);
    if (window == NULL || !grow(set)) {
        free(window);
        error_set(err, ERROR_LIMIT, "no memory for a window");
        return NULL;
    }
    if (!cell_table_init(&window->cells, err)) {
        free(window);
        return NULL;
    }
    window->number = number;
    conversation_log_init(&window->conversations, set->cost_max);
    set->windows[set->count++] = window;
    insert_slot(set, set->count - 1);
    return window;
}

static int compare_windows(const void *a, const void *b) {
    const struct window *one = *(struct window *const *)a;
    const struct window *other = *(struct window *const *)b;
    return (one->number > other->number) - (one->number < other->number);
}

bool window_set_take(struct window_set *set, int64_t end, struct window ***out, uint32_t *count,
                     struct error *err) {
    *out = NULL;
    *count = 0;
    uint32_t due = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        due += set->windows[i]->number < end;
    }
    if (due == 0) {
        return true;
    }
    struct window **taken = malloc(due * sizeof(struct window *));
    if (taken == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to close %u windows", due);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->windows[i]->number < end) {
            taken[(*count)++] = set->windows[i];
        } else {
            set->windows[kept++] = set->windows[i];
        }
    }
    set->count = kept;
    fill_slots(set);
    qsort(taken, due, sizeof(struct window *), compare_windows);
    *out = taken;
    return true;
}

uint64_t window_set_measure(const struct window_set *set) {
    uint64_t size =
        set->capacity * sizeof(struct window *) + (sizeof *set->slots << set->slot_bits);
    for (uint32_t i = 0; i < set->count; i++) {
        size += sizeof(struct window) + cell_table_size(&set->windows[i]->cells);
    }
    return size + set->pool.used_bytes;
}
