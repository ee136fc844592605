/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a batch: what needs all of its rows. First the interfaces that are new to the object
 * are judged (which address is their own), then each row gets its node and its direction, then
 * coverage rows and the addresses of pods follow.
 *
 * The rule for an own address, where neither flow-direction nor the inventory tells it: a log
 * writes an interface's primary address into one side of each of its records, so it is an address
 * that occurs in every one. IPv4 and IPv6 records are judged apart, as an interface may have both.
 * If two remain (all records are between the same two), the private one is it; if both are private
 * or both public, nothing is known, and the direction stays unknown. */
#include "ingest/aws_bind.h"
#include "ingest/labels.h"

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

/* Direction of a record: where both sides are the interface's, or none is, nothing is told. */
static inline uint32_t direction_of(bool is_out, bool is_in) {
    uint32_t both = (uint32_t)is_out & (uint32_t)is_in;
    _Static_assert(DIRECTION_IN == 1 && DIRECTION_OUT == 2, "a sum of bits");
    return (uint32_t)is_out * DIRECTION_OUT + (uint32_t)is_in * DIRECTION_IN - 3 * both;
}

/* The times at which points are bound, which only an inventory asks for. */
static void note_times(struct aws_rows *rows) {
    if (rows->inventory == NULL) {
        return;
    }
    int64_t least = INT64_MAX;
    int64_t most = INT64_MIN;
    for (uint32_t i = 0; i < rows->count; i++) {
        int64_t end_ms = rows->batch->end_ms[i];
        least = end_ms < least ? end_ms : least;
        most = end_ms > most ? end_ms : most;
    }
    for (uint32_t i = 0; i < rows->gap_count; i++) {
        int64_t end_ms = rows->gaps[i].end_ms;
        least = end_ms < least ? end_ms : least;
        most = end_ms > most ? end_ms : most;
    }
    rows->end_min_ms = least;
    rows->end_max_ms = most;
}

/* How the points of a batch tell directions. */
struct telling {
    bool has_slow;  /* some must be looked at row by row */
    bool has_first; /* some know an address that is not inferred */
};

/* Binds the points of all rows. */
static bool bind_rows(struct aws_rows *rows, struct telling *telling, struct error *err) {
    const int64_t *end_ms = rows->batch->end_ms;
    *telling = (struct telling){ false, false };
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t point = rows->point[i];
        if (rows->bindings[point].serial != rows->serial) {
            if (aws_bind(rows, point, end_ms[i], err) == NULL) {
                return false;
            }
            const struct aws_binding *binding = &rows->bindings[point];
            telling->has_slow |= binding->is_slow;
            telling->has_first |= (binding->own[0].first & binding->own[1].first) != AWS_NO_CODE;
        }
    }
    return true;
}

/* The columns of one pass over the rows; `is_ipv6` is NULL where no row is. */
struct columns {
    const uint16_t *restrict point;
    const uint16_t *restrict src;
    const uint16_t *restrict dst;
    const uint8_t *restrict is_ipv6;
    uint16_t *restrict node;
    uint16_t *restrict quality;
    uint8_t *restrict direction;
};

static struct columns columns_of(const struct aws_rows *rows) {
    struct aws_view view = aws_view_of(rows);
    return (struct columns){
        .point = rows->point,
        .src = view.src,
        .dst = view.dst,
        .is_ipv6 = rows->has_wide ? rows->is_ipv6 : NULL,
        .node = rows->batch->node,
        .quality = rows->batch->quality,
        .direction = rows->batch->direction,
    };
}

/* Gives each row its node, and its direction where its line did not tell it. Without branches:
 * which way a record goes cannot be foreseen. Where `has_told` is false, neither a line nor a
 * `first` address tells anything. */
static inline __attribute__((always_inline)) void place(struct columns columns,
                                                        const struct aws_binding *restrict bindings,
                                                        uint32_t count, bool has_ipv6,
                                                        bool has_told) {
    for (uint32_t i = 0; i < count; i++) {
        const struct aws_binding *binding = &bindings[columns.point[i]];
        size_t family = has_ipv6 ? columns.is_ipv6[i] : 0;
        uint32_t second = binding->own[family].second;
        uint32_t quality = binding->own[family].second_quality;
        uint32_t src = columns.src[i];
        uint32_t dst = columns.dst[i];
        uint32_t told = DIRECTION_UNKNOWN;
        if (has_told) {
            uint32_t first = binding->own[family].first;
            uint32_t line = columns.direction[i];
            uint32_t by_first = direction_of(src == first, dst == first);
            told = line != DIRECTION_UNKNOWN ? line : by_first;
        }
        uint32_t by_second = direction_of(src == second, dst == second);
        uint32_t taken = told != DIRECTION_UNKNOWN ? told : by_second;
        columns.node[i] = binding->node;
        columns.direction[i] = (uint8_t)taken;
        columns.quality[i] = (uint16_t)(columns.quality[i] | (taken != told ? quality : 0));
    }
}

/* The default layout without an inventory: all directions are inferred. */
static __attribute__((noinline)) void
place_inferred(struct columns columns, const struct aws_binding *bindings, uint32_t count) {
    place(columns, bindings, count, false, false);
}

static __attribute__((noinline)) void
place_ipv4(struct columns columns, const struct aws_binding *bindings, uint32_t count) {
    place(columns, bindings, count, false, true);
}

static __attribute__((noinline)) void
place_mixed(struct columns columns, const struct aws_binding *bindings, uint32_t count) {
    place(columns, bindings, count, true, true);
}

static uint32_t direction_by_list(const struct aws_binding_list *list, uint32_t src, uint32_t dst) {
    bool is_out = false;
    bool is_in = false;
    for (uint32_t i = 0; i < list->count; i++) {
        is_out |= list->codes[i] == src;
        is_in |= list->codes[i] == dst;
    }
    return direction_of(is_out, is_in);
}

/* The same for batches in which a point's binding changes with the time, or the inventory has
 * several addresses of a node. */
static bool place_slowly(struct aws_rows *rows, struct error *err) {
    struct columns columns = columns_of(rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct aws_binding *binding =
            aws_bind(rows, rows->point[i], rows->batch->end_ms[i], err);
        if (binding == NULL) {
            return false;
        }
        if (binding->is_slow && columns.direction[i] == DIRECTION_UNKNOWN) {
            columns.direction[i] =
                (uint8_t)direction_by_list(binding->list, columns.src[i], columns.dst[i]);
        }
        struct columns row = {
            columns.point + i,     columns.src + i,
            columns.dst + i,       columns.is_ipv6 == NULL ? NULL : columns.is_ipv6 + i,
            columns.node + i,      columns.quality + i,
            columns.direction + i,
        };
        place(row, rows->bindings, 1, columns.is_ipv6 != NULL, true);
    }
    return true;
}

static bool place_rows(struct aws_rows *rows, struct error *err) {
    struct telling telling;
    if (!bind_rows(rows, &telling, err)) {
        return false;
    }
    if (telling.has_slow) {
        return place_slowly(rows, err);
    }
    if (rows->has_wide) {
        place_mixed(columns_of(rows), rows->bindings, rows->count);
    } else if (!telling.has_first && !rows->has_directions) {
        place_inferred(columns_of(rows), rows->bindings, rows->count);
    } else {
        place_ipv4(columns_of(rows), rows->bindings, rows->count);
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

/* Adds one pod's address to its node's list. `claims` by address code is the node (id + 1) that has
 * it already, so that a busy pod is looked for once. */
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
    uint32_t *claims = arena_take_zeroed(&rows->scratch, batch->addresses.count, sizeof *claims);
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

/* Packets of pods, and of secondary addresses, carry addresses that are not the interface's: they
 * join the node's own ones. */
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
    note_times(rows);
    if (!place_rows(rows, err) || !add_gaps(rows, id, err) || !add_pods(rows, err) ||
        !labels_fill(batch, rows->inventory, err)) {
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
