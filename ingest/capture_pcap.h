/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_PCAP_H
#define WEIR_INGEST_CAPTURE_PCAP_H

#include "ingest/capture_reader.h"
#include "ingest/capture_stream.h"

/* pcap files (pcap-savefile(5)) by libpcap, over our own stream of bytes. One thread at a time. */

struct capture_pcap;

/* Whether the first bytes are those of a pcap file, of either byte order and any of its forms. */
bool capture_pcap_recognise(struct bytes front);

/* Borrows `stream`, at the front of the file, until close. Errors: as capture_reader_open. */
bool capture_pcap_open(struct capture_pcap **out, struct capture_stream *stream, struct error *err);
/* Accepts NULL. */
void capture_pcap_close(struct capture_pcap *pcap);

/* As capture_reader_next; `number` is left alone. */
enum capture_result capture_pcap_next(struct capture_pcap *pcap, struct capture_frame *frame,
                                      struct error *err);

#endif
