/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_name.h"

#include "base/time.h"

static const char INFIX[] = "_vpcflowlogs_";
#define STAMP_SIZE 14u /* YYYYMMDDTHHmmZ */

static bool is_digit(uint8_t byte) {
    return byte >= '0' && byte <= '9';
}

/* `count` decimal digits; false when one is not. */
static bool read_number(const uint8_t *at, size_t count, unsigned *out) {
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(at[i])) {
            return false;
        }
        *out = *out * 10 + (unsigned)(at[i] - '0');
    }
    return true;
}

static bool read_stamp(struct bytes text, int64_t *out_ms) {
    unsigned year, month, day, hour, minute;
    if (text.size != STAMP_SIZE || text.data[8] != 'T' || text.data[13] != 'Z' ||
        !read_number(text.data, 4, &year) || !read_number(text.data + 4, 2, &month) ||
        !read_number(text.data + 6, 2, &day) || !read_number(text.data + 9, 2, &hour) ||
        !read_number(text.data + 11, 2, &minute)) {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > time_days_of_month(year, month) || hour > 23 || minute > 59) {
        return false;
    }
    *out_ms = time_days_from_date(year, month, day) * TIME_DAY_MS + hour * TIME_HOUR_MS +
              minute * TIME_MINUTE_MS;
    return true;
}

/* Takes the text up to the next '_' from the front of `rest`. */
static struct bytes take_part(struct bytes *rest) {
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '_', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
    size_t used = end == NULL ? size : size + 1;
    struct bytes part = bytes_of(rest->data, size);
    *rest = bytes_of(rest->data + used, rest->size - used);
    return part;
}

bool feed_name_parse(struct bytes name, struct feed_name *out) {
    const uint8_t *infix =
        name.size == 0 ? NULL : memmem(name.data, name.size, INFIX, sizeof INFIX - 1);
    if (infix == NULL) {
        return false;
    }
    const uint8_t *account = infix;
    while (account > name.data && is_digit(account[-1])) {
        account--;
    }
    const uint8_t *behind = infix + sizeof INFIX - 1;
    struct bytes rest = bytes_of(behind, name.size - (size_t)(behind - name.data));
    struct feed_name found = { .account = bytes_of(account, (size_t)(infix - account)) };
    found.region = take_part(&rest);
    found.flow_log = take_part(&rest);
    struct bytes stamp = take_part(&rest);
    if (found.account.size == 0 || found.region.size == 0 || found.flow_log.size < 3 ||
        memcmp(found.flow_log.data, "fl-", 3) != 0 || !read_stamp(stamp, &found.stamp_ms)) {
        return false;
    }
    *out = found;
    return true;
}

const char *feed_name_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

void feed_name_folder(const char *path, char *out) {
    const char *base = feed_name_base(path);
    size_t size = 0;
    if (path[0] == '/') {
        out[size++] = '/';
    }
    for (const char *at = path; at < base;) {
        size_t length = strcspn(at, "/");
        if (length > 0 && !(length == 1 && at[0] == '.')) {
            if (size > 0 && out[size - 1] != '/') {
                out[size++] = '/';
            }
            memcpy(out + size, at, length);
            size += length;
        }
        at += length + 1; /* a slash is there: `base` lies behind one */
    }
    if (size == 0) {
        out[size++] = '.';
    }
    out[size] = '\0';
}
