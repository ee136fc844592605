/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_view.h"

#include "base/json_write.h"
#include "base/time.h"

#define JSON_SIZE_MAX ((size_t)1 << 30)

static void number_field(struct json_writer *json, const char *key, uint64_t value) {
    json_key(json, key);
    json_u64(json, value);
}

static void text_field(struct json_writer *json, const char *key, const char *value) {
    json_key(json, key);
    json_string(json, value);
}

static void time_field(struct json_writer *json, const char *key, int64_t ms, bool is_known) {
    char text[TIME_TEXT_SIZE];
    if (is_known) {
        time_format(ms, NULL, text);
    }
    text_field(json, key, is_known ? text : NULL);
}

static void put_finding(struct json_writer *json, const struct finding *finding) {
    json_begin_object(json);
    text_field(json, "severity", finding_severity_name(finding->severity));
    text_field(json, "id", finding->id);
    text_field(json, "what", finding->what);
    text_field(json, "why", finding->why);
    text_field(json, "do", finding->advice);
    number_field(json, "count", finding->count);
    number_field(json, "of", finding->of);
    number_field(json, "feed_count", finding->feed_count);
    json_key(json, "feeds");
    json_begin_array(json);
    for (size_t i = 0; i < finding->feed_count && i < FINDING_FEEDS_MAX; i++) {
        json_string(json, finding->feeds[i]);
    }
    json_end_array(json);
    json_end_object(json);
}

static void put_spread(struct json_writer *json, const char *key,
                       const struct survey_spread *spread) {
    json_key(json, key);
    if (spread->count == 0) {
        json_null(json);
        return;
    }
    json_begin_object(json);
    number_field(json, "records", spread->count);
    number_field(json, "p50", (uint64_t)spread->p50_ms);
    number_field(json, "p99", (uint64_t)spread->p99_ms);
    number_field(json, "max", (uint64_t)spread->max_ms);
    json_end_object(json);
}

static void put_shape(struct json_writer *json, const struct exam_feed *feed) {
    text_field(json, "feed", feed->plan->name);
    text_field(json, "format", feed->ops == NULL ? NULL : feed->ops->name);
    number_field(json, "objects_assumed", feed->objects_assumed);
    json_key(json, "codecs");
    json_begin_array(json);
    for (unsigned codec = INPUT_PLAIN; codec <= INPUT_ZSTD; codec++) {
        if ((feed->codecs >> codec & 1) != 0) {
            json_string(json, doctor_codec_name((enum input_codec)codec));
        }
    }
    json_end_array(json);
    json_key(json, "layouts");
    json_begin_array(json);
    for (uint32_t i = 0; i < feed->layout_count; i++) {
        json_begin_object(json);
        text_field(json, "layout", feed->layouts[i].text);
        number_field(json, "objects", feed->layouts[i].objects);
        json_end_object(json);
    }
    json_end_array(json);
    number_field(json, "objects", feed->plan->count);
    number_field(json, "objects_read", feed->objects_read);
    number_field(json, "objects_whole", feed->objects_whole);
    number_field(json, "bytes_of_files", feed->size);
    number_field(json, "bytes_read", feed->read_size);
}

static void put_counts(struct json_writer *json, const struct exam_feed *feed) {
    const struct source_counts *counts = &feed->counts;
    number_field(json, "lines", counts->lines);
    number_field(json, "headers", counts->headers);
    number_field(json, "records", counts->records);
    number_field(json, "nodata", counts->nodata);
    number_field(json, "skipdata", counts->skipdata);
    number_field(json, "malformed", counts->malformed);
    number_field(json, "decoded", counts->decoded);
    number_field(json, "not_ip", counts->not_ip);
    number_field(json, "bytes", counts->bytes);
    number_field(json, "packets", counts->packets);
    number_field(json, "direction_unknown", counts->direction_unknown);
    number_field(json, "frame_bytes", counts->frame_bytes);
    number_field(json, "twins", feed->twins);
    number_field(json, "late", feed->late);
    number_field(json, "future", feed->future);
    number_field(json, "nodes", feed->seen.nodes);
    number_field(json, "interfaces", feed->seen.interfaces);
}

static void put_times(struct json_writer *json, const struct exam_feed *feed) {
    bool is_known = feed->end_max_ms != INT64_MIN;
    time_field(json, "first", feed->start_min_ms, is_known);
    time_field(json, "last", feed->end_max_ms, is_known);
    put_spread(json, "duration_ms", &feed->duration);
    put_spread(json, "behind_newest_ms", &feed->behind_newest);
    put_spread(json, "behind_stamp_ms", &feed->behind_stamp);
    number_field(json, "gaps", feed->gaps);
    number_field(json, "gap_max_ms", (uint64_t)feed->gap_max_ms);
    time_field(json, "gap_from", feed->gap_from_ms, feed->gaps > 0);
    json_key(json, "interval_ms");
    if (feed->interval_ms > 0) {
        json_i64(json, feed->interval_ms);
    } else {
        json_null(json);
    }
    json_key(json, "lateness_needed_ms");
    if (feed->ordered > 0) {
        json_i64(json, feed->need_ms);
    } else {
        json_null(json);
    }
}

static void put_rejects(struct json_writer *json, const struct exam_feed *feed) {
    json_key(json, "rejects");
    json_begin_array(json);
    for (int reason = 0; reason < REJECT_REASON_COUNT && feed->rejects != NULL; reason++) {
        const struct exam_reject *reject = &feed->rejects[reason];
        if (reject->count == 0) {
            continue;
        }
        json_begin_object(json);
        text_field(json, "reason", reject_reason_name((enum reject_reason)reason));
        number_field(json, "count", reject->count);
        text_field(json, "file", reject->path);
        number_field(json, "line", reject->first.line);
        text_field(json, "text", reject->path == NULL ? NULL : reject->first.excerpt);
        json_end_object(json);
    }
    json_end_array(json);
}

static void put_troubles(struct json_writer *json, const struct exam *exam) {
    static const char *const KINDS[EXAM_TROUBLE_KINDS] = { "unreadable", "foreign", "damaged",
                                                           "empty" };
    json_key(json, "trouble_counts");
    json_begin_object(json);
    for (int kind = 0; kind < EXAM_TROUBLE_KINDS; kind++) {
        number_field(json, KINDS[kind], exam->trouble_counts[kind]);
    }
    json_end_object(json);
    json_key(json, "troubles");
    json_begin_array(json);
    for (size_t i = 0; i < exam->trouble_count; i++) {
        const struct exam_trouble *trouble = &exam->troubles[i];
        json_begin_object(json);
        text_field(json, "kind", KINDS[trouble->kind]);
        text_field(json, "file", trouble->path);
        text_field(json, "what", trouble->what);
        text_field(json, "do", trouble->advice);
        json_end_object(json);
    }
    json_end_array(json);
}

bool doctor_view_json(const struct findings *findings, const struct exam *exam, FILE *out,
                      struct error *err) {
    struct buffer text;
    struct json_writer json;
    buffer_init(&text, JSON_SIZE_MAX);
    json_init(&json, &text);
    json_begin_object(&json);
    number_field(&json, "files", exam->plan.object_count);
    number_field(&json, "files_read", exam->objects_read);
    number_field(&json, "files_whole", exam->objects_whole);
    number_field(&json, "bytes_of_files", exam->size);
    number_field(&json, "bytes_read", exam->read_size);
    json_key(&json, "findings");
    json_begin_array(&json);
    for (size_t i = 0; i < findings->count; i++) {
        put_finding(&json, &findings->rows[i]);
    }
    json_end_array(&json);
    json_key(&json, "feeds");
    json_begin_array(&json);
    for (size_t i = 0; i < exam->plan.feed_count; i++) {
        json_begin_object(&json);
        put_shape(&json, &exam->feeds[i]);
        put_counts(&json, &exam->feeds[i]);
        put_times(&json, &exam->feeds[i]);
        put_rejects(&json, &exam->feeds[i]);
        json_end_object(&json);
    }
    json_end_array(&json);
    put_troubles(&json, exam);
    json_end_object(&json);
    buffer_u8(&text, '\n');
    bool ok = buffer_check(&text, "the report", err);
    if (ok) {
        (void)fwrite(text.data, 1, text.size, out); /* console_flush looks */
    }
    buffer_done(&text);
    return ok;
}
