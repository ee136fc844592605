/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_EXAM_H
#define WEIR_INGEST_EXAM_H

#include "ingest/feed_plan.h"
#include "ingest/foreign.h"
#include "ingest/sighting.h"
#include "ingest/survey.h"

/* Reads a little of every feed behind paths, and keeps what is worth knowing before one reads all:
 * formats, layouts, times, lateness, what was not taken, what cannot be read. The same inputs and
 * options give the same exam. One thread. Memory is bounded by the number of inputs and the bounds
 * below. */

struct exam_options {
    struct feed_options feeds; /* threads, is_strict and wants_facts are of no account */
    /* About so many bytes are read, as they lie in the files (compressed): each feed has an equal
     * share, and of every object that is chosen at least a batch is read. UINT64_MAX: all. */
    uint64_t read_size_max;
};

enum exam_trouble_kind {
    EXAM_UNREADABLE, /* not there, or it cannot be opened or read at all */
    EXAM_FOREIGN,    /* of a format that no source reads, or another one than its feed */
    EXAM_DAMAGED,    /* it ends before its time */
    EXAM_EMPTY,      /* not a byte in it */
    EXAM_TROUBLE_KINDS,
};

/* The first troubles of each kind; the rest is only counted. */
#define EXAM_TROUBLES_MAX 100u

struct exam_trouble {
    enum exam_trouble_kind kind;
    const char *path;
    const char *what;   /* in the arena */
    const char *advice; /* NULL: none */
};

/* Two inputs of the same size and the same first FEED_HEAD_SIZE bytes. */
struct exam_copies {
    size_t count;           /* inputs that are copies of an earlier one */
    const char *paths[2];   /* of the first pair */
    bool is_whole_compared; /* none of them is larger than what was compared */
};

#define EXAM_LAYOUTS_MAX 8u

struct exam_layout {
    const char *text;
    size_t objects;
};

/* The first line of a reason that was not taken. */
struct exam_reject {
    uint64_t count;
    const char *path; /* NULL: none was given with its text */
    struct source_reject first;
};

/* Adds to a count of facts, which stops at UINT64_MAX: what files say of themselves may be
 * anything. */
static inline void exam_fact_add(uint64_t *sum, uint64_t more) {
    *sum = more > UINT64_MAX - *sum ? UINT64_MAX : *sum + more;
}

/* What a source told of some of a feed's objects; its counts are sums over them. */
struct exam_fact {
    struct source_fact fact;
    size_t objects;
};

struct exam_feed {
    const struct plan_feed *plan;
    const struct source_ops *ops; /* of its first records, else of any object; NULL: of none */
    bool has_format;              /* it has records, or coverage */
    size_t objects_unnamed;       /* whose name tells neither flow log nor time */
    size_t objects_assumed;       /* that no format recognised, and that were taken for AWS text */
    uint32_t codecs;              /* bits 1 << enum input_codec */
    uint64_t size;                /* of its files */
    uint64_t read_size;
    size_t objects_read;  /* at least in part */
    size_t objects_whole; /* to their end */
    size_t troubles[EXAM_TROUBLE_KINDS];

    struct source_counts counts;
    uint64_t timed; /* these as in struct survey */
    uint64_t twins;
    uint64_t future;
    uint64_t ordered;
    uint64_t late;
    int64_t start_min_ms;
    int64_t end_max_ms;
    uint64_t gaps;
    int64_t gap_max_ms;
    int64_t gap_from_ms;
    int64_t need_ms;
    int64_t reach_ms; /* that the records were held against, as the lateness */
    int64_t lateness_ms;
    struct survey_spread behind_newest;
    struct survey_spread behind_stamp;
    struct survey_spread duration;
    int64_t interval_ms;
    struct sighting_count seen;

    struct exam_layout *layouts; /* [EXAM_LAYOUTS_MAX] or NULL */
    uint32_t layout_count;
    struct exam_fact *facts; /* [SOURCE_FACTS_MAX] or NULL */
    uint32_t fact_count;
    size_t objects_described;    /* that could have told one */
    struct exam_reject *rejects; /* [REJECT_REASON_COUNT], or NULL: every line was taken */
};

struct exam {
    struct feed_plan plan;
    struct exam_feed *feeds; /* [plan.feed_count], by name */
    uint64_t size;           /* of all files */
    uint64_t read_size;
    size_t objects_chosen;
    size_t objects_read;
    size_t objects_whole;
    size_t trouble_counts[EXAM_TROUBLE_KINDS];
    struct exam_trouble *troubles; /* in the order of feeds and objects */
    size_t trouble_count;
    struct exam_copies copies;
    struct sighting_overlap overlap;
    struct sightings sightings;
    struct arena arena;
};

/* Frames of captures, of whatever became of them. */
static inline uint64_t exam_frames(const struct source_counts *counts) {
    return counts->decoded + counts->not_ip + counts->rejects[REJECT_FRAME];
}

/* Whether anything of its format was found: else nothing is to be said of what is absent. */
static inline bool exam_feed_has_shape(const struct exam_feed *feed) {
    const struct source_counts *counts = &feed->counts;
    return counts->headers + counts->records + counts->nodata + counts->skipdata + counts->decoded >
           0;
}

/* Errors: those of feed_plan_make; ERROR_ARGUMENT for options that a source refuses; ERROR_LIMIT.
 * What is wrong with an input is a trouble, not an error. On failure exam_done is due all the same.
 */
bool exam_make(struct exam *exam, const char *const *paths, size_t path_count,
               const struct exam_options *options, struct error *err);
/* Accepts a zeroed or half built one. */
void exam_done(struct exam *exam);

#endif
