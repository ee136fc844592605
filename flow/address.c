/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text (RFC 4291, 2.2; RFC 5952) and by IANA's special-purpose registries.
 *
 * The text parser makes one pass and looks at each character once. It agrees with glibc's inet_pton
 * on every text. The formatter differs from inet_ntop on purpose in two places: ::ffff:a.b.c.d is
 * an IPv4 address for us and prints as a.b.c.d, and ::a.b.c.d (the long deprecated IPv4-compatible
 * form) prints in hex, since it is not one. */
#include "flow/address.h"

#define GROUPS 8

struct address address_from_octets(const uint8_t octets[16]) {
    return (struct address){
        .high = __builtin_bswap64(get_u64(octets)),
        .low = __builtin_bswap64(get_u64(octets + 8)),
    };
}

void address_to_octets(struct address address, uint8_t octets[16]) {
    put_u64(octets, __builtin_bswap64(address.high));
    put_u64(octets + 8, __builtin_bswap64(address.low));
}

static inline bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool parse_ipv4(const uint8_t *at, const uint8_t *end, uint32_t *out) {
    uint32_t ipv4 = 0;
    for (int octet = 0; octet < 4; octet++) {
        if (octet > 0 && (at == end || *at++ != '.')) {
            return false;
        }
        if (at == end || !is_digit(*at)) {
            return false;
        }
        uint32_t value = *at++ - (uint32_t)'0';
        /* A leading zero stands alone: "010" is eight for some readers and ten for others. */
        while (value > 0 && value < 256 && at < end && is_digit(*at)) {
            value = 10 * value + (*at++ - (uint32_t)'0');
        }
        if (value > 255) {
            return false;
        }
        ipv4 = ipv4 << 8 | value;
    }
    if (at != end) {
        return false;
    }
    *out = ipv4;
    return true;
}

/* The value of a hex digit plus one; 0 is no digit. A table, since digits and letters alternate
 * without a pattern that a branch predictor could learn. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* The groups as they stand in the text, and where "::" stood among them. */
struct groups {
    uint16_t values[GROUPS];
    int count;
    int gap; /* -1: none */
};

static bool read_groups(const uint8_t *at, const uint8_t *end, struct groups *groups) {
    if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
        groups->gap = 0;
        at += 2;
    }
    while (at < end) {
        const uint8_t *start = at;
        uint32_t value = 0;
        for (; at < end && at - start < 4 && hex_values[*at] != 0; at++) {
            value = value << 4 | (hex_values[*at] - 1u);
        }
        if (at < end && *at == '.') { /* the last 32 bits in dotted form */
            uint32_t ipv4;
            if (groups->count > GROUPS - 2 || !parse_ipv4(start, end, &ipv4)) {
                return false;
            }
            groups->values[groups->count++] = (uint16_t)(ipv4 >> 16);
            groups->values[groups->count++] = (uint16_t)ipv4;
            return true;
        }
        if (at == start || groups->count == GROUPS) {
            return false;
        }
        groups->values[groups->count++] = (uint16_t)value;
        if (at == end) {
            return true;
        }
        if (*at++ != ':' || at == end) {
            return false;
        }
        if (*at == ':') {
            if (groups->gap >= 0) {
                return false;
            }
            groups->gap = groups->count;
            at++;
        }
    }
    return true;
}

static bool parse_ipv6(const uint8_t *at, const uint8_t *end, struct address *out) {
    struct groups groups = { .gap = -1 };
    if (!read_groups(at, end, &groups)) {
        return false;
    }
    /* "::" stands for one group or more. */
    int missing = GROUPS - groups.count;
    if (groups.gap < 0 ? missing != 0 : missing < 1) {
        return false;
    }
    uint64_t halves[2] = { 0, 0 };
    for (int i = 0; i < groups.count; i++) {
        int place = groups.gap >= 0 && i >= groups.gap ? i + missing : i;
        halves[place >> 2] |= (uint64_t)groups.values[i] << (48 - 16 * (place & 3));
    }
    *out = (struct address){ .high = halves[0], .low = halves[1] };
    return true;
}

bool address_parse(struct bytes text, struct address *out) {
    if (text.size < 2 || text.size >= ADDRESS_TEXT_SIZE) {
        return false;
    }
    const uint8_t *end = text.data + text.size;
    uint32_t ipv4;
    if (parse_ipv4(text.data, end, &ipv4)) {
        *out = address_from_ipv4(ipv4);
        return true;
    }
    return parse_ipv6(text.data, end, out);
}

static char *put_octet(char *at, uint32_t value) {
    if (value >= 100) {
        *at++ = (char)('0' + value / 100);
    }
    if (value >= 10) {
        *at++ = (char)('0' + value / 10 % 10);
    }
    *at++ = (char)('0' + value % 10);
    return at;
}

static char *put_group(char *at, uint32_t value) {
    int shift = 12;
    while (shift > 0 && value >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        *at++ = "0123456789abcdef"[value >> shift & 15];
    }
    return at;
}

/* The first of the longest runs of zero groups, if it has two groups or more (RFC 5952, 4.2). */
static int longest_zero_run(const uint16_t groups[GROUPS], int *length) {
    int best = GROUPS;
    *length = 1;
    for (int i = 0; i < GROUPS; i++) {
        int run = 0;
        while (i + run < GROUPS && groups[i + run] == 0) {
            run++;
        }
        if (run > *length) {
            best = i;
            *length = run;
        }
        i += run;
    }
    return best;
}

static char *put_ipv6(char *at, struct address address) {
    uint16_t groups[GROUPS];
    for (int i = 0; i < 4; i++) {
        groups[i] = (uint16_t)(address.high >> (48 - 16 * i));
        groups[i + 4] = (uint16_t)(address.low >> (48 - 16 * i));
    }
    int run_length;
    int run = longest_zero_run(groups, &run_length);
    for (int i = 0; i < GROUPS; i++) {
        if (i == run) {
            *at++ = ':';
            i += run_length - 1;
            if (i == GROUPS - 1) {
                *at++ = ':';
            }
            continue;
        }
        if (i > 0) {
            *at++ = ':';
        }
        at = put_group(at, groups[i]);
    }
    return at;
}

size_t address_format(struct address address, char out[ADDRESS_TEXT_SIZE]) {
    char *at = out;
    if (address_is_ipv4(address)) {
        uint32_t ipv4 = address_ipv4(address);
        for (int shift = 24; shift >= 0; shift -= 8) {
            at = put_octet(at, ipv4 >> shift & 255);
            *at++ = '.';
        }
        at--;
    } else {
        at = put_ipv6(at, address);
    }
    *at = '\0';
    return (size_t)(at - out);
}

struct class_row4 {
    uint32_t ipv4;
    uint8_t length;
    uint8_t class_;
};

/* IANA IPv4 Special-Purpose Address Registry (RFC 6890; read 2026), and multicast (RFC 5771). More
 * specific rows first: the first that holds decides; without one it is the internet. Rows that the
 * registry calls globally reachable stand only where a wider row would say otherwise.
 * 192.88.99.0/24 (6to4 relays, deprecated by RFC 7526) is routed still, so it counts as internet.
 */
static const struct class_row4 classes4[] = {
    { 0x00000000, 8, ADDRESS_LOCAL },     /* 0.0.0.0/8, "this network" */
    { 0x0A000000, 8, ADDRESS_PRIVATE },   /* 10.0.0.0/8 */
    { 0x64400000, 10, ADDRESS_PRIVATE },  /* 100.64.0.0/10, shared (RFC 6598) */
    { 0x7F000000, 8, ADDRESS_LOCAL },     /* 127.0.0.0/8, loopback */
    { 0xA9FE0000, 16, ADDRESS_LOCAL },    /* 169.254.0.0/16, link-local */
    { 0xAC100000, 12, ADDRESS_PRIVATE },  /* 172.16.0.0/12 */
    { 0xC0000009, 32, ADDRESS_INTERNET }, /* 192.0.0.9, PCP anycast (RFC 7723) */
    { 0xC000000A, 32, ADDRESS_INTERNET }, /* 192.0.0.10, TURN anycast (RFC 8155) */
    { 0xC0000000, 24, ADDRESS_LOCAL },    /* 192.0.0.0/24, protocol assignments */
    { 0xC0000200, 24, ADDRESS_LOCAL },    /* 192.0.2.0/24, documentation */
    { 0xC0A80000, 16, ADDRESS_PRIVATE },  /* 192.168.0.0/16 */
    { 0xC6120000, 15, ADDRESS_LOCAL },    /* 198.18.0.0/15, benchmarking */
    { 0xC6336400, 24, ADDRESS_LOCAL },    /* 198.51.100.0/24, documentation */
    { 0xCB007100, 24, ADDRESS_LOCAL },    /* 203.0.113.0/24, documentation */
    { 0xE0000000, 3, ADDRESS_LOCAL },     /* 224.0.0.0/4, multicast; 240.0.0.0/4, reserved */
};

static enum address_class classify_ipv4(uint32_t ipv4) {
    for (size_t i = 0; i < sizeof classes4 / sizeof *classes4; i++) {
        if ((ipv4 ^ classes4[i].ipv4) >> (32 - classes4[i].length) == 0) {
            return classes4[i].class_;
        }
    }
    return ADDRESS_INTERNET;
}

struct class_row6 {
    struct address address;
    uint8_t length;
    uint8_t class_;
};

/* IANA IPv6 Special-Purpose Address Registry (read 2026) within 2000::/3, the only space that is
 * allotted to global unicast; and what is private outside it. The rest is loopback, link-local,
 * multicast, discard, segment ids or unallotted: local. */
static const struct class_row6 classes6[] = {
    { { 0xFC00000000000000, 0 }, 7, ADDRESS_PRIVATE },    /* fc00::/7, unique local */
    { { 0x0064FF9B00010000, 0 }, 48, ADDRESS_PRIVATE },   /* 64:ff9b:1::/48, local translation */
    { { 0x2001000000000000, 0 }, 32, ADDRESS_INTERNET },  /* Teredo */
    { { 0x2001000100000000, 1 }, 128, ADDRESS_INTERNET }, /* 2001:1::1, PCP anycast */
    { { 0x2001000100000000, 2 }, 128, ADDRESS_INTERNET }, /* 2001:1::2, TURN anycast */
    { { 0x2001000100000000, 3 }, 128, ADDRESS_INTERNET }, /* 2001:1::3, DNS-SD anycast */
    { { 0x2001000300000000, 0 }, 32, ADDRESS_INTERNET },  /* 2001:3::/32, AMT */
    { { 0x2001000401120000, 0 }, 48, ADDRESS_INTERNET },  /* 2001:4:112::/48, AS112 */
    { { 0x2001002000000000, 0 }, 28, ADDRESS_INTERNET },  /* 2001:20::/28, ORCHIDv2 */
    { { 0x2001003000000000, 0 }, 28, ADDRESS_INTERNET },  /* 2001:30::/28, drone tags */
    { { 0x2001000000000000, 0 }, 23, ADDRESS_LOCAL },     /* the rest of 2001::/23 */
    { { 0x20010DB800000000, 0 }, 32, ADDRESS_LOCAL },     /* 2001:db8::/32, documentation */
    { { 0x3FFF000000000000, 0 }, 20, ADDRESS_LOCAL },     /* 3fff::/20, documentation */
    { { 0x2000000000000000, 0 }, 3, ADDRESS_INTERNET },
};

/* True when the first `length` bits (1..128) of both are the same. */
static bool same_bits(struct address a, struct address b, uint32_t length) {
    if (length <= 64) {
        return (a.high ^ b.high) >> (64 - length) == 0;
    }
    return a.high == b.high && (a.low ^ b.low) >> (128 - length) == 0;
}

enum address_class address_classify(struct address address) {
    if (address_is_ipv4(address)) {
        return classify_ipv4(address_ipv4(address));
    }
    /* 64:ff9b::/96 (RFC 6052) carries an IPv4 address: a NAT64 gateway's peer is that one. */
    if (address.high == UINT64_C(0x0064FF9B00000000) && address.low >> 32 == 0) {
        return classify_ipv4((uint32_t)address.low);
    }
    for (size_t i = 0; i < sizeof classes6 / sizeof *classes6; i++) {
        if (same_bits(address, classes6[i].address, classes6[i].length)) {
            return classes6[i].class_;
        }
    }
    return ADDRESS_LOCAL;
}

/* "0" to "128", without leading zeros. */
static bool parse_length(const uint8_t *at, const uint8_t *end, uint32_t most, uint32_t *out) {
    if (at == end || end - at > 3 || (*at == '0' && end - at > 1)) {
        return false;
    }
    uint32_t length = 0;
    for (; at < end; at++) {
        if (!is_digit(*at)) {
            return false;
        }
        length = 10 * length + (*at - (uint32_t)'0');
    }
    *out = length;
    return length <= most;
}

/* `address` with the bits behind the first `length` (0..128) zeroed. */
static struct address mask(struct address address, uint32_t length) {
    uint64_t high = length == 0 ? 0 : length >= 64 ? UINT64_MAX : ~(UINT64_MAX >> length);
    uint64_t low = length <= 64 ? 0 : length >= 128 ? UINT64_MAX : ~(UINT64_MAX >> (length - 64));
    return (struct address){ .high = address.high & high, .low = address.low & low };
}

bool prefix_parse(struct bytes text, struct prefix *out, struct error *err) {
    int shown = text.size < 64 ? (int)text.size : 64;
    const char *words = text.size == 0 ? "" : (const char *)text.data;
    const uint8_t *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    struct bytes number = text;
    if (slash != NULL) {
        number.size = (size_t)(slash - text.data);
    }
    struct address address;
    if (!address_parse(number, &address)) {
        return error_set(err, ERROR_ARGUMENT,
                         "'%.*s' is not an address or a prefix (e.g. 10.0.0.0/8, 2001:db8::/32)",
                         shown, words);
    }
    bool is_dotted = memchr(number.data, ':', number.size) == NULL;
    uint32_t most = is_dotted ? 32 : 128;
    uint32_t length = most;
    if (slash != NULL && !parse_length(slash + 1, text.data + text.size, most, &length)) {
        return error_set(err, ERROR_ARGUMENT, "'%.*s': the length of the prefix must be 0 to %u",
                         shown, words, most);
    }
    uint32_t bits = is_dotted ? length + 96 : length;
    struct address masked = mask(address, bits);
    /* A zero length of dotted IPv4 keeps the 96 bits of the mapped form: still IPv4. */
    if (!address_equal(masked, address)) {
        char hint[ADDRESS_TEXT_SIZE];
        address_format(masked, hint);
        return error_set(err, ERROR_ARGUMENT, "'%.*s': bits behind the prefix are set; %s/%u?",
                         shown, words, hint, length);
    }
    *out = (struct prefix){ .address = masked, .length = (uint8_t)bits };
    return true;
}

bool prefix_contains(struct prefix prefix, struct address address) {
    /* Shorter than the mapped form's own 96 bits: a prefix of IPv6, in which IPv4 does not lie,
     * though its numbers would ("::/0" is all of IPv6, as in every router). */
    if (prefix.length < 96 && address_is_ipv4(address)) {
        return false;
    }
    return prefix.length == 0 || same_bits(prefix.address, address, prefix.length);
}
