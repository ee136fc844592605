/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ARENA_MAXIMUM ((size_t)512 << 20)

static bool no_memory(struct error *err) {
    return error_set(err, ERROR_LIMIT, "no memory for a list of inputs");
}

static bool add_file(struct feed_tree *tree, const char *path, const struct stat *about,
                     struct error *err) {
    if (tree->count == FEED_FILES_MAX) {
        return error_set(err, ERROR_LIMIT, "more than %u inputs", FEED_FILES_MAX);
    }
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity == 0 ? 64 : 2 * tree->capacity;
        struct feed_file *files = realloc(tree->files, capacity * sizeof *files);
        if (files == NULL) {
            return no_memory(err);
        }
        tree->files = files;
        tree->capacity = capacity;
    }
    bool failed = false;
    struct bytes copy = arena_copy(&tree->arena, bytes_of(path, strlen(path) + 1), &failed);
    if (failed) {
        return no_memory(err);
    }
    bool is_regular = S_ISREG(about->st_mode);
    tree->files[tree->count++] = (struct feed_file){
        .path = (const char *)copy.data,
        .size = is_regular ? (uint64_t)about->st_size : 0,
        .device = (uint64_t)about->st_dev,
        .inode = (uint64_t)about->st_ino,
        .is_regular = is_regular,
    };
    return true;
}

/* An input that only says, when it is opened, why it cannot be read. No file has its device. */
static bool add_unreadable(struct feed_tree *tree, const char *path, struct error *err) {
    struct stat about = { .st_dev = (dev_t)-1, .st_ino = (ino_t)tree->count };
    if (!add_file(tree, path, &about, err)) {
        return false;
    }
    tree->files[tree->count - 1].is_unreadable = true;
    return true;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* By bytes: alphasort would follow the locale, and with it the order of results. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool walk(struct feed_tree *tree, const char *folder, unsigned depth, struct error *err);

static bool add_entry(struct feed_tree *tree, const char *path, unsigned depth, struct error *err) {
    struct stat about;
    if (lstat(path, &about) != 0) {
        return errno == ENOENT; /* it went away while we looked: so it is not in the folder */
    }
    if (S_ISDIR(about.st_mode)) {
        return walk(tree, path, depth + 1, err);
    }
    if (S_ISLNK(about.st_mode) && stat(path, &about) != 0) {
        return true; /* it leads nowhere */
    }
    return !S_ISREG(about.st_mode) || add_file(tree, path, &about, err);
}

static bool walk(struct feed_tree *tree, const char *folder, unsigned depth, struct error *err) {
    if (depth > FEED_DEPTH_MAX) {
        return error_set(err, ERROR_LIMIT, "%s: folders lie more than %u deep", folder,
                         FEED_DEPTH_MAX);
    }
    struct dirent **entries;
    int count = scandir(folder, &entries, is_shown, by_name);
    if (count < 0) {
        return add_unreadable(tree, folder, err);
    }
    bool ok = true;
    bool has_slash = folder[strlen(folder) - 1] == '/';
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        if (ok && asprintf(&path, "%s%s%s", folder, has_slash ? "" : "/", entries[i]->d_name) < 0) {
            path = NULL;
            ok = no_memory(err);
        }
        ok = ok && add_entry(tree, path, depth, err);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

static bool add_path(struct feed_tree *tree, const char *path, struct error *err) {
    struct stat about = { 0 };
    if (strcmp(path, "-") == 0) {
        return add_file(tree, path, &about, err);
    }
    if (path[0] == '\0') {
        return error_set(err, ERROR_ARGUMENT, "a path is empty");
    }
    if (stat(path, &about) != 0) {
        return add_unreadable(tree, path, err);
    }
    return S_ISDIR(about.st_mode) ? walk(tree, path, 0, err) : add_file(tree, path, &about, err);
}

struct ranked {
    uint64_t device;
    uint64_t inode;
    size_t index;
};

static int by_inode(const void *a, const void *b) {
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (x->device != y->device) {
        return x->device < y->device ? -1 : 1;
    }
    if (x->inode != y->inode) {
        return x->inode < y->inode ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

/* stdin has device and inode 0, which no file has: so it is taken once, too. */
static bool drop_repeats(struct feed_tree *tree, struct error *err) {
    struct ranked *ranks = malloc((tree->count + 1) * sizeof *ranks);
    if (ranks == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < tree->count; i++) {
        ranks[i] = (struct ranked){ tree->files[i].device, tree->files[i].inode, i };
    }
    qsort(ranks, tree->count, sizeof *ranks, by_inode);
    for (size_t i = 1; i < tree->count; i++) {
        if (ranks[i].device == ranks[i - 1].device && ranks[i].inode == ranks[i - 1].inode) {
            tree->files[ranks[i].index].path = NULL;
        }
    }
    free(ranks);
    size_t kept = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->files[i].path != NULL) {
            tree->files[kept++] = tree->files[i];
        }
    }
    tree->count = kept;
    return true;
}

bool feed_tree_find(struct feed_tree *tree, const char *const *paths, size_t path_count,
                    struct error *err) {
    *tree = (struct feed_tree){ 0 };
    arena_init(&tree->arena, ARENA_MAXIMUM);
    for (size_t i = 0; i < path_count; i++) {
        if (!add_path(tree, paths[i], err)) {
            return false;
        }
    }
    return drop_repeats(tree, err);
}

void feed_tree_done(struct feed_tree *tree) {
    arena_done(&tree->arena);
    free(tree->files);
    *tree = (struct feed_tree){ 0 };
}
