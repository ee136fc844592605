/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INPUT_H
#define WEIR_INGEST_INPUT_H

#include "base/bytes.h"

/* One object's bytes, decompressed: a file or stdin; plain, gzip with any number of members
 * (RFC 1952, libisal), or zstd with any number of frames (RFC 8878), told by its first bytes, never
 * by its name. Memory is fixed whatever the compression ratio, and nothing is decompressed that is
 * not asked for. One thread at a time.
 *
 * Behind the last member or frame zeros may stand, to the end of the file (padding to blocks); any
 * other byte there is damage, told once all in front of it was given.
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

/* Opens a path; "-" is stdin. Errors: ERROR_IO, ERROR_DENIED, ERROR_LIMIT (no memory, or too many
 * files are open). */
bool input_open(struct input **out, const char *path, struct error *err);
/* The same over bytes in memory, borrowed until close: for tests and fuzzers. */
bool input_open_bytes(struct input **out, struct bytes bytes, struct error *err);
/* As if every read() gave `chunk_size` bytes (at least 1), as a slow pipe does. */
bool input_open_chunks(struct input **out, struct bytes bytes, size_t chunk_size,
                       struct error *err);
/* Accepts NULL. */
void input_close(struct input *input);

/* Keeps the last `keep` bytes of the piece that was given before (at most INPUT_LINE_MAX) and reads
 * on behind them: INPUT_PIECE_SIZE bytes, fewer only at the end or in front of damage, so that
 * pieces do not depend on how the system hands the bytes over. `piece` is valid until the next
 * call; `is_end` says that nothing follows.
 *
 * Errors: ERROR_IO; ERROR_FORMAT for damaged or truncated compressed data (the message has the
 * offset in the compressed file). What could be decompressed before the damage has been given by
 * then: the call that fails gives only the kept bytes back in `piece`, with `is_end` true. */
bool input_read(struct input *input, size_t keep, struct bytes *piece, bool *is_end,
                struct error *err);

/* The first piece, without using it: the first input_read gives it again. Only before that. Never
 * fails: damage comes with input_read. */
struct bytes input_front(struct input *input);

enum input_codec input_codec(const struct input *input);
/* Bytes of the file read so far (compressed), for progress. */
uint64_t input_offset(const struct input *input);

#endif
