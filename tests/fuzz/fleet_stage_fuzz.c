/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes load as a stage that looks across nodes, or are refused; what was loaded is
 * saved as bytes that load and save as themselves, and takes further alerts until all is closed. */
#include "detect/fleet_stage.h"

#include "flow/batch.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take_alert(void *context, const struct alert *alert, struct error *err) {
    (void)err;
    assert(alert->advice <= ADVICE_NOTIFY || alert->node_count == 0);
    alert_write_json(alert, context);
    buffer_reset(context);
    return true;
}

static void begin(struct fleet_stage *stage, struct buffer *line) {
    struct detector_config config;
    detector_config_init(&config);
    const struct alert_sink sink = { .context = line, .emit = take_alert };
    if (!fleet_stage_init(stage, &config, &sink, NULL)) {
        abort();
    }
}

static void check_round_trip(const struct fleet_stage *stage, struct buffer *line) {
    struct fleet_stage other;
    struct buffer saved;
    struct buffer again;
    buffer_init(&saved, (size_t)1 << 26);
    buffer_init(&again, (size_t)1 << 26);
    begin(&other, line);
    fleet_stage_save(stage, &saved);
    struct cursor cursor = cursor_of(buffer_bytes(&saved));
    fleet_stage_load(&other, &cursor);
    assert(!cursor.failed && cursor_left(&cursor) == 0);
    fleet_stage_save(&other, &again);
    assert(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    fleet_stage_done(&other);
    buffer_done(&saved);
    buffer_done(&again);
}

static void go_on(struct fleet_stage *stage) {
    static const char *const names[] = { "a", "b", "c", "d" };
    const struct alert_sink sink = fleet_stage_sink(stage);
    for (int i = 0; i < 8; i++) {
        struct alert alert = {
            .lineage = "0123456789abcdef",
            .episode = "00112233445566778899aabbccddeeff",
            .state = i < 4 ? ALERT_OPEN : ALERT_CLOSED,
            .class_ = "dos.volume",
            .rule = "flood_in",
            .direction = i % 2 == 0 ? DIRECTION_IN : DIRECTION_OUT,
            .node = bytes_text(names[i % 4]),
            .rare_group = 1,
            .advice = ADVICE_RECYCLE,
            .window_end_ms = stage->now_ms + 60000,
            .episode_start_ms = stage->now_ms,
        };
        assert(sink.emit(sink.context, &alert, NULL));
    }
    assert(fleet_stage_pass(stage, stage->now_ms + 7200000, NULL));
    assert(stage->count == 0 && stage->open_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fleet_stage stage;
    struct buffer line;
    buffer_init(&line, (size_t)1 << 26);
    begin(&stage, &line);
    struct cursor cursor = cursor_of(bytes_of(data, size));
    fleet_stage_load(&stage, &cursor);
    if (!cursor.failed) {
        check_round_trip(&stage, &line);
        go_on(&stage);
    }
    fleet_stage_done(&stage);
    buffer_done(&line);
    return 0;
}
