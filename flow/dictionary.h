/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_DICTIONARY_H
#define WEIR_FLOW_DICTIONARY_H

#include "flow/address.h"

/* The distinct addresses of a batch, each with a 16-bit code, in the order in which they came. What
 * is asked of an address is computed once a code, not once a record. One thread at a time.
 *
 * Two hash tables find codes: IPv4 by 8-byte slots, IPv6 by 4-byte slots. Both start small, double
 * at half full, and are emptied by a generation number, not by clearing (CODEC.md, 4: a small table
 * stays in the cache). At most DICTIONARY_CODES_MAX addresses; the owner sees to it. */

#define DICTIONARY_CODES_MAX 65536u

struct dictionary_tables {
    uint64_t *slots;  /* [1 << bits]: IPv4 address << 32 | generation << 16 | code */
    uint32_t *slots6; /* [1 << bits6]: generation << 16 | code */
    uint32_t bits;
    uint32_t bits6;
    uint16_t generation;
    uint64_t multiplier; /* secrets of the hashes: no sender can choose colliding addresses */
    uint64_t multiplier6;
};

struct dictionary {
    struct address *values; /* [count], by code */
    uint32_t count;
    uint32_t octets; /* 4 an IPv4 address, 16 an IPv6 one: what the batch's limit is about */
    uint32_t count4;
    uint32_t count6;
    struct dictionary_tables tables;
    bool is_bare;   /* the tables do not hold the values yet */
    bool is_sorted; /* values: IPv4 ascending, then the others; only where `is_bare` */
};

/* Allocates; errors: ERROR_LIMIT. */
bool dictionary_init(struct dictionary *dictionary, struct error *err);
/* Accepts a zeroed or half built one. */
void dictionary_done(struct dictionary *dictionary);
/* Empty, keeps its memory. */
void dictionary_reset(struct dictionary *dictionary);

/* The code of an address; adds it when it is new. */
uint16_t dictionary_code(struct dictionary *dictionary, struct address address);

/* Codes of `count` IPv4 addresses (host order): the hot loop behind a parser's column pass. */
void dictionary_code_ipv4_burst(struct dictionary *dictionary, uint16_t *restrict codes,
                                const uint32_t *restrict addresses, size_t count);

/* Tables for who fills one dictionary after another and gives each away, to another thread above
 * all (a parser of batches): lent to the dictionary while it is filled, they stay in the caches of
 * their core, and a batch on its way is half a megabyte smaller. `init` errors: ERROR_LIMIT. */
bool dictionary_tables_init(struct dictionary_tables *tables, struct error *err);
/* Accepts a zeroed or half built one. */
void dictionary_tables_done(struct dictionary_tables *tables);
/* Lends tables to an empty dictionary, whose own wait in `tables` meanwhile. */
void dictionary_lend(struct dictionary *dictionary, struct dictionary_tables *tables);
/* Takes them back. The dictionary's own are built when an address is coded next; until then
 * dictionary_find walks over all of its values. */
void dictionary_take_back(struct dictionary *dictionary, struct dictionary_tables *tables);

/* Takes over the addresses that the caller has written to `values` of an empty dictionary: `count4`
 * IPv4 ones, then `count6` others, both ascending without repeats, at most DICTIONARY_CODES_MAX in
 * all. Their codes are their indices. The hash tables are built when an address is coded next;
 * until then dictionary_find searches by halves, so a decoded frame that is only read pays for no
 * table. */
void dictionary_adopt_sorted(struct dictionary *dictionary, uint32_t count4, uint32_t count6);

/* The code of an address that may not be there: false when it is not. */
bool dictionary_find(const struct dictionary *dictionary, struct address address, uint16_t *code);

#endif
