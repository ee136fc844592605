/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EXCHANGE_PARTS_H
#define WEIR_DETECT_EXCHANGE_PARTS_H

#include "detect/exchange.h"

/* What the files of exchange share: exchange.c gathers and hands out, exchange_generation.c keeps
 * entries, exchange_bound.c bounds them, exchange_join.c knows what a conversation is,
 * exchange_state.c writes and reads. */

#define EXCHANGE_ENTRIES_BITS 26
#define EXCHANGE_ENTRIES_MAX (1u << EXCHANGE_ENTRIES_BITS)
#define EXCHANGE_NONE UINT32_MAX

static inline uint32_t exchange_node_of(const struct exchange_key *key) {
    return key->node_protocol >> 8;
}

static inline int64_t exchange_start_ms(const struct exchange_entry *entry) {
    return entry->last_ms - (int64_t)entry->age_ms;
}

static inline int64_t exchange_due_ms(const struct exchange *exchange,
                                      const struct exchange_entry *entry) {
    return exchange_start_ms(entry) + exchange->settings.reply_ms;
}

/* Whether no later window can continue it. */
static inline bool exchange_is_closed(const struct exchange_entry *entry, int64_t end_ms) {
    return entry->last_ms + EXCHANGE_SILENCE_MS < end_ms;
}

/* One that went on to a later generation, was evicted, or whose node is forgotten. */
#define EXCHANGE_GONE_MS (-(INT64_C(1) << 62))
static inline bool exchange_is_gone(const struct exchange_entry *entry) {
    return entry->last_ms == EXCHANGE_GONE_MS;
}

/* What was pending and due before `time_ms` without its node having been seen is passed. */
static inline bool exchange_pass(const struct exchange *exchange, struct exchange_entry *entry,
                                 int64_t time_ms) {
    bool is_passed =
        (entry->bits & EXCHANGE_PENDING) != 0 && exchange_due_ms(exchange, entry) < time_ms;
    if (is_passed) {
        entry->bits &= (uint16_t)~EXCHANGE_PENDING;
        entry->bits |= EXCHANGE_SAID | EXCHANGE_HALF;
    }
    return is_passed;
}

uint64_t exchange_local(struct address address);

/* By local, peer, ports and protocol; the node last, by index. */
int exchange_compare_keys(const struct exchange_key *a, const struct exchange_key *b);

static inline bool exchange_is_same_key(const struct exchange_key *a,
                                        const struct exchange_key *b) {
    return a->peer.low == b->peer.low && a->peer.high == b->peer.high && a->local == b->local &&
           a->local_port == b->local_port && a->peer_port == b->peer_port &&
           a->node_protocol == b->node_protocol;
}

/* An empty row of a key. Copied from a constant: where a structure of this size is assigned, gcc
 * clears it by a string instruction, which alone takes as long as all the rest. */
static inline void exchange_clear_row(struct exchange_row *row, const struct exchange_key *key) {
    static const struct exchange_row none = { .first = { UINT32_MAX, UINT32_MAX } };
    memcpy(row, &none, sizeof *row);
    row->key = *key;
}

/* Upper half of a hash without the node; that of strand_hash where the local address is IPv4. */
uint32_t exchange_hash(const struct exchange_key *key);

/* --- generations -------------------------------------------------------------------------- */

/* Names an entry of a generation, until generations are dropped or merged. */
static inline uint32_t exchange_reference(uint32_t generation, uint32_t index) {
    return generation << EXCHANGE_ENTRIES_BITS | index;
}

static inline struct exchange_entry *exchange_entry_at(const struct exchange *exchange,
                                                       uint32_t reference) {
    return &exchange->generations[reference >> EXCHANGE_ENTRIES_BITS]
                .entries[reference & (EXCHANGE_ENTRIES_MAX - 1)];
}

void generation_done(struct exchange_generation *generation);
uint64_t generation_memory_bytes(const struct exchange_generation *generation);

/* Empties it, with spans for so many nodes. Errors: ERROR_LIMIT. */
bool generation_reset(struct exchange_generation *generation, uint32_t node_count,
                      struct error *err);

/* Room for so many entries more, and the span of `node`. Errors: ERROR_LIMIT. */
bool generation_reserve(struct exchange_generation *generation, uint32_t node, uint32_t more,
                        struct error *err);

/* The entries from `first` on, by hash, are those of `node`. */
void generation_add_span(struct exchange_generation *generation, uint32_t node, uint32_t first);

static inline void generation_set_pending(struct exchange_generation *generation, uint32_t index,
                                          bool is_pending) {
    uint64_t *word = &generation->pending[index / 64];
    *word = (*word & ~(UINT64_C(1) << index % 64)) | (uint64_t)is_pending << index % 64;
}

/* Where the entries of one node lie in a generation: for many questions about one node. */
#define EXCHANGE_SCAN 8u
struct exchange_lookup {
    const uint32_t *hashes; /* of the generation */
    const uint32_t *starts; /* [1 << (32 - shift)] of the node's span */
    uint32_t shift;         /* 32: one bucket */
    uint32_t end;
};
/* False: there are none. The lookup must not outlive the generation's next change. */
bool generation_lookup(const struct exchange_generation *generation, uint32_t node,
                       struct exchange_lookup *lookup);

/* Those of a hash further on than EXCHANGE_SCAN entries. */
uint32_t generation_scan(const struct exchange_lookup *lookup, uint32_t at, uint32_t hash);

/* The first entry of the node with this hash, or EXCHANGE_NONE; its key may be another. */
static inline uint32_t generation_peek(const struct exchange_lookup *lookup, uint32_t hash) {
    typedef uint32_t quad __attribute__((vector_size(16)));
    typedef uint64_t pair __attribute__((vector_size(16)));
    uint32_t at = lookup->starts[(uint64_t)hash >> lookup->shift];
    const uint32_t *hashes = lookup->hashes + at;
    quad near;
    quad far;
    memcpy(&near, hashes, sizeof near); /* behind the last there are EXCHANGE_SCAN more */
    memcpy(&far, hashes + 4, sizeof far);
    quad wanted = { hash, hash, hash, hash };
    pair found = (pair)((near == wanted) | (far == wanted));
    if (__builtin_expect((found[0] | found[1]) != 0 || hashes[EXCHANGE_SCAN - 1] < hash, 0)) {
        return generation_scan(lookup, at, hash);
    }
    return EXCHANGE_NONE;
}

/* The living entry of a key, or EXCHANGE_NONE. */
uint32_t generation_find(const struct exchange_generation *generation,
                         const struct exchange_key *key, uint32_t hash);

/* Forgets an entry that lives. */
void exchange_drop(struct exchange *exchange, uint32_t generation, uint32_t index);

/* Gives up generations of which all is closed at `end_ms`, and merges others, so that there are at
 * most EXCHANGE_GENERATIONS_MAX and most of what they hold lives. Errors: ERROR_LIMIT. */
bool exchange_tidy(struct exchange *exchange, int64_t end_ms, struct error *err);

/* --- the rest ----------------------------------------------------------------------------- */

/* At the end of a window: evicts what is beyond the bound. Errors: ERROR_LIMIT. */
bool exchange_keep_bound(struct exchange *exchange, const struct roster *roster, struct error *err);

/* A conversation was seen: updates its entry, which holds its key and, unless it is new, what is
 * known, and fills the row's last part but for `entry`. */
void exchange_join(struct exchange *exchange, struct exchange_row *row,
                   struct exchange_entry *entry, bool is_new);

/* A conversation whose reply time ends in this window was not seen in it: fills all of the row but
 * `entry`. */
void exchange_judge(struct exchange *exchange, struct exchange_entry *entry,
                    struct exchange_row *row);

#endif
