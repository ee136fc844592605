/* SPDX-License-Identifier: Apache-2.0 */
/* Collected rows lie in one array. With a limit it holds at most twice the limit: when it is full
 * it is sorted and its worse half dropped, so keeping the best n of N costs O(N log n). */
#include "query/rows.h"

#include "flow/frame.h"
#include "query/texts.h"

#include <stdlib.h>

struct rows {
    const struct query *query;
    const struct query_sink *sink;
    struct query_stats *stats;
    struct query_row *rows;
    size_t count;
    size_t capacity;
    struct texts texts;
    uint64_t given;
};

static int by_number(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

/* Any total order that does not depend on how the rows came. */
static int compare_rest(const struct query_row *a, const struct query_row *b) {
    int order = by_number((uint64_t)a->end_ms, (uint64_t)b->end_ms);
    order = order != 0 ? order : by_number((uint64_t)a->start_ms, (uint64_t)b->start_ms);
    order = order != 0 ? order : bytes_compare(a->node, b->node);
    order = order != 0 ? order : address_compare(a->src, b->src);
    order = order != 0 ? order : address_compare(a->dst, b->dst);
    order = order != 0 ? order : by_number(a->src_port, b->src_port);
    order = order != 0 ? order : by_number(a->dst_port, b->dst_port);
    order = order != 0 ? order : by_number(a->protocol, b->protocol);
    order = order != 0 ? order : by_number(a->bytes, b->bytes);
    order = order != 0 ? order : by_number(a->packets, b->packets);
    order = order != 0 ? order : by_number(a->tcp_flags, b->tcp_flags);
    order = order != 0 ? order : by_number(a->action, b->action);
    order = order != 0 ? order : by_number(a->direction, b->direction);
    order = order != 0 ? order : by_number(a->initiator, b->initiator);
    order = order != 0 ? order : by_number(a->quality, b->quality);
    return order != 0 ? order : bytes_compare(a->flow_log, b->flow_log);
}

static int compare_rows(const void *left, const void *right, void *context) {
    const struct query *query = context;
    const struct query_row *a = left;
    const struct query_row *b = right;
    int order = 0;
    if (query->sort == QUERY_SORT_BYTES) {
        order = by_number(b->bytes, a->bytes);
    } else if (query->sort == QUERY_SORT_PACKETS) {
        order = by_number(b->packets, a->packets);
    } else if (query->sort == QUERY_SORT_TIME) {
        order = by_number((uint64_t)a->end_ms, (uint64_t)b->end_ms);
    }
    order = query->is_reversed ? -order : order;
    return order != 0 ? order : compare_rest(a, b);
}

static void sort_rows(struct rows *rows) {
    if (rows->count > 1) {
        qsort_r(rows->rows, rows->count, sizeof *rows->rows, compare_rows,
                (void *)(uintptr_t)rows->query);
    }
}

static bool make_room(struct rows *rows, struct error *err) {
    if (rows->count < rows->capacity) {
        return true;
    }
    uint64_t limit = rows->query->limit;
    if (limit > 0 && rows->capacity / 2 >= limit) {
        sort_rows(rows);
        rows->stats->cut += rows->count - limit;
        rows->count = (size_t)limit;
        return true;
    }
    size_t capacity = rows->capacity == 0 ? 1024 : 2 * rows->capacity;
    if (capacity * sizeof *rows->rows > rows->query->memory_bytes_max) {
        return error_set(err, ERROR_LIMIT,
                         "more than %zu rows do not fit into %llu bytes: narrow the question, give "
                         "--top N, or --sort none to have them as they are stored",
                         rows->count, (unsigned long long)rows->query->memory_bytes_max);
    }
    struct query_row *moved = reallocarray(rows->rows, capacity, sizeof *rows->rows);
    if (moved == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for %zu rows", capacity);
    }
    rows->rows = moved;
    rows->capacity = capacity;
    return true;
}

static struct query_row row_of(const struct batch *batch, uint32_t i) {
    return (struct query_row){
        .start_ms = batch->start_ms[i],
        .end_ms = batch->end_ms[i],
        .bytes = batch->bytes[i],
        .packets = batch->packets[i],
        .src = batch->addresses.values[batch->src[i]],
        .dst = batch->addresses.values[batch->dst[i]],
        .node = batch->nodes[batch->node[i]].name,
        .flow_log = batch->flow_logs[batch->flow_log[i]],
        .src_port = batch->src_port[i],
        .dst_port = batch->dst_port[i],
        .quality = batch->quality[i],
        .protocol = batch->protocol[i],
        .tcp_flags = batch->tcp_flags[i],
        .direction = batch->direction[i],
        .initiator = batch->initiator[i],
        .action = batch->action[i],
    };
}

/* Gives a row at once, within the limit. */
static bool give(struct rows *rows, const struct query_row *row, struct error *err) {
    if (rows->query->limit > 0 && rows->given == rows->query->limit) {
        rows->stats->cut++;
        return true;
    }
    rows->given++;
    return rows->sink->row(rows->sink->context, row, err);
}

static bool keep(struct rows *rows, struct query_row row, struct error *err) {
    uint32_t node;
    uint32_t flow_log;
    if (!make_room(rows, err) || !texts_add(&rows->texts, row.node, &node, err) ||
        !texts_add(&rows->texts, row.flow_log, &flow_log, err)) {
        return false;
    }
    row.node = rows->texts.values[node];
    row.flow_log = rows->texts.values[flow_log];
    rows->rows[rows->count++] = row;
    return true;
}

static bool take_batch(void *context, const struct batch *batch, const uint64_t *bits,
                       uint32_t count, struct error *err) {
    struct rows *rows = context;
    bool is_given_at_once = rows->query->sort == QUERY_SORT_NONE;
    for (uint32_t word = 0; count > 0; word++) {
        for (uint64_t left = bits[word]; left != 0; left &= left - 1, count--) {
            struct query_row row = row_of(batch, word * 64 + (uint32_t)__builtin_ctzll(left));
            if (is_given_at_once ? !give(rows, &row, err) : !keep(rows, row, err)) {
                return false;
            }
        }
    }
    return true;
}

bool rows_run(const char *directory, const struct query *query, const struct query_sink *sink,
              struct query_stats *stats, struct error *err) {
    struct rows rows = { .query = query, .sink = sink, .stats = stats };
    struct scan_sink scan_sink = { .context = &rows, .batch = take_batch };
    bool ok = texts_init(&rows.texts, (size_t)query->memory_bytes_max, err) &&
              scan_run(directory, query, FRAME_ALL, &scan_sink, stats, err);
    if (ok) {
        sort_rows(&rows);
        for (size_t i = 0; i < rows.count && ok; i++) {
            ok = give(&rows, &rows.rows[i], err);
        }
    }
    free(rows.rows);
    texts_done(&rows.texts);
    return ok;
}
