/* SPDX-License-Identifier: Apache-2.0 */
/* The commit, step by step, and what a crash between two steps leaves:
 *
 *   1. segments renamed, logs synced    unnamed segments and a new tail of the logs: not counted
 *   2. `state` linked as `state.before` the same
 *   3. new `state` replaces the old     the manifest's checksum still means `state.before`
 *   4. new `manifest` replaces the old  this is the commit
 *   5. `state.before` removed           a file that nobody means
 */
#include "store/store.h"

#include "base/file.h"
#include "store/log.h"
#include "store/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define CHECKSUM_PIECE_SIZE ((size_t)64 * 1024)
#define MANIFEST_SIZE_MAX ((size_t)1 << 30)
#define STATE_VALUE "detector"

struct store {
    char *directory;
    char *manifest_path;
    char *state_path;
    char *before_path;
    int lock;
    struct manifest *manifest;
    struct flows_writer *flows;
    struct state *state;
    bool is_state_ahead; /* of the manifest: a commit failed behind its step 3 */
    struct log alerts;
    struct log rejects;
    uint64_t reject_count;
    bool has_mark;
    uint64_t alerts_final;
};

/* A store that was interrupted before its first manifest counts as empty. */
static bool is_empty_folder(const char *directory, bool *is_empty, struct error *err) {
    /* What the operator says (docs/OPERATIONS.md) may be there before the store is. */
    static const char *const known[] = {
        ".", "..", "lock", "manifest.tmp", "operator.yaml", "operator.yaml.tmp"
    };
    DIR *folder = opendir(directory);
    if (folder == NULL) {
        *is_empty = errno == ENOENT;
        return *is_empty || error_system(err, errno, "%s", directory);
    }
    *is_empty = true;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            is_known |= strcmp(entry->d_name, known[i]) == 0;
        }
        *is_empty &= is_known;
    }
    (void)closedir(folder);
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

/* Removes what a store's manifest has named, and nothing else. */
static bool remove_contents(struct store *store, struct error *err) {
    static const char *const names[] = { "state", "state.before", "alerts.ndjson", "rejects.ndjson",
                                         "flows" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = file_join(store->directory, names[i]);
        if (path == NULL) {
            return error_set(err, ERROR_LIMIT, "no memory");
        }
        bool ok = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
        if (!ok) {
            error_system(err, errno, "%s", path);
        }
        free(path);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool read_manifest_file(const char *path, struct manifest *manifest, struct error *err) {
    struct buffer file;
    buffer_init(&file, MANIFEST_SIZE_MAX);
    bool ok = file_read(path, &file, err);
    if (ok && !manifest_decode(manifest, buffer_bytes(&file), err)) {
        ok = error_context(err, "%s", path);
    }
    buffer_done(&file);
    return ok;
}

static bool write_manifest(struct store *store, struct error *err) {
    struct buffer file;
    buffer_init(&file, MANIFEST_SIZE_MAX);
    bool ok = manifest_encode(store->manifest, &file, err) &&
              file_replace(store->manifest_path, buffer_bytes(&file), err);
    buffer_done(&file);
    return ok;
}

/* XXH3-64 of all that can be read from an open file. */
static bool checksum_open(int file, const char *path, uint64_t *checksum, struct error *err) {
    XXH3_state_t *hash = XXH3_createState();
    if (hash == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a checksum");
    }
    (void)XXH3_64bits_reset(hash); /* this and updates fail for NULL only */
    uint8_t piece[CHECKSUM_PIECE_SIZE];
    ssize_t got;
    while ((got = read(file, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0) {
            (void)XXH3_64bits_update(hash, piece, (size_t)got);
        }
    }
    bool ok = got == 0 || error_system(err, errno, "%s", path);
    *checksum = ok ? XXH3_64bits_digest(hash) : 0;
    (void)XXH3_freeState(hash); /* never fails */
    return ok;
}

/* Of the file's bytes; 0 when there is none, or nothing in it. */
static bool checksum_file(const char *path, uint64_t *checksum, struct error *err) {
    *checksum = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT || error_system(err, errno, "%s", path);
    }
    struct stat status;
    bool ok = fstat(file, &status) == 0 || error_system(err, errno, "%s", path);
    ok = ok && (status.st_size == 0 || checksum_open(file, path, checksum, err));
    (void)close(file); /* only read from */
    return ok;
}

/* Puts the state that the manifest means in place, undoing steps 2 and 3 of a commit that did not
 * come to its end. */
static bool recover_state(struct store *store, struct error *err) {
    uint64_t wanted = manifest_files(store->manifest)->state_checksum;
    uint64_t current;
    uint64_t before;
    if (!checksum_file(store->state_path, &current, err)) {
        return false;
    }
    if (current == wanted) {
        return true;
    }
    if (wanted == 0) {
        return unlink(store->state_path) == 0 || error_system(err, errno, "%s", store->state_path);
    }
    if (!checksum_file(store->before_path, &before, err)) {
        return false;
    }
    if (before != wanted) {
        return error_set(err, ERROR_FORMAT, "%s: not the state that the manifest means",
                         store->state_path);
    }
    return rename(store->before_path, store->state_path) == 0 ||
           error_system(err, errno, "%s", store->state_path);
}

static bool take_lock(struct store *store, struct error *err) {
    char *path = file_join(store->directory, "lock");
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory");
    }
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool ok = store->lock >= 0 || error_system(err, errno, "%s", path);
    if (ok && flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        ok = errno == EWOULDBLOCK
                 ? error_set(err, ERROR_ARGUMENT, "%s: another program is writing this store",
                             store->directory)
                 : error_system(err, errno, "%s", path);
    }
    free(path);
    return ok;
}

/* Nothing was ever committed to it. */
static bool is_empty_manifest(struct manifest *manifest) {
    return manifest_input_count(manifest) == 0 && manifest_segment_count(manifest) == 0 &&
           manifest_files(manifest)->state_checksum == 0 &&
           manifest_files(manifest)->alerts_size == 0;
}

/* What STORE_NEW and STORE_APPEND may not go on with is an error. */
static bool read_store(struct store *store, enum store_mode mode, struct error *err) {
    if (!read_manifest_file(store->manifest_path, store->manifest, err)) {
        return false;
    }
    return mode == STORE_APPEND || is_empty_manifest(store->manifest) ||
           error_set(err, ERROR_ARGUMENT,
                     "%s: holds a store already (--append goes on with it, --force starts anew)",
                     store->directory);
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

/* Makes or checks the folder, by mode; leaves it locked, with a manifest. The old manifest gives
 * way to an empty one before anything that it names is removed: whenever the program ends, there is
 * a whole store. */
static bool prepare_folder(struct store *store, enum store_mode mode, struct error *err) {
    char *inside = file_join(store->directory, "");
    bool is_empty = true;
    bool ok = inside != NULL && file_make_folders(inside, err) &&
              is_empty_folder(store->directory, &is_empty, err);
    free(inside);
    if (!ok) {
        return false;
    }
    if (!is_empty && !is_there(store->manifest_path)) {
        return error_set(err, ERROR_ARGUMENT, "%s: is not empty and not a store: left as it is",
                         store->directory);
    }
    if (!take_lock(store, err)) {
        return false;
    }
    bool is_store = is_there(store->manifest_path); /* asked again: nobody else can change it now */
    if (is_store && mode != STORE_FORCE && !read_store(store, mode, err)) {
        return false;
    }
    if (is_store && mode == STORE_APPEND) {
        return recover_state(store, err);
    }
    return write_manifest(store, err) && remove_contents(store, err);
}

bool store_open(struct store **out, const char *directory, enum store_mode mode,
                struct error *err) {
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a store");
    }
    store->lock = store->alerts.file = store->rejects.file = -1;
    store->directory = strdup(directory);
    store->manifest_path = file_join(directory, "manifest");
    store->state_path = file_join(directory, "state");
    store->before_path = file_join(directory, "state.before");
    if (store->directory == NULL || store->manifest_path == NULL || store->state_path == NULL ||
        store->before_path == NULL) {
        store_close(store);
        return error_set(err, ERROR_LIMIT, "no memory for a store");
    }
    bool ok = manifest_new(&store->manifest, err) && prepare_folder(store, mode, err) &&
              flows_writer_open(&store->flows, directory, store->manifest, err) &&
              state_file_open(&store->state, store->state_path, err) &&
              log_open(&store->alerts, directory, "alerts.ndjson",
                       manifest_files(store->manifest)->alerts_size, err) &&
              log_open(&store->rejects, directory, "rejects.ndjson",
                       manifest_files(store->manifest)->rejects_size, err) &&
              log_count_lines(&store->rejects, &store->reject_count, err);
    if (!ok) {
        store_close(store);
        return false;
    }
    *out = store;
    return true;
}

void store_close(struct store *store) {
    if (store == NULL) {
        return;
    }
    log_close(&store->alerts);
    log_close(&store->rejects);
    flows_writer_close(store->flows);
    if (store->state != NULL) {
        store->state->ops->close(store->state);
    }
    manifest_free(store->manifest);
    if (store->lock >= 0) {
        (void)close(store->lock); /* lets the lock go */
    }
    free(store->directory);
    free(store->manifest_path);
    free(store->state_path);
    free(store->before_path);
    free(store);
}

struct manifest *store_manifest(struct store *store) {
    return store->manifest;
}

struct flows_writer *store_flows(struct store *store) {
    return store->flows;
}

bool store_detector(struct store *store, struct bytes *value, struct error *err) {
    return store->state->ops->get(store->state, STATE_VALUE, value, err);
}

bool store_alert(struct store *store, struct bytes line, struct error *err) {
    return log_append(&store->alerts, line, err);
}

bool store_reject(struct store *store, struct bytes line, bool *is_kept, struct error *err) {
    *is_kept = store->reject_count < STORE_REJECTS_MAX;
    store->reject_count++;
    return !*is_kept || log_append(&store->rejects, line, err);
}

void store_mark_final(struct store *store) {
    store->alerts_final = store->alerts.size;
    store->has_mark = true;
}

/* Keeps the committed state under a second name; not what a failed commit has put in its place. */
static bool keep_state(struct store *store, struct error *err) {
    if (store->is_state_ahead) {
        return true;
    }
    (void)unlink(store->before_path); /* of a commit that ended after its step 4 */
    if (link(store->state_path, store->before_path) != 0) {
        return errno == ENOENT || error_system(err, errno, "%s", store->before_path);
    }
    return file_sync_folder(store->before_path, err);
}

static bool commit_state(struct store *store, struct buffer *detector, struct error *err) {
    if (detector->size == 0) {
        return true;
    }
    if (!keep_state(store, err)) {
        return false;
    }
    store->is_state_ahead = true;
    return store->state->ops->put(store->state, STATE_VALUE, detector, err) &&
           store->state->ops->commit(store->state, err) &&
           checksum_file(store->state_path, &manifest_files(store->manifest)->state_checksum, err);
}

bool store_commit(struct store *store, struct buffer *detector, struct error *err) {
    if (!flows_commit(store->flows, err)) {
        return false;
    }
    for (size_t i = 0; i < flows_finished_count(store->flows); i++) {
        if (!manifest_set_segment(store->manifest, flows_finished(store->flows, i), err)) {
            return false;
        }
    }
    struct manifest_files *files = manifest_files(store->manifest);
    files->alerts_size = store->has_mark ? store->alerts_final : store->alerts.size;
    files->rejects_size = store->rejects.size;
    bool ok = log_publish(&store->alerts, err) && log_publish(&store->rejects, err) &&
              commit_state(store, detector, err) && write_manifest(store, err);
    if (ok) {
        (void)unlink(store->before_path); /* nobody means it any more */
        store->has_mark = false;
        store->is_state_ahead = false;
        ok = log_settle(&store->alerts, files->alerts_size, err) &&
             log_settle(&store->rejects, files->rejects_size, err);
    }
    return ok;
}

bool store_read_manifest(const char *directory, struct manifest *manifest, struct error *err) {
    char *path = file_join(directory, "manifest");
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory");
    }
    bool ok = access(path, F_OK) == 0 ||
              error_set(err, ERROR_ARGUMENT, "%s: is not a store (it has no manifest)", directory);
    ok = ok && read_manifest_file(path, manifest, err);
    free(path);
    return ok;
}

/* Opens the state file of that name, if it is the one that is wanted; else `*state` is NULL. */
static bool open_wanted(const char *directory, const char *name, uint64_t wanted,
                        struct state **state, struct error *err) {
    *state = NULL;
    char *path = file_join(directory, name);
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory");
    }
    uint64_t found = wanted;
    /* Asked behind the opening: what a writer has put there since is not what was read. */
    bool ok = state_file_open(state, path, err) && checksum_file(path, &found, err);
    if (*state != NULL && (!ok || found != wanted)) {
        (*state)->ops->close(*state);
        *state = NULL;
    }
    free(path);
    return ok;
}

/* A commit that comes between the manifest and the state is met at most a few times. */
#define READ_TIMES 4

bool store_read_detector(const char *directory, struct state **state, struct bytes *value,
                         struct error *err) {
    *value = (struct bytes){ 0 };
    *state = NULL;
    bool ok = true;
    for (int i = 0; ok && *state == NULL && i < READ_TIMES; i++) {
        struct manifest *manifest = NULL;
        ok = manifest_new(&manifest, err) && store_read_manifest(directory, manifest, err);
        uint64_t wanted = ok ? manifest_files(manifest)->state_checksum : 0;
        manifest_free(manifest);
        ok = ok && open_wanted(directory, "state", wanted, state, err) &&
             (*state != NULL || open_wanted(directory, "state.before", wanted, state, err));
    }
    if (ok && *state == NULL) {
        return error_set(err, ERROR_FORMAT, "%s: holds no state that its manifest means",
                         directory);
    }
    return ok && ((*state)->ops->get(*state, STATE_VALUE, value, err) ||
                  error_context(err, "%s", directory));
}
