/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the UTF-8 sequence at the front of `text` (RFC 3629), 0 when it is none. `left` is
 * at least 1. */
size_t utf8_size(const uint8_t *text, size_t left);

/* Whether a sequence of `size` octets is a control character: U+0000 to U+001F, U+007F to U+009F.
 * Terminals act on the upper ones too (U+009B is ESC [). */
static inline bool utf8_is_control(const uint8_t *text, size_t size) {
    return size == 1 ? text[0] < 0x20 || text[0] == 0x7f
                     : size == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

#endif
