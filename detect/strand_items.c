/* SPDX-License-Identifier: Apache-2.0 */
/* What is moved are keys of 8 bytes, first to those of their point, so that the rest works in the
 * nearest caches. There the upper halves of hashes are sorted: they are uniform, so that as many
 * buckets as strands leave almost nothing to an insertion sort. Who has chosen his ports so that
 * hashes meet in one bucket finds it sorted by comparisons. Strands of one upper half (mostly those
 * of one conversation) are then ordered by all that counts.
 *
 * Random lines that arrived 20 minutes ago: 15 ns a strand in all on an otherwise idle core, half
 * of it for the memory that they lie in. Moving whole strands to their points, so that the walk
 * finds them in order, costs more than it saves. */
#include "detect/strand_items.h"

#include "base/pages.h"
#include "flow/radix.h"

#include <stdlib.h>

#define CAPACITY_MIN 4096u
/* Below it, and where points are many more than strands, counting points is not worth it. */
#define COUNTING_MIN 256u
#define RANK_BITS 18
_Static_assert((POINTS_MAX - 1) >> RANK_BITS == 0, "ranks are sorted by all their bits");
#define INSERTION_MAX 24u
#define BUCKET_BITS_MAX 13
#define BUCKET_MAX 24u
#define CHUNKS_MAX (1u << (32 - STRAND_SLOT_BITS))

static void load(const struct strand_items *items, uint64_t key, struct strand *strand) {
    const uint8_t *at = strand_items_at(items, key);
    if (strand_items_is_wide(items, key)) {
        memcpy(strand, at, sizeof *strand);
        return;
    }
    struct strand_short packed;
    memcpy(&packed, at, sizeof packed);
    strand_unpack(strand, &packed, items->points);
}

uint64_t strand_items_hash(const struct strand_items *items, uint32_t index) {
    struct strand strand;
    load(items, items->keys[index], &strand);
    return strand_hash(&strand);
}

bool strand_items_is_same_hash(const struct strand_items *items, uint32_t index) {
    uint64_t one = items->keys[index];
    uint64_t other = items->keys[index + 1];
    if (!strand_items_is_wide(items, one) && !strand_items_is_wide(items, other)) {
        struct strand_short left;
        struct strand_short right;
        memcpy(&left, strand_items_at(items, one), sizeof left);
        memcpy(&right, strand_items_at(items, other), sizeof right);
        if (strand_short_is_same(&left, &right)) {
            return true;
        }
    }
    return strand_items_hash(items, index) == strand_items_hash(items, index + 1);
}

static void release(struct strand_items *items) {
    pages_release(items->keys, (size_t)items->capacity * sizeof *items->keys);
    pages_release(items->other, (size_t)items->capacity * sizeof *items->other);
    pages_release(items->scratch, (size_t)items->capacity * sizeof *items->scratch);
    pages_release(items->ranks, (size_t)items->capacity * sizeof *items->ranks);
    items->keys = items->other = items->scratch = NULL;
    items->ranks = NULL;
    items->capacity = 0;
}

void strand_items_done(struct strand_items *items) {
    release(items);
    free(items->groups);
    free(items->chunks);
    free(items->counters);
    *items = (struct strand_items){ 0 };
}

static void *reserve_pages(size_t size) {
    void *pages = pages_reserve(size);
    if (pages != NULL) {
        pages_advise_huge(pages, size);
    }
    return pages;
}

static bool reserve_keys(struct strand_items *items, uint64_t count) {
    if (count <= items->capacity && items->capacity > 0) {
        return true;
    }
    uint64_t capacity = CAPACITY_MIN;
    while (capacity < count) {
        capacity *= 2;
    }
    release(items);
    if (capacity > UINT32_MAX) {
        return false;
    }
    items->capacity = (uint32_t)capacity;
    items->keys = reserve_pages(capacity * sizeof *items->keys);
    items->other = reserve_pages(capacity * sizeof *items->other);
    items->scratch = reserve_pages(capacity * sizeof *items->scratch);
    items->ranks = reserve_pages(capacity * sizeof *items->ranks);
    bool ok = items->keys != NULL && items->other != NULL && items->scratch != NULL &&
              items->ranks != NULL;
    if (!ok) {
        release(items);
    }
    return ok;
}

static bool reserve_counters(struct strand_items *items, uint32_t count) {
    if (count > items->counter_capacity) {
        free(items->counters);
        items->counters = malloc(count * sizeof *items->counters);
        items->counter_capacity = items->counters == NULL ? 0 : count;
    }
    return items->counters != NULL;
}

static bool add_chunk(struct strand_items *items, const uint8_t *data) {
    if (items->chunk_count == items->chunk_capacity) {
        uint32_t capacity = 2 * items->chunk_capacity + 64;
        const uint8_t **chunks = realloc(items->chunks, capacity * sizeof *chunks);
        if (chunks == NULL || items->chunk_count == CHUNKS_MAX) {
            items->chunks = chunks != NULL ? chunks : items->chunks;
            return false;
        }
        items->chunks = chunks;
        items->chunk_capacity = capacity;
    }
    items->chunks[items->chunk_count++] = data;
    return true;
}

/* --- taking ------------------------------------------------------------------------------- */

const struct conversation_cut *conversation_log_cut(const struct conversation_log *log,
                                                    uint32_t point) {
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

struct taking {
    struct strand_items *items;
    const struct conversation_log *log;
    const uint32_t *ranks;
};

static inline void take(const struct taking *taking, uint32_t where, uint32_t point,
                        uint64_t hash) {
    struct strand_items *items = taking->items;
    if (taking->log->cut_count > 0) {
        const struct conversation_cut *cut = conversation_log_cut(taking->log, point);
        if (cut != NULL && hash >= cut->threshold) {
            items->dropped++;
            return;
        }
    }
    uint32_t at = items->count++;
    items->ranks[at] = taking->ranks == NULL ? point : taking->ranks[point];
    items->other[at] = (hash & ~(uint64_t)UINT32_MAX) | where;
}

#define FETCH_AHEAD 768 /* bytes */

static void take_shorts(const struct taking *taking, struct strand_span span, uint32_t where) {
    const struct point_set *points = taking->items->points;
    for (size_t offset = 0; offset < span.size; offset += sizeof(struct strand_short)) {
        struct strand_short packed;
        __builtin_prefetch(span.data + offset + FETCH_AHEAD);
        memcpy(&packed, span.data + offset, sizeof packed);
        uint32_t place = strand_place(packed.place_bits);
        uint64_t protocol = packed.place_bits >> STRAND_PROTOCOL_SHIFT;
        uint64_t hash = strand_hash_of(points->places[place].local, address_from_ipv4(packed.peer),
                                       packed.ports | protocol << 32);
        take(taking, where++, points->place_points[place], hash);
    }
}

static void take_wides(const struct taking *taking, struct strand_span span, uint32_t where) {
    for (size_t offset = 0; offset < span.size; offset += sizeof(struct strand)) {
        struct strand strand;
        memcpy(&strand, span.data + offset, sizeof strand);
        take(taking, where++, strand.point, strand_hash(&strand));
    }
}

static bool take_list(const struct taking *taking, const struct strand_list *list, bool is_wide) {
    struct strand_items *items = taking->items;
    size_t entry_size = is_wide ? sizeof(struct strand) : sizeof(struct strand_short);
    const struct strand_chunk *chunk = NULL;
    for (;;) {
        struct strand_span span = strand_list_next(list, entry_size, &chunk);
        if (chunk == NULL) {
            return true;
        }
        uint32_t where = items->chunk_count << STRAND_SLOT_BITS;
        if (!add_chunk(items, span.data)) {
            return false;
        }
        if (is_wide) {
            take_wides(taking, span, where);
        } else {
            take_shorts(taking, span, where);
        }
    }
}

static bool take_log(const struct taking *taking) {
    struct strand_items *items = taking->items;
    items->count = items->chunk_count = 0;
    items->dropped = 0;
    items->wide_from = UINT32_MAX;
    if (!take_list(taking, &taking->log->shorts, false)) {
        return false;
    }
    items->wide_from = items->chunk_count;
    return take_list(taking, &taking->log->wides, true);
}

/* --- by point ----------------------------------------------------------------------------- */

static void group_by_counting(struct strand_items *items) {
    uint32_t *counters = items->counters;
    uint32_t rank_count = items->points->point_count;
    memset(counters, 0, rank_count * sizeof *counters);
    for (uint32_t i = 0; i < items->count; i++) {
        counters[items->ranks[i]]++;
    }
    uint32_t sum = 0;
    for (uint32_t rank = 0; rank < rank_count; rank++) {
        uint32_t here = counters[rank];
        counters[rank] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        items->keys[counters[items->ranks[i]]++] = items->other[i];
    }
}

static int compare_keys(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static void group_by_sorting(struct strand_items *items) {
    uint64_t *order = items->keys;
    for (uint32_t i = 0; i < items->count; i++) {
        order[i] = (uint64_t)items->ranks[i] << 32 | i;
    }
    if (items->count < COUNTING_MIN) {
        qsort(order, items->count, sizeof *order, compare_keys);
    } else {
        radix_sort_u64(order, items->scratch, items->count, 32, RANK_BITS);
    }
    for (uint32_t i = 0; i < items->count; i++) {
        order[i] = items->other[(uint32_t)order[i]];
    }
}

static uint32_t point_of(const struct strand_items *items, uint64_t key) {
    if (strand_items_is_wide(items, key)) {
        struct strand strand;
        load(items, key, &strand);
        return strand.point;
    }
    uint32_t place_bits;
    memcpy(&place_bits, strand_items_at(items, key), sizeof place_bits);
    return items->points->place_points[strand_place(place_bits)];
}

uint32_t strand_items_point(const struct strand_items *items, uint32_t index) {
    return point_of(items, items->keys[index]);
}

static bool add_group(struct strand_items *items, uint32_t first, uint32_t end) {
    if (items->group_count == items->group_capacity) {
        uint32_t capacity = 2 * items->group_capacity + 64;
        struct strand_group *groups = realloc(items->groups, capacity * sizeof *groups);
        if (groups == NULL) {
            return false;
        }
        items->groups = groups;
        items->group_capacity = capacity;
    }
    items->groups[items->group_count++] =
        (struct strand_group){ first, end - first, point_of(items, items->keys[first]) };
    return true;
}

/* Moves keys to those of their point, in the order of ranks, and lists the points. */
static bool group(struct strand_items *items) {
    bool ok = true;
    items->group_count = 0;
    if (items->count >= COUNTING_MIN && items->points->point_count / 4 <= items->count) {
        group_by_counting(items);
        uint32_t begin = 0;
        for (uint32_t rank = 0; rank < items->points->point_count && ok; rank++) {
            uint32_t end = items->counters[rank];
            ok = end == begin || add_group(items, begin, end);
            begin = end;
        }
        return ok;
    }
    group_by_sorting(items);
    for (uint32_t i = 0; i < items->count && ok;) {
        uint32_t first = i;
        uint32_t point = point_of(items, items->keys[first]);
        while (i < items->count && point_of(items, items->keys[i]) == point) {
            i++;
        }
        ok = add_group(items, first, i);
    }
    return ok;
}

/* --- within a point ----------------------------------------------------------------------- */

static int compare_strands(const void *a, const void *b, void *context) {
    const struct strand_items *items = context;
    struct strand left;
    struct strand right;
    load(items, *(const uint64_t *)a, &left);
    load(items, *(const uint64_t *)b, &right);
    int order = strand_compare(&left, &right);
    if (order == 0 || strand_compare_conversation(&left, &right) == 0) {
        return order;
    }
    uint64_t left_hash = strand_hash(&left);
    uint64_t right_hash = strand_hash(&right);
    return left_hash != right_hash ? (left_hash < right_hash ? -1 : 1) : order;
}

static void insert_keys(uint64_t *keys, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        uint32_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--) {
            keys[at] = keys[at - 1];
        }
        keys[at] = key;
    }
}

static void sort_keys(uint64_t *keys, uint64_t *other, uint32_t count) {
    if (count <= INSERTION_MAX) {
        insert_keys(keys, count);
        return;
    }
    uint32_t ends[1u << BUCKET_BITS_MAX];
    uint32_t bits = (uint32_t)(31 - __builtin_clz(count)); /* one to two a bucket */
    bits = bits > BUCKET_BITS_MAX ? BUCKET_BITS_MAX : bits;
    uint32_t shift = 64 - bits;
    memset(ends, 0, sizeof *ends << bits);
    for (uint32_t i = 0; i < count; i++) {
        ends[keys[i] >> shift]++;
    }
    uint32_t sum = 0;
    uint32_t most = 0;
    for (uint32_t b = 0; b < 1u << bits; b++) {
        uint32_t here = ends[b];
        most = here > most ? here : most;
        ends[b] = sum;
        sum += here;
    }
    for (uint32_t i = 0; i < count; i++) {
        other[ends[keys[i] >> shift]++] = keys[i];
    }
    uint32_t begin = 0;
    for (uint32_t b = 0; most > BUCKET_MAX && b < 1u << bits; b++) {
        if (ends[b] - begin > BUCKET_MAX) {
            qsort(other + begin, ends[b] - begin, sizeof *other, compare_keys);
        }
        begin = ends[b];
    }
    memcpy(keys, other, count * sizeof *keys);
    insert_keys(keys, count);
}

/* The class of a short strand within its conversation: direction, then rejected or not. */
#define CLASSES 8u
static uint32_t class_of(uint32_t place_bits) {
    return (place_bits >> STRAND_DIRECTION_SHIFT & 3) << 1 |
           (place_bits >> STRAND_REJECTED_SHIFT & 1);
}

/* Sorts keys that are short strands of one conversation at one place: by class. Returns false,
 * with nothing done, when they are something else. */
static bool sort_conversation(const struct strand_items *items, uint64_t *keys, uint32_t count) {
    struct strand_short head;
    uint32_t ends[CLASSES + 1] = { 0 };
    if (strand_items_is_wide(items, keys[0])) {
        return false;
    }
    memcpy(&head, strand_items_at(items, keys[0]), sizeof head);
    for (uint32_t i = 0; i < count; i++) {
        struct strand_short packed;
        if (strand_items_is_wide(items, keys[i])) {
            return false;
        }
        memcpy(&packed, strand_items_at(items, keys[i]), sizeof packed);
        if (!strand_short_is_same(&packed, &head)) {
            return false;
        }
        items->ranks[i] = class_of(packed.place_bits);
        ends[items->ranks[i] + 1]++;
    }
    for (uint32_t c = 1; c < CLASSES; c++) {
        ends[c] += ends[c - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
        items->scratch[ends[items->ranks[i]]++] = keys[i];
    }
    memcpy(keys, items->scratch, count * sizeof *keys);
    return true;
}

static void sort_group(struct strand_items *items, const struct strand_group *group) {
    uint64_t *keys = items->keys + group->first;
    sort_keys(keys, items->scratch, group->count);
    for (uint32_t i = 0; i < group->count;) {
        uint32_t end = i + 1;
        while (end < group->count && keys[end] >> 32 == keys[i] >> 32) {
            end++;
        }
        if (end - i > 1 && !sort_conversation(items, &keys[i], end - i)) {
            qsort_r(&keys[i], end - i, sizeof *keys, compare_strands, items);
        }
        i = end;
    }
}

bool strand_items_fill(struct strand_items *items, const struct conversation_log *log,
                       const struct point_set *points, const uint32_t *ranks, struct error *err) {
    uint64_t count = conversation_log_strands(log);
    items->points = points;
    struct taking taking = { items, log, ranks };
    if (!reserve_keys(items, count) || !reserve_counters(items, points->point_count + 1) ||
        !take_log(&taking) || !group(items)) {
        return error_set(err, ERROR_LIMIT, "no memory to merge %llu conversations",
                         (unsigned long long)count);
    }
    for (uint32_t g = 0; g < items->group_count; g++) {
        sort_group(items, &items->groups[g]);
    }
    return true;
}
