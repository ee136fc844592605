/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/capture_facts.h"

#include "ingest/packet_link.h"

#include <stdarg.h>
#include <stdio.h>
#include <xxhash.h>

#define SECOND_NS INT64_C(1000000000)
#define COPIES_MIN 16u
#define ETHERNET_HEADER_SIZE 14u

#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_SCTP 132u

const struct source_profile capture_profile = {
    .title = "captures",
    .direction_advice = "say whose addresses are nodes: --local CIDR, or --inventory",
    .unseen =
        "what did not pass the interface: behind a switch that is most of what its neighbours "
        "do; nor what was dropped while it was captured",
    .unseen_advice = "capture on the node itself, or at a port that mirrors it",
};

/* ---- frames ---- */

static void note_link(struct capture_facts *facts, uint32_t link_type) {
    for (uint32_t i = 0; i < facts->link_count; i++) {
        if (facts->links[i] == link_type) {
            return;
        }
    }
    if (facts->link_count < CAPTURE_FACTS_LINKS_MAX) {
        facts->links[facts->link_count++] = link_type;
    }
}

static void note_time(struct capture_facts *facts, int64_t time_ns) {
    if (facts->frames == 0) {
        facts->newest_ns = time_ns;
        return;
    }
    /* Times of any year may be there: a difference could overflow, a comparison cannot. */
    double ahead = (double)time_ns - (double)facts->newest_ns;
    facts->early += ahead < (double)-SECOND_NS;
    facts->newest_ns = time_ns > facts->newest_ns ? time_ns : facts->newest_ns;
}

/* What may differ between two captures of one packet: addresses of the link, its direction. */
static size_t link_size(uint32_t link_type) {
    switch (link_type) {
    case LINK_TYPE_ETHERNET: return 12;
    case LINK_TYPE_LINUX_SLL: return 14;
    case LINK_TYPE_LINUX_SLL2: return 20;
    default: return 0;
    }
}

static void note_copy(struct capture_facts *facts, const struct capture_frame *frame) {
    size_t skipped = link_size(frame->link_type);
    if (frame->data.size <= skipped) {
        return;
    }
    uint64_t seed = (uint64_t)frame->interface << 32 | frame->wire_size;
    uint64_t hash =
        XXH3_64bits_withSeed(frame->data.data + skipped, frame->data.size - skipped, seed);
    hash += hash == 0; /* zero is an empty place */
    for (size_t i = 0; i < CAPTURE_FACTS_RECENT; i++) {
        if (facts->recent[i] == hash) {
            facts->copies++;
            return;
        }
    }
    facts->recent[facts->frames % CAPTURE_FACTS_RECENT] = hash;
}

static void note_end(struct capture_facts *facts, struct address address) {
    size_t free_at = CAPTURE_FACTS_ADDRESSES;
    for (size_t i = 0; i < CAPTURE_FACTS_ADDRESSES; i++) {
        if (facts->ends[i].count == 0) {
            free_at = i;
        } else if (address_equal(facts->ends[i].address, address)) {
            facts->ends[i].count++;
            return;
        }
    }
    if (free_at < CAPTURE_FACTS_ADDRESSES) {
        facts->ends[free_at].address = address;
        facts->ends[free_at].count = 1;
        return;
    }
    for (size_t i = 0; i < CAPTURE_FACTS_ADDRESSES; i++) {
        facts->ends[i].count--;
    }
}

static bool is_export(const struct packet *packet) {
    static const uint16_t PORTS[] = { 2055, 4739, 6343, 9995, 9996 };
    for (size_t i = 0; i < sizeof PORTS / sizeof *PORTS; i++) {
        if (packet->protocol == PROTOCOL_UDP && packet->dst_port == PORTS[i]) {
            return true;
        }
    }
    return false;
}

static void note_packet(struct capture_facts *facts, const struct packet *packet) {
    bool has_ports = packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP ||
                     packet->protocol == PROTOCOL_SCTP;
    bool is_cut = (packet->protocol == PROTOCOL_TCP && !packet->has_flags) ||
                  (packet->src_port == 0 && packet->dst_port == 0);
    facts->decoded++;
    facts->cut += has_ports && is_cut && !packet->is_fragment_tail;
    facts->fragments += packet->is_fragment;
    facts->exports += is_export(packet);
    facts->outside += address_classify(packet->src) != ADDRESS_PRIVATE &&
                      address_classify(packet->dst) != ADDRESS_PRIVATE;
    note_end(facts, packet->src);
    note_end(facts, packet->dst);
}

/* Cut inside its IP header, or in front of the type that says whether one follows: then it counts
 * as malformed, or as no IP, and its bytes for nobody. Link headers of known types are shorter than
 * Ethernet's or end in a type within it, but for a few, of which this misses some. */
static bool is_blind(const struct capture_frame *frame, enum packet_kind kind) {
    bool is_cut = frame->data.size < frame->wire_size;
    bool lacks_type = frame->data.size < ETHERNET_HEADER_SIZE;
    return is_cut && (kind == PACKET_MALFORMED || (kind == PACKET_NOT_IP && lacks_type)) &&
           packet_link_is_known(frame->link_type);
}

void capture_facts_add(struct capture_facts *facts, const struct capture_frame *frame) {
    struct packet outer;
    struct packet inner;
    note_link(facts, frame->link_type);
    note_time(facts, frame->time_ns);
    facts->snapped += frame->data.size < frame->wire_size;
    facts->strange += !packet_link_is_known(frame->link_type);
    enum packet_kind kind = packet_decode(frame->data, frame->wire_size, frame->link_type,
                                          PACKET_TUNNELS_OUTER, &outer);
    facts->blind += is_blind(frame, kind);
    if (kind == PACKET_DECODED) {
        note_packet(facts, &outer);
        note_copy(facts, frame); /* ARP and the like do repeat themselves */
        bool is_inside = packet_decode(frame->data, frame->wire_size, frame->link_type,
                                       PACKET_TUNNELS_INNER, &inner) == PACKET_DECODED;
        facts->tunnels += is_inside && inner.bytes != outer.bytes; /* a tunnel has a header */
    }
    facts->frames++;
}

/* ---- words ---- */

__attribute__((format(printf, 2, 3))) static void put(struct source_description *out,
                                                      const char *format, ...) {
    size_t used = strlen(out->layout);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(out->layout + used, sizeof out->layout - used, format, arguments);
    va_end(arguments);
}

static const char *link_name(uint32_t link_type) {
    switch (link_type) {
    case LINK_TYPE_NULL:
    case LINK_TYPE_LOOP: return "loopback";
    case LINK_TYPE_ETHERNET: return "Ethernet";
    case LINK_TYPE_LINUX_SLL: return "Linux cooked";
    case LINK_TYPE_LINUX_SLL2: return "Linux cooked v2";
    case LINK_TYPE_RAW_12:
    case LINK_TYPE_RAW_14:
    case LINK_TYPE_RAW:
    case LINK_TYPE_IPV4:
    case LINK_TYPE_IPV6: return "raw IP";
    case LINK_TYPE_NFLOG: return "NFLOG";
    case LINK_TYPE_PPP:
    case LINK_TYPE_PPP_HDLC:
    case LINK_TYPE_PPP_ETHER:
    case LINK_TYPE_PPP_WITH_DIR: return "PPP";
    case LINK_TYPE_C_HDLC: return "Cisco HDLC";
    case LINK_TYPE_FRELAY: return "frame relay";
    default: return NULL;
    }
}

/* "link type Ethernet; 2 interfaces (eth0, eth1)". */
static void describe_links(const struct capture_facts *facts, const struct capture_reader *reader,
                           struct source_description *out) {
    uint32_t count = capture_reader_interface_count(reader);
    put(out, "link type");
    for (uint32_t i = 0; i < facts->link_count; i++) {
        const char *name = link_name(facts->links[i]);
        const char *comma = i == 0 ? " " : ", ";
        if (name != NULL) {
            put(out, "%s%s", comma, name);
        } else {
            put(out, "%s%u", comma, facts->links[i]);
        }
    }
    put(out, "; %u interface%s", count, count == 1 ? "" : "s");
    uint32_t named = 0;
    for (uint32_t i = 0; i < count && i < CAPTURE_FACTS_LINKS_MAX; i++) {
        struct bytes name = capture_reader_interface(reader, i);
        if (name.size > 0) {
            put(out, "%s%.*s", named++ == 0 ? " (" : ", ", name.size < 64 ? (int)name.size : 64,
                (const char *)name.data);
        }
    }
    put(out, "%s", named == 0 ? "" : count > CAPTURE_FACTS_LINKS_MAX ? ", ...)" : ")");
}

/* Facts of count 0 are added too: over several captures a share is one of all of them. */
static struct source_fact *add(struct source_description *out, const struct source_fact *fact,
                               uint64_t count, uint64_t of) {
    struct source_fact *added = &out->facts[out->fact_count++];
    *added = *fact;
    added->count = count;
    added->of = of;
    return added;
}

static const struct source_fact STRANGE = {
    .id = "unknown_link_type",
    .weight = SOURCE_PROBLEM,
    .what = "are of a link type that is not known",
    .why = "they are counted and not looked into",
    .advice = "capture at another interface, or convert the file",
    .unit = "frames",
};
static const struct source_fact BLIND = {
    .id = "ip_header_cut",
    .weight = SOURCE_PROBLEM,
    .what = "were captured so short that their IP header is not there",
    .why = "their bytes count for nobody",
    .advice = "capture with a snap length of 128 or more (-s)",
    .unit = "frames",
};
static const struct source_fact DROPPED = {
    .id = "dropped",
    .weight = SOURCE_WARNING,
    .what = "were dropped while the capture was made",
    .why = "volumes are too small by them",
    .advice = "capture with a larger buffer (-B) and a snap length of 128 (-s)",
    .unit = "frames",
};
static const struct source_fact COPIES = {
    .id = "captured_twice",
    .weight = SOURCE_WARNING,
    .what = "equal one just before them on the same interface",
    .why =
        "where they were captured twice (a mirror port) volumes are too large; a flood of crafted "
        "packets looks the same",
    .advice = "mirror one direction or one port, or drop copies first (editcap -d)",
    .unit = "frames",
};
static const struct source_fact EARLY = {
    .id = "out_of_order",
    .weight = SOURCE_WARNING,
    .what = "are more than a second earlier than one before them",
    .why = "their flows may be late, and then are in no window",
    .advice = "sort the file by time first (reordercap)",
    .unit = "frames",
};
static const struct source_fact CUT = {
    .id = "headers_cut",
    .weight = SOURCE_WARNING,
    .what = "end before their ports or flags",
    .why = "services and who opened a conversation are not known",
    .advice = "capture with a snap length of 128 or more (-s)",
    .unit = "packets",
};
static const struct source_fact OUTSIDE = {
    .id = "no_private_end",
    .weight = SOURCE_WARNING,
    .what = "have no private address at either end",
    .why = "only private addresses are nodes unless it is said whose are",
    .advice = "--local CIDR, or --inventory",
    .unit = "packets",
};
static const struct source_fact TUNNELS = {
    .id = "tunnels",
    .weight = SOURCE_NOTE,
    .what = "hold another packet (GRE, VXLAN, GENEVE, IP in IP)",
    .why = "what is inside counts for the ends of the tunnel",
    .advice = "--tunnels inner counts it for its own ends",
    .unit = "packets",
};
static const struct source_fact EXPORTS = {
    .id = "flow_exports",
    .weight = SOURCE_NOTE,
    .what = "go to a port of NetFlow, IPFIX or sFlow",
    .why = "the flows that they tell of are not read, only that they were sent",
    .advice = "decode them first (nfcapd, nfdump)",
    .unit = "packets",
};
static const struct source_fact FRAGMENTS = {
    .id = "fragments",
    .weight = SOURCE_FINE,
    .what = "are fragments of a datagram",
    .why = "they have the ports of their first piece, if that was captured",
    .unit = "packets",
};
static const struct source_fact SNAPPED = {
    .id = "snapped",
    .weight = SOURCE_FINE,
    .what = "were captured short",
    .why = "volumes are those of the wire, so nothing is lost of them",
    .unit = "frames",
};

/* The address that most packets have, if more than half of them do: 0 when none does. Counts of
 * candidates are lower bounds, so what is found holds. */
static uint64_t find_main(const struct capture_facts *facts, struct address *address) {
    uint64_t most = 0;
    for (size_t i = 0; i < CAPTURE_FACTS_ADDRESSES; i++) {
        if (facts->ends[i].count > most) {
            most = facts->ends[i].count;
            *address = facts->ends[i].address;
        }
    }
    return most > facts->decoded / 2 ? most : 0;
}

/* Where most packets are between addresses that are no nodes, whose the capture is. */
static void describe_nodes(const struct capture_facts *facts, struct source_description *out) {
    struct address address;
    char text[ADDRESS_TEXT_SIZE];
    bool is_most = facts->outside > facts->decoded / 2;
    struct source_fact *fact = add(out, &OUTSIDE, is_most ? facts->outside : 0, facts->decoded);
    if (is_most && find_main(facts, &address) > 0) {
        (void)address_format(address, text);
        (void)snprintf(fact->detail, sizeof fact->detail, "%s is an end of most, so --local %s",
                       text, text);
    }
}

/* A retransmission without a byte changed looks like a copy, and is rare; a mirror port's copies
 * are a third of a capture, or half. */
static uint64_t certain_copies(const struct capture_facts *facts) {
    return facts->copies >= COPIES_MIN && facts->copies > facts->frames / 100 ? facts->copies : 0;
}

static uint64_t dropped_frames(const struct capture_facts *facts,
                               const struct capture_reader *reader) {
    uint64_t dropped = 0;
    uint64_t room = UINT64_MAX - facts->frames;
    for (uint32_t i = 0; i < capture_reader_interface_count(reader); i++) {
        uint64_t more = capture_reader_dropped(reader, i);
        dropped = more > room - dropped ? room : dropped + more;
    }
    return dropped;
}

void capture_facts_describe(const struct capture_facts *facts, const struct capture_reader *reader,
                            const struct capture_facts_choice *choice,
                            struct source_description *out) {
    *out = (struct source_description){ 0 };
    describe_links(facts, reader, out);
    uint64_t dropped = dropped_frames(facts, reader);
    if (!choice->has_nodes) {
        describe_nodes(facts, out);
    }
    const struct {
        const struct source_fact *fact;
        uint64_t count;
        uint64_t of;
    } rows[] = {
        { &STRANGE, facts->strange, facts->frames },
        { &BLIND, facts->blind, facts->frames },
        { &DROPPED, dropped, facts->frames + dropped },
        { &COPIES, certain_copies(facts), facts->frames },
        { &EARLY, facts->early, facts->frames },
        { &CUT, facts->cut, facts->decoded },
        { &TUNNELS, choice->tunnels == PACKET_TUNNELS_OUTER ? facts->tunnels : 0, facts->decoded },
        { &EXPORTS, facts->exports, facts->decoded },
        { &FRAGMENTS, facts->fragments, facts->decoded },
        { &SNAPPED, facts->snapped - facts->blind, facts->frames },
    };
    _Static_assert(sizeof rows / sizeof *rows + 1 <= SOURCE_FACTS_MAX, "all may hold");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)add(out, rows[i].fact, rows[i].count, rows[i].of);
    }
}
