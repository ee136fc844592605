/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes load as what a fleet is used to, or are refused; what was loaded is saved as
 * bytes that load and save as themselves, answers, and goes on. */
#include "detect/prior.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct prior *prior) {
    struct prior other;
    struct buffer saved;
    struct buffer again;
    buffer_init(&saved, (size_t)1 << 26);
    buffer_init(&again, (size_t)1 << 26);
    prior_init(&other);
    prior_save(prior, &saved);
    struct cursor cursor = cursor_of(buffer_bytes(&saved));
    prior_load(&other, &cursor);
    assert(!cursor.failed && cursor_left(&cursor) == 0);
    prior_save(&other, &again);
    assert(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    prior_done(&other);
    buffer_done(&saved);
    buffer_done(&again);
}

static void go_on(struct prior *prior) {
    const float records[PRIOR_FEATURES] = { 1, 2, 3 };
    for (int i = 0; i < 3; i++) {
        prior_enter(prior, prior->running.hour + 1);
        prior_see(prior, bytes_text("web"));
        assert(prior_add(prior, bytes_text("a"), records, NULL));
        assert(prior_role_hours(prior, bytes_text("web")) >= -1);
        for (uint32_t f = 0; f < PRIOR_FEATURES; f++) {
            float value = prior_value(prior, bytes_text("a"), f);
            assert(value == -1 || (value >= 0 && value <= PRIOR_BITS_MAX));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct prior prior;
    struct cursor cursor = cursor_of(bytes_of(data, size));
    prior_init(&prior);
    prior_load(&prior, &cursor);
    if (!cursor.failed) {
        check_round_trip(&prior);
        go_on(&prior);
    }
    prior_done(&prior);
    return 0;
}
