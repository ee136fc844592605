/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of other projects, held against what TShark counts in them. The files are not part of
 * this tree: they are looked for in data/pcap below WEIR_SHARED, else below ../shared, and the
 * tests are skipped, aloud, where they are not there.
 *
 * TShark's columns of one capture (oracle.tsv): packets; frame_len, their lengths on the wire;
 * outer_tcp and outer_udp, packets with TCP or UDP directly behind the first IP header and its
 * extension headers; frag_frames, at any depth; the first and last time. */
#include "ingest/capture_reader.h"
#include "ingest/packet.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/capture_oracle.h"

struct counts {
    uint64_t packets, frame_bytes, tcp, udp, decoded, not_ip, malformed, fragments;
    int64_t first_ns, last_ns;
    bool is_open, is_damaged;
    struct error err;
};

static void count_frame(struct counts *counts, const struct capture_frame *frame) {
    counts->packets++;
    counts->frame_bytes += frame->wire_size;
    counts->first_ns = counts->packets == 1 ? frame->time_ns : counts->first_ns;
    counts->last_ns = frame->time_ns;
    assert_int_equal(frame->number, counts->packets);
    struct packet packet;
    switch (packet_decode(frame->data, frame->wire_size, frame->link_type, PACKET_TUNNELS_OUTER,
                          &packet)) {
    case PACKET_DECODED:
        counts->decoded++;
        counts->fragments += packet.is_fragment;
        counts->tcp += packet.protocol == 6;
        counts->udp += packet.protocol == 17;
        break;
    case PACKET_NOT_IP: counts->not_ip++; break;
    case PACKET_MALFORMED: counts->malformed++; break;
    }
}

static void count_capture(const char *name, struct counts *counts) {
    char path[1300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    *counts = (struct counts){ 0 };
    struct input *input;
    struct capture_reader *reader;
    assert_true(input_open(&input, path, &counts->err));
    counts->is_open = capture_reader_open(&reader, input, &counts->err);
    if (!counts->is_open) {
        return;
    }
    struct capture_frame frame;
    enum capture_result result;
    while ((result = capture_reader_next(reader, &frame, &counts->err)) == CAPTURE_FRAME) {
        count_frame(counts, &frame);
    }
    counts->is_damaged = result == CAPTURE_DAMAGED;
    capture_reader_close(reader);
}

/* A capture of which TShark says something else, and why. What is not listed agrees, and what is
 * listed does not. */
struct exception {
    const char *name;
    const char *why;
};

static bool is_exception(const struct exception *exceptions, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(exceptions[i].name, name) == 0) {
            assert_true(exceptions[i].why[0] != '\0');
            return true;
        }
    }
    return false;
}

/* Runs `check` over all captures; it says what is wrong and returns false. */
static void check_captures(bool (*check)(const struct want *, const struct counts *)) {
    FILE *file = oracle_open();
    struct want want = { 0 };
    int count = 0;
    int bad = 0;
    while (oracle_next(file, &want)) {
        struct counts counts;
        count_capture(want.name, &counts);
        count++;
        bad += !check(&want, &counts);
    }
    (void)fclose(file);
    assert_int_equal(bad, 0);
    assert_int_equal(count, CAPTURE_COUNT);
}

static bool check_totals(const struct want *want, const struct counts *counts) {
    if (counts->packets == want->packets && counts->frame_bytes == want->frame_bytes &&
        counts->decoded + counts->not_ip + counts->malformed == counts->packets) {
        return true;
    }
    print_message("%s: %" PRIu64 " packets of %" PRIu64 ", %" PRIu64 " bytes of %" PRIu64 " %s\n",
                  want->name, counts->packets, want->packets, counts->frame_bytes,
                  want->frame_bytes, counts->err.message);
    return false;
}

static void packets_and_frame_bytes_are_those_of_tshark(void **state) {
    (void)state;
    check_captures(check_totals);
}

static bool check_protocols(const struct want *want, const struct counts *counts) {
    /* TShark puts datagrams together and says TCP or UDP of the last fragment alone. */
    if (want->fragments > 0 || (counts->tcp == want->outer_tcp && counts->udp == want->outer_udp)) {
        return true;
    }
    print_message("%s: tcp %" PRIu64 " of %" PRIu64 ", udp %" PRIu64 " of %" PRIu64 "\n",
                  want->name, counts->tcp, want->outer_tcp, counts->udp, want->outer_udp);
    return false;
}

static void tcp_and_udp_packets_without_fragments_are_those_of_tshark(void **state) {
    (void)state;
    check_captures(check_protocols);
}

static bool check_fragments(const struct want *want, const struct counts *counts) {
    if (counts->fragments == want->fragments) {
        return true;
    }
    print_message("%s: %" PRIu64 " fragments of %" PRIu64 "\n", want->name, counts->fragments,
                  want->fragments);
    return false;
}

static void fragments_are_those_of_tshark(void **state) {
    (void)state;
    check_captures(check_fragments);
}

static bool check_damage(const struct want *want, const struct counts *counts) {
    /* TShark says "exit2" of what it could not read to the end or at all, and "?" of its type. */
    bool is_sound = strcmp(want->status, "ok") == 0;
    bool is_refused = !is_sound && want->packets == 0;
    if (counts->is_open == !is_refused && counts->is_damaged == (!is_sound && !is_refused) &&
        (is_sound || strstr(counts->err.message, "offset") != NULL)) {
        return true;
    }
    print_message("%s: open %d, damaged %d: %s; TShark: %s\n", want->name, counts->is_open,
                  counts->is_damaged, counts->err.message, want->status);
    return false;
}

static void captures_that_tshark_refuses_are_refused_with_an_offset(void **state) {
    (void)state;
    check_captures(check_damage);
}

static bool check_times(const struct want *want, const struct counts *counts) {
    static const struct exception exceptions[] = {
        { "ndpi--fuzz-2021-10-13.pcap",
          "1,882,137,472 ns: added to the seconds; TShark prints both" },
        { "tcpdump--timestamp_invalid_micro.pcap",
          "2,147,483,648 us: added to the seconds; TShark takes a sign from them" },
    };
    char first[48];
    char last[48];
    (void)snprintf(first, sizeof first, "%" PRId64 ".%09" PRId64, counts->first_ns / 1000000000,
                   counts->first_ns % 1000000000);
    (void)snprintf(last, sizeof last, "%" PRId64 ".%09" PRId64, counts->last_ns / 1000000000,
                   counts->last_ns % 1000000000);
    bool is_equal =
        want->packets == 0 || (strcmp(first, want->first) == 0 && strcmp(last, want->last) == 0);
    if (is_equal != is_exception(exceptions, sizeof exceptions / sizeof *exceptions, want->name)) {
        return true;
    }
    print_message("%s: %s to %s; TShark: %s to %s\n", want->name, first, last, want->first,
                  want->last);
    return false;
}

static void times_are_those_of_tshark_to_the_nanosecond(void **state) {
    (void)state;
    check_captures(check_times);
}

/* The frames that libpcap reads from a file, and a hash over all of them; -1: it cannot. */
static int64_t libpcap_hash(const char *path, uint64_t *hash) {
    char message[PCAP_ERRBUF_SIZE];
    pcap_t *pcap =
        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, message);
    if (pcap == NULL) {
        return -1;
    }
    struct pcap_pkthdr *header;
    const u_char *data;
    int64_t count = 0;
    int status;
    while ((status = pcap_next_ex(pcap, &header, &data)) == 1) {
        int64_t seconds = header->ts.tv_sec; /* of pcap with a sign, from 2038 on */
        seconds += seconds < 0 ? INT64_C(1) << 32 : 0;
        uint64_t ns = (uint64_t)seconds * 1000000000 + (uint64_t)header->ts.tv_usec;
        *hash = (*hash ^ ns ^ (uint64_t)header->len << 32 ^ header->caplen) * 1099511628211u;
        for (uint32_t i = 0; i < header->caplen; i++) {
            *hash = (*hash ^ data[i]) * 1099511628211u;
        }
        count++;
    }
    pcap_close(pcap);
    return status == PCAP_ERROR_BREAK ? count : -1;
}

static int64_t reader_hash(const char *path, uint64_t *hash) {
    struct input *input;
    struct capture_reader *reader;
    struct error err;
    assert_true(input_open(&input, path, &err));
    if (!capture_reader_open(&reader, input, &err)) {
        return -1;
    }
    struct capture_frame frame;
    int64_t count = 0;
    enum capture_result result;
    while ((result = capture_reader_next(reader, &frame, &err)) == CAPTURE_FRAME) {
        *hash =
            (*hash ^ (uint64_t)frame.time_ns ^ (uint64_t)frame.wire_size << 32 ^ frame.data.size) *
            1099511628211u;
        for (size_t i = 0; i < frame.data.size; i++) {
            *hash = (*hash ^ frame.data.data[i]) * 1099511628211u;
        }
        count++;
    }
    capture_reader_close(reader);
    return result == CAPTURE_END ? count : -1;
}

static void frames_are_those_of_libpcap_where_it_can_read_them(void **state) {
    (void)state;
    FILE *file = oracle_open();
    struct want want = { 0 };
    int compared = 0;
    while (oracle_next(file, &want)) {
        char path[1300];
        (void)snprintf(path, sizeof path, "%s/%s", folder, want.name);
        uint64_t theirs = 0;
        uint64_t ours = 0;
        int64_t count = libpcap_hash(path, &theirs);
        if (count < 0 || strcmp(want.name, "tcpdump--timestamp_invalid_micro.pcap") == 0) {
            continue; /* a fraction with a sign: see check_times */
        }
        if (reader_hash(path, &ours) != count || ours != theirs) {
            fail_msg("%s: %" PRId64 " frames differ", want.name, count);
        }
        compared++;
    }
    (void)fclose(file);
    assert_true(compared >= 130);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_and_frame_bytes_are_those_of_tshark),
        cmocka_unit_test(tcp_and_udp_packets_without_fragments_are_those_of_tshark),
        cmocka_unit_test(fragments_are_those_of_tshark),
        cmocka_unit_test(captures_that_tshark_refuses_are_refused_with_an_offset),
        cmocka_unit_test(times_are_those_of_tshark_to_the_nanosecond),
        cmocka_unit_test(frames_are_those_of_libpcap_where_it_can_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
