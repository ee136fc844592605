/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/sighting.h"

#include <stdlib.h>
#include <xxhash.h>

#define SLOT_BITS_FIRST 10u
#define ARENA_MAXIMUM ((size_t)128 << 20)

bool sightings_init(struct sightings *sightings, struct error *err) {
    *sightings = (struct sightings){ .slot_bits = SLOT_BITS_FIRST };
    arena_init(&sightings->arena, ARENA_MAXIMUM);
    sightings->slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof *sightings->slots);
    sightings->first_ms = malloc(BATCH_NODES_MAX * sizeof *sightings->first_ms);
    sightings->last_ms = malloc(BATCH_NODES_MAX * sizeof *sightings->last_ms);
    if (sightings->slots == NULL || sightings->first_ms == NULL || sightings->last_ms == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for points of observation");
    }
    return true;
}

void sightings_done(struct sightings *sightings) {
    free(sightings->rows);
    free(sightings->slots);
    free(sightings->first_ms);
    free(sightings->last_ms);
    free(sightings->logs);
    arena_done(&sightings->arena);
    *sightings = (struct sightings){ 0 };
}

static size_t slot_of(const struct sightings *sightings, const struct sighting *row) {
    uint64_t mixed =
        (row->key + row->feed + ((uint64_t)row->log << 20)) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> (64 - sightings->slot_bits));
}

/* The slot of an equal row, or the free one where it belongs. */
static uint32_t *find(const struct sightings *sightings, const struct sighting *row) {
    size_t mask = ((size_t)1 << sightings->slot_bits) - 1;
    for (size_t at = slot_of(sightings, row);; at = (at + 1) & mask) {
        uint32_t *slot = &sightings->slots[at];
        if (*slot == 0) {
            return slot;
        }
        const struct sighting *other = &sightings->rows[*slot - 1];
        if (other->key == row->key && other->feed == row->feed && other->is_node == row->is_node) {
            return slot;
        }
    }
}

static bool grow(struct sightings *sightings) {
    uint32_t capacity = sightings->capacity == 0 ? 256 : 2 * sightings->capacity;
    struct sighting *rows = realloc(sightings->rows, capacity * sizeof *rows);
    if (rows == NULL) {
        return false;
    }
    sightings->rows = rows;
    uint32_t bits = sightings->slot_bits;
    if (2 * (size_t)capacity > (size_t)1 << bits) {
        uint32_t *slots = calloc((size_t)1 << (bits + 1), sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        free(sightings->slots);
        sightings->slots = slots;
        sightings->slot_bits = bits + 1;
        for (uint32_t i = 0; i < sightings->count; i++) {
            *find(sightings, &rows[i]) = i + 1;
        }
    }
    sightings->capacity = capacity;
    return true;
}

/* `*is_new` says that the feed had no such row. */
static bool note(struct sightings *sightings, const struct sighting *row, bool *is_new,
                 struct error *err) {
    uint32_t *slot = find(sightings, row);
    *is_new = false;
    if (*slot != 0) {
        struct sighting *known = &sightings->rows[*slot - 1];
        known->first_ms = row->first_ms < known->first_ms ? row->first_ms : known->first_ms;
        known->last_ms = row->last_ms > known->last_ms ? row->last_ms : known->last_ms;
        return true;
    }
    if (sightings->count == SIGHTINGS_MAX) {
        sightings->is_cut = true;
        return true;
    }
    bool failed = false;
    struct sighting copy = *row;
    copy.name = arena_copy(&sightings->arena, row->name, &failed);
    if (failed || (sightings->count == sightings->capacity && !grow(sightings))) {
        return error_set(err, ERROR_LIMIT, "no memory for points of observation");
    }
    slot = find(sightings, row); /* slots may have been made anew */
    sightings->rows[sightings->count++] = copy;
    *slot = sightings->count;
    *is_new = true;
    return true;
}

/* The index of a log of the feed in hand; adds its name when it is new. Errors: ERROR_LIMIT. */
static bool find_log(struct sightings *sightings, struct bytes name, uint32_t *log,
                     struct error *err) {
    for (uint32_t i = sightings->log_count; i-- > sightings->feed_first;) {
        if (bytes_equal(sightings->logs[i], name)) {
            *log = i;
            return true;
        }
    }
    if (sightings->log_count == sightings->log_capacity) {
        uint32_t capacity = sightings->log_capacity == 0 ? 16 : 2 * sightings->log_capacity;
        struct bytes *logs = realloc(sightings->logs, capacity * sizeof *logs);
        if (logs == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for flow logs");
        }
        sightings->logs = logs;
        sightings->log_capacity = capacity;
    }
    bool failed = false;
    sightings->logs[sightings->log_count] = arena_copy(&sightings->arena, name, &failed);
    *log = sightings->log_count++;
    return !failed || error_set(err, ERROR_LIMIT, "no memory for flow logs");
}

static void note_times(struct sightings *sightings, uint16_t node, int64_t first_ms,
                       int64_t last_ms) {
    if (first_ms < sightings->first_ms[node]) {
        sightings->first_ms[node] = first_ms;
    }
    if (last_ms > sightings->last_ms[node]) {
        sightings->last_ms[node] = last_ms;
    }
}

/* When each node was seen in one of the batch's logs. */
static void collect_times(struct sightings *sightings, const struct batch *batch,
                          const uint8_t *is_left_out, uint32_t flow_log) {
    for (uint32_t i = 0; i < batch->node_count; i++) {
        sightings->first_ms[i] = INT64_MAX;
        sightings->last_ms[i] = INT64_MIN;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->flow_log[i] == flow_log && (is_left_out == NULL || !is_left_out[i])) {
            note_times(sightings, batch->node[i], batch->start_ms[i], batch->end_ms[i]);
        }
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        if (row->flow_log == flow_log) {
            note_times(sightings, row->node, row->start_ms, row->end_ms);
        }
    }
}

static uint64_t hash_point(const struct batch_node *node) {
    uint64_t hash = XXH3_64bits(node->name.data, node->name.size);
    hash = XXH3_64bits_withSeed(node->identity.data, node->identity.size, hash);
    return XXH3_64bits_withSeed(node->interface.data, node->interface.size, hash);
}

static bool add_log(struct sightings *sightings, uint32_t feed, uint32_t log,
                    const struct batch *batch, struct sighting_count *count, struct error *err) {
    for (uint32_t i = 0; i < batch->node_count; i++) {
        const struct batch_node *node = &batch->nodes[i];
        if (sightings->last_ms[i] == INT64_MIN) {
            continue;
        }
        struct sighting point = {
            .key = hash_point(node),
            .feed = feed,
            .log = log,
            .name = node->interface,
            .first_ms = sightings->first_ms[i],
            .last_ms = sightings->last_ms[i],
        };
        struct sighting name = {
            .key = XXH3_64bits(node->name.data, node->name.size),
            .feed = feed,
            .is_node = true,
        };
        bool is_new_point;
        bool is_new_name;
        if (!note(sightings, &name, &is_new_name, err)) {
            return false;
        }
        count->nodes += is_new_name;
        if (node->interface.size > 0) {
            if (!note(sightings, &point, &is_new_point, err)) {
                return false;
            }
            count->interfaces += is_new_point;
        }
    }
    return true;
}

bool sightings_add(struct sightings *sightings, uint32_t feed, const struct batch *batch,
                   const uint8_t *is_left_out, struct sighting_count *count, struct error *err) {
    if (feed != sightings->feed) {
        sightings->feed = feed;
        sightings->feed_first = sightings->log_count;
    }
    for (uint32_t i = 0; i < batch->flow_log_count; i++) {
        uint32_t log = 0;
        if (!find_log(sightings, batch->flow_logs[i], &log, err)) {
            return false;
        }
        collect_times(sightings, batch, is_left_out, i);
        if (!add_log(sightings, feed, log, batch, count, err)) {
            return false;
        }
    }
    return true;
}

/* Points by name, then by key, each by the time when it was first seen; nodes behind. */
static int by_point(const void *a, const void *b) {
    const struct sighting *x = a;
    const struct sighting *y = b;
    if (x->is_node != y->is_node) {
        return x->is_node ? 1 : -1;
    }
    int order = bytes_compare(x->name, y->name);
    if (order != 0) {
        return order;
    }
    if (x->key != y->key) {
        return x->key < y->key ? -1 : 1;
    }
    if (x->first_ms != y->first_ms) {
        return x->first_ms < y->first_ms ? -1 : 1;
    }
    return (x->log > y->log) - (x->log < y->log);
}

static void keep_first(struct sighting_overlap *overlap, const struct sightings *sightings,
                       const struct sighting *a, const struct sighting *b) {
    const struct sighting *first = a->log < b->log ? a : b;
    const struct sighting *second = first == a ? b : a;
    overlap->name = a->name;
    overlap->feeds[0] = first->feed;
    overlap->feeds[1] = second->feed;
    overlap->logs[0] = sightings->logs[first->log];
    overlap->logs[1] = sightings->logs[second->log];
}

struct sighting_overlap sightings_overlap(struct sightings *sightings) {
    struct sighting_overlap overlap = { 0 };
    struct sighting *rows = sightings->rows;
    if (sightings->count > 0) {
        qsort(rows, sightings->count, sizeof *rows, by_point);
    }
    for (uint32_t first = 0; first < sightings->count && !rows[first].is_node;) {
        uint32_t end = first + 1;
        bool is_found = false;
        uint32_t longest = first; /* the row whose last time is the largest so far */
        for (; end < sightings->count && !rows[end].is_node && rows[end].key == rows[first].key;
             end++) {
            if (!is_found && rows[end].first_ms < rows[longest].last_ms) {
                is_found = true;
                if (overlap.points++ == 0) {
                    keep_first(&overlap, sightings, &rows[longest], &rows[end]);
                }
            }
            longest = rows[end].last_ms > rows[longest].last_ms ? end : longest;
        }
        first = end;
    }
    return overlap;
}
