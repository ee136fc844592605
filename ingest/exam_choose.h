/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_EXAM_CHOOSE_H
#define WEIR_INGEST_EXAM_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of a feed's objects are read when not all are to be. */

/* Lateness shows only between objects that lie next to each other, so objects are chosen in runs of
 * this many. */
#define EXAM_RUN 4u

/* Of `count` objects (at least 1) with `size` bytes in all, as many runs as `budget` bytes are for,
 * spread evenly from the first object to the last; all objects when the budget covers them. */
struct exam_choice {
    size_t count; /* of the objects */
    size_t runs;
    size_t length; /* of a run */
};

struct exam_choice exam_choose(size_t count, uint64_t size, uint64_t budget);

/* Whether the object at `index` is chosen; `*is_first` says that it begins a run that does not come
 * right behind the one before. */
bool exam_is_chosen(const struct exam_choice *choice, size_t index, bool *is_first);

/* How many are. */
static inline size_t exam_chosen_count(const struct exam_choice *choice) {
    return choice->runs * choice->length;
}

#endif
