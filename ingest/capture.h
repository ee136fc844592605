/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_H
#define WEIR_INGEST_CAPTURE_H

#include "ingest/source.h"

/* The source "pcap": a capture file (pcap or pcapng) -> records of flows.
 *
 * frames -> packets (packet.h) -> fragments get their ports (fragment_table.h) -> flows
 * (flowtable.h) -> records (capture_rows.h). Flows end at the object's end, so that an object's
 * records hold all of its packets: the sum of bytes and of packets over the records that are no
 * twins is that of the packets that were decoded, however short the time-outs.
 *
 * Of a file with several interfaces each one is a flow log of its own ("FEED/NAME", or "FEED/#N"
 * where it has no name), since a packet may have passed two of them: the detector counts the log
 * with the smallest name for each (interface, window), and the interface of a record is the node's
 * address. So what was captured twice counts once, and an address seen on one interface loses
 * nothing. */

extern const struct source_ops capture_source;

/* The time-outs of flows that are stored, unless one says otherwise: those of most exporters. */
#define CAPTURE_ACTIVE_TIMEOUT_MS INT64_C(60000)
#define CAPTURE_IDLE_TIMEOUT_MS INT64_C(15000)

#endif
