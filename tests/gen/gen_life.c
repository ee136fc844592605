/* SPDX-License-Identifier: Apache-2.0 */
/* A place is empty for some hours each night, so that late reports of the one before are out before
 * the next one's first. */
#include "tests/gen/gen_life.h"

#include "tests/gen/gen_rng.h"
#include "tests/gen/gen_text.h"

#include <stdio.h>

#define DAY_S UINT64_C(86400)
/* Reports of the last interval still name the one who left. */
#define GRACE_S 120u

bool gen_life_of_day(const struct gen_fleet *fleet, uint32_t node, uint64_t day_s,
                     struct gen_life *out) {
    uint64_t hash = gen_hash(fleet->seed ^ 0x11fe, node, day_s);
    uint64_t weekday = (day_s / DAY_S + 4) % 7; /* 1970-01-01 was a Thursday */
    if ((weekday == 0 || weekday == 6) && (hash & 1) != 0) {
        return false;
    }
    out->birth_s = day_s + (300 + (hash >> 8) % 300) * 60; /* 05:00 to 09:59 UTC */
    out->death_s = out->birth_s + (540 + (hash >> 32) % 120) * 60;
    return true;
}

bool gen_life_covers(const struct gen_fleet *fleet, uint32_t node, uint64_t start_s,
                     uint64_t end_s) {
    struct gen_life life;
    return !fleet->nodes[node].is_scaled ||
           (gen_life_of_day(fleet, node, start_s / DAY_S * DAY_S, &life) &&
            start_s >= life.birth_s && end_s <= life.death_s);
}

void gen_life_node(const struct gen_fleet *fleet, uint32_t node, uint64_t at_s,
                   struct gen_node *out) {
    *out = fleet->nodes[node];
    if (!out->is_scaled) {
        return;
    }
    uint64_t day = at_s / DAY_S;
    uint64_t hash = gen_hash(fleet->seed ^ 0x1de, node, day);
    *gen_put_hex(out->instance_id + 3, hash, 16) = '\0';
    *gen_put_hex(out->interface_id + 5, gen_mix(hash), 16) = '\0';
    (void)snprintf(out->name, sizeof out->name, "%s-%u-d%u", gen_role_name(out->role),
                   out->rank + 1, (uint32_t)day);
}

void gen_life_minute(struct gen_fleet *fleet, uint64_t minute_s) {
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        struct gen_node *node = &fleet->nodes[i];
        if (!node->is_scaled) {
            continue;
        }
        bool is_up = gen_life_covers(fleet, i, minute_s, minute_s + 60);
        if (is_up && !node->is_up) {
            struct gen_node next;
            gen_life_node(fleet, i, minute_s, &next);
            *node = next;
            struct gen_life life;
            (void)gen_life_of_day(fleet, i, minute_s / DAY_S * DAY_S, &life); /* it covers */
            node->death_s = life.death_s;
        }
        node->is_up = is_up;
    }
}

/* Each match of a node as one row. */
static void put_rows(struct buffer *out, const struct gen_node *node, uint32_t index,
                     const struct gen_life *life) {
    for (uint32_t i = 0; i < 3 + node->pod_count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        const char *match = i == 0   ? node->interface_id
                            : i == 1 ? node->ipv4_text
                            : i == 2 ? node->ipv6_text
                                     : address;
        if (i >= 3) {
            (void)address_format(gen_fleet_pod(index, i - 3), address);
        }
        char row[192];
        int size = snprintf(row, sizeof row, "%s,%s,%s,%s", node->name, match,
                            gen_role_name(node->role), node->instance_id);
        buffer_put(out, row, (size_t)size);
        size = life == NULL
                   ? snprintf(row, sizeof row, ",,\n")
                   : snprintf(row, sizeof row, ",@%llu,@%llu\n", (unsigned long long)life->birth_s,
                              (unsigned long long)life->death_s + GRACE_S);
        buffer_put(out, row, (size_t)size);
    }
}

void gen_life_inventory(const struct gen_fleet *fleet, uint64_t start_s, uint64_t end_s,
                        struct buffer *out) {
    static const char header[] = "node,match,role,identity,from,to\n";
    buffer_put(out, header, sizeof header - 1);
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        if (!fleet->nodes[i].is_scaled) {
            put_rows(out, &fleet->nodes[i], i, NULL);
            continue;
        }
        for (uint64_t day_s = start_s / DAY_S * DAY_S; day_s < end_s; day_s += DAY_S) {
            struct gen_life life;
            if (gen_life_of_day(fleet, i, day_s, &life)) {
                struct gen_node node;
                gen_life_node(fleet, i, day_s, &node);
                put_rows(out, &node, i, &life);
            }
        }
    }
}
