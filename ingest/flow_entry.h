/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FLOW_ENTRY_H
#define WEIR_INGEST_FLOW_ENTRY_H

#include "ingest/flowtable.h"

/* One conversation of the flow table, on one cache line: a packet of a flow that is open touches
 * that line and its slot. Times are kept as distances from the earliest packet, which a packet out
 * of order moves; counters are per way. The table sees to it that a flow lasts less than
 * FLOWTABLE_NEVER_MS, so that distances fit. */

#define FLOW_ENTRY_NEXT_BITS 26

struct flow_entry {
    uint64_t addresses; /* IPv4: a's << 32 | b's; else an index into the table's wide addresses */
    uint32_t ports;     /* a's << 16 | b's */
    uint8_t protocol;
    uint8_t log;
    uint8_t tcp_flags[2];
    int64_t base_ms; /* the earliest packet */
    uint64_t bytes[2];
    uint32_t packets[2];  /* 0: none that way; the rest of that way then says nothing */
    uint32_t last[2];     /* from base to the way's last packet */
    uint32_t later_first; /* from base to the first packet of way `later`; the other's is base */
    uint32_t next : FLOW_ENTRY_NEXT_BITS; /* the table's */
    uint32_t is_wide : 1;
    uint32_t later : 1;
    uint32_t opener : 1; /* the way of who opened the conversation */
    uint32_t is_opener_inferred : 1;
    uint32_t has_flags : 2; /* bits 1 << way */
};

_Static_assert(sizeof(struct flow_entry) == 64, "a cache line");

/* Empties the counters. `packet`, which comes next, is the first; what is known of who opened the
 * conversation is kept or forgotten. */
void flow_entry_begin(struct flow_entry *entry, bool keep_opener);

/* Whether a packet at `time_ms` belongs to the flow as it is: that was not idle for `idle_ms` and
 * does not become `active_ms` long. */
static inline bool flow_entry_takes(const struct flow_entry *entry, int64_t time_ms,
                                    int64_t idle_ms, int64_t active_ms, bool *was_idle) {
    uint32_t last = entry->last[0] > entry->last[1] ? entry->last[0] : entry->last[1];
    int64_t since = time_ms - entry->base_ms;
    int64_t length = since > (int64_t)last ? since : (int64_t)last;
    length -= since < 0 ? since : 0;
    *was_idle = since - (int64_t)last >= idle_ms;
    return !*was_idle && length < active_ms;
}

/* Counts a packet that the entry takes. */
void flow_entry_add(struct flow_entry *entry, unsigned way, int64_t time_ms,
                    const struct packet *packet);

/* Fills `out` but for its addresses. */
void flow_entry_give(const struct flow_entry *entry, struct flow *out);

static inline int64_t flow_entry_last_ms(const struct flow_entry *entry) {
    uint32_t last = entry->last[0] > entry->last[1] ? entry->last[0] : entry->last[1];
    return entry->base_ms + last;
}

#endif
