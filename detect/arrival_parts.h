/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ARRIVAL_PARTS_H
#define WEIR_DETECT_ARRIVAL_PARTS_H

#include "detect/arrival.h"
#include "detect/arrival_columns.h"

/* What the two paths of arrival share: arrival_plain.c is the definition, one record at a time,
 * whatever it is; arrival_fast.c takes what is common in tight loops and leaves the rest to it.
 * One thread. */

/* The fast path takes records of this many windows, up to the last one that a record touches. */
#define ARRIVAL_LANES 1024
#define ARRIVAL_POINT_CACHE_BITS 12
#define POINT_NONE UINT32_MAX
/* The place of a record whose point is beyond the bound. */
#define PLACE_REFUSED (UINT32_MAX - 1)

struct point_entry {
    uint32_t key; /* node << 8 | flow log, + 1 */
    uint32_t point;
};

struct place_entry {
    uint32_t key;   /* flow log << 16 | local code, + 1 */
    uint32_t place; /* PLACE_NONE, PLACE_REFUSED: none */
    uint32_t point;
};

/* What the tight loop needs of one window, copied out of it and written back (arrival_fast.c). */
struct lane {
    uint8_t *at; /* of the log's short form; equal to `end`: no room, or the lane is not open */
    uint8_t *end;
    uint8_t *long_at; /* the same of the long form */
    uint8_t *long_end;
    struct cell *cells; /* NULL: not open */
    uint8_t *marks;
    const uint32_t *slots;
    struct window *window;
    uint32_t slot_mask;
    uint32_t carried_count; /* to be added to the log's */
};

struct arrival {
    struct arrival_target target;
    struct arrival_counts *counts;
    const struct batch *batch;
    int64_t last_record_number; /* no window after it is touched by a record */
    int64_t last_number;        /* nor after it by a coverage row */
    uint32_t time_shift;
    /* Rows left to the plain path. */
    uint32_t plain_count;
    uint16_t plain[BATCH_RECORDS_MAX];

    struct point_entry point_cache[1u << ARRIVAL_POINT_CACHE_BITS];
    struct place_entry place_cache[BATCH_NODES_MAX + 1]; /* the last place of each node */

    /* By address code: IPv4 peers. 4 octets an address, not 16: a batch's 30,000 addresses are
     * asked for in any order, and come from another core where a worker has parsed them. */
    uint32_t ipv4[DICTIONARY_CODES_MAX];
    uint8_t is_ipv6[DICTIONARY_CODES_MAX]; /* peers whose strands are wide */

    struct arrival_columns columns; /* of the block at hand */

    arrival_columns_fill fill;
    int64_t first_number; /* of lane 0 */
    struct lane lanes[ARRIVAL_LANES];
    uint16_t open[ARRIVAL_LANES]; /* [open_count] indices of open lanes */
    uint32_t open_count;
};

/* The id of a node's point in the batch at hand, or POINT_NONE. */
uint32_t arrival_point(struct arrival *arrival, uint32_t node, uint32_t flow_log);

/* The place and point of a node's address (by code), without the cache. */
struct place_entry arrival_find_place(struct arrival *arrival, uint32_t node, uint32_t flow_log,
                                      uint32_t local);

/* The same by the last place of each node, which is nearly always the next one, too. */
static inline const struct place_entry *arrival_place(struct arrival *arrival, uint32_t node,
                                                      uint32_t flow_log, uint32_t local) {
    struct place_entry *entry = &arrival->place_cache[node];
    if (__builtin_expect(entry->key != (flow_log << 16 | local) + 1, 0)) {
        *entry = arrival_find_place(arrival, node, flow_log, local);
    }
    return entry;
}

/* Adds all rows in `plain`, then the coverage rows. Errors: ERROR_LIMIT (memory). */
bool arrival_plain_finish(struct arrival *arrival, struct error *err);

/* Bytes that the conversations of the rows in `plain` may take. */
uint64_t arrival_plain_need(const struct arrival *arrival);

/* Bytes that the conversations of the batch may take on the fast path. */
uint64_t arrival_fast_need(const struct arrival *arrival);

/* Whether the fast path is right for the batch's reach and the window length. */
bool arrival_fast_fits(const struct arrival *arrival);

/* Adds what it can and lists the rest in `plain`. Errors: ERROR_LIMIT (memory). */
bool arrival_fast_add(struct arrival *arrival, struct error *err);

#endif
