/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_TEXT_H
#define WEIR_TESTS_GEN_TEXT_H

#include <stdint.h>
#include <string.h>

/* Text by hand: each function writes at `at`, without an end, and returns the place behind. The
 * caller has made room. printf would cost more than all the rest of a line. */

static const char gen_digit_pairs[201] = "000102030405060708091011121314151617181920212223242526272"
                                         "82930313233343536373839404142434445464748"
                                         "495051525354555657585960616263646566676869707172737475767"
                                         "77879808182838485868788899091929394959697"
                                         "9899";

static inline char *gen_put_bytes(char *at, const char *text, size_t size) {
    memcpy(at, text, size);
    return at + size;
}

static inline char *gen_put_text(char *at, const char *text) {
    return gen_put_bytes(at, text, strlen(text));
}

static inline char *gen_put_char(char *at, char character) {
    *at = character;
    return at + 1;
}

/* At most 20 bytes. */
static inline char *gen_put_number(char *at, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    while (value >= 100) {
        first -= 2;
        memcpy(digits + first, gen_digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        first -= 2;
        memcpy(digits + first, gen_digit_pairs + 2 * value, 2);
    } else {
        digits[--first] = (char)('0' + value);
    }
    return gen_put_bytes(at, digits + first, sizeof digits - first);
}

/* `count` lower-case hexadecimal digits, the low ones of `value`. */
static inline char *gen_put_hex(char *at, uint64_t value, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t shift = 4 * (count - 1 - i);
        at[i] = "0123456789abcdef"[shift < 64 ? value >> shift & 15 : 0];
    }
    return at + count;
}

static inline char *gen_put_octet(char *at, uint32_t octet) {
    if (octet >= 100) {
        at[0] = (char)('0' + octet / 100);
        memcpy(at + 1, gen_digit_pairs + 2 * (octet % 100), 2);
        return at + 3;
    }
    if (octet >= 10) {
        memcpy(at, gen_digit_pairs + 2 * octet, 2);
        return at + 2;
    }
    at[0] = (char)('0' + octet);
    return at + 1;
}

/* Dotted decimal, at most 15 bytes. */
static inline char *gen_put_ipv4(char *at, uint32_t ipv4) {
    at = gen_put_char(gen_put_octet(at, ipv4 >> 24), '.');
    at = gen_put_char(gen_put_octet(at, ipv4 >> 16 & 255), '.');
    at = gen_put_char(gen_put_octet(at, ipv4 >> 8 & 255), '.');
    return gen_put_octet(at, ipv4 & 255);
}

#endif
