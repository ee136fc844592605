/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_IP_H
#define WEIR_INGEST_PACKET_IP_H

#include "ingest/packet.h"
#include "ingest/packet_rest.h"

/* Decodes the IP packet that `rest` begins with, with its extension headers and the ports of what
 * it carries. Afterwards `rest` is what the IP packet carries, as far as it was captured: empty for
 * a fragment that is not the first, and where the extension headers do not end.
 *
 * PACKET_DECODED, or PACKET_MALFORMED (then `*out` and `*rest` are of no use); `network` is not
 * PACKET_NETWORK_NONE. A pure function; any thread. */
enum packet_kind packet_ip_decode(struct packet_rest *rest, enum packet_network network,
                                  struct packet *out);

#endif
