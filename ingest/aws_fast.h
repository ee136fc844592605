/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_INGEST_AWS_FAST_H
#define WEIR_INGEST_AWS_FAST_H

#include "base/cpu.h"
#include "ingest/aws_rows.h"

/* Fast parsers of whole pieces. Each takes lines as long as they are of the usual shape and stops
 * in front of the first one that is not; the caller gives that one to the plain parser
 * (aws_line.h), which decides what it is. So a fast parser may decline any line, and what it takes
 * must be exactly the record that the plain one would have given: the differential tests say so. */

/* Reads records from `at` and appends them to `rows`, under rows->layout. Stops in front of a line
 * that it declines, or that does not end before `end`; at rows->limit; behind `lines_max` lines.
 * Returns where it stopped, the start of a line. INPUT_PADDING octets behind `end` may be read. */
typedef const uint8_t *aws_burst(struct aws_rows *rows, const uint8_t *at, const uint8_t *end,
                                 size_t lines_max);

struct aws_fast {
    aws_burst *default_lines; /* for the default layout only; NULL where there is none */
    aws_burst *lines;         /* for any layout with records; NULL where there is none */
};

/* The widest of at most `width` that this processor runs; both NULL for CPU_SCALAR, which is the
 * plain parser alone. On arm64 lines of the default layout go through `lines`, too. */
struct aws_fast aws_fast_of(enum cpu_width width);

/* aws_source.open with parsers of at most `width`, whatever WEIR_SIMD says: the one way in which a
 * program can read the same object by both parsers (tests, fuzzers, benches). (aws.c) */
bool aws_open_width(struct source **out, struct input *input, struct bytes flow_log,
                    const struct source_options *options, enum cpu_width width, struct error *err);

#if defined(__x86_64__)
aws_burst aws_default_lines_avx2;
aws_burst aws_lines_avx2;
#elif defined(__aarch64__)
aws_burst aws_lines_neon;
#endif

#endif
