/* SPDX-License-Identifier: Apache-2.0 */
/* Every text in it is an identifier or a number that we made, so nothing needs escaping. */
#include "tests/gen/gen_truth.h"

#include "tests/gen/gen_life.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

__attribute__((format(printf, 2, 3))) static void put(struct buffer *out, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size > 0) {
        buffer_put(out, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
    }
}

static void put_time(struct buffer *out, const char *name, uint64_t at_s) {
    time_t at = (time_t)at_s;
    struct tm utc;
    char text[32];
    (void)gmtime_r(&at, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    put(out, "\"%s\":\"%s\"", name, text);
}

static void put_address(struct buffer *out, struct address address) {
    char text[ADDRESS_TEXT_SIZE];
    (void)address_format(address, text);
    put(out, "\"%s\"", text);
}

static void put_node(struct buffer *out, const struct gen_fleet *fleet, uint32_t index,
                     const struct gen_node *node, const struct gen_life *life) {
    put(out, "{\"node\":\"%s\",\"role\":\"%s\",\"account\":\"%s\",\"interface\":\"%s\",",
        node->name, gen_role_name(node->role), fleet->accounts[node->account].id,
        node->interface_id);
    if (life != NULL) {
        put_time(out, "from", life->birth_s);
        put(out, ",");
        put_time(out, "to", life->death_s);
        put(out, ",");
    }
    put(out, "\"instance\":\"%s\",\"addresses\":[\"%s\",\"%s\"],\"pods\":[", node->instance_id,
        node->ipv4_text, node->ipv6_text);
    for (uint32_t pod = 0; pod < node->pod_count; pod++) {
        put(out, "%s", pod == 0 ? "" : ",");
        put_address(out, gen_fleet_pod(index, pod));
    }
    put(out, "]}");
}

/* Each life of a place, or the one node that stays. */
static const char *put_place(struct buffer *out, const struct gen_fleet *fleet, uint32_t index,
                             uint64_t start_s, uint64_t end_s, const char *separator) {
    if (!fleet->nodes[index].is_scaled) {
        put(out, "%s\n  ", separator);
        put_node(out, fleet, index, &fleet->nodes[index], NULL);
        return ",";
    }
    for (uint64_t day_s = start_s / 86400 * 86400; day_s < end_s; day_s += 86400) {
        struct gen_life life;
        if (gen_life_of_day(fleet, index, day_s, &life) && life.birth_s < end_s &&
            life.death_s > start_s) {
            struct gen_node node;
            gen_life_node(fleet, index, day_s, &node);
            put(out, "%s\n  ", separator);
            put_node(out, fleet, index, &node, &life);
            separator = ",";
        }
    }
    return separator;
}

static void put_parameters(struct buffer *out, const struct gen_event *event) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    const char *name = row->engine == GEN_CALLS ? "calls_a_minute"
                       : row->is_absolute       ? "megabytes_a_minute"
                                                : "fold";
    /* Tenths, of which a plan in words has none. */
    uint64_t tenths = (uint64_t)(event->fold * 10 + 0.5);
    put(out, ",\"%s\":%llu", name, (unsigned long long)(tenths / 10));
    if (tenths % 10 != 0) {
        put(out, ".%llu", (unsigned long long)(tenths % 10));
    }
    if (event->gap_s > 0) {
        put(out, ",\"gap_s\":%u", event->gap_s);
    }
    uint16_t port = gen_event_port(event);
    if (port != 0 && !row->is_port_each) {
        put(out, ",\"port\":%u", port);
    }
    if (row->protocol != 0) {
        put(out, ",\"protocol\":%u", row->protocol);
    }
    put(out, ",\"direction\":\"%s\"",
        row->direction == GEN_SUFFERS || row->direction == GEN_FETCHES ? "in" : "out");
}

static void put_class(struct buffer *out, const struct gen_event_row *row) {
    if (row->class != NULL) {
        put(out, "\"class\":\"%s\",", row->class);
    }
    if (row->also != NULL) {
        put(out, "\"also\":\"%s\",", row->also);
    }
    if (row->is_declared) {
        put(out, "\"is_declared\":true,");
    }
}

static void put_event(struct buffer *out, const struct gen_fleet *fleet,
                      const struct gen_event *event) {
    const struct gen_event_row *row = gen_event_row(event->kind);
    struct gen_node node;
    gen_life_node(fleet, event->node, event->start_s, &node);
    put(out, "{\"node\":\"%s\",\"interface\":\"%s\",\"kind\":\"%s\",", node.name, node.interface_id,
        row->name);
    put_class(out, row);
    put_time(out, "start", event->start_s);
    put(out, ",");
    put_time(out, "end", event->start_s + event->duration_s);
    put_parameters(out, event);
    if (event->more_count > 0) {
        put(out, ",\"nodes\":[");
        for (uint32_t i = 0; i <= event->more_count; i++) {
            gen_life_node(fleet, gen_event_node(event, i), event->start_s, &node);
            put(out, "%s\"%s\"", i == 0 ? "" : ",", node.name);
        }
        put(out, "]");
    }
    put(out, ",\"lines\":%llu,\"packets\":%llu,\"bytes\":%llu,\"peers\":[",
        (unsigned long long)event->lines, (unsigned long long)event->packets,
        (unsigned long long)event->bytes);
    for (uint32_t i = 0; i < gen_event_peer_count(event); i++) {
        put(out, "%s", i == 0 ? "" : ",");
        put_address(out, gen_event_peer(event, fleet->seed, i));
    }
    put(out, "]}");
}

static void put_events(struct buffer *out, const struct gen_events *events,
                       const struct gen_fleet *fleet, bool is_benign) {
    const char *separator = "";
    for (uint32_t i = 0; i < events->count; i++) {
        const struct gen_event *event = &events->rows[i];
        if ((gen_event_class(event->kind) == NULL) == is_benign) {
            put(out, "%s\n  ", separator);
            put_event(out, fleet, event);
            separator = ",";
        }
    }
}

void gen_truth_write(const struct gen_events *events, const struct gen_fleet *fleet,
                     uint64_t start_s, uint64_t end_s, struct buffer *out) {
    put(out, "{\"seed\":%llu,", (unsigned long long)fleet->seed);
    put_time(out, "start", start_s);
    put(out, ",");
    put_time(out, "end", end_s);
    put(out, ",\n \"nodes\":[");
    const char *separator = "";
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        separator = put_place(out, fleet, i, start_s, end_s, separator);
    }
    put(out, "],\n \"attacks\":[");
    put_events(out, events, fleet, false);
    put(out, "],\n \"benign\":[");
    put_events(out, events, fleet, true);
    put(out, "]}\n");
}

void gen_truth_changes(const struct gen_events *events, const struct gen_fleet *fleet,
                       struct buffer *out) {
    put(out, "node,from,to,reason\n");
    for (uint32_t i = 0; i < events->count; i++) {
        const struct gen_event *event = &events->rows[i];
        for (uint32_t k = 0; gen_event_row(event->kind)->is_declared && k <= event->more_count;
             k++) {
            struct gen_node node;
            gen_life_node(fleet, gen_event_node(event, k), event->start_s, &node);
            put(out, "%s,@%llu,@%llu,%s\n", node.name, (unsigned long long)event->start_s,
                (unsigned long long)(event->start_s + event->duration_s),
                gen_event_name(event->kind));
        }
    }
}
