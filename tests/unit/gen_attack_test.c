/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of event, run by itself, has what defines it: how many conversations, peers and ports,
 * which way the bytes go, how large packets are, who answers. */
#include "gen_collector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#define T0 UINT64_C(1700006400) /* a midnight */
#define DAY UINT64_C(86400)

static struct gen_fleet fleet;
static struct gen_events events;
static struct gen_traffic traffic;
static struct collector collector;

static int set_up(void **state) {
    (void)state;
    return gen_fleet_init(&fleet, 5, 56, 2, NULL) &&
                   gen_traffic_init(&traffic, &fleet, collector_sink(&collector), T0, NULL)
               ? 0
               : -1;
}

static int tear_down(void **state) {
    (void)state;
    gen_traffic_done(&traffic);
    gen_fleet_done(&fleet);
    free(collector.rows);
    return 0;
}

/* Runs one event of a plan from its first minute to its last; the usual traffic is 1 MB a minute
 * each way. */
static void run(const char *plan) {
    memset(&events, 0, sizeof events);
    collector.count = 0;
    assert_true(gen_events_plan(&events, plan, &fleet, T0, T0 + 7 * DAY, NULL));
    const struct gen_event *event = &events.rows[0];
    for (uint32_t i = 0; i < fleet.node_count; i++) {
        traffic.sent_bytes[i] = (event->start_s - T0) / 60 * 1000000;
        traffic.received_bytes[i] = traffic.sent_bytes[i];
    }
    for (uint64_t at_s = event->start_s - 60; at_s <= event->start_s + event->duration_s;
         at_s += 60) {
        gen_events_minute(&events, &traffic, at_s);
    }
}

enum figure { CALLS, PEERS, PORTS, CLIENT_PORTS, ANSWERED, OUT_MB, IN_MB, PACKET, FIGURES };
static const char *const figure_names[FIGURES] = { "conversations", "peers",         "server ports",
                                                   "client ports",  "answered %",    "MB out",
                                                   "MB in",         "bytes a packet" };

static void measure(double out[FIGURES]) {
    uint32_t count = collector.count;
    assert_true(count > 0 && count < COLLECTED_MAX);
    uint64_t *values = calloc(3 * (size_t)count, sizeof *values);
    assert_non_null(values);
    uint64_t packets = 0;
    uint64_t bytes = 0;
    memset(out, 0, FIGURES * sizeof *out);
    out[CALLS] = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct gen_conversation *row = &collector.rows[i];
        bool is_ours = row->client.node == events.rows[0].node;
        const struct gen_end *own = is_ours ? &row->client : &row->server;
        const struct gen_end *peer = is_ours ? &row->server : &row->client;
        assert_int_equal(own->node, events.rows[0].node);
        assert_int_equal(row->event, 1);
        assert_true(row->start_s >= events.rows[0].start_s);
        assert_true(row->start_s < events.rows[0].start_s + events.rows[0].duration_s);
        assert_true(address_is_ipv4(own->address) == address_is_ipv4(peer->address));
        values[i] = peer->address.high ^ gen_mix(peer->address.low);
        values[count + i] = row->server.port;
        values[2 * (size_t)count + i] = row->client.port;
        out[ANSWERED] += row->server.packets > 0 && !row->is_refused && !row->is_rejected;
        out[OUT_MB] += (double)own->bytes / 1e6;
        out[IN_MB] += (double)peer->bytes / 1e6;
        packets += row->client.packets;
        bytes += row->client.bytes;
    }
    out[ANSWERED] *= 100.0 / count;
    out[PEERS] = collector_distinct(values, count);
    out[PORTS] = collector_distinct(values + count, count);
    out[CLIENT_PORTS] = collector_distinct(values + 2 * (size_t)count, count);
    out[PACKET] = (double)bytes / (double)packets;
    free(values);
}

static void every_kind_of_attack_has_the_figures_that_define_it(void **state) {
    (void)state;
    static const struct {
        const char *plan;
        double least[FIGURES];
        double most[FIGURES];
    } cases[] = {
        /* plan; conversations, peers, ports, client ports, answered, MB out, MB in, packet */
        { "exfil api-1 1d 30m 100",
          { 6, 1, 1, 2, 100, 2400, 40, 1500 },
          { 6, 1, 1, 6, 100, 3600, 160, 1500 } },
        { "exfil_10x api-1 1d 60m 10",
          { 12, 1, 1, 2, 100, 480, 8, 1500 },
          { 12, 1, 1, 12, 100, 720, 30, 1500 } },
        { "exfil_3x db-1 1d 60m 3",
          { 12, 1, 1, 2, 100, 144, 2, 1500 },
          { 12, 1, 1, 12, 100, 216, 10, 1500 } },
        { "exfil_known api-1 1d 30m 100",
          { 6, 2, 1, 2, 100, 2400, 40, 1500 },
          { 6, 2, 1, 6, 100, 3600, 160, 1500 } },
        /* Three minutes of ten, 2 MB each. */
        { "exfil_drip api-1 1d 1d 2",
          { 144, 1, 1, 100, 100, 690, 10, 1500 },
          { 144, 1, 1, 144, 100, 1040, 60, 1500 } },
        /* One minute of 25. */
        { "exfil_bursts api-1 1d 250m 100",
          { 20, 1, 1, 10, 100, 800, 10, 1500 },
          { 20, 1, 1, 20, 100, 1200, 60, 1500 } },
        /* The integral of 100^(t/T) over 4320 minutes is 4320 * 99 / ln 100 = 92,869 MB. */
        { "exfil_ramp api-1 1d 3d 100",
          { 864, 1, 1, 500, 100, 86000, 1000, 1495 },
          { 864, 1, 1, 864, 100, 95000, 4000, 1500 } },
        { "dns_fast api-1 1d 30m 5",
          { 100, 1, 1, 90, 95, 1, 1, 200 },
          { 200, 1, 1, 200, 100, 16, 8, 230 } },
        { "dns_slow api-1 1d 10h 1",
          { 500, 1, 1, 450, 95, 0.5, 0.3, 195 },
          { 700, 1, 1, 700, 100, 5, 3, 215 } },
        { "spam api-1 1d 30m 100",
          { 2700, 2600, 1, 2000, 70, 10, 1, 100 },
          { 3300, 3300, 1, 3300, 80, 200, 20, 1400 } },
        { "scan_fast api-1 1d 10m 1000",
          { 9500, 9400, 1, 7000, 0.5, 0.5, 0, 40 },
          { 10500, 10500, 1, 10500, 3, 3, 1, 120 } },
        { "scan_slow api-1 1d 8h 4",
          { 1750, 1700, 1, 1500, 0.5, 0.1, 0, 40 },
          { 2100, 2100, 1, 2100, 3, 1, 1, 120 } },
        { "scan_vertical api-1 1d 10m 500",
          { 4700, 1, 4700, 3500, 0, 0.2, 0.05, 40 },
          { 5300, 1, 5300, 5300, 2, 1, 1, 80 } },
        { "scan_lateral api-1 1d 20m 100",
          { 1800, 100, 8, 1500, 1, 0.1, 0, 40 },
          { 2200, 176, 8, 2200, 6, 1, 1, 160 } },
        { "brute_ssh api-1 1d 30m 60",
          { 1650, 3, 1, 1500, 94, 3, 3, 100 },
          { 1950, 3, 1, 1950, 98, 10, 10, 700 } },
        { "flood_out api-1 1d 10m 10",
          { 70, 1, 1, 70, 0, 300, 0, 300 },
          { 130, 1, 1, 130, 0, 2000, 0, 1100 } },
        { "dos web-1 1d 5m 100",
          { 2000, 390, 1, 1500, 0, 0, 400, 1200 },
          { 2000, 400, 1, 2000, 0, 0, 610, 1200 } },
        { "syn_flood web-1 1d 5m 20",
          { 10000, 1950, 1, 7000, 0, 0, 80, 60 },
          { 10000, 2000, 1, 10000, 0, 0, 125, 60 } },
        { "amplification web-1 1d 5m 300",
          { 1350, 450, 500, 1, 0, 0, 50, 700 },
          { 1650, 500, 1650, 1, 0, 0, 200, 1200 } },
        { "request_flood web-1 1d 5m 500",
          { 2300, 550, 1, 1900, 90, 20, 1, 60 },
          { 2700, 600, 1, 2700, 98, 400, 60, 500 } },
        { "beacon api-1 1d 10h",
          { 595, 1, 1, 500, 100, 0.3, 0.3, 60 },
          { 605, 1, 1, 605, 100, 2, 2, 300 } },
        { "mining api-1 1d 10h",
          { 600, 1, 1, 1, 100, 0.5, 1, 60 },
          { 600, 1, 1, 1, 100, 5, 8, 1000 } },
        /* Benign. */
        { "backup db-1 1d 30m 100",
          { 12, 4, 1, 4, 100, 2400, 40, 1500 },
          { 12, 4, 1, 12, 100, 3600, 160, 1500 } },
        { "backup_new db-1 1d 30m 100",
          { 6, 1, 1, 2, 100, 2400, 40, 1500 },
          { 6, 1, 1, 6, 100, 3600, 160, 1500 } },
        { "deploy api-1 1d 6m 10",
          { 12, 3, 1, 6, 100, 1, 48, 30 },
          { 12, 3, 1, 12, 100, 10, 72, 110 } },
        { "retry_storm api-1 1d 10m 200",
          { 1850, 1, 1, 1500, 0, 0.05, 0, 50 },
          { 2150, 1, 1, 2150, 0, 1, 0.2, 60 } },
        { "dns_storm api-1 1d 5m 500",
          { 2350, 1, 1, 1900, 66, 0.1, 0.2, 50 },
          { 2650, 1, 1, 2650, 74, 1, 1, 120 } },
        /* Two thirds of 60 * 200 under a parabola. */
        { "newsletter mail-1 1d 1h 200",
          { 7500, 1000, 1, 6000, 93, 100, 1, 200 },
          { 8500, 8000, 1, 8500, 97, 1000, 40, 1500 } },
        { "failover db-1 1d 20m 20",
          { 6, 1, 1, 2, 100, 320, 5, 1500 },
          { 6, 1, 1, 6, 100, 480, 30, 1500 } },
        { "downloads web-1 1d 20m 50",
          { 12, 2, 1, 6, 100, 800, 5, 30 },
          { 12, 12, 1, 12, 100, 1200, 60, 110 } },
        { "upload api-1 1d 3m 5",
          { 1, 1, 1, 1, 100, 12, 0, 1500 },
          { 1, 1, 1, 1, 100, 18, 1, 1500 } },
        { "region_move db-1 1d 1h 50",
          { 24, 4, 1, 4, 100, 2400, 40, 1500 },
          { 24, 6, 1, 24, 100, 3600, 160, 1500 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(cases[i].plan);
        double got[FIGURES];
        measure(got);
        for (int figure = 0; figure < FIGURES; figure++) {
            if (got[figure] < cases[i].least[figure] || got[figure] > cases[i].most[figure]) {
                fail_msg("%s: %s is %g, expected %g to %g", cases[i].plan, figure_names[figure],
                         got[figure], cases[i].least[figure], cases[i].most[figure]);
            }
        }
    }
}

static void some_who_take_data_have_ipv6_and_are_told_apart_by_event(void **state) {
    (void)state;
    uint32_t ipv6 = 0;
    uint64_t lows[400];
    for (uint32_t i = 0; i < 400; i++) {
        const struct gen_event event = { .kind = GEN_EVENT_EXFIL_10X, .start_s = T0 + 60 * i };
        struct address peer = gen_event_peer(&event, fleet.seed, 0);
        ipv6 += !address_is_ipv4(peer);
        lows[i] = peer.low;
    }
    /* A quarter; and 12,288 IPv4 addresses for the rest. */
    assert_true(ipv6 > 70 && ipv6 < 130);
    assert_true(collector_distinct(lows, 400) > 380);
}

static void beats_keep_their_gap_within_a_tenth(void **state) {
    (void)state;
    run("beacon api-1 1d 10h");
    uint64_t gap_s = events.rows[0].gap_s;
    for (uint32_t i = 1; i < collector.count; i++) {
        uint64_t passed_s = collector.rows[i].start_s - collector.rows[i - 1].start_s;
        assert_true(passed_s >= gap_s - gap_s / 10 - 1 && passed_s <= gap_s + gap_s / 10 + 1);
    }
}

static void a_ramp_grows_in_each_of_its_thirds(void **state) {
    (void)state;
    run("exfil_ramp api-1 1d 3d 100");
    double bytes[3] = { 0 };
    for (uint32_t i = 0; i < collector.count; i++) {
        uint64_t day = (collector.rows[i].start_s - events.rows[0].start_s) / DAY;
        bytes[day < 3 ? day : 2] += (double)collector.rows[i].client.bytes;
    }
    /* A day is a factor of 100^(1/3) = 4.64. */
    assert_true(bytes[1] / bytes[0] > 4.2 && bytes[1] / bytes[0] < 5.1);
    assert_true(bytes[2] / bytes[1] > 4.2 && bytes[2] / bytes[1] < 5.1);
}

static void a_refused_call_is_a_syn_and_a_reset(void **state) {
    (void)state;
    run("retry_storm api-1 1d 2m 200");
    uint32_t refused = 0;
    for (uint32_t i = 0; i < collector.count; i++) {
        const struct gen_conversation *row = &collector.rows[i];
        if (row->is_refused) {
            assert_int_equal(row->client.packets, 1);
            assert_int_equal(row->server.packets, 1);
            refused++;
        }
        assert_int_equal(fleet.nodes[row->server.node].role, GEN_DB);
    }
    assert_true(refused > collector.count * 7 / 10);
}

static void a_crowd_multiplies_and_a_gap_silences_for_their_minutes_only(void **state) {
    (void)state;
    memset(&events, 0, sizeof events);
    collector.count = 0;
    assert_true(gen_events_plan(&events,
                                "flash_crowd web-1 1h 20m 5; log_gap db-1 1h 20m; "
                                "log_skip db-2 1h 20m",
                                &fleet, T0, T0 + DAY, NULL));
    uint32_t web = gen_fleet_find(&fleet, "web-1");
    uint32_t gone = gen_fleet_find(&fleet, "db-1");
    uint32_t half = gen_fleet_find(&fleet, "db-2");
    gen_events_minute(&events, &traffic, T0 + 3600 + 10 * 60);
    assert_true(traffic.boosts[web] > 4.9 && traffic.boosts[web] <= 5);
    assert_int_equal(events.gaps[gone], GEN_GAP_WHOLE);
    assert_int_equal(events.gaps[half], GEN_GAP_HALF);
    gen_events_minute(&events, &traffic, T0 + 3600 + 20 * 60);
    assert_true(traffic.boosts[web] == 1);
    assert_int_equal(events.gaps[gone], GEN_GAP_NONE);
    assert_int_equal(events.gaps[half], GEN_GAP_NONE);
    assert_int_equal(collector.count, 0);
}

static void every_kind_has_a_name_of_its_own_and_its_row_is_whole(void **state) {
    (void)state;
    for (uint32_t i = 0; i < GEN_EVENT_KIND_COUNT; i++) {
        const struct gen_event_row *row = gen_event_row((enum gen_event_kind)i);
        enum gen_event_kind found;
        assert_true(gen_event_parse_kind(row->name, strlen(row->name), &found));
        assert_int_equal(found, i);
        assert_true((row->class != NULL) == (i < GEN_EVENT_ATTACK_COUNT));
        assert_true((row->part != NULL) == (i >= GEN_EVENT_ATTACK_COUNT));
        assert_true(row->minutes_min > 0 && row->minutes_min <= row->minutes_max);
        assert_true(row->fold_min > 0 && row->fold_min <= row->fold_max);
        assert_true(row->nodes_min > 0 && row->nodes_min <= row->nodes_max);
        assert_true(row->nodes_max <= GEN_EVENT_NODES_MAX);
        assert_true(row->roles != 0);
        assert_true(!row->is_port_each || row->ports[GEN_EVENT_PORTS_MAX - 1] != 0);
        bool has_set = row->peers == GEN_PEERS_OWN || row->peers == GEN_PEERS_KNOWN ||
                       row->peers == GEN_PEERS_PARTNER;
        bool is_flow = row->engine == GEN_TRANSFER || row->engine == GEN_CALLS;
        assert_true(!is_flow || has_set == (row->peer_count > 0));
        assert_true(row->engine != GEN_TRANSFER || (row->streams > 0 && row->minutes > 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_attack_has_the_figures_that_define_it),
        cmocka_unit_test(some_who_take_data_have_ipv6_and_are_told_apart_by_event),
        cmocka_unit_test(beats_keep_their_gap_within_a_tenth),
        cmocka_unit_test(a_ramp_grows_in_each_of_its_thirds),
        cmocka_unit_test(a_refused_call_is_a_syn_and_a_reset),
        cmocka_unit_test(a_crowd_multiplies_and_a_gap_silences_for_their_minutes_only),
        cmocka_unit_test(every_kind_has_a_name_of_its_own_and_its_row_is_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
