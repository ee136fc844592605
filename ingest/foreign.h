/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FOREIGN_H
#define WEIR_INGEST_FOREIGN_H

#include "base/bytes.h"

/* Files that people have, and that no source of ours reads: told by their first bytes, so that they
 * can be called by their name, with what to do about them. Pure; any thread. */

struct foreign {
    const char *name;   /* "Apache Parquet" */
    const char *advice; /* what to do, in an imperative */
};

/* NULL when `front` (some KiB of an object, decompressed) is of none of them. To be asked only when
 * no source recognises it. */
const struct foreign *foreign_find(struct bytes front);

#endif
