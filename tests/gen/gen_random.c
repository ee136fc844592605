/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for benches. A million of them repeat almost nothing but their interfaces and seconds, so
 * what they cost is an upper bound for real logs. */
#include "tests/gen/gen_random.h"

#include "base/file.h"
#include "tests/gen/gen_rng.h"
#include "tests/gen/gen_text.h"

#include <stdlib.h>

#define NODES 400u
#define LINES_PER_SECOND 2000u
#define FIRST_SECOND UINT64_C(1730000000)
#define LINE_SIZE_MAX 256u
#define BLOCK_SIZE (1u << 20)

/* Constants of the log-uniform draws: log2 of 400, 100, 65000, 250, 16 and 5000. */
struct ranks {
    double node, block, host, octet, port, packets;
};

static const uint16_t service_ports[16] = { 443, 80,  22,   53,   5432, 6379,  9092, 8080,
                                            25,  123, 3306, 9200, 2379, 10250, 6443, 8443 };

static const char header[] = "version account-id interface-id srcaddr dstaddr srcport dstport "
                             "protocol packets bytes start end action log-status\n";

static uint32_t node_address(uint32_t node) {
    return UINT32_C(10) << 24 | (node / 250) << 8 | (node % 250 + 1);
}

/* Two of three peers are outside: some hundred blocks, in each some hosts far more often than
 * others. */
static uint32_t peer_address(struct gen_rng *rng, const struct ranks *ranks) {
    if (gen_rng_below(rng, 3) != 0) {
        uint32_t block = 52 + gen_rng_log_uniform(rng, ranks->block);
        return block << 24 | gen_rng_log_uniform(rng, ranks->host) * 37;
    }
    uint32_t subnet = gen_rng_log_uniform(rng, ranks->node) / 250;
    return UINT32_C(10) << 24 | subnet << 8 | (gen_rng_log_uniform(rng, ranks->octet) + 1);
}

static char *put_interface(char *at, uint32_t node) {
    at = gen_put_text(at, "2 123456789012 eni-");
    at = gen_put_hex(at, node * UINT32_C(2654435761), 8);
    return gen_put_char(gen_put_hex(at, node, 9), ' ');
}

static char *put_pair(char *at, uint64_t first, uint64_t second) {
    at = gen_put_char(gen_put_number(at, first), ' ');
    return gen_put_char(gen_put_number(at, second), ' ');
}

static char *put_line(char *at, struct gen_rng *rng, const struct ranks *ranks, uint64_t second) {
    uint32_t node = gen_rng_log_uniform(rng, ranks->node);
    at = put_interface(at, node);
    if (gen_rng_below(rng, 1000) == 0) {
        at = gen_put_text(at, "- - - - - - - ");
        at = put_pair(at, second - 60, second);
        return gen_put_text(at, gen_rng_below(rng, 10) ? "- NODATA\n" : "- SKIPDATA\n");
    }
    uint32_t own = node_address(node);
    uint32_t peer = peer_address(rng, ranks);
    uint64_t bits = gen_rng_next(rng);
    bool is_out = bits & 1;
    bool is_from_service = bits & 2;
    uint32_t service = service_ports[gen_rng_log_uniform(rng, ranks->port)];
    uint32_t ephemeral = 32768 + gen_rng_below(rng, 28000);
    uint32_t packets = 1 + gen_rng_log_uniform(rng, ranks->packets);
    uint32_t packet_size = 40 + gen_rng_below(rng, 1400);
    at = gen_put_char(gen_put_ipv4(at, is_out ? own : peer), ' ');
    at = gen_put_char(gen_put_ipv4(at, is_out ? peer : own), ' ');
    at = put_pair(at, is_from_service ? service : ephemeral, is_from_service ? ephemeral : service);
    at = gen_put_text(at, gen_rng_below(rng, 10) ? "6 " : "17 ");
    at = put_pair(at, packets, (uint64_t)packets * packet_size);
    at = put_pair(at, second - gen_rng_below(rng, 60), second);
    return gen_put_text(at, gen_rng_below(rng, 20) ? "ACCEPT OK\n" : "REJECT OK\n");
}

bool gen_random_write(int descriptor, uint64_t line_count, uint64_t seed, struct error *err) {
    char *block = malloc(BLOCK_SIZE);
    if (block == NULL) {
        return error_set(err, ERROR_LIMIT, "no memory for a block of lines");
    }
    const struct ranks ranks = {
        .node = gen_log2(NODES),
        .block = gen_log2(100),
        .host = gen_log2(65000),
        .octet = gen_log2(250),
        .port = gen_log2(16),
        .packets = gen_log2(5000),
    };
    struct gen_rng rng;
    gen_rng_init(&rng, seed);
    char *at = gen_put_text(block, header);
    bool is_written = true;
    for (uint64_t i = 0; i < line_count && is_written; i++) {
        if ((size_t)(block + BLOCK_SIZE - at) < LINE_SIZE_MAX) {
            is_written = file_write(descriptor, "standard output",
                                    bytes_of(block, (size_t)(at - block)), err);
            at = block;
        }
        at = put_line(at, &rng, &ranks, FIRST_SECOND + 1 + i / LINES_PER_SECOND);
    }
    is_written = is_written && file_write(descriptor, "standard output",
                                          bytes_of(block, (size_t)(at - block)), err);
    free(block);
    return is_written;
}
