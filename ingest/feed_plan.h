/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_PLAN_H
#define WEIR_INGEST_FEED_PLAN_H

#include "ingest/feed.h"
#include "ingest/feed_tree.h"

/* Which inputs there are, to which feed each belongs, and the order inside a feed. Made once, then
 * immutable: any thread may read it. */

struct plan_object {
    struct feed_input input; /* as feeds_input shows it */
    uint32_t feed;           /* index */
    bool has_stamp;          /* its name tells `time_ms` */
    int64_t time_ms;         /* stamp, or start of the first record; INT64_MIN: not known */
    bool is_regular;
};

struct plan_feed {
    const char *name;
    const char *flow_log;
    size_t first; /* its objects: [first, first + count) */
    size_t count;
};

struct feed_plan {
    struct feed_tree tree;       /* holds the paths */
    struct arena arena;          /* names */
    struct plan_object *objects; /* by feed, then in the order in which they are read */
    size_t object_count;
    struct plan_feed *feeds; /* by name */
    size_t feed_count;
};

/* The first bytes of a file that its hash is over, and in which its first record is looked for. */
#define FEED_HEAD_SIZE (64u * 1024)

/* Errors: those of feed_tree_find; ERROR_ARGUMENT when there is no input at all. A file that cannot
 * be read is not an error here but when its turn comes. */
bool feed_plan_make(struct feed_plan *plan, const char *const *paths, size_t path_count,
                    const struct feed_options *options, struct error *err);
/* Accepts a zeroed or half built one. */
void feed_plan_done(struct feed_plan *plan);

#endif
