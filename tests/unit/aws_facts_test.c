/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/aws_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define V2                                                                                         \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "      \
    "start end action log-status"
#define BEST V2 " instance-id tcp-flags pkt-srcaddr pkt-dstaddr flow-direction"

static struct source_description describe(const char *names, enum aws_layout_origin origin) {
    struct aws_layout layout;
    struct error err;
    struct source_description description;
    if (!aws_layout_parse(&layout, bytes_text(names), &err)) {
        fail_msg("%s: %s", names, err.message);
    }
    aws_facts_describe(&layout, origin, false, &description);
    return description;
}

/* The ids of all facts, with a blank between them. */
static const char *ids(const struct source_description *description) {
    static char text[1024];
    text[0] = '\0';
    for (uint32_t i = 0; i < description->fact_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : " ",
                 description->facts[i].id);
    }
    return text;
}

static void each_missing_field_is_told_and_no_other(void **state) {
    (void)state;
    static const struct {
        const char *names;
        const char *want;
    } CASES[] = {
        { BEST, "" },
        { V2, "no_flow_direction no_tcp_flags no_packet_addresses no_instance_id" },
        { V2 " flow-direction", "no_tcp_flags no_packet_addresses no_instance_id" },
        { V2 " flow-direction tcp-flags", "no_packet_addresses no_instance_id" },
        { V2 " flow-direction tcp-flags pkt-srcaddr", "no_packet_addresses no_instance_id" },
        { V2 " flow-direction tcp-flags pkt-dstaddr pkt-srcaddr", "no_instance_id" },
        { "srcaddr dstaddr start end bytes packets action log-status tcp-flags flow-direction "
          "pkt-srcaddr pkt-dstaddr",
          "no_interface_id no_instance_id" },
        { "interface-id instance-id srcaddr dstaddr start end packets action log-status tcp-flags "
          "flow-direction pkt-srcaddr pkt-dstaddr",
          "no_bytes" },
        { "resource-id instance-id pkt-srcaddr pkt-dstaddr start end bytes tcp-flags "
          "flow-direction",
          "no_log_status no_packets no_action" },
        { "interface-id srcaddr dstaddr bytes", "no_times_or_addresses" },
        { "start end bytes packets", "no_times_or_addresses" },
        { "version tgw-id srcaddr dstaddr start end", "transit_gateway" },
        { BEST " brand-new-field", "unknown_fields" },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct source_description description = describe(CASES[i].names, AWS_LAYOUT_HEADER);
        if (strcmp(ids(&description), CASES[i].want) != 0) {
            fail_msg("%s: %s", CASES[i].names, ids(&description));
        }
    }
}

static void unknown_fields_are_named(void **state) {
    (void)state;
    struct source_description description = describe(BEST " one two", AWS_LAYOUT_HEADER);
    assert_string_equal(description.facts[0].detail, "one, two");
}

static void every_fact_says_what_why_and_what_to_do(void **state) {
    (void)state;
    static const char *const NAMES[] = { "srcaddr dstaddr start end x", "bytes", "tgw-id" };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct source_description description = describe(NAMES[i], AWS_LAYOUT_HEADER);
        assert_true(description.fact_count > 0);
        for (uint32_t k = 0; k < description.fact_count; k++) {
            assert_non_null(description.facts[k].what);
            assert_non_null(description.facts[k].why);
            assert_non_null(description.facts[k].advice);
        }
    }
}

/* By a field of each version beside those of version 2; the vendor's table has no version 6. */
static void the_version_is_the_highest_of_the_fields(void **state) {
    (void)state;
    static const struct {
        const char *name;
        unsigned version;
    } CASES[] = {
        { "end", 2 },
        { "vpc-id", 3 },
        { "pkt-dstaddr", 3 },
        { "region", 4 },
        { "sublocation-id", 4 },
        { "pkt-src-aws-service", 5 },
        { "traffic-path", 5 },
        { "ecs-cluster-arn", 7 },
        { "ecs-task-id", 7 },
        { "reject-reason", 8 },
        { "resource-id", 9 },
        { "encryption-status", 10 },
        { "instance-tag", 11 },
        { "next-hop-interface-type", 11 },
        { "of-no-version", 0 },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct aws_layout layout;
        struct error err;
        assert_true(aws_layout_parse(&layout, bytes_text(CASES[i].name), &err));
        assert_int_equal(aws_layout_version(&layout), CASES[i].version);
    }
}

static void a_layout_tells_its_columns_in_their_order_and_where_it_is_from(void **state) {
    (void)state;
    struct source_description description = describe("end tgw-id vpc_id what", AWS_LAYOUT_HEADER);
    assert_string_equal(description.layout,
                        "4 fields of version 6 (header line): end tgw-id vpc-id ?");
    description = describe("bytes", AWS_LAYOUT_GIVEN);
    assert_string_equal(description.layout, "1 field of version 2 (as --aws-format says): bytes");
    struct aws_layout layout;
    aws_layout_default(&layout);
    aws_facts_describe(&layout, AWS_LAYOUT_ASSUMED, false, &description);
    assert_string_equal(description.layout,
                        "14 fields of version 2 (no header line, so the default format): " V2);
}

static void lines_in_json_are_said_to_be(void **state) {
    (void)state;
    struct aws_layout layout;
    struct error err;
    struct source_description description;
    assert_true(aws_layout_parse(&layout, bytes_text("bytes"), &err));
    aws_facts_describe(&layout, AWS_LAYOUT_GIVEN, true, &description);
    assert_string_equal(description.layout,
                        "lines inside JSON; 1 field of version 2 (as --aws-format says): bytes");
}

static void a_header_that_cannot_be_used_has_no_facts(void **state) {
    (void)state;
    struct aws_layout layout = { 0 };
    struct source_description description;
    aws_facts_describe(&layout, AWS_LAYOUT_HEADER, false, &description);
    assert_string_equal(description.layout, "a header line that cannot be used");
    assert_int_equal(description.fact_count, 0);
}

/* As many columns as a layout can have, each with the longest name. */
static void a_layout_of_all_columns_is_cut_with_its_end_marked(void **state) {
    (void)state;
    struct aws_layout layout;
    struct error err;
    struct source_description description;
    assert_true(aws_layout_parse(&layout, bytes_text("ecs-container-instance-arn"), &err));
    for (uint32_t i = 0; i < AWS_COLUMNS_MAX; i++) {
        layout.names[i] = layout.names[0];
    }
    layout.column_count = AWS_COLUMNS_MAX;
    aws_facts_describe(&layout, AWS_LAYOUT_HEADER, false, &description);
    size_t size = strlen(description.layout);
    assert_int_equal(size, sizeof description.layout - 1);
    assert_string_equal(description.layout + size - 3, "...");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_missing_field_is_told_and_no_other),
        cmocka_unit_test(unknown_fields_are_named),
        cmocka_unit_test(every_fact_says_what_why_and_what_to_do),
        cmocka_unit_test(the_version_is_the_highest_of_the_fields),
        cmocka_unit_test(a_layout_tells_its_columns_in_their_order_and_where_it_is_from),
        cmocka_unit_test(lines_in_json_are_said_to_be),
        cmocka_unit_test(a_header_that_cannot_be_used_has_no_facts),
        cmocka_unit_test(a_layout_of_all_columns_is_cut_with_its_end_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
