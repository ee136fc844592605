/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_SEGMENT_H
#define WEIR_STORE_SEGMENT_H

#include "flow/frame.h"

/* A file of frames of one hour of event time, with an index at its end (docs/FORMATS.md,
 * "Segment"):
 *
 *      +--------+---------+---------+-----+---------+-------+---------+
 *      | header | frame 1 | frame 2 | ... | frame n | index | trailer |
 *      +--------+---------+---------+-----+---------+-------+---------+
 *
 * Written under a temporary name, synced, renamed: a segment that can be seen is whole. Damage in
 * one frame costs that frame only. */

struct segment_entry { /* one a frame */
    uint64_t offset;
    uint32_t size;
    uint32_t count;
    uint32_t flags; /* enum batch_flags */
    uint32_t coverage_count;
    int64_t min_ms; /* touched by records or coverage */
    int64_t max_ms;
    uint64_t bytes;
    uint64_t packets;
    uint64_t num; /* of the frame in its feed, for damage reports */
};

struct segment_writer;

/* Begins `path`.tmp. Errors: ERROR_IO, ERROR_DENIED. */
bool segment_begin(struct segment_writer **out, const char *path, struct error *err);
/* Appends one encoded frame. */
bool segment_add(struct segment_writer *writer, struct bytes frame,
                 const struct segment_entry *entry, struct error *err);
/* Index, sync, rename, sync of the folder. The writer is freed, also on failure (the temporary file
 * is then removed). */
bool segment_commit(struct segment_writer *writer, struct error *err);
/* Removes the temporary file. Accepts NULL. */
void segment_abort(struct segment_writer *writer);

struct segment;

/* Maps a segment and checks header, trailer and index; frames are checked as they are read. Errors:
 * ERROR_IO, ERROR_FORMAT, ERROR_UNSUPPORTED. */
bool segment_open(struct segment **out, const char *path, struct error *err);
void segment_close(struct segment *segment);

uint32_t segment_count(const struct segment *segment);
const struct segment_entry *segment_entry(const struct segment *segment, uint32_t index);
/* The frame's bytes, borrowed until close. */
struct bytes segment_frame(const struct segment *segment, uint32_t index);

#endif
