/* SPDX-License-Identifier: Apache-2.0 */
/* What a frame costs, cheapest first: its segment's row in the manifest, its entry in the segment's
 * index, then the columns that the filter reads, then (only when something matched) all others. */
#include "query/scan.h"

#include "base/file.h"
#include "flow/frame.h"
#include "store/store.h"

#include <stdlib.h>

#define WORDS (BATCH_RECORDS_MAX / 64)

struct scan {
    const struct query *query;
    uint32_t columns;
    const struct scan_sink *sink;
    struct query_stats *stats;
    struct filter_scratch *scratch;
    struct frame_decoder *decoder;
    struct batch batch;
    uint64_t bits[WORDS];
};

/* Whether [start, end) touches the range; `end` of a record is its end + unit. */
static bool touches(const struct query *query, int64_t start_ms, int64_t end_ms) {
    return start_ms < query->to_ms && end_ms > query->from_ms;
}

/* The same for what an index says of a frame or segment: an end there stands for its whole unit,
 * and an hour is more than any unit. */
static bool may_touch(const struct query *query, int64_t min_ms, int64_t max_ms) {
    int64_t end_ms;
    if (__builtin_add_overflow(max_ms, INT64_C(3600000), &end_ms)) {
        end_ms = INT64_MAX;
    }
    return touches(query, min_ms, end_ms);
}

static bool has_range(const struct query *query) {
    return query->from_ms != INT64_MIN || query->to_ms != INT64_MAX;
}

static uint32_t count_bits(const uint64_t *bits) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < WORDS; i++) {
        count += (uint32_t)__builtin_popcountll(bits[i]);
    }
    return count;
}

/* Clears the bits of records outside the range and counts those that reach over its ends. */
static void clip_to_range(struct scan *scan) {
    const struct query *query = scan->query;
    const struct batch *batch = &scan->batch;
    int64_t unit_ms = batch->stamp.unit_ms;
    for (uint32_t i = 0; i < batch->count; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);
        if ((scan->bits[i / 64] & bit) == 0) {
            continue;
        }
        int64_t end_ms = batch->end_ms[i] + unit_ms;
        if (!touches(query, batch->start_ms[i], end_ms)) {
            scan->bits[i / 64] &= ~bit;
        } else if (batch->start_ms[i] < query->from_ms || end_ms > query->to_ms) {
            scan->stats->partial++;
        }
    }
}

static void drop_twins(struct scan *scan) {
    for (uint32_t i = 0; i < scan->batch.count; i++) {
        if (scan->batch.quality[i] & QUALITY_TWIN) {
            scan->bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
        }
    }
}

static void count_skipped(struct scan *scan) {
    for (uint32_t i = 0; i < scan->batch.coverage_count; i++) {
        const struct batch_coverage *row = &scan->batch.coverage[i];
        scan->stats->skipped_intervals +=
            row->kind >= COVERAGE_SKIPPED && touches(scan->query, row->start_ms, row->end_ms);
    }
}

static void sum_matched(struct scan *scan, uint32_t matched) {
    struct query_stats *stats = scan->stats;
    for (uint32_t word = 0; word < WORDS; word++) {
        for (uint64_t bits = scan->bits[word]; bits != 0; bits &= bits - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);
            sum_add(&stats->sums[QUERY_BYTES], scan->batch.bytes[i]);
            sum_add(&stats->sums[QUERY_PACKETS], scan->batch.packets[i]);
        }
    }
    stats->sums[QUERY_FLOWS] += matched;
    stats->records_matched += matched;
}

/* Damage costs the frame or segment, not the answer; want of memory is not damage. */
static bool note_damage(struct scan *scan, const struct error *why, struct error *err) {
    if (why->code == ERROR_LIMIT) {
        if (err != NULL) {
            *err = *why;
        }
        return false;
    }
    if (scan->stats->damaged++ == 0) {
        scan->stats->damage = *why;
    }
    return true;
}

static bool note_damaged_frame(struct scan *scan, const char *path, uint32_t index,
                               struct error *why, struct error *err) {
    error_context(why, "%s: frame %u", path, index);
    return note_damage(scan, why, err);
}

static uint32_t first_columns(const struct scan *scan) {
    uint32_t columns = 0;
    if (scan->query->filter != NULL) {
        columns |= filter_columns(scan->query->filter);
    }
    if (has_range(scan->query)) {
        columns |= 1u << FRAME_START | 1u << FRAME_END;
    }
    if (!scan->query->has_twins) {
        columns |= 1u << FRAME_QUALITY;
    }
    return columns;
}

static uint32_t match(struct scan *scan) {
    const struct batch *batch = &scan->batch;
    if (scan->query->filter != NULL) {
        (void)filter_match(scan->query->filter, scan->scratch, batch, scan->bits);
    } else {
        memset(scan->bits, 0, sizeof scan->bits);
        memset(scan->bits, 0xff, batch->count / 64 * sizeof *scan->bits);
        if (batch->count % 64 != 0) {
            scan->bits[batch->count / 64] = (UINT64_C(1) << (batch->count % 64)) - 1;
        }
    }
    if (!scan->query->has_twins) {
        drop_twins(scan);
    }
    if (has_range(scan->query)) {
        clip_to_range(scan);
    }
    return count_bits(scan->bits);
}

static bool scan_frame(struct scan *scan, const char *path, uint32_t index, struct bytes frame,
                       struct error *err) {
    uint32_t first = first_columns(scan);
    uint32_t all = first | scan->columns | 1u << FRAME_BYTES | 1u << FRAME_PACKETS;
    struct error why;
    scan->stats->bytes_read += frame.size;
    if (!frame_decode(scan->decoder, &scan->batch, frame, first, &why)) {
        return note_damaged_frame(scan, path, index, &why, err);
    }
    const struct batch_stamp *stamp = &scan->batch.stamp;
    if (scan->batch.count > 0 && (stamp->unit_ms == 0 || stamp->reach_ms < stamp->unit_ms)) {
        error_set(&why, ERROR_FORMAT, "a unit of %u ms and a reach of %lld ms", stamp->unit_ms,
                  (long long)stamp->reach_ms);
        return note_damaged_frame(scan, path, index, &why, err);
    }
    scan->stats->records_read += scan->batch.count;
    count_skipped(scan);
    uint32_t matched = match(scan);
    if (matched == 0) {
        return true;
    }
    if (all != first && !frame_decode(scan->decoder, &scan->batch, frame, all, &why)) {
        return note_damaged_frame(scan, path, index, &why, err);
    }
    sum_matched(scan, matched);
    return scan->sink->batch(scan->sink->context, &scan->batch, scan->bits, matched, err);
}

static bool scan_segment(struct scan *scan, const char *path, struct error *err) {
    struct segment *segment;
    struct error why;
    if (!segment_open(&segment, path, &why)) {
        return note_damage(scan, &why, err);
    }
    bool ok = true;
    for (uint32_t i = 0; i < segment_count(segment) && ok; i++) {
        const struct segment_entry *entry = segment_entry(segment, i);
        scan->stats->frames++;
        if (may_touch(scan->query, entry->min_ms, entry->max_ms)) {
            ok = scan_frame(scan, path, i, segment_frame(segment, i), err);
        } else {
            scan->stats->frames_skipped++;
        }
    }
    segment_close(segment);
    return ok;
}

static bool scan_store(struct scan *scan, const char *directory, struct error *err) {
    struct manifest *manifest = NULL;
    bool ok = manifest_new(&manifest, err) && store_read_manifest(directory, manifest, err);
    for (size_t i = 0; ok && i < manifest_segment_count(manifest); i++) {
        const struct manifest_segment *about = manifest_segment(manifest, i);
        scan->stats->segments++;
        if (!may_touch(scan->query, about->min_ms, about->max_ms)) {
            scan->stats->segments_skipped++;
            continue;
        }
        char *path = file_join(directory, about->path);
        ok = path != NULL ? scan_segment(scan, path, err)
                          : error_set(err, ERROR_LIMIT, "no memory for a path");
        free(path);
    }
    manifest_free(manifest);
    return ok;
}

bool scan_run(const char *directory, const struct query *query, uint32_t columns,
              const struct scan_sink *sink, struct query_stats *stats, struct error *err) {
    struct scan *scan = calloc(1, sizeof *scan);
    if (scan == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a query");
    }
    scan->query = query;
    scan->columns = columns;
    scan->sink = sink;
    scan->stats = stats;
    bool ok = batch_init(&scan->batch, err) && (scan->decoder = frame_decoder_new(err)) != NULL &&
              (scan->scratch = filter_scratch_new(err)) != NULL && scan_store(scan, directory, err);
    filter_scratch_free(scan->scratch);
    frame_decoder_free(scan->decoder);
    batch_done(&scan->batch);
    free(scan);
    return ok;
}
