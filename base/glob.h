/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_GLOB_H
#define WEIR_BASE_GLOB_H

#include "base/bytes.h"

/* Shell patterns over bytes: `*` any run, `?` any one byte, `[a-z]` one of a set, `[!a-z]` one not
 * in it, `\x` the byte x. The whole text must match.
 *
 * Not fnmatch(3): with several stars glibc tries every way to place all of them, so a hostile name
 * costs time exponential in the stars; here it is at most pattern size times text size. */
bool glob_match(struct bytes pattern, struct bytes text);

/* Whether every bracket of a pattern is closed. Only such a pattern keeps the promise above. */
bool glob_check(struct bytes pattern);

#endif
