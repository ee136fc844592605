/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/alert_link.h"

#include <stdio.h>

enum link_name {
    LINK_NODE,
    LINK_CLUSTER,
    LINK_CLASS,
    LINK_ID,
    LINK_EPISODE,
    LINK_FROM,
    LINK_TO,
    LINK_NAME_COUNT
};

static const char *const names[LINK_NAME_COUNT] = {
    [LINK_NODE] = "{node}", [LINK_CLUSTER] = "{cluster}", [LINK_CLASS] = "{class}",
    [LINK_ID] = "{id}",     [LINK_EPISODE] = "{episode}", [LINK_FROM] = "{from}",
    [LINK_TO] = "{to}",
};

static bool starts_with(struct bytes text, const char *front) {
    size_t size = strlen(front);
    return text.size >= size && memcmp(text.data, front, size) == 0;
}

/* The name at the front of `text`, LINK_NAME_COUNT when there is none. */
static enum link_name name_at(struct bytes text) {
    unsigned name = 0;
    while (name < LINK_NAME_COUNT && !starts_with(text, names[name])) {
        name++;
    }
    return (enum link_name)name;
}

static bool is_unreserved(uint8_t octet) {
    return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z') ||
           (octet >= '0' && octet <= '9') || (octet != 0 && strchr("-._~", octet) != NULL);
}

static bool is_hex(uint8_t octet) {
    return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'f') ||
           (octet >= 'A' && octet <= 'F');
}

/* What may stand in a URL: RFC 3986's unreserved and reserved characters, and %XX. Without the
 * brackets, which are only for IPv6 addresses as hosts: those want a name. */
static bool is_allowed(struct bytes text) {
    uint8_t octet = text.data[0];
    if (octet == '%') {
        return text.size > 2 && is_hex(text.data[1]) && is_hex(text.data[2]);
    }
    return is_unreserved(octet) || (octet != 0 && strchr(":/?#@!$&'()*+,;=", octet) != NULL);
}

bool alert_link_parse(struct alert_link *link, struct bytes text, struct error *err) {
    size_t at = starts_with(text, "https://") ? 8 : starts_with(text, "http://") ? 7 : 0;
    if (at == 0 || at == text.size || !is_unreserved(text.data[at])) {
        return error_set(err, ERROR_ARGUMENT, "'%.*s' is no http:// or https:// URL",
                         (int)(text.size < 100 ? text.size : 100), (const char *)text.data);
    }
    bool has_fragment = false;
    while (at < text.size) {
        struct bytes rest = bytes_of(text.data + at, text.size - at);
        enum link_name name = name_at(rest);
        if (name != LINK_NAME_COUNT) {
            at += strlen(names[name]);
            continue;
        }
        if (rest.data[0] == '{') {
            return error_set(err, ERROR_ARGUMENT,
                             "in braces may stand node, cluster, class, id, episode, from and to, "
                             "not '%.*s'",
                             (int)(rest.size < 40 ? rest.size : 40), (const char *)rest.data);
        }
        if (!is_allowed(rest) || (rest.data[0] == '#' && has_fragment)) {
            return error_set(err, ERROR_ARGUMENT, "character %zu may not stand in a URL", at + 1);
        }
        has_fragment = has_fragment || rest.data[0] == '#';
        at++;
    }
    link->url = text;
    return true;
}

void alert_link_put_encoded(struct buffer *out, struct bytes text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        uint8_t octet = text.data[i];
        if (is_unreserved(octet)) {
            buffer_u8(out, octet);
        } else {
            const uint8_t encoded[3] = { '%', (uint8_t)digits[octet >> 4],
                                         (uint8_t)digits[octet & 15] };
            buffer_put(out, encoded, sizeof encoded);
        }
    }
}

static void put_ms(struct buffer *out, int64_t ms) {
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)ms);
    buffer_put(out, text, (size_t)size);
}

static void put_name(struct buffer *out, const struct alert *alert, enum link_name name) {
    switch (name) {
    case LINK_NODE: alert_link_put_encoded(out, alert->node); break;
    case LINK_CLUSTER: alert_link_put_encoded(out, alert->cluster); break;
    case LINK_CLASS: alert_link_put_encoded(out, bytes_text(alert->class_)); break;
    case LINK_ID: alert_link_put_encoded(out, bytes_text(alert->id)); break;
    case LINK_EPISODE: alert_link_put_encoded(out, bytes_text(alert->episode)); break;
    case LINK_FROM: put_ms(out, alert->episode_start_ms); break;
    case LINK_TO: put_ms(out, alert->window_end_ms); break;
    case LINK_NAME_COUNT: break;
    }
}

void alert_link_put(const struct alert_link *link, const struct alert *alert, struct buffer *out) {
    size_t at = 0;
    while (at < link->url.size) {
        enum link_name name = name_at(bytes_of(link->url.data + at, link->url.size - at));
        if (name == LINK_NAME_COUNT) {
            buffer_u8(out, link->url.data[at++]);
        } else {
            put_name(out, alert, name);
            at += strlen(names[name]);
        }
    }
}
