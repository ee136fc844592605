/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_FRAME_H
#define WEIR_FLOW_FRAME_H

#include "flow/batch.h"

/* A batch at rest: the value of a Kafka message and the block of a store segment. Version 1; the
 * layout, byte by byte, is docs/FORMATS.md, "Frame". Rows are stored in the order (node, peer,
 * end): their order in the batch has no meaning and is not kept. Equal records may give different
 * bytes under different libzstd versions; with one version the bytes are a function of the batch
 * alone. */

#define FRAME_VERSION 1u
/* Where a message must stay under the broker's default limit of 1 MiB.
 *
 * What counts is what a frame would take with nothing compressed (about 15 bytes a record of usual
 * traffic), so that it does not hang on the version of libzstd what fits. Usual batches of any size
 * fit. One of random 64-bit numbers, or of tens of thousands of long node names, may not: its owner
 * then cuts it in two (frame_split.h) until the parts do. FRAME_RECORDS_SURE records always fit
 * beside tables of up to FRAME_TABLES_SURE bytes, whatever they are: a test proves it. */
#define FRAME_SIZE_MAX 900000u
#define FRAME_RECORDS_SURE 4096u
#define FRAME_TABLES_SURE 100000u
/* Most minutes with totals in the directory; a frame that touches more has none (readers then read
 * the columns). */
#define FRAME_MINUTES_MAX 4096u
/* A reader pays for columns in steps of this many rows. */
#define FRAME_BLOCK_RECORDS 4096u

enum frame_column {
    FRAME_START,
    FRAME_END,
    FRAME_BYTES,
    FRAME_PACKETS,
    FRAME_ADDRESSES, /* src and dst, which are stored as local and peer */
    FRAME_PORTS,     /* both ports and the protocol, stored as service and ephemeral port */
    FRAME_NODE,
    FRAME_QUALITY,
    FRAME_TCP_FLAGS,
    FRAME_DIRECTION,
    FRAME_INITIATOR,
    FRAME_ACTION,
    FRAME_FLOW_LOG,
    FRAME_COLUMN_COUNT,
};
#define FRAME_ALL ((1u << FRAME_COLUMN_COUNT) - 1)

/* What the fixed part of a frame says; enough to route, order and skip it. */
struct frame_header {
    struct batch_stamp stamp; /* `feed` points into the frame's bytes */
    uint32_t version;
    uint32_t count;
    int64_t min_ms; /* smallest start; 0 when there are no records */
    int64_t max_ms; /* largest end */
    uint64_t bytes; /* sums over all records */
    uint64_t packets;
    uint32_t twin_count; /* records with QUALITY_TWIN */
    uint32_t size;       /* of the whole frame */
    uint64_t body_checksum;
};

struct frame_minute {
    int64_t minute;   /* Unix minutes */
    uint64_t flows;   /* ended in it */
    uint64_t packets; /* spread (flow/spread.h) */
    uint64_t bytes;
};

/* Scratch memory and compression contexts of a thread that encodes or decodes. */
struct frame_encoder;
struct frame_decoder;

/* Errors: ERROR_LIMIT (no memory). `free` accepts NULL. */
struct frame_encoder *frame_encoder_new(struct error *err);
void frame_encoder_free(struct frame_encoder *encoder);
struct frame_decoder *frame_decoder_new(struct error *err);
void frame_decoder_free(struct frame_decoder *decoder);

/* Appends the frame of `batch`, which must pass batch_check, to `out`. Addresses of its dictionary
 * that no record has are left out. Errors: ERROR_LIMIT (FRAME_SIZE_MAX, see there; out's maximum;
 * memory); `out` then has its old size. */
bool frame_encode(struct frame_encoder *encoder, const struct batch *batch, struct buffer *out,
                  struct error *err);

/* Reads the header at the front of `bytes` (which may go on behind the frame). Untrusted; nothing
 * is allocated. Checks magic, version, the header's checksum, and that its sizes are within the
 * bounds of this file and of `bytes`. Errors: ERROR_FORMAT, ERROR_UNSUPPORTED (a newer version). */
bool frame_header_read(struct frame_header *header, struct bytes bytes, struct error *err);

/* Decodes the columns named in `wanted` (bits 1 << FRAME_...) and all tables of one frame into
 * `out`.
 *
 * `bytes` is untrusted and only borrowed: nothing in `out` points into it. `out` must be
 * initialised; its old records are replaced, its memory reused. Columns that are not wanted are
 * unspecified. Memory and time are bounded by the header's sizes, and those by this file.
 *
 * Errors: ERROR_FORMAT (the message names the section or column and the offset),
 * ERROR_UNSUPPORTED (a newer version), ERROR_LIMIT (memory). On failure `out` is empty. */
bool frame_decode(struct frame_decoder *decoder, struct batch *out, struct bytes bytes,
                  uint32_t wanted, struct error *err);

/* The per-minute totals, ascending, without reading a column. `*count` is 0 and the result true
 * when the frame has none (no records, or too many minutes: then `*has_totals` is false). `out` has
 * room for FRAME_MINUTES_MAX. Errors: as frame_decode. */
bool frame_minutes(struct bytes bytes, struct frame_minute *out, uint32_t *count, bool *has_totals,
                   struct error *err);

/* Whether a record of the frame has an address, without decoding it (about 0.2 us). The
 * dictionary's own checksum is not compared, which would cost more than the search: damage that
 * frame_decode would find may give a wrong answer. Errors: as frame_decode. */
bool frame_has_address(struct bytes bytes, struct address address, bool *has, struct error *err);

#endif
