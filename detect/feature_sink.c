/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/feature_sink.h"

static void fill(struct feature_sample *sample, const struct judge_window *window, uint32_t index) {
    const struct roster_node *node = &window->roster->nodes[index];
    *sample = (struct feature_sample){
        .start_ms = window->start_ms,
        .end_ms = window->end_ms,
        .node = node->name,
        .identity = node->identity,
        .role = node->role,
        .age_ms = window->start_ms - node->first_ms,
        .quality = window->quality[index],
        .absent = window->absent[index],
    };
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        if (window->values[f] == NULL) {
            sample->absent |= feature_bit(f);
        } else if ((sample->absent & feature_bit(f)) == 0) {
            sample->values[f] = window->values[f][index];
        }
    }
}

bool feature_sink_window(const struct feature_sink *sink, const struct judge_window *window,
                         struct error *err) {
    const struct roster *roster = window->roster;
    for (uint32_t i = 0; i < roster->order_count; i++) {
        if ((window->quality[roster->order[i]] & METRIC_OBSERVED) == 0) {
            continue;
        }
        struct feature_sample sample;
        fill(&sample, window, roster->order[i]);
        if (!sink->take(sink->context, &sample, err)) {
            return false;
        }
    }
    return true;
}
