/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_JUDGE_H
#define WEIR_DETECT_JUDGE_H

#include "detect/alert.h"
#include "detect/config.h"
#include "detect/roster.h"

/* From the features of one closed window to alerts: score all nodes against their baselines, apply
 * the rules, learn only then, move the episodes on, emit. The windower (detect/window.h) calls it
 * once a window, in order; windows without any observed node are not shown (their passing follows
 * from the times). Per-node state lies in arrays by roster index. One thread. */

struct judge;
struct scorer;
struct prior;
struct ledger;

/* One closed window. Arrays are by roster index, [roster->count], padded to a multiple of 64. */
struct judge_window {
    int64_t start_ms;
    int64_t end_ms;
    const struct roster *roster;
    const float *values[FEATURE_COUNT]; /* FEATURE_DRIFT is the judge's own: NULL */
    const uint64_t *absent;             /* feature_bit of those that cannot be told */
    const float *led_hours;             /* since the peer of FEATURE_LED_OUT was first met */
    const uint8_t
        *quality;        /* enum metric_quality; without METRIC_OBSERVED: no score, no learning */
    struct prior *prior; /* what the fleet is used to: asked, and told of each node; may be NULL */
    struct ledger *ledger; /* told on which days rules fired by it; may be NULL */
};

/* Asks for the evidence of one node and direction in the window being judged. */
typedef bool (*judge_evidence)(void *context, uint32_t node, uint8_t direction,
                               struct evidence *out, struct error *err);

/* Errors: ERROR_ARGUMENT, ERROR_LIMIT. */
bool judge_new(struct judge **out, const struct detector_config *config,
               const struct alert_sink *sink, struct error *err);
void judge_free(struct judge *judge);

/* Errors: ERROR_LIMIT, those of the sink and of `evidence`. */
bool judge_window(struct judge *judge, const struct judge_window *window, judge_evidence evidence,
                  void *context, struct error *err);

/* Time has passed up to `until_ms` (the watermark; every window that ends by then was shown):
 * closes the episodes that were quiet long enough by then, in the order (window, node name,
 * direction). What closes, and as of when, follows from the episodes and the times alone; a call
 * more or less changes nothing but when alerts come out. judge_window calls it for the time before
 * its window. Not called with the end of input: an episode that is open then stays open. Errors:
 * those of the sink. */
bool judge_pass(struct judge *judge, const struct roster *roster, int64_t until_ms,
                struct error *err);

/* The index is about to be given to another node, or the node has been retired: its baseline is
 * dropped and its open episodes are closed as of `at_ms` (alerts in the order of directions),
 * behind those of all nodes that are due by then. */
bool judge_forget(struct judge *judge, const struct roster *roster, uint32_t node, int64_t at_ms,
                  struct error *err);

uint64_t judge_alert_count(const struct judge *judge);
uint64_t judge_episode_count(const struct judge *judge);

/* What was learned, for who shows it (detector_view.h). */
const struct scorer *judge_scorer(const struct judge *judge);

/* What the judge keeps of each node, in bytes of memory; open episodes not counted. */
uint64_t judge_node_bytes(void);

/* A node's baselines, rule latches and episodes as bytes and back; also the judge's own (lineage).
 * The detector writes them in roster order. Reading is total: a failure latches in `cursor`. */
void judge_state_save(const struct judge *judge, struct buffer *out);
bool judge_state_load(struct judge *judge, struct cursor *cursor, struct error *err);
void judge_node_save(const struct judge *judge, uint32_t node, struct buffer *out);
bool judge_node_load(struct judge *judge, uint32_t node, struct cursor *cursor, struct error *err);

#endif
