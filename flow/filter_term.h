/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_TERM_H
#define WEIR_FLOW_FILTER_TERM_H

#include "flow/filter_parser.h"

/* The forms of a term. Each reads from behind its keyword to past the term's end and returns its
 * node, or NULL (the error is set). The number is what the table of keywords says: an enumerator of
 * the type that the name tells. One signature for all, so that they fit the table. */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): what the number means is told
 * here; the definitions share a form. */
struct filter_node *filter_term_side(struct filter_parser *parser, int side);
struct filter_node *filter_term_ports(struct filter_parser *parser, int side);
struct filter_node *filter_term_class(struct filter_parser *parser, int address_class);
struct filter_node *filter_term_protocol(struct filter_parser *parser, int unused);
struct filter_node *filter_term_bare_protocol(struct filter_parser *parser, int number);
struct filter_node *filter_term_flags(struct filter_parser *parser, int unused);
struct filter_node *filter_term_syn(struct filter_parser *parser, int unused);
struct filter_node *filter_term_action(struct filter_parser *parser, int unused);
struct filter_node *filter_term_direction(struct filter_parser *parser, int direction);
struct filter_node *filter_term_compare(struct filter_parser *parser, int measure);
struct filter_node *filter_term_named(struct filter_parser *parser, int kind);
struct filter_node *filter_term_quality(struct filter_parser *parser, int unused);
struct filter_node *filter_term_community(struct filter_parser *parser, int unused);
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

#endif
