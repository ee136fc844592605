/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ACQUAINTANCE_H
#define WEIR_DETECT_ACQUAINTANCE_H

#include "base/bytes.h"

/* Whom a node has contacted in the last 32 days, which is longer than the longest periodic job: by
 * group (detect/peer_group.h) once one of the group has answered, else by address, so that a scan
 * of one network stays a scan after its first minute, and an address that is asked in vain each
 * minute is news once.
 *
 * Bound: ACQUAINTANCE_MAX entries of 8 bytes in a table of at most 4 KiB. A window's news come in
 * together once it closes; beyond the bound those that never answered go first, then those that
 * were contacted longest ago, of these the latest met, then by hash. So a scan cannot crowd out who
 * answers, and the table is a function of the windows alone. Hashes are cut to 31 bits: a stranger
 * passes for known with a chance of 384 in 2^31. One thread. */

#define ACQUAINTANCE_MAX 384u
#define ACQUAINTANCE_SLOTS_MAX 512u
#define ACQUAINTANCE_HOURS (32u * 24)

struct acquaintance_entry {
    uint32_t mark;  /* hash << 1 | has answered; 0: free */
    uint16_t first; /* hours since `born_hour`; both stay at their maximum (7 years) */
    uint16_t last;
};

struct acquaintance {
    struct acquaintance_entry *slots; /* [slot_count], a power of two; NULL: none yet */
    uint32_t slot_count;
    uint32_t count;
    int64_t born_hour; /* since 1970; -1: not yet */
};

/* Somebody who was contacted in a window and was not known. */
struct acquaintance_news {
    uint64_t hash;
    bool is_answered;
    bool is_fresh; /* acquaintance_find gave nothing, so that admitting it need not ask again */
};

/* `done` accepts a zeroed one; an empty one has born_hour -1. */
void acquaintance_init(struct acquaintance *peers);
void acquaintance_done(struct acquaintance *peers);

/* The entry of a hash that was contacted within ACQUAINTANCE_HOURS before `hour`, or NULL. It may
 * be changed by acquaintance_touch only. */
struct acquaintance_entry *acquaintance_find(const struct acquaintance *peers, uint64_t hash,
                                             int64_t hour);

/* It was contacted again. True when it had not been in this hour. */
bool acquaintance_touch(const struct acquaintance *peers, struct acquaintance_entry *entry,
                        int64_t hour);

/* The hour (since 1970) in which it was first contacted, as far as is remembered; -1: too long
 * after `born_hour` to tell. */
int64_t acquaintance_first_hour(const struct acquaintance *peers,
                                const struct acquaintance_entry *entry);

/* Takes in a window's news, in any order, with repetitions; they are reordered. Errors: ERROR_LIMIT
 * (memory); nothing changed then. */
bool acquaintance_admit(struct acquaintance *peers, struct acquaintance_news *news, uint32_t count,
                        int64_t hour, struct error *err);

/* As bytes and back, by hash; reading is total. Errors: ERROR_LIMIT. */
void acquaintance_save(const struct acquaintance *peers, struct buffer *out);
bool acquaintance_load(struct acquaintance *peers, struct cursor *cursor, struct error *err);

#endif
