/* SPDX-License-Identifier: Apache-2.0 */
/* The books lie under the crew's lock.
 *
 * Why nothing can wait for ever: a step waits for nothing. The caller waits only while somebody
 * makes a step of the very object that it wants, and is woken when that step ends. Bounds never
 * stand in the caller's way: the step that it needs is always allowed.
 *
 * With one thread nothing is done ahead. */
#include "ingest/feed_read.h"

#include <assert.h>
#include <stdlib.h>

enum reading_state {
    READING_WAITING = 0, /* not begun */
    READING_IDLE,
    READING_BUSY, /* somebody makes a step */
    READING_ENDED,
};

#define NONE SIZE_MAX

/* One object. `source` and `read_size` belong to who made it busy; the rest lies under the lock.
 */
struct reading {
    struct parcel_source source;
    enum reading_state state;
    bool is_taken; /* the caller has begun to take from it */
    int64_t at_ms; /* how far it was read, in event time */
    uint32_t ready_count;
    struct parcel *first;
    struct parcel *last;
    size_t active_next; /* list of those that are begun and not ended */
    size_t active_previous;
};

struct reader {
    const struct feed_plan *plan;
    const struct feed_options *options;
    struct reading *readings; /* [plan->object_count] */
    size_t *order;            /* objects by time: the order in which they are begun ahead */
    size_t order_at;
    size_t active;       /* head of the list, or NONE */
    size_t begun_count;  /* active, and not taken from */
    size_t ready_count;  /* parcels, of all objects */
    size_t ahead_max;    /* at most so many of them, as a rule */
    struct parcel *free; /* the pool */
    size_t loan_count;   /* parcels that were given and not given back */

    struct crew *crew;
    struct crew *own_crew; /* `crew`, where nobody lent one */
};

/* ---- the list of active readings, under the lock ---- */

static void active_add(struct reader *reader, size_t object) {
    struct reading *reading = &reader->readings[object];
    reading->active_previous = NONE;
    reading->active_next = reader->active;
    if (reader->active != NONE) {
        reader->readings[reader->active].active_previous = object;
    }
    reader->active = object;
}

static void active_remove(struct reader *reader, size_t object) {
    struct reading *reading = &reader->readings[object];
    if (reading->active_next != NONE) {
        reader->readings[reading->active_next].active_previous = reading->active_previous;
    }
    if (reading->active_previous != NONE) {
        reader->readings[reading->active_previous].active_next = reading->active_next;
    } else {
        reader->active = reading->active_next;
    }
}

/* ---- who does what, under the lock ---- */

static void pool_put(struct reader *reader, struct parcel *parcel) {
    parcel->next = reader->free;
    reader->free = parcel;
}

/* NULL: the pool is empty, and a new one is to be made outside the lock. */
static struct parcel *pool_get(struct reader *reader) {
    struct parcel *parcel = reader->free;
    if (parcel != NULL) {
        reader->free = parcel->next;
        parcel->next = NULL;
    }
    return parcel;
}

static void begin(struct reader *reader, size_t object) {
    struct reading *reading = &reader->readings[object];
    if (reading->state == READING_WAITING) {
        active_add(reader, object);
        reader->begun_count += !reading->is_taken;
    }
    reading->state = READING_BUSY;
}

static void end(struct reader *reader, size_t object) {
    struct reading *reading = &reader->readings[object];
    active_remove(reader, object);
    reader->begun_count -= !reading->is_taken;
    reading->state = READING_ENDED;
}

/* Makes one step of an object that is neither busy nor ended; the lock is held before and
 * afterwards, not during. False: no memory for a parcel; the step is still to be made. */
static bool make_step(struct reader *reader, size_t object) {
    struct reading *reading = &reader->readings[object];
    struct parcel *parcel = pool_get(reader);
    begin(reader, object);
    crew_unlock(reader->crew);
    if (parcel == NULL) {
        parcel = parcel_new();
    }
    if (parcel != NULL) {
        parcel_fill(parcel, &reading->source, reader->plan, object, reader->options);
    }
    crew_lock(reader->crew);
    if (parcel == NULL) {
        reading->state = READING_IDLE;
        crew_changed(reader->crew);
        return false;
    }
    if (parcel->batch.count > 0 && !parcel->is_fatal) {
        reading->at_ms = parcel->batch.end_ms[parcel->batch.count / 2];
    }
    parcel->next = NULL;
    *(reading->first == NULL ? &reading->first : &reading->last->next) = parcel;
    reading->last = parcel;
    reading->ready_count++;
    reader->ready_count++;
    reading->state = READING_IDLE;
    if (parcel->result.is_end) {
        end(reader, object);
    }
    crew_changed(reader->crew);
    return true;
}

/* The object whose next step is wanted soonest, or NONE: ready parcels stay below `ahead_max`. */
static size_t choose(struct reader *reader, size_t ahead_max) {
    uint32_t threads = crew_threads(reader->crew);
    bool has_room = reader->ready_count < ahead_max;
    size_t best = NONE;
    for (size_t i = reader->active; i != NONE; i = reader->readings[i].active_next) {
        const struct reading *reading = &reader->readings[i];
        bool is_allowed = has_room || (reading->is_taken && reading->ready_count == 0);
        if (reading->state == READING_IDLE && is_allowed &&
            (best == NONE || reading->at_ms < reader->readings[best].at_ms)) {
            best = i;
        }
    }
    while (reader->order_at < reader->plan->object_count &&
           reader->readings[reader->order[reader->order_at]].state != READING_WAITING) {
        reader->order_at++;
    }
    if (has_room && reader->order_at < reader->plan->object_count &&
        reader->begun_count < READER_BEGUN_MAX(threads)) {
        size_t next = reader->order[reader->order_at];
        if (best == NONE || reader->readings[next].at_ms < reader->readings[best].at_ms) {
            best = next;
        }
    }
    return best;
}

/* The crew's: a step ahead of need. Without memory the caller will meet the same want, and can say
 * so. */
static bool work_ahead(void *context) {
    struct reader *reader = context;
    size_t object = choose(reader, reader->ahead_max);
    return object != NONE && make_step(reader, object);
}

/* Whether the caller, who would wait otherwise, has made a step for which there was no room. */
static bool work_further_ahead(struct reader *reader) {
    if (reader->ahead_max >= READER_AHEAD_MAX(crew_threads(reader->crew))) {
        return false;
    }
    size_t object = choose(reader, reader->ahead_max + 1);
    reader->ahead_max += object != NONE;
    return object != NONE && make_step(reader, object);
}

static struct parcel *pop(struct reader *reader, struct reading *reading) {
    struct parcel *parcel = reading->first;
    reading->first = parcel->next;
    parcel->next = NULL;
    reading->ready_count--;
    reader->ready_count--;
    reader->loan_count++;
    parcel->holders = 1;
    crew_changed(reader->crew);
    return parcel;
}

/* The lock is held. */
static bool take(struct reader *reader, size_t object, struct parcel **parcel) {
    struct reading *reading = &reader->readings[object];
    if (!reading->is_taken) {
        bool is_active = reading->state == READING_IDLE || reading->state == READING_BUSY;
        reader->begun_count -= is_active;
        reading->is_taken = true;
    }
    *parcel = NULL;
    while (reading->first == NULL && reading->state != READING_ENDED) {
        if (reading->state != READING_BUSY) {
            if (!make_step(reader, object)) {
                return false;
            }
            continue;
        }
        if (!crew_help(reader->crew) && !work_further_ahead(reader)) {
            crew_wait(reader->crew);
        }
    }
    if (reading->first != NULL) {
        *parcel = pop(reader, reading);
    }
    return true;
}

bool reader_take(struct reader *reader, size_t object, struct parcel **parcel, struct error *err) {
    crew_lock(reader->crew);
    bool ok = take(reader, object, parcel);
    crew_unlock(reader->crew);
    if (!ok) {
        return error_set(err, ERROR_LIMIT, "no memory for a batch");
    }
    if (*parcel != NULL && (*parcel)->is_fatal) {
        if (err != NULL) {
            *err = (*parcel)->fatal;
        }
        reader_give_back(reader, *parcel);
        *parcel = NULL;
        return error_context(err, "%s", reader->plan->objects[object].input.path);
    }
    return true;
}

bool reader_new_parcel(struct reader *reader, struct parcel **out, struct error *err) {
    crew_lock(reader->crew);
    struct parcel *parcel = pool_get(reader);
    crew_unlock(reader->crew);
    if (parcel == NULL) {
        parcel = parcel_new();
    }
    if (parcel == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a batch");
    }
    batch_reset(&parcel->batch);
    parcel->holders = 1;
    crew_lock(reader->crew);
    reader->loan_count++;
    crew_unlock(reader->crew);
    *out = parcel;
    return true;
}

void reader_keep(struct reader *reader, struct parcel *parcel) {
    crew_lock(reader->crew);
    parcel->holders++;
    crew_unlock(reader->crew);
}

void reader_give_back(struct reader *reader, struct parcel *parcel) {
    crew_lock(reader->crew);
    if (--parcel->holders == 0) {
        reader->loan_count--;
        pool_put(reader, parcel);
    }
    crew_unlock(reader->crew);
}

/* ---- open and close ---- */

struct ranked {
    int64_t time_ms;
    size_t object;
};

static int by_time(const void *a, const void *b) {
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->time_ms != y->time_ms) {
        return x->time_ms < y->time_ms ? -1 : 1;
    }
    return (x->object > y->object) - (x->object < y->object);
}

static bool make_order(struct reader *reader, const struct feed_plan *plan) {
    struct ranked *ranks = calloc(plan->object_count + 1, sizeof *ranks);
    reader->order = calloc(plan->object_count + 1, sizeof *reader->order);
    if (ranks == NULL || reader->order == NULL) {
        free(ranks);
        return false;
    }
    for (size_t i = 0; i < plan->object_count; i++) {
        ranks[i] = (struct ranked){ plan->objects[i].time_ms, i };
        reader->readings[i].at_ms = plan->objects[i].time_ms;
    }
    qsort(ranks, plan->object_count, sizeof *ranks, by_time);
    for (size_t i = 0; i < plan->object_count; i++) {
        reader->order[i] = ranks[i].object;
    }
    free(ranks);
    return true;
}

bool reader_open(struct reader **out, const struct feed_plan *plan,
                 const struct feed_options *options, struct error *err) {
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to read inputs");
    }
    reader->plan = plan;
    reader->options = options;
    reader->active = NONE;
    reader->crew = options->crew;
    if (reader->crew == NULL && !crew_new(&reader->own_crew, options->threads, err)) {
        reader_close(reader);
        return false;
    }
    reader->crew = reader->crew != NULL ? reader->crew : reader->own_crew;
    reader->readings = calloc(plan->object_count + 1, sizeof *reader->readings);
    if (reader->readings == NULL || !make_order(reader, plan)) {
        reader_close(reader);
        return error_set(err, ERROR_LIMIT, "no memory to read inputs");
    }
    reader->ahead_max = READER_AHEAD_LEAST(crew_threads(reader->crew));
    crew_add(reader->crew, work_ahead, reader);
    *out = reader;
    return true;
}

void reader_close(struct reader *reader) {
    if (reader == NULL) {
        return;
    }
    if (reader->crew != NULL) {
        crew_remove(reader->crew, reader);
    }
    assert(reader->loan_count == 0);
    for (size_t i = 0; reader->readings != NULL && i < reader->plan->object_count; i++) {
        parcel_free_list(reader->readings[i].first);
        feed_object_close(&reader->readings[i].source.object);
    }
    parcel_free_list(reader->free);
    crew_free(reader->own_crew);
    free(reader->readings);
    free(reader->order);
    free(reader);
}
