/* SPDX-License-Identifier: Apache-2.0 */
/* Small captures, made here octet by octet, through the whole source. */
#include "ingest/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define T0 UINT32_C(1772000000) /* seconds */
#define UDP_SIZE 100u           /* IP length of each packet made here */
#define RAW_IP 101u
#define ETHERNET 1u

/* ---- captures ---- */

static void put_be16(struct buffer *out, uint32_t value) {
    buffer_u8(out, (uint8_t)(value >> 8));
    buffer_u8(out, (uint8_t)value);
}

static void put_be32(struct buffer *out, uint32_t value) {
    put_be16(out, value >> 16);
    put_be16(out, value & 0xffff);
}

static struct buffer pcap_new(uint32_t link_type) {
    struct buffer out;
    buffer_init(&out, (size_t)64 << 20);
    buffer_u32(&out, 0xa1b2c3d4);
    buffer_u16(&out, 2);
    buffer_u16(&out, 4);
    buffer_u32(&out, 0);
    buffer_u32(&out, 0);
    buffer_u32(&out, 65535);
    buffer_u32(&out, link_type);
    return out;
}

static void put_record(struct buffer *out, int64_t at_ms, uint32_t captured, uint32_t wire) {
    buffer_u32(out, (uint32_t)(T0 + at_ms / 1000));
    buffer_u32(out, (uint32_t)(at_ms % 1000 * 1000));
    buffer_u32(out, captured);
    buffer_u32(out, wire);
}

struct udp {
    uint32_t src;
    uint16_t src_port;
    uint32_t dst;
    uint16_t dst_port;
    uint16_t id;     /* of a fragment */
    uint16_t offset; /* flags and offset, as in the header */
};

/* 28 octets: an IPv4 header, and a UDP one or the front of a fragment's octets. */
static void put_udp(struct buffer *out, const struct udp *udp) {
    put_be16(out, 0x4500);
    put_be16(out, UDP_SIZE);
    put_be16(out, udp->id);
    put_be16(out, udp->offset);
    put_be16(out, 64 << 8 | 17);
    put_be16(out, 0);
    put_be32(out, udp->src);
    put_be32(out, udp->dst);
    put_be16(out, udp->src_port);
    put_be16(out, udp->dst_port);
    put_be16(out, UDP_SIZE - 20);
    put_be16(out, 0);
}

static void put_packet(struct buffer *out, int64_t at_ms, struct udp udp) {
    put_record(out, at_ms, 28, UDP_SIZE);
    put_udp(out, &udp);
}

#define OURS 0x0a000001u     /* 10.0.0.1 */
#define OURS_TOO 0x0a000002u /* 10.0.0.2 */
#define STRANGER 0x08080808u /* 8.8.8.8 */
#define STRANGER_2 0x08080404u
#define LOOPBACK 0x7f000001u
#define MULTICAST 0xe00000fbu
#define LINK_LOCAL 0xa9fe0101u

/* ---- what comes out ---- */

struct run {
    struct source_counts counts; /* sums */
    struct source_result last;
    struct source_reject reject; /* the first */
    uint32_t batch_count;
    struct batch batch; /* the records of all batches, while they fit into one */
};

static void run_with(struct buffer *capture, const struct source_options *options,
                     struct run *run) {
    struct input *input;
    struct source *source;
    struct batch batch;
    struct error err = { 0 };
    *run = (struct run){ 0 };
    assert_true(input_open_bytes(&input, buffer_bytes(capture), &err));
    if (!capture_source.open(&source, input, bytes_text("feed"), options, &err)) {
        fail_msg("%s", err.message);
    }
    assert_true(batch_init(&batch, NULL) && batch_init(&run->batch, NULL));
    do {
        assert_true(capture_source.next(source, &batch, &run->last, &err));
        assert_true(batch_check(&batch, &err));
        run->batch_count++;
        if (run->last.reject_count > 0 && run->reject.line == 0) {
            run->reject = run->last.rejects[0];
        }
        source_counts_add(&run->counts, &run->last.counts);
        if (batch_has_room(&run->batch, batch.count)) {
            assert_true(batch_append(&run->batch, &batch, 0, batch.count, &err));
        }
    } while (!run->last.is_end);
    batch_done(&batch);
    capture_source.close(source);
    buffer_done(capture);
}

static void run_plain(struct buffer *capture, struct run *run) {
    struct source_options options = { .active_timeout_ms = 60000, .idle_timeout_ms = 15000 };
    run_with(capture, &options, run);
}

/* "10.0.0.1:5 > 8.8.8.8:53 out 2 packets node 10.0.0.1 log feed", then " twin". */
static void assert_row(const struct run *run, uint32_t i, const char *want) {
    static const char *const DIRECTIONS[] = { "?", "in", "out" };
    const struct batch *batch = &run->batch;
    char src[ADDRESS_TEXT_SIZE];
    char dst[ADDRESS_TEXT_SIZE];
    char got[256];
    assert_true(i < batch->count);
    src[address_format(batch->addresses.values[batch->src[i]], src)] = '\0';
    dst[address_format(batch->addresses.values[batch->dst[i]], dst)] = '\0';
    struct bytes node = batch->nodes[batch->node[i]].name;
    struct bytes log = batch->flow_logs[batch->flow_log[i]];
    (void)snprintf(got, sizeof got, "%s:%u > %s:%u %s %llu packets node %.*s log %.*s%s", src,
                   batch->src_port[i], dst, batch->dst_port[i], DIRECTIONS[batch->direction[i]],
                   (unsigned long long)batch->packets[i], (int)node.size, (const char *)node.data,
                   (int)log.size, (const char *)log.data,
                   (batch->quality[i] & QUALITY_TWIN) != 0 ? " twin" : "");
    assert_string_equal(got, want);
}

static void an_empty_capture_has_nothing(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 0);
    assert_int_equal(run.counts.packets, 0);
    assert_false(run.last.is_damaged);
    batch_done(&run.batch);
}

static void a_conversation_with_a_stranger_is_a_record_a_way(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 7, (struct udp){ STRANGER, 53, OURS, 5000, 0, 0 });
    put_packet(&capture, 9, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 2);
    assert_row(&run, 0, "8.8.8.8:53 > 10.0.0.1:5000 in 1 packets node 10.0.0.1 log feed");
    assert_row(&run, 1, "10.0.0.1:5000 > 8.8.8.8:53 out 2 packets node 10.0.0.1 log feed");
    const struct batch *batch = &run.batch;
    assert_int_equal(batch->start_ms[1], T0 * INT64_C(1000));
    assert_int_equal(batch->end_ms[1], T0 * INT64_C(1000) + 9);
    assert_int_equal(batch->bytes[1], 2 * UDP_SIZE);
    assert_int_equal(batch->initiator[0], INITIATOR_DST);
    assert_int_equal(batch->initiator[1], INITIATOR_SRC);
    assert_int_equal(batch->quality[1], QUALITY_INITIATOR_INFERRED);
    assert_int_equal(batch->action[1], ACTION_UNKNOWN);
    assert_true(bytes_equal(batch->nodes[0].interface, bytes_text("10.0.0.1")));
    assert_int_equal(batch->nodes[0].own_count, 1);
    assert_int_equal(run.counts.packets, 3);
    assert_int_equal(run.counts.decoded, 3);
    assert_int_equal(run.counts.bytes, 3 * UDP_SIZE);
    assert_int_equal(run.counts.frame_bytes, 3 * UDP_SIZE);
    assert_int_equal(run.counts.records, 2);
    batch_done(&run.batch);
}

static void between_two_nodes_each_has_its_record_and_one_is_a_twin(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS_TOO, 5000, OURS, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 2);
    assert_row(&run, 0, "10.0.0.2:5000 > 10.0.0.1:53 out 1 packets node 10.0.0.2 log feed");
    assert_row(&run, 1, "10.0.0.2:5000 > 10.0.0.1:53 in 1 packets node 10.0.0.1 log feed twin");
    assert_int_equal(run.counts.bytes, UDP_SIZE);
    assert_int_equal(run.counts.records, 2);
    batch_done(&run.batch);
}

static void what_belongs_to_no_node_is_the_feed_s_without_a_direction(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ STRANGER, 5000, STRANGER_2, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 1);
    assert_row(&run, 0, "8.8.8.8:5000 > 8.8.4.4:53 ? 1 packets node feed log feed");
    assert_int_equal(run.counts.direction_unknown, 1);
    batch_done(&run.batch);
}

static void addresses_that_every_machine_has_are_never_nodes(void **state) {
    (void)state;
    static const uint32_t NEVER[] = { LOOPBACK, MULTICAST, LINK_LOCAL, UINT32_MAX, 0 };
    struct prefix all;
    assert_true(prefix_parse(bytes_text("0.0.0.0/0"), &all, NULL));
    struct source_options options = { .locals = &all, .local_count = 1 };
    for (size_t i = 0; i < sizeof NEVER / sizeof *NEVER; i++) {
        struct run run;
        struct buffer capture = pcap_new(RAW_IP);
        put_packet(&capture, 0, (struct udp){ NEVER[i], 1, NEVER[(i + 1) % 5], 2, 0, 0 });
        run_with(&capture, &options, &run);
        assert_int_equal(run.batch.count, 1);
        assert_int_equal(run.batch.direction[0], DIRECTION_UNKNOWN);
        batch_done(&run.batch);
    }
}

static void local_prefixes_are_nodes_and_nothing_else_is(void **state) {
    (void)state;
    struct run run;
    struct prefix locals[2];
    assert_true(prefix_parse(bytes_text("8.8.8.0/24"), &locals[0], NULL));
    assert_true(prefix_parse(bytes_text("10.0.0.2"), &locals[1], NULL));
    struct source_options options = { .locals = locals, .local_count = 2 };
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 1, (struct udp){ OURS, 5000, OURS_TOO, 53, 0, 0 });
    put_packet(&capture, 2, (struct udp){ OURS, 5000, STRANGER_2, 53, 0, 0 });
    run_with(&capture, &options, &run);
    assert_row(&run, 0, "10.0.0.1:5000 > 8.8.8.8:53 in 1 packets node 8.8.8.8 log feed");
    assert_row(&run, 1, "10.0.0.1:5000 > 10.0.0.2:53 in 1 packets node 10.0.0.2 log feed");
    assert_row(&run, 2, "10.0.0.1:5000 > 8.8.4.4:53 ? 1 packets node feed log feed");
    batch_done(&run.batch);
}

/* T0 is 2026-02-25T06:13:20Z. */
static void an_inventory_names_nodes_as_of_the_time(void **state) {
    (void)state;
    struct run run;
    struct inventory *inventory;
    assert_true(inventory_open_bytes(&inventory, "nodes",
                                     bytes_text("node,match,role,from,to\n"
                                                "old,10.0.0.1,db,,2026-02-25T06:13:30Z\n"
                                                "new,10.0.0.1,web,2026-02-25T06:13:30Z,\n"),
                                     NULL));
    struct source_options options = { .inventory = inventory, .idle_timeout_ms = 1000 };
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 20000, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 20001, (struct udp){ OURS_TOO, 5000, STRANGER, 53, 0, 0 });
    run_with(&capture, &options, &run);
    assert_row(&run, 0, "10.0.0.1:5000 > 8.8.8.8:53 out 1 packets node old log feed");
    assert_row(&run, 1, "10.0.0.1:5000 > 8.8.8.8:53 out 1 packets node new log feed");
    assert_row(&run, 2, "10.0.0.2:5000 > 8.8.8.8:53 ? 1 packets node feed log feed");
    assert_true(bytes_equal(run.batch.nodes[run.batch.node[1]].role, bytes_text("web")));
    assert_true(bytes_equal(run.batch.nodes[run.batch.node[1]].interface, bytes_text("10.0.0.1")));
    batch_done(&run.batch);
    inventory_free(inventory);
}

static void an_inventory_labels_addresses_with_their_pods(void **state) {
    (void)state;
    struct run run;
    struct inventory *inventory;
    assert_true(inventory_open_bytes(&inventory, "nodes",
                                     bytes_text("node,match,pod,workload\n"
                                                "n1,10.0.0.1,web-1,web\n"),
                                     NULL));
    struct source_options options = { .inventory = inventory, .idle_timeout_ms = 1000 };
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    run_with(&capture, &options, &run);
    const struct batch *batch = &run.batch;
    const struct batch_label *label = &batch->labels[batch->src[0]];
    assert_true(bytes_equal(batch->strings[label->pod], bytes_text("web-1")));
    assert_true(bytes_equal(batch->strings[label->workload], bytes_text("web")));
    assert_int_equal(batch->labels[batch->dst[0]].pod, 0);
    batch_done(&run.batch);
    inventory_free(inventory);
}

static void all_pieces_of_a_datagram_count_to_its_flow(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 7, 0x2000 });
    put_packet(&capture, 1, (struct udp){ OURS, 1, STRANGER, 2, 7, 0x2000 | 10 });
    put_packet(&capture, 2, (struct udp){ OURS, 3, STRANGER, 4, 7, 20 });
    put_packet(&capture, 3, (struct udp){ OURS, 3, STRANGER, 4, 8, 20 });
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 2);
    assert_row(&run, 0, "10.0.0.1:5000 > 8.8.8.8:53 out 3 packets node 10.0.0.1 log feed");
    assert_row(&run, 1, "10.0.0.1:0 > 8.8.8.8:0 out 1 packets node 10.0.0.1 log feed");
    batch_done(&run.batch);
}

static void a_malformed_frame_is_a_reject_with_its_number(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(ETHERNET);
    put_record(&capture, 0, 14, 60); /* ARP */
    put_be32(&capture, 0xffffffff);
    put_be32(&capture, 0xffff0200);
    put_be32(&capture, 0x00000001);
    put_be16(&capture, 0x0806);
    put_record(&capture, 1, 15, 60); /* IPv4, of which one octet was captured */
    put_be32(&capture, 0);
    put_be32(&capture, 0);
    put_be32(&capture, 0);
    put_be16(&capture, 0x0800);
    buffer_u8(&capture, 0x45);
    run_plain(&capture, &run);
    assert_int_equal(run.counts.packets, 2);
    assert_int_equal(run.counts.not_ip, 1);
    assert_int_equal(run.counts.malformed, 1);
    assert_int_equal(run.counts.rejects[REJECT_FRAME], 1);
    assert_int_equal(run.reject.reason, REJECT_FRAME);
    assert_int_equal(run.reject.line, 2);
    assert_string_equal(run.reject.excerpt, "link type 1: 000000000000000000000000080045");
    batch_done(&run.batch);
}

static void a_link_type_that_is_not_known_is_warned_of_once(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(147); /* for private use */
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 1, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_int_equal(run.counts.not_ip, 2);
    assert_string_equal(run.last.warning,
                        "link type 147 is not known: 2 frames were not looked into");
    batch_done(&run.batch);
}

static void the_bound_of_open_flows_is_said_and_loses_nothing(void **state) {
    (void)state;
    struct run run;
    struct source_options options = { .flows_max = 2 };
    struct buffer capture = pcap_new(RAW_IP);
    for (uint16_t port = 1; port <= 5; port++) {
        put_packet(&capture, port, (struct udp){ OURS, port, STRANGER, 53, 0, 0 });
    }
    run_with(&capture, &options, &run);
    assert_int_equal(run.batch.count, 5);
    assert_string_equal(run.last.warning,
                        "open flows reached --flows-max 2 times, and were cut there");
    batch_done(&run.batch);
}

static void a_capture_that_is_cut_short_gives_what_it_held(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 1, (struct udp){ OURS, 5001, STRANGER, 53, 0, 0 });
    capture.size -= 5;
    run_plain(&capture, &run);
    assert_true(run.last.is_damaged);
    assert_non_null(strstr(run.last.damage.message, "offset"));
    assert_int_equal(run.batch.count, 1);
    batch_done(&run.batch);
}

static void more_flows_than_a_batch_holds_come_in_several(void **state) {
    (void)state;
    enum { FLOWS = 70000 };
    struct run run;
    struct source_options options = { .tick_ms = 60000 };
    struct buffer capture = pcap_new(RAW_IP);
    for (uint32_t i = 0; i < FLOWS; i++) {
        put_packet(&capture, 1, (struct udp){ OURS, (uint16_t)i, STRANGER + (i >> 16), 53, 0, 0 });
    }
    run_with(&capture, &options, &run);
    assert_int_equal(run.counts.records, FLOWS);
    assert_int_equal(run.counts.decoded, FLOWS);
    assert_true(run.batch_count >= 3);
    batch_done(&run.batch);
}

/* So that addresses, which are the other bound, end batches too. */
static void more_addresses_than_a_batch_holds_come_in_several(void **state) {
    (void)state;
    enum { FLOWS = 70000 };
    struct run run;
    struct source_options options = { .tick_ms = 60000 };
    struct buffer capture = pcap_new(RAW_IP);
    for (uint32_t i = 0; i < FLOWS; i++) {
        put_packet(&capture, 1, (struct udp){ OURS + i, 1, STRANGER + i, 53, 0, 0 });
    }
    run_with(&capture, &options, &run);
    assert_int_equal(run.counts.records, FLOWS);
    batch_done(&run.batch);
}

static void a_flow_over_a_tick_is_a_record_on_each_side(void **state) {
    (void)state;
    struct run run;
    struct source_options options = { .tick_ms = 10000 };
    struct buffer capture = pcap_new(RAW_IP);
    put_packet(&capture, 9998, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_packet(&capture, 10003, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    run_with(&capture, &options, &run);
    assert_int_equal(run.batch.count, 2);
    assert_int_equal(run.batch.end_ms[0], T0 * INT64_C(1000) + 9998);
    assert_int_equal(run.batch.start_ms[1], T0 * INT64_C(1000) + 10003);
    batch_done(&run.batch);
}

/* ---- pcapng ---- */

static void put_interface(struct buffer *out, const char *name) {
    uint32_t padded = ((uint32_t)strlen(name) + 3) & ~3u;
    uint32_t size = 20 + (name[0] == '\0' ? 0 : 8 + padded);
    buffer_u32(out, 1);
    buffer_u32(out, size);
    buffer_u16(out, RAW_IP);
    buffer_u16(out, 0);
    buffer_u32(out, 0);
    if (name[0] != '\0') {
        buffer_u16(out, 2); /* if_name */
        buffer_u16(out, (uint16_t)strlen(name));
        buffer_put(out, name, strlen(name));
        buffer_put(out, "\0\0\0", padded - strlen(name));
        buffer_u32(out, 0); /* end of options */
    }
    buffer_u32(out, size);
}

static void put_enhanced(struct buffer *out, uint32_t interface, struct udp udp) {
    uint64_t time_us = (uint64_t)T0 * 1000000;
    buffer_u32(out, 6);
    buffer_u32(out, 32 + 28);
    buffer_u32(out, interface);
    buffer_u32(out, (uint32_t)(time_us >> 32));
    buffer_u32(out, (uint32_t)time_us);
    buffer_u32(out, 28);
    buffer_u32(out, UDP_SIZE);
    put_udp(out, &udp);
    buffer_u32(out, 32 + 28);
}

static struct buffer pcapng_new(void) {
    struct buffer out;
    buffer_init(&out, (size_t)1 << 20);
    buffer_u32(&out, 0x0a0d0d0a);
    buffer_u32(&out, 28);
    buffer_u32(&out, 0x1a2b3c4d);
    buffer_u16(&out, 1);
    buffer_u16(&out, 0);
    buffer_u64(&out, UINT64_MAX);
    buffer_u32(&out, 28);
    return out;
}

static void each_interface_of_several_is_a_log_of_its_own(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcapng_new();
    put_interface(&capture, "eth0");
    put_interface(&capture, "");
    put_enhanced(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_enhanced(&capture, 1, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_int_equal(run.batch.count, 2);
    assert_row(&run, 0, "10.0.0.1:5000 > 8.8.8.8:53 out 1 packets node 10.0.0.1 log feed/eth0");
    assert_row(&run, 1, "10.0.0.1:5000 > 8.8.8.8:53 out 1 packets node 10.0.0.1 log feed/#1");
    assert_int_equal(run.batch.node[0], run.batch.node[1]);
    batch_done(&run.batch);
}

static void an_interface_that_is_alone_is_the_feed_s_log_for_good(void **state) {
    (void)state;
    struct run run;
    struct buffer capture = pcapng_new();
    put_interface(&capture, "eth0");
    put_enhanced(&capture, 0, (struct udp){ OURS, 5000, STRANGER, 53, 0, 0 });
    put_interface(&capture, "eth1");
    put_enhanced(&capture, 0, (struct udp){ OURS, 5001, STRANGER, 53, 0, 0 });
    put_enhanced(&capture, 1, (struct udp){ OURS, 5002, STRANGER, 53, 0, 0 });
    run_plain(&capture, &run);
    assert_row(&run, 0, "10.0.0.1:5000 > 8.8.8.8:53 out 1 packets node 10.0.0.1 log feed");
    assert_row(&run, 1, "10.0.0.1:5001 > 8.8.8.8:53 out 1 packets node 10.0.0.1 log feed");
    assert_row(&run, 2, "10.0.0.1:5002 > 8.8.8.8:53 out 1 packets node 10.0.0.1 log feed/eth1");
    batch_done(&run.batch);
}

static void promises_follow_from_ticks_and_time_outs(void **state) {
    (void)state;
    struct source_options ticks = { .tick_ms = 10000 };
    struct source_options storing = { .active_timeout_ms = 60000, .idle_timeout_ms = 15000 };
    struct source_promise promise = capture_source.promise(&ticks);
    assert_int_equal(promise.reach_ms, 10000);
    assert_int_equal(promise.lateness_ms, 0);
    promise = capture_source.promise(&storing);
    assert_int_equal(promise.reach_ms, 60000);
    assert_int_equal(promise.lateness_ms, 15000 + 15000 / 8 + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_capture_has_nothing),
        cmocka_unit_test(a_conversation_with_a_stranger_is_a_record_a_way),
        cmocka_unit_test(between_two_nodes_each_has_its_record_and_one_is_a_twin),
        cmocka_unit_test(what_belongs_to_no_node_is_the_feed_s_without_a_direction),
        cmocka_unit_test(addresses_that_every_machine_has_are_never_nodes),
        cmocka_unit_test(local_prefixes_are_nodes_and_nothing_else_is),
        cmocka_unit_test(an_inventory_names_nodes_as_of_the_time),
        cmocka_unit_test(an_inventory_labels_addresses_with_their_pods),
        cmocka_unit_test(all_pieces_of_a_datagram_count_to_its_flow),
        cmocka_unit_test(a_malformed_frame_is_a_reject_with_its_number),
        cmocka_unit_test(a_link_type_that_is_not_known_is_warned_of_once),
        cmocka_unit_test(the_bound_of_open_flows_is_said_and_loses_nothing),
        cmocka_unit_test(a_capture_that_is_cut_short_gives_what_it_held),
        cmocka_unit_test(more_flows_than_a_batch_holds_come_in_several),
        cmocka_unit_test(more_addresses_than_a_batch_holds_come_in_several),
        cmocka_unit_test(a_flow_over_a_tick_is_a_record_on_each_side),
        cmocka_unit_test(each_interface_of_several_is_a_log_of_its_own),
        cmocka_unit_test(an_interface_that_is_alone_is_the_feed_s_log_for_good),
        cmocka_unit_test(promises_follow_from_ticks_and_time_outs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
