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
    return hash4_by(dictionary->tables.multiplier, dictionary->tables.bits, ipv4);
}

static uint32_t hash6(const struct dictionary *dictionary, struct address address) {
    /* Both halves are multiplied by secrets of their own, the low one folded first: its upper bits
     * (an EUI-64's vendor) would otherwise weigh nothing. */
    uint64_t low = address.low ^ address.low >> 32;
    uint64_t mixed =
        address.high * dictionary->tables.multiplier6 + low * dictionary->tables.multiplier;
    return (uint32_t)((mixed ^ mixed >> 32) * GOLDEN >> (64 - dictionary->tables.bits6));
}

/* Without entropy (a sandbox that forbids the call) the multipliers are the known ones. */
static void draw_secrets(struct dictionary_tables *tables) {
    uint64_t secrets[2] = { 0 };
    if (getentropy(secrets, sizeof secrets) != 0) {
        memset(secrets, 0, sizeof secrets);
    }
    uint64_t secret_mask = (UINT64_C(1) << SECRET_BITS) - 1;
    tables->multiplier = GOLDEN ^ (secrets[0] & secret_mask & ~UINT64_C(1));
    tables->multiplier6 = UINT64_C(0xD6E8FEB86659FD93) ^ (secrets[1] & ~UINT64_C(1));
}

bool dictionary_tables_init(struct dictionary_tables *tables, struct error *err) {
    *tables = (struct dictionary_tables){ .bits = BITS_MIN, .bits6 = BITS_MIN, .generation = 1 };
    draw_secrets(tables);
    tables->slots = calloc((size_t)1 << BITS_MAX, sizeof *tables->slots);
    tables->slots6 = calloc((size_t)1 << BITS_MAX, sizeof *tables->slots6);
    if (tables->slots == NULL || tables->slots6 == NULL) {
        dictionary_tables_done(tables);
        return error_set(err, ERROR_LIMIT, "no memory for an address dictionary");
    }
    return true;
}

void dictionary_tables_done(struct dictionary_tables *tables) {
    free(tables->slots);
    free(tables->slots6);
    *tables = (struct dictionary_tables){ 0 };
}

bool dictionary_init(struct dictionary *dictionary, struct error *err) {
    *dictionary = (struct dictionary){ 0 };
    if (!dictionary_tables_init(&dictionary->tables, err)) {
        return false;
    }
    dictionary->values = malloc(DICTIONARY_CODES_MAX * sizeof *dictionary->values);
    if (dictionary->values == NULL) {
        dictionary_done(dictionary);
        return error_set(err, ERROR_LIMIT, "no memory for an address dictionary");
    }
    return true;
}

void dictionary_done(struct dictionary *dictionary) {
    free(dictionary->values);
    dictionary_tables_done(&dictionary->tables);
    *dictionary = (struct dictionary){ 0 };
}

/* All slots empty. */
static void next_generation(struct dictionary_tables *tables) {
    tables->generation++;
    if (tables->generation == 0) {
        memset(tables->slots, 0, sizeof *tables->slots << BITS_MAX);
        memset(tables->slots6, 0, sizeof *tables->slots6 << BITS_MAX);
        tables->generation = 1;
    }
}

/* The next batch is likely to be like the last one, so a table keeps the size that it grew to
 * (growing places every address anew); it shrinks by half a reset when it was less than an eighth
 * full. */
static uint32_t bits_for_next(uint32_t bits, uint32_t count) {
    return bits > BITS_MIN && count < 1u << (bits - 3) ? bits - 1 : bits;
}

/* Empties the tables, which held so many addresses. */
static void tables_reset(struct dictionary_tables *tables, uint32_t count4, uint32_t count6) {
    next_generation(tables);
    tables->bits = bits_for_next(tables->bits, count4);
    tables->bits6 = bits_for_next(tables->bits6, count6);
}

void dictionary_reset(struct dictionary *dictionary) {
    if (!dictionary->is_bare) { /* else they are empty, and the counts say nothing of their size */
        tables_reset(&dictionary->tables, dictionary->count4, dictionary->count6);
    }
    dictionary->count = dictionary->octets = 0;
    dictionary->count4 = dictionary->count6 = 0;
    dictionary->is_bare = dictionary->is_sorted = false;
}

static void swap_tables(struct dictionary *dictionary, struct dictionary_tables *tables) {
    struct dictionary_tables own = dictionary->tables;
    dictionary->tables = *tables;
    *tables = own;
}

void dictionary_lend(struct dictionary *dictionary, struct dictionary_tables *tables) {
    assert(dictionary->count == 0);
    swap_tables(dictionary, tables);
}

void dictionary_take_back(struct dictionary *dictionary, struct dictionary_tables *tables) {
    swap_tables(dictionary, tables);
    tables_reset(tables, dictionary->count4, dictionary->count6);
    dictionary->is_bare = true;
}

void dictionary_adopt_sorted(struct dictionary *dictionary, uint32_t count4, uint32_t count6) {
    assert(dictionary->count == 0 && count4 + count6 <= DICTIONARY_CODES_MAX);
    dictionary->count = count4 + count6;
    dictionary->octets = 4 * count4 + 16 * count6;
    dictionary->count4 = count4;
    dictionary->count6 = count6;
    dictionary->is_bare = dictionary->is_sorted = true;
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
    uint32_t mask = (1u << dictionary->tables.bits) - 1;
    uint32_t at = hash4(dictionary, ipv4);
    while (generation4(dictionary->tables.slots[at]) == dictionary->tables.generation) {
        at = (at + 1) & mask;
    }
    dictionary->tables.slots[at] = slot4(ipv4, dictionary->tables.generation, code);
}

static void place6(struct dictionary *dictionary, struct address address, uint16_t code) {
    uint32_t mask = (1u << dictionary->tables.bits6) - 1;
    uint32_t at = hash6(dictionary, address);
    while (dictionary->tables.slots6[at] >> 16 == dictionary->tables.generation) {
        at = (at + 1) & mask;
    }
    dictionary->tables.slots6[at] = (uint32_t)dictionary->tables.generation << 16 | code;
}

/* Both tables are placed anew: they share the generation. */
static void rebuild(struct dictionary *dictionary) {
    next_generation(&dictionary->tables);
    for (uint32_t code = 0; code < dictionary->count; code++) {
        struct address address = dictionary->values[code];
        if (address_is_ipv4(address)) {
            place4(dictionary, address_ipv4(address), (uint16_t)code);
        } else {
            place6(dictionary, address, (uint16_t)code);
        }
    }
}

/* Builds the tables of a bare dictionary, each at most half full. */
static void build(struct dictionary *dictionary) {
    while (2 * dictionary->count4 > 1u << dictionary->tables.bits &&
           dictionary->tables.bits < BITS_MAX) {
        dictionary->tables.bits++;
    }
    while (2 * dictionary->count6 > 1u << dictionary->tables.bits6 &&
           dictionary->tables.bits6 < BITS_MAX) {
        dictionary->tables.bits6++;
    }
    dictionary->is_bare = dictionary->is_sorted = false;
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
    dictionary->tables.slots[at] = slot4(ipv4, dictionary->tables.generation, code);
    dictionary->count4++;
    if (2 * dictionary->count4 > (1u << dictionary->tables.bits) - 1 &&
        dictionary->tables.bits < BITS_MAX) {
        dictionary->tables.bits++;
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
    return (struct probe4){ dictionary->tables.slots, dictionary->tables.multiplier,
                            dictionary->tables.bits, dictionary->tables.generation };
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
    return is_there ? (uint16_t)dictionary->tables.slots[at] : add4(dictionary, ipv4, at);
}

static uint16_t code6(struct dictionary *dictionary, struct address address) {
    uint32_t mask = (1u << dictionary->tables.bits6) - 1;
    uint32_t at = hash6(dictionary, address);
    for (;;) {
        uint32_t slot = dictionary->tables.slots6[at];
        if (slot >> 16 != dictionary->tables.generation) {
            break;
        }
        if (address_equal(dictionary->values[slot & 0xffff], address)) {
            return (uint16_t)slot;
        }
        at = (at + 1) & mask;
    }
    uint16_t code = append(dictionary, address, 16);
    dictionary->tables.slots6[at] = (uint32_t)dictionary->tables.generation << 16 | code;
    dictionary->count6++;
    if (2 * dictionary->count6 > mask && dictionary->tables.bits6 < BITS_MAX) {
        dictionary->tables.bits6++;
        rebuild(dictionary);
    }
    return code;
}

uint16_t dictionary_code(struct dictionary *dictionary, struct address address) {
    if (dictionary->is_bare) {
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
    if (dictionary->is_bare) {
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

static bool find_bare(const struct dictionary *dictionary, struct address address, uint16_t *code) {
    for (uint32_t i = 0; i < dictionary->count; i++) {
        if (address_equal(dictionary->values[i], address)) {
            *code = (uint16_t)i;
            return true;
        }
    }
    return false;
}

bool dictionary_find(const struct dictionary *dictionary, struct address address, uint16_t *code) {
    if (dictionary->is_bare) {
        return dictionary->is_sorted ? find_sorted(dictionary, address, code)
                                     : find_bare(dictionary, address, code);
    }
    bool is_ipv4 = address_is_ipv4(address);
    uint32_t bits = is_ipv4 ? dictionary->tables.bits : dictionary->tables.bits6;
    uint32_t mask = (1u << bits) - 1;
    uint32_t at = is_ipv4 ? hash4(dictionary, address_ipv4(address)) : hash6(dictionary, address);
    for (;; at = (at + 1) & mask) {
        uint32_t generation = is_ipv4 ? generation4(dictionary->tables.slots[at])
                                      : dictionary->tables.slots6[at] >> 16;
        if (generation != dictionary->tables.generation) {
            return false;
        }
        uint16_t found =
            (uint16_t)(is_ipv4 ? dictionary->tables.slots[at] : dictionary->tables.slots6[at]);
        if (address_equal(dictionary->values[found], address)) {
            *code = found;
            return true;
        }
    }
}
