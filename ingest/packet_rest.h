/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_REST_H
#define WEIR_INGEST_PACKET_REST_H

#include "base/bytes.h"

/* What is left of a frame behind the headers that were taken off it: the view that the layers of
 * the packet decoder hand on. `size` octets of it were captured and may be read; on the wire there
 * were `wire_size`, which is never less.
 *
 * The decoder reads octets by pointer and not by a cursor, since it runs once a frame: each
 * function compares `size` with what it reads, in one test in front of the reads. */
struct packet_rest {
    const uint8_t *at;
    size_t size;
    size_t wire_size;
};

/* What stands behind the headers taken off so far. */
enum packet_network {
    PACKET_NETWORK_NONE, /* not IP, or not known */
    PACKET_NETWORK_IPV4,
    PACKET_NETWORK_IPV6,
    PACKET_NETWORK_IP, /* either, by the version in its first octet */
};

/* Takes `size` octets off; they must have been captured. */
static inline void packet_rest_skip(struct packet_rest *rest, size_t size) {
    rest->at += size;
    rest->size -= size;
    rest->wire_size -= size;
}

/* Leaves no more than `size` octets: what lies behind is padding, or another datagram's. */
static inline void packet_rest_limit(struct packet_rest *rest, size_t size) {
    rest->size = rest->size < size ? rest->size : size;
    rest->wire_size = rest->wire_size < size ? rest->wire_size : size;
}

/* Fields in network order, at any alignment. */
static inline uint16_t packet_u16(const uint8_t *at) {
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t packet_u32(const uint8_t *at) {
    return __builtin_bswap32(get_u32(at));
}

#endif
