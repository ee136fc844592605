/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ALERT_FIELD_H
#define WEIR_DETECT_ALERT_FIELD_H

#include "detect/alert_link.h"

/* The fields of an alert as values that a form places (alert_form.h): what the native form says,
 * and what other systems make of it (a severity as a number, a title, a sentence). */

enum alert_form {
    ALERT_FORM_NATIVE,
    ALERT_FORM_ALERTMANAGER,
    ALERT_FORM_OCSF,
    ALERT_FORM_ECS,
    ALERT_FORM_CLOUDEVENTS,
    ALERT_FORM_COUNT,
};

struct alert_field {
    const struct alert *alert;
    enum alert_form form;
    const struct alert_link *link; /* NULL: none */
};

enum alert_value_kind {
    ALERT_VALUE_NONE, /* not known, or the form has no word for it: left out */
    ALERT_VALUE_TEXT,
    ALERT_VALUE_COUNT,
    ALERT_VALUE_NUMBER,
    ALERT_VALUE_TIME,
    ALERT_VALUE_BOOL,
    ALERT_VALUE_WRITTEN, /* a list, an object or a text that is put together: `write` does it */
};

struct alert_value {
    enum alert_value_kind kind;
    unsigned decimals; /* of a number */
    union {
        struct bytes text; /* borrowed from the alert, or of ours */
        uint64_t count;
        double number;
        int64_t time_ms;
        bool is_true;
        /* Writes one value: where the form is Alertmanager's, a string. */
        void (*write)(const struct alert_field *field, struct json_writer *json);
    };
};

typedef struct alert_value alert_field_get(const struct alert_field *field);

/* Texts (alert_field.c). */
alert_field_get alert_field_message;    /* the alert in a sentence */
alert_field_get alert_field_alert_name; /* "WeirExfilVolume" */
alert_field_get alert_field_flowq;
alert_field_get alert_field_link;       /* to a page about it, where one was configured */
alert_field_get alert_field_native;     /* the native form, whole */
alert_field_get alert_field_source;     /* CloudEvents: who says it */
alert_field_get alert_field_subject;    /* CloudEvents: about whom */
alert_field_get alert_field_rare_group; /* of peers */
alert_field_get alert_field_parameters; /* the hash of the rules' numbers */

/* Lists, and the evidence, whose rows are objects (alert_field_list.c). In Alertmanager's form, all
 * of whose values are texts, a list is one text with commas. */
alert_field_get alert_field_addresses;
alert_field_get alert_field_hosts;             /* the node, or the nodes of an incident */
alert_field_get alert_field_nodes;             /* of an incident */
alert_field_get alert_field_related_addresses; /* the node's and its peers', each once */
alert_field_get alert_field_types;
alert_field_get alert_field_quality;
alert_field_get alert_field_peers;
alert_field_get alert_field_ports;
alert_field_get alert_field_protocols;
alert_field_get alert_field_keys;
alert_field_get alert_field_rare_peer; /* that only this node knows */
alert_field_get alert_field_community_ids;

/* ATT&CK (alert_field_attack.c). */
alert_field_get alert_field_attack;  /* the ids as they are */
alert_field_get alert_field_attacks; /* OCSF's objects */
alert_field_get alert_field_framework;
alert_field_get alert_field_technique_ids;
alert_field_get alert_field_technique_names;
alert_field_get alert_field_subtechnique_ids;
alert_field_get alert_field_subtechnique_names;
alert_field_get alert_field_tactic_ids;
alert_field_get alert_field_tactic_names;

/* OCSF's objects (alert_field_ocsf.c). */
alert_field_get alert_field_resources;
alert_field_get alert_field_anomalies;
alert_field_get alert_field_evidences;
alert_field_get alert_field_observables;

/* ECS knows one conversation an event: that with most bytes, as source and destination of its bytes
 * (alert_field_flow.c). */
alert_field_get alert_field_source_address;
alert_field_get alert_field_source_port;
alert_field_get alert_field_source_bytes;
alert_field_get alert_field_source_packets;
alert_field_get alert_field_destination_address;
alert_field_get alert_field_destination_port;
alert_field_get alert_field_transport;
alert_field_get alert_field_protocol_number;
alert_field_get alert_field_ip_version;
alert_field_get alert_field_community_id;

/* For files of this family. */
static inline struct alert_value alert_value_text(struct bytes text) {
    return text.size == 0 ? (struct alert_value){ .kind = ALERT_VALUE_NONE }
                          : (struct alert_value){ .kind = ALERT_VALUE_TEXT, .text = text };
}

static inline struct alert_value alert_value_string(const char *text) {
    return text == NULL ? (struct alert_value){ .kind = ALERT_VALUE_NONE }
                        : alert_value_text(bytes_text(text));
}

static inline struct alert_value alert_value_count(uint64_t count) {
    return (struct alert_value){ .kind = ALERT_VALUE_COUNT, .count = count };
}

static inline struct alert_value alert_value_written(bool is_there,
                                                     void (*write)(const struct alert_field *,
                                                                   struct json_writer *)) {
    return is_there ? (struct alert_value){ .kind = ALERT_VALUE_WRITTEN, .write = write }
                    : (struct alert_value){ .kind = ALERT_VALUE_NONE };
}

/* A fleet incident is about several nodes: `node` is empty, and `identity` is its own. */
static inline bool alert_is_incident(const struct alert *alert) {
    return alert->node_count > 0;
}

/* A count as other systems hold it: in 64 bits with a sign. */
static inline uint64_t alert_value_bounded(uint64_t count) {
    return count < (uint64_t)INT64_MAX ? count : (uint64_t)INT64_MAX;
}

/* A list of texts: an array, or in Alertmanager's form one text with commas. */
struct alert_value_list {
    struct json_writer *json;
    struct buffer joined;
    bool is_joined;
};

void alert_value_list_begin(struct alert_value_list *list, const struct alert_field *field,
                            struct json_writer *json);
void alert_value_list_add(struct alert_value_list *list, struct bytes text);
void alert_value_list_end(struct alert_value_list *list);

/* Of one text that is put together: no name is longer than an inventory or a log line. */
#define ALERT_TEXT_MAX ((size_t)1 << 20)

void alert_text_put(struct buffer *out, const char *text);
void alert_text_put_count(struct buffer *out, uint64_t count);

/* Writes a text that was put together as one value, and is done with it. */
void alert_value_put_built(struct json_writer *json, struct buffer *text);

/* "tcp": IANA's keyword in small letters; NULL for a protocol that few know by name. */
const char *alert_protocol_name(uint8_t protocol);

/* The local address of a key is not always known. */
static inline bool alert_address_is_known(struct address address) {
    return address.high != 0 || address.low != 0;
}

/* Text values. Other systems read times by RFC 3339, whose years have four digits, and some of them
 * know no year 0: what lies outside is moved to the end. */
void alert_value_put_address(struct json_writer *json, struct address address);
void alert_value_put_time(struct json_writer *json, int64_t time_ms);

#endif
