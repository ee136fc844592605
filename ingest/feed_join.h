/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_JOIN_H
#define WEIR_INGEST_FEED_JOIN_H

#include "ingest/feed_read.h"

/* One feed on its way from parcels to stamped batches.
 *
 * Parcels are joined into a group until it is nearly full; a large one becomes the group by
 * pointer, without a copy. A group becomes up to three batches: the normal one, the late one, the
 * one from the future. Where groups end depends on the feed's parcels alone. One thread at a time.
 */

/* A joined group's normal records end within this of each other, as the parcels' middle records
 * show: else `low` would stand still for weeks where a fleet is quiet. */
#define JOIN_SPAN_MS INT64_C(3600000)
/* The most text (names, roles, labels) that is copied into a group. */
#define JOIN_TEXT_MAX ((size_t)4 << 20)

enum join_part { JOIN_NORMAL, JOIN_LATE, JOIN_FUTURE, JOIN_PARTS };

/* How much a parcel, or all parcels of a group, bring; sums are bounds for what is joined. */
struct join_size {
    uint32_t records;
    uint32_t octets; /* of addresses */
    uint32_t nodes;
    uint32_t flow_logs;
    uint32_t strings;
    uint32_t coverage;
    size_t text;
};

struct join {
    const char *name;             /* of the feed; borrowed */
    const struct source_ops *ops; /* NULL until an object has shown its format */
    int64_t reach_ms;
    int64_t lateness_ms;

    uint64_t inc;
    uint64_t num; /* of the batch given last */
    int64_t low_ms;

    struct parcel *open[JOIN_PARTS]; /* the group being filled; NULL: that part is empty */
    struct join_size size;
    int64_t middle_ms;  /* of the group's first parcel; INT64_MIN: it had no records */
    int64_t end_max_ms; /* of the group's normal records; INT64_MIN: none */

    struct parcel *closed[JOIN_PARTS]; /* a group to be given, front first, NULLs behind */
    bool has_ended;                    /* `closed` is the feed's last group */
};

void join_init(struct join *join, const char *name);

/* Fixes the format. */
void join_set_format(struct join *join, const struct source_ops *ops,
                     const struct feed_options *options);

/* Whether `parcel` goes into the open group (which has to be closed first otherwise). */
bool join_fits(const struct join *join, const struct parcel *parcel);

/* Takes `parcel`, which fits, sorts its records out by the `low` said so far, and adds them to the
 * group. `split` is scratch, and says afterwards how many were late or from the future. Errors:
 * ERROR_LIMIT; the parcel is taken all the same. */
bool join_add(struct join *join, struct reader *reader, struct parcel *parcel, int64_t stamp_ms,
              struct split *split, struct error *err);

/* Whether the group should be closed now, however small the next parcel is. */
bool join_is_full(const struct join *join);

/* Closes the group: raises `low`, moves its parts to `closed` (which must be empty). At the end of
 * the feed it gives an empty batch if there is nothing else to carry the end. Errors: ERROR_LIMIT.
 */
bool join_close(struct join *join, struct reader *reader, bool is_end, struct error *err);

/* Takes the next batch off `closed`, stamped; NULL when there is none. */
struct parcel *join_give(struct join *join);

/* Gives everything back. */
void join_done(struct join *join, struct reader *reader);

#endif
