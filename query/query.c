/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "query/group.h"
#include "query/rows.h"
#include "store/store.h"

bool query_run(const char *directory, const struct query *query, const struct query_sink *sink,
               struct query_stats *stats, struct error *err) {
    *stats = (struct query_stats){ 0 };
    return query->key_count > 0 ? group_run(directory, query, sink, stats, err)
                                : rows_run(directory, query, sink, stats, err);
}

bool query_extent(const char *directory, int64_t *min_ms, int64_t *max_ms, struct error *err) {
    struct manifest *manifest = NULL;
    *min_ms = INT64_MAX;
    *max_ms = INT64_MIN;
    bool ok = manifest_new(&manifest, err) && store_read_manifest(directory, manifest, err);
    for (size_t i = 0; ok && i < manifest_segment_count(manifest); i++) {
        const struct manifest_segment *segment = manifest_segment(manifest, i);
        if (segment->is_future) {
            continue;
        }
        *min_ms = segment->min_ms < *min_ms ? segment->min_ms : *min_ms;
        *max_ms = segment->max_ms > *max_ms ? segment->max_ms : *max_ms;
    }
    manifest_free(manifest);
    return ok;
}
