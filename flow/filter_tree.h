/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_TREE_H
#define WEIR_FLOW_FILTER_TREE_H

#include "flow/filter_kernel.h"
#include "flow/filter_parse.h"

/* What filter.c and filter_match.c share: the compiled filter, and the questions that both ask. */

struct filter {
    struct arena arena; /* holds the tree */
    const struct filter_node *root;
    const struct filter_kernel *kernel;
    uint32_t columns;
};

/* Whether a name (of a node, a flow log, a community id) is one of the term's, or fits its glob. */
bool filter_has_name(const struct filter_node *node, struct bytes name);

/* Whether a node's name or identity is one of the term's. */
bool filter_has_node(const struct filter_node *node, const struct batch_node *subject);

/* Whether a port or protocol lies in one of the term's ranges. */
bool filter_has_number(const struct filter_node *node, uint16_t number);

/* Whether record `i` has one of the term's community ids. */
bool filter_has_community(const struct filter_node *node, const struct batch *batch, uint32_t i);

/* Whether a FILTER_NODE asks about addresses too; only then may it read their columns. */
static inline bool filter_has_addresses(const struct filter_node *node) {
    return !node->is_glob && (node->values->all_addresses.ipv4_count > 0 ||
                              node->values->all_addresses.ipv6_count > 0);
}

/* How long a flow lasted, for rates: [start, end + unit), in ms, at least 1 (flow/spread.h). */
static inline uint64_t filter_lasted_ms(const struct batch *batch, uint32_t i) {
    uint64_t unit = batch->stamp.unit_ms == 0 ? 1 : batch->stamp.unit_ms;
    return (uint64_t)batch->end_ms[i] - (uint64_t)batch->start_ms[i] + unit;
}

/* The same as filter_compile with a kernel of the caller's choice: for tests and benches. */
bool filter_compile_with(struct filter **out, struct bytes text, const struct filter_kernel *kernel,
                         struct error *err);

#endif
