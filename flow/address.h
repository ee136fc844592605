/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_ADDRESS_H
#define WEIR_FLOW_ADDRESS_H

#include "base/bytes.h"

/* An IPv6 address as one 128-bit number, most significant half first, so that numeric order is the
 * order of its octets on the wire. An IPv4 address is held as its IPv4-mapped form ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2): high 0, low 0x0000ffffaabbccdd. */
struct address {
    uint64_t high;
    uint64_t low;
};

/* The longest text, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", and its end. */
#define ADDRESS_TEXT_SIZE 46

static inline struct address address_from_ipv4(uint32_t ipv4) {
    return (struct address){ .high = 0, .low = UINT64_C(0xffff00000000) | ipv4 };
}

static inline bool address_is_ipv4(struct address address) {
    return address.high == 0 && address.low >> 32 == 0xffff;
}

/* The IPv4 address in host order; only for an address that is one. */
static inline uint32_t address_ipv4(struct address address) {
    return (uint32_t)address.low;
}

static inline bool address_equal(struct address a, struct address b) {
    return a.high == b.high && a.low == b.low;
}

/* <0, 0, >0 by number. */
static inline int address_compare(struct address a, struct address b) {
    if (a.high != b.high) {
        return a.high < b.high ? -1 : 1;
    }
    return (a.low > b.low) - (a.low < b.low);
}

/* Network order octets, as they stand in a packet. */
struct address address_from_octets(const uint8_t octets[16]);
void address_to_octets(struct address address, uint8_t octets[16]);

/* Reads the whole of `text`: dotted IPv4 (four decimal octets, no leading zeros beyond one digit),
 * or IPv6 in any form of RFC 4291, 2.2, without a zone. Returns false when it is neither; `out` is
 * then untouched. No allocation: fit for a parser's slow path. */
bool address_parse(struct bytes text, struct address *out);

/* Writes the canonical text (RFC 5952; IPv4 dotted) with its end into `out`; returns its length. */
size_t address_format(struct address address, char out[ADDRESS_TEXT_SIZE]);

/* Where an address lies by IANA's special-purpose registries (RFC 6890 and its updates). An
 * inventory may say more; this says what the number alone tells. */
enum address_class {
    ADDRESS_INTERNET, /* globally reachable unicast */
    ADDRESS_PRIVATE,  /* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7, 64:ff9b:1::/48 */
    ADDRESS_LOCAL,    /* loopback, link-local, multicast, broadcast, unspecified, reserved,
                         documentation: never a peer on the internet */
};

/* 64:ff9b::/96 (NAT64) is classified by the IPv4 address in it. */
enum address_class address_classify(struct address address);

/* A CIDR prefix: the first `length` bits of `address` (0..128, IPv4 lengths count from bit 96). */
struct prefix {
    struct address address; /* bits behind `length` are zero */
    uint8_t length;
};

/* "10.0.0.0/8", "2001:db8::/32", or an address alone (its full length). Bits behind the length must
 * be zero. Errors: ERROR_ARGUMENT, the message says what is wrong with it. */
bool prefix_parse(struct bytes text, struct prefix *out, struct error *err);

/* An IPv6 prefix shorter than 96 bits holds no IPv4 address: "::/0" is all of IPv6 only. */
bool prefix_contains(struct prefix prefix, struct address address);

#endif
