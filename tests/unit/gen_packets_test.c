/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "ingest/packet.h"
#include "tests/gen/gen_packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define T0 UINT64_C(1700040000) /* a whole minute, in the morning */
#define MINUTES 4
#define NODES 14
#define LINK_ETHERNET 1

/* What is seen of a node: [in, out]. */
struct totals {
    uint64_t bytes[2];
    uint64_t packets[2];
};

static struct gen_fleet fleet;
static struct gen_events events;
static struct totals by_node[NODES];

/* A capture in memory, read frame by frame. */
struct capture {
    struct gen_pcap pcap;
    struct gen_packets packets;
    uint8_t *bytes;
    size_t size;
    size_t offset;
};

static void capture_init(struct capture *capture, uint64_t end_s) {
    *capture = (struct capture){ 0 };
    int descriptor = memfd_create("capture", 0);
    assert_true(descriptor >= 0);
    assert_true(gen_pcap_init(&capture->pcap, descriptor, "memory", GEN_FRAME_SIZE_MAX, NULL));
    gen_packets_init(&capture->packets, &fleet, &events, &capture->pcap, end_s);
}

static void capture_finish(struct capture *capture) {
    assert_true(gen_pcap_finish(&capture->pcap, NULL));
    off_t size = lseek(capture->pcap.descriptor, 0, SEEK_CUR);
    capture->size = (size_t)size;
    capture->bytes = malloc(capture->size);
    assert_non_null(capture->bytes);
    assert_true(pread(capture->pcap.descriptor, capture->bytes, capture->size, 0) == size);
    capture->offset = 24;
}

static void capture_done(struct capture *capture) {
    close(capture->pcap.descriptor);
    free(capture->bytes);
    gen_packets_done(&capture->packets);
    gen_pcap_done(&capture->pcap);
}

struct frame {
    uint64_t time_us;
    struct bytes bytes;
    uint32_t wire_size;
};

static bool capture_next(struct capture *capture, struct frame *frame) {
    if (capture->offset == capture->size) {
        return false;
    }
    const uint8_t *at = capture->bytes + capture->offset;
    frame->time_us = (uint64_t)get_u32(at) * 1000000 + get_u32(at + 4);
    frame->bytes = bytes_of(at + 16, get_u32(at + 8));
    frame->wire_size = get_u32(at + 12);
    capture->offset += 16 + frame->bytes.size;
    assert_true(capture->offset <= capture->size);
    return true;
}

static uint32_t node_of(struct address address) {
    for (uint32_t i = 0; i < fleet.node_count; i++) {
        if (address_equal(address, fleet.nodes[i].ipv4) ||
            address_equal(address, fleet.nodes[i].ipv6)) {
            return i;
        }
        for (uint32_t pod = 0; pod < fleet.nodes[i].pod_count; pod++) {
            if (address_equal(address, gen_fleet_pod(i, pod))) {
                return i;
            }
        }
    }
    return GEN_OUTSIDE;
}

static void count(uint32_t node, bool is_out, uint64_t bytes, uint64_t packets, int sign) {
    if (node != GEN_OUTSIDE) {
        by_node[node].bytes[is_out] += (uint64_t)sign * bytes;
        by_node[node].packets[is_out] += (uint64_t)sign * packets;
    }
}

static void plan(uint64_t seed) {
    memset(by_node, 0, sizeof by_node);
    events.count = 0;
    assert_true(gen_fleet_init(&fleet, seed, NODES, 2, NULL));
    assert_true(gen_events_plan(&events,
                                "dos web-2 1m 2m 5; exfil api-1 2m 2m 5; syn_flood web-1 0 1m 2",
                                &fleet, T0, T0 + MINUTES * 60, NULL));
}

/* Makes the fleet's minutes for a sink, writing packets where there are some to write. */
static void run_minutes(struct gen_sink sink, struct gen_packets *packets) {
    struct gen_traffic traffic;
    assert_true(gen_traffic_init(&traffic, &fleet, sink, T0, NULL));
    for (uint64_t minute_s = T0; minute_s < T0 + MINUTES * 60; minute_s += 60) {
        gen_events_minute(&events, &traffic, minute_s);
        gen_traffic_minute(&traffic, minute_s);
        assert_true(packets == NULL || gen_packets_write(packets, minute_s + 60, NULL));
    }
    gen_traffic_done(&traffic);
}

static void add_records(void) {
    struct gen_ring ring;
    gen_ring_init(&ring, &fleet, T0 + MINUTES * 60);
    run_minutes(gen_ring_sink(&ring), NULL);
    for (uint32_t minute = 0; minute < GEN_RING_MINUTES; minute++) {
        const struct gen_records *records = &ring.minutes[minute];
        for (uint32_t i = 0; i < records->count; i++) {
            const struct gen_record *row = &records->rows[i];
            count(row->node, row->is_egress, row->bytes, row->packets, 1);
        }
    }
    gen_ring_done(&ring);
}

static void subtract_packets(void) {
    struct capture capture;
    capture_init(&capture, T0 + MINUTES * 60);
    run_minutes(gen_packets_sink(&capture.packets), &capture.packets);
    capture_finish(&capture);
    struct frame frame;
    uint64_t before_us = T0 * 1000000;
    while (capture_next(&capture, &frame)) {
        struct packet packet;
        assert_int_equal(packet_decode(frame.bytes, frame.wire_size, LINK_ETHERNET,
                                       PACKET_TUNNELS_OUTER, &packet),
                         PACKET_DECODED);
        assert_int_equal(packet.bytes, frame.wire_size - GEN_ETHERNET_SIZE);
        assert_true(frame.time_us >= before_us);
        before_us = frame.time_us;
        count(node_of(packet.src), true, packet.bytes, 1, -1);
        count(node_of(packet.dst), false, packet.bytes, 1, -1);
    }
    assert_true(before_us < (T0 + MINUTES * 60) * 1000000);
    capture_done(&capture);
}

/* Whichever way conversations are written down: to the byte, for each node and direction. */
static void packets_and_records_of_a_fleet_are_the_same_traffic(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        plan(seed);
        add_records();
        uint64_t sum = 0;
        for (uint32_t node = 0; node < NODES; node++) {
            sum += by_node[node].bytes[0] + by_node[node].bytes[1];
        }
        assert_true(sum > 1000000);
        subtract_packets();
        for (uint32_t node = 0; node < NODES; node++) {
            for (int way = 0; way < 2; way++) {
                if (by_node[node].bytes[way] != 0 || by_node[node].packets[way] != 0) {
                    fail_msg("seed %d, %s, %s: off by %lld bytes, %lld packets", (int)seed,
                             fleet.nodes[node].name, way ? "out" : "in",
                             (long long)by_node[node].bytes[way],
                             (long long)by_node[node].packets[way]);
                }
            }
        }
        gen_fleet_done(&fleet);
    }
}

static struct gen_conversation call(uint8_t protocol, bool is_ipv6) {
    struct address client = { .high = UINT64_C(0x20010db8) << 32, .low = 1 };
    struct address server = { .high = UINT64_C(0x20010db8) << 32, .low = 2 };
    return (struct gen_conversation){
        .client = { .node = GEN_OUTSIDE,
                    .port = 40000,
                    .address = is_ipv6 ? client : address_from_ipv4(UINT32_C(0xc0000201)),
                    .packets = 6,
                    .bytes = 3000 },
        .server = { .node = GEN_OUTSIDE,
                    .port = 443,
                    .address = is_ipv6 ? server : address_from_ipv4(UINT32_C(0xc0000202)),
                    .packets = 5,
                    .bytes = 5001 },
        .protocol = protocol,
        .start_s = T0,
    };
}

static uint32_t word_sum(const uint8_t *at, size_t size) {
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    }
    return sum;
}

static uint32_t folded(uint32_t sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

static void checksums_are_those_of_a_payload_of_zeros(void **state) {
    (void)state;
    static const struct {
        uint8_t protocol;
        bool is_ipv6;
    } cases[] = { { 6, false }, { 6, true }, { 17, false }, { 17, true }, { 1, false } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct capture capture;
        capture_init(&capture, T0 + 60);
        struct gen_conversation conversation = call(cases[i].protocol, cases[i].is_ipv6);
        struct gen_sink sink = gen_packets_sink(&capture.packets);
        sink.take(sink.context, &conversation);
        assert_true(gen_packets_write(&capture.packets, T0 + 60, NULL));
        capture_finish(&capture);
        struct frame frame;
        uint32_t seen = 0;
        for (; capture_next(&capture, &frame); seen++) {
            const uint8_t *ip = frame.bytes.data + GEN_ETHERNET_SIZE;
            uint32_t ip_header = cases[i].is_ipv6 ? 40 : 20;
            uint32_t ip_size = frame.wire_size - GEN_ETHERNET_SIZE;
            assert_true(cases[i].is_ipv6 || folded(word_sum(ip, 20)) == 0xffff);
            uint32_t sum = cases[i].protocol == 1 ? 0
                           : cases[i].is_ipv6     ? word_sum(ip + 8, 32)
                                                  : word_sum(ip + 12, 8);
            sum += cases[i].protocol == 1 ? 0 : cases[i].protocol + ip_size - ip_header;
            sum += word_sum(ip + ip_header, frame.bytes.size - GEN_ETHERNET_SIZE - ip_header);
            assert_int_equal(folded(sum), 0xffff);
        }
        assert_int_equal(seen, 11);
        capture_done(&capture);
    }
}

/* Flags and numbers of a whole connection, in the order of time. */
static void a_connection_is_one_that_tcp_would_make(void **state) {
    (void)state;
    struct capture capture;
    capture_init(&capture, T0 + 60);
    struct gen_conversation conversation = call(6, false);
    struct gen_sink sink = gen_packets_sink(&capture.packets);
    sink.take(sink.context, &conversation);
    assert_true(gen_packets_write(&capture.packets, T0 + 60, NULL));
    capture_finish(&capture);
    struct frame frame;
    uint32_t next[2] = { 0 }; /* sequence number that the client, the server has to use */
    for (uint32_t i = 0; capture_next(&capture, &frame); i++) {
        const uint8_t *tcp = frame.bytes.data + GEN_ETHERNET_SIZE + 20;
        int from = tcp[0] << 8 == (443 & 0xff00) ? 1 : 0;
        uint32_t sequence =
            (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7];
        uint32_t acknowledged =
            (uint32_t)tcp[8] << 24 | (uint32_t)tcp[9] << 16 | (uint32_t)tcp[10] << 8 | tcp[11];
        uint8_t flags = tcp[13];
        assert_int_equal(flags & GEN_SYN ? 1 : 0, i < 2);
        assert_int_equal(flags & GEN_ACK ? 1 : 0, i > 0);
        assert_true(i < 2 || sequence == next[from]);
        assert_true(i == 0 || acknowledged == next[1 - from]);
        uint32_t payload = frame.wire_size - (uint32_t)frame.bytes.size;
        assert_int_equal(flags & GEN_PSH ? 1 : 0, payload > 0);
        next[from] = sequence + payload + (flags & (GEN_SYN | GEN_FIN) ? 1 : 0);
    }
    capture_done(&capture);
}

static void a_full_disk_is_told_at_the_end(void **state) {
    (void)state;
    struct gen_pcap pcap;
    struct error err = { 0 };
    int descriptor = open("/dev/full", O_WRONLY);
    if (descriptor < 0) {
        skip();
    }
    assert_true(gen_pcap_init(&pcap, descriptor, "full.pcap", 96, NULL));
    gen_pcap_put(&pcap, 1, bytes_text("12345678901234"), 14);
    assert_false(gen_pcap_finish(&pcap, &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, "full.pcap"));
    close(descriptor);
    gen_pcap_done(&pcap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_and_records_of_a_fleet_are_the_same_traffic),
        cmocka_unit_test(checksums_are_those_of_a_payload_of_zeros),
        cmocka_unit_test(a_connection_is_one_that_tcp_would_make),
        cmocka_unit_test(a_full_disk_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
