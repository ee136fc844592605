/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_FLEET_H
#define WEIR_TESTS_GEN_FLEET_H

#include "flow/address.h"

/* Who is there: nodes in their accounts, each with one interface, its addresses and its pods. Made
 * from the seed alone; immutable afterwards but for the places of an autoscaling group, which are
 * up and down and change hands (gen_life.h). */

enum gen_role {
    GEN_WEB,    /* serves the internet */
    GEN_API,    /* serves web; its work runs in pods */
    GEN_DB,     /* serves api and worker, ships its log to an object store */
    GEN_CACHE,  /* serves web and api */
    GEN_WORKER, /* fetches and stores; its work runs in pods */
    GEN_MAIL,   /* sends and receives mail */
    GEN_DNS,    /* resolves for all others */
    GEN_BATCH,  /* scrapes and pings the fleet, works at night */
    GEN_BASTION,
    GEN_MONITOR, /* asks every node and pings it, reports to a service */
    GEN_CRAWLER, /* fetches from sites old and new, all day */
    GEN_ROLE_COUNT,
};

#define GEN_NODES_MAX 16384u
#define GEN_ACCOUNTS_MAX 16u
#define GEN_PODS_MAX 6u
/* "eni-" or "i-" or "vpc-", 17 digits, and the end. */
#define GEN_ID_SIZE 24
/* In the place of a node's index: an address outside the fleet. */
#define GEN_OUTSIDE UINT32_MAX

struct gen_node {
    char name[24]; /* "web-3" */
    enum gen_role role;
    uint32_t account;
    uint32_t rank;  /* among those of its role, from 0 */
    bool is_scaled; /* an autoscaling group's place */
    bool is_up;
    uint64_t death_s; /* of a scaled one: when its last life ends, or ended */
    double load;      /* its share of its role's usual load, around 1 */
    uint32_t phase_s; /* where in a minute its aggregation intervals begin, 0..59 */
    uint32_t pod_count;
    struct address ipv4; /* the interface's primary private address */
    struct address ipv6;
    char ipv4_text[16];
    char ipv6_text[ADDRESS_TEXT_SIZE];
    char interface_id[GEN_ID_SIZE];
    char instance_id[GEN_ID_SIZE];
    char subnet_id[GEN_ID_SIZE];
};

struct gen_account {
    char id[16]; /* 12 digits */
    char vpc_id[GEN_ID_SIZE];
    char flow_log_id[GEN_ID_SIZE];
};

struct gen_fleet {
    uint64_t seed;
    struct gen_node *nodes;
    uint32_t node_count;
    struct gen_account accounts[GEN_ACCOUNTS_MAX];
    uint32_t account_count;
    uint32_t *by_role; /* node indices, role after role */
    uint32_t role_first[GEN_ROLE_COUNT + 1];
};

#define GEN_REGION "eu-central-1"
#define GEN_ZONE "euc1-az2"

/* Node i's role follows a pattern of 14 (3 web, 3 api, 2 db, 2 worker, one of mail, cache, dns and
 * batch); accounts take nodes in turn. Errors: ERROR_LIMIT (a count beyond its maximum, or no
 * memory). */
bool gen_fleet_init(struct gen_fleet *fleet, uint64_t seed, uint32_t node_count,
                    uint32_t account_count, struct error *err);
/* What larger fleets have besides; to be called before anything else looks at the roles. Of three
 * patterns, each gives one of its api nodes away to a bastion, a monitor and a crawler. */
bool gen_fleet_init_roles(struct gen_fleet *fleet, uint64_t seed, uint32_t node_count,
                          uint32_t account_count, struct error *err);
/* Makes a third of the web, api and worker nodes places of autoscaling groups; the first three of
 * each role stay. */
void gen_fleet_scale(struct gen_fleet *fleet);
/* Accepts a zeroed fleet. */
void gen_fleet_done(struct gen_fleet *fleet);

const char *gen_role_name(enum gen_role role);

/* The node of that name, or GEN_OUTSIDE. */
uint32_t gen_fleet_find(const struct gen_fleet *fleet, const char *name);

/* A node of a role that is up and is not `self`, by rank; GEN_OUTSIDE: there is none. */
uint32_t gen_fleet_choose(const struct gen_fleet *fleet, enum gen_role role, uint32_t self,
                          uint64_t rank);

/* The address of pod `pod` (from 0) of a node: a secondary address of its interface. */
struct address gen_fleet_pod(uint32_t node_index, uint32_t pod);

/* The CSV inventory of the fleet (node,match,role,identity): interface, addresses and pods. */
void gen_fleet_inventory(const struct gen_fleet *fleet, struct buffer *out);

#endif
