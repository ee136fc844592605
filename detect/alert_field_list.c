/* SPDX-License-Identifier: Apache-2.0 */
/* The alert's lists: of texts, and of evidence, which are objects but in Alertmanager's form. */
#include "detect/alert_field.h"

static void add_address(struct alert_value_list *list, struct address address) {
    char text[ADDRESS_TEXT_SIZE];
    size_t size = address_format(address, text);
    alert_value_list_add(list, bytes_of(text, size));
}

static void write_addresses(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (uint32_t i = 0; i < evidence->own_count; i++) {
        add_address(&list, evidence->own[i]);
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_addresses(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.own_count > 0, write_addresses);
}

static void write_hosts(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    if (!alert_is_incident(alert)) {
        alert_value_list_add(&list, alert->node);
    }
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        alert_value_list_add(&list, alert->nodes[i]);
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_hosts(const struct alert_field *field) {
    const struct alert *alert = field->alert;
    return alert_value_written(alert->node.size > 0 || alert->node_rows > 0, write_hosts);
}

struct alert_value alert_field_nodes(const struct alert_field *field) {
    return alert_value_written(field->alert->node_rows > 0, write_hosts);
}

#define RELATED_MAX (EVIDENCE_OWN_MAX + EVIDENCE_TOP + 2 * EVIDENCE_KEYS + 1)

struct related {
    struct address addresses[RELATED_MAX];
    size_t count;
};

static void related_add(struct related *related, struct address address) {
    bool is_new = alert_address_is_known(address);
    for (size_t i = 0; i < related->count; i++) {
        is_new = is_new && !address_equal(related->addresses[i], address);
    }
    if (is_new) {
        related->addresses[related->count++] = address;
    }
}

static struct related related_of(const struct evidence *evidence) {
    struct related related = { 0 };
    for (uint32_t i = 0; i < evidence->own_count; i++) {
        related_add(&related, evidence->own[i]);
    }
    for (uint32_t i = 0; i < evidence->peer_rows; i++) {
        related_add(&related, evidence->peers[i].address);
    }
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        related_add(&related, evidence->keys[i].local);
        related_add(&related, evidence->keys[i].peer);
    }
    if (evidence->rare.group != 0) {
        related_add(&related, evidence->rare.peer);
    }
    return related;
}

static void write_related(const struct alert_field *field, struct json_writer *json) {
    const struct related related = related_of(&field->alert->evidence);
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (size_t i = 0; i < related.count; i++) {
        add_address(&list, related.addresses[i]);
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_related_addresses(const struct alert_field *field) {
    return alert_value_written(related_of(&field->alert->evidence).count > 0, write_related);
}

static void write_types(const struct alert_field *field, struct json_writer *json) {
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    alert_value_list_add(&list, bytes_text(field->alert->class_));
    alert_value_list_end(&list);
}

struct alert_value alert_field_types(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_types);
}

static void write_quality(const struct alert_field *field, struct json_writer *json) {
    struct alert_value_list list;
    const char *name;
    alert_value_list_begin(&list, field, json);
    for (size_t i = 0; (name = alert_quality_name(field->alert, i)) != NULL; i++) {
        alert_value_list_add(&list, bytes_text(name));
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_quality(const struct alert_field *field) {
    return alert_value_written(alert_quality_name(field->alert, 0) != NULL, write_quality);
}

/* --- evidence ------------------------------------------------------------------------------ */

static void member_count(struct json_writer *json, const char *key, uint64_t count) {
    json_key(json, key);
    json_u64(json, alert_value_bounded(count));
}

static void member_sum(struct json_writer *json, const struct evidence_sum *sum) {
    member_count(json, "bytes", sum->bytes);
    member_count(json, "packets", sum->packets);
    member_count(json, "flows", sum->flows);
}

/* "443/tcp", "4500/99". */
static void put_port(struct buffer *text, uint16_t port, uint8_t protocol) {
    const char *name = alert_protocol_name(protocol);
    alert_text_put_count(text, port);
    alert_text_put(text, "/");
    if (name != NULL) {
        alert_text_put(text, name);
    } else {
        alert_text_put_count(text, protocol);
    }
}

/* "198.51.100.7 (100000000 bytes, 443/tcp, rare)". */
static void add_peer(struct alert_value_list *list, const struct evidence_peer *peer) {
    char address[ADDRESS_TEXT_SIZE];
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    (void)address_format(peer->address, address);
    alert_text_put(&text, address);
    alert_text_put(&text, " (");
    alert_text_put_count(&text, peer->sum.bytes);
    alert_text_put(&text, " bytes");
    if (peer->has_port) {
        alert_text_put(&text, ", ");
        put_port(&text, peer->port, peer->protocol);
    }
    alert_text_put(&text, peer->has_fleet && peer->is_rare ? ", rare)" : ")");
    alert_value_list_add(list, buffer_bytes(&text));
    buffer_done(&text);
}

static void write_peer(const struct evidence_peer *peer, struct json_writer *json) {
    json_begin_object(json);
    json_key(json, "address");
    alert_value_put_address(json, peer->address);
    if (peer->has_port) {
        member_count(json, "port", peer->port);
        member_count(json, "protocol", peer->protocol);
    }
    member_sum(json, &peer->sum);
    if (peer->has_first) {
        json_key(json, "first_seen");
        alert_value_put_time(json, peer->first_ms);
    }
    if (peer->has_fleet) {
        json_key(json, "is_rare");
        json_bool(json, peer->is_rare);
    }
    json_end_object(json);
}

static void write_peers(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (uint32_t i = 0; i < evidence->peer_rows; i++) {
        if (list.is_joined) {
            add_peer(&list, &evidence->peers[i]);
            continue;
        }
        write_peer(&evidence->peers[i], json);
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_peers(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.peer_rows > 0, write_peers);
}

static void add_port(struct alert_value_list *list, const struct evidence_port *port) {
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    put_port(&text, port->port, port->protocol);
    alert_value_list_add(list, buffer_bytes(&text));
    buffer_done(&text);
}

static void write_ports(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (uint32_t i = 0; i < evidence->port_rows; i++) {
        if (list.is_joined) {
            add_port(&list, &evidence->ports[i]);
            continue;
        }
        json_begin_object(json);
        member_count(json, "port", evidence->ports[i].port);
        member_count(json, "protocol", evidence->ports[i].protocol);
        member_sum(json, &evidence->ports[i].sum);
        json_end_object(json);
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_ports(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.port_rows > 0, write_ports);
}

/* Arrays of objects: no form of texts has a place for these. */
static void write_protocols(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->protocol_rows; i++) {
        json_begin_object(json);
        member_count(json, "protocol", evidence->protocols[i].protocol);
        member_sum(json, &evidence->protocols[i].sum);
        json_end_object(json);
    }
    json_end_array(json);
}

struct alert_value alert_field_protocols(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.protocol_rows > 0, write_protocols);
}

static void write_keys(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        const struct evidence_key *key = &evidence->keys[i];
        json_begin_object(json);
        if (alert_address_is_known(key->local)) {
            json_key(json, "local");
            alert_value_put_address(json, key->local);
        }
        member_count(json, "local_port", key->local_port);
        json_key(json, "peer");
        alert_value_put_address(json, key->peer);
        member_count(json, "peer_port", key->peer_port);
        member_count(json, "protocol", key->protocol);
        member_sum(json, &key->sum);
        json_end_object(json);
    }
    json_end_array(json);
}

struct alert_value alert_field_keys(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.key_rows > 0, write_keys);
}

/* "198.51.100.7 port 443: 5000000 bytes out, 10000 in, over 12 minutes". */
static void write_rare_text(const struct evidence_rare *rare, struct json_writer *json) {
    char address[ADDRESS_TEXT_SIZE];
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    (void)address_format(rare->peer, address);
    alert_text_put(&text, address);
    alert_text_put(&text, " port ");
    alert_text_put_count(&text, rare->port);
    alert_text_put(&text, ": ");
    alert_text_put_count(&text, rare->bytes_out);
    alert_text_put(&text, " bytes out, ");
    alert_text_put_count(&text, rare->bytes_in);
    alert_text_put(&text, " in, over ");
    alert_text_put_count(&text, rare->minutes);
    alert_text_put(&text, " minutes");
    alert_value_put_built(json, &text);
}

static void write_rare_peer(const struct alert_field *field, struct json_writer *json) {
    const struct evidence_rare *rare = &field->alert->evidence.rare;
    if (field->form == ALERT_FORM_ALERTMANAGER) {
        write_rare_text(rare, json);
        return;
    }
    json_begin_object(json);
    json_key(json, "address");
    alert_value_put_address(json, rare->peer);
    member_count(json, "port", rare->port);
    member_count(json, "bytes_out", rare->bytes_out);
    member_count(json, "bytes_in", rare->bytes_in);
    json_key(json, "first");
    alert_value_put_time(json, rare->first_ms);
    member_count(json, "minutes", rare->minutes);
    json_key(json, "gap_seconds");
    json_decimal(json, (double)rare->gap_s, ALERT_SECONDS_DECIMALS);
    json_key(json, "is_beacon");
    json_bool(json, rare->is_beacon);
    json_end_object(json);
}

struct alert_value alert_field_rare_peer(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.rare.group != 0, write_rare_peer);
}

static bool has_community_id(const struct evidence *evidence) {
    char id[COMMUNITY_ID_SIZE];
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        if (alert_community_id(&evidence->keys[i], id)) {
            return true;
        }
    }
    return false;
}

static void write_community_ids(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    struct alert_value_list list;
    alert_value_list_begin(&list, field, json);
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        char id[COMMUNITY_ID_SIZE];
        if (alert_community_id(&evidence->keys[i], id)) {
            alert_value_list_add(&list, bytes_text(id));
        }
    }
    alert_value_list_end(&list);
}

struct alert_value alert_field_community_ids(const struct alert_field *field) {
    return alert_value_written(has_community_id(&field->alert->evidence), write_community_ids);
}
