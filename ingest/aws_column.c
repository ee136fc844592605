/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a batch: what needs all of its rows. First the interfaces that are new to the object are
 * judged (which address is their own), then each row gets its node and its direction, then coverage
 * rows and the addresses of pods follow.
 *
 * The rule for an own address, where neither flow-direction nor the inventory tells it: a log writes an
 * interface's primary address into one side of each of its records, so it is an address that occurs in
 * every one. IPv4 and IPv6 records are judged apart, as an interface may have both. If two remain (all
 * records are between the same two), the private one is it; if both are private or both public,
 * nothing is known, and the direction stays unknown. */
#include "ingest/aws_bind.h"

#include <assert.h>

#define UNSEEN (UINT32_MAX - 1)

/* Codes of the addresses that all records of an interface had so far. */
struct candidates {
    uint32_t a;
    uint32_t b;
};

/* Addresses of pods, by node. */
struct pods {
    struct address addresses[AWS_OWN_MAX];
    uint32_t count;
};

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for a flow log's interfaces");
}

static inline void narrow(struct candidates *known, uint32_t src, uint32_t dst) {
    if (known->a == UNSEEN) {
        known->a = src;
        known->b = dst == src ? AWS_NO_CODE : dst;
        return;
    }
    known->a = known->a == src || known->a == dst ? known->a : AWS_NO_CODE;
    known->b = known->b == src || known->b == dst ? known->b : AWS_NO_CODE;
}

static uint32_t choose(const struct aws_view *view, const struct candidates *known) {
    if (known->a == AWS_NO_CODE || known->b == AWS_NO_CODE) {
        return known->a == AWS_NO_CODE ? known->b : known->a;
    }
    const struct address *values = view->dictionary->values;
    bool is_a = address_classify(values[known->a]) == ADDRESS_PRIVATE;
    bool is_b = address_classify(values[known->b]) == ADDRESS_PRIVATE;
    if (is_a == is_b) {
        return AWS_NO_CODE;
    }
    return is_a ? known->a : known->b;
}

static void decide(struct aws_rows *rows, const struct aws_view *view, uint32_t id, int family,
                   const struct candidates *known) {
    struct aws_point *point = &rows->points.rows[id];
    if (point->is_judged[family] || known->a == UNSEEN) {
        return;
    }
    point->is_judged[family] = true;
    rows->points.unjudged -= family == 0;
    uint32_t code = choose(view, known);
    if (code != AWS_NO_CODE) {
        point->inferred[family] = view->dictionary->values[code];
        point->has_inferred[family] = true;
    }
}

/* Judges the interfaces whose first records are in this batch. */
static bool judge(struct aws_rows *rows, struct error *err) {
    if (rows->count == 0 || (rows->points.unjudged == 0 && !rows->has_wide)) {
        return true;
    }
    uint32_t count = rows->points.count;
    uint16_t *bases = arena_take(&rows->scratch, count * sizeof *bases);
    struct candidates *known = arena_take(&rows->scratch, 2 * (size_t)count * sizeof *known);
    if (bases == NULL || known == NULL) {
        return no_memory(err);
    }
    for (uint32_t id = 0; id < count; id++) {
        bases[id] = (uint16_t)rows->points.rows[id].base;
        known[2 * id].a = known[2 * id + 1].a = UNSEEN;
    }
    struct aws_view view = aws_view_of(rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        size_t family = rows->has_wide ? rows->is_ipv6[i] : 0;
        narrow(&known[2 * (size_t)bases[rows->point[i]] + family], view.src[i], view.dst[i]);
    }
    for (uint32_t id = 0; id < count; id++) {
        decide(rows, &view, id, 0, &known[2 * id]);
        decide(rows, &view, id, 1, &known[2 * id + 1]);
    }
    return true;
}

/* Direction of a record by one own address: where both sides or none are it, nothing is told. */
static inline uint8_t direction_by(uint32_t own, uint32_t src, uint32_t dst) {
    bool is_out = src == own;
    bool is_in = dst == own;
    return (uint8_t)(is_out == is_in ? DIRECTION_UNKNOWN
                     : is_out        ? DIRECTION_OUT
                                     : DIRECTION_IN);
}

static uint8_t direction_by_list(const struct aws_binding_list *list, uint32_t src, uint32_t dst) {
    bool is_out = false;
    bool is_in = false;
    for (uint32_t i = 0; i < list->count; i++) {
        is_out |= list->codes[i] == src;
        is_in |= list->codes[i] == dst;
    }
    return (uint8_t)(is_out == is_in ? DIRECTION_UNKNOWN
                     : is_out        ? DIRECTION_OUT
                                     : DIRECTION_IN);
}

/* Gives each row its node, and its direction where its line did not tell it. */
static inline __attribute__((always_inline)) bool place(struct aws_rows *rows, bool has_wide,
                                                        struct error *err) {
    struct batch *batch = rows->batch;
    struct aws_view view = aws_view_of(rows);
    const struct aws_binding *bindings = rows->bindings;
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct aws_binding *binding = &bindings[rows->point[i]];
        if (binding->serial != rows->serial || binding->is_slow) {
            binding = aws_bind(rows, rows->point[i], batch->end_ms[i], err);
            if (binding == NULL) {
                return false;
            }
        }
        batch->node[i] = binding->node;
        size_t family = has_wide ? rows->is_ipv6[i] : 0;
        uint8_t first = direction_by(binding->first[family], view.src[i], view.dst[i]);
        if (binding->is_slow) {
            first = direction_by_list(binding->list, view.src[i], view.dst[i]);
        }
        uint8_t second = direction_by(binding->second[family], view.src[i], view.dst[i]);
        uint8_t told = batch->direction[i] != DIRECTION_UNKNOWN ? batch->direction[i] : first;
        bool is_second = told == DIRECTION_UNKNOWN && second != DIRECTION_UNKNOWN;
        batch->direction[i] = is_second ? second : told;
        batch->quality[i] |= is_second ? binding->second_quality[family] : 0;
    }
    return true;
}

static bool add_gaps(struct aws_rows *rows, uint8_t flow_log, struct error *err) {
    for (uint32_t i = 0; i < rows->gap_count; i++) {
        const struct aws_gap *gap = &rows->gaps[i];
        const struct aws_binding *binding = aws_bind(rows, gap->point, gap->end_ms, err);
        if (binding == NULL) {
            return false;
        }
        struct batch_coverage row = {
            .node = binding->node,
            .kind = (uint8_t)gap->kind,
            .flow_log = flow_log,
            .start_ms = gap->start_ms,
            .end_ms = gap->end_ms,
        };
        if (!batch_add_coverage(rows->batch, &row)) {
            return error_set(err, ERROR_LIMIT, "no memory for coverage rows");
        }
    }
    return true;
}

/* Adds one pod's address to its node's list. `claims` by address code is the node (id + 1) that has it
 * already, so that a busy pod is looked for once. */
static bool add_pod(struct aws_rows *rows, struct pods **lists, uint32_t node,
                    struct address address, struct error *err) {
    struct pods *pods = lists[node];
    if (pods == NULL) {
        pods = lists[node] = arena_take(&rows->scratch, sizeof *pods);
        if (pods == NULL) {
            return no_memory(err);
        }
        pods->count = 0;
    }
    for (uint32_t i = 0; i < pods->count; i++) {
        if (address_equal(pods->addresses[i], address)) {
            return true;
        }
    }
    if (pods->count < AWS_OWN_MAX) {
        pods->addresses[pods->count++] = address;
    }
    return true;
}

static bool collect_pods(struct aws_rows *rows, struct pods **lists, struct error *err) {
    const struct batch *batch = rows->batch;
    uint32_t *claims =
        arena_take_zeroed(&rows->scratch, batch->addresses.count, sizeof *claims);
    if (claims == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (batch->direction[i] == DIRECTION_UNKNOWN) {
            continue;
        }
        bool is_in = batch->direction[i] == DIRECTION_IN;
        uint16_t code = is_in ? batch->dst[i] : batch->src[i];
        uint16_t interface_code = is_in ? rows->interface_dst[i] : rows->interface_src[i];
        uint32_t node = batch->node[i];
        if (claims[code] == node + 1 ||
            address_equal(batch->addresses.values[code], rows->sides.values[interface_code])) {
            continue;
        }
        claims[code] = node + 1;
        if (!add_pod(rows, lists, node, batch->addresses.values[code], err)) {
            return false;
        }
    }
    return true;
}

/* Packets of pods, and of secondary addresses, carry addresses that are not the interface's: they join
 * the node's own ones. */
static bool add_pods(struct aws_rows *rows, struct error *err) {
    struct batch *batch = rows->batch;
    if (!rows->has_sides || rows->count == 0) {
        return true;
    }
    uint32_t count = batch->node_count;
    struct pods **lists = arena_take_zeroed(&rows->scratch, count, sizeof *lists);
    if (lists == NULL) {
        return no_memory(err);
    }
    if (!collect_pods(rows, lists, err)) {
        return false;
    }
    for (uint32_t node = 0; node < count; node++) {
        if (lists[node] == NULL) {
            continue;
        }
        struct batch_node joined = batch->nodes[node];
        uint32_t room = joined.own_count < AWS_OWN_MAX ? AWS_OWN_MAX - joined.own_count : 0;
        joined.own = lists[node]->addresses;
        joined.own_count = lists[node]->count < room ? lists[node]->count : room;
        uint16_t id;
        if (!batch_add_node(batch, &joined, &id, err)) {
            return false;
        }
    }
    return true;
}

bool aws_rows_finish(struct aws_rows *rows, struct bytes flow_log, struct source_counts *counts,
                     struct error *err) {
    assert(rows->coded == rows->count);
    struct batch *batch = rows->batch;
    uint8_t id = 0;
    if (rows->count + rows->gap_count > 0 && !batch_add_flow_log(batch, flow_log, &id, err)) {
        return false;
    }
    if (!judge(rows, err) || !aws_bindings_reserve(rows, err)) {
        return false;
    }
    bool ok = rows->has_wide ? place(rows, true, err) : place(rows, false, err);
    if (!ok || !add_gaps(rows, id, err) || !add_pods(rows, err)) {
        return false;
    }
    memset(batch->flow_log, id, rows->count);
    uint64_t unknown = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        unknown += batch->direction[i] == DIRECTION_UNKNOWN;
    }
    counts->direction_unknown += unknown;
    counts->bytes += rows->bytes;
    counts->packets += rows->packets;
    return true;
}
