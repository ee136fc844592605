/* SPDX-License-Identifier: Apache-2.0 */
/* Three arrays, sorted when they are asked for or written. Texts live in one arena as long as the
 * manifest does: a replaced feed or segment costs its name once more, which commits are too rare to
 * notice. */
#include "store/manifest.h"

#include "base/arena.h"

#include <stdlib.h>

#define ARENA_MAXIMUM ((size_t)1 << 30)
#define MANIFEST_VERSION 1u
static const uint8_t magic[8] = { 'W', 'E', 'I', 'R', 'M', 'A', 'N', '1' };

struct manifest {
    struct arena arena;
    struct manifest_files files;
    struct manifest_input *inputs;
    size_t input_count;
    size_t input_capacity;
    const struct manifest_input **by_content; /* [input_count] by (size, head_hash), when sorted */
    bool is_sorted;
    struct manifest_feed *feeds;
    size_t feed_count;
    size_t feed_capacity;
    struct manifest_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
};

bool manifest_new(struct manifest **out, struct error *err) {
    struct manifest *manifest = calloc(1, sizeof *manifest);
    if (manifest == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a manifest");
    }
    arena_init(&manifest->arena, ARENA_MAXIMUM);
    *out = manifest;
    return true;
}

void manifest_free(struct manifest *manifest) {
    if (manifest == NULL) {
        return;
    }
    arena_done(&manifest->arena);
    free(manifest->inputs);
    free(manifest->by_content);
    free(manifest->feeds);
    free(manifest->segments);
    free(manifest);
}

struct manifest_files *manifest_files(struct manifest *manifest) {
    return &manifest->files;
}

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for the manifest");
}

/* Room for one more element of `size` bytes; the array may move. */
static bool grow(void **array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return true;
    }
    size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
    void *moved = reallocarray(*array, wanted, size);
    if (moved == NULL) {
        return false;
    }
    *array = moved;
    *capacity = wanted;
    return true;
}

static const char *keep(struct manifest *manifest, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = arena_take(&manifest->arena, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

bool manifest_add_input(struct manifest *manifest, const struct manifest_input *input,
                        struct error *err) {
    struct manifest_input copy = *input;
    copy.feed = keep(manifest, input->feed);
    copy.name = keep(manifest, input->name);
    if (copy.feed == NULL || copy.name == NULL ||
        !grow((void **)&manifest->inputs, manifest->input_count, &manifest->input_capacity,
              sizeof copy)) {
        return no_memory(err);
    }
    manifest->inputs[manifest->input_count++] = copy;
    manifest->is_sorted = false;
    return true;
}

static bool append_feed(struct manifest *manifest, const struct manifest_feed *feed,
                        struct error *err) {
    struct manifest_feed copy = *feed;
    copy.feed = keep(manifest, feed->feed);
    if (copy.feed == NULL || !grow((void **)&manifest->feeds, manifest->feed_count,
                                   &manifest->feed_capacity, sizeof copy)) {
        return no_memory(err);
    }
    manifest->feeds[manifest->feed_count++] = copy;
    return true;
}

static bool append_segment(struct manifest *manifest, const struct manifest_segment *segment,
                           struct error *err) {
    struct manifest_segment copy = *segment;
    copy.path = keep(manifest, segment->path);
    if (copy.path == NULL || !grow((void **)&manifest->segments, manifest->segment_count,
                                   &manifest->segment_capacity, sizeof copy)) {
        return no_memory(err);
    }
    manifest->segments[manifest->segment_count++] = copy;
    return true;
}

bool manifest_set_feed(struct manifest *manifest, const struct manifest_feed *feed,
                       struct error *err) {
    for (size_t i = 0; i < manifest->feed_count; i++) {
        if (strcmp(manifest->feeds[i].feed, feed->feed) == 0) {
            const char *name = manifest->feeds[i].feed;
            manifest->feeds[i] = *feed;
            manifest->feeds[i].feed = name;
            return true;
        }
    }
    return append_feed(manifest, feed, err);
}

bool manifest_set_segment(struct manifest *manifest, const struct manifest_segment *segment,
                          struct error *err) {
    for (size_t i = 0; i < manifest->segment_count; i++) {
        if (strcmp(manifest->segments[i].path, segment->path) == 0) {
            const char *path = manifest->segments[i].path;
            manifest->segments[i] = *segment;
            manifest->segments[i].path = path;
            return true;
        }
    }
    return append_segment(manifest, segment, err);
}

static int compare_u64(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_inputs(const void *left, const void *right) {
    const struct manifest_input *a = left;
    const struct manifest_input *b = right;
    int order = strcmp(a->feed, b->feed);
    order = order != 0 ? order : strcmp(a->name, b->name);
    order = order != 0 ? order : compare_u64(a->size, b->size);
    return order != 0 ? order : compare_u64(a->head_hash, b->head_hash);
}

static int compare_content(const struct manifest_input *a, const struct manifest_input *b) {
    int order = compare_u64(a->size, b->size);
    return order != 0 ? order : compare_u64(a->head_hash, b->head_hash);
}

static int compare_content_pointers(const void *left, const void *right) {
    return compare_content(*(const struct manifest_input *const *)left,
                           *(const struct manifest_input *const *)right);
}

static int compare_feeds(const void *left, const void *right) {
    const struct manifest_feed *a = left;
    const struct manifest_feed *b = right;
    return strcmp(a->feed, b->feed);
}

static int compare_segments(const void *left, const void *right) {
    const struct manifest_segment *a = left;
    const struct manifest_segment *b = right;
    return strcmp(a->path, b->path);
}

static void sort(void *array, size_t count, size_t size,
                 int (*compare)(const void *, const void *)) {
    if (count > 1) {
        qsort(array, count, size, compare);
    }
}

/* Sorts the inputs and points `by_content` at them. */
static bool index_inputs(struct manifest *manifest) {
    if (manifest->is_sorted) {
        return true;
    }
    const struct manifest_input **by_content =
        reallocarray(manifest->by_content, manifest->input_count + 1, sizeof *by_content);
    if (by_content == NULL) {
        return false;
    }
    manifest->by_content = by_content;
    sort(manifest->inputs, manifest->input_count, sizeof *manifest->inputs, compare_inputs);
    for (size_t i = 0; i < manifest->input_count; i++) {
        by_content[i] = &manifest->inputs[i];
    }
    sort(by_content, manifest->input_count, sizeof *by_content, compare_content_pointers);
    manifest->is_sorted = true;
    return true;
}

static bool is_same_object(const struct manifest_input *a, const struct manifest_input *b) {
    return strcmp(a->feed, b->feed) == 0 && strcmp(a->name, b->name) == 0 && a->size == b->size;
}

/* The index of the first input that is not before (feed, name, size); they are sorted. */
static size_t find_place(const struct manifest *manifest, const struct manifest_input *input) {
    struct manifest_input wanted = *input;
    wanted.head_hash = 0;
    size_t low = 0;
    size_t high = manifest->input_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_inputs(&manifest->inputs[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct manifest_input *manifest_find_smaller(struct manifest *manifest,
                                                   const struct manifest_input *input) {
    size_t place = index_inputs(manifest) ? find_place(manifest, input) : 0;
    if (place == 0) {
        return NULL;
    }
    const struct manifest_input *before = &manifest->inputs[place - 1];
    bool is_same = strcmp(before->feed, input->feed) == 0 && strcmp(before->name, input->name) == 0;
    return is_same ? before : NULL;
}

const struct manifest_input *manifest_find_input(struct manifest *manifest,
                                                 const struct manifest_input *input) {
    bool is_indexed = index_inputs(manifest);
    size_t place = is_indexed ? find_place(manifest, input) : 0;
    if (is_indexed && place < manifest->input_count &&
        is_same_object(&manifest->inputs[place], input)) {
        return &manifest->inputs[place];
    }
    if (input->size > 0 && is_indexed && manifest->input_count > 0) {
        const struct manifest_input **found =
            bsearch(&input, manifest->by_content, manifest->input_count,
                    sizeof *manifest->by_content, compare_content_pointers);
        return found == NULL ? NULL : *found;
    }
    return NULL;
}

size_t manifest_input_count(const struct manifest *manifest) {
    return manifest->input_count;
}

const struct manifest_input *manifest_input(const struct manifest *manifest, size_t index) {
    return &manifest->inputs[index];
}

size_t manifest_feed_count(const struct manifest *manifest) {
    return manifest->feed_count;
}

const struct manifest_feed *manifest_feed(const struct manifest *manifest, size_t index) {
    return &manifest->feeds[index];
}

size_t manifest_segment_count(const struct manifest *manifest) {
    return manifest->segment_count;
}

const struct manifest_segment *manifest_segment(const struct manifest *manifest, size_t index) {
    return &manifest->segments[index];
}

bool manifest_encode(struct manifest *manifest, struct buffer *out, struct error *err) {
    if (!index_inputs(manifest)) {
        return no_memory(err);
    }
    sort(manifest->feeds, manifest->feed_count, sizeof *manifest->feeds, compare_feeds);
    sort(manifest->segments, manifest->segment_count, sizeof *manifest->segments, compare_segments);
    buffer_put(out, magic, sizeof magic);
    buffer_varint(out, MANIFEST_VERSION);
    buffer_u64(out, manifest->files.state_checksum);
    buffer_varint(out, manifest->files.alerts_size);
    buffer_varint(out, manifest->files.rejects_size);
    buffer_varint(out, manifest->input_count);
    for (size_t i = 0; i < manifest->input_count; i++) {
        const struct manifest_input *input = &manifest->inputs[i];
        buffer_string(out, bytes_text(input->feed));
        buffer_string(out, bytes_text(input->name));
        buffer_varint(out, input->size);
        buffer_u64(out, input->head_hash);
    }
    buffer_varint(out, manifest->feed_count);
    for (size_t i = 0; i < manifest->feed_count; i++) {
        const struct manifest_feed *feed = &manifest->feeds[i];
        buffer_string(out, bytes_text(feed->feed));
        buffer_varint(out, feed->inc);
        buffer_varint(out, feed->num);
        buffer_u64(out, (uint64_t)feed->low_ms);
    }
    buffer_varint(out, manifest->segment_count);
    for (size_t i = 0; i < manifest->segment_count; i++) {
        const struct manifest_segment *segment = &manifest->segments[i];
        buffer_string(out, bytes_text(segment->path));
        buffer_varint(out, segment->size);
        buffer_varint(out, segment->records);
        buffer_u64(out, (uint64_t)segment->min_ms);
        buffer_u64(out, (uint64_t)segment->max_ms);
        buffer_u8(out, segment->is_future);
    }
    return buffer_check(out, "manifest", err);
}

#define TEXT_SIZE_MAX 4096u

/* A text into `out` with its end; one that is too long or has an inner NUL latches the cursor. */
static const char *read_text(struct cursor *cursor, char out[TEXT_SIZE_MAX]) {
    struct bytes text = cursor_string(cursor);
    if (text.size >= TEXT_SIZE_MAX || (text.size > 0 && memchr(text.data, 0, text.size) != NULL)) {
        cursor->failed = true;
        text.size = 0;
    }
    if (text.size > 0) {
        memcpy(out, text.data, text.size);
    }
    out[text.size] = '\0';
    return out;
}

/* Rows stand in strictly ascending order: so there is no row twice, and no search for one. */
static bool is_ascending(struct cursor *cursor, int order) {
    cursor->failed |= order >= 0;
    return !cursor->failed;
}

static bool read_inputs(struct manifest *manifest, struct cursor *cursor, struct error *err) {
    char feed[TEXT_SIZE_MAX];
    char name[TEXT_SIZE_MAX];
    uint64_t count = cursor_varint(cursor);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct manifest_input input = { .feed = read_text(cursor, feed) };
        input.name = read_text(cursor, name);
        input.size = cursor_varint(cursor);
        input.head_hash = cursor_u64(cursor);
        if (!cursor->failed && !manifest_add_input(manifest, &input, err)) {
            return false;
        }
    }
    return true;
}

static bool read_feeds(struct manifest *manifest, struct cursor *cursor, struct error *err) {
    char name[TEXT_SIZE_MAX];
    uint64_t count = cursor_varint(cursor);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct manifest_feed feed = { .feed = read_text(cursor, name) };
        feed.inc = cursor_varint(cursor);
        feed.num = cursor_varint(cursor);
        feed.low_ms = (int64_t)cursor_u64(cursor);
        if (is_ascending(cursor, i == 0 ? -1 : compare_feeds(&manifest->feeds[i - 1], &feed)) &&
            !append_feed(manifest, &feed, err)) {
            return false;
        }
    }
    return true;
}

static bool read_segments(struct manifest *manifest, struct cursor *cursor, struct error *err) {
    char path[TEXT_SIZE_MAX];
    uint64_t count = cursor_varint(cursor);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct manifest_segment segment = { .path = read_text(cursor, path) };
        segment.size = cursor_varint(cursor);
        segment.records = cursor_varint(cursor);
        segment.min_ms = (int64_t)cursor_u64(cursor);
        segment.max_ms = (int64_t)cursor_u64(cursor);
        segment.is_future = cursor_u8(cursor) != 0;
        int order = i == 0 ? -1 : compare_segments(&manifest->segments[i - 1], &segment);
        if (is_ascending(cursor, order) && !append_segment(manifest, &segment, err)) {
            return false;
        }
    }
    return true;
}

bool manifest_decode(struct manifest *manifest, struct bytes bytes, struct error *err) {
    struct cursor cursor = cursor_of(bytes);
    struct bytes front = cursor_take(&cursor, sizeof magic);
    if (cursor.failed || memcmp(front.data, magic, sizeof magic) != 0) {
        return error_set(err, ERROR_FORMAT, "not a manifest");
    }
    uint64_t version = cursor_varint(&cursor);
    if (!cursor.failed && version != MANIFEST_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "manifest of version %llu, this program reads %u",
                         (unsigned long long)version, MANIFEST_VERSION);
    }
    manifest->files.state_checksum = cursor_u64(&cursor);
    manifest->files.alerts_size = cursor_varint(&cursor);
    manifest->files.rejects_size = cursor_varint(&cursor);
    if (!read_inputs(manifest, &cursor, err) || !read_feeds(manifest, &cursor, err) ||
        !read_segments(manifest, &cursor, err)) {
        return false;
    }
    if (cursor.failed || cursor.offset != cursor.size) {
        return error_set(err, ERROR_FORMAT, "manifest damaged at offset %zu of %zu", cursor.offset,
                         cursor.size);
    }
    return true;
}
