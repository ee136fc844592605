/* SPDX-License-Identifier: Apache-2.0 */
/* A filter over a whole batch. Each node of the tree gets the records that still matter (`care`)
 * and writes a bit a record; what it writes outside of `care` has no meaning. `and` hands on what
 * is left of it from child to child, `or` what is not decided yet, and both stop when nothing is:
 * so terms that cost a hash a record (community-id) come last and see few. */
#include "flow/filter_match.h"

#include <assert.h>
#include <stdlib.h>

struct filter_scratch *filter_scratch_new(struct error *err) {
    struct filter_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory to evaluate filters");
    }
    return scratch;
}

void filter_scratch_free(struct filter_scratch *scratch) {
    free(scratch);
}

static void match_tree(const struct filter_matcher *m, const struct filter_node *node,
                       const uint64_t *care, uint64_t *out, uint32_t depth);

/* `out` begins as `care` and shrinks; cheap children first. */
static void match_and(const struct filter_matcher *m, const struct filter_node *node,
                      const uint64_t *care, uint64_t *out, uint32_t depth) {
    uint64_t *part = m->scratch->levels[depth].part;
    memcpy(out, care, m->words * sizeof *out);
    for (int is_costly = 0; is_costly <= 1; is_costly++) {
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            if (child->is_costly != is_costly) {
                continue;
            }
            match_tree(m, child, out, part, depth + 1);
            if (!filter_bits_restrict(out, part, m->words)) {
                return;
            }
        }
    }
}

/* What is undecided begins as `care` and shrinks. */
static void match_or(const struct filter_matcher *m, const struct filter_node *node,
                     const uint64_t *care, uint64_t *out, uint32_t depth) {
    struct filter_level *level = &m->scratch->levels[depth];
    memcpy(level->care, care, m->words * sizeof *care);
    filter_bits_fill(out, m->words, false);
    for (int is_costly = 0; is_costly <= 1; is_costly++) {
        for (const struct filter_node *child = node->first; child != NULL; child = child->next) {
            if (child->is_costly != is_costly) {
                continue;
            }
            match_tree(m, child, level->care, level->part, depth + 1);
            filter_bits_join(out, level->part, m->words);
            if (!filter_bits_remove(level->care, level->part, m->words)) {
                return;
            }
        }
    }
}

static void match_tree(const struct filter_matcher *m, const struct filter_node *node,
                       const uint64_t *care, uint64_t *out, uint32_t depth) {
    switch (node->kind) {
    case FILTER_AND: match_and(m, node, care, out, depth); return;
    case FILTER_OR: match_or(m, node, care, out, depth); return;
    case FILTER_NOT:
        match_tree(m, node->first, care, out, depth + 1);
        filter_bits_invert(out, m->words);
        return;
    default: filter_match_term(m, node, care, out); return;
    }
}

uint32_t filter_match(const struct filter *filter, struct filter_scratch *scratch,
                      const struct batch *batch, uint64_t *bits) {
    assert(batch->count <= BATCH_RECORDS_MAX);
    struct filter_matcher m = { .kernel = filter->kernel,
                                .batch = batch,
                                .scratch = scratch,
                                .words = (batch->count + 63) / 64 };
    scratch->is_local_filled = scratch->is_peer_filled = scratch->is_has_ports_filled = false;
    filter_bits_fill(bits, FILTER_WORDS, false);
    if (batch->count == 0) {
        return 0;
    }
    uint64_t valid[FILTER_WORDS];
    filter_bits_fill(valid, m.words, true);
    valid[m.words - 1] >>= 64 * m.words - batch->count;
    match_tree(&m, filter->root, valid, bits, 0);
    (void)filter_bits_restrict(bits, valid, m.words);
    uint32_t matched = 0;
    for (size_t i = 0; i < m.words; i++) {
        matched += (uint32_t)__builtin_popcountll(bits[i]);
    }
    return matched;
}
