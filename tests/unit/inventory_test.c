/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/inventory.h"

#include "tests/unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct inventory *opened(const char *text) {
    struct inventory *inventory;
    struct error err;
    if (!inventory_open_bytes(&inventory, "inventory.csv", bytes_text(text), &err)) {
        fail_msg("%s", err.message);
    }
    return inventory;
}

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(bytes_text(text), &address));
    return address;
}

/* The node of an address at a time, "-" for none, with "?" behind it when another time could
 * differ. */
static const char *node_at(const struct inventory *inventory, const char *address, int64_t at_ms) {
    static char text[64];
    struct inventory_span span;
    const struct inventory_entry *entry =
        inventory_find_address(inventory, address_of(address), at_ms, &span);
    snprintf(text, sizeof text, "%.*s%s", entry == NULL ? 1 : (int)entry->node.size,
             entry == NULL ? "-" : (const char *)entry->node.data,
             inventory_span_is_bounded(&span) ? "?" : "");
    return text;
}

static void the_longest_prefix_wins_and_of_equals_the_first(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match\n"
                                         "wide,10.0.0.0/8\n"
                                         "net,10.1.2.0/24\n"
                                         "one,10.1.2.3\n"
                                         "second,10.1.2.3\n"
                                         "v6,2001:db8::/32\n"
                                         "v6one,2001:db8::1\n");
    assert_string_equal(node_at(inventory, "10.1.2.3", 0), "one");
    assert_string_equal(node_at(inventory, "10.1.2.4", 0), "net");
    assert_string_equal(node_at(inventory, "10.1.3.4", 0), "wide");
    assert_string_equal(node_at(inventory, "11.1.2.3", 0), "-");
    assert_string_equal(node_at(inventory, "2001:db8::1", 0), "v6one");
    assert_string_equal(node_at(inventory, "2001:db8::2", 0), "v6");
    assert_string_equal(node_at(inventory, "2001:db9::2", 0), "-");
    inventory_free(inventory);
}

static void everything_and_all_of_ipv4_are_prefixes_too(void **state) {
    (void)state;
    struct inventory *inventory = opened("match,node\n::/0,rest\n0.0.0.0/0,rest4\n");
    assert_string_equal(node_at(inventory, "1.2.3.4", 0), "rest4");
    assert_string_equal(node_at(inventory, "2001:db8::2", 0), "rest");
    inventory_free(inventory);
}

static void a_row_counts_only_while_it_is_valid(void **state) {
    (void)state;
    /* 2026-01-01 is 1767225600 s. */
    struct inventory *inventory = opened("node,match,from,to\n"
                                         "old,10.0.0.1,,2026-01-01\n"
                                         "new,10.0.0.1,2026-01-01T00:00:00Z,@1767225700\n"
                                         "net,10.0.0.0/24,,\n"
                                         "later,10.0.1.1,2026-01-01,\n"
                                         "always,eni-1,,\n"
                                         "never,eni-1,2026-01-01,\n");
    int64_t year_ms = INT64_C(1767225600000);
    assert_string_equal(node_at(inventory, "10.0.0.1", year_ms - 1), "old?");
    assert_string_equal(node_at(inventory, "10.0.0.1", year_ms), "new?");
    assert_string_equal(node_at(inventory, "10.0.0.1", year_ms + 99999), "new?");
    assert_string_equal(node_at(inventory, "10.0.0.1", year_ms + 100000), "net?");
    assert_string_equal(node_at(inventory, "10.0.0.2", year_ms), "net");
    assert_string_equal(node_at(inventory, "10.0.1.1", year_ms - 1), "-?");
    struct inventory_span span;
    const struct inventory_entry *entry =
        inventory_find_id(inventory, bytes_text("eni-1"), year_ms, &span);
    assert_true(bytes_equal(entry->node, bytes_text("always")));
    assert_false(inventory_span_is_bounded(&span)); /* the first in the file is valid at any time */
    inventory_free(inventory);
}

static void an_answer_says_over_which_times_it_holds(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,from,to\n"
                                         "a,10.0.0.1,@100,@200\n"
                                         "b,10.0.0.1,@300,@400\n"
                                         "c,10.0.0.0/24,@150,@350\n");
    static const struct {
        int64_t at_s;
        const char *node;
        int64_t from_s, to_s; /* 0: unbounded */
    } CASES[] = {
        { 50, "-", 0, 100 },    { 100, "a", 100, 200 }, { 199, "a", 100, 200 },
        { 200, "c", 200, 300 }, { 300, "b", 300, 400 }, { 400, "-", 400, 0 },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct inventory_span span;
        const struct inventory_entry *entry =
            inventory_find_address(inventory, address_of("10.0.0.1"), CASES[i].at_s * 1000, &span);
        assert_true(
            bytes_equal(entry == NULL ? bytes_text("-") : entry->node, bytes_text(CASES[i].node)));
        assert_true(span.from_ms == (CASES[i].from_s == 0 ? INT64_MIN : CASES[i].from_s * 1000));
        assert_true(span.to_ms == (CASES[i].to_s == 0 ? INT64_MAX : CASES[i].to_s * 1000));
    }
    inventory_free(inventory);
}

static void ids_are_what_has_not_the_shape_of_an_address(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,role,identity\n"
                                         "web-1,eni-0a1,web,i-77\n"
                                         "db-1,i-0b2,,\n"
                                         "odd,abc:def,,\n"
                                         "path,a/24,,\n");
    const struct inventory_entry *entry =
        inventory_find_id(inventory, bytes_text("eni-0a1"), 0, NULL);
    assert_true(bytes_equal(entry->node, bytes_text("web-1")));
    assert_true(bytes_equal(entry->role, bytes_text("web")));
    assert_true(bytes_equal(entry->identity, bytes_text("i-77")));
    entry = inventory_find_id(inventory, bytes_text("i-0b2"), 0, NULL);
    assert_int_equal(entry->role.size, 0);
    assert_non_null(inventory_find_id(inventory, bytes_text("abc:def"), 0, NULL));
    assert_non_null(inventory_find_id(inventory, bytes_text("a/24"), 0, NULL));
    assert_null(inventory_find_id(inventory, bytes_text("eni-0a"), 0, NULL));
    assert_null(inventory_find_id(inventory, bytes_of(NULL, 0), 0, NULL));
    inventory_free(inventory);
}

static void a_nodes_single_addresses_come_in_file_order(void **state) {
    (void)state;
    struct inventory *inventory = opened("node,match,to\n"
                                         "a,10.0.0.9,\n"
                                         "b,10.0.0.8,\n"
                                         "a,10.1.0.0/16,\n"
                                         "a,eni-1,\n"
                                         "a,10.0.0.1,@10\n"
                                         "a,2001:db8::1,\n");
    struct address own[4];
    assert_int_equal(inventory_addresses(inventory, bytes_text("a"), 0, own, 4), 3);
    assert_true(address_equal(own[0], address_of("10.0.0.9")));
    assert_true(address_equal(own[1], address_of("10.0.0.1")));
    assert_true(address_equal(own[2], address_of("2001:db8::1")));
    assert_int_equal(inventory_addresses(inventory, bytes_text("a"), 10000, own, 4), 2);
    assert_int_equal(inventory_addresses(inventory, bytes_text("a"), 0, own, 1), 1);
    assert_int_equal(inventory_addresses(inventory, bytes_text("c"), 0, own, 4), 0);
    inventory_free(inventory);
}

static void csv_may_be_quoted_marked_and_of_either_line_end(void **state) {
    (void)state;
    struct inventory *inventory = opened("\xef\xbb\xbfnode,match\r\n"
                                         "\"a \"\"b\"\", c\",eni-1\r\n"
                                         "\r\n"
                                         "  \"two\nlines\" , eni-2 \n"
                                         "\n"
                                         "last,\"10.0.0.1\"");
    const struct inventory_entry *entry =
        inventory_find_id(inventory, bytes_text("eni-1"), 0, NULL);
    assert_true(bytes_equal(entry->node, bytes_text("a \"b\", c")));
    entry = inventory_find_id(inventory, bytes_text("eni-2"), 0, NULL);
    assert_true(bytes_equal(entry->node, bytes_text("two\nlines")));
    assert_string_equal(node_at(inventory, "10.0.0.1", 0), "last");
    inventory_free(inventory);
}

static void what_is_wrong_is_said_with_line_and_column(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        { "", "inventory.csv: no header line" },
        { "\n\n", "no header line" },
        { "node\n", "line 1: the header lacks the column 'match'" },
        { "match\n", "lacks the column 'node'" },
        { "node,match,rolle\n", "line 1: unknown column 'rolle': did you mean 'role'?" },
        { "node,match,xyzzy\n", "unknown column 'xyzzy' (known: node, match" },
        { "node,match,node\n", "line 1: node: the column is there twice" },
        { "node,match\na\n", "line 2: 1 fields, the header has 2" },
        { "node,match\na,b,c\n", "line 2: 3 fields, the header has 2" },
        { "node,match\n\na,b\n,b\n", "line 4: node: is empty" },
        { "node,match\na,\n", "line 2: match: is empty" },
        { "node,match\na,10.0.0.256\n", "line 2: match: '10.0.0.256'" },
        { "node,match\na,10.0.0.1/33\n", "line 2: match: '10.0.0.1/33'" },
        { "node,match\na,10.0.0.1/8\n", "line 2: match: '10.0.0.1/8'" },
        { "node,match\na,2001:db8::1::\n", "line 2: match: '2001:db8::1::'" },
        { "node,match,from\na,b,yesterday\n", "line 2: from: 'yesterday' is not a time" },
        { "node,match,from\na,b,2026-01-01/d\n", "line 2: from: '2026-01-01/d' is not" },
        { "node,match,from\na,b,10:30\n", "line 2: from: '10:30' is not" },
        { "node,match,from\na,b,-2h\n", "line 2: from: '-2h' is not" },
        { "node,match,to\na,b,2026-13-01\n", "line 2: to: '2026-13-01' is not" },
        { "node,match,from,to\na,b,@5,@5\n", "line 2: to: is not after 'from'" },
        { "node,match\n\"a\nb\",c\nx,\"y\n", "line 4: a quote is not closed" },
        { "node,match\n\"a\"b,c\n", "line 2: text behind a closing quote" },
        { "node,match\na\"b,c\n", "line 2: a quote inside a field" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct inventory *inventory = NULL;
        struct error err = { 0 };
        bool ok =
            inventory_open_bytes(&inventory, "inventory.csv", bytes_text(cases[i].text), &err);
        if (ok || err.code != ERROR_FORMAT || strstr(err.message, cases[i].want) == NULL) {
            fail_msg("'%s': %s", cases[i].text, err.message);
        }
        assert_null(inventory);
    }
}

static void files_may_be_compressed_and_must_be_there(void **state) {
    (void)state;
    char *folder = scratch_new();
    gzFile file = gzopen(scratch_path(folder, "i.csv.gz"), "wb");
    gzputs(file, "node,match\na,10.0.0.1\n");
    gzclose(file);
    struct inventory *inventory;
    struct error err;
    assert_true(inventory_open(&inventory, scratch_path(folder, "i.csv.gz"), &err));
    assert_string_equal(node_at(inventory, "10.0.0.1", 0), "a");
    inventory_free(inventory);
    assert_false(inventory_open(&inventory, scratch_path(folder, "none.csv"), &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, "none.csv: "));
    inventory_free(NULL);
    scratch_free(folder);
}

struct rule {
    struct prefix prefix;
    unsigned node;
};

static void random_prefixes_are_found_as_a_plain_search_finds_them(void **state) {
    (void)state;
    uint64_t seed = 42;
    struct rule rules[400];
    struct buffer text;
    buffer_init(&text, 1 << 20);
    buffer_put(&text, "node,match\n", 11);
    for (unsigned i = 0; i < COUNT(rules); i++) {
        /* Few distinct bits, so that prefixes nest and repeat; a third is IPv6. */
        bool is_ipv6 = next_random(&seed) % 3 == 0;
        unsigned length = (unsigned)(next_random(&seed) % (is_ipv6 ? 129 : 33));
        struct address address = address_from_ipv4(next_random(&seed) & 0x00010301);
        if (is_ipv6) {
            address = (struct address){ next_random(&seed) & UINT64_C(0x8000000000000003),
                                        next_random(&seed) & UINT64_C(0x8000000000000003) };
        }
        unsigned bits = is_ipv6 ? length : length + 96;
        address.high &= bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
        address.low &= bits <= 64 ? 0 : bits == 128 ? UINT64_MAX : ~(UINT64_MAX >> (bits - 64));
        rules[i] = (struct rule){ { address, (uint8_t)bits }, i };
        char name[ADDRESS_TEXT_SIZE];
        char line[128];
        address_format(address, name);
        bool is_mapped = address_is_ipv4(address) && bits >= 96;
        int size =
            snprintf(line, sizeof line, "n%u,%s/%u\n", i, name, is_mapped ? bits - 96 : bits);
        buffer_put(&text, line, (size_t)size);
    }
    buffer_u8(&text, 0);
    struct inventory *inventory = opened((const char *)text.data);
    for (int round = 0; round < 5000; round++) {
        struct address address = address_from_ipv4(next_random(&seed) & 0x00010303);
        if (round % 2 == 0) {
            address = (struct address){ next_random(&seed) & UINT64_C(0x8000000000000003),
                                        next_random(&seed) & UINT64_C(0x8000000000000003) };
        }
        const struct rule *want = NULL;
        for (size_t i = 0; i < COUNT(rules); i++) {
            if (prefix_contains(rules[i].prefix, address) &&
                (want == NULL || rules[i].prefix.length > want->prefix.length)) {
                want = &rules[i];
            }
        }
        const struct inventory_entry *got = inventory_find_address(inventory, address, 0, NULL);
        assert_int_equal(got == NULL, want == NULL);
        if (want != NULL) {
            char name[16];
            snprintf(name, sizeof name, "n%u", want->node);
            assert_true(bytes_equal(got->node, bytes_text(name)));
        }
    }
    inventory_free(inventory);
    buffer_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_wins_and_of_equals_the_first),
        cmocka_unit_test(everything_and_all_of_ipv4_are_prefixes_too),
        cmocka_unit_test(a_row_counts_only_while_it_is_valid),
        cmocka_unit_test(an_answer_says_over_which_times_it_holds),
        cmocka_unit_test(ids_are_what_has_not_the_shape_of_an_address),
        cmocka_unit_test(a_nodes_single_addresses_come_in_file_order),
        cmocka_unit_test(csv_may_be_quoted_marked_and_of_either_line_end),
        cmocka_unit_test(what_is_wrong_is_said_with_line_and_column),
        cmocka_unit_test(files_may_be_compressed_and_must_be_there),
        cmocka_unit_test(random_prefixes_are_found_as_a_plain_search_finds_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
