/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_PARCEL_H
#define WEIR_INGEST_FEED_PARCEL_H

#include "ingest/feed_object.h"
#include "ingest/feed_plan.h"
#include "ingest/feed_split.h"

/* What one step of one object gives: a batch, and what else the step has found. One thread at a
 * time; it crosses threads whole, by pointer. */
struct parcel {
    struct batch batch;
    struct source_result result;
    struct split_extent extent;
    const struct source_ops *ops; /* the object's format, NULL: it has none */
    uint64_t read_size;           /* bytes of the file that this step read */
    bool is_fatal;                /* the step failed: `fatal` says how, the batch is of no use */
    struct error fatal;
    uint32_t holders; /* who must give it back before it is filled again; the reader's */
    struct parcel *next;
};

/* NULL without memory. */
struct parcel *parcel_new(void);
/* Frees a list of them, linked by `next`; accepts NULL. */
void parcel_free_list(struct parcel *parcel);

/* An object on its way: zeroed before its first step, and again after its last. */
struct parcel_source {
    struct feed_object object;
    uint64_t read_size; /* of its file so far */
};

/* Makes the next step of an object of `plan`, opening it first if need be, and closing it behind
 * its last. Never fails: what is wrong with a file is damage, in `result`; anything else is
 * `fatal`. `result.is_end` is set in both cases. */
void parcel_fill(struct parcel *parcel, struct parcel_source *source, const struct feed_plan *plan,
                 size_t object, const struct feed_options *options);

/* D and lateness of a format under the options. */
struct source_promise parcel_promise(const struct feed_options *options,
                                     const struct source_ops *ops);

#endif
