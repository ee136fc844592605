/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/fleet.h"

#include "base/pages.h"

#include <stdlib.h>

#define GROUPS_MAX (1u << 24)

static size_t entries_size(const struct fleet *fleet) {
    return 2 * (size_t)fleet->groups_max * sizeof *fleet->entries;
}

static size_t slots_size(const struct fleet *fleet) {
    return sizeof *fleet->slots << fleet->slot_bits;
}

bool fleet_init(struct fleet *fleet, uint32_t groups_max, struct error *err) {
    *fleet = (struct fleet){ .groups_max = groups_max, .hour = -1, .born_hour = -1 };
    if (groups_max < 1 || groups_max > GROUPS_MAX) {
        return error_set(err, ERROR_ARGUMENT, "groups of peers are 1 to %u", GROUPS_MAX);
    }
    fleet->slot_bits = 2;
    while (UINT64_C(1) << fleet->slot_bits < UINT64_C(4) * groups_max) {
        fleet->slot_bits++;
    }
    fleet->entries = pages_reserve(entries_size(fleet));
    fleet->slots = pages_reserve(slots_size(fleet));
    if (fleet->entries == NULL || fleet->slots == NULL) {
        fleet_done(fleet);
        return error_set(err, ERROR_LIMIT, "no memory for %u groups of peers", groups_max);
    }
    pages_advise_huge(fleet->entries, entries_size(fleet));
    pages_advise_huge(fleet->slots, slots_size(fleet));
    return true;
}

void fleet_done(struct fleet *fleet) {
    if (fleet->entries != NULL) {
        pages_release(fleet->entries, entries_size(fleet));
    }
    if (fleet->slots != NULL) {
        pages_release(fleet->slots, slots_size(fleet));
    }
    *fleet = (struct fleet){ 0 };
}

/* The slot of a group, or the free one in which it would lie. Hashes are uniform as they are. */
static uint32_t *find_slot(const struct fleet *fleet, uint64_t group) {
    uint32_t mask = (UINT32_C(1) << fleet->slot_bits) - 1;
    uint32_t at = (uint32_t)(group >> (64 - fleet->slot_bits));
    while (fleet->slots[at] != 0 && fleet->entries[fleet->slots[at] - 1].group != group) {
        at = (at + 1) & mask;
    }
    return &fleet->slots[at];
}

static void fill_slots(struct fleet *fleet) {
    memset(fleet->slots, 0, sizeof *fleet->slots << fleet->slot_bits);
    for (uint32_t i = 0; i < fleet->count; i++) {
        *find_slot(fleet, fleet->entries[i].group) = i + 1;
    }
}

/* Who stays, first. */
static int compare_worth(const void *a, const void *b) {
    const struct fleet_entry *one = a;
    const struct fleet_entry *other = b;
    if (one->last_hour != other->last_hour) {
        return one->last_hour > other->last_hour ? -1 : 1;
    }
    return (one->group > other->group) - (one->group < other->group);
}

static void keep_bound(struct fleet *fleet) {
    if (fleet->count > fleet->groups_max) {
        qsort(fleet->entries, fleet->count, sizeof *fleet->entries, compare_worth);
        fleet->dropped += fleet->count - fleet->groups_max;
        fleet->count = fleet->groups_max;
        fill_slots(fleet);
    }
}

void fleet_enter(struct fleet *fleet, int64_t hour) {
    if (hour <= fleet->hour) {
        return;
    }
    fleet->hour = hour;
    fleet->born_hour = fleet->born_hour < 0 ? hour : fleet->born_hour;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fleet->count; i++) {
        if ((int64_t)fleet->entries[i].last_hour + FLEET_HOURS >= hour) {
            fleet->entries[kept++] = fleet->entries[i];
        }
    }
    bool is_less = kept < fleet->count;
    fleet->count = kept;
    if (is_less) {
        fill_slots(fleet);
    }
    keep_bound(fleet);
}

void fleet_contact(struct fleet *fleet, uint64_t group, uint64_t node) {
    group = group == 0 ? 1 : group;
    uint32_t hour = (uint32_t)fleet->hour;
    uint32_t *slot = find_slot(fleet, group);
    if (*slot == 0) {
        if (fleet->count == 2 * fleet->groups_max) {
            keep_bound(fleet);
            slot = find_slot(fleet, group);
        }
        fleet->entries[fleet->count++] = (struct fleet_entry){ .group = group,
                                                               .first_node = node,
                                                               .first_hour = hour,
                                                               .other_hour = UINT32_MAX,
                                                               .last_hour = hour };
        *slot = fleet->count;
        return;
    }
    struct fleet_entry *entry = &fleet->entries[*slot - 1];
    entry->last_hour = hour;
    if (entry->first_node == node) {
        return;
    }
    if (entry->first_hour == hour && node < entry->first_node) {
        entry->first_node = node;
    }
    entry->other_hour = entry->other_hour < hour ? entry->other_hour : hour;
}

/* The slot is asked for BURST groups ahead, and half as far its entry. */
#define BURST 16u

void fleet_contact_burst(struct fleet *fleet, const uint64_t *groups, size_t count, uint64_t node) {
    uint32_t shift = 64 - fleet->slot_bits;
    for (size_t i = 0; i < count + BURST; i++) {
        if (i < count) {
            __builtin_prefetch(&fleet->slots[groups[i] >> shift]);
        }
        if (i >= BURST / 2 && i - BURST / 2 < count) {
            uint32_t slot = fleet->slots[groups[i - BURST / 2] >> shift];
            __builtin_prefetch(&fleet->entries[slot == 0 ? fleet->count : slot - 1], 1);
        }
        if (i >= BURST) {
            fleet_contact(fleet, groups[i - BURST], node);
        }
    }
}

bool fleet_is_grown(const struct fleet *fleet) {
    return fleet->born_hour >= 0 && fleet->hour - fleet->born_hour >= FLEET_YOUNG_HOURS;
}

bool fleet_is_rare(const struct fleet *fleet, uint64_t group, uint64_t node) {
    if (!fleet_is_grown(fleet)) {
        return false;
    }
    uint32_t slot = *find_slot(fleet, group == 0 ? 1 : group);
    if (slot == 0) {
        return true;
    }
    const struct fleet_entry *entry = &fleet->entries[slot - 1];
    uint32_t first = entry->first_node == node ? entry->other_hour : entry->first_hour;
    return (int64_t)first > fleet->hour - FLEET_LAG_HOURS;
}

static int compare_groups(const void *a, const void *b) {
    const struct fleet_entry *one = a;
    const struct fleet_entry *other = b;
    return (one->group > other->group) - (one->group < other->group);
}

void fleet_save(const struct fleet *fleet, struct buffer *out) {
    struct fleet_entry *sorted = malloc(((size_t)fleet->count + 1) * sizeof *sorted);
    if (sorted == NULL) {
        out->failed = true;
        return;
    }
    memcpy(sorted, fleet->entries, fleet->count * sizeof *sorted);
    qsort(sorted, fleet->count, sizeof *sorted, compare_groups);
    buffer_varint(out, (uint64_t)(fleet->hour + 1));
    buffer_varint(out, (uint64_t)(fleet->born_hour + 1));
    buffer_varint(out, fleet->count);
    for (uint32_t i = 0; i < fleet->count; i++) {
        buffer_u64(out, sorted[i].group);
        buffer_u64(out, sorted[i].first_node);
        buffer_u32(out, sorted[i].first_hour);
        buffer_u32(out, sorted[i].other_hour);
        buffer_u32(out, sorted[i].last_hour);
    }
    free(sorted);
}

void fleet_load(struct fleet *fleet, struct cursor *cursor) {
    uint64_t hour = cursor_varint(cursor);
    uint64_t born = cursor_varint(cursor);
    uint64_t count = cursor_varint(cursor);
    cursor->failed |= hour > UINT32_MAX || born > hour || (born == 0 && hour > 0) ||
                      count > 2 * (uint64_t)fleet->groups_max;
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct fleet_entry *entry = &fleet->entries[i];
        entry->group = cursor_u64(cursor);
        entry->first_node = cursor_u64(cursor);
        entry->first_hour = cursor_u32(cursor);
        entry->other_hour = cursor_u32(cursor);
        entry->last_hour = cursor_u32(cursor);
        entry->unused = 0;
        cursor->failed |=
            entry->group == 0 || entry->first_hour > entry->last_hour || entry->last_hour >= hour ||
            (entry->other_hour != UINT32_MAX &&
             (entry->other_hour < entry->first_hour || entry->other_hour > entry->last_hour)) ||
            (i > 0 && entry->group <= entry[-1].group);
    }
    fleet->count = cursor->failed ? 0 : (uint32_t)count;
    fleet->hour = cursor->failed ? -1 : (int64_t)hour - 1;
    fleet->born_hour = cursor->failed ? -1 : (int64_t)born - 1;
    fill_slots(fleet);
}
