/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/exchange_parts.h"

#include <stdlib.h>

/* Idle time in seconds; an open conversation is idle for less than the silence. */
#define IDLE_END (EXCHANGE_SILENCE_MS / 1000 + 2)

static uint32_t idle_of(const struct exchange *exchange, const struct exchange_entry *entry) {
    int64_t idle_s = (exchange->window.end_ms - entry->last_ms) / 1000;
    return (uint32_t)(idle_s < 0 ? 0 : idle_s >= IDLE_END ? IDLE_END - 1 : idle_s);
}

struct eviction {
    const struct exchange *exchange;
    const struct roster *roster;
};

static int compare_idle(const void *a, const void *b, void *context) {
    const struct eviction *eviction = context;
    const struct exchange_entry *one = exchange_entry_at(eviction->exchange, *(const uint32_t *)a);
    const struct exchange_entry *other =
        exchange_entry_at(eviction->exchange, *(const uint32_t *)b);
    if (one->last_ms != other->last_ms) {
        return one->last_ms < other->last_ms ? -1 : 1;
    }
    struct exchange_key left = one->key;
    struct exchange_key right = other->key;
    left.node_protocol &= 0xff;
    right.node_protocol &= 0xff;
    int order = exchange_compare_keys(&left, &right);
    const struct roster_node *nodes = eviction->roster->nodes;
    const struct roster_node *left_node = &nodes[exchange_node_of(&one->key)];
    const struct roster_node *right_node = &nodes[exchange_node_of(&other->key)];
    order = order != 0 ? order : bytes_compare(left_node->name, right_node->name);
    return order != 0 ? order : bytes_compare(left_node->identity, right_node->identity);
}

/* References to those that live and are not closed; the closed ones are dropped. */
static uint32_t list_open(struct exchange *exchange, uint32_t *open) {
    uint32_t count = 0;
    for (uint32_t g = 0; g < exchange->generation_count; g++) {
        const struct exchange_generation *generation = &exchange->generations[g];
        for (uint32_t i = 0; i < generation->count; i++) {
            const struct exchange_entry *entry = &generation->entries[i];
            if (exchange_is_gone(entry)) {
                continue;
            }
            if (exchange_is_closed(entry, exchange->window.end_ms)) {
                exchange_drop(exchange, g, i);
            } else {
                open[count++] = exchange_reference(g, i);
            }
        }
    }
    return count;
}

static void drop(struct exchange *exchange, uint32_t reference) {
    exchange_drop(exchange, reference >> EXCHANGE_ENTRIES_BITS,
                  reference & (EXCHANGE_ENTRIES_MAX - 1));
}

/* Only the second in which the last one to go lies is sorted. */
static void evict(struct exchange *exchange, const struct roster *roster, uint32_t *open,
                  uint32_t count) {
    uint32_t counts[IDLE_END] = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        counts[idle_of(exchange, exchange_entry_at(exchange, open[i]))]++;
    }
    uint32_t left = count - exchange->settings.entries_max;
    exchange->evicted += left;
    uint32_t idle = IDLE_END - 1;
    for (; counts[idle] < left; idle--) {
        left -= counts[idle];
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t here = idle_of(exchange, exchange_entry_at(exchange, open[i]));
        if (here == idle) {
            open[found++] = open[i];
        } else if (here > idle) {
            drop(exchange, open[i]);
        }
    }
    struct eviction eviction = { exchange, roster };
    qsort_r(open, found, sizeof *open, compare_idle, &eviction);
    for (uint32_t i = 0; i < left; i++) {
        drop(exchange, open[i]);
    }
}

bool exchange_keep_bound(struct exchange *exchange, const struct roster *roster,
                         struct error *err) {
    if (exchange->entry_count <= exchange->settings.entries_max) {
        return true;
    }
    uint32_t *open = malloc((size_t)exchange->entry_count * sizeof *open);
    if (open == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to drop conversations");
    }
    uint32_t count = list_open(exchange, open);
    if (count > exchange->settings.entries_max) {
        evict(exchange, roster, open, count);
    }
    free(open);
    return true;
}
