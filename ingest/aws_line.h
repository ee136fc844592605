/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_LINE_H
#define WEIR_INGEST_AWS_LINE_H

#include "flow/address.h"
#include "ingest/aws_layout.h"
#include "ingest/source.h"

/* The plain parser: what one line of a flow log means, under any layout. It is the definition; the
 * fast parsers take what they can and give every other line to this one, and tests hold them
 * against it.
 *
 * A line ends at LF. Its words are runs of bytes above 0x20, so any run of spaces, tabs and other
 * control characters separates, and the CR of CRLF is nothing special. A first word that is a time
 * stamp (what an export of CloudWatch Logs puts in front of each line) is dropped. "-" is an absent
 * value, in any column. Numbers are decimal, of 1 to 19 digits and at most 2^63 - 1 (the vendor's
 * INT_64). */

/* A line of a Transit Gateway's flow log is about a flow that passes one attachment of the gateway:
 * `ingress` is into the gateway, so out of the network of the attachment that the flow comes from,
 * and counts for the gateway's interface there (tgw-src-eni), as outbound; `egress` counts for the
 * one that it goes to (tgw-dst-eni), as inbound. So a flow that the log has at both its attachments
 * is outbound once and inbound once, as one between two nodes. Where the line does not say, it
 * counts as ingress, and its direction as inferred. An attachment without an interface (of a VPN,
 * or a peering) is its own: tgw-attachment-id. Addresses are those of nodes behind the gateway,
 * never its own. */

enum aws_line_kind {
    AWS_LINE_BLANK,
    AWS_LINE_HEADER, /* names of fields; the caller reads them */
    AWS_LINE_RECORD,
    AWS_LINE_NODATA,
    AWS_LINE_SKIPDATA,
    AWS_LINE_MALFORMED,
};

/* An id (interface, instance, resource) that is longer is malformed: REJECT_WORD. */
#define AWS_ID_SIZE_MAX 255u

/* What a record is made of. Texts point into the line; absent ones are empty. */
struct aws_record {
    struct address src; /* the packet's own where the log tells them */
    struct address dst;
    struct address
        interface_src; /* as the interface saw them: srcaddr and dstaddr, else as above */
    struct address interface_dst;
    uint64_t bytes; /* 0 when absent, as packets, ports and protocol */
    uint64_t packets;
    int64_t start_s; /* Unix seconds, 0 to BATCH_TIME_MAX_MS / 1000, start <= end */
    int64_t end_s;
    uint16_t src_port;
    uint16_t dst_port;
    uint8_t protocol;
    uint8_t tcp_flags;
    bool has_tcp_flags;
    uint8_t action;    /* enum action */
    uint8_t direction; /* enum direction; unknown when the line does not tell it */
    struct bytes interface;
    struct bytes instance;
    struct bytes resource;
    struct bytes attachment; /* of a gateway, where it has no interface */
    bool is_gateway;
    bool is_direction_inferred;
};

/* Reads `line`, without its LF. `out` is filled in for a record whole, for NODATA and SKIPDATA in
 * its times and ids; `reason` is set for a malformed line. Every column that is read is checked,
 * whatever the status says; the reason is that of the first wrong one from the left. A line that
 * could not be read, but is made of field names, is a header. */
enum aws_line_kind aws_line_parse(const struct aws_layout *layout, struct bytes line,
                                  struct aws_record *out, enum reject_reason *reason);

/* Whether a line's first word is an ISO 8601 time stamp ("2018-09-22T20:28:14.000Z"): digits and
 * "-:.", at least 16 characters, a T inside and a Z at the end. */
bool aws_is_stamp(struct bytes word);

/* The line behind its time stamp, if it has one. */
struct bytes aws_line_without_stamp(struct bytes line);

/* Who opened the conversation, by the flags of one record: SYN alone comes from the client, SYN
 * with ACK from the server. */
static inline uint8_t aws_initiator(uint8_t tcp_flags) {
    static const uint8_t BY_FLAGS[4] = { INITIATOR_UNKNOWN, INITIATOR_SRC, INITIATOR_UNKNOWN,
                                         INITIATOR_DST };
    return BY_FLAGS[(tcp_flags >> 1 & 1) | (tcp_flags >> 3 & 2)];
}

#endif
