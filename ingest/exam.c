/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds are read one after another, so that one survey's memory does for all of them; what it has
 * found is kept as a few numbers a feed. */
#include "ingest/exam.h"

#include "ingest/exam_choose.h"
#include "ingest/exam_note.h"
#include "ingest/feed_object.h"
#include "ingest/feed_parcel.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAXIMUM ((size_t)256 << 20)

struct reading {
    struct exam *exam;
    const struct exam_options *options;
    struct survey *survey;
    struct batch batch;
    struct source_result result;
    struct source_description description;
    uint64_t budget; /* bytes that are left to be read */
};

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for what was found");
}

/* ---- reading ---- */

static void set_format(struct reading *reading, struct exam_feed *feed,
                       const struct source_ops *ops) {
    const struct feed_options *options = &reading->options->feeds;
    feed->ops = ops;
    struct source_promise promise = parcel_promise(options, ops);
    feed->reach_ms = promise.reach_ms;
    feed->lateness_ms = promise.lateness_ms;
    struct survey_rule rule = { .unit_ms = ops->unit_ms,
                                .reach_ms = feed->reach_ms,
                                .lateness_ms = feed->lateness_ms };
    if (ops->profile != NULL) {
        memcpy(rule.intervals_ms, ops->profile->intervals_ms, sizeof rule.intervals_ms);
    }
    survey_begin(reading->survey, &rule);
}

/* One step of an object that has records. */
static bool add_step(struct reading *reading, struct exam_feed *feed,
                     const struct plan_object *planned, struct error *err) {
    struct survey *survey = reading->survey;
    survey_add(survey, &reading->batch, planned->has_stamp ? planned->time_ms : INT64_MIN);
    const uint8_t *is_future = survey->split.future_count > 0 ? survey->split.is_future : NULL;
    return sightings_add(&reading->exam->sightings, planned->feed, &reading->batch, is_future,
                         &feed->seen, err);
}

/* One feed has one format, that of its first records, as in a run (ingest/feed.c). False (nothing
 * else is done): the step is of another one. */
static bool check_format(struct reading *reading, struct exam_feed *feed,
                         const struct feed_object *object) {
    bool has_content = reading->batch.count > 0 || reading->batch.coverage_count > 0;
    if (object->ops == NULL || (has_content && feed->has_format)) {
        return object->ops == NULL || object->ops == feed->ops;
    }
    if (has_content) {
        feed->has_format = true;
        set_format(reading, feed, object->ops);
    } else if (!feed->has_format) {
        feed->ops = object->ops;
    }
    return true;
}

/* Reads an open object until it ends or `share` bytes of its file were read. */
static bool read_steps(struct reading *reading, struct exam_feed *feed,
                       const struct plan_object *planned, struct feed_object *object,
                       uint64_t share, struct error *err) {
    struct source_counts counts = { 0 };
    struct source_result *result = &reading->result;
    const char *path = planned->input.path;
    do {
        if (!feed_object_next(object, &reading->batch, result, err)) {
            return false;
        }
        if (!check_format(reading, feed, object)) {
            char what[128];
            (void)snprintf(what, sizeof what, "%s in a feed of %s: left out", object->ops->name,
                           feed->ops->name);
            return exam_note_trouble(reading->exam, feed, path, EXAM_FOREIGN, what,
                                     "keep formats in folders of their own", err);
        }
        source_counts_add(&counts, &result->counts);
        if (!exam_note_rejects(reading->exam, feed, path, result, err) ||
            (feed->has_format && !add_step(reading, feed, planned, err))) {
            return false;
        }
    } while (!result->is_end && input_offset(object->input) < share);
    source_counts_add(&feed->counts, &counts);
    feed->objects_read++;
    feed->objects_whole += result->is_end;
    feed->read_size += input_offset(object->input);
    if (result->is_damaged && !exam_note_trouble(reading->exam, feed, path, EXAM_DAMAGED,
                                                 result->damage.message, NULL, err)) {
        return false;
    }
    /* What is only taken for a format is not judged by it, until a line was taken. */
    bool has_shape = reading->options->feeds.source.aws_format != NULL || counts.packets > 0 ||
                     counts.headers + counts.records + counts.nodata + counts.skipdata > 0;
    if (!has_shape || object->ops == NULL || object->ops->describe == NULL) {
        return true;
    }
    object->ops->describe(object->source, &reading->description);
    return exam_note_description(reading->exam, feed, &reading->description, err);
}

/* Opens the source of what no foreign format explains, and reads on. */
static bool read_source(struct reading *reading, struct exam_feed *feed,
                        const struct plan_object *planned, struct input *input, bool is_told,
                        uint64_t share, struct error *err) {
    struct feed_object object = { 0 };
    struct error why = { 0 };
    if (!feed_object_open(&object, input, feed->plan->flow_log, &reading->options->feeds, &why)) {
        return exam_note_failed(reading->exam, feed, planned->input.path,
                                is_told ? EXAM_DAMAGED : EXAM_FOREIGN, &why, err);
    }
    feed->objects_assumed += !is_told && object.ops != NULL;
    bool ok = read_steps(reading, feed, planned, &object, share, err);
    feed_object_close(&object);
    return ok;
}

static bool read_object(struct reading *reading, struct exam_feed *feed,
                        const struct plan_object *planned, uint64_t share, struct error *err) {
    struct exam *exam = reading->exam;
    const struct feed_options *options = &reading->options->feeds;
    const char *path = planned->input.path;
    struct input *input;
    struct error why = { 0 };
    if (!input_open(&input, path, &why)) {
        return exam_note_failed(exam, feed, path, EXAM_UNREADABLE, &why, err);
    }
    struct bytes front = input_front(input);
    feed->codecs |= front.size == 0 ? 0 : 1u << input_codec(input);
    if (front.size == 0 && planned->is_regular && planned->input.size == 0) {
        input_close(input);
        return exam_note_trouble(exam, feed, path, EXAM_EMPTY, "empty", NULL, err);
    }
    front.size = front.size < FEED_FRONT_SIZE_MAX ? front.size : FEED_FRONT_SIZE_MAX;
    bool is_told = options->format != NULL || options->source.aws_format != NULL ||
                   feed_object_recognise(front) != NULL;
    const struct foreign *foreign = is_told ? NULL : foreign_find(front);
    if (foreign != NULL) {
        input_close(input);
        return exam_note_trouble(exam, feed, path, EXAM_FOREIGN, foreign->name, foreign->advice,
                                 err);
    }
    return read_source(reading, feed, planned, input, is_told, share, err);
}

static void keep_survey(struct exam_feed *feed, const struct survey *survey) {
    feed->twins = survey->twins;
    feed->timed = survey->timed;
    feed->future = survey->future;
    feed->ordered = survey->ordered;
    feed->late = survey->late;
    feed->start_min_ms = survey->start_min_ms;
    feed->end_max_ms = survey->end_max_ms;
    feed->gaps = survey->gaps;
    feed->gap_max_ms = survey->gap_max_ms;
    feed->gap_from_ms = survey->gap_from_ms;
    feed->need_ms = survey->need_ms;
    feed->behind_newest = survey_spread_of(survey, &survey->behind_newest);
    feed->behind_stamp = survey_spread_of(survey, &survey->behind_stamp);
    feed->duration = survey_spread_of(survey, &survey->duration);
    feed->interval_ms = survey_interval_ms(survey);
}

/* `feeds_left` counts this one; what a feed does not need is left to those behind it. */
static bool read_feed(struct reading *reading, struct exam_feed *feed, size_t feeds_left,
                      struct error *err) {
    bool is_all = reading->options->read_size_max == UINT64_MAX;
    uint64_t budget = is_all ? UINT64_MAX : reading->budget / feeds_left;
    struct exam_choice choice = exam_choose(feed->plan->count, feed->size, budget);
    size_t chosen_left = exam_chosen_count(&choice);
    bool is_affordable = feed->size <= budget;
    reading->exam->objects_chosen += chosen_left;
    for (size_t i = 0; i < feed->plan->count; i++) {
        bool is_first;
        if (!exam_is_chosen(&choice, i, &is_first)) {
            continue;
        }
        if (is_first && feed->has_format) {
            survey_skip(reading->survey);
        }
        uint64_t left = budget > feed->read_size ? budget - feed->read_size : 0;
        uint64_t share = is_affordable ? left : left / chosen_left;
        chosen_left--;
        const struct plan_object *planned = &reading->exam->plan.objects[feed->plan->first + i];
        if (!read_object(reading, feed, planned, share, err)) {
            return false;
        }
    }
    if (feed->has_format) {
        keep_survey(feed, reading->survey);
    }
    uint64_t read = feed->read_size;
    reading->budget = reading->budget > read ? reading->budget - read : 0;
    return true;
}

static bool read_feeds(struct exam *exam, struct reading *reading, struct error *err) {
    size_t count = exam->plan.feed_count;
    for (size_t i = 0; i < count; i++) {
        struct exam_feed *feed = &exam->feeds[i];
        if (!read_feed(reading, feed, count - i, err)) {
            return false;
        }
        exam->read_size += feed->read_size;
        exam->objects_read += feed->objects_read;
        exam->objects_whole += feed->objects_whole;
    }
    return true;
}

/* ---- the whole ---- */

static int by_content(const void *a, const void *b) {
    const struct feed_input *x = *(const struct feed_input *const *)a;
    const struct feed_input *y = *(const struct feed_input *const *)b;
    if (x->size != y->size) {
        return x->size < y->size ? -1 : 1;
    }
    if (x->head_hash != y->head_hash) {
        return x->head_hash < y->head_hash ? -1 : 1;
    }
    return strcmp(x->path, y->path);
}

/* The same content as a store tells it: by size and head. */
static bool find_copies(struct exam *exam, struct error *err) {
    size_t count = 0;
    const struct feed_input **inputs = calloc(exam->plan.object_count, sizeof *inputs);
    if (inputs == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < exam->plan.object_count; i++) {
        const struct plan_object *object = &exam->plan.objects[i];
        if (object->is_regular && object->input.size > 0 && !object->input.is_unreadable) {
            inputs[count++] = &object->input;
        }
    }
    if (count > 0) {
        qsort(inputs, count, sizeof *inputs, by_content);
    }
    struct exam_copies *copies = &exam->copies;
    copies->is_whole_compared = true;
    for (size_t i = 1; i < count; i++) {
        const struct feed_input *a = inputs[i - 1];
        const struct feed_input *b = inputs[i];
        if (a->size != b->size || a->head_hash != b->head_hash) {
            continue;
        }
        copies->is_whole_compared = copies->is_whole_compared && a->size <= FEED_HEAD_SIZE;
        if (copies->count++ == 0) {
            copies->paths[0] = a->path;
            copies->paths[1] = b->path;
        }
    }
    free(inputs);
    return true;
}

static bool set_up(struct exam *exam, struct error *err) {
    exam->feeds = calloc(exam->plan.feed_count, sizeof *exam->feeds);
    exam->troubles = calloc(EXAM_TROUBLE_KINDS * EXAM_TROUBLES_MAX, sizeof *exam->troubles);
    if (exam->feeds == NULL || exam->troubles == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        struct exam_feed *feed = &exam->feeds[i];
        feed->plan = &exam->plan.feeds[i];
        for (size_t k = 0; k < feed->plan->count; k++) {
            const struct plan_object *object = &exam->plan.objects[feed->plan->first + k];
            feed->size += object->input.size;
            feed->objects_unnamed += !object->has_stamp;
        }
        feed->start_min_ms = INT64_MAX;
        feed->end_max_ms = INT64_MIN;
        exam->size += feed->size;
    }
    return sightings_init(&exam->sightings, err);
}

bool exam_make(struct exam *exam, const char *const *paths, size_t path_count,
               const struct exam_options *options, struct error *err) {
    *exam = (struct exam){ 0 };
    arena_init(&exam->arena, ARENA_MAXIMUM);
    struct exam_options asking = *options;
    asking.feeds.source.wants_facts = true;
    struct reading reading = { .exam = exam, .options = &asking };
    reading.budget = options->read_size_max;
    if (!feed_plan_make(&exam->plan, paths, path_count, &options->feeds, err) ||
        !set_up(exam, err) || !find_copies(exam, err)) {
        return false;
    }
    reading.survey = survey_new();
    bool ok = (reading.survey != NULL || no_memory(err)) && batch_init(&reading.batch, err) &&
              read_feeds(exam, &reading, err);
    if (ok) {
        exam->overlap = sightings_overlap(&exam->sightings);
    }
    batch_done(&reading.batch);
    free(reading.survey);
    return ok;
}

void exam_done(struct exam *exam) {
    feed_plan_done(&exam->plan);
    sightings_done(&exam->sightings);
    arena_done(&exam->arena);
    free(exam->feeds);
    free(exam->troubles);
    exam->feeds = NULL;
    exam->troubles = NULL;
}
