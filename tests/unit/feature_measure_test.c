/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of 60 s, worked by hand. The node was first seen a day before, so it has a novelty of its
 * own, and it knows 8.8.8.0/24, which answered it then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/feature_measure.h"

#define WINDOW_MS INT64_C(60000)
#define DAY_WINDOWS 1440
#define FIRST_WINDOW INT64_C(28000000)

enum { TCP = 6, UDP = 17, ICMP = 1, SYN = 2 };
#define KNOWN 0x08080800u
#define STRANGE 0x09090900u
#define INSIDE 0x0a000100u

static struct error err;

struct world {
    struct peer_grouping grouping;
    struct fleet fleet;
    struct exchange exchange;
    struct features features;
    struct roster roster;
    struct feature_values values;
};

static struct strand strand_of(uint8_t protocol, uint32_t peer, uint16_t local_port,
                               uint16_t peer_port) {
    return (struct strand){ .local = address_from_ipv4(0x0a000001),
                            .peer = address_from_ipv4(peer),
                            .bytes = 100,
                            .packets = 2,
                            .flows = 1,
                            .last = 1000,
                            .local_port = local_port,
                            .peer_port = peer_port,
                            .protocol = protocol,
                            .direction = DIRECTION_OUT };
}

static struct strand back(struct strand strand) {
    strand.direction = strand.direction == DIRECTION_OUT ? DIRECTION_IN : DIRECTION_OUT;
    return strand;
}

static void run_node(struct world *world, int64_t number, uint32_t node, uint8_t quality,
                     const struct strand *strands, size_t count) {
    int64_t start_ms = (FIRST_WINDOW + number) * WINDOW_MS;
    struct exchange_row *rows;
    uint32_t row_count;
    fleet_enter(&world->fleet, start_ms / 3600000);
    exchange_begin(&world->exchange,
                   &(struct exchange_window){ start_ms, start_ms + WINDOW_MS, 0 });
    for (size_t i = 0; i < count; i++) {
        assert_true(exchange_take(&world->exchange, &strands[i], &err));
    }
    assert_true(exchange_node(&world->exchange, node, &rows, &row_count, &err));
    struct feature_view view = { .node = node,
                                 .name_hash = node + 100,
                                 .quality = quality | METRIC_OBSERVED,
                                 .start_ms = start_ms,
                                 .end_ms = start_ms + WINDOW_MS };
    assert_true(features_measure(&world->features, &view, &world->exchange, rows, row_count,
                                 &world->values, &err));
    assert_true(exchange_end(&world->exchange, &world->roster, &err));
}

static void run(struct world *world, int64_t number, const struct strand *strands, size_t count) {
    run_node(world, number, 0, 0, strands, count);
}

static void begin_new(struct world *world) {
    *world = (struct world){ 0 };
    struct exchange_settings settings = { 10000, EXCHANGE_REPLY_MS };
    assert_true(peer_grouping_init(&world->grouping, NULL, peer_prefixes, peer_prefix_count, &err));
    assert_true(fleet_init(&world->fleet, 10000, &err));
    assert_true(exchange_init(&world->exchange, &settings, &err));
    features_init(&world->features, &world->grouping, &world->fleet, INT64_C(24) * 3600 * 1000);
    roster_init(&world->roster, 8);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t index;
        struct bytes name = bytes_text(i == 0 ? "a" : "b");
        assert_true(roster_add(&world->roster, name, name, &index, &err));
    }
    roster_sort(&world->roster);
}

static void begin(struct world *world) {
    begin_new(world);
    struct strand strands[2] = { strand_of(TCP, KNOWN + 1, 30000, 443) };
    strands[1] = back(strands[0]);
    run(world, -DAY_WINDOWS, strands, 2);
}

static void end(struct world *world) {
    features_done(&world->features);
    exchange_done(&world->exchange);
    fleet_done(&world->fleet);
    peer_grouping_done(&world->grouping);
    roster_done(&world->roster);
}

static void expect(const struct world *world, const char *name, enum feature feature, double want) {
    if (world->values.values[feature] != want) {
        fail_msg("%s: %s is %f, not %f", name, feature_rows[feature].name,
                 world->values.values[feature], want);
    }
}

static void names_and_scales_are_those_of_the_design(void **state) {
    (void)state;
    static const struct {
        const char *name;
        float scale;
    } want[] = {
        { "out_init", 1e4f },   { "out_serv", 1e4f }, { "unsol", 1e4f },   { "req", 5 },
        { "half", 20 },         { "unrep", 50 },      { "ports", 2 },      { "adm", 5 },
        { "smtp", 1 },          { "smtp_new", 1 },    { "dns_long", 500 }, { "newfail", 3 },
        { "dns_long_h", 4000 }, { "newfail_h", 24 },
    };
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        if (i < FEATURE_SCORED_COUNT) {
            assert_string_equal(feature_rows[i].name, want[i].name);
            assert_true(feature_rows[i].scale == want[i].scale);
        } else {
            assert_true(feature_rows[i].scale == 0);
        }
        assert_true(feature_rows[i].help[0] != 0 && feature_rows[i].unit[0] != 0);
        assert_true(feature_rows[i].direction != DIRECTION_UNKNOWN);
    }
}

static void bytes_out_go_to_whoever_opened(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[6] = { strand_of(TCP, KNOWN, 30000, 443) };
    strands[1] = back(strands[0]);
    strands[2] = strand_of(TCP, KNOWN, 443, 30000);
    strands[2].bytes = 7000;
    strands[3] = back(strands[2]);
    strands[4] = strand_of(TCP, KNOWN, 30001, 443);
    strands[4].is_rejected = true; /* never delivered */
    strands[5] = strand_of(TCP, KNOWN, 30002, 443);
    run(&world, 0, strands, 6);
    expect(&world, "window 0", FEATURE_OUT_INIT, 200);
    expect(&world, "window 0", FEATURE_OUT_SERV, 7000);
    expect(&world, "window 0", FEATURE_REQ, 1);
    expect(&world, "window 0", FEATURE_OUT_FLOWS, 3);
    expect(&world, "window 0", FEATURE_IN_FLOWS, 1);
    expect(&world, "window 0", FEATURE_OUT_FAIL, 1);
    expect(&world, "window 0", FEATURE_OUT_PENDING, 100);
    expect(&world, "window 0", FEATURE_UNREP, 2); /* the rejected ones, at once */
    run(&world, 1, NULL, 0);
    expect(&world, "window 1", FEATURE_OUT_INIT, 0);
    expect(&world, "window 1", FEATURE_UNREP, 2);
    expect(&world, "window 1", FEATURE_OUT_FAIL, 1);
    expect(&world, "window 1", FEATURE_PPF, 2);
    end(&world);
}

static void what_peers_send_unasked_is_unsolicited(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[4] = { back(strand_of(UDP, STRANGE, 9000, 53)),
                                 back(strand_of(TCP, STRANGE, 443, 40000)),
                                 back(strand_of(TCP, STRANGE, 443, 40001)),
                                 back(strand_of(TCP, INSIDE, 443, 40002)) };
    strands[0].bytes = 5000; /* reflected DNS */
    strands[1].tcp_flags = SYN;
    strands[2].is_rejected = true;
    run(&world, 0, strands, 4);
    expect(&world, "window 0", FEATURE_UNSOL, 100);
    expect(&world, "window 0", FEATURE_HALF, 2); /* by flags, and rejected */
    expect(&world, "window 0", FEATURE_REQ, 3);
    expect(&world, "window 0", FEATURE_AMP, 5000);
    run(&world, 1, NULL, 0);
    expect(&world, "window 1", FEATURE_UNSOL, 5200);
    expect(&world, "window 1", FEATURE_HALF, 1);
    expect(&world, "window 1", FEATURE_AMP, 0);
    end(&world);
}

static void calls_are_counted_by_port_and_peer(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[8] = {
        strand_of(TCP, INSIDE + 1, 30000, 22),  strand_of(TCP, INSIDE + 2, 30000, 3389),
        strand_of(UDP, INSIDE + 2, 30000, 445), /* no TCP */
        strand_of(TCP, KNOWN + 7, 30000, 25),   strand_of(TCP, KNOWN + 7, 30001, 587),
        strand_of(TCP, STRANGE, 30000, 465),    strand_of(ICMP, STRANGE, 0, 0),
        strand_of(UDP, KNOWN, 30000, 25),
    };
    run(&world, 0, strands, 8);
    expect(&world, "calls", FEATURE_ADM, 2);
    expect(&world, "calls", FEATURE_SMTP, 2);
    expect(&world, "calls", FEATURE_SMTP_NEW, 1);
    expect(&world, "calls", FEATURE_PORTS, 6); /* 22, 3389, 445, 25, 587, 465 */
    run(&world, 1, strands, 8);
    expect(&world, "later", FEATURE_ADM, 0); /* the same conversations */
    expect(&world, "later", FEATURE_SMTP, 2);
    expect(&world, "later", FEATURE_PORTS, 6);
    end(&world);
}

static void long_dns_packets_are_summed_over_the_hour(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[3] = { strand_of(UDP, KNOWN, 30000, 53), strand_of(UDP, KNOWN, 30001, 53),
                                 strand_of(TCP, KNOWN, 30002, 53) };
    strands[0].bytes = 276; /* 138 each */
    strands[1].bytes = 277;
    strands[2].bytes = 600;
    run(&world, 0, strands, 3);
    expect(&world, "window 0", FEATURE_DNS_LONG, 877);
    expect(&world, "window 0", FEATURE_DNS_LONG_H, 877);
    run(&world, 1, NULL, 0);
    expect(&world, "window 1", FEATURE_DNS_LONG, 0);
    expect(&world, "window 1", FEATURE_DNS_LONG_H, 877 * (1 - 1.0 / 60));
    end(&world);
}

/* A stranger may call others in the node's name: their answers make no scanner of it. */
static void answers_to_nothing_are_no_calls(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[4] = {
        back(strand_of(TCP, STRANGE + 0x100, 30000, 22)),
        back(strand_of(TCP, STRANGE + 0x200, 30001, 25)),
        back(strand_of(TCP, STRANGE + 0x300, 30002, 443)),
        back(strand_of(TCP, STRANGE + 0x400, 30003, 40000)),
    };
    strands[3].tcp_flags = SYN | 0x10; /* and ACK */
    run(&world, 0, strands, 4);
    static const enum feature none[] = { FEATURE_NEWPEERS, FEATURE_OUT_FLOWS, FEATURE_PORTS,
                                         FEATURE_ADM,      FEATURE_SMTP,      FEATURE_SMTP_NEW,
                                         FEATURE_NEWFAIL,  FEATURE_OUT_FAIL,  FEATURE_REFUSED };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        expect(&world, "window 0", none[i], 0);
    }
    run(&world, 1, NULL, 0);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        expect(&world, "window 1", none[i], 0);
    }
    expect(&world, "window 1", FEATURE_UNSOL, 400);
    end(&world);
}

/* Five strangers: one answers, one refuses, one is rejected, one is silent on two ports, one is a
 * silent neighbour of who answered a day ago. */
static void novel_peers_that_do_not_answer_are_counted_once(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[8] = { strand_of(TCP, STRANGE + 0x100, 30000, 443) };
    strands[1] = back(strands[0]);
    strands[1].packets = 9;
    strands[2] = strand_of(TCP, STRANGE + 0x200, 30000, 443);
    strands[3] = back(strands[2]);
    strands[3].packets = 1;
    strands[3].bytes = 40;
    strands[4] = strand_of(TCP, STRANGE + 0x300, 30000, 443);
    strands[4].is_rejected = true;
    strands[5] = strand_of(TCP, STRANGE + 0x400, 30000, 443);
    strands[6] = strand_of(TCP, STRANGE + 0x400, 30000, 80);
    strands[7] = strand_of(TCP, KNOWN + 200, 30000, 443);
    run(&world, 0, strands, 8);
    expect(&world, "window 0", FEATURE_NEWPEERS, 4);
    expect(&world, "window 0", FEATURE_NEWFAIL, 2);
    expect(&world, "window 0", FEATURE_REFUSED, 1);
    run(&world, 1, strands + 5, 2);
    expect(&world, "window 1", FEATURE_NEWPEERS, 0);
    expect(&world, "window 1", FEATURE_NEWFAIL, 1);
    expect(&world, "window 1", FEATURE_NEWFAIL_H, 2 * (1 - 1.0 / 60) + 1);
    expect(&world, "window 1", FEATURE_OUT_FAIL, 3);
    /* A network that never answered stays strange, but for the address itself. */
    struct strand more[2] = { strand_of(TCP, STRANGE + 0x401, 30000, 443),
                              strand_of(TCP, STRANGE + 0x101, 30000, 443) };
    run(&world, 2, more, 2);
    expect(&world, "window 2", FEATURE_NEWPEERS, 1);
    end(&world);
}

static void an_object_store_is_one_peer(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[2] = { strand_of(TCP, 0x34d80101, 30000, 443) }; /* 52.216.1.1 */
    strands[1] = back(strands[0]);
    strands[1].packets = 9;
    run(&world, 0, strands, 2);
    expect(&world, "first", FEATURE_NEWPEERS, 1);
    strands[0].peer = strands[1].peer = address_from_ipv4(0x34d9ff01); /* 52.217.255.1 */
    run(&world, 1, strands, 2);
    expect(&world, "another address", FEATURE_NEWPEERS, 0);
    end(&world);
}

static void a_young_node_asks_the_fleet(void **state) {
    (void)state;
    struct world world;
    begin_new(&world);
    struct strand strands[2] = { strand_of(TCP, KNOWN, 30000, 443),
                                 strand_of(TCP, STRANGE, 30000, 443) };
    run_node(&world, -2000, 1, 0, strands, 1); /* the other node, 33 hours ago */
    run(&world, 0, strands, 2);
    expect(&world, "young", FEATURE_NEWPEERS, 1);
    assert_int_equal(world.values.absent, 0);
    end(&world);
}

static void what_cannot_be_told_is_absent(void **state) {
    (void)state;
    struct world world;
    begin_new(&world);
    struct strand strand = strand_of(TCP, STRANGE, 30000, 25);
    run(&world, 0, &strand, 1);
    uint64_t novelty = feature_absent(FEATURE_NEEDS_NOVELTY);
    assert_int_equal(world.values.absent, novelty);
    assert_true((novelty & feature_bit(FEATURE_SMTP_NEW)) != 0);
    assert_true((novelty & feature_bit(FEATURE_NEWPEERS)) != 0);
    run_node(&world, 1, 0, METRIC_SAMPLED, NULL, 0);
    assert_int_equal(world.values.absent, novelty | feature_absent(FEATURE_NEEDS_REPLIES));
    assert_true((world.values.absent & feature_bit(FEATURE_UNSOL)) != 0);
    assert_true((world.values.absent & feature_bit(FEATURE_OUT_INIT)) == 0);
    expect(&world, "sampled", FEATURE_UNREP, 0);
    end(&world);
}

static void what_the_last_window_did_without_is_remembered(void **state) {
    (void)state;
    struct world world;
    struct buffer saved;
    begin_new(&world);
    run_node(&world, 0, 0, METRIC_SAMPLED, NULL, 0);
    assert_int_equal(world.features.nodes[0].missing,
                     FEATURE_NEEDS_REPLIES | FEATURE_NEEDS_NOVELTY);
    run_node(&world, 1, 0, METRIC_OBSERVED, NULL, 0);
    assert_int_equal(world.features.nodes[0].missing, FEATURE_NEEDS_NOVELTY);
    buffer_init(&saved, 1 << 16);
    assert_true(features_node_save(&world.features, 0, &saved, &err));
    size_t place = 0; /* behind the time of birth and two sums of 8 bytes */
    while ((saved.data[place] & 0x80) != 0) {
        place++;
    }
    place += 1 + 16;
    assert_int_equal(saved.data[place], FEATURE_NEEDS_NOVELTY);
    for (uint32_t missing = 0; missing < 256; missing++) {
        saved.data[place] = (uint8_t)missing;
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        assert_true(features_node_load(&world.features, 0, &cursor, &err));
        assert_int_equal(cursor.failed, missing > 3);
        assert_int_equal(world.features.nodes[0].missing, missing > 3 ? 0 : missing);
    }
    buffer_done(&saved);
    end(&world);
}

static void a_node_that_was_never_measured_does_without_nothing(void **state) {
    (void)state;
    struct world world;
    struct buffer saved;
    begin_new(&world);
    buffer_init(&saved, 1 << 16);
    assert_true(features_node_save(&world.features, 7, &saved, &err));
    for (uint8_t missing = 0; missing < 2; missing++) {
        saved.data[1 + 16] = missing;
        struct cursor cursor = cursor_of(buffer_bytes(&saved));
        assert_true(features_node_load(&world.features, 7, &cursor, &err));
        assert_int_equal(cursor.failed, missing != 0);
    }
    buffer_done(&saved);
    end(&world);
}

static void order_of_rows_and_saving_do_not_show(void **state) {
    (void)state;
    struct buffer saved[2];
    struct feature_values values[2];
    for (int turn = 0; turn < 2; turn++) {
        struct world world;
        begin(&world);
        for (int64_t number = 0; number < 10; number++) {
            struct strand strands[500];
            for (uint32_t i = 0; i < 500; i++) {
                uint32_t k = turn == 0 ? i : 499 - i;
                strands[i] = strand_of(TCP, 0x20000000 + (uint32_t)(number % 3) * 7919 + k * 131,
                                       (uint16_t)(30000 + k), (uint16_t)(k % 3 == 0 ? 25 : 1 + k));
                if (k % 5 == 0) {
                    strands[i] = back(strands[i]);
                }
            }
            run(&world, number, strands, 500);
            if (turn == 1) {
                struct buffer bytes;
                buffer_init(&bytes, 1 << 16);
                assert_true(features_node_save(&world.features, 0, &bytes, &err));
                struct cursor cursor = cursor_of(buffer_bytes(&bytes));
                assert_true(features_node_load(&world.features, 0, &cursor, &err));
                assert_false(cursor.failed);
                assert_int_equal(cursor_left(&cursor), 0);
                buffer_done(&bytes);
            }
        }
        assert_true(features_node_bytes(&world.features, 0) <= 4096 + 56);
        assert_int_equal(world.features.nodes[0].peers.count, ACQUAINTANCE_MAX);
        buffer_init(&saved[turn], 1 << 16);
        assert_true(features_node_save(&world.features, 0, &saved[turn], &err));
        values[turn] = world.values;
        end(&world);
    }
    assert_memory_equal(&values[0], &values[1], sizeof values[0]);
    assert_true(values[0].values[FEATURE_UNREP] > 0);
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    for (size_t size = 0; size < saved[0].size; size++) {
        struct features features;
        features_init(&features, NULL, NULL, 0);
        struct cursor cut = cursor_of(bytes_of(saved[0].data, size));
        assert_true(features_node_load(&features, 0, &cut, &err));
        assert_true(cut.failed);
        features_done(&features);
    }
    buffer_done(&saved[0]);
    buffer_done(&saved[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_scales_are_those_of_the_design),
        cmocka_unit_test(bytes_out_go_to_whoever_opened),
        cmocka_unit_test(what_peers_send_unasked_is_unsolicited),
        cmocka_unit_test(calls_are_counted_by_port_and_peer),
        cmocka_unit_test(long_dns_packets_are_summed_over_the_hour),
        cmocka_unit_test(answers_to_nothing_are_no_calls),
        cmocka_unit_test(novel_peers_that_do_not_answer_are_counted_once),
        cmocka_unit_test(an_object_store_is_one_peer),
        cmocka_unit_test(a_young_node_asks_the_fleet),
        cmocka_unit_test(what_cannot_be_told_is_absent),
        cmocka_unit_test(what_the_last_window_did_without_is_remembered),
        cmocka_unit_test(a_node_that_was_never_measured_does_without_nothing),
        cmocka_unit_test(order_of_rows_and_saving_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
