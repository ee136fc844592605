/* SPDX-License-Identifier: Apache-2.0 */
/* A node's rare peers: who is taken in, who waits, who goes. Every choice is by a total order that
 * ends with the group's hash, so no two orders of contacts differ. Lists are short: they are
 * searched from the front. */
#include "detect/ledger_parts.h"

#include "detect/bits.h"

#include <string.h>

#define MINUTE_MS INT64_C(60000)

static int64_t start_s(struct ledger_span window) {
    return window.start_ms / 1000;
}

static int64_t idle_s(const struct ledger_entry *entry, int64_t now_s) {
    return now_s - ledger_last_s(entry);
}

static bool is_active(const struct ledger_entry *entry, int64_t now_s) {
    return ledger_last_s(entry) == now_s;
}

/* --- lists by group --------------------------------------------------------------------------- */

static struct ledger_entry *find(struct ledger_entry *all, uint32_t count, uint64_t group) {
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].group == group) {
            return &all[i];
        }
    }
    return NULL;
}

static void insert(struct ledger_entry *all, uint32_t *count, const struct ledger_entry *entry) {
    uint32_t at = 0;
    while (at < *count && all[at].group < entry->group) {
        at++;
    }
    memmove(&all[at + 1], &all[at], (*count - at) * sizeof *all);
    all[at] = *entry;
    (*count)++;
}

static void drop(struct ledger_entry *all, uint32_t *count, struct ledger_entry *entry) {
    uint32_t at = (uint32_t)(entry - all);
    (*count)--;
    memmove(&all[at], &all[at + 1], (*count - at) * sizeof *all);
}

/* --- one entry -------------------------------------------------------------------------------- */

/* Minutes of the window that no earlier window of the entry had a part in, the windows being of one
 * length. A window longer than a minute gives all of its minutes, since it cannot tell in which of
 * them something happened. */
static uint64_t new_minutes(const struct ledger_entry *entry, struct ledger_span window) {
    int64_t first = window.start_ms / MINUTE_MS;
    int64_t last = (window.end_ms - 1) / MINUTE_MS;
    if (entry->minutes > 0) {
        int64_t length_ms = window.end_ms - window.start_ms;
        int64_t covered = (ledger_entry_last_ms(entry) + length_ms - 1) / MINUTE_MS;
        first = first > covered ? first : covered + 1;
    }
    return last >= first ? (uint64_t)(last - first) + 1 : 0;
}

static void add_gap(struct ledger_entry *entry, int64_t gap_s) {
    float gap = (float)gap_s;
    if (entry->gap_count == 0) {
        entry->gap_count = 1;
        entry->gap_mean_s = gap;
        entry->gap_deviation_s = 0.5f * gap;
        return;
    }
    if (entry->gap_count < UINT8_MAX) {
        entry->gap_count++;
    }
    float rate = entry->gap_count < 10 ? 1.0f / (float)entry->gap_count : 0.1f;
    float off = gap - entry->gap_mean_s;
    entry->gap_mean_s += rate * off;
    entry->gap_deviation_s += rate * ((off < 0 ? -off : off) - entry->gap_deviation_s);
}

/* In quarters of a bit: enough to tell twice from three times. */
static uint8_t code_of(uint64_t bytes) {
    float code = 4 * bits_of_value((float)bytes, 1.0f);
    return (uint8_t)(code < UINT8_MAX ? code : UINT8_MAX);
}

void ledger_say(struct ledger_entry *entry) {
    if (entry->is_fired) {
        entry->said = code_of(entry->bytes_out);
        entry->is_fired = false;
    }
}

bool ledger_is_old_news(const struct ledger_entry *entry) {
    return entry->said > 0 && !entry->is_fired &&
           code_of(entry->bytes_out) < entry->said + 4 * LEDGER_AGAIN_BITS;
}

/* A new entry is zero but for its group. */
static void touch(struct ledger_entry *entry, const struct ledger_contact *contact,
                  struct ledger_span window) {
    int64_t now_s = start_s(window);
    uint64_t minutes = entry->minutes + new_minutes(entry, window);
    if (entry->minutes == 0) {
        entry->first_minute = (uint32_t)(now_s / 60);
    } else if (idle_s(entry, now_s) * 1000 >= 2 * (window.end_ms - window.start_ms)) {
        add_gap(entry, idle_s(entry, now_s));
    }
    if (idle_s(entry, now_s) >= LEDGER_QUIET_S) {
        ledger_say(entry);
    }
    entry->minutes = (uint16_t)(minutes < UINT16_MAX ? minutes : UINT16_MAX);
    if (now_s > ledger_last_s(entry)) { /* never back */
        entry->last_minute = (uint32_t)(now_s / 60);
        entry->last_second = (uint8_t)(now_s % 60);
    }
    entry->peer = contact->peer;
    entry->port = contact->port;
    entry->bytes_out = ledger_sum(entry->bytes_out, contact->bytes_out);
    entry->bytes_in = ledger_sum(entry->bytes_in, contact->bytes_in);
}

/* --- who stays -------------------------------------------------------------------------------- */

static bool is_less(const struct ledger_entry *a, const struct ledger_entry *b) {
    if (a->bytes_out != b->bytes_out) {
        return a->bytes_out < b->bytes_out;
    }
    return a->minutes != b->minutes ? a->minutes < b->minutes : a->group > b->group;
}

/* Whether `a` makes room before `b`. */
static bool goes_first(const struct ledger_entry *a, const struct ledger_entry *b, int64_t now_s) {
    bool is_idle = idle_s(a, now_s) > LEDGER_IDLE_S;
    bool is_other_idle = idle_s(b, now_s) > LEDGER_IDLE_S;
    if (is_idle != is_other_idle) {
        return is_idle;
    }
    bool is_said = a->said > 0 || a->is_fired;
    bool is_other_said = b->said > 0 || b->is_fired;
    if (is_idle && is_said != is_other_said) {
        return is_other_said;
    }
    if (is_idle && idle_s(a, now_s) != idle_s(b, now_s)) {
        return idle_s(a, now_s) > idle_s(b, now_s);
    }
    if (is_active(a, now_s) != is_active(b, now_s)) {
        return !is_active(a, now_s);
    }
    return is_less(a, b);
}

static bool admit(struct ledger_list *list, const struct ledger_entry *entry, int64_t now_s) {
    if (list->entry_count == LEDGER_ENTRIES_MAX) {
        struct ledger_entry *goes = &list->entries[0];
        for (uint32_t i = 1; i < list->entry_count; i++) {
            goes = goes_first(&list->entries[i], goes, now_s) ? &list->entries[i] : goes;
        }
        if (is_active(goes, now_s) && !is_less(goes, entry)) {
            return false;
        }
        drop(list->entries, &list->entry_count, goes);
    }
    insert(list->entries, &list->entry_count, entry);
    return true;
}

/* Here the longest idle go first, whatever they got: a peer that comes back every ten minutes must
 * outlast others that were met once. */
static bool waits_less(const struct ledger_entry *a, const struct ledger_entry *b) {
    int64_t a_s = ledger_last_s(a);
    int64_t b_s = ledger_last_s(b);
    return a_s != b_s ? a_s < b_s : is_less(a, b);
}

static void wait(struct ledger_list *list, const struct ledger_entry *entry) {
    if (list->waiting_count == LEDGER_WAITING_MAX) {
        struct ledger_entry *goes = &list->waiting[0];
        for (uint32_t i = 1; i < list->waiting_count; i++) {
            goes = waits_less(&list->waiting[i], goes) ? &list->waiting[i] : goes;
        }
        if (!waits_less(goes, entry)) {
            return;
        }
        drop(list->waiting, &list->waiting_count, goes);
    }
    insert(list->waiting, &list->waiting_count, entry);
}

/* Somebody who is not in the list, or waits. */
static void take_new(struct ledger_list *list, const struct ledger_contact *contact,
                     struct ledger_span window, uint64_t admit_bytes_min) {
    struct ledger_entry *waiting = find(list->waiting, list->waiting_count, contact->group);
    struct ledger_entry entry = { .group = contact->group };
    bool is_second = false;
    if (waiting != NULL) {
        entry = *waiting;
        is_second = new_minutes(&entry, window) > 0;
        drop(list->waiting, &list->waiting_count, waiting);
    }
    touch(&entry, contact, window);
    if (!(is_second || entry.bytes_out >= admit_bytes_min) ||
        !admit(list, &entry, start_s(window))) {
        wait(list, &entry);
    }
}

void ledger_list_take(struct ledger_list *list, const struct ledger_contact *contacts,
                      uint32_t count, struct ledger_span window, uint64_t admit_bytes_min) {
    /* All that are in the list first, so that none of them makes room in its own window. */
    for (uint32_t i = 0; i < count; i++) {
        struct ledger_entry *entry = find(list->entries, list->entry_count, contacts[i].group);
        if (entry != NULL) {
            touch(entry, &contacts[i], window);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct ledger_entry *entry =
            find(list->entries, list->entry_count, contacts[i].group);
        if (entry == NULL) {
            take_new(list, &contacts[i], window, admit_bytes_min);
        }
    }
}

/* --- days ------------------------------------------------------------------------------------- */

static void fade(struct ledger_entry *entry, int64_t days, uint32_t memory_days) {
    for (; days > 0; days--) {
        entry->bytes_out -= entry->bytes_out / memory_days;
        entry->bytes_in -= entry->bytes_in / memory_days;
        entry->minutes = (uint16_t)(entry->minutes - entry->minutes / memory_days);
    }
}

static void fade_all(struct ledger_entry *all, uint32_t *count, int64_t days, int64_t now_s,
                     uint32_t memory_days) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *count; i++) {
        if (idle_s(&all[i], now_s) <= memory_days * LEDGER_DAY_MS / 1000) {
            all[kept] = all[i];
            fade(&all[kept++], days, memory_days);
        }
    }
    *count = kept;
}

void ledger_list_fade(struct ledger_list *list, int64_t days, int64_t now_s, uint32_t memory_days) {
    fade_all(list->entries, &list->entry_count, days, now_s, memory_days);
    fade_all(list->waiting, &list->waiting_count, days, now_s, memory_days);
}
