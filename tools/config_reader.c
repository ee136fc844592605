/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/config_reader.h"

#include "base/file.h"
#include "base/glob.h"
#include "base/option.h"
#include "base/time.h"
#include "base/units.h"
#include "tools/config_value.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 4096u
#define SHOWN_MAX 40

bool config_fail_with(struct config_reader *reader, const struct tree *tree) {
    struct error *err = reader->err;
    if (err->code == ERROR_FORMAT || err->code == ERROR_UNSUPPORTED) {
        err->code = ERROR_ARGUMENT;
    }
    return error_context(err, "%s:%u:%u", reader->name, tree->line, tree->column);
}

bool config_fail(struct config_reader *reader, const struct tree *tree, const char *format, ...) {
    char text[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)error_set(reader->err, ERROR_ARGUMENT, "%s", text);
    return config_fail_with(reader, tree);
}

static int shown(struct bytes text) {
    return text.size < SHOWN_MAX ? (int)text.size : SHOWN_MAX;
}

static const char *text_of(struct bytes text) {
    return text.size > 0 ? (const char *)text.data : "";
}

bool config_fail_key(struct config_reader *reader, const struct tree *key, const char *const *names,
                     size_t count) {
    char word[64];
    snprintf(word, sizeof word, "%.*s", shown(key->text), text_of(key->text));
    const char *nearest = option_nearest(word, names, count);
    return config_fail(reader, key, "unknown key '%s'%s%s%s", word,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "");
}

static bool expect(struct config_reader *reader, const struct tree *tree, enum tree_kind kind,
                   const char *what) {
    return tree->kind == kind ||
           config_fail(reader, tree, "%s is wanted here, not %s", what, tree_kind_name(tree));
}

static size_t find_row(const struct config_row *rows, size_t count, struct bytes name) {
    size_t i = 0;
    while (i < count && !bytes_equal(name, bytes_text(rows[i].name))) {
        i++;
    }
    return i;
}

static bool fail_unknown(struct config_reader *reader, const struct tree *key,
                         const struct config_row *rows, size_t count) {
    const char *names[CONFIG_ROWS_MAX];
    for (size_t i = 0; i < count; i++) {
        names[i] = rows[i].name;
    }
    return config_fail_key(reader, key, names, count);
}

bool config_take_map(struct config_reader *reader, const struct tree *tree,
                     const struct config_row *rows, size_t count, void *object) {
    const struct tree *values[CONFIG_ROWS_MAX] = { NULL };
    assert(count <= CONFIG_ROWS_MAX);
    if (!tree_is_nothing(tree) && !expect(reader, tree, TREE_MAP, "a map")) {
        return false;
    }
    for (const struct tree *value = tree->first; value != NULL; value = value->next) {
        size_t i = find_row(rows, count, value->key->text);
        if (i == count) {
            return fail_unknown(reader, value->key, rows, count);
        }
        if (values[i] != NULL) {
            return config_fail(reader, value->key, "'%s' was given already, at line %u",
                               rows[i].name, values[i]->key->line);
        }
        values[i] = value;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i] == NULL && rows[i].is_needed) {
            return config_fail(reader, tree, "'%s' is missing here", rows[i].name);
        }
        if (values[i] != NULL && !rows[i].take(reader, values[i], object)) {
            return false;
        }
    }
    return true;
}

bool config_take_list(struct config_reader *reader, const struct tree *tree,
                      bool (*take)(struct config_reader *reader, const struct tree *value)) {
    if (!tree_is_nothing(tree) && !expect(reader, tree, TREE_LIST, "a list")) {
        return false;
    }
    for (const struct tree *value = tree->first; value != NULL; value = value->next) {
        if (!take(reader, value)) {
            return false;
        }
    }
    return true;
}

bool config_take_text(struct config_reader *reader, const struct tree *tree, struct bytes *out) {
    if (!expect(reader, tree, TREE_TEXT, "a text")) {
        return false;
    }
    if (tree->text.size > TEXT_MAX ||
        (tree->text.size > 0 && memchr(tree->text.data, '\0', tree->text.size) != NULL)) {
        return config_fail(reader, tree, "a text of at most %u bytes without NUL is wanted here",
                           TEXT_MAX);
    }
    /* With an end behind it: paths and names of services are handed on as C strings. */
    char *copy = arena_take(&reader->config->say.arena, tree->text.size + 1);
    if (copy == NULL) {
        (void)error_set(reader->err, ERROR_LIMIT, "no memory for the texts of a configuration");
        return config_fail_with(reader, tree);
    }
    if (tree->text.size > 0) {
        memcpy(copy, tree->text.data, tree->text.size);
    }
    copy[tree->text.size] = '\0';
    *out = bytes_of(copy, tree->text.size);
    return true;
}

bool config_take_bool(struct config_reader *reader, const struct tree *tree, bool *out) {
    static const char *const words[] = { "false", "off", "no", "true", "on", "yes" };
    for (size_t i = 0; tree->kind == TREE_TEXT && i < 6; i++) {
        if (bytes_equal(tree->text, bytes_text(words[i]))) {
            *out = i >= 3;
            return true;
        }
    }
    return config_fail(reader, tree, "'on' or 'off' is wanted here");
}

bool config_take_number(struct config_reader *reader, const struct tree *tree, const char *unit,
                        double *out) {
    return expect(reader, tree, TREE_TEXT, "a number") &&
           (config_value_parse(tree->text, unit, out, reader->err) ||
            config_fail_with(reader, tree));
}

bool config_take_duration(struct config_reader *reader, const struct tree *tree, int64_t *out_ms) {
    double ms;
    if (!expect(reader, tree, TREE_TEXT, "a time")) {
        return false;
    }
    /* A bare number would be seconds to one reader and milliseconds to the next. */
    uint8_t last = tree->text.size > 0 ? tree->text.data[tree->text.size - 1] : 0;
    bool is_bare = last >= '0' && last <= '9' && !bytes_equal(tree->text, bytes_text("0"));
    if (is_bare || !config_value_parse(tree->text, "ms", &ms, reader->err) || ms > 1e15 ||
        ms != (double)(int64_t)ms) {
        return config_fail(reader, tree,
                           "'%.*s' is no length of time (like 60s, 30 min, 1h30m, 7d)",
                           shown(tree->text), text_of(tree->text));
    }
    *out_ms = (int64_t)ms;
    return true;
}

/* Whether a text begins as a date does, or is Unix time: time_parse also takes what is relative. */
static bool is_absolute(struct bytes text) {
    if (text.size > 1 && text.data[0] == '@') {
        return true;
    }
    size_t i = 0;
    while (i < text.size && i < 4 && text.data[i] >= '0' && text.data[i] <= '9') {
        i++;
    }
    return i == 4 && text.size > 4 && text.data[4] == '-';
}

bool config_take_time(struct config_reader *reader, const struct tree *tree, int64_t *out_ms) {
    const struct time_context context = { .now_ms = 0, .end_ms = TIME_UNKNOWN };
    if (!expect(reader, tree, TREE_TEXT, "a time")) {
        return false;
    }
    if (!is_absolute(tree->text)) {
        return config_fail(reader, tree, "'%.*s' is no time (like 2026-11-24T10:30:00Z)",
                           shown(tree->text), text_of(tree->text));
    }
    return time_parse(tree->text, &context, out_ms, reader->err) || config_fail_with(reader, tree);
}

bool config_take_path(struct config_reader *reader, const struct tree *tree, char **out) {
    struct bytes path = { 0 };
    if (!config_take_text(reader, tree, &path)) {
        return false;
    }
    if (reader->folder == NULL || path.size == 0) {
        return config_fail(reader, tree, "no file can be named here");
    }
    const char *name = (const char *)path.data; /* with an end behind it */
    *out = *name == '/' ? strdup(name) : file_join(reader->folder, name);
    if (*out == NULL) {
        (void)error_set(reader->err, ERROR_LIMIT, "no memory for a path");
        return config_fail_with(reader, tree);
    }
    return true;
}

static bool take_glob(struct config_reader *reader, const struct tree *tree, struct bytes *out) {
    if (!config_take_text(reader, tree, out)) {
        return false;
    }
    if (out->size == 0 || !glob_check(*out)) {
        return config_fail(reader, tree, "'%.*s' is no name and no pattern of *, ? and [set]",
                           shown(*out), text_of(*out));
    }
    return true;
}

bool config_take_globs(struct config_reader *reader, const struct tree *tree,
                       struct say_list *out) {
    size_t count = tree->kind == TREE_LIST ? tree->count : 1;
    if (tree->kind == TREE_MAP || tree_is_nothing(tree) || count == 0) {
        return config_fail(reader, tree, "a name, or a list of them, is wanted here");
    }
    struct bytes *globs = arena_take_zeroed(&reader->config->say.arena, count, sizeof *globs);
    if (globs == NULL) {
        (void)error_set(reader->err, ERROR_LIMIT, "no memory for the texts of a configuration");
        return config_fail_with(reader, tree);
    }
    const struct tree *value = tree->kind == TREE_LIST ? tree->first : tree;
    for (size_t i = 0; i < count; i++, value = value->next) {
        if (!take_glob(reader, value, &globs[i])) {
            return false;
        }
    }
    *out = (struct say_list){ .globs = globs, .count = count };
    return true;
}
