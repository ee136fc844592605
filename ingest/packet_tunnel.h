/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_PACKET_TUNNEL_H
#define WEIR_INGEST_PACKET_TUNNEL_H

#include "ingest/packet.h"
#include "ingest/packet_rest.h"

/* Takes off what carries one packet inside another: IP in IP, GRE, VXLAN, GENEVE. `outer` is the
 * packet that carries `rest`. PACKET_NETWORK_NONE: it carries none that is known, and `rest` is of
 * no use. A pure function; any thread. */
enum packet_network packet_tunnel_strip(struct packet_rest *rest, const struct packet *outer);

#endif
