/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte is looked at once. A NUL byte is refused with the other control characters, so words
 * never hold one, and a path or a name is safe to hand on as a C string; within quotes all other
 * bytes may stand. */
#include "flow/filter_lexer.h"

#include "flow/filter_error.h"

static bool is_blank(uint8_t byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool filter_is_word_byte(uint8_t byte) {
    return byte > 0x20 && byte != 0x7f && strchr("(){}[],\"'!&|<>=~", byte) == NULL;
}

/* The offset of the next byte that is neither blank nor comment. */
static size_t skip_blanks(struct bytes text, size_t at) {
    while (at < text.size) {
        if (text.data[at] == '#') {
            while (at < text.size && text.data[at] != '\n') {
                at++;
            }
        } else if (is_blank(text.data[at])) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

static bool fail(struct filter_lexer *lexer, size_t offset, const char *message) {
    return filter_error_at(lexer->err, ERROR_ARGUMENT, lexer->text, offset, "%s", message);
}

static bool is_escape(struct bytes text, size_t at) {
    return text.data[at] == '\\' && at + 1 < text.size &&
           (text.data[at + 1] == '"' || text.data[at + 1] == '\\');
}

/* Undoes \" and \\ (in double quotes only): any other backslash stands for itself, for globs. */
static bool unescape(struct filter_lexer *lexer, struct bytes raw, struct bytes *out) {
    if (memchr(raw.data, '\\', raw.size) == NULL) {
        *out = raw;
        return true;
    }
    uint8_t *to = arena_take(lexer->arena, raw.size);
    if (to == NULL) {
        return error_set(lexer->err, ERROR_LIMIT, "no memory for the filter");
    }
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        i += is_escape(raw, i);
        to[size++] = raw.data[i];
    }
    *out = bytes_of(to, size);
    return true;
}

/* `at` is behind the opening quote. */
static bool read_quoted(struct filter_lexer *lexer, size_t at, uint8_t quote) {
    struct bytes text = lexer->text;
    size_t begin = at;
    bool has_escapes = quote == '"';
    while (at < text.size && text.data[at] != quote) {
        if (text.data[at] == '\0') {
            return fail(lexer, at, "expected text, found a NUL byte");
        }
        at += has_escapes && is_escape(text, at) ? 2 : 1;
    }
    if (at >= text.size) {
        return fail(lexer, begin - 1, "this quote is never closed");
    }
    lexer->token.end = at + 1;
    struct bytes raw = bytes_of(text.data + begin, at - begin);
    if (raw.size == 0 || !has_escapes) {
        lexer->token.text = raw;
        return true;
    }
    return unescape(lexer, raw, &lexer->token.text);
}

static bool read_word(struct filter_lexer *lexer, size_t at, bool is_value) {
    struct bytes text = lexer->text;
    size_t begin = at;
    while (at < text.size &&
           (filter_is_word_byte(text.data[at]) || (is_value && text.data[at] == '='))) {
        at++;
    }
    if (at == begin) {
        return fail(lexer, at, "expected text, found a control character");
    }
    lexer->token.text = bytes_of(text.data + begin, at - begin);
    lexer->token.end = at;
    return true;
}

/* `at` is behind the @. */
static bool read_file(struct filter_lexer *lexer, size_t at) {
    struct bytes text = lexer->text;
    if (at < text.size && (text.data[at] == '"' || text.data[at] == '\'')) {
        return read_quoted(lexer, at + 1, text.data[at]);
    }
    if (at >= text.size || !filter_is_word_byte(text.data[at])) {
        return fail(lexer, at, "expected the name of a file right behind the @");
    }
    return read_word(lexer, at, false);
}

struct symbol {
    char text[3];
    enum filter_token_kind kind;
};

/* Longer ones first. */
static const struct symbol symbols[] = {
    { "&&", FILTER_TOKEN_AND },        { "||", FILTER_TOKEN_OR },
    { "<=", FILTER_TOKEN_LESS_EQUAL }, { ">=", FILTER_TOKEN_GREATER_EQUAL },
    { "==", FILTER_TOKEN_EQUAL },      { "!=", FILTER_TOKEN_NOT_EQUAL },
    { "=", FILTER_TOKEN_EQUAL },       { "!", FILTER_TOKEN_NOT },
    { "<", FILTER_TOKEN_LESS },        { ">", FILTER_TOKEN_GREATER },
    { "(", FILTER_TOKEN_OPEN },        { ")", FILTER_TOKEN_CLOSE },
    { "{", FILTER_TOKEN_LIST_OPEN },   { "}", FILTER_TOKEN_LIST_CLOSE },
    { "[", FILTER_TOKEN_LIST_OPEN },   { "]", FILTER_TOKEN_LIST_CLOSE },
    { ",", FILTER_TOKEN_COMMA },       { "~", FILTER_TOKEN_LIKE },
};

static bool read_symbol(struct filter_lexer *lexer, size_t at) {
    struct bytes rest = bytes_of(lexer->text.data + at, lexer->text.size - at);
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        size_t size = strlen(symbols[i].text);
        if (size <= rest.size && memcmp(rest.data, symbols[i].text, size) == 0) {
            lexer->token.kind = symbols[i].kind;
            lexer->token.text = bytes_of(rest.data, size);
            lexer->token.end = at + size;
            return true;
        }
    }
    return false;
}

static bool next(struct filter_lexer *lexer, bool is_value) {
    struct bytes text = lexer->text;
    size_t at = skip_blanks(text, lexer->token.end);
    lexer->token = (struct filter_token){ .offset = at, .end = at };
    if (at == text.size) {
        return true;
    }
    uint8_t byte = text.data[at];
    if (byte == '"' || byte == '\'') {
        lexer->token.kind = FILTER_TOKEN_QUOTED;
        return read_quoted(lexer, at + 1, byte);
    }
    if (byte == '@') {
        lexer->token.kind = FILTER_TOKEN_FILE;
        return read_file(lexer, at + 1);
    }
    if (read_symbol(lexer, at)) {
        return true;
    }
    if (byte == '&' || byte == '|') {
        return fail(lexer, at, byte == '&' ? "expected && or and" : "expected || or or");
    }
    lexer->token.kind = FILTER_TOKEN_WORD;
    return read_word(lexer, at, is_value);
}

bool filter_lexer_begin(struct filter_lexer *lexer, struct bytes text, struct arena *arena,
                        struct error *err) {
    *lexer = (struct filter_lexer){ .text = text, .arena = arena, .err = err };
    return next(lexer, false);
}

bool filter_lexer_next(struct filter_lexer *lexer) {
    return next(lexer, false);
}

bool filter_lexer_next_value(struct filter_lexer *lexer) {
    return next(lexer, true);
}
