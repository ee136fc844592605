/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are put together of the alert's fields, and what the family shares. */
#include "detect/alert_field.h"

#include "base/time.h"
#include "base/utf8.h"
#include "detect/alert_class.h"
#include "flow/batch.h"

#define YEAR_1_MS (-INT64_C(62135596800000))

/* --- help for the family ------------------------------------------------------------------- */

void alert_value_put_built(struct json_writer *json, struct buffer *text) {
    json_text(json, buffer_bytes(text));
    json->out->failed = json->out->failed || text->failed;
    buffer_done(text);
}

void alert_value_list_begin(struct alert_value_list *list, const struct alert_field *field,
                            struct json_writer *json) {
    *list = (struct alert_value_list){ .json = json,
                                       .is_joined = field->form == ALERT_FORM_ALERTMANAGER };
    if (list->is_joined) {
        buffer_init(&list->joined, ALERT_TEXT_MAX);
    } else {
        json_begin_array(json);
    }
}

void alert_value_list_add(struct alert_value_list *list, struct bytes text) {
    if (!list->is_joined) {
        json_text(list->json, text);
        return;
    }
    if (list->joined.size > 0) {
        buffer_put(&list->joined, ", ", 2);
    }
    buffer_put(&list->joined, text.data, text.size);
}

void alert_value_list_end(struct alert_value_list *list) {
    if (list->is_joined) {
        alert_value_put_built(list->json, &list->joined);
    } else {
        json_end_array(list->json);
    }
}

const char *alert_protocol_name(uint8_t protocol) {
    static const struct {
        uint8_t protocol;
        const char *name;
    } names[] = { { 1, "icmp" }, { 2, "igmp" }, { 6, "tcp" },        { 17, "udp" },  { 47, "gre" },
                  { 50, "esp" }, { 51, "ah" },  { 58, "ipv6-icmp" }, { 132, "sctp" } };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].protocol == protocol) {
            return names[i].name;
        }
    }
    return NULL;
}

void alert_value_put_address(struct json_writer *json, struct address address) {
    char text[ADDRESS_TEXT_SIZE];
    size_t size = address_format(address, text);
    json_text(json, bytes_of(text, size));
}

void alert_value_put_time(struct json_writer *json, int64_t time_ms) {
    char text[TIME_TEXT_SIZE];
    time_ms = time_ms < YEAR_1_MS ? YEAR_1_MS : time_ms > TIME_MAX_MS ? TIME_MAX_MS : time_ms;
    (void)time_format(time_ms, NULL, text);
    json_string(json, text);
}

void alert_text_put(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

void alert_text_put_count(struct buffer *out, uint64_t count) {
    struct json_writer json;
    json_init(&json, out);
    json_u64(&json, count);
}

static void put_number(struct buffer *out, double value, unsigned decimals) {
    struct json_writer json;
    json_init(&json, out);
    json_decimal(&json, value, decimals);
}

/* --- texts --------------------------------------------------------------------------------- */

/* "Outbound traffic far above normal on web-1: out_init 100000000 bytes/min, 1000000 expected".
 * Numbers as they are: whoever reads on can compute with them. */
static void write_message(const struct alert_field *field, struct json_writer *json) {
    const struct alert *alert = field->alert;
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    alert_text_put(&text, alert->state == ALERT_CLOSED ? "Over: " : "");
    alert_text_put(&text, alert_class_row(alert->class_)->title);
    alert_text_put(&text, " on ");
    if (alert_is_incident(alert)) {
        alert_text_put_count(&text, alert->node_count);
        alert_text_put(&text, " nodes");
    } else {
        buffer_put(&text, alert->node.data, alert->node.size);
    }
    alert_text_put(&text, alert->state == ALERT_CLOSED ? ": at most " : ": ");
    alert_text_put(&text, feature_rows[alert->feature].name);
    alert_text_put(&text, " ");
    put_number(&text, alert->observed, alert_value_decimals(alert));
    alert_text_put(&text, " ");
    alert_text_put(&text, feature_rows[alert->feature].unit);
    if (alert->expected > 0) {
        alert_text_put(&text, ", ");
        put_number(&text, alert->expected, alert_value_decimals(alert));
        alert_text_put(&text, " expected");
    } else if (alert->threshold > 0) { /* nothing is expected of it, but it has a limit */
        alert_text_put(&text, ", limit ");
        put_number(&text, alert->threshold, alert_value_decimals(alert));
    }
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_message(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_message);
}

/* "exfil.dns_slow" -> "WeirExfilDnsSlow". */
static void write_alert_name(const struct alert_field *field, struct json_writer *json) {
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    alert_text_put(&text, "Weir");
    bool is_first = true;
    for (const char *at = field->alert->class_; *at != '\0'; at++) {
        if (*at == '.' || *at == '_') {
            is_first = true;
            continue;
        }
        bool is_small = *at >= 'a' && *at <= 'z';
        buffer_u8(&text, (uint8_t)(is_first && is_small ? *at - 'a' + 'A' : *at));
        is_first = false;
    }
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_alert_name(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_alert_name);
}

static void write_flowq(const struct alert_field *field, struct json_writer *json) {
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    alert_put_flowq(field->alert, &text);
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_flowq(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_flowq);
}

static void write_rare_group(const struct alert_field *field, struct json_writer *json) {
    char text[ALERT_HASH_SIZE];
    alert_hash_text(field->alert->rare_group, text);
    json_string(json, text);
}

struct alert_value alert_field_rare_group(const struct alert_field *field) {
    return alert_value_written(field->alert->rare_group != 0, write_rare_group);
}

static void write_parameters(const struct alert_field *field, struct json_writer *json) {
    char text[ALERT_HASH_SIZE];
    alert_hash_text(field->alert->parameters, text);
    json_string(json, text);
}

struct alert_value alert_field_parameters(const struct alert_field *field) {
    return alert_value_written(field->alert->parameters != 0, write_parameters);
}

static void write_link(const struct alert_field *field, struct json_writer *json) {
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    alert_link_put(field->link, field->alert, &text);
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_link(const struct alert_field *field) {
    return alert_value_written(field->link != NULL, write_link);
}

static void write_native(const struct alert_field *field, struct json_writer *json) {
    alert_put_json(field->alert, json);
}

struct alert_value alert_field_native(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_native);
}

/* A URI reference, whatever the cluster is called. */
static void write_source(const struct alert_field *field, struct json_writer *json) {
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    alert_text_put(&text, "/weir/");
    alert_link_put_encoded(&text, field->alert->cluster);
    alert_text_put(&text, "/detect");
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_source(const struct alert_field *field) {
    (void)field;
    return alert_value_written(true, write_source);
}

/* U+FDD0 to U+FDEF, and the last two of each plane. */
static bool is_noncharacter(const uint8_t *at, size_t size) {
    if (size == 3) {
        bool is_last = at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe;
        return is_last || (at[0] == 0xef && at[1] == 0xb7 && at[2] >= 0x90 && at[2] <= 0xaf);
    }
    return size == 4 && (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe;
}

static struct bytes subject_of(const struct alert *alert) {
    return alert_is_incident(alert) ? alert->identity : alert->node;
}

/* CloudEvents' strings hold neither control characters nor noncharacters: each becomes U+FFFD, as
 * what is no UTF-8 does. */
static void write_subject(const struct alert_field *field, struct json_writer *json) {
    const struct bytes name = subject_of(field->alert);
    struct buffer text;
    buffer_init(&text, ALERT_TEXT_MAX);
    size_t at = 0;
    while (at < name.size) {
        size_t size = utf8_size(name.data + at, name.size - at);
        bool is_kept = size > 0 && !utf8_is_control(name.data + at, size) &&
                       !is_noncharacter(name.data + at, size);
        size = size > 0 ? size : 1;
        if (is_kept) {
            buffer_put(&text, name.data + at, size);
        } else {
            alert_text_put(&text, "\xef\xbf\xbd");
        }
        at += size;
    }
    alert_value_put_built(json, &text);
}

struct alert_value alert_field_subject(const struct alert_field *field) {
    return alert_value_written(subject_of(field->alert).size > 0, write_subject);
}
