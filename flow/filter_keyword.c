/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keywords: which form of term begins with which word. Nothing else in the parser
 * knows their names. A word that is not in it may be an address; else it is refused with the
 * nearest. */
#include "flow/filter_term.h"

#include "base/option.h"

struct keyword {
    const char *name;
    struct filter_node *(*parse)(struct filter_parser *parser, int value);
    int value;
};

#define WORD_SIZE_MAX 32u /* longer ones get no suggestion */

static const struct keyword keywords[] = {
    { "src", filter_term_side, FILTER_SRC },
    { "dst", filter_term_side, FILTER_DST },
    { "host", filter_term_side, FILTER_EITHER },
    { "ip", filter_term_side, FILTER_EITHER },
    { "net", filter_term_side, FILTER_EITHER },
    { "peer", filter_term_side, FILTER_PEER },
    { "node", filter_term_named, FILTER_NODE },
    { "internet", filter_term_class, ADDRESS_INTERNET },
    { "private", filter_term_class, ADDRESS_PRIVATE },
    { "local", filter_term_class, ADDRESS_LOCAL },
    { "port", filter_term_ports, FILTER_EITHER },
    { "portrange", filter_term_ports, FILTER_EITHER },
    { "src_port", filter_term_ports, FILTER_SRC },
    { "dst_port", filter_term_ports, FILTER_DST },
    { "proto", filter_term_protocol, 0 },
    { "protocol", filter_term_protocol, 0 },
    { "tcp", filter_term_bare_protocol, 6 },
    { "udp", filter_term_bare_protocol, 17 },
    { "icmp", filter_term_bare_protocol, 1 },
    { "icmp6", filter_term_bare_protocol, 58 },
    { "sctp", filter_term_bare_protocol, 132 },
    { "gre", filter_term_bare_protocol, 47 },
    { "esp", filter_term_bare_protocol, 50 },
    { "flags", filter_term_flags, 0 },
    { "syn", filter_term_syn, 0 },
    { "action", filter_term_action, 0 },
    { "in", filter_term_direction, DIRECTION_IN },
    { "out", filter_term_direction, DIRECTION_OUT },
    { "bytes", filter_term_compare, FILTER_BYTES },
    { "packets", filter_term_compare, FILTER_PACKETS },
    { "duration", filter_term_compare, FILTER_DURATION },
    { "bps", filter_term_compare, FILTER_BPS },
    { "pps", filter_term_compare, FILTER_PPS },
    { "bpp", filter_term_compare, FILTER_BPP },
    { "flow_log", filter_term_named, FILTER_FLOW_LOG },
    { "quality", filter_term_quality, 0 },
    { "community-id", filter_term_community, 0 },
    { "community_id", filter_term_community, 0 },
};
#define KEYWORD_COUNT (sizeof keywords / sizeof *keywords)

static const struct keyword *find_keyword(const struct filter_token *token) {
    for (size_t i = 0; i < KEYWORD_COUNT; i++) {
        if (filter_token_is(token, keywords[i].name)) {
            return &keywords[i];
        }
    }
    return NULL;
}

const char *filter_keyword_name(size_t index) {
    return index < KEYWORD_COUNT ? keywords[index].name : NULL;
}

bool filter_name_needs_quotes(struct bytes name) {
    bool is_plain = name.size > 0 && name.data[0] != '#' && name.data[0] != '@';
    for (size_t i = 0; is_plain && i < name.size; i++) {
        is_plain = filter_is_word_byte(name.data[i]);
    }
    struct filter_token token = { .kind = FILTER_TOKEN_WORD, .text = name };
    return !is_plain || find_keyword(&token) != NULL || filter_token_is(&token, "and") ||
           filter_token_is(&token, "or") || filter_token_is(&token, "not") ||
           memchr(name.data, '/', name.size) != NULL || filter_value_is_address(name);
}

/* A word that begins no term. */
static struct filter_node *refuse_word(struct filter_parser *parser) {
    const struct filter_token *token = &parser->lexer.token;
    const char *names[KEYWORD_COUNT];
    char word[WORD_SIZE_MAX + 1];
    const char *nearest = NULL;
    if (token->kind == FILTER_TOKEN_WORD && token->text.size <= WORD_SIZE_MAX) {
        for (size_t i = 0; i < KEYWORD_COUNT; i++) {
            names[i] = keywords[i].name;
        }
        memcpy(word, token->text.data, token->text.size);
        word[token->text.size] = '\0';
        nearest = option_nearest(word, names, KEYWORD_COUNT);
    }
    if (nearest != NULL) {
        (void)filter_fail(parser, token->offset, "unknown word '%s'; did you mean '%s'?", word,
                          nearest);
    } else {
        (void)filter_expected(parser, "a term such as 'port 443' or 'src 10.0.0.0/8'");
    }
    return NULL;
}

/* An address or CIDR without a keyword. */
static struct filter_node *parse_bare_address(struct filter_parser *parser) {
    struct bytes word = parser->lexer.token.text;
    bool is_like_address =
        parser->lexer.token.kind == FILTER_TOKEN_WORD &&
        ((word.data[0] >= '0' && word.data[0] <= '9') || memchr(word.data, ':', word.size) != NULL);
    return is_like_address ? filter_term_side(parser, FILTER_EITHER) : refuse_word(parser);
}

struct filter_node *filter_parse_term(struct filter_parser *parser) {
    if (!filter_count_term(parser)) {
        return NULL;
    }
    const struct keyword *keyword = find_keyword(&parser->lexer.token);
    if (keyword == NULL) {
        return parse_bare_address(parser);
    }
    bool is_moved = keyword->parse == filter_term_community
                        ? filter_lexer_next_value(&parser->lexer)
                        : filter_lexer_next(&parser->lexer);
    return is_moved ? keyword->parse(parser, keyword->value) : NULL;
}
