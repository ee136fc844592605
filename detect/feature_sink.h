/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_FEATURE_SINK_H
#define WEIR_DETECT_FEATURE_SINK_H

#include "detect/feature.h"
#include "detect/judge.h"

/* What was measured, for whoever wants to see it beside the alerts: other methods, people who tune
 * a threshold. Nothing that the detector says depends on it. */

/* One node in one closed window in which it was observed. Valid during the call. */
struct feature_sample {
    int64_t start_ms;
    int64_t end_ms;
    struct bytes node;
    struct bytes identity;
    struct bytes role;
    int64_t age_ms;  /* since the start of the first window in which the node was observed */
    uint8_t quality; /* enum metric_quality */
    uint64_t
        absent; /* feature_bit of those that cannot be told; what the judge makes is among them */
    float values[FEATURE_COUNT]; /* absent ones are 0 */
};

/* Receives samples in the order (window, node name, identity), before the alerts of the window.
 * False (err set) stops the detector's call with that error. */
struct feature_sink {
    void *context;
    bool (*take)(void *context, const struct feature_sample *sample, struct error *err);
};

/* Gives the sink what a closed window holds. The roster's order is up to date. Errors: the sink's.
 */
bool feature_sink_window(const struct feature_sink *sink, const struct judge_window *window,
                         struct error *err);

#endif
