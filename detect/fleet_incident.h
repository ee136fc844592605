/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FLEET_INCIDENT_H
#define WEIR_DETECT_FLEET_INCIDENT_H

#include "detect/alert.h"

/* What several nodes have in common: a group of peers that is rare in the fleet, or an inbound
 * class (a flood over several nodes is carpet bombing). While it *gathers* it is one or two nodes
 * that opened an alert within the last FLEET_SPAN_MS; with the third it is open, and keeps all. One
 * thread. */

#define FLEET_SPAN_MS (INT64_C(10) * 60 * 1000)
#define FLEET_NODES_MIN 3u
/* Beyond it those whose episodes have ended make room; where there is none, new nodes are not
 * remembered, and the incident is wide: anyone may be part of it. */
#define FLEET_MEMBERS_MAX 1024u
#define FLEET_CLASS_SIZE 32
#define FLEET_ATTACK_SIZE 16

enum fleet_kind { FLEET_INBOUND, FLEET_PEER };

struct fleet_key {
    enum fleet_kind kind;
    uint8_t direction;             /* enum direction */
    char class_[FLEET_CLASS_SIZE]; /* FLEET_INBOUND */
    uint64_t group;                /* FLEET_PEER: its hash */
};

/* By kind, direction, class, group: the order of incidents in a window. */
int fleet_key_compare(const struct fleet_key *a, const struct fleet_key *b);

/* What the last alert said by which a node belongs to the incident. */
struct fleet_told {
    char class_[FLEET_CLASS_SIZE];
    char attack[2][FLEET_ATTACK_SIZE]; /* "": none */
    uint32_t feature;                  /* enum feature */
    enum alert_severity severity;      /* the highest so far */
    double values[5];                  /* observed, expected, low, high, threshold */
    double score;
    double confidence;
    int64_t baseline_age_ms;
    uint64_t baseline_samples;
    uint32_t quality;
    bool is_warm;
    struct evidence_sum total;
    uint64_t peer_count;
    bool has_peer; /* the one with most bytes; likewise the port */
    bool has_port;
    struct evidence_peer peer;
    struct evidence_port port;
    struct evidence_rare rare; /* group 0: none */
};

struct fleet_member {
    struct bytes name; /* the incident's memory, as the role behind it */
    struct bytes role;
    uint64_t episode; /* hash of its id; 0: it has ended */
    int64_t start_ms; /* of the episode */
    int64_t told_ms;  /* end of the window of its last alert */
    struct fleet_told told;
};

struct fleet_incident {
    struct fleet_key key;
    struct fleet_member *members; /* [count], by name */
    uint32_t count;
    uint32_t capacity;
    bool is_open;
    bool is_wide;
    /* of an open one: */
    struct fleet_told lead; /* of its gravest member when it opened: class, techniques, feature */
    int64_t start_ms;       /* the earliest of the first members' episodes */
    int64_t heard_ms;       /* end of the last window in which a member was not calm */
    int64_t ended_ms;       /* end of the window in which the last episode ended; 0: some goes on */
    int64_t said_ms;        /* end of the last window that an alert told of; 0: none yet */
    uint32_t said_count;    /* of members, then */
    enum alert_severity said_severity;
    char id[33]; /* of its first alert; "": none yet */
};

/* NULL without memory; free accepts NULL. */
struct fleet_incident *fleet_incident_new(const struct fleet_key *key);
void fleet_incident_free(struct fleet_incident *incident);

struct fleet_member *fleet_incident_find(const struct fleet_incident *incident, struct bytes name);

/* Adds a member of that name, which is not there; the texts are copied, the rest of it is zero.
 * NULL without memory. */
struct fleet_member *fleet_incident_add(struct fleet_incident *incident, struct bytes name,
                                        struct bytes role);

/* The alert of a window that ends at `end_ms` makes its node a member, or says something new of
 * one. Errors: ERROR_LIMIT (memory); nothing changed then. */
bool fleet_incident_join(struct fleet_incident *incident, const struct alert *alert, int64_t end_ms,
                         struct error *err);

/* Of one that gathers: forgets who opened in windows that ended before `since_ms`. */
void fleet_incident_forget(struct fleet_incident *incident, int64_t since_ms);

/* One that gathers is an incident now. */
void fleet_incident_open(struct fleet_incident *incident, int64_t end_ms);

/* An episode ended, in the window that ends at `end_ms`. */
void fleet_incident_end(struct fleet_incident *incident, const struct alert *alert, int64_t end_ms);

/* Whether the episode goes on by which a node belongs to it. */
bool fleet_incident_holds(const struct fleet_incident *incident, struct bytes name);

/* The hash of the episode that an alert belongs to; not 0. */
uint64_t fleet_episode_of(const struct alert *alert);

/* The highest that a member has had. */
enum alert_severity fleet_incident_severity(const struct fleet_incident *incident);

/* What of an alert follows from the incident alone: not its state, window and ids. `names` and
 * `identity` are lent to the alert. */
#define FLEET_IDENTITY_SIZE 64
void fleet_incident_alert(const struct fleet_incident *incident, bool has_evidence,
                          struct bytes names[ALERT_NODES_MAX], char identity[FLEET_IDENTITY_SIZE],
                          struct alert *alert);

/* As bytes and back (fleet_incident_state.c says which). Reading is total: what no incident can be
 * latches a failure, as a lack of memory does, and gives NULL. `now_ms`: no time in it is later. */
void fleet_incident_save(const struct fleet_incident *incident, struct buffer *out);
struct fleet_incident *fleet_incident_load(struct cursor *cursor, int64_t now_ms);

#endif
