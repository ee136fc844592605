/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are an error or a batch that passes batch_check, whose every row can then be used,
 * whose totals can be read, whose addresses can be searched, and which can be encoded again to the
 * same records. Checksums and sizes are repaired first, so that mutations reach what is behind
 * them. */
#include "tests/fuzz/frame_fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parts {
    struct frame_decoder *decoder;
    struct frame_encoder *encoder;
    struct batch batch;
    struct batch again;
    struct buffer out;
};

static struct parts *parts_get(void) {
    static struct parts parts;
    struct error err;
    if (parts.decoder == NULL) {
        parts.decoder = frame_decoder_new(&err);
        parts.encoder = frame_encoder_new(&err);
        buffer_init(&parts.out, FRAME_SIZE_MAX);
        if (parts.decoder == NULL || parts.encoder == NULL || !batch_init(&parts.batch, &err) ||
            !batch_init(&parts.again, &err)) {
            abort();
        }
    }
    return &parts;
}

/* Reads all that a batch points to; the sum keeps the reads. */
static uint64_t use(const struct batch *batch) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct address src = batch->addresses.values[batch->src[i]];
        struct address dst = batch->addresses.values[batch->dst[i]];
        const struct batch_node *node = &batch->nodes[batch->node[i]];
        struct bytes log = batch->flow_logs[batch->flow_log[i]];
        sum += src.low ^ dst.high ^ node->name.size ^ log.size;
        sum += batch->bytes[i] + batch->packets[i] + (uint64_t)batch->end_ms[i];
        if (batch->labels != NULL) {
            uint16_t pod = batch->labels[batch->src[i]].pod;
            sum += pod > 0 ? batch->strings[pod].size : 0;
        }
    }
    for (uint32_t i = 0; i < batch->node_count; i++) {
        for (uint32_t k = 0; k < batch->nodes[i].own_count; k++) {
            sum += batch->nodes[i].own[k].low;
        }
    }
    return sum;
}

static void check_whole(struct parts *parts, struct bytes frame) {
    struct error err;
    volatile uint64_t sum = use(&parts->batch);
    (void)sum;
    if (!batch_check(&parts->batch, &err)) {
        abort();
    }
    for (uint32_t code = 0; code < parts->batch.addresses.count; code++) {
        bool has = false;
        if (!frame_has_address(frame, parts->batch.addresses.values[code], &has, &err) || !has) {
            abort();
        }
    }
    buffer_reset(&parts->out);
    if (frame_encode(parts->encoder, &parts->batch, &parts->out, &err)) {
        if (!frame_decode(parts->decoder, &parts->again, buffer_bytes(&parts->out), FRAME_ALL,
                          &err) ||
            parts->again.count != parts->batch.count || !batch_check(&parts->again, &err)) {
            abort();
        }
    } else if (err.code != ERROR_LIMIT) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct frame_minute minutes[FRAME_MINUTES_MAX];
    struct parts *parts = parts_get();
    struct error err;
    if (size < 2 || size > FRAME_SIZE_MAX) {
        return 0;
    }
    /* A copy of the exact size, so that AddressSanitizer sees a read past it. The first byte
     * chooses the columns. */
    uint32_t wanted = data[0] % 2 == 0 ? FRAME_ALL : (uint32_t)(data[0] * 37) & FRAME_ALL;
    uint8_t *copy = malloc(size - 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 1, size - 1);
    struct bytes frame = bytes_of(copy, size - 1);
    repair_frame(copy, frame.size);
    uint32_t count;
    bool has;
    (void)frame_minutes(frame, minutes, &count, &has, &err);
    (void)frame_has_address(frame, address_from_ipv4(0x0a000001), &has, &err);
    (void)frame_has_address(frame, (struct address){ .high = 1, .low = 2 }, &has, &err);
    bool ok = frame_decode(parts->decoder, &parts->batch, frame, wanted, &err);
    if (!ok && (parts->batch.count != 0 || err.code == ERROR_NONE)) {
        abort();
    }
    if (ok && wanted == FRAME_ALL) {
        check_whole(parts, frame);
    }
    free(copy);
    return 0;
}
