/* SPDX-License-Identifier: Apache-2.0 */
/* Whole objects through the source: layouts, counts, nodes, directions, coverage, cuts. */
#include "tests/unit/aws_object.inc.h"

#define HEADER                                                                                     \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "      \
    "start "                                                                                       \
    "end action log-status\n"
#define FRONT "2 123456789010 eni-1235b8ca123456789 "

static void assert_address(struct address got, const char *want) {
    char text[ADDRESS_TEXT_SIZE];
    text[address_format(got, text)] = '\0';
    assert_string_equal(text, want);
}

static void read_text(const char *text, struct flat *flat) {
    struct object object = { .text = text };
    object_read(&object, flat);
}

static void an_empty_object_has_nothing(void **state) {
    (void)state;
    struct flat flat;
    read_text("", &flat);
    assert_int_equal(flat.count, 0);
    assert_int_equal(flat.counts.lines, 0);
    assert_int_equal(flat.batch_count, 1);
    flat_done(&flat);
}

static void blank_lines_are_no_lines(void **state) {
    (void)state;
    struct flat flat;
    read_text("\n\r\n  \t \n\n", &flat);
    assert_int_equal(flat.counts.lines, 0);
    flat_done(&flat);
}

static void a_default_record_is_read_whole(void **state) {
    (void)state;
    struct flat flat;
    read_text(HEADER FRONT
              "172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n",
              &flat);
    assert_int_equal(flat.counts.headers, 1);
    assert_int_equal(flat.count, 1);
    const struct flat_record *record = &flat.records[0];
    assert_address(record->src, "172.31.16.139");
    assert_address(record->dst, "172.31.16.21");
    assert_int_equal(record->src_port, 20641);
    assert_int_equal(record->dst_port, 22);
    assert_int_equal(record->protocol, 6);
    assert_int_equal(record->packets, 20);
    assert_int_equal(record->bytes, 4249);
    assert_int_equal(record->start_ms, 1418530010000);
    assert_int_equal(record->end_ms, 1418530070000);
    assert_int_equal(record->action, ACTION_ACCEPT);
    assert_int_equal(record->quality, QUALITY_NO_FLAGS);
    assert_int_equal(record->initiator, INITIATOR_UNKNOWN);
    assert_string_equal(record->node, "eni-1235b8ca123456789");
    assert_string_equal(record->identity, "eni-1235b8ca123456789");
    assert_string_equal(record->interface, "eni-1235b8ca123456789");
    flat_done(&flat);
}

/* The examples of the vendor's pages, in one object: default lines, then four other layouts. */
static void the_vendors_examples_are_read_in_one_object(void **state) {
    (void)state;
    static const char TEXT[] = FRONT
        "172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK\n" FRONT
        "172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK\n" FRONT
        "- - - - - - - 1431280876 1431280934 - NODATA\n"
        "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - "
        "SKIPDATA\n" FRONT
        "203.0.113.12 172.31.16.139 0 0 1 4 336 1432917027 1432917142 ACCEPT OK\n" FRONT
        "172.31.16.139 203.0.113.12 0 0 1 4 336 1432917094 1432917142 REJECT OK\n" FRONT
        "2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 "
        "54 8855 1477913708 1477913820 ACCEPT OK\n"
        "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport "
        "dstport pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags "
        "log-status\n"
        "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 "
        "eni-1235b8ca123456789 123456789010 IPv4 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 "
        "10.0.0.62 6 568 8 1566848875 1566848933 ACCEPT 2 OK\n"
        "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 "
        "eni-1235b8ca123456789 123456789010 IPv4 10.0.0.62 52.213.180.42 5001 43638  10.0.0.62 "
        "52.213.180.42 6 967 14 1566933133 1566933193 ACCEPT 19 OK\n"
        "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr\n"
        "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5\n"
        "version srcaddr dstaddr srcport dstport protocol start end type packets bytes account-id "
        "vpc-id subnet-id instance-id interface-id region az-id sublocation-type sublocation-id "
        "action tcp-flags pkt-srcaddr pkt-dstaddr pkt-src-aws-service pkt-dst-aws-service "
        "traffic-path flow-direction log-status\n"
        "5 52.95.128.179 10.0.0.71 80 34210 6 1616729292 1616729349 IPv4 14 15044 123456789012 "
        "vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789 "
        "ap-southeast-2 apse2-az3 - - ACCEPT 19 52.95.128.179 10.0.0.71 S3 - - ingress OK\n"
        "5 10.0.0.71 52.95.128.179 34210 80 6 1616729292 1616729349 IPv4 7 471 123456789012 "
        "vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-0c50d5961bcb2d47b eni-1235b8ca123456789 "
        "ap-southeast-2 apse2-az3 - - ACCEPT 3 10.0.0.71 52.95.128.179 - S3 8 egress OK\n"
        "flow-direction traffic-path srcaddr dstaddr srcport dstport encryption-status\n"
        "ingress - 10.0.133.8 10.0.128.55 43236 80 1\n";
    struct flat flat;
    read_text(TEXT, &flat);
    assert_int_equal(flat.counts.headers, 4);
    assert_int_equal(flat.counts.nodata, 1);
    assert_int_equal(flat.counts.skipdata, 1);
    assert_int_equal(flat.counts.rejects[REJECT_LAYOUT], 2);
    assert_int_equal(flat.counts.malformed, 2);
    assert_int_equal(flat.count, 9);
    assert_int_equal(flat.counts.bytes, 2 * 4249 + 2 * 336 + 8855 + 568 + 967 + 15044 + 471);
    assert_int_equal(flat.counts.packets, 2 * 20 + 2 * 4 + 54 + 8 + 14 + 14 + 7);
    assert_int_equal(flat.gaps[0].kind, COVERAGE_NODATA);
    assert_int_equal(flat.gaps[0].start_ms, 1431280876000);
    assert_int_equal(flat.gaps[0].end_ms, 1431280935000);
    assert_string_equal(flat.gaps[1].node, "eni-11111111aaaaaaaaa");
    assert_int_equal(flat.gaps[1].kind, COVERAGE_SKIPPED);
    assert_address(flat.records[4].src, "2001:db8:1234:a100:8d6e:3477:df66:f105");
    assert_int_equal(flat.records[5].bytes, 568);
    assert_int_equal(flat.records[5].packets, 8);
    assert_int_equal(flat.records[5].initiator, INITIATOR_SRC);
    assert_int_equal(flat.records[6].initiator, INITIATOR_DST);
    assert_string_equal(flat.records[6].identity, "i-01234567890123456");
    assert_int_equal(flat.records[7].direction, DIRECTION_IN);
    assert_int_equal(flat.records[7].quality, 0);
    assert_int_equal(flat.records[8].direction, DIRECTION_OUT);
    flat_done(&flat);
}

static void layouts_come_from_names_with_underscores_braces_or_dashes(void **state) {
    (void)state;
    static const char *const FORMATS[] = {
        "start end srcaddr dstaddr interface-id bytes",
        "start end srcaddr dstaddr interface_id bytes",
        "${start} ${end} ${srcaddr} ${dstaddr} ${interface-id} ${bytes}",
        "start,end,srcaddr,dstaddr,interface_id,bytes",
    };
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        struct object object = { .text = "10 20 10.0.0.1 8.8.8.8 eni-7 99", .format = FORMATS[i] };
        struct flat flat;
        object_read(&object, &flat);
        assert_int_equal(flat.count, 1);
        assert_int_equal(flat.records[0].bytes, 99);
        assert_int_equal(flat.records[0].start_ms, 10000);
        assert_string_equal(flat.records[0].node, "eni-7");
        flat_done(&flat);
    }
}

static void a_header_wins_over_the_format_that_was_told(void **state) {
    (void)state;
    struct object object = {
        .text = "bytes start end srcaddr dstaddr interface-id\n7 10 20 10.0.0.1 8.8.8.8 eni-1\n",
        .format = "start end srcaddr dstaddr interface-id bytes",
    };
    struct flat flat;
    object_read(&object, &flat);
    assert_int_equal(flat.count, 1);
    assert_int_equal(flat.records[0].bytes, 7);
    flat_done(&flat);
}

static void unknown_fields_are_skipped_with_one_warning(void **state) {
    (void)state;
    struct flat flat;
    read_text("start end colour srcaddr dstaddr interface-id\n"
              "10 20 red 10.0.0.1 8.8.8.8 eni-1\n"
              "start end shape srcaddr dstaddr interface-id\n"
              "10 20 round 10.0.0.1 8.8.8.8 eni-1\n",
              &flat);
    assert_int_equal(flat.count, 2);
    assert_string_equal(flat.warning, "unknown fields are skipped: colour");
    flat_done(&flat);
}

static void a_header_with_a_field_twice_is_refused_and_so_are_its_lines(void **state) {
    (void)state;
    struct flat flat;
    read_text(HEADER "start end srcaddr dstaddr interface-id bytes bytes\n" FRONT
                     "10.0.0.1 8.8.8.8 1 2 6 1 1 1 2 ACCEPT OK\n",
              &flat);
    assert_int_equal(flat.count, 0);
    assert_int_equal(flat.counts.rejects[REJECT_HEADER], 1);
    assert_int_equal(flat.counts.rejects[REJECT_LAYOUT], 1);
    flat_done(&flat);
}

static void a_transit_gateways_line_counts_for_the_attachment_that_it_passes(void **state) {
    (void)state;
    static const struct {
        const char *line, *node, *interface;
        uint8_t direction;
        bool is_inferred;
    } CASES[] = {
        /* in by the first one's interface, so out of its network; out by the other's */
        { "eni-1 eni-2 tgw-attach-1 ingress", "eni-1", "eni-1", DIRECTION_OUT, false },
        { "eni-1 eni-2 tgw-attach-2 egress", "eni-2", "eni-2", DIRECTION_IN, false },
        { "eni-1 eni-2 tgw-attach-1 -", "eni-1", "eni-1", DIRECTION_OUT, true },
        /* attachments without an interface: a VPN's */
        { "- eni-2 tgw-attach-3 ingress", "tgw-attach-3", "", DIRECTION_OUT, false },
        { "eni-1 - tgw-attach-3 egress", "tgw-attach-3", "", DIRECTION_IN, false },
        { "- - - ingress", "-", "", DIRECTION_OUT, false },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "tgw-src-eni tgw-dst-eni tgw-attachment-id flow-direction interface-id "
                 "instance-id srcaddr dstaddr start end bytes tcp-flags\n"
                 "%s eni-9 i-9 10.0.0.1 10.0.1.1 1700000000 1700000060 5 2\n",
                 CASES[i].line);
        struct flat flat;
        read_text(text, &flat);
        assert_int_equal(flat.counts.headers, 1);
        assert_int_equal(flat.count, 1);
        const struct flat_record *record = &flat.records[0];
        assert_string_equal(record->node, CASES[i].node);
        assert_string_equal(record->identity, CASES[i].node);
        assert_string_equal(record->interface, CASES[i].interface);
        assert_int_equal(record->direction, CASES[i].direction);
        assert_int_equal(record->quality, CASES[i].is_inferred ? QUALITY_DIRECTION_INFERRED : 0);
        assert_int_equal(flat.own_count[0], 0); /* no address behind a gateway is its own */
        assert_int_equal(strncmp(flat.warning, "a Transit Gateway", 17), 0);
        flat_done(&flat);
    }
}

static void a_transit_gateways_default_format_is_named_by_a_word(void **state) {
    (void)state;
    struct flat flat;
    struct object object = {
        .text =
            "6 TransitGateway 123456789012 tgw-1 tgw-attach-1 123456789012 210987654321 vpc-1 "
            "vpc-2 subnet-1 subnet-2 eni-1 eni-2 use1-az1 use1-az2 tgw-attach-2 10.0.0.1 "
            "10.1.0.2 40000 443 6 10 1000 1700000000 1700000060 OK IPv4 0 0 0 0 19 us-east-1 "
            "egress - -\n"
            "6 TransitGateway 123456789012 tgw-1 tgw-attach-1 - - - - - - eni-1 - - - - - - - - "
            "- - - 1700000000 1700000060 NODATA - - - - - - - ingress - -\n"
            "6 TransitGateway 123456789012 too short\n",
        .format = " tgw ",
    };
    object_read(&object, &flat);
    assert_int_equal(flat.count, 1);
    assert_string_equal(flat.records[0].node, "eni-2");
    assert_int_equal(flat.records[0].initiator, INITIATOR_DST);
    assert_int_equal(flat.counts.nodata, 1);
    assert_string_equal(flat.gaps[0].node, "eni-1");
    assert_int_equal(flat.counts.rejects[REJECT_FIELD_COUNT], 1);
    flat_done(&flat);
}

static void a_byte_order_mark_in_front_is_dropped(void **state) {
    (void)state;
    struct flat flat;
    read_text("\xef\xbb\xbf" HEADER, &flat);
    assert_int_equal(flat.counts.headers, 1);
    flat_done(&flat);
}

static void rejects_have_line_reason_and_excerpt(void **state) {
    (void)state;
    struct flat flat;
    read_text("\n" HEADER "Phony \x01 unsupported log format.\n", &flat);
    assert_int_equal(flat.reject_count, 1);
    assert_int_equal(flat.rejects[0].line, 3);
    assert_int_equal(flat.rejects[0].reason, REJECT_FIELD_COUNT);
    assert_string_equal(flat.rejects[0].excerpt, "Phony ? unsupported log format.");
    flat_done(&flat);
}

static void only_the_first_rejects_of_an_object_keep_their_text(void **state) {
    (void)state;
    char text[3 * 100 + 1];
    for (int i = 0; i < 100; i++) {
        memcpy(text + 3 * i, "x\n\n", 4);
    }
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.counts.malformed, 100);
    assert_int_equal(flat.reject_count, SOURCE_REJECTS_MAX);
    flat_done(&flat);
}

static void a_line_that_is_too_long_is_one_reject_wherever_pieces_end(void **state) {
    (void)state;
    size_t size = 3 * (size_t)INPUT_LINE_MAX;
    char *text = malloc(size);
    memset(text, 'x', size);
    for (size_t at = INPUT_LINE_MAX - 1; at <= INPUT_LINE_MAX + 1; at++) {
        memset(text, 'x', size);
        text[at] = '\n'; /* a line of `at` octets, then one of nearly two maxima */
        for (size_t piece = 10000; piece <= INPUT_PIECE_SIZE; piece += 40000) {
            struct object object = { .text = text, .size = size, .piece_size = piece };
            struct flat flat;
            object_read(&object, &flat);
            assert_int_equal(flat.counts.malformed, 2);
            assert_int_equal(flat.counts.rejects[REJECT_LINE_LENGTH], at > INPUT_LINE_MAX ? 2 : 1);
            flat_done(&flat);
        }
    }
    free(text);
}

static void the_last_line_of_a_truncated_input_is_not_trusted(void **state) {
    (void)state;
    struct object object = {
        .text = "start end srcaddr dstaddr interface-id bytes\n"
                "10 20 10.0.0.1 8.8.8.8 eni-1 1234\n10 20 10.0.0.1 8.8.8.8 eni-1 12",
        .is_truncated = true,
    };
    struct flat flat;
    object_read(&object, &flat);
    assert_true(flat.is_damaged);
    assert_int_equal(flat.count, 1);
    assert_int_equal(flat.counts.malformed, 1);
    flat_done(&flat);
}

/* Twenty lines of many shapes, cut into pieces of every size. */
static void pieces_may_end_anywhere(void **state) {
    (void)state;
    static const char TEXT[] =
        HEADER FRONT "10.0.0.1 8.8.8.8 1025 53 17 1 76 1700000000 1700000059 ACCEPT OK\r\n" FRONT
                     "8.8.8.8 10.0.0.1 53 1025 17 1 176 1700000001 1700000059 REJECT OK\n\n" FRONT
                     "- - - - - - - 1431280876 1431280934 - NODATA\n"
                     "bad line\n"
                     "start end srcaddr dstaddr interface-id bytes flow-direction\n"
                     "1700000000 1700000003 2001:db8::1 fd00::9 eni-1 34 ingress\n"
                     "1700000000 1700000003 10.0.0.1 8.8.8.8 eni-1 3400000000000 egress";
    struct flat whole;
    read_text(TEXT, &whole);
    assert_int_equal(whole.count, 4);
    for (size_t size = 1; size < sizeof TEXT; size++) {
        struct object object = { .text = TEXT, .piece_size = size };
        struct flat flat;
        object_read(&object, &flat);
        assert_int_equal(flat.hash, whole.hash);
        assert_memory_equal(&flat.counts, &whole.counts, sizeof flat.counts);
        flat_done(&flat);
    }
    flat_done(&whole);
}

/* An object of `count` records of one interface, to one address each. */
static char *many_lines(uint32_t count, bool is_ipv6) {
    char *text = malloc((size_t)count * 120 + 1);
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        char peer[48];
        (void)snprintf(peer, sizeof peer, is_ipv6 ? "2001:db8::%x:%x" : "9.%u.%u.7", i >> 8 & 255,
                       i & 255);
        size += (size_t)sprintf(text + size,
                                FRONT "%s %s 1025 53 17 1 76 1700000000 1700000059 ACCEPT OK\n",
                                is_ipv6 ? "fd00::1" : "10.0.0.1", peer);
    }
    return text;
}

static void a_batch_ends_at_its_maximum_and_the_rest_follows(void **state) {
    (void)state;
    static const struct {
        uint32_t lines, batches, last;
    } CASES[] = {
        { 2, 1, 1 },     { 1024, 1, 1 },  { 1025, 1, 1 },
        { 32767, 1, 1 }, { 32768, 2, 1 }, { 32769, 2, 2 },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char *text = many_lines(CASES[i].lines, false);
        struct flat flat;
        read_text(text, &flat);
        assert_int_equal(flat.count, CASES[i].lines);
        assert_int_equal(flat.batch_count, CASES[i].batches);
        assert_int_equal(flat.records[flat.count - 1].batch + 1, CASES[i].last);
        assert_int_equal(flat.records[flat.count - 1].direction, DIRECTION_OUT);
        flat_done(&flat);
        free(text);
    }
}

static void ipv6_addresses_end_a_batch_before_their_dictionary_is_too_large(void **state) {
    (void)state;
    char *text = many_lines(32768, true);
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.count, 32768);
    assert_int_equal(flat.batch_count, 2);
    /* 400,000 octets hold 25,000 addresses; asked each 1,024 rows for the worst case of 1,024 more.
     */
    uint32_t first = 0;
    while (flat.records[first].batch == 0) {
        first++;
    }
    assert_int_equal(first % 1024, 0);
    assert_int_equal(first, 23 * 1024);
    assert_int_equal(flat.records[32767].direction, DIRECTION_OUT);
    flat_done(&flat);
    free(text);
}

static void an_own_address_is_in_every_record_private_before_public(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *src[3], *dst[3];
        uint8_t want[3];
    } CASES[] = {
        { "one remains",
          { "10.0.0.1", "10.0.0.9", "10.0.0.1" },
          { "10.0.0.9", "10.0.0.7", "10.0.0.9" },
          { 1, 2, 1 } },
        { "two remain, one private",
          { "8.8.8.8", "10.0.0.1", "8.8.8.8" },
          { "10.0.0.1", "8.8.8.8", "10.0.0.1" },
          { 1, 2, 1 } },
        { "two private",
          { "10.0.0.1", "10.0.0.2", "10.0.0.1" },
          { "10.0.0.2", "10.0.0.1", "10.0.0.2" },
          { 0, 0, 0 } },
        { "two public",
          { "8.8.8.8", "9.9.9.9", "8.8.8.8" },
          { "9.9.9.9", "8.8.8.8", "9.9.9.9" },
          { 0, 0, 0 } },
        { "none remains",
          { "10.0.0.1", "10.0.0.3", "10.0.0.5" },
          { "10.0.0.2", "10.0.0.4", "10.0.0.6" },
          { 0, 0, 0 } },
        { "to itself",
          { "10.0.0.1", "10.0.0.1", "10.0.0.1" },
          { "10.0.0.1", "10.0.0.2", "10.0.0.3" },
          { 0, 2, 2 } },
        { "dual stack",
          { "10.0.0.1", "2001:db8::5", "fd00::1" },
          { "8.8.8.8", "fd00::1", "2001:db8::6" },
          { 2, 1, 2 } },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[1024];
        size_t size = 0;
        for (int k = 0; k < 3; k++) {
            size += (size_t)snprintf(text + size, sizeof text - size,
                                     FRONT "%s %s 1 2 6 1 60 1700000000 1700000059 ACCEPT OK\n",
                                     CASES[i].src[k], CASES[i].dst[k]);
        }
        struct flat flat;
        read_text(text, &flat);
        for (int k = 0; k < 3; k++) {
            if (flat.records[k].direction != CASES[i].want[k]) {
                fail_msg("%s, record %d: %u", CASES[i].name, k, flat.records[k].direction);
            }
            bool is_inferred = (flat.records[k].quality & QUALITY_DIRECTION_INFERRED) != 0;
            assert_int_equal(is_inferred, CASES[i].want[k] != 0);
        }
        flat_done(&flat);
    }
}

static void an_interface_is_judged_by_the_batch_in_which_it_first_appears(void **state) {
    (void)state;
    char *text = many_lines(32768, false);
    size_t size = strlen(text);
    text = realloc(text, size + 1000);
    (void)strcpy(text + size,
                 "2 123456789010 eni-0000000000000000a 10.9.0.1 10.9.0.2 1 2 6 1 1 1700000000 "
                 "1700000001 ACCEPT OK\n"
                 "2 123456789010 eni-0000000000000000a 10.9.0.3 10.9.0.2 1 2 6 1 1 1700000000 "
                 "1700000001 ACCEPT OK\n");
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.records[32768].direction, DIRECTION_IN);
    assert_int_equal(flat.records[32769].direction, DIRECTION_IN);
    flat_done(&flat);
    free(text);
}

static void pods_join_the_own_addresses_of_their_node(void **state) {
    (void)state;
    struct flat flat;
    read_text("interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr start end flow-direction\n"
              "eni-1 10.0.0.5 8.8.8.8 10.0.64.7 8.8.8.8 10 20 egress\n"
              "eni-1 9.9.9.9 10.0.0.5 9.9.9.9 10.0.64.8 10 20 ingress\n"
              "eni-1 9.9.9.9 10.0.0.5 - - 10 20 -\n",
              &flat);
    assert_int_equal(flat.count, 3);
    assert_address(flat.records[0].src, "10.0.64.7");
    assert_address(flat.records[1].dst, "10.0.64.8");
    assert_address(flat.records[2].dst, "10.0.0.5");
    assert_int_equal(flat.records[2].direction, DIRECTION_IN);
    assert_int_equal(flat.records[2].quality & QUALITY_DIRECTION_INFERRED, 0);
    assert_int_equal(flat.node_count, 1);
    assert_int_equal(flat.own_count[0], 3);
    assert_address(flat.own[0][0], "10.0.0.5");
    assert_address(flat.own[0][1], "10.0.64.7");
    assert_address(flat.own[0][2], "10.0.64.8");
    flat_done(&flat);
}

static void own_addresses_of_a_node_are_bounded(void **state) {
    (void)state;
    char text[200 + 100 * 80];
    size_t size =
        (size_t)sprintf(text, "interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr start "
                              "end flow-direction\n");
    for (int i = 0; i < 100; i++) {
        size += (size_t)sprintf(text + size,
                                "eni-1 10.0.0.5 8.8.8.8 10.0.64.%d 8.8.8.8 1 2 egress\n", i);
    }
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.own_count[0], 64);
    flat_done(&flat);
}

static void a_node_is_named_by_what_the_line_has(void **state) {
    (void)state;
    static const struct {
        const char *name, *header, *line, *node, *identity, *interface;
    } CASES[] = {
        { "interface", "interface-id", "eni-1", "eni-1", "eni-1", "eni-1" },
        { "interface and instance", "interface-id instance-id", "eni-1 i-1", "eni-1", "i-1",
          "eni-1" },
        { "resource", "interface-id resource-id", "- nat-1", "nat-1", "nat-1", "" },
        { "instance", "interface-id instance-id", "- i-1", "i-1", "i-1", "" },
        { "own address", "interface-id flow-direction", "- ingress", "8.8.8.8", "8.8.8.8", "" },
        { "nothing", "interface-id", "-", "-", "-", "" },
        { "no column", "version", "2", "-", "-", "" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "start end srcaddr dstaddr %s\n10 20 10.0.0.1 8.8.8.8 %s\n", CASES[i].header,
                       CASES[i].line);
        struct flat flat;
        read_text(text, &flat);
        assert_int_equal(flat.count, 1);
        assert_string_equal(flat.records[0].node, CASES[i].node);
        assert_string_equal(flat.records[0].identity, CASES[i].identity);
        assert_string_equal(flat.records[0].interface, CASES[i].interface);
        flat_done(&flat);
    }
}

static void an_instance_id_that_is_missing_now_and_then_does_not_split_a_node(void **state) {
    (void)state;
    struct flat flat;
    read_text("start end srcaddr dstaddr interface-id instance-id\n"
              "10 20 10.0.0.1 8.8.8.8 eni-1 -\n10 20 10.0.0.1 8.8.8.8 eni-1 i-7\n",
              &flat);
    assert_string_equal(flat.records[0].identity, "i-7");
    assert_int_equal(flat.node_count, 1);
    flat_done(&flat);
}

static void the_inventory_names_nodes_and_tells_directions(void **state) {
    (void)state;
    static const struct inventory_row ROWS[] = {
        { "eni-1", "web-1", "i-web-1", 0, 0 }, { "10.0.0.1", "web-1", NULL, 0, 0 },
        { "10.0.0.2", "web-2", NULL, 0, 0 },   { "i-3", "web-3", NULL, 0, 0 },
        { "10.0.0.4", "web-4", NULL, 0, 0 },   { "10.0.0.5", "web-4", NULL, 0, 0 },
    };
    struct inventory inventory = inventory_of(ROWS, 6);
    struct object object = {
        .text = "start end srcaddr dstaddr interface-id instance-id\n"
                "10 20 10.0.0.1 10.0.0.9 eni-1 -\n"  /* by interface; own address by inventory */
                "10 20 10.0.0.2 8.8.8.8 eni-2 -\n"   /* by own address, inferred */
                "10 20 10.0.0.3 8.8.8.8 eni-3 i-3\n" /* by instance */
                "10 20 10.0.0.5 8.8.8.8 - -\n"       /* no id: whose address the inventory knows */
                "10 20 8.8.8.8 10.0.0.4 - -\n",
        .inventory = &inventory,
    };
    struct flat flat;
    object_read(&object, &flat);
    static const char *const NODES[] = { "web-1", "web-2", "web-3", "web-4", "web-4" };
    static const uint8_t DIRECTIONS[] = { DIRECTION_OUT, DIRECTION_OUT, DIRECTION_OUT,
                                          DIRECTION_OUT, DIRECTION_IN };
    for (int i = 0; i < 5; i++) {
        assert_string_equal(flat.records[i].node, NODES[i]);
        assert_int_equal(flat.records[i].direction, DIRECTIONS[i]);
    }
    assert_string_equal(flat.records[0].identity, "i-web-1");
    assert_int_equal(flat.records[0].quality & QUALITY_DIRECTION_INFERRED, 0);
    flat_done(&flat);
}

static void an_inventory_row_counts_only_while_it_is_valid(void **state) {
    (void)state;
    static const struct inventory_row ROWS[] = {
        { "eni-1", "old", NULL, 1, 100000 },
        { "eni-1", "new", NULL, 100000, 200000 },
        { "10.0.0.1", "old", NULL, 1, 100000 },
        { "10.0.0.2", "new", NULL, 100000, 200000 },
    };
    struct inventory inventory = inventory_of(ROWS, 4);
    struct object object = {
        .text = "start end srcaddr dstaddr interface-id\n"
                "90 99 10.0.0.1 10.0.0.2 eni-1\n"
                "90 100 10.0.0.1 10.0.0.2 eni-1\n"
                "90 98 10.0.0.1 10.0.0.2 eni-1\n"
                "90 200 10.0.0.1 10.0.0.2 eni-1\n",
        .inventory = &inventory,
    };
    struct flat flat;
    object_read(&object, &flat);
    static const char *const NODES[] = { "old", "new", "old", "eni-1" };
    static const uint8_t DIRECTIONS[] = { DIRECTION_OUT, DIRECTION_IN, DIRECTION_OUT, 0 };
    for (int i = 0; i < 4; i++) {
        assert_string_equal(flat.records[i].node, NODES[i]);
        assert_int_equal(flat.records[i].direction, DIRECTIONS[i]);
    }
    flat_done(&flat);
}

/* More interfaces than the table of points holds, and more instances of one interface than a list.
 */
static void too_many_interfaces_end_a_batch_and_nothing_is_lost(void **state) {
    (void)state;
    char *text = malloc(70000 * 64);
    size_t size = (size_t)sprintf(text, "start end srcaddr dstaddr interface-id instance-id\n");
    for (int i = 0; i < 40000; i++) {
        size += (size_t)sprintf(text + size, "1 2 10.0.0.1 8.8.8.8 eni-%d -\n", i);
    }
    for (int i = 0; i < 200; i++) {
        size += (size_t)sprintf(text + size, "1 2 10.0.0.1 8.8.8.8 eni-x i-%d\n", i);
    }
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.count, 40200);
    assert_true(flat.batch_count < 10);
    assert_string_equal(flat.records[39999].node, "eni-39999");
    assert_string_equal(flat.records[40199].identity, "i-199");
    flat_done(&flat);
    free(text);
}

static void more_coverage_than_a_batch_holds_goes_to_the_next(void **state) {
    (void)state;
    static const char LINE[] = "2 1 eni-1 - - - - - - - 10 20 - NODATA\n";
    uint32_t count = BATCH_COVERAGE_MAX + 1;
    char *text = malloc(count * (sizeof LINE - 1) + 1);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(text + i * (sizeof LINE - 1), LINE, sizeof LINE);
    }
    struct flat flat;
    read_text(text, &flat);
    assert_int_equal(flat.counts.nodata, count);
    assert_int_equal(flat.batch_count, 2);
    flat_done(&flat);
    free(text);
}

static void a_format_that_cannot_be_used_is_an_argument_error(void **state) {
    (void)state;
    static const char *const FORMATS[] = { "", " , ", "start end start" };
    for (size_t i = 0; i < 3; i++) {
        struct error err;
        struct input *input;
        struct source *source;
        struct source_options options = { .aws_format = FORMATS[i] };
        assert_true(input_open_bytes(&input, bytes_text("x"), &err));
        assert_false(aws_source.open(&source, input, bytes_text("f"), &options, &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
    }
}

static void the_front_of_a_flow_log_is_recognised(void **state) {
    (void)state;
    static const struct {
        const char *front;
        bool want;
    } CASES[] = {
        { HEADER, true },
        { "\nsrcaddr dstaddr start end\n", true },
        { FRONT "- - - - - - - 1431280876 1431280934 - NODATA", true },
        { FRONT "10.0.0.1 8.8.8.8 1 2 6 1 1 1 2 ACCEPT OK\n2 1234", true },
        { "2018-09-22T20:28:14.000Z " FRONT "10.0.0.1 8.8.8.8 1 2 6 1 1 1 2 ACCEPT OK\n", true },
        { "{\"records\":[]}\n", false },
        { "Phony unsupported log format.\n", false },
        { "", false },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(aws_source.recognise(bytes_text(CASES[i].front)), CASES[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_object_has_nothing),
        cmocka_unit_test(blank_lines_are_no_lines),
        cmocka_unit_test(a_default_record_is_read_whole),
        cmocka_unit_test(the_vendors_examples_are_read_in_one_object),
        cmocka_unit_test(layouts_come_from_names_with_underscores_braces_or_dashes),
        cmocka_unit_test(a_header_wins_over_the_format_that_was_told),
        cmocka_unit_test(unknown_fields_are_skipped_with_one_warning),
        cmocka_unit_test(a_header_with_a_field_twice_is_refused_and_so_are_its_lines),
        cmocka_unit_test(a_transit_gateways_line_counts_for_the_attachment_that_it_passes),
        cmocka_unit_test(a_transit_gateways_default_format_is_named_by_a_word),
        cmocka_unit_test(a_byte_order_mark_in_front_is_dropped),
        cmocka_unit_test(rejects_have_line_reason_and_excerpt),
        cmocka_unit_test(only_the_first_rejects_of_an_object_keep_their_text),
        cmocka_unit_test(a_line_that_is_too_long_is_one_reject_wherever_pieces_end),
        cmocka_unit_test(the_last_line_of_a_truncated_input_is_not_trusted),
        cmocka_unit_test(pieces_may_end_anywhere),
        cmocka_unit_test(a_batch_ends_at_its_maximum_and_the_rest_follows),
        cmocka_unit_test(ipv6_addresses_end_a_batch_before_their_dictionary_is_too_large),
        cmocka_unit_test(an_own_address_is_in_every_record_private_before_public),
        cmocka_unit_test(an_interface_is_judged_by_the_batch_in_which_it_first_appears),
        cmocka_unit_test(pods_join_the_own_addresses_of_their_node),
        cmocka_unit_test(own_addresses_of_a_node_are_bounded),
        cmocka_unit_test(a_node_is_named_by_what_the_line_has),
        cmocka_unit_test(an_instance_id_that_is_missing_now_and_then_does_not_split_a_node),
        cmocka_unit_test(the_inventory_names_nodes_and_tells_directions),
        cmocka_unit_test(an_inventory_row_counts_only_while_it_is_valid),
        cmocka_unit_test(too_many_interfaces_end_a_batch_and_nothing_is_lost),
        cmocka_unit_test(more_coverage_than_a_batch_holds_goes_to_the_next),
        cmocka_unit_test(a_format_that_cannot_be_used_is_an_argument_error),
        cmocka_unit_test(the_front_of_a_flow_log_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
