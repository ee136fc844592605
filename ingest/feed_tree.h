/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_TREE_H
#define WEIR_INGEST_FEED_TREE_H

#include "base/arena.h"

/* The files behind paths, in the order in which they are found: paths as given, folders by name. */

/* The most inputs of one run. */
#define FEED_FILES_MAX 1000000u

struct feed_file {
    const char *path; /* in the tree's arena; "-" is stdin */
    uint64_t size;    /* 0 when it is not a regular file */
    uint64_t device;
    uint64_t inode;
    bool is_regular;    /* may be opened twice: not stdin, a pipe or a terminal */
    bool is_unreadable; /* it is not there, or is a folder that cannot be listed: opening it says
                           why */
};

struct feed_tree {
    struct arena arena;
    struct feed_file *files; /* [count] */
    size_t count;
    size_t capacity;
};

/* Files and folders (read recursively, to FEED_DEPTH_MAX). In folders hidden names, symbolic links
 * to folders, and what is neither file nor folder are passed over; the same file (device and inode)
 * is taken once, under its first path. Symbolic links that are given or that lead to a file are
 * followed. What cannot be found or listed is an input all the same, one that cannot be read: it
 * costs itself, not the others. Errors: ERROR_LIMIT. */
#define FEED_DEPTH_MAX 64u
bool feed_tree_find(struct feed_tree *tree, const char *const *paths, size_t path_count,
                    struct error *err);
/* Accepts a zeroed or half built one. */
void feed_tree_done(struct feed_tree *tree);

#endif
