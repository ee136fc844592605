/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_BATCH_H
#define WEIR_FLOW_BATCH_H

#include "base/arena.h"
#include "flow/dictionary.h"

/* The unit of work: up to 32,768 records as columns, with tables that the columns point into.
 *
 * A record is one observation of one flow, seen from one node (docs/ARCHITECTURE.md, "The record").
 * A batch belongs to one feed; what is the same for all of a feed's records (origin, unit, reach)
 * stands once, in `stamp`. Codes and ids in columns are local to the batch.
 *
 * One thread at a time; a batch crosses threads whole, by pointer, with its ownership. All memory
 * but the arena is taken by batch_init; batch_reset keeps it. */

#define BATCH_RECORDS_MAX 32768u
/* A frame of nothing but distinct IPv6 addresses must still fit a Kafka message (DESIGN.md). */
#define BATCH_ADDRESS_OCTETS_MAX 400000u
/* Times are 0 (1970) to this (the year 9999), in Unix ms, so that sums with reach, unit and window
 * lengths cannot overflow. */
#define BATCH_TIME_MAX_MS INT64_C(253402300799999)
#define BATCH_NODES_MAX 65534u
#define BATCH_FLOW_LOGS_MAX 255u
/* Own addresses of one node; what comes beyond them is left out. */
#define BATCH_OWN_MAX 1024u
/* Columns may be read this many records past `count` by vector code; what stands there is
 * unspecified. */
#define BATCH_PADDING 64u

enum direction { DIRECTION_UNKNOWN = 0, DIRECTION_IN = 1, DIRECTION_OUT = 2 };
enum initiator { INITIATOR_UNKNOWN = 0, INITIATOR_SRC = 1, INITIATOR_DST = 2 };
enum action { ACTION_UNKNOWN = 0, ACTION_ACCEPT = 1, ACTION_REJECT = 2 };

enum origin {
    ORIGIN_UNKNOWN = 0,
    ORIGIN_AWS = 1,
    ORIGIN_GCP = 2,
    ORIGIN_AZURE = 3,
    ORIGIN_CAPTURE = 4,
};
#define ORIGIN_COUNT 5

/* What lowers the trust in one record. Readers keep bits that they do not know. */
enum quality {
    QUALITY_SAMPLED = 1 << 0,
    QUALITY_ESTIMATED = 1 << 1,
    QUALITY_PAYLOAD_ONLY = 1 << 2,
    QUALITY_NO_FLAGS = 1 << 3, /* the source does not tell TCP flags */
    QUALITY_SKIPPED = 1 << 4,  /* data around it was skipped */
    QUALITY_DIRECTION_INFERRED = 1 << 5,
    QUALITY_INITIATOR_INFERRED = 1 << 6,
    QUALITY_TWIN = 1 << 7, /* the second record of an exchange seen from both its nodes */
};

/* Which frame a batch is, and which promises go with it (STREAM.md, I1 to I6). */
enum batch_flags {
    BATCH_LATE = 1 << 0,   /* older than the feed's promise: store and counter, never windows */
    BATCH_FUTURE = 1 << 1, /* from the future: the same, and it never moves `low` */
    BATCH_EMPTY = 1 << 2,  /* no records: says only `low` */
    BATCH_END = 1 << 3,    /* the feed says no more */
};

struct batch_stamp {
    struct bytes feed; /* borrowed from the feed, which outlives its batches, or from the arena */
    uint64_t inc;      /* incarnation of the feed's numbers, from 1 */
    uint32_t partition;
    uint32_t parts;
    uint64_t num; /* from 1, without gaps */
    uint32_t flags;
    enum origin origin;
    int64_t low_ms;   /* nothing but late batches of this feed will touch a time before; Unix ms */
    int64_t reach_ms; /* D: a record counts in its last `reach_ms` only */
    uint32_t unit_ms; /* the grain of its times: a flow lasts over [start, end + unit) */
    uint32_t tick_ms;
};

/* A point of observation: a node, and the interface through which it was seen (both empty texts
 * where the source does not tell). Two interfaces of one node are two rows of one name. */
struct batch_node {
    struct bytes name;
    struct bytes identity;     /* instance id, Kubernetes uid, else the name */
    struct bytes role;         /* empty: unknown */
    struct bytes interface;    /* empty: unknown */
    const struct address *own; /* [own_count]: its own addresses, the main one first */
    uint32_t own_count;
};

/* What is known of an address beside its node; ids into `strings`, 0 = nothing. */
struct batch_label {
    uint16_t pod;
    uint16_t namespace_; /* Kubernetes namespace */
    uint16_t workload;
    uint16_t group; /* service-prefix group */
};

enum coverage_kind {
    COVERAGE_OBSERVED = 1, /* the interval was watched: silence in it is true silence */
    COVERAGE_NODATA = 2,   /* watched, and there was nothing: a true zero */
    COVERAGE_SKIPPED = 3,  /* an unknown number of records is missing */
    COVERAGE_DROPPED = 4,  /* `dropped` packets are missing */
};

struct batch_coverage {
    uint16_t node;
    uint8_t kind; /* enum coverage_kind */
    uint8_t flow_log;
    int64_t start_ms;
    int64_t end_ms; /* half-open */
    uint64_t dropped;
};

struct batch {
    struct batch_stamp stamp;

    uint32_t count;
    int64_t *start_ms; /* first packet, Unix ms, UTC */
    int64_t *end_ms;   /* last packet */
    uint64_t *bytes;   /* IP length, unless QUALITY_PAYLOAD_ONLY */
    uint64_t *packets; /* as reported; sampled sources are scaled */
    uint16_t *src;     /* codes into `addresses` */
    uint16_t *dst;
    uint16_t *src_port;
    uint16_t *dst_port; /* ICMP from captures: type * 256 + code */
    uint16_t *node;     /* ids into `nodes` */
    uint16_t *quality;  /* enum quality bits */
    uint8_t *protocol;  /* IANA */
    uint8_t *tcp_flags; /* OR of all seen */
    uint8_t *direction; /* enum direction, from the node's side */
    uint8_t *initiator; /* enum initiator */
    uint8_t *action;    /* enum action */
    uint8_t *flow_log;  /* ids into `flow_logs` */

    struct dictionary addresses;
    struct batch_label *labels; /* by address code; NULL: no address has one */

    struct batch_node *nodes; /* [node_count] */
    uint32_t node_count;
    struct bytes *flow_logs; /* names, [flow_log_count]; at least one when there are records */
    uint32_t flow_log_count;
    struct bytes *strings; /* [string_count]; 0 is empty */
    uint32_t string_count;
    uint16_t
        *string_slots; /* hash of a string -> id; 0: free. Made by the first batch_add_string */
    uint32_t string_hashed; /* strings in front of this one stand in it */

    struct batch_coverage *coverage; /* [coverage_count] */
    uint32_t coverage_count;
    uint32_t coverage_capacity;

    struct arena arena;   /* texts, own addresses, labels: gone at reset */
    void *columns;        /* the block that all columns lie in */
    uint16_t *node_slots; /* hash of a node's texts -> id + 1 */
};

/* The most coverage rows; at the bound batch_add_coverage says false and the owner starts a new
 * batch. */
#define BATCH_COVERAGE_MAX 65536u
#define BATCH_STRINGS_MAX 65535u

/* Allocates columns and tables (about 2 MB, touched as they fill). Errors: ERROR_LIMIT. */
bool batch_init(struct batch *batch, struct error *err);
/* Accepts a zeroed or half built one. */
void batch_done(struct batch *batch);
/* No records, nodes, logs, coverage, addresses; the stamp zeroed. Keeps the memory. */
void batch_reset(struct batch *batch);

/* The id of a point of observation; adds it (copying its texts and own addresses) when (name,
 * identity, role, interface) is new: a role that changes with time must not depend on what comes in
 * one batch. `own` of one that is there already is joined to it. Errors:
 * ERROR_LIMIT at BATCH_NODES_MAX. */
bool batch_add_node(struct batch *batch, const struct batch_node *node, uint16_t *id,
                    struct error *err);

/* The id of a flow log by name; adds it when it is new. Errors: ERROR_LIMIT. */
bool batch_add_flow_log(struct batch *batch, struct bytes name, uint8_t *id, struct error *err);

/* The id of a label text; "" is 0. Errors: ERROR_LIMIT. */
bool batch_add_string(struct batch *batch, struct bytes text, uint16_t *id, struct error *err);

/* Adds a label text behind those that are there, as a decoder does that has the whole table:
 * without looking for an equal one. Errors: ERROR_LIMIT. */
bool batch_push_string(struct batch *batch, struct bytes text, struct error *err);

/* Sets the label of an address code, making the label table when it is the first. */
bool batch_set_label(struct batch *batch, uint16_t code, struct batch_label label,
                     struct error *err);

/* Adds a coverage row; false (nothing added) at BATCH_COVERAGE_MAX or without memory. */
bool batch_add_coverage(struct batch *batch, const struct batch_coverage *row);

/* Room for `count` more records: neither the record nor an address bound (octets, codes) would be
 * passed, also when every address of theirs is new and IPv6. */
bool batch_has_room(const struct batch *batch, uint32_t count);

/* Copies records [first, first + count) of `from`, with what they point to, behind the records of
 * `batch`; `from` is unchanged. Coverage rows are not copied (batch_append_coverage). Afterwards
 * codes and ids are those of `batch`. There must be room (batch_has_room). Errors: ERROR_LIMIT
 * (node or log tables full); then `batch` is unchanged but for rows added to its tables. */
bool batch_append(struct batch *batch, const struct batch *from, uint32_t first, uint32_t count,
                  struct error *err);

/* As batch_append for the records whose indices stand in `rows` (ascending). */
bool batch_append_rows(struct batch *batch, const struct batch *from, const uint16_t *rows,
                       uint32_t count, struct error *err);

/* Copies all coverage rows of `from`. Errors: ERROR_LIMIT. */
bool batch_append_coverage(struct batch *batch, const struct batch *from, struct error *err);

/* Keeps only the records whose indices stand in `rows` (ascending), in their order. Tables stay. */
void batch_keep_rows(struct batch *batch, const uint16_t *rows, uint32_t count);

/* Checks the whole batch: bounds, codes, ids, enum values, start <= end. Errors: ERROR_FORMAT, the
 * message names the column and the row. For tests, and for what a decoder made. */
bool batch_check(const struct batch *batch, struct error *err);

/* The code of the address on the node's side of record `i`, and of the other one: `dst` is local
 * for DIRECTION_IN, else `src`. */
static inline uint16_t batch_local(const struct batch *batch, uint32_t i) {
    return batch->direction[i] == DIRECTION_IN ? batch->dst[i] : batch->src[i];
}

static inline uint16_t batch_peer(const struct batch *batch, uint32_t i) {
    return batch->direction[i] == DIRECTION_IN ? batch->src[i] : batch->dst[i];
}

#endif
