/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: account a has the VPC 10.a.0.0/16 and 2a05:d014:0:a::/64; node i stands at 256 + i in
 * both, so its first octets never tell its role. Pods take secondary addresses from 100.64.0.0/10,
 * as EKS does when a VPC is short of private ones. */
#include "tests/gen/gen_fleet.h"

#include "tests/gen/gen_rng.h"
#include "tests/gen/gen_text.h"

#include <stdio.h>
#include <stdlib.h>

#define IPV6_HIGH UINT64_C(0x2a05d01400000000)

static const char *const role_names[GEN_ROLE_COUNT] = {
    "web", "api", "db", "cache", "worker", "mail", "dns", "batch", "bastion", "monitor", "crawler",
};

static const uint8_t role_pattern[14] = { GEN_WEB,  GEN_API, GEN_DB,     GEN_CACHE, GEN_WORKER,
                                          GEN_MAIL, GEN_DNS, GEN_BATCH,  GEN_WEB,   GEN_API,
                                          GEN_DB,   GEN_WEB, GEN_WORKER, GEN_API };

const char *gen_role_name(enum gen_role role) {
    return role_names[role];
}

/* An id as AWS makes them: a prefix and 17 hexadecimal digits that begin with 0. */
static void make_id(char out[GEN_ID_SIZE], const char *prefix, uint64_t hash) {
    char *at = gen_put_text(out, prefix);
    *gen_put_hex(gen_put_char(at, '0'), hash, 16) = '\0';
}

static void make_account(struct gen_account *account, uint64_t seed, uint32_t index) {
    uint64_t hash = gen_hash(seed, 0xacc0, index);
    (void)snprintf(account->id, sizeof account->id, "%012llu",
                   (unsigned long long)(UINT64_C(100000000000) + hash % UINT64_C(900000000000)));
    make_id(account->vpc_id, "vpc-", gen_mix(hash + 1));
    make_id(account->flow_log_id, "fl-", gen_mix(hash + 2));
}

/* Roles of which there are few: each takes the last place of every third pattern. */
static enum gen_role role_of(uint32_t index, bool has_more) {
    static const uint8_t rare[3] = { GEN_BASTION, GEN_MONITOR, GEN_CRAWLER };
    uint32_t place = index % sizeof role_pattern;
    bool is_rare = has_more && place == sizeof role_pattern - 1;
    return (enum gen_role)(is_rare ? rare[index / sizeof role_pattern % 3] : role_pattern[place]);
}

static void make_node(struct gen_node *node, uint64_t seed, uint32_t index, uint32_t account,
                      uint32_t rank) {
    node->is_up = true;
    node->rank = rank;
    uint64_t hash = gen_hash(seed, 0x40de, index);
    struct gen_rng rng;
    gen_rng_init(&rng, hash);
    node->account = account;
    (void)snprintf(node->name, sizeof node->name, "%s-%u", role_names[node->role], rank + 1);
    node->load = gen_exp2(0.5 * gen_rng_normal(&rng));
    node->phase_s = gen_rng_below(&rng, 60);
    bool has_pods = node->role == GEN_API || node->role == GEN_WORKER;
    node->pod_count = has_pods ? 2 + gen_rng_below(&rng, GEN_PODS_MAX - 1) : 0;
    node->ipv4 = address_from_ipv4(UINT32_C(10) << 24 | account << 16 | (256 + index));
    node->ipv6 = (struct address){ .high = IPV6_HIGH | account, .low = 256 + index };
    *gen_put_ipv4(node->ipv4_text, address_ipv4(node->ipv4)) = '\0';
    (void)address_format(node->ipv6, node->ipv6_text);
    make_id(node->interface_id, "eni-", gen_mix(hash + 1));
    make_id(node->instance_id, "i-", gen_mix(hash + 2));
    make_id(node->subnet_id, "subnet-", gen_hash(seed, 0x5b, account));
}

static void sort_by_role(struct gen_fleet *fleet) {
    uint32_t position = 0;
    for (uint32_t role = 0; role < GEN_ROLE_COUNT; role++) {
        fleet->role_first[role] = position;
        for (uint32_t i = 0; i < fleet->node_count; i++) {
            if (fleet->nodes[i].role == (enum gen_role)role) {
                fleet->by_role[position++] = i;
            }
        }
    }
    fleet->role_first[GEN_ROLE_COUNT] = position;
}

static bool init(struct gen_fleet *fleet, uint64_t seed, uint32_t node_count,
                 uint32_t account_count, bool has_more_roles, struct error *err) {
    *fleet = (struct gen_fleet){ .seed = seed };
    if (node_count == 0 || node_count > GEN_NODES_MAX || account_count == 0 ||
        account_count > GEN_ACCOUNTS_MAX) {
        return error_set(err, ERROR_LIMIT, "a fleet has 1 to %u nodes in 1 to %u accounts",
                         GEN_NODES_MAX, GEN_ACCOUNTS_MAX);
    }
    fleet->nodes = calloc(node_count, sizeof *fleet->nodes);
    fleet->by_role = calloc(node_count, sizeof *fleet->by_role);
    if (fleet->nodes == NULL || fleet->by_role == NULL) {
        gen_fleet_done(fleet);
        return error_set(err, ERROR_LIMIT, "no memory for %u nodes", node_count);
    }
    fleet->node_count = node_count;
    fleet->account_count = account_count;
    for (uint32_t i = 0; i < account_count; i++) {
        make_account(&fleet->accounts[i], seed, i);
    }
    uint32_t ranks[GEN_ROLE_COUNT] = { 0 };
    for (uint32_t i = 0; i < node_count; i++) {
        fleet->nodes[i].role = role_of(i, has_more_roles);
        uint32_t *rank = &ranks[fleet->nodes[i].role];
        make_node(&fleet->nodes[i], seed, i, i % account_count, *rank);
        ++*rank;
    }
    sort_by_role(fleet);
    return true;
}

bool gen_fleet_init(struct gen_fleet *fleet, uint64_t seed, uint32_t node_count,
                    uint32_t account_count, struct error *err) {
    return init(fleet, seed, node_count, account_count, false, err);
}

bool gen_fleet_init_roles(struct gen_fleet *fleet, uint64_t seed, uint32_t node_count,
                          uint32_t account_count, struct error *err) {
    return init(fleet, seed, node_count, account_count, true, err);
}

void gen_fleet_scale(struct gen_fleet *fleet) {
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        struct gen_node *node = &fleet->nodes[i];
        bool is_elastic =
            node->role == GEN_WEB || node->role == GEN_API || node->role == GEN_WORKER;
        node->is_scaled =
            is_elastic && node->rank >= 3 && gen_hash(fleet->seed, 0x5ca1e, i) % 3 == 0;
    }
}

void gen_fleet_done(struct gen_fleet *fleet) {
    free(fleet->nodes);
    free(fleet->by_role);
    *fleet = (struct gen_fleet){ 0 };
}

uint32_t gen_fleet_find(const struct gen_fleet *fleet, const char *name) {
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        if (strcmp(fleet->nodes[i].name, name) == 0) {
            return i;
        }
    }
    return GEN_OUTSIDE;
}

uint32_t gen_fleet_choose(const struct gen_fleet *fleet, enum gen_role role, uint32_t self,
                          uint64_t rank) {
    uint32_t first = fleet->role_first[role];
    uint32_t count = fleet->role_first[role + 1] - first;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = fleet->by_role[first + (rank + i) % count];
        if (node != self && fleet->nodes[node].is_up) {
            return node;
        }
    }
    return GEN_OUTSIDE;
}

struct address gen_fleet_pod(uint32_t node_index, uint32_t pod) {
    return address_from_ipv4((UINT32_C(100) << 24 | UINT32_C(64) << 16) + 256 + node_index * 8 +
                             pod);
}

static void inventory_row(struct buffer *out, const struct gen_node *node, const char *match) {
    const char *fields[4] = { node->name, match, role_names[node->role], node->instance_id };
    for (size_t i = 0; i < 4; i++) {
        buffer_put(out, fields[i], strlen(fields[i]));
        buffer_u8(out, i < 3 ? ',' : '\n');
    }
}

void gen_fleet_inventory(const struct gen_fleet *fleet, struct buffer *out) {
    static const char header[] = "node,match,role,identity\n";
    buffer_put(out, header, sizeof header - 1);
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        const struct gen_node *node = &fleet->nodes[i];
        inventory_row(out, node, node->interface_id);
        inventory_row(out, node, node->ipv4_text);
        inventory_row(out, node, node->ipv6_text);
        for (uint32_t pod = 0; pod < node->pod_count; pod++) {
            char text[ADDRESS_TEXT_SIZE];
            (void)address_format(gen_fleet_pod(i, pod), text);
            inventory_row(out, node, text);
        }
    }
}
