/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of an OCSF Detection Finding that are more than a value at a place: what is affected
 * (resources), what was measured against what (anomaly_analyses), and the flows (evidences). */
#include "detect/alert_field.h"
#include "flow/batch.h"

#define OBSERVABLE_IP_ADDRESS 2

static void member_text(struct json_writer *json, const char *key, struct bytes text) {
    if (text.size > 0) {
        json_key(json, key);
        json_text(json, text);
    }
}

static void member_string(struct json_writer *json, const char *key, const char *text) {
    member_text(json, key, bytes_text(text));
}

static void member_count(struct json_writer *json, const char *key, uint64_t count) {
    json_key(json, key);
    json_u64(json, alert_value_bounded(count));
}

static void member_address(struct json_writer *json, const char *key, struct address address) {
    if (alert_address_is_known(address)) {
        json_key(json, key);
        alert_value_put_address(json, address);
    }
}

/* --- resources ----------------------------------------------------------------------------- */

static void put_node(const struct alert *alert, struct json_writer *json) {
    json_begin_object(json);
    member_string(json, "type", "Node");
    member_text(json, "name", alert->node);
    member_text(json, "uid", alert->identity);
    member_text(json, "namespace", alert->cluster);
    if (alert->evidence.own_count > 0) {
        member_address(json, "ip", alert->evidence.own[0]);
    }
    if (alert->role.size > 0) {
        json_key(json, "group");
        json_begin_object(json);
        member_text(json, "name", alert->role);
        json_end_object(json);
    }
    json_end_object(json);
}

static void write_resources(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    json_begin_array(json);
    if (!alert_is_incident(alert)) {
        put_node(alert, json);
    }
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        json_begin_object(json);
        member_string(json, "type", "Node");
        json_key(json, "name"); /* a resource has one, or a uid */
        json_text(json, alert->nodes[i]);
        member_text(json, "namespace", alert->cluster);
        json_end_object(json);
    }
    json_end_array(json);
}

struct alert_value alert_field_resources(const struct alert_field *field) {
    const struct alert *alert = field->alert;
    bool has_node = !alert_is_incident(alert) && (alert->node.size > 0 || alert->identity.size > 0);
    return alert_value_written(has_node || alert->node_rows > 0, write_resources);
}

/* --- anomaly_analyses ---------------------------------------------------------------------- */

/* One anomaly or baseline: a value of the metric, as a text (OCSF wants one), and what it is. */
static void put_observation(struct json_writer *json, const struct alert *alert, double value,
                            const char *pattern, uint64_t count) {
    struct buffer text;
    struct json_writer number;
    buffer_init(&text, 64);
    json_init(&number, &text);
    json_decimal(&number, value, alert_value_decimals(alert));
    json_begin_object(json);
    member_string(json, "observation_parameter", feature_rows[alert->feature].name);
    member_string(json, "observation_type", feature_rows[alert->feature].unit);
    member_string(json, "observed_pattern", pattern);
    json_key(json, "observations");
    json_begin_array(json);
    json_begin_object(json);
    json_key(json, "value");
    alert_value_put_built(json, &text);
    if (count > 0) {
        member_count(json, "count", count);
    }
    json_end_object(json);
    json_end_array(json);
    json_end_object(json);
}

static void put_target(struct bytes name, const char *type, struct json_writer *json) {
    json_begin_object(json);
    json_key(json, "name"); /* required, be it empty */
    json_text(json, name);
    member_string(json, "type", type);
    json_end_object(json);
}

static void write_anomalies(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    json_begin_array(json);
    json_begin_object(json);
    json_key(json, "analysis_targets");
    json_begin_array(json);
    if (alert->node_rows == 0) {
        bool is_incident = alert_is_incident(alert);
        put_target(is_incident ? alert->identity : alert->node, is_incident ? "Fleet" : "Node",
                   json);
    }
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        put_target(alert->nodes[i], "Node", json);
    }
    json_end_array(json);
    json_key(json, "anomalies");
    json_begin_array(json);
    put_observation(json, alert, alert->observed, "observed", 0);
    json_end_array(json);
    json_key(json, "baselines");
    json_begin_array(json);
    put_observation(json, alert, alert->expected, "expected", alert->baseline_samples);
    put_observation(json, alert, alert->low, "low", 0);
    put_observation(json, alert, alert->high, "high", 0);
    if (alert->is_scored) {
        put_observation(json, alert, alert->record, "record", 0);
    }
    json_end_array(json);
    json_end_object(json);
    json_end_array(json);
}

struct alert_value alert_field_anomalies(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_anomalies);
}

/* --- evidences ----------------------------------------------------------------------------- */

static void put_local(const struct alert *alert, const struct evidence_key *key, const char *name,
                      struct json_writer *json) {
    json_key(json, name);
    json_begin_object(json);
    member_address(json, "ip", key->local);
    member_count(json, "port", key->local_port);
    json_key(json,
             "name"); /* an endpoint has one of them; of an incident's nodes it is not known */
    json_text(json, alert->node);
    member_text(json, "instance_uid", alert_instance(alert));
    member_text(json, "interface_uid", alert->interface);
    json_end_object(json);
}

static void put_peer(const struct evidence_key *key, const char *name, struct json_writer *json) {
    json_key(json, name);
    json_begin_object(json);
    json_key(json, "ip");
    alert_value_put_address(json, key->peer);
    member_count(json, "port", key->peer_port);
    json_end_object(json);
}

static void put_connection(const struct alert *alert, const struct evidence_key *key,
                           struct json_writer *json) {
    static const struct {
        unsigned id;
        const char *name;
    } directions[] = { [DIRECTION_UNKNOWN] = { 0, "Unknown" },
                       [DIRECTION_IN] = { 1, "Inbound" },
                       [DIRECTION_OUT] = { 2, "Outbound" } };
    unsigned direction = alert->direction <= DIRECTION_OUT ? alert->direction : DIRECTION_UNKNOWN;
    const char *protocol = alert_protocol_name(key->protocol);
    char id[COMMUNITY_ID_SIZE];
    json_key(json, "connection_info");
    json_begin_object(json);
    member_count(json, "direction_id", directions[direction].id);
    member_string(json, "direction", directions[direction].name);
    member_count(json, "protocol_num", key->protocol);
    member_string(json, "protocol_name", protocol == NULL ? "" : protocol);
    member_string(json, "community_uid", alert_community_id(key, id) ? id : "");
    json_end_object(json);
}

static void write_evidences(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    json_begin_array(json);
    for (uint32_t i = 0; i < alert->evidence.key_rows; i++) {
        const struct evidence_key *key = &alert->evidence.keys[i];
        bool is_in = alert->direction == DIRECTION_IN;
        json_begin_object(json);
        if (is_in) {
            put_peer(key, "src_endpoint", json);
            put_local(alert, key, "dst_endpoint", json);
        } else {
            put_local(alert, key, "src_endpoint", json);
            put_peer(key, "dst_endpoint", json);
        }
        put_connection(alert, key, json);
        json_key(json, "data");
        json_begin_object(json);
        member_count(json, "bytes", key->sum.bytes);
        member_count(json, "packets", key->sum.packets);
        member_count(json, "flows", key->sum.flows);
        json_end_object(json);
        json_end_object(json);
    }
    json_end_array(json);
}

struct alert_value alert_field_evidences(const struct alert_field *field) {
    return alert_value_written(field->alert->evidence.key_rows > 0, write_evidences);
}

static bool is_first_of_peer(const struct evidence *evidence, uint32_t row) {
    for (uint32_t i = 0; i < row; i++) {
        if (address_equal(evidence->keys[i].peer, evidence->keys[row].peer)) {
            return false;
        }
    }
    return true;
}

static void put_observable(struct json_writer *json, const char *name, struct address address) {
    json_begin_object(json);
    member_string(json, "name", name);
    member_count(json, "type_id", OBSERVABLE_IP_ADDRESS);
    member_string(json, "type", "IP Address");
    json_key(json, "value");
    alert_value_put_address(json, address);
    json_end_object(json);
}

/* The peers' addresses once more, where tools look for indicators. */
static void write_observables(const struct alert_field *field, struct json_writer *json) {
    const struct evidence *evidence = &field->alert->evidence;
    const char *name = field->alert->direction == DIRECTION_IN ? "evidences.src_endpoint.ip"
                                                               : "evidences.dst_endpoint.ip";
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        if (is_first_of_peer(evidence, i)) {
            put_observable(json, name, evidence->keys[i].peer);
        }
    }
    if (evidence->rare.group != 0) {
        put_observable(json, "unmapped.evidence.rare_peer.address", evidence->rare.peer);
    }
    json_end_array(json);
}

struct alert_value alert_field_observables(const struct alert_field *field) {
    const struct evidence *evidence = &field->alert->evidence;
    return alert_value_written(evidence->key_rows > 0 || evidence->rare.group != 0,
                               write_observables);
}
