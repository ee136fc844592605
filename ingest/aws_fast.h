/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_FAST_H
#define WEIR_INGEST_AWS_FAST_H

#include "ingest/aws_rows.h"

/* Fast parsers of whole pieces. Each takes lines as long as they are of the usual shape and stops in
 * front of the first one that is not; the caller gives that one to the plain parser (aws_line.h), which
 * decides what it is. So a fast parser may decline any line, and what it takes must be exactly the
 * record that the plain one would have given: the differential tests say so. */

/* Reads records from `at` and appends them to `rows`, under rows->layout. Stops in front of a line that
 * it declines, or that does not end before `end`; at rows->limit; behind `lines_max` lines. Returns
 * where it stopped, the start of a line. INPUT_PADDING octets behind `end` may be read. */
typedef const uint8_t *aws_burst(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                                 size_t lines_max);

struct aws_fast {
    aws_burst *default_lines; /* for the default layout only; NULL where there is none */
    aws_burst *lines;         /* for any layout with records; NULL where there is none */
};

/* What this machine runs and WEIR_SIMD allows (base/cpu.h); with nothing, the plain parser does all. */
struct aws_fast aws_fast_choose(void);

aws_burst aws_default_lines_avx2;
aws_burst aws_lines_avx2;

#endif
