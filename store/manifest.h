/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_MANIFEST_H
#define WEIR_STORE_MANIFEST_H

#include "base/bytes.h"

/* What a store consists of: its segments, the inputs that were read into it, and where each feed
 * stands. One value of the store's state (store/state.h), replaced in the same atomic step as the
 * detector's state, so that a crash between two steps leaves the store as it was. Kept in memory
 * sorted; serialised in that order. */

struct manifest_input {
    const char *feed;
    const char *name;
    uint64_t size;
    uint64_t head_hash;
};

struct manifest_feed {
    const char *feed;
    uint64_t inc;
    uint64_t num;
    int64_t low_ms;
};

struct manifest_segment {
    const char *path; /* relative to the store */
    uint64_t size;
    uint64_t records;
    int64_t min_ms;
    int64_t max_ms;
};

struct manifest;

bool manifest_new(struct manifest **out, struct error *err);
void manifest_free(struct manifest *manifest);

/* Texts are copied. A feed or segment that is there already is replaced. Errors: ERROR_LIMIT. */
bool manifest_add_input(struct manifest *manifest, const struct manifest_input *input, struct error *err);
bool manifest_set_feed(struct manifest *manifest, const struct manifest_feed *feed, struct error *err);
bool manifest_set_segment(struct manifest *manifest, const struct manifest_segment *segment,
                          struct error *err);

/* Whether this input was read before: the same feed, name and size, or the same non-empty content
 * (size and head_hash) under another name. NULL when not. */
const struct manifest_input *manifest_find_input(const struct manifest *manifest,
                                                 const struct manifest_input *input);

size_t manifest_input_count(const struct manifest *manifest);
const struct manifest_input *manifest_input(const struct manifest *manifest, size_t index);
size_t manifest_feed_count(const struct manifest *manifest);
const struct manifest_feed *manifest_feed(const struct manifest *manifest, size_t index);
size_t manifest_segment_count(const struct manifest *manifest);
const struct manifest_segment *manifest_segment(const struct manifest *manifest, size_t index);

/* docs/FORMATS.md, "Manifest". Decoding is total. */
bool manifest_encode(const struct manifest *manifest, struct buffer *out, struct error *err);
bool manifest_decode(struct manifest *manifest, struct bytes bytes, struct error *err);

#endif
