/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_PRINTABLE_H
#define WEIR_TOOLS_PRINTABLE_H

#include "base/bytes.h"

/* Texts from logs, inventories and folders are anybody's: what would move a terminal's cursor,
 * change its state or turn the direction of writing is shown as \xNN, an octet each, and so is what
 * is no UTF-8. */

/* Appends `text` to `out`. */
void printable_put(struct buffer *out, struct bytes text);

/* The columns of a printable text: one a character, which wide and combining ones are not. */
uint32_t printable_width(struct bytes text);

#endif
