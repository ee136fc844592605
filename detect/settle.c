/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/settle.h"

#include "flow/spread.h"

#include <assert.h>

struct settling {
    struct window_set *set;
    uint32_t time_shift;
};

static struct settling settling_of(struct window_set *set) {
    return (struct settling){ set, strand_time_shift(set->window_ms) };
}

/* A long entry of the window that it ended in. */
struct lasting {
    struct strand_long whole;
    struct spread spread;
};

static struct lasting lasting_of(const struct settling *settling, const uint8_t *at,
                                 int64_t number) {
    struct lasting lasting;
    memcpy(&lasting.whole, at, sizeof lasting.whole);
    lasting.spread.to_ms = number * settling->set->window_ms + lasting.whole.to_ms;
    lasting.spread.from_ms = lasting.spread.to_ms - lasting.whole.length_ms;
    return lasting;
}

static uint32_t share_of(struct spread spread, uint32_t amount, int64_t start_ms, int64_t end_ms) {
    return (uint32_t)(spread_until(spread, amount, end_ms) -
                      spread_until(spread, amount, start_ms));
}

/* Appends the share of window `number` to its log: a short strand, since the whole is one but for
 * its times. */
static bool add_share(const struct settling *settling, struct conversation_log *log,
                      const struct lasting *lasting, int64_t number, struct error *err) {
    const uint32_t packets_mask = STRAND_SHORT_PACKETS - 1;
    const struct strand_long *whole = &lasting->whole;
    struct spread spread = lasting->spread;
    int64_t start_ms = number * settling->set->window_ms;
    int64_t end_ms = start_ms + settling->set->window_ms;
    int64_t first_ms = spread.from_ms > start_ms ? spread.from_ms : start_ms;
    int64_t last_ms = (spread.to_ms < end_ms ? spread.to_ms : end_ms) - 1;
    uint32_t flows = spread.to_ms <= end_ms;
    uint32_t first = (uint32_t)((first_ms - start_ms) >> settling->time_shift);
    uint32_t last = (uint32_t)((last_ms - start_ms) >> settling->time_shift);
    struct strand_short share = {
        .place_bits = (whole->place_bits & ~((STRAND_SHORT_FLOWS - 1) << STRAND_FLOWS_SHIFT)) |
                      flows << STRAND_FLOWS_SHIFT,
        .peer = whole->peer,
        .ports = whole->ports,
        .packets_flags = share_of(spread, whole->packets_flags & packets_mask, start_ms, end_ms) |
                         (whole->packets_flags & ~packets_mask),
        .bytes = share_of(spread, whole->bytes, start_ms, end_ms),
        .times = first | last << 16,
    };
    struct strand_list *list = &log->shorts;
    if (list->at == list->end && !strand_list_grow(list, sizeof share, &settling->set->pool, err)) {
        return false;
    }
    memcpy(list->at, &share, sizeof share);
    list->at += sizeof share;
    return true;
}

/* Finds the open windows among `number` and those before it; the others are closed. */
static void find_reached(const struct window_set *set, int64_t number,
                         struct window *reached[SETTLE_REACH_WINDOWS_MAX + 1]) {
    for (int64_t back = 0; back <= SETTLE_REACH_WINDOWS_MAX; back++) {
        reached[back] = window_set_find(set, number - back);
    }
}

bool settle_chunk(struct window_set *set, struct window *window, struct error *err) {
    struct settling settling = settling_of(set);
    struct strand_list *longs = &window->conversations.longs;
    struct window *reached[SETTLE_REACH_WINDOWS_MAX + 1];
    find_reached(set, window->number, reached);
    const struct strand_chunk *chunk = NULL;
    struct strand_span span = strand_list_next(longs, sizeof(struct strand_long), &chunk);
    for (size_t at = 0; at < span.size; at += sizeof(struct strand_long)) {
        struct lasting lasting = lasting_of(&settling, span.data + at, window->number);
        int64_t first = spread_window(lasting.spread.from_ms, set->window_ms);
        assert(window->number - first <= SETTLE_REACH_WINDOWS_MAX);
        for (int64_t n = first; n <= window->number; n++) {
            struct window *open = reached[window->number - n];
            if (open == NULL) {
                continue;
            }
            open->conversations.carried_count -= n < window->number;
            if (!add_share(&settling, &open->conversations, &lasting, n, err)) {
                return false;
            }
        }
    }
    strand_list_drop(longs, sizeof(struct strand_long), &set->pool);
    return true;
}

/* When the record of a long entry began, without unpacking the rest. */
static int64_t from_ms_of(const struct settling *settling, const uint8_t *at, int64_t number) {
    struct strand_long entry;
    memcpy(&entry, at, sizeof entry);
    return number * settling->set->window_ms + entry.to_ms - entry.length_ms;
}

/* Gives `window` its shares of the long entries of `last`, where they stay. */
static bool take_shares(const struct settling *settling, struct window *window,
                        const struct window *last, struct error *err) {
    struct conversation_log *log = &window->conversations;
    const struct strand_list *longs = &last->conversations.longs;
    int64_t end_ms = (window->number + 1) * settling->set->window_ms;
    const struct strand_chunk *chunk = NULL;
    for (;;) {
        struct strand_span span = strand_list_next(longs, sizeof(struct strand_long), &chunk);
        if (chunk == NULL) {
            return true;
        }
        for (size_t at = 0; at < span.size; at += sizeof(struct strand_long)) {
            if (from_ms_of(settling, span.data + at, last->number) >= end_ms) {
                continue;
            }
            struct lasting lasting = lasting_of(settling, span.data + at, last->number);
            log->carried_count -= last != window;
            if (!add_share(settling, log, &lasting, window->number, err)) {
                return false;
            }
        }
    }
}

static void drop_longs(struct window_set *set, struct window *window) {
    while (window->conversations.longs.first != NULL) {
        strand_list_drop(&window->conversations.longs, sizeof(struct strand_long), &set->pool);
    }
}

bool settle_window(struct window_set *set, struct window *window, struct settle_due later,
                   struct error *err) {
    struct settling settling = settling_of(set);
    /* Most records end in the next window: what is still missing says when to stop. */
    const uint64_t *missing = &window->conversations.carried_count;
    bool ok = take_shares(&settling, window, window, err);
    int64_t last = window->number + SETTLE_REACH_WINDOWS_MAX;
    for (uint32_t i = 0; i<later.count && * missing> 0 && ok; i++) {
        ok = take_shares(&settling, window, later.windows[i], err);
    }
    for (int64_t n = window->number + 1; n <= last && *missing > 0 && ok; n++) {
        const struct window *open = window_set_find(set, n);
        ok = open == NULL || take_shares(&settling, window, open, err);
    }
    if (ok) {
        assert(window->conversations.carried_count == 0);
        drop_longs(set, window);
    }
    return ok;
}
