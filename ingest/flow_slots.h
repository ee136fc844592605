/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FLOW_SLOTS_H
#define WEIR_INGEST_FLOW_SLOTS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Hash slots of the flow table: open addressing with linear probing, at most half full, eight bytes
 * a slot. A slot holds the whole 32-bit hash beside the index, so that a probe leaves the slots
 * only for an entry that is nearly certainly the right one, and neither growing nor removing looks
 * at entries at all. One thread at a time. */

struct flow_slots {
    uint64_t *slots; /* [1 << bits]: hash << 32 | index + 1; 0: empty */
    uint32_t bits;
    uint32_t count; /* that are not empty */
};

#define FLOW_SLOTS_NONE UINT32_MAX

/* Errors: ERROR_LIMIT. */
bool flow_slots_init(struct flow_slots *slots, struct error *err);
/* Accepts a zeroed or half built one. */
void flow_slots_done(struct flow_slots *slots);

/* Adds an index (below 2^32 - 2) that is not there. Errors: ERROR_LIMIT; nothing was added then. */
bool flow_slots_add(struct flow_slots *slots, uint32_t hash, uint32_t index, struct error *err);

/* Removes one that is there. */
void flow_slots_remove(struct flow_slots *slots, uint32_t hash, uint32_t index);

/* All empty, at the cost of the slots' memory. */
void flow_slots_clear(struct flow_slots *slots);

static inline size_t flow_slots_mask(const struct flow_slots *slots) {
    return ((size_t)1 << slots->bits) - 1;
}

/* Where the probe of a hash begins. */
static inline size_t flow_slots_home(const struct flow_slots *slots, uint32_t hash) {
    return hash >> (32 - slots->bits);
}

static inline uint32_t flow_slot_hash(uint64_t slot) {
    return (uint32_t)(slot >> 32);
}

static inline uint32_t flow_slot_index(uint64_t slot) {
    return (uint32_t)slot - 1;
}

#endif
