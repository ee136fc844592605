/* SPDX-License-Identifier: Apache-2.0 */
/* When a byte does not match, only the last star can help: it takes one byte more and the pattern
 * goes on behind it. Earlier stars need not be tried again, since what they could reach the last
 * one can reach too. */
#include "base/glob.h"

/* The offset behind the set that begins at `at` (a `[`), or 0 when it is never closed. A `]` that
 * comes first is a member. */
static size_t set_end(struct bytes pattern, size_t at) {
    at++;
    at += at < pattern.size && (pattern.data[at] == '!' || pattern.data[at] == '^');
    at += at < pattern.size && pattern.data[at] == ']';
    while (at < pattern.size && pattern.data[at] != ']') {
        at++;
    }
    return at < pattern.size ? at + 1 : 0;
}

static bool set_has(struct bytes pattern, size_t at, size_t end, uint8_t byte) {
    at++;
    bool is_negated = pattern.data[at] == '!' || pattern.data[at] == '^';
    at += is_negated;
    bool has = false;
    while (at < end - 1) {
        uint8_t first = pattern.data[at];
        uint8_t last = first;
        if (at + 2 < end - 1 && pattern.data[at + 1] == '-') {
            last = pattern.data[at + 2];
            at += 2;
        }
        has = has || (byte >= first && byte <= last);
        at++;
    }
    return has != is_negated;
}

/* Whether the one-byte element at *at matches; moves behind it when it does. */
static bool match_one(struct bytes pattern, size_t *at, uint8_t byte) {
    uint8_t element = pattern.data[*at];
    size_t end = *at + 1;
    bool is_match = element == byte;
    if (element == '?') {
        is_match = true;
    } else if (element == '[' && set_end(pattern, *at) != 0) {
        end = set_end(pattern, *at);
        is_match = set_has(pattern, *at, end, byte);
    } else if (element == '\\' && *at + 1 < pattern.size) {
        end = *at + 2;
        is_match = pattern.data[*at + 1] == byte;
    }
    *at = is_match ? end : *at;
    return is_match;
}

bool glob_match(struct bytes pattern, struct bytes text) {
    size_t p = 0;
    size_t t = 0;
    bool has_star = false;
    size_t behind_star = 0; /* in the pattern */
    size_t star_end = 0;    /* in the text: what the star has taken so far */
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            has_star = true;
            behind_star = ++p;
            star_end = t;
        } else if (p < pattern.size && match_one(pattern, &p, text.data[t])) {
            t++;
        } else if (has_star) {
            p = behind_star;
            t = ++star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*') {
        p++;
    }
    return p == pattern.size;
}

bool glob_check(struct bytes pattern) {
    for (size_t at = 0; at < pattern.size;) {
        if (pattern.data[at] == '[') {
            size_t end = set_end(pattern, at);
            if (end == 0) {
                return false;
            }
            at = end;
        } else {
            at += pattern.data[at] == '\\' && at + 1 < pattern.size ? 2 : 1;
        }
    }
    return true;
}
