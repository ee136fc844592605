/* SPDX-License-Identifier: Apache-2.0 */
/* A bulk transfer is a few long conversations side by side, renewed every ten minutes; a flood is a
 * short one from each source in each minute. Both come from the same row of numbers. */
#include "tests/gen/gen_event.h"

#include "base/units.h"
#include "tests/gen/gen_pool.h"

#include <stdlib.h>

/* Taken for the usual traffic of a node that has done next to nothing yet. */
#define USUAL_BYTES_A_MINUTE_MIN UINT64_C(200000)

struct event_row {
    const char *name;
    const char *class; /* NULL: benign */
    enum gen_pool pool;
    bool is_inbound;
    uint8_t protocol;
    uint16_t port; /* of the server */
    uint32_t peer_count;
    uint32_t streams; /* conversations at a time; of floods: one from each peer */
    uint32_t minutes; /* that each lasts */
    uint32_t packet_bytes;
    double reply_share; /* bytes that come back, as a share */
    double fold;        /* when the plan does not say */
};

static const struct event_row event_rows[GEN_EVENT_KIND_COUNT] = {
    [GEN_EVENT_EXFIL] = { "exfil", "exfil.volume", GEN_EXFIL_HOSTS, false, 6, 443, 1, 2, 10, 1500,
                          0.02, 100 },
    [GEN_EVENT_DOS] = { "dos", "dos.volume", GEN_BOTS, true, 17, 443, 400, 400, 1, 1200, 0, 100 },
    [GEN_EVENT_SYN_FLOOD] = { "syn_flood", "dos.syn_flood", GEN_BOTS, true, 6, 443, 2000, 2000, 1,
                              60, 0, 20 },
    [GEN_EVENT_BACKUP] = { "backup", NULL, GEN_OBJECT_STORE, false, 6, 443, 4, 4, 10, 1500, 0.02,
                           100 },
};

const char *gen_event_name(enum gen_event_kind kind) {
    return event_rows[kind].name;
}

const char *gen_event_class(enum gen_event_kind kind) {
    return event_rows[kind].class;
}

uint32_t gen_event_peer_count(const struct gen_event *event) {
    return event_rows[event->kind].peer_count;
}

struct address gen_event_peer(const struct gen_event *event, uint64_t seed, uint32_t index) {
    const struct event_row *row = &event_rows[event->kind];
    /* An attacker's hosts are this event's own; the object store's are those that its customers
     * meet most often. */
    uint64_t first = gen_hash(event->start_s, event->node, event->kind) >> 16;
    uint64_t member = row->class == NULL ? index : first + index;
    return gen_pool_address(row->pool, seed, member, false);
}

static bool append(struct gen_events *events, const struct gen_event *event, struct error *err) {
    if (events->count == GEN_EVENTS_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u events", GEN_EVENTS_MAX);
    }
    events->rows[events->count++] = *event;
    return true;
}

static bool parse_kind(const char *word, enum gen_event_kind *out) {
    for (int kind = 0; kind < GEN_EVENT_KIND_COUNT; kind++) {
        if (strcmp(word, event_rows[kind].name) == 0) {
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
    if (!parse_kind(words[0], &event.kind)) {
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
    event.fold = event_rows[event.kind].fold;
    if (count == 5) {
        uint64_t fold;
        if (!units_parse_count(bytes_text(words[4]), &fold, err)) {
            return false;
        }
        event.fold = (double)fold;
    }
    return append(events, &event, err);
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
        if (!append(events, &rows[i], err)) {
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

bool gen_events_plan_backups(struct gen_events *events, const struct gen_fleet *fleet,
                             uint32_t node, uint64_t start_s, uint64_t end_s, struct error *err) {
    struct gen_rng rng;
    gen_rng_init(&rng, gen_hash(fleet->seed, 0xbac0, node));
    uint64_t minute_of_day = 60 + gen_rng_below(&rng, 180); /* 01:00 to 03:59 UTC */
    double fold = 80 + gen_rng_below(&rng, 60);
    for (uint64_t day_s = start_s / 86400 * 86400; day_s < end_s; day_s += 86400) {
        struct gen_event event = {
            .kind = GEN_EVENT_BACKUP,
            .node = node,
            .start_s = day_s + (minute_of_day + gen_rng_below(&rng, 8)) * 60,
            .duration_s = (25 + gen_rng_below(&rng, 8)) * 60,
            .fold = fold * gen_exp2(0.1 * gen_rng_normal(&rng)),
        };
        if (event.start_s >= start_s && event.start_s + event.duration_s <= end_s &&
            !append(events, &event, err)) {
            return false;
        }
    }
    return true;
}

/* Decides how much an event moves, from what its node did up to now. */
static void begin_event(struct gen_event *event, const struct gen_traffic *traffic) {
    const struct event_row *row = &event_rows[event->kind];
    uint64_t minutes = (event->start_s - traffic->start_s) / 60;
    uint64_t usual =
        row->is_inbound ? traffic->received_bytes[event->node] : traffic->sent_bytes[event->node];
    usual = minutes == 0 ? 0 : usual / minutes;
    usual = usual < USUAL_BYTES_A_MINUTE_MIN ? USUAL_BYTES_A_MINUTE_MIN : usual;
    event->bytes_a_minute = (uint64_t)((double)usual * event->fold);
}

static void add_stream(const struct gen_event *event, const struct gen_traffic *traffic,
                       uint16_t number, uint32_t stream, uint64_t start_s, uint32_t minutes) {
    const struct event_row *row = &event_rows[event->kind];
    const struct gen_fleet *fleet = traffic->fleet;
    uint64_t hash = gen_hash(fleet->seed ^ start_s, number, stream);
    /* Up to a fifth more or less from stream to stream. */
    double share = (0.8 + (double)(hash & 0xffff) / 0xffff * 0.4) / row->streams;
    uint64_t bytes = (uint64_t)((double)(event->bytes_a_minute * minutes) * share);
    struct gen_end ours = { .node = event->node, .address = fleet->nodes[event->node].ipv4 };
    struct gen_end theirs = {
        .node = GEN_OUTSIDE,
        .address = gen_event_peer(event, fleet->seed, stream % row->peer_count),
    };
    struct gen_conversation conversation = {
        .client = row->is_inbound ? theirs : ours,
        .server = row->is_inbound ? ours : theirs,
        .protocol = row->protocol,
        .event = (uint16_t)(number + 1),
        .start_s = start_s + (hash >> 48) % 4,
        .offset_us = (uint32_t)(hash >> 24) % (GEN_OFFSET_US_MAX + 1),
        .duration_s = minutes * 60 - 5,
    };
    struct gen_end *client = &conversation.client;
    client->port = (uint16_t)(32768 + (hash >> 16 & 0xffff) % 28232);
    conversation.server.port = row->port;
    client->packets = bytes / row->packet_bytes + 1;
    client->bytes = client->packets * row->packet_bytes;
    if (row->reply_share > 0) {
        conversation.server.packets = client->packets / 2 + 1;
        uint64_t reply = (uint64_t)((double)client->bytes * row->reply_share);
        conversation.server.bytes = reply + conversation.server.packets * 40;
    }
    traffic->sink.take(traffic->sink.context, &conversation);
}

static void run_event(struct gen_events *events, uint32_t number, const struct gen_traffic *traffic,
                      uint64_t minute_s) {
    struct gen_event *event = &events->rows[number];
    const struct event_row *row = &event_rows[event->kind];
    uint64_t passed_s = minute_s - event->start_s;
    if (passed_s == 0) {
        begin_event(event, traffic);
    }
    if (passed_s % (row->minutes * 60) != 0) {
        return;
    }
    uint32_t left = (uint32_t)((event->duration_s - passed_s) / 60);
    for (uint32_t stream = 0; stream < row->streams; stream++) {
        add_stream(event, traffic, (uint16_t)number, stream, minute_s,
                   left < row->minutes ? left : row->minutes);
    }
}

void gen_events_minute(struct gen_events *events, const struct gen_traffic *traffic,
                       uint64_t minute_s) {
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
