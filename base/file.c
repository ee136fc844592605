/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)

bool file_read(const char *path, struct buffer *out, struct error *err) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return error_system(err, errno, "%s", path);
    }
    bool ok = true;
    for (;;) {
        uint8_t piece[READ_SIZE];
        ssize_t got = read(file, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            ok = error_system(err, errno, "%s", path);
        }
        if (got <= 0) {
            break;
        }
        buffer_put(out, piece, (size_t)got);
        if (out->failed) {
            ok = buffer_check(out, path, err);
            break;
        }
    }
    (void)close(file); /* only read from */
    return ok;
}

bool file_write(int file, const char *path, struct bytes bytes, struct error *err) {
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote = write(file, bytes.data + done, bytes.size - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return error_system(err, wrote < 0 ? errno : ENOSPC, "%s", path);
        }
        done += (size_t)wrote;
    }
    return true;
}

bool file_replace(const char *path, struct bytes bytes, struct error *err) {
    return file_replace_parts(path, &bytes, 1, err);
}

bool file_replace_parts(const char *path, const struct bytes *parts, size_t count,
                        struct error *err) {
    char *temporary;
    if (asprintf(&temporary, "%s.tmp", path) < 0) {
        return error_set(err, ERROR_LIMIT, "%s: no memory", path);
    }
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = file >= 0 || error_system(err, errno, "%s", temporary);
    for (size_t i = 0; i < count && ok; i++) {
        ok = file_write(file, temporary, parts[i], err);
    }
    ok = ok && (fsync(file) == 0 || error_system(err, errno, "%s", temporary));
    if (file >= 0 && close(file) != 0 && ok) {
        ok = error_system(err, errno, "%s", temporary);
    }
    ok = ok && (rename(temporary, path) == 0 || error_system(err, errno, "%s", path));
    if (!ok && file >= 0) {
        (void)unlink(temporary); /* what is left of a failed try */
    }
    free(temporary);
    return ok && file_sync_folder(path, err);
}

bool file_make_folders(const char *path, struct error *err) {
    char *folder = strdup(path);
    if (folder == NULL) {
        return error_set(err, ERROR_LIMIT, "%s: no memory", path);
    }
    bool ok = true;
    for (char *slash = folder; ok && *slash != '\0' && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        if (mkdir(folder, 0777) == 0) {
            ok = file_sync_folder(folder, err);
        } else if (errno != EEXIST) {
            ok = error_system(err, errno, "%s", folder);
        }
        *slash = '/';
    }
    free(folder);
    return ok;
}

bool file_sync_folder(const char *path, struct error *err) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (folder == NULL) {
        return error_set(err, ERROR_LIMIT, "%s: no memory", path);
    }
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = (file >= 0 && fsync(file) == 0) || error_system(err, errno, "%s", folder);
    if (file >= 0) {
        (void)close(file); /* only synced */
    }
    free(folder);
    return ok;
}

char *file_join(const char *folder, const char *name) {
    char *path;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}
