/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_CONVERSATION_H
#define WEIR_DETECT_CONVERSATION_H

#include "detect/point.h"

/* The conversations of one window. What one record adds to one window is a *strand*: one direction
 * of a conversation, with its sums, flags, and first and last time. Strands are appended to a log
 * as they come; those of equal keys are merged later (sums, OR, minimum, maximum: all commute, so
 * when it happens cannot show). A table of conversations would be looked up in memory that no cache
 * holds, at 50 ns and more a record; an append is 3 ns.
 *
 * A strand is 24 bytes where its values fit (IPv4 peer, under 4 GiB, a known place) and 80 where
 * they do not; which of the two never shows either. Those that one record adds to several windows
 * stand together in one long entry of 28 bytes, until a fold needs them.
 *
 * Bound. Merged strands of a window cost at most `cost_max` (1 a strand, 3 with an IPv6 peer).
 * Above it each point keeps the conversations with the smallest hashes of their keys: as many from
 * the smallest on as cost at most k, with the largest k at which all points together stay within
 * `cost_max` (so a flooded node cannot crowd the others out). The first one that a point does not
 * keep is its threshold. This is a function of the set of strands, whatever their order and
 * whenever a fold comes between:
 *  - As strands are added, the cost up to any hash only grows and k only falls, so a threshold only
 *    falls. A conversation below the final threshold was below all earlier ones: it was never
 *    dropped, and all its strands were counted.
 *  - What a fold computes from survivors equals what it would compute from everything: below the
 *    old threshold nothing is missing; a point with a threshold has a full cost above every later
 *    k, so it counts as k; and if the survivors fit into k, the threshold stays where it is, since
 *    the conversation there did not fit a larger k either.
 * A conversation that was dropped and comes again lies at or above its point's threshold and is
 * dropped by the next fold. One thread. */

struct strand {
    struct address local;
    struct address peer;
    uint64_t bytes;
    uint64_t packets;
    uint64_t flows; /* that ended in the window */
    uint32_t point;
    uint32_t first; /* first and last moment within the window, in its grains */
    uint32_t last;
    uint16_t local_port;
    uint16_t peer_port;
    uint8_t protocol;
    uint8_t direction; /* enum direction */
    uint8_t tcp_flags;
    bool is_rejected;
};

/* The short form: six words.
 *   place_bits       place (18 bits), direction (2), is_rejected (1), flows (3), protocol (8)
 *   packets_flags    packets (24), TCP flags (8) */
struct strand_short {
    uint32_t place_bits;
    uint32_t peer;
    uint32_t ports; /* local | peer << 16 */
    uint32_t packets_flags;
    uint32_t bytes;
    uint32_t times; /* first | last << 16 */
};
#define STRAND_PACKETS_BITS 24
#define STRAND_SHORT_PACKETS (UINT32_C(1) << STRAND_PACKETS_BITS)
#define STRAND_SHORT_FLOWS 8u
#define STRAND_DIRECTION_SHIFT PLACE_BITS
#define STRAND_REJECTED_SHIFT (PLACE_BITS + 2)
#define STRAND_FLOWS_SHIFT (PLACE_BITS + 3)
#define STRAND_PROTOCOL_SHIFT 24

/* A record that began before the window in which it ended: one entry, in that window's log, for its
 * shares of all the windows that it touches. The first five words are those of a strand_short, of
 * the whole record. Its shares become strands when a fold asks for them (detect/settle.h). */
struct strand_long {
    uint32_t place_bits; /* flows: 1 */
    uint32_t peer;
    uint32_t ports;
    uint32_t packets_flags;
    uint32_t bytes;
    uint32_t to_ms;     /* its end, since the start of its last window: 1 to the window's length */
    uint32_t length_ms; /* more than `to_ms` */
};

/* First and last moment are kept in 16 bits: in steps of 1 << shift milliseconds. */
static inline uint32_t strand_time_shift(int64_t window_ms) {
    uint32_t shift = 0;
    while ((window_ms - 1) >> shift > 0xffff) {
        shift++;
    }
    return shift;
}

/* Chunks of 128 bytes up to 64 KiB; the largest are cut from slabs of 2 MiB and kept when they are
 * given back. `used_bytes` is what logs hold. */
struct strand_chunk;
struct strand_pool {
    struct strand_chunk *spare;
    uint64_t used_bytes;
    void **slabs; /* [slab_count] */
    size_t slab_count;
    size_t slab_capacity;
};

void strand_pool_done(struct strand_pool *pool);

/* Entries of one size, appended. `at` == `end`: the newest chunk is full (or there is none). */
struct strand_list {
    struct strand_chunk *first;
    struct strand_chunk *last;
    uint8_t *at;
    uint8_t *end;
    uint64_t count_before; /* entries in chunks before `last` */
};

/* At or above this hash, conversations of the point were dropped. */
struct conversation_cut {
    uint64_t threshold;
    uint32_t point;
};

struct conversation_log {
    struct strand_list shorts;
    struct strand_list wides;
    struct strand_list longs;
    uint64_t carried_count; /* shares of the window that stand in long entries of later windows */
    uint64_t folded_count;  /* entries that the last fold left */
    uint64_t cost_max;
    struct conversation_cut *cuts; /* by point id */
    uint32_t cut_count;
};

void conversation_log_init(struct conversation_log *log, uint64_t cost_max);
/* Gives the chunks back to the pool. Accepts a zeroed one. */
void conversation_log_done(struct conversation_log *log, struct strand_pool *pool);

/* The entries of all three lists, and those that are strands. */
uint64_t conversation_log_count(const struct conversation_log *log);
uint64_t conversation_log_strands(const struct conversation_log *log);
/* What the window's strands would cost if none could be merged, those that stand in long entries
 * here or in later windows included: while it is within the bound, nothing is cut. */
uint64_t conversation_log_cost(const struct conversation_log *log);

/* A chunk more for a list that is full. Errors: ERROR_LIMIT (memory). */
bool strand_list_grow(struct strand_list *list, size_t entry_size, struct strand_pool *pool,
                      struct error *err);

/* Gives the oldest chunk of a list, which has one, back to the pool. */
void strand_list_drop(struct strand_list *list, size_t entry_size, struct strand_pool *pool);

/* Appends a strand in the form that fits. `place` is its place or PLACE_NONE. */
bool conversation_log_add(struct conversation_log *log, struct strand_pool *pool,
                          const struct strand *strand, uint32_t place, struct error *err);

/* Whether conversations of a point were cut by the last fold. */
bool conversation_log_is_cut(const struct conversation_log *log, uint32_t point);

/* Receives merged strands: by point, then hash, then key, direction and is_rejected. */
typedef bool (*strand_visit)(void *context, const struct strand *strand, struct error *err);

/* Receives the strands of a point before they are merged, in the same order: those of `items` from
 * `first` to before `end` (detect/strand_items.h). */
struct strand_items;
typedef bool (*strand_items_visit)(void *context, const struct strand_items *items, uint32_t first,
                                   uint32_t end, struct error *err);

/* Merges and cuts what the log holds as strands (its long entries stay as they are, and are not
 * seen), without changing it. Points come in the order of `ranks`
 * [points->point_count]; NULL: by id. `cuts` (freed by the caller) and `*cut_count` are what has
 * been cut now or before; `*dropped` (may be NULL) counts merged strands left out. Errors:
 * ERROR_LIMIT (memory), those of `visit`. */
struct conversation_fold {
    const struct conversation_log *log;
    const struct point_set *points;
    const uint32_t *ranks;
    strand_visit visit;
    strand_items_visit visit_items; /* instead of `visit`, where it is NULL */
    void *context;
    struct strand_items *items; /* memory to use, kept for the next fold; NULL: of this fold only */
    struct conversation_cut *cuts;
    uint32_t cut_count;
    uint64_t dropped;
};
bool conversation_fold(struct conversation_fold *fold, struct error *err);

/* Folds a log into itself: afterwards its strands are merged and in the order of point ids, and its
 * `cuts` are up to date. Errors: ERROR_LIMIT; the log is then unchanged. */
bool conversation_log_compact(struct conversation_log *log, struct strand_pool *pool,
                              const struct point_set *points, uint64_t *dropped, struct error *err);

/* Visits the strands of one point in a compacted log. */
bool conversation_log_each(const struct conversation_log *log, const struct point_set *points,
                           uint32_t point, strand_visit visit, void *context, struct error *err);

/* The hash of a conversation: of its key without point, direction and outcome. `ports`: local |
 * peer << 16 | protocol << 32. */
uint64_t strand_hash(const struct strand *strand);
static inline uint64_t strand_mix(uint64_t a, uint64_t b) {
    unsigned __int128 product =
        (unsigned __int128)(a ^ UINT64_C(0x9E3779B97F4A7C15)) * (b ^ UINT64_C(0xD6E8FEB86659FD93));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
static inline uint64_t strand_hash_of(struct address local, struct address peer, uint64_t ports) {
    return strand_mix(
        strand_mix(strand_mix(local.high, local.low), strand_mix(peer.high + 1, peer.low)),
        ports + 1);
}
/* By point, then key, direction and is_rejected; what compares equal is merged. */
int strand_compare(const struct strand *a, const struct strand *b);
/* The same of the conversation only: local and peer address, ports, protocol. */
int strand_compare_conversation(const struct strand *a, const struct strand *b);
/* Adds `from` to `into`, of an equal key. */
void strand_merge(struct strand *into, const struct strand *from);

static inline uint64_t strand_cost(const struct strand *strand) {
    return address_is_ipv4(strand->peer) ? 1 : 3;
}

/* For the fold and for iteration: the entries of a list, chunk by chunk. */
struct strand_span {
    const uint8_t *data;
    size_t size;
};
struct strand_span strand_list_next(const struct strand_list *list, size_t entry_size,
                                    const struct strand_chunk **chunk);
static inline uint32_t strand_place(uint32_t place_bits) {
    return place_bits & (PLACES_MAX - 1);
}

static inline void strand_unpack(struct strand *strand, const struct strand_short *from,
                                 const struct point_set *points) {
    const struct place *place = &points->places[from->place_bits & (PLACES_MAX - 1)];
    *strand = (struct strand){
        .local = place->local,
        .peer = address_from_ipv4(from->peer),
        .bytes = from->bytes,
        .packets = from->packets_flags & (STRAND_SHORT_PACKETS - 1),
        .flows = from->place_bits >> STRAND_FLOWS_SHIFT & (STRAND_SHORT_FLOWS - 1),
        .point = place->point,
        .first = from->times & 0xffff,
        .last = from->times >> 16,
        .local_port = (uint16_t)from->ports,
        .peer_port = (uint16_t)(from->ports >> 16),
        .protocol = (uint8_t)(from->place_bits >> STRAND_PROTOCOL_SHIFT),
        .direction = from->place_bits >> STRAND_DIRECTION_SHIFT & 3,
        .tcp_flags = (uint8_t)(from->packets_flags >> 24),
        .is_rejected = (from->place_bits >> STRAND_REJECTED_SHIFT & 1) != 0,
    };
}

#endif
