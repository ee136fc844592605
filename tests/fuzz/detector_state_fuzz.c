/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes load as a detector state or are refused; what was loaded is saved as bytes
 * that load and save as themselves, and its windows close. The checksum is repaired first, or
 * nothing but it would be tested. */
#include "detect/detector.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_alert(void *context, const struct alert *alert, struct error *err) {
    struct buffer *out = context;
    (void)err;
    alert_write_json(alert, out);
    buffer_reset(out);
    return true;
}

static struct detector *new_detector(struct buffer *line) {
    struct detector_config config;
    detector_config_init(&config);
    config.memory_bytes_max = UINT64_C(1) << 20;
    config.nodes_max = 64;
    struct alert_sink sink = { .context = line, .emit = take_alert };
    struct detector *detector = NULL;
    if (!detector_new(&detector, &config, &sink, NULL)) {
        abort();
    }
    return detector;
}

/* A state that loads gives the same bytes when it is saved, loaded and saved again. */
static void check_round_trip(struct detector *detector, struct buffer *line) {
    struct buffer saved;
    struct buffer again;
    struct error err = { 0 };
    buffer_init(&saved, (size_t)64 << 20);
    buffer_init(&again, (size_t)64 << 20);
    struct detector *other = new_detector(line);
    assert(detector_state_save(detector, &saved, &err));
    assert(detector_state_load(other, buffer_bytes(&saved), &err));
    assert(detector_state_save(other, &again, &err));
    assert(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    detector_free(other);
    buffer_done(&saved);
    buffer_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 8) {
        return 0;
    }
    uint8_t *state = malloc(size);
    if (state == NULL) {
        return 0;
    }
    memcpy(state, data, size);
    put_u64(state + size - 8, XXH3_64bits(state, size - 8));
    struct buffer line;
    buffer_init(&line, (size_t)1 << 20);
    struct detector *detector = new_detector(&line);
    struct error err = { 0 };
    if (detector_state_load(detector, bytes_of(state, size), &err)) {
        check_round_trip(detector, &line);
        assert(detector_advance(detector, INT64_MAX, &err));
    } else {
        assert(err.code != ERROR_NONE);
    }
    detector_free(detector);
    buffer_done(&line);
    free(state);
    return 0;
}
