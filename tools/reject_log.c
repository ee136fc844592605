/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/reject_log.h"

#include "base/json_write.h"

#include <stdio.h>

void reject_log_init(struct reject_log *log, struct store *store,
                     void (*notice)(void *context, const char *text), void *context) {
    *log = (struct reject_log){ .store = store, .notice = notice, .context = context };
    buffer_init(&log->line, (size_t)1 << 16);
}

void reject_log_end(struct reject_log *log) {
    buffer_done(&log->line);
}

static void write_json(struct buffer *out, const char *path, const struct source_reject *reject) {
    struct json_writer json;
    json_init(&json, out);
    json_begin_object(&json);
    json_key(&json, "file");
    json_string(&json, path);
    json_key(&json, "line");
    json_u64(&json, reject->line);
    json_key(&json, "reason");
    json_string(&json, reject_reason_name(reject->reason));
    json_key(&json, "text");
    json_string(&json, reject->excerpt);
    json_end_object(&json);
    buffer_u8(out, '\n');
}

static void say_first(struct reject_log *log, const char *path,
                      const struct source_reject *reject) {
    char text[4096 + 256];
    if (log->is_known[reject->reason]) {
        return;
    }
    log->is_known[reject->reason] = true;
    snprintf(text, sizeof text, "%s: line %llu: %s: %s (further ones are only counted)", path,
             (unsigned long long)reject->line, reject_reason_name(reject->reason), reject->excerpt);
    log->notice(log->context, text);
}

void reject_log_add(struct reject_log *log, const char *path, const struct source_reject *reject) {
    if (log->store == NULL) {
        say_first(log, path, reject);
        return;
    }
    if (log->has_failed) {
        return;
    }
    bool is_kept = true;
    buffer_reset(&log->line);
    write_json(&log->line, path, reject);
    if (!buffer_check(&log->line, "a rejected line", &log->error) ||
        !store_reject(log->store, buffer_bytes(&log->line), &is_kept, &log->error)) {
        log->has_failed = true;
    } else if (!is_kept && !log->is_full) {
        log->is_full = true;
        log->notice(log->context, "rejects.ndjson is full: further lines are only counted");
    }
}

bool reject_log_check(const struct reject_log *log, struct error *err) {
    if (log->has_failed) {
        *err = log->error;
    }
    return !log->has_failed;
}
