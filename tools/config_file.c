/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/config_file.h"

#include "base/file.h"
#include "tools/config_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TREE_SIZE_MAX ((size_t)128 << 20)

void config_init(struct config *config) {
    detector_config_init(&config->detector);
    say_init(&config->say);
    config->detector.say = &config->say;
}

void config_done(struct config *config) {
    say_done(&config->say);
    *config = (struct config){ 0 };
}

/* `detector:`. Bounds are detector_config_check's: what it finds wrong is what was just set, since
 * all was right before. */
static bool check(struct config_reader *reader, const struct tree *value) {
    return detector_config_check(&reader->config->detector, reader->err) ||
           config_fail_with(reader, value);
}

static bool take_cluster(struct config_reader *reader, const struct tree *value, void *object) {
    struct detector_config *detector = object;
    return config_take_text(reader, value, &detector->cluster) && check(reader, value);
}

static bool take_ms(struct config_reader *reader, const struct tree *value, int64_t *out_ms) {
    return config_take_duration(reader, value, out_ms) && check(reader, value);
}

static bool take_window(struct config_reader *reader, const struct tree *value, void *object) {
    return take_ms(reader, value, &((struct detector_config *)object)->window_ms);
}

static bool take_warm_up(struct config_reader *reader, const struct tree *value, void *object) {
    return take_ms(reader, value, &((struct detector_config *)object)->warm_up_ms);
}

static bool take_quiet(struct config_reader *reader, const struct tree *value, void *object) {
    return take_ms(reader, value, &((struct detector_config *)object)->quiet_ms);
}

static bool take_ongoing(struct config_reader *reader, const struct tree *value, void *object) {
    return take_ms(reader, value, &((struct detector_config *)object)->ongoing_ms);
}

static bool take_whole(struct config_reader *reader, const struct tree *value, const char *unit,
                       uint64_t maximum, uint64_t *out) {
    double number;
    if (!config_take_number(reader, value, unit, &number)) {
        return false;
    }
    if (number > (double)maximum || number != (double)(uint64_t)number) {
        return config_fail(reader, value, "a whole number of %s up to %llu is wanted here", unit,
                           (unsigned long long)maximum);
    }
    *out = (uint64_t)number;
    return true;
}

static bool take_memory(struct config_reader *reader, const struct tree *value, void *object) {
    struct detector_config *detector = object;
    return take_whole(reader, value, "bytes", UINT64_C(1) << 50, &detector->memory_bytes_max) &&
           check(reader, value);
}

static bool take_most(struct config_reader *reader, const struct tree *value, const char *unit,
                      uint32_t *out) {
    uint64_t number = 0;
    if (!take_whole(reader, value, unit, UINT32_MAX, &number)) {
        return false;
    }
    *out = (uint32_t)number;
    return check(reader, value);
}

static bool take_conversations_max(struct config_reader *reader, const struct tree *value,
                                   void *object) {
    return take_most(reader, value, "conversations",
                     &((struct detector_config *)object)->conversations_max);
}

static bool take_groups_max(struct config_reader *reader, const struct tree *value, void *object) {
    return take_most(reader, value, "groups", &((struct detector_config *)object)->groups_max);
}

static bool take_nodes_max(struct config_reader *reader, const struct tree *value, void *object) {
    return take_most(reader, value, "nodes", &((struct detector_config *)object)->nodes_max);
}

static bool take_detector(struct config_reader *reader, const struct tree *value, void *object) {
    static const struct config_row rows[] = {
        { "cluster", take_cluster, false },
        { "window", take_window, false },
        { "warm_up", take_warm_up, false },
        { "quiet", take_quiet, false },
        { "ongoing", take_ongoing, false },
        { "memory", take_memory, false },
        { "conversations_max", take_conversations_max, false },
        { "groups_max", take_groups_max, false },
        { "nodes_max", take_nodes_max, false },
    };
    (void)object;
    return config_take_map(reader, value, rows, sizeof rows / sizeof *rows,
                           &reader->config->detector);
}

static bool take_rules(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_rules(reader, value, &reader->config->detector.rules);
}

static bool take_overrides(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_override);
}

static bool take_silences(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_silence);
}

static bool take_allow(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_allow);
}

static bool take_maintenance(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_maintenance);
}

/* An empty calendar is one: then nothing is declared. */
static bool take_changes(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    reader->config->say.has_calendar = true;
    return config_take_list(reader, value, config_take_change);
}

static bool take_never_recycle(struct config_reader *reader, const struct tree *value,
                               void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_exempt);
}

static bool take_acks(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_list(reader, value, config_take_ack);
}

static bool take_prefixes(struct config_reader *reader, const struct tree *value, void *object) {
    (void)object;
    return config_take_prefixes(reader, value);
}

static bool take_operator_file(struct config_reader *reader, const struct tree *value,
                               void *object) {
    char *path = NULL;
    (void)object;
    if (!config_take_path(reader, value, &path)) {
        return false;
    }
    bool ok = config_read_operator_file(reader->config, path, reader->err);
    free(path);
    return ok;
}

#define OPERATOR_ROWS                                                                              \
    { "silences", take_silences, false }, { "allow", take_allow, false }, {                        \
        "acknowledgements", take_acks, false                                                       \
    }

static const struct config_row operator_rows[] = { OPERATOR_ROWS };

/* In the order in which they are taken: overrides begin as what `rules` made of the defaults. */
static const struct config_row file_rows[] = {
    { "detector", take_detector, false },           { "rules", take_rules, false },
    { "overrides", take_overrides, false },         { "service_prefixes", take_prefixes, false },
    { "maintenance", take_maintenance, false },     { "changes", take_changes, false },
    { "never_recycle", take_never_recycle, false }, OPERATOR_ROWS,
    { "operator_file", take_operator_file, false },
};

static bool read_rows(struct config_reader *reader, const struct config_row *rows, size_t count,
                      struct bytes text) {
    struct arena arena;
    const struct tree *tree;
    arena_init(&arena, TREE_SIZE_MAX);
    bool ok = yaml_tree_read(&tree, &arena, reader->name, text, reader->err) &&
              config_take_map(reader, tree, rows, count, NULL);
    arena_done(&arena);
    return ok;
}

bool config_read(struct config *config, const char *name, const char *folder, struct bytes text,
                 struct error *err) {
    struct config_reader reader = { .config = config, .name = name, .folder = folder, .err = err };
    return read_rows(&reader, file_rows, sizeof file_rows / sizeof *file_rows, text);
}

bool config_read_operator(struct config *config, const char *name, struct bytes text,
                          struct error *err) {
    struct config_reader reader = { .config = config, .name = name, .folder = ".", .err = err };
    return read_rows(&reader, operator_rows, sizeof operator_rows / sizeof *operator_rows, text);
}

static bool read_file(const char *path, struct buffer *text, struct error *err) {
    buffer_init(text, YAML_TREE_SIZE_MAX);
    return file_read(path, text, err);
}

bool config_read_operator_file(struct config *config, const char *path, struct error *err) {
    struct buffer text;
    struct stat status;
    if (stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return true;
    }
    bool ok =
        read_file(path, &text, err) && config_read_operator(config, path, buffer_bytes(&text), err);
    buffer_done(&text);
    return ok;
}

static bool load_file(struct config *config, const char *path, struct error *err) {
    struct buffer text;
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    bool is_read = read_file(path, &text, err);
    bool ok = is_read && (folder != NULL || error_set(err, ERROR_LIMIT, "no memory for a path")) &&
              config_read(config, path, folder, buffer_bytes(&text), err);
    buffer_done(&text);
    free(folder);
    return ok;
}

static bool load_store(struct config *config, const char *store, struct error *err) {
    char *path = file_join(store, CONFIG_OPERATOR_FILE);
    if (path == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a path");
    }
    bool ok = config_read_operator_file(config, path, err);
    free(path);
    return ok;
}

bool config_load(struct config *config, const char *path, const char *store, struct error *err) {
    return (path == NULL || load_file(config, path, err)) &&
           (store == NULL || load_store(config, store, err)) && say_finish(&config->say, err);
}
