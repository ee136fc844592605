/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/initiator.h"

enum { TCP = 6, UDP = 17, ICMP = 1, FIN = 1, SYN = 2, ACK = 16 };

/* Columns of two are { peer, ours }. */
struct a_case {
    const char *name;
    struct initiator_view view;
    enum side want;
    enum initiator_rule rule;
};

#define BOTH                                                                                       \
    { true, true }
#define PEER                                                                                       \
    { true, false }
#define OURS                                                                                       \
    { false, true }

static const struct a_case CASES[] = {
    { "our SYN beats every port",
      { .protocol = TCP, .has_sent = BOTH, .flags = { SYN | ACK, SYN | FIN }, .is_service = OURS },
      SIDE_LOCAL,
      INITIATOR_BY_FLAGS },
    { "their SYN",
      { .protocol = TCP, .has_sent = BOTH, .flags = { SYN, SYN | ACK }, .is_service = PEER },
      SIDE_PEER,
      INITIATOR_BY_FLAGS },
    { "we accepted, their SYN is not told",
      { .protocol = TCP, .has_sent = BOTH, .flags = { 0, SYN | ACK }, .is_service = PEER },
      SIDE_PEER,
      INITIATOR_BY_FLAGS },
    { "they accepted, one side only",
      { .protocol = TCP, .has_sent = PEER, .flags = { SYN | ACK, 0 } },
      SIDE_LOCAL,
      INITIATOR_BY_FLAGS },
    { "SYN and ACK on both sides say nothing",
      { .protocol = TCP, .has_sent = BOTH, .flags = { SYN | ACK, SYN | ACK }, .is_service = PEER },
      SIDE_LOCAL,
      INITIATOR_BY_SERVICE },
    { "a simultaneous open says nothing",
      { .protocol = TCP, .has_sent = BOTH, .flags = { SYN, SYN }, .is_service = OURS },
      SIDE_PEER,
      INITIATOR_BY_SERVICE },
    { "flags of UDP are none",
      { .protocol = UDP, .has_sent = BOTH, .flags = { 0, SYN }, .is_service = OURS },
      SIDE_PEER,
      INITIATOR_BY_SERVICE },
    { "reflected DNS is theirs, though its port is a service",
      { .protocol = UDP, .has_sent = PEER, .is_service = PEER },
      SIDE_PEER,
      INITIATOR_BY_INGRESS },
    { "UDP that only we sent goes by ports",
      { .protocol = UDP, .has_sent = OURS, .is_service = OURS },
      SIDE_PEER,
      INITIATOR_BY_SERVICE },
    { "half a log of our download: their service port",
      { .protocol = TCP, .has_sent = PEER, .is_service = PEER },
      SIDE_LOCAL,
      INITIATOR_BY_ONE_SIDE },
    { "half a log of our own service",
      { .protocol = TCP, .has_sent = OURS, .is_service = OURS },
      SIDE_PEER,
      INITIATOR_BY_ONE_SIDE },
    { "one side, no service port: the sender",
      { .protocol = TCP, .has_sent = PEER },
      SIDE_PEER,
      INITIATOR_BY_ONE_SIDE },
    { "one side, two service ports: the sender",
      { .protocol = TCP, .has_sent = OURS, .is_service = BOTH },
      SIDE_LOCAL,
      INITIATOR_BY_ONE_SIDE },
    { "their service port",
      { .protocol = TCP, .has_sent = BOTH, .is_service = PEER, .is_first = PEER },
      SIDE_LOCAL,
      INITIATOR_BY_SERVICE },
    { "our port was used 8 times, theirs once",
      { .protocol = TCP, .has_sent = BOTH, .uses = { 1, 8 }, .is_first = OURS },
      SIDE_PEER,
      INITIATOR_BY_USE },
    { "theirs was used 9 times, ours twice",
      { .protocol = TCP, .has_sent = BOTH, .uses = { 9, 2 }, .is_first = PEER },
      SIDE_LOCAL,
      INITIATOR_BY_USE },
    { "seven uses are too few",
      { .protocol = TCP, .has_sent = BOTH, .uses = { 0, 7 }, .is_first = OURS },
      SIDE_LOCAL,
      INITIATOR_BY_START },
    { "four times as many are not more",
      { .protocol = TCP, .has_sent = BOTH, .uses = { 2, 8 }, .is_first = OURS },
      SIDE_LOCAL,
      INITIATOR_BY_START },
    { "most uses that are counted",
      { .protocol = TCP, .has_sent = BOTH, .uses = { UINT32_MAX, UINT32_MAX / 4 + 1 } },
      SIDE_PEER,
      INITIATOR_BY_LOWER_PORT },
    { "they sent first",
      { .protocol = ICMP, .has_sent = BOTH, .is_service = BOTH, .is_first = PEER },
      SIDE_PEER,
      INITIATOR_BY_START },
    { "the lower port serves, ours",
      { .protocol = UDP, .has_sent = BOTH, .ports = { 40000, 30000 } },
      SIDE_PEER,
      INITIATOR_BY_LOWER_PORT },
    { "the lower port serves, theirs",
      { .protocol = UDP, .has_sent = BOTH, .ports = { 30000, 40000 } },
      SIDE_LOCAL,
      INITIATOR_BY_LOWER_PORT },
    { "equal ports: the peer opens",
      { .protocol = UDP, .has_sent = BOTH, .ports = { 4500, 4500 } },
      SIDE_PEER,
      INITIATOR_BY_LOWER_PORT },
};

static void the_first_rule_that_applies_decides(void **state) {
    (void)state;
    bool is_tested[INITIATOR_RULE_COUNT] = { false };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct initiator_guess guess = initiator_guess(&CASES[i].view);
        if (guess.side != CASES[i].want || guess.rule != CASES[i].rule) {
            fail_msg("%s: side %d by %s", CASES[i].name, guess.side,
                     initiator_rule_name(guess.rule));
        }
        is_tested[guess.rule] = true;
    }
    for (size_t r = 0; r < INITIATOR_RULE_COUNT; r++) {
        assert_true(is_tested[r]);
    }
}

/* Seen from the peer's side the same conversation has the other side as its opener, but where the
 * rule itself looks at where we stand. */
static void both_ends_name_the_same_opener(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct initiator_view view = CASES[i].view;
        if (CASES[i].rule == INITIATOR_BY_INGRESS || view.ports[0] == view.ports[1]) {
            continue;
        }
        struct initiator_view turned = view;
        for (int s = 0; s < 2; s++) {
            turned.ports[s] = view.ports[1 - s];
            turned.uses[s] = view.uses[1 - s];
            turned.flags[s] = view.flags[1 - s];
            turned.has_sent[s] = view.has_sent[1 - s];
            turned.is_service[s] = view.is_service[1 - s];
            turned.is_first[s] = view.is_first[1 - s];
        }
        struct initiator_guess guess = initiator_guess(&turned);
        if (guess.rule != INITIATOR_BY_INGRESS && (int)guess.side != 1 - (int)CASES[i].want) {
            fail_msg("%s", CASES[i].name);
        }
    }
}

/* Over all flags of which none is SYN, all senders, ports and a few protocols. */
static void the_plain_guess_is_the_same(void **state) {
    (void)state;
    static const uint8_t protocols[] = { ICMP, TCP, UDP, 47 };
    uint32_t count = 0;
    for (uint32_t bits = 0; bits < 1u << 16; bits++) {
        struct initiator_view view = {
            .ports = { 443, 40000 },
            .flags = { (uint8_t)((bits & 15) * 4), (uint8_t)((bits >> 4 & 15) * 2) },
            .has_sent = { (bits >> 8 & 1) != 0, (bits >> 9 & 1) != 0 },
            .is_service = { (bits >> 10 & 1) != 0, (bits >> 11 & 1) != 0 },
            .is_first = { (bits >> 12 & 1) != 0, (bits >> 13 & 1) != 0 },
            .protocol = protocols[bits >> 14],
        };
        bool is_plain = !initiator_asks_use(&view) && ((view.flags[0] | view.flags[1]) & SYN) == 0;
        if (!is_plain || (!view.has_sent[0] && !view.has_sent[1])) {
            continue;
        }
        struct initiator_guess want = initiator_guess(&view);
        struct initiator_guess got = initiator_guess_plainly(view.protocol, view.has_sent[0],
                                                             view.has_sent[1], view.is_service[0]);
        assert_int_equal(got.side, want.side);
        assert_int_equal(got.rule, want.rule);
        count++;
    }
    assert_true(count > 5000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_applies_decides),
        cmocka_unit_test(both_ends_name_the_same_opener),
        cmocka_unit_test(the_plain_guess_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
