/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_OUTPUT_H
#define WEIR_TESTS_GEN_OUTPUT_H

#include "base/bytes.h"

/* Opens a new file for writing, with the folders it needs; a file of that name is emptied. Not
 * synced: what a generator writes can be written again. Errors: ERROR_IO, ERROR_DENIED. */
bool gen_output_open(const char *path, int *descriptor, struct error *err);

/* A new file with these bytes opened so. Errors: ERROR_IO, ERROR_DENIED. */
bool gen_output_file(const char *path, struct bytes bytes, struct error *err);

/* `text` as one gzip member at igzip's level 1, without name and time, so that the same text gives
 * the same bytes under one version of the library on one kind of CPU. Replaces what `out` holds.
 * Errors: ERROR_LIMIT (over 4 GiB, the buffer's maximum, or no memory). */
bool gen_output_gzip(struct buffer *out, struct bytes text, struct error *err);

#endif
