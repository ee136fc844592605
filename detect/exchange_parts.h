/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EXCHANGE_PARTS_H
#define WEIR_DETECT_EXCHANGE_PARTS_H

#include "detect/exchange.h"

/* What the files of exchange share: exchange.c gathers and hands out, exchange_table.c keeps
 * entries, exchange_join.c knows what a conversation is, exchange_state.c writes and reads. */

#define EXCHANGE_ENTRIES_MAX (1u << 26)

static inline uint32_t exchange_node_of(const struct exchange_key *key) {
    return key->node_protocol >> 8;
}

static inline int64_t exchange_start_ms(const struct exchange_entry *entry) {
    return entry->last_ms - (int64_t)entry->age_ms;
}

/* Whether no later window can continue it. */
static inline bool exchange_is_closed(const struct exchange_entry *entry, int64_t end_ms) {
    return entry->last_ms + EXCHANGE_SILENCE_MS < end_ms;
}

uint64_t exchange_local(struct address address);

/* By local, peer, ports and protocol; the node last, by index. */
int exchange_compare_keys(const struct exchange_key *a, const struct exchange_key *b);

/* Accepts a zeroed one. */
void exchange_table_done(struct exchange *exchange);

/* Room for so many entries more. Errors: ERROR_LIMIT. */
bool exchange_table_reserve(struct exchange *exchange, uint32_t more, struct error *err);

uint64_t exchange_table_hash(const struct exchange_key *key);
const uint32_t *exchange_table_slot(const struct exchange *exchange, uint64_t hash);
/* The entry that a slot names first; any address where it names none. */
const void *exchange_table_peek(const struct exchange *exchange, uint64_t hash);
/* The index of the key's entry; adds one, zeroed but for its key, when there is none. */
uint32_t exchange_table_find(struct exchange *exchange, const struct exchange_key *key,
                             uint64_t hash, bool *is_new);

/* At the end of a window: keeps the bound, and sweeps when enough has come. Errors: ERROR_LIMIT. */
bool exchange_table_settle(struct exchange *exchange, const struct roster *roster,
                           struct error *err);
/* Drops closed entries, and those of `node` (EXCHANGE_NODES_MAX: of none). */
void exchange_table_sweep(struct exchange *exchange, uint32_t node);

/* A conversation was seen: updates its entry and fills the row's last part. Errors: ERROR_LIMIT
 * (memory for what is pending). */
bool exchange_join(struct exchange *exchange, struct exchange_row *row, uint32_t index, bool is_new,
                   struct error *err);

/* A conversation whose reply time ends in this window was not seen in it: fills all of the row. */
void exchange_judge(struct exchange *exchange, uint32_t index, struct exchange_row *row);

#endif
