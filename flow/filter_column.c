/* SPDX-License-Identifier: Apache-2.0 */
/* One term over the columns of a batch.
 *
 * What is asked of an address, a node or a flow log is asked once for each of the batch, into a
 * table of bytes, and the column then only looks it up. Most tables of a real question are empty
 * (nobody talked to these) or hold one entry: then no column is read, or one compared.
 *
 * Estimate for `src X`: 2 bytes a record read, 1 bit written; the table costs some 2 ns an address.
 */
#include "flow/filter_match.h"

/* From so many ranges on, one pass with a table beats a pass a range. */
#define RANGES_MAX 4u

/* How many entries of `hits` are set, out of how many, and the last of them. */
struct hits {
    uint32_t count;
    uint32_t total;
    uint32_t last;
};

static void choose_side(uint16_t *restrict out, const struct batch *batch, bool is_peer) {
    const uint8_t *restrict direction = batch->direction;
    const uint16_t *restrict incoming = is_peer ? batch->src : batch->dst;
    const uint16_t *restrict other = is_peer ? batch->dst : batch->src;
    for (uint32_t i = 0; i < batch->count; i++) {
        out[i] = direction[i] == DIRECTION_IN ? incoming[i] : other[i];
    }
}

/* The codes of a side that is not a column; filled on first use. */
static const uint16_t *local_column(const struct filter_matcher *m) {
    if (!m->scratch->is_local_filled) {
        choose_side(m->scratch->local, m->batch, false);
        m->scratch->is_local_filled = true;
    }
    return m->scratch->local;
}

static const uint16_t *peer_column(const struct filter_matcher *m) {
    if (!m->scratch->is_peer_filled) {
        choose_side(m->scratch->peer, m->batch, true);
        m->scratch->is_peer_filled = true;
    }
    return m->scratch->peer;
}

static void add_hit(struct hits *hits, uint8_t *table, uint32_t at, bool is_hit) {
    table[at] = is_hit;
    hits->count += is_hit;
    hits->last = is_hit ? at : hits->last;
}

/* One range of IPv4 is the commonest set (an address, a CIDR), and needs no search. */
static struct hits hit_ipv4_range(const struct filter_matcher *m, struct ipv4_range range) {
    const struct dictionary *addresses = &m->batch->addresses;
    uint64_t first = UINT64_C(0xffff00000000) | range.first;
    uint64_t span = range.last - range.first;
    uint8_t *table = m->scratch->hits;
    struct hits hits = { .total = addresses->count };
    for (uint32_t code = 0; code < addresses->count; code++) {
        struct address address = addresses->values[code];
        add_hit(&hits, table, code, (address.high == 0) & (address.low - first <= span));
    }
    return hits;
}

static struct hits hit_addresses(const struct filter_matcher *m, const struct address_set *set) {
    if (set->ipv4_count == 1 && set->ipv6_count == 0) {
        return hit_ipv4_range(m, set->ipv4[0]);
    }
    const struct dictionary *addresses = &m->batch->addresses;
    struct hits hits = { .total = addresses->count };
    for (uint32_t code = 0; code < addresses->count; code++) {
        add_hit(&hits, m->scratch->hits, code, address_set_has(set, addresses->values[code]));
    }
    return hits;
}

static struct hits hit_class(const struct filter_matcher *m, enum address_class address_class) {
    const struct dictionary *addresses = &m->batch->addresses;
    struct hits hits = { .total = addresses->count };
    for (uint32_t code = 0; code < addresses->count; code++) {
        bool is_hit = address_classify(addresses->values[code]) == address_class;
        add_hit(&hits, m->scratch->hits, code, is_hit);
    }
    return hits;
}

/* A column through the table of hits, by the cheapest way. */
static void look_up(const struct filter_matcher *m, struct hits hits, const uint16_t *column,
                    uint64_t *out) {
    if (hits.count == 0 || hits.count == hits.total) {
        filter_bits_fill(out, m->words, hits.count != 0);
    } else if (hits.count == 1) {
        m->kernel->range_u16(out, column, m->words, (uint16_t)hits.last, (uint16_t)hits.last);
    } else {
        m->kernel->lookup_u16(out, column, m->words, m->scratch->hits);
    }
}

static void look_up_side(const struct filter_matcher *m, enum filter_side side, struct hits hits,
                         uint64_t *out) {
    switch (side) {
    case FILTER_EITHER:
        look_up(m, hits, m->batch->src, out);
        look_up(m, hits, m->batch->dst, m->scratch->term);
        filter_bits_join(out, m->scratch->term, m->words);
        return;
    case FILTER_SRC: look_up(m, hits, m->batch->src, out); return;
    case FILTER_DST: look_up(m, hits, m->batch->dst, out); return;
    case FILTER_PEER: look_up(m, hits, peer_column(m), out); return;
    case FILTER_LOCAL: look_up(m, hits, local_column(m), out); return;
    }
}

static void match_node_term(const struct filter_matcher *m, const struct filter_node *node,
                            uint64_t *out) {
    struct hits hits = { .total = m->batch->node_count };
    for (uint32_t id = 0; id < m->batch->node_count; id++) {
        add_hit(&hits, m->scratch->hits, id, filter_has_node(node, &m->batch->nodes[id]));
    }
    look_up(m, hits, m->batch->node, out);
    if (filter_has_addresses(node)) {
        hits = hit_addresses(m, &node->values->all_addresses);
        look_up_side(m, node->side, hits, m->scratch->term);
        filter_bits_join(out, m->scratch->term, m->words);
    }
}

static void match_flow_log(const struct filter_matcher *m, const struct filter_node *node,
                           uint64_t *out) {
    for (uint32_t id = 0; id < m->batch->flow_log_count; id++) {
        m->scratch->hits[id] = filter_has_name(node, m->batch->flow_logs[id]);
    }
    m->kernel->lookup_u8(out, m->batch->flow_log, m->words, m->scratch->hits);
}

/* The table of a term's numbers, up to `maximum`. */
static void fill_numbers(const struct filter_matcher *m, const struct filter_node *node,
                         uint16_t maximum) {
    memset(m->scratch->hits, 0, (size_t)maximum + 1);
    for (uint32_t i = 0; i < node->values->all_number_count; i++) {
        struct number_range range = node->values->all_numbers[i];
        memset(m->scratch->hits + range.first, 1, (size_t)(range.last - range.first) + 1);
    }
}

/* out |= column in one of the ranges, a pass a range. */
static void join_ranges(const struct filter_matcher *m, const struct filter_node *node,
                        const uint16_t *column, uint64_t *out) {
    for (uint32_t i = 0; i < node->values->all_number_count; i++) {
        struct number_range range = node->values->all_numbers[i];
        m->kernel->range_u16(m->scratch->term, column, m->words, range.first, range.last);
        filter_bits_join(out, m->scratch->term, m->words);
    }
}

static void join_ports(const struct filter_matcher *m, const struct filter_node *node,
                       const uint16_t *column, uint64_t *out) {
    if (node->values->all_number_count <= RANGES_MAX) {
        join_ranges(m, node, column, out);
        return;
    }
    m->kernel->lookup_u16(m->scratch->term, column, m->words, m->scratch->hits);
    filter_bits_join(out, m->scratch->term, m->words);
}

static const uint64_t *has_ports(const struct filter_matcher *m) {
    struct filter_scratch *scratch = m->scratch;
    if (!scratch->is_has_ports_filled) {
        m->kernel->range_u8(scratch->has_ports, m->batch->protocol, m->words, 1, 1);
        m->kernel->range_u8(scratch->term, m->batch->protocol, m->words, 58, 58);
        filter_bits_join(scratch->has_ports, scratch->term, m->words);
        filter_bits_invert(scratch->has_ports, m->words);
        scratch->is_has_ports_filled = true;
    }
    return scratch->has_ports;
}

static void match_port(const struct filter_matcher *m, const struct filter_node *node,
                       uint64_t *out) {
    if (node->values->all_number_count > RANGES_MAX) {
        fill_numbers(m, node, UINT16_MAX);
    }
    filter_bits_fill(out, m->words, false);
    if (node->side != FILTER_DST) {
        join_ports(m, node, m->batch->src_port, out);
    }
    if (node->side != FILTER_SRC) {
        join_ports(m, node, m->batch->dst_port, out);
    }
    (void)filter_bits_restrict(out, has_ports(m), m->words);
}

static void match_protocol(const struct filter_matcher *m, const struct filter_node *node,
                           uint64_t *out) {
    if (node->values->all_number_count == 1) {
        struct number_range range = node->values->all_numbers[0];
        m->kernel->range_u8(out, m->batch->protocol, m->words, (uint8_t)range.first,
                            (uint8_t)range.last);
        return;
    }
    fill_numbers(m, node, UINT8_MAX);
    m->kernel->lookup_u8(out, m->batch->protocol, m->words, m->scratch->hits);
}

static void match_flags(const struct filter_matcher *m, const struct filter_node *node,
                        uint64_t *out) {
    const struct batch *batch = m->batch;
    m->kernel->masked_u8(out, batch->tcp_flags, m->words, (uint8_t)node->bits, (uint8_t)node->set);
    if (node->set == 0) {
        m->kernel->range_u8(m->scratch->term, batch->protocol, m->words, 6, 6);
        (void)filter_bits_restrict(out, m->scratch->term, m->words);
        m->kernel->any_u16(m->scratch->term, batch->quality, m->words, QUALITY_NO_FLAGS);
        (void)filter_bits_remove(out, m->scratch->term, m->words);
    }
}

/* A comparison as a range of values, both ends included. */
struct value_range {
    unsigned __int128 low; /* `> UINT64_MAX` begins beyond 64 bits: only quotients get there */
    uint64_t high;
    bool is_empty;
    bool is_open; /* has no upper end: also holds quotients that pass 64 bits */
    bool is_negated;
};

static struct value_range range_of(enum filter_order order, uint64_t number) {
    struct value_range range = { .low = 0, .high = UINT64_MAX };
    switch (order) {
    case FILTER_LESS:
        range.is_empty = number == 0;
        range.high = number - 1;
        break;
    case FILTER_LESS_EQUAL: range.high = number; break;
    case FILTER_GREATER:
        range.low = (unsigned __int128)number + 1;
        range.is_open = true;
        break;
    case FILTER_GREATER_EQUAL:
        range.low = number;
        range.is_open = true;
        break;
    case FILTER_EQUAL:
    case FILTER_NOT_EQUAL:
        range.low = range.high = number;
        range.is_negated = order == FILTER_NOT_EQUAL;
        break;
    }
    return range;
}

/* Whether floor(dividend / divisor) lies in the range, without dividing: a quotient is at least n
 * when the dividend is at least n * divisor. */
static bool has_quotient(struct value_range range, unsigned __int128 dividend, uint64_t divisor) {
    bool is_in = dividend >= range.low * divisor &&
                 (range.is_open || dividend < ((unsigned __int128)range.high + 1) * divisor);
    return is_in != range.is_negated;
}

static bool match_rate(const struct filter_node *node, struct value_range range,
                       const struct batch *batch, uint32_t i) {
    switch (node->measure) {
    case FILTER_BPS:
        return has_quotient(range, (unsigned __int128)batch->bytes[i] * 8000,
                            filter_lasted_ms(batch, i));
    case FILTER_PPS:
        return has_quotient(range, (unsigned __int128)batch->packets[i] * 1000,
                            filter_lasted_ms(batch, i));
    case FILTER_BPP:
        return batch->packets[i] != 0 && has_quotient(range, batch->bytes[i], batch->packets[i]);
    case FILTER_BYTES:
    case FILTER_PACKETS:
    case FILTER_DURATION: break;
    }
    return false;
}

/* A term that costs so much a record that only those that matter are asked. */
static void match_sparse(const struct filter_matcher *m, const struct filter_node *node,
                         const uint64_t *care, uint64_t *out) {
    struct value_range range = range_of(node->order, node->number);
    for (size_t word = 0; word < m->words; word++) {
        uint64_t bits = 0;
        for (uint64_t left = care[word]; left != 0; left &= left - 1) {
            uint32_t j = (uint32_t)__builtin_ctzll(left);
            uint32_t i = (uint32_t)(64 * word) + j;
            bool is_match = node->kind == FILTER_COMMUNITY ? filter_has_community(node, m->batch, i)
                                                           : match_rate(node, range, m->batch, i);
            bits |= (uint64_t)is_match << j;
        }
        out[word] = bits;
    }
}

static void match_compare(const struct filter_matcher *m, const struct filter_node *node,
                          const uint64_t *care, uint64_t *out) {
    const struct batch *batch = m->batch;
    struct value_range range = range_of(node->order, node->number);
    bool is_quotient =
        node->measure == FILTER_BPS || node->measure == FILTER_PPS || node->measure == FILTER_BPP;
    if (range.is_empty || (!is_quotient && range.low > UINT64_MAX)) {
        filter_bits_fill(out, m->words, false);
        return;
    }
    uint64_t low = (uint64_t)range.low;
    switch (node->measure) {
    case FILTER_BYTES: m->kernel->range_u64(out, batch->bytes, m->words, low, range.high); break;
    case FILTER_PACKETS:
        m->kernel->range_u64(out, batch->packets, m->words, low, range.high);
        break;
    case FILTER_DURATION:
        m->kernel->range_difference(out, batch->end_ms, batch->start_ms, m->words, low, range.high);
        break;
    case FILTER_BPS:
    case FILTER_PPS:
    case FILTER_BPP: match_sparse(m, node, care, out); return;
    }
    if (range.is_negated) {
        filter_bits_invert(out, m->words);
    }
}

void filter_match_term(const struct filter_matcher *m, const struct filter_node *node,
                       const uint64_t *care, uint64_t *out) {
    const struct batch *batch = m->batch;
    switch (node->kind) {
    case FILTER_ADDRESS:
        look_up_side(m, node->side, hit_addresses(m, &node->values->all_addresses), out);
        return;
    case FILTER_CLASS: look_up_side(m, node->side, hit_class(m, node->address_class), out); return;
    case FILTER_PORT: match_port(m, node, out); return;
    case FILTER_PROTOCOL: match_protocol(m, node, out); return;
    case FILTER_FLAGS: match_flags(m, node, out); return;
    case FILTER_ACTION:
        m->kernel->range_u8(out, batch->action, m->words, (uint8_t)node->bits, (uint8_t)node->bits);
        return;
    case FILTER_DIRECTION:
        m->kernel->range_u8(out, batch->direction, m->words, (uint8_t)node->bits,
                            (uint8_t)node->bits);
        return;
    case FILTER_COMPARE: match_compare(m, node, care, out); return;
    case FILTER_NODE: match_node_term(m, node, out); return;
    case FILTER_FLOW_LOG: match_flow_log(m, node, out); return;
    case FILTER_QUALITY: m->kernel->any_u16(out, batch->quality, m->words, node->bits); return;
    case FILTER_COMMUNITY: match_sparse(m, node, care, out); return;
    case FILTER_ALL:
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT: break;
    }
    filter_bits_fill(out, m->words, true);
}
