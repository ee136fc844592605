/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/printable.h"

#include "base/utf8.h"

/* Marks and overrides of direction, line separators, and the byte order mark: U+200E, U+200F,
 * U+2028 to U+202E, U+2066 to U+2069, U+FEFF. */
static bool is_deceptive(const uint8_t *text, size_t size) {
    if (size != 3) {
        return false;
    }
    uint32_t code = (text[0] & 0x0fu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
    return code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void put_octets(struct buffer *out, const uint8_t *text, size_t size) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const uint8_t shown[4] = { '\\', 'x', (uint8_t)hex[text[i] >> 4],
                                   (uint8_t)hex[text[i] & 15] };
        buffer_put(out, shown, sizeof shown);
    }
}

void printable_put(struct buffer *out, struct bytes text) {
    for (size_t at = 0; at < text.size;) {
        const uint8_t *here = text.data + at;
        size_t size = utf8_size(here, text.size - at);
        if (size == 0) {
            put_octets(out, here, 1);
            size = 1;
        } else if (utf8_is_control(here, size) || is_deceptive(here, size)) {
            put_octets(out, here, size);
        } else {
            buffer_put(out, here, size);
        }
        at += size;
    }
}

uint32_t printable_width(struct bytes text) {
    uint32_t width = 0;
    for (size_t i = 0; i < text.size; i++) {
        width += (text.data[i] & 0xc0) != 0x80;
    }
    return width;
}
