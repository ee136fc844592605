/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rule_sets.h"

#include "detect/say.h"

#include <stdlib.h>
#include <xxhash.h>

bool rule_sets_init(struct rule_sets *sets, const struct detector_config *config,
                    struct error *err) {
    *sets = (struct rule_sets){ .common = &config->rules, .say = config->say };
    sets->count = config->say == NULL ? 0 : config->say->set_count;
    sets->limits = calloc(1 + sets->count, sizeof *sets->limits);
    if (sets->limits == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the rules of %zu overrides", sets->count);
    }
    for (uint32_t set = 0; set <= sets->count; set++) {
        const struct rule_params *params = rule_sets_params(sets, set);
        for (uint32_t r = 0; r < RULE_COUNT; r++) {
            sets->limits[set][r] = rule_limits((enum rule)r, params, config->window_ms);
        }
    }
    return true;
}

void rule_sets_done(struct rule_sets *sets) {
    free(sets->limits);
    free(sets->nodes);
    *sets = (struct rule_sets){ 0 };
}

bool rule_sets_grow(struct rule_sets *sets, uint32_t capacity, struct error *err) {
    if (sets->count == 0 || capacity <= sets->capacity) {
        return true;
    }
    struct rule_sets_node *grown = realloc(sets->nodes, (size_t)capacity * sizeof *grown);
    if (grown == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the overrides of %u nodes",
                         (unsigned)capacity);
    }
    sets->nodes = grown;
    for (uint32_t node = sets->capacity; node < capacity; node++) {
        grown[node].set = RULE_SETS_UNKNOWN;
    }
    sets->capacity = capacity;
    return true;
}

void rule_sets_forget(struct rule_sets *sets, uint32_t node) {
    if (node < sets->capacity) {
        sets->nodes[node].set = RULE_SETS_UNKNOWN;
    }
}

static uint32_t find_set(const struct rule_sets *sets, const struct roster_node *node) {
    return sets->count == 0
               ? 0
               : (uint32_t)say_set_of(sets->say, node->name, node->identity, node->role);
}

uint32_t rule_sets_of(struct rule_sets *sets, const struct roster *roster, uint32_t index) {
    if (sets->count == 0) {
        return 0;
    }
    const struct roster_node *node = &roster->nodes[index];
    struct rule_sets_node *known = &sets->nodes[index];
    uint64_t role = node->role.size == 0 ? 0 : XXH3_64bits(node->role.data, node->role.size);
    if (known->set == RULE_SETS_UNKNOWN || known->role != role) {
        *known = (struct rule_sets_node){ .role = role, .set = find_set(sets, node) };
    }
    return known->set;
}

const struct rule_params *rule_sets_params(const struct rule_sets *sets, uint32_t set) {
    return set == 0 ? sets->common : &sets->say->sets[set - 1].params;
}

const struct rule_params *rule_sets_find(const struct rule_sets *sets,
                                         const struct roster_node *node) {
    return rule_sets_params(sets, find_set(sets, node));
}
