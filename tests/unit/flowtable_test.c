/* SPDX-License-Identifier: Apache-2.0 */
/* Packets made by hand -> flows worked out by hand; then random packets, whose sums must be kept
 * and whose flows must keep the table's promise. */
#include "ingest/flowtable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define T0 INT64_C(1772000000000)
#define SECOND INT64_C(1000)
#define SYN 0x02
#define ACK 0x10

static struct address host(uint32_t last) {
    return address_from_ipv4(0x0a000000u + last);
}

static struct address host6(uint32_t last) {
    return (struct address){ UINT64_C(0x20010db800000000), last };
}

/* A TCP packet from 10.0.0.SRC:PORT to 10.0.0.DST:PORT. */
static struct flow_packet tcp(int64_t at_ms, uint32_t src, uint16_t src_port, uint32_t dst,
                              uint16_t dst_port, uint8_t flags) {
    return (struct flow_packet){
        .packet = { .src = host(src),
                    .dst = host(dst),
                    .src_port = src_port,
                    .dst_port = dst_port,
                    .bytes = 100,
                    .protocol = 6,
                    .tcp_flags = flags,
                    .has_flags = true },
        .time_ms = T0 + at_ms,
    };
}

/* Flows in the order in which they came out. */
struct taken {
    struct flow flows[512];
    size_t count;
};

static void take_all(struct flowtable *table, struct taken *taken) {
    struct flow flow;
    while (flowtable_take(table, &flow)) {
        assert_true(taken->count < sizeof taken->flows / sizeof *taken->flows);
        taken->flows[taken->count++] = flow;
    }
}

static void add(struct flowtable *table, struct flow_packet packet, struct taken *taken) {
    size_t added = 0;
    for (int tries = 0; added == 0; tries++) {
        assert_true(tries < 3);
        take_all(table, taken);
        assert_true(flowtable_add(table, &packet, 1, &added, NULL));
    }
}

static struct flowtable *make(struct flowtable_options options) {
    struct flowtable *table;
    assert_true(flowtable_new(&table, &options, NULL));
    return table;
}

static void end(struct flowtable *table, struct taken *taken) {
    take_all(table, taken);
    flowtable_cut(table);
    take_all(table, taken);
    assert_int_equal(flowtable_count(table), 0);
    flowtable_free(table);
}

static const struct flowtable_options STORING = { .active_ms = 60000, .idle_ms = 15000 };
static const struct flowtable_options TICKS = { .tick_ms = 10000 };

static void an_empty_table_gives_nothing(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    end(make(STORING), &taken);
    assert_int_equal(taken.count, 0);
}

static void both_ways_of_a_conversation_are_one_flow(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    add(table, tcp(0, 9, 40000, 1, 443, SYN), &taken);
    add(table, tcp(20, 1, 443, 9, 40000, SYN | ACK), &taken);
    add(table, tcp(40, 9, 40000, 1, 443, ACK), &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    const struct flow *flow = &taken.flows[0];
    assert_true(address_equal(flow->a, host(1)) && address_equal(flow->b, host(9)));
    assert_int_equal(flow->a_port, 443);
    assert_int_equal(flow->b_port, 40000);
    assert_int_equal(flow->protocol, 6);
    assert_true(flow->is_opened_by_b);
    assert_false(flow->is_opener_inferred);
    assert_int_equal(flow->way[0].packets, 1);
    assert_int_equal(flow->way[0].first_ms, T0 + 20);
    assert_int_equal(flow->way[0].last_ms, T0 + 20);
    assert_int_equal(flow->way[0].tcp_flags, SYN | ACK);
    assert_int_equal(flow->way[1].packets, 2);
    assert_int_equal(flow->way[1].bytes, 200);
    assert_int_equal(flow->way[1].first_ms, T0);
    assert_int_equal(flow->way[1].last_ms, T0 + 40);
    assert_int_equal(flow->way[1].tcp_flags, SYN | ACK);
}

static void ports_protocols_logs_and_families_tell_flows_apart(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    struct flow_packet packet = tcp(0, 1, 1000, 2, 443, ACK);
    add(table, packet, &taken);
    packet.packet.src_port = 1001;
    add(table, packet, &taken);
    packet.packet.protocol = 17;
    add(table, packet, &taken);
    packet.log = 1;
    add(table, packet, &taken);
    packet.packet.src = host6(1);
    packet.packet.dst = host6(2);
    add(table, packet, &taken);
    packet.packet.dst = host6(3);
    add(table, packet, &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 6);
    assert_true(address_equal(taken.flows[5].b, host6(3)));
    assert_int_equal(taken.flows[3].log, 1);
}

static void a_flow_of_ipv6_has_both_ways(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    struct flow_packet there = tcp(0, 1, 7, 2, 7, ACK);
    there.packet.src = host6(5);
    there.packet.dst = host6(4);
    struct flow_packet back = there;
    back.packet.src = host6(4);
    back.packet.dst = host6(5);
    add(table, there, &taken);
    add(table, back, &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_true(address_equal(taken.flows[0].a, host6(4)));
    assert_int_equal(taken.flows[0].way[0].packets, 1);
    assert_int_equal(taken.flows[0].way[1].packets, 1);
}

static void an_end_that_talks_to_itself_has_one_way(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    add(table, tcp(0, 1, 80, 1, 80, SYN), &taken);
    add(table, tcp(1, 1, 80, 1, 80, SYN), &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.flows[0].way[0].packets, 2);
    assert_int_equal(taken.flows[0].way[1].packets, 0);
}

static void who_opened_is_told_by_syn_or_inferred_from_the_first_packet(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint8_t flags[2]; /* of a packet from 1, then of one from 2 */
        bool is_opened_by_b;
        bool is_inferred;
    } CASES[] = {
        { "no syn", { ACK, ACK }, false, true },
        { "syn first", { SYN, SYN | ACK }, false, false },
        { "answer only", { SYN | ACK, ACK }, true, false },
        { "syn of the second", { ACK, SYN }, true, false },
        { "both at once", { SYN, SYN }, false, false },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct taken taken = { .count = 0 };
        struct flowtable *table = make(STORING);
        add(table, tcp(0, 1, 1000, 2, 443, CASES[i].flags[0]), &taken);
        add(table, tcp(1, 2, 443, 1, 1000, CASES[i].flags[1]), &taken);
        end(table, &taken);
        if (taken.flows[0].is_opened_by_b != CASES[i].is_opened_by_b ||
            taken.flows[0].is_opener_inferred != CASES[i].is_inferred) {
            fail_msg("%s", CASES[i].name);
        }
    }
}

static void a_flow_is_idle_after_exactly_the_time_out(void **state) {
    (void)state;
    for (int64_t gap = 14999; gap <= 15000; gap++) {
        struct taken taken = { .count = 0 };
        struct flowtable *table = make(STORING);
        add(table, tcp(0, 1, 1000, 2, 443, SYN), &taken);
        add(table, tcp(gap, 1, 1000, 2, 443, ACK), &taken);
        end(table, &taken);
        assert_int_equal(taken.count, gap < 15000 ? 1 : 2);
        /* A new flow by the same ends knows nothing of the old one's SYN. */
        assert_int_equal(taken.flows[taken.count - 1].is_opener_inferred, gap >= 15000);
    }
}

static void a_long_flow_is_cut_at_the_active_time_out_and_knows_who_opened_it(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    for (int64_t at = 0; at < 130; at += 10) {
        add(table, tcp(at * SECOND, 1, 1000, 2, 443, at == 0 ? SYN : ACK), &taken);
    }
    end(table, &taken);
    assert_int_equal(taken.count, 3);
    static const int64_t FIRST[] = { 0, 60, 120 };
    static const uint64_t PACKETS[] = { 6, 6, 1 };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(taken.flows[i].way[0].first_ms, T0 + FIRST[i] * SECOND);
        assert_int_equal(taken.flows[i].way[0].packets, PACKETS[i]);
        assert_false(taken.flows[i].is_opener_inferred);
        assert_false(taken.flows[i].is_opened_by_b);
    }
}

/* Whether a sweep took the flow out, or its next packet ended it, it ended. */
static void what_is_known_of_a_flow_does_not_depend_on_sweeps(void **state) {
    (void)state;
    static const struct flowtable_options OPTIONS[] = { { .active_ms = 2000 },
                                                        { .idle_ms = 2000 } };
    for (size_t i = 0; i < 4; i++) {
        struct taken taken = { .count = 0 };
        struct flowtable *table = make(OPTIONS[i % 2]);
        add(table, tcp(0, 1, 1000, 2, 443, SYN), &taken);
        if (i < 2) {
            add(table, tcp(2000, 3, 1000, 4, 443, ACK), &taken); /* sweeps */
        }
        add(table, tcp(2001, 1, 1000, 2, 443, ACK), &taken);
        end(table, &taken);
        assert_int_equal(taken.count, i < 2 ? 3 : 2);
        assert_false(taken.flows[0].is_opener_inferred);
        assert_true(taken.flows[taken.count - 1].is_opener_inferred);
    }
}

static void an_idle_flow_comes_out_while_others_go_on(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    add(table, tcp(0, 1, 1000, 2, 443, SYN), &taken);
    for (int64_t at = 0; at < 20000; at += 100) {
        add(table, tcp(at, 3, 1000, 4, 443, ACK), &taken);
    }
    take_all(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_true(address_equal(taken.flows[0].a, host(1)));
    assert_int_equal(flowtable_count(table), 1);
    end(table, &taken);
}

static void without_time_outs_a_flow_lasts_for_days(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make((struct flowtable_options){ 0 });
    add(table, tcp(0, 1, 1000, 2, 443, ACK), &taken);
    add(table, tcp(FLOWTABLE_NEVER_MS - 1, 1, 1000, 2, 443, ACK), &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.flows[0].way[0].last_ms - taken.flows[0].way[0].first_ms,
                     FLOWTABLE_NEVER_MS - 1);
}

static void a_packet_out_of_order_moves_a_flow_s_start(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    add(table, tcp(500, 1, 1000, 2, 443, ACK), &taken); /* starts the flow */
    add(table, tcp(700, 2, 443, 1, 1000, ACK), &taken);
    add(table, tcp(600, 2, 443, 1, 1000, ACK), &taken); /* older than its way's first */
    add(table, tcp(200, 2, 443, 1, 1000, ACK), &taken); /* older than all */
    add(table, tcp(100, 1, 1000, 2, 443, ACK), &taken); /* once more, the other way */
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.flows[0].way[0].first_ms, T0 + 100);
    assert_int_equal(taken.flows[0].way[0].last_ms, T0 + 500);
    assert_int_equal(taken.flows[0].way[1].first_ms, T0 + 200);
    assert_int_equal(taken.flows[0].way[1].last_ms, T0 + 700);
}

static void a_tick_cuts_all_in_the_order_in_which_they_began(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(TICKS);
    add(table, tcp(0, 9, 1000, 2, 443, ACK), &taken);
    add(table, tcp(1, 1, 1000, 2, 443, ACK), &taken);
    add(table, tcp(9999, 9, 1000, 2, 443, ACK), &taken);
    take_all(table, &taken);
    assert_int_equal(taken.count, 0);
    add(table, tcp(10000, 9, 1000, 2, 443, ACK), &taken);
    assert_int_equal(taken.count, 2);
    assert_true(address_equal(taken.flows[0].b, host(9)));
    assert_int_equal(taken.flows[0].way[1].packets, 2);
    end(table, &taken);
    assert_int_equal(taken.count, 3);
    assert_int_equal(taken.flows[2].way[1].packets, 1);
}

static void a_packet_late_by_less_than_a_tick_joins_what_is_open(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(TICKS);
    add(table, tcp(10005, 1, 1000, 2, 443, ACK), &taken);
    add(table, tcp(6, 1, 1000, 2, 443, ACK), &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 1);
    assert_int_equal(taken.flows[0].way[0].packets, 2);
    assert_int_equal(taken.flows[0].way[0].first_ms, T0 + 10000); /* the tick's start */
}

static void a_jump_back_by_a_tick_begins_anew(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(TICKS);
    add(table, tcp(10005, 1, 1000, 2, 443, ACK), &taken);
    add(table, tcp(5, 1, 1000, 2, 443, ACK), &taken);
    add(table, tcp(9000, 1, 1000, 2, 443, ACK), &taken);
    end(table, &taken);
    assert_int_equal(taken.count, 2);
    assert_int_equal(taken.flows[1].way[0].packets, 2);
}

static int64_t end_of(const struct flow *flow) {
    int64_t ends[2];
    for (int way = 0; way < 2; way++) {
        ends[way] = flow->way[way].packets > 0 ? flow->way[way].last_ms : INT64_MIN;
    }
    return ends[0] > ends[1] ? ends[0] : ends[1];
}

/* Sweeps come at even seconds, by the flow of every second. The quiet flow outlives the one at 60 s
 * by a millisecond; before the next one the third flow is cut, and so ends 16.698 s later. */
static void a_flow_that_just_outlives_a_sweep_is_late_by_no_more_than_promised(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    for (int64_t second = 0; second <= 62; second++) {
        add(table, tcp(second * SECOND, 1, 1, 2, 2, ACK), &taken);
        if (second == 45) {
            add(table, tcp(45001, 3, 3, 4, 4, ACK), &taken);
        }
        if (second >= 1 && second <= 60) {
            add(table, tcp(second * SECOND + 700, 5, 5, 6, 6, ACK), &taken);
        }
        if (second == 61) {
            add(table, tcp(61699, 5, 5, 6, 6, ACK), &taken);
            add(table, tcp(61700, 5, 5, 6, 6, ACK), &taken);
        }
    }
    end(table, &taken);
    int64_t newest_ms = INT64_MIN;
    int64_t most_ms = 0;
    for (size_t i = 0; i < taken.count; i++) {
        int64_t end_ms = end_of(&taken.flows[i]);
        newest_ms = end_ms > newest_ms ? end_ms : newest_ms;
        most_ms = newest_ms - end_ms > most_ms ? newest_ms - end_ms : most_ms;
    }
    assert_int_equal(most_ms, 61699 - 45001);
    assert_true(most_ms <= flowtable_lateness_ms(&STORING));
}

static void a_jump_back_by_the_idle_time_out_ends_everything(void **state) {
    (void)state;
    static const struct {
        int64_t at_ms;
        size_t ended;
    } CASES[] = { { 5001, 0 }, { 5000, 1 } };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct taken taken = { .count = 0 };
        struct flowtable *table = make(STORING);
        add(table, tcp(20000, 1, 1, 2, 2, ACK), &taken);
        add(table, tcp(CASES[i].at_ms, 3, 3, 4, 4, ACK), &taken);
        assert_int_equal(taken.count, CASES[i].ended);
        end(table, &taken);
        assert_int_equal(taken.count, 2);
    }
}

static void one_packet_of_the_far_future_costs_one_cut(void **state) {
    (void)state;
    static const struct flowtable_options *const BOTH[] = { &TICKS, &STORING };
    for (size_t i = 0; i < 2; i++) {
        struct taken taken = { .count = 0 };
        struct flowtable *table = make(*BOTH[i]);
        add(table, tcp(0, 1, 1000, 2, 443, ACK), &taken);
        add(table, tcp(INT64_C(4200000000000) - T0, 1, 1000, 2, 443, ACK), &taken);
        add(table, tcp(1, 1, 1000, 2, 443, ACK), &taken);
        add(table, tcp(2, 1, 1000, 2, 443, ACK), &taken);
        end(table, &taken);
        assert_int_equal(taken.count, 3);
        assert_int_equal(taken.flows[2].way[0].packets, 2);
    }
}

static void at_the_bound_all_flows_end_and_are_counted(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable_options options = STORING;
    options.flows_max = 3;
    struct flowtable *table = make(options);
    for (uint16_t port = 1; port <= 7; port++) {
        add(table, tcp(port, 1, port, 2, 443, ACK), &taken);
        assert_true(flowtable_count(table) <= 3);
    }
    assert_int_equal(flowtable_overflows(table), 2);
    assert_int_equal(taken.count, 6);
    end(table, &taken);
    assert_int_equal(taken.count, 7);
}

static void flags_that_were_not_captured_are_not_told(void **state) {
    (void)state;
    struct taken taken = { .count = 0 };
    struct flowtable *table = make(STORING);
    struct flow_packet packet = tcp(0, 1, 1000, 2, 443, SYN);
    packet.packet.has_flags = false;
    add(table, packet, &taken);
    end(table, &taken);
    assert_false(taken.flows[0].way[0].has_flags);
    assert_int_equal(taken.flows[0].way[0].tcp_flags, 0);
    assert_true(taken.flows[0].is_opener_inferred);
}

/* ---- random packets ---- */

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

struct sums {
    uint64_t bytes;
    uint64_t packets;
    uint64_t flows;
    uint64_t digest; /* of all flows in their order */
    int64_t newest_end_ms;
};

static void hold_to_promise(const struct flowtable_options *options, const struct flow *flow,
                            struct sums *sums) {
    int64_t reach_ms = flowtable_reach_ms(options);
    int64_t low_ms = sums->newest_end_ms == INT64_MIN
                         ? INT64_MIN
                         : sums->newest_end_ms + 1 - flowtable_lateness_ms(options) - reach_ms;
    int64_t newest_ms = sums->newest_end_ms;
    for (unsigned i = 0; i < 2; i++) {
        const struct flow_way *way = &flow->way[i];
        if (way->packets == 0) {
            continue;
        }
        assert_true(way->first_ms <= way->last_ms);
        int64_t touch_ms = way->last_ms + 1 - reach_ms;
        touch_ms = way->first_ms > touch_ms ? way->first_ms : touch_ms;
        assert_true(touch_ms >= low_ms);
        assert_true(options->tick_ms > 0 || way->last_ms - way->first_ms < reach_ms);
        newest_ms = way->last_ms > newest_ms ? way->last_ms : newest_ms;
        sums->bytes += way->bytes;
        sums->packets += way->packets;
    }
    sums->newest_end_ms = newest_ms;
    sums->flows++;
    uint64_t mixed = flow->a.low * 3 + flow->b.low * 5 + flow->a_port * 7u + flow->b_port * 11u +
                     (uint64_t)flow->way[0].first_ms * 13 + flow->way[1].bytes * 17;
    sums->digest = (sums->digest ^ mixed) * UINT64_C(0x100000001B3);
}

/* Packets of a few hundred ends, out of order by up to `jitter_ms`, in bursts of odd sizes. */
static struct sums run_random(const struct flowtable_options *options, uint64_t seed,
                              int64_t jitter_ms, size_t burst, struct sums *sent) {
    enum { PACKETS = 60000, BURST_MAX = 100 };
    struct flow_packet packets[BURST_MAX];
    struct sums sums = { .newest_end_ms = INT64_MIN };
    struct flow flow;
    uint64_t random = seed;
    int64_t at_ms = 100000;
    struct flowtable *table = make(*options);
    *sent = (struct sums){ 0 };
    for (size_t done = 0; done < PACKETS;) {
        size_t count = 0;
        for (; count < burst && done < PACKETS; count++, done++) {
            at_ms += next_random(&random) % 1000 == 0 ? 20000 : (int64_t)(next_random(&random) % 5);
            struct flow_packet packet =
                tcp(at_ms - (int64_t)(next_random(&random) % (uint64_t)jitter_ms),
                    (uint32_t)(next_random(&random) % 20), (uint16_t)(next_random(&random) % 8),
                    (uint32_t)(next_random(&random) % 20), (uint16_t)(next_random(&random) % 8),
                    (uint8_t)next_random(&random));
            if (next_random(&random) % 4 == 0) {
                packet.packet.src = host6((uint32_t)packet.packet.src.low & 0xff);
                packet.packet.dst = host6((uint32_t)packet.packet.dst.low & 0xff);
            }
            packet.packet.bytes = (uint32_t)(next_random(&random) % 1500);
            sent->bytes += packet.packet.bytes;
            sent->packets++;
            packets[count] = packet;
        }
        for (size_t at = 0; at < count;) {
            size_t taken;
            assert_true(flowtable_add(table, packets + at, count - at, &taken, NULL));
            at += taken;
            while (flowtable_take(table, &flow)) {
                hold_to_promise(options, &flow, &sums);
            }
        }
    }
    flowtable_cut(table);
    while (flowtable_take(table, &flow)) {
        hold_to_promise(options, &flow, &sums);
    }
    flowtable_free(table);
    return sums;
}

static void sums_and_promises_are_kept_whatever_comes(void **state) {
    (void)state;
    static const struct flowtable_options OPTIONS[] = {
        { .tick_ms = 1000 },
        { .tick_ms = 10000 },
        { .tick_ms = 10000, .flows_max = 50 },
        { .active_ms = 60000, .idle_ms = 15000 },
        { .active_ms = 60000, .idle_ms = 15000, .flows_max = 50 },
        { .active_ms = 5000, .idle_ms = 60000 },
        { .active_ms = 1000, .idle_ms = 1000 },
        { .active_ms = 2000 },
        { .idle_ms = 2000 },
        { 0 },
    };
    for (uint64_t seed = 1; seed <= 3; seed++) {
        for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
            struct sums sent;
            print_message("# seed %llu, options %zu\n", (unsigned long long)seed, i);
            struct sums got = run_random(&OPTIONS[i], seed * 7919, 900, 64, &sent);
            assert_int_equal(got.bytes, sent.bytes);
            assert_int_equal(got.packets, sent.packets);
        }
    }
}

static void the_order_depends_on_the_packets_alone(void **state) {
    (void)state;
    struct sums sent;
    for (size_t i = 0; i < 2; i++) {
        const struct flowtable_options *options = i == 0 ? &TICKS : &STORING;
        struct sums one = run_random(options, 4711, 900, 1, &sent);
        struct sums many = run_random(options, 4711, 900, 97, &sent);
        assert_int_equal(one.digest, many.digest);
        assert_int_equal(one.flows, many.flows);
        assert_true(one.flows > 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_gives_nothing),
        cmocka_unit_test(both_ways_of_a_conversation_are_one_flow),
        cmocka_unit_test(ports_protocols_logs_and_families_tell_flows_apart),
        cmocka_unit_test(a_flow_of_ipv6_has_both_ways),
        cmocka_unit_test(an_end_that_talks_to_itself_has_one_way),
        cmocka_unit_test(who_opened_is_told_by_syn_or_inferred_from_the_first_packet),
        cmocka_unit_test(a_flow_is_idle_after_exactly_the_time_out),
        cmocka_unit_test(a_long_flow_is_cut_at_the_active_time_out_and_knows_who_opened_it),
        cmocka_unit_test(what_is_known_of_a_flow_does_not_depend_on_sweeps),
        cmocka_unit_test(an_idle_flow_comes_out_while_others_go_on),
        cmocka_unit_test(without_time_outs_a_flow_lasts_for_days),
        cmocka_unit_test(a_packet_out_of_order_moves_a_flow_s_start),
        cmocka_unit_test(a_tick_cuts_all_in_the_order_in_which_they_began),
        cmocka_unit_test(a_packet_late_by_less_than_a_tick_joins_what_is_open),
        cmocka_unit_test(a_jump_back_by_a_tick_begins_anew),
        cmocka_unit_test(a_flow_that_just_outlives_a_sweep_is_late_by_no_more_than_promised),
        cmocka_unit_test(a_jump_back_by_the_idle_time_out_ends_everything),
        cmocka_unit_test(one_packet_of_the_far_future_costs_one_cut),
        cmocka_unit_test(at_the_bound_all_flows_end_and_are_counted),
        cmocka_unit_test(flags_that_were_not_captured_are_not_told),
        cmocka_unit_test(sums_and_promises_are_kept_whatever_comes),
        cmocka_unit_test(the_order_depends_on_the_packets_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
