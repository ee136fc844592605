/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_LOG_H
#define WEIR_STORE_LOG_H

#include "base/bytes.h"

/* A file of a store that grows by lines. What is new lies in a file of its own (PATH.tmp) until the
 * commit, so a run that is refused or fails leaves the log as it was. One thread. */
struct log {
    char *path;
    char *temporary;
    int file;            /* `temporary`; -1: not open */
    uint64_t final_size; /* of `path`, by the manifest: the rest of it is taken back */
    uint64_t size;       /* the same and what is new */
    struct buffer waiting;
};

/* Opens "directory/name", of which `final_size` bytes count. Errors: ERROR_FORMAT (it is shorter),
 * ERROR_IO, ERROR_DENIED, ERROR_LIMIT. */
bool log_open(struct log *log, const char *directory, const char *name, uint64_t final_size,
              struct error *err);
/* Accepts one of zeros but for `file` = -1, and a half open one. */
void log_close(struct log *log);

/* Adds one line, with its newline. Errors: ERROR_IO, ERROR_LIMIT. */
bool log_append(struct log *log, struct bytes line, struct error *err);

/* Takes back what is not final, puts what is new in its place, and syncs it. Without log_settle it
 * may be done again. */
bool log_publish(struct log *log, struct error *err);
/* Behind a commit that names `final_size` bytes: the next lines come behind these. */
bool log_settle(struct log *log, uint64_t final_size, struct error *err);

/* The lines that are final. */
bool log_count_lines(const struct log *log, uint64_t *count, struct error *err);

#endif
