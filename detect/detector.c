/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the parts: arrival adds to open windows, closing hands them to the judge in order. */
#include "detect/detector.h"

#include "detect/detector_parts.h"
#include "flow/spread.h"

#include <stdlib.h>

/* The windows that a memory bound is meant for: AWS holds 20 minutes open, and a few to spare. A
 * window's conversations are bounded by its part of the memory whatever the others need, since what
 * is cut must not depend on how far the feeds are apart. */
#define WINDOWS_SHARING 24u
#define COST_MAX_LEAST 64u

/* Alerts go from the judge through what looks across nodes to what the operator says of them. */
static bool stages_init(struct detector *detector, struct error *err) {
    const struct alert_sink heard = hearing_sink(detector->hearing);
    const struct alert_sink told = fleet_stage_sink(&detector->stage);
    return fleet_stage_init(&detector->stage, &detector->config, &heard, err) &&
           judge_new(&detector->judge, &detector->config, &told, err);
}

bool detector_parts_init(struct detector *detector, struct error *err) {
    uint64_t cost_max =
        detector->config.memory_bytes_max / WINDOWS_SHARING / sizeof(struct strand_short);
    roster_init(&detector->roster, detector->config.nodes_max);
    detector->first_open = 0; /* times begin in 1970 */
    detector->arrival = arrival_new(err);
    return detector->arrival != NULL && point_set_init(&detector->points, err) &&
           window_set_init(&detector->windows,
                           cost_max < COST_MAX_LEAST ? COST_MAX_LEAST : cost_max,
                           detector->config.window_ms, err) &&
           past_init(&detector->past, &detector->config, err) &&
           hearing_new(&detector->hearing, detector->config.say, &detector->sink, err) &&
           stages_init(detector, err);
}

void detector_parts_done(struct detector *detector) {
    arrival_free(detector->arrival);
    point_set_done(&detector->points);
    window_set_done(&detector->windows);
    roster_done(&detector->roster);
    past_done(&detector->past);
    fleet_stage_done(&detector->stage);
    judge_free(detector->judge);
    hearing_free(detector->hearing);
    closing_done(&detector->closing);
    *detector = (struct detector){ .config = detector->config,
                                   .sink = detector->sink,
                                   .features = detector->features };
}

bool detector_new(struct detector **out, const struct detector_config *config,
                  const struct alert_sink *sink, struct error *err) {
    if (!detector_config_check(config, err)) {
        return false;
    }
    struct detector *detector = calloc(1, sizeof *detector);
    if (detector == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a detector");
    }
    detector->config = *config;
    detector->sink = *sink;
    if (!detector_parts_init(detector, err)) {
        detector_free(detector);
        return false;
    }
    *out = detector;
    return true;
}

void detector_free(struct detector *detector) {
    if (detector != NULL) {
        detector_parts_done(detector);
        free(detector);
    }
}

void detector_set_feature_sink(struct detector *detector, const struct feature_sink *sink) {
    detector->features = *sink;
}

bool detector_add(struct detector *detector, const struct batch *batch, struct error *err) {
    if ((batch->stamp.flags & (BATCH_LATE | BATCH_FUTURE)) != 0) {
        return true;
    }
    struct arrival_target target = {
        .points = &detector->points,
        .windows = &detector->windows,
        .window_ms = detector->config.window_ms,
        .first_open = detector->first_open,
        .memory_bytes_max = detector->config.memory_bytes_max,
    };
    return arrival_add(detector->arrival, &target, batch, &detector->arrived, err);
}

/* The number of the first window that a watermark leaves open. */
static int64_t first_open_after(const struct detector *detector, int64_t watermark_ms) {
    if (watermark_ms < INT64_MAX) {
        int64_t most_ms = BATCH_TIME_MAX_MS + detector->config.window_ms;
        return spread_window(watermark_ms < most_ms ? watermark_ms : most_ms,
                             detector->config.window_ms);
    }
    int64_t end = detector->first_open;
    for (uint32_t i = 0; i < detector->windows.count; i++) {
        int64_t number = detector->windows.windows[i]->number;
        end = number >= end ? number + 1 : end;
    }
    return end;
}

bool detector_advance(struct detector *detector, int64_t watermark_ms, struct error *err) {
    int64_t end = first_open_after(detector, watermark_ms);
    if (end <= detector->first_open) {
        return true;
    }
    struct closing_target target = {
        .config = &detector->config,
        .points = &detector->points,
        .windows = &detector->windows,
        .roster = &detector->roster,
        .past = &detector->past,
        .judge = detector->judge,
        .features = detector->features.take == NULL ? NULL : &detector->features,
        .stage = &detector->stage,
    };
    struct window **due;
    uint32_t due_count;
    if (!window_set_take(&detector->windows, end, &due, &due_count, err)) {
        return false;
    }
    detector->first_open = end;
    bool ok = true;
    for (uint32_t i = 0; i < due_count; i++) {
        struct settle_due later = { due + i + 1, due_count - i - 1 };
        ok = ok && closing_run(&detector->closing, &target, due[i], later, &detector->closed, err);
        window_free(due[i], &detector->windows.pool);
    }
    free(due);
    point_set_sweep(&detector->points, end);
    bool is_end = watermark_ms == INT64_MAX; /* of the input, not of time */
    int64_t end_ms = end * detector->config.window_ms;
    return ok && (is_end || (judge_pass(detector->judge, &detector->roster, end_ms, err) &&
                             fleet_stage_pass(&detector->stage, end_ms, err)));
}

int64_t detector_open_ms(const struct detector *detector) {
    return detector->first_open * detector->config.window_ms;
}

uint64_t detector_node_bytes(const struct detector *detector, uint32_t node) {
    const struct roster_node *of = &detector->roster.nodes[node];
    return sizeof *of + of->name.size + of->identity.size + of->role.size + of->interface.size +
           judge_node_bytes() + past_node_bytes(&detector->past, node);
}

struct detector_counts detector_counts(const struct detector *detector) {
    struct detector_counts counts = {
        .windows = detector->closed.windows,
        .nodes = detector->roster.used,
        .alerts = judge_alert_count(detector->judge) + detector->stage.alert_count -
                  hearing_silenced(detector->hearing) - hearing_allowed(detector->hearing),
        .silenced = hearing_silenced(detector->hearing),
        .allowed = hearing_allowed(detector->hearing),
        .conversations = detector->past.exchange.entry_count,
        .conversations_evicted = detector->past.exchange.evicted,
        .episodes = judge_episode_count(detector->judge),
        .duplicate = detector->closed.duplicate,
        .late = detector->arrived.late,
        .direction_unknown = detector->arrived.direction_unknown,
        .nodes_refused = detector->arrived.refused + detector->closed.nodes_refused,
        .cells_cut = detector->arrived.cells_cut + detector->closed.cells_cut,
        .memory_bytes = window_set_measure(&detector->windows),
    };
    for (uint32_t i = 0; i < detector->roster.count; i++) {
        const struct roster_node *node = &detector->roster.nodes[i];
        if (node->is_used) {
            counts.nodes_warm += node->last_ms - node->first_ms >= detector->config.warm_up_ms;
            uint64_t bytes = detector_node_bytes(detector, i);
            counts.node_bytes += bytes;
            counts.node_bytes_max = bytes > counts.node_bytes_max ? bytes : counts.node_bytes_max;
        }
    }
    return counts;
}
