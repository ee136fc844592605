/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_QUERY_QUERY_H
#define WEIR_QUERY_QUERY_H

#include "base/zone.h"
#include "flow/filter.h"

/* A question over a store's flows: rows, or groups of rows with sums. Segments and frames outside
 * the range are skipped by the manifest and the segments' indices. A flow belongs to a range when
 * it overlaps it, and counts whole. With time bins its bytes and packets are spread
 * (flow/spread.h), and what lies within the range is given: the first and the last bin may reach
 * over its ends, what they hold does not. Sums stop at UINT64_MAX. Reads only; any number may run
 * beside a writer. */

enum query_key {
    QUERY_SRC,
    QUERY_DST,
    QUERY_PEER, /* the address on the other side of the node */
    QUERY_NODE,
    QUERY_SRC_PORT,
    QUERY_DST_PORT,
    QUERY_PORT, /* the service's side: the lower of both */
    QUERY_PROTOCOL,
    QUERY_ACTION,
    QUERY_DIRECTION,
    QUERY_FLOW_LOG,
    QUERY_TIME, /* the bin's start */
    QUERY_KEY_COUNT,
};

enum query_sum { QUERY_BYTES, QUERY_PACKETS, QUERY_FLOWS, QUERY_SUM_COUNT };

/* What rows and groups are ordered by; ties by the rest, ascending. Sums descend, times ascend. */
enum query_sort {
    QUERY_SORT_BYTES,
    QUERY_SORT_PACKETS,
    QUERY_SORT_FLOWS, /* groups only: a row is one flow */
    QUERY_SORT_TIME,  /* rows: their end; groups: the keys in order */
    QUERY_SORT_NONE,  /* rows only: as they are stored, without memory */
};

#define QUERY_KEYS_MAX 6

struct query {
    const struct filter *filter; /* NULL: everything */
    int64_t from_ms;             /* INT64_MIN: unbounded */
    int64_t to_ms;               /* half-open; INT64_MAX: unbounded */
    enum query_key keys[QUERY_KEYS_MAX];
    uint32_t key_count;      /* 0: rows */
    int64_t bin_ms;          /* of QUERY_TIME: at most a day, whole seconds */
    const struct zone *zone; /* whose clock the bins follow; NULL: UTC */
    enum query_sort sort;
    bool is_reversed;
    uint64_t limit;            /* rows or groups that are given; 0: all */
    bool has_twins;            /* count the second record of an exchange seen from both sides too */
    uint64_t memory_bytes_max; /* of collected rows or groups; beyond it ERROR_LIMIT */
};

/* One record, by value: texts live as long as the call that gives it. */
struct query_row {
    int64_t start_ms;
    int64_t end_ms;
    uint64_t bytes;
    uint64_t packets;
    struct address src;
    struct address dst;
    struct bytes node;
    struct bytes flow_log;
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t quality;
    uint8_t protocol;
    uint8_t tcp_flags;
    uint8_t direction;
    uint8_t initiator;
    uint8_t action;
};

/* A key's value: which member by the key. */
struct query_value {
    struct bytes text;      /* node, flow log */
    struct address address; /* src, dst, peer */
    int64_t number;         /* ports, protocol, enum values, Unix ms */
};

struct query_group {
    struct query_value keys[QUERY_KEYS_MAX];
    uint64_t sums[QUERY_SUM_COUNT];
    int64_t first_ms; /* smallest start, largest end of its flows */
    int64_t last_ms;
};

struct query_stats {
    uint64_t segments;
    uint64_t segments_skipped;
    uint64_t frames;
    uint64_t frames_skipped;
    uint64_t bytes_read;
    uint64_t records_read;
    uint64_t records_matched;
    uint64_t sums[QUERY_SUM_COUNT]; /* of all that matched, whole flows */
    uint64_t partial;               /* matched flows that reach over an end of the range */
    uint64_t skipped_intervals;     /* SKIPDATA in the range: how often data is missing */
    uint64_t cut;                   /* rows or groups beyond the limit */
    uint64_t damaged;               /* frames or segments passed over; the first is in `damage` */
    struct error damage;
};

/* Receives the answer, in order. Exactly one of both is called. False (err set) stops the query. */
struct query_sink {
    void *context;
    bool (*row)(void *context, const struct query_row *row, struct error *err);
    bool (*group)(void *context, const struct query_group *group, struct error *err);
};

/* Runs a question over the store in `directory`. `stats` is complete also when the sink stopped it.
 * Errors: ERROR_ARGUMENT (not a store), ERROR_IO, ERROR_FORMAT (the manifest), ERROR_LIMIT, those
 * of the sink. */
bool query_run(const char *directory, const struct query *query, const struct query_sink *sink,
               struct query_stats *stats, struct error *err);

/* The smallest and largest time of the store's records, by its manifest; records from the future do
 * not count. `*min_ms` > `*max_ms` when it has none. */
bool query_extent(const char *directory, int64_t *min_ms, int64_t *max_ms, struct error *err);

#endif
