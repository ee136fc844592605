/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_H
#define WEIR_INGEST_FEED_H

#include "base/crew.h"
#include "ingest/source.h"

/* From paths to one ordered stream of stamped batches.
 *
 * A feed is a named, ordered sequence of objects: for AWS (account, region, flow log) from the
 * object's name, else the folder. Inside a feed objects are read in the order of the time stamp in
 * their names, else of their first record, then by name. Batches come next from the feed with the
 * smallest `low` (tie: name). Worker threads parse ahead; the order, and every byte of what is
 * given, does not depend on them (docs/ARCHITECTURE.md, "Time").
 *
 * A feed's batches are filled across its objects: small objects are joined until a batch is full.
 * Records older than the feed's promise come in a batch of their own flagged LATE, those from the
 * future (ingest/feed_split.h) in one flagged FUTURE; both behind the batch in which they were
 * found. Numbers count all. A group of which nothing is on time has no normal batch.
 *
 * One thread calls. Memory is bounded by the number of threads and of feeds: a feed that has begun
 * and not ended holds an open object and at most two batches. */

struct feeds;

struct feed_options {
    const struct source_ops *format; /* NULL: told by content */
    struct source_options source;
    int64_t reach_ms;    /* D; 0: the format's own */
    int64_t lateness_ms; /* -1: the format's own */
    struct crew *crew;   /* whose threads parse ahead, the caller being its owner; NULL: its own */
    uint32_t threads;    /* of its own crew; at least 1: the caller's own */
    bool is_strict;      /* stop at the first malformed line or unreadable input */
};

/* An input as it was found, in the order of feeds_input. */
struct feed_input {
    const char *path;
    const char *feed;   /* the feed's name */
    const char *name;   /* the object's name, without folders */
    uint64_t size;      /* in bytes, 0 for stdin */
    uint64_t head_hash; /* XXH3-64 of its first 64 KiB, 0 for stdin */
    bool is_unreadable; /* not there, or a file with something in it of which nothing could be read
                         */
};

/* Where a feed stands: what a store keeps so that --append can go on. */
struct feed_position {
    const char *feed;
    uint64_t inc;
    uint64_t num;
    int64_t low_ms; /* INT64_MIN: nothing said yet */
};

/* What reading has found; sums over all feeds. */
struct feed_counts {
    struct source_counts source;
    uint64_t files;
    uint64_t late; /* records */
    uint64_t future;
    uint64_t damaged_files;
    int64_t first_ms;     /* smallest start of all records, INT64_MAX when none */
    int64_t last_ms;      /* largest end, INT64_MIN when none */
    uint64_t input_bytes; /* read so far, compressed */
    uint64_t input_bytes_total;
};

/* Called in the order of the stream, never from another thread. */
struct feed_events {
    void *context;
    void (*reject)(void *context, const char *path, const struct source_reject *reject);
    void (*damage)(void *context, const char *path, const struct error *why);
    void (*warn)(void *context, const char *path, const char *text);
};

/* Finds the inputs behind `paths` (files, directories read recursively in the order of names, "-"
 * once); hidden files and symbolic links to directories are passed over, the same file is taken
 * once. Nothing is parsed yet but what the order needs. A path that is not there is an input that
 * cannot be read (`damage`), and costs only itself. Errors: ERROR_ARGUMENT (no input at all),
 * ERROR_LIMIT. */
bool feeds_open(struct feeds **out, const char *const *paths, size_t path_count,
                const struct feed_options *options, const struct feed_events *events,
                struct error *err);
void feeds_close(struct feeds *feeds);

size_t feeds_input_count(const struct feeds *feeds);
const struct feed_input *feeds_input(const struct feeds *feeds, size_t index);

/* Whether an input begins with all that one of `size` bytes and that `head_hash` was, as far as the
 * hash tells: it has grown since, or was cut short then. False when it cannot be read. */
bool feed_input_has_front(const struct feed_input *input, uint64_t size, uint64_t head_hash);

/* Goes on behind what an earlier run has said. Before the first feeds_next. Errors: ERROR_LIMIT. */
bool feeds_resume(struct feeds *feeds, const struct feed_position *positions, size_t count,
                  struct error *err);

/* The next batch, or NULL at the end of all feeds. It is the callee's and valid until the next
 * call.
 * `*watermark_ms` is the smallest `low` of the feeds that have not ended, as of behind this batch
 * (INT64_MIN while one has said nothing, INT64_MAX when all ended). The last batch of a feed has
 * BATCH_END; it may be empty.
 * Errors: ERROR_LIMIT (no memory, or more feeds side by side than files may be open: to skip a
 * sound file would lose data silently); with is_strict also ERROR_FORMAT and ERROR_IO (file, line,
 * reason). After an error only feeds_close. */
bool feeds_next(struct feeds *feeds, const struct batch **batch, int64_t *watermark_ms,
                struct error *err);

/* The batch that feeds_next gave last stays as it is beyond the next call, for who reads it in
 * another thread, until it is given back: by any thread, before feeds_close. Each one that is kept
 * is memory beside the bound. */
void feeds_keep(struct feeds *feeds, const struct batch *batch);
void feeds_give_back(struct feeds *feeds, const struct batch *batch);

const struct feed_counts *feeds_counts(const struct feeds *feeds);

/* How many feeds there are, and where the i-th (by name) stands now. */
size_t feeds_count(const struct feeds *feeds);
struct feed_position feeds_position(const struct feeds *feeds, size_t index);

#endif
