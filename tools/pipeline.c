/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the feeds' batches, in their order. The detector and the order of batches are this
 * thread's; parsing and the store's frames are the crew's, which this thread is part of: it helps
 * where it would wait. Both stages read a batch at the same time.
 *
 * The state that is kept is the one before the end of the input is taken for the end of time:
 * windows that later records may still touch are not closed in it, and what they say today is shown
 * but marked as not final. What those windows hold is read again from the store's flows, so it need
 * not be in the state. So a replay of A, then of B with --append, ends as one replay of both. */
#include "tools/pipeline.h"

#include "store/flows_queue.h"
#include "tools/console.h"
#include "tools/reject_log.h"
#include "tools/restore.h"

#include <stdio.h>
#include <stdlib.h>

#define STATE_SIZE_MAX ((size_t)4 << 30)

struct pipeline {
    const struct pipeline_options *options;
    const struct pipeline_events *events;
    struct crew *crew;
    struct feeds *feeds;
    struct store *store;
    struct flows_queue *flows; /* with a store */
    struct detector *detector;
    struct reject_log rejects;
    struct buffer line;
    struct buffer state;
};

static bool on_alert(void *context, const struct alert *alert, struct error *err) {
    struct pipeline *pipeline = context;
    if (pipeline->store != NULL) {
        buffer_reset(&pipeline->line);
        alert_write_json(alert, &pipeline->line);
        if (!buffer_check(&pipeline->line, "alert", err) ||
            !store_alert(pipeline->store, buffer_bytes(&pipeline->line), err)) {
            return false;
        }
    }
    return pipeline->events->alert(pipeline->events->context, alert, err);
}

static void on_reject(void *context, const char *path, const struct source_reject *reject) {
    struct pipeline *pipeline = context;
    reject_log_add(&pipeline->rejects, path, reject);
}

static void on_damage(void *context, const char *path, const struct error *why) {
    struct pipeline *pipeline = context;
    char text[4096 + ERROR_MESSAGE_SIZE];
    const char *message = why->message;
    size_t size = strlen(path);
    bool is_named = strncmp(message, path, size) == 0; /* the path is said once */
    snprintf(text, sizeof text, "%s%s%s", is_named ? "" : path, is_named ? "" : ": ", message);
    pipeline->events->notice(pipeline->events->context, text);
}

static void on_warning(void *context, const char *path, const char *warning) {
    struct pipeline *pipeline = context;
    char text[4096 + ERROR_MESSAGE_SIZE];
    snprintf(text, sizeof text, "%s: %s", path, warning);
    pipeline->events->notice(pipeline->events->context, text);
}

static struct manifest_input input_row(const struct feed_input *input) {
    return (struct manifest_input){ input->feed, input->name, input->size, input->head_hash };
}

/* An input that the store has read, or the front of which it has: that one was cut short when it
 * was read, or has grown since, and its front would count twice. */
static bool check_input(struct manifest *manifest, const struct feed_input *input,
                        struct error *err) {
    struct manifest_input row = input_row(input);
    const struct manifest_input *known = manifest_find_input(manifest, &row);
    if (known != NULL) {
        return error_set(err, ERROR_ARGUMENT,
                         "%s: is in the store already (as %s of feed %s): nothing was read",
                         input->path, known->name, known->feed);
    }
    const struct manifest_input *smaller = manifest_find_smaller(manifest, &row);
    if (smaller != NULL && feed_input_has_front(input, smaller->size, smaller->head_hash)) {
        return error_set(err, ERROR_ARGUMENT,
                         "%s: its first %llu bytes are in the store already, and would count "
                         "twice: nothing was read",
                         input->path, (unsigned long long)smaller->size);
    }
    return true;
}

/* Refuses inputs that the store has, and notes the new ones; not those that cannot be read, which
 * may come again when they can. */
static bool note_inputs(struct pipeline *pipeline, struct error *err) {
    struct manifest *manifest = store_manifest(pipeline->store);
    size_t count = feeds_input_count(pipeline->feeds);
    for (size_t i = 0; i < count; i++) {
        if (!check_input(manifest, feeds_input(pipeline->feeds, i), err)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct feed_input *input = feeds_input(pipeline->feeds, i);
        struct manifest_input row = input_row(input);
        if (!input->is_unreadable && !manifest_add_input(manifest, &row, err)) {
            return false;
        }
    }
    return true;
}

static bool resume_feeds(struct pipeline *pipeline, struct error *err) {
    const struct manifest *manifest = store_manifest(pipeline->store);
    size_t count = manifest_feed_count(manifest);
    struct feed_position *positions = calloc(count + 1, sizeof *positions);
    if (positions == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the positions of %zu feeds", count);
    }
    for (size_t i = 0; i < count; i++) {
        const struct manifest_feed *feed = manifest_feed(manifest, i);
        positions[i] = (struct feed_position){ feed->feed, feed->inc, feed->num, feed->low_ms };
    }
    bool ok = feeds_resume(pipeline->feeds, positions, count, err);
    free(positions);
    return ok;
}

/* The store's state is of closed windows; what the open ones hold is in its flows. */
static bool load_detector(struct pipeline *pipeline, struct error *err) {
    struct bytes state;
    if (pipeline->detector == NULL || pipeline->store == NULL) {
        return true;
    }
    return store_detector(pipeline->store, &state, err) &&
           (state.size == 0 ||
            (detector_state_load(pipeline->detector, state, err) &&
             restore_open(pipeline->options->store, store_manifest(pipeline->store),
                          pipeline->detector, err)));
}

static bool note_positions(struct pipeline *pipeline, struct error *err) {
    for (size_t i = 0; i < feeds_count(pipeline->feeds); i++) {
        struct feed_position at = feeds_position(pipeline->feeds, i);
        struct manifest_feed row = { at.feed, at.inc, at.num, at.low_ms };
        if (!manifest_set_feed(store_manifest(pipeline->store), &row, err)) {
            return false;
        }
    }
    return true;
}

static void give_back(void *context, const struct batch *batch) {
    struct pipeline *pipeline = context;
    feeds_give_back(pipeline->feeds, batch);
}

static bool open_feeds(struct pipeline *pipeline, const char *const *paths, size_t path_count,
                       struct error *err) {
    struct feed_options options = pipeline->options->feeds;
    struct feed_events events = {
        .context = pipeline, .reject = on_reject, .damage = on_damage, .warn = on_warning
    };
    if (!crew_new(&pipeline->crew, options.threads, err)) {
        return false;
    }
    options.crew = pipeline->crew;
    return feeds_open(&pipeline->feeds, paths, path_count, &options, &events, err);
}

static bool go_on_with_store(struct pipeline *pipeline, struct error *err) {
    return note_inputs(pipeline, err) && resume_feeds(pipeline, err) &&
           load_detector(pipeline, err) &&
           flows_queue_open(&pipeline->flows, store_flows(pipeline->store), pipeline->crew,
                            give_back, pipeline, err);
}

static enum pipeline_result open_parts(struct pipeline *pipeline, const char *const *paths,
                                       size_t path_count, struct error *err) {
    const struct pipeline_options *options = pipeline->options;
    struct alert_sink sink = { .context = pipeline, .emit = on_alert };
    if (!open_feeds(pipeline, paths, path_count, err)) {
        return PIPELINE_USAGE;
    }
    if (options->detector != NULL &&
        !detector_new(&pipeline->detector, options->detector, &sink, err)) {
        return PIPELINE_USAGE;
    }
    if (options->detector != NULL && pipeline->events->features != NULL) {
        detector_set_feature_sink(
            pipeline->detector,
            &(struct feature_sink){ pipeline->events->context, pipeline->events->features });
    }
    if (options->store != NULL &&
        !store_open(&pipeline->store, options->store, options->store_mode, err)) {
        return err->code == ERROR_ARGUMENT ? PIPELINE_USAGE : PIPELINE_WRITE;
    }
    if (pipeline->store != NULL && !go_on_with_store(pipeline, err)) {
        return err->code == ERROR_ARGUMENT ? PIPELINE_USAGE : PIPELINE_WRITE;
    }
    reject_log_init(&pipeline->rejects, pipeline->store, pipeline->events->notice,
                    pipeline->events->context);
    return PIPELINE_DONE;
}

static bool store_batch(struct pipeline *pipeline, const struct batch *batch, struct error *err) {
    feeds_keep(pipeline->feeds, batch);
    return flows_queue_put(pipeline->flows, batch, err);
}

/* All batches, to the end. */
static enum pipeline_result read_all(struct pipeline *pipeline, struct error *err) {
    struct progress progress;
    progress_init(&progress, pipeline->options->has_progress);
    enum pipeline_result result = PIPELINE_DONE;
    for (;;) {
        const struct batch *batch;
        int64_t watermark_ms;
        if (!feeds_next(pipeline->feeds, &batch, &watermark_ms, err)) {
            result = PIPELINE_STRICT;
            break;
        }
        if (batch == NULL) {
            break;
        }
        const struct feed_counts *counts = feeds_counts(pipeline->feeds);
        progress_show(&progress, counts->input_bytes, counts->input_bytes_total,
                      counts->source.records);
        /* The end of the last feed is not the end of time: see the top of the file. */
        bool is_open_ended = watermark_ms == INT64_MAX;
        bool ok = pipeline->store == NULL || store_batch(pipeline, batch, err);
        if (ok && pipeline->detector != NULL) {
            ok = detector_add(pipeline->detector, batch, err) &&
                 (is_open_ended || detector_advance(pipeline->detector, watermark_ms, err));
        }
        if (!ok) {
            result = PIPELINE_WRITE;
            break;
        }
    }
    progress_done(&progress);
    return result;
}

/* The promise of the feed that got furthest: what the watermark comes to when the others have
 * ended. It follows from the newest record alone, not from how records were split over feeds, so
 * the state does too. */
static int64_t last_low_ms(const struct pipeline *pipeline) {
    int64_t low_ms = INT64_MIN;
    for (size_t i = 0; i < feeds_count(pipeline->feeds); i++) {
        int64_t feed_ms = feeds_position(pipeline->feeds, i).low_ms;
        low_ms = feed_ms > low_ms ? feed_ms : low_ms;
    }
    return low_ms;
}

static bool end(struct pipeline *pipeline, struct error *err) {
    if (pipeline->detector != NULL) {
        if (!detector_advance(pipeline->detector, last_low_ms(pipeline), err) ||
            (pipeline->store != NULL &&
             !detector_state_save_closed(pipeline->detector, &pipeline->state, err))) {
            return false;
        }
    }
    if (pipeline->store != NULL) {
        store_mark_final(pipeline->store);
    }
    if (pipeline->detector != NULL && !detector_advance(pipeline->detector, INT64_MAX, err)) {
        return false;
    }
    return pipeline->store == NULL ||
           (flows_queue_finish(pipeline->flows, err) && reject_log_check(&pipeline->rejects, err) &&
            note_positions(pipeline, err) && store_commit(pipeline->store, &pipeline->state, err));
}

enum pipeline_result pipeline_run(const char *const *paths, size_t path_count,
                                  const struct pipeline_options *options,
                                  const struct pipeline_events *events,
                                  struct pipeline_counts *counts, struct error *err) {
    int64_t begin_ms = console_clock_ms();
    *counts = (struct pipeline_counts){ 0 };
    struct pipeline pipeline = { .options = options, .events = events };
    buffer_init(&pipeline.line, (size_t)1 << 20);
    buffer_init(&pipeline.state, STATE_SIZE_MAX);
    enum pipeline_result result = open_parts(&pipeline, paths, path_count, err);
    if (result == PIPELINE_DONE) {
        result = read_all(&pipeline, err);
        if (result == PIPELINE_DONE && !end(&pipeline, err)) {
            result = PIPELINE_WRITE;
        }
        reject_log_end(&pipeline.rejects);
        counts->feeds = *feeds_counts(pipeline.feeds);
        if (pipeline.detector != NULL) {
            counts->detector = detector_counts(pipeline.detector);
        }
        if (result == PIPELINE_DONE && counts->feeds.damaged_files > 0) {
            result = PIPELINE_PARTIAL;
        }
    }
    flows_queue_close(pipeline.flows);
    store_close(pipeline.store);
    detector_free(pipeline.detector);
    feeds_close(pipeline.feeds);
    crew_free(pipeline.crew);
    buffer_done(&pipeline.line);
    buffer_done(&pipeline.state);
    counts->seconds = (double)(console_clock_ms() - begin_ms) / 1000;
    return result;
}
