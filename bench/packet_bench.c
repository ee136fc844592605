/* SPDX-License-Identifier: Apache-2.0 */
/* What does a captured frame cost to read, against a bare loop over libpcap, and to decode?
 * Synthetic data: FRAMES frames of at most 96 captured octets, Ethernet, one in 16 with a VLAN tag,
 * one in 16 IPv6, one in 8 UDP, else TCP; as pcap and as pcapng in a file of the working folder,
 * which the page cache holds. Medians of ROUNDS rounds, in which the sides take turns. */
#include "ingest/capture_reader.h"
#include "ingest/packet.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 5
#define FRAMES 1000000u
#define SNAP 96u
#define DECODE_FRAMES 4096u /* in the cache */
#define DECODE_REPEATS 256u

static double now_ns(void) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static uint64_t random_u64(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

struct synthetic {
    uint8_t octets[SNAP];
    uint32_t size;
    uint32_t wire_size;
};

static void put_u16be(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint8_t *put_ip(uint8_t *ip, bool is_ipv6, unsigned payload_size, uint8_t protocol,
                       uint64_t random) {
    if (is_ipv6) {
        ip[0] = 0x60;
        put_u16be(ip + 4, payload_size);
        ip[6] = protocol;
        put_u64(ip + 16, random);
        put_u64(ip + 32, random >> 7);
        return ip + 40;
    }
    ip[0] = 0x45;
    put_u16be(ip + 2, payload_size + 20);
    ip[9] = protocol;
    put_u64(ip + 12, random);
    return ip + 20;
}

static void make_frame(struct synthetic *frame, uint64_t *state) {
    uint64_t random = random_u64(state);
    bool has_tag = random % 16 == 0;
    bool is_ipv6 = random / 16 % 16 == 0;
    bool is_udp = random / 256 % 8 == 0;
    frame->wire_size = random / 2048 % 3 == 0 ? 64 + (uint32_t)(random >> 20) % 200 : 1500;
    frame->size = frame->wire_size < SNAP ? frame->wire_size : SNAP;
    memset(frame->octets, 2, sizeof frame->octets);
    uint8_t *at = frame->octets + 12;
    if (has_tag) {
        put_u16be(at, 0x8100);
        at += 4;
    }
    put_u16be(at, is_ipv6 ? 0x86DD : 0x0800);
    memset(at + 2, 0, 40); /* the IP header */
    unsigned payload_size = frame->wire_size - (uint32_t)(at + 2 - frame->octets);
    payload_size -= is_ipv6 ? 40 : 20;
    (void)put_ip(at + 2, is_ipv6, payload_size, is_udp ? 17 : 6, random_u64(state));
}

static void require(bool is_true, const char *what) {
    if (!is_true) {
        (void)fprintf(stderr, "packet_bench: %s\n", what);
        exit(1);
    }
}

static void put_fields(FILE *file, const uint32_t *fields, size_t count) {
    require(fwrite(fields, 4, count, file) == count, "cannot write");
}

static void write_pcap(FILE *file) {
    uint64_t state = 88172645463325252u;
    put_fields(file, (const uint32_t[]){ 0xA1B2C3D4, 2 | 4 << 16, 0, 0, SNAP, 1 }, 6);
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct synthetic frame;
        make_frame(&frame, &state);
        put_fields(file,
                   (const uint32_t[]){ 1700000000 + i / 1000000, i % 1000000, frame.size,
                                       frame.wire_size },
                   4);
        require(fwrite(frame.octets, 1, frame.size, file) == frame.size, "cannot write");
    }
}

static void write_pcapng(FILE *file) {
    uint64_t state = 88172645463325252u;
    put_fields(file, (const uint32_t[]){ 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, ~0u, ~0u, 28 }, 7);
    put_fields(file, (const uint32_t[]){ 1, 20, 1, SNAP, 20 }, 5);
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct synthetic frame;
        make_frame(&frame, &state);
        uint32_t padded = (frame.size + 3) / 4 * 4;
        uint64_t time_us = UINT64_C(1700000000000000) + i;
        put_fields(file,
                   (const uint32_t[]){ 6, 32 + padded, 0, (uint32_t)(time_us >> 32),
                                       (uint32_t)time_us, frame.size, frame.wire_size },
                   7);
        require(fwrite(frame.octets, 1, padded, file) == padded, "cannot write");
        put_fields(file, (const uint32_t[]){ 32 + padded }, 1);
    }
}

static void make_file(const char *path, void (*write_frames)(FILE *)) {
    FILE *file = fopen(path, "w");
    require(file != NULL, "cannot write a file here");
    write_frames(file);
    require(fclose(file) == 0, "cannot write");
}

/* Sums what both sides must agree on. */
static double time_libpcap(const char *path, uint64_t *sum) {
    double begin = now_ns();
    char message[PCAP_ERRBUF_SIZE];
    pcap_t *pcap =
        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, message);
    require(pcap != NULL, message);
    struct pcap_pkthdr *header;
    const u_char *data;
    while (pcap_next_ex(pcap, &header, &data) == 1) {
        *sum += header->len + data[13] + (uint64_t)header->ts.tv_usec;
    }
    pcap_close(pcap);
    return (now_ns() - begin) / FRAMES;
}

static double time_reader(const char *path, bool is_decoded, uint64_t *sum) {
    double begin = now_ns();
    struct input *input;
    struct capture_reader *reader = NULL;
    struct error err;
    require(input_open(&input, path, &err) && capture_reader_open(&reader, input, &err),
            err.message);
    struct capture_frame frame;
    struct packet packet = { 0 };
    enum capture_result result;
    while ((result = capture_reader_next(reader, &frame, &err)) == CAPTURE_FRAME) {
        *sum += frame.wire_size + frame.data.data[13] + (uint64_t)(frame.time_ns % 1000000000);
        if (is_decoded) {
            (void)packet_decode(frame.data, frame.wire_size, frame.link_type, PACKET_TUNNELS_OUTER,
                                &packet);
            *sum += packet.src_port & 0; /* so that it is not left out */
        }
    }
    require(result == CAPTURE_END, err.message);
    capture_reader_close(reader);
    return (now_ns() - begin) / FRAMES;
}

static double time_decode(const struct synthetic *frames, uint64_t *sum) {
    double begin = now_ns();
    for (uint32_t repeat = 0; repeat < DECODE_REPEATS; repeat++) {
        for (uint32_t i = 0; i < DECODE_FRAMES; i++) {
            struct packet packet;
            require(packet_decode(bytes_of(frames[i].octets, frames[i].size), frames[i].wire_size,
                                  1, PACKET_TUNNELS_OUTER, &packet) == PACKET_DECODED,
                    "a frame does not decode");
            *sum += packet.bytes + packet.src_port;
        }
    }
    return (now_ns() - begin) / ((double)DECODE_FRAMES * DECODE_REPEATS);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double report(const char *what, double *ns, double peer) {
    qsort(ns, ROUNDS, sizeof *ns, compare);
    double median = ns[ROUNDS / 2];
    (void)printf("%-34s %6.1f ns a frame (%.1f to %.1f)", what, median, ns[0], ns[ROUNDS - 1]);
    if (peer > 0) {
        (void)printf("   %.2f of libpcap's", median / peer);
    }
    (void)printf("\n");
    return median;
}

int main(void) {
    char pcap[] = "packet_bench.pcap";
    char pcapng[] = "packet_bench.pcapng";
    make_file(pcap, write_pcap);
    make_file(pcapng, write_pcapng);
    static struct synthetic frames[DECODE_FRAMES];
    uint64_t state = 1;
    for (uint32_t i = 0; i < DECODE_FRAMES; i++) {
        make_frame(&frames[i], &state);
    }
    double ns[6][ROUNDS];
    uint64_t sums[6] = { 0 };
    for (int round = 0; round < ROUNDS; round++) {
        ns[0][round] = time_libpcap(pcap, &sums[0]);
        ns[1][round] = time_reader(pcap, false, &sums[1]);
        ns[2][round] = time_libpcap(pcapng, &sums[2]);
        ns[3][round] = time_reader(pcapng, false, &sums[3]);
        ns[4][round] = time_reader(pcap, true, &sums[4]);
        ns[5][round] = time_decode(frames, &sums[5]);
    }
    require(sums[0] == sums[1] && sums[2] == sums[3] && sums[0] == sums[4], "the sums differ");
    double peer = report("pcap: a bare libpcap loop", ns[0], 0);
    (void)report("pcap: capture_reader", ns[1], peer);
    (void)report("pcap: capture_reader and decode", ns[4], peer);
    peer = report("pcapng: a bare libpcap loop", ns[2], 0);
    (void)report("pcapng: capture_reader", ns[3], peer);
    (void)report("packet_decode, frames in the cache", ns[5], 0);
    (void)unlink(pcap);
    (void)unlink(pcapng);
    return 0;
}
