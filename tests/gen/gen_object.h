/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_OBJECT_H
#define WEIR_TESTS_GEN_OBJECT_H

#include "tests/gen/gen_aws.h"

/* Where lines go: into objects as AWS delivers them to S3, one or more per account and five
 * minutes,
 *
 *   DIR/AWSLogs/<account>/vpcflowlogs/<region>/<yyyy>/<mm>/<dd>/
 *       <account>_vpcflowlogs_<region>_<fl-id>_<yyyymmddThhmmZ>_<8 hex>.log.gz
 *
 * or all into one descriptor, in the order in which they are put. An object under a stamp is kept
 * in memory until its five minutes are over; at most two stamps of an account are open at a time.
 */

#define GEN_OBJECT_PERIOD_S 300u

struct gen_object {
    struct buffer text;
    uint64_t stamp_s; /* 0: not open */
    uint32_t lines;
    uint32_t part; /* of the same stamp, from 0 */
};

struct gen_objects {
    const struct gen_fleet *fleet;
    const struct gen_aws_layout *layout;
    const char *folder; /* NULL: everything to `descriptor` */
    int descriptor;
    bool is_gzip;
    uint32_t lines_max; /* of an object */
    struct buffer compressed;
    struct gen_object open[GEN_ACCOUNTS_MAX][2]; /* by stamp's parity; a descriptor uses [0][0] */
    uint64_t files;
    uint64_t text_bytes; /* before compression */
};

/* Keeps pointers to `fleet`, `layout` and `folder`. */
void gen_objects_init(struct gen_objects *objects, const struct gen_fleet *fleet,
                      const struct gen_aws_layout *layout, const char *folder, int descriptor);
/* Releases memory; writes nothing. Accepts a zeroed one. */
void gen_objects_done(struct gen_objects *objects);

/* Room for one line in the object that is stamped with the five minutes of `stamp_at_s`; the caller
 * writes it and gives the place behind to gen_objects_put. NULL on failure, with `err` set. */
char *gen_objects_line(struct gen_objects *objects, uint32_t account, uint64_t stamp_at_s,
                       struct error *err);
void gen_objects_put(struct gen_objects *objects, uint32_t account, uint64_t stamp_at_s,
                     const char *behind);

/* Writes out every object whose stamp is `until_s` or earlier. */
bool gen_objects_close_until(struct gen_objects *objects, uint64_t until_s, struct error *err);

#endif
