/* SPDX-License-Identifier: Apache-2.0 */
/* TZif (RFC 9636): a header and a block of 32-bit times for old readers, which is skipped; the same
 * again with 64-bit times, which is read; then a rule for all time behind the last transition.
 *
 *     "TZif" version reserved[15] isutcnt isstdcnt leapcnt timecnt typecnt charcnt   (44 bytes)
 *     times[timecnt] types[timecnt] {utoff32 isdst8 name8}[typecnt] names leaps isstd isut
 *     "\n" rule "\n"
 *
 * Numbers are big-endian. A file is untrusted: counts are bounded, times ascend, types exist. */
#include "base/zone.h"

#include "base/file.h"
#include "base/zone_rule.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "/usr/share/zoneinfo/"
#define LOCAL_FILE "/etc/localtime"
#define FILE_SIZE_MAX ((size_t)1 << 18)
#define TRANSITIONS_MAX 8192u
#define TYPES_MAX 256u
/* The offsets that RFC 9636, 3.2 allows: -25 to 26 hours, exclusive. */
#define OFFSET_LEAST_S (-89999)
#define OFFSET_MOST_S 93599
/* No rule moves a clock twice within this; offsets this far to both sides are the two in question.
 */
#define AROUND_S 86400

struct zone {
    char name[ZONE_NAME_SIZE];
    size_t count;
    int64_t *times;   /* [count], ascending; Unix seconds */
    int32_t *offsets; /* [count]: from times[i] on */
    int32_t first_s;  /* the offset before times[0] */
    bool has_rule;    /* holds from the last transition on */
    struct zone_rule rule;
};

struct header {
    uint8_t version;
    uint32_t isut_count;
    uint32_t isstd_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t char_count;
};

static uint32_t read_u32(struct cursor *cursor) {
    return __builtin_bswap32(cursor_u32(cursor));
}

static int64_t read_i64(struct cursor *cursor) {
    return (int64_t)__builtin_bswap64(cursor_u64(cursor));
}

static void read_header(struct cursor *cursor, struct header *header) {
    cursor->failed |= !bytes_equal(cursor_take(cursor, 4), bytes_text("TZif"));
    header->version = cursor_u8(cursor);
    (void)cursor_take(cursor, 15); /* reserved */
    header->isut_count = read_u32(cursor);
    header->isstd_count = read_u32(cursor);
    header->leap_count = read_u32(cursor);
    header->time_count = read_u32(cursor);
    header->type_count = read_u32(cursor);
    header->char_count = read_u32(cursor);
}

static size_t old_block_size(const struct header *header) {
    return (size_t)header->time_count * 5 + (size_t)header->type_count * 6 + header->char_count +
           (size_t)header->leap_count * 8 + header->isstd_count + header->isut_count;
}

static struct zone *zone_new(const char *name, size_t count) {
    struct zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    (void)snprintf(zone->name, sizeof zone->name, "%s", name);
    zone->count = count;
    zone->times = calloc(count + 1, sizeof *zone->times);
    zone->offsets = calloc(count + 1, sizeof *zone->offsets);
    if (zone->times == NULL || zone->offsets == NULL) {
        zone_close(zone);
        return NULL;
    }
    return zone;
}

void zone_close(struct zone *zone) {
    if (zone != NULL) {
        free(zone->times);
        free(zone->offsets);
        free(zone);
    }
}

/* The block with 64-bit times; a fault latches the cursor. */
static void read_block(struct cursor *cursor, const struct header *header, struct zone *zone) {
    for (size_t i = 0; i < zone->count; i++) {
        zone->times[i] = read_i64(cursor);
        cursor->failed |= i > 0 && zone->times[i] <= zone->times[i - 1];
    }
    struct bytes types = cursor_take(cursor, zone->count);
    int32_t offsets[TYPES_MAX] = { 0 };
    for (uint32_t i = 0; i < header->type_count; i++) {
        offsets[i] = (int32_t)read_u32(cursor);
        (void)cursor_take(cursor, 2); /* is it saving time, and where is its name */
        cursor->failed |= offsets[i] < OFFSET_LEAST_S || offsets[i] > OFFSET_MOST_S;
    }
    (void)cursor_take(cursor,
                      (size_t)header->char_count + header->isstd_count + header->isut_count);
    zone->first_s = offsets[0];
    for (size_t i = 0; i < types.size; i++) {
        cursor->failed |= types.data[i] >= header->type_count;
        zone->offsets[i] = offsets[types.data[i]];
    }
}

static bool read_footer(struct cursor *cursor, struct zone *zone, struct error *err) {
    cursor->failed |= cursor_u8(cursor) != '\n';
    struct bytes rest = cursor_take(cursor, cursor_left(cursor));
    const uint8_t *end = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
    if (cursor->failed || end == NULL) {
        return error_set(err, ERROR_FORMAT, "damaged time zone file");
    }
    struct bytes rule = bytes_of(rest.data, (size_t)(end - rest.data));
    zone->has_rule = rule.size > 0;
    return rule.size == 0 || zone_rule_parse(rule, &zone->rule, err);
}

static bool check_header(const struct cursor *cursor, const struct header *header,
                         struct error *err) {
    if (cursor->failed || header->type_count == 0 || header->type_count > TYPES_MAX ||
        header->time_count > TRANSITIONS_MAX || header->char_count > FILE_SIZE_MAX ||
        header->isstd_count > TYPES_MAX || header->isut_count > TYPES_MAX) {
        return error_set(err, ERROR_FORMAT, "not a time zone file, or a damaged one");
    }
    if (header->leap_count > 0) {
        return error_set(err, ERROR_UNSUPPORTED, "a time zone with leap seconds");
    }
    return true;
}

bool zone_decode(struct bytes file, const char *name, struct zone **out, struct error *err) {
    struct cursor cursor = cursor_of(file);
    struct header header;
    read_header(&cursor, &header);
    if (!cursor.failed && header.version < '2') {
        return error_set(err, ERROR_UNSUPPORTED, "a time zone file of version 1");
    }
    (void)cursor_take(&cursor, old_block_size(&header));
    read_header(&cursor, &header);
    if (!check_header(&cursor, &header, err)) {
        return false;
    }
    struct zone *zone = zone_new(name, header.time_count);
    if (zone == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a time zone");
    }
    read_block(&cursor, &header, zone);
    if (!read_footer(&cursor, zone, err)) {
        zone_close(zone);
        return false;
    }
    *out = zone;
    return true;
}

static bool read_file(const char *path, const char *name, struct zone **out, struct error *err) {
    struct buffer buffer;
    buffer_init(&buffer, FILE_SIZE_MAX);
    bool ok =
        file_read(path, &buffer, err) &&
        (zone_decode(buffer_bytes(&buffer), name, out, err) || error_context(err, "%s", path));
    buffer_done(&buffer);
    return ok;
}

/* A zone that is nothing but a rule. */
static bool from_rule(const char *name, struct zone_rule rule, struct zone **out,
                      struct error *err) {
    *out = zone_new(name, 0);
    if (*out == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a time zone");
    }
    (*out)->has_rule = true;
    (*out)->rule = rule;
    return true;
}

/* "+05:30", "-0800", "+01", in minutes. */
static bool parse_fixed(const char *name, int32_t *out_s) {
    unsigned digits[4] = { 0 };
    size_t count = 0;
    if (*name != '+' && *name != '-') {
        return false;
    }
    for (const char *p = name + 1; *p != '\0'; p++) {
        if (*p == ':' && count == 2 && p == name + 3 && p[1] != '\0') {
            continue;
        }
        if (*p < '0' || *p > '9' || count == 4) {
            return false;
        }
        digits[count++] = (unsigned)(*p - '0');
    }
    unsigned hours = 10 * digits[0] + digits[1];
    unsigned minutes = 10 * digits[2] + digits[3];
    if ((count != 2 && count != 4) || hours > 23 || minutes > 59) {
        return false;
    }
    int32_t seconds = (int32_t)(hours * 3600 + minutes * 60);
    *out_s = *name == '-' ? -seconds : seconds;
    return true;
}

static bool is_safe_name(const char *name) {
    size_t size =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/");
    return size > 0 && size < ZONE_NAME_SIZE && name[size] == '\0' && name[0] != '/';
}

static bool from_database(const char *name, struct zone **out, struct error *err) {
    char path[sizeof FOLDER + ZONE_NAME_SIZE];
    struct error why;
    if (is_safe_name(name)) {
        (void)snprintf(path, sizeof path, FOLDER "%s", name);
        if (read_file(path, name, out, &why)) {
            return true;
        }
        if (why.code != ERROR_IO) {
            return error_set(err, why.code, "%s", why.message);
        }
    }
    return error_set(err, ERROR_ARGUMENT,
                     "'%.*s' is not a time zone (UTC, local, +05:30, or one of " FOLDER
                     ", e.g. Europe/Berlin)",
                     ZONE_NAME_SIZE, name);
}

static bool from_environment(struct zone **out, struct error *err) {
    const char *name = getenv("TZ");
    if (name == NULL) {
        return read_file(LOCAL_FILE, "local", out, err);
    }
    name += *name == ':';
    if (*name == '\0' || strcmp(name, "UTC") == 0) {
        return true;
    }
    struct zone_rule rule;
    return zone_rule_parse(bytes_text(name), &rule, NULL) ? from_rule("local", rule, out, err)
                                                          : from_database(name, out, err);
}

bool zone_open(const char *name, struct zone **out, struct error *err) {
    *out = NULL;
    int32_t offset_s;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0) {
        return true;
    }
    if (strcmp(name, "local") == 0) {
        return from_environment(out, err) || error_context(err, "local time zone");
    }
    if (parse_fixed(name, &offset_s)) {
        return from_rule(name, (struct zone_rule){ .offset_s = offset_s }, out, err);
    }
    return from_database(name, out, err);
}

const char *zone_name(const struct zone *zone) {
    return zone == NULL ? "UTC" : zone->name;
}

int32_t zone_offset_s(const struct zone *zone, int64_t unix_s) {
    if (zone == NULL) {
        return 0;
    }
    /* `low` becomes the number of transitions at or before the instant. */
    size_t low = 0;
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= unix_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->count && zone->has_rule) {
        return zone_rule_offset_s(&zone->rule, unix_s);
    }
    return low == 0 ? zone->first_s : zone->offsets[low - 1];
}

int64_t zone_to_unix_s(const struct zone *zone, int64_t local_s) {
    int64_t before = local_s - zone_offset_s(zone, local_s - AROUND_S);
    int64_t after = local_s - zone_offset_s(zone, local_s + AROUND_S);
    /* Both hold for a time that occurs twice, neither for one that is skipped. */
    bool is_after = before + zone_offset_s(zone, before) != local_s &&
                    after + zone_offset_s(zone, after) == local_s;
    return is_after ? after : before;
}
