/* SPDX-License-Identifier: Apache-2.0 */
/* Segments (docs/FORMATS.md, "Segment"). A frame is some 300 kB, so frames are written as they
 * come, without a buffer of our own; only the index is collected. Reading maps the whole file: what
 * a query skips is never read from disk. Segments are never changed once they are visible, so a
 * mapped one cannot shrink under its reader. */
#include "store/segment.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define SEGMENT_VERSION 1u
#define HEADER_SIZE 16u
#define ENTRY_SIZE 64u
#define TRAILER_SIZE 40u
#define WRITEBACK_SIZE ((uint64_t)8 << 20)
/* A segment is finished at 256 MiB; frames have some hundred bytes at least. */
#define ENTRIES_MAX ((size_t)1 << 20)
static const uint8_t header_magic[8] = { 'W', 'E', 'I', 'R', 'S', 'E', 'G', '1' };
static const uint8_t trailer_magic[8] = { 'W', 'E', 'I', 'R', 'E', 'N', 'D', '1' };

struct segment_writer {
    int file;
    uint64_t offset;
    uint64_t started; /* the disk was told of what lies before it */
    struct buffer index;
    char *path;
    char *temporary;
};

static bool write_all(struct segment_writer *writer, struct bytes bytes, struct error *err) {
    writer->offset += bytes.size;
    return file_write(writer->file, writer->temporary, bytes, err);
}

bool segment_begin(struct segment_writer **out, const char *path, struct error *err) {
    struct segment_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a segment");
    }
    writer->file = -1;
    buffer_init(&writer->index, ENTRIES_MAX * ENTRY_SIZE);
    writer->path = strdup(path);
    if (writer->path == NULL || asprintf(&writer->temporary, "%s.tmp", path) < 0) {
        writer->temporary = NULL;
        segment_abort(writer);
        return error_set(err, ERROR_LIMIT, "no memory for a segment");
    }
    writer->file = open(writer->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (writer->file < 0) {
        error_system(err, errno, "%s", writer->temporary);
        segment_abort(writer);
        return false;
    }
    uint8_t header[HEADER_SIZE] = { 0 };
    memcpy(header, header_magic, sizeof header_magic);
    put_u32(header + 8, SEGMENT_VERSION);
    if (!write_all(writer, bytes_of(header, sizeof header), err)) {
        segment_abort(writer);
        return false;
    }
    *out = writer;
    return true;
}

bool segment_add(struct segment_writer *writer, struct bytes frame,
                 const struct segment_entry *entry, struct error *err) {
    struct buffer *index = &writer->index;
    buffer_u64(index, writer->offset);
    buffer_u32(index, (uint32_t)frame.size);
    buffer_u32(index, entry->count);
    buffer_u32(index, entry->flags);
    buffer_u32(index, entry->coverage_count);
    buffer_u64(index, (uint64_t)entry->min_ms);
    buffer_u64(index, (uint64_t)entry->max_ms);
    buffer_u64(index, entry->bytes);
    buffer_u64(index, entry->packets);
    buffer_u64(index, entry->num);
    if (!buffer_check(index, "segment index", err) || !write_all(writer, frame, err)) {
        return false;
    }
    if (writer->offset - writer->started >= WRITEBACK_SIZE) {
        /* Lets the disk begin, so that the sync at the end finds little to wait for. A hint: where
         * a file system refuses it, nothing is lost. */
        (void)sync_file_range(writer->file, (off64_t)writer->started,
                              (off64_t)(writer->offset - writer->started), SYNC_FILE_RANGE_WRITE);
        writer->started = writer->offset;
    }
    return true;
}

bool segment_commit(struct segment_writer *writer, struct error *err) {
    uint8_t trailer[TRAILER_SIZE];
    put_u64(trailer, writer->offset);
    put_u32(trailer + 8, (uint32_t)(writer->index.size / ENTRY_SIZE));
    put_u32(trailer + 12, SEGMENT_VERSION);
    put_u64(trailer + 16, XXH3_64bits(writer->index.data, writer->index.size));
    put_u64(trailer + 24, XXH3_64bits(trailer, 24));
    memcpy(trailer + 32, trailer_magic, sizeof trailer_magic);
    bool ok = write_all(writer, buffer_bytes(&writer->index), err) &&
              write_all(writer, bytes_of(trailer, sizeof trailer), err);
    if (ok && fsync(writer->file) != 0) {
        ok = error_system(err, errno, "%s", writer->temporary);
    }
    if (ok && rename(writer->temporary, writer->path) != 0) {
        ok = error_system(err, errno, "%s", writer->path);
    }
    ok = ok && file_sync_folder(writer->path, err);
    segment_abort(writer); /* after the rename there is no temporary file to remove */
    return ok;
}

void segment_abort(struct segment_writer *writer) {
    if (writer == NULL) {
        return;
    }
    if (writer->file >= 0) {
        (void)close(writer->file); /* either synced or thrown away */
        (void)unlink(writer->temporary);
    }
    buffer_done(&writer->index);
    free(writer->path);
    free(writer->temporary);
    free(writer);
}

struct segment {
    const uint8_t *data;
    size_t size;
    struct segment_entry *entries;
    uint32_t count;
};

/* The index's entries, each within the frames' part of the file and behind the one before. */
static bool read_entries(struct segment *segment, uint64_t index_offset, struct error *err) {
    segment->entries = calloc((size_t)segment->count + 1, sizeof *segment->entries);
    if (segment->entries == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a segment's index");
    }
    struct cursor cursor =
        cursor_of(bytes_of(segment->data + index_offset, (size_t)segment->count * ENTRY_SIZE));
    uint64_t end = HEADER_SIZE;
    for (uint32_t i = 0; i < segment->count; i++) {
        struct segment_entry *entry = &segment->entries[i];
        entry->offset = cursor_u64(&cursor);
        entry->size = cursor_u32(&cursor);
        entry->count = cursor_u32(&cursor);
        entry->flags = cursor_u32(&cursor);
        entry->coverage_count = cursor_u32(&cursor);
        entry->min_ms = (int64_t)cursor_u64(&cursor);
        entry->max_ms = (int64_t)cursor_u64(&cursor);
        entry->bytes = cursor_u64(&cursor);
        entry->packets = cursor_u64(&cursor);
        entry->num = cursor_u64(&cursor);
        if (entry->offset != end || entry->size > index_offset - end ||
            entry->count > BATCH_RECORDS_MAX) {
            return error_set(err, ERROR_FORMAT, "index entry %u: frame at %llu of %u bytes", i,
                             (unsigned long long)entry->offset, entry->size);
        }
        end += entry->size;
    }
    if (end != index_offset) {
        return error_set(err, ERROR_FORMAT, "index at %llu, frames end at %llu",
                         (unsigned long long)index_offset, (unsigned long long)end);
    }
    return true;
}

static bool read_index(struct segment *segment, struct error *err) {
    if (segment->size < HEADER_SIZE + TRAILER_SIZE) {
        return error_set(err, ERROR_FORMAT, "%zu bytes are too few for a segment", segment->size);
    }
    const uint8_t *trailer = segment->data + segment->size - TRAILER_SIZE;
    if (memcmp(segment->data, header_magic, sizeof header_magic) != 0) {
        return error_set(err, ERROR_FORMAT, "not a segment");
    }
    uint32_t version = get_u32(segment->data + 8);
    if (version != SEGMENT_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "segment of version %u, this program reads %u",
                         version, SEGMENT_VERSION);
    }
    if (memcmp(trailer + 32, trailer_magic, sizeof trailer_magic) != 0 ||
        get_u64(trailer + 24) != XXH3_64bits(trailer, 24)) {
        return error_set(err, ERROR_FORMAT, "damaged trailer at offset %zu",
                         segment->size - TRAILER_SIZE);
    }
    uint64_t index_offset = get_u64(trailer);
    segment->count = get_u32(trailer + 8);
    size_t room = segment->size - TRAILER_SIZE;
    if (index_offset < HEADER_SIZE || index_offset > room ||
        (uint64_t)segment->count * ENTRY_SIZE != room - index_offset) {
        return error_set(err, ERROR_FORMAT, "index of %u entries at offset %llu does not fit",
                         segment->count, (unsigned long long)index_offset);
    }
    if (get_u64(trailer + 16) !=
        XXH3_64bits(segment->data + index_offset, (size_t)(room - index_offset))) {
        return error_set(err, ERROR_FORMAT, "damaged index at offset %llu",
                         (unsigned long long)index_offset);
    }
    return read_entries(segment, index_offset, err);
}

static bool map_file(struct segment *segment, const char *path, struct error *err) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        error_system(err, errno, "%s", path);
        if (file >= 0) {
            (void)close(file);
        }
        return false;
    }
    bool ok = true;
    if (status.st_size > 0) {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED) {
            ok = error_system(err, errno, "%s", path);
        } else {
            segment->data = data;
            segment->size = (size_t)status.st_size;
        }
    }
    (void)close(file); /* the mapping stays */
    return ok;
}

bool segment_open(struct segment **out, const char *path, struct error *err) {
    struct segment *segment = calloc(1, sizeof *segment);
    if (segment == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a segment");
    }
    if (!map_file(segment, path, err)) {
        segment_close(segment);
        return false;
    }
    if (!read_index(segment, err)) {
        segment_close(segment);
        return error_context(err, "%s", path);
    }
    *out = segment;
    return true;
}

void segment_close(struct segment *segment) {
    if (segment == NULL) {
        return;
    }
    if (segment->data != NULL) {
        (void)munmap((void *)(uintptr_t)segment->data, segment->size);
    }
    free(segment->entries);
    free(segment);
}

uint32_t segment_count(const struct segment *segment) {
    return segment->count;
}

const struct segment_entry *segment_entry(const struct segment *segment, uint32_t index) {
    return &segment->entries[index];
}

struct bytes segment_frame(const struct segment *segment, uint32_t index) {
    const struct segment_entry *entry = &segment->entries[index];
    return bytes_of(segment->data + entry->offset, entry->size);
}
