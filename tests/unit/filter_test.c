/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "flow/community.h"
#include "flow/filter_tree.h"
#include "flow/frame.h"

#define WORDS (BATCH_RECORDS_MAX / 64)
#define TEXT_SIZE 8192u

static uint64_t seed_used;

static uint64_t random_u64(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint32_t below(uint64_t *state, uint32_t limit) {
    return (uint32_t)(random_u64(state) >> 32) % limit;
}

/* Small domains, so that terms and records meet often. */
static const char *const address_texts[] = {
    "10.0.0.1",        "10.0.0.2",  "10.0.1.7",
    "192.168.4.4",     "8.8.8.8",   "1.1.1.1",
    "203.0.113.9",     "127.0.0.1", "0.0.0.0",
    "255.255.255.255", "::",        "::1",
    "fe80::1",         "fd00::5",   "2001:db8::1",
    "2600::1",         "2600::2",   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};
static const char *const node_names[] = { "web-1", "web-2", "db-1", "", "10.0.0.1", "a b" };
static const char *const log_names[] = { "fl-1", "fl-2", "other" };
static const uint16_t ports[] = { 0, 22, 53, 80, 443, 1024, 8080, 32768, 65534, 65535 };
static const uint8_t protocols[] = { 0, 1, 6, 17, 47, 58, 132, 255 };
static const uint64_t amounts[] = {
    0, 1, 40, 1000, 1500000, UINT64_C(1) << 40, UINT64_MAX - 1, UINT64_MAX
};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))
#define PICK(state, array) ((array)[below(state, COUNT(array))])

static void fill_record(struct batch *batch, uint32_t i, uint64_t *state) {
    batch->src[i] = (uint16_t)below(state, batch->addresses.count);
    batch->dst[i] = (uint16_t)below(state, batch->addresses.count);
    batch->src_port[i] = PICK(state, ports);
    batch->dst_port[i] = below(state, 4) == 0 ? (uint16_t)random_u64(state) : PICK(state, ports);
    batch->protocol[i] = PICK(state, protocols);
    batch->tcp_flags[i] = (uint8_t)random_u64(state);
    batch->quality[i] = (uint16_t)(random_u64(state) & random_u64(state));
    batch->direction[i] = (uint8_t)below(state, 3);
    batch->initiator[i] = (uint8_t)below(state, 3);
    batch->action[i] = (uint8_t)below(state, 3);
    batch->node[i] = (uint16_t)below(state, batch->node_count);
    batch->flow_log[i] = (uint8_t)below(state, batch->flow_log_count);
    batch->bytes[i] = below(state, 4) == 0 ? random_u64(state) : PICK(state, amounts);
    batch->packets[i] = PICK(state, amounts);
    batch->start_ms[i] = below(state, 10) == 0 ? 0 : 1700000000000 + below(state, 100000);
    batch->end_ms[i] = batch->start_ms[i];
    batch->end_ms[i] += below(state, 3) == 0 ? 0 : below(state, 7200000);
}

static void fill_batch(struct batch *batch, uint32_t count, uint64_t *state) {
    struct error err;
    batch_reset(batch);
    batch->stamp.origin = below(state, 2) == 0 ? ORIGIN_AWS : ORIGIN_CAPTURE;
    batch->stamp.unit_ms = below(state, 2) == 0 ? 1 : 1000;
    uint32_t address_count = below(state, 3) == 0 ? 1 : COUNT(address_texts);
    for (uint32_t i = 0; i < address_count; i++) {
        struct address address;
        assert_true(address_parse(bytes_text(PICK(state, address_texts)), &address));
        (void)dictionary_code(&batch->addresses, address);
    }
    for (uint32_t i = 0; i < COUNT(node_names); i++) {
        struct batch_node node = { .name = bytes_text(node_names[i]),
                                   .identity = bytes_text(i % 2 == 0 ? "i-0abc" : "web-1") };
        uint16_t id;
        assert_true(batch_add_node(batch, &node, &id, &err));
    }
    for (uint32_t i = 0; i < COUNT(log_names); i++) {
        uint8_t id;
        assert_true(batch_add_flow_log(batch, bytes_text(log_names[i]), &id, &err));
    }
    batch->count = count;
    for (uint32_t i = 0; i < count; i++) {
        fill_record(batch, i, state);
    }
}

/* Text of random filters, bounded by TEXT_SIZE. */
struct writer {
    char text[TEXT_SIZE];
    size_t size;
    uint64_t *state;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(w->text + w->size, sizeof w->text - w->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof w->text - w->size);
    w->size += (size_t)size;
}

static const char *const sides[] = { "", "host ", "src ", "dst ", "peer ", "src net ", "node " };
static const char *const classes[] = { "internet",    "private",    "local",        "src internet",
                                       "dst private", "host local", "peer internet" };
static const char *const prefixes[] = {
    "10.0.0.0/8", "10.0.0.0/31", "0.0.0.0/0",         "::/0",
    "2600::/16",  "fe80::/10",   "10.0.0.1-10.0.1.0", "::-::1"
};
static const char *const protocol_words[] = { "tcp",         "udp",
                                              "icmp",        "icmp6",
                                              "proto 47",    "proto in {6, 17, 100-140}",
                                              "proto 0-255", "proto != tcp" };
static const char *const flag_words[] = { "syn",           "flags S",  "flags SA",
                                          "flags R/RF",    "flags /S", "flags /FSRPAUEC",
                                          "flags FSRPAUEC" };
static const char *const node_words[] = {
    "node web-1",
    "node ~ web-*",
    "node \"\"",
    "node in {web-2, db-1}",
    "node i-0abc",
    "node ~ *",
    "node in {web-1, 10.0.0.0/8, ::1}",
    "node 10.0.0.1",
    "node \"10.0.0.1\"",
    "node none",
    "node != web-1",
    "node ~ \"[wd]*-1\"",
};
static const char *const other_words[] = {
    "action accept",
    "action reject",
    "action unknown",
    "in",
    "out",
    "flow_log fl-1",
    "flow_log in {fl-2, none}",
    "flow_log ~ fl-*",
    "quality sampled",
    "quality twin",
    "quality in {estimated, no-flags, skipped}",
    "quality != twin",
    "community-id 1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
};
static const char *const measures[] = { "bytes", "packets", "bps", "pps", "bpp" };
static const char *const orders[] = { "<", "<=", ">", ">=", "=", "!=" };

static void put_port(struct writer *w) {
    static const char *const port_sides[] = { "port", "src port", "dst port", "src_port" };
    uint32_t count = below(w->state, 8);
    put(w, "%s ", PICK(w->state, port_sides));
    if (count <= 1) {
        put(w, "%u", PICK(w->state, ports));
        return;
    }
    put(w, "in {");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t low = PICK(w->state, ports);
        put(w, "%u-%u ", low, low + below(w->state, 65536 - low));
        put(w, "%u, ", PICK(w->state, ports));
    }
    put(w, "}");
}

static void put_addresses(struct writer *w) {
    const char *side = PICK(w->state, sides);
    put(w, "%s", side);
    uint32_t count = below(w->state, 5);
    if (count <= 1) {
        put(w, "%s", count == 0 ? PICK(w->state, address_texts) : PICK(w->state, prefixes));
        return;
    }
    put(w, "%sin {", *side == '\0' ? "host " : "");
    for (uint32_t i = 0; i < count; i++) {
        put(w, "%s %s,", PICK(w->state, address_texts), PICK(w->state, prefixes));
    }
    put(w, "}");
}

static void put_term(struct writer *w) {
    switch (below(w->state, 9)) {
    case 0:
    case 1: put_addresses(w); return;
    case 2: put(w, "%s", PICK(w->state, classes)); return;
    case 3: put_port(w); return;
    case 4: put(w, "%s", PICK(w->state, protocol_words)); return;
    case 5: put(w, "%s", PICK(w->state, flag_words)); return;
    case 6:
        put(w, "%s %s %llu", PICK(w->state, measures), PICK(w->state, orders),
            (unsigned long long)PICK(w->state, amounts));
        return;
    case 7:
        if (below(w->state, 3) == 0) {
            put(w, "duration %s %ums", PICK(w->state, orders), below(w->state, 2) * 3600000);
            return;
        }
        put(w, "%s", PICK(w->state, node_words));
        return;
    default: put(w, "%s", PICK(w->state, other_words)); return;
    }
}

static void put_tree(struct writer *w, uint32_t depth) {
    if (depth == 0 || w->size > TEXT_SIZE / 2 || below(w->state, 3) == 0) {
        put_term(w);
        return;
    }
    put(w, "%s(", below(w->state, 3) == 0 ? "not " : "");
    uint32_t count = 1 + below(w->state, 4);
    for (uint32_t i = 0; i < count; i++) {
        put(w, "%s", i == 0 ? "" : below(w->state, 2) == 0 ? " and " : " or ");
        put_tree(w, depth - 1);
    }
    put(w, ")");
}

static struct filter *compiled(const char *text, const struct filter_kernel *kernel) {
    struct filter *filter = NULL;
    struct error err;
    if (!filter_compile_with(&filter, bytes_text(text), kernel, &err)) {
        fail_msg("%s\n%s", text, err.message);
    }
    return filter;
}

/* filter_match against filter_match_record on every record. */
static void check_batch(const struct filter *filter, struct filter_scratch *scratch,
                        const struct batch *batch, const char *text) {
    static uint64_t bits[WORDS];
    memset(bits, 0xa5, sizeof bits);
    uint32_t matched = filter_match(filter, scratch, batch, bits);
    uint32_t want = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        bool is_match = filter_match_record(filter, batch, i);
        want += is_match;
        if (is_match != (bits[i / 64] >> (i % 64) & 1)) {
            fail_msg("seed %llu, %s, record %u of %u: the definition says %d for\n%s",
                     (unsigned long long)seed_used, filter->kernel->name, i, batch->count, is_match,
                     text);
        }
    }
    for (uint32_t i = batch->count; i < BATCH_RECORDS_MAX; i++) {
        assert_false(bits[i / 64] >> (i % 64) & 1);
    }
    assert_int_equal(matched, want);
}

static void check_print(const struct filter *filter, const char *text) {
    struct buffer once;
    struct buffer twice;
    buffer_init(&once, 16 * TEXT_SIZE);
    buffer_init(&twice, 16 * TEXT_SIZE);
    filter_print(filter, &once);
    buffer_u8(&once, 0);
    struct filter *again = compiled((const char *)once.data, filter->kernel);
    filter_print(again, &twice);
    buffer_u8(&twice, 0);
    if (!bytes_equal(buffer_bytes(&once), buffer_bytes(&twice))) {
        fail_msg("'%s'\n prints as '%s'\n and that as '%s'", text, once.data, twice.data);
    }
    assert_int_equal(filter_columns(filter), filter_columns(again));
    filter_free(again);
    buffer_done(&once);
    buffer_done(&twice);
}

static const uint32_t counts[] = { 0, 1, 2, 63, 64, 65, 127, 129, 1000 };

static void batches_match_as_the_definition_says(void **state) {
    (void)state;
    const char *seed_text = getenv("SEED");
    uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 20261124;
    struct error err;
    struct batch batch;
    assert_true(batch_init(&batch, &err));
    struct filter_scratch *scratch = filter_scratch_new(&err);
    assert_non_null(scratch);
    for (uint32_t round = 0; round < 4000; round++) {
        seed_used = seed + round;
        uint64_t random = seed_used * UINT64_C(0x9E3779B97F4A7C15) | 1;
        struct writer w = { .state = &random };
        put_tree(&w, below(&random, 5));
        fill_batch(&batch, round % 1000 == 999 ? BATCH_RECORDS_MAX : PICK(&random, counts),
                   &random);
        const struct filter_kernel *kernel =
            round % 2 == 0 ? &filter_kernel_scalar : filter_kernel_best();
        struct filter *filter = compiled(w.text, kernel);
        check_batch(filter, scratch, &batch, w.text);
        check_print(filter, w.text);
        filter_free(filter);
    }
    filter_scratch_free(scratch);
    batch_done(&batch);
}

/* One record that a table of filters is asked about. */
static void make_one(struct batch *batch) {
    struct error err;
    assert_true(batch_init(batch, &err));
    struct address src;
    struct address dst;
    assert_true(address_parse(bytes_text("10.0.0.1"), &src));
    assert_true(address_parse(bytes_text("8.8.8.8"), &dst));
    struct batch_node node = { .name = bytes_text("web-1"), .identity = bytes_text("i-0abc") };
    uint16_t id;
    uint8_t log;
    assert_true(batch_add_node(batch, &node, &id, &err));
    assert_true(batch_add_flow_log(batch, bytes_text("fl-1"), &log, &err));
    batch->stamp.unit_ms = 1000;
    batch->count = 1;
    batch->src[0] = dictionary_code(&batch->addresses, src);
    batch->dst[0] = dictionary_code(&batch->addresses, dst);
    batch->src_port[0] = 40000;
    batch->dst_port[0] = 443;
    batch->protocol[0] = 6;
    batch->tcp_flags[0] = 0x02 | 0x08; /* S and P */
    batch->quality[0] = QUALITY_SAMPLED;
    batch->direction[0] = DIRECTION_OUT;
    batch->initiator[0] = INITIATOR_SRC;
    batch->action[0] = ACTION_ACCEPT;
    batch->node[0] = id;
    batch->flow_log[0] = log;
    batch->bytes[0] = 1000;
    batch->packets[0] = 3;
    batch->start_ms[0] = 1700000000000;
    batch->end_ms[0] = 1700000001000; /* lasted two seconds: [0 s, 1 s + unit) */
}

struct answer {
    const char *text;
    bool want;
};

static const struct answer answers[] = {
    { "", true },
    { "src 10.0.0.1", true },
    { "dst 10.0.0.1", false },
    { "host 8.8.8.8", true },
    { "peer 8.8.8.8", true },
    { "peer 10.0.0.1", false },
    { "node 10.0.0.1", true },
    { "node 8.8.8.8", false },
    { "::/0", false }, /* holds no IPv4 */
    { "0.0.0.0/0", true },
    { "internet", true }, /* the peer */
    { "src internet", false },
    { "src private", true },
    { "local", false },
    { "port 443", true },
    { "src port 443", false },
    { "src port 40000-50000", true },
    { "tcp and dst port in {80, 443}", true },
    { "flags S", true },
    { "flags S/SA", true },
    { "flags S/SP", false },
    { "flags SP", true },
    { "flags /AR", true },
    { "syn", true },
    { "action accept and out", true },
    { "bytes = 1000", true },
    { "bytes > 1000", false },
    { "packets != 3", false },
    { "duration = 1s", true },
    { "bps = 4000", true },
    { "bps >= 4001", false },
    { "pps = 1", true }, /* floor(3 / 2) */
    { "pps < 2", true },
    { "bpp = 333", true },
    { "bpp > 333", false },
    { "node web-1", true },
    { "node i-0abc", true },
    { "node ~ web-?", true },
    { "node WEB-1", false },
    { "flow_log fl-1", true },
    { "quality sampled", true },
    { "quality twin", false },
};

static void each_term_means_what_the_manual_says(void **state) {
    (void)state;
    struct error err;
    struct batch batch;
    make_one(&batch);
    struct filter_scratch *scratch = filter_scratch_new(&err);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct filter *filter = compiled(answers[i].text, filter_kernel_best());
        if (filter_match_record(filter, &batch, 0) != answers[i].want) {
            fail_msg("%s: expected %d", answers[i].text, answers[i].want);
        }
        check_batch(filter, scratch, &batch, answers[i].text);
        filter_free(filter);
    }
    filter_scratch_free(scratch);
    batch_done(&batch);
}

static void ports_never_match_icmp(void **state) {
    (void)state;
    struct batch batch;
    make_one(&batch);
    struct filter *filter = compiled("port 443", filter_kernel_best());
    const struct answer protocols_with_ports[] = {
        { "1", false }, { "58", false }, { "6", true }, { "132", true }
    };
    for (size_t i = 0; i < 4; i++) {
        batch.protocol[0] = (uint8_t)atoi(protocols_with_ports[i].text);
        assert_int_equal(filter_match_record(filter, &batch, 0), protocols_with_ports[i].want);
    }
    filter_free(filter);
    batch_done(&batch);
}

static void absent_flags_match_only_where_flags_are_told(void **state) {
    (void)state;
    struct batch batch;
    make_one(&batch);
    struct filter *filter = compiled("flags /A", filter_kernel_best());
    assert_true(filter_match_record(filter, &batch, 0));
    batch.quality[0] |= QUALITY_NO_FLAGS;
    assert_false(filter_match_record(filter, &batch, 0));
    batch.quality[0] = 0;
    batch.protocol[0] = 17;
    assert_false(filter_match_record(filter, &batch, 0));
    filter_free(filter);
    batch_done(&batch);
}

static void a_record_without_packets_has_no_bytes_a_packet(void **state) {
    (void)state;
    struct batch batch;
    make_one(&batch);
    batch.packets[0] = 0;
    const char *const texts[] = { "bpp >= 0", "bpp < 1", "bpp = 0", "bpp != 0" };
    for (size_t i = 0; i < 4; i++) {
        struct filter *filter = compiled(texts[i], filter_kernel_best());
        assert_false(filter_match_record(filter, &batch, 0));
        filter_free(filter);
    }
    batch_done(&batch);
}

static void the_community_id_of_a_record_finds_it(void **state) {
    (void)state;
    struct error err;
    struct batch batch;
    make_one(&batch);
    struct community_flow flow;
    char id[COMMUNITY_ID_SIZE];
    assert_true(community_flow_of(&batch, 0, &flow));
    assert_true(community_id(&flow, 0, id));
    char text[64];
    (void)snprintf(text, sizeof text, "community-id %s and tcp", id);
    struct filter_scratch *scratch = filter_scratch_new(&err);
    struct filter *filter = compiled(text, filter_kernel_best());
    assert_true(filter_match_record(filter, &batch, 0));
    check_batch(filter, scratch, &batch, text);
    batch.dst_port[0] = 444;
    assert_false(filter_match_record(filter, &batch, 0));
    filter_free(filter);
    filter_scratch_free(scratch);
    batch_done(&batch);
}

struct column_case {
    const char *text;
    uint32_t want;
};

#define BIT(column) (1u << (column))

static void a_filter_names_the_columns_that_it_reads(void **state) {
    (void)state;
    const struct column_case cases[] = {
        { "", 0 },
        { "src 10.0.0.1", BIT(FRAME_ADDRESSES) },
        { "internet", BIT(FRAME_ADDRESSES) | BIT(FRAME_DIRECTION) },
        { "node web-1", BIT(FRAME_NODE) },
        { "node 10.0.0.1", BIT(FRAME_NODE) | BIT(FRAME_ADDRESSES) | BIT(FRAME_DIRECTION) },
        { "not port 80 or bytes > 1", BIT(FRAME_PORTS) | BIT(FRAME_BYTES) },
        { "duration > 1", BIT(FRAME_START) | BIT(FRAME_END) },
        { "flags S", BIT(FRAME_TCP_FLAGS) },
        { "flags /S", BIT(FRAME_TCP_FLAGS) | BIT(FRAME_PORTS) | BIT(FRAME_QUALITY) },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct filter *filter = compiled(cases[i].text, filter_kernel_best());
        if (filter_columns(filter) != cases[i].want) {
            fail_msg("%s: %x", cases[i].text, filter_columns(filter));
        }
        filter_free(filter);
    }
}

static void a_filter_of_nodes_needs_no_flow(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_of_nodes;
        const char *want; /* of the four nodes below, those that match */
    } cases[] = {
        { "", true, "1111" },
        { "node web-1", true, "1000" },
        { "node ~ web-*", true, "1100" },
        { "node i-2", true, "0100" }, /* by identity */
        { "node in {web-1, db}", true, "1010" },
        { "not node ~ web-*", true, "0011" },
        { "node web-1 or node db", true, "1010" },
        { "node ~ web-* and not node web-1", true, "0100" },
        { "node 10.0.0.5", true, "0001" },
        { "node 10.0.0.0/8", true, "0001" },
        { "node ~ web-* and port 443", false, NULL },
        { "10.0.0.5", false, NULL },
        { "peer 10.0.0.5", false, NULL },
        { "in", false, NULL },
        { "not (node db or bytes > 5)", false, NULL },
    };
    const struct batch_node nodes[] = {
        { .name = bytes_text("web-1"), .identity = bytes_text("i-1") },
        { .name = bytes_text("web-2"), .identity = bytes_text("i-2") },
        { .name = bytes_text("db"), .identity = bytes_text("i-3") },
        { .name = bytes_text("10.0.0.5"), .identity = bytes_text("10.0.0.5") },
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        struct filter *filter = NULL;
        struct error err;
        if (!filter_compile(&filter, bytes_text(cases[c].text), &err)) {
            fail_msg("%s: %s", cases[c].text, err.message);
        }
        if (filter_is_of_nodes(filter) != cases[c].is_of_nodes) {
            fail_msg("%s: of nodes: %d", cases[c].text, !cases[c].is_of_nodes);
        }
        for (size_t i = 0; cases[c].is_of_nodes && i < COUNT(nodes); i++) {
            if (filter_match_node(filter, &nodes[i]) != (cases[c].want[i] == '1')) {
                fail_msg("%s: node %zu", cases[c].text, i);
            }
        }
        filter_free(filter);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_match_as_the_definition_says),
        cmocka_unit_test(each_term_means_what_the_manual_says),
        cmocka_unit_test(ports_never_match_icmp),
        cmocka_unit_test(absent_flags_match_only_where_flags_are_told),
        cmocka_unit_test(a_record_without_packets_has_no_bytes_a_packet),
        cmocka_unit_test(the_community_id_of_a_record_finds_it),
        cmocka_unit_test(a_filter_names_the_columns_that_it_reads),
        cmocka_unit_test(a_filter_of_nodes_needs_no_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
