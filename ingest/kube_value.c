/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/kube_value.h"

#include "base/time.h"

#include <stdio.h>

const char *kube_quote(struct bytes text, char out[KUBE_QUOTE_SIZE + 1]) {
    size_t size = text.size < KUBE_QUOTE_SIZE ? text.size : KUBE_QUOTE_SIZE;
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)(text.data[i] >= ' ' && text.data[i] < 127 ? text.data[i] : '?');
    }
    out[size] = '\0';
    return out;
}

void kube_note_fault(struct kube_object *object, const char *field, struct bytes value,
                     const char *what) {
    if (object->fault[0] == '\0') {
        char quoted[KUBE_QUOTE_SIZE + 1];
        (void)snprintf(object->fault, sizeof object->fault, "%s '%s' is not %s", field,
                       kube_quote(value, quoted), what); /* cut is fine */
    }
}

void kube_take_text(struct kube_object *object, struct json_reader *reader, struct bytes *out) {
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

void kube_take_time(struct kube_object *object, struct json_reader *reader, const char *field,
                    int64_t *out_ms) {
    struct bytes text;
    if (!json_take_text(reader, &text) || text.size == 0 || read_plain_time(text, out_ms)) {
        return;
    }
    struct time_context context = { .end_ms = TIME_UNKNOWN };
    bool is_absolute = text.size > 10 && text.data[4] == '-' && text.data[10] == 'T';
    if (!is_absolute || !time_parse(text, &context, out_ms, NULL)) {
        kube_note_fault(object, field, text, "a time");
    }
}

void kube_take_last_time(struct kube_object *object, struct json_reader *reader, const char *field,
                         int64_t *last_ms) {
    int64_t time_ms = INT64_MIN;
    kube_take_time(object, reader, field, &time_ms);
    *last_ms = time_ms > *last_ms ? time_ms : *last_ms;
}

void kube_add_address(struct kube_object *object, struct address address) {
    for (uint32_t i = 0; i < object->address_count; i++) {
        if (address_equal(object->addresses[i], address)) {
            return;
        }
    }
    if (object->address_count < KUBE_ADDRESSES_MAX) {
        object->addresses[object->address_count++] = address;
    }
}

void kube_take_address(struct kube_object *object, struct json_reader *reader, const char *field) {
    struct bytes text;
    struct address address;
    if (!json_take_text(reader, &text) || text.size == 0) {
        return;
    }
    if (address_parse(text, &address)) {
        kube_add_address(object, address);
    } else {
        kube_note_fault(object, field, text, "an address");
    }
}

void kube_take_prefix(struct kube_object *object, struct json_reader *reader) {
    struct bytes text;
    struct prefix prefix;
    if (!json_take_text(reader, &text) || text.size == 0) {
        return;
    }
    if (!prefix_parse(text, &prefix, NULL)) {
        kube_note_fault(object, "spec.podCIDRs", text, "a prefix");
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
