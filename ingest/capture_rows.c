/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/capture_rows.h"

#include <stdlib.h>

#define TCP 6u

/* What an address is, beside a node's id. */
#define NOT_A_NODE UINT32_MAX
#define ASK_AGAIN (UINT32_MAX - 1) /* the answer depends on the time */

bool capture_rows_init(struct capture_rows *rows, struct error *err) {
    *rows = (struct capture_rows){ 0 };
    rows->nodes = malloc(DICTIONARY_CODES_MAX * sizeof *rows->nodes);
    return rows->nodes != NULL || error_set(err, ERROR_LIMIT, "no memory for a capture's nodes");
}

void capture_rows_done(struct capture_rows *rows) {
    free(rows->nodes);
    *rows = (struct capture_rows){ 0 };
}

void capture_rows_begin(struct capture_rows *rows, struct batch *batch,
                        struct source_counts *counts) {
    rows->batch = batch;
    rows->counts = counts;
    rows->known = 0;
    rows->unknown_node = NOT_A_NODE;
    memset(rows->log_ids, 0, sizeof rows->log_ids);
}

bool capture_rows_has_room(const struct capture_rows *rows) {
    /* Its two ends, and the one for what belongs to none. */
    return rows->batch->node_count + 3 <= BATCH_NODES_MAX &&
           batch_has_room(rows->batch, CAPTURE_ROWS_FLOW_MAX);
}

/* ---- nodes ---- */

/* Addresses that every machine has, or that stand for many. */
static bool is_never_a_node(struct address address) {
    if (address_is_ipv4(address)) {
        uint32_t ipv4 = address_ipv4(address);
        return ipv4 >> 24 == 0 || ipv4 >> 24 == 127 || ipv4 >> 16 == 0xa9fe || ipv4 >> 28 == 0xe ||
               ipv4 == UINT32_MAX;
    }
    bool is_low = address.high == 0 && address.low <= 1; /* ::, ::1 */
    return is_low || address.high >> 56 == 0xff || address.high >> 54 == 0xfe80 >> 6;
}

static bool is_local(const struct capture_rows *rows, struct address address) {
    for (size_t i = 0; i < rows->local_count; i++) {
        if (prefix_contains(rows->locals[i], address)) {
            return true;
        }
    }
    return rows->inventory == NULL && rows->local_count == 0 &&
           address_classify(address) == ADDRESS_PRIVATE;
}

static bool add_node(struct capture_rows *rows, struct bytes name, struct bytes identity,
                     struct bytes role, struct address address, uint32_t *out, struct error *err) {
    char text[ADDRESS_TEXT_SIZE];
    struct bytes interface = bytes_of(text, address_format(address, text));
    struct batch_node node = {
        .name = name.size > 0 ? name : interface,
        .identity = identity.size > 0 ? identity
                    : name.size > 0   ? name
                                      : interface,
        .role = role,
        .interface = interface,
        .own = &address,
        .own_count = 1,
    };
    uint16_t id;
    if (!batch_add_node(rows->batch, &node, &id, err)) {
        return false;
    }
    *out = id;
    return true;
}

/* What an address is at a time; `*is_timed` when it could be another at another time. */
static bool find_node(struct capture_rows *rows, struct address address, int64_t at_ms,
                      uint32_t *out, bool *is_timed, struct error *err) {
    struct bytes none = { 0 };
    *is_timed = false;
    *out = NOT_A_NODE;
    if (is_never_a_node(address)) {
        return true;
    }
    const struct inventory_entry *entry = NULL;
    if (rows->inventory != NULL) {
        struct inventory_span span;
        entry = inventory_find_address(rows->inventory, address, at_ms, &span);
        *is_timed = inventory_span_is_bounded(&span);
    }
    if (entry != NULL) {
        return add_node(rows, entry->node, entry->identity, entry->role, address, out, err);
    }
    return !is_local(rows, address) || add_node(rows, none, none, none, address, out, err);
}

/* The same by an address's code in the batch. */
static bool node_of(struct capture_rows *rows, uint16_t code, int64_t at_ms, uint32_t *out,
                    struct error *err) {
    bool is_known = code < rows->known;
    if (is_known && rows->nodes[code] != ASK_AGAIN) {
        *out = rows->nodes[code];
        return true;
    }
    bool is_timed;
    if (!find_node(rows, rows->batch->addresses.values[code], at_ms, out, &is_timed, err)) {
        return false;
    }
    rows->nodes[code] = is_timed ? ASK_AGAIN : *out;
    rows->known += !is_known;
    return true;
}

static bool find_unknown(struct capture_rows *rows, struct error *err) {
    if (rows->unknown_node != NOT_A_NODE) {
        return true;
    }
    struct batch_node node = { .name = rows->unknown, .identity = rows->unknown };
    uint16_t id;
    if (!batch_add_node(rows->batch, &node, &id, err)) {
        return false;
    }
    rows->unknown_node = id;
    return true;
}

static bool log_of(struct capture_rows *rows, uint8_t log, uint8_t *out, struct error *err) {
    if (rows->log_ids[log] == 0) {
        uint8_t id;
        if (!batch_add_flow_log(rows->batch, rows->logs[log], &id, err)) {
            return false;
        }
        rows->log_ids[log] = (uint16_t)(id + 1);
    }
    *out = (uint8_t)(rows->log_ids[log] - 1);
    return true;
}

/* ---- records ---- */

/* One way of a flow, as its record has it. */
struct way {
    const struct flow_way *counts;
    uint16_t src;
    uint16_t dst;
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t quality;
    uint8_t protocol;
    uint8_t initiator;
    uint8_t flow_log;
};

static void put(struct batch *batch, const struct way *way, uint32_t node, uint8_t direction,
                uint32_t quality) {
    uint32_t i = batch->count++;
    batch->start_ms[i] = way->counts->first_ms;
    batch->end_ms[i] = way->counts->last_ms;
    batch->bytes[i] = way->counts->bytes;
    batch->packets[i] = way->counts->packets;
    batch->src[i] = way->src;
    batch->dst[i] = way->dst;
    batch->src_port[i] = way->src_port;
    batch->dst_port[i] = way->dst_port;
    batch->node[i] = (uint16_t)node;
    batch->quality[i] = (uint16_t)(way->quality | quality);
    batch->protocol[i] = way->protocol;
    batch->tcp_flags[i] = way->counts->tcp_flags;
    batch->direction[i] = direction;
    batch->initiator[i] = way->initiator;
    batch->action[i] = ACTION_UNKNOWN; /* who captures does not see what a filter decides */
    batch->flow_log[i] = way->flow_log;
}

static struct way way_of(const struct flow *flow, unsigned way) {
    const struct flow_way *counts = &flow->way[way];
    bool is_opened_here = flow->is_opened_by_b == (way == 1);
    bool lacks_flags = flow->protocol == TCP && !counts->has_flags;
    return (struct way){
        .counts = counts,
        .src_port = way == 0 ? flow->a_port : flow->b_port,
        .dst_port = way == 0 ? flow->b_port : flow->a_port,
        .quality = (uint16_t)((lacks_flags ? QUALITY_NO_FLAGS : 0) |
                              (flow->is_opener_inferred ? QUALITY_INITIATOR_INFERRED : 0)),
        .protocol = flow->protocol,
        .initiator = is_opened_here ? INITIATOR_SRC : INITIATOR_DST,
    };
}

static bool put_way(struct capture_rows *rows, const struct way *way, uint32_t src_node,
                    uint32_t dst_node, struct error *err) {
    struct batch *batch = rows->batch;
    bool is_out = src_node != NOT_A_NODE;
    bool is_in = dst_node != NOT_A_NODE;
    rows->counts->records += is_out && is_in ? 2 : 1;
    rows->counts->bytes += way->counts->bytes;
    if (is_out) {
        put(batch, way, src_node, DIRECTION_OUT, 0);
    }
    if (is_in) {
        put(batch, way, dst_node, DIRECTION_IN, is_out ? QUALITY_TWIN : 0);
    }
    if (!is_out && !is_in) {
        if (!find_unknown(rows, err)) {
            return false;
        }
        put(batch, way, rows->unknown_node, DIRECTION_UNKNOWN, 0);
        rows->counts->direction_unknown++;
    }
    return true;
}

bool capture_rows_add(struct capture_rows *rows, const struct flow *flow, struct error *err) {
    struct dictionary *addresses = &rows->batch->addresses;
    const struct flow_way *ways = flow->way;
    int64_t end_ms = ways[0].last_ms > ways[1].last_ms ? ways[0].last_ms : ways[1].last_ms;
    uint32_t a_node;
    uint32_t b_node;
    uint8_t flow_log;
    uint16_t a = dictionary_code(addresses, flow->a);
    if (!node_of(rows, a, end_ms, &a_node, err)) {
        return false;
    }
    uint16_t b = dictionary_code(addresses, flow->b);
    if (!node_of(rows, b, end_ms, &b_node, err) || !log_of(rows, flow->log, &flow_log, err)) {
        return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (ways[i].packets == 0) {
            continue;
        }
        struct way way = way_of(flow, i);
        way.src = i == 0 ? a : b;
        way.dst = i == 0 ? b : a;
        way.flow_log = flow_log;
        bool ok = i == 0 ? put_way(rows, &way, a_node, b_node, err)
                         : put_way(rows, &way, b_node, a_node, err);
        if (!ok) {
            return false;
        }
    }
    return true;
}
