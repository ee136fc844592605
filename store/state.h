/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_STATE_H
#define WEIR_STORE_STATE_H

#include "base/bytes.h"

/* Named byte strings with one atomic step: what a worker must find again after a crash. This is the
 * interface; store/state_file.h keeps them in one file, and later Redis. The bytes mean nothing
 * here: detect/ makes and reads them. One thread at a time. */

struct state;

struct state_ops {
    /* The value of a name, borrowed until the next call; an empty view when there is none.
     * Errors: ERROR_IO, ERROR_FORMAT (damage; names the file and offset). */
    bool (*get)(struct state *state, const char *name, struct bytes *value, struct error *err);
    /* Puts a value into the step that is being prepared; nothing is visible yet. Takes the bytes
     * of `value` and leaves it empty, also on failure: a detector's state can be the largest thing
     * in memory, so it is never there twice. */
    bool (*put)(struct state *state, const char *name, struct buffer *value, struct error *err);
    /* All puts since the last commit, or none of them, also at a power cut. Errors: ERROR_IO, and
     * ERROR_DENIED; the values are then as before. */
    bool (*commit)(struct state *state, struct error *err);
    void (*close)(struct state *state);
};

struct state {
    const struct state_ops *ops;
};

#endif
