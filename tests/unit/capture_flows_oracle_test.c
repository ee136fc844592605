/* SPDX-License-Identifier: Apache-2.0 */
/* Captures of other projects through the whole source, with time-outs off, held against what
 * TShark, nDPI, Arkime and ipfixprobe make of them. The files are not part of this tree: they are
 * looked for in data/pcap below WEIR_SHARED, else below ../shared, and the tests are skipped,
 * aloud, where they are not there. */
#include "ingest/capture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/capture_oracle.h"

#define UDP 17
#define TCP 6
#define ICMP 1
#define ICMPV6 58

/* ---- a capture's conversations ---- */

struct key {
    struct address ends[2];
    uint16_t ports[2]; /* 0 for ICMP: others do not put types there */
    uint32_t protocol;
};

struct conversation {
    struct key key;      /* compared as bytes: it has no padding */
    uint64_t packets[2]; /* from ends[0], from ends[1] */
    uint64_t bytes[2];
};

_Static_assert(sizeof(struct key) == 40, "no padding");

struct flows {
    struct source_counts counts; /* sums */
    bool is_open;
    bool is_damaged;
    uint64_t packets; /* of records that are no twins */
    uint64_t bytes;
    struct conversation *seen; /* one a record; one a conversation once merged */
    size_t seen_count;
    size_t seen_capacity;
};

/* The key of a record, and whether it comes from ends[1]. */
static struct key key_of(struct address src, uint16_t src_port, struct address dst,
                         uint16_t dst_port, uint8_t protocol, bool *is_back) {
    bool has_ports = protocol != ICMP && protocol != ICMPV6;
    int order = address_compare(src, dst);
    *is_back = order > 0 || (order == 0 && src_port > dst_port);
    struct key key = { .protocol = protocol };
    key.ends[*is_back] = src;
    key.ends[!*is_back] = dst;
    key.ports[*is_back] = has_ports ? src_port : 0;
    key.ports[!*is_back] = has_ports ? dst_port : 0;
    return key;
}

static void note_row(struct flows *flows, const struct batch *batch, uint32_t i) {
    if ((batch->quality[i] & QUALITY_TWIN) != 0) {
        return;
    }
    flows->packets += batch->packets[i];
    flows->bytes += batch->bytes[i];
    if (flows->seen_count == flows->seen_capacity) {
        flows->seen_capacity = flows->seen_capacity == 0 ? 1024 : 2 * flows->seen_capacity;
        flows->seen = realloc(flows->seen, flows->seen_capacity * sizeof *flows->seen);
        assert_non_null(flows->seen);
    }
    bool is_back;
    struct conversation *seen = &flows->seen[flows->seen_count++];
    *seen = (struct conversation){ 0 };
    seen->key = key_of(batch->addresses.values[batch->src[i]], batch->src_port[i],
                       batch->addresses.values[batch->dst[i]], batch->dst_port[i],
                       batch->protocol[i], &is_back);
    seen->packets[is_back] = batch->packets[i];
    seen->bytes[is_back] = batch->bytes[i];
}

static int by_key(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct key));
}

static void merge(struct flows *flows) {
    size_t count = 0;
    if (flows->seen_count > 0) {
        qsort(flows->seen, flows->seen_count, sizeof *flows->seen, by_key);
    }
    for (size_t i = 0; i < flows->seen_count; i++) {
        const struct conversation *from = &flows->seen[i];
        if (count > 0 && by_key(&flows->seen[count - 1], from) == 0) {
            struct conversation *to = &flows->seen[count - 1];
            for (size_t way = 0; way < 2; way++) {
                to->packets[way] += from->packets[way];
                to->bytes[way] += from->bytes[way];
            }
        } else {
            flows->seen[count++] = *from;
        }
    }
    flows->seen_count = count;
}

/* Those of a protocol; one without any port is of fragments whose first piece is not there. */
static uint64_t conversations(const struct flows *flows, uint8_t protocol) {
    uint64_t count = 0;
    for (size_t i = 0; i < flows->seen_count; i++) {
        const struct key *key = &flows->seen[i].key;
        count += (key->ports[0] != 0 || key->ports[1] != 0) && key->protocol == protocol;
    }
    return count;
}

static void read_flows(const char *name, enum packet_tunnels tunnels, struct flows *flows) {
    char path[1400];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    *flows = (struct flows){ 0 };
    struct source_options options = { .tunnels = tunnels };
    struct input *input;
    struct source *source;
    struct batch batch;
    struct error err = { 0 };
    assert_true(input_open(&input, path, &err));
    flows->is_open = capture_source.open(&source, input, bytes_text("log"), &options, &err);
    if (!flows->is_open) {
        return;
    }
    assert_true(batch_init(&batch, NULL));
    struct source_result result = { 0 };
    while (!result.is_end) {
        assert_true(capture_source.next(source, &batch, &result, &err));
        assert_true(batch_check(&batch, &err));
        source_counts_add(&flows->counts, &result.counts);
        for (uint32_t i = 0; i < batch.count; i++) {
            note_row(flows, &batch, i);
        }
    }
    flows->is_damaged = result.is_damaged;
    merge(flows);
    batch_done(&batch);
    capture_source.close(source);
}

/* ---- the oracle ---- */

static FILE *expected_open(const char *capture, const char *suffix) {
    char path[1400];
    (void)snprintf(path, sizeof path, "%s/expected/%s%s", folder, capture, suffix);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s is not there", path);
    }
    return file;
}

/* ---- TShark ---- */

/* Where TShark counts other conversations, and why. In a tunnel it counts those of all layers. */
static const struct {
    const char *name;
    uint64_t tcp;
    uint64_t udp;
    const char *why;
} EXCEPTIONS[] = {
    { "arkime--6-4-gre-ppp-udp-4-dns.pcap", 0, 0, "tunnel: GRE" },
    { "arkime--gre-erspan-vxlan.pcap", 0, 0, "tunnel: GRE" },
    { "ndpi--4in6tunnel.pcap", 0, 0, "tunnel: 4in6" },
    { "ndpi--6in4tunnel.pcap", 0, 0, "tunnel: 6in4" },
    { "ndpi--capwap.pcap", 0, 5, "tunnel: CAPWAP" },
    { "ndpi--fuzz-2006-06-26-2594.pcap", 24, 221,
      "a first piece whose datagram never gets whole, which TShark leaves out" },
    { "ndpi--ip_fragmented_garbage.pcap", 4, 0,
      "pieces overlap: TShark puts two of the four datagrams together" },
    { "ndpi--vxlan.pcap", 0, 9, "tunnel: VXLAN" },
    { "stopddos--amp.TCP.syn.optionallyACK.optionallysamePort.pcapng", 336, 0,
      "one port is reused, which starts another conversation for TShark" },
    { "stopddos--amp.dns.RRSIG.fragmented.pcap", 297, 84,
      "34 ports are reused; the last piece of 11 datagrams is not there, so TShark sees no UDP" },
    { "tcpdump--geneve.pcap", 0, 4, "tunnel: GENEVE" },
    { "tcpdump--heapoverflow-tcp_print.pcap", 1, 0, "one end that talks to itself, cut short" },
    { "zeek--ipv4__fragmented-3.pcap", 1, 0, "a datagram without its last piece" },
    { "zeek--tunnels__6in6in6.pcap", 0, 0, "tunnel: 6in6" },
    { "zeek--tunnels__geneve-many-options.pcap", 0, 1, "tunnel: GENEVE" },
    { "zeek--tunnels__gre-sample.pcap", 0, 0, "tunnel: GRE" },
    { "zeek--tunnels__gre-within-gre.pcap", 0, 0, "tunnel: GRE" },
    { "zeek--tunnels__gtp__gtp1_gn_normal_incl_fragmentation.pcap", 0, 1, "tunnel: GTP-U" },
    { "zeek--tunnels__vxlan-encapsulated-http.pcap", 0, 1, "tunnel: VXLAN" },
};
#define EXCEPTION_COUNT (sizeof EXCEPTIONS / sizeof *EXCEPTIONS)

/* What we count: TShark's, or what the exception says, which must differ from it. */
static void apply_exception(struct want *want, size_t *used) {
    for (size_t i = 0; i < EXCEPTION_COUNT; i++) {
        if (strcmp(EXCEPTIONS[i].name, want->name) == 0) {
            assert_true(EXCEPTIONS[i].tcp != want->conv_tcp || EXCEPTIONS[i].udp != want->conv_udp);
            assert_true(EXCEPTIONS[i].why[0] != '\0');
            want->conv_tcp = EXCEPTIONS[i].tcp;
            want->conv_udp = EXCEPTIONS[i].udp;
            (*used)++;
        }
    }
}

static void conversations_are_those_of_tshark(void **state) {
    (void)state;
    FILE *file = oracle_open();
    struct want want;
    size_t used = 0;
    int count = 0;
    int bad = 0;
    while (oracle_next(file, &want)) {
        struct flows flows;
        read_flows(want.name, PACKET_TUNNELS_OUTER, &flows);
        uint64_t tcp = conversations(&flows, TCP);
        uint64_t udp = conversations(&flows, UDP);
        apply_exception(&want, &used);
        if (tcp != want.conv_tcp || udp != want.conv_udp) {
            print_message("%s: tcp %" PRIu64 " of %" PRIu64 ", udp %" PRIu64 " of %" PRIu64 "\n",
                          want.name, tcp, want.conv_tcp, udp, want.conv_udp);
            bad++;
        }
        count++;
        free(flows.seen);
    }
    (void)fclose(file);
    assert_int_equal(bad, 0);
    assert_int_equal(count, CAPTURE_COUNT);
    assert_int_equal(used, EXCEPTION_COUNT);
}

static void records_hold_all_packets_and_counts_are_conserved(void **state) {
    (void)state;
    FILE *file = oracle_open();
    struct want want;
    while (oracle_next(file, &want)) {
        struct flows flows;
        read_flows(want.name, PACKET_TUNNELS_OUTER, &flows);
        const struct source_counts *counts = &flows.counts;
        if (counts->packets != want.packets || counts->frame_bytes != want.frame_bytes ||
            counts->packets != counts->decoded + counts->not_ip + counts->malformed ||
            flows.packets != counts->decoded || flows.bytes != counts->bytes) {
            fail_msg("%s", want.name);
        }
        free(flows.seen);
    }
    (void)fclose(file);
}

/* ---- tools whose bytes are whole frames ---- */

struct totals {
    uint64_t packets;
    uint64_t bytes;
};

/* Lines of flows: "...[10 pkts/900 bytes <-> 8 pkts/800 bytes]...". */
static struct totals ndpi_totals(FILE *file) {
    struct totals totals = { 0 };
    char line[16384];
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t numbers[4];
        char arrow[4];
        for (char *at = line; line[0] == '\t' && (at = strchr(at, '[')) != NULL; at++) {
            if (sscanf(at,
                       "[%" SCNu64 " pkts/%" SCNu64 " bytes %3s %" SCNu64 " pkts/%" SCNu64 " bytes",
                       &numbers[0], &numbers[1], arrow, &numbers[2], &numbers[3]) == 5) {
                totals.packets += numbers[0] + numbers[2];
                totals.bytes += numbers[1] + numbers[3];
                break;
            }
        }
    }
    return totals;
}

/* Behind each line `"network" : {` the session's "bytes" and "packets", one level deeper. */
static struct totals arkime_totals(FILE *file) {
    struct totals totals = { 0 };
    char line[16384];
    bool is_network = false;
    while (fgets(line, sizeof line, file) != NULL) {
        uint64_t number;
        if (strcmp(line, "    \"network\" : {\n") == 0) {
            is_network = true;
        } else if (strncmp(line, "    }", 5) == 0) {
            is_network = false;
        } else if (is_network && sscanf(line, "     \"bytes\" : %" SCNu64, &number) == 1) {
            totals.bytes += number;
        } else if (is_network && sscanf(line, "     \"packets\" : %" SCNu64, &number) == 1) {
            totals.packets += number;
        }
    }
    return totals;
}

static const char *const ARKIME[] = {
    "arkime--6-4-gre-ppp-udp-4-dns.pcap",
    "arkime--bigendian.pcap",
    "arkime--gre-erspan-vxlan.pcap",
    "arkime--icmp-frame-relay.pcap",
    "arkime--ip-boundaries.pcap",
    "arkime--mpls-basic.pcap",
    "arkime--padded-udp.pcap",
    "arkime--pppoe.pcap",
    "arkime--sctp-www.pcap",
    "arkime--single-packets.pcap",
    "arkime--twovlan.pcap",
    "arkime--v6.pcap",
    "arkime--wireshark-retrans.pcap",
    "arkime--y2038-bgp.pcap",
};

/* nDPI's totals are of its flows alone: of captures with other frames, or with fragments, which it
 * skips, they say nothing, and these are not here (capwap, dns_fragmented, dns-tunnel-iodine,
 * icmp-tunnel, ip_fragmented_garbage, tcp_scan, and two fuzzed ones). */
static const char *const NDPI[] = {
    "ndpi--1kxun.pcap",         "ndpi--4in6tunnel.pcap",   "ndpi--6in4tunnel.pcap",
    "ndpi--NTPv2.pcap",         "ndpi--WebattackRCE.pcap", "ndpi--bittorrent.pcap",
    "ndpi--bot.pcap",           "ndpi--dlt_ppp.pcap",      "ndpi--dns_exfiltration.pcap",
    "ndpi--emotet.pcap",        "ndpi--malware.pcap",      "ndpi--memcached.cap",
    "ndpi--mining.pcapng",      "ndpi--netflix.pcap",      "ndpi--smtp.pcap",
    "ndpi--ssh.pcap",           "ndpi--synscan.pcap",      "ndpi--vxlan.pcap",
    "ndpi--whatsappfiles.pcap",
};

static void check_frames(const char *const *names, size_t count, const char *suffix,
                         struct totals (*read)(FILE *)) {
    (void)fclose(oracle_open()); /* skips where there is nothing */
    for (size_t i = 0; i < count; i++) {
        FILE *file = expected_open(names[i], suffix);
        struct totals want = read(file);
        (void)fclose(file);
        struct flows flows;
        read_flows(names[i], PACKET_TUNNELS_OUTER, &flows);
        if (want.packets == 0 || flows.counts.packets != want.packets ||
            flows.counts.frame_bytes != want.bytes) {
            fail_msg("%s: %" PRIu64 " packets of %" PRIu64 ", %" PRIu64 " bytes of %" PRIu64,
                     names[i], flows.counts.packets, want.packets, flows.counts.frame_bytes,
                     want.bytes);
        }
        free(flows.seen);
    }
}

static void frame_bytes_are_those_of_arkime(void **state) {
    (void)state;
    check_frames(ARKIME, sizeof ARKIME / sizeof *ARKIME, ".arkime.json", arkime_totals);
}

static void frame_bytes_are_those_of_ndpi(void **state) {
    (void)state;
    check_frames(NDPI, sizeof NDPI / sizeof *NDPI, ".ndpi.out", ndpi_totals);
}

/* ---- ipfixprobe, whose bytes are those of IP, flow by flow ---- */

enum column {
    DST_IP,
    SRC_IP,
    BYTES,
    BYTES_REV,
    PACKETS,
    PACKETS_REV,
    DST_PORT,
    SRC_PORT,
    PROTOCOL,
    COLUMN_COUNT
};
static const char *const COLUMNS[COLUMN_COUNT] = { "DST_IP",    "SRC_IP",   "BYTES",
                                                   "BYTES_REV", "PACKETS",  "PACKETS_REV",
                                                   "DST_PORT",  "SRC_PORT", "PROTOCOL" };

/* The lines are sorted, the header among them. */
static bool is_header(const char *line) {
    return strncmp(line, "ipaddr ", 7) == 0;
}

/* The header's fields are a type and a name. */
static void find_columns(char *header, int places[COLUMN_COUNT]) {
    char *rest = header;
    char *field;
    for (int at = 0; (field = strsep(&rest, ",\n")) != NULL; at++) {
        const char *space = strchr(field, ' ');
        for (int i = 0; i < COLUMN_COUNT && space != NULL; i++) {
            if (strcmp(space + 1, COLUMNS[i]) == 0) {
                places[i] = at;
            }
        }
    }
}

static struct conversation row_of(char *line, const int places[COLUMN_COUNT]) {
    const char *cells[COLUMN_COUNT] = { 0 };
    uint64_t numbers[COLUMN_COUNT] = { 0 };
    struct address src;
    struct address dst;
    char *rest = line;
    char *field;
    for (int at = 0; (field = strsep(&rest, ",\n")) != NULL; at++) {
        for (int i = 0; i < COLUMN_COUNT; i++) {
            if (places[i] == at) {
                cells[i] = field;
                numbers[i] = strtoull(field, NULL, 10);
            }
        }
    }
    assert_true(address_parse(bytes_text(cells[SRC_IP]), &src));
    assert_true(address_parse(bytes_text(cells[DST_IP]), &dst));
    bool is_back;
    struct conversation row = { 0 };
    row.key = key_of(src, (uint16_t)numbers[SRC_PORT], dst, (uint16_t)numbers[DST_PORT],
                     (uint8_t)numbers[PROTOCOL], &is_back);
    row.packets[is_back] = numbers[PACKETS];
    row.packets[!is_back] = numbers[PACKETS_REV];
    row.bytes[is_back] = numbers[BYTES];
    row.bytes[!is_back] = numbers[BYTES_REV];
    return row;
}

/* Takes the row's amounts out of our conversation. */
static void subtract(struct flows *flows, const struct conversation *row, const char *name) {
    struct conversation *ours =
        bsearch(row, flows->seen, flows->seen_count, sizeof *flows->seen, by_key);
    if (ours == NULL) {
        fail_msg("%s: a conversation is not there", name);
        return;
    }
    for (size_t way = 0; way < 2; way++) {
        if (ours->packets[way] < row->packets[way] || ours->bytes[way] < row->bytes[way]) {
            fail_msg("%s: %" PRIu64 " packets left of %" PRIu64 ", %" PRIu64 " bytes of %" PRIu64,
                     name, ours->packets[way], row->packets[way], ours->bytes[way],
                     row->bytes[way]);
        }
        ours->packets[way] -= row->packets[way];
        ours->bytes[way] -= row->bytes[way];
    }
}

/* `ipfixprobe--bstats.pcap` is not here: its bytes of IPv6 are without the header, and it leaves
 * flows out that have no bursts. */
static void flows_are_those_of_ipfixprobe(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *suffix;
    } CASES[] = {
        { "ipfixprobe--http.pcap", ".ipfixprobe.basicplus.csv" },
        { "ipfixprobe--mixed.pcap", ".ipfixprobe.basic.csv" },
        { "ipfixprobe--mixed.pcap", ".ipfixprobe.pstats.csv" },
        { "ipfixprobe--vlan.pcap", ".ipfixprobe.vlan.csv" },
        { "ipfixprobe--wg.pcap", ".ipfixprobe.wg.csv" },
    };
    (void)fclose(oracle_open());
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct flows flows;
        int places[COLUMN_COUNT];
        char line[8192];
        read_flows(CASES[i].name, PACKET_TUNNELS_OUTER, &flows);
        FILE *file = expected_open(CASES[i].name, CASES[i].suffix);
        while (fgets(line, sizeof line, file) != NULL && !is_header(line)) {
        }
        find_columns(line, places);
        rewind(file);
        while (fgets(line, sizeof line, file) != NULL) {
            if (is_header(line)) {
                continue;
            }
            struct conversation row = row_of(line, places);
            subtract(&flows, &row, CASES[i].name);
        }
        (void)fclose(file);
        for (size_t k = 0; k < flows.seen_count; k++) {
            const struct conversation *left = &flows.seen[k];
            assert_true(left->packets[0] + left->packets[1] + left->bytes[0] + left->bytes[1] == 0);
        }
        free(flows.seen);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversations_are_those_of_tshark),
        cmocka_unit_test(records_hold_all_packets_and_counts_are_conserved),
        cmocka_unit_test(frame_bytes_are_those_of_arkime),
        cmocka_unit_test(frame_bytes_are_those_of_ndpi),
        cmocka_unit_test(flows_are_those_of_ipfixprobe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
