/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_REJECT_LOG_H
#define WEIR_TOOLS_REJECT_LOG_H

#include "ingest/source.h"
#include "store/store.h"

/* Where lines that could not be taken go: with a store to its rejects.ndjson, else the first of
 * each reason to the notices. */
struct reject_log {
    struct store *store; /* NULL: none */
    void (*notice)(void *context, const char *text);
    void *context;
    struct buffer line;
    struct error error; /* the first failure to write */
    bool has_failed;
    bool is_full; /* the store's bound was reached, and said */
    bool is_known[REJECT_REASON_COUNT];
};

void reject_log_init(struct reject_log *log, struct store *store,
                     void (*notice)(void *context, const char *text), void *context);
void reject_log_end(struct reject_log *log);

/* {"file":...,"line":...,"reason":...,"text":...} */
void reject_log_add(struct reject_log *log, const char *path, const struct source_reject *reject);

/* False with the first error when something could not be written. */
bool reject_log_check(const struct reject_log *log, struct error *err);

#endif
