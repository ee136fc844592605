/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_PRINT_H
#define WEIR_FLOW_FILTER_PRINT_H

#include "flow/filter_parse.h"

/* Appends the normal form of a tree to `out` (whose latch says whether it fitted). */
void filter_print_tree(const struct filter_node *root, struct buffer *out);

#endif
