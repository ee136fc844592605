/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_SCRATCH_H
#define WEIR_TESTS_UNIT_SCRATCH_H

/* A folder of its own for a test, below TMPDIR, removed with all that is in it. */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

/* The folder's path on the heap. */
static inline char *scratch_new(void) {
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/weir-test-XXXXXX", base == NULL ? "/tmp" : base) < 0 ||
        mkdtemp(path) == NULL) {
        abort();
    }
    return path;
}

static inline void scratch_free(char *path) {
    (void)nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* "folder/name" in one of four buffers that are used in turn. */
static inline const char *scratch_path(const char *folder, const char *name) {
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

#endif
