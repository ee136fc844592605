/* SPDX-License-Identifier: Apache-2.0 */
#include "store/log.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_BUFFER_SIZE ((size_t)64 * 1024)

bool log_open(struct log *log, const char *directory, const char *name, uint64_t final_size,
              struct error *err) {
    struct stat status = { 0 };
    buffer_init(&log->waiting, 16 * LOG_BUFFER_SIZE);
    log->path = file_join(directory, name);
    if (log->path == NULL || asprintf(&log->temporary, "%s.tmp", log->path) < 0) {
        log->temporary = NULL;
        return error_set(err, ERROR_LIMIT, "no memory");
    }
    if (stat(log->path, &status) != 0 && errno != ENOENT) {
        return error_system(err, errno, "%s", log->path);
    }
    if ((uint64_t)status.st_size < final_size) {
        return error_set(err, ERROR_FORMAT, "%s: %llu bytes, the manifest says %llu", log->path,
                         (unsigned long long)status.st_size, (unsigned long long)final_size);
    }
    log->final_size = log->size = final_size;
    log->file = open(log->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return log->file >= 0 || error_system(err, errno, "%s", log->temporary);
}

static bool flush(struct log *log, struct error *err) {
    bool ok = file_write(log->file, log->path, buffer_bytes(&log->waiting), err);
    buffer_reset(&log->waiting);
    return ok;
}

bool log_append(struct log *log, struct bytes line, struct error *err) {
    if (log->waiting.size + line.size > LOG_BUFFER_SIZE && !flush(log, err)) {
        return false;
    }
    buffer_put(&log->waiting, line.data, line.size);
    log->size += line.size;
    return buffer_check(&log->waiting, log->path, err);
}

/* All of `log->file`, from its start, behind what `file` holds. */
static bool copy_new(const struct log *log, int file, struct error *err) {
    uint8_t piece[LOG_BUFFER_SIZE];
    off_t at = 0;
    for (;;) {
        ssize_t got = pread(log->file, piece, sizeof piece, at);
        if (got < 0) {
            return error_system(err, errno, "%s", log->temporary);
        }
        if (got == 0) {
            return true;
        }
        if (!file_write(file, log->path, bytes_of(piece, (size_t)got), err)) {
            return false;
        }
        at += got;
    }
}

bool log_publish(struct log *log, struct error *err) {
    if (!flush(log, err)) {
        return false;
    }
    int file = open(log->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) {
        return error_system(err, errno, "%s", log->path);
    }
    bool ok = (ftruncate(file, (off_t)log->final_size) == 0 && lseek(file, 0, SEEK_END) >= 0) ||
              error_system(err, errno, "%s", log->path);
    ok = ok && copy_new(log, file, err) &&
         (fsync(file) == 0 || error_system(err, errno, "%s", log->path));
    (void)close(file); /* synced, or not part of the store */
    return ok;
}

bool log_settle(struct log *log, uint64_t final_size, struct error *err) {
    log->final_size = log->size = final_size;
    return (ftruncate(log->file, 0) == 0 && lseek(log->file, 0, SEEK_SET) == 0) ||
           error_system(err, errno, "%s", log->temporary);
}

void log_close(struct log *log) {
    if (log->file >= 0) {
        (void)close(log->file); /* copied by the commit, else not part of the store */
        (void)unlink(log->temporary);
    }
    free(log->path);
    free(log->temporary);
    buffer_done(&log->waiting);
}

bool log_count_lines(const struct log *log, uint64_t *count, struct error *err) {
    struct buffer file;
    *count = 0;
    if (log->final_size == 0) {
        return true;
    }
    buffer_init(&file, SIZE_MAX / 2);
    bool ok = file_read(log->path, &file, err);
    for (uint64_t i = 0; i < log->final_size && i < file.size; i++) {
        *count += file.data[i] == '\n';
    }
    buffer_done(&file);
    return ok;
}
