/* SPDX-License-Identifier: Apache-2.0 */
/* What may follow a field: a value, a list in braces or brackets, or the name of a list file. */
#include "flow/filter_gather.h"

#include "flow/filter_error.h"

static bool next(struct filter_parser *parser, enum filter_value_kind kind) {
    return kind == FILTER_VALUE_COMMUNITY ? filter_lexer_next_value(&parser->lexer)
                                          : filter_lexer_next(&parser->lexer);
}

static const char *what_is_expected(enum filter_value_kind kind) {
    switch (kind) {
    case FILTER_VALUE_ADDRESS: return "an address, CIDR or 'in {...}'";
    case FILTER_VALUE_PORT: return "a port, a range N-M or 'in {...}'";
    case FILTER_VALUE_PROTOCOL: return "a protocol (tcp, udp, icmp, ... or a number)";
    case FILTER_VALUE_NODE: return "a node's name or address, ~ GLOB or 'in {...}'";
    case FILTER_VALUE_NAME: return "a name, ~ GLOB or 'in {...}'";
    case FILTER_VALUE_COMMUNITY: return "a community id (1: and 28 characters of base64)";
    case FILTER_VALUE_QUALITY: return "sampled, estimated, skipped, twin, ...";
    }
    return "a value";
}

static bool is_reserved(const struct filter_token *token) {
    return filter_token_is(token, "and") || filter_token_is(token, "or") ||
           filter_token_is(token, "not");
}

/* The word that the parser looks at, and moves on (`kind` says how the next is read). */
static bool gather_word(struct filter_parser *parser, struct filter_gathered *gathered,
                        enum filter_value_kind kind, bool is_listed) {
    const struct filter_token token = parser->lexer.token;
    bool is_word = token.kind == FILTER_TOKEN_WORD || token.kind == FILTER_TOKEN_QUOTED;
    if (!is_word || is_reserved(&token)) {
        return filter_expected(parser, what_is_expected(kind));
    }
    struct filter_value value;
    struct error reason;
    if (!filter_value_parse(kind, token.text, token.kind == FILTER_TOKEN_QUOTED, &value, &reason)) {
        return filter_error_at(parser->lexer.err, reason.code, parser->lexer.text, token.offset,
                               "%s", reason.message);
    }
    return filter_gather(parser, gathered, kind, &value) &&
           (is_listed ? next(parser, kind) : filter_lexer_next(&parser->lexer));
}

static bool gather_path(struct filter_parser *parser, struct filter_gathered *gathered,
                        enum filter_value_kind kind, bool is_listed) {
    const struct filter_token token = parser->lexer.token;
    if (token.text.size == 0 || token.text.size > FILTER_NAME_SIZE_MAX) {
        return filter_fail(parser, token.offset, "expected a path of 1 to %u bytes",
                           FILTER_NAME_SIZE_MAX);
    }
    if (!filter_gather_path(parser, gathered, token.text)) {
        return false;
    }
    return is_listed ? next(parser, kind) : filter_lexer_next(&parser->lexer);
}

/* From the opening brace to past the closing one. */
static bool gather_list(struct filter_parser *parser, struct filter_gathered *gathered,
                        enum filter_value_kind kind) {
    struct filter_lexer *lexer = &parser->lexer;
    const char *close = lexer->token.text.data[0] == '{' ? "}" : "]";
    if (!next(parser, kind)) {
        return false;
    }
    do {
        bool is_file = lexer->token.kind == FILTER_TOKEN_FILE;
        if (!filter_count_term(parser) || !(is_file ? gather_path(parser, gathered, kind, true)
                                                    : gather_word(parser, gathered, kind, true))) {
            return false;
        }
        if (lexer->token.kind == FILTER_TOKEN_COMMA && !next(parser, kind)) {
            return false;
        }
        if (lexer->token.kind == FILTER_TOKEN_END) {
            return filter_expected(parser, close[0] == '}' ? "} at the end of the list"
                                                           : "] at the end of the list");
        }
    } while (lexer->token.kind != FILTER_TOKEN_LIST_CLOSE);
    if (lexer->token.text.data[0] != (uint8_t)close[0]) {
        return filter_expected(parser, close[0] == '}' ? "}" : "]");
    }
    return filter_lexer_next(lexer);
}

static bool gather_values(struct filter_parser *parser, struct filter_gathered *gathered,
                          enum filter_value_kind kind, bool *is_negated) {
    struct filter_lexer *lexer = &parser->lexer;
    if (lexer->token.kind == FILTER_TOKEN_EQUAL || lexer->token.kind == FILTER_TOKEN_NOT_EQUAL) {
        *is_negated = lexer->token.kind == FILTER_TOKEN_NOT_EQUAL;
        return next(parser, kind) && gather_word(parser, gathered, kind, false);
    }
    if (!filter_token_is(&lexer->token, "in")) {
        return gather_word(parser, gathered, kind, false);
    }
    if (!next(parser, kind)) {
        return false;
    }
    if (lexer->token.kind == FILTER_TOKEN_LIST_OPEN) {
        return gather_list(parser, gathered, kind);
    }
    if (lexer->token.kind == FILTER_TOKEN_FILE) {
        return gather_path(parser, gathered, kind, false);
    }
    return filter_expected(parser, "{...}, [...] or @FILE after 'in'");
}

struct filter_values *filter_parse_values(struct filter_parser *parser, enum filter_value_kind kind,
                                          bool *is_negated) {
    struct filter_gathered gathered;
    filter_gathered_init(&gathered);
    size_t offset = parser->lexer.token.offset;
    *is_negated = false;
    if (!gather_values(parser, &gathered, kind, is_negated)) {
        filter_gathered_done(&gathered);
        return NULL;
    }
    return filter_gathered_finish(parser, &gathered, kind, offset);
}

struct filter_values *filter_values_of(struct filter_parser *parser, enum filter_value_kind kind,
                                       const struct filter_value *value) {
    struct filter_gathered gathered;
    filter_gathered_init(&gathered);
    if (!filter_gather(parser, &gathered, kind, value)) {
        filter_gathered_done(&gathered);
        return NULL;
    }
    return filter_gathered_finish(parser, &gathered, kind, 0);
}
