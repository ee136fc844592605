/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most half full. Slots of another generation are empty, so
 * a reset costs one addition; the tables are cleared only when the 16-bit generation wraps.
 *
 * IPv4 slots hold the address itself, so a hit touches one cache line; IPv6 slots hold only the
 * code, and the 16 octets are compared in `values`. */
#include "flow/dictionary.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define BITS_MIN 12u
#define BITS_MAX 17u
/* Addresses of a burst that are looked for together. */
#define BURST_BLOCK 256u

/* Addresses are chosen by whoever sends packets, spoofed floods above all, so the hash has a
 * secret: with a known multiplier, 32,768 sources that share one slot cost 23 us each (0.8 s a
 * batch) in place of 16 ns. Multiply-shift with a random odd multiplier is universal: nobody can
 * name addresses that collide without knowing it. Codes follow the order of arrival, so no output
 * depends on the secret.
 *
 * The top 24 bits stay the golden ratio's, which spreads neighbours (a subnet's hosts) evenly. */
#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)
#define SECRET_BITS 40

static inline uint32_t hash4_by(uint64_t multiplier, uint32_t bits, uint32_t ipv4) {
    return (uint32_t)((ipv4 * multiplier) >> (64 - bits));
}

static uint32_t hash4(const struct dictionary *dictionary, uint32_t ipv4) {
    return hash4_by(dictionary->multiplier, dictionary->bits, ipv4);
}

static uint32_t hash6(const struct dictionary *dictionary, struct address address) {
    /* Both halves are multiplied by secrets of their own, the low one folded first: its upper bits
     * (an EUI-64's vendor) would otherwise weigh nothing. */
    uint64_t low = address.low ^ address.low >> 32;
    uint64_t mixed = address.high * dictionary->multiplier6 + low * dictionary->multiplier;
    return (uint32_t)((mixed ^ mixed >> 32) * GOLDEN >> (64 - dictionary->bits6));
}

/* Without entropy (a sandbox that forbids the call) the multipliers are the known ones. */
static void draw_secrets(struct dictionary *dictionary) {
    uint64_t secrets[2] = { 0 };
    if (getentropy(secrets, sizeof secrets) != 0) {
        memset(secrets, 0, sizeof secrets);
    }
    uint64_t secret_mask = (UINT64_C(1) << SECRET_BITS) - 1;
    dictionary->multiplier = GOLDEN ^ (secrets[0] & secret_mask & ~UINT64_C(1));
    dictionary->multiplier6 = UINT64_C(0xD6E8FEB86659FD93) ^ (secrets[1] & ~UINT64_C(1));
}

bool dictionary_init(struct dictionary *dictionary, struct error *err) {
    *dictionary = (struct dictionary){ .bits = BITS_MIN, .bits6 = BITS_MIN, .generation = 1 };
    draw_secrets(dictionary);
    dictionary->values = malloc(DICTIONARY_CODES_MAX * sizeof *dictionary->values);
    dictionary->slots = calloc((size_t)1 << BITS_MAX, sizeof *dictionary->slots);
    dictionary->slots6 = calloc((size_t)1 << BITS_MAX, sizeof *dictionary->slots6);
    if (dictionary->values == NULL || dictionary->slots == NULL || dictionary->slots6 == NULL) {
        dictionary_done(dictionary);
        return error_set(err, ERROR_LIMIT, "no memory for an address dictionary");
    }
    return true;
}

void dictionary_done(struct dictionary *dictionary) {
    free(dictionary->values);
    free(dictionary->slots);
    free(dictionary->slots6);
    *dictionary = (struct dictionary){ 0 };
}

/* All slots empty. */
static void next_generation(struct dictionary *dictionary) {
    dictionary->generation++;
    if (dictionary->generation == 0) {
        memset(dictionary->slots, 0, sizeof *dictionary->slots << BITS_MAX);
        memset(dictionary->slots6, 0, sizeof *dictionary->slots6 << BITS_MAX);
        dictionary->generation = 1;
    }
}

/* The next batch is likely to be like the last one, so a table keeps the size that it grew to
 * (growing places every address anew); it shrinks by half a reset when it was less than an eighth
 * full. */
static uint32_t bits_for_next(uint32_t bits, uint32_t count) {
    return bits > BITS_MIN && count < 1u << (bits - 3) ? bits - 1 : bits;
}

void dictionary_reset(struct dictionary *dictionary) {
    next_generation(dictionary);
    /* The tables of a sorted dictionary were not used: its counts say nothing of their size. */
    if (!dictionary->is_sorted) {
        dictionary->bits = bits_for_next(dictionary->bits, dictionary->count4);
        dictionary->bits6 = bits_for_next(dictionary->bits6, dictionary->count6);
    }
    dictionary->count = dictionary->octets = 0;
    dictionary->count4 = dictionary->count6 = 0;
    dictionary->is_sorted = false;
}

void dictionary_adopt_sorted(struct dictionary *dictionary, uint32_t count4, uint32_t count6) {
    assert(dictionary->count == 0 && count4 + count6 <= DICTIONARY_CODES_MAX);
    dictionary->count = count4 + count6;
    dictionary->octets = 4 * count4 + 16 * count6;
    dictionary->count4 = count4;
    dictionary->count6 = count6;
    dictionary->is_sorted = true;
}

/* What a slot of the IPv4 table holds: comparing it by XOR leaves a code that is at most UINT16_MAX
 * when address and generation are the same. */
static inline uint64_t slot4(uint32_t ipv4, uint16_t generation, uint16_t code) {
    return (uint64_t)ipv4 << 32 | (uint32_t)generation << 16 | code;
}

static inline uint16_t generation4(uint64_t slot) {
    return (uint16_t)(slot >> 16);
}

static void place4(struct dictionary *dictionary, uint32_t ipv4, uint16_t code) {
    uint32_t mask = (1u << dictionary->bits) - 1;
    uint32_t at = hash4(dictionary, ipv4);
    while (generation4(dictionary->slots[at]) == dictionary->generation) {
        at = (at + 1) & mask;
    }
    dictionary->slots[at] = slot4(ipv4, dictionary->generation, code);
}

static void place6(struct dictionary *dictionary, struct address address, uint16_t code) {
    uint32_t mask = (1u << dictionary->bits6) - 1;
    uint32_t at = hash6(dictionary, address);
    while (dictionary->slots6[at] >> 16 == dictionary->generation) {
        at = (at + 1) & mask;
    }
    dictionary->slots6[at] = (uint32_t)dictionary->generation << 16 | code;
}

/* Both tables are placed anew: they share the generation. */
static void rebuild(struct dictionary *dictionary) {
    next_generation(dictionary);
    for (uint32_t code = 0; code < dictionary->count; code++) {
        struct address address = dictionary->values[code];
        if (address_is_ipv4(address)) {
            place4(dictionary, address_ipv4(address), (uint16_t)code);
        } else {
            place6(dictionary, address, (uint16_t)code);
        }
    }
}

/* Builds the tables of an adopted dictionary, each at most half full. */
static void build(struct dictionary *dictionary) {
    while (2 * dictionary->count4 > 1u << dictionary->bits && dictionary->bits < BITS_MAX) {
        dictionary->bits++;
    }
    while (2 * dictionary->count6 > 1u << dictionary->bits6 && dictionary->bits6 < BITS_MAX) {
        dictionary->bits6++;
    }
    dictionary->is_sorted = false;
    rebuild(dictionary);
}

static uint16_t append(struct dictionary *dictionary, struct address address, uint32_t octets) {
    assert(dictionary->count < DICTIONARY_CODES_MAX);
    dictionary->values[dictionary->count] = address;
    dictionary->octets += octets;
    return (uint16_t)dictionary->count++;
}

/* Adds an address that is not there; its probe ended at slot `at`. */
static uint16_t add4(struct dictionary *dictionary, uint32_t ipv4, uint32_t at) {
    uint16_t code = append(dictionary, address_from_ipv4(ipv4), 4);
    dictionary->slots[at] = slot4(ipv4, dictionary->generation, code);
    dictionary->count4++;
    if (2 * dictionary->count4 > (1u << dictionary->bits) - 1 && dictionary->bits < BITS_MAX) {
        dictionary->bits++;
        rebuild(dictionary);
    }
    return code;
}

/* What a probe needs of the dictionary: a copy stays in registers, since the codes that a loop
 * writes cannot change it. */
struct probe4 {
    const uint64_t *slots;
    uint64_t multiplier;
    uint32_t bits;
    uint16_t generation;
};

static inline struct probe4 probe4_of(const struct dictionary *dictionary) {
    return (struct probe4){ dictionary->slots, dictionary->multiplier, dictionary->bits,
                            dictionary->generation };
}

/* Where a probe for `ipv4` ends: its slot (`*is_there`), or the empty one where it would stand. */
static inline uint32_t probe4_find(struct probe4 probe, uint32_t ipv4, bool *is_there) {
    uint32_t mask = (1u << probe.bits) - 1;
    uint32_t at = hash4_by(probe.multiplier, probe.bits, ipv4);
    uint64_t wanted = slot4(ipv4, probe.generation, 0);
    while (generation4(probe.slots[at]) == probe.generation &&
           (probe.slots[at] ^ wanted) > UINT16_MAX) {
        at = (at + 1) & mask;
    }
    *is_there = generation4(probe.slots[at]) == probe.generation;
    return at;
}

static uint16_t code4(struct dictionary *dictionary, uint32_t ipv4) {
    bool is_there;
    uint32_t at = probe4_find(probe4_of(dictionary), ipv4, &is_there);
    return is_there ? (uint16_t)dictionary->slots[at] : add4(dictionary, ipv4, at);
}

static uint16_t code6(struct dictionary *dictionary, struct address address) {
    uint32_t mask = (1u << dictionary->bits6) - 1;
    uint32_t at = hash6(dictionary, address);
    for (;;) {
        uint32_t slot = dictionary->slots6[at];
        if (slot >> 16 != dictionary->generation) {
            break;
        }
        if (address_equal(dictionary->values[slot & 0xffff], address)) {
            return (uint16_t)slot;
        }
        at = (at + 1) & mask;
    }
    uint16_t code = append(dictionary, address, 16);
    dictionary->slots6[at] = (uint32_t)dictionary->generation << 16 | code;
    dictionary->count6++;
    if (2 * dictionary->count6 > mask && dictionary->bits6 < BITS_MAX) {
        dictionary->bits6++;
        rebuild(dictionary);
    }
    return code;
}

uint16_t dictionary_code(struct dictionary *dictionary, struct address address) {
    if (dictionary->is_sorted) {
        build(dictionary);
    }
    return address_is_ipv4(address) ? code4(dictionary, address_ipv4(address))
                                    : code6(dictionary, address);
}

/* The first pass over a block: codes of the addresses that stand in the first two slots of their
 * probes; the others' indices go to `missing`. Without branches: which slot holds an address, and
 * whether it is new, cannot be foreseen. An address stands in at most one slot of a generation, so
 * a match is right wherever it is seen. */
static size_t code_known(struct probe4 probe, uint16_t *restrict codes,
                         const uint32_t *restrict addresses, size_t count,
                         uint16_t *restrict missing) {
    uint32_t mask = (1u << probe.bits) - 1;
    size_t missing_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t wanted = slot4(addresses[i], probe.generation, 0);
        uint32_t at = hash4_by(probe.multiplier, probe.bits, addresses[i]);
        uint64_t first = probe.slots[at] ^ wanted;
        uint64_t second = probe.slots[(at + 1) & mask] ^ wanted;
        uint64_t least = first < second ? first : second; /* a match leaves the code alone */
        codes[i] = (uint16_t)least;
        missing[missing_count] = (uint16_t)i;
        missing_count += least > UINT16_MAX;
    }
    return missing_count;
}

/* The second pass codes what is missing, in its order. Every first occurrence is missing, so codes
 * follow the order of arrival as if the addresses had come one by one. */
void dictionary_code_ipv4_burst(struct dictionary *dictionary, uint16_t *restrict codes,
                                const uint32_t *restrict addresses, size_t count) {
    if (dictionary->is_sorted) {
        build(dictionary);
    }
    uint16_t missing[BURST_BLOCK];
    while (count > 0) {
        size_t block = count < BURST_BLOCK ? count : BURST_BLOCK;
        size_t missing_count = code_known(probe4_of(dictionary), codes, addresses, block, missing);
        for (size_t i = 0; i < missing_count; i++) {
            codes[missing[i]] = code4(dictionary, addresses[missing[i]]);
        }
        codes += block;
        addresses += block;
        count -= block;
    }
}

static bool find_sorted(const struct dictionary *dictionary, struct address address,
                        uint16_t *code) {
    bool is_ipv4 = address_is_ipv4(address);
    uint32_t low = is_ipv4 ? 0 : dictionary->count4;
    uint32_t high = is_ipv4 ? dictionary->count4 : dictionary->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = address_compare(dictionary->values[middle], address);
        if (order == 0) {
            *code = (uint16_t)middle;
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

bool dictionary_find(const struct dictionary *dictionary, struct address address, uint16_t *code) {
    if (dictionary->is_sorted) {
        return find_sorted(dictionary, address, code);
    }
    bool is_ipv4 = address_is_ipv4(address);
    uint32_t bits = is_ipv4 ? dictionary->bits : dictionary->bits6;
    uint32_t mask = (1u << bits) - 1;
    uint32_t at = is_ipv4 ? hash4(dictionary, address_ipv4(address)) : hash6(dictionary, address);
    for (;; at = (at + 1) & mask) {
        uint32_t generation =
            is_ipv4 ? generation4(dictionary->slots[at]) : dictionary->slots6[at] >> 16;
        if (generation != dictionary->generation) {
            return false;
        }
        uint16_t found = (uint16_t)(is_ipv4 ? dictionary->slots[at] : dictionary->slots6[at]);
        if (address_equal(dictionary->values[found], address)) {
            *code = found;
            return true;
        }
    }
}
