/* SPDX-License-Identifier: Apache-2.0 */
/* State in one file (docs/FORMATS.md, "State file"):
 *
 *      magic "WEIRSTA1" | version | count | count x (name, value) | XXH3-64 of all before
 *
 * Lengths are LEB128. The file is read at open and held in memory: it has to be written whole anyway. */
#include "store/state_file.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define STATE_VERSION 1u
#define STATE_SIZE_MAX ((size_t)4 << 30)
#define NAME_SIZE_MAX 256u
#define VALUES_MAX 65536u
static const uint8_t magic[8] = { 'W', 'E', 'I', 'R', 'S', 'T', 'A', '1' };

struct value {
    char *name;
    struct buffer bytes;  /* as committed */
    struct buffer staged; /* in the step that is being prepared */
    bool is_staged;
};

struct state_file {
    struct state base;
    char *path;
    struct value *values; /* by name */
    size_t count;
    struct buffer file;
};

/* Where `name` stands or would stand. */
static size_t find(const struct state_file *state, const char *name, bool *is_there) {
    size_t low = 0;
    size_t high = state->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(state->values[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *is_there = low < state->count && strcmp(state->values[low].name, name) == 0;
    return low;
}

static struct value *find_or_add(struct state_file *state, const char *name, struct error *err) {
    bool is_there;
    size_t at = find(state, name, &is_there);
    if (is_there) {
        return &state->values[at];
    }
    if (strlen(name) > NAME_SIZE_MAX || state->count == VALUES_MAX) {
        error_set(err, ERROR_LIMIT, "%s: at most %u values, names of at most %u bytes", state->path,
                  VALUES_MAX, NAME_SIZE_MAX);
        return NULL;
    }
    struct value *moved =
        reallocarray(state->values, state->count + 1, sizeof *state->values);
    char *copy = strdup(name);
    if (moved != NULL) {
        state->values = moved;
    }
    if (moved == NULL || copy == NULL) {
        free(copy);
        error_set(err, ERROR_LIMIT, "%s: no memory", state->path);
        return NULL;
    }
    memmove(&moved[at + 1], &moved[at], (state->count - at) * sizeof *moved);
    moved[at] = (struct value){ .name = copy };
    buffer_init(&moved[at].bytes, STATE_SIZE_MAX);
    buffer_init(&moved[at].staged, STATE_SIZE_MAX);
    state->count++;
    return &moved[at];
}

static bool state_get(struct state *base, const char *name, struct bytes *value,
                      struct error *err) {
    (void)err; /* all was read at open */
    struct state_file *state = (struct state_file *)base;
    bool is_there;
    size_t at = find(state, name, &is_there);
    *value = is_there ? buffer_bytes(&state->values[at].bytes) : (struct bytes){ 0 };
    return true;
}

static bool state_put(struct state *base, const char *name, struct bytes bytes,
                      struct error *err) {
    struct state_file *state = (struct state_file *)base;
    struct value *value = find_or_add(state, name, err);
    if (value == NULL) {
        return false;
    }
    buffer_reset(&value->staged);
    buffer_put(&value->staged, bytes.data, bytes.size);
    value->is_staged = true;
    return buffer_check(&value->staged, state->path, err);
}

static bool state_commit(struct state *base, struct error *err) {
    struct state_file *state = (struct state_file *)base;
    struct buffer *file = &state->file;
    buffer_reset(file);
    buffer_put(file, magic, sizeof magic);
    buffer_varint(file, STATE_VERSION);
    buffer_varint(file, state->count);
    for (size_t i = 0; i < state->count; i++) {
        const struct value *value = &state->values[i];
        buffer_string(file, bytes_text(value->name));
        buffer_string(file, buffer_bytes(value->is_staged ? &value->staged : &value->bytes));
    }
    buffer_u64(file, XXH3_64bits(file->data, file->size));
    if (!buffer_check(file, state->path, err) ||
        !file_replace(state->path, buffer_bytes(file), err)) {
        return false;
    }
    for (size_t i = 0; i < state->count; i++) {
        struct value *value = &state->values[i];
        if (value->is_staged) {
            struct buffer old = value->bytes;
            value->bytes = value->staged;
            value->staged = old;
            value->is_staged = false;
        }
    }
    return true;
}

static void state_close(struct state *base) {
    if (base == NULL) {
        return;
    }
    struct state_file *state = (struct state_file *)base;
    for (size_t i = 0; i < state->count; i++) {
        free(state->values[i].name);
        buffer_done(&state->values[i].bytes);
        buffer_done(&state->values[i].staged);
    }
    free(state->values);
    buffer_done(&state->file);
    free(state->path);
    free(state);
}

static const struct state_ops state_file_ops = {
    .get = state_get,
    .put = state_put,
    .commit = state_commit,
    .close = state_close,
};

static bool read_values(struct state_file *state, struct cursor *cursor, struct error *err) {
    uint64_t count = cursor_varint(cursor);
    for (uint64_t i = 0; i < count && !cursor->failed; i++) {
        struct bytes name = cursor_string(cursor);
        struct bytes bytes = cursor_string(cursor);
        if (cursor->failed || name.size == 0 || name.size > NAME_SIZE_MAX ||
            memchr(name.data, 0, name.size) != NULL) {
            cursor->failed = true;
            break;
        }
        char text[NAME_SIZE_MAX + 1];
        memcpy(text, name.data, name.size);
        text[name.size] = '\0';
        struct value *value = find_or_add(state, text, err);
        if (value == NULL) {
            return false;
        }
        buffer_reset(&value->bytes);
        buffer_put(&value->bytes, bytes.data, bytes.size);
        if (!buffer_check(&value->bytes, state->path, err)) {
            return false;
        }
    }
    return true;
}

static bool read_file(struct state_file *state, struct error *err) {
    if (!file_read(state->path, &state->file, err)) {
        return false;
    }
    size_t size = state->file.size;
    if (size < sizeof magic + 8 || memcmp(state->file.data, magic, sizeof magic) != 0) {
        return error_set(err, ERROR_FORMAT, "%s: not a state file", state->path);
    }
    if (get_u64(state->file.data + size - 8) != XXH3_64bits(state->file.data, size - 8)) {
        return error_set(err, ERROR_FORMAT, "%s: damaged: the checksum of %zu bytes differs",
                         state->path, size);
    }
    struct cursor cursor = cursor_of(bytes_of(state->file.data, size - 8));
    (void)cursor_take(&cursor, sizeof magic);
    uint64_t version = cursor_varint(&cursor);
    if (version != STATE_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "%s: version %llu, this program reads %u",
                         state->path, (unsigned long long)version, STATE_VERSION);
    }
    if (!read_values(state, &cursor, err)) {
        return false;
    }
    if (cursor.failed || cursor.offset != cursor.size) {
        return error_set(err, ERROR_FORMAT, "%s: damaged at offset %zu", state->path,
                         cursor.offset);
    }
    return true;
}

bool state_file_open(struct state **out, const char *path, struct error *err) {
    struct state_file *state = calloc(1, sizeof *state);
    if (state == NULL || (state->path = strdup(path)) == NULL) {
        free(state);
        return error_set(err, ERROR_LIMIT, "%s: no memory", path);
    }
    state->base.ops = &state_file_ops;
    buffer_init(&state->file, STATE_SIZE_MAX);
    if (access(path, F_OK) == 0 && !read_file(state, err)) {
        state_close(&state->base);
        return false;
    }
    *out = &state->base;
    return true;
}
