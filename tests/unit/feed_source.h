/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_FEED_SOURCE_H
#define WEIR_TESTS_UNIT_FEED_SOURCE_H

/* A source for tests of feeds, simple enough to work its results out by hand. A line is
 *
 *     START END NODE BYTES       a record; seconds
 *     nodata START END NODE      a coverage row
 *
 * and anything else is malformed. Unit 1 s, D 60 s, lateness 120 s: low = end + 1 - 180. */

#include "ingest/source.h"

#include <stdio.h>
#include <stdlib.h>

#define FAKE_REACH_S 60
#define FAKE_LATENESS_S 120

struct source {
    struct input *input;
    char flow_log[256];
    const uint8_t *at;
    const uint8_t *end;
    bool is_end;
    uint64_t line;
    struct source_result pending; /* of damage */
};

static inline bool fake_open(struct source **out, struct input *input, struct bytes flow_log,
                             const struct source_options *options, struct error *err) {
    (void)options;
    (void)err;
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        abort();
    }
    source->input = input;
    snprintf(source->flow_log, sizeof source->flow_log, "%.*s", (int)flow_log.size,
             (const char *)flow_log.data);
    *out = source;
    return true;
}

static inline void fake_add(struct batch *batch, const struct source *source, int64_t start_s,
                            int64_t end_s, const char *node, uint64_t bytes, bool is_coverage) {
    uint16_t id;
    uint8_t log;
    struct error err;
    struct batch_node point = { .name = bytes_text(node), .identity = bytes_text(node) };
    if (!batch_add_node(batch, &point, &id, &err) ||
        !batch_add_flow_log(batch, bytes_text(source->flow_log), &log, &err)) {
        abort();
    }
    if (is_coverage) {
        struct batch_coverage row = { id, COVERAGE_NODATA, log, start_s * 1000, end_s * 1000, 0 };
        if (!batch_add_coverage(batch, &row)) {
            abort();
        }
        return;
    }
    uint32_t i = batch->count++;
    batch->start_ms[i] = start_s * 1000;
    batch->end_ms[i] = end_s * 1000;
    batch->bytes[i] = bytes;
    batch->packets[i] = 1;
    batch->src[i] = dictionary_code(&batch->addresses, address_from_ipv4((uint32_t)bytes));
    batch->dst[i] = dictionary_code(&batch->addresses, address_from_ipv4(1));
    batch->src_port[i] = 1000;
    batch->dst_port[i] = 443;
    batch->node[i] = id;
    batch->quality[i] = 0;
    batch->protocol[i] = 6;
    batch->tcp_flags[i] = 0;
    batch->direction[i] = DIRECTION_OUT;
    batch->initiator[i] = INITIATOR_SRC;
    batch->action[i] = ACTION_ACCEPT;
    batch->flow_log[i] = log;
}

static inline void fake_line(struct source *source, struct batch *batch,
                             struct source_result *result, struct bytes text) {
    char line[256];
    char node[64];
    long long start;
    long long end;
    unsigned long long bytes;
    snprintf(line, sizeof line, "%.*s", (int)text.size, (const char *)text.data);
    struct source_counts *counts = &result->counts;
    source->line++;
    counts->lines++;
    if (sscanf(line, "nodata %lld %lld %63s", &start, &end, node) == 3) {
        fake_add(batch, source, start, end, node, 0, true);
        counts->nodata++;
    } else if (sscanf(line, "%lld %lld %63s %llu", &start, &end, node, &bytes) == 4) {
        fake_add(batch, source, start, end, node, bytes, false);
        counts->records++;
        counts->bytes += bytes;
        counts->packets++;
    } else {
        counts->malformed++;
        counts->rejects[REJECT_NUMBER]++;
        if (result->reject_count < SOURCE_REJECTS_MAX) {
            struct source_reject *reject = &result->rejects[result->reject_count++];
            reject->reason = REJECT_NUMBER;
            reject->line = source->line;
            snprintf(reject->excerpt, sizeof reject->excerpt, "%.*s", 100, line);
        }
    }
}

static inline bool fake_next(struct source *source, struct batch *batch,
                             struct source_result *result, struct error *err) {
    (void)err;
    batch_reset(batch);
    *result = (struct source_result){ 0 };
    while (batch_has_room(batch, 1) && batch->coverage_count < 1000) {
        const uint8_t *feed = source->at == source->end
                                  ? NULL
                                  : memchr(source->at, '\n', (size_t)(source->end - source->at));
        if (feed != NULL) {
            fake_line(source, batch, result, bytes_of(source->at, (size_t)(feed - source->at)));
            source->at = feed + 1;
            continue;
        }
        if (source->is_end) {
            if (source->at != source->end) {
                fake_line(source, batch, result,
                          bytes_of(source->at, (size_t)(source->end - source->at)));
                source->at = source->end;
            }
            result->is_end = true;
            break;
        }
        struct bytes piece;
        size_t keep = (size_t)(source->end - source->at);
        if (!input_read(source->input, keep, &piece, &source->is_end, &result->damage)) {
            result->is_damaged = true;
        }
        source->at = piece.data;
        source->end = piece.data + piece.size;
    }
    return true;
}

static inline void fake_close(struct source *source) {
    if (source != NULL) {
        input_close(source->input);
        free(source);
    }
}

static inline bool fake_recognise(struct bytes front) {
    (void)front;
    return true;
}

static const struct source_ops fake_source = {
    .name = "fake",
    .origin = ORIGIN_AWS,
    .unit_ms = 1000,
    .reach_ms = FAKE_REACH_S * 1000,
    .lateness_ms = FAKE_LATENESS_S * 1000,
    .recognise = fake_recognise,
    .open = fake_open,
    .next = fake_next,
    .close = fake_close,
};

#endif
