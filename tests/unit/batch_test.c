/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct batch from;
static struct batch to;

static int begin(void **state) {
    (void)state;
    return batch_init(&from, NULL) && batch_init(&to, NULL) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    batch_done(&from);
    batch_done(&to);
    return 0;
}

static uint16_t add_node(struct batch *batch, const char *name) {
    struct batch_node node = { .name = bytes_text(name), .identity = bytes_text(name) };
    uint16_t id;
    assert_true(batch_add_node(batch, &node, &id, NULL));
    return id;
}

/* A record whose every column follows from `seed`. */
static void add_record(struct batch *batch, uint16_t node, struct address src, struct address dst,
                       uint32_t seed) {
    uint32_t i = batch->count++;
    batch->start_ms[i] = 1000 + seed;
    batch->end_ms[i] = 2000 + seed;
    batch->bytes[i] = seed * UINT64_C(1000003);
    batch->packets[i] = seed + 1;
    batch->src[i] = dictionary_code(&batch->addresses, src);
    batch->dst[i] = dictionary_code(&batch->addresses, dst);
    batch->src_port[i] = (uint16_t)seed;
    batch->dst_port[i] = (uint16_t)(seed * 3);
    batch->node[i] = node;
    batch->quality[i] = (uint16_t)(seed & 127);
    batch->protocol[i] = (uint8_t)seed;
    batch->tcp_flags[i] = (uint8_t)(seed * 7);
    batch->direction[i] = (uint8_t)(seed % 3);
    batch->initiator[i] = (uint8_t)(seed / 3 % 3);
    batch->action[i] = (uint8_t)(seed / 9 % 3);
    batch->flow_log[i] = 0;
}

static void add_flow_log(struct batch *batch, const char *name) {
    uint8_t id;
    assert_true(batch_add_flow_log(batch, bytes_text(name), &id, NULL));
}

static struct address v4(uint32_t i) {
    return address_from_ipv4(UINT32_C(0x0A000000) + i);
}

static struct address v6(uint64_t i) {
    return (struct address){ .high = UINT64_C(0x20010DB800000000), .low = i };
}

static void assert_checked(const struct batch *batch) {
    struct error err = { 0 };
    if (!batch_check(batch, &err)) {
        fail_msg("%s", err.message);
    }
}

/* Record `a` of `x` says what record `b` of `y` says, through the tables of each. */
static void assert_same_record(const struct batch *x, uint32_t a, const struct batch *y,
                               uint32_t b) {
    assert_true(x->start_ms[a] == y->start_ms[b] && x->end_ms[a] == y->end_ms[b]);
    assert_true(x->bytes[a] == y->bytes[b] && x->packets[a] == y->packets[b]);
    assert_true(address_equal(x->addresses.values[x->src[a]], y->addresses.values[y->src[b]]));
    assert_true(address_equal(x->addresses.values[x->dst[a]], y->addresses.values[y->dst[b]]));
    assert_true(x->src_port[a] == y->src_port[b] && x->dst_port[a] == y->dst_port[b]);
    assert_true(x->quality[a] == y->quality[b] && x->protocol[a] == y->protocol[b]);
    assert_true(x->tcp_flags[a] == y->tcp_flags[b] && x->direction[a] == y->direction[b]);
    assert_true(x->initiator[a] == y->initiator[b] && x->action[a] == y->action[b]);
    assert_true(bytes_equal(x->nodes[x->node[a]].name, y->nodes[y->node[b]].name));
    assert_true(bytes_equal(x->flow_logs[x->flow_log[a]], y->flow_logs[y->flow_log[b]]));
}

static void fill(struct batch *batch, uint32_t count) {
    add_flow_log(batch, "log");
    uint16_t nodes[3] = { add_node(batch, "a"), add_node(batch, "b"), add_node(batch, "c") };
    for (uint32_t i = 0; i < count; i++) {
        add_record(batch, nodes[i % 3], v4(i % 50), i % 7 == 0 ? v6(i) : v4(1000 + i), i);
    }
}

static void an_empty_batch_is_right_and_has_room(void **state) {
    (void)state;
    assert_checked(&to);
    assert_true(batch_has_room(&to, 0));
    assert_true(batch_has_room(&to, 12500)); /* 400,000 octets are 25,000 IPv6 addresses */
    assert_false(batch_has_room(&to, 12501));
    assert_true(batch_append(&to, &from, 0, 0, NULL));
    assert_int_equal(to.count, 0);
}

static void appended_records_say_what_they_said(void **state) {
    (void)state;
    fill(&from, 500);
    add_flow_log(&to, "other"); /* so that no id is the same by chance */
    uint16_t node = add_node(&to, "c");
    add_record(&to, node, v4(7), v4(8), 1);
    assert_true(batch_append(&to, &from, 100, 300, NULL));
    assert_int_equal(to.count, 301);
    assert_checked(&to);
    for (uint32_t i = 0; i < 300; i++) {
        assert_same_record(&to, 1 + i, &from, 100 + i);
    }
    assert_int_equal(to.node_count, 3);
    static const uint16_t rows[] = { 0, 3, 499 };
    assert_true(batch_append_rows(&to, &from, rows, 3, NULL));
    assert_true(batch_append_rows(&to, &from, NULL, 0, NULL));
    for (uint32_t i = 0; i < 3; i++) {
        assert_same_record(&to, 301 + i, &from, rows[i]);
    }
    assert_checked(&to);
}

static void a_batch_holds_its_maximum_of_records(void **state) {
    (void)state;
    add_flow_log(&from, "log");
    uint16_t node = add_node(&from, "a");
    for (uint32_t i = 0; i < BATCH_RECORDS_MAX; i++) {
        add_record(&from, node, v4(i % 100), v4(i % 3), i);
    }
    assert_checked(&from);
    assert_true(batch_has_room(&from, 0));
    assert_false(batch_has_room(&from, 1));
    assert_false(batch_has_room(&from, UINT32_MAX));
    assert_true(batch_append(&to, &from, 0, BATCH_RECORDS_MAX, NULL));
    assert_same_record(&to, BATCH_RECORDS_MAX - 1, &from, BATCH_RECORDS_MAX - 1);
    assert_checked(&to);
}

static void room_ends_at_the_octets_of_ipv6_addresses(void **state) {
    (void)state;
    add_flow_log(&from, "log");
    uint16_t node = add_node(&from, "a");
    for (uint32_t i = 0; i < 12499; i++) {
        add_record(&from, node, v6(2 * i), v6(2 * i + 1), i);
    }
    assert_true(batch_has_room(&from, 1));
    add_record(&from, node, v6(30000), v6(30001), 0);
    assert_int_equal(from.addresses.octets, BATCH_ADDRESS_OCTETS_MAX);
    assert_false(batch_has_room(&from, 1));
    assert_checked(&from);
}

/* Kept rows leave all addresses behind; then room was promised that the codes did not have. */
static void room_ends_at_the_codes_that_removed_records_left(void **state) {
    (void)state;
    add_flow_log(&from, "log");
    uint16_t node = add_node(&from, "a");
    for (uint32_t i = 0; i < 32767; i++) {
        add_record(&from, node, v4(2 * i), v4(2 * i + 1), i);
    }
    batch_keep_rows(&from, NULL, 0);
    assert_int_equal(from.count, 0);
    assert_int_equal(from.addresses.count, 65534);
    assert_true(batch_has_room(&from, 1));
    assert_false(batch_has_room(&from, 2));
    assert_checked(&from);
}

static void kept_rows_stand_in_their_order(void **state) {
    (void)state;
    static const uint16_t rows[] = { 0, 1, 5, 98, 99 };
    fill(&from, 100);
    fill(&to, 100);
    batch_keep_rows(&to, rows, 5);
    assert_int_equal(to.count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_same_record(&to, i, &from, rows[i]);
    }
    assert_checked(&to);
}

static void a_node_is_name_identity_interface_and_role(void **state) {
    (void)state;
    static const char *const keys[][4] = {
        { "a", "i", "e0", "r" }, { "a", "i", "e1", "r" }, { "a", "j", "e0", "r" },
        { "b", "i", "e0", "r" }, { "ai", "", "e0", "r" }, { "", "", "", "" },
        { "a", "ie", "0", "r" }, { "a", "i", "e0", "s" }, { "a", "i", "e0r", "" },
    };
    const uint16_t key_count = sizeof keys / sizeof keys[0];
    for (int pass = 0; pass < 2; pass++) {
        for (uint16_t i = 0; i < key_count; i++) {
            struct batch_node node = { .name = bytes_text(keys[i][0]),
                                       .identity = bytes_text(keys[i][1]),
                                       .role = bytes_text(keys[i][3]),
                                       .interface = bytes_text(keys[i][2]) };
            uint16_t id;
            assert_true(batch_add_node(&to, &node, &id, NULL));
            assert_int_equal(id, i);
        }
    }
    assert_int_equal(to.node_count, key_count);
}

static void own_addresses_are_joined_once_each_up_to_their_bound(void **state) {
    (void)state;
    struct address own[BATCH_OWN_MAX + 5];
    struct batch_node node = { .name = bytes_text("a"), .own = own, .own_count = 3 };
    uint16_t id;
    own[0] = v4(5);
    own[1] = v6(6);
    own[2] = v4(5); /* twice */
    assert_true(batch_add_node(&to, &node, &id, NULL));
    assert_int_equal(to.nodes[id].own_count, 2);
    own[0] = v4(9);
    assert_true(batch_add_node(&to, &node, &id, NULL));
    assert_int_equal(to.nodes[id].own_count, 3);
    assert_true(address_equal(to.nodes[id].own[0], v4(5))); /* the main one stays in front */
    assert_true(address_equal(to.nodes[id].own[2], v4(9)));
    for (uint32_t i = 0; i < BATCH_OWN_MAX + 5; i++) {
        own[i] = v4(100 + i);
    }
    node.own_count = BATCH_OWN_MAX + 5;
    assert_true(batch_add_node(&to, &node, &id, NULL));
    assert_int_equal(to.nodes[id].own_count, BATCH_OWN_MAX);
    assert_true(batch_add_node(&to, &node, &id, NULL));
    assert_int_equal(to.nodes[id].own_count, BATCH_OWN_MAX);
}

static void nodes_and_flow_logs_end_at_their_bounds(void **state) {
    (void)state;
    struct error err = { 0 };
    char name[16];
    for (uint32_t i = 0; i < BATCH_NODES_MAX; i++) {
        (void)snprintf(name, sizeof name, "n%u", i);
        assert_int_equal(add_node(&to, name), i);
    }
    struct batch_node node = { .name = bytes_text("more") };
    uint16_t id;
    assert_false(batch_add_node(&to, &node, &id, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(add_node(&to, "n65533"), 65533); /* one that is there is still found */
    for (uint32_t i = 0; i < BATCH_FLOW_LOGS_MAX; i++) {
        (void)snprintf(name, sizeof name, "l%u", i);
        add_flow_log(&to, name);
    }
    uint8_t log;
    assert_false(batch_add_flow_log(&to, bytes_text("more"), &log, &err));
    assert_true(batch_add_flow_log(&to, bytes_text("l254"), &log, &err));
    assert_int_equal(log, 254);
}

/* Few nodes are cleared by their probe runs, many by the whole table. */
static void a_reset_forgets_all_nodes(void **state) {
    (void)state;
    static const uint32_t counts[] = { 1, 100, 2048, 2049, 60000, 10 };
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        for (uint32_t i = 0; i < counts[k]; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "n%u", i * 31);
            assert_int_equal(add_node(&to, name), i);
        }
        to.stamp.num = 7;
        batch_reset(&to);
        assert_int_equal(to.stamp.num, 0);
        for (uint32_t i = 0; i < 1u << 17; i++) {
            assert_int_equal(to.node_slots[i], 0);
        }
    }
}

static void labels_go_with_their_addresses(void **state) {
    (void)state;
    struct batch_label label = { 0 };
    fill(&from, 10);
    fill(&to, 3);
    assert_true(batch_add_string(&from, bytes_text("unused"), &label.pod, NULL));
    assert_true(batch_add_string(&from, bytes_text("pod-1"), &label.pod, NULL));
    assert_true(batch_add_string(&from, bytes_text("shop"), &label.namespace_, NULL));
    assert_true(batch_set_label(&from, from.src[4], label, NULL));
    assert_true(batch_append(&to, &from, 0, 10, NULL));
    assert_checked(&to);
    struct batch_label got = to.labels[to.src[3 + 4]];
    assert_true(bytes_equal(to.strings[got.pod], bytes_text("pod-1")));
    assert_true(bytes_equal(to.strings[got.namespace_], bytes_text("shop")));
    assert_int_equal(got.workload, 0);
    assert_int_equal(to.string_count, 3);
}

/* Up to the bound, in no more than a look each, and anew after a reset; the first of two pushed
 * ones counts. */
static void strings_are_found_again_however_many_there_are(void **state) {
    (void)state;
    uint16_t id;
    assert_true(batch_push_string(&to, bytes_text("pushed"), NULL));
    assert_true(batch_push_string(&to, bytes_text("pushed"), NULL));
    assert_true(batch_add_string(&to, bytes_text("pushed"), &id, NULL) && id == 1);
    assert_true(batch_push_string(&to, bytes_text("later"), NULL));
    assert_true(batch_add_string(&to, bytes_text("later"), &id, NULL) && id == 3);
    for (int round = 0; round < 3; round++) {
        uint32_t count = round == 1 ? 100 : BATCH_STRINGS_MAX - 1;
        batch_reset(&to);
        assert_true(batch_add_string(&to, bytes_text(""), &id, NULL) && id == 0);
        for (uint32_t pass = 0; pass < 2; pass++) {
            for (uint32_t i = 1; i <= count; i++) {
                char text[16];
                snprintf(text, sizeof text, "pod-%u", i);
                assert_true(batch_add_string(&to, bytes_text(text), &id, NULL));
                assert_int_equal(id, i);
            }
        }
        assert_int_equal(to.string_count, count + 1);
        assert_int_equal(batch_add_string(&to, bytes_text("one more"), &id, NULL), round == 1);
    }
    batch_reset(&to);
    for (uint32_t i = 0; i < 1u << 17; i++) {
        assert_int_equal(to.string_slots[i], 0);
    }
}

/* A batch that labels other addresses erased what was known of these. */
static void an_address_without_a_label_does_not_erase_one(void **state) {
    (void)state;
    struct batch_label label = { 0 };
    fill(&from, 10);
    fill(&to, 10);
    assert_true(batch_add_string(&to, bytes_text("known"), &label.pod, NULL));
    assert_true(batch_set_label(&to, to.src[1], label, NULL));
    assert_true(batch_add_string(&from, bytes_text("else"), &label.pod, NULL));
    assert_true(batch_set_label(&from, from.src[2], label, NULL));
    assert_true(batch_append(&to, &from, 0, 10, NULL));
    assert_true(bytes_equal(to.strings[to.labels[to.src[1]].pod], bytes_text("known")));
    assert_true(bytes_equal(to.strings[to.labels[to.src[2]].pod], bytes_text("else")));
}

static void coverage_rows_are_copied_with_their_nodes(void **state) {
    (void)state;
    fill(&from, 1);
    struct batch_coverage row = { .node = add_node(&from, "far"),
                                  .kind = COVERAGE_SKIPPED,
                                  .start_ms = 5,
                                  .end_ms = 9,
                                  .dropped = 3 };
    for (uint32_t i = 0; i < BATCH_COVERAGE_MAX; i++) {
        assert_true(batch_add_coverage(&from, &row));
    }
    assert_false(batch_add_coverage(&from, &row));
    assert_checked(&from);
    assert_true(batch_append_coverage(&to, &from, NULL));
    assert_int_equal(to.coverage_count, BATCH_COVERAGE_MAX);
    assert_true(bytes_equal(to.nodes[to.coverage[9].node].name, bytes_text("far")));
    assert_int_equal(to.coverage[9].dropped, 3);
    assert_int_equal(to.count, 0);
    assert_checked(&to);
    struct error err = { 0 };
    assert_false(batch_append_coverage(&to, &from, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
}

static void a_failed_append_leaves_the_records(void **state) {
    (void)state;
    struct error err = { 0 };
    char name[16];
    fill(&from, 5);
    add_flow_log(&to, "other");
    for (uint32_t i = 0; i < BATCH_NODES_MAX; i++) {
        (void)snprintf(name, sizeof name, "n%u", i);
        (void)add_node(&to, name);
    }
    add_record(&to, 3, v4(1), v4(2), 9);
    assert_false(batch_append(&to, &from, 0, 5, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(to.count, 1);
    assert_int_equal(to.packets[0], 10);
    assert_checked(&to);
}

static void every_fault_of_a_batch_is_named(void **state) {
    (void)state;
    fill(&to, 3);
    struct batch_coverage row = { .kind = COVERAGE_NODATA, .start_ms = 1, .end_ms = 2 };
    assert_true(batch_add_coverage(&to, &row));
    assert_checked(&to);
    struct error err = { 0 };
#define FAULT(place, value, message_)                                                              \
    do {                                                                                           \
        __typeof__(place) kept = place;                                                            \
        place = value;                                                                             \
        assert_false(batch_check(&to, &err));                                                      \
        assert_int_equal(err.code, ERROR_FORMAT);                                                  \
        assert_string_equal(err.message, message_);                                                \
        place = kept;                                                                              \
    } while (0)
    FAULT(to.src[1], (uint16_t)to.addresses.count, "column src, row 1: out of bounds");
    FAULT(to.dst[2], 0xffff, "column dst, row 2: out of bounds");
    FAULT(to.node[0], 3, "column node, row 0: out of bounds");
    FAULT(to.flow_log[1], 1, "column flow_log, row 1: out of bounds");
    FAULT(to.direction[1], 3, "column direction, row 1: out of bounds");
    FAULT(to.initiator[1], 3, "column initiator, row 1: out of bounds");
    FAULT(to.action[1], 3, "column action, row 1: out of bounds");
    FAULT(to.start_ms[1], to.end_ms[1] + 1, "column start_ms, row 1: out of bounds");
    FAULT(to.start_ms[1], -1, "column end_ms, row 1: out of bounds");
    FAULT(to.end_ms[1], BATCH_TIME_MAX_MS + 1, "column end_ms, row 1: out of bounds");
    FAULT(to.coverage[0].node, 3, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].flow_log, 1, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].kind, 0, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].kind, 5, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].end_ms, 0, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].start_ms, -1, "coverage row 0 is out of bounds");
    FAULT(to.coverage[0].end_ms, INT64_MAX, "coverage row 0 is out of bounds");
    FAULT(to.count, BATCH_RECORDS_MAX + 1, "32769 records");
#undef FAULT
    assert_checked(&to);
}

static void done_accepts_what_is_zeroed_or_done(void **state) {
    (void)state;
    struct batch zeroed = { 0 };
    batch_done(&zeroed);
    batch_done(&to);
    batch_done(&to);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_batch_is_right_and_has_room),
        TEST(appended_records_say_what_they_said),
        TEST(a_batch_holds_its_maximum_of_records),
        TEST(room_ends_at_the_octets_of_ipv6_addresses),
        TEST(room_ends_at_the_codes_that_removed_records_left),
        TEST(kept_rows_stand_in_their_order),
        TEST(a_node_is_name_identity_interface_and_role),
        TEST(own_addresses_are_joined_once_each_up_to_their_bound),
        TEST(nodes_and_flow_logs_end_at_their_bounds),
        TEST(a_reset_forgets_all_nodes),
        TEST(labels_go_with_their_addresses),
        TEST(strings_are_found_again_however_many_there_are),
        TEST(an_address_without_a_label_does_not_erase_one),
        TEST(coverage_rows_are_copied_with_their_nodes),
        TEST(a_failed_append_leaves_the_records),
        TEST(every_fault_of_a_batch_is_named),
        TEST(done_accepts_what_is_zeroed_or_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
