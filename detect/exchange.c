/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the strands of a node and handing out its conversations. A conversation's slot is asked
 * for twice BURST conversations before it is joined, and its entry BURST before, so that a table
 * which no cache holds costs its memory's width and not its latency. */
#include "detect/exchange_parts.h"

#include "flow/radix.h"

#include <stdlib.h>

#define BURST 16u

bool exchange_init(struct exchange *exchange, const struct exchange_settings *settings,
                   struct error *err) {
    *exchange = (struct exchange){ .settings = *settings };
    if (settings->entries_max < 1 || settings->entries_max >= EXCHANGE_ENTRIES_MAX ||
        settings->reply_ms <= 0 || settings->reply_ms >= EXCHANGE_SILENCE_MS) {
        return error_set(err, ERROR_ARGUMENT,
                         "open conversations are 1 to %u, a reply's time 1 to %lld ms",
                         EXCHANGE_ENTRIES_MAX - 1, (long long)EXCHANGE_SILENCE_MS - 1);
    }
    service_map_fill(&exchange->services);
    return true;
}

void exchange_done(struct exchange *exchange) {
    exchange_table_done(exchange);
    free(exchange->pending);
    free(exchange->scratch);
    free(exchange->rows);
    free(exchange->uses);
    free(exchange->port_counts);
    free(exchange->port_keys);
    *exchange = (struct exchange){ 0 };
}

static int64_t due_ms(const struct exchange *exchange, const struct exchange_entry *entry) {
    return exchange_start_ms(entry) + exchange->settings.reply_ms;
}

/* Keeps what is pending and due at or after `end_ms`; the rest has passed. */
static void pass_pending(struct exchange *exchange, int64_t end_ms) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < exchange->pending_count; i++) {
        struct exchange_entry *entry = &exchange->entries[(uint32_t)exchange->pending[i]];
        if ((entry->bits & EXCHANGE_PENDING) != 0 && due_ms(exchange, entry) >= end_ms) {
            exchange->pending[kept++] = exchange->pending[i];
        } else if ((entry->bits & EXCHANGE_PENDING) != 0) {
            entry->bits &= (uint16_t)~EXCHANGE_PENDING;
            entry->bits |= EXCHANGE_SAID | EXCHANGE_HALF;
        }
    }
    exchange->pending_count = kept;
}

void exchange_begin(struct exchange *exchange, const struct exchange_window *window) {
    exchange->window = *window;
    pass_pending(exchange, window->start_ms);
    if (exchange->pending_count > 1) {
        radix_sort_u64(exchange->pending, exchange->scratch, exchange->pending_count, 32, 24);
    }
    exchange->pending_sorted = exchange->pending_count;
    exchange->row_count = 0;
}

static bool reserve_row(struct exchange *exchange, struct error *err) {
    if (exchange->row_count < exchange->row_capacity) {
        return true;
    }
    uint32_t capacity = 2 * exchange->row_capacity + 64;
    struct exchange_row *rows = realloc(exchange->rows, capacity * sizeof *rows);
    if (rows == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the conversations of a node");
    }
    exchange->rows = rows;
    exchange->row_capacity = capacity;
    return true;
}

/* Sums of 2^64 bytes are out of reach of one window, but not of hostile records. */
static void add_to(uint64_t *sum, uint64_t more) {
    *sum = more > UINT64_MAX - *sum ? UINT64_MAX : *sum + more;
}

static void add_strand(struct exchange_row *row, const struct strand *strand) {
    uint32_t side = strand->direction == DIRECTION_OUT ? SIDE_LOCAL : SIDE_PEER;
    if (strand->is_rejected) {
        row->is_rejected = true;
        add_to(side == SIDE_LOCAL ? &row->rejected_packets_out : &row->rejected_bytes_in,
               side == SIDE_LOCAL ? strand->packets : strand->bytes);
    } else {
        add_to(&row->bytes[side], strand->bytes);
        add_to(&row->packets[side], strand->packets);
    }
    row->first[side] = strand->first < row->first[side] ? strand->first : row->first[side];
    row->last = strand->last > row->last ? strand->last : row->last;
    row->flags[side] |= strand->tcp_flags;
}

bool exchange_take(void *context, const struct strand *strand, struct error *err) {
    struct exchange *exchange = context;
    if (strand->direction == DIRECTION_UNKNOWN) {
        return true;
    }
    struct exchange_key key = { .peer = strand->peer,
                                .local = exchange_local(strand->local),
                                .local_port = strand->local_port,
                                .peer_port = strand->peer_port,
                                .node_protocol = strand->protocol };
    bool is_behind = exchange->row_count > 0;
    bool is_other_point = is_behind && exchange->point != strand->point;
    exchange->is_many_points |= is_other_point;
    if (!is_behind || is_other_point ||
        memcmp(&exchange->rows[exchange->row_count - 1].key, &key, sizeof key) != 0) {
        if (!reserve_row(exchange, err)) {
            return false;
        }
        exchange->rows[exchange->row_count++] =
            (struct exchange_row){ .key = key, .first = { UINT32_MAX, UINT32_MAX } };
    }
    exchange->point = strand->point;
    add_strand(&exchange->rows[exchange->row_count - 1], strand);
    return true;
}

static int compare_rows(const void *a, const void *b) {
    return exchange_compare_keys(&((const struct exchange_row *)a)->key,
                                 &((const struct exchange_row *)b)->key);
}

static void merge_row(struct exchange_row *into, const struct exchange_row *from) {
    for (int s = 0; s < 2; s++) {
        add_to(&into->bytes[s], from->bytes[s]);
        add_to(&into->packets[s], from->packets[s]);
        into->first[s] = from->first[s] < into->first[s] ? from->first[s] : into->first[s];
        into->flags[s] |= from->flags[s];
    }
    add_to(&into->rejected_bytes_in, from->rejected_bytes_in);
    add_to(&into->rejected_packets_out, from->rejected_packets_out);
    into->last = from->last > into->last ? from->last : into->last;
    into->is_rejected |= from->is_rejected;
}

/* A conversation that several of a node's interfaces saw is one. */
static void merge_points(struct exchange *exchange) {
    qsort(exchange->rows, exchange->row_count, sizeof *exchange->rows, compare_rows);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < exchange->row_count; i++) {
        if (compare_rows(&exchange->rows[kept], &exchange->rows[i]) == 0) {
            merge_row(&exchange->rows[kept], &exchange->rows[i]);
        } else {
            exchange->rows[++kept] = exchange->rows[i];
        }
    }
    exchange->row_count = kept + 1;
}

static bool join_rows(struct exchange *exchange, uint32_t node, struct error *err) {
    struct exchange_row *rows = exchange->rows;
    uint32_t count = exchange->row_count;
    uint64_t hashes[4 * BURST]; /* a ring */
    for (uint32_t i = 0; i < count + 2 * BURST; i++) {
        if (i < count) {
            rows[i].key.node_protocol |= node << 8;
            hashes[i % (4 * BURST)] = exchange_table_hash(&rows[i].key);
            __builtin_prefetch(exchange_table_slot(exchange, hashes[i % (4 * BURST)]));
        }
        if (i >= BURST && i - BURST < count) {
            uint64_t hash = hashes[(i - BURST) % (4 * BURST)];
            __builtin_prefetch(exchange_table_peek(exchange, hash), 1);
        }
        if (i >= 2 * BURST) {
            uint32_t at = i - 2 * BURST;
            bool is_new;
            uint32_t index =
                exchange_table_find(exchange, &rows[at].key, hashes[at % (4 * BURST)], &is_new);
            if (!exchange_join(exchange, &rows[at], index, is_new, err)) {
                return false;
            }
        }
    }
    return true;
}

/* Room for the use of ports of `node`, and for two ports a row beside a full table. */
static bool reserve_node(struct exchange *exchange, uint32_t node, struct error *err) {
    if (node >= exchange->node_capacity) {
        uint32_t capacity = node + node / 2 + 64;
        struct port_use *uses = realloc(exchange->uses, capacity * sizeof *uses);
        if (uses == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the ports of %u nodes", capacity);
        }
        memset(uses + exchange->node_capacity, 0,
               (capacity - exchange->node_capacity) * sizeof *uses);
        exchange->uses = uses;
        exchange->node_capacity = capacity;
    }
    uint32_t need = 2 * exchange->row_count + PORT_USE_ROWS_MAX;
    if (need > exchange->port_capacity) {
        uint32_t *keys = realloc(exchange->port_keys, 2 * (size_t)need * sizeof *keys);
        exchange->port_keys = keys != NULL ? keys : exchange->port_keys;
        struct port_use_count *counts =
            keys == NULL ? NULL : realloc(exchange->port_counts, 2 * (size_t)need * sizeof *counts);
        if (counts == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the ports of a node");
        }
        exchange->port_counts = counts;
        exchange->port_capacity = 2 * need;
    }
    return true;
}

static int compare_u32(const void *a, const void *b) {
    uint32_t one = *(const uint32_t *)a;
    uint32_t other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* What later windows may know of the ports of this one. */
static void learn_ports(struct exchange *exchange, uint32_t node) {
    uint32_t *keys = exchange->port_keys;
    uint32_t key_count = exchange->port_key_count;
    qsort(keys, key_count, sizeof *keys, compare_u32);
    uint32_t at = 0;
    for (uint32_t side = 0; side < 2; side++) {
        uint32_t count = 0;
        while (at < key_count && keys[at] >> 16 == side) {
            uint32_t end = at;
            while (end < key_count && keys[end] == keys[at]) {
                end++;
            }
            exchange->port_counts[count++] =
                (struct port_use_count){ (uint16_t)keys[at], end - at };
            at = end;
        }
        if (count > 0) {
            port_use_add(&exchange->uses[node], side, exchange->port_counts, count);
        }
    }
}

/* Of what was pending before, and is due now, that which was not seen in this window. */
static bool judge_rest(struct exchange *exchange, uint32_t node, struct error *err) {
    uint32_t low = 0;
    uint32_t high = exchange->pending_sorted;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (exchange->pending[middle] >> 32 < node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < exchange->pending_sorted && exchange->pending[low] >> 32 == node; low++) {
        uint32_t index = (uint32_t)exchange->pending[low];
        const struct exchange_entry *entry = &exchange->entries[index];
        if ((entry->bits & EXCHANGE_PENDING) == 0 ||
            due_ms(exchange, entry) >= exchange->window.end_ms) {
            continue;
        }
        if (!reserve_row(exchange, err)) {
            return false;
        }
        exchange_judge(exchange, index, &exchange->rows[exchange->row_count++]);
    }
    return true;
}

bool exchange_node(struct exchange *exchange, uint32_t node, struct exchange_row **rows,
                   uint32_t *count, struct error *err) {
    if (exchange->is_many_points && exchange->row_count > 0) {
        merge_points(exchange);
    }
    exchange->is_many_points = false;
    exchange->port_key_count = 0;
    bool ok = reserve_node(exchange, node, err) &&
              exchange_table_reserve(exchange, exchange->row_count, err);
    if (ok) {
        port_use_enter(&exchange->uses[node], exchange->window.start_ms);
    }
    ok = ok && join_rows(exchange, node, err);
    ok = ok && judge_rest(exchange, node, err);
    if (ok && exchange->port_key_count > 0) {
        learn_ports(exchange, node);
    }
    *rows = exchange->rows;
    *count = ok ? exchange->row_count : 0;
    exchange->row_count = 0;
    return ok;
}

void exchange_mark(struct exchange *exchange, const struct exchange_row *row, uint8_t mark) {
    struct exchange_entry *entry = &exchange->entries[row->entry];
    entry->bits &= (uint16_t) ~(3u << EXCHANGE_MARK_SHIFT);
    entry->bits |= (uint16_t)((mark & 3u) << EXCHANGE_MARK_SHIFT);
}

bool exchange_end(struct exchange *exchange, const struct roster *roster, struct error *err) {
    pass_pending(exchange, exchange->window.end_ms);
    return exchange_table_settle(exchange, roster, err);
}

void exchange_forget(struct exchange *exchange, uint32_t node) {
    if (node < exchange->node_capacity) {
        exchange->uses[node] = (struct port_use){ 0 };
        exchange_table_sweep(exchange, node);
    }
}

uint64_t exchange_memory_bytes(const struct exchange *exchange) {
    uint64_t slots = exchange->slots == NULL ? 0 : sizeof *exchange->slots << exchange->slot_bits;
    return (uint64_t)exchange->entry_capacity * sizeof *exchange->entries + slots +
           (uint64_t)exchange->node_capacity * sizeof *exchange->uses;
}
