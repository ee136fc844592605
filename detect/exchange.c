/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the strands of a node and handing out its conversations. Which entry a conversation
 * may go on with is found for all of a node first, so that the entries are there when they are
 * asked for. */
#include "detect/exchange_parts.h"

#include "detect/strand_items.h"
#include "flow/radix.h"

#include <stdlib.h>

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
    for (uint32_t g = 0; g <= exchange->generation_count; g++) {
        generation_done(&exchange->generations[g]);
    }
    generation_done(&exchange->spare);
    free(exchange->rows);
    free(exchange->order);
    free(exchange->order_scratch);
    free(exchange->candidates);
    free(exchange->uses);
    free(exchange->port_counts);
    free(exchange->port_keys);
    *exchange = (struct exchange){ 0 };
}

void exchange_begin(struct exchange *exchange, const struct exchange_window *window) {
    exchange->window = *window;
    exchange->row_count = 0;
    exchange->is_many_points = false;
}

/* The generation that the open window fills, with room for the rows; NULL: no memory. */
static struct exchange_generation *open_generation(struct exchange *exchange, uint32_t node,
                                                   struct error *err) {
    struct exchange_generation *open = &exchange->generations[exchange->generation_count];
    if (open->spans == NULL) {
        *open = exchange->spare;
        exchange->spare = (struct exchange_generation){ 0 };
        if (!generation_reset(open, exchange->node_capacity, err)) {
            return NULL;
        }
    }
    return generation_reserve(open, node, exchange->row_count, err) ? open : NULL;
}

/* `*array` with room for `capacity` entries; what it holds stays, on failure too. */
static bool widen(void *array, uint64_t capacity, size_t entry_size) {
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = realloc(old, capacity * entry_size);
    if (grown != NULL) {
        memcpy(array, &grown, sizeof grown);
    }
    return grown != NULL;
}

/* Room for so many rows more, and for what orders them. */
static bool reserve_rows(struct exchange *exchange, uint32_t more, struct error *err) {
    uint64_t need = (uint64_t)exchange->row_count + more;
    if (need <= exchange->row_capacity) {
        return true;
    }
    uint64_t capacity = 2 * need + 64;
    if (capacity >= EXCHANGE_ENTRIES_MAX ||
        !widen(&exchange->rows, capacity, sizeof *exchange->rows) ||
        !widen(&exchange->order, capacity, sizeof *exchange->order) ||
        !widen(&exchange->order_scratch, capacity, sizeof *exchange->order_scratch) ||
        !widen(&exchange->candidates, capacity, sizeof *exchange->candidates)) {
        return error_set(err, ERROR_LIMIT, "no memory for the conversations of a node");
    }
    exchange->row_capacity = (uint32_t)capacity;
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

/* The row of a conversation: the last one, or a new one, for which there is room. `hash` is its
 * upper half. */
static inline struct exchange_row *row_of(struct exchange *exchange, const struct exchange_key *key,
                                          uint32_t point, uint32_t hash) {
    bool is_behind = exchange->row_count > 0;
    bool is_other_point = is_behind && exchange->point != point;
    struct exchange_row *last = exchange->rows + exchange->row_count - is_behind;
    exchange->is_many_points |= is_other_point;
    exchange->point = point;
    if (is_behind && !is_other_point && exchange_is_same_key(&last->key, key)) {
        return last;
    }
    exchange->order[exchange->row_count] = (uint64_t)hash << 32 | exchange->row_count;
    struct exchange_row *row = &exchange->rows[exchange->row_count++];
    exchange_clear_row(row, key);
    return row;
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
    if (!reserve_rows(exchange, 1, err)) {
        return false;
    }
    add_strand(row_of(exchange, &key, strand->point, exchange_hash(&key)), strand);
    return true;
}

/* A short strand into its row. */
static void add_short(struct exchange_row *row, const struct strand_short *packed) {
    uint32_t side = (packed->place_bits >> STRAND_DIRECTION_SHIFT & 3) == DIRECTION_OUT ? SIDE_LOCAL
                                                                                        : SIDE_PEER;
    uint32_t packets = packed->packets_flags & (STRAND_SHORT_PACKETS - 1);
    uint32_t first = packed->times & 0xffff;
    uint32_t last = packed->times >> 16;
    if (__builtin_expect((packed->place_bits >> STRAND_REJECTED_SHIFT & 1) != 0, 0)) {
        row->is_rejected = true;
        add_to(side == SIDE_LOCAL ? &row->rejected_packets_out : &row->rejected_bytes_in,
               side == SIDE_LOCAL ? packets : packed->bytes);
    } else {
        add_to(&row->bytes[side], packed->bytes);
        add_to(&row->packets[side], packets);
    }
    row->first[side] = first < row->first[side] ? first : row->first[side];
    row->last = last > row->last ? last : row->last;
    row->flags[side] |= (uint8_t)(packed->packets_flags >> STRAND_PACKETS_BITS);
}

static struct exchange_key key_of_short(const struct strand_short *packed, uint64_t local) {
    return (struct exchange_key){ .peer = address_from_ipv4(packed->peer),
                                  .local = local,
                                  .local_port = (uint16_t)packed->ports,
                                  .peer_port = (uint16_t)(packed->ports >> 16),
                                  .node_protocol = packed->place_bits >> STRAND_PROTOCOL_SHIFT };
}

bool exchange_take_items(struct exchange *exchange, const struct strand_items *items,
                         uint32_t first, uint32_t end, struct error *err) {
    if (!reserve_rows(exchange, end - first, err)) {
        return false;
    }
    struct strand_short head; /* of the last row */
    struct exchange_row *row = NULL;
    uint32_t place = PLACE_NONE;
    uint64_t local = 0;
    for (uint32_t i = first; i < end; i++) {
        uint64_t at = items->keys[i];
        __builtin_prefetch(strand_items_ahead(items, i));
        if (__builtin_expect(strand_items_is_wide(items, at), 0)) {
            struct strand strand;
            strand_items_load(items, i, &strand);
            row = NULL;
            if (!exchange_take(exchange, &strand, err)) {
                return false;
            }
            continue;
        }
        struct strand_short packed;
        memcpy(&packed, strand_items_at(items, at), sizeof packed);
        if ((packed.place_bits >> STRAND_DIRECTION_SHIFT & 3) == DIRECTION_UNKNOWN) {
            continue;
        }
        if (row == NULL || !strand_short_is_same(&head, &packed)) {
            uint32_t here = strand_place(packed.place_bits);
            local = here == place ? local : exchange_local(items->points->places[here].local);
            place = here;
            struct exchange_key key = key_of_short(&packed, local);
            bool is_ipv4 = local >> 63 == 0; /* then the item's hash is that of the key */
            uint32_t hash = is_ipv4 ? (uint32_t)(at >> 32) : exchange_hash(&key);
            row = row_of(exchange, &key, items->points->places[here].point, hash);
            head = packed;
        }
        add_short(row, &packed);
    }
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
    for (uint32_t i = 0; i < exchange->row_count; i++) {
        exchange->order[i] = (uint64_t)exchange_hash(&exchange->rows[i].key) << 32 | i;
    }
}

/* A few are sorted before a radix sort has cleared its counters. */
static void sort_order(uint64_t *order, uint64_t *scratch, uint32_t count) {
    if (count > 64) {
        radix_sort_u64(order, scratch, count, 32, 32);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        uint64_t row = order[i];
        uint32_t at = i;
        for (; at > 0 && order[at - 1] > row; at--) {
            order[at] = order[at - 1];
        }
        order[at] = row;
    }
}

/* The rows by hash. Mostly they are: strands come so, but for those of local IPv6 addresses, and
 * those of several points. */
static void order_rows(struct exchange *exchange) {
    uint64_t *order = exchange->order;
    bool is_sorted = true;
    for (uint32_t i = 1; i < exchange->row_count; i++) {
        is_sorted &= order[i - 1] <= order[i];
    }
    if (!is_sorted) {
        sort_order(order, exchange->order_scratch, exchange->row_count);
    }
}

/* The newest generation's entry of each row's hash, as a reference. */
static void find_candidates(const struct exchange *exchange, uint32_t node) {
    struct exchange_lookup lookups[EXCHANGE_GENERATIONS_MAX + 1];
    uint32_t generations[EXCHANGE_GENERATIONS_MAX + 1];
    uint32_t count = 0;
    for (uint32_t g = exchange->generation_count; g > 0; g--) {
        generations[count] = g - 1;
        count += generation_lookup(&exchange->generations[g - 1], node, &lookups[count]);
    }
    for (uint32_t i = 0; i < exchange->row_count; i++) {
        uint32_t hash = (uint32_t)(exchange->order[i] >> 32);
        uint32_t candidate = EXCHANGE_NONE;
        for (uint32_t k = 0; k < count; k++) {
            uint32_t index = generation_peek(&lookups[k], hash);
            if (index != EXCHANGE_NONE) {
                candidate = exchange_reference(generations[k], index);
                __builtin_prefetch(exchange_entry_at(exchange, candidate), 1);
                break;
            }
        }
        exchange->candidates[i] = candidate;
    }
}

/* Takes over what is known of the key, and forgets it where it was; false: it is new. */
static bool take_over(struct exchange *exchange, uint32_t candidate, uint32_t hash,
                      struct exchange_entry *entry) {
    uint32_t g = candidate >> EXCHANGE_ENTRIES_BITS;
    uint32_t index = candidate & (EXCHANGE_ENTRIES_MAX - 1);
    const struct exchange_entry *first = &exchange->generations[g].entries[index];
    bool is_found = !exchange_is_gone(first) && exchange_is_same_key(&first->key, &entry->key);
    if (__builtin_expect(!is_found, 0)) { /* another of that hash, or one that has gone on */
        for (g++; g > 0 && !is_found; g -= !is_found) {
            index = generation_find(&exchange->generations[g - 1], &entry->key, hash);
            is_found = index != EXCHANGE_NONE;
        }
        if (!is_found) {
            return false;
        }
        g--;
    }
    *entry = exchange->generations[g].entries[index];
    exchange_drop(exchange, g, index);
    (void)exchange_pass(exchange, entry, exchange->window.start_ms);
    return true;
}

static void join_row(struct exchange *exchange, struct exchange_generation *open, uint32_t node,
                     uint64_t order, uint32_t candidate) {
    struct exchange_row *row = &exchange->rows[(uint32_t)order];
    uint32_t hash = (uint32_t)(order >> 32);
    uint32_t index = open->count++;
    struct exchange_entry *entry = &open->entries[index];
    row->key.node_protocol |= node << 8;
    entry->key = row->key;
    bool is_known = candidate != EXCHANGE_NONE && take_over(exchange, candidate, hash, entry);
    exchange_join(exchange, row, entry, !is_known);
    open->hashes[index] = hash;
    generation_set_pending(open, index, (entry->bits & EXCHANGE_PENDING) != 0);
    open->last_ms = entry->last_ms > open->last_ms ? entry->last_ms : open->last_ms;
    row->entry = exchange_reference(exchange->generation_count, index);
}

static bool join_rows(struct exchange *exchange, uint32_t node, struct error *err) {
    struct exchange_generation *open = open_generation(exchange, node, err);
    if (open == NULL) {
        return false;
    }
    order_rows(exchange);
    uint32_t count = exchange->row_count;
    uint32_t first = open->count;
    find_candidates(exchange, node);
    for (uint32_t i = 0; i < count; i++) {
        join_row(exchange, open, node, exchange->order[i], exchange->candidates[i]);
    }
    open->live_count += count;
    exchange->entry_count += count;
    generation_add_span(open, node, first);
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

#define JUDGE_AHEAD 12

/* What is due now of the pending ones [first, end) of a generation. */
static bool judge_span(struct exchange *exchange, uint32_t g, uint32_t first, uint32_t end,
                       struct error *err) {
    struct exchange_generation *generation = &exchange->generations[g];
    for (uint32_t at = first; at < end; at = (at / 64 + 1) * 64) {
        uint64_t bits = generation->pending[at / 64] & (UINT64_MAX << at % 64);
        if (end - at / 64 * 64 < 64) {
            bits &= (UINT64_C(1) << end % 64) - 1;
        }
        for (; bits != 0; bits &= bits - 1) {
            uint32_t index = at / 64 * 64 + (uint32_t)__builtin_ctzll(bits);
            struct exchange_entry *entry = &generation->entries[index];
            __builtin_prefetch(entry + JUDGE_AHEAD);
            if (exchange_pass(exchange, entry, exchange->window.start_ms)) {
                generation_set_pending(generation, index, false);
                continue;
            }
            if (exchange_due_ms(exchange, entry) >= exchange->window.end_ms) {
                continue;
            }
            if (!reserve_rows(exchange, 1, err)) {
                return false;
            }
            struct exchange_row *row = &exchange->rows[exchange->row_count++];
            exchange_judge(exchange, entry, row);
            row->entry = exchange_reference(g, index);
            generation_set_pending(generation, index, false);
        }
    }
    return true;
}

/* Of what was pending before, and is due now, that which was not seen in this window. */
static bool judge_rest(struct exchange *exchange, uint32_t node, struct error *err) {
    for (uint32_t g = 0; g < exchange->generation_count; g++) {
        const struct exchange_generation *generation = &exchange->generations[g];
        if (node >= generation->span_capacity) {
            continue;
        }
        struct exchange_span span = generation->spans[node];
        if (!judge_span(exchange, g, span.first, span.first + span.count, err)) {
            return false;
        }
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
    bool ok = reserve_node(exchange, node, err);
    if (ok) {
        port_use_enter(&exchange->uses[node], exchange->window.start_ms);
    }
    ok = ok && (exchange->row_count == 0 || join_rows(exchange, node, err));
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
    struct exchange_entry *entry = exchange_entry_at(exchange, row->entry);
    entry->bits &= (uint16_t) ~(3u << EXCHANGE_MARK_SHIFT);
    entry->bits |= (uint16_t)((mark & 3u) << EXCHANGE_MARK_SHIFT);
}

bool exchange_end(struct exchange *exchange, const struct roster *roster, struct error *err) {
    exchange->generation_count += exchange->generations[exchange->generation_count].spans != NULL;
    return exchange_tidy(exchange, exchange->window.end_ms, err) &&
           exchange_keep_bound(exchange, roster, err);
}

void exchange_forget(struct exchange *exchange, uint32_t node) {
    if (node < exchange->node_capacity) {
        exchange->uses[node] = (struct port_use){ 0 };
    }
    for (uint32_t g = 0; g < exchange->generation_count; g++) {
        struct exchange_generation *generation = &exchange->generations[g];
        if (node >= generation->span_capacity) {
            continue;
        }
        struct exchange_span *span = &generation->spans[node];
        for (uint32_t i = span->first; i < span->first + span->count; i++) {
            if (!exchange_is_gone(&generation->entries[i])) {
                exchange_drop(exchange, g, i);
            }
        }
        span->count = 0;
    }
}

uint64_t exchange_memory_bytes(const struct exchange *exchange) {
    uint64_t bytes = generation_memory_bytes(&exchange->spare) +
                     (uint64_t)exchange->node_capacity * sizeof *exchange->uses;
    for (uint32_t g = 0; g <= exchange->generation_count; g++) {
        bytes += generation_memory_bytes(&exchange->generations[g]);
    }
    return bytes;
}
