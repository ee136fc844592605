/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/community.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct vector {
    const char *name;
    const char *src;
    const char *dst;
    uint16_t src_port, dst_port;
    uint8_t protocol;
    uint16_t seed;
    const char *want;
};

/* Published vectors of the specification, and ids computed with its reference package. */
static const struct vector vectors[] = {
    { "tcp", "128.232.110.120", "66.35.250.204", 34855, 80, 6, 0,
      "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
    { "tcp seed 1", "128.232.110.120", "66.35.250.204", 34855, 80, 6, 1,
      "1:3V71V58M3Ksw/yuFALMcW0LAHvc=" },
    { "udp", "192.168.1.52", "8.8.8.8", 54585, 53, 17, 0, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
    { "sctp", "192.168.170.8", "192.168.170.56", 7, 80, 132, 0, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
    { "icmp echo", "192.168.0.89", "192.168.0.1", 8, 0, 1, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
    { "icmp echo reply", "192.168.0.1", "192.168.0.89", 0, 0, 1, 0,
      "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
    { "icmp unreachable is one-way", "192.168.0.89", "192.168.0.1", 3, 1, 1, 0,
      "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o=" },
    { "icmp6 neighbour", "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, 58, 0,
      "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
    { "no ports", "10.1.24.4", "10.1.12.1", 0, 0, 46, 0, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4=" },
    { "ipv6", "2001:db8::1", "2001:db8::2", 443, 50000, 6, 0, "1:UFel+zfGDXB/GhABjlRQUzVNUI8=" },
};

static struct address address(const char *text) {
    struct address parsed;
    assert_true(address_parse(bytes_text(text), &parsed));
    return parsed;
}

static void ids_equal_the_published_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *v = &vectors[i];
        struct community_flow flow = { address(v->src), address(v->dst), v->src_port, v->dst_port,
                                       v->protocol };
        char id[COMMUNITY_ID_SIZE];
        assert_true(community_id(&flow, v->seed, id));
        if (strcmp(id, v->want) != 0) {
            fail_msg("%s: %s, expected %s", v->name, id, v->want);
        }
    }
}

static void both_directions_have_one_id(void **state) {
    (void)state;
    struct community_flow there = { address("10.0.0.1"), address("10.0.0.1"), 80, 79, 6 };
    struct community_flow back = { there.dst, there.src, 79, 80, 6 };
    char a[COMMUNITY_ID_SIZE];
    char b[COMMUNITY_ID_SIZE];
    assert_true(community_id(&there, 0, a));
    assert_true(community_id(&back, 0, b));
    assert_string_equal(a, b);
}

static void one_way_icmp_has_an_id_a_direction(void **state) {
    (void)state;
    struct community_flow there = { address("10.0.0.1"), address("10.0.0.2"), 3, 1, 1 };
    struct community_flow back = { there.dst, there.src, 3, 1, 1 };
    char a[COMMUNITY_ID_SIZE];
    char b[COMMUNITY_ID_SIZE];
    assert_true(community_id(&there, 0, a));
    assert_true(community_id(&back, 0, b));
    assert_string_not_equal(a, b);
}

static void icmp_of_a_cloud_log_has_no_id_and_of_a_capture_has(void **state) {
    (void)state;
    struct batch batch;
    struct error err;
    assert_true(batch_init(&batch, &err));
    batch.src[0] = dictionary_code(&batch.addresses, address("192.168.0.89"));
    batch.dst[0] = dictionary_code(&batch.addresses, address("192.168.0.1"));
    batch.src_port[0] = 0;
    batch.dst_port[0] = 3 << 8 | 1;
    batch.protocol[0] = 1;
    batch.count = 1;
    struct community_flow flow;
    batch.stamp.origin = ORIGIN_AWS;
    assert_false(community_flow_of(&batch, 0, &flow));
    batch.stamp.origin = ORIGIN_CAPTURE;
    assert_true(community_flow_of(&batch, 0, &flow));
    char id[COMMUNITY_ID_SIZE];
    assert_true(community_id(&flow, 0, id));
    assert_string_equal(id, "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o=");
    batch_done(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_equal_the_published_vectors),
        cmocka_unit_test(both_directions_have_one_id),
        cmocka_unit_test(one_way_icmp_has_an_id_a_direction),
        cmocka_unit_test(icmp_of_a_cloud_log_has_no_id_and_of_a_capture_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
