/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_READ_H
#define WEIR_INGEST_FEED_READ_H

#include "ingest/feed_parcel.h"

/* Objects are read in steps: one call of a source's `next`, which gives a parcel. The caller, which
 * is the crew's owner, and the crew's workers make steps; each object's parcels are made one after
 * another, so what they hold does not depend on who made them, only when.
 *
 * Steps ahead of need are made for the object that is furthest behind in event time, since that one
 * is wanted soonest: feeds that run side by side advance together, and the next object of a feed is
 * begun when nothing in front of it can be done. READER_AHEAD_LEAST(threads) parcels may be ready
 * ahead, and one more for each time that the caller would have had to wait for want of room, up to
 * READER_AHEAD_MAX(threads); an object that the caller has begun to take from may always have one.
 * READER_BEGUN_MAX(threads) objects are open that it has not.
 *
 * Why so many: the objects of one feed are wanted one after another, and one object is read by one
 * thread at a time, so with two threads a third of each object must be ready when its turn comes.
 * Eight objects of 38 parcels, a consumer that takes a third of a step's time, two threads: 1.44
 * times as fast as one with 1 parcel ahead, 1.77 with 12, 1.92 with 20, 1.99 with 32 by counting
 * steps. Why no more than are needed: 2.5 MB each that no cache holds cost 10 % of all the time
 * with 20, 5 % with 10, and a caller that takes longer than a step does needs hardly any. */
#define READER_AHEAD_LEAST(threads) (2u + (threads))
#define READER_AHEAD_MAX(threads) (8u + 6u * (threads))
#define READER_BEGUN_MAX(threads) (2u * (threads))

struct reader;

/* Joins `options->crew`, or makes a crew of its own; `plan` and `options` are borrowed. Errors:
 * ERROR_LIMIT. */
bool reader_open(struct reader **out, const struct feed_plan *plan,
                 const struct feed_options *options, struct error *err);
/* All parcels must have been given back. Accepts NULL. */
void reader_close(struct reader *reader);

/* The next parcel of an object, or NULL behind its last. Only by the caller's thread. Errors:
 * ERROR_LIMIT, ERROR_ARGUMENT: what ends the program. */
bool reader_take(struct reader *reader, size_t object, struct parcel **parcel, struct error *err);

/* An empty parcel to fill. Only by the caller's thread. Errors: ERROR_LIMIT. */
bool reader_new_parcel(struct reader *reader, struct parcel **out, struct error *err);

/* The way back for any parcel, and one more holder who must give it back. Any thread that holds it.
 */
void reader_give_back(struct reader *reader, struct parcel *parcel);
void reader_keep(struct reader *reader, struct parcel *parcel);

#endif
