/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_TRAFFIC_H
#define WEIR_TESTS_GEN_TRAFFIC_H

#include "tests/gen/gen_conversation.h"
#include "tests/gen/gen_rng.h"

/* What flows on an ordinary day: for each role a list of kinds of conversation, each with its rate,
 * day curve and sizes. One thread at a time. */

struct gen_traffic {
    const struct gen_fleet *fleet;
    struct gen_sink sink;
    struct gen_rng rng;
    uint64_t start_s; /* the fleet's first second: midnight or not, days are UTC's */
    /* What each node sent and received since the start in conversations begun so far, events
     * excluded: the usual traffic that an event is a multiple of. */
    uint64_t *sent_bytes;
    uint64_t *received_bytes;
    double
        *boosts; /* by node: its usual traffic is multiplied by this; 1 unless an event says so */
};

/* Errors: ERROR_LIMIT (no memory). */
bool gen_traffic_init(struct gen_traffic *traffic, const struct gen_fleet *fleet,
                      struct gen_sink sink, uint64_t start_s, struct error *err);
/* Accepts a zeroed one. */
void gen_traffic_done(struct gen_traffic *traffic);

/* Packets and bytes of a payload: its segments, an acknowledgement for two of the other side's, and
 * the handshake's. Protocol, addresses and is_ongoing are set already. */
void gen_conversation_fill(struct gen_conversation *conversation, uint64_t request, uint64_t reply);

/* Adds the conversations that begin in the minute at `minute_s` to the sink. */
void gen_traffic_minute(struct gen_traffic *traffic, uint64_t minute_s);

#endif
