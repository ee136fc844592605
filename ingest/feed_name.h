/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_FEED_NAME_H
#define WEIR_INGEST_FEED_NAME_H

#include "base/bytes.h"

/* What the name of an object that AWS delivered to S3 says of it:
 *
 *     ACCOUNT_vpcflowlogs_REGION_FLOWLOG_YYYYMMDDTHHmmZ_HASH.log.gz
 *
 * A copy may have anything in front of the account (a flattened prefix) but digits, and any ending.
 */
struct feed_name {
    struct bytes account; /* views into the name */
    struct bytes region;
    struct bytes flow_log;
    int64_t stamp_ms; /* Unix ms, UTC */
};

/* False when `name` (without folders) is not such a name; `out` is then untouched. */
bool feed_name_parse(struct bytes name, struct feed_name *out);

/* Writes the folder of `path` without "./", doubled or trailing slashes: "." for a bare name. `out`
 * has room for the whole path and its end (at least 2 bytes). */
void feed_name_folder(const char *path, char *out);

/* Where the name without folders begins. */
const char *feed_name_base(const char *path);

#endif
