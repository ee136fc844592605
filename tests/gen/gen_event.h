/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_EVENT_H
#define WEIR_TESTS_GEN_EVENT_H

#include "tests/gen/gen_flow.h"
#include "tests/gen/gen_kind.h"
#include "tests/gen/gen_traffic.h"

/* What is planned for certain nodes and times: attacks, and the benign jobs that look like them,
 * each of a kind of gen_kind.h. Of transfers, how much flows is a multiple (`fold`) of what the
 * node usually sends or receives a minute, as counted until the event starts. */

#define GEN_EVENTS_MAX 60000u /* a record names its event in 16 bits */

struct gen_event {
    enum gen_event_kind kind;
    uint32_t node; /* the first; of fleet-wide events there are more */
    uint32_t more[GEN_EVENT_NODES_MAX - 1];
    uint32_t more_count;
    uint64_t start_s;
    uint32_t duration_s;
    double fold;    /* a multiple of the usual; of calls, conversations a minute */
    uint32_t gap_s; /* of a beacon */
    /* Filled as it runs. */
    uint64_t bytes_a_minute; /* decided when it starts */
    uint32_t calls;          /* conversations so far */
    /* What was logged of it on the nodes' interfaces: counted line by line. */
    uint64_t bytes;
    uint64_t packets;
    uint64_t lines;
    uint64_t first_s;
    uint64_t last_s;
};

/* What of a node's report is missing. */
enum { GEN_GAP_NONE, GEN_GAP_WHOLE, GEN_GAP_HALF };

struct gen_events {
    uint32_t count;
    uint8_t gaps[GEN_NODES_MAX]; /* by node, in the minute under way */
    struct gen_event rows[GEN_EVENTS_MAX];
};

const char *gen_event_name(enum gen_event_kind kind);
/* The class that a detector should name ("exfil.volume"), or NULL for a benign kind. */
const char *gen_event_class(enum gen_event_kind kind);
/* The i-th of its nodes; there are 1 + more_count. */
static inline uint32_t gen_event_node(const struct gen_event *event, uint32_t i) {
    return i == 0 ? event->node : event->more[i - 1];
}

/* The port that it uses of those of its kind; 0: it sweeps them. */
uint16_t gen_event_port(const struct gen_event *event);

/* How many peers it has that are known beforehand, and the address of one of them (from 0). */
uint32_t gen_event_peer_count(const struct gen_event *event);
struct address gen_event_peer(const struct gen_event *event, uint64_t seed, uint32_t index);

/* Appends the events that `plan` names, ';' or newline apart, '#' to the line's end ignored:
 *
 *   KIND NODE START DURATION [FOLD]     exfil api-1 2d9h13m 45m 100
 *
 * START counts from the fleet's start; KIND is any of gen_kind.h. "none" plans nothing. "demo"
 * stands for an exfiltration from api-1 and a flood of web-2 on the last day. Errors:
 * ERROR_ARGUMENT (says which entry and why), ERROR_LIMIT. */
bool gen_events_plan(struct gen_events *events, const char *plan, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct error *err);

/* Appends a backup of `node` in each night up to `end_s`, at the hour that the seed gives it, some
 * minutes earlier or later each time, 50 to 200 times its usual traffic. */
bool gen_events_plan_backups(struct gen_events *events, const struct gen_fleet *fleet,
                             uint32_t node, uint64_t start_s, uint64_t end_s, struct error *err);

/* A job by the clock: the same time of the day, more or less, every so many days. */
struct gen_job {
    enum gen_event_kind kind;
    uint32_t node;
    uint32_t every_days;
    uint32_t first_day; /* of the run */
};
bool gen_events_plan_job(struct gen_events *events, const struct gen_fleet *fleet,
                         const struct gen_job *job, uint64_t start_s, uint64_t end_s,
                         struct error *err);

/* Appends one event. Errors: ERROR_LIMIT. */
bool gen_events_append(struct gen_events *events, const struct gen_event *event, struct error *err);

/* The kind of that name; false: there is none. */
bool gen_event_parse_kind(const char *name, size_t size, enum gen_event_kind *out);

/* Adds what the events send in the minute at `minute_s`; boosts and gaps hold for that minute. */
void gen_events_minute(struct gen_events *events, struct gen_traffic *traffic, uint64_t minute_s);

/* Counts a line that was written for record `record`. */
void gen_events_count(struct gen_events *events, const struct gen_record *record);

#endif
