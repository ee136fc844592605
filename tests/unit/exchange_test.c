/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of 60 s in grains of 1 ms, worked by hand. Our node is 10.0.0.1; replies are waited for
 * 70 s, so what begins in window n before its 50th second is judged in window n + 1, and else in
 * n + 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/exchange.h"

#define WINDOW_MS INT64_C(60000)
#define FIRST_WINDOW INT64_C(28000000)

enum { TCP = 6, UDP = 17, SYN = 2, RST = 4, ACK = 16 };

static struct error err;

struct world {
    struct exchange exchange;
    struct roster roster;
    struct exchange_row *rows;
    uint32_t count;
};

static void begin_bounded(struct world *world, uint32_t entries_max) {
    *world = (struct world){ 0 };
    struct exchange_settings settings = { entries_max, EXCHANGE_REPLY_MS };
    assert_true(exchange_init(&world->exchange, &settings, &err));
    roster_init(&world->roster, 16);
    static const char *const names[] = { "b", "a", "c" };
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t index;
        struct bytes name = bytes_text(names[i]);
        assert_true(roster_add(&world->roster, name, name, &index, &err));
        assert_int_equal(index, i);
    }
    roster_sort(&world->roster);
}

static void begin(struct world *world) {
    begin_bounded(world, 1000);
}

static void end(struct world *world) {
    exchange_done(&world->exchange);
    roster_done(&world->roster);
}

static struct strand strand_of(uint8_t protocol, uint32_t peer, uint16_t local_port,
                               uint16_t peer_port) {
    return (struct strand){ .local = address_from_ipv4(0x0a000001),
                            .peer = address_from_ipv4(peer),
                            .bytes = 100,
                            .packets = 2,
                            .flows = 1,
                            .last = 1000,
                            .local_port = local_port,
                            .peer_port = peer_port,
                            .protocol = protocol,
                            .direction = DIRECTION_OUT };
}

static struct strand back(struct strand strand) {
    strand.direction = strand.direction == DIRECTION_OUT ? DIRECTION_IN : DIRECTION_OUT;
    return strand;
}

static void open_window(struct world *world, int64_t number) {
    int64_t start_ms = (FIRST_WINDOW + number) * WINDOW_MS;
    exchange_begin(&world->exchange,
                   &(struct exchange_window){ start_ms, start_ms + WINDOW_MS, 0 });
}

static void take_node(struct world *world, uint32_t node, const struct strand *strands,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_true(exchange_take(&world->exchange, &strands[i], &err));
    }
    assert_true(exchange_node(&world->exchange, node, &world->rows, &world->count, &err));
}

static void close_window(struct world *world) {
    assert_true(exchange_end(&world->exchange, &world->roster, &err));
}

/* A whole window of node 0. */
static void window(struct world *world, int64_t number, const struct strand *strands,
                   size_t count) {
    open_window(world, number);
    take_node(world, 0, strands, count);
    close_window(world);
}

static void both_ways_of_a_key_are_one_row(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[3] = { strand_of(TCP, 9, 40000, 443) };
    strands[1] = back(strands[0]);
    strands[1].bytes = 7000;
    strands[1].packets = 9;
    strands[1].first = 20;
    strands[2] = strand_of(TCP, 9, 40001, 443);
    window(&world, 0, strands, 3);
    assert_int_equal(world.count, 2);
    const struct exchange_row *row = &world.rows[0];
    assert_int_equal(row->bytes[SIDE_LOCAL], 100);
    assert_int_equal(row->bytes[SIDE_PEER], 7000);
    assert_int_equal(row->packets[SIDE_PEER], 9);
    assert_int_equal(row->side, SIDE_LOCAL);
    assert_int_equal(row->rule, INITIATOR_BY_SERVICE);
    assert_true(row->is_first && row->is_replied && !row->is_pending);
    assert_false(row->is_failed || row->is_refused || row->is_half);
    assert_int_equal(row->unreplied_packets_out, 0);
    assert_true(world.rows[1].is_pending);
    end(&world);
}

static void a_conversation_is_new_after_150_seconds_of_silence(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[2] = { strand_of(TCP, 9, 40000, 443) };
    strands[1] = back(strands[0]);
    window(&world, 0, strands, 2); /* last at 1.000 s */
    strands[0].first = 31000;      /* 150.000 s later */
    strands[0].last = 31000;
    window(&world, 2, strands, 1);
    assert_false(world.rows[0].is_first);
    assert_true(world.rows[0].is_replied);
    strands[0].first = 31000 + 150001 - 3 * 60000;
    strands[0].last = 40000;
    window(&world, 5, strands, 1); /* 150.001 s later */
    assert_int_equal(world.count, 1);
    assert_true(world.rows[0].is_first && world.rows[0].is_pending);
    end(&world);
}

static void an_unanswered_conversation_is_judged_when_its_reply_time_ends(void **state) {
    (void)state;
    static const struct {
        uint32_t first_ms;
        int64_t judged;
    } cases[] = { { 0, 1 }, { 49999, 1 }, { 50000, 2 }, { 59999, 2 } };
    for (size_t c = 0; c < 4; c++) {
        struct world world;
        begin(&world);
        struct strand strand = strand_of(TCP, 9, 40000, 443);
        strand.first = strand.last = cases[c].first_ms;
        window(&world, 0, &strand, 1);
        assert_true(world.rows[0].is_pending && !world.rows[0].is_failed);
        assert_int_equal(world.rows[0].unreplied_packets_out, 0);
        for (int64_t number = 1; number < 4; number++) {
            window(&world, number, NULL, 0);
            assert_int_equal(world.count, number == cases[c].judged);
            if (number == cases[c].judged) {
                assert_true(world.rows[0].is_failed && !world.rows[0].is_first);
                assert_int_equal(world.rows[0].unreplied_packets_out, 2);
                assert_int_equal(world.rows[0].unreplied_windows, 1);
                assert_int_equal(world.rows[0].packets[SIDE_LOCAL], 0);
            }
        }
        end(&world);
    }
}

/* 2 packets in each of the windows 0 to 3: judged in window 1 with 4 of two windows, and from then
 * on each window's own at once. */
static void what_goes_on_unanswered_counts_as_it_comes(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strand = strand_of(UDP, 9, 40000, 4500);
    static const uint32_t want_packets[] = { 0, 4, 2, 2 };
    static const uint32_t want_windows[] = { 0, 2, 1, 1 };
    for (int64_t number = 0; number < 4; number++) {
        window(&world, number, &strand, 1);
        assert_int_equal(world.count, 1);
        assert_int_equal(world.rows[0].unreplied_packets_out, want_packets[number]);
        assert_int_equal(world.rows[0].unreplied_windows, want_windows[number]);
        assert_int_equal(world.rows[0].is_failed, number == 1);
    }
    strand = back(strand);
    window(&world, 4, &strand, 1);
    assert_true(world.rows[0].is_replied);
    assert_int_equal(world.rows[0].unreplied_packets_out, 0);
    end(&world);
}

static void a_reply_within_the_time_leaves_nothing_to_judge(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strand = strand_of(TCP, 9, 40000, 443);
    window(&world, 0, &strand, 1);
    struct strand reply = back(strand);
    reply.packets = 5;
    reply.bytes = 900;
    window(&world, 1, &reply, 1);
    assert_int_equal(world.count, 1);
    assert_true(world.rows[0].is_replied && !world.rows[0].is_failed);
    window(&world, 2, NULL, 0);
    assert_int_equal(world.count, 0);
    end(&world);
}

static void a_rejected_conversation_is_judged_at_once(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand ours = strand_of(TCP, 9, 40000, 443);
    ours.is_rejected = true;
    window(&world, 0, &ours, 1);
    assert_true(world.rows[0].is_failed && !world.rows[0].is_pending);
    assert_int_equal(world.rows[0].unreplied_packets_out, 2);
    assert_int_equal(world.rows[0].bytes[SIDE_LOCAL], 0);
    struct strand theirs = back(strand_of(TCP, 9, 443, 50000));
    theirs.is_rejected = true;
    window(&world, 1, &theirs, 1);
    assert_int_equal(world.count, 1);
    assert_int_equal(world.rows[0].side, SIDE_PEER);
    assert_true(world.rows[0].is_half && !world.rows[0].is_failed);
    assert_int_equal(world.rows[0].unreplied_bytes_in, 100);
    window(&world, 2, &theirs, 1);
    assert_false(world.rows[0].is_half); /* said once */
    assert_int_equal(world.rows[0].unreplied_bytes_in, 100);
    end(&world);
}

static void a_small_answer_refuses_once_nothing_more_can_follow(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t packets_in, bytes_in, packets_out;
        uint32_t last;
        uint8_t flags_in;
        bool now, later;
    } cases[] = {
        { "a reset", 1, 40, 1, 100, 0, true, false },
        { "60 bytes to two packets", 1, 60, 2, 58000, 0, true, false },
        { "61 bytes", 1, 61, 2, 100, 0, false, false },
        { "two packets", 2, 60, 2, 100, 0, false, false },
        { "to three of ours", 1, 60, 3, 100, 0, false, false },
        { "just before the end", 1, 60, 2, 58001, 0, false, true },
        { "flags say it accepts", 1, 60, 1, 100, SYN | ACK, false, false },
        { "flags say it resets", 2, 100, 2, 59999, RST | ACK, true, false },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct world world;
        begin(&world);
        struct strand strands[2] = { strand_of(TCP, 9, 40000, 443) };
        strands[0].packets = cases[c].packets_out;
        strands[0].tcp_flags = cases[c].flags_in != 0 ? SYN : 0;
        strands[0].last = strands[0].first = cases[c].last;
        strands[1] = back(strands[0]);
        strands[1].packets = cases[c].packets_in;
        strands[1].bytes = cases[c].bytes_in;
        strands[1].tcp_flags = cases[c].flags_in;
        window(&world, 0, strands, 2);
        bool now = world.rows[0].is_refused;
        bool later = false;
        for (int64_t number = 1; number < 4; number++) {
            window(&world, number, NULL, 0);
            later |= world.count > 0 && world.rows[0].is_refused;
        }
        if (now != cases[c].now || later != cases[c].later) {
            fail_msg("%s: %d %d", cases[c].name, now, later);
        }
        end(&world);
    }
}

static void half_open_is_said_once_by_flags_or_by_silence(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand syn = back(strand_of(TCP, 9, 443, 50000));
    syn.tcp_flags = SYN;
    struct strand answer = back(syn);
    answer.tcp_flags = SYN | ACK;
    struct strand silent = back(strand_of(TCP, 10, 443, 50000));
    struct strand both[3] = { syn, answer, silent };
    window(&world, 0, both, 3);
    assert_true(world.rows[0].is_half);
    assert_false(world.rows[1].is_half);
    window(&world, 1, &syn, 1);
    assert_int_equal(world.count, 2);
    assert_false(world.rows[0].is_half);
    assert_true(world.rows[1].is_half);
    assert_int_equal(world.rows[1].unreplied_bytes_in, 100);
    end(&world);
}

static void a_port_that_many_used_before_this_window_serves(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[16];
    for (uint16_t i = 0; i < 8; i++) {
        strands[2 * i] = strand_of(UDP, 9, 50000, (uint16_t)(33000 + i));
        strands[2 * i + 1] = back(strands[2 * i]);
    }
    window(&world, 0, strands, 16);
    assert_int_equal(world.count, 8);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(world.rows[i].rule, INITIATOR_BY_LOWER_PORT);
        assert_int_equal(world.rows[i].side, SIDE_LOCAL);
    }
    /* The eight uses are known from the next window on, also of what is open. */
    window(&world, 1, strands, 2);
    assert_int_equal(world.rows[0].rule, INITIATOR_BY_USE);
    assert_int_equal(world.rows[0].side, SIDE_PEER);
    end(&world);
}

static void judgements_of_windows_without_the_node_are_passed(void **state) {
    (void)state;
    for (size_t strand_count = 0; strand_count < 2; strand_count++) {
        struct world world;
        begin(&world);
        struct strand strand = strand_of(TCP, 9, 40000, 443);
        window(&world, 0, &strand, 1);
        open_window(&world, 1);
        close_window(&world);
        window(&world, 2, &strand, strand_count);
        assert_int_equal(world.count, strand_count);
        if (strand_count == 1) {
            assert_false(world.rows[0].is_failed);
            assert_int_equal(world.rows[0].unreplied_packets_out, 2);
        }
        end(&world);
    }
}

static void a_conversation_of_two_interfaces_is_one(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[4] = { strand_of(TCP, 9, 40000, 443), strand_of(TCP, 8, 40000, 443) };
    strands[2] = back(strands[0]);
    strands[2].point = strands[3].point = 1;
    strands[3] = strand_of(TCP, 7, 40000, 443);
    strands[3].point = 1;
    window(&world, 0, strands, 4);
    assert_int_equal(world.count, 3);
    assert_true(world.rows[2].is_replied); /* by peer: 7, 8, 9 */
    assert_int_equal(world.rows[2].bytes[SIDE_PEER], 100);
    end(&world);
}

static void marks_last_as_long_as_the_conversation(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strand = strand_of(TCP, 9, 40000, 443);
    open_window(&world, 0);
    take_node(&world, 0, &strand, 1);
    exchange_mark(&world.exchange, &world.rows[0], 3);
    exchange_mark(&world.exchange, &world.rows[0], 2);
    close_window(&world);
    window(&world, 1, NULL, 0);
    assert_int_equal(world.rows[0].marks, 2);
    end(&world);
}

static void nodes_do_not_share_conversations(void **state) {
    (void)state;
    struct world world;
    begin(&world);
    struct strand strands[2] = { strand_of(TCP, 9, 40000, 443) };
    strands[1] = back(strands[0]);
    open_window(&world, 0);
    take_node(&world, 0, strands, 1);
    take_node(&world, 1, strands + 1, 1);
    assert_false(world.rows[0].is_replied);
    close_window(&world);
    exchange_forget(&world.exchange, 0);
    open_window(&world, 1);
    take_node(&world, 0, strands, 1);
    assert_true(world.rows[0].is_first);
    take_node(&world, 1, strands, 1);
    assert_false(world.rows[0].is_first);
    close_window(&world);
    end(&world);
}

static void save(struct world *world, struct buffer *out) {
    buffer_init(out, (size_t)1 << 20);
    assert_true(exchange_save(&world->exchange, &world->roster, out, &err));
}

/* Five conversations, room for three: idle since 10, 20, 20, 30 and 40 s. The one of 10 goes, and
 * of the two of 20 the smaller key, whichever came first. */
static void at_the_bound_the_longest_idle_go(void **state) {
    (void)state;
    static const uint32_t lasts[] = { 40000, 20000, 10000, 20000, 30000 };
    struct buffer saved[2];
    for (int turn = 0; turn < 2; turn++) {
        struct world world;
        begin_bounded(&world, 3);
        struct strand strands[5];
        for (uint32_t i = 0; i < 5; i++) {
            uint32_t k = turn == 0 ? i : 4 - i;
            strands[i] = strand_of(TCP, 10 + k, 40000, 443);
            strands[i].last = lasts[k];
        }
        window(&world, 0, strands, 5);
        assert_true(world.exchange.evicted == 2);
        save(&world, &saved[turn]);
        for (uint32_t i = 0; i < 5; i++) {
            strands[i] = strand_of(TCP, 10 + i, 40000, 443);
        }
        window(&world, 1, strands, 5);
        static const bool is_first[] = { false, true, true, false, false };
        for (uint32_t i = 0; i < 5; i++) {
            assert_int_equal(world.rows[i].is_first, is_first[i]);
        }
        end(&world);
    }
    assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[1])));
    buffer_done(&saved[0]);
    buffer_done(&saved[1]);
}

static uint64_t random_next(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* 200 conversations of few keys, so that they return; by index and window alone. */
static void random_strand(struct strand *strand, uint64_t seed) {
    uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int i = 0; i < 4; i++) {
        random_next(&random);
    }
    *strand = strand_of(random % 5 == 0 ? UDP : TCP, (uint32_t)(random >> 8 & 31),
                        random >> 16 & 1 ? 443 : (uint16_t)(40000 + (random >> 20 & 3)),
                        random >> 24 & 1 ? 443 : (uint16_t)(50000 + (random >> 28 & 3)));
    if (random >> 45 & 1) {
        strand->peer.high = UINT64_C(0x20010db8) << 32;
    }
    strand->direction = random >> 32 & 1 ? DIRECTION_IN : DIRECTION_OUT;
    strand->is_rejected = (random >> 33 & 7) == 0;
    strand->first = (uint32_t)(random >> 40) % 50000;
    strand->last = strand->first + (uint32_t)(random >> 50) % 9000;
}

static int compare_u64(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

static int compare_strands(const void *a, const void *b) {
    return strand_compare(a, b);
}

/* Runs 30 windows over three nodes, nodes and strands in another order for each `turn`, with a
 * save and load in the middle of the second; what is left, as bytes. */
static void run_random(int turn, uint32_t entries_max, struct buffer *out) {
    struct world world;
    begin_bounded(&world, entries_max);
    for (int64_t number = 0; number < 30; number++) {
        open_window(&world, number + number / 7 * 2);
        for (uint32_t n = 0; n < 3; n++) {
            uint32_t node = turn == 0 ? n : 2 - n;
            struct strand strands[60];
            for (uint32_t i = 0; i < 60; i++) {
                random_strand(&strands[i], (uint64_t)number << 20 | node << 10 | i);
            }
            qsort(strands, 60, sizeof *strands, compare_strands);
            uint32_t count = 0; /* conversations stay together; their order is turned */
            for (uint32_t at = 60; at > 0 && turn > 0;) {
                uint32_t from = at - 1;
                while (from > 0 &&
                       strand_compare_conversation(&strands[from - 1], &strands[at - 1]) == 0) {
                    from--;
                }
                for (uint32_t i = from; i < at; i++) {
                    assert_true(exchange_take(&world.exchange, &strands[i], &err));
                    count++;
                }
                at = from;
            }
            take_node(&world, node, strands, count == 0 ? 60 : 0);
        }
        close_window(&world);
        if (turn == 2) {
            struct world other;
            struct buffer bytes;
            save(&world, &bytes);
            begin_bounded(&other, entries_max);
            struct cursor cursor = cursor_of(buffer_bytes(&bytes));
            assert_true(exchange_load(&other.exchange, &other.roster, &cursor, &err));
            assert_false(cursor.failed);
            assert_int_equal(cursor_left(&cursor), 0);
            buffer_done(&bytes);
            end(&world);
            world = other;
        }
    }
    save(&world, out);
    end(&world);
}

static void order_and_saving_between_windows_do_not_show(void **state) {
    (void)state;
    static const uint32_t bounds[] = { 1000, 97, 1 };
    for (size_t b = 0; b < 3; b++) {
        struct buffer saved[3];
        for (int turn = 0; turn < 3; turn++) {
            run_random(turn, bounds[b], &saved[turn]);
            assert_true(saved[turn].size > 100);
            assert_true(bytes_equal(buffer_bytes(&saved[0]), buffer_bytes(&saved[turn])));
        }
        for (int turn = 0; turn < 3; turn++) {
            buffer_done(&saved[turn]);
        }
    }
}

static void bytes_that_no_windows_give_are_refused(void **state) {
    (void)state;
    struct buffer saved;
    run_random(0, 1000, &saved);
    for (size_t i = 0; i < saved.size * 8; i += i < 2000 ? 1 : 37) {
        for (int is_cut = 0; is_cut < 2; is_cut++) {
            struct world world;
            begin(&world);
            saved.data[i / 8] ^= (uint8_t)(is_cut ? 0 : 1u << i % 8);
            struct cursor cursor = cursor_of(bytes_of(saved.data, is_cut ? i / 8 : saved.size));
            assert_true(exchange_load(&world.exchange, &world.roster, &cursor, &err));
            assert_true(!is_cut || cursor.failed);
            saved.data[i / 8] ^= (uint8_t)(is_cut ? 0 : 1u << i % 8);
            struct strand strand = strand_of(TCP, 9, 40000, 443);
            int64_t start_ms = world.exchange.window.end_ms + WINDOW_MS;
            exchange_begin(&world.exchange,
                           &(struct exchange_window){ start_ms, start_ms + WINDOW_MS, 0 });
            take_node(&world, 0, &strand, 1);
            close_window(&world);
            end(&world);
        }
    }
    buffer_done(&saved);
}

/* Ticks of 10 s with replies waited for as long: what begins in tick n is judged in tick n + 1.
 * Windows of 600 s: the reply time of all that begins before the last 70 s ends in the window. */
static void other_lengths_of_windows_judge_by_the_same_times(void **state) {
    (void)state;
    static const struct {
        int64_t window_ms, reply_ms;
        uint32_t first_ms;
        int64_t judged;
    } cases[] = {
        { 10000, EXCHANGE_TICK_REPLY_MS, 0, 1 },  { 10000, EXCHANGE_TICK_REPLY_MS, 9999, 1 },
        { 10000, EXCHANGE_REPLY_MS, 0, 7 },       { 600000, EXCHANGE_REPLY_MS, 529999, 0 },
        { 600000, EXCHANGE_REPLY_MS, 530000, 1 },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct world world;
        begin(&world);
        world.exchange.settings.reply_ms = cases[c].reply_ms;
        struct strand strand = strand_of(TCP, 9, 40000, 443);
        strand.first = strand.last = cases[c].first_ms >> 4;
        for (int64_t number = 0; number < 9; number++) {
            int64_t start_ms = (FIRST_WINDOW + number) * cases[c].window_ms;
            int64_t end_ms = start_ms + cases[c].window_ms;
            exchange_begin(&world.exchange, &(struct exchange_window){ start_ms, end_ms, 4 });
            take_node(&world, 0, &strand, number == 0);
            bool is_failed = world.count == 1 && world.rows[0].is_failed;
            if (is_failed != (number == cases[c].judged)) {
                fail_msg("case %zu, window %lld", c, (long long)number);
            }
            close_window(&world);
        }
        end(&world);
    }
}

static void many_conversations_outlive_growth_and_sweeps(void **state) {
    (void)state;
    struct world world;
    begin_bounded(&world, 100000);
    for (int64_t number = 0; number < 12; number++) {
        open_window(&world, number);
        for (uint32_t i = 0; i < 5000; i++) {
            /* 1,000 are seen in every window, the others in one. */
            uint32_t peer = i < 1000 ? i : (uint32_t)number * 5000 + i;
            struct strand strand = strand_of(TCP, peer, 40000, 443);
            assert_true(exchange_take(&world.exchange, &strand, &err));
        }
        take_node(&world, 0, NULL, 0);
        uint32_t first_count = 0;
        for (uint32_t i = 0; i < world.count; i++) {
            first_count += world.rows[i].is_first;
        }
        assert_int_equal(first_count, number == 0 ? 5000 : 4000);
        close_window(&world);
    }
    /* Open: the 1,000, and 4,000 each of the last two windows, idle for 59 and 119 s; those before
     * are idle for 179 s. */
    exchange_forget(&world.exchange, 2);
    assert_int_equal(world.exchange.entry_count, 1000 + 2 * 4000);
    assert_true(world.exchange.evicted == 0);
    end(&world);
}

/* More windows than generations: what was silent for 14 of them goes on, what was for 16 does not;
 * 300 others of each window lie beside it. */
static void ticks_are_kept_for_as_long_as_windows(void **state) {
    (void)state;
    for (int64_t pause = 14; pause <= 16; pause += 2) {
        struct world world;
        begin_bounded(&world, 100000);
        for (int64_t number = 0; number <= 40; number++) {
            int64_t start_ms = FIRST_WINDOW * WINDOW_MS + number * 10000;
            exchange_begin(&world.exchange,
                           &(struct exchange_window){ start_ms, start_ms + 10000, 0 });
            for (uint32_t i = 0; i < 301; i++) {
                uint32_t peer = i == 300 ? 9 : (uint32_t)(1000 + number * 300 + i);
                struct strand strand = strand_of(TCP, peer, 40000, 443);
                if (i < 300 || number % pause == 0) {
                    assert_true(exchange_take(&world.exchange, &strand, &err));
                }
            }
            take_node(&world, number % 2 == 0 ? 0 : 1, NULL, 0);
            for (uint32_t i = 0; i < world.count && number % 2 == 0; i++) {
                const struct exchange_row *row = &world.rows[i];
                if (row->key.peer.low == address_from_ipv4(9).low && row->packets[1] > 0) {
                    bool is_first = number == 0 || pause == 16;
                    assert_int_equal(row->is_first, is_first);
                }
            }
            close_window(&world);
            assert_true(world.exchange.generation_count <= EXCHANGE_GENERATIONS_MAX);
            assert_true(exchange_memory_bytes(&world.exchange) < 4 << 20);
        }
        assert_true(world.exchange.entry_count < 25 * 301);
        end(&world);
    }
}

/* Two keys whose hashes are equal in their upper halves, which is all that is kept of them. */
static void conversations_whose_hashes_meet_are_two(void **state) {
    (void)state;
    enum { COUNT = 400000 };
    uint64_t *hashes = calloc(COUNT, sizeof *hashes);
    struct strand strand = strand_of(TCP, 0, 40000, 443);
    for (uint32_t i = 0; i < COUNT; i++) {
        strand.peer = address_from_ipv4(i);
        hashes[i] = (strand_hash(&strand) & ~(uint64_t)UINT32_MAX) | i;
    }
    qsort(hashes, COUNT, sizeof *hashes, compare_u64);
    uint32_t at = 1;
    while (hashes[at] >> 32 != hashes[at - 1] >> 32) {
        at++;
        assert_true(at < COUNT);
    }
    struct world world;
    begin(&world);
    for (int64_t number = 0; number < 3; number++) {
        struct strand strands[2] = { strand, strand };
        strands[0].peer = address_from_ipv4((uint32_t)hashes[at - 1]);
        strands[1].peer = address_from_ipv4((uint32_t)hashes[at]);
        strands[1].bytes = 7;
        window(&world, number, &strands[number == 1], number == 0 ? 2 : 1);
        assert_int_equal(world.rows[0].is_first, number == 0);
        assert_int_equal(world.rows[0].bytes[1], number == 1 ? 7 : 100);
    }
    end(&world);
    free(hashes);
}

static void settings_have_bounds(void **state) {
    (void)state;
    static const struct exchange_settings bad[] = {
        { 0, 1 }, { 1u << 26, 1 }, { 1, 0 }, { 1, EXCHANGE_SILENCE_MS }
    };
    for (size_t i = 0; i < 4; i++) {
        struct exchange exchange;
        assert_false(exchange_init(&exchange, &bad[i], &err));
        assert_int_equal(err.code, ERROR_ARGUMENT);
        exchange_done(&exchange);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_of_a_key_are_one_row),
        cmocka_unit_test(a_conversation_is_new_after_150_seconds_of_silence),
        cmocka_unit_test(an_unanswered_conversation_is_judged_when_its_reply_time_ends),
        cmocka_unit_test(what_goes_on_unanswered_counts_as_it_comes),
        cmocka_unit_test(a_reply_within_the_time_leaves_nothing_to_judge),
        cmocka_unit_test(a_rejected_conversation_is_judged_at_once),
        cmocka_unit_test(a_small_answer_refuses_once_nothing_more_can_follow),
        cmocka_unit_test(half_open_is_said_once_by_flags_or_by_silence),
        cmocka_unit_test(a_port_that_many_used_before_this_window_serves),
        cmocka_unit_test(judgements_of_windows_without_the_node_are_passed),
        cmocka_unit_test(a_conversation_of_two_interfaces_is_one),
        cmocka_unit_test(marks_last_as_long_as_the_conversation),
        cmocka_unit_test(nodes_do_not_share_conversations),
        cmocka_unit_test(at_the_bound_the_longest_idle_go),
        cmocka_unit_test(order_and_saving_between_windows_do_not_show),
        cmocka_unit_test(bytes_that_no_windows_give_are_refused),
        cmocka_unit_test(other_lengths_of_windows_judge_by_the_same_times),
        cmocka_unit_test(many_conversations_outlive_growth_and_sweeps),
        cmocka_unit_test(ticks_are_kept_for_as_long_as_windows),
        cmocka_unit_test(conversations_whose_hashes_meet_are_two),
        cmocka_unit_test(settings_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
