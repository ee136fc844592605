/* SPDX-License-Identifier: Apache-2.0 */
/* The place in the JSON is a state, since a piece may be full in the middle of a list: each step
 * makes at most one line. Formats: "Real-time processing of log data with subscriptions" (Amazon
 * CloudWatch Logs user guide), "Send flow logs to Amazon Data Firehose" (Amazon VPC user guide).
 *
 * To go back to the line of a fault, the last INPUT_LINE_MAX octets in front of the reader's piece
 * are kept:
 *
 *      +---------------- window -----------------+
 *      | kept               | the reader's piece |
 *      +-----------------------------------------+
 */
#include "ingest/aws_envelope.h"

#include "base/json_read.h"

#include <stdlib.h>

#define LINE_SIZE_MAX (INPUT_LINE_MAX + 2) /* a line that is cut, and its LF */
#define TEXT_SIZE (INPUT_PIECE_SIZE + 2 * LINE_SIZE_MAX)
#define EXCERPT_SIZE 120

enum place { PLACE_TOP, PLACE_OBJECT, PLACE_LIST, PLACE_EVENT };

struct aws_envelope {
    struct input *input;
    struct json_reader reader;
    struct bytes window;
    uint64_t window_offset; /* of its first octet in the object */

    enum place place;
    uint64_t first_offset; /* of the value, or of the event, that is being read */
    bool is_control;       /* the value is a control message: it has no lines */
    bool has_list;         /* the value has a list of events */
    bool has_message;      /* the value, or the event, has a message, broken or not */

    uint8_t *text; /* [TEXT_SIZE + INPUT_PADDING]: the piece */
    size_t text_size;
    size_t value_at; /* where in it the lines of the value begin, that have not been given */
    uint8_t excerpt[EXCERPT_SIZE];
    size_t excerpt_size;
    bool is_broken; /* a broken line is to be given behind the piece */
    bool is_end;
    bool has_input_failed;
    struct error damage;
};

static bool is_text(struct bytes bytes, const char *text) {
    return bytes_equal(bytes, bytes_text(text));
}

static bool is_events(struct bytes key) {
    return is_text(key, "logEvents") || is_text(key, "events");
}

bool aws_envelope_is(struct bytes front) {
    size_t at = front.size >= 3 && memcmp(front.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < front.size && (front.data[at] == ' ' || front.data[at] == '\t' ||
                               front.data[at] == '\r' || front.data[at] == '\n')) {
        at++;
    }
    return at < front.size && front.data[at] == '{';
}

bool aws_envelope_recognise(struct bytes front) {
    if (!aws_envelope_is(front)) {
        return false;
    }
    struct json_reader reader;
    json_reader_init(&reader, front, NULL, NULL);
    bool is_known = false;
    struct bytes key;
    bool is_object = json_more(&reader) && json_enter(&reader, JSON_TOKEN_OBJECT);
    while (is_object && !is_known && json_take_key(&reader, &key)) {
        is_known = is_text(key, "message") || is_text(key, "messageType") || is_events(key);
        (void)json_skip(&reader); /* where the front ends, the loop ends */
    }
    json_reader_done(&reader);
    return is_known;
}

/* ---- the window ---- */

static bool refill(void *context, struct bytes *piece, struct error *err) {
    struct aws_envelope *envelope = context;
    size_t size = envelope->window.size;
    size_t keep = size < INPUT_LINE_MAX ? size : INPUT_LINE_MAX;
    struct bytes window;
    bool is_end;
    if (!input_read(envelope->input, keep, &window, &is_end, err)) {
        envelope->has_input_failed = true;
        return false;
    }
    envelope->window = window;
    envelope->window_offset += size - keep;
    *piece = bytes_of(window.data + keep, window.size - keep);
    return true;
}

/* False at the end, and when the input fails: then it is damage. */
static bool read_on(struct aws_envelope *envelope, struct bytes *piece) {
    *piece = (struct bytes){ 0 };
    if (!refill(envelope, piece, &envelope->damage)) {
        envelope->is_end = true;
    }
    return piece->size > 0;
}

/* What the window has from an offset on, at most `size` octets. */
static struct bytes in_window(const struct aws_envelope *envelope, uint64_t offset, size_t size) {
    if (offset < envelope->window_offset) {
        offset = envelope->window_offset;
    }
    size_t skipped = (size_t)(offset - envelope->window_offset);
    size_t left = envelope->window.size - skipped;
    return left == 0 ? (struct bytes){ 0 }
                     : bytes_of(envelope->window.data + skipped, left < size ? left : size);
}

/* ---- lines ---- */

static void put_line(struct aws_envelope *envelope, struct bytes message) {
    uint8_t *at = envelope->text + envelope->text_size;
    size_t size = message.size <= INPUT_LINE_MAX ? message.size : INPUT_LINE_MAX + 1;
    if (size > 0) {
        memcpy(at, message.data, size);
    }
    uint8_t *feed = size == 0 ? NULL : memchr(at, '\n', size);
    while (feed != NULL) {
        *feed = ' ';
        feed = memchr(feed, '\n', size - (size_t)(feed - at));
    }
    at[size] = '\n';
    envelope->text_size += size + 1;
}

/* Notes a broken line that begins at first_offset. */
static void put_broken(struct aws_envelope *envelope) {
    struct bytes front = in_window(envelope, envelope->first_offset, EXCERPT_SIZE);
    const uint8_t *feed = front.size == 0 ? NULL : memchr(front.data, '\n', front.size);
    envelope->excerpt_size = feed == NULL ? front.size : (size_t)(feed - front.data);
    if (envelope->excerpt_size > 0) {
        memcpy(envelope->excerpt, front.data, envelope->excerpt_size);
    }
    envelope->is_broken = true;
}

/* A line of the object that is not JSON, from the reader's place to its LF. */
static void take_raw_line(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    uint64_t offset = json_offset(reader);
    struct bytes rest = bytes_of(reader->at, (size_t)(reader->end - reader->at));
    uint64_t line = json_line(reader);
    uint8_t *out = envelope->text + envelope->text_size;
    size_t size = 0;
    for (;;) {
        const uint8_t *feed = memchr(rest.data, '\n', rest.size);
        size_t taken = feed == NULL ? rest.size : (size_t)(feed - rest.data);
        size_t room = INPUT_LINE_MAX + 1 - size;
        memcpy(out + size, rest.data, taken < room ? taken : room);
        size += taken < room ? taken : room;
        offset += taken;
        rest = bytes_of(rest.data + taken, rest.size - taken);
        if (feed != NULL || !read_on(envelope, &rest)) {
            break;
        }
    }
    if (!envelope->is_end) { /* else the line is not whole, which may not be seen from it */
        out[size] = '\n';
        envelope->text_size += size + 1;
        json_reader_resume(reader, rest, offset, line);
    }
}

/* ---- faults ---- */

static void damage(struct aws_envelope *envelope, const char *what) {
    envelope->is_end = true;
    envelope->damage = envelope->reader.failure;
    if (!envelope->has_input_failed) {
        error_context(&envelope->damage, "%s", what);
    }
}

/* Finds the place behind a fault: the line that it is on, else the next one. */
static void go_on(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    uint64_t fault = json_offset(reader);
    uint64_t line = json_line(reader);
    uint64_t low = envelope->first_offset > envelope->window_offset ? envelope->first_offset
                                                                    : envelope->window_offset;
    struct bytes front = in_window(envelope, low, (size_t)(fault - low));
    const uint8_t *feed = front.size == 0 ? NULL : memrchr(front.data, '\n', front.size);
    if (feed != NULL) {
        uint64_t offset = low + (uint64_t)(feed - front.data) + 1;
        json_reader_resume(reader, in_window(envelope, offset, SIZE_MAX), offset, line);
        return;
    }
    struct bytes rest = in_window(envelope, fault, SIZE_MAX);
    size_t passed = 0;
    feed = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
    while (feed == NULL) {
        passed += rest.size;
        if (passed > INPUT_LINE_MAX) {
            damage(envelope, "broken JSON, and no further line is near");
            return;
        }
        if (!read_on(envelope, &rest)) {
            envelope->is_end = true;
            return;
        }
        feed = memchr(rest.data, '\n', rest.size);
    }
    size_t used = (size_t)(feed - rest.data) + 1;
    json_reader_resume(reader, bytes_of(feed + 1, rest.size - used), fault + passed + used,
                       line + 1);
}

/* The reader has failed. */
static void take_fault(struct aws_envelope *envelope) {
    if (envelope->place == PLACE_TOP || envelope->has_input_failed) {
        damage(envelope, "broken JSON");
    } else if (envelope->has_list) {
        damage(envelope, "a list of events breaks off");
    } else {
        envelope->text_size = envelope->value_at; /* one line it is, not two */
        put_broken(envelope);
        envelope->place = PLACE_TOP;
        go_on(envelope);
    }
}

/* ---- steps ---- */

/* CloudWatch checks a subscription's target with such a message; its type may stand behind it. */
static bool is_control_message(struct bytes message) {
    struct bytes front = bytes_text("CWL CONTROL MESSAGE");
    return message.size >= front.size && memcmp(message.data, front.data, front.size) == 0;
}

/* The value behind the key of a message. A failure is found by the next step. */
static void take_message(struct aws_envelope *envelope) {
    struct json_token token;
    envelope->has_message = true;
    if (!json_next(&envelope->reader, &token, NULL)) {
        return;
    }
    bool is_line = token.kind == JSON_TOKEN_TEXT;
    bool is_control =
        envelope->is_control || (envelope->has_list && is_line && is_control_message(token.text));
    if (!is_control && is_line) {
        put_line(envelope, token.text);
    } else if (!is_control) {
        put_broken(envelope);
    }
    if (token.kind == JSON_TOKEN_OBJECT || token.kind == JSON_TOKEN_ARRAY) {
        (void)json_leave(&envelope->reader); /* the reader keeps its error; so below */
    }
}

static void take_type(struct aws_envelope *envelope) {
    struct bytes type;
    envelope->is_control =
        json_take_text(&envelope->reader, &type) && is_text(type, "CONTROL_MESSAGE");
}

/* Between values. */
static void step_top(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    if (!json_more(reader)) {
        if (json_check(reader, NULL)) {
            envelope->is_end = true;
        } else {
            take_fault(envelope);
        }
        return;
    }
    envelope->first_offset = json_offset(reader);
    envelope->value_at = envelope->text_size;
    envelope->is_control = envelope->has_list = envelope->has_message = false;
    if (*reader->at != '{') {
        take_raw_line(envelope);
    } else if (json_enter(reader, JSON_TOKEN_OBJECT)) {
        envelope->place = PLACE_OBJECT;
    }
}

static void step_object(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    struct bytes key;
    if (!json_take_key(reader, &key)) {
        if (!json_check(reader, NULL)) {
            take_fault(envelope);
            return;
        }
        envelope->place = PLACE_TOP;
        if (!envelope->has_list && !envelope->has_message && !envelope->is_control) {
            put_broken(envelope);
        }
    } else if (is_text(key, "message")) {
        take_message(envelope);
    } else if (is_text(key, "messageType")) {
        take_type(envelope);
    } else if (!is_events(key)) {
        (void)json_skip(reader);
    } else if (json_enter(reader, JSON_TOKEN_ARRAY)) {
        envelope->has_list = true;
        envelope->place = PLACE_LIST;
    }
}

static void step_list(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    if (!json_more(reader)) {
        envelope->place = PLACE_OBJECT; /* finds a failure, too */
        return;
    }
    envelope->first_offset = json_offset(reader);
    envelope->has_message = false;
    if (json_enter(reader, JSON_TOKEN_OBJECT)) {
        envelope->place = PLACE_EVENT;
    } else if (!envelope->is_control && json_check(reader, NULL)) {
        put_broken(envelope);
    }
}

static void step_event(struct aws_envelope *envelope) {
    struct json_reader *reader = &envelope->reader;
    struct bytes key;
    if (!json_take_key(reader, &key)) {
        envelope->place = PLACE_LIST;
        if (!envelope->has_message && !envelope->is_control && json_check(reader, NULL)) {
            put_broken(envelope);
        }
    } else if (is_text(key, "message")) {
        take_message(envelope);
    } else {
        (void)json_skip(reader);
    }
}

static void step(struct aws_envelope *envelope) {
    switch (envelope->place) {
    case PLACE_TOP: step_top(envelope); break;
    case PLACE_OBJECT: step_object(envelope); break;
    case PLACE_LIST: step_list(envelope); break;
    case PLACE_EVENT: step_event(envelope); break;
    }
}

/* A value of one message is seen to its end before its line is given. */
static bool has_room(const struct aws_envelope *envelope) {
    bool is_open = envelope->place == PLACE_OBJECT && !envelope->has_list;
    return envelope->text_size < INPUT_PIECE_SIZE + (is_open ? LINE_SIZE_MAX : 0);
}

/* ---- the header's functions ---- */

bool aws_envelope_open(struct aws_envelope **out, struct input *input, struct error *err) {
    struct aws_envelope *envelope = calloc(1, sizeof *envelope);
    uint8_t *text = malloc(TEXT_SIZE + INPUT_PADDING);
    if (envelope == NULL || text == NULL) {
        free(envelope);
        free(text);
        return error_set(err, ERROR_LIMIT, "no memory to unwrap a flow log");
    }
    envelope->input = input;
    envelope->text = text;
    json_reader_init(&envelope->reader, (struct bytes){ 0 }, refill, envelope);
    *out = envelope;
    return true;
}

void aws_envelope_close(struct aws_envelope *envelope) {
    if (envelope != NULL) {
        json_reader_done(&envelope->reader);
        free(envelope->text);
        free(envelope);
    }
}

bool aws_envelope_next(struct aws_envelope *envelope, struct aws_piece *piece, struct error *err) {
    *piece = (struct aws_piece){ 0 };
    envelope->text_size = envelope->value_at = 0;
    while (has_room(envelope) && !envelope->is_broken && !envelope->is_end) {
        step(envelope);
    }
    if (envelope->text_size > 0) {
        memset(envelope->text + envelope->text_size, 0, INPUT_PADDING);
        piece->lines = bytes_of(envelope->text, envelope->text_size);
        return true;
    }
    if (envelope->is_broken) {
        envelope->is_broken = false;
        piece->is_broken = true;
        piece->broken = bytes_of(envelope->excerpt, envelope->excerpt_size);
        return true;
    }
    piece->is_end = true;
    if (envelope->damage.code != ERROR_NONE && err != NULL) {
        *err = envelope->damage;
    }
    return envelope->damage.code == ERROR_NONE;
}
