/* SPDX-License-Identifier: Apache-2.0 */
/* Merging and cutting the strands of a window. Entries stay where they are; what is sorted is one
 * 24-byte item each: by (rank of the point, hash), by radix, so that a full window of 200,000
 * entries costs milliseconds. Items that are equal in the sorted bits (mostly strands of one
 * conversation) are then sorted by the whole key. The walk merges neighbours of an equal key.
 *
 * All conversations of a point with one hash are kept or dropped together, so that a collision
 * cannot make a threshold ambiguous. */
#include "detect/conversation.h"

#include <stdlib.h>

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)
/* Three digits of the hash decide nearly all; more would be sorted in vain. */
#define HASH_SHIFT (64 - 3 * DIGIT_BITS)
#define RANK_DIGITS 2
_Static_assert(POINTS_MAX <= 1u << RANK_DIGITS * DIGIT_BITS, "ranks fit their digits");
#define RADIX_COUNT_MIN 256u
/* The walk in sorted order meets entries in memory that no cache holds: each is asked for this many
 * items ahead, so that misses overlap (100 ns a strand less on random flow logs). */
#define PREFETCH_AHEAD 24u

struct item {
    uint64_t hash;
    const uint8_t *at; /* the entry */
    uint32_t rank;
    bool is_wide;
};

struct items {
    struct item *rows;  /* [count] */
    struct item *other; /* as many: where the sort moves to */
    size_t count;
    const struct point_set *points;
};

/* The items of one point: [first, first + count). A point that was cut before may have none left.
 */
struct group {
    size_t first;
    size_t count;
    uint64_t cost;      /* of the merged strands; of a cut point without bound */
    uint64_t threshold; /* meant where `is_cut` */
    uint32_t point;
    bool is_cut;
};

struct groups {
    struct group *rows;
    size_t count;
};

static void load(struct strand *strand, const struct item *item, const struct point_set *points) {
    if (item->is_wide) {
        memcpy(strand, item->at, sizeof *strand);
        return;
    }
    struct strand_short packed;
    memcpy(&packed, item->at, sizeof packed);
    strand_unpack(strand, &packed, points);
}

static int compare_items(const void *a, const void *b, void *context) {
    const struct item *one = a;
    const struct item *other = b;
    if (one->rank != other->rank) {
        return one->rank < other->rank ? -1 : 1;
    }
    if (one->hash != other->hash) {
        return one->hash < other->hash ? -1 : 1;
    }
    struct strand left;
    struct strand right;
    load(&left, one, context);
    load(&right, other, context);
    return strand_compare(&left, &right);
}

/* The entry to ask for at `index`. The builtin stands in the loops themselves: gcc 12 takes a
 * function that does nothing but prefetch for one without effect, and drops its calls. */
static inline const uint8_t *entry_ahead(const struct items *items, size_t index) {
    size_t ahead = index + PREFETCH_AHEAD;
    // NOLINTNEXTLINE(clang-analyzer-core.*): add_list filled `count` rows
    return items->rows[ahead < items->count ? ahead : index].at;
}

static uint32_t digit_of(const struct item *item, uint32_t digit) {
    return digit < 3 ? (uint32_t)(item->hash >> (HASH_SHIFT + digit * DIGIT_BITS)) & (DIGITS - 1)
                     : item->rank >> ((digit - 3) * DIGIT_BITS) & (DIGITS - 1);
}

/* One stable pass; swaps `rows` and `other`. */
static void sort_digit(struct items *items, uint32_t digit) {
    size_t offsets[DIGITS] = { 0 };
    for (size_t i = 0; i < items->count; i++) {
        offsets[digit_of(&items->rows[i], digit)]++;
    }
    size_t sum = 0;
    for (uint32_t d = 0; d < DIGITS; d++) {
        size_t here = offsets[d];
        offsets[d] = sum;
        sum += here;
    }
    for (size_t i = 0; i < items->count; i++) {
        items->other[offsets[digit_of(&items->rows[i], digit)]++] = items->rows[i];
    }
    struct item *rows = items->rows;
    items->rows = items->other;
    items->other = rows;
}

static void sort_items(struct items *items) {
    void *points = (void *)(uintptr_t)items->points;
    if (items->count < RADIX_COUNT_MIN) {
        if (items->count > 1) {
            qsort_r(items->rows, items->count, sizeof *items->rows, compare_items, points);
        }
        return;
    }
    for (uint32_t digit = 0; digit < 3 + RANK_DIGITS; digit++) {
        sort_digit(items, digit);
    }
    for (size_t i = 0; i < items->count;) {
        const struct item *head = &items->rows[i];
        size_t end = i + 1;
        while (end < items->count && items->rows[end].rank == head->rank &&
               items->rows[end].hash >> HASH_SHIFT == head->hash >> HASH_SHIFT) {
            end++;
        }
        if (end - i > 1) {
            qsort_r(&items->rows[i], end - i, sizeof *items->rows, compare_items, points);
        }
        i = end;
    }
}

static const struct conversation_cut *find_cut(const struct conversation_log *log, uint32_t point) {
    uint32_t low = 0;
    uint32_t high = log->cut_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (log->cuts[middle].point < point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_found = low < log->cut_count && log->cuts[low].point == point;
    return is_found ? &log->cuts[low] : NULL;
}

bool conversation_log_is_cut(const struct conversation_log *log, uint32_t point) {
    return find_cut(log, point) != NULL;
}

static void add_item(struct conversation_fold *fold, struct items *items, const uint8_t *at,
                     bool is_wide) {
    struct item item = { .at = at, .is_wide = is_wide };
    struct strand strand;
    load(&strand, &item, fold->points);
    item.hash = strand_hash(&strand);
    item.rank = fold->ranks == NULL ? strand.point : fold->ranks[strand.point];
    const struct conversation_cut *cut =
        fold->log->cut_count == 0 ? NULL : find_cut(fold->log, strand.point);
    if (cut != NULL && item.hash >= cut->threshold) {
        fold->dropped++;
        return;
    }
    items->rows[items->count++] = item;
}

static void add_list(struct conversation_fold *fold, struct items *items,
                     const struct strand_list *list, size_t entry_size, bool is_wide) {
    const struct strand_chunk *chunk = NULL;
    for (;;) {
        struct strand_span span = strand_list_next(list, entry_size, &chunk);
        if (chunk == NULL) {
            return;
        }
        for (size_t offset = 0; offset < span.size; offset += entry_size) {
            add_item(fold, items, span.data + offset, is_wide);
        }
    }
}

static bool collect(struct conversation_fold *fold, struct items *items, struct error *err) {
    uint64_t count = conversation_log_strands(fold->log);
    *items = (struct items){ .points = fold->points };
    items->rows = malloc((count + 1) * sizeof *items->rows);
    items->other = malloc((count + 1) * sizeof *items->other);
    if (items->rows == NULL || items->other == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to merge %llu conversations",
                         (unsigned long long)count);
    }
    add_list(fold, items, &fold->log->shorts, sizeof(struct strand_short), false);
    add_list(fold, items, &fold->log->wides, sizeof(struct strand), true);
    sort_items(items);
    return true;
}

/* The end of the items from `first` on with its rank and hash. */
static size_t same_hash_end(const struct items *items, size_t first, size_t end) {
    size_t at = first + 1;
    // NOLINTNEXTLINE(clang-analyzer-core.*): as in entry_ahead
    while (at < end && items->rows[at].hash == items->rows[first].hash) {
        at++;
    }
    return at;
}

/* What the merged strands of [first, end) (one point, one hash) cost. */
static uint64_t cost_of(const struct items *items, size_t first, size_t end) {
    struct strand before;
    load(&before, &items->rows[first], items->points);
    uint64_t cost = strand_cost(&before);
    for (size_t i = first + 1; i < end; i++) {
        struct strand strand;
        load(&strand, &items->rows[i], items->points);
        if (strand_compare(&before, &strand) != 0) {
            cost += strand_cost(&strand);
            before = strand;
        }
    }
    return cost;
}

/* The end of the items from `first` on of its point; their cost, where it is asked for. */
static size_t group_end(const struct items *items, size_t first, uint64_t *cost) {
    size_t end = first;
    uint32_t rank = items->rows[first].rank;
    while (end < items->count && items->rows[end].rank == rank) {
        size_t begin = end;
        uint64_t hash = items->rows[begin].hash;
        while (end < items->count && items->rows[end].rank == rank &&
               items->rows[end].hash == hash) {
            end++;
        }
        if (cost != NULL) {
            __builtin_prefetch(entry_ahead(items, begin));
            *cost += cost_of(items, begin, end);
        }
    }
    return end;
}

static bool groups_init(struct groups *groups, const struct items *items, uint32_t cut_count,
                        struct error *err) {
    size_t count = 0;
    for (size_t i = 0; i < items->count; i++) {
        count += i == 0 || items->rows[i].rank != items->rows[i - 1].rank;
    }
    groups->count = 0;
    groups->rows = malloc((count + cut_count + 1) * sizeof *groups->rows);
    return groups->rows != NULL || error_set(err, ERROR_LIMIT, "no memory to merge conversations");
}

/* The points of the items, in their order, then cut points of which nothing is left: these too have
 * a claim to their share. */
static bool find_groups(const struct conversation_fold *fold, const struct items *items,
                        bool is_costed, struct groups *groups, struct error *err) {
    const struct conversation_log *log = fold->log;
    if (!groups_init(groups, items, log->cut_count, err)) {
        return false;
    }
    bool *is_seen = calloc(log->cut_count + 1, sizeof *is_seen);
    if (is_seen == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to merge conversations");
    }
    for (size_t i = 0; i < items->count;) {
        struct group group = { .first = i };
        struct strand strand;
        load(&strand, &items->rows[i], items->points);
        group.point = strand.point;
        i = group_end(items, i, is_costed ? &group.cost : NULL);
        group.count = i - group.first;
        const struct conversation_cut *cut = find_cut(log, group.point);
        if (cut != NULL) {
            is_seen[cut - log->cuts] = true;
            group.threshold = cut->threshold;
            group.is_cut = true;
            group.cost = UINT64_MAX;
        }
        groups->rows[groups->count++] = group;
    }
    for (uint32_t c = 0; c < log->cut_count; c++) {
        if (!is_seen[c]) {
            groups->rows[groups->count++] = (struct group){ .cost = UINT64_MAX,
                                                            .threshold = log->cuts[c].threshold,
                                                            .point = log->cuts[c].point,
                                                            .is_cut = true };
        }
    }
    free(is_seen);
    return true;
}

/* The largest k for which the points, each at most k, cost at most `cost_max` together. */
static uint64_t find_level(const struct groups *groups, uint64_t cost_max) {
    uint64_t low = 0;
    uint64_t high = cost_max;
    while (low < high) {
        uint64_t k = low + (high - low + 1) / 2;
        uint64_t left = cost_max;
        bool is_within = true;
        for (size_t i = 0; i < groups->count && is_within; i++) {
            uint64_t cost = groups->rows[i].cost < k ? groups->rows[i].cost : k;
            is_within = cost <= left;
            left -= is_within ? cost : 0;
        }
        if (is_within) {
            low = k;
        } else {
            high = k - 1;
        }
    }
    return low;
}

static bool is_within_bound(const struct groups *groups, uint64_t cost_max) {
    uint64_t left = cost_max;
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->rows[i].cost > left) {
            return false;
        }
        left -= groups->rows[i].cost;
    }
    return true;
}

static bool visit_merged(const struct conversation_fold *fold, const struct items *items,
                         size_t first, size_t end, struct error *err) {
    struct strand merged;
    load(&merged, &items->rows[first], items->points);
    for (size_t i = first + 1; i < end; i++) {
        struct strand strand;
        load(&strand, &items->rows[i], items->points);
        if (strand_compare(&merged, &strand) == 0) {
            strand_merge(&merged, &strand);
            continue;
        }
        if (!fold->visit(fold->context, &merged, err)) {
            return false;
        }
        merged = strand;
    }
    return fold->visit(fold->context, &merged, err);
}

/* Visits what the point keeps at level `k`; sets its threshold when that is not all. */
static bool visit_group(struct conversation_fold *fold, const struct items *items,
                        struct group *group, uint64_t k, struct error *err) {
    bool is_bounded = group->cost > k;
    uint64_t cost = 0;
    size_t stop = group->first + group->count;
    for (size_t i = group->first; i < stop;) {
        size_t end = same_hash_end(items, i, stop);
        __builtin_prefetch(entry_ahead(items, i));
        if (is_bounded) {
            cost += cost_of(items, i, end);
            if (cost > k) {
                group->threshold = items->rows[i].hash;
                group->is_cut = true;
                fold->dropped += stop - i;
                return true;
            }
        }
        if (!visit_merged(fold, items, i, end, err)) {
            return false;
        }
        i = end;
    }
    return true;
}

static int compare_cuts(const void *a, const void *b) {
    const struct conversation_cut *one = a;
    const struct conversation_cut *other = b;
    return (one->point > other->point) - (one->point < other->point);
}

static bool collect_cuts(struct conversation_fold *fold, const struct groups *groups,
                         struct error *err) {
    fold->cuts = malloc((groups->count + 1) * sizeof *fold->cuts);
    if (fold->cuts == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to merge conversations");
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->rows[i].is_cut) {
            fold->cuts[fold->cut_count++] =
                (struct conversation_cut){ .threshold = groups->rows[i].threshold,
                                           .point = groups->rows[i].point };
        }
    }
    qsort(fold->cuts, fold->cut_count, sizeof *fold->cuts, compare_cuts);
    return true;
}

bool conversation_fold(struct conversation_fold *fold, struct error *err) {
    fold->cuts = NULL;
    fold->cut_count = 0;
    fold->dropped = 0;
    struct items items;
    struct groups groups = { 0 };
    bool ok = collect(fold, &items, err);
    bool is_costed =
        ok && (fold->log->cut_count > 0 || conversation_log_cost(fold->log) > fold->log->cost_max);
    ok = ok && find_groups(fold, &items, is_costed, &groups, err);
    uint64_t k = UINT64_MAX;
    if (ok && is_costed && !is_within_bound(&groups, fold->log->cost_max)) {
        k = find_level(&groups, fold->log->cost_max);
    }
    for (size_t i = 0; i < groups.count && ok; i++) {
        ok = visit_group(fold, &items, &groups.rows[i], k, err);
    }
    ok = ok && collect_cuts(fold, &groups, err);
    free(items.rows);
    free(items.other);
    free(groups.rows);
    return ok;
}

struct refill {
    struct conversation_log log;
    struct strand_pool *pool;
    const struct point_set *points;
    struct strand last; /* place lookup of the previous strand: they come in runs */
    uint32_t place;
};

/* The place of a strand that is already known, or PLACE_NONE: nothing is added. */
static bool refill_strand(void *context, const struct strand *strand, struct error *err) {
    struct refill *refill = context;
    bool is_same = refill->place != PLACE_NONE && refill->last.point == strand->point &&
                   address_equal(refill->last.local, strand->local);
    if (!is_same) {
        refill->place = point_set_find_place(refill->points, strand->point, strand->local);
        refill->last = *strand;
    }
    return conversation_log_add(&refill->log, refill->pool, strand, refill->place, err);
}

bool conversation_log_compact(struct conversation_log *log, struct strand_pool *pool,
                              const struct point_set *points, uint64_t *dropped,
                              struct error *err) {
    struct refill refill = { .pool = pool, .points = points, .place = PLACE_NONE };
    conversation_log_init(&refill.log, log->cost_max);
    struct conversation_fold fold = {
        .log = log, .points = points, .visit = refill_strand, .context = &refill
    };
    if (!conversation_fold(&fold, err)) {
        conversation_log_done(&refill.log, pool);
        free(fold.cuts);
        return false;
    }
    refill.log.cuts = fold.cuts;
    refill.log.cut_count = fold.cut_count;
    refill.log.longs = log->longs;
    refill.log.carried_count = log->carried_count;
    log->longs = (struct strand_list){ 0 };
    refill.log.folded_count = conversation_log_count(&refill.log);
    *dropped += fold.dropped;
    conversation_log_done(log, pool);
    *log = refill.log;
    return true;
}

/* Visits the strands of `point` in a list sorted by point. */
static bool each_in_list(const struct strand_list *list, bool is_wide,
                         const struct point_set *points, uint32_t point, strand_visit visit,
                         void *context, struct error *err) {
    size_t entry_size = is_wide ? sizeof(struct strand) : sizeof(struct strand_short);
    const struct strand_chunk *chunk = NULL;
    for (;;) {
        struct strand_span span = strand_list_next(list, entry_size, &chunk);
        if (chunk == NULL) {
            return true;
        }
        size_t low = 0;
        size_t high = span.size / entry_size;
        struct strand strand;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            struct item item = { .at = span.data + middle * entry_size, .is_wide = is_wide };
            load(&strand, &item, points);
            if (strand.point < point) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (; low < span.size / entry_size; low++) {
            struct item item = { .at = span.data + low * entry_size, .is_wide = is_wide };
            load(&strand, &item, points);
            if (strand.point != point) {
                return true;
            }
            if (!visit(context, &strand, err)) {
                return false;
            }
        }
    }
}

bool conversation_log_each(const struct conversation_log *log, const struct point_set *points,
                           uint32_t point, strand_visit visit, void *context, struct error *err) {
    return each_in_list(&log->shorts, false, points, point, visit, context, err) &&
           each_in_list(&log->wides, true, points, point, visit, context, err);
}
