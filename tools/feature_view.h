/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_FEATURE_VIEW_H
#define WEIR_TOOLS_FEATURE_VIEW_H

#include "detect/feature_sink.h"

#include <stdio.h>

/* What was measured, as CSV: docs/FORMATS.md, "Features". */

/* Both append a line; errors are latched in `out`. */
void feature_view_header(struct buffer *out);
void feature_view_row(const struct feature_sample *sample, struct buffer *out);

/* A file of them. Zeroed it is closed, and closing it does nothing. */
struct feature_file {
    const char *path; /* borrowed, for messages */
    FILE *stream;
    struct buffer rows; /* that are not written yet */
};

/* Makes or empties the file. Errors of all three: ERROR_IO, ERROR_LIMIT. */
bool feature_file_open(struct feature_file *file, const char *path, struct error *err);
bool feature_file_add(struct feature_file *file, const struct feature_sample *sample,
                      struct error *err);
/* Writes what is left, where that `is_wanted`; frees all, whatever happens. */
bool feature_file_close(struct feature_file *file, bool is_wanted, struct error *err);

#endif
