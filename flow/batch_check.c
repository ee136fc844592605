/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a batch is one: what is local to it leads to something in it. */
#include "flow/batch.h"

static bool check_tables(const struct batch *batch, struct error *err) {
    if (batch->count > BATCH_RECORDS_MAX) {
        return error_set(err, ERROR_FORMAT, "%u records", batch->count);
    }
    if (batch->addresses.count > DICTIONARY_CODES_MAX ||
        batch->addresses.octets > BATCH_ADDRESS_OCTETS_MAX) {
        return error_set(err, ERROR_FORMAT, "%u addresses of %u octets", batch->addresses.count,
                         batch->addresses.octets);
    }
    if (batch->coverage_count > BATCH_COVERAGE_MAX) {
        return error_set(err, ERROR_FORMAT, "%u coverage rows", batch->coverage_count);
    }
    for (uint32_t i = 0; i < batch->coverage_count; i++) {
        const struct batch_coverage *row = &batch->coverage[i];
        if (row->node >= batch->node_count || row->flow_log >= batch->flow_log_count ||
            row->kind < COVERAGE_OBSERVED || row->kind > COVERAGE_DROPPED ||
            row->end_ms < row->start_ms || row->start_ms < 0 || row->end_ms > BATCH_TIME_MAX_MS) {
            return error_set(err, ERROR_FORMAT, "coverage row %u is out of bounds", i);
        }
    }
    if (batch->labels != NULL) {
        for (uint32_t i = 0; i < batch->addresses.count; i++) {
            struct batch_label label = batch->labels[i];
            uint16_t most = label.pod > label.namespace_ ? label.pod : label.namespace_;
            most = most > label.workload ? most : label.workload;
            most = most > label.group ? most : label.group;
            if (most > 0 && most >= batch->string_count) {
                return error_set(err, ERROR_FORMAT, "label of address %u: string %u of %u", i, most,
                                 batch->string_count);
            }
        }
    }
    return true;
}

static bool check_row(const struct batch *batch, uint32_t i, struct error *err) {
    const char *column = NULL;
    if (batch->src[i] >= batch->addresses.count) {
        column = "src";
    } else if (batch->dst[i] >= batch->addresses.count) {
        column = "dst";
    } else if (batch->node[i] >= batch->node_count) {
        column = "node";
    } else if (batch->flow_log[i] >= batch->flow_log_count) {
        column = "flow_log";
    } else if (batch->direction[i] > DIRECTION_OUT) {
        column = "direction";
    } else if (batch->initiator[i] > INITIATOR_DST) {
        column = "initiator";
    } else if (batch->action[i] > ACTION_REJECT) {
        column = "action";
    } else if (batch->start_ms[i] > batch->end_ms[i]) {
        column = "start_ms";
    } else if (batch->start_ms[i] < 0 || batch->end_ms[i] > BATCH_TIME_MAX_MS) {
        column = "end_ms";
    }
    return column == NULL ||
           error_set(err, ERROR_FORMAT, "column %s, row %u: out of bounds", column, i);
}

bool batch_check(const struct batch *batch, struct error *err) {
    if (!check_tables(batch, err)) {
        return false;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!check_row(batch, i, err)) {
            return false;
        }
    }
    return true;
}
