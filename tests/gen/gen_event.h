/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_EVENT_H
#define WEIR_TESTS_GEN_EVENT_H

#include "tests/gen/gen_flow.h"
#include "tests/gen/gen_traffic.h"

/* What is planned for certain nodes and times: attacks, and the benign jobs that look like them.
 * Each kind is a row of a table: direction, peers, ports, sizes. How much flows is a multiple
 * (`fold`) of what the node usually sends or receives a minute, as counted until the event starts.
 */

enum gen_event_kind {
    GEN_EVENT_EXFIL,     /* to a host that the fleet never met */
    GEN_EVENT_DOS,       /* a UDP flood from some hundred sources, accepted */
    GEN_EVENT_SYN_FLOOD, /* bare SYNs from thousands of sources */
    GEN_EVENT_BACKUP,    /* benign: to the object store, at night */
    GEN_EVENT_KIND_COUNT,
};

#define GEN_EVENTS_MAX 4096u

struct gen_event {
    enum gen_event_kind kind;
    uint32_t node;
    uint64_t start_s;
    uint32_t duration_s;
    double fold;
    /* Filled as it runs. */
    uint64_t bytes_a_minute; /* decided when it starts */
    /* What was logged of it on the node's interface: counted line by line. */
    uint64_t bytes;
    uint64_t packets;
    uint64_t lines;
    uint64_t first_s;
    uint64_t last_s;
};

struct gen_events {
    struct gen_event rows[GEN_EVENTS_MAX];
    uint32_t count;
};

const char *gen_event_name(enum gen_event_kind kind);
/* The class that a detector should name ("exfil.volume"), or NULL for a benign kind. */
const char *gen_event_class(enum gen_event_kind kind);
/* How many peers it has, and the address of one of them (from 0). */
uint32_t gen_event_peer_count(const struct gen_event *event);
struct address gen_event_peer(const struct gen_event *event, uint64_t seed, uint32_t index);

/* Appends the events that `plan` names, ';' or newline apart, '#' to the line's end ignored:
 *
 *   KIND NODE START DURATION [FOLD]     exfil api-1 2d9h13m 45m 100
 *
 * START counts from the fleet's start; KIND is exfil, dos, syn_flood or backup. "none" plans
 * nothing. "demo" stands for an exfiltration from api-1 and a flood of web-2 on the last day.
 * Errors: ERROR_ARGUMENT (says which entry and why), ERROR_LIMIT. */
bool gen_events_plan(struct gen_events *events, const char *plan, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct error *err);

/* Appends a backup of `node` in each night up to `end_s`, at the hour that the seed gives it, some
 * minutes earlier or later each time, 50 to 200 times its usual traffic. */
bool gen_events_plan_backups(struct gen_events *events, const struct gen_fleet *fleet,
                             uint32_t node, uint64_t start_s, uint64_t end_s, struct error *err);

/* Adds what the events send in the minute at `minute_s`. */
void gen_events_minute(struct gen_events *events, const struct gen_traffic *traffic,
                       uint64_t minute_s);

/* Counts a line that was written for record `record`. */
void gen_events_count(struct gen_events *events, const struct gen_record *record);

#endif
