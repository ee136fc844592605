/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_ERROR_H
#define WEIR_FLOW_FILTER_ERROR_H

#include "base/bytes.h"

/* Sets an error of three lines: "column N: " (from 1; "line N, column N: " where the text has
 * several) with the message, the line of `text` around `offset`, and a caret under the place.
 * Always whole: message and line are cut to what fits an error. The line is made safe for a
 * terminal: a control character becomes a blank, a character beyond ASCII a question mark. Returns
 * false. */
__attribute__((format(printf, 5, 6))) bool filter_error_at(struct error *err, enum error_code code,
                                                           struct bytes text, size_t offset,
                                                           const char *format, ...);

#endif
