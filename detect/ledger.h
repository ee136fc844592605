/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_LEDGER_H
#define WEIR_DETECT_LEDGER_H

#include "detect/ledger_budget.h"
#include "flow/address.h"

/* What a node exchanged with external peers that are rare: new to it, and unknown to the rest of
 * the fleet. Exfiltration goes to somebody whom nobody else talks to; so here bytes add up over
 * hours and days, where the baselines see a minute at a time.
 *
 * Peers are told apart by group (detect/peer_group.h). Only what is rare *now* is taken: once other
 * nodes have met the group, nothing of it is added, and its entry falls idle. So what a whole fleet
 * begins to use (a vendor's new service) is quiet after two hours, and an entry never outlasts what
 * made it; an attacker who shares one peer between nodes is left to the fleet's rules.
 *
 * A peer is taken in once it got `admit_bytes_min` in its first minute, or was met in a second one:
 * a scan stays out. Until then it waits in a list of LEDGER_WAITING_MAX, of which the longest idle
 * one goes first. Bound: LEDGER_ENTRIES_MAX entries a node; one that was idle for a day makes room
 * first, of these one that no rule fired by, then the longest idle one, else the one with the
 * fewest (bytes out, active minutes) of those that were not active in this window, else of all if
 * it has fewer than who comes. At midnight bytes and minutes of an entry fade by one part in
 * `memory_days`, and entries that were idle for that long go: a small daily errand is not an alert
 * after some months.
 *
 * An entry that a rule fired by is news once: after half an hour of silence it is left out of
 * readings until it got LEDGER_AGAIN_BITS more than it had then (four times as much), so that a new
 * nightly backup is one alert and not one a night.
 *
 * Thresholds, and what they are made of: detect/ledger_budget.h. At midnight (UTC; the first window
 * of a new day) each node gives its day's largest values. A day on which the node's ledger fired is
 * held back, so that an attack raises no threshold, until somebody says that it was benign.
 *
 * All results are a function of the windows and contacts: the order of contacts and of nodes shows
 * nowhere. Memory: 360 bytes a node, and 1.3 KB more once it has met somebody rare; counted by
 * ledger_node_bytes. One thread. */

#define LEDGER_ENTRIES_MAX 16u
#define LEDGER_WAITING_MAX 4u
#define LEDGER_IDLE_S (INT64_C(24) * 3600)
#define LEDGER_YOUNG_MS (INT64_C(24) * 3600 * 1000) /* of the fleet: nothing is counted before */
#define LEDGER_START_MS (INT64_C(24) * 3600 * 1000) /* of the fleet: no threshold before */
#define LEDGER_QUIET_S 1800
#define LEDGER_AGAIN_BITS 2
#define LEDGER_NEVER 0x1p100 /* the threshold then: beyond all that can be counted */
#define LEDGER_NONE UINT8_MAX

/* What a node exchanged with one external group in one window, in conversations that it opened. */
struct ledger_contact {
    uint64_t group;
    struct address peer; /* of the group; the smallest of several is kept */
    uint64_t bytes_out;
    uint64_t bytes_in;
    uint16_t port; /* the peer's */
    /* Nobody else met the group two hours ago (fleet_is_rare), and, if the node is older than a
     * day, it met the group after its own first day. Others are passed over. */
    bool is_rare;
};

struct ledger_entry {
    uint64_t group;
    struct address peer; /* the smallest of the last active window */
    uint64_t bytes_out;  /* these two stay at their maximum */
    uint64_t bytes_in;
    uint32_t first_minute; /* of the start of the first active window, since 1970 */
    uint32_t last_minute;  /* the same of the last one, */
    uint8_t last_second;   /* and the second in that minute */
    uint8_t gap_count; /* between active windows that are not neighbours; stays at its maximum */
    uint16_t port;     /* of the last active window: the one that got most */
    uint16_t minutes;  /* active ones; stays at its maximum */
    uint8_t said;      /* 4 log2(bytes out) of when a rule fired by it; 0: never */
    bool is_fired;     /* in its present activity */
    float gap_mean_s;  /* as it moves, by a tenth a gap; so does the mean deviation from it */
    float gap_deviation_s;
};
_Static_assert(sizeof(struct ledger_entry) == 64, "an entry is one cache line");

static inline int64_t ledger_entry_first_ms(const struct ledger_entry *entry) {
    return (int64_t)entry->first_minute * 60000;
}

/* To the second. */
static inline int64_t ledger_entry_last_ms(const struct ledger_entry *entry) {
    return ((int64_t)entry->last_minute * 60 + entry->last_second) * 1000;
}

/* What a node sees in one window. */
struct ledger_reading {
    /* Of the entry with the most bytes out of those active in this window that are news; before
     * that, of those to which more than twice as much went as came, so that downloads from one rare
     * peer do not hide what another is sent. 0: there is none. */
    double bytes_out;
    double bytes_in;
    double rate;     /* bytes a minute, to the peer that got most in this window; uploads only */
    double long_out; /* bytes out of the entry with the most that were met often enough; the same */
    double minutes;  /* the most of those active in this window */
    struct ledger_limit limits[LEDGER_MEASURE_COUNT];
    uint8_t bytes_index; /* of the entry, for ledger_entry; LEDGER_NONE: none is active */
    uint8_t rate_index;  /* the same */
    uint8_t long_index;
    uint8_t minutes_index;
};

struct ledger_list; /* entries and waiting ones of a node */

struct ledger_node {
    struct ledger_list *list;                       /* NULL: nobody yet */
    struct ledger_share own[LEDGER_MEASURE_COUNT];  /* the node's days */
    struct ledger_tally held[LEDGER_MEASURE_COUNT]; /* those on which it fired */
    struct ledger_limit limits[LEDGER_MEASURE_COUNT];
    uint64_t most[LEDGER_MEASURE_COUNT]; /* of today */
    uint32_t seen_ms;                    /* today */
    uint8_t fired;                       /* today, or is suspect: bits 1 << enum ledger_measure */
    uint8_t read[LEDGER_MEASURE_COUNT];  /* index + 1 of the entry that was read last */
};

struct ledger {
    struct ledger_params params;
    struct ledger_budget budget;
    struct ledger_node *nodes; /* [node_capacity], by roster index */
    uint32_t node_capacity;
    int64_t start_ms; /* of the window */
    int64_t end_ms;
};

/* Errors: ERROR_ARGUMENT (ledger_params_check). `done` accepts a zeroed one. */
bool ledger_init(struct ledger *ledger, const struct ledger_params *params, struct error *err);
void ledger_done(struct ledger *ledger);

/* A window begins, later than all before it. Ends the days that are over. */
void ledger_begin(struct ledger *ledger, int64_t start_ms, int64_t end_ms);

/* Takes what a node that was observed exchanged in the window (also when it was nothing), and reads
 * it. Several contacts of one group are added up; they are reordered. Once a node and window.
 * Errors: ERROR_LIMIT (memory); nothing is taken then. */
bool ledger_take(struct ledger *ledger, uint32_t node, struct ledger_contact *contacts,
                 uint32_t count, struct ledger_reading *out, struct error *err);

/* An entry of a reading, until the next ledger_take or ledger_begin. NULL: no such entry. */
const struct ledger_entry *ledger_entry(const struct ledger *ledger, uint32_t node, uint8_t index);

/* Whether it comes back like a clock: at least 12 gaps of 20 s to 2 h that deviate by less than 5
 * %, over half an hour or more. Benign nodes have such peers every day: evidence, never an alert.
 */
bool ledger_entry_is_beacon(const struct ledger_entry *entry);

/* A rule on the measure holds, or is latched, in this window: the node's day is held back, of both
 * measures, since what one of them fires by would raise the other. After ledger_take. */
void ledger_fired(struct ledger *ledger, uint32_t node, enum ledger_measure measure);

/* Somebody says that the node's alerts were benign: the days held back count, as of today, and what
 * fired is no news any more. */
void ledger_acquit(struct ledger *ledger, uint32_t node);

/* Forgets a node, between windows. Its day so far counts for the fleet. */
void ledger_forget(struct ledger *ledger, uint32_t node);

/* The sums of the day that ended and is not used yet, of these nodes; `day` is -1 when there is
 * none. Where nodes are spread over workers, each gives its own, they are added (ledger_sums_add),
 * and ledger_put_sums takes the whole in their place. Errors: ERROR_ARGUMENT (of another day, or
 * too late); nothing changed then. */
const struct ledger_sums *ledger_get_sums(const struct ledger *ledger);
bool ledger_put_sums(struct ledger *ledger, const struct ledger_sums *sums, struct error *err);

uint64_t ledger_node_bytes(const struct ledger *ledger, uint32_t node);

/* As bytes and back, between windows: the fleet's part, and then the nodes'. Equal states are equal
 * bytes. Reading is total: what no run gives latches a failure in `cursor`, and leaves what was
 * asked for empty. Errors: ERROR_LIMIT. */
void ledger_save(const struct ledger *ledger, struct buffer *out);
void ledger_load(struct ledger *ledger, struct cursor *cursor);
bool ledger_node_save(const struct ledger *ledger, uint32_t node, struct buffer *out,
                      struct error *err);
bool ledger_node_load(struct ledger *ledger, uint32_t node, struct cursor *cursor,
                      struct error *err);

#endif
