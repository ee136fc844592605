/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_STRAND_ITEMS_H
#define WEIR_DETECT_STRAND_ITEMS_H

#include "detect/conversation.h"

/* The strands of a log in the order in which a fold visits them: by the rank of their point, then
 * hash, then key. A function of the set of strands but for the order of those of an equal key,
 * which are merged. They stay where they are, so the log must outlive the items. One thread.
 *
 * Cost: 28 bytes a strand, kept for the next log. */

/* Those of one point: [first, first + count). */
struct strand_group {
    uint32_t first;
    uint32_t count;
    uint32_t point;
};

struct strand_items {
    uint64_t *keys; /* [count], in order: upper half of the hash, chunk (20 bits), slot (12) */
    struct strand_group *groups;
    uint32_t count;
    uint32_t group_count;
    const struct point_set *points;
    const uint8_t **chunks; /* [chunk_count] the entries of the log's chunks */
    uint32_t chunk_count;
    uint32_t wide_from; /* chunks from here on hold wide strands */
    uint64_t dropped;   /* strands at or above the threshold of their point */
    /* the rest is strand_items.c's */
    uint64_t *other;
    uint64_t *scratch;
    uint32_t *ranks;
    uint32_t *counters;
    uint32_t capacity;
    uint32_t group_capacity;
    uint32_t chunk_capacity;
    uint32_t counter_capacity;
};
#define STRAND_SLOT_BITS 12

/* Accepts a zeroed one. */
void strand_items_done(struct strand_items *items);

/* Takes the strands of `log`; what the items held before is gone, but its memory is used again.
 * `ranks` [points->point_count] are different numbers below point_count; NULL: by id. Errors:
 * ERROR_LIMIT. */
bool strand_items_fill(struct strand_items *items, const struct conversation_log *log,
                       const struct point_set *points, const uint32_t *ranks, struct error *err);

static inline bool strand_items_is_wide(const struct strand_items *items, uint64_t key) {
    return (uint32_t)key >> STRAND_SLOT_BITS >= items->wide_from;
}

/* The entry of a key. */
static inline const uint8_t *strand_items_at(const struct strand_items *items, uint64_t key) {
    uint32_t slot = (uint32_t)key & ((1u << STRAND_SLOT_BITS) - 1);
    size_t size =
        strand_items_is_wide(items, key) ? sizeof(struct strand) : sizeof(struct strand_short);
    return items->chunks[(uint32_t)key >> STRAND_SLOT_BITS] + slot * size;
}

/* The strand at `index`, and its whole hash. */
static inline void strand_items_load(const struct strand_items *items, uint32_t index,
                                     struct strand *strand) {
    uint64_t key = items->keys[index];
    const uint8_t *at = strand_items_at(items, key);
    if (__builtin_expect(strand_items_is_wide(items, key), 0)) {
        memcpy(strand, at, sizeof *strand);
        return;
    }
    struct strand_short packed;
    memcpy(&packed, at, sizeof packed);
    strand_unpack(strand, &packed, items->points);
}
uint64_t strand_items_hash(const struct strand_items *items, uint32_t index);
uint32_t strand_items_point(const struct strand_items *items, uint32_t index);

/* Whether two short strands are of one conversation at one place. */
static inline bool strand_short_is_same(const struct strand_short *a,
                                        const struct strand_short *b) {
    const uint32_t apart = (PLACES_MAX - 1) | UINT32_C(0xff) << STRAND_PROTOCOL_SHIFT;
    return ((a->place_bits ^ b->place_bits) & apart) == 0 && a->peer == b->peer &&
           a->ports == b->ports;
}

/* Whether the strands at `index` and behind it have one hash; exact, and mostly told by the keys.
 */
bool strand_items_is_same_hash(const struct strand_items *items, uint32_t index);

/* The end of the items of [first, end) with the hash of the first. */
static inline uint32_t strand_items_hash_end(const struct strand_items *items, uint32_t first,
                                             uint32_t end) {
    uint32_t at = first + 1;
    while (at < end && items->keys[at] >> 32 == items->keys[first] >> 32 &&
           strand_items_is_same_hash(items, at - 1)) {
        at++;
    }
    return at;
}

/* A walk in sorted order meets entries in memory that the nearest caches do not hold: each is to be
 * fetched so many items ahead, beyond its point too, so that misses overlap. The builtin stands in
 * the loops themselves: gcc 12 takes a function that does nothing but prefetch for one without
 * effect, and drops its calls. */
#define STRAND_ITEMS_AHEAD 24u
static inline const uint8_t *strand_items_ahead(const struct strand_items *items, uint32_t index) {
    uint32_t ahead = index + STRAND_ITEMS_AHEAD < items->count ? index + STRAND_ITEMS_AHEAD : index;
    return strand_items_at(items, items->keys[ahead]);
}

/* The cut of a point, or NULL. */
const struct conversation_cut *conversation_log_cut(const struct conversation_log *log,
                                                    uint32_t point);

#endif
