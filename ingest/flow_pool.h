/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FLOW_POOL_H
#define WEIR_INGEST_FLOW_POOL_H

#include "ingest/flow_entry.h"
#include "ingest/flow_key.h"
#include "ingest/flow_slots.h"

/* The open flows of a table: entries in one array, in a list in the order in which they were made,
 * and found by their keys.
 *
 *   slots [hash] -> index;  entries [index]: one cache line;  wide [...]: the addresses of IPv6
 *
 * Entries lie in reserved address space, so they grow without moving, on huge pages behind the
 * first megabyte. Indices of closed ones are used again; once nothing is open all of it is as new.
 * One thread at a time. */

#define FLOW_NONE ((1u << FLOW_ENTRY_NEXT_BITS) - 1)

/* Addresses of an entry that are not IPv4; of a free one, `a.low` is the next free one. */
struct flow_wide {
    struct address a;
    struct address b;
};

struct flow_pool {
    struct flow_slots slots;
    struct flow_entry *entries; /* [used] of [flows_max] */
    uint32_t flows_max;
    uint32_t used;
    uint32_t free; /* list of those in [0, used) that are not open */
    uint32_t open_count;
    uint32_t head; /* list of open ones, oldest first; FLOW_NONE ends it */
    uint32_t tail;
    struct flow_wide *wide; /* [wide_used] of [wide_capacity] */
    uint32_t wide_capacity;
    uint32_t wide_used;
    uint32_t wide_free;
    uint64_t secrets[FLOW_SECRETS];
};

/* `flows_max` is below FLOWTABLE_FLOWS_MAX. Errors: ERROR_LIMIT. */
bool flow_pool_init(struct flow_pool *pool, uint32_t flows_max, struct error *err);
/* Accepts a zeroed or half built one. */
void flow_pool_done(struct flow_pool *pool);

/* A new entry, without packets, at the end of the list: fewer than `flows_max` are open, and none
 * by this key. Errors: ERROR_LIMIT; nothing has changed then. */
bool flow_pool_open(struct flow_pool *pool, const struct flow_key *key,
                    const struct flow_packet *from, uint32_t *index, struct error *err);

/* Takes an entry out; `before` is the one in front of it, or FLOW_NONE. */
void flow_pool_close(struct flow_pool *pool, uint32_t index, uint32_t before);

/* Before all entries are closed by flow_pool_close_cleared, front first: empties the slots at once,
 * which is cheaper when many are full. */
void flow_pool_clear_slots(struct flow_pool *pool);
void flow_pool_close_cleared(struct flow_pool *pool, uint32_t index);

/* The flow that an entry holds. */
void flow_pool_give(const struct flow_pool *pool, uint32_t index, struct flow *out);

/* The entry of a key, without a guess. */
uint32_t flow_pool_search(const struct flow_pool *pool, const struct flow_key *key,
                          const struct flow_packet *from);

static inline bool flow_pool_is_of(const struct flow_pool *pool, const struct flow_entry *entry,
                                   const struct flow_key *key, const struct flow_packet *from) {
    if (entry->ports != key->ports || entry->protocol != from->packet.protocol ||
        entry->log != from->log || entry->is_wide != key->is_wide) {
        return false;
    }
    if (!key->is_wide) {
        return entry->addresses == key->addresses;
    }
    const struct flow_wide *wide = &pool->wide[entry->addresses];
    return address_equal(wide->a, key->a) && address_equal(wide->b, key->b);
}

/* The first entry of a hash, by the slots alone: so its line can be fetched before it is needed. */
static inline uint32_t flow_pool_guess(const struct flow_pool *pool, uint32_t hash) {
    const uint64_t *slots = pool->slots.slots;
    size_t mask = flow_slots_mask(&pool->slots);
    size_t at = flow_slots_home(&pool->slots, hash);
    while (slots[at] != 0 && flow_slot_hash(slots[at]) != hash) {
        at = (at + 1) & mask;
    }
    return slots[at] == 0 ? FLOW_NONE : flow_slot_index(slots[at]);
}

/* The entry of a key with its guess, or FLOW_NONE. Nothing was closed since it was guessed. */
static inline uint32_t flow_pool_find(const struct flow_pool *pool, const struct flow_key *key,
                                      const struct flow_packet *from) {
    if (key->guess != FLOW_NONE && flow_pool_is_of(pool, &pool->entries[key->guess], key, from)) {
        return key->guess;
    }
    return flow_pool_search(pool, key, from);
}

#endif
