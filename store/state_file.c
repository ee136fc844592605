/* SPDX-License-Identifier: Apache-2.0 */
/* State in one file (docs/FORMATS.md, "State file"):
 *
 *      magic "WEIRSTA1" | version | count | count x (name, value) | XXH3-64 of all before
 *
 * Lengths are LEB128. The values are read at open and held in memory: the file has to be written
 * whole anyway, from where they lie. */
#include "store/state_file.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define STATE_VERSION 1u
#define STATE_SIZE_MAX ((size_t)4 << 30)
#define NAME_SIZE_MAX 256u
#define VALUES_MAX 65536u
#define CHECKSUM_SIZE 8u
#define HEADS_SIZE_MAX ((size_t)VALUES_MAX * (NAME_SIZE_MAX + 20) + 64)
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
    struct value *moved = reallocarray(state->values, state->count + 1, sizeof *state->values);
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

static bool state_put(struct state *base, const char *name, struct buffer *bytes,
                      struct error *err) {
    struct state_file *state = (struct state_file *)base;
    struct buffer taken = *bytes;
    buffer_init(bytes, taken.maximum);
    struct value *value = NULL;
    if (buffer_check(&taken, state->path, err)) {
        value = find_or_add(state, name, err);
    }
    if (value == NULL) {
        buffer_done(&taken);
        return false;
    }
    buffer_done(&value->staged);
    value->staged = taken;
    value->is_staged = true;
    return true;
}

static struct bytes value_of(const struct value *value) {
    return buffer_bytes(value->is_staged ? &value->staged : &value->bytes);
}

/* The step becomes what is committed; what it replaces is freed. */
static void publish(struct state_file *state) {
    for (size_t i = 0; i < state->count; i++) {
        struct value *value = &state->values[i];
        if (value->is_staged) {
            buffer_done(&value->bytes);
            value->bytes = value->staged;
            buffer_init(&value->staged, STATE_SIZE_MAX);
            value->is_staged = false;
        }
    }
}

/* The parts of the file in their order: for each value its head (what lies between the value before
 * and its own bytes, a slice of `heads`) and its bytes, then the checksum. */
static bool list_parts(const struct state_file *state, struct buffer *heads, struct bytes *parts,
                       struct error *err) {
    buffer_put(heads, magic, sizeof magic);
    buffer_varint(heads, STATE_VERSION);
    buffer_varint(heads, state->count);
    for (size_t i = 0; i < state->count; i++) {
        buffer_string(heads, bytes_text(state->values[i].name));
        parts[2 * i + 1] = value_of(&state->values[i]);
        buffer_varint(heads, parts[2 * i + 1].size);
        parts[2 * i].size = heads->size; /* its end, for now: the data may still move */
    }
    if (!buffer_check(heads, state->path, err)) {
        return false;
    }
    parts[2 * state->count].size = heads->size; /* the magic, where there is no value */
    size_t at = 0;
    for (size_t i = 0; i <= state->count; i++) {
        size_t end = parts[2 * i].size;
        parts[2 * i] = bytes_of(heads->data + at, end - at);
        at = end;
    }
    return true;
}

static bool checksum_parts(const struct bytes *parts, size_t count, uint64_t *checksum,
                           struct error *err) {
    XXH3_state_t *hash = XXH3_createState();
    if (hash == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a checksum");
    }
    (void)XXH3_64bits_reset(hash); /* this and updates fail for NULL only */
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            (void)XXH3_64bits_update(hash, parts[i].data, parts[i].size);
        }
    }
    *checksum = XXH3_64bits_digest(hash);
    (void)XXH3_freeState(hash); /* never fails */
    return true;
}

static bool state_commit(struct state *base, struct error *err) {
    struct state_file *state = (struct state_file *)base;
    size_t count = 2 * state->count + 2;
    struct bytes *parts = calloc(count, sizeof *parts);
    if (parts == NULL) {
        return error_set(err, ERROR_LIMIT, "%s: no memory", state->path);
    }
    struct buffer heads;
    buffer_init(&heads, HEADS_SIZE_MAX);
    uint64_t checksum = 0;
    bool ok =
        list_parts(state, &heads, parts, err) && checksum_parts(parts, count - 1, &checksum, err);
    if (ok) {
        uint8_t octets[CHECKSUM_SIZE];
        put_u64(octets, checksum);
        parts[count - 1] = bytes_of(octets, CHECKSUM_SIZE);
        ok = file_replace_parts(state->path, parts, count, err);
    }
    buffer_done(&heads);
    free(parts);
    if (ok) {
        publish(state);
    }
    return ok;
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

static bool parse_file(struct state_file *state, struct bytes file, struct error *err) {
    if (file.size < sizeof magic + CHECKSUM_SIZE || memcmp(file.data, magic, sizeof magic) != 0) {
        return error_set(err, ERROR_FORMAT, "%s: not a state file", state->path);
    }
    struct bytes body = bytes_of(file.data, file.size - CHECKSUM_SIZE);
    if (get_u64(body.data + body.size) != XXH3_64bits(body.data, body.size)) {
        return error_set(err, ERROR_FORMAT, "%s: damaged: the checksum of %zu bytes differs",
                         state->path, file.size);
    }
    struct cursor cursor = cursor_of(body);
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

static bool read_file(struct state_file *state, struct error *err) {
    struct buffer file;
    buffer_init(&file, STATE_SIZE_MAX);
    bool ok = file_read(state->path, &file, err) && parse_file(state, buffer_bytes(&file), err);
    buffer_done(&file);
    return ok;
}

bool state_file_open(struct state **out, const char *path, struct error *err) {
    struct state_file *state = calloc(1, sizeof *state);
    if (state == NULL || (state->path = strdup(path)) == NULL) {
        free(state);
        return error_set(err, ERROR_LIMIT, "%s: no memory", path);
    }
    state->base.ops = &state_file_ops;
    if (access(path, F_OK) == 0 && !read_file(state, err)) {
        state_close(&state->base);
        return false;
    }
    *out = &state->base;
    return true;
}
