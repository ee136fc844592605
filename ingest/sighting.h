/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_SIGHTING_H
#define WEIR_INGEST_SIGHTING_H

#include "flow/batch.h"

/* Which interfaces of which nodes (points of observation) occur in which flow log, and from when to
 * when: so that one can say which ones two logs watch at once. Points are told apart as a detector
 * does that sets the second of two logs aside: by name, identity and interface. One thread at a
 * time.
 *
 * Memory is bounded: of further points than SIGHTINGS_MAX (a point in two logs counts twice)
 * nothing is known, and `is_cut` says so. */

#define SIGHTINGS_MAX 262144u

struct sighting {
    uint64_t key;
    uint32_t feed;
    uint32_t log;      /* index of its flow log's name; of a node 0 */
    bool is_node;      /* a node's name alone, so that nodes can be counted; else a point */
    struct bytes name; /* of the interface, in the arena; of a node empty */
    int64_t first_ms;
    int64_t last_ms;
};

struct sightings {
    struct sighting *rows; /* in the order in which they came */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* id + 1 */
    uint32_t slot_bits;
    struct bytes *logs; /* names, in the order in which they came; of a feed one after another */
    uint32_t log_count;
    uint32_t log_capacity;
    uint32_t feed; /* the last one, and where its logs begin */
    uint32_t feed_first;
    struct arena arena;
    bool is_cut;
    int64_t *first_ms; /* [BATCH_NODES_MAX], scratch */
    int64_t *last_ms;
};

/* How many of each kind a feed has. */
struct sighting_count {
    uint32_t nodes;
    uint32_t interfaces;
};

/* Points that two logs watched at overlapping times. */
struct sighting_overlap {
    uint32_t points;
    struct bytes name;    /* of the first one, by name */
    uint32_t feeds[2];    /* where it occurs, ascending; the same where a feed has several logs */
    struct bytes logs[2]; /* of those */
};

/* Errors: ERROR_LIMIT. */
bool sightings_init(struct sightings *sightings, struct error *err);
/* Accepts a zeroed or half built one. */
void sightings_done(struct sightings *sightings);

/* Notes the points of a batch of that feed (all batches of one feed before those of the next); rows
 * with `is_left_out[i]` set (NULL: none) are passed over. Adds to `count` what is new of the feed.
 * Errors: ERROR_LIMIT (no memory). */
bool sightings_add(struct sightings *sightings, uint32_t feed, const struct batch *batch,
                   const uint8_t *is_left_out, struct sighting_count *count, struct error *err);

/* Reorders the rows: nothing can be added afterwards. */
struct sighting_overlap sightings_overlap(struct sightings *sightings);

#endif
