/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/capture_log.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER_SIZE 16

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for the names of a capture's interfaces");
}

/* FEED, then "/" and `name` unless that is empty. */
static bool join(struct bytes feed, struct bytes name, struct bytes *out, struct error *err) {
    uint8_t *text = malloc(feed.size + name.size + 1);
    if (text == NULL) {
        return no_memory(err);
    }
    size_t size = feed.size;
    if (feed.size > 0) {
        memcpy(text, feed.data, feed.size);
    }
    if (name.size > 0) {
        text[size++] = '/';
        memcpy(text + size, name.data, name.size);
        size += name.size;
    }
    *out = bytes_of(text, size);
    return true;
}

bool capture_logs_init(struct capture_logs *logs, struct bytes feed, struct error *err) {
    *logs = (struct capture_logs){ 0 };
    logs->by_interface = calloc(CAPTURE_INTERFACES_MAX, sizeof *logs->by_interface);
    if (logs->by_interface == NULL) {
        return no_memory(err);
    }
    return join(feed, (struct bytes){ 0 }, &logs->feed, err);
}

static void release(struct bytes owned) {
    free((void *)(uintptr_t)owned.data);
}

void capture_logs_done(struct capture_logs *logs) {
    for (uint32_t i = 0; i < logs->count; i++) {
        release(logs->names[i]);
    }
    release(logs->feed);
    free(logs->by_interface);
    *logs = (struct capture_logs){ 0 };
}

/* The id of a name, added when it is new; takes the name. */
static uint32_t id_of(struct capture_logs *logs, struct bytes name) {
    for (uint32_t i = 0; i < logs->count; i++) {
        if (bytes_equal(logs->names[i], name)) {
            release(name);
            return i;
        }
    }
    if (logs->count == FLOWTABLE_LOGS_MAX) {
        release(name);
        return FLOWTABLE_LOGS_MAX - 1;
    }
    logs->names[logs->count] = name;
    return logs->count++;
}

bool capture_logs_name(struct capture_logs *logs, const struct capture_reader *reader,
                       uint32_t interface, uint8_t *log, struct error *err) {
    char number[NUMBER_SIZE];
    struct bytes part = { 0 };
    struct bytes name = { 0 };
    bool is_alone = capture_reader_interface_count(reader) <= 1;
    if (!is_alone) {
        part = capture_reader_interface(reader, interface);
        if (part.size == 0) {
            part = bytes_of(number, (size_t)snprintf(number, sizeof number, "#%u", interface));
        }
    }
    if (!join(logs->feed, part, &name, err)) {
        return false;
    }
    uint32_t id = id_of(logs, name);
    logs->by_interface[interface] = (uint8_t)(id + 1);
    *log = (uint8_t)id;
    return true;
}
