/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_object.h"

#include "ingest/aws.h"
#include "ingest/aws_envelope.h"
#include "ingest/capture.h"
#include "ingest/foreign.h"

/* Asked in this order: what has a magic number before what is a text. */
static const struct source_ops *const FORMATS[] = { &capture_source, &aws_source };
#define FORMAT_COUNT (sizeof FORMATS / sizeof *FORMATS)

const struct source_ops *feed_object_recognise(struct bytes front) {
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (FORMATS[i]->recognise(front)) {
            return FORMATS[i];
        }
    }
    return NULL;
}

const struct source_ops *feed_object_default(const struct feed_options *options) {
    return options->format != NULL ? options->format : &aws_source;
}

/* NULL: no format, and not a text. */
static const struct source_ops *choose(struct bytes front, const struct feed_options *options) {
    if (options->format != NULL) {
        return options->format;
    }
    const struct source_ops *ops = feed_object_recognise(front);
    if (ops != &capture_source && options->source.aws_format != NULL) {
        return &aws_source; /* who names the fields says what the texts are */
    }
    bool is_text = memchr(front.data, '\0', front.size) == NULL;
    return ops == NULL && is_text ? &aws_source : ops;
}

/* What belongs to another program is called by its name, whatever format the user says that it has:
 * as a text it would be nothing but malformed lines. JSON lines are left to their source: one that
 * is not known costs itself. */
static bool is_readable(const struct source_ops *ops, struct bytes front, struct error *err) {
    bool is_told = ops == &capture_source || (ops != NULL && ops->recognise(front));
    const struct foreign *foreign = is_told || aws_envelope_is(front) ? NULL : foreign_find(front);
    if (foreign != NULL) {
        return error_set(err, ERROR_UNSUPPORTED, "%s, which is not read: %s", foreign->name,
                         foreign->advice);
    }
    return ops != NULL ||
           error_set(err, ERROR_FORMAT, "neither a text nor of a format that is known");
}

bool feed_object_open(struct feed_object *object, struct input *input, const char *flow_log,
                      const struct feed_options *options, struct error *err) {
    struct bytes front = input_front(input);
    *object = (struct feed_object){ .input = input };
    if (front.size == 0) {
        return true; /* empty, or damaged at once: feed_object_next asks */
    }
    front.size = front.size < FEED_FRONT_SIZE_MAX ? front.size : FEED_FRONT_SIZE_MAX;
    object->ops = choose(front, options);
    bool ok = is_readable(object->ops, front, err);
    if (!ok) {
        input_close(input);
    } else {
        ok = object->ops->open(&object->source, input, bytes_text(flow_log), &options->source, err);
    }
    if (!ok) {
        *object = (struct feed_object){ 0 };
    }
    return ok;
}

bool feed_object_next(struct feed_object *object, struct batch *batch, struct source_result *result,
                      struct error *err) {
    if (object->source != NULL) {
        return object->ops->next(object->source, batch, result, err);
    }
    batch_reset(batch);
    *result = (struct source_result){ .is_end = true };
    struct bytes piece;
    bool is_end;
    result->is_damaged = !input_read(object->input, 0, &piece, &is_end, &result->damage);
    return true;
}

void feed_object_close(struct feed_object *object) {
    if (object->source != NULL) {
        object->ops->close(object->source);
    } else {
        input_close(object->input);
    }
    *object = (struct feed_object){ 0 };
}
