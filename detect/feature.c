/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/feature.h"

#include "flow/batch.h"

#define REPLIES FEATURE_NEEDS_REPLIES
#define NOVELTY FEATURE_NEEDS_NOVELTY
#define IN DIRECTION_IN
#define OUT DIRECTION_OUT
#define PRIOR FEATURE_COLD_NEEDS_PRIOR
#define ZERO FEATURE_COLD_MAY_BE_ZERO

/* clang-format off: one row a line */
const struct feature_row feature_rows[FEATURE_COUNT] = {
    [FEATURE_OUT_INIT] = { "out_init", "bytes/min", 1e4f, OUT, 0, PRIOR, "sent",
                           "bytes sent in conversations that the node opened" },
    [FEATURE_OUT_SERV] = { "out_serv", "bytes/min", 1e4f, OUT, 0, PRIOR, "served",
                           "bytes sent in conversations that peers opened" },
    [FEATURE_UNSOL] = { "unsol", "bytes/min", 1e4f, IN, REPLIES, ZERO, "unsolicited in",
                        "bytes of peers that the node never answered" },
    [FEATURE_REQ] = { "req", "conversations/min", 5, IN, 0, PRIOR, "calls in",
                      "new conversations that outside peers opened" },
    [FEATURE_HALF] = { "half", "conversations/min", 20, IN, REPLIES, ZERO, "half-open calls in",
                       "TCP that peers opened and did not complete" },
    [FEATURE_UNREP] = { "unrep", "packets/min", 50, OUT, REPLIES, ZERO, "packets out without reply",
                        "packets sent to peers that never answered" },
    [FEATURE_PORTS] = { "ports", "ports", 2, OUT, 0, ZERO, "ports called",
                        "different ports that the node called" },
    [FEATURE_ADM] = { "adm", "conversations/min", 5, OUT, 0, ZERO, "admin calls",
                      "new calls to ports of remote administration" },
    [FEATURE_SMTP] = { "smtp", "peers", 1, OUT, 0, ZERO, "mail peers",
                       "different peers that the node called to hand over mail" },
    [FEATURE_SMTP_NEW] = { "smtp_new", "peers", 1, OUT, NOVELTY, ZERO, "new mail peers",
                           "those of them that are novel" },
    [FEATURE_DNS_LONG] = { "dns_long", "bytes/min", 500, OUT, 0, ZERO, "in long DNS packets",
                           "bytes of long packets sent to DNS servers" },
    [FEATURE_NEWFAIL] = { "newfail", "peers", 3, OUT, REPLIES | NOVELTY, ZERO,
                          "strangers called in vain",
                          "novel peers that refused or did not answer" },
    [FEATURE_DNS_LONG_H] = { "dns_long_h", "bytes", 4000, OUT, 0, PRIOR,
                             "in long DNS packets within an hour", "dns_long over the last hour" },
    [FEATURE_NEWFAIL_H] = { "newfail_h", "peers", 24, OUT, REPLIES | NOVELTY, PRIOR,
                            "strangers called in vain within an hour",
                            "newfail over the last hour" },

    [FEATURE_NEWPEERS] = { "newpeers", "peers", 0, OUT, NOVELTY, 0, "strangers called",
                           "novel peers that the node called" },
    [FEATURE_IN_FLOWS] = { "in_flows", "conversations/min", 0, IN, 0, 0, "calls in",
                           "new conversations that peers opened" },
    [FEATURE_OUT_FLOWS] = { "out_flows", "conversations/min", 0, OUT, 0, 0, "calls out",
                            "new conversations that the node opened" },
    [FEATURE_OUT_FAIL] = { "out_fail", "conversations/min", 0, OUT, REPLIES, 0, "failed calls",
                           "of those, rejected or without reply" },
    [FEATURE_REFUSED] = { "refused", "conversations/min", 0, OUT, REPLIES, 0, "refused calls",
                          "of those, refused by the peer" },
    [FEATURE_AMP] = { "amp", "bytes/min", 0, IN, 0, 0, "from amplifiers",
                      "UDP bytes from ports of services that amplify" },
    [FEATURE_PPF] = { "ppf", "packets", 0, OUT, REPLIES, 0, "packets an unanswered call",
                      "packets an unanswered conversation and window" },
    [FEATURE_OUT_PENDING] = { "out_pending", "bytes/min", 0, OUT, 0, 0, "sent and not answered yet",
                              "out_init to peers that may still answer" },
    [FEATURE_OUT_EXTERNAL] = { "out_external", "bytes/min", 0, OUT, 0, 0, "sent outside",
                               "the part of out_init that left the fleet" },
    [FEATURE_IN_BYTES] = { "in_bytes", "bytes/min", 0, IN, 0, 0, "in",
                           "bytes that the node received" },
    [FEATURE_OUT_BYTES] = { "out_bytes", "bytes/min", 0, OUT, 0, 0, "out",
                            "bytes that the node sent" },
    [FEATURE_IN_PACKETS] = { "in_packets", "packets/min", 0, IN, 0, 0, "packets in",
                             "packets that the node received" },
    [FEATURE_OUT_PACKETS] = { "out_packets", "packets/min", 0, OUT, 0, 0, "packets out",
                              "packets that the node sent" },
    [FEATURE_IN_RECORDS] = { "in_records", "flows/min", 0, IN, 0, 0, "flows in",
                             "flows to the node that ended" },
    [FEATURE_OUT_RECORDS] = { "out_records", "flows/min", 0, OUT, 0, 0, "flows out",
                              "flows of the node that ended" },
    [FEATURE_LED_NOW] = { "led_now", "bytes/min", 0, OUT, NOVELTY, 0, "to rare peers",
                          "the part of out_init that rare peers got" },
    [FEATURE_LED_OUT] = { "led_out", "bytes", 0, OUT, NOVELTY, 0, "to one rare peer",
                          "bytes sent to one rare peer since it was first met" },
    [FEATURE_LED_IN] = { "led_in", "bytes", 0, OUT, NOVELTY, 0, "from one rare peer",
                         "bytes received from the same" },
    [FEATURE_LED_OUT_LIMIT] = { "led_out_limit", "bytes", 0, OUT, NOVELTY, 0,
                                "to one rare peer at most", "what led_out may reach" },
    [FEATURE_LED_RATE] = { "led_rate", "bytes/min", 0, OUT, NOVELTY, 0, "to one rare peer",
                           "bytes sent to one rare peer in the window" },
    [FEATURE_LED_RATE_LIMIT] = { "led_rate_limit", "bytes/min", 0, OUT, NOVELTY, 0,
                                 "to one rare peer at most", "what led_rate may reach" },
    [FEATURE_LED_LONG] = { "led_long", "bytes", 0, OUT, NOVELTY, 0,
                           "little by little to one rare peer",
                           "bytes sent to one rare peer that has been met for long" },
    [FEATURE_LED_LONG_LIMIT] = { "led_long_limit", "bytes", 0, OUT, NOVELTY, 0,
                                 "little by little to one rare peer at most",
                                 "what led_long may reach" },
    [FEATURE_LED_MINUTES] = { "led_minutes", "minutes", 0, OUT, NOVELTY, 0,
                              "minutes with one rare peer",
                              "minutes in which one rare peer was met" },
    [FEATURE_LED_MINUTES_LIMIT] = { "led_minutes_limit", "minutes", 0, OUT, NOVELTY, 0,
                                    "minutes with one rare peer at most",
                                    "what led_minutes may reach" },
    [FEATURE_DRIFT] = { "drift", "bits", 0, OUT, 0, 0, "bits of drift",
                        "out_init's level over that of the last fortnight" },
};
/* clang-format on */

uint64_t feature_absent(uint8_t missing) {
    uint64_t absent = 0;
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        absent |= (feature_rows[f].needs & missing) != 0 ? feature_bit((enum feature)f) : 0;
    }
    return absent;
}
