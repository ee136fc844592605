/* SPDX-License-Identifier: Apache-2.0 */
/* All of a flow follows from a hash of its number, so nothing is kept between packets and any
 * number of flows costs the same memory: none. */
#include "tests/gen/gen_random_packets.h"

#include "tests/gen/gen_frame.h"
#include "tests/gen/gen_pcap.h"
#include "tests/gen/gen_rng.h"

#define TCP 6
#define UDP 17
#define SNAP_SIZE 96u
#define FIRST_US (UINT64_C(1730000000) * 1000000)
#define STEP_US 3u
#define VLAN 42u
#define FULL_SIZE 1500u /* of a frame */
#define SMALL_SIZE 64u  /* and up to 199 more */

static const uint16_t service_ports[16] = { 443, 80,  22,   53,   5432, 6379,  9092, 8080,
                                            25,  123, 3306, 9200, 2379, 10250, 6443, 8443 };

static struct address address_of(uint32_t number, bool is_ipv6, bool is_ours) {
    if (!is_ipv6) {
        return address_from_ipv4(number);
    }
    /* A private prefix for ours, a public one for theirs. */
    return (struct address){
        .high = is_ours ? UINT64_C(0xfd00000500000000) : UINT64_C(0x2003000000000000),
        .low = number,
    };
}

/* The ends of a flow, from its client to its server: one of a thousand nodes of 10.0.0.0/22, and
 * one of half a million hosts outside. */
static struct gen_frame_ends ends_of(uint64_t hash) {
    bool is_ipv6 = (hash & 15) == 0;
    return (struct gen_frame_ends){
        .src = address_of(UINT32_C(10) << 24 | (uint32_t)(hash >> 12 & 1023), is_ipv6, true),
        .dst = address_of(UINT32_C(64) << 24 | (uint32_t)(hash >> 22 & 0x7ffff), is_ipv6, false),
        .src_hardware = (uint32_t)(hash >> 12 & 1023) + 1,
        .dst_hardware = UINT32_C(0xfffffffe),
        .src_port = (uint16_t)(1024 + (hash >> 41 & 0xffff) % 60000),
        .dst_port = service_ports[hash >> 58 & 15],
        .vlan = (hash >> 8 & 15) == 0 ? VLAN : 0,
        .protocol = (hash >> 4 & 7) == 0 ? UDP : TCP,
    };
}

static struct gen_frame_ends turned(const struct gen_frame_ends *ends) {
    struct gen_frame_ends back = *ends;
    back.src = ends->dst;
    back.dst = ends->src;
    back.src_hardware = ends->dst_hardware;
    back.dst_hardware = ends->src_hardware;
    back.src_port = ends->dst_port;
    back.dst_port = ends->src_port;
    return back;
}

static void put_packet(struct gen_pcap *pcap, struct gen_rng *rng, uint64_t hash, uint64_t number) {
    struct gen_frame_ends ends = ends_of(hash);
    uint64_t draw = gen_rng_next(rng);
    if (draw & 1) {
        ends = turned(&ends);
    }
    struct gen_frame frame;
    uint32_t ip = address_is_ipv4(ends.src) ? 20 : 40;
    gen_frame_init(&frame, &ends, ip + (ends.protocol == TCP ? 20 : 8));
    uint32_t size = (draw >> 1 & 0xffff) % 3 != 0
                        ? FULL_SIZE
                        : SMALL_SIZE + (uint32_t)(draw >> 17 & 0xffff) % 200;
    size = size < frame.size ? frame.size : size;
    bool is_syn = (draw >> 33 & 0xffff) % 50 == 0;
    gen_frame_set(&frame, size - frame.ip_offset, (uint16_t)number, is_syn ? 2 : 16,
                  (uint32_t)(number * 1000), 1);
    /* What lies behind the headers is zeros, as the rest of the payload would be. */
    gen_pcap_put(pcap, FIRST_US + number * STEP_US,
                 bytes_of(frame.bytes, size < SNAP_SIZE ? size : SNAP_SIZE), size);
}

bool gen_random_packets_write(int descriptor, const struct gen_random_packets_options *options,
                              struct error *err) {
    struct gen_pcap pcap;
    if (!gen_pcap_init(&pcap, descriptor, "standard output", SNAP_SIZE, err)) {
        return false;
    }
    struct gen_rng rng;
    gen_rng_init(&rng, options->seed);
    /* The draw is of [0, n - 1) for a bound of n. */
    double log2_flows = gen_log2((double)options->flows + 1);
    for (uint64_t i = 0; i < options->packets && !pcap.is_failed; i++) {
        uint64_t flow = gen_rng_log_uniform(&rng, log2_flows);
        if (gen_rng_below(&rng, 4) == 0) {
            flow = gen_rng_below(&rng, (uint32_t)options->flows);
        }
        put_packet(&pcap, &rng, gen_hash(options->seed, 0xf10, flow), i);
    }
    bool is_written = gen_pcap_finish(&pcap, err);
    gen_pcap_done(&pcap);
    return is_written;
}
