/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DETECT_DETECTOR_PARTS_H
#define WEIR_DETECT_DETECTOR_PARTS_H

#include "detect/arrival.h"
#include "detect/closing.h"
#include "detect/hearing.h"

/* What a detector is made of; for detector.c, detector_save.c and detector_load.c. */
struct detector {
    struct detector_config config;
    struct alert_sink sink;
    struct feature_sink features; /* without a function: nobody asks */
    int64_t first_open;           /* windows below this number are closed */
    struct point_set points;
    struct window_set windows;
    struct arrival *arrival;
    struct roster roster;
    struct past past;
    struct fleet_stage stage;
    struct hearing *hearing; /* stands in front of the sink */
    struct judge *judge;
    struct closing closing;
    struct arrival_counts arrived;
    struct closing_counts closed;
};

/* Takes memory for the parts of a detector whose config and sink are set. Errors: those of the
 * parts; what was taken stands, for detector_parts_done. */
bool detector_parts_init(struct detector *detector, struct error *err);
/* What is known of a node, in bytes of memory (struct detector_counts). */
uint64_t detector_node_bytes(const struct detector *detector, uint32_t node);

/* Accepts a zeroed or half built one; config and sink stay. */
void detector_parts_done(struct detector *detector);

#endif
