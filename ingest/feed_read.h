/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_READ_H
#define WEIR_INGEST_FEED_READ_H

#include "ingest/feed_object.h"
#include "ingest/feed_plan.h"
#include "ingest/feed_split.h"

/* Objects are read in steps: one call of a source's `next`, which gives a parcel. The caller's thread
 * and `threads - 1` workers make steps; each object's parcels are made one after another, so what
 * they hold does not depend on who made them, only when.
 *
 * Steps ahead of need are made for the object that is furthest behind in event time, since that one
 * is wanted soonest: feeds that run side by side advance together, and the next object of a feed is
 * begun when nothing in front of it can be done. At most READER_AHEAD_MAX(threads) parcels are ready
 * ahead (an object that the caller has begun to take from may always have one), and
 * READER_BEGUN_MAX(threads) objects are open that it has not. */
#define READER_AHEAD_MAX(threads) (16u + 8u * (threads))
#define READER_BEGUN_MAX(threads) (2u * (threads))

struct parcel {
    struct batch batch;
    struct source_result result;
    struct split_extent extent;
    const struct source_ops *ops; /* the object's format, NULL: it has none */
    uint64_t read_size;           /* bytes of the file that this step read */
    bool is_fatal;                /* the step failed: `fatal` says how, the batch is of no use */
    struct error fatal;
    struct parcel *next;
};

struct reader;

/* Starts the workers; `plan` and `options` are borrowed. Fewer workers than asked for are no error:
 * the results are the same. Errors: ERROR_LIMIT. */
bool reader_open(struct reader **out, const struct feed_plan *plan,
                 const struct feed_options *options, struct error *err);
/* Stops and joins the workers. All parcels must have been given back. Accepts NULL. */
void reader_close(struct reader *reader);

/* The next parcel of an object, or NULL behind its last. Only by the caller's thread. Errors:
 * ERROR_LIMIT, ERROR_ARGUMENT: what ends the program. */
bool reader_take(struct reader *reader, size_t object, struct parcel **parcel, struct error *err);

/* An empty parcel to fill, and the way back for any. Only by the caller's thread. Errors:
 * ERROR_LIMIT. */
bool reader_new_parcel(struct reader *reader, struct parcel **parcel, struct error *err);
void reader_give_back(struct reader *reader, struct parcel *parcel);

/* D of a format under the options. */
int64_t reader_reach_ms(const struct feed_options *options, const struct source_ops *ops);

#endif
