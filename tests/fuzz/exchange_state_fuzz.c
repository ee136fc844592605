/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes load as what is remembered of conversations, peers and the fleet, or are
 * refused; what was loaded is saved as bytes that load and save as themselves, and windows of its
 * nodes go on from it. */
#include "detect/feature_measure.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES 2u

struct memory {
    struct exchange exchange;
    struct features features;
    struct fleet fleet;
};

static void begin(struct memory *memory, const struct peer_grouping *grouping) {
    struct exchange_settings settings = { 64, EXCHANGE_REPLY_MS };
    if (!exchange_init(&memory->exchange, &settings, NULL) ||
        !fleet_init(&memory->fleet, 16, NULL)) {
        abort();
    }
    features_init(&memory->features, grouping, &memory->fleet, INT64_C(86400000));
}

static void end(struct memory *memory) {
    exchange_done(&memory->exchange);
    features_done(&memory->features);
    fleet_done(&memory->fleet);
}

static bool load(struct memory *memory, const struct roster *roster, struct bytes bytes) {
    struct cursor cursor = cursor_of(bytes);
    bool ok = exchange_load(&memory->exchange, roster, &cursor, NULL);
    for (uint32_t i = 0; i < NODES && ok && !cursor.failed; i++) {
        ok = features_node_load(&memory->features, i, &cursor, NULL);
    }
    if (ok && !cursor.failed) {
        fleet_load(&memory->fleet, &cursor);
    }
    return ok && !cursor.failed;
}

static void save(struct memory *memory, const struct roster *roster, struct buffer *out) {
    buffer_init(out, (size_t)1 << 24);
    assert(exchange_save(&memory->exchange, roster, out, NULL));
    for (uint32_t i = 0; i < NODES; i++) {
        assert(features_node_save(&memory->features, i, out, NULL));
    }
    fleet_save(&memory->fleet, out);
    assert(!out->failed);
}

static void run_windows(struct memory *memory, const struct roster *roster) {
    int64_t start_ms = memory->exchange.window.end_ms;
    for (uint32_t n = 0; n < 3 * NODES; n++) {
        struct strand strand = { .local = address_from_ipv4(0x0a000001),
                                 .peer = address_from_ipv4(0x08080808),
                                 .bytes = 40,
                                 .packets = 1,
                                 .local_port = 40000,
                                 .peer_port = 443,
                                 .protocol = 6,
                                 .direction = n % 3 == 0 ? DIRECTION_IN : DIRECTION_OUT };
        struct exchange_row *rows;
        uint32_t count;
        struct feature_values values;
        struct feature_view view = { .node = n % NODES,
                                     .start_ms = start_ms,
                                     .end_ms = start_ms + 60000 };
        fleet_enter(&memory->fleet, start_ms / 3600000);
        exchange_begin(&memory->exchange,
                       &(struct exchange_window){ start_ms, start_ms + 60000, 0 });
        assert(exchange_take(&memory->exchange, &strand, NULL));
        assert(exchange_node(&memory->exchange, n % NODES, &rows, &count, NULL));
        assert(count >= 1);
        assert(features_measure(&memory->features, &view, &memory->exchange, rows, count, &values,
                                NULL));
        assert(exchange_end(&memory->exchange, roster, NULL));
        assert(memory->exchange.entry_count <= memory->exchange.settings.entries_max);
        start_ms += 60000;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct roster roster;
    struct peer_grouping grouping;
    struct memory memory;
    roster_init(&roster, NODES);
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t index;
        struct bytes name = bytes_text(i == 0 ? "b" : "a");
        if (!roster_add(&roster, name, name, &index, NULL)) {
            abort();
        }
    }
    roster_sort(&roster);
    if (!peer_grouping_init(&grouping, NULL, peer_prefixes, peer_prefix_count, NULL)) {
        abort();
    }
    begin(&memory, &grouping);
    if (load(&memory, &roster, bytes_of(data, size))) {
        struct memory other;
        struct buffer saved;
        struct buffer again;
        begin(&other, &grouping);
        save(&memory, &roster, &saved);
        assert(load(&other, &roster, buffer_bytes(&saved)));
        save(&other, &roster, &again);
        assert(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
        run_windows(&memory, &roster);
        end(&other);
        buffer_done(&saved);
        buffer_done(&again);
    }
    end(&memory);
    peer_grouping_done(&grouping);
    roster_done(&roster);
    return 0;
}
