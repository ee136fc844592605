/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_UNIT_FRAME_FIXTURE_H
#define WEIR_TESTS_UNIT_FRAME_FIXTURE_H

/* What a test of frames needs: both coders, a batch for each side, a buffer between them, and a
 * seed (SEED in the environment takes another). Included behind cmocka.h. */

#include "flow/frame.h"

#include <stdlib.h>

struct fixture {
    struct frame_encoder *encoder;
    struct frame_decoder *decoder;
    struct batch batch;
    struct batch decoded;
    struct buffer out;
    uint64_t seed;
};

static inline int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct error err = { 0 };
    f->encoder = frame_encoder_new(&err);
    f->decoder = frame_decoder_new(&err);
    assert_true(batch_init(&f->batch, &err) && batch_init(&f->decoded, &err));
    buffer_init(&f->out, 4u << 20);
    f->seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 0) : 88172645463325252u;
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;
    frame_encoder_free(f->encoder);
    frame_decoder_free(f->decoder);
    batch_done(&f->batch);
    batch_done(&f->decoded);
    buffer_done(&f->out);
    free(f);
    return 0;
}

#endif
