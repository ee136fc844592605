/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_KIND_H
#define WEIR_TESTS_GEN_KIND_H

#include "tests/gen/gen_fleet.h"
#include "tests/gen/gen_pool.h"

/* The kinds of planned events, as rows of numbers: what flows, between whom, how much, and where
 * and when a random plan puts it. Attacks are defined in gen_attack.c, benign events in
 * gen_benign.c; neither knows what a detector looks for. */

enum gen_event_kind {
    /* Attacks. The order of the first three is part of the peers that they meet. */
    GEN_EVENT_EXFIL, /* 100 times the usual to a host that the fleet never met */
    GEN_EVENT_DOS,   /* a UDP flood from some hundred sources, accepted */
    GEN_EVENT_SYN_FLOOD,
    GEN_EVENT_EXFIL_10X,
    GEN_EVENT_EXFIL_3X,
    GEN_EVENT_EXFIL_KNOWN, /* the same three to a service that the node uses every day */
    GEN_EVENT_EXFIL_KNOWN_10X,
    GEN_EVENT_EXFIL_KNOWN_3X,
    GEN_EVENT_EXFIL_DRIP, /* a little every ten minutes, for a day */
    GEN_EVENT_EXFIL_BURSTS,
    GEN_EVENT_EXFIL_BACKUP_HOUR, /* while the node's own backup runs */
    GEN_EVENT_EXFIL_YOUNG,       /* from a node in its first hours */
    GEN_EVENT_EXFIL_RAMP,        /* from 1 to 100 times in three days */
    GEN_EVENT_DNS_FAST,
    GEN_EVENT_DNS_SLOW,
    GEN_EVENT_SPAM,
    GEN_EVENT_SCAN_FAST,
    GEN_EVENT_SCAN_SLOW,
    GEN_EVENT_SCAN_VERTICAL,
    GEN_EVENT_SCAN_LATERAL,
    GEN_EVENT_BRUTE_SSH,
    GEN_EVENT_BRUTE_RDP,
    GEN_EVENT_FLOOD_OUT,
    GEN_EVENT_AMPLIFICATION,
    GEN_EVENT_REQUEST_FLOOD,
    GEN_EVENT_CARPET, /* a UDP flood over several nodes */
    GEN_EVENT_BEACON,
    GEN_EVENT_MINING,
    GEN_EVENT_ATTACK_COUNT,
    /* Benign events. */
    GEN_EVENT_BACKUP = GEN_EVENT_ATTACK_COUNT, /* to the object store, at night */
    GEN_EVENT_BACKUP_NEW,                      /* to a new host, nightly from some night on */
    GEN_EVENT_WEEKLY_JOB,
    GEN_EVENT_DEPLOY,
    GEN_EVENT_FLASH_CROWD,
    GEN_EVENT_RETRY_STORM,
    GEN_EVENT_DNS_STORM,
    GEN_EVENT_NEWSLETTER,
    GEN_EVENT_FAILOVER,
    GEN_EVENT_DOWNLOADS,
    GEN_EVENT_UPLOAD, /* to a peer of the benign churn */
    GEN_EVENT_REGION_MOVE,
    GEN_EVENT_LOG_GAP,
    GEN_EVENT_LOG_SKIP,
    GEN_EVENT_KIND_COUNT,
};

#define GEN_EVENT_PORTS_MAX 8u
#define GEN_EVENT_NODES_MAX 16u

/* What makes the traffic of an event. */
enum gen_engine {
    GEN_TRANSFER, /* bytes, as a multiple of the node's usual: gen_transfer.c */
    GEN_CALLS,    /* conversations, so many a minute: gen_calls.c */
    GEN_BOOST,    /* the node's ordinary traffic, multiplied */
    GEN_GAP,      /* nothing: what the node did is not logged */
    GEN_SKIP,     /* the same, half of it, and the log says so */
};

enum gen_direction {
    GEN_SENDS,   /* we call, and the bytes go out */
    GEN_FETCHES, /* we call, and the bytes come in */
    GEN_SERVES,  /* we are called, and the bytes go out */
    GEN_SUFFERS, /* we are called, and the bytes come in */
};

enum gen_peers {
    GEN_PEERS_OWN,      /* hosts of this event alone, which nobody met before */
    GEN_PEERS_KNOWN,    /* those of the pool that everybody meets most often */
    GEN_PEERS_PARTNER,  /* the same host at each event of this kind and node */
    GEN_PEERS_DRAWN,    /* as ordinary traffic draws them from the pool */
    GEN_PEERS_FRESH,    /* another for each conversation */
    GEN_PEERS_ROLE,     /* nodes of ours in `peer_role` */
    GEN_PEERS_INTERNAL, /* any private address of ours, with a node behind it or not */
};

struct gen_event_row {
    const char *name;
    const char *class; /* that a detector should name; NULL: benign */
    const char *also;  /* other classes that are right as well, a space apart, or NULL */
    const char *part;  /* of a benign kind: the name that switches it on and off */
    enum gen_engine engine;
    enum gen_direction direction;
    enum gen_peers peers;
    enum gen_pool pool;
    enum gen_role peer_role;
    uint8_t protocol;
    uint16_t ports[GEN_EVENT_PORTS_MAX]; /* of the server, up to the first 0; an event takes one */
    bool is_declared;                    /* operators know of it beforehand */
    bool is_absolute;                    /* of a transfer: `fold` is megabytes a minute */
    bool may_be_ipv6;                    /* peers of pools that have IPv6 members */
    bool is_own_port;                    /* `ports` are the client's: reflectors answer from them */
    bool is_port_each;                   /* each conversation takes a port, not each event */
    bool is_port_sweep;                  /* the ports from 1 on, one after the other */
    bool is_hump;                        /* swells and ebbs */
    bool is_ramp;        /* grows exponentially from the usual to `fold` times of it */
    bool is_kept;        /* one connection for the whole event, a piece of it each minute */
    uint32_t peer_count; /* of OWN, KNOWN and PARTNER */
    /* Transfers. */
    uint32_t streams;        /* conversations at a time */
    uint32_t minutes;        /* that each lasts */
    uint32_t period_minutes; /* one begins so often; 0: as the one before ends */
    uint32_t packet_bytes;
    double reply_share; /* bytes that come back, as a share */
    double fold;        /* of the usual, or conversations a minute, when the plan does not say */
    /* Conversations: `packets_max` packets of `packet_bytes_max` at most from the caller, or, when
     * that is 0, payloads by the log2 of their median. */
    uint32_t answered_permille;
    uint32_t refused_permille; /* of the rest, some meet a RST, others silence */
    uint32_t packets_min, packets_max;
    uint32_t packet_bytes_min, packet_bytes_max;
    double request, reply, deviation, duration; /* log2, as in gen_role.h */
    uint32_t gap_min_s, gap_max_s;              /* of a beacon: between two; 0: chance decides */
    /* A random plan. */
    uint32_t roles; /* bits 1 << GEN_..., on which it happens */
    uint32_t minutes_min, minutes_max;
    double fold_min, fold_max; /* drawn log-uniformly */
    uint32_t nodes_min, nodes_max;
    double a_week;                  /* benign: how often on a node of these roles */
    uint32_t hour_first, hour_last; /* UTC, of the start; both 0: any */
};

extern const struct gen_event_row gen_attack_rows[GEN_EVENT_ATTACK_COUNT];
extern const struct gen_event_row gen_benign_rows[GEN_EVENT_KIND_COUNT - GEN_EVENT_ATTACK_COUNT];

static inline const struct gen_event_row *gen_event_row(enum gen_event_kind kind) {
    return kind < GEN_EVENT_ATTACK_COUNT ? &gen_attack_rows[kind]
                                         : &gen_benign_rows[kind - GEN_EVENT_ATTACK_COUNT];
}

#define GEN_ROLE_BIT(role) (UINT32_C(1) << (role))
#define GEN_ROLES_ALL (GEN_ROLE_BIT(GEN_ROLE_COUNT) - 1)

#endif
