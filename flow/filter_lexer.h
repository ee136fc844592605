/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_LEXER_H
#define WEIR_FLOW_FILTER_LEXER_H

#include "base/arena.h"

/* Cuts a filter's text, or a list file's, into tokens. Blanks and comments (from a `#` at the start
 * of a word to the end of the line) stand between tokens. */

enum filter_token_kind {
    FILTER_TOKEN_END,
    FILTER_TOKEN_WORD,       /* a run of word characters */
    FILTER_TOKEN_QUOTED,     /* "..." or '...': a word whatever it holds */
    FILTER_TOKEN_FILE,       /* @WORD or @"...", without the @ */
    FILTER_TOKEN_OPEN,       /* ( */
    FILTER_TOKEN_CLOSE,      /* ) */
    FILTER_TOKEN_LIST_OPEN,  /* { or [ */
    FILTER_TOKEN_LIST_CLOSE, /* } or ] */
    FILTER_TOKEN_COMMA,
    FILTER_TOKEN_AND, /* && */
    FILTER_TOKEN_OR,  /* || */
    FILTER_TOKEN_NOT, /* ! */
    FILTER_TOKEN_LESS,
    FILTER_TOKEN_LESS_EQUAL,
    FILTER_TOKEN_GREATER,
    FILTER_TOKEN_GREATER_EQUAL,
    FILTER_TOKEN_EQUAL, /* = or == */
    FILTER_TOKEN_NOT_EQUAL,
    FILTER_TOKEN_LIKE, /* ~ */
};

struct filter_token {
    enum filter_token_kind kind;
    struct bytes text; /* what a word says (quotes and escapes undone); else the token as written */
    size_t offset;     /* where it stands */
    size_t end;        /* one past it */
};

/* One token of lookahead. `token` is the one that the parser looks at. */
struct filter_lexer {
    struct bytes text;   /* borrowed */
    struct arena *arena; /* for quoted words that hold escapes */
    struct filter_token token;
    struct error *err;
};

/* Whether a byte may stand in an unquoted word: all but blanks, control characters and
 * ( ) { } [ ] , " ' ! & | < > = ~ (a `#` may not begin a word, an `@` makes it a file). */
bool filter_is_word_byte(uint8_t byte);

/* Moves to the first token. Errors: ERROR_ARGUMENT (an open quote, a lone & or |, a control
 * character), ERROR_LIMIT (the arena is full). */
bool filter_lexer_begin(struct filter_lexer *lexer, struct bytes text, struct arena *arena,
                        struct error *err);

/* Moves to the next token. Errors: as filter_lexer_begin. */
bool filter_lexer_next(struct filter_lexer *lexer);

/* The same where the next word may hold `=`: base64 ends with it. */
bool filter_lexer_next_value(struct filter_lexer *lexer);

#endif
