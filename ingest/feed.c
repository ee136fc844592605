/* SPDX-License-Identifier: Apache-2.0 */
/* The merge: feeds wait in a heap by (low, name); the first one gives its next batch. Everything
 * that decides what is given happens here, in the caller's thread, on parcels that are functions of
 * their objects (feed_read.c): so neither threads nor their timing are in it. */
#include "ingest/feed.h"

#include "ingest/feed_join.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

struct feed {
    const struct plan_feed *plan;
    struct join join;
    size_t object;       /* the one being read */
    bool is_begun;       /* it was counted */
    struct parcel *held; /* did not fit into the group before */
};

struct feeds {
    struct feed_plan plan;
    struct feed_options options;
    struct feed_events events;
    struct reader *reader;
    struct feed *feeds; /* [plan.feed_count], by name */
    size_t *heap;       /* feeds that have not ended, smallest (low, index) first */
    size_t heap_count;
    struct parcel *given; /* the batch that the caller has */
    struct split *split;  /* scratch */
    struct feed_counts counts;
};

/* ---- the heap ---- */

static bool is_before(const struct feeds *feeds, size_t a, size_t b) {
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a heap that is not empty has feeds
    int64_t low_a = feeds->feeds[a].join.low_ms;
    int64_t low_b = feeds->feeds[b].join.low_ms;
    return low_a != low_b ? low_a < low_b : a < b;
}

static void heap_sift(struct feeds *feeds, size_t at) {
    size_t *heap = feeds->heap;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= feeds->heap_count) {
            return;
        }
        if (child + 1 < feeds->heap_count && is_before(feeds, heap[child + 1], heap[child])) {
            child++;
        }
        if (!is_before(feeds, heap[child], heap[at])) {
            return;
        }
        size_t moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

static void heap_make(struct feeds *feeds) {
    for (size_t i = feeds->heap_count; i-- > 0;) {
        heap_sift(feeds, i);
    }
}

/* ---- open and close ---- */

static bool open_feeds(struct feeds *feeds, struct error *err) {
    size_t count = feeds->plan.feed_count;
    assert(count > 0); /* a plan without objects is an error */
    feeds->feeds = calloc(count, sizeof *feeds->feeds);
    feeds->heap = calloc(count, sizeof *feeds->heap);
    feeds->split = malloc(sizeof *feeds->split);
    if (feeds->feeds == NULL || feeds->heap == NULL || feeds->split == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for feeds");
    }
    for (size_t i = 0; i < count; i++) {
        struct feed *feed = &feeds->feeds[i];
        feed->plan = &feeds->plan.feeds[i];
        feed->object = feed->plan->first;
        join_init(&feed->join, feed->plan->name);
        feeds->heap[i] = i; /* all lows are equal: in order already */
    }
    feeds->heap_count = count;
    for (size_t i = 0; i < feeds->plan.object_count; i++) {
        feeds->counts.input_bytes_total += feeds->plan.objects[i].input.size;
    }
    return true;
}

bool feeds_open(struct feeds **out, const char *const *paths, size_t path_count,
                const struct feed_options *options, const struct feed_events *events,
                struct error *err) {
    struct feeds *feeds = calloc(1, sizeof *feeds);
    if (feeds == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for feeds");
    }
    feeds->options = *options;
    feeds->options.threads = options->threads > 0 ? options->threads : 1;
    feeds->events = events != NULL ? *events : (struct feed_events){ 0 };
    feeds->counts.first_ms = INT64_MAX;
    feeds->counts.last_ms = INT64_MIN;
    if (!feed_plan_make(&feeds->plan, paths, path_count, &feeds->options, err) ||
        !open_feeds(feeds, err) ||
        !reader_open(&feeds->reader, &feeds->plan, &feeds->options, err)) {
        feeds_close(feeds);
        return false;
    }
    *out = feeds;
    return true;
}

void feeds_close(struct feeds *feeds) {
    if (feeds == NULL) {
        return;
    }
    if (feeds->given != NULL) {
        reader_give_back(feeds->reader, feeds->given);
    }
    for (size_t i = 0; feeds->reader != NULL && i < feeds->plan.feed_count; i++) {
        struct feed *feed = &feeds->feeds[i];
        join_done(&feed->join, feeds->reader);
        if (feed->held != NULL) {
            reader_give_back(feeds->reader, feed->held);
        }
    }
    reader_close(feeds->reader);
    feed_plan_done(&feeds->plan);
    free(feeds->feeds);
    free(feeds->heap);
    free(feeds->split);
    free(feeds);
}

/* ---- what a parcel tells beside its records ---- */

static bool strict_reject(const char *path, const struct source_result *result, struct error *err) {
    if (result->reject_count == 0) {
        return error_set(err, ERROR_FORMAT, "%s: %llu malformed lines", path,
                         (unsigned long long)result->counts.malformed);
    }
    const struct source_reject *reject = &result->rejects[0];
    return error_set(err, ERROR_FORMAT, "%s: line %llu: %s: %.80s", path,
                     (unsigned long long)reject->line, reject_reason_name(reject->reason),
                     reject->excerpt);
}

static void add_counts(struct feeds *feeds, struct feed *feed, const struct parcel *parcel) {
    struct feed_counts *counts = &feeds->counts;
    counts->files += !feed->is_begun;
    feed->is_begun = true;
    counts->input_bytes += parcel->read_size;
    counts->damaged_files += parcel->result.is_damaged;
    source_counts_add(&counts->source, &parcel->result.counts);
    if (parcel->batch.count > 0) {
        const struct split_extent *extent = &parcel->extent;
        counts->first_ms =
            extent->start_min_ms < counts->first_ms ? extent->start_min_ms : counts->first_ms;
        counts->last_ms =
            extent->end_max_ms > counts->last_ms ? extent->end_max_ms : counts->last_ms;
    }
}

/* Errors: with is_strict the first thing that is wrong. */
static bool tell(struct feeds *feeds, const char *path, const struct source_result *result,
                 struct error *err) {
    const struct feed_events *events = &feeds->events;
    if (result->warning[0] != '\0' && events->warn != NULL) {
        events->warn(events->context, path, result->warning);
    }
    for (uint32_t i = 0; i < result->reject_count && events->reject != NULL; i++) {
        events->reject(events->context, path, &result->rejects[i]);
    }
    if (result->is_damaged && events->damage != NULL) {
        events->damage(events->context, path, &result->damage);
    }
    if (feeds->options.is_strict && result->counts.malformed > 0) {
        return strict_reject(path, result, err);
    }
    if (feeds->options.is_strict && result->is_damaged) {
        if (err != NULL) {
            *err = result->damage;
        }
        return error_context(err, "%s", path);
    }
    return true;
}

/* One feed has one unit and one D, and so one format: that of its first records. (A text of which
 * nothing could be taken, such as a README beside captures, decides nothing.) */
static void check_format(struct feeds *feeds, struct feed *feed, struct parcel *parcel) {
    if (parcel->ops == NULL || (parcel->batch.count == 0 && parcel->batch.coverage_count == 0)) {
        return;
    }
    if (feed->join.ops == NULL) {
        join_set_format(&feed->join, parcel->ops, &feeds->options);
    } else if (feed->join.ops != parcel->ops) {
        struct source_result refused = { .is_end = parcel->result.is_end, .is_damaged = true };
        (void)error_set(&refused.damage, ERROR_FORMAT, "%s in a feed of %s: left out",
                        parcel->ops->name, feed->join.ops->name);
        parcel->result = refused;
        batch_reset(&parcel->batch);
    }
}

/* ---- the next group of a feed ---- */

/* The next parcel with something in it, or NULL behind the feed's last. */
static bool next_parcel(struct feeds *feeds, struct feed *feed, struct parcel **out,
                        struct error *err) {
    *out = feed->held;
    feed->held = NULL;
    while (*out == NULL && feed->object < feed->plan->first + feed->plan->count) {
        struct parcel *parcel;
        if (!reader_take(feeds->reader, feed->object, &parcel, err)) {
            return false;
        }
        if (parcel == NULL) {
            feed->object++;
            feed->is_begun = false;
            continue;
        }
        check_format(feeds, feed, parcel);
        add_counts(feeds, feed, parcel);
        const char *path = feeds->plan.objects[feed->object].input.path;
        if (!tell(feeds, path, &parcel->result, err)) {
            reader_give_back(feeds->reader, parcel);
            return false;
        }
        if (parcel->batch.count == 0 && parcel->batch.coverage_count == 0) {
            reader_give_back(feeds->reader, parcel);
        } else {
            *out = parcel;
        }
    }
    return true;
}

/* A held parcel's object is still the one being read: only an empty answer moves on. */
static int64_t stamp_of(const struct feeds *feeds, const struct feed *feed) {
    const struct plan_object *object = &feeds->plan.objects[feed->object];
    return object->has_stamp ? object->time_ms : INT64_MIN;
}

/* Fills and closes the feed's next group. */
static bool advance(struct feeds *feeds, struct feed *feed, struct error *err) {
    struct join *join = &feed->join;
    for (;;) {
        struct parcel *parcel;
        if (!next_parcel(feeds, feed, &parcel, err)) {
            return false;
        }
        if (parcel == NULL) {
            if (join->ops == NULL) {
                join_set_format(join, feed_object_default(&feeds->options), &feeds->options);
            }
            return join_close(join, feeds->reader, true, err);
        }
        if (!join_fits(join, parcel)) {
            feed->held = parcel;
            return join_close(join, feeds->reader, false, err);
        }
        if (!join_add(join, feeds->reader, parcel, stamp_of(feeds, feed), feeds->split, err)) {
            return false;
        }
        feeds->counts.late += feeds->split->late_count;
        feeds->counts.future += feeds->split->future_count;
        if (join_is_full(join)) {
            return join_close(join, feeds->reader, false, err);
        }
    }
}

bool feeds_next(struct feeds *feeds, const struct batch **batch, int64_t *watermark_ms,
                struct error *err) {
    *batch = NULL;
    *watermark_ms = INT64_MAX;
    if (feeds->given != NULL) {
        reader_give_back(feeds->reader, feeds->given);
        feeds->given = NULL;
    }
    if (feeds->heap_count == 0) {
        return true;
    }
    struct feed *feed = &feeds->feeds[feeds->heap[0]];
    if (feed->join.closed[0] == NULL && !advance(feeds, feed, err)) {
        return false;
    }
    feeds->given = join_give(&feed->join);
    if (feed->join.has_ended && feed->join.closed[0] == NULL) {
        feeds->heap[0] = feeds->heap[--feeds->heap_count];
    }
    heap_sift(feeds, 0);
    if (feeds->heap_count > 0) {
        *watermark_ms = feeds->feeds[feeds->heap[0]].join.low_ms;
    }
    *batch = &feeds->given->batch;
    return true;
}

static struct parcel *parcel_of(const struct batch *batch) {
    return (struct parcel *)((uintptr_t)batch - offsetof(struct parcel, batch));
}

void feeds_keep(struct feeds *feeds, const struct batch *batch) {
    assert(feeds->given != NULL && batch == &feeds->given->batch);
    reader_keep(feeds->reader, feeds->given);
}

void feeds_give_back(struct feeds *feeds, const struct batch *batch) {
    reader_give_back(feeds->reader, parcel_of(batch));
}

/* ---- what can be asked ---- */

size_t feeds_input_count(const struct feeds *feeds) {
    return feeds->plan.object_count;
}

const struct feed_input *feeds_input(const struct feeds *feeds, size_t index) {
    assert(index < feeds->plan.object_count);
    return &feeds->plan.objects[index].input;
}

/* By name; feeds are sorted. */
static struct feed *find_feed(struct feeds *feeds, const char *name) {
    size_t low = 0;
    size_t high = feeds->plan.feed_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, feeds->plan.feeds[middle].name);
        if (order == 0) {
            return &feeds->feeds[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool feeds_resume(struct feeds *feeds, const struct feed_position *positions, size_t count,
                  struct error *err) {
    for (size_t i = 0; i < count; i++) {
        struct feed *feed = find_feed(feeds, positions[i].feed);
        if (feed == NULL) {
            continue; /* it has nothing new */
        }
        if (positions[i].num == UINT64_MAX || positions[i].inc == 0) {
            return error_set(err, ERROR_LIMIT, "feed %s: its numbers are used up",
                             positions[i].feed);
        }
        feed->join.inc = positions[i].inc;
        feed->join.num = positions[i].num;
        feed->join.low_ms = positions[i].low_ms;
    }
    heap_make(feeds);
    return true;
}

const struct feed_counts *feeds_counts(const struct feeds *feeds) {
    return &feeds->counts;
}

size_t feeds_count(const struct feeds *feeds) {
    return feeds->plan.feed_count;
}

struct feed_position feeds_position(const struct feeds *feeds, size_t index) {
    assert(index < feeds->plan.feed_count);
    const struct join *join = &feeds->feeds[index].join;
    return (struct feed_position){ join->name, join->inc, join->num, join->low_ms };
}
