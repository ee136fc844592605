/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ALERT_H
#define WEIR_DETECT_ALERT_H

#include "base/json_write.h"
#include "detect/evidence.h"
#include "detect/feature.h"
#include "detect/metric.h"
#include "flow/community.h"

/* One alert: a rule's state for one node and direction at the close of one window, or a fleet
 * incident's for several nodes (detect/fleet_stage.h). The JSON is the contract (docs/FORMATS.md,
 * "Alert"); keys, order and number forms never vary. */

#define ALERT_NODES_MAX 64u

enum alert_state { ALERT_OPEN, ALERT_ONGOING, ALERT_CLOSED };
enum alert_severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
enum alert_advice { ADVICE_NONE, ADVICE_NOTIFY, ADVICE_QUARANTINE, ADVICE_RECYCLE };

struct alert {
    char id[33]; /* hash of (cluster, identity, class, rule, episode start, window, state) */
    char lineage[17];
    char episode[33]; /* the id of its first alert */
    enum alert_state state;
    enum alert_severity severity;
    enum alert_advice advice;
    const char *class_;
    const char *rule;
    const char *attack[2]; /* ATT&CK technique ids; NULL: none */
    uint8_t direction;     /* enum direction */
    enum feature feature;  /* "metric" in the JSON */
    int64_t window_start_ms;
    int64_t window_end_ms;
    int64_t episode_start_ms; /* start of the first window that fired */
    struct bytes cluster;
    struct bytes node;
    struct bytes identity;
    struct bytes role;
    struct bytes interface;
    const struct bytes *nodes; /* [node_rows]: of a fleet incident the names, ascending; or NULL */
    uint32_t node_rows;        /* at most ALERT_NODES_MAX */
    uint32_t node_count;       /* of all its nodes; 0: the alert is about one node, `node` */
    struct bytes announced;    /* the name of the work that it falls into (say.h); empty: none */
    uint64_t rare_group;       /* hash of the group of peers, rare in the fleet; 0: none */
    double observed;           /* in the feature's unit; of a closed alert: the episode's peak */
    double peak;               /* the largest so far, of the rule that opened the episode */
    bool has_peak;             /* the alert is of that rule and its feature */
    double expected;
    double low; /* of the baseline, in the same units */
    double high;
    bool is_scored;     /* there is a baseline to hold it against, so there are the next three */
    double record;      /* of any hour */
    double over_record; /* bits above it */
    double deviations;  /* above what is expected */
    double threshold;   /* what the rule demanded of `observed` here */
    double score;       /* bits above the hour's record, or without a baseline above the limit */
    double confidence;
    int64_t baseline_age_ms;
    uint64_t baseline_samples; /* windows learned from */
    uint32_t quality;          /* enum metric_quality bits that lower the trust */
    uint32_t windows_over;     /* of the episode, in which a rule fired; 0: not known */
    uint64_t parameters;       /* hash of the numbers of the rules that count for the node; 0: of
                                  none alone */
    bool is_warm;
    struct evidence evidence; /* of a closed alert: empty */
};

/* Receives alerts in the order (window, node name, direction), those of fleet incidents behind the
 * others of their window. The alert is valid during the call.
 * False (err set) stops the detector's call with that error. */
struct alert_sink {
    void *context;
    bool (*emit)(void *context, const struct alert *alert, struct error *err);
};

/* Sets `id` from the fields that it is a hash of: 128 bits of XXH3, as hex. */
void alert_identify(struct alert *alert);

/* A hash as 16 hex digits: a group of peers, parameters, a lineage. */
#define ALERT_HASH_SIZE 17
void alert_hash_text(uint64_t hash, char out[ALERT_HASH_SIZE]);

/* Appends the alert as one line of JSON with its newline. Errors are latched in `out`. */
void alert_write_json(const struct alert *alert, struct buffer *out);

/* --- parts, for the other forms of the alert (alert_form.h) -------------------------------- */

/* Of the native form: its field `v`. */
#define ALERT_VERSION 1
#define ALERT_VERSION_TEXT "1"

/* Digits behind the point: of ratios, scores and confidence; of seconds; of values in the unit of
 * the alert's feature, where bytes are whole and all else may be small. */
#define ALERT_RATIO_DECIMALS 3u
#define ALERT_SECONDS_DECIMALS 0u
unsigned alert_value_decimals(const struct alert *alert);

/* The same object as a value. */
void alert_put_json(const struct alert *alert, struct json_writer *json);

/* Appends the shell command that shows the flows behind the alert. */
void alert_put_flowq(const struct alert *alert, struct buffer *out);

/* The identity when it is the id of an EC2 instance, else an empty text. */
struct bytes alert_instance(const struct alert *alert);

/* The Community ID of a key; false when it cannot be told (flow logs tell neither type nor code of
 * ICMP, and an unknown local address would give the id of another flow). */
bool alert_community_id(const struct evidence_key *key, char out[COMMUNITY_ID_SIZE]);

/* "skipped", "sampled", "cut": the names of the quality bits of an alert, in their order; NULL
 * behind the last. */
const char *alert_quality_name(const struct alert *alert, size_t index);

const char *alert_state_name(enum alert_state state);
const char *alert_severity_name(enum alert_severity severity);
const char *alert_advice_name(enum alert_advice advice);
const char *alert_direction_name(uint8_t direction); /* "in", "out", "unknown" */

#endif
