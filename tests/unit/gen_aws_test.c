/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gen/gen_aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct gen_fleet fleet;

static int set_up(void **state) {
    (void)state;
    if (!gen_fleet_init(&fleet, 1, 2, 1, NULL)) {
        return -1;
    }
    /* Known texts in place of hashes; node 1 is api-1, which has pods. */
    strcpy(fleet.accounts[0].id, "123456789012");
    strcpy(fleet.nodes[1].interface_id, "eni-0123456789abcdef0");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gen_fleet_done(&fleet);
    return 0;
}

static const struct gen_record out_record = {
    .peer = { .high = 0, .low = UINT64_C(0xffff34db0102) },
    .bytes = 5043,
    .packets = 9,
    .start_s = 1700000000,
    .end_s = 1700000059,
    .node = 1,
    .own_port = 40000,
    .peer_port = 443,
    .pod = 2,
    .protocol = 6,
    .tcp_flags = 3,
    .is_egress = true,
};

static const char *line_of(const char *fields, const struct gen_record *record) {
    static char text[GEN_AWS_LINE_SIZE_MAX];
    struct gen_aws_layout layout;
    struct error err = { 0 };
    if (!gen_aws_layout_init(&layout, fields, &err)) {
        fail_msg("%s: %s", fields, err.message);
    }
    *gen_aws_record(text, &layout, &fleet, record) = '\0';
    return text;
}

static void the_default_format_is_the_14_fields_in_order(void **state) {
    (void)state;
    assert_string_equal(line_of("v2", &out_record),
                        "2 123456789012 eni-0123456789abcdef0 10.0.1.1 52.219.1.2 40000 443 6 9 "
                        "5043 1700000000 1700000059 ACCEPT OK\n");
    struct gen_record in = out_record;
    in.is_egress = false;
    in.is_rejected = true;
    assert_string_equal(line_of("v2", &in),
                        "2 123456789012 eni-0123456789abcdef0 52.219.1.2 10.0.1.1 443 40000 6 9 "
                        "5043 1700000000 1700000059 REJECT OK\n");
}

static void a_pod_shows_only_in_the_packets_own_addresses(void **state) {
    (void)state;
    assert_string_equal(line_of("srcaddr pkt-srcaddr dstaddr pkt-dstaddr", &out_record),
                        "10.0.1.1 100.64.1.9 52.219.1.2 52.219.1.2\n");
    struct gen_record in = out_record;
    in.is_egress = false;
    assert_string_equal(line_of("srcaddr pkt-srcaddr dstaddr pkt-dstaddr", &in),
                        "52.219.1.2 52.219.1.2 10.0.1.1 100.64.1.9\n");
}

static void ipv6_traffic_shows_the_interfaces_ipv6_address(void **state) {
    (void)state;
    struct gen_record record = out_record;
    record.peer = (struct address){ .high = UINT64_C(0x2003000000000001), .low = 5 };
    record.pod = 0;
    assert_string_equal(line_of("type srcaddr dstaddr", &record),
                        "IPv6 2a05:d014::101 2003:0:0:1::5\n");
}

static void fields_of_later_versions_say_what_they_mean(void **state) {
    (void)state;
    static const char fields[] =
        "version tcp-flags type region az-id flow-direction traffic-path sublocation-id action";
    assert_string_equal(line_of(fields, &out_record),
                        "5 3 IPv4 eu-central-1 euc1-az2 egress 8 - ACCEPT\n");
    struct gen_record udp = out_record;
    udp.protocol = 17;
    udp.is_egress = false;
    assert_string_equal(line_of(fields, &udp),
                        "5 - IPv4 eu-central-1 euc1-az2 ingress - - ACCEPT\n");
    assert_string_equal(line_of("version next-hop-vpc-id", &out_record), "11 -\n");
    assert_string_equal(line_of("bytes", &out_record), "5043\n");
}

static void a_services_prefix_is_named_on_its_own_side(void **state) {
    (void)state;
    static const char fields[] = "pkt-src-aws-service pkt-dst-aws-service";
    assert_string_equal(line_of(fields, &out_record), "- S3\n");
    struct gen_record record = out_record;
    record.is_egress = false;
    assert_string_equal(line_of(fields, &record), "S3 -\n");
    record.peer = address_from_ipv4(UINT32_C(0x34db2000)); /* 52.219.32.0, one past the prefix */
    assert_string_equal(line_of(fields, &record), "- -\n");
    record.peer = (struct address){ .high = UINT64_C(0x2003000000000001), .low = 0x34db0102 };
    assert_string_equal(line_of(fields, &record), "- -\n");
}

static void a_header_names_the_fields_as_they_stand(void **state) {
    (void)state;
    static const struct {
        const char *fields;
        uint32_t count;
    } versions[] = { { "v2", 14 }, { "v3", 21 }, { "v4", 25 }, { "v5", 29 } };
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct gen_aws_layout layout;
        assert_true(gen_aws_layout_init(&layout, versions[i].fields, NULL));
        assert_int_equal(layout.count, versions[i].count);
    }
    struct gen_aws_layout layout;
    char text[GEN_AWS_LINE_SIZE_MAX];
    assert_true(gen_aws_layout_init(&layout, "  end  bytes ", NULL));
    *gen_aws_header(text, &layout) = '\0';
    assert_string_equal(text, "end bytes\n");
}

static void a_status_line_has_times_and_nothing_measured(void **state) {
    (void)state;
    struct gen_aws_layout layout;
    char text[GEN_AWS_LINE_SIZE_MAX];
    assert_true(gen_aws_layout_init(&layout, "v2", NULL));
    *gen_aws_status(text, &layout, &fleet, 1, GEN_AWS_NODATA, 60, 119) = '\0';
    assert_string_equal(text,
                        "2 123456789012 eni-0123456789abcdef0 - - - - - - - 60 119 - NODATA\n");
    *gen_aws_status(text, &layout, &fleet, 1, GEN_AWS_SKIPDATA, 60, 119) = '\0';
    assert_string_equal(text,
                        "2 123456789012 eni-0123456789abcdef0 - - - - - - - 60 119 - SKIPDATA\n");
}

static void a_wrong_layout_is_refused_by_name(void **state) {
    (void)state;
    static const char *const wrong[] = { "", "   ", "v6", "bytes byte", "Bytes" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gen_aws_layout layout;
        struct error err = { 0 };
        assert_false(gen_aws_layout_init(&layout, wrong[i], &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
    }
}

static void a_layout_holds_64_fields_and_not_one_more(void **state) {
    (void)state;
    char fields[65 * 4 + 1] = "";
    struct gen_aws_layout layout;
    for (int i = 0; i < 64; i++) {
        strcat(fields, "end ");
    }
    assert_true(gen_aws_layout_init(&layout, fields, NULL));
    strcat(fields, "end ");
    struct error err = { 0 };
    assert_false(gen_aws_layout_init(&layout, fields, &err));
    assert_int_equal(err.code, ERROR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_format_is_the_14_fields_in_order),
        cmocka_unit_test(a_pod_shows_only_in_the_packets_own_addresses),
        cmocka_unit_test(ipv6_traffic_shows_the_interfaces_ipv6_address),
        cmocka_unit_test(fields_of_later_versions_say_what_they_mean),
        cmocka_unit_test(a_services_prefix_is_named_on_its_own_side),
        cmocka_unit_test(a_header_names_the_fields_as_they_stand),
        cmocka_unit_test(a_status_line_has_times_and_nothing_measured),
        cmocka_unit_test(a_wrong_layout_is_refused_by_name),
        cmocka_unit_test(a_layout_holds_64_fields_and_not_one_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
