/* SPDX-License-Identifier: Apache-2.0 */
/* Property: whatever a capture holds and whatever ends its flows, every batch passes batch_check,
 * frames are decoded, not IP, or malformed, and the records that are no twins hold exactly the
 * packets that were decoded, with their bytes. */
#include "ingest/capture.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is wrong stops the program, as a fuzzer wants it. */
static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static const struct source_options OPTIONS[] = {
    { .tick_ms = 10000 },
    { .active_timeout_ms = 60000, .idle_timeout_ms = 15000, .tunnels = PACKET_TUNNELS_INNER },
    { .active_timeout_ms = 2000, .idle_timeout_ms = 10, .flows_max = 3 },
    { .flows_max = 7 },
};

static struct batch batch;
static bool has_batch;
static struct source_result result;

static void add_batch(struct source_counts *sum, uint64_t *packets, uint64_t *bytes) {
    struct error err;
    require(batch_check(&batch, &err));
    for (uint32_t i = 0; i < batch.count; i++) {
        if ((batch.quality[i] & QUALITY_TWIN) == 0) {
            *packets += batch.packets[i];
            *bytes += batch.bytes[i];
        }
    }
    source_counts_add(sum, &result.counts);
}

static void run(struct bytes capture, const struct source_options *options) {
    struct error err;
    struct input *input;
    struct source *source;
    struct source_counts sum = { 0 };
    uint64_t packets = 0;
    uint64_t bytes = 0;
    require(input_open_bytes(&input, capture, &err));
    if (!capture_source.open(&source, input, bytes_text("feed"), options, &err)) {
        return;
    }
    do {
        require(capture_source.next(source, &batch, &result, &err));
        add_batch(&sum, &packets, &bytes);
    } while (!result.is_end);
    capture_source.close(source);
    require(sum.packets == sum.decoded + sum.not_ip + sum.malformed);
    require(packets == sum.decoded && bytes == sum.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error err;
    if (!has_batch) {
        require(batch_init(&batch, &err));
        has_batch = true;
    }
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        run(bytes_of(data, size), &OPTIONS[i]);
    }
    return 0;
}
