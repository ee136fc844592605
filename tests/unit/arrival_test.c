/* SPDX-License-Identifier: Apache-2.0 */
/* The tight loops at each width against the plain path, on rows that are rare in every way; and the
 * shares by doubles against flow/spread.h, which the plain path uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "detect/arrival.h"
#include "detect/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define START_MS INT64_C(1730000000000)

static uint64_t random_state;

static uint64_t random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint32_t below(uint32_t count) {
    return (uint32_t)((random_bits() >> 32) * count >> 32);
}

struct world {
    struct point_set points;
    struct window_set windows;
    struct arrival *arrival;
    struct arrival_counts counts;
    struct arrival_target target;
};

static struct error err;

static void begin_world(struct world *world, int64_t window_ms, int64_t first_open) {
    *world = (struct world){ 0 };
    assert_true(point_set_init(&world->points, &err));
    assert_true(window_set_init(&world->windows, 1 << 20, window_ms, &err));
    world->arrival = arrival_new(&err);
    assert_non_null(world->arrival);
    world->target = (struct arrival_target){ .points = &world->points,
                                             .windows = &world->windows,
                                             .window_ms = window_ms,
                                             .first_open = first_open,
                                             .memory_bytes_max = UINT64_C(256) << 20 };
}

static void end_world(struct world *world) {
    arrival_free(world->arrival);
    window_set_done(&world->windows);
    point_set_done(&world->points);
}

static struct address random_address(void) {
    if (below(20) == 0) {
        return (struct address){ .high = UINT64_C(0x20010db800000000), .low = below(9) };
    }
    return address_from_ipv4(UINT32_C(0x0a000000) + below(300));
}

static void random_batch(struct batch *batch, uint32_t count, int64_t spread_ms, uint32_t unit_ms,
                         int64_t reach_ms) {
    batch_reset(batch);
    batch->stamp = (struct batch_stamp){ .unit_ms = unit_ms, .reach_ms = reach_ms };
    uint16_t node;
    uint8_t flow_log;
    for (uint32_t n = 0; n < 20; n++) {
        char name[8];
        (void)snprintf(name, sizeof name, "n%u", n);
        struct batch_node row = { .name = bytes_text(name), .identity = bytes_text(name) };
        assert_true(batch_add_node(batch, &row, &node, &err));
    }
    assert_true(batch_add_flow_log(batch, bytes_text("a"), &flow_log, &err));
    assert_true(batch_add_flow_log(batch, bytes_text("b"), &flow_log, &err));
    for (uint32_t i = 0; i < count; i++) {
        int64_t end_ms = START_MS + (int64_t)(random_bits() % (uint64_t)spread_ms);
        batch->start_ms[i] = end_ms - (int64_t)(below(9) == 0 ? below(700000) : below(60000));
        batch->end_ms[i] = end_ms;
        batch->bytes[i] = random_bits() >> below(64); /* both sides of every bound */
        batch->packets[i] = random_bits() >> below(64);
        if (below(2) == 0) { /* and mostly what is common */
            batch->bytes[i] &= INT32_MAX;
            batch->packets[i] &= STRAND_SHORT_PACKETS - 1;
        }
        batch->src[i] = dictionary_code(&batch->addresses, random_address());
        batch->dst[i] = dictionary_code(&batch->addresses, random_address());
        batch->src_port[i] = (uint16_t)random_bits();
        batch->dst_port[i] = (uint16_t)random_bits();
        batch->node[i] = (uint16_t)below(20);
        batch->quality[i] = (uint16_t)random_bits();
        batch->protocol[i] = (uint8_t)random_bits();
        batch->tcp_flags[i] = (uint8_t)random_bits();
        batch->direction[i] = below(30) == 0 ? DIRECTION_UNKNOWN : (uint8_t)(1 + below(2));
        batch->initiator[i] = INITIATOR_UNKNOWN;
        batch->action[i] = (uint8_t)below(3);
        batch->flow_log[i] = (uint8_t)below(2);
    }
    batch->count = count;
    assert_true(batch_check(batch, &err));
}

static bool print_strand(void *context, const struct strand *strand, struct error *error) {
    (void)error;
    struct buffer *out = context;
    buffer_u64(out, strand->local.low);
    buffer_u64(out, strand->peer.high ^ strand->peer.low);
    buffer_u64(out, strand->bytes);
    buffer_u64(out, strand->packets);
    buffer_u64(out, strand->flows);
    buffer_u32(out, strand->point);
    buffer_u32(out, strand->first);
    buffer_u32(out, strand->last);
    buffer_u32(out, strand->local_port | (uint32_t)strand->peer_port << 16);
    buffer_u32(out, (uint32_t)(strand->protocol | strand->direction << 8 | strand->tcp_flags << 16 |
                               strand->is_rejected << 24));
    return true;
}

/* All that a world holds, in the order of window numbers; ids of points are equal in both. */
static void print_world(struct world *world, struct buffer *out) {
    struct window **windows;
    uint32_t count;
    uint64_t dropped = 0;
    assert_true(room_settle(&world->windows, &world->points, &dropped, &err));
    assert_true(dropped == 0);
    assert_true(window_set_take(&world->windows, INT64_MAX, &windows, &count, &err));
    for (uint32_t w = 0; w < count; w++) {
        buffer_u64(out, (uint64_t)windows[w]->number);
        for (uint32_t point = 0; point < world->points.point_count; point++) {
            uint32_t index = cell_table_find(&windows[w]->cells, point);
            if (index != CELL_NONE) {
                buffer_put(out, &windows[w]->cells.cells[index], sizeof(struct cell));
                buffer_u8(out, windows[w]->cells.marks[index]);
            }
        }
        struct conversation_fold fold = { .log = &windows[w]->conversations,
                                          .points = &world->points,
                                          .visit = print_strand,
                                          .context = out };
        assert_true(conversation_fold(&fold, &err));
        free(fold.cuts);
        window_free(windows[w], &world->windows.pool);
    }
    free(windows);
    buffer_u64(out, world->counts.late);
    buffer_u64(out, world->counts.direction_unknown);
}

enum path { PATH_PLAIN, PATH_LEAST_WIDTH, PATH_WIDEST, PATH_COUNT };

/* All that comes of adding the batch twice: windows, cells and logs are new once and known once. */
static void run_path(struct buffer *out, enum path path, struct batch *batch, int64_t window_ms,
                     int64_t first_open) {
    if (path == PATH_LEAST_WIDTH) {
        assert_int_equal(setenv("WEIR_SIMD", "scalar", 1), 0);
    } else {
        assert_int_equal(unsetenv("WEIR_SIMD"), 0);
    }
    struct world world;
    begin_world(&world, window_ms, first_open);
    for (int round = 0; round < 2; round++) {
        bool ok =
            path == PATH_PLAIN
                ? arrival_add_plainly(world.arrival, &world.target, batch, &world.counts, &err)
                : arrival_add(world.arrival, &world.target, batch, &world.counts, &err);
        assert_true(ok);
    }
    buffer_init(out, (size_t)1 << 28);
    print_world(&world, out);
    end_world(&world);
}

static void compare_paths(struct batch *batch, int64_t window_ms, int64_t first_open) {
    struct buffer outputs[PATH_COUNT];
    for (enum path path = 0; path < PATH_COUNT; path++) {
        run_path(&outputs[path], path, batch, window_ms, first_open);
        assert_int_equal(outputs[0].size, outputs[path].size);
        assert_memory_equal(outputs[0].data, outputs[path].data, outputs[0].size);
    }
    for (enum path path = 0; path < PATH_COUNT; path++) {
        buffer_done(&outputs[path]);
    }
}

static void tight_loops_give_what_the_plain_path_gives(void **state) {
    (void)state;
    static const struct {
        uint32_t count;
        int64_t spread_ms;
        uint32_t unit_ms;
        int64_t reach_ms;
        int64_t window_ms;
        int64_t closed_ms; /* of the time that the rows span */
    } cases[] = {
        { 0, 1, 1000, 60000, 60000, 0 },
        { 1, 1, 1000, 60000, 60000, 0 },
        { 7, 100000, 1000, 60000, 60000, 0 },
        { 367, 100000, 1000, 60000, 60000, 0 }, /* around the length of a block */
        { 368, 100000, 1000, 60000, 60000, 0 },
        { 369, 100000, 1000, 60000, 60000, 0 },
        { 1000, 1, 1, 1, 60000, 0 },
        { BATCH_RECORDS_MAX, 300000, 1000, 600000, 60000, 0 },
        { 5000, 3600000, 1000, 600000, 60000, 1800000 },
        { 5000, 300000, 1, 300000, 10000, 0 },
        { 5000, 36000000, 1000, 600000, 3600000, 0 },
        { 5000, INT64_C(400000000000), 1000, 600000, 60000, 0 },       /* more windows than lanes */
        { 5000, 62000000, 1000, 600000, 60000, 0 },                    /* about as many */
        { 3000, 30000000, 1, 2097152, 3600000, 0 },                    /* the last exact reach */
        { 3000, 30000000, 1, 7000000, 3600000, 0 },                    /* shares beyond doubles */
        { 3000, INT64_C(5000000000), 1, 700000, INT64_C(1) << 25, 0 }, /* the longest window */
    };
    random_state = 99;
    static struct batch batch;
    assert_true(batch_init(&batch, &err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        random_batch(&batch, cases[i].count, cases[i].spread_ms, cases[i].unit_ms,
                     cases[i].reach_ms);
        print_message("case %zu\n", i);
        compare_paths(
            &batch, cases[i].window_ms,
            cases[i].closed_ms == 0 ? 0 : (START_MS + cases[i].closed_ms) / cases[i].window_ms);
    }
    batch_done(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tight_loops_give_what_the_plain_path_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
