/* SPDX-License-Identifier: Apache-2.0 */
/* Merging and cutting the strands of a window. Entries stay where they are; what is sorted are keys
 * of 8 bytes (detect/strand_items.h). The walk merges neighbours of an equal key.
 *
 * All conversations of a point with one hash are kept or dropped together, so that a collision
 * cannot make a threshold ambiguous. */
#include "detect/strand_items.h"

#include <stdlib.h>

/* The items of one point: [first, first + count). A point that was cut before may have none left.
 */
struct group {
    uint32_t first;
    uint32_t count;
    uint64_t cost;      /* of the merged strands; of a cut point without bound */
    uint64_t threshold; /* meant where `is_cut` */
    uint32_t point;
    bool is_cut;
};

struct groups {
    struct group *rows;
    size_t count;
};

bool conversation_log_is_cut(const struct conversation_log *log, uint32_t point) {
    return conversation_log_cut(log, point) != NULL;
}

/* What the merged strands of [first, end) (one point, one hash) cost. */
static uint64_t cost_of(const struct strand_items *items, uint32_t first, uint32_t end) {
    struct strand before;
    strand_items_load(items, first, &before);
    uint64_t cost = strand_cost(&before);
    for (uint32_t i = first + 1; i < end; i++) {
        struct strand strand;
        strand_items_load(items, i, &strand);
        if (strand_compare(&before, &strand) != 0) {
            cost += strand_cost(&strand);
            before = strand;
        }
    }
    return cost;
}

static uint64_t group_cost(const struct strand_items *items, const struct strand_group *group) {
    uint64_t cost = 0;
    uint32_t stop = group->first + group->count;
    for (uint32_t i = group->first; i < stop;) {
        uint32_t end = strand_items_hash_end(items, i, stop);
        cost += cost_of(items, i, end);
        i = end;
    }
    return cost;
}

/* The points of the items, in their order, then cut points of which nothing is left: these too have
 * a claim to their share. */
static bool find_groups(const struct conversation_fold *fold, const struct strand_items *items,
                        bool is_costed, struct groups *groups, struct error *err) {
    const struct conversation_log *log = fold->log;
    groups->rows = malloc(((size_t)items->group_count + log->cut_count + 1) * sizeof *groups->rows);
    bool *is_seen = calloc((size_t)log->cut_count + 1, sizeof *is_seen);
    if (groups->rows == NULL || is_seen == NULL) {
        free(is_seen);
        return error_set(err, ERROR_LIMIT, "no memory to merge conversations");
    }
    for (uint32_t g = 0; g < items->group_count; g++) {
        const struct strand_group *from = &items->groups[g];
        struct group group = { .first = from->first, .count = from->count, .point = from->point };
        group.cost = is_costed ? group_cost(items, from) : 0;
        const struct conversation_cut *cut = conversation_log_cut(log, group.point);
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

static bool is_same_key(const struct strand *a, const struct strand *b) {
    return a->direction == b->direction && a->is_rejected == b->is_rejected &&
           strand_compare(a, b) == 0;
}

static bool visit_merged(const struct conversation_fold *fold, const struct strand_items *items,
                         uint32_t first, uint32_t end, struct error *err) {
    struct strand merged;
    strand_items_load(items, first, &merged);
    for (uint32_t i = first + 1; i < end; i++) {
        struct strand strand;
        strand_items_load(items, i, &strand);
        if (is_same_key(&merged, &strand)) {
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

/* Where what the point keeps at level `k` ends; sets its threshold when that is not all. */
static uint32_t cut_group(struct conversation_fold *fold, const struct strand_items *items,
                          struct group *group, uint64_t k) {
    uint64_t cost = 0;
    uint32_t stop = group->first + group->count;
    if (group->cost <= k) {
        return stop;
    }
    for (uint32_t i = group->first; i < stop;) {
        uint32_t end = strand_items_hash_end(items, i, stop);
        cost += cost_of(items, i, end);
        if (cost > k) {
            group->threshold = strand_items_hash(items, i);
            group->is_cut = true;
            fold->dropped += stop - i;
            return i;
        }
        i = end;
    }
    return stop;
}

/* Visits what the point keeps at level `k`. */
static bool visit_group(struct conversation_fold *fold, const struct strand_items *items,
                        struct group *group, uint64_t k, struct error *err) {
    uint32_t stop = cut_group(fold, items, group, k);
    if (fold->visit == NULL) {
        return stop == group->first ||
               fold->visit_items(fold->context, items, group->first, stop, err);
    }
    for (uint32_t i = group->first; i < stop;) {
        uint32_t end = strand_items_hash_end(items, i, stop);
        __builtin_prefetch(strand_items_ahead(items, i));
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
    struct strand_items own = { 0 };
    struct strand_items *items = fold->items != NULL ? fold->items : &own;
    struct groups groups = { 0 };
    bool ok = strand_items_fill(items, fold->log, fold->points, fold->ranks, err);
    fold->dropped = ok ? items->dropped : 0;
    bool is_costed =
        ok && (fold->log->cut_count > 0 || conversation_log_cost(fold->log) > fold->log->cost_max);
    ok = ok && find_groups(fold, items, is_costed, &groups, err);
    uint64_t k = UINT64_MAX;
    if (ok && is_costed && !is_within_bound(&groups, fold->log->cost_max)) {
        k = find_level(&groups, fold->log->cost_max);
    }
    for (size_t i = 0; i < groups.count && ok; i++) {
        ok = visit_group(fold, items, &groups.rows[i], k, err);
    }
    ok = ok && collect_cuts(fold, &groups, err);
    free(groups.rows);
    strand_items_done(&own);
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

static void load_entry(struct strand *strand, const uint8_t *at, bool is_wide,
                       const struct point_set *points) {
    if (is_wide) {
        memcpy(strand, at, sizeof *strand);
        return;
    }
    struct strand_short packed;
    memcpy(&packed, at, sizeof packed);
    strand_unpack(strand, &packed, points);
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
            load_entry(&strand, span.data + middle * entry_size, is_wide, points);
            if (strand.point < point) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (; low < span.size / entry_size; low++) {
            load_entry(&strand, span.data + low * entry_size, is_wide, points);
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
