/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_BASELINE_H
#define WEIR_DETECT_BASELINE_H

#include "base/bytes.h"
#include "detect/feature.h"

/* What is normal of every node, as columns of floats that the kernels (detect/score.h) run over:
 * [slot][feature][node], all in bits. The baseline of a node is a function of the node's own
 * observed windows (and of its episodes) alone: what passes with time, passes when the node is next
 * seen, so that other nodes' windows, and how nodes are spread over workers, change no bit of it.
 * One thread. */

#define BASELINE_HOURS 24

enum baseline_slot {
    BASELINE_LEVEL,     /* L: the middle of the day's values */
    BASELINE_DEVIATION, /* D: 1.25 times the mean distance from what was expected */
    BASELINE_RECORD,    /* G: the largest envelope of any hour */
    BASELINE_SEASON,    /* S[24]: how an hour of the day (UTC) differs from the level */
    BASELINE_ENVELOPE = BASELINE_SEASON + BASELINE_HOURS, /* E[24]: the record of an hour */
    BASELINE_SLOT_COUNT = BASELINE_ENVELOPE + BASELINE_HOURS,
};

/* The scratch of judging runs over this many nodes at a time, so that it stays in the cache. */
#define BASELINE_BLOCK 512u

struct baseline {
    float *lanes;         /* [slot][feature][stride] */
    float *window_counts; /* [stride]: windows learned */
    float *anchor;        /* [stride]: the level of out_init over the last fortnight */
    float *usual;         /* [stride]: records a minute, over the last day */
    float *hour_counts;   /* [hour][stride]: of them in this hour of the day */
    int64_t *born_ms;     /* [stride]: start of the first observed window; INT64_MIN: none yet */
    int64_t *hour;        /* [stride]: the hour since 1970 of the last observed window */
    uint32_t capacity;    /* nodes, a multiple of 64 */
    uint32_t stride;      /* floats from one column to the next */
};

/* How fast the nodes of a block learn (struct score_rates). */
struct baseline_rates {
    float level[BASELINE_BLOCK];
    float deviation[BASELINE_BLOCK];
    float season[BASELINE_BLOCK];
    float width[BASELINE_BLOCK];
    float rise[BASELINE_BLOCK];
};

/* Per node of a block, what decides the rates. */
struct baseline_gates {
    float learns[BASELINE_BLOCK]; /* 1: observed whole; else 0 and nothing of the node changes */
    float warm[BASELINE_BLOCK];   /* 1: old enough for the slow growth of envelopes; else 0 */
    float active[BASELINE_BLOCK]; /* 1: a rule holds or is latched, so that little is learned */
};

/* What one node takes. */
#define BASELINE_NODE_BYTES                                                                        \
    (sizeof(float) * (BASELINE_SLOT_COUNT * FEATURE_SCORED_COUNT + 3 + BASELINE_HOURS) +           \
     2 * sizeof(int64_t))

/* Empty, without memory. `done` accepts a zeroed one. */
void baseline_init(struct baseline *baseline);
void baseline_done(struct baseline *baseline);

/* Room for nodes [0, count); the new ones know nothing. Errors: ERROR_LIMIT; nothing changed then.
 */
bool baseline_grow(struct baseline *baseline, uint32_t count, struct error *err);

/* The node knows nothing again. */
void baseline_forget(struct baseline *baseline, uint32_t node);

/* A column, from node 0 on. */
static inline float *baseline_column(const struct baseline *baseline, uint32_t slot,
                                     uint32_t feature) {
    return baseline->lanes + (size_t)(slot * FEATURE_SCORED_COUNT + feature) * baseline->stride;
}

static inline float *baseline_hour_counts(const struct baseline *baseline, uint32_t hour) {
    return baseline->hour_counts + (size_t)hour * baseline->stride;
}

/* The node is observed in a window that starts at `start_ms`: lowers the envelope of each hour slot
 * by BASELINE_DECAY for each time that an hour of it began since the node was last observed. Costs
 * nothing within an hour; after a gap, no more than what earlier windows raised. */
void baseline_enter(struct baseline *baseline, uint32_t node, int64_t start_ms);

/* Bits that an hour's record loses each day, so that what is no longer done is forgotten. */
#define BASELINE_DECAY 0.15f

/* Counts the window for the nodes [first, first + count) that learn, and computes their rates. */
void baseline_count(struct baseline *baseline, uint32_t first, uint32_t count, uint32_t hour,
                    int64_t window_ms, const struct baseline_gates *gates,
                    struct baseline_rates *rates);

/* Moves the anchors of the nodes [first, first + count) after the window was learned from. */
void baseline_anchor(struct baseline *baseline, uint32_t first, uint32_t count, int64_t window_ms,
                     const struct baseline_gates *gates);

/* The node had so many records a minute in a window that it was observed in. False when these are
 * so few, against what is usual, that some must be missing; true in a node's first windows. */
bool baseline_usual(struct baseline *baseline, uint32_t node, float records, int64_t window_ms);

/* The record of an hour slot and the two beside it, in bits. */
float baseline_hour_record(const struct baseline *baseline, uint32_t node, uint32_t feature,
                           uint32_t slot);

/* An episode that peaked at `peak` bits has ended; its last firing window lay in `hour`. The
 * records of that hour and the one before rise to the peak, but by at most BASELINE_EPISODE_RISE
 * over that of any hour: a new job that stays alerts two or three times, and one that only moves to
 * another hour once. */
void baseline_learn_episode(struct baseline *baseline, uint32_t node, uint32_t feature,
                            uint32_t hour, float peak);

#define BASELINE_EPISODE_RISE 2.0f

/* The hour since 1970 in UTC, and the slot of an hour. */
int64_t baseline_hour_of(int64_t time_ms);
uint32_t baseline_slot_of(int64_t hour);

/* One node's baseline as bytes and back (docs/FORMATS.md, "Detector state"). Reading is total:
 * values that no learning gives latch a failure in `cursor`, and the node then knows nothing. */
void baseline_node_save(const struct baseline *baseline, uint32_t node, struct buffer *out);
void baseline_node_load(struct baseline *baseline, uint32_t node, struct cursor *cursor);

#endif
