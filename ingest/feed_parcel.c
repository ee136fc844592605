/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_parcel.h"

#include <stdlib.h>

struct source_promise parcel_promise(const struct feed_options *options,
                                     const struct source_ops *ops) {
    struct source_promise promise = {
        .reach_ms = options->reach_ms > 0 ? options->reach_ms : ops->reach_ms,
        .lateness_ms = options->lateness_ms >= 0 ? options->lateness_ms : ops->lateness_ms,
    };
    if (ops->promise != NULL) {
        promise = ops->promise(&options->source);
        /* Files of a folder may overlap more than one file's flows do. */
        if (options->lateness_ms > promise.lateness_ms) {
            promise.lateness_ms = options->lateness_ms;
        }
    }
    if (promise.reach_ms < ops->unit_ms) {
        promise.reach_ms = ops->unit_ms;
    }
    return promise;
}

struct parcel *parcel_new(void) {
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (parcel != NULL && !batch_init(&parcel->batch, NULL)) {
        free(parcel);
        return NULL;
    }
    return parcel;
}

void parcel_free_list(struct parcel *parcel) {
    while (parcel != NULL) {
        struct parcel *next = parcel->next;
        batch_done(&parcel->batch);
        free(parcel);
        parcel = next;
    }
}

static void note_fatal(struct parcel *parcel, const struct error *why) {
    parcel->is_fatal = true;
    parcel->fatal = *why;
    parcel->result.is_end = true;
}

/* What can be wrong with a file is damage, and the run goes on; anything else ends it. */
static void note_failed_open(struct parcel *parcel, const struct error *why) {
    batch_reset(&parcel->batch);
    if (why->code == ERROR_LIMIT || why->code == ERROR_ARGUMENT) {
        note_fatal(parcel, why);
        return;
    }
    parcel->result.is_end = true;
    parcel->result.is_damaged = true;
    parcel->result.damage = *why;
}

static bool open_object(struct feed_object *object, const struct feed_plan *plan, size_t index,
                        const struct feed_options *options, struct error *err) {
    const struct plan_object *planned = &plan->objects[index];
    struct input *input;
    return input_open(&input, planned->input.path, err) &&
           feed_object_open(object, input, plan->feeds[planned->feed].flow_log, options, err);
}

static void step(struct parcel *parcel, struct parcel_source *source,
                 const struct feed_options *options) {
    struct error err = { 0 };
    if (!feed_object_next(&source->object, &parcel->batch, &parcel->result, &err)) {
        note_fatal(parcel, &err);
        return;
    }
    uint64_t before = source->read_size;
    source->read_size = input_offset(source->object.input);
    parcel->read_size = source->read_size - before;
    parcel->ops = source->object.ops;
    if (parcel->ops != NULL) {
        parcel->extent = split_extent_of(&parcel->batch, parcel->ops->unit_ms,
                                         parcel_promise(options, parcel->ops).reach_ms);
    }
}

void parcel_fill(struct parcel *parcel, struct parcel_source *source, const struct feed_plan *plan,
                 size_t object, const struct feed_options *options) {
    struct error err = { 0 };
    parcel->ops = NULL;
    parcel->is_fatal = false;
    parcel->read_size = 0;
    parcel->result = (struct source_result){ 0 };
    if (source->object.input != NULL || open_object(&source->object, plan, object, options, &err)) {
        step(parcel, source, options);
    } else {
        note_failed_open(parcel, &err);
    }
    if (parcel->result.is_end) {
        feed_object_close(&source->object);
        source->read_size = 0;
    }
}
