/* SPDX-License-Identifier: Apache-2.0 */
/* Appending maps codes and ids through small tables, filled in on first use, so that its cost is a
 * lookup a distinct address and an indexed load a record. */
#include "flow/batch.h"
#include "flow/batch_columns.h"

#include <assert.h>
#include <stdlib.h>

#define UNMAPPED UINT32_MAX

/* From codes and ids of one batch to those of another. */
struct mapping {
    struct batch *to;
    const struct batch *from;
    uint32_t *codes; /* [from->addresses.count], UNMAPPED until used */
    uint32_t *nodes;
    uint32_t flow_logs[BATCH_FLOW_LOGS_MAX];
};

static bool mapping_init(struct mapping *mapping, struct batch *to, const struct batch *from,
                         struct error *err) {
    *mapping = (struct mapping){ .to = to, .from = from };
    size_t codes_size = from->addresses.count * sizeof *mapping->codes;
    size_t nodes_size = from->node_count * sizeof *mapping->nodes;
    mapping->codes = malloc(codes_size + nodes_size + 1);
    if (mapping->codes == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory to join batches");
    }
    mapping->nodes = mapping->codes + from->addresses.count;
    memset(mapping->codes, 0xff, codes_size + nodes_size);
    memset(mapping->flow_logs, 0xff, sizeof mapping->flow_logs);
    return true;
}

static bool map_node(struct mapping *mapping, uint32_t id, uint16_t *out, struct error *err) {
    if (mapping->nodes[id] == UNMAPPED) {
        uint16_t mapped;
        if (!batch_add_node(mapping->to, &mapping->from->nodes[id], &mapped, err)) {
            return false;
        }
        mapping->nodes[id] = mapped;
    }
    *out = (uint16_t)mapping->nodes[id];
    return true;
}

static bool map_flow_log(struct mapping *mapping, uint32_t id, uint8_t *out, struct error *err) {
    if (mapping->flow_logs[id] == UNMAPPED) {
        uint8_t mapped;
        if (!batch_add_flow_log(mapping->to, mapping->from->flow_logs[id], &mapped, err)) {
            return false;
        }
        mapping->flow_logs[id] = mapped;
    }
    *out = (uint8_t)mapping->flow_logs[id];
    return true;
}

static bool map_label(struct mapping *mapping, uint32_t from_code, uint16_t code,
                      struct error *err) {
    const struct batch *from = mapping->from;
    struct batch_label label = from->labels[from_code];
    if ((label.pod | label.namespace_ | label.workload | label.group) == 0) {
        return true; /* nothing is known here; what `to` knows stays */
    }
    uint16_t *ids[] = { &label.pod, &label.namespace_, &label.workload, &label.group };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (*ids[i] != 0 && !batch_add_string(mapping->to, from->strings[*ids[i]], ids[i], err)) {
            return false;
        }
    }
    return batch_set_label(mapping->to, code, label, err);
}

static bool map_code(struct mapping *mapping, uint32_t from_code, uint16_t *out,
                     struct error *err) {
    if (mapping->codes[from_code] == UNMAPPED) {
        uint16_t code =
            dictionary_code(&mapping->to->addresses, mapping->from->addresses.values[from_code]);
        if (mapping->from->labels != NULL && !map_label(mapping, from_code, code, err)) {
            return false;
        }
        mapping->codes[from_code] = code;
    }
    *out = (uint16_t)mapping->codes[from_code];
    return true;
}

/* `rows` NULL: the records from `first` on. */
static bool append(struct batch *batch, const struct batch *from, uint32_t first,
                   const uint16_t *rows, uint32_t count, struct error *err) {
    assert(count <= BATCH_RECORDS_MAX - batch->count);
    struct mapping mapping;
    if (!mapping_init(&mapping, batch, from, err)) {
        return false;
    }
    uint32_t base = batch->count;
    bool ok = true;
    for (uint32_t i = 0; i < count && ok; i++) {
        uint32_t row = rows == NULL ? first + i : rows[i];
        uint32_t at = base + i;
        ok = map_code(&mapping, from->src[row], &batch->src[at], err) &&
             map_code(&mapping, from->dst[row], &batch->dst[at], err) &&
             map_node(&mapping, from->node[row], &batch->node[at], err) &&
             map_flow_log(&mapping, from->flow_log[row], &batch->flow_log[at], err);
    }
    free(mapping.codes);
    if (!ok) {
        return false;
    }
#define COPY(column)                                                                               \
    for (uint32_t i = 0; i < count; i++) {                                                         \
        batch->column[base + i] = from->column[rows == NULL ? first + i : rows[i]];                \
    }
    COPY(start_ms)
    COPY(end_ms)
    COPY(bytes)
    COPY(packets)
    COPY(src_port)
    COPY(dst_port)
    COPY(quality)
    COPY(protocol)
    COPY(tcp_flags)
    COPY(direction)
    COPY(initiator)
    COPY(action)
#undef COPY
    batch->count = base + count;
    return true;
}

bool batch_append(struct batch *batch, const struct batch *from, uint32_t first, uint32_t count,
                  struct error *err) {
    assert(first <= from->count && count <= from->count - first);
    return append(batch, from, first, NULL, count, err);
}

bool batch_append_rows(struct batch *batch, const struct batch *from, const uint16_t *rows,
                       uint32_t count, struct error *err) {
    assert(count == 0 || rows[count - 1] < from->count);
    return append(batch, from, 0, rows, count, err);
}

bool batch_append_coverage(struct batch *batch, const struct batch *from, struct error *err) {
    if (from->coverage_count == 0) {
        return true;
    }
    struct mapping mapping;
    if (!mapping_init(&mapping, batch, from, err)) {
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < from->coverage_count && ok; i++) {
        struct batch_coverage row = from->coverage[i];
        ok = map_node(&mapping, row.node, &row.node, err) &&
             map_flow_log(&mapping, row.flow_log, &row.flow_log, err);
        if (ok && !batch_add_coverage(batch, &row)) {
            ok = error_set(err, ERROR_LIMIT, "a batch has at most %u coverage rows",
                           BATCH_COVERAGE_MAX);
        }
    }
    free(mapping.codes);
    return ok;
}

void batch_keep_rows(struct batch *batch, const uint16_t *rows, uint32_t count) {
    assert(count == 0 || rows[count - 1] < batch->count);
#define KEEP(column)                                                                               \
    for (uint32_t i = 0; i < count; i++) {                                                         \
        batch->column[i] = batch->column[rows[i]];                                                 \
    }
    BATCH_COLUMNS(KEEP)
#undef KEEP
    batch->count = count;
}
