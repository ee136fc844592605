/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INVENTORY_H
#define WEIR_INGEST_INVENTORY_H

#include "flow/batch.h"

/* Who an interface, an instance or an address is: node, role and identity, and of an address the
 * pod that has it; as of a time. Read once, then immutable and shared by all threads. Memory is
 * bounded by INVENTORY_ROWS_MAX. A file has one of two forms, told by its first character that is
 * no blank, and may be compressed (ingest/input.h).
 *
 * CSV (RFC 4180) with a header line; columns by name in any order, unknown ones are an error:
 *   node      required: the node's name
 *   match     required: an address, a CIDR, an interface id or an instance id (told by its shape:
 *             what parses as an address or prefix is one, anything else is an id)
 *   role, identity, pod, namespace, workload
 *   from, to  a date, RFC 3339 or @epoch, nothing relative: bound the row's validity, half-open;
 *             empty is unbounded
 * Where several rows match an address, the longest prefix that is valid at the time wins; of equals
 * the first in the file.
 *
 * JSON ('{'): what `kubectl get nodes,pods -A -o json` prints, or any number of Nodes, Pods and
 * lists of them (List, NodeList, PodList) one behind another; other kinds are passed over. Node
 * matched by InternalIP, ExternalIP, podCIDRs, and the instance of its providerID (kube_instance);
 * identity is its uid, role by its labels (kube_role); valid from creationTimestamp to
 * deletionTimestamp Pod       matched by its podIPs, unless they are its host's; its node, with
 * that node's identity and role, its name, namespace and workload (kube_workload); valid from
 * startTime, else creationTimestamp, to deletionTimestamp, and if it has finished no longer than to
 * its last container's end The longest prefix that is valid wins here too; of equals what began
 * last, since an address is given on; of one claim that stands twice, in lists of two days, the
 * last one. */

#define INVENTORY_ROWS_MAX 1000000u

struct inventory;

struct inventory_entry {
    struct bytes node;
    struct bytes identity; /* empty: not given */
    struct bytes role;
    int64_t from_ms;  /* INT64_MIN: unbounded */
    int64_t to_ms;    /* INT64_MAX: unbounded */
    struct bytes pod; /* these three of an address: empty when it is no pod's */
    struct bytes namespace_;
    struct bytes workload;
};

/* Errors: ERROR_IO, ERROR_FORMAT ("inventory.csv: line 7: ..."), ERROR_LIMIT. JSON is read as a
 * stream: what is held is what is kept of it. */
bool inventory_open(struct inventory **out, const char *path, struct error *err);
/* The same over bytes; `name` stands in messages. */
bool inventory_open_bytes(struct inventory **out, const char *name, struct bytes bytes,
                          struct error *err);
void inventory_free(struct inventory *inventory);

/* Times over which an answer is the same, half-open, around the one that was asked for: the same
 * entry, or none. */
struct inventory_span {
    int64_t from_ms; /* INT64_MIN: unbounded */
    int64_t to_ms;   /* INT64_MAX: unbounded */
};
#define INVENTORY_ALWAYS                                                                           \
    { INT64_MIN, INT64_MAX }

static inline bool inventory_span_is_bounded(const struct inventory_span *span) {
    return span->from_ms != INT64_MIN || span->to_ms != INT64_MAX;
}

static inline bool inventory_span_has(const struct inventory_span *span, int64_t at_ms) {
    return span->from_ms <= at_ms && at_ms < span->to_ms;
}

/* The entry of an interface or instance id, or of an address, at a time; NULL when there is none.
 * `span` may be NULL. The entry lives as long as the inventory. */
const struct inventory_entry *inventory_find_id(const struct inventory *inventory, struct bytes id,
                                                int64_t at_ms, struct inventory_span *span);
const struct inventory_entry *inventory_find_address(const struct inventory *inventory,
                                                     struct address address, int64_t at_ms,
                                                     struct inventory_span *span);

/* Whether any entry has a pod, a namespace or a workload. */
bool inventory_has_pods(const struct inventory *inventory);

/* The single addresses of a node's rows that are valid at a time (no CIDRs), in file order, at most
 * `capacity`; returns how many. Those of its pods, of which it may have hundreds, are told apart.
 */
size_t inventory_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                           struct address *out, size_t capacity);
size_t inventory_pod_addresses(const struct inventory *inventory, struct bytes node, int64_t at_ms,
                               struct address *out, size_t capacity);

#endif
