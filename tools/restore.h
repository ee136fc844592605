/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_RESTORE_H
#define WEIR_TOOLS_RESTORE_H

#include "detect/detector.h"
#include "store/manifest.h"

/* Gives a detector, whose closed part was just loaded, the records of its open windows again: those
 * of the store's frames that reach to detector_open_ms or beyond. Errors: ERROR_IO, ERROR_FORMAT (a
 * damaged frame there would change results: nothing is passed over), those of detector_add. */
bool restore_open(const char *directory, const struct manifest *manifest, struct detector *detector,
                  struct error *err);

#endif
