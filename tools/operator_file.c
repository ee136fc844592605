/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/operator_file.h"

#include "base/file.h"
#include "tools/yaml_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

char *operator_file_path(const char *file, const char *store, struct error *err) {
    if ((file == NULL) == (store == NULL)) {
        (void)error_set(err, ERROR_ARGUMENT,
                        file == NULL ? "--store DIR or --file FILE is missing"
                                     : "--store and --file exclude each other");
        return NULL;
    }
    if (store != NULL) {
        char *manifest = file_join(store, "manifest");
        bool is_store = manifest != NULL && access(manifest, F_OK) == 0;
        free(manifest);
        if (!is_store) {
            (void)error_set(err, ERROR_ARGUMENT, "%s: is not a store (name a file by --file)",
                            store);
            return NULL;
        }
    }
    char *path = store != NULL ? file_join(store, CONFIG_OPERATOR_FILE) : strdup(file);
    if (path == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory for a path");
    }
    return path;
}

bool operator_file_read(struct config *config, const char *path, struct error *err) {
    return config_read_operator_file(config, path, err) && say_finish(&config->say, err);
}

size_t operator_time_format(int64_t ms, char out[TIME_TEXT_SIZE]) {
    return ms % 1000 == 0 ? time_format_seconds(ms, NULL, out) : time_format(ms, NULL, out);
}

static void put(struct buffer *out, const char *text) {
    buffer_put(out, text, strlen(text));
}

static void put_text(struct buffer *out, const char *key, struct bytes text) {
    if (text.size > 0) {
        put(out, key);
        yaml_put_text(out, text);
        put(out, "\n");
    }
}

static void put_time(struct buffer *out, const char *key, int64_t ms) {
    char text[TIME_TEXT_SIZE];
    operator_time_format(ms, text);
    put(out, key);
    put(out, text);
    put(out, "\n");
}

static void put_list(struct buffer *out, const char *key, const struct say_list *list) {
    if (list->count == 0) {
        return;
    }
    put(out, key);
    for (size_t i = 0; i < list->count; i++) {
        put(out, i == 0 ? "[" : ", ");
        yaml_put_text(out, list->globs[i]);
    }
    put(out, "]\n");
}

static void put_silence(struct buffer *out, const struct say_silence *silence) {
    put_time(out, "  - until: ", silence->span.until_ms);
    if (silence->span.from_ms != INT64_MIN) {
        put_time(out, "    from: ", silence->span.from_ms);
    }
    put_text(out, "    filter: ", silence->filter_text);
    put_list(out, "    nodes: ", &silence->scope.nodes);
    put_list(out, "    roles: ", &silence->scope.roles);
    put_list(out, "    classes: ", &silence->scope.classes);
    put_list(out, "    rules: ", &silence->scope.rules);
    put_text(out, "    comment: ", silence->comment);
}

static void put_silences(struct buffer *out, const struct say *say, bool is_allowed) {
    put(out, is_allowed ? "allow:\n" : "silences:\n");
    for (size_t i = 0; i < say->silence_count; i++) {
        if (say->silences[i].is_allowed == is_allowed) {
            put_silence(out, &say->silences[i]);
        }
    }
}

void operator_file_print(const struct say *say, struct buffer *out) {
    put(out, "# Written by `weir silence` and `weir ack`: comments are not kept.\n");
    put_silences(out, say, false);
    put_silences(out, say, true);
    put(out, "acknowledgements:\n");
    for (size_t i = 0; i < say->ack_count; i++) {
        put(out, "  - episode: ");
        yaml_put_text(out, bytes_text(say->acks[i].episode)); /* digits alone would be a number */
        put(out, "\n    verdict: ");
        put(out, say_verdict_name(say->acks[i].verdict));
        put(out, "\n");
        put_text(out, "    comment: ", say->acks[i].comment);
    }
}

/* A lock on the folder leaves no file behind, and lives as long as the descriptor. */
static int lock_folder(const char *path, struct error *err) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (folder == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory for a path");
        return -1;
    }
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int locked = lock;
    while (lock >= 0 && (locked = flock(lock, LOCK_EX)) < 0 && errno == EINTR) {
    }
    if (locked < 0) {
        (void)error_system(err, errno, "%s", folder);
        if (lock >= 0) {
            (void)close(lock);
            lock = -1;
        }
    }
    free(folder);
    return lock;
}

/* What could not be read again must not be written. */
static bool check_text(struct bytes text, const char *path, struct error *err) {
    struct config config;
    config_init(&config);
    bool ok = config_read_operator(&config, path, text, err);
    config_done(&config);
    return ok;
}

static bool edit_locked(const char *path, operator_edit edit, void *context, struct error *err) {
    struct config config;
    struct buffer text;
    config_init(&config);
    buffer_init(&text, YAML_TREE_SIZE_MAX);
    bool ok = operator_file_read(&config, path, err) && edit(context, &config, err) &&
              say_finish(&config.say, err);
    if (ok) {
        operator_file_print(&config.say, &text);
        ok = buffer_check(&text, path, err) && check_text(buffer_bytes(&text), path, err) &&
             file_replace(path, buffer_bytes(&text), err);
    }
    buffer_done(&text);
    config_done(&config);
    return ok;
}

bool operator_file_edit(const char *path, operator_edit edit, void *context, struct error *err) {
    int lock = lock_folder(path, err);
    if (lock < 0) {
        return false;
    }
    bool ok = edit_locked(path, edit, context, err);
    (void)close(lock); /* nothing was written through it */
    return ok;
}
