/* SPDX-License-Identifier: Apache-2.0 */
/* Run r of `runs` begins at r * (count - length) / (runs - 1), rounded down: the first at 0, the
 * last ends with the last object. Runs do not overlap, since runs * length <= count. */
#include "ingest/exam_choose.h"

struct exam_choice exam_choose(size_t count, uint64_t size, uint64_t budget) {
    if (size <= budget || count <= EXAM_RUN) {
        return (struct exam_choice){ .count = count, .runs = 1, .length = count };
    }
    uint64_t average = size / count + 1;
    uint64_t affordable = budget / average / EXAM_RUN;
    size_t runs_max = count / EXAM_RUN;
    size_t runs = affordable < 1 ? 1 : affordable > runs_max ? runs_max : (size_t)affordable;
    return (struct exam_choice){ .count = count, .runs = runs, .length = EXAM_RUN };
}

static size_t run_begin(const struct exam_choice *choice, size_t run) {
    return choice->runs == 1 ? 0 : run * (choice->count - choice->length) / (choice->runs - 1);
}

bool exam_is_chosen(const struct exam_choice *choice, size_t index, bool *is_first) {
    *is_first = false;
    if (choice->runs == 1) {
        return index < choice->length;
    }
    /* The last run that begins at or before the index: its number is near index * runs / count. */
    size_t run = index * (choice->runs - 1) / (choice->count - choice->length);
    run = run < choice->runs - 1 ? run + 1 : choice->runs - 1;
    while (run > 0 && run_begin(choice, run) > index) {
        run--;
    }
    size_t begin = run_begin(choice, run);
    *is_first = index == begin && run > 0 && run_begin(choice, run - 1) + choice->length < begin;
    return index < begin + choice->length;
}
