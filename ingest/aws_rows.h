/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_ROWS_H
#define WEIR_INGEST_AWS_ROWS_H

#include "ingest/aws_line.h"
#include "ingest/aws_point.h"

/* The rows of the batch that an AWS object is being read into. Parsers append rows; what needs more
 * than its own line is done by column:
 *
 *   line loop        numbers, action, flags -> batch columns; addresses -> chunk; interface ->
 * point every 1,024 rows aws_rows_code: addresses of the chunk -> dictionary codes, sums end of
 * batch     aws_rows_finish: own addresses, nodes, directions, coverage rows, labels
 *
 * Addresses are coded apart from the lines since the probes of 1,024 rows overlap in the processor,
 * while one probe a line stalls the line behind it (8 ns of 36 a line). */

#define AWS_CHUNK_ROWS 1024u

enum aws_side {
    AWS_SIDE_SRC,
    AWS_SIDE_DST,
    AWS_SIDE_INTERFACE_SRC, /* filled only under a layout that has packet addresses */
    AWS_SIDE_INTERFACE_DST,
    AWS_SIDE_COUNT,
};

/* Addresses of the rows that have no codes yet. */
struct aws_chunk {
    uint32_t ipv4[AWS_SIDE_COUNT][AWS_CHUNK_ROWS];
    struct address wide[AWS_SIDE_COUNT][AWS_CHUNK_ROWS];
    uint8_t is_wide[AWS_CHUNK_ROWS]; /* bits 1 << side: IPv6, in `wide`; valid when has_wide */
    bool has_wide;                   /* a row of the chunk has an IPv6 address */
};

/* A NODATA or SKIPDATA line; its node is known at the end of the batch. */
struct aws_gap {
    uint32_t point;
    enum coverage_kind kind;
    int64_t start_ms;
    int64_t end_ms;
};

struct aws_rows {
    const struct inventory *inventory; /* or NULL */
    struct aws_layout layout;          /* of the rows in the chunk */
    struct batch *batch;               /* being filled; its count lags behind `count` */
    uint32_t count;                    /* rows, those of the chunk included */
    uint32_t coded;                    /* the chunk's first row */
    uint32_t limit;                    /* rows go up to here until the next aws_rows_code */
    bool has_wide;                     /* a row of the batch has an IPv6 address */
    bool has_directions;               /* a line of the batch may have told its direction */

    struct dictionary_tables tables; /* lent to the batch's addresses while it is filled, or none */
    bool has_lent;
    struct aws_points points;
    uint16_t *point;  /* [BATCH_RECORDS_MAX] */
    uint8_t *is_ipv6; /* [BATCH_RECORDS_MAX]; valid when has_wide */
    struct aws_chunk *chunk;

    /* The interface's view of the addresses, where it differs from the packet's. */
    bool has_sides;
    struct dictionary sides;
    uint16_t *interface_src; /* [BATCH_RECORDS_MAX], codes into `sides` */
    uint16_t *interface_dst;

    struct aws_gap *gaps;
    uint32_t gap_count;
    uint32_t gap_capacity;

    int64_t end_min_ms; /* over the batch's rows and gaps */
    int64_t end_max_ms;
    uint64_t bytes; /* sums over the batch's coded rows */
    uint64_t packets;
    uint32_t serial;              /* of the batch: tells this batch's bindings from older ones */
    struct aws_binding *bindings; /* [binding_capacity], by point */
    uint32_t binding_capacity;
    struct arena scratch; /* the batch's */
};

/* Errors: ERROR_LIMIT. */
bool aws_rows_init(struct aws_rows *rows, const struct inventory *inventory, struct error *err);
/* Accepts a zeroed or half built one. */
void aws_rows_done(struct aws_rows *rows);

/* Starts filling `batch`, which is empty; aws_rows_end leaves it, whether or not it was finished.
 */
void aws_rows_begin(struct aws_rows *rows, struct batch *batch);
void aws_rows_end(struct aws_rows *rows);

/* The layout of the rows that follow. Where it is another one, the rows before it get their codes.
 * Errors: ERROR_LIMIT. */
bool aws_rows_set_layout(struct aws_rows *rows, const struct aws_layout *layout, struct error *err);

enum aws_added {
    AWS_ADDED,
    AWS_FULL, /* nothing was added: the batch must end before this line */
    AWS_FAILED,
};

/* Appends a record (the caller sees to it that count < limit), or a NODATA or SKIPDATA line. Errors
 * (AWS_FAILED): ERROR_LIMIT. */
enum aws_added aws_rows_add(struct aws_rows *rows, const struct aws_record *record);
enum aws_added aws_rows_add_gap(struct aws_rows *rows, const struct aws_record *record,
                                enum coverage_kind kind, struct error *err);

/* Appends a record whose point is known (a fast parser's way); count < limit. */
void aws_rows_put(struct aws_rows *rows, const struct aws_record *record, uint32_t point);

/* Gives the chunk's rows their address codes and starts a new chunk. Errors: ERROR_LIMIT. */
bool aws_rows_code(struct aws_rows *rows, struct error *err);

/* Whether the batch can take more rows; asked behind aws_rows_code. */
bool aws_rows_has_room(const struct aws_rows *rows);

/* Fills in what the batch lacks, once all rows have codes; adds bytes, packets and records without
 * a direction to `counts`. Errors: ERROR_LIMIT. (aws_column.c) */
bool aws_rows_finish(struct aws_rows *rows, struct bytes flow_log, struct source_counts *counts,
                     struct error *err);

#endif
