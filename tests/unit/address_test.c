/* SPDX-License-Identifier: Apache-2.0 */
/* The parser is held against glibc's inet_pton, the formatter against inet_ntop. */
#include "flow/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What glibc says of a text; IPv4 as we hold it. */
static bool reference_parse(const char *text, struct address *out) {
    uint8_t octets[16];
    if (inet_pton(AF_INET, text, octets) == 1) {
        *out = address_from_ipv4((uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 |
                                 (uint32_t)octets[2] << 8 | octets[3]);
        return true;
    }
    if (inet_pton(AF_INET6, text, octets) == 1) {
        *out = address_from_octets(octets);
        return true;
    }
    return false;
}

static void assert_as_reference(const char *text) {
    struct address want = { 1, 2 };
    struct address got = { 1, 2 };
    bool is_wanted = reference_parse(text, &want);
    bool is_parsed = address_parse(bytes_text(text), &got);
    if (is_wanted != is_parsed || !address_equal(want, got)) {
        fail_msg("'%s': wanted %d %016lx%016lx, got %d %016lx%016lx", text, is_wanted, want.high,
                 want.low, is_parsed, got.high, got.low);
    }
}

static struct address parsed(const char *text) {
    struct address address;
    if (!address_parse(bytes_text(text), &address)) {
        fail_msg("'%s' does not parse", text);
    }
    return address;
}

static const struct {
    const char *text;
    uint64_t high;
    uint64_t low;
} parse_cases[] = {
    { "0.0.0.0", 0, 0xffff00000000 },
    { "1.2.3.4", 0, 0xffff01020304 },
    { "255.255.255.255", 0, 0xffffffffffff },
    { "::", 0, 0 },
    { "::1", 0, 1 },
    { "1::", 0x0001000000000000, 0 },
    { "1:2:3:4:5:6:7:8", 0x0001000200030004, 0x0005000600070008 },
    { "1:2:3:4:5:6:7::", 0x0001000200030004, 0x0005000600070000 },
    { "::2:3:4:5:6:7:8", 0x0000000200030004, 0x0005000600070008 },
    { "2001:DB8::aBcD", 0x20010db800000000, 0xabcd },
    { "::ffff:1.2.3.4", 0, 0xffff01020304 },
    { "64:ff9b::192.0.2.33", 0x0064ff9b00000000, 0xc0000221 },
    { "1:2:3:4:5:6:1.2.3.4", 0x0001000200030004, 0x0005000601020304 },
    { "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", UINT64_MAX, UINT64_MAX },
};

static void addresses_parse_to_their_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(parse_cases); i++) {
        struct address got = parsed(parse_cases[i].text);
        if (got.high != parse_cases[i].high || got.low != parse_cases[i].low) {
            fail_msg("'%s': %016lx%016lx", parse_cases[i].text, got.high, got.low);
        }
        assert_as_reference(parse_cases[i].text);
    }
}

static const char *const malformed[] = {
    "",
    ":",
    ".",
    "1",
    "1.2.3",
    "1.2.3.",
    ".1.2.3.4",
    "1.2.3.4.",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.00",
    "0x1.2.3.4",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1..2.3",
    "-1.2.3.4",
    "+1.2.3.4",
    "1.2.3.4/8",
    "1.2.3.4294967297",
    ":1",
    "1:",
    ":::",
    "::1::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "::12345",
    "g::",
    "::g",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.4:5",
    "::01.2.3.4",
    "1.2.3.4::",
    "fe80::1%eth0",
    "[::1]",
    "::1 ",
    "1:2:3:4:5:6:7:",
    "::ffff:1.2.3.256",
    "0000:0000:0000:0000:0000:0000:255.255.255.2555",
    "-",
    "::ffff:a.b.c.d",
    "1:2:3:4:5:6:7:8.1.2.3",
};

static void malformed_addresses_are_refused_and_leave_the_output(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct address out = { 7, 9 };
        if (address_parse(bytes_text(malformed[i]), &out)) {
            fail_msg("'%s' was taken", malformed[i]);
        }
        assert_true(out.high == 7 && out.low == 9);
        assert_as_reference(malformed[i]);
    }
}

static void a_text_with_a_nul_inside_is_refused(void **state) {
    (void)state;
    struct address out;
    assert_false(address_parse(bytes_of("1.2.3.4\0", 8), &out));
    assert_false(address_parse(bytes_of("::1\0", 4), &out));
    assert_false(address_parse(bytes_of(NULL, 0), &out));
}

/* Few characters, so that many texts are nearly right. */
static void random_texts_parse_as_in_glibc(void **state) {
    (void)state;
    static const char alphabet[] = "01259afF:::...g ";
    uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);
    for (int round = 0; round < 1000000; round++) {
        char text[24];
        size_t size = next_random(&seed) % 20;
        for (size_t i = 0; i < size; i++) {
            text[i] = alphabet[next_random(&seed) >> 32 & 15];
        }
        text[size] = '\0';
        assert_as_reference(text);
    }
}

/* A right text with one character changed, left out or doubled. */
static void texts_with_one_fault_parse_as_in_glibc(void **state) {
    (void)state;
    static const char alphabet[] = "0129afF:.g";
    uint64_t seed = 42;
    for (int round = 0; round < 300000; round++) {
        char text[ADDRESS_TEXT_SIZE + 2];
        struct address address = { next_random(&seed), next_random(&seed) };
        address.high &= next_random(&seed) & next_random(&seed);
        address.low = round % 3 == 0 ? address_from_ipv4((uint32_t)address.low).low : address.low;
        address.high = round % 3 == 0 ? 0 : address.high;
        size_t size = address_format(address, text);
        size_t at = next_random(&seed) % size;
        switch (next_random(&seed) >> 40 & 3) {
        case 0: text[at] = alphabet[(next_random(&seed) >> 20) % 10]; break;
        case 1: memmove(text + at, text + at + 1, size - at); break;
        case 2: memmove(text + at + 1, text + at, size - at + 1); break;
        default: break;
        }
        assert_as_reference(text);
    }
}

static void random_addresses_format_as_in_glibc_and_parse_back(void **state) {
    (void)state;
    uint64_t seed = UINT64_C(0xD6E8FEB86659FD93);
    for (int round = 0; round < 300000; round++) {
        struct address address = { 0, 0 };
        uint64_t zeros = next_random(&seed); /* which groups are zero */
        for (int i = 0; i < 8; i++) {
            uint64_t group = zeros >> i & 1 ? 0 : next_random(&seed) >> 20 & 0xffff;
            group >>= 4 * (zeros >> (8 + 2 * i) & 3);
            *(i < 4 ? &address.high : &address.low) |= group << (16 * (i & 3));
        }
        uint8_t octets[16];
        address_to_octets(address, octets);
        char want[ADDRESS_TEXT_SIZE];
        char got[ADDRESS_TEXT_SIZE];
        assert_non_null(inet_ntop(AF_INET6, octets, want, sizeof want));
        size_t size = address_format(address, got);
        assert_int_equal(size, strlen(got));
        if (strchr(want, '.') == NULL) { /* the two differences that the module states */
            assert_string_equal(got, want);
        }
        assert_true(address_equal(parsed(got), address));
    }
}

static const struct {
    const char *in;
    const char *out;
} format_cases[] = {
    { "0:0:0:0:0:0:0:0", "::" },
    { "0:0:0:0:0:0:0:1", "::1" },
    { "1:0:0:0:0:0:0:0", "1::" },
    { "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* one group is not shortened */
    { "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* the longest run */
    { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* the first of two */
    { "0:1:0:0:0:0:0:0", "0:1::" },
    { "0:0:1:0:0:0:0:1", "0:0:1::1" },
    { "2001:DB8::00A0", "2001:db8::a0" },
    { "1.2.3.4", "1.2.3.4" },
    { "100.20.3.255", "100.20.3.255" },
    { "::ffff:1.2.3.4", "1.2.3.4" }, /* IPv4 for us; inet_ntop writes ::ffff:1.2.3.4 */
    { "::1.2.3.4", "::102:304" },    /* not IPv4; inet_ntop writes ::1.2.3.4 */
    { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

static void addresses_print_in_their_canonical_form(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(format_cases); i++) {
        char text[ADDRESS_TEXT_SIZE];
        address_format(parsed(format_cases[i].in), text);
        assert_string_equal(text, format_cases[i].out);
    }
}

/* Every octet value and every group value once. */
static void every_octet_and_group_prints_and_parses_back(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 65536; i++) {
        char want[ADDRESS_TEXT_SIZE];
        char got[ADDRESS_TEXT_SIZE];
        (void)snprintf(want, sizeof want, "1:%x:1:1:1:1:1:%x", i, i ^ 0xffff);
        address_format(parsed(want), got);
        assert_string_equal(got, want);
        if (i < 256) {
            (void)snprintf(want, sizeof want, "%u.%u.%u.%u", i, 255 - i, i, i);
            address_format(parsed(want), got);
            assert_string_equal(got, want);
        }
    }
}

/* First and last address of every block, and its neighbours outside. */
static const struct {
    const char *first;
    const char *last;
    enum address_class class_;
} blocks[] = {
    { "0.0.0.0", "0.255.255.255", ADDRESS_LOCAL },
    { "1.0.0.0", "9.255.255.255", ADDRESS_INTERNET },
    { "10.0.0.0", "10.255.255.255", ADDRESS_PRIVATE },
    { "11.0.0.0", "100.63.255.255", ADDRESS_INTERNET },
    { "100.64.0.0", "100.127.255.255", ADDRESS_PRIVATE },
    { "100.128.0.0", "126.255.255.255", ADDRESS_INTERNET },
    { "127.0.0.0", "127.255.255.255", ADDRESS_LOCAL },
    { "128.0.0.0", "169.253.255.255", ADDRESS_INTERNET },
    { "169.254.0.0", "169.254.255.255", ADDRESS_LOCAL },
    { "169.255.0.0", "172.15.255.255", ADDRESS_INTERNET },
    { "172.16.0.0", "172.31.255.255", ADDRESS_PRIVATE },
    { "172.32.0.0", "191.255.255.255", ADDRESS_INTERNET },
    { "192.0.0.0", "192.0.0.8", ADDRESS_LOCAL },
    { "192.0.0.9", "192.0.0.10", ADDRESS_INTERNET },
    { "192.0.0.11", "192.0.0.255", ADDRESS_LOCAL },
    { "192.0.1.0", "192.0.1.255", ADDRESS_INTERNET },
    { "192.0.2.0", "192.0.2.255", ADDRESS_LOCAL },
    { "192.0.3.0", "192.167.255.255", ADDRESS_INTERNET },
    { "192.168.0.0", "192.168.255.255", ADDRESS_PRIVATE },
    { "192.169.0.0", "198.17.255.255", ADDRESS_INTERNET },
    { "198.18.0.0", "198.19.255.255", ADDRESS_LOCAL },
    { "198.20.0.0", "198.51.99.255", ADDRESS_INTERNET },
    { "198.51.100.0", "198.51.100.255", ADDRESS_LOCAL },
    { "198.51.101.0", "203.0.112.255", ADDRESS_INTERNET },
    { "203.0.113.0", "203.0.113.255", ADDRESS_LOCAL },
    { "203.0.114.0", "223.255.255.255", ADDRESS_INTERNET },
    { "224.0.0.0", "255.255.255.255", ADDRESS_LOCAL },
    { "::", "::fffe:ffff:ffff", ADDRESS_LOCAL },
    { "::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255", ADDRESS_PRIVATE },
    { "64:ff9b::8.8.8.8", "64:ff9b::8.8.8.8", ADDRESS_INTERNET },
    { "64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", ADDRESS_PRIVATE },
    { "64:ff9b:2::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001:1::", "2001:1::", ADDRESS_LOCAL },
    { "2001:1::1", "2001:1::3", ADDRESS_INTERNET },
    { "2001:1::4", "2001:2:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001:4:113::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2001:20::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "2001:db9::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_INTERNET },
    { "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
    { "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_PRIVATE },
    { "fe00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ADDRESS_LOCAL },
};

static void addresses_are_classified_by_the_registries(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(blocks); i++) {
        if (address_classify(parsed(blocks[i].first)) != blocks[i].class_ ||
            address_classify(parsed(blocks[i].last)) != blocks[i].class_) {
            fail_msg("%s .. %s", blocks[i].first, blocks[i].last);
        }
    }
}

static const struct {
    const char *prefix;
    const char *address;
    bool is_inside;
} contains_cases[] = {
    { "10.0.0.0/8", "10.255.255.255", true },
    { "10.0.0.0/8", "11.0.0.0", false },
    { "10.0.0.0/8", "::a00:1", false },
    { "0.0.0.0/0", "255.255.255.255", true },
    { "0.0.0.0/0", "::1", false },
    { "::/0", "ffff::1", true },
    { "::/0", "1.2.3.4", false },
    { "::ffff:0:0/96", "1.2.3.4", true },
    { "::ffff:10.0.0.0/104", "10.9.9.9", true },
    { "::ffff:10.0.0.0/104", "11.9.9.9", false },
    { "10.1.2.3", "10.1.2.3", true },
    { "10.1.2.3", "10.1.2.2", false },
    { "2001:db8::/32", "2001:db8:ffff::", true },
    { "2001:db8::/32", "2001:db9::", false },
    { "2001:db8::/64", "2001:db8::ffff:0:0:1", true },
    { "2001:db8::/65", "2001:db8:0:0:8000::", false },
    { "2001:db8::1", "2001:db8::1", true },
    { "2001:db8::1/128", "2001:db8::2", false },
    { "8000::/1", "ffff::", true },
    { "8000::/1", "7fff::", false },
};

static void prefixes_hold_what_they_say(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(contains_cases); i++) {
        struct prefix prefix;
        struct error err = { 0 };
        if (!prefix_parse(bytes_text(contains_cases[i].prefix), &prefix, &err)) {
            fail_msg("%s", err.message);
        }
        if (prefix_contains(prefix, parsed(contains_cases[i].address)) !=
            contains_cases[i].is_inside) {
            fail_msg("%s, %s", contains_cases[i].prefix, contains_cases[i].address);
        }
    }
}

static const struct {
    const char *text;
    const char *message;
} prefix_faults[] = {
    { "", "'' is not an address or a prefix (e.g. 10.0.0.0/8, 2001:db8::/32)" },
    { "/8", "'/8' is not an address or a prefix (e.g. 10.0.0.0/8, 2001:db8::/32)" },
    { "10/8", "'10/8' is not an address or a prefix (e.g. 10.0.0.0/8, 2001:db8::/32)" },
    { "10.0.0.0/33", "'10.0.0.0/33': the length of the prefix must be 0 to 32" },
    { "10.0.0.0/", "'10.0.0.0/': the length of the prefix must be 0 to 32" },
    { "10.0.0.0/08", "'10.0.0.0/08': the length of the prefix must be 0 to 32" },
    { "10.0.0.0/8/8", "'10.0.0.0/8/8': the length of the prefix must be 0 to 32" },
    { "10.0.0.0/-1", "'10.0.0.0/-1': the length of the prefix must be 0 to 32" },
    { "::/129", "'::/129': the length of the prefix must be 0 to 128" },
    { "::/4294967296", "'::/4294967296': the length of the prefix must be 0 to 128" },
    { "10.1.0.0/8", "'10.1.0.0/8': bits behind the prefix are set; 10.0.0.0/8?" },
    { "1.2.3.4/0", "'1.2.3.4/0': bits behind the prefix are set; 0.0.0.0/0?" },
    { "2001:db8::1/64", "'2001:db8::1/64': bits behind the prefix are set; 2001:db8::/64?" },
};

static void wrong_prefixes_say_what_is_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(prefix_faults); i++) {
        struct prefix prefix = { .length = 77 };
        struct error err = { 0 };
        assert_false(prefix_parse(bytes_text(prefix_faults[i].text), &prefix, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        assert_string_equal(err.message, prefix_faults[i].message);
        assert_int_equal(prefix.length, 77);
    }
}

static void octets_are_in_network_order(void **state) {
    (void)state;
    uint8_t octets[16];
    address_to_octets(parsed("102:304:506:708:90a:b0c:d0e:f10"), octets);
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(octets[i], i + 1);
    }
    assert_true(
        address_equal(address_from_octets(octets), parsed("102:304:506:708:90a:b0c:d0e:f10")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_parse_to_their_numbers),
        cmocka_unit_test(malformed_addresses_are_refused_and_leave_the_output),
        cmocka_unit_test(a_text_with_a_nul_inside_is_refused),
        cmocka_unit_test(random_texts_parse_as_in_glibc),
        cmocka_unit_test(texts_with_one_fault_parse_as_in_glibc),
        cmocka_unit_test(random_addresses_format_as_in_glibc_and_parse_back),
        cmocka_unit_test(addresses_print_in_their_canonical_form),
        cmocka_unit_test(every_octet_and_group_prints_and_parses_back),
        cmocka_unit_test(addresses_are_classified_by_the_registries),
        cmocka_unit_test(prefixes_hold_what_they_say),
        cmocka_unit_test(wrong_prefixes_say_what_is_wrong),
        cmocka_unit_test(octets_are_in_network_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
