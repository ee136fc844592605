/* SPDX-License-Identifier: Apache-2.0 */
/* Open conversations as bytes: the end of the last window, then by node, in the roster's order, the
 * use of its ports and its conversations by key. Closed ones are left out, so that sweeps do not
 * show; sums of what has been judged are left out, too: nothing reads them again.
 *
 *   window end      varint, ms
 *   per node        use of ports (port_use.c), varint count, then as often:
 *     key           peer 2 x u64 (high, low), local u64, ports 2 x u16 (local, peer), protocol u8
 *     last          varint, ms before the end of the window
 *     age           varint, ms
 *     bits          u16, flags 2 x u8
 *     if pending    varints: bytes in, packets out, packets in, windows out */
#include "detect/exchange_parts.h"

#include "flow/radix.h"

#include <stdlib.h>

struct listed {
    uint32_t rank; /* of the node in the roster's order */
    uint32_t reference;
};

static int compare_listed(const void *a, const void *b, void *context) {
    const struct listed *one = a;
    const struct listed *other = b;
    const struct exchange *exchange = context;
    if (one->rank != other->rank) {
        return one->rank < other->rank ? -1 : 1;
    }
    return exchange_compare_keys(&exchange_entry_at(exchange, one->reference)->key,
                                 &exchange_entry_at(exchange, other->reference)->key);
}

static void save_entry(const struct exchange *exchange, const struct exchange_entry *from,
                       struct buffer *out) {
    struct exchange_entry passed = *from;
    (void)exchange_pass(exchange, &passed, exchange->window.end_ms);
    const struct exchange_entry *entry = &passed;
    const struct exchange_key *key = &entry->key;
    buffer_u64(out, key->peer.high);
    buffer_u64(out, key->peer.low);
    buffer_u64(out, key->local);
    buffer_u16(out, key->local_port);
    buffer_u16(out, key->peer_port);
    buffer_u8(out, (uint8_t)(key->node_protocol & 0xff));
    buffer_varint(out, (uint64_t)(exchange->window.end_ms - entry->last_ms));
    buffer_varint(out, entry->age_ms);
    buffer_u16(out, entry->bits);
    buffer_u8(out, entry->flags[0]);
    buffer_u8(out, entry->flags[1]);
    if ((entry->bits & EXCHANGE_PENDING) != 0) {
        buffer_varint(out, entry->bytes_in);
        buffer_varint(out, entry->packets_out);
        buffer_varint(out, entry->packets_in);
        buffer_varint(out, entry->windows_out);
    }
}

static void list_generation(const struct exchange *exchange, uint32_t g, const uint32_t *ranks,
                            uint32_t node_count, struct listed *listed, uint32_t *count) {
    const struct exchange_generation *generation = &exchange->generations[g];
    for (uint32_t i = 0; i < generation->count; i++) {
        const struct exchange_entry *entry = &generation->entries[i];
        uint32_t node = exchange_node_of(&entry->key);
        if (!exchange_is_closed(entry, exchange->window.end_ms) && node < node_count &&
            ranks[node] != UINT32_MAX) {
            listed[(*count)++] = (struct listed){ ranks[node], exchange_reference(g, i) };
        }
    }
}

/* The open entries of nodes that the roster names, by (rank, key). */
static struct listed *list_entries(const struct exchange *exchange, const struct roster *roster,
                                   uint32_t *count) {
    struct listed *listed = malloc(((size_t)exchange->entry_count + 1) * sizeof *listed);
    uint32_t *ranks = malloc(((size_t)roster->count + 1) * sizeof *ranks);
    *count = 0;
    if (listed != NULL && ranks != NULL) {
        memset(ranks, 0xff, roster->count * sizeof *ranks);
        for (uint32_t i = 0; i < roster->order_count; i++) {
            ranks[roster->order[i]] = i;
        }
        for (uint32_t g = 0; g < exchange->generation_count; g++) {
            list_generation(exchange, g, ranks, roster->count, listed, count);
        }
        void *context = (void *)(uintptr_t)exchange;
        qsort_r(listed, *count, sizeof *listed, compare_listed, context);
    }
    bool ok = listed != NULL && ranks != NULL;
    free(ranks);
    if (!ok) {
        free(listed);
        return NULL;
    }
    return listed;
}

bool exchange_save(const struct exchange *exchange, const struct roster *roster, struct buffer *out,
                   struct error *err) {
    uint32_t count;
    struct listed *listed = list_entries(exchange, roster, &count);
    if (listed == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to save open conversations");
    }
    buffer_varint(out, (uint64_t)exchange->window.end_ms);
    uint32_t at = 0;
    for (uint32_t i = 0; i < roster->order_count; i++) {
        static const struct port_use none;
        uint32_t node = roster->order[i];
        port_use_save(node < exchange->node_capacity ? &exchange->uses[node] : &none, out);
        uint32_t end = at;
        while (end < count && listed[end].rank == i) {
            end++;
        }
        buffer_varint(out, end - at);
        for (; at < end; at++) {
            save_entry(exchange, exchange_entry_at(exchange, listed[at].reference), out);
        }
    }
    free(listed);
    return buffer_check(out, "open conversations", err);
}

static uint64_t bounded(struct cursor *cursor, uint64_t most) {
    uint64_t value = cursor_varint(cursor);
    cursor->failed |= value > most;
    return cursor->failed ? 0 : value;
}

/* What no sequence of windows gives. */
static bool is_sound(const struct exchange *exchange, const struct exchange_entry *entry) {
    uint32_t bits = entry->bits;
    uint32_t sent = bits / EXCHANGE_SENT & 3;
    uint32_t delivered = bits / EXCHANGE_DELIVERED & 3;
    bool is_pending = (bits & EXCHANGE_PENDING) != 0;
    int64_t due_ms = exchange_due_ms(exchange, entry);
    return (bits & ~EXCHANGE_BITS_ALL) == 0 && sent != 0 && (delivered & ~sent) == 0 &&
           (bits / EXCHANGE_FIRST & 3) != 3 && (is_pending || (bits & EXCHANGE_SAID) != 0) &&
           (!is_pending || due_ms >= exchange->window.end_ms);
}

static void load_entry(const struct exchange *exchange, uint32_t node, struct cursor *cursor,
                       struct exchange_entry *entry) {
    struct exchange_key *key = &entry->key;
    key->peer.high = cursor_u64(cursor);
    key->peer.low = cursor_u64(cursor);
    key->local = cursor_u64(cursor);
    key->local_port = cursor_u16(cursor);
    key->peer_port = cursor_u16(cursor);
    key->node_protocol = node << 8 | cursor_u8(cursor);
    entry->last_ms = exchange->window.end_ms - (int64_t)bounded(cursor, EXCHANGE_SILENCE_MS);
    entry->age_ms = (uint32_t)bounded(cursor, UINT32_MAX);
    entry->bits = cursor_u16(cursor);
    entry->flags[0] = cursor_u8(cursor);
    entry->flags[1] = cursor_u8(cursor);
    if ((entry->bits & EXCHANGE_PENDING) != 0) {
        entry->bytes_in = cursor_varint(cursor);
        entry->packets_out = (uint32_t)bounded(cursor, UINT32_MAX);
        entry->packets_in = (uint16_t)bounded(cursor, UINT16_MAX);
        entry->windows_out = (uint8_t)bounded(cursor, UINT8_MAX);
    }
    cursor->failed |= !is_sound(exchange, entry);
}

/* The least that an entry takes: what bounds memory by the size of the input. */
#define ENTRY_SIZE_MIN (3 * 8 + 2 * 2 + 1 + 1 + 1 + 2 + 2)

/* Brings the entries from `first` on, which came by key, into the order of hashes. */
static bool order_entries(struct exchange_generation *into, uint32_t first, struct error *err) {
    uint32_t count = into->count - first;
    struct exchange_entry *entries = malloc(((size_t)count + 1) * sizeof *entries);
    uint64_t *order = malloc(2 * ((size_t)count + 1) * sizeof *order);
    bool ok = entries != NULL && order != NULL;
    if (ok) {
        memcpy(entries, into->entries + first, count * sizeof *entries);
        for (uint32_t i = 0; i < count; i++) {
            order[i] = (uint64_t)exchange_hash(&entries[i].key) << 32 | i;
        }
        radix_sort_u64(order, order + count, count, 32, 32);
        for (uint32_t i = 0; i < count; i++) {
            const struct exchange_entry *entry = &entries[(uint32_t)order[i]];
            into->entries[first + i] = *entry;
            into->hashes[first + i] = (uint32_t)(order[i] >> 32);
            generation_set_pending(into, first + i, (entry->bits & EXCHANGE_PENDING) != 0);
            into->last_ms = entry->last_ms > into->last_ms ? entry->last_ms : into->last_ms;
        }
    }
    free(entries);
    free(order);
    return ok || error_set(err, ERROR_LIMIT, "no memory for %u open conversations", count);
}

static bool load_node(struct exchange *exchange, struct exchange_generation *into, uint32_t node,
                      struct cursor *cursor, struct error *err) {
    port_use_load(&exchange->uses[node], cursor);
    uint64_t count = cursor_varint(cursor);
    uint64_t most = exchange->settings.entries_max - into->count;
    if (cursor->failed || count > most || count > cursor_left(cursor) / ENTRY_SIZE_MIN) {
        cursor->failed = true;
        return true;
    }
    uint32_t first = into->count;
    if (count == 0) {
        return true;
    }
    if (!generation_reserve(into, node, (uint32_t)count, err)) {
        return false;
    }
    struct exchange_key before = { 0 };
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct exchange_entry *entry = &into->entries[into->count++];
        *entry = (struct exchange_entry){ 0 };
        load_entry(exchange, node, cursor, entry);
        cursor->failed |= i > 0 && exchange_compare_keys(&before, &entry->key) >= 0;
        before = entry->key;
    }
    if (cursor->failed) {
        return true;
    }
    bool ok = order_entries(into, first, err);
    if (ok) {
        generation_add_span(into, node, first);
    }
    return ok;
}

static bool reserve_load(struct exchange *exchange, uint32_t node_count, struct error *err) {
    exchange->uses = calloc((size_t)node_count + 1, sizeof *exchange->uses);
    exchange->node_capacity = exchange->uses == NULL ? 0 : node_count;
    return exchange->uses != NULL ||
           error_set(err, ERROR_LIMIT, "no memory for the ports of %u nodes", node_count);
}

bool exchange_load(struct exchange *exchange, const struct roster *roster, struct cursor *cursor,
                   struct error *err) {
    free(exchange->uses);
    exchange->uses = NULL;
    struct exchange_generation *into = &exchange->generations[0];
    if (!reserve_load(exchange, roster->count, err) ||
        !generation_reset(into, roster->count, err)) {
        return false;
    }
    exchange->window.end_ms = (int64_t)bounded(cursor, (uint64_t)BATCH_TIME_MAX_MS * 2);
    for (uint32_t i = 0; i < roster->order_count && !cursor->failed; i++) {
        if (!load_node(exchange, into, roster->order[i], cursor, err)) {
            return false;
        }
    }
    if (cursor->failed) {
        memset(exchange->uses, 0, exchange->node_capacity * sizeof *exchange->uses);
        return generation_reset(into, roster->count, err);
    }
    into->live_count = exchange->entry_count = into->count;
    exchange->generation_count = 1;
    return true;
}
