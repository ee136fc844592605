/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram's first piece lends its ports to the pieces behind it, to no others, and not for long.
 */
#include "ingest/fragment_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct packet piece(uint32_t src, uint32_t id, bool is_tail) {
    return (struct packet){
        .src = address_from_ipv4(src),
        .dst = address_from_ipv4(9),
        .src_port = is_tail ? 0 : (uint16_t)(1000 + src),
        .dst_port = is_tail ? 0 : 53,
        .protocol = 17,
        .is_fragment = true,
        .is_fragment_tail = is_tail,
        .fragment_protocol = 17,
        .fragment_id = id,
    };
}

static struct packet resolve(struct fragment_table *table, struct packet packet, int64_t time_ms) {
    assert_true(fragment_table_resolve(table, &packet, time_ms, NULL));
    return packet;
}

static void a_tail_has_the_ports_of_its_first_piece(void **state) {
    (void)state;
    struct fragment_table table = { 0 };
    resolve(&table, piece(1, 7, false), 0);
    for (int i = 0; i < 3; i++) {
        struct packet tail = resolve(&table, piece(1, 7, true), 10);
        assert_int_equal(tail.src_port, 1001);
        assert_int_equal(tail.dst_port, 53);
    }
    fragment_table_done(&table);
}

/* Destination options behind the fragment header: only the first piece shows what is behind them.
 */
static void a_tail_has_the_protocol_of_its_first_piece(void **state) {
    (void)state;
    struct fragment_table table = { 0 };
    struct packet first = piece(1, 7, false);
    struct packet tail = piece(1, 7, true);
    first.fragment_protocol = tail.fragment_protocol = tail.protocol = 60;
    resolve(&table, first, 0);
    tail = resolve(&table, tail, 10);
    assert_int_equal(tail.protocol, 17);
    assert_int_equal(tail.dst_port, 53);
    fragment_table_done(&table);
}

static void a_tail_of_another_datagram_has_ports_0(void **state) {
    (void)state;
    struct fragment_table table = { 0 };
    resolve(&table, piece(1, 7, false), 0);
    struct packet other_protocol = piece(1, 7, true);
    other_protocol.fragment_protocol = 1;
    const struct packet others[] = { piece(1, 8, true), piece(2, 7, true), other_protocol };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(resolve(&table, others[i], 0).dst_port, 0);
    }
    fragment_table_done(&table);
}

static void a_tail_before_its_first_piece_has_ports_0(void **state) {
    (void)state;
    struct fragment_table table = { 0 };
    assert_int_equal(resolve(&table, piece(1, 7, true), 0).dst_port, 0);
    fragment_table_done(&table);
}

static void ports_are_kept_for_30_seconds_either_way(void **state) {
    (void)state;
    static const struct {
        int64_t at_ms;
        uint16_t want;
    } CASES[] = { { 130000, 53 }, { 130001, 0 }, { 70000, 53 }, { 69999, 0 } };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct fragment_table table = { 0 };
        resolve(&table, piece(1, 7, false), 100000);
        assert_int_equal(resolve(&table, piece(1, 7, true), CASES[i].at_ms).dst_port,
                         CASES[i].want);
        fragment_table_done(&table);
    }
}

static void a_first_piece_with_a_known_id_replaces_the_old_one(void **state) {
    (void)state;
    struct fragment_table table = { 0 };
    resolve(&table, piece(1, 7, false), 0);
    struct packet again = piece(1, 7, false);
    again.src_port = 5;
    resolve(&table, again, 1);
    assert_int_equal(resolve(&table, piece(1, 7, true), 2).src_port, 5);
    fragment_table_done(&table);
}

static void the_newest_datagrams_are_kept_when_there_are_too_many(void **state) {
    (void)state;
    enum { DATAGRAMS = 100 * FRAGMENT_SETS * FRAGMENT_WAYS, NEWEST = 100 };
    struct fragment_table table = { 0 };
    for (uint32_t id = 0; id < DATAGRAMS; id++) {
        resolve(&table, piece(1, id, false), 0);
    }
    uint32_t known = 0;
    for (uint32_t id = 0; id < DATAGRAMS; id++) {
        bool is_known = resolve(&table, piece(1, id, true), 0).dst_port == 53;
        known += is_known;
        assert_true(is_known || id < DATAGRAMS - NEWEST);
    }
    assert_int_equal(known, FRAGMENT_SETS * FRAGMENT_WAYS);
    fragment_table_done(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tail_has_the_ports_of_its_first_piece),
        cmocka_unit_test(a_tail_has_the_protocol_of_its_first_piece),
        cmocka_unit_test(a_tail_of_another_datagram_has_ports_0),
        cmocka_unit_test(a_tail_before_its_first_piece_has_ports_0),
        cmocka_unit_test(ports_are_kept_for_30_seconds_either_way),
        cmocka_unit_test(a_first_piece_with_a_known_id_replaces_the_old_one),
        cmocka_unit_test(the_newest_datagrams_are_kept_when_there_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
