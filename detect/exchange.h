/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EXCHANGE_H
#define WEIR_DETECT_EXCHANGE_H

#include "detect/conversation.h"
#include "detect/initiator.h"
#include "detect/port_use.h"
#include "detect/roster.h"
#include "detect/service.h"

/* Conversations over windows. The strands of a closed window are joined, both ways of a key, and
 * matched with what earlier windows left: who opened the conversation, whether it was ever
 * answered, and when that may be judged. What comes out is one row a conversation and window, of
 * which the features are made (detect/feature.h).
 *
 * A conversation is (node, local address, peer, ports, protocol); one that was silent for
 * EXCHANGE_SILENCE_MS is closed, and the same key is a new one after that. A guess about it may
 * differ from that of an earlier window; windows that are closed stay as they are.
 *
 * An unanswered conversation is *judged* in the window in which its reply time ends (`reply_ms`
 * after its start), by what is known then; the window in which it begins is not held back. One that
 * was rejected is judged at once: nothing more is to be waited for. A judgement that falls into a
 * window in which the node was not seen is passed, and counts nowhere.
 *
 * Bound: `entries_max` conversations of all nodes are remembered after a window. Beyond it the
 * longest idle go, of equally idle ones those with the smallest key, then node; they are counted.
 * What comes of an evicted one is a new conversation. All this is a function of the windows'
 * strands: where entries lie in memory, and when closed ones are swept, shows nowhere.
 *
 * Entries lie in generations, one a window: there those of a node together, by hash. A window's
 * conversations come in the same order, so that the look-up of a node's walks through a few
 * kilobytes; what goes on moves to the newest generation, and a generation whose last conversation
 * is closed is given up whole, without looking at any of them.
 *
 * Cost: 72 bytes an entry, in up to three generations of windows of 60 s, half of which may be of
 * conversations that went on; 0.6 KB a node for the use of ports (bench/exchange_bench.c). One
 * thread. */

#define EXCHANGE_SILENCE_MS INT64_C(150000)
#define EXCHANGE_REPLY_MS INT64_C(70000)
#define EXCHANGE_TICK_REPLY_MS INT64_C(10000) /* for captures' windows of 10 s */
#define EXCHANGE_NODES_MAX (1u << 24)

/* A local address is kept in 64 bits: IPv4 as it is, IPv6 as a hash with the highest bit set. Two
 * IPv6 addresses of one node share one with a chance of 2^-63. */
struct exchange_key {
    struct address peer;
    uint64_t local;
    uint16_t local_port;
    uint16_t peer_port;
    uint32_t node_protocol; /* roster index << 8 | protocol */
};

enum exchange_bits {
    EXCHANGE_SENT = 1 << 0,      /* by the peer; << 1: by us. Rejected or not */
    EXCHANGE_DELIVERED = 1 << 2, /* of the peer's; << 1: of ours */
    EXCHANGE_FIRST = 1 << 4,     /* the peer sent first; << 1: we did; neither: at one moment */
    EXCHANGE_REJECTED = 1 << 6,  /* a part of it was */
    EXCHANGE_PENDING = 1 << 7,   /* not judged yet */
    EXCHANGE_SAID = 1 << 8,      /* whether it failed or was refused has been said, if it was */
    EXCHANGE_HALF = 1 << 9,      /* it was said to be half open */
    EXCHANGE_MARK = 1 << 10,     /* exchange_mark; two bits */
};
#define EXCHANGE_MARK_SHIFT 10
#define EXCHANGE_BITS_ALL 0xfffu

struct exchange_entry {
    struct exchange_key key;
    int64_t last_ms;   /* of its last strand */
    uint64_t bytes_in; /* these five until it is judged and said; they stay at their maximum */
    uint32_t age_ms;   /* from its start to `last_ms`; stays at its maximum */
    uint32_t packets_out;
    uint16_t packets_in;
    uint16_t bits;
    uint8_t flags[2];    /* TCP flags seen, by side */
    uint8_t windows_out; /* in which we sent */
    uint8_t unused;
};
_Static_assert(sizeof(struct exchange_entry) == 64, "an entry is one cache line");

/* One conversation in one window. Arrays of two are by side (enum side). */
struct exchange_row {
    struct exchange_key key;
    /* Of the strands; all 0 in a row that only judges. */
    uint64_t bytes[2]; /* delivered */
    uint64_t packets[2];
    uint64_t rejected_bytes_in;
    uint64_t rejected_packets_out;
    uint32_t first[2]; /* in grains of the window; UINT32_MAX: did not send */
    uint32_t last;
    uint8_t flags[2];
    bool is_rejected;
    /* Of the conversation, as known at the end of the window. */
    uint8_t side;    /* enum side: who opened it */
    uint8_t rule;    /* enum initiator_rule */
    bool is_first;   /* its first window */
    bool has_sent;   /* the node did, ever, rejected or not */
    bool is_replied; /* both ways were delivered */
    bool is_pending; /* neither replied nor judged */
    bool is_failed;  /* said once, in the window in which it is known: rejected, or no reply */
    bool is_refused; /* the same: a reset, or without flags a reply of one small packet */
    bool is_half;    /* the same: TCP that the peer opened and did not complete */
    uint8_t marks;
    uint8_t unreplied_windows; /* in which we sent what follows at the end */
    uint32_t entry;            /* for exchange_mark */
    /* What went unanswered, in the window in which that is known: all since the start of the
     * conversation where it is judged, later the window's own. Rejected packets included. */
    uint64_t unreplied_bytes_in;
    uint64_t unreplied_packets_out;
};
_Static_assert(sizeof(struct exchange_row) == 128, "a row is two cache lines");

struct exchange_settings {
    uint32_t entries_max;
    int64_t reply_ms;
};

struct exchange_window {
    int64_t start_ms;
    int64_t end_ms;
    uint32_t time_shift; /* strand_time_shift */
};

/* Those of a node in a generation: [first, first + count). */
struct exchange_span {
    uint32_t first;
    uint32_t count;
    uint32_t starts; /* where the buckets of long ones begin */
};

/* What was seen last in one window, or in neighbouring ones. */
struct exchange_generation {
    struct exchange_entry *entries; /* [count] */
    uint32_t *hashes;               /* [count] upper halves, ascending in a span */
    uint32_t *starts;               /* [start_count] first entries of buckets, by span */
    uint64_t *pending;              /* a bit an entry: not judged yet */
    struct exchange_span *spans;    /* [span_capacity] by node */
    uint32_t count;
    uint32_t live_count; /* of them those that did not go on to a later generation */
    uint32_t start_count;
    uint32_t capacity;
    uint32_t span_capacity;
    int64_t last_ms; /* of all */
};
#define EXCHANGE_GENERATIONS_MAX 6u

struct exchange {
    struct exchange_settings settings;
    struct service_map services;
    struct exchange_window window;
    /* [generation_count], the oldest first; behind them the one that the open window fills. */
    struct exchange_generation generations[EXCHANGE_GENERATIONS_MAX + 2];
    uint32_t generation_count;
    struct exchange_generation spare; /* memory for the next one */
    uint32_t entry_count;             /* of all generations, those that live */
    struct exchange_row *rows;        /* of the node being gathered */
    uint32_t row_count;
    uint32_t row_capacity;
    uint64_t *order; /* [row_capacity] hash and row */
    uint64_t *order_scratch;
    uint32_t *candidates; /* [row_capacity] what a row may go on with */
    uint32_t point;       /* of the last strand */
    bool is_many_points;
    struct port_use *uses; /* [node_capacity] */
    uint32_t node_capacity;
    struct port_use_count *port_counts; /* [port_capacity], scratch */
    uint32_t port_capacity;
    uint32_t *port_keys; /* [port_capacity]: side << 16 | port, of the node's new conversations */
    uint32_t port_key_count;
    uint64_t evicted; /* conversations dropped at the bound */
};

/* Errors: ERROR_ARGUMENT (entries_max below 1 or above 2^26, reply_ms not between 0 and the
 * silence). `done` accepts a zeroed one. */
bool exchange_init(struct exchange *exchange, const struct exchange_settings *settings,
                   struct error *err);
void exchange_done(struct exchange *exchange);

/* A window begins; later than all before it. */
void exchange_begin(struct exchange *exchange, const struct exchange_window *window);

/* Adds a merged strand of the node that exchange_node will be called for: a strand_visit with the
 * exchange as its context. Strands come as conversation_fold gives them: those of a point together,
 * those of a conversation behind each other. Of unknown direction: passed over. Errors:
 * ERROR_LIMIT. */
bool exchange_take(void *exchange, const struct strand *strand, struct error *err);

/* The same for the strands of a point that a fold gives before they are merged: those of `items`
 * from `first` to before `end`. Errors: ERROR_LIMIT. */
bool exchange_take_items(struct exchange *exchange, const struct strand_items *items,
                         uint32_t first, uint32_t end, struct error *err);

/* Joins what was taken. The rows, which are the exchange's until the next call, are one a
 * conversation in the order of strands (of several points: in the order of keys), then those of
 * conversations that are judged in this window without having been seen in it. Once a node and
 * window. Errors: ERROR_LIMIT. */
bool exchange_node(struct exchange *exchange, uint32_t node, struct exchange_row **rows,
                   uint32_t *count, struct error *err);

/* Keeps a number from 0 to 3 for the conversation of a row, in the window of the row; later rows of
 * it show it. */
void exchange_mark(struct exchange *exchange, const struct exchange_row *row, uint8_t mark);

/* The window ends: keeps the bound. `roster` says in what order nodes are. Errors: ERROR_LIMIT. */
bool exchange_end(struct exchange *exchange, const struct roster *roster, struct error *err);

/* Forgets a node, between windows. */
void exchange_forget(struct exchange *exchange, uint32_t node);

/* Of entries, what finds them, and ports. */
uint64_t exchange_memory_bytes(const struct exchange *exchange);

/* Between windows, as bytes and back, by the roster's order (roster_sort) and key: equal states are
 * equal bytes. Loading is into one that is new, and total: what no window gives latches a failure
 * in `cursor`. Errors: ERROR_LIMIT. */
bool exchange_save(const struct exchange *exchange, const struct roster *roster, struct buffer *out,
                   struct error *err);
bool exchange_load(struct exchange *exchange, const struct roster *roster, struct cursor *cursor,
                   struct error *err);

#endif
