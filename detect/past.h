/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_PAST_H
#define WEIR_DETECT_PAST_H

#include "detect/config.h"
#include "detect/feature_measure.h"
#include "detect/prior.h"

/* What closed windows have left beside the baselines: the conversations that are open, whom each
 * node and the fleet have met, and what the fleet is used to. Part of the detector's closed state.
 * One thread. */

struct past {
    struct peer_grouping grouping;
    struct exchange exchange;
    struct fleet fleet;
    struct features features;
    struct prior prior;
    struct ledger ledger;
};

/* Errors: ERROR_LIMIT, ERROR_ARGUMENT. `done` accepts a zeroed or half built one; a past does not
 * move once it is made, since its parts point to each other. */
bool past_init(struct past *past, const struct detector_config *config, struct error *err);
void past_done(struct past *past);

/* Forgets a node, between windows. */
void past_forget(struct past *past, uint32_t node);

/* What is remembered of a node, in bytes of memory: peers, rare ones, ports; not its open
 * conversations, which share a table. */
uint64_t past_node_bytes(const struct past *past, uint32_t node);

/* As bytes and back: all of it, nodes in the roster's order (roster_sort). Reading is total, into
 * one that is new. Errors: ERROR_LIMIT, ERROR_FORMAT. */
bool past_save(const struct past *past, const struct roster *roster, struct buffer *out,
               struct error *err);
bool past_load(struct past *past, struct roster *roster, struct cursor *cursor, struct error *err);

#endif
