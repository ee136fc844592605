/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FLOW_KEY_H
#define WEIR_INGEST_FLOW_KEY_H

#include "ingest/flowtable.h"

/* What tells conversations apart: both ends, the protocol, the log. The smaller end (address, then
 * port) is `a`, so that both ways of a conversation have one key. Hashes are keyed by secrets that
 * nobody outside knows (two multiplications of 64 by 64 bits, both halves folded), so nobody can
 * choose flows that collide. Pure functions. */

#define FLOW_SECRETS 4

struct flow_key {
    struct address a; /* when is_wide */
    struct address b;
    uint64_t addresses; /* when not: a's IPv4 address << 32 | b's */
    uint32_t ports;     /* a's << 16 | b's */
    uint32_t hash;
    uint32_t guess; /* an entry of this hash, or FLOW_NONE: see flow_pool_guess */
    uint8_t way;    /* the packet's: 1 is from b to a */
    bool is_wide;   /* an end is not IPv4 */
};

static inline uint64_t flow_key_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Both addresses of IPv6 as one number, for the hash alone. */
static inline uint64_t flow_key_narrow(const uint64_t secrets[FLOW_SECRETS], struct address a,
                                       struct address b) {
    uint64_t first = flow_key_fold(a.high ^ secrets[0], a.low ^ secrets[1]);
    return flow_key_fold(first ^ b.high ^ secrets[2], b.low ^ secrets[3]);
}

static inline uint32_t flow_key_hash(const uint64_t secrets[FLOW_SECRETS], uint64_t addresses,
                                     uint32_t ports, uint8_t protocol, uint8_t log, bool is_wide) {
    uint64_t rest = (uint64_t)ports << 32 | (uint64_t)protocol << 16 | (uint64_t)log << 8 | is_wide;
    uint64_t first = flow_key_fold(addresses ^ secrets[0], rest ^ secrets[1]);
    return (uint32_t)(flow_key_fold(first ^ secrets[2], addresses ^ secrets[3]) >> 32);
}

/* Without branches for IPv4: which way a packet goes cannot be foreseen. `guess` is left alone. */
static inline void flow_key_make(struct flow_key *key, const struct flow_packet *from,
                                 const uint64_t secrets[FLOW_SECRETS]) {
    const struct packet *packet = &from->packet;
    uint64_t addresses;
    if (address_is_ipv4(packet->src) && address_is_ipv4(packet->dst)) {
        uint64_t src = (uint64_t)address_ipv4(packet->src) << 16 | packet->src_port;
        uint64_t dst = (uint64_t)address_ipv4(packet->dst) << 16 | packet->dst_port;
        uint64_t a = src < dst ? src : dst;
        uint64_t b = src < dst ? dst : src;
        key->way = src > dst;
        key->is_wide = false;
        key->ports = (uint32_t)(a & 0xffff) << 16 | (uint32_t)(b & 0xffff);
        key->addresses = addresses = a >> 16 << 32 | b >> 16;
    } else {
        int order = address_compare(packet->src, packet->dst);
        bool is_back = order > 0 || (order == 0 && packet->src_port > packet->dst_port);
        key->way = is_back;
        key->is_wide = true;
        key->a = is_back ? packet->dst : packet->src;
        key->b = is_back ? packet->src : packet->dst;
        key->ports = is_back ? (uint32_t)packet->dst_port << 16 | packet->src_port
                             : (uint32_t)packet->src_port << 16 | packet->dst_port;
        addresses = flow_key_narrow(secrets, key->a, key->b);
    }
    key->hash =
        flow_key_hash(secrets, addresses, key->ports, packet->protocol, from->log, key->is_wide);
}

#endif
