/* SPDX-License-Identifier: Apache-2.0 */
/* The flow store's writer: a handful of open segments, one an hour of event time. Deliveries come
 * within minutes of order, so one or two hours are open at a time; a feed that jumps about costs
 * small segments, never descriptors. */
#include "store/flows.h"

#include "base/file.h"
#include "flow/frame_split.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOUR_MS INT64_C(3600000)
#define PATH_SIZE 64

struct open_segment {
    struct segment_writer *writer; /* NULL: a free place */
    int64_t hour;
    uint64_t used; /* the writer's clock when it was used last */
    struct manifest_segment about;
    char path[PATH_SIZE];
};

struct flows_writer {
    char *directory;
    const struct manifest *manifest;
    struct frame_encoder *encoder;
    struct buffer frame;
    struct open_segment open[FLOWS_OPEN_MAX];
    uint64_t clock;
    struct manifest_segment *finished;
    size_t finished_count;
    size_t finished_capacity;
};

bool flows_writer_open(struct flows_writer **out, const char *directory,
                       const struct manifest *manifest, struct error *err) {
    struct flows_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the flow store");
    }
    buffer_init(&writer->frame, FRAME_SIZE_MAX);
    writer->manifest = manifest;
    writer->directory = strdup(directory);
    if (writer->directory == NULL) {
        flows_writer_close(writer);
        return error_set(err, ERROR_LIMIT, "no memory for the flow store");
    }
    writer->encoder = frame_encoder_new(err);
    if (writer->encoder == NULL) {
        flows_writer_close(writer);
        return false;
    }
    *out = writer;
    return true;
}

void flows_writer_close(struct flows_writer *writer) {
    if (writer == NULL) {
        return;
    }
    for (size_t i = 0; i < FLOWS_OPEN_MAX; i++) {
        segment_abort(writer->open[i].writer);
    }
    for (size_t i = 0; i < writer->finished_count; i++) {
        free((char *)(uintptr_t)writer->finished[i].path);
    }
    free(writer->finished);
    frame_encoder_free(writer->encoder);
    buffer_done(&writer->frame);
    free(writer->directory);
    free(writer);
}

static bool finish(struct flows_writer *writer, struct open_segment *open, struct error *err) {
    if (writer->finished_count == writer->finished_capacity) {
        size_t capacity = writer->finished_capacity == 0 ? 16 : 2 * writer->finished_capacity;
        struct manifest_segment *moved =
            reallocarray(writer->finished, capacity, sizeof *writer->finished);
        if (moved == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory for the flow store");
        }
        writer->finished = moved;
        writer->finished_capacity = capacity;
    }
    char *path = strdup(open->path);
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the flow store");
    }
    struct segment_writer *segment = open->writer;
    open->writer = NULL; /* segment_commit frees it, also on failure */
    if (!segment_commit(segment, err)) {
        free(path);
        return false;
    }
    writer->finished[writer->finished_count] = open->about;
    writer->finished[writer->finished_count++].path = path;
    return true;
}

/* The folder's name and the hour within it: "flows/2026/11/24/10". */
static void hour_path(int64_t hour, char out[PATH_SIZE]) {
    time_t seconds = (time_t)(hour * (HOUR_MS / 1000));
    struct tm civil;
    if (gmtime_r(&seconds, &civil) == NULL) {
        civil = (struct tm){ .tm_year = 70, .tm_mday = 1 };
    }
    snprintf(out, PATH_SIZE, "flows/%04d/%02d/%02d/%02d", civil.tm_year + 1900, civil.tm_mon + 1,
             civil.tm_mday, civil.tm_hour);
}

static bool is_of_hour(const char *path, const char *prefix, uint32_t *number) {
    size_t size = strlen(prefix);
    unsigned found;
    if (strncmp(path, prefix, size) != 0 || sscanf(path + size, "-%u.seg", &found) != 1) {
        return false;
    }
    *number = found;
    return true;
}

/* The first number of an hour that neither the manifest nor this run has used. */
static uint32_t next_number(const struct flows_writer *writer, const char *prefix) {
    uint32_t next = 0;
    uint32_t number;
    for (size_t i = 0; i < manifest_segment_count(writer->manifest); i++) {
        const char *path = manifest_segment(writer->manifest, i)->path;
        if (is_of_hour(path, prefix, &number) && number >= next) {
            next = number + 1;
        }
    }
    for (size_t i = 0; i < FLOWS_OPEN_MAX; i++) {
        if (writer->open[i].writer != NULL && is_of_hour(writer->open[i].path, prefix, &number) &&
            number >= next) {
            next = number + 1;
        }
    }
    for (size_t i = 0; i < writer->finished_count; i++) {
        if (is_of_hour(writer->finished[i].path, prefix, &number) && number >= next) {
            next = number + 1;
        }
    }
    return next;
}

static bool begin(struct flows_writer *writer, struct open_segment *open, int64_t hour,
                  bool is_future, struct error *err) {
    char prefix[PATH_SIZE];
    hour_path(hour, prefix);
    *open = (struct open_segment){ .hour = hour };
    snprintf(open->path, sizeof open->path, "%.40s-%04" PRIu32 ".seg", prefix,
             next_number(writer, prefix));
    open->about = (struct manifest_segment){ .min_ms = INT64_MAX,
                                             .max_ms = INT64_MIN,
                                             .is_future = is_future };
    char *path = file_join(writer->directory, open->path);
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for the flow store");
    }
    bool ok = file_make_folders(path, err) && segment_begin(&open->writer, path, err);
    free(path);
    return ok;
}

/* The open segment of an hour, for batches from the future or for the others; at the bound the one
 * used longest ago is finished for it. */
static struct open_segment *segment_of(struct flows_writer *writer, int64_t hour, bool is_future,
                                       struct error *err) {
    struct open_segment *place = NULL;
    for (size_t i = 0; i < FLOWS_OPEN_MAX; i++) {
        struct open_segment *open = &writer->open[i];
        if (open->writer != NULL && open->hour == hour && open->about.is_future == is_future) {
            return open;
        }
        if (open->writer == NULL) {
            place = place == NULL || place->writer != NULL ? open : place;
        } else if (place == NULL || (place->writer != NULL && open->used < place->used)) {
            place = open;
        }
    }
    if (place->writer != NULL && !finish(writer, place, err)) {
        return NULL;
    }
    return begin(writer, place, hour, is_future, err) ? place : NULL;
}

bool flows_add_frame(struct flows_writer *writer, struct bytes frame,
                     const struct segment_entry *entry, struct error *err) {
    int64_t hour = entry->max_ms / HOUR_MS - (entry->max_ms % HOUR_MS < 0);
    struct open_segment *open = segment_of(writer, hour, (entry->flags & BATCH_FUTURE) != 0, err);
    if (open == NULL || !segment_add(open->writer, frame, entry, err)) {
        return false;
    }
    open->used = ++writer->clock;
    open->about.size += frame.size;
    open->about.records += entry->count;
    open->about.min_ms = entry->min_ms < open->about.min_ms ? entry->min_ms : open->about.min_ms;
    open->about.max_ms = entry->max_ms > open->about.max_ms ? entry->max_ms : open->about.max_ms;
    return open->about.size < FLOWS_SEGMENT_SIZE || finish(writer, open, err);
}

bool flows_encode(struct frame_encoder *encoder, const struct batch *batch, struct buffer *frame,
                  struct segment_entry *entry, struct error *err) {
    buffer_reset(frame);
    struct frame_header header;
    if (!frame_encode(encoder, batch, frame, err) ||
        !frame_header_read(&header, buffer_bytes(frame), err)) {
        return false;
    }
    *entry = (struct segment_entry){
        .size = (uint32_t)frame->size,
        .count = header.count,
        .flags = header.stamp.flags,
        .coverage_count = batch->coverage_count,
        .min_ms = header.count > 0 ? header.min_ms : INT64_MAX,
        .max_ms = header.count > 0 ? header.max_ms : INT64_MIN,
        .bytes = header.bytes,
        .packets = header.packets,
        .num = header.stamp.num,
    };
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        entry->min_ms = row->start_ms < entry->min_ms ? row->start_ms : entry->min_ms;
        entry->max_ms = row->end_ms > entry->max_ms ? row->end_ms : entry->max_ms;
    }
    return true;
}

/* A batch that does not fit a frame goes in as two, each by the same rule: the depth is at most the
 * logarithm of its rows. */
static bool add_halves(struct flows_writer *writer, const struct batch *batch, struct error *err) {
    struct batch halves[2] = { 0 };
    bool ok = batch_init(&halves[0], err) && batch_init(&halves[1], err) &&
              frame_split(batch, &halves[0], &halves[1], err) &&
              flows_add(writer, &halves[0], err) && flows_add(writer, &halves[1], err);
    batch_done(&halves[0]);
    batch_done(&halves[1]);
    return ok;
}

bool flows_keeps(const struct batch *batch) {
    return batch->count > 0 || batch->coverage_count > 0;
}

bool flows_add(struct flows_writer *writer, const struct batch *batch, struct error *err) {
    if (!flows_keeps(batch)) {
        return true;
    }
    struct segment_entry entry;
    if (!flows_encode(writer->encoder, batch, &writer->frame, &entry, err)) {
        return err->code == ERROR_LIMIT && add_halves(writer, batch, err);
    }
    return flows_add_frame(writer, buffer_bytes(&writer->frame), &entry, err);
}

bool flows_commit(struct flows_writer *writer, struct error *err) {
    for (;;) {
        struct open_segment *first = NULL;
        for (size_t i = 0; i < FLOWS_OPEN_MAX; i++) {
            struct open_segment *open = &writer->open[i];
            if (open->writer != NULL && (first == NULL || strcmp(open->path, first->path) < 0)) {
                first = open;
            }
        }
        if (first == NULL) {
            return true;
        }
        if (!finish(writer, first, err)) {
            return false;
        }
    }
}

size_t flows_finished_count(const struct flows_writer *writer) {
    return writer->finished_count;
}

const struct manifest_segment *flows_finished(const struct flows_writer *writer, size_t index) {
    return &writer->finished[index];
}
