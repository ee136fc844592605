/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feed_join.h"

#include <assert.h>

#define TICK_MS 10000u

/* "Nearly full": three quarters. Joining more would copy much to gain little. */
#define IS_NEARLY(amount, most) ((amount) >= (most) / 4 * 3)

static const uint32_t PART_FLAGS[JOIN_PARTS] = { 0, BATCH_LATE, BATCH_FUTURE };

void join_init(struct join *join, const char *name) {
    *join = (struct join){
        .name = name,
        .inc = 1,
        .low_ms = INT64_MIN,
        .middle_ms = INT64_MIN,
        .end_max_ms = INT64_MIN,
    };
}

void join_set_format(struct join *join, const struct source_ops *ops,
                     const struct feed_options *options) {
    struct source_promise promise = parcel_promise(options, ops);
    join->ops = ops;
    join->reach_ms = promise.reach_ms;
    join->lateness_ms = promise.lateness_ms;
}

static bool is_open(const struct join *join) {
    return join->open[JOIN_NORMAL] != NULL || join->open[JOIN_LATE] != NULL ||
           join->open[JOIN_FUTURE] != NULL;
}

static size_t text_of(const struct batch *batch) {
    size_t text = 0;
    for (uint32_t i = 0; i < batch->node_count; i++) {
        const struct batch_node *node = &batch->nodes[i];
        text += node->name.size + node->identity.size + node->role.size + node->interface.size +
                node->own_count * sizeof *node->own;
    }
    for (uint32_t i = 0; i < batch->string_count; i++) {
        text += batch->strings[i].size;
    }
    return text;
}

static struct join_size size_of(const struct batch *batch) {
    return (struct join_size){
        .records = batch->count,
        .octets = batch->addresses.octets,
        .nodes = batch->node_count,
        .flow_logs = batch->flow_log_count,
        .strings = batch->string_count,
        .coverage = batch->coverage_count,
        .text = text_of(batch),
    };
}

/* Each term is far below half of its type's range: parcels and groups keep the batch's bounds. */
static struct join_size size_sum(struct join_size a, struct join_size b) {
    return (struct join_size){
        .records = a.records + b.records,
        .octets = a.octets + b.octets,
        .nodes = a.nodes + b.nodes,
        .flow_logs = a.flow_logs + b.flow_logs,
        .strings = a.strings + b.strings,
        .coverage = a.coverage + b.coverage,
        .text = a.text + b.text,
    };
}

static int64_t middle_of(const struct batch *batch) {
    return batch->count == 0 ? INT64_MIN : batch->end_ms[batch->count / 2];
}

bool join_fits(const struct join *join, const struct parcel *parcel) {
    if (!is_open(join)) {
        return true;
    }
    struct join_size sum = size_sum(join->size, size_of(&parcel->batch));
    int64_t middle = middle_of(&parcel->batch);
    bool is_near = middle == INT64_MIN || join->middle_ms == INT64_MIN ||
                   middle <= join->middle_ms + JOIN_SPAN_MS;
    return is_near && sum.records <= BATCH_RECORDS_MAX && sum.octets <= BATCH_ADDRESS_OCTETS_MAX &&
           sum.nodes <= BATCH_NODES_MAX && sum.flow_logs <= BATCH_FLOW_LOGS_MAX &&
           sum.strings <= BATCH_STRINGS_MAX && sum.coverage <= BATCH_COVERAGE_MAX &&
           sum.text <= JOIN_TEXT_MAX;
}

bool join_is_full(const struct join *join) {
    return IS_NEARLY(join->size.records, BATCH_RECORDS_MAX) ||
           IS_NEARLY(join->size.octets, BATCH_ADDRESS_OCTETS_MAX) ||
           IS_NEARLY(join->size.coverage, BATCH_COVERAGE_MAX) ||
           IS_NEARLY(join->size.text, JOIN_TEXT_MAX);
}

/* Copies some rows of `from` to a part of the group, which is made if need be. */
static bool add_rows(struct join *join, struct reader *reader, enum join_part part,
                     const struct batch *from, const uint16_t *rows, uint32_t count,
                     struct error *err) {
    if (count == 0) {
        return true;
    }
    return (join->open[part] != NULL || reader_new_parcel(reader, &join->open[part], err)) &&
           batch_append_rows(&join->open[part]->batch, from, rows, count, err);
}

/* Only the normal records of `parcel` are left. */
static bool add_normal(struct join *join, struct reader *reader, struct parcel *parcel,
                       struct error *err) {
    struct parcel *open = join->open[JOIN_NORMAL];
    if (open == NULL && (parcel->batch.count > 0 || parcel->batch.coverage_count > 0)) {
        join->open[JOIN_NORMAL] = parcel;
        return true;
    }
    bool ok =
        open == NULL || (batch_append(&open->batch, &parcel->batch, 0, parcel->batch.count, err) &&
                         batch_append_coverage(&open->batch, &parcel->batch, err));
    reader_give_back(reader, parcel);
    return ok;
}

bool join_add(struct join *join, struct reader *reader, struct parcel *parcel, int64_t stamp_ms,
              struct split *split, struct error *err) {
    struct batch *batch = &parcel->batch;
    assert(join->ops != NULL);
    struct split_rule rule = { join->ops->unit_ms, join->reach_ms, join->low_ms, stamp_ms };
    split_rows(split, batch, &parcel->extent, &rule);
    if (join->middle_ms == INT64_MIN) {
        join->middle_ms = middle_of(batch);
    }
    join->size = size_sum(join->size, size_of(batch));
    if (split->end_max_ms > join->end_max_ms) {
        join->end_max_ms = split->end_max_ms;
    }
    if (split->normal_count == batch->count) {
        return add_normal(join, reader, parcel, err);
    }
    if (!add_rows(join, reader, JOIN_LATE, batch, split->late, split->late_count, err) ||
        !add_rows(join, reader, JOIN_FUTURE, batch, split->future, split->future_count, err)) {
        reader_give_back(reader, parcel);
        return false;
    }
    batch_keep_rows(batch, split->normal, split->normal_count);
    return add_normal(join, reader, parcel, err);
}

/* The promise: what is on time ends at most `lateness` before the largest end, and counts from D
 * before its own end on. */
static void raise_low(struct join *join) {
    if (join->end_max_ms == INT64_MIN) {
        return;
    }
    int64_t low = join->end_max_ms + join->ops->unit_ms - join->lateness_ms - join->reach_ms;
    join->low_ms = low > join->low_ms ? low : join->low_ms;
}

bool join_close(struct join *join, struct reader *reader, bool is_end, struct error *err) {
    assert(join->closed[0] == NULL);
    if (is_end && !is_open(join) && !reader_new_parcel(reader, &join->open[JOIN_NORMAL], err)) {
        return false;
    }
    raise_low(join);
    size_t count = 0;
    for (size_t part = 0; part < JOIN_PARTS; part++) {
        struct parcel *parcel = join->open[part];
        join->open[part] = NULL;
        if (parcel == NULL) {
            continue;
        }
        struct batch *batch = &parcel->batch;
        bool is_empty = batch->count == 0 && batch->coverage_count == 0;
        batch->stamp.flags = PART_FLAGS[part] | (is_empty ? BATCH_EMPTY : 0);
        join->closed[count++] = parcel;
    }
    if (is_end) {
        join->closed[count - 1]->batch.stamp.flags |= BATCH_END;
        join->has_ended = true;
    }
    join->size = (struct join_size){ 0 };
    join->middle_ms = INT64_MIN;
    join->end_max_ms = INT64_MIN;
    return true;
}

struct parcel *join_give(struct join *join) {
    struct parcel *parcel = join->closed[0];
    if (parcel == NULL) {
        return NULL;
    }
    for (size_t i = 0; i + 1 < JOIN_PARTS; i++) {
        join->closed[i] = join->closed[i + 1];
    }
    join->closed[JOIN_PARTS - 1] = NULL;
    parcel->batch.stamp = (struct batch_stamp){
        .feed = bytes_text(join->name),
        .inc = join->inc,
        .partition = 0,
        .parts = 1,
        .num = ++join->num,
        .flags = parcel->batch.stamp.flags,
        .origin = join->ops->origin,
        .low_ms = join->low_ms,
        .reach_ms = join->reach_ms,
        .unit_ms = join->ops->unit_ms,
        .tick_ms = TICK_MS,
    };
    return parcel;
}

void join_done(struct join *join, struct reader *reader) {
    for (size_t i = 0; i < JOIN_PARTS; i++) {
        if (join->open[i] != NULL) {
            reader_give_back(reader, join->open[i]);
        }
        if (join->closed[i] != NULL) {
            reader_give_back(reader, join->closed[i]);
        }
        join->open[i] = NULL;
        join->closed[i] = NULL;
    }
}
