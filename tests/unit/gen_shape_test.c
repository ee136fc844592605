/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_rng.h"
#include "tests/gen/gen_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#define TCP 6
#define UDP 17

/* 10 packets there with 3 segments, 7 back with one; over IPv4 and within the fleet. */
static struct gen_conversation call(uint8_t protocol, uint32_t duration_s) {
    return (struct gen_conversation){
        .client = { .address = address_from_ipv4(1), .packets = 10, .bytes = 10 * 52 + 4000 },
        .server = { .address = address_from_ipv4(2), .packets = 7, .bytes = 7 * 52 + 100 },
        .protocol = protocol,
        .duration_s = duration_s,
        .offset_us = 1000,
    };
}

static uint64_t size_of(const struct gen_shape *shape, uint64_t i) {
    return gen_shape_bytes(shape, i + 1) - gen_shape_bytes(shape, i);
}

static void segments_lie_evenly_between_bare_ends(void **state) {
    (void)state;
    struct gen_conversation conversation = call(TCP, 0);
    struct gen_shape shape;
    gen_shape_init(&shape, &conversation, true);
    /* ceil(4000 / 1448) = 3 segments of ceil(4000 / 3) bytes among 8: the 1st, 3rd and 6th. */
    static const uint32_t want[10] = { 52, 1386, 52, 1386, 52, 52, 1384, 52, 52, 52 };
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(size_of(&shape, i), want[i]);
    }
}

static void other_protocols_spread_their_payload(void **state) {
    (void)state;
    struct gen_conversation conversation = call(UDP, 0);
    struct gen_shape shape;
    gen_shape_init(&shape, &conversation, false);
    /* 464 bytes are 7 headers of 28 and 268: 38 each and 2 left. */
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(size_of(&shape, i), i < 2 ? 67 : 66);
    }
}

static void a_handshake_comes_in_its_order(void **state) {
    (void)state;
    struct gen_conversation conversation = call(TCP, 0);
    struct gen_shape client;
    struct gen_shape server;
    gen_shape_init(&client, &conversation, true);
    gen_shape_init(&server, &conversation, false);
    assert_int_equal(gen_shape_flags(&client, 0), GEN_SYN);
    assert_int_equal(gen_shape_flags(&server, 0), GEN_SYN | GEN_ACK);
    assert_int_equal(gen_shape_flags(&client, 1), GEN_ACK);
    assert_true(gen_shape_time_us(&client, 0) == 1000);
    assert_true(gen_shape_time_us(&client, 0) < gen_shape_time_us(&server, 0));
    assert_true(gen_shape_time_us(&server, 0) < gen_shape_time_us(&client, 1));
    assert_int_equal(gen_shape_flags(&client, 9), GEN_FIN | GEN_ACK);
    assert_int_equal(gen_shape_flags(&server, 6), GEN_FIN | GEN_ACK);
    conversation.is_reset = true;
    gen_shape_init(&client, &conversation, true);
    assert_int_equal(gen_shape_flags(&client, 9), GEN_ACK | GEN_RST);
}

static void what_nobody_answers_is_all_syn(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct gen_conversation conversation = call(TCP, 0);
        conversation.client.bytes = 600;
        conversation.is_rejected = i == 1;
        conversation.server.packets = i == 1 ? 7 : 0;
        struct gen_shape shape;
        gen_shape_init(&shape, &conversation, true);
        assert_int_equal(shape.header_size, 60);
        for (uint32_t packet = 0; packet < 10; packet++) {
            assert_int_equal(gen_shape_flags(&shape, packet), GEN_SYN);
            assert_int_equal(size_of(&shape, packet), 60);
        }
        gen_shape_init(&shape, &conversation, false);
        assert_int_equal(shape.packets, 0);
        assert_int_equal(gen_shape_packets_before(&shape, UINT64_MAX), 0);
    }
}

static void a_refused_call_is_one_syn_and_one_reset(void **state) {
    (void)state;
    struct gen_conversation conversation = call(TCP, 0);
    conversation.is_refused = true;
    conversation.client.packets = conversation.server.packets = 1;
    conversation.client.bytes = 60;
    conversation.server.bytes = 40;
    struct gen_shape shape;
    gen_shape_init(&shape, &conversation, true);
    assert_int_equal(gen_shape_flags(&shape, 0), GEN_SYN);
    assert_int_equal(gen_shape_bytes(&shape, 1), 60);
    gen_shape_init(&shape, &conversation, false);
    assert_int_equal(gen_shape_flags(&shape, 0), GEN_RST | GEN_ACK);
    assert_int_equal(gen_shape_bytes(&shape, 1), 40);
}

static void an_ongoing_connection_shows_neither_syn_nor_fin(void **state) {
    (void)state;
    struct gen_conversation conversation = call(TCP, 50);
    conversation.is_ongoing = true;
    struct gen_shape shape;
    gen_shape_init(&shape, &conversation, true);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(gen_shape_flags(&shape, i), GEN_ACK);
    }
}

static void check_shape(const struct gen_shape *shape, const struct gen_end *end,
                        uint32_t duration_s) {
    uint64_t before_us = 0;
    for (uint64_t i = 0; i < shape->packets; i++) {
        uint64_t at_us = gen_shape_time_us(shape, i);
        assert_true(at_us >= before_us);
        assert_true(gen_shape_packets_before(shape, at_us) <= i);
        assert_true(gen_shape_packets_before(shape, at_us + 1) > i);
        assert_true(size_of(shape, i) >= shape->header_size);
        before_us = at_us;
    }
    assert_true(before_us < ((uint64_t)duration_s + 1) * 1000000);
    assert_true(gen_shape_bytes(shape, shape->packets) == end->bytes);
    assert_true(gen_shape_bytes(shape, 0) == 0);
}

/* Whatever the counts are: time and count agree at every packet, sizes add up, and the last packet
 * lies in the second that the conversation says. */
static void times_counts_and_sizes_agree(void **state) {
    (void)state;
    struct gen_rng rng;
    gen_rng_init(&rng, 4);
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t duration_s = gen_rng_below(&rng, 4) == 0 ? gen_rng_below(&rng, 3600) : 0;
        struct gen_conversation conversation = {
            .protocol = gen_rng_below(&rng, 2) ? TCP : UDP,
            .is_ongoing = gen_rng_below(&rng, 4) == 0,
            .offset_us = gen_rng_below(&rng, GEN_OFFSET_US_MAX + 1),
            .duration_s = duration_s,
        };
        struct gen_end *ends[2] = { &conversation.client, &conversation.server };
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t header = conversation.protocol == TCP ? 40 : 28;
            ends[i]->node = gen_rng_below(&rng, 2) ? 0 : GEN_OUTSIDE;
            ends[i]->address = address_from_ipv4(i);
            ends[i]->packets = 1 + gen_rng_below(&rng, gen_rng_below(&rng, 2) ? 4 : 500);
            ends[i]->bytes =
                ends[i]->packets * (header + gen_rng_below(&rng, 1449)) + gen_rng_below(&rng, 100);
        }
        for (int i = 0; i < 2; i++) {
            struct gen_shape shape;
            gen_shape_init(&shape, &conversation, i == 0);
            check_shape(&shape, ends[i], duration_s);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_lie_evenly_between_bare_ends),
        cmocka_unit_test(other_protocols_spread_their_payload),
        cmocka_unit_test(a_handshake_comes_in_its_order),
        cmocka_unit_test(what_nobody_answers_is_all_syn),
        cmocka_unit_test(a_refused_call_is_one_syn_and_one_reset),
        cmocka_unit_test(an_ongoing_connection_shows_neither_syn_nor_fin),
        cmocka_unit_test(times_counts_and_sizes_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
