/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_FACTS_H
#define WEIR_INGEST_CAPTURE_FACTS_H

#include "ingest/capture_reader.h"
#include "ingest/packet.h"
#include "ingest/source.h"

/* What is worth telling of a capture beside its counts (`weir doctor`): what was captured short, or
 * twice, or inside a tunnel, or is out of order, and whose traffic it is. Each frame is decoded
 * twice for it, so it is only done where somebody asks. Fixed memory. One thread at a time. */

#define CAPTURE_FACTS_LINKS_MAX 8u
#define CAPTURE_FACTS_ADDRESSES 16u
/* A frame that equals one of so many before it, on its interface, was captured twice. */
#define CAPTURE_FACTS_RECENT 16u

struct capture_facts {
    uint64_t frames;
    uint64_t decoded;
    uint64_t snapped;   /* captured short */
    uint64_t blind;     /* so short that it is not known what they carry */
    uint64_t cut;       /* so short that ports or flags are missing */
    uint64_t tunnels;   /* hold another packet, one that decodes */
    uint64_t fragments; /* of datagrams */
    uint64_t exports;   /* datagrams to the ports of NetFlow, IPFIX, sFlow */
    uint64_t copies;
    uint64_t strange; /* of link types that are not known */
    uint64_t early;   /* more than a second earlier than one before them */
    int64_t newest_ns;
    uint64_t outside;                        /* packets neither end of which is a private address */
    uint32_t links[CAPTURE_FACTS_LINKS_MAX]; /* types, in the order in which they came */
    uint32_t link_count;
    uint64_t recent[CAPTURE_FACTS_RECENT];
    /* Candidates for an address that most packets have (Misra and Gries, 1982): `count` is at most
     * what it has, and one that more than a seventeenth of all ends have is among them. */
    struct {
        struct address address;
        uint64_t count;
    } ends[CAPTURE_FACTS_ADDRESSES];
};

extern const struct source_profile capture_profile;

/* Notes a frame; of a zeroed `facts` the first one. */
void capture_facts_add(struct capture_facts *facts, const struct capture_frame *frame);

/* What the caller counts: nothing is advised that was asked for. */
struct capture_facts_choice {
    enum packet_tunnels tunnels;
    bool has_nodes; /* it was told whose addresses are nodes */
};

/* Fills all of `out`. `reader` is the one that gave the frames. */
void capture_facts_describe(const struct capture_facts *facts, const struct capture_reader *reader,
                            const struct capture_facts_choice *choice,
                            struct source_description *out);

#endif
