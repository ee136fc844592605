/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/packet_link.h"
#include "tests/unit/packet_frames.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What an IPv4 packet of `protocol` from 10.9.9.9 to 10.9.9.8 has in front of the inner packet,
 * which is that of 10.0.0.1 or 2001:db8::1. */
static const struct {
    const char *name;
    uint8_t protocol;
    const char *hex;
    bool is_ipv6;
} tunnels[] = {
    { "IP in IP", 4, IPV4_UDP, false },
    { "6in4", 41, IPV6_TCP, true },
    { "GRE", 47, "0000 0800 " IPV4_UDP, false },
    { "GRE with IPv6", 47, "0000 86dd " IPV6_TCP, true },
    { "GRE with a checksum", 47, "8000 0800 00000000 " IPV4_UDP, false },
    { "GRE with a key", 47, "2000 0800 00000001 " IPV4_UDP, false },
    { "GRE with a sequence", 47, "1000 0800 00000001 " IPV4_UDP, false },
    { "GRE with all", 47, "b000 0800 00000000 00000001 00000001 " IPV4_UDP, false },
    { "GRE with routes", 47, "4000 0800 00000000 08000004 01020304 00000000 " IPV4_UDP, false },
    { "GRE with Ethernet", 47, "0000 6558 " ETHER "0800 " IPV4_UDP, false },
    { "GRE with Ethernet, VLAN", 47, "2000 6558 00000001 " ETHER "8100 002a 0800 " IPV4_UDP,
      false },
    { "GRE with MPLS", 47, "0000 8847 000101ff " IPV4_UDP, false },
    { "GRE with a security group tag", 47, "0000 8909 0800 0101 0001 0010 " IPV4_UDP, false },
    { "GRE with PPP", 47, "0000 880b ff03 0021 " IPV4_UDP, false },
    { "PPTP", 47, "2001 880b 00200001 ff03 0021 " IPV4_UDP, false },
    { "PPTP with sequence and acknowledgement", 47,
      "3081 880b 00200001 00000001 00000001 0021 " IPV4_UDP, false },
    { "ERSPAN I", 47, "0000 88be " ETHER "0800 " IPV4_UDP, false },
    { "ERSPAN II", 47, "1000 88be 00000001 10010001 00000000 " ETHER "0800 " IPV4_UDP, false },
    { "ERSPAN III", 47, "1000 22eb 00000001 20010001 00000000 00000000 " ETHER "0800 " IPV4_UDP,
      false },
    { "ERSPAN III with a platform", 47,
      "1000 22eb 00000001 20010001 00000000 00000001 00000000 00000000 " ETHER "0800 " IPV4_UDP,
      false },
    { "WCCP 1", 47, "0000 883e " IPV4_UDP, false },
    { "WCCP 2", 47, "0000 883e 00000000 " IPV4_UDP, false },
    { "VXLAN", 17, "c00012b5 00000000 08000000 00002a00 " ETHER "0800 " IPV4_UDP, false },
    { "VXLAN with IPv6", 17, "c00012b5 00000000 08000000 00002a00 " ETHER "86dd " IPV6_TCP, true },
    { "VXLAN by Linux's port", 17, "c0002118 00000000 08000000 00002a00 " ETHER "0800 " IPV4_UDP,
      false },
    { "GENEVE", 17, "c00017c1 00000000 00006558 00002a00 " ETHER "0800 " IPV4_UDP, false },
    { "GENEVE with options", 17,
      "c00017c1 00000000 02006558 00002a00 01020301 00000000 " ETHER "0800 " IPV4_UDP, false },
    { "GENEVE with IP", 17, "c00017c1 00000000 00000800 00002a00 " IPV4_UDP, false },
};

/* An IPv4 packet around `hex`, its length filled in. */
static struct frame frame_around(uint8_t protocol, const char *hex) {
    struct frame frame = { .size = 0 };
    frame_add(&frame, "45000000 00010000 40000000 0a090909 0a090908");
    frame_add(&frame, hex);
    frame.octets[2] = (uint8_t)(frame.size >> 8);
    frame.octets[3] = (uint8_t)frame.size;
    frame.octets[9] = protocol;
    return frame;
}

static struct packet decode(const char *name, const struct frame *frame, size_t size,
                            enum packet_tunnels which) {
    struct packet packet;
    assert_number(name, "kind",
                  frame_decode_exact(frame->octets, size, (uint32_t)frame->size, LINK_TYPE_RAW,
                                     which, &packet),
                  PACKET_DECODED);
    return packet;
}

static void assert_outer(const char *name, const struct packet *packet, const struct frame *frame) {
    assert_address_text(name, packet->src, "10.9.9.9");
    assert_address_text(name, packet->dst, "10.9.9.8");
    assert_number(name, "bytes", packet->bytes, frame->size);
}

static void the_outer_packet_counts_by_default(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(tunnels); i++) {
        struct frame frame = frame_around(tunnels[i].protocol, tunnels[i].hex);
        struct packet packet = decode(tunnels[i].name, &frame, frame.size, PACKET_TUNNELS_OUTER);
        assert_outer(tunnels[i].name, &packet, &frame);
        assert_number(tunnels[i].name, "protocol", packet.protocol, tunnels[i].protocol);
    }
}

static void the_inner_packet_counts_when_asked_for(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(tunnels); i++) {
        const char *name = tunnels[i].name;
        bool is_ipv6 = tunnels[i].is_ipv6;
        struct frame frame = frame_around(tunnels[i].protocol, tunnels[i].hex);
        struct packet packet = decode(name, &frame, frame.size, PACKET_TUNNELS_INNER);
        assert_address_text(name, packet.src, is_ipv6 ? "2001:db8::1" : "10.0.0.1");
        assert_address_text(name, packet.dst, is_ipv6 ? "2001:db8::2" : "10.0.0.2");
        assert_number(name, "bytes", packet.bytes, is_ipv6 ? 60 : 28);
        assert_number(name, "protocol", packet.protocol, is_ipv6 ? 6 : 17);
        assert_number(name, "src_port", packet.src_port, is_ipv6 ? 0x8000 : 0x1234);
        assert_number(name, "dst_port", packet.dst_port, is_ipv6 ? 443 : 53);
    }
}

static void a_tunnel_cut_anywhere_is_the_inner_packet_or_the_outer(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(tunnels); i++) {
        struct frame frame = frame_around(tunnels[i].protocol, tunnels[i].hex);
        bool was_inner = false;
        for (size_t size = 20; size <= frame.size; size++) {
            struct packet packet = decode(tunnels[i].name, &frame, size, PACKET_TUNNELS_INNER);
            bool is_inner = packet.bytes != frame.size;
            assert_true(is_inner || !was_inner);
            if (!is_inner) {
                assert_outer(tunnels[i].name, &packet, &frame);
            }
            was_inner = is_inner;
        }
        assert_true(was_inner);
    }
}

static void one_level_is_taken_off(void **state) {
    (void)state;
    struct frame frame = frame_around(4, "45000030 00010000 40040000 0a080808 0a080807 " IPV4_UDP);
    struct packet packet = decode("IP in IP in IP", &frame, frame.size, PACKET_TUNNELS_INNER);
    assert_address_text("IP in IP in IP", packet.src, "10.8.8.8");
    assert_int_equal(packet.protocol, 4);
    assert_int_equal(packet.bytes, 48);
}

static void what_carries_nothing_that_decodes_is_the_outer_packet(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint8_t protocol;
        const char *hex;
    } others[] = {
        { "IP in IP with IPv6 by the wrong number", 4, IPV6_TCP },
        { "GRE of version 2", 47, "0002 0800 " IPV4_UDP },
        { "GRE with ARP", 47, "0000 0806 00010800" },
        { "GRE with a length for a type", 47, "0000 0100 " IPV4_UDP },
        { "GRE with routes without an end", 47, "4000 0800 00000000 08000004 01020304" },
        { "GRE that ends in its key", 47, "2000 0800 0000" },
        { "VXLAN without an identifier", 17,
          "c00012b5 00000000 00000000 00002a00 " ETHER "0800 " IPV4_UDP },
        { "VXLAN to another port", 17,
          "c00012b6 00000000 08000000 00002a00 " ETHER "0800 " IPV4_UDP },
        { "an answer from the port of VXLAN", 17,
          "12b5c000 00000000 08000000 00002a00 " ETHER "0800 " IPV4_UDP },
        { "GENEVE of version 1", 17, "c00017c1 00000000 40000800 00002a00 " IPV4_UDP },
        { "GENEVE that ends in its options", 17, "c00017c1 00000000 3f000800 00002a00 " IPV4_UDP },
        { "an inner packet that contradicts itself", 4,
          "44000030 00010000 40040000 0a080808 0a080807 " },
        { "TCP", 6, TCP },
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        struct frame frame = frame_around(others[i].protocol, others[i].hex);
        struct packet packet = decode(others[i].name, &frame, frame.size, PACKET_TUNNELS_INNER);
        assert_outer(others[i].name, &packet, &frame);
    }
}

static void a_fragment_that_is_not_the_first_carries_nothing(void **state) {
    (void)state;
    struct frame frame = frame_around(4, IPV4_UDP);
    frame.octets[7] = 1;
    struct packet packet = decode("a tail", &frame, frame.size, PACKET_TUNNELS_INNER);
    assert_outer("a tail", &packet, &frame);
    assert_true(packet.is_fragment_tail);
}

static void tunnels_in_ipv6_are_taken_off_too(void **state) {
    (void)state;
    static const struct packet_case cases[] = {
        { "4in6", "60000000 001c0440 " IPV6_ENDS IPV4_UDP,
          DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53) },
        { "4in6 behind destination options",
          "60000000 00243c40 " IPV6_ENDS "04000104 00000000 " IPV4_UDP,
          DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53) },
        { "6in6",
          "60000000 003c2940 20010db8000000000000000000000007 "
          "20010db8000000000000000000000008 " IPV6_TCP,
          DECODED("2001:db8::1", "2001:db8::2", 60, 6, 0x8000, 443), .flags = 0x12 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_packet(&cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_INNER);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outer_packet_counts_by_default),
        cmocka_unit_test(the_inner_packet_counts_when_asked_for),
        cmocka_unit_test(a_tunnel_cut_anywhere_is_the_inner_packet_or_the_outer),
        cmocka_unit_test(one_level_is_taken_off),
        cmocka_unit_test(what_carries_nothing_that_decodes_is_the_outer_packet),
        cmocka_unit_test(a_fragment_that_is_not_the_first_carries_nothing),
        cmocka_unit_test(tunnels_in_ipv6_are_taken_off_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
