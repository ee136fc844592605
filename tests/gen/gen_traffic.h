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
};

/* Errors: ERROR_LIMIT (no memory). */
bool gen_traffic_init(struct gen_traffic *traffic, const struct gen_fleet *fleet,
                      struct gen_sink sink, uint64_t start_s, struct error *err);
/* Accepts a zeroed one. */
void gen_traffic_done(struct gen_traffic *traffic);

/* Adds the conversations that begin in the minute at `minute_s` to the sink. */
void gen_traffic_minute(struct gen_traffic *traffic, uint64_t minute_s);

#endif
