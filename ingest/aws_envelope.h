/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_ENVELOPE_H
#define WEIR_INGEST_AWS_ENVELOPE_H

#include "ingest/input.h"

/* Flow log lines out of the JSON that AWS wraps them in, given as pieces of text: whole lines, as
 * an object of plain text would have them. An object is any number of JSON values, with or without
 * line ends between them:
 *
 *   {"message":"2 1234 ... OK"}                              Firehose: one line
 *   {"messageType":"DATA_MESSAGE","logEvents":[              a CloudWatch Logs subscription:
 *       {"id":"1","timestamp":1,"message":"2 1234 ... OK"}]}    one line an event
 *   {"messageType":"CONTROL_MESSAGE", ...}                   no line
 *   {"events":[{"message":"2 1234 ... OK"}]}                 aws logs filter-log-events, likewise
 *
 * Keys stand in any order, others are passed over. A line end inside a message becomes a blank, and
 * a message of more than INPUT_LINE_MAX octets is cut to one octet more, so that the reader of
 * lines refuses it. What stands between values and does not begin with { is a line as it is.
 *
 * Broken is a line that is none: an object without a message or a list of events, a message or an
 * event of another shape, and a value with a fault in its JSON outside a list of events. Behind
 * such a fault the reading goes on at the line of the fault, or, if that is the line on which the
 * value began, the next one: in JSON lines a fault costs its own line. A fault inside a list of
 * events, or one without a line end in the next INPUT_LINE_MAX octets, is damage: nothing behind it
 * is given.
 *
 * Memory is fixed: the pieces, and one message (JSON_TEXT_MAX). One thread at a time. */
struct aws_envelope;

/* Whether an object with this front is JSON: its first character is {. */
bool aws_envelope_is(struct bytes front);
/* Whether it also has one of the keys above. */
bool aws_envelope_recognise(struct bytes front);

/* `input` is borrowed, and nothing was read from it yet. Errors: ERROR_LIMIT. */
bool aws_envelope_open(struct aws_envelope **out, struct input *input, struct error *err);
/* Accepts NULL. */
void aws_envelope_close(struct aws_envelope *envelope);

struct aws_piece {
    struct bytes lines; /* each with its LF; INPUT_PADDING zeros behind the last */
    bool is_broken;     /* instead of lines: one that is none, with its front in `broken` */
    struct bytes broken;
    bool is_end; /* nothing follows */
};

/* The next piece, valid until the next call. Errors (then it is the end, and the piece is empty):
 * those of input_read, ERROR_FORMAT for damage, ERROR_LIMIT. */
bool aws_envelope_next(struct aws_envelope *envelope, struct aws_piece *piece, struct error *err);

#endif
