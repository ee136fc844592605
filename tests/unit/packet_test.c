/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/packet_link.h"
#include "tests/unit/packet_frames.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What a link type puts in front of the packet from 10.0.0.1 to 10.0.0.2. */
static const struct {
    const char *name;
    uint32_t link_type;
    const char *hex;
} links[] = {
    { "ethernet", 1, ETHER "0800 " IPV4_UDP },
    { "ethernet with SNAP", 1, ETHER "0024 aaaa03 000000 0800 " IPV4_UDP },
    { "ethernet with SNAP of 802.1H", 1, ETHER "0024 aaaa03 0000f8 0800 " IPV4_UDP },
    { "ethernet with LLC", 1, ETHER "001f 060603 " IPV4_UDP },
    { "VLAN", 1, ETHER "8100 002a 0800 " IPV4_UDP },
    { "VLAN with SNAP", 1, ETHER "8100 002a 0024 aaaa03 000000 0800 " IPV4_UDP },
    { "QinQ", 1, ETHER "88a8 0001 8100 002a 0800 " IPV4_UDP },
    { "QinQ of before 802.1ad", 1, ETHER "9100 0001 8100 002a 0800 " IPV4_UDP },
    { "QinQ by another number", 1, ETHER "9200 0001 8100 002a 0800 " IPV4_UDP },
    { "eight tags", 1,
      ETHER "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 "
            "0800 " IPV4_UDP },
    { "VLAN with a security group tag", 1, ETHER "8100 002a 8909 0101 0001 0010 0800 " IPV4_UDP },
    { "MPLS", 1, ETHER "8847 000101ff " IPV4_UDP },
    { "two MPLS labels", 1, ETHER "8848 000100ff 000201ff " IPV4_UDP },
    { "MPLS pseudowire", 1, ETHER "8847 000101ff 00000000 " ETHER "0800 " IPV4_UDP },
    { "MPLS pseudowire with SNAP", 1,
      ETHER "8847 000101ff 00000000 " ETHER "0024 aaaa03 000000 0800 " IPV4_UDP },
    { "PPPoE", 1, ETHER "8864 1100 0001 001e 0021 " IPV4_UDP },
    { "PPPoE with a short protocol", 1, ETHER "8864 1100 0001 001d 21 " IPV4_UDP },
    { "PPPoE in VLAN, MPLS in it", 1,
      ETHER "8100 0001 8864 1100 0001 0022 0281 000101ff " IPV4_UDP },
    { "null, little-endian", 0, "02000000 " IPV4_UDP },
    { "null, big-endian", 0, "00000002 " IPV4_UDP },
    { "null with the header of HDLC", 0, "0f000800 " IPV4_UDP },
    { "null with the header of PPP", 0, "ff030021 " IPV4_UDP },
    { "loop", 108, "00000002 " IPV4_UDP },
    { "PPP", 9, "0021 " IPV4_UDP },
    { "PPP with address and control", 9, "ff03 0021 " IPV4_UDP },
    { "PPP in HDLC", 50, "ff03 0021 " IPV4_UDP },
    { "Cisco HDLC as PPP in HDLC", 50, "0f00 0800 " IPV4_UDP },
    { "PPPoE without Ethernet", 51, "1100 0001 001e 0021 " IPV4_UDP },
    { "PPP with a direction", 204, "01 ff03 0021 " IPV4_UDP },
    { "Cisco HDLC", 104, "0f00 0800 " IPV4_UDP },
    { "frame relay", 107, "1841 03 cc " IPV4_UDP },
    { "frame relay with padding", 107, "1841 03 00 cc " IPV4_UDP },
    { "frame relay of four octets", 107, "18404041 03 cc " IPV4_UDP },
    { "frame relay with SNAP", 107, "1841 03 00 80 000000 0800 " IPV4_UDP },
    { "Cisco's frame relay", 107, "1841 0800 " IPV4_UDP },
    { "raw", 101, IPV4_UDP },
    { "raw by the number of BSD", 12, IPV4_UDP },
    { "raw by the number of OpenBSD", 14, IPV4_UDP },
    { "raw IPv4", 228, IPV4_UDP },
    { "cooked", 113, "0000 0001 0006 0200000000010000 0800 " IPV4_UDP },
    { "cooked VLAN", 113, "0000 0001 0006 0200000000010000 8100 002a 0800 " IPV4_UDP },
    { "cooked 802.2", 113, "0000 0001 0006 0200000000010000 0004 aaaa03 000000 0800 " IPV4_UDP },
    { "cooked PPP", 113, "0000 0200 0000 0000000000000000 0000 0021 " IPV4_UDP },
    { "cooked 2", 276, "0800 0000 00000002 0001 00 06 0200000000010000 " IPV4_UDP },
    { "netfilter log, little-endian", 239, "02 00 0000 0800 0100 08000100 2000 0900 " IPV4_UDP },
    { "netfilter log, big-endian", 239, "02 00 0000 0008 0001 08000100 0020 0009 " IPV4_UDP },
    { "netfilter log with a padded prefix", 239,
      "02 00 0000 0500 0a00 00000000 2000 0900 " IPV4_UDP },
};

static struct packet_case case_of_link(size_t i) {
    return (struct packet_case){
        .name = links[i].name,
        .hex = links[i].hex,
        .kind = PACKET_DECODED,
        .src = "10.0.0.1",
        .dst = "10.0.0.2",
        .bytes = 28,
        .protocol = 17,
        .src_port = 0x1234,
        .dst_port = 53,
    };
}

static void every_link_type_leads_to_the_packet_behind_it(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(links); i++) {
        struct packet_case want = case_of_link(i);
        assert_packet(&want, links[i].link_type, PACKET_TUNNELS_OUTER);
        assert_packet(&want, links[i].link_type, PACKET_TUNNELS_INNER);
        assert_true(packet_link_is_known(links[i].link_type));
    }
}

static void ipv6_is_found_by_every_number_that_it_has(void **state) {
    (void)state;
    static const struct {
        uint32_t link_type;
        const char *hex;
    } numbers[] = {
        { 1, ETHER "86dd " IPV6_TCP },
        { 1, ETHER "8847 000101ff " IPV6_TCP },
        { 1, ETHER "8864 1100 0001 003e 0057 " IPV6_TCP },
        { 9, "0057 " IPV6_TCP },
        { 0, "18000000 " IPV6_TCP },
        { 0, "1c000000 " IPV6_TCP },
        { 0, "1e000000 " IPV6_TCP },
        { 0, "0000000a " IPV6_TCP },
        { 101, IPV6_TCP },
        { 229, IPV6_TCP },
        { 107, "1841 03 8e " IPV6_TCP },
        { 239, "0a 00 0000 4000 0900 " IPV6_TCP },
    };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct packet_case want = {
            .name = numbers[i].hex,
            .hex = numbers[i].hex,
            .kind = PACKET_DECODED,
            .src = "2001:db8::1",
            .dst = "2001:db8::2",
            .bytes = 60,
            .protocol = 6,
            .src_port = 0x8000,
            .dst_port = 443,
            .flags = 0x12,
        };
        assert_packet(&want, numbers[i].link_type, PACKET_TUNNELS_OUTER);
        assert_every_cut_is_sane(&want, numbers[i].link_type, PACKET_TUNNELS_OUTER);
    }
}

static void frames_that_carry_no_ip_are_not_ip(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t link_type;
        const char *hex;
    } others[] = {
        { "nothing", 1, "" },
        { "ARP", 1, ETHER "0806 0001080006040001" },
        { "spanning tree", 1, ETHER "0026 424203 0000000000" },
        { "SNAP of Cisco", 1, ETHER "0026 aaaa03 00000c 2000 01b4" },
        { "a type between lengths and types", 1, ETHER "05dd " IPV4_UDP },
        { "nine tags", 1,
          ETHER "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 "
                "8100 0001 0800 " IPV4_UDP },
        { "nine labels", 1,
          ETHER "8847 000100ff 000100ff 000100ff 000100ff 000100ff 000100ff 000100ff 000100ff "
                "000101ff " IPV4_UDP },
        { "MPLS with a payload that is not IP", 1, ETHER "8847 000101ff 10000000" },
        { "PPPoE discovery", 1, ETHER "8863 1109 0000 0004 01010000" },
        { "PPPoE with a code in its session", 1, ETHER "8864 11a7 0001 001e 0021 " IPV4_UDP },
        { "a security group tag of version 2", 1, ETHER "8909 0201 0001 0010 0800 " IPV4_UDP },
        { "LCP", 1, ETHER "8864 1100 0001 0006 c021 09010004" },
        { "loopback of another family", 0, "07000000 " IPV4_UDP },
        { "netlink", 113, "0004 0338 0000 0000000000000000 0800 " IPV4_UDP },
        { "cooked without a type", 113, "0000 0001 0006 0200000000010000 0001 " IPV4_UDP },
        { "a log of a bridge", 239, "07 00 0000 2000 0900 " IPV4_UDP },
        { "a log of a later version", 239, "02 01 0000 2000 0900 " IPV4_UDP },
        { "a log with a length of nothing", 239, "02 00 0000 0000 0100 2000 0900 " IPV4_UDP },
        { "a log without a packet", 239, "02 00 0000 0800 0100 08000100" },
        { "frame relay's own protocol", 107, "0001 03 08 00" },
        { "frame relay with an address without an end", 107, "18404040 40 03 cc " IPV4_UDP },
        { "a link type that is not known", 253, IPV4_UDP },
        { "a link type of no one", 0xFFFFFFFF, IPV4_UDP },
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        struct packet_case want = { .name = others[i].name,
                                    .hex = others[i].hex,
                                    .kind = PACKET_NOT_IP };
        assert_packet(&want, others[i].link_type, PACKET_TUNNELS_INNER);
    }
    assert_false(packet_link_is_known(253));
}

/* Raw frames: version 4 or 6 in front. */
static const struct packet_case ipv4_cases[] = {
    { "TCP", "45000028 00010000 40060000 c0000201 c0000202 " TCP,
      DECODED("192.0.2.1", "192.0.2.2", 40, 6, 0x8000, 443), .flags = 0x12 },
    { "TCP with options of IP", "4600002c 00010000 40060000 c0000201 c0000202 01010100 " TCP,
      DECODED("192.0.2.1", "192.0.2.2", 44, 6, 0x8000, 443), .flags = 0x12 },
    { "TCP of which the ports were captured",
      "450005dc 00010000 40060000 c0000201 c0000202 800001bb 00000001",
      DECODED("192.0.2.1", "192.0.2.2", 1500, 6, 0x8000, 443), .wire_size = 1500 },
    { "UDP", IPV4_UDP, DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53) },
    { "UDP with padding", IPV4_UDP "00000000 00000000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53) },
    { "UDP that says more than was sent",
      "45000100 00010000 40110000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 256, 17, 0x1234, 53) },
    { "UDP Lite", "4500001c 00010000 40880000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 136, 0x1234, 53) },
    { "SCTP", "45000020 00010000 40840000 0a000001 0a000002 0b590b59 00000000 00000000",
      DECODED("10.0.0.1", "10.0.0.2", 32, 132, 2905, 2905) },
    { "DCCP", "45000020 00010000 40210000 0a000001 0a000002 0b590b59 00000000 00000000",
      DECODED("10.0.0.1", "10.0.0.2", 32, 33, 2905, 2905) },
    { "ICMP echo", "4500001c 00010000 40010000 0a000001 0a000002 08000000 00010001",
      DECODED("10.0.0.1", "10.0.0.2", 28, 1, 0, 8 * 256) },
    { "ICMP port unreachable", "4500001c 00010000 40010000 0a000001 0a000002 03030000 00000000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 1, 0, 3 * 256 + 3) },
    { "ESP has no ports", "4500001c 00010000 40320000 0a000001 0a000002 12340035 00080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 50, 0, 0) },
    { "ports behind the datagram's end are padding",
      "45000014 00010000 40110000 0a000001 0a000002 12340035 00080000",
      DECODED("10.0.0.1", "10.0.0.2", 20, 17, 0, 0) },
    { "length 0 is what the wire leaves", "45000000 00010000 40060000 c0000201 c0000202 " TCP,
      DECODED("192.0.2.1", "192.0.2.2", 80052, 6, 0x8000, 443), .flags = 0x12, .wire_size = 80052 },
    { "do not fragment is no fragment",
      "4500001c 00014000 40110000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53) },
    { "the first fragment", "4500001c abcd2000 40110000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53), .is_fragment = true,
      .fragment_id = 0xabcd },
    { "a fragment in the middle", "4500001c abcd2001 40110000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0, 0), .is_fragment = true, .is_fragment_tail = true,
      .fragment_id = 0xabcd },
    { "the last fragment", "4500001c abcd1fff 40110000 0a000001 0a000002 1234003500080000",
      DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0, 0), .is_fragment = true, .is_fragment_tail = true,
      .fragment_id = 0xabcd },
};

static const struct packet_case ipv6_cases[] = {
    { "TCP", IPV6_TCP, DECODED("2001:db8::1", "2001:db8::2", 60, 6, 0x8000, 443), .flags = 0x12 },
    { "neighbour solicitation", "60000000 00083aff " IPV6_ENDS "87000000 00000000",
      DECODED("2001:db8::1", "2001:db8::2", 48, 58, 0, 135 * 256) },
    { "hop by hop", "60000000 001c0040 " IPV6_ENDS "06000502 00000100 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0x8000, 443), .flags = 0x12 },
    { "routing",
      "60000000 002c2b40 " IPV6_ENDS "06020001 00000000 20010db8000000000000000000000003 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 84, 6, 0x8000, 443), .flags = 0x12 },
    { "destination options", "60000000 001c3c40 " IPV6_ENDS "06000104 00000000 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0x8000, 443), .flags = 0x12 },
    { "authentication",
      "60000000 002c3340 " IPV6_ENDS "06040000 00000001 00000002 000102030405060708090a0b " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 84, 6, 0x8000, 443), .flags = 0x12 },
    { "mobility, host identity, shim",
      "60000000 002c8740 " IPV6_ENDS "8b000000 00000000 8c000000 00000000 06000000 00000000 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 84, 6, 0x8000, 443), .flags = 0x12 },
    { "hop by hop, destination, routing, fragment, destination",
      "60000000 003c0040 " IPV6_ENDS
      "3c000104 00000000 2b000104 00000000 2c000000 00000000 3c000000 00000007 "
      "06000104 00000000 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 100, 6, 0x8000, 443), .flags = 0x12 },
    { "no next header", "60000000 00003b40 " IPV6_ENDS "0000",
      DECODED("2001:db8::1", "2001:db8::2", 40, 59, 0, 0) },
    { "the first fragment", "60000000 001c2c40 " IPV6_ENDS "06000001 12345678 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0x8000, 443), .flags = 0x12, .is_fragment = true,
      .fragment_id = 0x12345678 },
    { "the last fragment", "60000000 001c2c40 " IPV6_ENDS "06000008 12345678 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0, 0), .is_fragment = true,
      .is_fragment_tail = true, .fragment_id = 0x12345678 },
    { "a fragment whose octets look like headers",
      "60000000 00102c40 " IPV6_ENDS "3c000009 12345678 06ff0000 00000000",
      DECODED("2001:db8::1", "2001:db8::2", 56, 60, 0, 0), .is_fragment = true,
      .is_fragment_tail = true, .fragment_id = 0x12345678 },
    { "a datagram in one fragment", "60000000 001c2c40 " IPV6_ENDS "06000000 12345678 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0x8000, 443), .flags = 0x12 },
    { "a jumbogram", "60000000 00000040 " IPV6_ENDS "0600c204 00011170 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 70040, 6, 0x8000, 443), .flags = 0x12,
      .wire_size = 70050 },
    { "a jumbogram with its option behind padding",
      "60000000 00000040 " IPV6_ENDS "06010001 0000c204 00011170 00000000 " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 70040, 6, 0x8000, 443), .flags = 0x12,
      .wire_size = 70050 },
    { "a jumbogram of more than the wire carried",
      "60000000 00000040 " IPV6_ENDS "0600c204 ffffffff " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 70050, 6, 0x8000, 443), .flags = 0x12,
      .wire_size = 70050 },
    { "a jumbogram that need not be one", "60000000 00000040 " IPV6_ENDS "0600c204 0000001c " TCP,
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0x8000, 443), .flags = 0x12 },
    { "length 0 without the option is what the wire leaves", "60000000 00000640 " IPV6_ENDS TCP,
      DECODED("2001:db8::1", "2001:db8::2", 80060, 6, 0x8000, 443), .flags = 0x12,
      .wire_size = 80060 },
    { "an extension that was not captured", "60000000 001c0040 " IPV6_ENDS "0600",
      DECODED("2001:db8::1", "2001:db8::2", 68, 6, 0, 0), .wire_size = 68 },
    { "an extension of which nothing was captured", "60000000 001c0040 " IPV6_ENDS,
      DECODED("2001:db8::1", "2001:db8::2", 68, 0, 0, 0), .wire_size = 68 },
    { "ports behind the datagram's end are padding", "60000000 00021140 " IPV6_ENDS "12340035",
      DECODED("2001:db8::1", "2001:db8::2", 42, 17, 0, 0) },
};

static void ipv4_packets_are_decoded(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ipv4_cases); i++) {
        assert_packet(&ipv4_cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
    }
}

static void ipv6_packets_and_their_extensions_are_decoded(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ipv6_cases); i++) {
        assert_packet(&ipv6_cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
    }
}

static void frames_that_contradict_themselves_are_malformed(void **state) {
    (void)state;
    static const struct packet_case cases[] = {
        { "IPv4 of version 5", "5500001c 00010000 40110000 0a000001 0a000002",
          .kind = PACKET_MALFORMED },
        { "IPv4 with a header of 16", "4400001c 00010000 40110000 0a000001 0a000002",
          .kind = PACKET_MALFORMED },
        { "IPv4 shorter than its header", "46000014 00010000 40110000 0a000001 0a000002 00000000",
          .kind = PACKET_MALFORMED },
        { "IPv4 that ends in its options", "4600001c 00010000 40110000 0a000001 0a000002 000000",
          .kind = PACKET_MALFORMED },
        { "IPv4 that ends in its header", "4500001c 00010000 40110000 0a000001 0a0000",
          .kind = PACKET_MALFORMED },
        { "IPv6 that ends in its header",
          "60000000 00140640 20010db8000000000000000000000001 20010db80000000000000000000000",
          .kind = PACKET_MALFORMED },
        { "an extension longer than its datagram",
          "60000000 00080040 " IPV6_ENDS "06010000 00000000 00000000 00000000",
          .kind = PACKET_MALFORMED },
        { "an authentication longer than its datagram",
          "60000000 00083340 " IPV6_ENDS "06010000 00000000 00000000", .kind = PACKET_MALFORMED },
        { "half a fragment header", "60000000 00042c40 " IPV6_ENDS "06000000 00000000",
          .kind = PACKET_MALFORMED },
        { "nothing at all", "", .kind = PACKET_MALFORMED },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_packet(&cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
    }
    struct packet_case wrong = { "IPv6 by the type of IPv4", ETHER "0800 " IPV6_TCP,
                                 .kind = PACKET_MALFORMED };
    assert_packet(&wrong, LINK_TYPE_ETHERNET, PACKET_TUNNELS_OUTER);
    wrong = (struct packet_case){ "IPv4 by the type of IPv6", ETHER "86dd " IPV4_UDP IPV4_UDP,
                                  .kind = PACKET_MALFORMED };
    assert_packet(&wrong, LINK_TYPE_ETHERNET, PACKET_TUNNELS_OUTER);
}

static void extensions_beyond_the_bound_leave_the_protocol_of_the_last(void **state) {
    (void)state;
    for (unsigned count = PACKET_EXTENSIONS_MAX; count <= PACKET_EXTENSIONS_MAX + 1; count++) {
        struct frame frame = { .size = 0 };
        frame_add(&frame, "60000000 00003c40 " IPV6_ENDS);
        for (unsigned i = 0; i < count; i++) {
            frame_add(&frame, i + 1 == count ? "11000104 00000000" : "3c000104 00000000");
        }
        frame_add(&frame, "1234003500080000");
        frame.octets[5] = (uint8_t)(frame.size - 40);
        struct packet got;
        assert_int_equal(frame_decode_exact(frame.octets, frame.size, (uint32_t)frame.size,
                                            LINK_TYPE_RAW, PACKET_TUNNELS_OUTER, &got),
                         PACKET_DECODED);
        bool is_within = count == PACKET_EXTENSIONS_MAX;
        assert_int_equal(got.protocol, is_within ? 17 : 60);
        assert_int_equal(got.dst_port, is_within ? 53 : 0);
    }
}

/* The first piece shows TCP behind destination options, the tail only that there are options. */
static void pieces_of_a_datagram_name_it_alike(void **state) {
    (void)state;
    static const struct {
        uint32_t link_type;
        const char *first, *tail;
        uint8_t fragment_protocol;
    } pairs[] = {
        { LINK_TYPE_RAW, "60000000 00242c40 " IPV6_ENDS "3c000001 12345678 06000104 00000000 " TCP,
          "60000000 00102c40 " IPV6_ENDS "3c000020 12345678 0001020304050607", 60 },
        { LINK_TYPE_RAW, "4500001c abcd2000 40110000 0a000001 0a000002 1234003500080000",
          "4500001c abcd0001 40110000 0a000001 0a000002 0001020304050607", 17 },
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct frame first = { .size = 0 };
        struct frame tail = { .size = 0 };
        frame_add(&first, pairs[i].first);
        frame_add(&tail, pairs[i].tail);
        struct packet packets[2];
        assert_int_equal(frame_decode_exact(first.octets, first.size, 0, pairs[i].link_type,
                                            PACKET_TUNNELS_OUTER, &packets[0]),
                         PACKET_DECODED);
        assert_int_equal(frame_decode_exact(tail.octets, tail.size, 0, pairs[i].link_type,
                                            PACKET_TUNNELS_OUTER, &packets[1]),
                         PACKET_DECODED);
        assert_false(packets[0].is_fragment_tail);
        assert_true(packets[1].is_fragment_tail);
        assert_int_equal(packets[0].fragment_protocol, pairs[i].fragment_protocol);
        assert_int_equal(packets[1].fragment_protocol, pairs[i].fragment_protocol);
        assert_int_equal(packets[0].fragment_id, packets[1].fragment_id);
    }
}

static void every_length_of_every_frame_gives_a_sane_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(links); i++) {
        struct packet_case whole = case_of_link(i);
        assert_every_cut_is_sane(&whole, links[i].link_type, PACKET_TUNNELS_OUTER);
        assert_every_cut_is_sane(&whole, links[i].link_type, PACKET_TUNNELS_INNER);
    }
    for (size_t i = 0; i < COUNT(ipv4_cases); i++) {
        assert_every_cut_is_sane(&ipv4_cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
    }
    for (size_t i = 0; i < COUNT(ipv6_cases); i++) {
        assert_every_cut_is_sane(&ipv6_cases[i], LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
    }
}

static void a_frame_captured_longer_than_it_says_is_as_long_as_captured(void **state) {
    (void)state;
    struct packet_case want = { "length 0, wire 1",
                                "45000000 00010000 40110000 0a000001 0a000002 1234003500080000",
                                DECODED("10.0.0.1", "10.0.0.2", 28, 17, 0x1234, 53),
                                .wire_size = 1 };
    assert_packet(&want, LINK_TYPE_RAW, PACKET_TUNNELS_OUTER);
}

static void what_is_not_decoded_leaves_the_packet_alone(void **state) {
    (void)state;
    struct packet packet = { .bytes = 77 };
    assert_int_equal(
        packet_decode(bytes_text("none"), 4, LINK_TYPE_ETHERNET, PACKET_TUNNELS_OUTER, &packet),
        PACKET_NOT_IP);
    assert_int_equal(
        packet_decode(bytes_text("none"), 4, LINK_TYPE_RAW, PACKET_TUNNELS_OUTER, &packet),
        PACKET_MALFORMED);
    assert_int_equal(packet.bytes, 77);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_type_leads_to_the_packet_behind_it),
        cmocka_unit_test(ipv6_is_found_by_every_number_that_it_has),
        cmocka_unit_test(frames_that_carry_no_ip_are_not_ip),
        cmocka_unit_test(ipv4_packets_are_decoded),
        cmocka_unit_test(ipv6_packets_and_their_extensions_are_decoded),
        cmocka_unit_test(frames_that_contradict_themselves_are_malformed),
        cmocka_unit_test(extensions_beyond_the_bound_leave_the_protocol_of_the_last),
        cmocka_unit_test(pieces_of_a_datagram_name_it_alike),
        cmocka_unit_test(every_length_of_every_frame_gives_a_sane_answer),
        cmocka_unit_test(a_frame_captured_longer_than_it_says_is_as_long_as_captured),
        cmocka_unit_test(what_is_not_decoded_leaves_the_packet_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
