/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_KUBE_OBJECT_H
#define WEIR_INGEST_KUBE_OBJECT_H

#include "base/arena.h"
#include "base/json_read.h"
#include "flow/address.h"

/* One Node or Pod as the API server writes it ("Node", "Pod", Kubernetes API reference, v1), cut
 * down to what an inventory is made of. */

enum kube_kind {
    KUBE_NONE, /* not told */
    KUBE_NODE,
    KUBE_POD,
    KUBE_NODE_LIST,
    KUBE_POD_LIST,
    KUBE_OTHER,
};

/* Further ones are left out. */
#define KUBE_ADDRESSES_MAX 32u
#define KUBE_PREFIXES_MAX 8u
#define KUBE_FAULT_SIZE 120

/* Times are Unix ms, INT64_MIN where they are not told. Texts lie in `texts`. */
struct kube_object {
    enum kube_kind kind; /* told by the object; else by the shape of what it has, else NONE */
    struct bytes namespace_;
    struct bytes name;
    struct bytes uid;
    int64_t created_ms;
    int64_t deleted_ms;

    /* A node's InternalIP and ExternalIP, a pod's podIPs. */
    struct address addresses[KUBE_ADDRESSES_MAX];
    uint32_t address_count;

    /* a node's */
    struct prefix prefixes[KUBE_PREFIXES_MAX]; /* podCIDRs */
    uint32_t prefix_count;
    struct bytes provider_id;
    struct bytes role; /* by kube_role */
    unsigned role_rank;

    /* a pod's */
    struct bytes node;
    struct bytes owner_kind; /* the controller's; empty: none */
    struct bytes owner_name;
    struct bytes template_hash;
    struct address host; /* status.hostIP */
    bool has_host;
    bool is_host_network;
    bool is_finished; /* Succeeded or Failed: its address may be another pod's by now */
    int64_t started_ms;
    int64_t finished_ms; /* the last end of a container, else the last change of a condition */

    struct arena texts;
    bool has_no_memory;
    char fault[KUBE_FAULT_SIZE]; /* the first value that could not be read, else "" */
};

/* Empty, with an arena to fill. */
void kube_object_init(struct kube_object *object);
/* Accepts a zeroed one. */
void kube_object_done(struct kube_object *object);

/* Reads the value that comes next into `object`, whose old contents go; what is no object is passed
 * over. Where it has a list of items, `visit` is called at each: it must pass over the item or read
 * it (into another object). `visit` may be NULL: items are passed over. `*has_items` says that
 * there was such a list.
 *
 * Errors: those of the reader, ERROR_LIMIT; ERROR_FORMAT for an address, prefix or time that is
 * none, with the object's name. */
typedef bool (*kube_visit)(void *context, enum kube_kind list, struct error *err);
bool kube_object_read(struct kube_object *object, struct json_reader *reader, kube_visit visit,
                      void *context, bool *has_items, struct error *err);

#endif
