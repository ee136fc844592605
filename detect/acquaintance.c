/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/acquaintance.h"

#include <stdlib.h>

#define SLOTS_MIN 16u
#define HOUR_MAX (INT64_C(1) << 40)

void acquaintance_init(struct acquaintance *peers) {
    *peers = (struct acquaintance){ .born_hour = -1 };
}

void acquaintance_done(struct acquaintance *peers) {
    free(peers->slots);
    acquaintance_init(peers);
}

static uint16_t age_at(const struct acquaintance *peers, int64_t hour) {
    int64_t age = peers->born_hour < 0 ? 0 : hour - peers->born_hour;
    return (uint16_t)(age < 0 ? 0 : age > UINT16_MAX ? UINT16_MAX : age);
}

/* Without the bit of who has answered; never 0. */
static uint32_t mark_of(uint64_t hash) {
    uint32_t mark = (uint32_t)(hash >> 33) << 1;
    return mark == 0 ? 2 : mark;
}

static uint32_t slot_of(uint32_t mark, uint32_t slot_count) {
    return (mark >> 1) & (slot_count - 1);
}

struct acquaintance_entry *acquaintance_find(const struct acquaintance *peers, uint64_t hash,
                                             int64_t hour) {
    if (peers->count == 0) {
        return NULL;
    }
    uint32_t mark = mark_of(hash);
    uint32_t at = slot_of(mark, peers->slot_count);
    while (peers->slots[at].mark != 0) {
        struct acquaintance_entry *entry = &peers->slots[at];
        if ((entry->mark & ~UINT32_C(1)) == mark) {
            return entry->last + ACQUAINTANCE_HOURS >= age_at(peers, hour) ? entry : NULL;
        }
        at = (at + 1) & (peers->slot_count - 1);
    }
    return NULL;
}

bool acquaintance_touch(const struct acquaintance *peers, struct acquaintance_entry *entry,
                        int64_t hour) {
    uint16_t age = age_at(peers, hour);
    if (entry->last >= age) {
        return false;
    }
    entry->last = age;
    return true;
}

static int compare_marks(const void *a, const void *b) {
    const struct acquaintance_entry *one = a;
    const struct acquaintance_entry *other = b;
    if (one->mark >> 1 != other->mark >> 1) {
        return one->mark >> 1 < other->mark >> 1 ? -1 : 1;
    }
    return one->first - other->first;
}

/* Who stays, first. */
static int compare_worth(const void *a, const void *b) {
    const struct acquaintance_entry *one = a;
    const struct acquaintance_entry *other = b;
    if ((one->mark & 1) != (other->mark & 1)) {
        return (one->mark & 1) != 0 ? -1 : 1;
    }
    if (one->last != other->last) {
        return one->last > other->last ? -1 : 1;
    }
    if (one->first != other->first) {
        return one->first < other->first ? -1 : 1;
    }
    return (one->mark > other->mark) - (one->mark < other->mark);
}

/* Entries of one hash become one: the first meeting, the last contact, any answer. A meeting that
 * was forgotten does not count as the first. */
static uint32_t merge(struct acquaintance_entry *all, uint32_t count, uint16_t age) {
    qsort(all, count, sizeof *all, compare_marks);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].last + ACQUAINTANCE_HOURS < age) {
            continue;
        }
        if (kept > 0 && all[kept - 1].mark >> 1 == all[i].mark >> 1) {
            struct acquaintance_entry *into = &all[kept - 1];
            into->last = into->last > all[i].last ? into->last : all[i].last;
            into->mark |= all[i].mark & 1;
        } else {
            all[kept++] = all[i];
        }
    }
    if (kept > ACQUAINTANCE_MAX) {
        qsort(all, kept, sizeof *all, compare_worth);
        kept = ACQUAINTANCE_MAX;
    }
    return kept;
}

static bool fill(struct acquaintance *peers, const struct acquaintance_entry *all, uint32_t count,
                 struct error *err) {
    uint32_t slot_count = SLOTS_MIN;
    while (slot_count - slot_count / 4 < count) {
        slot_count *= 2;
    }
    struct acquaintance_entry *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the peers of a node");
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = slot_of(all[i].mark, slot_count);
        while (slots[at].mark != 0) {
            at = (at + 1) & (slot_count - 1);
        }
        slots[at] = all[i];
    }
    free(peers->slots);
    peers->slots = slots;
    peers->slot_count = slot_count;
    peers->count = count;
    return true;
}

/* All entries behind each other; room for `more` behind them. */
static struct acquaintance_entry *list_entries(const struct acquaintance *peers, uint32_t more,
                                               uint32_t *count) {
    struct acquaintance_entry *all = malloc(((size_t)peers->count + more + 1) * sizeof *all);
    *count = 0;
    for (uint32_t i = 0; i < peers->slot_count && all != NULL; i++) {
        if (peers->slots[i].mark != 0) {
            all[(*count)++] = peers->slots[i];
        }
    }
    return all;
}

bool acquaintance_admit(struct acquaintance *peers, struct acquaintance_news *news, uint32_t count,
                        int64_t hour, struct error *err) {
    if (count == 0) {
        return true;
    }
    int64_t born_hour = peers->born_hour < 0 ? hour : peers->born_hour;
    uint32_t all_count;
    struct acquaintance_entry *all = list_entries(peers, count, &all_count);
    if (all == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the peers of a node");
    }
    uint16_t age = age_at(peers, hour);
    for (uint32_t i = 0; i < count; i++) {
        all[all_count++] = (struct acquaintance_entry){
            .mark = mark_of(news[i].hash) | news[i].is_answered, .first = age, .last = age
        };
    }
    bool ok = fill(peers, all, merge(all, all_count, age), err);
    peers->born_hour = ok ? born_hour : peers->born_hour;
    free(all);
    return ok;
}

void acquaintance_save(const struct acquaintance *peers, struct buffer *out) {
    uint32_t count;
    struct acquaintance_entry *all = list_entries(peers, 0, &count);
    if (all == NULL) {
        out->failed = true;
        return;
    }
    qsort(all, count, sizeof *all, compare_marks);
    buffer_varint(out, (uint64_t)(peers->born_hour + 1));
    buffer_varint(out, count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_u32(out, all[i].mark);
        buffer_u16(out, all[i].first);
        buffer_u16(out, all[i].last);
    }
    free(all);
}

bool acquaintance_load(struct acquaintance *peers, struct cursor *cursor, struct error *err) {
    struct acquaintance_entry all[ACQUAINTANCE_MAX];
    acquaintance_done(peers);
    uint64_t born = cursor_varint(cursor);
    uint64_t count = cursor_varint(cursor);
    cursor->failed |=
        born > (uint64_t)HOUR_MAX || count > ACQUAINTANCE_MAX || (count > 0 && born == 0);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        all[i].mark = cursor_u32(cursor);
        all[i].first = cursor_u16(cursor);
        all[i].last = cursor_u16(cursor);
        cursor->failed |= all[i].mark < 2 || all[i].first > all[i].last ||
                          (i > 0 && all[i].mark >> 1 <= all[i - 1].mark >> 1);
    }
    if (cursor->failed) {
        return true;
    }
    peers->born_hour = (int64_t)born - 1;
    return count == 0 || fill(peers, all, (uint32_t)count, err);
}
