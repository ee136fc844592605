/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_DOCTOR_VIEW_H
#define WEIR_TOOLS_DOCTOR_VIEW_H

#include "tools/doctor_finding.h"

#include <stdio.h>

/* How `weir doctor` says what it has found. docs/OPERATIONS.md, "Before the first replay". */

struct doctor_view {
    FILE *out;
    bool has_colour;
    int width; /* lines of more columns are broken between words; INT32_MAX: none is */
};

/* For people: findings, each on a line, then what each feed is like. Texts of logs and paths are
 * made printable. Errors: ERROR_LIMIT; output errors are found by console_flush. */
bool doctor_view_text(const struct findings *findings, const struct exam *exam,
                      const struct doctor_view *view, struct error *err);

/* For programs: one JSON object on one line. The same errors. */
bool doctor_view_json(const struct findings *findings, const struct exam *exam, FILE *out,
                      struct error *err);

/* "plain", "gzip", "zstd". */
const char *doctor_codec_name(enum input_codec codec);

#endif
