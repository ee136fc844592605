/* SPDX-License-Identifier: Apache-2.0 */
/* Node, identity and own addresses of a point: from the inventory by interface id, else by instance
 * id, else by the interface's own address; else from the log itself. */
#include "ingest/aws_bind.h"

#include <stdlib.h>

/* Pods of one node; kubelet's own bound is 110, and large nodes are set to 250. */
#define PODS_MAX 512u

struct own_list {
    struct address addresses[AWS_OWN_MAX];
    uint32_t count;
};

struct aws_view aws_view_of(const struct aws_rows *rows) {
    if (rows->has_sides) {
        return (struct aws_view){ &rows->sides, rows->interface_src, rows->interface_dst };
    }
    return (struct aws_view){ &rows->batch->addresses, rows->batch->src, rows->batch->dst };
}

bool aws_bindings_reserve(struct aws_rows *rows, struct error *err) {
    if (rows->binding_capacity >= rows->points.count) {
        return true;
    }
    struct aws_binding *bindings =
        realloc(rows->bindings, rows->points.capacity * sizeof *bindings);
    if (bindings == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a flow log's interfaces");
    }
    for (uint32_t i = rows->binding_capacity; i < rows->points.capacity; i++) {
        bindings[i].serial = 0;
    }
    rows->bindings = bindings;
    rows->binding_capacity = rows->points.capacity;
    return true;
}

static void own_add(struct own_list *own, struct address address) {
    for (uint32_t i = 0; i < own->count; i++) {
        if (address_equal(own->addresses[i], address)) {
            return;
        }
    }
    if (own->count < AWS_OWN_MAX) {
        own->addresses[own->count++] = address;
    }
}

static bool own_has(const struct own_list *own, struct address address) {
    for (uint32_t i = 0; i < own->count; i++) {
        if (address_equal(own->addresses[i], address)) {
            return true;
        }
    }
    return false;
}

static uint32_t code_of(const struct aws_view *view, struct address address) {
    uint16_t code;
    return dictionary_find(view->dictionary, address, &code) ? code : AWS_NO_CODE;
}

/* Instance ids may be missing from some of an interface's records; a node would fall in two for it.
 * The object's first instance of the interface stands in. */
static struct bytes instance_of(const struct aws_rows *rows, const struct aws_point *point) {
    if (point->instance.size == 0 && point->eldest != AWS_POINT_NONE) {
        return rows->points.rows[point->eldest].instance;
    }
    return point->instance;
}

static void span_cut(struct inventory_span *span, const struct inventory_span *by) {
    span->from_ms = by->from_ms > span->from_ms ? by->from_ms : span->from_ms;
    span->to_ms = by->to_ms < span->to_ms ? by->to_ms : span->to_ms;
}

/* What the inventory says of a point at a time, or NULL. */
static const struct inventory_entry *find_entry(const struct aws_rows *rows,
                                                const struct aws_point *point, int64_t at_ms,
                                                struct inventory_span *span) {
    *span = (struct inventory_span)INVENTORY_ALWAYS;
    if (rows->inventory == NULL) {
        return NULL;
    }
    const struct inventory_entry *entry = NULL;
    struct inventory_span part;
    if (point->kind != AWS_POINT_ADDRESS && point->kind != AWS_POINT_UNKNOWN) {
        entry = inventory_find_id(rows->inventory, point->name, at_ms, &part);
        span_cut(span, &part);
    }
    struct bytes instance = instance_of(rows, point);
    if (entry == NULL && instance.size > 0) {
        entry = inventory_find_id(rows->inventory, instance, at_ms, &part);
        span_cut(span, &part);
    }
    const struct aws_point *base = &rows->points.rows[point->base];
    for (int family = 0; family < 2 && entry == NULL; family++) {
        if (base->has_told[family] || base->has_inferred[family]) {
            struct address own =
                base->has_told[family] ? base->told[family] : base->inferred[family];
            entry = inventory_find_address(rows->inventory, own, at_ms, &part);
            span_cut(span, &part);
        }
    }
    return entry;
}

/* The node's addresses, the interface's own first. What was only inferred stands behind what the
 * inventory says, unless that agrees. */
static void list_own(const struct aws_point *base, const struct own_list *listed,
                     struct own_list *own) {
    for (int family = 0; family < 2; family++) {
        if (base->has_told[family]) {
            own_add(own, base->told[family]);
        } else if (base->has_inferred[family] && own_has(listed, base->inferred[family])) {
            own_add(own, base->inferred[family]);
        }
    }
    for (uint32_t i = 0; i < listed->count; i++) {
        own_add(own, listed->addresses[i]);
    }
    for (int family = 0; family < 2; family++) {
        if (base->has_inferred[family] && !base->has_told[family]) {
            own_add(own, base->inferred[family]);
        }
    }
}

static bool add_node(struct aws_rows *rows, const struct aws_point *point,
                     const struct inventory_entry *entry, const struct own_list *own,
                     uint16_t *node, struct error *err) {
    struct bytes instance = instance_of(rows, point);
    struct batch_node added = {
        .name = entry != NULL ? entry->node : point->name,
        .own = own->addresses,
        .own_count = own->count,
    };
    if (entry != NULL) {
        added.role = entry->role;
        added.identity = entry->identity;
    }
    if (added.identity.size == 0) {
        added.identity = instance.size > 0 ? instance : added.name;
    }
    if (point->kind == AWS_POINT_INTERFACE || point->kind == AWS_POINT_GATEWAY) {
        added.interface = point->name;
    }
    return batch_add_node(rows->batch, &added, node, err);
}

/* The codes by which directions of one family are told. */
static void set_codes(struct aws_binding *binding, const struct aws_view *view,
                      const struct aws_point *base, const struct own_list *listed, int family) {
    uint32_t first = AWS_NO_CODE;
    uint32_t met_count = 0; /* of those listed the batch has */
    bool is_listed = false;
    for (uint32_t i = 0; i < listed->count; i++) {
        if (address_is_ipv4(listed->addresses[i]) == (family == 0)) {
            uint32_t code = code_of(view, listed->addresses[i]);
            is_listed = true;
            first = code != AWS_NO_CODE ? code : first;
            met_count += code != AWS_NO_CODE;
        }
    }
    uint32_t told = base->has_told[family] ? code_of(view, base->told[family]) : AWS_NO_CODE;
    uint32_t inferred =
        base->has_inferred[family] ? code_of(view, base->inferred[family]) : AWS_NO_CODE;
    if (met_count > 1) { /* the list tells: one of several alone would, of records between two */
        binding->is_slow = true;
        first = AWS_NO_CODE;
    }
    binding->own[family].first = is_listed ? first : told;
    bool is_inferred = !is_listed || !base->has_told[family];
    binding->own[family].second = is_inferred ? inferred : told;
    binding->own[family].second_quality = is_inferred ? QUALITY_DIRECTION_INFERRED : 0;
}

static bool set_list(struct aws_rows *rows, struct aws_binding *binding,
                     const struct aws_view *view, const struct own_list *listed,
                     const struct inventory_entry *entry, const struct inventory_span *span,
                     struct error *err) {
    if (rows->inventory == NULL) {
        return true;
    }
    if (binding->list == NULL) {
        binding->list = arena_take(&rows->scratch, sizeof *binding->list);
        if (binding->list == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for a flow log's interfaces");
        }
    }
    binding->list->entry = entry;
    binding->list->span = *span;
    binding->list->count = 0;
    for (uint32_t i = 0; i < listed->count; i++) {
        uint32_t code = code_of(view, listed->addresses[i]);
        if (code != AWS_NO_CODE) {
            binding->list->codes[binding->list->count++] = code;
        }
    }
    binding->is_slow |=
        !inventory_span_has(span, rows->end_min_ms) || !inventory_span_has(span, rows->end_max_ms);
    return true;
}

/* The node's addresses in the inventory. Those of its pods can only be an interface's where the log
 * has none but the packet's; then those that the batch has are listed. */
static void list_node(const struct aws_rows *rows, const struct aws_view *view, struct bytes node,
                      int64_t at_ms, struct own_list *listed) {
    listed->count =
        (uint32_t)inventory_addresses(rows->inventory, node, at_ms, listed->addresses, AWS_OWN_MAX);
    if (aws_layout_has(&rows->layout, AWS_SRC) || aws_layout_has(&rows->layout, AWS_DST)) {
        return;
    }
    struct address pods[PODS_MAX];
    size_t count = inventory_pod_addresses(rows->inventory, node, at_ms, pods, PODS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (code_of(view, pods[i]) != AWS_NO_CODE) {
            own_add(listed, pods[i]);
        }
    }
}

/* Fills in the binding for a time. */
static bool bind_at(struct aws_rows *rows, uint32_t id, const struct inventory_entry *entry,
                    const struct inventory_span *span, int64_t at_ms, struct error *err) {
    const struct aws_point *point = &rows->points.rows[id];
    const struct aws_point *base = &rows->points.rows[point->base];
    struct aws_binding *binding = &rows->bindings[id];
    struct aws_view view = aws_view_of(rows);
    struct own_list listed = { .count = 0 };
    if (entry != NULL) {
        list_node(rows, &view, entry->node, at_ms, &listed);
    }
    struct own_list own = { .count = 0 };
    list_own(base, &listed, &own);
    binding->is_slow = false;
    set_codes(binding, &view, base, &listed, 0);
    set_codes(binding, &view, base, &listed, 1);
    return set_list(rows, binding, &view, &listed, entry, span, err) &&
           add_node(rows, point, entry, &own, &binding->node, err);
}

const struct aws_binding *aws_bind(struct aws_rows *rows, uint32_t point, int64_t at_ms,
                                   struct error *err) {
    struct aws_binding *binding = &rows->bindings[point];
    bool is_bound = binding->serial == rows->serial;
    if (is_bound && (binding->list == NULL || inventory_span_has(&binding->list->span, at_ms))) {
        return binding;
    }
    struct inventory_span span;
    const struct inventory_entry *entry = find_entry(rows, &rows->points.rows[point], at_ms, &span);
    if (is_bound && entry == binding->list->entry) {
        binding->list->span = span;
        return binding;
    }
    if (!is_bound) {
        binding->serial = rows->serial;
        binding->list = NULL;
    }
    return bind_at(rows, point, entry, &span, at_ms, err) ? binding : NULL;
}
