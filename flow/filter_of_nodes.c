/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that are asked about nodes instead of flows: no batch, so the tree is walked. */
#include "flow/filter_tree.h"

static bool is_of_nodes(const struct filter_node *node) {
    switch (node->kind) {
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT:
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            if (!is_of_nodes(child)) {
                return false;
            }
        }
        return true;
    case FILTER_ADDRESS: return node->side == FILTER_LOCAL;
    case FILTER_ALL:
    case FILTER_NODE: return true;
    default: return false;
    }
}

bool filter_is_of_nodes(const struct filter *filter) {
    return is_of_nodes(filter->root);
}

static bool is_called(const struct filter_node *node, struct bytes name) {
    struct address address;
    return address_parse(name, &address) && address_set_has(&node->values->all_addresses, address);
}

static bool match_node(const struct filter_node *node, const struct batch_node *subject) {
    const struct filter_node *child = node->first;
    switch (node->kind) {
    case FILTER_AND:
        while (child != NULL && match_node(child, subject)) {
            child = child->next;
        }
        return child == NULL;
    case FILTER_OR:
        while (child != NULL && !match_node(child, subject)) {
            child = child->next;
        }
        return child != NULL;
    case FILTER_NOT: return !match_node(child, subject);
    case FILTER_ADDRESS: return is_called(node, subject->name);
    case FILTER_NODE:
        return filter_has_node(node, subject) ||
               (filter_has_addresses(node) && is_called(node, subject->name));
    default: return true; /* FILTER_ALL */
    }
}

bool filter_match_node(const struct filter *filter, const struct batch_node *subject) {
    return match_node(filter->root, subject);
}
