/* SPDX-License-Identifier: Apache-2.0 */
/* Frames are Ethernet with IPv4 and UDP or TCP, made here; times are seconds. */
#include "ingest/capture_facts.h"

#include "ingest/packet_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TCP 6u
#define UDP 17u

struct fixture {
    struct capture_facts facts;
    struct source_description description;
    uint8_t octets[256];
    size_t size;
    uint32_t link_type;
    uint32_t interface;
    size_t captured; /* 0: all */
    uint16_t id;     /* of IPv4; counts up, so that no two packets are equal */
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->link_type = LINK_TYPE_ETHERNET;
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

static void put_u16be(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_u32be(uint8_t *at, uint32_t value) {
    put_u16be(at, value >> 16);
    put_u16be(at + 2, value & 0xffff);
}

/* An IPv4 header and `payload` octets behind it; returns its size. */
static size_t put_ipv4(uint8_t *at, uint32_t src, uint32_t dst, unsigned protocol, uint16_t id,
                       size_t payload) {
    memset(at, 0, 20);
    at[0] = 0x45;
    put_u16be(at + 2, (uint32_t)(20 + payload));
    put_u16be(at + 4, id);
    at[8] = 64;
    at[9] = (uint8_t)protocol;
    put_u32be(at + 12, src);
    put_u32be(at + 16, dst);
    return 20 + payload;
}

/* The frame in hand: ports are 40000 and `dst_port`. */
static void frame_make(struct fixture *fixture, uint32_t src, uint32_t dst, unsigned protocol,
                       uint16_t dst_port) {
    size_t payload = protocol == TCP ? 20 : 8;
    memset(fixture->octets, 0, sizeof fixture->octets);
    put_u16be(fixture->octets + 12, 0x0800);
    uint8_t *ip = fixture->octets + 14;
    fixture->size = 14 + put_ipv4(ip, src, dst, protocol, fixture->id++, payload);
    put_u16be(ip + 20, 40000);
    put_u16be(ip + 22, dst_port);
    if (protocol == TCP) {
        ip[32] = 5 << 4;
        ip[33] = 2;
    } else {
        put_u16be(ip + 24, 8);
    }
}

static void give(struct fixture *fixture, double time_s) {
    size_t captured = fixture->captured == 0 ? fixture->size : fixture->captured;
    struct capture_frame frame = {
        .data = bytes_of(fixture->octets, captured),
        .wire_size = (uint32_t)fixture->size,
        .link_type = fixture->link_type,
        .interface = fixture->interface,
        .time_ns = (int64_t)(time_s * 1e9),
    };
    capture_facts_add(&fixture->facts, &frame);
}

/* A packet between two private addresses. */
static void packet(struct fixture *fixture, double time_s) {
    frame_make(fixture, 0x0a000001, 0x0a000002, TCP, 443);
    give(fixture, time_s);
}

/* A pcap file without frames. */
static const uint8_t PCAP[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                                  0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0 };

static void describe_by(struct fixture *fixture, struct bytes file,
                        struct capture_facts_choice choice) {
    struct input *input;
    struct capture_reader *reader = NULL;
    struct capture_frame frame;
    struct error err = { 0 };
    if (!input_open_bytes(&input, file, &err) || !capture_reader_open(&reader, input, &err)) {
        fail_msg("%s", err.message);
    }
    while (capture_reader_next(reader, &frame, &err) == CAPTURE_FRAME) {
    }
    capture_facts_describe(&fixture->facts, reader, &choice, &fixture->description);
    capture_reader_close(reader);
}

static void describe(struct fixture *fixture) {
    describe_by(fixture, bytes_of(PCAP, sizeof PCAP), (struct capture_facts_choice){ 0 });
}

static const struct source_fact *fact(const struct fixture *fixture, const char *id) {
    for (uint32_t i = 0; i < fixture->description.fact_count; i++) {
        if (strcmp(fixture->description.facts[i].id, id) == 0) {
            return &fixture->description.facts[i];
        }
    }
    return NULL;
}

static uint64_t count_of(struct fixture *fixture, const char *id) {
    describe(fixture);
    assert_non_null(fact(fixture, id));
    return fact(fixture, id)->count;
}

static void a_good_capture_has_facts_of_count_zero_only(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 100; i++) {
        packet(fixture, i * 0.01);
    }
    describe(fixture);
    for (uint32_t i = 0; i < fixture->description.fact_count; i++) {
        assert_int_equal(fixture->description.facts[i].count, 0);
        assert_int_equal(fixture->description.facts[i].of, 100);
    }
    assert_string_equal(fixture->description.layout, "link type Ethernet; 1 interface");
}

static void link_types_are_named_in_their_order_and_once(void **state) {
    struct fixture *fixture = *state;
    static const uint32_t TYPES[] = { LINK_TYPE_LINUX_SLL2, LINK_TYPE_ETHERNET, 4711,
                                      LINK_TYPE_LINUX_SLL2 };
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        fixture->link_type = TYPES[i];
        packet(fixture, 0);
    }
    describe(fixture);
    assert_string_equal(fixture->description.layout,
                        "link type Linux cooked v2, Ethernet, 4711; 1 interface");
    assert_int_equal(fact(fixture, "unknown_link_type")->count, 1);
    assert_int_equal(fact(fixture, "unknown_link_type")->of, 4);
}

static void what_is_cut_behind_its_ports_and_flags_lost_nothing(void **state) {
    struct fixture *fixture = *state;
    packet(fixture, 0);
    fixture->captured = 14 + 20 + 14; /* just the flags */
    packet(fixture, 0);
    assert_int_equal(count_of(fixture, "snapped"), 1);
    assert_int_equal(count_of(fixture, "headers_cut"), 0);
    fixture->captured = 14 + 20 + 13;
    packet(fixture, 0);
    fixture->captured = 14 + 20;
    packet(fixture, 0);
    assert_int_equal(count_of(fixture, "snapped"), 3);
    assert_int_equal(count_of(fixture, "headers_cut"), 2);
}

/* Not one of these may be praised as "nothing is lost": what they carried is in no flow. */
static void frames_that_end_before_their_ip_header_does_are_a_problem(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        size_t captured;
        uint64_t want;
    } cases[] = { { 1, 1 }, { 13, 1 }, { 14, 1 }, { 33, 1 }, { 34, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&fixture->facts, 0, sizeof fixture->facts);
        fixture->captured = cases[i].captured;
        packet(fixture, 0);
        assert_int_equal(count_of(fixture, "ip_header_cut"), cases[i].want);
        assert_int_equal(count_of(fixture, "snapped"), 1 - cases[i].want);
    }
    assert_int_equal(fact(fixture, "ip_header_cut")->weight, SOURCE_PROBLEM);
}

/* ARP is no IP however much of it was captured, and an octet of a link that is not known says
 * nothing. */
static void what_is_no_ip_by_its_type_or_of_a_strange_link_was_not_cut(void **state) {
    struct fixture *fixture = *state;
    frame_make(fixture, 0x0a000001, 0x0a000002, TCP, 443);
    put_u16be(fixture->octets + 12, 0x0806);
    fixture->captured = 14;
    give(fixture, 0);
    fixture->link_type = 9999;
    fixture->captured = 1;
    give(fixture, 0);
    assert_int_equal(count_of(fixture, "ip_header_cut"), 0);
    assert_int_equal(count_of(fixture, "snapped"), 2);
}

/* VXLAN: outer IPv4 and UDP to 4789, 8 octets, then an Ethernet frame. */
static void a_packet_in_a_tunnel_is_counted_unless_it_is_looked_into(void **state) {
    struct fixture *fixture = *state;
    uint8_t *ip = fixture->octets + 14;
    size_t inner = 14 + 20 + 8;
    frame_make(fixture, 0x0a000001, 0x0a000002, UDP, 4789);
    put_ipv4(ip, 0x0a000001, 0x0a000002, UDP, 7, 8 + 8 + inner);
    put_u16be(ip + 24, (uint32_t)(8 + 8 + inner));
    ip[28] = 0x08;
    put_u16be(ip + 36 + 12, 0x0800);
    put_ipv4(ip + 36 + 14, 0xc0a80001, 0xc0a80002, UDP, 1, 8);
    put_u16be(ip + 36 + 14 + 24, 8);
    fixture->size = 14 + 20 + 8 + 8 + inner;
    give(fixture, 0);
    assert_int_equal(count_of(fixture, "tunnels"), 1);
    describe_by(fixture, bytes_of(PCAP, sizeof PCAP),
                (struct capture_facts_choice){ .tunnels = PACKET_TUNNELS_INNER });
    assert_int_equal(fact(fixture, "tunnels")->count, 0);
}

static void flow_exports_are_told_by_their_port(void **state) {
    struct fixture *fixture = *state;
    static const uint16_t PORTS[] = { 2055, 4739, 6343, 9995, 53, 2056 };
    for (size_t i = 0; i < sizeof PORTS / sizeof *PORTS; i++) {
        frame_make(fixture, 0x0a000001, 0x0a000002, UDP, PORTS[i]);
        give(fixture, 0);
    }
    frame_make(fixture, 0x0a000001, 0x0a000002, TCP, 2055);
    give(fixture, 0);
    assert_int_equal(count_of(fixture, "flow_exports"), 4);
}

static void frames_out_of_order_are_counted_by_their_times(void **state) {
    struct fixture *fixture = *state;
    static const double TIMES[] = { 10000, 9999.5, 9998.9, 10000, 17200, 17201 };
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        packet(fixture, TIMES[i]);
    }
    assert_int_equal(count_of(fixture, "out_of_order"), 1); /* 9998.9, behind 10000 */
}

static void equal_packets_are_copies_when_there_are_many(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        packet(fixture, i);
        give(fixture, i); /* the same again, with other addresses of the link */
        fixture->octets[0] = (uint8_t)i;
        assert_int_equal(count_of(fixture, "captured_twice"), i < 15 ? 0 : i + 1);
    }
    fixture->facts.frames = 100 * 20; /* no more than a hundredth */
    assert_int_equal(count_of(fixture, "captured_twice"), 0);
}

static void a_copy_on_another_interface_or_far_behind_is_none(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 32; i++) {
        packet(fixture, i);
        fixture->interface = 1;
        give(fixture, i);
        fixture->interface = 0;
    }
    assert_int_equal(fixture->facts.copies, 0);
    fixture->id = 1000;
    packet(fixture, 40);
    for (int i = 0; i < (int)CAPTURE_FACTS_RECENT; i++) {
        packet(fixture, 41);
    }
    fixture->id = 1000;
    packet(fixture, 42);
    assert_int_equal(fixture->facts.copies, 0);
}

/* 203.0.113.9 talks to a hundred others, all of the internet. */
static void a_capture_without_private_addresses_is_told_whose_it_may_be(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 100; i++) {
        frame_make(fixture, i % 2 == 0 ? 0x08080000 + i : 0xcb007109,
                   i % 2 == 0 ? 0xcb007109 : 0x08080000 + i, TCP, 443);
        give(fixture, 0);
    }
    assert_int_equal(count_of(fixture, "no_private_end"), 100);
    assert_string_equal(fact(fixture, "no_private_end")->detail,
                        "203.0.113.9 is an end of most, so --local 203.0.113.9");
    describe_by(fixture, bytes_of(PCAP, sizeof PCAP),
                (struct capture_facts_choice){ .has_nodes = true });
    assert_null(fact(fixture, "no_private_end"));
}

static void no_address_is_named_when_none_is_an_end_of_most(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 1000; i++) {
        frame_make(fixture, 0x08080000 + i, 0x09090000 + i, TCP, 443);
        give(fixture, 0);
    }
    assert_int_equal(count_of(fixture, "no_private_end"), 1000);
    assert_string_equal(fact(fixture, "no_private_end")->detail, "");
}

/* A section, an interface "eth7", and its statistics with ifdrop (5) and osdrop (7). */
static void dropped_frames_are_those_that_the_file_says(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t FILE_[] = {
        0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,  0, 0x4d, 0x3c, 0x2b, 0x1a, 1,  0, 0, 0, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28, 0, 0,    0, /* section
                                                             */
        1,    0,    0,    0,    32,   0,    0,  0, 1,    0,    0,    0,    0,  0, 4, 0, 2,    0,
        4,    0,    'e',  't',  'h',  '7',  0,  0, 0,    0,    32,   0,    0,  0, /* interface
                                                                                   */
        5,    0,    0,    0,    52,   0,    0,  0, 0,    0,    0,    0,    0,  0, 0, 0, 0,    0,
        0,    0,    5,    0,    8,    0,    7,  0, 0,    0,    0,    0,    0,  0, 7, 0, 8,    0,
        3,    0,    0,    0,    0,    0,    0,  0, 0,    0,    0,    0,    52, 0, 0, 0, /* statistics
                                                                                         */
    };
    for (int i = 0; i < 90; i++) {
        packet(fixture, 0);
    }
    describe_by(fixture, bytes_of(FILE_, sizeof FILE_), (struct capture_facts_choice){ 0 });
    assert_int_equal(fact(fixture, "dropped")->count, 10);
    assert_int_equal(fact(fixture, "dropped")->of, 100);
    assert_string_equal(fixture->description.layout, "link type Ethernet; 1 interface (eth7)");
}

/* Any octets, any link type, any time: bounded, and nothing is read behind what was captured. */
static void any_frames_are_survived(void **state) {
    struct fixture *fixture = *state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t size = random % 80;
        uint8_t *octets = malloc(size + 1);
        assert_non_null(octets);
        for (size_t k = 0; k < size; k++) {
            octets[k] = (uint8_t)(random >> (k % 56));
        }
        struct capture_frame frame = {
            .data = bytes_of(octets, size),
            .wire_size = (uint32_t)(random >> 32),
            .link_type = (uint32_t)(random >> 20) % 300,
            .interface = (uint32_t)(random % 5),
            .time_ns = (int64_t)random,
        };
        capture_facts_add(&fixture->facts, &frame);
        free(octets);
    }
    describe(fixture);
    assert_int_equal(fixture->facts.frames, 20000);
    assert_true(strlen(fixture->description.layout) < sizeof fixture->description.layout);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_good_capture_has_facts_of_count_zero_only),
        TEST(link_types_are_named_in_their_order_and_once),
        TEST(what_is_cut_behind_its_ports_and_flags_lost_nothing),
        TEST(frames_that_end_before_their_ip_header_does_are_a_problem),
        TEST(what_is_no_ip_by_its_type_or_of_a_strange_link_was_not_cut),
        TEST(a_packet_in_a_tunnel_is_counted_unless_it_is_looked_into),
        TEST(flow_exports_are_told_by_their_port),
        TEST(frames_out_of_order_are_counted_by_their_times),
        TEST(equal_packets_are_copies_when_there_are_many),
        TEST(a_copy_on_another_interface_or_far_behind_is_none),
        TEST(a_capture_without_private_addresses_is_told_whose_it_may_be),
        TEST(no_address_is_named_when_none_is_an_end_of_most),
        TEST(dropped_frames_are_those_that_the_file_says),
        TEST(any_frames_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
