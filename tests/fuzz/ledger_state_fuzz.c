/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes load as the ledgers of a fleet and its nodes, or are refused; what was loaded
 * is saved as bytes that load and save as themselves, and days of its nodes go on from it to a
 * state of which the same is true, within the bounds of an entry list. */
#include "detect/ledger.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES 2u
#define HOUR_MS INT64_C(3600000)

static void begin(struct ledger *ledger) {
    struct ledger_params params;
    ledger_params_init(&params);
    if (!ledger_init(ledger, &params, NULL)) {
        abort();
    }
}

static bool load(struct ledger *ledger, struct bytes bytes) {
    struct cursor cursor = cursor_of(bytes);
    ledger_load(ledger, &cursor);
    for (uint32_t i = 0; i < NODES; i++) {
        if (!ledger_node_load(ledger, i, &cursor, NULL)) {
            return false;
        }
    }
    return !cursor.failed;
}

static void save(const struct ledger *ledger, struct buffer *out) {
    buffer_init(out, (size_t)1 << 20);
    ledger_save(ledger, out);
    for (uint32_t i = 0; i < NODES; i++) {
        assert(ledger_node_save(ledger, i, out, NULL));
    }
    assert(!out->failed);
}

/* It is its own image. */
static void check(const struct ledger *ledger) {
    struct ledger other;
    struct buffer saved;
    struct buffer again;
    begin(&other);
    save(ledger, &saved);
    assert(load(&other, buffer_bytes(&saved)));
    save(&other, &again);
    assert(bytes_equal(buffer_bytes(&saved), buffer_bytes(&again)));
    ledger_done(&other);
    buffer_done(&saved);
    buffer_done(&again);
}

static void run_windows(struct ledger *ledger) {
    int64_t day = ledger->budget.today.day < 0 ? 0 : ledger->budget.today.day;
    for (uint32_t w = 0; w < 12; w++) { /* up to a day and a half ahead of a day's end */
        int64_t start_ms = (day * 24 + w * 5) * HOUR_MS;
        ledger_begin(ledger, start_ms, start_ms + 60000);
        for (uint32_t n = 0; n < NODES; n++) {
            struct ledger_contact contacts[20];
            for (uint32_t i = 0; i < 20; i++) {
                contacts[i] = (struct ledger_contact){ .group = i / 2 * (w % 3 + 1),
                                                       .peer = { 0, i },
                                                       .bytes_out = i * 1000 * (w + 1),
                                                       .bytes_in = UINT64_MAX >> (i % 3 * 30),
                                                       .port = (uint16_t)i,
                                                       .is_rare = i != w };
            }
            struct ledger_reading reading;
            assert(ledger_take(ledger, n, contacts, 20, &reading, NULL));
            assert(reading.limits[LEDGER_BYTES].threshold > 0);
            const struct ledger_entry *entry = ledger_entry(ledger, n, reading.bytes_index);
            assert((entry == NULL) == (reading.bytes_index == LEDGER_NONE));
            (void)(entry != NULL && ledger_entry_is_beacon(entry));
            assert(ledger_entry(ledger, n, LEDGER_ENTRIES_MAX) == NULL);
        }
        ledger_fired(ledger, w % NODES, LEDGER_MINUTES);
        if (w == 8) {
            ledger_acquit(ledger, 0);
            ledger_forget(ledger, 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ledger ledger;
    begin(&ledger);
    if (load(&ledger, bytes_of(data, size))) {
        check(&ledger);
        run_windows(&ledger);
        check(&ledger);
    }
    ledger_done(&ledger);
    return 0;
}
