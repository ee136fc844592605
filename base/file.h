/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_FILE_H
#define WEIR_BASE_FILE_H

#include "base/bytes.h"

/* Whole files, and the steps that make a change of one durable. Messages name the path. */

/* Appends the contents of `path` to `out`. Errors: ERROR_IO, ERROR_DENIED, ERROR_LIMIT (larger than
 * the buffer's maximum). */
bool file_read(const char *path, struct buffer *out, struct error *err);

/* Replaces `path` by `bytes`, wholly or not at all, also at a power cut: writes `path`.tmp, syncs
 * it, renames it, syncs the folder. Errors: ERROR_IO, ERROR_DENIED; the old file is then as before.
 */
bool file_replace(const char *path, struct bytes bytes, struct error *err);

/* The same with the file's bytes in parts, so that a large one need not be joined in memory. */
bool file_replace_parts(const char *path, const struct bytes *parts, size_t count,
                        struct error *err);

/* Writes all of `bytes` to an open descriptor; `path` stands in messages. */
bool file_write(int file, const char *path, struct bytes bytes, struct error *err);

/* Makes every missing folder in front of the last slash of `path` ("a/b/" makes both). */
bool file_make_folders(const char *path, struct error *err);

/* Syncs the folder that `path` lies in, so that a file made, renamed or removed there is so on
 * disk. */
bool file_sync_folder(const char *path, struct error *err);

/* "folder/name" on the heap, or NULL without memory. */
char *file_join(const char *folder, const char *name);

#endif
