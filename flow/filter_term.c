/* SPDX-License-Identifier: Apache-2.0 */
/* What follows a keyword, one function a form of term. */
#include "flow/filter_term.h"

#include "base/glob.h"
#include "base/units.h"

static struct filter_node *negated_if(struct filter_parser *parser, struct filter_node *node,
                                      bool is_negated) {
    if (!is_negated) {
        return node;
    }
    struct filter_node *negation = filter_node_new(parser, FILTER_NOT);
    if (negation == NULL) {
        return NULL;
    }
    negation->first = negation->last = node;
    negation->depth = 1;
    negation->is_costly = node->is_costly;
    return negation;
}

/* A term with a list. */
static struct filter_node *parse_listed(struct filter_parser *parser, enum filter_kind kind,
                                        enum filter_value_kind value_kind, enum filter_side side) {
    struct filter_node *node = filter_node_new(parser, kind);
    if (node == NULL) {
        return NULL;
    }
    node->side = side;
    node->is_costly = kind == FILTER_COMMUNITY;
    bool is_negated;
    node->values = filter_parse_values(parser, value_kind, &is_negated);
    return node->values == NULL ? NULL : negated_if(parser, node, is_negated);
}

static struct filter_node *new_class(struct filter_parser *parser, enum filter_side side,
                                     enum address_class address_class) {
    struct filter_node *node = filter_node_new(parser, FILTER_CLASS);
    if (node != NULL) {
        node->side = side;
        node->address_class = address_class;
    }
    return node;
}

/* The class that the token names. */
static bool read_class(struct filter_parser *parser, enum address_class *out) {
    static const char *const names[] = { "internet", "private", "local" };
    for (size_t i = 0; i < 3; i++) {
        if (filter_token_is(&parser->lexer.token, names[i])) {
            *out = (enum address_class)i;
            return true;
        }
    }
    return false;
}

/* port < N and so on, as a range. */
static struct filter_node *parse_port_order(struct filter_parser *parser, enum filter_side side,
                                            enum filter_token_kind order) {
    size_t offset = parser->lexer.token.offset;
    if (!filter_lexer_next(&parser->lexer)) {
        return NULL;
    }
    struct filter_value value;
    struct error reason;
    struct bytes word = parser->lexer.token.text;
    if (parser->lexer.token.kind != FILTER_TOKEN_WORD) {
        (void)filter_expected(parser, "a port (0 to 65535)");
        return NULL;
    }
    if (!filter_value_parse(FILTER_VALUE_PORT, word, false, &value, &reason)) {
        (void)filter_fail(parser, parser->lexer.token.offset, "%s", reason.message);
        return NULL;
    }
    uint16_t port = value.numbers.first;
    bool is_low = order == FILTER_TOKEN_LESS || order == FILTER_TOKEN_LESS_EQUAL;
    bool is_strict = order == FILTER_TOKEN_LESS || order == FILTER_TOKEN_GREATER;
    if (value.numbers.last != port || (is_strict && port == (is_low ? 0 : UINT16_MAX))) {
        (void)filter_fail(parser, offset, "expected a single port with ports on that side of it");
        return NULL;
    }
    value.numbers.first = is_low ? 0 : (uint16_t)(port + is_strict);
    value.numbers.last = is_low ? (uint16_t)(port - is_strict) : UINT16_MAX;
    struct filter_node *node = filter_node_new(parser, FILTER_PORT);
    if (node == NULL || !filter_lexer_next(&parser->lexer)) {
        return NULL;
    }
    node->side = side;
    node->values = filter_values_of(parser, FILTER_VALUE_PORT, &value);
    return node->values == NULL ? NULL : node;
}

struct filter_node *filter_term_ports(struct filter_parser *parser, int side) {
    enum filter_token_kind kind = parser->lexer.token.kind;
    if (kind >= FILTER_TOKEN_LESS && kind <= FILTER_TOKEN_GREATER_EQUAL) {
        return parse_port_order(parser, (enum filter_side)side, kind);
    }
    return parse_listed(parser, FILTER_PORT, FILTER_VALUE_PORT, (enum filter_side)side);
}

struct filter_node *filter_term_side(struct filter_parser *parser, int value) {
    struct filter_lexer *lexer = &parser->lexer;
    enum filter_side side = (enum filter_side)value;
    bool is_port =
        filter_token_is(&lexer->token, "port") || filter_token_is(&lexer->token, "portrange");
    if (is_port && (side == FILTER_SRC || side == FILTER_DST)) {
        return filter_lexer_next(lexer) ? filter_term_ports(parser, value) : NULL;
    }
    bool is_filler = filter_token_is(&lexer->token, "host") ||
                     filter_token_is(&lexer->token, "ip") || filter_token_is(&lexer->token, "net");
    if (is_filler && !filter_lexer_next(lexer)) {
        return NULL;
    }
    enum address_class address_class;
    if (read_class(parser, &address_class)) {
        return filter_lexer_next(lexer) ? new_class(parser, side, address_class) : NULL;
    }
    return parse_listed(parser, FILTER_ADDRESS, FILTER_VALUE_ADDRESS, side);
}

struct filter_node *filter_term_class(struct filter_parser *parser, int value) {
    return new_class(parser, FILTER_PEER, (enum address_class)value);
}

struct filter_node *filter_term_protocol(struct filter_parser *parser, int value) {
    (void)value;
    return parse_listed(parser, FILTER_PROTOCOL, FILTER_VALUE_PROTOCOL, FILTER_EITHER);
}

struct filter_node *filter_term_bare_protocol(struct filter_parser *parser, int number) {
    struct filter_value value = { .numbers = { (uint16_t)number, (uint16_t)number } };
    struct filter_node *node = filter_node_new(parser, FILTER_PROTOCOL);
    if (node == NULL) {
        return NULL;
    }
    node->values = filter_values_of(parser, FILTER_VALUE_PROTOCOL, &value);
    return node->values == NULL ? NULL : node;
}

/* The bits of flag letters; false when one is not a letter of TCP's flags. */
static bool read_flags(struct bytes letters, uint16_t *bits) {
    *bits = 0;
    for (size_t i = 0; i < letters.size; i++) {
        uint8_t letter = letters.data[i] & (uint8_t)~0x20; /* ASCII letters in upper case */
        const char *at = letter == 0 ? NULL : strchr(FILTER_FLAG_LETTERS, letter);
        if (at == NULL) {
            return false;
        }
        *bits |= (uint16_t)(1u << (at - FILTER_FLAG_LETTERS));
    }
    return true;
}

static struct filter_node *new_flags(struct filter_parser *parser, uint16_t set, uint16_t mask) {
    struct filter_node *node = filter_node_new(parser, FILTER_FLAGS);
    if (node != NULL) {
        node->set = set;
        node->bits = mask;
    }
    return node;
}

struct filter_node *filter_term_flags(struct filter_parser *parser, int value) {
    (void)value;
    struct filter_token token = parser->lexer.token;
    const char *what = "flags as SET or SET/MASK, of the letters FSRPAUEC";
    if (token.kind != FILTER_TOKEN_WORD) {
        (void)filter_expected(parser, what);
        return NULL;
    }
    const uint8_t *slash = memchr(token.text.data, '/', token.text.size);
    size_t size = slash == NULL ? token.text.size : (size_t)(slash - token.text.data);
    uint16_t set;
    uint16_t mask;
    if (!read_flags(bytes_of(token.text.data, size), &set)) {
        (void)filter_expected(parser, what);
        return NULL;
    }
    mask = set;
    if (slash != NULL && !read_flags(bytes_of(slash + 1, token.text.size - size - 1), &mask)) {
        (void)filter_expected(parser, what);
        return NULL;
    }
    if (mask == 0 || (set & ~mask) != 0) {
        (void)filter_expected(parser, "a mask that holds the flags before the slash");
        return NULL;
    }
    return filter_lexer_next(&parser->lexer) ? new_flags(parser, set, mask) : NULL;
}

struct filter_node *filter_term_syn(struct filter_parser *parser, int value) {
    (void)value;
    return new_flags(parser, 1 << 1, 1 << 1 | 1 << 4); /* S/SA */
}

struct filter_node *filter_term_action(struct filter_parser *parser, int value) {
    (void)value;
    static const char *const names[] = { "unknown", "accept", "reject" };
    for (uint16_t i = 0; i < 3; i++) {
        if (filter_token_is(&parser->lexer.token, names[i])) {
            struct filter_node *node = filter_node_new(parser, FILTER_ACTION);
            if (node == NULL || !filter_lexer_next(&parser->lexer)) {
                return NULL;
            }
            node->bits = i;
            return node;
        }
    }
    (void)filter_expected(parser, "accept, reject or unknown");
    return NULL;
}

struct filter_node *filter_term_direction(struct filter_parser *parser, int value) {
    struct filter_node *node = filter_node_new(parser, FILTER_DIRECTION);
    if (node != NULL) {
        node->bits = (uint16_t)value;
    }
    return node;
}

/* The number of a comparison, exact or refused: base/units.h. */
static bool parse_amount(enum filter_measure measure, struct bytes word, uint64_t *out,
                         struct error *err) {
    int64_t ms;
    switch (measure) {
    case FILTER_BYTES:
    case FILTER_BPP: return units_parse_size(word, out, err);
    case FILTER_PACKETS:
    case FILTER_BPS:
    case FILTER_PPS: return units_parse_count(word, out, err);
    case FILTER_DURATION: break;
    }
    if (!units_parse_duration(word, &ms, err)) {
        return false;
    }
    *out = (uint64_t)ms;
    return true;
}

struct filter_node *filter_term_compare(struct filter_parser *parser, int measure) {
    struct filter_lexer *lexer = &parser->lexer;
    enum filter_token_kind kind = lexer->token.kind;
    if (kind < FILTER_TOKEN_LESS || kind > FILTER_TOKEN_NOT_EQUAL) {
        (void)filter_expected(parser, "<, <=, >, >=, = or !=");
        return NULL;
    }
    struct filter_node *node = filter_node_new(parser, FILTER_COMPARE);
    if (node == NULL || !filter_lexer_next(lexer)) {
        return NULL;
    }
    node->measure = (enum filter_measure)measure;
    node->order = (enum filter_order)(kind - FILTER_TOKEN_LESS);
    if (lexer->token.kind != FILTER_TOKEN_WORD) {
        (void)filter_expected(parser, "a number");
        return NULL;
    }
    struct error reason;
    if (!parse_amount(node->measure, lexer->token.text, &node->number, &reason)) {
        (void)filter_fail(parser, lexer->token.offset, "%s", reason.message);
        return NULL;
    }
    return filter_lexer_next(lexer) ? node : NULL;
}

/* node and flow_log: names, or a glob. */
struct filter_node *filter_term_named(struct filter_parser *parser, int kind) {
    struct filter_lexer *lexer = &parser->lexer;
    if (lexer->token.kind != FILTER_TOKEN_LIKE) {
        return parse_listed(parser, (enum filter_kind)kind,
                            kind == FILTER_NODE ? FILTER_VALUE_NODE : FILTER_VALUE_NAME,
                            FILTER_LOCAL);
    }
    struct filter_node *node = filter_node_new(parser, (enum filter_kind)kind);
    if (node == NULL || !filter_lexer_next(lexer)) {
        return NULL;
    }
    bool is_word =
        lexer->token.kind == FILTER_TOKEN_WORD || lexer->token.kind == FILTER_TOKEN_QUOTED;
    if (!is_word || lexer->token.text.size > FILTER_NAME_SIZE_MAX) {
        (void)filter_expected(parser, "a pattern such as web-* (quoted when it has brackets)");
        return NULL;
    }
    if (!glob_check(lexer->token.text)) {
        (void)filter_expected(parser, "a pattern whose brackets are closed");
        return NULL;
    }
    bool failed = false;
    node->is_glob = true;
    node->glob = arena_copy(parser->arena, lexer->token.text, &failed);
    if (failed) {
        (void)error_set(lexer->err, ERROR_LIMIT, "no memory for the filter");
        return NULL;
    }
    return filter_lexer_next(lexer) ? node : NULL;
}

struct filter_node *filter_term_quality(struct filter_parser *parser, int value) {
    (void)value;
    struct filter_node *node =
        parse_listed(parser, FILTER_QUALITY, FILTER_VALUE_QUALITY, FILTER_EITHER);
    if (node == NULL) {
        return NULL;
    }
    struct filter_node *term = node->kind == FILTER_NOT ? node->first : node;
    for (uint32_t i = 0; i < term->values->all_number_count; i++) {
        term->bits |= (uint16_t)(1u << term->values->all_numbers[i].first);
    }
    return node;
}

struct filter_node *filter_term_community(struct filter_parser *parser, int value) {
    (void)value;
    return parse_listed(parser, FILTER_COMMUNITY, FILTER_VALUE_COMMUNITY, FILTER_EITHER);
}
