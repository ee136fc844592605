/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_OPERATOR_FILE_H
#define WEIR_TOOLS_OPERATOR_FILE_H

#include "base/time.h"
#include "tools/config_file.h"

/* The file of silences, allow-lists and acknowledgements that `weir silence` and `weir ack` change
 * (docs/OPERATIONS.md, "What the operator says"): YAML that a person may also write, but comments
 * of YAML do not outlive a change. */

/* The path on the heap: `file`, or that of the store in folder `store` (exactly one is given).
 * NULL: err is ERROR_ARGUMENT (none or both; not a store) or ERROR_LIMIT. */
char *operator_file_path(const char *file, const char *store, struct error *err);

/* Reads the file at `path` (nothing when it is not there) into `config`, which is as config_init
 * left it, and calls say_finish. */
bool operator_file_read(struct config *config, const char *path, struct error *err);

/* Reads it, lets `edit` change what is said, and replaces the file by that, wholly or not at all;
 * meanwhile no other program changes a file of its folder in this way. Errors: those of both. */
typedef bool (*operator_edit)(void *context, struct config *config, struct error *err);
bool operator_file_edit(const char *path, operator_edit edit, void *context, struct error *err);

/* Appends the file's text. */
void operator_file_print(const struct say *say, struct buffer *out);

/* A time of a file: without milliseconds when it has none. */
size_t operator_time_format(int64_t ms, char out[TIME_TEXT_SIZE]);

#endif
