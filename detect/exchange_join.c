/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of one conversation, moved on by one window. */
#include "detect/exchange_parts.h"

#define PROTOCOL_TCP 6
#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10

/* A connection that the peer began and left: so many packets with SYN alone, in so short a time. */
#define HALF_PACKETS_MAX 3u
#define HALF_AGE_MAX_MS 10000u
/* An answer that refuses is one packet of at most so many bytes to at most so many of ours. One
 * that came less than so long before the end of the window may be the first of many. */
#define REFUSAL_BYTES_MAX 60u
#define REFUSAL_PACKETS_OUT_MAX 2u
#define REFUSAL_REST_MS 2000
/* A reset without any SYN of the peer's behind more packets than this ends what we did not see
 * begin. */
#define RESET_PACKETS_MAX 3u

static uint64_t plus(uint64_t a, uint64_t b, uint64_t most) {
    return a > most || b > most - a ? most : a + b;
}

static bool is_tcp(const struct exchange_entry *entry) {
    return (entry->key.node_protocol & 0xff) == PROTOCOL_TCP;
}

static bool has_both(const struct exchange_entry *entry, uint32_t bit) {
    uint32_t both = bit | bit << 1;
    return (entry->bits & both) == both;
}

static uint16_t bits_of(bool peer, bool local, uint32_t bit) {
    return (uint16_t)((peer ? bit : 0) | (local ? bit << 1 : 0));
}

/* Takes the row's sums into the entry. `first_ms` and `last_ms` are the row's. */
static void update(struct exchange_entry *entry, const struct exchange_row *row, bool is_new,
                   int64_t first_ms, int64_t last_ms) {
    bool has_sent[2] = { row->first[0] != UINT32_MAX, row->first[1] != UINT32_MAX };
    if (is_new) {
        *entry = (struct exchange_entry){ .key = entry->key, .bits = EXCHANGE_PENDING };
        entry->last_ms = first_ms;
        entry->bits |=
            bits_of(row->first[0] < row->first[1], row->first[1] < row->first[0], EXCHANGE_FIRST);
    }
    int64_t more_ms = last_ms > entry->last_ms ? last_ms - entry->last_ms : 0;
    entry->age_ms = (uint32_t)plus(entry->age_ms, (uint64_t)more_ms, UINT32_MAX);
    entry->last_ms += more_ms;
    entry->bits |= bits_of(has_sent[0], has_sent[1], EXCHANGE_SENT);
    entry->bits |= bits_of(row->packets[0] > 0, row->packets[1] > 0, EXCHANGE_DELIVERED);
    entry->bits |= (uint16_t)(row->is_rejected ? EXCHANGE_REJECTED : 0);
    entry->flags[0] |= row->flags[0];
    entry->flags[1] |= row->flags[1];
    if ((entry->bits & EXCHANGE_PENDING) != 0) {
        uint64_t packets_out = plus(row->packets[1], row->rejected_packets_out, UINT64_MAX);
        uint64_t bytes_in = plus(row->bytes[0], row->rejected_bytes_in, UINT64_MAX);
        entry->bytes_in = plus(entry->bytes_in, bytes_in, UINT64_MAX);
        entry->packets_out = (uint32_t)plus(entry->packets_out, packets_out, UINT32_MAX);
        entry->packets_in = (uint16_t)plus(entry->packets_in, row->packets[0], UINT16_MAX);
        entry->windows_out = (uint8_t)plus(entry->windows_out, packets_out > 0, UINT8_MAX);
    }
}

static struct initiator_guess guess_wholly(const struct exchange *exchange,
                                           const struct exchange_entry *entry,
                                           const bool is_service[2]) {
    const struct exchange_key *key = &entry->key;
    struct initiator_view view = {
        .ports = { key->peer_port, key->local_port },
        .flags = { entry->flags[0], entry->flags[1] },
        .protocol = (uint8_t)(key->node_protocol & 0xff),
    };
    for (int s = 0; s < 2; s++) {
        view.has_sent[s] = (entry->bits & EXCHANGE_SENT << s) != 0;
        view.is_first[s] = (entry->bits & EXCHANGE_FIRST << s) != 0;
        view.is_service[s] = is_service[s];
    }
    if (initiator_asks_use(&view)) {
        const struct port_use *use = &exchange->uses[exchange_node_of(key)];
        view.uses[SIDE_PEER] = port_use_of(use, SIDE_PEER, key->peer_port);
        view.uses[SIDE_LOCAL] = port_use_of(use, SIDE_LOCAL, key->local_port);
    }
    return initiator_guess(&view);
}

static inline struct initiator_guess guess(const struct exchange *exchange,
                                           const struct exchange_entry *entry, bool *asks_use) {
    const struct exchange_key *key = &entry->key;
    const struct service_map *services = &exchange->services;
    bool is_service[2] = {
        (service_flags_of(services, key->peer_port) & SERVICE_SERVER) != 0,
        (service_flags_of(services, key->local_port) & SERVICE_SERVER) != 0,
    };
    *asks_use = is_service[0] == is_service[1];
    if (__builtin_expect(*asks_use | (((entry->flags[0] | entry->flags[1]) & FLAG_SYN) != 0), 0)) {
        return guess_wholly(exchange, entry, is_service);
    }
    return initiator_guess_plainly(
        (uint8_t)(key->node_protocol & 0xff), (entry->bits & EXCHANGE_SENT << SIDE_PEER) != 0,
        (entry->bits & EXCHANGE_SENT << SIDE_LOCAL) != 0, is_service[SIDE_PEER]);
}

/* What follows is as good as random from one conversation to the next, so that it is computed
 * without branches: & instead of && where both sides are at hand. */

/* Whether flags say that the peer reset what it never accepted. */
static bool is_reset(const struct exchange_entry *entry) {
    return is_tcp(entry) & ((entry->flags[SIDE_PEER] & (FLAG_RST | FLAG_SYN)) == FLAG_RST) &
           (entry->packets_in <= RESET_PACKETS_MAX);
}

/* Whether, where no flags are told, the answer is as small as one that refuses. */
static bool is_tiny(const struct exchange_entry *entry) {
    return is_tcp(entry) & ((entry->flags[0] | entry->flags[1]) == 0) & (entry->packets_in <= 1) &
           (entry->packets_out <= REFUSAL_PACKETS_OUT_MAX) & (entry->bytes_in <= REFUSAL_BYTES_MAX);
}

static bool is_half_by_flags(const struct exchange_entry *entry, const struct exchange_row *row) {
    uint8_t all = FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_PSH | FLAG_ACK;
    return row->is_first & ((entry->flags[SIDE_PEER] & all) == FLAG_SYN) &
           (row->packets[SIDE_PEER] <= HALF_PACKETS_MAX) & (entry->age_ms < HALF_AGE_MAX_MS);
}

/* Whether anything of a pending conversation is still waited for: an answer, unless it was
 * rejected; of ours with a tiny one, that it may be the first of many. */
static bool is_waiting(const struct exchange *exchange, const struct exchange_entry *entry,
                       bool is_ours) {
    int64_t end_ms = exchange->window.end_ms;
    bool is_replied = has_both(entry, EXCHANGE_DELIVERED);
    bool is_rejected = (entry->bits & EXCHANGE_REJECTED) != 0;
    bool may_go_on = is_ours & is_tiny(entry) & (entry->last_ms + REFUSAL_REST_MS > end_ms);
    return (exchange_due_ms(exchange, entry) >= end_ms) & (is_replied ? may_go_on : !is_rejected);
}

/* Says, once, that a conversation failed, was refused or is half open. */
static void say(struct exchange_entry *entry, struct exchange_row *row, bool is_pending) {
    uint32_t bits = entry->bits;
    bool is_ours = row->side == SIDE_LOCAL;
    bool is_connection = is_tcp(entry);
    bool was_reset = is_reset(entry);
    bool was_tiny = is_tiny(entry);
    bool is_begun = is_half_by_flags(entry, row);
    bool is_silent = !is_pending & !row->is_replied; /* and nothing is waited for */
    bool may_say = is_ours & ((bits & EXCHANGE_SAID) == 0);
    bool is_failed = may_say & (((bits & EXCHANGE_REJECTED) != 0) | is_silent);
    bool is_refused =
        may_say & !is_failed & row->is_replied & (was_reset | (!is_pending & was_tiny));
    bool was_pending = (bits & EXCHANGE_PENDING) != 0;
    bool is_half = !is_ours & is_connection & ((bits & EXCHANGE_HALF) == 0) &
                   ((was_pending & is_silent) | is_begun);
    bool is_said = !is_pending | is_failed | is_refused;
    bits |= is_said ? EXCHANGE_SAID : 0;
    bits |= is_half ? EXCHANGE_HALF : 0;
    bits &= is_pending ? UINT32_MAX : ~(uint32_t)EXCHANGE_PENDING;
    row->is_failed = is_failed;
    row->is_refused = is_refused;
    row->is_half = is_half;
    entry->bits = (uint16_t)bits;
}

/* Fills what the row says of the conversation. */
static inline void conclude(struct exchange *exchange, struct exchange_entry *entry,
                            struct exchange_row *row, bool *asks_use) {
    struct initiator_guess opener = guess(exchange, entry, asks_use);
    bool was_pending = (entry->bits & EXCHANGE_PENDING) != 0;
    bool is_pending = was_pending & is_waiting(exchange, entry, opener.side == SIDE_LOCAL);
    row->side = (uint8_t)opener.side;
    row->rule = (uint8_t)opener.rule;
    row->has_sent = (entry->bits & EXCHANGE_SENT << SIDE_LOCAL) != 0;
    row->is_replied = has_both(entry, EXCHANGE_DELIVERED);
    row->is_pending = is_pending & !row->is_replied;
    row->marks = (uint8_t)(entry->bits >> EXCHANGE_MARK_SHIFT & 3);
    say(entry, row, is_pending);
    uint64_t packets_out = plus(row->packets[1], row->rejected_packets_out, UINT64_MAX);
    uint64_t bytes_in = plus(row->bytes[0], row->rejected_bytes_in, UINT64_MAX);
    uint64_t is_told = 0 - (uint64_t)(!row->is_replied & !is_pending); /* all bits, or none */
    row->unreplied_bytes_in = (was_pending ? entry->bytes_in : bytes_in) & is_told;
    row->unreplied_packets_out = (was_pending ? entry->packets_out : packets_out) & is_told;
    row->unreplied_windows =
        (uint8_t)((was_pending ? entry->windows_out : packets_out > 0) & is_told);
}

/* A new conversation between two ports of one kind counts as a use of both. There is room. */
static void count_use(struct exchange *exchange, const struct exchange_key *key) {
    exchange->port_keys[exchange->port_key_count++] = (uint32_t)SIDE_PEER << 16 | key->peer_port;
    exchange->port_keys[exchange->port_key_count++] = (uint32_t)SIDE_LOCAL << 16 | key->local_port;
}

void exchange_join(struct exchange *exchange, struct exchange_row *row,
                   struct exchange_entry *entry, bool is_new) {
    const struct exchange_window *window = &exchange->window;
    uint32_t first = row->first[0] < row->first[1] ? row->first[0] : row->first[1];
    int64_t first_ms = window->start_ms + ((int64_t)first << window->time_shift);
    int64_t last_ms = window->start_ms + ((int64_t)row->last << window->time_shift);
    is_new = is_new || first_ms > entry->last_ms + EXCHANGE_SILENCE_MS;
    update(entry, row, is_new, first_ms, last_ms);
    row->is_first = is_new;
    bool asks_use;
    conclude(exchange, entry, row, &asks_use);
    if (is_new && asks_use) {
        count_use(exchange, &entry->key);
    }
}

void exchange_judge(struct exchange *exchange, struct exchange_entry *entry,
                    struct exchange_row *row) {
    bool asks_use;
    exchange_clear_row(row, &entry->key);
    conclude(exchange, entry, row, &asks_use);
}
