/* SPDX-License-Identifier: Apache-2.0 */
/* Halving is enough: it happens only to hostile or broken input, and each half shrinks the tables
 * with the records, since batch_append copies only what they use. */
#include "flow/frame_split.h"

static bool append_coverage(struct batch *out, const struct batch *batch, uint32_t first,
                            uint32_t end, struct error *err) {
    for (uint32_t i = first; i < end; i++) {
        struct batch_coverage row = batch->coverage[i];
        if (!batch_add_node(out, &batch->nodes[row.node], &row.node, err) ||
            !batch_add_flow_log(out, batch->flow_logs[row.flow_log], &row.flow_log, err)) {
            return false;
        }
        if (!batch_add_coverage(out, &row)) {
            return error_set(err, ERROR_LIMIT, "no memory for coverage rows");
        }
    }
    return true;
}

bool frame_split(const struct batch *batch, struct batch *first, struct batch *second,
                 struct error *err) {
    if (batch->count <= 1 && batch->coverage_count <= 1) {
        return error_set(err, ERROR_LIMIT, "%u record and %u coverage row do not fit a frame",
                         batch->count, batch->coverage_count);
    }
    uint32_t rows = batch->count / 2;
    /* A lone record goes to the second half; so does a lone coverage row. */
    uint32_t coverage = batch->coverage_count / 2;
    batch_reset(first);
    batch_reset(second);
    first->stamp = second->stamp = batch->stamp;
    return batch_append(first, batch, 0, rows, err) &&
           append_coverage(first, batch, 0, coverage, err) &&
           batch_append(second, batch, rows, batch->count - rows, err) &&
           append_coverage(second, batch, coverage, batch->coverage_count, err);
}
