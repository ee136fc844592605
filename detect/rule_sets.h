/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_SETS_H
#define WEIR_DETECT_RULE_SETS_H

#include "detect/config.h"
#include "detect/roster.h"
#include "detect/rule.h"

/* Whose numbers count for which node: everybody's, which are set 0, or those of the first override
 * (say.h) that matches its name, identity and role. What is remembered of a node is only what would
 * be found again. One thread. */

struct rule_sets_node {
    uint64_t role; /* hash of the one that `set` was found by */
    uint32_t set;  /* RULE_SETS_UNKNOWN: not looked for yet */
};

#define RULE_SETS_UNKNOWN UINT32_MAX

struct rule_sets {
    const struct rule_params *common;         /* both borrowed */
    const struct say *say;                    /* NULL: no overrides */
    size_t count;                             /* of overrides */
    struct rule_limits (*limits)[RULE_COUNT]; /* [1 + count] */
    struct rule_sets_node *nodes; /* [capacity], by roster index; NULL without overrides */
    uint32_t capacity;
};

/* `config` outlives it. Errors: ERROR_LIMIT. `done` accepts a zeroed one. */
bool rule_sets_init(struct rule_sets *sets, const struct detector_config *config,
                    struct error *err);
void rule_sets_done(struct rule_sets *sets);

/* Room for nodes [0, capacity). Errors: ERROR_LIMIT. */
bool rule_sets_grow(struct rule_sets *sets, uint32_t capacity, struct error *err);
void rule_sets_forget(struct rule_sets *sets, uint32_t node);

/* The set of the node at `index`, remembered while its role is the same. */
uint32_t rule_sets_of(struct rule_sets *sets, const struct roster *roster, uint32_t index);

const struct rule_params *rule_sets_params(const struct rule_sets *sets, uint32_t set);

/* The numbers of a node, without remembering anything. */
const struct rule_params *rule_sets_find(const struct rule_sets *sets,
                                         const struct roster_node *node);

#endif
