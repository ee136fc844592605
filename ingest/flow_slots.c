/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/flow_slots.h"

#include "base/pages.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BITS_MIN 12u
#define BITS_MAX 31u

static uint64_t slot_of(uint32_t hash, uint32_t index) {
    return (uint64_t)hash << 32 | (index + 1);
}

bool flow_slots_init(struct flow_slots *slots, struct error *err) {
    *slots = (struct flow_slots){ .bits = BITS_MIN };
    slots->slots = calloc((size_t)1 << BITS_MIN, sizeof *slots->slots);
    return slots->slots != NULL || error_set(err, ERROR_LIMIT, "no memory for a table of flows");
}

void flow_slots_done(struct flow_slots *slots) {
    free(slots->slots);
    *slots = (struct flow_slots){ 0 };
}

static void place(struct flow_slots *slots, uint64_t slot) {
    size_t mask = flow_slots_mask(slots);
    size_t at = flow_slots_home(slots, flow_slot_hash(slot));
    while (slots->slots[at] != 0) {
        at = (at + 1) & mask;
    }
    slots->slots[at] = slot;
}

static bool grow(struct flow_slots *slots, struct error *err) {
    struct flow_slots larger = { .bits = slots->bits + 1, .count = slots->count };
    if (larger.bits <= BITS_MAX) {
        larger.slots = calloc((size_t)1 << larger.bits, sizeof *larger.slots);
    }
    if (larger.slots == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a table of flows");
    }
    pages_advise_huge(larger.slots, sizeof *larger.slots << larger.bits);
    for (size_t at = 0; at <= flow_slots_mask(slots); at++) {
        if (slots->slots[at] != 0) {
            place(&larger, slots->slots[at]);
        }
    }
    free(slots->slots);
    *slots = larger;
    return true;
}

bool flow_slots_add(struct flow_slots *slots, uint32_t hash, uint32_t index, struct error *err) {
    assert(index < UINT32_MAX - 1);
    if (2 * ((size_t)slots->count + 1) > flow_slots_mask(slots) + 1 && !grow(slots, err)) {
        return false;
    }
    place(slots, slot_of(hash, index));
    slots->count++;
    return true;
}

/* Closes the gap: what stands behind it moves into it if its probe passes there, so that no probe
 * ever ends too early and no tombstones pile up. */
void flow_slots_remove(struct flow_slots *slots, uint32_t hash, uint32_t index) {
    size_t mask = flow_slots_mask(slots);
    uint64_t wanted = slot_of(hash, index);
    size_t gap = flow_slots_home(slots, hash);
    while (slots->slots[gap] != wanted) {
        assert(slots->slots[gap] != 0);
        gap = (gap + 1) & mask;
    }
    size_t at = gap;
    for (;;) {
        at = (at + 1) & mask;
        uint64_t slot = slots->slots[at];
        if (slot == 0) {
            break;
        }
        size_t home = flow_slots_home(slots, flow_slot_hash(slot));
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            slots->slots[gap] = slot;
            gap = at;
        }
    }
    slots->slots[gap] = 0;
    slots->count--;
}

void flow_slots_clear(struct flow_slots *slots) {
    memset(slots->slots, 0, sizeof *slots->slots << slots->bits);
    slots->count = 0;
}
