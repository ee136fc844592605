/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_SETTLE_H
#define WEIR_DETECT_SETTLE_H

#include "detect/window.h"

/* Makes strands of long entries. Arrival keeps a record that lasts over several windows once, in
 * the log of its last window (conversation.h): with a strand in each window it would cost up to a
 * strand a minute, ten for a log of ten minutes' aggregation, of which nearly all are thrown away
 * with windows in which nothing happened. Who needs the strands of a window (conversation_fold, and
 * what stands on it) settles it first.
 *
 * When that happens cannot show: the strands are those that the plain path of arrival would have
 * appended at once, to the same logs, and folds do not depend on when a strand comes. One thread.
 */

/* A long entry reaches into at most so many windows before its last one. */
#define SETTLE_REACH_WINDOWS_MAX 64

/* The windows that were taken out of the set together and are not yet closed, ascending. */
struct settle_due {
    struct window *const *windows;
    uint32_t count;
};

/* Gives `window` (which is out of the set, and the next one to be closed) all its shares; long
 * entries of later windows stay there for their own. Errors: ERROR_LIMIT. */
bool settle_window(struct window_set *set, struct window *window, struct settle_due later,
                   struct error *err);

/* Settles the oldest chunk of the long entries of a window of the set, which has some. Errors:
 * ERROR_LIMIT. */
bool settle_chunk(struct window_set *set, struct window *window, struct error *err);

#endif
