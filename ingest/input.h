/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INPUT_H
#define WEIR_INGEST_INPUT_H

#include "base/bytes.h"

/* One object's bytes, decompressed: a file or stdin; plain, gzip with any number of members
 * (RFC 1952, libisal), or zstd with any number of frames (RFC 8878), told by its first bytes, never
 * by its name. Memory is fixed whatever the compression ratio. One thread at a time.
 *
 * The text comes in pieces. `input_read` gives the next piece behind what the caller has not used
 * yet, so that a line that crosses pieces is whole:
 *
 *      +----------- one buffer ------------+
 *      | unused tail | next piece | padding |
 *      +------------------------------------+
 */

#define INPUT_PIECE_SIZE (256u * 1024)
/* A tail longer than this cannot be kept: a line of this length is not a flow log's. */
#define INPUT_LINE_MAX (64u * 1024)
/* Bytes behind a piece that may be read (not used) by vector code; they are zero. */
#define INPUT_PADDING 256u

enum input_codec { INPUT_PLAIN, INPUT_GZIP, INPUT_ZSTD };

struct input;

/* Opens a path; "-" is stdin. Errors: ERROR_IO, ERROR_DENIED. */
bool input_open(struct input **out, const char *path, struct error *err);
/* The same over bytes in memory, borrowed until close: for tests and fuzzers. */
bool input_open_bytes(struct input **out, struct bytes bytes, struct error *err);
void input_close(struct input *input);

/* Keeps the last `keep` bytes of the piece that was given before (at most INPUT_LINE_MAX) and reads
 * on behind them. `piece` is valid until the next call; `is_end` says that nothing follows.
 *
 * Errors: ERROR_IO; ERROR_FORMAT for damaged or truncated compressed data (the message has the offset
 * in the compressed file). What could be decompressed before the damage has been given by then:
 * the call that fails gives only the kept bytes back in `piece`, with `is_end` true. */
bool input_read(struct input *input, size_t keep, struct bytes *piece, bool *is_end,
                struct error *err);

enum input_codec input_codec(const struct input *input);
/* Bytes of the file read so far (compressed), for progress. */
uint64_t input_offset(const struct input *input);

#endif
