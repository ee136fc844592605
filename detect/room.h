/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_ROOM_H
#define WEIR_DETECT_ROOM_H

#include "detect/window.h"

/* The bounds of what windows keep beside their sums. One thread. */

/* Folds the windows whose logs have grown by their bound since their last fold, then makes room for
 * `need` bytes more under `memory_bytes_max`: windows that grew most since their last fold are
 * folded; when that does not suffice, the largest window's bound is halved, again and again. The
 * latter depends on which windows are open together, so on how far the feeds are apart: only here
 * the order of arrival can show, in evidence that says that it is cut. It takes more full windows
 * at once than the bounds were made for (detector.c). Sums never give way. `*dropped` counts
 * strands. Errors: ERROR_LIMIT. */
bool room_make(struct window_set *set, const struct point_set *points, uint64_t need,
               uint64_t memory_bytes_max, uint64_t *dropped, struct error *err);

/* Makes strands of all long entries, within the same bound of each window: for whoever folds logs
 * of windows that are open. Errors: ERROR_LIMIT. */
bool room_settle(struct window_set *set, const struct point_set *points, uint64_t *dropped,
                 struct error *err);

#endif
