/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_H
#define WEIR_DETECT_RULE_H

#include "detect/alert.h"
#include "detect/config.h"
#include "detect/score.h"

/* The rules: one table, in which a new rule is a new row. Rows of one direction stand in the order
 * of their priority.
 *
 * What the volume rules cannot see: a leak within four times the records of its hour and the hours
 * beside it. So a node whose nightly backup, or whose one busy minute an hour, is already a hundred
 * times its usual traffic may leak as much unnoticed around that time. */

enum rule {
    RULE_EXFIL,
    RULE_FLOOD_IN,
    RULE_COUNT,
};

struct rule_row {
    const char *name;   /* as in alerts: "exfil" */
    const char *class_; /* "exfil.volume" */
    enum metric metric;
    float margin;             /* bits over the record of the hour */
    float z_min;              /* deviations over what is expected, or ... */
    float record_min;         /* ... bits over any record; both -INFINITY: neither is asked */
    uint32_t persistence_min; /* minutes, as a leaky k of n */
    enum alert_severity severity;
    float high_min; /* from this many bits over any record the severity is at least high */
    enum alert_advice advice; /* the most that Weir recommends unasked */
    const char *attack[2];    /* ATT&CK technique ids */
    const char *help;
};

extern const struct rule_row rule_rows[RULE_COUNT];

/* XXH3-64 over the table: with the configuration's hash, what forms alerts besides the records. */
uint64_t rule_table_hash(void);

/* A row under a configuration. */
struct rule_limits {
    struct score_condition condition;
    float keep; /* what remains of a latch's charge after a window */
    float need; /* the charge that latches: about `persistence` windows in a row, or a few more with
                   gaps between */
};

struct rule_limits rule_limits(enum rule rule, const struct detector_config *config);

/* The leaky counter of one rule for many nodes. Each window in which the condition holds adds 1 to
 * a node's charge, which is at most 1.5 times `need`; it leaks by `keep`. At `need` the rule
 * latches, and below RULE_CHARGE_CLEAR it lets go. Only nodes with a charge cost anything. */
struct rule_latch {
    float *charge;     /* [capacity] */
    uint64_t *charged; /* bit set: charge > 0 */
    uint64_t *latched;
    uint32_t capacity; /* a multiple of 64 */
};

#define RULE_CHARGE_CLEAR 0.3f

/* `done` accepts a zeroed one. */
void rule_latch_done(struct rule_latch *latch);
/* Errors: ERROR_LIMIT; nothing changed then. */
bool rule_latch_grow(struct rule_latch *latch, uint32_t capacity, struct error *err);
void rule_latch_forget(struct rule_latch *latch, uint32_t node);

/* Moves the 64 nodes of `word` on by one window: `hits` hold the condition, `passes` were observed
 * whole. A node in neither stays as it is: missing data is no sign of calm. */
void rule_latch_step(struct rule_latch *latch, const struct rule_limits *limits, uint32_t word,
                     uint64_t hits, uint64_t passes);

/* One node's latch as bytes and back; a charge that no limits give latches a failure. */
void rule_latch_save(const struct rule_latch *latch, uint32_t node, struct buffer *out);
void rule_latch_load(struct rule_latch *latch, uint32_t node, struct cursor *cursor);

#endif
