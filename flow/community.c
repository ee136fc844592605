/* SPDX-License-Identifier: Apache-2.0 */
/* The id is "1:" + base64(SHA-1(bytes)) over
 *
 *     seed u16 | address A | address B | protocol u8 | 0 u8 | port A u16 | port B u16
 *
 * in network order, an address being 4 or 16 octets. (A, port A) is the smaller endpoint by
 * address, then by port, so that both directions give one id. The ports are left out for protocols
 * that have none. ICMP takes its type as the port of the sender and, where the type has a
 * counterpart (echo request and reply), that counterpart as the port of the receiver; other types
 * are one-way: the code stands there and the endpoints keep their order. Source:
 * corelight/community-id-spec, README, "Technical details". */
#include "flow/community.h"

#include <openssl/evp.h>

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMP6 = 58,
    PROTOCOL_SCTP = 132
};

#define DIGEST_SIZE 20u
#define INPUT_SIZE_MAX (2 + 16 + 16 + 2 + 4)

struct icmp_pair {
    uint8_t request;
    uint8_t reply;
};

static const struct icmp_pair icmp_pairs[] = {
    { 8, 0 }, { 13, 14 }, { 15, 16 }, { 10, 9 }, { 17, 18 },
};
static const struct icmp_pair icmp6_pairs[] = {
    { 128, 129 }, { 133, 134 }, { 135, 136 }, { 130, 131 }, { 139, 140 }, { 144, 145 },
};

static bool counterpart(const struct icmp_pair *pairs, size_t count, uint16_t type,
                        uint16_t *other) {
    for (size_t i = 0; i < count; i++) {
        if (type == pairs[i].request || type == pairs[i].reply) {
            *other = type == pairs[i].request ? pairs[i].reply : pairs[i].request;
            return true;
        }
    }
    return false;
}

/* Replaces the code by the type's counterpart; false when the type is one-way. */
static bool pair_icmp(struct community_flow *flow) {
    if (flow->protocol == PROTOCOL_ICMP) {
        return counterpart(icmp_pairs, sizeof icmp_pairs / sizeof *icmp_pairs, flow->src_port,
                           &flow->dst_port);
    }
    return counterpart(icmp6_pairs, sizeof icmp6_pairs / sizeof *icmp6_pairs, flow->src_port,
                       &flow->dst_port);
}

static bool has_ports(uint8_t protocol) {
    return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP ||
           protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMP6;
}

/* Orders the endpoints, unless the flow is one-way. An IPv4 address and an IPv6 one never meet in
 * a packet; between two of a family numeric order is the order of octets. */
static struct community_flow in_order(struct community_flow flow) {
    bool is_icmp = flow.protocol == PROTOCOL_ICMP || flow.protocol == PROTOCOL_ICMP6;
    if (is_icmp && !pair_icmp(&flow)) {
        return flow;
    }
    int order = address_compare(flow.src, flow.dst);
    bool is_swapped =
        order > 0 || (order == 0 && has_ports(flow.protocol) && flow.src_port > flow.dst_port);
    if (!is_swapped) {
        return flow;
    }
    return (struct community_flow){ .src = flow.dst,
                                    .dst = flow.src,
                                    .src_port = flow.dst_port,
                                    .dst_port = flow.src_port,
                                    .protocol = flow.protocol };
}

static uint8_t *put_u16_network(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put_address(uint8_t *at, struct address address) {
    uint8_t octets[16];
    address_to_octets(address, octets);
    size_t size = address_is_ipv4(address) ? 4 : 16;
    memcpy(at, octets + 16 - size, size);
    return at + size;
}

static size_t write_input(const struct community_flow *flow, uint16_t seed,
                          uint8_t input[INPUT_SIZE_MAX]) {
    uint8_t *at = put_u16_network(input, seed);
    at = put_address(at, flow->src);
    at = put_address(at, flow->dst);
    *at++ = flow->protocol;
    *at++ = 0;
    if (has_ports(flow->protocol)) {
        at = put_u16_network(at, flow->src_port);
        at = put_u16_network(at, flow->dst_port);
    }
    return (size_t)(at - input);
}

bool community_id(const struct community_flow *flow, uint16_t seed, char out[COMMUNITY_ID_SIZE]) {
    struct community_flow ordered = in_order(*flow);
    uint8_t input[INPUT_SIZE_MAX];
    size_t size = write_input(&ordered, seed, input);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (EVP_Digest(input, size, digest, &digest_size, EVP_sha1(), NULL) != 1 ||
        digest_size != DIGEST_SIZE) {
        out[0] = '\0';
        return false;
    }
    memcpy(out, "1:", 2);
    (void)EVP_EncodeBlock((uint8_t *)out + 2, digest, DIGEST_SIZE); /* always 28 and the end */
    return true;
}

bool community_flow_of(const struct batch *batch, uint32_t i, struct community_flow *out) {
    uint16_t src_port = batch->src_port[i];
    uint16_t dst_port = batch->dst_port[i];
    uint8_t protocol = batch->protocol[i];
    if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMP6) {
        if (batch->stamp.origin != ORIGIN_CAPTURE) {
            return false;
        }
        src_port = dst_port >> 8;
        dst_port &= 0xff;
    }
    *out = (struct community_flow){ .src = batch->addresses.values[batch->src[i]],
                                    .dst = batch->addresses.values[batch->dst[i]],
                                    .src_port = src_port,
                                    .dst_port = dst_port,
                                    .protocol = protocol };
    return true;
}
