/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_ROWS_H
#define WEIR_FLOW_FRAME_ROWS_H

#include "flow/column.h"
#include "flow/frame_addresses.h"

/* The order in which a frame stores the rows of a batch, and the columns that are derived for it:
 * src and dst become local and peer, two ports and a protocol become a service, the other port and
 * a bit, times become multiples of their common unit. Scratch of one thread, about 2 MB. */

/* The shares of frame_rows.small. */
#define FRAME_SMALL_DIRECTION_SHIFT 0u
#define FRAME_SMALL_INITIATOR_SHIFT 2u
#define FRAME_SMALL_ACTION_SHIFT 4u
#define FRAME_SMALL_PORT_ORDER_SHIFT 6u /* 1: src_port is the lower */

struct frame_rows {
    uint32_t count;

    /* By row of the batch. Columns that are read in the frame's order stand together, as a read out
     * of order costs a cache line whatever it reads. */
    uint16_t peer[BATCH_RECORDS_MAX];     /* ranks of addresses */
    uint16_t service[BATCH_RECORDS_MAX];  /* by first appearance */
    uint64_t codes[BATCH_RECORDS_MAX];    /* local, peer, service, higher port: 16 bits each */
    uint8_t small[BATCH_RECORDS_MAX];     /* the columns of two bits */
    uint64_t end[BATCH_RECORDS_MAX];      /* units since end_low_ms */
    uint64_t duration[BATCH_RECORDS_MAX]; /* units */

    int64_t end_low_ms;
    int64_t end_high_ms;
    uint64_t duration_low; /* in units */
    uint64_t duration_high;
    uint32_t time_unit_ms;

    /* lower port | protocol << 16, most frequent first (ties: smaller first) */
    uint32_t services[BATCH_RECORDS_MAX];
    uint32_t service_count;

    /* By place in the frame. */
    uint16_t order[BATCH_RECORDS_MAX]; /* the row of the batch at each place */
    uint16_t node[BATCH_RECORDS_MAX];
    uint16_t local_at[BATCH_RECORDS_MAX];
    uint16_t peer_at[BATCH_RECORDS_MAX];
    uint16_t service_at[BATCH_RECORDS_MAX]; /* indices into `services` */
    uint16_t ephemeral_at[BATCH_RECORDS_MAX];
    uint8_t small_at[BATCH_RECORDS_MAX];

    uint32_t counters[DICTIONARY_CODES_MAX];
    uint16_t order_scratch[BATCH_RECORDS_MAX];
    uint64_t sort_keys[BATCH_RECORDS_MAX];
    uint64_t sort_scratch[BATCH_RECORDS_MAX];
    uint64_t service_slots[2 * BATCH_RECORDS_MAX]; /* hash: service << 16 | (number + 1) */
    uint32_t service_rows[BATCH_RECORDS_MAX];      /* how many rows have it */
    uint16_t service_rank[BATCH_RECORDS_MAX];      /* by first appearance */
};

/* Fills all of it for a batch that passes batch_check and whose addresses are ranked; `end` is
 * the range of its ends. Places follow
 * (node, peer, end); rows that are equal in these keep their order. */
void frame_rows_fill(struct frame_rows *rows, const struct batch *batch,
                     const struct frame_addresses *addresses, const struct column_range *end);

/* out[place] = column[order[place]]: a column in the frame's order, widened to 16 bits. */
void frame_rows_gather_u8(const struct frame_rows *rows, uint16_t *restrict out,
                          const uint8_t *restrict column);
void frame_rows_gather_u16(const struct frame_rows *rows, uint16_t *restrict out,
                           const uint16_t *restrict column);
/* The same for `count` places from `first` on. */
void frame_rows_gather_u64(const struct frame_rows *rows, uint64_t *restrict out,
                           const uint64_t *restrict column, uint32_t first, uint32_t count);

#endif
