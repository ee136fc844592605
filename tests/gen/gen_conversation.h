/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_CONVERSATION_H
#define WEIR_TESTS_GEN_CONVERSATION_H

#include "tests/gen/gen_fleet.h"

/* What is said between two ends, before it is written down: as records of flow logs (gen_flow.h) or
 * as packets (gen_packets.h). Both follow gen_shape.h, so that they agree. */

/* The longest conversation, in minutes; longer traffic is several. */
#define GEN_CONVERSATION_MINUTES_MAX 60u
/* A conversation begins this far into its second at most: what it needs for its first packets then
 * still lies in that second. */
#define GEN_OFFSET_US_MAX 700000u

struct gen_end {
    uint32_t node; /* or GEN_OUTSIDE */
    uint32_t pod;  /* 0: the node itself, else pod number + 1 */
    uint16_t port;
    struct address address; /* as it stands in packets */
    uint64_t bytes;         /* sent by this end, IP headers included */
    uint64_t packets;
};

struct gen_conversation {
    struct gen_end client;
    struct gen_end server;
    uint8_t protocol;
    bool is_rejected;    /* the server's security group drops it: one direction, no reply */
    bool is_ongoing;     /* TCP that began before and ends after: no flags to see */
    bool is_reset;       /* ends by RST instead of FIN */
    bool is_refused;     /* TCP: the server answers SYN by RST, and that is all */
    uint16_t event;      /* number of the event it belongs to + 1, or 0 */
    uint64_t start_s;    /* Unix time of the first packet */
    uint32_t offset_us;  /* how far into that second, up to GEN_OFFSET_US_MAX */
    uint32_t duration_s; /* last packet in second start + duration; under an hour */
};

/* Who takes conversations as they are made up. */
struct gen_sink {
    void (*take)(void *context, const struct gen_conversation *conversation);
    void *context;
};

#endif
