/* SPDX-License-Identifier: Apache-2.0 */
/* A batch made from the input's bytes comes back from its frame with the same records in the order
 * of the frame, or does not fit one, and then its halves do. */
#include "flow/frame_split.h"
#include "tests/unit/frame_batches.h"

#include "flow/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the input asks for; bytes past its end are 0. */
static uint32_t take(const uint8_t **data, size_t *size, uint32_t end) {
    uint32_t value = 0;
    for (unsigned i = 0; i < 2; i++) {
        value = value << 8;
        if (*size > 0) {
            value |= *(*data)++;
            (*size)--;
        }
    }
    return value % end;
}

static struct batch_recipe recipe_of(const uint8_t **data, size_t *size) {
    return (struct batch_recipe){ .count = take(data, size, 9000),
                                  .nodes = 1 + take(data, size, 300),
                                  .locals = 1 + take(data, size, 40),
                                  .peers = 1 + take(data, size, 5000),
                                  .ipv6_percent = take(data, size, 101),
                                  .span_ms = UINT64_C(1) << take(data, size, 37),
                                  .duration_ms = UINT64_C(1) << take(data, size, 37),
                                  .unit_ms = 1 + take(data, size, 1100),
                                  .value_bits = 1 + take(data, size, 64),
                                  .is_wild = take(data, size, 2) == 1,
                                  .coverage = take(data, size, 400),
                                  .labels = take(data, size, 60) };
}

/* Overwrites cells of the columns with what is left of the input. */
static void overwrite(struct batch *batch, const uint8_t *data, size_t size) {
    for (uint32_t i = 0; i < batch->count && size >= 10; i++, data += 10, size -= 10) {
        batch->bytes[i] = get_u64(data);
        batch->packets[i] = get_u64(data) >> (data[8] & 63);
        batch->src_port[i] = get_u16(data + 2);
        batch->end_ms[i] += data[9];
        batch->quality[i] = get_u16(data + 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct batch batches[3];
    static struct frame_encoder *encoder;
    static struct frame_decoder *decoder;
    static struct buffer out;
    struct error err = { 0 };
    if (encoder == NULL) {
        encoder = frame_encoder_new(&err);
        decoder = frame_decoder_new(&err);
        buffer_init(&out, FRAME_SIZE_MAX);
        for (size_t i = 0; i < 3; i++) {
            require(batch_init(&batches[i], &err), &err);
        }
    }
    struct batch *batch = &batches[0];
    struct batch_recipe recipe = recipe_of(&data, &size);
    fill_random(batch, &recipe, 1 + size);
    overwrite(batch, data, size);
    buffer_reset(&out);
    if (!frame_encode(encoder, batch, &out, &err)) {
        require(err.code == ERROR_LIMIT, &err);
        require(frame_split(batch, &batches[1], &batches[2], &err), &err);
        require(batch_check(&batches[1], &err) && batch_check(&batches[2], &err), &err);
        return 0;
    }
    require(frame_decode(decoder, &batches[1], buffer_bytes(&out), FRAME_ALL, &err), &err);
    require(batch_check(&batches[1], &err), &err);
    require(same_records(batch, &batches[1]), &err);
    return 0;
}
