/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_RANDOM_PACKETS_H
#define WEIR_TESTS_GEN_RANDOM_PACKETS_H

#include "base/error.h"

#include <stdint.h>

struct gen_random_packets_options {
    uint64_t packets;
    uint64_t flows; /* from which each packet's is drawn; 1 to 2^32 - 1 */
    uint64_t seed;
};

/* Packets of flows in no order: the hardest input for a flow table, since nearly each packet meets
 * another entry. Writes a pcap to the descriptor, a packet every 3 microseconds from
 * 2024-10-27T03:33:20Z on, 96 octets of each. Three of four are drawn by log-uniform rank, so that
 * some flows are hot; one of four evenly, so that all come. One flow of 16 is IPv6, one of 8 UDP,
 * one of 16 tagged; two of three packets are full. Errors: ERROR_IO, ERROR_LIMIT (no memory). */
bool gen_random_packets_write(int descriptor, const struct gen_random_packets_options *options,
                              struct error *err);

#endif
