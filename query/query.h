/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_QUERY_H
#define WEIR_QUERY_QUERY_H

#include "flow/filter.h"
#include "store/manifest.h"

/* A question over a store's flows: rows, or groups of rows with sums. Segments and frames outside the
 * range are skipped by the manifest and the segments' indices. A flow belongs to a range when it
 * overlaps it; with time bins its bytes and packets are spread (flow/spread.h). */

enum query_key {
    QUERY_SRC, QUERY_DST, QUERY_NODE, QUERY_PEER, QUERY_SRC_PORT, QUERY_DST_PORT, QUERY_PORT, /* the service side */
    QUERY_PROTOCOL, QUERY_ACTION, QUERY_DIRECTION, QUERY_FLOW_LOG, QUERY_TIME, /* bin_ms */
    QUERY_KEY_COUNT,
};

enum query_sum { QUERY_BYTES, QUERY_PACKETS, QUERY_FLOWS, QUERY_SUM_COUNT };

#define QUERY_KEYS_MAX 6

struct query {
    const struct filter *filter;
    int64_t from_ms; /* INT64_MIN: unbounded */
    int64_t to_ms;   /* half-open; INT64_MAX: unbounded */
    enum query_key keys[QUERY_KEYS_MAX];
    uint32_t key_count; /* 0: rows */
    int64_t bin_ms;     /* of QUERY_TIME */
    int64_t bin_offset_ms; /* of a time zone */
    enum query_sum sort;
    bool is_ascending;
    uint64_t limit; /* groups or rows that are given; 0: all */
    bool has_twins; /* count twin records too */
    bool has_special; /* count LATE and FUTURE frames too (default: yes in rows and sums) */
    uint64_t memory_bytes_max; /* of the groups; beyond it ERROR_LIMIT */
};

/* One row of the answer. For groups: the keys' values and sums. */
struct query_value {
    struct bytes text;       /* names */
    struct address address;
    int64_t number; /* ports, protocol, enum values, Unix ms */
};

struct query_group {
    struct query_value keys[QUERY_KEYS_MAX];
    uint64_t sums[QUERY_SUM_COUNT];
    int64_t first_ms; /* smallest start, largest end of the flows in it */
    int64_t last_ms;
};

struct query_stats {
    uint64_t segments, segments_skipped;
    uint64_t frames, frames_skipped;
    uint64_t bytes_read;
    uint64_t records_read, records_matched;
    uint64_t sums[QUERY_SUM_COUNT]; /* of all that matched */
    uint64_t partial; /* matched flows that reach over an end of the range */
    uint64_t skipped_intervals; /* SKIPDATA coverage in the range */
    uint64_t damaged; /* frames passed over; the first is in `damage` */
    struct error damage;
    int64_t min_ms, max_ms; /* of the whole store */
};

struct query_sink {
    void *context;
    /* Rows: a record of a batch, valid during the call. */
    bool (*record)(void *context, const struct batch *batch, uint32_t i, struct error *err);
    /* Groups, in order. */
    bool (*group)(void *context, const struct query_group *group, struct error *err);
};

/* Runs a question over the store in `directory`. Rows come in the order (end, node, src, dst, ports),
 * groups by the sort, ties by keys. Errors: ERROR_IO, ERROR_FORMAT (the store itself), ERROR_LIMIT,
 * those of the sink. */
bool query_run(const char *directory, const struct query *query, const struct query_sink *sink,
               struct query_stats *stats, struct error *err);

/* The smallest and largest time of the store's records. */
bool query_extent(const char *directory, int64_t *min_ms, int64_t *max_ms, struct error *err);

#endif
