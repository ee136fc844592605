/* SPDX-License-Identifier: Apache-2.0 */
/* Each object of the JSON has one function that goes through its keys and passes over those that it
 * does not know. They return nothing, as those for values (kube_value.h). */
#include "ingest/kube_object.h"

#include "ingest/kube_name.h"
#include "ingest/kube_value.h"

#include <stdio.h>

#define TEXTS_MAXIMUM ((size_t)16 << 20)

static bool is_text(struct bytes bytes, const char *text) {
    return bytes_equal(bytes, bytes_text(text));
}

/* ---- metadata ---- */

/* Keys are gone when a value is read: what is wanted of one is looked at first. */
static void read_label(struct kube_object *object, struct json_reader *reader, struct bytes key) {
    struct bytes none = { 0 };
    struct bytes role = { 0 };
    if (is_text(key, "pod-template-hash") || is_text(key, "rollouts-pod-template-hash")) {
        kube_take_text(object, reader, &object->template_hash);
        return;
    }
    unsigned rank = kube_role(key, bytes_text("?"), &role);
    if (rank == KUBE_ROLE_NONE) {
        (void)json_skip(reader); /* the reader keeps its error; so below */
        return;
    }
    bool is_in_key = kube_role(key, none, &role) != KUBE_ROLE_NONE;
    struct bytes label = arena_copy(&object->texts, key, &object->has_no_memory);
    struct bytes value = { 0 };
    kube_take_text(object, reader, &value);
    rank = kube_role(label, is_in_key ? none : value, &role);
    if (rank < object->role_rank || (rank == object->role_rank && rank != KUBE_ROLE_NONE &&
                                     bytes_compare(role, object->role) < 0)) {
        object->role = role;
        object->role_rank = rank;
    }
}

static void read_labels(struct kube_object *object, struct json_reader *reader) {
    struct bytes key;
    if (json_enter(reader, JSON_TOKEN_OBJECT)) {
        while (json_take_key(reader, &key)) {
            read_label(object, reader, key);
        }
    }
}

static void read_owner(struct kube_object *object, struct json_reader *reader) {
    struct bytes key;
    struct bytes kind = { 0 };
    struct bytes name = { 0 };
    bool is_controller = false;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "kind")) {
            kube_take_text(object, reader, &kind);
        } else if (is_text(key, "name")) {
            kube_take_text(object, reader, &name);
        } else if (is_text(key, "controller")) {
            (void)json_take_bool(reader, &is_controller);
        } else {
            (void)json_skip(reader);
        }
    }
    if (is_controller) {
        object->owner_kind = kind;
        object->owner_name = name;
    }
}

static void read_owners(struct kube_object *object, struct json_reader *reader) {
    if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        while (json_more(reader)) {
            read_owner(object, reader);
        }
    }
}

static void read_metadata(struct kube_object *object, struct json_reader *reader) {
    struct bytes key;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "name")) {
            kube_take_text(object, reader, &object->name);
        } else if (is_text(key, "namespace")) {
            kube_take_text(object, reader, &object->namespace_);
        } else if (is_text(key, "uid")) {
            kube_take_text(object, reader, &object->uid);
        } else if (is_text(key, "creationTimestamp")) {
            kube_take_time(object, reader, "metadata.creationTimestamp", &object->created_ms);
        } else if (is_text(key, "deletionTimestamp")) {
            kube_take_time(object, reader, "metadata.deletionTimestamp", &object->deleted_ms);
        } else if (is_text(key, "labels")) {
            read_labels(object, reader);
        } else if (is_text(key, "ownerReferences")) {
            read_owners(object, reader);
        } else {
            (void)json_skip(reader);
        }
    }
}

/* ---- spec ---- */

static void read_prefixes(struct kube_object *object, struct json_reader *reader) {
    if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        while (json_more(reader)) {
            kube_take_prefix(object, reader);
        }
    }
}

/* What an object is, where it does not say so. */
static void set_shape(enum kube_kind *shape, enum kube_kind kind) {
    *shape = *shape == KUBE_NONE ? kind : *shape;
}

static void read_spec(struct kube_object *object, struct json_reader *reader,
                      enum kube_kind *shape) {
    struct bytes key;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "nodeName")) {
            set_shape(shape, KUBE_POD);
            kube_take_text(object, reader, &object->node);
        } else if (is_text(key, "hostNetwork")) {
            (void)json_take_bool(reader, &object->is_host_network);
        } else if (is_text(key, "providerID")) {
            set_shape(shape, KUBE_NODE);
            kube_take_text(object, reader, &object->provider_id);
        } else if (is_text(key, "podCIDR")) {
            kube_take_prefix(object, reader);
        } else if (is_text(key, "podCIDRs")) {
            read_prefixes(object, reader);
        } else {
            (void)json_skip(reader);
        }
    }
}

/* ---- status ---- */

/* One of a node's addresses, {"address":"10.0.0.1","type":"InternalIP"}: names of hosts are passed
 * over, so the address is read once the type is known. */
static void read_node_address(struct kube_object *object, struct json_reader *reader) {
    struct bytes key;
    struct bytes text = { 0 };
    bool is_ip = false;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        struct bytes type;
        if (is_text(key, "address")) {
            kube_take_text(object, reader, &text);
        } else if (is_text(key, "type")) {
            is_ip = json_take_text(reader, &type) &&
                    (is_text(type, "InternalIP") || is_text(type, "ExternalIP"));
        } else {
            (void)json_skip(reader);
        }
    }
    struct address address;
    if (is_ip && address_parse(text, &address)) {
        kube_add_address(object, address);
    } else if (is_ip) {
        kube_note_fault(object, "status.addresses", text, "an address");
    }
}

/* One of podIPs, {"ip":"10.0.0.1"}. */
static void read_pod_address(struct kube_object *object, struct json_reader *reader) {
    struct bytes key;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "ip")) {
            kube_take_address(object, reader, "status.podIPs");
        } else {
            (void)json_skip(reader);
        }
    }
}

static void read_condition(struct kube_object *object, struct json_reader *reader,
                           int64_t *last_ms) {
    struct bytes key;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "lastTransitionTime")) {
            kube_take_last_time(object, reader, "status.conditions", last_ms);
        } else {
            (void)json_skip(reader);
        }
    }
}

/* {"state":{"terminated":{"finishedAt":TIME}}}; lastState is of a container's life before. */
static void read_container(struct kube_object *object, struct json_reader *reader) {
    static const char *const PATH[] = { "state", "terminated", "finishedAt" };
    uint32_t level = 0;
    struct bytes key;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    for (;;) {
        if (!json_take_key(reader, &key)) {
            if (level == 0 || !json_check(reader, NULL)) {
                return;
            }
            level--;
        } else if (!is_text(key, PATH[level])) {
            (void)json_skip(reader);
        } else if (level == 2) {
            kube_take_last_time(object, reader, "status.containerStatuses", &object->finished_ms);
        } else if (json_enter(reader, JSON_TOKEN_OBJECT)) {
            level++;
        }
    }
}

typedef void (*element_read)(struct kube_object *object, struct json_reader *reader);

static void read_list(struct kube_object *object, struct json_reader *reader, element_read read) {
    if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        while (json_more(reader)) {
            read(object, reader);
        }
    }
}

static void read_conditions(struct kube_object *object, struct json_reader *reader,
                            int64_t *last_ms) {
    if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        while (json_more(reader)) {
            read_condition(object, reader, last_ms);
        }
    }
}

static void take_host(struct kube_object *object, struct json_reader *reader) {
    struct bytes text;
    object->has_host = json_take_text(reader, &text) && address_parse(text, &object->host);
}

static void take_phase(struct kube_object *object, struct json_reader *reader) {
    struct bytes phase;
    object->is_finished =
        json_take_text(reader, &phase) && (is_text(phase, "Succeeded") || is_text(phase, "Failed"));
}

static void read_status(struct kube_object *object, struct json_reader *reader,
                        enum kube_kind *shape) {
    struct bytes key;
    int64_t changed_ms = INT64_MIN;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return;
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "addresses")) {
            set_shape(shape, KUBE_NODE);
            read_list(object, reader, read_node_address);
        } else if (is_text(key, "podIP")) {
            set_shape(shape, KUBE_POD);
            kube_take_address(object, reader, "status.podIP");
        } else if (is_text(key, "podIPs")) {
            read_list(object, reader, read_pod_address);
        } else if (is_text(key, "hostIP")) {
            take_host(object, reader);
        } else if (is_text(key, "phase")) {
            take_phase(object, reader);
        } else if (is_text(key, "startTime")) {
            kube_take_time(object, reader, "status.startTime", &object->started_ms);
        } else if (is_text(key, "conditions")) {
            read_conditions(object, reader, &changed_ms);
        } else if (is_text(key, "containerStatuses") || is_text(key, "initContainerStatuses")) {
            read_list(object, reader, read_container);
        } else {
            (void)json_skip(reader);
        }
    }
    object->finished_ms = object->finished_ms == INT64_MIN ? changed_ms : object->finished_ms;
}

/* ---- the object ---- */

void kube_object_init(struct kube_object *object) {
    *object = (struct kube_object){ .kind = KUBE_NONE };
    arena_init(&object->texts, TEXTS_MAXIMUM);
}

void kube_object_done(struct kube_object *object) {
    arena_done(&object->texts);
}

static void reset(struct kube_object *object) {
    struct arena texts = object->texts;
    *object = (struct kube_object){
        .created_ms = INT64_MIN,
        .deleted_ms = INT64_MIN,
        .started_ms = INT64_MIN,
        .finished_ms = INT64_MIN,
        .role_rank = KUBE_ROLE_NONE,
        .texts = texts,
    };
    arena_reset(&object->texts);
}

static enum kube_kind take_kind(struct json_reader *reader) {
    struct bytes text;
    if (!json_take_text(reader, &text)) {
        return KUBE_NONE;
    }
    return is_text(text, "Node")       ? KUBE_NODE
           : is_text(text, "Pod")      ? KUBE_POD
           : is_text(text, "NodeList") ? KUBE_NODE_LIST
           : is_text(text, "PodList")  ? KUBE_POD_LIST
                                       : KUBE_OTHER;
}

static bool read_items(struct json_reader *reader, kube_visit visit, void *context,
                       enum kube_kind list, struct error *err) {
    if (visit == NULL) {
        (void)json_skip(reader);
    } else if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        while (json_more(reader)) {
            if (!visit(context, list, err)) {
                return false;
            }
        }
    }
    return true;
}

static bool check(const struct kube_object *object, const struct json_reader *reader,
                  struct error *err) {
    if (!json_check(reader, err)) {
        return false;
    }
    if (object->has_no_memory) {
        return error_set(err, ERROR_LIMIT, "an object's texts exceed %zu bytes", TEXTS_MAXIMUM);
    }
    if (object->fault[0] != '\0' && object->kind != KUBE_OTHER) {
        char namespace_[KUBE_QUOTE_SIZE + 1];
        char name[KUBE_QUOTE_SIZE + 1];
        (void)kube_quote(object->namespace_, namespace_);
        return error_set(err, ERROR_FORMAT, "%s%s%s: %s", namespace_,
                         namespace_[0] == '\0' ? "" : "/", kube_quote(object->name, name),
                         object->fault);
    }
    return true;
}

bool kube_object_read(struct kube_object *object, struct json_reader *reader, kube_visit visit,
                      void *context, bool *has_items, struct error *err) {
    enum kube_kind shape = KUBE_NONE;
    struct bytes key;
    reset(object);
    *has_items = false;
    if (!json_enter(reader, JSON_TOKEN_OBJECT)) {
        return json_check(reader, err);
    }
    while (json_take_key(reader, &key)) {
        if (is_text(key, "kind")) {
            object->kind = take_kind(reader);
        } else if (is_text(key, "metadata")) {
            read_metadata(object, reader);
        } else if (is_text(key, "spec")) {
            read_spec(object, reader, &shape);
        } else if (is_text(key, "status")) {
            read_status(object, reader, &shape);
        } else if (is_text(key, "items")) {
            *has_items = true;
            if (!read_items(reader, visit, context, object->kind, err)) {
                return false;
            }
        } else {
            (void)json_skip(reader);
        }
    }
    object->kind = object->kind == KUBE_NONE ? shape : object->kind;
    return check(object, reader, err);
}
