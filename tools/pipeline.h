/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_PIPELINE_H
#define WEIR_TOOLS_PIPELINE_H

#include "detect/detector.h"
#include "ingest/feed.h"
#include "store/store.h"

/* The parts joined in one process: feeds -> store and detector. What `weir replay` and `weir
 * ingest` do, without their options and their output. */

struct pipeline_options {
    struct feed_options feeds;
    const char *store; /* folder, or NULL: nothing is written */
    enum store_mode store_mode;
    const struct detector_config *detector; /* NULL: flows only */
    bool has_progress;
};

struct pipeline_counts {
    struct feed_counts feeds;
    struct detector_counts detector; /* zeros without one */
    double seconds;
};

/* Receives alerts as they come, what was measured, and the notices of reading. */
struct pipeline_events {
    void *context;
    bool (*alert)(void *context, const struct alert *alert, struct error *err);
    /* NULL: nobody asks. */
    bool (*features)(void *context, const struct feature_sample *sample, struct error *err);
    /* A text for people: a warning, a damaged input, the first line of a kind not taken. */
    void (*notice)(void *context, const char *text);
};

/* What failed, for the exit status. */
enum pipeline_result {
    PIPELINE_DONE,
    PIPELINE_PARTIAL, /* some input could not be read, the rest was */
    PIPELINE_STRICT,  /* stopped at the first bad input, as asked (err) */
    PIPELINE_USAGE,   /* options, paths, an input that is in the store already (err) */
    PIPELINE_WRITE,   /* the store or the sink (err) */
};

enum pipeline_result pipeline_run(const char *const *paths, size_t path_count,
                                  const struct pipeline_options *options,
                                  const struct pipeline_events *events,
                                  struct pipeline_counts *counts, struct error *err);

#endif
