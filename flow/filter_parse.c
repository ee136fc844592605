/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent for and, or, not and parentheses. Operators become nodes of any number of
 * children, in a list, so that a thousand terms in a row are one level and not a thousand.
 * Recursion is bounded twice: FILTER_PARENTHESES_MAX bounds the parser, FILTER_DEPTH_MAX the tree,
 * which printing and evaluating walk. The first is the larger, since printing puts parentheses
 * around each level of the tree and what it prints must parse. */
#include "flow/filter_parse.h"

#include "flow/filter_error.h"
#include "flow/filter_parser.h"

#include <stdarg.h>
#include <stdio.h>

bool filter_fail(struct filter_parser *parser, size_t offset, const char *format, ...) {
    char message[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return filter_error_at(parser->lexer.err, ERROR_ARGUMENT, parser->lexer.text, offset, "%s",
                           message);
}

bool filter_expected(struct filter_parser *parser, const char *what) {
    const struct filter_token *token = &parser->lexer.token;
    if (token->kind == FILTER_TOKEN_END) {
        return filter_fail(parser, token->offset, "expected %s, found the end", what);
    }
    size_t size = token->end - token->offset;
    return filter_fail(parser, token->offset, "expected %s, found '%.*s'", what,
                       size > 24 ? 24 : (int)size,
                       (const char *)parser->lexer.text.data + token->offset);
}

bool filter_count_term(struct filter_parser *parser) {
    if (++parser->term_count > FILTER_TERMS_MAX) {
        return filter_error_at(
            parser->lexer.err, ERROR_LIMIT, parser->lexer.text, parser->lexer.token.offset,
            "more than %d terms; put long lists into a file: in @FILE", FILTER_TERMS_MAX);
    }
    return true;
}

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool filter_token_is(const struct filter_token *token, const char *word) {
    if (token->kind != FILTER_TOKEN_WORD) {
        return false;
    }
    for (size_t i = 0; i < token->text.size; i++) {
        if (lower(token->text.data[i]) != (uint8_t)word[i] || word[i] == '\0') {
            return false;
        }
    }
    return word[token->text.size] == '\0';
}

struct filter_node *filter_node_new(struct filter_parser *parser, enum filter_kind kind) {
    struct filter_node *node = arena_take_zeroed(parser->arena, 1, sizeof *node);
    if (node == NULL) {
        (void)error_set(parser->lexer.err, ERROR_LIMIT, "no memory for the filter");
        return NULL;
    }
    node->kind = kind;
    return node;
}

/* Appends a child, or the children of one of the node's own kind: (a and b) and c is one level. */
static bool append(struct filter_parser *parser, struct filter_node *parent,
                   struct filter_node *child) {
    struct filter_node *first = child->kind == parent->kind ? child->first : child;
    struct filter_node *last = child->kind == parent->kind ? child->last : child;
    uint16_t depth = child->kind == parent->kind ? child->depth : (uint16_t)(child->depth + 1);
    if (parent->first == NULL) {
        parent->first = first;
    } else {
        parent->last->next = first;
    }
    parent->last = last;
    parent->depth = depth > parent->depth ? depth : parent->depth;
    parent->is_costly = parent->is_costly || child->is_costly;
    if (parent->depth > FILTER_DEPTH_MAX) {
        return filter_error_at(parser->lexer.err, ERROR_LIMIT, parser->lexer.text,
                               parser->lexer.token.offset, "nested deeper than %d levels",
                               FILTER_DEPTH_MAX);
    }
    return true;
}

/* `node` negated; two negations cancel out. */
static struct filter_node *negate(struct filter_parser *parser, struct filter_node *node) {
    if (node->kind == FILTER_NOT) {
        return node->first;
    }
    struct filter_node *negation = filter_node_new(parser, FILTER_NOT);
    return negation != NULL && append(parser, negation, node) ? negation : NULL;
}

static struct filter_node *parse_or(struct filter_parser *parser);

static struct filter_node *parse_parentheses(struct filter_parser *parser) {
    struct filter_lexer *lexer = &parser->lexer;
    size_t offset = lexer->token.offset;
    if (++parser->parentheses > FILTER_PARENTHESES_MAX) {
        (void)filter_error_at(lexer->err, ERROR_LIMIT, lexer->text, offset,
                              "more than %u open parentheses", FILTER_PARENTHESES_MAX);
        return NULL;
    }
    struct filter_node *node = filter_lexer_next(lexer) ? parse_or(parser) : NULL;
    if (node == NULL) {
        return NULL;
    }
    parser->parentheses--;
    if (lexer->token.kind == FILTER_TOKEN_END) {
        (void)filter_fail(parser, offset, "this parenthesis is never closed");
        return NULL;
    }
    if (lexer->token.kind != FILTER_TOKEN_CLOSE) {
        (void)filter_expected(parser, "'and', 'or' or ')'");
        return NULL;
    }
    return filter_lexer_next(lexer) ? node : NULL;
}

static struct filter_node *parse_not(struct filter_parser *parser) {
    struct filter_lexer *lexer = &parser->lexer;
    bool is_negated = false;
    while (lexer->token.kind == FILTER_TOKEN_NOT || filter_token_is(&lexer->token, "not")) {
        is_negated = !is_negated;
        if (!filter_lexer_next(lexer)) {
            return NULL;
        }
    }
    struct filter_node *node = lexer->token.kind == FILTER_TOKEN_OPEN ? parse_parentheses(parser)
                                                                      : filter_parse_term(parser);
    return node != NULL && is_negated ? negate(parser, node) : node;
}

struct operator{
    enum filter_kind kind;
    enum filter_token_kind symbol;
    const char *word;
    struct filter_node *(*operand)(struct filter_parser * parser);
};

static bool is_operator(const struct filter_lexer *lexer, const struct operator* operator) {
    return lexer->token.kind == operator->symbol || filter_token_is(&lexer->token, operator->word);
}

/* One operand, or several with the operator between them. */
static struct filter_node *parse_operands(struct filter_parser *parser,
                                          const struct operator* operator) {
    struct filter_node *first = operator->operand(parser);
    if (first == NULL || !is_operator(&parser->lexer, operator)) {
        return first;
    }
    struct filter_node *node = filter_node_new(parser, operator->kind);
    if (node == NULL || !append(parser, node, first)) {
        return NULL;
    }
    while (is_operator(&parser->lexer, operator)) {
        struct filter_node *operand =
            filter_lexer_next(&parser->lexer) ? operator->operand(parser) : NULL;
        if (operand == NULL || !append(parser, node, operand)) {
            return NULL;
        }
    }
    return node;
}

static struct filter_node *parse_and(struct filter_parser *parser) {
    static const struct operator and = { FILTER_AND, FILTER_TOKEN_AND, "and", parse_not };
    return parse_operands(parser, &and);
}

static struct filter_node *parse_or(struct filter_parser *parser) {
    static const struct operator or = { FILTER_OR, FILTER_TOKEN_OR, "or", parse_and };
    return parse_operands(parser, & or);
}

/* What stands behind a whole filter: most often a term without its "and". */
static bool refuse_rest(struct filter_parser *parser) {
    const struct filter_token *token = &parser->lexer.token;
    if (token->kind == FILTER_TOKEN_CLOSE) {
        return filter_fail(parser, token->offset, "this parenthesis was never opened");
    }
    return filter_expected(parser, "'and' or 'or' between two terms");
}

bool filter_parse(const struct filter_node **root, struct bytes text, struct arena *arena,
                  struct error *err) {
    struct filter_parser parser = { .arena = arena };
    if (!filter_lexer_begin(&parser.lexer, text, arena, err)) {
        return false;
    }
    bool is_empty = parser.lexer.token.kind == FILTER_TOKEN_END;
    struct filter_node *node = is_empty ? filter_node_new(&parser, FILTER_ALL) : parse_or(&parser);
    if (node == NULL) {
        return false;
    }
    if (parser.lexer.token.kind != FILTER_TOKEN_END) {
        return refuse_rest(&parser);
    }
    *root = node;
    return true;
}
