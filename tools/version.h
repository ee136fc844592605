/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TOOLS_VERSION_H
#define WEIR_TOOLS_VERSION_H

#include <stdio.h>

/* Two lines for --version: the program, its version and revision, the libraries that it runs with;
 * the vector widths in use. */
void version_print(const char *program, FILE *out);

#endif
