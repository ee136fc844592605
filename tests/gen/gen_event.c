/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as text, and the events' clock. What they send is the engines'. */
#include "tests/gen/gen_event.h"

#include "base/units.h"
#include "tests/gen/gen_calls.h"
#include "tests/gen/gen_transfer.h"

#include <stdlib.h>

const char *gen_event_name(enum gen_event_kind kind) {
    return gen_event_row(kind)->name;
}

const char *gen_event_class(enum gen_event_kind kind) {
    return gen_event_row(kind)->class;
}

uint16_t gen_event_port(const struct gen_event *event) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint32_t count = 0;
    while (count < GEN_EVENT_PORTS_MAX && row->ports[count] != 0) {
        count++;
    }
    uint64_t hash = gen_hash(event->start_s, event->node, 0x907);
    return count == 0 ? 0 : row->ports[hash % count];
}

uint32_t gen_event_peer_count(const struct gen_event *event) {
    return gen_event_row(event->kind)->peer_count;
}

struct address gen_event_peer(const struct gen_event *event, uint64_t seed, uint32_t index) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    uint64_t member = index;
    if (row->peers == GEN_PEERS_OWN) {
        member += gen_hash(event->start_s, event->node, event->kind) >> 16;
    } else if (row->peers == GEN_PEERS_PARTNER) {
        member += gen_hash(0x9a47, event->node, event->kind) >> 16;
    }
    return gen_pool_address(row->pool, seed, member, row->may_be_ipv6);
}

bool gen_events_append(struct gen_events *events, const struct gen_event *event,
                       struct error *err) {
    if (events->count == GEN_EVENTS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u events", GEN_EVENTS_MAX);
    }
    events->rows[events->count++] = *event;
    return true;
}

bool gen_event_parse_kind(const char *name, size_t size, enum gen_event_kind *out) {
    for (uint32_t kind = 0; kind < GEN_EVENT_KIND_COUNT; kind++) {
        const char *known = gen_event_row((enum gen_event_kind)kind)->name;
        if (strlen(known) == size && memcmp(known, name, size) == 0) {
            *out = (enum gen_event_kind)kind;
            return true;
        }
    }
    return false;
}

/* One entry, whose words are already apart. */
static bool parse_words(struct gen_events *events, char *const *words, size_t count,
                        const struct gen_fleet *fleet, uint64_t start_s, uint64_t end_s,
                        struct error *err) {
    struct gen_event event = { 0 };
    if (count < 4 || count > 5) {
        return error_set(err, ERROR_ARGUMENT, "expected KIND NODE START DURATION [FOLD]");
    }
    if (!gen_event_parse_kind(words[0], strlen(words[0]), &event.kind)) {
        return error_set(err, ERROR_ARGUMENT, "no kind of event is called \"%s\"", words[0]);
    }
    event.node = gen_fleet_find(fleet, words[1]);
    if (event.node == GEN_OUTSIDE) {
        return error_set(err, ERROR_ARGUMENT, "the fleet has no node \"%s\"", words[1]);
    }
    int64_t start_ms;
    int64_t duration_ms;
    if (!units_parse_duration(bytes_text(words[2]), &start_ms, err) ||
        !units_parse_duration(bytes_text(words[3]), &duration_ms, err)) {
        return false;
    }
    uint64_t length_s = end_s - start_s;
    if ((uint64_t)start_ms / 1000 >= length_s || duration_ms < 60000 ||
        (uint64_t)duration_ms / 1000 > length_s - (uint64_t)start_ms / 1000) {
        return error_set(err, ERROR_ARGUMENT,
                         "an event lasts a minute or more and lies within the fleet's time");
    }
    event.start_s = start_s + (uint64_t)start_ms / 60000 * 60;
    event.duration_s = (uint32_t)((uint64_t)duration_ms / 60000 * 60);
    event.fold = gen_event_row(event.kind)->fold;
    if (count == 5) {
        uint64_t fold;
        if (!units_parse_count(bytes_text(words[4]), &fold, err)) {
            return false;
        }
        event.fold = (double)fold;
    }
    event.gap_s = gen_event_row(event.kind)->gap_min_s;
    return gen_events_append(events, &event, err);
}

static bool parse_entry(struct gen_events *events, char *entry, const struct gen_fleet *fleet,
                        uint64_t start_s, uint64_t end_s, struct error *err) {
    char *words[6];
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(entry, " \t\r", &rest); word != NULL && count < 6;
         word = strtok_r(NULL, " \t\r", &rest)) {
        words[count++] = word;
    }
    return count == 0 || parse_words(events, words, count, fleet, start_s, end_s, err);
}

/* Cuts comments off in place. */
static void blank_comments(char *plan) {
    bool is_comment = false;
    for (; *plan != '\0'; plan++) {
        is_comment = (is_comment || *plan == '#') && *plan != '\n';
        *plan = is_comment ? ' ' : *plan;
    }
}

static bool plan_entries(struct gen_events *events, const char *plan, const struct gen_fleet *fleet,
                         uint64_t start_s, uint64_t end_s, struct error *err) {
    char *copy = strdup(plan);
    if (copy == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a plan of events");
    }
    blank_comments(copy);
    char *rest = NULL;
    bool is_planned = true;
    uint32_t number = 0;
    for (char *entry = strtok_r(copy, ";\n", &rest); entry != NULL && is_planned;
         entry = strtok_r(NULL, ";\n", &rest)) {
        number++;
        is_planned = parse_entry(events, entry, fleet, start_s, end_s, err) ||
                     error_context(err, "entry %u of the attacks", number);
    }
    free(copy);
    return is_planned;
}

/* On the last day: the leak in the morning, the flood in the afternoon. */
static bool plan_demo(struct gen_events *events, const struct gen_fleet *fleet, uint64_t start_s,
                      uint64_t end_s, struct error *err) {
    uint64_t day_s = (end_s - start_s - 1) / 86400 * 86400;
    const struct gen_event rows[2] = {
        { .kind = GEN_EVENT_EXFIL,
          .node = gen_fleet_find(fleet, "api-1"),
          .start_s = start_s + day_s + 9 * 3600 + 13 * 60,
          .duration_s = 45 * 60,
          .fold = 100 },
        { .kind = GEN_EVENT_DOS,
          .node = gen_fleet_find(fleet, "web-2"),
          .start_s = start_s + day_s + 15 * 3600 + 42 * 60,
          .duration_s = 20 * 60,
          .fold = 100 },
    };
    for (size_t i = 0; i < 2; i++) {
        if (rows[i].node == GEN_OUTSIDE || rows[i].start_s + rows[i].duration_s > end_s) {
            return error_set(err, ERROR_ARGUMENT,
                             "the demo's attacks need 9 nodes and a whole last day");
        }
        if (!gen_events_append(events, &rows[i], err)) {
            return false;
        }
    }
    return true;
}

bool gen_events_plan(struct gen_events *events, const char *plan, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct error *err) {
    if (strcmp(plan, "none") == 0) {
        return true;
    }
    if (strcmp(plan, "demo") == 0) {
        return plan_demo(events, fleet, start_s, end_s, err);
    }
    return plan_entries(events, plan, fleet, start_s, end_s, err);
}

bool gen_events_plan_job(struct gen_events *events, const struct gen_fleet *fleet,
                         const struct gen_job *job, uint64_t start_s, uint64_t end_s,
                         struct error *err) {
    struct gen_rng rng;
    uint64_t salt = 0xbac0 + (uint64_t)(job->kind - GEN_EVENT_BACKUP);
    gen_rng_init(&rng, gen_hash(fleet->seed, salt, job->node));
    uint64_t minute_of_day = 60 + gen_rng_below(&rng, 180); /* 01:00 to 03:59 UTC */
    double fold = 80 + gen_rng_below(&rng, 60);
    uint64_t first_day_s = start_s / 86400 * 86400 + job->first_day * UINT64_C(86400);
    for (uint64_t day_s = first_day_s; day_s < end_s; day_s += job->every_days * UINT64_C(86400)) {
        struct gen_event event = {
            .kind = job->kind,
            .node = job->node,
            .start_s = day_s + (minute_of_day + gen_rng_below(&rng, 8)) * 60,
            .duration_s = (25 + gen_rng_below(&rng, 8)) * 60,
            .fold = fold * gen_exp2(0.1 * gen_rng_normal(&rng)),
        };
        if (event.start_s >= start_s && event.start_s + event.duration_s <= end_s &&
            !gen_events_append(events, &event, err)) {
            return false;
        }
    }
    return true;
}

bool gen_events_plan_backups(struct gen_events *events, const struct gen_fleet *fleet,
                             uint32_t node, uint64_t start_s, uint64_t end_s, struct error *err) {
    const struct gen_job job = { .kind = GEN_EVENT_BACKUP, .node = node, .every_days = 1 };
    return gen_events_plan_job(events, fleet, &job, start_s, end_s, err);
}

/* The part of a swelling event's height at a moment: a parabola, 0 at either end. */
static double hump_at(const struct gen_event *event, uint64_t minute_s) {
    double part = (double)(minute_s + 30 - event->start_s) / event->duration_s;
    return 4 * part * (1 - part);
}

static void run_event(struct gen_events *events, uint32_t number, struct gen_traffic *traffic,
                      uint64_t minute_s) {
    struct gen_event *event = &events->rows[number];
    const struct gen_event_row *row = gen_event_row(event->kind);
    double height = row->is_hump ? hump_at(event, minute_s) : 1;
    for (uint32_t i = 0; i <= event->more_count; i++) {
        uint32_t node = gen_event_node(event, i);
        switch (row->engine) {
        case GEN_TRANSFER: gen_transfer_minute(event, number, i, traffic, minute_s); break;
        case GEN_CALLS: gen_calls_minute(event, number, i, height, traffic, minute_s); break;
        case GEN_BOOST: traffic->boosts[node] *= 1 + (event->fold - 1) * height; break;
        case GEN_GAP: events->gaps[node] = GEN_GAP_WHOLE; break;
        case GEN_SKIP: events->gaps[node] = GEN_GAP_HALF; break;
        }
    }
}

void gen_events_minute(struct gen_events *events, struct gen_traffic *traffic, uint64_t minute_s) {
    for (uint32_t i = 0; i < traffic->fleet->node_count; i++) {
        traffic->boosts[i] = 1;
        events->gaps[i] = GEN_GAP_NONE;
    }
    for (uint32_t i = 0; i < events->count; i++) {
        const struct gen_event *event = &events->rows[i];
        if (minute_s >= event->start_s && minute_s < event->start_s + event->duration_s) {
            run_event(events, i, traffic, minute_s);
        }
    }
}

void gen_events_count(struct gen_events *events, const struct gen_record *record) {
    if (record->event == 0) {
        return;
    }
    struct gen_event *event = &events->rows[record->event - 1];
    event->bytes += record->bytes;
    event->packets += record->packets;
    if (event->lines == 0 || record->start_s < event->first_s) {
        event->first_s = record->start_s;
    }
    event->last_s = record->end_s > event->last_s ? record->end_s : event->last_s;
    event->lines++;
}
