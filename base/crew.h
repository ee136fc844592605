/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_CREW_H
#define WEIR_BASE_CREW_H

#include "base/error.h"

#include <stdint.h>

/* Threads that work for several sources of work at once: whoever is free makes the next step of the
 * source that is most urgent.
 *
 * One thread, the owner, makes the crew, adds sources and takes them away; the others only make
 * steps. The owner makes steps too, where it would wait otherwise (crew_help). A source that was
 * added later is more urgent: add what comes first in a chain first, so that what was begun is
 * finished before more is begun.
 *
 * One lock guards the crew and the books of all its sources. Steps should take a millisecond or so,
 * and be made without it. A crew of one thread has only its owner: nothing happens beside it. */
struct crew;

/* Makes one step, if there is one to make, and says whether it did. Called with the crew locked, by
 * any thread; unlocks it while it works, and calls crew_changed once others may have something to
 * do or to take. */
typedef bool (*crew_work)(void *context);

#define CREW_SOURCES_MAX 4u

/* Starts `threads - 1` threads; fewer than that are no error: the work is done all the same. They
 * block all signals, which are the owner's to handle. Errors: ERROR_LIMIT. */
bool crew_new(struct crew **out, uint32_t threads, struct error *err);
/* Joins the threads; all sources must have been removed. Accepts NULL. */
void crew_free(struct crew *crew);

/* How many were asked for, the owner counted: the most steps that are made at once. */
uint32_t crew_threads(const struct crew *crew);
/* Whether anybody but the owner works. */
bool crew_has_workers(const struct crew *crew);

/* Not locked. At most CREW_SOURCES_MAX at a time; `context` tells them apart. */
void crew_add(struct crew *crew, crew_work work, void *context);
/* Not locked. Waits until no step of the source is being made; none is begun any more. Does nothing
 * for a source that is not there. */
void crew_remove(struct crew *crew, const void *context);

void crew_lock(struct crew *crew);
void crew_unlock(struct crew *crew);

/* All three with the crew locked. Makes one step of the most urgent source that has one; false:
 * none has. */
bool crew_help(struct crew *crew);
/* Unlocks the crew until it has changed. May return for no reason: look again. */
void crew_wait(struct crew *crew);
/* Wakes all who wait. */
void crew_changed(struct crew *crew);

#endif
