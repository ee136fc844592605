/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_INFLATE_H
#define WEIR_INGEST_INFLATE_H

#include "ingest/raw.h"

/* Decompressors over the bytes of a file. One row of functions a format: each fills what the caller
 * gives it and keeps a fixed amount of memory, whatever the ratio. One thread at a time. */

struct inflate_ops {
    const char *name; /* "gzip" */

    /* The decoder's state, or NULL without memory. */
    void *(*open)(void);
    void (*close)(void *state);

    /* Writes up to `capacity` (at least 1) bytes to `out`. Fewer only at the end, or on an error:
     * then `*size` bytes in front of the damage are right, and it must not be called again.
     * Errors: ERROR_FORMAT, the message has the offset in the file; ERROR_IO; ERROR_LIMIT. */
    bool (*read)(void *state, struct raw *raw, uint8_t *out, size_t capacity, size_t *size,
                 bool *is_end, struct error *err);
};

/* RFC 1952, any number of members. libisal: 2.5 to 3.3 times as fast as zlib. */
extern const struct inflate_ops inflate_gzip;
/* RFC 8878, any number of frames, skippable ones too. Windows up to 2^INFLATE_WINDOW_BITS_MAX
 * bytes, which is what `zstd` without --long writes and reads. */
extern const struct inflate_ops inflate_zstd;
#define INFLATE_WINDOW_BITS_MAX 27

#endif
