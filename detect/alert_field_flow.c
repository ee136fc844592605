/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with most bytes as one flow: its source is who sent the bytes that the alert is
 * about. So an inbound alert's source is the peer. */
#include "detect/alert_field.h"

#include "flow/batch.h"

#include <stdio.h>

static const struct alert_value none = { .kind = ALERT_VALUE_NONE };

static const struct evidence_key *first_key(const struct alert_field *field) {
    const struct evidence *evidence = &field->alert->evidence;
    return evidence->key_rows > 0 ? &evidence->keys[0] : NULL;
}

static struct address end_address(const struct alert_field *field, bool is_source) {
    const struct evidence_key *key = first_key(field);
    bool is_peer = (field->alert->direction == DIRECTION_IN) == is_source;
    return key == NULL ? (struct address){ 0 } : is_peer ? key->peer : key->local;
}

static void write_source_address(const struct alert_field *field, struct json_writer *json) {
    alert_value_put_address(json, end_address(field, true));
}

static void write_destination_address(const struct alert_field *field, struct json_writer *json) {
    alert_value_put_address(json, end_address(field, false));
}

struct alert_value alert_field_source_address(const struct alert_field *field) {
    return alert_value_written(alert_address_is_known(end_address(field, true)),
                               write_source_address);
}

struct alert_value alert_field_destination_address(const struct alert_field *field) {
    return alert_value_written(alert_address_is_known(end_address(field, false)),
                               write_destination_address);
}

static struct alert_value end_port(const struct alert_field *field, bool is_source) {
    const struct evidence_key *key = first_key(field);
    bool is_peer = (field->alert->direction == DIRECTION_IN) == is_source;
    return key == NULL ? none : alert_value_count(is_peer ? key->peer_port : key->local_port);
}

struct alert_value alert_field_source_port(const struct alert_field *field) {
    return end_port(field, true);
}

struct alert_value alert_field_destination_port(const struct alert_field *field) {
    return end_port(field, false);
}

struct alert_value alert_field_source_bytes(const struct alert_field *field) {
    const struct evidence_key *key = first_key(field);
    return key == NULL ? none : alert_value_count(key->sum.bytes);
}

struct alert_value alert_field_source_packets(const struct alert_field *field) {
    const struct evidence_key *key = first_key(field);
    return key == NULL ? none : alert_value_count(key->sum.packets);
}

struct alert_value alert_field_transport(const struct alert_field *field) {
    const struct evidence_key *key = first_key(field);
    return key == NULL ? none : alert_value_string(alert_protocol_name(key->protocol));
}

/* ECS holds IANA's number as a keyword. */
static void write_protocol_number(const struct alert_field *field, struct json_writer *json) {
    char text[4];
    (void)snprintf(text, sizeof text, "%u", first_key(field)->protocol);
    json_string(json, text);
}

struct alert_value alert_field_protocol_number(const struct alert_field *field) {
    return alert_value_written(first_key(field) != NULL, write_protocol_number);
}

struct alert_value alert_field_ip_version(const struct alert_field *field) {
    const struct evidence_key *key = first_key(field);
    return key == NULL ? none : alert_value_string(address_is_ipv4(key->peer) ? "ipv4" : "ipv6");
}

static void write_community_id(const struct alert_field *field, struct json_writer *json) {
    char id[COMMUNITY_ID_SIZE];
    (void)alert_community_id(first_key(field), id); /* it has one, or this is not called */
    json_string(json, id);
}

struct alert_value alert_field_community_id(const struct alert_field *field) {
    const struct evidence_key *key = first_key(field);
    char id[COMMUNITY_ID_SIZE];
    return alert_value_written(key != NULL && alert_community_id(key, id), write_community_id);
}
