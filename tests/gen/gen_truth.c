/* SPDX-License-Identifier: Apache-2.0 */
/* Every text in it is an identifier or a number that we made, so nothing needs escaping. */
#include "tests/gen/gen_truth.h"

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

static void put_node(struct buffer *out, const struct gen_fleet *fleet, uint32_t index) {
    const struct gen_node *node = &fleet->nodes[index];
    put(out, "{\"node\":\"%s\",\"role\":\"%s\",\"account\":\"%s\",\"interface\":\"%s\",",
        node->name, gen_role_name(node->role), fleet->accounts[node->account].id,
        node->interface_id);
    put(out, "\"instance\":\"%s\",\"addresses\":[\"%s\",\"%s\"],\"pods\":[", node->instance_id,
        node->ipv4_text, node->ipv6_text);
    for (uint32_t pod = 0; pod < node->pod_count; pod++) {
        put(out, "%s", pod == 0 ? "" : ",");
        put_address(out, gen_fleet_pod(index, pod));
    }
    put(out, "]}");
}

static void put_event(struct buffer *out, const struct gen_fleet *fleet,
                      const struct gen_event *event) {
    const struct gen_node *node = &fleet->nodes[event->node];
    put(out, "{\"node\":\"%s\",\"interface\":\"%s\",\"kind\":\"%s\",", node->name,
        node->interface_id, gen_event_name(event->kind));
    const char *class = gen_event_class(event->kind);
    if (class != NULL) {
        put(out, "\"class\":\"%s\",", class);
    }
    put_time(out, "start", event->start_s);
    put(out, ",");
    put_time(out, "end", event->start_s + event->duration_s);
    put(out, ",\"fold\":%llu,\"lines\":%llu,\"packets\":%llu,\"bytes\":%llu,\"peers\":[",
        (unsigned long long)(event->fold + 0.5), (unsigned long long)event->lines,
        (unsigned long long)event->packets, (unsigned long long)event->bytes);
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
    for (uint32_t i = 0; i < fleet->node_count; i++) {
        put(out, "%s\n  ", i == 0 ? "" : ",");
        put_node(out, fleet, i);
    }
    put(out, "],\n \"attacks\":[");
    put_events(out, events, fleet, false);
    put(out, "],\n \"benign\":[");
    put_events(out, events, fleet, true);
    put(out, "]}\n");
}
