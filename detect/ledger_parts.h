/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_LEDGER_PARTS_H
#define WEIR_DETECT_LEDGER_PARTS_H

#include "detect/ledger.h"

/* What the files of the ledger share. */

/* Both lists ascend by group, so that a state has one form. No group is in both. */
struct ledger_list {
    struct ledger_entry entries[LEDGER_ENTRIES_MAX];
    struct ledger_entry waiting[LEDGER_WAITING_MAX];
    uint32_t entry_count;
    uint32_t waiting_count;
};

#define LEDGER_DAY_MS (INT64_C(24) * 3600 * 1000)

struct ledger_span {
    int64_t start_ms;
    int64_t end_ms;
};

/* Stays at the maximum. */
static inline uint64_t ledger_sum(uint64_t a, uint64_t b) {
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static inline int64_t ledger_last_s(const struct ledger_entry *entry) {
    return ledger_entry_last_ms(entry) / 1000;
}

/* Adds contacts, one a group, to the list: bytes out descending, then by address and group. */
void ledger_list_take(struct ledger_list *list, const struct ledger_contact *contacts,
                      uint32_t count, struct ledger_span window, uint64_t admit_bytes_min);

/* So many midnights pass, the last one in front of `now_s`. */
void ledger_list_fade(struct ledger_list *list, int64_t days, int64_t now_s, uint32_t memory_days);

/* A rule fired by the entry and it has not got enough more since. */
bool ledger_is_old_news(const struct ledger_entry *entry);

/* What fired is no news from now on. */
void ledger_say(struct ledger_entry *entry);

/* Room for the node, with its limits. Errors: ERROR_LIMIT. */
bool ledger_reserve(struct ledger *ledger, uint32_t node, struct error *err);

/* What the limits are of what the node and the fleet have. */
void ledger_limits(const struct ledger *ledger, struct ledger_node *node);

#endif
