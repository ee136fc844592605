/* SPDX-License-Identifier: Apache-2.0 */
/* Each object of the JSON has one function that goes through its keys and passes over those that it
 * does not know. Functions return nothing: the reader keeps its error, and the first value that is
 * wrong is noted, both looked at once, at the object's end. */
#include "ingest/kube_object.h"

#include "base/time.h"
#include "ingest/kube_name.h"

#include <stdio.h>

#define TEXTS_MAXIMUM ((size_t)16 << 20)
#define QUOTE_SIZE 60 /* of a value or a name, in messages */

static bool is_text(struct bytes bytes, const char *text) {
    return bytes_equal(bytes, bytes_text(text));
}

/* Printable ASCII only, at most QUOTE_SIZE of it. */
static const char *quote(struct bytes text, char out[QUOTE_SIZE + 1]) {
    size_t size = text.size < QUOTE_SIZE ? text.size : QUOTE_SIZE;
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)(text.data[i] >= ' ' && text.data[i] < 127 ? text.data[i] : '?');
    }
    out[size] = '\0';
    return out;
}

static void note_fault(struct kube_object *object, const char *field, struct bytes value,
                       const char *what) {
    if (object->fault[0] == '\0') {
        char quoted[QUOTE_SIZE + 1];
        (void)snprintf(object->fault, sizeof object->fault, "%s '%s' is not %s", field,
                       quote(value, quoted), what); /* cut is fine */
    }
}

/* ---- values ---- */

static void take_text(struct kube_object *object, struct json_reader *reader, struct bytes *out) {
    struct bytes text;
    if (json_take_text(reader, &text)) {
        *out = arena_copy(&object->texts, text, &object->has_no_memory);
    }
}

static bool two_digits(const uint8_t *at, unsigned *out) {
    unsigned tens = at[0] - (unsigned)'0';
    unsigned ones = at[1] - (unsigned)'0';
    *out = 10 * tens + ones;
    return tens < 10 && ones < 10;
}

/* "2026-11-24T10:30:00Z", as the API server writes nearly all times. */
static bool read_plain_time(struct bytes text, int64_t *out_ms) {
    const uint8_t *at = text.data;
    unsigned century, year, month, day, hour, minute, second;
    if (text.size != 20 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' ||
        at[16] != ':' || at[19] != 'Z' || !two_digits(at, &century) || !two_digits(at + 2, &year) ||
        !two_digits(at + 5, &month) || !two_digits(at + 8, &day) || !two_digits(at + 11, &hour) ||
        !two_digits(at + 14, &minute) || !two_digits(at + 17, &second)) {
        return false;
    }
    int64_t whole_year = 100 * (int64_t)century + year;
    if (month < 1 || month > 12 || day < 1 || day > time_days_of_month(whole_year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t days = time_days_from_date(whole_year, month, day);
    *out_ms = days * TIME_DAY_MS + hour * TIME_HOUR_MS + minute * TIME_MINUTE_MS +
              second * TIME_SECOND_MS;
    return true;
}

static void take_time(struct kube_object *object, struct json_reader *reader, const char *field,
                      int64_t *out_ms) {
    struct bytes text;
    if (!json_take_text(reader, &text) || text.size == 0 || read_plain_time(text, out_ms)) {
        return;
    }
    struct time_context context = { .end_ms = TIME_UNKNOWN };
    bool is_absolute = text.size > 10 && text.data[4] == '-' && text.data[10] == 'T';
    if (!is_absolute || !time_parse(text, &context, out_ms, NULL)) {
        note_fault(object, field, text, "a time");
    }
}

/* Keeps the larger. */
static void take_last_time(struct kube_object *object, struct json_reader *reader,
                           const char *field, int64_t *last_ms) {
    int64_t time_ms = INT64_MIN;
    take_time(object, reader, field, &time_ms);
    *last_ms = time_ms > *last_ms ? time_ms : *last_ms;
}

static void add_address(struct kube_object *object, struct address address) {
    for (uint32_t i = 0; i < object->address_count; i++) {
        if (address_equal(object->addresses[i], address)) {
            return;
        }
    }
    if (object->address_count < KUBE_ADDRESSES_MAX) {
        object->addresses[object->address_count++] = address;
    }
}

/* Adds an address that is not empty. */
static void take_address(struct kube_object *object, struct json_reader *reader,
                         const char *field) {
    struct bytes text;
    struct address address;
    if (!json_take_text(reader, &text) || text.size == 0) {
        return;
    }
    if (address_parse(text, &address)) {
        add_address(object, address);
    } else {
        note_fault(object, field, text, "an address");
    }
}

static void take_prefix(struct kube_object *object, struct json_reader *reader) {
    struct bytes text;
    struct prefix prefix;
    if (!json_take_text(reader, &text) || text.size == 0) {
        return;
    }
    if (!prefix_parse(text, &prefix, NULL)) {
        note_fault(object, "spec.podCIDRs", text, "a prefix");
        return;
    }
    for (uint32_t i = 0; i < object->prefix_count; i++) {
        if (object->prefixes[i].length == prefix.length &&
            address_equal(object->prefixes[i].address, prefix.address)) {
            return;
        }
    }
    if (object->prefix_count < KUBE_PREFIXES_MAX) {
        object->prefixes[object->prefix_count++] = prefix;
    }
}

/* ---- metadata ---- */

/* Keys are gone when a value is read: what is wanted of one is looked at first. */
static void read_label(struct kube_object *object, struct json_reader *reader, struct bytes key) {
    struct bytes none = { 0 };
    struct bytes role = { 0 };
    if (is_text(key, "pod-template-hash") || is_text(key, "rollouts-pod-template-hash")) {
        take_text(object, reader, &object->template_hash);
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
    take_text(object, reader, &value);
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
            take_text(object, reader, &kind);
        } else if (is_text(key, "name")) {
            take_text(object, reader, &name);
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
            take_text(object, reader, &object->name);
        } else if (is_text(key, "namespace")) {
            take_text(object, reader, &object->namespace_);
        } else if (is_text(key, "uid")) {
            take_text(object, reader, &object->uid);
        } else if (is_text(key, "creationTimestamp")) {
            take_time(object, reader, "metadata.creationTimestamp", &object->created_ms);
        } else if (is_text(key, "deletionTimestamp")) {
            take_time(object, reader, "metadata.deletionTimestamp", &object->deleted_ms);
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
            take_prefix(object, reader);
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
            take_text(object, reader, &object->node);
        } else if (is_text(key, "hostNetwork")) {
            (void)json_take_bool(reader, &object->is_host_network);
        } else if (is_text(key, "providerID")) {
            set_shape(shape, KUBE_NODE);
            take_text(object, reader, &object->provider_id);
        } else if (is_text(key, "podCIDR")) {
            take_prefix(object, reader);
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
            take_text(object, reader, &text);
        } else if (is_text(key, "type")) {
            is_ip = json_take_text(reader, &type) &&
                    (is_text(type, "InternalIP") || is_text(type, "ExternalIP"));
        } else {
            (void)json_skip(reader);
        }
    }
    struct address address;
    if (is_ip && address_parse(text, &address)) {
        add_address(object, address);
    } else if (is_ip) {
        note_fault(object, "status.addresses", text, "an address");
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
            take_address(object, reader, "status.podIPs");
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
            take_last_time(object, reader, "status.conditions", last_ms);
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
            take_last_time(object, reader, "status.containerStatuses", &object->finished_ms);
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
            take_address(object, reader, "status.podIP");
        } else if (is_text(key, "podIPs")) {
            read_list(object, reader, read_pod_address);
        } else if (is_text(key, "hostIP")) {
            take_host(object, reader);
        } else if (is_text(key, "phase")) {
            take_phase(object, reader);
        } else if (is_text(key, "startTime")) {
            take_time(object, reader, "status.startTime", &object->started_ms);
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
        char namespace_[QUOTE_SIZE + 1];
        char name[QUOTE_SIZE + 1];
        (void)quote(object->namespace_, namespace_);
        return error_set(err, ERROR_FORMAT, "%s%s%s: %s", namespace_,
                         namespace_[0] == '\0' ? "" : "/", quote(object->name, name),
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
