/* SPDX-License-Identifier: Apache-2.0 */
/* The alert as JSON (docs/FORMATS.md, "Alert"): keys in one order, numbers by integer arithmetic,
 * so that the same alert is the same bytes on every machine. */
#include "detect/alert.h"

#include "base/time.h"
#include "flow/batch.h"

#include <xxhash.h>

/* Community IDs are made with the seed that every peer has by default. */
#define COMMUNITY_SEED 0

#define PROTOCOL_ICMP 1
#define PROTOCOL_ICMPV6 58

const char *alert_state_name(enum alert_state state) {
    static const char *const names[] = { "open", "ongoing", "closed" };
    return (unsigned)state < 3 ? names[state] : "unknown";
}

const char *alert_severity_name(enum alert_severity severity) {
    static const char *const names[] = { "low", "medium", "high", "critical" };
    return (unsigned)severity < 4 ? names[severity] : "unknown";
}

const char *alert_advice_name(enum alert_advice advice) {
    static const char *const names[] = { "none", "notify", "quarantine", "recycle" };
    return (unsigned)advice < 4 ? names[advice] : "unknown";
}

const char *alert_direction_name(uint8_t direction) {
    return direction == DIRECTION_IN ? "in" : direction == DIRECTION_OUT ? "out" : "unknown";
}

/* --- identity ------------------------------------------------------------------------------ */

static void put_hash(uint8_t out[16], const void *data, size_t size) {
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(data, size));
    memcpy(out, hash.digest, sizeof hash.digest);
}

void alert_hash_text(uint64_t hash, char out[ALERT_HASH_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < ALERT_HASH_SIZE - 1; i++) {
        out[i] = digits[hash >> (60 - 4 * i) & 15];
    }
    out[ALERT_HASH_SIZE - 1] = '\0';
}

/* The fields at fixed places, each text by its own hash: so no two lists of fields are the same
 * bytes, whatever the texts hold, and nothing is allocated. */
void alert_identify(struct alert *alert) {
    static const char digits[] = "0123456789abcdef";
    const struct bytes texts[] = { alert->cluster, alert->identity, bytes_text(alert->class_),
                                   bytes_text(alert->rule) };
    uint8_t fields[4 * 16 + 3 * 8];
    for (size_t i = 0; i < 4; i++) {
        put_hash(fields + 16 * i, texts[i].size == 0 ? "" : (const void *)texts[i].data,
                 texts[i].size);
    }
    put_u64(fields + 64, (uint64_t)alert->episode_start_ms);
    put_u64(fields + 72, (uint64_t)alert->window_start_ms);
    put_u64(fields + 80, (uint64_t)alert->state);
    uint8_t id[16];
    put_hash(id, fields, sizeof fields);
    for (size_t i = 0; i < sizeof id; i++) {
        alert->id[2 * i] = digits[id[i] >> 4];
        alert->id[2 * i + 1] = digits[id[i] & 15];
    }
    alert->id[32] = '\0';
}

/* --- pieces -------------------------------------------------------------------------------- */

static void put_time(struct json_writer *json, const char *key, int64_t time_ms) {
    char text[TIME_TEXT_SIZE];
    (void)time_format(time_ms, NULL, text);
    json_key(json, key);
    json_string(json, text);
}

static void put_text(struct json_writer *json, const char *key, struct bytes text) {
    json_key(json, key);
    json_text(json, text);
}

static void put_string(struct json_writer *json, const char *key, const char *text) {
    json_key(json, key);
    json_string(json, text);
}

static void put_number(struct json_writer *json, const char *key, double value, unsigned decimals) {
    json_key(json, key);
    json_decimal(json, value, decimals);
}

static void put_count(struct json_writer *json, const char *key, uint64_t count) {
    json_key(json, key);
    json_u64(json, count);
}

/* 0 is none. */
static void put_hash_text(struct json_writer *json, const char *key, uint64_t hash) {
    char text[ALERT_HASH_SIZE] = "";
    if (hash != 0) {
        alert_hash_text(hash, text);
    }
    put_string(json, key, text);
}

static void put_address(struct json_writer *json, struct address address) {
    char text[ADDRESS_TEXT_SIZE];
    size_t size = address_format(address, text);
    json_text(json, bytes_of(text, size));
}

static void put_sum(struct json_writer *json, const struct evidence_sum *sum) {
    put_count(json, "bytes", sum->bytes);
    put_count(json, "packets", sum->packets);
    put_count(json, "flows", sum->flows);
}

struct bytes alert_instance(const struct alert *alert) {
    struct bytes identity = alert->identity;
    bool is_instance = identity.size > 2 && memcmp(identity.data, "i-", 2) == 0;
    return is_instance ? identity : bytes_text("");
}

static void put_node_ref(struct json_writer *json, const struct alert *alert) {
    json_key(json, "node_ref");
    json_begin_object(json);
    put_text(json, "name", alert->node);
    put_text(json, "identity", alert->identity);
    put_text(json, "instance", alert_instance(alert));
    json_key(json, "addresses");
    json_begin_array(json);
    for (uint32_t i = 0; i < alert->evidence.own_count; i++) {
        put_address(json, alert->evidence.own[i]);
    }
    json_end_array(json);
    put_text(json, "interface", alert->interface);
    json_end_object(json);
}

static void put_nodes(struct json_writer *json, const struct alert *alert) {
    json_key(json, "nodes");
    json_begin_array(json);
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        json_text(json, alert->nodes[i]);
    }
    json_end_array(json);
    put_count(json, "node_count", alert->node_count == 0 ? 1 : alert->node_count);
}

/* --- evidence ------------------------------------------------------------------------------ */

/* A name in double quotes within the single ones of a POSIX shell, with what would end either
 * escaped. */
static void put_quoted(struct buffer *text, struct bytes name) {
    buffer_u8(text, '"');
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (byte == '\'') {
            buffer_put(text, "'\\''", 4);
            continue;
        }
        if (byte == '"' || byte == '\\') {
            buffer_u8(text, '\\');
        }
        buffer_u8(text, byte);
    }
    buffer_u8(text, '"');
}

/* Of a fleet incident the nodes that are listed. */
static void put_node_term(struct buffer *text, const struct alert *alert) {
    if (alert->node_rows == 0) {
        buffer_put(text, "node ", 5);
        put_quoted(text, alert->node);
        return;
    }
    buffer_put(text, "node in {", 9);
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        buffer_put(text, ", ", i == 0 ? 0 : 2);
        put_quoted(text, alert->nodes[i]);
    }
    buffer_put(text, "}", 1);
}

static size_t names_size(const struct alert *alert) {
    size_t size = alert->node.size;
    for (uint32_t i = 0; i < alert->node_rows; i++) {
        size += alert->nodes[i].size + 1;
    }
    return size;
}

/* For a POSIX shell, the filter in single quotes. */
void alert_put_flowq(const struct alert *alert, struct buffer *out) {
    char from[TIME_TEXT_SIZE];
    char to[TIME_TEXT_SIZE];
    (void)time_format_seconds(alert->episode_start_ms, NULL, from);
    (void)time_format_seconds(alert->window_end_ms, NULL, to);
    const char *const pieces[] = { "flowq --from ", from, " --to ", to, " '" };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        buffer_put(out, pieces[i], strlen(pieces[i]));
    }
    put_node_term(out, alert);
    if (alert->direction != DIRECTION_UNKNOWN) {
        const char *direction = alert_direction_name(alert->direction);
        buffer_put(out, " and ", 5);
        buffer_put(out, direction, strlen(direction));
    }
    buffer_put(out, "'", 1);
}

static void put_flowq(struct json_writer *json, const struct alert *alert) {
    struct buffer text;
    buffer_init(&text, 64 + 2 * TIME_TEXT_SIZE + 4 * names_size(alert));
    alert_put_flowq(alert, &text);
    json_key(json, "flowq");
    json_text(json, buffer_bytes(&text));
    json->out->failed = json->out->failed || text.failed;
    buffer_done(&text);
}

static void put_peer(struct json_writer *json, const struct evidence_peer *peer) {
    json_begin_object(json);
    json_key(json, "address");
    put_address(json, peer->address);
    if (peer->has_port) {
        put_count(json, "port", peer->port);
        put_count(json, "protocol", peer->protocol);
    }
    put_sum(json, &peer->sum);
    if (peer->has_first) {
        put_time(json, "first_seen", peer->first_ms);
    }
    if (peer->has_fleet) {
        json_key(json, "is_rare");
        json_bool(json, peer->is_rare);
    }
    json_end_object(json);
}

static void put_peers(struct json_writer *json, const struct evidence *evidence) {
    json_key(json, "peers");
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->peer_rows; i++) {
        put_peer(json, &evidence->peers[i]);
    }
    json_end_array(json);
}

static void put_ports(struct json_writer *json, const struct evidence *evidence) {
    json_key(json, "ports");
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->port_rows; i++) {
        json_begin_object(json);
        put_count(json, "port", evidence->ports[i].port);
        put_count(json, "protocol", evidence->ports[i].protocol);
        put_sum(json, &evidence->ports[i].sum);
        json_end_object(json);
    }
    json_end_array(json);
    json_key(json, "protocols");
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->protocol_rows; i++) {
        json_begin_object(json);
        put_count(json, "protocol", evidence->protocols[i].protocol);
        put_sum(json, &evidence->protocols[i].sum);
        json_end_object(json);
    }
    json_end_array(json);
}

static bool address_is_known(struct address address) {
    return address.high != 0 || address.low != 0;
}

static void put_keys(struct json_writer *json, const struct evidence *evidence) {
    json_key(json, "keys");
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        const struct evidence_key *key = &evidence->keys[i];
        json_begin_object(json);
        json_key(json, "local");
        if (address_is_known(key->local)) {
            put_address(json, key->local);
        } else {
            json_string(json, "");
        }
        put_count(json, "local_port", key->local_port);
        json_key(json, "peer");
        put_address(json, key->peer);
        put_count(json, "peer_port", key->peer_port);
        put_count(json, "protocol", key->protocol);
        put_sum(json, &key->sum);
        json_end_object(json);
    }
    json_end_array(json);
}

/* The peer that only this node knows; absent where there is none. */
static void put_rare_peer(struct json_writer *json, const struct evidence_rare *rare) {
    if (rare->group == 0) {
        return;
    }
    json_key(json, "rare_peer");
    json_begin_object(json);
    json_key(json, "address");
    put_address(json, rare->peer);
    put_count(json, "port", rare->port);
    put_count(json, "bytes_out", rare->bytes_out);
    put_count(json, "bytes_in", rare->bytes_in);
    put_time(json, "first", rare->first_ms);
    put_count(json, "minutes", rare->minutes);
    put_number(json, "gap_seconds", (double)rare->gap_s, ALERT_SECONDS_DECIMALS);
    json_key(json, "is_beacon");
    json_bool(json, rare->is_beacon);
    json_end_object(json);
}

static void put_evidence(struct json_writer *json, const struct alert *alert) {
    const struct evidence *evidence = &alert->evidence;
    json_key(json, "evidence");
    json_begin_object(json);
    put_sum(json, &evidence->total);
    put_count(json, "peer_count", evidence->peer_count);
    put_peers(json, evidence);
    put_ports(json, evidence);
    put_keys(json, evidence);
    put_hash_text(json, "rare_group", alert->rare_group);
    put_rare_peer(json, &evidence->rare);
    json_key(json, "is_cut");
    json_bool(json, evidence->is_cut);
    put_flowq(json, alert);
    json_end_object(json);
}

bool alert_community_id(const struct evidence_key *key, char out[COMMUNITY_ID_SIZE]) {
    const struct community_flow flow = {
        .src = key->local,
        .dst = key->peer,
        .src_port = key->local_port,
        .dst_port = key->peer_port,
        .protocol = key->protocol,
    };
    return key->protocol != PROTOCOL_ICMP && key->protocol != PROTOCOL_ICMPV6 &&
           address_is_known(key->local) && community_id(&flow, COMMUNITY_SEED, out);
}

static void put_community_ids(struct json_writer *json, const struct evidence *evidence) {
    json_key(json, "community_ids");
    json_begin_array(json);
    for (uint32_t i = 0; i < evidence->key_rows; i++) {
        char id[COMMUNITY_ID_SIZE];
        if (alert_community_id(&evidence->keys[i], id)) {
            json_string(json, id);
        }
    }
    json_end_array(json);
}

/* --- the whole ----------------------------------------------------------------------------- */

static void put_head(struct json_writer *json, const struct alert *alert) {
    put_count(json, "v", ALERT_VERSION);
    put_string(json, "id", alert->id);
    put_string(json, "lineage", alert->lineage);
    put_text(json, "cluster", alert->cluster);
    put_time(json, "time", alert->window_end_ms);
    put_time(json, "window_start", alert->window_start_ms);
    put_time(json, "window_end", alert->window_end_ms);
    put_text(json, "node", alert->node);
    put_node_ref(json, alert);
    put_nodes(json, alert);
    put_text(json, "role", alert->role);
    put_string(json, "class", alert->class_);
    put_string(json, "direction", alert_direction_name(alert->direction));
}

unsigned alert_value_decimals(const struct alert *alert) {
    return strncmp(feature_rows[alert->feature].unit, "bytes", 5) == 0 ? 0 : 3;
}

static void put_value(struct json_writer *json, const char *key, const struct alert *alert,
                      double value) {
    put_number(json, key, value, alert_value_decimals(alert));
}

static void put_scores(struct json_writer *json, const struct alert *alert) {
    json_key(json, "scores");
    json_begin_object(json);
    if (alert->is_scored) {
        put_number(json, "over_hour", alert->score, ALERT_RATIO_DECIMALS);
        put_number(json, "over_record", alert->over_record, ALERT_RATIO_DECIMALS);
        put_number(json, "deviations", alert->deviations, ALERT_RATIO_DECIMALS);
    }
    json_end_object(json);
}

static void put_measure(struct json_writer *json, const struct alert *alert) {
    double fold = alert->expected > 0 ? alert->observed / alert->expected : 0;
    put_string(json, "metric", feature_rows[alert->feature].name);
    put_string(json, "unit", feature_rows[alert->feature].unit);
    put_value(json, "observed", alert, alert->observed);
    if (alert->has_peak) {
        put_value(json, "peak", alert, alert->peak);
    }
    put_value(json, "expected", alert, alert->expected);
    put_number(json, "fold", fold, ALERT_RATIO_DECIMALS);
    put_number(json, "score", alert->score, ALERT_RATIO_DECIMALS);
    put_scores(json, alert);
    put_string(json, "severity", alert_severity_name(alert->severity));
    put_number(json, "confidence", alert->confidence, ALERT_RATIO_DECIMALS);
    put_string(json, "state", alert_state_name(alert->state));
    put_string(json, "episode", alert->episode);
    put_time(json, "episode_start", alert->episode_start_ms);
    if (alert->windows_over > 0) {
        put_count(json, "windows_over", alert->windows_over);
    }
}

static void put_baseline(struct json_writer *json, const struct alert *alert) {
    put_string(json, "rule", alert->rule);
    put_hash_text(json, "parameters", alert->parameters);
    put_value(json, "threshold", alert, alert->threshold);
    json_key(json, "baseline");
    json_begin_object(json);
    put_value(json, "expected", alert, alert->expected);
    put_value(json, "low", alert, alert->low);
    put_value(json, "high", alert, alert->high);
    if (alert->is_scored) {
        put_value(json, "record", alert, alert->record);
    }
    json_key(json, "age");
    json_i64(json, alert->baseline_age_ms / 1000);
    put_count(json, "samples", alert->baseline_samples);
    json_end_object(json);
}

const char *alert_quality_name(const struct alert *alert, size_t index) {
    static const struct {
        uint32_t bit;
        const char *name;
    } qualities[] = { { METRIC_SKIPPED, "skipped" },
                      { METRIC_SAMPLED, "sampled" },
                      { METRIC_SPARSE, "sparse" },
                      { METRIC_CUT, "cut" } };
    for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
        if ((alert->quality & qualities[i].bit) && index-- == 0) {
            return qualities[i].name;
        }
    }
    return NULL;
}

static void put_tail(struct json_writer *json, const struct alert *alert) {
    json_key(json, "quality");
    json_begin_array(json);
    const char *quality;
    for (size_t i = 0; (quality = alert_quality_name(alert, i)) != NULL; i++) {
        json_string(json, quality);
    }
    json_end_array(json);
    put_string(json, "state_age", alert->is_warm ? "warm" : "cold");
    json_key(json, "attack");
    json_begin_array(json);
    for (size_t i = 0; i < 2 && alert->attack[i] != NULL; i++) {
        json_string(json, alert->attack[i]);
    }
    json_end_array(json);
    put_community_ids(json, &alert->evidence);
    put_string(json, "recommended_action", alert_advice_name(alert->advice));
    put_text(json, "announced", alert->announced);
}

void alert_put_json(const struct alert *alert, struct json_writer *json) {
    json_begin_object(json);
    put_head(json, alert);
    put_measure(json, alert);
    put_evidence(json, alert);
    put_baseline(json, alert);
    put_tail(json, alert);
    json_end_object(json);
}

void alert_write_json(const struct alert *alert, struct buffer *out) {
    struct json_writer json;
    json_init(&json, out);
    alert_put_json(alert, &json);
    buffer_u8(out, '\n');
}
