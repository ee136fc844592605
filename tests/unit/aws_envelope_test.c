/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/aws_envelope.h"

#include "ingest/aws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* All that an object gives: its lines, "!" in front of a broken one, "damage" behind the last where
 * it is. */
static void unwrap(struct bytes text, size_t chunk_size, struct buffer *out, struct error *err) {
    struct input *input;
    struct aws_envelope *envelope;
    struct aws_piece piece = { .is_end = false };
    assert_true(input_open_chunks(&input, text, chunk_size, err));
    assert_true(aws_envelope_is(input_front(input)));
    assert_true(aws_envelope_open(&envelope, input, err));
    error_clear(err);
    while (!piece.is_end) {
        bool ok = aws_envelope_next(envelope, &piece, err);
        assert_true(ok || (piece.is_end && piece.lines.size == 0 && !piece.is_broken));
        buffer_put(out, piece.lines.data, piece.lines.size);
        if (piece.is_broken) {
            assert_int_equal(piece.lines.size, 0);
            buffer_u8(out, '!');
            buffer_put(out, piece.broken.data, piece.broken.size);
            buffer_u8(out, '\n');
        }
        if (!ok) {
            buffer_put(out, "damage\n", 7);
        }
    }
    aws_envelope_close(envelope);
    input_close(input);
}

static void assert_unwrapped(const char *text, const char *want) {
    for (size_t chunk_size = 1; chunk_size < 100000; chunk_size *= 7) {
        struct buffer out;
        struct error err;
        buffer_init(&out, 1 << 24);
        unwrap(bytes_text(text), chunk_size, &out, &err);
        if (!bytes_equal(buffer_bytes(&out), bytes_text(want))) {
            fail_msg("%s\ngave\n%.*s%s", text, (int)out.size, (const char *)out.data, err.message);
        }
        buffer_done(&out);
    }
}

#define EVENT(text) "{\"id\":\"1\",\"timestamp\":1,\"message\":\"" text "\"}"
#define DATA(events)                                                                               \
    "{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":"          \
    "\"eni-1-all\",\"subscriptionFilters\":[\"f\"],\"logEvents\":[" events "]}"

static void each_message_is_a_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        { "{\"message\":\"a\"}", "a\n" },
        { "{\"message\":\"a\"}\n{\"message\":\"b\"}\n", "a\nb\n" },
        { "\xef\xbb\xbf{\"message\":\"a\"}{\"message\":\"b\"}", "a\nb\n" },
        { "{\"timestamp\":1,\"more\":{\"message\":\"no\"},\"message\":\"a\",\"x\":[]}", "a\n" },
        { "{\n  \"message\": \"a\"\n}\n", "a\n" },
        { "{\"message\":\"a\\u0020\\u00e9\\\"\"}", "a \xc3\xa9\"\n" },
        { "{\"message\":\"a\\nb\\r\\n\"}", "a b\r \n" }, /* one message is one line */
        { "{\"message\":\"\"}", "\n" },
        { DATA(EVENT("a") "," EVENT("b")), "a\nb\n" },
        { DATA(""), "" },
        { DATA(EVENT("a")) DATA(EVENT("b")) "\n" DATA(EVENT("c")), "a\nb\nc\n" },
        { "{\"logEvents\":[" EVENT("a") "],\"messageType\":\"DATA_MESSAGE\"}", "a\n" },
        { "{\"events\":[{\"logStreamName\":\"s\",\"message\":\"a\"}],\"nextToken\":\"t\"}", "a\n" },
        /* control messages say nothing, whatever the order of keys */
        { "{\"messageType\":\"CONTROL_MESSAGE\",\"logEvents\":[" EVENT("x") ",{},7]}", "" },
        { "{\"logEvents\":[" EVENT("CWL CONTROL MESSAGE: Checking health") "],\"messageType\":"
                                                                           "\"CONTROL_MESSAGE\"}",
          "" },
        { "{\"messageType\":\"CONTROL_MESSAGE\"}", "" },
        { "{\"message\":\"CWL CONTROL MESSAGE\"}", "CWL CONTROL MESSAGE\n" }, /* is no event */
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_unwrapped(CASES[i].text, CASES[i].want);
    }
}

static void what_is_no_line_is_broken_and_the_rest_is_not(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } CASES[] = {
        { "{}", "!{}\n" },
        { "{\"foo\":1}\n{\"message\":\"a\"}\n", "!{\"foo\":1}\na\n" },
        { "{\"message\":{\"message\":\"no\"}}\n{\"message\":\"a\"}",
          "!{\"message\":{\"message\":\"no\"}}\na\n" },
        { "{\"message\":7}{\"message\":null}{\"message\":[\"x\"]}{\"message\":\"a\"}",
          "!{\"message\":7}{\"message\":null}{\"message\":[\"x\"]}{\"message\":\"a\"}\n"
          "!{\"message\":null}{\"message\":[\"x\"]}{\"message\":\"a\"}\n"
          "!{\"message\":[\"x\"]}{\"message\":\"a\"}\na\n" },
        { DATA("{\"id\":\"1\"}," EVENT("a") ",7,[]," EVENT("b")),
          "!{\"id\":\"1\"},{\"id\":\"1\",\"timestamp\":1,\"message\":\"a\"},7,[],{\"id\":\"1\","
          "\"timestamp\":1,\"message\":\"b\"}]}\na\n"
          "!7,[],{\"id\":\"1\",\"timestamp\":1,\"message\":\"b\"}]}\n"
          "![],{\"id\":\"1\",\"timestamp\":1,\"message\":\"b\"}]}\nb\n" },
        { "{\"logEvents\":{\"message\":\"no\"}}", "!{\"logEvents\":{\"message\":\"no\"}}\n" },
        { "{\"awslogs\":{\"data\":\"H4sI\"}}", "!{\"awslogs\":{\"data\":\"H4sI\"}}\n" },
        /* a fault costs its own line */
        { "{\"message\":\"a\nb\"}\n{\"message\":\"c\"}", "!{\"message\":\"a\nb\"}\nc\n" },
        { "{\"message\":\"a\"\n{\"message\":\"b\"}\n{\"message\":\"c\"}\n",
          "!{\"message\":\"a\"\nb\nc\n" },
        { "{\"message\":\"a\"}}\n{\"message\":\"b\"}\n", "a\n}\nb\n" },
        { "{\"message\":\"a\xff\"}\n{\"message\":\"b\"}\n", "!{\"message\":\"a\xff\"}\nb\n" },
        { "{\"message\":\"\\ud83d\"}\r\n{\"message\":\"b\"}\r\n",
          "!{\"message\":\"\\ud83d\"}\r\nb\n" },
        { "{\"message\":\"a\"}\n{\"mess", "a\n!{\"mess\n" },
        { "{\"message\":\"a\"", "!{\"message\":\"a\"\n" },
        { "{", "!{\n" },
        /* what does not begin with { is a line as it is */
        { "{\"message\":\"a\"}\n2 1 eni-1\n\n{\"message\":\"b\"}\nlast",
          "a\n2 1 eni-1\nb\nlast\n" },
        { "{\"message\":\"a\"}\n[{\"message\":\"b\"}]\n\"c\"",
          "a\n[{\"message\":\"b\"}]\n\"c\"\n" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_unwrapped(CASES[i].text, CASES[i].want);
    }
}

static void a_fault_inside_a_list_of_events_is_damage(void **state) {
    (void)state;
    static const char *const CASES[] = {
        "{\"logEvents\":[" EVENT("a") ",]}\n" DATA(EVENT("b")),
        "{\"logEvents\":[" EVENT("a") ",{\"id",
        "{\"logEvents\":[" EVENT("a") "],\"x\":}",
        "{\"logEvents\":[" EVENT("a"),
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        assert_unwrapped(CASES[i], "a\ndamage\n");
    }
    struct buffer out;
    struct error err;
    buffer_init(&out, 1 << 20);
    unwrap(bytes_text("{\"logEvents\":[\n{\"message\":\"a\"},\n,"), 5, &out, &err);
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_string_equal(err.message, "a list of events breaks off: line 3, column 1 (octet 32): a "
                                     "value is due, not ','");
    /* Lines are counted over messages, plain lines and faults alike. */
    buffer_reset(&out);
    unwrap(
        bytes_text("{\"message\":\n\"a\"}\n\nplain\n{\"mes\n{\"message\":\"b\"}\n{\"events\":[\n?"),
        5, &out, &err);
    assert_string_equal(err.message, "a list of events breaks off: line 8, column 1 (octet 58): a "
                                     "value is due, not '?'");
    buffer_done(&out);
}

/* `count` objects of one message each, all of `size` octets. */
static char *messages(size_t count, size_t size, const char *between, struct buffer *want) {
    char *text = malloc(count * (size + 20) + 1);
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "{\"message\":\"");
        memset(at, (int)('a' + i % 26), size);
        buffer_put(want, at, size < INPUT_LINE_MAX + 1 ? size : INPUT_LINE_MAX + 1);
        buffer_u8(want, '\n');
        at += size;
        at += sprintf(at, "\"}%s", between);
    }
    return text;
}

static void objects_of_any_size_are_whole(void **state) {
    (void)state;
    static const struct {
        size_t count, size;
        const char *between;
    } CASES[] = {
        { 20000, 100, "" },           { 20000, 100, "\n" },          { 30, INPUT_LINE_MAX, "" },
        { 30, INPUT_LINE_MAX, "\n" }, { 7, INPUT_LINE_MAX + 1, "" }, { 5, 300000, "\n" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct buffer want;
        struct buffer out;
        struct error err;
        buffer_init(&want, 1 << 26);
        buffer_init(&out, 1 << 26);
        char *text = messages(CASES[i].count, CASES[i].size, CASES[i].between, &want);
        unwrap(bytes_text(text), 4096, &out, &err);
        assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&want)));
        free(text);
        buffer_done(&want);
        buffer_done(&out);
    }
}

/* Beyond what is kept of the pieces before, a fault's line is found no more: the next one is. */
static void a_fault_far_behind_its_values_front_costs_no_more_than_its_line(void **state) {
    (void)state;
    struct buffer text;
    buffer_init(&text, 1 << 22);
    buffer_put(&text, "{\"x\":[\n", 7);
    for (int i = 0; i < 200000; i++) {
        buffer_put(&text, "1,\n", 3);
    }
    buffer_put(&text, "?]}\n{\"message\":\"a\"}\n", 20);
    struct buffer out;
    struct error err;
    buffer_init(&out, 1 << 22);
    unwrap(buffer_bytes(&text), 4096, &out, &err);
    const char *want = "?]}\na\n"; /* the fault's line is read again, as a line */
    assert_true(out.size > strlen(want) + 1 && out.data[0] == '!');
    assert_memory_equal(out.data + out.size - strlen(want), want, strlen(want));
    buffer_done(&text);
    buffer_done(&out);
}

static void a_fault_without_a_line_end_near_is_damage(void **state) {
    (void)state;
    for (int is_far = 0; is_far < 2; is_far++) {
        struct buffer text;
        struct buffer out;
        struct error err;
        buffer_init(&text, 1 << 22);
        buffer_init(&out, 1 << 22);
        buffer_put(&text, "{\"message\":?", 12);
        for (int i = 0; i < (is_far ? 600000 : 1000); i++) {
            buffer_u8(&text, 'x');
        }
        buffer_put(&text, "\n{\"message\":\"a\"}", 16);
        unwrap(buffer_bytes(&text), 4096, &out, &err);
        assert_int_equal(err.code, is_far ? ERROR_FORMAT : ERROR_NONE);
        const char *want = is_far ? "damage\n" : "\na\n";
        assert_memory_equal(out.data + out.size - strlen(want), want, strlen(want));
        buffer_done(&text);
        buffer_done(&out);
    }
}

static void json_logs_are_recognised_by_their_keys(void **state) {
    (void)state;
    static const struct {
        const char *front;
        bool is_known;
    } CASES[] = {
        { "{\"message\":\"2 1", true },
        { " \n{\"messageType\":\"DATA", true },
        { "{\"a\":{\"message\":1},\"logEvents\":[", true },
        { "{\"events\":[]}", true },
        { "{\"a\":{\"message\":1}}", false },
        { "{\"insertId\":\"x\",\"jsonPayload\":{", false },
        { "{\"records\":[{\"message\":1}]}", false },
        { "[{\"message\":1}]", false },
        { "{\"me", false },
        { "message", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        print_message("%s\n", CASES[i].front);
        assert_int_equal(aws_source.recognise(bytes_text(CASES[i].front)), CASES[i].is_known);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_a_line),
        cmocka_unit_test(what_is_no_line_is_broken_and_the_rest_is_not),
        cmocka_unit_test(a_fault_inside_a_list_of_events_is_damage),
        cmocka_unit_test(objects_of_any_size_are_whole),
        cmocka_unit_test(a_fault_far_behind_its_values_front_costs_no_more_than_its_line),
        cmocka_unit_test(a_fault_without_a_line_end_near_is_damage),
        cmocka_unit_test(json_logs_are_recognised_by_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
