/* SPDX-License-Identifier: Apache-2.0 */
/* Objects are read one at a time and leave rows behind; nothing else of them is kept. Of the texts,
 * those that repeat (nodes, namespaces, workloads, roles) are kept once. A hundred megabytes of
 * JSON become some forty in memory. */
#include "ingest/inventory_kube.h"

#include "base/time.h"
#include "ingest/kube_name.h"
#include "ingest/kube_object.h"
#include "ingest/text_pool.h"

struct kube {
    struct inventory_rows *rows;
    struct json_reader *reader;
    struct text_pool pool;
    struct kube_object outer; /* a list, or an object that stands alone */
    struct kube_object item;
    uint64_t object_count; /* nodes and pods */
};

static bool keep_text(struct kube *kube, struct bytes text, struct bytes *kept, struct error *err) {
    bool failed = false;
    *kept = arena_copy(&kube->rows->arena, text, &failed);
    return !failed || error_set(err, ERROR_LIMIT, "no memory for an inventory");
}

static struct inventory_row row_of(struct inventory_entry entry) {
    return (struct inventory_row){
        .entry = entry,
        .next = INVENTORY_NONE,
        .next_of_node = INVENTORY_NONE,
    };
}

static bool add_address(struct kube *kube, const struct inventory_entry *entry,
                        struct address address, struct error *err) {
    struct inventory_row row = row_of(*entry);
    row.prefix = (struct prefix){ address, 128 };
    return inventory_rows_add(kube->rows, &row, err);
}

static bool add_node(struct kube *kube, const struct kube_object *node, struct error *err) {
    struct inventory_entry entry = { .from_ms = node->created_ms, .to_ms = INT64_MAX };
    if (node->deleted_ms != INT64_MIN) {
        entry.to_ms = node->deleted_ms;
    }
    if (node->name.size == 0 || entry.from_ms >= entry.to_ms) {
        return true;
    }
    if (!text_pool_keep(&kube->pool, node->name, &entry.node, err) ||
        !text_pool_keep(&kube->pool, node->role, &entry.role, err) ||
        !keep_text(kube, node->uid, &entry.identity, err)) {
        return false;
    }
    struct inventory_row row = row_of(entry);
    row.is_id = true;
    if (!keep_text(kube, kube_instance(node->provider_id), &row.id, err) ||
        (row.id.size > 0 && !inventory_rows_add(kube->rows, &row, err))) {
        return false;
    }
    for (uint32_t i = 0; i < node->address_count; i++) {
        if (!add_address(kube, &entry, node->addresses[i], err)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < node->prefix_count; i++) {
        row = row_of(entry);
        row.prefix = node->prefixes[i];
        if (!inventory_rows_add(kube->rows, &row, err)) {
            return false;
        }
    }
    return true;
}

/* When a pod's address was its own: from its start until it is gone, or its last container ended.
 * A finished pod that does not say when it ended had its address for no time that is known. */
static void set_lifetime(const struct kube_object *pod, struct inventory_entry *entry) {
    entry->from_ms = pod->started_ms != INT64_MIN ? pod->started_ms : pod->created_ms;
    entry->to_ms = pod->deleted_ms != INT64_MIN ? pod->deleted_ms : INT64_MAX;
    /* Times are whole seconds: the last one belongs to the pod. */
    int64_t end_ms = pod->finished_ms == INT64_MIN ? INT64_MIN : pod->finished_ms + TIME_SECOND_MS;
    if (pod->is_finished && end_ms < entry->to_ms) {
        entry->to_ms = end_ms;
    }
}

/* Pods on the host's network have the node's address: it stays the node's. */
static bool is_of_host(const struct kube_object *pod, struct address address) {
    return pod->is_host_network || (pod->has_host && address_equal(pod->host, address));
}

static bool add_pod(struct kube *kube, const struct kube_object *pod, struct error *err) {
    struct inventory_entry entry = { 0 };
    set_lifetime(pod, &entry);
    if (pod->node.size == 0 || pod->name.size == 0 || entry.from_ms >= entry.to_ms) {
        return true;
    }
    struct bytes workload =
        kube_workload(pod->owner_kind, pod->owner_name, pod->template_hash, pod->name);
    for (uint32_t i = 0; i < pod->address_count; i++) {
        if (is_of_host(pod, pod->addresses[i])) {
            continue;
        }
        if (entry.pod.size == 0 &&
            (!keep_text(kube, pod->name, &entry.pod, err) ||
             !text_pool_keep(&kube->pool, pod->node, &entry.node, err) ||
             !text_pool_keep(&kube->pool, pod->namespace_, &entry.namespace_, err) ||
             !text_pool_keep(&kube->pool, workload, &entry.workload, err))) {
            return false;
        }
        if (!add_address(kube, &entry, pod->addresses[i], err)) {
            return false;
        }
    }
    return true;
}

static bool add_object(struct kube *kube, const struct kube_object *object, enum kube_kind kind,
                       struct error *err) {
    kube->object_count += kind == KUBE_NODE || kind == KUBE_POD;
    return kind == KUBE_NODE  ? add_node(kube, object, err)
           : kind == KUBE_POD ? add_pod(kube, object, err)
                              : true;
}

/* Items of a NodeList or PodList may go without a kind of their own. */
static bool visit_item(void *context, enum kube_kind list, struct error *err) {
    struct kube *kube = context;
    bool has_items;
    if (!kube_object_read(&kube->item, kube->reader, NULL, NULL, &has_items, err)) {
        return false;
    }
    enum kube_kind kind = kube->item.kind;
    if (kind == KUBE_NONE) {
        kind = list == KUBE_NODE_LIST ? KUBE_NODE : list == KUBE_POD_LIST ? KUBE_POD : KUBE_NONE;
    }
    return add_object(kube, &kube->item, kind, err);
}

static bool read_documents(struct kube *kube, struct error *err) {
    while (json_more(kube->reader)) {
        bool has_items;
        if (!kube_object_read(&kube->outer, kube->reader, visit_item, kube, &has_items, err) ||
            (!has_items && !add_object(kube, &kube->outer, kube->outer.kind, err))) {
            return false;
        }
    }
    if (!json_check(kube->reader, err)) {
        return false;
    }
    return kube->object_count > 0 ||
           error_set(err, ERROR_FORMAT,
                     "JSON with neither nodes nor pods (kubectl get nodes,pods -A -o json)");
}

bool inventory_kube_parse(struct inventory_rows *rows, struct json_reader *reader,
                          struct error *err) {
    inventory_rows_init(rows);
    rows->is_cluster = true;
    struct kube kube = { .rows = rows, .reader = reader };
    kube_object_init(&kube.outer);
    kube_object_init(&kube.item);
    bool ok = text_pool_init(&kube.pool, &rows->arena, err) && read_documents(&kube, err);
    kube_object_done(&kube.outer);
    kube_object_done(&kube.item);
    text_pool_done(&kube.pool);
    return ok;
}
