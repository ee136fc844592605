/* SPDX-License-Identifier: Apache-2.0 */
/* A span of more than SCAN entries has buckets: by the uppermost bits of the hash, two to four
 * entries each, so that SCAN entries from the first on nearly always hold all of a bucket. They are
 * compared at once, and without a branch that depends on what they are. */
#include "detect/exchange_parts.h"

#include "base/pages.h"

#include <stdlib.h>
#define XXH_INLINE_ALL /* of one length: the compiler leaves two multiplications of it */
#include <xxhash.h>

#define CAPACITY_MIN 1024u
#define SCAN EXCHANGE_SCAN
/* A generation of which more than this is gone, and more than half, is packed. */
#define GONE_MIN 4096u

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

uint32_t exchange_hash(const struct exchange_key *key) {
    bool is_ipv4 = key->local >> 63 == 0;
    struct address local =
        is_ipv4 ? address_from_ipv4((uint32_t)key->local) : (struct address){ key->local, 0 };
    uint64_t ports = key->local_port | (uint64_t)key->peer_port << 16 |
                     (uint64_t)(key->node_protocol & 0xff) << 32;
    return (uint32_t)(strand_hash_of(local, key->peer, ports) >> 32);
}

/* --- memory ------------------------------------------------------------------------------- */

static size_t pending_size(uint64_t capacity) {
    return capacity / 64 * sizeof(uint64_t);
}

static size_t hashes_size(uint64_t capacity) {
    return (capacity + SCAN) * sizeof(uint32_t);
}

static void release(struct exchange_generation *generation) {
    size_t capacity = generation->capacity;
    pages_release(generation->entries, capacity * sizeof *generation->entries);
    pages_release(generation->hashes, hashes_size(capacity));
    pages_release(generation->starts, hashes_size(capacity));
    pages_release(generation->pending, pending_size(capacity));
}

void generation_done(struct exchange_generation *generation) {
    release(generation);
    free(generation->spans);
    *generation = (struct exchange_generation){ 0 };
}

static bool reserve_spans(struct exchange_generation *generation, uint32_t capacity,
                          struct error *err) {
    if (capacity <= generation->span_capacity) {
        return true;
    }
    struct exchange_span *spans = realloc(generation->spans, capacity * sizeof *spans);
    if (spans == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the conversations of %u nodes", capacity);
    }
    memset(spans + generation->span_capacity, 0,
           (capacity - generation->span_capacity) * sizeof *spans);
    generation->spans = spans;
    generation->span_capacity = capacity;
    return true;
}

bool generation_reset(struct exchange_generation *generation, uint32_t node_count,
                      struct error *err) {
    generation->count = generation->live_count = generation->start_count = 0;
    generation->last_ms = EXCHANGE_GONE_MS;
    if (generation->spans != NULL) {
        memset(generation->spans, 0, generation->span_capacity * sizeof *generation->spans);
    }
    return reserve_spans(generation, node_count, err);
}

uint64_t generation_memory_bytes(const struct exchange_generation *generation) {
    uint64_t capacity = generation->capacity;
    return capacity * sizeof *generation->entries + 2 * hashes_size(capacity) +
           pending_size(capacity) + generation->span_capacity * sizeof *generation->spans;
}

static void *larger(const void *old, size_t used, size_t size) {
    void *pages = pages_reserve(size);
    if (pages != NULL) {
        pages_advise_huge(pages, size);
        if (used > 0) {
            memcpy(pages, old, used);
        }
    }
    return pages;
}

static bool grow(struct exchange_generation *generation, uint64_t need, struct error *err) {
    uint64_t capacity = CAPACITY_MIN;
    while (capacity < need) {
        capacity *= 2;
    }
    if (need >= EXCHANGE_ENTRIES_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u conversations in a window",
                         EXCHANGE_ENTRIES_MAX - 1);
    }
    struct exchange_generation grown = *generation;
    size_t count = generation->count;
    grown.capacity = (uint32_t)capacity;
    grown.entries = larger(generation->entries, count * sizeof *grown.entries,
                           capacity * sizeof *grown.entries);
    grown.hashes = larger(generation->hashes, count * sizeof *grown.hashes, hashes_size(capacity));
    grown.starts = larger(generation->starts, generation->start_count * sizeof *grown.starts,
                          hashes_size(capacity));
    grown.pending =
        larger(generation->pending, pending_size(generation->capacity), pending_size(capacity));
    if (grown.entries == NULL || grown.hashes == NULL || grown.starts == NULL ||
        grown.pending == NULL) {
        release(&grown);
        return error_set(err, ERROR_LIMIT, "no memory for %llu open conversations",
                         (unsigned long long)need);
    }
    release(generation);
    *generation = grown;
    return true;
}

bool generation_reserve(struct exchange_generation *generation, uint32_t node, uint32_t more,
                        struct error *err) {
    uint64_t need = (uint64_t)generation->count + more;
    uint32_t spans = node < generation->span_capacity ? 0 : node + node / 2 + 64;
    return reserve_spans(generation, spans, err) &&
           ((need <= generation->capacity && generation->capacity > 0) ||
            grow(generation, need, err));
}

/* --- spans -------------------------------------------------------------------------------- */

/* Half of `count` rounded down to a power of two: 2 to 4 entries a bucket. */
static uint32_t bucket_bits(uint32_t count) {
    return 30 - (uint32_t)__builtin_clz(count);
}

void generation_add_span(struct exchange_generation *generation, uint32_t node, uint32_t first) {
    uint32_t count = generation->count - first;
    generation->spans[node] = (struct exchange_span){ first, count, generation->start_count };
    if (count <= SCAN) {
        return;
    }
    uint32_t bits = bucket_bits(count);
    uint32_t *starts = generation->starts + generation->start_count;
    memset(starts, 0, sizeof *starts << bits);
    for (uint32_t i = 0; i < count; i++) { /* of those of a bucket the last one stays */
        starts[generation->hashes[first + i] >> (32 - bits)] = i + 1;
    }
    /* So far they are ends, or 0 where a bucket is empty. */
    uint32_t end = 0;
    for (uint32_t b = 0; b < 1u << bits; b++) {
        uint32_t here = starts[b];
        starts[b] = first + end;
        end = here > end ? here : end;
    }
    generation->start_count += 1u << bits;
}

bool generation_lookup(const struct exchange_generation *generation, uint32_t node,
                       struct exchange_lookup *lookup) {
    if (node >= generation->span_capacity || generation->spans[node].count == 0) {
        return false;
    }
    const struct exchange_span *span = &generation->spans[node];
    *lookup = (struct exchange_lookup){ .hashes = generation->hashes,
                                        .starts = &span->first,
                                        .shift = 32,
                                        .end = span->first + span->count };
    if (span->count > SCAN) {
        lookup->starts = generation->starts + span->starts;
        lookup->shift = 32 - bucket_bits(span->count);
    }
    return true;
}

uint32_t generation_scan(const struct exchange_lookup *lookup, uint32_t at, uint32_t hash) {
    const uint32_t *hashes = lookup->hashes;
    while (at < lookup->end && hashes[at] < hash) {
        at++;
    }
    return at < lookup->end && hashes[at] == hash ? at : EXCHANGE_NONE;
}

uint32_t generation_find(const struct exchange_generation *generation,
                         const struct exchange_key *key, uint32_t hash) {
    struct exchange_lookup lookup;
    if (!generation_lookup(generation, exchange_node_of(key), &lookup)) {
        return EXCHANGE_NONE;
    }
    uint32_t at = generation_peek(&lookup, hash);
    for (; at < lookup.end && generation->hashes[at] == hash; at++) {
        const struct exchange_entry *entry = &generation->entries[at];
        if (!exchange_is_gone(entry) && exchange_is_same_key(&entry->key, key)) {
            return at;
        }
    }
    return EXCHANGE_NONE;
}

/* --- generations -------------------------------------------------------------------------- */

void exchange_drop(struct exchange *exchange, uint32_t generation, uint32_t index) {
    struct exchange_generation *from = &exchange->generations[generation];
    from->entries[index].last_ms = EXCHANGE_GONE_MS;
    generation_set_pending(from, index, false);
    from->live_count--;
    exchange->entry_count--;
}

/* Takes a generation out; its memory is kept for the next one. */
static void give_up(struct exchange *exchange, uint32_t generation) {
    struct exchange_generation *from = &exchange->generations[generation];
    exchange->entry_count -= from->live_count;
    if (exchange->spare.capacity < from->capacity) {
        generation_done(&exchange->spare);
        exchange->spare = *from;
    } else {
        generation_done(from);
    }
    exchange->generation_count--;
    memmove(from, from + 1,
            (exchange->generation_count - generation) * sizeof *exchange->generations);
    exchange->generations[exchange->generation_count] = (struct exchange_generation){ 0 };
}

struct merging {
    struct exchange_generation *into;
    const struct exchange_generation *from;
    uint32_t at;
    uint32_t end;
    int64_t end_ms;
};

static struct merging merging_of(struct exchange_generation *into,
                                 const struct exchange_generation *from, uint32_t node,
                                 int64_t end_ms) {
    struct merging merging = { into, from, 0, 0, end_ms };
    if (node < from->span_capacity) {
        merging.at = from->spans[node].first;
        merging.end = merging.at + from->spans[node].count;
    }
    return merging;
}

/* The next one goes over, unless it is gone or closed. */
static void merge_next(struct merging *merging) {
    const struct exchange_generation *from = merging->from;
    struct exchange_generation *into = merging->into;
    const struct exchange_entry *entry = &from->entries[merging->at];
    if (!exchange_is_gone(entry) && !exchange_is_closed(entry, merging->end_ms)) {
        bool is_pending = (entry->bits & EXCHANGE_PENDING) != 0;
        into->entries[into->count] = *entry;
        into->hashes[into->count] = from->hashes[merging->at];
        generation_set_pending(into, into->count++, is_pending);
    }
    merging->at++;
}

static void merge_node(struct merging *one, struct merging *other, uint32_t node) {
    uint32_t first = one->into->count;
    while (one->at < one->end || other->at < other->end) {
        bool is_first =
            other->at == other->end ||
            (one->at < one->end && one->from->hashes[one->at] <= other->from->hashes[other->at]);
        merge_next(is_first ? one : other);
    }
    if (one->into->count > first) {
        generation_add_span(one->into, node, first);
    }
}

/* Makes one of two neighbouring generations, or packs the one when there is no other. */
static bool merge(struct exchange *exchange, uint32_t generation, bool is_pair, int64_t end_ms,
                  struct error *err) {
    static const struct exchange_generation none;
    struct exchange_generation *one = &exchange->generations[generation];
    const struct exchange_generation *other = is_pair ? one + 1 : &none;
    uint32_t nodes =
        one->span_capacity > other->span_capacity ? one->span_capacity : other->span_capacity;
    struct exchange_generation into = exchange->spare;
    exchange->spare = (struct exchange_generation){ 0 };
    if (!generation_reset(&into, nodes, err) ||
        !generation_reserve(&into, 0, one->live_count + other->live_count, err)) {
        generation_done(&into);
        return false;
    }
    for (uint32_t node = 0; node < nodes; node++) {
        struct merging left = merging_of(&into, one, node, end_ms);
        struct merging right = merging_of(&into, other, node, end_ms);
        merge_node(&left, &right, node);
    }
    into.live_count = into.count;
    into.last_ms = one->last_ms > other->last_ms ? one->last_ms : other->last_ms;
    exchange->entry_count += into.live_count;
    if (is_pair) {
        give_up(exchange, generation + 1);
    }
    give_up(exchange, generation);
    struct exchange_generation *at = &exchange->generations[generation];
    memmove(at + 1, at, (exchange->generation_count - generation) * sizeof *at);
    *at = into;
    exchange->generation_count++;
    return true;
}

/* The first of the two neighbours that hold least. */
static uint32_t smallest_pair(const struct exchange *exchange) {
    uint32_t best = 0;
    uint64_t least = UINT64_MAX;
    for (uint32_t g = 0; g + 1 < exchange->generation_count; g++) {
        uint64_t sum =
            (uint64_t)exchange->generations[g].live_count + exchange->generations[g + 1].live_count;
        best = sum < least ? g : best;
        least = sum < least ? sum : least;
    }
    return best;
}

bool exchange_tidy(struct exchange *exchange, int64_t end_ms, struct error *err) {
    for (uint32_t g = 0; g < exchange->generation_count;) {
        struct exchange_generation *generation = &exchange->generations[g];
        if (generation->last_ms + EXCHANGE_SILENCE_MS < end_ms || generation->live_count == 0) {
            give_up(exchange, g);
            continue;
        }
        uint32_t gone = generation->count - generation->live_count;
        if (gone > GONE_MIN && gone > generation->live_count &&
            !merge(exchange, g, false, end_ms, err)) {
            return false;
        }
        g++;
    }
    while (exchange->generation_count > EXCHANGE_GENERATIONS_MAX) {
        if (!merge(exchange, smallest_pair(exchange), true, end_ms, err)) {
            return false;
        }
    }
    return true;
}
