/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_ROLE_H
#define WEIR_TESTS_GEN_ROLE_H

#include "tests/gen/gen_fleet.h"
#include "tests/gen/gen_pool.h"

/* What each role does on an ordinary day, as rows of numbers. */

/* Rows of gen_pool stand for themselves; roles come behind them. */
#define GEN_PEER_ROLE(role) (GEN_POOL_COUNT + (role))
#define GEN_PEER_ANY_NODE (GEN_POOL_COUNT + GEN_ROLE_COUNT)
#define GEN_ANY_ROLE GEN_ROLE_COUNT

enum gen_curve { GEN_FLAT, GEN_DAY, GEN_NIGHT, GEN_HOURLY };

enum gen_side {
    GEN_CALLS_OUT,
    GEN_IS_CALLED,
    GEN_KEEPS, /* calls over connections that are kept open */
    GEN_REFUSES,
};

struct gen_habit {
    uint32_t role; /* or GEN_ANY_ROLE */
    enum gen_side side;
    uint32_t peer;
    uint8_t protocol;
    uint16_t port;
    enum gen_curve curve;
    double rate;      /* conversations a minute; of GEN_KEEPS: connections open */
    double request;   /* log2 of the median payload bytes from the caller */
    double reply;     /* and back; 0: none */
    double deviation; /* of both, in bits */
    double duration;  /* log2 of the largest usual duration in s, drawn log-uniformly */
};

extern const struct gen_habit gen_habits[];
extern const size_t gen_habit_count;

#endif
