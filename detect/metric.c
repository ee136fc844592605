/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/metric.h"

#include "flow/batch.h"

const struct metric_row metric_rows[METRIC_COUNT] = {
    [METRIC_OUT_BYTES] = { .name = "out_bytes",
                           .unit = "bytes/min",
                           .scale = 1e4f,
                           .direction = DIRECTION_OUT,
                           .help = "bytes that the node sent" },
    [METRIC_IN_BYTES] = { .name = "in_bytes",
                          .unit = "bytes/min",
                          .scale = 1e4f,
                          .direction = DIRECTION_IN,
                          .help = "bytes that the node received" },
};
