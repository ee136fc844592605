/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_MATCH_H
#define WEIR_FLOW_FILTER_MATCH_H

#include "flow/filter_tree.h"

/* What the two halves of evaluation share: filter_match.c walks the tree, filter_column.c asks one
 * term of the batch's columns. Bitmaps have a bit a record. */

#define FILTER_WORDS (BATCH_RECORDS_MAX / 64)
#define FILTER_COLUMN_ROWS (BATCH_RECORDS_MAX + BATCH_PADDING)

struct filter_level {
    uint64_t care[FILTER_WORDS];
    uint64_t part[FILTER_WORDS];
};

struct filter_scratch {
    uint8_t hits[65536]; /* 0 or 1, by code, id or number: what the term at hand asked last */
    uint16_t local[FILTER_COLUMN_ROWS];
    uint16_t peer[FILTER_COLUMN_ROWS];
    uint64_t has_ports[FILTER_WORDS]; /* neither ICMP nor ICMPv6 */
    uint64_t term[FILTER_WORDS];      /* a second bitmap for a term */
    struct filter_level levels[FILTER_DEPTH_MAX + 1];
    /* Which of the above were filled for the batch at hand. */
    bool is_local_filled;
    bool is_peer_filled;
    bool is_has_ports_filled;
};

/* One call of filter_match. */
struct filter_matcher {
    const struct filter_kernel *kernel;
    const struct batch *batch;
    struct filter_scratch *scratch;
    size_t words;
};

static inline void filter_bits_fill(uint64_t *bits, size_t words, bool value) {
    memset(bits, value ? 0xff : 0, words * sizeof *bits);
}

static inline void filter_bits_join(uint64_t *restrict bits, const uint64_t *restrict other,
                                    size_t words) {
    for (size_t i = 0; i < words; i++) {
        bits[i] |= other[i];
    }
}

static inline void filter_bits_invert(uint64_t *bits, size_t words) {
    for (size_t i = 0; i < words; i++) {
        bits[i] = ~bits[i];
    }
}

/* left &= right; whether anything is left. */
static inline bool filter_bits_restrict(uint64_t *restrict left, const uint64_t *restrict right,
                                        size_t words) {
    uint64_t any = 0;
    for (size_t i = 0; i < words; i++) {
        left[i] &= right[i];
        any |= left[i];
    }
    return any != 0;
}

/* left &= ~right; whether anything is left. */
static inline bool filter_bits_remove(uint64_t *restrict left, const uint64_t *restrict right,
                                      size_t words) {
    uint64_t any = 0;
    for (size_t i = 0; i < words; i++) {
        left[i] &= ~right[i];
        any |= left[i];
    }
    return any != 0;
}

/* Asks one term. Bits outside of `care`, which holds no bit behind the last record, are
 * unspecified. */
void filter_match_term(const struct filter_matcher *m, const struct filter_node *node,
                       const uint64_t *care, uint64_t *out);

#endif
