/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_GEN_AWS_H
#define WEIR_TESTS_GEN_AWS_H

#include "tests/gen/gen_flow.h"

/* Records as lines of AWS VPC flow logs, in any order of any fields of versions 2 to 11. A field
 * that this fleet has no value for is "-", as AWS writes it. */

#define GEN_AWS_FIELDS_MAX 64u
#define GEN_AWS_LINE_SIZE_MAX 4096u

struct gen_aws_layout {
    uint8_t fields[GEN_AWS_FIELDS_MAX]; /* rows of the field table */
    uint32_t count;
    uint32_t version; /* the highest among the fields, which is what `version` says */
};

enum gen_aws_status { GEN_AWS_NODATA, GEN_AWS_SKIPDATA };

/* `fields` is "v2", "v3", "v4" or "v5" (all fields up to that version, in the documentation's
 * order), or names separated by spaces. Errors: ERROR_ARGUMENT, ERROR_LIMIT. */
bool gen_aws_layout_init(struct gen_aws_layout *layout, const char *fields, struct error *err);

/* Each writes one line with its newline at `at`, which has room for GEN_AWS_LINE_SIZE_MAX bytes,
 * and returns the place behind it. The header line names the fields. */
char *gen_aws_header(char *at, const struct gen_aws_layout *layout);
char *gen_aws_record(char *at, const struct gen_aws_layout *layout, const struct gen_fleet *fleet,
                     const struct gen_record *record);
char *gen_aws_status(char *at, const struct gen_aws_layout *layout, const struct gen_fleet *fleet,
                     uint32_t node_index, enum gen_aws_status status, uint64_t start_s,
                     uint64_t end_s);

#endif
