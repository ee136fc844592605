/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/peer_group.h"

static struct error err;

static struct peer_group group_of(const struct peer_grouping *grouping, const char *text) {
    struct address address;
    assert_true(address_parse(bytes_text(text), &address));
    return peer_group_of(grouping, address);
}

static void peers_share_a_group_by_service_or_network(void **state) {
    (void)state;
    static const struct {
        const char *one, *other;
        bool is_one_group;
    } cases[] = {
        { "8.8.8.8", "8.8.8.200", true },
        { "8.8.8.8", "8.8.9.8", false },
        { "52.216.0.0", "52.217.255.255", true },
        { "52.216.0.1", "3.5.200.1", true },
        { "52.215.255.255", "52.216.0.0", false },
        { "52.217.255.255", "52.218.128.0", false },
        { "10.0.0.1", "10.0.0.2", false },
        { "10.0.0.1", "10.0.0.1", true },
        { "2600:1:2:3::1", "2600:1:2:4::1", true },
        { "2600:1:2::1", "2600:1:3::1", false },
        { "fd00::1", "fd00::2", false },
    };
    struct peer_grouping grouping;
    assert_true(peer_grouping_init(&grouping, NULL, peer_prefixes, peer_prefix_count, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_one =
            group_of(&grouping, cases[i].one).group == group_of(&grouping, cases[i].other).group;
        if (is_one != cases[i].is_one_group) {
            fail_msg("%s and %s", cases[i].one, cases[i].other);
        }
    }
    assert_true(group_of(&grouping, "192.168.1.1").is_internal);
    assert_true(group_of(&grouping, "100.64.1.8").is_internal);
    assert_false(group_of(&grouping, "8.8.8.8").is_internal);
    assert_false(group_of(&grouping, "240.1.2.3").is_internal); /* spoofed, but not one of ours */
    peer_grouping_done(&grouping);
}

/* A /24 has other tenants; a service is one, whatever address answers. */
static void the_fleet_knows_a_peer_by_service_else_by_host(void **state) {
    (void)state;
    struct peer_grouping grouping;
    assert_true(peer_grouping_init(&grouping, NULL, peer_prefixes, peer_prefix_count, &err));
    struct peer_group one = group_of(&grouping, "203.0.113.7");
    struct peer_group other = group_of(&grouping, "203.0.113.8");
    assert_true(one.group == other.group && one.host != other.host);
    one = group_of(&grouping, "2001:db8:1:2::1");
    other = group_of(&grouping, "2001:db8:1:2::2");
    assert_true(one.host == other.host);
    assert_true(one.host != group_of(&grouping, "2001:db8:1:3::1").host);
    one = peer_group_of(&grouping, peer_prefixes[0].prefix.address);
    assert_true(one.host == one.group && one.host != one.address);
    peer_grouping_done(&grouping);
}

static void the_table_can_be_replaced_but_not_overlap(void **state) {
    (void)state;
    struct peer_prefix mine[2] = { { .service = "cdn" }, { .service = "store" } };
    assert_true(prefix_parse(bytes_text("8.8.0.0/16"), &mine[0].prefix, &err));
    assert_true(prefix_parse(bytes_text("9.0.0.0/8"), &mine[1].prefix, &err));
    struct peer_grouping grouping;
    assert_true(peer_grouping_init(&grouping, NULL, mine, 2, &err));
    assert_true(group_of(&grouping, "8.8.1.1").group == group_of(&grouping, "8.8.2.2").group);
    assert_true(group_of(&grouping, "8.8.1.1").group != group_of(&grouping, "9.8.2.2").group);
    peer_grouping_done(&grouping);
    assert_true(prefix_parse(bytes_text("8.8.8.0/24"), &mine[1].prefix, &err));
    assert_false(peer_grouping_init(&grouping, NULL, mine, 2, &err));
    assert_int_equal(err.code, ERROR_ARGUMENT);
    peer_grouping_done(&grouping);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_share_a_group_by_service_or_network),
        cmocka_unit_test(the_fleet_knows_a_peer_by_service_else_by_host),
        cmocka_unit_test(the_table_can_be_replaced_but_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
