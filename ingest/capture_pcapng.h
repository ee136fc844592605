/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_CAPTURE_PCAPNG_H
#define WEIR_INGEST_CAPTURE_PCAPNG_H

#include "ingest/capture_reader.h"
#include "ingest/capture_stream.h"

/* pcapng files (draft-ietf-opsawg-pcapng), block by block. One thread at a time. */

struct capture_pcapng;

/* Whether the first bytes are those of a section header. */
bool capture_pcapng_recognise(struct bytes front);

/* Borrows `stream`, at the front of the file, until close; reads the first section header. Errors:
 * as capture_reader_open. */
bool capture_pcapng_open(struct capture_pcapng **out, struct capture_stream *stream,
                         struct error *err);
/* Accepts NULL. */
void capture_pcapng_close(struct capture_pcapng *pcapng);

/* As capture_reader_next; `number` is left alone. */
enum capture_result capture_pcapng_next(struct capture_pcapng *pcapng, struct capture_frame *frame,
                                        struct error *err);

/* As the functions of capture_reader.h. */
struct bytes capture_pcapng_interface(const struct capture_pcapng *pcapng, uint32_t interface);
uint32_t capture_pcapng_interface_count(const struct capture_pcapng *pcapng);
uint64_t capture_pcapng_dropped(const struct capture_pcapng *pcapng, uint32_t interface);

#endif
