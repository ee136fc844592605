/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_PARSER_H
#define WEIR_FLOW_FILTER_PARSER_H

#include "flow/filter_lexer.h"
#include "flow/filter_parse.h"

/* What the files of the parser share: filter_parse.c (and, or, not), filter_term.c (what follows a
 * keyword), filter_value.c (one word to one value) and filter_list.c (lists and files). Functions
 * that fail have set parser->lexer.err. */

struct filter_parser {
    struct filter_lexer lexer;
    struct arena *arena;
    uint32_t term_count; /* terms and list entries */
    uint32_t parentheses;
    uint32_t file_entries;
    size_t file_size; /* of all list files that were read */
};

/* ERROR_ARGUMENT at `offset` of the text. Returns false. */
__attribute__((format(printf, 3, 4))) bool filter_fail(struct filter_parser *parser, size_t offset,
                                                       const char *format, ...);

/* "expected WHAT, found ..." at the token that the parser looks at. */
bool filter_expected(struct filter_parser *parser, const char *what);

/* Counts one more term or list entry against FILTER_TERMS_MAX. */
bool filter_count_term(struct filter_parser *parser);

/* Whether the token is this unquoted word, whatever its case. */
bool filter_token_is(const struct filter_token *token, const char *word);

/* A zeroed node, or NULL (the error is set). */
struct filter_node *filter_node_new(struct filter_parser *parser, enum filter_kind kind);

/* filter_term.c: one term, from its first token to past its last; NULL on failure. */
struct filter_node *filter_parse_term(struct filter_parser *parser);

/* filter_value.c: what a list of one kind may hold. */
enum filter_value_kind {
    FILTER_VALUE_ADDRESS,
    FILTER_VALUE_PORT,
    FILTER_VALUE_PROTOCOL,
    FILTER_VALUE_NODE, /* a name, or an address when not quoted */
    FILTER_VALUE_NAME,
    FILTER_VALUE_COMMUNITY,
    FILTER_VALUE_QUALITY, /* `numbers` is the index of a bit */
};

/* One value; which member is meant follows from its kind (`is_name` for FILTER_VALUE_NODE). */
struct filter_value {
    struct address_range addresses;
    struct number_range numbers;
    struct bytes name; /* a view of the word */
    bool is_name;
};

/* Reads one word. On failure `err` holds one line without a place: "expected ...". */
bool filter_value_parse(enum filter_value_kind kind, struct bytes word, bool is_quoted,
                        struct filter_value *out, struct error *err);

/* Whether a word reads as an address, a prefix or a range of addresses. */
bool filter_value_is_address(struct bytes word);

/* filter_list.c: what may follow a field: [=|!=] VALUE, in {...}, in @FILE. `*is_negated` is set by
 * `!=`. NULL on failure. */
struct filter_values *filter_parse_values(struct filter_parser *parser, enum filter_value_kind kind,
                                          bool *is_negated);

/* The values of one that was read already. NULL on failure. */
struct filter_values *filter_values_of(struct filter_parser *parser, enum filter_value_kind kind,
                                       const struct filter_value *value);

#endif
