/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/acquaintance.h"

#include <stdlib.h>

#define SLOTS_MIN 16u
#define HOUR_MAX (INT64_C(1) << 40)

void acquaintance_init(struct acquaintance *peers) {
    *peers = (struct acquaintance){ .born_hour = -1 };
}

void acquaintance_done(struct acquaintance *peers) {
    free(peers->slots);
    acquaintance_init(peers);
}

static uint16_t age_at(const struct acquaintance *peers, int64_t hour) {
    int64_t age = peers->born_hour < 0 ? 0 : hour - peers->born_hour;
    return (uint16_t)(age < 0 ? 0 : age > UINT16_MAX ? UINT16_MAX : age);
}

/* Without the bit of who has answered; never 0. */
static uint32_t mark_of(uint64_t hash) {
    uint32_t mark = (uint32_t)(hash >> 33) << 1;
    return mark == 0 ? 2 : mark;
}

static uint32_t slot_of(uint32_t mark, uint32_t slot_count) {
    return (mark >> 1) & (slot_count - 1);
}

struct acquaintance_entry *acquaintance_find(const struct acquaintance *peers, uint64_t hash,
                                             int64_t hour) {
    if (peers->count == 0) {
        return NULL;
    }
    uint32_t mark = mark_of(hash);
    uint32_t at = slot_of(mark, peers->slot_count);
    while (peers->slots[at].mark != 0) {
        struct acquaintance_entry *entry = &peers->slots[at];
        if ((entry->mark & ~UINT32_C(1)) == mark) {
            return entry->last + ACQUAINTANCE_HOURS >= age_at(peers, hour) ? entry : NULL;
        }
        at = (at + 1) & (peers->slot_count - 1);
    }
    return NULL;
}

bool acquaintance_touch(const struct acquaintance *peers, struct acquaintance_entry *entry,
                        int64_t hour) {
    uint16_t age = age_at(peers, hour);
    if (entry->last >= age) {
        return false;
    }
    entry->last = age;
    return true;
}

int64_t acquaintance_first_hour(const struct acquaintance *peers,
                                const struct acquaintance_entry *entry) {
    return entry->first == UINT16_MAX ? -1 : peers->born_hour + entry->first;
}

static int compare_marks(const void *a, const void *b) {
    const struct acquaintance_entry *one = a;
    const struct acquaintance_entry *other = b;
    if (one->mark >> 1 != other->mark >> 1) {
        return one->mark >> 1 < other->mark >> 1 ? -1 : 1;
    }
    return one->first - other->first;
}

static bool is_expired(const struct acquaintance_entry *entry, uint16_t age) {
    return entry->last + ACQUAINTANCE_HOURS < age;
}

/* Who stays has the smaller number: who has answered, the latest contact, the first meeting, the
 * hash. All of the entry is in it. */
static uint64_t rank_of(const struct acquaintance_entry *entry) {
    return (uint64_t)(~entry->mark & 1) << 63 | (uint64_t)(UINT16_MAX - entry->last) << 47 |
           (uint64_t)entry->first << 31 | entry->mark >> 1;
}

static int compare_ranks(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

/* NOLINTBEGIN(clang-analyzer-core.*): the caller has set `count` ranks, which it cannot follow. */
/* The number at `index` of `ranks` (all different) were they sorted: by Hoare's selection, and by a
 * sort where its pivots are bad for long. */
static uint64_t select_rank(uint64_t *ranks, size_t count, size_t index) {
    size_t low = 0;
    size_t high = count - 1;
    for (int turn = 0; low < high; turn++) {
        if (turn == 32) {
            qsort(ranks + low, high - low + 1, sizeof *ranks, compare_ranks);
            break;
        }
        uint64_t pivot = ranks[low + (high - low) / 2];
        size_t i = low;
        size_t j = high;
        while (i <= j) {
            while (ranks[i] < pivot) {
                i++;
            }
            while (ranks[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint64_t swap = ranks[i];
                ranks[i++] = ranks[j];
                ranks[j] = swap;
                j -= j > 0;
            }
        }
        if (index <= j) {
            high = j;
        } else if (index >= i) {
            low = i;
        } else {
            break;
        }
    }
    return ranks[index];
}
/* NOLINTEND(clang-analyzer-core.*) */

static uint32_t slots_for(uint32_t count) {
    uint32_t slot_count = SLOTS_MIN;
    while (slot_count - slot_count / 4 < count) {
        slot_count *= 2;
    }
    return slot_count;
}

/* The slot of a mark, or the free one where it would stand. */
static struct acquaintance_entry *slot_in(struct acquaintance_entry *slots, uint32_t slot_count,
                                          uint32_t mark) {
    uint32_t at = slot_of(mark, slot_count);
    while (slots[at].mark != 0 && slots[at].mark >> 1 != mark >> 1) {
        at = (at + 1) & (slot_count - 1);
    }
    return &slots[at];
}

static bool fill(struct acquaintance *peers, const struct acquaintance_entry *all, uint32_t count,
                 struct error *err) {
    uint32_t slot_count = slots_for(count);
    if (slot_count != peers->slot_count) {
        struct acquaintance_entry *slots = malloc(slot_count * sizeof *slots);
        if (slots == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the peers of a node");
        }
        free(peers->slots);
        peers->slots = slots;
        peers->slot_count = slot_count;
    }
    memset(peers->slots, 0, slot_count * sizeof *peers->slots);
    for (uint32_t i = 0; i < count; i++) {
        *slot_in(peers->slots, slot_count, all[i].mark) = all[i];
    }
    peers->count = count;
    return true;
}

/* An entry meets its mark's news. */
static void greet(struct acquaintance_entry *entry, const struct acquaintance_news *news,
                  uint16_t age) {
    entry->last = entry->last > age ? entry->last : age;
    entry->mark |= news->is_answered;
}

/* Moves the news whose marks the table lacks to the front; returns how many, repeated ones
 * included. */
static uint32_t part_news(const struct acquaintance *peers, struct acquaintance_news *news,
                          uint32_t count, int64_t hour) {
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (news[i].is_fresh || acquaintance_find(peers, news[i].hash, hour) == NULL) {
            struct acquaintance_news swap = news[fresh];
            news[fresh++] = news[i];
            news[i] = swap;
        }
    }
    return fresh;
}

/* Whether any of a full table is expired; else the largest rank in it. */
static bool has_expired(const struct acquaintance *peers, uint16_t age, uint64_t *worst) {
    bool found = false;
    *worst = 0;
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        const struct acquaintance_entry *entry = &peers->slots[i];
        uint64_t rank = entry->mark == 0 ? 0 : rank_of(entry);
        found |= entry->mark != 0 && is_expired(entry, age);
        *worst = rank > *worst ? rank : *worst;
    }
    return found;
}

static struct acquaintance_entry fresh_entry(const struct acquaintance_news *news, uint16_t age) {
    return (struct acquaintance_entry){ .mark = mark_of(news->hash) | news->is_answered,
                                        .first = age,
                                        .last = age };
}

/* Where who is known and who is new compete: a table that is cut to the best ACQUAINTANCE_MAX
 * whenever it is full. One that was cut may come again with an answer; it is then what it would be
 * if it had never been away, since all that came with these news is of one moment. */
#define CONTEST_MAX (3 * ACQUAINTANCE_MAX)
#define CONTEST_SLOTS 2048u
struct contest {
    struct acquaintance_entry entries[CONTEST_MAX];
    uint32_t count;
    uint64_t worst;                /* who ranks behind it is not taken */
    uint16_t slots[CONTEST_SLOTS]; /* index + 1 */
};

static uint16_t *find_contestant(struct contest *contest, uint32_t mark) {
    uint32_t at = slot_of(mark, CONTEST_SLOTS);
    while (contest->slots[at] != 0 &&
           contest->entries[contest->slots[at] - 1].mark >> 1 != mark >> 1) {
        at = (at + 1) & (CONTEST_SLOTS - 1);
    }
    return &contest->slots[at];
}

static void enter_contest(struct contest *contest, const struct acquaintance_entry *entry) {
    contest->entries[contest->count++] = *entry;
    *find_contestant(contest, entry->mark) = (uint16_t)contest->count;
}

/* Leaves the best. Slots are not kept. */
static void cut_contest(struct contest *contest) {
    if (contest->count <= ACQUAINTANCE_MAX) {
        return;
    }
    uint64_t ranks[CONTEST_MAX];
    for (uint32_t i = 0; i < contest->count; i++) {
        ranks[i] = rank_of(&contest->entries[i]);
    }
    contest->worst = select_rank(ranks, contest->count, ACQUAINTANCE_MAX - 1);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < contest->count; i++) {
        if (rank_of(&contest->entries[i]) <= contest->worst) {
            contest->entries[kept++] = contest->entries[i];
        }
    }
    contest->count = kept;
}

static void refill_slots(struct contest *contest) {
    memset(contest->slots, 0, sizeof contest->slots);
    for (uint32_t i = 0; i < contest->count; i++) {
        *find_contestant(contest, contest->entries[i].mark) = (uint16_t)(i + 1);
    }
}

static void add_fresh(struct contest *contest, const struct acquaintance_news *news, uint16_t age) {
    struct acquaintance_entry entry = fresh_entry(news, age);
    uint16_t slot = *find_contestant(contest, entry.mark);
    if (slot != 0) {
        contest->entries[slot - 1].mark |= entry.mark;
        return;
    }
    if (contest->count == CONTEST_MAX) {
        cut_contest(contest);
        refill_slots(contest);
    }
    if (rank_of(&entry) <= contest->worst) {
        enter_contest(contest, &entry);
    }
}

/* `fresh` of the `count` news are, and stand in front. */
static bool hold_contest(struct acquaintance *peers, const struct acquaintance_news *news,
                         uint32_t fresh, uint32_t count, uint16_t age, struct error *err) {
    struct contest contest;
    contest.count = 0;
    contest.worst = UINT64_MAX;
    memset(contest.slots, 0, sizeof contest.slots);
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        if (peers->slots[i].mark != 0 && !is_expired(&peers->slots[i], age)) {
            enter_contest(&contest, &peers->slots[i]);
        }
    }
    for (uint32_t i = fresh; i < count; i++) {
        greet(&contest.entries[*find_contestant(&contest, mark_of(news[i].hash)) - 1], &news[i],
              age);
    }
    for (uint32_t i = 0; i < fresh; i++) {
        add_fresh(&contest, &news[i], age);
    }
    cut_contest(&contest);
    return fill(peers, contest.entries, contest.count, err);
}

/* In place: there is room for all of them. */
static void admit_all(struct acquaintance *peers, const struct acquaintance_news *news,
                      uint32_t count, uint16_t age) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t mark = mark_of(news[i].hash);
        struct acquaintance_entry *slot = slot_in(peers->slots, peers->slot_count, mark);
        if (slot->mark != 0 && !is_expired(slot, age)) {
            greet(slot, &news[i], age);
        } else {
            peers->count += slot->mark == 0;
            *slot = fresh_entry(&news[i], age);
        }
    }
}

static void insert_ranks(uint64_t *ranks, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint64_t rank = ranks[i];
        uint32_t at = i;
        for (; at > 0 && ranks[at - 1] > rank; at--) {
            ranks[at] = ranks[at - 1];
        }
        ranks[at] = rank;
    }
}

/* Takes an entry out; those behind it move up to where they will be looked for. */
static void remove_entry(struct acquaintance *peers, uint32_t mark) {
    uint32_t mask = peers->slot_count - 1;
    uint32_t free_at = (uint32_t)(slot_in(peers->slots, peers->slot_count, mark) - peers->slots);
    for (uint32_t at = (free_at + 1) & mask; peers->slots[at].mark != 0; at = (at + 1) & mask) {
        uint32_t home = slot_of(peers->slots[at].mark, peers->slot_count);
        if (((at - home) & mask) >= ((at - free_at) & mask)) {
            peers->slots[free_at] = peers->slots[at];
            free_at = at;
        }
    }
    peers->slots[free_at] = (struct acquaintance_entry){ 0 };
}

/* The usual minute of a node that meets many: a full table, in which a few silent strangers take
 * the place of those that rank behind them. False, with nothing done, when it is not so usual. */
#define REPLACE_MAX 64u
static bool replace_worst(struct acquaintance *peers, const struct acquaintance_news *news,
                          uint32_t fresh, uint16_t age) {
    uint64_t best[REPLACE_MAX];
    uint64_t worst[ACQUAINTANCE_MAX];
    uint32_t best_count = 0;
    uint32_t worst_count = 0;
    for (uint32_t i = 0; i < fresh; i++) {
        struct acquaintance_entry entry = fresh_entry(&news[i], age);
        if (fresh > REPLACE_MAX || news[i].is_answered) {
            return false;
        }
        best[i] = rank_of(&entry);
    }
    insert_ranks(best, fresh);
    for (uint32_t i = 0; i < fresh; i++) {
        if (best_count == 0 || best[i] != best[best_count - 1]) {
            best[best_count++] = best[i];
        }
    }
    for (uint32_t i = 0; i < peers->slot_count; i++) {
        uint64_t rank = rank_of(&peers->slots[i]);
        if (peers->slots[i].mark != 0 && rank > best[0]) {
            worst[worst_count++] = rank;
        }
    }
    uint32_t most = best_count < worst_count ? best_count : worst_count;
    uint32_t rest = worst_count - most;
    if (rest > 0) {
        (void)select_rank(worst, worst_count, rest);
    }
    insert_ranks(worst + rest, most);
    for (uint32_t i = 0; i < most && best[i] < worst[worst_count - 1 - i]; i++) {
        remove_entry(peers, (uint32_t)worst[worst_count - 1 - i] << 1);
        uint32_t mark = (uint32_t)best[i] << 1;
        *slot_in(peers->slots, peers->slot_count, mark) =
            (struct acquaintance_entry){ .mark = mark, .first = age, .last = age };
    }
    return true;
}

/* Drops the fresh news that rank behind all of a full table; returns how many are left. */
static uint32_t drop_hopeless(struct acquaintance_news *news, uint32_t fresh, uint16_t age,
                              uint64_t worst) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fresh; i++) {
        struct acquaintance_entry entry = fresh_entry(&news[i], age);
        if (rank_of(&entry) < worst) {
            news[kept++] = news[i];
        }
    }
    return kept;
}

bool acquaintance_admit(struct acquaintance *peers, struct acquaintance_news *news, uint32_t count,
                        int64_t hour, struct error *err) {
    if (count == 0) {
        return true;
    }
    int64_t born_hour = peers->born_hour < 0 ? hour : peers->born_hour;
    uint16_t age = age_at(peers, hour);
    uint32_t fresh = part_news(peers, news, count, hour);
    uint64_t worst;
    bool ok = true;
    if (fresh == 0 || (peers->count + (uint64_t)fresh <= ACQUAINTANCE_MAX &&
                       slots_for(peers->count + fresh) <= peers->slot_count)) {
        admit_all(peers, news, count, age);
    } else if (peers->count == ACQUAINTANCE_MAX && !has_expired(peers, age, &worst)) {
        /* Nothing can fail here: the table is as large as it gets. */
        admit_all(peers, news + fresh, count - fresh, age);
        fresh = drop_hopeless(news, fresh, age, worst);
        ok = fresh == 0 || replace_worst(peers, news, fresh, age) ||
             hold_contest(peers, news, fresh, fresh, age, err);
    } else {
        ok = hold_contest(peers, news, fresh, count, age, err);
    }
    peers->born_hour = ok ? born_hour : peers->born_hour;
    return ok;
}

/* All entries behind each other. */
static struct acquaintance_entry *list_entries(const struct acquaintance *peers, uint32_t *count) {
    struct acquaintance_entry *all = malloc(((size_t)peers->count + 1) * sizeof *all);
    *count = 0;
    for (uint32_t i = 0; i < peers->slot_count && all != NULL; i++) {
        if (peers->slots[i].mark != 0) {
            all[(*count)++] = peers->slots[i];
        }
    }
    return all;
}

void acquaintance_save(const struct acquaintance *peers, struct buffer *out) {
    uint32_t count;
    struct acquaintance_entry *all = list_entries(peers, &count);
    if (all == NULL) {
        out->failed = true;
        return;
    }
    qsort(all, count, sizeof *all, compare_marks);
    buffer_varint(out, (uint64_t)(peers->born_hour + 1));
    buffer_varint(out, count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_u32(out, all[i].mark);
        buffer_u16(out, all[i].first);
        buffer_u16(out, all[i].last);
    }
    free(all);
}

bool acquaintance_load(struct acquaintance *peers, struct cursor *cursor, struct error *err) {
    struct acquaintance_entry all[ACQUAINTANCE_MAX];
    acquaintance_done(peers);
    uint64_t born = cursor_varint(cursor);
    uint64_t count = cursor_varint(cursor);
    cursor->failed |=
        born > (uint64_t)HOUR_MAX || count > ACQUAINTANCE_MAX || (count > 0 && born == 0);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        all[i].mark = cursor_u32(cursor);
        all[i].first = cursor_u16(cursor);
        all[i].last = cursor_u16(cursor);
        cursor->failed |= all[i].mark < 2 || all[i].first > all[i].last ||
                          (i > 0 && all[i].mark >> 1 <= all[i - 1].mark >> 1);
    }
    if (cursor->failed) {
        return true;
    }
    peers->born_hour = (int64_t)born - 1;
    return count == 0 || fill(peers, all, (uint32_t)count, err);
}
