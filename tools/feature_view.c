/* SPDX-License-Identifier: Apache-2.0 */
/* Most values are whole numbers, and most of those are 0: a fleet of a few hundred nodes writes
 * millions of rows, so those are not left to printf. */
#include "tools/feature_view.h"

#include "base/time.h"

#include <errno.h>

#define ROWS_SIZE ((size_t)1 << 16)
#define ROWS_SIZE_MAX ((size_t)1 << 20) /* texts of a node are shorter by far */

static void put_text(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

static void put_u64_text(struct buffer *out, uint64_t value) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buffer_put(out, digits + at, sizeof digits - at);
}

/* The shortest of at most nine digits: it reads back as the same float. */
static void put_value(struct buffer *out, float value) {
    const float whole_max = 1e15f;
    if (value >= 0 && value < whole_max && value == (float)(uint64_t)value) {
        put_u64_text(out, (uint64_t)value);
        return;
    }
    char text[32];
    (void)snprintf(text, sizeof text, "%.9g", (double)value);
    put_text(out, text);
}

/* A field by RFC 4180. */
static void put_field(struct buffer *out, struct bytes text) {
    bool is_quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        is_quoted = is_quoted || strchr(",\"\r\n", text.data[i]) != NULL;
    }
    if (!is_quoted) {
        buffer_put(out, text.data, text.size);
        return;
    }
    buffer_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') {
            buffer_u8(out, '"');
        }
        buffer_u8(out, text.data[i]);
    }
    buffer_u8(out, '"');
}

void feature_view_header(struct buffer *out) {
    put_text(out, "window_start,node,identity,role,age_minutes,quality");
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        buffer_u8(out, ',');
        put_text(out, feature_rows[f].name);
    }
    buffer_u8(out, '\n');
}

void feature_view_row(const struct feature_sample *sample, struct buffer *out) {
    char start[TIME_TEXT_SIZE];
    buffer_put(out, start, time_format(sample->start_ms, NULL, start));
    buffer_u8(out, ',');
    put_field(out, sample->node);
    buffer_u8(out, ',');
    put_field(out, sample->identity);
    buffer_u8(out, ',');
    put_field(out, sample->role);
    buffer_u8(out, ',');
    put_u64_text(out, sample->age_ms > 0 ? (uint64_t)(sample->age_ms / TIME_MINUTE_MS) : 0);
    buffer_u8(out, ',');
    put_u64_text(out, sample->quality);
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        buffer_u8(out, ',');
        if ((sample->absent & feature_bit(f)) == 0) {
            put_value(out, sample->values[f]);
        }
    }
    buffer_u8(out, '\n');
}

bool feature_file_open(struct feature_file *file, const char *path, struct error *err) {
    *file = (struct feature_file){ .path = path, .stream = fopen(path, "w") };
    if (file->stream == NULL) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    buffer_init(&file->rows, ROWS_SIZE_MAX);
    feature_view_header(&file->rows);
    return true;
}

static bool write_rows(struct feature_file *file, struct error *err) {
    if (!buffer_check(&file->rows, "features", err)) {
        return false;
    }
    size_t size = file->rows.size;
    bool is_written = fwrite(file->rows.data, 1, size, file->stream) == size;
    buffer_reset(&file->rows);
    return is_written || error_set(err, ERROR_IO, "%s: %s", file->path, strerror(errno));
}

bool feature_file_add(struct feature_file *file, const struct feature_sample *sample,
                      struct error *err) {
    feature_view_row(sample, &file->rows);
    return file->rows.size < ROWS_SIZE || write_rows(file, err);
}

bool feature_file_close(struct feature_file *file, bool is_wanted, struct error *err) {
    if (file->stream == NULL) {
        return true;
    }
    bool is_written = !is_wanted || write_rows(file, err);
    if (fclose(file->stream) != 0 && is_wanted && is_written) {
        is_written = error_set(err, ERROR_IO, "%s: %s", file->path, strerror(errno));
    }
    buffer_done(&file->rows);
    *file = (struct feature_file){ 0 };
    return is_written;
}
