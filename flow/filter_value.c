/* SPDX-License-Identifier: Apache-2.0 */
/* One word to one value. Numbers are exact: decimal fractions are carried as integers, and a value
 * that is not whole after its unit is refused rather than rounded. */
#include "flow/filter_parser.h"

#include <stdio.h>

struct protocol_name {
    const char *name;
    uint8_t number;
};

/* The first name of a number is the one that is printed. */
static const struct protocol_name protocols[] = {
    { "icmp", 1 },       { "igmp", 2 },      { "ipip", 4 },   { "tcp", 6 },    { "udp", 17 },
    { "dccp", 33 },      { "gre", 47 },      { "esp", 50 },   { "ah", 51 },    { "icmp6", 58 },
    { "ospf", 89 },      { "pim", 103 },     { "vrrp", 112 }, { "sctp", 132 }, { "icmpv6", 58 },
    { "ipv6-icmp", 58 }, { "udplite", 136 },
};

static const char *const quality_names[] = {
    "sampled", "estimated",          "payload-only",       "no-flags",
    "skipped", "direction-inferred", "initiator-inferred", "twin",
};

const char *filter_protocol_name(uint16_t protocol) {
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        if (protocols[i].number == protocol) {
            return protocols[i].name;
        }
    }
    return NULL;
}

const char *filter_quality_name(uint16_t bit) {
    for (size_t i = 0; i < sizeof quality_names / sizeof *quality_names; i++) {
        if (bit == 1u << i) {
            return quality_names[i];
        }
    }
    return NULL;
}

/* The number at *at, moving behind it; false when there is no digit or it passes 64 bits. */
static bool read_digits(struct bytes word, size_t *at, uint64_t *out) {
    size_t begin = *at;
    uint64_t value = 0;
    while (*at < word.size && word.data[*at] >= '0' && word.data[*at] <= '9') {
        uint64_t digit = (uint64_t)(word.data[*at] - '0');
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
        (*at)++;
    }
    *out = value;
    return *at > begin;
}

static bool expected(struct error *err, const char *what, struct bytes word) {
    int shown = word.size > 40 ? 40 : (int)word.size;
    return error_set(err, ERROR_ARGUMENT, "expected %s, found '%.*s'", what, shown,
                     word.data == NULL ? "" : (const char *)word.data);
}

static bool parse_numbers(struct bytes word, uint16_t maximum, const char *what,
                          struct number_range *out, struct error *err) {
    size_t at = 0;
    uint64_t first;
    if (!read_digits(word, &at, &first)) {
        return expected(err, what, word);
    }
    uint64_t last = first;
    if (at < word.size && word.data[at] == '-') {
        at++;
        if (!read_digits(word, &at, &last)) {
            return expected(err, what, word);
        }
    }
    if (at != word.size || first > maximum || last > maximum) {
        return expected(err, what, word);
    }
    if (first > last) {
        return error_set(err, ERROR_ARGUMENT, "expected a range that ascends, found %u-%u",
                         (unsigned)first, (unsigned)last);
    }
    *out = (struct number_range){ (uint16_t)first, (uint16_t)last };
    return true;
}

static bool word_is(struct bytes word, const char *name) {
    struct filter_token token = { .kind = FILTER_TOKEN_WORD, .text = word };
    return filter_token_is(&token, name);
}

static bool parse_protocol(struct bytes word, struct number_range *out, struct error *err) {
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        if (word_is(word, protocols[i].name)) {
            *out = (struct number_range){ protocols[i].number, protocols[i].number };
            return true;
        }
    }
    return parse_numbers(word, 255, "a protocol (tcp, udp, icmp, ... or 0 to 255)", out, err);
}

/* What follows the dash of ADDRESS-ADDRESS. */
static bool parse_range_end(struct bytes word, const uint8_t *dash, struct address_range *out,
                            struct error *err) {
    size_t left = word.size - (size_t)(dash - word.data) - 1;
    if (!address_parse(bytes_of(dash + 1, left), &out->last)) {
        return expected(err, "a range of two addresses", word);
    }
    if (address_is_ipv4(out->first) != address_is_ipv4(out->last) ||
        address_compare(out->first, out->last) > 0) {
        return expected(err, "a range that ascends within one family", word);
    }
    return true;
}

static bool parse_addresses(struct bytes word, struct address_range *out, struct error *err) {
    /* A dash stands in no address, so the first one parts the two of a range. */
    const uint8_t *dash = word.size == 0 ? NULL : memchr(word.data, '-', word.size);
    if (dash != NULL &&
        address_parse(bytes_of(word.data, (size_t)(dash - word.data)), &out->first)) {
        return parse_range_end(word, dash, out, err);
    }
    bool is_prefix = word.size != 0 && memchr(word.data, '/', word.size) != NULL;
    struct address address;
    if (!is_prefix && !address_parse(word, &address)) {
        return expected(err, "an address or CIDR (host names are not resolved)", word);
    }
    struct prefix prefix;
    if (!prefix_parse(word, &prefix, err)) {
        return false;
    }
    *out = address_range_of(prefix);
    return true;
}

bool filter_value_is_address(struct bytes word) {
    struct address_range range;
    return parse_addresses(word, &range, NULL);
}

/* A word that is an address but for a mistake ("10.0.0.1/8") must not pass as a name. */
static bool looks_like_prefix(struct bytes word) {
    const uint8_t *slash = word.size == 0 ? NULL : memchr(word.data, '/', word.size);
    struct address address;
    return slash != NULL &&
           address_parse(bytes_of(word.data, (size_t)(slash - word.data)), &address);
}

static bool parse_name(struct bytes word, struct filter_value *out, struct error *err) {
    if (word.size > FILTER_NAME_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "a name of more than %u bytes", FILTER_NAME_SIZE_MAX);
    }
    out->name = word;
    out->is_name = true;
    return true;
}

static bool parse_quality(struct bytes word, struct number_range *out, struct error *err) {
    for (uint16_t i = 0; i < sizeof quality_names / sizeof *quality_names; i++) {
        if (word_is(word, quality_names[i])) {
            *out = (struct number_range){ i, i };
            return true;
        }
    }
    return expected(err, "sampled, estimated, skipped, twin, no-flags, payload-only, ...", word);
}

static bool parse_community(struct bytes word, struct filter_value *out, struct error *err) {
    bool is_id = word.size == 30 && memcmp(word.data, "1:", 2) == 0 && word.data[29] == '=';
    for (size_t i = 2; is_id && i < 29; i++) {
        uint8_t byte = word.data[i];
        is_id = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
    }
    if (!is_id) {
        return expected(err, "a community id (1: and 28 characters of base64)", word);
    }
    return parse_name(word, out, err);
}

bool filter_value_parse(enum filter_value_kind kind, struct bytes word, bool is_quoted,
                        struct filter_value *out, struct error *err) {
    *out = (struct filter_value){ 0 };
    switch (kind) {
    case FILTER_VALUE_ADDRESS: return parse_addresses(word, &out->addresses, err);
    case FILTER_VALUE_PORT:
        return parse_numbers(word, UINT16_MAX, "a port (0 to 65535) or a range N-M", &out->numbers,
                             err);
    case FILTER_VALUE_PROTOCOL: return parse_protocol(word, &out->numbers, err);
    case FILTER_VALUE_NODE:
        if (!is_quoted && (filter_value_is_address(word) || looks_like_prefix(word))) {
            return parse_addresses(word, &out->addresses, err);
        }
        return parse_name(word, out, err);
    case FILTER_VALUE_NAME: return parse_name(word, out, err);
    case FILTER_VALUE_COMMUNITY: return parse_community(word, out, err);
    case FILTER_VALUE_QUALITY: return parse_quality(word, &out->numbers, err);
    }
    return false;
}
