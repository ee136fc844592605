/* SPDX-License-Identifier: Apache-2.0 */
/* Entries lie densely, in the order in which they came; slots name them: 26 bits of index + 1, and
 * 6 bits of the hash, so that a wrong entry is hardly ever loaded. Nothing is removed but by a
 * sweep, which moves the rest together and fills the slots anew: once in as many windows as double
 * the entries, so it costs a conversation two visits in order and one insertion. */
#include "detect/exchange_parts.h"

#include "base/pages.h"

#include <stdlib.h>
#define XXH_INLINE_ALL /* keys have one length: the compiler leaves two multiplications of it */
#include <xxhash.h>

#define TAG_SHIFT 26
#define INDEX_MASK ((UINT32_C(1) << TAG_SHIFT) - 1)
#define CAPACITY_MIN 1024u
#define SWEEP_STEP 4096u

uint64_t exchange_local(struct address address) {
    if (address_is_ipv4(address)) {
        return address_ipv4(address);
    }
    uint64_t halves[2] = { address.high, address.low };
    return XXH3_64bits(halves, sizeof halves) | UINT64_C(1) << 63;
}

int exchange_compare_keys(const struct exchange_key *a, const struct exchange_key *b) {
    if (a->local != b->local) {
        return a->local < b->local ? -1 : 1;
    }
    int order = address_compare(a->peer, b->peer);
    order = order != 0 ? order : a->local_port - b->local_port;
    order = order != 0 ? order : a->peer_port - b->peer_port;
    order = order != 0 ? order : (int)(a->node_protocol & 0xff) - (int)(b->node_protocol & 0xff);
    return order != 0
               ? order
               : (a->node_protocol > b->node_protocol) - (a->node_protocol < b->node_protocol);
}

static bool is_same_key(const struct exchange_key *a, const struct exchange_key *b) {
    return a->peer.low == b->peer.low && a->peer.high == b->peer.high && a->local == b->local &&
           a->local_port == b->local_port && a->peer_port == b->peer_port &&
           a->node_protocol == b->node_protocol;
}

uint64_t exchange_table_hash(const struct exchange_key *key) {
    return XXH3_64bits(key, sizeof *key);
}
_Static_assert(sizeof(struct exchange_key) == 32, "the key has no padding, so it can be hashed");

static uint32_t tag_of(uint64_t hash) {
    return (uint32_t)(hash & 63) << TAG_SHIFT;
}

static uint32_t at_of(const struct exchange *exchange, uint64_t hash) {
    return (uint32_t)(hash >> (64 - exchange->slot_bits));
}

const uint32_t *exchange_table_slot(const struct exchange *exchange, uint64_t hash) {
    return &exchange->slots[at_of(exchange, hash)];
}

const void *exchange_table_peek(const struct exchange *exchange, uint64_t hash) {
    uint32_t slot = exchange->slots[at_of(exchange, hash)];
    return &exchange->entries[slot == 0 ? 0 : (slot & INDEX_MASK) - 1];
}

static void insert_slot(struct exchange *exchange, uint64_t hash, uint32_t index) {
    uint32_t mask = (UINT32_C(1) << exchange->slot_bits) - 1;
    uint32_t at = at_of(exchange, hash);
    while (exchange->slots[at] != 0) {
        at = (at + 1) & mask;
    }
    exchange->slots[at] = tag_of(hash) | (index + 1);
}

/* Slots are asked for AHEAD entries before they are filled: a power of two, for the ring of hashes
 * in between. */
#define AHEAD 16u

static void fill_slots(struct exchange *exchange) {
    uint64_t hashes[AHEAD];
    uint32_t count = exchange->entry_count;
    memset(exchange->slots, 0, sizeof *exchange->slots << exchange->slot_bits);
    for (uint32_t i = 0; i < count + AHEAD; i++) {
        if (i >= AHEAD) {
            insert_slot(exchange, hashes[i % AHEAD], i - AHEAD);
        }
        if (i < count) {
            hashes[i % AHEAD] = exchange_table_hash(&exchange->entries[i].key);
            __builtin_prefetch(exchange_table_slot(exchange, hashes[i % AHEAD]), 1);
        }
    }
}

static size_t slots_size(uint32_t bits) {
    return sizeof(uint32_t) << bits;
}

static size_t entries_size(uint64_t capacity) {
    return capacity * sizeof(struct exchange_entry);
}

void exchange_table_done(struct exchange *exchange) {
    if (exchange->slots != NULL) {
        pages_release(exchange->entries, entries_size(exchange->entry_capacity));
        pages_release(exchange->slots, slots_size(exchange->slot_bits));
    }
    exchange->entries = NULL;
    exchange->slots = NULL;
}

uint32_t exchange_table_find(struct exchange *exchange, const struct exchange_key *key,
                             uint64_t hash, bool *is_new) {
    uint32_t mask = (UINT32_C(1) << exchange->slot_bits) - 1;
    uint32_t tag = tag_of(hash);
    uint32_t at = at_of(exchange, hash);
    for (uint32_t slot; (slot = exchange->slots[at]) != 0; at = (at + 1) & mask) {
        uint32_t index = (slot & INDEX_MASK) - 1;
        if ((slot & ~INDEX_MASK) == tag && is_same_key(&exchange->entries[index].key, key)) {
            *is_new = false;
            return index;
        }
    }
    uint32_t index = exchange->entry_count++;
    exchange->slots[at] = tag | (index + 1);
    exchange->entries[index] = (struct exchange_entry){ .key = *key };
    *is_new = true;
    return index;
}

bool exchange_table_reserve(struct exchange *exchange, uint32_t more, struct error *err) {
    uint64_t need = (uint64_t)exchange->entry_count + more;
    if (need <= exchange->entry_capacity && exchange->slots != NULL) {
        return true;
    }
    uint64_t capacity = CAPACITY_MIN;
    while (capacity < need) {
        capacity *= 2;
    }
    uint32_t bits = (uint32_t)(63 - __builtin_clzll(capacity)) + 1;
    struct exchange_entry *entries = NULL;
    uint32_t *slots = NULL;
    if (need < EXCHANGE_ENTRIES_MAX) {
        entries = pages_reserve(entries_size(capacity));
        slots = entries == NULL ? NULL : pages_reserve(slots_size(bits));
    }
    if (slots == NULL) {
        pages_release(entries, entries_size(capacity));
        return error_set(err, ERROR_LIMIT, "no memory for %llu open conversations",
                         (unsigned long long)need);
    }
    pages_advise_huge(entries, entries_size(capacity));
    pages_advise_huge(slots, slots_size(bits));
    if (exchange->entry_count > 0) {
        memcpy(entries, exchange->entries, entries_size(exchange->entry_count));
    }
    exchange_table_done(exchange);
    exchange->entries = entries;
    exchange->entry_capacity = (uint32_t)capacity;
    exchange->slots = slots;
    exchange->slot_bits = bits;
    fill_slots(exchange);
    return true;
}

/* Entries move, so what is pending is listed anew. */
void exchange_table_sweep(struct exchange *exchange, uint32_t node) {
    uint32_t kept = 0;
    exchange->pending_count = 0;
    for (uint32_t i = 0; i < exchange->entry_count; i++) {
        const struct exchange_entry *entry = &exchange->entries[i];
        uint32_t owner = exchange_node_of(&entry->key);
        if (exchange_is_closed(entry, exchange->window.end_ms) || owner == node) {
            continue;
        }
        if ((entry->bits & EXCHANGE_PENDING) != 0) {
            exchange->pending[exchange->pending_count++] = (uint64_t)owner << 32 | kept;
        }
        exchange->entries[kept++] = *entry;
    }
    exchange->entry_count = kept;
    exchange->swept_count = kept;
    if (exchange->slots != NULL) {
        fill_slots(exchange);
    }
}

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
    const struct exchange_entry *one = &eviction->exchange->entries[*(const uint32_t *)a];
    const struct exchange_entry *other = &eviction->exchange->entries[*(const uint32_t *)b];
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

/* For the next sweep. */
static void close_entry(const struct exchange *exchange, struct exchange_entry *entry) {
    entry->last_ms = exchange->window.end_ms - EXCHANGE_SILENCE_MS - 1;
}

/* Closes `count` entries of those that are idle for `idle` seconds: the first by compare_idle. */
static bool evict_of(struct exchange *exchange, const struct roster *roster, uint32_t idle,
                     uint32_t count, struct error *err) {
    uint32_t *indices = malloc((exchange->entry_count + 1) * sizeof *indices);
    if (indices == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to drop conversations");
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < exchange->entry_count; i++) {
        if (idle_of(exchange, &exchange->entries[i]) == idle) {
            indices[found++] = i;
        }
    }
    struct eviction eviction = { exchange, roster };
    qsort_r(indices, found, sizeof *indices, compare_idle, &eviction);
    for (uint32_t i = 0; i < count && i < found; i++) {
        close_entry(exchange, &exchange->entries[indices[i]]);
    }
    free(indices);
    return true;
}

/* Only the second in which the last one to go lies is sorted. */
static bool evict(struct exchange *exchange, const struct roster *roster, struct error *err) {
    uint32_t counts[IDLE_END] = { 0 };
    for (uint32_t i = 0; i < exchange->entry_count; i++) {
        counts[idle_of(exchange, &exchange->entries[i])]++;
    }
    uint32_t left = exchange->entry_count - exchange->settings.entries_max;
    uint32_t idle = IDLE_END - 1;
    for (; counts[idle] < left; idle--) {
        left -= counts[idle];
    }
    if (!evict_of(exchange, roster, idle, left, err)) {
        return false;
    }
    exchange->evicted += exchange->entry_count - exchange->settings.entries_max;
    for (uint32_t i = 0; i < exchange->entry_count; i++) {
        struct exchange_entry *entry = &exchange->entries[i];
        if (idle_of(exchange, entry) > idle) {
            close_entry(exchange, entry);
        }
    }
    exchange_table_sweep(exchange, EXCHANGE_NODES_MAX);
    return true;
}

bool exchange_table_settle(struct exchange *exchange, const struct roster *roster,
                           struct error *err) {
    bool is_over = exchange->entry_count > exchange->settings.entries_max;
    if (is_over || exchange->entry_count / 2 > exchange->swept_count + SWEEP_STEP / 2) {
        exchange_table_sweep(exchange, EXCHANGE_NODES_MAX);
    }
    return exchange->entry_count <= exchange->settings.entries_max || evict(exchange, roster, err);
}
