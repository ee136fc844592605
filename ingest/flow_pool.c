/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow_pool.h"

#include "base/pages.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define WIDE_CAPACITY_FIRST 1024u
/* The first entries lie on small pages: most captures need no more. */
#define ENTRIES_SMALL 16384u

// NOLINTNEXTLINE(misc-redundant-expression): two numbers that happen to be one
_Static_assert(FLOWTABLE_FLOWS_MAX <= 1u << FLOW_ENTRY_NEXT_BITS, "entries are named by NEXT_BITS");

static size_t entries_size(const struct flow_pool *pool) {
    return pool->flows_max * sizeof *pool->entries;
}

/* Nothing is open. */
static void forget_all(struct flow_pool *pool) {
    pool->used = pool->wide_used = 0;
    pool->free = pool->wide_free = FLOW_NONE;
    pool->head = pool->tail = FLOW_NONE;
    pool->open_count = 0;
}

static void draw_secrets(struct flow_pool *pool) {
    if (getentropy(pool->secrets, sizeof pool->secrets) != 0) {
        /* A sandbox that forbids the call: then the hash is a known one. */
        for (unsigned i = 0; i < FLOW_SECRETS; i++) {
            pool->secrets[i] = UINT64_C(0x9E3779B97F4A7C15) * (2 * i + 1);
        }
    }
}

bool flow_pool_init(struct flow_pool *pool, uint32_t flows_max, struct error *err) {
    assert(flows_max > 0 && flows_max < FLOWTABLE_FLOWS_MAX);
    *pool = (struct flow_pool){ .flows_max = flows_max };
    forget_all(pool);
    draw_secrets(pool);
    pool->entries = pages_reserve(entries_size(pool));
    if (pool->entries == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %u open flows", flows_max);
    }
    if (flows_max > ENTRIES_SMALL) {
        pages_advise_huge(pool->entries + ENTRIES_SMALL,
                          (flows_max - ENTRIES_SMALL) * sizeof *pool->entries);
    }
    return flow_slots_init(&pool->slots, err);
}

void flow_pool_done(struct flow_pool *pool) {
    flow_slots_done(&pool->slots);
    pages_release(pool->entries, entries_size(pool));
    free(pool->wide);
    *pool = (struct flow_pool){ 0 };
}

static uint32_t hash_of(const struct flow_pool *pool, const struct flow_entry *entry) {
    uint64_t addresses = entry->addresses;
    if (entry->is_wide) {
        const struct flow_wide *wide = &pool->wide[addresses];
        addresses = flow_key_narrow(pool->secrets, wide->a, wide->b);
    }
    return flow_key_hash(pool->secrets, addresses, entry->ports, entry->protocol, entry->log,
                         entry->is_wide);
}

uint32_t flow_pool_search(const struct flow_pool *pool, const struct flow_key *key,
                          const struct flow_packet *from) {
    size_t mask = flow_slots_mask(&pool->slots);
    size_t at = flow_slots_home(&pool->slots, key->hash);
    for (;; at = (at + 1) & mask) {
        uint64_t slot = pool->slots.slots[at];
        if (slot == 0) {
            return FLOW_NONE;
        }
        uint32_t index = flow_slot_index(slot);
        if (flow_slot_hash(slot) == key->hash &&
            flow_pool_is_of(pool, &pool->entries[index], key, from)) {
            return index;
        }
    }
}

static bool take_wide(struct flow_pool *pool, const struct flow_key *key, uint64_t *index,
                      struct error *err) {
    if (pool->wide_free != FLOW_NONE) {
        *index = pool->wide_free;
        pool->wide_free = (uint32_t)pool->wide[*index].a.low;
    } else {
        if (pool->wide_used == pool->wide_capacity) {
            uint32_t capacity =
                pool->wide_capacity == 0 ? WIDE_CAPACITY_FIRST : 2 * pool->wide_capacity;
            struct flow_wide *wide = realloc(pool->wide, capacity * sizeof *wide);
            if (wide == NULL) {
                return error_set(err, ERROR_LIMIT, "no memory for %u open flows", capacity);
            }
            pool->wide = wide;
            pool->wide_capacity = capacity;
        }
        *index = pool->wide_used++;
    }
    pool->wide[*index] = (struct flow_wide){ key->a, key->b };
    return true;
}

bool flow_pool_open(struct flow_pool *pool, const struct flow_key *key,
                    const struct flow_packet *from, uint32_t *out, struct error *err) {
    uint32_t index = pool->free != FLOW_NONE ? pool->free : pool->used;
    uint64_t addresses = key->addresses;
    assert(index < pool->flows_max);
    if (!flow_slots_add(&pool->slots, key->hash, index, err)) {
        return false;
    }
    if (key->is_wide && !take_wide(pool, key, &addresses, err)) {
        flow_slots_remove(&pool->slots, key->hash, index);
        return false;
    }
    struct flow_entry *entry = &pool->entries[index];
    if (index == pool->used) {
        pool->used++;
    } else {
        pool->free = entry->next;
    }
    *entry = (struct flow_entry){
        .addresses = addresses,
        .ports = key->ports,
        .protocol = from->packet.protocol,
        .log = from->log,
        .next = FLOW_NONE,
        .is_wide = key->is_wide,
        .is_opener_inferred = 1,
    };
    if (pool->tail == FLOW_NONE) {
        pool->head = index;
    } else {
        pool->entries[pool->tail].next = index & FLOW_NONE;
    }
    pool->tail = index;
    pool->open_count++;
    *out = index;
    return true;
}

/* Its slot is gone already. */
static void unlink_entry(struct flow_pool *pool, uint32_t index, uint32_t before) {
    struct flow_entry *entry = &pool->entries[index];
    if (before == FLOW_NONE) {
        pool->head = entry->next;
    } else {
        pool->entries[before].next = entry->next;
    }
    if (pool->tail == index) {
        pool->tail = before;
    }
    if (entry->is_wide) {
        pool->wide[entry->addresses].a.low = pool->wide_free;
        pool->wide_free = (uint32_t)entry->addresses;
    }
    entry->next = pool->free & FLOW_NONE;
    pool->free = index;
    pool->open_count--;
    if (pool->open_count == 0) {
        forget_all(pool);
    }
}

void flow_pool_close(struct flow_pool *pool, uint32_t index, uint32_t before) {
    flow_slots_remove(&pool->slots, hash_of(pool, &pool->entries[index]), index);
    unlink_entry(pool, index, before);
}

void flow_pool_clear_slots(struct flow_pool *pool) {
    flow_slots_clear(&pool->slots);
}

void flow_pool_close_cleared(struct flow_pool *pool, uint32_t index) {
    assert(pool->head == index && pool->slots.count == 0);
    unlink_entry(pool, index, FLOW_NONE);
}

void flow_pool_give(const struct flow_pool *pool, uint32_t index, struct flow *out) {
    const struct flow_entry *entry = &pool->entries[index];
    if (entry->is_wide) {
        out->a = pool->wide[entry->addresses].a;
        out->b = pool->wide[entry->addresses].b;
    } else {
        out->a = address_from_ipv4((uint32_t)(entry->addresses >> 32));
        out->b = address_from_ipv4((uint32_t)entry->addresses);
    }
    flow_entry_give(entry, out);
}
