/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_EPISODE_H
#define WEIR_DETECT_EPISODE_H

#include "detect/scorer.h"

/* Episodes: what one operator should see as one thing. At most one is open for a node and
 * direction. It opens with the first finding, takes in every later one of its direction, and ends
 * once `quiet_ms` have passed without any. One thread. */

#define EPISODE_DIRECTIONS 2 /* DIRECTION_IN and DIRECTION_OUT */

struct episode {
    uint32_t node;
    uint8_t direction;        /* enum direction */
    enum rule rule;           /* the one that opened it: what its closed alert speaks of */
    enum attack_class class_; /* as which it opened it */
    enum feature feature;     /* by which */
    uint32_t rules;           /* bit set: the rule has fired in it */
    uint32_t classes;         /* bit set: an alert of this class has been opened in it */
    uint8_t quality;          /* enum metric_quality bits of all windows that fired, but OBSERVED */
    uint8_t severity;         /* enum alert_severity: the highest that was told of it */
    uint8_t advice;           /* enum alert_advice: likewise */
    bool is_cold;             /* the node was, when it opened */
    int64_t start_ms;         /* start of the first window that fired */
    int64_t fired_end_ms;     /* end of the last one */
    int64_t said_end_ms;      /* end of the last window that an alert told of */
    uint32_t windows_over;    /* in which a rule fired */
    char id[33];              /* of its first alert */
    /* Of the window with the largest value under `rule`. */
    struct finding_measure peak;
    uint8_t peak_corroborating;
    float peak_bits[FEATURE_SCORED_COUNT]; /* the largest y of each feature of the direction */
};

/* The open episodes, in no order; results go by node name. */
struct episode_set {
    struct episode *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t *index[EPISODE_DIRECTIONS]; /* [node]: place in items + 1; 0: none */
    uint32_t node_capacity;
};

/* `done` accepts a zeroed one. */
void episode_set_done(struct episode_set *set);

/* Room for nodes [0, count). Errors: ERROR_LIMIT; nothing changed then. */
bool episode_set_grow(struct episode_set *set, uint32_t count, struct error *err);

/* The open episode, or NULL. Valid until the set changes. */
struct episode *episode_find(struct episode_set *set, uint32_t node, uint8_t direction);

/* Opens one; the rest of it is zero. There must be none. Errors: ERROR_LIMIT. */
struct episode *episode_open(struct episode_set *set, uint32_t node, uint8_t direction,
                             struct error *err);
void episode_remove(struct episode_set *set, const struct episode *episode);

/* A rule fires in the window that ends at `end_ms`, of which findings are to come: the episode is
 * not due with it. */
void episode_hold(struct episode *episode, int64_t end_ms);

/* Takes in a finding of the window [start, end): its time, quality and peaks. */
void episode_fire(struct episode *episode, const struct finding *finding, int64_t start_ms,
                  int64_t end_ms);

/* The end of the window in which an episode closes if nothing fires again: a function of the
 * episode alone, not of which windows are seen. Windows end at multiples of `window_ms`. */
int64_t episode_close_ms(const struct episode *episode, const struct detector_config *config);

/* One episode as bytes and back (without its node and direction). Reading is total: what no episode
 * can be latches a failure. */
void episode_save(const struct episode *episode, struct buffer *out);
void episode_load(struct episode *episode, struct cursor *cursor);

#endif
