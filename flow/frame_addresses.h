/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_ADDRESSES_H
#define WEIR_FLOW_FRAME_ADDRESSES_H

#include "flow/frame_layout.h"

/* The addresses of a frame: two sorted sections, never compressed, so that whether an address is
 * there can be told without opening them. An address's code in the frame is its rank: IPv4 ones
 * first, ascending, then the others, ascending.
 *
 * IPv4: blocks of 128 addresses. An index entry holds a block's first address and where its other
 * addresses begin; each of those is the distance to the one before, less 1, as a varint. A search
 * halves the index and walks one block.
 *
 * IPv6: the distinct upper halves (/64 prefixes), a bitmap that has a 1 for each address that is
 * the first of its prefix, and the lower halves. A search halves the prefixes, counts ones to find
 * the prefix's addresses, and halves those. At worst (each in a prefix of its own) this is 16.2
 * bytes an address; inside one prefix 8.2. */

#define FRAME_IPV4_BLOCK 128u
#define FRAME_IPV4_INDEX_ENTRY 8u

static inline uint32_t frame_ipv4_block_count(uint32_t count) {
    return (count + FRAME_IPV4_BLOCK - 1) / FRAME_IPV4_BLOCK;
}

/* What the encoder knows of them; scratch of one thread. */
struct frame_addresses {
    uint32_t count4;
    uint32_t count6;
    uint16_t rank[DICTIONARY_CODES_MAX]; /* by code of the batch; of used codes only */
    bool is_used[DICTIONARY_CODES_MAX];
    uint64_t ipv4[DICTIONARY_CODES_MAX]; /* address << 16 | code, ascending */
    uint64_t scratch[DICTIONARY_CODES_MAX];
    uint16_t ipv6[DICTIONARY_CODES_MAX]; /* codes, ascending by address */
    uint16_t order_scratch[DICTIONARY_CODES_MAX];
};

/* Ranks the addresses that records of `batch` use; others of its dictionary are left out. */
void frame_addresses_rank(struct frame_addresses *addresses, const struct batch *batch);

/* The rank of an address; false where no record uses it. */
bool frame_addresses_rank_of(const struct frame_addresses *addresses, const struct batch *batch,
                             struct address address, uint16_t *rank);

/* Append the contents of the two sections to `out` (latched failure: the caller checks). */
void frame_addresses_write_ipv4(const struct frame_addresses *addresses, struct buffer *out);
void frame_addresses_write_ipv6(const struct frame_addresses *addresses, const struct batch *batch,
                                struct buffer *out);

/* Fills an empty dictionary. Untrusted; the sections' checksums are compared. Errors: ERROR_FORMAT.
 */
bool frame_addresses_read(const struct frame_view *view, struct dictionary *dictionary,
                          struct error *err);

/* Looks an address up in the section of its kind, whose checksum is not compared (it would cost
 * more than the search). Untrusted. Errors: ERROR_FORMAT. */
bool frame_addresses_find(const struct frame_view *view, struct address address, bool *has,
                          struct error *err);

#endif
