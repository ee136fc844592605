/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled filter is its tree. Here is what the tree means for one record, as plainly as it can
 * be said: filter_match.c, which is fast, is tested against it. */
#include "flow/filter.h"

#include <stdlib.h>

#include "base/glob.h"
#include "flow/community.h"
#include "flow/filter_print.h"
#include "flow/filter_tree.h"
#include "flow/frame.h"

/* Four million IPv6 ranges take 256 MB while they are joined. */
#define ARENA_MAXIMUM ((size_t)1 << 30)

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_ICMP6 = 58 };

static uint32_t bit(enum frame_column column) {
    return UINT32_C(1) << column;
}

static uint32_t side_columns(enum filter_side side) {
    bool needs_direction = side == FILTER_PEER || side == FILTER_LOCAL;
    return bit(FRAME_ADDRESSES) | (needs_direction ? bit(FRAME_DIRECTION) : 0);
}

static uint32_t measure_columns(enum filter_measure measure) {
    uint32_t times = bit(FRAME_START) | bit(FRAME_END);
    switch (measure) {
    case FILTER_BYTES: return bit(FRAME_BYTES);
    case FILTER_PACKETS: return bit(FRAME_PACKETS);
    case FILTER_DURATION: return times;
    case FILTER_BPS: return bit(FRAME_BYTES) | times;
    case FILTER_PPS: return bit(FRAME_PACKETS) | times;
    case FILTER_BPP: return bit(FRAME_BYTES) | bit(FRAME_PACKETS);
    }
    return 0;
}

static uint32_t node_columns(const struct filter_node *node) {
    uint32_t columns = 0;
    switch (node->kind) {
    case FILTER_ALL: return 0;
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT:
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            columns |= node_columns(child);
        }
        return columns;
    case FILTER_ADDRESS:
    case FILTER_CLASS: return side_columns(node->side);
    case FILTER_PORT:
    case FILTER_PROTOCOL: return bit(FRAME_PORTS);
    case FILTER_FLAGS:
        columns = node->set == 0 ? bit(FRAME_PORTS) | bit(FRAME_QUALITY) : 0;
        return columns | bit(FRAME_TCP_FLAGS);
    case FILTER_ACTION: return bit(FRAME_ACTION);
    case FILTER_DIRECTION: return bit(FRAME_DIRECTION);
    case FILTER_COMPARE: return measure_columns(node->measure);
    case FILTER_NODE:
        columns = filter_has_addresses(node) ? side_columns(node->side) : 0;
        return columns | bit(FRAME_NODE);
    case FILTER_FLOW_LOG: return bit(FRAME_FLOW_LOG);
    case FILTER_QUALITY: return bit(FRAME_QUALITY);
    case FILTER_COMMUNITY: return bit(FRAME_ADDRESSES) | bit(FRAME_PORTS);
    }
    return FRAME_ALL;
}

bool filter_has_name(const struct filter_node *node, struct bytes name) {
    if (node->is_glob) {
        return glob_match(node->glob, name);
    }
    const struct bytes *names = node->values->all_names;
    size_t low = 0;
    size_t high = node->values->all_name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(names[middle], name);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

bool filter_has_node(const struct filter_node *node, const struct batch_node *subject) {
    return filter_has_name(node, subject->name) || filter_has_name(node, subject->identity);
}

bool filter_has_number(const struct filter_node *node, uint16_t number) {
    const struct number_range *ranges = node->values->all_numbers;
    size_t low = 0;
    size_t high = node->values->all_number_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number < ranges[middle].first) {
            high = middle;
        } else if (number > ranges[middle].last) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

bool filter_has_community(const struct filter_node *node, const struct batch *batch, uint32_t i) {
    struct community_flow flow;
    char id[COMMUNITY_ID_SIZE];
    return community_flow_of(batch, i, &flow) && community_id(&flow, 0, id) &&
           filter_has_name(node, bytes_text(id));
}

/* Whether one of the addresses on a side is in the set (`set`) or of the class (NULL). */
static bool match_side(const struct filter_node *node, const struct address_set *set,
                       const struct batch *batch, uint32_t i) {
    uint16_t first = batch->src[i];
    uint16_t second = batch->dst[i];
    switch (node->side) {
    case FILTER_EITHER: break;
    case FILTER_SRC: second = first; break;
    case FILTER_DST: first = second; break;
    case FILTER_PEER: first = second = batch_peer(batch, i); break;
    case FILTER_LOCAL: first = second = batch_local(batch, i); break;
    }
    struct address a = batch->addresses.values[first];
    struct address b = batch->addresses.values[second];
    if (set != NULL) {
        return address_set_has(set, a) || address_set_has(set, b);
    }
    return address_classify(a) == node->address_class || address_classify(b) == node->address_class;
}

static bool match_port(const struct filter_node *node, const struct batch *batch, uint32_t i) {
    if (batch->protocol[i] == PROTOCOL_ICMP || batch->protocol[i] == PROTOCOL_ICMP6) {
        return false;
    }
    bool src = filter_has_number(node, batch->src_port[i]);
    bool dst = filter_has_number(node, batch->dst_port[i]);
    return (node->side != FILTER_DST && src) || (node->side != FILTER_SRC && dst);
}

static bool match_flags(const struct filter_node *node, const struct batch *batch, uint32_t i) {
    if (node->set == 0) { /* where flags are not told, their absence says nothing */
        bool is_told =
            batch->protocol[i] == PROTOCOL_TCP && !(batch->quality[i] & QUALITY_NO_FLAGS);
        return is_told && (batch->tcp_flags[i] & node->bits) == 0;
    }
    return (batch->tcp_flags[i] & node->bits) == node->set;
}

static bool compare(unsigned __int128 value, enum filter_order order, uint64_t number) {
    switch (order) {
    case FILTER_LESS: return value < number;
    case FILTER_LESS_EQUAL: return value <= number;
    case FILTER_GREATER: return value > number;
    case FILTER_GREATER_EQUAL: return value >= number;
    case FILTER_EQUAL: return value == number;
    case FILTER_NOT_EQUAL: return value != number;
    }
    return false;
}

static bool match_compare(const struct filter_node *node, const struct batch *batch, uint32_t i) {
    unsigned __int128 value = 0;
    switch (node->measure) {
    case FILTER_BYTES: value = batch->bytes[i]; break;
    case FILTER_PACKETS: value = batch->packets[i]; break;
    case FILTER_DURATION: value = (uint64_t)batch->end_ms[i] - (uint64_t)batch->start_ms[i]; break;
    case FILTER_BPS:
        value = (unsigned __int128)batch->bytes[i] * 8000 / filter_lasted_ms(batch, i);
        break;
    case FILTER_PPS:
        value = (unsigned __int128)batch->packets[i] * 1000 / filter_lasted_ms(batch, i);
        break;
    case FILTER_BPP:
        if (batch->packets[i] == 0) {
            return false;
        }
        value = batch->bytes[i] / batch->packets[i];
        break;
    }
    return compare(value, node->order, node->number);
}

static bool match_node(const struct filter_node *node, const struct batch *batch, uint32_t i) {
    switch (node->kind) {
    case FILTER_ALL: return true;
    case FILTER_AND:
    case FILTER_OR:
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            if (match_node(child, batch, i) == (node->kind == FILTER_OR)) {
                return node->kind == FILTER_OR;
            }
        }
        return node->kind == FILTER_AND;
    case FILTER_NOT: return !match_node(node->first, batch, i);
    case FILTER_ADDRESS: return match_side(node, &node->values->all_addresses, batch, i);
    case FILTER_CLASS: return match_side(node, NULL, batch, i);
    case FILTER_PORT: return match_port(node, batch, i);
    case FILTER_PROTOCOL: return filter_has_number(node, batch->protocol[i]);
    case FILTER_FLAGS: return match_flags(node, batch, i);
    case FILTER_ACTION: return batch->action[i] == node->bits;
    case FILTER_DIRECTION: return batch->direction[i] == node->bits;
    case FILTER_COMPARE: return match_compare(node, batch, i);
    case FILTER_NODE:
        return filter_has_node(node, &batch->nodes[batch->node[i]]) ||
               (filter_has_addresses(node) &&
                match_side(node, &node->values->all_addresses, batch, i));
    case FILTER_FLOW_LOG: return filter_has_name(node, batch->flow_logs[batch->flow_log[i]]);
    case FILTER_QUALITY: return (batch->quality[i] & node->bits) != 0;
    case FILTER_COMMUNITY: return filter_has_community(node, batch, i);
    }
    return false;
}

bool filter_compile_with(struct filter **out, struct bytes text, const struct filter_kernel *kernel,
                         struct error *err) {
    struct filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the filter");
    }
    arena_init(&filter->arena, ARENA_MAXIMUM);
    filter->kernel = kernel;
    if (!filter_parse(&filter->root, text, &filter->arena, err)) {
        filter_free(filter);
        return false;
    }
    filter->columns = node_columns(filter->root);
    *out = filter;
    return true;
}

bool filter_compile(struct filter **out, struct bytes text, struct error *err) {
    return filter_compile_with(out, text, filter_kernel_best(), err);
}

void filter_free(struct filter *filter) {
    if (filter != NULL) {
        arena_done(&filter->arena);
        free(filter);
    }
}

void filter_print(const struct filter *filter, struct buffer *out) {
    filter_print_tree(filter->root, out);
}

uint32_t filter_columns(const struct filter *filter) {
    return filter->columns;
}

bool filter_match_record(const struct filter *filter, const struct batch *batch, uint32_t i) {
    return match_node(filter->root, batch, i);
}
