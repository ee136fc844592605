/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_PCAP_H
#define WEIR_TESTS_GEN_PCAP_H

#include "base/bytes.h"

/* A pcap file (microseconds, Ethernet) written front to back in blocks. One thread at a time. */

struct gen_pcap {
    int descriptor;
    const char *path; /* borrowed; stands in messages */
    uint8_t *block;
    size_t size; /* used of the block */
    uint64_t packets;
    uint64_t frame_bytes; /* lengths on the wire */
    bool is_failed;       /* latched; `failure` says why */
    struct error failure;
};

/* Writes the file's header with this snap length. Errors: ERROR_LIMIT (no memory). */
bool gen_pcap_init(struct gen_pcap *pcap, int descriptor, const char *path, uint32_t snap_size,
                   struct error *err);
/* Appends a frame of `wire_size` octets, of which `bytes` were captured. A failure is told by
 * gen_pcap_finish, so that a loop need not ask. */
void gen_pcap_put(struct gen_pcap *pcap, uint64_t time_us, struct bytes bytes, uint32_t wire_size);
/* Writes out what is left. Errors: ERROR_IO, of any write. */
bool gen_pcap_finish(struct gen_pcap *pcap, struct error *err);
/* Releases memory; the descriptor stays open. Accepts a zeroed one. */
void gen_pcap_done(struct gen_pcap *pcap);

#endif
