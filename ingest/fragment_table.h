/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FRAGMENT_TABLE_H
#define WEIR_INGEST_FRAGMENT_TABLE_H

#include "ingest/packet.h"

/* Ports of fragments (and, behind extension headers, their protocol): only a datagram's first piece
 * has them, so they are kept for the pieces that come behind it, and these count to the datagram's
 * flow. A piece whose first one did not come before it, or came more than FRAGMENT_KEPT_MS ago, has
 * ports 0.
 *
 * A fixed number of datagrams, in sets of a few: in a full set the oldest makes room. Where a
 * datagram stands depends on its addresses alone (no secret is in it: the output would depend on
 * it), so a sender can push out others' datagrams. What he gains is a tail with ports 0. One thread
 * at a time. */

#define FRAGMENT_SETS 1024u
#define FRAGMENT_WAYS 4u
/* RFC 791 and Linux keep pieces for 30 seconds. */
#define FRAGMENT_KEPT_MS 30000

struct fragment {
    struct address src;
    struct address dst;
    int64_t time_ms;
    uint64_t serial; /* 0: empty; the smaller, the older */
    uint32_t id;
    uint16_t src_port;
    uint16_t dst_port;
    uint8_t protocol;
    uint8_t fragment_protocol;
};

struct fragment_table {
    struct fragment (*sets)[FRAGMENT_WAYS]; /* NULL until there is a fragment */
    uint64_t serial;
};

/* Remembers a first piece's ports and protocol, and fills in those of a tail. Errors: ERROR_LIMIT
 * (memory, at the first fragment). `packet` must be a fragment. */
bool fragment_table_resolve(struct fragment_table *table, struct packet *packet, int64_t time_ms,
                            struct error *err);
/* Accepts a zeroed one, which is an empty table. */
void fragment_table_done(struct fragment_table *table);

#endif
