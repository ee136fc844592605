/* SPDX-License-Identifier: Apache-2.0 */
/* The eight digits at the end of an object's name are random at AWS. Here the first two are its
 * part number, so that parts of one stamp sort in the order of their lines: a reader that takes
 * objects by name then never sees a line later than its lateness allows. */
#include "tests/gen/gen_object.h"

#include "base/file.h"
#include "tests/gen/gen_output.h"
#include "tests/gen/gen_rng.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#define TEXT_SIZE_MAX ((size_t)1 << 31)
#define DESCRIPTOR_BLOCK ((size_t)1 << 20)
/* S3 closes a file at 75 MB; about that many lines of the default format. */
#define LINES_MAX 600000u

void gen_objects_init(struct gen_objects *objects, const struct gen_fleet *fleet,
                      const struct gen_aws_layout *layout, const char *folder, int descriptor) {
    *objects = (struct gen_objects){ .fleet = fleet,
                                     .layout = layout,
                                     .folder = folder,
                                     .descriptor = descriptor,
                                     .lines_max = LINES_MAX };
    buffer_init(&objects->compressed, TEXT_SIZE_MAX + TEXT_SIZE_MAX / 64);
    for (size_t i = 0; i < GEN_ACCOUNTS_MAX; i++) {
        buffer_init(&objects->open[i][0].text, TEXT_SIZE_MAX);
        buffer_init(&objects->open[i][1].text, TEXT_SIZE_MAX);
    }
}

void gen_objects_done(struct gen_objects *objects) {
    buffer_done(&objects->compressed);
    for (size_t i = 0; i < GEN_ACCOUNTS_MAX; i++) {
        buffer_done(&objects->open[i][0].text);
        buffer_done(&objects->open[i][1].text);
    }
}

static struct gen_object *object_of(struct gen_objects *objects, uint32_t account, uint64_t at_s) {
    if (objects->folder == NULL) {
        return &objects->open[0][0];
    }
    return &objects->open[account][at_s / GEN_OBJECT_PERIOD_S % 2];
}

/* The object's path in `path`; false when it does not fit. */
static bool object_path(const struct gen_objects *objects, uint32_t account,
                        const struct gen_object *object, char path[PATH_MAX]) {
    const struct gen_account *owner = &objects->fleet->accounts[account];
    time_t stamp = (time_t)object->stamp_s;
    struct tm utc;
    (void)gmtime_r(&stamp, &utc);
    char day[16];
    char minute[24];
    (void)strftime(day, sizeof day, "%Y/%m/%d", &utc);
    (void)strftime(minute, sizeof minute, "%Y%m%dT%H%MZ", &utc);
    uint64_t hash = gen_hash(objects->fleet->seed, object->stamp_s, account);
    int size = snprintf(
        path, PATH_MAX, "%s/AWSLogs/%s/vpcflowlogs/%s/%s/%s_vpcflowlogs_%s_%s_%s_%02x%06x.log%s",
        objects->folder, owner->id, GEN_REGION, day, owner->id, GEN_REGION, owner->flow_log_id,
        minute, object->part & 255u, (unsigned)(hash & 0xffffff), objects->is_gzip ? ".gz" : "");
    return size > 0 && size < PATH_MAX;
}

static bool write_object(struct gen_objects *objects, uint32_t account,
                         const struct gen_object *object, struct error *err) {
    struct bytes bytes = buffer_bytes(&object->text);
    objects->text_bytes += bytes.size;
    if (objects->folder == NULL) {
        return file_write(objects->descriptor, "standard output", bytes, err);
    }
    char path[PATH_MAX];
    if (!object_path(objects, account, object, path)) {
        return error_set(err, ERROR_LIMIT, "%s: the path is too long", objects->folder);
    }
    if (objects->is_gzip) {
        if (!gen_output_gzip(&objects->compressed, bytes, err)) {
            return error_context(err, "%s", path);
        }
        bytes = buffer_bytes(&objects->compressed);
    }
    objects->files++;
    return gen_output_file(path, bytes, err);
}

/* Writes the object out and leaves it empty; its part number goes on while its stamp lasts. */
static bool flush(struct gen_objects *objects, uint32_t account, struct gen_object *object,
                  struct error *err) {
    bool is_written = object->text.size == 0 || write_object(objects, account, object, err);
    buffer_reset(&object->text);
    object->lines = 0;
    object->part++;
    return is_written;
}

char *gen_objects_line(struct gen_objects *objects, uint32_t account, uint64_t stamp_at_s,
                       struct error *err) {
    struct gen_object *object = object_of(objects, account, stamp_at_s);
    uint64_t stamp_s = stamp_at_s / GEN_OBJECT_PERIOD_S * GEN_OBJECT_PERIOD_S;
    bool is_file = objects->folder != NULL;
    bool is_full =
        is_file ? object->lines >= objects->lines_max : object->text.size >= DESCRIPTOR_BLOCK;
    bool is_other = is_file && object->stamp_s != stamp_s;
    if ((is_full || is_other) && !flush(objects, account, object, err)) {
        return NULL;
    }
    if (is_other) {
        object->part = 0;
    }
    bool is_headed = is_file ? object->text.size > 0 : object->stamp_s != 0;
    object->stamp_s = stamp_s;
    char *at = (char *)buffer_reserve(&object->text, 2 * GEN_AWS_LINE_SIZE_MAX);
    if (at == NULL) {
        (void)buffer_check(&object->text, "an object's text", err);
        return NULL;
    }
    if (!is_headed) {
        char *behind = gen_aws_header(at, objects->layout);
        object->text.size += (size_t)(behind - at);
        at = behind;
    }
    return at;
}

void gen_objects_put(struct gen_objects *objects, uint32_t account, uint64_t stamp_at_s,
                     const char *behind) {
    struct gen_object *object = object_of(objects, account, stamp_at_s);
    object->text.size = (size_t)(behind - (const char *)object->text.data);
    object->lines++;
}

bool gen_objects_close_until(struct gen_objects *objects, uint64_t until_s, struct error *err) {
    for (uint32_t account = 0; account < objects->fleet->account_count; account++) {
        for (uint32_t i = 0; i < 2; i++) {
            struct gen_object *object = &objects->open[account][i];
            if (object->stamp_s <= until_s && !flush(objects, account, object, err)) {
                return false;
            }
        }
    }
    return true;
}
