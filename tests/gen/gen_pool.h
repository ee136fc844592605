/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_POOL_H
#define WEIR_TESTS_GEN_POOL_H

#include "flow/address.h"
#include "tests/gen/gen_rng.h"

/* Who is out there: pools of external peers. A pool has members, of which some are met far more
 * often than others, and each member keeps its address, so that peers repeat as they do in life. */

enum gen_pool {
    GEN_CLIENTS,      /* people's browsers: many, most of them return, some are new each day */
    GEN_OBJECT_STORE, /* many addresses of one service's prefixes */
    GEN_SAAS,         /* monitoring, payment, identity: few endpoints behind large networks */
    GEN_MIRRORS,      /* package mirrors */
    GEN_MAILERS,      /* mail exchangers of the world */
    GEN_NAMESERVERS,  /* authoritative name servers */
    GEN_SITES,        /* what workers fetch */
    GEN_CLOCKS,       /* NTP */
    GEN_SCANNERS,     /* the internet's background noise */
    GEN_STRANGERS,    /* each met once: the benign churn of peers */
    GEN_EXFIL_HOSTS,  /* where an attacker takes data; no pool above shares its prefixes */
    GEN_BOTS,         /* the sources of floods; the same */
    GEN_SCAN_TARGETS, /* whoever an intruder's scanner, guesser or flood tries */
    GEN_OTHER_REGION, /* addresses of the same cloud elsewhere */
    GEN_POOL_COUNT,
};

/* The address of a member, IPv6 for some members of some pools when `may_be_ipv6`. */
struct address gen_pool_address(enum gen_pool pool, uint64_t seed, uint64_t member,
                                bool may_be_ipv6);

/* Whether an IPv4 address lies in one of the pool's prefixes. */
bool gen_pool_contains(enum gen_pool pool, struct address address);

/* Draws a member by log-uniform popularity. In pools with arrivals a share of the draws gives a
 * member that was never there before; `day` moves the popular ones slowly on. */
uint64_t gen_pool_draw(enum gen_pool pool, struct gen_rng *rng, uint32_t day);

#endif
