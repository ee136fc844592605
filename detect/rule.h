/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_RULE_H
#define WEIR_DETECT_RULE_H

#include "detect/alert.h"
#include "detect/config.h"
#include "detect/score.h"

/* The rules: one table, in which a new rule is a new row. Rows stand in the order of their
 * priority: of those that fire for a node and direction in one window, the first one speaks.
 *
 * What no rule here can tell: a region's migration from an exfiltration (declare it); a leak to
 * known storage within the node's own backup hour and four times its record; a beacon where new
 * peers are common; what stays below the floors; a request flood under a flash crowd; a leak that
 * looks like a download. */

enum rule {
    RULE_FLOOD_OUT,
    RULE_CRIT_SPAM,
    RULE_SPAM,
    RULE_CRIT_SCAN,
    RULE_SCAN,
    RULE_PORT_SCAN,
    RULE_BRUTE,
    RULE_SCAN_SLOW,
    RULE_CRIT_DNS,
    RULE_DNS_TUNNEL,
    RULE_DNS_SLOW,
    RULE_SYN_FLOOD,
    RULE_FLOOD_IN,
    RULE_REQ_FLOOD,
    RULE_CRIT_EXFIL,
    RULE_LED_RATE,
    RULE_LED_EXFIL,
    RULE_LED_LONG,
    RULE_EXFIL,
    RULE_SERVE,
    RULE_RAMP,
    RULE_LED_PERSIST,
    RULE_LIMIT_IN,
    RULE_LIMIT_OUT,
    RULE_COUNT,
};
_Static_assert(RULE_COUNT <= 32, "a set of rules is 32 bits");

/* What an alert says is going on. */
enum attack_class {
    CLASS_DOS_VOLUME,
    CLASS_DOS_SYN_FLOOD,
    CLASS_DOS_AMPLIFICATION,
    CLASS_DOS_SOURCE,
    CLASS_EXFIL_VOLUME,
    CLASS_EXFIL_SLOW,
    CLASS_EXFIL_DNS,
    CLASS_SPAM,
    CLASS_SCAN,
    CLASS_BEACON,
    CLASS_DRIFT,
    CLASS_COUNT,
};

/* As in alerts: "exfil.volume". */
const char *attack_class_name(enum attack_class class_);

/* What a rule may ask about one node in one window. */
struct rule_scores {
    float value[FEATURE_COUNT];
    /* Of the scored features, in bits or deviations (score.h). */
    float expected[FEATURE_SCORED_COUNT];
    float z[FEATURE_SCORED_COUNT];
    float over_hour[FEATURE_SCORED_COUNT];
    float over_record[FEATURE_SCORED_COUNT];
    float record[FEATURE_SCORED_COUNT]; /* of a cold node: at least what the fleet is used to */
    float prior[FEATURE_SCORED_COUNT];  /* what the role or the fleet is used to; -1: unknown */
    float crowd;     /* bits by which the role's requests are over what is expected, all at once */
    float age_days;  /* of the node or its role, whichever is older */
    float led_hours; /* since the rare peer of FEATURE_LED_OUT was first met */
    bool is_cold;
    const struct rule_params *params;
};

struct rule_row {
    const char *name; /* as in alerts: "exfil" */
    const char *help;
    enum feature feature; /* what the alert measures; gives the direction */
    enum feature screen;  /* what `floor` is asked of */
    enum attack_class class_;
    enum alert_severity severity;
    float high_min; /* from this many bits over any record it is high at least; 0: never */
    enum alert_advice advice; /* the most that Weir recommends unasked */
    bool needs_second;        /* ... and only with another class of the node, within a day */
    bool calendar_is_second;  /* ... or outside of what was announced, where changes are (say.h) */
    bool is_fast;             /* persistence counts windows where these are shorter than a minute */
    bool never_learned;       /* what it peaked at never becomes a record */
    const char *attack[2];    /* ATT&CK technique ids */
    /* enum rule_param, RULE_PARAM_COUNT: not asked. `z` and `record`: one of them is enough. */
    enum rule_param floor, margin, z, record, persistence;
    bool has_other_floor; /* `floor` or `other_floor`: the lower one is asked, `holds` asks again */
    enum rule_param other_floor;
    uint64_t needs; /* features without which it is off, beside its own and `screen` */
    /* What else must hold; NULL: nothing. Called for nodes that meet the conditions above. */
    bool (*holds)(const struct rule_scores *scores);
    /* How many windows this one counts for; NULL: one. */
    double (*weight)(const struct rule_scores *scores);
    /* Where these depend on the scores; NULL: `class_`, `feature`, on. */
    enum attack_class (*classify)(const struct rule_scores *scores);
    enum feature (*about)(const struct rule_scores *scores);
    bool (*is_on)(const struct rule_params *params);
};

extern const struct rule_row rule_rows[RULE_COUNT];

static inline uint8_t rule_direction(enum rule rule) {
    return feature_rows[rule_rows[rule].feature].direction;
}

/* The features without which it is off, as a mask. */
static inline uint64_t rule_needs(enum rule rule) {
    const struct rule_row *row = &rule_rows[rule];
    return row->needs | feature_bit(row->feature) | feature_bit(row->screen);
}

/* The row of that name, RULE_COUNT when there is none. */
enum rule rule_find(struct bytes name);

/* XXH3-64 over the table: with the configuration's hash, what forms alerts besides the records. */
uint64_t rule_table_hash(void);

/* A row under a set of parameters and a length of windows. */
struct rule_limits {
    bool is_on;
    struct score_condition condition;
    float keep; /* what remains of a latch's charge after a window */
    float need; /* the charge that latches: about `persistence` windows in a row, or a few more with
                   gaps between */
};

struct rule_limits rule_limits(enum rule rule, const struct rule_params *params, int64_t window_ms);

#endif
