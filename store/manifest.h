/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_MANIFEST_H
#define WEIR_STORE_MANIFEST_H

#include "base/bytes.h"

/* What a store consists of: its segments, the inputs that were read into it, where each feed
 * stands, which state belongs to it, and how much of its logs is final. Replacing the manifest's
 * file is the store's commit (store/store.h): what it does not name is no part of the store.
 * Serialised in sorted order: equal contents are equal bytes. One thread at a time. */

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
    uint64_t size;    /* of its frames, in bytes */
    uint64_t records;
    int64_t min_ms;
    int64_t max_ms;
    bool is_future; /* holds only batches flagged FUTURE: their times bound nothing */
};

struct manifest;

/* The store's other files as of the commit. */
struct manifest_files {
    uint64_t state_checksum; /* XXH3-64 of the state file's bytes; 0: there is none */
    uint64_t alerts_size; /* of alerts.ndjson that is final: the rest is taken back by --append */
    uint64_t rejects_size;
};

bool manifest_new(struct manifest **out, struct error *err);
void manifest_free(struct manifest *manifest);

/* Texts are copied. A feed or segment that is there already is replaced. Errors: ERROR_LIMIT. */
bool manifest_add_input(struct manifest *manifest, const struct manifest_input *input,
                        struct error *err);
bool manifest_set_feed(struct manifest *manifest, const struct manifest_feed *feed,
                       struct error *err);
bool manifest_set_segment(struct manifest *manifest, const struct manifest_segment *segment,
                          struct error *err);

/* Whether this input was read before: the same feed, name and size, or the same non-empty content
 * (size and head_hash) under another name. NULL when not. */
const struct manifest_input *manifest_find_input(struct manifest *manifest,
                                                 const struct manifest_input *input);

/* The largest input of the same feed and name that is smaller than this one: what it may have grown
 * from. NULL when there is none. */
const struct manifest_input *manifest_find_smaller(struct manifest *manifest,
                                                   const struct manifest_input *input);

struct manifest_files *manifest_files(struct manifest *manifest);

size_t manifest_input_count(const struct manifest *manifest);
const struct manifest_input *manifest_input(const struct manifest *manifest, size_t index);
size_t manifest_feed_count(const struct manifest *manifest);
const struct manifest_feed *manifest_feed(const struct manifest *manifest, size_t index);
size_t manifest_segment_count(const struct manifest *manifest);
const struct manifest_segment *manifest_segment(const struct manifest *manifest, size_t index);

/* docs/FORMATS.md, "Manifest". Appends to `out`. Errors: ERROR_LIMIT. */
bool manifest_encode(struct manifest *manifest, struct buffer *out, struct error *err);
/* Into an empty manifest; total. Errors: ERROR_FORMAT, ERROR_UNSUPPORTED, ERROR_LIMIT. */
bool manifest_decode(struct manifest *manifest, struct bytes bytes, struct error *err);

#endif
