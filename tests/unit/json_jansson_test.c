/* SPDX-License-Identifier: Apache-2.0 */
/* The pull reader against jansson, on documents that are made at random, whole and damaged. Where
 * jansson has a bound that the reader has not (a number beyond its type, a key that stands twice or
 * holds a zero), the document says nothing. SEED=n starts elsewhere. */
#include "tests/unit/json_reference.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define ROUNDS 3000

static uint64_t random_state;

static uint64_t next_random(uint64_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static void put_text(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

static void put_blanks(struct buffer *out) {
    static const char *const BLANKS[] = { "", "", " ", "\n            ", "\t", "\r\n" };
    put_text(out, BLANKS[next_random(6)]);
}

static void put_string(struct buffer *out) {
    static const char *const PARTS[] = {
        "a",
        "name",
        "0123456789abcdef",
        "\\n",
        "\\\"",
        "\\\\",
        "\\u00e9",
        "\\u20ac",
        "\\ud83d\\ude00",
        "\xc3\xa9",
        "\xf0\x9f\x98\x80",
        "\xe2\x82\xac",
        "\\/",
        " ",
        "\x7f",
    };
    buffer_u8(out, '"');
    for (uint64_t i = next_random(5); i > 0; i--) {
        put_text(out, PARTS[next_random(sizeof PARTS / sizeof PARTS[0])]);
    }
    buffer_u8(out, '"');
}

static void put_value(struct buffer *out, unsigned depth) {
    static const char *const SCALARS[] = {
        "true", "false", "null", "0", "-1", "12", "1.5", "-2e-3", "1E+10", "123456789012345678"
    };
    uint64_t kind = depth > 6 ? 2 + next_random(2) : next_random(4);
    if (kind == 2) {
        put_text(out, SCALARS[next_random(sizeof SCALARS / sizeof SCALARS[0])]);
    } else if (kind == 3) {
        put_string(out);
    } else {
        buffer_u8(out, kind == 0 ? '{' : '[');
        put_blanks(out);
        uint64_t count = next_random(5);
        for (uint64_t i = 0; i < count; i++) {
            if (kind == 0) {
                put_string(out);
                put_blanks(out);
                buffer_u8(out, ':');
            }
            put_blanks(out);
            put_value(out, depth + 1);
            put_blanks(out);
            if (i + 1 < count) {
                buffer_u8(out, ',');
                put_blanks(out);
            }
        }
        buffer_u8(out, kind == 0 ? '}' : ']');
    }
}

static void damage(struct buffer *out) {
    static const char OCTETS[] = "{}[],:\"\\u0e-+. \n\x01\xff\xc3tfn";
    for (uint64_t i = 1 + next_random(3); i > 0 && out->size > 0; i--) {
        size_t at = next_random(out->size);
        switch (next_random(3)) {
        case 0: out->data[at] = (uint8_t)OCTETS[next_random(sizeof OCTETS - 1)]; break;
        case 1: out->size = at; break;
        default: memmove(out->data + at, out->data + at + 1, --out->size - at);
        }
    }
}

/* Walks jansson's tree and the reader's tokens side by side. */
static void assert_value(json_t *want, struct json_reader *reader) {
    struct json_token token;
    assert_true(json_next(reader, &token, NULL));
    size_t index;
    json_t *element;
    const char *key;
    struct bytes got;
    int64_t number;
    char text[64];
    switch (json_typeof(want)) {
    case JSON_OBJECT:
        assert_int_equal(token.kind, JSON_TOKEN_OBJECT);
        json_object_foreach(want, key, element) {
            assert_true(json_take_key(reader, &got));
            assert_true(bytes_equal(got, bytes_text(key)));
            assert_value(element, reader);
        }
        assert_false(json_more(reader));
        break;
    case JSON_ARRAY:
        assert_int_equal(token.kind, JSON_TOKEN_ARRAY);
        json_array_foreach(want, index, element) {
            assert_true(json_more(reader));
            assert_value(element, reader);
        }
        assert_false(json_more(reader));
        break;
    case JSON_STRING:
        assert_int_equal(token.kind, JSON_TOKEN_TEXT);
        assert_true(
            bytes_equal(token.text, bytes_of(json_string_value(want), json_string_length(want))));
        break;
    case JSON_INTEGER:
        assert_true(json_number_i64(token.text, &number));
        assert_true(number == json_integer_value(want));
        break;
    case JSON_REAL:
        assert_true(token.kind == JSON_TOKEN_NUMBER && token.text.size < sizeof text);
        memcpy(text, token.text.data, token.text.size);
        text[token.text.size] = '\0';
        assert_true(strtod(text, NULL) == json_real_value(want));
        break;
    case JSON_TRUE: assert_int_equal(token.kind, JSON_TOKEN_TRUE); break;
    case JSON_FALSE: assert_int_equal(token.kind, JSON_TOKEN_FALSE); break;
    case JSON_NULL: assert_int_equal(token.kind, JSON_TOKEN_NULL); break;
    }
}

/* Whether the text is one value. */
static bool is_one_value(struct bytes text, size_t piece_size) {
    struct pieces pieces = { .left = text, .size = piece_size };
    struct json_reader reader;
    json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
    bool ok = json_more(&reader) && json_skip(&reader) && !json_more(&reader) &&
              json_check(&reader, NULL);
    json_reader_done(&reader);
    free(pieces.copy);
    return ok;
}

static bool is_jansson_bound(const json_error_t *error) {
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_duplicate_key;
}

/* Says whether jansson had an opinion. */
static bool compare(struct bytes text, size_t piece_size) {
    json_error_t error;
    json_t *tree = json_loadb((const char *)text.data, text.size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL && is_jansson_bound(&error)) {
        return false;
    }
    if (is_one_value(text, piece_size) != (tree != NULL)) {
        fail_msg("%s: %.*s", error.text, (int)text.size, (const char *)text.data);
    }
    if (tree != NULL) {
        struct pieces pieces = { .left = text, .size = piece_size };
        struct json_reader reader;
        json_reader_init(&reader, (struct bytes){ 0 }, pieces_next, &pieces);
        assert_value(tree, &reader);
        json_reader_done(&reader);
        free(pieces.copy);
        json_decref(tree);
    }
    return true;
}

static void documents_are_what_jansson_says(void **state) {
    (void)state;
    const char *seed = getenv("SEED");
    random_state = seed == NULL ? 20261124 : strtoull(seed, NULL, 10);
    print_message("SEED=%llu\n", (unsigned long long)random_state);
    size_t compared = 0;
    size_t damaged = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct buffer out;
        buffer_init(&out, 1 << 22);
        put_value(&out, 0);
        size_t piece_size = next_random(4) == 0 ? SIZE_MAX : 1 + next_random(40);
        compared += compare(buffer_bytes(&out), piece_size);
        for (int i = 0; i < 4; i++) {
            damage(&out);
            damaged += compare(buffer_bytes(&out), piece_size);
        }
        buffer_done(&out);
    }
    print_message("%zu whole, %zu damaged\n", compared, damaged);
    assert_true(compared > ROUNDS / 4 && damaged > ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_what_jansson_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
