/* SPDX-License-Identifier: Apache-2.0 */
/* What does it cost a record to make features of a closed window: to settle its long entries, fold
 * its strands, join them with the conversations of earlier windows and measure its nodes? Data:
 * random lines (2,000 a second of event time, nearly each a conversation of its own) and the lines
 * of a fleet, through the parser and arrival. The peer is what must be done in any case: parser and
 * arrival themselves, on the same lines.
 *
 * Prints ns of the thread's processor time a record, over all windows but the first WARM.
 * What the fold alone costs is measured by a fold more, and what the features do by the same
 * without them: a clock that is asked twice a node would cost as much as a small node. */
#include "detect/arrival.h"
#include "detect/feature_measure.h"
#include "detect/settle.h"
#include "detect/strand_items.h"
#include "flow/spread.h"
#include "ingest/aws.h"
#include "tests/gen/gen_random.h"
#include "tests/gen/gen_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MS INT64_C(60000)
#define OPEN_MS INT64_C(1200000) /* reach and lateness of AWS */
#define WARM 5u
#define RANDOM_LINES 4000000u
#define FLEET_NODES 400u
#define FLEET_SECONDS (4u * 3600)
#define NODES_MAX (1u << 16)

static struct error err;

static void require(bool is_true, const char *what) {
    if (!is_true) {
        (void)fprintf(stderr, "exchange_bench: %s\n", what);
        exit(1);
    }
}

static double now_ns(void) {
    struct timespec now;
    require(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "no clock");
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

enum part { PART_ARRIVE, PART_SETTLE, PART_JOIN, PART_FEATURES, PART_FOLD, PART_COUNT };
static const char *const part_names[] = {
    "parse and arrive", "settle", "fold and join", "features", "fold alone",
};

struct bench {
    struct point_set points;
    struct window_set windows;
    struct arrival *arrival;
    struct roster roster;
    struct exchange exchange;
    struct peer_grouping grouping;
    struct fleet fleet;
    struct features features;
    struct strand_items items;
    uint32_t *ranks;       /* [point_count] */
    uint32_t *nodes;       /* [point_count], by point: roster index */
    uint32_t ranked_count; /* points that have a rank */
    uint32_t node;         /* whose strands are taken */
    const struct exchange_window *window;
    double sum; /* of all features: that nothing is left out */
    uint64_t closed_count;
    uint64_t rows;
    uint64_t strands;
    uint64_t records;
    double ns[PART_COUNT];
    bool is_measuring;
};

static void bench_init(struct bench *bench) {
    struct exchange_settings settings = { 1u << 22, EXCHANGE_REPLY_MS };
    bench->arrival = arrival_new(&err);
    require(bench->arrival != NULL && point_set_init(&bench->points, &err) &&
                window_set_init(&bench->windows, UINT64_C(1) << 40, WINDOW_MS, &err) &&
                exchange_init(&bench->exchange, &settings, &err) &&
                fleet_init(&bench->fleet, 1u << 16, &err) &&
                peer_grouping_init(&bench->grouping, NULL, peer_prefixes, peer_prefix_count, &err),
            err.message);
    roster_init(&bench->roster, NODES_MAX);
    features_init(&bench->features, &bench->grouping, &bench->fleet, INT64_C(86400000));
    bench->node = ROSTER_NONE;
}

static void bench_done(struct bench *bench) {
    features_done(&bench->features);
    strand_items_done(&bench->items);
    exchange_done(&bench->exchange);
    fleet_done(&bench->fleet);
    peer_grouping_done(&bench->grouping);
    roster_done(&bench->roster);
    window_set_done(&bench->windows);
    point_set_done(&bench->points);
    arrival_free(bench->arrival);
    free(bench->ranks);
    free(bench->nodes);
}

static int compare_points(const void *a, const void *b, void *points) {
    const struct point *all = points;
    return point_compare(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

/* The points in the order of nodes, as closing has them; it sorts those of a window. */
static void rank_points(struct bench *bench) {
    uint32_t count = bench->points.point_count;
    if (count == bench->ranked_count) {
        return;
    }
    uint32_t *order = malloc(count * sizeof *order);
    bench->ranks = realloc(bench->ranks, count * sizeof *bench->ranks);
    bench->nodes = realloc(bench->nodes, count * sizeof *bench->nodes);
    require(order != NULL && bench->ranks != NULL && bench->nodes != NULL, "no memory");
    for (uint32_t i = 0; i < count; i++) {
        const struct point *point = &bench->points.points[i];
        order[i] = i;
        bench->nodes[i] = roster_find(&bench->roster, point->name, point->identity);
        if (bench->nodes[i] == ROSTER_NONE) {
            require(
                roster_add(&bench->roster, point->name, point->identity, &bench->nodes[i], &err),
                err.message);
        }
    }
    qsort_r(order, count, sizeof *order, compare_points, bench->points.points);
    for (uint32_t i = 0; i < count; i++) {
        bench->ranks[order[i]] = i;
    }
    free(order);
    bench->ranked_count = count;
    roster_sort(&bench->roster);
}

static bool end_node(struct bench *bench) {
    struct exchange_row *rows;
    uint32_t count;
    if (bench->node == ROSTER_NONE) {
        return true;
    }
    if (!exchange_node(&bench->exchange, bench->node, &rows, &count, &err)) {
        return false;
    }
    bench->rows += count;
    if (!bench->is_measuring) {
        return true;
    }
    struct feature_view view = { .node = bench->node,
                                 .name_hash = bench->node,
                                 .quality = METRIC_OBSERVED,
                                 .start_ms = bench->window->start_ms,
                                 .end_ms = bench->window->end_ms };
    struct feature_values values;
    if (!features_measure(&bench->features, &view, &bench->exchange, rows, count, &values, &err)) {
        return false;
    }
    for (uint32_t f = 0; f < FEATURE_COUNT; f++) {
        bench->sum += values.values[f];
    }
    return true;
}

static bool take_items(void *context, const struct strand_items *items, uint32_t first,
                       uint32_t end, struct error *error) {
    struct bench *bench = context;
    uint32_t node = bench->nodes[strand_items_point(items, first)];
    if (node != bench->node) {
        if (!end_node(bench)) {
            return false;
        }
        bench->node = node;
    }
    return exchange_take_items(&bench->exchange, items, first, end, error);
}

static bool count_strand(void *context, const struct strand *strand, struct error *error) {
    (void)error;
    *(uint64_t *)context += strand->flows;
    return true;
}

static void fold(struct bench *bench, const struct window *window, strand_visit visit,
                 void *context) {
    struct conversation_fold fold = { .log = &window->conversations,
                                      .points = &bench->points,
                                      .ranks = bench->ranks,
                                      .visit = visit,
                                      .visit_items = take_items,
                                      .context = context,
                                      .items = &bench->items };
    require(conversation_fold(&fold, &err), err.message);
    free(fold.cuts);
}

static void close_window(struct bench *bench, struct window *window, struct settle_due later) {
    struct exchange_window span = { window->number * WINDOW_MS, (window->number + 1) * WINDOW_MS,
                                    strand_time_shift(WINDOW_MS) };
    rank_points(bench);
    double begin = now_ns();
    require(settle_window(&bench->windows, window, later, &err), err.message);
    double settled = now_ns();
    uint64_t records = 0;
    fold(bench, window, count_strand, &records);
    double folded = now_ns();
    uint64_t strands = conversation_log_strands(&window->conversations);
    bench->window = &span;
    fleet_enter(&bench->fleet, span.start_ms / 3600000);
    exchange_begin(&bench->exchange, &span);
    fold(bench, window, NULL, bench);
    require(end_node(bench) && exchange_end(&bench->exchange, &bench->roster, &err), err.message);
    bench->node = ROSTER_NONE;
    double end = now_ns();
    if (bench->closed_count++ < WARM) {
        bench->rows = 0;
        return;
    }
    bench->records += records;
    bench->strands += strands;
    bench->ns[PART_SETTLE] += settled - begin;
    bench->ns[PART_FOLD] += folded - settled;
    bench->ns[PART_JOIN] += end - folded;
}

static void close_due(struct bench *bench, int64_t end) {
    struct window **due;
    uint32_t count;
    require(window_set_take(&bench->windows, end, &due, &count, &err), err.message);
    for (uint32_t i = 0; i < count; i++) {
        close_window(bench, due[i], (struct settle_due){ due + i + 1, count - i - 1 });
        window_free(due[i], &bench->windows.pool);
    }
    free(due);
}

/* Returns the lines' records. */
static uint64_t run(struct bench *bench, struct bytes text) {
    struct input *input;
    struct source *source = NULL;
    struct source_options options = { .aws_format = NULL };
    static struct source_result result;
    struct batch batch;
    struct arrival_counts counts = { 0 };
    int64_t end_max = 0;
    int64_t first_open = 0;
    uint64_t records = 0;
    require(batch_init(&batch, &err) && input_open_bytes(&input, text, &err) &&
                aws_source.open(&source, input, bytes_text("fl"), &options, &err),
            err.message);
    do {
        double begin = now_ns();
        require(aws_source.next(source, &batch, &result, &err), err.message);
        batch.stamp =
            (struct batch_stamp){ .unit_ms = aws_source.unit_ms, .reach_ms = aws_source.reach_ms };
        struct arrival_target target = { &bench->points, &bench->windows, WINDOW_MS, first_open,
                                         UINT64_C(1) << 30 };
        require(arrival_add(bench->arrival, &target, &batch, &counts, &err), err.message);
        bench->ns[PART_ARRIVE] += now_ns() - begin;
        records += batch.count;
        for (uint32_t i = 0; i < batch.count; i++) {
            end_max = batch.end_ms[i] > end_max ? batch.end_ms[i] : end_max;
        }
        int64_t open = spread_window(end_max - OPEN_MS, WINDOW_MS);
        first_open = open > first_open ? open : first_open;
        close_due(bench, first_open);
    } while (!result.is_end);
    close_due(bench, INT64_MAX);
    aws_source.close(source);
    batch_done(&batch);
    return records;
}

static void measure(const char *name, struct bytes text) {
    static struct bench bench;
    bench = (struct bench){ 0 };
    bench_init(&bench);
    (void)run(&bench, text);
    double join_ns = bench.ns[PART_JOIN];
    bench_done(&bench);
    bench = (struct bench){ .is_measuring = true };
    bench_init(&bench);
    uint64_t lines = run(&bench, text);
    bench.ns[PART_FEATURES] = bench.ns[PART_JOIN] - join_ns;
    bench.ns[PART_JOIN] = join_ns;
    double records = (double)bench.records;
    printf("%s: %llu records; of the windows measured %llu, strands %.2f, rows %.2f a record\n",
           name, (unsigned long long)lines, (unsigned long long)bench.records,
           (double)bench.strands / records, (double)bench.rows / records);
    bench.ns[PART_ARRIVE] *= records / (double)lines;
    for (int p = 0; p < PART_COUNT; p++) {
        printf("  %-18s %6.1f ns a record\n", part_names[p], bench.ns[p] / records);
    }
    double stage = bench.ns[PART_SETTLE] + bench.ns[PART_JOIN] + bench.ns[PART_FEATURES];
    printf("  %-18s %6.1f ns a record, %.2f of parsing and arrival\n", "the stage", stage / records,
           stage / bench.ns[PART_ARRIVE]);
    printf("  conversations: %.1f MiB; a node: %zu bytes of ports; sum %.17g\n",
           (double)exchange_memory_bytes(&bench.exchange) / (1 << 20), sizeof(struct port_use),
           bench.sum);
    bench_done(&bench);
}

static struct bytes text_of(int descriptor) {
    off_t end = lseek(descriptor, 0, SEEK_END);
    require(descriptor >= 0 && end > 0, "cannot read lines");
    uint8_t *text = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, descriptor, 0);
    require(text != MAP_FAILED, "cannot read lines");
    return bytes_of(text, (size_t)end);
}

static int make_fleet(void) {
    int descriptor = memfd_create("fleet", 0);
    struct gen_run_options options = { .seed = 1,
                                       .node_count = FLEET_NODES,
                                       .account_count = 2,
                                       .start_s = 1772409600,
                                       .duration_s = FLEET_SECONDS,
                                       .is_stream = true,
                                       .descriptor = descriptor,
                                       .fields = "v2",
                                       .attacks = "none",
                                       .backups = "none",
                                       .plan = { .churn_a_day = 3 } };
    struct gen_run_counts counts = { 0 };
    require(descriptor >= 0 && gen_run(&options, &counts, &err), err.message);
    return descriptor;
}

static int make_random(void) {
    int descriptor = memfd_create("random", 0);
    require(descriptor >= 0 && gen_random_write(descriptor, RANDOM_LINES, 1, &err),
            "cannot make lines");
    return descriptor;
}

/* With the name of a file of lines, those. */
int main(int argc, char **argv) {
    if (argc > 1) {
        measure(argv[1], text_of(open(argv[1], O_RDONLY | O_CLOEXEC)));
        return 0;
    }
    measure("random lines", text_of(make_random()));
    measure("a fleet's lines", text_of(make_fleet()));
    return 0;
}
