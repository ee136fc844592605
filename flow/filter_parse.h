/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FILTER_PARSE_H
#define WEIR_FLOW_FILTER_PARSE_H

#include "flow/address_set.h"
#include "flow/filter.h"

/* clang-format off: a grammar */
/* The filter language: text to tree. What each term means stands in docs/weir-filter.7.
 *
 *     filter     = [ or ]                                      blank matches everything
 *     or         = and { ("or" | "||") and }
 *     and        = not { ("and" | "&&") not }
 *     not        = { "not" | "!" } ( "(" or ")" | term )
 *
 *     term       = [ side ] [ "host" | "ip" | "net" ] addresses
 *                | [ side ] ( "internet" | "private" | "local" )   without a side: the peer's
 *                | [ "src" | "dst" ] ( "port" | "portrange" ) ports
 *                | ( "src_port" | "dst_port" ) ports
 *                | ( "proto" | "protocol" ) protocols
 *                | "tcp" | "udp" | "icmp" | "icmp6" | "sctp" | "gre" | "esp"
 *                | "flags" SET [ "/" MASK ] | "syn"                letters F S R P A U E C
 *                | "action" ( "accept" | "reject" | "unknown" )
 *                | "in" | "out"
 *                | ( "bytes" | "packets" | "duration" | "bps" | "pps" | "bpp" ) order NUMBER
 *                | "node" ( names-or-addresses | "~" GLOB )
 *                | "flow_log" ( names | "~" GLOB )
 *                | "quality" qualities
 *                | ( "community-id" | "community_id" ) ids
 *     side       = "src" | "dst" | "host" | "peer" | "node"
 *     addresses  = values of ADDRESS | CIDR | ADDRESS-ADDRESS
 *     ports      = values of N | N-M, or order N
 *     protocols  = values of NAME | N | N-M
 *     values     = [ "=" | "==" | "!=" ] value | "in" list | "in" "@" FILE
 *     list       = ("{" | "[") { value | "@" FILE  [ "," ] } ("}" | "]")
 *     order      = "<" | "<=" | ">" | ">=" | "=" | "==" | "!="
 *
 * Keywords are case-insensitive; names are not. Two terms side by side are refused, not guessed at.
 * A list is empty only where its files are. */
/* clang-format on */

enum filter_kind {
    FILTER_ALL, /* matches everything; only as the root */
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_ADDRESS,
    FILTER_CLASS,
    FILTER_PORT,
    FILTER_PROTOCOL,
    FILTER_FLAGS,
    FILTER_ACTION,
    FILTER_DIRECTION,
    FILTER_COMPARE,
    FILTER_NODE,
    FILTER_FLOW_LOG,
    FILTER_QUALITY,
    FILTER_COMMUNITY,
};

enum filter_side {
    FILTER_EITHER, /* src or dst */
    FILTER_SRC,
    FILTER_DST,
    FILTER_PEER,  /* batch_peer */
    FILTER_LOCAL, /* batch_local: "node" before an address */
};

enum filter_measure {
    FILTER_BYTES,
    FILTER_PACKETS,
    FILTER_DURATION, /* end - start, ms */
    FILTER_BPS,      /* floor(bytes * 8000 / lasted), lasted = end - start + unit in ms */
    FILTER_PPS,      /* floor(packets * 1000 / lasted) */
    FILTER_BPP,      /* floor(bytes / packets); without packets no comparison matches */
};

enum filter_order {
    FILTER_LESS,
    FILTER_LESS_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_EQUAL,
    FILTER_EQUAL,
    FILTER_NOT_EQUAL,
};

/* From `first` to `last`, both included. */
struct number_range {
    uint16_t first;
    uint16_t last;
};

/* What stands in a term's list: what was written, sorted and without overlaps (that is what is
 * printed), then that joined with the contents of its files (that is what matches). */
struct filter_values {
    const struct address_range *addresses;
    const struct number_range *numbers; /* ports, protocols */
    const struct bytes *names;
    const struct bytes *files; /* paths, as written */
    uint32_t address_count;
    uint32_t number_count;
    uint32_t name_count;
    uint32_t file_count;

    struct address_set all_addresses;
    const struct number_range *all_numbers; /* ascending, disjoint */
    const struct bytes *all_names;          /* ascending by bytes_compare, distinct */
    uint32_t all_number_count;
    uint32_t all_name_count;
};

struct filter_node {
    enum filter_kind kind;
    uint16_t depth;           /* FILTER_AND, _OR, _NOT: one more than the deepest child; terms: 0 */
    bool is_costly;           /* holds a term that is worth asking last */
    struct filter_node *next; /* sibling */
    struct filter_node *first; /* child; an `and` or `or` has at least two, none of its own kind */
    struct filter_node *last;

    enum filter_side side;            /* _ADDRESS, _CLASS, _PORT */
    enum address_class address_class; /* _CLASS */
    enum filter_measure measure;      /* _COMPARE */
    enum filter_order order;
    uint64_t number;
    uint16_t bits;     /* _FLAGS: the mask; _ACTION, _DIRECTION: the value; _QUALITY: any of */
    uint16_t set;      /* _FLAGS: which of the mask are set */
    struct bytes glob; /* _NODE, _FLOW_LOG: with `is_glob` */
    bool is_glob;
    struct filter_values *values; /* where a kind has a list; else NULL */
};

/* Parses `text` into a tree in `arena`, in which copies of all that it needs of `text` lie. Errors:
 * those of filter_compile. */
bool filter_parse(const struct filter_node **root, struct bytes text, struct arena *arena,
                  struct error *err);

/* The name of an IANA protocol number that the language knows ("tcp"), or NULL. */
const char *filter_protocol_name(uint16_t protocol);
/* The name of one bit of enum quality ("sampled"), or NULL. */
const char *filter_quality_name(uint16_t bit);

/* Whether an unquoted word would not be read as this name: it is empty, holds other than word
 * bytes, is a keyword, or could be an address. */
bool filter_name_needs_quotes(struct bytes name);

/* The words that begin a term, for tests of the manual; NULL behind the last. */
const char *filter_keyword_name(size_t index);

#define FILTER_FLAG_LETTERS "FSRPAUEC" /* bit 0 first */

/* Bounds beside those of filter.h. */
#define FILTER_PARENTHESES_MAX 256u /* open at one time, the redundant ones too */
#define FILTER_NAME_SIZE_MAX 1024u  /* of a name, glob or path */
/* In all list files of a filter together, so that naming one often costs no more than that. */
#define FILTER_FILE_SIZE_MAX (64u << 20)
#define FILTER_FILE_ENTRIES_MAX 4000000u

#endif
