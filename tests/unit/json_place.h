/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_JSON_PLACE_H
#define WEIR_TESTS_UNIT_JSON_PLACE_H

#include "base/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* For tests of what writes JSON: the value at a place of a document ("a.b.0.c"). Each question
 * reads the whole document, so that a damaged one fails whatever is asked. */

#define JSON_PLACE_SIZE 256u

struct json_place {
    const char *want;
    char path[JSON_PLACE_SIZE];
    bool is_found;
    enum json_kind kind;
    char *text;     /* of a text or number; released by json_place_done */
    size_t members; /* of an object or array */
    /* Called for each value when not NULL, with its place. */
    void (*visit)(const char *path, enum json_kind kind);
};

static inline struct json_token json_place_next(struct json_reader *reader) {
    struct json_token token;
    struct error err;
    if (!json_next(reader, &token, &err)) {
        fail_msg("%s", err.message);
    }
    return token;
}

static inline bool json_place_is_end(enum json_kind kind) {
    return kind == JSON_TOKEN_OBJECT_END || kind == JSON_TOKEN_ARRAY_END;
}

/* The value that begins with `token`. */
static inline void json_place_walk(struct json_place *place, struct json_reader *reader,
                                   struct json_token token) {
    bool is_wanted = place->want != NULL && strcmp(place->path, place->want) == 0;
    size_t path_size = strlen(place->path);
    size_t members = 0;
    if (place->visit != NULL) {
        place->visit(place->path, token.kind);
    }
    if (is_wanted) {
        assert_false(place->is_found);
        place->is_found = true;
        place->kind = token.kind;
        if (token.kind == JSON_TOKEN_TEXT || token.kind == JSON_TOKEN_NUMBER) {
            place->text = strndup((const char *)token.text.data, token.text.size);
        }
    }
    if (token.kind == JSON_TOKEN_OBJECT || token.kind == JSON_TOKEN_ARRAY) {
        struct json_token next = json_place_next(reader);
        while (!json_place_is_end(next.kind)) {
            char number[24];
            (void)snprintf(number, sizeof number, "%zu", members++);
            bool is_key = next.kind == JSON_TOKEN_KEY;
            (void)snprintf(place->path + path_size, JSON_PLACE_SIZE - path_size, "%s%.*s",
                           path_size > 0 ? "." : "",
                           is_key ? (int)next.text.size : (int)strlen(number),
                           is_key ? (const char *)next.text.data : number);
            json_place_walk(place, reader, is_key ? json_place_next(reader) : next);
            place->path[path_size] = '\0';
            next = json_place_next(reader);
        }
    }
    place->members = is_wanted ? members : place->members;
}

static inline struct json_place json_place_of(const char *document, const char *want,
                                              void (*visit)(const char *, enum json_kind)) {
    struct json_place place = { .want = want, .visit = visit };
    struct json_reader reader;
    json_reader_init(&reader, bytes_text(document), NULL, NULL);
    json_place_walk(&place, &reader, json_place_next(&reader));
    assert_int_equal(json_place_next(&reader).kind, JSON_TOKEN_END);
    json_reader_done(&reader);
    return place;
}

static inline void json_place_text(const char *document, const char *want, const char *text) {
    struct json_place place = json_place_of(document, want, NULL);
    if (!place.is_found || place.text == NULL || strcmp(place.text, text) != 0) {
        fail_msg("%s is '%s', not '%s'", want, place.text == NULL ? "(none)" : place.text, text);
    }
    free(place.text);
}

static inline void json_place_none(const char *document, const char *want) {
    struct json_place place = json_place_of(document, want, NULL);
    if (place.is_found) {
        fail_msg("%s is there", want);
    }
}

#endif
