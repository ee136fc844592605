/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_LEDGER_BUDGET_H
#define WEIR_DETECT_LEDGER_BUDGET_H

#include "base/bytes.h"

/* How much a node may send to one rare peer (detect/ledger.h), or for how long, before that is
 * worth an alert: thresholds that a node would pass, by what its fleet did before, `alpha` times a
 * day. Each node-day gives its largest value. How often these exceed a level u is asked of the
 * node, with the fleet's rate as a prior; how far, of the whole fleet, whose tail is taken for
 * x^-a:
 *
 *   fleet = (C + 1/2) / (D + 1)                   of D node-days, C exceed u
 *   rate  = (c + days_prior fleet) / (d + days_prior)                the same of the node
 *   a     = (tail_prior + C - C') / (tail_prior / a0 + L)            Hill's estimator with a prior
 *   T     = max(floor, u (rate / alpha)^(1 / a))
 *
 * L is the sum of ln(value / u) over the C; those C' that exceed 16 u are taken for right-censored
 * there, since a few attacks and nightly backups, which are alerts anyway, would lift the tail.
 *
 * u is b0, unless the fleet is so busy that more is known: the highest b0 4^j that was exceeded on
 * `level_days` node-days or more, at a rate of `level_rate` alphas or more. Where half of all nodes
 * send a megabyte to somebody new each day, but hardly ever a hundred, a tail that is laid through
 * the megabytes ends at gigabytes.
 *
 * A value counts up to T only: one beyond it is either an attack or said already. Nor does a day
 * teach anything on which a value was rarer than `suspect` alphas: where many nodes are attacked,
 * those that stay below T would else lift it out of reach of the next ones. A node-day counts
 * by the share of it in which the node was seen, so that nodes that live for hours count, too. What
 * is kept fades by one part in `memory_days` a day.
 *
 * All sums are integers in units of 2^-20, so they are the same in whatever order nodes come and
 * however they are spread over workers. The sums of a day stand apart until they are used, from
 * 02:00 of the next day on (FLEET_LAG_HOURS): until then those of all partitions can be added up.
 * Any thread reads; one changes. */

enum ledger_measure {
    LEDGER_BYTES,   /* sent to one rare peer */
    LEDGER_RATE,    /* the same, of one window, in bytes a minute */
    LEDGER_LONG,    /* the same, of peers that were met in `long_minutes` or more */
    LEDGER_MINUTES, /* in which there was an exchange with one that got little */
    LEDGER_MEASURE_COUNT,
};

struct ledger_limit_params {
    double b0;    /* bytes or minutes: what a day must exceed to count */
    double a0;    /* exponent of the tail before anything is known */
    double alpha; /* node-days with an alert in vain, a node-day */
    double floor; /* bytes or minutes: no threshold is below it */
};

struct ledger_params {
    struct ledger_limit_params limits[LEDGER_MEASURE_COUNT];
    double days_prior;        /* node-days that the fleet's rate counts for in a node's */
    double tail_prior;        /* exceeding node-days that a0 counts for */
    double level_days;        /* exceeding node-days that a level above b0 needs */
    double level_rate;        /* and how often they come, in alphas */
    double suspect;           /* alphas: what comes so often at most teaches nothing */
    uint32_t long_minutes;    /* active ones: uploads end before that, drips do not */
    double little_bytes;      /* sent, below which minutes are counted */
    uint32_t memory_days;     /* a day takes one part of so many away */
    uint32_t admit_bytes_min; /* that a peer gets in its first minute, or there must be a second */
};

void ledger_params_init(struct ledger_params *params);

/* Errors: ERROR_ARGUMENT (names what is out of bounds). */
bool ledger_params_check(const struct ledger_params *params, struct error *err);

#define LEDGER_UNIT (UINT64_C(1) << 20)
#define LEDGER_TALLY_MAX (UINT64_C(1) << 62) /* sums stay there */

#define LEDGER_LEVELS 8u      /* b0 4^j */
#define LEDGER_TAIL_LEVELS 2u /* from u to the end of what is asked of the tail */

/* Node-days of one kind, in units of 1 / LEDGER_UNIT. */
struct ledger_tally {
    uint64_t days;
    uint64_t exceeded; /* of them, b0 */
    uint64_t logs;     /* ln(value / b0), summed over these */
};

/* The same by level, of a fleet. */
struct ledger_levels {
    uint64_t days;
    uint64_t exceeded[LEDGER_LEVELS]; /* does not rise with the level */
    uint64_t logs[LEDGER_LEVELS];     /* ln(value / level), neither */
};

/* And of a node. */
struct ledger_share {
    uint32_t days;
    uint32_t exceeded[LEDGER_LEVELS];
};

/* What all nodes of a day, and partition, come to. */
struct ledger_sums {
    int64_t day; /* since 1970; -1: none */
    struct ledger_levels levels[LEDGER_MEASURE_COUNT];
};

struct ledger_limit {
    double threshold; /* T */
    double suspect;   /* T for `suspect` times as many alerts */
    double rate;      /* days above b0 a day */
};

void ledger_tally_add(struct ledger_tally *tally, const struct ledger_tally *more);
void ledger_levels_add(struct ledger_levels *levels, const struct ledger_levels *more);

/* Counts node-days of one kind, by the mean of their logarithms. */
void ledger_levels_count(struct ledger_levels *levels, const struct ledger_tally *tally);
void ledger_share_count(struct ledger_share *share, const struct ledger_tally *tally);

/* So many days pass. */
void ledger_tally_fade(struct ledger_tally *tally, int64_t days, uint32_t memory_days);
void ledger_levels_fade(struct ledger_levels *levels, int64_t days, uint32_t memory_days);
void ledger_share_fade(struct ledger_share *share, int64_t days, uint32_t memory_days);

/* One day of one node, of which it was seen for `seen_ms`, and its largest value. */
struct ledger_tally ledger_tally_of_day(const struct ledger_limit_params *params, uint32_t seen_ms,
                                        uint64_t most);

struct ledger_limit ledger_limit_of(const struct ledger_params *params, enum ledger_measure measure,
                                    const struct ledger_share *node,
                                    const struct ledger_levels *fleet);

/* Adds another partition's sums. Errors: ERROR_ARGUMENT (of another day); nothing is added then. */
bool ledger_sums_add(struct ledger_sums *sums, const struct ledger_sums *more, struct error *err);

/* As bytes and back; reading is total. */
void ledger_sums_save(const struct ledger_sums *sums, struct buffer *out);
void ledger_sums_load(struct ledger_sums *sums, struct cursor *cursor);

/* The fleet's days. */
struct ledger_budget {
    int64_t born_ms;          /* start of the first window; -1: none yet */
    struct ledger_sums today; /* node-days that ended before the day did: nodes that left */
    struct ledger_sums ended; /* the last day that ended, while it waits for 02:00 */
    struct ledger_sums used;  /* all days before that; `day` is the last of them */
};

/* `born_ms` and all days are -1. */
void ledger_budget_init(struct ledger_budget *budget);

/* Uses the day that waits, if its time has come. True when it did. */
bool ledger_budget_use(struct ledger_budget *budget, const struct ledger_params *params,
                       int64_t now_ms);

/* As bytes and back; reading is total, and what fails leaves it as ledger_budget_init does. */
void ledger_budget_save(const struct ledger_budget *budget, struct buffer *out);
void ledger_budget_load(struct ledger_budget *budget, struct cursor *cursor);

#endif
