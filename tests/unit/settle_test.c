/* SPDX-License-Identifier: Apache-2.0 */
/* One record over three windows, by hand: bytes 10, packets 5, from 30 s before a border to 90 s
 * behind it, that is over 120 s. What has passed by the first border is 10 * 30 / 120 = 2 bytes and
 * 5 * 30 / 120 = 1 packet, by the second one 10 * 90 / 120 = 7 and 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "detect/arrival.h"
#include "detect/settle.h"

#include <stdlib.h>

#define WINDOW_MS INT64_C(60000)
#define BORDER 100 /* the number of the second window */

static struct error err;

struct world {
    struct point_set points;
    struct window_set windows;
    struct arrival *arrival;
    struct batch batch;
};

static void begin_world(struct world *world) {
    *world = (struct world){ 0 };
    assert_true(point_set_init(&world->points, &err));
    assert_true(window_set_init(&world->windows, 1000, WINDOW_MS, &err));
    world->arrival = arrival_new(&err);
    assert_non_null(world->arrival);
    assert_true(batch_init(&world->batch, &err));
}

static void end_world(struct world *world) {
    arrival_free(world->arrival);
    batch_done(&world->batch);
    window_set_done(&world->windows);
    point_set_done(&world->points);
}

/* Adds the record; windows below `first_open` are closed. */
static void add_record(struct world *world, int64_t first_open) {
    struct batch *batch = &world->batch;
    struct arrival_counts counts = { 0 };
    struct arrival_target target = { .points = &world->points,
                                     .windows = &world->windows,
                                     .window_ms = WINDOW_MS,
                                     .first_open = first_open,
                                     .memory_bytes_max = UINT64_C(1) << 20 };
    struct batch_node node = { .name = bytes_text("n"), .identity = bytes_text("n") };
    batch_reset(batch);
    batch->stamp = (struct batch_stamp){ .unit_ms = 1000, .reach_ms = 600000 };
    assert_true(batch_add_node(batch, &node, &batch->node[0], &err));
    assert_true(batch_add_flow_log(batch, bytes_text("fl"), &batch->flow_log[0], &err));
    batch->src[0] = dictionary_code(&batch->addresses, address_from_ipv4(1));
    batch->dst[0] = dictionary_code(&batch->addresses, address_from_ipv4(2));
    batch->start_ms[0] = BORDER * WINDOW_MS - 30000;
    batch->end_ms[0] = BORDER * WINDOW_MS + 89000;
    batch->bytes[0] = 10;
    batch->packets[0] = 5;
    batch->src_port[0] = 40000;
    batch->dst_port[0] = 443;
    batch->quality[0] = 0;
    batch->protocol[0] = 6;
    batch->tcp_flags[0] = 2;
    batch->direction[0] = DIRECTION_OUT;
    batch->initiator[0] = INITIATOR_UNKNOWN;
    batch->action[0] = ACTION_ACCEPT;
    batch->count = 1;
    assert_true(arrival_add(world->arrival, &target, batch, &counts, &err));
    assert_int_equal(counts.late, 0);
}

struct share {
    uint64_t bytes;
    uint64_t packets;
    uint64_t flows;
    uint32_t first_ms;
    uint32_t last_ms;
};

static const struct share SHARES[] = {
    { 2, 1, 0, 30000, 59999 },
    { 5, 2, 0, 0, 59999 },
    { 3, 2, 1, 0, 29999 },
};

struct sums {
    struct share share;
    uint32_t count;
};

static bool sum_strand(void *context, const struct strand *strand, struct error *error) {
    (void)error;
    struct sums *sums = context;
    sums->count++;
    sums->share = (struct share){ strand->bytes, strand->packets, strand->flows, strand->first,
                                  strand->last };
    assert_true(strand->local.low == address_from_ipv4(1).low);
    assert_true(strand->peer.low == address_from_ipv4(2).low);
    assert_int_equal(strand->local_port, 40000);
    assert_int_equal(strand->peer_port, 443);
    assert_int_equal(strand->tcp_flags, 2);
    return true;
}

static void expect_share(struct world *world, const struct window *window) {
    struct sums sums = { 0 };
    struct conversation_fold fold = { .log = &window->conversations,
                                      .points = &world->points,
                                      .visit = sum_strand,
                                      .context = &sums };
    assert_true(conversation_fold(&fold, &err));
    free(fold.cuts);
    const struct share *want = &SHARES[window->number - (BORDER - 1)];
    assert_int_equal(sums.count, 1);
    assert_memory_equal(&sums.share, want, sizeof *want);
    assert_true(window->conversations.carried_count == 0);
    assert_null(window->conversations.longs.first);
}

static void a_record_over_three_windows_is_one_entry_and_costs_three(void **state) {
    (void)state;
    struct world world;
    begin_world(&world);
    add_record(&world, 0);
    uint64_t entries = 0;
    for (int64_t n = BORDER - 1; n <= BORDER + 1; n++) {
        const struct window *window = window_set_find(&world.windows, n);
        assert_non_null(window);
        entries += conversation_log_count(&window->conversations);
        assert_true(conversation_log_cost(&window->conversations) == 1);
    }
    assert_true(entries == 1);
    end_world(&world);
}

static void settling_a_chunk_gives_every_open_window_its_share(void **state) {
    (void)state;
    struct world world;
    begin_world(&world);
    add_record(&world, 0);
    struct window *last = window_set_find(&world.windows, BORDER + 1);
    assert_true(settle_chunk(&world.windows, last, &err));
    for (int64_t n = BORDER - 1; n <= BORDER + 1; n++) {
        expect_share(&world, window_set_find(&world.windows, n));
    }
    end_world(&world);
}

/* Takes the windows below `end` out and settles them in their order. */
static void close_below(struct world *world, int64_t end) {
    struct window **due;
    uint32_t count;
    assert_true(window_set_take(&world->windows, end, &due, &count, &err));
    for (uint32_t i = 0; i < count; i++) {
        struct settle_due later = { due + i + 1, count - i - 1 };
        assert_true(settle_window(&world->windows, due[i], later, &err));
        expect_share(world, due[i]);
        window_free(due[i], &world->windows.pool);
    }
    free(due);
}

static void a_closing_window_takes_its_share_from_windows_that_are_due_or_open(void **state) {
    (void)state;
    for (int64_t first_end = BORDER; first_end <= BORDER + 2; first_end++) {
        struct world world;
        begin_world(&world);
        add_record(&world, 0);
        close_below(&world, first_end);
        close_below(&world, BORDER + 2);
        assert_int_equal(world.windows.count, 0);
        end_world(&world);
    }
}

static void a_share_of_a_closed_window_goes_nowhere(void **state) {
    (void)state;
    struct world world;
    begin_world(&world);
    add_record(&world, 0);
    close_below(&world, BORDER);
    struct window *last = window_set_find(&world.windows, BORDER + 1);
    assert_true(settle_chunk(&world.windows, last, &err));
    expect_share(&world, window_set_find(&world.windows, BORDER));
    expect_share(&world, last);
    end_world(&world);
}

static void a_record_that_began_in_a_closed_window_leaves_the_open_ones_theirs(void **state) {
    (void)state;
    struct world world;
    begin_world(&world);
    add_record(&world, BORDER);
    assert_null(window_set_find(&world.windows, BORDER - 1));
    close_below(&world, BORDER + 2);
    end_world(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_over_three_windows_is_one_entry_and_costs_three),
        cmocka_unit_test(settling_a_chunk_gives_every_open_window_its_share),
        cmocka_unit_test(a_closing_window_takes_its_share_from_windows_that_are_due_or_open),
        cmocka_unit_test(a_share_of_a_closed_window_goes_nowhere),
        cmocka_unit_test(a_record_that_began_in_a_closed_window_leaves_the_open_ones_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
