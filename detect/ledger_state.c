/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as bytes. Thresholds are not kept: they follow from the tallies. */
#include "detect/ledger_parts.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MINUTES_MAX 62u /* an hour's window touches so many, and one more for its place */

void ledger_save(const struct ledger *ledger, struct buffer *out) {
    ledger_budget_save(&ledger->budget, out);
}

void ledger_load(struct ledger *ledger, struct cursor *cursor) {
    ledger_budget_load(&ledger->budget, cursor);
    for (uint32_t i = 0; i < ledger->node_capacity; i++) {
        ledger_limits(ledger, &ledger->nodes[i]);
    }
}

/* --- saving ----------------------------------------------------------------------------------- */

static void put_float(struct buffer *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u32(out, bits);
}

static void put_tally(struct buffer *out, const struct ledger_tally *tally) {
    buffer_varint(out, tally->days);
    buffer_varint(out, tally->exceeded);
    buffer_varint(out, tally->logs);
}

static void put_share(struct buffer *out, const struct ledger_share *share) {
    buffer_varint(out, share->days);
    for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
        buffer_varint(out, share->exceeded[j]);
    }
}

static void put_entries(struct buffer *out, const struct ledger_entry *all, uint32_t count) {
    buffer_u8(out, (uint8_t)count);
    for (uint32_t i = 0; i < count; i++) {
        const struct ledger_entry *entry = &all[i];
        buffer_u64(out, entry->group);
        buffer_u64(out, entry->peer.high);
        buffer_u64(out, entry->peer.low);
        buffer_varint(out, entry->bytes_out);
        buffer_varint(out, entry->bytes_in);
        buffer_varint(out, entry->first_minute);
        buffer_varint(out, entry->last_minute - entry->first_minute);
        buffer_u8(out, entry->last_second);
        buffer_varint(out, entry->minutes);
        buffer_u16(out, entry->port);
        buffer_u8(out, entry->said);
        buffer_u8(out, entry->is_fired);
        buffer_u8(out, entry->gap_count);
        put_float(out, entry->gap_mean_s);
        put_float(out, entry->gap_deviation_s);
    }
}

bool ledger_node_save(const struct ledger *ledger, uint32_t node, struct buffer *out,
                      struct error *err) {
    static const struct ledger_node none = { 0 };
    static const struct ledger_list nobody = { 0 };
    const struct ledger_node *from = node < ledger->node_capacity ? &ledger->nodes[node] : &none;
    const struct ledger_list *list = from->list != NULL ? from->list : &nobody;
    buffer_varint(out, from->seen_ms);
    buffer_u8(out, from->fired);
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        buffer_varint(out, from->most[m]);
        put_share(out, &from->own[m]);
        put_tally(out, &from->held[m]);
    }
    put_entries(out, list->entries, list->entry_count);
    put_entries(out, list->waiting, list->waiting_count);
    return buffer_check(out, "the ledger of a node", err);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* Finite, not below zero, and in one form of it. */
static float get_float(struct cursor *cursor) {
    uint32_t bits = cursor_u32(cursor);
    float value;
    memcpy(&value, &bits, sizeof value);
    bool is_sound = bits >> 31 == 0 && value <= 0x1p41f;
    cursor->failed |= !is_sound;
    return is_sound ? value : 0;
}

static uint64_t get_at_most(struct cursor *cursor, uint64_t most) {
    uint64_t value = cursor_varint(cursor);
    cursor->failed |= value > most;
    return cursor->failed ? 0 : value;
}

static void get_tally(struct cursor *cursor, struct ledger_tally *tally) {
    tally->days = get_at_most(cursor, LEDGER_TALLY_MAX);
    tally->exceeded = get_at_most(cursor, LEDGER_TALLY_MAX);
    tally->logs = get_at_most(cursor, LEDGER_TALLY_MAX);
}

static void get_share(struct cursor *cursor, struct ledger_share *share) {
    uint32_t most = UINT32_MAX;
    share->days = (uint32_t)get_at_most(cursor, UINT32_MAX);
    for (uint32_t j = 0; j < LEDGER_LEVELS; j++) {
        share->exceeded[j] = (uint32_t)get_at_most(cursor, most);
        most = share->exceeded[j];
    }
}

/* `last_minute` is the last one that may have been. */
static void get_entry(struct cursor *cursor, struct ledger_entry *entry, uint64_t last_minute) {
    entry->group = cursor_u64(cursor);
    entry->peer.high = cursor_u64(cursor);
    entry->peer.low = cursor_u64(cursor);
    entry->bytes_out = cursor_varint(cursor);
    entry->bytes_in = cursor_varint(cursor);
    uint64_t first = get_at_most(cursor, last_minute);
    uint64_t lasted = get_at_most(cursor, last_minute - first);
    entry->first_minute = (uint32_t)first;
    entry->last_minute = (uint32_t)(first + lasted);
    entry->last_second = cursor_u8(cursor);
    uint64_t minutes_most = lasted + WINDOW_MINUTES_MAX;
    entry->minutes =
        (uint16_t)get_at_most(cursor, minutes_most < UINT16_MAX ? minutes_most : UINT16_MAX);
    entry->port = cursor_u16(cursor);
    entry->said = cursor_u8(cursor);
    uint8_t is_fired = cursor_u8(cursor);
    entry->is_fired = is_fired == 1;
    entry->gap_count = cursor_u8(cursor);
    entry->gap_mean_s = get_float(cursor);
    entry->gap_deviation_s = get_float(cursor);
    bool has_gaps = entry->gap_count > 0;
    cursor->failed |= entry->minutes == 0 || entry->last_second >= 60 || is_fired > 1 ||
                      has_gaps != (entry->gap_mean_s > 0) ||
                      (!has_gaps && entry->gap_deviation_s > 0);
}

static uint32_t get_entries(struct cursor *cursor, struct ledger_entry *all, uint32_t most,
                            uint64_t last_minute) {
    uint32_t count = cursor_u8(cursor);
    cursor->failed |= count > most;
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        get_entry(cursor, &all[i], last_minute);
        cursor->failed |= i > 0 && all[i].group <= all[i - 1].group;
    }
    return cursor->failed ? 0 : count;
}

static bool is_in_both(const struct ledger_list *list) {
    for (uint32_t i = 0; i < list->entry_count; i++) {
        for (uint32_t j = 0; j < list->waiting_count; j++) {
            if (list->entries[i].group == list->waiting[j].group) {
                return true;
            }
        }
    }
    return false;
}

static void get_list(struct cursor *cursor, struct ledger_list *list, int64_t today) {
    uint64_t last_minute = today < 0 ? 0 : (uint64_t)today * 1440 + 1439;
    list->entry_count = get_entries(cursor, list->entries, LEDGER_ENTRIES_MAX, last_minute);
    list->waiting_count = get_entries(cursor, list->waiting, LEDGER_WAITING_MAX, last_minute);
    bool has_any = list->entry_count + list->waiting_count > 0;
    cursor->failed |= (has_any && today < 0) || is_in_both(list);
}

bool ledger_node_load(struct ledger *ledger, uint32_t node, struct cursor *cursor,
                      struct error *err) {
    if (!ledger_reserve(ledger, node, err)) {
        return false;
    }
    struct ledger_node loaded = { 0 };
    struct ledger_list list = { 0 };
    loaded.seen_ms = (uint32_t)get_at_most(cursor, (uint64_t)LEDGER_DAY_MS);
    loaded.fired = cursor_u8(cursor);
    cursor->failed |= loaded.fired >> LEDGER_MEASURE_COUNT != 0;
    for (uint32_t m = 0; m < LEDGER_MEASURE_COUNT; m++) {
        loaded.most[m] = cursor_varint(cursor);
        cursor->failed |= loaded.most[m] > 0 && loaded.seen_ms == 0;
        get_share(cursor, &loaded.own[m]);
        get_tally(cursor, &loaded.held[m]);
    }
    get_list(cursor, &list, ledger->budget.today.day);
    struct ledger_node *into = &ledger->nodes[node];
    free(into->list);
    *into = (struct ledger_node){ 0 };
    if (!cursor->failed) {
        *into = loaded;
        if (list.entry_count + list.waiting_count > 0) {
            into->list = malloc(sizeof *into->list);
            if (into->list == NULL) {
                *into = (struct ledger_node){ 0 };
                ledger_limits(ledger, into);
                return error_set(err, ERROR_LIMIT, "no memory for the rare peers of a node");
            }
            *into->list = list;
        }
    }
    ledger_limits(ledger, into);
    return true;
}
