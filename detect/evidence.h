/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EVIDENCE_H
#define WEIR_DETECT_EVIDENCE_H

#include "flow/address.h"

/* What a window held of one node and direction, for the person who reads the alert. Built only for
 * nodes of which a rule fires, from the window's conversation cells. Ranked by bytes descending,
 * ties by value ascending, so that arrival order does not matter. */

#define EVIDENCE_TOP 5
#define EVIDENCE_KEYS 5
#define EVIDENCE_OWN_MAX 4

struct evidence_sum {
    uint64_t bytes;
    uint64_t packets;
    uint64_t flows;
};

struct evidence_peer {
    struct address address;
    struct evidence_sum sum;
    int64_t first_ms; /* start of the hour in which the node first called it or its group */
    uint16_t port;    /* as below: that of most bytes with it, ties the smallest */
    uint8_t protocol;
    bool has_port;  /* what is false here is not known */
    bool has_first; /* not called, or forgotten */
    bool has_fleet; /* an outside peer, in a fleet that is old enough to call one rare */
    bool is_rare;   /* nobody else has called it (fleet.h) */
};

struct evidence_port {
    uint16_t port; /* the service side: the lower of the two ports */
    uint8_t protocol;
    struct evidence_sum sum;
};

struct evidence_protocol {
    uint8_t protocol;
    struct evidence_sum sum;
};

/* A conversation by its 5-tuple, local side first. `local` is unspecified (::) when not known. */
struct evidence_key {
    struct address local;
    struct address peer;
    uint16_t local_port;
    uint16_t peer_port;
    uint8_t protocol;
    struct evidence_sum sum;
};

/* Of the external peers that nobody else in the fleet knows, the one to which the node sent most;
 * sums since it was first met (detect/ledger.h). */
struct evidence_rare {
    uint64_t group; /* hash; 0: none */
    struct address peer;
    uint64_t bytes_out;
    uint64_t bytes_in;
    int64_t first_ms;
    uint32_t minutes; /* in which it was met */
    float gap_s;      /* mean time between these */
    uint16_t port;
    bool is_beacon; /* it is met like clockwork */
};

struct evidence {
    struct evidence_sum total; /* of the direction */
    uint64_t peer_count;       /* distinct */
    struct evidence_peer peers[EVIDENCE_TOP];
    uint32_t peer_rows;
    struct evidence_port ports[EVIDENCE_TOP];
    uint32_t port_rows;
    struct evidence_protocol protocols[EVIDENCE_TOP];
    uint32_t protocol_rows;
    struct evidence_key keys[EVIDENCE_KEYS];
    uint32_t key_rows;
    struct address own[EVIDENCE_OWN_MAX]; /* the node's side of its conversations in either
                                             direction: the smallest addresses, ascending */
    uint32_t own_count;
    struct evidence_rare rare;
    bool is_cut; /* the summary's bound was reached: a sample of the conversations, sums exact for
                    those in it */
};

#endif
