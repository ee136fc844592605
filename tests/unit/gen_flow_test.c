/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define T0 UINT64_C(1700000040) /* a whole minute */

/* Two nodes, whose intervals begin at seconds 0 and 30 of a minute. */
struct fixture {
    struct gen_node nodes[2];
    struct gen_fleet fleet;
    struct gen_ring ring;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){ 0 };
    fixture.nodes[1].phase_s = 30;
    fixture.fleet = (struct gen_fleet){ .nodes = fixture.nodes, .node_count = 2 };
    gen_ring_init(&fixture.ring, &fixture.fleet, T0 + 86400);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    gen_ring_done(&((struct fixture *)*state)->ring);
    return 0;
}

static struct gen_conversation between_nodes(uint64_t start_s, uint32_t duration_s) {
    return (struct gen_conversation){
        .client = { .node = 0,
                    .port = 40000,
                    .address = address_from_ipv4(1),
                    .bytes = 1000,
                    .packets = 10 },
        .server = { .node = 1,
                    .port = 443,
                    .address = address_from_ipv4(2),
                    .bytes = 50000,
                    .packets = 40 },
        .protocol = 6,
        .start_s = start_s,
        .duration_s = duration_s,
    };
}

/* The records of a node and direction in the minute that is `minute` behind T0's. */
static uint32_t find(struct fixture *fixture, uint32_t minute, uint32_t node, bool is_egress,
                     struct gen_record *out) {
    const struct gen_records *records = gen_ring_minute(&fixture->ring, T0 / 60 + minute);
    uint32_t found = 0;
    for (uint32_t i = 0; i < records->count; i++) {
        if (records->rows[i].node == node && records->rows[i].is_egress == is_egress) {
            *out = records->rows[i];
            found++;
        }
    }
    return found;
}

static void an_interval_holds_its_first_second_and_not_its_end(void **state) {
    struct fixture *fixture = *state;
    assert_true(gen_interval_end(&fixture->nodes[0], T0) == T0 + 60);
    assert_true(gen_interval_end(&fixture->nodes[0], T0 + 59) == T0 + 60);
    assert_true(gen_interval_end(&fixture->nodes[1], T0) == T0 + 30);
    assert_true(gen_interval_end(&fixture->nodes[1], T0 + 29) == T0 + 30);
    assert_true(gen_interval_end(&fixture->nodes[1], T0 + 30) == T0 + 90);
}

static void both_ends_record_both_directions(void **state) {
    struct fixture *fixture = *state;
    struct gen_conversation conversation = between_nodes(T0 + 31, 9);
    gen_ring_add(&fixture->ring, &conversation);
    struct gen_record record = { 0 };
    assert_int_equal(find(fixture, 1, 0, true, &record), 1);
    assert_int_equal(record.bytes, 1000);
    assert_int_equal(record.packets, 10);
    assert_int_equal(record.start_s, T0 + 31);
    assert_int_equal(record.end_s, T0 + 40);
    assert_int_equal(record.own_port, 40000);
    assert_int_equal(record.peer_port, 443);
    assert_int_equal(record.tcp_flags, 3);
    assert_true(address_equal(record.peer, address_from_ipv4(2)));
    assert_int_equal(find(fixture, 1, 0, false, &record), 1);
    assert_int_equal(record.bytes, 50000);
    assert_int_equal(record.tcp_flags, 19);
    assert_int_equal(find(fixture, 1, 1, false, &record), 1);
    assert_int_equal(record.bytes, 1000);
    assert_int_equal(record.own_port, 443);
    assert_int_equal(find(fixture, 1, 1, true, &record), 1);
    assert_int_equal(record.bytes, 50000);
}

static void each_end_cuts_at_its_own_intervals(void **state) {
    /* Seconds 20 to 119, a packet every eleven. Each has 52 bytes of headers; the first behind the
     * SYN carries the payload of 480. */
    struct fixture *fixture = *state;
    struct gen_conversation conversation = between_nodes(T0 + 20, 99);
    gen_ring_add(&fixture->ring, &conversation);
    static const struct {
        uint32_t minute, node, bytes, packets, start, end, flags;
    } wanted[] = {
        { 1, 0, 688, 4, 20, 59, 2 }, { 2, 0, 312, 6, 60, 119, 1 }, { 0, 1, 52, 1, 20, 29, 2 },
        { 1, 1, 792, 6, 30, 89, 0 }, { 2, 1, 156, 3, 90, 119, 1 },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct gen_record record = { 0 };
        assert_int_equal(
            find(fixture, wanted[i].minute, wanted[i].node, wanted[i].node == 0, &record), 1);
        assert_int_equal(record.bytes, wanted[i].bytes);
        assert_int_equal(record.packets, wanted[i].packets);
        assert_int_equal(record.start_s, T0 + wanted[i].start);
        assert_int_equal(record.end_s, T0 + wanted[i].end);
        assert_int_equal(record.tcp_flags, wanted[i].flags);
    }
}

static void an_interval_without_a_packet_records_nothing(void **state) {
    struct fixture *fixture = *state;
    struct gen_conversation conversation = between_nodes(T0, 179);
    conversation.client.packets = 1;
    conversation.client.bytes = 77;
    gen_ring_add(&fixture->ring, &conversation);
    struct gen_record record = { 0 };
    assert_int_equal(find(fixture, 1, 0, true, &record), 1);
    assert_int_equal(record.bytes, 77);
    assert_int_equal(find(fixture, 2, 0, true, &record), 0);
    assert_int_equal(find(fixture, 3, 0, true, &record), 0);
}

static void a_rejected_conversation_has_no_reply(void **state) {
    struct fixture *fixture = *state;
    struct gen_conversation conversation = between_nodes(T0 + 31, 0);
    conversation.is_rejected = true;
    gen_ring_add(&fixture->ring, &conversation);
    struct gen_record record = { 0 };
    assert_int_equal(find(fixture, 1, 0, true, &record), 1);
    assert_false(record.is_rejected); /* it left the sender */
    assert_int_equal(record.tcp_flags, 2);
    assert_int_equal(find(fixture, 1, 0, false, &record), 0);
    assert_int_equal(find(fixture, 1, 1, false, &record), 1);
    assert_true(record.is_rejected);
    assert_int_equal(find(fixture, 1, 1, true, &record), 0);
}

static void an_outside_end_records_nothing(void **state) {
    struct fixture *fixture = *state;
    struct gen_conversation conversation = between_nodes(T0, 0);
    conversation.client.node = GEN_OUTSIDE;
    gen_ring_add(&fixture->ring, &conversation);
    struct gen_record record;
    assert_int_equal(find(fixture, 1, 0, true, &record), 0);
    assert_int_equal(find(fixture, 0, 1, false, &record), 1);
    assert_int_equal(gen_ring_minute(&fixture->ring, T0 / 60)->count, 2);
}

static void pieces_add_up_whatever_the_length(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t duration_s = 0; duration_s < 3500; duration_s += 97) {
        struct gen_conversation conversation = between_nodes(T0 + duration_s % 60, duration_s);
        conversation.server.bytes = 1000003 + duration_s;
        conversation.server.packets = 1 + duration_s % 1009;
        gen_ring_add(&fixture->ring, &conversation);
        uint64_t bytes[2] = { 0 };
        uint64_t packets[2] = { 0 };
        for (uint32_t minute = 0; minute < GEN_RING_MINUTES; minute++) {
            struct gen_records *records = gen_ring_minute(&fixture->ring, T0 / 60 + minute);
            for (uint32_t i = 0; i < records->count; i++) {
                const struct gen_record *record = &records->rows[i];
                bool is_from_server = record->is_egress == (record->node == 1);
                bytes[record->node] += is_from_server ? record->bytes : 0;
                packets[record->node] += is_from_server ? record->packets : 0;
                assert_true(record->end_s - record->start_s < GEN_INTERVAL_S);
            }
            records->count = 0;
        }
        for (int node = 0; node < 2; node++) {
            assert_true(bytes[node] == conversation.server.bytes);
            assert_true(packets[node] == conversation.server.packets);
        }
    }
}

static void nothing_begins_behind_the_end(void **state) {
    struct fixture *fixture = *state;
    fixture->ring.end_s = T0 + 60;
    struct gen_conversation conversation = between_nodes(T0 + 50, 600);
    conversation.server.packets = 6010;
    gen_ring_add(&fixture->ring, &conversation);
    struct gen_record record = { 0 };
    assert_int_equal(find(fixture, 1, 0, false, &record), 1);
    /* A packet every 600.2 s / 6009, and one at the start. */
    assert_int_equal(record.packets, 101);
    assert_int_equal(find(fixture, 2, 0, false, &record), 0);
}

static void a_full_minute_is_latched(void **state) {
    struct fixture *fixture = *state;
    fixture->ring.rows_max = 256;
    struct gen_conversation conversation = between_nodes(T0 + 31, 0);
    for (int i = 0; i < 64; i++) {
        gen_ring_add(&fixture->ring, &conversation);
    }
    assert_false(fixture->ring.is_full);
    gen_ring_add(&fixture->ring, &conversation);
    assert_true(fixture->ring.is_full);
    assert_int_equal(gen_ring_minute(&fixture->ring, T0 / 60 + 1)->count, 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_interval_holds_its_first_second_and_not_its_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(both_ends_record_both_directions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_end_cuts_at_its_own_intervals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interval_without_a_packet_records_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rejected_conversation_has_no_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_outside_end_records_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pieces_add_up_whatever_the_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_begins_behind_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_minute_is_latched, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
