/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_STORE_H
#define WEIR_STORE_STORE_H

#include "store/flows.h"
#include "store/manifest.h"
#include "store/state.h"

/* A store's folder, for its one writer:
 *
 *      DIR/manifest         what belongs to the store; replacing it is the commit
 *      DIR/state            the detector's state (store/state_file.h)
 *      DIR/alerts.ndjson    alerts, one a line
 *      DIR/rejects.ndjson   lines that could not be taken, with file, line and reason
 *      DIR/flows/...        segments (store/flows.h)
 *      DIR/lock             held by the writer (flock)
 *
 * Everything that is put in becomes part of the store at store_commit, all of it or none, also at a
 * power cut: segments and logs are synced first, the old state is kept beside the new one until the
 * manifest, which says by checksum which of both it means, has replaced the old manifest. Readers
 * (query/) take no lock: what the manifest names does not change. One thread. */

enum store_mode {
    STORE_NEW,    /* the folder must be empty or not there, or a store without any commit */
    STORE_APPEND, /* goes on behind the last commit; the next one takes back what came after it */
    STORE_FORCE,  /* what is there is removed, if it is a store: nothing else ever is */
};

/* Most lines kept in rejects.ndjson; beyond it they are only counted. */
#define STORE_REJECTS_MAX 100000u

struct store;

/* Errors: ERROR_ARGUMENT (not empty; not a store; another writer holds it), ERROR_IO, ERROR_DENIED,
 * ERROR_FORMAT and ERROR_UNSUPPORTED (a store that cannot be gone on with). */
bool store_open(struct store **out, const char *directory, enum store_mode mode, struct error *err);
/* Without a commit nothing of what was put in since the last one counts. Accepts NULL. */
void store_close(struct store *store);

struct manifest *store_manifest(struct store *store);
struct flows_writer *store_flows(struct store *store);

/* The detector's state as of the last commit, borrowed until the commit; empty in a new store. */
bool store_detector(struct store *store, struct bytes *value, struct error *err);

/* Appends one line (with its newline) to alerts.ndjson or rejects.ndjson; store_reject says through
 * `*is_kept` whether the bound was reached. */
bool store_alert(struct store *store, struct bytes line, struct error *err);
bool store_reject(struct store *store, struct bytes line, bool *is_kept, struct error *err);

/* What was put into alerts.ndjson so far is final. What comes behind is what the windows that are
 * still open say now: it is shown, and taken back by the next commit, which says it again. */
void store_mark_final(struct store *store);

/* Finishes the segments, names them in the manifest, and makes it all durable. `detector` becomes
 * the state, and its bytes are taken: it is empty afterwards. An empty one leaves the state as it
 * was. */
bool store_commit(struct store *store, struct buffer *detector, struct error *err);

/* Reads a store's manifest without locking it, for readers. Errors: ERROR_ARGUMENT (not a store),
 * else as store_open. */
bool store_read_manifest(const char *directory, struct manifest *manifest, struct error *err);

/* The same of the detector's state: as of a commit, though a writer may be at work. `value` lies in
 * `*state`, which the caller closes (`ops->close`); it is empty where no detector was ever part of
 * the store. */
bool store_read_detector(const char *directory, struct state **state, struct bytes *value,
                         struct error *err);

#endif
