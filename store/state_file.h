/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STORE_STATE_FILE_H
#define WEIR_STORE_STATE_FILE_H

#include "store/state.h"

/* State in one file: commit writes a new file, syncs it, and renames it over the old one
 * (docs/FORMATS.md, "State file"). Names are written in sorted order: equal contents are equal
 * bytes. */

/* Opens `path`; a file that is not there is empty state. Errors: ERROR_IO, ERROR_DENIED,
 * ERROR_FORMAT, ERROR_UNSUPPORTED. */
bool state_file_open(struct state **out, const char *path, struct error *err);

#endif
