/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/labels.h"

/* An address without a pod at its records' times is asked for this often, then left. */
#define ASKED_MAX 16u

struct labels {
    struct batch *batch;
    const struct inventory *inventory;
    int64_t end_min_ms; /* of the batch's records */
    int64_t end_max_ms;
    uint8_t asked[DICTIONARY_CODES_MAX]; /* by code: ASKED_MAX is done */
};

static bool set_label(struct batch *batch, uint16_t code, const struct inventory_entry *entry,
                      struct error *err) {
    struct batch_label label =
        batch->labels == NULL ? (struct batch_label){ 0 } : batch->labels[code];
    return batch_add_string(batch, entry->pod, &label.pod, err) &&
           batch_add_string(batch, entry->namespace_, &label.namespace_, err) &&
           batch_add_string(batch, entry->workload, &label.workload, err) &&
           batch_set_label(batch, code, label, err);
}

static bool ask(struct labels *labels, uint16_t code, int64_t at_ms, struct error *err) {
    struct inventory_span span;
    const struct inventory_entry *entry = inventory_find_address(
        labels->inventory, labels->batch->addresses.values[code], at_ms, &span);
    bool has_label =
        entry != NULL && entry->pod.size + entry->namespace_.size + entry->workload.size > 0;
    bool is_always = inventory_span_has(&span, labels->end_min_ms) &&
                     inventory_span_has(&span, labels->end_max_ms);
    bool is_done = has_label || is_always;
    labels->asked[code] = (uint8_t)(is_done ? ASKED_MAX : labels->asked[code] + 1u);
    return !has_label || set_label(labels->batch, code, entry, err);
}

bool labels_fill(struct batch *batch, const struct inventory *inventory, struct error *err) {
    if (inventory == NULL || !inventory_has_pods(inventory)) {
        return true;
    }
    struct labels labels = {
        .batch = batch,
        .inventory = inventory,
        .end_min_ms = INT64_MAX,
        .end_max_ms = INT64_MIN,
    };
    for (uint32_t i = 0; i < batch->count; i++) {
        int64_t end_ms = batch->end_ms[i];
        labels.end_min_ms = end_ms < labels.end_min_ms ? end_ms : labels.end_min_ms;
        labels.end_max_ms = end_ms > labels.end_max_ms ? end_ms : labels.end_max_ms;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        uint16_t src = batch->src[i];
        uint16_t dst = batch->dst[i];
        if ((labels.asked[src] < ASKED_MAX && !ask(&labels, src, batch->end_ms[i], err)) ||
            (labels.asked[dst] < ASKED_MAX && !ask(&labels, dst, batch->end_ms[i], err))) {
            return false;
        }
    }
    return true;
}
